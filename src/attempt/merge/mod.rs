//! The use case `merge`: bring finished work into its target, and say so only after the target was read.
//!
//! compute the merge in the object database → `land` event (target, its old and new id) → move the target → read it →
//! `complete` event → notes → clean-up. A crash anywhere in between is healed by finding the announced id in the target.

mod aside;
mod conflict;
mod outputs;
mod verified;

use gix::{ObjectId, refs::FullName};

pub(crate) use aside::{LeftAside, left_aside, recover_all};
pub(crate) use conflict::{Conflict, conflict};

use verified::Verifier;

use crate::{
    answer::progress::{Progress, Step},
    config::MergeHow,
    domain::{
        event::{Facts, Landing, Op},
        id::SpecId,
        new_event::NewEvent,
        spec_type::SpecType,
        state::State,
        status::Status,
    },
    error::{Error, Result},
    git::{
        advance::{self, Advanced},
        branch,
        merge::{self, Computed},
        reference::branch_name,
        worktree::{self, lock::WorktreeLock},
    },
    project::Project,
    specs::{attempt::Attempt, cleanup::clean_up, driver::settle_driver},
    store::Decision,
};

/// How often a merge is computed anew because the target moved meanwhile.
const MAX_ROUNDS: usize = 50;

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Landed {
    /// The work is in the target, or there was nothing to merge.
    Completed {
        /// The short name of the target and the commit that holds the work there; `None` if there was nothing to merge.
        merged: Option<(String, ObjectId)>,
    },
    /// It stays finished.
    Waits {
        /// Why, in words.
        why: String,
        /// The paths that it is about.
        paths: Vec<String>,
        /// The way out.
        hints: Vec<String>,
    },
}

impl Landed {
    fn waits(why: impl Into<String>) -> Landed {
        Landed::Waits { why: why.into(), paths: Vec::new(), hints: Vec::new() }
    }

    fn hint(self, hint: impl Into<String>) -> Landed {
        match self {
            Landed::Waits { why, paths, mut hints } => {
                hints.push(hint.into());
                Landed::Waits { why, paths, hints }
            }
            completed => completed,
        }
    }
}

/// Merges the finished work of `id`, `onto` another branch than the one that it was started for if that is given.
///
/// # Errors
/// If the spec is not finished, or git fails. Whatever stands in the way of the merge itself is [`Landed::Waits`].
pub(crate) fn land(project: &Project, id: &SpecId, onto: Option<&str>, progress: &dyn Progress) -> Result<Landed> {
    for _ in 0..MAX_ROUNDS {
        let state = finished(project, id)?;
        let attempt = project.attempt(id, &state)?;
        let short = id.short();
        if !state.unacknowledged().is_empty() {
            let mut waits =
                Landed::waits(format!("the agent changed more than its work: {}", state.unacknowledged().join("; ")));
            waits = waits.hint(format!("look at it, then: git chant ack {short} --reason \"...\""));
            return Ok(waits);
        }
        let tip = match work_tip(project, &state, &attempt)? {
            Ok(tip) => tip,
            Err(waits) => return Ok(waits),
        };
        if project.silent
            && let Some(waits) = outputs::place(project, &state, &attempt, tip)?
        {
            return Ok(waits);
        }
        let Some(tip) = tip else { return complete(project, &attempt, None, progress) };
        let Some(target) = target(&attempt, onto)? else {
            return Ok(Landed::waits("HEAD was detached when it started, so it has no target")
                .hint(format!("say where it goes: git chant merge {short} --onto <branch>")));
        };
        match round(project, &attempt, &target, tip, progress)? {
            Some(landed) => return Ok(landed),
            None => continue,
        }
    }
    Ok(Landed::waits("its target kept moving").hint(format!("try again: git chant merge {}", id.short())))
}

