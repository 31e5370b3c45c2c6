//! Whether one commit reaches another, for many questions about few descendants, and whether it makes the same changes. What was found is
//! kept in a file from one command to the next: neither ever changes. The file may be deleted at any time.

use std::{
    cell::{Cell, OnceCell, RefCell},
    collections::{HashMap, HashSet},
};

use gix::{ObjectId, revision::walk::Sorting};
use serde::{Deserialize, Serialize};

use super::{arrival::Search, cache};
use crate::{domain::oid, error::Result, git::arrival::Found, project::Project};

/// The file, in the directory of the clone.
const FILE: &str = "reached";

/// What it begins with, another one for another format.
const MAGIC: &[u8; 8] = b"CHANTRC4";

/// A larger file is not read, in bytes: a hundred thousand commits take some two million.
const MAX_LEN: u64 = 1 << 28;

/// The file keeps for at most so many commits which others they reach.
const MAX_WALKS: usize = 8;

/// It keeps at most so many comparisons of changes.
const MAX_COMPARED: usize = 64;

/// It keeps where so much work was found.
const MAX_FOUND: usize = 1024;

/// Whether commits are ancestors of others. Each descendant has one walk, which is continued as far as the questions need: a walk for each
/// question would take the square of the history.
pub(crate) struct Ancestry<'p> {
    project: &'p Project,
    /// What an earlier command found, and this one; `None` where nothing is kept.
    known: OnceCell<Option<RefCell<Kept>>>,
    /// Whether anything was found that the file does not have.
    is_outdated: Cell<bool>,
    walks: RefCell<HashMap<ObjectId, Reached<'p>>>,
}

/// What is kept.
struct Kept {
    reached: Vec<Known>,
    /// The newest first.
    compared: Vec<Compared>,
    /// The newest first.
    found: Vec<FoundWork>,
}

/// A commit with some that it reaches.
struct Known {
    from: ObjectId,
    to: HashSet<ObjectId>,
}

/// What the file holds.
#[derive(Serialize, Deserialize)]
struct Rows(Vec<Row>, Vec<Compared>, Vec<FoundWork>);

#[derive(Serialize, Deserialize)]
struct Row {
    #[serde(with = "oid")]
    from: ObjectId,
    #[serde(with = "oid")]
    to: Vec<ObjectId>,
}

/// Whether the branch whose tip was `base` made the changes of a merge in other commits.
#[derive(Clone, Serialize, Deserialize)]
struct Compared {
    #[serde(with = "oid")]
    merge: ObjectId,
    #[serde(with = "oid")]
    base: ObjectId,
    same: bool,
}

