//! The ways a signal can go, each told in a few lines, and that each goes where it should when nothing is in its way.

use chrono::TimeDelta;
use domain::{
    approval::{Answer, Phase},
    decision::Outcome,
    id::SignalId,
    signal::Domain,
    tier::{Confidence, TrustTier},
    twin::{Preference, Source},
};
use serde_json::{Value, json};

use super::bench::{Bench, End, limits};

/// A way a signal can go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// The twin does it.
    Auto,
    /// The person is asked and agrees; it costs money.
    Asked,
    /// It is suggested, the person takes it up.
    Suggested,
    /// The person is asked and says no.
    Refused,
    /// It may not be done.
    Blocked,
    /// The person is asked and never answers.
    Expired,
}

impl Way {
    pub(super) const ALL: [Self; 6] =
        [Self::Auto, Self::Asked, Self::Suggested, Self::Refused, Self::Blocked, Self::Expired];

    /// A bench with the right person.
    pub(super) async fn bench(self) -> Bench {
        Bench::of(self.tier(), limits(), &preferences()).await
    }

    /// The same person again, beside another that is at rest.
    pub(super) async fn again(self, beside: &Bench) -> Bench {
        beside.again(self.tier(), limits(), &preferences()).await
    }

    const fn tier(self) -> TrustTier {
        match self {
            Self::Blocked => TrustTier::Observer,
            Self::Auto | Self::Asked | Self::Suggested | Self::Refused | Self::Expired => TrustTier::ModerateAutonomy,
        }
    }

    /// The signal comes in.
    pub(super) async fn begin(self, bench: &Bench) -> SignalId {
        match self {
            Self::Auto | Self::Blocked => bench.post("email", "email_received", newsletter()).await,
            Self::Asked | Self::Refused | Self::Expired => {
                bench.post("billing", "subscription_renewal", dearer()).await
            }
            Self::Suggested => bench.post("tasks", "project_create", project()).await,
        }
    }

    /// The person's part, if there is one.
    pub(super) async fn answer(self, bench: &Bench, signal: SignalId) {
        let answer = match self {
            Self::Auto | Self::Blocked | Self::Expired => return,
            Self::Asked | Self::Suggested => Answer::Approve { terms: Default::default() },
            Self::Refused => Answer::Reject { reason: Some("too dear".into()) },
        };
        let decision = bench.decision(signal).await;
        let approvals = bench.approvals(decision.id).await;
        assert_eq!(approvals.len(), 1, "{self:?}: {decision:#?}");
        bench.answer(approvals[0].id, answer).await.unwrap();
    }

    /// From the signal to the end.
    pub(super) async fn walk(self, bench: &mut Bench) -> End {
        let signal = self.begin(bench).await;
        bench.rest().await;
        self.answer(bench, signal).await;
        if self == Self::Expired {
            // reminded at 80 % of an hour
            bench.pass(TimeDelta::minutes(50));
            bench.rest().await;
        }
        bench.finish().await;
        bench.end(signal).await
    }
}

/// A mail that this person wants archived.
pub(super) fn newsletter() -> Value {
    json!({ "from": "hello@roundup.example", "subject": "Weekly digest: spring issue", "body": "This week in technology news.",
        "importance": "low", "category": "newsletter", "message_id": "m-1" })
}

/// A renewal that became dearer.
pub(super) fn dearer() -> Value {
    json!({ "subject": "Streaming price increase", "costCents": 2299, "previousCostCents": 1599, "subscriptionId": "s-1" })
}

/// A project that may be worth creating.
pub(super) fn project() -> Value {
    json!({ "origin": "meeting_notes", "meetingTitle": "Planning session", "extractedTasks": 5 })
}

/// What this person prefers.
pub(super) fn preferences() -> [Preference; 2] {
    let preference = |n: u32, domain, key: &str, source, confidence| Preference {
        id: format!("00000000-0000-0000-0000-{n:012}").parse().unwrap(),
        domain,
        key: key.into(),
        value: true.into(),
        confidence,
        source,
        evidence_count: 1,
    };
    [
        preference(1, Domain::Email, "auto_archive", Source::Explicit, Confidence::High),
        preference(2, Domain::Tasks, "auto_create_projects", Source::Inferred, Confidence::Moderate),
    ]
}

#[tokio::test]
async fn what_the_twin_may_do_alone_is_done_once_and_settled() {
    let mut bench = Way::Auto.bench().await;
    let end = Way::Auto.walk(&mut bench).await;
    assert_eq!((end.outcome, end.executions, end.effects), (Outcome::Auto, vec!["succeeded".to_owned()], vec![1]));
    assert!(end.approvals.is_empty() && end.notices.is_empty(), "the feed is enough: {:?}", end.notices);
}

#[tokio::test]
async fn what_the_person_agrees_to_reaches_the_engine_whole_under_the_executions_id_and_is_paid_once() {
    let mut bench = Way::Asked.bench().await;
    let signal = Way::Asked.begin(&bench).await;
    bench.rest().await;
    let decision = bench.decision(signal).await;
    assert_eq!(decision.outcome, Outcome::Ask);
    assert_eq!((bench.engine.sends(), bench.ledger().await), (0, vec![]), "nothing happens before the person speaks");
    assert_eq!(bench.notices().await, ["approval_requested"]);
    Way::Asked.answer(&bench, signal).await;
    bench.rest().await;

    let execution = bench.executions(decision.id).await.remove(0);
    let asked = bench.approvals(decision.id).await.remove(0);
    let sent = bench.engine.request(execution.id);
    assert_eq!(sent["key"], execution.id.to_string());
    assert_eq!(sent["action"], serde_json::to_value(&asked.action).unwrap());
    assert_eq!(asked.state.phase(), Phase::Approved);
    let ledger = bench.ledger().await;
    let paid = asked
        .action
        .cost
        .known()
        .map_or(vec![], |cost| vec![("reserve".to_owned(), cost.cents), ("settle".to_owned(), cost.cents)]);
    assert_eq!(ledger, paid);
    bench.finish().await;
    assert_eq!(bench.notices().await, ["approval_requested", "executed"]);
}

#[tokio::test]
async fn a_suggestion_that_is_taken_up_runs() {
    let mut bench = Way::Suggested.bench().await;
    let end = Way::Suggested.walk(&mut bench).await;
    assert_eq!((end.outcome, end.effects), (Outcome::Suggest, vec![1]));
    assert_eq!((end.approvals, end.executions), (vec!["suggest approved".to_owned()], vec!["succeeded".to_owned()]));
}

#[tokio::test]
async fn a_no_runs_nothing() {
    let end = Way::Refused.walk(&mut Way::Refused.bench().await).await;
    assert_eq!((end.approvals, end.executions, end.ledger), (vec!["ask rejected".to_owned()], vec![], vec![]));
}

#[tokio::test]
async fn what_is_denied_is_blocked_and_runs_nothing() {
    let mut bench = Way::Blocked.bench().await;
    let end = Way::Blocked.walk(&mut bench).await;
    assert_eq!((end.outcome, end.executions.len(), end.effects.len()), (Outcome::Block, 0, 0));
}

#[tokio::test]
async fn an_unanswered_ask_is_reminded_of_once_and_expires() {
    let mut bench = Way::Expired.bench().await;
    let end = Way::Expired.walk(&mut bench).await;
    assert_eq!(end.approvals, ["ask expired"]);
    assert_eq!(end.notices, ["approval_expired", "approval_reminder", "approval_requested"]);
    assert!(end.effects.is_empty() && end.ledger.is_empty());
}