/// One try against the target as it is now; `None` if it moved meanwhile.
fn round(
    project: &Project,
    attempt: &Attempt,
    target: &FullName,
    tip: ObjectId,
    progress: &dyn Progress,
) -> Result<Option<Landed>> {
    let name = target.shorten().to_string();
    let mut verifier = Verifier::open(project, attempt)?;
    // Commands can take any time: the worktree is held only after them.
    let mut held = None;
    if verifier.is_none() {
        held = match hold(project, target)? {
            Ok(held) => held,
            Err(waits) => return Ok(Some(waits)),
        };
    }
    let Tried { old, ours, computed } = compute(project, attempt, target, tip)?;
    let new = match computed {
        Computed::Commit(new) => new,
        Computed::UpToDate if old.is_none() => tip,
        Computed::UpToDate => return complete(project, attempt, Some((name, ours)), progress).map(Some),
        Computed::Conflict(paths) => {
            let paths = paths.iter().map(ToString::to_string).collect();
            let why = format!("it conflicts with '{name}'");
            let hints = conflict::ways_out(project, attempt, &name, true)?;
            return Ok(Some(Landed::Waits { why, paths, hints }));
        }
    };
    if let Some(verifier) = &mut verifier {
        if let Some(waits) = verifier.check(new, tip, &name, progress)? {
            let hints = conflict::ways_out(project, attempt, &name, false)?;
            return Ok(Some(hints.into_iter().fold(waits, Landed::hint)));
        }
        held = match hold(project, target)? {
            Ok(held) => held,
            Err(waits) => return Ok(Some(waits)),
        };
        if branch::read(&project.repo, target.as_ref())? != old {
            return Ok(None);
        }
    }
    announce(project, attempt, target, Landing { old, new })?;
    let mut aside = match aside::take(project, attempt, target, ours, new)? {
        Ok(aside) => aside,
        Err(waits) => return Ok(Some(waits)),
    };
    let advanced = advance::advance(&project.repo, target.as_ref(), old, new, &format!("chant: merge {}", attempt.id));
    match advanced {
        Ok(Advanced::Moved) => {
            aside.drop_copy()?;
            drop(held);
            complete(project, attempt, Some((name, new)), progress).map(Some)
        }
        Ok(Advanced::LostRace) => {
            aside.put_back()?;
            Ok(None)
        }
        Ok(Advanced::Refused { paths, why }) => {
            aside.put_back()?;
            let paths = paths.iter().map(ToString::to_string).collect();
            Ok(Some(
                Landed::Waits { why, paths, hints: Vec::new() }
                    .hint(format!("when that is out of the way: git chant merge {}", attempt.id.short())),
            ))
        }
        Err(error) => {
            aside.put_back()?;
            Err(error)
        }
    }
}

/// A merge that was computed, and what for.
struct Tried {
    /// What the target held; `None` if it does not exist.
    old: Option<ObjectId>,
    /// What was merged into: that, or where a new branch begins.
    ours: ObjectId,
    computed: Computed,
}

/// Computes the merge into the target as it is now.
fn compute(project: &Project, attempt: &Attempt, target: &FullName, tip: ObjectId) -> Result<Tried> {
    let old = branch::read(&project.repo, target.as_ref())?;
    // A branch that is not there yet begins where the work began.
    let ours = old.or(attempt.base).unwrap_or(tip);
    let message = message(project, attempt);
    let how = how(project, attempt)?;
    let request = merge::Request { ours, theirs: tip, since: attempt.base, message: &message, how };
    // Somebody may have committed the spec file while it was worked: then both sides have it from the text that was pinned.
    let origin = merge::Origin { path: &attempt.spec_path, blob: attempt.blob };
    let computed = merge::compute(&project.repo, &request, (!project.silent).then_some(origin))?;
    Ok(Tried { old, ours, computed })
}

/// Keeps other merges of ours out of the worktree that has the target checked out, or says that they take too long.
fn hold(project: &Project, target: &FullName) -> Result<Result<Option<WorktreeLock>, Landed>> {
    let places = worktree::checked_out_in(&project.repo, target.as_ref())?;
    let [place] = places.as_slice() else { return Ok(Ok(None)) };
    Ok(match worktree::lock::lock(place, project.config().lock_timeout()?)? {
        Some(lock) => Ok(Some(lock)),
        None => Err(Landed::Waits {
            why: format!("another git chant is at work in '{}'", place.path.display()),
            paths: Vec::new(),
            hints: vec!["try again when it is done".to_owned()],
        }),
    })
}

fn finished(project: &Project, id: &SpecId) -> Result<State> {
    let short = id.short();
    let state = project
        .store()?
        .state(id)?
        .ok_or_else(|| Error::negative("not-allowed", format!("cannot merge '{short}': nobody has worked on it")))?;
    if state.status == Status::Finished {
        return Ok(state);
    }
    let error = Error::negative(
        "not-allowed",
        format!("cannot merge '{short}': it is {}", state.status.as_str().replace('_', " ")),
    );
    Err(match state.status {
        Status::Failed => error.hint(format!("to check it again without the agent: git chant finish {short}")),
        Status::Pending => error.hint(format!("git chant work {short}")),
        _ => error,
    })
}

