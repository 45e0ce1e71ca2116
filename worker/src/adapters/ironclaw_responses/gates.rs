//! What the responses API does not show: gates that a run waits at, and what it did before it broke off. Both are in the
//! engine's chat API, where the work is a conversation that bears its name.
//!
//! Nothing is remembered here: each look reads the engine's own record and answers what is open. One gate gets one answer,
//! under one key, however often we ask (`client_action_id`).

use chrono::TimeDelta;
use domain::execution::{Answer, Execution};
use serde::Deserialize;
use serde_json::json;

use super::{
    IronclawResponses,
    leave::{self, Leave},
    record::{Gate, Kind, Record},
    request,
};
use crate::{
    adapters::ironclaw::{
        is_plain_name,
        wire::{Outcome, Reply, Request},
    },
    ports::Identity,
};

const CHAT: [&str; 3] = ["api", "webchat", "v2"];
/// Looks that find the work in progress before the approvals are asked about.
const PATIENT_LOOKS: i32 = 2;
/// Looks after which the record is read even if nothing waits for an approval: there are other gates.
const LOOKS_AT_THE_LIST: i32 = 4;
/// Pages of conversations that wait for an approval, each of [`PAGE`].
const PAGES: usize = 5;
const PAGE: &str = "200";
/// What was answered is looked at soon.
const SOON: TimeDelta = TimeDelta::seconds(2);
/// The longest key the engine takes, in bytes.
const LONGEST_KEY: usize = 256;

impl IronclawResponses {
    /// Of work in progress: sees to the gate it may be waiting at.
    pub(super) async fn attend(
        &self,
        identity: &Identity,
        execution: &Execution,
        engine_ref: &str,
        look_after: Option<TimeDelta>,
    ) -> Answer {
        let working = |look_after| Answer::Working { engine_ref: engine_ref.to_owned(), look_after };
        let looks = looks(execution);
        if looks < PATIENT_LOOKS {
            return working(look_after);
        }
        let thread = request::thread(execution.request.as_deref(), engine_ref);
        if looks < LOOKS_AT_THE_LIST && !self.waits_for_approval(identity, &thread).await {
            return working(look_after);
        }
        let Ok(record) = self.record(identity, &thread).await else { return working(look_after) };
        let Some(gate) = record.open_gate() else { return working(look_after) };
        let leave = leave::leave(&record, gate, execution, self.now());
        tracing::info!(execution = %execution.id, gate = gate.name, ?leave, "the engine waits at a gate");
        match (gate.kind, leave) {
            (_, Leave::Granted) => {
                let answered = self.answer(identity, execution, &thread, (&record, gate), "approved").await;
                working(answered.as_ref().and_then(look_after_answer))
            }
            (Kind::Approval, Leave::Refused(_)) => {
                working(self.decline(identity, execution, &thread, (&record, gate)).await)
            }
            // Nobody can decline such a gate on the engine's behalf; the run that waits there is of no use to anybody.
            (Kind::Auth | Kind::Resource | Kind::Generic, Leave::Refused(_)) => {
                self.stop(identity, execution, engine_ref).await.answer
            }
        }
    }

    /// Of work that is to be called off: no gate stays open behind it.
    pub(super) async fn shut_gates(&self, identity: &Identity, execution: &Execution, engine_ref: &str) {
        let thread = request::thread(execution.request.as_deref(), engine_ref);
        if !self.waits_for_approval(identity, &thread).await {
            return;
        }
        if let Ok(record) = self.record(identity, &thread).await
            && let Some(gate) = record.open_gate()
        {
            self.decline(identity, execution, &thread, (&record, gate)).await;
        }
    }

    /// Of a run that broke off without a word: it failed if it began nothing, and only the person can tell if it did.
    pub(super) async fn broke_off(
        &self,
        identity: &Identity,
        execution: &Execution,
        engine_ref: String,
        how: String,
    ) -> Answer {
        let thread = request::thread(execution.request.as_deref(), &engine_ref);
        let record = match self.record(identity, &thread).await {
            Ok(record) if record.is_broken_off() => record,
            unread => {
                let retry_after = unread.err().flatten();
                let why = format!("{how} Whether it had begun anything by then is not known. Check what it did.");
                return Answer::InDoubt { retry_after, why };
            }
        };
        let shut = leave::shut(&record, execution, self.now());
        let why = self.refusal(&record, execution).map_or_else(|| how.clone(), |why| format!("{why} {how}"));
        let begun = record.begun(&shut);
        if begun.is_empty() {
            Answer::Failed { error: why, engine_ref: Some(engine_ref) }
        } else {
            let tools = begun.into_iter().take(5).map(|tool| format!("`{tool}`")).collect::<Vec<_>>().join(", ");
            Answer::Lost { why: format!("{why} Before that it had begun to use {tools}. Check what it did.") }
        }
    }

