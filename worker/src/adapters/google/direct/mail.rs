//! What can be done to mail.

use serde_json::{Value, json};

use super::{Hand, Step, Told, ids, letter::Letter, text};
use crate::adapters::google::{
    at,
    client::{Call, Meaning, Trouble},
    gmail::{header, user},
};
use domain::{mailbox, signal::Object};

/// Characters of a header that a sentence shows: an address fits whole.
const LONGEST_SHOWN: usize = 300;

impl Hand<'_> {
    /// Adds and removes labels on every mail the step names.
    pub(super) async fn relabel(&self, step: &Step, add: &[&str], remove: &[&str]) -> Result<Told, Trouble> {
        let body = json!({ "addLabelIds": add, "removeLabelIds": remove });
        self.each(step, |id| vec![Call::post(user(&["messages", id, "modify"]), body.clone())]).await
    }

    /// Makes these calls for every mail the step names, in order. Mails that are gone are counted; only when all of them
    /// are is it not done.
    async fn each(&self, step: &Step, calls: impl for<'i> Fn(&'i str) -> Vec<Call<'i>>) -> Result<Told, Trouble> {
        let ids = ids(step, "message_id");
        let mut gone: usize = 0;
        for id in &ids {
            for call in calls(id) {
                match self.mail.call(self.token, call).await {
                    Ok(_) => {}
                    Err(Trouble::Refused(refused)) if refused.meaning() == Meaning::Gone => {
                        gone += 1;
                        break;
                    }
                    Err(trouble) => return Err(trouble),
                }
            }
        }
        if gone == ids.len() {
            return Ok(Err("The mail is no longer there.".to_owned()));
        }
        let output = json!({ "mails": ids.len() - gone, "gone": gone });
        Ok(Ok(output.as_object().cloned().unwrap_or_default()))
    }

    pub(super) async fn label(&self, step: &Step) -> Result<Told, Trouble> {
        let name = text(step, "label").unwrap_or_default();
        let id = match self.label_id(name).await? {
            Some(id) => id,
            None => match self.mail.call(self.token, Call::post(user(&["labels"]), json!({ "name": name }))).await {
                Ok(made) => named(&made),
                Err(Trouble::Refused(refused)) if refused.meaning() == Meaning::Exists => {
                    self.label_id(name).await?.unwrap_or_default()
                }
                Err(trouble) => return Err(trouble),
            },
        };
        self.relabel(step, &[&id], &[]).await
    }

    pub(super) async fn unlabel(&self, step: &Step) -> Result<Told, Trouble> {
        match self.label_id(text(step, "label").unwrap_or_default()).await? {
            Some(id) => self.relabel(step, &[], &[&id]).await,
            // There is no such label (any more), so no mail has it.
            None => Ok(Ok(Object::new())),
        }
    }

    async fn label_id(&self, name: &str) -> Result<Option<String>, Trouble> {
        let all = self.mail.call(self.token, Call::get(user(&["labels"]))).await?;
        let found = at(&all, "labels").as_array().into_iter().flatten();
        let found = found.filter(|label| at(label, "name").as_str().is_some_and(|own| own.eq_ignore_ascii_case(name)));
        Ok(found.map(named).next())
    }

    pub(super) async fn trash(&self, step: &Step) -> Result<Told, Trouble> {
        self.each(step, |id| vec![Call::post(user(&["messages", id, "trash"]), Value::Null)]).await
    }

    /// Out of the bin and back to where the person will see it.
    pub(super) async fn restore(&self, step: &Step) -> Result<Told, Trouble> {
        let back = json!({ "addLabelIds": ["INBOX"] });
        self.each(step, |id| {
            let untrash = Call::post(user(&["messages", id, "untrash"]), Value::Null);
            vec![untrash, Call::post(user(&["messages", id, "modify"]), back.clone())]
        })
        .await
    }

    pub(super) async fn draft(&self, step: &Step) -> Result<Told, Trouble> {
        let message_id = self.order.message_id(step);
        if self.draft_id(&message_id).await?.is_some() {
            return Ok(Ok(Object::new()));
        }
        let (letter, thread) = match self.letter(step, message_id).await? {
            Ok(written) => written,
            Err(why) => return Ok(Err(why)),
        };
        let message = json!({ "raw": letter.raw(), "threadId": thread });
        let made = self.mail.call(self.token, Call::post(user(&["drafts"]), json!({ "message": message }))).await?;
        Ok(Ok(Object::from_iter([("draft_id".to_owned(), at(&made, "id").clone())])))
    }

    /// Throws away the draft that the execution made which is taken back. Nothing there is as good.
    pub(super) async fn discard(&self, step: &Step) -> Result<Told, Trouble> {
        let Some(message_id) = self.order.reversed_message_id(step) else {
            return Ok(Err("It is not known which draft is meant.".to_owned()));
        };
        if let Some(id) = self.draft_id(&message_id).await? {
            match self.mail.call(self.token, Call::delete(user(&["drafts", &id]))).await {
                Ok(_) => {}
                Err(Trouble::Refused(refused)) if refused.meaning() == Meaning::Gone => {}
                Err(trouble) => return Err(trouble),
            }
        }
        Ok(Ok(Object::new()))
    }

    async fn draft_id(&self, message_id: &str) -> Result<Option<String>, Trouble> {
        let call = Call::get(user(&["drafts"])).asking("q", format!("rfc822msgid:{message_id}"));
        let found = self.mail.call(self.token, call).await?;
        Ok(at(&found, "drafts").as_array().and_then(|drafts| drafts.first()).map(named))
    }

    /// Sends a reply, unless it is found among what was sent. What may have left and is not found is not sent again.
    pub(super) async fn reply(&self, step: &Step) -> Result<Told, Trouble> {
        let message_id = self.order.message_id(step);
        let call = Call::get(user(&["messages"])).asking("q", format!("rfc822msgid:{message_id}"));
        let found = self.mail.call(self.token, call.asking("includeSpamTrash", "true")).await?;
        if let Some(sent) = at(&found, "messages").as_array().and_then(|sent| sent.first()) {
            return Ok(Ok(Object::from_iter([("sent_message_id".to_owned(), named(sent).into())])));
        }
        if self.in_doubt {
            return Err(Trouble::Lost);
        }
        let (letter, thread) = match self.letter(step, message_id).await? {
            Ok(written) => written,
            Err(why) => return Ok(Err(why)),
        };
        let body = json!({ "raw": letter.raw(), "threadId": thread });
        match self.mail.call(self.token, Call::post(user(&["messages", "send"]), body)).await {
            Ok(sent) => Ok(Ok(Object::from_iter([("sent_message_id".to_owned(), named(&sent).into())]))),
            // A server that is not well may have sent it before it said so.
            Err(Trouble::Refused(refused)) if refused.status >= 500 => Err(Trouble::Lost),
            Err(trouble) => Err(trouble),
        }
    }

    /// The reply to the mail the step names, and the thread it belongs to; none where it can't be told whom it is for.
    async fn letter(&self, step: &Step, message_id: String) -> Result<Result<(Letter, Value), String>, Trouble> {
        let id = ids(step, "message_id").into_iter().next().unwrap_or_default();
        let call = Call::get(user(&["messages", &id])).asking("format", "metadata");
        let original = self.mail.call(self.token, call).await?;
        let says = |name: &str| header(&original, name).map(str::to_owned);
        let named = ids(step, "recipients");
        let to = if named.is_empty() { sender(&original) } else { Ok(named) };
        let to = match to {
            Ok(to) => to,
            Err(why) => return Ok(Err(why)),
        };
        let letter = Letter {
            to,
            subject: says("Subject").unwrap_or_default(),
            message_id,
            answers: says("Message-ID"),
            references: says("References"),
            text: text(step, "text").unwrap_or_default().to_owned(),
        };
        Ok(Ok((letter, at(&original, "threadId").clone())))
    }
}

