//! Ticks that fire once per fleet: every process enqueues every tick under the key `cron:<name>:<tick>`, one wins.
//! No leader, nothing to fail over.
//!
//! A tick is a multiple of its period on the database's clock (shifted by `offset`), and only the latest due one is
//! ever rung: after an hour of outage a minutely job runs once, not sixty times.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::{Error, PgExecutor, PgPool};
use tokio::{task::JoinSet, time::sleep};
use ulid::Ulid;

use crate::{Bell, Clock, bell::PATIENCE, config::jittered, db::Db};

/// A job that is enqueued at every tick.
#[derive(Clone, Debug, PartialEq)]
pub struct Schedule {
    /// Names the ticks: unique in its queue, without colons.
    pub name: String,
    /// Where the job goes.
    pub queue: String,
    /// What the job says.
    pub payload: Value,
    /// Between two ticks, in whole seconds; at least one.
    pub every: Duration,
    /// After midnight UTC (or any multiple of `every`), in whole seconds.
    pub offset: Duration,
    /// Higher runs first.
    pub priority: i32,
    /// Starts one tick may cost.
    pub max_attempts: i32,
}

impl Schedule {
    /// Ticks at every multiple of `every`; priority 0, three attempts.
    pub fn new(name: impl Into<String>, queue: impl Into<String>, payload: Value, every: Duration) -> Self {
        Self {
            name: name.into(),
            queue: queue.into(),
            payload,
            every,
            offset: Duration::ZERO,
            priority: 0,
            max_attempts: 3,
        }
    }

    fn period(&self) -> i64 {
        whole_seconds(self.every).max(1)
    }

    fn shift(&self) -> i64 {
        whole_seconds(self.offset) % self.period()
    }
}

/// What one look at a schedule found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tick {
    /// Whether this call was the one that enqueued the latest tick.
    pub rung: bool,
    /// Until the next tick.
    pub next_in: Duration,
}

/// Enqueues the latest due tick of a schedule, unless somebody has. Ring the bell after the commit if it was us.
pub async fn ring(db: impl PgExecutor<'_>, schedule: &Schedule, now: Option<DateTime<Utc>>) -> Result<Tick, Error> {
    let row = sqlx::query!(
        r#"WITH time AS (
             SELECT coalesce($1, now()) AS now),
           tick AS (
             SELECT floor((extract(epoch FROM now) - $2::bigint) / $3::bigint)::bigint * $3::bigint + $2::bigint AS due FROM time),
           rung AS (
             INSERT INTO apalis.jobs (id, job_type, job, status, attempts, max_attempts, run_at, priority, idempotency_key)
             SELECT $4, $5, $6, 'Pending', 0, $7, now, $8, 'cron:' || $9::text || ':' || due || '+' || $3::bigint FROM time, tick
             ON CONFLICT (job_type, idempotency_key) DO NOTHING
             RETURNING id)
           SELECT EXISTS (SELECT 1 FROM rung) AS "rung!",
                  ((due + $3::bigint - extract(epoch FROM now)) * 1000)::bigint AS "next_ms!"
             FROM time, tick"#,
        now,
        schedule.shift(),
        schedule.period(),
        Ulid::generate().to_string(),
        schedule.queue,
        schedule.payload.to_string().into_bytes(),
        schedule.max_attempts.max(1),
        schedule.priority,
        schedule.name.replace(':', "-"),
    )
    .fetch_one(db)
    .await?;
    Ok(Tick { rung: row.rung, next_in: Duration::from_millis(row.next_ms.max(0).unsigned_abs()) })
}

/// Rings schedules for as long as it is kept.
#[must_use = "dropping it stops the clockwork"]
#[derive(Debug)]
pub struct Clockwork(#[expect(dead_code, reason = "its tasks end with it")] JoinSet<()>);

impl Clockwork {
    /// Starts one task per schedule. Every process of the fleet may run the same ones.
    pub fn start(pool: &PgPool, bell: &Bell, clock: &Clock, schedules: impl IntoIterator<Item = Schedule>) -> Self {
        let mut tasks = JoinSet::new();
        for schedule in schedules {
            let db = Db::new(pool.clone(), PATIENCE, std::sync::Arc::default());
            tasks.spawn(run(db, bell.clone(), clock.clone(), schedule));
        }
        Self(tasks)
    }
}

async fn run(db: Db, bell: Bell, clock: Clock, schedule: Schedule) {
    // the longest sleep: a clock that was set, or a tick deleted, is noticed within it
    const LOOK: Duration = Duration::from_mins(1);
    const AFTER_ERROR: Duration = Duration::from_secs(2);
    loop {
        let wait = match db.run(async |conn| ring(conn, &schedule, clock.now()).await).await {
            Ok(tick) => {
                if tick.rung {
                    bell.ring([schedule.queue.as_str()]);
                }
                // a little late on purpose: never a hair before the tick
                (tick.next_in + Duration::from_millis(10)).min(LOOK)
            }
            Err(error) => {
                tracing::warn!(%error, schedule = schedule.name, "a tick could not be rung, will try again");
                AFTER_ERROR
            }
        };
        // spread over the fleet a little; a tenth of a second at most
        sleep(wait + jittered(Duration::from_millis(50), 1.0)).await;
    }
}

fn whole_seconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX / 2)
}
