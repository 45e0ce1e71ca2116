//! Content flags: what payload and text say that matters for risk and the never-list (`domain.md` §3).
//!
//! Read once, stored with the decision. Typed fields are believed; text is only searched for whole words, so that a
//! contractor is no contract. A flag is cheap to raise and can't lower anything.

mod diet;
mod lists;
mod numbers;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use serde_json::Value;

pub(crate) use self::diet::eats_not;
use self::lists::{CLASSES, IN_CLASSES, IN_HEADLINES, IN_TEXT, TRUSTED, UNLOCKS};
use crate::{
    signal::SituationKind,
    situation::Reading,
    time::Timestamp,
    wire::wire_enum,
    words::{says, words},
};

wire_enum! {
    /// One thing noticed.
    Flag, "flag" {
        ContainsPii = "contains_pii", ContainsPhi = "contains_phi", Confidential = "confidential", Legal = "legal",
        Irreversible = "irreversible", ExternalParty = "external_party", ThirdParty = "third_party", Bulk = "bulk",
        UnknownVendor = "unknown_vendor", Foreign = "foreign", PriceAnomaly = "price_anomaly",
        DuplicateService = "duplicate_service", LittleUsed = "little_used", CostIfMissed = "cost_if_missed",
        SubstitutionOfVendor = "substitution_of_vendor", NonRefundable = "non_refundable", UnusualVolume = "unusual_volume",
        Allergen = "allergen", MinorInvolved = "minor_involved", SecuritySensitive = "security_sensitive",
        Suspicious = "suspicious", Controversial = "controversial", Anomaly = "anomaly", CalendarConflict = "calendar_conflict",
    }
}

