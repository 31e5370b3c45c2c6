//! Whether a branch or a kept attempt can be deleted: its commits have to be elsewhere too.

use gix::{ObjectId, refs::FullNameRef};

use super::{Step, commits, spec::Spec};
use crate::{
    answer::Pruned,
    domain::status::Status,
    error::{Error, Kind, Result},
    git::{
        branch, history,
        reference::Swapped,
        worktree::{self, busy},
    },
    project::target::short_name,
    store::attempts::ATTEMPTS,
};

impl Spec<'_> {
    /// The step for the work branch, if there is one. `stays`: its worktree is not removed.
    pub(super) fn branch(&self, why: &str, stays: bool) -> Result<Option<Step>> {
        let name = self.project.branch_ref(self.id)?;
        let full = name.as_bstr().to_string();
        let tip = match branch::read(&self.project.repo, name.as_ref()) {
            Ok(None) => return Ok(None),
            Ok(Some(tip)) => tip,
            Err(error) => return Ok(Some(self.leave(Pruned::Branch, full, error.message))),
        };
        if let Some(obstacle) = self.branch_obstacle(name.as_ref(), tip, stays)? {
            return Ok(Some(self.leave(Pruned::Branch, full, obstacle)));
        }
        Ok(Some(self.prune(Pruned::Branch, full, why, move |project| {
            match branch::delete(&project.repo, name.as_ref(), tip)? {
                Swapped::Done => Ok(()),
                Swapped::Differs(_) => Err(Error::negative(Kind::Moved, "another process moved it")),
            }
        })))
    }

    /// Why the branch `name` cannot be deleted; `None` if it can.
    fn branch_obstacle(&self, name: &FullNameRef, tip: ObjectId, stays: bool) -> Result<Option<String>> {
        let repo = &self.project.repo;
        if stays {
            return Ok(Some("its worktree stays".to_owned()));
        }
        let own = self.tree.as_ref().map(|tree| &tree.path);
        if let Some(other) = worktree::checked_out_in(repo, name)?.iter().find(|tree| Some(&tree.path) != own) {
            return Ok(Some(format!("it is checked out in '{}'", other.path.display())));
        }
        if let Some((tree, operation)) = busy::busy_in(repo, name)?.first() {
            return Ok(Some(format!("it is being {} in '{}'", operation.participle(), tree.path.display())));
        }
        Ok(match history::unreached(repo, &[tip], self.except, Some(&format!("{ATTEMPTS}*"))) {
            Ok(0) => None,
            Ok(count) => Some(format!("it has {}", commits(count))),
            Err(error) => Some(error.message),
        })
    }

    /// The steps for the kept attempts, except the attempts that decide a spec that is not closed.
    pub(super) fn attempts(&self) -> Result<Vec<Step>> {
        let mut kept = self.project.store()?.kept_attempts(self.id)?;
        kept.sort();
        let state = self.state.as_ref();
        let serves = |name: &str| {
            let open = state.filter(|state| self.over.is_none() && state.status != Status::Pending);
            open.is_some_and(|state| {
                state.open.iter().chain(&state.attempt).any(|id| name.starts_with(&id.to_string()))
            })
        };
        let mut steps = Vec::new();
        for (name, tip) in kept.iter().filter(|(name, _)| !serves(name)) {
            let full = format!("{ATTEMPTS}{}/{name}", self.id);
            match self.elsewhere(&kept, name, *tip) {
                Ok(Ok(why)) => {
                    let (id, name, tip) = (self.id.clone(), name.clone(), *tip);
                    steps.push(self.prune(Pruned::Attempt, full, why, move |project| {
                        project.store()?.drop_attempt(&id, &name, tip)
                    }));
                }
                // That an open spec keeps an attempt is not worth a line.
                Ok(Err(count)) if self.over.is_some() => {
                    steps.push(self.leave(Pruned::Attempt, full, format!("it has {}", commits(count))));
                }
                Ok(Err(_)) => {}
                Err(error) => steps.push(self.leave(Pruned::Attempt, full, error.message)),
            }
        }
        Ok(steps)
    }

    /// Where else the commits of a kept attempt are, in words; the error is how many are nowhere else.
    fn elsewhere(&self, kept: &[(String, ObjectId)], name: &str, tip: ObjectId) -> Result<Result<String, usize>> {
        let project = self.project;
        let target = self.state.as_ref().and_then(|state| state.facts.target.clone());
        if let Some(target) = &target
            && let Some(at) = project.branch_tip(target)?
            && project.is_ancestor(tip, at)?
        {
            return Ok(Ok(format!("its commits are in '{}'", short_name(target))));
        }
        if let Some(place) = self.merged_as_another(tip)? {
            return Ok(Ok(place));
        }
        // Of two attempts at one commit, the one with the greater name is removed.
        for (other, at) in kept.iter().filter(|(other, _)| other != name) {
            let holds = if *at == tip { other.as_str() < name } else { project.is_ancestor(tip, *at)? };
            if holds {
                return Ok(Ok("another kept attempt has its commits".to_owned()));
            }
        }
        Ok(match history::unreached(&project.repo, &[tip], self.except, None)? {
            0 => Ok("its commits are in a branch or a tag".to_owned()),
            1 if project.is_spec_alone(self.id, name, tip)? => {
                Ok("it holds only the spec, which is recorded".to_owned())
            }
            count => Err(count),
        })
    }

    /// Where the work of a completed spec is as other commits, in words, if `tip` is that work: squashed, or made again.
    fn merged_as_another(&self, tip: ObjectId) -> Result<Option<String>> {
        let (Some(state), true) = (&self.state, self.over.is_some()) else { return Ok(None) };
        let facts = &state.facts;
        let (Some(landing), Some(work), Some(target)) = (facts.landing, facts.work_commits.last(), &facts.target)
        else {
            return Ok(None);
        };
        let exists = |id: ObjectId| Ok::<_, Error>(self.project.repo.gix().try_find_header(id)?.is_some());
        if !exists(landing.new)? || !exists(*work)? || !self.project.is_ancestor(tip, *work)? {
            return Ok(None);
        }
        // The target may have been deleted since, once it was merged itself.
        let reached = history::unreached(&self.project.repo, &[landing.new], self.except, None)? == 0;
        let (commit, target) = (landing.new.to_hex_with_len(10), short_name(target));
        Ok(reached.then(|| format!("its work is in '{target}' as {commit}")))
    }
}
