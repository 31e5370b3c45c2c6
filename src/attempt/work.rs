//! One way through an attempt: from where a command takes it up to how it [`Ended`].
//!
//! plan → claim → worktree → agent → checks → merge. `work` and `next --claim` enter at the plan, `finish` at the checks, `merge` at
//! the merge. Each step lies in a file of its own; what follows from its result is decided here and nowhere else.

use std::time::{Duration, Instant};

use gix::ObjectId;

use super::{
    check,
    claim::Remote,
    conflict::{self, DeadResolution, Resolved},
    documents, earlier, end,
    ended::{Ended, EndedAs, Judged, Stop, Verdict, Waits},
    finish, merge, plan, recover,
    run::{self, Run},
    seen, start, track, worktree,
};
use crate::{
    agent::{lease::Life, preset::Report, slot::Slot},
    answer::progress::{Progress, Step},
    domain::{
        event::{Facts, Op},
        id::SpecId,
        new_event::{NewEvent, sentence},
        spec_file::Spec,
        state::State,
        status::Status,
    },
    error::{Error, Kind, Result},
    project::{Project, target::full_name, trust::CustomPrompt},
    specs::{
        agent_run,
        all::Specs,
        attempt::{Attempt, RunEnd},
        budget, driver,
        facts::StateFacts,
        record,
    },
};

/// Asks a person to approve the commands of a spec, which is read from this blob, and a prompt of the repository.
pub(crate) type Approve<'a> = dyn Fn(&SpecId, ObjectId, &Spec, Option<&CustomPrompt>) -> Result<()> + 'a;

/// One spec to be worked, and what the command gives for that.
pub(crate) struct Assignment<'a> {
    /// The project.
    pub project: &'a Project,
    /// The spec.
    pub id: &'a SpecId,
    /// The branch that the work is for, if another one than the spec's own was asked for.
    pub onto: Option<&'a str>,
    /// Whether work that passed is merged.
    pub merge: bool,
    /// Whether work that changes nothing is work.
    pub may_be_empty: bool,
    /// The remote that decides claims, if one does.
    pub remote: Option<&'a dyn Remote>,
    /// Asks a person to approve what the repository would run: the commands of a spec's text, and a prompt.
    pub approve: &'a Approve<'a>,
    /// Where to say what is going on.
    pub progress: &'a dyn Progress,
}

/// Where an attempt resumes.
pub(crate) enum From<'a> {
    /// At its claim, or where it was paused.
    Claim {
        /// The agent, by name, if one was asked for.
        agent: Option<&'a str>,
        /// How long the agent may take.
        timeout: Option<Duration>,
        /// The prompt, by name, if another one than the spec's own was asked for.
        prompt: Option<&'a str>,
        /// Whether a new attempt begins where the last one could go on.
        fresh: bool,
        /// The slot that the agent was given already.
        slot: Option<Slot>,
    },
    /// At its checks. A spec without an attempt is finished by hand.
    Checks {
        /// The commits that a person names as the work.
        commits: &'a [ObjectId],
    },
    /// At its merge.
    Merge {
        /// Whether an agent resolves a conflict, and which one, by name.
        agent: Option<Option<&'a str>>,
    },
}

