//! Before anything is decided about a spec, what a dead process left half done is finished or undone.
//!
//! What is recorded only now, reads show already: a finished spec whose announced merge is in the target, a run whose process is
//! gone.

use std::collections::BTreeSet;

use gix::ObjectId;

use crate::{
    agent::{
        lease::{self, Info, Life, Survivors, end_survivors},
        process::GRACE,
    },
    answer::progress::{Progress, Step},
    attempt::{
        merge, request,
        seen::{Extent, Watch},
        session::say_removed,
    },
    domain::{
        event::{Facts, Op},
        id::SpecId,
        new_event::{NewEvent, sentence},
        state::State,
        status::Status,
    },
    error::{Error, Kind, Result},
    git::{special_file, worktree::Worktree},
    project::{Project, signatures::Signatures, target::short_name},
    specs::{all::Specs, arrival::Arrival, confined, next_try},
};

/// Everything that is settled before a spec is worked on: claims of other clones and of dead runs, what a dead process left half done.
///
/// # Errors
/// If it cannot be recorded; `survivor` if a process of a dead agent lives and must not be ended.
pub(super) fn before_work(project: &Project, id: &SpecId, progress: &dyn Progress) -> Result<()> {
    release_old(project, id, progress)?;
    settle(project, id, progress)?;
    settle_dead(project, id, progress)?;
    release_discounted(project, id, progress)?;
    Ok(())
}

/// Settles what a dead process left half done about a spec: a file that a merge had moved aside, an event that only reads show.
///
/// # Errors
/// If it cannot be recorded.
pub(crate) fn settle(project: &Project, id: &SpecId, progress: &dyn Progress) -> Result<()> {
    merge::recover_all(project, progress)?;
    follow(project, id, progress)?;
    heal(project, id).map(drop)
}

/// Finds the worktree of a spec again that was moved together with the repository.
fn follow(project: &Project, id: &SpecId, progress: &dyn Progress) -> Result<()> {
    if let Some(tree) = project.follow_worktree(id)? {
        progress.say(&Step::Note(format!("the worktree of '{}' was moved to '{}'", id.short(), tree.path.display())));
    }
    Ok(())
}

/// A run of this clone that is dead: its attempt is paused, to go on where it is; one whose agent had not begun is released, since
/// there is nothing to resume. Everything that it had done is kept either way.
///
/// Returns whether there was one. A survivor of the agent is ended first.
///
/// # Errors
/// `survivor` if a process of the agent lives and must not be ended.
pub(crate) fn settle_dead(project: &Project, id: &SpecId, progress: &dyn Progress) -> Result<bool> {
    let Some(state) = project.store()?.state(id)? else { return Ok(false) };
    next_try::forget_dead(&project.clone_dir())?;
    forget_strays(project, id, state.attempt)?;
    let Some(attempt) = state.attempt.filter(|_| state.status == Status::InProgress) else { return Ok(false) };
    let Life::Dead(info) = project.life(attempt)? else { return Ok(false) };
    follow(project, id, progress)?;
    project.refuse_moved_worktree(id)?;
    end_agent(id, &info, progress)?;
    // A git that the dead run had started goes on without it: it is waited for.
    drop(project.lock_worktree(id)?);
    let tree = save_work(project, id, attempt, progress)?;
    let said = request::leftover(project, id, attempt)?;
    let op = match &tree {
        _ if said.is_some() => Op::Fail,
        Some(tree) if info.agent.is_some() && project.can_go_on(id, tree)? => Op::Pause,
        _ => Op::Release,
    };
    let dead = format!("its run (process {} on {}) died", info.pid, info.host);
    let reason = said.map_or_else(|| dead.clone(), |said| said.to_string());
    let mut watch = Watch::open(project, id, attempt, info.agent.is_some())?;
    let changes = watch.compare(project, Extent::All)?;
    changes.say(progress);
    for what in &changes.waits {
        progress.say(&Step::Warning(what.clone()));
    }
    // A release ends the attempt, and what its event says with it: then the next attempt compares again.
    if stop_with(project, id, attempt, &op, &reason, changes.waits)? && op != Op::Release {
        watch.settle(project)?;
    }
    project.forget_lease(attempt)?;
    progress.say(&Step::Note(format!("'{}' was interrupted: {dead}; its work is kept", id.short())));
    Ok(true)
}

