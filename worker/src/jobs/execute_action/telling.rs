//! What is told about an execution, as an outbox: events for whoever follows along, notifications for what the person
//! should know. Pure, so that a job that runs twice tells the same, and each notification is stored once.

use domain::{
    catalogue, event,
    execution::{ErrorClass, Execution, Kind, State, StepState},
    ledger::{self, Nearness, SpendView},
    money::Money,
    notify::{self, Severity},
    outbox::Outbox,
    quiet,
    settings::Settings,
    signal::Object,
    time::Timestamp,
};
use serde_json::{Value, json};

/// The first claim.
pub(super) fn started(execution: &Execution) -> Outbox {
    let facts = json!({ "execution": execution.id, "decision": execution.decision, "kind": execution.kind,
        "verb": execution.action.verb, "engine": execution.engine });
    Outbox::nothing().event(execution.user, event::Name::ExecutionStarted, object(facts))
}

/// An execution that is settled now: its steps, its end, its money, and what the person should know.
pub(crate) fn settled(execution: &Execution, settings: &Settings, now: Timestamp) -> Outbox {
    notice(execution, settings, now).into_iter().fold(ended(execution), Outbox::notify)
}

/// Its steps, its end and its money, for whoever follows along.
pub(super) fn ended(execution: &Execution) -> Outbox {
    let user = execution.user;
    let steps = execution.steps.iter().filter(|step| step.state != StepState::Cancelled);
    let mut outbox = steps.fold(Outbox::nothing(), |outbox, step| {
        let facts = json!({ "execution": execution.id, "ordinal": step.ordinal, "verb": step.action.verb, "state": step.state });
        outbox.event(user, event::Name::ExecutionStep, object(facts))
    });
    let (class, actual) = match &execution.state {
        State::Failed { class, .. } | State::Cancelled { class, .. } => (Some(*class), None),
        State::Succeeded { actual, .. } => (None, *actual),
        State::Planned { .. } | State::Running { .. } | State::Unknown { .. } => (None, None),
    };
    let facts = json!({ "execution": execution.id, "decision": execution.decision, "kind": execution.kind,
        "verb": execution.action.verb, "state": execution.state.phase(), "error_class": class });
    outbox = outbox.event(user, event::Name::ExecutionSettled, object(facts));
    if execution.kind == Kind::Undo {
        let facts =
            json!({ "execution": execution.id, "reverses": execution.reverses, "state": execution.state.phase() });
        outbox = outbox.event(user, event::Name::UndoSettled, object(facts));
    }
    if execution.reserved.is_some() || actual.is_some() {
        outbox = outbox.event(user, event::Name::SpendChanged, object(spend(execution, actual)));
    }
    outbox
}

fn spend(execution: &Execution, actual: Option<Money>) -> Value {
    let currency = actual.or(execution.reserved).map(|money| money.currency);
    json!({ "execution": execution.id, "currency": currency, "state": execution.state.phase(),
        "reserved_cents": execution.reserved.map(|money| money.cents), "actual_cents": actual.map(|money| money.cents) })
}

/// What the person should know: what they agreed to, and whatever did not go as it should. What the twin did on its
/// own and well stands in the feed.
pub(super) fn notice(execution: &Execution, settings: &Settings, now: Timestamp) -> Option<notify::New> {
    let (kind, severity, title, body) = words(execution)?;
    Some(notify::New {
        user: execution.user,
        kind,
        severity,
        title,
        body,
        link: Some(format!("/api/v1/executions/{}", execution.id)),
        dedupe_key: format!("{kind}:{}", execution.id),
        deliver_at: quiet::deliver_at(severity, settings, now),
    })
}

/// Whether there is anything in it that the person should know.
pub(super) fn is_news(execution: &Execution) -> bool {
    words(execution).is_some()
}

