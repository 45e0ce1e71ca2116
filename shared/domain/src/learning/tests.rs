//! Learning: the numbered cases and what must never happen.

use proptest::prelude::*;
use serde_json::json;

use super::{Held, Lesson, Stated, Subject, learn};
use crate::{
    action::Verb,
    feedback::{Feedback, Kind, Severity},
    fixtures::{at, id},
    signal::Domain,
    tier::Confidence,
    twin::{Preference, Source},
};

fn answer(kind: Kind) -> Feedback {
    Feedback {
        id: id(1),
        user: id(2),
        decision: id(3),
        approval: None,
        domain: Domain::Email,
        verb: Some(Verb::ArchiveEmail),
        kind,
        severity: None,
        comment: None,
        at: at("2026-03-30T12:00:00Z"),
    }
}

fn held(source: Source, half_steps: i16) -> Held {
    let preference = Preference {
        id: id(9),
        domain: Domain::Email,
        key: "auto_archive".into(),
        value: json!(true),
        confidence: Confidence::Low,
        source,
        evidence_count: 3,
    };
    Held::new(preference, half_steps)
}

fn about(behind: Option<&Held>) -> Subject<'_> {
    Subject { verb: Verb::ArchiveEmail, behind, speaks_for: true }
}

/// The one change's confidence after.
fn after(lesson: &Lesson) -> Option<Confidence> {
    assert_eq!(lesson.changes.len(), 1, "{lesson:?}");
    lesson.changes[0].after.as_ref().map(|held| held.preference.confidence)
}

fn level(kind: Kind, before: Confidence) -> Option<Confidence> {
    after(&learn(&answer(kind), about(Some(&held(Source::Inferred, before.half_steps()))), None))
}

#[test]
fn fb_01_an_approval_is_one_level_up() {
    assert_eq!(level(Kind::Approve, Confidence::Moderate), Some(Confidence::High));
    assert_eq!(level(Kind::Approve, Confidence::High), Some(Confidence::High), "inference alone never passes high");
}

#[test]
fn fb_02_an_approval_of_what_nothing_spoke_for_makes_an_inference() {
    let lesson = learn(&answer(Kind::Approve), about(None), None);
    assert_eq!(after(&lesson), Some(Confidence::Low));
    let made = &lesson.changes[0].after.as_ref().unwrap().preference;
    assert_eq!((made.source, made.key.as_str(), &made.value), (Source::Inferred, "auto_archive_email", &json!(true)));
}

#[test]
fn fb_03_a_rejection_is_one_level_down() {
    assert_eq!(level(Kind::Reject, Confidence::High), Some(Confidence::Moderate));
    assert_eq!(after(&learn(&answer(Kind::Reject), about(None), None)), Some(Confidence::Speculative));
}

#[test]
fn fb_04_an_undo_is_two_levels_down_and_a_severe_one_removes() {
    assert_eq!(level(Kind::Undo, Confidence::High), Some(Confidence::Low));
    for severity in [Severity::Severe, Severity::Critical] {
        let undo = Feedback { severity: Some(severity), ..answer(Kind::Undo) };
        assert_eq!(after(&learn(&undo, about(Some(&held(Source::Explicit, 8))), None)), None, "{severity}");
        assert!(learn(&undo, about(None), None).changes.is_empty(), "nothing was there to remove");
    }
}

#[test]
fn fb_05_an_edit_is_half_a_step_down_and_what_was_chosen_is_a_correction_at_moderate() {
    let before = held(Source::Inferred, 6);
    let chosen = Stated { key: "auto_label_email".into(), value: json!("Receipts") };
    let lesson = learn(&answer(Kind::Edit), about(Some(&before)), Some(&chosen));
    let halves: Vec<_> = lesson
        .changes
        .iter()
        .map(|change| change.after.as_ref().map(|held| (held.half_steps, held.preference.source)))
        .collect();
    assert_eq!(halves, [Some((5, Source::Inferred)), Some((4, Source::Corrected))]);
    let same = Stated { key: "auto_archive".into(), value: json!("later") };
    let lesson = learn(&answer(Kind::Edit), about(Some(&before)), Some(&same));
    assert_eq!(lesson.changes.len(), 1, "a correction of the same key takes its place");
    assert_eq!(lesson.changes[0].after.as_ref().unwrap().preference.id, before.preference.id);
}

