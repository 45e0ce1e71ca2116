//! A calendar: events, the instances of those that recur, and what changed since a sync token. Values in, values out.
//!
//! Invariant: what is patched is merged member by member, but a list replaces a list, as documented: whoever sends one
//! guest alone has thrown the others out.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{
    error::{Granted, Refusal},
    mailbox::Paging,
};

type Fields = Map<String, Value>;

/// One person's calendar.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Diary {
    owner: String,
    events: BTreeMap<String, Fields>,
    /// Number of the change that last touched an event.
    changed: BTreeMap<String, u64>,
    changes: u64,
    /// Sync tokens from before this change are no longer good.
    forgotten: u64,
}

/// What a list may ask for.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Asked {
    pub(super) sync_token: Option<String>,
    pub(super) time_min: Option<DateTime<Utc>>,
    pub(super) time_max: Option<DateTime<Utc>>,
    pub(super) single_events: bool,
    pub(super) show_deleted: bool,
    pub(super) max_results: Option<usize>,
    pub(super) page_token: Option<String>,
}

impl Diary {
    pub(super) fn new(owner: &str) -> Self {
        Self { owner: owner.to_owned(), events: BTreeMap::new(), changed: BTreeMap::new(), changes: 1, forgotten: 0 }
    }

    /// Makes every sync token so far a bad one.
    pub(super) fn forget(&mut self) {
        self.changes += 1;
        self.forgotten = self.changes;
    }

    fn touch(&mut self, id: &str, mut event: Fields) -> Value {
        self.changes += 1;
        event.insert("etag".to_owned(), format!("\"{}\"", self.changes).into());
        self.changed.insert(id.to_owned(), self.changes);
        self.events.insert(id.to_owned(), event.clone());
        self.seen(event)
    }

    /// As this calendar's owner sees it.
    fn seen(&self, mut event: Fields) -> Value {
        let is_me = |person: &Value| person["email"].as_str() == Some(self.owner.as_str());
        for person in event.get_mut("attendees").and_then(Value::as_array_mut).into_iter().flatten() {
            if is_me(person) {
                person["self"] = true.into();
            }
        }
        for role in ["organizer", "creator"] {
            if let Some(person) = event.get_mut(role).filter(|person| is_me(person)) {
                person["self"] = true.into();
            }
        }
        event.into()
    }

    /// Puts an event in, the owner's own unless it names an organizer.
    pub(super) fn insert(&mut self, given: &Value, at: DateTime<Utc>) -> Granted {
        let mut event = given.as_object().cloned().ok_or_else(|| Refusal::invalid("Bad Request"))?;
        if time(given, "start").zip(time(given, "end")).is_none_or(|(start, end)| end < start) {
            return Err(Refusal::new(400, "required", "Missing or invalid start or end time."));
        }
        let id = match event.get("id").and_then(Value::as_str) {
            Some(id) => id.to_owned(),
            None => format!(
                "{}e{}",
                self.owner.bytes().fold(7_u64, |h, b| h.wrapping_mul(31).wrapping_add(b.into())),
                self.changes
            ),
        };
        if self.events.contains_key(&id) {
            return Err(Refusal::new(409, "duplicate", "The requested identifier already exists."));
        }
        let defaults = json!({ "kind": "calendar#event", "id": id, "status": "confirmed", "sequence": 0,
            "iCalUID": format!("{id}@google.com"), "created": at, "updated": at,
            "organizer": { "email": self.owner }, "creator": { "email": self.owner } });
        for (name, value) in defaults.as_object().cloned().unwrap_or_default() {
            event.entry(name).or_insert(value);
        }
        Ok(self.touch(&id, event))
    }

    pub(super) fn get(&self, id: &str) -> Granted {
        self.found(id).map(|event| self.seen(event))
    }

    /// A stored event, or an instance of a stored series.
    fn found(&self, id: &str) -> Result<Fields, Refusal> {
        let stored = self.events.get(id).cloned();
        let of_series = || {
            let series = self.events.get(id.rsplit_once('_')?.0)?;
            instances(series).into_iter().find(|instance| instance["id"] == id)
        };
        stored.or_else(of_series).ok_or_else(Refusal::not_found)
    }

