//! The processes of this machine as `/proc` shows them. Elsewhere than on Linux the table is empty.

use std::{
    io::{self, Read},
    os::unix::fs::MetadataExt as _,
    path::Path,
};

use rustix::process::{Pid, Signal};

/// One process at the moment of the snapshot. Its pid may since belong to another: `start` tells them apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Process {
    pub pid: u32,
    pub parent: u32,
    pub group: u32,
    pub session: u32,
    /// Clock ticks from boot to its start: field 22 of `/proc/<pid>/stat`, proc_pid_stat(5).
    pub start: u64,
    /// Whether the process has ended and only waits to be reaped.
    pub ended: bool,
}

/// Every process that `/proc` shows us.
pub(crate) fn all() -> Vec<Process> {
    if cfg!(not(target_os = "linux")) {
        return Vec::new();
    }
    let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
    entries.flatten().filter_map(|entry| one(entry.file_name().to_str()?.parse().ok()?)).collect()
}

/// The process that has this pid now.
pub(crate) fn one(pid: u32) -> Option<Process> {
    if cfg!(not(target_os = "linux")) {
        return None;
    }
    parse(pid, &std::fs::read(format!("/proc/{pid}/stat")).ok()?)
}

/// Takes `pid (comm) state ppid pgrp session … starttime …` apart. `comm` may hold anything, parentheses included, so the
/// fields are counted from the last one.
fn parse(pid: u32, stat: &[u8]) -> Option<Process> {
    let end = stat.iter().rposition(|byte| *byte == b')')?;
    let rest = std::str::from_utf8(stat.get(end + 1..)?).ok()?;
    let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
    Some(Process {
        pid,
        parent: fields.get(1)?.parse().ok()?,
        group: fields.get(2)?.parse().ok()?,
        session: fields.get(3)?.parse().ok()?,
        start: fields.get(19)?.parse().ok()?,
        ended: matches!(*fields.first()?, "Z" | "X" | "x"),
    })
}

impl Process {
    /// The value of a variable in the environment that the process was started with, if we may read it.
    pub(crate) fn variable(&self, name: &str) -> Option<Vec<u8>> {
        const MOST: u64 = 8 << 20;
        let mut environ = Vec::new();
        let file = std::fs::File::open(format!("/proc/{}/environ", self.pid)).ok()?;
        file.take(MOST).read_to_end(&mut environ).ok()?;
        let value = environ.split(|byte| *byte == 0).find_map(|entry| {
            entry.strip_prefix(name.as_bytes()).and_then(|rest| rest.strip_prefix(b"=")).map(<[u8]>::to_vec)
        });
        // The pid may have changed hands while we read.
        self.is_same().then_some(value).flatten()
    }

    /// The names that it goes by: what the kernel calls it, and the file name of its program. What we may not know is left out.
    pub(crate) fn names(&self) -> Vec<Vec<u8>> {
        let comm = std::fs::read(format!("/proc/{}/comm", self.pid)).ok();
        let program = std::fs::read_link(format!("/proc/{}/exe", self.pid)).ok();
        let program = program.and_then(|path| Some(path.file_name()?.as_encoded_bytes().to_vec()));
        comm.map(|name| name.trim_ascii_end().to_vec()).into_iter().chain(program).collect()
    }

    /// Its command line, word by word, as it shows it.
    pub(crate) fn words(&self) -> Vec<Vec<u8>> {
        let line = std::fs::read(format!("/proc/{}/cmdline", self.pid)).unwrap_or_default();
        line.split(|byte| *byte == 0).map(<[u8]>::to_vec).collect()
    }

    /// What it has open, as the kernel names it; `None` if we may not know.
    pub(crate) fn open_files(&self) -> Option<Vec<std::path::PathBuf>> {
        let entries = std::fs::read_dir(format!("/proc/{}/fd", self.pid)).ok()?;
        Some(entries.flatten().filter_map(|entry| std::fs::read_link(entry.path()).ok()).collect())
    }

    /// Whether its paths name what ours name, as far as that can be known: it sees the same mounts as this process, or others, as in a
    /// sandbox, with its own directory and `path` where we have them.
    pub(crate) fn reads_alike(&self, path: &Path) -> bool {
        if self.has_our_mounts() {
            return true;
        }
        let id = |path: &Path| std::fs::metadata(path).ok().map(|meta| (meta.dev(), meta.ino()));
        let is_same = |there: Option<_>, here: &Path| there.is_some() && there == id(here);
        let Some(directory) = self.directory() else { return false };
        let cwd = Path::new("/proc").join(self.pid.to_string()).join("cwd");
        is_same(id(&cwd), &directory) && is_same(self.seen_at(path), path)
    }

