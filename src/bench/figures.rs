//! What was measured, beside what was wanted: as a table for people and as JSON for machines.

use std::{fmt, time::Duration};

use serde::Serialize;
use serde_json::json;

use super::Options;

/// What a figure is to be.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Goal {
    /// Not less.
    AtLeast(f64),
    /// Not more.
    AtMost(f64),
}

impl Goal {
    fn is_met(self, value: f64) -> bool {
        match self {
            Self::AtLeast(least) => value >= least,
            Self::AtMost(most) => value <= most,
        }
    }
}

impl fmt::Display for Goal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtLeast(least) => write!(f, "≥ {least}"),
            Self::AtMost(most) => write!(f, "≤ {most}"),
        }
    }
}

/// One measured value.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Figure {
    what: String,
    value: f64,
    unit: &'static str,
    goal: Option<Goal>,
}

impl Figure {
    pub(super) fn new(what: impl Into<String>, value: f64, unit: &'static str) -> Self {
        Self { what: what.into(), value, unit, goal: None }
    }

    /// So much in a second.
    pub(super) fn rate(what: impl Into<String>, count: u32, took: Duration) -> Self {
        Self::new(what, per_second(count, took), "/s")
    }

    pub(super) fn millis(what: impl Into<String>, took: Duration) -> Self {
        Self::new(what, took.as_secs_f64() * 1000.0, "ms")
    }

    #[must_use]
    pub(super) fn at_least(self, least: f64) -> Self {
        Self { goal: Some(Goal::AtLeast(least)), ..self }
    }

    #[must_use]
    pub(super) fn at_most(self, most: f64) -> Self {
        Self { goal: Some(Goal::AtMost(most)), ..self }
    }

    /// Its value, if it tells of this.
    pub(super) fn value_of(&self, what: &str) -> Option<f64> {
        (self.what == what).then_some(self.value)
    }

    fn is_met(&self) -> Option<bool> {
        self.goal.map(|goal| goal.is_met(self.value))
    }
}

/// How many in a second.
pub(super) fn per_second(count: u32, took: Duration) -> f64 {
    f64::from(count) / took.as_secs_f64().max(f64::EPSILON)
}

/// A count as a figure's value.
pub(super) fn value(count: impl TryInto<u32>) -> f64 {
    count.try_into().map_or(f64::INFINITY, f64::from)
}

/// Waits, to be asked how long so many in a thousand of them were at most.
pub(super) struct Waits(Vec<Duration>);

impl Waits {
    pub(super) fn of(mut waits: Vec<Duration>) -> Self {
        waits.sort_unstable();
        Self(waits)
    }

    /// The longest of the shortest `permille` in a thousand, by the nearest rank.
    pub(super) fn at(&self, permille: usize) -> Duration {
        let rank = (self.0.len() * permille).div_ceil(1000).max(1);
        self.0.get(rank - 1).copied().unwrap_or_default()
    }

    /// Median, 95th and 99th of a hundred.
    pub(super) fn usual(&self) -> [(&'static str, Duration); 3] {
        [("p50", self.at(500)), ("p95", self.at(950)), ("p99", self.at(990))]
    }
}

/// Everything that was measured.
pub(super) struct Report {
    options: String,
    figures: Vec<Figure>,
}

impl Report {
    pub(super) fn new(options: &Options) -> Self {
        let Options { apis, workers, people, signals, clients, .. } = options;
        let options = format!(
            "{apis} api, {workers} worker processes; {people} people; {signals} signals from {clients} clients"
        );
        Self { options, figures: Vec::new() }
    }

    pub(super) fn add(&mut self, figures: Vec<Figure>) {
        for figure in &figures {
            eprintln!("  {}: {:.2} {}", figure.what, figure.value, figure.unit);
        }
        self.figures.extend(figures);
    }

    pub(super) fn json(&self) -> String {
        let figures: Vec<_> = self
            .figures
            .iter()
            .map(|figure| {
                json!({ "what": figure.what, "value": figure.value, "unit": figure.unit, "goal": figure.goal,
                    "met": figure.is_met() })
            })
            .collect();
        format!("{:#}", json!({ "build": build(), "setup": self.options, "figures": figures }))
    }
}

/// Figures of a debug build say little.
const fn build() -> &'static str {
    if cfg!(debug_assertions) { "debug" } else { "release" }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "skytwin bench, {} build: {}\n", build(), self.options)?;
        writeln!(f, "| what | measured | goal | |\n|---|---:|---:|---|")?;
        for figure in &self.figures {
            let goal = figure.goal.map(|goal| goal.to_string()).unwrap_or_default();
            let met = match figure.is_met() {
                Some(true) => "met",
                Some(false) => "**missed**",
                None => "",
            };
            writeln!(f, "| {} | {:.2} {} | {goal} | {met} |", figure.what, figure.value, figure.unit)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_the_nearest_rank_and_of_nothing_it_is_zero() {
        let waits = Waits::of((1..=200).rev().map(Duration::from_millis).collect());
        assert_eq!([waits.at(500), waits.at(990), waits.at(1000)], [100, 198, 200].map(Duration::from_millis));
        assert_eq!(Waits::of(vec![Duration::from_millis(7)]).at(10), Duration::from_millis(7));
        assert_eq!(Waits::of(Vec::new()).at(990), Duration::ZERO);
    }

    #[test]
    fn a_goal_is_met_on_its_own_side_the_limit_included() {
        assert_eq!(Figure::new("rate", 0.7, "").at_least(0.7).is_met(), Some(true));
        assert_eq!(Figure::new("wait", 6.1, "ms").at_most(6.0).is_met(), Some(false));
        assert_eq!(Figure::new("size", 6.1, "MB").is_met(), None);
    }
}
