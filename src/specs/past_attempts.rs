//! The earlier attempts at a spec, and what a stopped attempt has done so far.

use gix::ObjectId;

use super::{all::Specs, attempt::Attempt, text::path_of, view::rfc3339};
use crate::project::Project;
use crate::{
    agent::transcript,
    answer::{AttemptProgress, CommitView},
    domain::{
        event::{Event, Op, Pin},
        history::History,
        id::SpecId,
        pattern,
        spec_file::{Spec, criteria_of},
        spec_type::SpecType,
        state::State,
        status::Status,
    },
    error::Result,
    git::{branch, history, status, worktree::Worktree},
};

/// How many lines of what the agent said last are shown.
const SAID: usize = 20;

impl Project {
    /// What `attempt` has done so far in the worktree `tree`.
    pub(crate) fn so_far(&self, attempt: &Attempt, tree: &Worktree) -> Result<AttemptProgress> {
        let mut so_far = AttemptProgress::default();
        if let Some(tip) = branch::read(&self.repo, attempt.branch.as_ref())?
            && let Some(since) = self.own_changes_since(attempt, tip)?
        {
            for commit in history::commits_between(&self.repo, Some(since), tip)? {
                let subject = self.repo.gix().find_commit(commit)?.message()?.title.to_string();
                so_far.commits.push(CommitView { id: commit.to_string(), subject: subject.trim_end().to_owned() });
            }
            let changes = history::changed_paths(&self.repo, Some(since), tip)?;
            so_far.changed = changes.into_iter().map(|change| change.path.to_string()).collect();
        }
        so_far.uncommitted = status::dirty(tree)?.into_iter().map(|dirty| dirty.path.to_string()).collect();
        let text = std::fs::read(tree.path.join(&attempt.spec_path)).unwrap_or_else(|_| attempt.bytes.clone());
        let criteria = criteria_of(&text);
        so_far.ticked = criteria.iter().filter(|one| one.checked).count();
        so_far.criteria = criteria.len();
        let log = transcript::path(self.repo.common_dir(), &attempt.id, &attempt.start);
        so_far.said = transcript::last_lines(&log, SAID)?;
        let store = self.store()?;
        if let Some(tip) = store.tip(&attempt.id)? {
            let walk = store.walk(&attempt.id, tip)?;
            so_far.stopped = stopped(&walk.history, attempt.start);
        }
        Ok(so_far)
    }

    /// Why the attempt was paused; `None` if it is not paused.
    pub(crate) fn paused(&self, attempt: &Attempt) -> Result<Option<String>> {
        let store = self.store()?;
        let paused = |state: &State| state.status == Status::Paused && state.attempt == Some(attempt.start);
        let Some(state) = store.state(&attempt.id)?.filter(paused) else { return Ok(None) };
        let walk = store.walk(&attempt.id, state.tip)?;
        Ok(Some(stopped(&walk.history, attempt.start).unwrap_or_else(|| "a person paused it".to_owned())))
    }

    /// The attempts at `id` before this one, oldest first: when, with which agent, and how each ended, one line each.
    pub(crate) fn earlier_attempts(&self, id: &SpecId, now: Option<ObjectId>) -> Result<Vec<String>> {
        let store = self.store()?;
        let Some(tip) = store.tip(id)? else { return Ok(Vec::new()) };
        let walk = store.walk(id, tip)?;
        let events = walk.history.events();
        let starts = events.iter().filter(|event| event.op == Op::Start && Some(event.id) != now);
        Ok(starts.filter_map(|start| line_of(&walk.history, start)).collect())
    }

    /// What an agent of the spec `id` should know beyond its own attempts: notes on the spec, what superseded what it builds on or what
    /// it supersedes itself, and why, and, for research, why specs failed that rested on it, on what it takes the place of, or that
    /// belong to its topic. One line each.
    pub(crate) fn remarks(&self, id: &SpecId, spec: &Spec) -> Result<Vec<String>> {
        let store = self.store()?;
        let mut remarks = Vec::new();
        if let Some(tip) = store.tip(id)? {
            let walk = store.walk(id, tip)?;
            let notes = walk.history.events().iter().filter(|event| event.op == Op::Note);
            remarks.extend(notes.filter_map(|event| event.facts.reason.clone()));
        }
        let front = &spec.front;
        let specs = Specs::new(self)?;
        remarks.extend(superseded(&specs, id, spec)?);
        if front.kind != SpecType::Research || (front.supersedes.is_empty() && front.topic.is_none()) {
            return Ok(remarks);
        }
        let written = front.supersedes.iter().filter_map(|old| SpecId::new(old).ok());
        let research: Vec<SpecId> = [id.clone()].into_iter().chain(written).collect();
        for other in specs.names.active()? {
            if other != id
                && let Some(state) = specs.recorded(other)?.state.filter(|state| state.status == Status::Failed)
                && (rests_on(&state, &research) || is_of_topic(&specs, other, front.topic.as_deref())?)
            {
                let walk = store.walk(other, state.tip)?;
                let failed = walk.history.events().iter().rev().find(|event| event.op == Op::Fail);
                if let Some(why) = failed.and_then(|event| event.facts.reason.as_deref()) {
                    remarks.push(format!("the spec '{}' failed: {why}", other.short()));
                }
            }
        }
        Ok(remarks)
    }
}

