//! What there is to ask for, by generation; who may ask, and how often.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, Request, State},
    http::header,
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde_json::{Value, json};
use subtle::ConstantTimeEq as _;
use tokio_util::sync::CancellationToken;

use crate::{
    chat, clock, control, engine::Engine, fault::On, log, log::Log, problem::Problem, protocol, responses,
    server::Generation, webhook,
};

/// What every handler shares.
#[derive(Clone)]
pub(crate) struct Far {
    pub(crate) engine: Arc<Mutex<Engine>>,
    /// Whoever bears one of them is let in, each as somebody else.
    pub(crate) tokens: Arc<[String]>,
    pub(crate) generation: Generation,
    /// The word for no: it changed after 1.0.0.
    pub(crate) no: &'static str,
    pub(crate) log: Arc<Log>,
    /// Cancelled when the server stops.
    pub(crate) stop: CancellationToken,
}

/// Whose token a request bore: which of those that are known.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Caller(pub(crate) usize);

impl Far {
    pub(crate) fn engine(&self) -> MutexGuard<'_, Engine> {
        self.engine.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a request against the documented limits.
    pub(crate) fn admit(&self, caller: usize, on: On) -> Result<(), Problem> {
        self.engine().limits.take(caller, on, clock::now()).map_err(Problem::busy)
    }

    /// Which of the tokens this is.
    fn known(&self, token: &str) -> Option<usize> {
        self.tokens.iter().position(|known| bool::from(token.as_bytes().ct_eq(known.as_bytes())))
    }
}

pub(crate) fn routes(far: &Far) -> Router {
    let responses = Router::new()
        .route("/responses", post(responses::create).layer(DefaultBodyLimit::max(protocol::CREATE_BODY)))
        .route("/responses/{id}", get(responses::retrieve));
    let current = Router::new()
        .route("/responses/{id}/cancel", post(responses::cancel).layer(DefaultBodyLimit::max(protocol::ACTION_BODY)));
    let chat =
        Router::new().route("/threads", get(chat::threads)).route("/threads/{thread}/events", get(chat::events)).route(
            "/threads/{thread}/runs/{run}/gates/{gate}/resolve",
            post(chat::resolve).layer(DefaultBodyLimit::max(protocol::ACTION_BODY)),
        );
    let (guarded, open) = match far.generation {
        Generation::Reborn => {
            let responses = responses.merge(current);
            let guarded =
                Router::new().nest("/api/v1", responses.clone()).nest("/v1", responses).nest("/api/webchat/v2", chat);
            (guarded, Router::new().route("/api/health", get(async || healthy("reborn"))))
        }
        Generation::LegacyGateway => {
            let guarded = Router::new().nest("/api/v1", responses.clone()).nest("/v1", responses);
            (guarded, Router::new().route("/api/health", get(async || healthy("gateway"))))
        }
        Generation::LegacyWebhook => {
            let open = Router::new()
                .route("/health", get(async || healthy("http")))
                .route("/webhook", post(webhook::deliver).layer(DefaultBodyLimit::max(webhook::BODY)));
            (Router::new(), open)
        }
    };
    let guarded = guarded.merge(control::routes()).layer(middleware::from_fn_with_state(far.clone(), bearer));
    guarded
        .merge(open)
        .fallback(async || Problem::of(404))
        .layer(middleware::from_fn_with_state(far.clone(), log::note))
        .with_state(far.clone())
}

fn healthy(channel: &str) -> Json<Value> {
    Json(json!({"status": "healthy", "channel": channel}))
}

async fn bearer(State(far): State<Far>, mut request: Request, next: Next) -> Response {
    let given = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()?.split_once(' '));
    let caller =
        given.and_then(|(scheme, token)| far.known(token.trim()).filter(|_| scheme.eq_ignore_ascii_case("bearer")));
    let Some(caller) = caller else { return Problem::of(401).into_response() };
    request.extensions_mut().insert(Caller(caller));
    next.run(request).await
}
