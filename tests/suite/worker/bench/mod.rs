//! One person, one engine, and everything the API would do for them.
//!
//! `by_hand.rs` runs the jobs, exactly as often as the test says; `seen.rs` looks at what came of it.

mod by_hand;
mod seen;

use std::sync::Arc;

use chrono::TimeDelta;
use domain::{
    approval::{Answer, Answered, Refusal, Terms},
    event,
    id::{ApprovalId, SignalId, UserId},
    job::Job,
    outbox::Outbox,
    settings::Autonomy,
    signal::{Object, Signal},
    tier::TrustTier,
    time::Timestamp,
    twin::Preference,
};
use runtime::{Faults, Secret, clock::Hand, faults::Armed};
use serde_json::Value;
use sqlx::PgPool;
use store::{approvals, decisions, executions, facts, feedback, preferences, signals, users};
use tests::{Database, World};
use worker::{Pace, State, ports::Identity, sweep::Sweep};

use super::far_side::FarSide;
pub(super) use seen::End;

/// How each job reaches the worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Delivery {
    /// Once.
    Once,
    /// And once more when it is through.
    Twice,
    /// To two workers at the same time.
    Together,
}

/// What happens to a job whose run crashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Remains {
    /// The queue rescues it.
    Rescued,
    /// It is lost; only the row knows.
    Lost,
}

/// The bench.
pub(super) struct Bench {
    pub(super) pool: PgPool,
    pub(super) state: State,
    pub(super) engine: Arc<FarSide>,
    pub(super) user: UserId,
    pub(super) delivery: Delivery,
    pub(super) remains: Remains,
    /// Loses jobs before they run: of this many, one.
    pub(super) loses_one_in: Option<u64>,
    /// Empties the queue once so many jobs were run.
    pub(super) wipe_after: Option<u32>,
    armed: Option<Armed>,
    runs: u32,
    dice: u64,
    sweep: Sweep,
    hand: Option<Hand>,
    database: Option<Arc<Database>>,
}

/// Whom an engine takes us for that doesn't ask.
pub(super) fn nobody() -> Identity {
    Identity::shared(Secret::new("nobody"))
}

/// The limits most tests use.
pub(super) fn limits() -> Autonomy {
    Autonomy { max_spend_per_action_cents: Some(10_000), max_daily_spend_cents: Some(50_000), ..Autonomy::default() }
}

impl Bench {
    /// A person at moderate autonomy.
    pub(super) async fn new() -> Self {
        Self::of(TrustTier::ModerateAutonomy, limits(), &[]).await
    }

    /// A person with these settings and preferences.
    pub(super) async fn of(tier: TrustTier, autonomy: Autonomy, preferred: &[Preference]) -> Self {
        let World { database, store, clock, hand, entropy, faults, .. } = World::new().await;
        let engine = Arc::new(FarSide::default());
        let state = State {
            store,
            engine: engine.clone(),
            google: None,
            identity: nobody(),
            vault: None,
            outgoing: worker::adapters::outgoing::Outgoing::default(),
            providers: oauth::Providers::default(),
            clock,
            entropy,
            faults,
            pace: Pace::default(),
            keep: runtime::Retention::default(),
        };
        Self::with(state, engine, tier, autonomy, preferred).await.owning(database, hand)
    }

    /// The same on a database and a clock of somebody else's.
    pub(super) async fn with(
        state: State,
        engine: Arc<FarSide>,
        tier: TrustTier,
        autonomy: Autonomy,
        preferred: &[Preference],
    ) -> Self {
        let now = state.clock.now();
        let user = state.entropy.id(now);
        let new = users::NewUser { id: user, name: "Ada".into(), email: None, timezone: utc(), tier, autonomy };
        let mut tx = state.store.begin().await.unwrap();
        users::create(&mut tx, &new, now).await.unwrap();
        let lock = tx.lock(user).await.unwrap();
        for preference in preferred {
            let own = Preference { id: user.child(&preference.key), ..preference.clone() };
            preferences::put(&mut tx, &lock, &own, now).await.unwrap();
        }
        tx.commit(Outbox::nothing(), now).await.unwrap();
        Self {
            pool: state.store.pool().clone(),
            state,
            engine,
            user,
            hand: None,
            delivery: Delivery::Once,
            remains: Remains::Rescued,
            loses_one_in: None,
            wipe_after: None,
            armed: None,
            runs: 0,
            dice: 0,
            sweep: Sweep::default(),
            database: None,
        }
    }

    fn owning(self, database: Database, hand: Hand) -> Self {
        Self { hand: Some(hand), database: Some(Arc::new(database)), ..self }
    }

