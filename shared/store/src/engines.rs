//! What all workers know together of an engine: its breaker, and how often each caller has called (`domain.md` §10).
//!
//! The machines are `domain::breaker` and `domain::quota`; here they are read, locked and written. Reading takes no lock
//! and what is well writes nothing. Lock order: the user, then the engine, then the caller.

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    breaker::{Breaker, Open, Probe, Sign},
    id::{ExecutionId, UserId},
    outbox::Outbox,
    quota::{Calls, Class, Limits},
    time::Timestamp,
};
use uuid::Uuid;
use vault::{Binding, Sealed};

use crate::{Result, Source, Store, Tx, identities, row};

/// Whom an engine's limits are counted for: a person with an identity of their own there, or everybody else together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caller(pub Option<UserId>);

impl Caller {
    fn name(self) -> String {
        self.0.map_or_else(|| "shared".to_owned(), |user| user.to_string())
    }
}

/// An engine as operators see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Engine {
    /// Its name.
    pub name: String,
    /// Its breaker.
    pub breaker: Breaker,
    /// Since when the breaker is as it is.
    pub updated_at: Timestamp,
}

struct EngineRow {
    failures: Option<Vec<DateTime<Utc>>>,
    last_failure: Option<String>,
    opened_at: Option<DateTime<Utc>>,
    open_until: Option<DateTime<Utc>>,
    rest_seconds: Option<i32>,
    probe_execution: Option<Uuid>,
    probe_until: Option<DateTime<Utc>>,
    misconfigured_at: Option<DateTime<Utc>>,
    misconfigured_why: Option<String>,
}

impl EngineRow {
    fn read(self) -> Breaker {
        let probe = self.probe_execution.zip(self.probe_until);
        let open = self.opened_at.zip(self.open_until).zip(self.rest_seconds);
        Breaker {
            failures: instants(self.failures),
            last_failure: self.last_failure,
            open: open.map(|((since, until), rest)| Open {
                since: since.into(),
                until: until.into(),
                rest: TimeDelta::seconds(rest.into()),
                probe: probe.map(|(id, until)| Probe { execution: ExecutionId::new(id), until: until.into() }),
            }),
            misconfigured: self.misconfigured_at.zip(self.misconfigured_why).map(|(at, why)| (at.into(), why)),
        }
    }
}

fn instants(stored: Option<Vec<DateTime<Utc>>>) -> Vec<Timestamp> {
    stored.unwrap_or_default().into_iter().map(Into::into).collect()
}

fn stored(instants: &[Timestamp]) -> Vec<DateTime<Utc>> {
    instants.iter().map(|at| at.utc()).collect()
}

/// What stands between a person's execution and an engine.
#[derive(Clone, Debug)]
pub struct Approach {
    /// The engine's breaker.
    pub breaker: Breaker,
    /// What proves who the person is there, sealed; none where they have no identity of their own.
    pub proof: Option<(Binding, Sealed)>,
    /// Until when the engine wants to hear nothing of whom the person calls as.
    pub quiet: Option<Timestamp>,
}

/// How the engine is, and as whom the person calls it: one read, without a lock.
pub async fn approach(tx: &mut Tx, engine: &str, user: UserId) -> Result<Approach> {
    let bound = identities::binding(user, engine);
    let row = sqlx::query!(
        r#"SELECT e.failures AS "failures?", e.last_failure AS "last_failure?", e.opened_at AS "opened_at?",
                  e.open_until AS "open_until?", e.rest_seconds AS "rest_seconds?", e.probe_execution AS "probe_execution?",
                  e.probe_until AS "probe_until?", e.misconfigured_at AS "misconfigured_at?",
                  e.misconfigured_why AS "misconfigured_why?", s.sealed AS "sealed?", c.quiet_until AS "quiet_until?"
             FROM (SELECT $1::text AS name) n
             LEFT JOIN engines e ON e.name = n.name
             LEFT JOIN secrets s ON s.purpose = $2 AND s.subject_id = $3 AND s.user_id = $4
             LEFT JOIN engine_callers c
               ON c.engine = n.name AND c.caller = CASE WHEN s.sealed IS NULL THEN $5 ELSE $6 END"#,
        engine,
        bound.purpose.as_str(),
        bound.subject,
        bound.user,
        Caller(None).name(),
        Caller(Some(user)).name(),
    )
    .fetch_one(tx.connection())
    .await?;
    let breaker = EngineRow {
        failures: row.failures,
        last_failure: row.last_failure,
        opened_at: row.opened_at,
        open_until: row.open_until,
        rest_seconds: row.rest_seconds,
        probe_execution: row.probe_execution,
        probe_until: row.probe_until,
        misconfigured_at: row.misconfigured_at,
        misconfigured_why: row.misconfigured_why,
    }
    .read();
    let proof = row.sealed.map(|sealed| (bound, Sealed::from_bytes(sealed)));
    Ok(Approach { breaker, proof, quiet: row.quiet_until.map(Into::into) })
}

/// Takes the probe's place for an execution, if nobody was faster; it is taken with the transaction.
pub async fn probe(
    tx: &mut Tx,
    engine: &str,
    execution: ExecutionId,
    in_doubt_since: Option<Timestamp>,
    now: Timestamp,
) -> Result<bool> {
    let Some(found) = locked(tx, engine).await? else { return Ok(false) };
    match found.probed_by(execution, in_doubt_since, now) {
        Some(probed) => write(tx, engine, &probed, now).await.map(|()| true),
        None => Ok(false),
    }
}

