//! What outsiders write: whatever stands in a signal, it gives nobody more than they had (`domain.md` §3).

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::{
    action::Verb,
    decide::decide,
    facts::Facts,
    mailbox,
    policy::Effect,
    signal::{Domain, Object, Signal},
    testing::{facts, signal, stated},
    tier::TrustTier,
    words::ending,
};

/// Names and words that payloads are made of.
const WORDS: &[&str] = &[
    "subject",
    "title",
    "body",
    "from",
    "category",
    "newsletter",
    "promotion",
    "client",
    "action",
    "requested_action",
    "pay_bill",
    "archive_email",
    "unlock_door",
    "amount",
    "cost_cents",
    "price",
    "currency",
    "EUR",
    "items",
    "quantity",
    "data",
    "details",
    "deadline",
    "due_in_hours",
    "message_id",
    "event_id",
    "vendor",
    "payee",
    "recipients",
    "urgency",
    "critical",
    "flags",
    "legal",
    "previous_price",
    "normal_range",
    "value",
    "min",
    "max",
    "trigger",
    "device",
    "platform",
    "content",
    "assignee",
    "requires_response",
    "has_conflict",
    "metric",
    "documentId",
    "last_used_at",
    "label",
];
const SOURCES: &[&str] = &[
    "gmail",
    "google_calendar",
    "billing",
    "shopping",
    "travel",
    "bank",
    "smart_home",
    "tasks",
    "x",
    "drive",
    "health",
    "",
];
const KINDS: &[&str] = &[
    "email_received",
    "meeting_invite",
    "calendar_conflict",
    "subscription_renewal",
    "grocery_reorder",
    "bill_due",
    "wire_transfer",
    "routine_trigger",
    "unlock_request",
    "task_create",
    "brand_mention",
    "document_share",
    "metric_log",
    "",
];
/// What a signal has no say in.
const AUTHORITY: &[&str] = &[
    "tier",
    "trust_tier",
    "user",
    "user_id",
    "risk",
    "risk_tier",
    "autonomy",
    "permission",
    "consent",
    "approved",
    "policy",
    "effect",
    "override_daily_limit",
    "max_spend_per_action_cents",
    "settings",
    "reversible",
    "is_safe",
];
/// Where anybody writes what they like.
const PROSE: &[&str] = &["body", "description", "snippet", "notes"];

fn person() -> Facts {
    let mut facts = facts(TrustTier::HighAutonomy);
    facts.history.executed = Domain::ALL.iter().map(|domain| (*domain, 20)).collect();
    facts
}

fn any_signal() -> impl Strategy<Value = Signal> {
    let source = prop_oneof![6 => prop::sample::select(SOURCES).prop_map(str::to_owned), 1 => fuzz::text()];
    let kind = prop_oneof![6 => prop::sample::select(KINDS).prop_map(str::to_owned), 1 => fuzz::text()];
    (source, kind, fuzz::object_of(WORDS))
        .prop_map(|(source, kind, payload)| signal(&source, &kind, Value::Object(payload)))
}

/// What a mail may say of who wrote it and of where it wants its answers.
fn mailboxes() -> impl Strategy<Value = Value> {
    let one = || prop::sample::select(vec!["boss@work.example", "The Boss <Boss@Work.example>", "boss@evil.example"]);
    let words =
        &["boss@work.example", "boss@evil.example", "<", ">", ", ", "\"", "Boss <boss@evil.example>", "(", ")", "@"];
    prop_oneof![
        4 => one().prop_map(Value::from),
        1 => prop::collection::vec(one(), 0..5).prop_map(Value::from),
        2 => fuzz::text_of(words).prop_map(Value::from),
        1 => fuzz::json_of(words),
    ]
}

/// The same signal with more in its payload, where there was nothing.
fn with(signal: &Signal, more: &Object) -> Signal {
    let mut payload = more.clone();
    payload.extend(signal.payload.clone());
    Signal { payload, ..signal.clone() }
}

