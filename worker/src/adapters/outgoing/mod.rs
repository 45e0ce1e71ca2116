//! Brings notifications to people's channels: webhooks and mail (`domain.md` §12).
//!
//! Invariant: where a person's URL leads is judged when it is called, and the call goes to what was judged (`dial.rs`).
//! Nothing of what the far side says is kept but its status: what stands behind an address is not the person's to read.

mod dial;
mod hook;
mod mail;

use domain::{
    channel::{Answer, Channel, Delivery, Kind},
    time::Timestamp,
};
use runtime::Config;
use store::notifications::Notification;
use vault::Opened;
use webhook::address::Reach;

use self::{hook::Webhook, mail::Mail};

/// What is told, to whom.
#[derive(Debug)]
pub(crate) struct Letter<'a> {
    pub(crate) delivery: &'a Delivery,
    pub(crate) channel: &'a Channel,
    /// Oldest first; none in a test.
    pub(crate) told: &'a [Notification],
}

/// The ways out of a process; by default there are none. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Outgoing {
    webhook: Webhook,
    mail: Option<Mail>,
}

impl Outgoing {
    /// The ways that the environment opens; nothing is sent yet.
    pub fn new(config: &Config) -> Self {
        let reach = if config.allow_private_addresses { Reach::Anywhere } else { Reach::Public };
        let mail = config.mail.as_ref().and_then(|server| Mail::new(server, config.public_url.as_ref()));
        Self { webhook: Webhook::new(reach), mail }
    }

    /// Sends it; `secret` signs a webhook.
    pub(crate) async fn send(&self, letter: &Letter<'_>, secret: Option<&Opened>, now: Timestamp) -> Answer {
        match (letter.channel.kind, &self.mail, secret) {
            (Kind::Webhook, _, Some(secret)) => self.webhook.send(letter, secret, now).await,
            (Kind::Webhook, _, None) => {
                Answer::Refused { why: "Its secret is lost; remove it and add it again.".into() }
            }
            (Kind::Email, Some(mail), _) => mail.send(letter).await,
            (Kind::Email, None, _) => {
                Answer::Later { why: "Mail is not set up in this installation.".to_owned(), wait: None }
            }
        }
    }
}
