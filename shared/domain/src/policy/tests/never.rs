//! The never-list: each entry asks at the highest tier with everything else switched off, and its near miss does not.

use serde_json::{Value, json};

use super::{decide, objections};
use crate::{
    action::{Action, Cost, Verb},
    facts::Facts,
    fixtures::{action, context, costing, facts, with},
    flags::Flag,
    money::Money,
    policy::Rule,
    tier::TrustTier,
};

/// Highest tier, no other objection left to fall back on, limits out of the way.
fn trusted() -> Facts {
    let mut facts = facts();
    facts.settings.tier = TrustTier::HighAutonomy;
    facts.settings.autonomy.require_approval_for_irreversible = false;
    facts.settings.autonomy.max_spend_per_action_cents = Some(i64::MAX);
    facts.settings.autonomy.max_daily_spend_cents = Some(i64::MAX);
    facts
}

fn on_list_with(action: &Action, flags: &[Flag], facts: &Facts) -> bool {
    let mut context = context();
    context.flags = flags.iter().copied().collect();
    let rules = objections(&decide(action, &context, facts));
    rules.contains(&Rule::NeverAlone)
}

fn on_list(action: &Action, flags: &[Flag]) -> bool {
    on_list_with(action, flags, &trusted())
}

fn reply(extra: &Value) -> Action {
    let mut parameters = json!({ "message_id": "m", "text": "hello" });
    parameters.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    with(Verb::SendReply, &parameters)
}

#[test]
fn deleting_data_is_on_the_list_and_archiving_is_not() {
    for verb in [Verb::DeleteEmail, Verb::DeleteDocument, Verb::DeletePost] {
        assert!(on_list(&action(verb), &[]), "{verb}");
    }
    for verb in [Verb::ArchiveEmail, Verb::OrganizeFile, Verb::MuteConversation] {
        assert!(!on_list(&action(verb), &[]), "{verb}");
    }
}

#[test]
fn more_than_ten_recipients_are_on_the_list_however_they_are_written() {
    let named = |count: usize| (0..count).map(|n| format!("p{n}@work.example")).collect::<Vec<_>>();
    assert!(!on_list(&reply(&json!({ "recipients": named(10) })), &[]));
    assert!(on_list(&reply(&json!({ "recipients": named(11) })), &[]));
    assert!(!on_list(&reply(&json!({ "to": named(10).join(", ") })), &[]));
    assert!(on_list(&reply(&json!({ "to": named(6).join(", "), "cc": named(5).join("; ") })), &[]), "they add up");
    assert!(on_list(&reply(&json!({ "recipient_count": 11 })), &[]));
    assert!(!on_list(&reply(&json!({ "recipient_count": 10 })), &[]));
    assert!(on_list(&reply(&json!({})), &[Flag::Bulk]));
    assert!(
        !on_list(&with(Verb::ArchiveEmail, &json!({ "message_id": "m", "recipients": named(11) })), &[Flag::Bulk]),
        "nobody is written to"
    );
}

#[test]
fn legal_matters_are_on_the_list_from_high_risk_on() {
    assert!(on_list(&action(Verb::AcceptInvite), &[Flag::Legal]));
    assert!(!on_list(&action(Verb::AcceptInvite), &[Flag::Irreversible]));
}

#[test]
fn credentials_and_security_settings_are_on_the_list_and_locking_is_not() {
    assert!(on_list(&action(Verb::ChangePermission), &[]));
    assert!(on_list(&action(Verb::RunRoutine), &[Flag::SecuritySensitive]));
    assert!(!on_list(&action(Verb::RunRoutine), &[Flag::Anomaly]));
    for verb in [Verb::LockDoor, Verb::ArmAlarm, Verb::SetThermostat] {
        assert!(!on_list(&action(verb), &[]), "{verb}");
    }
}

#[test]
fn disarming_and_unlocking_are_on_the_list() {
    assert!(on_list(&action(Verb::UnlockDoor), &[]) && on_list(&action(Verb::DisarmAlarm), &[]));
}

