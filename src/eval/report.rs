//! What came of a run: a table per suite, the failures with expected and actual, and a last line that counts.

use std::{collections::BTreeMap, fmt};

use serde::Serialize;

use super::scenario::Scenario;

/// What came of one scenario.
#[derive(Debug, Serialize)]
pub struct Verdict {
    /// Outcome, action and the rules that decided.
    pub actual: String,
    /// What the scenario does not allow; empty means passed.
    pub faults: Vec<String>,
}

/// One scenario's line.
#[derive(Debug, Serialize)]
struct Line {
    id: String,
    suite: String,
    title: String,
    expected: String,
    #[serde(flatten)]
    verdict: Verdict,
}

/// What came of a file.
#[derive(Debug, Default, Serialize)]
pub struct Report {
    scenarios: Vec<Line>,
}

impl Report {
    /// Adds what came of a scenario.
    pub fn add(&mut self, scenario: &Scenario, verdict: Verdict) {
        let expect = &scenario.expect;
        let expected: Vec<&str> =
            expect.allowed_outcomes.iter().chain(&expect.also_accepted).map(|outcome| outcome.as_str()).collect();
        self.scenarios.push(Line {
            id: scenario.id.clone(),
            suite: scenario.suite.clone(),
            title: scenario.title.clone(),
            expected: expected.join("|"),
            verdict,
        });
    }

    /// How many did what is allowed.
    pub fn passed(&self) -> usize {
        self.scenarios.len() - self.failed()
    }

    /// How many did not.
    pub fn failed(&self) -> usize {
        self.scenarios.iter().filter(|line| !line.verdict.faults.is_empty()).count()
    }

    /// The same for machines.
    pub fn json(&self) -> serde_json::Value {
        serde_json::json!({ "passed": self.passed(), "failed": self.failed(), "scenarios": self.scenarios })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut suites: BTreeMap<&str, Vec<&Line>> = BTreeMap::new();
        for line in &self.scenarios {
            suites.entry(&line.suite).or_default().push(line);
        }
        let width = self.scenarios.iter().map(|line| line.id.len()).max().unwrap_or_default();
        for (suite, lines) in suites {
            let passed = lines.iter().filter(|line| line.verdict.faults.is_empty()).count();
            writeln!(f, "{suite}: {passed} of {}", lines.len())?;
            for line in lines {
                let mark = if line.verdict.faults.is_empty() { "ok  " } else { "FAIL" };
                writeln!(f, "  {mark} {:<width$}  {:<22} {}", line.id, line.expected, line.verdict.actual)?;
            }
        }
        for line in self.scenarios.iter().filter(|line| !line.verdict.faults.is_empty()) {
            writeln!(f, "\nFAIL {}: {}", line.id, line.title)?;
            writeln!(f, "  actual    {}", line.verdict.actual)?;
            for fault in &line.verdict.faults {
                writeln!(f, "  expected  {fault}")?;
            }
        }
        writeln!(f, "\n{} passed, {} failed", self.passed(), self.failed())
    }
}
