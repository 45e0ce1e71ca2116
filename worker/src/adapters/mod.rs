//! One folder per outside system: each translates one wire into the types of [`crate::ports`].

pub mod ironclaw_responses;

pub use ironclaw_responses::install_crypto;
