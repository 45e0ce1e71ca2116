//! Tests that need real parts, in one binary: linking once is cheaper than linking per file.

mod accounts;
mod api;
mod architecture;
mod channels;
mod engine;
mod google;
mod metrics;
mod postgres;
mod proxy;
mod queue;
mod store;
mod unit_cases;
mod worker;
