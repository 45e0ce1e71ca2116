//! The engine: takes work, does it once, tells how it stands. Values in, values out; the clock is an argument.

use std::{
    collections::{HashMap, VecDeque},
    io,
    path::Path,
    sync::Arc,
};

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::{
    fault::{End, On, Reply},
    faults::Faults,
    gate::Answered,
    journal::{Effect, Journal, JournalError, Line},
    limits::Limits,
    problem::Problem,
    protocol::Create,
    run::{Order, Run},
};

/// Requests remembered for tests to look at; older ones are forgotten.
const REMEMBERED: usize = 10_000;

/// A request as it came, for tests that count them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Received {
    /// What kind.
    pub on: On,
    /// Whose token it bore: 0 for the first, and so on.
    pub caller: usize,
    /// The idempotency key of a create; the response id of the others.
    pub key: Option<String>,
    /// SHA-256 of the body: equal for byte-identical requests.
    pub fingerprint: String,
}

#[derive(Debug, Default)]
pub(crate) struct Engine {
    runs: HashMap<String, Run>,
    /// Their ids, oldest first.
    order: Vec<String>,
    /// Whose idempotency key to run.
    keys: HashMap<(usize, String), String>,
    effects: Vec<Effect>,
    journal: Journal,
    received: VecDeque<Received>,
    /// One for each caller, cloned for each stream that is open.
    streams: HashMap<usize, Arc<()>>,
    pub(crate) faults: Faults,
    pub(crate) limits: Limits,
}

/// Who asks, for the first time or again, with which bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asking<'a> {
    pub(crate) caller: usize,
    pub(crate) key: Option<&'a str>,
    pub(crate) body: &'a [u8],
    pub(crate) now: DateTime<Utc>,
}

impl Engine {
    /// An engine that remembers what the journal at `path` says; without a path, one that remembers nothing.
    pub(crate) fn open(path: Option<&Path>) -> Result<Self, JournalError> {
        let mut engine = Self::default();
        if let Some(path) = path {
            let (journal, lines) = Journal::open(path)?;
            engine.journal = journal;
            for line in lines {
                engine.remember(line);
            }
        }
        Ok(engine)
    }

    /// Everything done so far, oldest first.
    pub(crate) fn effects(&self) -> &[Effect] {
        &self.effects
    }

    /// The requests that came in, oldest first.
    pub(crate) const fn received(&self) -> &VecDeque<Received> {
        &self.received
    }

    /// Notes a request and says what is to go wrong with its answer.
    pub(crate) fn arrive(
        &mut self,
        on: On,
        caller: usize,
        key: Option<&str>,
        body: &[u8],
        order: Option<&Order>,
    ) -> Option<Reply> {
        if self.received.len() == REMEMBERED {
            self.received.pop_front();
        }
        self.received.push_back(Received { on, caller, key: key.map(str::to_owned), fingerprint: fingerprint(body) });
        self.faults.reply(on, order.map(|order| order.verb.as_str()), order.map(|order| order.execution_id.as_str()))
    }

    /// A slot for another stream of this caller's, taken until it is dropped.
    pub(crate) fn streams(&mut self, caller: usize) -> Arc<()> {
        self.streams.entry(caller).or_default().clone()
    }

    /// A run of this caller's.
    pub(crate) fn run(&self, caller: usize, id: &str) -> Option<&Run> {
        self.runs.get(id).filter(|run| run.caller == caller)
    }

    /// The runs of a conversation of this caller's, oldest first.
    pub(crate) fn conversation(&self, caller: usize, thread: &str) -> Vec<&Run> {
        self.runs_of(caller).filter(|run| run.thread == thread).collect()
    }

    /// All runs of this caller, oldest first.
    pub(crate) fn runs_of(&self, caller: usize) -> impl Iterator<Item = &Run> {
        self.order.iter().filter_map(move |id| self.run(caller, id))
    }

    /// Takes work, or tells how it stands if this key brought it before.
    pub(crate) fn create(&mut self, asking: Asking<'_>, request: &Create) -> Result<Value, Problem> {
        let Asking { caller, key, body, now } = asking;
        let fingerprint = fingerprint(body);
        let known = key.and_then(|key| self.keys.get(&(caller, key.to_owned()))).and_then(|id| self.runs.get(id));
        let id = match known {
            Some(run) if run.fingerprint != fingerprint => return Err(Problem::of(409)),
            Some(run) => run.id.clone(),
            None => {
                let thread = match &request.previous_response_id {
                    Some(previous) => Some(self.run(caller, previous).ok_or(Problem::of(404))?.thread.clone()),
                    None => None,
                };
                let order = request.x_context.as_ref().and_then(order);
                let seed = key.map(|key| format!("{caller} {key}"));
                let mut run = self.start(On::Create, seed, fingerprint, request.model.clone(), order, now);
                run.caller = caller;
                run.key = key.map(str::to_owned);
                run.thread = thread.unwrap_or(run.thread);
                let id = run.id.clone();
                self.write(Line::Accepted { run: Box::new(run) })?;
                id
            }
        };
        self.finish(&id, now)?;
        self.tell(caller, &id)
    }

