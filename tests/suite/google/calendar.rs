//! Google Calendar as a source.

use domain::source::Kind;
use serde_json::{Value, json};

use super::{ADA, Far, ids};

pub(super) const CALENDAR: Kind = Kind::GoogleCalendar;

fn at(hour: u32) -> Value {
    json!({ "dateTime": format!("2026-03-02T{hour:02}:00:00Z") })
}

pub(super) fn invite(id: &str, hour: u32) -> Value {
    json!({ "id": id, "summary": id, "start": at(hour), "end": at(hour + 1), "organizer": { "email": "kim@work.example" },
        "attendees": [{ "email": "kim@work.example", "responseStatus": "accepted" }, { "email": ADA, "responseStatus": "needsAction" }] })
}

pub(super) fn own(id: &str, hour: u32) -> Value {
    json!({ "id": id, "summary": id, "start": at(hour), "end": at(hour + 1) })
}

#[tokio::test]
async fn an_invitation_is_a_signal_that_says_what_it_clashes_with() {
    let far = Far::new().await;
    for event in [own("dentist", 9), own("gym", 18), invite("standup", 9), invite("lunch", 12)] {
        far.double.google.schedule(ADA, &event).unwrap();
    }
    let (signals, _) = far.read(CALENDAR, None).await;
    let told: Vec<_> = signals
        .iter()
        .map(|signal| (signal.kind, &signal.payload["event_id"], signal.payload.get("conflicts_with")))
        .collect();
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told.contains(&("meeting_invite", &json!("standup"), Some(&json!(["dentist"])))), "{told:?}");
    assert!(told.contains(&("meeting_invite", &json!("lunch"), None)), "{told:?}");
}

#[tokio::test]
async fn a_sync_token_that_is_gone_doubles_nothing_and_loses_nothing() {
    let far = Far::new().await;
    let double = &far.double.google;
    double.schedule(ADA, &invite("lunch", 12)).unwrap();
    let mut accepted = invite("review", 15);
    accepted["attendees"][1]["responseStatus"] = "accepted".into();
    double.schedule(ADA, &accepted).unwrap();
    let (first, cursor) = far.read(CALENDAR, None).await;
    assert_eq!(first.len(), 1, "what was answered long ago is no news");
    assert!(far.read(CALENDAR, Some(cursor.clone())).await.0.is_empty());

    double.amend(ADA, "review", &json!({ "start": at(16), "end": at(17) })).unwrap();
    double.forget(ADA);
    let (again, cursor) = far.read(CALENDAR, Some(cursor)).await;
    let kinds: Vec<_> =
        again.iter().map(|signal| (signal.kind, signal.payload["event_id"].as_str().unwrap())).collect();
    assert!(kinds.contains(&("event_updated", "review")), "{kinds:?}");
    assert!(ids(&again).contains(&first[0].external_id.as_str()), "the same invitation is the same signal");
    assert!(far.read(CALENDAR, Some(cursor)).await.0.is_empty());
}

#[tokio::test]
async fn a_series_is_asked_about_once_and_a_moved_instance_by_itself() {
    let far = Far::new().await;
    let mut weekly = invite("weekly", 9);
    weekly["recurrence"] = json!(["RRULE:FREQ=WEEKLY;COUNT=6"]);
    far.double.google.schedule(ADA, &weekly).unwrap();
    let (signals, cursor) = far.read(CALENDAR, None).await;
    assert_eq!(signals.len(), 6);
    assert!(
        ids(&signals).iter().all(|id| *id == signals[0].external_id),
        "six instances, one signal: {:?}",
        ids(&signals)
    );
    assert_eq!(signals[0].payload["event_id"], "weekly", "the answer goes to the series");

    let moved = "weekly_20260309T090000Z";
    let when = |hour: u32| json!({ "dateTime": format!("2026-03-09T{hour:02}:00:00Z") });
    far.double.google.amend(ADA, moved, &json!({ "start": when(14), "end": when(15) })).unwrap();
    let (changed, _) = far.read(CALENDAR, Some(cursor)).await;
    assert_eq!(changed.len(), 1);
    assert_eq!(changed[0].payload["event_id"], moved);
    assert_ne!(changed[0].external_id, signals[0].external_id);
}

#[tokio::test]
async fn many_events_come_page_by_page() {
    let far = Far::new().await;
    for n in 0..250 {
        far.double.google.schedule(ADA, &invite(&format!("event-{n:03}"), 9 + n % 8)).unwrap();
    }
    let (signals, cursor) = far.read(CALENDAR, None).await;
    assert_eq!(signals.len(), 250);
    far.double.google.schedule(ADA, &invite("one more", 9)).unwrap();
    assert_eq!(far.read(CALENDAR, Some(cursor)).await.0.len(), 1);
}
