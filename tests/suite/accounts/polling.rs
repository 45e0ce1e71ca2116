//! Mailboxes and calendars are read by one worker at a time, nothing is skipped and nothing comes twice; and what was
//! found is acted on where it was found.

use std::{collections::BTreeSet, sync::Arc};

use chrono::TimeDelta;
use domain::{
    account::State as Standing,
    id::{AccountId, SourceId, UserId},
    job::Job,
    outbox::Outbox,
    signal::{Domain, Object},
    source::{self, Kind},
    tier::{Confidence, TrustTier},
    twin::{Preference, Source as Stated},
};
use futures::future::join_all;
use queue::Failure;
use reqwest::Method;
use runtime::faults::Effect;
use serde_json::{Value, json};
use simulator::google::{Fault, Google as Double, How, Mail, Running};
use store::{preferences, signals, sources, users};
use worker::{State, adapters::google::Google, jobs};

use super::{
    rig::{ANN, DUE, Rig, person},
    secrets::Lines,
};

/// A person with an account at the provider, and a mailbox and a calendar behind it.
struct Reader {
    rig: Rig,
    far: Running,
    state: State,
    user: UserId,
    account: AccountId,
    mailbox: SourceId,
}

fn letter(n: u32) -> Mail {
    let mail = Mail::new("letters@gardening.example", &format!("Letter {n}"), "What to plant in November.");
    mail.label("CATEGORY_PROMOTIONS").header("List-Id", "<letters.gardening.example>")
}

impl Reader {
    async fn new() -> Self {
        let rig = Rig::new().await;
        let far = Double::new(rig.provider.whose()).serve().await.unwrap();
        let google = Google::new(Some(&far.url.parse().unwrap()), &rig.world.clock).unwrap();
        let state = State { google: Some(google), ..rig.state.clone() };
        let user = rig.user("Ann").await;
        let account = rig.account(user, &person(0)).await;
        let mailbox = account.child(Kind::Gmail.as_str());
        Self { rig, far, state, user, account, mailbox }
    }

    fn deliver(&self, mail: Mail) -> String {
        self.far.google.deliver(&person(0).email, mail)
    }

    /// One run of a job.
    async fn run(&self, job: Job) -> Result<(), Failure> {
        let turn = jobs::Turn::new(self.state.clock.now(), 1, || true);
        jobs::run(&self.state, &turn, job).await
    }

    async fn poll(&self) {
        self.run(Job::PollSource { source: self.mailbox }).await.unwrap();
    }

    async fn source(&self) -> source::Source {
        sources::get(&self.rig.world.store, self.user, self.mailbox).await.unwrap()
    }

    /// The external ids of every signal.
    async fn signals(&self) -> Vec<String> {
        let page = signals::list(&self.rig.world.store, self.user, None, 500).await.unwrap();
        page.items.into_iter().map(|row| row.signal.external_id.unwrap()).collect()
    }

    fn pass(&self, by: TimeDelta) {
        self.rig.world.pass(by);
    }

    /// The sources that the sweep rings for when their bells are lost.
    async fn late(&self) -> Vec<SourceId> {
        self.rig.world.lose_bells().await;
        let rings = store::overdue::rings(&self.rig.world.store, self.rig.world.now(), 100).await.unwrap();
        let source = |job| if let Job::PollSource { source } = job { Some(source) } else { None };
        rings.into_iter().filter_map(|ring| source(ring.job)).collect()
    }

    /// What the person sees of the mailbox at `GET /sources`.
    async fn shown(&self) -> Value {
        let token = self.rig.token(self.user).await;
        let (_, body, _) = self.rig.ask(Method::GET, "/sources", &token, None).await;
        body["items"].as_array().unwrap().iter().find(|item| item["kind"] == "gmail").unwrap().clone()
    }

    fn labels(&self, message: &str) -> Vec<String> {
        let message = self.far.google.message(&person(0).email, message).unwrap();
        serde_json::from_value(message["labelIds"].clone()).unwrap()
    }
}

#[tokio::test]
async fn a_connected_account_is_read_soon_and_each_mail_is_one_signal_whoever_reads_it() {
    let reader = Arc::new(Reader::new().await);
    let mails: BTreeSet<String> = (0..30).map(|n| reader.deliver(letter(n))).collect();
    assert_eq!(reader.late().await, [], "not before the bell had its time");
    reader.pass(TimeDelta::seconds(6));
    assert_eq!(reader.late().await.len(), 2, "the mailbox and the calendar");

    // Ten workers at once, and then each of them again.
    join_all((0..10).map(|_| reader.poll())).await;
    reader.pass(source::LATEST);
    join_all((0..10).map(|_| reader.poll())).await;
    let found = reader.signals().await;
    assert_eq!((found.len(), found.into_iter().collect::<BTreeSet<_>>()), (30, mails));
    assert_eq!(reader.far.google.count("gmail.messages.get"), 30, "one reader at a time");
    assert_eq!(reader.late().await.len(), 1, "what was read is not due");
}

