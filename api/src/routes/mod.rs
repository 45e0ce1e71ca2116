//! The route table: an endpoint is its file and one line here. The same line puts it into the OpenAPI document.

mod accounts;
mod alerts;
mod approvals;
mod ask;
mod audit;
mod catalogue;
mod channel_secrets;
mod channels;
mod connect;
mod decisions;
mod deliveries;
mod engine;
mod engine_identities;
mod events;
mod executions;
mod feedback;
mod health;
mod hooks;
mod jobs;
mod leaving;
mod login_links;
mod metrics;
mod notifications;
mod overrides;
mod policies;
mod preferences;
mod queues;
mod resolutions;
mod rules;
mod session;
mod settings;
mod signal_batch;
mod signals;
mod simulate;
mod sources;
mod spend;
mod stop;
mod stream;
mod tokens;
mod triggers;
mod trust;
mod twin;
mod twin_versions;
mod undo;
mod users;

use std::sync::Arc;

use axum::{
    Router,
    middleware::{from_fn, from_fn_with_state},
};
use tokio::sync::Semaphore;
use tower_http::catch_panic::CatchPanicLayer;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    State, allowance, caller, dashboard, docs, guard, idempotency,
    problem::{Code, Problem},
    trace,
};

pub(crate) const ROOT: &str = "/api/v1";

/// Open to everybody.
fn open() -> OpenApiRouter<State> {
    OpenApiRouter::new()
        .routes(routes!(health::live))
        .routes(routes!(health::ready))
        .routes(routes!(session::sign_in))
        .routes(routes!(connect::end))
        .routes(routes!(hooks::receive))
}

/// Open to whoever has a token; what for, each route says.
fn kept() -> OpenApiRouter<State> {
    OpenApiRouter::new()
        .routes(routes!(signals::post, signals::list))
        .routes(routes!(signal_batch::post))
        .routes(routes!(signals::get))
        .routes(routes!(decisions::list))
        .routes(routes!(decisions::get))
        .routes(routes!(undo::get, undo::post))
        .routes(routes!(feedback::post))
        .routes(routes!(approvals::list))
        .routes(routes!(approvals::get))
        .routes(routes!(approvals::answer))
        .routes(routes!(approvals::answer_many))
        .routes(routes!(executions::list))
        .routes(routes!(executions::get))
        .routes(routes!(resolutions::resolve))
        .routes(routes!(resolutions::cancel))
        .routes(routes!(settings::get, settings::put))
        .routes(routes!(stop::stop))
        .routes(routes!(stop::resume))
        .routes(routes!(policies::list, policies::create))
        .routes(routes!(policies::get, policies::put, policies::delete))
        .routes(routes!(simulate::post))
        .routes(routes!(catalogue::get))
        .routes(routes!(triggers::list, triggers::create))
        .routes(routes!(triggers::get, triggers::put, triggers::delete))
        .routes(routes!(sources::list))
        .routes(routes!(hooks::create, hooks::list))
        .routes(routes!(hooks::renew))
        .routes(routes!(hooks::remove))
        .routes(routes!(spend::get))
        .routes(routes!(overrides::own))
        .routes(routes!(trust::get))
        .routes(routes!(trust::put))
        .routes(routes!(preferences::list))
        .routes(routes!(preferences::put, preferences::delete))
        .routes(routes!(preferences::history))
        .routes(routes!(twin::get))
        .routes(routes!(twin::delete))
        .routes(routes!(ask::post))
        .routes(routes!(twin_versions::list))
        .routes(routes!(twin_versions::get))
        .routes(routes!(twin_versions::diff))
        .routes(routes!(twin_versions::revert))
        .routes(routes!(notifications::list))
        .routes(routes!(notifications::unread))
        .routes(routes!(notifications::read))
        .routes(routes!(notifications::read_all))
        .routes(routes!(channels::list, channels::create))
        .routes(routes!(channels::get, channels::put, channels::delete))
        .routes(routes!(channels::test))
        .routes(routes!(channel_secrets::renew))
        .routes(routes!(deliveries::list))
        .routes(routes!(deliveries::retry))
        .routes(routes!(events::list))
        .routes(routes!(stream::follow))
        .routes(routes!(stream::ticket))
        .routes(routes!(session::get))
        .routes(routes!(session::sign_out))
        .routes(routes!(session::list))
        .routes(routes!(session::end))
        .routes(routes!(login_links::create))
        .routes(routes!(users::create, users::list))
        .routes(routes!(users::get, leaving::delete))
        .routes(routes!(leaving::take_out))
        .routes(routes!(engine_identities::get, engine_identities::put, engine_identities::delete))
        .routes(routes!(tokens::create, tokens::list))
        .routes(routes!(tokens::revoke))
        .routes(routes!(accounts::list))
        .routes(routes!(connect::begin))
        .routes(routes!(accounts::get, accounts::disconnect))
        .routes(routes!(alerts::list))
        .routes(routes!(jobs::list))
        .routes(routes!(metrics::get))
        .routes(routes!(engine::list))
        .routes(routes!(jobs::retry))
        .routes(routes!(jobs::retry_many))
        .routes(routes!(jobs::cancel))
        .routes(routes!(jobs::retain))
        .routes(routes!(queues::list))
        .routes(routes!(queues::pause))
        .routes(routes!(queues::resume))
        .routes(routes!(queues::workers))
        .routes(routes!(audit::list))
        .routes(routes!(overrides::all))
        .routes(routes!(stop::system))
        .routes(routes!(stop::stop_system))
        .routes(routes!(stop::resume_system))
}

/// Every route, for the document.
pub(crate) fn table() -> OpenApiRouter<State> {
    OpenApiRouter::new().nest(ROOT, open().merge(kept()))
}

/// The whole API.
pub fn router(state: State) -> Router {
    let (kept, _) = kept().split_for_parts();
    let kept = kept
        .method_not_allowed_fallback(no_such_method)
        // Innermost, so that a key is let go of when its handler panics or takes too long.
        .layer(CatchPanicLayer::custom(guard::panicked))
        .layer(from_fn(guard::patience))
        .layer(from_fn_with_state(state.clone(), idempotency::once))
        .layer(from_fn_with_state(state.clone(), crate::audit::privileged))
        .layer(from_fn_with_state(state.clone(), caller::authenticate))
        .layer(from_fn_with_state(Arc::new(Semaphore::new(guard::ROOM)), guard::room));
    let (open, _) = open().split_for_parts();
    let open = open
        .method_not_allowed_fallback(no_such_method)
        .layer(from_fn(guard::patience))
        .layer(from_fn_with_state(state.clone(), allowance::guesses));
    Router::new()
        .nest(ROOT, open.merge(kept))
        .merge(docs::routes(table().into_openapi()))
        .fallback(dashboard::serve)
        .layer(CatchPanicLayer::custom(guard::panicked))
        .layer(from_fn_with_state(state.clone(), guard::careful))
        .layer(from_fn_with_state(state.clone(), trace::follow))
        .with_state(state)
}

async fn no_such_method() -> Problem {
    Problem::new(Code::MethodNotAllowed, format!("See {} for the methods of this path.", docs::PAGE))
}
