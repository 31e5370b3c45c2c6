//! Which clone holds an attempt, and what it left uncommitted when it paused. Handing one over is done by `attempt::track`.

use gix::{ObjectId, bstr::ByteSlice};

use crate::{
    domain::{
        event::{Event, Op},
        history::History,
        id::SpecId,
        status::Status,
        stop::StopKind,
    },
    error::Result,
    project::Project,
};

/// The trailer of a commit that holds what was not committed of an attempt: the start event.
const SNAPSHOT: &str = "Chant-Snapshot: ";

impl Project {
    /// The event by which `attempt` is held: the newest that began or resumed it; `None` if it cannot be read. Of two clones that resumed
    /// it at once, the one whose run has not ended holds it.
    pub(crate) fn holder(&self, id: &SpecId, attempt: ObjectId) -> Result<Option<Event>> {
        let Some(history) = self.history_of(id)? else { return Ok(None) };
        let ends: Vec<_> =
            newest_first(&history, attempt).filter(|event| matches!(event.op, Op::Pause | Op::Fail)).collect();
        let goes_on = |event: &&Event| !ends.iter().any(|end| history.reaches(end.id, event.id));
        let mut begun = newest_first(&history, attempt).filter(|event| begins(event));
        Ok(begun.clone().find(goes_on).or_else(|| begun.next()).cloned())
    }

    /// Whether this clone holds `attempt`.
    pub(crate) fn is_holder(&self, id: &SpecId, attempt: ObjectId) -> Result<bool> {
        Ok(self.holder(id, attempt)?.is_some_and(|event| self.wrote(&event)))
    }

    /// The event by which another clone holds `attempt`; `None` if this clone does, or no clone is known to.
    pub(crate) fn other_holder(&self, id: &SpecId, attempt: ObjectId) -> Result<Option<Event>> {
        Ok(self.holder(id, attempt)?.filter(|event| event.facts.clone.is_some() && !self.wrote(event)))
    }

    /// Whether this clone ever began or resumed `attempt`.
    pub(crate) fn was_holder(&self, id: &SpecId, attempt: ObjectId) -> Result<bool> {
        Ok(self.newest(id, attempt, |event| begins(event) && self.wrote(event))?.is_some())
    }

    /// Whether `attempt` was paused in this clone, as far as its newest pause tells.
    pub(crate) fn paused_here(&self, id: &SpecId, attempt: ObjectId) -> Result<bool> {
        Ok(self.newest(id, attempt, |event| event.op == Op::Pause)?.is_some_and(|event| self.wrote(&event)))
    }

    /// Whether this clone merged the work of `attempt`. An event that names no clone is older than their names.
    pub(crate) fn merged_here(&self, id: &SpecId, attempt: ObjectId) -> Result<bool> {
        let merged = self.newest(id, attempt, |event| matches!(event.op, Op::Land | Op::Complete))?;
        Ok(merged.is_none_or(|event| event.facts.clone.is_none() || self.wrote(&event)))
    }

    /// The event by which this clone paused the attempt at a spec for what passes; `None` if that is not where the spec stands. A person
    /// who pauses it then has it wait for no time.
    pub(crate) fn held_up(&self, id: &SpecId) -> Result<Option<Event>> {
        let store = self.store()?;
        let Some(state) = store.state(id)?.filter(|state| state.status == Status::Paused) else { return Ok(None) };
        let walk = store.walk(id, state.tip)?;
        let decided = walk.history.deciding(Status::Paused, state.attempt);
        let passes = |event: &&Event| event.facts.stopped.as_ref().is_some_and(StopKind::passes);
        Ok(decided.filter(|event| passes(event) && self.wrote(event)).cloned())
    }

    /// Whether this clone wrote the event.
    fn wrote(&self, event: &Event) -> bool {
        event.facts.clone.as_deref() == Some(self.clone_name())
    }

    /// The newest event of `attempt` that is `wanted`.
    fn newest(&self, id: &SpecId, attempt: ObjectId, wanted: impl Fn(&Event) -> bool) -> Result<Option<Event>> {
        let Some(history) = self.history_of(id)? else { return Ok(None) };
        Ok(newest_first(&history, attempt).find(|event| wanted(event)).cloned())
    }

    /// The history of a spec; `None` if it has none.
    fn history_of(&self, id: &SpecId) -> Result<Option<History>> {
        let store = self.store()?;
        store.tip(id)?.map(|tip| Ok(store.walk(id, tip)?.history)).transpose()
    }

    /// The message of a commit that holds what was not committed of `attempt` at the spec `id`.
    pub(crate) fn snapshot_message(id: &SpecId, attempt: ObjectId) -> String {
        format!("Uncommitted changes of an attempt at {id}\n\n{SNAPSHOT}{attempt}\n")
    }

    /// The commit below one that holds what was not committed of `attempt`; `None` if `commit` is any other commit.
    pub(crate) fn below_snapshot(&self, attempt: ObjectId, commit: ObjectId) -> Result<Option<ObjectId>> {
        let Some(object) = self.repo.gix().try_find_object(commit)? else { return Ok(None) };
        let Ok(found) = object.try_into_commit() else { return Ok(None) };
        let named = format!("{SNAPSHOT}{attempt}");
        let is_snapshot = found.message_raw_sloppy().lines().any(|line| line.trim_end() == named.as_bytes());
        let parents: Vec<ObjectId> = found.parent_ids().map(gix::Id::detach).collect();
        Ok(match parents.as_slice() {
            [parent] if is_snapshot => Some(*parent),
            _ => None,
        })
    }

    /// The commit that holds what was not committed of `attempt` when its branch was at `tip`, if anything was: the newest that is kept.
    pub(crate) fn kept_snapshot(&self, id: &SpecId, attempt: ObjectId, tip: ObjectId) -> Result<Option<ObjectId>> {
        let name = attempt.to_string();
        let number =
            |kept: &str| kept.strip_prefix(&name).map(|rest| rest.trim_start_matches('-').parse().unwrap_or(0u32));
        let mut newest: Option<(u32, ObjectId)> = None;
        for (kept, commit) in self.store()?.kept_attempts(id)? {
            let Some(number) = number(&kept) else { continue };
            if newest.is_none_or(|(other, _)| other < number) && self.below_snapshot(attempt, commit)? == Some(tip) {
                newest = Some((number, commit));
            }
        }
        Ok(newest.map(|(_, commit)| commit))
    }
}

/// The events of `attempt`, the newest first.
fn newest_first(history: &History, attempt: ObjectId) -> impl Iterator<Item = &Event> + Clone {
    history.events().iter().rev().filter(move |event| event.attempt() == attempt)
}

/// Whether an event began or resumed an attempt.
fn begins(event: &Event) -> bool {
    matches!(event.op, Op::Start | Op::Resume)
}
