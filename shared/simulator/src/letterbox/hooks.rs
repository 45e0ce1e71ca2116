//! A web server that takes webhooks: it writes down what it is sent and answers as it is told.

use std::{
    collections::VecDeque,
    io,
    net::Ipv4Addr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use tokio::{net::TcpListener, task::JoinSet};
use tokio_util::sync::CancellationToken;

use crate::StartError;

/// How it answers once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Says {
    /// This status.
    Status(u16),
    /// This status, and not before so many seconds.
    Wait(u16, u32),
    /// Look elsewhere.
    Elsewhere(String),
}

/// One call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hook {
    /// The path it came to.
    pub path: String,
    /// `webhook-id`.
    pub id: String,
    /// `webhook-timestamp`.
    pub timestamp: String,
    /// `webhook-signature`.
    pub signature: String,
    /// The exact bytes.
    pub body: Vec<u8>,
}

#[derive(Debug, Default)]
struct Book {
    calls: Vec<Hook>,
    says: VecDeque<Says>,
}

/// A server that runs; dropped, it stops.
#[derive(Debug)]
pub struct Hooks {
    /// Where, such as `http://127.0.0.1:4000`.
    pub url: String,
    book: Arc<Mutex<Book>>,
    stop: CancellationToken,
    _tasks: JoinSet<io::Result<()>>,
}

impl Hooks {
    /// Listens on a free port of this machine.
    pub async fn start() -> Result<Self, StartError> {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let url = format!("http://{}", port.local_addr()?);
        let (book, stop) = (Arc::<Mutex<Book>>::default(), CancellationToken::new());
        let routes = Router::new().fallback(take).with_state(Arc::clone(&book));
        let ended = stop.clone().cancelled_owned();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move { axum::serve(port, routes).with_graceful_shutdown(ended).await });
        Ok(Self { url, book, stop, _tasks: tasks })
    }

    /// Its next answers; 204 when there are no more.
    pub fn will(&self, says: impl IntoIterator<Item = Says>) {
        open(&self.book).says.extend(says);
    }

    /// What it was sent, in order.
    pub fn calls(&self) -> Vec<Hook> {
        open(&self.book).calls.clone()
    }
}

impl Drop for Hooks {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

fn open(book: &Mutex<Book>) -> MutexGuard<'_, Book> {
    book.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn take(State(book): State<Arc<Mutex<Book>>>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let call = Hook {
        path: uri.path().to_owned(),
        id: header("webhook-id"),
        timestamp: header("webhook-timestamp"),
        signature: header("webhook-signature"),
        body: body.to_vec(),
    };
    let says = {
        let mut book = open(&book);
        book.calls.push(call);
        book.says.pop_front()
    };
    let status = |code| StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    match says {
        None => StatusCode::NO_CONTENT.into_response(),
        Some(Says::Status(code)) => status(code).into_response(),
        Some(Says::Wait(code, seconds)) => {
            (status(code), [(header::RETRY_AFTER, HeaderValue::from(seconds))]).into_response()
        }
        Some(Says::Elsewhere(url)) => (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, url)]).into_response(),
    }
}
