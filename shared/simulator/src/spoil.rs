//! How a fault spoils an answer: the work is done or not, and what leaves the server is something else.

use std::{convert::Infallible, io, time::Duration};

use axum::{
    Json,
    body::{Body, Bytes},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use futures::{StreamExt as _, stream};
use serde_json::Value;

use crate::{
    cord::Cord,
    fault::Reply,
    problem::{Dialect, Problem},
    routes::Far,
};

/// Does the work and answers, as far as the fault lets it.
pub(crate) async fn reply(
    far: &Far,
    cord: &Cord,
    dialect: Dialect,
    fault: Option<Reply>,
    work: impl Fn() -> Result<Value, Problem>,
) -> Response {
    let work = || work().map_err(|problem| problem.spoken(dialect));
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
            let done = if works { work() } else { Err(Problem::of(503).spoken(dialect)) };
            far.stop.cancelled().await;
            cord.close();
            told(done)
        }
        Reply::Status { code, retry_after, work: works } => {
            if works && let Err(problem) = work() {
                return problem.into_response();
            }
            let mut response = Problem::of(code).spoken(dialect).into_response();
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
