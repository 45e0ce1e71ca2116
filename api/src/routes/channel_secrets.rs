//! What signs what is sent to a webhook: shown once, and changed without losing anything (`domain.md` §12).

use axum::{
    Extension, Json,
    body::Bytes,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use domain::{
    channel::{Channel, Kind, OVERLAP},
    event::Name,
    id::kind,
};
use store::{channels, secrets};
use vault::Sealed;
use webhook::signature;

use super::channels::{CHANNEL, Shown};
use crate::{
    State as Api,
    caller::{Person, Settings as MaySet},
    change::Change,
    etag,
    idempotency::KeepInstead,
    problem::{Code, Problem},
    query::At,
};

/// A channel with what signs for it, which is in no other answer.
pub(super) fn made(channel: Channel, secret: Option<String>) -> Result<Response, Problem> {
    let mut shown = Shown::from(channel);
    // What is kept under an Idempotency-Key must sign nothing.
    let kept = serde_json::to_vec(&shown).map_err(|error| Problem::internal(&error))?;
    shown.secret = secret;
    let kept = Extension(KeepInstead(Bytes::from(kept)));
    Ok((StatusCode::CREATED, kept, etag::header(shown.revision), Json(shown)).into_response())
}

/// Makes what signs a webhook and keeps it sealed, with the one before it if there was one; gives it as it is shown.
pub(super) async fn keep(
    api: &Api,
    change: &mut Change,
    channel: &Channel,
    before: Option<Sealed>,
) -> Result<String, Problem> {
    let keys = api.config.vault.as_ref().ok_or_else(|| {
        Problem::new(Code::NoVault, "Give this process the vault's keys: SKYTWIN_VAULT_KEY or SKYTWIN_VAULT_KEY_FILE.")
    })?;
    let binding = channels::binding(channel.user, channel.id);
    let secret = api.entropy.bytes::<{ signature::SECRET }>();
    let mut both = secret.to_vec();
    if let Some(before) = before {
        let opened = keys.open(binding, &before).map_err(|error| Problem::internal(&error))?;
        both.extend(opened.reveal().iter().take(signature::SECRET));
    }
    let sealed = keys.seal(binding, &both, &api.entropy).map_err(|error| Problem::internal(&error))?;
    secrets::put(&mut change.tx, &change.lock, binding, &sealed, change.now).await?;
    Ok(signature::written(&secret))
}

/// Give a webhook a new secret. The one before it signs too for another 24 hours, so that the receiver can change over.
#[utoipa::path(post, path = "/channels/{id}/secrets", tag = "notifications", security(("token" = ["settings"])), params(("id" = Uuid, Path)),
    responses((status = 201, description = "The channel, with the new secret, shown this once.", body = Shown, headers(("ETag" = String)))))]
pub(crate) async fn renew(
    State(api): State<Api>,
    caller: Person<MaySet>,
    At(id): At<kind::Channel>,
) -> Result<Response, Problem> {
    let mut change = Change::begin(&api, caller.user, api.clock.now()).await?;
    let found = channels::get(&mut change.tx, caller.user, id).await?;
    if found.kind != Kind::Webhook {
        return Err(Problem::new(Code::OutOfPlace, "Only a webhook is signed.").fact("state", found.kind));
    }
    let before = match secrets::get(&mut change.tx, channels::binding(caller.user, id)).await {
        Err(store::Error::NotFound) => None, // lost: this one mends it
        before => Some(before?),
    };
    let old_secret_until = before.is_some().then(|| change.now.plus(OVERLAP));
    let channel = Channel { old_secret_until, revision: found.revision + 1, updated_at: change.now, ..found };
    channels::save(&mut change.tx, &change.lock, &channel).await?;
    let secret = keep(&api, &mut change, &channel, before).await?;
    change.commit(Name::ChannelChanged, CHANNEL, id, "changed").await?;
    made(channel, Some(secret))
}