    /// Another person with another engine on this bench's database and clock, once this one is at rest: much cheaper
    /// than a new bench.
    pub(super) async fn again(&self, tier: TrustTier, autonomy: Autonomy, preferred: &[Preference]) -> Self {
        let engine = Arc::new(FarSide::default());
        let state = State { engine: engine.clone(), faults: Faults::some(), ..self.state.clone() };
        let bench = Self::with(state, engine, tier, autonomy, preferred).await;
        Self { hand: self.hand.clone(), database: self.database.clone(), ..bench }
    }

    /// The time on this bench's clock.
    pub(super) fn now(&self) -> Timestamp {
        self.state.clock.now()
    }

    /// Lets time pass; the machine's clock passes by itself.
    pub(super) fn pass(&self, by: TimeDelta) {
        if let Some(hand) = &self.hand {
            hand.advance(by);
        }
    }

    /// Accepts a signal as the API does.
    pub(super) async fn post(&self, source: &str, kind: &str, payload: Value) -> SignalId {
        let now = self.now();
        let id: SignalId = self.state.entropy.id(now);
        let signal = Signal {
            id,
            user: self.user,
            source: source.into(),
            kind: kind.into(),
            external_id: Some(id.to_string()),
            occurred_at: None,
            received_at: now,
            urgency: None,
            domain: None,
            payload: payload.as_object().cloned().unwrap_or_default(),
        };
        let mut tx = self.state.store.begin().await.unwrap();
        let lock = tx.lock(self.user).await.unwrap();
        signals::accept(&mut tx, &lock, &signal, signals::Identity::External(id.to_string()), now).await.unwrap();
        let outbox = Outbox::nothing().ring(Job::EvaluateSignal { signal: id }, format!("{id}:0")).event(
            self.user,
            event::Name::SignalReceived,
            Object::new(),
        );
        tx.commit(outbox, now).await.unwrap();
        id
    }

    /// Answers an approval as the API does.
    pub(super) async fn answer(&self, id: ApprovalId, answer: Answer) -> Result<(), Refusal> {
        let now = self.now();
        let mut tx = self.state.store.begin().await.unwrap();
        let lock = tx.lock(self.user).await.unwrap();
        let approval = approvals::load(&mut tx, &lock, id).await.unwrap();
        let decision = decisions::get(&mut tx, self.user, approval.decision).await.unwrap();
        let facts = facts::load(&mut tx, &lock, now).await.unwrap();
        let Answered { approval, execution, feedback, outbox, overridden: _ } =
            approval.answer(answer, &decision.context, &facts)?;
        approvals::save(&mut tx, &lock, &approval).await.unwrap();
        if let Some(execution) = &execution {
            executions::insert(&mut tx, &lock, execution, now).await.unwrap();
        }
        feedback::insert(&mut tx, &lock, &feedback).await.unwrap();
        tx.commit(outbox, now).await.unwrap();
        Ok(())
    }

    /// Says yes.
    pub(super) async fn approve(&self, id: ApprovalId) -> Result<(), Refusal> {
        self.answer(id, Answer::Approve { terms: Terms::default() }).await
    }

    /// Changes what the person allows.
    pub(super) async fn allow(&self, change: impl FnOnce(&mut Autonomy)) {
        let now = self.now();
        let mut tx = self.state.store.begin().await.unwrap();
        let lock = tx.lock(self.user).await.unwrap();
        let mut autonomy = users::settings(&mut tx, self.user).await.unwrap().autonomy;
        change(&mut autonomy);
        users::set_autonomy(&mut tx, &lock, &autonomy, utc(), None, now).await.unwrap();
        tx.commit(Outbox::nothing(), now).await.unwrap();
    }

    /// Sets the overall tier.
    pub(super) async fn trust(&self, tier: TrustTier) {
        let now = self.now();
        let mut tx = self.state.store.begin().await.unwrap();
        let lock = tx.lock(self.user).await.unwrap();
        users::set_tier(&mut tx, &lock, None, tier, "a test", &Object::new(), now).await.unwrap();
        tx.commit(Outbox::nothing(), now).await.unwrap();
    }

    /// Turns the person's stop switch.
    pub(super) async fn stop(&self, stopped: bool) {
        let now = self.now();
        let mut tx = self.state.store.begin().await.unwrap();
        let lock = tx.lock(self.user).await.unwrap();
        users::set_stopped(&mut tx, &lock, stopped, now).await.unwrap();
        tx.commit(Outbox::nothing(), now).await.unwrap();
    }
}

fn utc<Z: std::str::FromStr>() -> Z {
    "UTC".parse().unwrap_or_else(|_| panic!("UTC is a zone"))
}
