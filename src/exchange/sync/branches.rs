//! Work branches that are exchanged, so that another clone can merge or resume their work.
//!
//! A branch goes to a branch of that name at the remote while its spec is finished or paused, and never by force. What a paused
//! attempt left uncommitted goes with it, as a commit on top that the clone which takes it over takes apart again. Once the spec is
//! closed, another attempt decides it, or the attempt went on from such a commit, the branch at the remote is deleted if it still is
//! what it was at the last fetch. Its commits are kept here first, unless they are in the target.

use std::collections::BTreeMap;

use gix::ObjectId;

use super::Exchange;
use crate::{
    answer::ExchangeResult,
    domain::{id::SpecId, state::State, status::Status},
    error::Result,
    git::{
        self, branch,
        remote::{PushStatus, Update},
    },
    store::{Store, tracking},
};

/// A branch by its full name, its spec, and its tip.
type Branch = (String, SpecId, ObjectId);

/// The pushes and deletions that the branches of a remote need.
#[derive(Default)]
struct Plan {
    /// The branches that the remote had at the last fetch, without those in `needless`.
    theirs: BTreeMap<SpecId, ObjectId>,
    /// The branches at the remote that no clone needs any more.
    needless: Vec<Branch>,
    /// The branches that the remote lacks.
    due: Vec<Branch>,
}

