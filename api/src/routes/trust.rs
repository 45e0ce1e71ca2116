//! Trust: where each tier stands, what is missing for its next step, why it last changed; and the person's word on it.
//!
//! Invariant: what may be changed by hand is the domain's to say (`domain.md` §11). Every change has an audit row, an
//! event and a notification, in one transaction.

use std::collections::BTreeMap;

use axum::{
    Json,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use chrono::DateTime;
use domain::{
    event::Name,
    feedback::Feedback,
    settings::Settings,
    signal::Domain,
    tier::TrustTier,
    time::Timestamp,
    trust::{self, Raise, Record, Refused, Scope, Standings, Step},
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::{
    Source, feedback,
    trust::{self as rows, Audited},
    users,
};
use utoipa::ToSchema;

use crate::{
    State as Api,
    body::Body,
    caller::{Person, Read, Settings as MaySet},
    check::Checks,
    etag,
    problem::Problem,
    wire::words,
};

/// So many changes are shown.
const SHOWN: u32 = 50;

/// Where the tiers stand.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Trust)]
pub(crate) struct Shown {
    /// The person's tier.
    overall: Place,
    /// The tier in each domain.
    domains: Vec<Place>,
    /// The last 50 changes, newest first.
    changes: Vec<Change>,
}

/// Where one tier stands.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TrustPlace)]
pub(crate) struct Place {
    /// `overall` or the domain.
    #[schema(value_type = String)]
    scope: Scope,
    /// The tier in force: the lower of the scope's own and the overall one.
    #[schema(value_type = words::TrustTier)]
    tier: TrustTier,
    /// Its own tier; a domain without one has the overall tier.
    #[schema(value_type = Option<words::TrustTier>)]
    own_tier: Option<TrustTier>,
    /// What was earned here: it may be raised to this by hand.
    #[schema(value_type = words::TrustTier)]
    earned: TrustTier,
    /// What the answers since its last change add up to.
    record: Counts,
    /// Since when answers count; null is since the beginning.
    #[schema(value_type = Option<words::Instant>)]
    since: Option<Timestamp>,
    /// It does not rise before this: something was undone as critical.
    #[schema(value_type = Option<words::Instant>)]
    frozen_until: Option<Timestamp>,
    /// The next step by record; null where only the person can go further.
    next: Option<Next>,
    /// Why it last changed; null if it never did.
    last_change: Option<Change>,
}

/// What answers add up to. An edit is 50 hundredths of an approval, a reward 25.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TrustRecord)]
pub(crate) struct Counts {
    /// Answers that count one way or the other.
    answers: u32,
    /// Approvals, in hundredths.
    approvals_hundredths: u32,
    /// Approvals since the last rejection, in hundredths.
    consecutive_hundredths: u32,
    /// Rejections, undos and punishments.
    rejections: u32,
    /// Those of them within 7 days; three cost a tier.
    recent_rejections: u32,
}

impl From<Record> for Counts {
    fn from(record: Record) -> Self {
        let Record {
            answers,
            approvals_hundredths,
            rejections,
            recent_rejections,
            consecutive_hundredths,
            critical_undo: _,
        } = record;
        Self { answers, approvals_hundredths, consecutive_hundredths, rejections, recent_rejections }
    }
}

/// The next step by record.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TrustStep)]
pub(crate) struct Next {
    /// To this tier.
    #[schema(value_type = words::TrustTier)]
    tier: TrustTier,
    /// Approvals in a row that it takes.
    consecutive: u32,
    /// Least share of approvals that it takes, in per cent.
    percent: u32,
    /// Approvals in a row that are missing, in hundredths.
    missing_hundredths: u32,
    /// The share of approvals is too low.
    share_too_low: bool,
    /// A domain does not rise above the overall tier by record: that has to rise first.
    above_overall: bool,
}

/// A change of a tier.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = TrustChange)]
pub(crate) struct Change {
    /// `overall` or the domain.
    #[schema(value_type = String)]
    scope: Scope,
    /// Before.
    #[schema(value_type = words::TrustTier)]
    from: TrustTier,
    /// Since then.
    #[schema(value_type = words::TrustTier)]
    to: TrustTier,
    /// Why.
    cause: String,
    /// The record that spoke; null where none was looked at.
    #[schema(value_type = Option<Counts>)]
    record: Option<Record>,
    /// The person's reason, where they gave one.
    reason: Option<String>,
    #[schema(value_type = words::Instant)]
    at: Timestamp,
}

impl From<Audited> for Change {
    fn from(Audited { scope, from, to, cause, record, reason, at }: Audited) -> Self {
        Self { scope, from, to, cause, record, reason, at }
    }
}

/// Everything the tiers are judged by.
struct Known {
    settings: Settings,
    standings: Standings,
    answers: Vec<Feedback>,
}

impl Known {
    fn record(&self, scope: Scope, now: Timestamp) -> Record {
        let since = trust::standing(scope, &self.settings, &self.standings).since;
        Record::of(self.answers.iter().filter(|answer| scope.counts(answer)), since, now)
    }

    fn place(&self, scope: Scope, last: &BTreeMap<Scope, Change>, now: Timestamp) -> Place {
        let tier = scope.tier(&self.settings);
        let standing = trust::standing(scope, &self.settings, &self.standings);
        let record = self.record(scope, now);
        let next = Step::from(tier).map(|step| {
            let shortfall = record.shortfall(step);
            Next {
                tier: step.to,
                consecutive: step.consecutive,
                percent: step.percent,
                missing_hundredths: shortfall.map_or(0, |shortfall| shortfall.consecutive_hundredths),
                share_too_low: shortfall.is_some_and(|shortfall| shortfall.share_too_low),
                above_overall: scope != Scope::Overall && step.to > self.settings.tier,
            }
        });
        Place {
            scope,
            tier,
            own_tier: match scope {
                Scope::Overall => Some(tier),
                Scope::Domain(domain) => self.settings.domain_tiers.get(&domain).copied(),
            },
            earned: standing.earned,
            record: record.into(),
            since: standing.since,
            frozen_until: standing.frozen_until.filter(|until| *until > now),
            next,
            last_change: last.get(&scope).cloned(),
        }
    }
}

/// Where everything stands, with the settings' revision as `ETag`.
async fn shown(db: &store::Store, caller: domain::id::UserId, now: Timestamp) -> Result<Response, Problem> {
    let known = Known {
        settings: users::settings(db, caller).await?,
        standings: rows::standings(db, caller).await?,
        answers: answers(db, caller).await?,
    };
    let changes: Vec<Change> = rows::audit(db, caller, SHOWN).await?.into_iter().map(Change::from).collect();
    // newest first, so that the first of a scope is its last
    let mut last = BTreeMap::new();
    for change in &changes {
        last.entry(change.scope).or_insert_with(|| change.clone());
    }
    let domains = Domain::ALL.iter().map(|domain| known.place(Scope::Domain(*domain), &last, now)).collect();
    let most = usize::try_from(SHOWN).unwrap_or(usize::MAX);
    let body = Shown {
        overall: known.place(Scope::Overall, &last, now),
        domains,
        changes: changes.into_iter().take(most).collect(),
    };
    Ok((StatusCode::OK, etag::header(known.settings.revision), Json(body)).into_response())
}

async fn answers(db: impl Source, user: domain::id::UserId) -> store::Result<Vec<Feedback>> {
    feedback::since(db, user, Timestamp::new(DateTime::UNIX_EPOCH)).await
}

/// Where every tier stands, what is missing for its next step, and why it last changed.
#[utoipa::path(get, path = "/trust", tag = "trust", security(("token" = ["read"])), responses(
    (status = 200, description = "Overall and per domain.", body = Shown, headers(("ETag" = String))),
))]
pub(crate) async fn get(State(api): State<Api>, caller: Person<Read>) -> Result<Response, Problem> {
    shown(&api.store, caller.user, api.clock.now()).await
}

