//! One folder per outside system: each translates one wire into the types of [`crate::ports`].

pub mod google;
pub mod ironclaw_responses;
mod retry_after;

pub use ironclaw_responses::install_crypto;
