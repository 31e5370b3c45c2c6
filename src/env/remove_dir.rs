//! Removes a directory with all that is in it, several directories at the same time: some file systems take milliseconds for each.
//!
//! An agent may have nested directories deeper than a path can be long. What lies too deep is moved up first, so that neither the stack nor
//! the open directories grow with the depth.

use std::{
    ffi::CString,
    io,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    path::Path,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use rustix::{
    fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags, openat, renameat, unlinkat},
    io::Errno,
};

/// How many threads remove directories at the same time.
const MOST: usize = 16;

/// How deep directories are opened within each other. All threads together stay far below 1024 open files.
const DEEPEST: usize = 30;

/// Removes the directory at `path`, read-only directories in it too. No symbolic link is followed, also where another process puts one in the
/// place of a directory.
///
/// # Errors
/// With the first entry that cannot be removed; the others are gone.
pub(crate) fn remove_dir(path: &Path) -> io::Result<()> {
    let top = open(CWD, path)?;
    let removal = Removal { top: &top, threads: AtomicUsize::new(0), moved: AtomicUsize::new(0) };
    let mut moved = 0;
    loop {
        let emptied = removal.empty(&top, 0);
        let before = std::mem::replace(&mut moved, removal.moved.load(Ordering::Relaxed));
        if moved == before {
            emptied?;
            break;
        }
    }
    // Its own entry is removed by its name, as every other.
    Ok(unlinkat(CWD, path, AtFlags::REMOVEDIR)?)
}

/// Opens a directory to be emptied. One that its owner cannot use becomes usable.
fn open(parent: BorrowedFd<'_>, name: impl rustix::path::Arg + Copy) -> io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    match openat(parent, name, flags, Mode::empty()) {
        Err(Errno::ACCESS) => {
            make_usable(parent, name)?;
            Ok(openat(parent, name, flags, Mode::empty())?)
        }
        opened => Ok(opened?),
    }
}

/// Lets the owner use a directory that cannot be opened. By its descriptor: another process may put a link in its place at that moment, which
/// `chmodat` would follow.
#[cfg(target_os = "linux")]
fn make_usable(parent: BorrowedFd<'_>, name: impl rustix::path::Arg) -> io::Result<()> {
    use std::os::fd::AsRawFd as _;

    use rustix::fs::chmodat;

    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let found = openat(parent, name, flags, Mode::empty())?;
    let by_descriptor = format!("/proc/self/fd/{}", found.as_raw_fd());
    match chmodat(CWD, by_descriptor, Mode::RWXU, AtFlags::empty()) {
        // Without `/proc` it stays as it is, which the caller sees.
        Err(Errno::NOENT) => Ok(()),
        changed => Ok(changed?),
    }
}

/// Elsewhere no call changes just the directory that was looked at.
#[cfg(not(target_os = "linux"))]
fn make_usable(_parent: BorrowedFd<'_>, _name: impl rustix::path::Arg) -> io::Result<()> {
    Ok(())
}

/// Lets the owner change what is in an open directory; what cannot be changed shows at the removal.
fn make_writable(dir: &OwnedFd) {
    let _shows: rustix::io::Result<()> = rustix::fs::fchmod(dir, Mode::RWXU);
}

/// Removes one entry that is no directory. A directory that is read-only is made writable.
fn unlink(dir: &OwnedFd, name: &std::ffi::CStr, flags: AtFlags) -> rustix::io::Result<()> {
    match unlinkat(dir, name, flags) {
        Err(Errno::ACCESS) => {
            make_writable(dir);
            unlinkat(dir, name, flags)
        }
        done => done,
    }
}

/// One removal.
struct Removal<'a> {
    /// The directory that is removed.
    top: &'a OwnedFd,
    /// How many threads run besides the first.
    threads: AtomicUsize,
    /// How many directories were moved up into the top.
    moved: AtomicUsize,
}

