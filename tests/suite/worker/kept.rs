//! How long things are kept: nothing goes before its time, everything that has one goes after it, and no table grows without
//! a rule that the operators' page tells.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use domain::job::{Chore, Job};
use runtime::Retention;
use sqlx::{AssertSqlSafe, PgPool, raw_sql};
use worker::jobs::{self, Turn};

use super::bench::Bench;

const PAGE: &str = include_str!("../../../docs/operations.md");
const README: &str = include_str!("../../../README.md");

/// What has an age: where, how a row is written that came to its end (or was made) `AT` so long ago, and for how many days
/// it is kept then.
fn aging(keep: &Retention) -> Vec<(&'static str, &'static str, u16)> {
    vec![
        (
            "signals WHERE payload <> '{}'",
            "INSERT INTO signals (id, user_id, source, type, identity, received_at, payload, state, updated_at)
             VALUES (gen_random_uuid(), 'USER', 's', 't', gen_random_uuid(), 'AT', '{\"n\":1}', 'decided', 'AT')",
            keep.payloads,
        ),
        (
            "events",
            "INSERT INTO events (user_id, seq, name, facts, at)
             SELECT 'USER', count(*) + 1, 'signal.received', '{}', 'AT' FROM events",
            keep.events,
        ),
        (
            "notifications",
            "INSERT INTO notifications (id, user_id, kind, severity, title, body, dedupe_key, deliver_at, created_at)
             VALUES (gen_random_uuid(), 'USER', 'k', 'info', 't', 'b', gen_random_uuid(), 'AT', 'AT')",
            keep.notifications,
        ),
        (
            "deliveries WHERE state = 'delivered'",
            "INSERT INTO deliveries (id, user_id, channel_id, notifications, state, settled_at, tries, version, created_at, updated_at)
             SELECT gen_random_uuid(), 'USER', id, '{}', 'delivered', 'AT', 1, 1, 'AT', 'AT' FROM channels",
            keep.deliveries,
        ),
        (
            "deliveries WHERE state = 'dead'",
            "INSERT INTO deliveries (id, user_id, channel_id, notifications, state, settled_at, tries, error, version, created_at, updated_at)
             SELECT gen_random_uuid(), 'USER', id, '{}', 'dead', 'AT', 1, 'gone', 1, 'AT', 'AT' FROM channels",
            keep.deliveries,
        ),
        (
            "apalis.jobs WHERE status = 'Done'",
            "INSERT INTO apalis.jobs (id, job, job_type, status, run_at, done_at)
             VALUES (gen_random_uuid(), '{}', 'notify', 'Done', 'AT', 'AT')",
            keep.jobs,
        ),
        (
            "apalis.jobs WHERE status = 'Killed'",
            "INSERT INTO apalis.jobs (id, job, job_type, status, run_at, done_at)
             VALUES (gen_random_uuid(), '{}', 'notify', 'Killed', 'AT', 'AT')",
            keep.dead_jobs,
        ),
        (
            "login_links",
            "INSERT INTO login_links (id, user_id, scopes, secret_hash, created_at, expires_at)
             VALUES (gen_random_uuid(), 'USER', '{read}', HASH, 'AT', 'AT')",
            keep.sessions,
        ),
        (
            "sessions",
            "INSERT INTO sessions (id, user_id, scopes, agent, secret_hash, created_at, seen_at, expires_at)
             VALUES (gen_random_uuid(), 'USER', '{read}', 'a', HASH, 'AT', 'AT', 'AT')",
            keep.sessions,
        ),
        (
            "api_tokens WHERE revoked_at IS NOT NULL",
            "INSERT INTO api_tokens (id, user_id, name, scopes, secret_hash, created_at, revoked_at)
             VALUES (gen_random_uuid(), 'USER', 'n', '{read}', HASH, 'AT', 'AT')",
            keep.audit,
        ),
        (
            "api_tokens WHERE expires_at IS NOT NULL",
            "INSERT INTO api_tokens (id, user_id, name, scopes, secret_hash, created_at, expires_at)
             VALUES (gen_random_uuid(), 'USER', 'n', '{read}', HASH, 'AT', 'AT')",
            keep.audit,
        ),
        (
            "audit",
            "INSERT INTO audit (id, at, actor, act, target) VALUES (gen_random_uuid(), 'AT', 'a', 'a', 't')",
            keep.audit,
        ),
        (
            "idempotency_keys",
            "INSERT INTO idempotency_keys (caller, key, fingerprint, taken_at) VALUES ('c', gen_random_uuid(), 'f', 'AT')",
            1,
        ),
        (
            "stream_tickets",
            "INSERT INTO stream_tickets (secret_hash, user_id, holder, expires_at) VALUES (HASH, 'USER', 'USER', 'AT')",
            0,
        ),
        (
            "account_connects",
            "INSERT INTO account_connects (state_hash, challenge, user_id, provider, begun_by, expires_at)
             VALUES (HASH, HASH, 'USER', 'p', 'b', 'AT')",
            0,
        ),
    ]
}

