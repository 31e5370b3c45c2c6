//! Judges what an attempt did, and records the verdict.
//!
//! Left-over changes are committed, every check is run, and one event says how it ended: `finish` with the commits and the
//! evidence, or `fail` with the reason. Merging is not done here.

mod by_hand;
mod leftovers;
mod outputs;
mod patches;
mod substance;

use leftovers::Left;

use gix::ObjectId;

pub(crate) use by_hand::{by_hand, by_hand_again};
pub(crate) use outputs::{documents, is_output};

use crate::{
    agent::{RESEARCH_INSUFFICIENT, process::Ending},
    answer::progress::{Progress, Step},
    attempt::{
        check::{Check, write_checks},
        ended::{Failure, Judged, Pause, Stop, Verdict},
        seen::{Extent, Watch},
    },
    domain::{
        checks::Checks,
        event::{Event, Facts, Op},
        new_event::{NewEvent, sentence},
        state::State,
        status::Status,
        stop::StopKind,
        verified::Verified,
    },
    error::{Error, Exit, Kind, Result},
    git::{
        branch, history,
        private::Private,
        repository::Head,
        worktree::{self, Worktree, busy::busy_in},
    },
    project::{Project, check_output},
    specs::{
        attempt::{Attempt, Changes, RunEnd},
        confined::{self, Runs},
        run_cost,
    },
    store::{Addition, Decision, Evidence, File},
};

/// Judges an attempt in its worktree. `run` says how its agent ended; `None` for a person's work and for checks run again. Unless it
/// `may_be_empty`, work that changes nothing has failed.
///
/// # Errors
/// Only if nothing can be recorded; an attempt that fails, and one that cannot be checked, is a result.
pub(crate) fn judge(
    project: &Project,
    attempt: &Attempt,
    run: Option<&RunEnd>,
    may_be_empty: bool,
    progress: &dyn Progress,
) -> Result<Judged, Stop> {
    let tree = project.worktree_of(&attempt.id)?.filter(|tree| tree.path.is_dir());
    // Read before the checks run: their code may write where the record is.
    let mut watch = Watch::open(project, &attempt.id, attempt.start, run.is_some())?;
    let changes = match run {
        Some(run) => run.changes.clone(),
        None => watch.compare(project, Extent::All)?,
    };
    let tree = tree.map(|tree| Worktree { muted: changes.muted.clone(), ..tree });
    Judge {
        project,
        attempt,
        run,
        tree,
        may_be_empty,
        progress,
        checks: Checks::default(),
        watch: Some(watch),
        changes,
        outputs: None,
    }
    .judge()
}

/// One attempt that is being judged.
struct Judge<'a> {
    project: &'a Project,
    attempt: &'a Attempt,
    /// How its agent ended, if one ran.
    run: Option<&'a RunEnd>,
    /// Its worktree, if that is there.
    tree: Option<Worktree>,
    /// Whether it may have changed nothing.
    may_be_empty: bool,
    progress: &'a dyn Progress,
    /// What was checked so far.
    checks: Checks,
    /// What the repository is compared with.
    watch: Option<Watch>,
    /// What is different since the run began.
    changes: Changes,
    /// The outputs that were checked.
    outputs: Option<Vec<File>>,
}

