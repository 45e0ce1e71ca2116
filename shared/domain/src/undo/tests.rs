//! Undo: what is offered for how long, what is refused and why, and that it happens once.

use chrono::TimeDelta;
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::{
    action::Verb,
    execution::{Answer, Carrier, ErrorClass, Step},
    fixtures::{action, context, facts, id, with},
    signal::Domain,
};

fn now() -> Timestamp {
    facts().now
}

fn run(execution: Execution, answer: Answer) -> Execution {
    execution.claim(Carrier::deduping("engine"), |_| Vec::new(), now()).0.answered(answer, TimeDelta::seconds(1), now())
}

fn yes() -> Answer {
    Answer::Succeeded { output: Object::new(), actual: None, engine_ref: None }
}

fn no() -> Answer {
    Answer::Failed { error: "no".into(), engine_ref: None }
}

/// Planned, of the person's own will, with these steps.
fn planned(actions: &[Action]) -> Execution {
    let archive = action(Verb::ArchiveEmail);
    let review = policy::review(&archive, &risk::assess(&archive, &context()), &context(), &facts(), Moment::Decide);
    let warrant = Warrant::auto(review.permit.unwrap()).unwrap();
    let planned = Execution::plan(id(1), id(2), id(3), archive, &warrant, None, now()).unwrap();
    let step = |(ordinal, action): (u16, &Action)| Step {
        ordinal,
        action: action.clone(),
        state: StepState::Pending,
        output: None,
    };
    Execution { action: actions[0].clone(), steps: (0..).zip(actions).map(step).collect(), ..planned }
}

fn done(actions: &[Action]) -> Execution {
    run(planned(actions), yes())
}

fn archived() -> Action {
    with(Verb::ArchiveEmail, &json!({ "message_id": "m-1" }))
}

fn labelled() -> Action {
    with(Verb::LabelEmail, &json!({ "message_id": "m-1", "label": "news" }))
}

fn command() -> Command {
    Command { reason: "I read these.".into(), severity: Severity::Moderate, preferred_alternative: None }
}

fn undo(executions: &[Execution]) -> Result<Planned, Refusal> {
    plan(executions, &context(), &facts(), command())
}

fn obstacle<T: std::fmt::Debug>(refused: Result<T, Refusal>) -> Obstacle {
    refused.unwrap_err().obstacle
}

/// Everything a compensation may need.
fn anything(verb: Verb) -> Action {
    let parameters = catalogue::spec(verb).parameters.iter().map(|parameter| {
        let value = match parameter.shape {
            catalogue::Shape::List => json!(["x"]),
            catalogue::Shape::Number | catalogue::Shape::Cents => json!(5),
            catalogue::Shape::Flag => json!(true),
            catalogue::Shape::Currency => json!("USD"),
            catalogue::Shape::Id | catalogue::Shape::Text | catalogue::Shape::Any => json!("x"),
        };
        (parameter.name.to_owned(), value)
    });
    Action { parameters: parameters.collect(), ..action(verb) }
}

#[test]
fn the_window_is_thirty_seconds_for_mail_five_minutes_in_the_calendar_an_hour_for_money_and_a_day_for_files() {
    let windows = [
        (Verb::DeleteEmail, TimeDelta::seconds(30)),
        (Verb::AcceptInvite, TimeDelta::minutes(5)),
        (Verb::PayBill, TimeDelta::hours(1)),
        (Verb::RenewSubscription, TimeDelta::hours(1)),
        (Verb::DeleteDocument, TimeDelta::hours(24)),
        (Verb::CompleteTask, TimeDelta::hours(24)),
    ];
    for (verb, window) in windows {
        let done = [done(&[anything(verb)])];
        let end = now().plus(window);
        assert_eq!(offer(&done, end.minus(TimeDelta::microseconds(1))).unwrap().until, Some(end), "{verb}");
        assert_eq!(obstacle(offer(&done, end)), Obstacle::TooLate, "{verb}");
    }
}

#[test]
fn what_can_always_be_taken_back_has_no_deadline() {
    let done = [done(&[archived()])];
    let offer = offer(&done, now().plus(TimeDelta::days(400))).unwrap();
    assert_eq!((offer.until, offer.sentence()), (None, "This will move the mail back to the inbox.".into()));
}

