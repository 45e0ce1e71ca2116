//! What is learned: preferences moved by an answer, the history of each, the versions of the twin with its fields, and
//! asks owed (`domain.md` §11).
//!
//! Invariant: whoever records an answer teaches it in the same transaction, and only when [`crate::feedback::insert`]
//! says that it is new; so an answer teaches once. However many preferences move and fields change, there is one new version.

use domain::{
    action::Verb,
    decision::Decision,
    event::Name,
    feedback::Feedback,
    id::{FeedbackId, UserId, kind},
    learning::{self, Held, Said},
    outbox::Outbox,
    profile::Profile,
    signal::Domain,
    time::Timestamp,
};
use serde_json::json;

use crate::{
    Error, Result, Source, Tx, UserLock, preferences, profile,
    row::{self, Row},
};

/// One preference, before and after; none is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// As it was.
    pub before: Option<Held>,
    /// As it is.
    pub after: Option<Held>,
}

impl Moved {
    fn named(&self) -> Option<&Held> {
        self.after.as_ref().or(self.before.as_ref())
    }
}

/// A preference's change, as it is remembered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Past {
    /// What changed.
    pub moved: Moved,
    /// The version of the twin it led to.
    pub version: i64,
    /// What caused it: a kind of answer, `stated`, `withdrawn` or `revert`.
    pub cause: String,
    /// Which answer, if one did.
    pub feedback: Option<FeedbackId>,
    /// When.
    pub at: Timestamp,
}

/// The twin as it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// Its number.
    pub version: i64,
    /// All that was held, by domain and key.
    pub snapshot: Vec<Held>,
    /// What the person's answers added up to.
    pub fields: Profile,
    /// What became different with it: preferences as `domain/key`, fields as `field/domain` or `field`.
    pub changed: Vec<String>,
    /// What caused it; `start` is what there was before anything was learned.
    pub cause: String,
    /// Which answer, if one did.
    pub feedback: Option<FeedbackId>,
    /// When.
    pub at: Timestamp,
}

/// Learns from an answer that was just recorded. The outbox tells of the new version, if there is one.
pub async fn teach(
    tx: &mut Tx,
    lock: &UserLock,
    feedback: &Feedback,
    decision: &Decision,
    said: Said<'_>,
) -> Result<Outbox> {
    lock.covers(feedback.user)?;
    let held = preferences::held(&mut *tx, lock.user()).await?;
    let lesson = learning::lesson(feedback, decision, said, &held);
    if let Some((verb, times)) = lesson.asks_owed {
        owe(tx, lock, verb, times).await?;
    }
    let moved: Vec<Moved> =
        lesson.changes.into_iter().map(|change| Moved { before: change.before, after: change.after }).collect();
    let fields = profile::derive(tx, lock.user()).await?;
    record(tx, lock, &moved, Some(fields), feedback.kind.as_str(), Some(feedback.id), feedback.at).await
}

/// Writes changed preferences, each with its history, as one new version of the twin. Nothing changed is no version.
pub async fn write(tx: &mut Tx, lock: &UserLock, moved: &[Moved], cause: &str, now: Timestamp) -> Result<Outbox> {
    record(tx, lock, moved, None, cause, None, now).await
}

/// Writes what the answers add up to now, where that is something else than before, as a new version of the twin.
pub(crate) async fn found(tx: &mut Tx, lock: &UserLock, cause: &str, now: Timestamp) -> Result<Outbox> {
    let fields = profile::derive(tx, lock.user()).await?;
    record(tx, lock, &[], Some(fields), cause, None, now).await
}

async fn record(
    tx: &mut Tx,
    lock: &UserLock,
    moved: &[Moved],
    fields: Option<Profile>,
    cause: &str,
    feedback: Option<FeedbackId>,
    now: Timestamp,
) -> Result<Outbox> {
    let user = lock.user();
    let moved: Vec<&Moved> = moved.iter().filter(|moved| moved.before != moved.after).collect();
    let known = profile::get(&mut *tx, user).await?.fields;
    let fields = fields.unwrap_or_else(|| known.clone());
    let found = known.changes(&fields);
    if moved.is_empty() && found.is_empty() {
        return Ok(Outbox::nothing());
    }
    let version = next(tx, user, &known, &fields, now).await?;
    let mut changed = Vec::with_capacity(moved.len());
    for (place, moved) in moved.iter().enumerate() {
        put(tx, user, moved, now).await?;
        if let Some(held) = moved.named() {
            changed.push(format!("{}/{}", held.preference.domain, held.preference.key));
            remember(tx, user, (version, place), moved, held, cause, feedback, now).await?;
        }
    }
    changed.extend(found);
    let snapshot = preferences::held(&mut *tx, user).await?;
    keep(
        tx,
        Version { version, snapshot, fields, changed: changed.clone(), cause: cause.into(), feedback, at: now },
        user,
    )
    .await?;
    let facts = json!({ "version": version, "changed": changed, "cause": cause, "feedback": feedback });
    Ok(Outbox::nothing().event(user, Name::TwinUpdated, facts.as_object().cloned().unwrap_or_default()))
}

