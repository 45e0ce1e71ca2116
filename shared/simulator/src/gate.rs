//! Gates: where a run waits until somebody who may do so lets it go on.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::fault::End;

/// What a run waits for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gate {
    /// For what kind of thing.
    #[serde(default)]
    pub kind: GateKind,
    /// The tool it wants to use; the order's verb if not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool: Option<String>,
    /// What it wants to use it with; the order's parameters if not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameters: Option<Map<String, Value>>,
    /// Whether it says what it wants leave for.
    #[serde(default = "yes")]
    pub says_what_for: bool,
    /// How the work ends if leave is refused.
    #[serde(default = "failed")]
    pub declined: End,
}

const fn yes() -> bool {
    true
}

const fn failed() -> End {
    End::Failed
}

impl Default for Gate {
    fn default() -> Self {
        Self { kind: GateKind::Approval, tool: None, parameters: None, says_what_for: true, declined: End::Failed }
    }
}

/// Kinds of gate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GateKind {
    /// Leave to use a tool.
    #[default]
    Approval,
    /// A sign-in somewhere.
    Auth,
    /// More than it was given.
    Resource,
}

impl GateKind {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Approval => "approval",
            Self::Auth => "auth",
            Self::Resource => "resource",
        }
    }
}

/// The answer that a gate was given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Answered {
    /// The `client_action_id` it was given under.
    pub(crate) key: String,
    pub(crate) resolution: String,
}

impl Answered {
    pub(crate) fn is_leave(&self) -> bool {
        self.resolution == "approved"
    }
}
