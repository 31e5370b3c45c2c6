//! What came of several specs, and a spec that was taken.

use std::path::Path;

use super::list;
use crate::answer::{
    SpecView,
    outcome::{WorkedAll, WorkedOne},
};
use crate::terminal::clean;
use crate::terminal::{Look, color::Slot, time};

/// A line a spec, and how many came to what.
pub(super) fn all(all: &WorkedAll, look: &Look) -> String {
    if all.specs.is_empty() {
        return String::new();
    }
    let wide = |values: &mut dyn Iterator<Item = usize>| values.max().unwrap_or_default();
    let ids = wide(&mut all.specs.iter().map(|one| one.spec.short.chars().count()));
    let outcomes = wide(&mut all.specs.iter().map(|one| one.outcome.chars().count()));
    let took = |one: &WorkedOne| time::duration(one.duration);
    let tooks = wide(&mut all.specs.iter().map(|one| took(one).chars().count()));
    let mut out = String::new();
    for one in &all.specs {
        let id = look.paint.with(Slot::Id, format!("{:<ids$}", clean::line(&one.spec.short)));
        let slot =
            if one.outcome == "failed" || one.outcome == "refused" { Slot::Bad } else { Slot::Status(one.spec.status) };
        let outcome = look.paint.with(slot, format!("{:<outcomes$}", one.outcome));
        out.push_str(&format!("{id}  {outcome}  {:<tooks$}  {}\n", took(one), list::title(&one.spec)));
        if let Some(why) = &one.why {
            out.push_str(&format!("    {}\n", clean::line(why)));
        }
    }
    out.push_str(&summary(all));
    out
}

/// `3 completed, 1 failed; 2 not begun, 1 waits`.
fn summary(all: &WorkedAll) -> String {
    let count = |name: &str| all.specs.iter().filter(|one| one.outcome == name).count();
    let parts: Vec<String> = ["completed", "finished", "failed", "paused", "refused", "in_progress"]
        .into_iter()
        .map(|name| (count(name), name))
        .filter(|(count, _)| *count > 0)
        .map(|(count, name)| format!("{count} {}", name.replace('_', " ")))
        .collect();
    let mut line = parts.join(", ");
    let mut rest = Vec::new();
    if all.left > 0 {
        rest.push(format!("{} not begun", all.left));
    }
    if all.waiting > 0 {
        rest.push(format!("{} {} for others", all.waiting, if all.waiting == 1 { "waits" } else { "wait" }));
    }
    if !rest.is_empty() {
        line.push_str(&format!("; {}", rest.join(", ")));
    }
    line + "\n"
}

/// The spec, where it is worked, and what to read there.
pub(super) fn claimed(spec: &SpecView, path: &Path, prompt: &Path, look: &Look) -> String {
    let id = look.paint.with(Slot::Id, clean::line(&spec.short));
    let (path, prompt) = (path.to_string_lossy(), prompt.to_string_lossy());
    format!("{id}  {}\nWorktree: {}\nPrompt:   {}\n", list::title(spec), clean::line(&path), clean::line(&prompt))
}
