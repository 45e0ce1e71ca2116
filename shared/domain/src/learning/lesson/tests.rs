//! Lessons: which preference moves, and what an edit turns into.

use serde_json::{Value, json};

use super::{Said, lesson};
use crate::{
    action::{Action, Verb},
    decide::decide,
    decision::Decision,
    facts::Facts,
    feedback::{Feedback, Kind, Severity},
    fixtures::{facts, id, with},
    learning::{Held, Lesson},
    signal::Domain,
    testing::{prefers, signal},
    tier::Confidence,
    twin::{Preference, Source},
};

/// A newsletter, decided by somebody who prefers these things.
fn decided(preferences: &[Preference]) -> Decision {
    let facts = Facts { preferences: preferences.to_vec(), ..facts() };
    let mail =
        signal("gmail", "email", json!({ "message_id": "m-1", "category": "newsletter", "subject": "Weekly news" }));
    decide(&mail, &facts).decision
}

fn answer(decision: &Decision, kind: Kind) -> Feedback {
    Feedback {
        id: id(1),
        user: decision.user,
        decision: decision.id,
        approval: None,
        domain: decision.domain,
        verb: decision.chosen().map(|candidate| candidate.action.verb),
        kind,
        severity: None,
        comment: None,
        at: decision.decided_at,
    }
}

fn habit(domain: Domain, key: &str, value: Value) -> Preference {
    prefers(domain, key, value, Confidence::Moderate, Source::Inferred)
}

fn held(preferences: &[Preference]) -> Vec<Held> {
    preferences.iter().map(|one| Held::new(one.clone(), one.confidence.half_steps())).collect()
}

fn learned(preferences: &[Preference], kind: Kind) -> Lesson {
    let decision = decided(preferences);
    lesson(&answer(&decision, kind), &decision, Said::Nothing, &held(preferences))
}

/// Key and half steps, before and after.
fn steps(lesson: &Lesson) -> Vec<(String, Option<i16>, Option<i16>)> {
    let half = |held: &Option<Held>| held.as_ref().map(|held| held.half_steps);
    let key = |held: &Held| held.preference.key.clone();
    let changes = lesson.changes.iter();
    changes
        .map(|change| {
            let named = change.after.as_ref().or(change.before.as_ref()).map(key).unwrap_or_default();
            (named, half(&change.before), half(&change.after))
        })
        .collect()
}

fn label(label: &str) -> Action {
    with(Verb::LabelEmail, &json!({ "message_id": "m-1", "label": label }))
}

#[test]
fn only_what_was_behind_the_decision_moves() {
    let all = [
        habit(Domain::Email, "auto_archive_newsletters", json!(true)),
        habit(Domain::Email, "auto_reply", json!(true)),
        habit(Domain::Finance, "auto_archive_newsletters_bills", json!(true)),
    ];
    let decision = decided(&all);
    assert_eq!(decision.chosen().unwrap().action.verb, Verb::ArchiveEmail);
    assert_eq!(steps(&learned(&all, Kind::Approve)), [("auto_archive_newsletters".into(), Some(4), Some(6))]);
    assert_eq!(steps(&learned(&all, Kind::Reject)), [("auto_archive_newsletters".into(), Some(4), Some(2))]);
}

#[test]
fn of_what_spoke_the_loudest_moves() {
    let quiet = prefers(Domain::Email, "auto_archive", json!(true), Confidence::Low, Source::Inferred);
    let loud = prefers(Domain::Email, "auto_archive_newsletters", json!(true), Confidence::High, Source::Inferred);
    assert_eq!(steps(&learned(&[quiet, loud], Kind::Reject)), [("auto_archive_newsletters".into(), Some(6), Some(4))]);
}

#[test]
fn a_first_answer_makes_an_inference_that_speaks_next_time() {
    let decision = decided(&[]);
    let first = lesson(&answer(&decision, Kind::Approve), &decision, Said::Nothing, &[]);
    assert_eq!(steps(&first), [("auto_archive_email".into(), None, Some(2))]);
    let inferred = first.changes[0].after.clone().unwrap();
    let next = decided(std::slice::from_ref(&inferred.preference));
    assert!(
        next.chosen().unwrap().support.iter().any(|one| one.preference == inferred.preference.id && one.speaks_for)
    );
    // A second answer to what was decided before there was the inference moves that same one.
    let second = lesson(&answer(&decision, Kind::Approve), &decision, Said::Nothing, &[inferred]);
    assert_eq!(steps(&second), [("auto_archive_email".into(), Some(2), Some(4))]);
}

