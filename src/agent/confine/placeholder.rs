//! Files and directories that are made only because a sandbox has to keep their names empty: something can only be laid over what is there.
//!
//! Each run that needs one holds a shared lock on it. The last of them removes it, unless something was written into it, and with it the
//! directories above that were made for it. A file says how many these are.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, ErrorKind, Write as _},
    path::{Path, PathBuf},
};

use crate::{
    env::{
        fault,
        file_lock::{is_current, try_lock, try_lock_shared, unlock},
        local_file,
    },
    error::{IoContext as _, Result},
};

/// What a file of this kind holds: a comment, for git too.
const MARK: &[u8] = b"# Empty, made by git-chant for the time of a run.\n";

/// What a file says after that of the directories above it.
const ABOVE: &str = "# Directories made for it: ";

/// How large a file of this kind is at most, in bytes.
const MOST: u64 = 256;

/// How often another run may remove it between two steps of ours.
const TRIES: usize = 100;

/// A path that is kept there for the time of a run. Where something else is there already, that stays as it is.
#[derive(Debug)]
pub(super) struct Placeholder {
    path: PathBuf,
    /// How many directories above were made for this.
    above: usize,
    /// It has the shared lock.
    held: Option<File>,
}

impl Placeholder {
    /// Keeps a file at `path`.
    ///
    /// # Errors
    /// If it cannot be made now, and the run may be able to.
    pub(super) fn file(path: &Path) -> Result<Self> {
        let missing = missing_above(path);
        let made = if missing == 0 { String::new() } else { format!("{ABOVE}{missing}\n") };
        Placeholder::new(path, missing, &|| {
            let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
            file.write_all(&[MARK, made.as_bytes()].concat())
        })
    }

    /// Keeps a directory at `path`.
    ///
    /// # Errors
    /// As [`Placeholder::file`].
    pub(super) fn directory(path: &Path) -> Result<Self> {
        Placeholder::new(path, missing_above(path), &|| fs::create_dir(path))
    }

    fn new(path: &Path, missing: usize, make: &dyn Fn() -> io::Result<()>) -> Result<Self> {
        let none = Placeholder { path: path.to_owned(), above: 0, held: None };
        let make = || path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| make());
        for _ in 0..TRIES {
            let mut above = 0;
            match fault::around("placeholder.make", make) {
                Ok(()) => above = missing,
                Err(cause) if cause.kind() == ErrorKind::AlreadyExists => {}
                // Another run has just removed the directory above.
                Err(cause) if cause.kind() == ErrorKind::NotFound => continue,
                Err(cause) if is_passing(&cause) => return Err(cause).io("create", path),
                // The run cannot make it either, or puts something else in the way, which is looked at afterwards.
                Err(_) => return Ok(none),
            }
            if !is_ours(path) {
                return Ok(none);
            }
            let Ok(file) = File::open(path) else { continue };
            if try_lock_shared(&file, path)? && is_current(&file, path)? {
                return Ok(Placeholder { path: path.to_owned(), above: above.max(made_above(path)), held: Some(file) });
            }
        }
        Ok(none)
    }
}

/// Whether it can be made another time, by the run for example.
fn is_passing(cause: &io::Error) -> bool {
    use rustix::io::Errno;
    let passing = [Errno::NOSPC, Errno::DQUOT, Errno::MFILE, Errno::NFILE, Errno::NOMEM, Errno::IO];
    passing.iter().any(|errno| cause.raw_os_error() == Some(errno.raw_os_error()))
}

/// How many directories above `path` are not there.
fn missing_above(path: &Path) -> usize {
    path.ancestors().skip(1).take_while(|above| fs::symlink_metadata(above).is_err()).count()
}

/// How many directories above it a file says were made for it.
fn made_above(path: &Path) -> usize {
    let text = local_file::read(path, MOST).ok().flatten().unwrap_or_default();
    let said = text.strip_prefix(MARK).and_then(|rest| std::str::from_utf8(rest).ok()?.strip_prefix(ABOVE));
    said.and_then(|count| count.trim_end().parse().ok()).unwrap_or_default()
}

impl Drop for Placeholder {
    fn drop(&mut self) {
        let Some(file) = self.held.take() else { return };
        // Only one process gets this lock, the last.
        if try_lock(&file, &self.path).is_ok_and(|last| last) && is_ours(&self.path) {
            let remove = || if self.path.is_dir() { fs::remove_dir(&self.path) } else { fs::remove_file(&self.path) };
            let mut above = self.path.ancestors().skip(1).take(self.above);
            let remove = || remove().and_then(|()| above.try_for_each(fs::remove_dir));
            // What stays is empty; so is a directory above, or else it is needed.
            let _stays: io::Result<()> = fault::around("placeholder.drop", remove);
        }
        unlock(&file);
    }
}

/// Whether there is nothing in it that anything else put there.
fn is_ours(path: &Path) -> bool {
    match fs::symlink_metadata(path) {
        Ok(meta) if meta.is_dir() => fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_none()),
        Ok(meta) if meta.is_file() && meta.len() <= MOST => {
            let text = local_file::read(path, MOST).ok().flatten().unwrap_or_default();
            let rest = text.strip_prefix(MARK);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(ABOVE.as_bytes()) && rest.ends_with(b"\n"))
        }
        _ => false,
    }
}
