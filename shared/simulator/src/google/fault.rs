//! Faults on order for the mail and calendar calls, by the name of the call.

use crate::orders::{Order, Orders};

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
    /// Nothing is done, and this is what it says for an answer, whether that is JSON or not.
    Says(String),
}

/// Which calls, and what happens to them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct What {
    on: String,
    how: How,
}

/// One order: which calls, how often, what.
pub type Fault = Order<What>;

impl Fault {
    /// Once, the next call whose name starts like this (`gmail.messages.send`, `calendar.`).
    pub fn on(call: &str, how: How) -> Self {
        Self::once(What { on: call.to_owned(), how })
    }

    /// Once, the next such call is refused.
    pub fn refuse(call: &str, code: u16, reason: &str) -> Self {
        Self::on(call, How::Refused { code, reason: reason.to_owned(), retry_after: None })
    }
}

impl Orders<What> {
    /// Counts a call and says what happens to its answer.
    pub(super) fn strike_call(&mut self, call: &str) -> Option<How> {
        self.strike(|what| call.starts_with(&what.on)).map(|what| what.how.clone())
    }
}
