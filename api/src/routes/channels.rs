//! Channels: where else a person is told (`domain.md` §12).

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use domain::{
    channel::{Channel, Delivery, Kind, MOST},
    event::Name,
    id::kind,
    notify::Severity,
    time::Timestamp,
};
use serde::{Deserialize, Serialize};
use store::{channels, deliveries};
use url::Url;
use utoipa::ToSchema;
use uuid::Uuid;
use webhook::address::Reach;

use super::{channel_secrets, deliveries::Shown as ShownDelivery};
use crate::{
    State as Api,
    body::Body,
    caller::{Person, Read, Settings as MaySet},
    change::{Change, room, shown},
    check::Checks,
    etag,
    problem::{Code, Problem},
    query::At,
    wire::words,
};

/// Longest URL.
const LONGEST: usize = 2000;
/// What facts of events call one.
pub(super) const CHANNEL: &str = "channel";

/// A channel as the person writes it.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = WrittenChannel)]
#[serde(deny_unknown_fields)]
pub(crate) struct Written {
    /// How it is reached; stays what it is.
    #[schema(value_type = words::ChannelKind)]
    kind: Kind,
    /// What it is called; its address unless told.
    #[serde(default)]
    #[schema(max_length = 100)]
    name: Option<String>,
    /// An https URL, or a mail address.
    #[schema(max_length = 2000, example = "https://example.org/hook")]
    address: String,
    /// Nothing less is told there; `warning` unless told.
    #[serde(default = "warning")]
    #[schema(value_type = words::Severity)]
    minimum_severity: Severity,
    /// Off means that nothing is told there.
    #[serde(default = "on")]
    enabled: bool,
}

const fn on() -> bool {
    true
}

const fn warning() -> Severity {
    Severity::Warning
}

impl Written {
    fn check(&self, api: &Api) -> Result<(), Problem> {
        let mut checks = Checks::default();
        if let Some(name) = &self.name {
            checks.text(name, "/name", 100);
        }
        let short = self.address.len() <= LONGEST;
        checks.want(short, "/address", format!("at most {LONGEST} characters"));
        let reach = if api.config.allow_private_addresses { Reach::Anywhere } else { Reach::Public };
        match self.kind {
            Kind::Webhook => match self.address.parse::<Url>() {
                Ok(url) => {
                    if let Err(why) = reach.allows_url(&url) {
                        checks.wrong("/address", why.to_string());
                    }
                }
                Err(_) => checks.wrong("/address", "must be a URL such as https://example.org/hook"),
            },
            Kind::Email => {
                checks.want(is_mail(&self.address), "/address", "must be a mail address such as me@example.org");
            }
        }
        checks.done()?;
        if self.kind == Kind::Email && api.config.mail.is_none() {
            let detail = "This installation has no mail server (SKYTWIN_SMTP_URL). A webhook works without.";
            return Err(Problem::new(Code::NoMail, detail));
        }
        Ok(())
    }

    fn named(&self) -> String {
        self.name.clone().unwrap_or_else(|| {
            match self.address.parse::<Url>().ok().filter(|_| self.kind == Kind::Webhook) {
                Some(url) => url.host_str().unwrap_or_default().to_owned(),
                None => self.address.chars().take(100).collect(),
            }
        })
    }
}

/// One `@`, something on each side, a dot behind it, nothing that would be more than an address.
fn is_mail(text: &str) -> bool {
    let plain = |c: char| c.is_alphanumeric() || ".!#$%&'*+-/=?^_`{|}~".contains(c);
    text.split_once('@').is_some_and(|(name, host)| {
        !name.is_empty()
            && text.len() <= 254
            && name.chars().all(plain)
            && host.contains('.')
            && !host.starts_with('.')
            && !host.ends_with('.')
            && host.chars().all(|c| c.is_alphanumeric() || ".-".contains(c))
    })
}

