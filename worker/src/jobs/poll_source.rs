//! Reads what is new in one mailbox or calendar, page by page (`domain.md` §13).
//!
//! Two transactions around one call, like an execution: the first claims the source for one page, the second keeps the
//! page's signals together with the cursor behind them, and only if no later claim has been made. So a page is kept whole
//! or read again, never half; and whatever is read again is known by its ids.

use std::time::Duration;

use chrono::TimeDelta;
use domain::{
    account::State as Standing,
    id::{SourceId, UserId},
    job::Job,
    outbox::Outbox,
    retry,
    source::{Found, Kind, Source},
    time::Timestamp,
};
use runtime::Secret;
use store::{
    signals::{self, Accepted, Identity},
    sources,
};
use tokio::time::timeout;

use super::{Halt, Turn};
use crate::{
    State,
    accounts::{self, Access, NoAccess},
    ports::source::{Asked, LeftOut, Page, Trouble},
};

/// Pages one run reads at most; the rest is the next run's, so that nobody's old mail holds up everybody's new.
const PAGES: usize = 20;
/// How long one page may take: less than a claim lasts.
const PATIENCE: Duration = Duration::from_mins(1);

pub(super) async fn run(state: &State, turn: &Turn, id: SourceId) -> Result<(), Halt> {
    let user = sources::user_of(&state.store, id).await?;
    for _ in 0..PAGES {
        turn.still_ours()?;
        let claimed = claim(state, user, id).await?;
        state.faults.point("poll.after_claim").await;
        let polled = read(state, &claimed).await?;
        state.faults.point("poll.after_read").await;
        let now = state.clock.now();
        let more = match polled {
            Ok(page) => keep(state, user, claimed, page, now).await?,
            Err(trouble) => return give_up(state, user, claimed, trouble, now).await,
        };
        if !more {
            return Ok(());
        }
    }
    Ok(())
}

/// First transaction: takes the source for one page, if it is due.
async fn claim(state: &State, user: UserId, id: SourceId) -> Result<Source, Halt> {
    let now = state.clock.now();
    let mut tx = state.store.begin().await?;
    let lock = tx.lock(user).await?;
    let source = sources::get(&mut tx, user, id).await?;
    let account = store::accounts::get(&mut tx, user, source.account).await?;
    if matches!(account.state, Standing::NeedsReauth | Standing::Revoked) {
        // The sweep finds it as soon as the person has signed in again.
        return Err(Halt::Nothing("its account is not connected"));
    }
    let Some(claimed) = source.claim(now) else { return Err(Halt::Nothing("it is not due, or being read")) };
    sources::claim(&mut tx, &lock, &claimed, now).await?;
    tx.commit(Outbox::nothing(), now).await?;
    Ok(claimed)
}

/// Between the transactions: no lock is held and no connection kept while the far side thinks.
async fn read(state: &State, claimed: &Source) -> Result<Result<Page, Trouble>, Halt> {
    let readers = state.google.iter().flat_map(|google| &google.sources);
    let Some(reader) = readers.into_iter().find(|reader| reader.kind() == claimed.kind) else {
        return Ok(Err(Trouble::Refused { why: "This system is not set up to read it.".to_owned() }));
    };
    let now = state.clock.now();
    let access = match accounts::access(state, claimed.user, claimed.account, now).await {
        Ok(access) => access,
        Err(NoAccess::Store(error)) => return Err(error.into()),
        Err(no_access) => return Ok(Err(Trouble::Later { retry_after: None, why: sentence(&no_access) })),
    };
    let token = Secret::new(access.tokens.access());
    let asked = Asked { token: &token, cursor: claimed.cursor.as_ref(), now };
    let late = || Trouble::Later { retry_after: None, why: "It did not answer in time.".to_owned() };
    let polled = timeout(PATIENCE, reader.poll(asked)).await.unwrap_or_else(|_| Err(late()));
    if polled == Err(Trouble::TokenRefused) {
        let Access { grant, .. } = access;
        accounts::refused(state, claimed.user, claimed.account, grant, now).await?;
    }
    Ok(polled)
}

