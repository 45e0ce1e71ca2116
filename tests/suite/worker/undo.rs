//! Undo to its end: what reaches the engine, what it gives back, what is seen of a part, and what it does to trust.

use chrono::TimeDelta;
use domain::{
    decision::Decision,
    execution::{Execution, Phase, StepEnd, StepState},
    feedback::Severity,
    signal::Domain,
    tier::TrustTier,
    undo::{self, Command, Obstacle, Refusal},
};
use store::{decisions, executions, facts, feedback, users};

use super::{
    bench::{Bench, Delivery, Remains},
    far_side::Say,
    ways::{Way, newsletter},
};

impl Bench {
    /// Takes back what a decision did, as the API does.
    async fn undo(&self, of: &Decision, severity: Severity) -> Result<Execution, Refusal> {
        let now = self.now();
        let mut tx = self.state.store.begin().await.unwrap();
        let lock = tx.lock(self.user).await.unwrap();
        let decision = decisions::get(&mut tx, self.user, of.id).await.unwrap();
        let executions = executions::of_decision(&mut tx, self.user, of.id).await.unwrap();
        let facts = facts::load(&mut tx, &lock, now).await.unwrap();
        let command = Command { reason: "No.".into(), severity, preferred_alternative: None };
        let planned = undo::plan(&executions, &decision.context, &facts, command)?;
        executions::insert(&mut tx, &lock, &planned.execution, now).await.unwrap();
        feedback::insert(&mut tx, &lock, &planned.feedback).await.unwrap();
        tx.commit(planned.outbox, now).await.unwrap();
        Ok(planned.execution)
    }

    /// A mail the twin archived.
    async fn archived(&mut self) -> Decision {
        let signal = self.post("email", "email_received", newsletter()).await;
        self.rest().await;
        self.decision(signal).await
    }

    async fn seen(&self, execution: &Execution) -> Execution {
        executions::get(&self.state.store, self.user, execution.id).await.unwrap()
    }
}

#[tokio::test]
async fn what_was_archived_goes_back_to_the_inbox_once_under_a_key_of_its_own() {
    for delivery in [Delivery::Once, Delivery::Twice, Delivery::Together] {
        let mut bench = Way::Auto.bench().await;
        let decision = bench.archived().await;
        bench.delivery = delivery;
        let undo = bench.undo(&decision, Severity::Minor).await.unwrap();
        bench.rest().await;
        let sent = bench.engine.request(undo.id);
        assert_eq!((&sent["key"], &sent["action"]["verb"]), (&undo.id.to_string().into(), &"move_to_inbox".into()));
        assert_eq!(bench.engine.effects().into_values().collect::<Vec<_>>(), [1, 1], "{delivery:?}");
        assert_eq!(bench.seen(&undo).await.state.phase(), Phase::Succeeded);
        assert_eq!(bench.undo(&decision, Severity::Minor).await.unwrap_err().obstacle, Obstacle::Undone);
        assert_eq!(bench.notices().await, ["executed"]);
        bench.finish().await;
    }
}

#[tokio::test]
async fn an_undo_survives_the_death_of_its_worker_anywhere() {
    for point in ["execute.after_claim", "execute.after_send", "execute.before_settle_commit", "execute.after_settle"] {
        for remains in [Remains::Rescued, Remains::Lost] {
            let mut bench = Way::Auto.bench().await;
            let decision = bench.archived().await;
            bench.remains = remains;
            bench.crash_at(point);
            let undo = bench.undo(&decision, Severity::Minor).await.unwrap();
            bench.finish().await;
            assert!(bench.has_crashed(), "{point}");
            assert_eq!(bench.seen(&undo).await.state.phase(), Phase::Succeeded, "{point} {remains:?}");
            assert_eq!(bench.engine.effects().get(&undo.id), Some(&1), "{point} {remains:?}");
        }
    }
}

