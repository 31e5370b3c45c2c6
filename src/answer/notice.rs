//! What the command of `chant.notify` is told: one object on its standard input.

use super::{prelude::*, record::Json as _};

pub(super) const ANSWERS: &[Kind] = &[of::<Notice>(&["work"])];

/// What became of a spec, for the command of `chant.notify`.
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct Notice {
    /// What became of it.
    pub notice: NoticeView,
}

/// What became of a spec.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(rename = "NoticeOfSpec")]
pub(crate) struct NoticeView {
    /// What it is about.
    pub event: NoticeEvent,
    /// Why, in words: lower case, no full stop; `null` where it went well.
    pub why: Option<String>,
    /// Why the agent stopped before its work was done: `overload`, `bad-key`, `question`, …
    pub stopped: Option<String>,
    /// What a person can do next, one line each.
    pub hints: Vec<String>,
    /// The top of the main worktree, or the git directory of a bare repository.
    pub repository: String,
    /// When, RFC 3339.
    pub at: String,
    /// The spec as it is now.
    pub spec: SpecView,
}

/// What a notice is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum NoticeEvent {
    /// The work is in its target, or there was nothing to merge.
    Completed,
    /// Every check passed, and the work was not to be merged now.
    Finished,
    /// The agent failed, or a check did.
    Failed,
    /// It was stopped and can be resumed.
    Paused,
    /// Something stands in its way that only a person can remove: a conflict, an approval, a budget, a set-up that fails, an agent that is
    /// held up try after try.
    NeedsPerson,
}

impl Answer for Notice {
    /// Writes the object, as the command gets it.
    fn write(&self, out: &mut dyn Write, _: &Look) -> io::Result<()> {
        writeln!(out, "{}", self.json(false))
    }
}
