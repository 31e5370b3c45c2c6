//! Whether a remote was asked for the histories of specs since its branches last moved here: a file of this clone names what they were
//! when it was asked. Without it the remote may have more than this clone.

use crate::{
    env::local_file,
    error::{IoContext as _, Result},
    git::{lookup, remote},
    project::Project,
    store::{refs, tracking::REMOTES},
};

/// The name of the file.
const ASKED: &str = "asked";

/// The fingerprint of the branches of `remote` as they are known here.
///
/// # Errors
/// If they cannot be read.
pub(super) fn branches(project: &Project, remote: &str) -> Result<String> {
    Ok(refs::fingerprint(&lookup::below(project.repo.gix(), &format!("refs/remotes/{remote}/"))?))
}

/// Notes that the remote was asked when its `branches` were these.
///
/// # Errors
/// If the file cannot be written.
pub(super) fn note(project: &Project, branches: &str) -> Result<()> {
    local_file::replace(&project.repo.chant_dir(), ASKED, branches.as_bytes())
}

/// The remote that may have specs of which this clone does not know: it was never asked for their histories, or a branch of it came since
/// then, by a fetch that may have brought nothing else.
///
/// # Errors
/// If the configuration, the branches or the file cannot be read.
pub(crate) fn unasked(project: &Project) -> Result<Option<String>> {
    let Some(name) = project.exchanged_with()? else { return Ok(None) };
    let file = project.repo.chant_dir().join(ASKED);
    let asked = local_file::read(&file, 128).io("read", &file)?;
    let is_asked = match asked {
        Some(then) => then == branches(project, &name)?.as_bytes(),
        None => false,
    };
    Ok((!is_asked).then_some(name))
}

/// Whether a fetch of all that the configuration names has brought histories of specs, too, if there was one.
pub(crate) fn fetch_brings_histories(project: &Project) -> bool {
    let mappings = remote::mappings(&project.repo);
    mappings.iter().any(|mapping| !mapping.push && mapping.writes.starts_with(REMOTES))
        && project.repo.gix().git_dir().join("FETCH_HEAD").exists()
}
