//! Metrics for whoever runs the system. Scrapers inside the network use `SKYTWIN_METRICS_LISTEN`, which asks for no token.

use axum::{
    extract::State,
    http::{HeaderName, header},
};

use crate::{State as Api, caller::Operator};

/// This process's metrics, and those of the whole database, in the text format of Prometheus.
#[utoipa::path(get, path = "/metrics", tag = "operation", security(("token" = ["operator"])), responses(
    (status = 200, description = "Every metric.", body = String, content_type = "application/openmetrics-text"),
))]
pub(crate) async fn get(State(api): State<Api>, _: Operator) -> ([(HeaderName, &'static str); 1], String) {
    ([(header::CONTENT_TYPE, observe::FORMAT)], store::sample::page(&api.store, api.clock.now()).await)
}
