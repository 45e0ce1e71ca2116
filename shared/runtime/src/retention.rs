//! How long things are kept, in days: `SKYTWIN_KEEP_DAYS`, such as `payloads=90 events=365`.
//!
//! What a person would miss is kept for long by default; what only helps to find out what happened, for short. Decisions,
//! executions, money and what was learned are kept for as long as their person is there. `docs/operations.md` says of
//! every table how long its rows are kept, and a test that it leaves none out.

/// Days, by what is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// What signals said, once they are decided; that they came, and what came of them, stays.
    pub payloads: u16,
    /// The stream of events.
    pub events: u16,
    /// Notifications.
    pub notifications: u16,
    /// What was sent to people's channels, or died on the way.
    pub deliveries: u16,
    /// Finished jobs.
    pub jobs: u16,
    /// Dead jobs that nobody drove again.
    pub dead_jobs: u16,
    /// Sessions and sign-in links, after their end.
    pub sessions: u16,
    /// The audit of privileged acts, and tokens, after their end, since it names them.
    pub audit: u16,
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            payloads: 180,
            events: 365,
            notifications: 180,
            deliveries: 30,
            jobs: 1,
            dead_jobs: 30,
            sessions: 30,
            audit: 730,
        }
    }
}

impl Retention {
    /// What is wanted, for a message.
    pub(crate) const WANTED: &str = "`name=days` pairs (1 to 36500) of payloads, events, notifications, deliveries, jobs, \
         dead_jobs, sessions and audit, such as `payloads=90 events=365`";

    /// Every age, by the name that sets it.
    pub fn named(&mut self) -> [(&'static str, &mut u16); 8] {
        [
            ("payloads", &mut self.payloads),
            ("events", &mut self.events),
            ("notifications", &mut self.notifications),
            ("deliveries", &mut self.deliveries),
            ("jobs", &mut self.jobs),
            ("dead_jobs", &mut self.dead_jobs),
            ("sessions", &mut self.sessions),
            ("audit", &mut self.audit),
        ]
    }

    /// Reads `name=days` pairs, separated by spaces or commas; what is not named keeps its default.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut keep = Self::default();
        for pair in text.split([' ', ',']).filter(|pair| !pair.is_empty()) {
            let (name, days) = pair.split_once('=')?;
            let (_, kept) = keep.named().into_iter().find(|(known, _)| *known == name)?;
            *kept = days.parse().ok().filter(|days| (1..=36500).contains(days))?;
        }
        Some(keep)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(fuzz::cases(1))]

        #[test]
        fn whatever_is_kept_is_kept_for_a_day_to_a_century(text in fuzz::text_of(&["payloads", "jobs", "audit", "=", "7", "0", "-1", "36500", " ", ","])) {
            if let Some(keep) = Retention::parse(&text) {
                let days = [keep.payloads, keep.events, keep.notifications, keep.jobs, keep.dead_jobs, keep.sessions, keep.audit];
                prop_assert!(days.iter().all(|days| (1..=36500).contains(days)));
            }
        }
    }

    #[test]
    fn what_is_named_is_kept_as_long_as_it_says_and_nothing_is_guessed() {
        let keep = Retention::parse("payloads=7, audit=9").unwrap();
        assert_eq!(keep, Retention { payloads: 7, audit: 9, ..Retention::default() });
        for wrong in ["payloads", "payloads=0", "payloads=-1", "payloads=1d", "letters=3", "payloads=36501"] {
            assert_eq!(Retention::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn the_message_names_every_age_that_can_be_set() {
        let mut keep = Retention::default();
        assert!(keep.named().iter().all(|(name, _)| Retention::WANTED.contains(name)));
        assert_eq!(keep.named().len() * size_of::<u16>(), size_of::<Retention>(), "every field has its name");
    }
}
