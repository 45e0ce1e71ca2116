//! People: their tiers, limits and zone. Every change of what the evaluator reads raises the settings' revision.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use domain::{
    id::{Id, UserId, kind},
    settings::{Autonomy, Settings},
    signal::{Domain, Object},
    tier::TrustTier,
    time::Timestamp,
};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    Cursor, Error, Page, Result, Source, Tx, UserLock,
    page::one_more,
    row::{self, Row},
};

/// A person about to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewUser {
    /// Minted at the door.
    pub id: UserId,
    /// Not empty.
    pub name: String,
    /// If known.
    pub email: Option<String>,
    /// Of their wall clock.
    pub timezone: Tz,
    /// The overall tier; new users start at observer (`domain.md` §1 law 3).
    pub tier: TrustTier,
    /// Their limits.
    pub autonomy: Autonomy,
}

/// A person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserRow {
    /// Who.
    pub id: UserId,
    /// Their name.
    pub name: String,
    /// If known.
    pub email: Option<String>,
    /// Of their wall clock.
    pub timezone: Tz,
    /// The overall tier.
    pub tier: TrustTier,
    /// Their limits.
    pub autonomy: Autonomy,
    /// Grows with every change of tier, limits, policies or triggers; what `expected_revision` is compared to.
    pub revision: i64,
    /// Since when this user's stop switch is on.
    pub stopped_at: Option<Timestamp>,
    /// Since when they are with us.
    pub created_at: Timestamp,
    /// When the row last changed.
    pub updated_at: Timestamp,
}

