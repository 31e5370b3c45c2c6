//! Whether a branch still has what was merged into it. A person may have reset, amended or rebased it since.

use std::{
    cmp::Reverse,
    collections::{HashMap, HashSet},
    fmt,
    rc::Rc,
};

use gix::ObjectId;

use super::{
    all::Specs,
    attempt::Attempt,
    facts::{MergeFacts, StateFacts},
};
use crate::{
    domain::{altered_work::Portion, event::Landing, id::SpecId, state::State},
    error::Result,
    git::{arrival::Found, history, reference},
    project::target::short_name,
};

/// Of how many completed specs, those that changed last, a listing looks whether their branch still has their merge. `fsck` looks at all.
const MOST_COMPLETED: usize = 20;

/// How far back the log of a branch is read for a merge that another clone made.
const MOST_LOGGED: usize = 100;

/// How many commits that a branch lost are looked at.
const MOST_LOST: usize = 10_000;

/// The merge of a completed spec that its branch does not have any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DroppedMerge {
    /// The branch, as a person types it.
    pub branch: String,
    /// The merge.
    pub commit: ObjectId,
}

impl fmt::Display for DroppedMerge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "its merge {} is not in '{}' any more", self.commit.to_hex_with_len(12), self.branch)
    }
}

/// A commit of a branch that seems to have work, altered on its way: a forge squashed it and resolved a conflict. Only a person can say that
/// it is so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Altered(ObjectId);

impl Altered {
    /// That in words, of the branch `name`, and what to do if it is so.
    pub(crate) fn hints(self, short: &str, name: &str) -> Vec<String> {
        let by = self.0.to_hex_with_len(10);
        vec![
            format!("'{name}' seems to have this work, altered, as {by}: git show {by}"),
            format!("if it has: git chant reset {short}, then: git chant finish {short} --commit {by}"),
        ]
    }
}

