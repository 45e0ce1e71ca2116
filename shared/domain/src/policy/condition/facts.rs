//! What a comparison sees: one value per field, read from the case under review.
//!
//! A value that is not there (no sender) equals nothing; a cost nobody knows is above every number.

use chrono::{Datelike, Timelike};

use super::{Comparison, Field, Op, Operand, Word};
use crate::{action::Cost, policy::Case, risk};

impl Comparison {
    /// Whether it holds.
    pub(super) fn holds(&self, case: &Case<'_>) -> bool {
        match (&self.value, self.op) {
            (Operand::Many(words), Op::In) => value(self.field, case).is_some_and(|value| words.contains(&value)),
            (Operand::Many(words), Op::NotIn) => value(self.field, case).is_none_or(|value| !words.contains(&value)),
            (Operand::One(Word::Flag(flag)), _) => case.context.flags.contains(flag),
            (Operand::One(word), Op::Eq) => value(self.field, case).is_some_and(|value| value == *word),
            (Operand::One(word), Op::Neq) => value(self.field, case).is_none_or(|value| value != *word),
            (Operand::One(word), Op::Gt) => value(self.field, case).is_some_and(|value| value > *word),
            (Operand::One(word), Op::Gte) => value(self.field, case).is_some_and(|value| value >= *word),
            (Operand::One(word), Op::Lt) => value(self.field, case).is_some_and(|value| value < *word),
            (Operand::One(word), Op::Lte) => value(self.field, case).is_some_and(|value| value <= *word),
            (Operand::One(word), Op::Contains) => match (value(self.field, case), word) {
                (Some(Word::Text(text)), Word::Text(part)) => text.contains(part.as_str()),
                _ => false,
            },
            // The reader never builds these: sets come with `in` and `not_in`, and only with them.
            (Operand::Many(_) | Operand::One(_), _) => false,
        }
    }
}

fn value(field: Field, case: &Case<'_>) -> Option<Word> {
    if let Some(dimension) = field.dimension() {
        return Some(Word::Risk(case.risk.of(dimension)));
    }
    let local = || case.facts.now.utc().with_timezone(&case.facts.settings.timezone);
    Some(match field {
        Field::Verb => Word::Verb(case.action.verb),
        Field::Domain => Word::Domain(case.action.domain),
        Field::CostCents => match case.action.cost {
            Cost::Free => Word::Number(0),
            Cost::Known { cents, currency } if currency == case.facts.settings.autonomy.currency => Word::Number(cents),
            Cost::Known { .. } | Cost::Unknown => Word::Unknown,
        },
        Field::Reversible => Word::Truth(!risk::is_irreversible(case.action, case.context)),
        Field::Tier => Word::Tier(case.facts.settings.tier_in(case.action.domain)),
        Field::Confidence => Word::Confidence(case.context.confidence),
        Field::Urgency => Word::Urgency(case.context.urgency),
        Field::Sender => Word::Text(case.context.sender.as_ref()?.trim().to_lowercase()),
        Field::LocalHour => Word::Number(i64::from(local().hour())),
        Field::Weekday => Word::Weekday(local().weekday().into()),
        Field::Risk
        | Field::Reversibility
        | Field::FinancialImpact
        | Field::LegalSensitivity
        | Field::PrivacySensitivity
        | Field::RelationshipSensitivity
        | Field::OperationalRisk => Word::Risk(case.risk.overall),
        Field::Flags => return None,
    })
}
