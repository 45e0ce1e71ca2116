//! Which queues there are, and which priorities wait in each: found by leaps through the indexes, one for each queue and
//! priority, whatever the backlog. Whatever is read queue by queue begins here.
//!
//! Why not within the statements that go on from here: the planner takes a recursion for a hundred queues, and would spend
//! a quarter of a second on compiling what then runs for a few milliseconds.

use sqlx::{Error, PgExecutor};

/// What there is to look through, as arrays for `unnest`.
#[derive(Debug, Default)]
pub(crate) struct Lanes {
    /// The queue of each lane of waiting jobs.
    pub(crate) queues: Vec<String>,
    /// The priority of each.
    pub(crate) priorities: Vec<i32>,
    /// Every queue there is a row of, whether any waits or not; or the one that was asked for.
    pub(crate) names: Vec<String>,
}

/// The queues that have rows of any kind, or the one that was asked for.
pub(crate) async fn queues(db: impl PgExecutor<'_>, queue: Option<&str>) -> Result<Vec<String>, Error> {
    if let Some(queue) = queue {
        return Ok(vec![queue.to_owned()]);
    }
    sqlx::query_scalar!(
        r#"WITH RECURSIVE queues (name) AS (
             SELECT min(job_type) FROM apalis.jobs
             UNION ALL
             SELECT (SELECT min(j.job_type) FROM apalis.jobs j WHERE j.job_type > q.name) FROM queues q WHERE q.name IS NOT NULL)
           SELECT name AS "name!" FROM queues WHERE name IS NOT NULL"#,
    )
    .fetch_all(db)
    .await
}

/// The lanes of one queue or of all.
pub(crate) async fn lanes(db: impl PgExecutor<'_>, queue: Option<&str>) -> Result<Lanes, Error> {
    // a queue's last row has no priority: so is every queue named, whether anything waits there or not
    let rows = sqlx::query!(
        r#"WITH RECURSIVE queues (name) AS (
             SELECT coalesce($1, (SELECT min(job_type) FROM apalis.jobs))
             UNION ALL
             SELECT (SELECT min(j.job_type) FROM apalis.jobs j WHERE j.job_type > q.name)
               FROM queues q WHERE $1 IS NULL AND q.name IS NOT NULL),
           lanes (queue, priority) AS (
             SELECT q.name, (SELECT max(j.priority) FROM apalis.jobs j
                              WHERE (j.status = 'Pending' OR (j.status = 'Failed' AND j.attempts < j.max_attempts))
                                AND j.job_type = q.name)
               FROM queues q WHERE q.name IS NOT NULL
             UNION ALL
             SELECT l.queue, (SELECT max(j.priority) FROM apalis.jobs j
                               WHERE (j.status = 'Pending' OR (j.status = 'Failed' AND j.attempts < j.max_attempts))
                                 AND j.job_type = l.queue AND j.priority < l.priority)
               FROM lanes l WHERE l.priority IS NOT NULL)
           SELECT queue AS "queue!", priority FROM lanes"#,
        queue,
    )
    .fetch_all(db)
    .await?;
    let mut lanes = Lanes::default();
    for row in rows {
        match row.priority {
            Some(priority) => {
                lanes.queues.push(row.queue);
                lanes.priorities.push(priority);
            }
            None => lanes.names.push(row.queue),
        }
    }
    Ok(lanes)
}
