//! Variations on the scenarios: other tiers, amounts, flags, near misses, policies. What would a careful person expect?

mod calendar;
mod home;
mod mail;
mod money;
mod rest;
mod settings;

use serde_json::{Value, json};

use crate::{
    action::Verb,
    decide::{Decided, decide},
    decision::Outcome,
    facts::Facts,
    signal::{Domain, Signal},
    testing::{facts, prefers, signal, stated},
    tier::{
        Confidence,
        TrustTier::{self, ModerateAutonomy},
    },
    twin::Source,
};

/// One variation: a signal and a person, a little different from the usual.
struct Case {
    name: &'static str,
    signal: Signal,
    facts: Facts,
}

/// A signal to a person of moderate autonomy with the usual limits and no record.
fn when(name: &'static str, source: &str, kind: &str, payload: Value) -> Case {
    Case { name, signal: signal(source, kind, payload), facts: facts(ModerateAutonomy) }
}

impl Case {
    fn tier(mut self, tier: TrustTier) -> Self {
        self.facts.settings.tier = tier;
        self
    }
    fn says(mut self, domain: Domain, key: &str, value: impl Into<Value>) -> Self {
        self.facts.preferences.push(stated(domain, key, value.into()));
        self
    }
    fn habit(mut self, domain: Domain, key: &str, value: impl Into<Value>) -> Self {
        self.facts.preferences.push(prefers(domain, key, value.into(), Confidence::Moderate, Source::Inferred));
        self
    }
    fn experienced(mut self) -> Self {
        self.facts.history.executed = Domain::ALL.iter().map(|domain| (*domain, 10)).collect();
        self
    }
    /// "Ask before irreversible" is off.
    fn trusting(mut self) -> Self {
        self.facts.settings.autonomy.require_approval_for_irreversible = false;
        self
    }
    fn but(mut self, change: impl FnOnce(&mut Facts)) -> Self {
        change(&mut self.facts);
        self
    }
    /// Notes a fault if it comes out otherwise; [`All`] fails the test with every fault at once.
    fn then(self, outcome: Outcome, verb: Option<Verb>) -> Decided {
        let decided = decide(&self.signal, &self.facts);
        let decision = &decided.decision;
        let chosen = decision.chosen().map(|chosen| chosen.action.verb);
        if (decision.outcome, chosen) != (outcome, verb) {
            let (got, why) = (chosen.map_or("nothing", Verb::as_str), &decision.explanation.why);
            let fault = format!("{}: {} {got} {:?}\n    {why:?}", self.name, decision.outcome, decision.context.flags);
            FAULTS.with_borrow_mut(|faults| faults.push(fault));
        }
        decided
    }
}

std::thread_local! {
    static FAULTS: std::cell::RefCell<Vec<String>> = const { std::cell::RefCell::new(Vec::new()) };
}

/// Fails the test at its end if any variation came out otherwise.
struct All;

impl Drop for All {
    fn drop(&mut self) {
        let faults = FAULTS.take();
        if !std::thread::panicking() {
            assert!(faults.is_empty(), "{} came out otherwise:\n{}", faults.len(), faults.join("\n"));
        }
    }
}

fn newsletter() -> Value {
    json!({ "from": "news@paper.example", "subject": "Weekly digest", "category": "newsletter", "importance": "low" })
}

fn mail(name: &'static str, payload: Value) -> Case {
    when(name, "gmail", "email_received", payload)
}