/// What is old and stays: it is not over.
const OPEN: [(&str, &str); 4] = [
    (
        "signals WHERE payload <> '{}' AND state = 'accepted'",
        "INSERT INTO signals (id, user_id, source, type, identity, received_at, payload, updated_at)
         VALUES (gen_random_uuid(), 'USER', 's', 't', gen_random_uuid(), 'AT', '{\"n\":1}', 'AT')",
    ),
    (
        "deliveries WHERE state = 'pending'",
        "INSERT INTO deliveries (id, user_id, channel_id, notifications, state, due_at, tries, version, created_at, updated_at)
         SELECT gen_random_uuid(), 'USER', id, '{}', 'pending', 'AT', 1, 1, 'AT', 'AT' FROM channels",
    ),
    (
        "apalis.jobs WHERE status = 'Pending'",
        "INSERT INTO apalis.jobs (id, job, job_type, run_at) VALUES (gen_random_uuid(), '{}', 'notify', 'AT')",
    ),
    (
        "api_tokens WHERE revoked_at IS NULL AND expires_at IS NULL",
        "INSERT INTO api_tokens (id, user_id, name, scopes, secret_hash, created_at)
         VALUES (gen_random_uuid(), 'USER', 'n', '{read}', HASH, 'AT')",
    ),
];

const HASH: &str = "decode(md5(random()::text) || md5(random()::text), 'hex')";

async fn count(pool: &PgPool, what: &str) -> i64 {
    let sql = format!("SELECT count(*) FROM {what}");
    sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(pool).await.unwrap()
}

#[tokio::test]
async fn everything_with_an_age_goes_when_it_is_over_and_not_an_hour_before() {
    let bench = Bench::new().await;
    let write = async |sql: &str, ago: TimeDelta| {
        let at = bench.now().minus(ago).to_string();
        let sql = sql.replace("USER", &bench.user.to_string()).replace("AT'", &format!("{at}'")).replace("HASH", HASH);
        raw_sql(AssertSqlSafe(sql)).execute(&bench.pool).await.unwrap();
    };
    let channel = "INSERT INTO channels (id, user_id, kind, name, address, minimum_severity, enabled, revision, created_at, updated_at)
                   VALUES (gen_random_uuid(), 'USER', 'email', 'n', 'a', 'info', true, 1, 'AT', 'AT')";
    write(channel, TimeDelta::days(4000)).await;
    let aging = aging(&bench.state.keep);
    for (_, sql, days) in &aging {
        for hours in [1, -1] {
            write(sql, TimeDelta::days((*days).into()) + TimeDelta::hours(hours)).await;
        }
    }
    for (_, sql) in OPEN {
        write(sql, TimeDelta::days(4000)).await;
    }
    jobs::run(&bench.state, &Turn::new(bench.now(), 1, || true), Job::Housekeep { chore: Chore::Prune }).await.unwrap();
    for (what, ..) in &aging {
        let left = if what.contains("payload") { 2 } else { 1 }; // and the one that is not decided
        assert_eq!(count(&bench.pool, what).await, left, "{what}");
    }
    for (what, _) in OPEN {
        assert_eq!(count(&bench.pool, what).await, 1, "{what}");
    }
}

/// The operators' page, by table: how long its rows are kept.
fn told() -> BTreeMap<String, String> {
    let mut told = BTreeMap::new();
    for line in PAGE
        .lines()
        .skip_while(|line| !line.starts_with("## How long"))
        .take_while(|line| *line != "## Stop everything")
    {
        let Some((names, rule)) = line.strip_prefix("| `").and_then(|line| line.split_once(" | ")) else { continue };
        for name in names.split(", ") {
            let before = told.insert(name.trim_matches('`').to_owned(), rule.trim_end_matches(" |").to_owned());
            assert_eq!(before, None, "{name} is told twice");
        }
    }
    told
}

#[tokio::test]
async fn the_operators_page_tells_of_every_table_how_long_its_rows_are_kept() {
    let bench = Bench::new().await;
    let tables: BTreeSet<String> = sqlx::query_scalar(
        "SELECT CASE schemaname WHEN 'public' THEN '' ELSE schemaname || '.' END || tablename
           FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')",
    )
    .fetch_all(&bench.pool)
    .await
    .unwrap()
    .into_iter()
    .collect();
    let told = told();
    assert_eq!(told.keys().cloned().collect::<BTreeSet<_>>(), tables);
    for (what, ..) in aging(&Retention::default()) {
        let table = what.split(' ').next().unwrap();
        assert!(!told[table].starts_with("as long as"), "{table} has an age: {}", told[table]);
    }

    let mut keep = Retention::default();
    for (name, days) in keep.named() {
        let rule = format!("`{name}` days ({days})");
        assert!(told.values().any(|told| told.contains(&rule)), "{rule} is nowhere on the page");
        assert!(README.contains(&format!("{name} ({days})")), "{name} ({days}) is not in the README");
    }
}