/// Makes the preferences of a version hold again, as a new version. [`Error::NotFound`] if there is no such version.
/// The fields stay: they are what the person's answers add up to, and those were given.
pub async fn revert(tx: &mut Tx, lock: &UserLock, version: i64, now: Timestamp) -> Result<Outbox> {
    let then = get(&mut *tx, lock.user(), version).await?.snapshot;
    let held = preferences::held(&mut *tx, lock.user()).await?;
    write(tx, lock, &difference(held, then), "revert", now).await
}

/// What is different between two snapshots, by domain and key. What is in both keeps the id of the first.
pub fn difference(from: Vec<Held>, mut to: Vec<Held>) -> Vec<Moved> {
    let mut moved = Vec::new();
    for before in from {
        let same = |held: &Held| {
            (held.preference.domain, &held.preference.key) == (before.preference.domain, &before.preference.key)
        };
        let after = to.iter().position(same).map(|place| to.swap_remove(place)).map(|mut after| {
            after.preference.id = before.preference.id;
            after
        });
        if after.as_ref() != Some(&before) {
            moved.push(Moved { before: Some(before), after });
        }
    }
    moved.extend(to.into_iter().map(|after| Moved { before: None, after: Some(after) }));
    moved
}

/// The next version's number, its fields written. The first time, what was there before is kept as a version of its own.
async fn next(tx: &mut Tx, user: UserId, known: &Profile, fields: &Profile, now: Timestamp) -> Result<i64> {
    let before = preferences::held(&mut *tx, user).await?;
    let version = sqlx::query_scalar!(
        "UPDATE twin_profiles SET version = version + 1, fields = $2, updated_at = $3 WHERE user_id = $1 RETURNING version",
        user.uuid(),
        row::json(fields)?,
        now.utc(),
    )
    .fetch_one(tx.connection())
    .await?;
    let any =
        sqlx::query_scalar!(r#"SELECT EXISTS (SELECT FROM twin_versions WHERE user_id = $1) AS "any!""#, user.uuid())
            .fetch_one(tx.connection())
            .await?;
    if !any {
        let start = Version {
            version: version - 1,
            snapshot: before,
            fields: known.clone(),
            changed: Vec::new(),
            cause: "start".into(),
            feedback: None,
            at: now,
        };
        keep(tx, start, user).await?;
    }
    Ok(version)
}

async fn put(tx: &mut Tx, user: UserId, moved: &Moved, now: Timestamp) -> Result<()> {
    let Some(Held { preference, half_steps }) = &moved.after else {
        if let Some(before) = &moved.before {
            sqlx::query!(
                "DELETE FROM preferences WHERE user_id = $1 AND domain = $2 AND key = $3",
                user.uuid(),
                before.preference.domain.as_str(),
                &*row::text(&before.preference.key),
            )
            .execute(tx.connection())
            .await?;
        }
        return Ok(());
    };
    sqlx::query!(
        "INSERT INTO preferences (id, user_id, domain, key, value, half_steps, source, evidence_count, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)
         ON CONFLICT (user_id, domain, key) DO UPDATE
           SET value = excluded.value, half_steps = excluded.half_steps, source = excluded.source,
               evidence_count = excluded.evidence_count, updated_at = excluded.updated_at",
        preference.id.uuid(),
        user.uuid(),
        preference.domain.as_str(),
        &*row::text(&preference.key),
        row::json(&preference.value)?,
        half_steps,
        preference.source.as_str(),
        row::number::<_, i32>(preference.evidence_count)?,
        now.utc(),
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

#[expect(clippy::too_many_arguments, reason = "a row's columns, each once")]
async fn remember(
    tx: &mut Tx,
    user: UserId,
    (version, place): (i64, usize),
    moved: &Moved,
    held: &Held,
    cause: &str,
    feedback: Option<FeedbackId>,
    now: Timestamp,
) -> Result<()> {
    let id = user.child::<kind::Preference>(&format!("history:{version}:{place}"));
    sqlx::query!(
        "INSERT INTO preference_history (id, user_id, preference_id, domain, key, version, before, after, cause, feedback_id, at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        id.uuid(),
        user.uuid(),
        held.preference.id.uuid(),
        held.preference.domain.as_str(),
        &*row::text(&held.preference.key),
        version,
        moved.before.as_ref().map(row::json).transpose()?,
        moved.after.as_ref().map(row::json).transpose()?,
        cause,
        feedback.map(FeedbackId::uuid),
        now.utc(),
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

async fn keep(tx: &mut Tx, kept: Version, user: UserId) -> Result<()> {
    sqlx::query!(
        "INSERT INTO twin_versions (user_id, version, snapshot, fields, changed, cause, feedback_id, at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        user.uuid(),
        kept.version,
        row::json(&kept.snapshot)?,
        row::json(&kept.fields)?,
        &row::texts(&kept.changed),
        kept.cause,
        kept.feedback.map(FeedbackId::uuid),
        kept.at.utc(),
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// A verb has to ask for so many times from now on.
async fn owe(tx: &mut Tx, lock: &UserLock, verb: Verb, times: u32) -> Result<()> {
    sqlx::query!(
        "INSERT INTO asks_owed (user_id, verb, remaining) VALUES ($1, $2, $3)
         ON CONFLICT (user_id, verb) DO UPDATE SET remaining = excluded.remaining",
        lock.user().uuid(),
        verb.as_str(),
        row::number::<_, i32>(times)?,
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// The verb was asked about: one of the asks it owed is used up.
pub(crate) async fn asked(tx: &mut Tx, lock: &UserLock, verb: Verb) -> Result<()> {
    sqlx::query!(
        "WITH last AS (DELETE FROM asks_owed WHERE user_id = $1 AND verb = $2 AND remaining = 1)
         UPDATE asks_owed SET remaining = remaining - 1 WHERE user_id = $1 AND verb = $2 AND remaining > 1",
        lock.user().uuid(),
        verb.as_str(),
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// A preference's changes, the latest first, at most `limit` of them.
pub async fn history(db: impl Source, user: UserId, domain: Domain, key: &str, limit: u32) -> Result<Vec<Past>> {
    let found = sqlx::query!(
        "SELECT id, version, before, after, cause, feedback_id, at FROM preference_history
          WHERE user_id = $1 AND domain = $2 AND key = $3 ORDER BY version DESC, id LIMIT $4",
        user.uuid(),
        domain.as_str(),
        key,
        i64::from(limit),
    )
    .fetch_all(&mut *db.conn().await?)
    .await?;
    found
        .into_iter()
        .map(|found| {
            let row = Row::of("preference_history", found.id);
            let held =
                |column, value: Option<serde_json::Value>| value.map(|value| row.json(column, value)).transpose();
            Ok(Past {
                moved: Moved { before: held("before", found.before)?, after: held("after", found.after)? },
                version: found.version,
                cause: found.cause,
                feedback: found.feedback_id.map(FeedbackId::new),
                at: found.at.into(),
            })
        })
        .collect()
}

/// The versions before one (all for none), the latest first, at most `limit` of them.
pub async fn versions(db: impl Source, user: UserId, before: Option<i64>, limit: u32) -> Result<Vec<Version>> {
    let found = sqlx::query!(
        "SELECT version, snapshot, fields, changed, cause, feedback_id, at FROM twin_versions
          WHERE user_id = $1 AND version < $2 ORDER BY version DESC LIMIT $3",
        user.uuid(),
        before.unwrap_or(i64::MAX),
        i64::from(limit),
    )
    .fetch_all(&mut *db.conn().await?)
    .await?;
    found
        .into_iter()
        .map(|found| {
            let row = Row::of("twin_versions", user.uuid());
            Ok(Version {
                version: found.version,
                snapshot: row.json("snapshot", found.snapshot)?,
                fields: row.json("fields", found.fields)?,
                changed: found.changed,
                cause: found.cause,
                feedback: found.feedback_id.map(FeedbackId::new),
                at: found.at.into(),
            })
        })
        .collect()
}

/// One version. [`Error::NotFound`] if there is none of that number.
pub async fn get(db: impl Source, user: UserId, version: i64) -> Result<Version> {
    let found = versions(db, user, version.checked_add(1), 1).await?;
    found.into_iter().next().filter(|found| found.version == version).ok_or(Error::NotFound)
}
