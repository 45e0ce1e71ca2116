//! A provider of accounts to talk to when there is no other: it behaves as Google's OAuth endpoints are documented, over
//! real HTTP, on loopback only.
//!
//! Invariant: a grant is spent, rotated and revoked by the book, whatever goes wrong with the answer: a token that was
//! rotated is void even if nobody heard of the new one. Faults are on order ([`Rule`]); every call is counted for the
//! account it was about. It shares no code with our client: two readings of one protocol check each other.

mod consent;
mod fault;
mod grants;
mod routes;
mod server;
mod token;

pub use fault::{Fault, On, Rule};
pub use grants::Calls;
pub use server::{Options, Person, Provider, Running};
