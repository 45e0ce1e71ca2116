//! A sealed secret: its bytes, whose it is, and how it is sealed and opened.
//!
//! The bytes, version 1; everything before a nonce is authenticated with what follows it:
//!
//! ```text
//! 1       version
//! 1       purpose
//! 16      user
//! 16      subject: the account, or what else the secret belongs to
//!         ^ authenticated with the secret
//! 1 + n   id of the key-encryption key
//!         ^ with all of the above authenticated with the data key
//! 24      nonce
//! 48      data key, sealed under the key-encryption key (XChaCha20-Poly1305)
//! 24      nonce
//! n + 16  secret, sealed under the data key (XChaCha20-Poly1305)
//! ```
//!
//! Nonces are 192 random bits: they never meet, however many processes draw them.

use std::fmt;

use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::{
    Keyring, Random,
    keyring::{KEY, Key, is_id, random_key},
};

const VERSION: u8 = 1;
const NONCE: usize = 24;
const TAG: usize = 16;
/// Version, purpose, user, subject.
const BINDING: usize = 2 + 16 + 16;

/// What a secret is for: a secret of one kind never opens as another. A new kind is a line here; numbers are for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Purpose {
    /// The tokens of a connected account; the subject is the account.
    Account,
    /// What a person's engine gave to know them by; the subject is that identity.
    EngineIdentity,
    /// What signs for a person's hook; the subject is that secret.
    Hook,
    /// What signs the webhooks of a channel; the subject is the channel.
    Channel,
}

impl Purpose {
    /// Every purpose.
    pub const ALL: [Self; 4] = [Self::Account, Self::EngineIdentity, Self::Hook, Self::Channel];

    /// Its name in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::EngineIdentity => "engine_identity",
            Self::Hook => "hook",
            Self::Channel => "channel",
        }
    }

    /// The purpose of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|purpose| purpose.as_str() == name)
    }

    const fn number(self) -> u8 {
        match self {
            Self::Account => 1,
            Self::EngineIdentity => 2,
            Self::Hook => 3,
            Self::Channel => 4,
        }
    }
}

/// Whose secret it is and what for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Binding {
    /// What for.
    pub purpose: Purpose,
    /// Whose.
    pub user: Uuid,
    /// What it belongs to, such as the account.
    pub subject: Uuid,
}

impl Binding {
    fn bytes(self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(BINDING);
        bytes.extend([VERSION, self.purpose.number()]);
        bytes.extend(self.user.as_bytes());
        bytes.extend(self.subject.as_bytes());
        bytes
    }
}

/// A secret that only the vault can open: safe to store, useless to look at.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed(Vec<u8>);

/// An opened secret: wiped when dropped, never shown.
pub struct Opened(Zeroizing<Vec<u8>>);

/// Why a secret does not open, or can't be sealed.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// Not of a form this release knows.
    #[error("these are not bytes that this vault has sealed")]
    Form,
    /// The key it was sealed under was not given to this process.
    #[error("it is sealed under the key `{0}`, which this process was not given")]
    UnknownKey(String),
    /// It is whole, but somebody else's or for something else.
    #[error("it was sealed for somebody or something else")]
    OtherBinding,
    /// Its bytes or its key are not those it was sealed with.
    #[error("it has been tampered with, or the key of that id is another one")]
    Tampered,
    /// Longer than the cipher takes.
    #[error("it is too long to be sealed")]
    Size,
}

impl Sealed {
    /// Bytes as they were stored; whether they can be opened shows when they are.
    pub const fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The bytes to store.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The id of the key-encryption key it is sealed under.
    pub fn key_id(&self) -> Result<&str, OpenError> {
        Ok(self.parts()?.key_id)
    }

    fn parts(&self) -> Result<Parts<'_>, OpenError> {
        let whole = self.0.as_slice();
        let (binding, rest) = whole.split_at_checked(BINDING).ok_or(OpenError::Form)?;
        let (length, rest) = rest.split_first().ok_or(OpenError::Form)?;
        let (key_id, rest) = rest.split_at_checked(usize::from(*length)).ok_or(OpenError::Form)?;
        let (key, data) = rest.split_at_checked(NONCE + KEY + TAG).ok_or(OpenError::Form)?;
        let header = whole.get(..BINDING + 1 + key_id.len()).ok_or(OpenError::Form)?;
        let key_id = std::str::from_utf8(key_id).ok().filter(|id| is_id(id)).ok_or(OpenError::Form)?;
        if binding.first() != Some(&VERSION) || data.len() < NONCE + TAG {
            return Err(OpenError::Form);
        }
        Ok(Parts { binding, key_id, header, key, data })
    }
}

