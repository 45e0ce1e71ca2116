//! Undo over HTTP: what is offered, what is refused and why, and that it happens once.

use chrono::TimeDelta;
use domain::{action::Verb, id::DecisionId, signal::Domain, tier::TrustTier};
use futures::future::join_all;
use serde_json::{Value, json};

use super::{
    Door, Reply,
    seed::{acted, action, archive, decided, order},
};

fn no() -> Value {
    json!({ "reason": "I read these.", "severity": "moderate", "preferred_alternative": "label them" })
}

impl Door {
    async fn undoing(&self, decision: DecisionId, token: &str) -> Value {
        self.get(&format!("/decisions/{decision}/undo"), token).await.is(200).body()
    }

    async fn undo(&self, decision: DecisionId, token: &str) -> Reply {
        self.post(&format!("/decisions/{decision}/undo"), token, &no()).send().await
    }

    /// Refused with this obstacle, and the question before was answered alike.
    async fn refuses(&self, decision: DecisionId, token: &str, code: &str, obstacle: &str) {
        let asked = self.undoing(decision, token).await;
        assert_eq!((&asked["eligible"], &asked["obstacle"]), (&json!(false), &json!(obstacle)), "{asked}");
        let executions = self.count("executions").await;
        let reply = self.undo(decision, token).await;
        assert_eq!(reply.problem(), (409, code.to_owned()));
        assert_eq!((&reply.body()["obstacle"], &reply.body()["detail"]), (&json!(obstacle), &asked["text"]));
        assert_eq!(self.count("executions").await, executions);
    }
}

#[tokio::test]
async fn what_was_done_is_offered_for_undo_and_undone_by_its_compensation() {
    let door = Door::open().await;
    let (user, token) = door.somebody("Ada", TrustTier::ModerateAutonomy).await;
    let done = acted(&door, user, archive()).await;
    let offered = door.undoing(done.decision, &token).await;
    assert_eq!((&offered["eligible"], &offered["until"]), (&json!(true), &Value::Null));
    assert_eq!(offered["steps"][0]["verb"], "move_to_inbox");
    assert_eq!(offered["text"], "This will move the mail back to the inbox.");

    let reply = door.undo(done.decision, &token).await.is(202);
    let undo = reply.body();
    assert_eq!(reply.header("location"), format!("/api/v1/executions/{}", reply.id()));
    assert_eq!(
        (&undo["kind"], &undo["reverses"], &undo["state"]),
        (&json!("undo"), &offered["reverses"], &json!("planned"))
    );
    assert_eq!(undo["steps"][0]["action"]["parameters"], json!({ "message_id": super::seed::MARK }));
    let seen = door.get(&format!("/executions/{}", reply.id()), &token).await.is(200).body();
    assert_eq!(seen["steps"], undo["steps"]);
    let answers = store::feedback::since(&door.store, user, door.world.now()).await.unwrap();
    let severity = Some(domain::feedback::Severity::Moderate);
    assert_eq!((answers.len(), answers[0].severity, answers[0].verb), (1, severity, Some(Verb::ArchiveEmail)));
    assert_eq!(answers[0].comment.as_deref(), Some("I read these. Rather: label them"));
    let whole = door.get(&format!("/decisions/{}", done.decision), &token).await.body();
    let names: Vec<_> = whole["timeline"].as_array().unwrap().iter().map(|event| &event["name"]).collect();
    assert!(names.contains(&&json!("undo.requested")), "{names:?}");

    door.refuses(done.decision, &token, "cannot_undo", "being_undone").await;
}

#[tokio::test]
async fn of_many_undos_at_once_one_compensates() {
    let door = Door::open().await;
    let (user, token) = door.somebody("Ada", TrustTier::ModerateAutonomy).await;
    let done = acted(&door, user, archive()).await;
    let replies = join_all((0..8).map(|_| door.undo(done.decision, &token))).await;
    let (won, lost): (Vec<_>, Vec<_>) = replies.iter().partition(|reply| reply.status == 202);
    assert_eq!((won.len(), lost.len()), (1, 7), "{replies:?}");
    assert!(lost.iter().all(|reply| reply.problem() == (409, "cannot_undo".into())), "{lost:?}");
    assert_eq!((door.count("executions WHERE kind = 'undo'").await, door.count("feedback").await), (1, 1));
}

