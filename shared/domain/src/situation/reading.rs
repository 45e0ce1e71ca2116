//! Reading a payload: fields under either spelling, at the top or in one of the usual wrappers, and the words of what
//! connectors say and what people wrote, kept apart: the former is believed, the latter only noticed.

use serde_json::Value;

use crate::{
    action::Cost,
    money::{Currency, Money, MoneyError},
    signal::{Object, Signal},
    words::{says, snake, words},
};

/// Objects that connectors wrap a payload's fields in.
const WRAPPERS: &[&str] = &["data", "details", "event", "metadata", "meta", "attributes", "properties"];
/// Fields that hold what somebody wrote.
const PROSE: &[&str] =
    &["subject", "title", "body", "content", "description", "snippet", "text", "message", "note", "notes"];
/// Short names of what a signal is about; believed less than typed fields and more than bodies.
const NAMES: &[&str] = &["subject", "title"];
/// Amounts in cents, best first.
const CENTS: &[&str] =
    &["cost_cents", "amount_cents", "price_cents", "total_cents", "total_cost_cents", "amount_due_cents"];
/// Amounts in major units, best first.
const MAJOR: &[&str] = &["amount", "cost", "price", "total", "total_cost", "total_amount", "amount_due"];

/// A signal, opened.
pub(crate) struct Reading<'a> {
    signal: &'a Signal,
    fields: Vec<(String, &'a Value)>,
    kind: Vec<String>,
    source: Vec<String>,
}

impl<'a> Reading<'a> {
    /// Opens a signal. Fields at the top hide those of the same name in a wrapper.
    pub(crate) fn of(signal: &'a Signal) -> Self {
        let mut fields: Vec<_> = signal.payload.iter().map(|(name, value)| (snake(name), value)).collect();
        let wrapped: Vec<_> = fields
            .iter()
            .filter(|(name, _)| WRAPPERS.contains(&name.as_str()))
            .filter_map(|(_, value)| value.as_object())
            .flat_map(|inner: &Object| inner.iter().map(|(name, value)| (snake(name), value)))
            .collect();
        fields.extend(wrapped);
        Self { signal, fields, kind: words(&signal.kind), source: words(&signal.source) }
    }

