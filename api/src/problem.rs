//! What goes wrong, as the caller sees it: RFC 9457 `application/problem+json`, and the one table from error to HTTP.
//!
//! Invariant: every refusal of this API is a [`Problem`]; a 5xx says nothing of the inside, only the trace id under
//! which the log has it. 404 stands for "not yours" as well, so nobody learns what others have.

use axum::{
    Json,
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use domain::{approval::Refusal, catalogue::Invalid, signal::Object};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use crate::trace;

/// One row per problem: the code on the wire, the status, the title.
macro_rules! table {
    ($($(#[$doc:meta])* $name:ident = $wire:literal, $status:ident, $title:literal;)+) => {
        /// Everything this API refuses with.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Code { $($(#[$doc])* $name),+ }

        impl Code {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The code on the wire, and the end of the problem's `type`.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $wire),+ }
            }

            /// The HTTP status.
            pub const fn status(self) -> StatusCode {
                match self { $(Self::$name => StatusCode::$status),+ }
            }

            /// A few words that never change.
            pub const fn title(self) -> &'static str {
                match self { $(Self::$name => $title),+ }
            }
        }
    };
}

table! {
    /// Not JSON, not UTF-8, a body that broke off.
    Malformed = "malformed", BAD_REQUEST, "The request can't be read";
    /// No token, or none that is known, unexpired and unrevoked.
    Unauthenticated = "unauthenticated", UNAUTHORIZED, "A valid token is needed";
    /// The token may not do this.
    Forbidden = "forbidden", FORBIDDEN, "The token does not allow this";
    /// A browser sent it along for a page that is not ours, or that did not show the session's own token.
    CrossSite = "cross_site", FORBIDDEN, "This did not come from our own page";
    /// Unknown, or somebody else's.
    NotFound = "not_found", NOT_FOUND, "There is no such thing";
    /// The path exists, the method does not.
    MethodNotAllowed = "method_not_allowed", METHOD_NOT_ALLOWED, "This path does not know that method";
    /// Resolved before; `state` says how.
    Resolved = "resolved", CONFLICT, "This is resolved already";
    /// Its time is over.
    Expired = "expired", CONFLICT, "This has expired";
    /// The stop switch is on.
    Stopped = "stopped", CONFLICT, "The twin is stopped";
    /// The decision has an approval: answer that.
    AnswerElsewhere = "answer_elsewhere", CONFLICT, "This is answered elsewhere";
    /// Only blocked decisions take feedback of this kind.
    NothingToAnswer = "nothing_to_answer", CONFLICT, "There is nothing to answer here";
    /// What was done can't be taken back (now); `obstacle` says why.
    CannotUndo = "cannot_undo", CONFLICT, "This can't be undone";
    /// Not in the state it is in; `state` says which.
    OutOfPlace = "out_of_place", CONFLICT, "This is not possible in its present state";
    /// Something that an operator has to set up first; `detail` says what.
    NotSetUp = "not_set_up", CONFLICT, "This system is not set up for that";
    /// The same thing exists already.
    Duplicate = "duplicate", CONFLICT, "This exists already";
    /// Somebody else changed it in between.
    Changed = "changed", CONFLICT, "This has just been changed by somebody else";
    /// The first request with this Idempotency-Key is still being worked on.
    InFlight = "in_flight", CONFLICT, "The first request with this key is still in flight";
    /// If-Match names another revision.
    Precondition = "precondition_failed", PRECONDITION_FAILED, "This is not the revision you know";
    /// More bytes than allowed.
    TooLarge = "too_large", PAYLOAD_TOO_LARGE, "The body is too large";
    /// Not `application/json`.
    MediaType = "unsupported_media_type", UNSUPPORTED_MEDIA_TYPE, "The body must be JSON";
    /// Readable, but something in it can't be; `errors` says what.
    Invalid = "invalid", UNPROCESSABLE_ENTITY, "Something in the request can't be accepted";
    /// The same Idempotency-Key came before with other content.
    OtherContent = "idempotency_key_reused", UNPROCESSABLE_ENTITY, "This key was used for another request";
    /// The daily limit is in the way; `numbers` says by how much.
    NeedsOverride = "needs_override", UNPROCESSABLE_ENTITY, "This goes above the daily limit";
    /// The cost is unknown and no cap was given.
    NeedsMaxCost = "needs_max_cost", UNPROCESSABLE_ENTITY, "The cost is unknown";
    /// Secrets can't be sealed: this process was given no keys.
    NoVault = "no_vault", SERVICE_UNAVAILABLE, "There is no vault to keep this in";
    /// Mail can't be sent: no server for it was given.
    NoMail = "no_mail", SERVICE_UNAVAILABLE, "Mail is not set up here";
    /// As many as one person may have at once.
    TooMany = "too_many", TOO_MANY_REQUESTS, "Too many at once";
    /// More often than one caller may.
    TooOften = "too_often", TOO_MANY_REQUESTS, "Too many requests";
    /// Something broke here.
    Internal = "internal", INTERNAL_SERVER_ERROR, "Something went wrong on our side";
    /// The database is away, or too much is going on.
    Unavailable = "unavailable", SERVICE_UNAVAILABLE, "Not available right now";
    /// It took too long.
    TimedOut = "timed_out", SERVICE_UNAVAILABLE, "This took too long";
}

/// Most errors that one answer names.
const MOST_ERRORS: usize = 100;

/// A refusal, on its way to the caller.
#[derive(Clone, Debug)]
pub struct Problem {
    code: Code,
    detail: String,
    errors: Vec<Invalid>,
    facts: Object,
    headers: Vec<(HeaderName, HeaderValue)>,
}

/// One thing wrong with the request.
#[derive(Debug, Serialize, ToSchema)]
pub struct Fault {
    /// Where: a JSON pointer into the body, or the name of the query parameter or header.
    path: String,
    /// What is wrong and what to do.
    reason: String,
}

/// RFC 9457: what every refusal looks like. Some carry further members, such as the `state` that was found.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct Body {
    /// `urn:skytwin:problem:` and the code.
    #[serde(rename = "type")]
    #[schema(example = "urn:skytwin:problem:resolved")]
    kind: String,
    /// A few words that never change.
    title: &'static str,
    /// The HTTP status once more.
    status: u16,
    /// The code alone, for programs.
    code: &'static str,
    /// What happened this time and what to do.
    detail: String,
    /// What is wrong with the request, each with its place: the first hundred.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<Fault>,
    /// For a 5xx: under which id the operator finds it in the log.
    #[serde(skip_serializing_if = "Option::is_none")]
    trace_id: Option<String>,
    /// The state that was found, the numbers, where to go instead.
    #[serde(flatten)]
    facts: Object,
}

