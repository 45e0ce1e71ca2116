//! Things of a person, written the way the worker writes them, so that a test begins where it gets interesting.

use std::collections::BTreeSet;

use domain::{
    account::{self, Account},
    action::{Action, Verb},
    approval::{Approval, Kind},
    catalogue,
    channel::{self, Channel, Delivery},
    decision::{Candidate, Decision, Outcome},
    execution::{self, Execution},
    explain::Explanation,
    facts::{Context, Facts},
    id::{
        AccountId, ApprovalId, ChannelId, DecisionId, DeliveryId, ExecutionId, HookId, NotificationId, PolicyId,
        PreferenceId, SessionId, SignalId, TokenId, TriggerId, UserId,
    },
    learning::Held,
    notify::Severity,
    outbox::Outbox,
    policy::{self, Moment, Policy, Trigger, When},
    risk,
    signal::{Domain, Object, Signal, SituationKind, Urgency},
    tier::Confidence,
    time::Timestamp,
    twin::{Preference, Source},
};
use serde_json::{Value, json};
use store::{
    accounts, approvals, channels, decisions, deliveries, executions,
    hooks::{self, Hook},
    learning::{self, Moved},
    notifications, policies,
    sessions::{self, Grant, Session},
    signals, tokens,
};
use uuid::Uuid;

use super::Door;

/// Stands in everything a person owns, so that it is seen where it should not be.
pub(super) const MARK: &str = "zebra-crossing";

/// What one signal led to.
pub(super) struct Planted {
    pub(super) signal: SignalId,
    pub(super) decision: DecisionId,
    /// Where there was something to ask.
    pub(super) approval: ApprovalId,
}

/// An action, as a situation would draft it.
pub(super) fn action(verb: Verb, domain: Domain, parameters: &Value) -> Action {
    let parameters = parameters.as_object().unwrap().clone();
    let cost = catalogue::cost_of(verb, &parameters);
    Action { verb, domain, parameters, cost }
}

pub(super) fn archive() -> Action {
    action(Verb::ArchiveEmail, Domain::Email, &json!({ "message_id": MARK }))
}

pub(super) fn label(label: &str) -> Action {
    action(Verb::LabelEmail, Domain::Email, &json!({ "message_id": MARK, "label": label }))
}

/// An order of so many cents; of an unknown cost without them.
pub(super) fn order(cents: Option<i64>) -> Action {
    let mut parameters = json!({ "items": ["milk"], "vendor": MARK });
    if let Some(cents) = cents {
        parameters["cost_cents"] = cents.into();
    }
    action(Verb::PlaceOrder, Domain::Shopping, &parameters)
}

fn candidate(ordinal: usize, action: Action, context: &Context, facts: &Facts) -> Candidate {
    let risk = risk::assess(&action, context);
    let verdict = policy::review(&action, &risk, context, facts, Moment::Decide).verdict;
    Candidate {
        ordinal: ordinal.try_into().unwrap(),
        summary: format!("{} {MARK}", action.verb),
        action,
        confidence: context.confidence,
        support: Vec::new(),
        score: 0,
        risk,
        missing: Vec::new(),
        verdict,
    }
}

