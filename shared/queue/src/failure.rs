//! What a handler may answer, and what becomes of the job: one pure decision, so that the table below is all there
//! is to know about it.
//!
//! | the run | attempts left | none left |
//! |---|---|---|
//! | `Ok` | done | done |
//! | `Abandon` | killed | killed |
//! | `Snooze` | pending again, the attempt refunded | the same |
//! | `Retry`, any other error, panic, time-out | waits, then runs again | dead |

use std::{error::Error, time::Duration};

use apalis_core::error::{AbortError, BoxDynError, RetryAfterError};

use crate::Backoff;

/// Why a job did not finish, and what the queue is to do with it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// Try again: after `after`, or else after the queue's backoff. Costs an attempt.
    #[error("{why}")]
    Retry {
        /// The wait, if the handler knows better than the backoff.
        after: Option<Duration>,
        /// Stored with the job.
        why: String,
    },
    /// Not yet: look again after `delay`. Costs no attempt.
    #[error("{why}")]
    Snooze {
        /// The wait.
        delay: Duration,
        /// Stored with the job.
        why: String,
    },
    /// Never: the job is dead at once, visible and re-drivable.
    #[error("{why}")]
    Abandon {
        /// Stored with the job.
        why: String,
    },
}

impl Failure {
    /// Try again after the queue's backoff.
    pub fn retry(why: impl Into<String>) -> Self {
        Self::Retry { after: None, why: why.into() }
    }

    /// Try again after `after`.
    pub fn retry_after(after: Duration, why: impl Into<String>) -> Self {
        Self::Retry { after: Some(after), why: why.into() }
    }

    /// Look again after `delay`, without losing an attempt.
    pub fn snooze(delay: Duration, why: impl Into<String>) -> Self {
        Self::Snooze { delay, why: why.into() }
    }

    /// Give up for good.
    pub fn abandon(why: impl Into<String>) -> Self {
        Self::Abandon { why: why.into() }
    }
}

/// What is written about one run.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Verdict {
    Done,
    Killed {
        why: String,
    },
    Dead {
        why: String,
    },
    Retry {
        delay: Duration,
        why: String,
    },
    Snooze {
        delay: Duration,
        why: String,
    },
    /// Claimed but not started: pending again as if it had never been claimed.
    GiveBack,
}

/// The table above. `random` in `0.0..=1.0` spreads the backoff.
pub(crate) fn judge(
    run: Result<(), BoxDynError>,
    attempt: i32,
    max_attempts: i32,
    backoff: &Backoff,
    random: f64,
) -> Verdict {
    let Err(error) = run else {
        return Verdict::Done;
    };
    match failure(&*error) {
        Failure::Abandon { why } => Verdict::Killed { why },
        Failure::Snooze { delay, why } => Verdict::Snooze { delay, why },
        Failure::Retry { why, .. } if attempt >= max_attempts => Verdict::Dead { why },
        Failure::Retry { after, why } => {
            Verdict::Retry { delay: after.unwrap_or_else(|| backoff.wait(attempt, random)), why }
        }
    }
}

/// The `Failure` somewhere in a chain of causes (handlers may wrap it), apalis's own two, or else a retry.
fn failure(error: &(dyn Error + 'static)) -> Failure {
    let mut cause = Some(error);
    while let Some(link) = cause {
        if let Some(failure) = link.downcast_ref::<Failure>() {
            return failure.clone();
        }
        if link.is::<AbortError>() {
            return Failure::abandon(chain(error));
        }
        if let Some(retry) = link.downcast_ref::<RetryAfterError>() {
            return Failure::retry_after(retry.get_duration(), chain(error));
        }
        cause = link.source();
    }
    Failure::retry(chain(error))
}

/// An error with its causes, as one line.
fn chain(error: &(dyn Error + 'static)) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(link) = cause {
        let said = link.to_string();
        if !line.ends_with(&said) {
            line.push_str(": ");
            line.push_str(&said);
        }
        cause = link.source();
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(error: impl Into<BoxDynError>, attempt: i32) -> Verdict {
        judge(Err(error.into()), attempt, 3, &Backoff::default(), 1.0)
    }

    #[derive(Debug, thiserror::Error)]
    #[error("while doing it")]
    struct Wrapped(#[source] Failure);

    #[test]
    fn a_finished_job_is_done_whatever_its_attempts() {
        assert_eq!(judge(Ok(()), 9, 3, &Backoff::default(), 1.0), Verdict::Done);
    }

    #[test]
    fn an_unknown_error_waits_its_backoff_and_is_dead_after_the_last_attempt() {
        let why = "no route".to_owned();
        assert_eq!(judged("no route", 2), Verdict::Retry { delay: Duration::from_secs(4), why: why.clone() });
        assert_eq!(judged("no route", 3), Verdict::Dead { why });
    }

    #[test]
    fn a_snooze_is_never_the_last_attempt() {
        let delay = Duration::from_secs(7);
        assert_eq!(judged(Failure::snooze(delay, "busy"), 3), Verdict::Snooze { delay, why: "busy".into() });
    }

    #[test]
    fn abandoning_kills_at_once_even_when_the_handler_wrapped_it() {
        let killed = Verdict::Killed { why: "no such user".into() };
        assert_eq!(judged(Failure::abandon("no such user"), 1), killed);
        assert_eq!(judged(Wrapped(Failure::abandon("no such user")), 1), killed);
    }

    #[test]
    fn a_given_delay_beats_the_backoff() {
        let delay = Duration::from_secs(90);
        assert_eq!(
            judged(Failure::retry_after(delay, "rate limit"), 1),
            Verdict::Retry { delay, why: "rate limit".into() }
        );
        let Verdict::Retry { delay: given, .. } = judged(RetryAfterError::new("later", delay), 1) else {
            panic!("not a retry")
        };
        assert_eq!(given, delay);
    }

    #[test]
    fn apalis_abort_errors_kill_too() {
        assert!(matches!(judged(AbortError::new("bad"), 1), Verdict::Killed { .. }));
    }
}
