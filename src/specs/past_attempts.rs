//! The earlier attempts at a spec, and what a stopped attempt has done so far.

use gix::ObjectId;

use super::{attempt::Attempt, view::rfc3339};
use crate::project::Project;
use crate::{
    agent::transcript,
    answer::{AttemptProgress, CommitView},
    domain::{
        event::{Event, Op},
        history::History,
        id::SpecId,
        spec_file::criteria_of,
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
}

/// Why the attempt was last stopped.
fn stopped(history: &History, attempt: ObjectId) -> Option<String> {
    let ours = |event: &&Event| event.op == Op::Pause && event.attempt() == attempt;
    history.events().iter().rev().find(ours).and_then(|event| event.facts.reason.clone())
}

/// What became of the attempt that `start` began; `None` if it succeeded, or if nothing was recorded.
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
    let why = end.facts.reason.as_deref().map(|reason| format!(": {reason}")).unwrap_or_default();
    Some(format!("{}{with} {fate}{why}", day.get(..10).unwrap_or(&day)))
}
