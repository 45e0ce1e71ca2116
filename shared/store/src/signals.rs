//! Signals: stored before they are acknowledged, once each, decided once (`domain.md` §3).

use std::collections::{HashMap, hash_map::Entry};

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    digest::Digest,
    id::{DecisionId, SignalId, UserId},
    signal::{Domain, Signal, Urgency},
    time::Timestamp,
};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    Cursor, Error, Page, Result, Source, Tx, UserLock,
    counted::Counted,
    page::one_more,
    row::{self, Row},
};

/// How long the same content without an id of its own is the same signal (`domain.md` §3).
pub const SAME_CONTENT: TimeDelta = TimeDelta::hours(24);
/// Longer ids are kept as their digest: an index entry has an end.
const LONGEST_IDENTITY: usize = 256;

/// What makes it the same signal, within user and source (`domain.md` §3).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Identity {
    /// The source's own id.
    External(String),
    /// The caller's Idempotency-Key.
    Key(String),
    /// Its content, within 24 h.
    Content,
}

/// What accepting a signal led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accepted {
    /// Stored now.
    New(SignalId),
    /// Stored before, under this id.
    Repeat(SignalId),
}

/// Where a signal stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// To be decided.
    Accepted,
    /// Decided.
    Decided,
    /// Could not be decided; may be driven again.
    Dead {
        /// Why.
        reason: String,
    },
}

/// A signal with what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignalRow {
    /// The signal.
    pub signal: Signal,
    /// Where it stands.
    pub state: State,
    /// Its decision.
    pub decision: Option<DecisionId>,
}

struct Found {
    id: Uuid,
    user_id: Uuid,
    source: String,
    kind: String,
    external_id: Option<String>,
    occurred_at: Option<DateTime<Utc>>,
    received_at: DateTime<Utc>,
    urgency: Option<String>,
    domain: Option<String>,
    payload: Value,
    state: String,
    dead_reason: Option<String>,
    decision: Option<Uuid>,
}

impl Found {
    fn read(self) -> Result<SignalRow> {
        let row = Row::of("signals", self.id);
        let state = match self.state.as_str() {
            "accepted" => State::Accepted,
            "decided" => State::Decided,
            "dead" => State::Dead { reason: row.filled("dead_reason", self.dead_reason)? },
            _ => return Err(row.corrupt("state")),
        };
        let signal = Signal {
            id: SignalId::new(self.id),
            user: UserId::new(self.user_id),
            source: self.source,
            kind: self.kind,
            external_id: self.external_id,
            occurred_at: self.occurred_at.map(Into::into),
            received_at: self.received_at.into(),
            urgency: row.maybe_word("urgency", self.urgency.as_deref())?,
            domain: row.maybe_word("domain", self.domain.as_deref())?,
            payload: row.json("payload", self.payload)?,
        };
        Ok(SignalRow { signal, state, decision: self.decision.map(DecisionId::new) })
    }
}

/// The columns of [`Found`], for the rest of a query.
macro_rules! find {
    ($rest:tt, $($arg:expr),* $(,)?) => {
        sqlx::query_as!(
            Found,
            r#"SELECT s.id, s.user_id, s.source, s.type AS kind, s.external_id, s.occurred_at, s.received_at, s.urgency,
                      s.domain, s.payload, s.state, s.dead_reason, d.id AS "decision?"
                 FROM signals s LEFT JOIN decisions d ON d.signal_id = s.id "# + $rest,
            $($arg),*
        )
    };
}

/// Stores a signal unless the same is there.
pub async fn accept(
    tx: &mut Tx,
    lock: &UserLock,
    signal: &Signal,
    identity: Identity,
    now: Timestamp,
) -> Result<Accepted> {
    let accepted = accept_many(tx, lock, &[(signal.clone(), identity)], now).await?;
    accepted.into_iter().next().ok_or(Error::NotFound)
}

