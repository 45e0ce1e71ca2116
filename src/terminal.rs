//! What a command does that is privileged, in the audit log beside what operators do over the API: who sat at the terminal,
//! which command, on what. Never a secret, and never more of a person than their id, which goes when they go.
//!
//! Invariant: nothing privileged happens without its row. What is one transaction of ours writes it there ([`noted`]), so
//! there is a row exactly if it happened; everything else writes it first and completes it afterwards ([`audited`]).

use std::fmt::Display;

use domain::time::Timestamp;
use runtime::{Clock, Entropy};
use store::{
    Store, Tx,
    audit::{self, Act},
};

use crate::Result;

/// A command that did what it was asked, as its exit code says it.
const DONE: u16 = 0;
/// A command that didn't.
const FAILED: u16 = 1;

/// Writes an act in the transaction that does it.
pub(crate) async fn noted(tx: &mut Tx, command: &str, target: impl Display, now: Timestamp) -> Result<()> {
    Ok(audit::begin(tx, &act(command, &target, Some(DONE), now)).await?)
}

/// Does something that is not one transaction of ours; begins only when it is written down.
pub(crate) async fn audited<T>(
    store: &Store,
    command: &str,
    target: impl Display,
    doing: impl Future<Output = Result<T>>,
) -> Result<T> {
    let act = begun(store, command, &target).await?;
    ended(store, &act, doing.await).await
}

/// The same of jobs that are to run again: then the row says how many did.
pub(crate) async fn rung_again(
    store: &Store,
    command: &str,
    target: impl Display,
    doing: impl Future<Output = Result<u64>>,
) -> Result<u64> {
    let act = begun(store, command, &target).await?;
    let done = doing.await;
    if let Ok(many) = done
        && let Err(error) = audit::about(store, act.id, &format!("{many} run again: {target}")).await
    {
        eprintln!("skytwin: the audit lacks how many run again: {error}");
    }
    ended(store, &act, done).await
}

async fn begun(store: &Store, command: &str, target: &dyn Display) -> Result<Act> {
    let act = act(command, target, None, Clock::system().now());
    audit::begin(store, &act).await?;
    Ok(act)
}

async fn ended<T>(store: &Store, act: &Act, done: Result<T>) -> Result<T> {
    let status = if done.is_ok() { DONE } else { FAILED };
    if let Err(error) = audit::end(store, act.id, status).await {
        eprintln!("skytwin: the audit lacks how this ended: {error}");
    }
    done
}

fn act(command: &str, target: &dyn Display, status: Option<u16>, at: Timestamp) -> Act {
    Act {
        id: Entropy::system().uuid(at),
        at,
        actor: format!("command line ({})", runtime::login_name()),
        act: command.to_owned(),
        target: target.to_string(),
        status,
    }
}