#[test]
fn what_was_chosen_instead_is_a_correction_and_what_was_proposed_loses_half_a_step() {
    let all = [habit(Domain::Email, "auto_archive_newsletters", json!(true))];
    let decision = decided(&all);
    let edit = answer(&decision, Kind::Edit);
    let proposed = decision.chosen().unwrap().action.clone();
    let lesson_of =
        |held: &[Held]| lesson(&edit, &decision, Said::Instead { proposed: &proposed, chosen: &label("News") }, held);
    let taught = lesson_of(&held(&all));
    assert_eq!(
        steps(&taught),
        [("auto_archive_newsletters".into(), Some(4), Some(3)), ("auto_label_email".into(), None, Some(4))]
    );
    assert_eq!(taught.changes[1].after.as_ref().unwrap().preference.source, Source::Corrected);

    let said = prefers(Domain::Email, "auto_label_email", json!(false), Confidence::Confirmed, Source::Explicit);
    let taught = lesson_of(&held(&[all[0].clone(), said]));
    assert_eq!(steps(&taught).len(), 1, "what the person said themselves stays as it is: {taught:?}");
    let sure = prefers(Domain::Email, "auto_label_email", json!(true), Confidence::High, Source::Inferred);
    let taught = lesson_of(&held(&[all[0].clone(), sure.clone()]));
    assert_eq!(steps(&taught)[1], ("auto_label_email".into(), Some(6), Some(6)), "choosing it makes nothing less sure");
    assert_eq!(taught.changes[1].after.as_ref().unwrap().preference.id, sure.id);
}

#[test]
fn what_was_edited_is_kept_as_the_values_that_were_changed() {
    let decision = decided(&[]);
    let edit = Feedback { verb: Some(Verb::LabelEmail), ..answer(&decision, Kind::Edit) };
    let chosen = with(Verb::LabelEmail, &json!({ "message_id": "m-2", "label": "News" }));
    let taught = lesson(&edit, &decision, Said::Instead { proposed: &label("Other"), chosen: &chosen }, &[]);
    let corrected = taught.changes.last().unwrap().after.clone().unwrap().preference;
    assert_eq!((corrected.key.as_str(), &corrected.value), ("preferred_label_email", &json!({ "label": "News" })));
    let same = lesson(&edit, &decision, Said::Instead { proposed: &label("a"), chosen: &label("a") }, &[]);
    assert_eq!(same.changes.len(), 1, "nothing was changed: {same:?}");
}

#[test]
fn a_restatement_takes_the_place_of_what_is_held_under_its_key() {
    let all = [habit(Domain::Email, "auto_archive_newsletters", json!(true)), habit(Domain::Email, "vip", json!("x"))];
    let decision = decided(&all);
    let restate = answer(&decision, Kind::RestatePreference);
    let no = json!(false);
    for (key, named) in [(None, "auto_archive_newsletters"), (Some("vip"), "vip")] {
        let taught = lesson(&restate, &decision, Said::Preference { key, value: &no }, &held(&all));
        assert_eq!(steps(&taught), [(named.into(), Some(4), Some(8))]);
        let after = &taught.changes[0].after.as_ref().unwrap().preference;
        assert_eq!((after.source, &after.value), (Source::Explicit, &no));
    }
    let quiet = Decision { candidates: Vec::new(), chosen: None, ..decision };
    let restate = Feedback { verb: None, ..restate };
    let taught = lesson(&restate, &quiet, Said::Preference { key: Some("vip"), value: &no }, &held(&all));
    assert_eq!(steps(&taught), [("vip".into(), Some(4), Some(8))]);
    assert_eq!(lesson(&restate, &quiet, Said::Preference { key: None, value: &no }, &[]), Lesson::default());
}

#[test]
fn what_an_undo_would_rather_have_had_is_a_correction_beside_what_the_undo_costs() {
    let all = [habit(Domain::Email, "auto_archive_newsletters", json!(true))];
    let decision = decided(&all);
    let rather = |severity, held: &[Held]| {
        let undo = Feedback { severity: Some(severity), ..answer(&decision, Kind::Undo) };
        lesson(&undo, &decision, Said::Rather(Verb::LabelEmail), held)
    };
    for (severity, left) in [
        (Severity::Minor, Some(0)),
        (Severity::Moderate, Some(0)),
        (Severity::Severe, None),
        (Severity::Critical, None),
    ] {
        let taught = rather(severity, &held(&all));
        let moved = [
            ("auto_archive_newsletters".into(), Some(4), left),
            ("auto_label_email".into(), None, Some(Confidence::Moderate.half_steps())),
        ];
        assert_eq!(steps(&taught), moved, "{severity}");
        assert_eq!(taught.changes[1].after.as_ref().unwrap().preference.source, Source::Corrected);
    }
    let said = prefers(Domain::Email, "auto_label_email", json!(false), Confidence::Confirmed, Source::Explicit);
    let taught = rather(Severity::Minor, &held(&[all[0].clone(), said]));
    assert_eq!(steps(&taught).len(), 1, "what the person said themselves stays as it is: {taught:?}");
}