/// The tier the person wants.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = WantedTier)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wanted {
    /// Lower at any time; higher up to what was earned here.
    #[schema(value_type = words::TrustTier)]
    tier: TrustTier,
    /// To `high_autonomy`, which is never earned by record: from `moderate_autonomy` that was.
    #[serde(default)]
    opt_in: bool,
    /// Further than what was earned, up to `moderate_autonomy`: with `confirmed` and a `reason`.
    #[serde(default, rename = "override")]
    ahead: Option<Override>,
}

/// A raise ahead of the record.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = TierOverride)]
#[serde(deny_unknown_fields)]
pub(crate) struct Override {
    /// Must be true.
    confirmed: bool,
    /// Why; kept in the audit.
    #[schema(min_length = 1, max_length = 500)]
    reason: String,
}

impl Wanted {
    /// The tier, and how it is meant; or what contradicts itself.
    fn checked(self) -> Result<(TrustTier, Raise), Problem> {
        let mut checks = Checks::default();
        if let Some(ahead) = &self.ahead {
            checks.text(&ahead.reason, "/override/reason", 500);
            checks.want(ahead.confirmed, "/override/confirmed", "must be true: this goes beyond what was earned");
            checks.want(!self.opt_in, "/opt_in", "opt in or override, not both");
        }
        checks.done()?;
        let raise = match self.ahead {
            Some(Override { confirmed, reason }) => Raise::Override { reason, confirmed },
            None if self.opt_in => Raise::OptIn,
            None => Raise::Earned,
        };
        Ok((self.tier, raise))
    }
}

