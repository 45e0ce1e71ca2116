//! The queue crate against a real server, and every fault it promises to survive.
#![expect(
    clippy::disallowed_methods,
    reason = "these tests look at apalis's tables with SQL of their own, and let loose what they watch"
)]

mod admin;
mod bell;
mod claim;
mod connections;
mod cron;
mod enqueue;
mod lease;
mod manage;
mod outage;
mod outcome;
mod plans;
mod rig;
mod stop;
