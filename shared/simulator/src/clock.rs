//! The far side's own clock: it is another machine, so it does not share our process's idea of time.

use chrono::{DateTime, Utc};

/// The machine's time.
#[expect(
    clippy::disallowed_methods,
    reason = "the far side stands for another machine, whose clock is not ours to move"
)]
pub(crate) fn now() -> DateTime<Utc> {
    std::time::SystemTime::now().into()
}