/// Counts a call that is about to be made, or says when there will be a place.
pub async fn count(
    tx: &mut Tx,
    engine: &str,
    caller: Caller,
    class: Class,
    limits: Limits,
    now: Timestamp,
) -> Result<std::result::Result<(), Timestamp>> {
    if limits.of(class).is_none() {
        return Ok(Ok(()));
    }
    let caller = caller.name();
    sqlx::query!("INSERT INTO engine_callers (engine, caller) VALUES ($1, $2) ON CONFLICT DO NOTHING", engine, caller)
        .execute(tx.connection())
        .await?;
    let row = sqlx::query!(
        "SELECT sends, looks, quiet_until FROM engine_callers WHERE engine = $1 AND caller = $2 FOR UPDATE",
        engine,
        caller,
    )
    .fetch_one(tx.connection())
    .await?;
    let calls = Calls {
        sends: instants(Some(row.sends)),
        looks: instants(Some(row.looks)),
        quiet_until: row.quiet_until.map(Into::into),
    };
    let calls = match calls.take(class, limits, now) {
        Ok(calls) => calls,
        Err(free) => return Ok(Err(free)),
    };
    sqlx::query!(
        "UPDATE engine_callers SET sends = $3, looks = $4 WHERE engine = $1 AND caller = $2",
        engine,
        caller,
        &stored(&calls.sends),
        &stored(&calls.looks),
    )
    .execute(tx.connection())
    .await?;
    Ok(Ok(()))
}

/// Leaves an engine alone, for everything of this caller, until then.
pub async fn quiet(store: &Store, engine: &str, caller: Caller, until: Timestamp) -> Result<()> {
    let mut conn = store.conn().await?;
    sqlx::query!(
        "INSERT INTO engine_callers (engine, caller, quiet_until) VALUES ($1, $2, $3)
         ON CONFLICT (engine, caller) DO UPDATE SET quiet_until = greatest(engine_callers.quiet_until, $3)",
        engine,
        caller.name(),
        until.utc(),
    )
    .execute(&mut *conn)
    .await?;
    Ok(())
}

/// Writes what a call said of the engine. Gives the breaker before and after.
pub async fn heard(
    store: &Store,
    engine: &str,
    execution: ExecutionId,
    sign: &Sign,
    now: Timestamp,
) -> Result<(Breaker, Breaker)> {
    let mut tx = store.begin().await?;
    sqlx::query!("INSERT INTO engines (name, updated_at) VALUES ($1, $2) ON CONFLICT DO NOTHING", engine, now.utc())
        .execute(tx.connection())
        .await?;
    let before = locked(&mut tx, engine).await?.unwrap_or_default();
    let after = before.clone().heard(execution, sign, now);
    if after != before {
        write(&mut tx, engine, &after, now).await?;
        tx.commit(Outbox::nothing(), now).await?;
    }
    Ok((before, after))
}

/// Every engine that was ever in trouble, by name.
pub async fn list(db: impl Source) -> Result<Vec<Engine>> {
    let found = sqlx::query!(
        "SELECT name, failures, last_failure, opened_at, open_until, rest_seconds, probe_execution, probe_until,
                misconfigured_at, misconfigured_why, updated_at
           FROM engines ORDER BY name",
    )
    .fetch_all(&mut *db.conn().await?)
    .await?;
    let engines = found.into_iter().map(|row| {
        let breaker = EngineRow {
            failures: Some(row.failures),
            last_failure: row.last_failure,
            opened_at: row.opened_at,
            open_until: row.open_until,
            rest_seconds: row.rest_seconds,
            probe_execution: row.probe_execution,
            probe_until: row.probe_until,
            misconfigured_at: row.misconfigured_at,
            misconfigured_why: row.misconfigured_why,
        };
        Engine { name: row.name, breaker: breaker.read(), updated_at: row.updated_at.into() }
    });
    Ok(engines.collect())
}

async fn locked(tx: &mut Tx, engine: &str) -> Result<Option<Breaker>> {
    let found = sqlx::query_as!(
        EngineRow,
        r#"SELECT failures AS "failures?", last_failure, opened_at, open_until, rest_seconds, probe_execution, probe_until,
                  misconfigured_at, misconfigured_why
             FROM engines WHERE name = $1 FOR UPDATE"#,
        engine,
    )
    .fetch_optional(tx.connection())
    .await?;
    Ok(found.map(EngineRow::read))
}

async fn write(tx: &mut Tx, engine: &str, breaker: &Breaker, now: Timestamp) -> Result<()> {
    let open = breaker.open.as_ref();
    let probe = open.and_then(|open| open.probe);
    let rest = open.map(|open| row::number::<_, i32>(open.rest.num_seconds())).transpose()?;
    let last_failure = breaker.last_failure.as_deref().map(row::text);
    let misconfigured_why = breaker.misconfigured.as_ref().map(|(_, why)| row::text(why));
    sqlx::query!(
        "UPDATE engines
            SET failures = $2, last_failure = $3, opened_at = $4, open_until = $5, rest_seconds = $6, probe_execution = $7,
                probe_until = $8, misconfigured_at = $9, misconfigured_why = $10, updated_at = $11
          WHERE name = $1",
        engine,
        &stored(&breaker.failures),
        last_failure.as_deref(),
        open.map(|open| open.since.utc()),
        open.map(|open| open.until.utc()),
        rest,
        probe.map(|probe| probe.execution.uuid()),
        probe.map(|probe| probe.until.utc()),
        breaker.misconfigured.as_ref().map(|(at, _)| at.utc()),
        misconfigured_why.as_deref(),
        now.utc(),
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}
