//! From a claimed row to apalis's task. A row nobody here can read is a fact about that row alone: it is parked with
//! its reason, and neither the worker nor the rest of the claim notices.

use std::str::FromStr;

use apalis_core::task::{Task, builder::TaskBuilder, task_id::TaskId};
use observe::Traceparent;
use serde::de::DeserializeOwned;

use crate::{Lease, station::Claim};

/// Characters of a reason that are kept.
const LONGEST: usize = 300;

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
    let args: T = serde_json::from_slice(&row.payload).map_err(|error| {
        // It may quote what it stumbled over, and is kept on the row.
        let why: String = error.to_string().chars().take(LONGEST).collect();
        format!("undecodable payload: {why}")
    })?;
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

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::Duration};

    use futures::FutureExt;
    use proptest::prelude::*;
    use serde::{Deserialize, Serialize};

    use super::*;
    use crate::{clock::monotonic, lease::Pulse};

    #[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
    #[serde(tag = "kind", rename_all = "snake_case")]
    enum Door {
        Ring { number: u32 },
    }

    fn row(payload: Vec<u8>) -> Row {
        let id = ulid::Ulid::generate().to_string();
        let claim = Claim { id, attempt: 1, max_attempts: 3, lock_at: chrono::DateTime::UNIX_EPOCH };
        Row { claim, payload, priority: None, key: None, traceparent: None }
    }

    proptest! {
        #![proptest_config(fuzz::cases(1))]

        #[test]
        fn a_payload_is_the_job_it_says_or_refused_with_a_short_reason(payload in fuzz::bytes_of(&["kind", "ring", "number"]), number: u32) {
            let pulse = Arc::new(Pulse::new(Duration::from_secs(10)));
            pulse.beat(monotonic());
            let lease = || pulse.lease().now_or_never().unwrap();
            let known = Door::Ring { number };
            prop_assert_eq!(decode::<Door>(&row(serde_json::to_vec(&known).unwrap()), "doors", lease()).unwrap().args, known);
            let long = format!("{{\"kind\":\"{}\"}}", "x".repeat(1000));
            let why = decode::<Door>(&row(long.into_bytes()), "doors", lease()).unwrap_err();
            prop_assert!(why.chars().count() <= LONGEST + 40, "{why}");
            match decode::<Door>(&row(payload.clone()), "doors", lease()) {
                Ok(task) => {
                    let given: serde_json::Value = serde_json::from_slice(&payload).unwrap();
                    let Door::Ring { number } = task.args;
                    // Serde takes the members in a list as well.
                    let said = [(&given["kind"], &given["number"]), (&given[0], &given[1])];
                    prop_assert!(said.contains(&(&"ring".into(), &number.into())), "{given}");
                }
                Err(why) => prop_assert!(why.chars().count() <= LONGEST + 40, "{why}"),
            }
        }
    }
}
