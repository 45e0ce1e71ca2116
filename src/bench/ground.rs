//! What everything is measured on: a PostgreSQL of our own that flushes to disk, and a fresh database per part.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use runtime::{
    Clock, Entropy, Secret,
    postgres::{DATABASE, Embedded, Settings},
};
use store::Store;

use super::Options;
use crate::{Error, Result};

/// As safe as in production, and the time of every commit is kept: that is how we learn when something was done without
/// asking anybody while it is.
const SERVER: [&str; 7] = [
    "fsync=on",
    "synchronous_commit=on",
    "full_page_writes=on",
    "wal_level=replica",
    "track_commit_timestamp=on",
    "shared_preload_libraries=",
    "pg_stat_statements.max=1000",
];

/// The server.
pub(super) struct Ground {
    postgres: Embedded,
    pub(super) clock: Clock,
    pub(super) entropy: Entropy,
}

/// A database of a part's own.
pub(super) struct Site {
    pub(super) store: Store,
    pub(super) url: Secret,
    name: &'static str,
}

impl Ground {
    pub(super) async fn prepare(options: &Options) -> Result<Self> {
        let counted = ["shared_preload_libraries=pg_stat_statements", "pg_stat_statements.track_planning=on"];
        let own = SERVER.into_iter().chain(counted.into_iter().filter(|_| options.statements));
        let postgres = Embedded::start(Settings::throwaway()?.with(own)).await?;
        let template = Store::connect(postgres.url(DATABASE).reveal(), 1).await?;
        store::migrate(template.pool()).await?;
        // nobody may be connected to what is copied
        template.close().await;
        Ok(Self { postgres, clock: Clock::system(), entropy: Entropy::system() })
    }

    /// A fresh, migrated database.
    pub(super) async fn site(&self, name: &'static str, connections: u32) -> Result<Site> {
        self.postgres.create_database(name, Some(DATABASE)).await?;
        let url = self.postgres.url(name);
        Ok(Site { store: Store::connect(url.reveal(), connections).await?, url, name })
    }

    /// Takes it away again, so that nobody cleans up behind it while the next part is measured.
    pub(super) async fn leave(&self, site: Site) -> Result<()> {
        site.store.close().await;
        Ok(self.postgres.drop_database(site.name).await?)
    }

    pub(super) async fn stop(self) -> Result<()> {
        Ok(self.postgres.stop().await?)
    }
}

/// A port that is free now.
pub(super) fn free_port() -> Result<u16> {
    let bound = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| listener.local_addr());
    bound
        .as_ref()
        .map(SocketAddr::port)
        .map_err(|_| Error::Usage("no port of this machine's own is free to listen on".to_owned()))
}
