//! What a decision needs of a mail: who, about what, the start of the text, and the category that Gmail gave it.
//!
//! Pure. Attachments go by their names only, and quoted history and markup are left out: less of other people's words to
//! keep, and less for anybody to hide in.

use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use chrono::DateTime;
use domain::{mailbox, time::Timestamp};
use serde_json::{Value, json};

use super::{
    super::{at, item},
    object,
};
use crate::ports::source::{Incoming, LeftOut};

/// Characters of a body that are kept.
const BODY: usize = 4000;
/// Characters of a subject or a name that are kept.
const LINE: usize = 500;
/// Names of attachments that are kept.
const FILES: usize = 20;

/// Bodies come in base64url, with padding or without.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The signal of a mail; none where it is not one that came in and waits in the inbox. Which mail it is, where it lies and
/// that it has an envelope must be certain; anything else that is of the wrong type counts as not there.
pub(super) fn incoming(message: &Value) -> Result<Option<Incoming>, LeftOut> {
    let unclear = |name: &str| item::unclear(message, name);
    let id = at(message, "id").as_str().filter(|id| !id.is_empty()).ok_or_else(|| unclear("id"))?;
    let labels = match at(message, "labelIds") {
        Value::Null => Some(Vec::new()),
        labels => labels.as_array().and_then(|all| all.iter().map(Value::as_str).collect::<Option<Vec<_>>>()),
    };
    let labels = labels.ok_or_else(|| unclear("labelIds"))?;
    let has = |label: &str| labels.contains(&label);
    if !has("INBOX") || ["SENT", "DRAFT", "TRASH", "SPAM", "CHAT"].into_iter().any(has) {
        return Ok(None);
    }
    let envelope = at(message, "payload");
    if !envelope.is_object() || !matches!(at(envelope, "headers"), Value::Null | Value::Array(_)) {
        return Err(unclear("payload"));
    }
    let from = header(message, "From").unwrap_or_default();
    let (name, address) = sender(from);
    let address = mailbox::read(from).map_or_else(|| address.to_owned(), |read| read.join(", "));
    let mut parts = Parts::default();
    parts.take(at(message, "payload"));
    let Parts { text, html, files } = parts;
    let body = text.or_else(|| html.as_deref().map(without_markup)).unwrap_or_default();
    let mut payload = object(json!({
        "message_id": id,
        "thread_id": at(message, "threadId").as_str(),
        "from": shortened(&address, LINE),
        "subject": shortened(header(message, "Subject").unwrap_or_default(), LINE),
        "body": shortened(without_quotes(&body).trim(), BODY),
    }));
    if let Some(name) = name {
        payload.insert("from_name".to_owned(), shortened(name, LINE).into());
    }
    if let Some(wanted) = header(message, "Reply-To").filter(|wanted| !wanted.trim().is_empty()) {
        payload.insert("reply_to".to_owned(), answers(wanted));
    }
    if let Some(category) = category(&labels, message) {
        payload.insert("category".to_owned(), category.into());
    }
    if !files.is_empty() {
        payload.insert("attachments".to_owned(), files.into());
    }
    let occurred_at = occurred(message);
    Ok(Some(Incoming { kind: "email_received", external_id: id.to_owned(), occurred_at, payload }))
}

fn occurred(message: &Value) -> Option<Timestamp> {
    DateTime::from_timestamp_millis(at(message, "internalDate").as_str()?.parse().ok()?).map(Timestamp::new)
}

/// What Gmail sorted it under, as far as that says what to do with it: its primary tab and its updates hold anything.
fn category(labels: &[&str], message: &Value) -> Option<&'static str> {
    let has = |label: &str| labels.contains(&label);
    let list = || header(message, "List-Id").or_else(|| header(message, "List-Unsubscribe")).is_some();
    match () {
        () if has("CATEGORY_PROMOTIONS") && list() => Some("newsletter"),
        () if has("CATEGORY_PROMOTIONS") => Some("promotion"),
        () if has("CATEGORY_SOCIAL") => Some("social"),
        () if has("CATEGORY_FORUMS") => Some("forum"),
        () => None,
    }
}

