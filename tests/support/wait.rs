//! Waiting for a state: looks again until it is there, and fails loudly, with what it saw, when it never comes.

use std::{
    fmt::{Debug, Display},
    time::Duration,
};

/// Long enough for the slowest machine; a test that is right never waits so long.
const PATIENCE: Duration = Duration::from_secs(60);
const LOOK_EVERY: Duration = Duration::from_millis(15);

/// What a look says: the state is there, or what was seen instead.
pub trait Look {
    /// What the state carries.
    type Seen;
    /// The state, or a description of what was there instead.
    fn seen(self) -> Result<Self::Seen, String>;
}

impl Look for bool {
    type Seen = ();
    fn seen(self) -> Result<(), String> {
        self.then_some(()).ok_or_else(|| "false".to_owned())
    }
}

impl<T> Look for Option<T> {
    type Seen = T;
    fn seen(self) -> Result<T, String> {
        self.ok_or_else(|| "None".to_owned())
    }
}

impl<T, E: Debug> Look for Result<T, E> {
    type Seen = T;
    fn seen(self) -> Result<T, String> {
        // often it is somebody's log: what were lines there are lines here
        self.map_err(|error| format!("{error:?}").replace("\\n", "\n"))
    }
}

/// Looks until the look says yes (`true`, `Some`, `Ok`) and gives what it carries; panics after a minute.
///
/// ```ignore
/// eventually("the job is done", async || jobs.state(id).await == Done).await;
/// ```
#[track_caller]
pub fn eventually<L: Look>(what: impl Display, look: impl AsyncFnMut() -> L) -> impl Future<Output = L::Seen> {
    within(PATIENCE, what, look)
}

/// The same with a patience of its own.
#[track_caller]
pub fn within<L: Look>(
    patience: Duration,
    what: impl Display,
    mut look: impl AsyncFnMut() -> L,
) -> impl Future<Output = L::Seen> {
    let caller = std::panic::Location::caller();
    async move {
        let mut last = "it was never looked at".to_owned();
        let looking = async {
            loop {
                match look().await.seen() {
                    Ok(seen) => return seen,
                    Err(instead) => last = instead,
                }
                tokio::time::sleep(LOOK_EVERY).await;
            }
        };
        match tokio::time::timeout(patience, looking).await {
            Ok(seen) => seen,
            Err(_) => {
                panic!("{caller}: never happened within {patience:?}: {what}; last seen: {last}")
            }
        }
    }
}
