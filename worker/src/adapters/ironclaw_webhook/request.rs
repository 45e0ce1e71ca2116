//! The bytes we send, and the signature over exactly these bytes.

use domain::{execution::Execution, id::ExecutionId};
use hmac::{Hmac, KeyInit, Mac};
use runtime::Secret;
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use crate::adapters::ironclaw::{Order, instructions};

/// The header that carries the signature.
pub(super) const SIGNATURE: &str = "x-hub-signature-256";
/// The most that `content` may hold, in bytes.
const CONTENT: usize = 32 * 1024;

#[derive(Serialize)]
struct Body {
    content: String,
    thread_id: ExecutionId,
    wait_for_response: bool,
}

/// The bytes for an execution: the same bytes whenever it is the same execution.
pub(super) fn prepare(execution: &Execution) -> Vec<u8> {
    // Our own types always serialise; and no bytes at all would be refused by `check`, not sent.
    let order = serde_json::to_string(&Order::of(execution)).unwrap_or_default();
    let content = format!("{order}\n{}", instructions("the first line"));
    serde_json::to_vec(&Body { content, thread_id: execution.id, wait_for_response: true }).unwrap_or_default()
}

/// Whether stored bytes may be sent for this execution; if not, a sentence for the person.
pub(super) fn check(id: ExecutionId, request: &[u8]) -> Result<(), String> {
    #[derive(Deserialize)]
    struct Stored {
        content: String,
        thread_id: ExecutionId,
    }
    let Ok(Stored { content, thread_id }) = serde_json::from_slice(request) else {
        return Err("The stored request can't be read, so nothing was sent. Try again to prepare a new one.".to_owned());
    };
    if thread_id != id {
        return Err("The stored request belongs to another execution, so nothing was sent.".to_owned());
    }
    let size = content.len();
    if size > CONTENT {
        return Err(format!(
            "This action carries {size} bytes of details and the engine takes {CONTENT}, so nothing was sent. Shorten its texts and try again."
        ));
    }
    Ok(())
}

/// `sha256=<hex>` of the HMAC over the body.
pub(super) fn signature(secret: &Secret, body: &[u8]) -> String {
    // A key of any length is a key: this can't fail, and an empty signature would be refused.
    let mac = Hmac::<Sha256>::new_from_slice(secret.reveal().as_bytes()).map(|mac| mac.chain_update(body));
    mac.map(|mac| format!("sha256={}", hex::encode(mac.finalize().into_bytes()))).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_the_documented_one() {
        // RFC 4231, test case 2.
        assert_eq!(
            signature(&Secret::new("Jefe"), b"what do ya want for nothing?"),
            "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }
}
