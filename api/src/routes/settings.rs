//! Settings: how far the twin may go. The person may lower their own tiers at any time and never raise them here
//! (`domain.md` §11); limits cap the twin, so the person sets them freely.

use std::{cmp::Ordering, collections::BTreeMap};

use axum::{
    Json,
    extract::State,
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use chrono::DateTime;
use chrono_tz::Tz;
use domain::{
    event::Name,
    outbox::Outbox,
    settings::{Autonomy, Settings},
    signal::Domain,
    tier::TrustTier,
    time::Timestamp,
    trust::{self, Raise, Record, Scope},
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::{Tx, UserLock, users};
use utoipa::ToSchema;

use crate::{
    State as Api,
    body::Body,
    caller::{Person, Read, Settings as MaySet},
    check::Checks,
    etag,
    problem::Problem,
    wire::{settings, words},
};

/// Settings as the person wants them. What is left out of `autonomy` takes its default, the careful one.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wanted {
    /// An IANA time zone: of quiet hours and texts.
    #[schema(example = "Europe/Berlin")]
    timezone: String,
    /// The limits.
    #[schema(value_type = settings::Autonomy)]
    autonomy: Autonomy,
    /// The overall tier; may be lowered. Left out, it stays.
    #[schema(value_type = Option<words::TrustTier>)]
    tier: Option<TrustTier>,
    /// Tiers of single domains; may be lowered. Domains left out stay.
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, words::TrustTier>)]
    domain_tiers: BTreeMap<Domain, TrustTier>,
}

/// Settings as they are.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Settings)]
pub(crate) struct Shown {
    /// The overall tier.
    #[schema(value_type = words::TrustTier)]
    tier: TrustTier,
    /// Tiers of single domains; the lower of this and the overall one counts.
    #[schema(value_type = BTreeMap<String, words::TrustTier>)]
    domain_tiers: BTreeMap<Domain, TrustTier>,
    /// The limits.
    #[schema(value_type = settings::Autonomy)]
    autonomy: Autonomy,
    /// Of quiet hours and texts.
    timezone: String,
    /// The stop switch is on, the person's or the whole system's.
    stopped: bool,
    /// Grows with every change of tier, limits or policies; the `ETag`.
    revision: i64,
}

impl From<Settings> for Shown {
    fn from(settings: Settings) -> Self {
        Self {
            tier: settings.tier,
            domain_tiers: settings.domain_tiers,
            autonomy: settings.autonomy,
            timezone: settings.timezone.name().to_owned(),
            stopped: settings.stopped,
            revision: settings.revision,
        }
    }
}

fn shown(settings: Settings) -> Response {
    (etag::header(settings.revision), Json(Shown::from(settings))).into_response()
}

/// The settings, with their revision as `ETag`.
#[utoipa::path(get, path = "/settings", tag = "settings", security(("token" = ["read"])), responses(
    (status = 200, description = "The settings.", body = Shown, headers(("ETag" = String))),
))]
pub(crate) async fn get(State(api): State<Api>, caller: Person<Read>) -> Result<Response, Problem> {
    Ok(shown(users::settings(&api.store, caller.user).await?))
}

/// Set limits and time zone, or lower a tier.
///
/// With If-Match only if nobody has changed anything since (412 otherwise).
#[utoipa::path(put, path = "/settings", tag = "settings", request_body = Wanted, security(("token" = ["settings"])),
    params(("If-Match" = Option<String>, Header, description = "The ETag that was seen.")), responses(
    (status = 200, description = "The settings as they are now.", body = Shown, headers(("ETag" = String))),
))]
pub(crate) async fn put(
    State(api): State<Api>,
    caller: Person<MaySet>,
    headers: HeaderMap,
    Body(wanted): Body<Wanted>,
) -> Result<Response, Problem> {
    let mut tx = api.store.begin().await?;
    let lock = tx.lock(caller.user).await?;
    // After the lock: what was answered before this change is no evidence after it.
    let now = api.clock.now();
    let found = users::settings(&mut tx, caller.user).await?;
    etag::check(&headers, found.revision)?;
    let wanted = wanted.checked(&found)?;
    users::set_autonomy(&mut tx, &lock, &wanted.autonomy, wanted.timezone, Some(found.revision), now).await?;
    let outbox = lower(&mut tx, &lock, &found, &wanted.lowered, now).await?;
    let set = users::settings(&mut tx, caller.user).await?;
    let facts = json!({ "revision": set.revision }).as_object().cloned().unwrap_or_default();
    tx.commit(outbox.event(caller.user, Name::SettingsChanged, facts), now).await?;
    Ok(shown(set))
}

