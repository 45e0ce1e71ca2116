//! Trust tiers and confidence: how far the twin may go alone, and how sure it is (`domain.md` §2, §11).

use crate::wire::wire_enum;

wire_enum! {
    /// How much the person lets the twin do in a domain. Ordered: more trust is greater.
    TrustTier, "trust tier" {
        Observer = "observer", Suggest = "suggest", LowAutonomy = "low_autonomy",
        ModerateAutonomy = "moderate_autonomy", HighAutonomy = "high_autonomy",
    }
}

wire_enum! {
    /// How sure the twin is of something. Ordered.
    Confidence, "confidence" {
        Speculative = "speculative", Low = "low", Moderate = "moderate", High = "high", Confirmed = "confirmed",
    }
}

impl Confidence {
    /// 0 for speculative to 4 for confirmed.
    pub const fn rank(self) -> i64 {
        match self {
            Self::Speculative => 0,
            Self::Low => 1,
            Self::Moderate => 2,
            Self::High => 3,
            Self::Confirmed => 4,
        }
    }

    /// The level of a stored number of half steps, 0 to 8 (`domain.md` §11: the floor of half of it).
    pub const fn from_half_steps(half_steps: i16) -> Self {
        match half_steps {
            i16::MIN..=1 => Self::Speculative,
            2..=3 => Self::Low,
            4..=5 => Self::Moderate,
            6..=7 => Self::High,
            8..=i16::MAX => Self::Confirmed,
        }
    }

    /// The lowest number of half steps at this level.
    pub const fn half_steps(self) -> i16 {
        match self {
            Self::Speculative => 0,
            Self::Low => 2,
            Self::Moderate => 4,
            Self::High => 6,
            Self::Confirmed => 8,
        }
    }
}

/// The tier that counts in a domain: the more restrictive of the user's and the domain's (`domain.md` §6).
pub fn effective(user: TrustTier, domain: Option<TrustTier>) -> TrustTier {
    domain.map_or(user, |domain| user.min(domain))
}
