//! Preferences: what the person says themselves counts as explicit and confirmed (`domain.md` §11).

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use domain::{
    learning::Held,
    signal::Domain,
    tier::Confidence,
    twin::{self, Source},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::{
    Error,
    learning::{self, Moved},
    preferences,
};
use utoipa::ToSchema;

use crate::{
    State as Api,
    body::Body,
    caller::{Person, Read, Settings as MaySet},
    check::Checks,
    cursor,
    problem::Problem,
    wire::{
        learning::{Entry, Preference},
        words,
    },
};

/// Longest key, in characters.
const LONGEST: usize = 100;
/// Longest value, in bytes of JSON.
const LARGEST: usize = 8 << 10;

/// Every preference.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Preferences {
    /// By domain and key.
    items: Vec<Preference>,
}

/// What the person says.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Stated {
    /// What they prefer; false speaks against.
    value: Value,
}

/// The changes of a preference.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct History {
    /// The latest first, at most 200.
    items: Vec<Entry>,
}

/// Wants a key such as `auto_archive`.
pub(super) fn key(checks: &mut Checks, key: &str, path: &str) {
    let fine = (1..=LONGEST).contains(&key.len())
        && key.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_-.:".contains(&b));
    checks.want(fine, path, format!("1 to {LONGEST} of a-z, 0-9, _ - . :"));
}

/// Wants a value that is not too large.
pub(super) fn value(checks: &mut Checks, value: &Value) {
    checks.want(value.to_string().len() <= LARGEST, "/value", format!("at most {LARGEST} bytes"));
}

/// Domain and key out of the path.
fn named(domain: &str, key: &str) -> Result<Domain, Problem> {
    let mut checks = Checks::default();
    let parsed = domain.parse::<Domain>();
    if let Err(unknown) = &parsed {
        checks.wrong("domain", unknown.to_string());
    }
    self::key(&mut checks, key, "key");
    checks.done()?;
    parsed.map_err(|unknown| Problem::one("domain", unknown.to_string()))
}

/// List preferences: what was said and what was learned.
#[utoipa::path(get, path = "/preferences", tag = "preferences", security(("token" = ["read"])), responses(
    (status = 200, description = "All of them.", body = Preferences),
))]
pub(crate) async fn list(State(api): State<Api>, caller: Person<Read>) -> Result<Json<Preferences>, Problem> {
    let items = preferences::list(&api.store, caller.user).await?;
    Ok(Json(Preferences { items: items.into_iter().map(Preference::from).collect() }))
}

/// Say what you prefer: explicit and confirmed from now on, whatever was learned before.
#[utoipa::path(put, path = "/preferences/{domain}/{key}", tag = "preferences", request_body = Stated, security(("token" = ["settings"])),
    params(("domain" = words::Domain, Path), ("key" = String, Path)), responses(
    (status = 200, description = "The preference as it is now.", body = Preference),
))]
pub(crate) async fn put(
    State(api): State<Api>,
    caller: Person<MaySet>,
    Path((domain, key)): Path<(String, String)>,
    Body(stated): Body<Stated>,
) -> Result<Json<Preference>, Problem> {
    let now = api.clock.now();
    let domain = named(&domain, &key)?;
    let mut checks = Checks::default();
    value(&mut checks, &stated.value);
    checks.done()?;
    let mut tx = api.store.begin().await?;
    let lock = tx.lock(caller.user).await?;
    let held = preferences::held(&mut tx, caller.user).await?;
    let before = held.into_iter().find(|held| held.preference.domain == domain && held.preference.key == key);
    let id = before.as_ref().map(|held| held.preference.id);
    let preference = twin::Preference {
        id: id.unwrap_or_else(|| caller.user.child(&format!("preference:{domain}:{key}"))),
        domain,
        key,
        value: stated.value,
        confidence: Confidence::Confirmed,
        source: Source::Explicit,
        evidence_count: 1,
    };
    let after = Held::new(preference.clone(), Confidence::Confirmed.half_steps());
    let moved = [Moved { before, after: Some(after) }];
    let outbox = learning::write(&mut tx, &lock, &moved, "stated", now).await?;
    tx.commit(outbox, now).await?;
    Ok(Json(preference.into()))
}

/// Forget a preference, said or learned.
#[utoipa::path(delete, path = "/preferences/{domain}/{key}", tag = "preferences", security(("token" = ["settings"])),
    params(("domain" = words::Domain, Path), ("key" = String, Path)), responses((status = 204, description = "Forgotten.")))]
pub(crate) async fn delete(
    State(api): State<Api>,
    caller: Person<MaySet>,
    Path((domain, key)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    let now = api.clock.now();
    let domain = named(&domain, &key)?;
    let mut tx = api.store.begin().await?;
    let lock = tx.lock(caller.user).await?;
    let held = preferences::held(&mut tx, caller.user).await?;
    let before = held.into_iter().find(|held| held.preference.domain == domain && held.preference.key == key);
    let before = Some(before.ok_or(Error::NotFound)?);
    let outbox = learning::write(&mut tx, &lock, &[Moved { before, after: None }], "withdrawn", now).await?;
    tx.commit(outbox, now).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// How a preference came to be what it is, or why it is gone.
#[utoipa::path(get, path = "/preferences/{domain}/{key}/history", tag = "preferences", security(("token" = ["read"])),
    params(("domain" = words::Domain, Path), ("key" = String, Path)), responses(
    (status = 200, description = "Its changes.", body = History),
))]
pub(crate) async fn history(
    State(api): State<Api>,
    caller: Person<Read>,
    Path((domain, key)): Path<(String, String)>,
) -> Result<Json<History>, Problem> {
    let domain = named(&domain, &key)?;
    let found = learning::history(&api.store, caller.user, domain, &key, cursor::MOST).await?;
    if found.is_empty() {
        return Err(Problem::not_found("history"));
    }
    Ok(Json(History { items: found.into_iter().map(Entry::from).collect() }))
}
