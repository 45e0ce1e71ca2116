//! Policies: the rules a person writes (`domain.md` §7). Checked when written: what is saved can be evaluated.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use domain::{
    id::{PolicyId, kind},
    policy::{BUILT_IN, Effect, OwnRule, Policy, Rule},
    signal::Domain,
    time::Timestamp,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::policies::{self, Stored};
use utoipa::ToSchema;
use uuid::Uuid;

use super::rules;
use crate::{
    State as Api,
    body::Body,
    caller::{Person, Read, Settings as MaySet},
    change::shown,
    check::Checks,
    problem::Problem,
    query::At,
    wire::words,
};

/// Most policies of one person: every one is looked at for every action.
const MOST: usize = 200;

/// A policy as the person writes it.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = WrittenPolicy)]
#[serde(deny_unknown_fields)]
pub(crate) struct Written {
    /// What it is called.
    name: String,
    /// What it is for.
    #[serde(default)]
    description: String,
    /// Only in this domain.
    #[serde(default)]
    #[schema(value_type = Option<words::Domain>)]
    domain: Option<Domain>,
    /// Higher is listed first; a deny wins whatever the priority.
    #[serde(default)]
    priority: i32,
    /// Off means not applied.
    #[serde(default = "on")]
    enabled: bool,
    /// `[{when, effect, reason}]`: `when` is all, any or not over comparisons of fields.
    #[schema(example = json!([{ "when": { "field": "cost_cents", "op": "gt", "value": 2000 }, "effect": "require_approval", "reason": "I want to see larger sums" }]))]
    rules: Value,
}

const fn on() -> bool {
    true
}

impl Written {
    /// The policy, or everything that is wrong with it.
    pub(crate) fn checked(self, id: PolicyId) -> Result<Policy, Problem> {
        let mut checks = Checks::default();
        checks.text(&self.name, "/name", 100);
        checks.want(self.description.chars().count() <= 1000, "/description", "at most 1000 characters");
        let rules = OwnRule::parse_all(&self.rules).unwrap_or_else(|faults| {
            for fault in faults {
                checks.wrong(fault.path, fault.reason);
            }
            Vec::new()
        });
        checks.done()?;
        let Self { name, description, domain, priority, enabled, rules: _ } = self;
        Ok(Policy { id, name, description, domain, priority, enabled, rules })
    }
}

/// A policy as it is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Policy)]
pub(crate) struct Shown {
    id: Uuid,
    /// What it is called.
    name: String,
    /// What it is for.
    description: String,
    /// Only in this domain.
    #[schema(value_type = Option<words::Domain>)]
    domain: Option<Domain>,
    /// Higher is listed first.
    priority: i32,
    /// Off means not applied.
    enabled: bool,
    /// `[{when, effect, reason}]`.
    #[schema(value_type = Vec<Value>)]
    rules: Vec<OwnRule>,
    /// The `ETag`.
    revision: i64,
    #[schema(value_type = words::Instant)]
    created_at: Timestamp,
    #[schema(value_type = words::Instant)]
    updated_at: Timestamp,
}

impl From<Stored<Policy>> for Shown {
    fn from(stored: Stored<Policy>) -> Self {
        let Policy { id, name, description, domain, priority, enabled, rules } = stored.rule;
        Self {
            id: id.uuid(),
            name,
            description,
            domain,
            priority,
            enabled,
            rules,
            revision: stored.revision,
            created_at: stored.created_at,
            updated_at: stored.updated_at,
        }
    }
}

/// A rule that is always there.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BuiltIn {
    /// Which, as reasons name it.
    #[schema(value_type = words::Rule)]
    rule: Rule,
    /// The most it demands.
    #[schema(value_type = words::Effect)]
    effect: Effect,
    /// When it does, in a sentence.
    summary: &'static str,
}

/// Own policies in the order in which they are told, and the built-in rules beside them.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Policies {
    items: Vec<Shown>,
    /// Read-only: these hold whatever the policies say.
    built_in: Vec<BuiltIn>,
}

/// List policies, and the built-in rules beside them.
#[utoipa::path(get, path = "/policies", tag = "policies", security(("token" = ["read"])), responses(
    (status = 200, description = "All of them.", body = Policies),
))]
pub(crate) async fn list(State(api): State<Api>, caller: Person<Read>) -> Result<Json<Policies>, Problem> {
    let mut items = policies::list::<Policy>(&api.store, caller.user).await?;
    items.sort_by_key(|stored| (std::cmp::Reverse(stored.rule.priority), stored.rule.id));
    let built_in = BUILT_IN.iter().map(|rule| BuiltIn { rule: rule.rule, effect: rule.effect, summary: rule.summary });
    Ok(Json(Policies { items: items.into_iter().map(Shown::from).collect(), built_in: built_in.collect() }))
}

/// Write a policy.
#[utoipa::path(post, path = "/policies", tag = "policies", request_body = Written, security(("token" = ["settings"])), responses(
    (status = 201, description = "The policy, in force from now on.", body = Shown, headers(("ETag" = String), ("Location" = String))),
))]
pub(crate) async fn create(
    State(api): State<Api>,
    caller: Person<MaySet>,
    Body(written): Body<Written>,
) -> Result<Response, Problem> {
    let id: PolicyId = api.entropy.id(api.clock.now());
    let policy = written.checked(id)?;
    let stored = rules::add(&api, caller.user, id, &policy, (MOST, "policies")).await?;
    let location = [("location", format!("/api/v1/policies/{id}"))];
    Ok((location, shown::<Shown, _>(StatusCode::CREATED, stored)).into_response())
}

/// One policy.
#[utoipa::path(get, path = "/policies/{id}", tag = "policies", security(("token" = ["read"])), params(("id" = Uuid, Path)), responses(
    (status = 200, description = "The policy.", body = Shown, headers(("ETag" = String))),
))]
pub(crate) async fn get(
    State(api): State<Api>,
    caller: Person<Read>,
    At(id): At<kind::Policy>,
) -> Result<Response, Problem> {
    Ok(shown::<Shown, _>(StatusCode::OK, policies::get::<Policy, _>(&api.store, caller.user, id).await?))
}

/// Change a policy as a whole; with If-Match only if nobody has changed it since (412 otherwise).
#[utoipa::path(put, path = "/policies/{id}", tag = "policies", request_body = Written, security(("token" = ["settings"])),
    params(("id" = Uuid, Path), ("If-Match" = Option<String>, Header, description = "The ETag that was seen.")), responses(
    (status = 200, description = "The policy as it is now.", body = Shown, headers(("ETag" = String))),
))]
pub(crate) async fn put(
    State(api): State<Api>,
    caller: Person<MaySet>,
    At(id): At<kind::Policy>,
    headers: HeaderMap,
    Body(written): Body<Written>,
) -> Result<Response, Problem> {
    let policy = written.checked(id)?;
    Ok(shown::<Shown, _>(StatusCode::OK, rules::replace(&api, caller.user, id, &headers, &policy).await?))
}

/// Remove a policy; with If-Match only if nobody has changed it since.
#[utoipa::path(delete, path = "/policies/{id}", tag = "policies", security(("token" = ["settings"])),
    params(("id" = Uuid, Path), ("If-Match" = Option<String>, Header, description = "The ETag that was seen.")), responses(
    (status = 204, description = "Gone."),
))]
pub(crate) async fn delete(
    State(api): State<Api>,
    caller: Person<MaySet>,
    At(id): At<kind::Policy>,
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    rules::remove::<Policy, _>(&api, caller.user, id, &headers).await
}
