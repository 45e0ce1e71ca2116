//! The responses API: take work once for a key, tell how it stands, stop it.

use axum::{
    Extension,
    body::Bytes,
    extract::{ConnectInfo, Path, State, rejection::BytesRejection},
    http::HeaderMap,
    response::{IntoResponse, Response},
};

use crate::{
    clock,
    cord::Cord,
    engine::{self, Asking},
    fault::On,
    problem::{Dialect, Problem},
    protocol,
    routes::{Caller, Far},
    server::Generation,
    spoil::reply,
};

type Taken = Result<Bytes, BytesRejection>;

pub(crate) async fn create(
    State(far): State<Far>,
    ConnectInfo(cord): ConnectInfo<Cord>,
    Extension(Caller(caller)): Extension<Caller>,
    headers: HeaderMap,
    body: Taken,
) -> Response {
    let Ok(body) = body else {
        return Problem::of(413).into_response();
    };
    let parsed = far.admit(caller, On::Create).and_then(|()| protocol::json(&headers));
    let parsed = parsed.and_then(|()| Ok((protocol::idempotency_key(&headers)?, protocol::create(&body)?)));
    let (key, request) = match parsed {
        Ok(parsed) => parsed,
        Err(problem) => return problem.into_response(),
    };
    // Servers before 1.0 never read the key: the same again is done again.
    let key = key.filter(|_| far.generation == Generation::Reborn);
    let order = request.x_context.as_ref().and_then(engine::order);
    let fault = far.engine().arrive(On::Create, caller, key.as_deref(), &body, order.as_ref());
    let work = || {
        let asking = Asking { caller, key: key.as_deref(), body: &body, now: clock::now() };
        far.engine().create(asking, &request)
    };
    reply(&far, &cord, Dialect::Responses, fault, work).await
}

pub(crate) async fn retrieve(
    State(far): State<Far>,
    ConnectInfo(cord): ConnectInfo<Cord>,
    Extension(Caller(caller)): Extension<Caller>,
    Path(id): Path<String>,
) -> Response {
    if let Err(problem) = far.admit(caller, On::Retrieve) {
        return problem.into_response();
    }
    let order = far.engine().run(caller, &id).and_then(|run| run.order.clone());
    let fault = far.engine().arrive(On::Retrieve, caller, Some(&id), &[], order.as_ref());
    reply(&far, &cord, Dialect::Responses, fault, || far.engine().retrieve(caller, &id, clock::now())).await
}

pub(crate) async fn cancel(
    State(far): State<Far>,
    ConnectInfo(cord): ConnectInfo<Cord>,
    Extension(Caller(caller)): Extension<Caller>,
    Path(id): Path<String>,
    body: Taken,
) -> Response {
    let Ok(body) = body else {
        return Problem::of(413).into_response();
    };
    if let Err(problem) = far.admit(caller, On::Cancel) {
        return problem.into_response();
    }
    let order = far.engine().run(caller, &id).and_then(|run| run.order.clone());
    let fault = far.engine().arrive(On::Cancel, caller, Some(&id), &body, order.as_ref());
    reply(&far, &cord, Dialect::Responses, fault, || far.engine().cancel(caller, &id)).await
}
