//! Users: an operator adds them. A new one starts at observer (`domain.md` §1 law 3), whatever anybody says.

use axum::{
    Json,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use chrono_tz::Tz;
use domain::{
    id::{UserId, kind},
    outbox::Outbox,
    settings::Autonomy,
    tier::TrustTier,
    time::Timestamp,
};
use serde::{Deserialize, Serialize};
use store::users::{self, NewUser as New, UserRow};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    State as Api,
    body::Body,
    caller::{Caller, Operator},
    check::Checks,
    cursor::{Page, Paging},
    idempotency::Key,
    problem::Problem,
    query::{At, Query},
    wire::words,
};

/// A person to add.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewUser {
    /// What to call them.
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    /// Where to reach them.
    email: Option<String>,
    /// An IANA time zone; UTC unless told.
    #[schema(example = "Europe/Berlin")]
    timezone: Option<String>,
}

/// A person.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct User {
    id: Uuid,
    /// What to call them.
    name: String,
    /// Where to reach them.
    email: Option<String>,
    /// Of their wall clock.
    timezone: String,
    /// How far their twin may go.
    #[schema(value_type = words::TrustTier)]
    tier: TrustTier,
    /// Since when their stop switch is on.
    #[schema(value_type = Option<words::Instant>)]
    stopped_at: Option<Timestamp>,
    /// Since when they are here.
    #[schema(value_type = words::Instant)]
    created_at: Timestamp,
}

impl From<UserRow> for User {
    fn from(row: UserRow) -> Self {
        Self {
            id: row.id.uuid(),
            name: row.name,
            email: row.email,
            timezone: row.timezone.name().to_owned(),
            tier: row.tier,
            stopped_at: row.stopped_at,
            created_at: row.created_at,
        }
    }
}

impl NewUser {
    fn checked(self, id: UserId) -> Result<New, Problem> {
        let mut checks = Checks::default();
        checks.text(&self.name, "/name", 200);
        if let Some(email) = &self.email {
            let parts = email.split_once('@').is_some_and(|(name, host)| !name.is_empty() && !host.is_empty());
            checks.want(
                parts && email.len() <= 320,
                "/email",
                "an address such as ada@example.org, of at most 320 bytes",
            );
        }
        let timezone = self.timezone.as_deref().unwrap_or("UTC").parse::<Tz>();
        checks.want(timezone.is_ok(), "/timezone", "use an IANA time zone such as Europe/Berlin");
        checks.done()?;
        Ok(New {
            id,
            name: self.name,
            email: self.email,
            timezone: timezone.unwrap_or(Tz::UTC),
            tier: TrustTier::Observer,
            autonomy: Autonomy::default(),
        })
    }
}

/// Add a person.
#[utoipa::path(post, path = "/users", tag = "operation", request_body = NewUser, security(("token" = ["operator"])), responses(
    (status = 201, description = "Added.", body = User, headers(("Location" = String))),
))]
pub(crate) async fn create(
    State(api): State<Api>,
    _: Operator,
    caller: Caller,
    key: Option<Key>,
    Body(new): Body<NewUser>,
) -> Result<Response, Problem> {
    let now = api.clock.now();
    // With a key the id derives from it: a process that died after its commit is asked again and adds nobody twice.
    let id = match key {
        Some(Key(key)) => {
            UserId::new(Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("user:{}:{key}", caller.key).as_bytes()))
        }
        None => api.entropy.id(now),
    };
    let new = new.checked(id)?;
    let mut tx = api.store.begin().await?;
    match users::create(&mut tx, &new, now).await {
        Ok(()) => tx.commit(Outbox::nothing(), now).await?,
        Err(store::Error::Duplicate) => drop(tx),
        Err(error) => return Err(error.into()),
    }
    let user = users::get(&api.store, id).await?;
    if user.name != new.name || user.email != new.email {
        return Err(store::Error::Duplicate.into());
    }
    let location = format!("/api/v1/users/{id}");
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], Json(User::from(user))).into_response())
}

/// List people, the latest first.
#[utoipa::path(get, path = "/users", tag = "operation", params(Paging), security(("token" = ["operator"])), responses(
    (status = 200, description = "A page.", body = Page<User>),
))]
pub(crate) async fn list(
    State(api): State<Api>,
    _: Operator,
    Query(paging): Query<Paging>,
) -> Result<Json<Page<User>>, Problem> {
    let (cursor, limit) = paging.read()?;
    Ok(Json(Page::of(users::list(&api.store, cursor, limit).await?, User::from)))
}

/// One person.
#[utoipa::path(get, path = "/users/{id}", tag = "operation", params(("id" = Uuid, Path)), security(("token" = ["operator"])), responses(
    (status = 200, description = "The person.", body = User),
))]
pub(crate) async fn get(State(api): State<Api>, _: Operator, At(id): At<kind::User>) -> Result<Json<User>, Problem> {
    Ok(Json(users::get(&api.store, id).await?.into()))
}
