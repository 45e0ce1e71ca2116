//! Where nobody can listen: behind a proxy that pools transactions only the listening connection goes to the server
//! itself, and without any such connection everything is found by polling.

use reqwest::StatusCode;
use runtime::postgres::DATABASE;
use serde_json::json;
use sqlx::{Connection, PgConnection};
use tests::{Proxy, eventually, free_port};

use crate::fleet::{Fleet, Person};

const LETTERS: usize = 5;

/// Letters go the whole way; gives where the listening connections came from: ports of clients.
async fn works_with(fleet: &mut Fleet, variables: &[(&str, &str)]) -> i64 {
    let port = free_port();
    let address = format!("127.0.0.1:{port}");
    let own: Vec<_> = variables.iter().copied().chain([("SKYTWIN_LISTEN", address.as_str())]).collect();
    let (mut api, mut worker) = (fleet.start(&["api"], &own), fleet.start(&["worker"], variables));
    let person = Person::new(fleet, &[port], "moderate_autonomy");
    let (status, body) = person.call("PUT", "/preferences/email/auto_archive", Some(&json!({ "value": true }))).await;
    assert!(status.is_success(), "{body}");
    for n in 0..LETTERS {
        let letter = json!({ "source": "gmail", "type": "email_received", "external_id": format!("deaf-{n}"),
            "payload": { "message_id": format!("m-{n}"), "from": "news@letters.example", "subject": "Weekly letter",
                "category": "newsletter" } });
        let (status, body) = person.call("POST", "/signals", Some(&letter)).await;
        assert_eq!(status, StatusCode::ACCEPTED, "{body}");
    }
    eventually("every letter is archived", async || {
        let executions = person.all("/executions").await;
        let done = executions.iter().filter(|one| one["state"] == "succeeded").count();
        if done == LETTERS { Ok(()) } else { Err(format!("{executions:?}")) }
    })
    .await;
    let mut conn = PgConnection::connect_with(&fleet.postgres.options(DATABASE)).await.unwrap();
    let listening = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'skytwin bell'";
    let listening = sqlx::query_scalar(listening).fetch_one(&mut conn).await.unwrap();
    assert_eq!((api.terminate().await, worker.terminate().await), (Some(0), Some(0)), "{}{}", api.log(), worker.log());
    listening
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_listens_and_everything_is_found_by_polling() {
    let mut fleet = Fleet::new().await;
    let listening = works_with(&mut fleet, &[("SKYTWIN_LISTEN_DATABASE_URL", "off")]).await;
    assert_eq!(listening, 0);
    assert_eq!(fleet.engine.journal().len(), LETTERS);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_listening_connections_go_past_the_proxy() {
    let mut fleet = Fleet::new().await;
    let server = fleet.postgres.url(DATABASE);
    let proxy = Proxy::to(([127, 0, 0, 1], fleet.postgres.port()).into()).await;
    let through = server.reveal().replace(&format!(":{}/", fleet.postgres.port()), &format!(":{}/", proxy.port()));
    let variables = [("DATABASE_URL", through.as_str()), ("SKYTWIN_LISTEN_DATABASE_URL", server.reveal())];
    assert_eq!(works_with(&mut fleet, &variables).await, 2, "one for each process");
    assert_eq!(fleet.engine.journal().len(), LETTERS);
}
