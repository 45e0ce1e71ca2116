//! What the browser tests stand on: two API processes behind one address, a worker, an engine, a person, and a provider
//! where that person has a mailbox.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use reqwest::StatusCode;
use serde_json::{Value, json};
use simulator::{
    google::{self, Google},
    provider::{self, Options, Provider},
};
use tests::{Process, free_port};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    task::AbortHandle,
};

use super::driver::{Browser, Driver};
use crate::fleet::{Fleet, Person};

/// The person's address at the provider.
pub(crate) const MAIL: &str = "robin@mail.example";

/// Passes each connection on to the next API that answers, as a team's load balancer would.
struct Balancer {
    address: SocketAddr,
    accepting: AbortHandle,
}

impl Balancer {
    async fn over(ports: [u16; 2]) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let turn = Arc::new(AtomicUsize::new(0));
        let accepting = tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                let turn = Arc::clone(&turn);
                tokio::spawn(async move {
                    for _ in ports {
                        let port = ports[turn.fetch_add(1, Ordering::Relaxed) % ports.len()];
                        if let Ok(mut api) = TcpStream::connect(("127.0.0.1", port)).await {
                            // However it ends, the browser notices for itself.
                            drop(copy_bidirectional(&mut client, &mut api).await);
                            return;
                        }
                    }
                });
            }
        });
        Self { address, accepting: accepting.abort_handle() }
    }
}

impl Drop for Balancer {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// Everything that runs.
pub(crate) struct Stage {
    pub(crate) fleet: Fleet,
    pub(crate) driver: Driver,
    pub(crate) person: Person,
    pub(crate) apis: Vec<Process>,
    pub(crate) ports: [u16; 2],
    /// Where an account can be connected; its tokens live for seconds.
    pub(crate) provider: provider::Running,
    /// What is behind it.
    pub(crate) google: google::Running,
    balancer: Balancer,
    workers: Vec<Process>,
}

impl Stage {
    /// A person at moderate autonomy with limits; nothing has come in yet, and no worker runs. None without a browser.
    pub(crate) async fn set() -> Option<Self> {
        let driver = Driver::start().await?;
        let mut fleet = Fleet::new().await;
        let ports = [free_port(), free_port()];
        let balancer = Balancer::over(ports).await;
        let who = provider::Person { subject: "robin".to_owned(), email: MAIL.to_owned() };
        let options = Options::new("skytwin-test", "a secret of the client", vec![who]).asks().life(14);
        let provider = Provider::start((Ipv4Addr::LOCALHOST, 0).into(), options).await.unwrap();
        let google = Google::new(provider.whose()).serve().await.unwrap();
        let key = fleet.command(&["keys", "new", "test"]);
        for (name, value) in [
            ("SKYTWIN_PUBLIC_URL", &format!("http://{}", balancer.address)),
            ("SKYTWIN_PROVIDERS", &json!({ "google": provider.settings() }).to_string()),
            ("SKYTWIN_GOOGLE_API", &google.url),
            ("SKYTWIN_VAULT_KEY", &key.trim().to_owned()),
        ] {
            fleet.tell(name, value);
        }
        let mut apis = Vec::new();
        for port in ports {
            apis.push(fleet.api(port).await);
        }
        let person = Person::new(&fleet, &ports, "moderate_autonomy");
        let limits = json!({ "timezone": "Europe/Berlin", "autonomy": { "max_spend_per_action_cents": 10_000,
            "max_daily_spend_cents": 50_000, "currency": "USD" } });
        let (status, body) = person.call("PUT", "/settings", Some(&limits)).await;
        assert_eq!(status, StatusCode::OK, "{body}");
        Some(Self { fleet, driver, person, apis, ports, provider, google, balancer, workers: Vec::new() })
    }

    /// The address of the dashboard.
    pub(crate) fn origin(&self) -> String {
        format!("http://{}", self.balancer.address)
    }

    /// Lets the workers begin.
    pub(crate) fn work(&mut self) {
        let worker = self.fleet.start(&["worker"], &[]);
        self.workers.push(worker);
    }

    /// A browser that has signed in by a one-time link.
    pub(crate) async fn signed_in(&self) -> Browser {
        let browser = self.driver.browser(&self.origin()).await;
        let (status, link) = self.person.call("POST", "/login-links", None).await;
        assert_eq!(status, StatusCode::CREATED, "{link}");
        let secret = link["url"].as_str().unwrap().split_once('#').unwrap().1.to_owned();
        browser.open(&format!("/sign-in#{secret}")).await;
        browser.sees("h1", "Now").await;
        browser.settled().await;
        browser
    }

    /// A one-time link made by the operator's command.
    pub(crate) fn link_by_command(&self) -> String {
        let said = self.fleet.command(&["login", &self.person.user]);
        let secret = said.trim().rsplit_once('#').unwrap_or_else(|| panic!("a link: {said}")).1.to_owned();
        format!("{}/sign-in#{secret}", self.origin())
    }

    /// Something comes in.
    pub(crate) async fn post(&self, signal: &Value) {
        let (status, body) = self.person.call("POST", "/signals", Some(signal)).await;
        assert!(status.is_success(), "{status} {body}");
    }
}

/// A renewal of a price that is asked about.
pub(crate) fn renewal(id: &str, subject: &str, cents: i64) -> Value {
    json!({ "source": "billing", "type": "subscription_renewal", "external_id": id,
        "payload": { "subject": subject, "subscriptionId": id, "vendor": "Photo Box", "costCents": cents } })
}

/// A document that is filed by itself, for who said so.
pub(crate) fn invoice(id: &str) -> Value {
    json!({ "source": "documents", "type": "document_file", "external_id": id,
        "payload": { "documentId": id, "documentName": format!("{id}.pdf"), "documentType": "invoice", "targetFolder": "Invoices" } })
}
