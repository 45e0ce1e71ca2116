//! Signals: what comes in. A caller says what happened; it can never set tier, risk, cost authority or user (`domain.md` §3).

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::{
    event,
    id::{SignalId, UserId},
    job::Job,
    outbox::Outbox,
    time::Timestamp,
    wire::wire_enum,
};

/// A JSON object: payloads and parameters.
pub type Object = Map<String, Value>;

wire_enum! {
    /// How soon something wants attention. Ordered.
    Urgency, "urgency" { Low = "low", Medium = "medium", High = "high", Critical = "critical" }
}

wire_enum! {
    /// The part of life something belongs to.
    Domain, "domain" {
        Email = "email", Calendar = "calendar", Subscriptions = "subscriptions", Shopping = "shopping", Travel = "travel",
        Finance = "finance", SmartHome = "smart_home", Tasks = "tasks", SocialMedia = "social_media" | "social",
        Documents = "documents", Health = "health", General = "general",
    }
}

wire_enum! {
    /// What a signal turns out to be.
    SituationKind, "situation" {
        EmailTriage = "email_triage", CalendarInvite = "calendar_invite", CalendarConflict = "calendar_conflict",
        CalendarUpdate = "calendar_update", SubscriptionRenewal = "subscription_renewal", GroceryReorder = "grocery_reorder",
        TravelDecision = "travel_decision", FinanceOperation = "finance_operation", SmartHome = "smart_home",
        TaskManagement = "task_management", SocialMedia = "social_media", DocumentManagement = "document_management",
        HealthWellness = "health_wellness", Generic = "generic",
    }
}

impl SituationKind {
    /// The domain a situation belongs to.
    pub const fn domain(self) -> Domain {
        match self {
            Self::EmailTriage => Domain::Email,
            Self::CalendarInvite | Self::CalendarConflict | Self::CalendarUpdate => Domain::Calendar,
            Self::SubscriptionRenewal => Domain::Subscriptions,
            Self::GroceryReorder => Domain::Shopping,
            Self::TravelDecision => Domain::Travel,
            Self::FinanceOperation => Domain::Finance,
            Self::SmartHome => Domain::SmartHome,
            Self::TaskManagement => Domain::Tasks,
            Self::SocialMedia => Domain::SocialMedia,
            Self::DocumentManagement => Domain::Documents,
            Self::HealthWellness => Domain::Health,
            Self::Generic => Domain::General,
        }
    }
}

/// One signal, as accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signal {
    /// Its id.
    pub id: SignalId,
    /// Whose it is; from the credential, never from the body.
    pub user: UserId,
    /// The source, such as `gmail` or `billing`.
    pub source: String,
    /// The type within the source, such as `email_received`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The source's own id of it.
    pub external_id: Option<String>,
    /// When it happened, by the source's account.
    pub occurred_at: Option<Timestamp>,
    /// When we accepted it.
    pub received_at: Timestamp,
    /// How urgent the source says it is.
    pub urgency: Option<Urgency>,
    /// Which domain the source says it belongs to.
    pub domain: Option<Domain>,
    /// Everything else.
    pub payload: Object,
}

impl Signal {
    /// What follows from taking it, whichever door it came in by: the person can see that it came, and it is evaluated.
    pub fn taken(&self) -> Outbox {
        let facts = json!({ "signal": self.id, "source": self.source, "type": self.kind });
        Outbox::nothing()
            .event(self.user, event::Name::SignalReceived, facts.as_object().cloned().unwrap_or_default())
            .ring(Job::EvaluateSignal { signal: self.id }, self.id.to_string())
    }
}
