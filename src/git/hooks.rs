//! Whether git has a hook, and running git without hooks. Installing hooks is in `upkeep`.

use std::fs;

use super::{process::Git, repository::Repository, setting::Setting};
use crate::error::Result;

/// The events that a command may bring about which the tool runs for itself.
const EVENTS: [&str; 11] = [
    "commit-msg",
    "post-checkout",
    "post-commit",
    "post-index-change",
    "post-merge",
    "post-rewrite",
    "pre-auto-gc",
    "pre-commit",
    "pre-merge-commit",
    "prepare-commit-msg",
    "reference-transaction",
];

impl Git {
    /// Runs no hook: neither a file (`core.hooksPath`) nor what the configuration names, which git has an event each to turn off
    /// for since 2.55. In 2.54, the first that runs such hooks, they can only be turned off by their names.
    #[must_use]
    pub(crate) fn without_hooks(self) -> Self {
        off().iter().fold(self, Git::setting)
    }
}

/// The settings under which git runs no hook.
pub(super) fn off() -> Vec<Setting> {
    let events = EVENTS.iter().map(|event| Setting::new(format!("hook.{event}.enabled"), "false"));
    events.chain([Setting::new("core.hooksPath", "/dev/null")]).collect()
}

/// Whether git may run a hook of that name where `git` runs: there is a file, or the configuration names hooks.
pub(super) fn is_set(repo: &Repository, git: Git, name: &str) -> Result<bool> {
    let git = git.args(["rev-parse", "--path-format=absolute", "--git-path", &format!("hooks/{name}")]);
    let is_file = fs::metadata(git.check()?.line()).is_ok_and(|meta| meta.is_file());
    Ok(is_file || repo.gix().config_snapshot().plumbing().sections_by_name("hook").is_some())
}