/// What the spec `id` supersedes, and what superseded the specs that its text names, with the reasons: one line each.
fn superseded(specs: &Specs<'_>, id: &SpecId, spec: &Spec) -> Result<Vec<String>> {
    let mut lines = Vec::new();
    let mut add = |old: &SpecId, by: &SpecId| -> Result<()> {
        let by_whom = if by == id { "this spec".to_owned() } else { format!("'{}'", by.short()) };
        let title = specs.entry(old)?.title().to_owned();
        let why = specs.why_superseded(old, by)?.map(|why| format!(": {why}")).unwrap_or_default();
        let line = format!("'{}' ({title}) was superseded by {by_whom}{why}", old.short());
        if !lines.contains(&line) {
            lines.push(line);
        }
        Ok(())
    };
    for old in spec.front.supersedes.iter().filter_map(|old| SpecId::new(old).ok()) {
        add(&old, id)?;
    }
    for written in spec.front.depends_on.iter().chain(&spec.front.informed_by) {
        let Ok(pattern::Entry::Spec(named)) = pattern::Entry::parse(written) else { continue };
        let mut old = named;
        for by in specs.successors(id, &old)? {
            add(&old, &by)?;
            old = by;
        }
    }
    Ok(lines)
}

/// Whether the attempt of `state` was informed by one of these specs.
fn rests_on(state: &State, research: &[SpecId]) -> bool {
    state.facts.informed_by.iter().any(|pin| match pin {
        Pin::Spec { id, .. } => research.contains(id),
        Pin::Path { path, .. } => research.iter().any(|id| *path == path_of(id)),
        Pin::Url(_) => false,
    })
}

fn is_of_topic(specs: &Specs<'_>, id: &SpecId, topic: Option<&str>) -> Result<bool> {
    let Some(topic) = topic else { return Ok(false) };
    Ok(specs.entry(id)?.spec().is_some_and(|spec| spec.front.topic.as_deref() == Some(topic)))
}

/// Why the attempt was last stopped.
fn stopped(history: &History, attempt: ObjectId) -> Option<String> {
    let ours = |event: &&Event| event.op == Op::Pause && event.attempt() == attempt;
    history.events().iter().rev().find(ours).and_then(|event| event.facts.reason.clone())
}

/// How the attempt that `start` began ended, in a line; `None` if it succeeded, or if its end is not recorded.
fn line_of(history: &History, start: &Event) -> Option<String> {
    let about = |event: &&Event| {
        event.id != start.id && (event.attempt() == start.id || event.facts.supersedes.contains(&start.id))
    };
    let ends = |event: &&Event| matches!(event.op, Op::Fail | Op::Reset | Op::Release | Op::Cancel | Op::Complete);
    let end = history.events().iter().rev().filter(about).find(ends)?;
    let fate = match end.op {
        Op::Fail => "failed",
        Op::Reset | Op::Release => "was given up",
        Op::Cancel => "was cancelled",
        _ => return None,
    };
    let day = rfc3339(start.author.seconds, start.author.offset);
    let with = start.facts.agent.as_deref().map(|agent| format!(" with {agent}")).unwrap_or_default();
    // What a person said of the work is worth more than that it was given up after that.
    let rejects = |event: &&Event| event.op == Op::Fail && event.facts.review.is_some_and(|review| !review.approved);
    let rejection =
        || history.events().iter().filter(about).find(rejects).and_then(|event| event.facts.reason.as_deref());
    let why = end.facts.reason.as_deref().or_else(rejection);
    let why = why.map(|reason| format!(": {reason}")).unwrap_or_default();
    Some(format!("{}{with} {fate}{why}", day.get(..10).unwrap_or(&day)))
}
