//! A person ends an attempt: reset, release, cancel, fail; or keeps one of several and ends the others. How an attempt ends by itself
//! is in `finish` and `merge`.

use gix::ObjectId;

use crate::{
    agent::lease::Life,
    answer::progress::{Progress, Step},
    attempt::{earlier, recover, seen},
    domain::{
        event::{Facts, Op},
        id::SpecId,
        new_event::{NewEvent, sentence},
        state::State,
        status::Status,
        stop::StopKind,
    },
    error::{Error, Kind, Result},
    project::{Project, target::short_name},
    specs::{
        all::Specs,
        cleanup::{clean_up, remove_worktree},
        driver::complete_driver,
        entry::Entry,
        facts::StateFacts,
    },
};

/// Ends the deciding attempt of a spec by `op`, with everything that it did kept.
///
/// After a reset, release or cancel its worktree and branch are removed; after a failure they stay, to be looked at or finished by
/// hand.
///
/// `stopped` is the kind of reason that an agent had. Returns the event's sentence.
///
/// # Errors
/// `running` if its agent runs in this clone: it has to be stopped where it runs.
pub(crate) fn end(
    project: &Project,
    id: &SpecId,
    op: &Op,
    (reason, stopped): (Option<&str>, Option<StopKind>),
    progress: &dyn Progress,
) -> Result<String> {
    let specs = Specs::new(project)?;
    let entry = specs.entry(id)?;
    let before = entry.state.as_deref();
    recover::end_survivors_of(project, id, before, progress)?;
    refuse_running(project, id, before)?;
    if *op == Op::Reset {
        refuse_superseded(&specs, id)?;
    }
    let what = ended(&entry, op, reason);
    let mut kept = None;
    let facts = Facts { reason: reason.map(str::to_owned), stopped, ..Facts::default() };
    if let Some(attempt) = before.and_then(|state| state.attempt)
        && let Some(tree) = project.worktree_of(id)?
    {
        // A worktree that another process is removing cannot be read.
        let _held = project.lock_worktree(id)?;
        kept = project.save_worktree(id, attempt, &tree)?.map(|kept| (attempt, kept));
    }
    let event = NewEvent { op: op.clone(), sentence: what.clone(), facts };
    let judged = before.and_then(|state| state.attempt);
    if let Some(attempt) = judged {
        seen::remember_loss(project, id, attempt)?;
    }
    project.store()?.append(id, |state| {
        if state.and_then(|state| state.attempt) == judged {
            return Ok(event.clone());
        }
        let message = format!("another process just started an attempt at '{}'", id.short());
        Err(Error::negative(Kind::Overtaken, message).hint(format!("to see it: git chant show {}", id.short())))
    })?;
    if let (Some(state), Op::Reset) = (before, op) {
        tell_of_merge(&specs, id, state, progress)?;
    }
    if let (Some(state), Op::Reset | Op::Release | Op::Cancel) = (before, op) {
        clear(project, id, state, progress)?;
        if let Some((attempt, kept)) = kept {
            project.tell_of_kept(id, attempt, kept, progress)?;
        }
    }
    if let (Some(state), Some(attempt)) = (before, judged) {
        tell_of_other_clone(project, id, state, attempt, progress)?;
    }
    complete_driver(project, id)?;
    Ok(what)
}

/// Refuses to make a spec pending that another one has replaced: both would write the documents of one phase.
fn refuse_superseded(specs: &Specs<'_>, id: &SpecId) -> Result<()> {
    let by = specs.successor(id, id)?;
    if by == *id {
        return Ok(());
    }
    let (short, by) = (id.short(), by.short());
    Err(Error::negative(Kind::NotAllowed, format!("cannot reset '{short}': '{by}' superseded it"))
        .hint(format!("to see that one: git chant show {by}"))
        .hint(format!("if '{short}' is to count again: git chant cancel {by} -m \"...\"")))
}

/// Says that a run in another clone goes on until it hears of its end.
fn tell_of_other_clone(
    project: &Project,
    id: &SpecId,
    state: &State,
    attempt: ObjectId,
    progress: &dyn Progress,
) -> Result<()> {
    let Some(holder) = project.holder(id, attempt)? else { return Ok(()) };
    if state.status == Status::InProgress && !project.is_holder(id, attempt)? {
        let (who, short) = (&holder.author.name, id.short());
        progress.say(&Step::Warning(format!("{who} may still be working on '{short}' in another clone")));
        progress.say(&Step::Hint("to tell that clone, here and then there: git chant sync".to_owned()));
    }
    Ok(())
}

/// Says that the work of a completed spec stays in its target.
fn tell_of_merge(specs: &Specs<'_>, id: &SpecId, state: &State, progress: &dyn Progress) -> Result<()> {
    let (Some(target), Some(landing)) = (&state.facts.target, &state.facts.landing) else { return Ok(()) };
    if state.status != Status::Completed || specs.is_dropped(id, &StateFacts::of(state))? {
        return Ok(());
    }
    let (branch, new) = (short_name(target), landing.new.to_hex_with_len(12));
    progress.say(&Step::Note(format!("its merge {new} stays in '{branch}'")));
    if let Some(how) = earlier::revert(specs.project, *landing)? {
        progress.say(&Step::Hint(format!("to take it back on '{branch}': git revert {how}")));
    }
    Ok(())
}