impl Exchange<'_> {
    /// The prefix of the names of work branches, at the remote and where they are tracked; `None` if they are not exchanged.
    pub(super) fn branch_mapping(&self) -> Result<Option<(String, String)>> {
        if !self.project.config().push_branches()? {
            return Ok(None);
        }
        let prefix = self.project.config().branch_prefix()?;
        Ok(Some((format!("refs/heads/{prefix}"), tracking::tracked_branches(&self.remote.name))))
    }

    /// Whether [`Exchange::push_branches`] has nothing to do.
    pub(super) fn branches_are_settled(&self) -> Result<bool> {
        let plan = self.plan_branches()?;
        Ok(plan.needless.is_empty() && plan.due.is_empty())
    }

    fn plan_branches(&self) -> Result<Plan> {
        if !self.project.config().push_branches()? {
            return Ok(Plan::default());
        }
        let mut theirs = self.store.branches(&self.remote.name)?;
        let mut needless = Vec::new();
        for (id, tip) in &theirs {
            if self.is_needless(id, *tip)? && !self.is_of_another(id)? {
                needless.push((self.project.branch_ref(id)?.as_bstr().to_string(), id.clone(), *tip));
            }
        }
        theirs.retain(|id, _| !needless.iter().any(|(_, other, _)| other == id));
        let due = self.due_branches(&theirs)?;
        Ok(Plan { theirs, needless, due })
    }

    /// Reports what [`Exchange::push_branches`] would do.
    pub(super) fn preview_branches(&mut self) -> Result<()> {
        let plan = self.plan_branches()?;
        for (name, _, tip) in &plan.needless {
            self.report_deleted(name, *tip);
        }
        for (name, id, tip) in &plan.due {
            self.report.add(ExchangeResult::Pushed, name, plan.theirs.get(id).copied(), Some(*tip));
        }
        Ok(())
    }

    fn report_deleted(&mut self, name: &str, tip: ObjectId) {
        self.report.add(ExchangeResult::Pushed, name, Some(tip), None);
        self.report.say(ExchangeResult::Pushed, name, "no longer needed");
    }

    /// Pushes the branches that other clones may need, and deletes those that none needs any more.
    pub(super) fn push_branches(&mut self) -> Result<()> {
        let Plan { theirs, needless, due } = self.plan_branches()?;
        for (_, id, tip) in &needless {
            self.keep_commits(id, *tip)?;
        }
        let (repo, remote) = (&self.project.repo, &self.remote.name);
        let updates = |branches: &[Branch]| -> Vec<Update> {
            branches.iter().map(|(name, _, tip)| Update { id: *tip, name: name.clone() }).collect()
        };
        for (name, fate) in git::remote::delete(repo, remote, &updates(&needless))? {
            let deleted = needless.iter().find(|(full, ..)| *full == name);
            if let Some((_, id, tip)) = deleted.filter(|_| fate == PushStatus::Done) {
                self.store.untrack(&format!("{}{id}", tracking::tracked_branches(remote)), *tip)?;
                self.report_deleted(&name, *tip);
            }
        }
        for (name, fate) in git::remote::push(repo, remote, &updates(&due))? {
            let Some((_, id, tip)) = due.iter().find(|(full, ..)| *full == name) else { continue };
            match fate {
                PushStatus::Done => {
                    // The branch of an earlier attempt was deleted above.
                    let known = theirs.get(id).copied();
                    self.store.track(&format!("{}{id}", tracking::tracked_branches(remote)), known, *tip)?;
                    self.report.add(ExchangeResult::Pushed, &name, known, Some(*tip));
                    if needless.iter().any(|(other, ..)| *other == name) {
                        self.report.say(ExchangeResult::Pushed, &name, "replacing an earlier attempt");
                    }
                }
                PushStatus::Behind => {
                    self.report.say(ExchangeResult::Refused, &name, "the remote's branch has other commits")
                }
                PushStatus::Refused(why) => self.report.say(ExchangeResult::Refused, &name, why),
            }
        }
        Ok(())
    }

    /// The branches of this clone that another may need and that the remote does not have.
    fn due_branches(&self, theirs: &BTreeMap<SpecId, ObjectId>) -> Result<Vec<Branch>> {
        let project = self.project;
        let mut due = Vec::new();
        let prefix = format!("refs/heads/{}", project.config().branch_prefix()?);
        for reference in project.repo.gix().references()?.prefixed(prefix.as_str())?.flatten() {
            let name = reference.name().as_bstr().to_string();
            let Some(id) = name.strip_prefix(&prefix).and_then(|id| SpecId::new(id).ok()) else { continue };
            let tip = reference.target().try_id().map(ToOwned::to_owned);
            let (Some(tip), Ok(Some(state))) = (tip, self.store.state(&id)) else { continue };
            let tip = self.with_uncommitted(&id, &state, tip)?;
            let newer = match theirs.get(&id) {
                // Work on it went on in another clone.
                Some(known) => !project.is_ancestor(tip, *known)?,
                None => true,
            };
            if newer && self.decides(&state, tip)? && !self.is_of_another(&id)? {
                due.push((name, id, tip));
            }
        }
        Ok(due)
    }

    /// What another clone needs of the work branch at `tip`: of an attempt that was paused here, what was not committed, too.
    fn with_uncommitted(&self, id: &SpecId, state: &State, tip: ObjectId) -> Result<ObjectId> {
        let Some(attempt) = state.attempt.filter(|_| state.status == Status::Paused) else { return Ok(tip) };
        if !self.project.paused_here(id, attempt)? {
            return Ok(tip);
        }
        Ok(self.project.kept_snapshot(id, attempt, tip)?.unwrap_or(tip))
    }

    /// Whether the remote has a history of `id` that is not part of the one here: of another spec with this id, or one that was not taken. The
    /// branch there goes with that history.
    fn is_of_another(&self, id: &SpecId) -> Result<bool> {
        if self.report.is_unfit(&Store::ref_name(id)) {
            return Ok(true);
        }
        let Some(theirs) = self.store.tracked_tip(&self.remote.name, id)? else { return Ok(false) };
        let Some(ours) = self.store.tip(id)? else { return Ok(false) };
        Ok(ours != theirs && !self.store.covers(id, ours, theirs)?)
    }

    /// Whether `tip` is the result of the attempt that decides the spec.
    fn decides(&self, state: &State, tip: ObjectId) -> Result<bool> {
        match (state.status, state.facts.base) {
            _ if state.is_contended() => Ok(false),
            (Status::Finished, _) => Ok(state.facts.work_commits.last() == Some(&tip)),
            (Status::Paused, Some(base)) => Ok(base != tip && self.project.is_ancestor(base, tip)?),
            _ => Ok(false),
        }
    }

    /// Whether no clone needs the branch that a remote has: its spec is closed, or an attempt of this clone decides it now.
    fn is_needless(&self, id: &SpecId, tip: ObjectId) -> Result<bool> {
        let Ok(Some(state)) = self.store.state(id) else { return Ok(false) };
        // Until a person has chosen, the branch may be all that there is of the other attempt.
        let Some(attempt) = state.attempt.filter(|_| !state.is_contended()) else { return Ok(false) };
        Ok(state.status.is_over() || self.went_on(id, &state, attempt, tip)? || self.is_replaced(id, &state, tip)?)
    }

    /// Whether `tip` holds what was not committed of the attempt when it was paused, and this clone has gone on from there: it finished the
    /// attempt, or paused it again.
    fn went_on(&self, id: &SpecId, state: &State, attempt: ObjectId, tip: ObjectId) -> Result<bool> {
        let project = self.project;
        let Some(below) = project.below_snapshot(attempt, tip)? else { return Ok(false) };
        let Some(ours) = branch::read(&project.repo, project.branch_ref(id)?.as_ref())? else { return Ok(false) };
        let ours = self.with_uncommitted(id, state, ours)?;
        let is_ours = match state.status {
            Status::Finished => project.is_holder(id, attempt)?,
            Status::Paused => project.paused_here(id, attempt)?,
            _ => false,
        };
        Ok(is_ours && ours != tip && project.is_ancestor(below, ours)? && self.decides(state, ours)?)
    }

    /// Keeps the commits of a branch that is about to be deleted, unless they are in its target.
    fn keep_commits(&self, id: &SpecId, tip: ObjectId) -> Result<()> {
        let Some(state) = self.store.state(id)? else { return Ok(()) };
        let Some(attempt) = state.attempt else { return Ok(()) };
        let target = state.facts.target.as_deref().map(|target| self.project.branch_tip(target)).transpose()?.flatten();
        if !target.map_or(Ok(false), |target| self.project.is_ancestor(tip, target))? {
            self.store.keep_attempt(id, attempt, tip)?;
        }
        Ok(())
    }

    /// Whether the branch at the remote is an earlier attempt's, and this clone has the one of the attempt that counts.
    fn is_replaced(&self, id: &SpecId, state: &State, tip: ObjectId) -> Result<bool> {
        let project = self.project;
        let Some(ours) = branch::read(&project.repo, project.branch_ref(id)?.as_ref())? else { return Ok(false) };
        let Some(attempt) = state.attempt.filter(|_| matches!(state.status, Status::Finished | Status::Paused)) else {
            return Ok(false);
        };
        let is_own = project.is_holder(id, attempt)?;
        let related = project.is_ancestor(tip, ours)? || project.is_ancestor(ours, tip)?;
        Ok(is_own && !related && self.decides(state, ours)?)
    }
}
