//! Google as its reference describes it, as far as one mailbox and one calendar a person go: Gmail v1, Calendar v3.
//!
//! Whose a request is says the access token; which tokens are good is not decided here. Written from the documentation
//! and apart from our adapters, so that two readings of it check each other. What cursors may do (pages, history that
//! is forgotten, sync tokens that are gone) happens here as it does there, and what may go wrong can be ordered.

mod diary;
mod error;
mod events;
mod fault;
mod gmail;
mod mail;
mod mailbox;
mod query;
mod respond;
mod server;

use std::{
    collections::{BTreeMap, VecDeque},
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::{Router, middleware};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use self::{diary::Diary, error::Granted, mailbox::Mailbox, respond::Answered};
pub use self::{
    fault::{Fault, How},
    mail::Mail,
    server::Running,
};
use crate::{clock, orders::Orders};

/// Calls remembered for tests to look at; older ones are forgotten.
const REMEMBERED: usize = 10_000;

/// A call as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Such as `gmail.messages.modify`.
    pub name: String,
    /// The mail address of whoever called; none when the token was no good.
    pub who: Option<String>,
}

/// Whoever calls, by mail address.
#[derive(Clone, Debug)]
pub(super) struct Me(pub(super) String);

#[derive(Debug, Serialize, Deserialize)]
struct Person {
    mailbox: Mailbox,
    diary: Diary,
}

#[derive(Debug, Default)]
struct World {
    people: BTreeMap<String, Person>,
    faults: Orders<fault::What>,
    calls: VecDeque<Call>,
    file: Option<PathBuf>,
}

type Whose = dyn Fn(&str) -> Option<String> + Send + Sync;

/// The mailboxes and calendars of one double.
#[derive(Clone)]
pub struct Google {
    world: Arc<Mutex<World>>,
    whose: Arc<Whose>,
}

impl Google {
    /// An empty one; `whose` knows the mail address behind a good access token.
    pub fn new(whose: impl Fn(&str) -> Option<String> + Send + Sync + 'static) -> Self {
        Self { world: Arc::default(), whose: Arc::new(whose) }
    }

    /// Keeps everybody's mail and events in this file, and reads what is in it.
    pub fn kept_in(self, file: &Path) -> io::Result<Self> {
        let mut world = self.world();
        match fs::read(file) {
            Ok(bytes) => world.people = serde_json::from_slice(&bytes)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        world.file = Some(file.to_owned());
        drop(world);
        Ok(self)
    }

    /// The routes of both APIs, each under its own root (`/gmail/v1`, `/calendar/v3`).
    pub(crate) fn routes(&self) -> Router {
        let gate = middleware::from_fn_with_state(self.clone(), respond::gate);
        gmail::routes().merge(events::routes()).route_layer(gate).with_state(self.clone())
    }

    /// A mail arrives; gives its id.
    pub fn deliver(&self, address: &str, mail: Mail) -> String {
        self.change(address, |person| person.mailbox.put(mail, None, clock::now().timestamp_millis()))
    }

    /// An event appears, as the API would take it; gives its id, or none where it can't be one.
    pub fn schedule(&self, address: &str, event: &Value) -> Option<String> {
        let put = self.change(address, |person| person.diary.insert(event, clock::now()));
        put.ok()?.get("id")?.as_str().map(str::to_owned)
    }

    /// A message as the API shows it, and none where there is no such message.
    pub fn message(&self, address: &str, id: &str) -> Option<Value> {
        Some(self.world().people.get(address)?.mailbox.find(id).ok()?.shown("full"))
    }

    /// Every message, oldest first, as the API shows it.
    pub fn messages(&self, address: &str) -> Vec<Value> {
        let world = self.world();
        let all = world.people.get(address).into_iter().flat_map(|person| person.mailbox.all());
        all.map(|message| message.shown("full")).collect()
    }

    /// An event as the API shows it.
    pub fn event(&self, address: &str, id: &str) -> Option<Value> {
        self.world().people.get(address)?.diary.get(id).ok()
    }

    /// Changes an event as its organizer would; none where there is no such event.
    pub fn amend(&self, address: &str, id: &str, change: &Value) -> Option<Value> {
        let fields = change.as_object().cloned().unwrap_or_default();
        self.change(address, |person| person.diary.amend(id, &fields, clock::now())).ok()
    }

    /// Nobody remembers what happened before: history ids and sync tokens so far are no longer good.
    pub fn forget(&self, address: &str) {
        self.change(address, |person| {
            person.mailbox.forget();
            person.diary.forget();
        });
    }

    /// Orders faults, after those already on order.
    pub fn inject(&self, faults: impl IntoIterator<Item = Fault>) {
        self.world().faults.add(faults);
    }

    /// Cancels all faults on order.
    pub fn heal(&self) {
        self.world().faults.clear();
    }

    /// The calls that came in, oldest first.
    pub fn calls(&self) -> Vec<Call> {
        self.world().calls.iter().cloned().collect()
    }

    /// How often a call of this name came in.
    pub fn count(&self, name: &str) -> usize {
        self.world().calls.iter().filter(|call| call.name == name).count()
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn whose(&self, token: &str) -> Option<String> {
        (self.whose)(token)
    }

    fn strike(&self, call: &str) -> Option<How> {
        self.world().faults.strike_call(call)
    }

    fn remember(&self, name: &str, who: Option<&str>) {
        let mut world = self.world();
        if world.calls.len() == REMEMBERED {
            world.calls.pop_front();
        }
        world.calls.push_back(Call { name: name.to_owned(), who: who.map(str::to_owned) });
    }

    fn with(&self, me: &Me, ask: impl FnOnce(&mut Person) -> Granted) -> Answered {
        Answered(self.change(&me.0, ask))
    }

    /// Lets something happen to a person's things, and keeps what came of it.
    fn change<T>(&self, address: &str, change: impl FnOnce(&mut Person) -> T) -> T {
        let mut world = self.world();
        let person = world
            .people
            .entry(address.to_owned())
            .or_insert_with(|| Person { mailbox: Mailbox::new(address), diary: Diary::new(address) });
        let changed = change(person);
        if let Some(file) = &world.file
            && let Err(error) = keep(file, &world.people)
        {
            tracing::error!(%error, "the double's mail and events can't be kept");
        }
        changed
    }
}

/// Written beside and renamed, so that a process killed half way leaves the old or the new.
fn keep(file: &Path, people: &BTreeMap<String, Person>) -> io::Result<()> {
    let beside = file.with_extension("new");
    fs::write(&beside, serde_json::to_vec(people)?)?;
    fs::rename(beside, file)
}
