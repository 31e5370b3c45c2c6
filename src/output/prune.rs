//! What was cleared away, and what was not, for people.

use crate::answer::PruneView;
use crate::terminal::clean;
use crate::terminal::{Look, color::Slot};

/// One line each: what goes first, then what stays, with the reasons.
pub(super) fn pruned(found: &[PruneView], dry_run: bool, look: &Look) -> String {
    let (gone, kept) = if dry_run { ("Would prune", "Would keep") } else { ("Pruned", "Kept") };
    let wide = if found.iter().any(|one| one.pruned) { gone.len() } else { kept.len() };
    let line = |one: &PruneView| {
        let (word, slot) = if one.pruned { (gone, Slot::Good) } else { (kept, Slot::Warning) };
        let word = look.paint.with(slot, format!("{word:<wide$}"));
        let name = clean::line(&one.name);
        format!("{word}  {:<12}  {name}: {}\n", one.kind.as_str(), clean::line(&one.why))
    };
    let (goes, stays): (Vec<_>, Vec<_>) = found.iter().partition(|one| one.pruned);
    goes.into_iter().chain(stays).map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{answer::Pruned, terminal::color::Paint};

    #[test]
    fn what_stays_comes_last_with_its_reason() {
        let look = Look { paint: Paint::new(false), width: None, screen: false, unicode: false };
        let one = |pruned, name: &str, why: &str| PruneView {
            kind: Pruned::Branch,
            spec: None,
            name: name.into(),
            pruned,
            why: why.into(),
        };
        let found = [one(false, "refs/heads/a", "2 commits\u{1b}[2J"), one(true, "refs/heads/b", "it is completed")];
        assert_eq!(
            pruned(&found, false, &look),
            "Pruned  branch        refs/heads/b: it is completed\nKept    branch        refs/heads/a: 2 commits\n"
        );
        assert!(pruned(&found, true, &look).starts_with("Would prune  branch "));
    }
}