struct Parts<'a> {
    binding: &'a [u8],
    key_id: &'a str,
    /// Everything before the sealed data key.
    header: &'a [u8],
    key: &'a [u8],
    data: &'a [u8],
}

impl Keyring {
    /// Seals a secret under a data key of its own, and that under the newest key.
    pub fn seal(&self, binding: Binding, secret: &[u8], random: &impl Random) -> Result<Sealed, OpenError> {
        let bound = binding.bytes();
        let data_key = random_key(random);
        let data = encrypt(&data_key, &bound, secret, random)?;
        self.wrap(bound, &data_key, &data, random)
    }

    /// Opens a secret that was sealed for this binding.
    pub fn open(&self, binding: Binding, sealed: &Sealed) -> Result<Opened, OpenError> {
        let parts = sealed.parts()?;
        let data_key = self.data_key(binding, &parts)?;
        decrypt(&data_key, parts.binding, parts.data).map(Opened)
    }

    /// The same secret with its data key sealed under the newest key; none, when it is already. Opens no secret.
    pub fn reseal(&self, binding: Binding, sealed: &Sealed, random: &impl Random) -> Result<Option<Sealed>, OpenError> {
        let parts = sealed.parts()?;
        let data_key = self.data_key(binding, &parts)?;
        if parts.key_id == self.newest() {
            return Ok(None);
        }
        self.wrap(parts.binding.to_vec(), &data_key, parts.data, random).map(Some)
    }

    fn wrap(&self, bound: Vec<u8>, data_key: &Key, data: &[u8], random: &impl Random) -> Result<Sealed, OpenError> {
        let (id, key) = self.sealing().ok_or_else(|| OpenError::UnknownKey(String::new()))?;
        let mut bytes = bound;
        bytes.push(u8::try_from(id.len()).map_err(|_| OpenError::Size)?);
        bytes.extend(id.as_bytes());
        let wrapped = encrypt(key, &bytes, data_key.as_slice(), random)?;
        bytes.extend(wrapped);
        bytes.extend(data);
        Ok(Sealed(bytes))
    }

    fn data_key(&self, binding: Binding, parts: &Parts<'_>) -> Result<Key, OpenError> {
        let key = self.key(parts.key_id).ok_or_else(|| OpenError::UnknownKey(parts.key_id.to_owned()))?;
        let opened = decrypt(key, parts.header, parts.key)?;
        // After the seal was checked: only then is it certain that somebody else's is what it claims to be.
        if parts.binding != binding.bytes() {
            return Err(OpenError::OtherBinding);
        }
        Ok(Zeroizing::new(opened.as_slice().try_into().map_err(|_| OpenError::Form)?))
    }
}

fn cipher(key: &Key) -> XChaCha20Poly1305 {
    let key: &[u8; KEY] = key;
    XChaCha20Poly1305::new(key.into())
}

/// Nonce and ciphertext.
fn encrypt(key: &Key, bound: &[u8], secret: &[u8], random: &impl Random) -> Result<Vec<u8>, OpenError> {
    let mut nonce = [0; NONCE];
    random.fill(&mut nonce);
    let sealed =
        cipher(key).encrypt(&XNonce::from(nonce), Payload { msg: secret, aad: bound }).map_err(|_| OpenError::Size)?;
    let mut bytes = nonce.to_vec();
    bytes.extend(sealed);
    Ok(bytes)
}

fn decrypt(key: &Key, bound: &[u8], bytes: &[u8]) -> Result<Zeroizing<Vec<u8>>, OpenError> {
    let (nonce, sealed) = bytes.split_first_chunk::<NONCE>().ok_or(OpenError::Form)?;
    let opened = cipher(key).decrypt(&XNonce::from(*nonce), Payload { msg: sealed, aad: bound });
    opened.map(Zeroizing::new).map_err(|_| OpenError::Tampered)
}

impl Opened {
    /// The secret itself; never log it, never keep it longer than needed.
    pub fn reveal(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Opened(hidden)")
    }
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealed({} bytes)", self.0.len())
    }
}

#[cfg(test)]
mod tests;
