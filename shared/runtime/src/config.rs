//! The environment, read once and through one door (twelve-factor).
//!
//! Every problem is reported at once, with what was wanted and what to do, so that an operator fixes a
//! deployment in one go. Values of secrets are never repeated.

mod ears;
mod problems;

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

use domain::quota::Limits;
use url::Url;
use vault::Keyring;

pub use self::{ears::Ears, problems::Problems};
use crate::{
    Retention, Secret,
    mail::MailServer,
    providers::{self, Provider},
    vault_file,
};

/// What the environment says about this process.
#[derive(Clone, Debug)]
pub struct Config {
    /// `DATABASE_URL`: the Postgres to use; without it the all-in-one starts its own.
    pub database_url: Option<Secret>,
    /// `SKYTWIN_DB_CONNECTIONS`: connections per process, at most; default 10.
    pub db_connections: u32,
    /// `SKYTWIN_LISTEN_DATABASE_URL`: where to hear what other processes say, if not at `DATABASE_URL`; or `off`.
    pub ears: Option<Ears>,
    /// `SKYTWIN_DATA_DIR`: where the embedded Postgres keeps its data; default [`crate::postgres::state_folder`].
    pub data_dir: Option<PathBuf>,
    /// `SKYTWIN_LISTEN` (host:port), or `PORT` on all interfaces; default 127.0.0.1:7878.
    pub listen: SocketAddr,
    /// `SKYTWIN_PUBLIC_URL`: where browsers find the API, if that is not where it listens; https makes cookies secure.
    pub public_url: Option<Url>,
    /// `SKYTWIN_DASHBOARD_DIR`: serves the dashboard from this folder instead of from the binary, for whoever works on it.
    pub dashboard_dir: Option<PathBuf>,
    /// `SKYTWIN_LOG`: a filter such as `info,store=debug`.
    pub log: String,
    /// `SKYTWIN_REQUESTS_PER_MINUTE`: of one credential at one process; default 12000, a quarter of it at once.
    pub requests_per_minute: u32,
    /// `SKYTWIN_KEEP_DAYS`: how long things are kept.
    pub keep: Retention,
    /// `SKYTWIN_LOG_FORMAT`: `pretty` (default) or `json`.
    pub log_format: LogFormat,
    /// `SKYTWIN_METRICS_LISTEN` (host:port): where metrics can be scraped without a token; nowhere by default.
    pub metrics_listen: Option<SocketAddr>,
    /// `SKYTWIN_OTLP_ENDPOINT`, or the standard's `OTEL_EXPORTER_OTLP_ENDPOINT`: the collector that spans are sent to.
    pub otlp_endpoint: Option<Url>,
    /// `SKYTWIN_ENGINE_KIND`: how the engine is spoken to; default `ironclaw-responses` where there is a URL.
    pub engine_kind: Option<EngineKind>,
    /// `SKYTWIN_ENGINE_URL`: the execution engine; the all-in-one brings a simulated one.
    pub engine_url: Option<Url>,
    /// `SKYTWIN_ENGINE_CALLS_PER_MINUTE`: how many sends and looks the engine takes from one caller, such as `60/120`, or
    /// `unlimited`; default what its documentation says.
    pub engine_limits: Option<Limits>,
    /// `SKYTWIN_ENGINE_TOKEN`: the bearer token for it, or the secret that signs requests to a webhook.
    pub engine_token: Option<Secret>,
    /// `SKYTWIN_BOOTSTRAP_TOKEN`: lets an operator make the first user; there is no default.
    pub bootstrap_token: Option<Secret>,
    /// `SKYTWIN_PROVIDERS`, or the file that `SKYTWIN_PROVIDERS_FILE` names: where accounts can be connected ([`Provider`]).
    pub providers: Vec<Provider>,
    /// `SKYTWIN_GOOGLE_API`: where the mail and calendar APIs of Google accounts are; default: at Google.
    pub google_api: Option<Url>,
    /// `SKYTWIN_VAULT_KEY`, or the file that `SKYTWIN_VAULT_KEY_FILE` names: the keys of the vault as `id:key`, the newest
    /// first ([`Keyring::parse`]); the all-in-one makes one of its own.
    pub vault: Option<Keyring>,
    /// `SKYTWIN_SMTP_URL` and `SKYTWIN_MAIL_FROM`: what takes mail for people's channels; without it they are webhooks only.
    pub mail: Option<MailServer>,
    /// `SKYTWIN_ALLOW_PRIVATE_ADDRESSES`: lets people's channels lead into our own network, over http too; default false.
    pub allow_private_addresses: bool,
    /// `SKYTWIN_URL`: the API that the command line talks to.
    pub api_url: Option<Url>,
    /// `SKYTWIN_TOKEN`: the token it shows there.
    pub api_token: Option<Secret>,
    /// `SKYTWIN_SHUTDOWN_GRACE_SECONDS`: how long running work may take to finish after SIGTERM; default 25.
    pub shutdown_grace: Duration,
}

