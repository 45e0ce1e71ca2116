//! After everything that can happen to an account: what was written is searched for every secret there was.

use std::{
    io,
    sync::{Arc, Mutex},
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use chrono::TimeDelta;
use domain::{account::OPERATORS_TIME, id::AccountId, job::Job};
use reqwest::Method;
use serde_json::json;
use simulator::{
    google::{Google as Double, Mail},
    provider::{Fault, On, Rule},
};
use tracing_subscriber::fmt::MakeWriter;
use worker::{State, adapters::google::Google, jobs};

use super::rig::{ANN, CLIENT_SECRET, DUE, KEY, Rig, person};

/// What is logged.
#[derive(Clone, Default)]
pub(super) struct Lines(Arc<Mutex<Vec<u8>>>);

impl Lines {
    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'w> MakeWriter<'w> for Lines {
    type Writer = Self;

    fn make_writer(&'w self) -> Self {
        self.clone()
    }
}

/// Every row of every table, as text.
async fn everything_stored(rig: &Rig) -> String {
    let tables: Vec<(String, String)> = sqlx::query_as(
        "SELECT table_schema, table_name FROM information_schema.tables
         WHERE table_type = 'BASE TABLE' AND table_schema NOT IN ('pg_catalog', 'information_schema')",
    )
    .fetch_all(&rig.world.pool)
    .await
    .unwrap();
    assert!(tables.iter().any(|(_, table)| table == "secrets") && tables.iter().any(|(schema, _)| schema == "apalis"));
    let mut all = String::new();
    for (schema, table) in tables {
        let sql = sqlx::AssertSqlSafe(format!("SELECT t::text FROM {schema}.{table} t"));
        let rows: Vec<String> = sqlx::query_scalar(sql).fetch_all(&rig.world.pool).await.unwrap();
        all.extend(rows);
    }
    all
}

/// As it is, and as a bytea column would show it.
fn forms(secret: &str) -> [String; 3] {
    let hex = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
    [secret.to_owned(), hex, BASE64_STANDARD.encode(secret)]
}

#[tokio::test]
async fn no_secret_is_in_any_table_any_log_line_or_any_answer() {
    let lines = Lines::default();
    let subscriber =
        tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(lines.clone()).finish();
    let listening = tracing::subscriber::set_default(subscriber);

    let rig = Rig::new().await;
    let user = rig.user("Ann").await;
    let token = rig.token(user).await;
    let mut secrets = vec![CLIENT_SECRET.to_owned(), KEY.to_owned()];
    let mut answers = String::new();

    // A sign-in that fails at the provider, one that comes twice, and one that works.
    rig.provider.inject([Rule::new(On::Exchange, Fault::Error(400, "invalid_grant"))]);
    for _ in 0..2 {
        let (sign_in, cookie) = rig.begin(&token).await;
        let state = sign_in.split("state=").nth(1).unwrap().split('&').next().unwrap().to_owned();
        secrets.extend([state, cookie.split_once('=').unwrap().1.to_owned()]);
        let (_, callback) = rig.visit(&sign_in, "").await;
        answers.push_str(&rig.visit(&callback, &cookie).await.1);
        answers.push_str(&rig.visit(&callback, &cookie).await.1);
    }
    let id: AccountId =
        rig.ask(Method::GET, "/accounts", &token, None).await.1["items"][0]["id"].as_str().unwrap().parse().unwrap();

    // Mail that is read with her token, and a hook of hers.
    let far = Double::new(rig.provider.whose()).serve().await.unwrap();
    let mail = far.google.deliver(&person(0).email, Mail::new("kim@work.example", "Lunch?", "On Friday."));
    let google = Google::new(Some(&far.url.parse().unwrap()), &rig.world.clock).unwrap();
    let reading = State { google: Some(google), ..rig.state.clone() };
    let turn = jobs::Turn::new(rig.world.now(), 1, || true);
    jobs::run(&reading, &turn, Job::PollSource { source: id.child("gmail") }).await.unwrap();
    answers.push_str(&rig.ask(Method::GET, "/signals", &token, None).await.1.to_string());
    assert!(answers.contains(&mail), "it was read");
    let wanted = json!({ "name": "Water works", "source": "billing" });
    let made = rig.ask(Method::POST, "/webhooks", &token, Some(wanted)).await.1;
    let hook = made["secret"].as_str().unwrap().strip_prefix("whsec_").unwrap().to_owned();
    secrets.extend([BASE64_STANDARD.decode(&hook).unwrap().iter().map(|byte| format!("{byte:02x}")).collect(), hook]);

    // Refreshes that work, rotate, fail in every way, and end for good.
    rig.provider.rotate(true);
    for fault in [
        None,
        Some(Fault::Status(503, None)),
        Some(Fault::Error(401, "invalid_client")),
        Some(Fault::Unparsable),
        Some(Fault::Reset),
    ] {
        rig.world.pass(DUE + TimeDelta::hours(1));
        rig.provider.inject(fault.map(|fault| Rule::new(On::Refresh, fault)));
        rig.run(id).await.unwrap();
        rig.world.pass(OPERATORS_TIME);
    }
    rig.provider.revoke_all(ANN);
    rig.world.pass(DUE);
    rig.run(id).await.unwrap();
    assert_eq!(rig.count("notifications").await, 1);
    for path in [
        "/accounts".to_owned(),
        format!("/accounts/{id}"),
        "/notifications".into(),
        "/events?after=0".into(),
        "/webhooks".into(),
        "/sources".into(),
    ] {
        answers.push_str(&rig.ask(Method::GET, &path, &token, None).await.1.to_string());
    }
    let disconnected = rig.ask(Method::DELETE, &format!("/accounts/{id}"), &token, None).await;
    answers.push_str(&disconnected.1.to_string());

    drop(listening);
    let logged = lines.text();
    assert!(logged.contains("the person has to sign in again"), "the log was listened to");
    let stored = everything_stored(&rig).await;
    secrets.extend(rig.provider.minted());
    assert!(secrets.len() > 10);
    for secret in &secrets {
        for form in forms(secret) {
            assert!(!stored.contains(&form), "{secret} is in a table");
            assert!(!answers.contains(&form), "{secret} was answered");
        }
        assert_eq!(logged.lines().find(|line| line.contains(secret.as_str())), None, "a log line tells a secret");
    }
}
