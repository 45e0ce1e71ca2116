//! How often one credential may ask, and how often one address may show nothing that is good: no token, link or signature.
//!
//! Kept in this process's memory: N processes together let through N times as much, which is what these limits are for
//! (no caller takes the others' room), and no request costs a write. What is known to be good is never held back by what
//! others at the same address do: behind a proxy everybody has one address.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    extract::{
        Request, State,
        connect_info::{ConnectInfo, Connected},
    },
    http::{Extensions, HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
    serve::IncomingStream,
};
use chrono::TimeDelta;
use domain::time::Timestamp;
use observe::metrics;

use crate::{
    State as Api,
    patient::Patient,
    problem::{Code, Problem},
};

/// Requests without anything good to show that one address may send in a minute, once its thousand in reserve are used up.
const STRANGERS: Rate = Rate { per_minute: 600, reserve: 1000 };
/// More callers than this are not remembered at once: those with a full reserve are forgotten first.
const MOST: usize = 50_000;

/// Where a request came from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(IpAddr);

impl Connected<IncomingStream<'_, Patient>> for Peer {
    fn connect_info(stream: IncomingStream<'_, Patient>) -> Self {
        Self(stream.remote_addr().ip())
    }
}

impl Peer {
    /// Of a request, where that is known.
    pub(crate) fn of(extensions: &Extensions) -> Option<Self> {
        extensions.get::<ConnectInfo<Self>>().map(|info| info.0)
    }
}

/// So many in a minute, evenly, with a reserve for those who come in bursts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Rate {
    per_minute: u32,
    reserve: u32,
}

impl Rate {
    /// What one request takes of the time, in microseconds.
    fn slot(self) -> TimeDelta {
        TimeDelta::microseconds(60_000_000 / i64::from(self.per_minute.max(1)))
    }
}

/// What everybody has left. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Allowances {
    callers: Rate,
    // per key, until when its time is taken (the generic cell rate algorithm: one instant says it all)
    taken: Arc<Mutex<HashMap<String, Timestamp>>>,
}

impl Allowances {
    /// So many requests a minute for each credential, a quarter of that in reserve.
    pub(crate) fn new(per_minute: u32) -> Self {
        Self { callers: Rate { per_minute, reserve: per_minute / 4 }, taken: Arc::default() }
    }

    /// Takes one request of a credential's allowance.
    pub(crate) fn of_caller(&self, key: &str, now: Timestamp) -> Result<(), Problem> {
        self.take(format!("caller:{key}"), self.callers, now).map_err(|wait| too_many("token", wait))
    }

    /// Takes one of what an address may try with nothing good to show; `else_say` is what it hears while it may.
    pub(crate) fn of_stranger(&self, from: Option<Peer>, now: Timestamp, else_say: Response) -> Response {
        let taken = from.map(|Peer(address)| self.take(format!("address:{address}"), STRANGERS, now));
        match taken {
            Some(Err(wait)) => too_many("address", wait).into_response(),
            Some(Ok(())) | None => else_say,
        }
    }

    /// How long to wait, when nothing is left.
    fn take(&self, key: String, rate: Rate, now: Timestamp) -> Result<(), TimeDelta> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if taken.len() >= MOST {
            taken.retain(|_, until| *until > now);
        }
        let slot = rate.slot();
        let reserve = slot * i32::try_from(rate.reserve.max(1)).unwrap_or(i32::MAX);
        // a clock that was set back gives everybody their reserve again, and no more
        let until = taken.get(&key).copied().filter(|until| until.since(now) <= reserve).unwrap_or(now).max(now);
        let next = until.plus(slot);
        let over = next.since(now) - reserve;
        if over > TimeDelta::zero() {
            return Err(over);
        }
        taken.insert(key, next);
        Ok(())
    }
}

/// Around the doors that need no token: what is refused there for what it shows (a link, a token, a signature, the id of a
/// hook) is a stranger's try as well.
pub(crate) async fn guesses(State(api): State<Api>, request: Request, next: Next) -> Response {
    let from = Peer::of(request.extensions());
    let response = next.run(request).await;
    match response.status() {
        StatusCode::UNAUTHORIZED | StatusCode::NOT_FOUND => api.allowances.of_stranger(from, api.clock.now(), response),
        _ => response,
    }
}

fn too_many(by: &'static str, wait: TimeDelta) -> Problem {
    metrics::HTTP_LIMITED.one([by]);
    let seconds = u16::try_from(wait.num_seconds() + 1).unwrap_or(u16::MAX);
    let detail = if by == "token" {
        "This token asks more often than it may."
    } else {
        "Too many requests came from this address with no good token, link or signature."
    };
    Problem::new(Code::TooOften, detail).header(header::RETRY_AFTER, HeaderValue::from(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Timestamp {
        let start: Timestamp = "2026-03-02T09:00:00Z".parse().unwrap();
        start.plus(TimeDelta::milliseconds(ms))
    }

    #[test]
    fn a_burst_takes_the_reserve_then_time_gives_one_after_the_other_and_nobody_takes_anothers() {
        let allowances = Allowances::new(60); // one a second, 15 in reserve
        let may = |key, ms| allowances.of_caller(key, at(ms)).is_ok();
        assert_eq!((0..20).filter(|_| may("ada", 0)).count(), 15);
        assert!(may("bob", 0));
        assert!(!may("ada", 900) && may("ada", 1000) && !may("ada", 1000));
        assert_eq!((0..20).filter(|_| may("ada", 3_600_000)).count(), 15, "a pause fills the reserve and no more");
    }

    #[test]
    fn whoever_is_turned_away_hears_when_to_come_again_and_a_clock_set_back_locks_nobody_out() {
        let allowances = Allowances::new(60);
        while allowances.of_caller("ada", at(0)).is_ok() {}
        let refused = allowances.of_caller("ada", at(0)).unwrap_err();
        assert_eq!(refused.code(), Code::TooOften);
        assert!(allowances.of_caller("ada", at(-3_600_000)).is_ok());
    }
}
