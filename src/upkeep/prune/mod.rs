//! The use case `prune`: clear away what no longer serves, and nothing that is nowhere else.
//!
//! What is to be done is found spec by spec and, unless it was only asked for, done at once, while nobody else makes or takes away
//! anything at the place of that spec. What is found and not cleared away is named with the reason.

mod candidates;
mod files;
mod refs;
mod shared;
mod spec;
mod worktree;

use std::path::PathBuf;

use crate::{
    answer::{PruneView, Pruned},
    domain::id::SpecId,
    error::Result,
    project::Project,
};

pub(crate) use candidates::is_known;
use spec::Spec;

/// What is to be pruned, and how.
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

/// What was found, and what could not be done.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outcome {
    /// What goes and what stays, in the order of the specs.
    pub found: Vec<PruneView>,
    /// What went wrong, in words.
    pub failures: Vec<String>,
}

/// Clears away, or says what would be.
///
/// # Errors
/// If the repository cannot be read. What cannot be cleared away stays, and is among the failures.
pub(crate) fn prune(project: &Project, request: &Request) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    let except = candidates::spec_branches(project)?;
    let all = if request.only.is_empty() { candidates::all(project)? } else { request.only.iter().cloned().collect() };
    for id in all {
        // Nobody is kept from anything by somebody who only looks.
        let held = if request.dry_run { None } else { project.try_lock_worktree(&id)? };
        if held.is_none() && !request.dry_run {
            let why = "another git chant is at work on it";
            outcome.keep(Pruned::Worktree, Some(&id), project.meant_worktree(&id)?.to_string_lossy(), why);
            continue;
        }
        let steps = Spec::new(project, request, &except, &id)?.steps()?;
        outcome.take(project, request, steps)?;
    }
    if request.only.is_empty() {
        let steps = shared::steps(project, request)?;
        outcome.take(project, request, steps)?;
    }
    Ok(outcome)
}

/// One thing that was found.
struct Step {
    view: PruneView,
    /// What is to be done to it; `None` if it stays.
    act: Option<Act>,
}

/// A thing to be done.
type Act = Box<dyn FnOnce(&Project) -> Result<()>>;

impl Step {
    fn keep(kind: Pruned, spec: Option<&SpecId>, name: impl Into<String>, why: impl Into<String>) -> Step {
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
    fn keep(&mut self, kind: Pruned, spec: Option<&SpecId>, name: impl Into<String>, why: &str) {
        self.found.push(Step::keep(kind, spec, name, why).view);
    }

    /// Does what is to be done, unless it was only asked for.
    fn take(&mut self, project: &Project, request: &Request, steps: Vec<Step>) -> Result<()> {
        for Step { mut view, act } in steps {
            if let Some(act) = act.filter(|_| !request.dry_run)
                && let Err(error) = act(project)
            {
                self.failures.push(format!("'{}' stays: {}", view.name, error.message));
                view = PruneView { pruned: false, why: error.message, ..view };
            }
            self.found.push(view);
        }
        Ok(())
    }
}

/// `3 commits that nothing else reaches`.
fn commits(count: usize) -> String {
    match count {
        1 => "a commit that nothing else reaches".to_owned(),
        1000.. => "very many commits that nothing else reaches".to_owned(),
        many => format!("{many} commits that nothing else reaches"),
    }
}
