//! Parameters as a person may edit them, and what must not move when they do.

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Reversibility, Verb, absent, compensation, cost_of, missing, spec, with_parameters};
use crate::{
    action::{Action, Cost},
    money::Money,
    signal::Object,
};

fn object(value: &Value) -> Object {
    value.as_object().unwrap().clone()
}

fn action(verb: Verb, parameters: &Value) -> Action {
    let parameters = object(parameters);
    Action { verb, domain: spec(verb).domain, cost: cost_of(verb, &parameters), parameters }
}

fn faults(verb: Verb, before: &Value, after: &Value) -> Vec<String> {
    with_parameters(&action(verb, before), &object(after))
        .err()
        .unwrap_or_default()
        .into_iter()
        .map(|fault| fault.path)
        .collect()
}

#[test]
fn an_edit_is_checked_name_by_name() {
    let before = json!({ "message_id": "m1", "label": "a" });
    assert!(faults(Verb::LabelEmail, &before, &json!({ "message_id": "m1", "label": "b" })).is_empty());
    assert_eq!(
        faults(Verb::LabelEmail, &before, &json!({ "message_id": "m1", "label": "b", "tier": "root" })),
        ["/parameters/tier"]
    );
    assert_eq!(faults(Verb::LabelEmail, &before, &json!({ "message_id": "m1", "label": 7 })), ["/parameters/label"]);
    assert_eq!(faults(Verb::LabelEmail, &before, &json!({ "message_id": "m1" })), ["/parameters/label"]);
    assert_eq!(
        faults(Verb::LabelEmail, &before, &json!({ "label": "b", "a/b": 1, "message_id": "m1" })),
        ["/parameters/a~1b"]
    );
}

#[test]
fn an_edit_can_fill_in_a_target_but_never_point_elsewhere() {
    let before = json!({ "payee": "City Power", "cost_cents": 2_000 });
    assert_eq!(
        faults(Verb::PayBill, &before, &json!({ "payee": "Someone else", "cost_cents": 2_000 })),
        ["/parameters/payee"]
    );
    assert_eq!(faults(Verb::PayBill, &before, &json!({ "cost_cents": 2_000 })), ["/parameters/payee"]);
    assert!(
        faults(Verb::PayBill, &before, &json!({ "payee": "City Power", "bill_id": "b1", "cost_cents": 2_000 }))
            .is_empty()
    );
    assert!(
        faults(
            Verb::RenewSubscription,
            &json!({ "cost_cents": 1 }),
            &json!({ "subscription_id": "s1", "cost_cents": 1 })
        )
        .is_empty()
    );
}

#[test]
fn the_cost_follows_the_parameters() {
    let pay = |after: &Value| {
        with_parameters(&action(Verb::PayBill, &json!({ "payee": "P", "cost_cents": 2_000 })), &object(after))
            .map(|edited| edited.cost)
    };
    assert_eq!(pay(&json!({ "payee": "P", "cost_cents": 90_000 })), Ok(Cost::of(Money::usd(90_000))));
    assert_eq!(pay(&json!({ "payee": "P" })), Ok(Cost::Unknown));
    assert_eq!(
        pay(&json!({ "payee": "P", "cost_cents": 500, "currency": "EUR" })),
        Ok(Cost::of(Money::new(500, "EUR".parse().unwrap())))
    );
    assert!(pay(&json!({ "payee": "P", "cost_cents": -5 })).is_err());
    assert!(pay(&json!({ "payee": "P", "cost_cents": 5.5 })).is_err());
    assert_eq!(cost_of(Verb::CategorizeTransaction, &object(&json!({ "cost_cents": 575 }))), Cost::Free);
    assert_eq!(cost_of(Verb::CancelSubscription, &Object::new()), Cost::Free);
    assert_eq!(
        cost_of(Verb::CancelSubscription, &object(&json!({ "cost_cents": 5_000 }))),
        Cost::of(Money::usd(5_000))
    );
}

#[test]
fn what_only_the_mail_names_can_run_by_consent_and_never_alone() {
    let by_mail = action(Verb::AcceptInvite, &json!({ "message_id": "m1" }));
    assert!(missing(&by_mail).is_empty());
    assert_eq!(absent(&by_mail), ["event_id"]);
    assert_eq!(missing(&action(Verb::AcceptInvite, &json!({}))).len(), 1);
}

#[test]
fn the_way_back_has_what_it_needs_and_costs_nothing() {
    let archived = action(Verb::ArchiveEmail, &json!({ "message_id": "m1" }));
    let back = compensation(&archived).unwrap();
    assert_eq!(
        (back.verb, back.parameters["message_id"].as_str(), back.cost),
        (Verb::MoveToInbox, Some("m1"), Cost::Free)
    );
    assert!(compensation(&action(Verb::DeletePost, &json!({ "post_id": "p1" }))).is_none());
    for verb in Verb::ALL {
        let Some(back) = spec(*verb).compensation else { continue };
        for needed in spec(back).parameters.iter().filter(|parameter| parameter.required) {
            let given = spec(*verb).parameter(needed.name);
            assert!(given.is_some_and(|given| given.required), "{back} needs {}, which {verb} may lack", needed.name);
        }
    }
}