impl Judge<'_> {
    fn judge(mut self) -> Result<Judged, Stop> {
        let (project, attempt) = (self.project, self.attempt);
        if let Some(tree) = &self.tree
            && worktree::repair(&project.repo, tree)?
        {
            self.warn(format!("repaired the damaged worktree '{}'", tree.path.display()));
        }
        let (mut verdict, clean) = self.verdict()?;
        self.compare()?;
        if let Some(tree) = &self.tree {
            let kept = if clean {
                project.save_clean(&attempt.id, attempt.start, tree)
            } else {
                project.save_worktree(&attempt.id, attempt.start, tree).map(drop)
            };
            if let Err(error) = kept {
                self.warn(error.message);
            }
        }
        let branch_tip = branch::read(&project.repo, attempt.branch.as_ref())?;
        if let Some(tip) = branch_tip {
            project.store()?.keep_attempt(&attempt.id, attempt.start, tip)?;
        }
        let since = branch_tip.map(|tip| project.own_changes_since(attempt, tip)).transpose()?.flatten();
        let commits = match (branch_tip, since) {
            (Some(tip), Some(since)) => history::commits_between(&project.repo, Some(since), tip)?,
            _ => Vec::new(),
        };
        let judged = self.outputs.take();
        let outputs = judged.map_or_else(|| outputs::collect(project, attempt, branch_tip, self.tree.as_ref()), Ok);
        let outputs = match outputs {
            Ok(outputs) => outputs,
            Err(error) => {
                if verdict == Verdict::Passed {
                    verdict = self.not_checked(&error);
                }
                Vec::new()
            }
        };
        let mut evidence = self.evidence(outputs)?;
        if let (Verdict::Passed, Some(since), Some(tip)) = (&verdict, since, branch_tip) {
            evidence.patches = patches::write(project, since, tip)?;
        }
        let late = self.record(&verdict, commits, evidence)?;
        for what in &self.changes.waits {
            self.warn(what.clone());
        }
        Ok(Judged { verdict, checks: self.checks, late })
    }

    fn warn(&self, what: String) {
        self.progress.say(&Step::Warning(what));
    }

    /// Compares the repository with what it was before the run once more, if anything ran since.
    fn compare(&mut self) -> Result<()> {
        let Some(watch) = &mut self.watch else { return Ok(()) };
        let commands_ran = self.checks.commands().next().is_some();
        if self.checks.commands().any(|command| !command.was_confined()) {
            watch.ran_unconfined(std::mem::take(&mut self.changes.told));
        }
        let extent = if commands_ran { Extent::All } else { Extent::Guarded };
        let mut changes = watch.compare(self.project, extent)?;
        if extent == Extent::Guarded {
            (changes.noted, changes.refs_moved) = (self.changes.noted.clone(), self.changes.refs_moved.clone());
        }
        changes.undone.append(&mut self.changes.undone);
        let before = self.changes.waits.iter().filter(|what| !changes.waits.contains(what));
        let before: Vec<String> = before.cloned().collect();
        changes.waits.extend(before);
        changes.say(self.progress);
        self.checks.refs_moved.clone_from(&changes.refs_moved);
        self.changes = changes;
        Ok(())
    }

    /// What a person has to acknowledge before the work is merged.
    fn to_acknowledge(&self, verdict: &Verdict) -> Vec<String> {
        let doubts = if *verdict == Verdict::Passed { self.checks.doubts() } else { Vec::new() };
        self.changes.waits.iter().cloned().chain(doubts).collect()
    }

    /// The verdict on what is in the worktree, and whether nothing in it is uncommitted.
    fn verdict(&mut self) -> Result<(Verdict, bool)> {
        if self.tree.is_none() {
            return Ok((Verdict::Failed(Failure::Checks("its worktree is missing".to_owned())), false));
        }
        if let Some(run) = self.run {
            // What it said counts, however it ended.
            if let Some(said) = &run.said {
                return Ok((Verdict::Failed(Failure::Said(said.clone())), false));
            }
            // An agent that was stopped has neither done the work nor failed at it.
            if let Some(pause) = self.stopped(run)? {
                return Ok((Verdict::Paused(pause), false));
            }
            let failure = match (run.ending, &run.stopped) {
                // Its exit code says that all is well, and its output that it is not done.
                (_, Some(stopped)) if stopped.kind == StopKind::BrokenOff => {
                    Some(Failure::Stopped(stopped.clone(), None))
                }
                (ending, _) if ending.success() => None,
                (Ending::Exited(RESEARCH_INSUFFICIENT), _) => {
                    Some(Failure::ResearchInsufficient(run.last_words.clone()))
                }
                (_, Some(stopped)) => Some(Failure::Stopped(stopped.clone(), None)),
                (ending, None) => Some(Failure::Agent(ending, run.last_words.clone())),
            };
            if let Some(failure) = failure {
                return Ok((Verdict::Failed(failure), false));
            }
        }
        if let Some(refused) = self.run.and_then(|run| run.refused.clone()) {
            return Ok((Verdict::Failed(Failure::Checks(self.problem(refused))), false));
        }
        match self.check() {
            Ok((None, clean)) => Ok((Verdict::Passed, clean)),
            Ok((Some(what), clean)) => {
                // An agent that is done although it was held up has done its work if that passes.
                let stopped = self.run.and_then(|run| run.stopped.clone());
                let failure = match stopped {
                    Some(stopped) => Failure::Stopped(stopped, Some(what)),
                    None => Failure::Checks(what),
                };
                Ok((Verdict::Failed(failure), clean))
            }
            // The agent may have left anything: what cannot be checked has not passed, and stays on record as that.
            Err(Error { exit: Exit::Signal(signal), .. }) => {
                Ok((Verdict::Paused(Pause::ChecksInterrupted(signal)), false))
            }
            Err(error) => Ok((self.not_checked(&error), false)),
        }
    }

    /// Why the attempt was stopped before its agent was done, if it was.
    fn stopped(&self, run: &RunEnd) -> Result<Option<Pause>> {
        if let Ending::Interrupted(signal) = run.ending {
            return Ok(Some(Pause::Interrupted(signal)));
        }
        if let Some(recorded) = self.project.paused(self.attempt)? {
            return Ok(Some(Pause::Recorded(recorded)));
        }
        let passes = run.stopped.as_ref().filter(|stopped| stopped.kind.passes());
        Ok(passes.cloned().map(Pause::Stopped))
    }

    /// The verdict on what could not be checked, which is on the list of checks from now on.
    fn not_checked(&mut self, error: &Error) -> Verdict {
        let reason = self.problem(format!("cannot check it: {}", error.message));
        if let Some(output) = &error.output {
            self.warn(output.to_string());
        }
        self.checks = std::mem::take(&mut self.checks).settled();
        Verdict::Failed(Failure::Checks(reason))
    }

    /// Puts a problem on the list of checks.
    fn problem(&mut self, problem: String) -> String {
        self.checks.problems.push(problem.clone());
        problem
    }

    /// Commits what was left and runs every check. Returns the reason if something failed, and whether nothing is uncommitted: if
    /// nothing was, and no command ran since.
    fn check(&mut self) -> Result<(Option<String>, bool)> {
        let (project, attempt, progress) = (self.project, self.attempt, self.progress);
        let Some(tree) = self.tree.clone() else { return Ok((None, false)) };
        if let Some(reason) = astray(project, attempt, &tree)? {
            return Ok((Some(self.problem(reason)), false));
        }
        // Checked first: on a branch that is gone a commit would begin a history of its own.
        let Some(tip) = branch::read(&project.repo, attempt.branch.as_ref())? else {
            return Ok((Some(self.problem("its branch is missing".to_owned())), false));
        };
        let by = self.run.map(|run| &run.confined);
        let worktree = confined::attempt_worktree(project, &attempt.id, attempt.start, &tree, by, Runs::Hooks)?;
        let left = leftovers::commit(project, attempt, &worktree, !self.changes.waits.is_empty())?;
        // What the run made has just come in.
        let unchanged = self.run.is_some() && matches!(left, Left::Settled { clean: true });
        if let Some(base) = attempt.base.filter(|_| !unchanged)
            && let Some(inside) = &worktree.inside
            && let Some(refused) = inside.bring_in(project, base)?
        {
            return Ok((Some(self.problem(refused)), false));
        }
        let clean = match left {
            Left::Settled { clean } => clean,
            Left::Problem(problem) => return Ok((Some(self.problem(problem)), false)),
            Left::Refused(command) => {
                check_output::write_whole(project, &attempt.id, Some(attempt.start), None, std::iter::once(&*command))?;
                self.checks.commit = Some(*command);
                self.checks = std::mem::take(&mut self.checks).settled();
                return Ok((Some(self.checks.failures()), false));
            }
        };
        let tip = branch::read(&project.repo, attempt.branch.as_ref())?.unwrap_or(tip);
        let may_be_empty = self.may_be_empty;
        let check = Check { project, attempt, tip, worktree: &tree.path, by_hand: None, may_be_empty, progress };
        let outputs = outputs::collect(project, attempt, Some(tip), Some(&tree))?;
        let mut checks = check.run()?;
        if outputs::collect(project, attempt, Some(tip), Some(&tree))? != outputs {
            checks.problems.push("another process changed its documents during the checks".to_owned());
        }
        self.outputs = Some(outputs);
        checks.problems.append(&mut self.checks.problems);
        if branch::read(&project.repo, attempt.branch.as_ref())? != Some(tip) {
            checks.problems.push("another process moved its branch during the checks".to_owned());
        }
        if !self.may_be_empty {
            // What it said may be a question.
            let words = self.run.map(|run| run.last_words.as_deref().filter(|_| run.stopped.is_none()));
            substance::judge(&check, &tree, words, &mut checks)?;
        }
        // A person may have moved it onto what took the place of the base.
        if let Some(base) = attempt.base
            && !project.is_ancestor(base, tip)?
            && project.own_changes_since(attempt, tip)? == Some(base)
        {
            checks.problems.push("its branch no longer contains the base".to_owned());
        }
        self.checks = checks.settled();
        let clean = clean && self.checks.verify.is_empty() && self.checks.reproduces.is_none();
        Ok(((!self.checks.ok).then(|| self.checks.failures()), clean))
    }

    fn evidence(&mut self, outputs: Vec<File>) -> Result<Evidence> {
        self.checks.permissions = self.run.map(|run| run.permissions.clone()).unwrap_or_default();
        let (project, checks) = (self.project, self.checks.clone());
        let shared = if project.config().share_output()? { checks.clone() } else { checks.clone().without_output() };
        let recorded = write_checks(project, &shared)?;
        if let Some(output) = checks.with_failing_output() {
            check_output::write(project, recorded, &output)?;
        }
        Ok(Evidence {
            spec: Some(project.store()?.write_blob(&self.attempt.bytes)?),
            outputs,
            checks: Some(recorded),
            ..Evidence::default()
        })
    }

    /// Records the verdict. Returns whether the attempt was over before.
    fn record(&mut self, verdict: &Verdict, commits: Vec<ObjectId>, evidence: Evidence) -> Result<bool, Stop> {
        let (project, attempt, run) = (self.project, self.attempt, self.run);
        let store = project.store()?;
        let title = attempt.title();
        let (op, sentence, reason) = match verdict {
            Verdict::Failed(failure) => {
                (Op::Fail, sentence("Failed", title, &failure.to_string()), Some(failure.to_string()))
            }
            Verdict::Paused(pause) => {
                (Op::Pause, sentence("Paused", title, &pause.to_string()), Some(pause.to_string()))
            }
            Verdict::Passed => {
                let made =
                    if commits.len() == 1 { "1 commit".to_owned() } else { format!("{} commits", commits.len()) };
                let is_proof = self.checks.reproduces.as_ref().is_some_and(|proof| proof.ack.is_some());
                let checked = match self.checks.verified() {
                    _ if is_proof => "the proof waits for a person",
                    _ if !self.checks.doubts().is_empty() => "it waits for a person",
                    Verified::None => "nothing was verified",
                    _ => "every check passed",
                };
                (Op::Finish, sentence("Finished", title, &format!("{made}, {checked}")), None)
            }
        };
        let patches = history::patch_ids(&self.project.repo, &commits)?.into_iter();
        let facts = Facts {
            attempt: Some(attempt.start),
            work_commits: commits.clone(),
            patch_ids: patches.map(|id| id.map_or_else(|| "-".to_owned(), |id| id.to_string())).collect(),
            stopped: verdict.stop_kind(),
            reason,
            tampered: self.to_acknowledge(verdict),
            verified: (*verdict == Verdict::Passed).then(|| self.checks.verified()),
            ..run.map(|run| run.facts(attempt)).unwrap_or_default()
        };
        let addition = Addition { event: NewEvent { op, sentence, facts }, evidence, informed: Vec::new() };
        let appended = store.append_if(&attempt.id, |state| {
            let again = state.map(|state| self.is_recorded(state, &addition.event)).transpose()? == Some(true);
            Ok(if again { Decision::Skip } else { Decision::Append(addition.clone()) })
        })?;
        if let (None, Some(run)) = (&appended, run) {
            run_cost::record(project, &attempt.id, Some(attempt.start), &run.agent, &run.report)?;
        }
        if *verdict == Verdict::Passed
            && !self.project.silent
            && let Err(error) = store.annotate(&attempt.id, &commits)
        {
            self.warn(format!("cannot write the notes: {}", error.message));
            self.progress.say(&Step::Hint("to write them: git chant fsck --repair".to_owned()));
        }
        // What is in no event is compared again when the attempt goes on.
        if appended.is_some()
            && let Some(watch) = self.watch.take()
        {
            watch.settle(project)?;
        }
        Ok(appended.is_some_and(|appended| appended.late))
    }
}

