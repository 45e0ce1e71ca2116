//! Between rows and values: closed vocabularies are parsed, JSON is read into its type, and what does not fit is
//! [`Error::Corrupt`], never a panic and never a guess.
//!
//! Postgres keeps every character but one: U+0000 is written as U+FFFD, so that no text from outside can make a
//! statement fail for ever.

use std::{borrow::Cow, str::FromStr};

use domain::money::{Currency, Money};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::{Error, Result};

/// The row being read, to say which one can't be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    table: &'static str,
    id: Uuid,
}

impl Row {
    pub(crate) const fn of(table: &'static str, id: Uuid) -> Self {
        Self { table, id }
    }

    pub(crate) fn corrupt(self, column: &'static str) -> Error {
        Error::Corrupt { table: self.table, column, id: self.id.to_string() }
    }

    /// A word of a closed vocabulary, a currency, a zone.
    pub(crate) fn word<T: FromStr>(self, column: &'static str, word: &str) -> Result<T> {
        word.parse().map_err(|_| self.corrupt(column))
    }

    /// The same where there may be none.
    pub(crate) fn maybe_word<T: FromStr>(self, column: &'static str, word: Option<&str>) -> Result<Option<T>> {
        word.map(|word| self.word(column, word)).transpose()
    }

    /// A JSON column's value.
    pub(crate) fn json<T: DeserializeOwned>(self, column: &'static str, value: Value) -> Result<T> {
        serde_json::from_value(value).map_err(|_| self.corrupt(column))
    }

    /// What this state must have filled.
    pub(crate) fn filled<T>(self, column: &'static str, value: Option<T>) -> Result<T> {
        value.ok_or_else(|| self.corrupt(column))
    }

    /// An ordinal or a count.
    pub(crate) fn number<N, T: TryFrom<N>>(self, column: &'static str, number: N) -> Result<T> {
        T::try_from(number).map_err(|_| self.corrupt(column))
    }

    /// An amount in two columns, each with its name: both filled or none.
    pub(crate) fn money(
        self,
        cents: (&'static str, Option<i64>),
        currency: (&'static str, Option<&str>),
    ) -> Result<Option<Money>> {
        let code: Option<Currency> = self.maybe_word(currency.0, currency.1)?;
        match (cents.1, code) {
            (Some(cents), Some(currency)) => Ok(Some(Money::new(cents, currency))),
            (None, None) => Ok(None),
            (None, Some(_)) => Err(self.corrupt(cents.0)),
            (Some(_), None) => Err(self.corrupt(currency.0)),
        }
    }
}

/// A value as a JSON column keeps it.
pub(crate) fn json<T: Serialize>(value: &T) -> Result<Value> {
    serde_json::to_value(value).map(clean).map_err(|error| encoding(error.into()))
}

/// A text as a text column keeps it.
pub(crate) fn text(text: &str) -> Cow<'_, str> {
    if text.contains('\0') { Cow::Owned(text.replace('\0', "\u{FFFD}")) } else { Cow::Borrowed(text) }
}

/// The same for many.
pub(crate) fn texts(all: &[String]) -> Vec<String> {
    all.iter().map(|one| text(one).into_owned()).collect()
}

/// An ordinal or a count as its column keeps it.
pub(crate) fn number<N, T: TryFrom<N>>(number: N) -> Result<T> {
    T::try_from(number).map_err(|_| encoding("a number that its column can't keep".into()))
}

fn encoding(cause: Box<dyn std::error::Error + Send + Sync>) -> Error {
    Error::Bug(sqlx::Error::Encode(cause).into())
}

fn clean(value: Value) -> Value {
    match value {
        Value::String(words) if words.contains('\0') => Value::String(text(&words).into_owned()),
        Value::Array(items) => items.into_iter().map(clean).collect(),
        Value::Object(fields) => {
            let cleaned: Map<_, _> =
                fields.into_iter().map(|(key, value)| (text(&key).into_owned(), clean(value))).collect();
            Value::Object(cleaned)
        }
        other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => other,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_one_character_that_postgres_refuses_is_replaced_wherever_it_stands() {
        let given = json!({ "a\0": ["x\0y", { "b": "\0" }], "c": 1 });
        assert_eq!(json(&given).unwrap(), json!({ "a\u{FFFD}": ["x\u{FFFD}y", { "b": "\u{FFFD}" }], "c": 1 }));
        assert_eq!(text("a\0b"), "a\u{FFFD}b");
    }

    #[test]
    fn an_amount_without_a_currency_is_corrupt() {
        let money = |cents, currency| {
            Row::of("executions", Uuid::nil()).money(("reserved_cents", cents), ("currency", currency))
        };
        assert_eq!(money(Some(5), Some("EUR")).unwrap(), Some(Money::new(5, "EUR".parse().unwrap())));
        assert_eq!(money(None, None).unwrap(), None);
        assert!(matches!(money(Some(5), None), Err(Error::Corrupt { column: "currency", .. })));
        assert!(matches!(money(None, Some("EUR")), Err(Error::Corrupt { column: "reserved_cents", .. })));
    }
}
