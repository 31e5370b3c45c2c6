//! Directories for tests. They are removed when the test ends.

use std::path::{Path, PathBuf};

use rustix::fs::{StatVfsMountFlags, statvfs};

use super::signals;

/// Where a file system in memory is on Linux.
const MEMORY: &str = "/dev/shm";

/// What has to be free there, in bytes: all tests of a run use less than a fourth of it at once.
const ENOUGH: u64 = 2 << 30;

/// How long the path of a directory is, in bytes, where its parent leaves room for it: what commands print breaks its lines by the
/// length of paths, and snapshots hold it.
const LENGTH: usize = 40;

/// An empty directory: below `TMPDIR` where that is set, otherwise in memory where programs can run there, otherwise in `/tmp`.
pub(crate) fn scratch() -> tempfile::TempDir {
    scratch_for("test-")
}

/// An empty directory whose name begins with `prefix`. See [`scratch`].
pub(crate) fn scratch_for(prefix: &str) -> tempfile::TempDir {
    signals::hand_on_none_ignored();
    let parent = parent();
    let random = LENGTH.saturating_sub(parent.as_os_str().len() + 1 + prefix.len()).max(6);
    tempfile::Builder::new().prefix(prefix).rand_bytes(random).tempdir_in(parent).expect("a temporary directory")
}

fn parent() -> PathBuf {
    let memory = Path::new(MEMORY);
    if std::env::var_os("TMPDIR").is_none() && is_fit(memory) { memory.to_owned() } else { std::env::temp_dir() }
}

fn is_fit(dir: &Path) -> bool {
    let unfit = StatVfsMountFlags::NOEXEC | StatVfsMountFlags::RDONLY;
    let writable = rustix::fs::access(dir, rustix::fs::Access::WRITE_OK).is_ok();
    writable && statvfs(dir).is_ok_and(|fs| !fs.f_flag.intersects(unfit) && fs.f_bavail * fs.f_frsize >= ENOUGH)
}
