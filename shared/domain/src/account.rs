//! A connected account at a provider, as a machine (`domain.md` §13): its tokens are kept fresh in time, by one worker at a
//! time, and a provider's refusal ends it until the person signs in again.
//!
//! Invariants: every transition raises `version` by one, and only who has seen the version before may write it, so two
//! workers never both write what came of one claim. `grant` counts the token sets: who shows an older one when a
//! provider refuses it is told that there is a newer one. No token is ever here.

use chrono::TimeDelta;

use crate::{
    event::Name,
    id::{AccountId, UserId},
    job::Job,
    notify::{self, Severity},
    outbox::Outbox,
    quiet,
    retry::{self, PARTS},
    settings::Settings,
    signal::Object,
    source::Kind,
    time::Timestamp,
    wire::wire_enum,
};

wire_enum! {
    /// How a connection stands (`domain.md` §2).
    Phase, "connection state" {
        Active = "active", Refreshing = "refreshing", NeedsReauth = "needs_reauth", Revoked = "revoked",
    }
}

/// A claim that was not settled by then is another worker's to take: longer than any run lasts.
pub const LEASE: TimeDelta = TimeDelta::seconds(90);
/// A fresh token is not refreshed again within this, whatever is said about it: no hot loop with a confused provider.
pub const REST: TimeDelta = TimeDelta::seconds(60);
/// Between two tries while the operator has something to set right.
pub const OPERATORS_TIME: TimeDelta = TimeDelta::minutes(15);
/// A refresh is due after 75 % of a token's life at the earliest, after 85 % at the latest, in parts of 10,000.
const EARLIEST: i64 = 7_500;
const SPREAD: i64 = 1_000;
const WHOLE: i64 = 10_000;
/// However short its life, a token is not refreshed sooner than this after it was given.
const SOONEST: TimeDelta = TimeDelta::seconds(10);
/// The shortest wait after trouble, and the longest that a provider may ask for.
const BREATH: TimeDelta = TimeDelta::milliseconds(250);
const LONGEST_ASKED: TimeDelta = TimeDelta::hours(1);

/// Where the account stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Its tokens are good, or will be tried again.
    Active {
        /// When they are to be refreshed; none when they have no known end.
        refresh_at: Option<Timestamp>,
    },
    /// One worker is at it.
    Refreshing {
        /// After that another may.
        until: Timestamp,
    },
    /// The provider refuses for good: the person has to sign in again. Nothing calls the provider any more.
    NeedsReauth,
    /// Disconnected; its tokens are forgotten.
    Revoked,
}

impl State {
    /// The name of the state.
    pub const fn phase(self) -> Phase {
        match self {
            Self::Active { .. } => Phase::Active,
            Self::Refreshing { .. } => Phase::Refreshing,
            Self::NeedsReauth => Phase::NeedsReauth,
            Self::Revoked => Phase::Revoked,
        }
    }

    /// When to look at it again, if ever.
    pub const fn due(self) -> Option<Timestamp> {
        match self {
            Self::Active { refresh_at } => refresh_at,
            Self::Refreshing { until } => Some(until),
            Self::NeedsReauth | Self::Revoked => None,
        }
    }
}

/// A connected account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its id.
    pub id: AccountId,
    /// Whose.
    pub user: UserId,
    /// At which provider.
    pub provider: String,
    /// Who the person is there: the provider's own name for them, which never changes.
    pub subject: String,
    /// What a person would call it, such as its address.
    pub label: Option<String>,
    /// What was granted.
    pub scopes: Vec<String>,
    /// Where it stands.
    pub state: State,
    /// Raised by one with every transition.
    pub version: i64,
    /// Raised by one with every new set of tokens.
    pub grant: i64,
    /// When the tokens were given.
    pub granted_at: Timestamp,
    /// When the access token ends, if that is known.
    pub expires_at: Option<Timestamp>,
    /// Refreshes that failed since.
    pub failures: i32,
    /// What is wrong with it, for the person.
    pub trouble: Option<String>,
    /// Since when it is connected.
    pub created_at: Timestamp,
    /// Last change.
    pub updated_at: Timestamp,
}

/// Who the person is at a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The provider's own name for them.
    pub subject: String,
    /// What a person would call it.
    pub label: Option<String>,
}

/// What came with new tokens, without them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Granted {
    /// How long the access token lives, if the provider said so.
    pub life: Option<TimeDelta>,
    /// What was granted; none means what was asked for.
    pub scopes: Option<Vec<String>>,
}

