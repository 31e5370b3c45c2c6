//! `git chant merge`

use std::time::Instant;

use super::{
    Context,
    finish::check_again,
    work::{conclude, waiting},
};
use crate::{
    answer::{Merged, Recorded, SpecMerged, outcome::Outcome, progress::Step},
    attempt::{
        conflict as reconcile,
        conflict::{Died, Reconciled},
        end as close,
        finish::{self, Judged},
        merge::{self, Conflict, Landed},
        recover,
    },
    cli::work::MergeArgs,
    domain::{id::SpecId, state::State, status::Status},
    error::{Error, Exit, Result},
    project::Project,
};

pub(super) fn run(context: &Context<'_>, args: &MergeArgs) -> Result<Outcome> {
    if args.agent.is_some() {
        context.refuse_agent("have a conflict resolved by another agent")?;
    }
    let project = context.project()?;
    let id = context.pick_to_change(&project, &args.spec)?;
    let onto = args.onto.as_deref();
    let run = Merging { context, project: &project, id: &id, onto, started: Instant::now(), trust: args.trust };
    let Some(state) = run.settled()? else { return run.land() };
    if !matches!(state.status, Status::Finished | Status::InProgress) || !state.unacknowledged().is_empty() {
        return run.land();
    }
    let attempt = project.attempt(&id, &state)?;
    if state.status == Status::InProgress || merge::has_moved(&project, &state, &attempt)? {
        return run.check_again(&state);
    }
    if let Some(agent) = &args.agent
        && let Some(conflict) = merge::conflict(&project, &id, onto)?
    {
        return run.resolve(&state, conflict, agent.as_deref());
    }
    if project.config().verify_merged()? {
        context.ask_trust(&project, &id, attempt.blob, &attempt.spec, None, args.trust)?;
    }
    run.land()
}

/// One merge, as it was asked for.
struct Merging<'a> {
    context: &'a Context<'a>,
    project: &'a Project,
    id: &'a SpecId,
    onto: Option<&'a str>,
    started: Instant,
    trust: bool,
}

impl Merging<'_> {
    /// The state, after what a dead process left is settled. `None`: there is nothing to be done before the merge.
    fn settled(&self) -> Result<Option<State>> {
        let store = self.project.store()?;
        let Some(state) = store.state(self.id)? else { return Ok(None) };
        if state.status != Status::InProgress {
            return Ok(Some(state));
        }
        let progress = self.context.progress;
        recover::end_survivors_of(self.project, self.id, Some(&state), progress)?;
        match reconcile::recover(self.project, self.id, &state, progress)? {
            Died::None => Ok(None),
            Died::Moved => Ok(Some(state)),
            Died::GivenBack => store.state(self.id),
        }
    }

    /// What was done on its branch since it was checked (a conflict was resolved there) has to pass, too.
    fn check_again(&self, state: &State) -> Result<Outcome> {
        close::refuse_running(self.project, self.id, Some(state))?;
        recover::end_survivors_of(self.project, self.id, Some(state), self.context.progress)?;
        let branch = self.project.branch(self.id)?;
        self.context.progress.say(&Step::Note(format!("'{branch}' moved since it was checked: it is checked again")));
        let judged = check_again(self.context, self.project, self.id, state, self.onto, self.trust)?;
        self.judged(judged)
    }

    /// Has an agent resolve the conflict in the worktree of the spec; what it made of it is checked.
    fn resolve(&self, state: &State, conflict: Conflict, agent: Option<&str>) -> Result<Outcome> {
        let (context, project, id) = (self.context, self.project, self.id);
        recover::end_survivors_of(project, id, Some(state), context.progress)?;
        let Conflict { target, theirs, tip, hints, .. } = conflict;
        let found = reconcile::Conflict { target: target.clone(), theirs, tip };
        let plan = reconcile::plan(project, id, state, found, agent)?;
        let (blob, prompt) = (plan.attempt.blob, plan.prompt.as_ref());
        context.ask_trust(project, id, blob, &plan.attempt.spec, prompt, self.trust)?;
        match reconcile::reconcile(project, &plan, context.progress)? {
            Reconciled::Resolved { run, lease } => {
                let state =
                    project.store()?.state(id)?.ok_or_else(|| Error::fatal("no-chain", "its events are gone"))?;
                let judged = finish::judge(project, &project.attempt(id, &state)?, run.as_ref(), context.progress)?;
                for what in run.iter().flat_map(|run| &run.tampered) {
                    context.progress.say(&Step::Warning(what.clone()));
                }
                let outcome = self.judged(judged)?;
                lease.release()?;
                Ok(outcome)
            }
            Reconciled::GivenUp { why, tampered, interrupted } => {
                for what in tampered {
                    context.progress.say(&Step::Warning(what));
                }
                let why = format!("its conflict with '{}' is not resolved: {why}", target.shorten());
                let mut error = Error::negative("not-merged", waiting(id.short(), &why, &[]));
                error.hints = vec![format!("what the agent said: git chant log {} --agent", id.short())];
                error.hints.extend(hints);
                if let Some(signal) = interrupted {
                    error.exit = Exit::Signal(signal);
                }
                Err(error)
            }
        }
    }

    /// Merges what passed.
    fn judged(&self, judged: Judged) -> Result<Outcome> {
        if judged.failed.is_some() || judged.late {
            return conclude(self.context, self.project, self.id, judged, self.started, true, self.onto);
        }
        self.land()
    }

    fn land(&self) -> Result<Outcome> {
        land(self.context, self.project, self.id, self.onto)
    }
}

fn land(context: &Context<'_>, project: &Project, id: &SpecId, onto: Option<&str>) -> Result<Outcome> {
    match merge::land(project, id, onto, context.progress)? {
        Landed::Completed { merged: Some((target, commit)) } => {
            let spec = context.view(project, id)?;
            Ok(Outcome::new(SpecMerged { spec, merged: Merged { target, commit: commit.to_string() } }))
        }
        Landed::Completed { merged: None } => {
            let spec = context.view(project, id)?;
            let sentence = format!("{} is completed: there was nothing to merge", id.short());
            Ok(Outcome::new(Recorded { spec, op: "complete".into(), sentence }))
        }
        Landed::Waits { why, paths, hints } => {
            let mut error = Error::negative("not-merged", waiting(id.short(), &why, &paths));
            error.hints = hints;
            Err(error)
        }
    }
}
