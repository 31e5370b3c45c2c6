//! What the system says of a file, by which a change is noticed without reading it: as git's own index does it.

use std::sync::atomic::{AtomicUsize, Ordering};

use bstr::{BStr, BString, ByteSlice};
use rustix::{
    fs::{AtFlags, Dir, FileType, Stat},
    io::Errno,
};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Directory, Refused};

/// How far back a change has to lie before the stamp is believed, in nanoseconds: two changes within one tick of the file system's
/// clock can leave the same times behind. Where it counts parts of a second, it ticks a hundred times in one at the least.
const FINE: i128 = 100_000_000;

/// The same where it counts whole seconds: the coarsest of those clocks tick every other one.
const COARSE: i128 = 3_000_000_000;

/// What tells a version of a file from another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, u64),
    changed: (i64, u64),
}

impl Stamp {
    /// Whether whatever changes the file from `now` on (nanoseconds since the epoch) changes the stamp too. A time in the future says
    /// nothing: a clock was set back.
    pub fn is_settled(&self, now: i128) -> bool {
        let times = [self.modified, self.changed];
        let tick = if times.iter().all(|(_, part)| *part != 0) { FINE } else { COARSE };
        times.iter().all(|(second, part)| i128::from(*second) * 1_000_000_000 + i128::from(*part) < now - tick)
    }

    #[expect(clippy::unnecessary_cast, reason = "the types of the fields differ from system to system")]
    fn of(stat: &Stat) -> Stamp {
        Stamp {
            device: stat.st_dev as u64,
            inode: stat.st_ino as u64,
            size: stat.st_size as u64,
            modified: (stat.st_mtime as i64, stat.st_mtime_nsec as u64),
            changed: (stat.st_ctime as i64, stat.st_ctime_nsec as u64),
        }
    }
}

impl Stamp {
    /// Its numbers as they stand in memory: there are thousands of them to be read, each time.
    pub fn to_bytes(&self) -> [u8; 56] {
        let Stamp { device, inode, size, modified, changed } = *self;
        let numbers =
            [device, inode, size, modified.0.cast_unsigned(), modified.1, changed.0.cast_unsigned(), changed.1];
        let mut bytes = [0; 56];
        for (place, number) in bytes.chunks_exact_mut(8).zip(numbers) {
            place.copy_from_slice(&number.to_le_bytes());
        }
        bytes
    }

    /// The stamp that [`Stamp::to_bytes`] gave.
    pub fn from_bytes(bytes: &[u8; 56]) -> Stamp {
        let (numbers, _) = bytes.as_chunks::<8>();
        let number = |at: usize| u64::from_le_bytes(numbers[at]);
        Stamp {
            device: number(0),
            inode: number(1),
            size: number(2),
            modified: (number(3).cast_signed(), number(4)),
            changed: (number(5).cast_signed(), number(6)),
        }
    }
}

impl Serialize for Stamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.to_bytes())
    }
}

impl<'de> Deserialize<'de> for Stamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let bytes = <&[u8]>::deserialize(deserializer)?;
        bytes.try_into().map(Stamp::from_bytes).map_err(serde::de::Error::custom)
    }
}

/// A directory entry, with its stamp if it is a regular file.
#[derive(Clone, Debug)]
pub struct Stamped {
    /// Its name, without the directory.
    pub name: BString,
    /// `None` for anything but a regular file.
    pub stamp: Option<Stamp>,
}

impl Directory {
    /// Its own stamp, which changes with every name that comes or goes in it; `None` if the system does not say.
    pub fn own_stamp(&self) -> Option<Stamp> {
        rustix::fs::fstat(&self.fd).ok().map(|stat| Stamp::of(&stat))
    }

    /// The stamp of the regular file `name`; `None` if it is something else or not there.
    pub fn stamp(&self, name: &BStr) -> Result<Option<Stamp>, Refused> {
        Ok(self.found(name)?.flatten())
    }

    /// Its entries with their stamps, by name. What goes away meanwhile is left out.
    pub fn stamps(self) -> Result<Vec<Stamped>, Refused> {
        let looking = Looking::begin(self)?;
        let found = looking.look();
        looking.end([found])
    }
}

/// The entries of a directory while they are looked at, by several threads perhaps.
#[derive(Debug)]
pub struct Looking {
    directory: Directory,
    names: Vec<BString>,
    /// The first one that nobody looks at yet.
    next: AtomicUsize,
}

/// What one thread found: runs of entries, each with the number of its first.
pub type Runs = Result<Vec<(usize, Vec<Option<Found>>)>, Refused>;

/// What an entry is; a thing without a stamp is no regular file.
type Found = Option<Stamp>;

/// How many entries a thread looks at before it asks for more.
const RUN: usize = 128;

impl Looking {
    /// Lists the names; nothing is looked at yet.
    pub fn begin(directory: Directory) -> Result<Looking, Refused> {
        let failed = |cause| Refused::io(directory.path.clone(), "list", cause);
        let mut names = Vec::new();
        for entry in Dir::read_from(&directory.fd).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let name = entry.file_name().to_bytes();
            if !matches!(name, b"." | b"..") {
                names.push(name.as_bstr().to_owned());
            }
        }
        names.sort_unstable();
        Ok(Looking { directory, names, next: AtomicUsize::new(0) })
    }

    /// Looks at entries until nobody has to any more.
    pub fn look(&self) -> Runs {
        let mut runs = Vec::new();
        loop {
            let begin = self.next.fetch_add(RUN, Ordering::Relaxed);
            let Some(rest) = self.names.get(begin..).filter(|rest| !rest.is_empty()) else { return Ok(runs) };
            let run = rest.iter().take(RUN).map(|name| self.directory.found(name.as_bstr()));
            runs.push((begin, run.collect::<Result<_, _>>()?));
        }
    }

    /// The entries, by name, from what was found of them: every one was looked at. What went away meanwhile is left out.
    pub fn end(self, found: impl IntoIterator<Item = Runs>) -> Result<Vec<Stamped>, Refused> {
        let mut runs = Vec::new();
        for some in found {
            runs.append(&mut some?);
        }
        runs.sort_unstable_by_key(|(begin, _)| *begin);
        let all = runs.into_iter().flat_map(|(_, run)| run);
        Ok(self.names.into_iter().zip(all).filter_map(|(name, found)| Some(Stamped { name, stamp: found? })).collect())
    }
}

impl Directory {
    /// What an entry is; `None` if it is not there any more.
    fn found(&self, name: &BStr) -> Result<Option<Found>, Refused> {
        match rustix::fs::statat(&self.fd, name.as_bytes(), AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => {
                let regular = FileType::from_raw_mode(stat.st_mode as _) == FileType::RegularFile;
                Ok(Some(regular.then(|| Stamp::of(&stat))))
            }
            Err(Errno::NOENT) => Ok(None),
            Err(cause) => Err(Refused::io(self.join(name), "look at", cause)),
        }
    }
}
