//! The engine: takes work, does it once, tells how it stands. Values in, values out; the clock is an argument.

use std::{
    collections::{HashMap, VecDeque},
    io,
    path::Path,
};

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::{
    fault::{End, On, Reply},
    faults::Faults,
    journal::{Effect, Journal, JournalError, Line},
    protocol::{Create, Problem},
    run::{Order, Run},
};

/// Requests remembered for tests to look at; older ones are forgotten.
const REMEMBERED: usize = 10_000;

/// A request as it came, for tests that count them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Received {
    /// What kind.
    pub on: On,
    /// The idempotency key of a create; the response id of the others.
    pub key: Option<String>,
    /// SHA-256 of the body: equal for byte-identical requests.
    pub fingerprint: String,
}

#[derive(Debug, Default)]
pub(crate) struct Engine {
    runs: HashMap<String, Run>,
    /// Idempotency key to run.
    keys: HashMap<String, String>,
    effects: Vec<Effect>,
    journal: Journal,
    received: VecDeque<Received>,
    pub(crate) faults: Faults,
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
    pub(crate) fn arrive(&mut self, on: On, key: Option<&str>, body: &[u8], order: Option<&Order>) -> Option<Reply> {
        if self.received.len() == REMEMBERED {
            self.received.pop_front();
        }
        self.received.push_back(Received { on, key: key.map(str::to_owned), fingerprint: fingerprint(body) });
        self.faults.reply(on, order.map(|order| order.verb.as_str()), order.map(|order| order.execution_id.as_str()))
    }

    /// What the run with this id was asked to do.
    pub(crate) fn order(&self, id: &str) -> Option<Order> {
        self.runs.get(id)?.order.clone()
    }

    /// Takes work, or tells how it stands if this key brought it before.
    pub(crate) fn create(
        &mut self,
        key: Option<&str>,
        body: &[u8],
        request: &Create,
        now: DateTime<Utc>,
    ) -> Result<Value, Problem> {
        let fingerprint = fingerprint(body);
        let known = key.and_then(|key| self.keys.get(key)).and_then(|id| self.runs.get(id));
        let id = match known {
            Some(run) if run.fingerprint != fingerprint => return Err(Problem::of(409)),
            Some(run) => run.id.clone(),
            None => {
                let seed = key.map_or_else(|| format!("{} {fingerprint}", self.runs.len()), str::to_owned);
                let id: String = format!("resp_{}", self::fingerprint(seed.as_bytes())).chars().take(37).collect();
                let order = request.x_context.as_ref().and_then(order);
                let (verb, execution) =
                    (order.as_ref().map(|o| o.verb.as_str()), order.as_ref().map(|o| o.execution_id.as_str()));
                let twists = self.faults.work(verb, execution);
                let mut run =
                    Run::start(id.clone(), key.map(str::to_owned), fingerprint, request.model.clone(), order, now);
                for twist in &twists {
                    run.twist(twist);
                }
                self.write(Line::Accepted { run })?;
                id
            }
        };
        self.finish(&id, now)?;
        self.tell(&id)
    }

    /// Tells how work stands.
    pub(crate) fn retrieve(&mut self, id: &str, now: DateTime<Utc>) -> Result<Value, Problem> {
        self.finish(id, now)?;
        let told = self.tell(id)?;
        if let Some(run) = self.runs.get_mut(id) {
            run.looked_at();
        }
        Ok(told)
    }

    /// Stops work that is not over, and tells how it stands.
    pub(crate) fn cancel(&mut self, id: &str) -> Result<Value, Problem> {
        if self.runs.get(id).is_some_and(|run| run.over.is_none()) {
            self.write(Line::Over { id: id.to_owned(), end: End::Cancelled, effect: None })?;
        }
        self.tell(id)
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

    fn tell(&self, id: &str) -> Result<Value, Problem> {
        self.runs.get(id).map(Run::response).ok_or(Problem::of(404))
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
                    self.keys.insert(key.clone(), run.id.clone());
                }
                self.runs.insert(run.id.clone(), run);
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
