//! One bad mail or event costs only itself: the others of its page come, what follows comes, and it is told of.

use domain::source::Kind;
use serde_json::{Value, json};
use simulator::google::{Fault, How, Mail};
use worker::ports::source::{LeftOut, Page, Trouble};

use super::{
    ADA, Far,
    calendar::{CALENDAR, invite, own},
    ids,
};

fn mail(n: u32) -> Mail {
    Mail::new("Kim <kim@work.example>", &format!("Number {n}"), "Hello")
}

/// What was left out of a page: which, and what is wrong.
fn left_out(page: &Page) -> Vec<(&str, &str)> {
    page.left_out.iter().map(|LeftOut { id, wrong }| (id.as_str(), wrong.as_str())).collect()
}

/// The event, with these members instead.
fn but(mut event: Value, members: &Value) -> Value {
    event.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    event
}

#[tokio::test]
async fn a_bad_event_costs_only_itself_whatever_is_wrong_with_it() {
    let far = Far::new().await;
    let double = &far.double.google;
    for (id, members) in [
        ("bad1", json!({ "sequence": "secret" })),
        ("bad2", json!({ "attendees": ["secret"] })),
        ("bad3", json!({ "attendees": [{ "email": ADA, "responseStatus": { "secret": true } }] })),
        ("bad4", json!({ "organizer": "secret", "recurringEventId": 7 })),
    ] {
        double.schedule(ADA, &but(invite(id, 9), &members)).unwrap();
    }
    let described =
        json!({ "summary": 7, "description": ["x"], "location": null, "updated": "lately", "transparency": 1 });
    double.schedule(ADA, &but(invite("fine", 12), &described)).unwrap();
    double.schedule(ADA, &invite("good", 15)).unwrap();

    let page = far.page(CALENDAR, None).await.unwrap();
    let mut told: Vec<_> = page.signals.iter().map(|signal| signal.payload["event_id"].as_str().unwrap()).collect();
    told.sort_unstable();
    assert_eq!(told, ["fine", "good"], "and what only describes an event may be anything");
    let wrong = "is of the wrong type";
    let mut lost = left_out(&page);
    lost.sort_unstable();
    assert_eq!(
        lost,
        [
            ("bad1", format!("`sequence` {wrong}").as_str()),
            ("bad2", &format!("`attendees` {wrong}")),
            ("bad3", "`attendees` is missing or of the wrong type"),
            ("bad4", "`organizer`, `recurringEventId` are of the wrong type"),
        ]
    );

    double.schedule(ADA, &invite("later", 16)).unwrap();
    let next = far.page(CALENDAR, Some(&page.cursor)).await.unwrap();
    assert_eq!((next.signals.len(), left_out(&next)), (1, vec![]), "what was left out is not read again");
    double.amend(ADA, "bad1", &json!({ "sequence": 1 })).unwrap();
    let mended = far.page(CALENDAR, Some(&next.cursor)).await.unwrap();
    assert_eq!(mended.signals.len(), 1, "until it changes");
}

#[tokio::test]
async fn an_event_that_can_not_be_read_is_still_in_the_way_of_others() {
    let far = Far::new().await;
    far.double.google.schedule(ADA, &invite("lunch", 12)).unwrap();
    far.double.google.schedule(ADA, &but(own("dentist", 12), &json!({ "sequence": "x" }))).unwrap();
    far.double.google.schedule(ADA, &but(own("gym", 18), &json!({ "sequence": "x" }))).unwrap();
    let page = far.page(CALENDAR, None).await.unwrap();
    assert_eq!(page.signals[0].payload["conflicts_with"], json!(["dentist"]));

    // One of which nobody can tell when it is: it was found beside, so it counts.
    let whole = json!({ "items": [invite("lunch", 12)], "nextSyncToken": "1" });
    let beside = json!({ "items": [but(own("secret", 12), &json!({ "start": { "dateTime": "noon" } }))] });
    let says = |body: &Value| Fault::on("calendar.events.list", How::Says(body.to_string()));
    let mut whole = whole;
    whole["items"][0]["attendees"][1]["self"] = true.into();
    far.double.google.inject([says(&whole), says(&beside)]);
    let page = far.page(CALENDAR, None).await.unwrap();
    assert_eq!(page.signals[0].payload["has_conflict"], true);
}

