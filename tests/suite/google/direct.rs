//! Google as an executor: what is done, what is taken back, and that nothing is done twice.

use chrono::TimeDelta;
use domain::{
    action::{Action, Cost, Verb},
    execution::{Answer, Carrier, Execution, Kind, Next, Phase, State, Step, StepState},
    id::{ExecutionId, Id},
    signal::Domain,
};
use serde_json::{Value, json};
use simulator::google::{Fault, How, Mail};
use uuid::Uuid;
use worker::adapters::google::direct::{self, TokenRefused};

use super::{ADA, Far, now};

fn id(number: u128) -> ExecutionId {
    Id::new(Uuid::from_u128(number))
}

/// An execution of these steps.
pub(super) fn planned(number: u128, steps: &[(Verb, Value)]) -> Execution {
    let steps: Vec<Step> = (0..)
        .zip(steps)
        .map(|(ordinal, (verb, parameters))| {
            let parameters = parameters.as_object().unwrap().clone();
            let action = Action { verb: *verb, domain: Domain::Email, parameters, cost: Cost::Free };
            Step { ordinal, action, state: StepState::Pending, output: None }
        })
        .collect();
    let action = steps[0].action.clone();
    Execution {
        id: id(number),
        user: Id::new(Uuid::from_u128(1)),
        decision: Id::new(Uuid::from_u128(2)),
        approval: None,
        kind: Kind::Act,
        reverses: None,
        retry_of: None,
        digest: action.digest(),
        permitted_revision: 1,
        reserved: None,
        max_cost_cents: None,
        steps,
        action,
        engine: None,
        engine_ref: None,
        request: None,
        attempt: 0,
        sends: 0,
        in_doubt_since: None,
        consent_until: None,
        cancel_asked: None,
        created_at: now(),
        updated_at: now(),
        state: State::Planned { due: now() },
    }
}

impl Far {
    /// One attempt, as a worker makes it.
    async fn attempt(&self, execution: Execution) -> (Execution, Answer) {
        let due = execution.due().unwrap();
        let (claimed, next) = execution.claim(Carrier::deduping(direct::NAME), direct::prepare, due);
        assert_eq!(next, Next::Send);
        let answer = match self.google.direct.carry_out(&self.token, &claimed).await {
            Ok(answer) | Err(TokenRefused(answer)) => answer,
        };
        (claimed.answered(answer.clone(), TimeDelta::seconds(1), due), answer)
    }

    /// Attempts until it is settled.
    pub(super) async fn carry_out(&self, mut execution: Execution) -> Execution {
        while execution.due().is_some() {
            execution = self.attempt(execution).await.0;
        }
        execution
    }

    /// Does one thing, which must succeed.
    pub(super) async fn act(&self, number: u128, verb: Verb, parameters: Value) {
        let done = self.carry_out(planned(number, &[(verb, parameters)])).await;
        assert_eq!(done.state.phase(), Phase::Succeeded, "{:?}", done.state);
    }

    fn labels(&self, message: &str) -> Vec<String> {
        let message = self.double.google.message(ADA, message).unwrap();
        serde_json::from_value(message["labelIds"].clone()).unwrap()
    }

    pub(super) fn written(&self, label: &str) -> Vec<Value> {
        let has = |message: &Value| message["labelIds"].as_array().unwrap().contains(&json!(label));
        self.double.google.messages(ADA).into_iter().filter(has).collect()
    }

    fn letter(&self) -> String {
        let question = Mail::new("Kim <kim@work.example>", "Thursday?", "Does it suit you?")
            .header("Message-ID", "<q@work.example>");
        self.double.google.deliver(ADA, question)
    }
}

