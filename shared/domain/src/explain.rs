//! Explanations: why a decision came out as it did, readable by the person and checkable rule by rule.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{
    catalogue,
    decide::{self, Against, Cause, Weighed},
    decision::{Candidate, Outcome, Support},
    facts::Facts,
    flags::Flag,
    policy::{Effect, Rule},
    situation::{self, Reading, Understood},
    tier::{Confidence, TrustTier},
    words,
};

/// Why, in words and rules. Written in the transaction of the decision; the database refuses a decision without one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explanation {
    /// One line: what the twin did and about what.
    pub headline: String,
    /// What it understood the signal to be, and what it noticed.
    pub understood: String,
    /// Why this outcome, as a few sentences.
    pub why: Vec<String>,
    /// The rules that decided, in the order of the table (wire names).
    pub rules: Vec<Rule>,
    /// What the person can do about it.
    pub next: String,
}

/// Everything an explanation is made of.
pub(crate) struct Account<'a> {
    pub(crate) reading: &'a Reading<'a>,
    pub(crate) understood: &'a Understood,
    pub(crate) weighed: &'a [Weighed],
    pub(crate) chosen: Option<&'a Weighed>,
    pub(crate) outcome: Outcome,
    pub(crate) causes: &'a [Cause],
    pub(crate) facts: &'a Facts,
}

/// Puts the account into words.
pub(crate) fn compose(account: &Account<'_>) -> Explanation {
    let speaking = account.chosen.or(account.weighed.first());
    Explanation {
        headline: headline(account),
        understood: understood(account),
        why: why(account, speaking),
        rules: rules(account, speaking),
        next: next(account),
    }
}

fn headline(account: &Account<'_>) -> String {
    let what = account.chosen.map(|chosen| chosen.candidate.summary.clone()).unwrap_or_default();
    let about = about(account);
    match account.outcome {
        Outcome::Auto => format!("On it: {what}"),
        Outcome::Ask => format!("Your word is needed: {what}"),
        Outcome::Suggest => format!("A suggestion: {what}"),
        Outcome::Block => format!("Not done: {what}"),
        Outcome::Inform => format!("For your information: {about}"),
        Outcome::Alert => match account.understood.hazard {
            Some(hazard) => format!("Please look at once: {}: {about}", hazard.phrase()),
            None => format!("Please have a look: {about}"),
        },
    }
}

/// What the signal is about, in its own words where it has a headline, else in the connector's.
fn about(account: &Account<'_>) -> String {
    let text = account.reading.text(&[
        "subject",
        "title",
        "task_name",
        "document_name",
        "vendor",
        "destination",
        "metric",
        "device",
        "description",
    ]);
    // A device's name is often its id.
    let read = |text: &str| if text.contains(' ') { text.to_owned() } else { text.replace('_', " ") };
    text.map_or_else(|| account.reading.kind().join(" "), |text| words::shortened(&read(text)))
}

fn understood(account: &Account<'_>) -> String {
    let understood = account.understood;
    let thing = understood.situation.as_str().replace('_', " ");
    let from =
        understood.sender.as_deref().map(|sender| format!(" from {}", words::shortened(sender))).unwrap_or_default();
    let noticed: Vec<_> = understood.flags.iter().map(|flag| Flag::phrase(*flag)).collect();
    let noticed = if noticed.is_empty() { String::new() } else { format!(" The twin noticed {}.", listing(&noticed)) };
    format!("This was read as: {thing}{from}, urgency {}.{noticed}", understood.urgency)
}

fn why(account: &Account<'_>, speaking: Option<&Weighed>) -> Vec<String> {
    let mut sentences: Vec<String> = account.causes.iter().map(|cause| because(cause, account)).collect();
    if let Some(weighed) = speaking {
        let candidate = &weighed.candidate;
        sentences.extend(situation::elsewhere(&candidate.action, account.reading));
        let decisive = candidate.verdict.reasons.iter().filter(|reason| reason.effect != Effect::Allow);
        sentences.extend(decisive.map(|reason| reason.text.clone()));
        sentences.push(sure(candidate));
        if let Some(needed) = lacking(candidate) {
            sentences.push(needed);
        }
        let others: Vec<_> =
            account.weighed.iter().filter(|other| other.candidate.ordinal != candidate.ordinal).map(other).collect();
        if !others.is_empty() {
            sentences.push(format!("Also weighed: {}.", others.join("; ")));
        }
    }
    sentences.retain(|sentence| !sentence.is_empty());
    let mut seen = BTreeSet::new();
    sentences.retain(|sentence| seen.insert(sentence.clone()));
    sentences
}