/// Why there is no token, for the person.
fn sentence(no_access: &NoAccess) -> String {
    format!("The account can't be read: {no_access}.")
}

/// Second transaction: the signals of the page and the cursor behind it. Says whether there is more to read.
async fn keep(state: &State, user: UserId, claimed: Source, page: Page, now: Timestamp) -> Result<bool, Halt> {
    let Page { signals: incoming, left_out, cursor, more } = page;
    let kind = claimed.kind.as_str();
    let batch: Vec<_> = incoming
        .into_iter()
        .map(|incoming| {
            let identity = Identity::External(incoming.external_id.clone());
            (incoming.signal(state.entropy.id(now), user, kind, now), identity)
        })
        .collect();
    let mut tx = state.store.begin().await?;
    let lock = tx.lock(user).await?;
    let accepted = signals::accept_many(&mut tx, &lock, &batch, now).await?;
    let new: Vec<_> = accepted
        .iter()
        .zip(&batch)
        .filter(|(accepted, _)| matches!(accepted, Accepted::New(_)))
        .map(|(_, (signal, _))| signal)
        .collect();
    let found = match (more, new.is_empty()) {
        (true, _) => Found::More,
        (false, true) => Found::Nothing,
        (false, false) => Found::News,
    };
    let read = claimed.read(cursor, found, draw(state), now);
    let read = match left_out.last() {
        Some(last) => {
            let why = unread(read.kind, last);
            read.without(left_out.len(), why, now)
        }
        None => read,
    };
    sources::save(&mut tx, &lock, &read, now).await?;
    let ids: Vec<_> = new.iter().map(|signal| signal.id).collect();
    sources::brought(&mut tx, &lock, read.id, &ids).await?;
    let outbox = new.into_iter().fold(next(&read), |outbox, signal| outbox.and(signal.taken()));
    state.faults.point("poll.before_commit").await;
    tx.commit(outbox, now).await?;
    state.faults.point("poll.after_commit").await;
    for LeftOut { id, wrong } in &left_out {
        tracing::warn!(source = kind, of = %read.id, id, wrong, "left out, for it can't be read");
    }
    if !ids.is_empty() {
        tracing::info!(source = kind, signals = ids.len(), "news");
    }
    Ok(more)
}

/// What was left out, for the person.
fn unread(kind: Kind, left_out: &LeftOut) -> String {
    let (one, this) = match kind {
        Kind::Gmail => ("A mail", "The mail"),
        Kind::GoogleCalendar => ("An event", "The event"),
    };
    let which = if left_out.id.is_empty() { one.to_owned() } else { format!("{this} {}", left_out.id) };
    format!("{which} could not be read: {}.", left_out.wrong)
}

/// Second transaction where there is no page: later, and why.
async fn give_up(state: &State, user: UserId, claimed: Source, trouble: Trouble, now: Timestamp) -> Result<(), Halt> {
    let (why, retry_after) = match trouble {
        Trouble::TokenRefused => ("The account's access has to be renewed first.".to_owned(), None),
        Trouble::Later { retry_after, why } => (why, retry_after),
        // It will hardly change by itself; but nobody would look if it did.
        Trouble::Refused { why } => (why, Some(TimeDelta::minutes(30))),
    };
    tracing::warn!(source = claimed.kind.as_str(), why, "could not be read");
    let failed = claimed.failed(why, retry_after, draw(state), now);
    let mut tx = state.store.begin().await?;
    let lock = tx.lock(user).await?;
    sources::save(&mut tx, &lock, &failed, now).await?;
    Ok(tx.commit(next(&failed), now).await?)
}

/// The bell for the next time.
fn next(source: &Source) -> Outbox {
    let job = Job::PollSource { source: source.id };
    Outbox::nothing().timer(job, source.due, format!("{}:{}", source.id, source.attempt))
}

fn draw(state: &State) -> u32 {
    let bytes: [u8; 2] = state.entropy.bytes();
    u32::from(u16::from_le_bytes(bytes)) * retry::PARTS / u32::from(u16::MAX)
}
