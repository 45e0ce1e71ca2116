//! How a row of the catalogue is written: where each kind of verb starts, and what a row says beyond that.

use super::{CostFrom, Deed, Movement, Never, Parameter, Reach, Reversibility, Shape, Spec, Verb, Words};
use crate::{risk::RiskTier, signal::Domain};

/// A row that touches only the person's own data, free, with no way back yet.
pub(super) const fn own(domain: Domain, phrase: &'static str) -> Spec {
    Spec {
        verb: Verb::CreateNote,
        domain,
        reach: Reach::OwnData,
        reversibility: Reversibility::No,
        compensation: None,
        deed: Deed::Change,
        movement: Movement::Stays,
        relationship: RiskTier::Negligible,
        operational: RiskTier::Negligible,
        never: &[],
        cost: CostFrom::Nothing,
        anywhere: false,
        stand_in: false,
        speaks_publicly: false,
        parameters: &[],
        words: Words { acts: &[], nouns: &[], topics: &[] },
        phrase,
        final_anyway: false,
    }
}

/// A row that reads and reports to the person.
pub(super) const fn reading(domain: Domain, phrase: &'static str) -> Spec {
    Spec { reach: Reach::ReadOnly, ..own(domain, phrase) }
}

/// A row that other people notice.
pub(super) const fn people(domain: Domain, phrase: &'static str) -> Spec {
    Spec { reach: Reach::OtherPeople, relationship: RiskTier::Low, ..own(domain, phrase) }
}

/// A row that moves or promises money; its cost stands in its parameters.
pub(super) const fn money(domain: Domain, phrase: &'static str) -> Spec {
    Spec { reach: Reach::Money, deed: Deed::Spend, cost: CostFrom::Parameters, ..own(domain, phrase) }
}

/// A row that does something in the physical world.
pub(super) const fn physical(phrase: &'static str) -> Spec {
    Spec { reach: Reach::Physical, ..own(Domain::SmartHome, phrase) }
}

impl Spec {
    /// Reversed by `verb` without a deadline.
    pub(super) const fn full(self, verb: Verb) -> Self {
        Self { reversibility: Reversibility::Full, compensation: Some(verb), ..self }
    }
    /// Reversed by `verb` within `grace`.
    pub(super) const fn within(self, grace: chrono::TimeDelta, verb: Verb) -> Self {
        Self { reversibility: Reversibility::Window(grace), compensation: Some(verb), ..self }
    }
    /// Nothing to reverse: it changes nothing.
    pub(super) const fn harmless(self) -> Self {
        Self { reversibility: Reversibility::Full, ..self }
    }
    /// Counts as irreversible even where undo is offered.
    pub(super) const fn final_anyway(self) -> Self {
        Self { final_anyway: true, ..self }
    }
    pub(super) const fn deed(self, deed: Deed) -> Self {
        Self { deed, ..self }
    }
    pub(super) const fn moves(self, movement: Movement) -> Self {
        Self { movement, ..self }
    }
    pub(super) const fn relationship(self, relationship: RiskTier) -> Self {
        Self { relationship, ..self }
    }
    pub(super) const fn operational(self, operational: RiskTier) -> Self {
        Self { operational, ..self }
    }
    pub(super) const fn never_alone(self, never: &'static [Never]) -> Self {
        Self { never, ..self }
    }
    /// Costs only the fee it names.
    pub(super) const fn may_cost(self) -> Self {
        Self { cost: CostFrom::Fee, ..self }
    }
    pub(super) const fn anywhere(self) -> Self {
        Self { anywhere: true, ..self }
    }
    pub(super) const fn stand_in(self) -> Self {
        Self { stand_in: true, ..self }
    }
    pub(super) const fn in_public(self) -> Self {
        Self { speaks_publicly: true, ..self }
    }
    pub(super) const fn takes(self, parameters: &'static [Parameter]) -> Self {
        Self { parameters, ..self }
    }
    pub(super) const fn said(
        self,
        acts: &'static [&'static str],
        nouns: &'static [&'static str],
        topics: &'static [&'static str],
    ) -> Self {
        Self { words: Words { acts, nouns, topics }, ..self }
    }
}

impl Parameter {
    pub(super) const fn new(name: &'static str, shape: Shape) -> Self {
        Self { name, aliases: &[], shape, required: false, target: false, instead: None, answers: false }
    }
    pub(super) const fn or(self, aliases: &'static [&'static str]) -> Self {
        Self { aliases, ..self }
    }
    pub(super) const fn needed(self) -> Self {
        Self { required: true, ..self }
    }
    pub(super) const fn or_found_by(self, other: &'static str) -> Self {
        Self { instead: Some(other), ..self }
    }
    /// Whoever wrote the mail, where nobody else is named.
    pub(super) const fn or_whoever_wrote(self) -> Self {
        Self { answers: true, ..self }
    }
}

/// A required id of what the action is done to.
pub(super) const fn id(name: &'static str) -> Parameter {
    Parameter { target: true, ..Parameter::new(name, Shape::Id).needed() }
}
/// An id that may go along.
pub(super) const fn reference(name: &'static str) -> Parameter {
    Parameter { target: true, ..Parameter::new(name, Shape::Id) }
}
pub(super) const fn text(name: &'static str) -> Parameter {
    Parameter::new(name, Shape::Text)
}
pub(super) const fn list(name: &'static str) -> Parameter {
    Parameter::new(name, Shape::List)
}
pub(super) const fn any(name: &'static str) -> Parameter {
    Parameter::new(name, Shape::Any)
}
