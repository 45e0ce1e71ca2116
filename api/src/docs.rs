//! The OpenAPI 3.1 document, out of the routes themselves, and a page to browse it that needs nothing from outside.
//!
//! Written by hand here is only what is true of every route: how to show a token, what a refusal looks like, and the
//! Idempotency-Key of every POST.

use std::sync::Arc;

use axum::{Json, Router, routing::get};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        ComponentsBuilder, Content, InfoBuilder, ObjectBuilder, OpenApi, OpenApiBuilder, PathItem, Ref, Required,
        Response, ResponseBuilder, Type,
        path::{Parameter, ParameterBuilder, ParameterIn},
        security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
        tag::TagBuilder,
    },
};
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::{idempotency, problem, routes};

/// Where the document is.
pub const DOCUMENT: &str = "/api/v1/openapi.json";
/// Where the page is.
pub const PAGE: &str = "/api/v1/docs";

const ABOUT: &str = "A digital twin that acts for a person, durably. A signal posted here becomes a decision, and a decision \
    an action, a question, an alert, a suggestion, a note or a refusal: each explained, stored, and answerable.\n\n\
    Every refusal is `application/problem+json`. Lists are paged by an opaque `cursor`. Money is in integer cents.";

/// The groups of routes, in the order of a signal's way.
const TAGS: [(&str, &str); 15] = [
    ("signals", "What came in."),
    ("decisions", "What a signal led to, and why."),
    ("approvals", "What waits for the person's word."),
    ("executions", "What was done, and what came of it."),
    ("settings", "How far the twin may go, and the stop switch."),
    ("policies", "The rules the person writes: policies and escalation triggers."),
    ("spend", "The money that counts, and the ledger."),
    ("trust", "How far the twin is trusted, where, and why."),
    ("preferences", "What the person prefers, and what the twin has learned."),
    ("accounts", "Where the twin looks and acts for the person: connect, watch, disconnect."),
    ("notifications", "What the person was told."),
    ("events", "Everything that happened, in order."),
    ("sessions", "Signing in with a browser: the cookie of a session stands where a token would."),
    ("operation", "Users, tokens, jobs: for operators."),
    ("health", "For load balancers."),
];

/// The whole document.
pub fn document() -> OpenApi {
    finished(routes::table().into_openapi())
}

fn finished(derived: OpenApi) -> OpenApi {
    let tags = TAGS.iter().map(|(name, about)| TagBuilder::new().name(*name).description(Some(*about)).build());
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some(
            "A token `st_…`. Each route names the scope it needs. A browser that has signed in sends its cookie instead, and \
             with everything but GET also `X-SkyTwin-CSRF`: the `csrf` of `GET /session`.",
        ))
        .build();
    let mut shapes = vec![(problem::Body::name().into_owned(), problem::Body::schema())];
    problem::Body::schemas(&mut shapes);
    let shared = ComponentsBuilder::new()
        .schemas_from_iter(shapes)
        .security_scheme("token", SecurityScheme::Http(bearer))
        .build();
    let about = InfoBuilder::new().title("SkyTwin").version(env!("CARGO_PKG_VERSION")).description(Some(ABOUT)).build();

    let mut document = OpenApiBuilder::new().info(about).tags(Some(tags)).components(Some(shared)).build();
    document.merge(derived);
    for (path, item) in &mut document.paths.paths {
        let PathItem { get, put, post, delete, .. } = item;
        for (method, operation) in [("get", get), ("put", put), ("post", post), ("delete", delete)] {
            let Some(operation) = operation else { continue };
            operation.operation_id = Some(name(method, path));
            operation.responses.responses.insert("default".into(), refusal().into());
            if method == "post" {
                operation.parameters.get_or_insert_default().push(key().into());
            }
        }
    }
    document
}

/// What generated clients call an operation: `post_approvals_id_answer`. Handlers' own names meet in several files.
fn name(method: &str, path: &str) -> String {
    let parts = path.trim_start_matches("/api/v1/").split('/');
    let parts = parts.map(|part| part.trim_matches(['{', '}']).replace('-', "_"));
    [method.to_owned()].into_iter().chain(parts).collect::<Vec<_>>().join("_")
}

fn refusal() -> Response {
    let shape = Content::new(Some(Ref::from_schema_name(problem::Body::name())));
    ResponseBuilder::new().description("Refused; `code` says why.").content("application/problem+json", shape).build()
}

fn key() -> Parameter {
    let text =
        ObjectBuilder::new().schema_type(Type::String).min_length(Some(1)).max_length(Some(idempotency::LONGEST));
    ParameterBuilder::new()
        .name("Idempotency-Key")
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some("The same key is worked on once and gets the same answer again."))
        .schema(Some(text))
        .build()
}

/// Serves the document and the page.
pub(crate) fn routes(derived: OpenApi) -> Router<crate::State> {
    let document = Arc::new(finished(derived));
    let serve = get(move || {
        let document = Arc::clone(&document);
        async move { Json(document) }
    });
    let config = Config::from(DOCUMENT).persist_authorization(false).validator_url("none");
    Router::new().route(DOCUMENT, serve).merge(SwaggerUi::new(PAGE).config(config))
}
