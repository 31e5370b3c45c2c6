//! Why finished work is not merged, as far as that is known without a merge. The reason is not recorded: it may be gone a moment later.

use std::{cell::RefCell, collections::HashMap};

use bstr::ByteSlice;
use gix::{ObjectId, refs::FullName};

use crate::{
    agent::lease::Life,
    domain::state::State,
    error::Result,
    git::{
        branch, history,
        merge::{self, SharedFile},
        status,
        worktree::{self, busy},
    },
    project::Project,
    specs::{all::Specs, attempt::Attempt, entry::Entry},
};

/// An obstacle to a merge.
pub(super) struct MergeObstacle {
    /// The obstacle in words.
    pub why: String,
    /// The paths of the obstacle.
    pub paths: Vec<String>,
}

fn why(why: impl Into<String>) -> Option<MergeObstacle> {
    Some(MergeObstacle { why: why.into(), paths: Vec::new() })
}

/// The paths in which two commits conflict, for pairs of them that were asked about. A merge takes a while.
#[derive(Default)]
pub(crate) struct Merges(RefCell<HashMap<(ObjectId, ObjectId), Vec<String>>>);

impl Merges {
    /// The obstacle to merging the finished work of `entry`; `None` if none is found.
    pub(super) fn obstacle(&self, specs: &Specs<'_>, entry: &Entry, state: &State) -> Result<Option<MergeObstacle>> {
        let project = specs.project;
        let attempt = project.attempt(&entry.id, state)?;
        if let Life::Running(info) = project.life(attempt.start)? {
            return Ok(why(format!("process {} is about to merge it", info.pid)));
        }
        if !state.unacknowledged().is_empty() {
            return Ok(why("the agent changed more than its work, and nobody has acknowledged that"));
        }
        if attempt.has_moved(project, state)? {
            return Ok(why(format!("its branch '{}' moved since it was checked", attempt.branch.shorten())));
        }
        let Some(work) = state.facts.work_commits.last().copied() else { return Ok(None) };
        let Some(target) = &attempt.target else {
            return Ok(why("HEAD was detached when it started, so it has no target"));
        };
        let Ok(target) = FullName::try_from(target.as_str()) else { return Ok(None) };
        let Some(tip) = branch::read(&project.repo, target.as_ref())? else { return Ok(None) };
        let name = target.shorten();
        if let Some((place, operation)) = busy::busy_in(&project.repo, target.as_ref())?.into_iter().next() {
            return Ok(why(format!("'{name}' is being {} in '{}'", operation.participle(), place.path.display())));
        }
        let paths = self.conflicts(project, &attempt, tip, work)?;
        if !paths.is_empty() {
            return Ok(Some(MergeObstacle { why: format!("it conflicts with '{name}'"), paths }));
        }
        self.edited(project, entry, &attempt, &target, tip, work)
    }

    fn conflicts(&self, project: &Project, attempt: &Attempt, tip: ObjectId, work: ObjectId) -> Result<Vec<String>> {
        if let Some(known) = self.0.borrow().get(&(tip, work)) {
            return Ok(known.clone());
        }
        let shared = SharedFile { path: &attempt.spec_path, blob: attempt.blob };
        let found = merge::conflicts(&project.repo, tip, work, (!project.silent).then_some(shared))?;
        let found: Vec<String> = found.iter().map(ToString::to_string).collect();
        self.0.borrow_mut().insert((tip, work), found.clone());
        Ok(found)
    }

    /// Files that the merge would change and that have uncommitted changes where the target is checked out.
    fn edited(
        &self,
        project: &Project,
        entry: &Entry,
        attempt: &Attempt,
        target: &FullName,
        tip: ObjectId,
        work: ObjectId,
    ) -> Result<Option<MergeObstacle>> {
        let places = worktree::checked_out_in(&project.repo, target.as_ref())?;
        let place = match places.as_slice() {
            [] => return Ok(None),
            [place] => place,
            [one, other, ..] => {
                let (one, other) = (one.path.display(), other.path.display());
                return Ok(why(format!("'{}' is checked out twice: in '{one}' and in '{other}'", target.shorten())));
            }
        };
        let text = entry.loaded.as_ref().and_then(|loaded| loaded.text.as_ref());
        let pinned = text.is_some_and(|text| text.blob() == attempt.blob);
        let since = history::merge_base(&project.repo, tip, work)?;
        let changes = history::changed_paths(&project.repo, since, work)?;
        let dirty = status::status(place)?;
        let paths: Vec<String> = changes
            .into_iter()
            .map(|change| change.path)
            // The copy of the spec that the work began with is moved out of the way.
            .filter(|path| dirty.contains(path) && !(pinned && path == attempt.spec_path.as_bytes().as_bstr()))
            .map(|path| path.to_string())
            .collect();
        let found = MergeObstacle { why: format!("files in '{}' are in the way", place.path.display()), paths };
        Ok(Some(found).filter(|found| !found.paths.is_empty()))
    }
}
