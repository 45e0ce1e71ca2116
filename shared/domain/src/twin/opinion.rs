//! What a preference has to say about an action: for, against, ask first, or nothing (`domain.md` §4).
//!
//! Strict in what it allows, generous in what it forbids: a condition in a key must be borne out by the signal before it
//! speaks for anything, while what speaks against counts unless the signal shows that it is about something else.

use serde_json::Value;

use super::{
    Preference, Source,
    key::{self, Key, Limit, among},
    value::{self, Said, belongs, verbs_of, weight},
};
use crate::{
    action::{Action, Cost, Verb},
    catalogue::{self, CostFrom, Spec},
    decision::Support,
    money::Money,
    signal::Domain,
    tier::Confidence,
    words::{alike, says, snake, words},
};

/// Up to this an amount is small, in cents.
const SMALL_CENTS: i64 = 2_500;
/// Above this an amount is large, in cents.
const LARGE_CENTS: i64 = 10_000;
const SMALL: &[&str] = &["small", "cheap", "minor", "micro", "tiny"];
const LARGE: &[&str] = &["large", "big", "expensive", "major"];
/// Conditions that no signal states and that narrow nothing.
const VAGUE: &[&str] = &[
    "staple",
    "essential",
    "usual",
    "regular",
    "routine",
    "simple",
    "basic",
    "everyday",
    "common",
    "standard",
    "normal",
    "known",
    "trusted",
    "low",
    "risk",
    "cost",
    "quick",
    "response",
    "long",
    "safe",
    "own",
    "incoming",
];
/// Words of which one excludes the others: a signal that says one of them is not about another.
const EXCLUSIVE: &[&[&str]] = &[
    &[
        "newsletter",
        "promotion",
        "client",
        "manager",
        "personal",
        "family",
        "receipt",
        "social",
        "notification",
        "shipping",
        "legal",
    ],
    &["invoice", "receipt", "contract", "report", "photo", "statement", "presentation", "notes"],
    &["morning", "night", "afternoon", "away", "arrival"],
    &["daily", "weekly", "monthly", "quarterly", "yearly", "annual"],
    &["weight", "steps", "sleep", "heart", "blood", "workout", "glucose"],
    &["email", "meeting", "chat", "call"],
    &["internal", "external"],
];
const PERIODS: &[&str] = &["daily", "weekly", "monthly", "quarterly", "yearly", "annual"];

/// What the signal says that conditions are held against.
pub(crate) struct Evidence<'a> {
    /// Words of the source, type, category, headlines and short fields; never of bodies.
    pub(crate) topics: &'a [String],
    /// Who sent it.
    pub(crate) sender: Option<&'a str>,
    /// The amount the signal speaks of, for limits on what costs nothing itself.
    pub(crate) amount: Option<Money>,
}

/// What a preference says about one action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Opinion {
    /// It speaks for the verb, by so many conditions that hold.
    For { conditions: usize },
    /// It speaks against it, by so many conditions that hold.
    Against { conditions: usize },
    /// The person wants to be asked about it.
    Ask,
}

/// What the preference says about this action, if anything. One in another domain says nothing.
pub(crate) fn of(preference: &Preference, action: &Action, evidence: &Evidence<'_>) -> Option<Opinion> {
    if preference.domain != action.domain {
        return None;
    }
    let key = key::read(&preference.key);
    let said = value::read(&preference.value, preference.domain, &key)?;
    let conditions = if said.verbs.is_empty() {
        by_key(action.verb, &key, preference.domain)?
    } else {
        by_value(action.verb, &key, &said)?
    };
    let conditions: Vec<&String> = conditions.into_iter().chain(&said.words).collect();
    if key.asks || said.asks {
        let wanted = said.positive != key.negated;
        return wanted.then_some(Opinion::Ask).filter(|_| about(&conditions, evidence, action));
    }
    let limit = key
        .limit
        .or(said.limit)
        .or_else(|| key.open_bound.zip(said.number).map(|(bound, cents)| Limit { bound, cents }));
    let positive = said.positive != key.negated;
    if !positive {
        let measured = measure(action, evidence);
        let beyond = limit.is_some_and(|limit| measured.is_some_and(|cents| !limit.holds(cents)));
        let holding = conditions.iter().filter(|word| holds(word, evidence, action)).count();
        return (!beyond && about(&conditions, evidence, action)).then_some(Opinion::Against { conditions: holding });
    }
    if key.tells {
        return None;
    }
    let within = limit.is_none_or(|limit| measure(action, evidence).is_some_and(|cents| limit.holds(cents)));
    let fits = within
        && conditions.iter().all(|word| holds(word, evidence, action))
        && agrees(&preference.value, action, evidence, &said);
    let firm = conditions.iter().filter(|word| !among(word, VAGUE)).count();
    fits.then_some(Opinion::For { conditions: firm + usize::from(limit.is_some()) })
}

