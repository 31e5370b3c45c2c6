//! Inputs that are not what they were, for people.

use crate::answer::DriftView;
use crate::terminal::clean;
use crate::terminal::{Look, color::Slot};

/// Each spec with its changed inputs below it, then what builds on it.
pub(super) fn drift(found: &[DriftView], look: &Look) -> String {
    let mut out = String::new();
    for (at, one) in found.iter().enumerate() {
        let first = at == 0 || found[at - 1].spec != one.spec;
        let last = found.get(at + 1).is_none_or(|next| next.spec != one.spec);
        if first {
            let id = look.paint.with(Slot::Id, clean::line(&one.short));
            out.push_str(&format!("{id}  {}\n", clean::line(one.title.as_deref().unwrap_or_default())));
        }
        let by = one.by.as_deref().map(|by| format!(" by {}", clean::line(by))).unwrap_or_default();
        let kind = look.paint.with(Slot::Warning, clean::line(&one.kind));
        out.push_str(&format!("    {kind}{by}  {}\n", clean::line(&one.input)));
        if let Some(see) = &one.see {
            out.push_str(&format!("        {}\n", clean::line(see)));
        }
        if last && !one.downstream.is_empty() {
            out.push_str(&format!("    built on by  {}\n", clean::line(&one.downstream.join(", "))));
        }
    }
    out
}
