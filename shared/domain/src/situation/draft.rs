//! A draft: a verb that comes to mind, why, and its action once the row has read its parameters off the payload.

use serde_json::{Value, json};

use super::{
    Understood,
    classify::is_mail_source,
    reading::{Reading, affirms},
    reply,
};
use crate::{
    action::{Action, Cost, Verb},
    catalogue::{self, CostFrom, Parameter, Shape},
    signal::{Domain, Object},
};

/// Why a verb comes to mind. Ordered: what is asked for comes first (`domain.md` §4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Role {
    /// The signal is about exactly this.
    Asked,
    /// A way to deal with the signal.
    Way,
    /// Something else the person may choose.
    Other,
}

impl Role {
    /// The role when something else turns out to be what is asked for.
    pub(crate) const fn behind(self) -> Self {
        match self {
            Self::Asked | Self::Way => Self::Way,
            Self::Other => Self::Other,
        }
    }
}

/// A verb that comes to mind, with what the builder knows beyond the payload's own fields.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    pub(crate) verb: Verb,
    pub(crate) role: Role,
    given: Object,
    against: Option<&'static str>,
}

impl Draft {
    /// What the signal is about.
    pub(crate) fn asked(verb: Verb) -> Self {
        Self { verb, role: Role::Asked, given: Object::new(), against: None }
    }

    /// A way to deal with it.
    pub(crate) fn way(verb: Verb) -> Self {
        Self { role: Role::Way, ..Self::asked(verb) }
    }

    /// Something else the person may choose.
    pub(crate) fn other(verb: Verb) -> Self {
        Self { role: Role::Other, ..Self::asked(verb) }
    }

    /// The same in another role.
    pub(crate) const fn to(mut self, role: Role) -> Self {
        self.role = role;
        self
    }

    /// With this parameter, which counts before the payload's.
    pub(crate) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.given.insert(name.to_owned(), value.into());
        self
    }

    /// The same where there is something to give.
    pub(crate) fn with_some(self, name: &str, value: Option<impl Into<Value>>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// The signal itself speaks against doing this alone.
    pub(crate) fn but(mut self, why: &'static str) -> Self {
        self.against = Some(why);
        self
    }

    /// Why the signal speaks against it, if it does.
    pub(crate) const fn against(&self) -> Option<&'static str> {
        self.against
    }

    /// The action: every parameter of the row that was given or that the payload has, and its cost.
    pub(crate) fn action(&self, reading: &Reading<'_>, understood: &Understood) -> Action {
        let row = catalogue::spec(self.verb);
        let mut parameters = Object::new();
        for parameter in row.parameters {
            let given = self.given.get(parameter.name).cloned();
            let found = given.or_else(|| {
                catalogue::read(parameter, |name| {
                    reading.field(name).filter(|value| affirms(value) || value.is_number()).cloned()
                })
            });
            let found = found.or_else(|| own_id(parameter, reading)).or_else(|| answered(parameter, reading));
            if let Some(value) = found {
                parameters.insert(parameter.name.to_owned(), value);
            }
        }
        if row.cost != CostFrom::Nothing {
            price(&mut parameters, self, reading);
        }
        let cost = catalogue::cost_of(self.verb, &parameters);
        let domain = if row.anywhere { understood.domain } else { row.domain };
        Action { verb: self.verb, domain, parameters, cost }
    }
}

/// The signal's own id names the thing a required id asks for, unless the thing came to notice by mail.
fn own_id(parameter: &Parameter, reading: &Reading<'_>) -> Option<Value> {
    let its_own = parameter.shape == Shape::Id && parameter.required && parameter.target;
    let about_itself =
        if is_mail_source(reading) { parameter.name == "message_id" } else { parameter.name != "message_id" };
    let id = reading.signal().external_id.as_deref().filter(|id| !id.trim().is_empty())?;
    (its_own && about_itself).then(|| Value::from(id))
}

/// Whoever is answered, where the parameter names them and the payload does not.
fn answered(parameter: &Parameter, reading: &Reading<'_>) -> Option<Value> {
    let addressees = if parameter.answers { reply::addressees(reading) } else { Vec::new() };
    (!addressees.is_empty()).then(|| addressees.into())
}

/// What it costs, as parameters: what was given, else the fee or the price the signal names.
fn price(parameters: &mut Object, draft: &Draft, reading: &Reading<'_>) {
    if draft.given.contains_key("cost_cents") {
        return;
    }
    parameters.remove("cost_cents");
    let fee_only = catalogue::spec(draft.verb).cost == CostFrom::Fee;
    let cost = if fee_only {
        reading.whole(&["cancellation_fee_cents", "fee_cents"]).map(|cents| Cost::of(crate::money::Money::usd(cents)))
    } else {
        reading.cost()
    };
    match cost {
        Some(Cost::Known { cents, currency }) => {
            parameters.insert("cost_cents".into(), json!(cents));
            parameters.insert("currency".into(), json!(currency));
        }
        Some(Cost::Free) => {
            parameters.insert("cost_cents".into(), json!(0));
        }
        Some(Cost::Unknown) | None => {}
    }
}

/// The verb the connector asks for by its name, where it belongs to the domain of the situation.
pub(crate) fn named(reading: &Reading<'_>, domain: Domain) -> Option<Verb> {
    let asked = reading.text(&["requested_action", "action", "operation", "suggested_action", "command"])?;
    let verb: Verb = crate::words::snake(asked).parse().ok()?;
    let row = catalogue::spec(verb);
    let undoes =
        Verb::ALL.iter().any(|other| catalogue::spec(*other).compensation == Some(verb)) && row.words.acts.is_empty();
    ((row.domain == domain || row.anywhere) && !undoes).then_some(verb)
}
