//! What an attempt changed, path by path, for the finish event.

use gix::ObjectId;

use crate::{
    domain::patches::Patches,
    error::{Error, Kind, Result},
    git::path_patches,
    project::{Project, SPECS_DIR},
};

/// Writes what the commits between `since` and `tip` change. Gives the blob; `None` if they change nothing.
///
/// # Errors
/// If git fails.
pub(super) fn write(project: &Project, since: ObjectId, tip: ObjectId) -> Result<Option<ObjectId>> {
    let own = path_patches::between(&project.repo, Some(since), tip, SPECS_DIR)?;
    if own.is_empty() {
        return Ok(None);
    }
    let json = serde_json::to_vec(&Patches::new(own))
        .map_err(|error| Error::fatal(Kind::Add, format!("cannot write what the work changed: {error}")))?;
    project.store()?.write_blob(&json).map(Some)
}