#[test]
fn the_steps_are_the_compensations_of_what_was_done_in_reverse() {
    let undo = undo(&[done(&[labelled(), archived()])]).unwrap();
    let verbs: Vec<_> = undo.execution.steps.iter().map(|step| (step.ordinal, step.action.verb)).collect();
    assert_eq!(verbs, [(0, Verb::MoveToInbox), (1, Verb::UnlabelEmail)]);
    assert_eq!(undo.execution.steps[1].action.parameters, labelled().parameters);
    assert_eq!((undo.execution.kind, undo.execution.reverses), (Kind::Undo, Some(id(1))));
    assert!(undo.execution.reserved.is_none() && undo.execution.is_consented());
    assert_eq!(undo.feedback.kind, feedback::Kind::Undo);
    assert_eq!((undo.feedback.verb, undo.feedback.domain), (Some(Verb::LabelEmail), Domain::Email));
}

#[test]
fn the_shortest_window_of_several_steps_counts_and_one_without_a_way_back_is_enough() {
    let [accepted, deleted] = [Verb::AcceptInvite, Verb::DeleteEmail].map(anything);
    let both = [done(&[archived(), accepted, deleted])];
    assert_eq!(offer(&both, now()).unwrap().until, Some(now().plus(catalogue::MAIL_GRACE)));
    let published = [done(&[archived(), anything(Verb::PublishPost)])];
    assert_eq!(obstacle(offer(&published, now())), Obstacle::Irreversible);
}

#[test]
fn only_what_was_done_for_certain_can_be_undone() {
    assert_eq!(obstacle(undo(&[])), Obstacle::NotExecuted);
    assert_eq!(obstacle(undo(&[run(planned(&[archived()]), no())])), Obstacle::NotExecuted);
    let cancelled = planned(&[archived()]).cancelled(ErrorClass::Denied, "no".into(), now());
    assert_eq!(obstacle(undo(&[cancelled])), Obstacle::NotExecuted);
    assert_eq!(obstacle(undo(&[planned(&[archived()])])), Obstacle::NotSettled);
    let running = planned(&[archived()]).claim(Carrier::deduping("engine"), |_| Vec::new(), now()).0;
    assert_eq!(obstacle(undo(std::slice::from_ref(&running))), Obstacle::NotSettled);
    assert_eq!(obstacle(undo(&[running.abandoned("gone".into(), now())])), Obstacle::NotSettled);
}

#[test]
fn what_is_undone_or_being_undone_is_not_undone_again() {
    let done = done(&[archived()]);
    let first = undo(std::slice::from_ref(&done)).unwrap().execution;
    let again = |undone: Execution| obstacle(undo(&[done.clone(), undone]));
    assert_eq!(again(first.clone()), Obstacle::BeingUndone);
    assert_eq!(again(run(first.clone(), yes())), Obstacle::Undone);
    let lost = first.claim(Carrier::deduping("engine"), |_| Vec::new(), now()).0.abandoned("gone".into(), now());
    assert_eq!(again(lost), Obstacle::UndoInDoubt);
}

#[test]
fn an_undo_that_failed_is_tried_again_under_another_key_and_learned_from_once() {
    let done = done(&[archived()]);
    let first = undo(std::slice::from_ref(&done)).unwrap();
    let second = undo(&[done, run(first.execution.clone(), no())]).unwrap();
    assert_ne!(first.execution.id, second.execution.id);
    assert_eq!(first.execution.steps, second.execution.steps);
    assert_eq!(first.feedback.id, second.feedback.id);
}

#[test]
fn a_stopped_twin_undoes_nothing_and_no_other_rule_is_in_the_way() {
    let done = [done(&[archived()])];
    let mut facts = facts();
    facts.settings.autonomy.blocked_domains.push(Domain::Email);
    facts.settings.tier = crate::tier::TrustTier::Observer;
    assert!(plan(&done, &context(), &facts, command()).is_ok());
    facts.settings.stopped = true;
    assert_eq!(obstacle(plan(&done, &context(), &facts, command())), Obstacle::Stopped);
}

