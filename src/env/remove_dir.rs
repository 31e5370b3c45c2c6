//! Removes a directory with all that is in it, several directories at the same time: some file systems take milliseconds for each.

use std::{
    ffi::CString,
    io,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    path::Path,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use rustix::{
    fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags, openat, unlinkat},
    io::Errno,
};

/// How many threads remove directories at the same time.
const MOST: usize = 16;

/// Removes the directory at `path`. No symbolic link is followed, also where another process puts one in the place of a directory.
///
/// # Errors
/// With the first entry that cannot be removed; the others are gone.
pub(crate) fn remove_dir(path: &Path) -> io::Result<()> {
    let threads = AtomicUsize::new(0);
    empty(&open(CWD, path)?, &threads)?;
    // Its own entry is removed by its name, as every other.
    Ok(unlinkat(CWD, path, AtFlags::REMOVEDIR)?)
}

fn open(parent: BorrowedFd<'_>, name: impl rustix::path::Arg) -> io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    Ok(openat(parent, name, flags, Mode::empty())?)
}

/// Removes all that is in the directory `dir`.
fn empty(dir: &OwnedFd, threads: &AtomicUsize) -> io::Result<()> {
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
        match unlinkat(dir, name, AtFlags::empty()) {
            // A file system that does not say what an entry is.
            Err(Errno::ISDIR) => below.push(name.to_owned()),
            Ok(()) | Err(Errno::NOENT) => {}
            Err(cause) => failed = Err(cause.into()),
        }
    }
    let remove = |name: &CString| -> io::Result<()> {
        empty(&open(dir.as_fd(), name.as_c_str())?, threads)?;
        Ok(unlinkat(dir, name.as_c_str(), AtFlags::REMOVEDIR)?)
    };
    thread::scope(|scope| {
        let mut running = Vec::new();
        for (at, name) in below.iter().enumerate() {
            if at + 1 < below.len() && threads.fetch_add(1, Ordering::Relaxed) < MOST {
                let work = move || {
                    let removed = remove(name);
                    threads.fetch_sub(1, Ordering::Relaxed);
                    removed
                };
                match thread::Builder::new().spawn_scoped(scope, work) {
                    Ok(thread) => running.push(thread),
                    // No more threads may be started: this one does it.
                    Err(_) => {
                        threads.fetch_sub(1, Ordering::Relaxed);
                        failed = std::mem::replace(&mut failed, Ok(())).and(remove(name));
                    }
                }
            } else {
                if at + 1 < below.len() {
                    threads.fetch_sub(1, Ordering::Relaxed);
                }
                failed = std::mem::replace(&mut failed, Ok(())).and(remove(name));
            }
        }
        for thread in running {
            let removed = thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            failed = std::mem::replace(&mut failed, Ok(())).and(removed);
        }
    });
    failed
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use super::*;

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
}
