//! Files that the tool keeps for a clone, opened as what an agent may have put in their place: never by a link, never waiting for a FIFO,
//! never a device, and no more of them than a limit.

use std::{
    fs::{self, File, OpenOptions, Permissions},
    io::{self, ErrorKind, Read as _, Seek as _, SeekFrom, Write as _},
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use rustix::fs::OFlags;
use tempfile::NamedTempFile;

use super::fault;
use crate::error::{IoContext as _, Result};

/// Opens the regular file at `path` as `options` say.
///
/// # Errors
/// As the system's, and if it is anything else than a regular file.
pub(crate) fn open_with(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
    let flags = i32::try_from(flags.bits()).map_err(|_| ErrorKind::Unsupported)?;
    let refused = || io::Error::new(ErrorKind::InvalidData, "it is not a regular file");
    let file = match options.custom_flags(flags).open(path) {
        // A link, or a FIFO that nothing reads.
        Err(cause)
            if [rustix::io::Errno::LOOP, rustix::io::Errno::NXIO]
                .iter()
                .any(|no| cause.raw_os_error() == Some(no.raw_os_error())) =>
        {
            return Err(refused());
        }
        opened => opened?,
    };
    if file.metadata()?.is_file() { Ok(file) } else { Err(refused()) }
}

/// The directory of a clone, or one directly in it, that is a link to another directory, if one is: what is kept there would be kept
/// elsewhere.
pub(crate) fn linked_directory(dir: &Path) -> Option<PathBuf> {
    let leads_away = |path: &Path| path.is_symlink() && path.is_dir();
    if leads_away(dir) {
        return Some(dir.to_owned());
    }
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    let links = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_symlink()));
    links.map(|entry| entry.path()).find(|path| leads_away(path))
}

/// Makes a directory with those above it.
///
/// # Errors
/// As the system's, and if it is a link.
pub(crate) fn make_dir(dir: &Path) -> io::Result<()> {
    fs::create_dir_all(dir)?;
    if fs::symlink_metadata(dir)?.is_dir() {
        return Ok(());
    }
    Err(io::Error::new(ErrorKind::NotADirectory, "it is a symbolic link"))
}

/// Opens the regular file at `path` to read from; `None` if there is none.
///
/// # Errors
/// As [`open_with`].
pub(crate) fn open(path: &Path) -> io::Result<Option<File>> {
    match open_with(path, OpenOptions::new().read(true)) {
        Ok(file) => Ok(Some(file)),
        Err(cause) if cause.kind() == ErrorKind::NotFound => Ok(None),
        Err(cause) => Err(cause),
    }
}

/// Reads the regular file at `path`, at most `limit` bytes; `None` if there is none.
///
/// # Errors
/// As [`open_with`], and if it is larger.
pub(crate) fn read(path: &Path, limit: u64) -> io::Result<Option<Vec<u8>>> {
    let Some(file) = open(path)? else { return Ok(None) };
    let mut bytes = Vec::new();
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    match u64::try_from(bytes.len()) {
        Ok(length) if length <= limit => Ok(Some(bytes)),
        _ => Err(io::Error::new(ErrorKind::FileTooLarge, format!("it is larger than {limit} bytes"))),
    }
}

/// Reads the last `limit` bytes of the regular file at `path`, or all of a shorter one; `None` if there is none.
///
/// # Errors
/// As [`open_with`].
pub(crate) fn read_end(path: &Path, limit: u64) -> io::Result<Option<Vec<u8>>> {
    let Some(mut file) = open(path)? else { return Ok(None) };
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(limit)))?;
    let mut bytes = Vec::new();
    file.take(limit).read_to_end(&mut bytes)?;
    Ok(Some(bytes))
}

/// Writes a file in `dir`, whole, in place of the one that is there; the directory is made if it is missing.
///
/// # Errors
/// If the file cannot be written.
pub(crate) fn replace(dir: &Path, name: &str, bytes: &[u8]) -> Result<()> {
    fault::around("dir.make", || make_dir(dir)).io("create", dir)?;
    let path = dir.join(name);
    let temporary = stage(dir, bytes).io("create a file in", dir)?;
    let placed = fault::around("cache.place", || temporary.persist(&path)).map_err(|error| error.error);
    placed.map(drop).io("write", &path)
}

