//! Deliveries: what is on its way to a channel, what arrived and what did not, and trying again (`domain.md` §12).

use axum::{Json, extract::State, http::StatusCode};
use domain::{
    channel::{Delivery, Phase, State as Standing},
    id::{NotificationId, kind},
    time::Timestamp,
};
use serde::Serialize;
use store::{channels, deliveries};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    State as Api,
    caller::{Person, Read, Settings as MaySet},
    cursor::{Page, Paging},
    problem::{Code, Problem},
    query::{At, Query},
    wire::words,
};

/// A delivery.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Delivery)]
pub(crate) struct Shown {
    id: Uuid,
    /// Where to.
    channel: Uuid,
    /// Whether it only shows that the channel works.
    test: bool,
    /// What is told, oldest first.
    notifications: Vec<Uuid>,
    /// Where it stands.
    #[schema(value_type = words::DeliveryState)]
    state: Phase,
    /// How often it was tried since somebody last asked for it.
    tries: i32,
    /// What went wrong last, in words.
    error: Option<String>,
    /// Not tried before; none when it is over.
    #[schema(value_type = Option<words::Instant>)]
    next_at: Option<Timestamp>,
    #[schema(value_type = words::Instant)]
    created_at: Timestamp,
    #[schema(value_type = words::Instant)]
    updated_at: Timestamp,
}

impl From<Delivery> for Shown {
    fn from(delivery: Delivery) -> Self {
        Self {
            id: delivery.id.uuid(),
            channel: delivery.channel.uuid(),
            test: delivery.is_test(),
            next_at: match delivery.state {
                Standing::Pending { due } => Some(due),
                Standing::Delivered { .. } | Standing::Dead { .. } => None,
            },
            state: delivery.state.phase(),
            notifications: delivery.notifications.into_iter().map(NotificationId::uuid).collect(),
            tries: delivery.tries,
            error: delivery.error,
            created_at: delivery.created_at,
            updated_at: delivery.updated_at,
        }
    }
}

/// List what was, or is to be, sent to a channel, the latest first.
#[utoipa::path(get, path = "/channels/{id}/deliveries", tag = "notifications", security(("token" = ["read"])),
    params(("id" = Uuid, Path), Paging), responses((status = 200, description = "A page.", body = Page<Shown>)))]
pub(crate) async fn list(
    State(api): State<Api>,
    caller: Person<Read>,
    At(id): At<kind::Channel>,
    Query(paging): Query<Paging>,
) -> Result<Json<Page<Shown>>, Problem> {
    let (cursor, limit) = paging.read()?;
    let page = deliveries::list(&api.store, caller.user, id, cursor, limit).await?;
    Ok(Json(Page::of(page, Shown::from)))
}

/// Try a dead delivery again, from the start. 409 when it is not dead, or its channel is off.
#[utoipa::path(post, path = "/deliveries/{id}/retry", tag = "notifications", security(("token" = ["settings"])), params(("id" = Uuid, Path)),
    responses((status = 202, description = "On its way again.", body = Shown)))]
pub(crate) async fn retry(
    State(api): State<Api>,
    caller: Person<MaySet>,
    At(id): At<kind::Delivery>,
) -> Result<(StatusCode, Json<Shown>), Problem> {
    let now = api.clock.now();
    let mut tx = api.store.begin().await?;
    let lock = tx.lock(caller.user).await?;
    let delivery = deliveries::get(&mut tx, caller.user, id).await?;
    if !channels::get(&mut tx, caller.user, delivery.channel).await?.enabled {
        return Err(
            Problem::new(Code::OutOfPlace, "Its channel is switched off. Switch it on first.").fact("state", "off")
        );
    }
    let state = delivery.state.phase();
    let Some((again, outbox)) = delivery.again(now) else {
        return Err(Problem::new(Code::OutOfPlace, "Only what is dead is tried again.").fact("state", state));
    };
    deliveries::save(&mut tx, &lock, &again).await?;
    tx.commit(outbox, now).await?;
    Ok((StatusCode::ACCEPTED, Json(again.into())))
}
