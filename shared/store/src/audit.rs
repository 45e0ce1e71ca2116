//! The audit of privileged acts: who, what, when. Written before the act and completed during and after it, or in the
//! transaction that is the act; never changed else. Only what names a person is taken out when that person is deleted (`erase.rs`).

use domain::time::Timestamp;
use uuid::Uuid;

use crate::{Cursor, Page, Result, Source, page::one_more, row};

/// Most characters that are kept of a target.
const LONGEST: usize = 500;

/// A privileged act.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Act {
    /// Its number here.
    pub id: Uuid,
    /// When it began.
    pub at: Timestamp,
    /// The id of a token or session, `bootstrap`, or `command line` and the system's user who sat at it.
    pub actor: String,
    /// Method and route, or the command.
    pub act: String,
    /// The address, or what the command was about; and what more there is to say of it.
    pub target: String,
    /// The HTTP status it was answered with, or a command's exit code; none while nobody knows.
    pub status: Option<u16>,
}

/// Writes an act: one that is about to begin, or, with its status, one that this transaction does.
pub async fn begin(db: impl Source, act: &Act) -> Result<()> {
    sqlx::query!(
        "INSERT INTO audit (id, at, actor, act, target, status) VALUES ($1, $2, $3, $4, $5, $6)",
        act.id,
        act.at.utc(),
        act.actor,
        act.act,
        kept(&act.target),
        act.status.map(row::number::<_, i16>).transpose()?,
    )
    .execute(&mut *db.conn().await?)
    .await?;
    Ok(())
}

/// Writes more exactly what an act is about that is under way, or what came of it, in place of what stood there.
pub async fn about(db: impl Source, id: Uuid, target: &str) -> Result<()> {
    sqlx::query!("UPDATE audit SET target = $2 WHERE id = $1", id, kept(target))
        .execute(&mut *db.conn().await?)
        .await?;
    Ok(())
}

fn kept(target: &str) -> String {
    row::text(target).chars().take(LONGEST).collect()
}

/// Writes how it ended.
pub async fn end(db: impl Source, id: Uuid, status: u16) -> Result<()> {
    let status: i16 = row::number(status)?;
    sqlx::query!("UPDATE audit SET status = $2 WHERE id = $1", id, status).execute(&mut *db.conn().await?).await?;
    Ok(())
}

/// The acts, the latest first.
pub async fn list(db: impl Source, cursor: Option<Cursor>, limit: u32) -> Result<Page<Act>> {
    let found = sqlx::query!(
        "SELECT id, at, actor, act, target, status FROM audit
          WHERE (at, id) < (coalesce($1::timestamptz, 'infinity'), coalesce($2::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
          ORDER BY at DESC, id DESC LIMIT $3",
        cursor.map(|(at, _)| at.utc()),
        cursor.map(|(_, id)| id),
        one_more(limit),
    )
    .fetch_all(&mut *db.conn().await?)
    .await?;
    let acts = found.into_iter().map(|found| {
        Ok(Act {
            id: found.id,
            at: found.at.into(),
            actor: found.actor,
            act: found.act,
            target: found.target,
            status: found.status.map(row::number).transpose()?,
        })
    });
    Ok(Page::of(acts.collect::<Result<Vec<_>>>()?, limit, |act| (act.at, act.id)))
}
