//! A database for each test, in one throwaway server for each test process.
//!
//! The server starts with the first test that needs it and is migrated once, into a template; a test's
//! database is a copy of that. It ends with the process, however that ends.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicU32, Ordering},
};

use runtime::postgres::{DATABASE, Embedded, Settings};
use sqlx::{
    PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tokio::sync::OnceCell;

static SERVER: OnceCell<Embedded> = OnceCell::const_new();
static COUNT: AtomicU32 = AtomicU32::new(0);
/// Databases whose test is over. The next test removes them, since a destructor can't wait.
static OVER: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// A migrated database of one's own.
#[derive(Debug)]
pub struct Database {
    /// The name.
    pub name: String,
    /// A pool of ten connections.
    pub pool: PgPool,
    options: PgConnectOptions,
}

impl Database {
    /// A new one, migrated and empty.
    pub async fn new() -> Self {
        let server = server().await;
        let over = std::mem::take(&mut *OVER.lock().unwrap_or_else(PoisonError::into_inner));
        for name in over {
            server.drop_database(&name).await.expect("drop a database whose test is over");
        }
        let name = format!("test_{}", COUNT.fetch_add(1, Ordering::Relaxed));
        server.create_database(&name, Some(DATABASE)).await.expect("copy the template");
        let options = server.options(&name);
        let pool = pool_of(&options, 10);
        Self { name, pool, options }
    }

    /// How to connect to it; change host and port to go through a [`crate::Proxy`].
    pub fn options(&self) -> PgConnectOptions {
        self.options.clone()
    }

    /// Another pool on it.
    pub fn pool(&self, connections: u32) -> PgPool {
        pool_of(&self.options, connections)
    }

    /// Its URL, for other processes.
    pub fn url(&self) -> String {
        SERVER.get().expect("a database has a server").url(&self.name).reveal().to_owned()
    }

    /// Where the server listens, for a [`crate::Proxy`].
    pub fn address(&self) -> std::net::SocketAddr {
        ([127, 0, 0, 1], self.options.get_port()).into()
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        OVER.lock().unwrap_or_else(PoisonError::into_inner).push(std::mem::take(&mut self.name));
    }
}

/// A pool that connects when first used.
pub fn pool_of(options: &PgConnectOptions, connections: u32) -> PgPool {
    PgPoolOptions::new().max_connections(connections).connect_lazy_with(options.clone())
}

/// Brings a database to what the code expects, for a test that has a server of its own.
pub async fn migrate(pool: &PgPool) {
    store::migrate(pool).await.expect("the migrations");
}

async fn server() -> &'static Embedded {
    SERVER
        .get_or_init(|| async {
            let settings = Settings::throwaway().expect("a place for a throwaway server");
            let server = Embedded::start(settings).await.expect("a throwaway server");
            let pool = pool_of(&server.options(DATABASE), 1);
            migrate(&pool).await;
            pool.close().await; // nobody may be connected to a template
            server
        })
        .await
}
