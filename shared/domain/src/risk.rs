//! Risk: six dimensions, each a tier, a score and a reason; the overall tier is the highest (`domain.md` §5).
//!
//! Invariant: flags only ever raise what the catalogue's row says; what is unknown counts as bad.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    action::{Action, Cost},
    catalogue::{self, Deed, Never, Reach, Reversibility, Spec},
    facts::Context,
    flags::Flag,
    wire::wire_enum,
};

/// Up to this many cents a cost is low risk (`domain.md` §5).
pub const LOW_UP_TO_CENTS: i64 = 500;
/// Up to this many cents a cost is moderate risk.
pub const MODERATE_UP_TO_CENTS: i64 = 2_500;
/// Up to this many cents a cost is high risk; above it is critical.
pub const HIGH_UP_TO_CENTS: i64 = 10_000;
/// So many dimensions at moderate or above lift the whole to at least high.
const MANY: usize = 3;

wire_enum! {
    /// How bad it could be. Ordered.
    RiskTier, "risk tier" {
        Negligible = "negligible", Low = "low", Moderate = "moderate", High = "high", Critical = "critical",
    }
}

impl RiskTier {
    /// 0 for negligible to 4 for critical.
    pub const fn rank(self) -> i64 {
        match self {
            Self::Negligible => 0,
            Self::Low => 1,
            Self::Moderate => 2,
            Self::High => 3,
            Self::Critical => 4,
        }
    }

    const fn score_hundredths(self) -> u8 {
        match self {
            Self::Negligible => 0,
            Self::Low => 25,
            Self::Moderate => 50,
            Self::High => 75,
            Self::Critical => 100,
        }
    }
}

wire_enum! {
    /// In which respect it could be bad.
    Dimension, "risk dimension" {
        Reversibility = "reversibility", FinancialImpact = "financial_impact", LegalSensitivity = "legal_sensitivity",
        PrivacySensitivity = "privacy_sensitivity", RelationshipSensitivity = "relationship_sensitivity",
        OperationalRisk = "operational_risk",
    }
}

/// One dimension's rating.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rating {
    /// Which dimension.
    pub dimension: Dimension,
    /// How bad.
    pub tier: RiskTier,
    /// The same as a number, in hundredths: 0 (negligible) to 100 (critical). On the wire a score of 0..1.
    pub score_hundredths: u8,
    /// Why.
    pub reason: String,
}

/// The whole assessment: always all six dimensions, in the order of [`Dimension::ALL`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Risk {
    /// The tier that counts.
    pub overall: RiskTier,
    /// One per dimension.
    pub ratings: Vec<Rating>,
}

impl Risk {
    /// The tier in one dimension. A dimension that is not there counts as critical.
    pub fn of(&self, dimension: Dimension) -> RiskTier {
        self.ratings
            .iter()
            .find(|rating| rating.dimension == dimension)
            .map_or(RiskTier::Critical, |rating| rating.tier)
    }
}

/// Rates an action in all six dimensions.
pub fn assess(action: &Action, context: &Context) -> Risk {
    let spec = catalogue::spec(action.verb);
    let flags = &context.flags;
    let ratings: Vec<Rating> = Dimension::ALL
        .iter()
        .map(|dimension| {
            let (tier, reason) = match dimension {
                Dimension::Reversibility => reversibility(spec, flags),
                Dimension::FinancialImpact => financial(action.cost),
                Dimension::LegalSensitivity => legal(action, spec, flags),
                Dimension::PrivacySensitivity => privacy(spec, flags),
                Dimension::RelationshipSensitivity => relationship(spec, flags),
                Dimension::OperationalRisk => operational(spec, flags),
            };
            Rating { dimension: *dimension, tier, score_hundredths: tier.score_hundredths(), reason: reason.to_owned() }
        })
        .collect();
    let tiers: Vec<_> = ratings.iter().map(|rating| rating.tier).collect();
    Risk { overall: overall(&tiers), ratings }
}

/// The highest; three or more at moderate or above make it at least high.
pub fn overall(tiers: &[RiskTier]) -> RiskTier {
    let highest = tiers.iter().max().copied().unwrap_or(RiskTier::Negligible);
    let many = tiers.iter().filter(|tier| **tier >= RiskTier::Moderate).count() >= MANY;
    if many { highest.max(RiskTier::High) } else { highest }
}