/// Writes a file that a person asked for, whole, with the permissions that their umask leaves; its directory has to be there. What a link
/// leads to is written, and a device or a pipe is written into.
///
/// # Errors
/// If the file cannot be written.
pub(crate) fn hand_over(path: &Path, bytes: &[u8]) -> Result<()> {
    if fs::metadata(path).is_ok_and(|meta| !meta.is_file() && !meta.is_dir()) {
        let opened = fs::OpenOptions::new().write(true).open(path);
        return opened.and_then(|mut stream| stream.write_all(bytes)).io("write", path);
    }
    // A link that leads nowhere gets a file in its own place.
    let path = &fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let all = Permissions::from_mode(0o666);
    let staged = tempfile::Builder::new().permissions(all).tempfile_in(dir).and_then(|mut staged| {
        staged.write_all(bytes)?;
        Ok(staged)
    });
    let staged = staged.io("write", path)?;
    let placed = fault::around("given.place", || staged.persist(path)).map_err(|error| error.error);
    placed.map(drop).io("write", path)
}

/// A temporary file in `dir` that holds `bytes`, to be given its name when all else is done. It is written through the descriptor that
/// made it: an agent may put a link into its place.
///
/// # Errors
/// As the system's.
pub(crate) fn stage(dir: &Path, bytes: &[u8]) -> io::Result<NamedTempFile> {
    let mut staged = NamedTempFile::new_in(dir)?;
    staged.write_all(bytes)?;
    Ok(staged)
}

/// Removes the file at `path`, which may be gone already. `fault` names the step for fault injection in test builds.
///
/// # Errors
/// If the file cannot be removed.
pub(crate) fn remove(fault: &'static str, path: &Path) -> Result<()> {
    match fault::around(fault, || fs::remove_file(path)) {
        Err(cause) if cause.kind() == ErrorKind::NotFound => Ok(()),
        removed => removed.io("remove", path),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_link_to_a_directory_is_no_directory_of_ours() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = |name: &str| dir.path().join(name);
        for name in ["ours", "ours/leases", "elsewhere"] {
            fs::create_dir(path(name)).expect("made");
        }
        fs::write(path("file"), "").expect("written");
        symlink(path("file"), path("ours/clone")).expect("linked");
        assert_eq!(linked_directory(&path("ours")), None);
        assert_eq!(linked_directory(&path("none")), None);
        symlink(path("elsewhere"), path("ours/slots")).expect("linked");
        assert_eq!(linked_directory(&path("ours")), Some(path("ours/slots")));
        symlink(path("ours"), path("link")).expect("linked");
        assert_eq!(linked_directory(&path("link")), Some(path("link")));
        assert!(make_dir(&path("ours/leases")).is_ok() && make_dir(&path("ours/a/b")).is_ok());
        assert!(make_dir(&path("ours/slots")).is_err() && make_dir(&path("ours/clone")).is_err());
    }

    #[test]
    fn only_small_regular_files_are_read() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = |name: &str| dir.path().join(name);
        fs::write(path("file"), "text").expect("written");
        symlink(path("file"), path("link")).expect("linked");
        symlink("/dev/zero", path("device")).expect("linked");
        fs::create_dir(path("dir")).expect("made");
        let made = std::process::Command::new("mkfifo").arg(path("fifo")).status().expect("mkfifo");
        assert!(made.success());
        assert_eq!(read(&path("file"), 4).expect("read"), Some(b"text".to_vec()));
        assert_eq!(read(&path("none"), 4).expect("none"), None);
        for (name, limit) in [("file", 3), ("link", 4), ("device", 4), ("dir", 4), ("fifo", 4)] {
            assert!(read(&path(name), limit).is_err(), "{name}");
        }
        for (limit, end) in [(2, "xt"), (4, "text"), (9, "text")] {
            assert_eq!(read_end(&path("file"), limit).expect("read"), Some(end.as_bytes().to_vec()));
        }
        for name in ["link", "device", "fifo"] {
            assert!(open_with(&path(name), OpenOptions::new().append(true).create(true)).is_err(), "{name}");
        }
    }
}
