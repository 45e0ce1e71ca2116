//! The statements of one signal's life: posted, decided, carried out, settled; each with what really is in its rows.
#![expect(
    clippy::disallowed_methods,
    reason = "no part of the product: the statements of a measurement, with the shape of the real ones"
)]

use chrono::{DateTime, TimeDelta, Utc};
use domain::{decision::Decision, execution::Execution, signal::Signal};
use serde_json::{Value, json, to_value};
use sqlx::{Error, PgConnection};
use uuid::Uuid;

use crate::bench::people::Person;

/// Round trips of one life, the two of the transaction's ends included.
pub(super) const STATEMENTS: u32 = 64;

const TOKEN: &str =
    "SELECT id, user_id, name, scopes, created_at, expires_at, revoked_at FROM api_tokens WHERE secret_hash = $1";
const LOCK: &str = "SELECT id FROM users WHERE id = $1 FOR NO KEY UPDATE";
const KNOWN: &str = "SELECT id FROM signals WHERE user_id = $1 AND source = $2 AND identity = $3";
const SIGNAL: &str = "INSERT INTO signals (id, user_id, source, type, identity, received_at, payload, updated_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $6)";
const EVENT: &str = "WITH counter AS (UPDATE users SET event_seq = event_seq + 1 WHERE id = $1 RETURNING event_seq)
    INSERT INTO events (user_id, seq, name, facts, at) SELECT $1, event_seq, $2, $3, $4 FROM counter";
const RING: &str =
    "INSERT INTO apalis.jobs (id, job_type, job, status, attempts, max_attempts, run_at, priority, idempotency_key)
    VALUES ($1, $2, $3, 'Pending', 0, 5, now(), 0, $4) ON CONFLICT (job_type, idempotency_key) DO NOTHING";
const CLAIM: &str = "UPDATE apalis.jobs j SET status = 'Running', lock_by = 'floor', lock_at = now(), attempts = j.attempts + 1
    WHERE j.id = ANY(ARRAY(SELECT c.id FROM apalis.jobs c
      WHERE (c.status = 'Pending' OR (c.status = 'Failed' AND c.attempts < c.max_attempts)) AND c.run_at <= now() AND c.job_type = $1
      ORDER BY c.priority DESC, c.run_at LIMIT 1 FOR UPDATE SKIP LOCKED)) RETURNING j.id";
const ACK: &str = "UPDATE apalis.jobs SET status = 'Done', done_at = now(), lock_by = NULL, lock_at = NULL
    WHERE id = $1 AND lock_by = 'floor' AND status = 'Running'";
const WHOSE_SIGNAL: &str = "SELECT user_id FROM signals WHERE id = $1";
const READ_SIGNAL: &str = "SELECT s.*, d.id AS decision FROM signals s LEFT JOIN decisions d ON d.signal_id = s.id
    WHERE s.id = $1 AND s.user_id = $2";
const MARK: &str =
    "UPDATE signals SET state = 'decided', updated_at = $3 WHERE id = $1 AND user_id = $2 AND state <> 'decided'";
const DECISION: &str = "INSERT INTO decisions (id, user_id, signal_id, situation, domain, urgency, trust_tier, outcome, chosen,
      context, explanation, decided_at) VALUES ($1, $2, $3, 'email_triage', 'email', 'low', 'moderate_autonomy', 'auto', 0, $4, $5, $6)";
const CANDIDATES: &str = "INSERT INTO candidates (decision_id, ordinal, verb, action, summary, confidence, support, score, risk,
      risk_tier, missing, verdict, effect, policy_hash)
    SELECT $1, n.ordinal, n.verb, n.action, n.summary, 'confirmed', n.support, 0, n.risk, 'low', '{}', n.verdict, 'allow', n.hash
      FROM unnest($2::smallint[], $3::text[], $4::jsonb[], $5::text[], $6::jsonb[], $7::jsonb[], $8::jsonb[], $9::text[])
        AS n (ordinal, verb, action, summary, support, risk, verdict, hash)";
const EXECUTION: &str = "INSERT INTO executions (id, user_id, decision_id, kind, verb, domain, action, digest, permitted_revision,
      state, due_at, created_at, updated_at) VALUES ($1, $2, $3, 'act', 'archive_email', 'email', $4, $5, 1, 'planned', $6, $6, $6)";
