//! Why finished work is not merged, as far as that is known without a merge. The reason is not recorded: it may be gone a moment later. That
//! commands failed on the merge is kept in the clone, for as long as it would be the same merge.

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
        worktree::{
            Worktree,
            busy::{self, Checkout},
        },
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
            return Ok(why(format!("process {} is merging it", info.pid)));
        }
        if let Some(look) = state.look() {
            return Ok(why(format!("{}; not acknowledged yet", look.trim_end_matches(": "))));
        }
        if let Some(obstacle) = specs.review(&entry.facts())?.and_then(|review| review.obstacle()) {
            return Ok(why(obstacle));
        }
        if attempt.has_moved(project, state)? {
            return Ok(why(format!("its branch '{}' moved after the checks", attempt.branch.shorten())));
        }
        let Some(work) = state.facts.work_commits.last().copied() else { return Ok(None) };
        let Some(target) = &attempt.target else {
            return Ok(why("HEAD was detached when it started, so it has no target"));
        };
        let Ok(target) = FullName::try_from(target.as_str()) else { return Ok(None) };
        let Some(tip) = branch::read(&project.repo, target.as_ref())? else { return Ok(None) };
        let name = target.shorten();
        let place = match busy::checkout(&project.repo, target.as_ref())? {
            Checkout::Blocked(reason) => return Ok(why(reason)),
            Checkout::Nowhere => None,
            Checkout::In(place) => Some(place),
        };
        if let Some(refused) = project.refused_merge(&entry.id, state)? {
            return Ok(why(refused));
        }
        let paths = self.conflicts(project, &attempt, tip, work)?;
        if !paths.is_empty() {
            return Ok(Some(MergeObstacle { why: format!("it conflicts with '{name}'"), paths }));
        }
        place.map_or(Ok(None), |place| edited(project, entry, &attempt, &place, tip, work))
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
}

/// Files that the merge would change and that have uncommitted changes in `place`, where the target is checked out.
fn edited(
    project: &Project,
    entry: &Entry,
    attempt: &Attempt,
    place: &Worktree,
    tip: ObjectId,
    work: ObjectId,
) -> Result<Option<MergeObstacle>> {
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
