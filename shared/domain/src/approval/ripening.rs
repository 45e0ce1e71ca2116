//! Ripening: what the clock does to an approval that nobody has answered (`domain.md` §9).
//!
//! Invariant: only a pending approval ripens, once to a reminder and once to its expiry, whoever rings and how often.

use super::{Approval, Kind, State};
use crate::{event, facts::Facts, job::Job, notify, outbox::Outbox, quiet, time::Timestamp};

/// What looking at an approval led to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ripened {
    /// Resolved before: nothing to do.
    Nothing,
    /// Not yet: look again then.
    Later(Timestamp),
    /// Reminded or expired: write it and what follows.
    Changed(Box<Approval>, Outbox),
}

impl Approval {
    /// Time has come to look: reminds, expires, or says when to look again.
    pub fn ripen(mut self, facts: &Facts) -> Ripened {
        let now = facts.now;
        if self.state != State::Pending {
            return Ripened::Nothing;
        }
        if now >= self.expires_at {
            self.updated_at = now;
            self.state = State::Expired { at: now };
            let mut outbox = Outbox::nothing().event(self.user, event::Name::ApprovalExpired, self.facts());
            if self.kind == Kind::Ask {
                let body = "Nobody answered in time, so nothing was done.".to_owned();
                outbox = outbox.notify(self.tell(
                    notify::Kind::ApprovalExpired,
                    format!("Expired unanswered: {}", self.summary),
                    body,
                    facts,
                ));
            }
            return Ripened::Changed(Box::new(self), outbox);
        }
        match self.remind_at {
            Some(remind_at) if !self.reminded && now >= remind_at => {
                self.updated_at = now;
                self.reminded = true;
                let body = format!("It expires at {}.", quiet::local(self.expires_at, facts.settings.timezone));
                let outbox = Outbox::nothing()
                    .timer(Job::ExpireApproval { approval: self.id }, self.expires_at, format!("{}:last", self.id))
                    .notify(self.tell(
                        notify::Kind::ApprovalReminder,
                        format!("Still waiting for you: {}", self.summary),
                        body,
                        facts,
                    ));
                Ripened::Changed(Box::new(self), outbox)
            }
            Some(remind_at) if !self.reminded => Ripened::Later(remind_at),
            Some(_) | None => Ripened::Later(self.expires_at),
        }
    }
}