#[tokio::test]
async fn whoever_dies_at_whatever_point_nothing_is_skipped_and_nothing_comes_twice() {
    for point in ["after_claim", "after_read", "before_commit", "after_commit"] {
        let reader = Reader::new().await;
        let mut wanted: BTreeSet<String> = (0..60).map(|n| reader.deliver(letter(n))).skip(10).collect();
        // In the middle of the pages.
        let mut armed = reader.rig.world.faults.arm(&format!("poll.{point}"), 2, Effect::Hang);
        tokio::select! {
            () = reader.poll() => panic!("{point}: it survived"),
            () = armed.struck() => {}
        }
        wanted.extend((100..110).map(|n| reader.deliver(letter(n))));
        reader.pass(source::LEASE + TimeDelta::seconds(10));
        assert!(reader.late().await.contains(&reader.mailbox), "{point}: the sweep finds what is left");
        reader.poll().await;
        reader.pass(source::LATEST);
        reader.poll().await;
        let found = reader.signals().await;
        assert_eq!((found.len(), found.into_iter().collect::<BTreeSet<_>>()), (60, wanted), "{point}");
    }
}

#[tokio::test]
async fn a_mail_that_somebody_else_has_told_of_is_the_same_signal() {
    let reader = Reader::new().await;
    let mail = reader.deliver(letter(1));
    let token = reader.rig.token(reader.user).await;
    let told =
        json!({ "source": "gmail", "type": "email_received", "external_id": mail, "payload": { "message_id": mail } });
    assert_eq!(reader.rig.ask(Method::POST, "/signals", &token, Some(told.clone())).await.0, 202);
    reader.poll().await;
    assert_eq!(reader.signals().await, [mail]);
    let other = reader.deliver(letter(2));
    reader.pass(source::LATEST);
    reader.poll().await;
    let again = json!({ "source": "gmail", "type": "email_received", "external_id": other, "payload": {} });
    assert_eq!(reader.rig.ask(Method::POST, "/signals", &token, Some(again)).await.0, 200);
}

#[tokio::test]
async fn trouble_waits_as_told_shows_and_is_over_when_it_is_over() {
    let reader = Reader::new().await;
    let busy = How::Refused { code: 429, reason: "rateLimitExceeded".into(), retry_after: Some("600".into()) };
    reader.far.google.inject([Fault::on("gmail.profile", busy)]);
    reader.poll().await;
    let source = reader.source().await;
    assert_eq!((source.failures, source.due.since(reader.rig.world.now())), (1, TimeDelta::minutes(10)));
    assert_eq!(reader.shown().await["trouble"], "Google wants fewer calls.");
    reader.poll().await;
    assert_eq!(reader.far.google.count("gmail.profile.list"), 1, "not before its time");
    reader.pass(TimeDelta::minutes(10));
    reader.poll().await;
    assert_eq!(reader.source().await.trouble, None);
}

#[tokio::test]
async fn a_mail_that_can_not_be_read_costs_no_other_and_the_person_and_the_log_hear_of_it_without_its_words() {
    let lines = Lines::default();
    let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(lines.clone()).finish();
    let listening = tracing::subscriber::set_default(subscriber);
    let reader = Reader::new().await;
    let mails: BTreeSet<String> = (0..3).map(|n| reader.deliver(letter(n))).collect();
    let bad = json!({ "id": 7, "labelIds": ["INBOX"], "snippet": "for your eyes only" });
    reader.far.google.inject([Fault::on("gmail.messages.get", How::Says(bad.to_string())).after(1)]);
    reader.poll().await;
    let found = reader.signals().await;
    assert_eq!(found.len(), 2, "the others came");
    let shown = reader.shown().await;
    assert_eq!((shown.get("trouble"), &shown["left_out"]["count"]), (None, &json!(1)), "{shown}");
    let lost = mails.iter().find(|mail| !found.contains(mail)).unwrap();
    assert_eq!(
        shown["left_out"]["why"],
        format!("The mail {lost} could not be read: `id` is missing or of the wrong type.")
    );

    let later = reader.deliver(letter(3));
    reader.pass(source::LATEST);
    reader.poll().await;
    assert!(reader.signals().await.contains(&later), "and what comes after it");
    assert_eq!(reader.shown().await["left_out"], shown["left_out"], "it is seen for good, and counted once");

    drop(listening);
    let logged = lines.text();
    let line = logged.lines().find(|line| line.contains("left out")).unwrap();
    assert!(line.contains("WARN") && line.contains(lost.as_str()) && line.contains("`id`"), "{line}");
    assert!(!logged.contains("for your eyes only"), "{logged}");
}

