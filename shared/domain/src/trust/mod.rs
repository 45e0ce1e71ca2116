//! Trust: earned and lost by record, per domain and overall (`domain.md` §11).
//!
//! Pure: the `evaluate_trust` job loads answers and standings, writes the [`Change`]s with an audit row each, in one
//! transaction. Invariants: regression comes before promotion; a scope moves at most one step a time, to observer after
//! a critical undo; what is earned in one domain never raises another.

mod manual;
mod record;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use serde_json::json;

pub use manual::{Raise, Refused, change_by_person};
pub use record::{Record, Shortfall};

use crate::{
    event, feedback::Feedback, notify, outbox::Outbox, quiet, settings::Settings, signal::Domain, tier::TrustTier,
    time::Timestamp, wire::wire_enum,
};

/// How long a critical undo freezes promotion (`domain.md` §11).
pub const FREEZE: TimeDelta = TimeDelta::days(7);
/// The window in which rejections add up to a regression.
pub const REJECTION_WINDOW: TimeDelta = TimeDelta::days(7);
/// So many rejections within the window cost a tier.
pub const REJECTIONS: u32 = 3;
/// From so many answers on, the share of rejections counts.
pub const SHARE_FROM_ANSWERS: u32 = 10;
/// A share of rejections above this costs a tier, in per cent.
pub const SHARE_PERCENT: u32 = 30;

/// One step up by evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    /// From this tier.
    pub from: TrustTier,
    /// To this.
    pub to: TrustTier,
    /// Approvals in a row.
    pub consecutive: u32,
    /// Least share of approvals, in per cent.
    pub percent: u32,
}

/// The steps that evidence can take; from moderate on only the person can.
pub const STEPS: [Step; 3] = [
    Step { from: TrustTier::Observer, to: TrustTier::Suggest, consecutive: 10, percent: 80 },
    Step { from: TrustTier::Suggest, to: TrustTier::LowAutonomy, consecutive: 20, percent: 85 },
    Step { from: TrustTier::LowAutonomy, to: TrustTier::ModerateAutonomy, consecutive: 50, percent: 90 },
];

impl Step {
    /// The step up from `tier`, if evidence can take one.
    pub fn from(tier: TrustTier) -> Option<Self> {
        STEPS.into_iter().find(|step| step.from == tier)
    }
}

/// What a record and a tier are about. On the wire `overall` or the domain's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// The person's tier.
    Overall,
    /// The tier in one domain.
    Domain(Domain),
}

impl Scope {
    /// The wire name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Overall => "overall",
            Self::Domain(domain) => domain.as_str(),
        }
    }

    /// Whether an answer counts here.
    pub fn counts(self, feedback: &Feedback) -> bool {
        match self {
            Self::Overall => true,
            Self::Domain(domain) => feedback.domain == domain,
        }
    }

    /// The tier that is in force here.
    pub fn tier(self, settings: &Settings) -> TrustTier {
        match self {
            Self::Overall => settings.tier,
            Self::Domain(domain) => settings.tier_in(domain),
        }
    }
}

impl std::fmt::Display for Scope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for Scope {
    type Err = crate::UnknownWord;
    fn from_str(word: &str) -> Result<Self, Self::Err> {
        if word == "overall" { Ok(Self::Overall) } else { word.parse().map(Self::Domain) }
    }
}

impl Serialize for Scope {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Scope {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        <std::borrow::Cow<'de, str>>::deserialize(d)?.parse().map_err(serde::de::Error::custom)
    }
}

wire_enum! {
    /// Why a tier changed.
    Cause, "cause of a tier change" {
        CriticalUndo = "critical_undo", Rejections = "rejections", RejectionShare = "rejection_share", Promotion = "promotion",
        /// Overall rose and this domain's own record did not: it stays where it was.
        Pinned = "pinned",
        /// Overall rose and this domain's own record carries it along.
        Followed = "followed",
        LoweredByPerson = "lowered_by_person", RaisedByPerson = "raised_by_person", OptIn = "opt_in", Override = "override",
    }
}