/// A tier and why.
type Rated = (RiskTier, &'static str);

/// An action counts as irreversible by its row; a flag can only take away a window, never a full way back.
pub fn is_irreversible(action: &Action, context: &Context) -> bool {
    irreversible(catalogue::spec(action.verb), &context.flags)
}

fn irreversible(spec: &Spec, flags: &BTreeSet<Flag>) -> bool {
    let flagged = flags.contains(&Flag::Irreversible) || flags.contains(&Flag::NonRefundable);
    spec.counts_irreversible() || (flagged && spec.reversibility != Reversibility::Full && !spec.is_read_only())
}

fn outside(flags: &BTreeSet<Flag>) -> bool {
    flags.contains(&Flag::ExternalParty) || flags.contains(&Flag::ThirdParty)
}

fn reversibility(spec: &Spec, flags: &BTreeSet<Flag>) -> Rated {
    if !irreversible(spec, flags) {
        return match spec.reversibility {
            Reversibility::Full => (RiskTier::Negligible, "It can be taken back at any time."),
            Reversibility::Window(_) => (RiskTier::Low, "It can be taken back for a while."),
            // The row counts what has no way back as irreversible, so this is not reached.
            Reversibility::No => (RiskTier::Moderate, "It can't be taken back."),
        };
    }
    match spec.deed {
        Deed::Destroy => (RiskTier::High, "What is deleted, cancelled or ended can't be brought back."),
        Deed::Share if outside(flags) => (RiskTier::High, "What is shared outside can't be taken back."),
        Deed::Submit | Deed::Share => (RiskTier::Moderate, "What is sent, shared or submitted can't be taken back."),
        Deed::Spend => (RiskTier::Moderate, "A payment, order or booking counts as final."),
        Deed::Change => (RiskTier::Moderate, "It can't be taken back."),
    }
}

fn financial(cost: Cost) -> Rated {
    match cost {
        Cost::Unknown => (RiskTier::High, "Nobody knows what it costs."),
        Cost::Free | Cost::Known { cents: ..=0, .. } => (RiskTier::Negligible, "It costs nothing."),
        Cost::Known { cents, .. } if cents <= LOW_UP_TO_CENTS => (RiskTier::Low, "It costs little."),
        Cost::Known { cents, .. } if cents <= MODERATE_UP_TO_CENTS => {
            (RiskTier::Moderate, "It costs a noticeable amount.")
        }
        Cost::Known { cents, .. } if cents <= HIGH_UP_TO_CENTS => (RiskTier::High, "It costs a lot."),
        Cost::Known { .. } => (RiskTier::Critical, "It costs a great deal."),
    }
}

fn legal(action: &Action, spec: &Spec, flags: &BTreeSet<Flag>) -> Rated {
    if flags.contains(&Flag::Legal) {
        return if action.parameters.values().any(binds_by_signature) {
            (RiskTier::Critical, "It is about a signature that binds.")
        } else {
            (RiskTier::High, "It is a legal matter.")
        };
    }
    if spec.never(Never::CommitsLegally) {
        return (RiskTier::Moderate, "It may commit you legally.");
    }
    (RiskTier::Negligible, "Nothing legal about it.")
}

/// The text speaks of something binding and of signing, as whole words.
fn binds_by_signature(value: &Value) -> bool {
    value.as_str().is_some_and(|text| {
        let text = text.to_lowercase();
        let mut words = text.split(|c: char| !c.is_alphanumeric());
        let signs = |word: &str| matches!(word, "sign" | "signs" | "signed" | "signing" | "signature" | "signatures");
        words.clone().any(|word| word == "binding") && words.any(signs)
    })
}

fn privacy(spec: &Spec, flags: &BTreeSet<Flag>) -> Rated {
    let private = [Flag::ContainsPii, Flag::ContainsPhi, Flag::Confidential].iter().any(|flag| flags.contains(flag));
    match (spec.moves_data(), private, outside(flags)) {
        (false, ..) => (RiskTier::Negligible, "No data leaves its place."),
        (true, true, true) => (RiskTier::Critical, "Private data would go to somebody outside."),
        (true, true, false) => (RiskTier::High, "Private data would be passed on."),
        (true, false, _) => (RiskTier::Low, "Data is passed on, nothing private noticed in it."),
    }
}

fn relationship(spec: &Spec, flags: &BTreeSet<Flag>) -> Rated {
    let base = spec.relationship;
    let why = if base == RiskTier::Negligible { "Nobody will mind." } else { "Other people will notice." };
    if spec.reach == Reach::OtherPeople || spec.moves_data() {
        if flags.contains(&Flag::Controversial) {
            return (base.max(RiskTier::High), "The matter is controversial.");
        }
        if outside(flags) && base >= RiskTier::Low {
            let raised = if base >= RiskTier::Moderate { RiskTier::High } else { RiskTier::Moderate };
            return (base.max(raised), "It concerns people outside your own circle.");
        }
    }
    (base, why)
}

fn operational(spec: &Spec, flags: &BTreeSet<Flag>) -> Rated {
    if flags.contains(&Flag::SecuritySensitive) {
        return (RiskTier::Critical, "It touches your security.");
    }
    let base = spec.operational;
    if flags.contains(&Flag::Bulk) && !spec.is_read_only() {
        let bulk =
            if irreversible(spec, flags) || spec.reach > Reach::OwnData { RiskTier::High } else { RiskTier::Moderate };
        return (base.max(bulk), "It touches many things at once.");
    }
    let why = if base >= RiskTier::Moderate {
        "It changes how things work."
    } else {
        "It changes little in how things work."
    };
    (base, why)
}

#[cfg(test)]
mod tests;
