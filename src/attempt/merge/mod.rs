//! Merges finished work into its target. The spec is completed only after the target was read.
//!
//! compute the merge in the object database → `land` event (target, its old and new id) → move the target → read it →
//! `complete` event → notes → clean-up. A crash anywhere in between is healed by finding the announced id in the target.

mod aside;
mod compute;
mod conflict;
mod outputs;
mod verified;

use gix::{ObjectId, refs::FullName};

pub(crate) use aside::{LeftAside, left_aside, recover_all};
pub(crate) use compute::has_moved;
pub(crate) use conflict::{Conflict, conflict};

use compute::{Tried, compute, finished, target, work_tip};
use verified::Verifier;

use crate::{
    answer::progress::{Progress, Step},
    attempt::ended::{Merged, Stop, Waits},
    domain::{
        event::{Facts, Landing, Op},
        id::SpecId,
        new_event::NewEvent,
        status::Status,
    },
    error::{Error, Kind, Result},
    git::{
        advance::{self, Advanced},
        branch,
        merge::Computed,
        worktree::{self, lock::WorktreeLock},
    },
    project::Project,
    specs::{attempt::Attempt, cleanup::clean_up, driver::settle_driver},
    store::Decision,
};

/// How often a merge is computed anew because another process moved the target.
const MAX_ROUNDS: usize = 50;

/// Merges the finished work of `id`, `onto` another branch than the one that it was started for if that is given.
///
/// # Errors
/// If the spec is not finished, or git fails. What stands in the way of the merge itself is [`Waits`].
pub(crate) fn land(
    project: &Project,
    id: &SpecId,
    onto: Option<&str>,
    progress: &dyn Progress,
) -> Result<Result<Merged, Waits>, Stop> {
    for _ in 0..MAX_ROUNDS {
        let state = finished(project, id)?;
        let attempt = project.attempt(id, &state)?;
        let short = id.short();
        if !state.unacknowledged().is_empty() {
            let waits =
                Waits::new(format!("the agent changed more than its work: {}", state.unacknowledged().join("; ")));
            return Ok(Err(waits.hint(format!("look at it, then: git chant ack {short} --reason \"...\""))));
        }
        let tip = match work_tip(project, &state, &attempt)? {
            Ok(tip) => tip,
            Err(waits) => return Ok(Err(waits)),
        };
        if project.silent
            && let Some(waits) = outputs::place(project, &state, &attempt, tip)?
        {
            return Ok(Err(waits));
        }
        let Some(tip) = tip else { return complete(project, &attempt, None, progress).map(Ok) };
        let Some(target) = target(&attempt, onto)? else {
            return Ok(Err(Waits::new("HEAD was detached when it started, so it has no target")
                .hint(format!("say where it goes: git chant merge {short} --onto <branch>"))));
        };
        match round(project, &attempt, &target, tip, progress)? {
            Some(landed) => return Ok(landed),
            None => continue,
        }
    }
    Ok(Err(Waits::new("its target kept moving").hint(format!("try again: git chant merge {}", id.short()))))
}

