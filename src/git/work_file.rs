//! Files of a work tree, read and created without following a symlink anywhere below its root.
//!
//! A repository may be hostile: `.chant/specs` may be a link to `/etc`, a spec a FIFO. Directories are opened one by one
//! from the root, each relative to the one before and with `O_NOFOLLOW`, so that a component that is replaced while it is read leads nowhere.

mod listing;
mod stamp;

use std::{
    ffi::CString,
    fmt,
    fs::File,
    io::{self, Read, Write},
    os::fd::OwnedFd,
    path::Path,
};

use bstr::{BStr, BString, ByteSlice, ByteVec};
pub(crate) use listing::{DirectoryScan, Listing, Runs};
pub(crate) use stamp::Stamp;

use rustix::{
    fs::{AtFlags, CWD, Dir, DirEntry, FileType, Mode, OFlags},
    io::Errno,
};

use crate::{
    domain::{
        diagnostic::{Diagnostic, Severity},
        pattern,
    },
    env::fault,
    error::{Error, Kind},
};

/// The prefix of the names of temporary files.
pub(crate) const TEMPORARY: &str = ".chant-tmp-";

/// A file that was not read or created, and why.
#[derive(Debug)]
pub struct Refused {
    /// The file, or the component on the way to it that is the matter, relative to the root.
    pub path: BString,
    /// The reason.
    pub why: Why,
}

/// Why a file was refused.
#[derive(Debug)]
pub enum Why {
    /// The path breaks a rule of [`pattern::check_path_bytes`].
    Path(&'static str),
    /// The file is a symbolic link.
    Symlink,
    /// A directory stands where a file is expected.
    Directory,
    /// Something other than a directory stands where a directory is expected.
    NotDirectory,
    /// The entry is neither a file nor a directory: `a FIFO`, `a socket`, `a device`.
    Special(&'static str),
    /// The file is larger than the caller takes, in bytes.
    TooLarge {
        /// Its size; at least that, if it grew while it was read.
        size: u64,
        /// What the caller takes.
        limit: u64,
    },
    /// Something of that name is there already.
    AlreadyExists,
    /// The system said no.
    Io {
        /// `cannot <action>`.
        action: &'static str,
        /// What it said.
        cause: io::Error,
    },
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = shown(self.path.as_bstr());
        match &self.why {
            Why::Path(why) => write!(f, "'{path}' cannot be used: {why}"),
            Why::Symlink => write!(f, "'{path}' is a symbolic link"),
            Why::Directory => write!(f, "'{path}' is a directory, not a file"),
            Why::NotDirectory => write!(f, "'{path}' is not a directory"),
            Why::Special(kind) => write!(f, "'{path}' is {kind}, not a file"),
            Why::TooLarge { size, limit } => {
                write!(f, "'{path}' is {size} bytes long, more than the {limit} that are read")
            }
            Why::AlreadyExists => write!(f, "'{path}' already exists"),
            Why::Io { action, cause } => {
                let cause = cause.to_string();
                let cause = cause.split(" (os error").next().unwrap_or_default().to_lowercase();
                write!(f, "cannot {action} '{path}': {cause}")
            }
        }
    }
}

impl std::error::Error for Refused {}

impl From<Refused> for Error {
    fn from(refused: Refused) -> Self {
        Error::fatal(Kind::RefusedFile, refused.to_string())
    }
}

impl Refused {
    /// The refusal as a diagnostic about the file `path` as a whole.
    pub fn diagnostic(&self, path: &BStr) -> Diagnostic {
        Diagnostic {
            severity: Severity::Error,
            path: shown(path),
            line: 0,
            column: 0,
            span: None,
            source: None,
            source_line: 0,
            message: self.to_string(),
            help: None,
        }
    }

    fn new(path: impl Into<BString>, why: Why) -> Self {
        Refused { path: path.into(), why }
    }

    fn io(path: impl Into<BString>, action: &'static str, cause: impl Into<io::Error>) -> Self {
        Refused::new(path, Why::Io { action, cause: cause.into() })
    }
}

/// A path for a message: one line, nothing that a terminal obeys.
fn shown(path: &BStr) -> String {
    path.chars()
        .flat_map(|c| if crate::domain::character::is_unprintable(c) { c.escape_unicode().collect() } else { vec![c] })
        .collect()
}

/// The kind of a directory entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FileKind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link, whatever it leads to.
    Symlink,
    /// A FIFO, a socket or a device.
    Special,
}

/// A directory entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DirectoryEntry {
    /// Its name, without the directory.
    pub name: BString,
    /// What it is.
    pub kind: FileKind,
}

