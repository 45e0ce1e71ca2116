//! Mail: sorted alone by rule, never when it smells or weighs.

use serde_json::{Value, json};

use super::{All, mail, newsletter};
use crate::{
    action::Verb,
    decide::Decided,
    decision::Outcome::{Ask, Auto, Suggest},
    policy::Rule,
    signal::Domain,
    tier::TrustTier::{HighAutonomy, LowAutonomy},
};

#[test]
fn mail_is_sorted_alone_only_where_that_is_what_the_person_said() {
    use Domain::Email;
    let _all = All;
    let archive = Some(Verb::ArchiveEmail);
    mail("a rule for newsletters", newsletter()).says(Email, "auto_archive_newsletters", true).then(Auto, archive);
    mail("the same in camelCase", newsletter()).says(Email, "archiveNewsletters", "always").then(Auto, archive);
    mail("named by the value", newsletter()).says(Email, "newsletter_handling", "archive_email").then(Suggest, archive);
    mail("nothing said", newsletter()).then(Suggest, archive);
    mail("nothing said at low autonomy", newsletter()).tier(LowAutonomy).then(Suggest, archive);
    mail("said in another domain", newsletter()).says(Domain::Calendar, "auto_archive", true).then(Suggest, archive);
    mail("only a habit, and a beginner", newsletter()).habit(Email, "auto_archive", true).then(Suggest, archive);
    mail("a habit and a record", newsletter()).habit(Email, "auto_archive", true).experienced().then(Auto, archive);
    mail("a rule for another kind of mail", newsletter())
        .says(Email, "auto_archive_receipts", true)
        .then(Suggest, archive);
    mail("said no", newsletter()).says(Email, "auto_archive", false).then(Suggest, Some(Verb::LabelEmail));
    mail("no for clients only", newsletter())
        .says(Email, "auto_archive", true)
        .says(Email, "auto_archive_clients", false)
        .then(Auto, archive);
    mail("wants to be asked", newsletter()).says(Email, "ask_before_archiving", true).then(Ask, archive);
    mail("to one sender's domain", newsletter())
        .says(Email, "auto_archive_senders", json!(["paper.example"]))
        .then(Suggest, archive);
    mail("from a listed sender", newsletter())
        .says(Email, "auto_archive", json!(["paper.example"]))
        .then(Auto, archive);
    mail("from a sender not listed", newsletter())
        .says(Email, "auto_archive", json!(["other.example"]))
        .then(Suggest, archive);
}

#[test]
fn mail_that_smells_or_weighs_is_never_put_away_silently() {
    use Domain::Email;
    let _all = All;
    let keen = |name, payload: Value| {
        mail(name, payload).tier(HighAutonomy).experienced().says(Email, "auto_archive", true).says(
            Email,
            "auto_label",
            true,
        )
    };
    keen("phishing", json!({ "subject": "Your account", "isPhishing": true, "category": "newsletter" }))
        .then(Ask, Some(Verb::LabelEmail));
    keen("a prize", json!({ "subject": "Claim your prize", "importance": "low" })).then(Ask, Some(Verb::LabelEmail));
    keen("a prize in a newsletter", json!({ "subject": "The Nobel prize", "category": "newsletter" }))
        .then(Auto, Some(Verb::ArchiveEmail));
    keen("a contract", json!({ "subject": "The contract", "category": "client_communication" }))
        .then(Ask, Some(Verb::DraftReply));
    keen("a contractor's newsletter", json!({ "subject": "Meet our contractor", "category": "newsletter" }))
        .then(Auto, Some(Verb::ArchiveEmail));
    keen("a new password", json!({ "subject": "Reset your password", "category": "notification" }))
        .then(Ask, Some(Verb::DraftReply));
    keen("answer needed", json!({ "subject": "Lunch?", "category": "newsletter", "requiresResponse": true }))
        .then(Ask, Some(Verb::DraftReply));
    keen("a savings unlock", json!({ "subject": "Unlock 20 % savings", "category": "promotion" }))
        .then(Auto, Some(Verb::ArchiveEmail));
    keen("a client's mail", json!({ "subject": "Hello", "category": "client" }))
        .says(Email, "escalate_client_emails", true)
        .then(Ask, Some(Verb::DraftReply));
    keen("not a client's", newsletter())
        .says(Email, "escalate_client_emails", true)
        .then(Auto, Some(Verb::ArchiveEmail));
}

