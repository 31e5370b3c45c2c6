//! What an attempt has come to, for whoever takes it over.

use super::{list, log};
use crate::answer::outcome::TakenOver;
use crate::terminal::clean;
use crate::terminal::{Look, color::Slot};

/// The worktree first, alone on its line; then what was done in it.
pub(super) fn taken_over(taken: &TakenOver, look: &Look) -> String {
    let so_far = &taken.so_far;
    let mut out = format!("{}\n\n", clean::line(&taken.path.to_string_lossy()));
    let id = look.paint.with(Slot::Id, clean::line(&taken.spec.short));
    out.push_str(&format!("{id}  {}\n", list::title(&taken.spec)));
    if let Some(why) = &so_far.stopped {
        out.push_str(&format!("Stopped: {}\n", clean::line(why)));
    }
    if so_far.criteria > 0 {
        out.push_str(&format!("Criteria: {} of {} ticked\n", so_far.ticked, so_far.criteria));
    }
    let mut section = |title: &str, lines: Vec<String>| {
        if !lines.is_empty() {
            out.push_str(&format!("{}\n", look.paint.with(Slot::Header, title)));
            out.extend(lines.iter().map(|line| format!("    {line}\n")));
        }
    };
    let lines = |lines: &[String]| lines.iter().map(|line| clean::line(line).into_owned()).collect::<Vec<_>>();
    let commit = |commit: &crate::answer::CommitView| {
        format!("{} {}", look.paint.with(Slot::Id, log::abbreviated(&commit.id)), clean::line(&commit.subject))
    };
    section("Commits:", so_far.commits.iter().map(commit).collect());
    section("Changed in them:", lines(&so_far.changed));
    section("Not committed:", lines(&so_far.uncommitted));
    section("The agent's last lines:", lines(&so_far.said));
    out
}
