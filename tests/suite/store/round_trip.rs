//! What was written reads back equal: every domain type, in every state.

use ::store::{approvals, decisions, events, executions, feedback, notifications, preferences, signals, users};
use chrono::TimeDelta;
use domain::{
    approval::{Answer, Approval, ResolvedBy, State as Answered, Terms},
    decision::{Decision, Outcome},
    event,
    execution::{Answer as Word, ErrorClass, Execution, Kind, State, StepState},
    feedback::{Feedback, Severity},
    id::Id,
    job::{Chore, Job},
    money::Money,
    notify,
    outbox::Outbox,
    signal::{Domain, Object, Signal, SituationKind, Urgency},
    tier::{Confidence, TrustTier},
    twin::{Preference, Source},
};
use serde_json::json;
use tests::World;

use super::made;

#[tokio::test]
async fn signals_read_back_equal_full_and_bare() {
    let world = World::new().await;
    let user = made::user(&world).await;
    let full = made::signal(&world, user);
    let bare = Signal {
        external_id: None,
        occurred_at: None,
        urgency: None,
        domain: None,
        payload: Object::new(),
        ..made::signal(&world, user)
    };
    for signal in [full, bare] {
        made::change(&world, user, async |tx, lock| {
            signals::accept(tx, lock, &signal, signals::Identity::Content, world.now()).await
        })
        .await
        .unwrap();
        let row = signals::get(&world.store, user, signal.id).await.unwrap();
        assert_eq!((row.signal, row.state, row.decision), (signal, signals::State::Accepted, None));
    }
}

#[tokio::test]
async fn decisions_read_back_equal_in_every_outcome_and_vocabulary() {
    type Shape = Box<dyn Fn(&mut Decision)>;
    let world = World::new().await;
    let user = made::user(&world).await;
    let mut shapes: Vec<Shape> = Vec::new();
    for outcome in Outcome::ALL {
        shapes.push(Box::new(|decision| decision.outcome = *outcome));
    }
    for domain in Domain::ALL {
        shapes.push(Box::new(|decision| decision.domain = *domain));
    }
    for situation in SituationKind::ALL {
        shapes.push(Box::new(|decision| decision.context.situation = *situation));
    }
    for urgency in Urgency::ALL {
        shapes.push(Box::new(|decision| decision.context.urgency = *urgency));
    }
    for tier in TrustTier::ALL {
        shapes.push(Box::new(|decision| decision.tier = *tier));
    }
    shapes.push(Box::new(|decision| {
        (decision.outcome, decision.chosen, decision.context.sender) = (Outcome::Inform, None, None);
        decision.candidates.clear();
    }));
    for shape in shapes {
        let mut decision = made::decision(&made::stored_signal(&world, user).await, world.now());
        shape(&mut decision);
        made::change(&world, user, async |tx, lock| decisions::insert(tx, lock, &decision).await).await.unwrap();
        assert_eq!(decisions::get(&world.store, user, decision.id).await.unwrap(), decision);
        assert_eq!(decisions::of_signal(&world.store, user, decision.signal).await.unwrap(), Some(decision));
    }
}

