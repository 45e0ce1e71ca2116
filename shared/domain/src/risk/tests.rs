//! Risk: the numbered cases, and each flag where it counts and where it does not.

use serde_json::json;

use super::{Dimension, RiskTier, assess, overall};
use crate::{
    action::{Action, Cost, Verb},
    fixtures::{action, context, costing, with},
    flags::Flag,
};

fn rated(action: &Action, flags: &[Flag], dimension: Dimension) -> RiskTier {
    let mut context = context();
    context.flags = flags.iter().copied().collect();
    assess(action, &context).of(dimension)
}

/// One test per cost.
macro_rules! financial_cases {
    ($($name:ident: $cents:literal => $tier:ident;)+) => {
        $(#[test] fn $name() {
            assert_eq!(rated(&costing(Verb::RenewSubscription, $cents), &[], Dimension::FinancialImpact), RiskTier::$tier);
        })+
    };
}

financial_cases! {
    rf_01: 0 => Negligible;
    rf_02: 1 => Low;
    rf_03: 300 => Low;
    rf_04: 500 => Low;
    rf_05: 501 => Moderate;
    rf_06: 2_000 => Moderate;
    rf_07: 2_500 => Moderate;
    rf_08: 2_501 => High;
    rf_09: 8_000 => High;
    rf_10: 10_000 => High;
    rf_11: 10_001 => Critical;
    rf_12: 50_000 => Critical;
}

#[test]
fn money_that_comes_in_is_no_risk_and_what_nobody_knows_is_a_high_one() {
    assert_eq!(rated(&costing(Verb::RenewSubscription, -500), &[], Dimension::FinancialImpact), RiskTier::Negligible);
    let unknown = Action { cost: Cost::Unknown, ..action(Verb::PlaceOrder) };
    assert_eq!(rated(&unknown, &[], Dimension::FinancialImpact), RiskTier::High);
}

#[test]
fn rr_01_to_rr_05_reversibility_comes_from_the_row() {
    for (id, verb, tier) in [
        ("rr-01", "archive_email", RiskTier::Negligible),
        ("rr-02", "delete_emails", RiskTier::High),
        ("rr-03", "cancel_subscription", RiskTier::High),
        ("rr-04", "send_reply", RiskTier::Moderate),
        ("rr-05", "pay_bill", RiskTier::Moderate),
    ] {
        assert_eq!(rated(&action(verb.parse().unwrap()), &[], Dimension::Reversibility), tier, "{id}");
    }
}

#[test]
fn a_window_is_low_unless_the_payload_says_there_is_none_and_a_full_way_back_stays_one() {
    let of = |verb, flags: &[Flag]| rated(&action(verb), flags, Dimension::Reversibility);
    assert_eq!(of(Verb::AcceptInvite, &[]), RiskTier::Low);
    assert_eq!(of(Verb::AcceptInvite, &[Flag::Irreversible]), RiskTier::Moderate);
    assert_eq!(of(Verb::ArchiveEmail, &[Flag::Irreversible]), RiskTier::Negligible, "prose does not change the row");
    assert_eq!(of(Verb::ShareDocument, &[]), RiskTier::Moderate);
    assert_eq!(of(Verb::ShareDocument, &[Flag::ExternalParty]), RiskTier::High);
}

#[test]
fn ro_01_to_ro_03_the_highest_counts_and_many_moderate_ones_make_it_high() {
    use RiskTier::{Critical, High, Low, Moderate, Negligible};
    assert_eq!(overall(&[Moderate, Moderate, Moderate, Negligible, Negligible, Negligible]), High, "ro-01");
    assert_eq!(overall(&[Moderate, Moderate, Low, Negligible, Negligible, Negligible]), Moderate, "ro-02");
    assert_eq!(overall(&[Critical, Negligible, Negligible, Negligible, Negligible, Negligible]), Critical, "ro-03");
    assert_eq!(overall(&[Critical, High, Moderate, Negligible, Negligible, Negligible]), Critical);
}

