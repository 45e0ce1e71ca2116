//! Overrides of the daily limit, read-only: the person sees their own, an operator everybody's (`domain.md` §6 rule 6).

use axum::{Json, extract::State};
use domain::{
    action::Verb,
    id::UserId,
    ledger::{Excess, Override as Said},
    money::Currency,
    time::Timestamp,
};
use serde::Serialize;
use store::overrides::{self, Audited};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    State as Api,
    caller::{Operator, Person, Read},
    cursor::{Page, Paging},
    problem::Problem,
    query::Query,
    wire::words,
};

/// A yes above the daily limit, with the numbers as they were. Never changed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Override {
    id: Uuid,
    /// Who said it.
    user: Uuid,
    /// The id of the token it was said with.
    token: String,
    /// Of which decision.
    decision: Uuid,
    /// To which approval.
    approval: Uuid,
    /// What runs by it.
    execution: Uuid,
    /// What that does.
    #[schema(value_type = words::Verb)]
    verb: Verb,
    /// Why, in the person's words.
    reason: String,
    /// Of all amounts here.
    #[schema(value_type = words::Currency)]
    currency: Currency,
    /// What it costs, or may cost at most.
    cost_cents: i64,
    /// The daily limit.
    limit_cents: i64,
    /// What was reserved then.
    reserved_cents: i64,
    /// What was settled within the 24 h before.
    settled_cents: i64,
    #[schema(value_type = words::Instant)]
    at: Timestamp,
}

impl From<Audited> for Override {
    fn from(Audited { said, token }: Audited) -> Self {
        let Said { id, user, decision, approval, execution, verb, reason, excess, at } = said;
        let Excess { cost, limit_cents, spend } = excess;
        Self {
            id: id.uuid(),
            user: user.uuid(),
            token,
            decision: decision.uuid(),
            approval: approval.uuid(),
            execution: execution.uuid(),
            verb,
            reason,
            currency: cost.currency,
            cost_cents: cost.cents,
            limit_cents,
            reserved_cents: spend.reserved_cents,
            settled_cents: spend.settled_cents,
            at,
        }
    }
}

/// Your overrides of the daily limit, newest first.
#[utoipa::path(get, path = "/spend/overrides", tag = "spend", params(Paging), security(("token" = ["read"])), responses(
    (status = 200, description = "A page.", body = Page<Override>),
))]
pub(crate) async fn own(
    State(api): State<Api>,
    caller: Person<Read>,
    Query(paging): Query<Paging>,
) -> Result<Json<Page<Override>>, Problem> {
    page(&api, Some(caller.user), &paging).await
}

/// Everybody's overrides of their daily limits, newest first.
#[utoipa::path(get, path = "/system/overrides", tag = "operation", params(Paging), security(("token" = ["operator"])), responses(
    (status = 200, description = "A page.", body = Page<Override>),
))]
pub(crate) async fn all(
    State(api): State<Api>,
    _: Operator,
    Query(paging): Query<Paging>,
) -> Result<Json<Page<Override>>, Problem> {
    page(&api, None, &paging).await
}

async fn page(api: &Api, user: Option<UserId>, paging: &Paging) -> Result<Json<Page<Override>>, Problem> {
    let (cursor, limit) = paging.read()?;
    Ok(Json(Page::of(overrides::list(&api.store, user, cursor, limit).await?, Override::from)))
}
