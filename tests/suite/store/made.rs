//! Values for these tests: a person, and a signal, decision, approval and execution of theirs, each with every field filled.

use ::store::{
    Store, Tx, UserLock, approvals, decisions, executions,
    signals::{self, Accepted, Identity},
    users::{self, NewUser},
};
use chrono::TimeDelta;
use domain::{
    action::{Action, Cost, Verb},
    approval::{self, Alternative, Approval},
    decision::{Candidate, Decision, Outcome, Support},
    digest::Digest,
    execution::{self, Execution, Step, StepState},
    explain::Explanation,
    facts::Context,
    flags::Flag,
    id::{Id, UserId},
    money::Money,
    outbox::Outbox,
    policy::{Effect, Reason, Rule, Verdict},
    risk::{Dimension, Rating, Risk, RiskTier},
    settings::Autonomy,
    signal::{Domain, Object, Signal, SituationKind, Urgency},
    tier::{Confidence, TrustTier},
    time::Timestamp,
};
use serde_json::json;
use sqlx::{AssertSqlSafe, PgPool};
use tests::World;

pub(super) fn object(value: serde_json::Value) -> Object {
    value.as_object().cloned().expect("an object")
}

/// A person with limits of $100 an action and $500 a day.
pub(super) async fn user(world: &World) -> UserId {
    let new = new_user(world);
    let mut tx = world.store.begin().await.unwrap();
    users::create(&mut tx, &new, world.now()).await.unwrap();
    tx.commit(Outbox::nothing(), world.now()).await.unwrap();
    new.id
}

pub(super) fn new_user(world: &World) -> NewUser {
    NewUser {
        id: world.entropy.id(world.now()),
        name: "Ada".into(),
        email: Some("ada@example.org".into()),
        timezone: "Europe/Vienna".parse().unwrap(),
        tier: TrustTier::ModerateAutonomy,
        autonomy: Autonomy {
            max_spend_per_action_cents: Some(10_000),
            max_daily_spend_cents: Some(50_000),
            blocked_domains: vec![Domain::Health],
            quiet_hours: Some(serde_json::from_value(json!({ "start": "22:00", "end": "07:30" })).unwrap()),
            ..Autonomy::default()
        },
    }
}

pub(super) fn signal(world: &World, user: UserId) -> Signal {
    let now = world.now();
    Signal {
        id: world.entropy.id(now),
        user,
        source: "billing".into(),
        kind: "invoice_due".into(),
        external_id: Some("inv-1".into()),
        occurred_at: Some(now.minus(TimeDelta::minutes(3))),
        received_at: now,
        urgency: Some(Urgency::High),
        domain: Some(Domain::Finance),
        payload: object(json!({ "amount": 12.5, "payee": "City Power", "deep": { "list": [1, null, "ü"] } })),
    }
}

pub(super) fn action() -> Action {
    Action {
        verb: Verb::PayBill,
        domain: Domain::Finance,
        parameters: object(json!({ "bill_id": "b-7", "payee": " City Power ", "note": "März" })),
        cost: Cost::of(Money::usd(1000)),
    }
}

pub(super) fn risk() -> Risk {
    let ratings = Dimension::ALL
        .iter()
        .map(|dimension| Rating {
            dimension: *dimension,
            tier: RiskTier::Low,
            score_hundredths: 25,
            reason: format!("{dimension} is fine"),
        })
        .collect();
    Risk { overall: RiskTier::Low, ratings }
}

fn reasons() -> Vec<Reason> {
    let numbers = object(json!({ "cost_cents": 1000, "limit_cents": 10000 }));
    vec![
        Reason { rule: Rule::TierRisk, effect: Effect::Allow, text: "in order".into(), numbers: Object::new() },
        Reason { rule: Rule::ActionLimit, effect: Effect::RequireApproval, text: "near the limit".into(), numbers },
    ]
}

pub(super) fn decision(signal: &Signal, now: Timestamp) -> Decision {
    let verdict = Verdict {
        effect: Effect::RequireApproval,
        reasons: reasons(),
        policy_hash: Digest::of(&"policies"),
        revision: 3,
        at: now,
    };
    let candidate = |ordinal: u16, verb: Verb, missing: &[&str]| Candidate {
        ordinal,
        action: Action { verb, ..action() },
        summary: format!("{verb} for City Power"),
        confidence: Confidence::High,
        support: vec![Support {
            preference: Id::new(signal.id.uuid()),
            key: "auto_pay".into(),
            confidence: Confidence::Confirmed,
            speaks_for: true,
            stated: true,
        }],
        score: 41 - i64::from(ordinal),
        risk: risk(),
        missing: missing.iter().map(|&name| name.to_owned()).collect(),
        verdict: verdict.clone(),
    };
    Decision {
        id: signal.id.child("decision"),
        user: signal.user,
        signal: signal.id,
        domain: Domain::Finance,
        context: Context {
            situation: SituationKind::FinanceOperation,
            urgency: Urgency::High,
            flags: [Flag::PriceAnomaly, Flag::Foreign].into(),
            confidence: Confidence::High,
            sender: Some("billing@example.org".into()),
            stated_preference: true,
            supported: true,
        },
        tier: TrustTier::ModerateAutonomy,
        outcome: Outcome::Ask,
        candidates: vec![
            candidate(0, Verb::PayBill, &[]),
            candidate(1, Verb::CreateNote, &["text", "title"]),
            candidate(2, Verb::ArchiveEmail, &["message_id"]),
        ],
        chosen: Some(0),
        explanation: Explanation {
            headline: "Your word is needed to pay City Power".into(),
            understood: "a bill".into(),
            why: vec!["It is near your limit.".into()],
            rules: vec![Rule::ActionLimit],
            next: "Approve or reject it.".into(),
        },
        decided_at: now,
    }
}

