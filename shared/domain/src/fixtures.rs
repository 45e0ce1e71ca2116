//! What the tests of the rules and machines start from: an experienced, well-set-up person on a Monday noon.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::{
    action::{Action, Cost, Verb},
    catalogue,
    facts::{Context, Facts},
    id::Id,
    money::Money,
    signal::{Domain, Object, SituationKind, Urgency},
    testing,
    tier::{Confidence, TrustTier},
    time::Timestamp,
    twin::History,
};

/// The instant of that text.
pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// The id made of a number.
pub(crate) fn id<K>(number: u128) -> Id<K> {
    Id::new(uuid::Uuid::from_u128(number))
}

/// Moderate tier, limits of 100.00 and 500.00, nothing spent, experienced everywhere.
pub(crate) fn facts() -> Facts {
    let history = History { executed: Domain::ALL.iter().map(|domain| (*domain, 10)).collect(), ..History::default() };
    Facts { history, ..testing::facts(TrustTier::ModerateAutonomy) }
}

/// Medium urgency, high confidence, nothing noticed.
pub(crate) fn context() -> Context {
    Context {
        situation: SituationKind::Generic,
        urgency: Urgency::Medium,
        flags: BTreeSet::new(),
        confidence: Confidence::High,
        sender: None,
        stated_preference: false,
        supported: false,
    }
}

/// The verb in its own domain, without parameters, free.
pub(crate) fn action(verb: Verb) -> Action {
    Action { verb, domain: catalogue::spec(verb).domain, parameters: Object::new(), cost: Cost::Free }
}

/// The verb at a cost in US cents.
pub(crate) fn costing(verb: Verb, cents: i64) -> Action {
    Action { cost: Cost::of(Money::usd(cents)), ..action(verb) }
}

/// The verb with these parameters.
pub(crate) fn with(verb: Verb, parameters: &Value) -> Action {
    Action { parameters: parameters.as_object().unwrap().clone(), ..action(verb) }
}
