//! Google Calendar as a source: the coming weeks once, then what a sync token says has changed.
//!
//! Invitations that wait for an answer are signals from the first look on; changes of what was answered long ago are
//! signals only once they happen. A sync token that is gone starts over, and knows since when something is news.

mod event;

use std::sync::Arc;

use chrono::{DateTime, TimeDelta};
use domain::{source::Kind, time::Timestamp};
use futures::future::BoxFuture;
use runtime::Secret;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub(super) use self::event::Event;
use super::client::{Call, Client, Meaning, Trouble};
use crate::ports::source::{self, Asked, Page, Source};

/// How far ahead events are looked at.
const AHEAD: TimeDelta = TimeDelta::days(60);
/// Events a page has at most.
const PAGE: u32 = 100;
/// Other events a page has at most.
const AT_ONCE: &str = "250";
/// Pages of other events that are searched for conflicts at most.
const AROUND: u32 = 5;

/// Reads calendars.
#[derive(Debug)]
pub struct Calendar {
    pub(super) client: Arc<Client>,
}

/// Where reading stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "stage", rename_all = "snake_case")]
enum Cursor {
    /// Within a look at everything from then on; what changed since `news` is news, and without it nothing is.
    Full { from: Timestamp, news: Option<Timestamp>, page: Option<String> },
    /// In the changes since a token, got at that time.
    Changes { token: String, page: Option<String>, at: Timestamp },
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Listed {
    #[serde(default)]
    items: Vec<Value>,
    next_page_token: Option<String>,
    next_sync_token: Option<String>,
}

impl Source for Calendar {
    fn kind(&self) -> Kind {
        Kind::GoogleCalendar
    }

    fn poll<'a>(&'a self, asked: Asked<'a>) -> BoxFuture<'a, Result<Page, source::Trouble>> {
        Box::pin(async move { Ok(self.page(asked).await?) })
    }
}

impl Calendar {
    async fn page(&self, Asked { token, cursor, now }: Asked<'_>) -> Result<Page, Trouble> {
        let fresh = |news| Cursor::Full { from: now, news, page: None };
        let cursor = cursor.and_then(|cursor| Cursor::deserialize(cursor).ok()).unwrap_or_else(|| fresh(None));
        let news = match &cursor {
            Cursor::Full { news, .. } => *news,
            Cursor::Changes { at, .. } => Some(*at),
        };
        match self.read(token, cursor, now).await {
            Err(Trouble::Refused(refused)) if refused.meaning() == Meaning::Gone => {
                tracing::info!("the calendar's sync token is gone: reading all of it again");
                self.read(token, fresh(news), now).await
            }
            read => read,
        }
    }

    async fn read(&self, token: &Secret, cursor: Cursor, now: Timestamp) -> Result<Page, Trouble> {
        let call = Call::get(events(&[])).asking("singleEvents", "true").asking("maxResults", PAGE.to_string());
        let (call, news) = match &cursor {
            Cursor::Full { from, news, page } => {
                let until = from.plus(AHEAD);
                let call = call.asking("timeMin", from.to_string()).asking("timeMax", until.to_string());
                (call.asking_some("pageToken", page.as_ref()), *news)
            }
            Cursor::Changes { token, page, .. } => (
                call.asking("syncToken", token).asking_some("pageToken", page.as_ref()),
                Some(Timestamp::from(DateTime::UNIX_EPOCH)),
            ),
        };
        let listed = self.list(token, call).await?;
        let (mut read, mut left_out) = (Vec::new(), Vec::new());
        for item in &listed.items {
            match Event::read(item) {
                Ok(event) => read.push(event),
                Err(unread) => left_out.push(unread),
            }
        }
        let near: Vec<&Event> = read.iter().filter(|event| event.is_ahead(now, now.plus(AHEAD))).collect();
        let telling: Vec<&Event> = near.into_iter().filter(|event| event.tells(news)).collect();
        let others = self.around(token, &telling).await?;
        let mut signals: Vec<_> = telling.into_iter().map(|event| event.incoming(&others)).collect();
        signals.sort_by_key(|signal| signal.occurred_at);
        let (cursor, more) = match (cursor, listed.next_page_token, listed.next_sync_token) {
            (Cursor::Full { from, news, .. }, Some(next), _) => (Cursor::Full { from, news, page: Some(next) }, true),
            (Cursor::Changes { token, at, .. }, Some(next), _) => {
                (Cursor::Changes { token, at, page: Some(next) }, true)
            }
            (_, None, Some(token)) => (Cursor::Changes { token, page: None, at: now }, false),
            (_, None, None) => return Err(Trouble::Unreadable),
        };
        Ok(Page { signals, left_out, cursor: json!(cursor), more })
    }

    /// What else there is while these events last.
    async fn around(&self, token: &Secret, telling: &[&Event]) -> Result<Vec<Event>, Trouble> {
        let spans = || telling.iter().filter_map(|event| event.span());
        let (Some(from), Some(until)) = (spans().map(|span| span.0).min(), spans().map(|span| span.1).max()) else {
            return Ok(Vec::new());
        };
        let (mut found, mut page) = (Vec::new(), None);
        for _ in 0..AROUND {
            let call = Call::get(events(&[])).asking("singleEvents", "true").asking("maxResults", AT_ONCE);
            let call = call
                .asking("timeMin", from.to_string())
                .asking("timeMax", until.to_string())
                .asking_some("pageToken", page.as_ref());
            let listed = self.list(token, call).await?;
            found.extend(listed.items.iter().map(Event::beside));
            page = listed.next_page_token;
            if page.is_none() {
                break;
            }
        }
        Ok(found)
    }

    async fn list(&self, token: &Secret, call: Call<'_>) -> Result<Listed, Trouble> {
        serde_json::from_value(self.client.call(token, call).await?).map_err(|_| Trouble::Unreadable)
    }
}

/// Below the main calendar of whoever the token is.
pub(super) fn events<'a>(path: &[&'a str]) -> Vec<&'a str> {
    ["calendar", "v3", "calendars", "primary", "events"].into_iter().chain(path.iter().copied()).collect()
}