    /// Takes work that is done again every time it is asked for, and gives its words, if it has any by then.
    pub(crate) fn deliver(
        &mut self,
        body: &[u8],
        order: Option<Order>,
        now: DateTime<Utc>,
    ) -> Result<Option<String>, Problem> {
        let mut run = self.start(On::Webhook, None, fingerprint(body), "default".to_owned(), order, now);
        let id = run.id.clone();
        let is_late = run.hurry();
        self.write(Line::Accepted { run: Box::new(run) })?;
        self.finish(&id, now)?;
        Ok(self.runs.get(&id).filter(|_| !is_late).and_then(Run::words))
    }

    fn start(
        &mut self,
        on: On,
        seed: Option<String>,
        fingerprint: String,
        model: String,
        order: Option<Order>,
        now: DateTime<Utc>,
    ) -> Run {
        let seed = seed.unwrap_or_else(|| format!("{} {fingerprint}", self.runs.len()));
        let id = format!("resp_{}", self::fingerprint(seed.as_bytes())).chars().take(37).collect();
        let (verb, execution) =
            (order.as_ref().map(|o| o.verb.as_str()), order.as_ref().map(|o| o.execution_id.as_str()));
        let twists = self.faults.work(on, verb, execution);
        let mut run = Run::start(id, fingerprint, model, order, now);
        for twist in &twists {
            run.twist(twist);
        }
        run
    }

    /// Tells how work stands.
    pub(crate) fn retrieve(&mut self, caller: usize, id: &str, now: DateTime<Utc>) -> Result<Value, Problem> {
        self.finish(id, now)?;
        let told = self.tell(caller, id)?;
        if let Some(run) = self.runs.get_mut(id) {
            run.looked_at();
        }
        Ok(told)
    }

    /// Answers the gate that a run waits at; the same answer under the same key is no other answer.
    pub(crate) fn answer(&mut self, id: &str, answered: Answered, now: DateTime<Utc>) -> Result<&Run, Problem> {
        let run = self.runs.get(id).ok_or(Problem::of(404))?;
        match &run.answered {
            Some(before) if *before == answered => {}
            Some(_) => return Err(Problem::new(409, None, "The gate was answered.")),
            None if run.open_gate().is_none() => return Err(Problem::of(404)),
            None => self.write(Line::Answered { id: id.to_owned(), answered })?,
        }
        self.finish(id, now)?;
        self.runs.get(id).ok_or(Problem::of(404))
    }

    /// Stops work that is not over, and tells how it stands.
    pub(crate) fn cancel(&mut self, caller: usize, id: &str) -> Result<Value, Problem> {
        if self.run(caller, id).is_some_and(|run| run.over.is_none()) {
            self.write(Line::Over { id: id.to_owned(), end: End::Cancelled, effect: None })?;
        }
        self.tell(caller, id)
    }

    /// Ends work whose time has come; this is the only place that has an effect.
    fn finish(&mut self, id: &str, now: DateTime<Utc>) -> Result<(), Problem> {
        let Some(run) = self.runs.get(id) else {
            return Ok(());
        };
        let Some(end) = run.due_end() else {
            return Ok(());
        };
        let effect = run.order.as_ref().filter(|_| end.has_effect()).map(|order| Effect {
            key: run.key.clone(),
            execution_id: order.execution_id.clone(),
            verb: order.verb.clone(),
            parameters: order.parameters.clone(),
            steps: order.steps_done(end).cloned().collect(),
            at: now,
        });
        self.write(Line::Over { id: id.to_owned(), end, effect })
    }

    fn tell(&self, caller: usize, id: &str) -> Result<Value, Problem> {
        self.run(caller, id).map(Run::response).ok_or(Problem::of(404))
    }

    /// File first, memory second, the caller last.
    fn write(&mut self, line: Line) -> Result<(), Problem> {
        self.journal.append(&line).map_err(|error: io::Error| {
            tracing::error!(%error, "the journal can't be written");
            Problem::of(500)
        })?;
        self.remember(line);
        Ok(())
    }

    fn remember(&mut self, line: Line) {
        match line {
            Line::Accepted { run } => {
                if let Some(key) = &run.key {
                    self.keys.insert((run.caller, key.clone()), run.id.clone());
                }
                self.order.push(run.id.clone());
                self.runs.insert(run.id.clone(), *run);
            }
            Line::Answered { id, answered } => {
                if let Some(run) = self.runs.get_mut(&id) {
                    run.answered = Some(answered);
                }
            }
            Line::Over { id, end, effect } => {
                if let Some(run) = self.runs.get_mut(&id) {
                    run.over = Some(end);
                }
                self.effects.extend(effect);
            }
        }
    }
}

/// The order in an `x_context`, if there is one.
pub(crate) fn order(x_context: &Value) -> Option<Order> {
    serde_json::from_value(x_context.clone()).ok()
}

fn fingerprint(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}
