//! The process group of a command, with the processes that left it: which of them live, and how they are ended. Their output is not
//! read here.

use std::collections::HashSet;
use std::process::{Child, ExitStatus};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions};

use super::pump::Pump;
use crate::agent::reaper::Reaper;
use crate::env::{
    fault,
    process_table::{self, Process},
};
use crate::error::{Error, Kind, Result};

/// How often we look whether those that were asked to end have done so.
const LOOK: Duration = Duration::from_millis(20);

/// How long SIGKILL may take: a process in an uninterruptible call (a dead network disk) is left behind after that.
const KILL_LIMIT: Duration = Duration::from_secs(5);

/// A command and all that it started.
///
/// Its leader is reaped last: until then the kernel gives its number to no other process or group, so that a signal can hit
/// no stranger. Dropped before its end, it is killed.
pub(super) struct Group {
    leader: Child,
    reaper: Reaper,
    /// Those beyond the leader that got a signal from us.
    ended: HashSet<(u32, u64)>,
    reaped: bool,
    /// The leader is a sandbox: it ends with what is in it, and at once if it is asked to end itself.
    sandboxed: bool,
}

impl Group {
    pub(super) fn new(leader: Child, reaper: Reaper, sandboxed: bool) -> Self {
        Group { leader, reaper, ended: HashSet::new(), reaped: false, sandboxed }
    }

    /// The leader's pid, which is the group's number.
    pub(super) fn id(&self) -> u32 {
        self.leader.id()
    }

    fn pid(&self) -> Pid {
        Pid::from_child(&self.leader)
    }

    /// Whether the command itself has ended; it stays to be reaped.
    pub(super) fn is_done(&self) -> Result<bool> {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        loop {
            match rustix::process::waitid(WaitId::Pid(self.pid()), options) {
                Ok(status) => return Ok(status.is_some()),
                Err(rustix::io::Errno::INTR) => {}
                // Another part of the process has reaped the command, for example because SIGCHLD is ignored: it is gone in any case.
                Err(rustix::io::Errno::CHILD) => return Ok(true),
                Err(cause) => return Err(Error::fatal(Kind::Wait, format!("cannot wait for the command: {cause}"))),
            }
        }
    }

    /// The living beyond the leader: the group's members, orphans that came to us, and the families of all these.
    fn others(&self) -> Vec<Process> {
        let table = process_table::all();
        let members = table.iter().filter(|process| process.group == self.id());
        let roots: Vec<u32> =
            self.reaper.adopted(&table).into_iter().chain(members).map(|process| process.pid).collect();
        let mut others = process_table::families(&table, &roots);
        others.retain(|process| process.pid != self.id());
        others.into_iter().cloned().collect()
    }

    /// Whether anything beyond the leader lives; only meaningful once that is done.
    fn has_others(&self) -> bool {
        if cfg!(target_os = "linux") && std::path::Path::new("/proc/self/stat").exists() {
            !self.others().is_empty()
        } else {
            rustix::process::test_kill_process_group(self.pid()).is_ok()
        }
    }

    /// Gives the others some time to end by themselves; says whether any is left.
    pub(super) fn wait_for_others(&self, pump: &mut Pump<'_>, time: Duration) -> Result<bool> {
        let begun = Instant::now();
        loop {
            if !self.has_others() {
                return Ok(false);
            }
            if begun.elapsed() >= time || pump.interrupted() {
                return Ok(true);
            }
            pump.turn(LOOK)?;
        }
    }

    /// Ends everything: SIGTERM, `grace`, SIGKILL. A signal to us that comes during this ends the grace.
    pub(super) fn end(&mut self, pump: &mut Pump<'_>, grace: Duration) -> Result<()> {
        let signals = pump.signals();
        self.signal(Signal::TERM);
        // A stopped process would not hear of it.
        self.signal(Signal::CONT);
        let begun = Instant::now();
        while begun.elapsed() < grace && pump.signals() == signals {
            if self.is_over()? {
                return Ok(());
            }
            pump.turn(LOOK)?;
        }
        let begun = Instant::now();
        // Again and again: what is about to be killed may be starting another.
        while !self.is_over()? && begun.elapsed() < KILL_LIMIT {
            self.signal(Signal::KILL);
            pump.turn(LOOK)?;
        }
        Ok(())
    }

    fn is_over(&self) -> Result<bool> {
        Ok(self.is_done()? && !self.has_others())
    }

    fn signal(&mut self, signal: Signal) {
        let others = self.others();
        // In a sandbox each is asked by itself, so that it has its time to end.
        let each = self.sandboxed && signal != Signal::KILL && !others.is_empty();
        if !each {
            // What cannot be signalled (it has become another user's) is found again by `is_over`, which stops waiting for it.
            let _gone = fault::around("agent.signal", || rustix::process::kill_process_group(self.pid(), signal));
        }
        for process in others {
            if each || process.group != self.id() {
                let _not_ours_any_more = fault::around("agent.signal", || process.signal(signal));
            }
            self.ended.insert((process.pid, process.start));
        }
    }

    /// How many beyond the leader were signalled.
    pub(super) fn ended_others(&self) -> usize {
        self.ended.len()
    }

    /// Lets ended orphans go.
    pub(super) fn reap_orphans(&self) {
        self.reaper.reap();
    }

    /// The leader's exit status; `None` if it cannot even be killed, and is left behind.
    pub(super) fn reap(&mut self) -> Result<Option<ExitStatus>> {
        let status = self.leader.try_wait();
        let status =
            status.map_err(|cause| Error::fatal(Kind::Wait, format!("cannot wait for the command: {cause}")))?;
        self.reaped = true;
        Ok(status)
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if !self.reaped {
            self.signal(Signal::KILL);
            // Not held back by anything but the kernel; and no error has anywhere to go from here.
            let _status = self.leader.wait();
        }
    }
}