#[tokio::test]
async fn too_late_irreversible_and_nothing_done_are_refused_with_the_reason() {
    let door = Door::open().await;
    let (user, token) = door.somebody("Ada", TrustTier::ModerateAutonomy).await;
    let mail = acted(&door, user, action(Verb::DeleteEmail, Domain::Email, &json!({ "message_id": "m-1" }))).await;
    let bought = acted(&door, user, order(Some(900))).await;
    let post = json!({ "platform": "x", "text": "Hello" });
    let said = acted(&door, user, action(Verb::PublishPost, Domain::SocialMedia, &post)).await;
    let asked = decided(&door, user, domain::decision::Outcome::Ask, vec![archive()]).await;

    let until = json!(door.world.now().plus(TimeDelta::seconds(30)));
    assert_eq!(door.undoing(mail.decision, &token).await["until"], until);
    door.world.pass(TimeDelta::seconds(30));
    door.refuses(mail.decision, &token, "cannot_undo", "too_late").await;
    door.refuses(said.decision, &token, "cannot_undo", "irreversible").await;
    door.refuses(asked.decision, &token, "cannot_undo", "not_executed").await;
    assert_eq!(door.count("feedback").await, 0);

    door.call(reqwest::Method::POST, "/stop", &token).send().await.is(200);
    door.refuses(bought.decision, &token, "stopped", "stopped").await;
    door.call(reqwest::Method::POST, "/resume", &token).send().await.is(200);
    door.undo(bought.decision, &token).await.is(202);
}

#[tokio::test]
async fn an_undo_wants_a_reason_and_how_bad_it_was() {
    let door = Door::open().await;
    let (user, token) = door.somebody("Ada", TrustTier::ModerateAutonomy).await;
    let done = acted(&door, user, archive()).await;
    let path = format!("/decisions/{}/undo", done.decision);
    for wrong in [
        json!({}),
        json!({ "reason": "No." }),
        json!({ "reason": " ", "severity": "minor" }),
        json!({ "reason": "No.", "severity": "terrible" }),
        json!({ "reason": "No.", "severity": "minor", "preferred_alternative": "" }),
        json!({ "reason": "No.", "severity": "minor", "force": true }),
    ] {
        assert_eq!(door.post(&path, &token, &wrong).send().await.problem().0, 422, "{wrong}");
    }
    assert_eq!(door.count("executions WHERE kind = 'undo'").await, 0);
}

#[tokio::test]
async fn each_severity_teaches_its_own_and_what_they_would_rather_have_had_is_preferred_from_now_on() {
    for (severity, left) in [("minor", "low"), ("moderate", "low"), ("severe", "gone"), ("critical", "gone")] {
        let door = Door::open().await;
        let (user, token) = door.somebody("Ada", TrustTier::ModerateAutonomy).await;
        for _ in 0..3 {
            let asked = decided(&door, user, domain::decision::Outcome::Ask, vec![archive()]).await;
            let yes = json!({ "answer": "approve" });
            door.post(&format!("/approvals/{}/answer", asked.approval), &token, &yes).send().await.is(202);
        }
        let done = acted(&door, user, archive()).await;
        let versions = door.count("twin_versions").await;
        let body = json!({ "reason": "No.", "severity": severity, "preferred_alternative": "label them" });
        let path = format!("/decisions/{}/undo", done.decision);
        door.post(&path, &token, &body).send().await.is(202);
        assert_eq!(door.post(&path, &token, &body).send().await.status, 409);

        let held = door.get("/preferences", &token).await.is(200).body()["items"].clone();
        let confidence = |key: &str| {
            let found = held.as_array().unwrap().iter().find(|one| one["key"] == key);
            found.map_or("gone", |one| one["confidence"].as_str().unwrap())
        };
        assert_eq!(confidence("auto_archive_email"), left, "{severity}: it was high");
        let label = held.as_array().unwrap().iter().find(|one| one["key"] == "auto_label_email").unwrap();
        assert_eq!(
            (&label["confidence"], &label["source"], &label["value"]),
            (&json!("moderate"), &json!("corrected"), &json!(true))
        );
        assert_eq!(door.count("twin_versions").await, versions + 1, "{severity}: one answer, one version");
        assert_eq!(door.count("feedback WHERE kind = 'undo'").await, 1);
    }
}