/// Writes each lowered tier with the record it had, so that what was earned is not forgotten.
async fn lower(
    tx: &mut Tx,
    lock: &UserLock,
    found: &Settings,
    lowered: &[(Scope, TrustTier)],
    now: Timestamp,
) -> Result<Outbox, Problem> {
    if lowered.is_empty() {
        return Ok(Outbox::nothing());
    }
    let standings = store::trust::standings(&mut *tx, lock.user()).await?;
    let answers = store::feedback::since(&mut *tx, lock.user(), Timestamp::new(DateTime::UNIX_EPOCH)).await?;
    let mut changes = Vec::with_capacity(lowered.len());
    for (scope, to) in lowered.iter().copied() {
        let since = trust::standing(scope, found, &standings).since;
        let record = Record::of(answers.iter().filter(|answer| scope.counts(answer)), since, now);
        let change = trust::change_by_person(scope, to, Raise::Earned, found, &standings, record, now)
            .map_err(|refused| Problem::one(path(scope), refused.to_string()))?;
        store::trust::change(tx, lock, &change, now).await?;
        changes.push(change);
    }
    Ok(trust::announce(&changes, found, now))
}

/// What is to be written.
#[derive(Debug)]
struct Checked {
    autonomy: Autonomy,
    timezone: Tz,
    lowered: Vec<(Scope, TrustTier)>,
}

impl Wanted {
    /// What changes, or everything that can't be.
    fn checked(self, found: &Settings) -> Result<Checked, Problem> {
        let mut checks = Checks::default();
        settings::check(&self.autonomy, &mut checks);
        let timezone = self.timezone.parse::<Tz>();
        checks.want(timezone.is_ok(), "/timezone", "use an IANA time zone such as Europe/Berlin");

        let domains = self.domain_tiers.into_iter().filter(|(domain, to)| found.domain_tiers.get(domain) != Some(to));
        let tiers = self.tier.map(|to| (Scope::Overall, to)).into_iter();
        let mut lowered = Vec::new();
        for (scope, to) in tiers.chain(domains.map(|(domain, to)| (Scope::Domain(domain), to))) {
            let from = scope.tier(found);
            match to.cmp(&from) {
                Ordering::Less => lowered.push((scope, to)),
                Ordering::Equal => {}
                Ordering::Greater => checks.wrong(path(scope), format!("is {from}, and may only be lowered here")),
            }
        }
        checks.done()?;
        Ok(Checked { autonomy: self.autonomy, timezone: timezone.unwrap_or(Tz::UTC), lowered })
    }
}

/// Where a scope stands in the body.
fn path(scope: Scope) -> String {
    match scope {
        Scope::Overall => "/tier".to_owned(),
        Scope::Domain(domain) => format!("/domain_tiers/{domain}"),
    }
}

#[cfg(test)]
mod tests {
    use domain::id::UserId;

    use super::*;

    fn found() -> Settings {
        Settings {
            user: UserId::new(uuid::Uuid::nil()),
            timezone: Tz::UTC,
            tier: TrustTier::ModerateAutonomy,
            domain_tiers: BTreeMap::from([(Domain::Finance, TrustTier::Suggest)]),
            autonomy: Autonomy::default(),
            stopped: false,
            revision: 7,
        }
    }

    type Lowered = Vec<(Scope, TrustTier)>;

    fn change(text: &str) -> Result<Lowered, Vec<String>> {
        let wanted: Wanted = serde_json::from_str(text).unwrap();
        wanted.checked(&found()).map(|checked| checked.lowered).map_err(|problem| {
            let body = serde_json::to_value(problem.body()).unwrap();
            body["errors"].as_array().unwrap().iter().map(|e| e["path"].as_str().unwrap().to_owned()).collect()
        })
    }

    #[test]
    fn a_tier_is_lowered_kept_or_refused_but_never_raised() {
        let same =
            r#"{"timezone":"UTC","autonomy":{},"tier":"moderate_autonomy","domain_tiers":{"finance":"suggest"}}"#;
        assert_eq!(change(same), Ok(vec![]));
        let lower = r#"{"timezone":"UTC","autonomy":{},"tier":"low_autonomy","domain_tiers":{"finance":"observer","email":"suggest"}}"#;
        let expected = vec![
            (Scope::Overall, TrustTier::LowAutonomy),
            (Scope::Domain(Domain::Email), TrustTier::Suggest),
            (Scope::Domain(Domain::Finance), TrustTier::Observer),
        ];
        assert_eq!(change(lower), Ok(expected));
        let higher = r#"{"timezone":"Nowhere/City","autonomy":{"max_daily_spend_cents":-1},"tier":"high_autonomy","domain_tiers":{"finance":"low_autonomy"}}"#;
        let paths = ["/autonomy/max_daily_spend_cents", "/timezone", "/tier", "/domain_tiers/finance"];
        assert_eq!(change(higher), Err(paths.map(String::from).to_vec()));
    }
}