#[tokio::test]
async fn a_token_that_is_refused_is_renewed_and_an_account_to_be_signed_in_again_is_left_alone() {
    let reader = Reader::new().await;
    reader.pass(TimeDelta::minutes(2));
    let mail = reader.deliver(letter(1));
    reader.rig.provider.expire(ANN);
    reader.poll().await;
    assert_eq!(reader.signals().await, Vec::<String>::new());
    reader.rig.run(reader.account).await.unwrap();
    reader.pass(source::LATEST);
    reader.poll().await;
    assert_eq!(reader.signals().await, std::slice::from_ref(&mail));

    reader.rig.provider.revoke_all(ANN);
    reader.pass(DUE);
    reader.rig.run(reader.account).await.unwrap();
    assert_eq!(reader.rig.found(reader.user, reader.account).await.state, Standing::NeedsReauth);
    reader.pass(TimeDelta::hours(1));
    assert_eq!(reader.late().await, [], "nobody rings for what can't be read");
    let (before, asked) = (reader.source().await, reader.far.google.count("gmail.history.list"));
    reader.poll().await;
    assert_eq!(reader.source().await, before, "a bell that was set before is for nothing");
    assert_eq!(reader.far.google.count("gmail.history.list"), asked);

    // Signed in again, it goes on where it was.
    let more = reader.deliver(letter(2));
    let token = reader.rig.token(reader.user).await;
    assert_eq!(reader.rig.connect(&token).await, "/accounts?connected=google");
    reader.poll().await;
    assert_eq!(reader.signals().await, [more, mail]);
}

#[tokio::test]
async fn a_newsletter_ends_archived_in_its_mailbox_and_undo_brings_it_back() {
    let reader = Reader::new().await;
    let (store, now) = (&reader.rig.world.store, reader.rig.world.now());
    let mut tx = store.begin().await.unwrap();
    let lock = tx.lock(reader.user).await.unwrap();
    users::set_tier(&mut tx, &lock, None, TrustTier::ModerateAutonomy, "a test", &Object::new(), now).await.unwrap();
    let archives = Preference {
        id: reader.user.child("archives"),
        domain: Domain::Email,
        key: "auto_archive".into(),
        value: json!(true),
        confidence: Confidence::Confirmed,
        source: Stated::Explicit,
        evidence_count: 1,
    };
    preferences::put(&mut tx, &lock, &archives, now).await.unwrap();
    tx.commit(Outbox::nothing(), now).await.unwrap();

    let mail = reader.deliver(letter(1));
    reader.poll().await;
    let signal = signals::list(store, reader.user, None, 1).await.unwrap().items[0].signal.id;
    reader.run(Job::EvaluateSignal { signal }).await.unwrap();
    let decision = store::decisions::of_signal(store, reader.user, signal).await.unwrap().unwrap().id;
    let executions = store::executions::of_decision(store, reader.user, decision).await.unwrap();
    reader.run(Job::ExecuteAction { execution: executions[0].id }).await.unwrap();
    assert_eq!(reader.labels(&mail), ["CATEGORY_PROMOTIONS", "UNREAD"]);

    let token = reader.rig.token(reader.user).await;
    let why = json!({ "reason": "I want to read it.", "severity": "minor" });
    let (status, undo, _) =
        reader.rig.ask(Method::POST, &format!("/decisions/{decision}/undo"), &token, Some(why)).await;
    assert_eq!(status, 202, "{undo}");
    let executions = store::executions::of_decision(store, reader.user, decision).await.unwrap();
    reader.run(Job::ExecuteAction { execution: executions[1].id }).await.unwrap();
    assert_eq!(reader.labels(&mail), ["CATEGORY_PROMOTIONS", "INBOX", "UNREAD"]);
    let ended = store::executions::of_decision(store, reader.user, decision).await.unwrap();
    let told: Vec<_> =
        ended.iter().map(|execution| (execution.engine.clone().unwrap(), execution.state.phase())).collect();
    let done = domain::execution::Phase::Succeeded;
    assert_eq!(told, [("google".to_owned(), done), ("google".to_owned(), done)]);
}
