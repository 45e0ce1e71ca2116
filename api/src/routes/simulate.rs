//! Dry-run: what a policy would have changed about the last decisions (`domain.md` §7). Writes nothing.

use axum::{Json, extract::State};
use domain::{
    decision::Outcome,
    facts::Facts,
    id::{Id, PolicyId},
    policy::{self, Effect},
    signal,
    time::Timestamp,
};
use serde::{Deserialize, Serialize};
use store::{decisions, facts, policies};
use utoipa::ToSchema;
use uuid::Uuid;

use super::policies::Written;
use crate::{
    State as Api,
    body::Body,
    caller::{Person, Read},
    problem::Problem,
    wire::{action, words},
};

/// Most decisions that are replayed.
const MOST: u32 = 200;

/// A policy to try.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Simulation {
    /// The policy as it would be written.
    policy: Written,
    /// It would stand in for this one of yours; left out, it would be added.
    #[serde(default)]
    #[schema(value_type = Option<Uuid>)]
    replaces: Option<PolicyId>,
    /// Over so many of the last decisions; 100 unless told.
    #[serde(default = "usual")]
    #[schema(minimum = 1, maximum = 200)]
    decisions: u32,
}

const fn usual() -> u32 {
    100
}

/// What would have changed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Simulated {
    /// Decisions that were looked at: those that proposed something.
    considered: usize,
    /// Those on which the policy would have spoken, whether or not it decides.
    spoken_on: usize,
    /// Those where the verdict would be another one, newest first.
    changes: Vec<Difference>,
}

/// A decision that would have gone another way.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Difference {
    /// Which decision.
    decision: Uuid,
    /// When.
    #[schema(value_type = words::Instant)]
    decided_at: Timestamp,
    /// In which domain.
    #[schema(value_type = words::Domain)]
    domain: signal::Domain,
    /// What came of it then.
    #[schema(value_type = words::Outcome)]
    outcome: Outcome,
    /// What was proposed or done, in a line.
    action: String,
    /// What the rules of today say.
    before: Word,
    /// What they would say with the policy.
    after: Word,
}

/// A verdict and the reasons that decided it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Word {
    /// The verdict.
    #[schema(value_type = words::Effect)]
    effect: Effect,
    /// Why.
    reasons: Vec<action::Reason>,
}

impl From<policy::Verdict> for Word {
    fn from(verdict: policy::Verdict) -> Self {
        let reasons = verdict.deciding().cloned().map(action::Reason::from).collect();
        Self { effect: verdict.effect, reasons }
    }
}

/// Try a policy on the last decisions, each judged by today's limits, tiers and rules at the hour of the decision.
#[utoipa::path(post, path = "/policies/simulate", tag = "policies", request_body = Simulation, security(("token" = ["read"])), responses(
    (status = 200, description = "Which decisions would have gone another way. Nothing was changed.", body = Simulated),
))]
pub(crate) async fn post(
    State(api): State<Api>,
    caller: Person<Read>,
    Body(simulation): Body<Simulation>,
) -> Result<Json<Simulated>, Problem> {
    let Simulation { policy, replaces, decisions: count } = simulation;
    let now = api.clock.now();
    if !(1..=MOST).contains(&count) {
        return Err(Problem::one("/decisions", format!("1 to {MOST}")));
    }
    let id: PolicyId = replaces.unwrap_or_else(|| api.entropy.id(now));
    let candidate = policy.checked(id).map_err(|problem| problem.below("/policy"))?;
    if let Some(old) = replaces {
        policies::get::<policy::Policy, _>(&api.store, caller.user, old).await?;
    }
    let before = known(&api, caller.user, now).await?;
    let mut after = before.clone();
    after.policies.retain(|own| Some(own.id) != replaces);
    after.policies.push(candidate);
    let past = decisions::latest(&api.store, caller.user, count).await?;
    Ok(Json(simulated(&past, &before, &after, id)))
}

/// Today's facts. The transaction only reads: dropped, it has done nothing.
async fn known(api: &Api, user: Id<domain::id::kind::User>, now: Timestamp) -> Result<Facts, Problem> {
    let mut tx = api.store.begin().await?;
    let lock = tx.lock(user).await?;
    Ok(facts::load(&mut tx, &lock, now).await?)
}

fn simulated(past: &[domain::decision::Decision], before: &Facts, after: &Facts, id: PolicyId) -> Simulated {
    let own = id.to_string();
    let mut simulated = Simulated { considered: 0, spoken_on: 0, changes: Vec::new() };
    for decision in past {
        let Some(replay) = policy::replay(decision, before, after) else { continue };
        let speaks =
            replay.after.reasons.iter().any(|reason| reason.numbers.get("policy").is_some_and(|id| *id == *own));
        simulated.considered += 1;
        simulated.spoken_on += usize::from(speaks);
        if replay.changes() {
            simulated.changes.push(Difference {
                decision: decision.id.uuid(),
                decided_at: decision.decided_at,
                domain: decision.domain,
                outcome: decision.outcome,
                action: replay.candidate.summary.clone(),
                before: replay.before.into(),
                after: replay.after.into(),
            });
        }
    }
    simulated
}