/// Refuses while a process of this clone works on the spec.
pub(crate) fn refuse_running(project: &Project, id: &SpecId, state: Option<&State>) -> Result<()> {
    let Some(attempt) = state.and_then(|state| state.attempt) else { return Ok(()) };
    match project.life(attempt)? {
        Life::Running(info) => {
            let since = crate::specs::view::rfc3339(info.started_at, 0);
            Err(Error::negative(
                Kind::Running,
                format!("process {} has been working on '{}' since {since}", info.pid, id.short()),
            )
            .hint(format!("to stop it and keep its work: git chant pause {}", id.short())))
        }
        Life::Dead(_) | Life::Unknown(_) => Ok(()),
    }
}

fn clear(project: &Project, id: &SpecId, state: &State, progress: &dyn Progress) -> Result<()> {
    let warnings = match project.attempt(id, state) {
        Ok(attempt) => clean_up(project, &attempt)?,
        // Nothing was started, or its text is lost: then there is at most a worktree, and that was kept.
        Err(_) => match project.worktree_of(id)? {
            Some(tree) => remove_worktree(project, &tree)?.into_iter().collect(),
            None => Vec::new(),
        },
    };
    for warning in warnings {
        progress.say(&Step::Warning(warning));
    }
    Ok(())
}

/// The sentence of an event that ends the attempts of a spec.
fn ended(entry: &Entry, op: &Op, reason: Option<&str>) -> String {
    let verb = match op {
        Op::Reset => "Reset",
        Op::Release => "Released",
        Op::Cancel => "Cancelled",
        Op::Fail => "Failed",
        other => return other.as_str().to_owned(),
    };
    sentence(verb, entry.title(), reason.unwrap_or_default())
}

/// What became of a contended spec.
pub(crate) struct Resolved {
    /// The event's sentence.
    pub sentence: String,
    /// Merges of attempts that were not kept and that their targets have.
    pub left: Vec<LeftMerge>,
}

/// A merge of an attempt that was not kept.
pub(crate) struct LeftMerge {
    /// In words.
    pub what: String,
    /// How a person takes it out again, if there is a way.
    pub way_out: Option<String>,
}

/// Keeps the one attempt of a contended spec whose id begins with `prefix`.
///
/// # Errors
/// `not-contended` if at most one attempt claims the spec, `unknown-attempt` if the prefix does not name exactly one.
pub(crate) fn resolve(project: &Project, id: &SpecId, prefix: &str, reason: Option<&str>) -> Result<Resolved> {
    let short = id.short();
    let mut resolved = String::new();
    let mut dropped = Vec::new();
    project.store()?.append(id, |state| {
        let state = state.filter(|state| state.is_contended()).ok_or_else(|| {
            let message = format!("nothing to resolve: at most one attempt claims '{short}'");
            Error::negative(Kind::NotContended, message)
        })?;
        let keep = kept(state, prefix)?;
        resolved = sentence("Resolved", short, &format!("kept the attempt {}", keep.to_hex_with_len(12)));
        dropped = state.open.iter().copied().filter(|attempt| *attempt != keep).collect();
        let facts = Facts { supersedes: dropped.clone(), reason: reason.map(str::to_owned), ..Facts::default() };
        Ok(NewEvent { op: Op::Resolve, sentence: resolved.clone(), facts })
    })?;
    Ok(Resolved { sentence: resolved, left: left_merges(project, id, &dropped)? })
}

/// The merges of these attempts that their targets have.
fn left_merges(project: &Project, id: &SpecId, attempts: &[ObjectId]) -> Result<Vec<LeftMerge>> {
    let store = project.store()?;
    let Some(tip) = store.tip(id)? else { return Ok(Vec::new()) };
    let history = store.walk(id, tip)?.history;
    let mut left = Vec::new();
    for attempt in attempts {
        let landed = history.events().iter().rev().filter(|event| event.attempt() == *attempt);
        let landed = landed.filter_map(|event| event.facts.landing.zip(event.facts.target.as_deref())).next();
        let Some((landing, target)) = landed else { continue };
        let Some(now) = project.branch_tip(target)? else { continue };
        if !project.is_ancestor(landing.new, now)? {
            continue;
        }
        let (name, merge) = (short_name(target), landing.new.to_hex_with_len(12));
        let what = format!("'{name}' still has the merge {merge} of the attempt {}", attempt.to_hex_with_len(12));
        let branch = shell_words::quote(name).into_owned();
        let way_out = earlier::revert(project, landing)?
            .map(|how| format!("if its changes are not wanted: git switch {branch} && git revert {how}"));
        left.push(LeftMerge { what, way_out });
    }
    Ok(left)
}

fn kept(state: &State, prefix: &str) -> Result<ObjectId> {
    let matching = |attempt: &&ObjectId| !prefix.is_empty() && attempt.to_string().starts_with(prefix);
    let mut matching = state.open.iter().filter(matching);
    if let (Some(one), None) = (matching.next(), matching.next()) {
        return Ok(*one);
    }
    let mut error = Error::usage(Kind::UnknownAttempt, format!("'{}' matches no attempt", prefix.escape_debug()));
    error.hints = state.open.iter().map(|attempt| format!("one of them is {}", attempt.to_hex_with_len(12))).collect();
    Err(error)
}
