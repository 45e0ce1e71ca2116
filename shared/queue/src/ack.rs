//! Writing outcomes: a batch per statement, kept until written, fenced.
//!
//! The fence: a row is written only while it is still this worker's, at this attempt, claimed at this moment. A
//! worker that was thought dead and comes back finds its outcomes refused; whoever has the job now decides.
//! Backoff is part of the same statement, so it survives whatever happens next.
//!
//! A database that is away costs patience, never an outcome. A row that cannot be written costs only itself: the
//! batch falls back to one by one, then to a plainer reason, and what still fails is left to the rescue.

use std::{
    sync::{Arc, atomic::Ordering::SeqCst},
    time::Duration,
};

use serde_json::{Value, json};
use sqlx::Error;
use tokio::{
    sync::mpsc,
    time::{sleep, timeout},
};

use crate::{
    config::jittered,
    db::is_data_fault,
    enqueue::millis,
    failure::Verdict,
    station::{Claim, Station},
    stats::{add, count},
};

/// How long outcomes gather while more jobs are due than there are hands for: then nobody waits for one hand.
const GATHER: Duration = Duration::from_millis(50);
/// Outcomes one statement writes at most.
const BATCH: usize = 500;
/// Bytes of a reason that are stored.
const REASON: usize = 4000;
/// The first and the longest wait while the database is away.
const RETRY: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(2));

/// One outcome to be written.
#[derive(Clone, Debug)]
pub(crate) struct Ack {
    pub(crate) claim: Claim,
    pub(crate) verdict: Verdict,
}

/// Writes outcomes until all senders are gone or its task is dropped.
pub(crate) async fn write_all(station: Arc<Station>, mut acks: mpsc::UnboundedReceiver<Ack>) {
    let mut batch = Vec::with_capacity(BATCH);
    while acks.recv_many(&mut batch, BATCH).await > 0 {
        if station.crowded.load(SeqCst) {
            // half the crew at once: one statement writes their outcomes, and one claims for all of them
            let half = BATCH.min(station.config.concurrency / 2);
            let gathered = async { while batch.len() < half && acks.recv_many(&mut batch, BATCH).await > 0 {} };
            let (Ok(()) | Err(_)) = timeout(GATHER, gathered).await;
        }
        if write(&station, &batch).await.is_err() {
            // one of them is bad: find it
            for ack in &batch {
                write_alone(&station, ack).await;
            }
        }
        batch.clear();
    }
}

async fn write_alone(station: &Station, ack: &Ack) {
    let one = std::slice::from_ref(ack);
    if write(station, one).await.is_ok() {
        return;
    }
    let plain = Ack { claim: ack.claim.clone(), verdict: without_words(&ack.verdict) };
    if let Err(error) = write(station, &[plain]).await {
        tracing::error!(%error, job = ack.claim.id, "this outcome cannot be written; the job will be rescued");
        add(&station.stats.lost_acks, 1);
        station.held.free([&ack.claim]);
    }
}

/// Writes a batch, waiting for the database as long as it takes. Fails only when the rows are to blame.
async fn write(station: &Station, batch: &[Ack]) -> Result<(), Error> {
    let mut wait = RETRY.0;
    loop {
        match update(station, batch).await {
            Ok(written) => {
                add(&station.stats.acked, written);
                let stale = count(batch.len()).saturating_sub(written);
                if stale > 0 {
                    add(&station.stats.stale_acks, stale);
                    tracing::warn!(stale, "outcomes refused: the jobs were no longer ours");
                }
                station.held.free(batch.iter().map(|ack| &ack.claim));
                return Ok(());
            }
            Err(error) if is_data_fault(&error) => return Err(error),
            Err(error) => {
                tracing::warn!(%error, outcomes = batch.len(), "outcomes not written yet, will try again");
                sleep(jittered(wait, 0.25)).await;
                wait = (wait * 2).min(RETRY.1);
            }
        }
    }
}

