//! Log lines: to standard error, for eyes or for machines.

use std::io::IsTerminal;

use tracing_subscriber::{EnvFilter, layer::SubscriberExt, util::SubscriberInitExt};

use crate::config::LogFormat;

/// Ours in full, others' only when something is wrong.
pub const DEFAULT_FILTER: &str =
    "warn,skytwin=info,api=info,worker=info,store=info,queue=info,runtime=info,simulator=info";

/// Why there are no log lines.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The filter can't be read.
    #[error("SKYTWIN_LOG: `{filter}` is not a log filter such as `info,store=debug`: {reason}")]
    Filter {
        /// As given.
        filter: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Somebody else did it before.
    #[error("log lines are already being collected in this process")]
    Twice,
}

/// Starts collecting log lines; once per process.
pub fn start(filter: &str, format: LogFormat) -> Result<(), Error> {
    let directives = EnvFilter::try_new(filter)
        .map_err(|error| Error::Filter { filter: filter.to_owned(), reason: error.to_string() })?;
    let lines = tracing_subscriber::registry().with(directives);
    let started = match format {
        LogFormat::Pretty => {
            let layer = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
            lines.with(layer.with_ansi(std::io::stderr().is_terminal())).try_init()
        }
        LogFormat::Json => {
            let layer = tracing_subscriber::fmt::layer().json().flatten_event(true).with_writer(std::io::stderr);
            lines.with(layer).try_init()
        }
    };
    started.map_err(|_| Error::Twice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_filter_is_valid_and_a_wrong_one_is_named() {
        assert!(EnvFilter::try_new(DEFAULT_FILTER).is_ok());
        let error = start("store=loud", LogFormat::Json).unwrap_err();
        assert!(error.to_string().contains("store=loud"), "{error}");
    }
}