/// How the changes between two commits stand to a branch whose tip was `tip`.
#[derive(Clone, Serialize, Deserialize)]
struct FoundWork {
    #[serde(with = "oid")]
    tip: ObjectId,
    #[serde(with = "oid")]
    since: Option<ObjectId>,
    #[serde(with = "oid")]
    work: ObjectId,
    found: Found,
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
    pub(crate) fn new(project: &'p Project) -> Ancestry<'p> {
        Ancestry { project, known: OnceCell::new(), is_outdated: Cell::new(false), walks: RefCell::default() }
    }

    /// Whether `descendant` reaches `ancestor`, as [`Project::is_ancestor`] says.
    pub(crate) fn is_ancestor(&self, ancestor: ObjectId, descendant: ObjectId) -> Result<bool> {
        if ancestor == descendant {
            return Ok(true);
        }
        let Some(known) = self.known.get_or_init(|| read(self.project).map(RefCell::new)) else {
            return self.walked(ancestor, descendant);
        };
        let position = || known.borrow().reached.iter().position(|known| known.from == descendant);
        let at = match position() {
            Some(at) => at,
            None => {
                let so_far = std::mem::take(&mut known.borrow_mut().reached);
                let gathered = self.gathered(so_far, descendant)?;
                known.borrow_mut().reached = gathered;
                self.is_outdated.set(true);
                0
            }
        };
        if known.borrow().reached[at].to.contains(&ancestor) {
            return Ok(true);
        }
        let found = self.walked(ancestor, descendant)?;
        if found {
            known.borrow_mut().reached[at].to.insert(ancestor);
            self.is_outdated.set(true);
        }
        Ok(found)
    }

    /// What is known, with `descendant` first: what a commit below it reaches it reaches too.
    fn gathered(&self, known: Vec<Known>, descendant: ObjectId) -> Result<Vec<Known>> {
        let mut first = Known { from: descendant, to: HashSet::new() };
        let mut others = Vec::new();
        for one in known {
            if self.project.is_ancestor(one.from, descendant)? {
                first.to.insert(one.from);
                first.to.extend(one.to);
            } else {
                others.push(one);
            }
        }
        others.insert(0, first);
        Ok(others)
    }

    /// Whether a branch whose tip is `base` makes the changes of `merge` in other commits, as `compare` finds out; `None` if it cannot.
    pub(super) fn same_changes(
        &self,
        merge: ObjectId,
        base: ObjectId,
        compare: impl FnOnce() -> Result<Option<bool>>,
    ) -> Result<Option<bool>> {
        let Some(known) = self.known.get_or_init(|| read(self.project).map(RefCell::new)) else { return compare() };
        let kept =
            known.borrow().compared.iter().find(|one| (one.merge, one.base) == (merge, base)).map(|one| one.same);
        if kept.is_some() {
            return Ok(kept);
        }
        let same = compare()?;
        if let Some(same) = same {
            known.borrow_mut().compared.insert(0, Compared { merge, base, same });
            self.is_outdated.set(true);
        }
        Ok(same)
    }

    /// How the changes between two commits stand to `tip`, as `search` finds out; `None` if it cannot.
    fn found(
        &self,
        (tip, since, work): (ObjectId, Option<ObjectId>, ObjectId),
        search: impl FnOnce() -> Result<Option<Found>>,
    ) -> Result<Option<Found>> {
        let Some(known) = self.known.get_or_init(|| read(self.project).map(RefCell::new)) else { return search() };
        let is_same = |one: &&FoundWork| (one.tip, one.since, one.work) == (tip, since, work);
        let kept = known.borrow().found.iter().find(is_same).map(|one| one.found);
        if kept.is_some() {
            return Ok(kept);
        }
        let found = search()?;
        if let Some(found) = found {
            known.borrow_mut().found.insert(0, FoundWork { tip, since, work, found });
            self.is_outdated.set(true);
        }
        Ok(found)
    }

    /// Writes what was found. Where it cannot be written, the next command only takes longer.
    pub(crate) fn write(&self) {
        if let Some(Some(known)) = self.known.get()
            && self.is_outdated.replace(false)
        {
            let row = |known: &Known| Row { from: known.from, to: known.to.iter().copied().collect() };
            let known = known.borrow();
            let compared = known.compared.iter().take(MAX_COMPARED).cloned().collect();
            let found = known.found.iter().take(MAX_FOUND).cloned().collect();
            let rows = Rows(known.reached.iter().take(MAX_WALKS).map(row).collect(), compared, found);
            let _is_slower_next_time = cache::write_file(&self.project.repo.chant_dir(), FILE, MAGIC, &rows, &[]);
        }
    }

    fn walked(&self, ancestor: ObjectId, descendant: ObjectId) -> Result<bool> {
        // Clocks differ, so that a commit may be older than what it is built on: that it was not met says nothing yet.
        Ok(self.is_met(ancestor, descendant)? || self.project.is_ancestor(ancestor, descendant)?)
    }

    /// Whether the walk from `descendant` meets `ancestor` before it comes to older commits. A no is no answer.
    pub(super) fn is_met(&self, ancestor: ObjectId, descendant: ObjectId) -> Result<bool> {
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
        Ok(walk.met(ancestor, time))
    }
}

impl Search for Ancestry<'_> {
    fn reaches(&self, ancestor: ObjectId, descendant: ObjectId) -> Result<bool> {
        self.is_ancestor(ancestor, descendant)
    }

    fn find(&self, tip: ObjectId, since: Option<ObjectId>, work: ObjectId) -> Result<Option<Found>> {
        self.found((tip, since, work), || self.project.find_work(tip, since, work))
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

/// What earlier commands found; `None` where nothing is to be kept: it is not wanted, there are objects that stand for others, or a commit
/// may reach another one tomorrow, at the edge of a shallow clone.
fn read(project: &Project) -> Option<Kept> {
    let repo = project.repo.gix();
    let shallow = repo.is_shallow().unwrap_or(true) || project.repo.common_dir().join("info/grafts").exists();
    if shallow || project.without_cache() || repo.objects.store_ref().replacements().next().is_some() {
        return None;
    }
    let file = cache::read_file::<Rows>(&project.repo.chant_dir(), FILE, MAGIC, MAX_LEN);
    let Rows(reached, compared, found) =
        file.map_or_else(|| Rows(Vec::new(), Vec::new(), Vec::new()), |(_, rows, _)| rows);
    let known = |row: Row| Known { from: row.from, to: row.to.into_iter().collect() };
    Some(Kept { reached: reached.into_iter().map(known).collect(), compared, found })
}
