//! All SQL of ours, and the only door to the queue.
//!
//! One file per table family. Reads take a [`Source`] (`&Store`, or `&mut Tx` where they must see what the
//! transaction sees) and always the user whose row it is: another user's row is [`Error::NotFound`]. Writes take
//! `&mut Tx` and the [`UserLock`] that [`Tx::lock`] gives; [`Tx::commit`] with an outbox is the only commit.
//! Nothing here decides: rows become domain values and domain values become rows.

pub mod accounts;
pub mod alerts;
pub mod approvals;
pub mod audit;
pub mod channels;
pub mod connects;
mod counted;
pub mod decisions;
pub mod deliveries;
pub mod engines;
pub mod erase;
mod error;
pub mod events;
pub mod executions;
pub mod export;
pub mod facts;
pub mod feedback;
pub mod hooks;
pub mod idempotency;
pub mod identities;
pub mod jobs;
pub mod learning;
pub mod ledger;
pub mod notifications;
pub mod overdue;
pub mod overrides;
mod page;
pub mod policies;
pub mod preferences;
pub mod profile;
pub mod retention;
mod row;
pub mod sample;
pub mod secrets;
pub mod sessions;
pub mod signals;
mod source;
pub mod sources;
pub mod system;
pub mod tickets;
pub mod tokens;
pub mod trust;
mod tx;
pub mod users;

pub use error::{Cause, Error, Result};
pub use page::{Cursor, Page};
pub use source::{Source, Store, migrate};
pub use tx::{EVENTS, Tx, UserLock};
