//! Facts: everything the evaluator may look at, read under the user's lock, so that of two decisions the later one
//! sees what the earlier one reserved.
//!
//! What can't be read makes the load fail ([`crate::Error::Corrupt`]) and nothing is done; a spend that does not add
//! up is handed on as unreadable, and the evaluator denies (`domain.md` §6 rule 12).

use domain::{
    facts::Facts,
    id::{ExecutionId, UserId},
    signal::Domain,
    time::Timestamp,
    twin::History,
};

use crate::{Result, Tx, UserLock, learning, ledger, policies, preferences, profile, row::Row, users};

/// Everything about the locked user as of `now`. `except` leaves an execution's own reservation out of the spend.
pub async fn load(tx: &mut Tx, lock: &UserLock, now: Timestamp, except: Option<ExecutionId>) -> Result<Facts> {
    let user = lock.user();
    let settings = users::settings(&mut *tx, user).await?;
    let spend = ledger::view(&mut *tx, user, settings.autonomy.currency, now, except).await?;
    let preferences = preferences::list(&mut *tx, user).await?;
    let policies = policies::list(&mut *tx, user).await?.into_iter().map(|kept| kept.rule).collect();
    let triggers = policies::list(&mut *tx, user).await?.into_iter().map(|kept| kept.rule).collect();
    let history = history(tx, user).await?;
    Ok(Facts { now, settings, preferences, history, policies, triggers, spend })
}

/// What the record says.
async fn history(tx: &mut Tx, user: UserId) -> Result<History> {
    let row = |table| Row::of(table, user.uuid());
    let mut history = History {
        asks_owed: learning::owed(tx, user).await?.into_iter().collect(),
        traits: profile::get(&mut *tx, user).await?.fields.held_traits(),
        ..History::default()
    };

    let done = sqlx::query!(
        r#"SELECT domain, verb, count(*) AS "count!" FROM executions
            WHERE user_id = $1 AND state = 'succeeded' AND kind = 'act' GROUP BY domain, verb"#,
        user.uuid(),
    )
    .fetch_all(tx.connection())
    .await?;
    for done in done {
        let count: u32 = row("executions").number("id", done.count)?;
        let domain: Domain = row("executions").word("domain", &done.domain)?;
        let executed = history.executed.entry(domain).or_default();
        *executed = executed.saturating_add(count);
        let pattern = history.patterns.entry(row("executions").word("verb", &done.verb)?).or_default();
        *pattern = pattern.saturating_add(count);
    }

    // a no of the same instant as a yes counts: then the twin asks once more
    let rejections = sqlx::query!(
        r#"SELECT f.domain, count(*) AS "count!"
             FROM feedback f
             LEFT JOIN (SELECT domain, max(at) AS at FROM feedback WHERE user_id = $1 AND kind IN ('approve', 'edit', 'reward') GROUP BY domain)
                       AS yes ON yes.domain = f.domain
            WHERE f.user_id = $1 AND f.kind IN ('reject', 'undo', 'punish') AND f.at >= coalesce(yes.at, '-infinity')
            GROUP BY f.domain"#,
        user.uuid(),
    )
    .fetch_all(tx.connection())
    .await?;
    for rejection in rejections {
        let domain = row("feedback").word("domain", &rejection.domain)?;
        history.consecutive_rejections.insert(domain, row("feedback").number("id", rejection.count)?);
    }

    let payees = sqlx::query_scalar!(
        r#"SELECT DISTINCT coalesce(action -> 'parameters' ->> 'payee', action -> 'parameters' ->> 'recipient',
                                    action -> 'parameters' ->> 'vendor') AS payee
             FROM executions
            WHERE user_id = $1 AND state = 'succeeded' AND kind = 'act' AND verb IN ('pay_bill', 'transfer_funds')"#,
        user.uuid(),
    )
    .fetch_all(tx.connection())
    .await?;
    history.known_payees = payees.into_iter().flatten().map(|payee| payee.trim().to_lowercase()).collect();
    Ok(history)
}
