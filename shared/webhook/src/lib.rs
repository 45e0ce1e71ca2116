//! Webhooks, in and out: how they are signed, and which addresses a person may have this system call.
//!
//! A crate of its own because the API takes and names them and the workers send them, and neither may use the other.
//! Pure: clock, secrets and resolved addresses are arguments.

pub mod address;
pub mod signature;
