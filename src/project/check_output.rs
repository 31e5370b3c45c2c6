//! What commands that failed printed: it stays in this clone, unless `chant.shareOutput` puts it into the event.

use std::{fs, path::PathBuf};

use gix::ObjectId;

use super::Project;
use crate::{
    domain::checks::Checks,
    env::{fault, local_file},
    error::{Error, IoContext, Kind, Result},
};

/// A larger file is none of ours, in bytes.
const MOST: u64 = 16 << 20;

/// The directory.
pub(crate) fn dir(project: &Project) -> PathBuf {
    project.repo.chant_dir().join("check").join("output")
}

/// Keeps the `checks` with output for the evidence that was `recorded` without it.
///
/// # Errors
/// If the file cannot be written.
pub(crate) fn keep(project: &Project, recorded: ObjectId, checks: &Checks) -> Result<()> {
    let dir = dir(project);
    fault::around("dir.make", || fs::create_dir_all(&dir)).io("create", &dir)?;
    let path = dir.join(format!("{recorded}.json"));
    let json = serde_json::to_vec(checks)
        .map_err(|error| Error::fatal(Kind::Checks, format!("cannot write the checks: {error}")))?;
    let temporary = tempfile::NamedTempFile::new_in(&dir).io("create a file in", &dir)?;
    fs::write(temporary.path(), json).io("write", temporary.path())?;
    let placed = fault::around("cache.place", || temporary.persist(&path)).map_err(|error| error.error);
    placed.map(drop).io("write", &path)
}

/// The checks as they were kept here, with output, if they are those that were `recorded`.
pub(crate) fn kept(project: &Project, recorded: ObjectId, checks: &Checks) -> Option<Checks> {
    let bytes = local_file::read(&dir(project).join(format!("{recorded}.json")), MOST).ok().flatten()?;
    let kept: Checks = serde_json::from_slice(&bytes).ok()?;
    (kept.clone().without_output() == checks.clone().without_output()).then_some(kept)
}
