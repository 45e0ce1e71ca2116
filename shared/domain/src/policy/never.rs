//! Rule 3: what is never done without the person's approval, at no tier (`domain.md` §6).
//!
//! Read off the catalogue's columns, the flags, the cost and the parameters; never off a verb's name. Where it can't be
//! told (no payee, no cost), it counts as on the list.

use serde_json::{Value, json};

use super::{Case, Effect, Reason, Rule, rules::reason};
use crate::{
    action::Cost,
    catalogue::{self, Deed, Movement, Never, Reach, Spec},
    flags::Flag,
    money::Money,
    risk::{Dimension, RiskTier},
};

/// Above so many cents nothing is ever paid alone, in any currency (`domain.md` §6 rule 3).
pub(super) const CEILING_CENTS: i64 = 50_000;
/// A message to more people than this is never sent alone.
pub(super) const MOST_RECIPIENTS: usize = 10;

/// Parameters that name the people something goes to.
const RECIPIENTS: &[&str] = &[
    "to",
    "cc",
    "bcc",
    "recipient",
    "recipients",
    "attendees",
    "participants",
    "invitees",
    "members",
    "shared_with",
    "share_with",
    "people",
];
/// Parameters that say only how many people they are.
const HEAD_COUNTS: &[&str] =
    &["recipient_count", "recipients_count", "attendee_count", "attendees_count", "audience_size"];
/// Parameters that may hold the number or name of somebody to call.
const CALLS: &[&str] = &[
    "to",
    "recipient",
    "recipients",
    "phone",
    "phone_number",
    "number",
    "contact",
    "service",
    "provider",
    "payee",
    "call",
];
/// Numbers of emergency services.
const EMERGENCY_NUMBERS: &[&str] = &["000", "110", "111", "112", "119", "911", "995", "999"];

/// Everything on the list that applies to the case.
pub(super) fn reasons(case: &Case<'_>) -> Vec<Reason> {
    let spec = catalogue::spec(case.action.verb);
    let ask = |text: &str, numbers: Value| reason(Rule::NeverAlone, Effect::RequireApproval, text, numbers);
    let flagged = |flag: Flag| case.context.flags.contains(&flag);
    let mut found = Vec::new();
    let mut on_list = |applies: bool, text: &str| {
        if applies {
            found.push(ask(text, json!({})));
        }
    };

    on_list(spec.never(Never::DeletesData), "Data is never deleted without your approval.");
    on_list(spec.never(Never::CommitsLegally), "The twin never commits you legally without your approval.");
    on_list(
        spec.never(Never::ChangesSecurity) || (flagged(Flag::SecuritySensitive) && !spec.is_read_only()),
        "Credentials, permissions and security settings are never touched without your approval.",
    );
    on_list(spec.never(Never::Unlocks), "Nothing is unlocked or disarmed without your approval.");
    on_list(
        crosses_contexts(spec, case),
        "Nothing is shared across contexts or with third parties without your approval.",
    );
    on_list(flagged(Flag::MinorInvolved), "Nothing about minors is done without your approval.");
    on_list(spec.never(Never::Medical), "Medical decisions are yours.");
    on_list(calls_emergency(case), "Emergency services are never called without your approval.");
    on_list(moves_money(spec, case), "Money never goes to another party for the first time without your approval.");

    let recipients = recipients(case);
    if spec.reach >= Reach::OtherPeople && recipients > MOST_RECIPIENTS {
        let text = format!("A message to {recipients} people is never sent without your approval.");
        found.push(ask(&text, json!({ "recipients": recipients, "most": MOST_RECIPIENTS })));
    } else if messages(spec) && flagged(Flag::Bulk) {
        found.push(ask(
            "A message to many people is never sent without your approval.",
            json!({ "most": MOST_RECIPIENTS }),
        ));
    }
    match case.action.cost {
        Cost::Known { cents, currency } if cents > CEILING_CENTS => {
            let text =
                format!("It costs {}, more than is ever paid without your approval.", Money::new(cents, currency));
            found.push(ask(&text, json!({ "cost_cents": cents, "ceiling_cents": CEILING_CENTS })));
        }
        Cost::Unknown => {
            let text = "Nobody knows what this costs, so it counts as more than is ever paid without your approval.";
            found.push(ask(text, json!({ "cost_cents": null, "ceiling_cents": CEILING_CENTS })));
        }
        Cost::Free | Cost::Known { .. } => {}
    }
    for (dimension, from, text) in [
        (Dimension::PrivacySensitivity, RiskTier::Moderate, "Your privacy is at stake, so you are always asked."),
        (Dimension::LegalSensitivity, RiskTier::High, "It is a legal matter, so you are always asked."),
    ] {
        let tier = case.risk.of(dimension);
        if tier >= from {
            found.push(ask(text, json!({ "dimension": dimension, "risk": tier, "from": from })));
        }
    }
    found
}

