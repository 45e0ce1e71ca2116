//! People, their settings and their tokens.

use ::store::{Error, preferences, profile, tokens, tokens::Token, users};
use chrono::TimeDelta;
use domain::{
    id::UserId,
    outbox::Outbox,
    settings::Autonomy,
    signal::Domain,
    tier::{Confidence, TrustTier},
    twin::{Preference, Source},
};
use serde_json::json;
use tests::World;

use super::made;

#[tokio::test]
async fn of_two_writers_that_saw_the_same_revision_the_second_is_stale() {
    let world = World::new().await;
    let user = made::user(&world).await;
    let set = async |expected| {
        made::change(&world, user, async |tx, lock| {
            users::set_autonomy(tx, lock, &Autonomy::default(), "UTC".parse().unwrap(), expected, world.now()).await
        })
        .await
    };
    assert_eq!(set(Some(1)).await.unwrap(), 2);
    assert!(matches!(set(Some(1)).await, Err(Error::Stale)));
    assert_eq!(set(None).await.unwrap(), 3);
    let row = users::get(&world.store, user).await.unwrap();
    assert_eq!((row.revision, row.autonomy, row.timezone.name()), (3, Autonomy::default(), "UTC"));
}

#[tokio::test]
async fn every_change_of_a_tier_leaves_a_trace() {
    let world = World::new().await;
    let user = made::user(&world).await;
    let evidence = made::object(json!({ "approvals": 10 }));
    for (domain, tier) in [
        (Some(Domain::Email), TrustTier::Observer),
        (Some(Domain::Email), TrustTier::Suggest),
        (None, TrustTier::LowAutonomy),
    ] {
        made::change(&world, user, async |tx, lock| {
            users::set_tier(tx, lock, domain, tier, "test", &evidence, world.now()).await
        })
        .await
        .unwrap();
    }
    let trace: Vec<(Option<String>, String, String)> =
        sqlx::query_as("SELECT domain, from_tier, to_tier FROM trust_audit ORDER BY revision")
            .fetch_all(&world.pool)
            .await
            .unwrap();
    let row = |domain: Option<&str>, from: &str, to: &str| (domain.map(str::to_owned), from.to_owned(), to.to_owned());
    assert_eq!(
        trace,
        [
            row(Some("email"), "moderate_autonomy", "observer"),
            row(Some("email"), "observer", "suggest"),
            row(None, "moderate_autonomy", "low_autonomy")
        ]
    );
}

#[tokio::test]
async fn an_id_is_given_to_one_person_only() {
    let world = World::new().await;
    let new = made::new_user(&world);
    let create = async || {
        let mut tx = world.store.begin().await?;
        users::create(&mut tx, &new, world.now()).await?;
        tx.commit(Outbox::nothing(), world.now()).await
    };
    create().await.unwrap();
    assert!(matches!(create().await, Err(Error::Duplicate)));
    assert_eq!(users::list(&world.store, None, 10).await.unwrap().items.len(), 1);
    assert_eq!(profile::get(&world.store, new.id).await.unwrap().version, 1);
}

#[tokio::test]
async fn a_preference_that_is_put_again_keeps_its_id_and_its_half_step() {
    let world = World::new().await;
    let user = made::user(&world).await;
    let preference = |confidence, source| Preference {
        id: world.entropy.id(world.now()),
        domain: Domain::Email,
        key: "auto_archive".into(),
        value: json!(true),
        confidence,
        source,
        evidence_count: 1,
    };
    let put = async |preference: &Preference| {
        made::change(&world, user, async |tx, lock| preferences::put(tx, lock, preference, world.now()).await)
            .await
            .unwrap()
    };
    let first = put(&preference(Confidence::Low, Source::Inferred)).await;
    made::sql(&world.pool, "UPDATE preferences SET half_steps = half_steps + 1").await.unwrap();
    assert_eq!(put(&preference(Confidence::Low, Source::Corrected)).await, first);
    assert_eq!(made::count(&world.pool, "preferences WHERE half_steps = 3").await, 1);
    put(&preference(Confidence::Confirmed, Source::Explicit)).await;
    let kept = preferences::list(&world.store, user).await.unwrap();
    assert_eq!(
        (kept.len(), kept[0].id, kept[0].confidence, kept[0].source),
        (1, first, Confidence::Confirmed, Source::Explicit)
    );
}