/// A channel as it is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Channel)]
pub(crate) struct Shown {
    id: Uuid,
    /// How it is reached.
    #[schema(value_type = words::ChannelKind)]
    kind: Kind,
    /// What it is called.
    name: String,
    /// A URL, or a mail address.
    address: String,
    /// Nothing less is told there.
    #[schema(value_type = words::Severity)]
    minimum_severity: Severity,
    /// Off means that nothing is told there.
    enabled: bool,
    /// Since when what is sent there dies.
    #[schema(value_type = Option<words::Instant>)]
    failing_since: Option<Timestamp>,
    /// What is wrong with it.
    trouble: Option<String>,
    /// Until then what is sent there is signed under the secret before this one too.
    #[schema(value_type = Option<words::Instant>)]
    old_secret_until: Option<Timestamp>,
    /// The `ETag`.
    pub(super) revision: i64,
    #[schema(value_type = words::Instant)]
    created_at: Timestamp,
    #[schema(value_type = words::Instant)]
    updated_at: Timestamp,
    /// What signs what is sent there (Standard Webhooks): shown when it is made, and never again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) secret: Option<String>,
}

impl From<Channel> for Shown {
    fn from(channel: Channel) -> Self {
        Self {
            id: channel.id.uuid(),
            kind: channel.kind,
            name: channel.name,
            address: channel.address,
            minimum_severity: channel.minimum_severity,
            enabled: channel.enabled,
            failing_since: channel.failing_since,
            trouble: channel.trouble,
            old_secret_until: channel.old_secret_until,
            revision: channel.revision,
            created_at: channel.created_at,
            updated_at: channel.updated_at,
            secret: None,
        }
    }
}

/// All of a person's channels.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Channels {
    items: Vec<Shown>,
    /// Which kinds can be added here.
    #[schema(value_type = Vec<words::ChannelKind>)]
    kinds: Vec<Kind>,
}

/// List channels.
#[utoipa::path(get, path = "/channels", tag = "notifications", security(("token" = ["read"])), responses(
    (status = 200, description = "All of them.", body = Channels),
))]
pub(crate) async fn list(State(api): State<Api>, caller: Person<Read>) -> Result<Json<Channels>, Problem> {
    let items = channels::list(&api.store, caller.user).await?.into_iter().map(Shown::from).collect();
    let mail = api.config.mail.is_some();
    let kinds = Kind::ALL.iter().copied().filter(|kind| mail || *kind != Kind::Email).collect();
    Ok(Json(Channels { items, kinds }))
}

/// Add a channel. What signs a webhook is in the answer, and in no other.
#[utoipa::path(post, path = "/channels", tag = "notifications", request_body = Written, security(("token" = ["settings"])), responses(
    (status = 201, description = "The channel.", body = Shown, headers(("ETag" = String), ("Location" = String))),
))]
pub(crate) async fn create(
    State(api): State<Api>,
    caller: Person<MaySet>,
    Body(written): Body<Written>,
) -> Result<Response, Problem> {
    written.check(&api)?;
    let now = api.clock.now();
    let channel = Channel {
        id: api.entropy.id(now),
        user: caller.user,
        kind: written.kind,
        name: written.named(),
        address: written.address,
        minimum_severity: written.minimum_severity,
        enabled: written.enabled,
        failing_since: None,
        trouble: None,
        old_secret_until: None,
        revision: 1,
        created_at: now,
        updated_at: now,
    };
    let mut change = Change::begin(&api, caller.user, now).await?;
    room(channels::list(&mut change.tx, caller.user).await?.len(), MOST, "channels")?;
    channels::save(&mut change.tx, &change.lock, &channel).await?;
    let secret = match channel.kind {
        Kind::Webhook => Some(channel_secrets::keep(&api, &mut change, &channel, None).await?),
        Kind::Email => None,
    };
    change.commit(Name::ChannelChanged, CHANNEL, channel.id, "created").await?;
    let location = [("location", format!("/api/v1/channels/{}", channel.id))];
    Ok((location, channel_secrets::made(channel, secret)?).into_response())
}

/// One channel.
#[utoipa::path(get, path = "/channels/{id}", tag = "notifications", security(("token" = ["read"])), params(("id" = Uuid, Path)), responses(
    (status = 200, description = "The channel.", body = Shown, headers(("ETag" = String))),
))]
pub(crate) async fn get(
    State(api): State<Api>,
    caller: Person<Read>,
    At(id): At<kind::Channel>,
) -> Result<Response, Problem> {
    Ok(shown::<Shown, _>(StatusCode::OK, channels::get(&api.store, caller.user, id).await?))
}