impl Removal<'_> {
    /// Removes all that is in the directory `dir`, which is `depth` levels below the top. What lies too deep is in the top afterwards.
    fn empty(&self, dir: &OwnedFd, depth: usize) -> io::Result<()> {
        let mut below: Vec<CString> = Vec::new();
        let mut failed = Ok(());
        for entry in Dir::read_from(dir)? {
            let entry = entry?;
            let name = entry.file_name();
            if name == c"." || name == c".." {
                continue;
            }
            if entry.file_type() == FileType::Directory {
                below.push(name.to_owned());
                continue;
            }
            match unlink(dir, name, AtFlags::empty()) {
                // A file system that does not say what an entry is.
                Err(Errno::ISDIR) => below.push(name.to_owned()),
                Ok(()) | Err(Errno::NOENT) => {}
                Err(cause) => failed = Err(cause.into()),
            }
        }
        failed.and(self.remove_all(dir, &below, depth))
    }

    /// Removes the directories `below` in `dir`.
    fn remove_all(&self, dir: &OwnedFd, below: &[CString], depth: usize) -> io::Result<()> {
        let mut failed = Ok(());
        thread::scope(|scope| {
            let mut running = Vec::new();
            for (at, name) in below.iter().enumerate() {
                // The last one is for this thread.
                let is_free = at + 1 < below.len() && self.threads.fetch_add(1, Ordering::Relaxed) < MOST;
                let spawned = is_free.then(|| {
                    thread::Builder::new().spawn_scoped(scope, move || {
                        let removed = self.remove(dir, name, depth);
                        self.threads.fetch_sub(1, Ordering::Relaxed);
                        removed
                    })
                });
                if let Some(Ok(thread)) = spawned {
                    running.push(thread);
                    continue;
                }
                // Too many run, or no more may be started: this one does it.
                if at + 1 < below.len() {
                    self.threads.fetch_sub(1, Ordering::Relaxed);
                }
                failed = std::mem::replace(&mut failed, Ok(())).and(self.remove(dir, name, depth));
            }
            for thread in running {
                let removed = thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
                failed = std::mem::replace(&mut failed, Ok(())).and(removed);
            }
        });
        failed
    }

    /// Removes the directory `name` in `dir`, or moves it up into the top.
    fn remove(&self, dir: &OwnedFd, name: &CString, depth: usize) -> io::Result<()> {
        if depth == DEEPEST {
            return self.move_up(dir, name);
        }
        self.empty(&open(dir.as_fd(), name.as_c_str())?, depth + 1)?;
        Ok(unlink(dir, name, AtFlags::REMOVEDIR)?)
    }

    /// Gives the directory `name` in `dir` a name in the top that nothing has.
    fn move_up(&self, dir: &OwnedFd, name: &CString) -> io::Result<()> {
        make_writable(dir);
        // A directory that moves is written to: its parent is another.
        make_writable(&open(dir.as_fd(), name.as_c_str())?);
        loop {
            let number = self.moved.fetch_add(1, Ordering::Relaxed);
            match renameat(dir, name.as_c_str(), self.top, format!("moved-{number}")) {
                Err(Errno::EXIST | Errno::NOTEMPTY | Errno::NOTDIR) => {}
                moved => return Ok(moved?),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use super::*;
    use crate::support::scratch::scratch;

    #[test]
    fn everything_goes_and_what_a_link_leads_to_stays() {
        let top = tempfile::tempdir().unwrap();
        let (kept, gone) = (top.path().join("kept"), top.path().join("gone"));
        std::fs::create_dir(&kept).unwrap();
        File::create(kept.join("file")).unwrap();
        for one in 0..40 {
            let deep = gone.join(format!("{one}/a/b"));
            std::fs::create_dir_all(&deep).unwrap();
            File::create(deep.join("file")).unwrap();
            std::os::unix::fs::symlink(&kept, deep.join("link")).unwrap();
        }
        remove_dir(&gone).unwrap();
        assert!(!gone.exists() && kept.join("file").exists());
        std::os::unix::fs::symlink(&kept, &gone).unwrap();
        assert!(remove_dir(&gone).is_err() && kept.join("file").exists());
    }

    #[test]
    fn a_directory_goes_however_deep_it_is() {
        let top = scratch();
        let gone = top.path().join("gone");
        std::fs::create_dir(&gone).unwrap();
        let mut dir = open(CWD, &gone).unwrap();
        for level in 0..20_000 {
            let names = if level % 1000 == 0 { &["a", "b", "c"][..] } else { &["c"] };
            for name in names {
                rustix::fs::mkdirat(&dir, *name, Mode::RWXU).unwrap();
            }
            let below = open(dir.as_fd(), "c").unwrap();
            rustix::fs::fchmod(&dir, Mode::RUSR | Mode::XUSR).unwrap();
            dir = below;
        }
        rustix::fs::fchmod(&dir, Mode::empty()).unwrap();
        remove_dir(&gone).unwrap();
        assert!(!gone.exists());
    }

    #[test]
    fn what_moves_up_replaces_nothing() {
        let top = tempfile::tempdir().unwrap();
        for dir in ["moved-0/full", "deep/dir/full"] {
            std::fs::create_dir_all(top.path().join(dir)).unwrap();
        }
        File::create(top.path().join("moved-1")).unwrap();
        let [opened, deep] = ["", "deep"].map(|name| open(CWD, &top.path().join(name)).unwrap());
        let removal = Removal { top: &opened, threads: AtomicUsize::new(0), moved: AtomicUsize::new(0) };
        removal.move_up(&deep, &c"dir".to_owned()).unwrap();
        for path in ["moved-0/full", "moved-1", "moved-2/full"] {
            assert!(top.path().join(path).exists(), "{path}");
        }
    }
}
