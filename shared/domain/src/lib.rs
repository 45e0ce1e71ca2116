//! The rules of SkyTwin: what a signal means, what may be done about it, and what every answer changes.
//!
//! Pure: no I/O, no clock, no async, no randomness. Every function takes values and returns values; the shell loads,
//! calls, and saves. `domain.md` in the design documents is the source of every rule and number named here.
#![deny(clippy::wildcard_enum_match_arm, clippy::float_arithmetic)]

pub mod account;
pub mod action;
pub mod approval;
pub mod breaker;
pub mod catalogue;
pub mod channel;
pub mod decide;
pub mod decision;
pub mod digest;
pub mod event;
pub mod execution;
pub mod explain;
pub mod facts;
pub mod feedback;
#[cfg(test)]
mod fixtures;
pub mod flags;
pub mod id;
pub mod job;
pub mod learning;
pub mod ledger;
pub mod mailbox;
pub mod money;
pub mod notify;
pub mod outbox;
pub mod policy;
pub mod profile;
pub mod quiet;
pub mod quota;
pub mod retry;
pub mod retry_after;
pub mod risk;
pub mod settings;
pub mod signal;
pub mod situation;
pub mod source;
#[cfg(test)]
mod testing;
pub mod tier;
pub mod time;
pub mod trust;
pub mod twin;
pub mod undo;
mod wire;
mod words;

pub use wire::UnknownWord;
