//! Invitations and conflicts.

use serde_json::{Value, json};

use super::{All, when};
use crate::{
    action::Verb,
    decision::Outcome::{Ask, Auto, Suggest},
    signal::Domain,
};

#[test]
fn invitations_are_answered_alone_only_by_a_rule_that_fits() {
    use Domain::Calendar;
    let _all = All;
    let invite = |name, payload: Value| when(name, "google_calendar", "meeting_invite", payload);
    let team = json!({ "eventId": "e1", "title": "Team sync", "organizer": "lead@work.example" });
    invite("a rule that fits", team.clone())
        .says(Calendar, "auto_accept_team_meetings", true)
        .then(Auto, Some(Verb::AcceptInvite));
    invite("a rule that doesn't", json!({ "title": "Dentist" }))
        .says(Calendar, "auto_accept_team_meetings", true)
        .then(Suggest, Some(Verb::AcceptInvite));
    invite("tentative is not accept", team.clone())
        .says(Calendar, "default_response", "tentative")
        .then(Auto, Some(Verb::TentativeAccept));
    invite("said no to accepting", team.clone())
        .says(Calendar, "auto_accept", false)
        .then(Suggest, Some(Verb::TentativeAccept));
    invite("external", json!({ "title": "Intro", "hasExternalAttendees": true }))
        .then(Suggest, Some(Verb::AcceptInvite));
    invite("an answer is needed", json!({ "title": "Intro", "requiresResponse": true }))
        .experienced()
        .then(Ask, Some(Verb::AcceptInvite));
    let conflict = |name, payload: Value| when(name, "google_calendar", "calendar_conflict", payload);
    conflict("a conflict with an outsider", json!({ "title": "Two at once", "hasExternalAttendees": true }))
        .then(Ask, Some(Verb::ProposeAlternative));
    conflict("a conflict and a rule to accept", json!({ "title": "Team sync", "hasConflict": true }))
        .says(Calendar, "auto_accept", true)
        .then(Suggest, Some(Verb::ProposeAlternative));
    let kept = |name, slot: &str| {
        invite(name, json!({ "title": "Chat", "timeSlot": slot })).says(Calendar, "focus_time", "9am-11am").says(
            Calendar,
            "auto_accept",
            true,
        )
    };
    kept("inside kept hours", "10:30 AM").then(Ask, Some(Verb::AcceptInvite));
    kept("at their end", "11:00 AM").then(Auto, Some(Verb::AcceptInvite));
    when("an update", "outlook_calendar", "event_update", json!({ "title": "Room changed" }))
        .then(Suggest, Some(Verb::AcknowledgeUpdate));
    when(
        "a move",
        "google_calendar",
        "meeting_invite",
        json!({ "title": "Sync", "action": "reschedule", "newTime": "2026-04-01T14:00:00Z" }),
    )
    .then(Suggest, Some(Verb::RescheduleEvent));
}