#[test]
fn every_verb_that_can_be_undone_names_a_real_compensation_and_no_other_does() {
    for &verb in Verb::ALL {
        let row = spec(verb);
        assert_eq!(row.verb, verb);
        match row.reversibility {
            Reversibility::Full | Reversibility::Window(_) => {
                assert!(row.compensation.is_some() || row.is_read_only(), "{verb} has no compensation");
            }
            Reversibility::No => assert!(row.compensation.is_none(), "{verb} can't be undone and names a compensation"),
        }
    }
}

#[test]
fn what_the_design_calls_irreversible_counts_as_irreversible_even_with_a_window() {
    use Verb as V;
    for verb in [
        V::PayBill,
        V::TransferFunds,
        V::RenewSubscription,
        V::PlaceOrder,
        V::BookTravel,
        V::ShareDocument,
        V::ShareTaskList,
        V::ShareHealthData,
        V::PublishPost,
        V::SchedulePost,
        V::SendReply,
        V::CancelEvent,
        V::DeleteEmail,
        V::DeleteDocument,
        V::DeletePost,
        V::CancelSubscription,
    ] {
        assert!(spec(verb).counts_irreversible(), "{verb}");
    }
    for verb in [
        V::ArchiveEmail,
        V::LabelEmail,
        V::OrganizeFile,
        V::LogHealthMetric,
        V::CategorizeTransaction,
        V::CreateTask,
        V::SetThermostat,
    ] {
        assert_eq!(spec(verb).reversibility, Reversibility::Full, "{verb}");
        assert!(!spec(verb).counts_irreversible(), "{verb}");
    }
    assert!(!spec(V::AcceptInvite).counts_irreversible());
}

#[test]
fn every_verb_of_the_design_has_a_row() {
    let names = "archive_email label_email send_reply draft_reply delete_email unsubscribe accept_invite tentative_accept \
         decline_invite propose_alternative reschedule_event cancel_event acknowledge_update renew_subscription \
         cancel_subscription snooze_reminder place_order add_to_list book_travel save_option categorize_transaction pay_bill \
         transfer_funds flag_transaction record_expense generate_report dispute_charge run_routine set_thermostat lock_door \
         unlock_door disarm_alarm create_task set_reminder complete_task assign_task create_project reprioritize_tasks \
         share_task_list draft_post publish_post schedule_post react_to_post mute_conversation respond_to_mention delete_post \
         organize_file summarize_document create_document share_document delete_document change_permission log_health_metric \
         set_medication_reminder book_appointment reschedule_appointment refill_prescription share_health_data export_records \
         create_note move_to_inbox remove_from_list";
    for name in names.split_whitespace() {
        assert!(name.parse::<Verb>().is_ok(), "{name} has no row");
    }
}

#[test]
fn parameter_names_are_unique_within_a_verb_aliases_included() {
    for &verb in Verb::ALL {
        let mut seen = BTreeSet::new();
        for parameter in spec(verb).parameters {
            for name in std::iter::once(&parameter.name).chain(parameter.aliases) {
                assert!(seen.insert(*name), "{verb}: {name} twice");
            }
        }
    }
}

proptest! {
    #![proptest_config(fuzz::cases(1))]

    #[test]
    fn no_edit_moves_the_target_adds_what_the_verb_does_not_take_or_makes_it_cheaper_than_it_says(
        (verb, before, after) in prop::sample::select(Verb::ALL).prop_flat_map(|verb| {
            let names: Vec<&str> = spec(verb).parameters.iter().map(|parameter| parameter.name).collect();
            (Just(verb), fuzz::object_of(&names), fuzz::object_of(&names))
        }),
    ) {
        let before = Action { verb, domain: spec(verb).domain, cost: cost_of(verb, &before), parameters: before };
        match with_parameters(&before, &after) {
            Ok(edited) => {
                prop_assert_eq!((edited.verb, edited.domain, &edited.parameters), (verb, before.domain, &after));
                prop_assert!(after.keys().all(|name| spec(verb).parameter(name).is_some()));
                prop_assert!(missing(&edited).is_empty());
                for target in spec(verb).parameters.iter().filter(|parameter| parameter.target) {
                    let kept = before.parameters.get(target.name);
                    prop_assert!(kept.is_none() || edited.parameters.get(target.name) == kept);
                }
                match (edited.cost, after.get("cost_cents")) {
                    (Cost::Known { cents, .. }, said) => prop_assert_eq!(said.and_then(Value::as_i64), Some(cents)),
                    (Cost::Free, said) => prop_assert!(said.is_none_or(|said| said == 0)),
                    (Cost::Unknown, _) => {}
                }
            }
            Err(faults) => prop_assert!(!faults.is_empty() && faults.iter().all(|it| it.path.starts_with("/parameters/"))),
        }
    }
}
