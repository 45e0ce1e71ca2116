//! What only an operator can mend: a provider that refuses this system, for one.

use axum::{Json, extract::State};
use domain::time::Timestamp;
use serde::Serialize;
use store::alerts;
use utoipa::ToSchema;

use crate::{State as Api, caller::Operator, cursor::MOST, problem::Problem, wire::words};

/// Something that is wrong with the system.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Alert {
    /// What makes it the same alert, such as `oauth:google`.
    key: String,
    /// What is wrong and what to do.
    says: String,
    /// How often it was noticed.
    times: i64,
    /// Since when.
    #[schema(value_type = words::Instant)]
    raised_at: Timestamp,
    /// Noticed last.
    #[schema(value_type = words::Instant)]
    last_at: Timestamp,
    /// Over since then; null while it lasts.
    #[schema(value_type = Option<words::Instant>)]
    resolved_at: Option<Timestamp>,
}

/// The alerts.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Alerts {
    /// Those that last first, then the latest.
    items: Vec<Alert>,
}

/// List what only an operator can mend.
#[utoipa::path(get, path = "/alerts", tag = "operation", security(("token" = ["operator"])), responses(
    (status = 200, description = "The latest.", body = Alerts),
))]
pub(crate) async fn list(State(api): State<Api>, _: Operator) -> Result<Json<Alerts>, Problem> {
    let items = alerts::list(&api.store, MOST).await?.into_iter().map(|alert| Alert {
        key: alert.key,
        says: alert.says,
        times: alert.times,
        raised_at: alert.raised_at,
        last_at: alert.last_at,
        resolved_at: alert.resolved_at,
    });
    Ok(Json(Alerts { items: items.collect() }))
}