/// How the engine is spoken to; the adapters of these names are in `worker`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EngineKind {
    /// `ironclaw-responses`: servers from 1.0 on.
    IronclawResponses,
    /// `ironclaw-webhook`: servers before 1.0.
    IronclawWebhook,
    /// `simulated`: the one that the all-in-one brings.
    Simulated,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For eyes.
    Pretty,
    /// One JSON object a line, for machines.
    Json,
}

impl Config {
    /// Reads this process's environment.
    pub fn from_env() -> Result<Self, Problems> {
        Self::read(environment())
    }

    /// Reads the given variables; an empty value counts as absent.
    pub fn read(variables: impl IntoIterator<Item = (String, String)>) -> Result<Self, Problems> {
        let (config, problems) = Self::read_all(variables);
        Problems::none_of(problems).map(|()| config)
    }

    /// The same, with what is wrong beside it: there a default stands.
    pub(crate) fn read_all(variables: impl IntoIterator<Item = (String, String)>) -> (Self, Vec<String>) {
        let mut reader = Reader::new(variables);
        let port = reader.number("PORT", 1, u16::MAX.into());
        let fallback = port.map_or(SocketAddr::from((Ipv4Addr::LOCALHOST, 7878)), |port| {
            SocketAddr::from((Ipv4Addr::UNSPECIFIED, port))
        });
        let config = Self {
            database_url: reader.parsed(
                "DATABASE_URL",
                "postgres://user:password@host:port/database",
                true,
                database_url,
            ),
            db_connections: reader.number("SKYTWIN_DB_CONNECTIONS", 2, 1000).unwrap_or(10),
            ears: reader.parsed(
                "SKYTWIN_LISTEN_DATABASE_URL",
                "postgres://user:password@host:port/database of the server itself, or `off`",
                true,
                Ears::parse,
            ),
            data_dir: reader.parsed("SKYTWIN_DATA_DIR", "an absolute path", false, folder),
            public_url: reader.parsed("SKYTWIN_PUBLIC_URL", "an http or https URL", false, web_url),
            dashboard_dir: reader.parsed("SKYTWIN_DASHBOARD_DIR", "an absolute path", false, folder),
            listen: reader
                .parsed("SKYTWIN_LISTEN", "host:port such as 127.0.0.1:7878", false, address)
                .unwrap_or(fallback),
            log: reader
                .parsed("SKYTWIN_LOG", "a log filter such as `info,store=debug`", false, log)
                .unwrap_or_else(|| crate::telemetry::DEFAULT_FILTER.to_owned()),
            requests_per_minute: reader.number("SKYTWIN_REQUESTS_PER_MINUTE", 1, 10_000_000).unwrap_or(12_000),
            keep: reader.parsed("SKYTWIN_KEEP_DAYS", Retention::WANTED, false, Retention::parse).unwrap_or_default(),
            log_format: reader
                .parsed("SKYTWIN_LOG_FORMAT", "pretty or json", false, log_format)
                .unwrap_or(LogFormat::Pretty),
            metrics_listen: reader.parsed("SKYTWIN_METRICS_LISTEN", "host:port such as 127.0.0.1:9464", false, address),
            otlp_endpoint: reader
                .parsed("SKYTWIN_OTLP_ENDPOINT", "an http or https URL", false, web_url)
                .or_else(|| reader.parsed("OTEL_EXPORTER_OTLP_ENDPOINT", "an http or https URL", false, web_url)),
            engine_kind: reader.parsed(
                "SKYTWIN_ENGINE_KIND",
                "ironclaw-responses, ironclaw-webhook or simulated",
                false,
                engine_kind,
            ),
            engine_url: reader.parsed("SKYTWIN_ENGINE_URL", "an http or https URL", false, web_url),
            engine_limits: reader.parsed(
                "SKYTWIN_ENGINE_CALLS_PER_MINUTE",
                "two numbers from 1 on, such as 60/120, or `unlimited`",
                false,
                limits,
            ),
            engine_token: reader.text("SKYTWIN_ENGINE_TOKEN").map(Secret::new),
            bootstrap_token: reader.parsed(
                "SKYTWIN_BOOTSTRAP_TOKEN",
                "at least 16 characters that nobody can guess (`openssl rand -hex 16`)",
                true,
                |text| (text.len() >= 16).then(|| Secret::new(text)),
            ),
            google_api: reader.parsed(
                "SKYTWIN_GOOGLE_API",
                "an https URL (http only on this machine)",
                false,
                |text| web_url(text).filter(providers::is_safe),
            ),
            providers: reader.providers(),
            vault: reader.vault(),
            mail: reader.mail(),
            allow_private_addresses: reader
                .parsed("SKYTWIN_ALLOW_PRIVATE_ADDRESSES", "true or false", false, |text| text.parse().ok())
                .unwrap_or(false),
            api_url: reader.parsed("SKYTWIN_URL", "an http or https URL", false, web_url),
            api_token: reader.text("SKYTWIN_TOKEN").map(Secret::new),
            shutdown_grace: Duration::from_secs(reader.number("SKYTWIN_SHUTDOWN_GRACE_SECONDS", 0, 3600).unwrap_or(25)),
        };
        (config, reader.problems)
    }
}

