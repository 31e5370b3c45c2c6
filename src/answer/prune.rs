//! `prune`: what was removed, and what was not.

use super::prelude::*;

pub(super) const ANSWERS: &[Kind] = &[of::<AllPruned>(&["prune"]).with::<PruneView>()];

/// What was removed.
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct AllPruned {
    /// Whether nothing was done yet.
    pub dry_run: bool,
    /// What was found, each with whether it goes.
    pub pruned: Vec<PruneView>,
}

impl Answer for AllPruned {
    /// Writes one line each: what goes first, then what stays, with the reasons.
    fn write(&self, out: &mut dyn Write, look: &Look) -> io::Result<()> {
        let (gone, kept) = if self.dry_run { ("Would prune", "Would keep") } else { ("Pruned", "Kept") };
        let (goes, stays): (Vec<_>, Vec<_>) = self.pruned.iter().partition(|one| one.pruned);
        let wide = if goes.is_empty() { kept.len() } else { gone.len() };
        for one in goes.into_iter().chain(stays) {
            let (word, slot) = if one.pruned { (gone, Slot::Good) } else { (kept, Slot::Warning) };
            let word = look.paint.with(slot, format!("{word:<wide$}"));
            let (kind, name) = (one.kind.as_str(), clean::line(&one.name));
            writeln!(out, "{word}  {kind:<12}  {name}: {}", clean::line(&one.why))?;
        }
        Ok(())
    }

    fn records(&self) -> Vec<&dyn Record> {
        self.pruned.iter().map(|one| one as _).collect()
    }

    fn emptiness(&self) -> Option<&'static str> {
        self.pruned.is_empty().then_some("nothing to prune")
    }
}

/// What can be removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, JsonSchema, Serialize, IntoStaticStr)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub(crate) enum Pruned {
    /// A worktree: its directory and its registration.
    Worktree,
    /// The registration of a worktree that was deleted by hand.
    Registration,
    /// A work branch.
    Branch,
    /// A ref that keeps an attempt.
    Attempt,
    /// What an agent printed.
    Transcript,
    /// The lease of a dead run.
    Lease,
    /// What was seen of the repository before a run.
    Seen,
    /// The worktree in which checks are run at a commit.
    Check,
    /// A file that a merge moved out of its way.
    Aside,
}

impl Pruned {
    /// The name as it stands in JSON and output.
    pub(crate) fn as_str(self) -> &'static str {
        self.into()
    }
}

/// One thing that `prune` found.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[schemars(rename = "Prune")]
pub(crate) struct PruneView {
    /// What it is.
    pub kind: Pruned,
    /// The spec that it belongs to.
    pub spec: Option<SpecId>,
    /// Its path, or the full name of the ref.
    pub name: String,
    /// Whether it is removed; otherwise it stays.
    pub pruned: bool,
    /// Why, in words: lower case, no full stop.
    pub why: String,
}

impl Record for PruneView {
    /// `pruned` or `kept`, the kind, id, path or ref, and why.
    fn porcelain(&self) -> Vec<u8> {
        let done = if self.pruned { "pruned" } else { "kept" };
        let spec = self.spec.as_ref().map_or("", |spec| spec.as_str());
        joined(&[done, self.kind.as_str(), spec, &self.name, &self.why])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::sample::{self, PIPE};

    #[test]
    fn what_stays_comes_last_with_its_reason() {
        let one = |pruned, name: &str, why: &str| PruneView {
            kind: Pruned::Branch,
            spec: None,
            name: name.into(),
            pruned,
            why: why.into(),
        };
        let pruned =
            vec![one(false, "refs/heads/a", "2 commits\u{1b}[2J"), one(true, "refs/heads/b", "it is completed")];
        let mut answer = AllPruned { dry_run: false, pruned };
        assert_eq!(
            sample::text(&answer, &PIPE),
            "Pruned  branch        refs/heads/b: it is completed\nKept    branch        refs/heads/a: 2 commits\n"
        );
        answer.dry_run = true;
        assert!(sample::text(&answer, &PIPE).starts_with("Would prune  branch "));
    }
}
