//! Faults on order for the mail and calendar calls, by the name of the call.

/// What happens to one answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum How {
    /// The call is refused with this status and reason, and nothing is done.
    Refused {
        /// HTTP status.
        code: u16,
        /// Such as `rateLimitExceeded`.
        reason: String,
        /// The `Retry-After` header, as it is.
        retry_after: Option<String>,
    },
    /// The work is done, then the connection closes without a byte.
    Drop,
}

/// One order: which calls, how often, what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    on: String,
    skip: u32,
    times: Option<u32>,
    how: How,
}

impl Fault {
    /// Once, the next call whose name starts like this (`gmail.messages.send`, `calendar.`).
    pub fn on(call: &str, how: How) -> Self {
        Self { on: call.to_owned(), skip: 0, times: Some(1), how }
    }

    /// Once, the next such call is refused.
    pub fn refuse(call: &str, code: u16, reason: &str) -> Self {
        Self::on(call, How::Refused { code, reason: reason.to_owned(), retry_after: None })
    }

    /// Lets so many such calls pass first.
    #[must_use]
    pub fn after(self, skip: u32) -> Self {
        Self { skip, ..self }
    }

    /// So many times.
    #[must_use]
    pub fn times(self, times: u32) -> Self {
        Self { times: Some(times), ..self }
    }

    /// Every time.
    #[must_use]
    pub fn always(self) -> Self {
        Self { times: None, ..self }
    }
}

/// The orders in force.
#[derive(Debug, Default)]
pub(super) struct Faults(Vec<Fault>);

impl Faults {
    pub(super) fn add(&mut self, faults: impl IntoIterator<Item = Fault>) {
        self.0.extend(faults);
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// Counts a call and says what happens to its answer; the oldest order that is due has it.
    pub(super) fn strike(&mut self, call: &str) -> Option<How> {
        let due = self.0.iter_mut().find(|fault| call.starts_with(&fault.on) && fault.times != Some(0))?;
        if due.skip > 0 {
            due.skip -= 1;
            return None;
        }
        due.times = due.times.map(|left| left - 1);
        Some(due.how.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_waits_for_its_call_and_strikes_so_many_times() {
        let mut faults = Faults::default();
        faults.add([Fault::on("gmail.messages.send", How::Drop).after(1).times(2)]);
        assert_eq!(faults.strike("gmail.messages.get"), None);
        let struck: Vec<bool> = (0..4).map(|_| faults.strike("gmail.messages.send").is_some()).collect();
        assert_eq!(struck, [false, true, true, false]);
    }
}
