//! What is read of an event, and of whatever else may come in its place.

use proptest::prelude::*;

use super::*;

/// Everything a signal of an event may say.
const NAMES: [&str; 14] = [
    "event_id",
    "title",
    "organizer",
    "start",
    "end",
    "location",
    "description",
    "response_status",
    "requires_response",
    "attendee_count",
    "recurring",
    "has_conflict",
    "conflicts_with",
    "external_attendees",
];

fn any_event() -> impl Strategy<Value = Event> {
    let moment = || {
        let text =
            fuzz::text_of(&["2026-03-02", "T09:00:00Z", "9999-12-31T23:59:59-01:00", "+262142-12-31", "0000-01-01"]);
        prop_oneof![3 => text, 1 => Just("2026-03-02T09:00:00Z".to_owned())]
            .prop_map(|text| if text.contains('T') { json!({ "dateTime": text }) } else { json!({ "date": text }) })
    };
    let more = fuzz::object_of(&[
        "id",
        "summary",
        "status",
        "cancelled",
        "organizer",
        "email",
        "kim@work.example",
        "self",
        "attendees",
        "responseStatus",
        "needsAction",
        "sequence",
        "updated",
        "recurringEventId",
        "originalStartTime",
        "transparency",
        "2026-03-01T08:00:00Z",
    ]);
    (more, moment(), moment()).prop_filter_map("it is no event", |(mut more, start, end)| {
        more.insert("start".to_owned(), start);
        more.insert("end".to_owned(), end);
        serde_json::from_value(more.into()).ok()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { max_global_rejects: 1_000_000, max_local_rejects: 1_000_000, ..fuzz::cases(4) })]

    #[test]
    fn any_event_becomes_a_bounded_signal_that_says_what_it_may(
        event in any_event(), others in prop::collection::vec(any_event(), 0..3), long in 0..5000_usize
    ) {
        let now: Timestamp = "2026-03-01T09:00:00Z".parse().unwrap();
        let event = Event { summary: event.summary.clone() + &"ä".repeat(long), ..event };
        event.is_ahead(now, now);
        event.tells(Some(now));
        let found = event.incoming(&others);
        prop_assert!(found.payload.keys().all(|name| NAMES.contains(&name.as_str())), "{:?}", found.payload);
        let named = found.payload.get("conflicts_with").and_then(Value::as_array).cloned().unwrap_or_default();
        prop_assert!(named.len() <= NAMED);
        for text in found.payload.values().chain(&named).filter_map(Value::as_str) {
            prop_assert!(text.chars().count() <= TEXT);
        }
        for instant in ["start", "end"].into_iter().filter_map(|name| found.payload.get(name)) {
            prop_assert!(instant.as_str().unwrap().parse::<Timestamp>().is_ok(), "{instant}");
        }
    }
}

/// Everything that can be wrong with an item.
const FIELDS: [&str; 12] = [
    "id",
    "etag",
    "status",
    "start",
    "end",
    "organizer",
    "attendees",
    "attendeesOmitted",
    "sequence",
    "recurringEventId",
    "originalStartTime",
    "updated",
];

fn any_item() -> impl Strategy<Value = Value> {
    let words =
        [&FIELDS[..], &["summary", "dateTime", "date", "email", "self", "2026-03-02T09:00:00Z", "secret"]].concat();
    let good = json!({ "id": "e", "status": "confirmed", "summary": "secret", "sequence": 1,
        "start": { "dateTime": "2026-03-02T09:00:00Z" }, "end": { "dateTime": "2026-03-02T10:00:00Z" } });
    let spoilt = fuzz::object_of(&words).prop_map(move |more| with(&good, &more.into()));
    prop_oneof![3 => spoilt, 1 => fuzz::json_of(&words)]
}

proptest! {
    #![proptest_config(fuzz::cases(1))]

    #[test]
    fn whatever_stands_for_an_event_is_read_or_left_out_in_names_of_ours_and_never_looks_like_free_time(item in any_item()) {
        let own = event("own", "09:00", "10:00", &invited("needsAction"));
        let beside = Event::beside(&item);
        beside.incoming(std::slice::from_ref(&own));
        match Event::read(&item) {
            Ok(read) => prop_assert!(!read.id.is_empty() && (read.is_cancelled() || read.span().is_some())),
            Err(LeftOut { id, wrong }) => {
                prop_assert!(wrong.split('`').skip(1).step_by(2).all(|name| FIELDS.contains(&name)), "{wrong}");
                prop_assert!(!wrong.contains("secret") && id.chars().count() <= 100);
                let known_not_to = beside.is_cancelled() || beside.transparency == "transparent" || beside.span().is_some()
                    || !matches!(beside.response(), None | Some("accepted" | "tentative")) || beside.id == "own";
                prop_assert!(known_not_to || own.clashes(&beside), "{beside:?}");
            }
        }
    }
}

