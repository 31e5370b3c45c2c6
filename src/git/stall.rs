//! Waits for a process for as long as it goes on: one that has written nothing for a while is ended, with its group.

use std::{
    fs::File,
    io,
    process::{Child, ExitStatus},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process_group};

/// The longest that is waited between two looks.
const PAUSE: Duration = Duration::from_millis(100);

/// How a process ended.
pub(super) struct Ended {
    /// Its exit code, or the signal.
    pub status: ExitStatus,
    /// Whether it was ended here.
    pub stalled: bool,
}

/// Waits for `child`, the leader of a process group, which writes into the files `outputs`.
pub(super) fn wait(child: &mut Child, outputs: &[&File], silence: Duration) -> io::Result<Ended> {
    let written = || outputs.iter().map(|file| file.metadata().map_or(0, |meta| meta.len())).sum::<u64>();
    let (mut length, mut since, mut pause) = (written(), Instant::now(), Duration::from_millis(1));
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Ended { status, stalled: false });
        }
        let now = written();
        if now != length {
            (length, since) = (now, Instant::now());
        }
        if since.elapsed() >= silence {
            // The child is not reaped yet: the group is its own.
            let _gone = kill_process_group(Pid::from_child(child), Signal::KILL);
            return Ok(Ended { status: child.wait()?, stalled: true });
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(PAUSE);
    }
}
