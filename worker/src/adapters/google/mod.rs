//! Google: Gmail and Calendar as sources of signals and as executor of what they can do. The API's root is a setting, so that a double can stand in for it.

mod calendar;
mod client;
pub mod direct;
mod gmail;
mod item;

use std::sync::Arc;

use runtime::Clock;
use serde_json::Value;
use url::Url;

use self::client::Client;
pub use self::{calendar::Calendar, direct::Direct, gmail::Gmail};
use crate::ports::source::Source;

/// Settings that can't work.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// Not an address of a web server.
    #[error(
        "SKYTWIN_GOOGLE_API: the address must start with http:// or https:// and carry no user name, password, query or fragment"
    )]
    Address,
    /// The HTTP client can't be built.
    #[error(
        "the HTTP client can't be built; are there certificates of authorities here (Debian's ca-certificates)? {0}"
    )]
    Client(#[source] reqwest::Error),
}

/// A member of an answer; null where there is none.
fn at<'v>(value: &'v Value, name: &str) -> &'v Value {
    value.get(name).unwrap_or(&Value::Null)
}

/// What a process can do with Google accounts.
#[derive(Clone)]
pub struct Google {
    /// Reads them.
    pub sources: Vec<Arc<dyn Source>>,
    /// Does things in them.
    pub direct: Arc<Direct>,
}

impl Google {
    /// With both APIs at this root; without one, where Google has them.
    pub fn new(api: Option<&Url>, clock: &Clock) -> Result<Self, SettingsError> {
        let client = |own: &str| {
            let root = api.cloned().or_else(|| own.parse().ok()).ok_or(SettingsError::Address)?;
            Ok::<_, SettingsError>(Arc::new(Client::new(root, clock.clone())?))
        };
        let (mail, calendar) = (client("https://gmail.googleapis.com")?, client("https://www.googleapis.com")?);
        let direct = Arc::new(Direct { mail: mail.clone(), calendar: calendar.clone() });
        Ok(Self { sources: vec![Arc::new(Gmail { client: mail }), Arc::new(Calendar { client: calendar })], direct })
    }
}
