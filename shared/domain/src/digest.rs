//! Digests: SHA-256 over JSON with sorted keys, so that the same content has the same digest wherever it was stored.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// Lower-case hex of a SHA-256.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Digest(String);

impl Digest {
    /// The digest of anything that is JSON.
    pub fn of<T: Serialize>(content: &T) -> Self {
        // Serialising our own types can't fail: no map has keys that are not strings.
        let value = serde_json::to_value(content).unwrap_or(Value::Null);
        let mut text = String::new();
        canonical(&value, &mut text);
        Self::of_bytes(text.as_bytes())
    }

    /// The digest of bytes as they are.
    pub fn of_bytes(bytes: &[u8]) -> Self {
        let digit = |half: u8| char::from_digit(u32::from(half), 16).unwrap_or('0');
        Self(Sha256::digest(bytes).iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect())
    }

    /// A digest that was stored.
    pub fn stored(hex: String) -> Self {
        Self(hex)
    }

    /// The hex.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for Digest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Writes `value` with every object's keys in order, whatever order its map keeps.
fn canonical(value: &Value, out: &mut String) {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_by_key(|(key, _)| *key);
            out.push('{');
            for (index, (key, value)) in entries.into_iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                out.push_str(&Value::from(key.as_str()).to_string());
                out.push(':');
                canonical(value, out);
            }
            out.push('}');
        }
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                canonical(item, out);
            }
            out.push(']');
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => out.push_str(&value.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_keys_does_not_matter_and_the_content_does() {
        let one: Value = serde_json::from_str(r#"{"b":[{"y":1,"x":2}],"a":"q\"uote"}"#).unwrap();
        let two: Value = serde_json::from_str(r#"{"a":"q\"uote","b":[{"x":2,"y":1}]}"#).unwrap();
        assert_eq!(Digest::of(&one), Digest::of(&two));
        let other: Value = serde_json::from_str(r#"{"a":"q\"uote","b":[{"x":2,"y":3}]}"#).unwrap();
        assert_ne!(Digest::of(&one), Digest::of(&other));
    }
}
