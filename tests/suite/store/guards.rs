//! The database says the same again: a row whose state and columns disagree can't exist.

use tests::World;

use super::made;

/// Every statement is refused by a CHECK or a constraint.
async fn refused(world: &World, statements: &[&str]) {
    for statement in statements {
        let error = made::sql(&world.pool, *statement).await.expect_err(statement);
        let code = error.as_database_error().and_then(|refusal| refusal.code()).unwrap_or_default().into_owned();
        assert!(["23514", "23502", "23505"].contains(&code.as_str()), "{statement}: {error}");
    }
}

#[tokio::test]
async fn a_half_filled_state_is_refused() {
    let world = World::new().await;
    let user = made::user(&world).await;
    made::stored_approval(&world, user).await;
    refused(
        &world,
        &[
            "UPDATE approvals SET state = 'approved'",
            "UPDATE approvals SET state = 'approved', due_at = NULL, resolved_at = created_at",
            "UPDATE approvals SET state = 'approved', due_at = NULL, resolved_at = expires_at, answer = '{}', execution_id = id",
            "UPDATE approvals SET state = 'rejected', due_at = NULL, resolved_at = created_at, resolved_by = 'person'",
            "UPDATE approvals SET state = 'rejected', due_at = NULL, resolved_at = created_at, reasons_no = '{}'",
            "UPDATE approvals SET state = 'expired', due_at = NULL, resolved_at = expires_at - interval '1 microsecond'",
            "UPDATE approvals SET state = 'cancelled', due_at = NULL, resolved_at = created_at",
            "UPDATE approvals SET due_at = NULL",
            "UPDATE approvals SET resolved_at = created_at",
            "UPDATE approvals SET state = 'maybe'",
        ],
    )
    .await;

    made::stored_execution(&world, user).await;
    refused(
        &world,
        &[
            "UPDATE executions SET due_at = NULL",
            "UPDATE executions SET state = 'running', attempt = 1, engine = 'e'",
            "UPDATE executions SET state = 'running', request = '', engine = 'e'",
            "UPDATE executions SET state = 'succeeded', due_at = NULL, settled_at = created_at, request = '', engine = 'e', attempt = 1",
            "UPDATE executions SET state = 'succeeded', due_at = NULL, settled_at = created_at, result = '{}'",
            "UPDATE executions SET state = 'failed', due_at = NULL, settled_at = created_at, error = 'no'",
            "UPDATE executions SET state = 'cancelled', due_at = NULL, settled_at = created_at, error_class = 'refused'",
            "UPDATE executions SET state = 'unknown', due_at = NULL, settled_at = created_at, error = 'who knows'",
            "UPDATE executions SET settled_at = created_at",
            "UPDATE executions SET kind = 'undo'",
            "UPDATE executions SET currency = NULL",
            "UPDATE executions SET actual_cents = 5, actual_currency = 'USD'",
            "UPDATE executions SET reserved_cents = -1",
        ],
    )
    .await;
    refused(
        &world,
        &[
            "UPDATE signals SET state = 'dead'",
            "UPDATE signals SET dead_reason = 'no'",
            "UPDATE signals SET payload = '[]'",
            "UPDATE decisions SET chosen = NULL",
            "UPDATE decisions SET explanation = '{\"headline\": \"\"}'",
            "UPDATE daily_spend_ledger SET cents = -1",
        ],
    )
    .await;
}

#[tokio::test]
async fn a_second_of_what_is_there_once_is_refused() {
    let world = World::new().await;
    let user = made::user(&world).await;
    made::stored_execution(&world, user).await;
    refused(
        &world,
        &[
            "INSERT INTO decisions SELECT gen_random_uuid(), user_id, signal_id, situation, domain, urgency, trust_tier, outcome, chosen, context, explanation, decided_at FROM decisions",
            "INSERT INTO daily_spend_ledger SELECT gen_random_uuid(), user_id, execution_id, kind, cents, currency, flagged, at FROM daily_spend_ledger",
            "INSERT INTO daily_spend_ledger SELECT gen_random_uuid(), user_id, execution_id, k, cents, currency, flagged, at FROM daily_spend_ledger, unnest('{settle,release}'::text[]) AS k",
            "INSERT INTO system_state (one) VALUES (true)",
        ],
    )
    .await;
}
