//! Finished work that is in its target already, however it came there.

use gix::ObjectId;

use super::attempt::Attempt;
use crate::{
    domain::{event::Landing, state::State, status::Status},
    error::Result,
    git::arrival::{self, Found},
    project::{Project, SPECS_DIR},
};

/// How finished work stands to its target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arrival {
    /// It is not found there.
    No,
    /// The target reaches the commit that was announced, or the work itself.
    Reached,
    /// Another commit brought it there: squashed, rebased or picked.
    As(Landing),
    /// Another commit brought it there, and a person took it back.
    TakenBack(TakenBack),
}

impl Arrival {
    /// Whether the target has the work.
    pub(crate) fn is_there(self) -> bool {
        matches!(self, Arrival::Reached | Arrival::As(_))
    }
}

/// Work that a branch had and a person took back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TakenBack {
    /// The commit that brought it.
    pub landed: ObjectId,
    /// The commit that reverted that.
    pub by: ObjectId,
}

impl TakenBack {
    /// That in words, of the branch `name`.
    pub(crate) fn why(self, name: &str) -> String {
        let (landed, by) = (self.landed.to_hex_with_len(10), self.by.to_hex_with_len(10));
        format!("'{name}' had this work as {landed}, and {by} reverted it")
    }

    /// What a person can do about it: it comes again only where they ask for it.
    pub(crate) fn hints(self, short: &str, name: &str) -> Vec<String> {
        let onto = shell_words::quote(name);
        vec![
            format!("to merge it all the same: git chant merge {short} --onto {onto}"),
            format!("to start over: git chant reset {short}"),
        ]
    }
}

/// Whether a commit reaches another, and where the changes between two commits are.
pub(super) trait Search {
    /// Whether the second reaches the first.
    fn reaches(&self, ancestor: ObjectId, descendant: ObjectId) -> Result<bool>;

    /// How the changes between two commits stand to `tip`, as [`Project::find_work`] says.
    fn find(&self, tip: ObjectId, since: Option<ObjectId>, work: ObjectId) -> Result<Option<Found>>;
}

impl Search for Project {
    fn reaches(&self, ancestor: ObjectId, descendant: ObjectId) -> Result<bool> {
        self.is_ancestor(ancestor, descendant)
    }

    fn find(&self, tip: ObjectId, since: Option<ObjectId>, work: ObjectId) -> Result<Option<Found>> {
        self.find_work(tip, since, work)
    }
}

impl Project {
    /// Whether and how a finished spec's work is in its target. Trailers and messages are hints, never proof.
    pub(crate) fn arrival(&self, state: &State) -> Result<Arrival> {
        self.arrival_by(state, self)
    }

    /// [`Project::arrival`] by another search.
    pub(super) fn arrival_by(&self, state: &State, search: &impl Search) -> Result<Arrival> {
        if state.status != Status::Finished || !state.unacknowledged().is_empty() {
            return Ok(Arrival::No);
        }
        let Some(target) = &state.facts.target else { return Ok(Arrival::No) };
        let Some(tip) = self.branch_tip(target)? else { return Ok(Arrival::No) };
        if let Some(landing) = state.facts.landing
            && search.reaches(landing.new, tip)?
        {
            return Ok(Arrival::Reached);
        }
        let Some(work) = state.facts.work_commits.last() else { return Ok(Arrival::No) };
        let arrival = match state.facts.base {
            _ if search.reaches(*work, tip)? => Arrival::Reached,
            Some(base) => self.arrival_as(search.find(tip, Some(base), *work)?)?,
            None => Arrival::No,
        };
        // In silent mode there is more to a completion than commits: only the announced merge says that the documents are in place.
        Ok(if self.silent && arrival.is_there() { Arrival::No } else { arrival })
    }

    /// How the work of an attempt, which ends with `work`, came below `tip` in another form.
    ///
    /// # Errors
    /// If git fails.
    pub(crate) fn landed_otherwise(&self, attempt: &Attempt, tip: ObjectId, work: ObjectId) -> Result<Arrival> {
        match attempt.base {
            Some(base) => self.arrival_as(self.find_work(tip, Some(base), work)?),
            None => Ok(Arrival::No),
        }
    }

    fn arrival_as(&self, found: Option<Found>) -> Result<Arrival> {
        Ok(match found {
            None | Some(Found::Nowhere) => Arrival::No,
            Some(Found::TakenBack { landed, by }) => Arrival::TakenBack(TakenBack { landed, by }),
            Some(Found::In(new)) => {
                let old = self.repo.gix().find_commit(new)?.parent_ids().next().map(gix::Id::detach);
                Arrival::As(Landing { old, new })
            }
        })
    }

    /// How the changes between two commits stand to what `tip` reaches; the files of specs don't count. `None` if an object is missing. This
    /// is the one search for work that came another way than by its own commits.
    ///
    /// # Errors
    /// If git fails.
    pub(super) fn find_work(&self, tip: ObjectId, since: Option<ObjectId>, work: ObjectId) -> Result<Option<Found>> {
        arrival::find(&self.repo, tip, (since, work), SPECS_DIR)
    }
}
