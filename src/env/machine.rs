//! What is known of this machine: whether all of its processes can be seen, when it was started, and which file systems other machines share.
//! On systems other than Linux nothing of it is known, and what depends on it takes the careful way.

use std::{path::Path, time::Duration};

use rustix::time::{ClockId, Timespec, clock_gettime};

/// Why there may be processes that [`process_table`](super::process_table) does not show: they are named as what may own something.
pub(crate) fn unseen() -> Option<&'static str> {
    /// The pid namespace of the machine itself: PROC_PID_INIT_INO of the kernel.
    const FIRST: &str = "pid:[4026531836]";
    if cfg!(not(target_os = "linux")) {
        return Some("an unknown process");
    }
    let namespace = std::fs::read_link("/proc/self/ns/pid").ok();
    namespace.is_none_or(|namespace| namespace.as_os_str() != FIRST).then_some("a process outside this container")
}

/// The time since 1970 UTC, by the clock as it is set now.
pub(crate) fn now() -> Duration {
    time(ClockId::Realtime)
}

/// When this machine was started, since 1970 UTC, by the clock as it is set now; zero where that is not known.
#[cfg(target_os = "linux")]
pub(crate) fn boot_time() -> Duration {
    now().saturating_sub(time(ClockId::Boottime))
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn boot_time() -> Duration {
    Duration::ZERO
}

fn time(clock: ClockId) -> Duration {
    let Timespec { tv_sec, tv_nsec } = clock_gettime(clock);
    since_epoch(tv_sec, tv_nsec).unwrap_or_default()
}

/// A time since 1970 UTC; `None` before that.
pub(crate) fn since_epoch(seconds: i64, nanoseconds: i64) -> Option<Duration> {
    Some(Duration::new(u64::try_from(seconds).ok()?, u32::try_from(nanoseconds).ok()?))
}

/// Writes what is in memory of the file system of `dir` to its disk.
///
/// # Errors
/// Those of the system.
#[cfg(target_os = "linux")]
pub(crate) fn sync_all(dir: &std::fs::File) -> std::io::Result<()> {
    Ok(rustix::fs::syncfs(dir)?)
}

/// Writes what is in memory of all file systems to their disks.
#[cfg(not(target_os = "linux"))]
pub(crate) fn sync_all(_dir: &std::fs::File) -> std::io::Result<()> {
    rustix::fs::sync();
    Ok(())
}

/// Whether other machines may write to the file system of this directory: their processes do not show here.
#[cfg(target_os = "linux")]
pub(crate) fn may_be_shared(dir: &Path) -> bool {
    // As in statfs(2): NFS, SMB, CIFS, SMB2, FUSE (sshfs, virtiofs), 9P, AFS, Ceph, Lustre, GPFS, OCFS2, GFS2, Coda, NCP.
    const SHARED: &[u64] = &[
        0x6969,
        0x517b,
        0xff53_4d42,
        0xfe53_4d42,
        0x6573_5546,
        0x0102_1997,
        0x5346_414f,
        0x00c3_6400,
        0x0bd0_0bd0,
        0x4750_4653,
        0x7461_636f,
        0x0116_1970,
        0x7375_7245,
        0x564c,
    ];
    let Ok(found) = rustix::fs::statfs(dir) else { return true };
    // The type is signed on some machines and 32 bits wide on others.
    let kind = u64::try_from(found.f_type).unwrap_or_default() & 0xffff_ffff;
    kind == 0 || SHARED.contains(&kind)
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn may_be_shared(_dir: &Path) -> bool {
    true
}
