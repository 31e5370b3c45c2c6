//! Whether this process runs inside the agent of a run: by its ancestors, its process group and the mark in its environment.
//!
//! The leases say which runs there are. A process that left its group and dropped its environment is still a descendant of the process
//! that runs the agent, which inherits orphans (Linux only). Only where that process is gone, or where another service starts the
//! process, nothing names the run. A confined run is told by its private repository instead.

use std::path::Path;

use gix::ObjectId;

use super::{
    lease::{self, Info, Life, pid_namespace},
    reaper::MARKER,
};
use crate::{
    env::{
        Env,
        process_table::{self, Process},
    },
    error::Result,
};

/// How many generations are looked at.
const MOST_ANCESTORS: usize = 1000;

/// What is known of the run that this process is inside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Around {
    /// The agent of this attempt.
    Attempt(ObjectId),
    /// Something that a process which runs several agents has started.
    Unclear,
}

/// The run that this process is inside, as the leases in `dir` tell it; `None` if it is inside none.
///
/// # Errors
/// If the leases cannot be read.
pub(crate) fn around(dir: &Path) -> Result<Option<Around>> {
    let mut leases = Vec::new();
    for attempt in lease::list(dir)? {
        if let Life::Running(info) | Life::Dead(info) = Life::of(dir, &attempt)?
            && info.is_of_this_boot() != Some(false)
            && info.pid_namespace == pid_namespace()
        {
            leases.push((attempt, info));
        }
    }
    if leases.is_empty() {
        return Ok(None);
    }
    let line = ancestors();
    if let Some((attempt, _)) = leases.iter().find(|(_, info)| is_agent(info, &line)) {
        return Ok(Some(Around::Attempt(*attempt)));
    }
    let mut supervised = leases.iter().filter(|(_, info)| is_supervised(info, &line));
    Ok(match (supervised.next(), supervised.next()) {
        (Some((attempt, _)), None) => Some(Around::Attempt(*attempt)),
        (Some(_), Some(_)) => Some(Around::Unclear),
        _ => None,
    })
}

/// The mark of the run that this process is inside: from its environment, or from that of a process above it (Linux only).
pub(crate) fn mark(env: &Env) -> Option<Vec<u8>> {
    let own = env.var(MARKER).map(|mark| mark.as_encoded_bytes().to_vec());
    own.or_else(|| ancestors().iter().find_map(|process| process.variable(MARKER)))
}

/// This process, its parent and so on.
fn ancestors() -> Vec<Process> {
    let mut line: Vec<Process> = process_table::one(std::process::id()).into_iter().collect();
    while let Some(last) = line.last().filter(|last| last.parent > 0)
        && line.len() < MOST_ANCESTORS
        && let Some(parent) = process_table::one(last.parent)
    {
        line.push(parent);
    }
    line
}

/// Whether a process of `line` is one of the agent of the run.
fn is_agent(info: &Info, line: &[Process]) -> bool {
    let Some(agent) = &info.agent else { return false };
    let own = rustix::process::getpgrp().as_raw_nonzero().get().unsigned_abs();
    let Some(start) = agent.start else { return own == agent.group };
    let leads = |process: &Process| process.pid == agent.group && process.start == start;
    let led =
        |process: &Process| process.group == agent.group && process_table::one(agent.group).is_some_and(|p| leads(&p));
    let marked = |process: &Process| {
        process.start >= start && process.variable(MARKER).as_deref() == Some(agent.marker.as_bytes())
    };
    line.iter().any(|process| leads(process) || led(process) || marked(process))
}

/// Whether the process that runs the agent is above this one in `line`, and did not start what leads here for itself: git and its hooks
/// stay in the process group of git-chant, agents and the commands of checks never do.
fn is_supervised(info: &Info, line: &[Process]) -> bool {
    line.windows(2).any(|pair| {
        let [child, parent] = pair else { return false };
        parent.pid == info.pid && Some(parent.start) == info.pid_start && child.group != parent.group
    })
}