/// A signal that was decided with these candidates: asked about, or refused.
pub(super) async fn decided(door: &Door, user: UserId, outcome: Outcome, actions: Vec<Action>) -> Planted {
    let now = door.world.now();
    let domain = actions[0].domain;
    let signal = Signal {
        id: door.world.entropy.id(now),
        user,
        source: "test".into(),
        kind: "note".into(),
        external_id: None,
        occurred_at: None,
        received_at: now,
        urgency: None,
        domain: Some(domain),
        payload: json!({ "subject": MARK }).as_object().unwrap().clone(),
    };
    let context = Context {
        situation: SituationKind::EmailTriage,
        urgency: Urgency::Medium,
        flags: BTreeSet::new(),
        confidence: Confidence::High,
        sender: Some(format!("{MARK}@example.org")),
        stated_preference: false,
        supported: false,
    };
    let mut tx = door.store.begin().await.unwrap();
    let lock = tx.lock(user).await.unwrap();
    let identity = signals::Identity::External(signal.id.to_string());
    signals::accept(&mut tx, &lock, &signal, identity, now).await.unwrap();
    let facts = store::facts::load(&mut tx, &lock, now).await.unwrap();
    let candidates: Vec<_> =
        actions.into_iter().enumerate().map(|(n, action)| candidate(n, action, &context, &facts)).collect();
    let decision = Decision {
        id: signal.id.child("decision"),
        user,
        signal: signal.id,
        domain,
        tier: facts.settings.tier_in(domain),
        context,
        outcome,
        chosen: (outcome != Outcome::Block).then_some(0),
        candidates,
        explanation: Explanation {
            headline: format!("About {MARK}"),
            understood: "A note.".into(),
            why: vec!["Because.".into()],
            rules: vec![policy::Rule::TierRisk],
            next: "Answer.".into(),
        },
        decided_at: now,
    };
    assert!(decisions::insert(&mut tx, &lock, &decision).await.unwrap());
    let mut outbox = Outbox::nothing();
    if let Some(chosen) = decision.chosen() {
        let (approval, follows) = Approval::open(Kind::Ask, &decision, chosen, &facts);
        approvals::insert(&mut tx, &lock, &approval).await.unwrap();
        outbox = follows;
    }
    tx.commit(outbox, now).await.unwrap();
    Planted { signal: signal.id, decision: decision.id, approval: decision.id.child("approval") }
}

/// A decision of which the twin did this, and it is over.
pub(super) async fn acted(door: &Door, user: UserId, action: Action) -> Planted {
    let planted = agreed(door, user, action).await.0;
    let yes = execution::Answer::Succeeded { output: Object::new(), actual: None, engine_ref: None };
    went(door, user, planted.decision, |claimed, now| claimed.answered(yes, chrono::TimeDelta::zero(), now)).await;
    planted
}

/// What the person agreed to and nobody can tell of whether it happened.
pub(super) async fn in_question(door: &Door, user: UserId, action: Action) -> ExecutionId {
    let (planted, id) = agreed(door, user, action).await;
    went(door, user, planted.decision, |claimed, now| claimed.abandoned("The engine fell silent.".into(), now)).await;
    id
}

/// What the person agreed to and the engine has, as it says.
pub(super) async fn under_way(door: &Door, user: UserId, action: Action) -> ExecutionId {
    let (planted, id) = agreed(door, user, action).await;
    let working = execution::Answer::Working { engine_ref: "resp_1".into(), look_after: None };
    went(door, user, planted.decision, |claimed, now| claimed.answered(working, chrono::TimeDelta::minutes(1), now))
        .await;
    id
}

/// What the person agreed to, and was not sent yet.
pub(super) async fn agreed(door: &Door, user: UserId, action: Action) -> (Planted, ExecutionId) {
    let planted = decided(door, user, Outcome::Ask, vec![action]).await;
    let now = door.world.now();
    let mut tx = door.store.begin().await.unwrap();
    let lock = tx.lock(user).await.unwrap();
    let facts = store::facts::load(&mut tx, &lock, now).await.unwrap();
    let decision = decisions::get(&mut tx, user, planted.decision).await.unwrap();
    let approval = approvals::load(&mut tx, &lock, planted.approval).await.unwrap();
    let yes = domain::approval::Answer::Approve { terms: domain::approval::Terms::default() };
    let answered = approval.answer(yes, &decision.context, &facts).unwrap();
    approvals::save(&mut tx, &lock, &answered.approval).await.unwrap();
    let execution = answered.execution.unwrap();
    executions::insert(&mut tx, &lock, &execution, now).await.unwrap();
    tx.commit(Outbox::nothing(), now).await.unwrap();
    (planted, execution.id)
}