#[tokio::test]
async fn mail_is_archived_labelled_and_thrown_away_and_all_of_it_is_taken_back() {
    let far = Far::new().await;
    let mail = far.letter();
    let (one, label) = (json!({ "message_id": mail }), json!({ "message_id": [mail], "label": "Reading" }));
    far.act(1, Verb::ArchiveEmail, one.clone()).await;
    assert_eq!(far.labels(&mail), ["UNREAD"]);
    far.act(2, Verb::MoveToInbox, one.clone()).await;
    far.act(3, Verb::LabelEmail, label.clone()).await;
    assert_eq!(far.labels(&mail), ["INBOX", "Label_1", "UNREAD"]);
    far.act(4, Verb::LabelEmail, label.clone()).await;
    far.act(5, Verb::UnlabelEmail, label).await;
    assert_eq!(far.labels(&mail), ["INBOX", "UNREAD"]);
    far.act(6, Verb::DeleteEmail, one.clone()).await;
    assert_eq!(far.labels(&mail), ["TRASH", "UNREAD"]);
    far.act(7, Verb::RestoreEmail, one).await;
    assert_eq!(far.labels(&mail), ["INBOX", "UNREAD"]);
}

#[tokio::test]
async fn a_draft_is_written_once_in_its_thread_and_thrown_away_by_the_undo() {
    let far = Far::new().await;
    let mail = far.letter();
    far.double.google.inject([Fault::on("gmail.drafts.create", How::Drop)]);
    far.act(1, Verb::DraftReply, json!({ "message_id": mail, "text": "Yes, it does." })).await;
    let drafts = far.written("DRAFT");
    assert_eq!(drafts.len(), 1, "the answer was lost, and the draft found again");
    assert_eq!((&drafts[0]["threadId"], &drafts[0]["snippet"]), (&json!(mail), &json!("Yes, it does.")));
    let undo = planned(2, &[(Verb::DiscardDraft, json!({ "message_id": mail }))]);
    let undone = far.carry_out(Execution { kind: Kind::Undo, reverses: Some(id(1)), ..undo }).await;
    assert_eq!((undone.state.phase(), far.written("DRAFT").len()), (Phase::Succeeded, 0));
}

#[tokio::test]
async fn a_reply_whose_answer_was_lost_is_found_and_not_sent_again() {
    let far = Far::new().await;
    let mail = far.letter();
    far.double.google.inject([Fault::on("gmail.messages.send", How::Drop)]);
    far.act(1, Verb::SendReply, json!({ "message_id": mail, "text": "Yes." })).await;
    let sent = far.written("SENT");
    assert_eq!((sent.len(), far.double.google.count("gmail.messages.send")), (1, 1));
    let headers = sent[0]["payload"]["headers"].as_array().unwrap();
    for (name, value) in
        [("To", "Kim <kim@work.example>"), ("Subject", "Re: Thursday?"), ("In-Reply-To", "<q@work.example>")]
    {
        assert!(headers.contains(&json!({ "name": name, "value": value })), "{name}: {headers:?}");
    }
}

#[tokio::test]
async fn a_reply_that_may_have_left_and_is_not_found_is_never_sent_again() {
    let far = Far::new().await;
    let mail = far.letter();
    far.double.google.inject([Fault::refuse("gmail.messages.send", 502, "backendError")]);
    let ended = far.carry_out(planned(1, &[(Verb::SendReply, json!({ "message_id": mail, "text": "Yes." }))])).await;
    assert_eq!(ended.state.phase(), Phase::Unknown);
    assert_eq!(far.double.google.count("gmail.messages.send"), 1);
}