/// Brings in what a run made that came to no end, and saves its worktree, which is given, if it has one.
///
/// # Errors
/// If git cannot be run.
pub(super) fn save_work(
    project: &Project,
    id: &SpecId,
    attempt: ObjectId,
    progress: &dyn Progress,
) -> Result<Option<Worktree>> {
    let Some(tree) = project.worktree_of(id)? else { return Ok(None) };
    if !confined::is_by_hand(project, id)? {
        say_removed(special_file::remove_in_worktree(&tree.path), progress);
    }
    if let Some(refused) = confined::recover(project, id, attempt, &tree)? {
        progress.say(&Step::Warning(format!("its work was not brought into the repository: {refused}")));
    }
    let tree = project.worktree_of(id)?;
    if let Some(tree) = &tree {
        project.save_worktree(id, attempt, tree)?;
    }
    Ok(tree)
}

/// Forgets the leases of claims that died before they were recorded, and of attempts that are over.
fn forget_strays(project: &Project, id: &SpecId, current: Option<ObjectId>) -> Result<()> {
    for attempt in lease::list(&project.leases_dir())? {
        if Some(attempt) != current && matches!(project.life(attempt)?, Life::Dead(info) if info.spec == *id) {
            project.forget_lease(attempt)?;
        }
    }
    Ok(())
}

/// A claim that does not count, where `chant.requireSigned` is set, is released: its attempt is over, and what it does later is
/// recorded and changes no status. A run that is alive here is left alone.
fn release_discounted(project: &Project, id: &SpecId, progress: &dyn Progress) -> Result<()> {
    if !project.config().require_signed()? {
        return Ok(());
    }
    let Some(state) = project.store()?.state(id)? else { return Ok(()) };
    let why = project.discounted_claim(&Signatures::afresh(project), id, &state)?;
    let Some((why, attempt)) = why.zip(state.attempt) else { return Ok(()) };
    if let Some(tree) = project.worktree_of(id)? {
        project.save_worktree(id, attempt, &tree)?;
    }
    stop(project, id, attempt, Op::Release, &why)?;
    progress.say(&Step::Note(format!("released '{}': {why}", id.short())));
    Ok(())
}

/// Releases the claim of another clone of which nothing was heard for longer than `chant.claimTimeout`.
fn release_old(project: &Project, id: &SpecId, progress: &dyn Progress) -> Result<()> {
    let Some(limit) = project.config().claim_timeout()? else { return Ok(()) };
    let store = project.store()?;
    let Some(state) = store.state(id)? else { return Ok(()) };
    let Some(attempt) = state.attempt.filter(|_| state.status == Status::InProgress) else { return Ok(()) };
    let theirs = store.event(id, attempt)?.is_ok() && !project.is_holder(id, attempt)?;
    let age = project.env.now().as_second().saturating_sub(state.updated);
    if !theirs || u64::try_from(age).is_ok_and(|age| age < limit.as_secs()) || age < 0 {
        return Ok(());
    }
    let reason = format!("its claim was silent for {}", humantime::format_duration(limit));
    stop(project, id, attempt, Op::Release, &reason)?;
    progress.say(&Step::Note(format!("released '{}': {reason}", id.short())));
    Ok(())
}

/// Ends what a dead run of the deciding attempt left running, before anything else happens in its worktree.
///
/// # Errors
/// `survivor` if a process of the agent lives and must not be ended.
pub(crate) fn end_survivors_of(
    project: &Project,
    id: &SpecId,
    state: Option<&State>,
    progress: &dyn Progress,
) -> Result<()> {
    let Some(attempt) = state.and_then(|state| state.attempt) else { return Ok(()) };
    match project.life(attempt)? {
        Life::Dead(info) => end_agent(id, &info, progress),
        Life::Running(_) | Life::Unknown(_) => Ok(()),
    }
}