    /// Changes what is given and nothing else. Shared members are the organizer's to change.
    pub(super) fn patch(&mut self, id: &str, given: &Fields, if_match: Option<&str>, at: DateTime<Utc>) -> Granted {
        let mut event = self.found(id)?;
        if if_match.is_some_and(|etag| etag != "*" && event.get("etag").and_then(Value::as_str) != Some(etag)) {
            return Err(Refusal::new(412, "conditionNotMet", "Precondition Failed"));
        }
        let shared = ["summary", "start", "end", "location", "status", "recurrence"];
        let own = event.get("organizer").is_none_or(|organizer| organizer["email"] == self.owner.as_str());
        if !own && given.keys().any(|name| shared.contains(&name.as_str())) {
            let message = "Shared properties can only be changed by the organizer of the event.";
            return Err(Refusal::new(403, "forbiddenForNonOrganizer", message));
        }
        if given.get("attendeesOmitted") == Some(&Value::Bool(true)) {
            // Only the answer of whoever asks is taken over.
            let answer = given.get("attendees").and_then(|some| some.as_array()?.first().cloned());
            let mine = event.get_mut("attendees").and_then(Value::as_array_mut).into_iter().flatten();
            for person in mine.filter(|person| person["email"] == self.owner.as_str()) {
                if let Some(answer) = answer.as_ref().and_then(Value::as_object) {
                    for (name, value) in answer {
                        person[name.as_str()] = value.clone();
                    }
                }
            }
        } else {
            event.extend(given.clone());
        }
        if own && given.keys().any(|name| matches!(name.as_str(), "start" | "end" | "location")) {
            count_up(&mut event);
        }
        event.insert("updated".to_owned(), json!(at));
        Ok(self.touch(id, event))
    }

    /// The same as its organizer, whoever that is.
    pub(super) fn amend(&mut self, id: &str, given: &Fields, at: DateTime<Utc>) -> Granted {
        let mut event = self.found(id)?;
        count_up(&mut event);
        event.extend(given.clone());
        event.insert("updated".to_owned(), json!(at));
        Ok(self.touch(id, event))
    }

    pub(super) fn delete(&mut self, id: &str, at: DateTime<Utc>) -> Granted {
        let mut event = self.found(id)?;
        if is_cancelled(&event) {
            return Err(Refusal::new(410, "deleted", "Resource has been deleted"));
        }
        event.insert("status".to_owned(), "cancelled".into());
        event.insert("updated".to_owned(), json!(at));
        self.touch(id, event);
        Ok(Value::Null)
    }

    /// All events, or those that changed since a sync token; the token for next time is on the last page.
    pub(super) fn list(&self, asked: &Asked) -> Granted {
        let since = match asked.sync_token.as_deref().map(str::parse::<u64>) {
            None => None,
            Some(_) if asked.time_min.is_some() || asked.time_max.is_some() => {
                return Err(Refusal::invalid("The sync token can't be used together with these parameters."));
            }
            Some(Ok(since)) if since >= self.forgotten && since <= self.changes => Some(since),
            Some(_) => return Err(Refusal::of(410, "fullSyncRequired", None)),
        };
        let (page_token, until) = match &asked.page_token {
            None => (None, self.changes),
            Some(token) => {
                let parts = token.split_once('.').and_then(|(at, until)| Some((at.to_owned(), until.parse().ok()?)));
                let (at, until) = parts.ok_or_else(|| Refusal::invalid("Invalid pageToken"))?;
                (Some(at), until)
            }
        };
        let mut found: Vec<Fields> = Vec::new();
        for (id, event) in &self.events {
            if since.is_some_and(|since| self.changed.get(id).is_some_and(|changed| *changed <= since)) {
                continue;
            }
            let series = asked.single_events && event.contains_key("recurrence");
            let shown = if series { instances(event) } else { vec![event.clone()] };
            // An instance that was changed stands on its own.
            found.extend(
                shown
                    .into_iter()
                    .filter(|one| !series || !one["id"].as_str().is_some_and(|id| self.events.contains_key(id))),
            );
        }
        found.retain(|fields| {
            let event = Value::from(fields.clone());
            let within = asked.time_max.is_none_or(|max| time(&event, "start").is_none_or(|start| start < max))
                && asked.time_min.is_none_or(|min| time(&event, "end").is_none_or(|end| end > min));
            within && (since.is_some() || asked.show_deleted || !is_cancelled(fields))
        });
        let paging = Paging { max_results: Some(asked.max_results.unwrap_or(250)), page_token };
        let numbered: Vec<(u64, Fields)> = (0..).zip(found).collect();
        let (page, next) = paging.cut(numbered, |(at, _)| *at, 2500)?;
        let items: Vec<Value> = page.into_iter().map(|(_, event)| self.seen(event)).collect();
        let (name, token) = match next {
            Some(next) => ("nextPageToken", format!("{next}.{until}")),
            None => ("nextSyncToken", until.to_string()),
        };
        Ok(json!({ "kind": "calendar#events", "summary": self.owner, "timeZone": "UTC", "items": items, name: token }))
    }
}

/// One more change that guests must hear of.
fn count_up(event: &mut Fields) {
    let before = event.get("sequence").and_then(Value::as_u64).unwrap_or_default();
    event.insert("sequence".to_owned(), (before + 1).into());
}

