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

use super::{super::at, object};
use crate::ports::source::Incoming;

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

/// The signal of a mail; none where it is not one that came in and waits in the inbox.
pub(super) fn incoming(message: &Value) -> Option<Incoming> {
    let id = at(message, "id").as_str()?;
    let labels: Vec<&str> =
        at(message, "labelIds").as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let has = |label: &str| labels.contains(&label);
    if !has("INBOX") || ["SENT", "DRAFT", "TRASH", "SPAM", "CHAT"].into_iter().any(has) {
        return None;
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
    Some(Incoming { kind: "email_received", external_id: id.to_owned(), occurred_at: occurred(message), payload })
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
mod tests {
    use base64::prelude::BASE64_URL_SAFE_NO_PAD;
    use proptest::prelude::*;

    use super::*;

    fn part(kind: &str, text: &str) -> Value {
        json!({ "mimeType": kind, "filename": "", "body": { "data": BASE64_URL_SAFE_NO_PAD.encode(text) } })
    }

    fn mail(labels: &[&str], headers: &[(&str, &str)], parts: &[Value]) -> Value {
        let headers: Vec<Value> = headers.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect();
        json!({ "id": "m1", "threadId": "t1", "labelIds": labels, "internalDate": "1772442000000",
            "payload": { "mimeType": "multipart/mixed", "filename": "", "headers": headers, "body": { "size": 0 }, "parts": parts } })
    }

    #[test]
    fn a_mail_becomes_who_what_and_the_start_of_its_text() {
        let file = json!({ "mimeType": "application/pdf", "filename": "plan.pdf", "body": { "attachmentId": "a" } });
        let alternative = json!({ "mimeType": "multipart/alternative", "filename": "", "parts": [
            part("text/html", "<p>markup</p>"), part("text/plain", "See you at 9.\nOn Monday Ada wrote:\n> When?") ] });
        let headers = [("from", "\"Kim Doe\" <kim@work.example>"), ("SUBJECT", "Tomorrow")];
        let found = incoming(&mail(&["INBOX", "UNREAD"], &headers, &[alternative, file])).unwrap();
        assert_eq!((found.kind, found.external_id.as_str()), ("email_received", "m1"));
        assert_eq!(found.occurred_at, Some("2026-03-02T09:00:00Z".parse().unwrap()));
        let wanted = json!({ "message_id": "m1", "thread_id": "t1", "from": "kim@work.example", "from_name": "Kim Doe",
            "subject": "Tomorrow", "body": "See you at 9.", "attachments": ["plan.pdf"] });
        assert_eq!(Value::Object(found.payload), wanted);
    }

    #[test]
    fn a_mail_says_where_it_wants_its_answers() {
        let said = |headers: &[(&str, &str)]| incoming(&mail(&["INBOX"], headers, &[])).unwrap().payload;
        let from = ("From", "Boss <boss@work.example>");
        assert_eq!(said(&[from]).get("reply_to"), None);
        assert_eq!(said(&[from, ("Reply-To", " ")]).get("reply_to"), None);
        let elsewhere = said(&[from, ("reply-to", "\"Boss\" <boss@evil.example>")]);
        assert_eq!(
            (&elsewhere["from"], &elsewhere["reply_to"]),
            (&json!("boss@work.example"), &json!(["boss@evil.example"]))
        );
        assert_eq!(said(&[from, ("Reply-To", "anybody")])["reply_to"], "anybody");
        let endless = format!("{} \"", "a@b.example,".repeat(100));
        let kept = said(&[from, ("Reply-To", &endless)])["reply_to"].as_str().unwrap().to_owned();
        assert_eq!((kept.chars().count(), mailbox::read(&kept)), (LINE + 1, None));
        let hidden = said(&[("From", "other@evil.example (<boss@work.example>)")]);
        assert_eq!(hidden["from"], "other@evil.example", "a comment is not who wrote");
    }

    #[test]
    fn what_was_sent_drafted_thrown_away_or_archived_is_no_signal() {
        for labels in [&["INBOX", "SENT"][..], &["INBOX", "DRAFT"], &["TRASH"], &["INBOX", "SPAM"], &[]] {
            assert_eq!(incoming(&mail(labels, &[], &[])), None, "{labels:?}");
        }
    }

    #[test]
    fn the_category_is_gmails_and_never_guessed_for_what_its_tabs_mix() {
        let category = |labels: &[&str], headers: &[(&str, &str)]| {
            let payload = incoming(&mail(&[&["INBOX"], labels].concat(), headers, &[])).unwrap().payload;
            payload.get("category").and_then(Value::as_str).map(str::to_owned)
        };
        let list = [("List-Unsubscribe", "<https://letters.example>")];
        assert_eq!(category(&["CATEGORY_PROMOTIONS"], &list).as_deref(), Some("newsletter"));
        assert_eq!(category(&["CATEGORY_PROMOTIONS"], &[]).as_deref(), Some("promotion"));
        assert_eq!(category(&["CATEGORY_SOCIAL"], &list).as_deref(), Some("social"));
        assert_eq!(category(&["CATEGORY_UPDATES"], &list), None);
        assert_eq!(category(&["CATEGORY_PERSONAL", "IMPORTANT"], &[]), None);
    }

    #[test]
    fn a_page_of_markup_is_read_as_text_and_a_long_body_is_cut() {
        let html =
            "<style>p{color:red}</style><p>Five&nbsp;bulbs &amp; more</p><SCRIPT>alert('x')</SCRIPT><b>now</b> 1 < 2";
        let body = |parts: &[Value]| {
            incoming(&mail(&["INBOX"], &[], parts)).unwrap().payload["body"].as_str().unwrap().to_owned()
        };
        assert_eq!(body(&[part("text/html", html)]), "Five bulbs & more now 1");
        assert_eq!(body(&[part("text/plain", &"ä".repeat(10_000))]).chars().count(), BODY);
        assert_eq!(body(&[]), "");
        assert_eq!(
            body(&[part("text/html", "<script>1</SCRIPT>a<style></scrip></style >b<script>never closed")]),
            "a b"
        );
    }

    #[test]
    fn a_page_of_a_hundred_thousand_scripts_is_read_once() {
        // Read anew after each of them, this would be a hundred thousand times two megabytes.
        let page = format!("{}end", "<script></script>".repeat(100_000));
        assert_eq!(without_markup(&page), "end");
    }

    /// Everything a signal of a mail may say.
    const NAMES: [&str; 9] =
        ["message_id", "thread_id", "from", "from_name", "reply_to", "subject", "body", "category", "attachments"];

    fn any_mail() -> impl Strategy<Value = Value> {
        let markup = fuzz::text_of(&[
            "<",
            ">",
            "</",
            "<script>",
            "</SCRIPT>",
            "<style",
            "</style",
            "&amp;",
            "&lt;",
            "On Monday Ada wrote:",
            "\n",
            "> ",
            "<p>",
            "\0",
        ]);
        let kind = prop::sample::select(vec!["text/plain", "text/html", "multipart/mixed", ""]);
        let data = prop_oneof![4 => markup.prop_map(|text| BASE64_URL_SAFE_NO_PAD.encode(text)), 1 => fuzz::text()];
        let name = prop_oneof![3 => Just(String::new()), 1 => fuzz::text()];
        let leaf = (kind, data, name)
            .prop_map(|(kind, data, name)| json!({ "mimeType": kind, "filename": name, "body": { "data": data } }));
        let part = prop_oneof![4 => leaf, 1 => fuzz::json_of(&["mimeType", "text/plain", "filename", "body", "data", "parts"])];
        let files = (0..40_usize).prop_map(|many| vec![json!({ "filename": "plan.pdf" }); many]);
        let part = part.prop_recursive(3, 12, 3, |inner| {
            prop::collection::vec(inner, 0..4)
                .prop_map(|parts| json!({ "mimeType": "multipart/mixed", "parts": parts }))
        });
        let part =
            (part, files).prop_map(|(part, files)| json!({ "parts": Value::from([vec![part], files].concat()) }));
        let header = (
            prop::sample::select(vec!["From", "SUBJECT", "list-id", "reply-to", "x"]),
            fuzz::text_of(&["Kim <", "kim@work.example", ">", "\"", ","]),
            1..50_usize,
        )
            .prop_map(|(name, value, times)| json!({ "name": name, "value": value.repeat(times) }));
        let more = fuzz::object_of(&[
            "id",
            "m1",
            "labelIds",
            "internalDate",
            "payload",
            "threadId",
            "1772442000000",
            "99999999999999999",
        ]);
        (part, prop::collection::vec(header, 0..5), more).prop_map(|(mut part, headers, more)| {
            if let Some(part) = part.as_object_mut() {
                part.insert("headers".to_owned(), headers.into());
            }
            let mut mail =
                json!({ "id": "m1", "labelIds": ["INBOX"], "internalDate": "1772442000000", "payload": part });
            mail.as_object_mut().unwrap().extend(more);
            mail
        })
    }

    proptest! {
        #![proptest_config(fuzz::cases(4))]

        #[test]
        fn any_mail_becomes_a_bounded_signal_that_says_what_it_may_or_none(mail in any_mail(), garbage in fuzz::json()) {
            for mail in [mail, garbage] {
                let Some(found) = incoming(&mail) else { continue };
                prop_assert_eq!((found.kind, Some(found.external_id.as_str())), ("email_received", mail["id"].as_str()));
                prop_assert!(found.payload.keys().all(|name| NAMES.contains(&name.as_str())), "{:?}", found.payload);
                let length = |name: &str| found.payload.get(name).and_then(Value::as_str).map_or(0, |text| text.chars().count());
                prop_assert!(length("body") <= BODY && ["from", "from_name", "subject"].into_iter().all(|name| length(name) <= LINE));
                let wanted = found.payload.get("reply_to").cloned().unwrap_or_default();
                prop_assert!(wanted.as_str().is_none_or(|text| text.chars().count() <= LINE + 1));
                prop_assert!(wanted.as_array().into_iter().flatten().all(|one| mailbox::read(one.as_str().unwrap()).is_some()));
                prop_assert!(found.payload.get("attachments").is_none_or(|files| files.as_array().is_some_and(|files| files.len() <= FILES)));
            }
        }
    }
}