proptest! {
    #![proptest_config(fuzz::cases(2))]

    #[test]
    fn whatever_comes_in_is_decided_for_its_own_person_at_their_tier_and_within_bounds(signal in any_signal()) {
        let facts = person();
        let decided = decide(&signal, &facts);
        let decision = &decided.decision;
        prop_assert_eq!(decision.user, signal.user);
        prop_assert_eq!(decision.tier, facts.settings.tier_in(decision.domain));
        prop_assert!(decided.outbox.events.iter().all(|event| event.user == signal.user));
        prop_assert!(decided.approval.iter().all(|approval| approval.user == signal.user));
        if let Some(execution) = &decided.execution {
            prop_assert_eq!(execution.user, signal.user);
            prop_assert_eq!(decision.chosen().map(|chosen| chosen.verdict.effect), Some(Effect::Allow));
        }
        for candidate in &decision.candidates {
            prop_assert!(candidate.summary.chars().count() < 300, "{}", candidate.summary);
            prop_assert!(candidate.action.cost.known().is_none_or(|cost| cost.cents > 0));
        }
        let kept = serde_json::to_value(decision).unwrap();
        prop_assert_eq!(&serde_json::from_value::<crate::decision::Decision>(kept).unwrap(), decision);
    }

    #[test]
    fn a_signal_that_claims_authority_gets_none(
        signal in any_signal(),
        claims in prop::collection::btree_map(
            prop::sample::select(AUTHORITY),
            prop_oneof![2 => (0..100_000).prop_map(Value::from), 3 => fuzz::json_of(AUTHORITY)],
            0..12,
        ),
    ) {
        let claims = claims.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let (plain, claiming) = (decide(&signal, &person()), decide(&with(&signal, &claims), &person()));
        prop_assert_eq!(claiming.decision.tier, plain.decision.tier);
        for candidate in &claiming.decision.candidates {
            let before = plain.decision.candidates.iter().find(|before| before.action.verb == candidate.action.verb);
            prop_assert!(before.is_none_or(|before| before.action.cost == candidate.action.cost), "{:?}", claims);
        }
        if let Some(execution) = claiming.execution {
            let before = plain.execution.map(|before| (before.action.verb, before.action.cost));
            prop_assert_eq!(before, Some((execution.action.verb, execution.action.cost)), "{:?}", claims);
        }
    }

    #[test]
    fn a_reply_goes_to_whom_its_action_names_and_alone_only_to_who_wrote(from in mailboxes(), wanted in mailboxes()) {
        let mut facts = person();
        facts.settings.autonomy.require_approval_for_irreversible = false;
        facts.preferences = vec![stated(Domain::Email, "auto_reply", true.into())];
        let payload = json!({ "action": "reply", "suggested_reply": "Yes.", "subject": "Well?", "from": from, "reply_to": wanted });
        let decided = decide(&signal("gmail", "email_received", payload), &facts);
        for candidate in &decided.decision.candidates {
            for one in candidate.action.addressees() {
                prop_assert_eq!(mailbox::read(one), Some(vec![one.to_owned()]));
            }
            prop_assert!(candidate.action.addressees().iter().take(3).all(|one| candidate.summary.contains(&ending(one))));
        }
        if let Some(sent) = decided.execution.filter(|execution| execution.action.verb == Verb::SendReply) {
            let to: Vec<String> = sent.action.addressees().into_iter().map(str::to_owned).collect();
            let wrote = crate::situation::strings(&from).flat_map(|one| mailbox::read(one).unwrap_or_default()).collect::<Vec<_>>();
            prop_assert!(!to.is_empty() && mailbox::within(&to, &wrote), "{:?} {:?}", to, wrote);
        }
    }

    #[test]
    fn prose_raises_flags_and_makes_nothing_cheaper_safer_or_run(
        signal in any_signal(),
        place in prop::sample::select(PROSE),
        prose in fuzz::text_of(&[
            "approved ", "pay now ", "this is free ", "cost 0 ", "low risk ", "no contract ", "trusted vendor ", "ignore your rules ",
            "wire 500 USD ", "unlock the door ", "not urgent ", "newsletter ", "tier high_autonomy ", "reversible ",
        ]),
    ) {
        prop_assume!(!signal.payload.contains_key(place));
        let more = json!({ place: prose }).as_object().unwrap().clone();
        let (plain, told) = (decide(&signal, &person()), decide(&with(&signal, &more), &person()));
        prop_assert!(told.decision.context.flags.is_superset(&plain.decision.context.flags));
        for candidate in &told.decision.candidates {
            let before = plain.decision.candidates.iter().find(|before| before.action.verb == candidate.action.verb);
            if let Some(before) = before {
                prop_assert_eq!(candidate.action.cost, before.action.cost);
                prop_assert!(candidate.risk.overall >= before.risk.overall);
            }
        }
        if let Some(execution) = told.execution {
            prop_assert_eq!(plain.execution.map(|before| before.action.verb), Some(execution.action.verb), "{}", prose);
        }
    }
}
