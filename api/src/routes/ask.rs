//! "What would you do if …": the evaluator that decides signals, over the person's facts as they are now.
//!
//! Read-only: the transaction is never committed, so nothing is stored, asked, spent or used up by asking.

use axum::{Json, extract::State};
use domain::decide::decide;
use store::facts;

use crate::{
    State as Api,
    body::Body,
    caller::{Person, Read},
    problem::Problem,
    wire::{decision::Decision, signal::NewSignal},
};

/// Ask what the twin would do.
///
/// Give a signal; the answer is the decision it would lead to now, explained. Nothing is stored: the ids in it name
/// nothing, and nothing happens.
#[utoipa::path(post, path = "/twin/ask", tag = "preferences", request_body = NewSignal, security(("token" = ["read"])), responses(
    (status = 200, description = "What would be decided.", body = Decision),
))]
pub(crate) async fn post(
    State(api): State<Api>,
    caller: Person<Read>,
    Body(new): Body<NewSignal>,
) -> Result<Json<Decision>, Problem> {
    let now = api.clock.now();
    new.check()?;
    let signal = new.signal(api.entropy.id(now), caller.user, now);
    let mut tx = api.store.begin().await?;
    let lock = tx.lock(caller.user).await?;
    let facts = facts::load(&mut tx, &lock, now).await?;
    let decision = decide(&signal, &facts).decision;
    Ok(Json(Decision::at(decision, Vec::new(), Vec::new(), Vec::new(), now)))
}