/// Whether the work branch is no longer what was checked: somebody resolved a conflict in it, say. Then it has to be checked again
/// before it can be merged.
pub(crate) fn has_moved(project: &Project, state: &State, attempt: &Attempt) -> Result<bool> {
    let recorded = state.facts.work_commits.last().copied().or(attempt.base);
    let now = branch::read(&project.repo, attempt.branch.as_ref())?;
    Ok(attempt.base.is_some() && now.is_some() && now != recorded)
}

/// The commit that holds the finished work: what was recorded, as long as the branch still agrees. `None`: there is nothing.
fn work_tip(project: &Project, state: &State, attempt: &Attempt) -> Result<Result<Option<ObjectId>, Landed>> {
    if has_moved(project, state, attempt)? {
        let waits = Landed::waits(format!("its branch '{}' moved since it was checked", attempt.branch.shorten()));
        return Ok(Err(waits.hint(format!("to check it again and merge it: git chant merge {}", attempt.id.short()))));
    }
    Ok(Ok(state.facts.work_commits.last().copied()))
}

fn target(attempt: &Attempt, onto: Option<&str>) -> Result<Option<FullName>> {
    let name = match (onto, attempt.target.as_deref()) {
        (Some(onto), _) => onto,
        (None, Some(target)) => target,
        (None, None) => return Ok(None),
    };
    branch_name(name.strip_prefix("refs/heads/").unwrap_or(name)).map(Some)
}

fn how(project: &Project, attempt: &Attempt) -> Result<MergeHow> {
    if attempt.spec.front.kind == SpecType::Research {
        project.config().merge_research()
    } else {
        project.config().merge()
    }
}

fn message(project: &Project, attempt: &Attempt) -> String {
    if project.silent {
        return format!("{}\n", attempt.title());
    }
    format!("Merge spec {}: {}\n\nChant-Spec: {}\n", attempt.id.short(), attempt.title(), attempt.id)
}

/// Records what is about to happen to the target, so that a crash right after it can be told from one right before it.
fn announce(project: &Project, attempt: &Attempt, target: &FullName, landing: Landing) -> Result<()> {
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
        .map_err(|refusal| refusal.into_error(attempt.id.short()))?;
    if appended.late {
        return Err(Error::negative(
            "superseded",
            format!("the attempt on '{}' was given up meanwhile", attempt.id.short()),
        ));
    }
    Ok(())
}

/// Records that the work is in its target, which was read; then notes and clean-up, which may fail without harm.
fn complete(
    project: &Project,
    attempt: &Attempt,
    merged: Option<(String, ObjectId)>,
    progress: &dyn Progress,
) -> Result<Landed> {
    record_completion(project, &attempt.id, attempt.start, attempt.title(), merged.as_ref())?;
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
    Ok(Landed::Completed { merged })
}

/// Appends the `complete` event, unless somebody else has.
pub(crate) fn record_completion(
    project: &Project,
    id: &SpecId,
    attempt: ObjectId,
    title: &str,
    merged: Option<&(String, ObjectId)>,
) -> Result<()> {
    let sentence = match merged {
        Some((target, _)) => format!("{title} is in {target}"),
        None => format!("{title} is completed: there was nothing to merge"),
    };
    let appended = project.store()?.append_if(id, |state| {
        if state.is_some_and(|state| state.status == Status::Completed) {
            return Ok(Decision::Skip);
        }
        let facts = Facts { attempt: Some(attempt), ..Facts::default() };
        Ok(Decision::Append(NewEvent { op: Op::Complete, sentence: sentence.clone(), facts }))
    });
    match appended.map_err(|refusal| refusal.into_error(id.short()))? {
        Some(_) => settle_driver(project, id),
        None => Ok(()),
    }
}

/// What the merge made is a product of the work, too.
fn annotate_merge(project: &Project, attempt: &Attempt, commit: ObjectId) -> Result<()> {
    let Some(state) = project.store()?.state(&attempt.id)? else { return Ok(()) };
    // Those of the work have theirs, unless whoever finished it died before it had written them.
    let mut commits = state.facts.work_commits.clone();
    if state.facts.landing.is_some_and(|landing| landing.new == commit) {
        let made = project.landed_commits(&state)?;
        commits.extend(made.into_iter().filter(|made| !state.facts.work_commits.contains(made)));
    }
    project.store()?.annotate(&attempt.id, &commits).map(drop)
}
