//! What preferences say, word by word.

use serde_json::{Value, json};

use super::{Evidence, Opinion, confidence_from_evidence, opinion};
use crate::{
    action::{Action, Cost, Verb},
    catalogue,
    money::Money,
    signal::{Domain, Object},
    testing::stated,
    tier::Confidence,
    words::words,
};

/// What a stated preference says about a verb when the signal says `topics`.
fn said(key: &str, value: Value, verb: Verb, cost: Cost, topics: &str) -> Option<bool> {
    let domain = catalogue::spec(verb).domain;
    about(domain, key, value, &Action { verb, domain, parameters: Object::new(), cost }, topics)
}

fn about(domain: Domain, key: &str, value: Value, action: &Action, topics: &str) -> Option<bool> {
    let topics = words(topics);
    let evidence = Evidence { topics: &topics, sender: Some("news@paper.example"), amount: action.cost.known() };
    match opinion(&stated(domain, key, value), action, &evidence)? {
        Opinion::For { .. } => Some(true),
        Opinion::Against { .. } => Some(false),
        Opinion::Ask => None,
    }
}

#[test]
fn a_key_speaks_for_the_verb_it_names_best_and_for_no_other() {
    use Verb as V;
    let free = |key: &str, verb: V| said(key, json!(true), verb, Cost::Free, "email task project") == Some(true);
    for (key, verb) in [
        ("auto_archive", V::ArchiveEmail),
        ("autoArchiveEmails", V::ArchiveEmail),
        ("draft_replies", V::DraftReply),
        ("auto_reply", V::SendReply),
        ("accept_invites", V::AcceptInvite),
        ("tentative_accept", V::TentativeAccept),
        ("auto_decline", V::DeclineInvite),
        ("categorise_transactions", V::CategorizeTransaction),
        ("auto_create_projects", V::CreateProject),
        ("auto_create_tasks", V::CreateTask),
        ("auto_file_documents", V::OrganizeFile),
        ("summaries", V::SummarizeDocument),
        ("thermostat", V::SetThermostat),
        ("lock_doors", V::LockDoor),
        ("auto_log_metrics", V::LogHealthMetric),
        ("add_to_shopping_list", V::AddToList),
    ] {
        assert!(free(key, verb), "{key} should speak for {verb}");
    }
    for (key, verb) in [
        ("draft_replies", V::SendReply),
        ("tentative_accept", V::AcceptInvite),
        ("auto_create_projects", V::CreateTask),
        ("lock_doors", V::UnlockDoor),
        ("auto_apply_coupons", V::PlaceOrder),
        ("preferred_class", V::BookTravel),
        ("reply_style", V::SendReply),
        ("add_to_shopping_list", V::PlaceOrder),
        ("archive_clients", V::ArchiveEmail),
        ("meeting_priority", V::RescheduleEvent),
    ] {
        assert!(!free(key, verb), "{key} should not speak for {verb}");
    }
}

#[test]
fn values_say_yes_or_no_or_name_the_verb() {
    let archive = |value: Value| said("auto_archive", value, Verb::ArchiveEmail, Cost::Free, "newsletter");
    for yes in [
        json!(true),
        json!("always"),
        json!("yes"),
        json!("newsletters"),
        json!({ "enabled": true }),
        json!(["newsletter"]),
    ] {
        assert_eq!(archive(yes.clone()), Some(true), "{yes}");
    }
    for no in [json!(false), json!("never"), json!("no"), json!("off"), json!({ "enabled": false })] {
        assert_eq!(archive(no.clone()), Some(false), "{no}");
    }
    for nothing in [json!(null), json!(""), json!([]), json!("receipts"), json!("ask"), json!(["receipt"])] {
        assert_eq!(archive(nothing.clone()), None, "{nothing}");
    }
    assert_eq!(said("never_archive", json!(true), Verb::ArchiveEmail, Cost::Free, ""), Some(false));
    assert_eq!(said("newsletters", json!("archive_email"), Verb::ArchiveEmail, Cost::Free, "newsletter"), Some(true));
    assert_eq!(said("newsletters", json!("archive_email"), Verb::ArchiveEmail, Cost::Free, "receipt"), None);
    assert_eq!(said("newsletters", json!("archive_email"), Verb::LabelEmail, Cost::Free, "newsletter"), None);
    assert_eq!(said("default_response", json!("decline"), Verb::DeclineInvite, Cost::Free, ""), Some(true));
    assert_eq!(said("default_response", json!("decline"), Verb::AcceptInvite, Cost::Free, ""), None);
}