#[test]
fn what_leaves_the_mailbox_for_good_is_asked() {
    use Domain::Email;
    let _all = All;
    let all = json!({ "subject": "Old mail", "action": "delete", "messageIds": (0..40).map(|n| n.to_string()).collect::<Vec<_>>() });
    mail("forty deleted", all)
        .tier(HighAutonomy)
        .experienced()
        .trusting()
        .says(Email, "auto_delete", true)
        .then(Ask, Some(Verb::DeleteEmail));
    mail("unsubscribe", json!({ "subject": "News", "action": "unsubscribe" }))
        .says(Email, "auto_unsubscribe", true)
        .then(Ask, Some(Verb::Unsubscribe));
    let reply = json!({ "subject": "Hi", "action": "reply", "suggestedReply": "Thanks!", "requiresResponse": true });
    mail("a prepared reply", reply.clone()).says(Email, "auto_reply", true).then(Ask, Some(Verb::SendReply));
    mail("a rule for drafts sends nothing", reply)
        .trusting()
        .experienced()
        .tier(HighAutonomy)
        .says(Email, "draft_replies", true)
        .then(Ask, Some(Verb::SendReply));
}

/// What is to be sent, to whom, as the action and the one line for the person have it, and why it came out so.
fn reply(name: &'static str, from: &str, reply_to: Value) -> (Decided, Value, String, String) {
    let mut payload =
        json!({ "from": from, "subject": "The numbers", "action": "reply", "suggestedReply": "Here they are." });
    payload["replyTo"] = reply_to;
    let sent = mail(name, payload).tier(HighAutonomy).trusting().experienced().says(Domain::Email, "auto_reply", true);
    let decided = crate::decide::decide(&sent.signal, &sent.facts);
    let chosen = decided.decision.chosen().unwrap();
    assert_eq!(chosen.action.verb, Verb::SendReply, "{name}");
    let to = chosen.action.parameters.get("recipients").cloned().unwrap_or_default();
    let (summary, why) = (chosen.summary.clone(), decided.decision.explanation.why.join(" "));
    (decided, to, summary, why)
}

#[test]
fn a_reply_alone_goes_to_who_wrote_and_says_so() {
    for (from, reply_to) in [
        ("boss@work.example", Value::Null),
        ("The Boss <boss@work.example>", json!("")),
        ("boss@work.example", json!(["Boss@Work.example"])),
    ] {
        let (decided, to, summary, _) = reply("to who wrote", from, reply_to);
        assert_eq!(decided.decision.outcome, Auto, "{from}");
        assert!(to[0].as_str().unwrap().eq_ignore_ascii_case("boss@work.example"), "{from}: {to}");
        assert_eq!(decided.execution.unwrap().action.parameters["recipients"], to);
        assert!(summary.to_lowercase().starts_with("send a reply to boss@work.example: the numbers"), "{summary}");
    }
}

#[test]
fn an_answer_that_goes_to_somebody_else_than_who_wrote_is_never_sent_alone_and_names_both() {
    let (decided, to, summary, why) = reply("elsewhere", "boss@work.example", json!("Boss <boss@evil.example>"));
    assert_eq!((decided.decision.outcome, to), (Ask, json!(["boss@evil.example"])));
    assert!(summary.starts_with("Send a reply to boss@evil.example: "), "{summary}");
    assert!(why.contains("It is from boss@work.example, but the answer would go to boss@evil.example."), "{why}");
    let draft = decided.decision.candidates.iter().find(|other| other.action.verb == Verb::DraftReply).unwrap();
    assert_eq!(draft.action.parameters["recipients"], json!(["boss@evil.example"]));

    let both = json!(["boss@work.example", "boss@evil.example"]);
    let (decided, to, summary, _) = reply("to both", "boss@work.example", both.clone());
    assert_eq!((decided.decision.outcome, to), (Ask, both));
    assert!(summary.contains(" to boss@work.example and boss@evil.example: "), "{summary}");

    let many: Vec<_> = (0..11).map(|n| format!("p{n}@work.example")).collect();
    let (decided, _, summary, _) = reply("to many", "boss@work.example", json!(many.join(", ")));
    let review = &decided.decision.chosen().unwrap().verdict;
    assert!(review.asking(Rule::NeverAlone).is_some(), "what a mail wants answered to many counts as sent to many");
    assert!(summary.contains(" and 8 more: "), "{summary}");
}

#[test]
fn whoever_is_not_certain_to_be_meant_is_not_answered_alone() {
    for (from, reply_to) in [
        ("The Boss", Value::Null),
        ("boss@work.example", json!("boss@work.example, \"")),
        ("boss@work.example", json!({ "email": "boss@evil.example" })),
    ] {
        let (decided, to, _, why) = reply("unclear", from, reply_to);
        assert_eq!((decided.decision.outcome, to), (Ask, Value::Null), "{from}");
        assert!(why.contains("The signal does not say the recipients."), "{why}");
    }
}