/// The person wants to hear of signals like this one in `domain`, whatever is done: `escalate_client_emails`, `anomaly_alerts`.
pub(crate) fn wants_to_hear(preference: &Preference, domain: Domain, evidence: &Evidence<'_>) -> bool {
    let key = key::read(&preference.key);
    let positive = match value::read(&preference.value, preference.domain, &key) {
        Some(said) => said.positive != key.negated,
        None => false,
    };
    if preference.domain != domain || !(key.asks || key.tells) || !positive {
        return false;
    }
    let rows: Vec<_> = verbs_of(domain).map(catalogue::spec).collect();
    // Words that name a deed make it a matter of that deed, which `of` looks at.
    if key.words.iter().any(|word| rows.iter().any(|row| among(word, row.words.acts))) {
        return false;
    }
    let conditions: Vec<&String> =
        key.words.iter().filter(|word| !rows.iter().any(|row| among(word, row.words.nouns))).collect();
    let firm = conditions.iter().any(|word| !among(word, VAGUE));
    (firm || key.asks)
        && conditions.iter().all(|word| {
            evidence.topics.iter().any(|topic| alike(topic, word) || akin(topic, word))
                || sized(word, evidence.amount.map(|amount| amount.cents)).unwrap_or_else(|| among(word, VAGUE))
        })
}

/// Words of one family, such as `deliveries` and `delivered`: near enough for telling, not for acting.
fn akin(topic: &str, word: &str) -> bool {
    let shared = topic.chars().zip(word.chars()).take_while(|(one, other)| one == other).count();
    shared >= 5 && shared + 3 >= word.chars().count()
}

/// The preference as support of a candidate.
pub(crate) fn support(preference: &Preference, speaks_for: bool) -> Support {
    Support {
        preference: preference.id,
        key: preference.key.clone(),
        confidence: preference.confidence,
        speaks_for,
        stated: preference.source == Source::Explicit || preference.confidence == Confidence::Confirmed,
    }
}

/// The key names this verb, better than any other of the domain; gives the words that are left as conditions.
fn by_key(verb: Verb, key: &Key, domain: Domain) -> Option<Vec<&String>> {
    let hits = |row: &Spec, list: &[&str]| key.words.iter().any(|word| among(word, list)) && !row.phrase.is_empty();
    let acted = verbs_of(domain).map(catalogue::spec).any(|row| hits(row, row.words.acts));
    let named = |row: &Spec| if acted { hits(row, row.words.acts) } else { hits(row, row.words.topics) };
    let row = catalogue::spec(verb);
    if !named(row) {
        return None;
    }
    let rivals = verbs_of(domain).map(catalogue::spec).filter(|other| named(other));
    let best = rivals.map(|other| weight(other, &key.words)).max()?;
    (weight(row, &key.words) == best).then(|| key.words.iter().filter(|word| !belongs(word, row)).collect())
}

/// The value names this verb; every word of the key that is not the verb's own is a condition.
fn by_value<'k>(verb: Verb, key: &'k Key, said: &Said) -> Option<Vec<&'k String>> {
    let row = catalogue::spec(verb);
    said.verbs.contains(&verb).then(|| key.words.iter().filter(|word| !belongs(word, row)).collect())
}

/// A condition holds: the signal says so, or it narrows nothing.
fn holds(word: &str, evidence: &Evidence<'_>, action: &Action) -> bool {
    if stated(word, evidence) {
        return true;
    }
    if among(word, PERIODS) {
        return !elsewhere(word, evidence);
    }
    sized(word, measure(action, evidence)).unwrap_or_else(|| among(word, VAGUE))
}

/// What is asked of a size word, if it is one.
fn sized(word: &str, cents: Option<i64>) -> Option<bool> {
    if among(word, SMALL) {
        Some(cents.is_some_and(|cents| cents <= SMALL_CENTS))
    } else if among(word, LARGE) {
        Some(cents.is_some_and(|cents| cents > LARGE_CENTS))
    } else {
        None
    }
}

