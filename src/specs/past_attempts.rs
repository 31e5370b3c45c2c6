//! The earlier attempts at a spec, and what a stopped attempt has done so far.

use bstr::ByteSlice as _;
use gix::ObjectId;

use super::{
    all::Specs,
    attempt::Attempt,
    confined::{self, Runs},
    entry::Entry,
    reviews::agent_review,
    text::path_of,
    view::rfc3339,
};
use crate::project::{Project, agent::MANUAL, check_output};
use crate::{
    agent::transcript,
    answer::{AttemptProgress, CommitView},
    domain::{
        check_line::CheckLine,
        checks::Checks,
        event::{Event, Facts, Op, Pin},
        history::History,
        id::SpecId,
        pattern,
        phase::Phase,
        spec_file::{MAX_SPEC_LEN, Spec, criteria_of},
        spec_type::SpecType,
        state::State,
        status::Status,
    },
    error::Result,
    git::{branch, history, status, work_file, worktree::Worktree},
    terminal::clean,
};

/// How many lines of what the agent said last are shown.
const SAID: usize = 20;

/// How many lines of the end of an earlier attempt are shown.
const PRINTED: usize = 10;

/// How much of what the test of a reproduction printed is shown, in bytes.
const SHOWN: usize = 4096;

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
        let worktree = confined::attempt_worktree(self, &attempt.id, attempt.start, tree, None, Runs::Filters)?;
        so_far.uncommitted = status::dirty(&worktree.tree)?.into_iter().map(|dirty| dirty.path.to_string()).collect();
        let text =
            work_file::read(&tree.path, attempt.spec_path.as_bytes().as_bstr(), MAX_SPEC_LEN as u64).ok().flatten();
        let text = text.unwrap_or_else(|| attempt.bytes.clone());
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

    /// The attempts at `id` before this one, oldest first: when, with which agent, how each ended, where
    /// what it made is kept, and what it printed last.
    pub(crate) fn earlier_attempts(&self, id: &SpecId, now: Option<ObjectId>) -> Result<Vec<String>> {
        let store = self.store()?;
        let Some(tip) = store.tip(id)? else { return Ok(Vec::new()) };
        let walk = store.walk(id, tip)?;
        let events = walk.history.events();
        let starts = events.iter().filter(|event| event.op == Op::Start && Some(event.id) != now);
        let kept = store.kept_attempts(id)?;
        let mut lines = Vec::new();
        for start in starts {
            let Some(mut line) = line_of(&walk.history, start) else { continue };
            let name = start.id.to_string();
            if let Some((_, tip)) = kept.iter().find(|(kept, _)| *kept == name) {
                line.push_str(&format!("\n  what it made: commit {tip:.12} (refs/chant-local/attempts/{id}/{name})"));
            }
            let printed = transcript::last_lines(&transcript::path(self.repo.common_dir(), id, &start.id), PRINTED)?;
            if !printed.is_empty() {
                line.push_str(&format!("\n  its last lines:\n      {}", printed.join("\n      ")));
            }
            lines.push(line);
        }
        Ok(lines)
    }

    /// What an agent of the spec `id` should know beyond its own attempts: notes on the spec, what superseded what it builds on or what
    /// it supersedes itself, and why, which research is stale at `base`, and, for research, why specs failed that rested on it, on what it takes the place of, or that
    /// belong to its topic. One line each; a review by an agent is quoted below its line.
    pub(crate) fn remarks(
        &self,
        (id, attempt): (&SpecId, ObjectId),
        spec: &Spec,
        base: ObjectId,
    ) -> Result<Vec<String>> {
        let store = self.store()?;
        let mut remarks = Vec::new();
        if let Some(tip) = store.tip(id)? {
            let walk = store.walk(id, tip)?;
            for event in walk.history.events().iter().filter(|event| event.op == Op::Note) {
                let Some(mut remark) = event.facts.reason.clone() else { continue };
                // The words of the reviewer, as the words of another.
                let review = agent_review(&store, event)?.unwrap_or_default();
                review.lines().for_each(|line| remark.push_str(&format!("\n  > {line}")));
                remarks.push(remark);
            }
        }
        let front = &spec.front;
        let specs = Specs::new(self)?;
        remarks.extend(superseded(&specs, (id, attempt), spec)?);
        remarks.extend(specs.stale_research(id, base)?.into_iter().map(|stale| stale.what));
        let superseded = specs.predecessors(id)?;
        if superseded.is_empty() && (front.kind != SpecType::Research || front.topic.is_none()) {
            return Ok(remarks);
        }
        let topic = front.topic.as_deref().filter(|_| front.kind == SpecType::Research);
        for other in specs.names.active()? {
            if other != id
                && let Some(state) = specs.recorded(other)?.state.filter(|state| state.status == Status::Failed)
                && (superseded.contains(other)
                    || rests_on(&specs, other, &state, &superseded, id)?
                    || is_of_topic(&specs, other, topic)?)
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

impl Specs<'_> {
    /// What did not pass in the checks of the deciding attempt, if another run can resume it: if it failed by what its work lacks, or its run
    /// was cut short before any check. `None` if it ended in another way.
    pub(crate) fn resumable_checks(&self, entry: &Entry) -> Result<Option<Vec<CheckLine>>> {
        let Some(state) = entry.state.as_deref() else { return Ok(None) };
        let walk = self.project.store()?.walk(&entry.id, state.tip)?;
        let ours = |event: &&Event| Some(event.attempt()) == state.attempt && event.op.claims().is_some();
        // A person's own work has no exit code, and neither have checks that ran again.
        let by_hand = state.facts.agent.as_deref() == Some(MANUAL);
        let judged = |failed: &Facts, checks: &Checks| match failed.exit {
            None => by_hand || (failed.stopped.is_none() && !checks.lines().is_empty()),
            code => code == Some(0),
        };
        let failed = walk.history.events().iter().rev().find(ours).filter(|event| event.op == Op::Fail);
        let Some(failed) = failed else { return Ok(None) };
        let checks = self.last_checks(entry, &walk.history)?.filter(|(event, _)| *event == failed.id);
        let facts = &failed.facts;
        let checks = checks.filter(|(_, checks)| checks.can_resume(judged(facts, checks), facts.stopped.as_ref()));
        Ok(checks.map(|(_, checks)| checks.lines().into_iter().filter(|line| !line.ok).collect()))
    }

    /// The reproduction that a root cause is looked for by: its commit, its test, and what that printed as far as this clone has it. `None` if
    /// there is none.
    pub(crate) fn reproduction_for(&self, id: &SpecId, spec: &Spec) -> Result<Option<String>> {
        let Some(topic) = spec.front.topic.as_deref() else { return Ok(None) };
        let is_it = |entry: &&Entry| {
            let phase = entry.spec().and_then(|spec| spec.front.known_phase());
            phase == Some(Phase::Reproduction) && entry.status == Status::Completed && entry.id != *id
        };
        let mut entries = self.of_topic(topic)?;
        self.retain_current(&mut entries)?;
        let Some(entry) = entries.iter().rev().find(is_it) else { return Ok(None) };
        let mut text = format!("Spec {}\n", entry.id);
        let commit = entry.state.as_ref().and_then(|state| state.facts.work_commits.last());
        text.extend(commit.map(|commit| format!("Commit: {commit}\n")));
        let front = entry.spec().map(|spec| &spec.front);
        text.extend(front.and_then(|front| front.reproduces.as_ref()).map(|command| format!("Test: {command}\n")));
        if let Some(printed) = check_output::whole(self.project, &entry.id, None)? {
            let printed = String::from_utf8_lossy(&printed[printed.len().saturating_sub(SHOWN)..]).into_owned();
            text.push_str(&format!("What it printed last:\n{}", clean::text(&printed)));
        }
        Ok(Some(text))
    }
}

/// What the spec `id` supersedes, and what superseded the specs that its text names or whose documents its attempt was given, with the
/// reasons: one line each.
fn superseded(specs: &Specs<'_>, (id, attempt): (&SpecId, ObjectId), spec: &Spec) -> Result<Vec<String>> {
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
    let older = specs.named(&spec.front.supersedes)?;
    older.iter().try_for_each(|old| add(old, id))?;
    for written in spec.front.depends_on.iter().chain(&spec.front.informed_by) {
        let Ok(pattern::Entry::Spec(named)) = pattern::Entry::parse(written) else { continue };
        let mut old = named;
        for by in specs.successors(id, &old)? {
            add(&old, &by)?;
            old = by;
        }
    }
    // A document has the same path in the research that repeats it.
    for informant in specs.origins(id, attempt)?.iter().flat_map(|origins| origins.iter()) {
        for mut old in specs.predecessors(informant)? {
            for by in specs.successors(id, &old)? {
                add(&old, &by)?;
                old = by;
            }
        }
    }
    if spec.front.known_phase() == Some(Phase::Reproduction) && !older.is_empty() {
        let older: Vec<String> = older.iter().map(|old| format!("'{}'", old.short())).collect();
        lines.push(format!(
            "the tests of {} may still be in your worktree: change or delete them; what you leave of them counts as your own test",
            older.join(", ")
        ));
    }
    Ok(lines)
}

/// Whether the attempt of `state`, of the spec `other`, was informed by one of the `superseded` specs or by `id`, or by what these wrote.
fn rests_on(specs: &Specs<'_>, other: &SpecId, state: &State, superseded: &[SpecId], id: &SpecId) -> Result<bool> {
    let Some(attempt) = state.attempt else { return Ok(false) };
    let origins = specs.origins(other, attempt)?;
    let is_one = |origin: &SpecId| origin == id || superseded.contains(origin);
    if origins.is_some_and(|origins| origins.iter().any(is_one)) {
        return Ok(true);
    }
    let written = |path: &str| -> Result<bool> {
        for one in superseded {
            let targets = specs.entry(one)?.spec().map(|spec| spec.front.target_files.clone()).unwrap_or_default();
            if path == path_of(one) || targets.iter().any(|target| target == path) {
                return Ok(true);
            }
        }
        Ok(false)
    };
    for pin in &state.facts.informed_by {
        if match pin {
            Pin::Spec { id, .. } => is_one(id),
            Pin::Path { path, .. } => written(path)?,
            Pin::Url(_) => false,
        } {
            return Ok(true);
        }
    }
    Ok(false)
}

fn is_of_topic(specs: &Specs<'_>, id: &SpecId, topic: Option<&str>) -> Result<bool> {
    let Some(topic) = topic else { return Ok(false) };
    Ok(specs.entry(id)?.spec().is_some_and(|spec| spec.front.topic.as_deref() == Some(topic)))
}

/// Why the attempt was last stopped.
fn stopped(history: &History, attempt: ObjectId) -> Option<String> {
    let ours = |event: &&Event| matches!(event.op, Op::Pause | Op::Fail) && event.attempt() == attempt;
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
        Op::Reset => "was reset",
        Op::Release => "was released",
        Op::Cancel => "was cancelled",
        _ => return None,
    };
    let day = rfc3339(start.author.seconds, start.author.offset);
    let with = start.facts.agent.as_deref().map(|agent| format!(" with {agent}")).unwrap_or_default();
    // What a person said of the work is worth more than that it was reset after that.
    let rejects = |event: &&Event| event.op == Op::Fail && event.facts.review.is_some_and(|review| !review.approved);
    let mut rejections: Vec<&str> = Vec::new();
    for why in history.events().iter().filter(about).filter(rejects).filter_map(|event| event.facts.reason.as_deref()) {
        if !rejections.contains(&why) {
            rejections.push(why);
        }
    }
    let rejected = (!rejections.is_empty()).then(|| rejections.join("; "));
    let why = end.facts.reason.clone().or(rejected);
    let why = why.map(|reason| format!(": {reason}")).unwrap_or_default();
    Some(format!("{}{with} {fate}{why}", day.get(..10).unwrap_or(&day)))
}