/// One attempt at the only execution of a decision.
async fn went(door: &Door, user: UserId, decision: DecisionId, end: impl FnOnce(Execution, Timestamp) -> Execution) {
    let now = door.world.now();
    let mut tx = door.store.begin().await.unwrap();
    let lock = tx.lock(user).await.unwrap();
    let execution = executions::of_decision(&mut tx, user, decision).await.unwrap().remove(0);
    let (claimed, _) = execution.claim(execution::Carrier::deduping("engine"), |_| b"bytes".to_vec(), now);
    executions::claim(&mut tx, &lock, &claimed).await.unwrap();
    executions::settle(&mut tx, &lock, &end(claimed, now), now).await.unwrap();
    tx.commit(Outbox::nothing(), now).await.unwrap();
}

/// One of everything.
pub(super) struct Seeded {
    pub(super) user: UserId,
    pub(super) signal: SignalId,
    pub(super) decision: DecisionId,
    /// A decision of which something was done.
    pub(super) undoable: DecisionId,
    /// A decision that was refused.
    pub(super) refused: DecisionId,
    pub(super) approval: ApprovalId,
    pub(super) other_approval: ApprovalId,
    pub(super) execution: ExecutionId,
    /// An execution that nobody knows the end of.
    pub(super) in_question: ExecutionId,
    pub(super) notification: NotificationId,
    /// The key of a preference in mail.
    pub(super) preference: String,
    /// A policy of theirs.
    pub(super) policy: PolicyId,
    /// A trigger of theirs.
    pub(super) trigger: TriggerId,
    /// A token of theirs that nobody uses.
    pub(super) token: TokenId,
    /// A browser of theirs that is signed in.
    pub(super) session: SessionId,
    /// Connected.
    pub(super) account: AccountId,
    /// A door of theirs.
    pub(super) hook: HookId,
    pub(super) channel: ChannelId,
    pub(super) delivery: DeliveryId,
}

impl Seeded {
    /// Of nobody, for looking at paths only.
    pub(super) fn nobody() -> Self {
        let nil = Uuid::nil();
        Self {
            user: UserId::new(nil),
            signal: SignalId::new(nil),
            decision: DecisionId::new(nil),
            undoable: DecisionId::new(nil),
            refused: DecisionId::new(nil),
            approval: ApprovalId::new(nil),
            other_approval: ApprovalId::new(nil),
            execution: ExecutionId::new(nil),
            in_question: ExecutionId::new(nil),
            notification: NotificationId::new(nil),
            preference: "none".into(),
            policy: PolicyId::new(nil),
            trigger: TriggerId::new(nil),
            token: TokenId::new(nil),
            session: SessionId::new(nil),
            account: AccountId::new(nil),
            hook: HookId::new(nil),
            channel: ChannelId::new(nil),
            delivery: DeliveryId::new(nil),
        }
    }

