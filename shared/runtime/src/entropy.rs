//! The only source of randomness: the machine's, or a seed's in tests.
//!
//! Root ids and secrets are minted here and nowhere else; ids of what a job writes derive from their
//! parent instead (`house.md` §4), because a job may run twice.

use std::sync::{Arc, Mutex, PoisonError};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use domain::{id::Id, time::Timestamp};
use uuid::Uuid;

use crate::Secret;

/// Gives random bits.
#[derive(Clone, Debug)]
pub struct Entropy(Source);

#[derive(Clone, Debug)]
enum Source {
    System,
    Seeded(Arc<Mutex<fastrand::Rng>>),
}

impl Entropy {
    /// The machine's own.
    pub const fn system() -> Self {
        Self(Source::System)
    }

    /// The same bits for the same seed: for tests, where nothing secret hangs on it.
    pub fn seeded(seed: u64) -> Self {
        Self(Source::Seeded(Arc::new(Mutex::new(fastrand::Rng::with_seed(seed)))))
    }

    /// Fills `bytes`.
    pub fn fill(&self, bytes: &mut [u8]) {
        match &self.0 {
            Source::System => {
                if let Err(error) = getrandom::fill(bytes) {
                    // Going on would mint guessable secrets: no answer is better than that one.
                    tracing::error!(%error, "the machine gives no randomness: stopping");
                    std::process::abort();
                }
            }
            Source::Seeded(rng) => rng.lock().unwrap_or_else(PoisonError::into_inner).fill(bytes),
        }
    }

    /// `N` random bytes.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        bytes
    }

    /// A UUID v7 of that instant: sorts by time, to the millisecond.
    pub fn uuid(&self, at: Timestamp) -> Uuid {
        let millis = u64::try_from(at.utc().timestamp_millis()).unwrap_or_default();
        uuid::Builder::from_unix_timestamp_millis(millis, &self.bytes()).into_uuid()
    }

    /// A new root id of any kind.
    pub fn id<K>(&self, at: Timestamp) -> Id<K> {
        Id::new(self.uuid(at))
    }

    /// A secret of 256 bits, base64url without padding: 43 characters that need no escaping anywhere.
    pub fn secret(&self) -> Secret {
        Secret::new(BASE64_URL_SAFE_NO_PAD.encode(self.bytes::<32>()))
    }

    /// `N` random bytes as lower-case hexadecimal digits.
    pub fn hex<const N: usize>(&self) -> String {
        hex::encode(self.bytes::<N>())
    }

    /// Uniform in `0.0..1.0`, for jitter.
    pub fn fraction(&self) -> f64 {
        // 32 bits are plenty for jitter, and convert to f64 without loss.
        f64::from(u32::from_le_bytes(self.bytes())) / (f64::from(u32::MAX) + 1.0)
    }
}

impl vault::Random for Entropy {
    fn fill(&self, bytes: &mut [u8]) {
        Self::fill(self, bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_ids_and_another_seed_others() {
        let at: Timestamp = "2026-03-01T09:00:00Z".parse().unwrap();
        assert_eq!(Entropy::seeded(1).uuid(at), Entropy::seeded(1).uuid(at));
        assert_ne!(Entropy::seeded(1).uuid(at), Entropy::seeded(2).uuid(at));
        assert_ne!(Entropy::system().uuid(at), Entropy::system().uuid(at));
    }

    #[test]
    fn an_id_carries_its_instant_and_is_version_seven() {
        let at: Timestamp = "2026-03-01T09:00:00.123Z".parse().unwrap();
        let id = Entropy::seeded(1).uuid(at);
        assert_eq!(id.get_version_num(), 7);
        assert_eq!(id.as_u128() >> 80, u128::try_from(at.utc().timestamp_millis()).unwrap());
    }

    #[test]
    fn a_secret_has_256_bits_and_needs_no_escaping() {
        let secret = Entropy::system().secret();
        assert_eq!(secret.reveal().len(), 43);
        assert!(secret.reveal().bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b)));
    }

    #[test]
    fn a_fraction_is_at_least_zero_and_below_one() {
        let entropy = Entropy::seeded(3);
        assert!((0..1000).map(|_| entropy.fraction()).all(|f| (0.0..1.0).contains(&f)));
    }
}
