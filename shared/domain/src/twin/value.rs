//! Values of preferences: yes, no, ask, a limit, conditions, or the very verb.

use serde_json::Value;

use super::key::{self, Bound, Key, Limit, among};
use crate::{
    action::Verb,
    catalogue::{self, Spec},
    money::Money,
    signal::Domain,
    words::{snake, words},
};

const LIMITS_UP: &[&str] = &["max", "max_amount", "limit", "up_to", "maximum", "max_price", "max_cost", "budget"];

/// A value, read.
pub(super) struct Said {
    pub(super) positive: bool,
    pub(super) asks: bool,
    /// Verbs it names.
    pub(super) verbs: Vec<Verb>,
    /// Conditions it states.
    pub(super) words: Vec<String>,
    pub(super) limit: Option<Limit>,
    /// A bare number, as cents.
    pub(super) number: Option<i64>,
}

impl Said {
    const fn yes(positive: bool) -> Self {
        Self { positive, asks: false, verbs: Vec::new(), words: Vec::new(), limit: None, number: None }
    }
}

pub(super) fn read(value: &Value, domain: Domain, key: &Key) -> Option<Said> {
    match value {
        Value::Null => None,
        Value::Bool(positive) => Some(Said::yes(*positive)),
        Value::Number(number) => {
            let cents =
                Money::from_major(&number.to_string(), crate::money::Currency::USD).ok().map(|money| money.cents);
            Some(Said { number: cents, ..Said::yes(cents != Some(0)) })
        }
        Value::String(text) => {
            if text.trim().eq_ignore_ascii_case("off") {
                return Some(Said::yes(false));
            }
            let read = key::read(text);
            let verbs = named(text, domain, key);
            if !verbs.is_empty() {
                return Some(Said { verbs, ..Said::yes(!read.negated) });
            }
            let bare = read.words.is_empty() && text.trim().is_empty();
            let words = read.words.into_iter().filter(|word| word.chars().any(char::is_alphabetic)).collect();
            (!bare).then_some(Said { asks: read.asks, words, limit: read.limit, ..Said::yes(!read.negated) })
        }
        Value::Array(items) => {
            let verbs: Vec<Verb> =
                items.iter().filter_map(Value::as_str).flat_map(|text| named(text, domain, key)).collect();
            (!items.is_empty()).then(|| Said { verbs, ..Said::yes(true) })
        }
        Value::Object(fields) => {
            let verbs = ["action", "verb", "do"]
                .iter()
                .filter_map(|name| fields.get(*name)?.as_str())
                .flat_map(|text| named(text, domain, key))
                .collect();
            let off = fields.get("enabled").and_then(Value::as_bool) == Some(false);
            (!fields.is_empty()).then(|| Said { verbs, limit: limit_in(fields), ..Said::yes(!off) })
        }
    }
}

/// Verbs of the domain that a text names: by wire name, or by a word for doing where the key has none.
fn named(text: &str, domain: Domain, key: &Key) -> Vec<Verb> {
    if let Ok(verb) = snake(text).parse::<Verb>() {
        return vec![verb];
    }
    let said = words(text);
    let acts = |words: &[String], verb: Verb| words.iter().any(|word| among(word, catalogue::spec(verb).words.acts));
    if verbs_of(domain).any(|verb| acts(&key.words, verb)) {
        return Vec::new();
    }
    let hits = |verb: &Verb| acts(&said, *verb).then(|| weight(catalogue::spec(*verb), &said));
    let best = verbs_of(domain).filter_map(|verb| hits(&verb)).max();
    verbs_of(domain).filter(|verb| hits(verb).is_some_and(|hit| Some(hit) == best)).collect()
}

/// The one verb of the domain that a text plainly names: by its wire name, or by words that all belong to it. Strict: a
/// text that says no, or anything more, names none.
pub(crate) fn plain_verb(text: &str, domain: Domain) -> Option<Verb> {
    if let Ok(verb) = snake(text).parse::<Verb>() {
        return verbs_of(domain).find(|known| *known == verb);
    }
    let read = key::read(text);
    if read != (Key { words: read.words.clone(), ..Key::default() }) {
        return None;
    }
    let meant = |verb: &Verb| {
        let row = catalogue::spec(*verb);
        read.words.iter().any(|word| among(word, row.words.acts)) && read.words.iter().all(|word| belongs(word, row))
    };
    let mut named = verbs_of(domain).filter(meant);
    named.next().filter(|_| named.next().is_none())
}

fn limit_in(fields: &crate::signal::Object) -> Option<Limit> {
    fields.iter().find_map(|(name, value)| {
        let name = snake(name);
        let (name, in_cents) = name.strip_suffix("_cents").map_or((name.as_str(), false), |name| (name, true));
        let bound = match name {
            "under" | "below" => Bound::Under,
            "over" | "above" => Bound::Over,
            name if LIMITS_UP.contains(&name) => Bound::UpTo,
            _ => return None,
        };
        let cents = if in_cents {
            value.as_i64()?
        } else {
            Money::from_major(&value.to_string(), crate::money::Currency::USD).ok()?.cents
        };
        Some(Limit { bound, cents })
    })
}

/// The verbs a preference of this domain can be about.
pub(super) fn verbs_of(domain: Domain) -> impl Iterator<Item = Verb> {
    Verb::ALL.iter().copied().filter(move |verb| {
        let row = catalogue::spec(*verb);
        row.domain == domain || row.anywhere
    })
}

/// How many words of a key belong to a row.
pub(super) fn weight(row: &Spec, said: &[String]) -> usize {
    said.iter().filter(|word| belongs(word, row)).count()
}

/// The word is one of the row's own.
pub(super) fn belongs(word: &str, row: &Spec) -> bool {
    among(word, row.words.acts) || among(word, row.words.nouns) || among(word, row.words.topics)
}
