//! A hook of git, and whether it calls this tool.

use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::hook::Hook;

/// Whether a hook calls this tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum HookState {
    /// It does.
    Installed,
    /// It does, in the words of another version.
    Outdated,
    /// It does not.
    Absent,
    /// It does not, and cannot: `why` says what stands against it.
    Refused,
}

impl HookState {
    /// Its name.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            HookState::Installed => "installed",
            HookState::Outdated => "outdated",
            HookState::Absent => "absent",
            HookState::Refused => "refused",
        }
    }
}

/// A hook of git, and whether it calls this tool.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(rename = "GitHook")]
pub(crate) struct HookView {
    /// When git calls it.
    pub event: Hook,
    /// Whether it calls this tool.
    pub state: HookState,
    /// Where: a file, or a section of the configuration.
    pub place: String,
    /// What stands against it.
    pub why: Option<String>,
}

impl HookView {
    /// The keys, in order.
    pub(crate) const FIELDS: [&'static str; 4] = ["event", "state", "place", "why"];
}
