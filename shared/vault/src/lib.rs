//! Seals secrets at rest: tokens of connected accounts and whatever else must be kept but never read by looking.
//!
//! An envelope: the secret is sealed under a data key of its own, the data key under a key-encryption key that comes
//! from outside of the database and has an id. So a database that leaks tells nothing, a new key-encryption key needs
//! the data keys sealed anew and never the secrets opened, and several keys may open while one seals.
//!
//! Invariants: what is sealed says for whom and for what, and opens for nothing else ([`Binding`]); one changed bit
//! anywhere and it does not open; no key and no secret is in any `Debug` or error; keys and opened secrets are wiped
//! from memory when dropped. Pure: randomness is an argument.

mod keyring;
mod sealed;

pub use keyring::{Keyring, KeyringError, NewKey};
pub use sealed::{Binding, OpenError, Opened, Purpose, Sealed};

/// Where random bytes come from: the process's one source (`runtime::Entropy`).
pub trait Random {
    /// Fills all of `bytes`.
    fn fill(&self, bytes: &mut [u8]);
}
