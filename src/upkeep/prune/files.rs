//! The transcripts of one spec: what agents printed.

use std::{fs, path::PathBuf};

use super::{Step, remove_file, spec::Spec};
use crate::{
    answer::Pruned,
    env::fault,
    error::{IoContext, Result},
};

impl Spec<'_> {
    /// The transcripts that are old, once the spec is closed.
    pub(super) fn transcripts(&self) -> Result<Vec<Step>> {
        let Some(over) = &self.over else { return Ok(Vec::new()) };
        let dir = self.project.repo.chant_dir().join("transcripts").join(self.id.as_str());
        // A symlink leads to files that are not ours.
        if !dir.symlink_metadata().is_ok_and(|meta| meta.is_dir()) {
            return Ok(Vec::new());
        }
        let mut paths: Vec<PathBuf> = Vec::new();
        for entry in fs::read_dir(&dir).io("read", &dir)? {
            let path = entry.io("read", &dir)?.path();
            let old =
                |meta: fs::Metadata| meta.is_file() && meta.modified().is_ok_and(|time| self.request.has_expired(time));
            if path.extension().is_some_and(|ext| ext == "log") && path.symlink_metadata().is_ok_and(old) {
                paths.push(path);
            }
        }
        paths.sort();
        let step = |path: PathBuf| {
            let (name, why) = (path.to_string_lossy().into_owned(), format!("{over}, and it is old"));
            self.prune(Pruned::Transcript, name, why, move |_| {
                remove_file(&path)?;
                // The directory goes with the last one.
                let _others_are_there = path.parent().map(|dir| fault::around("prune.dir", || fs::remove_dir(dir)));
                Ok(())
            })
        };
        Ok(paths.into_iter().map(step).collect())
    }
}
