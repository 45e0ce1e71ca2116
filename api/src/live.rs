//! Who follows events live in this process, and who is to look for new ones.
//!
//! Invariant: a poke only saves time. Every stream reads the table from its own cursor, so a poke that is lost, doubled
//! or late changes neither what is told nor its order; and one slow look per process, over everybody who is followed,
//! finds what no bell told of. One subscription hears for all, so that a client costs no connection to the database and,
//! while nothing happens, no query.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::http::{HeaderValue, header};
use domain::id::UserId;
use observe::{ALONE, metrics};
use queue::Word;
use runtime::{Clock, Shutdown};
use store::{EVENTS, Store, events, sessions};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    time::{MissedTickBehavior, interval},
};
use uuid::Uuid;

use crate::problem::{Code, Problem};

/// Streams of one process; one more is asked to come again, to another process with luck.
const MOST: usize = 4000;
/// Streams of one person in one process: some tabs on some devices.
const MOST_OF_ONE: usize = 20;
/// Between two looks at everybody who is followed. Also how long a stream outlives its token or session, at most.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// Everybody who follows events in this process. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Live {
    hall: Arc<Mutex<Hall>>,
    room: Arc<Semaphore>,
}

/// The streams of one token or session of one person are told, and cut, together.
type Party = (UserId, Uuid);

#[derive(Debug, Default)]
struct Hall {
    parties: BTreeMap<Party, watch::Sender<()>>,
    closed: bool,
}

/// A stream's place; given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Seat {
    live: Live,
    party: Party,
    pokes: Option<watch::Receiver<()>>,
    _room: OwnedSemaphorePermit,
}

impl Live {
    /// Nobody yet.
    pub(crate) fn new() -> Self {
        Self { hall: Arc::default(), room: Arc::new(Semaphore::new(MOST)) }
    }

    /// A place for a stream of this person's that this token or session asked for.
    pub(crate) fn sit(&self, user: UserId, holder: Uuid) -> Result<Seat, Problem> {
        let full = |detail| Problem::unavailable(Code::Unavailable, detail, 5);
        let room = Arc::clone(&self.room).try_acquire_owned();
        let room = room.map_err(|_| full("As many streams as this process takes are open."))?;
        let mut hall = self.hall();
        if hall.closed {
            return Err(full("This process is about to end; another takes over."));
        }
        let of_one = hall.parties.range((user, Uuid::nil())..=(user, Uuid::max()));
        if of_one.map(|(_, pokes)| pokes.receiver_count()).sum::<usize>() >= MOST_OF_ONE {
            let detail = format!("{MOST_OF_ONE} streams of this person are open; close one first.");
            return Err(Problem::new(Code::TooMany, detail).header(header::RETRY_AFTER, HeaderValue::from_static("30")));
        }
        let pokes = hall.parties.entry((user, holder)).or_insert_with(|| watch::channel(()).0).subscribe();
        metrics::STREAMS.change(ALONE, 1.0);
        Ok(Seat { live: self.clone(), party: (user, holder), pokes: Some(pokes), _room: room })
    }

    /// Pokes whoever has something to look at, until the end is asked for; then ends every stream.
    pub(crate) async fn attend(self, store: Store, clock: Clock, shutdown: Shutdown) {
        let mut words = store.bell().subscribe(EVENTS);
        let mut look = interval(LOOK_EVERY);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut known = HashMap::new();
        loop {
            tokio::select! {
                () = shutdown.requested() => break,
                word = words.next() => self.poke(match word {
                    Word::Said(user) => user.parse().ok(),
                    Word::Missed => None,
                }),
                _ = look.tick() => if let Err(error) = self.look(&store, &clock, &mut known).await {
                    tracing::debug!(%error, "could not look for events");
                },
            }
        }
        let mut hall = self.hall();
        hall.closed = true;
        hall.parties.clear();
    }

    /// Has this person's streams look, or everybody's.
    fn poke(&self, user: Option<UserId>) {
        for ((of, _), pokes) in &self.hall().parties {
            if user.is_none_or(|user| user == *of) {
                pokes.send_replace(());
            }
        }
    }

    /// Pokes whose last event is not the one known, and cuts the streams whose token or session is over.
    async fn look(&self, store: &Store, clock: &Clock, known: &mut HashMap<UserId, i64>) -> Result<(), store::Error> {
        let (users, holders): (BTreeSet<UserId>, BTreeSet<Uuid>) = self.hall().parties.keys().copied().unzip();
        if users.is_empty() {
            known.clear();
            return Ok(());
        }
        let last = events::last_seqs(store, &users.into_iter().collect::<Vec<_>>()).await?;
        for (user, seq) in &last {
            if known.get(user) != Some(seq) {
                self.poke(Some(*user));
            }
        }
        *known = last.into_iter().collect();
        let holders: Vec<_> = holders.into_iter().collect();
        let good = sessions::still_good(store, &holders, clock.now()).await?;
        self.hall().parties.retain(|(_, holder), _| good.contains(holder) || !holders.contains(holder));
        Ok(())
    }

    fn hall(&self) -> MutexGuard<'_, Hall> {
        self.hall.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seat {
    /// Waits until there may be something to look at; false when the stream is to end.
    pub(crate) async fn poked(&mut self) -> bool {
        match &mut self.pokes {
            Some(pokes) => pokes.changed().await.is_ok(),
            None => false,
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        metrics::STREAMS.change(ALONE, -1.0);
        let mut hall = self.live.hall();
        self.pokes = None;
        if hall.parties.get(&self.party).is_some_and(|pokes| pokes.receiver_count() == 0) {
            hall.parties.remove(&self.party);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn party(user: u128) -> Party {
        (UserId::new(Uuid::from_u128(user)), Uuid::from_u128(7))
    }

    #[tokio::test]
    async fn a_place_is_given_back_and_nobody_takes_all_of_them() {
        let live = Live::new();
        let (ada, holder) = party(1);
        let seats: Vec<_> = (0..MOST_OF_ONE).map(|_| live.sit(ada, holder).unwrap()).collect();
        assert_eq!(live.sit(ada, Uuid::from_u128(8)).unwrap_err().code(), Code::TooMany);
        assert!(live.sit(party(2).0, holder).is_ok());
        drop(seats);
        assert!(live.hall().parties.is_empty() && live.room.available_permits() == MOST);
        assert!(live.sit(ada, holder).is_ok());
    }

    #[tokio::test]
    async fn a_poke_before_the_wait_is_kept_and_only_that_persons_streams_are_poked() {
        let live = Live::new();
        let ((ada, holder), (bob, _)) = (party(1), party(2));
        let (mut adas, mut bobs) = (live.sit(ada, holder).unwrap(), live.sit(bob, holder).unwrap());
        live.poke(Some(ada));
        assert!(adas.poked().await);
        assert!(futures::FutureExt::now_or_never(bobs.poked()).is_none());
        live.poke(None);
        assert!(bobs.poked().await);
        live.hall().parties.remove(&(bob, holder));
        assert!(!bobs.poked().await, "what is cut ends");
    }
}