/// Where a scope stands besides its tier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// Its evidence starts after this: its last tier change.
    pub since: Option<Timestamp>,
    /// No promotion before this.
    pub frozen_until: Option<Timestamp>,
    /// The highest tier it earned and has not lost by record: the person may raise it back to that.
    pub earned: TrustTier,
}

/// The standings of a person, those that were ever changed.
pub type Standings = BTreeMap<Scope, Standing>;

/// Where a scope stands; one that never changed has earned what it has.
pub fn standing(scope: Scope, settings: &Settings, standings: &Standings) -> Standing {
    let untouched = Standing { since: None, frozen_until: None, earned: scope.tier(settings) };
    standings.get(&scope).copied().unwrap_or(untouched)
}

/// One change of a tier, to be written with its audit row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Of what.
    pub scope: Scope,
    /// The tier that was in force there.
    pub from: TrustTier,
    /// The tier that is in force there now.
    pub to: TrustTier,
    /// What to store as the scope's own tier; none leaves a domain without one.
    pub own_tier: Option<TrustTier>,
    /// Why.
    pub cause: Cause,
    /// The record that spoke.
    pub evidence: Record,
    /// What to store as its standing.
    pub standing: Standing,
    /// The person's reason, where they gave one.
    pub reason: Option<String>,
}

/// What the record demands now: for each scope at most one change, overall first. `answers` are those that any scope
/// may still count: everything after the earliest `since`, or all of them.
pub fn evaluate(settings: &Settings, standings: &Standings, answers: &[Feedback], now: Timestamp) -> Vec<Change> {
    let case = Case { settings, standings, answers, now };
    let overall = case.own_change(Scope::Overall);
    let rise = overall.as_ref().filter(|change| change.cause == Cause::Promotion).cloned();
    let domains = Domain::ALL.iter().filter_map(|domain| {
        let scope = Scope::Domain(*domain);
        case.own_change(scope).or_else(|| rise.as_ref().and_then(|rise| case.beside(scope, *domain, rise)))
    });
    overall.iter().cloned().chain(domains).collect()
}

struct Case<'a> {
    settings: &'a Settings,
    standings: &'a Standings,
    answers: &'a [Feedback],
    now: Timestamp,
}

impl Case<'_> {
    fn record(&self, scope: Scope) -> Record {
        let since = standing(scope, self.settings, self.standings).since;
        Record::of(self.answers.iter().filter(|answer| scope.counts(answer)), since, self.now)
    }

    /// What the scope's own record demands: regression first, then promotion.
    fn own_change(&self, scope: Scope) -> Option<Change> {
        let from = scope.tier(self.settings);
        let standing = standing(scope, self.settings, self.standings);
        let evidence = self.record(scope);
        let (to, cause, frozen_until) = if evidence.critical_undo {
            (TrustTier::Observer, Cause::CriticalUndo, Some(self.now.plus(FREEZE)))
        } else if let Some(cause) = evidence.regression() {
            (below(from)?, cause, standing.frozen_until)
        } else {
            let step = Step::from(from).filter(|step| evidence.shortfall(*step).is_none())?;
            let frozen = standing.frozen_until.is_some_and(|until| self.now < until);
            let capped = scope != Scope::Overall && step.to > self.settings.tier;
            if frozen || capped {
                return None;
            }
            (step.to, Cause::Promotion, None)
        };
        let standing = Standing { since: Some(self.now), frozen_until, earned: to };
        Some(Change { scope, from, to, own_tier: Some(to), cause, evidence, standing, reason: None })
    }

    /// What overall's rise does to a domain: its own record carries it along, or it is pinned where it was.
    fn beside(&self, scope: Scope, domain: Domain, rise: &Change) -> Option<Change> {
        let own = self.settings.domain_tiers.get(&domain).copied();
        let from = scope.tier(self.settings);
        let evidence = self.record(scope);
        let standing = standing(scope, self.settings, self.standings);
        let frozen = standing.frozen_until.is_some_and(|until| self.now < until);
        let meets = Step::from(rise.from).is_some_and(|step| evidence.shortfall(step).is_none());
        if from == rise.from && meets && !frozen {
            let standing = Standing { since: Some(self.now), frozen_until: None, earned: rise.to };
            let own_tier = own.map(|own| own.max(rise.to));
            return Some(Change {
                scope,
                from,
                to: rise.to,
                own_tier,
                cause: Cause::Followed,
                evidence,
                standing,
                reason: None,
            });
        }
        // Its own tier holds it back already, or would no longer once overall has risen.
        if own == Some(from) {
            return None;
        }
        Some(Change {
            scope,
            from,
            to: from,
            own_tier: Some(from),
            cause: Cause::Pinned,
            evidence,
            standing,
            reason: None,
        })
    }
}