fn is_cancelled(event: &Fields) -> bool {
    event.get("status").and_then(Value::as_str) == Some("cancelled")
}

/// When an event starts or ends.
fn time(event: &Value, which: &str) -> Option<DateTime<Utc>> {
    let when = &event[which];
    let day = || format!("{}T00:00:00Z", when["date"].as_str()?).parse().ok();
    when["dateTime"].as_str().and_then(|text| Some(DateTime::parse_from_rfc3339(text).ok()?.to_utc())).or_else(day)
}

/// The instances of a series: `FREQ=DAILY` or `FREQ=WEEKLY` with a `COUNT`, which is as much as a double needs.
fn instances(series: &Fields) -> Vec<Fields> {
    let whole = Value::from(series.clone());
    let rule = whole.pointer("/recurrence/0").and_then(Value::as_str).unwrap_or_default();
    let says = |name: &str| rule.split([';', ':']).find_map(|part| part.strip_prefix(name)?.strip_prefix('='));
    let every = if says("FREQ") == Some("DAILY") { TimeDelta::days(1) } else { TimeDelta::days(7) };
    let count: i32 = says("COUNT").and_then(|count| count.parse().ok()).unwrap_or(1);
    let (Some(id), Some(start), Some(end)) =
        (whole.get("id").and_then(Value::as_str), time(&whole, "start"), time(&whole, "end"))
    else {
        return Vec::new();
    };
    let instance = |n: i32| {
        let (start, end) = (start + every * n, end + every * n);
        let mut one = series.clone();
        one.remove("recurrence");
        one.insert("id".to_owned(), format!("{id}_{}", start.format("%Y%m%dT%H%M%SZ")).into());
        one.insert("recurringEventId".to_owned(), id.into());
        one.insert("originalStartTime".to_owned(), json!({ "dateTime": start }));
        one.insert("start".to_owned(), json!({ "dateTime": start }));
        one.insert("end".to_owned(), json!({ "dateTime": end }));
        one
    };
    (0..count).map(instance).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hour: u32) -> Value {
        json!({ "dateTime": format!("2026-03-02T{hour:02}:00:00Z") })
    }

    fn now() -> DateTime<Utc> {
        "2026-03-01T09:00:00Z".parse().unwrap()
    }

    #[test]
    fn a_sync_token_gives_what_changed_since_and_a_forgotten_one_is_gone() {
        let mut diary = Diary::new("ada@mail.example");
        for hour in 9..12 {
            diary.insert(&json!({ "start": at(hour), "end": at(hour + 1) }), now()).unwrap();
        }
        let paged = |asked: &Asked| diary.list(asked).unwrap();
        let first = paged(&Asked { max_results: Some(2), ..Asked::default() });
        assert!(first.get("nextSyncToken").is_none());
        let page_token = first["nextPageToken"].as_str().map(str::to_owned);
        let last = paged(&Asked { max_results: Some(2), page_token, ..Asked::default() });
        assert_eq!(last["items"].as_array().unwrap().len(), 1);

        let since = || Asked { sync_token: last["nextSyncToken"].as_str().map(str::to_owned), ..Asked::default() };
        assert_eq!(diary.list(&since()).unwrap()["items"], json!([]));
        let id = last["items"][0]["id"].as_str().unwrap().to_owned();
        diary.delete(&id, now()).unwrap();
        assert_eq!(diary.list(&since()).unwrap()["items"][0]["status"], "cancelled");
        diary.forget();
        assert_eq!(diary.list(&since()), Err(Refusal::of(410, "fullSyncRequired", None)));
    }

    #[test]
    fn a_list_of_guests_replaces_the_list_unless_it_says_that_others_are_left_out() {
        let guests = json!([{ "email": "ada@mail.example" }, { "email": "kim@work.example" }]);
        let event = json!({ "id": "e1", "start": at(9), "end": at(10), "organizer": { "email": "kim@work.example" }, "attendees": guests });
        let mut diary = Diary::new("ada@mail.example");
        diary.insert(&event, now()).unwrap();
        let mine = json!([{ "email": "ada@mail.example", "responseStatus": "accepted" }]);
        let careful = json!({ "attendeesOmitted": true, "attendees": mine });
        let kept = diary.patch("e1", careful.as_object().unwrap(), None, now()).unwrap();
        assert_eq!(kept["attendees"].as_array().unwrap().len(), 2);
        let careless = json!({ "attendees": mine });
        let lost = diary.patch("e1", careless.as_object().unwrap(), None, now()).unwrap();
        assert_eq!(lost["attendees"].as_array().unwrap().len(), 1);
        let stale = diary.patch("e1", careless.as_object().unwrap(), Some("\"1\""), now());
        assert_eq!(stale, Err(Refusal::new(412, "conditionNotMet", "Precondition Failed")));
    }
}
