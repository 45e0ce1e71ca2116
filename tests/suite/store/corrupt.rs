//! A row that does not fit its type is named, and nothing panics.

use ::store::{Error, approvals, decisions, events, executions, facts, preferences, signals, users};
use domain::{event::Name, outbox::Outbox, signal::Object};
use tests::World;

use super::made;

/// Damages a column, has it read, and repairs it.
macro_rules! corrupt {
    ($world:expr, $table:literal, $column:literal = $value:literal, $read:expr) => {
        made::sql(&$world.pool, concat!("CREATE TABLE kept AS TABLE ", $table)).await.unwrap();
        made::sql(&$world.pool, concat!("UPDATE ", $table, " SET ", $column, " = ", $value)).await.unwrap();
        match $read {
            Err(Error::Corrupt { table, column, .. }) => assert_eq!((table, column), ($table, $column)),
            other => panic!("{}.{}: {other:?}", $table, $column),
        }
        made::sql(&$world.pool, concat!("UPDATE ", $table, " SET ", $column, " = kept.", $column, " FROM kept"))
            .await
            .unwrap();
        made::sql(&$world.pool, "DROP TABLE kept").await.unwrap();
        assert!($read.is_ok(), "repaired");
    };
}

#[tokio::test]
async fn a_row_that_does_not_fit_its_type_is_reported_by_table_and_column() {
    let world = World::new().await;
    let user = made::user(&world).await;
    let approval = made::stored_approval(&world, user).await;
    let store = &world.store;
    corrupt!(world, "signals", "domain" = "'nowhere'", signals::list(store, user, None, 9).await);
    corrupt!(
        world,
        "decisions",
        "situation" = "'nothing'",
        decisions::list(store, user, decisions::Filter::default(), None, 9).await
    );
    corrupt!(world, "decisions", "domain" = "'nowhere'", decisions::get(store, user, approval.decision).await);
    corrupt!(world, "decisions", "context" = "'{}'", decisions::get(store, user, approval.decision).await);
    corrupt!(world, "candidates", "verdict" = "'7'", decisions::get(store, user, approval.decision).await);
    corrupt!(world, "approvals", "action" = "'{\"verb\": \"fly\"}'", approvals::get(store, user, approval.id).await);
    corrupt!(world, "approvals", "risk" = "'[]'", approvals::of_decision(store, user, approval.decision).await);
    corrupt!(world, "users", "timezone" = "'Mars/Base'", users::settings(store, user).await);
    corrupt!(world, "users", "autonomy" = "'{\"surprise\": 1}'", users::get(store, user).await);

    let execution = made::stored_execution(&world, user).await;
    corrupt!(world, "executions", "action" = "'{}'", executions::get(store, user, execution.id).await);
    corrupt!(world, "executions", "currency" = "'dollars'", executions::list(store, user, None, 9).await);
    corrupt!(world, "execution_steps", "action" = "'{}'", executions::get(store, user, execution.id).await);
}

#[tokio::test]
async fn facts_that_can_not_be_read_stop_everything() {
    let world = World::new().await;
    let user = made::user(&world).await;
    let load = async || made::change(&world, user, async |tx, lock| facts::load(tx, lock, world.now()).await).await;
    let insert = |table: &str, columns: &str, values: &str| {
        format!(
            "INSERT INTO {table} (id, user_id, created_at, updated_at, {columns}) VALUES ('{user}', '{user}', '2026-01-01', '2026-01-01', {values})"
        )
    };
    made::sql(&world.pool, insert("own_rules", "kind, body", "'policy', '{}'")).await.unwrap();
    assert!(matches!(load().await, Err(Error::Corrupt { table: "own_rules", column: "body", .. })));
    made::sql(&world.pool, "DELETE FROM own_rules").await.unwrap();
    made::sql(
        &world.pool,
        insert("preferences", "domain, key, value, half_steps, source", "'nowhere', 'k', 'true', 3, 'explicit'"),
    )
    .await
    .unwrap();
    assert!(matches!(load().await, Err(Error::Corrupt { table: "preferences", column: "domain", .. })));
    assert!(matches!(preferences::list(&world.store, user).await, Err(Error::Corrupt { .. })));
    made::sql(&world.pool, "DELETE FROM preferences").await.unwrap();
    load().await.unwrap();
}

#[tokio::test]
async fn an_event_of_an_unknown_name_is_reported() {
    let world = World::new().await;
    let user = made::user(&world).await;
    let tx = world.store.begin().await.unwrap();
    tx.commit(Outbox::nothing().event(user, Name::TwinUpdated, Object::new()), world.now()).await.unwrap();
    made::sql(&world.pool, "UPDATE events SET name = 'moon.landing'").await.unwrap();
    assert!(matches!(
        events::since(&world.store, user, 0, 9).await,
        Err(Error::Corrupt { table: "events", column: "name", .. })
    ));
}
