//! The people whose twins are measured, and what happens to them: letters of the kind they want archived, so that every
//! signal goes the whole way to a settled execution.

use domain::{
    id::{SignalId, UserId},
    outbox::Outbox,
    settings::Autonomy,
    signal::{Domain, Signal},
    tier::{Confidence, TrustTier},
    time::Timestamp,
    twin::{Preference, Source},
};
use serde_json::{Value, json};
use store::{Store, preferences, tokens, users};

use super::ground::Ground;
use crate::Result;

/// Somebody with a token.
#[derive(Clone, Debug)]
pub(super) struct Person {
    pub(super) user: UserId,
    pub(super) token: String,
    pub(super) token_hash: [u8; 32],
}

/// Most that one of them may spend in a day, in cents.
pub(super) const DAILY_CENTS: i64 = 50_000;

/// So many people at moderate autonomy who want newsletters archived.
pub(super) async fn settle(ground: &Ground, store: &Store, count: u32) -> Result<Vec<Person>> {
    let mut people = Vec::new();
    for _ in 0..count {
        let now = ground.clock.now();
        let user: UserId = ground.entropy.id(now);
        let autonomy = Autonomy {
            max_spend_per_action_cents: Some(10_000),
            max_daily_spend_cents: Some(DAILY_CENTS),
            ..Autonomy::default()
        };
        let new = users::NewUser {
            id: user,
            name: "Robin".to_owned(),
            email: None,
            timezone: chrono_tz::UTC,
            tier: TrustTier::ModerateAutonomy,
            autonomy,
        };
        let minted = api::token::mint(&ground.entropy, Some(user), "bench", now);
        let mut tx = store.begin().await?;
        users::create(&mut tx, &new, now).await?;
        let lock = tx.lock(user).await?;
        preferences::put(&mut tx, &lock, &wants_letters_archived(user), now).await?;
        tokens::insert(&mut tx, &minted.token, &minted.hash).await?;
        tx.commit(Outbox::nothing(), now).await?;
        people.push(Person { user, token: minted.secret.reveal().to_owned(), token_hash: minted.hash });
    }
    Ok(people)
}

fn wants_letters_archived(user: UserId) -> Preference {
    let (domain, key) = (Domain::Email, "auto_archive");
    Preference {
        id: user.child(key),
        domain,
        key: key.to_owned(),
        value: json!(true),
        confidence: Confidence::Confirmed,
        source: Source::Explicit,
        evidence_count: 1,
    }
}

fn payload(n: u32) -> Value {
    json!({ "message_id": format!("m-{n}"), "from": "news@letters.example", "subject": "Weekly letter",
        "body": "What happened in the garden this week, and what to do next.", "category": "newsletter" })
}

/// The n-th letter, as a source posts it.
pub(super) fn letter(n: u32) -> Value {
    json!({ "source": "gmail", "type": "email_received", "external_id": format!("letter-{n}"), "payload": payload(n) })
}

/// The same as the API takes it down.
pub(super) fn signal(id: SignalId, user: UserId, n: u32, now: Timestamp) -> Signal {
    let payload = match payload(n) {
        Value::Object(payload) => payload,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => serde_json::Map::new(),
    };
    Signal {
        id,
        user,
        source: "gmail".to_owned(),
        kind: "email_received".to_owned(),
        external_id: Some(format!("letter-{n}")),
        occurred_at: None,
        received_at: now,
        urgency: None,
        domain: None,
        payload,
    }
}
