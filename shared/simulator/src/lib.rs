//! Far sides to talk to when there are no others: real HTTP servers, on loopback only. An execution engine that speaks
//! the protocols of IronClaw, of either generation; [`google`], a mailbox and a calendar; [`provider`], where accounts are
//! signed in to and their tokens come from; [`letterbox`], where notifications are sent to. They check every request
//! against the documented shapes, sizes and limits.
//!
//! Invariant: the work behind one idempotency key is written into the journal at most once, whatever is re-sent, dropped,
//! cancelled or restarted in between. Everything else about it may be made to go wrong on purpose ([`Rule`]), because
//! what our side makes of a broken answer is what this crate exists to show. It shares no code with our adapter: two
//! readings of one protocol check each other.
//!
//! ```no_run
//! # async fn demo() -> Result<(), simulator::StartError> {
//! use simulator::{Options, Reply, Rule, Simulator};
//! let engine = Simulator::start(([127, 0, 0, 1], 0).into(), Options::new("a token")).await?;
//! engine.inject([Rule::reply(Reply::status(503)).verb("pay_bill").times(2)]);
//! println!("{} has done {} things", engine.url, engine.journal().len());
//! engine.stop().await;
//! # Ok(())
//! # }
//! ```

mod chat;
mod clock;
mod control;
mod cord;
mod engine;
mod fault;
mod faults;
mod frames;
mod gate;
pub mod google;
mod journal;
pub mod letterbox;
mod limits;
mod log;
mod orders;
mod problem;
mod protocol;
pub mod provider;
mod responses;
mod routes;
mod run;
mod server;
mod spoil;
mod webhook;

pub use engine::Received;
pub use fault::{End, On, Reply, Rule, Twist};
pub use gate::{Gate, GateKind};
pub use journal::{Effect, JournalError};
pub use server::{Generation, Options, Running, Simulator, StartError};