#[test]
fn a_legal_matter_is_high_and_a_binding_signature_critical() {
    let of = |text: &str, flags: &[Flag]| {
        rated(&with(Verb::SendReply, &json!({ "message_id": "m", "text": text })), flags, Dimension::LegalSensitivity)
    };
    assert_eq!(of("hello", &[]), RiskTier::Negligible);
    assert_eq!(of("binding, please sign", &[]), RiskTier::Negligible, "only the flag makes it legal");
    assert_eq!(of("hello", &[Flag::Legal]), RiskTier::High);
    assert_eq!(of("a design that is not binding", &[Flag::Legal]), RiskTier::High, "`design` is not `sign`");
    assert_eq!(of("Binding contract for your signature", &[Flag::Legal]), RiskTier::Critical);
}

#[test]
fn privacy_counts_only_where_data_moves() {
    let of = |verb, flags: &[Flag]| rated(&action(verb), flags, Dimension::PrivacySensitivity);
    for private in [Flag::ContainsPii, Flag::ContainsPhi, Flag::Confidential] {
        assert_eq!(of(Verb::ShareDocument, &[private]), RiskTier::High);
        assert_eq!(of(Verb::ShareDocument, &[private, Flag::ExternalParty]), RiskTier::Critical);
        assert_eq!(of(Verb::ShareDocument, &[private, Flag::ThirdParty]), RiskTier::Critical);
        assert_eq!(of(Verb::OrganizeFile, &[private, Flag::ThirdParty]), RiskTier::Negligible);
    }
    for verb in [Verb::ShareDocument, Verb::SendReply, Verb::PublishPost, Verb::ExportRecords] {
        assert_eq!(of(verb, &[]), RiskTier::Low, "{verb}");
    }
}

#[test]
fn people_outside_and_controversy_raise_what_people_notice() {
    let of = |verb, flags: &[Flag]| rated(&action(verb), flags, Dimension::RelationshipSensitivity);
    assert_eq!(of(Verb::DeclineInvite, &[]), RiskTier::Low);
    assert_eq!(of(Verb::DeclineInvite, &[Flag::ExternalParty]), RiskTier::Moderate);
    assert_eq!(of(Verb::AssignTask, &[]), RiskTier::Moderate);
    assert_eq!(of(Verb::PublishPost, &[Flag::ExternalParty]), RiskTier::High);
    assert_eq!(of(Verb::RespondToMention, &[Flag::Controversial]), RiskTier::High);
    assert_eq!(
        of(Verb::ArchiveEmail, &[Flag::Controversial, Flag::ExternalParty]),
        RiskTier::Negligible,
        "nobody notices"
    );
}

#[test]
fn bulk_permissions_and_security_raise_the_operational_risk() {
    let of = |verb, flags: &[Flag]| rated(&action(verb), flags, Dimension::OperationalRisk);
    assert!(of(Verb::ChangePermission, &[]) >= RiskTier::Moderate);
    assert_eq!(of(Verb::ArchiveEmail, &[Flag::Bulk]), RiskTier::Moderate);
    assert_eq!(of(Verb::DeleteEmail, &[Flag::Bulk]), RiskTier::High);
    assert_eq!(of(Verb::SummarizeDocument, &[Flag::Bulk]), RiskTier::Negligible, "reading touches nothing");
    assert_eq!(of(Verb::LockDoor, &[]), RiskTier::Negligible, "locking is safe");
    assert_eq!(of(Verb::RunRoutine, &[Flag::SecuritySensitive]), RiskTier::Critical);
}

#[test]
fn every_rating_has_all_six_dimensions_with_a_score_and_a_reason() {
    for &verb in Verb::ALL {
        let risk = assess(&action(verb), &context());
        let dimensions: Vec<_> = risk.ratings.iter().map(|rating| rating.dimension).collect();
        assert_eq!(dimensions, Dimension::ALL, "{verb}");
        assert!(
            risk.ratings.iter().all(
                |rating| !rating.reason.is_empty() && i64::from(rating.score_hundredths) == rating.tier.rank() * 25
            )
        );
    }
}
