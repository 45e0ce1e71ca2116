//! One HTTP exchange with a provider: bounded in time and size, never redirected, and silent about what was said.

use std::{pin::Pin, time::Duration};

use chrono::TimeDelta;
use domain::{account::Trouble, retry, retry_after};
use oauth2::AsyncHttpClient;
use reqwest::{Client, Response, header::RETRY_AFTER, redirect};
use zeroize::Zeroizing;

/// How long connecting may take.
const CONNECT: Duration = Duration::from_secs(5);
/// How long all of it may take: less than a request to the API and than a job.
const WHOLE: Duration = Duration::from_secs(20);
/// The longest answer that is read, in bytes.
const LONGEST: usize = 256 * 1024;

/// The line to the providers. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Wire(Option<Client>);

/// Why there is no answer worth reading.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Lost {
    #[error("no HTTP client can be built: are there root certificates on this machine?")]
    NoClient,
    #[error("no answer: {0}")]
    NoAnswer(&'static str),
    #[error("it answered {status}")]
    Status { status: u16, retry_after: Option<TimeDelta> },
}

impl Lost {
    /// What it means.
    pub(crate) fn trouble(&self) -> Trouble {
        match self {
            Self::NoClient => Trouble::Misconfigured { code: "no_http_client".to_owned() },
            Self::NoAnswer(_) => {
                Trouble::Passing { retry_after: None, why: format!("The provider can't be asked: {self}.") }
            }
            Self::Status { retry_after, .. } => {
                Trouble::Passing { retry_after: *retry_after, why: format!("The provider is in trouble: {self}.") }
            }
        }
    }
}

impl Wire {
    /// A machine without root certificates has no line; only who uses it hears of that.
    pub(crate) fn new() -> Self {
        runtime::crypto::install();
        let client = Client::builder()
            .user_agent("skytwin")
            .connect_timeout(CONNECT)
            .timeout(WHOLE)
            // A token that is redirected ends with somebody else.
            .redirect(redirect::Policy::none())
            // Settings have one reader, and it is not the HTTP client.
            .no_proxy()
            .build();
        Self(client.inspect_err(|error| tracing::error!(%error, "no HTTP client for the providers")).ok())
    }

    /// Sends what `oauth2` has put together. A status that will pass is no answer.
    pub(crate) async fn send(&self, request: oauth2::HttpRequest) -> Result<oauth2::HttpResponse, Lost> {
        let client = self.0.as_ref().ok_or(Lost::NoClient)?;
        let request =
            reqwest::Request::try_from(request).map_err(|_| Lost::NoAnswer("the request could not be built"))?;
        let mut response = client.execute(request).await.map_err(|error| unanswered(&error))?;
        let status = response.status();
        if retry::is_transient_status(status.as_u16()) || status.is_server_error() {
            let asked =
                response.headers().get(RETRY_AFTER).and_then(|value| retry_after::seconds(value.to_str().ok()?));
            return Err(Lost::Status { status: status.as_u16(), retry_after: asked });
        }
        let headers = response.headers().clone();
        let body = whole(&mut response).await?;
        let mut answer = http::Response::new(body);
        *answer.status_mut() = status;
        *answer.headers_mut() = headers;
        Ok(answer)
    }

    /// Asks with an access token.
    pub(crate) async fn get(&self, url: &url::Url, access: &str) -> Result<oauth2::HttpResponse, Lost> {
        let bearer = Zeroizing::new(format!("Bearer {access}"));
        let request = http::Request::get(url.as_str()).header("authorization", bearer.as_str()).body(Vec::new());
        self.send(request.map_err(|_| Lost::NoAnswer("the request could not be built"))?).await
    }
}

impl<'c> AsyncHttpClient<'c> for Wire {
    type Error = Lost;
    type Future = Pin<Box<dyn Future<Output = Result<oauth2::HttpResponse, Lost>> + Send + 'c>>;

    fn call(&'c self, request: oauth2::HttpRequest) -> Self::Future {
        Box::pin(self.send(request))
    }
}

async fn whole(response: &mut Response) -> Result<Vec<u8>, Lost> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|_| Lost::NoAnswer("it broke off"))? {
        if body.len() + chunk.len() > LONGEST {
            return Err(Lost::NoAnswer("it was too long"));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// No error of the client's is passed on: it may quote the address.
fn unanswered(error: &reqwest::Error) -> Lost {
    Lost::NoAnswer(if error.is_connect() {
        "it can't be reached"
    } else if error.is_timeout() {
        "it took too long"
    } else {
        "the connection broke"
    })
}
