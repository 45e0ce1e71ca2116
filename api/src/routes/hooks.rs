//! Hooks: doors for whoever can sign but has no token. A sender posts to `/hooks/{id}` with a Standard Webhooks signature;
//! the person makes, lists, renews and removes the doors under `/webhooks`.
//!
//! What comes in is a signal like any other, with the sender's id of it as its own, so a delivery that is repeated is the
//! same signal. The source is the hook's: a sender can't speak for another.

use axum::{
    Extension, Json,
    body::Bytes,
    extract::{Request, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use chrono::TimeDelta;
use domain::{
    id::kind,
    outbox::Outbox,
    signal::{Object, Signal},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::{
    hooks::{self, Hook},
    signals::Identity,
};
use utoipa::ToSchema;
use uuid::Uuid;
use webhook::signature::{self, Signed};

use super::signals::{Receipt, accept};
use crate::{
    State as Api, body,
    body::Body,
    caller::{Person, Read, Settings as MaySet},
    check::Checks,
    idempotency::KeepInstead,
    problem::{Code, Problem},
    query::At,
    wire::words,
};

/// Most bytes of a delivery.
const MOST: usize = 256 << 10;
/// Most hooks of one person.
const MOST_HOOKS: usize = 50;
/// How long a secret stays good once there is a new one.
const OVERLAP: TimeDelta = TimeDelta::hours(24);

/// A hook to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewHook {
    /// What you call it.
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    /// What its signals come from, such as `billing`.
    #[schema(min_length = 1, max_length = 200)]
    source: String,
}

/// A hook.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Hook)]
pub(crate) struct Shown {
    id: Uuid,
    name: String,
    source: String,
    /// Where senders post to, below this API's address.
    path: String,
    #[schema(value_type = words::Instant)]
    created_at: Timestamp,
}

impl From<Hook> for Shown {
    fn from(hook: Hook) -> Self {
        let path = format!("/api/v1/hooks/{}", hook.id);
        Self { id: hook.id.uuid(), name: hook.name, source: hook.source, path, created_at: hook.created_at }
    }
}

/// A hook with a new secret.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MadeHook {
    hook: Shown,
    /// What signs for it, shown this once; null when this answer is given again.
    secret: Option<String>,
}

/// Every hook.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Hooks {
    /// The oldest first.
    items: Vec<Shown>,
}

/// Make a hook. Its secret is shown this once.
#[utoipa::path(post, path = "/webhooks", tag = "signals", request_body = NewHook, security(("token" = ["settings"])), responses(
    (status = 201, description = "Made: give the address and the secret to the sender.", body = MadeHook),
))]
pub(crate) async fn create(
    State(api): State<Api>,
    caller: Person<MaySet>,
    Body(new): Body<NewHook>,
) -> Result<Response, Problem> {
    let mut checks = Checks::default();
    checks.text(&new.name, "/name", 200);
    checks.text(&new.source, "/source", 200);
    checks.done()?;
    let now = api.clock.now();
    let hook = Hook { id: api.entropy.id(now), user: caller.user, name: new.name, source: new.source, created_at: now };
    let mut tx = api.store.begin().await?;
    let lock = tx.lock(caller.user).await?;
    if hooks::list(&mut tx, caller.user).await?.len() >= MOST_HOOKS {
        return Err(Problem::one(
            "",
            format!("you have {MOST_HOOKS} hooks, as many as there can be; remove one first"),
        ));
    }
    hooks::insert(&mut tx, &lock, &hook).await?;
    let (id, sealed, written) = secret(&api, &hook, now)?;
    hooks::add_secret(&mut tx, &lock, &hook, (id, &sealed), now, now).await?;
    tx.commit(Outbox::nothing(), now).await?;
    made(hook, written)
}

