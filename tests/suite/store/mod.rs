//! The store against a real Postgres: guards, fences, money and streams under concurrency, and what is refused.

mod approvals;
mod corrupt;
mod decisions;
mod events;
mod executions;
mod facts;
mod guards;
mod idempotency;
mod isolation;
mod ledger;
mod made;
mod outage;
mod outbox;
mod overdue;
mod round_trip;
mod signals;
mod users;
