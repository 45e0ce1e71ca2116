//! Ten thousand decisions: the page stays as quick and as small as with fifty, and nothing is loaded twice.

use serde_json::json;
use sqlx::PgPool;

use super::stage::{Stage, renewal};

const MANY: i32 = 10_000;
/// Decisions the API gives at once.
const PAGE: i64 = 50;

/// As if the one that came in had come in so often, a minute apart, before it.
async fn multiply(database: &PgPool) {
    let signals = "INSERT INTO signals
        SELECT (jsonb_populate_record(s, jsonb_build_object('id', md5('signal' || n)::uuid, 'identity', 'copy-' || n,
            'external_id', 'copy-' || n, 'received_at', s.received_at - n * interval '1 minute'))).*
          FROM signals s, generate_series(1, $1) AS n";
    let decisions = "INSERT INTO decisions
        SELECT (jsonb_populate_record(d, jsonb_build_object('id', md5('decision' || n)::uuid, 'signal_id', md5('signal' || n)::uuid,
            'decided_at', d.decided_at - n * interval '1 minute'))).*
          FROM decisions d, generate_series(1, $1) AS n";
    let candidates = "INSERT INTO candidates
        SELECT (jsonb_populate_record(c, jsonb_build_object('decision_id', md5('decision' || n)::uuid))).*
          FROM candidates c, generate_series(1, $1) AS n";
    for copy in [signals, decisions, candidates] {
        sqlx::query(copy).bind(MANY).execute(database).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_decisions_are_read_page_by_page_without_a_reload() {
    let Some(mut stage) = Stage::set().await else { return };
    stage.work();
    stage.post(&renewal("first", "First plan", 299)).await;
    let browser = stage.signed_in().await;
    browser.sees("h3", "First plan").await;
    let database = PgPool::connect(stage.fleet.postgres.url(runtime::postgres::DATABASE).reveal()).await.unwrap();
    multiply(&database).await;
    database.close().await;

    browser.mark().await;
    let began = std::time::Instant::now();
    browser.click("nav a", "Activity").await;
    browser.sees("a.whole", "First plan").await;
    println!("the first of {MANY} decisions are there after {} ms", began.elapsed().as_millis());
    let rows = async || browser.run("return document.querySelectorAll('a.whole').length", json!([])).await;
    let come = async |wanted: i64| {
        tests::eventually(format!("{wanted} rows"), async || {
            let seen = rows().await;
            if seen == wanted { Ok(()) } else { Err(seen) }
        })
        .await;
    };
    come(PAGE).await;
    for pages in 2..=4 {
        browser.click("button", "Show more").await;
        come(pages * PAGE).await;
    }
    let nodes = browser.run("return document.querySelectorAll('*').length", json!([])).await.as_i64().unwrap();
    assert!(nodes < 200 * 40, "{nodes} nodes for 200 rows: the rest of the ten thousand is not there");

    // What happens now comes on top of what is open, which stays.
    stage.post(&renewal("latest", "Latest plan", 399)).await;
    browser.sees("a.whole", "Latest plan").await;
    come(4 * PAGE + 1).await;
    browser.was_not_reloaded().await;
    browser.complains_of_nothing(&[]).await;
    browser.close().await;
}