#[test]
fn a_preference_of_another_domain_says_nothing() {
    let action =
        Action { verb: Verb::ArchiveEmail, domain: Domain::Email, parameters: Object::new(), cost: Cost::Free };
    assert_eq!(about(Domain::Documents, "auto_archive", json!(true), &action, ""), None);
    assert_eq!(about(Domain::Documents, "auto_archive", json!(false), &action, ""), None);
    assert_eq!(about(Domain::Documents, "handling", json!("archive_email"), &action, "handling"), None);
    let share = Action { verb: Verb::ShareDocument, domain: Domain::Documents, ..action };
    assert_eq!(about(Domain::Documents, "auto_share", json!(true), &share, ""), Some(true));
    assert_eq!(about(Domain::Tasks, "auto_share", json!(true), &share, ""), None);
    assert_eq!(about(Domain::Tasks, "auto_share", json!(false), &share, ""), None);
}

#[test]
fn limits_hold_to_the_cent_and_an_unknown_cost_is_within_none() {
    let renew = |key: &str, value: Value, cost: Cost| said(key, value, Verb::RenewSubscription, cost, "");
    let cents = |cents: i64| Cost::of(Money::usd(cents));
    assert_eq!(renew("auto_renew_under_20", json!(true), cents(1_999)), Some(true));
    assert_eq!(renew("auto_renew_under_20", json!(true), cents(2_000)), None);
    assert_eq!(renew("auto_renew_under_20", json!(true), Cost::Unknown), None);
    assert_eq!(renew("auto_renew_over_100", json!(false), cents(10_001)), Some(false));
    assert_eq!(renew("auto_renew_over_100", json!(false), cents(10_000)), None);
    assert_eq!(
        renew("auto_renew_over_100", json!(false), Cost::Unknown),
        Some(false),
        "what forbids counts when in doubt"
    );
    assert_eq!(renew("auto_renew", json!({ "max": 20 }), cents(2_000)), Some(true));
    assert_eq!(renew("auto_renew", json!({ "max": 20 }), cents(2_001)), None);
    assert_eq!(renew("auto_renew", json!("under 20"), cents(1_999)), Some(true));
    assert_eq!(renew("auto_renew", json!("under 20"), cents(2_000)), None);
    assert_eq!(renew("auto_renew_limit", json!(20), cents(2_000)), Some(true));
    assert_eq!(renew("auto_renew_small", json!(true), cents(99_900)), None);
}

#[test]
fn what_forbids_counts_unless_the_signal_is_about_something_else() {
    let renew = |key: &str, topics: &str| said(key, json!(false), Verb::RenewSubscription, Cost::Free, topics);
    assert_eq!(renew("auto_renew_flagged", "plan"), Some(false));
    let archive = |topics: &str| said("auto_archive_clients", json!(false), Verb::ArchiveEmail, Cost::Free, topics);
    assert_eq!(archive("newsletter"), None);
    assert_eq!(archive("client"), Some(false));
    assert_eq!(archive("hello"), Some(false));
}

#[test]
fn a_list_of_items_has_to_cover_all_that_is_ordered() {
    let order = |items: Value| {
        let parameters = json!({ "items": items }).as_object().unwrap().clone();
        let action =
            Action { verb: Verb::PlaceOrder, domain: Domain::Shopping, parameters, cost: Cost::of(Money::usd(500)) };
        about(Domain::Shopping, "auto_reorder", json!(["Milk", "eggs"]), &action, "")
    };
    assert_eq!(order(json!(["milk", "Eggs"])), Some(true));
    assert_eq!(order(json!(["milk", "champagne"])), None);
}

/// One test per case: stated or not, pieces of evidence, their consistency in per cent.
macro_rules! confidence_cases {
    ($($name:ident: $stated:literal, $evidence:literal, $consistency:literal => $confidence:ident;)+) => {
        $(#[test] fn $name() {
            assert_eq!(confidence_from_evidence($stated, $evidence, $consistency), Confidence::$confidence);
        })+
    };
}

confidence_cases! {
    ce_01: true, 0, 0 => Confirmed;
    ce_02: false, 5, 80 => High;
    ce_03: false, 3, 60 => Moderate;
    ce_04: false, 2, 40 => Low;
    ce_05: false, 1, 100 => Speculative;
    ce_06: false, 5, 50 => Low;
}
