//! Escalation triggers: thresholds beyond which the twin asks (`domain.md` §6 rule 10). Checked when written.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use domain::{
    id::{TriggerId, kind},
    policy::{Trigger, When},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::policies::{self, Stored};
use utoipa::ToSchema;
use uuid::Uuid;

use super::rules;
use crate::{
    State as Api,
    body::Body,
    caller::{Person, Read, Settings as MaySet},
    change::shown,
    problem::Problem,
    query::At,
    wire::words,
};

/// Most triggers of one person: every one is looked at for every action.
const MOST: usize = 100;

/// A trigger as the person writes it: its kind, and the threshold of that kind.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[schema(as = WrittenTrigger)]
#[serde(deny_unknown_fields)]
pub(crate) struct Written {
    /// `amount_threshold`, `risk_tier_threshold`, `low_confidence`, `novel_situation` or `consecutive_rejections`.
    #[schema(example = "amount_threshold")]
    kind: String,
    /// Off means not applied.
    #[serde(default = "on", skip_serializing)]
    enabled: bool,
    /// Of `amount_threshold`: asks from so many cents on, and when the cost is unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1)]
    threshold_cents: Option<i64>,
    /// Of `risk_tier_threshold`: asks from this overall risk on.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<words::RiskTier>)]
    min_risk_tier: Option<String>,
    /// Of `low_confidence`: asks below this.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<words::Confidence>)]
    min_confidence: Option<String>,
    /// Of `consecutive_rejections`: asks after so many in a row in the domain.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1)]
    count: Option<u32>,
}

const fn on() -> bool {
    true
}

impl Written {
    /// The trigger, or everything that is wrong with it.
    fn checked(&self, id: TriggerId) -> Result<Trigger, Problem> {
        let given = json!(self).as_object().cloned().unwrap_or_default();
        let when = When::parse(&given).map_err(Problem::invalid)?;
        Ok(Trigger { id, enabled: self.enabled, when })
    }
}

/// A trigger as it is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Trigger)]
pub(crate) struct Shown {
    id: Uuid,
    /// Off means not applied.
    enabled: bool,
    /// `kind`, and the threshold of that kind.
    #[serde(flatten)]
    #[schema(value_type = Object)]
    when: When,
    /// The `ETag`.
    revision: i64,
    #[schema(value_type = words::Instant)]
    created_at: Timestamp,
    #[schema(value_type = words::Instant)]
    updated_at: Timestamp,
}

impl From<Stored<Trigger>> for Shown {
    fn from(stored: Stored<Trigger>) -> Self {
        let Stored { rule: Trigger { id, enabled, when }, revision, created_at, updated_at } = stored;
        Self { id: id.uuid(), enabled, when, revision, created_at, updated_at }
    }
}

/// Every trigger.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Triggers {
    /// The oldest first.
    items: Vec<Shown>,
}

/// List escalation triggers.
#[utoipa::path(get, path = "/triggers", tag = "policies", security(("token" = ["read"])), responses(
    (status = 200, description = "All of them.", body = Triggers),
))]
pub(crate) async fn list(State(api): State<Api>, caller: Person<Read>) -> Result<Json<Triggers>, Problem> {
    let items = policies::list(&api.store, caller.user).await?;
    Ok(Json(Triggers { items: items.into_iter().map(Shown::from).collect() }))
}

/// Write an escalation trigger.
#[utoipa::path(post, path = "/triggers", tag = "policies", request_body = Written, security(("token" = ["settings"])), responses(
    (status = 201, description = "The trigger, in force from now on.", body = Shown, headers(("ETag" = String), ("Location" = String))),
))]
pub(crate) async fn create(
    State(api): State<Api>,
    caller: Person<MaySet>,
    Body(written): Body<Written>,
) -> Result<Response, Problem> {
    let id: TriggerId = api.entropy.id(api.clock.now());
    let trigger = written.checked(id)?;
    let stored = rules::add(&api, caller.user, id, &trigger, (MOST, "triggers")).await?;
    let location = [("location", format!("/api/v1/triggers/{id}"))];
    Ok((location, shown::<Shown, _>(StatusCode::CREATED, stored)).into_response())
}

/// One escalation trigger.
#[utoipa::path(get, path = "/triggers/{id}", tag = "policies", security(("token" = ["read"])), params(("id" = Uuid, Path)), responses(
    (status = 200, description = "The trigger.", body = Shown, headers(("ETag" = String))),
))]
pub(crate) async fn get(
    State(api): State<Api>,
    caller: Person<Read>,
    At(id): At<kind::Trigger>,
) -> Result<Response, Problem> {
    Ok(shown::<Shown, _>(StatusCode::OK, policies::get::<Trigger, _>(&api.store, caller.user, id).await?))
}

/// Change a trigger as a whole; with If-Match only if nobody has changed it since (412 otherwise).
#[utoipa::path(put, path = "/triggers/{id}", tag = "policies", request_body = Written, security(("token" = ["settings"])),
    params(("id" = Uuid, Path), ("If-Match" = Option<String>, Header, description = "The ETag that was seen.")), responses(
    (status = 200, description = "The trigger as it is now.", body = Shown, headers(("ETag" = String))),
))]
pub(crate) async fn put(
    State(api): State<Api>,
    caller: Person<MaySet>,
    At(id): At<kind::Trigger>,
    headers: HeaderMap,
    Body(written): Body<Written>,
) -> Result<Response, Problem> {
    let trigger = written.checked(id)?;
    Ok(shown::<Shown, _>(StatusCode::OK, rules::replace(&api, caller.user, id, &headers, &trigger).await?))
}

/// Remove a trigger; with If-Match only if nobody has changed it since.
#[utoipa::path(delete, path = "/triggers/{id}", tag = "policies", security(("token" = ["settings"])),
    params(("id" = Uuid, Path), ("If-Match" = Option<String>, Header, description = "The ETag that was seen.")), responses(
    (status = 204, description = "Gone."),
))]
pub(crate) async fn delete(
    State(api): State<Api>,
    caller: Person<MaySet>,
    At(id): At<kind::Trigger>,
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    rules::remove::<Trigger, _>(&api, caller.user, id, &headers).await
}
