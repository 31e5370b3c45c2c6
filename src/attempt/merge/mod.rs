//! Merges finished work into its target. The spec is completed only after the target was read.
//!
//! compute the merge in the object database → `land` event (target, its old and new id) → move the target → read it →
//! `complete` event → notes → clean-up. A crash anywhere in between is healed by finding the announced id in the target.

mod aside;
mod conflict;
mod modules;
mod outputs;
mod subject;
mod verified;

use std::cell::RefCell;

use gix::{ObjectId, refs::FullName};

pub(crate) use aside::{LeftAside, left_aside, recover_all};
pub(crate) use conflict::{Conflict, conflict};
pub(super) use outputs::{put, write as write_outputs};

use subject::{finished, target, work_tip};
use verified::Verifier;

use crate::{
    agent::interrupt::Interrupts,
    answer::progress::{Progress, Step},
    attempt::{
        ended::{EndedAs, Merged, Stop, Waits},
        prepared, seen,
    },
    config::MergeHow,
    domain::{
        event::{Facts, Landing, Op},
        id::SpecId,
        new_event::{NewEvent, sentence},
        review::Standing,
        state::State,
        status::Status,
    },
    error::{Error, Result},
    git::{
        advance::{Advance, Advanced, HookNote},
        branch,
        merge::Computed,
        worktree::{self, lock::WorktreeLock},
    },
    project::{Project, check_output, target::full_name},
    specs::{
        all::Specs,
        arrival::Arrival,
        attempt::Attempt,
        cleanup::clean_up,
        computed_merge::{self, ComputedMerge},
        reviews::WorkReview,
    },
};

/// How often a merge is computed anew because another process moved the target.
const MAX_ROUNDS: usize = 50;

/// What ends a merge before the work is in its target.
enum Unmerged {
    /// Something stands in the way of it.
    Waits(Waits),
    /// Another process moved the target, or finished the spec with another tip: the merge is computed again.
    Outdated,
    /// It does not begin, or something failed.
    Stop(Stop),
}

impl From<Waits> for Unmerged {
    fn from(waits: Waits) -> Unmerged {
        Unmerged::Waits(waits)
    }
}

impl From<Stop> for Unmerged {
    fn from(stop: Stop) -> Unmerged {
        Unmerged::Stop(stop)
    }
}

impl From<Error> for Unmerged {
    fn from(error: Error) -> Unmerged {
        Unmerged::Stop(error.into())
    }
}

/// Merges the finished work of `id`, `onto` another branch than the one that it was started for if that is given. Gives
/// [`EndedAs::Completed`], or [`EndedAs::Waiting`] where something stands in the way of the merge itself.
///
/// # Errors
/// If the spec is not finished, or git fails.
pub(crate) fn land(
    project: &Project,
    id: &SpecId,
    onto: Option<&str>,
    progress: &dyn Progress,
) -> Result<EndedAs, Stop> {
    if let Some(what) = onto.map(full_name).transpose()?.map(|onto| project.new_branch(&onto)).transpose()?.flatten() {
        progress.say(&Step::Note(what));
    }
    for _ in 0..MAX_ROUNDS {
        match round(project, id, onto, progress) {
            Ok(merged) => return Ok(EndedAs::Completed(merged)),
            Err(Unmerged::Waits(waits)) => return Ok(EndedAs::Waiting(waits)),
            Err(Unmerged::Outdated) => {}
            Err(Unmerged::Stop(stop)) => return Err(stop),
        }
    }
    let waits =
        Waits::new("other processes keep moving its target").hint(format!("try again: git chant merge {}", id.short()));
    Ok(EndedAs::Waiting(waits))
}

/// Where the work of a completed spec is: its target, and the commit that the merge made, or the tip where it came there another way.
///
/// # Errors
/// If git fails.
pub(crate) fn landed(project: &Project, id: &SpecId, state: &State) -> Result<Merged> {
    if state.attempt.is_none() || state.facts.work_commits.is_empty() {
        return Ok(None);
    }
    let Some(target) = target(&project.attempt(id, state)?, None)? else { return Ok(None) };
    let Some(tip) = branch::read(&project.repo, target.as_ref())? else { return Ok(None) };
    let made = state.facts.landing.map(|landing| landing.new);
    let made = made.map(|new| Ok::<_, Error>(project.is_ancestor(new, tip)?.then_some(new))).transpose()?.flatten();
    Ok(Some((target.shorten().to_string(), made.unwrap_or(tip))))
}

