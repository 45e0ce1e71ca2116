//! An address of its own for metrics: `GET /metrics`, and nothing else, for a scraper inside the network.
//!
//! A whole HTTP server would be too much for one page (and only `api` has one): a request is read up to a bound, within a
//! time, and answered once. Whoever listens here shows numbers without asking who looks: bind it where only the scraper is.

use std::{future::Future, net::SocketAddr, sync::Arc, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    time::{sleep, timeout},
};

use crate::Shutdown;

/// A head that is longer is no scraper's.
const LONGEST: usize = 8 * 1024;
/// For a request, and for its answer to be taken.
const PATIENCE: Duration = Duration::from_secs(10);
/// Scrapes at once; more wait.
const ROOM: usize = 8;

/// Why metrics can't be scraped.
#[derive(Debug, thiserror::Error)]
#[error("can't listen on {address} for metrics: {source} (SKYTWIN_METRICS_LISTEN names another)")]
pub struct Error {
    address: SocketAddr,
    source: std::io::Error,
}

/// Answers scrapes on `address`, if there is one, until the end is asked for.
pub async fn start<F, P>(address: Option<SocketAddr>, shutdown: &Shutdown, page: F) -> Result<(), Error>
where
    F: Fn() -> P + Clone + Send + Sync + 'static,
    P: Future<Output = String> + Send + 'static,
{
    let Some(address) = address else { return Ok(()) };
    let listener = TcpListener::bind(address).await.map_err(|source| Error { address, source })?;
    tracing::info!(address = %listener.local_addr().unwrap_or(address), "metrics are on this address");
    let (asked, tasks) = (shutdown.clone(), shutdown.clone());
    shutdown.spawn_for_ever("metrics", async move {
        let room = Arc::new(Semaphore::new(ROOM));
        loop {
            let accepted = tokio::select! {
                () = asked.requested() => return,
                accepted = listener.accept() => accepted,
            };
            let (Ok((stream, _)), Ok(place)) = (accepted, room.clone().acquire_owned().await) else {
                // out of file descriptors, most likely: it passes
                sleep(Duration::from_millis(100)).await;
                continue;
            };
            let page = page.clone();
            tasks.spawn("scrape", async move {
                if let Ok(Err(error)) = timeout(PATIENCE, answer(stream, page)).await {
                    tracing::debug!(%error, "a scrape broke off");
                }
                drop(place);
            });
        }
    });
    Ok(())
}

async fn answer<F, P>(mut stream: TcpStream, page: F) -> std::io::Result<()>
where
    F: Fn() -> P,
    P: Future<Output = String>,
{
    let mut head = Vec::new();
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        if head.len() > LONGEST || stream.read_buf(&mut head).await? == 0 {
            return Ok(());
        }
    }
    let (status, body) = match asked(&head) {
        Some(()) => ("200 OK", page().await),
        None => ("404 Not Found", "Metrics are at GET /metrics.\n".to_owned()),
    };
    let kind = if status.starts_with('2') { observe::FORMAT } else { "text/plain" };
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\ncache-control: no-store\r\nx-content-type-options: nosniff\r\nconnection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body.as_bytes()).await?;
    stream.shutdown().await
}

/// Whether the request line asks for the page.
fn asked(head: &[u8]) -> Option<()> {
    let line = head.split(|byte| *byte == b'\r').next()?;
    let path = line.strip_prefix(b"GET ")?.split(|byte| matches!(byte, b' ' | b'?')).next()?;
    (path == b"/metrics").then_some(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(fuzz::cases(1))]

        #[test]
        fn whatever_is_asked_only_the_page_is_given(head in fuzz::text_of(&["GET ", "POST ", "/metrics", "?", " HTTP/1.1", "\r\n"])) {
            if asked(head.as_bytes()).is_some() {
                let line = head.split('\r').next().unwrap();
                prop_assert!(line.strip_prefix("GET /metrics").is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '?'])));
            }
        }
    }

    #[test]
    fn only_the_page_is_there() {
        assert!(asked(b"GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n").is_some());
        assert!(asked(b"GET /metrics?a=b HTTP/1.1\r\n\r\n").is_some());
        for other in [
            &b"GET / HTTP/1.1\r\n\r\n"[..],
            b"POST /metrics HTTP/1.1\r\n\r\n",
            b"GET /metricsx HTTP/1.1\r\n\r\n",
            b"\r\n\r\n",
        ] {
            assert!(asked(other).is_none());
        }
    }
}
