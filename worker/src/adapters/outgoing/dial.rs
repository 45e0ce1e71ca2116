//! Where a call to a person's URL goes: its name is resolved here, and only addresses that may be called come out.
//!
//! Why here: the connection is made to what this gives, so that a name can't say one thing when it is judged and another
//! when it is called. A redirect would have to be judged anew; none is followed.

use std::{error::Error as StdError, net::SocketAddr, time::Duration};

use reqwest::{
    Client,
    dns::{Addrs, Name, Resolve, Resolving},
    redirect,
};
use runtime::crypto;
use webhook::address::{Reach, Refused};

const CONNECTING: Duration = Duration::from_secs(5);
/// Longest for a whole call: less than a run of its job may take.
const ANSWERING: Duration = Duration::from_secs(15);

/// An HTTP client that reaches so far and no further; none on a machine without certificates.
pub(super) fn client(reach: Reach) -> Option<Client> {
    crypto::install();
    let client = Client::builder()
        .user_agent("skytwin")
        .connect_timeout(CONNECTING)
        .timeout(ANSWERING)
        .redirect(redirect::Policy::none())
        // What is sent again is decided by the delivery, and by nobody else.
        .retry(reqwest::retry::never())
        // A proxy would resolve the name once more, and its answer is nobody's to judge.
        .no_proxy()
        .dns_resolver(Judge(reach))
        .build();
    client.inspect_err(|error| tracing::error!(%error, "no HTTP client for webhooks")).ok()
}

/// Why the judge let nothing through, if that is what went wrong.
pub(super) fn refused(error: &reqwest::Error) -> Option<Refused> {
    let mut cause: Option<&(dyn StdError + 'static)> = Some(error);
    while let Some(error) = cause {
        if let Some(refused) = error.downcast_ref::<Refused>() {
            return Some(*refused);
        }
        cause = error.source();
    }
    None
}

#[derive(Clone, Copy, Debug)]
struct Judge(Reach);

impl Resolve for Judge {
    fn resolve(&self, name: Name) -> Resolving {
        let reach = self.0;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let fine: Vec<SocketAddr> = found.filter(|address| reach.allows(address.ip())).collect();
            if fine.is_empty() {
                return Err(Box::from(Refused::Private));
            }
            let addresses: Addrs = Box::new(fine.into_iter());
            Ok(addresses)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_name_that_leads_inside_is_refused_when_it_is_called() {
        // Every machine resolves this one, and to itself; the port is nobody's.
        let call = |reach| async move { client(reach).unwrap().post("http://localhost:9/").send().await.unwrap_err() };
        assert_eq!(refused(&call(Reach::Public).await), Some(Refused::Private));
        assert_eq!(refused(&call(Reach::Anywhere).await), None);
    }
}