/// Lower a tier at any time, or raise it to what was earned; opt in to high autonomy; override up to moderate autonomy.
///
/// With If-Match only if nothing of the settings has changed since (412 otherwise). The tier it has already changes nothing.
#[utoipa::path(put, path = "/trust/{scope}", tag = "trust", request_body = Wanted, security(("token" = ["settings"])),
    params(("scope" = String, Path, description = "`overall` or a domain."),
           ("If-Match" = Option<String>, Header, description = "The ETag that was seen.")), responses(
    (status = 200, description = "Where every tier stands now.", body = Shown, headers(("ETag" = String))),
))]
pub(crate) async fn put(
    State(api): State<Api>,
    caller: Person<MaySet>,
    Path(scope): Path<String>,
    headers: HeaderMap,
    Body(wanted): Body<Wanted>,
) -> Result<Response, Problem> {
    let scope: Scope = scope.parse().map_err(|_| Problem::not_found("scope"))?;
    let (to, raise) = wanted.checked()?;
    let mut tx = api.store.begin().await?;
    let lock = tx.lock(caller.user).await?;
    // After the lock: what was answered before this change is no evidence after it.
    let now = api.clock.now();
    let known = Known {
        settings: users::settings(&mut tx, caller.user).await?,
        standings: rows::standings(&mut tx, caller.user).await?,
        answers: answers(&mut tx, caller.user).await?,
    };
    etag::check(&headers, known.settings.revision)?;
    let record = known.record(scope, now);
    match trust::change_by_person(scope, to, raise, &known.settings, &known.standings, record, now) {
        // what it is already needs no change, so that a request sent twice is fine
        Err(Refused::Same(_)) => drop(tx),
        Err(refused) => return Err(Problem::one("/tier", refused.to_string())),
        Ok(change) => {
            let revision = rows::change(&mut tx, &lock, &change, now).await?;
            let facts = json!({ "revision": revision }).as_object().cloned().unwrap_or_default();
            let outbox = trust::announce(&[change], &known.settings, now);
            tx.commit(outbox.event(caller.user, Name::SettingsChanged, facts), now).await?;
        }
    }
    shown(&api.store, caller.user, now).await
}
