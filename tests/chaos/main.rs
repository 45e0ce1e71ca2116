//! Chaos: real processes under load while something breaks, one cell per kind of breakage. Apart from the quick tests,
//! one cell after the other, each bounded: `cargo test --test chaos -- --nocapture`.
//!
//! Every cell prints what was accepted, decided, executed, duplicated and lost; the last two are 0, or it fails.
//! What a cell needs besides (a pgbouncer, an older release) it asks for, and fails without.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, waits by looking again and again, and breaks things with SQL of its own"
)]

mod database;
mod field;
#[path = "../e2e/fleet.rs"]
#[expect(dead_code, reason = "the end-to-end tests use the rest of it")]
mod fleet;
mod pooler;
mod processes;
mod releases;
mod world;