/// Why a provider gave no tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The grant is void, for good: only the person can give another one.
    Refused,
    /// Something is wrong with this system's registration or set-up there: not the person's fault, and the operator's to mend.
    Misconfigured {
        /// What the provider calls it, such as `invalid_client`.
        code: String,
    },
    /// It may pass.
    Passing {
        /// The provider asked to be left alone for so long.
        retry_after: Option<TimeDelta>,
        /// What happened.
        why: String,
    },
}

/// What a worker that looks at an account is to do.
#[derive(Debug)]
pub enum Look {
    /// Nothing, any more.
    Nothing(&'static str),
    /// Nothing yet.
    NotYet(Timestamp),
    /// Refresh it: written, this claim keeps every other worker away.
    Refresh(Box<Account>),
}

impl Account {
    /// A new connection.
    pub fn connect(
        id: AccountId,
        user: UserId,
        provider: String,
        who: Identity,
        granted: Granted,
        draw: u32,
        now: Timestamp,
    ) -> (Self, Outbox) {
        let blank = Self {
            id,
            user,
            provider,
            subject: who.subject,
            label: None,
            scopes: Vec::new(),
            state: State::Active { refresh_at: None },
            version: 0,
            grant: 0,
            granted_at: now,
            expires_at: None,
            failures: 0,
            trouble: None,
            created_at: now,
            updated_at: now,
        };
        blank.reconnect(who.label, granted, draw, now)
    }

    /// The person has signed in again: whatever was wrong before is over.
    pub fn reconnect(self, label: Option<String>, granted: Granted, draw: u32, now: Timestamp) -> (Self, Outbox) {
        let label = label.or_else(|| self.label.clone());
        let account = Self { label, ..self }.with(granted, draw, now);
        let outbox = account.rung().and(account.read()).and(account.told());
        (account, outbox)
    }

    /// Looks at it, and claims it for one worker if it is due.
    pub fn claim(self, now: Timestamp) -> Look {
        match self.state {
            State::NeedsReauth => Look::Nothing("the person has to sign in again"),
            State::Revoked => Look::Nothing("it is disconnected"),
            State::Active { refresh_at: None } => Look::Nothing("its tokens have no known end"),
            State::Active { refresh_at: Some(at) } | State::Refreshing { until: at } if at > now => Look::NotYet(at),
            State::Active { .. } | State::Refreshing { .. } => {
                Look::Refresh(Box::new(self.next(State::Refreshing { until: now.plus(LEASE) }, now)))
            }
        }
    }

    /// The provider gave new tokens.
    pub fn refreshed(self, granted: Granted, draw: u32, now: Timestamp) -> (Self, Outbox) {
        let was_in_trouble = self.trouble.is_some();
        let account = self.with(granted, draw, now);
        let told = if was_in_trouble { account.told() } else { Outbox::nothing() };
        let outbox = account.rung().and(told);
        (account, outbox)
    }

    /// The provider gave none.
    pub fn failed(self, trouble: &Trouble, settings: &Settings, draw: u32, now: Timestamp) -> (Self, Outbox) {
        let was_in_trouble = self.trouble.is_some();
        let failures = self.failures.saturating_add(1);
        let (state, words) = match trouble {
            Trouble::Refused => (State::NeedsReauth, format!("{} wants you to sign in again.", self.called())),
            Trouble::Misconfigured { code } => (
                State::Active { refresh_at: Some(now.plus(OPERATORS_TIME)) },
                format!("SkyTwin's own set-up for {} is refused ({code}). Its operator was told.", self.provider),
            ),
            Trouble::Passing { retry_after, why } => {
                let asked = retry_after.unwrap_or_default().min(LONGEST_ASKED);
                let wait = retry::backoff(failures, draw).max(asked).max(BREATH);
                (State::Active { refresh_at: Some(now.plus(wait)) }, why.clone())
            }
        };
        let account = Self { failures, trouble: Some(words), ..self }.next(state, now);
        let outbox = match trouble {
            Trouble::Refused => account.told().notify(account.sign_in_again(settings, now)),
            Trouble::Misconfigured { .. } | Trouble::Passing { .. } if was_in_trouble => account.rung(),
            Trouble::Misconfigured { .. } | Trouble::Passing { .. } => account.rung().and(account.told()),
        };
        (account, outbox)
    }