#[tokio::test]
async fn a_bad_entry_of_a_list_or_of_the_history_costs_only_itself() {
    let far = Far::new().await;
    let (one, two) = (far.double.google.deliver(ADA, mail(1)), far.double.google.deliver(ADA, mail(2)));
    let says = |call: &str, body: &Value| Fault::on(call, How::Says(body.to_string()));
    let list = json!({ "messages": [{ "id": one }, { "id": 7 }, "secret", { "threadId": "t" }, { "id": two }] });
    far.double.google.inject([says("gmail.messages.list", &list)]);
    let page = far.page(Kind::Gmail, None).await.unwrap();
    assert_eq!(ids(&page.signals), [two.as_str(), one.as_str()]);
    assert_eq!(
        left_out(&page),
        [
            ("", "`id` is missing or of the wrong type"),
            ("", "it is not what it should be"),
            ("", "`id` is of the wrong type")
        ]
    );

    let three = far.double.google.deliver(ADA, mail(3));
    let added = |message: Value| json!({ "id": "9", "messagesAdded": [{ "message": message }] });
    let history = json!({ "historyId": "1000", "history": [
        { "id": "8", "messagesAdded": "secret" }, added(json!({ "id": three, "labelIds": "secret" })), added(json!({ "id": {} })), { "id": "10" },
    ] });
    far.double.google.inject([says("gmail.history.list", &history)]);
    let next = far.page(Kind::Gmail, Some(&page.cursor)).await.unwrap();
    assert_eq!(ids(&next.signals), [three.as_str()]);
    assert_eq!(
        left_out(&next),
        [("8", "`messagesAdded` is missing or of the wrong type"), ("", "`id` is of the wrong type")]
    );
    assert_eq!(next.cursor["since"], "1000", "and it goes on behind it");
}

#[tokio::test]
async fn what_answers_for_a_mail_and_is_none_is_asked_once_more_and_then_left_out() {
    let far = Far::new().await;
    let mail = far.double.google.deliver(ADA, mail(1));
    let noise = || Fault::on("gmail.messages.get", How::Says("<html>secret".to_owned()));
    far.double.google.inject([noise()]);
    assert_eq!(ids(&far.page(Kind::Gmail, None).await.unwrap().signals), [mail.as_str()]);
    far.double.google.inject([noise().times(2)]);
    let page = far.page(Kind::Gmail, None).await.unwrap();
    assert_eq!(left_out(&page), [(mail.as_str(), "what Google answers is no mail, or too long")]);
    assert!(page.signals.is_empty() && !page.more);
}

#[tokio::test]
async fn a_page_of_which_nobody_can_tell_where_it_ends_is_read_again() {
    let far = Far::new().await;
    far.double.google.deliver(ADA, mail(1));
    for (kind, call, body) in [
        (Kind::Gmail, "gmail.messages.list", r#"{"messages": [], "nextPageToken": 7}"#),
        (Kind::Gmail, "gmail.messages.list", r#"{"messages": {}}"#),
        (Kind::Gmail, "gmail.profile", r#"{"historyId": 7}"#),
        (CALENDAR, "calendar.events.list", r#"{"items": [], "nextSyncToken": 7}"#),
        (CALENDAR, "calendar.events.list", "<html>secret"),
    ] {
        far.double.google.inject([Fault::on(call, How::Says(body.to_owned()))]);
        let why = "What Google answers can't be read.".to_owned();
        assert_eq!(far.page(kind, None).await, Err(Trouble::Later { retry_after: None, why }), "{body}");
    }
    assert_eq!(far.page(Kind::Gmail, None).await.unwrap().signals.len(), 1);
}
