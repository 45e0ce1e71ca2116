//! Mail: sort what is only to be sorted, answer what waits for an answer, keep hands off what smells.

use super::{Draft, Reading, Understood};
use crate::{action::Verb, flags::Flag, words::says};

/// Categories and types of mail nobody has to read at once.
const ROUTINE: &[&str] = &[
    "newsletter",
    "digest",
    "promotion",
    "promotional",
    "promo",
    "marketing",
    "notification",
    "social",
    "forum",
    "update",
    "low priority",
    "shipping",
    "delivery",
    "receipt",
    "confirmation",
];
const MAILING: &[&str] = &["newsletter", "digest", "promotion", "promotional", "promo", "marketing"];
const SENT_BY_PEOPLE: &[&str] =
    &["client", "customer", "boss", "manager", "personal", "family", "legal", "work", "urgent", "important", "vip"];

pub(super) fn drafts(reading: &Reading<'_>, understood: &Understood) -> Vec<Draft> {
    let category = reading.category();
    let is = |phrases: &[&str]| phrases.iter().any(|phrase| says(&category, phrase)) || reading.kind_says(phrases);
    if understood.flags.contains(&Flag::Suspicious) {
        return vec![
            Draft::asked(Verb::LabelEmail).with("label", "suspicious").but("It looks like fraud or spam."),
            Draft::other(Verb::DeleteEmail),
        ];
    }
    if reading.wishes(&["delete", "bulk delete", "cleanup", "purge"]) {
        return vec![Draft::asked(Verb::DeleteEmail), Draft::other(Verb::ArchiveEmail)];
    }
    if reading.wishes(&["unsubscribe"]) || reading.is(&["wants_unsubscribe"]) {
        return vec![Draft::asked(Verb::Unsubscribe), Draft::other(Verb::ArchiveEmail)];
    }
    if reading.wishes(&["reply", "send reply", "auto reply"])
        && reading.text(&["draft", "suggested_reply", "reply", "draft_text"]).is_some()
    {
        return vec![Draft::asked(Verb::SendReply), Draft::other(Verb::DraftReply)];
    }
    let importance = reading.text(&["importance", "priority"]).unwrap_or_default().to_lowercase();
    let weighs =
        matches!(importance.as_str(), "high" | "urgent" | "critical") || understood.flagged() || is(SENT_BY_PEOPLE);
    let label = label(reading, &category);
    if understood.wants_answer || weighs {
        return vec![
            Draft::asked(Verb::DraftReply),
            Draft::other(Verb::SendReply),
            Draft::other(Verb::LabelEmail).with("label", label),
        ];
    }
    if is(ROUTINE) || importance == "low" {
        let mut drafts = vec![Draft::way(Verb::ArchiveEmail), Draft::way(Verb::LabelEmail).with("label", label)];
        if is(&["receipt"]) {
            drafts.push(Draft::other(Verb::RecordExpense));
        }
        if is(MAILING) {
            drafts.push(Draft::other(Verb::Unsubscribe));
        }
        return drafts;
    }
    vec![Draft::way(Verb::LabelEmail).with("label", label), Draft::way(Verb::DraftReply)]
}

/// The label a mail would get: the connector's suggestion, its category, or that it is to be read.
fn label(reading: &Reading<'_>, category: &[String]) -> String {
    let suggested = reading.text(&["label", "suggested_label"]).map(str::to_owned);
    suggested.unwrap_or_else(|| if category.is_empty() { "to read".into() } else { category.join(" ") })
}
