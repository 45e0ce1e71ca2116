//! Channels as they are written: checked, changed by who has seen the latest, as many as are good for somebody.

use domain::channel::MOST;
use reqwest::Method;
use serde_json::json;

use super::rig::Rig;

#[tokio::test]
async fn a_channel_is_added_changed_and_removed() {
    let rig = Rig::new().await;
    let (channel, _) = rig.hook().await;
    let path = format!("/channels/{channel}");
    let shown = rig.shown(channel).await;
    assert_eq!((&shown["name"], &shown["minimum_severity"]), (&json!("127.0.0.1"), &json!("warning")));
    let change = json!({ "kind": "webhook", "name": "Home", "address": rig.hooks.url, "minimum_severity": "critical", "enabled": false });
    let (status, changed) = rig.call(Method::PUT, &path, Some(change)).await;
    assert_eq!((status, &changed["name"], &changed["revision"]), (200, &json!("Home"), &json!(2)));
    let other = json!({ "kind": "email", "address": "ada@home.example" });
    assert_eq!(rig.call(Method::PUT, &path, Some(other)).await.0, 422, "it stays a webhook");
    assert_eq!(rig.call(Method::DELETE, &path, None).await.0, 204);
    assert_eq!(rig.call(Method::GET, &path, None).await.0, 404);
    assert_eq!(rig.call(Method::GET, &format!("{path}/deliveries"), None).await.0, 404);
}

#[tokio::test]
async fn what_can_be_no_address_is_refused_and_so_is_one_channel_too_many() {
    let rig = Rig::new().await;
    let add = async |kind: &str, address: &str| {
        rig.call(Method::POST, "/channels", Some(json!({ "kind": kind, "address": address }))).await
    };
    for (kind, address) in [
        ("webhook", "not a url"),
        ("webhook", "ftp://example.org/"),
        ("webhook", "https://me:secret@example.org/"),
        ("email", "nobody"),
        ("email", "a@b"),
        ("email", "a b@example.org"),
        ("email", "a@example.org\r\nBcc: b@example.org"),
        ("email", "a@example.org, b@example.org"),
    ] {
        let (status, refused) = add(kind, address).await;
        assert_eq!((status, &refused["errors"][0]["path"]), (422, &json!("/address")), "{address}");
    }
    for _ in 0..MOST {
        assert_eq!(add("email", "ada@home.example").await.0, 201);
    }
    assert_eq!(add("email", "ada@home.example").await.0, 422);
}
