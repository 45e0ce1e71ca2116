//! Flags that follow from numbers: prices against earlier prices, readings against their range, counts, days unused.

use chrono::TimeDelta;
use chrono_tz::UTC;
use serde_json::Value;

use super::Flag;
use crate::{
    money::{Currency, Money},
    situation::{Reading, instant, strings},
    time::Timestamp,
};

/// From so many percent of the earlier price on a price is unusual (`domain.md` §3).
const PRICE_ANOMALY_PERCENT: i64 = 125;
/// Unused for so many days means little used.
const LITTLE_USED_DAYS: i64 = 30;
/// More than so many at once is bulk.
const BULK_ABOVE: i64 = 10;
/// So many times the usual quantity is unusual.
const UNUSUAL_TIMES: i64 = 3;

const CENTS_BEFORE: &[&str] = &[
    "previous_cost_cents",
    "previous_price_cents",
    "previous_amount_cents",
    "normal_cost_cents",
    "normal_price_cents",
    "usual_cost_cents",
    "usual_price_cents",
    "average_cost_cents",
    "average_amount_cents",
    "last_cost_cents",
    "old_cost_cents",
    "old_price_cents",
    "typical_cost_cents",
];
const MAJOR_BEFORE: &[&str] = &[
    "previous_cost",
    "previous_price",
    "previous_amount",
    "normal_cost",
    "normal_price",
    "usual_cost",
    "usual_price",
    "usual_amount",
    "average_cost",
    "average_amount",
    "old_price",
    "typical_amount",
];
const RISEN_BY_PERCENT: &[&str] = &[
    "price_increase",
    "price_increase_percent",
    "price_increase_percentage",
    "price_change_percent",
    "increase_percent",
];
const UNUSED_DAYS: &[&str] = &[
    "last_used_days_ago",
    "days_since_last_use",
    "days_since_last_used",
    "unused_days",
    "days_unused",
    "last_login_days_ago",
    "days_inactive",
];
const LAST_USED: &[&str] = &["last_used_at", "last_used", "last_used_date", "last_login"];
const COUNTS: &[&str] = &[
    "count",
    "total_count",
    "affected_users",
    "affected_count",
    "email_count",
    "message_count",
    "file_count",
    "document_count",
    "recipient_count",
    "recipients_count",
    "number_of_recipients",
    "contact_count",
    "post_count",
    "record_count",
];
const LISTS: &[&str] =
    &["recipients", "message_ids", "email_ids", "document_ids", "file_ids", "files", "documents", "emails", "messages"];

/// What the numbers of a payload say.
pub(super) fn read(reading: &Reading<'_>, now: Timestamp) -> Vec<Flag> {
    let checks = [
        (Flag::PriceAnomaly, dearer(reading)),
        (Flag::LittleUsed, unused(reading, now)),
        (Flag::Bulk, many(reading)),
        (Flag::UnusualVolume, more_than_usual(reading)),
        (Flag::Anomaly, out_of_range(reading)),
        (Flag::SubstitutionOfVendor, another_vendor(reading)),
        (Flag::ExternalParty, outside(reading)),
    ];
    checks.into_iter().filter(|(_, applies)| *applies).map(|(flag, _)| flag).collect()
}

fn dearer(reading: &Reading<'_>) -> bool {
    let risen = reading.whole(RISEN_BY_PERCENT).is_some_and(|percent| percent >= PRICE_ANOMALY_PERCENT - 100);
    let before = reading.whole(CENTS_BEFORE).or_else(|| {
        let value = MAJOR_BEFORE.iter().find_map(|name| reading.field(name))?;
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        Money::from_major(&text, Currency::USD).ok().map(|money| money.cents)
    });
    let after = reading
        .amount()
        .and_then(Result::ok)
        .map(|money| money.cents)
        .or_else(|| reading.whole(&["new_cost_cents", "new_price_cents"]));
    let by_prices = match (before, after) {
        (Some(before), Some(after)) if before > 0 => {
            after.saturating_mul(100) >= before.saturating_mul(PRICE_ANOMALY_PERCENT)
        }
        (Some(_) | None, _) => false,
    };
    risen || by_prices
}

fn unused(reading: &Reading<'_>, now: Timestamp) -> bool {
    let days = reading.whole(UNUSED_DAYS).is_some_and(|days| days >= LITTLE_USED_DAYS);
    let last = reading.text(LAST_USED).and_then(|text| instant(text, UTC));
    days || last.is_some_and(|last| now.since(last) >= TimeDelta::days(LITTLE_USED_DAYS))
}

fn many(reading: &Reading<'_>) -> bool {
    let counted = COUNTS.iter().any(|name| reading.whole(&[name]).is_some_and(|count| count > BULK_ABOVE));
    let long = |name: &str| {
        reading
            .field(name)
            .and_then(Value::as_array)
            .is_some_and(|list| i64::try_from(list.len()).is_ok_and(|count| count > BULK_ABOVE))
    };
    counted || LISTS.iter().any(|name| long(name))
}

fn more_than_usual(reading: &Reading<'_>) -> bool {
    let usual = reading
        .whole(&["usual_quantity", "normal_quantity", "average_quantity", "typical_quantity"])
        .filter(|usual| *usual > 0);
    let asked = reading.whole(&["quantity", "requested_quantity"]);
    usual.zip(asked).is_some_and(|(usual, asked)| asked >= usual.saturating_mul(UNUSUAL_TIMES))
}

/// A reading outside the range that comes with it, alone or part by part.
fn out_of_range(reading: &Reading<'_>) -> bool {
    let Some(range) = reading.field("normal_range").or_else(|| reading.field("reference_range")) else { return false };
    match reading.field("value") {
        Some(Value::Object(parts)) => {
            parts.iter().any(|(name, part)| range.get(name).is_some_and(|range| outside_of(part, range)))
        }
        Some(value) => outside_of(value, range),
        None => false,
    }
}

fn outside_of(value: &Value, range: &Value) -> bool {
    let bound = |index: usize, name: &str| range.get(index).or_else(|| range.get(name)).and_then(Value::as_f64);
    let Some(value) = value.as_f64() else { return false };
    bound(0, "min").is_some_and(|low| value < low) || bound(1, "max").is_some_and(|high| value > high)
}

fn another_vendor(reading: &Reading<'_>) -> bool {
    let usual = reading.text(&[
        "original_vendor",
        "usual_vendor",
        "previous_vendor",
        "original_store",
        "usual_store",
        "preferred_vendor",
    ]);
    let now = reading.text(&["vendor", "new_vendor", "store", "seller", "substitute_vendor"]);
    usual.zip(now).is_some_and(|(usual, now)| !usual.eq_ignore_ascii_case(now))
}

/// A client, partner or other outsider is named as such.
fn outside(reading: &Reading<'_>) -> bool {
    let classed = ["attendee_type", "recipient_type", "organizer_type", "relationship", "participants_type"]
        .iter()
        .filter_map(|name| reading.field(name));
    classed.flat_map(strings).any(|text| {
        ["client", "customer", "partner", "vendor", "external", "investor"]
            .iter()
            .any(|word| crate::words::says(&crate::words::words(text), word))
    })
}