fn because(cause: &Cause, account: &Account<'_>) -> String {
    match cause {
        Cause::Hazard => {
            let danger = account.understood.hazard.map_or("a danger", situation::Hazard::phrase);
            format!("It reports {danger}, and of that you hear at once, whatever else is set.")
        }
        Cause::Nothing => "There is nothing to be done about it.".into(),
        Cause::Denied => "Your settings and rules don't allow it.".into(),
        Cause::OnlyHelpers => {
            "What is left would only stand in for what was asked for, and the twin does not do that.".into()
        }
        Cause::Sure => "Everything allows it, and it is what you want by all that is known.".into(),
        Cause::Unsure => "It would be allowed, but the twin is not sure that you want it.".into(),
        Cause::Awaited => "Somebody waits for an answer.".into(),
        Cause::Flagged => {
            let noticed: Vec<_> = decide::raised(account.understood).map(Flag::phrase).collect();
            format!("You should look first: the twin noticed {}.", listing(&noticed))
        }
        Cause::Against(Against::Preference(key)) => {
            format!("Your preference {} speaks against it, so only you can decide.", quoted(key))
        }
        Cause::Against(Against::Ask(key)) => format!("You want to be asked, by your preference {}.", quoted(key)),
        Cause::Against(Against::Signal(why)) => why.clone().into_owned(),
        Cause::Missing => "Something it takes is missing.".into(),
        Cause::WantsToHear(key) => {
            format!("You want to hear of things like this, by your preference {}.", quoted(key))
        }
        Cause::InPublic => "It speaks in public in your name, so nothing goes out before you have read it.".into(),
        Cause::HelperForCritical => "It is critical, and a helping hand alone is no answer to that.".into(),
        Cause::Quietly => "It is small and can wait, so it does not interrupt you.".into(),
        Cause::Asked => String::new(),
        Cause::NoWarrant => "It may not run without you.".into(),
    }
}

fn sure(candidate: &Candidate) -> String {
    let keys = |speaks_for: bool| -> Vec<String> {
        let of = candidate.support.iter().filter(|support| support.speaks_for == speaks_for);
        of.map(|support: &Support| format!("{} ({})", quoted(&support.key), support.confidence)).collect()
    };
    let (supporting, opposing) = (keys(true), keys(false));
    let phrase = catalogue::spec(candidate.action.verb).phrase;
    match (supporting.is_empty(), opposing.is_empty()) {
        (false, _) => format!("That you want to {phrase} follows from your preference {}.", supporting.join(", ")),
        (true, false) => format!("Against it speaks your preference {}.", opposing.join(", ")),
        (true, true) if candidate.confidence == Confidence::Speculative => {
            format!("Nothing is known yet of whether you want to {phrase}.")
        }
        (true, true) => {
            format!("That you may want to {phrase} is inferred from what you did before ({}).", candidate.confidence)
        }
    }
}

/// A preference by its name, as a person reads it.
fn quoted(key: &str) -> String {
    format!("\u{201c}{}\u{201d}", key.replace('_', " "))
}

fn lacking(candidate: &Candidate) -> Option<String> {
    let names: Vec<_> = candidate.missing.iter().map(|name| name.replace('_', " ")).collect();
    (!names.is_empty()).then(|| format!("The signal does not say the {}.", names.join(", ")))
}

fn other(weighed: &Weighed) -> String {
    let phrase = catalogue::spec(weighed.candidate.action.verb).phrase;
    match weighed.candidate.verdict.effect {
        Effect::Allow => format!("{phrase} (allowed)"),
        Effect::RequireApproval => format!("{phrase} (would have to be asked)"),
        Effect::Deny => format!("{phrase} (not allowed)"),
    }
}

/// The rules that decided, in the order of the table.
fn rules(account: &Account<'_>, speaking: Option<&Weighed>) -> Vec<Rule> {
    let mut rules: Vec<Rule> = match account.outcome {
        Outcome::Block => {
            let denied = account.weighed.iter().flat_map(|weighed| &weighed.candidate.verdict.reasons);
            denied.filter(|reason| reason.effect == Effect::Deny).map(|reason| reason.rule).collect()
        }
        Outcome::Auto | Outcome::Ask | Outcome::Alert | Outcome::Suggest | Outcome::Inform => {
            let reasons = speaking.into_iter().flat_map(|weighed| &weighed.candidate.verdict.reasons);
            reasons.filter(|reason| reason.effect != Effect::Allow).map(|reason| reason.rule).collect()
        }
    };
    rules.sort_by_key(|rule| rule.number());
    rules.dedup();
    rules
}

fn next(account: &Account<'_>) -> String {
    let observed = account.facts.settings.tier_in(account.understood.domain) == TrustTier::Observer;
    match account.outcome {
        Outcome::Auto => match account.chosen.map(|chosen| catalogue::spec(chosen.candidate.action.verb).reversibility)
        {
            Some(catalogue::Reversibility::Full) => "You can undo it at any time.".into(),
            Some(catalogue::Reversibility::Window(_)) => "You can undo it for a while after it is done.".into(),
            Some(catalogue::Reversibility::No) | None => {
                "It can't be undone; say so if you don't want this again.".into()
            }
        },
        Outcome::Ask => "Approve it, change it, choose another way, or say no. Nothing happens without you.".into(),
        Outcome::Suggest => "One tap accepts it; if you do nothing, nothing happens.".into(),
        Outcome::Alert if account.chosen.is_some() => "Have a look; what could be done waits for your word.".into(),
        Outcome::Alert => "Have a look and decide yourself.".into(),
        Outcome::Inform => "You need not do anything.".into(),
        Outcome::Block if observed => {
            "The twin only watches here. Tell it whether this is what you would have wanted: that is how trust grows."
                .into()
        }
        Outcome::Block => "If you want it after all, change the rule or setting that stands against it.".into(),
    }
}

/// `a`, `a and b`, `a, b and c`.
fn listing(items: &[&str]) -> String {
    match items {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}