/// Where the target has the work already, by a squash for example, records that; `None` where it has not. What a person took back there stays
/// away, unless the target `is_named`.
fn arrived(
    project: &Project,
    attempt: &Attempt,
    target: &FullName,
    is_named: bool,
    tip: ObjectId,
    progress: &dyn Progress,
) -> Result<Option<Merged>, Unmerged> {
    let name = target.shorten().to_string();
    let Some(ours) = branch::read(&project.repo, target.as_ref())? else { return Ok(None) };
    match project.landed_otherwise(attempt, ours, tip)? {
        Arrival::As(landing) => {
            let new = landing.new;
            let placed = outputs::write(project, attempt)??;
            if let Err(unmerged) = announce(project, attempt, target, tip, landing) {
                placed.take_back(project)?;
                return Err(unmerged);
            }
            Ok(Some(complete(project, attempt, Some((name, new)), progress)?))
        }
        Arrival::TakenBack(taken) if !is_named => {
            Err(Waits::new(taken.why(&name)).hints(taken.hints(attempt.id.short(), &name)).into())
        }
        _ => Ok(None),
    }
}

/// One try with the work and the target as they are now.
fn round(project: &Project, id: &SpecId, onto: Option<&str>, progress: &dyn Progress) -> Result<Merged, Unmerged> {
    let state = finished(project, id)?;
    let attempt = &project.attempt(id, &state)?;
    let short = id.short();
    let tip = ready_tip(project, &state, attempt)?;
    let Some(tip) = tip else {
        drop(outputs::write(project, attempt)??);
        return Ok(complete(project, attempt, None, progress)?);
    };
    if let Some(waits) = modules::unpushed(project, attempt, tip)? {
        return Err(waits.into());
    }
    let Some(target) = target(attempt, onto)? else {
        return Err(Waits::new("HEAD was detached when it started, so it has no target")
            .hint(format!("to name a target: git chant merge {short} --onto <branch>"))
            .into());
    };
    if onto.is_none()
        && let Some(gone) = project.gone_target(attempt, &target)?
    {
        return Err(Waits::new(gone.why).hints(gone.hints).into());
    }
    let name = target.shorten().to_string();
    // Commands can take any time: the worktree is held only after them.
    let needed = |tried: &ComputedMerge| match &tried.computed {
        Computed::Commit(new) => verified::is_needed(project, attempt, *new, tip),
        _ => Ok(false),
    };
    let arrived = || arrived(project, attempt, &target, onto.is_some(), tip, progress);
    if let Some(merged) = arrived()? {
        return Ok(merged);
    }
    let tried = project.compute_merge(attempt, &target, tip)?;
    let verifier = if needed(&tried)? { Some(Verifier::open(project, attempt, tip, progress)?) } else { None };
    let mut held = if verifier.is_none() { hold(project, &target)? } else { None };
    // Another process may have merged while this one waited.
    let moved = branch::read(&project.repo, target.as_ref())? != tried.old;
    if moved && let Some(merged) = arrived()? {
        return Ok(merged);
    }
    let tried = if moved { project.compute_merge(attempt, &target, tip)? } else { tried };
    if verifier.is_none() && moved && needed(&tried)? {
        return Err(Unmerged::Outdated);
    }
    let ComputedMerge { old, ours, .. } = tried;
    let new = match &tried.computed {
        Computed::Commit(new) => *new,
        Computed::UpToDate if old.is_none() => tip,
        Computed::UpToDate if old != Some(ours) => ours,
        Computed::UpToDate => {
            drop(outputs::write(project, attempt)??);
            return Ok(complete(project, attempt, Some((name, ours)), progress)?);
        }
        Computed::Conflict(paths) => {
            let hints = conflict::ways_out(project, attempt, &tried, true)?;
            return Err(Waits::new(format!("it conflicts with '{}'", tried.name)).paths(paths).hints(hints).into());
        }
    };
    if let Some(verifier) = &verifier {
        if verified::is_needed(project, attempt, new, tip)?
            && let Some(waits) = verifier.check(new, ours, &name)?
        {
            verified::write_refused(project, attempt, (tip, old), &waits.why)?;
            return Err(waits.hints(conflict::ways_out(project, attempt, &tried, false)?).into());
        }
        held = hold(project, &target)?;
        if branch::read(&project.repo, target.as_ref())? != old {
            return Err(Unmerged::Outdated);
        }
    }
    refuse_changed_settings(project, attempt, progress)?;
    tell_of_shape(project, attempt, &tried, progress)?;
    // From here on nothing may stay half done: a signal ends this process afterwards.
    let signals = RefCell::new(Interrupts::listen()?);
    let interrupted = || {
        let mut signals = signals.borrow_mut();
        signals.note();
        signals.first().is_some()
    };
    let landing = Landing { old: old.map(|_| ours), new };
    let merged = move_target(project, attempt, &target, landing, old, tip, held, &interrupted, progress);
    signals.into_inner().release();
    merged
}