/// Ends what an agent of a dead run left running.
fn end_agent(id: &SpecId, info: &Info, progress: &dyn Progress) -> Result<()> {
    match end_survivors(info, GRACE)? {
        Survivors::None => Ok(()),
        Survivors::Ended(count) => {
            progress
                .say(&Step::Note(format!("stopped {count} processes that the agent of '{}' left behind", id.short())));
            Ok(())
        }
        Survivors::Refused(why) => {
            Err(Error::negative(Kind::Survivor, format!("the agent of '{}' may still be running: {why}", id.short()))
                .hint("stop it by hand, then try again"))
        }
    }
}

/// Records that an attempt is stopped, by `op`: paused, released or failed. One that ended already stays as it is.
pub(super) fn stop(project: &Project, id: &SpecId, attempt: ObjectId, op: Op, reason: &str) -> Result<()> {
    stop_with(project, id, attempt, &op, reason, Vec::new()).map(drop)
}

/// Records that an attempt is stopped, and what it changed that no event explains. Returns whether it was recorded.
fn stop_with(
    project: &Project,
    id: &SpecId,
    attempt: ObjectId,
    op: &Op,
    reason: &str,
    tampered: Vec<String>,
) -> Result<bool> {
    let verb = match op {
        Op::Pause => "Paused",
        Op::Fail => "Failed",
        _ => "Released",
    };
    let sentence = sentence(verb, id.short(), reason);
    let facts = Facts { attempt: Some(attempt), reason: Some(reason.to_owned()), tampered, ..Facts::default() };
    let under_way = |state: &State| state.open.contains(&attempt) && state.status == Status::InProgress;
    let event = NewEvent { op: op.clone(), sentence, facts };
    Ok(project.store()?.record_if(id, event, under_way)?.is_some())
}

/// Records that a gate is passed whose work the project has taken.
fn pass_gate(project: &Project, id: &SpecId, state: &State) -> Result<()> {
    if state.status == Status::Pending && Specs::new(project)?.entry(id)?.status == Status::Completed {
        let event = NewEvent::new(Op::Complete, sentence("Completed", id.short(), "upstream has the change"));
        project.store()?.record_if(id, event, |now| now.status == Status::Pending)?;
    }
    Ok(())
}

/// Records the completion of each finished spec among `ids` whose work is found in its target, and says so.
pub(crate) fn heal_finished(project: &Project, ids: &BTreeSet<SpecId>, progress: &dyn Progress) -> Result<()> {
    for id in ids {
        let finished = project.store()?.state(id)?.is_some_and(|state| state.status == Status::Finished);
        if finished && heal(project, id)? {
            progress.say(&Step::Note(sentence("Completed", id.short(), "its target has its work")));
        }
    }
    Ok(())
}

/// Whether the spec is finished and its work is found in its target: then what reads show is recorded. Returns whether it was.
pub(crate) fn heal(project: &Project, id: &SpecId) -> Result<bool> {
    let Some(state) = project.store()?.state(id)? else { return Ok(false) };
    crate::specs::driver::complete_driver(project, id)?;
    pass_gate(project, id, &state)?;
    let arrival = project.arrival(&state)?;
    if !arrival.is_there() {
        return Ok(false);
    }
    let target = state.facts.target.clone().unwrap_or_default();
    let target = short_name(&target);
    if let Arrival::As(landing) = arrival {
        let facts = Facts {
            attempt: state.attempt,
            target: state.facts.target.clone(),
            landing: Some(landing),
            ..Facts::default()
        };
        let event = NewEvent {
            op: Op::Land,
            sentence: sentence("Merged", id.short(), &format!("another way, into {target}")),
            facts,
        };
        project.store()?.record_if(id, event, |now| now.status == Status::Finished)?;
        if !project.silent {
            project.store()?.annotate(id, &[landing.new])?;
        }
    }
    let facts = Facts { attempt: state.attempt, verified: project.level(id, &state)?, ..Facts::default() };
    let event = NewEvent {
        op: Op::Complete,
        sentence: sentence("Completed", id.short(), &format!("found in {target}")),
        facts,
    };
    Ok(project.store()?.record_if(id, event, |now| now.status == Status::Finished)?.is_some())
}
