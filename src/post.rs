//! The command line as a client of the API: posts a signal as any source would, follows what happens.

use std::{io::Read, path::Path, time::Duration};

use runtime::Config;
use serde_json::Value;

use crate::{
    Error, Result,
    note::{self, Note},
};

/// A client of the API.
pub(crate) struct Client {
    http: reqwest::Client,
    url: String,
    token: String,
}

impl Client {
    /// One for the API at `url`.
    pub(crate) fn new(url: String, token: String) -> Result<Self> {
        worker::adapters::install_crypto();
        let http = reqwest::Client::builder()
            .timeout(Duration::from_secs(30))
            .build()
            .map_err(|source| Error::Unreachable { url: url.clone(), source })?;
        Ok(Self { http, url, token })
    }

    /// Posts `body` to a path below the API's root; gives status and answer.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Result<(u16, String)> {
        let request = self.http.post(format!("{}{path}", self.url)).bearer_auth(&self.token).json(body);
        let answer = request.send().await.map_err(|source| self.unreachable(source))?;
        let status = answer.status().as_u16();
        let text = answer.text().await.map_err(|source| self.unreachable(source))?;
        if status >= 400 { Err(Error::Refused { status, body: text }) } else { Ok((status, text)) }
    }

    fn unreachable(&self, source: reqwest::Error) -> Error {
        Error::Unreachable { url: self.url.clone(), source }
    }

    /// Reads a path below the API's root.
    pub(crate) async fn get(&self, path: &str) -> Result<Value> {
        let request = self.http.get(format!("{}{path}", self.url)).bearer_auth(&self.token);
        let answer = request.send().await.map_err(|source| self.unreachable(source))?;
        let status = answer.status().as_u16();
        let text = answer.text().await.map_err(|source| self.unreachable(source))?;
        if status >= 400 {
            return Err(Error::Refused { status, body: text });
        }
        serde_json::from_str(&text).map_err(|error| Error::Usage(format!("{}{path}: {error}", self.url)))
    }

    /// Follows a stream of events from an event's number on; a line that is silent for too long is an error.
    pub(crate) async fn follow(&self, path: &str, after: Option<i64>, silence: Duration) -> Result<reqwest::Response> {
        let http = reqwest::Client::builder().connect_timeout(Duration::from_secs(10)).read_timeout(silence).build();
        let http = http.map_err(|source| self.unreachable(source))?;
        let mut request = http.get(format!("{}{path}", self.url)).bearer_auth(&self.token);
        if let Some(after) = after {
            request = request.header("Last-Event-ID", after);
        }
        let answer = request.send().await.map_err(|source| self.unreachable(source))?;
        let status = answer.status().as_u16();
        if status < 400 {
            return Ok(answer);
        }
        let body = answer.text().await.map_err(|source| self.unreachable(source))?;
        Err(Error::Refused { status, body })
    }
}

/// Where the API is and what to show there: as the environment says, or as the `skytwin up` of this machine noted.
pub(crate) fn found(config: &Config) -> Result<(String, String)> {
    let named = config
        .api_url
        .as_ref()
        .zip(config.api_token.as_ref())
        .map(|(url, token)| (url.as_str().trim_end_matches('/').to_owned(), token.reveal().to_owned()));
    let found = || Note::read(&note::folder(config).ok()?).map(|note| (note.url, note.token));
    named.or_else(found).ok_or(Error::NoApi)
}

/// Posts the signal in `file` (`-` reads standard input) and prints the API's answer.
pub async fn signal(file: &Path) -> Result<()> {
    let config = Config::from_env()?;
    let text = if file == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).map_err(Error::file("read", "standard input"))?;
        text
    } else {
        std::fs::read_to_string(file).map_err(Error::file("read", file))?
    };
    let body: Value = serde_json::from_str(&text).map_err(|error| {
        Error::Usage(format!(
            "{}: not JSON: {error}; a signal is an object with source, type and payload",
            file.display()
        ))
    })?;
    let (url, token) = found(&config)?;
    let (_, answer) = Client::new(url, token)?.post("/api/v1/signals", &body).await?;
    println!("{answer}");
    Ok(())
}
