//! Everything that is stored about a person, as JSON: table by table, row by row, as it stands there.
//!
//! Invariant: complete. A test compares the list with the database's own of tables that belong to a person. Left out are
//! only columns that are keys to something (hashes of tokens, sealed secrets), and tickets that live for seconds.

use domain::id::UserId;
use serde_json::{Map, Value};

use crate::{Result, Tx, UserLock};

/// One query per table: the macro that checks SQL wants each written out.
macro_rules! tables {
    ($tx:ident, $user:ident, $all:ident; $($name:literal from $from:tt),* $(,)?) => { $(
        let rows = sqlx::query_scalar!(
            "SELECT coalesce(jsonb_agg(to_jsonb(t) - ARRAY['secret_hash', 'state_hash', 'challenge', 'sealed']), '[]') AS \"rows!\"
               FROM " + $from,
            $user.uuid(),
        )
        .fetch_one($tx.connection())
        .await?;
        $all.insert($name.to_owned(), rows);
    )* };
}

/// Everything of the locked person, by table.
pub async fn of(tx: &mut Tx, lock: &UserLock) -> Result<Map<String, Value>> {
    let user: UserId = lock.user();
    let mut all = Map::new();
    tables! { tx, user, all;
        "users" from "users t WHERE t.id = $1",
        "domain_tiers" from "domain_tiers t WHERE t.user_id = $1",
        "preferences" from "preferences t WHERE t.user_id = $1",
        "preference_history" from "preference_history t WHERE t.user_id = $1",
        "own_rules" from "own_rules t WHERE t.user_id = $1",
        "twin_profiles" from "twin_profiles t WHERE t.user_id = $1",
        "twin_versions" from "twin_versions t WHERE t.user_id = $1",
        "trust_audit" from "trust_audit t WHERE t.user_id = $1",
        "asks_owed" from "asks_owed t WHERE t.user_id = $1",
        "signals" from "signals t WHERE t.user_id = $1",
        "decisions" from "decisions t WHERE t.user_id = $1",
        "candidates" from "candidates t WHERE t.decision_id IN (SELECT d.id FROM decisions d WHERE d.user_id = $1)",
        "approvals" from "approvals t WHERE t.user_id = $1",
        "feedback" from "feedback t WHERE t.user_id = $1",
        "executions" from "executions t WHERE t.user_id = $1",
        "execution_steps" from "execution_steps t WHERE t.execution_id IN (SELECT e.id FROM executions e WHERE e.user_id = $1)",
        "daily_spend_ledger" from "daily_spend_ledger t WHERE t.user_id = $1",
        "spend_overrides" from "spend_overrides t WHERE t.user_id = $1",
        "events" from "events t WHERE t.user_id = $1",
        "notifications" from "notifications t WHERE t.user_id = $1",
        "channels" from "channels t WHERE t.user_id = $1",
        "deliveries" from "deliveries t WHERE t.user_id = $1",
        "accounts" from "accounts t WHERE t.user_id = $1",
        "account_connects" from "account_connects t WHERE t.user_id = $1",
        "sources" from "sources t WHERE t.user_id = $1",
        "hooks" from "hooks t WHERE t.user_id = $1",
        "hook_secrets" from "hook_secrets t WHERE t.hook_id IN (SELECT h.id FROM hooks h WHERE h.user_id = $1)",
        "engine_identities" from "engine_identities t WHERE t.user_id = $1",
        "secrets" from "secrets t WHERE t.user_id = $1",
        "api_tokens" from "api_tokens t WHERE t.user_id = $1",
        "login_links" from "login_links t WHERE t.user_id = $1",
        "sessions" from "sessions t WHERE t.user_id = $1",
    }
    Ok(all)
}