#[tokio::test]
async fn approvals_read_back_equal_in_every_state() {
    let world = World::new().await;
    let user = made::user(&world).await;
    let now = world.now();
    let terms = Terms { override_daily_limit: true, reason: Some("rent".into()), max_cost_cents: Some(900) };
    let states = |approval: &Approval| {
        let execution = approval.id.child("execution");
        let approved = |answer| Answered::Approved { at: now, answer, execution };
        vec![
            approved(Answer::Approve { terms: terms.clone() }),
            approved(Answer::Edit { parameters: made::object(json!({ "payee": "other" })), terms: Terms::default() }),
            approved(Answer::Choose { ordinal: 1, terms: Terms::default() }),
            Answered::Rejected { at: now, by: ResolvedBy::Person, reasons: Vec::new() },
            Answered::Rejected { at: now, by: ResolvedBy::Policy, reasons: vec!["blocked".into(), "observer".into()] },
            Answered::Expired { at: approval.expires_at },
            Answered::Cancelled { at: now, why: "not needed".into() },
        ]
    };
    let some = made::approval(&made::decision(&made::signal(&world, user), now), now);
    for index in 0..states(&some).len() {
        let decision = made::stored_decision(&world, user).await;
        let mut approval = made::approval(&decision, now);
        if index % 2 == 0 {
            (approval.kind, approval.remind_at) = (domain::approval::Kind::Suggest, None);
        }
        made::change(&world, user, async |tx, lock| approvals::insert(tx, lock, &approval).await).await.unwrap();
        assert_eq!(approvals::get(&world.store, user, approval.id).await.unwrap(), approval);
        let resolved = Approval {
            state: states(&approval).swap_remove(index),
            updated_at: now.plus(TimeDelta::seconds(1)),
            ..approval
        };
        made::change(&world, user, async |tx, lock| {
            if let Answered::Approved { execution, .. } = resolved.state {
                let planned = Execution {
                    id: execution,
                    approval: Some(resolved.id),
                    consent_until: Some(now.plus(TimeDelta::hours(24))),
                    ..made::execution(&decision, now)
                };
                executions::insert(tx, lock, &planned, now).await?;
            }
            approvals::save(tx, lock, &resolved).await
        })
        .await
        .unwrap();
        assert_eq!(approvals::get(&world.store, user, resolved.id).await.unwrap(), resolved);
    }
}

#[tokio::test]
async fn executions_read_back_equal_in_every_state() {
    let world = World::new().await;
    let user = made::user(&world).await;
    let now = world.now();
    let euros = Money::new(-7, "EUR".parse().unwrap());
    let answers = [
        made::done(Some(Money::usd(980))),
        made::done(Some(euros)),
        made::done(None),
        Word::Failed { error: "the engine says no".into(), engine_ref: Some("eng-2".into()) },
        Word::Refused { why: "closed".into() },
        Word::Working { engine_ref: "eng-3".into(), look_after: Some(TimeDelta::seconds(9)) },
        Word::NotTaken { retry_after: None, why: "busy".into() },
        Word::InDoubt { retry_after: None, why: "silence".into() },
    ];
    for answer in answers {
        let planned = made::stored_execution(&world, user).await;
        assert_eq!(executions::get(&world.store, user, planned.id).await.unwrap(), planned);
        let claimed = made::claim(&world, planned).await.unwrap();
        assert_eq!(executions::get(&world.store, user, claimed.id).await.unwrap(), claimed);
        let answered = claimed.answered(answer, TimeDelta::seconds(4), now);
        made::settle(&world, &answered).await.unwrap();
        assert_eq!(executions::get(&world.store, user, answered.id).await.unwrap(), answered);
    }
    let running = made::claimed_execution(&world, user).await;
    let mut unknown = Execution { state: State::Unknown { at: now, error: "nobody knows".into() }, ..running };
    unknown.steps[0].state = StepState::Succeeded;
    unknown.steps[0].output = Some(made::object(json!({ "half": true })));
    unknown.steps[1].state = StepState::Unknown;
    made::settle(&world, &unknown).await.unwrap();
    assert_eq!(executions::get(&world.store, user, unknown.id).await.unwrap(), unknown);

    let cancelled =
        made::stored_execution(&world, user).await.cancelled(ErrorClass::ConsentLapsed, "too late".into(), now);
    made::settle(&world, &cancelled).await.unwrap();
    assert_eq!(executions::get(&world.store, user, cancelled.id).await.unwrap(), cancelled);

    let bare = Execution {
        id: unknown.id.child("undo"),
        kind: Kind::Undo,
        reverses: Some(unknown.id),
        retry_of: Some(cancelled.id),
        reserved: None,
        max_cost_cents: None,
        steps: Vec::new(),
        consent_until: Some(now),
        ..made::execution(&decisions::get(&world.store, user, unknown.decision).await.unwrap(), now)
    };
    made::change(&world, user, async |tx, lock| executions::insert(tx, lock, &bare, now).await).await.unwrap();
    assert_eq!(executions::get(&world.store, user, bare.id).await.unwrap(), bare);
}

