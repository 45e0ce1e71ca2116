//! What the person had forgotten: the answers until then no longer count for the field.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Answered, Field};
use crate::{signal::Domain, time::Timestamp};

/// Until when the answers no longer count, by the name of the field.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Forgotten(BTreeMap<String, Timestamp>);

impl Forgotten {
    /// A field is forgotten, in one domain or everywhere.
    pub fn forget(&mut self, field: Field, domain: Option<Domain>, now: Timestamp) {
        self.0.insert(field.named(domain), now);
    }

    /// Whether an answer counts for a field.
    pub(super) fn counts(&self, field: Field, answer: &Answered) -> bool {
        let after = |domain| self.0.get(&field.named(domain)).is_none_or(|until| answer.at > *until);
        after(None) && after(Some(answer.domain))
    }
}
