//! The twin's profile: its fields as they were last derived, and the answers they are derived from (`domain.md` §11).
//!
//! Invariant: fields are written with a version of the twin, by [`crate::learning`] alone; reading them costs one row.

use domain::{
    action::{Cost, Verb},
    id::{DecisionId, FeedbackId, UserId},
    outbox::Outbox,
    profile::{Answered, Field, Forgotten, MOST_ANSWERS, Profile},
    signal::Domain,
    time::Timestamp,
};

use crate::{
    Error, Result, Source, Tx, UserLock, learning,
    row::{self, Row},
};

/// The twin as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Twin {
    /// Grows with every change.
    pub version: i64,
    /// What the person's answers add up to.
    pub fields: Profile,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// A user's twin.
pub async fn get(db: impl Source, user: UserId) -> Result<Twin> {
    let found = sqlx::query!("SELECT version, fields, updated_at FROM twin_profiles WHERE user_id = $1", user.uuid())
        .fetch_optional(&mut *db.conn().await?)
        .await?
        .ok_or(Error::NotFound)?;
    let fields = Row::of("twin_profiles", user.uuid()).json("fields", found.fields)?;
    Ok(Twin { version: found.version, fields, updated_at: found.updated_at.into() })
}

/// What the answers given so far add up to. Written nowhere yet.
pub(crate) async fn derive(tx: &mut Tx, user: UserId) -> Result<Profile> {
    let found = sqlx::query!(
        "SELECT u.timezone, t.forgotten FROM users u JOIN twin_profiles t ON t.user_id = u.id WHERE u.id = $1",
        user.uuid(),
    )
    .fetch_one(tx.connection())
    .await?;
    let zone = Row::of("users", user.uuid()).word("timezone", &found.timezone)?;
    let forgotten: Forgotten = Row::of("twin_profiles", user.uuid()).json("forgotten", found.forgotten)?;
    Ok(Profile::derive(&answers(tx, user).await?, zone, &forgotten))
}

/// Lets go of what a field says, in one domain or everywhere, as a new version: the answers until now no longer count
/// for it. [`Error::NotFound`] where it says nothing.
pub async fn forget(
    tx: &mut Tx,
    lock: &UserLock,
    field: Field,
    domain: Option<Domain>,
    now: Timestamp,
) -> Result<Outbox> {
    let user = lock.user();
    let names = get(&mut *tx, user).await?.fields.names();
    let meant = |name: &String| match domain {
        Some(_) => *name == field.named(domain),
        None => name.split('/').next() == Some(field.as_str()),
    };
    if !names.iter().any(meant) {
        return Err(Error::NotFound);
    }
    let found = sqlx::query_scalar!("SELECT forgotten FROM twin_profiles WHERE user_id = $1", user.uuid())
        .fetch_one(tx.connection())
        .await?;
    let mut forgotten: Forgotten = Row::of("twin_profiles", user.uuid()).json("forgotten", found)?;
    forgotten.forget(field, domain, now);
    sqlx::query!("UPDATE twin_profiles SET forgotten = $2 WHERE user_id = $1", user.uuid(), row::json(&forgotten)?)
        .execute(tx.connection())
        .await?;
    learning::found(tx, lock, "forgotten", now).await
}

/// The newest answers, each with what it was about: what ran where they agreed, else what was proposed.
async fn answers(tx: &mut Tx, user: UserId) -> Result<Vec<Answered>> {
    let found = sqlx::query!(
        r#"SELECT f.id AS "id!", f.decision_id AS "decision_id!", f.domain AS "domain!", f.verb, f.kind AS "kind!", f.at AS "at!",
                  coalesce(a.created_at, d.decided_at) AS "asked_at!",
                  coalesce(a.action ->> 'verb' <> f.verb, false) AS "instead!",
                  coalesce(c.risk_tier, a.risk ->> 'overall') AS risk,
                  m.action -> 'cost' AS cost,
                  char_length(m.action -> 'parameters' ->> 'text') AS letters,
                  coalesce(m.action -> 'parameters' ->> 'payee', m.action -> 'parameters' ->> 'vendor',
                           m.action -> 'parameters' ->> 'service', d.context ->> 'sender') AS who
             FROM (SELECT * FROM feedback WHERE user_id = $1 ORDER BY at DESC, id DESC LIMIT $2) AS f
             JOIN decisions d ON d.id = f.decision_id
             LEFT JOIN approvals a ON a.id = f.approval_id
             LEFT JOIN executions e ON e.approval_id = f.approval_id AND e.kind = 'act' AND e.retry_of IS NULL
             LEFT JOIN LATERAL (SELECT risk_tier, action FROM candidates
                                 WHERE decision_id = f.decision_id AND verb = f.verb
                                 ORDER BY ordinal IS DISTINCT FROM d.chosen, ordinal LIMIT 1) AS c ON true
             CROSS JOIN LATERAL (SELECT coalesce(e.action, a.action, c.action) AS action) AS m"#,
        user.uuid(),
        i64::from(MOST_ANSWERS),
    )
    .fetch_all(tx.connection())
    .await?;
    found
        .into_iter()
        .map(|found| {
            let row = Row::of("feedback", found.id);
            Ok(Answered {
                id: FeedbackId::new(found.id),
                decision: DecisionId::new(found.decision_id),
                domain: row.word("domain", &found.domain)?,
                verb: row.maybe_word::<Verb>("verb", found.verb.as_deref())?,
                instead: found.instead,
                kind: row.word("kind", &found.kind)?,
                risk: row.maybe_word("risk", found.risk.as_deref())?,
                cost: found.cost.map(|cost| row.json("cost", cost)).transpose()?.unwrap_or(Cost::Unknown),
                who: found.who,
                letters: found.letters.map(|letters| row.number("letters", letters)).transpose()?,
                asked_at: found.asked_at.into(),
                at: found.at.into(),
            })
        })
        .collect()
}
