//! `init` and `deinit`: files and settings that were changed.

use super::prelude::*;

pub(super) const ANSWERS: &[Kind] = &[of::<Initialized>(&["init"]), of::<Changed>(&["deinit"])];

/// A repository that was prepared.
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct Initialized {
    /// The `.chant` directory.
    pub path: PathText,
    /// Whether it is hidden from the repository.
    pub silent: bool,
    /// Whether nothing was done yet.
    pub dry_run: bool,
    /// What was changed, a sentence each.
    pub changes: Vec<String>,
    /// What was asked for and stays as it was, a sentence each.
    pub kept: Vec<String>,
}

impl Answer for Initialized {
    fn write(&self, out: &mut dyn Write, _: &Look) -> io::Result<()> {
        let first = match (self.changes.is_empty(), self.dry_run) {
            (true, _) => "Already initialized",
            (false, true) => "Would initialize git chant",
            (false, false) => "Initialized git chant",
        };
        let silently = if self.silent { ", hidden from the repository" } else { "" };
        write_changes(out, &format!("{first} in {}{silently}", self.path), &self.changes)?;
        self.kept.iter().try_for_each(|what| writeln!(out, "    {}", clean::line(what)))
    }

    /// The path.
    fn porcelain(&self) -> Vec<Vec<u8>> {
        vec![self.path.bytes().to_vec()]
    }
}

/// Files or settings that were changed.
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct Changed {
    /// Whether nothing was done yet.
    pub dry_run: bool,
    /// What was changed, a sentence each.
    pub changes: Vec<String>,
}

impl Answer for Changed {
    fn write(&self, out: &mut dyn Write, _: &Look) -> io::Result<()> {
        let first = match (self.changes.is_empty(), self.dry_run) {
            (true, _) => "Nothing to remove",
            (false, true) => "Would remove git-chant from this clone",
            (false, false) => "Removed git-chant from this clone",
        };
        write_changes(out, first, &self.changes)
    }

    /// What was changed.
    fn porcelain(&self) -> Vec<Vec<u8>> {
        self.changes.iter().map(|change| joined(&[change])).collect()
    }
}

/// Writes a line and, indented below it, what was changed.
pub(super) fn write_changes(out: &mut dyn Write, first: &str, changes: &[String]) -> io::Result<()> {
    writeln!(out, "{first}")?;
    changes.iter().try_for_each(|change| writeln!(out, "    {}", clean::line(change)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::sample::{self, PIPE};

    #[test]
    fn what_was_changed_stands_below() {
        let init = Initialized {
            path: std::path::PathBuf::from("/r/.chant").into(),
            silent: true,
            dry_run: false,
            changes: vec!["notes.rewriteRef = refs/notes/chant".into()],
            kept: vec!["chant.agent stays 'mine'".into()],
        };
        assert_eq!(
            sample::text(&init, &PIPE),
            "Initialized git chant in /r/.chant, hidden from the repository\n    notes.rewriteRef = refs/notes/chant\n    chant.agent stays 'mine'\n"
        );
    }
}
