//! The files of a commit, as a map of what a fix touches is held against them.

use std::collections::HashSet;

use bstr::ByteSlice;

use super::base::Base;
use crate::{
    domain::{pattern::PathSet, text::Files},
    error::Result,
};

/// The files of a commit by name, with their directories and extensions.
pub(crate) struct Listing {
    files: Vec<String>,
    names: HashSet<String>,
    extensions: HashSet<String>,
}

impl Listing {
    /// The regular files of `base`.
    ///
    /// # Errors
    /// If its tree cannot be read.
    pub(crate) fn of(base: &Base<'_>) -> Result<Listing> {
        let files = base.files()?.to_vec();
        let mut names: HashSet<String> = HashSet::new();
        let mut extensions = HashSet::new();
        for file in &files {
            let ends = file.match_indices('/').map(|(at, _)| at).chain([file.len()]);
            names.extend(ends.map(|end| file[..end].to_owned()));
            let name = file.rsplit('/').next().unwrap_or(file);
            extensions.extend(name.rsplit_once('.').map(|(_, extension)| extension.to_owned()));
        }
        Ok(Listing { files, names, extensions })
    }
}

impl Files for Listing {
    fn has(&self, path: &str) -> bool {
        self.names.contains(path)
    }

    fn matches(&self, set: &PathSet) -> bool {
        self.files.iter().any(|file| set.matches(file.as_bytes().as_bstr()))
    }

    fn has_extension(&self, extension: &str) -> bool {
        self.extensions.contains(extension)
    }

    fn count(&self) -> usize {
        self.files.iter().filter(|file| !file.starts_with(".chant/")).count()
    }
}
