//! Everything that touches the repository or its work trees. What refs and notes of git-chant mean is in `store`.

pub(crate) mod advance;
pub(crate) mod arrival;
pub(crate) mod assumed;
pub(crate) mod attribute;
pub(crate) mod bisect;
pub(crate) mod blame;
pub(crate) mod branch;
pub(crate) mod brought_hooks;
pub(crate) mod cache_tree;
mod changes;
pub(crate) mod commit;
pub(crate) mod config_parameters;
pub(crate) mod conflict;
pub(crate) mod durability;
pub(crate) mod file_history;
pub(crate) mod history;
pub(crate) mod hooks;
pub(crate) mod identity;
pub(crate) mod ignored;
pub(crate) mod inherited_lock;
pub(crate) mod leftovers;
pub(crate) mod line_ends;
pub(crate) mod lookup;
pub(crate) mod maintenance;
pub(crate) mod merge;
mod merge_hook;
pub(crate) mod obeyed;
pub(crate) mod object;
pub(crate) mod open;
pub(crate) mod output;
pub(crate) mod overlay;
pub(crate) mod pack;
pub(crate) mod path_patches;
pub(crate) mod private;
pub(crate) mod process;
pub(crate) mod promised;
pub(crate) mod reference;
pub(crate) mod remote;
mod replay;
pub(crate) mod repository;
pub(crate) mod seal;
pub(crate) mod setting;
pub(crate) mod signature;
pub(crate) mod snapshot;
pub(crate) mod special_file;
mod squash;
pub(crate) mod stale_lock;
mod stall;
pub(crate) mod status;
mod three_way;
mod transaction_hook;
pub(crate) mod work_file;
pub(crate) mod worktree;

#[cfg(test)]
mod tests;

use crate::error::{Error, Kind, Result};

/// The command line of the person's editor, as git finds it: `GIT_EDITOR`, `core.editor`, `VISUAL`, `EDITOR`.
///
/// # Errors
/// If git knows none that works here (for example, without a terminal).
pub(crate) fn editor(repo: &repository::Repository) -> Result<String> {
    let found = process::Git::at(repo).with_editor().args(["var", "GIT_EDITOR"]).check()?;
    Ok(found.line().to_owned())
}

/// A time before which things have expired, as `gc.pruneExpire` and its like say it: `2.weeks.ago`, `2026-01-31`, `never`, `now`. In
/// seconds since 1970 UTC; nothing is before `never`, everything before `now`. `None` if git reads no time in it.
///
/// # Errors
/// If git cannot be run.
pub(crate) fn expiry(repo: &repository::Repository, text: &str) -> Result<Option<u64>> {
    // Git's own reading of such values has no other door.
    let key = "chant.pruneExpire";
    let read =
        process::Git::at(repo).config(format!("{key}={text}")).args(["config", "--type=expiry-date", key]).run()?;
    Ok(read.line().parse().ok().filter(|_| read.success()))
}

/// The version of the git that is run, major and minor.
///
/// # Errors
/// `git-version` if it says something else than a version.
pub(crate) fn version(repo: &repository::Repository) -> Result<(u32, u32)> {
    let said = process::Git::at(repo).args(["version"]).check()?;
    let mut numbers = said.line().trim_start_matches("git version ").split('.').map(str::parse);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => Ok((major, minor)),
        _ => Err(Error::fatal(Kind::GitVersion, format!("unexpected output from git version: '{}'", said.line()))),
    }
}