const STEP: &str = "INSERT INTO execution_steps (execution_id, ordinal, action, state) VALUES ($1, 0, $2, 'pending')";
const WHOSE_EXECUTION: &str = "SELECT user_id FROM executions WHERE id = $1";
const READ_EXECUTION: &str = "SELECT e.*, (SELECT jsonb_agg(to_jsonb(s) ORDER BY s.ordinal) FROM execution_steps s
      WHERE s.execution_id = e.id) AS steps FROM executions e WHERE e.id = $1 AND e.user_id = $2";
const READ_DECISION: &str = "SELECT * FROM decisions WHERE id = $1 AND user_id = $2";
const READ_CANDIDATES: &str = "SELECT * FROM candidates WHERE decision_id = $1 ORDER BY ordinal";
const IDENTITY: &str = "SELECT id, version FROM engine_identities WHERE user_id = $1 AND engine = $2";
const GATE: &str = "SELECT e.*, c.quiet_until FROM (SELECT $1::text AS name) n LEFT JOIN engines e ON e.name = n.name
    LEFT JOIN engine_callers c ON c.engine = n.name AND c.caller = 'shared'";
const RUN: &str = "UPDATE executions SET engine = $3, request = $4, attempt = 1, sends = 1, state = 'running', due_at = $5, updated_at = $6
    WHERE id = $1 AND user_id = $2 AND attempt = 0 AND state = 'planned'";
const SETTLE: &str =
    "UPDATE executions SET state = 'succeeded', due_at = NULL, settled_at = $3, result = '{}', updated_at = $3
    WHERE id = $1 AND user_id = $2 AND attempt = 1 AND state = 'running'";
const MARK_STEP: &str = "UPDATE execution_steps SET state = $2 WHERE execution_id = $1 AND ordinal = 0";

const SETTINGS: &str = "SELECT u.timezone, u.trust_tier, u.autonomy, u.settings_revision,
      (u.stopped_at IS NOT NULL OR EXISTS (SELECT 1 FROM system_state s WHERE s.stopped_at IS NOT NULL)),
      coalesce((SELECT jsonb_object_agg(d.domain, d.trust_tier) FROM domain_tiers d WHERE d.user_id = u.id), '{}')
    FROM users u WHERE u.id = $1";
const SPEND: &str =
    "SELECT l.* FROM daily_spend_ledger l WHERE l.user_id = $1 AND l.currency = 'USD' AND l.execution_id IN (
      SELECT x.id FROM executions x WHERE x.user_id = $1 AND x.state IN ('planned', 'running', 'unknown')
      UNION ALL SELECT s.execution_id FROM daily_spend_ledger s
                 WHERE s.user_id = $1 AND s.currency = 'USD' AND s.kind = 'settle' AND s.at > $2)";
/// What else is read of a person before anything is decided for them.
const FACTS: [&str; 8] = [
    "SELECT id, domain, key, value, half_steps, source, evidence_count FROM preferences WHERE user_id = $1 ORDER BY domain, key",
    "SELECT id, body, revision, created_at, updated_at FROM own_rules WHERE user_id = $1 AND kind = 'policy' ORDER BY created_at, id",
    "SELECT id, body, revision, created_at, updated_at FROM own_rules WHERE user_id = $1 AND kind = 'trigger' ORDER BY created_at, id",
    "SELECT verb, remaining FROM asks_owed WHERE user_id = $1",
    "SELECT version, fields, updated_at FROM twin_profiles WHERE user_id = $1",
    "SELECT domain, verb, count(*) FROM executions WHERE user_id = $1 AND state = 'succeeded' AND kind = 'act' GROUP BY domain, verb",
    "SELECT f.domain, count(*) FROM feedback f
       LEFT JOIN (SELECT domain, max(at) AS at FROM feedback WHERE user_id = $1 AND kind IN ('approve', 'edit', 'reward')
                   GROUP BY domain) AS yes ON yes.domain = f.domain
      WHERE f.user_id = $1 AND f.kind IN ('reject', 'undo', 'punish') AND f.at >= coalesce(yes.at, '-infinity') GROUP BY f.domain",
    "SELECT DISTINCT action -> 'parameters' ->> 'payee' FROM executions
      WHERE user_id = $1 AND state = 'succeeded' AND kind = 'act' AND verb IN ('pay_bill', 'transfer_funds')",
];

/// A worker for the jobs to belong to.
pub(super) async fn sign_on(conn: &mut PgConnection) -> Result<(), Error> {
    let sql = "INSERT INTO apalis.workers (id, worker_type, storage_name, layers, last_seen, started_at)
               VALUES ('floor', 'floor', 'floor', 'floor', now(), now())";
    sqlx::query(sql).execute(conn).await.map(drop)
}