    /// The provider would not take the access token of this grant: it is refreshed before its time. None when there is a
    /// newer one already, or somebody is at it, or nothing can be done.
    pub fn token_refused(self, grant: i64, now: Timestamp) -> Option<(Self, Outbox)> {
        let State::Active { refresh_at } = self.state else { return None };
        let at = self.granted_at.plus(REST).max(now);
        if grant != self.grant || refresh_at.is_some_and(|planned| planned <= at) {
            return None;
        }
        let account = self.next(State::Active { refresh_at: Some(at) }, now);
        let outbox = account.rung();
        Some((account, outbox))
    }

    /// The person wants it gone. None when it is.
    pub fn disconnect(self, now: Timestamp) -> Option<(Self, Outbox)> {
        if self.state == State::Revoked {
            return None;
        }
        let account =
            Self { expires_at: None, failures: 0, trouble: None, scopes: Vec::new(), ..self }.next(State::Revoked, now);
        let outbox = account.told();
        Some((account, outbox))
    }

    /// Whether its access token may be shown to the provider.
    pub fn is_usable(&self, now: Timestamp) -> bool {
        let alive = matches!(self.state, State::Active { .. } | State::Refreshing { .. });
        alive && self.expires_at.is_none_or(|end| end > now)
    }

    fn with(self, granted: Granted, draw: u32, now: Timestamp) -> Self {
        let scopes = granted.scopes.unwrap_or_else(|| self.scopes.clone());
        let refresh_at = granted.life.map(|life| refresh_at(life, draw, now));
        let expires_at = granted.life.map(|life| now.plus(life));
        let grant = self.grant.saturating_add(1);
        Self { scopes, grant, granted_at: now, expires_at, failures: 0, trouble: None, ..self }
            .next(State::Active { refresh_at }, now)
    }

    fn next(self, state: State, now: Timestamp) -> Self {
        Self { state, version: self.version.saturating_add(1), updated_at: now, ..self }
    }

    /// The timer for when it is next due.
    fn rung(&self) -> Outbox {
        let key = format!("account:{}:{}", self.id, self.version);
        match self.state.due() {
            Some(due) => Outbox::nothing().timer(Job::RefreshToken { account: self.id }, due, key),
            None => Outbox::nothing(),
        }
    }

    /// What can be read of it is read at once.
    fn read(&self) -> Outbox {
        Kind::of_provider(&self.provider).iter().fold(Outbox::nothing(), |outbox, kind| {
            let source = self.id.child(kind.as_str());
            outbox.ring(Job::PollSource { source }, format!("source:{source}:{}", self.version))
        })
    }

    fn told(&self) -> Outbox {
        let mut facts = Object::new();
        facts.insert("account".into(), self.id.to_string().into());
        facts.insert("provider".into(), self.provider.clone().into());
        facts.insert("state".into(), self.state.phase().as_str().into());
        Outbox::nothing().event(self.user, Name::ConnectionChanged, facts)
    }

    fn called(&self) -> String {
        self.label.as_ref().map_or_else(|| self.provider.clone(), |label| format!("{} ({label})", self.provider))
    }

    fn sign_in_again(&self, settings: &Settings, now: Timestamp) -> notify::New {
        notify::New {
            user: self.user,
            kind: notify::Kind::AccountNeedsReauth,
            severity: Severity::Warning,
            title: format!("Sign in again: {}", self.called()),
            body: format!(
                "{} no longer lets SkyTwin in. Nothing comes from there until you connect it again.",
                self.provider
            ),
            link: Some(format!("/api/v1/accounts/{}", self.id)),
            // The same connection is told of once; after a new sign-in it may be told of again.
            dedupe_key: format!("account_needs_reauth:{}:{}", self.id, self.grant),
            deliver_at: quiet::deliver_at(Severity::Warning, settings, now),
        }
    }
}

/// Between 75 and 85 % of a life that starts now; `draw` in 0..=[`PARTS`] picks evenly.
fn refresh_at(life: TimeDelta, draw: u32, now: Timestamp) -> Timestamp {
    let share = EARLIEST.saturating_add(SPREAD * i64::from(draw.min(PARTS)) / i64::from(PARTS));
    let wait = TimeDelta::milliseconds(life.num_milliseconds().saturating_mul(share) / WHOLE);
    now.plus(wait.max(SOONEST))
}

#[cfg(test)]
mod tests;
