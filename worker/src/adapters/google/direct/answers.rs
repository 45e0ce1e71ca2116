//! What can be done about events: the person's own answer, and what is the organizer's to do.
//!
//! Invariant: whoever else is invited stays invited. A list of guests replaces the list, so the whole of it goes back as it
//! was read, and only if nobody has changed it meanwhile.

use serde_json::{Value, json};

use super::{Hand, Step, Told, ids, text};
use crate::adapters::google::{
    calendar::{Event, events},
    client::{Call, Meaning, Trouble},
};
use domain::signal::Object;

/// Times an event is read anew when it changes under our hands.
const TRIES: u32 = 3;

impl Hand<'_> {
    /// Answers an invitation. A comment replaces the one before; without one that stays.
    pub(super) async fn respond(&self, step: &Step, answer: &str, comment: Option<String>) -> Result<Told, Trouble> {
        let id = event_id(step);
        let comment = comment.or_else(|| text(step, "message").map(str::to_owned));
        let mut last = Trouble::Lost;
        for _ in 0..TRIES {
            let event = self.event(&id).await?;
            let mut guests = event.attendees;
            let Some(own) = guests.iter_mut().find(|guest| guest.get("self") == Some(&Value::Bool(true))) else {
                return Ok(Err("You are not among the guests of this event.".to_owned()));
            };
            let says = |name: &str| own.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
            let same =
                says("responseStatus") == answer && comment.as_ref().is_none_or(|comment| says("comment") == *comment);
            if same {
                return Ok(Ok(Object::new()));
            }
            own.insert("responseStatus".to_owned(), answer.into());
            if let Some(comment) = &comment {
                own.insert("comment".to_owned(), comment.as_str().into());
            }
            // Where the list was cut short, sending it back would throw out who is not on it: then ours alone counts.
            let change = if event.attendees_omitted {
                guests.retain(|guest| guest.get("self") == Some(&Value::Bool(true)));
                json!({ "attendeesOmitted": true, "attendees": guests })
            } else {
                json!({ "attendees": guests })
            };
            let call = Call::patch(events(&[&id]), change).asking("sendUpdates", "all");
            match self.calendar.call(self.token, call.if_unchanged(event.etag.as_deref())).await {
                Ok(_) => return Ok(Ok(Object::from_iter([("response_status".to_owned(), answer.into())]))),
                Err(Trouble::Refused(refused)) if refused.meaning() == Meaning::Changed => {
                    last = Trouble::Refused(refused);
                }
                Err(trouble) => return Err(trouble),
            }
        }
        Err(last)
    }

    /// A guest can't move an event: the answer is a perhaps, with the other time in a comment.
    pub(super) async fn propose(&self, step: &Step) -> Result<Told, Trouble> {
        let mut comment = match text(step, "new_time") {
            Some(time) => format!("Could we do {time} instead?"),
            None => "Could we find another time?".to_owned(),
        };
        if let Some(message) = text(step, "message") {
            comment = format!("{comment} {message}");
        }
        self.respond(step, "tentative", Some(comment)).await
    }

    pub(super) async fn cancel(&self, step: &Step) -> Result<Told, Trouble> {
        let id = event_id(step);
        if !self.event(&id).await?.is_own() {
            return Ok(Err("Only who organizes this event can cancel it; you can decline it.".to_owned()));
        }
        match self.calendar.call(self.token, Call::delete(events(&[&id])).asking("sendUpdates", "all")).await {
            Ok(_) => Ok(Ok(Object::new())),
            // It is cancelled already, which is what was wanted.
            Err(Trouble::Refused(refused)) if refused.status == 410 => Ok(Ok(Object::new())),
            Err(trouble) => Err(trouble),
        }
    }

    /// Takes back that an event was cancelled.
    pub(super) async fn revive(&self, step: &Step) -> Result<Told, Trouble> {
        let id = event_id(step);
        let call = Call::patch(events(&[&id]), json!({ "status": "confirmed" })).asking("sendUpdates", "all");
        self.calendar.call(self.token, call).await?;
        Ok(Ok(Object::new()))
    }

    async fn event(&self, id: &str) -> Result<Event, Trouble> {
        let shown = self.calendar.call(self.token, Call::get(events(&[id]))).await?;
        serde_json::from_value(shown).map_err(|_| Trouble::Unreadable)
    }
}

fn event_id(step: &Step) -> String {
    ids(step, "event_id").into_iter().next().unwrap_or_default()
}
