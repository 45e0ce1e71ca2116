//! Google's adapters against the double of Gmail and Calendar, over real HTTP.

mod calendar;
mod direct;
mod left_out;
mod mail;
mod replies;

use std::sync::Arc;

use domain::{source::Kind, time::Timestamp};
use runtime::{Clock, Secret};
use serde_json::Value;
use simulator::google::{Google as Double, Running};
use worker::{
    adapters::google::Google,
    ports::source::{Asked, Incoming, Page, Source, Trouble},
};

const ADA: &str = "ada@home.example";
const TOKEN: &str = "the token of ada@home.example";

/// A double that lets in whoever has a token, and the adapters that talk to it.
struct Far {
    double: Running,
    google: Google,
    token: Secret,
}

impl Far {
    async fn new() -> Self {
        let double = Double::new(|token| token.strip_prefix("the token of ").map(str::to_owned));
        let double = double.serve().await.unwrap();
        let google = Google::new(Some(&double.url.parse().unwrap()), &Clock::manual(now()).0).unwrap();
        Self { double, google, token: Secret::new(TOKEN) }
    }

    fn source(&self, kind: Kind) -> Arc<dyn Source> {
        self.google.sources.iter().find(|source| source.kind() == kind).unwrap().clone()
    }

    /// Reads one page.
    async fn page(&self, kind: Kind, cursor: Option<&Value>) -> Result<Page, Trouble> {
        self.source(kind).poll(Asked { token: &self.token, cursor, now: now() }).await
    }

    /// Reads until nothing more is there; gives everything that came and where it stands then.
    async fn read(&self, kind: Kind, cursor: Option<Value>) -> (Vec<Incoming>, Value) {
        let (mut signals, mut cursor) = (Vec::new(), cursor);
        for _ in 0..20 {
            let page = self.page(kind, cursor.as_ref()).await.unwrap();
            signals.extend(page.signals);
            if !page.more {
                return (signals, page.cursor);
            }
            cursor = Some(page.cursor);
        }
        panic!("there is always more: {cursor:?}");
    }
}

fn now() -> Timestamp {
    "2026-03-01T09:00:00Z".parse().unwrap()
}

fn ids(signals: &[Incoming]) -> Vec<&str> {
    signals.iter().map(|signal| signal.external_id.as_str()).collect()
}
