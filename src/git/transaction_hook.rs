//! The person's own `reference-transaction` hook, run for a branch of theirs that git-chant moves itself: as with git, it may refuse the
//! move before anything is written, and it is told how the move ended.

use std::{fs, path::PathBuf};

use gix::{ObjectId, refs::FullNameRef};

use super::{hooks, output::Output, process::Git, repository::Repository};
use crate::{env::local_file, error::Result};

/// The first git that gives a hook a file to read.
const GIVES_INPUT: (u32, u32) = (2, 40);

/// The hook for one move.
pub(super) struct TransactionHook {
    /// Runs git where the hooks are.
    git: Git,
    /// What the hook reads: the move.
    input: PathBuf,
    /// Whether it was asked and told nothing since.
    open: bool,
}

impl TransactionHook {
    /// For a branch that moves, with `git` where its hooks are; `None` if git runs no hook of that name there.
    pub(super) fn find(
        repo: &Repository,
        git: Git,
        name: &FullNameRef,
        [old, new]: [Option<ObjectId>; 2],
    ) -> Result<Option<TransactionHook>> {
        if !hooks::is_set(repo, git.clone(), "reference-transaction")? || super::version(repo)? < GIVES_INPUT {
            return Ok(None);
        }
        let none = repo.gix().object_hash().null();
        let line = format!("{} {} {}\n", old.unwrap_or(none), new.unwrap_or(none), name.as_bstr());
        let file = format!("transaction-{}", std::process::id());
        local_file::replace(&repo.chant_dir(), &file, line.as_bytes())?;
        Ok(Some(TransactionHook { git, input: repo.chant_dir().join(file), open: false }))
    }

    /// Asks before the move; gives what the hook printed, if it refuses.
    pub(super) fn ask(&mut self) -> Result<Option<String>> {
        let output = self.run("prepared")?;
        self.open = true;
        if output.success() {
            return Ok(None);
        }
        self.report(false)?;
        Ok(Some(output.said()))
    }

    /// Tells how the move ended, if the hook was asked. What it says then changes nothing.
    pub(super) fn report(&mut self, moved: bool) -> Result<()> {
        if std::mem::take(&mut self.open) {
            self.run(if moved { "committed" } else { "aborted" })?;
        }
        Ok(())
    }

    fn run(&self, stage: &str) -> Result<Output> {
        let mut input = std::ffi::OsString::from("--to-stdin=");
        input.push(&self.input);
        let git = self.git.clone().args(["hook", "run", "--ignore-missing"]).arg(input);
        git.args(["reference-transaction", "--", stage]).run()
    }
}

impl Drop for TransactionHook {
    fn drop(&mut self) {
        // A file of a few bytes that is left is no harm.
        let _left = fs::remove_file(&self.input);
    }
}
