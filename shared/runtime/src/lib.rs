//! The process around the code: everything that differs between two runs of the same inputs lives here.
//!
//! Clock, randomness, environment, signals, logs and the embedded database are handed to the rest as
//! values, so that a test can hand over others. This crate therefore is the only one that the linter
//! lets call `SystemTime::now`, `std::env` and `tokio::spawn`.

pub mod clock;
pub mod config;
pub mod crypto;
pub mod entropy;
pub mod faults;
pub mod login;
pub mod mail;
mod memory;
pub mod postgres;
pub mod providers;
pub mod retention;
pub mod role;
pub mod scrape;
pub mod secret;
pub mod shutdown;
pub mod telemetry;
pub mod traces;
pub mod vault_file;

pub use clock::Clock;
pub use config::Config;
pub use entropy::Entropy;
pub use faults::Faults;
pub use login::login_name;
pub use retention::Retention;
pub use role::Role;
pub use secret::Secret;
pub use shutdown::Shutdown;
