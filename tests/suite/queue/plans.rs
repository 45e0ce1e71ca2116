//! What operators and gauges read: no more than they show, whatever the backlog. Held against the plans of the statements as
//! they were compiled, over hundreds of thousands of jobs, and under plans made for any arguments as well as for these.

use ::queue::SEARCHED;
use sqlx::{AssertSqlSafe, PgConnection};
use tests::Database;

use super::claim::nodes;

/// Jobs of each stand but the running: nine tenths of one queue, where two priorities wait, the rest of two others.
const EACH: i64 = 75_000;
/// Queues and their priorities there.
const LANES: i64 = 6;

/// The only statement of the crate that contains all of this.
fn compiled(parts: &[&str]) -> String {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../.sqlx");
    let mut found: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap())
        .map(|text| serde_json::from_str::<serde_json::Value>(&text).unwrap()["query"].as_str().unwrap().to_owned())
        .filter(|sql| parts.iter().all(|part| sql.contains(part)))
        .collect();
    assert_eq!(found.len(), 1, "{parts:?}: {found:#?}");
    found.remove(0)
}

async fn crowded(conn: &mut PgConnection) {
    for sql in [
        "ALTER TABLE apalis.jobs DISABLE TRIGGER ALL".to_owned(),
        format!(
            "INSERT INTO apalis.jobs (id, job_type, job, status, attempts, run_at, priority, done_at, lock_at, last_result)
             SELECT stand || n, CASE WHEN n % 500 = 9 THEN 'rare' WHEN n % 10 = 9 THEN 'others' ELSE 'chores' END, '{{}}',
                    CASE stand WHEN 'dead' THEN 'Killed' WHEN 'done' THEN 'Done' WHEN 'running' THEN 'Running' ELSE 'Pending' END,
                    0, now() + CASE stand WHEN 'scheduled' THEN 3600000 + n ELSE -n END * interval '1 ms',
                    CASE WHEN n % 4 = 0 THEN 1 ELSE 0 END,
                    CASE WHEN stand IN ('dead', 'done') THEN now() - n * interval '1 ms' END,
                    CASE WHEN stand = 'running' THEN now() END, '{{\"Err\": \"no luck\"}}'
               FROM unnest(ARRAY['due', 'scheduled', 'dead', 'done', 'running']) AS stand,
                    generate_series(1, CASE WHEN stand = 'running' THEN 200 ELSE {EACH} END) AS n"
        ),
        "ANALYZE apalis.jobs".to_owned(),
    ] {
        sqlx::query(AssertSqlSafe(sql)).execute(&mut *conn).await.unwrap();
    }
}

/// Rows that were read of the jobs, and pages that were touched for it.
async fn cost(conn: &mut PgConnection, sql: &str, arguments: &str) -> (i64, i64, serde_json::Value) {
    for sql in ["BEGIN".to_owned(), format!("PREPARE it AS {sql}")] {
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut *conn).await.unwrap();
    }
    let explain = format!("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) EXECUTE it{arguments}");
    let (plan,): (serde_json::Value,) =
        sqlx::query_as(AssertSqlSafe(explain)).persistent(false).fetch_one(&mut *conn).await.unwrap();
    sqlx::raw_sql("ROLLBACK; DEALLOCATE it").execute(&mut *conn).await.unwrap();
    let plan = plan[0]["Plan"].clone();
    let count = |node: &serde_json::Value, what: &str| node[what].as_f64().unwrap_or_default();
    let read = nodes(&plan).into_iter().filter(|node| node["Relation Name"] == "jobs").map(|node| {
        let rows = count(node, "Actual Rows") + count(node, "Rows Removed by Filter");
        rows * count(node, "Actual Loops")
    });
    let (rows, pages) = (read.sum::<f64>(), count(&plan, "Shared Hit Blocks") + count(&plan, "Shared Read Blocks"));
    (rows.round() as i64, pages as i64, plan)
}

#[tokio::test]
async fn a_look_at_hundreds_of_thousands_of_jobs_reads_only_what_it_may_show() {
    let db = Database::new().await;
    let mut conn = db.pool.acquire().await.unwrap();
    crowded(&mut conn).await;
    let lanes = ["'{chores,chores,others,rare,rare,none}', '{1,0,0,1,0,0}'", "'{chores,chores}', '{1,0}'"];
    let queues = ["'{chores,others,rare,none}'", "'{rare}'"];
    let waiting = ["AS l (queue, priority) CROSS JOIN LATERAL", "j.run_at LIMIT $7"];
    let ended = "ORDER BY j.done_at DESC LIMIT $4";
    let (killed, done) = (["j.status = 'Killed'", ended], ["WHERE j.status = 'Done'", ended]);
    let running = ["'Running'", "ORDER BY j.lock_at LIMIT $4"];
    let (pass, levels) = (["looked AS MATERIALIZED"], ["AS oldest_ms"]);
    let names = [["SELECT name AS \"name!\" FROM queues"], ["priority FROM lanes"]];
    let prunes = [["DELETE", "'Killed'", "AS q (name)"], ["DELETE", "'Done'", "AS q (name)"]];

    // which statement, with what, and how many rows it may read
    let mut looks: Vec<(&[&str], String, i64)> = Vec::new();
    // (of a crowd that is a tenth of what there may be a tenth is searched: where most is to be read anyway, sorting all of
    // it is as good a plan, and bounded too)
    for (why, each) in [("NULL", 50), ("'no disk'", SEARCHED / 10)] {
        for lanes in lanes {
            for due in [true, false] {
                looks.push((&waiting, format!("({lanes}, {due}, NULL, {each}, {why}, 50)"), LANES * each));
            }
        }
        for (stand, queues) in [&killed, &done, &running].into_iter().flat_map(|stand| queues.map(|it| (stand, it))) {
            looks.push((stand, format!("({queues}, {each}, {why}, 50)"), LANES * each));
        }
        for after in ["NULL", "now() - interval '40 s'"] {
            // looked at (and the next, to see whether it died in the same moment), found by id to be locked, found again to
            // be changed, changed
            looks.push((&pass, format!("('chores', {after}, 'dead', now(), {why}, 100, NULL)"), 4 * 100 + 1));
        }
    }
    looks.push((&names[0], String::new(), LANES));
    looks.push((&names[1], "(NULL)".to_owned(), 4 * LANES));
    looks.push((&["SELECT max((SELECT max(j.done_at)"], format!("({})", queues[0]), LANES));
    looks.push((&levels, format!("(NULL, {}, {}, true, 1000)", queues[0], lanes[0]), 4 * LANES * 1000));
    for prune in &prunes {
        // found, found by id to be removed, removed
        looks.push((prune, format!("(NULL, 0, 100, {})", queues[0]), 3 * 100));
    }
    for mode in ["force_generic_plan", "force_custom_plan"] {
        sqlx::query(AssertSqlSafe(format!("SET plan_cache_mode = {mode}"))).execute(&mut *conn).await.unwrap();
        for (parts, arguments, may) in &looks {
            let (rows, pages, plan) = cost(&mut conn, &compiled(parts), arguments).await;
            let told = format!("{mode}: {parts:?} with {arguments}: {rows} rows, {pages} pages");
            println!("{told}");
            assert!(rows <= *may, "{told}; at most {may} rows: {plan:#}");
            // a row is on a page of its own at worst, and a changed one goes into several indexes too
            let each = if parts.contains(&"DELETE") || parts.starts_with(&pass) { 12 } else { 1 };
            assert!(pages <= may * each + 200, "{told}; of {may} rows: {plan:#}");
        }
    }
}
