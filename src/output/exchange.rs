//! What an exchange with a remote did, for people.

use super::log;
use crate::answer::{ExchangeView, Way};
use crate::terminal::clean;
use crate::terminal::{Look, color::Slot};

/// One line a ref, what needs a person last, and nothing but a short answer where there was nothing to do.
pub(super) fn exchanged(remote: &str, dry_run: bool, entries: &[ExchangeView], look: &Look) -> String {
    let remote = clean::line(remote);
    if entries.is_empty() {
        return format!("Up to date with {remote}\n");
    }
    let mut out = format!("{} {remote}\n", if dry_run { "Would exchange with" } else { "Exchanged with" });
    for entry in entries {
        out.push_str(&format!(
            "    {}  {}",
            look.paint.with(slot(entry.way), format!("{:<9}", entry.way.as_str())),
            name(entry)
        ));
        let short = |id: &Option<String>| id.as_deref().map(|id| log::abbreviated(id).to_owned());
        match (short(&entry.from), short(&entry.to)) {
            (Some(from), Some(to)) => out.push_str(&format!("  {from}..{to}")),
            (None, Some(_)) => out.push_str("  new"),
            _ => {}
        }
        if let Some(why) = &entry.why {
            out.push_str(&format!(": {}", clean::line(why)));
        }
        out.push('\n');
    }
    out
}

fn name(entry: &ExchangeView) -> String {
    match &entry.spec {
        Some(spec) => spec.short().to_owned(),
        None => clean::line(&entry.name).into_owned(),
    }
}

fn slot(way: Way) -> Slot {
    match way {
        Way::Fetched | Way::Merged | Way::Pushed | Way::Folded => Slot::Good,
        Way::Gone | Way::Rewritten | Way::Contended => Slot::Warning,
        Way::Unfit | Way::Refused => Slot::Bad,
    }
}
