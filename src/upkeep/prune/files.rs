//! What agents printed.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use super::{Step, spec::Spec};
use crate::{
    answer::Pruned,
    env::fault,
    error::{IoContext, Result},
};

/// Whether something that was last written at `time` has expired, seconds since 1970 UTC being `expire`.
pub(super) fn expired(time: SystemTime, expire: u64) -> bool {
    let written = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO);
    written.as_secs() < expire
}

impl Spec<'_> {
    /// Its transcripts that are old, once it is over.
    pub(super) fn transcripts(&self) -> Result<Vec<Step>> {
        let Some(over) = &self.over else { return Ok(Vec::new()) };
        let dir = self.project.repo.chant_dir().join("transcripts").join(self.id.as_str());
        // A symlink leads to what is none of ours.
        if !dir.symlink_metadata().is_ok_and(|meta| meta.is_dir()) {
            return Ok(Vec::new());
        }
        let mut paths: Vec<PathBuf> = Vec::new();
        for entry in fs::read_dir(&dir).io("read", &dir)? {
            let path = entry.io("read", &dir)?.path();
            let old = |meta: fs::Metadata| meta.is_file() && meta.modified().is_ok_and(|time| self.is_old(time));
            if path.extension().is_some_and(|ext| ext == "log") && path.symlink_metadata().is_ok_and(old) {
                paths.push(path);
            }
        }
        paths.sort();
        let step = |path: PathBuf| {
            let (name, why) = (path.to_string_lossy().into_owned(), format!("{over}, and it is old"));
            Step::prune(Pruned::Transcript, Some(self.id), name, why, move |_| {
                remove_file(&path)?;
                // The directory goes with the last one.
                let _others_are_there = path.parent().map(|dir| fault::around("prune.dir", || fs::remove_dir(dir)));
                Ok(())
            })
        };
        Ok(paths.into_iter().map(step).collect())
    }
}

/// Removes a file; one that is gone already is fine.
pub(super) fn remove_file(path: &Path) -> Result<()> {
    match fault::around("prune.file", || fs::remove_file(path)) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error).io("remove", path),
        _ => Ok(()),
    }
}
