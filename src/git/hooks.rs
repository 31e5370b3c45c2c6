//! Whether git has a hook, and running git without hooks. Installing hooks is in `upkeep`.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::{process::Git, repository::Repository, setting::Setting};
use crate::error::Result;

/// The names of the files that git runs as hooks.
pub(crate) const NAMES: [&str; 28] = [
    "applypatch-msg",
    "commit-msg",
    "fsmonitor-watchman",
    "p4-changelist",
    "p4-post-changelist",
    "p4-pre-submit",
    "p4-prepare-changelist",
    "post-applypatch",
    "post-checkout",
    "post-commit",
    "post-index-change",
    "post-merge",
    "post-receive",
    "post-rewrite",
    "post-update",
    "pre-applypatch",
    "pre-auto-gc",
    "pre-commit",
    "pre-merge-commit",
    "pre-push",
    "pre-rebase",
    "pre-receive",
    "prepare-commit-msg",
    "proc-receive",
    "push-to-checkout",
    "reference-transaction",
    "sendemail-validate",
    "update",
];

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

/// The directory in which git looks for hooks where `git` runs, absolute. It may not exist, or be no directory: `core.hooksPath=/dev/null` is
/// the usual way to have none.
///
/// # Errors
/// If git fails.
pub(crate) fn directory(git: Git) -> Result<PathBuf> {
    // Of a hook in it git tells the path however `core.hooksPath` is set: empty, it means the root. To have that made absolute fails below
    // what is no directory.
    let place = git.dir().to_owned();
    let hook = place.join(git.args(["rev-parse", "--git-path", "hooks/hook"]).check()?.line());
    Ok(hook.parent().map_or(place, Path::to_owned))
}

/// Whether git may run a hook of that name where `git` runs: there is a file, or the configuration names hooks.
pub(super) fn is_set(repo: &Repository, git: Git, name: &str) -> Result<bool> {
    let is_file = fs::metadata(directory(git)?.join(name)).is_ok_and(|meta| meta.is_file());
    Ok(is_file || repo.gix().config_snapshot().plumbing().sections_by_name("hook").is_some())
}