/// The tip of the work, where nothing about the attempt itself stands in the way; `None` where it has no commits.
fn ready_tip(project: &Project, state: &State, attempt: &Attempt) -> Result<Option<ObjectId>, Unmerged> {
    let short = attempt.id.short();
    if let Some(why) = state.contention() {
        return Err(Waits::new(why)
            .hint(format!("to see them: git chant show {short}"))
            .hint(format!("to keep one: git chant choose {short} --keep <attempt>"))
            .into());
    }
    if let Some(why) = state.to_look_at() {
        return Err(Waits::new(why)
            .hint(format!("to see the work: git chant show {short} --diff"))
            .hint(format!("to accept it: git chant accept {short} --reason \"...\""))
            .into());
    }
    let tip = work_tip(project, state, attempt)??;
    match awaited(project, state, attempt)?.or(outputs::obstacle(project, attempt, tip)?) {
        Some(waits) => Err(waits.into()),
        None => Ok(tip),
    }
}

/// Refuses to merge where what git goes by changed during the merge.
fn refuse_changed_settings(project: &Project, attempt: &Attempt, progress: &dyn Progress) -> Result<(), Unmerged> {
    let changed = seen::waiting(project, &attempt.id, attempt.start, progress)?;
    if changed.is_empty() {
        return Ok(());
    }
    let why = format!("the repository's configuration changed during the merge: {}", changed.join("; "));
    let hint = format!("to have it checked again: git chant merge {}", attempt.id.short());
    Err(Waits::new(why).hint(hint).into())
}

/// Moves the target from `old` to the new commit of `landing`, and records that the work, which ends with `tip`, is in it. `held` keeps other merges out of that worktree. What is in the way is not waited for any more once that is
/// `interrupted`.
#[expect(clippy::too_many_arguments, reason = "what a merge was computed from, and what it holds")]
fn move_target(
    project: &Project,
    attempt: &Attempt,
    target: &FullName,
    landing: Landing,
    old: Option<ObjectId>,
    tip: ObjectId,
    held: Option<WorktreeLock>,
    interrupted: &dyn Fn() -> bool,
    progress: &dyn Progress,
) -> Result<Merged, Unmerged> {
    let new = landing.new;
    // Before the merge is announced: once that is in the target, the documents are taken to be in place.
    let placed = outputs::write(project, attempt)??;
    let prepare = || -> Result<_, Unmerged> {
        announce(project, attempt, target, tip, landing)?;
        Ok(aside::take(project, attempt, target, old, new)??)
    };
    let mut aside = match prepare() {
        Ok(aside) => aside,
        Err(unmerged) => {
            placed.take_back(project)?;
            return Err(unmerged);
        }
    };
    let log = format!("chant: merge {}", attempt.id);
    let parents: Vec<_> =
        project.repo.gix().find_commit(new).map_err(Error::from)?.parent_ids().map(|id| id.detach()).collect();
    let is_merge = matches!(*parents, [ours, theirs] if Some(ours) == old && theirs == tip);
    let merged = &*attempt.branch.shorten().to_string();
    let advance = Advance { target: target.as_ref(), old, new, merged, is_merge, message: &log, sandbox: &[] };
    let advanced = advance.run(&project.repo, interrupted);
    if !matches!(advanced, Ok(Advanced::Moved(_))) {
        aside.put_back()?;
        placed.take_back(project)?;
    }
    match advanced? {
        Advanced::Moved(note) => {
            match note {
                Some(HookNote::Failed(printed)) => {
                    let why = "the post-merge hook failed";
                    check_output::write_printed(project, &attempt.id, attempt.start, why, &printed)?;
                    progress.say(&Step::Warning(format!("{why}\n{printed}").trim_end().to_owned()));
                }
                Some(HookNote::Brought(path)) => {
                    let what = "where git finds hooks or programs: look at it; no hook ran at the merge";
                    progress.say(&Step::Warning(format!("the work changes '{path}', {what}")));
                }
                None => {}
            }
            aside.drop_copy()?;
            drop(held);
            Ok(complete(project, attempt, Some((target.shorten().to_string(), new)), progress)?)
        }
        Advanced::LostRace => Err(Unmerged::Outdated),
        Advanced::Refused { paths, why, output } => {
            if !output.is_empty() {
                check_output::write_printed(project, &attempt.id, attempt.start, &why, &output)?;
                verified::write_refused(project, attempt, (tip, old), &why)?;
            }
            let hint = format!("once that is resolved: git chant merge {}", attempt.id.short());
            Err(Waits { output, ..Waits::new(why) }.paths(paths).hint(hint).into())
        }
    }
}