/// List hooks, without their secrets.
#[utoipa::path(get, path = "/webhooks", tag = "signals", security(("token" = ["read"])), responses(
    (status = 200, description = "All of them.", body = Hooks),
))]
pub(crate) async fn list(State(api): State<Api>, caller: Person<Read>) -> Result<Json<Hooks>, Problem> {
    let items = hooks::list(&api.store, caller.user).await?;
    Ok(Json(Hooks { items: items.into_iter().map(Shown::from).collect() }))
}

/// Give a hook a new secret. Those before it are good for another 24 hours.
#[utoipa::path(post, path = "/webhooks/{id}/secrets", tag = "signals", params(("id" = Uuid, Path)), security(("token" = ["settings"])),
    responses((status = 201, description = "The new one, shown this once.", body = MadeHook)))]
pub(crate) async fn renew(
    State(api): State<Api>,
    caller: Person<MaySet>,
    At(id): At<kind::Hook>,
) -> Result<Response, Problem> {
    let now = api.clock.now();
    let mut tx = api.store.begin().await?;
    let lock = tx.lock(caller.user).await?;
    let hook = hooks::get(&mut tx, caller.user, id).await?;
    let (id, sealed, written) = secret(&api, &hook, now)?;
    hooks::add_secret(&mut tx, &lock, &hook, (id, &sealed), now.plus(OVERLAP), now).await?;
    tx.commit(Outbox::nothing(), now).await?;
    made(hook, written)
}

/// Remove a hook: whatever is sent there from now on is turned away.
#[utoipa::path(delete, path = "/webhooks/{id}", tag = "signals", params(("id" = Uuid, Path)), security(("token" = ["settings"])),
    responses((status = 204, description = "Removed.")))]
pub(crate) async fn remove(
    State(api): State<Api>,
    caller: Person<MaySet>,
    At(id): At<kind::Hook>,
) -> Result<StatusCode, Problem> {
    let now = api.clock.now();
    let mut tx = api.store.begin().await?;
    let lock = tx.lock(caller.user).await?;
    hooks::remove(&mut tx, &lock, id).await?;
    tx.commit(Outbox::nothing(), now).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A new secret: its id, how it is kept, and how its sender is given it.
fn secret(api: &Api, hook: &Hook, now: Timestamp) -> Result<(Uuid, vault::Sealed, String), Problem> {
    let keys = api.config.vault.as_ref().ok_or_else(|| {
        Problem::new(Code::NoVault, "Give this process the vault's keys: SKYTWIN_VAULT_KEY or SKYTWIN_VAULT_KEY_FILE.")
    })?;
    let (id, secret) = (api.entropy.uuid(now), api.entropy.bytes::<32>());
    let sealed = keys.seal(hooks::binding(hook.user, id), &secret, &api.entropy);
    Ok((id, sealed.map_err(|error| Problem::internal(&error))?, signature::written(&secret)))
}

fn made(hook: Hook, written: String) -> Result<Response, Problem> {
    let mut shown = MadeHook { hook: hook.into(), secret: None };
    // What is kept under an Idempotency-Key must open nothing.
    let kept = serde_json::to_vec(&shown).map_err(|error| Problem::internal(&error))?;
    shown.secret = Some(written);
    Ok((StatusCode::CREATED, Extension(KeepInstead(Bytes::from(kept))), Json(shown)).into_response())
}

/// Post a signal through a hook.
///
/// Signed as the Standard Webhooks specification says: headers `webhook-id`, `webhook-timestamp` and `webhook-signature`.
/// The body is a JSON object; its `type`, `timestamp` and `data`, where it has them, become the signal's.
#[utoipa::path(post, path = "/hooks/{id}", tag = "signals", params(
    ("id" = Uuid, Path),
    ("webhook-id" = String, Header, description = "The sender's id of it: the same id is the same signal."),
    ("webhook-timestamp" = String, Header, description = "Seconds since 1970, when it was signed."),
    ("webhook-signature" = String, Header, description = "`v1,` and the signature; several, apart by blanks."),
), request_body = Object, responses(
    (status = 202, description = "Taken; it will be decided.", body = Receipt),
    (status = 200, description = "Taken before.", body = Receipt),
))]
pub(crate) async fn receive(
    State(api): State<Api>,
    At(id): At<kind::Hook>,
    headers: HeaderMap,
    request: Request,
) -> Result<Response, Problem> {
    let now = api.clock.now();
    let said = |name: &str, most: usize| {
        let value = headers.get(name).and_then(|value| value.to_str().ok());
        let value = value.filter(|value| (1..=most).contains(&value.len()));
        value.ok_or_else(|| unsigned(format!("The header `{name}` is missing, or longer than {most} bytes.")))
    };
    let (delivery, timestamp) = (said("webhook-id", 256)?, said("webhook-timestamp", 32)?);
    let signatures = said("webhook-signature", 4096)?;
    let bytes = body::whole(request, MOST).await?;
    let hook = hooks::find(&api.store, id).await?;
    let mut secrets = Vec::new();
    for (binding, sealed) in hooks::secrets_of(&api.store, &hook, now).await? {
        let keys = api.config.vault.as_ref().ok_or_else(|| Problem::new(Code::NoVault, "This process has no keys."))?;
        secrets.push(keys.open(binding, &sealed).map_err(|error| Problem::internal(&error))?);
    }
    let signed = Signed { id: delivery, timestamp, signatures, body: &bytes };
    signed.check(secrets.iter().map(vault::Opened::reveal), now).map_err(|why| unsigned(format!("{why}.")))?;

    let signal = signal(&hook, delivery, body::read(&bytes)?, api.entropy.id(now), now)?;
    accept(&api, &signal, Identity::External(delivery.to_owned()), now).await
}

