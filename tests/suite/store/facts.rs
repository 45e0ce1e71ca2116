//! What the evaluator is told: everything of this person, as of the lock.

use ::store::{executions, facts, feedback, preferences, users};
use chrono::TimeDelta;
use domain::{
    action::{Action, Verb},
    decision::Decision,
    execution::Execution,
    facts::Facts,
    feedback::{Feedback, Kind},
    id::{Id, UserId},
    signal::{Domain, Object},
    tier::{Confidence, TrustTier},
    twin::{Preference, Source},
};
use serde_json::json;
use tests::World;

use super::made;

async fn load(world: &World, user: UserId) -> Facts {
    made::change(world, user, async |tx, lock| facts::load(tx, lock, world.now()).await).await.unwrap()
}

#[tokio::test]
async fn settings_preferences_policies_and_triggers_are_this_persons_own() {
    let world = World::new().await;
    let (ada, ben) = (made::user(&world).await, made::user(&world).await);
    let preference = Preference {
        id: world.entropy.id(world.now()),
        domain: Domain::Finance,
        key: "auto_pay".into(),
        value: json!({ "up_to": 50 }),
        confidence: Confidence::High,
        source: Source::Explicit,
        evidence_count: 4,
    };
    made::change(&world, ada, async |tx, lock| preferences::put(tx, lock, &preference, world.now()).await)
        .await
        .unwrap();
    for (kind, id, body) in [
        ("policy", ada, json!({ "id": ada, "name": "No trips", "enabled": true, "domain": "travel", "rules": [] })),
        ("trigger", ben, json!({ "id": ben, "enabled": true, "kind": "amount_threshold", "threshold_cents": 500 })),
    ] {
        let insert = format!(
            "INSERT INTO own_rules (id, user_id, kind, body, created_at, updated_at)
             VALUES ('{id}', '{ada}', '{kind}', '{body}', '2026-01-01', '2026-01-01')"
        );
        made::sql(&world.pool, insert).await.unwrap();
    }
    let tiers = async |domain, tier| {
        made::change(&world, ada, async |tx, lock| {
            users::set_tier(tx, lock, domain, tier, "by hand", &Object::new(), world.now()).await
        })
        .await
        .unwrap()
    };
    assert_eq!(tiers(Some(Domain::Finance), TrustTier::Suggest).await, 2);
    assert_eq!(tiers(None, TrustTier::HighAutonomy).await, 3);

    let facts = load(&world, ada).await;
    assert_eq!(facts.preferences, [preference]);
    assert_eq!((facts.policies.len(), facts.triggers.len()), (1, 1));
    assert_eq!(facts.settings.tier_in(Domain::Finance), TrustTier::Suggest);
    assert_eq!(facts.settings.tier_in(Domain::Email), TrustTier::HighAutonomy);
    assert_eq!(
        (facts.settings.revision, facts.settings.stopped, facts.settings.timezone.name()),
        (3, false, "Europe/Vienna")
    );
    assert_eq!(facts.settings.autonomy, made::new_user(&world).autonomy);
    assert_eq!(facts.now, world.now());

    let facts = load(&world, ben).await;
    assert_eq!((facts.preferences.len(), facts.policies.len(), facts.triggers.len()), (0, 0, 0));
    assert_eq!((facts.settings.revision, facts.settings.domain_tiers.len()), (1, 0));
}

#[tokio::test]
async fn the_record_counts_what_was_done_and_whom_it_paid() {
    let world = World::new().await;
    let user = made::user(&world).await;
    for (verb, domain, parameters) in [
        (Verb::PayBill, Domain::Finance, json!({ "payee": "  City POWER " })),
        (Verb::PayBill, Domain::Finance, json!({ "recipient": "Water Co" })),
        (Verb::TransferFunds, Domain::Finance, json!({ "payee": "Gran" })),
        (Verb::ArchiveEmail, Domain::Email, json!({ "payee": "not a payment" })),
    ] {
        let action = Action { verb, domain, parameters: made::object(parameters), ..made::action() };
        let decision = made::stored_decision(&world, user).await;
        let planned = Execution { digest: action.digest(), action, ..made::execution(&decision, world.now()) };
        made::change(&world, user, async |tx, lock| executions::insert(tx, lock, &planned, world.now()).await)
            .await
            .unwrap();
        let done =
            made::claim(&world, planned).await.unwrap().answered(made::done(None), TimeDelta::zero(), world.now());
        made::settle(&world, &done).await.unwrap();
    }
    made::claimed_execution(&world, user).await;
    let history = load(&world, user).await.history;
    assert_eq!(history.executed, [(Domain::Email, 1), (Domain::Finance, 3)].into());
    assert_eq!(history.patterns, [(Verb::PayBill, 2), (Verb::TransferFunds, 1), (Verb::ArchiveEmail, 1)].into());
    assert_eq!(history.known_payees, ["city power", "gran", "water co"].map(str::to_owned).into());
}

#[tokio::test]
async fn rejections_in_a_row_are_counted_from_the_newest_answer_back_to_the_last_yes() {
    let world = World::new().await;
    let user = made::user(&world).await;
    let decision = made::stored_decision(&world, user).await;
    let answer = async |n: u128, domain, kind| {
        world.pass(TimeDelta::minutes(1));
        let given = answered(&decision, n, domain, kind, &world);
        assert!(made::change(&world, user, async |tx, lock| feedback::insert(tx, lock, &given).await).await.unwrap());
        assert!(
            !made::change(&world, user, async |tx, lock| feedback::insert(tx, lock, &given).await).await.unwrap(),
            "learned once"
        );
    };
    for (n, (domain, kind)) in [
        (Domain::Finance, Kind::Reject),
        (Domain::Finance, Kind::Approve),
        (Domain::Finance, Kind::Reject),
        (Domain::Finance, Kind::RestatePreference),
        (Domain::Finance, Kind::Undo),
        (Domain::Email, Kind::Reject),
        (Domain::Travel, Kind::Reject),
        (Domain::Travel, Kind::Edit),
    ]
    .into_iter()
    .enumerate()
    {
        answer(n.try_into().unwrap(), domain, kind).await;
    }
    let history = load(&world, user).await.history;
    assert_eq!(history.consecutive_rejections, [(Domain::Finance, 2), (Domain::Email, 1)].into());
}

fn answered(decision: &Decision, n: u128, domain: Domain, kind: Kind, world: &World) -> Feedback {
    Feedback {
        id: Id::new(uuid::Uuid::from_u128(n)),
        user: decision.user,
        decision: decision.id,
        approval: None,
        domain,
        verb: None,
        kind,
        severity: None,
        comment: None,
        at: world.now(),
    }
}
