//! The process's one LISTEN connection: every queue and every further channel over the same line.
//!
//! It reconnects for ever, and a silent line is pinged every 15 s, because a connection that died without a word
//! (reset in between, a firewall that forgot it) looks exactly like a quiet one. After every (re)connect everybody
//! looks for himself: what was said meanwhile is gone.

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

/// Where and how to listen.
#[derive(Clone, Debug)]
pub struct Line {
    /// The server itself: LISTEN does not survive a transaction-pooling proxy.
    pub options: PgConnectOptions,
    /// Between two pings while nothing is said.
    pub ping: Duration,
}

impl Line {
    /// To this server, pinged every 15 s.
    pub fn to(options: PgConnectOptions) -> Self {
        Self { options: options.application_name("skytwin bell"), ping: Duration::from_secs(15) }
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
    let mut line = within(PATIENCE, PgListener::connect_with(&pool)).await?;
    line.eager_reconnect(false);
    let mut heard: HashSet<String> = HashSet::new();
    follow(&mut line, tower, &mut heard).await?;
    tower.up.store(true, SeqCst);
    tower.everybody_look();
    loop {
        tokio::select! {
            said = timeout(to.ping, line.try_recv()) => match said {
                Ok(Ok(Some(said))) => tower.hear_from_afar(said.channel(), said.payload()),
                Ok(Ok(None)) => return Ok(()),
                Ok(Err(error)) => return Err(error),
                Err(_) => within(PATIENCE.min(to.ping), async { sqlx::query!("SELECT 1 AS alive").fetch_one(&mut line).await })
                    .await
                    .map(drop)?,
            },
            () = tower.channels_changed.notified() => follow(&mut line, tower, &mut heard).await?,
        }
    }
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
