//! The one provider of cryptography for TLS: HTTP clients bring none of their own.

use std::sync::Once;

/// Installs it, once for the whole process, whoever needs it first.
pub fn install() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        if rustls::crypto::ring::default_provider().install_default().is_err() {
            tracing::debug!("a cryptography provider was installed before");
        }
    });
}
