//! The Calendar routes: what a request asks of a calendar.

use axum::{
    Extension, Json, Router,
    extract::{
        Path, Query, State,
        rejection::{JsonRejection, QueryRejection},
    },
    http::{HeaderMap, header},
    routing::get,
};
use serde_json::{Map, Value};

use super::{
    Google, Me,
    diary::{Asked, Diary},
    error::{Granted, Refusal},
    respond::Answered,
};
use crate::clock;

pub(super) fn routes() -> Router<Google> {
    let events = Router::new()
        .route("/events", get(list).post(insert))
        .route("/events/{id}", get(event).patch(patch).delete(delete));
    Router::new().nest("/calendar/v3/calendars/{calendar}", events)
}

type Named = Path<(String, String)>;
type Body = Result<Json<Map<String, Value>>, JsonRejection>;

fn body(given: Body) -> Result<Map<String, Value>, Refusal> {
    given.map(|Json(body)| body).map_err(|_| Refusal::new(400, "parseError", "Parse Error"))
}

impl Google {
    fn events(&self, me: &Me, ask: impl FnOnce(&mut Diary) -> Granted) -> Answered {
        self.with(me, |person| ask(&mut person.diary))
    }
}

async fn list(
    State(google): State<Google>,
    Extension(me): Extension<Me>,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Answered {
    google.events(&me, |diary| {
        let Query(asked) = asked.map_err(|_| Refusal::new(400, "badRequest", "Bad Request"))?;
        diary.list(&asked)
    })
}

async fn event(State(google): State<Google>, Extension(me): Extension<Me>, Path((_, id)): Named) -> Answered {
    google.events(&me, |diary| diary.get(&id))
}

async fn insert(State(google): State<Google>, Extension(me): Extension<Me>, given: Body) -> Answered {
    google.events(&me, |diary| diary.insert(&body(given)?.into(), clock::now()))
}

async fn patch(
    State(google): State<Google>,
    Extension(me): Extension<Me>,
    Path((_, id)): Named,
    headers: HeaderMap,
    given: Body,
) -> Answered {
    let if_match = headers.get(header::IF_MATCH).and_then(|etag| etag.to_str().ok());
    google.events(&me, |diary| diary.patch(&id, &body(given)?, if_match, clock::now()))
}

async fn delete(State(google): State<Google>, Extension(me): Extension<Me>, Path((_, id)): Named) -> Answered {
    google.events(&me, |diary| diary.delete(&id, clock::now()))
}
