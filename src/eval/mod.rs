//! `skytwin eval`: scenarios through the pure decision path, each held against the outcomes it allows.
//!
//! A scenario names a person, what they prefer and one signal; nothing else is looked at. How a scenario is read
//! stands in the file's own `vocabulary.reading`: `must_auto_execute=false` is absolute, a risk ceiling binds only what
//! runs, a verb list binds what runs or is proposed, and expectations of handing over are met by ask, alert and block.

mod report;
mod scenario;

use domain::{
    action::Action,
    decide,
    decision::{Decision, Outcome},
    signal::Urgency,
};

use self::scenario::Expect;
pub use self::{
    report::{Report, Verdict},
    scenario::{File, Scenario},
};

/// Verbs of expectations that mean "hand it to the person": no verb of ours, met by any outcome that does.
const HANDING_OVER: [&str; 3] = ["escalate_to_user", "alert_user", "none"];

/// Runs every scenario of a file's text.
pub fn run(text: &str) -> Result<Report, serde_json::Error> {
    let file: File = serde_json::from_str(text)?;
    let mut report = Report::default();
    for (index, scenario) in file.scenarios.iter().enumerate() {
        let verdict = match scenario.parts(index, file.clock) {
            Ok((signal, facts)) => judge(scenario, &decide::decide(&signal, &facts).decision),
            Err(why) => Verdict { actual: "unreadable".into(), faults: vec![why] },
        };
        report.add(scenario, verdict);
    }
    Ok(report)
}

/// Holds a decision, however it came about, against what the scenario allows.
pub fn judge(scenario: &Scenario, decision: &Decision) -> Verdict {
    Verdict { actual: actual(decision), faults: faults(&scenario.expect, decision) }
}

/// What came out, in one cell.
fn actual(decision: &Decision) -> String {
    let chosen = decision
        .chosen()
        .map_or_else(String::new, |chosen| format!(" {} ({})", chosen.action.verb, chosen.risk.overall));
    let rules: Vec<&str> = decision.explanation.rules.iter().map(|rule| rule.as_str()).collect();
    let rules = if rules.is_empty() { String::new() } else { format!(" by {}", rules.join(", ")) };
    format!("{}{chosen}{rules}", decision.outcome)
}

/// Everything about the decision that the scenario does not allow.
fn faults(expect: &Expect, decision: &Decision) -> Vec<String> {
    let mut faults = Vec::new();
    let outcome = decision.outcome;
    let allowed: Vec<&str> =
        expect.allowed_outcomes.iter().chain(&expect.also_accepted).map(|outcome| outcome.as_str()).collect();
    if !allowed.contains(&outcome.as_str()) {
        faults.push(format!("outcome: expected one of [{}], got {outcome}", allowed.join(", ")));
    }
    let ran = outcome == Outcome::Auto;
    if ran && !expect.must_auto_execute {
        faults.push("it ran although it must not run by itself".into());
    }
    if !ran && expect.must_auto_execute {
        faults.push("it did not run although it must run by itself".into());
    }
    if let (true, Some(ceiling), Some(chosen)) = (ran, expect.max_risk_tier_of_chosen_action, decision.chosen())
        && chosen.risk.overall > ceiling
    {
        faults.push(format!("risk of what ran: at most {ceiling}, got {}", chosen.risk.overall));
    }
    if !verb_fits(expect, outcome, decision.chosen().map(|chosen| &chosen.action)) {
        let got = decision.chosen().map_or("nothing", |chosen| chosen.action.verb.as_str());
        faults.push(format!("action: expected one of [{}], got {got}", expect.action_type_any_of.join(", ")));
    }
    if let Some(least) = expect.min_urgency.filter(|least| decision.context.urgency < *least) {
        faults.push(format!("urgency: at least {least}, got {}", urgency(decision)));
    }
    faults
}

fn urgency(decision: &Decision) -> Urgency {
    decision.context.urgency
}

/// A verb list binds what runs or is proposed; where it asks to hand over, any outcome that does is right.
fn verb_fits(expect: &Expect, outcome: Outcome, chosen: Option<&Action>) -> bool {
    let wanted = &expect.action_type_any_of;
    if wanted.is_empty() {
        return true;
    }
    let hands_over = wanted.iter().any(|verb| HANDING_OVER.contains(&verb.as_str()));
    if hands_over && matches!(outcome, Outcome::Ask | Outcome::Alert | Outcome::Block) {
        return true;
    }
    match (outcome, chosen) {
        (Outcome::Auto | Outcome::Ask | Outcome::Suggest, Some(action)) => {
            wanted.iter().any(|verb| verb.parse() == Ok(action.verb))
        }
        (Outcome::Auto | Outcome::Ask | Outcome::Suggest, None) => false,
        // Nothing runs and nothing is proposed: there is no verb to hold against the list.
        (Outcome::Alert | Outcome::Inform | Outcome::Block, _) => true,
    }
}
