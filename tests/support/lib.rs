//! What tests stand on: a database each, a clock that is moved by hand, faults on request, real processes.
//!
//! Everything here waits for a state, never for a time: see [`wait::eventually`].

pub mod database;
pub mod process;
pub mod proxy;
pub mod wait;
pub mod world;

pub use database::Database;
pub use process::Process;
pub use proxy::Proxy;
pub use wait::{eventually, within};
pub use world::World;

/// A port of this machine that is free now.
pub fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    listener.local_addr().expect("its address").port()
}

/// A client for what listens on this machine; gives up on an answer after 30 s.
pub fn http() -> reqwest::Client {
    // Once per process; whoever was first is fine.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().timeout(std::time::Duration::from_secs(30)).build().expect("an HTTP client")
}
