//! The operator's door to the queue: how deep, what is dead and why, try again.

pub use queue::{Dead, Depth};

use crate::{Error, Result, Store};

/// How deep every queue is.
pub async fn depth(store: &Store) -> Result<Vec<Depth>> {
    Ok(queue::depth(store.pool(), store.queue_now()).await?)
}

/// Jobs that will not run again by themselves, the latest first.
pub async fn dead(store: &Store, queue: Option<&str>, limit: u32) -> Result<Vec<Dead>> {
    Ok(queue::dead(store.pool(), queue, i64::from(limit)).await?)
}

/// Gives a dead job all its attempts again and rings. [`crate::Error::NotFound`] when it is not dead.
pub async fn redrive(store: &Store, id: &str) -> Result<()> {
    let queue = queue::redrive(store.pool(), id, store.queue_now()).await?.ok_or(Error::NotFound)?;
    store.bell().ring([queue]);
    Ok(())
}
