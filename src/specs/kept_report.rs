//! What the agent of a run reports is kept in this clone until an event counts it, so that no run is lost that ends together with
//! git-chant. What counted runs add up to is in `costs`.

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use gix::ObjectId;
use serde::{Deserialize, Serialize};

use super::{costs::CountedRun, run_cost};
use crate::{
    agent::{
        lease::{self, Life},
        preset::Report,
    },
    domain::id::SpecId,
    env::local_file,
    error::Result,
    project::Project,
};

/// How often the file is written while the agent works.
const EVERY: Duration = Duration::from_secs(1);

/// The file is a line; one that is larger is not ours, in bytes.
const MOST: u64 = 1 << 16;

/// What the file says.
#[derive(Debug, Serialize, Deserialize)]
struct Stored {
    /// The spec.
    spec: SpecId,
    /// The name of the agent.
    agent: String,
    /// How many runs under the same lease events counted before this one.
    counted: usize,
    /// What the agent reported.
    report: Report,
}

/// The report of a run that goes on. An agent that changes the file, where it can, only lies about itself.
pub(crate) struct KeptReport {
    dir: PathBuf,
    name: String,
    stored: Stored,
    /// Whether the file says less than what was reported.
    is_behind: bool,
    written: Option<Instant>,
}

impl KeptReport {
    /// For a run of `agent` whose lease is named by `key`.
    ///
    /// # Errors
    /// If the history of the spec cannot be read.
    pub(crate) fn begin(project: &Project, id: &SpecId, key: ObjectId, agent: &str) -> Result<KeptReport> {
        let counted = counted(project, id, key)?;
        let stored = Stored { spec: id.clone(), agent: agent.to_owned(), counted, report: Report::default() };
        Ok(KeptReport { dir: project.leases_dir(), name: name_of(key), stored, is_behind: false, written: None })
    }

    /// The agent reported this.
    pub(crate) fn take(&mut self, report: &Report) {
        if report.cost().is_some() && *report != self.stored.report {
            self.stored.report = report.clone();
            self.is_behind = true;
            self.write(false);
        }
    }

    /// Writes what was reported, if it is due, or if it has to be written `now`.
    pub(crate) fn write(&mut self, now: bool) {
        let is_due = now || self.written.is_none_or(|written| written.elapsed() >= EVERY);
        if !self.is_behind || !is_due {
            return;
        }
        if let Ok(text) = serde_json::to_vec(&self.stored) {
            // Without the file a run whose process dies is not counted: no reason to stop this one.
            let _is_not_counted_then = local_file::replace(&self.dir, &self.name, &text);
        }
        (self.is_behind, self.written) = (false, Some(Instant::now()));
    }
}

/// Counts what the last run under the lease `key` reported, unless an event did so. To be called when that run is over.
///
/// # Errors
/// If it cannot be recorded.
pub(crate) fn settle(project: &Project, key: ObjectId) -> Result<()> {
    let path = project.leases_dir().join(name_of(key));
    // What cannot be read, or was not written by git-chant, says nothing.
    let Some(bytes) = local_file::read(&path, MOST).ok().flatten() else { return Ok(()) };
    if let Ok(Stored { spec, agent, counted: before, report }) = serde_json::from_slice(&bytes)
        && counted(project, &spec, key)? <= before
        && project.store()?.tip(&spec)?.is_some()
    {
        let attempt = project.store()?.event(&spec, key)?.is_ok().then_some(key);
        let report = run_cost::of_run(project, &spec, report)?;
        run_cost::record(project, &spec, attempt, &agent, &report)?;
    }
    local_file::remove("report.remove", &path)
}

impl Project {
    /// Forgets the lease `key` of a run that is over, and counts what the run reported, unless an event did so.
    ///
    /// # Errors
    /// If that cannot be recorded.
    pub(crate) fn forget_lease(&self, key: ObjectId) -> Result<()> {
        if let Life::Dead(_) | Life::Unknown(_) = self.life(key)? {
            settle(self, key)?;
        }
        lease::forget(&self.leases_dir(), &key).map(|_| ())
    }
}

/// How many runs under the lease `key` events count. A run of no attempt is under one of the spec itself.
fn counted(project: &Project, id: &SpecId, key: ObjectId) -> Result<usize> {
    let store = project.store()?;
    let Some(tip) = store.tip(id)? else { return Ok(0) };
    let walk = store.walk(id, tip)?;
    Ok(CountedRun::all(&walk.history).filter(|run| run.attempt.is_none_or(|attempt| attempt == key)).count())
}

/// The name of the file: it is no lease.
fn name_of(key: ObjectId) -> String {
    format!(".report-{key}")
}