fn database_url(text: &str) -> Option<Secret> {
    let url = Url::parse(text).ok()?;
    (matches!(url.scheme(), "postgres" | "postgresql") && url.has_host()).then(|| Secret::new(text))
}

fn web_url(text: &str) -> Option<Url> {
    Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

fn folder(text: &str) -> Option<PathBuf> {
    Some(PathBuf::from(text)).filter(|path| path.is_absolute())
}

fn address(text: &str) -> Option<SocketAddr> {
    let numeric = text.strip_prefix("localhost:").map(|port| format!("127.0.0.1:{port}"));
    numeric.as_deref().unwrap_or(text).parse().ok()
}

fn engine_kind(text: &str) -> Option<EngineKind> {
    match text {
        "ironclaw-responses" => Some(EngineKind::IronclawResponses),
        "ironclaw-webhook" => Some(EngineKind::IronclawWebhook),
        "simulated" => Some(EngineKind::Simulated),
        _ => None,
    }
}

fn log(text: &str) -> Option<String> {
    crate::telemetry::filter(text).ok().map(|_| text.to_owned())
}

fn log_format(text: &str) -> Option<LogFormat> {
    match text {
        "pretty" => Some(LogFormat::Pretty),
        "json" => Some(LogFormat::Json),
        _ => None,
    }
}

/// Reads variables and remembers what was wrong with them.
struct Reader {
    variables: BTreeMap<String, String>,
    problems: Vec<String>,
}

impl Reader {
    fn new(variables: impl IntoIterator<Item = (String, String)>) -> Self {
        let filled = variables.into_iter().map(|(name, value)| (name, value.trim().to_owned()));
        Self { variables: filled.filter(|(_, value)| !value.is_empty()).collect(), problems: Vec::new() }
    }

    fn text(&mut self, name: &str) -> Option<String> {
        self.variables.get(name).cloned()
    }

    fn parsed<T>(
        &mut self,
        name: &str,
        wanted: &str,
        secret: bool,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        let text = self.variables.get(name)?;
        let parsed = parse(text);
        if parsed.is_none() {
            let shown = if secret { "its value".to_owned() } else { format!("`{text}`") };
            self.problems.push(format!("{name}: {shown} is not {wanted}; correct it, or leave it out for the default"));
        }
        parsed
    }

    fn number<N: TryFrom<u64>>(&mut self, name: &str, least: u64, most: u64) -> Option<N> {
        let wanted = format!("a whole number from {least} to {most}");
        self.parsed(name, &wanted, false, |text| {
            N::try_from(text.parse().ok().filter(|n| (least..=most).contains(n))?).ok()
        })
    }

    fn providers(&mut self) -> Vec<Provider> {
        let (name, text) = match (self.text("SKYTWIN_PROVIDERS"), self.text("SKYTWIN_PROVIDERS_FILE")) {
            (None, None) => return Vec::new(),
            (Some(text), None) => ("SKYTWIN_PROVIDERS", Ok(text)),
            (None, Some(path)) => ("SKYTWIN_PROVIDERS_FILE", std::fs::read_to_string(path)),
            (Some(_), Some(_)) => {
                self.problems.push("SKYTWIN_PROVIDERS and SKYTWIN_PROVIDERS_FILE: give one of them".to_owned());
                return Vec::new();
            }
        };
        let read = text.map_err(|error| vec![error.to_string()]).and_then(|text| providers::read(&text));
        let problems = |wrong: Vec<String>| wrong.into_iter().map(move |what| format!("{name}: {what}"));
        read.map_err(|wrong| self.problems.extend(problems(wrong))).unwrap_or_default()
    }

    fn vault(&mut self) -> Option<Keyring> {
        let read = match (self.text("SKYTWIN_VAULT_KEY"), self.text("SKYTWIN_VAULT_KEY_FILE")) {
            (None, None) => return None,
            (Some(keys), None) => Keyring::parse(&keys).map_err(|why| format!("SKYTWIN_VAULT_KEY: {why}")),
            (None, Some(path)) => {
                vault_file::read(path.as_ref()).map_err(|why| format!("SKYTWIN_VAULT_KEY_FILE: {why}"))
            }
            (Some(_), Some(_)) => Err("SKYTWIN_VAULT_KEY and SKYTWIN_VAULT_KEY_FILE: give one of them".to_owned()),
        };
        read.map_err(|problem| self.problems.push(problem)).ok()
    }

    fn mail(&mut self) -> Option<MailServer> {
        let read = MailServer::read(self.text("SKYTWIN_SMTP_URL"), self.text("SKYTWIN_MAIL_FROM"));
        read.map_err(|problem| self.problems.push(problem)).ok().flatten()
    }
}

fn limits(text: &str) -> Option<Limits> {
    if text == "unlimited" {
        return Some(Limits::default());
    }
    let (sends, looks) = text.split_once('/')?;
    let number = |text: &str| text.trim().parse().ok().filter(|calls: &u16| *calls > 0);
    Some(Limits { sends: Some(number(sends)?), looks: Some(number(looks)?) })
}

#[expect(clippy::disallowed_methods, reason = "this is the door that the ban on reading the environment leads to")]
pub(crate) fn environment() -> impl Iterator<Item = (String, String)> {
    // Not `vars`, which panics on a value that is not UTF-8, even on one that is none of our business.
    std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
}

/// One variable of the machine's, not a setting of ours (`PATH`, `HOME`).
#[expect(clippy::disallowed_methods, reason = "this is the door that the ban on reading the environment leads to")]
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests;