#[tokio::test]
async fn an_answer_to_an_invitation_keeps_every_other_guest_even_one_added_meanwhile() {
    let far = Far::new().await;
    let double = &far.double.google;
    let at = |hour: u32| json!({ "dateTime": format!("2026-03-02T{hour:02}:00:00Z") });
    let guest = |email: &str| json!({ "email": email, "responseStatus": "needsAction" });
    let event = json!({ "id": "lunch", "start": at(12), "end": at(13), "organizer": { "email": "kim@work.example" },
        "attendees": [guest("kim@work.example"), guest(ADA), guest("sam@work.example")] });
    double.schedule(ADA, &event).unwrap();
    let answered = |wanted: &str| {
        let event = double.event(ADA, "lunch").unwrap();
        let guests = event["attendees"].as_array().unwrap().clone();
        let own = guests.iter().find(|guest| guest["email"] == ADA).unwrap();
        assert_eq!(own["responseStatus"], wanted);
        (guests.len(), own["comment"].as_str().unwrap_or_default().to_owned())
    };
    let one = || json!({ "event_id": "lunch" });
    double.inject([Fault::refuse("calendar.events.patch", 412, "conditionNotMet")]);
    far.act(1, Verb::AcceptInvite, one()).await;
    assert_eq!(answered("accepted"), (3, String::new()));
    far.act(2, Verb::DeclineInvite, one()).await;
    assert_eq!(answered("declined").0, 3);
    far.act(3, Verb::ProposeAlternative, json!({ "event_id": "lunch", "new_time": "Friday 12:00" })).await;
    assert_eq!(answered("tentative"), (3, "Could we do Friday 12:00 instead?".to_owned()));
    far.act(4, Verb::WithdrawProposal, one()).await;
    assert_eq!(answered("needsAction"), (3, String::new()));
    let cancelled = far.carry_out(planned(5, &[(Verb::CancelEvent, one())])).await;
    assert_eq!(cancelled.state.phase(), Phase::Failed, "it is not hers to cancel");
}

#[tokio::test]
async fn ones_own_event_is_cancelled_and_brought_back() {
    let far = Far::new().await;
    let at = |hour: u32| json!({ "dateTime": format!("2026-03-02T{hour:02}:00:00Z") });
    far.double.google.schedule(ADA, &json!({ "id": "party", "start": at(18), "end": at(22) })).unwrap();
    let status = || far.double.google.event(ADA, "party").unwrap()["status"].clone();
    far.act(1, Verb::CancelEvent, json!({ "event_id": "party" })).await;
    assert_eq!(status(), "cancelled");
    far.act(2, Verb::RestoreEvent, json!({ "event_id": "party" })).await;
    assert_eq!(status(), "confirmed");
}

#[tokio::test]
async fn what_was_not_taken_waits_as_long_as_google_wants_and_what_is_half_done_is_finished() {
    let far = Far::new().await;
    let mail = far.letter();
    let both = [
        (Verb::ArchiveEmail, json!({ "message_id": mail })),
        (Verb::LabelEmail, json!({ "message_id": mail, "label": "Done" })),
    ];
    let busy = How::Refused { code: 403, reason: "rateLimitExceeded".into(), retry_after: Some("9".into()) };
    far.double.google.inject([
        Fault::on("gmail.messages.modify", busy),
        Fault::refuse("gmail.messages.modify", 401, "authError"),
        Fault::on("gmail.labels.create", How::Drop),
    ]);
    let (waiting, answer) = far.attempt(planned(1, &both)).await;
    assert!(
        matches!(answer, Answer::NotTaken { retry_after: Some(wait), .. } if wait.num_seconds() == 9),
        "{answer:?}"
    );
    let (waiting, answer) = far.attempt(waiting).await;
    assert!(matches!(answer, Answer::NotTaken { .. }), "{answer:?}");
    let (waiting, answer) = far.attempt(waiting).await;
    assert!(matches!(answer, Answer::InDoubt { .. }), "one step is done, so nothing else may be said: {answer:?}");
    let done = far.carry_out(waiting).await;
    assert_eq!(done.state.phase(), Phase::Succeeded);
    assert_eq!(far.labels(&mail), ["Label_1", "UNREAD"]);
}

#[tokio::test]
async fn what_is_gone_fails_and_the_steps_behind_it_are_not_tried() {
    let far = Far::new().await;
    let mail = far.letter();
    let steps =
        [(Verb::ArchiveEmail, json!({ "message_id": "nowhere" })), (Verb::ArchiveEmail, json!({ "message_id": mail }))];
    let failed = far.carry_out(planned(1, &steps)).await;
    let states: Vec<_> = failed.steps.iter().map(|step| step.state).collect();
    assert_eq!((failed.state.phase(), states), (Phase::Failed, vec![StepState::Failed, StepState::Cancelled]));
    assert_eq!(far.labels(&mail), ["INBOX", "UNREAD"]);
}
