//! The bytes we send: the order in `x_context`, and instructions that demand the result block.

use domain::{
    execution::{Execution, Kind},
    id::ExecutionId,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::adapters::ironclaw::{Order, instructions};

/// The most that `x_context` may hold, in bytes (the server's limit is 10 KB).
const CONTEXT: usize = 10_000;

#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    input: String,
    instructions: String,
    stream: bool,
    /// What this takes back was done in that conversation: the engine finds there what it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    previous_response_id: Option<&'a str>,
    x_context: Order<'a>,
}

/// The bytes for an execution: the same bytes whenever it is the same execution.
pub(super) fn prepare(model: &str, execution: &Execution, previous: Option<&str>) -> Vec<u8> {
    let (id, verb) = (execution.id, execution.action.verb);
    let body = Body {
        model,
        input: match (execution.kind, execution.reverses) {
            (Kind::Undo, Some(reversed)) => {
                format!(
                    "Take back what execution {reversed} did: carry out the order in the user context, execution {id}."
                )
            }
            (Kind::Undo | Kind::Act, _) => {
                format!("Carry out the order in the user context: execution {id}, `{verb}`.")
            }
        },
        instructions: instructions("the user context"),
        stream: false,
        previous_response_id: previous,
        x_context: Order::of(execution),
    };
    // Our own types always serialise; and no bytes at all would be refused by `check`, not sent.
    serde_json::to_vec(&body).unwrap_or_default()
}

#[derive(Deserialize)]
struct Stored {
    #[serde(default)]
    previous_response_id: Option<String>,
    x_context: Value,
}

/// Whether stored bytes may be sent under this id; if not, a sentence for the person.
pub(super) fn check(id: ExecutionId, request: &[u8]) -> Result<(), String> {
    let Ok(Stored { x_context, .. }) = serde_json::from_slice(request) else {
        return Err("The stored request can't be read, so nothing was sent. Try again to prepare a new one.".to_owned());
    };
    if x_context.get("execution_id").and_then(Value::as_str) != Some(id.to_string().as_str()) {
        return Err("The stored request belongs to another execution, so nothing was sent.".to_owned());
    }
    let size = x_context.to_string().len();
    if size > CONTEXT {
        return Err(format!(
            "This action carries {size} bytes of details and the engine takes {CONTEXT}, so nothing was sent. Shorten its texts and try again."
        ));
    }
    Ok(())
}

/// The conversation that the work takes place in: the one it continues, else one of its own that bears its name.
pub(super) fn thread<'a>(request: Option<&[u8]>, engine_ref: &'a str) -> std::borrow::Cow<'a, str> {
    let stored = request.and_then(|request| serde_json::from_slice::<Stored>(request).ok());
    stored.and_then(|stored| stored.previous_response_id).map_or(engine_ref.into(), Into::into)
}