/// What a person has to decide about finished work before it is merged: its review, otherwise the approval of its text.
fn awaited(project: &Project, state: &State, attempt: &Attempt) -> Result<Option<Waits>> {
    let short = attempt.id.short();
    let review = project.work_review(attempt, state)?;
    if review.as_ref().is_some_and(WorkReview::is_approved) {
        return Ok(None);
    }
    if let Some((review, why)) = review.as_ref().and_then(|review| Some((review, review.obstacle()?))) {
        let waits = Waits::new(why);
        return Ok(Some(match review.standing {
            Standing::Rejected => waits.hint(format!("to start over: git chant reset {short}")),
            _ => waits
                .hint(format!("to look at it: git chant review {short}"))
                .hint(format!("then: git chant approve {short} --commit {}", review.tip.to_hex_with_len(12))),
        }));
    }
    let unapproved = Specs::new(project)?.checking_signatures().unapproved(attempt)?;
    Ok(unapproved.map(|why| Waits::new(why).hint(format!("to approve it: git chant approve {short}"))))
}

/// Whether merging the finished work of `id` now runs commands of its spec: a person may have to approve them first.
///
/// # Errors
/// If the spec is not finished, or git fails.
pub(crate) fn runs_commands(project: &Project, id: &SpecId, onto: Option<&str>) -> Result<bool, Stop> {
    let state = finished(project, id)?;
    let attempt = project.attempt(id, &state)?;
    let (Ok(Some(tip)), Some(target)) = (work_tip(project, &state, &attempt)?, target(&attempt, onto)?) else {
        return Ok(false);
    };
    match project.compute_merge(&attempt, &target, tip)?.computed {
        Computed::Commit(new) => Ok(verified::is_needed(project, &attempt, new, tip)?),
        Computed::UpToDate | Computed::Conflict(_) => Ok(false),
    }
}

/// Says where the work goes into its target without the merge commit that `chant.merge` asks for: a merge would bring commits that are not
/// the work's.
fn tell_of_shape(project: &Project, attempt: &Attempt, tried: &ComputedMerge, progress: &dyn Progress) -> Result<()> {
    if !matches!(computed_merge::how(project, attempt)?, MergeHow::Merge | MergeHow::FastForward) {
        return Ok(());
    }
    let target = &tried.name;
    let what = match tried.dropped_base {
        Some(dropped) => tried.lacks(attempt, dropped),
        None if tried.brings_others => format!("the work merges commits that '{target}' does not have"),
        None => return Ok(()),
    };
    progress.say(&Step::Note(format!("{what}; applying its changes on top of '{target}' without a merge")));
    Ok(())
}