#[tokio::test]
async fn a_token_is_found_by_its_hash_and_revoked_by_its_owner_only() {
    let world = World::new().await;
    let (ada, ben) = (made::user(&world).await, made::user(&world).await);
    let token = |user: Option<UserId>, scopes: &[&str]| Token {
        id: world.entropy.id(world.now()),
        user,
        name: "phone".into(),
        scopes: scopes.iter().map(|&scope| scope.to_owned()).collect(),
        created_at: world.now(),
        expires_at: Some(world.now().plus(TimeDelta::days(90))),
        revoked_at: None,
    };
    let insert = async |token: &Token, hash: [u8; 32]| {
        let mut tx = world.store.begin().await?;
        tokens::insert(&mut tx, token, &hash).await?;
        tx.commit(Outbox::nothing(), world.now()).await
    };
    let revoke = async |user, id| {
        let mut tx = world.store.begin().await?;
        tokens::revoke(&mut tx, user, id, world.now()).await?;
        tx.commit(Outbox::nothing(), world.now()).await
    };
    let (hers, operators) = (token(Some(ada), &["read", "write"]), token(None, &["operator"]));
    insert(&hers, [1; 32]).await.unwrap();
    insert(&operators, [2; 32]).await.unwrap();
    assert!(matches!(insert(&token(Some(ben), &["read"]), [1; 32]).await, Err(Error::Duplicate)));
    assert!(
        matches!(insert(&token(Some(ben), &["operator"]), [3; 32]).await, Err(Error::Bug(_))),
        "an operator is nobody's user"
    );
    assert_eq!(tokens::by_hash(&world.store, &[1; 32]).await.unwrap(), Some(hers.clone()));
    assert_eq!(tokens::by_hash(&world.store, &[9; 32]).await.unwrap(), None);
    assert_eq!(tokens::list(&world.store, Some(ada)).await.unwrap(), std::slice::from_ref(&hers));
    assert_eq!(tokens::list(&world.store, None).await.unwrap(), [operators]);

    assert!(matches!(revoke(Some(ben), hers.id).await, Err(Error::NotFound)));
    assert!(matches!(revoke(None, hers.id).await, Err(Error::NotFound)));
    revoke(Some(ada), hers.id).await.unwrap();
    let first = tokens::by_hash(&world.store, &[1; 32]).await.unwrap().unwrap().revoked_at;
    assert_eq!(first, Some(world.now()));
    world.pass(TimeDelta::hours(1));
    revoke(Some(ada), hers.id).await.unwrap();
    assert_eq!(tokens::by_hash(&world.store, &[1; 32]).await.unwrap().unwrap().revoked_at, first, "twice is once");
}

#[tokio::test]
async fn the_stop_switch_stays_on_since_it_was_first_turned() {
    let world = World::new().await;
    let user = made::user(&world).await;
    let start = world.now();
    for stopped in [true, true, false] {
        made::change(&world, user, async |tx, lock| users::set_stopped(tx, lock, stopped, world.now()).await)
            .await
            .unwrap();
        world.pass(TimeDelta::minutes(1));
        assert_eq!(users::get(&world.store, user).await.unwrap().stopped_at, stopped.then_some(start));
    }
    assert_eq!(users::settings(&world.store, user).await.unwrap().revision, 1);
    let nobody: UserId = user.child("nobody");
    assert!(matches!(users::settings(&world.store, nobody).await, Err(Error::NotFound)));
}
