//! Groceries and other orders: order what is asked for; the list is only a helper.

use serde_json::Value;

use super::{Draft, Reading, strings};
use crate::{
    action::Verb,
    facts::Facts,
    flags,
    signal::Domain,
    words::{alike, words},
};

/// A notice about an order, not a request for one.
const NOTICES: &[&str] = &[
    "shipped",
    "delivered",
    "delivery",
    "shipping",
    "confirmed",
    "confirmation",
    "receipt",
    "order update",
    "order status",
    "tracking",
];
/// Something to buy that nobody asked for.
const OFFERS: &[&str] = &[
    "price drop",
    "deal",
    "sale",
    "price alert",
    "discount",
    "back in stock",
    "recommendation",
    "suggestion",
    "coupon",
];

pub(super) fn drafts(reading: &Reading<'_>) -> Vec<Draft> {
    if reading.wishes(&["add to list", "list add", "shopping list", "list item"]) {
        return vec![named(reading, Draft::asked(Verb::AddToList)), named(reading, Draft::other(Verb::PlaceOrder))];
    }
    if reading.kind_says(NOTICES) {
        return Vec::new();
    }
    if reading.kind_says(OFFERS) {
        return vec![named(reading, Draft::asked(Verb::AddToList)), named(reading, Draft::other(Verb::PlaceOrder))];
    }
    vec![named(reading, Draft::asked(Verb::PlaceOrder)), named(reading, Draft::other(Verb::AddToList))]
}

/// With what is to be bought, under whatever name a single thing came.
fn named(reading: &Reading<'_>, draft: Draft) -> Draft {
    let listed = ["items", "products", "cart"]
        .iter()
        .any(|name| reading.field(name).and_then(Value::as_array).is_some_and(|items| !items.is_empty()));
    let one = reading.text(&["item", "product", "item_name", "product_name", "substitute"]);
    if listed { draft } else { draft.with_some("items", one.map(|one| Value::from(vec![one]))) }
}

/// Something in the order goes against what the person eats, by their own preferences.
pub(super) fn breaks_diet(reading: &Reading<'_>, facts: &Facts) -> bool {
    let diet = |key: &str| {
        let key = words(key);
        key.iter().any(|word| {
            ["diet", "dietary", "allergy", "allergen", "allergic", "intolerance"].iter().any(|name| alike(word, name))
        })
    };
    let theirs = facts
        .preferences
        .iter()
        .filter(|preference| matches!(preference.domain, Domain::Shopping | Domain::Health) && diet(&preference.key));
    let restrictions: Vec<String> =
        theirs.flat_map(|preference| strings(&preference.value).map(str::to_owned).collect::<Vec<_>>()).collect();
    let items = ["items", "products", "cart", "item", "product", "substitute", "substitution"]
        .iter()
        .filter_map(|name| reading.field(name));
    let named: Vec<String> = items.flat_map(names).collect();
    !restrictions.is_empty() && flags::eats_not(&restrictions, &named)
}

/// The names of items: texts, or objects with a name.
fn names(value: &Value) -> Vec<String> {
    match value {
        Value::String(name) => vec![name.clone()],
        Value::Array(items) => items.iter().flat_map(names).collect(),
        Value::Object(item) => ["name", "title", "product", "item"]
            .iter()
            .filter_map(|field| item.get(*field)?.as_str())
            .map(str::to_owned)
            .collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) => Vec::new(),
    }
}