    /// Everything of this person's.
    pub(super) async fn plant(door: &Door, user: UserId) -> Self {
        let asked = decided(door, user, Outcome::Ask, vec![archive()]).await;
        let other = decided(door, user, Outcome::Ask, vec![label("a"), archive()]).await;
        let done = decided(door, user, Outcome::Ask, vec![label("b")]).await;
        let refused = decided(door, user, Outcome::Block, vec![archive()]).await;
        let undoable = acted(door, user, archive()).await;
        let in_question = in_question(door, user, archive()).await;
        let (now, entropy) = (door.world.now(), &door.world.entropy);

        let mut tx = door.store.begin().await.unwrap();
        let lock = tx.lock(user).await.unwrap();
        let facts = store::facts::load(&mut tx, &lock, now).await.unwrap();
        let decision = decisions::get(&mut tx, user, done.decision).await.unwrap();
        let approval = approvals::load(&mut tx, &lock, done.approval).await.unwrap();
        let yes = domain::approval::Answer::Approve { terms: domain::approval::Terms::default() };
        let answered = approval.answer(yes, &decision.context, &facts).unwrap();
        let execution = answered.execution.unwrap();
        approvals::save(&mut tx, &lock, &answered.approval).await.unwrap();
        executions::insert(&mut tx, &lock, &execution, now).await.unwrap();
        let preference = Preference {
            id: PreferenceId::new(entropy.uuid(now)),
            domain: Domain::Email,
            key: MARK.replace('-', "_"),
            value: json!(MARK),
            confidence: Confidence::Confirmed,
            source: Source::Explicit,
            evidence_count: 1,
        };
        let held = Held::new(preference.clone(), Confidence::Confirmed.half_steps());
        let moved = [Moved { before: None, after: Some(held) }];
        let taught = learning::write(&mut tx, &lock, &moved, "stated", now).await.unwrap();
        let policy = Policy {
            id: PolicyId::new(entropy.uuid(now)),
            name: MARK.into(),
            description: MARK.into(),
            domain: None,
            priority: 0,
            enabled: false,
            rules: Vec::new(),
        };
        policies::create(&mut tx, &lock, policy.id, &policy, now).await.unwrap();
        let trigger = Trigger { id: TriggerId::new(entropy.uuid(now)), enabled: false, when: When::NovelSituation };
        policies::create(&mut tx, &lock, trigger.id, &trigger, now).await.unwrap();
        let who = account::Identity { subject: MARK.into(), label: Some(MARK.into()) };
        let granted = account::Granted { life: None, scopes: None };
        let (account, connected) = Account::connect(user.child("account"), user, "google".into(), who, granted, 0, now);
        accounts::connect(&mut tx, &lock, &account).await.unwrap();
        let hook = Hook { id: user.child("hook"), user, name: MARK.into(), source: MARK.into(), created_at: now };
        hooks::insert(&mut tx, &lock, &hook).await.unwrap();
        let channel = Channel {
            id: user.child("channel"),
            user,
            kind: channel::Kind::Webhook,
            name: MARK.into(),
            address: format!("https://{MARK}.example/"),
            minimum_severity: Severity::Critical,
            enabled: true,
            failing_since: None,
            trouble: None,
            old_secret_until: None,
            revision: 1,
            created_at: now,
            updated_at: now,
        };
        channels::save(&mut tx, &lock, &channel).await.unwrap();
        let told = vec![NotificationId::new(entropy.uuid(now))];
        let (delivery, _) = Delivery::plan(&channel, "planted", told, now);
        let dead = channel::State::Dead { at: now };
        let delivery = Delivery { state: dead, error: Some(MARK.into()), ..delivery };
        deliveries::save(&mut tx, &lock, &delivery).await.unwrap();
        tx.commit(answered.outbox.and(taught).and(connected), now).await.unwrap();

        let minted = api::token::mint(entropy, Some(user), MARK, now);
        let mut tx = door.store.begin().await.unwrap();
        tokens::insert(&mut tx, &minted.token, &minted.hash).await.unwrap();
        let session = Session {
            id: entropy.id(now),
            grant: Grant { user: Some(user), scopes: minted.token.scopes, token: Some(minted.token.id) },
            agent: MARK.into(),
            created_at: now,
            seen_at: now,
            expires_at: now.plus(chrono::TimeDelta::days(7)),
        };
        sessions::open(&mut tx, &session, &entropy.bytes()).await.unwrap();
        tx.commit(Outbox::nothing(), now).await.unwrap();

        let told = notifications::list(&door.store, user, false, None, 10, now).await.unwrap();
        Self {
            user,
            signal: asked.signal,
            decision: asked.decision,
            undoable: undoable.decision,
            refused: refused.decision,
            approval: asked.approval,
            other_approval: other.approval,
            execution: execution.id,
            in_question,
            notification: told.items.first().expect("asking tells").id,
            preference: preference.key,
            policy: policy.id,
            trigger: trigger.id,
            token: minted.token.id,
            session: session.id,
            account: account.id,
            hook: hook.id,
            channel: channel.id,
            delivery: delivery.id,
        }
    }

    /// Every id, as it would be seen.
    pub(super) fn ids(&self) -> Vec<String> {
        vec![
            self.signal.to_string(),
            self.decision.to_string(),
            self.refused.to_string(),
            self.approval.to_string(),
            self.execution.to_string(),
            self.in_question.to_string(),
            self.notification.to_string(),
            self.policy.to_string(),
            self.trigger.to_string(),
            self.token.to_string(),
            self.session.to_string(),
            self.account.to_string(),
            self.hook.to_string(),
            self.channel.to_string(),
            self.delivery.to_string(),
        ]
    }
}
