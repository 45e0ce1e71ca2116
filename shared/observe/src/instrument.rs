//! The kinds of metric: a name with a fixed list of labels, kept in atomics, written out in the text format of Prometheus.
//!
//! `prometheus-client` (the Prometheus project's own) rather than the `metrics` facade with an exporter: its series live
//! in plain statics and histograms in buckets, so there is no recorder to install before the first count, nothing is
//! lost in tests or commands that install none, and nothing piles up in a process that nobody scrapes.

use std::{borrow::Cow, fmt, sync::OnceLock, sync::atomic::AtomicU64, time::Duration};

use prometheus_client::{
    encoding::text::encode,
    metrics::{counter, family::Family, gauge, histogram},
    registry::Registry,
};

use crate::metrics::ALL;

/// One series' labels. What is known to the compiler costs no allocation.
type Labels<const N: usize> = [(&'static str, Cow<'static, str>); N];
type Level = gauge::Gauge<f64, AtomicU64>;
type Timings<const N: usize> = Family<Labels<N>, histogram::Histogram, fn() -> histogram::Histogram>;

/// From a fast statement to a slow engine, in seconds.
const SECONDS: [f64; 18] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 3600.0];

/// What kind of metric it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Only grows; its name ends in `_total`.
    Counter,
    /// Goes up and down.
    Gauge,
    /// A distribution in buckets: `_bucket`, `_sum`, `_count`.
    Histogram,
}

/// A metric as dashboards and alerts know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct About {
    /// The name that is scraped; of a histogram, without its `_bucket`, `_sum` and `_count`.
    pub name: &'static str,
    /// Its kind.
    pub kind: Kind,
    /// Its labels. None ever says who somebody is.
    pub labels: &'static [&'static str],
    /// What it counts, with its unit.
    pub help: &'static str,
}

/// What every kind of metric can do.
pub(crate) trait Metric: Sync {
    fn about(&self) -> About;
    fn register(&self, registry: &mut Registry);
}

impl fmt::Debug for dyn Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.about().fmt(f)
    }
}

/// Counts what happens.
#[derive(Debug)]
pub struct Counter<const N: usize> {
    about: About,
    labels: [&'static str; N],
    series: OnceLock<Family<Labels<N>, counter::Counter>>,
}

/// Shows how much there is of something.
#[derive(Debug)]
pub struct Gauge<const N: usize> {
    about: About,
    labels: [&'static str; N],
    series: OnceLock<Family<Labels<N>, Level>>,
}

/// Shows how long something takes.
#[derive(Debug)]
pub struct Histogram<const N: usize> {
    about: About,
    labels: [&'static str; N],
    series: OnceLock<Timings<N>>,
}

macro_rules! instruments {
    ($($kind:ident),*) => { $(
        impl<const N: usize> $kind<N> {
            pub(crate) const fn new(name: &'static str, labels: &'static [&'static str; N], help: &'static str) -> Self {
                let about = About { name, kind: Kind::$kind, labels: labels.as_slice(), help };
                Self { about, labels: *labels, series: OnceLock::new() }
            }

            fn set(&self, values: [Cow<'static, str>; N]) -> Labels<N> {
                let mut names = self.labels.iter();
                values.map(|value| (names.next().copied().unwrap_or_default(), value))
            }
        }

        impl<const N: usize> Metric for $kind<N> {
            fn about(&self) -> About {
                self.about
            }

            fn register(&self, registry: &mut Registry) {
                let name = self.about.name.strip_suffix("_total").unwrap_or(self.about.name);
                let help = self.about.help.trim_end_matches('.');
                if N == 0 {
                    // there from the start, and without empty braces
                    let one = self.series().get_or_create_owned(&self.set(std::array::from_fn(|_| Cow::Borrowed(""))));
                    registry.register(name, help, one);
                } else {
                    registry.register(name, help, self.series().clone());
                }
            }
        }
    )* };
}
instruments!(Counter, Gauge, Histogram);

impl<const N: usize> Counter<N> {
    fn series(&self) -> &Family<Labels<N>, counter::Counter> {
        self.series.get_or_init(Family::default)
    }

    /// Adds `n` to the series of these labels, in the order of [`About::labels`].
    pub fn add<T: Into<Cow<'static, str>>>(&self, labels: [T; N], n: u64) {
        self.series().get_or_create(&self.set(labels.map(Into::into))).inc_by(n);
    }

    /// Adds one.
    pub fn one<T: Into<Cow<'static, str>>>(&self, labels: [T; N]) {
        self.add(labels, 1);
    }
}

impl<const N: usize> Gauge<N> {
    fn series(&self) -> &Family<Labels<N>, Level> {
        self.series.get_or_init(Family::default)
    }

    /// How much there is now.
    pub fn show<T: Into<Cow<'static, str>>>(&self, labels: [T; N], level: f64) {
        self.series().get_or_create(&self.set(labels.map(Into::into))).set(level);
    }

    /// Changes how much there is.
    pub fn change<T: Into<Cow<'static, str>>>(&self, labels: [T; N], by: f64) {
        self.series().get_or_create(&self.set(labels.map(Into::into))).inc_by(by);
    }

    /// Forgets every series: what is shown anew from a sample must not keep what the sample no longer has.
    pub fn clear(&self) {
        self.series().clear();
    }
}

impl<const N: usize> Histogram<N> {
    fn series(&self) -> &Timings<N> {
        self.series.get_or_init(|| Family::new_with_constructor(|| histogram::Histogram::new(SECONDS)))
    }

    /// Notes that it took so long.
    pub fn took<T: Into<Cow<'static, str>>>(&self, labels: [T; N], time: Duration) {
        self.series().get_or_create(&self.set(labels.map(Into::into))).observe(time.as_secs_f64());
    }
}

/// Everything this process has counted, in the text format of Prometheus.
pub fn page() -> String {
    let mut registry = Registry::default();
    for metric in ALL {
        metric.register(&mut registry);
    }
    let mut page = String::new();
    // writing to a string does not fail
    encode(&mut page, &registry).ok();
    page
}

/// What [`page`] is, for a `Content-Type`.
pub const FORMAT: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics;

    #[test]
    fn what_was_counted_is_on_the_page_under_the_name_of_the_table() {
        metrics::JOBS.add(["test_of_the_page", "done"], 3);
        metrics::JOB_RUN.took(["test_of_the_page"], Duration::from_millis(20));
        metrics::STREAMS.show(crate::ALONE, 2.0);
        let page = page();
        for line in [
            "skytwin_jobs_total{kind=\"test_of_the_page\",outcome=\"done\"} 3\n",
            "skytwin_job_run_seconds_bucket{le=\"0.025\",kind=\"test_of_the_page\"} 1\n",
            "skytwin_job_run_seconds_count{kind=\"test_of_the_page\"} 1\n",
            "skytwin_streams 2.0\n",
            "# EOF\n",
        ] {
            assert!(page.contains(line), "{line} is not in\n{page}");
        }
    }
}
