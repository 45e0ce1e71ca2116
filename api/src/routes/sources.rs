//! Sources: what is read of the person's accounts, when it was read last, and what is wrong where something is.

use axum::{Json, extract::State};
use domain::{source::Source, time::Timestamp};
use serde::Serialize;
use store::sources;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    State as Api,
    caller::{Person, Read},
    problem::Problem,
    wire::words,
};

/// One mailbox or calendar that is read.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Source)]
pub(crate) struct Shown {
    id: Uuid,
    /// Of which account.
    account_id: Uuid,
    /// `gmail` or `google_calendar`; its signals have this as their source.
    kind: &'static str,
    /// When it was last read well.
    #[schema(value_type = Option<words::Instant>)]
    read_at: Option<Timestamp>,
    /// When it is read next, as long as its account is connected.
    #[schema(value_type = words::Instant)]
    due_at: Timestamp,
    /// What is wrong, in a sentence; absent when nothing is.
    #[serde(skip_serializing_if = "Option::is_none")]
    trouble: Option<String>,
    /// What could not be read and was left out; absent while everything could.
    #[serde(skip_serializing_if = "Option::is_none")]
    left_out: Option<LeftOut>,
}

/// What could not be read. It holds up nothing else, and is not read again unless it changes.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SourceLeftOut)]
pub(crate) struct LeftOut {
    /// How often something was left out since the account was connected.
    count: i64,
    /// When that was last.
    #[schema(value_type = words::Instant)]
    last_at: Timestamp,
    /// Which that was, by its id there, and what was wrong with it, in a sentence.
    why: String,
}

impl From<Source> for Shown {
    fn from(source: Source) -> Self {
        Self {
            id: source.id.uuid(),
            account_id: source.account.uuid(),
            kind: source.kind.as_str(),
            read_at: source.read_at,
            due_at: source.due,
            trouble: source.trouble,
            left_out: source.left_out.map(|left_out| LeftOut {
                count: left_out.count,
                last_at: left_out.at,
                why: left_out.why,
            }),
        }
    }
}

/// Every source.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Sources {
    items: Vec<Shown>,
}

/// List what is read of your accounts.
#[utoipa::path(get, path = "/sources", tag = "accounts", security(("token" = ["read"])), responses(
    (status = 200, description = "All of them.", body = Sources),
))]
pub(crate) async fn list(State(api): State<Api>, caller: Person<Read>) -> Result<Json<Sources>, Problem> {
    let items = sources::list(&api.store, caller.user).await?;
    Ok(Json(Sources { items: items.into_iter().map(Shown::from).collect() }))
}
