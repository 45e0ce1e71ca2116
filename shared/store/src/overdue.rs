//! What should have moved and has not: the sweep rings it again. Ids only, no locks (`house.md` §2).
//!
//! Every family waits a grace first, so that what the bell brings in time is not rung twice. A ring's key carries the
//! minute: a whole fleet of sweeps rings a stuck row once a minute at most, and never less often, because no key
//! lasts longer. A row is not late while its queue has not come to what was rung at its time: else a fleet that can't keep
//! up would ring everything twice and have twice as much to do. What the stop switch holds is not rung, or a long stop
//! would pile up jobs; approvals expire all the same.

use std::collections::HashMap;

use chrono::TimeDelta;
use domain::{
    id::{AccountId, ApprovalId, DeliveryId, ExecutionId, SignalId, SourceId, UserId},
    job::{Job, Kind},
    outbox::Ring,
    time::Timestamp,
};

use crate::{Result, Source};

/// How long the bell may take before the sweep rings.
pub const GRACE: TimeDelta = TimeDelta::seconds(5);
/// How much longer than a run may take an execution has to be running before the sweep takes it for abandoned: until
/// then the queue itself brings a dead worker's job back.
pub const RESCUE: TimeDelta = TimeDelta::seconds(15);

/// At most `limit` rings of each family for rows whose time has passed, oldest first.
pub async fn rings(db: impl Source, now: Timestamp, limit: u32) -> Result<Vec<Ring>> {
    let passed = now.minus(GRACE).utc();
    // a claim is due at once, for after a crash; while its worker lives, it is at it. An answer puts the next look later.
    let abandoned = now.minus(Kind::ExecuteAction.temper().timeout).minus(RESCUE).utc();
    let mut conn = db.conn().await?;
    let found = sqlx::query!(
        r#"WITH going AS NOT MATERIALIZED (
             SELECT id FROM users WHERE stopped_at IS NULL AND NOT EXISTS (SELECT 1 FROM system_state WHERE stopped_at IS NOT NULL)
           )
           (SELECT 'signal' AS "family!", s.id AS "id!", s.received_at AS "since!" FROM signals s JOIN going ON going.id = s.user_id
             WHERE s.state = 'accepted' AND s.received_at <= $1 ORDER BY s.received_at LIMIT $3)
           UNION ALL
           (SELECT 'approval', id, due_at FROM approvals WHERE state = 'pending' AND due_at <= $1 ORDER BY due_at LIMIT $3)
           UNION ALL
           (SELECT 'execution', e.id, e.due_at FROM executions e JOIN going ON going.id = e.user_id
             WHERE e.state IN ('planned', 'running') AND e.due_at <= $1 AND (e.state = 'planned' OR e.due_at > e.updated_at OR e.due_at <= $2)
             ORDER BY e.due_at LIMIT $3)
           UNION ALL
           (SELECT 'account', id, refresh_due_at FROM accounts WHERE state IN ('active', 'refreshing') AND refresh_due_at <= $1 ORDER BY refresh_due_at LIMIT $3)
           UNION ALL
           (SELECT 'source', s.id, s.due_at FROM sources s JOIN accounts a ON a.id = s.account_id AND a.state IN ('active', 'refreshing')
             WHERE s.due_at <= $1 ORDER BY s.due_at LIMIT $3)
           UNION ALL
           (SELECT 'held', user_id, min(deliver_at) FROM (
              SELECT user_id, deliver_at FROM notifications
               WHERE delivered_at IS NULL AND deliver_at <= $1 ORDER BY deliver_at LIMIT $3) AS held GROUP BY user_id)
           UNION ALL
           (SELECT 'delivery', id, due_at FROM deliveries WHERE state = 'pending' AND due_at <= $1 ORDER BY due_at LIMIT $3)"#,
        passed,
        abandoned,
        i64::from(limit),
    )
    .fetch_all(&mut *conn)
    .await?;
    if found.is_empty() {
        return Ok(Vec::new());
    }
    let queues: Vec<_> = Kind::ALL.iter().map(|kind| kind.as_str()).collect();
    let behind: HashMap<_, _> = queue::behind(&mut *conn, &queues, Some(now.utc())).await?.into_iter().collect();
    let minute = now.utc().timestamp().div_euclid(60);
    Ok(found
        .into_iter()
        .filter_map(|row| {
            let job = match row.family.as_str() {
                "signal" => Job::EvaluateSignal { signal: SignalId::new(row.id) },
                "approval" => Job::ExpireApproval { approval: ApprovalId::new(row.id) },
                "execution" => Job::ExecuteAction { execution: ExecutionId::new(row.id) },
                "account" => Job::RefreshToken { account: AccountId::new(row.id) },
                "source" => Job::PollSource { source: SourceId::new(row.id) },
                "delivery" => Job::Deliver { delivery: DeliveryId::new(row.id) },
                "held" => Job::Notify { user: UserId::new(row.id) },
                _ => return None,
            };
            // Its own bell may still wait its turn there: another would only make the queue longer.
            let waits = behind.get(job.kind().as_str()).is_some_and(|next| *next < row.since + GRACE);
            (!waits).then(|| Ring { job, due: None, key: Some(format!("sweep:{}:{minute}", row.id)) })
        })
        .collect())
}
