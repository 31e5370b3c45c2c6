//! Progress for people, on stderr.

use super::error::labelled;
use crate::answer::progress::{Step, described};
use crate::terminal::{Look, clean, color::Slot, fit};

/// The line of a step; nothing for a piece of the answer, which is not progress.
pub(super) fn line(step: &Step<'_>, look: &Look) -> String {
    match step {
        Step::Working { short, title } => {
            let title = fit::cut(&clean::line(title), "Working : ".len() + fit::width(short), look);
            format!("Working {}: {title}\n", look.paint.with(Slot::Id, clean::line(short)))
        }
        Step::AgentStarted { worktree } => {
            format!("> Agent working in worktree {}\n", clean::line(&worktree.to_string_lossy()))
        }
        // A command stays in one piece.
        Step::AgentLine(text) if text.starts_with("$ ") => format!("  {}\n", clean::line(text)),
        Step::AgentLine(text) => {
            fit::wrapped(&clean::line(text), 2, look).iter().map(|line| format!("  {line}\n")).collect()
        }
        Step::Checking { what } => format!("> Checking {}\n", clean::line(what)),
        Step::Of { short, step } => {
            let id = look.paint.with(Slot::Id, clean::line(short));
            line(step, look).lines().map(|line| format!("{id}  {line}\n")).collect()
        }
        Step::Over { short, how, good } => {
            let how = clean::line(how);
            let how = if *good { how.into_owned() } else { look.paint.with(Slot::Bad, how) };
            format!("{}  {how}\n", look.paint.with(Slot::Id, clean::line(short)))
        }
        // What changes all the time is for where it can be redrawn.
        Step::Queue { .. } | Step::Running { .. } | Step::Ran | Step::Doing { .. } => String::new(),
        Step::Still { activity, since } => format!("  ({})\n", clean::line(&described(activity, *since))),
        Step::Note(text) => format!("{}\n", clean::line(text)),
        Step::Warning(text) => labelled("warning", text, look),
        Step::Hint(text) => labelled("hint", text, look),
        Step::Comment(text) => look.paint.with(Slot::Comment, format_args!("# {}", clean::line(text))) + "\n",
        Step::Command(text) => look.paint.with(Slot::Header, format_args!("$ {}", clean::text(text))) + "\n",
        Step::Printed(text) if look.paint.on => clean::colored(text) + "\n",
        Step::Printed(text) => format!("{}\n", clean::line(text)),
        Step::Answer(_) => String::new(),
    }
}