/// What a life writes.
pub(super) struct Life {
    source: String,
    kind: String,
    payload: Value,
    context: Value,
    explanation: Value,
    candidates: Candidates,
    action: Value,
    digest: String,
}

#[derive(Default)]
struct Candidates {
    ordinals: Vec<i16>,
    verbs: Vec<String>,
    actions: Vec<Value>,
    summaries: Vec<String>,
    supports: Vec<Value>,
    risks: Vec<Value>,
    verdicts: Vec<Value>,
    hashes: Vec<String>,
}

impl Life {
    pub(super) fn of(signal: &Signal, decision: &Decision, execution: &Execution) -> Result<Self, serde_json::Error> {
        let mut candidates = Candidates::default();
        for (ordinal, one) in (0..).zip(&decision.candidates) {
            candidates.ordinals.push(ordinal);
            candidates.verbs.push(one.action.verb.as_str().to_owned());
            candidates.actions.push(to_value(&one.action)?);
            candidates.summaries.push(one.summary.clone());
            candidates.supports.push(to_value(&one.support)?);
            candidates.risks.push(to_value(&one.risk)?);
            candidates.verdicts.push(to_value(&one.verdict)?);
            candidates.hashes.push(one.verdict.policy_hash.as_str().to_owned());
        }
        Ok(Self {
            source: signal.source.clone(),
            kind: signal.kind.clone(),
            payload: to_value(&signal.payload)?,
            context: to_value(&decision.context)?,
            explanation: to_value(&decision.explanation)?,
            candidates,
            action: to_value(&execution.action)?,
            digest: execution.digest.as_str().to_owned(),
        })
    }

    /// From its POST to its settlement.
    pub(super) async fn run(
        &self,
        conn: &mut PgConnection,
        who: &Person,
        id: Uuid,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let user = who.user.uuid();
        self.post(conn, who, id, now).await?;
        let job = claim(conn, "evaluate_signal").await?;
        let (decision, execution) = (derived(id, "decision"), derived(id, "execution"));
        self.evaluate(conn, user, (id, decision, execution), now).await?;
        ack(conn, job).await?;
        let job = claim(conn, "execute_action").await?;
        self.dispatch(conn, user, (decision, execution), now).await?;
        self.settle(conn, user, execution, now).await?;
        ack(conn, job).await
    }

    async fn post(&self, conn: &mut PgConnection, who: &Person, id: Uuid, now: DateTime<Utc>) -> Result<(), Error> {
        let user = who.user.uuid();
        sqlx::query(TOKEN).bind(who.token_hash.as_slice()).fetch_all(&mut *conn).await?;
        begin(conn, user).await?;
        let identity = format!("external:{id}");
        sqlx::query(KNOWN).bind(user).bind(&self.source).bind(&identity).fetch_all(&mut *conn).await?;
        let signal = sqlx::query(SIGNAL).bind(id).bind(user).bind(&self.source).bind(&self.kind).bind(&identity);
        signal.bind(now).bind(&self.payload).execute(&mut *conn).await?;
        event(conn, user, "signal.received", json!({ "signal": id }), now).await?;
        ring(conn, "evaluate_signal", json!({ "kind": "evaluate_signal", "signal": id }), id).await?;
        commit(conn).await
    }

    async fn evaluate(
        &self,
        conn: &mut PgConnection,
        user: Uuid,
        (id, decision, execution): (Uuid, Uuid, Uuid),
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        sqlx::query(WHOSE_SIGNAL).bind(id).fetch_all(&mut *conn).await?;
        begin(conn, user).await?;
        sqlx::query(READ_SIGNAL).bind(id).bind(user).fetch_all(&mut *conn).await?;
        facts(conn, user, now).await?;
        sqlx::query(MARK).bind(id).bind(user).bind(now).execute(&mut *conn).await?;
        let row = sqlx::query(DECISION).bind(decision).bind(user).bind(id).bind(&self.context).bind(&self.explanation);
        row.bind(now).execute(&mut *conn).await?;
        let Candidates { ordinals, verbs, actions, summaries, supports, risks, verdicts, hashes } = &self.candidates;
        let rows = sqlx::query(CANDIDATES).bind(decision).bind(ordinals).bind(verbs).bind(actions).bind(summaries);
        rows.bind(supports).bind(risks).bind(verdicts).bind(hashes).execute(&mut *conn).await?;
        let row =
            sqlx::query(EXECUTION).bind(execution).bind(user).bind(decision).bind(&self.action).bind(&self.digest);
        row.bind(now).execute(&mut *conn).await?;
        sqlx::query(STEP).bind(execution).bind(&self.action).execute(&mut *conn).await?;
        event(conn, user, "decision.made", json!({ "signal": id, "decision": decision }), now).await?;
        ring(conn, "execute_action", json!({ "kind": "execute_action", "execution": execution }), execution).await?;
        commit(conn).await
    }

