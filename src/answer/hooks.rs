//! `hooks`: git's hooks, and whether they call this tool.

use super::{init::write_changes, prelude::*};
use crate::domain::hook::Hook;

pub(super) const ANSWERS: &[Kind] = &[of::<AllHooks>(&["hooks"]).with::<HookView>()];

/// The hooks of git.
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct AllHooks {
    /// Whether nothing was done yet.
    pub dry_run: bool,
    /// What was changed, a sentence each.
    pub changes: Vec<String>,
    /// Every hook that can call git chant.
    pub hooks: Vec<HookView>,
    /// Whether only the state of the hooks was asked for.
    #[serde(skip)]
    pub asked: bool,
}

impl Answer for AllHooks {
    /// Writes what was changed, one line each; a line for each hook where nothing was to be changed.
    fn write(&self, out: &mut dyn Write, look: &Look) -> io::Result<()> {
        if self.asked {
            return self.hooks.iter().try_for_each(|hook| hook.write(out, look));
        }
        let first = match (self.changes.is_empty(), self.dry_run) {
            (true, _) => "Nothing to change",
            (false, true) => "Would change git's hooks",
            (false, false) => "Changed git's hooks",
        };
        write_changes(out, first, &self.changes)
    }

    fn records(&self) -> Vec<&dyn Record> {
        self.hooks.iter().map(|hook| hook as _).collect()
    }
}

/// Whether a hook calls this tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
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
        self.into()
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
    fn write(&self, out: &mut dyn Write, look: &Look) -> io::Result<()> {
        let (word, slot) = match self.state {
            HookState::Installed => ("installed", Slot::Good),
            HookState::Outdated => ("outdated", Slot::Warning),
            HookState::Absent => ("not installed", Slot::Faint),
            HookState::Refused => ("left alone", Slot::Warning),
        };
        let state = look.paint.with(slot, format!("{word:<13}"));
        let why = self.why.as_deref().map(|why| format!(": {}", clean::line(why))).unwrap_or_default();
        writeln!(out, "{:<18}  {state}  {}{why}", self.event, clean::line(&self.place))
    }
}

impl Record for HookView {
    /// The hook, its state, the file or section of the configuration, and why.
    fn porcelain(&self) -> Vec<u8> {
        joined(&[self.event.as_str(), self.state.as_str(), &self.place, text(&self.why)])
    }
}
