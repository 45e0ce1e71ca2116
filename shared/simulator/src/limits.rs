//! The documented rate limits, per caller and kind of request, in fixed windows of 60 s.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use crate::fault::On;

const WINDOW: i64 = 60;
/// Event streams that a caller may hold open at once.
pub(crate) const STREAMS: usize = 3;

/// Who asked for what in which window, if that is counted at all.
#[derive(Debug, Default)]
pub(crate) struct Limits {
    pub(crate) enforced: bool,
    windows: HashMap<(usize, On), (i64, u32)>,
}

impl Limits {
    /// Counts a request; the error is in how many seconds there is room again.
    pub(crate) fn take(&mut self, caller: usize, on: On, now: DateTime<Utc>) -> Result<(), u64> {
        if !self.enforced {
            return Ok(());
        }
        // The webhook counts everybody together.
        let caller = if on == On::Webhook { 0 } else { caller };
        let window = now.timestamp().div_euclid(WINDOW);
        let (counted, used) = self.windows.entry((caller, on)).or_insert((window, 0));
        if *counted != window {
            (*counted, *used) = (window, 0);
        }
        if *used >= per_window(on) {
            return Err(u64::try_from(WINDOW - now.timestamp().rem_euclid(WINDOW)).unwrap_or(1));
        }
        *used += 1;
        Ok(())
    }
}

const fn per_window(on: On) -> u32 {
    match on {
        On::Create | On::Cancel | On::Resolve | On::Webhook => 60,
        On::Retrieve | On::Threads => 120,
        On::Events => 30,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_has_room_for_so_many_of_each_caller_and_the_next_one_is_empty_again() {
        let at = |second: i64| DateTime::from_timestamp(1_800_000_000 + second, 0).unwrap();
        let mut limits = Limits { enforced: true, ..Limits::default() };
        let mut taken =
            |caller, second| (0..100).filter(|_| limits.take(caller, On::Create, at(second)).is_ok()).count();
        assert_eq!([taken(0, 0), taken(0, 59), taken(1, 59), taken(0, 60)], [60, 0, 60, 60]);
        assert_eq!(limits.take(0, On::Create, at(75)), Err(45));
        assert_eq!(Limits::default().take(0, On::Events, at(0)), Ok(()));
    }
}
