//! Reading a condition: every fault with its JSON pointer, and a tree that keeps what can't be read as it was.
//!
//! One reader serves both doors: what a person writes is refused with the faults, what is stored is taken with the
//! unreadable parts in it.

use serde_json::Value;

use super::{Comparison, Condition, Field, MAX_DEPTH, MAX_NODES, Op, Operand, Type, Word};
use crate::{catalogue::Invalid, signal::Object, wire::UnknownWord};

/// Most values of one comparison, and most bytes of a text.
const MAX_VALUES: usize = 256;

/// The tree, and everything wrong with it.
pub(super) fn read(given: &Value, at: &str) -> (Condition, Vec<Invalid>) {
    let mut reader = Reader { nodes: 0, faults: Vec::new() };
    let condition = reader.node(given, at, 1);
    if reader.nodes > MAX_NODES {
        reader.fault(at, format!("a condition has at most {MAX_NODES} nodes, this has more"));
        return (Condition::Unreadable(given.clone()), reader.faults);
    }
    (condition, reader.faults)
}

/// Reads a tree, collecting every fault.
struct Reader {
    nodes: usize,
    faults: Vec<Invalid>,
}

impl Reader {
    fn fault(&mut self, at: &str, reason: impl Into<String>) {
        self.faults.push(Invalid { path: at.to_owned(), reason: reason.into() });
    }

    fn node(&mut self, given: &Value, at: &str, depth: usize) -> Condition {
        self.nodes += 1;
        let unreadable = || Condition::Unreadable(given.clone());
        if self.nodes > MAX_NODES {
            // It is refused as a whole: nobody needs to hear what else is wrong with each of a million nodes.
            return unreadable();
        }
        if depth > MAX_DEPTH {
            self.fault(at, format!("a condition nests at most {MAX_DEPTH} deep"));
            return unreadable();
        }
        let Some(object) = given.as_object() else {
            self.fault(at, "a condition is an object with `all`, `any`, `not`, or `field`, `op` and `value`");
            return unreadable();
        };
        let mut entries = object.iter();
        match (entries.next(), entries.next()) {
            (Some((key, parts)), None) if key == "all" || key == "any" => {
                let at = format!("{at}/{key}");
                let Some(parts) = parts.as_array().filter(|parts| !parts.is_empty()) else {
                    self.fault(&at, "give a list of at least one condition");
                    return unreadable();
                };
                let parts = parts
                    .iter()
                    .enumerate()
                    .map(|(index, part)| self.node(part, &format!("{at}/{index}"), depth + 1))
                    .collect();
                if key == "all" { Condition::All(parts) } else { Condition::Any(parts) }
            }
            (Some((key, part)), None) if key == "not" => {
                Condition::Not(Box::new(self.node(part, &format!("{at}/not"), depth + 1)))
            }
            _ => self.comparison(object, at).map_or_else(unreadable, Condition::Compare),
        }
    }

    fn comparison(&mut self, object: &Object, at: &str) -> Option<Comparison> {
        if let Some(key) = object.keys().find(|key| !["field", "op", "value"].contains(&key.as_str())) {
            self.fault(
                &format!("{at}/{key}"),
                "a comparison has only `field`, `op` and `value`; `all`, `any` and `not` stand alone",
            );
            return None;
        }
        let text = |key: &str| object.get(key).and_then(Value::as_str).unwrap_or_default();
        let field = text("field")
            .parse::<Field>()
            .map_err(|unknown| self.fault(&format!("{at}/field"), unknown.to_string()))
            .ok()?;
        let op =
            text("op").parse::<Op>().map_err(|unknown| self.fault(&format!("{at}/op"), unknown.to_string())).ok()?;
        if !field.operators().contains(&op) {
            let known: Vec<_> = field.operators().iter().map(|op| op.as_str()).collect();
            self.fault(
                &format!("{at}/op"),
                format!("`{field}` can't be compared with `{op}`; use one of: {}", known.join(", ")),
            );
            return None;
        }
        let at = format!("{at}/value");
        let value = object.get("value").unwrap_or(&Value::Null);
        let value = if matches!(op, Op::In | Op::NotIn) {
            let Some(list) = value.as_array().filter(|list| !list.is_empty() && list.len() <= MAX_VALUES) else {
                self.fault(&at, format!("`{op}` takes a list of 1 to {MAX_VALUES} values"));
                return None;
            };
            let words: Vec<_> = list
                .iter()
                .enumerate()
                .filter_map(|(index, value)| self.word(field, value, &format!("{at}/{index}")))
                .collect();
            if words.len() < list.len() {
                return None;
            }
            Operand::Many(words)
        } else {
            Operand::One(self.word(field, value, &at)?)
        };
        Some(Comparison { field, op, value })
    }

    fn word(&mut self, field: Field, given: &Value, at: &str) -> Option<Word> {
        let named = |make: &dyn Fn(&str) -> Result<Word, UnknownWord>| match given.as_str() {
            Some(text) => make(text).map_err(|unknown| unknown.to_string()),
            None => Err(format!("`{field}` is compared with a word")),
        };
        let word = match field.takes() {
            Type::Verb => named(&|text| text.parse().map(Word::Verb)),
            Type::Domain => named(&|text| text.parse().map(Word::Domain)),
            Type::Risk => named(&|text| text.parse().map(Word::Risk)),
            Type::Tier => named(&|text| text.parse().map(Word::Tier)),
            Type::Confidence => named(&|text| text.parse().map(Word::Confidence)),
            Type::Urgency => named(&|text| text.parse().map(Word::Urgency)),
            Type::Flag => named(&|text| text.parse().map(Word::Flag)),
            Type::Weekday => named(&|text| text.parse().map(Word::Weekday)),
            Type::Cents => given
                .as_i64()
                .filter(|cents| *cents >= 0)
                .map(Word::Number)
                .ok_or("a cost is a whole number of cents, 0 or more".to_owned()),
            Type::Hour => given
                .as_i64()
                .filter(|hour| (0..24).contains(hour))
                .map(Word::Number)
                .ok_or("an hour is a whole number from 0 to 23".to_owned()),
            Type::Truth => given.as_bool().map(Word::Truth).ok_or("give true or false".to_owned()),
            Type::Text => {
                let text = given.as_str().map(str::trim).filter(|text| !text.is_empty() && text.len() <= MAX_VALUES);
                text.map(|text| Word::Text(text.to_lowercase()))
                    .ok_or(format!("give a text of 1 to {MAX_VALUES} bytes"))
            }
        };
        word.map_err(|reason| self.fault(at, reason)).ok()
    }
}
