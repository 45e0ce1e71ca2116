//! What tests and demos use besides the protocol: the journal, the requests that came in, the faults on order.

use axum::{
    Json, Router,
    extract::{State, rejection::JsonRejection},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::get,
};
use serde::Deserialize;
use serde_json::json;

use crate::{fault::Rule, routes::Far};

pub(crate) fn routes() -> Router<Far> {
    Router::new()
        .route("/simulator/journal", get(journal))
        .route("/simulator/requests", get(requests))
        .route("/simulator/faults", get(faults).post(inject).delete(clear))
}

async fn journal(State(far): State<Far>) -> Response {
    Json(json!({"effects": far.engine().effects()})).into_response()
}

async fn requests(State(far): State<Far>) -> Response {
    Json(json!({"requests": far.engine().received()})).into_response()
}

async fn faults(State(far): State<Far>) -> Response {
    Json(json!({"rules": far.engine().faults.list()})).into_response()
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rules {
    rules: Vec<Rule>,
}

async fn inject(State(far): State<Far>, rules: Result<Json<Rules>, JsonRejection>) -> Response {
    match rules {
        Ok(Json(Rules { rules })) => {
            far.engine().faults.add(rules);
            StatusCode::NO_CONTENT.into_response()
        }
        Err(rejection) => (rejection.status(), rejection.body_text()).into_response(),
    }
}

async fn clear(State(far): State<Far>) -> StatusCode {
    far.engine().faults.clear();
    StatusCode::NO_CONTENT
}
