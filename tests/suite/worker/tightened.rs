//! What tightens between a signal and its dispatch, where money is set aside: a tier that drops, quiet hours, and the
//! stop switch of the whole system.

use chrono::TimeDelta;
use chrono_tz::{America::New_York, Asia::Tokyo, Europe::Berlin, Tz};
use domain::{
    decision::Outcome,
    execution::{ErrorClass, Phase, State},
    id::{DecisionId, PreferenceId},
    outbox::Outbox,
    policy::Rule,
    settings::Autonomy,
    signal::{Domain, SituationKind},
    tier::{Confidence, TrustTier},
    time::Timestamp,
    twin::{Preference, Source},
};
use serde_json::{Value, json};
use store::{notifications, system, users};

use super::{
    bench::{Bench, limits},
    ways::{Way, newsletter},
};

fn milk() -> Value {
    json!({ "items": ["milk"], "costCents": 900 })
}

/// An order that the twin may place alone: decided, its money set aside, and not yet sent.
async fn ordered() -> (Bench, DecisionId) {
    let autonomy = Autonomy { require_approval_for_irreversible: false, ..limits() };
    let staples = Preference {
        id: PreferenceId::new(uuid::Uuid::from_u128(1)),
        domain: Domain::Shopping,
        key: "auto_reorder_staples".into(),
        value: true.into(),
        confidence: Confidence::High,
        source: Source::Explicit,
        evidence_count: 1,
    };
    let mut bench = Bench::of(TrustTier::ModerateAutonomy, autonomy, &[staples]).await;
    let signal = bench.post("shopping", "grocery_reorder", milk()).await;
    bench.step().await;
    let decision = bench.decision(signal).await;
    assert_eq!((decision.outcome, bench.ledger().await), (Outcome::Auto, vec![("reserve".to_owned(), 900)]));
    (bench, decision.id)
}

impl Bench {
    async fn system_stop(&self, stopped: bool) {
        let now = self.now();
        let mut tx = self.state.store.begin().await.unwrap();
        system::set_stopped(&mut tx, stopped, now).await.unwrap();
        tx.commit(Outbox::nothing(), now).await.unwrap();
    }

    /// What became of the first execution, and why.
    async fn ended(&self, decision: DecisionId) -> (ErrorClass, String) {
        match self.executions(decision).await.remove(0).state {
            State::Cancelled { class, why, .. } => (class, why),
            other => panic!("not cancelled: {other:?}"),
        }
    }

    /// Kinds of what the person has been told by `now`.
    async fn told(&self, now: Timestamp) -> Vec<String> {
        let page = notifications::list(&self.state.store, self.user, false, None, 50, now).await.unwrap();
        page.items.into_iter().map(|one| one.kind.to_string()).collect()
    }
}

#[tokio::test]
async fn an_orders_own_reservation_does_not_stand_in_its_way_and_what_is_above_the_limit_does() {
    for (limit, sends) in [(900, 1), (899, 0)] {
        let (mut bench, _) = ordered().await;
        bench.allow(|autonomy| autonomy.max_daily_spend_cents = Some(limit)).await;
        bench.rest().await;
        assert_eq!(bench.engine.sends(), sends, "with a daily limit of {limit}");
    }
}

#[tokio::test]
async fn an_order_on_its_way_becomes_a_question_when_the_tier_drops_and_its_money_is_free() {
    let (mut bench, decision) = ordered().await;
    bench.trust(TrustTier::Suggest).await;
    bench.rest().await;
    let (class, why) = bench.ended(decision).await;
    assert_eq!(class, ErrorClass::AskedAgain);
    assert!(why.contains("At tier suggest in shopping"), "{why}");
    assert_eq!(bench.ledger().await, [("reserve".to_owned(), 900), ("release".to_owned(), 0)]);
    assert_eq!((bench.engine.sends(), bench.told(bench.now()).await), (0, vec!["approval_requested".to_owned()]));

    let approval = bench.approvals(decision).await.remove(0);
    assert!(approval.reasons.iter().any(|reason| reason.rule == Rule::TierRisk), "{approval:?}");
    assert_eq!(approval.digest, bench.executions(decision).await[0].digest, "asked about exactly what was planned");
    bench.pass(TimeDelta::minutes(1));
    bench.approve(approval.id).await.unwrap();
    bench.finish().await;
    let phases: Vec<_> = bench.executions(decision).await.iter().map(|one| one.state.phase()).collect();
    assert_eq!(phases, [Phase::Cancelled, Phase::Succeeded]);
    assert_eq!(bench.ledger().await.last(), Some(&("settle".to_owned(), 900)), "paid once, by the person's word");
}

