//! Writes every privileged act down before it happens: whatever an operator changes or takes out, and whatever opens a
//! door for somebody. No handler can forget it, since it stands around all of them; if it can't be written, nothing happens.

use axum::{
    extract::{MatchedPath, Request, State},
    http::Method,
    middleware::Next,
    response::{IntoResponse, Response},
};
use store::audit::{self, Act};
use uuid::Uuid;

use crate::{State as Api, caller::Caller, problem::Problem};

/// Reading these gives away so much that it is an act.
const TAKEN_OUT: [&str; 1] = ["/users/{id}/export"];
/// A person's acts that open a door, or close one.
const DOORS: [&str; 3] = ["/tokens", "/tokens/{id}", "/login-links"];

/// The row of the act that is under way, in the extensions of its request: for a handler that knows more of it than the
/// address says.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    id: Uuid,
    address: String,
}

impl Row {
    /// Writes what the act is about, or what came of it, behind the address.
    pub(crate) async fn about(&self, api: &Api, what: &str) -> store::Result<()> {
        audit::about(&api.store, self.id, &format!("{}: {what}", self.address)).await
    }
}

/// Stands around what the caller asks for.
pub(crate) async fn privileged(State(api): State<Api>, mut request: Request, next: Next) -> Response {
    let Some(act) = act(&api, &request) else { return next.run(request).await };
    if let Err(error) = audit::begin(&api.store, &act).await {
        return Problem::from(error).into_response();
    }
    request.extensions_mut().insert(Row { id: act.id, address: act.target.clone() });
    let response = next.run(request).await;
    if let Err(error) = audit::end(&api.store, act.id, response.status().as_u16()).await {
        tracing::error!(%error, act = act.act, "the audit lacks how an act ended");
    }
    response
}

fn act(api: &Api, request: &Request) -> Option<Act> {
    let caller = request.extensions().get::<Caller>()?;
    let route = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
    let route = route.strip_prefix(crate::routes::ROOT).unwrap_or(route);
    let changes = !matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    let operator = caller.user.is_none() && (changes || TAKEN_OUT.contains(&route));
    (operator || changes && DOORS.contains(&route)).then(|| {
        let at = api.clock.now();
        Act {
            id: api.entropy.uuid(at),
            at,
            actor: caller.key.clone(),
            act: format!("{} {route}", request.method()),
            target: request.uri().path().to_owned(),
            status: None,
        }
    })
}
