//! Which part of a work branch is the attempt's own. A branch may hold commits of its target besides: those that it began with, and those
//! that it took in since.

use std::collections::{BTreeMap, HashMap, HashSet};

use gix::ObjectId;

use super::attempt::Attempt;
use crate::{
    error::Result,
    git::{history, reference},
    project::Project,
};

/// How far back the log of a branch is read.
const MOST_LOGGED: usize = 100;

/// How many commits of a work branch are looked at.
const MOST_COMMITS: usize = 10_000;

impl Project {
    /// Where the attempt's own changes begin: its base, or, if its branch has taken in newer commits of the target since (a conflict was
    /// resolved in it), the newest of those. That may be one that a person took out of the target again.
    pub(crate) fn own_changes_since(&self, attempt: &Attempt, tip: ObjectId) -> Result<Option<ObjectId>> {
        let (Some(base), Some(name)) = (attempt.base, &attempt.target) else { return Ok(attempt.base) };
        let Some(target) = self.branch_tip(name)? else { return Ok(attempt.base) };
        match self.taken_and_dropped(attempt, base, (name, target), tip)? {
            Some(dropped) => Ok(Some(dropped)),
            None => self.own_changes_beyond(attempt, tip, history::merge_base(&self.repo, tip, target)?),
        }
    }

    /// [`Project::own_changes_since`] for several attempts, each with its tip, in their order, and without what the target had once: for many it
    /// takes less time.
    pub(crate) fn own_changes_of_each(&self, attempts: &[(&Attempt, ObjectId)]) -> Result<Vec<Option<ObjectId>>> {
        let mut since: Vec<_> = attempts.iter().map(|(attempt, _)| attempt.base).collect();
        let mut by_target: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (at, (attempt, _)) in attempts.iter().enumerate() {
            by_target.entry(attempt.target.as_deref().unwrap_or_default()).or_default().push(at);
        }
        by_target.remove("");
        for (target, places) in by_target {
            let Some(target) = self.branch_tip(target)? else { continue };
            let tips: Vec<ObjectId> = places.iter().map(|at| attempts[*at].1).collect();
            for (at, shared) in places.into_iter().zip(history::merge_bases(&self.repo, target, &tips)?) {
                since[at] = self.own_changes_beyond(attempts[at].0, attempts[at].1, shared)?;
            }
        }
        Ok(since)
    }

    /// Where the own changes of an attempt begin whose newest commit `tip` shares `shared` with the target.
    fn own_changes_beyond(
        &self,
        attempt: &Attempt,
        tip: ObjectId,
        shared: Option<ObjectId>,
    ) -> Result<Option<ObjectId>> {
        match (attempt.base, shared) {
            (Some(_), Some(shared)) if shared == tip && attempt.recorded.last() == Some(&tip) => {
                self.recorded_changes_since(attempt)
            }
            (Some(base), Some(shared)) if shared != tip && self.is_ancestor(base, shared)? => Ok(Some(shared)),
            (Some(base), Some(shared)) if self.is_moved(base, shared, tip)? => Ok(Some(shared)),
            (base, _) => Ok(base),
        }
    }

    /// Where the own changes of recorded work begin, by its commits alone: the target may hold all of them by now. It is the newest commit that
    /// they build on.
    fn recorded_changes_since(&self, attempt: &Attempt) -> Result<Option<ObjectId>> {
        let own: HashSet<&ObjectId> = attempt.recorded.iter().collect();
        let mut newest = attempt.base;
        for commit in &attempt.recorded {
            // A shallow clone may lack it.
            let Some(found) = self.repo.gix().try_find_object(*commit)? else { continue };
            for parent in found.try_into_commit()?.parent_ids().map(gix::Id::detach).filter(|id| !own.contains(id)) {
                let is_older = newest.map_or(Ok(false), |newest| self.is_ancestor(parent, newest))?;
                if !is_older && self.repo.gix().try_find_header(parent)?.is_some() {
                    newest = Some(parent);
                }
            }
        }
        Ok(newest)
    }

    /// Whether a branch that began at `base` was moved, by a rebase, onto commits that took its place in the target, which shares `shared` with
    /// it.
    pub(crate) fn is_moved(&self, base: ObjectId, shared: ObjectId, tip: ObjectId) -> Result<bool> {
        Ok(shared != tip && !self.is_ancestor(base, tip)? && !self.is_ancestor(shared, base)?)
    }

    /// The newest commit that the branch of an attempt took in of its target and that the target, now at the second of `target`, does not have
    /// any more. The logs of the target and of its upstream tell what these had; so does what was recorded as the work, which began there.
    fn taken_and_dropped(
        &self,
        attempt: &Attempt,
        base: ObjectId,
        target: (&str, ObjectId),
        tip: ObjectId,
    ) -> Result<Option<ObjectId>> {
        let known = [Some(base), Some(target.1), self.upstream_tip(target.0)?].into_iter().flatten();
        let branch: HashSet<ObjectId> =
            history::newest_between(&self.repo, known, tip, MOST_COMMITS).into_iter().collect();
        if branch.is_empty() {
            return Ok(None);
        }
        // A target that moved to a commit of the work, and back, has not made it its own.
        let own = reference::logged_at(&self.repo, attempt.branch.as_bstr(), MOST_LOGGED)?;
        let own: HashMap<ObjectId, i64> = own.into_iter().collect();
        let mut found = Vec::new();
        for name in [Some(target.0.to_owned()), self.upstream_name(target.0)?].into_iter().flatten() {
            let logged = reference::logged_at(&self.repo, name.as_str().into(), MOST_LOGGED)?.into_iter();
            found.extend(logged.filter(|(id, at)| own.get(id).is_none_or(|made| at < made)).map(|(id, _)| id));
        }
        for commit in attempt.recorded.iter().filter(|commit| branch.contains(*commit)) {
            found.extend(self.repo.gix().find_commit(*commit)?.parent_ids().map(gix::Id::detach));
        }
        found.retain(|id| *id != tip && branch.contains(id) && !attempt.recorded.contains(id));
        let mut newest = None;
        for id in found {
            if self.is_ancestor(newest.unwrap_or(base), id)? {
                newest = Some(id);
            }
        }
        Ok(newest)
    }
}