#[tokio::test]
async fn a_completed_undo_of_a_payment_gives_the_money_back_once_and_a_failed_one_nothing() {
    let mut bench = Way::Asked.bench().await;
    let signal = Way::Asked.begin(&bench).await;
    bench.rest().await;
    Way::Asked.answer(&bench, signal).await;
    bench.engine.will([Say::DoneFor(2299), Say::Fail]);
    bench.rest().await;
    let decision = bench.decision(signal).await;
    assert_eq!(bench.ledger().await.last(), Some(&("settle".to_owned(), 2299)));

    let failed = bench.undo(&decision, Severity::Moderate).await.unwrap();
    bench.rest().await;
    assert_eq!(bench.seen(&failed).await.state.phase(), Phase::Failed);
    assert_eq!(bench.ledger().await.len(), 2, "nothing was given back");
    assert!(bench.notices().await.contains(&"failed".to_owned()), "the person is told");

    let undone = bench.undo(&decision, Severity::Moderate).await.unwrap();
    assert_ne!(undone.id, failed.id);
    bench.rest().await;
    assert_eq!(bench.seen(&undone).await.state.phase(), Phase::Succeeded);
    assert_eq!(bench.ledger().await[2..], [("refund".to_owned(), 2299)]);
    let spent = store::ledger::view(&bench.state.store, bench.user, "USD".parse().unwrap(), bench.now(), None).await;
    assert_eq!(spent.unwrap().unwrap().window_cents(), 0);
    let answers: i64 = bench.read("SELECT count(*) FROM feedback WHERE kind = 'undo'").await;
    assert_eq!(answers, 1, "learned from once, however often it is tried");
    let told: i64 =
        bench.read("SELECT count(*) FROM events WHERE name = 'spend.changed' AND facts ? 'refunded_by'").await;
    assert_eq!(told, 1);
    assert_eq!(bench.undo(&decision, Severity::Moderate).await.unwrap_err().obstacle, Obstacle::Undone);
    bench.finish().await;
}

#[tokio::test]
async fn an_hour_after_a_payment_it_is_too_late() {
    let mut bench = Way::Asked.bench().await;
    let signal = Way::Asked.begin(&bench).await;
    bench.rest().await;
    Way::Asked.answer(&bench, signal).await;
    bench.rest().await;
    bench.pass(TimeDelta::hours(1));
    let decision = bench.decision(signal).await;
    assert_eq!(bench.undo(&decision, Severity::Minor).await.unwrap_err().obstacle, Obstacle::TooLate);
    bench.finish().await;
}

#[tokio::test]
async fn where_the_second_of_three_steps_fails_each_is_seen_the_person_is_told_and_only_the_rest_is_tried_again() {
    let mut bench = Way::Auto.bench().await;
    let decision = bench.archived().await;
    bench
        .write("INSERT INTO execution_steps (execution_id, ordinal, action, state) SELECT execution_id, n, action, state FROM execution_steps, generate_series(1, 2) n")
        .await;
    bench.engine.will([Say::Steps(&[StepEnd::Succeeded, StepEnd::Failed, StepEnd::Skipped])]);
    let undo = bench.undo(&decision, Severity::Minor).await.unwrap();
    bench.rest().await;
    let seen = bench.seen(&undo).await;
    let states: Vec<_> = seen.steps.iter().map(|step| step.state).collect();
    assert_eq!(states, [StepState::Succeeded, StepState::Failed, StepState::Cancelled]);
    assert_eq!(seen.state.phase(), Phase::Failed);
    let body: String = bench.read("SELECT body FROM notifications WHERE kind = 'failed'").await;
    assert!(body.starts_with("The label is gone. 1 of 3 steps were done"), "{body}");

    let rest = bench.undo(&decision, Severity::Minor).await.unwrap();
    assert_eq!(rest.steps.len(), 2, "what is back is not moved again");
    bench.engine.will([Say::Steps(&[StepEnd::Succeeded, StepEnd::Succeeded])]);
    bench.rest().await;
    assert_eq!(bench.seen(&rest).await.state.phase(), Phase::Succeeded);
    assert_eq!(bench.undo(&decision, Severity::Minor).await.unwrap_err().obstacle, Obstacle::Undone);
    bench.finish().await;
}

#[tokio::test]
async fn a_critical_undo_takes_the_domains_trust_away_and_a_minor_one_does_not() {
    for (severity, tier) in [(Severity::Minor, TrustTier::ModerateAutonomy), (Severity::Critical, TrustTier::Observer)]
    {
        let mut bench = Way::Auto.bench().await;
        let decision = bench.archived().await;
        let undo = bench.undo(&decision, severity).await.unwrap();
        bench.rest().await;
        let settings = users::settings(&bench.state.store, bench.user).await.unwrap();
        assert_eq!(settings.tier_in(Domain::Email), tier, "{severity}");
        assert_eq!(bench.seen(&undo).await.state.phase(), Phase::Succeeded, "lost trust stops no undo");
        bench.finish().await;
    }
}

#[tokio::test]
async fn a_stopped_twin_keeps_an_undo_until_it_is_resumed() {
    let mut bench = Way::Auto.bench().await;
    let decision = bench.archived().await;
    let undo = bench.undo(&decision, Severity::Minor).await.unwrap();
    bench.stop(true).await;
    bench.drain().await;
    assert_eq!((bench.engine.sends(), bench.seen(&undo).await.state.phase()), (1, Phase::Planned));
    bench.stop(false).await;
    bench.finish().await;
    assert_eq!(bench.seen(&undo).await.state.phase(), Phase::Succeeded);
}
