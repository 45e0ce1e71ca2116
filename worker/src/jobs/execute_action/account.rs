//! Executions that a person's own account can carry out: which they are, and how they are.
//!
//! Invariant: only what our own reading found in an account is acted on in that account, and only as it was found: a
//! signal that came in by any other door, or an action that names something else, goes to the configured engine. What an
//! account has done, the same account takes back.

use std::time::Duration;

use chrono::TimeDelta;
use domain::{
    action::Action,
    execution::{Answer, Carrier, Execution},
    id::AccountId,
    source::Kind,
};
use runtime::Secret;
use store::{
    Tx,
    sources::{self, Origin},
};
use tokio::time::timeout;

use super::{ELSEWHERE, Halt};
use crate::{
    State,
    accounts::{self, NoAccess},
    adapters::google::direct::{self, Direct, TokenRefused},
};

/// How long to wait for an account whose token is being renewed.
const RENEWAL: TimeDelta = TimeDelta::seconds(10);
/// What a run may spend on the account: less than a job may, so that its silence is written down.
const PATIENCE: Duration = Duration::from_secs(45);

/// The account that carries an execution out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Hand {
    /// None where it is not known any more which it was.
    account: Option<AccountId>,
}

impl Hand {
    /// The account as the execution's machine sees it.
    pub(super) const fn carrier() -> Carrier<'static> {
        Carrier::deduping(direct::NAME)
    }

    /// The order to store.
    pub(super) fn prepare(execution: &Execution) -> Vec<u8> {
        direct::prepare(execution)
    }
}

/// The account an execution belongs to, if it belongs to one. `reversed` is what an undo takes back.
pub(super) async fn hand(
    state: &State,
    tx: &mut Tx,
    execution: &Execution,
    reversed: Option<&Execution>,
) -> Result<Option<Hand>, Halt> {
    let given = execution.engine.as_deref().or_else(|| reversed?.engine.as_deref());
    let is_given = given == Some(direct::NAME);
    if given.is_some() && !is_given {
        return Ok(None);
    }
    if state.google.is_none() {
        let elsewhere =
            Halt::Later { delay: ELSEWHERE, why: "an account was given it, which this process does not know" };
        return if is_given { Err(elsewhere) } else { Ok(None) };
    }
    if !is_given && !Direct::can(execution.action.verb) {
        return Ok(None);
    }
    let origin = sources::origin(tx, execution.user, execution.decision).await?;
    if is_given {
        return Ok(Some(Hand { account: origin.map(|origin| origin.account) }));
    }
    let fits = |origin: &Origin| origin.connected && names_what_was_found(&execution.action, origin);
    Ok(origin.filter(fits).map(|origin| Hand { account: Some(origin.account) }))
}

/// The action is about the very thing that the source told of.
fn names_what_was_found(action: &Action, origin: &Origin) -> bool {
    let name = match origin.kind {
        Kind::Gmail => "message_id",
        Kind::GoogleCalendar => "event_id",
    };
    let (wanted, found) = (action.parameters.get(name), origin.payload.get(name));
    wanted.is_some() && wanted == found
}

/// Carries it out in the account.
pub(super) async fn carry_out(state: &State, hand: Hand, claimed: &Execution) -> Result<Answer, Halt> {
    let gone =
        || Answer::Refused { why: "The account is not connected any more; connect it and try again.".to_owned() };
    let (Some(google), Some(account)) = (&state.google, hand.account) else { return Ok(gone()) };
    let now = state.clock.now();
    let access = match accounts::access(state, claimed.user, account, now).await {
        Ok(access) => access,
        Err(NoAccess::NotNow) => {
            let why = "The account's access is being renewed.".to_owned();
            return Ok(Answer::NotTaken { retry_after: Some(RENEWAL), why });
        }
        Err(NoAccess::NotConnected) => return Ok(gone()),
        Err(NoAccess::Misconfigured(why)) => return Ok(Answer::NotTaken { retry_after: None, why }),
        Err(NoAccess::Store(error)) => return Err(error.into()),
    };
    let token = Secret::new(access.tokens.access());
    match timeout(PATIENCE, google.direct.carry_out(&token, claimed)).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(TokenRefused(answer))) => {
            accounts::refused(state, claimed.user, account, access.grant, now).await?;
            Ok(answer)
        }
        Err(_) => Ok(Answer::InDoubt { retry_after: None, why: "Google did not answer in time.".to_owned() }),
    }
}

#[cfg(test)]
mod tests {
    use domain::{
        action::{Cost, Verb},
        signal::Domain,
    };
    use serde_json::{Value, json};

    use super::*;

    fn fits(kind: Kind, verb: Verb, wanted: &Value, found: &Value) -> bool {
        let object = |value: &Value| value.as_object().cloned().unwrap();
        let action = Action { verb, domain: Domain::Email, parameters: object(wanted), cost: Cost::Free };
        let origin = Origin {
            account: "00000000-0000-0000-0000-000000000000".parse().unwrap(),
            connected: true,
            kind,
            payload: object(found),
        };
        names_what_was_found(&action, &origin)
    }

    #[test]
    fn only_the_very_thing_that_was_found_is_acted_on() {
        let (found, other) = (json!({ "message_id": "m1" }), json!({ "message_id": "m2" }));
        assert!(fits(Kind::Gmail, Verb::ArchiveEmail, &found, &found));
        assert!(!fits(Kind::Gmail, Verb::ArchiveEmail, &other, &found));
        assert!(!fits(Kind::Gmail, Verb::ArchiveEmail, &json!({ "message_id": ["m1", "m2"] }), &found));
        let event = json!({ "event_id": "e1", "message_id": "m1" });
        assert!(fits(Kind::GoogleCalendar, Verb::AcceptInvite, &event, &json!({ "event_id": "e1" })));
        assert!(
            !fits(Kind::Gmail, Verb::AcceptInvite, &json!({ "event_id": "e1" }), &found),
            "a mail names no event for certain"
        );
    }
}
