//! Decisions: what a signal led to, and why. Written once, never changed.

use axum::{Json, extract::State};
use domain::{
    decision::Outcome,
    id::kind,
    signal::{Domain, SituationKind},
    time::Timestamp,
};
use serde::Deserialize;
use store::decisions::{self, Filter};
use utoipa::IntoParams;

use crate::{
    State as Api,
    caller::{Person, Read},
    cursor::{self, Page},
    problem::Problem,
    query::{At, Query},
    wire::{
        decision::{Decision, Summary},
        words,
    },
};

/// Which decisions.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wanted {
    /// With this outcome.
    #[param(value_type = Option<words::Outcome>)]
    outcome: Option<Outcome>,
    /// In this domain.
    #[param(value_type = Option<words::Domain>)]
    domain: Option<Domain>,
    /// About this.
    #[param(value_type = Option<words::Situation>)]
    situation: Option<SituationKind>,
    /// Decided then or later.
    #[param(value_type = Option<words::Instant>)]
    from: Option<Timestamp>,
    /// Decided before.
    #[param(value_type = Option<words::Instant>)]
    to: Option<Timestamp>,
    /// `next` of the page before.
    cursor: Option<String>,
    /// Rows on the page, 1 to 200; 50 unless told.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// List decisions, the latest first.
#[utoipa::path(get, path = "/decisions", tag = "decisions", params(Wanted), security(("token" = ["read"])), responses(
    (status = 200, description = "A page.", body = Page<Summary>),
))]
pub(crate) async fn list(
    State(api): State<Api>,
    caller: Person<Read>,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Page<Summary>>, Problem> {
    let (cursor, limit) = cursor::read(wanted.cursor.as_deref(), wanted.limit)?;
    let filter = Filter {
        outcome: wanted.outcome,
        domain: wanted.domain,
        situation: wanted.situation,
        from: wanted.from,
        to: wanted.to,
    };
    let page = decisions::list(&api.store, caller.user, filter, cursor, limit).await?;
    Ok(Json(Page::of(page, Summary::from)))
}

/// One decision, whole.
///
/// With everything that was weighed, why, what was asked, what was done, and what happened in which order.
#[utoipa::path(get, path = "/decisions/{id}", tag = "decisions", params(("id" = Uuid, Path)), security(("token" = ["read"])), responses(
    (status = 200, description = "The decision.", body = Decision),
))]
pub(crate) async fn get(
    State(api): State<Api>,
    caller: Person<Read>,
    At(id): At<kind::Decision>,
) -> Result<Json<Decision>, Problem> {
    let now = api.clock.now();
    let decision = decisions::get(&api.store, caller.user, id).await?;
    let approvals = store::approvals::of_decision(&api.store, caller.user, id).await?;
    let executions = store::executions::of_decision(&api.store, caller.user, id).await?;
    let timeline = store::events::of_decision(&api.store, caller.user, id).await?;
    Ok(Json(Decision::at(decision, approvals, executions, timeline, now)))
}