    async fn dispatch(
        &self,
        conn: &mut PgConnection,
        user: Uuid,
        (decision, execution): (Uuid, Uuid),
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        sqlx::query(WHOSE_EXECUTION).bind(execution).fetch_all(&mut *conn).await?;
        begin(conn, user).await?;
        sqlx::query(READ_EXECUTION).bind(execution).bind(user).fetch_all(&mut *conn).await?;
        sqlx::query(SETTINGS).bind(user).fetch_all(&mut *conn).await?;
        sqlx::query(READ_DECISION).bind(decision).bind(user).fetch_all(&mut *conn).await?;
        sqlx::query(READ_CANDIDATES).bind(decision).fetch_all(&mut *conn).await?;
        facts(conn, user, now).await?;
        sqlx::query(IDENTITY).bind(user).bind("simulated").fetch_all(&mut *conn).await?;
        sqlx::query(GATE).bind("simulated").fetch_all(&mut *conn).await?;
        let run =
            sqlx::query(RUN).bind(execution).bind(user).bind("simulated").bind(self.action.to_string().into_bytes());
        run.bind(now + TimeDelta::seconds(90)).bind(now).execute(&mut *conn).await?;
        sqlx::query(MARK_STEP).bind(execution).bind("running").execute(&mut *conn).await?;
        event(conn, user, "execution.started", json!({ "decision": decision, "execution": execution }), now).await?;
        commit(conn).await
    }

    async fn settle(
        &self,
        conn: &mut PgConnection,
        user: Uuid,
        execution: Uuid,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        begin(conn, user).await?;
        sqlx::query(SETTLE).bind(execution).bind(user).bind(now).execute(&mut *conn).await?;
        sqlx::query(MARK_STEP).bind(execution).bind("succeeded").execute(&mut *conn).await?;
        sqlx::query(SETTINGS).bind(user).fetch_all(&mut *conn).await?;
        event(conn, user, "execution.settled", json!({ "execution": execution }), now).await?;
        commit(conn).await
    }
}

fn derived(id: Uuid, label: &str) -> Uuid {
    Uuid::new_v5(&id, label.as_bytes())
}

/// Begins, and locks the person.
async fn begin(conn: &mut PgConnection, user: Uuid) -> Result<(), Error> {
    sqlx::raw_sql("BEGIN").execute(&mut *conn).await?;
    sqlx::query(LOCK).bind(user).fetch_all(&mut *conn).await.map(drop)
}

async fn commit(conn: &mut PgConnection) -> Result<(), Error> {
    sqlx::raw_sql("COMMIT").execute(&mut *conn).await.map(drop)
}

async fn facts(conn: &mut PgConnection, user: Uuid, now: DateTime<Utc>) -> Result<(), Error> {
    sqlx::query(SETTINGS).bind(user).fetch_all(&mut *conn).await?;
    sqlx::query(SPEND).bind(user).bind(now - TimeDelta::days(1)).fetch_all(&mut *conn).await?;
    for fact in FACTS {
        sqlx::query(fact).bind(user).fetch_all(&mut *conn).await?;
    }
    Ok(())
}

async fn event(conn: &mut PgConnection, user: Uuid, name: &str, facts: Value, now: DateTime<Utc>) -> Result<(), Error> {
    sqlx::query(EVENT).bind(user).bind(name).bind(facts).bind(now).execute(conn).await.map(drop)
}

async fn ring(conn: &mut PgConnection, queue: &str, job: Value, of: Uuid) -> Result<(), Error> {
    let id = derived(of, queue).to_string();
    let ring = sqlx::query(RING).bind(id).bind(queue).bind(job.to_string().into_bytes()).bind(format!("{of}:0"));
    ring.execute(conn).await.map(drop)
}

/// The next due job, which may be another life's: then that one takes ours.
async fn claim(conn: &mut PgConnection, queue: &str) -> Result<Option<String>, Error> {
    sqlx::query_scalar(CLAIM).bind(queue).fetch_optional(conn).await
}

async fn ack(conn: &mut PgConnection, job: Option<String>) -> Result<(), Error> {
    sqlx::query(ACK).bind(job).execute(conn).await.map(drop)
}
