//! Posting a signal to the API, as any source would.

use std::{io::Read, path::Path};

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
            .timeout(std::time::Duration::from_secs(30))
            .build()
            .map_err(|source| Error::Unreachable { url: url.clone(), source })?;
        Ok(Self { http, url, token })
    }

    /// Posts `body` to a path below the API's root; gives status and answer.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Result<(u16, String)> {
        let unreachable = |source| Error::Unreachable { url: self.url.clone(), source };
        let request = self.http.post(format!("{}{path}", self.url)).bearer_auth(&self.token).json(body);
        let answer = request.send().await.map_err(unreachable)?;
        let status = answer.status().as_u16();
        let text = answer.text().await.map_err(unreachable)?;
        if status >= 400 { Err(Error::Refused { status, body: text }) } else { Ok((status, text)) }
    }
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
    let named = config
        .api_url
        .as_ref()
        .zip(config.api_token.as_ref())
        .map(|(url, token)| (url.as_str().trim_end_matches('/').to_owned(), token.reveal().to_owned()));
    let found = || Note::read(&note::folder(&config).ok()?).map(|note| (note.url, note.token));
    let (url, token) = named.or_else(found).ok_or(Error::NoApi)?;
    let (_, answer) = Client::new(url, token)?.post("/api/v1/signals", &body).await?;
    println!("{answer}");
    Ok(())
}