/// Stores a batch, in order, in one statement; repeats within the batch count too. All signals are the locked user's.
pub async fn accept_many(
    tx: &mut Tx,
    lock: &UserLock,
    batch: &[(Signal, Identity)],
    now: Timestamp,
) -> Result<Vec<Accepted>> {
    for (signal, _) in batch {
        lock.covers(signal.user)?;
    }
    let marks: Vec<Mark> = batch.iter().map(|(signal, identity)| Mark::of(signal, identity)).collect();
    let mut firsts: HashMap<(&str, &Mark), SignalId> = HashMap::new();
    let mut each = Vec::new();
    for ((signal, _), mark) in batch.iter().zip(&marks) {
        if let Entry::Vacant(first) = firsts.entry((&signal.source, mark)) {
            first.insert(signal.id);
            each.push((signal, mark));
        }
    }
    let known = store_unknown(tx, lock, &each, now).await?;
    tx.count([Counted::Signals(each.len() - known.len())]);
    let accepted = batch.iter().zip(&marks).map(|((signal, _), mark)| {
        let first = firsts.get(&(signal.source.as_str(), mark)).copied().unwrap_or(signal.id);
        match known.get(&first) {
            Some(before) => Accepted::Repeat(*before),
            None if first == signal.id => Accepted::New(signal.id),
            None => Accepted::Repeat(first),
        }
    });
    Ok(accepted.collect())
}

/// An identity as its columns keep it: said by a constraint, or looked for by content.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Mark {
    Named(String),
    Content(String),
}

impl Mark {
    fn of(signal: &Signal, identity: &Identity) -> Self {
        let short = |id: &str| {
            if id.len() > LONGEST_IDENTITY {
                Digest::of_bytes(id.as_bytes()).to_string()
            } else {
                row::text(id).into_owned()
            }
        };
        match identity {
            Identity::External(id) => Self::Named(format!("external:{}", short(id))),
            Identity::Key(key) => Self::Named(format!("key:{}", short(key))),
            Identity::Content => {
                let content = (&signal.kind, signal.urgency, signal.domain, signal.occurred_at, &signal.payload);
                Self::Content(Digest::of(&content).to_string())
            }
        }
    }

    fn identity(&self, signal: &Signal) -> String {
        match self {
            Self::Named(name) => name.clone(),
            Self::Content(_) => format!("content:{}", signal.id),
        }
    }

    fn content_hash(&self) -> Option<String> {
        match self {
            Self::Named(_) => None,
            Self::Content(hash) => Some(hash.clone()),
        }
    }
}

/// Stores those of different signals that are not stored yet; gives for each of the others which is. Nobody else stores
/// any meanwhile: the user is locked.
///
/// The lists stand behind a SELECT so that the planner does not see how long they are: it would plan anew each time.
#[expect(clippy::as_conversions, reason = "names the type of an array for the macro, converts nothing")]
async fn store_unknown(
    tx: &mut Tx,
    lock: &UserLock,
    each: &[(&Signal, &Mark)],
    now: Timestamp,
) -> Result<HashMap<SignalId, SignalId>> {
    let column = |of: fn(&Signal) -> &str| -> Vec<String> {
        each.iter().map(|(signal, _)| row::text(of(signal)).into_owned()).collect()
    };
    let ids: Vec<_> = each.iter().map(|(signal, _)| signal.id.uuid()).collect();
    let identities: Vec<_> = each.iter().map(|(signal, mark)| mark.identity(signal)).collect();
    let hashes: Vec<_> = each.iter().map(|(_, mark)| mark.content_hash()).collect();
    let external: Vec<_> =
        each.iter().map(|(signal, _)| signal.external_id.as_deref().map(|id| row::text(id).into_owned())).collect();
    let occurred: Vec<_> = each.iter().map(|(signal, _)| signal.occurred_at.map(Timestamp::utc)).collect();
    let received: Vec<_> = each.iter().map(|(signal, _)| signal.received_at.utc()).collect();
    let urgencies: Vec<_> = each.iter().map(|(signal, _)| signal.urgency.map(Urgency::as_str)).collect();
    let domains: Vec<_> = each.iter().map(|(signal, _)| signal.domain.map(Domain::as_str)).collect();
    let payloads = each.iter().map(|(signal, _)| row::json(&signal.payload)).collect::<Result<Vec<_>>>()?;
    let known = sqlx::query!(
        r#"WITH n AS (
             SELECT * FROM unnest((SELECT $2::uuid[]), (SELECT $3::text[]), (SELECT $4::text[]), (SELECT $5::text[]),
                                  (SELECT $6::text[]), (SELECT $7::text[]), (SELECT $8::timestamptz[]),
                                  (SELECT $9::timestamptz[]), (SELECT $10::text[]), (SELECT $11::text[]), (SELECT $12::jsonb[]))
                 AS n (id, source, type, identity, content_hash, external_id, occurred_at, received_at, urgency, domain, payload)
           ), known AS (
             SELECT n.id, coalesce(named.id, alike.id) AS first
               FROM n
               LEFT JOIN signals named ON named.user_id = $1 AND named.source = n.source AND named.identity = n.identity
               LEFT JOIN LATERAL (
                 SELECT s.id FROM signals s
                  WHERE s.user_id = $1 AND s.source = n.source AND s.content_hash = n.content_hash AND s.received_at > $13
                  ORDER BY s.received_at LIMIT 1
               ) alike ON true
              WHERE coalesce(named.id, alike.id) IS NOT NULL
           ), stored AS (
             INSERT INTO signals (id, user_id, source, type, identity, content_hash, external_id, occurred_at, received_at,
                                  urgency, domain, payload, updated_at)
             SELECT n.id, $1, n.source, n.type, n.identity, n.content_hash, n.external_id, n.occurred_at, n.received_at,
                    n.urgency, n.domain, n.payload, $14
               FROM n WHERE NOT EXISTS (SELECT 1 FROM known WHERE known.id = n.id)
           )
           SELECT id AS "id!", first AS "first!" FROM known"#,
        lock.user().uuid(),
        &ids,
        &column(|signal| &signal.source),
        &column(|signal| &signal.kind),
        &identities,
        &hashes as &[Option<String>],
        &external as &[Option<String>],
        &occurred as &[Option<DateTime<Utc>>],
        &received,
        &urgencies as &[Option<&str>],
        &domains as &[Option<&str>],
        &payloads,
        now.minus(SAME_CONTENT).utc(),
        now.utc(),
    )
    .fetch_all(tx.connection())
    .await?;
    Ok(known.into_iter().map(|known| (SignalId::new(known.id), SignalId::new(known.first))).collect())
}

