//! The key-encryption keys: each with an id, the newest first. The newest seals, all of them open.
//!
//! As text, one `id:key` per line or between commas; the key is 32 bytes in base64. Whoever brings a new key puts it
//! first and keeps the old ones until nothing is sealed under them.

use std::{fmt, sync::Arc};

use base64::{
    Engine,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use zeroize::Zeroizing;

use crate::Random;

pub(crate) const KEY: usize = 32;
/// An id is stored with every secret: short, and plain enough for any file and log.
const LONGEST_ID: usize = 32;

/// With or without padding, since both are about.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

pub(crate) type Key = Zeroizing<[u8; KEY]>;

/// The key-encryption keys of a process. Cheap to clone; shows ids only.
#[derive(Clone)]
pub struct Keyring(Arc<Vec<(String, Key)>>);

/// A text that is no keyring. Says where, never what.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyringError {
    /// Nothing in it.
    #[error("there is no key in it")]
    Empty,
    /// Not `id:key`.
    #[error("entry {0} is not `id:key`")]
    Entry(usize),
    /// Not an id.
    #[error("the id of entry {0} is not 1 to 32 of a-z, 0-9, - and _")]
    Id(usize),
    /// Not a key.
    #[error("the key of entry {0} is not 32 random bytes in base64 (`openssl rand -base64 32`)")]
    Key(usize),
    /// Which of them would open?
    #[error("entry {0} has an id that was there before")]
    Twice(usize),
}

/// A freshly made key as its line of text; shows itself only when asked.
pub struct NewKey(Zeroizing<String>);

impl Keyring {
    /// Reads keys, the newest first. Lines that start with `#` are comments.
    pub fn parse(text: &str) -> Result<Self, KeyringError> {
        let lines = text.lines().map(str::trim).filter(|line| !line.starts_with('#'));
        let entries = lines.flat_map(|line| line.split([',', ' ', '\t'])).filter(|entry| !entry.is_empty());
        let mut keys: Vec<(String, Key)> = Vec::new();
        for (at, entry) in entries.enumerate().map(|(at, entry)| (at + 1, entry)) {
            let (id, key) = entry.split_once(':').ok_or(KeyringError::Entry(at))?;
            if !is_id(id) {
                return Err(KeyringError::Id(at));
            }
            if keys.iter().any(|(known, _)| known == id) {
                return Err(KeyringError::Twice(at));
            }
            keys.push((id.to_owned(), read(key).ok_or(KeyringError::Key(at))?));
        }
        if keys.is_empty() { Err(KeyringError::Empty) } else { Ok(Self(Arc::new(keys))) }
    }

    /// Makes a key of that name.
    pub fn new_key(id: &str, random: &impl Random) -> Result<NewKey, KeyringError> {
        if !is_id(id) {
            return Err(KeyringError::Id(1));
        }
        let key = random_key(random);
        let text = Zeroizing::new(BASE64.encode(key.as_slice()));
        Ok(NewKey(Zeroizing::new(format!("{id}:{}", text.as_str()))))
    }

    /// The id of the key that seals.
    pub fn newest(&self) -> &str {
        self.0.first().map_or("", |(id, _)| id)
    }

    /// Every id, the newest first.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(id, _)| id.as_str())
    }

    pub(crate) fn key(&self, id: &str) -> Option<&Key> {
        self.0.iter().find(|(known, _)| known == id).map(|(_, key)| key)
    }

    pub(crate) fn sealing(&self) -> Option<(&str, &Key)> {
        self.0.first().map(|(id, key)| (id.as_str(), key))
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.ids()).finish()
    }
}

impl NewKey {
    /// The line, for the file or the environment; never log it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for NewKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NewKey(hidden)")
    }
}

pub(crate) fn is_id(id: &str) -> bool {
    (1..=LONGEST_ID).contains(&id.len())
        && id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_')
}

pub(crate) fn random_key(random: &impl Random) -> Key {
    let mut key = Zeroizing::new([0; KEY]);
    random.fill(key.as_mut_slice());
    key
}

fn read(text: &str) -> Option<Key> {
    // both alphabets of base64 are about, too
    let text = Zeroizing::new(text.replace('-', "+").replace('_', "/"));
    let bytes = Zeroizing::new(BASE64.decode(text.as_bytes()).ok()?);
    Some(Zeroizing::new(bytes.as_slice().try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(fuzz::cases(1))]

        #[test]
        fn any_text_is_a_keyring_or_refused_and_never_shown(text in fuzz::text_of(&[A, B, "c:", "hunter2", ",", "\n", "#", ":", "AAAA"])) {
            match Keyring::parse(&format!("{text}hunter2")) {
                Ok(keys) => {
                    let shown = format!("{keys:?}");
                    prop_assert!(keys.ids().count() >= 1 && keys.ids().all(is_id) && !shown.contains("AAEC"));
                }
                Err(error) => {
                    let told = format!("{error} {error:?}");
                    prop_assert!(!told.contains("hunter2"), "{}", told);
                }
            }
        }
    }

    const A: &str = "a:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    const B: &str = "b-2:__79_Pv6-fj39vX08_Lx8O_u7ezr6uno5-bl5OPi4eA";

    #[test]
    fn keys_are_read_newest_first_from_lines_or_commas_in_both_kinds_of_base64() {
        for text in [format!("{B},{A}"), format!("# new\n{B}\n\n# old\n  {A}\n"), format!("{B} {A}")] {
            let keys = Keyring::parse(&text).unwrap();
            assert_eq!(keys.ids().collect::<Vec<_>>(), ["b-2", "a"]);
            assert_eq!(keys.newest(), "b-2");
            assert_eq!(keys.key("b-2").unwrap()[..3], [0xff, 0xfe, 0xfd]);
            assert!(keys.key("c").is_none());
        }
    }

    #[test]
    fn a_wrong_text_is_refused_with_the_place_and_without_the_text() {
        let cases = [
            (String::new(), KeyringError::Empty),
            ("# nothing".to_owned(), KeyringError::Empty),
            (format!("{A},hunter2"), KeyringError::Entry(2)),
            (format!("UPPER:{A}"), KeyringError::Id(1)),
            ("x:hunter2".to_owned(), KeyringError::Key(1)),
            (format!("{A},{A}"), KeyringError::Twice(2)),
        ];
        for (text, wanted) in cases {
            let error = Keyring::parse(&text).unwrap_err();
            assert!(!error.to_string().contains("hunter2"));
            assert_eq!(error, wanted, "{text}");
        }
    }

    #[test]
    fn keys_are_never_shown() {
        assert_eq!(format!("{:?}", Keyring::parse(A).unwrap()), r#"["a"]"#);
    }
}
