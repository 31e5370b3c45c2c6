//! Processes that leave their group: while something runs, this process inherits them (a "child subreaper", Linux only),
//! so that they can be found and ended.

use std::collections::HashSet;
use std::process::{Child, Command};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::env::{
    awaited::awaited,
    process_table::{self, Process},
};

/// The variable that marks every process of a run, with a value of that run's own.
pub(super) const MARKER: &str = "CHANT_RUN";

/// What all runs of this process share.
struct Registry {
    /// Runs that are under way.
    runs: usize,
    /// The commands of those runs: their exit codes are read by the runs themselves.
    leaders: Vec<u32>,
}

static REGISTRY: Mutex<Registry> = Mutex::new(Registry { runs: 0, leaders: Vec::new() });

fn registry() -> MutexGuard<'static, Registry> {
    REGISTRY.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One run's share in the inheritance of orphans.
pub(super) struct Reaper {
    leader: Option<u32>,
    marker: String,
    /// Children that were there before: not ours to end.
    before: HashSet<(u32, u64)>,
}

impl Reaper {
    /// Begins a run whose processes carry `marker`: from now on orphans come to this process.
    pub(super) fn enter(marker: &str) -> Self {
        let mut registry = registry();
        registry.runs += 1;
        let before = children(&process_table::all()).map(|child| (child.pid, child.start)).collect();
        adopt_orphans(true);
        Reaper { leader: None, marker: marker.to_owned(), before }
    }

    /// Starts the run's command. The registry knows it as a leader before another run can reap it by mistake.
    pub(super) fn spawn(&mut self, command: &mut Command) -> std::io::Result<Child> {
        let mut registry = registry();
        let child = command.spawn()?;
        registry.leaders.push(child.id());
        self.leader = Some(child.id());
        Ok(child)
    }

    /// The orphans in `table` that this run left behind: new children of ours, in a group that is not ours.
    ///
    /// One that has shed the marker belongs to this run if no other is under way; otherwise the last of them takes it.
    pub(super) fn adopted<'a>(&self, table: &'a [Process]) -> Vec<&'a Process> {
        let (registry, awaited) = (registry(), awaited());
        let ours = |child: &&Process| {
            !child.ended
                && !registry.leaders.contains(&child.pid)
                && !awaited.contains(&child.pid)
                && !self.before.contains(&(child.pid, child.start))
                && (registry.runs == 1 || child.variable(MARKER).as_deref() == Some(self.marker.as_bytes()))
        };
        children(table).filter(ours).collect()
    }

    /// Lets ended orphans go, so that a long run does not fill the process table.
    pub(super) fn reap(&self) {
        let (registry, awaited) = (registry(), awaited());
        let table = process_table::all();
        let is_orphan =
            |child: &&Process| child.ended && !registry.leaders.contains(&child.pid) && !awaited.contains(&child.pid);
        for child in children(&table).filter(is_orphan) {
            if let Some(pid) = process_table::pid(child.pid) {
                // Nothing is lost when another run's thread was quicker.
                let _reaped = rustix::process::waitpid(Some(pid), rustix::process::WaitOptions::NOHANG);
            }
        }
    }
}

impl Drop for Reaper {
    fn drop(&mut self) {
        self.reap();
        let mut registry = registry();
        registry.runs -= 1;
        registry.leaders.retain(|leader| Some(*leader) != self.leader);
        if registry.runs == 0 {
            adopt_orphans(false);
        }
    }
}

/// Our children in groups of their own. What else this process starts (git) stays in our group, or is among the [`awaited`].
fn children(table: &[Process]) -> impl Iterator<Item = &Process> {
    let me = std::process::id();
    let own = rustix::process::getpgrp().as_raw_nonzero().get().unsigned_abs();
    table.iter().filter(move |process| process.parent == me && process.group != own)
}

/// Asks the kernel for orphans. Where it refuses, escaped processes are merely not found.
#[cfg(target_os = "linux")]
fn adopt_orphans(yes: bool) {
    let _refused = rustix::process::set_child_subreaper(yes.then(rustix::process::getpid));
}

#[cfg(not(target_os = "linux"))]
fn adopt_orphans(_yes: bool) {}
