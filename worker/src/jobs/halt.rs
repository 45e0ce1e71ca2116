//! Why a job ends before its work is through. When to try again is the queue's affair, whether there is anything to
//! try is the row's: so every reason is one of four, and the queue knows what to do with each.

use std::time::Duration;

use domain::time::Timestamp;
use queue::Failure;

/// The shortest wait: a job never comes back within the breath it left in.
const AT_LEAST: Duration = Duration::from_millis(100);

/// Why a job ends here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Halt {
    /// The row wants nothing of us (any more).
    Nothing(&'static str),
    /// Something failed that may pass: after the queue's backoff, and an attempt is burnt.
    Again(String),
    /// Not yet: nothing is burnt.
    Later {
        /// How long to wait.
        delay: Duration,
        /// Why.
        why: &'static str,
    },
    /// It will never work: dead, visible, re-drivable.
    Never(String),
}

impl Halt {
    /// Not before `at`.
    pub fn until(at: Timestamp, now: Timestamp, why: &'static str) -> Self {
        Self::Later { delay: at.since(now).to_std().unwrap_or_default().max(AT_LEAST), why }
    }

    /// What the queue makes of it.
    pub fn into_failure(self) -> Result<(), Failure> {
        match self {
            Self::Nothing(_) => Ok(()),
            Self::Again(why) => Err(Failure::retry(why)),
            Self::Later { delay, why } => Err(Failure::snooze(delay, why)),
            Self::Never(why) => Err(Failure::abandon(why)),
        }
    }
}

impl From<store::Error> for Halt {
    fn from(error: store::Error) -> Self {
        match error {
            store::Error::NotFound => Self::Nothing("there is no such row"),
            store::Error::Stale => Self::Nothing("somebody else was faster"),
            transient if transient.is_transient() => Self::Again(transient.to_string()),
            broken => Self::Never(broken.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_gone_or_was_done_by_others_is_no_failure() {
        assert_eq!(Halt::from(store::Error::NotFound).into_failure(), Ok(()));
        assert_eq!(Halt::from(store::Error::Stale).into_failure(), Ok(()));
    }

    #[test]
    fn waiting_burns_no_attempt_and_is_never_a_busy_loop() {
        let now: Timestamp = "2026-03-02T09:00:00Z".parse().unwrap();
        let later = |at: &str| match Halt::until(at.parse().unwrap(), now, "not due").into_failure() {
            Err(Failure::Snooze { delay, .. }) => delay,
            other => panic!("{other:?}"),
        };
        assert_eq!(later("2026-03-02T09:00:07Z"), Duration::from_secs(7));
        assert_eq!(later("2026-03-02T08:00:00Z"), AT_LEAST);
    }
}
