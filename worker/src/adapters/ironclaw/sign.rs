//! What an exchange says of the server itself, whatever it says of the work.

use domain::breaker::Sign;

use super::wire::Outcome;

/// Reads it. `waited`: the server may have waited for the work as long as it does, and says so with a 503 (documented):
/// that is no trouble. Asked again it answers at once, so a 503 is trouble then.
pub(crate) fn read(outcome: &Outcome, waited: bool) -> Sign {
    match outcome {
        Outcome::NotSent { why } | Outcome::Lost { why } => Sign::Troubled { why: why.clone() },
        Outcome::Reply(reply) => match reply.status {
            401 => Sign::Misconfigured { why: "It does not accept our access token or signature (401).".to_owned() },
            403 => Sign::Misconfigured { why: "It does not allow this with our access token (403).".to_owned() },
            429 => Sign::Busy { retry_after: reply.retry_after },
            503 if waited => Sign::Well,
            500.. => Sign::Troubled { why: format!("It answered with an error of its own ({}).", reply.status) },
            _ => Sign::Well,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::{super::wire::Reply, *};

    fn of(status: u16, waited: bool) -> &'static str {
        match read(&Outcome::Reply(Reply { status, retry_after: None, body: Vec::new() }), waited) {
            Sign::Well => "well",
            Sign::Busy { .. } => "busy",
            Sign::Troubled { .. } => "troubled",
            Sign::Misconfigured { .. } => "misconfigured",
        }
    }

    #[test]
    fn errors_of_its_own_are_trouble_and_refusals_of_one_request_are_not() {
        for (status, sign) in [
            (200, "well"),
            (400, "well"),
            (404, "well"),
            (409, "well"),
            (401, "misconfigured"),
            (403, "misconfigured"),
            (429, "busy"),
            (500, "troubled"),
            (502, "troubled"),
            (504, "troubled"),
        ] {
            assert_eq!((of(status, true), of(status, false)), (sign, sign), "{status}");
        }
        assert_eq!((of(503, true), of(503, false)), ("well", "troubled"));
        assert!(matches!(read(&Outcome::NotSent { why: "refused".into() }, true), Sign::Troubled { .. }));
        assert!(matches!(read(&Outcome::Lost { why: "reset".into() }, true), Sign::Troubled { .. }));
    }
}
