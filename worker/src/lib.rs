//! Runs the jobs: loads, asks the domain, saves; and speaks to the engine.
//!
//! The rows own the truth and a job is a doorbell (`house.md` §2): whatever the queue loses, doubles, delays or
//! reorders, and wherever a process dies, the rows say what is still to be done and the sweep rings for it.

pub mod accounts;
pub mod adapters;
mod burial;
mod crew;
mod error;
pub mod jobs;
pub mod ports;
mod process;
mod state;
pub mod sweep;

pub use crew::Error as CrewError;
pub use error::Error;
pub use process::{main, run};
pub use state::{Pace, State};
