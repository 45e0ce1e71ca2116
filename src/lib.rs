//! The all-in-one `skytwin` and the operator's commands: they only put the other crates together.

mod accounts;
pub mod bench;
mod demo;
mod error;
pub mod eval;
pub mod jobs;
pub mod keys;
mod note;
pub mod operate;
pub mod people;
pub mod post;
pub mod service;
mod terminal;
pub mod up;
pub mod watch;

pub use error::{Error, Result};