/// One try against the target as it is now; `None` if another process moved the target.
fn round(
    project: &Project,
    attempt: &Attempt,
    target: &FullName,
    tip: ObjectId,
    progress: &dyn Progress,
) -> Result<Option<Result<Merged, Waits>>, Stop> {
    let name = target.shorten().to_string();
    let mut verifier = Verifier::open(project, attempt)?;
    // Commands can take any time: the worktree is held only after them.
    let mut held = None;
    if verifier.is_none() {
        held = match hold(project, target)? {
            Ok(held) => held,
            Err(waits) => return Ok(Some(Err(waits))),
        };
    }
    let Tried { old, ours, computed } = compute(project, attempt, target, tip)?;
    let new = match computed {
        Computed::Commit(new) => new,
        Computed::UpToDate if old.is_none() => tip,
        Computed::UpToDate => {
            return complete(project, attempt, Some((name, ours)), progress).map(|merged| Some(Ok(merged)));
        }
        Computed::Conflict(paths) => {
            let paths = paths.iter().map(ToString::to_string).collect();
            let why = format!("it conflicts with '{name}'");
            let hints = conflict::ways_out(project, attempt, &name, true)?;
            return Ok(Some(Err(Waits { why, paths, hints })));
        }
    };
    if let Some(verifier) = &mut verifier {
        if let Some(waits) = verifier.check(new, tip, &name, progress)? {
            let hints = conflict::ways_out(project, attempt, &name, false)?;
            return Ok(Some(Err(hints.into_iter().fold(waits, Waits::hint))));
        }
        held = match hold(project, target)? {
            Ok(held) => held,
            Err(waits) => return Ok(Some(Err(waits))),
        };
        if branch::read(&project.repo, target.as_ref())? != old {
            return Ok(None);
        }
    }
    announce(project, attempt, target, Landing { old, new })?;
    let mut aside = match aside::take(project, attempt, target, ours, new)? {
        Ok(aside) => aside,
        Err(waits) => return Ok(Some(Err(waits))),
    };
    let advanced = advance::advance(&project.repo, target.as_ref(), old, new, &format!("chant: merge {}", attempt.id));
    match advanced {
        Ok(Advanced::Moved) => {
            aside.drop_copy()?;
            drop(held);
            complete(project, attempt, Some((name, new)), progress).map(|merged| Some(Ok(merged)))
        }
        Ok(Advanced::LostRace) => {
            aside.put_back()?;
            Ok(None)
        }
        Ok(Advanced::Refused { paths, why }) => {
            aside.put_back()?;
            let paths = paths.iter().map(ToString::to_string).collect();
            let hints = vec![format!("when that is out of the way: git chant merge {}", attempt.id.short())];
            Ok(Some(Err(Waits { why, paths, hints })))
        }
        Err(error) => {
            aside.put_back()?;
            Err(error.into())
        }
    }
}

/// Keeps other merges of ours out of the worktree that has the target checked out, or says that they take too long.
fn hold(project: &Project, target: &FullName) -> Result<Result<Option<WorktreeLock>, Waits>> {
    let places = worktree::checked_out_in(&project.repo, target.as_ref())?;
    let [place] = places.as_slice() else { return Ok(Ok(None)) };
    Ok(match worktree::lock::lock(place, project.config().lock_timeout()?)? {
        Some(lock) => Ok(Some(lock)),
        None => Err(Waits {
            why: format!("another git chant is at work in '{}'", place.path.display()),
            paths: Vec::new(),
            hints: vec!["try again when it is done".to_owned()],
        }),
    })
}

/// Records what is about to happen to the target, so that a crash right after it can be told from one right before it.
fn announce(project: &Project, attempt: &Attempt, target: &FullName, landing: Landing) -> Result<(), Stop> {
    let sentence = format!("{} goes into {}", attempt.title(), target.shorten());
    let facts = Facts {
        attempt: Some(attempt.start),
        target: Some(target.as_bstr().to_string()),
        landing: Some(landing),
        ..Facts::default()
    };
    let appended = project
        .store()?
        .append(&attempt.id, |_| Ok(NewEvent { op: Op::Land, sentence: sentence.clone(), facts: facts.clone() }))
        .map_err(|refusal| Stop::refused(refusal, attempt.id.short()))?;
    if appended.late {
        let message = format!("the attempt on '{}' was given up meanwhile", attempt.id.short());
        return Err(Stop::Taken(Error::negative(Kind::Superseded, message)));
    }
    Ok(())
}

/// Records that the work is in its target, which was read; then notes and clean-up, which may fail without harm.
fn complete(project: &Project, attempt: &Attempt, merged: Merged, progress: &dyn Progress) -> Result<Merged, Stop> {
    record_completion(project, attempt, &merged)?;
    if let Some((_, commit)) = &merged
        && !project.silent
        && let Err(error) = annotate_merge(project, attempt, *commit)
    {
        progress.say(&Step::Warning(format!("the notes could not be written: {}", error.message)));
        progress.say(&Step::Hint("git chant fsck --repair writes them".to_owned()));
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
        Some((target, _)) => format!("{title} is in {target}"),
        None => format!("{title} is completed: there was nothing to merge"),
    };
    let appended = project.store()?.append_if(&attempt.id, |state| {
        if state.is_some_and(|state| state.status == Status::Completed) {
            return Ok(Decision::Skip);
        }
        let facts = Facts { attempt: Some(attempt.start), ..Facts::default() };
        Ok(Decision::Append(NewEvent { op: Op::Complete, sentence: sentence.clone(), facts }))
    });
    match appended.map_err(|refusal| Stop::refused(refusal, attempt.id.short()))? {
        Some(_) => Ok(settle_driver(project, &attempt.id)?),
        None => Ok(()),
    }
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