#[tokio::test]
async fn an_order_on_its_way_is_blocked_when_the_tier_drops_to_observer_and_its_money_is_free() {
    let (mut bench, decision) = ordered().await;
    bench.trust(TrustTier::Observer).await;
    bench.rest().await;
    let (class, why) = bench.ended(decision).await;
    assert_eq!(class, ErrorClass::Denied);
    assert!(why.contains("the twin only watches"), "{why}");
    assert_eq!(bench.ledger().await, [("reserve".to_owned(), 900), ("release".to_owned(), 0)]);
    assert!(bench.approvals(decision).await.is_empty(), "an observer is not asked to agree");
    let told: String = bench.read("SELECT body FROM notifications WHERE kind = 'refused'").await;
    assert!(told.contains("the twin only watches"), "the person is told why: {told}");
    let next = bench.post("shopping", "grocery_reorder", milk()).await;
    bench.finish().await;
    assert_eq!(bench.decision(next).await.outcome, Outcome::Block);
    assert_eq!(bench.engine.sends(), 0);
}

#[tokio::test]
async fn the_systems_stop_switch_parks_everything_with_its_money_and_lets_it_go_on() {
    let (mut bench, decision) = ordered().await;
    bench.system_stop(true).await;
    let second = bench.post("shopping", "grocery_reorder", milk()).await;
    for _ in 0..10 {
        bench.drain().await;
        bench.pass(TimeDelta::minutes(1));
        bench.sweep().await;
    }
    assert!(bench.is_undecided(second).await);
    assert_eq!(bench.executions(decision).await[0].state.phase(), Phase::Planned);
    assert_eq!((bench.engine.sends(), bench.ledger().await), (0, vec![("reserve".to_owned(), 900)]), "money stays");
    bench.system_stop(false).await;
    bench.finish().await;
    assert_eq!(bench.decision(second).await.outcome, Outcome::Auto);
    assert_eq!(bench.engine.effects().into_values().collect::<Vec<_>>(), [1, 1]);
}

/// A person of this zone with quiet nights.
async fn sleeper(beside: &Bench, zone: Tz) -> Bench {
    let bench = Way::Auto.again(beside).await;
    let now = bench.now();
    let quiet = serde_json::from_value(json!({ "start": "22:00", "end": "07:00" })).unwrap();
    let mut tx = bench.state.store.begin().await.unwrap();
    let lock = tx.lock(bench.user).await.unwrap();
    let autonomy = Autonomy { quiet_hours: Some(quiet), ..limits() };
    users::set_autonomy(&mut tx, &lock, &autonomy, zone, None, now).await.unwrap();
    tx.commit(Outbox::nothing(), now).await.unwrap();
    bench
}

#[tokio::test]
async fn at_night_what_would_run_is_asked_and_told_in_the_morning_also_when_the_clocks_change() {
    let mut bench = Way::Auto.bench().await;
    // In order of time: the clock of a bench only goes forward.
    for (zone, night, morning) in [
        (New_York, "2026-03-08T05:00:00Z", "2026-03-08T11:00:00Z"),
        (Tokyo, "2026-03-15T14:00:00Z", "2026-03-15T22:00:00Z"),
        (Berlin, "2026-03-28T23:00:00Z", "2026-03-29T05:00:00Z"),
        (Berlin, "2026-10-24T22:00:00Z", "2026-10-25T06:00:00Z"),
        (New_York, "2026-11-01T04:00:00Z", "2026-11-01T12:00:00Z"),
    ] {
        let (night, morning): (Timestamp, Timestamp) = (night.parse().unwrap(), morning.parse().unwrap());
        bench.pass(night.since(bench.now()));
        bench = sleeper(&bench, zone).await;
        let letter = bench.post("email", "email_received", newsletter()).await;
        let smoke =
            bench.post("smart_home", "smoke_alarm", json!({ "device": "kitchen", "smokeDetected": true })).await;
        bench.drain().await;
        let asked = bench.decision(letter).await;
        assert_eq!(asked.outcome, Outcome::Ask, "{zone} {night}: {asked:#?}");
        assert_eq!(asked.explanation.rules, [Rule::QuietHours], "{zone} {night}");
        let approval = bench.approvals(asked.id).await.remove(0);
        assert_eq!(approval.expires_at, morning.plus(TimeDelta::hours(24)), "{zone}: the morning, and its day");

        let alarm = bench.decision(smoke).await;
        assert_eq!((alarm.context.situation, alarm.outcome), (SituationKind::SmartHome, Outcome::Alert));
        for still in [night, morning.minus(TimeDelta::microseconds(1))] {
            let told = bench.told(still).await;
            assert!(told.contains(&"alert".to_owned()), "{zone}: a danger wakes: {told:?}");
            assert!(!told.contains(&"approval_requested".to_owned()), "{zone}: the rest waits: {told:?}");
        }
        assert!(bench.told(morning).await.contains(&"approval_requested".to_owned()), "{zone}: until the morning");

        bench.pass(morning.since(bench.now()));
        let letter = bench.post("email", "email_received", newsletter()).await;
        bench.drain().await;
        assert_eq!(bench.decision(letter).await.outcome, Outcome::Auto, "{zone}: by day it runs again");
        bench.finish().await;
    }
}
