//! The breaker of an engine: when it is in trouble its work waits, and one execution at a time finds out whether it is
//! back (`domain.md` §10). Pure: one value for an engine, whoever holds it, and the time is an argument.
//!
//! Invariants: nothing but the probe, and the last look before a person would be bothered, passes an open breaker; a
//! probe that never reports back frees its place by itself; what is well says nothing new, and costs no write.

use chrono::TimeDelta;

use crate::{execution::RECONCILE_FOR, id::ExecutionId, time::Timestamp};

/// So many failures open it (`domain.md` §10) …
pub const TRIPS_AT: usize = 5;
/// … within so long.
pub const WITHIN: TimeDelta = TimeDelta::minutes(5);
/// How long it opens for at first; each failed probe doubles that …
pub const FIRST_REST: TimeDelta = TimeDelta::seconds(150);
/// … up to this.
pub const LONGEST_REST: TimeDelta = TimeDelta::minutes(20);
/// How long a probe keeps the place to itself: longer than a run may take.
pub const PROBE_LEASE: TimeDelta = TimeDelta::seconds(75);
/// How long whoever finds a probe under way waits before looking again.
pub const PROBE_PAUSE: TimeDelta = TimeDelta::seconds(5);

/// What one call says of the engine itself, whatever it says of the work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sign {
    /// It is there and answers.
    Well,
    /// It is there, and has had enough of this caller for now (429).
    Busy {
        /// When it wants to hear of them again.
        retry_after: Option<TimeDelta>,
    },
    /// It can't be reached, does not answer in time, or answers with an error of its own.
    Troubled {
        /// In a sentence without secrets.
        why: String,
    },
    /// It is there and turns us away (401, 403): an operator has to look.
    Misconfigured {
        /// In a sentence without secrets.
        why: String,
    },
}

/// The breaker; closed and without a past by default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Breaker {
    /// The failures that count, oldest first.
    pub failures: Vec<Timestamp>,
    /// The latest failure's reason.
    pub last_failure: Option<String>,
    /// Open, and until when; none while closed.
    pub open: Option<Open>,
    /// Since when it turns us away, and how it says so.
    pub misconfigured: Option<(Timestamp, String)>,
}

/// An open breaker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Open {
    /// Since when.
    pub since: Timestamp,
    /// Nothing is tried before.
    pub until: Timestamp,
    /// How long this rest is.
    pub rest: TimeDelta,
    /// Who is finding out.
    pub probe: Option<Probe>,
}

/// The one execution that is finding out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Probe {
    /// Which.
    pub execution: ExecutionId,
    /// It has lost its place by then.
    pub until: Timestamp,
}

/// What the breaker says to one who would call the engine now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passage {
    /// Go ahead.
    Free,
    /// Go ahead as the probe, if nobody else is faster.
    AsProbe,
    /// Come back then.
    Wait(Timestamp),
}

impl Breaker {
    /// Whether a call may be made. In doubt since long enough that the person would have to be asked next, one is made
    /// in any case: bothering them costs more than a call.
    pub fn passage(&self, in_doubt_since: Option<Timestamp>, now: Timestamp) -> Passage {
        let Some(open) = &self.open else { return Passage::Free };
        let last_look = in_doubt_since.map(|since| since.plus(RECONCILE_FOR));
        let is_last = last_look.is_some_and(|at| at <= now);
        let probed = open.probe.is_some_and(|probe| probe.until > now);
        if probed {
            let wait = now.plus(PROBE_PAUSE);
            return if is_last { Passage::Free } else { Passage::Wait(last_look.map_or(wait, |last| wait.min(last))) };
        }
        if is_last || open.until <= now {
            return Passage::AsProbe;
        }
        Passage::Wait(last_look.map_or(open.until, |last| open.until.min(last)))
    }

    /// Takes the probe's place for this execution; none when that is not to be had (any more).
    #[must_use]
    pub fn probed_by(
        mut self,
        execution: ExecutionId,
        in_doubt_since: Option<Timestamp>,
        now: Timestamp,
    ) -> Option<Self> {
        if self.passage(in_doubt_since, now) != Passage::AsProbe {
            return None;
        }
        let open = self.open.as_mut()?;
        open.probe = Some(Probe { execution, until: now.plus(PROBE_LEASE) });
        Some(self)
    }

    /// Whether this execution is the probe.
    pub fn is_probed_by(&self, execution: ExecutionId) -> bool {
        self.open.as_ref().and_then(|open| open.probe).is_some_and(|probe| probe.execution == execution)
    }

    /// What a call of this execution's makes of it; the same value where that is nothing new.
    #[must_use]
    pub fn heard(mut self, execution: ExecutionId, sign: &Sign, now: Timestamp) -> Self {
        let probe = self.is_probed_by(execution);
        match sign {
            Sign::Well => self.misconfigured = None,
            Sign::Busy { .. } => {}
            Sign::Misconfigured { why } => {
                self.misconfigured.get_or_insert_with(|| (now, why.clone()));
            }
            Sign::Troubled { why } => return self.failed(probe, why, now),
        }
        if probe {
            self.open = None;
            self.failures.clear();
            self.last_failure = None;
        }
        self
    }

    fn failed(mut self, probe: bool, why: &str, now: Timestamp) -> Self {
        match &mut self.open {
            // A call from before it opened, or a last look: nothing that was not known.
            Some(_) if !probe => return self,
            Some(open) => {
                let rest = (open.rest * 2).min(LONGEST_REST);
                *open = Open { since: open.since, until: now.plus(rest), rest, probe: None };
            }
            None => {
                self.failures.retain(|at| *at > now.minus(WITHIN));
                self.failures.push(now);
                if self.failures.len() >= TRIPS_AT {
                    self.open = Some(Open { since: now, until: now.plus(FIRST_REST), rest: FIRST_REST, probe: None });
                }
            }
        }
        self.last_failure = Some(why.to_owned());
        self
    }
}

#[cfg(test)]
mod tests;
