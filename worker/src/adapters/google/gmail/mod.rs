//! Gmail as a source: the newest of the inbox once, then what the mailbox's history adds.
//!
//! The history id is read before the first list, so what arrives while that is read comes again with the history, and is
//! then known by its id. A history that was forgotten starts over the same way.

mod message;

use std::sync::Arc;

use domain::{signal::Object, source::Kind};
use futures::{StreamExt as _, TryStreamExt as _, future::BoxFuture, stream};
use runtime::Secret;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub(super) use self::message::header;
use super::{
    at,
    client::{Call, Client, Meaning, Trouble},
    item,
};
use crate::ports::source::{self, Asked, Incoming, LeftOut, Page, Source};

/// How many mails the first look takes at most: what is older was seen by the person long ago.
const FIRST: usize = 50;
/// Mails or changes a page has at most.
const PAGE: usize = 25;
/// Mails fetched at the same time.
const AT_ONCE: usize = 6;

/// Reads mailboxes.
#[derive(Debug)]
pub struct Gmail {
    pub(super) client: Arc<Client>,
}

/// Where reading stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "stage", rename_all = "snake_case")]
enum Cursor {
    /// Within the first look: how many more, and from where the history goes on afterwards.
    First { history: String, page: Option<String>, left: usize },
    /// In the history.
    Changes { since: String, page: Option<String> },
}

/// What is read of a list or of the history. Where it ends has to be certain; what stands in it is read one by one.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Listed {
    messages: Vec<Value>,
    history: Vec<Value>,
    history_id: Option<String>,
    next_page_token: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Named {
    id: String,
    /// Only spares a call for what is not in the inbox; the mail itself is asked before it counts.
    #[serde(deserialize_with = "item::lenient")]
    label_ids: Option<Vec<String>>,
}

impl Named {
    fn read(item: &Value) -> Result<Self, LeftOut> {
        let named: Self = item::read(item)?;
        if named.id.is_empty() { Err(item::unclear(item, "id")) } else { Ok(named) }
    }

    /// The mails that a change of the mailbox added.
    fn added(change: &Value) -> Vec<Result<Self, LeftOut>> {
        match change.get("messagesAdded") {
            None if change.is_object() => Vec::new(),
            Some(Value::Array(added)) => added.iter().map(|added| Self::read(at(added, "message"))).collect(),
            None | Some(_) => vec![Err(item::unclear(change, "messagesAdded"))],
        }
    }

    fn may_be_in_the_inbox(&self) -> bool {
        self.label_ids.as_ref().is_none_or(|labels| labels.iter().any(|label| label == "INBOX"))
    }
}

impl Source for Gmail {
    fn kind(&self) -> Kind {
        Kind::Gmail
    }

    fn poll<'a>(&'a self, asked: Asked<'a>) -> BoxFuture<'a, Result<Page, source::Trouble>> {
        Box::pin(async move { Ok(self.page(asked).await?) })
    }
}

impl Gmail {
    async fn page(&self, asked: Asked<'_>) -> Result<Page, Trouble> {
        let cursor = asked.cursor.and_then(|cursor| Cursor::deserialize(cursor).ok());
        let cursor = match cursor {
            Some(cursor) => cursor,
            None => self.begin(asked.token).await?,
        };
        match self.read(asked.token, cursor).await {
            // What the cursor stood on is forgotten: over again, which doubles nothing.
            Err(Trouble::Refused(refused)) if refused.meaning() == Meaning::Gone => {
                tracing::info!("the mailbox's history is forgotten: reading its newest again");
                let cursor = self.begin(asked.token).await?;
                self.read(asked.token, cursor).await
            }
            read => read,
        }
    }

    async fn begin(&self, token: &Secret) -> Result<Cursor, Trouble> {
        let profile = self.client.call(token, Call::get(user(&["profile"]))).await?;
        let history = at(&profile, "historyId").as_str().ok_or(Trouble::Unreadable)?.to_owned();
        Ok(Cursor::First { history, page: None, left: FIRST })
    }

