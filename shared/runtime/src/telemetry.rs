//! Log lines to standard error, for eyes or for machines; spans to an OpenTelemetry collector where one is configured.
//!
//! Each of the two has a filter of its own: what is recorded as a span does not depend on how loud the log is. Secrets
//! can't get here: every type that holds one hides it in `Debug` and has no `Display` (`secret.rs`).

use std::io::IsTerminal;

use tracing_subscriber::{EnvFilter, Layer, filter::filter_fn, layer::SubscriberExt, util::SubscriberInitExt};

use crate::{
    Config,
    config::LogFormat,
    traces::{self, Exporter},
};

/// Ours in full, others' only when something is wrong.
pub const DEFAULT_FILTER: &str =
    "warn,skytwin=info,api=info,worker=info,store=info,queue=info,runtime=info,simulator=info";

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_filter_is_valid_and_a_wrong_one_is_named() {
        assert!(filter(DEFAULT_FILTER).is_ok());
        assert!(filter("store=loud").unwrap_err().contains("store=loud"));
    }
}