fn unsigned(detail: String) -> Problem {
    Problem::new(Code::Unauthenticated, detail)
}

/// The signal in a delivery.
fn signal(
    hook: &Hook,
    delivery: &str,
    mut body: Object,
    id: domain::id::SignalId,
    now: Timestamp,
) -> Result<Signal, Problem> {
    let kind = body.get("type").and_then(Value::as_str).unwrap_or("webhook").to_owned();
    let mut checks = Checks::default();
    checks.text(&kind, "/type", 200);
    checks.done()?;
    let occurred_at = body.get("timestamp").and_then(|at| at.as_str()?.parse().ok());
    let payload = match body.remove("data") {
        Some(Value::Object(data)) => data,
        Some(other) => {
            body.insert("data".to_owned(), other);
            body
        }
        None => body,
    };
    Ok(Signal {
        id,
        user: hook.user,
        source: hook.source.clone(),
        kind,
        external_id: Some(delivery.to_owned()),
        occurred_at,
        received_at: now,
        urgency: None,
        domain: None,
        payload,
    })
}

#[cfg(test)]
mod tests {
    use domain::id::Id;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(fuzz::cases(1))]

        #[test]
        fn whoever_signs_says_what_happened_and_neither_whose_it_is_nor_where_from(
            body in fuzz::object_of(&["type", "timestamp", "data", "user", "source", "urgency", "domain", "tier", "2026-03-01T09:00:00Z"]),
        ) {
            let now: Timestamp = "2026-03-01T10:00:00Z".parse().unwrap();
            let (id, user) = (Id::new(Uuid::from_u128(1)), Id::new(Uuid::from_u128(2)));
            let hook = Hook { id, user, name: "Bank".into(), source: "bank".into(), created_at: now };
            if let Ok(signal) = signal(&hook, "msg-1", body, Id::new(Uuid::from_u128(3)), now) {
                prop_assert_eq!((signal.user, signal.source.as_str(), signal.received_at), (user, "bank", now));
                prop_assert_eq!((signal.external_id.as_deref(), signal.urgency, signal.domain), (Some("msg-1"), None, None));
                prop_assert!((1..=200).contains(&signal.kind.chars().count()));
            }
        }
    }
}
