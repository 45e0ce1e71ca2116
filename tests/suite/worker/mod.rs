//! The worker against a real database: every way a signal can go, and every way that can be disturbed.
//!
//! `bench` runs jobs by hand, one at a time and as the test says (twice, crashed, lost), which makes the faults exact
//! and quick; `crew.rs` runs the real workers on the real queue.
#![expect(
    clippy::disallowed_methods,
    reason = "these tests look at the queue's tables with SQL of their own, and let loose what they watch"
)]

mod bench;
mod crash;
mod crew;
mod dead;
mod dispatch;
mod far_side;
mod held;
mod housekeeping;
mod identity;
mod kept;
mod rolling;
mod tightened;
mod trouble;
mod trust;
mod undo;
mod ways;