/// What kind of notice it makes, how grave, with what title and body.
fn words(execution: &Execution) -> Option<(notify::Kind, Severity, String, String)> {
    let undo = execution.kind == Kind::Undo;
    let what = execution.action.in_words();
    Some(match &execution.state {
        State::Succeeded { .. } if undo => (
            notify::Kind::Executed,
            Severity::Info,
            "Undone".to_owned(),
            format!("What you wanted taken back is undone: {}.", phrases(execution, StepState::Succeeded)),
        ),
        State::Succeeded { .. } if execution.is_consented() => {
            (notify::Kind::Executed, Severity::Info, format!("Done: {what}"), "What you agreed to is done.".to_owned())
        }
        State::Failed { class: ErrorClass::ByPerson, error, .. } => (
            notify::Kind::Failed,
            Severity::Info,
            format!("Called off: {what}"),
            format!("You called it off. {error} {}", extent(execution)),
        ),
        State::Failed { error, .. } | State::Cancelled { class: ErrorClass::Exhausted, why: error, .. } => (
            notify::Kind::Failed,
            Severity::Warning,
            if undo { format!("Could not be undone by: {what}") } else { format!("Did not work: {what}") },
            format!("{error} {}", extent(execution)),
        ),
        State::Unknown { error, .. } => (
            notify::Kind::UnknownOutcome,
            Severity::Critical,
            format!("Nobody can tell whether this happened: {what}"),
            format!(
                "{error} Please look for yourself and say what is true: it happened, it did not, or try again. Any money \
                 reserved stays reserved until then."
            ),
        ),
        State::Cancelled { class: ErrorClass::Denied, why, .. } => {
            (notify::Kind::Refused, Severity::Warning, format!("Not done: {what}"), why.clone())
        }
        // whoever is asked again hears of that from the new approval; who cancelled it knows
        State::Cancelled { .. } | State::Succeeded { .. } | State::Planned { .. } | State::Running { .. } => {
            return None;
        }
    })
}

/// What the steps in this state do, in words.
fn phrases(execution: &Execution, state: StepState) -> String {
    let steps = execution.steps.iter().filter(|step| step.state == state);
    steps.map(|step| catalogue::spec(step.action.verb).phrase).collect::<Vec<_>>().join(", ")
}

/// How much of what failed was done all the same.
fn extent(execution: &Execution) -> String {
    match execution.succeeded_steps().count() {
        0 => "It did not happen.".to_owned(),
        done => {
            let (all, well, badly) = (
                execution.steps.len(),
                phrases(execution, StepState::Succeeded),
                phrases(execution, StepState::Failed),
            );
            format!("{done} of {all} steps were done ({well}); what failed: {badly}.")
        }
    }
}

/// What a completed undo gave back of the cost of what it reversed, if that had any.
pub(super) fn refund(undo: &Execution, reversed: &Execution) -> Outbox {
    let State::Succeeded { actual, .. } = &reversed.state else { return Outbox::nothing() };
    match actual.or(reversed.reserved) {
        Some(cost) if cost.cents > 0 => {
            let facts = json!({ "execution": reversed.id, "refunded_by": undo.id, "currency": cost.currency });
            Outbox::nothing().event(undo.user, event::Name::SpendChanged, object(facts))
        }
        Some(_) | None => Outbox::nothing(),
    }
}

/// Tells that the daily limit is near or reached, once a day each (`domain.md` §12).
pub(super) fn limit(spent: SpendView, settings: &Settings, now: Timestamp) -> Option<notify::New> {
    let limit_cents = settings.autonomy.max_daily_spend_cents?;
    let spent = Money::new(spent.window_cents(), spent.currency);
    let limit = Money::new(limit_cents, spent.currency);
    let (kind, title) = match ledger::nearness(spent, limit_cents) {
        Nearness::Far => return None,
        Nearness::Near => (notify::Kind::LimitNear, "Your daily limit is near"),
        Nearness::Reached => (notify::Kind::LimitReached, "Your daily limit is reached"),
    };
    let day = now.utc().with_timezone(&settings.timezone).date_naive();
    Some(notify::New {
        user: settings.user,
        kind,
        severity: Severity::Warning,
        title: title.to_owned(),
        body: format!("{spent} of {limit} within 24 hours."),
        link: None,
        dedupe_key: format!("{kind}:{day}"),
        deliver_at: quiet::deliver_at(Severity::Warning, settings, now),
    })
}

