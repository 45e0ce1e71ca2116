//! Every development scenario through the live system: posted over HTTP, decided by a worker process, read back.
//!
//! People, preferences and money are put into the database first, because no door lets anybody set them that way.

use domain::{facts::Facts, id::DecisionId, outbox::Outbox, signal::Signal};
use reqwest::StatusCode;
use runtime::{Clock, Entropy, postgres};
use serde_json::{Value, json};
use skytwin::eval::{self, File, Report, Verdict};
use sqlx::PgPool;
use store::{Store, decisions, preferences, tokens, users};
use tests::{eventually, free_port};

use crate::fleet::Fleet;

const SCENARIOS: &str = include_str!("../scenarios/dev.json");

/// The scenario's person with a token of theirs; gives the token.
async fn settle_in(store: &Store, facts: &Facts) -> String {
    let (settings, now) = (&facts.settings, Clock::system().now());
    let mut tx = store.begin().await.unwrap();
    let new = users::NewUser {
        id: settings.user,
        name: "Scenario".into(),
        email: None,
        timezone: settings.timezone,
        tier: settings.tier,
        autonomy: settings.autonomy.clone(),
    };
    users::create(&mut tx, &new, now).await.unwrap();
    let lock = tx.lock(settings.user).await.unwrap();
    for (domain, tier) in &settings.domain_tiers {
        users::set_tier(&mut tx, &lock, Some(*domain), *tier, "scenario", &serde_json::Map::new(), now).await.unwrap();
    }
    for preference in &facts.preferences {
        preferences::put(&mut tx, &lock, preference, now).await.unwrap();
    }
    let minted = api::token::mint(&Entropy::system(), Some(settings.user), "scenario", now);
    tokens::insert(&mut tx, &minted.token, &minted.hash).await.unwrap();
    tx.commit(Outbox::nothing(), now).await.unwrap();
    minted.secret.reveal().to_owned()
}

/// Money that was spent before, on something of another domain.
async fn spend(pool: &PgPool, facts: &Facts) {
    let cents = facts.spend.unwrap().settled_cents;
    if cents == 0 {
        return;
    }
    let sql = "WITH s AS (
          INSERT INTO signals (id, user_id, source, type, identity, content_hash, received_at, payload, state, updated_at)
          VALUES (gen_random_uuid(), $1, 'before', 'before', 'x:before', 'before', now(), '{}', 'decided', now()) RETURNING id),
        d AS (
          INSERT INTO decisions (id, user_id, signal_id, situation, domain, urgency, trust_tier, outcome, context, explanation, decided_at)
          SELECT gen_random_uuid(), $1, id, 'generic', 'general', 'low', 'observer', 'inform', '{}', '{\"headline\":\"before\"}', now() FROM s RETURNING id),
        e AS (
          INSERT INTO executions (id, user_id, decision_id, kind, verb, domain, action, digest, permitted_revision, reserved_cents, currency,
                                  engine, request, attempt, state, settled_at, result, created_at, updated_at)
          SELECT gen_random_uuid(), $1, id, 'act', 'create_note', 'general', '{}', 'before', 1, $2, 'USD',
                 'before', '', 1, 'succeeded', now(), '{}', now(), now() FROM d RETURNING id)
        INSERT INTO daily_spend_ledger (id, user_id, execution_id, kind, cents, currency, at)
        SELECT gen_random_uuid(), $1, id, kind, $2, 'USD', now() FROM e, (VALUES ('reserve'), ('settle')) AS k(kind)";
    sqlx::query(sql).bind(facts.settings.user.uuid()).bind(cents).execute(pool).await.unwrap();
}

/// Posts the signal and waits until a worker has decided it.
async fn decide(fleet: &Fleet, root: &str, token: &str, signal: &Signal) -> DecisionId {
    let body = json!({ "source": signal.source, "type": signal.kind, "external_id": signal.external_id,
        "urgency": signal.urgency, "domain": signal.domain, "payload": signal.payload });
    let body: serde_json::Map<String, Value> = body
        .as_object()
        .unwrap()
        .iter()
        .filter(|(_, value)| !value.is_null())
        .map(|(k, v)| (k.clone(), v.clone()))
        .collect();
    let answer = fleet.http.post(format!("{root}/signals")).bearer_auth(token).json(&body).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::ACCEPTED);
    let accepted: Value = answer.json().await.unwrap();
    let url = format!("{root}/signals/{}", accepted["id"].as_str().unwrap());
    eventually("the signal is decided", async || {
        let shown: Value = fleet.http.get(&url).bearer_auth(token).send().await.ok()?.json().await.ok()?;
        shown["decision"].as_str()?.parse().ok()
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn every_development_scenario_passes_through_the_live_api() {
    let mut fleet = Fleet::new().await;
    let port = free_port();
    let _api = fleet.api(port).await;
    let _worker = fleet.start(&["worker"], &[]);
    let root = format!("http://127.0.0.1:{port}/api/v1");
    let store = Store::connect(fleet.postgres.url(postgres::DATABASE).reveal(), 4).await.unwrap();

    let file: File = serde_json::from_str(SCENARIOS).unwrap();
    let mut report = Report::default();
    for (index, scenario) in file.scenarios.iter().enumerate() {
        let verdict = match scenario.parts(index, file.clock) {
            Ok((signal, facts)) => {
                let token = settle_in(&store, &facts).await;
                spend(store.pool(), &facts).await;
                let id = decide(&fleet, &root, &token, &signal).await;
                eval::judge(scenario, &decisions::get(&store, facts.settings.user, id).await.unwrap())
            }
            Err(why) => Verdict { actual: "unreadable".into(), faults: vec![why] },
        };
        report.add(scenario, verdict);
    }
    assert_eq!(report.failed(), 0, "{report}");
    assert_eq!(report.passed(), 51);
}
