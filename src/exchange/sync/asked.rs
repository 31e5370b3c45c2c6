//! When a remote was last asked for the histories of specs: a file of this clone, whose time says it. Without it the remote may
//! have more than this clone.

use std::{fs, path::PathBuf, time::SystemTime};

use crate::{env::local_file, error::Result, git::remote, project::Project, store::tracking::REMOTES};

/// The name of the file.
const ASKED: &str = "asked";

/// Notes that the remote was asked just now.
///
/// # Errors
/// If the file cannot be written.
pub(super) fn note(project: &Project) -> Result<()> {
    let dir = project.repo.chant_dir();
    local_file::place(&dir, ASKED, b"")
}

/// The remote that may have specs of which this clone does not know: it was never asked for their histories, or not since the last
/// `git fetch`, which brings the files of specs alone unless the configuration says otherwise.
///
/// # Errors
/// If the configuration cannot be read.
pub(crate) fn unasked(project: &Project) -> Result<Option<String>> {
    let time =
        |path: PathBuf| -> Option<SystemTime> { fs::symlink_metadata(path).and_then(|meta| meta.modified()).ok() };
    let Some(name) = project.exchanged_with()? else { return Ok(None) };
    let asked = time(project.repo.chant_dir().join(ASKED));
    let fetched = time(project.repo.gix().git_dir().join("FETCH_HEAD"));
    let brings_histories =
        remote::mappings(&project.repo).iter().any(|mapping| !mapping.push && mapping.writes.starts_with(REMOTES));
    let is_asked = match (asked, fetched) {
        (_, Some(_)) if brings_histories => true,
        (Some(asked), Some(fetched)) => asked >= fetched,
        (asked, None) => asked.is_some(),
        (None, Some(_)) => false,
    };
    Ok((!is_asked).then_some(name))
}