    /// The signal itself.
    pub(crate) const fn signal(&self) -> &'a Signal {
        self.signal
    }

    /// The field of this `snake_case` name; null counts as absent.
    pub(crate) fn field(&self, name: &str) -> Option<&'a Value> {
        self.fields.iter().find(|(field, value)| field == name && !value.is_null()).map(|(_, value)| *value)
    }

    /// Every field with its folded name.
    pub(crate) fn fields(&self) -> impl Iterator<Item = (&str, &'a Value)> {
        self.fields.iter().map(|(name, value)| (name.as_str(), *value))
    }

    /// The first of these fields that is a text with something in it.
    pub(crate) fn text(&self, names: &[&str]) -> Option<&'a str> {
        names.iter().find_map(|name| self.field(name)?.as_str().map(str::trim).filter(|text| !text.is_empty()))
    }

    /// The first of these fields that is a whole number, or a text that is one.
    pub(crate) fn whole(&self, names: &[&str]) -> Option<i64> {
        names.iter().find_map(|name| whole(self.field(name)?))
    }

    /// Any of these fields says yes: true, a number other than 0, a text that isn't no, or something in a list.
    pub(crate) fn is(&self, names: &[&str]) -> bool {
        names.iter().any(|name| self.field(name).is_some_and(affirms))
    }

    /// Any of these fields says no, explicitly.
    pub(crate) fn denies(&self, names: &[&str]) -> bool {
        names.iter().any(|name| self.field(name).and_then(Value::as_bool) == Some(false))
    }

    /// The words of the signal's type.
    pub(crate) fn kind(&self) -> &[String] {
        &self.kind
    }

    /// The words of the signal's source.
    pub(crate) fn source(&self) -> &[String] {
        &self.source
    }

    /// The type has one of these words or phrases.
    pub(crate) fn kind_says(&self, phrases: &[&str]) -> bool {
        phrases.iter().any(|phrase| says(&self.kind, phrase))
    }

    /// What the connector says is to be done, as words: the type and the `action` field.
    pub(crate) fn wish(&self) -> Vec<String> {
        let action = self.text(&["action", "requested_action", "operation", "command"]).map(words);
        self.kind.iter().cloned().chain(["·".to_owned()]).chain(action.unwrap_or_default()).collect()
    }

    /// The type or the `action` field has one of these words or phrases.
    pub(crate) fn wishes(&self, phrases: &[&str]) -> bool {
        let wish = self.wish();
        phrases.iter().any(|phrase| says(&wish, phrase))
    }

    /// The connector's category, as words.
    pub(crate) fn category(&self) -> Vec<String> {
        self.text(&["category", "mail_category", "email_category", "label_hint"]).map(words).unwrap_or_default()
    }

    /// The words of subject and title.
    pub(crate) fn headline(&self) -> Vec<String> {
        NAMES.iter().filter_map(|name| self.text(&[name])).flat_map(words).collect()
    }

    /// The words of everything somebody wrote.
    pub(crate) fn prose(&self) -> Vec<String> {
        let named = self.text(&["document_name", "file_name", "task_name", "extracted_task"]);
        PROSE
            .iter()
            .filter_map(|name| self.text(&[name]))
            .chain(named)
            .flat_map(|text| words(text).into_iter().chain(["·".to_owned()]))
            .collect()
    }

    /// Who sent it or stands behind it.
    pub(crate) fn sender(&self) -> Option<&'a str> {
        self.text(&[
            "from",
            "sender",
            "organizer",
            "author",
            "email_from",
            "requested_by",
            "vendor",
            "merchant",
            "requester",
        ])
    }

    /// The words a preference key may refer to: what the connector says, headlines and short fields, never bodies,
    /// which anybody can write, nor where answers go, which says nothing of what this is.
    pub(crate) fn topics(&self) -> Vec<String> {
        let mut found: Vec<String> = self.source.iter().chain(&self.kind).cloned().collect();
        for (name, value) in self.fields() {
            if matches!(name, "body" | "content" | "text" | "message" | "snippet" | "html")
                || name.starts_with("reply_to")
                || WRAPPERS.contains(&name)
                || !affirms(value)
            {
                continue;
            }
            found.extend(words(name));
            found.extend(strings(value).flat_map(words));
        }
        found
    }

    /// What the signal says it costs: typed cents first, then major units with their currency, then items that all
    /// have a price. Nothing about a price at all gives none; a price that can't be read is unknown.
    pub(crate) fn cost(&self) -> Option<Cost> {
        self.amount().map(|amount| amount.map_or(Cost::Unknown, Cost::of))
    }

    /// The amount the signal speaks of, whatever it is: a price, a transaction, money coming in (negative).
    pub(crate) fn amount(&self) -> Option<Result<Money, MoneyError>> {
        let currency = match self.text(&["currency", "currency_code"]) {
            None => Ok(Currency::USD),
            Some(code) => code.parse::<Currency>(),
        };
        let unreadable = |value: &Value| MoneyError::Amount(value.to_string().chars().take(32).collect());
        if let Some(value) = CENTS.iter().find_map(|name| self.field(name)) {
            return Some(currency.and_then(|currency| {
                whole(value).map(|cents| Money::new(cents, currency)).ok_or_else(|| unreadable(value))
            }));
        }
        if let Some(value) = MAJOR.iter().find_map(|name| self.field(name)) {
            return Some(currency.and_then(|currency| major(value, currency)));
        }
        let items = self.field("items")?.as_array().filter(|items| !items.is_empty())?;
        Some(currency.and_then(|currency| {
            items.iter().try_fold(Money::new(0, currency), |sum, item| {
                priced(item, currency).ok_or_else(|| unreadable(item)).and_then(|price| sum.plus(price))
            })
        }))
    }
}

/// What one item of a list costs altogether.
fn priced(item: &Value, currency: Currency) -> Option<Money> {
    let item = item.as_object()?;
    let look =
        |names: &[&str]| item.iter().find(|(name, _)| names.contains(&snake(name).as_str())).map(|(_, value)| value);
    let each = match look(&["price_cents", "cost_cents"]) {
        Some(cents) => Money::new(whole(cents)?, currency),
        None => major(look(&["price", "cost"])?, currency).ok()?,
    };
    let quantity = look(&["quantity", "qty"]).map_or(Some(1), whole).filter(|quantity| *quantity > 0)?;
    (each.cents >= 0).then_some(Money::new(each.cents.checked_mul(quantity)?, currency))
}