    /// What the engine says of its failure, and before that what it was refused, if it was: it may not know why.
    pub(super) async fn with_refusal(
        &self,
        identity: &Identity,
        execution: &Execution,
        engine_ref: &str,
        error: String,
    ) -> String {
        // Before that no gate was answered.
        if looks(execution) <= PATIENT_LOOKS {
            return error;
        }
        let thread = request::thread(execution.request.as_deref(), engine_ref);
        let record = self.record(identity, &thread).await.ok();
        match record.and_then(|record| self.refusal(&record, execution)) {
            Some(why) => format!("{why} The engine says: {error}"),
            None => error,
        }
    }

    /// Why the last gate that stayed shut did.
    fn refusal(&self, record: &Record, execution: &Execution) -> Option<String> {
        let now = self.now();
        match leave::leave(record, leave::shut(record, execution, now).last()?, execution, now) {
            Leave::Refused(why) => Some(why),
            Leave::Granted => None,
        }
    }

    /// Whether this conversation is among those that wait for an approval. What can't be asked waits for nothing.
    async fn waits_for_approval(&self, identity: &Identity, thread: &str) -> bool {
        #[derive(Deserialize)]
        struct Page {
            threads: Vec<Thread>,
            #[serde(default)]
            next_cursor: Option<String>,
        }
        #[derive(Deserialize)]
        struct Thread {
            thread_id: String,
        }
        let mut cursor = None;
        for _ in 0..PAGES {
            let mut query = vec![("needs_approval", "true"), ("limit", PAGE)];
            query.extend(cursor.as_deref().map(|cursor| ("cursor", cursor)));
            let path = [&CHAT[..], &["threads"]].concat();
            let asked = Request { query: &query, ..Request::get(&path, self.look_timeout) };
            let Outcome::Reply(Reply { status: 200, body, .. }) = self.chat(identity, asked).await else {
                return false;
            };
            let Ok(page) = serde_json::from_slice::<Page>(&body) else { return false };
            if page.threads.iter().any(|found| found.thread_id == thread) {
                return true;
            }
            cursor = page.next_cursor;
            if cursor.is_none() {
                return false;
            }
        }
        false
    }

    /// The record of the conversation's last run, from the beginning of its event stream, which is then let go: streams
    /// are few, and none is held for longer than it has something to say. The error is when to ask again.
    async fn record(&self, identity: &Identity, thread: &str) -> Result<Record, Option<TimeDelta>> {
        let path = [&CHAT[..], &["threads", thread, "events"]].concat();
        let request = Request::get(&path, self.look_timeout).bearing(&identity.secret);
        let all_told = |body: &[u8]| body.windows(KEEP_ALIVE.len()).any(|line| line == KEEP_ALIVE);
        match self.wire.glance(request, all_told, self.now()).await {
            Outcome::Reply(Reply { status: 200, body, .. }) => Record::read(&body).ok_or(None),
            Outcome::Reply(reply) => Err(reply.retry_after),
            Outcome::NotSent { .. } | Outcome::Lost { .. } => Err(None),
        }
    }

    /// Says no. Servers of 1.0.0 have another word for it.
    async fn decline(
        &self,
        identity: &Identity,
        execution: &Execution,
        thread: &str,
        gate: (&Record, &Gate),
    ) -> Option<TimeDelta> {
        let mut answered = self.answer(identity, execution, thread, gate, "declined").await?;
        if matches!(answered.status(), 400 | 422) {
            answered = self.answer(identity, execution, thread, gate, "denied").await?;
        }
        look_after_answer(&answered)
    }

    /// Answers a gate of a run; nothing comes of it if its name is too long for a key.
    async fn answer(
        &self,
        identity: &Identity,
        execution: &Execution,
        thread: &str,
        (record, gate): (&Record, &Gate),
        resolution: &str,
    ) -> Option<Outcome> {
        let key = format!("{}:{}", execution.id, gate.name);
        if !is_plain_name(&key, LONGEST_KEY) {
            return None;
        }
        let route = ["threads", thread, "runs", &record.run_id, "gates", &gate.name, "resolve"];
        let path = [&CHAT[..], &route].concat();
        let body = json!({ "client_action_id": key, "resolution": resolution }).to_string().into_bytes();
        let outcome = self.chat(identity, Request::post(&path, Some(body), self.look_timeout)).await;
        let status = outcome.status();
        tracing::info!(execution = %execution.id, gate = gate.name, resolution, status, "a gate was answered");
        Some(outcome)
    }

    async fn chat(&self, identity: &Identity, request: Request<'_>) -> Outcome {
        self.wire.ask(request.bearing(&identity.secret), self.now()).await
    }
}

/// How often the engine was asked how this stands.
const fn looks(execution: &Execution) -> i32 {
    execution.attempt.saturating_sub(execution.sends)
}

/// The event that follows when everything so far was told.
const KEEP_ALIVE: &[u8] = b"event: keep_alive";

/// When to look again after a gate was answered: soon, if the answer got through or another one did before (404, 409).
fn look_after_answer(outcome: &Outcome) -> Option<TimeDelta> {
    match outcome {
        Outcome::Reply(reply) if matches!(reply.status, 200..=299 | 404 | 409) => Some(SOON),
        Outcome::Reply(reply) => reply.retry_after,
        Outcome::NotSent { .. } | Outcome::Lost { .. } => None,
    }
}