impl Flag {
    /// In a sentence: "It noticed …".
    pub const fn phrase(self) -> &'static str {
        match self {
            Self::ContainsPii => "personal data",
            Self::ContainsPhi => "health data",
            Self::Confidential => "something confidential",
            Self::Legal => "a legal matter",
            Self::Irreversible => "that it can't be taken back",
            Self::ExternalParty => "people from outside",
            Self::ThirdParty => "a third party",
            Self::Bulk => "that it concerns many at once",
            Self::UnknownVendor => "a vendor you have not dealt with",
            Self::Foreign => "that it comes from abroad",
            Self::PriceAnomaly => "an unusual price",
            Self::DuplicateService => "that you may be paying for the same thing twice",
            Self::LittleUsed => "that you hardly use it",
            Self::CostIfMissed => "that missing it costs money",
            Self::SubstitutionOfVendor => "that the vendor has changed",
            Self::NonRefundable => "that there is no refund",
            Self::UnusualVolume => "an unusual quantity",
            Self::Allergen => "something you don't eat",
            Self::MinorInvolved => "that a minor is involved",
            Self::SecuritySensitive => "that it touches your security",
            Self::Suspicious => "signs of fraud or spam",
            Self::Controversial => "a controversial subject",
            Self::Anomaly => "something out of the ordinary",
            Self::CalendarConflict => "a conflict in your calendar",
        }
    }

    /// Informs risk without counting as "a flag is raised" when it is decided how to reach the person
    /// (`domain.md` §6): a conflict always, an outsider except in a conflict with them.
    pub const fn only_informs(self, situation: SituationKind) -> bool {
        match self {
            Self::CalendarConflict => true,
            Self::ExternalParty => !matches!(situation, SituationKind::CalendarConflict),
            Self::ContainsPii
            | Self::ContainsPhi
            | Self::Confidential
            | Self::Legal
            | Self::Irreversible
            | Self::ThirdParty
            | Self::Bulk
            | Self::UnknownVendor
            | Self::Foreign
            | Self::PriceAnomaly
            | Self::DuplicateService
            | Self::LittleUsed
            | Self::CostIfMissed
            | Self::SubstitutionOfVendor
            | Self::NonRefundable
            | Self::UnusualVolume
            | Self::Allergen
            | Self::MinorInvolved
            | Self::SecuritySensitive
            | Self::Suspicious
            | Self::Controversial
            | Self::Anomaly => false,
        }
    }

    /// Something is off: whatever the policies allow, the person looks before anything is done. Silent routine is for
    /// what is routine.
    pub const fn wants_eyes(self) -> bool {
        match self {
            Self::UnknownVendor
            | Self::PriceAnomaly
            | Self::DuplicateService
            | Self::LittleUsed
            | Self::CostIfMissed
            | Self::SubstitutionOfVendor
            | Self::UnusualVolume
            | Self::Allergen
            | Self::MinorInvolved
            | Self::Suspicious
            | Self::Controversial
            | Self::Anomaly => true,
            Self::ContainsPii
            | Self::ContainsPhi
            | Self::Confidential
            | Self::Legal
            | Self::Irreversible
            | Self::ExternalParty
            | Self::ThirdParty
            | Self::Bulk
            | Self::Foreign
            | Self::NonRefundable
            | Self::SecuritySensitive
            | Self::CalendarConflict => false,
        }
    }

    /// Fields that raise this flag when they say yes, besides its own name with or without `is_`, `has_`, `contains_`.
    const fn fields(self) -> &'static [&'static str] {
        match self {
            Self::ContainsPii => &["pii", "personal_data", "contains_personal_data"],
            Self::ContainsPhi => &["phi", "medical_data", "contains_health_data", "contains_medical_data"],
            Self::Confidential => &["classified", "do_not_share"],
            Self::SecuritySensitive => {
                &["security_setting", "credentials_change", "unknown_device", "new_device", "credentials"]
            }
            Self::Legal => &[
                "requires_signature",
                "signature_required",
                "legally_binding",
                "is_contract",
                "is_binding",
                "legal_document",
            ],
            Self::Irreversible => &["cannot_be_undone"],
            Self::ExternalParty => &[
                "external",
                "external_attendees",
                "external_attendee",
                "external_recipients",
                "external_participants",
                "includes_external",
                "external_client",
                "external_organizer",
                "external_sharing",
                "organizer_external",
                "client_meeting",
                "external_contact",
            ],
            Self::ThirdParty => {
                &["third_party_app", "shared_with_third_party", "third_party_access", "third_party_sharing"]
            }
            Self::Bulk => &["bulk_operation", "mass_operation", "bulk_action"],
            Self::UnknownVendor => &[
                "new_vendor",
                "is_new_vendor",
                "first_time_vendor",
                "new_payee",
                "is_new_payee",
                "first_time_payee",
                "new_merchant",
                "is_new_merchant",
                "unknown_merchant",
                "is_unknown_merchant",
                "unknown_payee",
                "new_seller",
                "is_first_purchase",
            ],
            Self::Foreign => &[
                "international",
                "is_international",
                "foreign_transaction",
                "foreign_currency",
                "is_overseas",
                "overseas",
            ],
            Self::PriceAnomaly => &["price_spike", "unusual_price", "price_increased_sharply"],
            Self::DuplicateService => &[
                "duplicate",
                "duplicate_subscription",
                "duplicate_of",
                "existing_service",
                "similar_services",
                "similar_subscriptions",
                "overlaps_with",
                "overlapping_services",
                "overlapping_subscriptions",
            ],
            Self::LittleUsed => &["unused", "rarely_used", "low_usage", "inactive"],
            Self::CostIfMissed => {
                &["cost_if_missed_cents", "late_fee", "late_fee_cents", "penalty", "penalty_cents", "penalty_if_missed"]
            }
            Self::SubstitutionOfVendor => &[
                "vendor_substitution",
                "vendor_substituted",
                "substitute_vendor",
                "vendor_changed",
                "different_vendor",
                "alternative_vendor",
                "store_changed",
            ],
            Self::NonRefundable => &["nonrefundable", "no_refund", "no_refunds"],
            Self::UnusualVolume => &["unusual_quantity", "large_quantity", "quantity_anomaly", "unusual_amount"],
            Self::Allergen => &[
                "allergens",
                "allergen_warning",
                "allergy_warning",
                "violates_diet",
                "dietary_violation",
                "violates_dietary_restriction",
            ],
            Self::MinorInvolved => &[
                "minor",
                "involves_minor",
                "involves_minors",
                "involves_child",
                "for_child",
                "child_account",
                "child_name",
                "patient_is_minor",
                "minor_patient",
            ],
            Self::Suspicious => &[
                "spam",
                "phishing",
                "scam",
                "suspected_fraud",
                "suspected_phishing",
                "suspicious_sender",
                "suspicious_link",
            ],
            Self::Controversial => &["political", "is_political", "sensitive_topic"],
            Self::Anomaly => &[
                "anomalous",
                "anomaly_detected",
                "unusual",
                "is_unusual",
                "abnormal",
                "is_abnormal",
                "unusual_activity",
                "duplicate_charge",
                "is_duplicate_charge",
            ],
            Self::CalendarConflict => crate::situation::CONFLICT_FIELDS,
        }
    }

    /// Fields that raise this flag when they say no.
    const fn denied_fields(self) -> &'static [&'static str] {
        match self {
            Self::Irreversible => &["reversible", "is_reversible", "can_undo"],
            Self::ExternalParty => &["all_internal", "is_internal", "internal", "internal_only"],
            Self::UnknownVendor => &[
                "known_vendor",
                "is_known_vendor",
                "vendor_known",
                "known_payee",
                "known_merchant",
                "vendor_verified",
                "trusted_vendor",
            ],
            Self::NonRefundable => &["refundable", "is_refundable"],
            Self::ContainsPii
            | Self::ContainsPhi
            | Self::Confidential
            | Self::Legal
            | Self::ThirdParty
            | Self::Bulk
            | Self::Foreign
            | Self::PriceAnomaly
            | Self::DuplicateService
            | Self::LittleUsed
            | Self::CostIfMissed
            | Self::SubstitutionOfVendor
            | Self::UnusualVolume
            | Self::Allergen
            | Self::MinorInvolved
            | Self::SecuritySensitive
            | Self::Suspicious
            | Self::Controversial
            | Self::Anomaly
            | Self::CalendarConflict => &[],
        }
    }
}

