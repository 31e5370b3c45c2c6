//! Finds the processes that a dead run left, by an identity that cannot be mistaken, and ends them. Whether the run is dead is not
//! decided here.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde::{Deserialize, Serialize};

use super::reaper::MARKER;
use super::{
    lease::{Info, boot, pid_namespace},
    process::ProcessGroup,
};
use crate::env::{
    fault,
    process_table::{self, Process},
};
use crate::error::Result;

/// How often we look whether they are gone.
const LOOK: Duration = Duration::from_millis(20);

/// The program of a sandbox, which waits for what it confines.
const SANDBOX: &str = "bwrap";

/// How long SIGKILL may take.
const KILL_LIMIT: Duration = Duration::from_secs(5);

/// What became of the processes that a dead run left behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Survivors {
    /// There are none.
    None,
    /// That many were there, and are gone.
    Ended(usize),
    /// Something may be there that can't be told to be the agent, or can't be ended; nothing was done to it. Why.
    Refused(String),
}

/// Ends what is left of the agent of a dead run: SIGTERM, `grace`, SIGKILL.
///
/// Only what surely belongs to it: under the same boot and pid namespace, its process group, known by its leader's start
/// time or by a member that carries the run's marker; and marked processes that left the group and are in the worktree. A
/// pid or group number that now belongs to another process is left alone. To be called for [`Life::Dead`](super::lease::Life::Dead) only. Elsewhere than on Linux whatever is
/// there is refused.
pub(crate) fn end_survivors(info: &Info, grace: Duration) -> Result<Survivors> {
    let Some(agent) = &info.agent else { return Ok(Survivors::None) };
    match info.is_of_this_boot() {
        Some(true) => {}
        Some(false) if is_this_host(info) => return Ok(Survivors::None),
        Some(false) => return Ok(refused(format!("it ran on '{}'", crate::terminal::sanitize::line(&info.host)))),
        None => return Ok(without_proc(agent)),
    }
    if info.pid_namespace.is_none() || info.pid_namespace != pid_namespace() {
        return Ok(refused("it ran in another pid namespace (a container)".to_owned()));
    }
    let Some(start) = agent.start else { return Ok(refused("its start time was not recorded".to_owned())) };
    end(agent, start, &info.worktree, grace)
}

/// A command that runs: what finds its processes again after the process that runs it died.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Traces {
    /// Which boot of which kernel that is.
    boot: Option<String>,
    /// The pid namespace in which pids are counted.
    pid_namespace: Option<String>,
    /// Where it runs.
    directory: PathBuf,
    group: ProcessGroup,
}

impl Traces {
    /// Of the command with this `group`, run in `directory`.
    pub(crate) fn of(group: &ProcessGroup, directory: &Path) -> Traces {
        Traces { boot: boot(), pid_namespace: pid_namespace(), directory: directory.to_owned(), group: group.clone() }
    }

    /// Ends what is left of it, as [`end_survivors`] does. To be called where the process that ran it is dead.
    ///
    /// # Errors
    /// If the processes cannot be listed.
    pub(crate) fn end(&self, grace: Duration) -> Result<Survivors> {
        let is_here = self.boot.is_some() && self.boot == boot() && self.pid_namespace == pid_namespace();
        match self.group.start.filter(|_| is_here) {
            Some(start) => end(&self.group, start, &self.directory, grace),
            None => Ok(Survivors::None),
        }
    }
}

/// Whether something of the agent of a dead run may still be there: then what. Nothing is done to it.
pub(crate) fn survivors(info: &Info) -> Option<String> {
    let agent = info.agent.as_ref()?;
    let unclear = |why: &str| Some(format!("its agent may still be running: {why}"));
    match info.is_of_this_boot() {
        Some(true) => {}
        Some(false) if is_this_host(info) => return None,
        Some(false) => return unclear("it ran on another machine"),
        None => {
            return matches!(without_proc(agent), Survivors::Refused(_))
                .then(|| "its agent may still be running".to_owned());
        }
    }
    if info.pid_namespace.is_none() || info.pid_namespace != pid_namespace() {
        return unclear("it ran in another pid namespace (a container)");
    }
    let Some(start) = agent.start else { return unclear("its start time was not recorded") };
    match find(agent, start, &info.worktree, &HashSet::new()) {
        Ok(found) if found.is_empty() => None,
        Ok(found) => Some(format!("process {} of its agent is still running", found[0].pid)),
        Err(why) => unclear(&why),
    }
}