/// Keeps other merges of ours out of the worktree that has the target checked out, or says that they take too long.
fn hold(project: &Project, target: &FullName) -> Result<Option<WorktreeLock>, Unmerged> {
    let places = worktree::checked_out_in(&project.repo, target.as_ref())?;
    let [place] = places.as_slice() else { return Ok(None) };
    match worktree::lock::lock(place, project.config().lock_timeout()?)? {
        Some(lock) => Ok(Some(lock)),
        None => Err(Waits::new(format!("another git-chant process is working in '{}'", place.path.display()))
            .hint("try again when it has finished")
            .into()),
    }
}

/// Records what is about to happen to the target, so that a crash right after it can be told from one right before it. The checks of the
/// merge took their time: where the spec is not finished with `tip` any longer, or a person has not approved it, all begins anew.
fn announce(
    project: &Project,
    attempt: &Attempt,
    target: &FullName,
    tip: ObjectId,
    landing: Landing,
) -> Result<(), Unmerged> {
    let sentence = sentence("Merging", attempt.title(), &format!("into {}", target.shorten()));
    let facts = Facts {
        attempt: Some(attempt.start),
        target: Some(target.as_bstr().to_string()),
        landing: Some(landing),
        ..Facts::default()
    };
    let fit = |state: &State| {
        state.status == Status::Finished
            && state.attempt == Some(attempt.start)
            && state.facts.work_commits.last() == Some(&tip)
            && state.unacknowledged().is_empty()
            && !state.is_contended()
            && matches!(awaited(project, state, attempt), Ok(None))
    };
    let event = NewEvent { op: Op::Land, sentence, facts };
    let appended = project.store()?.record_if(&attempt.id, event, fit).map_err(Stop::from)?;
    appended.map(drop).ok_or(Unmerged::Outdated)
}

/// Records that the work is in its target, which was read; then notes and clean-up, which may fail without harm.
fn complete(project: &Project, attempt: &Attempt, merged: Merged, progress: &dyn Progress) -> Result<Merged, Stop> {
    record_completion(project, attempt, &merged)?;
    if let Some((_, commit)) = &merged
        && !project.silent
        && let Err(error) = annotate_merge(project, attempt, *commit)
    {
        progress.say(&Step::Warning(format!("cannot write the notes: {}", error.message)));
        progress.say(&Step::Hint("to write them: git chant fsck --repair".to_owned()));
    }
    if let Err(error) = seen::forget(project, &attempt.id) {
        progress.say(&Step::Warning(error.message));
    }
    if let Err(error) = prepared::undo(project, &attempt.id) {
        progress.say(&Step::Warning(error.message));
    }
    for warning in clean_up(project, attempt)? {
        progress.say(&Step::Warning(warning));
    }
    Ok(merged)
}

/// Appends the `complete` event, unless the spec is completed already.
fn record_completion(project: &Project, attempt: &Attempt, merged: &Merged) -> Result<(), Stop> {
    let title = attempt.title();
    let sentence = match merged {
        Some((target, _)) => sentence("Completed", title, &format!("merged into {target}")),
        None => sentence("Completed", title, "nothing to merge"),
    };
    let state = project.store()?.state(&attempt.id)?;
    let verified = state.map(|state| project.level(&attempt.id, &state)).transpose()?.flatten();
    let facts = Facts { attempt: Some(attempt.start), verified, ..Facts::default() };
    let event = NewEvent { op: Op::Complete, sentence, facts };
    project.store()?.record_if(&attempt.id, event, |state| state.status != Status::Completed)?;
    Ok(())
}

/// What the merge made is a product of the work, too.
fn annotate_merge(project: &Project, attempt: &Attempt, commit: ObjectId) -> Result<()> {
    let Some(state) = project.store()?.state(&attempt.id)? else { return Ok(()) };
    // The commits of the work have theirs, unless the process that finished it died before it wrote them.
    let mut commits = state.facts.work_commits.clone();
    if state.facts.landing.is_some_and(|landing| landing.new == commit) {
        let made = project.landed_commits(&state)?;
        commits.extend(made.into_iter().filter(|made| !state.facts.work_commits.contains(made)));
    }
    project.store()?.annotate(&attempt.id, &commits).map(drop)
}
