//! What is read of a mail, and of whatever else may come in its place.

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

fn read(mail: &Value) -> Incoming {
    incoming(mail).unwrap().unwrap()
}

#[test]
fn a_mail_becomes_who_what_and_the_start_of_its_text() {
    let file = json!({ "mimeType": "application/pdf", "filename": "plan.pdf", "body": { "attachmentId": "a" } });
    let alternative = json!({ "mimeType": "multipart/alternative", "filename": "", "parts": [
        part("text/html", "<p>markup</p>"), part("text/plain", "See you at 9.\nOn Monday Ada wrote:\n> When?") ] });
    let headers = [("from", "\"Kim Doe\" <kim@work.example>"), ("SUBJECT", "Tomorrow")];
    let found = read(&mail(&["INBOX", "UNREAD"], &headers, &[alternative, file]));
    assert_eq!((found.kind, found.external_id.as_str()), ("email_received", "m1"));
    assert_eq!(found.occurred_at, Some("2026-03-02T09:00:00Z".parse().unwrap()));
    let wanted = json!({ "message_id": "m1", "thread_id": "t1", "from": "kim@work.example", "from_name": "Kim Doe",
        "subject": "Tomorrow", "body": "See you at 9.", "attachments": ["plan.pdf"] });
    assert_eq!(Value::Object(found.payload), wanted);
}

#[test]
fn a_mail_says_where_it_wants_its_answers() {
    let said = |headers: &[(&str, &str)]| read(&mail(&["INBOX"], headers, &[])).payload;
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
fn a_mail_of_which_nobody_can_tell_whether_it_came_in_is_left_out_and_no_other_is() {
    let spoilt = |name: &str, value: Value| {
        let mut mail = mail(&["INBOX"], &[("From", "kim@work.example")], &[]);
        mail[name] = value;
        incoming(&mail)
    };
    for (name, value) in [
        ("id", json!(7)),
        ("labelIds", json!("INBOX")),
        ("labelIds", json!(["INBOX", 7])),
        ("payload", json!("secret")),
        ("payload", json!({ "headers": {} })),
    ] {
        let wrong = format!("`{name}` is missing or of the wrong type");
        assert_eq!(spoilt(name, value).map_err(|left_out| left_out.wrong), Err(wrong));
    }
    for (name, value) in
        [("internalDate", json!({})), ("threadId", json!(7)), ("payload", json!({ "headers": [7], "parts": 7 }))]
    {
        assert!(matches!(spoilt(name, value), Ok(Some(_))), "{name}");
    }
}

#[test]
fn what_was_sent_drafted_thrown_away_or_archived_is_no_signal() {
    for labels in [&["INBOX", "SENT"][..], &["INBOX", "DRAFT"], &["TRASH"], &["INBOX", "SPAM"], &[]] {
        assert_eq!(incoming(&mail(labels, &[], &[])), Ok(None), "{labels:?}");
    }
}

#[test]
fn the_category_is_gmails_and_never_guessed_for_what_its_tabs_mix() {
    let category = |labels: &[&str], headers: &[(&str, &str)]| {
        let payload = read(&mail(&[&["INBOX"], labels].concat(), headers, &[])).payload;
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
    let body = |parts: &[Value]| read(&mail(&["INBOX"], &[], parts)).payload["body"].as_str().unwrap().to_owned();
    assert_eq!(body(&[part("text/html", html)]), "Five bulbs & more now 1");
    assert_eq!(body(&[part("text/plain", &"ä".repeat(10_000))]).chars().count(), BODY);
    assert_eq!(body(&[]), "");
    assert_eq!(body(&[part("text/html", "<script>1</SCRIPT>a<style></scrip></style >b<script>never closed")]), "a b");
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
    let part =
        prop_oneof![4 => leaf, 1 => fuzz::json_of(&["mimeType", "text/plain", "filename", "body", "data", "parts"])];
    let files = (0..40_usize).prop_map(|many| vec![json!({ "filename": "plan.pdf" }); many]);
    let part = part.prop_recursive(3, 12, 3, |inner| {
        prop::collection::vec(inner, 0..4).prop_map(|parts| json!({ "mimeType": "multipart/mixed", "parts": parts }))
    });
    let part = (part, files).prop_map(|(part, files)| json!({ "parts": Value::from([vec![part], files].concat()) }));
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
        let mut mail = json!({ "id": "m1", "labelIds": ["INBOX"], "internalDate": "1772442000000", "payload": part });
        mail.as_object_mut().unwrap().extend(more);
        mail
    })
}

proptest! {
    #![proptest_config(fuzz::cases(4))]

    #[test]
    fn any_mail_becomes_a_bounded_signal_that_says_what_it_may_or_none(mail in any_mail(), garbage in fuzz::json()) {
        for mail in [mail, garbage] {
            let found = match incoming(&mail) {
                Ok(Some(found)) => found,
                Ok(None) => continue,
                Err(LeftOut { id, wrong }) => {
                    let wrong = wrong.strip_suffix(" is missing or of the wrong type");
                    prop_assert!(matches!(wrong, Some("`id`" | "`labelIds`" | "`payload`")) && id.chars().count() <= 100);
                    continue;
                }
            };
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