fn event(id: &str, from: &str, until: &str, more: &Value) -> Event {
    let mut event = json!({ "id": id, "status": "confirmed", "summary": id, "updated": "2026-03-01T08:00:00Z",
        "start": { "dateTime": format!("2026-03-02T{from}:00Z") }, "end": { "dateTime": format!("2026-03-02T{until}:00Z") } });
    event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    serde_json::from_value(event).unwrap()
}

fn invited(response: &str) -> Value {
    json!({ "organizer": { "email": "kim@work.example" }, "attendees": [
        { "email": "kim@work.example", "responseStatus": "accepted" },
        { "email": "ada@home.example", "self": true, "responseStatus": response } ] })
}

fn own() -> Value {
    json!({ "organizer": { "email": "ada@home.example", "self": true } })
}

fn with(base: &Value, more: &Value) -> Value {
    let mut all = base.as_object().unwrap().clone();
    all.extend(more.as_object().unwrap().clone());
    all.into()
}

#[test]
fn what_waits_for_an_answer_tells_and_says_what_it_clashes_with() {
    let invite = event("invite", "09:00", "10:00", &invited("needsAction"));
    assert!(invite.tells(None));
    let others = [
        event("dentist", "09:30", "11:00", &own()),
        event("another question", "09:00", "10:00", &invited("needsAction")),
        event("declined", "09:00", "10:00", &invited("declined")),
        event("reminder", "09:00", "10:00", &with(&own(), &json!({ "transparency": "transparent" }))),
        event("right after", "10:00", "11:00", &own()),
        invite.clone(),
    ];
    let signal = invite.incoming(&others);
    assert_eq!(signal.kind, "meeting_invite");
    assert_eq!(signal.payload["conflicts_with"], json!(["dentist"]));
    assert_eq!(signal.payload["has_conflict"], true);
    assert_eq!(signal.payload["external_attendees"], true);
    assert_eq!(signal.payload["event_id"], "invite");
}

#[test]
fn ones_own_events_and_what_was_answered_long_ago_tell_nothing() {
    assert!(
        !event("own", "09:00", "10:00", &with(&own(), &json!({ "sequence": 3 })))
            .tells(Some(Timestamp::from(DateTime::UNIX_EPOCH)))
    );
    let answered = event("answered", "09:00", "10:00", &invited("accepted"));
    assert!(!answered.tells(Some(Timestamp::from(DateTime::UNIX_EPOCH))), "an answer of our own is no news");
    let moved = event("answered", "09:00", "10:00", &with(&invited("accepted"), &json!({ "sequence": 1 })));
    assert!(!moved.tells(None), "on the first look nothing is news");
    assert!(moved.tells(Some("2026-03-01T07:00:00Z".parse().unwrap())));
    assert!(!moved.tells(Some("2026-03-01T09:00:00Z".parse().unwrap())));
    assert_eq!(moved.incoming(&[]).kind, "event_updated");
}

#[test]
fn a_series_is_one_signal_and_a_moved_instance_another() {
    let instance = |from: &str, original: &str| {
        let series = json!({ "recurringEventId": "weekly", "originalStartTime": { "dateTime": format!("2026-03-02T{original}:00Z") } });
        event(&format!("weekly_{from}"), from, "23:00", &with(&invited("needsAction"), &series))
            .incoming(&[])
            .external_id
    };
    assert_eq!(instance("09:00", "09:00"), instance("10:00", "10:00"));
    assert_ne!(instance("09:00", "09:00"), instance("11:00", "10:00"));
}

#[test]
fn the_identity_changes_with_what_others_decide_and_not_with_our_answer() {
    let id = |more: &Value, until: &str| event("e", "09:00", until, more).incoming(&[]).external_id;
    let first = id(&invited("needsAction"), "10:00");
    assert_eq!(first, id(&invited("accepted"), "10:00"));
    assert_ne!(first, id(&invited("needsAction"), "10:30"));
    assert_ne!(first, id(&with(&invited("needsAction"), &json!({ "status": "cancelled" })), "10:00"));
}
