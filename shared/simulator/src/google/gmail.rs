//! The Gmail routes: what a request asks of a mailbox.

use axum::extract::RawQuery;
use axum::{
    Extension, Json, Router,
    extract::{Path, State},
    routing::{delete, get, post},
};
use serde::Deserialize;

use super::{
    Google, Me,
    error::{Granted, Refusal},
    mailbox::{Mailbox, Paging},
    query::Query,
    respond::Answered,
};
use crate::clock;

pub(super) fn routes() -> Router<Google> {
    let user = Router::new()
        .route("/profile", get(profile))
        .route("/messages", get(list))
        .route("/messages/send", post(send))
        .route("/messages/{id}", get(message))
        .route("/messages/{id}/modify", post(modify))
        .route("/messages/{id}/trash", post(trash))
        .route("/messages/{id}/untrash", post(untrash))
        .route("/threads/{id}", get(thread))
        .route("/history", get(history))
        .route("/labels", get(labels).post(create_label))
        .route("/drafts", get(drafts).post(create_draft))
        .route("/drafts/{id}", delete(delete_draft));
    Router::new().nest("/gmail/v1/users/{user}", user)
}

type Named = Path<(String, String)>;
type Body<T> = Result<Json<T>, axum::extract::rejection::JsonRejection>;

fn body<T>(body: Body<T>) -> Result<T, Refusal> {
    body.map(|Json(body)| body).map_err(|_| Refusal::invalid("Invalid JSON payload received."))
}

impl Google {
    fn mail(&self, me: &Me, ask: impl FnOnce(&mut Mailbox) -> Granted) -> Answered {
        self.with(me, |person| ask(&mut person.mailbox))
    }
}

async fn profile(State(google): State<Google>, Extension(me): Extension<Me>) -> Answered {
    google.mail(&me, |mailbox| Ok(mailbox.profile()))
}

async fn list(State(google): State<Google>, Extension(me): Extension<Me>, RawQuery(query): RawQuery) -> Answered {
    let query = Query::of(query.as_deref());
    let hidden = query.first("includeSpamTrash") == Some("true");
    google.mail(&me, |mailbox| {
        mailbox.list(&query.every("labelIds"), query.first("q").unwrap_or_default(), hidden, &paging(&query)?)
    })
}

fn paging(query: &Query) -> Result<Paging, Refusal> {
    let max_results = query.first("maxResults").map(str::parse).transpose();
    let max_results = max_results.map_err(|_| Refusal::invalid("Invalid value for maxResults"))?;
    Ok(Paging { max_results, page_token: query.first("pageToken").map(str::to_owned) })
}

async fn message(
    State(google): State<Google>,
    Extension(me): Extension<Me>,
    Path((_, id)): Named,
    RawQuery(query): RawQuery,
) -> Answered {
    let query = Query::of(query.as_deref());
    google.mail(&me, |mailbox| Ok(mailbox.find(&id)?.shown(query.first("format").unwrap_or("full"))))
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Modification {
    add_label_ids: Vec<String>,
    remove_label_ids: Vec<String>,
}

async fn modify(
    State(google): State<Google>,
    Extension(me): Extension<Me>,
    Path((_, id)): Named,
    given: Body<Modification>,
) -> Answered {
    google.mail(&me, |mailbox| {
        let Modification { add_label_ids, remove_label_ids } = body(given)?;
        mailbox.modify(&id, &add_label_ids, &remove_label_ids)
    })
}

async fn trash(State(google): State<Google>, Extension(me): Extension<Me>, Path((_, id)): Named) -> Answered {
    google.mail(&me, |mailbox| mailbox.modify(&id, &["TRASH".to_owned()], &["INBOX".to_owned()]))
}

async fn untrash(State(google): State<Google>, Extension(me): Extension<Me>, Path((_, id)): Named) -> Answered {
    google.mail(&me, |mailbox| mailbox.modify(&id, &[], &["TRASH".to_owned()]))
}

async fn thread(State(google): State<Google>, Extension(me): Extension<Me>, Path((_, id)): Named) -> Answered {
    google.mail(&me, |mailbox| mailbox.thread(&id))
}

async fn history(State(google): State<Google>, Extension(me): Extension<Me>, RawQuery(query): RawQuery) -> Answered {
    let query = Query::of(query.as_deref());
    google.mail(&me, |mailbox| {
        let start = query.first("startHistoryId").ok_or_else(|| Refusal::invalid("Missing startHistoryId"))?;
        mailbox.history(start, &query.every("historyTypes"), &paging(&query)?)
    })
}

async fn labels(State(google): State<Google>, Extension(me): Extension<Me>) -> Answered {
    google.mail(&me, |mailbox| Ok(mailbox.labels()))
}

#[derive(Debug, Deserialize)]
struct Label {
    name: String,
}

async fn create_label(State(google): State<Google>, Extension(me): Extension<Me>, given: Body<Label>) -> Answered {
    google.mail(&me, |mailbox| mailbox.create_label(&body(given)?.name))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Outgoing {
    raw: String,
    thread_id: Option<String>,
}

async fn send(State(google): State<Google>, Extension(me): Extension<Me>, given: Body<Outgoing>) -> Answered {
    google.mail(&me, |mailbox| {
        let Outgoing { raw, thread_id } = body(given)?;
        mailbox.send(&raw, thread_id.as_deref(), clock::now().timestamp_millis())
    })
}

#[derive(Debug, Deserialize)]
struct Draft {
    message: Outgoing,
}

async fn create_draft(State(google): State<Google>, Extension(me): Extension<Me>, given: Body<Draft>) -> Answered {
    google.mail(&me, |mailbox| {
        let Outgoing { raw, thread_id } = body(given)?.message;
        mailbox.create_draft(&raw, thread_id.as_deref(), clock::now().timestamp_millis())
    })
}

async fn drafts(State(google): State<Google>, Extension(me): Extension<Me>, RawQuery(query): RawQuery) -> Answered {
    let query = Query::of(query.as_deref());
    google.mail(&me, |mailbox| Ok(mailbox.drafts(query.first("q").unwrap_or_default())))
}

async fn delete_draft(State(google): State<Google>, Extension(me): Extension<Me>, Path((_, id)): Named) -> Answered {
    google.mail(&me, |mailbox| mailbox.delete_draft(&id))
}
