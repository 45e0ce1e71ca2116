//! The bell: tells workers, here and in other processes, that there is something to look at.
//!
//! One per process, cheap to clone. Ringing wakes the workers of this process at once and, coalesced (at most one
//! NOTIFY statement per millisecond, whatever the load), those of all others. Nobody waits for a word that a worker here
//! has heard, nor for one to whoever looks on: such words go along with the next, or a little later by themselves, since
//! each NOTIFY wakes every process. Hearing is one LISTEN connection per process for every queue and every further channel
//! (`listener.rs`).
//!
//! Invariant: a bell only saves time. Wakes are stored permits, so one that arrives during a claim is kept; one that
//! is lost on the way costs a poll interval and nothing else.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::Duration,
};

use sqlx::PgPool;
use tokio::{
    sync::{Notify, broadcast},
    task::JoinSet,
    time::{sleep, timeout},
};
use ulid::Ulid;

use crate::{Connections, db::Db, listener, listener::Line};

/// The channel on which queue names travel.
const QUEUES: &str = "queue_bell";
/// Between two NOTIFY statements of one process.
const COALESCE: Duration = Duration::from_millis(1);
/// How long a word that is not in a hurry waits for one that is.
const COMPANY: Duration = Duration::from_millis(25);
/// For the NOTIFY statement, and for everything the listening connection does.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);
/// Words a slow subscriber may fall behind before it is told to look for itself.
const BACKLOG: usize = 256;

/// The process's bell.
#[derive(Clone, Debug)]
pub struct Bell {
    tower: Arc<Tower>,
    /// The tasks that send and listen; they end with the last clone.
    _tasks: Arc<JoinSet<()>>,
}

impl Bell {
    /// A bell that rings through `pool` and hears through a LISTEN connection of its own to the same server.
    /// Must be called within a tokio runtime.
    pub fn start(pool: &PgPool) -> Self {
        Self::start_on(pool, Line::to((*pool.connect_options()).clone()))
    }

    /// As [`Bell::start`], listening somewhere else: behind a transaction-pooling proxy, the server itself.
    pub fn start_on(pool: &PgPool, line: Line) -> Self {
        Self::among(&pool.clone().into(), Some(line))
    }

    /// A bell that rings but hears only its own process: other processes' rings cost a poll interval.
    pub fn polling(pool: &PgPool) -> Self {
        Self::among(&pool.clone().into(), None)
    }

    /// A bell that rings through what rests of these connections, and hears on `line`, if there is one.
    pub fn among(connections: &Connections, line: Option<Line>) -> Self {
        let tower = Arc::new(Tower::new());
        let mut tasks = JoinSet::new();
        let db = Db::aside(connections.clone(), PATIENCE);
        tasks.spawn(send(db, tower.clone()));
        if let Some(line) = line {
            tasks.spawn(listener::listen(line, tower.clone()));
        }
        Self { tower, _tasks: Arc::new(tasks) }
    }

    /// Says that these queues have jobs. Call it after the commit; it neither waits nor fails.
    pub fn ring<Q: Into<String>>(&self, queues: impl IntoIterator<Item = Q>) {
        for queue in queues {
            let queue = queue.into();
            if self.tower.wake(&queue) {
                self.tower.say(QUEUES.to_owned(), queue);
            } else {
                self.tower.say_at_once(queue);
            }
        }
    }

    /// Says `word` to every subscriber of `channel`, here at once and elsewhere within some tens of milliseconds. Equal
    /// words said meanwhile arrive once. At most 7 kB.
    pub fn tell(&self, channel: impl Into<String>, word: impl Into<String>) {
        let (channel, word) = (channel.into(), word.into());
        self.tower.hear(&channel, &word);
        self.tower.say(channel, word);
    }

    /// Hears what is said on `channel`, through the process's one listening connection.
    pub fn subscribe(&self, channel: impl Into<String>) -> Subscription {
        Subscription { words: self.tower.listen_to(channel.into()), tower: self.tower.clone() }
    }

    /// Whether the listening connection stands and hears; without it polling carries on alone.
    pub fn is_listening(&self) -> bool {
        self.tower.up.load(SeqCst)
    }

    /// The wake-up of one worker; also rung whenever rings may have been missed.
    pub(crate) fn wake_for(&self, queue: &str) -> Arc<Notify> {
        let wake = Arc::new(Notify::new());
        let mut workers = lock(&self.tower.workers);
        let of_queue = workers.entry(queue.to_owned()).or_default();
        of_queue.retain(|worker| worker.strong_count() > 0);
        of_queue.push(Arc::downgrade(&wake));
        wake
    }
}

/// What one subscriber hears.
#[derive(Debug)]
pub struct Subscription {
    words: broadcast::Receiver<Word>,
    tower: Arc<Tower>,
}

/// One thing heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Word {
    /// Somebody said this.
    Said(String),
    /// Something may have been missed (reconnected, or fell behind): look for yourself.
    Missed,
}