#[test]
fn fb_06_a_restatement_is_explicit_and_confirmed() {
    for stated in [None, Some(Stated { key: "auto_archive".into(), value: json!(false) })] {
        let lesson = learn(&answer(Kind::RestatePreference), about(Some(&held(Source::Inferred, 1))), stated.as_ref());
        assert_eq!(after(&lesson), Some(Confidence::Confirmed));
        let made = &lesson.changes[0].after.as_ref().unwrap().preference;
        assert_eq!((made.source, made.id), (Source::Explicit, id(9)));
        assert_eq!(made.value, stated.map_or(json!(true), |stated| stated.value));
    }
    assert!(learn(&answer(Kind::RestatePreference), about(None), None).changes.is_empty(), "nothing was said");
}

#[test]
fn fb_07_a_reward_is_half_a_step_up() {
    let lesson = learn(&answer(Kind::Reward), about(Some(&held(Source::Inferred, 4))), None);
    assert_eq!(lesson.changes[0].after.as_ref().unwrap().half_steps, 5);
}

#[test]
fn fb_08_a_punishment_is_one_level_down_and_the_next_ten_are_asked_about() {
    let lesson = learn(&answer(Kind::Punish), about(Some(&held(Source::Inferred, 6))), None);
    assert_eq!((after(&lesson), lesson.asks_owed), (Some(Confidence::Moderate), Some((Verb::ArchiveEmail, 10))));
}

#[test]
fn fb_09_an_answer_in_email_changes_nothing_learned_about_finance() {
    let mut finance = held(Source::Inferred, 4);
    finance.preference.domain = Domain::Finance;
    for &kind in Kind::ALL {
        let lesson = learn(&answer(kind), about(Some(&finance)), None);
        assert!(lesson.changes.iter().all(|change| change.before.is_none()), "{kind}");
        assert!(
            lesson.changes.iter().flat_map(|change| &change.after).all(|held| held.preference.domain == Domain::Email),
            "{kind}"
        );
    }
}

#[test]
fn what_spoke_against_loses_by_a_yes_and_gains_by_a_no() {
    let mut against = held(Source::Inferred, 4);
    against.preference.value = json!(false);
    let subject = Subject { speaks_for: false, ..about(Some(&against)) };
    assert_eq!(after(&learn(&answer(Kind::Approve), subject, None)), Some(Confidence::Low));
    assert_eq!(after(&learn(&answer(Kind::Reject), subject, None)), Some(Confidence::High));
}

#[test]
fn an_inference_contradicted_at_its_lowest_turns_around_and_a_statement_never_does() {
    let lesson = learn(&answer(Kind::Reject), about(Some(&held(Source::Inferred, 0))), None);
    let turned = lesson.changes[0].after.as_ref().unwrap();
    assert_eq!((&turned.preference.value, turned.preference.confidence), (&json!(false), Confidence::Low));
    for source in [Source::Explicit, Source::Corrected, Source::Default] {
        let lesson = learn(&answer(Kind::Reject), about(Some(&held(source, 0))), None);
        assert_eq!(lesson.changes[0].after.as_ref().unwrap().preference.value, json!(true), "{source}");
    }
}

proptest! {
    #[test]
    fn only_a_statement_makes_confirmed_and_steps_stay_on_the_scale(
        kinds in proptest::collection::vec(proptest::sample::select(Kind::ALL), 1..40), source in proptest::sample::select(Source::ALL), half_steps in 0_i16..=7,
    ) {
        let mut now = Some(held(source, half_steps));
        let mut stated = false;
        for kind in kinds {
            stated |= kind == Kind::RestatePreference;
            let lesson = learn(&answer(kind), about(now.as_ref()), None);
            prop_assert!(lesson.changes.len() <= 1);
            if let Some(change) = lesson.changes.into_iter().next() {
                prop_assert_eq!(&change.before, &now);
                now = change.after;
            }
            let held = now.clone().unwrap();
            prop_assert!((0..=8).contains(&held.half_steps));
            prop_assert_eq!(held.preference.confidence, Confidence::from_half_steps(held.half_steps));
            prop_assert!(stated || held.preference.confidence < Confidence::Confirmed);
        }
    }
}