impl Problem {
    /// A problem of this kind, with what happened this time and what to do.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into(), errors: Vec::new(), facts: Object::new(), headers: Vec::new() }
    }

    /// Unknown, or somebody else's.
    pub fn not_found(what: &str) -> Self {
        Self::new(Code::NotFound, format!("There is no such {what} of yours."))
    }

    /// Something in the request can't be accepted.
    pub fn invalid(errors: Vec<Invalid>) -> Self {
        Self::new(Code::Invalid, "See `errors`; nothing was changed.").with_errors(errors)
    }

    /// One thing in the request can't be accepted.
    pub fn one(path: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::invalid(vec![Invalid { path: path.into(), reason: reason.into() }])
    }

    /// A fault of ours: the log gets the cause, the caller the trace id.
    pub fn internal(cause: &dyn std::fmt::Display) -> Self {
        tracing::error!(%cause, "a request failed");
        Self::new(
            Code::Internal,
            "Nothing you sent is to blame. Try again; if it stays, give the operator the trace id.",
        )
    }

    /// Try again after so many seconds.
    pub fn unavailable(code: Code, detail: &str, retry_after_seconds: u16) -> Self {
        Self::new(code, detail).header(header::RETRY_AFTER, HeaderValue::from(retry_after_seconds))
    }

    /// Adds the errors, as many as anybody reads: an answer is never many times as long as what it answers.
    #[must_use]
    pub fn with_errors(mut self, mut errors: Vec<Invalid>) -> Self {
        errors.truncate(MOST_ERRORS);
        self.errors = errors;
        self
    }

    /// Adds a member to the body.
    #[must_use]
    pub fn fact(mut self, name: &str, value: impl Serialize) -> Self {
        self.facts.insert(name.to_owned(), json!(value));
        self
    }

    /// Adds a header to the response.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Of which kind.
    pub fn code(&self) -> Code {
        self.code
    }

    /// Puts `prefix` before every path: for one item of many.
    #[must_use]
    pub fn below(mut self, prefix: &str) -> Self {
        for error in &mut self.errors {
            error.path.insert_str(0, prefix);
        }
        self
    }

    /// As it goes over the wire, whether as a response or inside a list of results.
    pub fn body(self) -> Body {
        let status = self.code.status();
        Body {
            kind: format!("urn:skytwin:problem:{}", self.code.as_str()),
            title: self.code.title(),
            status: status.as_u16(),
            code: self.code.as_str(),
            detail: self.detail,
            errors: self.errors.into_iter().map(|error| Fault { path: error.path, reason: error.reason }).collect(),
            trace_id: status.is_server_error().then(trace::id).flatten(),
            facts: self.facts,
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(mut self) -> Response {
        let headers = std::mem::take(&mut self.headers);
        let status = self.code.status();
        let mut response = (status, Json(self.body())).into_response();
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        for (name, value) in headers {
            response.headers_mut().insert(name, value);
        }
        response
    }
}

impl From<store::Error> for Problem {
    fn from(error: store::Error) -> Self {
        match error {
            store::Error::NotFound => Self::not_found("thing"),
            store::Error::Stale => Self::new(Code::Changed, "Read it again, then decide."),
            store::Error::Duplicate => Self::new(Code::Duplicate, "Nothing was changed."),
            store::Error::Unavailable(cause) => {
                tracing::warn!(%cause, "the database is away");
                Self::unavailable(Code::Unavailable, "The database is away; nothing you sent is to blame.", 2)
            }
            store::Error::Corrupt { .. } => Self::internal(&error),
            store::Error::Bug(cause) => Self::internal(&cause),
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let text = refusal.to_string();
        match refusal {
            Refusal::Resolved(phase) => Self::new(Code::Resolved, text).fact("state", phase),
            Refusal::Expired(at) => Self::new(Code::Expired, text).fact("state", "expired").fact("expires_at", at),
            Refusal::Stopped => Self::new(Code::Stopped, text).fact("state", "pending"),
            Refusal::NeedsOverride(reason) => Self::new(Code::NeedsOverride, text)
                .with_errors(vec![Invalid { path: "/override_daily_limit".into(), reason: reason.text }])
                .fact("state", "pending")
                .fact("numbers", reason.numbers),
            Refusal::NeedsMaxCost => Self::new(Code::NeedsMaxCost, text)
                .with_errors(vec![Invalid {
                    path: "/max_cost_cents".into(),
                    reason: "say how much it may cost at most, in cents".into(),
                }])
                .fact("state", "pending"),
            Refusal::Invalid(errors) => Self::invalid(errors).fact("state", "pending"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_names_a_hundred_mistakes_and_no_more() {
        let mistakes = (0..5000).map(|number| Invalid { path: format!("/{number}"), reason: "no".into() });
        assert_eq!(Problem::invalid(mistakes.collect()).body().errors.len(), 100);
    }
}