#[test]
fn the_ceiling_holds_above_fifty_thousand_cents_and_for_what_nobody_knows() {
    assert!(!on_list(&costing(Verb::RenewSubscription, 50_000), &[]));
    assert!(on_list(&costing(Verb::RenewSubscription, 50_001), &[]));
    let euros =
        Action { cost: Cost::of(Money::new(50_001, "EUR".parse().unwrap())), ..action(Verb::RenewSubscription) };
    assert!(on_list(&euros, &[]));
    assert!(on_list(&Action { cost: Cost::Unknown, ..action(Verb::PlaceOrder) }, &[]));
    assert!(!on_list(&action(Verb::PlaceOrder), &[]));
}

#[test]
fn sharing_with_third_parties_or_across_contexts_is_on_the_list_and_sharing_inside_is_not() {
    let share = with(Verb::ShareDocument, &json!({ "document_id": "d", "recipients": ["a@work.example"] }));
    assert!(!on_list(&share, &[]));
    assert!(on_list(&share, &[Flag::ExternalParty]));
    assert!(on_list(&share, &[Flag::ThirdParty]));
    assert!(on_list(&action(Verb::ShareHealthData), &[]), "health data always crosses contexts");
    assert!(on_list(&reply(&json!({})), &[Flag::ThirdParty]));
    assert!(!on_list(&reply(&json!({})), &[Flag::ExternalParty]), "answering somebody outside is no sharing");
    let across = |from: &str, to: &str| {
        with(Verb::ShareDocument, &json!({ "document_id": "d", "context": from, "target_context": to }))
    };
    assert!(on_list(&across("work", "private"), &[]));
    assert!(!on_list(&across("work", "Work"), &[]));
    assert!(!on_list(&action(Verb::ArchiveEmail), &[Flag::ThirdParty, Flag::ExternalParty]), "nothing is shared");
}

#[test]
fn anything_about_minors_is_on_the_list() {
    assert!(on_list(&action(Verb::CreateTask), &[Flag::MinorInvolved]));
    assert!(!on_list(&action(Verb::CreateTask), &[Flag::ThirdParty]));
}

#[test]
fn medical_decisions_are_on_the_list_and_reminders_and_logs_are_not() {
    for verb in [Verb::BookAppointment, Verb::RefillPrescription] {
        assert!(on_list(&action(verb), &[]), "{verb}");
    }
    for verb in [Verb::SetMedicationReminder, Verb::LogHealthMetric] {
        assert!(!on_list(&action(verb), &[]), "{verb}");
    }
}

#[test]
fn emergency_services_are_on_the_list_and_look_alikes_are_not() {
    for number in ["911", "112", "tel:112", "9-1-1", "Emergency services", "police", "the local emergency service"] {
        assert!(on_list(&reply(&json!({ "to": number })), &[]), "{number}");
    }
    assert!(on_list(&reply(&json!({ "phone": 112 })), &[]));
    for number in ["1120", "+1 911 555 0100", "police.report@work.example", "emergency.example", "Fire Sale Ltd"] {
        assert!(!on_list(&reply(&json!({ "to": number })), &[]), "{number}");
    }
}

#[test]
fn money_to_another_party_is_on_the_list_until_the_payee_was_paid_before() {
    let pay =
        |payee: Value| Action { cost: Cost::of(Money::usd(1_000)), ..with(Verb::PayBill, &json!({ "payee": payee })) };
    let mut facts = trusted();
    facts.history.known_payees.insert("city power".into());
    assert!(!on_list_with(&pay(json!("City Power ")), &[], &facts));
    assert!(on_list_with(&pay(json!("City Powers")), &[], &facts), "another name is another payee");
    assert!(on_list_with(&pay(json!(null)), &[], &facts), "to whom, nobody knows");
    let transfer = Action { verb: Verb::TransferFunds, ..pay(json!("city power")) };
    assert!(on_list_with(&transfer, &[], &facts), "a transfer is always one");
    let renew = |flags: &[Flag]| on_list_with(&costing(Verb::RenewSubscription, 1_000), flags, &facts);
    assert!(!renew(&[]));
    assert!(renew(&[Flag::UnknownVendor]));
}

#[test]
fn privacy_is_on_the_list_from_moderate_risk_on_and_only_where_data_moves() {
    for flag in [Flag::ContainsPii, Flag::ContainsPhi, Flag::Confidential] {
        assert!(on_list(&reply(&json!({})), &[flag]), "{flag}");
        assert!(!on_list(&action(Verb::ArchiveEmail), &[flag]), "{flag}");
    }
}
