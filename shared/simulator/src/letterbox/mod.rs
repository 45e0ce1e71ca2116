//! Where notifications are sent to: somebody's web server that takes webhooks, and a mail server. Both keep what they were
//! sent, and refuse on order.

mod hooks;
mod mail;

pub use hooks::{Hook, Hooks, Says};
pub use mail::{Letter, Letters};
