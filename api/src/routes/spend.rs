//! Spend: what counts against the daily limit, and when the next cents free up (`domain.md` §8).

use axum::{Json, extract::State};
use domain::{
    action::Verb,
    ledger::{self, EntryKind, Unreadable},
    money::Currency,
    time::Timestamp,
};
use serde::Serialize;
use store::{
    ledger::{self as rows, Told},
    users,
};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    State as Api,
    caller::{Person, Read},
    cursor::{Page, Paging},
    problem::Problem,
    query::Query,
    wire::words,
};

/// The spend of the last 24 h in the currency of the limits, and the ledger behind it. All amounts in cents.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Spend {
    /// Of the limits, and of everything here.
    #[schema(value_type = words::Currency)]
    currency: Currency,
    /// What is allowed.
    limits: Limits,
    /// What counts now: reserved and settled.
    used_cents: i64,
    /// Set aside for what is planned, running or of unknown end, however old.
    reserved_cents: i64,
    /// Spent within the last 24 h, less what was refunded.
    settled_cents: i64,
    /// What the daily limit leaves; null without one.
    remaining_cents: Option<i64>,
    /// When the next settled cents leave the window; null while nothing settled counts.
    next_free: Option<Free>,
    /// The entries of the ledger, newest first, however old.
    entries: Page<Entry>,
}

/// What may be spent; null is not configured, and then every cost is asked about.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Limits {
    /// Most one action may cost.
    per_action_cents: Option<i64>,
    /// Most within 24 h.
    daily_cents: Option<i64>,
}

/// Cents that leave the window.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Free {
    /// When.
    #[schema(value_type = words::Instant)]
    at: Timestamp,
    /// How many.
    cents: i64,
}

/// An entry of the ledger. Entries are never changed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LedgerEntry)]
pub(crate) struct Entry {
    id: Uuid,
    /// Of which execution.
    execution: Uuid,
    /// For doing what.
    #[schema(value_type = words::Verb)]
    verb: Verb,
    /// What it does to its execution's amount.
    #[schema(value_type = words::EntryKind)]
    kind: EntryKind,
    /// How much; 0 for a release.
    cents: i64,
    /// More than 20 % off the estimate, or spent where nothing was expected.
    flagged: bool,
    #[schema(value_type = words::Instant)]
    at: Timestamp,
}

impl From<Told> for Entry {
    fn from(Told { id, verb, entry, flagged }: Told) -> Self {
        let ledger::Entry { execution, kind, cents, at, currency: _ } = entry;
        Self { id: id.uuid(), execution: execution.uuid(), verb, kind, cents, flagged, at }
    }
}

/// The spend of the last 24 h, and a page of the ledger.
#[utoipa::path(get, path = "/spend", tag = "spend", security(("token" = ["read"])), params(Paging), responses(
    (status = 200, description = "Limits, what counts, and entries.", body = Spend),
))]
pub(crate) async fn get(
    State(api): State<Api>,
    caller: Person<Read>,
    Query(paging): Query<Paging>,
) -> Result<Json<Spend>, Problem> {
    let now = api.clock.now();
    let (cursor, limit) = paging.read()?;
    let autonomy = users::settings(&api.store, caller.user).await?.autonomy;
    let currency = autonomy.currency;
    let counting = rows::entries(&api.store, caller.user, currency, now, None).await?;
    let unreadable = |error: Unreadable| Problem::internal(&error);
    let view = ledger::window(&counting, currency, now).map_err(unreadable)?;
    let next_free = ledger::next_free(&counting, currency, now).map_err(unreadable)?;
    let entries = rows::list(&api.store, caller.user, currency, cursor, limit).await?;
    let used_cents = view.window_cents();
    let daily_cents = autonomy.max_daily_spend_cents;
    Ok(Json(Spend {
        currency,
        limits: Limits { per_action_cents: autonomy.max_spend_per_action_cents, daily_cents },
        used_cents,
        reserved_cents: view.reserved_cents,
        settled_cents: view.settled_cents,
        remaining_cents: daily_cents.map(|limit| limit.saturating_sub(used_cents).max(0)),
        next_free: next_free.map(|(at, cents)| Free { at, cents }),
        entries: Page::of(entries, Entry::from),
    }))
}