impl Judge<'_> {
    /// Whether the history has that verdict already: the attempt was stopped while it was stopped, failed during its run, or failed by the
    /// same as before when it was checked again.
    fn is_recorded(&self, state: &State, verdict: &NewEvent) -> Result<bool> {
        let attempt = self.attempt;
        if state.attempt != Some(attempt.start) {
            return Ok(false);
        }
        match verdict.op {
            Op::Pause => Ok(matches!(state.status, Status::Paused | Status::Failed | Status::Finished)),
            Op::Fail if state.status == Status::Failed && self.run.is_none() => {
                let walk = self.project.store()?.walk(&attempt.id, state.tip)?;
                let failed = walk.history.deciding(Status::Failed, state.attempt).map(|event| &event.facts);
                // That the research does not carry the work is said until that is repeated.
                let stays = |failed: &Facts| failed.stopped == Some(StopKind::ResearchInsufficient);
                Ok(failed.is_none_or(|failed| failed.reason == verdict.facts.reason || stays(failed)))
            }
            Op::Fail => Ok(state.status == Status::Failed),
            _ => Ok(false),
        }
    }
}

/// Why what is in the worktree is not what the attempt is judged by: it does not stand on the work branch.
fn astray(project: &Project, attempt: &Attempt, tree: &Worktree) -> Result<Option<String>> {
    if tree.is_on(attempt.branch.as_ref()) {
        return Ok(None);
    }
    let busy = busy_in(&project.repo, attempt.branch.as_ref())?;
    if let Some((_, operation)) = busy.iter().find(|(other, _)| other.path == tree.path) {
        let branch = attempt.branch.shorten();
        return Ok(Some(format!("its branch '{branch}' is still being {} in its worktree", operation.participle())));
    }
    let on = tree.head.as_ref().and_then(Head::branch).map(|name| format!("'{}'", name.shorten()));
    let on = on.unwrap_or_else(|| "no branch".to_owned());
    let private = Private::of(&project.repo, &attempt.start);
    let within = private.git_dir.strip_prefix(project.repo.common_dir()).ok().filter(|_| private.exists());
    let stays =
        within.map(|within| format!("; what it committed stays in '{}' of the git directory", within.display()));
    Ok(Some(format!("its worktree is on {on}, not on '{}'{}", attempt.branch.shorten(), stays.unwrap_or_default())))
}

