//! The limits of a person: their schema, and what no type can check about them.

use domain::{
    settings::{self as inner, ApprovalMinutes, QuietHours},
    signal::Domain,
};
use utoipa::ToSchema;

use super::words;
use crate::check::Checks;

/// Highest limit, in cents: ten billion of anything is a typing mistake.
const HIGHEST: i64 = 1_000_000_000_000;
/// Longest life of an approval, in minutes: thirty days.
const LONGEST: u32 = 30 * 24 * 60;

/// The person's limits on the twin.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "a schema: the domain's own type is read and written, a test keeps them alike")]
pub struct Autonomy {
    /// Most one action may cost, in cents; null means every cost is asked about.
    #[schema(minimum = 0)]
    max_spend_per_action_cents: Option<i64>,
    /// Most that may be spent within 24 h, in cents.
    #[schema(minimum = 0)]
    max_daily_spend_cents: Option<i64>,
    /// The currency of both limits.
    #[schema(value_type = Option<words::Currency>)]
    currency: Option<String>,
    /// If not empty, only these domains are allowed.
    #[schema(value_type = Option<Vec<words::Domain>>)]
    allowed_domains: Option<Vec<Domain>>,
    /// Never act in these.
    #[schema(value_type = Option<Vec<words::Domain>>)]
    blocked_domains: Option<Vec<Domain>>,
    /// Ask before anything irreversible; on unless told.
    require_approval_for_irreversible: Option<bool>,
    /// When to keep quiet.
    quiet_hours: Option<Quiet>,
    /// How long approvals stay open, in minutes, by urgency.
    approval_minutes: Option<Minutes>,
}

/// Local wall-clock hours: start inclusive, end exclusive, may wrap midnight.
#[derive(Debug, ToSchema)]
#[schema(as = QuietHours)]
#[expect(dead_code, reason = "a schema")]
pub struct Quiet {
    /// `HH:MM`
    #[schema(example = "22:00", pattern = "^[0-2][0-9]:[0-5][0-9]$")]
    start: String,
    /// `HH:MM`
    #[schema(example = "07:00", pattern = "^[0-2][0-9]:[0-5][0-9]$")]
    end: String,
}

/// Minutes by urgency.
#[derive(Debug, ToSchema)]
#[schema(as = ApprovalMinutes)]
#[expect(dead_code, reason = "a schema")]
pub struct Minutes {
    critical: Option<u32>,
    high: Option<u32>,
    medium: Option<u32>,
    low: Option<u32>,
}

/// Notes what can't be.
pub(crate) fn check(autonomy: &inner::Autonomy, checks: &mut Checks) {
    let limits = [
        ("/autonomy/max_spend_per_action_cents", autonomy.max_spend_per_action_cents),
        ("/autonomy/max_daily_spend_cents", autonomy.max_daily_spend_cents),
    ];
    for (path, limit) in limits {
        checks.want(
            limit.is_none_or(|cents| (0..=HIGHEST).contains(&cents)),
            path,
            format!("0 to {HIGHEST} cents, or null"),
        );
    }
    let both = autonomy.blocked_domains.iter().find(|domain| autonomy.allowed_domains.contains(domain));
    if let Some(domain) = both {
        checks.wrong("/autonomy/blocked_domains", format!("{domain} is allowed and blocked; take it out of one list"));
    }
    if autonomy.quiet_hours.is_some_and(|QuietHours { start, end }| start == end) {
        checks.wrong("/autonomy/quiet_hours", "starts when it ends; use null for none");
    }
    let ApprovalMinutes { critical, high, medium, low } = autonomy.approval_minutes;
    for (name, minutes) in [("critical", critical), ("high", high), ("medium", medium), ("low", low)] {
        let path = format!("/autonomy/approval_minutes/{name}");
        checks.want((1..=LONGEST).contains(&minutes), path, format!("1 to {LONGEST} minutes"));
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;
    use utoipa::PartialSchema;

    use super::*;

    #[test]
    fn the_schema_has_exactly_the_domains_fields() {
        fn keys(value: &Value) -> BTreeSet<String> {
            value.as_object().unwrap().keys().cloned().collect()
        }
        let schema = |schema| {
            serde_json::to_value::<utoipa::openapi::RefOr<utoipa::openapi::Schema>>(schema).unwrap()["properties"]
                .clone()
        };
        let real = serde_json::to_value(inner::Autonomy::default()).unwrap();
        assert_eq!(keys(&schema(Autonomy::schema())), keys(&real));
        assert_eq!(keys(&schema(Minutes::schema())), keys(&real["approval_minutes"]));
    }

    #[test]
    fn what_contradicts_itself_is_noted_with_its_place() {
        let autonomy: inner::Autonomy = serde_json::from_str(
            r#"{"max_daily_spend_cents":-1,"allowed_domains":["email"],"blocked_domains":["email"],
                "quiet_hours":{"start":"07:00","end":"07:00"},"approval_minutes":{"low":0}}"#,
        )
        .unwrap();
        let mut checks = Checks::default();
        check(&autonomy, &mut checks);
        let body = serde_json::to_value(checks.done().unwrap_err().body()).unwrap();
        let paths: Vec<_> = body["errors"].as_array().unwrap().iter().map(|e| e["path"].as_str().unwrap()).collect();
        let expected = ["max_daily_spend_cents", "blocked_domains", "quiet_hours", "approval_minutes/low"];
        assert_eq!(paths, expected.map(|path| format!("/autonomy/{path}")));
        let mut fine = Checks::default();
        check(&inner::Autonomy::default(), &mut fine);
        assert!(fine.done().is_ok());
    }
}