/// The first header of this name.
pub(in super::super) fn header<'m>(message: &'m Value, name: &str) -> Option<&'m str> {
    let headers = message.pointer("/payload/headers")?.as_array()?;
    headers
        .iter()
        .find(|header| at(header, "name").as_str().is_some_and(|found| found.eq_ignore_ascii_case(name)))?
        .get("value")?
        .as_str()
}

/// Name and address out of `Kim Doe <kim@work.example>`.
fn sender(from: &str) -> (Option<&str>, &str) {
    match from.rsplit_once('<') {
        Some((name, address)) => {
            let name = name.trim().trim_matches('"').trim();
            ((!name.is_empty()).then_some(name), address.trim_end_matches('>').trim())
        }
        None => (None, from.trim()),
    }
}

/// Where a mail wants its answers. What can't be read as a list of addresses stays as it stands, and where it is cut, a mark
/// keeps what is left from being read as one: half a list would be answered to half of those who are meant.
fn answers(wanted: &str) -> Value {
    let kept = || match shortened(wanted, LINE) {
        whole if whole == wanted => whole,
        cut => cut + "…",
    };
    mailbox::read(wanted).map_or_else(|| kept().into(), Value::from)
}

/// What is in the parts of a mail.
#[derive(Debug, Default)]
struct Parts {
    text: Option<String>,
    html: Option<String>,
    files: Vec<String>,
}

impl Parts {
    /// Takes the first text of either kind and the names of files, wherever they are nested.
    fn take(&mut self, part: &Value) {
        let name = at(part, "filename").as_str().unwrap_or_default();
        if !name.is_empty() {
            if self.files.len() < FILES {
                self.files.push(shortened(name, LINE));
            }
            return;
        }
        let slot = match at(part, "mimeType").as_str().unwrap_or_default() {
            "text/plain" => Some(&mut self.text),
            "text/html" => Some(&mut self.html),
            _ => None,
        };
        if let Some(slot @ None) = slot {
            *slot = part.pointer("/body/data").and_then(|data| decoded(data.as_str()?));
        }
        for inner in at(part, "parts").as_array().into_iter().flatten() {
            self.take(inner);
        }
    }
}

fn decoded(data: &str) -> Option<String> {
    Some(String::from_utf8_lossy(&BASE64.decode(data).ok()?).into_owned())
}

/// The text of a page: without tags, scripts and styles, its entities read.
fn without_markup(html: &str) -> String {
    let mut text = String::new();
    let mut rest = html;
    while let Some((before, tag)) = rest.split_once('<') {
        text.push_str(before);
        let hidden = ["script", "style"]
            .into_iter()
            .find(|name| tag.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name)));
        let after = match hidden {
            Some(name) => after_close(tag, name),
            None => tag,
        };
        rest = after.split_once('>').map_or("", |(_, rest)| rest);
        text.push(' ');
    }
    text.push_str(rest);
    let read = [("&nbsp;", " "), ("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")];
    let text = read.into_iter().fold(text, |text, (entity, is)| text.replace(entity, is));
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What follows the closing tag of `name`, or nothing where it is never closed.
fn after_close<'h>(html: &'h str, name: &str) -> &'h str {
    // What was passed over is not looked at again: a page of nothing but scripts must not cost its length squared.
    let mut tags = html.match_indices("</").filter_map(|(at, _)| html.get(at..));
    let closes = |tag: &&str| tag.get(2..2 + name.len()).is_some_and(|found| found.eq_ignore_ascii_case(name));
    tags.find(closes).unwrap_or_default()
}

/// Without the mails it answers.
fn without_quotes(body: &str) -> String {
    let starts_history = |line: &str| {
        let line = line.trim();
        line.starts_with("-----Original Message") || (line.starts_with("On ") && line.ends_with("wrote:"))
    };
    let own = body.lines().take_while(|line| !starts_history(line)).filter(|line| !line.trim_start().starts_with('>'));
    own.collect::<Vec<_>>().join("\n")
}

fn shortened(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}

#[cfg(test)]
mod tests;
