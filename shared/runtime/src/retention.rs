//! How long things are kept, in days: `SKYTWIN_KEEP_DAYS`, such as `payloads=90 events=365`.
//!
//! What a person would miss is kept for long by default; what only helps to find out what happened, for short. Decisions,
//! executions, money and what was learned are kept for as long as their person is there.

/// Days, by what is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// What signals said, once they are decided; that they came, and what came of them, stays.
    pub payloads: u16,
    /// The stream of events.
    pub events: u16,
    /// Notifications.
    pub notifications: u16,
    /// Finished jobs.
    pub jobs: u16,
    /// Dead jobs that nobody drove again.
    pub dead_jobs: u16,
    /// Sessions and sign-in links, after their end.
    pub sessions: u16,
    /// The audit of privileged acts.
    pub audit: u16,
}

impl Default for Retention {
    fn default() -> Self {
        Self { payloads: 180, events: 365, notifications: 180, jobs: 1, dead_jobs: 30, sessions: 30, audit: 730 }
    }
}

impl Retention {
    /// What is wanted, for a message.
    pub(crate) const WANTED: &str = "`name=days` pairs (1 to 36500) of payloads, events, notifications, jobs, dead_jobs, \
         sessions and audit, such as `payloads=90 events=365`";

    /// Reads `name=days` pairs, separated by spaces or commas; what is not named keeps its default.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut keep = Self::default();
        for pair in text.split([' ', ',']).filter(|pair| !pair.is_empty()) {
            let (name, days) = pair.split_once('=')?;
            let kept = match name {
                "payloads" => &mut keep.payloads,
                "events" => &mut keep.events,
                "notifications" => &mut keep.notifications,
                "jobs" => &mut keep.jobs,
                "dead_jobs" => &mut keep.dead_jobs,
                "sessions" => &mut keep.sessions,
                "audit" => &mut keep.audit,
                _ => return None,
            };
            *kept = days.parse().ok().filter(|days| (1..=36500).contains(days))?;
        }
        Some(keep)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_named_is_kept_as_long_as_it_says_and_nothing_is_guessed() {
        let keep = Retention::parse("payloads=7, audit=9").unwrap();
        assert_eq!(keep, Retention { payloads: 7, audit: 9, ..Retention::default() });
        for wrong in ["payloads", "payloads=0", "payloads=-1", "payloads=1d", "letters=3", "payloads=36501"] {
            assert_eq!(Retention::parse(wrong), None, "{wrong}");
        }
    }
}
