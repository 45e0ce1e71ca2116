//! The faults in force: which request each rule has seen and spoiled so far.

use serde::Serialize;

use crate::fault::{On, Reply, Rule, Twist};

/// The orders in force, with how often each was due.
#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<Counted>);

#[derive(Debug, Serialize)]
pub(crate) struct Counted {
    #[serde(flatten)]
    rule: Rule,
    /// Of its reply: every request counts.
    replies: Tally,
    /// Of its work: only requests that start some count.
    works: Tally,
}

#[derive(Clone, Copy, Debug, Default, Serialize)]
struct Tally {
    /// Requests that it was for.
    seen: u32,
    /// Requests that it spoiled.
    fired: u32,
}

impl Tally {
    /// Counts one request; whether the rule is due on it.
    fn count(&mut self, rule: &Rule) -> bool {
        self.seen += 1;
        self.seen >= rule.nth && rule.times.is_none_or(|times| self.fired < times)
    }
}

impl Faults {
    pub(crate) fn add(&mut self, rules: impl IntoIterator<Item = Rule>) {
        self.0.extend(rules.into_iter().map(|rule| Counted {
            rule,
            replies: Tally::default(),
            works: Tally::default(),
        }));
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    pub(crate) fn list(&self) -> &[Counted] {
        &self.0
    }

    /// Counts a request and says what happens to its answer. Where several rules are due, the oldest has it and the
    /// others wait for the next request.
    pub(crate) fn reply(&mut self, on: On, verb: Option<&str>, execution: Option<&str>) -> Option<Reply> {
        let mut struck = None;
        for Counted { rule, replies, .. } in &mut self.0 {
            if rule.reply.is_some() && rule.is_for(on, verb, execution) && replies.count(rule) && struck.is_none() {
                replies.fired += 1;
                struck.clone_from(&rule.reply);
            }
        }
        struck
    }

    /// Counts work that starts and says what happens to it: every rule that is due adds to it.
    pub(crate) fn work(&mut self, on: On, verb: Option<&str>, execution: Option<&str>) -> Vec<Twist> {
        let mut twists = Vec::new();
        for Counted { rule, works, .. } in &mut self.0 {
            if rule.work.is_some() && rule.is_for(on, verb, execution) && works.count(rule) {
                works.fired += 1;
                twists.extend(rule.work.clone());
            }
        }
        twists
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::End;

    #[test]
    fn a_rule_strikes_from_its_nth_request_on_and_only_so_many_times() {
        let mut faults = Faults::default();
        faults.add([Rule::reply(Reply::Empty).verb("pay_bill").nth(2).times(2)]);
        let hits: Vec<bool> = (0..5).map(|_| faults.reply(On::Create, Some("pay_bill"), None).is_some()).collect();
        assert_eq!(hits, [false, true, true, false, false]);
        faults.add([Rule::reply(Reply::Empty).verb("pay_bill")]);
        assert_eq!(faults.reply(On::Create, Some("create_note"), None), None);
        assert_eq!(faults.reply(On::Retrieve, Some("pay_bill"), None), None);
    }

    #[test]
    fn rules_for_the_same_answer_take_turns_and_rules_for_the_work_add_up() {
        let mut faults = Faults::default();
        faults.add([
            Rule::reply(Reply::Reset),
            Rule::reply(Reply::Empty),
            Rule::work(Twist::Cost { cents: 1 }),
            Rule::ends(End::Prose),
        ]);
        assert_eq!(faults.reply(On::Create, None, None), Some(Reply::Reset));
        assert_eq!(faults.reply(On::Create, None, None), Some(Reply::Empty));
        assert_eq!(faults.work(On::Create, None, None), [Twist::Cost { cents: 1 }, Twist::Ends { end: End::Prose }]);
        assert_eq!(faults.work(On::Create, None, None), []);
    }

    #[test]
    fn a_rule_reads_from_json_and_a_misspelt_one_is_refused() {
        let rule: Rule =
            serde_json::from_str(r#"{"verb":"pay_bill","times":null,"reply":{"kind":"status","code":503}}"#).unwrap();
        assert_eq!(rule, Rule::reply(Reply::status(503)).verb("pay_bill").always());
        assert!(serde_json::from_str::<Rule>(r#"{"replay":{"kind":"empty"}}"#).is_err());
        assert!(serde_json::from_str::<Rule>(r#"{"reply":{"kind":"slow","seconds":1}}"#).is_err());
    }
}