impl Subscription {
    /// Waits for the next word. Dropping the future loses nothing.
    pub async fn next(&mut self) -> Word {
        match self.words.recv().await {
            Ok(word) => word,
            Err(broadcast::error::RecvError::Lagged(_)) => Word::Missed,
            // the tower holds the other end, and we hold the tower
            Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
        }
    }

    /// Whether the listening connection stands.
    pub fn is_listening(&self) -> bool {
        self.tower.up.load(SeqCst)
    }
}

/// What the clones, the sender and the listener share.
#[derive(Debug)]
pub(crate) struct Tower {
    /// Marks our own words, so that we do not hear them twice.
    id: String,
    workers: Mutex<HashMap<String, Vec<Weak<Notify>>>>,
    channels: Mutex<HashMap<String, broadcast::Sender<Word>>>,
    pub(crate) channels_changed: Notify,
    unsent: Mutex<BTreeSet<(String, String)>>,
    to_send: Notify,
    /// Something of that is in a hurry.
    hurry: Notify,
    pub(crate) up: AtomicBool,
}

impl Tower {
    fn new() -> Self {
        Self {
            id: Ulid::generate().to_string(),
            workers: Mutex::default(),
            channels: Mutex::default(),
            channels_changed: Notify::new(),
            unsent: Mutex::default(),
            to_send: Notify::new(),
            hurry: Notify::new(),
            up: AtomicBool::new(false),
        }
    }

    /// Every channel somebody here listens to.
    pub(crate) fn channels(&self) -> Vec<String> {
        let further = lock(&self.channels);
        std::iter::once(QUEUES.to_owned()).chain(further.keys().cloned()).collect()
    }

    fn listen_to(&self, channel: String) -> broadcast::Receiver<Word> {
        let mut channels = lock(&self.channels);
        let subscribed = channels.entry(channel).or_insert_with(|| broadcast::channel(BACKLOG).0).subscribe();
        self.channels_changed.notify_one();
        subscribed
    }

    /// Says something that nobody but our own line takes notice of.
    pub(crate) fn echo(&self) {
        self.say_at_once(String::new());
    }

    /// To be sent soon.
    fn say(&self, channel: String, word: String) {
        lock(&self.unsent).insert((channel, word));
        self.to_send.notify_one();
    }

    /// A queue's name, or nothing, to be sent now.
    fn say_at_once(&self, word: String) {
        self.say(QUEUES.to_owned(), word);
        self.hurry.notify_one();
    }

    /// Passes on what arrived over the wire, unless we sent it ourselves.
    pub(crate) fn hear_from_afar(&self, channel: &str, payload: &str) {
        match payload.split_once(' ') {
            Some((sender, _)) if sender == self.id => {}
            Some((sender, word)) if Ulid::from_string(sender).is_ok() => self.hear(channel, word),
            // somebody's own NOTIFY
            _ => self.hear(channel, payload),
        }
    }

    fn hear(&self, channel: &str, word: &str) {
        if channel == QUEUES {
            self.wake(word);
        } else if let Some(subscribers) = lock(&self.channels).get(channel) {
            // an error only says that nobody is subscribed any more
            drop(subscribers.send(Word::Said(word.to_owned())));
        }
    }

    /// Wakes the workers of a queue, if there are any here.
    fn wake(&self, queue: &str) -> bool {
        let workers = lock(&self.workers);
        let here = workers.get(queue).into_iter().flatten().filter_map(Weak::upgrade);
        here.fold(false, |_, worker| {
            worker.notify_one();
            true
        })
    }

    /// The line was down: whatever was said meanwhile is lost, so everybody looks.
    pub(crate) fn everybody_look(&self) {
        lock(&self.workers).values().flatten().filter_map(Weak::upgrade).for_each(|worker| worker.notify_one());
        lock(&self.channels).values().for_each(|subscribers| drop(subscribers.send(Word::Missed)));
    }
}

/// Sends what piled up, one statement at a time, and then rests: the pile is the coalescing. (A hurry that comes while the
/// pile is sent is kept, and costs the next words their company at worst.)
async fn send(db: Db, tower: Arc<Tower>) {
    loop {
        tower.to_send.notified().await;
        // in time or not, it goes
        drop(timeout(COMPANY, tower.hurry.notified()).await);
        let pile = std::mem::take(&mut *lock(&tower.unsent));
        if pile.is_empty() {
            continue;
        }
        let (channels, payloads): (Vec<String>, Vec<String>) =
            pile.into_iter().map(|(channel, word)| (channel, format!("{} {word}", tower.id))).unzip();
        let sent = db
            .run(async |conn| {
                sqlx::query!(
                    "SELECT pg_notify(channel, payload) FROM unnest($1::text[], $2::text[]) AS said (channel, payload)",
                    &channels,
                    &payloads,
                )
                .execute(conn)
                .await
            })
            .await;
        if let Err(error) = sent {
            // not kept: whoever should have heard it polls
            tracing::warn!(%error, words = channels.len(), "the bell could not be rung for other processes");
        }
        sleep(COALESCE).await;
    }
}

/// A poisoned lock still guards plain data: whoever panicked left it whole.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