impl Specs<'_> {
    /// The merge of a completed spec, where its branch is there and does not have that work any more.
    pub(crate) fn dropped(&self, id: &SpecId, state: &StateFacts<'_>) -> Result<Option<DroppedMerge>> {
        let Some(MergeFacts { target, landing }) = &state.merge else { return Ok(None) };
        let dropped = || DroppedMerge { branch: short_name(target).to_owned(), commit: landing.new };
        Ok(self.is_dropped(id, state)?.then(dropped))
    }

    /// Whether the work of a completed spec is in the base; `None` where there is nothing to find.
    pub(crate) fn work_in_base(
        &self,
        id: &SpecId,
        state: Option<&State>,
        base: Option<ObjectId>,
    ) -> Result<Option<bool>> {
        let (Some(state), Some(base)) = (state, base) else { return Ok(None) };
        let landing = state.landing();
        landing.map(|landing| self.landed_in(id, landing, &state.facts.work_commits, base)).transpose()
    }

    /// Whether the target of a completed spec is there and does not have its work any more: a person reset or rebased the branch.
    pub(crate) fn is_dropped(&self, id: &SpecId, state: &StateFacts<'_>) -> Result<bool> {
        let Some(MergeFacts { target, landing }) = state.merge else { return Ok(false) };
        let Some(tip) = self.project.branch_tip(target)? else { return Ok(false) };
        // What another clone merged may not have come here yet.
        if self.project.repo.gix().try_find_header(landing.new)?.is_none() {
            return Ok(false);
        }
        // The cache keeps the walks of few commits. On branches beside HEAD a merge is mostly among the newest commits.
        if Some(tip) != self.head && self.ancestry.is_met(landing.new, tip)? {
            return Ok(false);
        }
        if self.landed_in(id, landing, &state.work.commits, tip)? {
            return Ok(false);
        }
        // What another clone merged is in the branch here once a person has pulled.
        match self.project.upstream_tip(target)? {
            Some(upstream) if self.landed_in(id, landing, &state.work.commits, upstream)? => Ok(false),
            _ => self.was_here(id, state, target, landing),
        }
    }

    /// Whether the branch here had a merge once: this clone made it, or the branch, or its upstream, has lost it since, by their logs. The
    /// work branch of what another clone merged can come long before that clone pushes the target. What has no attempt was here.
    fn was_here(&self, id: &SpecId, state: &StateFacts<'_>, target: &str, landing: Landing) -> Result<bool> {
        let Some(attempt) = state.work.attempt else { return Ok(true) };
        Ok(self.project.merged_here(id, attempt)? || self.lost_by(target)?.contains(&landing.new))
    }

    /// The commits that a branch or its upstream had, by their logs, and neither has now.
    fn lost_by(&self, target: &str) -> Result<Rc<HashSet<ObjectId>>> {
        if let Some(known) = self.lost.borrow().get(target) {
            return Ok(Rc::clone(known));
        }
        let repo = &self.project.repo;
        let mut logged = Vec::new();
        for name in [Some(target.to_owned()), self.project.upstream_name(target)?].into_iter().flatten() {
            logged.extend(reference::logged(repo, &name, MOST_LOGGED)?);
        }
        let now: Vec<ObjectId> =
            [self.project.branch_tip(target)?, self.project.upstream_tip(target)?].into_iter().flatten().collect();
        let lost = Rc::new(history::reached_by_none_of(repo, &logged, &now, MOST_LOST)?);
        self.lost.borrow_mut().insert(target.to_owned(), Rc::clone(&lost));
        Ok(lost)
    }

    /// For those of the `merged` specs that changed last, each with the time of its newest event, whether their target does not have their
    /// work any more.
    pub(crate) fn dropped_among(&self, mut merged: Vec<(i64, SpecId)>) -> Result<HashMap<SpecId, bool>> {
        merged.sort_unstable_by_key(|(updated, _)| Reverse(*updated));
        merged.truncate(MOST_COMPLETED);
        let look = |(_, id): (i64, SpecId)| {
            let dropped = match self.cached_facts(&id)? {
                Some((state, _)) => self.is_dropped(&id, &state)?,
                None => match self.recorded(&id)?.state {
                    Some(state) => self.is_dropped(&id, &StateFacts::of(&state))?,
                    None => false,
                },
            };
            Ok((id, dropped))
        };
        merged.into_iter().map(look).collect()
    }

    /// Whether `base` has what was merged: the merge, the commits that it brought, or, where people have rewritten them since (an
    /// amend, a rebase, a squash, altered or not), the same changes or most of them.
    fn landed_in(&self, id: &SpecId, landing: Landing, work: &[ObjectId], base: ObjectId) -> Result<bool> {
        if self.ancestry.is_ancestor(landing.new, base)? {
            return Ok(true);
        }
        if let Some(known) = self.rewritten.borrow().get(&(landing.new, base)) {
            return Ok(*known);
        }
        if let Some(last) = work.last()
            && self.ancestry.is_ancestor(*last, base)?
        {
            return Ok(true);
        }
        let taken = || self.taken_by(id, landing.old, base, Portion::is_most);
        let rewritten = || match self.project.find_work(base, landing.old, landing.new)? {
            // That a person took it back is a decision on top of it, and no loss.
            Some(Found::In(_) | Found::TakenBack { .. }) => Ok(Some(true)),
            Some(Found::Nowhere) => taken().map(|taken| Some(taken.is_some())),
            None => Ok(taken()?.map(|_| true)),
        };
        let found = self.ancestry.same_changes(landing.new, base, rewritten)?.unwrap_or_default();
        self.rewritten.borrow_mut().insert((landing.new, base), found);
        Ok(found)
    }

    /// The commit that brought the work of `attempt` below `tip` with other lines in the place of some of its own.
    ///
    /// # Errors
    /// If git fails.
    pub(crate) fn altered_arrival(&self, attempt: &Attempt, tip: ObjectId) -> Result<Option<Altered>> {
        let Some(base) = attempt.base.filter(|base| *base != tip) else { return Ok(None) };
        Ok(self.taken_by(&attempt.id, Some(base), tip, |_| true)?.map(Altered))
    }
}
