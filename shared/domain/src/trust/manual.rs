//! Changes by the person: down at any time, up to what was earned, further only on purpose (`domain.md` §11).

use super::{Cause, Change, Record, Scope, Standings, standing};
use crate::{settings::Settings, tier::TrustTier, time::Timestamp};

/// How the person wants a raise.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Raise {
    /// To what was earned, no further.
    #[default]
    Earned,
    /// Opts in to high autonomy.
    OptIn,
    /// Ahead of the record, explicit and confirmed.
    Override {
        /// Why, for the audit.
        reason: String,
        /// They confirmed it.
        confirmed: bool,
    },
}

/// Why a change by the person is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It has that tier.
    #[error("the tier is {0} already")]
    Same(TrustTier),
    /// Not earned.
    #[error("{0} is what was earned here; go further with a confirmed override and a reason")]
    NotEarned(TrustTier),
    /// An override without its words.
    #[error("an override needs `confirmed: true` and a reason")]
    Unconfirmed,
    /// Too far for an override.
    #[error("an override goes up to moderate_autonomy")]
    TooFar,
    /// High autonomy is opted in to, from moderate autonomy that was earned.
    #[error("high_autonomy is opted in to, from moderate_autonomy that was earned")]
    NotFromModerate,
    /// A domain's tier can't be above the overall one.
    #[error("the overall tier is {0}, and a domain can't be above it")]
    AboveOverall(TrustTier),
}

/// Changes a tier by the person's word. `record` is kept with the audit.
pub fn change_by_person(
    scope: Scope,
    to: TrustTier,
    raise: Raise,
    settings: &Settings,
    standings: &Standings,
    record: Record,
    now: Timestamp,
) -> Result<Change, Refused> {
    let from = scope.tier(settings);
    let mut standing = standing(scope, settings, standings);
    if to == from {
        return Err(Refused::Same(from));
    }
    let (cause, reason) = if to < from {
        (Cause::LoweredByPerson, None)
    } else {
        raised(scope, to, from, raise, settings, standing.earned)?
    };
    // Lowering keeps what was earned, so that the person can take it back; an opt-in is earned by being the person's own step.
    standing.earned = if cause == Cause::OptIn { to } else { standing.earned };
    standing.since = Some(now);
    Ok(Change { scope, from, to, own_tier: Some(to), cause, evidence: record, standing, reason })
}

fn raised(
    scope: Scope,
    to: TrustTier,
    from: TrustTier,
    raise: Raise,
    settings: &Settings,
    earned: TrustTier,
) -> Result<(Cause, Option<String>), Refused> {
    if scope != Scope::Overall && to > settings.tier {
        return Err(Refused::AboveOverall(settings.tier));
    }
    if to <= earned {
        return Ok((Cause::RaisedByPerson, None));
    }
    match raise {
        _ if to == TrustTier::HighAutonomy
            && (raise != Raise::OptIn
                || from < TrustTier::ModerateAutonomy
                || earned < TrustTier::ModerateAutonomy) =>
        {
            Err(if matches!(raise, Raise::Override { .. }) { Refused::TooFar } else { Refused::NotFromModerate })
        }
        Raise::OptIn if to == TrustTier::HighAutonomy => Ok((Cause::OptIn, None)),
        Raise::Earned | Raise::OptIn => Err(Refused::NotEarned(earned)),
        Raise::Override { reason, confirmed } if confirmed && !reason.trim().is_empty() => {
            Ok((Cause::Override, Some(reason)))
        }
        Raise::Override { .. } => Err(Refused::Unconfirmed),
    }
}