/// Everything a signal says that matters.
pub(crate) fn read(reading: &Reading<'_>, situation: SituationKind, now: Timestamp) -> BTreeSet<Flag> {
    let typed = Flag::ALL.iter().copied().filter(|flag| typed(*flag, reading));
    let mut found: BTreeSet<Flag> = typed.chain(listed(reading)).collect();
    let classes: Vec<Vec<String>> = CLASSES
        .iter()
        .filter_map(|name| reading.field(name))
        .flat_map(|value| crate::situation::strings(value).map(words).collect::<Vec<_>>())
        .chain([reading.kind().to_vec()])
        .collect();
    let headline = reading.headline();
    let prose = reading.prose();
    let sorted = classes.iter().any(|class| TRUSTED.iter().any(|word| says(class, word)));
    for (flag, phrases) in IN_CLASSES {
        if classes.iter().any(|class| phrases.iter().any(|phrase| says(class, phrase))) {
            found.insert(*flag);
        }
    }
    for (flag, phrases) in IN_TEXT {
        if phrases.iter().any(|phrase| says(&prose, phrase)) && !(sorted && *flag == Flag::Suspicious) {
            found.insert(*flag);
        }
    }
    for (flag, phrases) in IN_HEADLINES {
        if phrases.iter().any(|phrase| says(&headline, phrase)) {
            found.insert(*flag);
        }
    }
    if reading.wishes(UNLOCKS) || reading.kind_says(&["permission", "access change", "access request"]) {
        found.insert(Flag::SecuritySensitive);
    }
    if moves_health_data(reading, situation) {
        found.insert(Flag::ContainsPhi);
    }
    if reading.whole(&["age", "patient_age", "child_age"]).is_some_and(|age| (0..18).contains(&age)) {
        found.insert(Flag::MinorInvolved);
    }
    found.extend(numbers::read(reading, now));
    found
}

/// A field of the flag's own name, or one that says the same, with or without `is_` and its like.
fn typed(flag: Flag, reading: &Reading<'_>) -> bool {
    let bare = flag.as_str().trim_start_matches("contains_");
    let names = [flag.as_str(), bare].into_iter().chain(flag.fields().iter().copied());
    let prefixed = |name: &str| {
        ["is", "has", "contains", "involves"].iter().any(|prefix| reading.is(&[&format!("{prefix}_{name}")]))
    };
    names.into_iter().any(|name| reading.is(&[name]) || prefixed(name)) || reading.denies(flag.denied_fields())
}

/// Flags that a connector lists by name.
fn listed<'a>(reading: &Reading<'a>) -> impl Iterator<Item = Flag> + use<'a> {
    let names = reading.field("flags").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    names.filter_map(|name| crate::words::snake(name).parse().ok())
}

/// Health records are health data when they are to leave, whether or not the connector says so.
fn moves_health_data(reading: &Reading<'_>, situation: SituationKind) -> bool {
    let leaves = || reading.wishes(&["share", "shared", "sharing", "export", "send"]);
    situation == SituationKind::HealthWellness && leaves()
}