/// A directory of a work tree, held open: what is read from it is read from that very directory.
#[derive(Debug)]
pub(crate) struct Directory {
    fd: OwnedFd,
    /// Relative to the root; empty for the root itself.
    path: BString,
}

/// Reads the regular file `relative` below `root`, at most `limit` bytes; `None` if there is none.
///
/// `root` itself may be reached over symlinks. Never blocks on a FIFO and never opens a device.
pub(crate) fn read(root: &Path, relative: &BStr, limit: u64) -> Result<Option<Vec<u8>>, Refused> {
    let (parent, name) = split(relative)?;
    match Directory::open(root, parent)? {
        Some(directory) => directory.read(name, limit),
        None => Ok(None),
    }
}

/// Creates the file `relative` below `root` with its parents, complete or not at all, and never over anything that is there
/// ([`Why::AlreadyExists`]). Where it has to be `durable`, its content is on disk when it appears, and its name when this returns.
pub(crate) fn create_new(root: &Path, relative: &BStr, bytes: &[u8], durable: bool) -> Result<(), Refused> {
    let (parent, name) = split(relative)?;
    let mut directory = Directory::root(root)?;
    for part in components(parent) {
        directory = directory.make(part)?;
    }
    directory.create_new(name, bytes, durable)
}

/// Writes the file `relative` below `root`, complete or not at all, in place of whatever has that name. Its directory has to be there.
pub(crate) fn replace(root: &Path, relative: &BStr, bytes: &[u8]) -> Result<(), Refused> {
    let (parent, name) = split(relative)?;
    let directory = Directory::open(root, parent)?;
    let directory = directory.ok_or_else(|| Refused::io(parent.to_owned(), "open", Errno::NOENT))?;
    directory.write(name, bytes, false, |temporary| {
        fault::around("own.write", || rustix::fs::renameat(&directory.fd, temporary, &directory.fd, c_name(name)))
    })
}

/// The entries of the directory `relative` below `root` (empty: `root` itself), by name; none if it is absent.
pub(crate) fn list(root: &Path, relative: &BStr) -> Result<Vec<DirectoryEntry>, Refused> {
    list_with(root, relative, b"")
}

/// The entries whose names begin with `prefix`, by name.
pub(crate) fn list_with(root: &Path, relative: &BStr, prefix: &[u8]) -> Result<Vec<DirectoryEntry>, Refused> {
    match Directory::open(root, relative)? {
        Some(directory) => directory.list_with(prefix),
        None => Ok(Vec::new()),
    }
}

fn split(relative: &BStr) -> Result<(&BStr, &BStr), Refused> {
    pattern::check_path_bytes(relative).map_err(|why| Refused::new(relative, Why::Path(why)))?;
    Ok(match relative.rfind_byte(b'/') {
        Some(at) => (relative[..at].as_bstr(), relative[at + 1..].as_bstr()),
        None => ("".into(), relative),
    })
}

fn components(path: &BStr) -> impl Iterator<Item = &BStr> {
    path.split(|byte| *byte == b'/').filter(|part| !part.is_empty()).map(ByteSlice::as_bstr)
}

const OPEN_DIRECTORY: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

impl Directory {
    /// Opens the directory `relative` below `root` (empty: `root` itself); `None` if it is absent.
    pub(crate) fn open(root: &Path, relative: &BStr) -> Result<Option<Directory>, Refused> {
        if !relative.is_empty() {
            split(relative)?;
        }
        let mut directory = Directory::root(root)?;
        for part in components(relative) {
            match directory.enter(part)? {
                Some(next) => directory = next,
                None => return Ok(None),
            }
        }
        Ok(Some(directory))
    }

    fn root(root: &Path) -> Result<Directory, Refused> {
        let fd = rustix::fs::openat(CWD, root, OPEN_DIRECTORY, Mode::empty())
            .map_err(|cause| Refused::io(Vec::from_path_lossy(root).into_owned(), "open", cause))?;
        Ok(Directory { fd, path: BString::default() })
    }

    fn enter(&self, name: &BStr) -> Result<Option<Directory>, Refused> {
        let path = self.join(name);
        match rustix::fs::openat(&self.fd, c_name(name), OPEN_DIRECTORY | OFlags::NOFOLLOW, Mode::empty()) {
            Ok(fd) => Ok(Some(Directory { fd, path })),
            Err(Errno::NOENT) => Ok(None),
            // What it is is looked up for the message only: nothing was opened.
            Err(Errno::NOTDIR | Errno::LOOP | Errno::MLINK) => match self.type_of(name)? {
                Some(FileType::Symlink) => Err(Refused::new(path, Why::Symlink)),
                Some(_) => Err(Refused::new(path, Why::NotDirectory)),
                None => Ok(None),
            },
            Err(cause) => Err(Refused::io(path, "open", cause)),
        }
    }