    /// Whether it sees the same mounts as this process.
    pub(crate) fn has_our_mounts(&self) -> bool {
        let of = |pid: &str| std::fs::read_link(format!("/proc/{pid}/ns/mnt")).ok();
        let own = of("self");
        own.is_some() && own == of(&self.pid.to_string())
    }

    /// The device and the number of what the process sees at an absolute path, if we may know.
    pub(crate) fn seen_at(&self, path: &Path) -> Option<(u64, u64)> {
        let root = Path::new("/proc").join(self.pid.to_string()).join("root");
        let meta = std::fs::metadata(root.join(path.strip_prefix("/").ok()?)).ok()?;
        Some((meta.dev(), meta.ino()))
    }

    /// The directory that it is in now, if we may know.
    pub(crate) fn directory(&self) -> Option<std::path::PathBuf> {
        let directory = std::fs::read_link(format!("/proc/{}/cwd", self.pid)).ok()?;
        self.is_same().then_some(directory)
    }

    /// Whether the pid still belongs to the process of the snapshot.
    pub(crate) fn is_same(&self) -> bool {
        one(self.pid).is_some_and(|now| now.start == self.start)
    }

    /// Whether it has not ended since the snapshot.
    pub(crate) fn lives(&self) -> bool {
        one(self.pid).is_some_and(|now| now.start == self.start && !now.ended)
    }

    /// Sends a signal to this process and never to one that has taken over its pid: the pid is pinned by a pidfd
    /// before its start time is compared. Gone already is no error.
    pub(crate) fn signal(&self, signal: Signal) -> io::Result<()> {
        let Some(pid) = pid(self.pid) else { return Ok(()) };
        match self.send(pid, signal) {
            Ok(()) | Err(rustix::io::Errno::SRCH) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    #[cfg(target_os = "linux")]
    fn send(&self, pid: Pid, signal: Signal) -> rustix::io::Result<()> {
        use rustix::process::{PidfdFlags, pidfd_open, pidfd_send_signal};
        match pidfd_open(pid, PidfdFlags::empty()) {
            Ok(pinned) if self.is_same() => pidfd_send_signal(pinned, signal),
            Ok(_) => Ok(()),
            // Kernels before 5.3: compare, then send; the window is microseconds.
            Err(rustix::io::Errno::NOSYS) if self.is_same() => rustix::process::kill_process(pid, signal),
            Err(error) => Err(error),
        }
    }

    #[cfg(not(target_os = "linux"))]
    fn send(&self, _pid: Pid, _signal: Signal) -> rustix::io::Result<()> {
        Ok(())
    }
}

/// A pid that can be signalled: 0 would mean our own group.
pub(crate) fn pid(number: u32) -> Option<Pid> {
    Pid::from_raw(i32::try_from(number).ok()?).filter(|pid| pid.as_raw_nonzero().get() > 1)
}

/// The living among `table` that `roots` started, directly or not, as far as their parents are still there; the roots
/// themselves included.
pub(crate) fn families<'a>(table: &'a [Process], roots: &[u32]) -> Vec<&'a Process> {
    let mut family: Vec<&Process> = table.iter().filter(|process| roots.contains(&process.pid)).collect();
    let mut seen: std::collections::HashSet<u32> = family.iter().map(|process| process.pid).collect();
    let mut next = 0;
    while let Some(parent) = family.get(next).map(|process| process.pid) {
        let children = table.iter().filter(|process| process.parent == parent);
        family.extend(children.filter(|child| seen.insert(child.pid)));
        next += 1;
    }
    family.retain(|process| !process.ended);
    family
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_parentheses_and_spaces_does_not_shift_the_fields() {
        let stat = b"42 (a) R 9 9 9) b\xff) S 1 40 41 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 777 1 1\n";
        let process = Process { pid: 42, parent: 1, group: 40, session: 41, start: 777, ended: false };
        assert_eq!(parse(42, stat), Some(process));
        for bad in [&b""[..], b"42", b"42 (x)", b"42 (x) S 1 2", b")", b"42 (x) S a b c d"] {
            assert_eq!(parse(42, bad), None);
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_process_with_another_start_time_is_not_signalled() {
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let real = one(child.id()).unwrap();
        Process { start: real.start + 1, ..real.clone() }.signal(Signal::KILL).unwrap();
        std::thread::sleep(std::time::Duration::from_millis(50));
        assert!(child.try_wait().unwrap().is_none(), "a stranger was killed");
        real.signal(Signal::KILL).unwrap();
        assert!(!child.wait().unwrap().success());
        assert!(pid(0).is_none() && pid(1).is_none() && pid(u32::MAX).is_none());
    }
}
