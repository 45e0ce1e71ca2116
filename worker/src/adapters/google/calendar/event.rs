//! What a decision needs of an event: what, when, who asks, whether an answer is waited for, what it clashes with. Pure.
//!
//! A series is one signal, however many instances a list has of it; an instance that was moved is one of its own. Our
//! own answer changes nothing in the id, so answering is no news.

use chrono::{DateTime, NaiveDate, NaiveTime};
use domain::{digest::Digest, signal::Object, time::Timestamp};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::super::item;
use crate::ports::source::{Incoming, LeftOut};

/// Characters of a text that are kept.
const TEXT: usize = 2000;
/// Clashes that are named.
const NAMED: usize = 5;
/// Hosts of private addresses: a guest from elsewhere is nobody from outside there.
const PRIVATE: [&str; 2] = ["gmail.com", "googlemail.com"];

/// An event, as far as it matters here. What only describes it may be of a wrong type: then it is as if it were not there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(in super::super) struct Event {
    pub(in super::super) id: String,
    pub(in super::super) etag: Option<String>,
    status: String,
    #[serde(deserialize_with = "item::lenient")]
    summary: String,
    #[serde(deserialize_with = "item::lenient")]
    description: String,
    #[serde(deserialize_with = "item::lenient")]
    location: String,
    start: Moment,
    end: Moment,
    organizer: Person,
    pub(in super::super) attendees: Vec<Map<String, Value>>,
    pub(in super::super) attendees_omitted: bool,
    sequence: u64,
    /// Without it a change counts as new.
    #[serde(deserialize_with = "item::lenient")]
    updated: Option<Timestamp>,
    recurring_event_id: Option<String>,
    original_start_time: Option<Moment>,
    /// Without it the event takes time.
    #[serde(deserialize_with = "item::lenient")]
    transparency: String,
    /// Nobody can tell when it is: it counts as being at any time.
    #[serde(skip)]
    at_any_time: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Moment {
    date_time: Option<String>,
    date: Option<NaiveDate>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Person {
    email: String,
    #[serde(rename = "self")]
    is_self: bool,
}

impl Moment {
    fn instant(&self) -> Option<Timestamp> {
        let day = || self.date.map(|date| date.and_time(NaiveTime::MIN).and_utc());
        let exact = self.date_time.as_deref().and_then(|text| DateTime::parse_from_rfc3339(text).ok());
        exact.map(|at| at.to_utc()).or_else(day).map(Timestamp::new)
    }

    /// It says when, and not so that anybody could read it.
    fn is_unclear(&self) -> bool {
        self.date_time.is_some() && self.instant().is_none()
    }
}

/// A guest of whom it can't be told who it is, or what they answered.
fn is_unclear(guest: &Map<String, Value>) -> bool {
    let unless = |name: &str, is: fn(&Value) -> bool| guest.get(name).is_some_and(|value| !is(value));
    unless("email", Value::is_string) || unless("self", Value::is_boolean) || unless("responseStatus", Value::is_string)
}

impl Event {
    /// An item of a list. Which event it is, when, and who is asked must be certain; of what is cancelled, when is not always told.
    pub(super) fn read(item: &Value) -> Result<Self, LeftOut> {
        let event: Self = item::read(item)?;
        let lacks = |moment: &Moment| moment.is_unclear() || (!event.is_cancelled() && moment.instant().is_none());
        let wrong = match () {
            () if event.id.is_empty() => "id",
            () if lacks(&event.start) => "start",
            () if lacks(&event.end) => "end",
            () if event.attendees.iter().any(is_unclear) => "attendees",
            () => return Ok(event),
        };
        Err(item::unclear(item, wrong))
    }

    /// An item that others are held against: what can be told of it. One of which nobody can tell when it is clashes with
    /// whatever it was found beside, for what is not known must not look like free time.
    pub(super) fn beside(item: &Value) -> Self {
        Self::read(item).unwrap_or_else(|_| {
            let event: Self = item::rest(item);
            Self { at_any_time: event.span().is_none(), ..event }
        })
    }

    /// From when until when.
    pub(super) fn span(&self) -> Option<(Timestamp, Timestamp)> {
        self.start.instant().zip(self.end.instant())
    }

    /// Not over yet, and not too far away.
    pub(super) fn is_ahead(&self, now: Timestamp, horizon: Timestamp) -> bool {
        self.span().is_some_and(|(start, end)| end > now && start < horizon)
    }

    /// The person organizes it.
    pub(in super::super) const fn is_own(&self) -> bool {
        self.organizer.is_self
    }

    /// The person's own entry among the guests.
    fn own(&self) -> Option<&Map<String, Value>> {
        self.attendees.iter().find(|guest| guest.get("self") == Some(&Value::Bool(true)))
    }

    fn response(&self) -> Option<&str> {
        self.own()?.get("responseStatus")?.as_str()
    }

    fn is_cancelled(&self) -> bool {
        self.status == "cancelled"
    }

    fn waits(&self) -> bool {
        !self.is_cancelled() && !self.organizer.is_self && self.response() == Some("needsAction")
    }

    /// Whether there is something to tell: an answer is waited for; or others have changed what was answered, after
    /// `news` began.
    pub(super) fn tells(&self, news: Option<Timestamp>) -> bool {
        let changed = self.is_cancelled() || self.sequence > 0;
        let is_news = news.is_some_and(|since| self.updated.is_none_or(|at| at >= since));
        let others = !self.organizer.is_self && !self.organizer.email.is_empty() && self.response() != Some("declined");
        self.waits() || (others && changed && is_news)
    }

    /// It is an instance as the series has it: every other instance says the same.
    fn is_plain_instance(&self) -> bool {
        let original = self.original_start_time.as_ref().and_then(Moment::instant);
        self.recurring_event_id.is_some() && !self.is_cancelled() && original == self.start.instant()
    }

    /// What an answer is given to: the series where it is about the whole of it.
    fn answered_at(&self) -> &str {
        self.recurring_event_id.as_deref().filter(|_| self.is_plain_instance()).unwrap_or(&self.id)
    }

    /// The same as long as nothing changes that others decide.
    fn identity(&self) -> String {
        let state = if self.is_cancelled() { "cancelled" } else { "on" };
        if let Some(series) = self.recurring_event_id.as_ref().filter(|_| self.is_plain_instance()) {
            return format!("{series}:{}:{state}", self.sequence);
        }
        let about = (&self.start.date_time, self.start.date, &self.end.date_time, self.end.date, &self.location);
        let digest: String = Digest::of(&about).to_string().chars().take(16).collect();
        format!("{}:{}:{digest}:{state}", self.id, self.sequence)
    }

    /// It takes the person's time for certain: accepted or their own, and at an hour.
    fn is_busy(&self) -> bool {
        let comes = self.organizer.is_self || matches!(self.response(), None | Some("accepted" | "tentative"));
        let at_an_hour = self.at_any_time || self.start.date_time.is_some();
        !self.is_cancelled() && comes && self.transparency != "transparent" && at_an_hour
    }

    fn clashes(&self, other: &Self) -> bool {
        let same = self.id == other.id
            || (self.recurring_event_id.is_some() && self.recurring_event_id == other.recurring_event_id);
        let meet = || self.span().zip(other.span()).is_some_and(|(own, other)| own.0 < other.1 && other.0 < own.1);
        let overlap = other.at_any_time || meet();
        !same && overlap && other.is_busy() && self.start.date_time.is_some()
    }

    /// Guests or an organizer from another house than the person's own.
    fn has_outsiders(&self) -> bool {
        let host = |address: &str| address.rsplit_once('@').map(|(_, host)| host.to_lowercase());
        let own = self.own().and_then(|own| host(own.get("email")?.as_str()?));
        let Some(own) = own.filter(|own| !PRIVATE.contains(&own.as_str())) else { return false };
        let guests = self.attendees.iter().filter_map(|guest| guest.get("email")?.as_str());
        guests.chain([self.organizer.email.as_str()]).filter_map(host).any(|host| host != own)
    }

    /// The signal of an event that tells something.
    pub(super) fn incoming(&self, others: &[Self]) -> Incoming {
        let waits = self.waits();
        let kind = if self.is_cancelled() {
            "event_cancelled"
        } else if waits {
            "meeting_invite"
        } else {
            "event_updated"
        };
        let clashes: Vec<String> = others
            .iter()
            .filter(|other| !self.is_cancelled() && self.clashes(other))
            .map(|other| if other.summary.is_empty() { "an event".to_owned() } else { shortened(&other.summary) })
            .take(NAMED)
            .collect();
        let mut payload = Object::new();
        let mut put = |name: &str, value: Value| payload.insert(name.to_owned(), value);
        put("event_id", self.answered_at().into());
        put("title", shortened(&self.summary).into());
        put("organizer", shortened(&self.organizer.email).into());
        if let Some((start, end)) = self.span() {
            put("start", json!(start));
            put("end", json!(end));
        }
        for (name, text) in [("location", &self.location), ("description", &self.description)] {
            if !text.is_empty() {
                put(name, shortened(text).into());
            }
        }
        if let Some(response) = self.response() {
            put("response_status", response.into());
        }
        put("requires_response", waits.into());
        put("attendee_count", self.attendees.len().into());
        put("recurring", self.recurring_event_id.is_some().into());
        put("has_conflict", (!clashes.is_empty()).into());
        if !clashes.is_empty() {
            put("conflicts_with", clashes.into());
        }
        if self.has_outsiders() {
            put("external_attendees", true.into());
        }
        Incoming { kind, external_id: self.identity(), occurred_at: self.updated, payload }
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(TEXT).collect()
}

#[cfg(test)]
mod tests;