    async fn read(&self, token: &Secret, cursor: Cursor) -> Result<Page, Trouble> {
        match cursor {
            Cursor::First { history, page, left } => {
                let call = Call::get(user(&["messages"]))
                    .asking("labelIds", "INBOX")
                    .asking("maxResults", left.min(PAGE).to_string());
                let listed = self.list(token, call.asking_some("pageToken", page.as_ref())).await?;
                let left = left.saturating_sub(listed.messages.len());
                let named = listed.messages.iter().rev().map(Named::read).collect();
                let (signals, left_out) = self.fetch(token, named).await?;
                let (cursor, more) = match listed.next_page_token.filter(|_| left > 0) {
                    Some(next) => (Cursor::First { history, page: Some(next), left }, true),
                    None => (Cursor::Changes { since: history, page: None }, false),
                };
                Ok(Page { signals, left_out, cursor: json!(cursor), more })
            }
            Cursor::Changes { since, page } => {
                let call = Call::get(user(&["history"]))
                    .asking("startHistoryId", &since)
                    .asking("historyTypes", "messageAdded")
                    .asking("maxResults", PAGE.to_string());
                let listed = self.list(token, call.asking_some("pageToken", page.as_ref())).await?;
                let added = listed.history.iter().flat_map(Named::added);
                let arrived = added.filter(|read| read.as_ref().map_or(true, Named::may_be_in_the_inbox));
                let (signals, left_out) = self.fetch(token, arrived.collect()).await?;
                let (cursor, more) = match listed.next_page_token {
                    Some(next) => (Cursor::Changes { since, page: Some(next) }, true),
                    None => (Cursor::Changes { since: listed.history_id.unwrap_or(since), page: None }, false),
                };
                Ok(Page { signals, left_out, cursor: json!(cursor), more })
            }
        }
    }

    async fn list(&self, token: &Secret, call: Call<'_>) -> Result<Listed, Trouble> {
        serde_json::from_value(self.client.call(token, call).await?).map_err(|_| Trouble::Unreadable)
    }

    /// The mails of a page, in order, and what of it can't be read. One that is gone meanwhile is no trouble; trouble with
    /// a call is the whole page's.
    async fn fetch(
        &self,
        token: &Secret,
        named: Vec<Result<Named, LeftOut>>,
    ) -> Result<(Vec<Incoming>, Vec<LeftOut>), Trouble> {
        let fetched = stream::iter(named).map(|named| async move {
            match named {
                Ok(named) => self.mail(token, &named.id).await,
                Err(left_out) => Ok(Err(left_out)),
            }
        });
        let fetched: Vec<Result<Option<Incoming>, LeftOut>> = fetched.buffered(AT_ONCE).try_collect().await?;
        let (mut signals, mut left_out) = (Vec::new(), Vec::new());
        for mail in fetched {
            match mail {
                Ok(signal) => signals.extend(signal),
                Err(unread) => left_out.push(unread),
            }
        }
        Ok((signals, left_out))
    }

    /// One mail, if it is one for us.
    async fn mail(&self, token: &Secret, id: &str) -> Result<Result<Option<Incoming>, LeftOut>, Trouble> {
        let get = || self.client.call(token, Call::get(user(&["messages", id])).asking("format", "full"));
        let mut shown = get().await;
        if shown == Err(Trouble::Unreadable) {
            // Whoever answered may have been no mailbox at all; what is so a second time is so.
            shown = get().await;
        }
        let told = |unread: LeftOut| LeftOut { id: item::plain(id), ..unread };
        match shown {
            Ok(message) => Ok(message::incoming(&message).map_err(told)),
            Err(Trouble::Unreadable) => {
                Ok(Err(told(item::left_out(&Value::Null, "what Google answers is no mail, or too long".to_owned()))))
            }
            Err(Trouble::Refused(refused)) if refused.meaning() == Meaning::Gone => Ok(Ok(None)),
            Err(trouble) => Err(trouble),
        }
    }
}

/// Below the mailbox of whoever the token is.
pub(super) fn user<'a>(path: &[&'a str]) -> Vec<&'a str> {
    ["gmail", "v1", "users", "me"].into_iter().chain(path.iter().copied()).collect()
}

/// An object out of JSON that is one.
fn object(value: Value) -> Object {
    match value {
        Value::Object(fields) => fields,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => Object::new(),
    }
}
