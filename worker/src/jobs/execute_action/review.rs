//! The review at dispatch: the same evaluator over the settings of now (`domain.md` §1 law 1, §10). Pure.
//!
//! Invariant: consent satisfies "ask", never "deny", and lasts 24 h. What does not hold is withdrawn: cancelled, its
//! money released, and the person either asked again or told why.

use domain::{
    approval::Approval,
    decision::Decision,
    execution::{ErrorClass, Execution, Kind},
    facts::{Context, Facts},
    outbox::Outbox,
    policy::{self, Effect, Moment, Verdict},
    risk::{self, Risk},
    time::Timestamp,
};

use super::telling;

/// An execution that will not happen, and what follows from that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Withdrawn {
    /// Cancelled.
    pub(super) execution: Execution,
    /// What the person is asked instead.
    pub(super) approval: Option<Approval>,
    /// What follows.
    pub(super) outbox: Outbox,
}

/// What speaks against sending a planned execution.
#[derive(Clone, Debug)]
pub(super) struct Objection {
    class: ErrorClass,
    why: String,
    risk: Risk,
    verdict: Verdict,
}

/// Reviews a planned execution; none means that it may be sent. `context` is its decision's; `facts` leave its own
/// reservation out.
pub(super) fn review(execution: &Execution, context: &Context, facts: &Facts) -> Option<Objection> {
    let (actions, moment) = match execution.kind {
        Kind::Act => (vec![&execution.action], Moment::Dispatch),
        Kind::Undo => (execution.steps.iter().map(|step| &step.action).collect(), Moment::Undo),
    };
    actions.into_iter().find_map(|action| {
        let risk = risk::assess(action, context);
        let verdict = policy::review(action, &risk, context, facts, moment).verdict;
        let (class, why) = objection(execution, &verdict, facts.now)?;
        Some(Objection { class, why, risk, verdict })
    })
}

impl Objection {
    /// What becomes of the execution then.
    pub(super) fn withdraw(self, execution: &Execution, decision: &Decision, facts: &Facts) -> Withdrawn {
        let Self { class, why, risk, verdict } = self;
        let (approval, asked) = if matches!(class, ErrorClass::Denied | ErrorClass::ByPerson) {
            (None, Outbox::nothing())
        } else {
            let (approval, asked) = Approval::reopen(execution, decision, risk, &verdict, facts);
            (Some(approval), asked)
        };
        let execution = execution.clone().cancelled(class, why, facts.now);
        let outbox = telling::settled(&execution, &facts.settings, facts.now).and(asked);
        Withdrawn { execution, approval, outbox }
    }
}

/// What speaks against sending it, if anything, in words for the person.
fn objection(execution: &Execution, verdict: &Verdict, now: Timestamp) -> Option<(ErrorClass, String)> {
    let words = || verdict.deciding().map(|reason| reason.text.as_str()).collect::<Vec<_>>().join(" ");
    let lapsed = execution.consent_until.is_some_and(|until| until <= now);
    if execution.cancel_asked.is_some() {
        return Some((ErrorClass::ByPerson, "You called it off.".to_owned()));
    }
    match verdict.effect {
        Effect::Deny => Some((ErrorClass::Denied, words())),
        Effect::Allow | Effect::RequireApproval if lapsed => {
            let why = "It could not start within 24 hours of your consent, so you are asked again.";
            Some((ErrorClass::ConsentLapsed, why.to_owned()))
        }
        Effect::RequireApproval if !execution.is_consented() => {
            Some((ErrorClass::AskedAgain, format!("You want to be asked first now: {}", words())))
        }
        Effect::Allow | Effect::RequireApproval => None,
    }
}

#[cfg(test)]
mod tests {
    use domain::execution::ErrorClass::{AskedAgain, ConsentLapsed, Denied};

    use super::*;
    use crate::jobs::execute_action::samples::{at, consented, planned, verdict};

    fn objects(execution: &Execution, effect: Effect) -> Option<ErrorClass> {
        objection(execution, &verdict(effect), at("09:00:00")).map(|(class, _)| class)
    }

    #[test]
    fn the_twin_acts_alone_only_where_policy_still_allows_it() {
        assert_eq!(objects(&planned(), Effect::Allow), None);
        assert_eq!(objects(&planned(), Effect::RequireApproval), Some(AskedAgain));
        assert_eq!(objects(&planned(), Effect::Deny), Some(Denied));
    }

    #[test]
    fn consent_answers_a_question_and_never_a_refusal() {
        let consented = consented(at("10:00:00"));
        assert_eq!(objects(&consented, Effect::RequireApproval), None);
        assert_eq!(objects(&consented, Effect::Deny), Some(Denied));
    }

    #[test]
    fn consent_that_has_lapsed_is_asked_for_again_unless_it_would_be_refused() {
        let lapsed = consented(at("09:00:00"));
        assert_eq!(objects(&lapsed, Effect::Allow), Some(ConsentLapsed));
        assert_eq!(objects(&lapsed, Effect::RequireApproval), Some(ConsentLapsed));
        assert_eq!(objects(&lapsed, Effect::Deny), Some(Denied));
    }

    #[test]
    fn what_the_person_called_off_is_neither_sent_nor_asked_about_again() {
        let called_off = Execution { cancel_asked: Some(at("08:30:00")), ..consented(at("10:00:00")) };
        assert_eq!(objects(&called_off, Effect::Allow), Some(ErrorClass::ByPerson));
        assert_eq!(objects(&called_off, Effect::Deny), Some(ErrorClass::ByPerson));
    }

    #[test]
    fn an_undo_is_the_persons_own_command() {
        let undo = Execution { kind: Kind::Undo, ..planned() };
        assert_eq!(objects(&undo, Effect::RequireApproval), None);
    }
}
