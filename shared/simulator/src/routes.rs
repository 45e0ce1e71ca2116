//! The routes, the bearer's check, and how a fault spoils an answer.

use std::{
    convert::Infallible,
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::{
    Json, Router,
    body::{Body, Bytes},
    extract::{ConnectInfo, DefaultBodyLimit, Path, Request, State, rejection::BytesRejection},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use futures::{StreamExt as _, stream};
use serde_json::{Value, json};
use subtle::ConstantTimeEq as _;
use tokio_util::sync::CancellationToken;

use crate::{
    clock, control,
    cord::Cord,
    engine::{self, Engine},
    fault::{On, Reply},
    protocol::{self, Problem},
};

/// What every handler shares.
#[derive(Clone)]
pub(crate) struct Far {
    pub(crate) engine: Arc<Mutex<Engine>>,
    pub(crate) token: Arc<str>,
    /// Cancelled when the server stops.
    pub(crate) stop: CancellationToken,
}

impl Far {
    pub(crate) fn engine(&self) -> MutexGuard<'_, Engine> {
        self.engine.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(crate) fn routes(far: &Far) -> Router {
    let responses = Router::new()
        .route("/responses", post(create).layer(DefaultBodyLimit::max(protocol::CREATE_BODY)))
        .route("/responses/{id}", get(retrieve))
        .route("/responses/{id}/cancel", post(cancel).layer(DefaultBodyLimit::max(protocol::CANCEL_BODY)));
    let guarded = Router::new()
        .nest("/api/v1", responses.clone())
        .nest("/v1", responses)
        .merge(control::routes())
        .layer(middleware::from_fn_with_state(far.clone(), bearer));
    guarded.route("/api/health", get(health)).fallback(async || Problem::of(404)).with_state(far.clone())
}

async fn health() -> Json<Value> {
    Json(json!({"status": "healthy", "channel": "reborn"}))
}

async fn bearer(State(far): State<Far>, request: Request, next: Next) -> Response {
    let given = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()?.split_once(' '));
    let known = given.is_some_and(|(scheme, token)| {
        scheme.eq_ignore_ascii_case("bearer") && bool::from(token.trim().as_bytes().ct_eq(far.token.as_bytes()))
    });
    if known { next.run(request).await } else { Problem::of(401).into_response() }
}

type Taken = Result<Bytes, BytesRejection>;

async fn create(
    State(far): State<Far>,
    ConnectInfo(cord): ConnectInfo<Cord>,
    headers: HeaderMap,
    body: Taken,
) -> Response {
    let Ok(body) = body else {
        return Problem::of(413).into_response();
    };
    let parsed = protocol::idempotency_key(&headers).and_then(|key| Ok((key, protocol::create(&body)?)));
    let (key, request) = match parsed {
        Ok(parsed) => parsed,
        Err(problem) => return problem.into_response(),
    };
    let order = request.x_context.as_ref().and_then(engine::order);
    let fault = far.engine().arrive(On::Create, key.as_deref(), &body, order.as_ref());
    let work = || far.engine().create(key.as_deref(), &body, &request, clock::now());
    reply(&far, &cord, fault, work).await
}

async fn retrieve(State(far): State<Far>, ConnectInfo(cord): ConnectInfo<Cord>, Path(id): Path<String>) -> Response {
    let order = far.engine().order(&id);
    let fault = far.engine().arrive(On::Retrieve, Some(&id), &[], order.as_ref());
    reply(&far, &cord, fault, || far.engine().retrieve(&id, clock::now())).await
}

async fn cancel(
    State(far): State<Far>,
    ConnectInfo(cord): ConnectInfo<Cord>,
    Path(id): Path<String>,
    body: Taken,
) -> Response {
    let Ok(body) = body else {
        return Problem::of(413).into_response();
    };
    let order = far.engine().order(&id);
    let fault = far.engine().arrive(On::Cancel, Some(&id), &body, order.as_ref());
    reply(&far, &cord, fault, || far.engine().cancel(&id)).await
}

/// Does the work and answers, as far as the fault lets it.
async fn reply(far: &Far, cord: &Cord, fault: Option<Reply>, work: impl Fn() -> Result<Value, Problem>) -> Response {
    let Some(fault) = fault else {
        return told(work());
    };
    match fault {
        Reply::Slow { ms } => {
            let done = work();
            tokio::select! {
                () = tokio::time::sleep(Duration::from_millis(ms)) => told(done),
                () = far.stop.cancelled() => told(done),
            }
        }
        Reply::Reset => {
            cord.reset();
            StatusCode::NO_CONTENT.into_response()
        }
        Reply::Drop => {
            let done = work();
            cord.close();
            told(done)
        }
        Reply::Hang { work: works } => {
            let done = if works { work() } else { Err(Problem::of(503)) };
            far.stop.cancelled().await;
            cord.close();
            told(done)
        }
        Reply::Status { code, retry_after, work: works } => {
            if works && let Err(problem) = work() {
                return problem.into_response();
            }
            let mut response = Problem::of(code).into_response();
            if let Some(value) = retry_after.and_then(|text| HeaderValue::from_str(&text).ok()) {
                response.headers_mut().insert(header::RETRY_AFTER, value);
            }
            response
        }
        Reply::Duplicate => match work() {
            Ok(_) => told(work()),
            problem => told(problem),
        },
        Reply::Unparsable => after(work(), |_| raw("{\"id\": \"resp_".into())),
        Reply::Empty => after(work(), |_| raw(String::new())),
        Reply::Body { text } => after(work(), |_| raw(text)),
        Reply::Truncated => after(work(), |value| truncated(&value)),
    }
}

fn told(done: Result<Value, Problem>) -> Response {
    after(done, |value| Json(value).into_response())
}

fn after(done: Result<Value, Problem>, answer: impl FnOnce(Value) -> Response) -> Response {
    done.map_or_else(IntoResponse::into_response, answer)
}

fn raw(text: String) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], text).into_response()
}

/// Announces the whole body, sends half of it and closes.
fn truncated(value: &Value) -> Response {
    let text = value.to_string();
    let (half, _) = text.as_bytes().split_at(text.len() / 2);
    let half = Bytes::copy_from_slice(half);
    let cut = stream::once(async {
        // One turn for the first half to leave before the connection ends.
        tokio::task::yield_now().await;
        Err(io::Error::from(io::ErrorKind::ConnectionAborted))
    });
    let body = Body::from_stream(
        stream::iter([Ok::<_, Infallible>(half)]).map(|half| half.map_err(|never| match never {})).chain(cut),
    );
    let headers =
        [(header::CONTENT_TYPE, "application/json".to_owned()), (header::CONTENT_LENGTH, text.len().to_string())];
    (headers, body).into_response()
}