fn end(agent: &ProcessGroup, start: u64, worktree: &Path, grace: Duration) -> Result<Survivors> {
    let mut ended = HashSet::new();
    let begun = Instant::now();
    let mut signal = Signal::TERM;
    loop {
        let found = match find(agent, start, worktree, &ended) {
            Ok(found) if found.is_empty() => break,
            Ok(found) => found,
            Err(why) => return Ok(refused(why)),
        };
        if begun.elapsed() >= grace + KILL_LIMIT {
            return Ok(refused(format!("{} of its processes did not end", found.len())));
        }
        if begun.elapsed() >= grace {
            signal = Signal::KILL;
        }
        // A sandbox that is asked to end ends at once, with all that is in it: those get their time, and it goes with them.
        let inner = found.iter().any(|process| !is_sandbox(process));
        for process in found {
            if inner && signal == Signal::TERM && is_sandbox(&process) {
                continue;
            }
            // SIGTERM once each, SIGKILL until it works.
            if ended.insert((process.pid, process.start)) || signal == Signal::KILL {
                if let Err(error) = fault::around("agent.signal", || process.signal(signal)) {
                    return Ok(refused(format!("cannot stop process {}: {error}", process.pid)));
                }
                // A stopped process would not hear of SIGTERM.
                let _gone = process.signal(Signal::CONT);
            }
        }
        std::thread::sleep(LOOK);
    }
    Ok(if ended.is_empty() { Survivors::None } else { Survivors::Ended(ended.len()) })
}

/// The living processes of the agent: members of its group, and those in `worktree` that left it with the run's marker, with
/// the families of all. Or why that can't be told. `known` are those (pid, start) that were found before.
fn find(
    agent: &ProcessGroup,
    start: u64,
    worktree: &Path,
    known: &HashSet<(u32, u64)>,
) -> Result<Vec<Process>, String> {
    let table = process_table::all();
    let marked = |process: &Process| {
        process.start >= start && process.variable(MARKER).as_deref() == Some(agent.marker.as_bytes())
    };
    let members: Vec<&Process> =
        table.iter().filter(|process| process.group == agent.group && !process.ended).collect();
    // A number is not given to a new process while a group has it: another leader means that the group is gone.
    let leader = table.iter().find(|process| process.pid == agent.group);
    let ours = match leader {
        Some(leader) => leader.start == start,
        // A group is one group: one member that is known vouches for all.
        None => members.iter().any(|member| known.contains(&(member.pid, member.start)) || marked(member)),
    };
    if leader.is_none() && !members.is_empty() && !ours {
        return Err(format!("process group {} may belong to another program now", agent.group));
    }
    let worktree = worktree.canonicalize().ok();
    let stays = |process: &Process| match (&worktree, process.directory()) {
        (Some(worktree), Some(directory)) => directory.starts_with(worktree),
        _ => false,
    };
    let escaped = table.iter().filter(|process| process.start >= start && stays(process) && marked(process));
    let mut roots: Vec<u32> = escaped.map(|process| process.pid).collect();
    if ours {
        roots.extend(members.iter().map(|member| member.pid));
    }
    let found = process_table::families(&table, &roots);
    if found.iter().any(|process| process.pid == std::process::id()) {
        return Err("this command runs inside the agent that it would stop".to_owned());
    }
    Ok(found.into_iter().cloned().collect())
}

/// Without `/proc` nothing can be identified; but that there is no process can be seen.
fn without_proc(agent: &ProcessGroup) -> Survivors {
    let Some(group) = process_table::pid(agent.group) else { return Survivors::None };
    match rustix::process::test_kill_process_group(group) {
        Err(rustix::io::Errno::SRCH) => Survivors::None,
        _ => refused(format!("process group {} may belong to another program", agent.group)),
    }
}

fn is_sandbox(process: &Process) -> bool {
    process.names().iter().any(|name| name == SANDBOX.as_bytes())
}

fn is_this_host(info: &Info) -> bool {
    rustix::system::uname().nodename().to_bytes() == info.host.as_bytes()
}

fn refused(why: String) -> Survivors {
    Survivors::Refused(why)
}
