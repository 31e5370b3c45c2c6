//! Everything that touches the repository or its work trees.

pub mod advance;
pub mod attribute;
pub mod blame;
pub mod branch;
pub mod commit;
pub mod config_parameters;
pub mod conflict;
pub mod durability;
pub mod history;
pub mod identity;
pub mod leftovers;
pub mod line_ends;
pub mod merge;
pub mod object;
pub mod open;
pub mod process;
pub mod reference;
pub mod remote;
mod replay;
pub mod repository;
pub mod snapshot;
mod squash;
pub mod status;
pub mod work_file;
pub mod worktree;

use crate::error::Result;

/// The command line of the person's editor, as git finds it: `GIT_EDITOR`, `core.editor`, `VISUAL`, `EDITOR`.
///
/// # Errors
/// If git knows none that works here (no terminal, say).
pub fn editor(repo: &repository::Repository) -> Result<String> {
    let found = process::Git::at(repo).with_editor().args(["var", "GIT_EDITOR"]).check()?;
    Ok(found.line().to_owned())
}
