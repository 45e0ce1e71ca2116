//! Who is at the other end: an incompatible server under the same name is found out before anything is ordered of it.
//!
//! Invariant: an order goes only to a server of the generation its driver was written for. It is asked at the start, and
//! again before the first order after anything but a good answer: who was exchanged was gone for a moment.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use domain::{breaker::Sign, execution::Answer, time::Timestamp};
use serde::Deserialize;

use super::wire::{Outcome, Request, Wire};
use crate::ports::{Fit, Heard};

/// How long a server may take to say who it is.
const PATIENCE: Duration = Duration::from_secs(5);

/// The surfaces of the two generations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Generation {
    /// 1.x.
    Reborn,
    /// The web gateway of a server before 1.0.
    Gateway,
    /// The webhook listener of a server before 1.0.
    Webhook,
}

/// Remembers whether the server was found to be the right one.
#[derive(Debug)]
pub(crate) struct Probe {
    wanted: Generation,
    known: AtomicBool,
}

impl Probe {
    pub(crate) const fn wanting(wanted: Generation) -> Self {
        Self { wanted, known: AtomicBool::new(false) }
    }

    /// After anything but a good answer the server may be another one: it is asked again before the next order.
    pub(crate) fn learn(&self, outcome: &Outcome) {
        if !matches!(outcome.status(), 200..=299 | 429) {
            self.known.store(false, Ordering::Relaxed);
        }
    }

    /// What keeps an order from being sent, if anything. What is wrong in detail is the operator's affair.
    pub(crate) async fn objection(&self, wire: &Wire, now: Timestamp) -> Option<Heard> {
        let (answer, sign) = match self.fit(wire, now).await {
            Fit::Fits => return None,
            Fit::Unreachable { why } => {
                (Answer::NotTaken { retry_after: None, why: why.clone() }, Sign::Troubled { why })
            }
            Fit::Misfit { why } => {
                let told = "The engine that answers is not the one SkyTwin was set up for, so nothing was sent. \
                            Whoever runs SkyTwin has to correct that; then try again.";
                (Answer::Refused { why: told.to_owned() }, Sign::Misconfigured { why })
            }
        };
        Some(Heard { answer, sign })
    }

    /// Whether it fits, asking the server only where that isn't known.
    pub(crate) async fn fit(&self, wire: &Wire, now: Timestamp) -> Fit {
        if self.known.load(Ordering::Relaxed) {
            return Fit::Fits;
        }
        let fit = self.ask(wire, now).await;
        self.known.store(fit == Fit::Fits, Ordering::Relaxed);
        fit
    }

    async fn ask(&self, wire: &Wire, now: Timestamp) -> Fit {
        let mut answers = Vec::new();
        for path in self.paths() {
            match wire.ask(Request::get(path, PATIENCE), now).await {
                Outcome::Reply(reply) if (200..300).contains(&reply.status) => match channel(&reply.body) {
                    Some(found) if found == self.wanted => return Fit::Fits,
                    Some(found) => return Fit::Misfit { why: self.misfit(found, wire) },
                    None => answers.push(reply.status),
                },
                Outcome::Reply(reply) if reply.status == 429 || reply.status >= 500 => {
                    return Fit::Unreachable { why: format!("The engine is not ready ({}).", reply.status) };
                }
                Outcome::Reply(reply) => answers.push(reply.status),
                Outcome::NotSent { why } | Outcome::Lost { why } => return Fit::Unreachable { why },
            }
        }
        Fit::Misfit {
            why: format!(
                "What answers at {} is no IronClaw server that we know: its health says nothing to us ({answers:?}). \
                 Check SKYTWIN_ENGINE_URL, and that a proxy in between lets /api/health through.",
                wire.base()
            ),
        }
    }

    /// Where the wanted surface says how it is, and where another one would.
    const fn paths(&self) -> &'static [&'static [&'static str]] {
        match self.wanted {
            Generation::Reborn | Generation::Gateway => &[&["api", "health"]],
            Generation::Webhook => &[&["health"], &["api", "health"]],
        }
    }

    fn misfit(&self, found: Generation, wire: &Wire) -> String {
        let at = wire.base();
        match (self.wanted, found) {
            (Generation::Webhook, Generation::Reborn) => format!(
                "IronClaw 1.x answers at {at}, and it has no webhook. Set SKYTWIN_ENGINE_KIND=ironclaw-responses and \
                 give it a bearer token in SKYTWIN_ENGINE_TOKEN."
            ),
            (Generation::Webhook, _) => format!(
                "The web gateway of an IronClaw before 1.0 answers at {at}. Its webhook listens on a port of its own \
                 (HTTP_PORT, 8080 unless set): put that one into SKYTWIN_ENGINE_URL."
            ),
            (Generation::Reborn | Generation::Gateway, _) => format!(
                "An IronClaw before 1.0 answers at {at}: it knows no Idempotency-Key, so what is in doubt could be done \
                 twice. Use a server from 1.0 on, or set SKYTWIN_ENGINE_KIND=ironclaw-webhook and put the address of its \
                 webhook (port 8080 unless set) into SKYTWIN_ENGINE_URL."
            ),
        }
    }
}

fn channel(body: &[u8]) -> Option<Generation> {
    #[derive(Deserialize)]
    struct Health {
        channel: String,
    }
    let Health { channel } = serde_json::from_slice(body).ok()?;
    match channel.as_str() {
        "reborn" => Some(Generation::Reborn),
        "gateway" => Some(Generation::Gateway),
        "http" => Some(Generation::Webhook),
        _ => None,
    }
}
