//! Traces: one span per request, job and call to an engine, sent to an OpenTelemetry collector by OTLP over HTTP; one
//! trace from the POST through the queue to the engine.
//!
//! Without a collector nothing of OpenTelemetry runs, and the thread still carries a W3C trace from request to job to
//! engine, so that logs of all three bear one id. A collector that is away costs spans and nothing else.

use std::{fmt, sync::Arc, time::Duration};

use futures::future::BoxFuture;
use observe::{Thread, Traceparent};
use opentelemetry::{
    Context,
    trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState, TracerProvider},
};
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::{Resource, trace::SdkTracerProvider};
use tokio::runtime::Handle;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;
use url::Url;

use crate::{Entropy, crypto};

/// The spans that become part of a trace; all else stays in the log.
pub(crate) const SPANS: [&str; 3] = ["request", "job", "engine"];
/// For one batch to be taken by the collector, and for the last one at the end.
const PATIENCE: Duration = Duration::from_secs(5);

/// Why no spans can be sent.
#[derive(Debug, thiserror::Error)]
#[error("spans can't be sent: {0}")]
pub struct Error(String);

/// Sends spans in the background; what is left is sent when it is dropped.
#[derive(Debug)]
pub(crate) struct Exporter(SdkTracerProvider);

impl Exporter {
    /// To the collector at `base`: spans go to `v1/traces` below it, as the standard says. Within a tokio runtime.
    pub(crate) fn new(base: &Url, service: &'static str) -> Result<Self, Error> {
        crypto::install();
        let why = |error: &dyn fmt::Display| Error(error.to_string());
        let mut client = reqwest::Client::builder().timeout(PATIENCE).no_proxy();
        if base.scheme() == "http" {
            // without TLS no root certificates are needed
            client = client.tls_certs_only([]);
        }
        let client = Courier { client: client.build().map_err(|e| why(&e))?, handle: Handle::current() };
        let endpoint = format!("{}/v1/traces", base.as_str().trim_end_matches('/'));
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(client)
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(endpoint)
            .build()
            .map_err(|e| why(&e))?;
        let resource = Resource::builder_empty().with_service_name(service).build();
        Ok(Self(SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource).build()))
    }

    pub(crate) fn tracer(&self) -> opentelemetry_sdk::trace::SdkTracer {
        self.0.tracer("skytwin")
    }
}

impl Drop for Exporter {
    fn drop(&mut self) {
        if let Err(error) = self.0.shutdown_with_timeout(PATIENCE) {
            tracing::warn!(%error, "the last spans were not sent");
        }
    }
}

/// The SDK sends from a thread of its own that knows no runtime: the request itself runs on ours.
#[derive(Debug)]
struct Courier {
    client: reqwest::Client,
    handle: Handle,
}

impl HttpClient for Courier {
    // as `async_trait` would write it
    fn send_bytes<'s, 'f>(&'s self, request: Request<Bytes>) -> BoxFuture<'f, Result<Response<Bytes>, HttpError>>
    where
        's: 'f,
        Self: 'f,
    {
        let client = self.client.clone();
        let sent = self.handle.spawn(async move { client.send_bytes(request).await });
        Box::pin(async move { sent.await? })
    }
}

/// Begins a request's or job's thread in `span`, in the trace of its cause or in one of its own, and writes the trace on
/// the span (its field `trace`).
pub fn begin(span: &Span, cause: Option<Traceparent>, entropy: &Entropy) -> Arc<Thread> {
    if let Some(cause) = cause {
        // fails only where no collector is configured
        drop(span.set_parent(Context::new().with_remote_span_context(remote(cause))));
    }
    let context = span.context();
    let own = context.span().span_context().clone();
    let traceparent = if own.is_valid() && cause.is_none_or(|cause| own.trace_id() == TraceId::from(cause.trace)) {
        Traceparent {
            trace: u128::from_be_bytes(own.trace_id().to_bytes()),
            parent: u64::from_be_bytes(own.span_id().to_bytes()),
            flags: own.trace_flags().to_u8(),
        }
    } else {
        Traceparent {
            trace: cause.map_or_else(|| u128::from_be_bytes(entropy.bytes()).max(1), |cause| cause.trace),
            parent: u64::from_be_bytes(entropy.bytes()).max(1),
            // nobody upstream has decided against recording it
            flags: cause.map_or(1, |cause| cause.flags),
        }
    };
    span.record("trace", traceparent.trace_id());
    Thread::new(traceparent)
}

fn remote(cause: Traceparent) -> SpanContext {
    SpanContext::new(
        TraceId::from(cause.trace),
        SpanId::from(cause.parent),
        TraceFlags::new(cause.flags),
        true,
        TraceState::default(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_collector_a_trace_is_continued_or_begun_all_the_same() {
        let entropy = Entropy::seeded(1);
        let cause = Traceparent { trace: 7, parent: 8, flags: 0 };
        let thread = begin(&Span::none(), Some(cause), &entropy);
        assert_eq!((thread.traceparent.trace, thread.traceparent.flags), (7, 0));
        assert_ne!(thread.traceparent.parent, 8);
        let (one, other) = (begin(&Span::none(), None, &entropy), begin(&Span::none(), None, &entropy));
        assert_ne!(one.traceparent.trace, other.traceparent.trace);
    }
}