/// Change a channel as a whole; with If-Match only if nobody has changed it since (412 otherwise). Its trouble is forgotten.
#[utoipa::path(put, path = "/channels/{id}", tag = "notifications", request_body = Written, security(("token" = ["settings"])),
    params(("id" = Uuid, Path), ("If-Match" = Option<String>, Header, description = "The ETag that was seen.")), responses(
    (status = 200, description = "The channel as it is now.", body = Shown, headers(("ETag" = String))),
))]
pub(crate) async fn put(
    State(api): State<Api>,
    caller: Person<MaySet>,
    At(id): At<kind::Channel>,
    headers: HeaderMap,
    Body(written): Body<Written>,
) -> Result<Response, Problem> {
    written.check(&api)?;
    let mut change = Change::begin(&api, caller.user, api.clock.now()).await?;
    let found = channels::get(&mut change.tx, caller.user, id).await?;
    etag::check(&headers, found.revision)?;
    if found.kind != written.kind {
        return Err(Problem::one("/kind", "stays what it is; remove this channel and add another"));
    }
    let channel = Channel {
        name: written.named(),
        address: written.address,
        minimum_severity: written.minimum_severity,
        enabled: written.enabled,
        failing_since: None,
        trouble: None,
        revision: found.revision + 1,
        updated_at: change.now,
        ..found
    };
    channels::save(&mut change.tx, &change.lock, &channel).await?;
    change.commit(Name::ChannelChanged, CHANNEL, id, "changed").await?;
    Ok(shown::<Shown, _>(StatusCode::OK, channel))
}

/// Remove a channel, with what is on its way there; with If-Match only if nobody has changed it since.
#[utoipa::path(delete, path = "/channels/{id}", tag = "notifications", security(("token" = ["settings"])),
    params(("id" = Uuid, Path), ("If-Match" = Option<String>, Header, description = "The ETag that was seen.")), responses(
    (status = 204, description = "Gone."),
))]
pub(crate) async fn delete(
    State(api): State<Api>,
    caller: Person<MaySet>,
    At(id): At<kind::Channel>,
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    let mut change = Change::begin(&api, caller.user, api.clock.now()).await?;
    let found = channels::get(&mut change.tx, caller.user, id).await?;
    etag::check(&headers, found.revision)?;
    channels::remove(&mut change.tx, &change.lock, id).await?;
    change.commit(Name::ChannelChanged, CHANNEL, id, "removed").await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Send a test there: one try, whose outcome is with its deliveries. 409 while the channel is off.
#[utoipa::path(post, path = "/channels/{id}/test", tag = "notifications", security(("token" = ["settings"])), params(("id" = Uuid, Path)),
    responses((status = 202, description = "On its way.", body = ShownDelivery)))]
pub(crate) async fn test(
    State(api): State<Api>,
    caller: Person<MaySet>,
    At(id): At<kind::Channel>,
) -> Result<Response, Problem> {
    let Change { mut tx, lock, now } = Change::begin(&api, caller.user, api.clock.now()).await?;
    let channel = channels::get(&mut tx, caller.user, id).await?;
    if !channel.enabled {
        return Err(Problem::new(Code::OutOfPlace, "It is switched off. Switch it on first.").fact("state", "off"));
    }
    let label = format!("test:{}", api.entropy.uuid(now));
    let (delivery, outbox) = Delivery::plan(&channel, &label, Vec::new(), now);
    deliveries::save(&mut tx, &lock, &delivery).await?;
    tx.commit(outbox, now).await?;
    Ok((StatusCode::ACCEPTED, Json(ShownDelivery::from(delivery))).into_response())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(fuzz::cases(1))]

        #[test]
        fn a_mail_address_is_one_address_and_nothing_around_it(text in fuzz::text_of(&["me", "@", "example", ".", "org", ",", "<", ">", " ", "\r\nBcc: "])) {
            if super::is_mail(&text) {
                prop_assert!(text.len() <= 254 && text.matches('@').count() == 1);
                prop_assert!(!text.contains(|c: char| c.is_control() || c.is_whitespace() || "<>,;:\"()".contains(c)), "{text}");
            }
        }
    }
}
