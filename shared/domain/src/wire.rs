//! Closed vocabularies: one macro gives an enum its wire names, its order and its errors (`domain.md` §2).
//!
//! Invariant: the wire name is the only text form; parsing anything else is an error that lists what is allowed.

/// A word that is not in a closed vocabulary.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{got}` is no {vocabulary}; use one of: {allowed}")]
pub struct UnknownWord {
    /// What the word was meant to be, such as `risk tier`.
    pub vocabulary: &'static str,
    /// The word as it came.
    pub got: String,
    /// Every word of the vocabulary, comma separated.
    pub allowed: String,
}

/// Declares a closed enum with `snake_case` wire names, in ascending order where an order is meant.
macro_rules! wire_enum {
    ($(#[$meta:meta])* $name:ident, $what:literal { $($(#[$vmeta:meta])* $variant:ident = $wire:literal $(| $alias:literal)*),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$vmeta])* #[doc = concat!("`", $wire, "`")] $variant),+ }

        impl $name {
            /// Every value, in ascending order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The wire name.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $wire),+ }
            }
        }

        impl ::core::fmt::Display for $name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result { f.write_str(self.as_str()) }
        }

        impl ::core::str::FromStr for $name {
            type Err = $crate::wire::UnknownWord;
            fn from_str(word: &str) -> Result<Self, Self::Err> {
                match word {
                    $($wire $(| $alias)* => Ok(Self::$variant),)+
                    other => Err($crate::wire::UnknownWord {
                        vocabulary: $what,
                        got: other.chars().take(64).collect(),
                        allowed: [$($wire),+].join(", "),
                    }),
                }
            }
        }

        impl ::serde::Serialize for $name {
            fn serialize<S: ::serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> { s.serialize_str(self.as_str()) }
        }

        impl<'de> ::serde::Deserialize<'de> for $name {
            fn deserialize<D: ::serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                let word = <::std::borrow::Cow<'de, str>>::deserialize(d)?;
                word.parse().map_err(::serde::de::Error::custom)
            }
        }
    };
}
pub(crate) use wire_enum;
