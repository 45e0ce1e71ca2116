//! What the system tells about itself: every metric by name, and the thread that ties a request to its jobs.
//!
//! It knows neither the domain nor the database, so that every crate may use it. Two things in it are ambient on purpose,
//! as nothing else in this workspace is: counters (a number that is only ever added to decides nothing), and the thread
//! of the work at hand (passed through every signature it would be noise, and nothing may ever depend on it).

mod instrument;
pub mod metrics;
pub mod thread;
mod traceparent;

pub use instrument::{About, Counter, FORMAT, Gauge, Histogram, Kind, page};
pub use thread::Thread;
pub use traceparent::Traceparent;

/// The labels of a metric that has none.
pub const ALONE: [&str; 0] = [];
