//! Parameters: what an action carries, checked against its verb's row, and the cost that follows from them.

use super::{CostFrom, Invalid, Parameter, Reversibility, Shape, spec};
use crate::{
    action::{Action, Cost, Verb},
    money::{Currency, Money},
    signal::Object,
};
use serde_json::Value;

/// Required parameters without which the action can't run, not even with consent.
pub fn missing(action: &Action) -> Vec<Invalid> {
    let row = spec(action.verb);
    let found = |parameter: &&Parameter| parameter.instead.is_some_and(|other| action.parameters.contains_key(other));
    let lacking = lacking(action).filter(|parameter| !found(parameter));
    lacking
        .map(|parameter| wrong(parameter.name, format!("`{}` is needed to {}", parameter.name, row.phrase)))
        .collect()
}

/// Names of the required parameters the action does not carry itself: with any of them it is not eligible for auto.
pub fn absent(action: &Action) -> Vec<&'static str> {
    lacking(action).map(|parameter| parameter.name).collect()
}

fn lacking(action: &Action) -> impl Iterator<Item = &'static Parameter> {
    let lacks = |parameter: &&Parameter| {
        parameter.required && !action.parameters.get(parameter.name).is_some_and(|value| fits(parameter.shape, value))
    };
    spec(action.verb).parameters.iter().filter(lacks)
}

/// The same verb with other parameters, checked and re-costed. What a person edits can't point the action at another
/// target, and can't change what the catalogue says about the verb.
pub fn with_parameters(action: &Action, parameters: &Object) -> Result<Action, Vec<Invalid>> {
    let row = spec(action.verb);
    let mut problems = Vec::new();
    for (name, value) in parameters {
        match row.parameter(name) {
            None => {
                let known: Vec<_> = row.parameters.iter().map(|parameter| parameter.name).collect();
                problems.push(wrong(name, format!("{} takes no `{name}`; it takes {}", action.verb, known.join(", "))));
            }
            Some(parameter) if !fits(parameter.shape, value) => {
                problems.push(wrong(name, format!("must be {}", wanted(parameter.shape))));
            }
            Some(_) => {}
        }
    }
    for parameter in row.parameters.iter().filter(|parameter| parameter.target) {
        let before = action.parameters.get(parameter.name);
        if before.is_some() && parameters.get(parameter.name) != before {
            problems.push(wrong(
                parameter.name,
                "says what the action is done to and can't be changed; reject this and start anew".into(),
            ));
        }
    }
    let edited = Action { parameters: parameters.clone(), cost: cost_of(action.verb, parameters), ..action.clone() };
    for lack in missing(&edited) {
        if !problems.iter().any(|problem| problem.path == lack.path) {
            problems.push(lack);
        }
    }
    if problems.is_empty() { Ok(edited) } else { Err(problems) }
}

/// What an action of this verb costs by its parameters.
pub fn cost_of(verb: Verb, parameters: &Object) -> Cost {
    match spec(verb).cost {
        CostFrom::Nothing => Cost::Free,
        CostFrom::Fee if !parameters.contains_key("cost_cents") => Cost::Free,
        CostFrom::Fee | CostFrom::Parameters => {
            let currency = match parameters.get("currency") {
                None => Some(Currency::USD),
                Some(code) => code.as_str().and_then(|code| code.parse().ok()),
            };
            match (parameters.get("cost_cents").and_then(Value::as_i64), currency) {
                (Some(cents), Some(currency)) => Cost::of(Money::new(cents, currency)),
                (None, _) | (_, None) => Cost::Unknown,
            }
        }
    }
}

/// What reverses this action, with what it needs of the action's own parameters; none where the catalogue knows no way back.
pub fn compensation(action: &Action) -> Option<Action> {
    let row = spec(action.verb);
    if row.reversibility == Reversibility::No {
        return None;
    }
    let back = spec(row.compensation?);
    let kept = action.parameters.iter().filter(|(name, _)| back.parameter(name).is_some());
    let parameters = kept.map(|(name, value)| (name.clone(), value.clone())).collect();
    Some(Action { verb: back.verb, domain: action.domain, parameters, cost: Cost::Free })
}

/// The value of `parameter` as `look` finds it under its own name or an alias, if it has the right shape.
pub fn read(parameter: &Parameter, mut look: impl FnMut(&str) -> Option<Value>) -> Option<Value> {
    std::iter::once(&parameter.name)
        .chain(parameter.aliases)
        .find_map(|name| look(name).and_then(|value| shaped(parameter.shape, value)))
}

/// The value in the shape wanted, or none: one text becomes a list of one, a numeric text stays as it is.
fn shaped(shape: Shape, value: Value) -> Option<Value> {
    let value = match (shape, value) {
        (Shape::List, Value::String(one)) if !one.trim().is_empty() => Value::Array(vec![Value::String(one)]),
        (_, value) => value,
    };
    fits(shape, &value).then_some(value)
}

fn fits(shape: Shape, value: &Value) -> bool {
    match shape {
        Shape::Id => match value {
            Value::Array(ids) => !ids.is_empty() && ids.iter().all(names),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => names(value),
        },
        Shape::Text => value.as_str().is_some_and(|text| !text.trim().is_empty()),
        Shape::Number => value.is_number() || value.as_str().is_some_and(is_decimal),
        Shape::Cents => value.as_i64().is_some_and(|cents| cents >= 0),
        Shape::Currency => value.as_str().is_some_and(|code| code.parse::<Currency>().is_ok()),
        Shape::List => value.as_array().is_some_and(|items| !items.is_empty()),
        Shape::Flag => value.is_boolean(),
        Shape::Any => !value.is_null(),
    }
}

/// A text or whole number names a thing.
fn names(value: &Value) -> bool {
    value.as_str().is_some_and(|text| !text.trim().is_empty()) || value.is_i64() || value.is_u64()
}

fn is_decimal(text: &str) -> bool {
    Money::from_major(text, Currency::USD).is_ok()
}

const fn wanted(shape: Shape) -> &'static str {
    match shape {
        Shape::Id => "a text or number that names the thing, or a list of them",
        Shape::Text => "a text that is not empty",
        Shape::Number => "a number",
        Shape::Cents => "whole cents, zero or more",
        Shape::Currency => "an ISO 4217 code such as USD",
        Shape::List => "a list that is not empty",
        Shape::Flag => "true or false",
        Shape::Any => "anything but null",
    }
}

fn wrong(name: &str, reason: String) -> Invalid {
    let escaped = name.replace('~', "~0").replace('/', "~1");
    Invalid { path: format!("/parameters/{escaped}"), reason }
}