#[test]
fn a_permit_to_take_back_is_none_to_act_and_the_other_way_round() {
    let action = archived();
    let permit = |moment| {
        policy::review(&action, &risk::assess(&action, &context()), &context(), &facts(), moment).permit.unwrap()
    };
    assert_eq!(Warrant::auto(permit(Moment::Undo)), Err(NoWarrant::OtherPurpose));
    assert_eq!(Warrant::commanded(permit(Moment::Decide)), Err(NoWarrant::OtherPurpose));
    let commanded = Warrant::commanded(permit(Moment::Undo)).unwrap();
    let plan = |warrant| Execution::plan(id(1), id(2), id(3), action.clone(), warrant, None, now());
    assert_eq!(plan(&commanded).unwrap_err(), NoWarrant::OtherPurpose);
    let reversed =
        |action: &Action, warrant| done(&[archived()]).reversed(id(9), vec![(action.clone(), warrant)], now());
    assert_eq!(reversed(&labelled(), commanded.clone()).unwrap_err(), NoWarrant::OtherAction);
    let auto = Warrant::auto(permit(Moment::Decide)).unwrap();
    assert_eq!(reversed(&action, auto).unwrap_err(), NoWarrant::OtherPurpose);
    assert!(reversed(&action, commanded).is_ok());
}

proptest! {
    #[test]
    fn an_offer_ends_exactly_when_the_catalogue_says(verb in proptest::sample::select(Verb::ALL), seconds in 0_i64..200_000) {
        let done = [done(&[anything(verb)])];
        let after = TimeDelta::seconds(seconds);
        let got = offer(&done, now().plus(after));
        let row = catalogue::spec(verb);
        match row.reversibility {
            Reversibility::Full if row.compensation.is_none() => prop_assert_eq!(obstacle(got), Obstacle::Irreversible),
            Reversibility::No => prop_assert_eq!(obstacle(got), Obstacle::Irreversible),
            Reversibility::Full => prop_assert!(got.is_ok_and(|offer| offer.until.is_none())),
            Reversibility::Window(grace) if after < grace => prop_assert!(got.is_ok()),
            Reversibility::Window(_) => prop_assert_eq!(obstacle(got), Obstacle::TooLate),
        }
    }

    #[test]
    fn partial_undos_one_after_the_other_take_every_step_back_exactly_once(rounds in prop::collection::vec(prop::collection::vec(any::<bool>(), 3), 1..6)) {
        use crate::execution::{StepEnd, StepReport, Stepped};
        let mut executions = vec![done(&[labelled(), archived(), anything(Verb::CreateNote)])];
        let mut taken_back = Vec::new();
        for round in rounds {
            let Ok(planned) = undo(&executions) else { break };
            let steps: Vec<_> = planned.execution.steps.iter().zip(&round).map(|(step, works)| StepReport {
                ordinal: step.ordinal,
                end: if *works { StepEnd::Succeeded } else { StepEnd::Failed },
                output: Object::new(),
            }).collect();
            let told = Stepped { steps, output: Object::new(), error: None, actual: None, engine_ref: None };
            let over = run(planned.execution, Answer::Stepwise(told));
            taken_back.extend(over.succeeded_steps().map(|step| step.action.verb));
            executions.push(over);
        }
        let unique: std::collections::BTreeSet<_> = taken_back.iter().map(|verb| verb.as_str()).collect();
        prop_assert_eq!(unique.len(), taken_back.len());
        let over = executions.last().is_some_and(|last| last.kind == Kind::Undo && last.state.phase() == Phase::Succeeded);
        prop_assert_eq!(over, taken_back.len() == 3);
    }
}

#[test]
fn what_they_would_rather_have_had_is_a_verb_only_where_it_is_plainly_one_of_the_same_domain() {
    let rather = |words: &str| {
        let command = Command { preferred_alternative: Some(words.into()), ..command() };
        let planned = plan(&[done(&[archived()])], &context(), &facts(), command).unwrap();
        assert_eq!(planned.feedback.comment.as_deref(), Some(format!("I read these. Rather: {words}").as_str()));
        planned.rather
    };
    for plain in ["label_email", "Label them", "please label the mail"] {
        assert_eq!(rather(plain), Some(Verb::LabelEmail), "{plain}");
    }
    for unclear in [
        "never label them",
        "ask before you label",
        "label or delete them",
        "label the ones from Bob",
        "labels are better than folders",
        "archive_email",
        "pay_bill",
        "pay the bill",
        "mail",
        "",
    ] {
        assert_eq!(rather(unclear), None, "{unclear}");
    }
}
