//! Notifications: what the person was told, and what they have read.

use axum::{Json, extract::State};
use domain::{
    id::{UserId, kind},
    notify::{Kind, Severity},
    outbox::Outbox,
    time::Timestamp,
};
use serde::{Deserialize, Serialize};
use store::notifications::{self, Which};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::{
    State as Api,
    caller::{Person, Read},
    cursor::{self, Page},
    problem::Problem,
    query::{At, Query},
    wire::words,
};

/// Which notifications.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wanted {
    /// Only those not read.
    #[serde(default)]
    unread: bool,
    /// `next` of the page before.
    cursor: Option<String>,
    /// Rows on the page, 1 to 200; 50 unless told.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// Something the person was told.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Notification {
    id: Uuid,
    /// What it is about.
    #[schema(value_type = words::NotificationKind)]
    kind: Kind,
    /// How loud.
    #[schema(value_type = words::Severity)]
    severity: Severity,
    /// One line.
    title: String,
    /// A few sentences.
    body: String,
    /// Where to look, as a path.
    link: Option<String>,
    /// When it was shown.
    #[schema(value_type = words::Instant)]
    deliver_at: Timestamp,
    /// When it was read.
    #[schema(value_type = Option<words::Instant>)]
    read_at: Option<Timestamp>,
    /// When it was written.
    #[schema(value_type = words::Instant)]
    created_at: Timestamp,
}

impl From<notifications::Notification> for Notification {
    fn from(row: notifications::Notification) -> Self {
        Self {
            id: row.id.uuid(),
            kind: row.kind,
            severity: row.severity,
            title: row.title,
            body: row.body,
            link: row.link,
            deliver_at: row.deliver_at,
            read_at: row.read_at,
            created_at: row.created_at,
        }
    }
}

/// How many are not read.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Unread {
    /// So many.
    unread: i64,
}

/// List notifications, the latest first.
#[utoipa::path(get, path = "/notifications", tag = "notifications", params(Wanted), security(("token" = ["read"])), responses(
    (status = 200, description = "A page.", body = Page<Notification>),
))]
pub(crate) async fn list(
    State(api): State<Api>,
    caller: Person<Read>,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Page<Notification>>, Problem> {
    let (cursor, limit) = cursor::read(wanted.cursor.as_deref(), wanted.limit)?;
    let page = notifications::list(&api.store, caller.user, wanted.unread, cursor, limit, api.clock.now()).await?;
    Ok(Json(Page::of(page, Notification::from)))
}

/// How many notifications are not read.
#[utoipa::path(get, path = "/notifications/unread", tag = "notifications", security(("token" = ["read"])), responses(
    (status = 200, description = "The number.", body = Unread),
))]
pub(crate) async fn unread(State(api): State<Api>, caller: Person<Read>) -> Result<Json<Unread>, Problem> {
    left(&api, caller.user, api.clock.now()).await
}

async fn left(api: &Api, user: UserId, now: Timestamp) -> Result<Json<Unread>, Problem> {
    Ok(Json(Unread { unread: notifications::unread(&api.store, user, now).await? }))
}

async fn mark(api: &Api, user: UserId, which: Which) -> Result<Json<Unread>, Problem> {
    let now = api.clock.now();
    let mut tx = api.store.begin().await?;
    let lock = tx.lock(user).await?;
    notifications::read(&mut tx, &lock, which, now).await?;
    tx.commit(Outbox::nothing(), now).await?;
    left(api, user, now).await
}

/// Mark a notification read; twice is once.
#[utoipa::path(post, path = "/notifications/{id}/read", tag = "notifications", params(("id" = Uuid, Path)), security(("token" = ["read"])),
    responses((status = 200, description = "How many are left.", body = Unread)))]
pub(crate) async fn read(
    State(api): State<Api>,
    caller: Person<Read>,
    At(id): At<kind::Notification>,
) -> Result<Json<Unread>, Problem> {
    mark(&api, caller.user, Which::One(id)).await
}

/// Mark everything that was shown read.
#[utoipa::path(post, path = "/notifications/read-all", tag = "notifications", security(("token" = ["read"])), responses(
    (status = 200, description = "How many are left.", body = Unread),
))]
pub(crate) async fn read_all(State(api): State<Api>, caller: Person<Read>) -> Result<Json<Unread>, Problem> {
    mark(&api, caller.user, Which::All).await
}
