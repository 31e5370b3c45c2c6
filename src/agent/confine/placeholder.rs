//! Files and directories that are made only because a sandbox has to keep their names empty: something can only be laid over what is there.
//!
//! Each run that needs one holds a shared lock on it. The last of them removes it, unless something was written into it.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, ErrorKind, Write as _},
    path::{Path, PathBuf},
};

use crate::{
    env::{
        fault,
        file_lock::{is_current, try_lock, try_lock_shared, unlock},
    },
    error::Result,
};

/// What a file of this kind holds: a comment, for git too.
const MARK: &[u8] = b"# Empty, made by git-chant for the time of a run.\n";

/// How often another run may remove it between two steps of ours.
const TRIES: usize = 100;

/// A path that is kept there for the time of a run. Where something else is there already, that stays as it is.
#[derive(Debug)]
pub(super) struct Placeholder {
    path: PathBuf,
    /// The directory above, where it was made for this.
    parent: Option<PathBuf>,
    /// It has the shared lock.
    held: Option<File>,
}

impl Placeholder {
    /// Keeps a file at `path`.
    pub(super) fn file(path: &Path) -> Result<Self> {
        let make =
            || OpenOptions::new().write(true).create_new(true).open(path).and_then(|mut file| file.write_all(MARK));
        Placeholder::new(path, &make)
    }

    /// Keeps a directory at `path`.
    pub(super) fn directory(path: &Path) -> Result<Self> {
        let parent = path.parent().filter(|parent| !parent.exists()).map(Path::to_owned);
        let make_parent = || path.parent().map_or(Ok(()), fs::create_dir_all);
        let mut made = Placeholder::new(path, &|| make_parent().and_then(|()| fs::create_dir(path)))?;
        made.parent = parent;
        Ok(made)
    }

    fn new(path: &Path, make: &dyn Fn() -> io::Result<()>) -> Result<Self> {
        for _ in 0..TRIES {
            match fault::around("placeholder.make", make) {
                Ok(()) => {}
                Err(cause) if cause.kind() == ErrorKind::AlreadyExists => {}
                // Another run has just removed the directory above.
                Err(cause) if cause.kind() == ErrorKind::NotFound => continue,
                // Where it cannot be made, the run cannot make it either.
                Err(_) => break,
            }
            if !is_ours(path) {
                break;
            }
            let Ok(file) = File::open(path) else { continue };
            if try_lock_shared(&file, path)? && is_current(&file, path)? {
                return Ok(Placeholder { path: path.to_owned(), parent: None, held: Some(file) });
            }
        }
        Ok(Placeholder { path: path.to_owned(), parent: None, held: None })
    }
}

impl Drop for Placeholder {
    fn drop(&mut self) {
        let Some(file) = self.held.take() else { return };
        // Only one process gets this lock, the last.
        if try_lock(&file, &self.path).is_ok_and(|last| last) && is_ours(&self.path) {
            let remove = || if self.path.is_dir() { fs::remove_dir(&self.path) } else { fs::remove_file(&self.path) };
            let remove = || remove().and_then(|()| self.parent.as_ref().map_or(Ok(()), fs::remove_dir));
            // What stays is empty; so is the directory above, or else it is needed.
            let _stays: io::Result<()> = fault::around("placeholder.drop", remove);
        }
        unlock(&file);
    }
}

/// Whether there is nothing in it that anything else put there.
fn is_ours(path: &Path) -> bool {
    match fs::symlink_metadata(path) {
        Ok(meta) if meta.is_dir() => fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_none()),
        Ok(meta) if meta.is_file() && meta.len() == MARK.len() as u64 => fs::read(path).is_ok_and(|text| text == MARK),
        _ => false,
    }
}