/// Refuses to check finished work that is being merged or rebased in its worktree.
///
/// # Errors
/// `under-way`.
pub(crate) fn refuse_under_way(project: &Project, attempt: &Attempt) -> Result<()> {
    let Some(tree) = project.worktree_of(&attempt.id)? else { return Ok(()) };
    let busy = busy_in(&project.repo, attempt.branch.as_ref())?;
    let operation = busy.iter().find(|(other, _)| other.path == tree.path).map(|(_, operation)| operation.participle());
    let what = match operation {
        Some(participle) => format!("its branch is being {participle}"),
        None if tree.is_merging() => "a merge is in progress".to_owned(),
        None => return Ok(()),
    };
    let (short, place) = (attempt.id.short(), tree.path.display());
    Err(Error::negative(Kind::UnderWay, format!("'{short}' cannot be checked: {what} in '{place}'"))
        .hint("finish and commit that there, or abort it")
        .hint(format!("then: git chant merge {short}")))
}

/// The newest event that says that the attempt is finished.
pub(crate) fn finish_event(project: &Project, attempt: &Attempt) -> Result<Option<Event>> {
    let store = project.store()?;
    let Some(tip) = store.tip(&attempt.id)? else { return Ok(None) };
    let walk = store.walk(&attempt.id, tip)?;
    let mut events = walk.history.events().iter().rev();
    Ok(events.find(|event| event.op == Op::Finish && event.attempt() == attempt.start).cloned())
}
