//! Every metric there is: its name, its labels and what it says, in one place.
//!
//! `ops/grafana.json` and `ops/alerts.yml` may use these names and no others; a test holds them to it. Label values come
//! from closed lists (kinds, states, route templates): never an id, a person, or text from outside, so that the number of
//! series is bounded and nobody is told about.

use crate::instrument::{About, Counter, Gauge, Histogram, Metric};

/// Each line makes the static and puts it on the list; the number of labels is part of its type.
macro_rules! metrics {
    ($($const:ident: $kind:ident<$n:literal> = $name:literal $labels:expr, $help:literal;)*) => {
        $(
            #[doc = $help]
            pub static $const: $kind<$n> = $kind::new($name, &$labels, $help);
        )*
        pub(crate) static ALL: &[&dyn Metric] = &[$(&$const),*];
    };
}

metrics! {
    // the queue, counted where jobs are run
    JOBS: Counter<2> = "skytwin_jobs_total" ["kind", "outcome"], "Runs of jobs by how they ended: done, retried, snoozed, dead, abandoned, given back.";
    JOB_WAIT: Histogram<1> = "skytwin_job_wait_seconds" ["kind"], "From when a job was due to its start, in seconds.";
    JOB_RUN: Histogram<1> = "skytwin_job_run_seconds" ["kind"], "How long a run of a job took, in seconds.";
    JOBS_RESCUED: Counter<1> = "skytwin_jobs_rescued_total" ["kind"], "Jobs taken back from workers that fell silent.";
    JOBS_UNREADABLE: Counter<1> = "skytwin_jobs_unreadable_total" ["kind"], "Jobs this process could not read, put back or parked.";
    QUEUE_ERRORS: Counter<0> = "skytwin_queue_errors_total" [], "Statements of the queue that failed or took too long.";

    // the whole database, the same from every process: sampled when somebody scrapes
    QUEUE_DEPTH: Gauge<2> = "skytwin_queue_depth" ["kind", "state"], "Jobs that are due, scheduled, running or dead; each counted up to 100000.";
    QUEUE_OLDEST: Gauge<1> = "skytwin_queue_oldest_due_seconds" ["kind"], "How long the oldest due job has been due, in seconds.";
    QUEUE_PAUSED: Gauge<1> = "skytwin_queue_paused" ["kind"], "1 while an operator has paused the queue for the whole fleet.";
    WORKERS: Gauge<1> = "skytwin_workers" ["kind"], "Workers that gave a sign of life within 30 seconds.";
    BREAKER_OPEN: Gauge<1> = "skytwin_engine_breaker_open" ["engine"], "1 while the engine is in trouble and its work waits.";
    ENGINE_MISCONFIGURED: Gauge<1> = "skytwin_engine_misconfigured" ["engine"], "1 while the engine turns us away: its address or token is wrong.";
    SYSTEM_STOPPED: Gauge<0> = "skytwin_system_stopped" [], "1 while the system's stop switch is on.";

    // what the twin does, counted when it is committed
    SIGNALS: Counter<0> = "skytwin_signals_total" [], "Signals accepted for the first time.";
    DECISIONS: Counter<1> = "skytwin_decisions_total" ["outcome"], "Decisions by outcome.";
    APPROVALS: Counter<2> = "skytwin_approvals_total" ["kind", "state"], "Approvals opened (pending) and resolved, by what became of them.";
    APPROVAL_WAIT: Histogram<2> = "skytwin_approval_wait_seconds" ["kind", "state"], "From when a person was asked to what became of it, in seconds.";
    EXECUTIONS: Counter<2> = "skytwin_executions_total" ["kind", "state"], "Executions planned, and how they settled; kind undo against kind act is the undo rate.";
    SPEND_REFUSALS: Counter<1> = "skytwin_spend_refusals_total" ["rule"], "Actions held back because of money, by the rule that did.";
    NOTIFICATIONS: Counter<1> = "skytwin_notifications_total" ["kind"], "Notifications written for people.";

    // engines, as this process hears them
    ENGINE_CALLS: Histogram<3> = "skytwin_engine_call_seconds" ["engine", "call", "sign"], "Calls to an engine by what they say of it, in seconds.";
    TOKEN_REFRESHES: Counter<2> = "skytwin_token_refreshes_total" ["provider", "outcome"], "Refreshes of accounts' tokens by how they ended.";

    // the API
    HTTP: Histogram<3> = "skytwin_http_request_seconds" ["method", "route", "status"], "Requests by route template and status, in seconds to the answer's head.";
    HTTP_LIMITED: Counter<1> = "skytwin_http_limited_total" ["by"], "Requests turned away because too many came from one token or one address.";
    STREAMS: Gauge<0> = "skytwin_streams" [], "Clients that follow events in this process.";

    // the process
    POOL: Gauge<1> = "skytwin_db_connections" ["state"], "Connections of this process's pool: busy, idle, and most it may have (limit).";
    BUILD: Gauge<1> = "skytwin_build_info" ["version"], "Always 1; its label says which version runs.";
}

/// Every metric, for whoever checks names.
pub fn all() -> Vec<About> {
    ALL.iter().map(|metric| metric.about()).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::Kind;

    #[test]
    fn every_name_follows_the_conventions_and_stands_once() {
        let all = all();
        let names: BTreeSet<&str> = all.iter().map(|about| about.name).collect();
        assert_eq!(names.len(), all.len());
        for about in all {
            assert!(about.name.starts_with("skytwin_") && about.help.ends_with('.'), "{about:?}");
            assert_eq!(about.kind == Kind::Counter, about.name.ends_with("_total"), "{about:?}");
            assert_eq!(
                about.kind == Kind::Histogram,
                about.name.ends_with("_seconds") && about.help.contains("in seconds") && about.kind != Kind::Gauge,
                "{about:?}"
            );
            assert!(!about.labels.iter().any(|label| ["user", "id", "token", "le"].contains(label)), "{about:?}");
        }
    }
}