/// A whole number, also as text or with an empty fraction.
fn whole(value: &Value) -> Option<i64> {
    let text = match value {
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.trim().to_owned(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    let (digits, fraction) = text.split_once('.').unwrap_or((&text, ""));
    if fraction.bytes().all(|digit| digit == b'0') { digits.parse().ok() } else { None }
}

/// Major units as an exact decimal, from the digits as they were written.
fn major(value: &Value, currency: Currency) -> Result<Money, MoneyError> {
    match value {
        Value::Number(number) => Money::from_major(&number.to_string(), currency),
        Value::String(text) => Money::from_major(text, currency),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
            Err(MoneyError::Amount(value.to_string().chars().take(32).collect()))
        }
    }
}

/// Whether a value says yes.
pub(crate) fn affirms(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(said) => *said,
        Value::Number(number) => number.as_i64() != Some(0) && number.to_string() != "0.0",
        Value::String(text) => {
            !matches!(text.trim().to_lowercase().as_str(), "" | "no" | "false" | "none" | "off" | "0" | "n/a")
        }
        Value::Array(items) => !items.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
    }
}

/// Every text in a value, at most one list or object deep.
pub(crate) fn strings(value: &Value) -> impl Iterator<Item = &str> {
    let inner: Vec<&Value> = match value {
        Value::Array(items) => items.iter().collect(),
        Value::Object(fields) => fields.values().collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => vec![value],
    };
    inner.into_iter().filter_map(Value::as_str)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::signal;

    fn cost(payload: Value) -> Option<Cost> {
        let signal = signal("billing", "thing", payload);
        Reading::of(&signal).cost()
    }

    #[test]
    fn typed_cents_count_before_major_units_and_both_spellings_are_read() {
        assert_eq!(cost(json!({ "costCents": 99_900, "amount": 999 })), Some(Cost::of(Money::usd(99_900))));
        assert_eq!(cost(json!({ "cost_cents": 999 })), Some(Cost::of(Money::usd(999))));
        assert_eq!(cost(json!({ "data": { "costCents": "1500" } })), Some(Cost::of(Money::usd(1_500))));
    }

    #[test]
    fn major_units_are_read_exactly_in_their_currency() {
        let eur = "EUR".parse().unwrap();
        assert_eq!(cost(json!({ "amount": 49.99, "currency": "eur" })), Some(Cost::of(Money::new(4_999, eur))));
        assert_eq!(cost(json!({ "amount": "0.1", "currency": "USD" })), Some(Cost::of(Money::usd(10))));
        assert_eq!(cost(json!({ "amount": 1e21 })), Some(Cost::Unknown));
        assert_eq!(cost(json!({ "amount": "about 20" })), Some(Cost::Unknown));
        assert_eq!(cost(json!({ "amount": 5, "currency": "dollars" })), Some(Cost::Unknown));
        assert_eq!(cost(json!({ "cost_cents": 12.5 })), Some(Cost::Unknown));
    }

    #[test]
    fn items_count_only_when_every_one_has_a_price() {
        let all =
            json!({ "items": [{ "name": "a", "priceCents": 250, "quantity": 2 }, { "name": "b", "price": 1.25 }] });
        assert_eq!(cost(all), Some(Cost::of(Money::usd(625))));
        assert_eq!(
            cost(json!({ "items": [{ "name": "a", "priceCents": 250 }, { "name": "b" }] })),
            Some(Cost::Unknown)
        );
        assert_eq!(cost(json!({ "items": ["milk"] })), Some(Cost::Unknown));
        assert_eq!(cost(json!({ "subject": "49.99 due" })), None);
    }

    #[test]
    fn money_coming_in_is_free() {
        assert_eq!(cost(json!({ "costCents": -3_299 })), Some(Cost::Free));
    }

    #[test]
    fn a_field_at_the_top_hides_the_wrapped_one_and_null_is_absent() {
        let signal = signal(
            "x",
            "y",
            json!({ "title": null, "hasConflict": false, "data": { "title": "inner", "hasConflict": true } }),
        );
        let reading = Reading::of(&signal);
        assert_eq!(reading.text(&["title"]), Some("inner"));
        assert!(!reading.is(&["has_conflict"]));
    }
}