fn stated(word: &str, evidence: &Evidence<'_>) -> bool {
    evidence.topics.iter().any(|topic| alike(topic, word) || (word.len() >= 4 && topic.starts_with(word)))
}

/// The signal says that it is about something else of the same kind.
fn elsewhere(word: &str, evidence: &Evidence<'_>) -> bool {
    let group = EXCLUSIVE.iter().find(|group| among(word, group));
    !stated(word, evidence)
        && group.is_some_and(|group| group.iter().any(|other| !alike(other, word) && stated(other, evidence)))
}

/// What forbids is about this unless the signal shows otherwise.
fn about(conditions: &[&String], evidence: &Evidence<'_>, action: &Action) -> bool {
    !conditions.iter().any(|word| elsewhere(word, evidence) || sized(word, measure(action, evidence)) == Some(false))
}

/// The amount a limit is held against: the action's cost, or what the signal speaks of where the action costs nothing.
fn measure(action: &Action, evidence: &Evidence<'_>) -> Option<i64> {
    match action.cost {
        Cost::Known { cents, .. } => Some(cents),
        Cost::Unknown => None,
        Cost::Free if catalogue::spec(action.verb).cost == CostFrom::Nothing => {
            evidence.amount.map(|amount| amount.cents.saturating_abs())
        }
        Cost::Free => Some(0),
    }
}

/// The value does not contradict the action: what it says of a parameter is what the action has, a list has what this is
/// about, a bare number is a ceiling for money or the very value asked for.
fn agrees(value: &Value, action: &Action, evidence: &Evidence<'_>, said: &Said) -> bool {
    let row = catalogue::spec(action.verb);
    match value {
        Value::Null | Value::Bool(_) | Value::String(_) => true,
        Value::Number(number) => {
            if row.cost == CostFrom::Nothing {
                let asked = action.parameters.get("temperature").or_else(|| action.parameters.get("value"));
                return asked.is_none_or(|asked| same(asked, &Value::Number(number.clone())));
            }
            said.number.is_some_and(|ceiling| measure(action, evidence).is_some_and(|cents| cents <= ceiling))
        }
        Value::Array(items) => !said.verbs.is_empty() || listed(items, action, evidence),
        Value::Object(fields) => fields.iter().all(|(name, preferred)| {
            let name = snake(name);
            let parameter = row
                .parameters
                .iter()
                .find(|parameter| parameter.name == name || parameter.aliases.contains(&name.as_str()));
            // Their hours say when the routine is to run, which is the trigger's business.
            let timed = matches!(name.as_str(), "time" | "schedule" | "at");
            timed
                || parameter
                    .and_then(|parameter| action.parameters.get(parameter.name))
                    .is_none_or(|asked| same(asked, preferred))
        }),
    }
}

fn same(asked: &Value, preferred: &Value) -> bool {
    match (asked.as_f64(), preferred.as_f64()) {
        (Some(asked), Some(preferred)) => (asked..=asked).contains(&preferred),
        (None, _) | (_, None) => {
            asked == preferred
                || asked
                    .as_str()
                    .zip(preferred.as_str())
                    .is_some_and(|(asked, preferred)| asked.eq_ignore_ascii_case(preferred))
        }
    }
}

/// Everything the action is about stands in the list; without items, the signal is about something that does.
fn listed(list: &[Value], action: &Action, evidence: &Evidence<'_>) -> bool {
    let entries: Vec<&str> = list.iter().filter_map(Value::as_str).collect();
    if let Some(items) = action.parameters.get("items").and_then(Value::as_array) {
        let name = |item: &Value| item.as_str().or_else(|| item.get("name")?.as_str()).map(str::to_lowercase);
        return items
            .iter()
            .all(|item| name(item).is_some_and(|name| entries.iter().any(|entry| entry.to_lowercase() == name)));
    }
    let sender = evidence.sender.map(str::to_lowercase);
    entries.iter().any(|entry| {
        let entry_lower = entry.to_lowercase();
        let sent = sender.as_ref().is_some_and(|sender| {
            *sender == entry_lower || sender.ends_with(&format!("@{}", entry_lower.trim_start_matches('@')))
        });
        let phrase = words(entry).join(" ");
        sent || (!phrase.is_empty() && says(evidence.topics, &phrase))
    })
}
