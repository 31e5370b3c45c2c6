//! Git's hooks and what was changed in them, for people.

use crate::answer::{HookState, HookView};
use crate::terminal::clean;
use crate::terminal::{Look, color::Slot};

/// What was changed, one line each; where nothing was to be changed, a line for each hook.
pub(super) fn hooks(changes: Option<&[String]>, dry_run: bool, hooks: &[HookView], look: &Look) -> String {
    match changes {
        Some([]) => "There is nothing to change\n".to_owned(),
        Some(changes) => {
            let first = if dry_run { "Would change git's hooks" } else { "Changed git's hooks" };
            let lines: String = changes.iter().map(|change| format!("    {}\n", clean::line(change))).collect();
            format!("{first}\n{lines}")
        }
        None => hooks.iter().map(|hook| line(hook, look)).collect(),
    }
}

fn line(hook: &HookView, look: &Look) -> String {
    let (word, slot) = match hook.state {
        HookState::Installed => ("installed", Slot::Good),
        HookState::Outdated => ("outdated", Slot::Warning),
        HookState::Absent => ("not installed", Slot::Faint),
        HookState::Refused => ("left alone", Slot::Warning),
    };
    let state = look.paint.with(slot, format!("{word:<13}"));
    let why = hook.why.as_deref().map(|why| format!(": {}", clean::line(why))).unwrap_or_default();
    format!("{:<18}  {state}  {}{why}\n", hook.event, clean::line(&hook.place))
}
