//! What came of it: rows read back as the person, or an operator, would see them.

use domain::{
    approval::Approval,
    decision::{Decision, Outcome},
    execution::Execution,
    id::{DecisionId, SignalId},
};
use store::{approvals, decisions, events, executions};

use super::Bench;

/// Everything a person could tell apart at the end of a way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct End {
    pub(in super::super) outcome: Outcome,
    pub(in super::super) approvals: Vec<String>,
    pub(in super::super) executions: Vec<String>,
    pub(in super::super) ledger: Vec<(String, i64)>,
    pub(in super::super) notices: Vec<String>,
    pub(in super::super) events: Vec<String>,
    pub(in super::super) effects: Vec<u32>,
}

impl Bench {
    /// How many rows should have moved by now.
    pub(in super::super) async fn undone(&self) -> i64 {
        sqlx::query_scalar(
            "SELECT (SELECT count(*) FROM signals WHERE state = 'accepted') + (SELECT count(*) FROM executions WHERE due_at IS NOT NULL)
                  + (SELECT count(*) FROM approvals WHERE due_at <= $1)
                  + (SELECT count(*) FROM notifications WHERE delivered_at IS NULL AND deliver_at <= $1)",
        )
        .bind(self.now().utc())
        .fetch_one(&self.pool)
        .await
        .unwrap()
    }

    /// Payloads of the jobs that are not over.
    pub(in super::super) async fn live_jobs(&self) -> Vec<String> {
        sqlx::query_scalar(
            "SELECT convert_from(job, 'UTF8') || ' ' || status || ' ' || run_at || ' ' || coalesce(last_result::text, '') FROM apalis.jobs
              WHERE status IN ('Pending', 'Running', 'Queued') OR (status = 'Failed' AND attempts < max_attempts)",
        )
        .fetch_all(&self.pool)
        .await
        .unwrap()
    }

    /// The decision of a signal.
    pub(in super::super) async fn decision(&self, signal: SignalId) -> Decision {
        decisions::of_signal(&self.state.store, self.user, signal).await.unwrap().expect("decided")
    }

    /// Whether nothing was decided about it yet.
    pub(in super::super) async fn is_undecided(&self, signal: SignalId) -> bool {
        decisions::of_signal(&self.state.store, self.user, signal).await.unwrap().is_none()
    }

    /// The approvals of a decision, newest first.
    pub(in super::super) async fn approvals(&self, decision: DecisionId) -> Vec<Approval> {
        approvals::of_decision(&self.state.store, self.user, decision).await.unwrap()
    }

    /// The executions of a decision, oldest first.
    pub(in super::super) async fn executions(&self, decision: DecisionId) -> Vec<Execution> {
        executions::of_decision(&self.state.store, self.user, decision).await.unwrap()
    }

    /// How many jobs of a queue are done.
    pub(in super::super) async fn jobs_done(&self, queue: &str) -> i64 {
        sqlx::query_scalar("SELECT count(*) FROM apalis.jobs WHERE status = 'Done' AND job_type = $1")
            .bind(queue)
            .fetch_one(&self.pool)
            .await
            .unwrap()
    }

    /// Changes rows behind everybody's back.
    pub(in super::super) async fn write(&self, sql: &'static str) {
        sqlx::query(sql).execute(&self.pool).await.unwrap();
    }

    /// One value.
    pub(in super::super) async fn read<T>(&self, sql: &'static str) -> T
    where
        T: Send + Unpin + for<'r> sqlx::Decode<'r, sqlx::Postgres> + sqlx::Type<sqlx::Postgres>,
    {
        sqlx::query_scalar(sql).fetch_one(&self.pool).await.unwrap()
    }

    /// Kinds of the notifications, sorted.
    pub(in super::super) async fn notices(&self) -> Vec<String> {
        sqlx::query_scalar("SELECT kind FROM notifications WHERE user_id = $1 ORDER BY kind")
            .bind(self.user.uuid())
            .fetch_all(&self.pool)
            .await
            .unwrap()
    }

    /// The ledger: kind and cents, in order.
    pub(in super::super) async fn ledger(&self) -> Vec<(String, i64)> {
        sqlx::query_as(
            "SELECT kind, cents FROM daily_spend_ledger WHERE user_id = $1 ORDER BY at, kind NOT LIKE 'reserve'",
        )
        .bind(self.user.uuid())
        .fetch_all(&self.pool)
        .await
        .unwrap()
    }

    /// Everything a person could tell apart at the end.
    pub(in super::super) async fn end(&self, signal: SignalId) -> End {
        let decision = self.decision(signal).await;
        let mut names: Vec<_> = events::since(&self.state.store, self.user, 0, 1000)
            .await
            .unwrap()
            .iter()
            .map(|e| e.name.to_string())
            .collect();
        names.sort();
        End {
            outcome: decision.outcome,
            approvals: self
                .approvals(decision.id)
                .await
                .iter()
                .map(|a| format!("{} {}", a.kind, a.state.phase()))
                .collect(),
            executions: self.executions(decision.id).await.iter().map(|e| e.state.phase().to_string()).collect(),
            ledger: self.ledger().await,
            notices: self.notices().await,
            events: names,
            effects: self.engine.effects().into_values().collect(),
        }
    }
}
