//! From verdict to outcome: acts, asks, alerts, suggests, informs or refuses (`domain.md` §6).
//!
//! Every doubt moves towards the person, none away from them: this can turn what policy allows into a question, and
//! never the other way round.

use super::weigh::{Against, Weighed};
use crate::{
    catalogue,
    decision::Outcome,
    facts::Facts,
    flags::Flag,
    policy::{Effect, Rule},
    risk::RiskTier,
    signal::Urgency,
    situation::{Role, Understood},
    tier::{Confidence, TrustTier},
};

/// Why an outcome is what it is, beyond the rules of the policies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// A danger.
    Hazard,
    /// Nothing to do.
    Nothing,
    /// Everything that was asked for is denied.
    Denied,
    /// Only helpers are left, and they never take the place of what was asked for.
    OnlyHelpers,
    /// Allowed, and sure enough.
    Sure,
    /// Allowed, but the twin is not sure enough.
    Unsure,
    /// Somebody waits for an answer.
    Awaited,
    /// A flag is raised.
    Flagged,
    /// Something speaks against doing it alone.
    Against(Against),
    /// Required parameters are missing.
    Missing,
    /// The person wants to hear of such things; the preference's key.
    WantsToHear(String),
    /// It speaks in public in the person's name.
    InPublic,
    /// A helper is no answer to something critical.
    HelperForCritical,
    /// Policy asks, but for no reason that is worth an interruption.
    Quietly,
    /// Policy asks.
    Asked,
    /// The permit does not hold for acting alone.
    NoWarrant,
}

/// What comes of the candidates, best first, and why.
pub(super) fn of(
    weighed: &[Weighed],
    understood: &Understood,
    facts: &Facts,
    hears: Option<String>,
) -> (Outcome, Vec<Cause>) {
    if understood.hazard.is_some() {
        return (Outcome::Alert, vec![Cause::Hazard]);
    }
    let Some(best) = weighed.first() else {
        return match hears {
            Some(key) => (Outcome::Alert, vec![Cause::WantsToHear(key)]),
            None => (Outcome::Inform, vec![Cause::Nothing]),
        };
    };
    if best.candidate.verdict.effect == Effect::Deny {
        return (Outcome::Block, vec![Cause::Denied]);
    }
    if weighed.iter().any(|other| other.candidate.verdict.effect == Effect::Deny && would_replace(best, other)) {
        return (Outcome::Block, vec![Cause::OnlyHelpers, Cause::Denied]);
    }
    let mut person = needs_person(best, understood);
    person.extend(hears.map(Cause::WantsToHear));
    let sure = best.candidate.confidence >= Confidence::Moderate;
    match best.candidate.verdict.effect {
        Effect::Deny => (Outcome::Block, vec![Cause::Denied]),
        Effect::Allow if !person.is_empty() => (Outcome::Ask, person),
        Effect::Allow if sure && best.candidate.missing.is_empty() => {
            // A flag asks for eyes only where something is off; others were weighed as risk.
            if understood.flags.iter().any(|flag| flag.wants_eyes()) {
                (Outcome::Ask, vec![Cause::Flagged])
            } else {
                (Outcome::Auto, vec![Cause::Sure])
            }
        }
        Effect::Allow => {
            let unsure = if sure { Cause::Missing } else { Cause::Unsure };
            if understood.wants_answer {
                (Outcome::Ask, vec![unsure, Cause::Awaited])
            } else if understood.flagged() {
                (Outcome::Ask, vec![unsure, Cause::Flagged])
            } else if sure {
                (Outcome::Ask, vec![unsure])
            } else {
                (Outcome::Suggest, vec![unsure])
            }
        }
        Effect::RequireApproval if !person.is_empty() => (Outcome::Ask, [vec![Cause::Asked], person].concat()),
        Effect::RequireApproval if understood.flagged() => (Outcome::Ask, vec![Cause::Asked, Cause::Flagged]),
        Effect::RequireApproval if may_wait(best, understood, facts) => (Outcome::Suggest, vec![Cause::Quietly]),
        Effect::RequireApproval => (Outcome::Ask, vec![Cause::Asked]),
    }
}

/// What only the person can settle, whatever policy allows.
fn needs_person(best: &Weighed, understood: &Understood) -> Vec<Cause> {
    let row = catalogue::spec(best.candidate.action.verb);
    let mut causes: Vec<Cause> = best.against.iter().cloned().map(Cause::Against).collect();
    if row.speaks_publicly {
        causes.push(Cause::InPublic);
    }
    if row.stand_in && understood.urgency == Urgency::Critical {
        causes.push(Cause::HelperForCritical);
    }
    causes
}

/// What is left would only stand in for what is denied: something less asked for, or a helper.
fn would_replace(best: &Weighed, denied: &Weighed) -> bool {
    let helper = |weighed: &Weighed| catalogue::spec(weighed.candidate.action.verb).stand_in;
    let less = best.role > denied.role || (helper(best) && !helper(denied) && best.role == denied.role);
    less && best.role != Role::Asked && !best.context.stated_preference
}

/// Asked for nothing but tier or inexperience, about little: a suggestion is enough (`domain.md` §6).
fn may_wait(best: &Weighed, understood: &Understood, facts: &Facts) -> bool {
    let candidate = &best.candidate;
    let bearable = if best.context.stated_preference { RiskTier::Moderate } else { RiskTier::Low };
    let only_tame =
        candidate.verdict.deciding().all(|reason| matches!(reason.rule, Rule::TierRisk | Rule::Inexperience));
    let tier = facts.settings.tier_in(candidate.action.domain);
    only_tame
        && tier >= TrustTier::LowAutonomy
        && candidate.risk.overall <= bearable
        && understood.urgency < Urgency::Critical
}

/// The flags that stand behind [`Cause::Flagged`], for the explanation.
pub(crate) fn raised(understood: &Understood) -> impl Iterator<Item = Flag> {
    understood.flags.iter().copied().filter(|flag| !flag.only_informs(understood.situation))
}
