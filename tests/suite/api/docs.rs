//! The OpenAPI document is whole and true, and its page needs nothing from outside.

use std::collections::BTreeSet;

use serde_json::Value;

use super::Door;

/// Every value of a member, anywhere.
fn all<'a>(value: &'a Value, name: &str, found: &mut Vec<&'a Value>) {
    match value {
        Value::Object(members) => {
            found.extend(members.get(name));
            members.values().for_each(|member| all(member, name, found));
        }
        Value::Array(items) => items.iter().for_each(|item| all(item, name, found)),
        _ => {}
    }
}

#[test]
fn the_document_is_openapi_3_1_and_every_reference_leads_somewhere() {
    let document = serde_json::to_value(api::docs::document()).unwrap();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1."));
    assert!(document["info"]["title"].is_string() && document["info"]["version"].is_string());
    let mut references = Vec::new();
    all(&document, "$ref", &mut references);
    assert!(references.len() > 50, "{}", references.len());
    for reference in references {
        let pointer = reference.as_str().unwrap().strip_prefix('#').expect("a reference within the document");
        assert!(document.pointer(pointer).is_some(), "{pointer} leads nowhere");
    }
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        assert!(name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b)), "{name}");
        assert!(schema.is_object(), "{name}");
    }
}

#[test]
fn every_operation_is_named_described_and_says_how_it_refuses() {
    let document = serde_json::to_value(api::docs::document()).unwrap();
    let tags: BTreeSet<_> =
        document["tags"].as_array().unwrap().iter().map(|tag| tag["name"].as_str().unwrap()).collect();
    let mut names = BTreeSet::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let at = format!("{method} {path}");
            assert!(
                names.insert(operation["operationId"].as_str().unwrap_or_else(|| panic!("{at}"))),
                "{at}: its name is taken"
            );
            assert!(operation["summary"].as_str().is_some_and(|summary| !summary.is_empty()), "{at}");
            assert!(tags.contains(operation["tags"][0].as_str().unwrap()), "{at}");
            assert!(operation["responses"]["default"]["content"]["application/problem+json"].is_object(), "{at}");
            assert!(
                operation["responses"].as_object().unwrap().keys().any(|status| status.starts_with(['2', '3'])),
                "{at}"
            );
            let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
            let named: Vec<_> = parameters.iter().map(|parameter| parameter["name"].as_str().unwrap()).collect();
            assert_eq!(named.contains(&"Idempotency-Key"), method == "post", "{at}");
            for part in path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')) {
                assert!(named.contains(&part), "{at} does not describe {part}");
            }
        }
    }
}

#[tokio::test]
async fn the_page_and_all_it_loads_come_from_here() {
    let door = Door::open().await;
    let served = door.get("/openapi.json", "").await.is(200);
    assert_eq!(served.body(), serde_json::to_value(api::docs::document()).unwrap());
    let page = door.get("/docs/", "").await.is(200);
    assert!(page.header("content-type").starts_with("text/html"), "{page:?}");
    assert!(page.header("content-security-policy").starts_with("default-src 'self'"));
    for outside in ["http://", "https://", "\"//"] {
        assert!(!page.text.contains(outside), "{}", page.text);
    }
    let parts = page.text.split(['"', '\'']).filter(|part| part.ends_with(".js") || part.ends_with(".css"));
    let parts: Vec<_> = parts.map(|part| part.trim_start_matches("./")).collect();
    assert!(parts.len() >= 3, "{parts:?}");
    for part in parts {
        let loaded = door.get(&format!("/docs/{part}"), "").await.is(200);
        assert!(!loaded.text.is_empty(), "{part}");
    }
    let initial = door.get("/docs/swagger-initializer.js", "").await.is(200);
    assert!(initial.text.contains("/api/v1/openapi.json"), "{}", initial.text);
}
