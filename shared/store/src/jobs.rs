//! The operator's door to the queue: how deep, what stands where and why, who works; run again, call off, stand still.

use std::{fmt, time::Duration};

pub use queue::{Alive, COUNTED, Dead, Job, Level, Pause, SEARCHED, Stand};

use crate::{Error, Result, Source, Store};

/// A worker that was silent for longer is not counted as alive.
const LATELY: Duration = Duration::from_secs(30);
/// Dead jobs that one statement looks at, to drive them again.
const BATCH: i64 = 1000;

/// Which dead jobs.
#[derive(Clone, Copy, Debug, Default)]
pub struct Which<'a> {
    /// Those of one queue, or all.
    pub queue: Option<&'a str>,
    /// Those whose reason contains this, or all.
    pub because: Option<&'a str>,
}

impl fmt::Display for Which<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.queue.unwrap_or("all queues"))?;
        self.because.map_or(Ok(()), |why| write!(f, ", because {why:?}"))
    }
}

/// How deep every queue is; each count stops at [`COUNTED`].
pub async fn depth(store: &Store) -> Result<Vec<Level>> {
    Ok(queue::depth(&mut *store.conn().await?, store.queue_now()).await?)
}

/// Jobs that will not run again by themselves, the latest first; of one queue or all, of those whose reason contains `why`
/// or all; looked for among [`SEARCHED`] of each queue.
pub async fn dead(store: &Store, queue: Option<&str>, why: Option<&str>, limit: u32) -> Result<Vec<Dead>> {
    Ok(queue::dead(&mut *store.conn().await?, queue, why, i64::from(limit)).await?)
}

/// Jobs that stand so; of one queue or all, of those whose last run said `why` or all; looked for among [`SEARCHED`] of each
/// queue.
pub async fn list(store: &Store, queue: Option<&str>, stand: Stand, why: Option<&str>, limit: u32) -> Result<Vec<Job>> {
    Ok(queue::jobs(&mut *store.conn().await?, queue, stand, why, i64::from(limit), store.queue_now()).await?)
}

/// Gives a dead job all its attempts again and rings. [`crate::Error::NotFound`] when it is not dead.
pub async fn redrive(store: &Store, id: &str) -> Result<()> {
    let queue = queue::redrive(&mut *store.conn().await?, id, store.queue_now()).await?.ok_or(Error::NotFound)?;
    store.bell().ring([queue]);
    Ok(())
}

/// Gives dead jobs all their attempts again, in batches, and rings. Gives how many.
pub async fn redrive_many(store: &Store, which: Which<'_>) -> Result<u64> {
    let mut conn = store.conn().await?;
    let mut pass = queue::Redrive::begin(&mut conn, which.queue, which.because, store.queue_now()).await?;
    let mut all = 0;
    while let Some(driven) = pass.next(&mut conn, BATCH).await? {
        if driven.jobs > 0 {
            all += driven.jobs;
            store.bell().ring([driven.queue]);
        }
    }
    Ok(all)
}

/// Calls a waiting job off: it is dead, and the row it is about will say so. [`crate::Error::NotFound`] when it does not wait.
pub async fn cancel(store: &Store, id: &str, why: &str) -> Result<()> {
    let mut conn = store.conn().await?;
    if queue::cancel(&mut *conn, id, why, store.queue_now()).await? { Ok(()) } else { Err(Error::NotFound) }
}

/// Lets a queue stand still for the whole fleet.
pub async fn pause(store: &Store, queue: &str, why: &str) -> Result<()> {
    Ok(queue::pause(&mut *store.conn().await?, queue, why, store.queue_now()).await?)
}

/// Lets it go on, and rings. [`crate::Error::NotFound`] when it was not paused.
pub async fn resume(store: &Store, queue: &str) -> Result<()> {
    if !queue::resume(&mut *store.conn().await?, queue).await? {
        return Err(Error::NotFound);
    }
    store.bell().ring([queue]);
    Ok(())
}

/// Removes at most `batch` jobs that were done so long ago; gives how many.
pub async fn prune(store: &Store, older_than: Duration, batch: u32) -> Result<u64> {
    Ok(queue::prune(&mut *store.conn().await?, older_than, batch.into(), store.queue_now()).await?)
}

/// Removes at most `batch` jobs that have been dead for so long; gives how many.
pub async fn prune_dead(store: &Store, older_than: Duration, batch: u32) -> Result<u64> {
    Ok(queue::prune_dead(&mut *store.conn().await?, older_than, batch.into(), store.queue_now()).await?)
}

/// The queues that stand still.
pub async fn pauses(store: &Store) -> Result<Vec<Pause>> {
    Ok(queue::pauses(&mut *store.conn().await?).await?)
}

/// The workers of the whole fleet that are alive.
pub async fn workers(store: &Store) -> Result<Vec<Alive>> {
    Ok(queue::workers(&mut *store.conn().await?, LATELY).await?)
}
