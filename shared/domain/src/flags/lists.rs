//! The words that raise flags, and where they count: whole words, case-folded.

use super::Flag;

/// Words that raise a flag wherever somebody wrote them.
pub(super) const IN_TEXT: &[(Flag, &[&str])] = &[
    (Flag::Legal, &["contract", "agreement", "nda", "signature", "liability", "binding"]),
    (Flag::Confidential, &["confidential", "trade secret"]),
    (Flag::NonRefundable, &["non refundable", "nonrefundable"]),
    (Flag::ContainsPii, &["ssn", "social security number", "passport number"]),
    (Flag::ContainsPhi, &["medical record", "diagnosis", "lab result"]),
    (Flag::Suspicious, &["scam", "prize", "phishing", "spam", "lottery"]),
];
/// Words that raise a flag in a subject or title, where a body would say too little.
pub(super) const IN_HEADLINES: &[(Flag, &[&str])] =
    &[(Flag::SecuritySensitive, &["password", "credential", "verification code", "unknown device", "new device"])];
/// Words that raise a flag in what the connector says of kind, category, class or topic.
pub(super) const IN_CLASSES: &[(Flag, &[&str])] = &[
    (Flag::Legal, &["legal", "contract", "agreement", "nda", "signature"]),
    (Flag::Confidential, &["confidential", "secret", "restricted", "sensitive"]),
    (Flag::ContainsPii, &["pii"]),
    (Flag::ContainsPhi, &["phi"]),
    (Flag::Suspicious, &["suspicious", "spam", "phishing", "scam"]),
    (Flag::Controversial, &["political", "politics", "religion", "religious", "controversial", "controversy"]),
    (Flag::Anomaly, &["anomaly", "anomalous", "abnormal", "unusual"]),
    (Flag::ExternalParty, &["external"]),
    (Flag::ThirdParty, &["third party"]),
    (Flag::Bulk, &["bulk"]),
    (Flag::CalendarConflict, &["conflict"]),
    (Flag::SecuritySensitive, &["credential", "password", "unknown device"]),
    (Flag::DuplicateService, &["duplicate subscription", "duplicate service"]),
];
/// Where a connector says of what kind something is.
pub(super) const CLASSES: &[&str] = &[
    "category",
    "classification",
    "sensitivity",
    "document_type",
    "file_type",
    "topic",
    "attendee_type",
    "recipient_type",
    "relationship",
    "sender_type",
    "tags",
    "labels",
    "visibility",
    "privacy_level",
];
/// Classes under which nobody is warned for a word like `prize`: the connector has said what it is.
pub(super) const TRUSTED: &[&str] =
    &["newsletter", "digest", "promotion", "promotional", "marketing", "receipt", "social", "notification"];
/// Deeds that touch security by themselves; locking and arming are safe.
pub(super) const UNLOCKS: &[&str] =
    &["unlock", "disarm", "open door", "open garage", "disable alarm", "deactivate alarm", "disable security"];
