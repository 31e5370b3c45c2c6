//! The use case `prune`: remove worktrees, branches and files that no longer serve, and nothing that exists nowhere else.
//!
//! The steps are found spec by spec and, unless it is a dry run, done at once, under the lock of that spec's worktree. Whatever is
//! found and not removed is named with the reason.

mod candidates;
mod files;
mod refs;
mod shared;
mod spec;
mod worktree;

use std::{
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use crate::{
    answer::{PruneView, Pruned},
    domain::id::SpecId,
    env::local_file,
    error::Result,
    project::Project,
};

pub(crate) use candidates::is_known;
use spec::Spec;

/// The specs to prune, and how.
#[derive(Clone, Debug, Default)]
pub(crate) struct Request {
    /// Only these; empty: all, and what belongs to no spec.
    pub only: Vec<SpecId>,
    /// Whether nothing is to be done yet.
    pub dry_run: bool,
    /// Transcripts that were last written before this time are old; seconds since 1970 UTC.
    pub expire: u64,
    /// Copies of spec files that merges left aside and have no record of: only the text of an attempt may go.
    pub aside: Vec<PathBuf>,
}

impl Request {
    /// Whether a file that was last written at `time` is old.
    fn has_expired(&self, time: SystemTime) -> bool {
        time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs() < self.expire
    }
}

/// The findings, and the failures.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outcome {
    /// Everything that is removed or stays, in the order of the specs.
    pub found: Vec<PruneView>,
    /// The failures in words.
    pub failures: Vec<String>,
}

/// Removes what no longer serves, or says what would be removed.
///
/// # Errors
/// If the repository cannot be read. What cannot be removed stays, and is among the failures.
pub(crate) fn prune(project: &Project, request: &Request) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    let except = candidates::spec_branches(project)?;
    let all = if request.only.is_empty() { candidates::all(project)? } else { request.only.iter().cloned().collect() };
    for id in all {
        // A dry run keeps no other process waiting.
        let held = if request.dry_run { None } else { project.try_lock_worktree(&id)? };
        if held.is_none() && !request.dry_run {
            let (name, why) = (project.meant_worktree(&id)?, "another git-chant process is working on it");
            outcome.found.push(Step::leave(Pruned::Worktree, Some(&id), name.to_string_lossy(), why).view);
            continue;
        }
        outcome.take(project, request, Spec::new(project, request, &except, &id)?.steps()?);
    }
    if request.only.is_empty() {
        outcome.take(project, request, shared::steps(project, request)?);
    }
    Ok(outcome)
}

/// A finding, and how it is removed.
struct Step {
    view: PruneView,
    /// How it is removed; `None` if it stays.
    act: Option<Act>,
}

/// Removes one thing.
type Act = Box<dyn FnOnce(&Project) -> Result<()>>;

impl Step {
    fn leave(kind: Pruned, spec: Option<&SpecId>, name: impl Into<String>, why: impl Into<String>) -> Step {
        let view = PruneView { kind, spec: spec.cloned(), name: name.into(), pruned: false, why: why.into() };
        Step { view, act: None }
    }

    fn prune(
        kind: Pruned,
        spec: Option<&SpecId>,
        name: impl Into<String>,
        why: impl Into<String>,
        act: impl FnOnce(&Project) -> Result<()> + 'static,
    ) -> Step {
        let view = PruneView { kind, spec: spec.cloned(), name: name.into(), pruned: true, why: why.into() };
        Step { view, act: Some(Box::new(act)) }
    }
}

impl Outcome {
    /// Does the steps, unless it is a dry run.
    fn take(&mut self, project: &Project, request: &Request, steps: Vec<Step>) {
        for Step { mut view, act } in steps {
            if let Some(act) = act.filter(|_| !request.dry_run)
                && let Err(error) = act(project)
            {
                self.failures.push(format!("keeping '{}': {}", view.name, error.message));
                view = PruneView { pruned: false, why: error.message, ..view };
            }
            self.found.push(view);
        }
    }
}

/// `3 commits that nothing else reaches`.
fn commits(count: usize) -> String {
    match count {
        1 => "a commit that no other ref reaches".to_owned(),
        1000.. => "very many commits that no other ref reaches".to_owned(),
        many => format!("{many} commits that no other ref reaches"),
    }
}

/// Removes a file, which may be gone already.
fn remove_file(path: &Path) -> Result<()> {
    local_file::remove("prune.file", path)
}