/// Whom a reply that names nobody is for: who wrote the mail, and only if the mail does not want its answers elsewhere.
/// That address was in nothing the person agreed to, so a mail can't be answered to whom it likes.
fn sender(original: &Value) -> Result<Vec<String>, String> {
    let says = |name: &str| header(original, name).map(str::trim).filter(|value| !value.is_empty());
    let (from, wanted) = (says("From"), says("Reply-To"));
    let read = |value: Option<&str>| value.and_then(mailbox::read);
    let same = |wanted: &str| match (read(Some(wanted)), read(from)) {
        (Some(wanted), Some(from)) => mailbox::within(&wanted, &from),
        (None, _) | (_, None) => from == Some(wanted),
    };
    match wanted.filter(|wanted| !same(wanted)) {
        None => Ok(from.map(str::to_owned).into_iter().collect()),
        Some(wanted) => Err(format!(
            "Nothing was written: the mail is from {}, but wants its answers at {}, and this names no recipient. Approve a \
             reply that names whom it is for, or write it yourself.",
            shown(from.unwrap_or("nobody")),
            shown(wanted),
        )),
    }
}

/// A header in a sentence: on one line, and not without end.
fn shown(header: &str) -> String {
    let text = mailbox::read(header).map_or_else(|| header.to_owned(), |read| read.join(", "));
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(LONGEST_SHOWN).collect()
}

/// The id of what the API shows.
fn named(shown: &Value) -> String {
    at(shown, "id").as_str().unwrap_or_default().to_owned()
}