pub(super) fn approval(decision: &Decision, now: Timestamp) -> Approval {
    Approval {
        id: decision.id.child("approval"),
        user: decision.user,
        decision: decision.id,
        kind: approval::Kind::Ask,
        action: action(),
        digest: action().digest(),
        summary: "Pay City Power".into(),
        risk: risk(),
        reasons: reasons(),
        policy_hash: Digest::of(&"policies"),
        alternatives: vec![Alternative { ordinal: 1, action: action(), summary: "Note it".into() }],
        urgency: Urgency::High,
        expires_at: now.plus(TimeDelta::hours(1)),
        remind_at: Some(now.plus(TimeDelta::minutes(48))),
        reminded: false,
        created_at: now,
        updated_at: now,
        state: approval::State::Pending,
    }
}

/// A planned payment of 1000 cents that the twin decided on alone.
pub(super) fn execution(decision: &Decision, now: Timestamp) -> Execution {
    let step = |ordinal| Step { ordinal, action: action(), state: StepState::Pending, output: None };
    Execution {
        id: decision.id.child("execution"),
        user: decision.user,
        decision: decision.id,
        approval: None,
        kind: execution::Kind::Act,
        reverses: None,
        retry_of: None,
        action: action(),
        digest: action().digest(),
        permitted_revision: 3,
        reserved: Some(Money::usd(1000)),
        max_cost_cents: Some(1500),
        steps: vec![step(0), step(1)],
        engine: None,
        engine_ref: None,
        request: None,
        attempt: 0,
        sends: 0,
        in_doubt_since: None,
        cancel_asked: None,
        consent_until: None,
        created_at: now,
        updated_at: now,
        state: execution::State::Planned { due: now },
    }
}

/// Runs `work` under the user's lock and commits.
pub(super) async fn change<T>(
    world: &World,
    user: UserId,
    work: impl AsyncFnOnce(&mut Tx, &UserLock) -> ::store::Result<T>,
) -> ::store::Result<T> {
    change_in(&world.store, user, world.now(), work).await
}

pub(super) async fn change_in<T>(
    store: &Store,
    user: UserId,
    now: Timestamp,
    work: impl AsyncFnOnce(&mut Tx, &UserLock) -> ::store::Result<T>,
) -> ::store::Result<T> {
    let mut tx = store.begin().await?;
    let lock = tx.lock(user).await?;
    let done = work(&mut tx, &lock).await?;
    tx.commit(Outbox::nothing(), now).await?;
    Ok(done)
}

/// Opens all of the pool's connections, so that what follows at once is at once.
pub(super) async fn warm(world: &World) {
    futures::future::join_all((0..10).map(|_| world.pool.acquire())).await;
}

/// A new signal, stored.
pub(super) async fn stored_signal(world: &World, user: UserId) -> Signal {
    let signal = Signal { external_id: None, ..signal(world, user) };
    let identity = Identity::Key(signal.id.to_string());
    let accepted =
        change(world, user, async |tx, lock| signals::accept(tx, lock, &signal, identity, world.now()).await).await;
    assert_eq!(accepted.unwrap(), Accepted::New(signal.id));
    signal
}

/// A new signal and its decision, stored.
pub(super) async fn stored_decision(world: &World, user: UserId) -> Decision {
    let decision = decision(&stored_signal(world, user).await, world.now());
    assert!(change(world, user, async |tx, lock| decisions::insert(tx, lock, &decision).await).await.unwrap());
    decision
}

/// The same with a pending approval.
pub(super) async fn stored_approval(world: &World, user: UserId) -> Approval {
    let approval = approval(&stored_decision(world, user).await, world.now());
    change(world, user, async |tx, lock| approvals::insert(tx, lock, &approval).await).await.unwrap();
    approval
}

/// The same with a planned execution.
pub(super) async fn stored_execution(world: &World, user: UserId) -> Execution {
    let execution = execution(&stored_decision(world, user).await, world.now());
    change(world, user, async |tx, lock| executions::insert(tx, lock, &execution, world.now()).await).await.unwrap();
    execution
}

/// A claimed execution, stored.
pub(super) async fn claimed_execution(world: &World, user: UserId) -> Execution {
    claim(world, stored_execution(world, user).await).await.unwrap()
}

pub(super) async fn claim(world: &World, execution: Execution) -> ::store::Result<Execution> {
    let (claimed, _) =
        execution.claim(execution::Carrier::deduping("engine"), |_| b"the very bytes".to_vec(), world.now());
    change(world, claimed.user, async |tx, lock| executions::claim(tx, lock, &claimed).await).await?;
    Ok(claimed)
}

pub(super) async fn settle(world: &World, execution: &Execution) -> ::store::Result<()> {
    change(world, execution.user, async |tx, lock| executions::settle(tx, lock, execution, world.now()).await).await
}

/// The engine's plain yes.
pub(super) fn done(actual: Option<Money>) -> execution::Answer {
    execution::Answer::Succeeded {
        output: object(json!({ "receipt": "r-1" })),
        actual,
        engine_ref: Some("eng-1".into()),
    }
}

/// Does to the database what our code never would.
pub(super) async fn sql(pool: &PgPool, statement: impl Into<String>) -> Result<u64, sqlx::Error> {
    sqlx::query(AssertSqlSafe(statement.into())).execute(pool).await.map(|done| done.rows_affected())
}

/// A count.
pub(super) async fn count(pool: &PgPool, from: &str) -> i64 {
    sqlx::query_scalar(AssertSqlSafe(format!("SELECT count(*) FROM {from}"))).fetch_one(pool).await.unwrap()
}
