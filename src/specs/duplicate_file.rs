//! A spec file that lies in both directories, because a process died while it moved the file.

use std::path::{Path, PathBuf};

use gix::bstr::ByteSlice;

use super::text::{archive_path_of, path_of};
use crate::project::Project;
use crate::{
    domain::{id::SpecId, spec_file::MAX_SPEC_LEN},
    error::{Error, Kind, Result},
    git::work_file,
};

impl Project {
    /// The work tree in which one and the same file lies among the specs and in the archive: only a process that died while it moved
    /// the file leaves that.
    ///
    /// # Errors
    /// `bad-file` if one of them cannot be read.
    pub(crate) fn filed_twice(&self, id: &SpecId) -> Result<Option<PathBuf>> {
        let read = |top: &Path, path: &str| {
            work_file::read(top, path.as_bytes().as_bstr(), MAX_SPEC_LEN as u64)
                .map_err(|refused| Error::negative(Kind::BadFile, refused.to_string()))
        };
        for top in self.tops() {
            let archived = read(&top, &archive_path_of(id))?;
            if archived.is_some() && archived == read(&top, &path_of(id))? {
                return Ok(Some(top));
            }
        }
        Ok(None)
    }
}
