//! Why an execution may be planned: the witness without which nothing runs (`domain.md` §1 law 1).
//!
//! Invariant: only a permit that policy gave for exactly this action, with the consent it needs, makes a warrant.

use crate::{
    digest::Digest,
    id::ApprovalId,
    policy::{Moment, Permit},
    time::Timestamp,
};

/// Why an execution may be planned: reviewed and allowed, or reviewed and consented to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warrant(pub(super) Grounds);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Grounds {
    Auto(Permit),
    Consented(Permit, Consent),
    Commanded(Permit),
}

/// Witness that the person answered their own approval for exactly this action. Only `approval::Approval::answer` makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consent {
    pub(crate) approval: ApprovalId,
    pub(crate) digest: Digest,
    pub(crate) given_at: Timestamp,
}

/// A warrant that does not hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoWarrant {
    /// The permit is for another action.
    #[error("the permit is for another action")]
    OtherAction,
    /// The permit needs consent and there is none.
    #[error("this action needs the person's consent")]
    NeedsConsent,
    /// A permit to take back is none to act, and the other way round.
    #[error("the permit is for another purpose")]
    OtherPurpose,
}

impl Warrant {
    /// The twin's own right: holds only where policy asks for no consent.
    pub fn auto(permit: Permit) -> Result<Self, NoWarrant> {
        if permit.moment() == Moment::Undo {
            Err(NoWarrant::OtherPurpose)
        } else if permit.needs_consent() {
            Err(NoWarrant::NeedsConsent)
        } else {
            Ok(Self(Grounds::Auto(permit)))
        }
    }

    /// The person's word on an action that policy does not deny.
    pub fn consented(permit: Permit, consent: Consent) -> Result<Self, NoWarrant> {
        if permit.moment() == Moment::Undo {
            Err(NoWarrant::OtherPurpose)
        } else if permit.digest() == &consent.digest {
            Ok(Self(Grounds::Consented(permit, consent)))
        } else {
            Err(NoWarrant::OtherAction)
        }
    }

    /// The person's command to take something back: holds only where this very thing was reviewed as an undo.
    pub fn commanded(permit: Permit) -> Result<Self, NoWarrant> {
        if permit.moment() == Moment::Undo {
            Ok(Self(Grounds::Commanded(permit)))
        } else {
            Err(NoWarrant::OtherPurpose)
        }
    }

    pub(super) const fn permit(&self) -> &Permit {
        match &self.0 {
            Grounds::Auto(permit) | Grounds::Consented(permit, _) | Grounds::Commanded(permit) => permit,
        }
    }
}