/// One tier down; none below observer.
fn below(tier: TrustTier) -> Option<TrustTier> {
    match tier {
        TrustTier::Observer => None,
        TrustTier::Suggest => Some(TrustTier::Observer),
        TrustTier::LowAutonomy => Some(TrustTier::Suggest),
        TrustTier::ModerateAutonomy => Some(TrustTier::LowAutonomy),
        TrustTier::HighAutonomy => Some(TrustTier::ModerateAutonomy),
    }
}

impl Change {
    /// What changed and why, in a sentence.
    pub fn sentence(&self) -> String {
        let Self { scope, from, to, evidence, .. } = self;
        let place = match scope {
            Scope::Overall => "Overall".to_owned(),
            Scope::Domain(domain) => format!("In {domain}"),
        };
        match self.cause {
            Cause::CriticalUndo => format!(
                "{place} the tier is {to}, from {from}, and frozen for 7 days: something was undone as critical."
            ),
            Cause::Rejections => format!(
                "{place} the tier fell from {from} to {to}: {} rejections within 7 days.",
                evidence.recent_rejections
            ),
            Cause::RejectionShare => format!(
                "{place} the tier fell from {from} to {to}: {} of {} answers were rejections.",
                evidence.rejections, evidence.answers
            ),
            Cause::Promotion | Cause::Followed => {
                format!(
                    "{place} the tier rose from {from} to {to}: {} approvals in a row.",
                    evidence.consecutive_hundredths / 100
                )
            }
            Cause::Pinned => format!("{place} the tier stays {to}: its own record does not carry it higher yet."),
            Cause::LoweredByPerson => format!("{place} you lowered the tier from {from} to {to}."),
            Cause::RaisedByPerson => format!("{place} you raised the tier from {from} to {to}, which it had earned."),
            Cause::OptIn => format!("{place} you opted in to {to}."),
            Cause::Override => format!("{place} you raised the tier from {from} to {to} ahead of its record."),
        }
    }
}

/// What the person and their streams hear of changes. Pins are kept for the audit and told in events only.
pub fn announce(changes: &[Change], settings: &Settings, now: Timestamp) -> Outbox {
    changes.iter().fold(Outbox::nothing(), |outbox, change| {
        let facts = json!({ "scope": change.scope, "from": change.from, "to": change.to, "cause": change.cause });
        let outbox =
            outbox.event(settings.user, event::Name::TrustChanged, facts.as_object().cloned().unwrap_or_default());
        if change.cause == Cause::Pinned {
            return outbox;
        }
        let severity = notify::Severity::Info;
        outbox.notify(notify::New {
            user: settings.user,
            kind: notify::Kind::TierChanged,
            severity,
            title: format!(
                "Trust {}: {} is now {}",
                if change.to > change.from { "grew" } else { "fell" },
                change.scope,
                change.to
            ),
            body: change.sentence(),
            link: Some("/api/v1/trust".into()),
            dedupe_key: format!("tier:{}:{now}", change.scope),
            deliver_at: quiet::deliver_at(severity, settings, now),
        })
    })
}
