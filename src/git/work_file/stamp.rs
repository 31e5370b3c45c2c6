//! What the system says of a file, by which a change is noticed without reading it: as git's own index does it.

use bstr::{BStr, ByteSlice};
use rustix::{
    fs::{AtFlags, FileType, Stat},
    io::Errno,
};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Directory, Refused};

/// How far back a change has to lie before the stamp is believed, in nanoseconds: two changes within one tick of the file system's
/// clock can leave the same times behind. Where it counts parts of a second, it ticks a hundred times in one at the least.
const FINE: i128 = 100_000_000;

/// How far back where the file system counts whole seconds: the coarsest of those clocks tick every other one.
const COARSE: i128 = 3_000_000_000;

/// The metadata by which a version of a file is told from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, u64),
    changed: (i64, u64),
}

impl Stamp {
    /// Whether whatever changes the file from `now` on (nanoseconds since the epoch) changes the stamp too. A time in the future says
    /// nothing: a clock was set back.
    pub(crate) fn is_settled(&self, now: i128) -> bool {
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
    pub(crate) fn to_bytes(self) -> [u8; 56] {
        let Stamp { device, inode, size, modified, changed } = self;
        let numbers =
            [device, inode, size, modified.0.cast_unsigned(), modified.1, changed.0.cast_unsigned(), changed.1];
        let mut bytes = [0; 56];
        for (place, number) in bytes.chunks_exact_mut(8).zip(numbers) {
            place.copy_from_slice(&number.to_le_bytes());
        }
        bytes
    }

    /// The stamp that [`Stamp::to_bytes`] gave.
    pub(crate) fn from_bytes(bytes: &[u8; 56]) -> Stamp {
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

impl Directory {
    /// Its own stamp, which changes with every name that comes or goes in it; `None` if the system does not say.
    pub(crate) fn own_stamp(&self) -> Option<Stamp> {
        rustix::fs::fstat(&self.fd).ok().map(|stat| Stamp::of(&stat))
    }

    /// The stamp of the regular file `name`; `None` if it is something else or not there.
    pub(crate) fn stamp(&self, name: &BStr) -> Result<Option<Stamp>, Refused> {
        Ok(self.found(name)?.flatten())
    }

    /// The stamp of an entry, if it is a regular file; `None` if it is not there any more.
    pub(super) fn found(&self, name: &BStr) -> Result<Option<Option<Stamp>>, Refused> {
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
