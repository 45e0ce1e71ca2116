//! The stop switch: the person's own, and the whole system's (`domain.md` §6 rule 1). Signals are still taken; nothing
//! is decided or done until it is off again, and then everything is evaluated anew.

use axum::{Json, extract::State};
use domain::{event::Name, id::UserId, outbox::Outbox, time::Timestamp};
use serde::Serialize;
use serde_json::json;
use store::{system as whole, users};
use utoipa::ToSchema;

use crate::{
    State as Api,
    caller::{Operator, Person, Settings as MaySet},
    problem::Problem,
    wire::words,
};

/// Where the person's switch stands.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Switch {
    /// The person's own switch is on.
    stopped: bool,
    /// The whole system's switch is on as well.
    system_stopped: bool,
}

/// Where the system's switch stands.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SystemSwitch {
    /// Since when everything is stopped; null while it runs.
    #[schema(value_type = Option<words::Instant>)]
    stopped_at: Option<Timestamp>,
}

async fn turn(api: &Api, user: UserId, stopped: bool) -> Result<Json<Switch>, Problem> {
    let now = api.clock.now();
    let mut tx = api.store.begin().await?;
    let lock = tx.lock(user).await?;
    let found = users::get(&mut tx, user).await?;
    let system_stopped = whole::stopped(&mut tx).await?.is_some();
    if found.stopped_at.is_some() != stopped {
        users::set_stopped(&mut tx, &lock, stopped, now).await?;
        let facts = json!({ "stopped": stopped });
        tx.commit(
            Outbox::nothing().event(user, Name::SettingsChanged, facts.as_object().cloned().unwrap_or_default()),
            now,
        )
        .await?;
    }
    Ok(Json(Switch { stopped, system_stopped }))
}

async fn turn_system(api: &Api, stopped: bool) -> Result<Json<SystemSwitch>, Problem> {
    let now = api.clock.now();
    let mut tx = api.store.begin().await?;
    whole::set_stopped(&mut tx, stopped, now).await?;
    tx.commit(Outbox::nothing(), now).await?;
    tracing::warn!(stopped, "the system's stop switch was turned");
    system_switch(api).await
}

async fn system_switch(api: &Api) -> Result<Json<SystemSwitch>, Problem> {
    Ok(Json(SystemSwitch { stopped_at: whole::stopped(&api.store).await? }))
}

/// Stop the twin: nothing is decided or done until `resume`.
#[utoipa::path(post, path = "/stop", tag = "settings", security(("token" = ["settings"])), responses(
    (status = 200, description = "Stopped.", body = Switch),
))]
pub(crate) async fn stop(State(api): State<Api>, caller: Person<MaySet>) -> Result<Json<Switch>, Problem> {
    turn(&api, caller.user, true).await
}

/// Let the twin go on; what waited is evaluated anew.
#[utoipa::path(post, path = "/resume", tag = "settings", security(("token" = ["settings"])), responses(
    (status = 200, description = "Running, unless the whole system is stopped.", body = Switch),
))]
pub(crate) async fn resume(State(api): State<Api>, caller: Person<MaySet>) -> Result<Json<Switch>, Problem> {
    turn(&api, caller.user, false).await
}

/// Is the whole system stopped?
#[utoipa::path(get, path = "/system", tag = "operation", security(("token" = ["operator"])), responses(
    (status = 200, description = "Where its switch stands.", body = SystemSwitch),
))]
pub(crate) async fn system(State(api): State<Api>, _: Operator) -> Result<Json<SystemSwitch>, Problem> {
    system_switch(&api).await
}

/// Stop everything, for everybody.
#[utoipa::path(post, path = "/system/stop", tag = "operation", security(("token" = ["operator"])), responses(
    (status = 200, description = "Stopped.", body = SystemSwitch),
))]
pub(crate) async fn stop_system(State(api): State<Api>, _: Operator) -> Result<Json<SystemSwitch>, Problem> {
    turn_system(&api, true).await
}

/// Let everything go on, except for whoever has stopped their own twin.
#[utoipa::path(post, path = "/system/resume", tag = "operation", security(("token" = ["operator"])), responses(
    (status = 200, description = "Running.", body = SystemSwitch),
))]
pub(crate) async fn resume_system(State(api): State<Api>, _: Operator) -> Result<Json<SystemSwitch>, Problem> {
    turn_system(&api, false).await
}