/// One signal of a user.
pub async fn get(db: impl Source, user: UserId, id: SignalId) -> Result<SignalRow> {
    find!("WHERE s.id = $1 AND s.user_id = $2", id.uuid(), user.uuid())
        .fetch_optional(&mut *db.conn().await?)
        .await?
        .ok_or(Error::NotFound)?
        .read()
}

/// A user's signals, newest first.
pub async fn list(db: impl Source, user: UserId, cursor: Option<Cursor>, limit: u32) -> Result<Page<SignalRow>> {
    let found = find!(
        "WHERE s.user_id = $1
           AND (s.received_at, s.id) < (coalesce($2::timestamptz, 'infinity'), coalesce($3::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
         ORDER BY s.received_at DESC, s.id DESC LIMIT $4",
        user.uuid(),
        cursor.map(|(at, _)| at.utc()),
        cursor.map(|(_, id)| id),
        one_more(limit),
    )
    .fetch_all(&mut *db.conn().await?)
    .await?;
    let items = found.into_iter().map(Found::read).collect::<Result<Vec<_>>>()?;
    Ok(Page::of(items, limit, |item| (item.signal.received_at, item.signal.id.uuid())))
}

/// Locks the user whose signal it is, as [`Tx::lock`] does: for a job, which names the signal only.
pub async fn lock_owner(tx: &mut Tx, id: SignalId) -> Result<UserLock> {
    let locked = sqlx::query_scalar!(
        "SELECT id FROM users WHERE id = (SELECT user_id FROM signals WHERE id = $1) FOR NO KEY UPDATE",
        id.uuid(),
    )
    .fetch_optional(tx.connection())
    .await?;
    UserLock::of(locked)
}

/// One signal of the locked user.
pub async fn load(tx: &mut Tx, lock: &UserLock, id: SignalId) -> Result<SignalRow> {
    get(tx, lock.user(), id).await
}

/// Gives up on a signal, visibly. [`crate::Error::Stale`] if it was decided. (`decisions::insert` marks it decided.)
pub async fn mark_dead(tx: &mut Tx, lock: &UserLock, id: SignalId, reason: &str, now: Timestamp) -> Result<()> {
    let marked = sqlx::query!(
        "UPDATE signals SET state = 'dead', dead_reason = $3, updated_at = $4 WHERE id = $1 AND user_id = $2 AND state <> 'decided'",
        id.uuid(),
        lock.user().uuid(),
        &*row::text(reason),
        now.utc(),
    )
    .execute(tx.connection())
    .await?;
    if marked.rows_affected() == 1 { Ok(()) } else { Err(Error::Stale) }
}