impl Assignment<'_> {
    /// Carries the spec from where the attempt resumes to its end.
    ///
    /// # Errors
    /// [`Stop`] where nothing begins, or something fails that is no result of the attempt.
    pub(crate) fn carry(&self, from: From<'_>) -> Result<Ended, Stop> {
        let ended = self.carry_on(from);
        self.notify(&ended, false);
        ended
    }

    /// As [`Assignment::carry`], and the command of `chant.notify` is not told of it.
    pub(super) fn carry_on(&self, from: From<'_>) -> Result<Ended, Stop> {
        let started = Instant::now();
        let (mut how, signal) = match from {
            From::Claim { agent, timeout, prompt, fresh, slot } => {
                self.claim(plan::Request { agent, onto: self.onto, timeout, prompt, fresh }, slot)?
            }
            From::Checks { commits } => (self.check(commits)?, None),
            From::Merge { agent } => (self.merge(agent)?, None),
        };
        let signal = signal.or(match &how {
            EndedAs::Paused(pause) => pause.signal(),
            EndedAs::Waiting(waits) => waits.signal,
            _ => None,
        });
        let hints = self.hints(&mut how)?;
        let driver_done = !matches!(how, EndedAs::Completed(_)) || self.finish_driver()?;
        Ok(Ended { how, duration: started.elapsed(), signal, hints, driver_done })
    }

    /// The end of an attempt that came to `how` without this process, which took no time for it.
    pub(super) fn ended(&self, mut how: EndedAs) -> Result<Ended, Stop> {
        let hints = self.hints(&mut how)?;
        Ok(Ended { how, duration: Duration::ZERO, signal: None, hints, driver_done: true })
    }

    /// Claims and works the spec, and tells the remote that decides claims how that ended. Gives the signal that ended the agent, too.
    fn claim(&self, request: plan::Request<'_>, slot: Option<Slot>) -> Result<(EndedAs, Option<i32>), Stop> {
        if let Some(remote) = self.remote {
            remote.fetch(self.id)?;
        }
        let ended = self.start(request, slot);
        // What cannot be pushed now goes with the next exchange.
        if let Some(Err(error)) = self.remote.map(|remote| remote.publish(self.id)) {
            let (short, why) = (self.id.short(), error.message);
            self.progress.say(&Step::Warning(format!("cannot push the result of '{short}': {why}")));
            self.progress.say(&Step::Hint("to push it: git chant sync".to_owned()));
        }
        ended
    }

    fn start(&self, request: plan::Request<'_>, slot: Option<Slot>) -> Result<(EndedAs, Option<i32>), Stop> {
        let Assignment { project, id, progress, .. } = *self;
        recover::before_work(project, id, progress)?;
        if !request.fresh {
            track::paused(project, id, progress)?;
        }
        if let Some(attempt) = self.died_before_merge()? {
            let how = if self.merge { self.merge(None)? } else { EndedAs::Finished };
            project.forget_lease(attempt)?;
            return Ok((how, None));
        }
        drop(documents::write_for(project, id)?);
        if driver::is_due(&Specs::new(project)?, id)? {
            return Ok((self.check(&[])?, None));
        }
        let plan = start::plan(project, id, request)?;
        if plan.resumed.is_none() {
            documents::refuse_superseded(project, id, &plan.inputs).map_err(Stop::NotReady)?;
        }
        plan::say_instead(project, &plan, progress)?;
        plan::say_base(project, &plan, self.onto.is_some(), progress)?;
        earlier::say(project, &plan, progress)?;
        plan::say_stale(project, &plan, progress)?;
        plan.spec.ignored().for_each(|warning| progress.say(&Step::Warning(warning)));
        if plan.target.is_none() {
            let short = id.short();
            progress.say(&Step::Warning(format!("HEAD is detached: the work of '{short}' will not be merged")));
            progress.say(&Step::Hint(format!("to merge it later: git chant merge {short} --onto <branch>")));
        }
        let topic = plan.spec.front.topic.as_deref();
        budget::require(project, id, topic, &plan.agent, progress).map_err(Stop::NotReady)?;
        self.approve(plan.text.blob(), &plan.spec, plan.prompt.as_ref())?;
        let (slot, waited) = slot.map_or_else(|| self.slot(&plan.agent.name), |slot| Ok((Some(slot), false)))?;
        if waited {
            // What was planned, and what was spent, may be another by now.
            return self.start(request, slot);
        }
        // A person may have typed it into a file that was there already.
        project.supersede_named(id, &plan.spec.front.supersedes, None)?;
        let (run, lease) = run::run(project, &plan, self.remote, progress)?;
        let attempt = run.attempt();
        let ended = match run {
            Run::HandedOver { worktree, prompt, .. } => (EndedAs::HandedOver { worktree, prompt }, None),
            Run::Ended { attempt, run } => {
                let attempt = project.attempt_at(id, attempt)?;
                // The attempt is this process's own: that the spec was taken from it is an error to be told.
                let how = self.judge(&attempt, Some(&run)).map_err(|stop| match stop {
                    Stop::Taken(error) => Stop::Failed(Error { kind: Kind::Overtaken, ..error }),
                    stop => stop,
                })?;
                (how, run.ending.interrupted())
            }
        };
        agent_run::release(project, attempt, lease)?;
        Ok(ended)
    }

    /// The attempt of a finished spec whose process died before it could merge the work.
    fn died_before_merge(&self) -> Result<Option<ObjectId>> {
        let state = self.project.store()?.state(self.id)?;
        let Some(attempt) = state.filter(|state| state.status == Status::Finished).and_then(|state| state.attempt)
        else {
            return Ok(None);
        };
        let Life::Dead(info) = self.project.life(attempt)? else { return Ok(None) };
        let (short, pid, host) = (self.id.short(), info.pid, info.host);
        let what = format!("'{short}' is finished, and its run (process {pid} on {host}) died before the merge");
        self.progress.say(&Step::Note(what));
        Ok(Some(attempt))
    }

    fn approve(&self, blob: ObjectId, spec: &Spec, prompt: Option<&CustomPrompt>) -> Result<(), Stop> {
        (self.approve)(self.id, blob, spec, prompt).map_err(Stop::NotApproved)
    }

    /// Checks what a person did: in the worktree of an attempt, or without one.
    fn check(&self, commits: &[ObjectId]) -> Result<EndedAs, Stop> {
        let Assignment { project, id, progress, .. } = *self;
        let short = id.short();
        check::recall::forget(project)?;
        recover::settle(project, id, progress)?;
        track::paused(project, id, progress)?;
        let specs = Specs::new(project)?.checking_signatures();
        let entry = specs.entry(id)?;
        end::refuse_running(project, id, entry.state.as_deref())?;
        recover::end_survivors_of(project, id, entry.state.as_deref(), progress)?;
        let under_way = entry.state.as_ref().filter(|state| state.attempt.is_some() && state.status != Status::Pending);
        match under_way {
            Some(state) if state.status.is_over() => {
                let message = format!("cannot finish '{short}': it is {}", state.status);
                let error = Error::negative(Kind::NotAllowed, message);
                Err(Stop::Taken(error.hint(format!("to work on it again: git chant reset {short}"))))
            }
            // Another clone took it over: what is left of it here is not its work any more.
            Some(state) if state.status == Status::InProgress && self.has_other_holder(state)? => {
                Err(Stop::Taken(start::taken(project, id, Some(state))?))
            }
            Some(state)
                if self.is_by_hand(state)? && commits.iter().all(|one| state.facts.work_commits.contains(one)) =>
            {
                let attempt = project.attempt(id, state)?;
                self.approve(attempt.blob, &attempt.spec, None)?;
                let work = &state.facts.work_commits;
                self.conclude(finish::by_hand_again(project, &attempt, work, self.may_be_empty, progress)?)
            }
            Some(_) if !commits.is_empty() => {
                let message = format!("'{short}' has an attempt; its commits are the work");
                Err(Error::usage(Kind::HasWorktree, message)
                    .hint("leave out --commit to check the attempt's worktree and branch")
                    .hint(format!("if the work was done elsewhere, drop the attempt first: git chant reset {short}"))
                    .into())
            }
            Some(state) => self.check_again(state),
            None => {
                let (text, spec) = entry.text()?;
                if specs.has_members(id)? && !driver::is_due(&specs, id)? {
                    let error =
                        Error::negative(Kind::NotReady, format!("'{short}' is not ready: its members do the work"));
                    return Err(Stop::NotReady(error.hint(format!("to work them: git chant work {short} --chain"))));
                }
                let facts = entry.facts();
                let required = facts.text.as_ref().map(|text| specs.needs_approval(text)).transpose()?;
                let approval = specs.approval_of(&facts, text.blob(), required.unwrap_or_default())?;
                self.refuse_unapproved(approval.obstacle())?;
                start::finishable(&specs, &entry)?;
                self.approve(text.blob(), spec, None)?;
                record::added(project, id, &text.path, &text.bytes, spec, None)?;
                self.conclude(finish::by_hand(project, id, text, spec, commits, self.may_be_empty, progress)?)
            }
        }
    }

    /// Whether another clone holds the deciding attempt.
    fn has_other_holder(&self, state: &State) -> Result<bool> {
        let other = state.attempt.map(|attempt| self.project.other_holder(self.id, attempt)).transpose()?;
        Ok(other.flatten().is_some())
    }

    /// Whether a person finished the spec without an attempt, so that it has neither worktree nor branch.
    fn is_by_hand(&self, state: &State) -> Result<bool> {
        let Some(attempt) = state.attempt.filter(|_| state.status == Status::Finished) else { return Ok(false) };
        let began = self.project.store()?.event(self.id, attempt)?;
        Ok(began.is_ok_and(|event| event.op == Op::Finish))
    }

    /// Completes the driver of the spec if this was its last open member: after its own checks, if it has some. Gives `false` if one of them
    /// does not pass; the driver stays open then.
    fn finish_driver(&self) -> Result<bool, Stop> {
        let Some((driver, _)) = self.id.member_of() else { return Ok(true) };
        let short = driver.short();
        let work = Assignment { id: &driver, onto: None, merge: true, remote: None, ..*self };
        let checked = if driver::complete_driver(self.project, self.id)? {
            Ok(EndedAs::Completed(None))
        } else if driver::is_due(&Specs::new(self.project)?, &driver)? {
            work.check(&[])
        } else {
            return Ok(true);
        };
        work.notify_with(checked.as_ref(), &[], false);
        let why = match checked {
            Ok(EndedAs::Completed(_)) => None,
            Ok(EndedAs::Failed { reason, .. }) => Some(reason.to_string()),
            Ok(EndedAs::Waiting(waits)) => Some(waits.reason()),
            Ok(_) => Some("its checks were stopped".to_owned()),
            // Another process completed another last member, and was faster.
            Err(Stop::Taken(_)) => None,
            Err(stop) => Some(stop.error().message.clone()),
        };
        match why {
            None => self.progress.say(&Step::Note(format!("completed '{short}' with its last member"))),
            Some(why) => {
                self.progress.say(&Step::Warning(format!("cannot complete '{short}' with its last member: {why}")));
                self.progress.say(&Step::Hint(format!("once that is fixed: git chant finish {short}")));
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Refuses to finish a spec whose text a person rejected, or has yet to approve.
    fn refuse_unapproved(&self, obstacle: Option<String>) -> Result<(), Stop> {
        let Some(why) = obstacle else { return Ok(()) };
        let short = self.id.short();
        let error = Error::negative(Kind::NotReady, format!("cannot finish '{short}': {why}"));
        Err(Stop::NotReady(error.hint(format!("to approve it: git chant approve {short}"))))
    }

    /// Judges an attempt by what is in its worktree and on its branch now, which are for `onto` from now on if that is given.
    ///
    /// Fails with `under-way` if finished work is being merged or rebased in its worktree: it stays finished.
    fn check_again(&self, state: &State) -> Result<EndedAs, Stop> {
        let Assignment { project, id, .. } = *self;
        let mut attempt = project.attempt(id, state)?;
        if let Some(onto) = self.onto {
            attempt.target = Some(full_name(onto)?);
        }
        if state.status != Status::Finished {
            self.refuse_unapproved(Specs::new(project)?.checking_signatures().unapproved(&attempt)?)?;
        }
        self.approve(attempt.blob, &attempt.spec, None)?;
        if state.status == Status::Finished {
            finish::refuse_under_way(project, &attempt)?;
            let facts = Facts { attempt: state.attempt, target: attempt.target.clone(), ..Facts::default() };
            let sentence = sentence("Checking", attempt.title(), "");
            project.store()?.record(id, NewEvent { op: Op::Resume, sentence, facts })?;
        }
        worktree::bring_back(project, &attempt, false, self.progress)?;
        self.judge(&attempt, None)
    }

    /// Judges an attempt, after the `run` of its agent if there was one.
    fn judge(&self, attempt: &Attempt, run: Option<&RunEnd>) -> Result<EndedAs, Stop> {
        self.conclude(finish::judge(self.project, attempt, run, self.may_be_empty, self.progress)?)
    }

    /// What follows from the judgement: work that passed is merged.
    fn conclude(&self, judged: Judged) -> Result<EndedAs, Stop> {
        Ok(match judged.verdict {
            _ if judged.late => EndedAs::Superseded,
            Verdict::Failed(reason) => EndedAs::Failed { reason, checks: judged.checks },
            Verdict::Paused(pause) => EndedAs::Paused(pause),
            Verdict::Passed if !self.merge => EndedAs::Finished,
            Verdict::Passed => self.land()?,
        })
    }

    fn land(&self) -> Result<EndedAs, Stop> {
        merge::land(self.project, self.id, self.onto, self.progress)
    }

    /// Merges finished work; work that is not what was checked is checked again first.
    fn merge(&self, agent: Option<Option<&str>>) -> Result<EndedAs, Stop> {
        let Assignment { project, id, progress, .. } = *self;
        recover::settle(project, id, progress)?;
        let Some(state) = self.after_dead_conflict()? else { return self.land() };
        if state.status == Status::Completed && self.onto.is_none() {
            if let Some(dropped) = Specs::new(project)?.dropped(id, &StateFacts::of(&state))? {
                let (short, branch) = (id.short(), shell_words::quote(&dropped.branch));
                let merge = dropped.commit.to_hex_with_len(12);
                let error = Error::negative(Kind::NotMerged, format!("'{short}' was merged, and {dropped}"));
                return Err(Stop::Taken(
                    error
                        .hint(format!("to bring it back: git switch {branch} && git merge {merge}"))
                        .hint(format!("to work on it again: git chant reset {short}")),
                ));
            }
            return Ok(EndedAs::Completed(merge::landed(project, id, &state)?));
        }
        let workable = matches!(state.status, Status::Finished | Status::InProgress);
        if !workable || state.is_contended() || !state.unacknowledged().is_empty() {
            return self.land();
        }
        let attempt = project.attempt(id, &state)?;
        if state.status == Status::InProgress || attempt.has_moved(project, &state)? {
            end::refuse_running(project, id, Some(&state))?;
            recover::end_survivors_of(project, id, Some(&state), progress)?;
            let branch = attempt.branch.shorten();
            progress.say(&Step::Note(format!("'{branch}' moved after the checks; checking again")));
            return self.check_again(&state);
        }
        if !seen::waiting(project, id, attempt.start, progress)?.is_empty() {
            let what = "the repository's configuration changed after the checks; checking again".to_owned();
            progress.say(&Step::Note(what));
            return self.check_again(&state);
        }
        if let Some(agent) = agent
            && let Some(conflict) = merge::conflict(project, id, self.onto)?
        {
            return self.resolve(&state, conflict, agent);
        }
        if merge::runs_commands(project, id, self.onto)? {
            self.approve(attempt.blob, &attempt.spec, None)?;
        }
        self.land()
    }

    /// The state, after what a dead process left of resolving a conflict is settled. `None`: nothing comes before the merge.
    fn after_dead_conflict(&self) -> Result<Option<State>> {
        let Assignment { project, id, progress, .. } = *self;
        let store = project.store()?;
        let Some(state) = store.state(id)? else { return Ok(None) };
        if state.status != Status::InProgress {
            return Ok(Some(state));
        }
        recover::end_survivors_of(project, id, Some(&state), progress)?;
        match conflict::recover(project, id, &state, progress)? {
            DeadResolution::None => Ok(None),
            DeadResolution::Moved => Ok(Some(state)),
            DeadResolution::GivenBack => store.state(id),
        }
    }

    /// Has an agent resolve the conflict in the worktree of the spec; what the agent made of it is checked and merged.
    fn resolve(&self, state: &State, conflict: merge::Conflict, agent: Option<&str>) -> Result<EndedAs, Stop> {
        let Assignment { project, id, progress, .. } = *self;
        recover::end_survivors_of(project, id, Some(state), progress)?;
        let plan = conflict::plan(project, id, state, conflict, agent)?;
        let topic = plan.attempt.spec.front.topic.as_deref();
        budget::require(project, id, topic, &plan.agent, progress).map_err(Stop::NotReady)?;
        self.approve(plan.attempt.blob, &plan.attempt.spec, plan.prompt.as_ref())?;
        match conflict::resolve(project, &plan, progress)? {
            Resolved::Yes { run, lease } => {
                let state =
                    project.store()?.state(id)?.ok_or_else(|| Error::fatal(Kind::NoChain, "its events are missing"))?;
                let attempt = project.attempt(id, &state)?;
                let judged = finish::judge(project, &attempt, run.as_ref(), self.may_be_empty, progress)?;
                let how =
                    match &judged.verdict {
                        Verdict::Failed(reason) if !judged.late => {
                            let (why, tip) = (format!("its checks failed: {reason}"), Some(plan.conflict.tip));
                            // The verdict counted what it cost.
                            let run = run.map(|run| RunEnd { report: Report::default(), ..run });
                            conflict::restore(project, &plan.attempt, tip, &why, run.as_ref(), progress)?;
                            EndedAs::Waiting(plan.unresolved(&why).hint(format!(
                                "to read what the commands printed: git chant log {} --checks",
                                id.short()
                            )))
                        }
                        _ => self.conclude(judged)?,
                    };
                agent_run::release(project, plan.attempt.start, lease)?;
                Ok(how)
            }
            Resolved::No { why, run } => {
                for what in run.iter().flat_map(|run| &run.changes.waits) {
                    progress.say(&Step::Warning(what.clone()));
                }
                let waits = plan.unresolved(&why);
                Ok(EndedAs::Waiting(Waits { signal: run.and_then(|run| run.ending.interrupted()), ..waits }))
            }
        }
    }
}
