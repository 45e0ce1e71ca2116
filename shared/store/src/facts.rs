//! Facts: everything the evaluator may look at, read under the user's lock, so that of two decisions the later one
//! sees what the earlier one reserved.
//!
//! One statement reads it all: every decision and every dispatch comes through here, and under the lock a round trip is
//! what others wait for. Lists travel as JSON; each kind of row is read by its own file.
//!
//! What can't be read makes the load fail ([`crate::Error::Corrupt`]) and nothing is done; a spend that does not add
//! up is handed on as unreadable, and the evaluator denies (`domain.md` §6 rule 12).

use domain::{
    action::Verb,
    execution::Execution,
    facts::{Context, Facts},
    id::UserId,
    ledger::{self, WINDOW},
    profile::Profile,
    signal::Domain,
    time::Timestamp,
    twin::History,
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{
    Error, Result, Tx, UserLock,
    ledger::EntryRow,
    policies::{Kept, RuleRow},
    preferences::PreferenceRow,
    row::Row,
    users::SettingsRow,
};

/// How often something of a domain happened.
#[derive(Deserialize)]
struct Tally {
    domain: String,
    verb: Option<String>,
    count: i64,
}

/// How often a verb has to ask yet.
#[derive(Deserialize)]
struct Owed {
    verb: String,
    remaining: i32,
}

/// Everything about the locked user as of `now`.
pub async fn load(tx: &mut Tx, lock: &UserLock, now: Timestamp) -> Result<Facts> {
    read(tx, lock, now, None).await.map(|(facts, _)| facts)
}

/// What an execution of the locked user's is reviewed by: the facts, its own reservation left out of the spend, and what
/// its decision was about, as far as risk and policy go by it.
pub async fn review(tx: &mut Tx, lock: &UserLock, now: Timestamp, of: &Execution) -> Result<(Facts, Context)> {
    let (facts, context) = read(tx, lock, now, Some(of)).await?;
    Ok((facts, Row::of("decisions", of.decision.uuid()).json("context", context.ok_or(Error::NotFound)?)?))
}

/// The facts, and what the decision of the execution to be reviewed was about.
async fn read(
    tx: &mut Tx,
    lock: &UserLock,
    now: Timestamp,
    reviewed: Option<&Execution>,
) -> Result<(Facts, Option<Value>)> {
    let user = lock.user();
    let found = sqlx::query!(
        r#"SELECT u.timezone, u.trust_tier, u.autonomy, u.settings_revision,
                  (u.stopped_at IS NOT NULL OR EXISTS (SELECT 1 FROM system_state s WHERE s.stopped_at IS NOT NULL)) AS "stopped!",
                  coalesce((SELECT jsonb_object_agg(d.domain, d.trust_tier) FROM domain_tiers d WHERE d.user_id = u.id), '{}')
                    AS "domain_tiers!",
                  (SELECT jsonb_agg(to_jsonb(p) ORDER BY p.domain, p.key) FROM preferences p WHERE p.user_id = u.id) AS preferences,
                  (SELECT jsonb_agg(to_jsonb(r) ORDER BY r.created_at, r.id) FROM own_rules r WHERE r.user_id = u.id) AS rules,
                  (SELECT jsonb_agg(to_jsonb(l)) FROM daily_spend_ledger l
                    WHERE l.user_id = u.id AND l.execution_id IS DISTINCT FROM $2
                      AND l.execution_id IN (
                        SELECT x.id FROM executions x WHERE x.user_id = u.id AND x.state IN ('planned', 'running', 'unknown')
                        UNION ALL
                        SELECT s.execution_id FROM daily_spend_ledger s
                         WHERE s.user_id = u.id AND s.kind = 'settle' AND s.at > $3)) AS spend,
                  (SELECT t.fields FROM twin_profiles t WHERE t.user_id = u.id) AS fields,
                  (SELECT jsonb_agg(to_jsonb(o)) FROM asks_owed o WHERE o.user_id = u.id) AS owed,
                  (SELECT jsonb_agg(to_jsonb(n)) FROM (
                     SELECT e.domain, e.verb, count(*) AS count FROM executions e
                      WHERE e.user_id = u.id AND e.state = 'succeeded' AND e.kind = 'act' GROUP BY e.domain, e.verb) AS n) AS done,
                  -- a no of the same instant as a yes counts: then the twin asks once more
                  (SELECT jsonb_agg(to_jsonb(n)) FROM (
                     SELECT f.domain, count(*) AS count FROM feedback f
                       LEFT JOIN (SELECT domain, max(at) AS at FROM feedback
                                   WHERE user_id = $1 AND kind IN ('approve', 'edit', 'reward') GROUP BY domain)
                                 AS yes ON yes.domain = f.domain
                      WHERE f.user_id = u.id AND f.kind IN ('reject', 'undo', 'punish') AND f.at >= coalesce(yes.at, '-infinity')
                      GROUP BY f.domain) AS n) AS rejections,
                  ARRAY(SELECT DISTINCT coalesce(e.action -> 'parameters' ->> 'payee', e.action -> 'parameters' ->> 'recipient',
                                                 e.action -> 'parameters' ->> 'vendor')
                          FROM executions e
                         WHERE e.user_id = u.id AND e.state = 'succeeded' AND e.kind = 'act'
                           AND e.verb IN ('pay_bill', 'transfer_funds')) AS "payees!: Vec<Option<String>>",
                  (SELECT d.context FROM decisions d WHERE d.id = $4 AND d.user_id = u.id) AS context
             FROM users u WHERE u.id = $1"#,
        user.uuid(),
        reviewed.map(|execution| execution.id.uuid()),
        now.minus(WINDOW).utc(),
        reviewed.map(|execution| execution.decision.uuid()),
    )
    .fetch_optional(tx.connection())
    .await?
    .ok_or(Error::NotFound)?;

    let settings = SettingsRow {
        timezone: found.timezone,
        trust_tier: found.trust_tier,
        autonomy: found.autonomy,
        settings_revision: found.settings_revision,
        stopped: found.stopped,
        domain_tiers: found.domain_tiers,
    };
    let settings = settings.read(user)?;
    let currency = settings.autonomy.currency;
    let entries = all("daily_spend_ledger", "id", user, found.spend, EntryRow::read)?;
    let entries: Vec<_> = entries.into_iter().filter(|entry| entry.currency == currency).collect();
    let preferences = all("preferences", "id", user, found.preferences, PreferenceRow::read)?;
    let rules: Vec<RuleRow> = all("own_rules", "body", user, found.rules, Ok)?;
    let row = |table| Row::of(table, user.uuid());

    let mut history = History::default();
    for Owed { verb, remaining } in all("asks_owed", "remaining", user, found.owed, Ok)? {
        let verb: Verb = row("asks_owed").word("verb", &verb)?;
        history.asks_owed.insert(verb, row("asks_owed").number("remaining", remaining)?);
    }
    let fields: Profile = row("twin_profiles").json("fields", row("twin_profiles").filled("fields", found.fields)?)?;
    history.traits = fields.held_traits();
    for Tally { domain, verb, count } in all("executions", "domain", user, found.done, Ok)? {
        let count: u32 = row("executions").number("id", count)?;
        let domain: Domain = row("executions").word("domain", &domain)?;
        let executed = history.executed.entry(domain).or_default();
        *executed = executed.saturating_add(count);
        let verb = row("executions").word("verb", verb.as_deref().unwrap_or_default())?;
        let pattern = history.patterns.entry(verb).or_default();
        *pattern = pattern.saturating_add(count);
    }
    for Tally { domain, verb: _, count } in all("feedback", "domain", user, found.rejections, Ok)? {
        let domain = row("feedback").word("domain", &domain)?;
        history.consecutive_rejections.insert(domain, row("feedback").number("id", count)?);
    }
    history.known_payees = found.payees.into_iter().flatten().map(|payee| payee.trim().to_lowercase()).collect();

    let facts = Facts {
        now,
        spend: ledger::window(&entries, currency, now),
        settings,
        preferences: preferences.into_iter().map(|held| held.preference).collect(),
        history,
        policies: of_kind(&rules)?,
        triggers: of_kind(&rules)?,
    };
    Ok((facts, found.context))
}

/// Rows that came as one JSON list; none is an empty one.
fn all<R: DeserializeOwned, T>(
    table: &'static str,
    column: &'static str,
    user: UserId,
    list: Option<Value>,
    read: impl Fn(R) -> Result<T>,
) -> Result<Vec<T>> {
    let Some(list) = list else { return Ok(Vec::new()) };
    let rows: Vec<R> = Row::of(table, user.uuid()).json(column, list)?;
    rows.into_iter().map(read).collect()
}

fn of_kind<T: Kept>(rules: &[RuleRow]) -> Result<Vec<T>> {
    rules.iter().filter(|rule| rule.kind == T::KIND).map(RuleRow::read).collect()
}
