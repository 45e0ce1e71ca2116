//! One folder per outside system: each translates one wire into the types of [`crate::ports`].
//!
//! To add an engine: a file here that implements [`Engine`] (what its answers mean for the person is all of the work;
//! `ironclaw_webhook` is the smallest example), a variant of [`EngineKind`], and its line in [`connect`].

pub mod google;
mod ironclaw;
pub mod ironclaw_responses;
pub mod ironclaw_webhook;
pub mod outgoing;

use std::sync::Arc;

pub use runtime::crypto::install as install_crypto;
use runtime::{Clock, Config, config::EngineKind};

pub use self::ironclaw::AddressError;
use self::{ironclaw_responses::IronclawResponses, ironclaw_webhook::IronclawWebhook};
use crate::{
    Error,
    ports::{Engine, Identity},
};

/// The engine that the environment names, and whom it takes us for; nothing is sent yet.
pub fn connect(config: &Config, clock: &Clock) -> Result<(Arc<dyn Engine>, Identity), Error> {
    let (Some(url), Some(token)) = (&config.engine_url, &config.engine_token) else { return Err(Error::NoEngine) };
    let (url, limits) = (url.clone(), config.engine_limits);
    let engine: Arc<dyn Engine> = match config.engine_kind.unwrap_or(EngineKind::IronclawResponses) {
        // The simulated one is real in everything but its deeds: it is spoken to like a current server.
        EngineKind::IronclawResponses | EngineKind::Simulated => {
            let usual = ironclaw_responses::Settings::new(url);
            let settings = ironclaw_responses::Settings { limits: limits.unwrap_or(usual.limits), ..usual };
            Arc::new(IronclawResponses::new(settings, clock.clone())?)
        }
        EngineKind::IronclawWebhook => {
            let usual = ironclaw_webhook::Settings::new(url);
            let settings = ironclaw_webhook::Settings { limits: limits.unwrap_or(usual.limits), ..usual };
            Arc::new(IronclawWebhook::new(settings, clock.clone())?)
        }
    };
    Ok((engine, Identity::shared(token.clone())))
}
