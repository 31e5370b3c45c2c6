//! Whether a branch or a kept attempt can go: its commits have to be elsewhere.

use gix::ObjectId;

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
    store::attempts::ATTEMPTS,
};

impl Spec<'_> {
    /// Its work branch, if there is one. `stays`: its worktree does.
    pub(super) fn branch(&self, why: &str, stays: bool) -> Result<Option<Step>> {
        let project = self.project;
        let name = project.branch_ref(self.id)?;
        let full = name.as_bstr().to_string();
        let tip = match branch::read(&project.repo, name.as_ref()) {
            Ok(None) => return Ok(None),
            Ok(Some(tip)) => tip,
            Err(error) => return Ok(Some(self.keep(Pruned::Branch, full, error.message))),
        };
        if stays {
            return Ok(Some(self.keep(Pruned::Branch, full, "its worktree stays")));
        }
        let places = worktree::checked_out_in(&project.repo, name.as_ref())?;
        let own = self.tree.as_ref().map(|tree| &tree.path);
        if let Some(other) = places.iter().find(|place| Some(&place.path) != own) {
            return Ok(Some(self.keep(
                Pruned::Branch,
                full,
                format!("it is checked out in '{}'", other.path.display()),
            )));
        }
        if let Some((place, operation)) = busy::busy_in(&project.repo, name.as_ref())?.first() {
            let why = format!("it is being {} in '{}'", operation.participle(), place.path.display());
            return Ok(Some(self.keep(Pruned::Branch, full, why)));
        }
        let unreached = history::unreached(&project.repo, &[tip], self.except, Some(&format!("{ATTEMPTS}*")));
        match unreached {
            Ok(0) => {}
            Ok(count) => return Ok(Some(self.keep(Pruned::Branch, full, format!("it has {}", commits(count))))),
            Err(error) => return Ok(Some(self.keep(Pruned::Branch, full, error.message))),
        }
        Ok(Some(Step::prune(Pruned::Branch, Some(self.id), full, why, move |project| {
            match branch::delete(&project.repo, name.as_ref(), tip)? {
                Swapped::Done => Ok(()),
                Swapped::Differs(_) => Err(Error::negative(Kind::Moved, "it moved meanwhile")),
            }
        })))
    }

    /// Its kept attempts, but for the one that decides what is not over yet.
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
                    steps.push(Step::prune(Pruned::Attempt, Some(self.id), full, why, move |project| {
                        project.store()?.drop_attempt(&id, &name, tip)
                    }));
                }
                // Of what is not over, that an attempt is kept is no news.
                Ok(Err(count)) if self.over.is_some() => {
                    steps.push(self.keep(Pruned::Attempt, full, format!("it has {}", commits(count))));
                }
                Ok(Err(_)) => {}
                Err(error) => steps.push(self.keep(Pruned::Attempt, full, error.message)),
            }
        }
        Ok(steps)
    }

    /// Where the commits of a kept attempt are besides; else how many are nowhere else.
    fn elsewhere(&self, kept: &[(String, ObjectId)], name: &str, tip: ObjectId) -> Result<Result<String, usize>> {
        let project = self.project;
        let target = self.state.as_ref().and_then(|state| state.facts.target.clone());
        if let Some(target) = &target
            && let Some(at) = project.branch_tip(target)?
            && project.is_ancestor(tip, at)?
        {
            return Ok(Ok(format!("its commits are in '{}'", target.trim_start_matches("refs/heads/"))));
        }
        // Of two that hold the same, the one with the greater name goes, whoever else looks at them.
        for (other, at) in kept.iter().filter(|(other, _)| other != name) {
            let holds = if *at == tip { other.as_str() < name } else { project.is_ancestor(tip, *at)? };
            if holds {
                return Ok(Ok("another kept attempt has its commits".to_owned()));
            }
        }
        Ok(match history::unreached(&project.repo, &[tip], self.except, None)? {
            0 => Ok("its commits are in a branch or a tag".to_owned()),
            1 if project.is_spec_alone(self.id, name, tip)? => {
                Ok("it holds nothing but the spec, which is recorded".to_owned())
            }
            count => Err(count),
        })
    }
}
