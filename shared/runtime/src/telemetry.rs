//! Log lines to standard error, for eyes or for machines; statements summed per request and job; spans to an
//! OpenTelemetry collector where one is configured.
//!
//! Each of the three has a filter of its own: what is recorded as a span does not depend on how loud the log is. Secrets
//! can't get here: every type that holds one hides it in `Debug` and has no `Display` (`secret.rs`).

use std::{io::IsTerminal, time::Duration};

use observe::thread;
use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
    level_filters::LevelFilter,
};
use tracing_subscriber::{
    EnvFilter, Layer,
    filter::{Targets, filter_fn},
    layer::{Context, SubscriberExt},
    util::SubscriberInitExt,
};

use crate::{
    Config,
    config::LogFormat,
    traces::{self, Exporter},
};

/// Ours in full, others' only when something is wrong.
pub const DEFAULT_FILTER: &str =
    "warn,skytwin=info,api=info,worker=info,store=info,queue=info,runtime=info,simulator=info";

/// Under which sqlx tells of every statement.
const STATEMENTS: &str = "sqlx::query";

/// Why there are no log lines.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The filter can't be read.
    #[error("SKYTWIN_LOG: {0}")]
    Filter(String),
    /// The collector can't be talked to.
    #[error("SKYTWIN_OTLP_ENDPOINT: {0}")]
    Traces(#[from] traces::Error),
    /// Somebody else did it before.
    #[error("log lines are already being collected in this process")]
    Twice,
}

/// What was started; spans that were not sent yet are sent when it is dropped.
#[must_use = "dropping it ends what it started"]
#[derive(Debug)]
pub struct Telemetry {
    _exporter: Option<Exporter>,
}

/// Starts collecting log lines and spans; once per process, within a tokio runtime. `service` is what traces call it.
pub fn start(config: &Config, service: &'static str) -> Result<Telemetry, Error> {
    let directives = filter(&config.log).map_err(Error::Filter)?;
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let lines = match config.log_format {
        LogFormat::Pretty => lines.with_ansi(std::io::stderr().is_terminal()).boxed(),
        LogFormat::Json => lines.json().flatten_event(true).with_span_list(false).boxed(),
    };
    let exporter = config.otlp_endpoint.as_ref().map(|url| Exporter::new(url, service)).transpose()?;
    let spans = exporter.as_ref().map(|exporter| {
        let ours = filter_fn(|meta| meta.is_span() && traces::SPANS.contains(&meta.name()));
        tracing_opentelemetry::layer().with_tracer(exporter.tracer()).with_filter(ours)
    });
    tracing_subscriber::registry()
        .with(lines.with_filter(directives))
        .with(Statements.with_filter(Targets::new().with_target(STATEMENTS, LevelFilter::DEBUG)))
        .with(spans)
        .try_init()
        .map_err(|_| Error::Twice)?;
    Ok(Telemetry { _exporter: exporter })
}

/// Reads a log filter; says what is wrong with it.
pub(crate) fn filter(text: &str) -> Result<EnvFilter, String> {
    EnvFilter::try_new(text)
        .map_err(|error| format!("`{text}` is not a log filter such as `info,store=debug`: {error}"))
}

/// Sums statements on the thread of the work at hand. What a statement said is not looked at.
struct Statements;

impl<S: Subscriber> Layer<S> for Statements {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut elapsed = Elapsed(None);
        event.record(&mut elapsed);
        if let Some(took) = elapsed.0.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()) {
            thread::statement(took);
        }
    }
}

struct Elapsed(Option<f64>);

impl Visit for Elapsed {
    fn record_f64(&mut self, field: &Field, value: f64) {
        if field.name() == "elapsed_secs" {
            self.0 = Some(value);
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn std::fmt::Debug) {}
}

#[cfg(test)]
mod tests {
    use observe::{Thread, Traceparent};
    use tracing::instrument::WithSubscriber;

    use super::*;

    #[test]
    fn the_default_filter_is_valid_and_a_wrong_one_is_named() {
        assert!(filter(DEFAULT_FILTER).is_ok());
        assert!(filter("store=loud").unwrap_err().contains("store=loud"));
    }

    #[tokio::test]
    async fn statements_are_summed_and_other_events_are_not() {
        let thread = Thread::new(Traceparent { trace: 1, parent: 1, flags: 0 });
        let work = async {
            tracing::event!(target: "sqlx::query", tracing::Level::DEBUG, summary = "SELECT 1", elapsed_secs = 0.002_f64);
            tracing::event!(target: "sqlx::query", tracing::Level::WARN, elapsed_secs = 1.0_f64, "slow statement");
            tracing::info!(elapsed_secs = 9.0_f64, "something else");
        };
        let layer = Statements.with_filter(Targets::new().with_target(STATEMENTS, LevelFilter::DEBUG));
        thread.clone().follow(work.with_subscriber(tracing_subscriber::registry().with(layer))).await;
        assert_eq!((thread.statements(), thread.database_ms()), (2, 1002));
    }
}
