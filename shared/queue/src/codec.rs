//! From a claimed row to apalis's task. A row nobody here can read is a fact about that row alone: it is parked with
//! its reason, and neither the worker nor the rest of the claim notices.

use std::str::FromStr;

use apalis_core::task::{Task, builder::TaskBuilder, task_id::TaskId};
use observe::Traceparent;
use serde::de::DeserializeOwned;

use crate::{Lease, station::Claim};

/// Given to every job as `Data<Origin>`: which row it is, and the trace of whoever enqueued it, if they had one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// `apalis.jobs.id`.
    pub job: String,
    /// The trace to go on with.
    pub traceparent: Option<Traceparent>,
}

/// A claimed row.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) claim: Claim,
    pub(crate) payload: Vec<u8>,
    pub(crate) priority: Option<i32>,
    pub(crate) key: Option<String>,
    pub(crate) traceparent: Option<Traceparent>,
}

/// The task, with its [`Claim`], its [`Lease`] and its [`Origin`] as data; or why it cannot be one.
pub(crate) fn decode<T: DeserializeOwned>(row: &Row, queue: &str, lease: Lease) -> Result<Task<T>, String> {
    let args: T = serde_json::from_slice(&row.payload).map_err(|error| format!("undecodable payload: {error}"))?;
    let id = TaskId::from_str(&row.claim.id).map_err(|error| format!("bad id: {error}"))?;
    let size = |n: i32| usize::try_from(n).unwrap_or(0);
    let task = TaskBuilder::new(args)
        .task_id(id)
        // apalis counts the start itself
        .attempt(size(row.claim.attempt - 1))
        .max_attempts(size(row.claim.max_attempts))
        .priority(size(row.priority.unwrap_or(0)))
        .queue(queue.into())
        .data(row.claim.clone())
        .data(lease)
        .data(Origin { job: row.claim.id.clone(), traceparent: row.traceparent });
    Ok(match &row.key {
        Some(key) => task.idempotency_key(key).build(),
        None => task.build(),
    })
}
