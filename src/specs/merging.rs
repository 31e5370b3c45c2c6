//! Why finished work is not merged, as far as that is known without merging it. The reason is not recorded: it may be gone a moment later. That
//! commands failed on the merge is kept in the clone, for as long as it would be the same merge.

use std::{cell::RefCell, collections::HashMap, rc::Rc};

use bstr::ByteSlice;
use gix::{ObjectId, refs::FullName};

use crate::{
    agent::lease::Life,
    domain::state::State,
    error::Result,
    git::{
        branch, status,
        worktree::{
            Worktree,
            busy::{self, Checkout},
        },
    },
    project::Project,
    specs::{all::Specs, attempt::Attempt, computed_merge::MergePreview, entry::Entry},
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

/// What merges would do that were asked about, each by the attempt, its work, the target and what was fetched of that. A merge takes a while.
#[derive(Default)]
pub(crate) struct Merges(RefCell<HashMap<MergeKey, Rc<MergePreview>>>);

type MergeKey = (ObjectId, ObjectId, Option<ObjectId>, Option<ObjectId>);

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
        if branch::read(&project.repo, target.as_ref())?.is_none() {
            return Ok(None);
        }
        let tree = match busy::checkout(&project.repo, target.as_ref())? {
            Checkout::Blocked(reason) => return Ok(why(reason)),
            Checkout::Nowhere => None,
            Checkout::In(tree) => Some(tree),
        };
        if let Some(refused) = project.refused_merge(&entry.id, state)? {
            return Ok(why(refused));
        }
        let merge = self.preview(project, &attempt, &target, work)?;
        if !merge.conflicts.is_empty() {
            let paths = merge.conflicts.iter().map(ToString::to_string).collect();
            return Ok(Some(MergeObstacle { why: format!("it conflicts with '{}'", merge.name), paths }));
        }
        tree.map_or(Ok(None), |tree| edited(entry, &attempt, &tree, &merge))
    }

    fn preview(
        &self,
        project: &Project,
        attempt: &Attempt,
        target: &FullName,
        work: ObjectId,
    ) -> Result<Rc<MergePreview>> {
        let name = target.as_bstr().to_string();
        let key = (attempt.start, work, branch::read(&project.repo, target.as_ref())?, project.upstream_tip(&name)?);
        if let Some(known) = self.0.borrow().get(&key) {
            return Ok(Rc::clone(known));
        }
        let found = Rc::new(project.preview_merge(attempt, target, work)?);
        self.0.borrow_mut().insert(key, Rc::clone(&found));
        Ok(found)
    }
}

/// Files that the merge would change and that have uncommitted changes in `tree`, where the target is checked out.
fn edited(entry: &Entry, attempt: &Attempt, tree: &Worktree, merge: &MergePreview) -> Result<Option<MergeObstacle>> {
    let text = entry.loaded.as_ref().and_then(|loaded| loaded.text.as_ref());
    let pinned = text.is_some_and(|text| text.blob() == attempt.blob);
    let dirty = status::status(tree)?;
    let paths: Vec<String> = merge
        .changes
        .iter()
        // The copy of the spec that the work began with is moved out of the way.
        .filter(|path| dirty.contains(*path) && !(pinned && *path == attempt.spec_path.as_bytes().as_bstr()))
        .map(ToString::to_string)
        .collect();
    let found = MergeObstacle { why: format!("files in '{}' are in the way", tree.path.display()), paths };
    Ok(Some(found).filter(|found| !found.paths.is_empty()))
}
