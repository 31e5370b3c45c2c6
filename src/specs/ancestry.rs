//! Whether one commit reaches another, for many questions about few descendants.

use std::{
    cell::RefCell,
    collections::{HashMap, HashSet},
    rc::Rc,
};

use gix::{ObjectId, revision::walk::Sorting};

use super::cache::Cache;
use crate::error::Result;
use crate::project::Project;

/// Whether commits are ancestors of others. Each descendant has one walk, which is continued as far as the questions need: a walk for each
/// question would take the square of the history.
pub(crate) struct Ancestry<'p> {
    project: &'p Project,
    cache: Option<Rc<Cache<'p>>>,
    walks: RefCell<HashMap<ObjectId, Reached<'p>>>,
}

/// The walk from a descendant.
struct Reached<'p> {
    /// The rest of the walk, newest commits first; `None` at its end, or where an object is missing.
    rest: Option<gix::revision::Walk<'p>>,
    seen: HashSet<ObjectId>,
    /// The time of the last commit that was met.
    reached: i64,
}

impl<'p> Ancestry<'p> {
    /// Nothing is read yet.
    pub(crate) fn new(project: &'p Project, cache: Option<Rc<Cache<'p>>>) -> Ancestry<'p> {
        Ancestry { project, cache, walks: RefCell::default() }
    }

    /// Whether `descendant` reaches `ancestor`, as [`Project::is_ancestor`] says.
    pub(crate) fn is_ancestor(&self, ancestor: ObjectId, descendant: ObjectId) -> Result<bool> {
        if ancestor == descendant {
            return Ok(true);
        }
        let Some(cache) = &self.cache else { return self.walked(ancestor, descendant) };
        if cache.reaches(descendant, ancestor, |below| self.project.is_ancestor(below, descendant))? {
            return Ok(true);
        }
        let found = self.walked(ancestor, descendant)?;
        if found {
            cache.note_reached(descendant, ancestor);
        }
        Ok(found)
    }

    fn walked(&self, ancestor: ObjectId, descendant: ObjectId) -> Result<bool> {
        let repo = self.project.repo.gix();
        let mut walks = self.walks.borrow_mut();
        let walk = walks.entry(descendant).or_insert_with(|| {
            let sorting = Sorting::ByCommitTime(gix::traverse::commit::simple::CommitTimeOrder::NewestFirst);
            let rest = repo.rev_walk([descendant]).sorting(sorting).all().ok();
            Reached { rest, seen: HashSet::new(), reached: i64::MAX }
        });
        if walk.seen.contains(&ancestor) {
            return Ok(true);
        }
        let time = match repo.try_find_object(ancestor)?.and_then(|object| object.try_into_commit().ok()) {
            Some(commit) => commit.time()?.seconds,
            None => return Ok(false),
        };
        if walk.met(ancestor, time) {
            return Ok(true);
        }
        // Clocks differ, so that a commit may be older than what it is built on: that it was not met says nothing yet.
        self.project.is_ancestor(ancestor, descendant)
    }
}

impl Reached<'_> {
    /// Continues the walk until it meets `wanted` or a commit older than `time`. Returns whether it met `wanted`.
    fn met(&mut self, wanted: ObjectId, time: i64) -> bool {
        while self.reached >= time {
            let Some(Ok(info)) = self.rest.as_mut().and_then(Iterator::next) else {
                self.rest = None;
                return false;
            };
            self.reached = info.commit_time.unwrap_or(self.reached);
            self.seen.insert(info.id);
            if info.id == wanted {
                return true;
            }
        }
        false
    }
}
