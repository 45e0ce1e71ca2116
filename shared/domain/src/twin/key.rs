//! Preference keys: free text by people and connectors, read as words for doing, words for what, limits and conditions.
//!
//! No list of known keys: the words are compared with the catalogue's rows and with what the signal says.

use crate::words::{alike, words};

/// Words that carry nothing.
const FILLER: &[&str] = &[
    "auto",
    "automatic",
    "automatically",
    "always",
    "allow",
    "allowed",
    "allows",
    "enable",
    "enabled",
    "default",
    "preferred",
    "prefer",
    "prefers",
    "preference",
    "my",
    "me",
    "the",
    "a",
    "an",
    "of",
    "for",
    "in",
    "on",
    "to",
    "from",
    "at",
    "by",
    "with",
    "via",
    "and",
    "or",
    "rule",
    "is",
    "be",
    "ok",
    "okay",
    "when",
    "if",
    "all",
    "any",
    "every",
    "each",
    "should",
    "can",
    "may",
    "please",
    "want",
    "before",
    "after",
    "it",
    "them",
    "that",
    "action",
    "behavior",
    "behaviour",
    "yes",
    "true",
    "usually",
    "apply",
    "permit",
    "permitted",
];
const NEGATIONS: &[&str] = &[
    "no", "not", "never", "dont", "disable", "disabled", "avoid", "block", "stop", "without", "exclude", "skip",
    "false", "deny", "none", "forbid",
];
/// The person wants to be asked first.
const ASKS: &[&str] =
    &["ask", "asks", "escalate", "escalation", "confirm", "confirmation", "approval", "manual", "manually"];
/// The person wants to be told.
const TELLS: &[&str] = &["notify", "alert", "alerts", "warn", "warning", "interrupt", "tell"];
const UNDER: &[&str] = &["under", "below", "less", "fewer"];
const UP_TO: &[&str] = &["max", "maximum", "upto", "limit", "cap", "within", "budget", "most"];
const OVER: &[&str] = &["over", "above", "more", "exceeding", "exceeds"];
const FROM: &[&str] = &["min", "minimum", "least"];

/// An amount the preference stops or starts at, in cents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Limit {
    pub(super) bound: Bound,
    pub(super) cents: i64,
}

/// Which side of the amount counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bound {
    Under,
    UpTo,
    Over,
    From,
}

impl Limit {
    /// Whether an amount is on the right side.
    pub(super) const fn holds(self, cents: i64) -> bool {
        match self.bound {
            Bound::Under => cents < self.cents,
            Bound::UpTo => cents <= self.cents,
            Bound::Over => cents > self.cents,
            Bound::From => cents >= self.cents,
        }
    }
}

/// A key or a text value, read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Key {
    /// Everything that means something, in order.
    pub(super) words: Vec<String>,
    /// It says no.
    pub(super) negated: bool,
    /// It wants the person asked first.
    pub(super) asks: bool,
    /// It wants the person told.
    pub(super) tells: bool,
    /// The amount it names.
    pub(super) limit: Option<Limit>,
    /// It speaks of a limit that stands in the value.
    pub(super) open_bound: Option<Bound>,
}

/// Reads a key such as `auto_renew_under_20`.
pub(super) fn read(text: &str) -> Key {
    let tokens: Vec<String> = words(text).iter().flat_map(|word| runs(word)).collect();
    let mut key = Key::default();
    let mut bound = None;
    let mut rest = tokens.iter().map(String::as_str).peekable();
    while let Some(token) = rest.next() {
        let among = |list: &[&str]| list.contains(&token);
        if let Ok(number) = token.parse::<i64>() {
            let cents = match rest.peek() {
                Some(&("cent" | "cents")) => {
                    rest.next();
                    Some(number)
                }
                Some(&("usd" | "dollar" | "dollars" | "eur" | "euro" | "euros" | "gbp" | "chf")) => {
                    rest.next();
                    number.checked_mul(100)
                }
                // Thirty days or ten pages are no amount: left as words, which the signal has to bear out.
                Some(
                    &("day" | "days" | "hour" | "hours" | "minute" | "minutes" | "page" | "pages" | "people"
                    | "percent" | "item" | "items"),
                ) => None,
                Some(_) | None => number.checked_mul(100),
            };
            match (bound.take(), cents) {
                (Some(bound), Some(cents)) => key.limit = Some(Limit { bound, cents }),
                (Some(_) | None, _) => key.words.push(token.to_owned()),
            }
        } else if among(UNDER) {
            bound = Some(Bound::Under);
        } else if among(UP_TO) || (token == "up" && rest.peek() == Some(&"to")) {
            bound = Some(Bound::UpTo);
        } else if among(OVER) {
            bound = Some(Bound::Over);
        } else if among(FROM) {
            bound = Some(Bound::From);
        } else if token == "than" || among(FILLER) {
        } else if among(NEGATIONS) {
            key.negated = true;
        } else if among(ASKS) {
            key.asks = true;
        } else if among(TELLS) {
            key.tells = true;
        } else {
            key.words.push(token.to_owned());
        }
    }
    key.open_bound = bound;
    key
}

/// The runs of digits and of other letters in a word: `below15` is `below` and `15`, `20usd` is `20` and `usd`.
fn runs(word: &str) -> Vec<String> {
    let mut runs: Vec<String> = Vec::new();
    let mut digits = None;
    for letter in word.chars() {
        let digit = letter.is_ascii_digit();
        match runs.last_mut().filter(|_| digits == Some(digit)) {
            Some(run) => run.push(letter),
            None => runs.push(letter.into()),
        }
        digits = Some(digit);
    }
    runs
}

/// Any of these words is alike `word`.
pub(super) fn among(word: &str, list: &[&str]) -> bool {
    list.iter().any(|listed| alike(word, listed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_read_wherever_a_key_names_them() {
        let limit = |key: &str| read(key).limit.map(|limit| (limit.bound, limit.cents));
        assert_eq!(limit("auto_renew_under_20"), Some((Bound::Under, 2_000)));
        assert_eq!(limit("autoRenewBelow15"), Some((Bound::Under, 1_500)));
        assert_eq!(limit("reorder_up_to_50_usd"), Some((Bound::UpTo, 5_000)));
        assert_eq!(limit("pay_less_than_500_cents"), Some((Bound::Under, 500)));
        assert_eq!(limit("renew_over_100"), Some((Bound::Over, 10_000)));
        assert_eq!(limit("archive_over_30_days"), None);
        assert_eq!(limit("auto_renew"), None);
        assert_eq!(read("auto_renew_max").open_bound, Some(Bound::UpTo));
    }

    #[test]
    fn fillers_fall_away_and_denials_are_noticed() {
        assert_eq!(read("auto_archive_newsletters").words, ["archive", "newsletters"]);
        assert!(read("never_auto_renew").negated);
        assert!(read("ask_before_unsubscribe").asks);
        assert!(read("anomaly_alerts").tells);
    }
}
