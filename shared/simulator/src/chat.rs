//! The chat API, as far as work that came through the responses API shows there: a conversation, the events of its runs,
//! and the gates they wait at.

use std::{collections::HashMap, sync::Arc};

use axum::{
    Extension,
    body::{Body, Bytes},
    extract::{ConnectInfo, Path, Query, State, rejection::BytesRejection},
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use futures::{StreamExt as _, stream};
use serde_json::{Value, json};

use crate::{
    clock,
    cord::Cord,
    fault::On,
    frames,
    gate::{Answered, GateKind},
    limits::STREAMS,
    log::Said,
    problem::{Dialect, Problem},
    protocol,
    routes::{Caller, Far},
    run::Run,
    spoil::reply,
};

const PAGE: usize = 50;
const LARGEST_PAGE: usize = 200;
const LONGEST_ID: usize = 256;

/// `GET /threads`: all conversations, or those that wait for an approval.
pub(crate) async fn threads(
    State(far): State<Far>,
    ConnectInfo(cord): ConnectInfo<Cord>,
    Extension(Caller(caller)): Extension<Caller>,
    Query(query): Query<HashMap<String, String>>,
) -> Response {
    if let Err(problem) = far.admit(caller, On::Threads) {
        return problem.into_response();
    }
    let fault = far.engine().arrive(On::Threads, caller, None, &[], None);
    let work = || {
        let number = |name: &str| query.get(name).map(|text| text.parse::<usize>()).transpose();
        let invalid = |_| Problem::invalid("limit", "`limit` and `cursor` must be numbers.");
        let limit = number("limit").map_err(invalid)?.unwrap_or(PAGE).clamp(1, LARGEST_PAGE);
        let from = number("cursor").map_err(invalid)?.unwrap_or(0);
        let waiting = query.get("needs_approval").is_some_and(|wanted| wanted == "true");
        let engine = far.engine();
        let is_wanted = |run: &&Run| !waiting || run.open_gate().is_some_and(|gate| gate.kind == GateKind::Approval);
        let mut found: Vec<_> = engine.runs_of(caller).filter(is_wanted).map(|run| run.thread.clone()).collect();
        found.dedup();
        let page: Vec<Value> = found.iter().skip(from).take(limit).map(|thread| json!({"thread_id": thread})).collect();
        let next = (from + limit < found.len()).then(|| (from + limit).to_string());
        Ok(json!({"threads": page, "next_cursor": next}))
    };
    reply(&far, &cord, Dialect::Chat, fault, work).await
}

/// `GET /threads/{id}/events`: everything so far, then nothing more happens until the stream is let go.
pub(crate) async fn events(
    State(far): State<Far>,
    ConnectInfo(cord): ConnectInfo<Cord>,
    Extension(Caller(caller)): Extension<Caller>,
    Path(thread): Path<String>,
) -> Response {
    if let Err(problem) = far.admit(caller, On::Events) {
        return problem.into_response();
    }
    let (order, frames, slot) = {
        let mut engine = far.engine();
        let slot = engine.streams(caller);
        if engine.limits.enforced && Arc::strong_count(&slot) >= STREAMS + 2 {
            return Problem::busy(1).into_response();
        }
        let runs = engine.conversation(caller, &thread);
        (runs.last().and_then(|run| run.order.clone()), frames::of(&runs), slot)
    };
    let fault = far.engine().arrive(On::Events, caller, Some(&thread), &[], order.as_ref());
    if let Some(fault) = fault {
        return reply(&far, &cord, Dialect::Chat, Some(fault), || Ok(Value::Null)).await;
    }
    let Some(frames) = frames else { return Problem::of(404).spoken(Dialect::Chat).into_response() };
    let said = Said(frames.clone());
    // Held open without another word, as a stream is whose conversation rests; a slot is taken for as long.
    let silence = stream::once(async move {
        far.stop.cancelled().await;
        drop(slot);
        Ok(Bytes::new())
    });
    let body = stream::once(async move { Ok::<_, std::io::Error>(Bytes::from(frames)) }).chain(silence);
    let headers = [(header::CONTENT_TYPE, "text/event-stream"), (header::CACHE_CONTROL, "no-cache, no-transform")];
    let mut response = (headers, Body::from_stream(body)).into_response();
    response.extensions_mut().insert(said);
    response
}

/// `POST …/gates/{ref}/resolve`.
pub(crate) async fn resolve(
    State(far): State<Far>,
    ConnectInfo(cord): ConnectInfo<Cord>,
    Extension(Caller(caller)): Extension<Caller>,
    Path((thread, run_id, gate_ref)): Path<(String, String, String)>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let refused = |problem: Problem| problem.spoken(Dialect::Chat).into_response();
    let Ok(body) = body else { return refused(Problem::of(413)) };
    let answered =
        far.admit(caller, On::Resolve).and_then(|()| protocol::json(&headers)).and_then(|()| answer(&body, far.no));
    let answered = match answered {
        Ok(answered) => answered,
        Err(problem) => return refused(problem),
    };
    let at_gate = |run: &&Run| frames::run_id(run) == run_id && frames::gate_ref(run) == gate_ref;
    let found = far
        .engine()
        .conversation(caller, &thread)
        .into_iter()
        .find(at_gate)
        .map(|run| (run.id.clone(), run.order.clone()));
    let order = found.as_ref().and_then(|(_, order)| order.as_ref());
    let fault = far.engine().arrive(On::Resolve, caller, Some(&answered.key), &body, order);
    let work = || {
        let (id, _) = found.as_ref().ok_or(Problem::of(404))?;
        let mut engine = far.engine();
        let run = engine.answer(id, answered.clone(), clock::now())?;
        let (outcome, status) = if run.was_cancelled() { ("cancelled", "Cancelled") } else { ("resumed", "Running") };
        Ok(json!({"outcome": outcome, "run_id": run_id, "status": status, "event_cursor": "2"}))
    };
    reply(&far, &cord, Dialect::Chat, fault, work).await
}

/// Reads and checks an answer to a gate.
fn answer(body: &[u8], no: &str) -> Result<Answered, Problem> {
    let value: Value = serde_json::from_slice(body).map_err(|_| Problem::invalid("body", "The body is not JSON."))?;
    let field = |name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default();
    let key = field("client_action_id");
    let is_clean =
        !key.is_empty() && key.len() <= LONGEST_ID && key.trim() == key && !key.chars().any(char::is_control);
    if !is_clean {
        return Err(Problem::invalid("client_action_id", "`client_action_id` is required."));
    }
    let resolution = field("resolution");
    if !["approved", "credential_provided", no].contains(&resolution) {
        return Err(Problem::invalid("resolution", "There is no such resolution."));
    }
    Ok(Answered { key: key.to_owned(), resolution: resolution.to_owned() })
}