/// The verb sends or publishes something to people.
const fn messages(spec: &Spec) -> bool {
    matches!(spec.reach, Reach::OtherPeople) && (spec.moves_data() || matches!(spec.deed, Deed::Submit | Deed::Share))
}

fn crosses_contexts(spec: &Spec, case: &Case<'_>) -> bool {
    let flagged = |flag: Flag| case.context.flags.contains(&flag);
    let shares = spec.deed == Deed::Share || spec.movement == Movement::Exported;
    let text = |key: &str| case.action.parameters.get(key).and_then(Value::as_str).map(str::to_lowercase);
    let crosses =
        match (text("context").or_else(|| text("from_context")), text("target_context").or_else(|| text("to_context")))
        {
            (Some(from), Some(to)) => from != to,
            (None, _) | (_, None) => false,
        };
    spec.never(Never::SharesAcrossContexts)
        || (spec.moves_data() && (flagged(Flag::ThirdParty) || crosses))
        || (shares && flagged(Flag::ExternalParty))
}

/// Money to another party: by nature, or to a payee that was never paid before, or who knows to whom.
fn moves_money(spec: &Spec, case: &Case<'_>) -> bool {
    if spec.never(Never::MovesMoney) {
        return true;
    }
    let known = |payee: &str| case.facts.history.known_payees.contains(&payee.trim().to_lowercase());
    let payee = case.action.parameters.get("payee").and_then(Value::as_str).filter(|payee| !payee.trim().is_empty());
    let pays = spec.never(Never::PaysPayee);
    match payee {
        Some(payee) => (pays || spec.reach == Reach::Money) && !known(payee),
        None => pays || (spec.reach == Reach::Money && case.context.flags.contains(&Flag::UnknownVendor)),
    }
}

/// How many people the parameters name or count.
fn recipients(case: &Case<'_>) -> usize {
    let named: usize = RECIPIENTS.iter().filter_map(|key| case.action.parameters.get(*key)).map(people_in).sum();
    let counted = HEAD_COUNTS
        .iter()
        .filter_map(|key| case.action.parameters.get(*key))
        .filter_map(Value::as_u64)
        .max()
        .unwrap_or_default();
    named.max(usize::try_from(counted).unwrap_or(usize::MAX))
}

fn people_in(value: &Value) -> usize {
    match value {
        Value::Array(people) => people.iter().map(people_in).sum(),
        Value::String(text) => text.split([',', ';']).filter(|part| !part.trim().is_empty()).count(),
        Value::Object(_) | Value::Number(_) => 1,
        Value::Null | Value::Bool(_) => 0,
    }
}

fn calls_emergency(case: &Case<'_>) -> bool {
    CALLS.iter().filter_map(|key| case.action.parameters.get(*key)).any(is_emergency)
}

fn is_emergency(value: &Value) -> bool {
    match value {
        Value::Array(values) => values.iter().any(is_emergency),
        Value::String(text) => {
            let text = text.trim().to_lowercase();
            let number: String = text.chars().filter(|c| !matches!(c, ' ' | '-' | '.' | '(' | ')' | '/')).collect();
            let number = number.strip_prefix("tel:").unwrap_or(&number);
            let words: Vec<_> = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
            EMERGENCY_NUMBERS.contains(&number)
                || matches!(
                    words.as_slice(),
                    ["emergency" | "ambulance" | "police"] | ["fire" | "police", "department"] | ["fire", "brigade"]
                )
                || words.windows(2).any(|pair| matches!(pair, ["emergency", "service" | "services"]))
        }
        Value::Number(number) => {
            number.as_u64().is_some_and(|number| EMERGENCY_NUMBERS.contains(&number.to_string().as_str()))
        }
        Value::Null | Value::Bool(_) | Value::Object(_) => false,
    }
}
