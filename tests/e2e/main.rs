//! End to end: the built binary as real processes on a real Postgres, against an engine over real HTTP, with real kills.
//!
//! This target belongs to the root package, so that cargo has built the binary that it starts.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, waits by looking again and again, and seeds with SQL of its own"
)]

mod bench;
mod browser;
mod commands;
mod crowd;
mod deaf;
mod docs;
mod fleet;
mod frozen;
mod keys;
mod kills;
mod mailbox;
mod observe;
mod scenarios;
mod starting;
mod storm;
mod streams;
mod tour;
mod up;
mod walk;
mod watched;