#[tokio::test]
async fn people_preferences_feedback_notifications_events_and_jobs_read_back_equal() {
    let world = World::new().await;
    let now = world.now();
    let new = made::new_user(&world);
    let mut tx = world.store.begin().await.unwrap();
    users::create(&mut tx, &new, now).await.unwrap();
    let jobs = [
        Job::EvaluateSignal { signal: new.id.child("a") },
        Job::ExecuteAction { execution: new.id.child("b") },
        Job::ExpireApproval { approval: new.id.child("c") },
        Job::RefreshToken { account: new.id.child("d") },
        Job::EvaluateTrust { user: new.id },
        Job::Housekeep { chore: Chore::Prune },
    ];
    let facts = made::object(json!({ "a": 1, "b": [true, null] }));
    let outbox = jobs.into_iter().fold(Outbox::nothing(), |outbox, job| outbox.ring(job, "k"));
    let outbox = event::Name::ALL.iter().fold(outbox, |outbox, name| outbox.event(new.id, *name, facts.clone()));
    let notice = |kind: notify::Kind| notify::New {
        user: new.id,
        kind,
        severity: notify::Severity::Critical,
        title: "title".into(),
        body: String::new(),
        link: None,
        dedupe_key: kind.to_string(),
        deliver_at: now,
    };
    let outbox = notify::Kind::ALL.iter().fold(outbox, |outbox, kind| outbox.notify(notice(*kind)));
    tx.commit(outbox, now).await.unwrap();

    let row = users::get(&world.store, new.id).await.unwrap();
    assert_eq!(
        (row.name, row.email, row.timezone, row.tier, row.autonomy),
        (new.name.clone(), new.email.clone(), new.timezone, new.tier, new.autonomy.clone())
    );
    let told = events::since(&world.store, new.id, 0, 1000).await.unwrap();
    let names: Vec<_> = told.iter().take(event::Name::ALL.len()).map(|event| event.name).collect();
    assert_eq!(names, event::Name::ALL);
    assert_eq!(told[0].facts, facts);
    let shown = notifications::list(&world.store, new.id, false, None, 100, now).await.unwrap().items;
    assert_eq!(shown.len(), notify::Kind::ALL.len());
    let payloads: Vec<Vec<u8>> =
        sqlx::query_scalar("SELECT job FROM apalis.jobs ORDER BY id").fetch_all(&world.pool).await.unwrap();
    let rung: Vec<Job> = payloads.iter().map(|payload| serde_json::from_slice(payload).unwrap()).collect();
    assert!(jobs.iter().all(|job| rung.contains(job)) && rung.len() == jobs.len());

    let decision = made::stored_decision(&world, new.id).await;
    for (n, kind) in domain::feedback::Kind::ALL.iter().enumerate() {
        let given = Feedback {
            id: Id::new(uuid::Uuid::from_u128(n.try_into().unwrap())),
            user: new.id,
            decision: decision.id,
            approval: None,
            domain: Domain::Email,
            verb: Some(domain::action::Verb::ArchiveEmail),
            kind: *kind,
            severity: Some(Severity::Severe),
            comment: Some("why not".into()),
            at: now,
        };
        made::change(&world, new.id, async |tx, lock| feedback::insert(tx, lock, &given).await).await.unwrap();
        assert_eq!(feedback::since(&world.store, new.id, now).await.unwrap().pop(), Some(given));
    }
    for (index, confidence) in Confidence::ALL.iter().enumerate() {
        let preference = Preference {
            id: world.entropy.id(now),
            domain: Domain::Email,
            key: format!("key {index}"),
            value: json!(["any", { "value": index }]),
            confidence: *confidence,
            source: Source::ALL[index % Source::ALL.len()],
            evidence_count: 12,
        };
        made::change(&world, new.id, async |tx, lock| preferences::put(tx, lock, &preference, now).await)
            .await
            .unwrap();
        assert_eq!(preferences::list(&world.store, new.id).await.unwrap().pop(), Some(preference));
    }
}
