//! Identifiers: a UUID that knows what it names, so that one kind can never stand for another.
//!
//! Root ids are minted at the door (UUID v7, by `runtime::entropy`). Ids of what a job writes derive from
//! the parent and a label, so a job that runs twice writes the same rows (`house.md` §4).

use std::{fmt, marker::PhantomData, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

/// The id of one `K`.
pub struct Id<K>(Uuid, PhantomData<fn() -> K>);

impl<K> Id<K> {
    /// Wraps a UUID that is known to name a `K`.
    pub const fn new(uuid: Uuid) -> Self {
        Self(uuid, PhantomData)
    }

    /// The bare UUID, for the database and the wire.
    pub const fn uuid(self) -> Uuid {
        self.0
    }

    /// The id of the one child of this row that carries `label`: same parent and label, same id.
    pub fn child<C>(self, label: &str) -> Id<C> {
        Id::new(Uuid::new_v5(&self.0, label.as_bytes()))
    }
}

impl<K> Clone for Id<K> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<K> Copy for Id<K> {}
impl<K> PartialEq for Id<K> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}
impl<K> Eq for Id<K> {}
impl<K> PartialOrd for Id<K> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl<K> Ord for Id<K> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.cmp(&other.0)
    }
}
impl<K> std::hash::Hash for Id<K> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}
impl<K> fmt::Debug for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}
impl<K> fmt::Display for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}
impl<K> FromStr for Id<K> {
    type Err = uuid::Error;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Uuid::parse_str(text).map(Self::new)
    }
}
impl<K> Serialize for Id<K> {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(s)
    }
}
impl<'de, K> Deserialize<'de> for Id<K> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        Uuid::deserialize(d).map(Self::new)
    }
}

/// One line a kind: the marker type and the alias.
macro_rules! kinds {
    ($($(#[$meta:meta])* $kind:ident => $alias:ident),+ $(,)?) => {
        /// The things that ids name; never built, only named.
        pub mod kind { $(#[doc = concat!("Names a `", stringify!($kind), "`.")] #[derive(Debug)] pub enum $kind {})+ }
        $($(#[$meta])* #[doc = concat!("The id of a `", stringify!($kind), "`.")] pub type $alias = Id<kind::$kind>;)+
    };
}

kinds! {
    User => UserId,
    Token => TokenId,
    Session => SessionId,
    Signal => SignalId,
    Decision => DecisionId,
    Approval => ApprovalId,
    Execution => ExecutionId,
    Feedback => FeedbackId,
    Notification => NotificationId,
    Preference => PreferenceId,
    Policy => PolicyId,
    Trigger => TriggerId,
    LedgerEntry => LedgerEntryId,
    Account => AccountId,
    Override => OverrideId,
    Source => SourceId,
    Hook => HookId,
    Channel => ChannelId,
    Delivery => DeliveryId,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_id_is_the_same_for_the_same_parent_and_label_and_differs_otherwise() {
        let parent: SignalId = Id::new(Uuid::from_u128(7));
        let decision: DecisionId = parent.child("decision");
        assert_eq!(decision, parent.child("decision"));
        assert_ne!(decision.uuid(), parent.child::<kind::Decision>("other").uuid());
    }
}
