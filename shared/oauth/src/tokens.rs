//! A set of tokens on its way between the provider and the vault: never shown, wiped when dropped.

use std::fmt;

use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, Zeroizing};

/// The tokens of one grant.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tokens {
    access: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    refresh: Option<String>,
}

/// What was in the vault is no set of tokens.
#[derive(Debug, thiserror::Error)]
#[error("what was sealed is no set of tokens")]
pub struct Unreadable;

impl Tokens {
    /// These.
    pub fn new(access: impl Into<String>, refresh: Option<String>) -> Self {
        Self { access: access.into(), refresh }
    }

    /// As they are sealed.
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        // Room for all of it from the start: a vector that grows leaves copies behind.
        let mut bytes =
            Zeroizing::new(Vec::with_capacity(64 + 2 * (self.access.len() + self.refresh().map_or(0, str::len))));
        if serde_json::to_writer(&mut *bytes, self).is_err() {
            bytes.clear();
        }
        bytes
    }

    /// As they were sealed.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Unreadable> {
        serde_json::from_slice(bytes).map_err(|_| Unreadable)
    }

    /// What the provider's APIs want to see; never log it.
    pub fn access(&self) -> &str {
        &self.access
    }

    /// What a new access token is got with; never log it.
    pub fn refresh(&self) -> Option<&str> {
        self.refresh.as_deref()
    }
}

impl Drop for Tokens {
    fn drop(&mut self) {
        self.access.zeroize();
        self.refresh.zeroize();
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tokens(hidden)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_survive_the_way_through_the_vault_and_are_never_shown() {
        for refresh in [None, Some("hunter3".to_owned())] {
            let tokens = Tokens::new("hunter2", refresh);
            assert_eq!(Tokens::from_bytes(&tokens.to_bytes()).unwrap(), tokens);
            assert!(!format!("{tokens:?}").contains("hunter"));
        }
        assert!(Tokens::from_bytes(b"").is_err());
    }
}