#[expect(clippy::as_conversions, reason = "how sqlx is told the type of a parameter")]
async fn update(station: &Station, batch: &[Ack]) -> Result<u64, Error> {
    let ids: Vec<&str> = batch.iter().map(|ack| ack.claim.id.as_str()).collect();
    let attempts: Vec<i32> = batch.iter().map(|ack| ack.claim.attempt).collect();
    let lock_ats: Vec<_> = batch.iter().map(|ack| ack.claim.lock_at).collect();
    let rows: Vec<Row> = batch.iter().map(|ack| Row::of(&ack.verdict)).collect();
    let statuses: Vec<&str> = rows.iter().map(|row| row.status).collect();
    let results: Vec<Option<Value>> = rows.iter().map(|row| row.result.clone()).collect();
    let delays: Vec<Option<i64>> = rows.iter().map(|row| row.delay.map(millis)).collect();
    let refunds: Vec<i32> = rows.iter().map(|row| row.refund).collect();
    let ends: Vec<bool> = rows.iter().map(|row| row.end).collect();
    let now = station.config.clock.now();
    let written = station
        .db
        .run(async |conn| {
            sqlx::query!(
                "UPDATE apalis.jobs j
                    SET status = a.status, last_result = coalesce(a.result, j.last_result), attempts = j.attempts - a.refund,
                        done_at = CASE WHEN a.final THEN coalesce($2, now()) END, lock_by = NULL, lock_at = NULL,
                        run_at = CASE WHEN a.delay_ms IS NULL THEN j.run_at
                                      ELSE coalesce($2, now()) + a.delay_ms * interval '1 millisecond' END
                   FROM unnest($3::text[], $4::int[], $5::timestamptz[], $6::text[], $7::jsonb[], $8::bigint[], $9::int[], $10::bool[])
                        AS a (id, attempt, lock_at, status, result, delay_ms, refund, final)
                  WHERE j.id = a.id AND j.lock_by = $1 AND j.attempts = a.attempt AND j.lock_at = a.lock_at
                    AND j.status = 'Running'",
                station.id,
                now,
                &ids as &[&str],
                &attempts,
                &lock_ats,
                &statuses as &[&str],
                &results as &[Option<Value>],
                &delays as &[Option<i64>],
                &refunds,
                &ends,
            )
            .execute(conn)
            .await
        })
        .await?;
    Ok(written.rows_affected())
}

/// A verdict as columns.
struct Row {
    status: &'static str,
    /// `None` keeps what is there.
    result: Option<Value>,
    /// `None` keeps the due time.
    delay: Option<Duration>,
    /// Attempts to give back.
    refund: i32,
    /// Whether the job will not run again by itself.
    end: bool,
}

impl Row {
    fn of(verdict: &Verdict) -> Self {
        let err = |why: &str| Some(json!({ "Err": storable(why) }));
        let (status, result, delay, refund, end) = match verdict {
            Verdict::Done => ("Done", Some(json!({ "Ok": null })), None, 0, true),
            Verdict::Killed { why } => ("Killed", err(why), None, 0, true),
            Verdict::Dead { why } => ("Failed", err(why), None, 0, true),
            Verdict::Retry { delay, why } => ("Failed", err(why), Some(*delay), 0, false),
            Verdict::Snooze { delay, why } => ("Pending", err(why), Some(*delay), 1, false),
            Verdict::GiveBack => ("Pending", None, None, 1, false),
        };
        Self { status, result, delay, refund, end }
    }
}

/// A reason jsonb can hold (it refuses NUL), of a size somebody reads.
fn storable(why: &str) -> String {
    let end = (0..=REASON.min(why.len())).rev().find(|end| why.is_char_boundary(*end)).unwrap_or(0);
    why.get(..end).unwrap_or_default().replace('\0', "\u{fffd}")
}

fn without_words(verdict: &Verdict) -> Verdict {
    let why = "the reason could not be stored".to_owned();
    match verdict {
        Verdict::Done => Verdict::Done,
        Verdict::GiveBack => Verdict::GiveBack,
        Verdict::Killed { .. } => Verdict::Killed { why },
        Verdict::Dead { .. } => Verdict::Dead { why },
        Verdict::Retry { delay, .. } => Verdict::Retry { delay: *delay, why },
        Verdict::Snooze { delay, .. } => Verdict::Snooze { delay: *delay, why },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_cut_between_characters_and_holds_no_nul() {
        assert_eq!(storable("a\0b"), "a\u{fffd}b");
        let long = "ü".repeat(REASON);
        assert_eq!(storable(&long).len(), REASON);
        assert_eq!(storable(&format!("x{long}")).len(), REASON - 1);
    }

    #[test]
    fn only_a_snooze_and_a_give_back_refund_the_attempt() {
        let refund = |verdict: Verdict| Row::of(&verdict).refund;
        assert_eq!(refund(Verdict::GiveBack), 1);
        assert_eq!(refund(Verdict::Snooze { delay: Duration::ZERO, why: String::new() }), 1);
        assert_eq!(refund(Verdict::Retry { delay: Duration::ZERO, why: String::new() }), 0);
        assert_eq!(refund(Verdict::Done), 0);
    }
}
