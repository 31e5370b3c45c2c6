//! Why finished work is not merged, as far as that is known without merging it. The reason is not recorded: it may be gone a moment later. That
//! a program refused the merge is kept in the clone, for as long as it would be the same merge.

use std::{cell::RefCell, collections::HashMap, rc::Rc};

use bstr::ByteSlice;
use gix::{ObjectId, refs::FullName};

use super::{all::Specs, arrival::Arrival, attempt::Attempt, computed_merge::MergePreview, entry::Entry};
use crate::{
    agent::lease::Life,
    domain::{enumeration::enumerate, id::SpecId, state::State},
    error::Result,
    git::{
        branch,
        reference::branch_name,
        status,
        worktree::{
            Worktree,
            busy::{self, Checkout},
        },
    },
    project::Project,
};

/// An obstacle to a merge.
#[derive(Default)]
pub(crate) struct MergeObstacle {
    /// The obstacle in words.
    pub why: String,
    /// The paths of the obstacle.
    pub paths: Vec<String>,
    /// The ways out, one line each; none where it is the usual merge.
    pub hints: Vec<String>,
}

impl MergeObstacle {
    fn new(why: impl Into<String>) -> MergeObstacle {
        MergeObstacle { why: why.into(), ..MergeObstacle::default() }
    }

    /// The obstacle with its paths, in one line.
    pub(crate) fn reason(&self) -> String {
        if self.paths.is_empty() { self.why.clone() } else { format!("{}: {}", self.why, enumerate(&self.paths)) }
    }
}

fn why(why: impl Into<String>) -> Option<MergeObstacle> {
    Some(MergeObstacle::new(why))
}

/// What a person can do where a program refused a merge.
fn refused(why: String, short: &str) -> MergeObstacle {
    let hints = vec![
        format!("to see what was printed: git chant log {short} --checks"),
        format!("once that is resolved: git chant merge {short}"),
    ];
    MergeObstacle { why, paths: Vec::new(), hints }
}

impl Specs<'_> {
    /// What stands in the way of finished work and stays known until a person does something about it: it was refused, or its target is gone.
    ///
    /// # Errors
    /// If the repository cannot be read.
    pub(crate) fn lasting_obstacle(&self, id: &SpecId, state: &State) -> Result<Option<MergeObstacle>> {
        let project = self.project;
        if let Some(why) = project.refused_merge(id, state)? {
            return Ok(Some(refused(why, id.short())));
        }
        let attempt = project.attempt(id, state)?;
        let target = attempt.target.as_deref().and_then(|name| FullName::try_from(name).ok());
        target.map_or(Ok(None), |target| project.gone_target(&attempt, &target))
    }
}

impl Project {
    /// Why work cannot go into its target: that was there when the attempt began, and was deleted or renamed since. Another clone may have it
    /// from its remote only.
    ///
    /// # Errors
    /// If the repository cannot be read.
    pub(crate) fn gone_target(&self, attempt: &Attempt, target: &FullName) -> Result<Option<MergeObstacle>> {
        let full = target.as_bstr().to_string();
        let is_there = branch::read(&self.repo, target.as_ref())?.is_some();
        if is_there || !self.is_holder(&attempt.id, attempt.start)? && self.branch_start(&full)?.is_some() {
            return Ok(None);
        }
        let Ok(began) = self.store()?.event(&attempt.id, attempt.start)? else { return Ok(None) };
        let tip = began.facts.target_tip.filter(|_| began.facts.target.as_ref() == Some(&full));
        let Some(before) = tip else { return Ok(None) };
        let (name, short, id) = (target.shorten(), attempt.id.short(), before.to_hex_with_len(12));
        let mut others = branch::names(&self.repo)?;
        others.retain(|other| {
            branch_name(other).is_ok_and(|other| branch::read(&self.repo, other.as_ref()).ok() == Some(Some(before)))
        });
        let other = if let [other] = others.as_slice() { other } else { "<branch>" };
        let why = format!("the branch '{name}' that it is for was deleted or renamed");
        let hints = vec![
            format!("to merge it into another branch: git chant merge {short} --onto {other}"),
            format!("to have the branch again: git branch {name} {id}, then: git chant merge {short}"),
        ];
        Ok(Some(MergeObstacle { why, paths: Vec::new(), hints }))
    }
}

/// What merges would do that were asked about, each by the attempt, its work, the target and what was fetched of that. A merge takes a while.
#[derive(Default)]
pub(crate) struct Merges(RefCell<HashMap<MergeKey, Rc<MergePreview>>>);

type MergeKey = (ObjectId, ObjectId, Option<ObjectId>, Option<ObjectId>);

impl Merges {
    /// The obstacle to merging the finished work of `entry`; `None` if none is found. What cannot be read is one, too.
    pub(crate) fn obstacle(&self, specs: &Specs<'_>, entry: &Entry, state: &State) -> Option<MergeObstacle> {
        if let Some(contention) = state.contention() {
            return why(contention);
        }
        // For example, objects are missing: a merge says more.
        self.found(specs, entry, state).unwrap_or_else(|error| why(error.message))
    }

    fn found(&self, specs: &Specs<'_>, entry: &Entry, state: &State) -> Result<Option<MergeObstacle>> {
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
            let hints = vec![format!("to name a target: git chant merge {} --onto <branch>", entry.id.short())];
            let why = "HEAD was detached when it started, so it has no target".to_owned();
            return Ok(Some(MergeObstacle { why, paths: Vec::new(), hints }));
        };
        let Ok(target) = FullName::try_from(target.as_str()) else { return Ok(None) };
        if let Some(lasting) = specs.lasting_obstacle(&entry.id, state)? {
            return Ok(Some(lasting));
        }
        if branch::read(&project.repo, target.as_ref())?.is_none() {
            return Ok(None);
        }
        if let Arrival::TakenBack(taken) = specs.arrival(state)? {
            let name = target.shorten().to_string();
            let hints = taken.hints(entry.id.short(), &name);
            return Ok(Some(MergeObstacle { why: taken.why(&name), paths: Vec::new(), hints }));
        }
        let tree = match busy::checkout(&project.repo, target.as_ref())? {
            Checkout::Blocked(reason) => return Ok(why(reason)),
            Checkout::Nowhere => None,
            Checkout::In(tree) => Some(tree),
        };
        let merge = self.preview(project, &attempt, &target, work)?;
        if !merge.conflicts.is_empty() {
            let paths = merge.conflicts.iter().map(ToString::to_string).collect();
            let why = format!("it conflicts with '{}'", merge.name);
            let tip = branch::read(&project.repo, target.as_ref())?;
            let altered = tip.map(|tip| specs.altered_arrival(&attempt, tip)).transpose()?.flatten();
            let hints = altered.map(|altered| altered.hints(entry.id.short(), &merge.name)).unwrap_or_default();
            return Ok(Some(MergeObstacle { why, paths, hints }));
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
    let why = format!("files in '{}' are in the way", tree.path.display());
    let found = MergeObstacle { paths, ..MergeObstacle::new(why) };
    Ok(Some(found).filter(|found| !found.paths.is_empty()))
}
