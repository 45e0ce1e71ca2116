//! The process's one LISTEN connection: every queue and every further channel over the same line.
//!
//! It reconnects for ever, and a silent line is pinged every 15 s, because a connection that died without a word
//! (reset in between, a firewall that forgot it) looks exactly like a quiet one. After every (re)connect everybody
//! looks for himself: what was said meanwhile is gone.
//!
//! It never listens through a proxy that pools connections: what is said would reach whoever has that connection then,
//! who did not ask and breaks on it. And it stands only once it has heard something, its own words at least: a line to
//! another database than the one where things are said listens like any other and never hears a word.

use std::{collections::HashSet, sync::Arc, sync::atomic::Ordering::SeqCst, time::Duration};

use sqlx::{
    Error,
    postgres::{PgConnectOptions, PgListener, PgPoolOptions},
};
use tokio::time::{sleep, timeout};

use crate::{
    bell::{PATIENCE, Tower},
    config::jittered,
    db::within,
};

/// The first and the longest wait before reconnecting.
const RECONNECT: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

/// Where a line is led wrong, nothing changes by itself.
const LED_WRONG: Duration = Duration::from_mins(1);
/// A setting that a session begins with arrives only where the session is with the server itself.
const MARK: (&str, &str) = ("skytwin.bell", "direct");
const POOLED: &str = "it leads to a proxy that pools connections and has to lead to the server itself; until then everything is \
                      found by polling";
const DEAF: &str = "the listening connection hears nothing, not even what this process says: it has to lead to the same \
                    database; until it hears, everything is found by polling";

/// Where and how to listen.
#[derive(Clone, Debug)]
pub struct Line {
    /// The server itself: LISTEN does not survive a transaction-pooling proxy.
    pub options: PgConnectOptions,
    /// Between two pings while nothing is said.
    pub ping: Duration,
    /// How soon our own words come back, at the latest.
    pub echo: Duration,
}

impl Line {
    /// To this server, pinged every 15 s; it has 5 s to hear.
    pub fn to(options: PgConnectOptions) -> Self {
        // The mark is all that a proxy may refuse.
        let options = options.application_name("skytwin bell").extra_float_digits(None).options([MARK]);
        Self { options, ping: Duration::from_secs(15), echo: Duration::from_secs(5) }
    }
}

/// Listens until its task is dropped.
pub(crate) async fn listen(line: Line, tower: Arc<Tower>) {
    let mut wait = RECONNECT.0;
    loop {
        let ended = session(&line, &tower).await;
        if tower.up.swap(false, SeqCst) {
            wait = RECONNECT.0;
        }
        if let Err(Error::Configuration(why)) = &ended {
            tracing::error!(%why, "the listening connection can't listen");
            sleep(jittered(LED_WRONG, 0.25)).await;
            continue;
        }
        tracing::warn!(error = ended.err().map(tracing::field::display), "the listening connection is gone");
        sleep(jittered(wait, 0.25)).await;
        wait = (wait * 2).min(RECONNECT.1);
    }
}

/// One connection, from LISTEN to its end.
async fn session(to: &Line, tower: &Tower) -> Result<(), Error> {
    // a fresh pool each time: the last connection may never come back to the old one
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .max_lifetime(None)
        .idle_timeout(None)
        .connect_lazy_with(to.options.clone());
    let mut line = within(PATIENCE, PgListener::connect_with(&pool)).await.map_err(unless_pooled)?;
    line.eager_reconnect(false);
    let mark = sqlx::query_scalar!("SELECT current_setting($1, true)", MARK.0).fetch_one(&mut line);
    if within(PATIENCE, mark).await?.as_deref() != Some(MARK.1) {
        return Err(Error::Configuration(POOLED.into()));
    }
    let mut heard: HashSet<String> = HashSet::new();
    follow(&mut line, tower, &mut heard).await?;
    tower.everybody_look();
    tower.echo();
    let (mut patience, mut complained) = (to.echo, false);
    loop {
        tokio::select! {
            said = timeout(patience, line.try_recv()) => match said {
                Ok(Ok(Some(said))) => {
                    tower.up.store(true, SeqCst);
                    patience = to.ping;
                    tower.hear_from_afar(said.channel(), said.payload());
                }
                Ok(Ok(None)) => return Ok(()),
                Ok(Err(error)) => return Err(error),
                Err(_) => {
                    patience = to.ping;
                    let ping = async { sqlx::query!("SELECT 1 AS alive").fetch_one(&mut line).await };
                    within(PATIENCE.min(to.ping), ping).await?;
                    if !tower.up.load(SeqCst) {
                        if !std::mem::replace(&mut complained, true) {
                            tracing::error!("{DEAF}");
                        }
                        tower.echo();
                    }
                }
            },
            () = tower.channels_changed.notified() => follow(&mut line, tower, &mut heard).await?,
        }
    }
}

/// A proxy that is not told to drop settings refuses the mark.
fn unless_pooled(error: Error) -> Error {
    let refused = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    if refused.as_deref() == Some("08P01") { Error::Configuration(POOLED.into()) } else { error }
}

/// Listens to the channels that came up since the last time.
async fn follow(line: &mut PgListener, tower: &Tower, heard: &mut HashSet<String>) -> Result<(), Error> {
    for channel in tower.channels() {
        if !heard.contains(&channel) {
            within(PATIENCE, line.listen(&channel)).await?;
            heard.insert(channel);
        }
    }
    Ok(())
}
