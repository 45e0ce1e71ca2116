//! The double as a server of its own, where nobody needs to log in first: whoever may come in is the test's to say.

use std::{io, net::Ipv4Addr};

use tokio::{net::TcpListener, task::JoinSet};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::Google;
use crate::cord::{Cord, Port};

/// A double that runs; dropped, it stops.
pub struct Running {
    /// The root of both APIs, such as `http://127.0.0.1:4000`.
    pub url: String,
    /// What it serves.
    pub google: Google,
    _stop: DropGuard,
    _tasks: JoinSet<io::Result<()>>,
}

impl Google {
    /// Serves both APIs on a free port of loopback.
    pub async fn serve(self) -> io::Result<Running> {
        let port = Port(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?);
        let url = format!("http://{}", port.0.local_addr()?);
        let stop = CancellationToken::new();
        let service = self.routes().into_make_service_with_connect_info::<Cord>();
        let serve = axum::serve(port, service).with_graceful_shutdown(stop.clone().cancelled_owned());
        let mut tasks = JoinSet::new();
        tasks.spawn(async move { serve.await });
        Ok(Running { url, google: self, _stop: stop.drop_guard(), _tasks: tasks })
    }
}