    fn make(&self, name: &BStr) -> Result<Directory, Refused> {
        match fault::around("dir.make", || rustix::fs::mkdirat(&self.fd, c_name(name), Mode::from_raw_mode(0o777))) {
            Ok(()) | Err(Errno::EXIST) => {}
            Err(cause) => return Err(Refused::io(self.join(name), "create", cause)),
        }
        self.enter(name)?.ok_or_else(|| Refused::io(self.join(name), "open", Errno::NOENT))
    }

    /// Whether it has an entry of that name, whatever it is.
    pub(crate) fn has(&self, name: &BStr) -> Result<bool, Refused> {
        split(name)?;
        Ok(self.type_of(name)?.is_some())
    }

    /// Reads the regular file `name` in it, at most `limit` bytes; `None` if there is none.
    pub(crate) fn read(&self, name: &BStr, limit: u64) -> Result<Option<Vec<u8>>, Refused> {
        let Some((file, size)) = self.open_file(name)? else { return Ok(None) };
        let path = self.join(name);
        if size > limit {
            return Err(Refused::new(path, Why::TooLarge { size, limit }));
        }
        let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or(0));
        file.take(limit.saturating_add(1))
            .read_to_end(&mut bytes)
            .map_err(|cause| Refused::io(path.clone(), "read", cause))?;
        let size = bytes.len() as u64;
        if size > limit { Err(Refused::new(path, Why::TooLarge { size, limit })) } else { Ok(Some(bytes)) }
    }

    /// Opens the regular file `name` in it to read from, and tells its size in bytes; `None` if there is none.
    pub(crate) fn open_file(&self, name: &BStr) -> Result<Option<(File, u64)>, Refused> {
        let path = self.join(name);
        split(path.as_bstr())?;
        // Looked at before it is opened, since opening a device can do things; and again after, since it may have changed.
        match self.type_of(name)? {
            Some(kind) => regular(&path, kind)?,
            None => return Ok(None),
        }
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let fd = match rustix::fs::openat(&self.fd, c_name(name), flags, Mode::empty()) {
            Ok(fd) => fd,
            Err(Errno::NOENT) => return Ok(None),
            Err(Errno::LOOP | Errno::MLINK) => return Err(Refused::new(path, Why::Symlink)),
            Err(cause) => return Err(Refused::io(path, "open", cause)),
        };
        let stat = rustix::fs::fstat(&fd).map_err(|cause| Refused::io(path.clone(), "read", cause))?;
        regular(&path, FileType::from_raw_mode(stat.st_mode as _))?;
        Ok(Some((File::from(fd), u64::try_from(stat.st_size).unwrap_or(0))))
    }

    /// The entries as the system lists them, without `.` and `..`.
    fn entries(&self) -> Result<impl Iterator<Item = Result<DirEntry, Refused>>, Refused> {
        let failed = |cause| Refused::io(self.path.clone(), "list", cause);
        let listed = Dir::read_from(&self.fd).map_err(failed)?.map(move |entry| entry.map_err(failed));
        let is_own = |entry: &DirEntry| !matches!(entry.file_name().to_bytes(), b"." | b"..");
        Ok(listed.filter(move |entry| entry.as_ref().map_or(true, is_own)))
    }

    /// Its entries, by name.
    pub(crate) fn list(&self) -> Result<Vec<DirectoryEntry>, Refused> {
        self.list_with(b"")
    }

    /// The entries whose names begin with `prefix`, by name.
    pub(crate) fn list_with(&self, prefix: &[u8]) -> Result<Vec<DirectoryEntry>, Refused> {
        let mut found = Vec::new();
        for entry in self.entries()? {
            let entry = entry?;
            let name = entry.file_name().to_bytes().as_bstr();
            if !name.starts_with(prefix) {
                continue;
            }
            // Some file systems leave the type out of the directory.
            let kind = match entry.file_type() {
                FileType::Unknown => self.type_of(name)?,
                kind => Some(kind),
            };
            let kind = match kind {
                Some(FileType::RegularFile) => FileKind::File,
                Some(FileType::Directory) => FileKind::Directory,
                Some(FileType::Symlink) => FileKind::Symlink,
                Some(_) => FileKind::Special,
                None => continue,
            };
            found.push(DirectoryEntry { name: name.to_owned(), kind });
        }
        found.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(found)
    }

    fn create_new(&self, name: &BStr, bytes: &[u8], durable: bool) -> Result<(), Refused> {
        if self.type_of(name)?.is_some() {
            return Err(Refused::new(self.join(name), Why::AlreadyExists));
        }
        self.write(name, bytes, durable, |temporary| {
            fault::around("file.place", || self.link_into_place(temporary, name))
        })
    }

    /// Writes a temporary file, which `link` gives the name `name`.
    fn write(
        &self,
        name: &BStr,
        bytes: &[u8],
        durable: bool,
        link: impl FnOnce(&CString) -> rustix::io::Result<()>,
    ) -> Result<(), Refused> {
        let path = self.join(name);
        let (mut file, temporary) = self.temporary(&path)?;
        let written = file.write_all(bytes).and_then(|()| if durable { file.sync_data() } else { Ok(()) });
        let placed = match written {
            Ok(()) => link(&temporary).map_err(io::Error::from),
            Err(cause) => Err(cause),
        };
        match placed {
            Ok(()) => {}
            Err(cause) => {
                // A leftover is only untidy: the failure that caused it is what has to be told.
                rustix::fs::unlinkat(&self.fd, &temporary, AtFlags::empty()).unwrap_or_default();
                return Err(match cause.kind() {
                    io::ErrorKind::AlreadyExists => Refused::new(path, Why::AlreadyExists),
                    _ => Refused::io(path, "create", cause),
                });
            }
        }
        if !durable {
            return Ok(());
        }
        rustix::fs::fsync(&self.fd).map_err(|cause| Refused::io(path, "sync the directory of", cause))
    }

    /// A new file under a name that nothing else has. A name left behind by a process that died is passed over.
    fn temporary(&self, path: &BString) -> Result<(File, CString), Refused> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        for attempt in 0..1000 {
            let name = c_name(format!("{TEMPORARY}{}-{attempt}", std::process::id()).as_bytes().as_bstr());
            match rustix::fs::openat(&self.fd, &name, flags, Mode::from_raw_mode(0o666)) {
                Ok(fd) => return Ok((File::from(fd), name)),
                Err(Errno::EXIST) => {}
                Err(cause) => return Err(Refused::io(path.clone(), "create", cause)),
            }
        }
        Err(Refused::io(path.clone(), "create", Errno::EXIST))
    }

    /// Gives the temporary file its name, unless something has that name.
    fn link_into_place(&self, temporary: &CString, name: &BStr) -> rustix::io::Result<()> {
        let name = c_name(name);
        #[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
        {
            let flags = rustix::fs::RenameFlags::NOREPLACE;
            match rustix::fs::renameat_with(&self.fd, temporary, &self.fd, &name, flags) {
                // Not every file system knows the flag: all of those have hard links.
                Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {}
                result => return result,
            }
        }
        rustix::fs::linkat(&self.fd, temporary, &self.fd, &name, AtFlags::empty())?;
        rustix::fs::unlinkat(&self.fd, temporary, AtFlags::empty())
    }

    fn type_of(&self, name: &BStr) -> Result<Option<FileType>, Refused> {
        match rustix::fs::statat(&self.fd, c_name(name), AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(Some(FileType::from_raw_mode(stat.st_mode as _))),
            Err(Errno::NOENT) => Ok(None),
            Err(cause) => Err(Refused::io(self.join(name), "look at", cause)),
        }
    }

    fn join(&self, name: &BStr) -> BString {
        let mut path = self.path.clone();
        if !path.is_empty() {
            path.push(b'/');
        }
        path.extend_from_slice(name);
        path
    }
}

fn regular(path: &BString, kind: FileType) -> Result<(), Refused> {
    let why = match kind {
        FileType::RegularFile => return Ok(()),
        FileType::Symlink => Why::Symlink,
        FileType::Directory => Why::Directory,
        FileType::Fifo => Why::Special("a FIFO"),
        FileType::Socket => Why::Special("a socket"),
        FileType::CharacterDevice | FileType::BlockDevice => Why::Special("a device"),
        FileType::Unknown => Why::Special("of an unknown kind"),
    };
    Err(Refused::new(path.clone(), why))
}

/// A component for a system call. Those that come from outside were checked; a NUL would have been refused.
fn c_name(name: &BStr) -> CString {
    CString::new(name.to_vec()).expect("paths with a NUL byte are refused before, and directory entries have none")
}

#[cfg(test)]
mod tests;