struct Person {
    id: Uuid,
    name: String,
    email: Option<String>,
    timezone: String,
    trust_tier: String,
    autonomy: Value,
    settings_revision: i64,
    stopped_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl Person {
    fn read(self) -> Result<UserRow> {
        let row = Row::of("users", self.id);
        Ok(UserRow {
            id: UserId::new(self.id),
            name: self.name,
            email: self.email,
            timezone: row.word("timezone", &self.timezone)?,
            tier: row.word("trust_tier", &self.trust_tier)?,
            autonomy: row.json("autonomy", self.autonomy)?,
            revision: self.settings_revision,
            stopped_at: self.stopped_at.map(Into::into),
            created_at: self.created_at.into(),
            updated_at: self.updated_at.into(),
        })
    }
}

/// Writes a new person, with an empty twin profile. [`crate::Error::Duplicate`] if the id is taken.
pub async fn create(tx: &mut Tx, new: &NewUser, now: Timestamp) -> Result<()> {
    let email = new.email.as_deref().map(row::text);
    sqlx::query!(
        "WITH person AS (
           INSERT INTO users (id, name, email, timezone, trust_tier, autonomy, created_at, updated_at)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $7) RETURNING id
         )
         INSERT INTO twin_profiles (user_id, updated_at) SELECT id, $7 FROM person",
        new.id.uuid(),
        &*row::text(&new.name),
        email.as_deref(),
        new.timezone.name(),
        new.tier.as_str(),
        row::json(&new.autonomy)?,
        now.utc(),
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// One person.
pub async fn get(db: impl Source, user: UserId) -> Result<UserRow> {
    sqlx::query_as!(
        Person,
        "SELECT id, name, email, timezone, trust_tier, autonomy, settings_revision, stopped_at, created_at, updated_at
           FROM users WHERE id = $1",
        user.uuid(),
    )
    .fetch_optional(&mut *db.conn().await?)
    .await?
    .ok_or(Error::NotFound)?
    .read()
}

/// Everybody, newest first.
pub async fn list(db: impl Source, cursor: Option<Cursor>, limit: u32) -> Result<Page<UserRow>> {
    let rows = sqlx::query_as!(
        Person,
        "SELECT id, name, email, timezone, trust_tier, autonomy, settings_revision, stopped_at, created_at, updated_at
           FROM users
          WHERE (created_at, id) < (coalesce($1::timestamptz, 'infinity'), coalesce($2::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
          ORDER BY created_at DESC, id DESC LIMIT $3",
        cursor.map(|(at, _)| at.utc()),
        cursor.map(|(_, id)| id),
        one_more(limit),
    )
    .fetch_all(&mut *db.conn().await?)
    .await?;
    let items = rows.into_iter().map(Person::read).collect::<Result<Vec<_>>>()?;
    Ok(Page::of(items, limit, |item| (item.created_at, item.id.uuid())))
}

/// Settings as they are found.
pub(crate) struct SettingsRow {
    pub(crate) timezone: String,
    pub(crate) trust_tier: String,
    pub(crate) autonomy: Value,
    pub(crate) settings_revision: i64,
    pub(crate) stopped: bool,
    pub(crate) domain_tiers: Value,
}

impl SettingsRow {
    pub(crate) fn read(self, user: UserId) -> Result<Settings> {
        let row = Row::of("users", user.uuid());
        let domain_tiers: BTreeMap<Domain, TrustTier> =
            Row::of("domain_tiers", user.uuid()).json("trust_tier", self.domain_tiers)?;
        Ok(Settings {
            user,
            timezone: row.word("timezone", &self.timezone)?,
            tier: row.word("trust_tier", &self.trust_tier)?,
            domain_tiers,
            autonomy: row.json("autonomy", self.autonomy)?,
            stopped: self.stopped,
            revision: self.settings_revision,
        })
    }
}

/// What the evaluator reads: tiers, limits, zone, and whether this user or the whole system is stopped.
pub async fn settings(db: impl Source, user: UserId) -> Result<Settings> {
    let row = sqlx::query_as!(
        SettingsRow,
        r#"SELECT u.timezone, u.trust_tier, u.autonomy, u.settings_revision,
                  (u.stopped_at IS NOT NULL OR EXISTS (SELECT 1 FROM system_state s WHERE s.stopped_at IS NOT NULL)) AS "stopped!",
                  coalesce((SELECT jsonb_object_agg(d.domain, d.trust_tier) FROM domain_tiers d WHERE d.user_id = u.id), '{}')
                    AS "domain_tiers!"
             FROM users u WHERE u.id = $1"#,
        user.uuid(),
    )
    .fetch_optional(&mut *db.conn().await?)
    .await?
    .ok_or(Error::NotFound)?;
    row.read(user)
}

/// Sets limits and zone. Gives the new revision; [`crate::Error::Stale`] when `expected_revision` is no longer the row's.
pub async fn set_autonomy(
    tx: &mut Tx,
    lock: &UserLock,
    autonomy: &Autonomy,
    timezone: Tz,
    expected_revision: Option<i64>,
    now: Timestamp,
) -> Result<i64> {
    sqlx::query_scalar!(
        "UPDATE users SET autonomy = $2, timezone = $3, settings_revision = settings_revision + 1, updated_at = $4
          WHERE id = $1 AND ($5::bigint IS NULL OR settings_revision = $5)
          RETURNING settings_revision",
        lock.user().uuid(),
        row::json(autonomy)?,
        timezone.name(),
        now.utc(),
        expected_revision,
    )
    .fetch_optional(tx.connection())
    .await?
    .ok_or(Error::Stale)
}

/// What the audit says of a change of a tier: what was in force before the whole change and is after it.
pub(crate) struct Audit<'a> {
    pub(crate) from: TrustTier,
    pub(crate) to: TrustTier,
    pub(crate) cause: &'a str,
    pub(crate) evidence: &'a Object,
}

/// Sets the overall tier or a domain's, with an audit row. Gives the new revision.
pub async fn set_tier(
    tx: &mut Tx,
    lock: &UserLock,
    domain: Option<Domain>,
    tier: TrustTier,
    cause: &str,
    evidence: &Object,
    now: Timestamp,
) -> Result<i64> {
    let before = settings(&mut *tx, lock.user()).await?;
    let from = domain.map_or(before.tier, |domain| before.tier_in(domain));
    write_tier(tx, lock, domain, tier, Audit { from, to: tier, cause, evidence }, now).await
}

/// The same with the audit row that is given: one of several changes knows better what was in force before them all.
pub(crate) async fn write_tier(
    tx: &mut Tx,
    lock: &UserLock,
    domain: Option<Domain>,
    tier: TrustTier,
    audit: Audit<'_>,
    now: Timestamp,
) -> Result<i64> {
    let user = lock.user();
    let revision = sqlx::query_scalar!(
        "UPDATE users SET trust_tier = coalesce($2, trust_tier), settings_revision = settings_revision + 1, updated_at = $3
          WHERE id = $1 RETURNING settings_revision",
        user.uuid(),
        domain.is_none().then(|| tier.as_str()),
        now.utc(),
    )
    .fetch_one(tx.connection())
    .await?;
    if let Some(domain) = domain {
        sqlx::query!(
            "INSERT INTO domain_tiers (user_id, domain, trust_tier, updated_at) VALUES ($1, $2, $3, $4)
             ON CONFLICT (user_id, domain) DO UPDATE SET trust_tier = excluded.trust_tier, updated_at = excluded.updated_at",
            user.uuid(),
            domain.as_str(),
            tier.as_str(),
            now.utc(),
        )
        .execute(tx.connection())
        .await?;
    }
    // the revision is this change's own number
    let id: Id<kind::User> = user.child(&format!("tier:{revision}"));
    sqlx::query!(
        "INSERT INTO trust_audit (id, user_id, domain, from_tier, to_tier, cause, evidence, revision, at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        id.uuid(),
        user.uuid(),
        domain.map(Domain::as_str),
        audit.from.as_str(),
        audit.to.as_str(),
        &*row::text(audit.cause),
        row::json(audit.evidence)?,
        revision,
        now.utc(),
    )
    .execute(tx.connection())
    .await?;
    Ok(revision)
}

/// Turns this user's stop switch on or off; on stays on since it was first turned.
pub async fn set_stopped(tx: &mut Tx, lock: &UserLock, stopped: bool, now: Timestamp) -> Result<()> {
    sqlx::query!(
        "UPDATE users SET stopped_at = CASE WHEN $2 THEN coalesce(stopped_at, $3) END, updated_at = $3 WHERE id = $1",
        lock.user().uuid(),
        stopped,
        now.utc(),
    )
    .execute(tx.connection())
    .await?;
    Ok(())
}
