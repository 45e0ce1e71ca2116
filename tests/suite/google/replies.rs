//! A mail says itself where it wants its answers. Whoever agreed to a reply saw where it goes, and it goes nowhere else.

use chrono_tz::UTC;
use domain::{
    action::Verb,
    approval::Approval,
    catalogue,
    decide::decide,
    execution::{Phase, State},
    facts::Facts,
    id::Id,
    ledger::SpendView,
    settings::{Autonomy, Settings},
    source::Kind,
    tier::TrustTier,
    twin::History,
};
use serde_json::{Value, json};
use simulator::google::Mail;
use uuid::Uuid;

use super::{ADA, Far, direct::planned, now};

const BOSS: &str = "The Boss <boss@work.example>";

/// A mail from the boss that wants its answers there.
fn letter(reply_to: &str) -> Mail {
    Mail::new(BOSS, "The numbers", "Send me the numbers.")
        .header("Message-ID", "<q@work.example>")
        .header("Reply-To", reply_to)
}

impl Far {
    /// What Ada is asked about the one mail in her inbox, where her mail program has a reply ready.
    async fn asked(&self) -> Approval {
        let (mut found, _) = self.read(Kind::Gmail, None).await;
        let user = Id::new(Uuid::from_u128(1));
        let mut signal = found.remove(0).signal(Id::new(Uuid::from_u128(9)), user, "gmail", now());
        signal.payload.insert("action".into(), "reply".into());
        signal.payload.insert("suggested_reply".into(), "Here they are.".into());
        let facts = Facts {
            now: now(),
            settings: Settings {
                user,
                timezone: UTC,
                tier: TrustTier::LowAutonomy,
                domain_tiers: std::collections::BTreeMap::new(),
                autonomy: Autonomy::default(),
                stopped: false,
                revision: 1,
            },
            preferences: Vec::new(),
            history: History::default(),
            policies: Vec::new(),
            triggers: Vec::new(),
            spend: Ok(SpendView::default()),
        };
        decide(&signal, &facts).approval.unwrap()
    }

    /// Where everything went that was sent or written, by its own header.
    fn addressed(&self) -> Vec<String> {
        let ours = ["SENT", "DRAFT"].into_iter().flat_map(|label| self.written(label));
        let to = |message: &Value| {
            let headers = message["payload"]["headers"].as_array().unwrap();
            headers.iter().find(|header| header["name"] == "To").unwrap()["value"].as_str().unwrap().to_owned()
        };
        ours.map(|message| to(&message)).collect()
    }
}

#[tokio::test]
async fn a_mail_that_wants_its_answers_elsewhere_is_answered_where_the_person_saw_it_go() {
    let far = Far::new().await;
    far.double.google.deliver(ADA, letter("The Boss <boss@evil.example>"));
    let approval = far.asked().await;
    assert_eq!(approval.action.verb, Verb::SendReply);
    assert_eq!(approval.action.parameters["recipients"], json!(["boss@evil.example"]));
    assert_eq!(approval.summary, "Send a reply to boss@evil.example: The numbers");

    far.act(1, Verb::SendReply, approval.action.parameters.clone().into()).await;
    assert_eq!(far.addressed(), ["boss@evil.example"], "what was agreed to, to the letter");

    let mut changed = approval.action.parameters.clone();
    changed.insert("recipients".into(), json!(["boss@work.example"]));
    let changed = catalogue::with_parameters(&approval.action, &changed).unwrap();
    assert_ne!(changed.digest(), approval.action.digest());
    far.act(2, Verb::SendReply, changed.parameters.into()).await;
    assert_eq!(far.addressed(), ["boss@evil.example", "boss@work.example"], "or as it was changed");
}

#[tokio::test]
async fn a_reply_that_names_nobody_goes_to_who_wrote_and_to_nobody_else() {
    for (verb, reply_to) in [
        (Verb::SendReply, "boss@evil.example"),
        (Verb::DraftReply, "boss@evil.example"),
        (Verb::SendReply, "boss@work.example, boss@evil.example"),
        (Verb::SendReply, "\"boss@work.example\" <boss@evil.example>"),
        (Verb::SendReply, "whoever"),
    ] {
        let far = Far::new().await;
        let mail = far.double.google.deliver(ADA, letter(reply_to));
        let ended = far.carry_out(planned(1, &[(verb, json!({ "message_id": mail, "text": "Here they are." }))])).await;
        let State::Failed { error, .. } = &ended.state else { panic!("{reply_to}: {:?}", ended.state) };
        let elsewhere = if reply_to == "whoever" { "whoever" } else { "boss@evil.example" };
        assert!(error.contains("from boss@work.example") && error.contains(elsewhere), "{reply_to}: {error}");
        assert!(error.contains("Approve a reply that names whom it is for"), "{reply_to}: {error}");
        assert_eq!(far.addressed(), Vec::<String>::new(), "{reply_to}");
    }
    let far = Far::new().await;
    let mail = far.double.google.deliver(ADA, letter("<BOSS@work.example>"));
    let ended = far.carry_out(planned(1, &[(Verb::SendReply, json!({ "message_id": mail, "text": "Yes." }))])).await;
    assert_eq!((ended.state.phase(), far.addressed()), (Phase::Succeeded, vec![BOSS.to_owned()]));
}
