//! What this clone has of one spec, and what of that still serves. How branches, worktrees and files are judged is in modules of
//! their own.

use std::rc::Rc;

use gix::ObjectId;

use super::{Request, Step, candidates::spec_of_lease, remove_file};
use crate::{
    agent::lease::{self, Life},
    answer::Pruned,
    domain::{id::SpecId, state::State, status::Status},
    error::{Error, Result},
    git::worktree::{self as trees, Worktree},
    project::Project,
    specs::all::Specs,
};

/// A spec with everything that decides what can be removed.
pub(super) struct Spec<'a> {
    pub(super) project: &'a Project,
    pub(super) request: &'a Request,
    /// The work branches of all specs. A commit that only they reach is not safe: they may be pruned too.
    pub(super) except: &'a [String],
    pub(super) id: &'a SpecId,
    pub(super) state: Option<Rc<State>>,
    /// Why the spec is closed; `None` if it is not.
    pub(super) over: Option<String>,
    status: Status,
    /// Its worktree.
    pub(super) tree: Option<Worktree>,
    /// The attempts of it that have a lease, with what that says.
    pub(super) leases: Vec<(ObjectId, Life)>,
}

impl<'a> Spec<'a> {
    pub(super) fn new(
        project: &'a Project,
        request: &'a Request,
        except: &'a [String],
        id: &'a SpecId,
    ) -> Result<Spec<'a>> {
        let mut leases = Vec::new();
        for attempt in lease::list(&project.leases_dir())? {
            if spec_of_lease(project, attempt)?.as_ref() == Some(id) {
                leases.push((attempt, project.life(attempt)?));
            }
        }
        let specs = Specs::new(project)?;
        let recorded = specs.recorded(id)?;
        let contended = recorded.state.as_ref().is_some_and(|state| state.is_contended());
        let over = match recorded.status {
            _ if contended || recorded.broken.is_some() => None,
            Status::Completed | Status::Cancelled | Status::Archived => {
                Some(format!("its spec is {}", recorded.status))
            }
            _ if !specs.names.has(id)? => Some("its spec is missing".to_owned()),
            _ => None,
        };
        let tree = project.worktree_among(&trees::list(&project.repo)?, id)?.cloned();
        let tree = tree.map(|tree| Ok::<_, Error>(is_ours(project, id, &tree)?.then_some(tree))).transpose()?.flatten();
        Ok(Spec { project, request, except, id, state: recorded.state, over, status: recorded.status, tree, leases })
    }

    /// The steps for everything that was found of the spec, in the order in which it is removed.
    pub(super) fn steps(&self) -> Result<Vec<Step>> {
        let mut steps = Vec::new();
        if let Some(why) = self.alive() {
            if self.over.is_some() || self.asked_for() {
                steps.extend(self.leave_worktree(why));
            }
            return Ok(steps);
        }
        let worktree = self.worktree()?;
        let stays = worktree.as_ref().is_some_and(|step| step.act.is_none());
        let none = worktree.is_none();
        steps.extend(worktree);
        match &self.over {
            Some(why) => steps.extend(self.branch(why, stays)?),
            None if none && self.asked_for() => {
                let why = format!("its spec is {}", self.status.as_str().replace('_', " "));
                steps.extend(self.leave_worktree(why));
            }
            None => {}
        }
        steps.extend(self.attempts()?);
        steps.extend(self.transcripts()?);
        steps.extend(self.lease_steps());
        steps.extend(self.seen());
        Ok(steps)
    }

    /// Why a process may be at work on the spec; `None` if none is.
    fn alive(&self) -> Option<String> {
        self.leases.iter().find_map(|(_, life)| match life {
            Life::Running(info) => Some(format!("process {} works on it", info.pid)),
            Life::Unknown(why) => why.clone(),
            Life::Dead(info) => lease::survivors(info),
        })
    }

    fn asked_for(&self) -> bool {
        self.request.only.contains(self.id)
    }

    /// The leases of runs that are dead, unless their attempt can be resumed.
    fn lease_steps(&self) -> Vec<Step> {
        let goes_on = |attempt: ObjectId| {
            let state = self.state.as_ref();
            self.over.is_none()
                && state.is_some_and(|state| state.open.contains(&attempt) && state.status == Status::InProgress)
        };
        let dead = self.leases.iter().filter(|(attempt, life)| matches!(life, Life::Dead(_)) && !goes_on(*attempt));
        dead.map(|(attempt, _)| {
            let attempt = *attempt;
            let path = self.project.leases_dir().join(attempt.to_string());
            let why = "its run ended";
            self.prune(Pruned::Lease, path.to_string_lossy(), why, move |project| project.forget_lease(attempt))
        })
        .collect()
    }

    /// What was seen before its runs, once no attempt can be resumed: a cancelled spec can be worked on again.
    fn seen(&self) -> Option<Step> {
        let (path, set_up) = (self.project.seen_file(self.id), self.project.set_up_file(self.id));
        let why = self.over.clone().filter(|_| self.status != Status::Cancelled && path.symlink_metadata().is_ok())?;
        Some(self.prune(Pruned::Seen, path.to_string_lossy().into_owned(), why, move |_| {
            remove_file(&set_up)?;
            remove_file(&path)
        }))
    }

    pub(super) fn leave(&self, kind: Pruned, name: impl Into<String>, why: impl Into<String>) -> Step {
        Step::leave(kind, Some(self.id), name, why)
    }

    pub(super) fn prune(
        &self,
        kind: Pruned,
        name: impl Into<String>,
        why: impl Into<String>,
        act: impl FnOnce(&Project) -> Result<()> + 'static,
    ) -> Step {
        Step::prune(kind, Some(self.id), name, why, act)
    }

    fn leave_worktree(&self, why: impl Into<String>) -> Option<Step> {
        self.tree.as_ref().map(|tree| self.leave(Pruned::Worktree, tree.path.to_string_lossy(), why))
    }
}

/// Whether git chant made that worktree: its directory has the name of the spec, or it was prepared for a run. A worktree that a
/// person has made to look at the branch is theirs.
fn is_ours(project: &Project, id: &SpecId, tree: &Worktree) -> Result<bool> {
    let meant = project.meant_worktree(id)?;
    let prepared = tree.path.join(".chant/run/.gitignore").is_file();
    Ok(prepared || tree.path.file_name() == meant.file_name())
}