fn object(value: Value) -> Object {
    match value {
        Value::Object(object) => object,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => Object::new(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use chrono::TimeDelta;
    use domain::{
        execution::{Answer, Carrier, Step, StepEnd, StepReport, Stepped},
        settings::Autonomy,
        tier::TrustTier,
    };

    use super::*;
    use crate::jobs::execute_action::samples::{at, consented, planned};

    const NOW: &str = "09:00:00";

    fn settings() -> Settings {
        Settings {
            user: planned().user,
            timezone: "Europe/Berlin".parse().unwrap(),
            tier: TrustTier::ModerateAutonomy,
            domain_tiers: BTreeMap::new(),
            autonomy: Autonomy { max_daily_spend_cents: Some(1000), ..Autonomy::default() },
            stopped: false,
            revision: 1,
        }
    }

    fn after(execution: Execution, answer: Answer) -> Outbox {
        let (claimed, _) = execution.claim(Carrier::deduping("engine"), |_| Vec::new(), at(NOW));
        settled(&claimed.answered(answer, TimeDelta::zero(), at(NOW)), &settings(), at(NOW))
    }

    fn done() -> Answer {
        Answer::Succeeded { output: Object::new(), actual: None, engine_ref: None }
    }

    fn told(outbox: &Outbox) -> Vec<(notify::Kind, Severity)> {
        outbox.notifications.iter().map(|notice| (notice.kind, notice.severity)).collect()
    }

    fn names(outbox: &Outbox) -> Vec<event::Name> {
        outbox.events.iter().map(|event| event.name).collect()
    }

    #[test]
    fn what_the_person_agreed_to_is_reported_back_and_what_the_twin_did_alone_stands_in_the_feed() {
        assert_eq!(told(&after(consented(at("10:00:00")), done())), [(notify::Kind::Executed, Severity::Info)]);
        let alone = after(planned(), done());
        assert!(told(&alone).is_empty());
        assert_eq!(names(&alone), [event::Name::ExecutionStep, event::Name::ExecutionSettled]);
    }

    #[test]
    fn a_failure_is_always_told_and_an_unknown_outcome_passes_quiet_hours() {
        let failed = after(planned(), Answer::Refused { why: "No such message.".into() });
        assert_eq!(told(&failed), [(notify::Kind::Failed, Severity::Warning)]);
        let unknown = settled(
            &planned().claim(Carrier::deduping("engine"), |_| Vec::new(), at(NOW)).0.abandoned("Gone.".into(), at(NOW)),
            &settings(),
            at(NOW),
        );
        assert_eq!(told(&unknown), [(notify::Kind::UnknownOutcome, Severity::Critical)]);
    }

    #[test]
    fn a_failure_says_how_much_was_done_all_the_same() {
        let step = planned().steps.remove(0);
        let steps = (0..3).map(|ordinal| Step { ordinal, ..step.clone() }).collect();
        let undo = Execution { kind: Kind::Undo, reverses: Some(planned().id), steps, ..planned() };
        let ends = [StepEnd::Succeeded, StepEnd::Failed, StepEnd::Skipped];
        let reports = (0..).zip(ends).map(|(ordinal, end)| StepReport { ordinal, end, output: Object::new() });
        let error = Some("No such message.".to_owned());
        let stepped =
            Stepped { steps: reports.collect(), output: Object::new(), error, actual: None, engine_ref: None };
        let outbox = after(undo, Answer::Stepwise(stepped));
        assert_eq!(told(&outbox), [(notify::Kind::Failed, Severity::Warning)]);
        let body = &outbox.notifications[0].body;
        assert!(
            body.starts_with("No such message. 1 of 3 steps were done") && !body.contains("did not happen"),
            "{body}"
        );
    }

    #[test]
    fn a_refusal_at_dispatch_is_told_and_being_asked_again_is_told_by_the_new_approval() {
        let withdrawn = |class| settled(&planned().cancelled(class, "Why.".into(), at(NOW)), &settings(), at(NOW));
        assert_eq!(told(&withdrawn(ErrorClass::Denied)), [(notify::Kind::Refused, Severity::Warning)]);
        assert!(told(&withdrawn(ErrorClass::AskedAgain)).is_empty());
    }

    #[test]
    fn money_that_moved_is_an_event_of_its_own() {
        let paid = Execution { reserved: Some(Money::usd(500)), ..planned() };
        assert!(names(&after(paid, done())).contains(&event::Name::SpendChanged));
    }

    #[test]
    fn the_daily_limit_is_told_near_and_reached_once_a_day_by_the_persons_calendar() {
        let spent = |cents, time: &str| {
            let view = SpendView { reserved_cents: 0, settled_cents: cents, ..SpendView::default() };
            limit(view, &settings(), time.parse().unwrap()).map(|notice| (notice.kind, notice.dedupe_key))
        };
        assert_eq!(spent(799, "2026-03-02T09:00:00Z"), None);
        let near = spent(800, "2026-03-02T22:59:59Z");
        assert_eq!(near, Some((notify::Kind::LimitNear, "limit_near:2026-03-02".into())));
        assert_eq!(near, spent(999, "2026-03-02T09:00:00Z"));
        assert_eq!(
            spent(1000, "2026-03-02T23:00:00Z"),
            Some((notify::Kind::LimitReached, "limit_reached:2026-03-03".into()))
        );
    }
}
