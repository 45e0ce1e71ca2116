//! Tokens: minted once, shown once, kept as a hash.

use domain::{id::UserId, time::Timestamp};
use runtime::{Entropy, Secret};
use sha2::{Digest, Sha256};
use store::tokens::Token;

use crate::caller::Scope;

/// A new token, on its way to the database and to whoever asked for it.
#[derive(Debug)]
pub struct Minted {
    /// What to give away, once.
    pub secret: Secret,
    /// What to keep of it.
    pub hash: [u8; 32],
    /// Everything else about it.
    pub token: Token,
}

/// Mints a token with every scope of a person, or, for nobody, an operator's. It does not expire.
pub fn mint(entropy: &Entropy, user: Option<UserId>, name: &str, now: Timestamp) -> Minted {
    let scopes = Scope::ALL.into_iter().filter(|scope| (*scope == Scope::Operator) == user.is_none());
    scoped(entropy, user, name, scopes, None, now)
}

/// Mints a token with these scopes.
pub fn scoped(
    entropy: &Entropy,
    user: Option<UserId>,
    name: &str,
    scopes: impl IntoIterator<Item = Scope>,
    expires_at: Option<Timestamp>,
    now: Timestamp,
) -> Minted {
    let secret = Secret::new(format!("st_{}", entropy.secret().reveal()));
    let token = Token {
        id: entropy.id(now),
        user,
        name: name.to_owned(),
        scopes: scopes.into_iter().map(|scope| scope.as_str().to_owned()).collect(),
        created_at: now,
        expires_at,
        revoked_at: None,
    };
    Minted { hash: hash(secret.reveal()), secret, token }
}

/// What is kept of a token. It holds 256 random bits, so a plain SHA-256 can't be turned round by guessing.
pub fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

/// The prefix and at least 43 base64url characters: anything else needs no look into the database.
pub(crate) fn shaped(prefix: &str, token: &str) -> bool {
    token.strip_prefix(prefix).is_some_and(|rest| {
        (43..=128).contains(&rest.len()) && rest.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minted_token_looks_like_ours_and_only_its_hash_is_kept() {
        let now = "2026-03-01T09:00:00Z".parse().unwrap();
        let user = UserId::new(uuid::Uuid::from_u128(1));
        let one = mint(&Entropy::seeded(1), Some(user), "phone", now);
        let secret = one.secret.reveal();
        assert!(shaped("st_", secret));
        assert_eq!(one.hash, hash(secret));
        assert_eq!(one.token.scopes, ["read", "signal", "answer", "settings"]);
        assert!(!format!("{one:?}").contains(secret));
        assert_eq!(mint(&Entropy::seeded(2), None, "ops", now).token.scopes, ["operator"]);
        for wrong in ["", "st_", "st_short", &secret[3..], &format!("{secret}!"), &"st_".repeat(100)] {
            assert!(!shaped("st_", wrong), "{wrong}");
        }
    }
}
