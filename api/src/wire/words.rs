//! The closed vocabularies of the domain, and the scalars, as schemas of the OpenAPI document.
//!
//! The words come from the domain's enums themselves, so the document can't name one that does not exist.

use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        RefOr, Schema,
        schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type},
    },
};

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident => $domain:ty;)+) => {
        $($(#[$doc])* #[derive(Debug)] pub enum $name {}

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                let words = <$domain>::ALL.iter().map(|word| word.as_str());
                ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words)).into()
            }
        }
        impl ToSchema for $name {})+
    };
}

words! {
    /// How much the person lets the twin do.
    TrustTier => domain::tier::TrustTier;
    /// How sure the twin is.
    Confidence => domain::tier::Confidence;
    /// How bad it could be.
    RiskTier => domain::risk::RiskTier;
    /// In which respect it could be bad.
    RiskDimension => domain::risk::Dimension;
    /// How soon.
    Urgency => domain::signal::Urgency;
    /// What a signal turned out to be.
    Situation => domain::signal::SituationKind;
    /// The part of life.
    Domain => domain::signal::Domain;
    /// What came of a signal.
    Outcome => domain::decision::Outcome;
    /// What was noticed.
    Flag => domain::flags::Flag;
    /// What a rule or a verdict says.
    Effect => domain::policy::Effect;
    /// A rule of the evaluator.
    Rule => domain::policy::Rule;
    /// What can be done.
    Verb => domain::catalogue::Verb;
    /// How an approval reaches the person.
    ApprovalKind => domain::approval::Kind;
    /// Where an approval stands.
    ApprovalState => domain::approval::Phase;
    /// Who resolved it.
    ResolvedBy => domain::approval::ResolvedBy;
    /// Doing or undoing.
    ExecutionKind => domain::execution::Kind;
    /// Where an execution stands.
    ExecutionState => domain::execution::Phase;
    /// Where a step stands.
    StepState => domain::execution::StepState;
    /// Why an execution did not succeed.
    ErrorClass => domain::execution::ErrorClass;
    /// What it is about.
    NotificationKind => domain::notify::Kind;
    /// How a channel is reached.
    ChannelKind => domain::channel::Kind;
    /// Where a delivery stands.
    DeliveryState => domain::channel::Phase;
    /// How loud.
    Severity => domain::notify::Severity;
    /// How bad what is undone had been.
    UndoSeverity => domain::feedback::Severity;
    /// Why something can't be undone.
    Obstacle => domain::undo::Obstacle;
    /// What can be told.
    EventName => domain::event::Name;
    /// What a ledger entry does.
    EntryKind => domain::ledger::EntryKind;
    /// What a parameter must look like.
    Shape => domain::catalogue::Shape;
    /// What a condition can compare.
    Field => domain::policy::Field;
    /// What a field is compared with.
    FieldType => domain::policy::FieldType;
    /// How a field is compared.
    Operator => domain::policy::Op;
    /// Where a preference comes from.
    PreferenceSource => domain::twin::Source;
    /// What the person is like.
    Trait => domain::twin::Trait;
    /// A field of the twin's profile.
    TwinField => domain::profile::Field;
    /// A day of the week.
    Weekday => domain::policy::Weekday;
}

/// A UTC instant with microseconds, RFC 3339.
#[derive(Debug)]
pub enum Instant {}

impl PartialSchema for Instant {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            .into()
    }
}
impl ToSchema for Instant {}

/// Three capital letters, ISO 4217.
#[derive(Debug)]
pub enum Currency {}

impl PartialSchema for Currency {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new().schema_type(Type::String).pattern(Some("^[A-Z]{3}$")).into()
    }
}
impl ToSchema for Currency {}
