//! Pauses an attempt where it is, with everything that it did in its worktree, and hands a paused one to a person. Resuming one is
//! planned in `resume`.

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use gix::{ObjectId, bstr::ByteSlice};

use crate::{
    agent::{
        lease::{Life, Survivors, end_survivors},
        process::GRACE,
    },
    answer::{
        AttemptProgress,
        progress::{Progress, Step},
    },
    attempt::{ended::TAKEN_OVER, recover, resume, session, track, worktree},
    domain::{
        enumeration::enumerate,
        event::{Facts, Op},
        id::SpecId,
        new_event::{NewEvent, sentence},
        state::State,
        status::Status,
    },
    error::{Error, Kind, Result},
    git::work_file::{self, FileKind},
    project::{Project, SPECS_DIR, agent::MANUAL},
    specs::{all::Specs, entry::Entry, inputs::MAX_INPUT_LEN},
};

/// Where documents are.
const DOCUMENTS: &str = ".chant";

/// How deep they are looked for.
const MAX_DEPTH: usize = 8;

/// How long the process that runs the agent may take to see that the agent is gone.
const SETTLE: Duration = Duration::from_secs(10);

/// How long an agent that is talked to may take to end its turn.
const FAREWELL: Duration = Duration::from_secs(5);

/// How often it is looked whether that has happened.
const LOOK: Duration = Duration::from_millis(20);

/// Pauses the attempt at a spec. Returns the event's sentence.
///
/// # Errors
/// `not-allowed` if the spec is not in progress, `elsewhere` if it is in another clone, `survivor` if the agent cannot be ended.
pub(crate) fn pause(project: &Project, id: &SpecId, reason: Option<&str>, progress: &dyn Progress) -> Result<String> {
    let settled = recover::settle_dead(project, id, progress)?;
    let entry = Specs::new(project)?.entry(id)?;
    // A run that was dead is paused by having been found so.
    if settled && entry.status == Status::Paused {
        return Ok(sentence("Paused", entry.title(), ""));
    }
    if let Some(event) = project.held_up(id)? {
        return stay(project, &entry, event.attempt(), reason);
    }
    stop(project, &entry, reason, progress)
}

/// Records that a paused attempt stays so: the process that would resume it after a while hears of that. Returns the event's sentence.
fn stay(project: &Project, entry: &Entry, attempt: ObjectId, reason: Option<&str>) -> Result<String> {
    let paused = |state: &State| state.status == Status::Paused && state.attempt == Some(attempt);
    let (sentence, event) = paused_by(entry, attempt, reason);
    match project.store()?.record_if(&entry.id, event, paused)? {
        Some(_) => Ok(sentence),
        None => Err(Error::negative(Kind::Moved, format!("another process resumed '{}'", entry.id.short()))
            .hint(format!("to pause it: git chant pause {}", entry.id.short()))),
    }
}

/// The event by which a person pauses an attempt, with its sentence.
fn paused_by(entry: &Entry, attempt: ObjectId, reason: Option<&str>) -> (String, NewEvent) {
    let sentence = sentence("Paused", entry.title(), reason.unwrap_or_default());
    let facts = Facts { attempt: Some(attempt), reason: reason.map(str::to_owned), ..Facts::default() };
    (sentence.clone(), NewEvent { op: Op::Pause, sentence, facts })
}

/// Records that an attempt is paused, then ends its agent here. Returns the event's sentence.
///
/// The pause is recorded first, so that the process that runs the agent knows why it ended. A check that runs now runs to its end.
fn stop(project: &Project, entry: &Entry, reason: Option<&str>, progress: &dyn Progress) -> Result<String> {
    let id = &entry.id;
    let attempt = running(project, entry)?;
    let (sentence, event) = paused_by(entry, attempt, reason);
    project.store()?.record(id, event)?;
    end_agent(project, id, attempt, progress)?;
    if let Some(tree) = project.worktree_of(id)? {
        let _kept = project.save_worktree(id, attempt, &tree)?;
    }
    for what in staying(project, id, attempt)? {
        progress.say(&Step::Note(what));
    }
    Ok(sentence)
}

/// What of a paused attempt no exchange brings to another clone, in sentences.
///
/// # Errors
/// If the worktree or the configuration cannot be read.
pub(super) fn staying(project: &Project, id: &SpecId, attempt: ObjectId) -> Result<Vec<String>> {
    let Some(tree) = project.worktree_of(id)?.filter(|tree| tree.path.is_dir()) else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    let own = attempt.to_string();
    let kept = project.store()?.kept_attempts(id)?.into_iter().find(|(name, _)| *name == own);
    let uncommitted =
        kept.is_some_and(|(_, kept)| project.below_snapshot(attempt, kept).is_ok_and(|below| below.is_some()));
    if uncommitted && !project.config().push_branches()? {
        found.push("uncommitted changes stay in this clone (chant.pushBranches is false)".to_owned());
    }
    if project.silent {
        let documents = own_documents(project, &tree.path);
        let verb = if documents.len() == 1 { "stays" } else { "stay" };
        found.extend((!documents.is_empty()).then(|| format!("{} {verb} in this clone", enumerate(&documents))));
    }
    Ok(found)
}

/// In silent mode, the files under `.chant/` of a worktree that the main one does not have like that, except specs: no branch takes them
/// along.
fn own_documents(project: &Project, place: &Path) -> Vec<String> {
    let mut open = vec![DOCUMENTS.to_owned()];
    let mut found = Vec::new();
    while let Some(dir) = open.pop() {
        // What cannot be read is named when it is in the way.
        for entry in work_file::list(place, dir.as_bytes().as_bstr()).unwrap_or_default() {
            let path = format!("{dir}/{}", entry.name);
            if path == session::RUN_DIR {
                continue;
            }
            if entry.kind == FileKind::Directory {
                open.extend((path.matches('/').count() < MAX_DEPTH).then_some(path));
                continue;
            }
            let read = |top: &Path| work_file::read(top, path.as_bytes().as_bstr(), MAX_INPUT_LEN).ok().flatten();
            let own = read(place);
            let is_known = own.is_some() && project.tops().iter().any(|top| read(top) == own);
            if !is_known && !path.starts_with(SPECS_DIR) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// Stops the attempt at a spec, if its agent runs, and hands it to a person, who resumes it by hand. Returns its worktree and what it has
/// come to.
///
/// # Errors
/// `not-allowed` if there is no attempt to take over, `elsewhere` if another clone holds it, `no-worktree` if there is nothing to resume in,
/// `moved` if another process resumed it.
pub(crate) fn take_over(
    project: &Project,
    id: &SpecId,
    reason: Option<&str>,
    progress: &dyn Progress,
) -> Result<(PathBuf, AttemptProgress)> {
    let short = id.short();
    recover::settle_dead(project, id, progress)?;
    project.refuse_moved_worktree(id)?;
    track::paused(project, id, progress)?;
    let entry = Specs::new(project)?.entry(id)?;
    let by_hand = entry.state.as_ref().is_some_and(|state| state.facts.agent.as_deref() == Some(MANUAL));
    match entry.status {
        Status::InProgress if by_hand => refuse_elsewhere(project, &entry)?,
        Status::InProgress => {
            let by = format!("{TAKEN_OVER}{}", project.repo.author()?.name);
            let why = reason.map_or(by.clone(), |reason| format!("{by}: {reason}"));
            stop(project, &entry, Some(&why), progress)?;
        }
        Status::Paused => {}
        status => {
            let message = format!("'{short}' has no running attempt; it is {status}");
            return Err(Error::negative(Kind::NotAllowed, message)
                .hint(format!("to do it yourself: git chant work {short} --agent manual")));
        }
    }
    let entry = Specs::new(project)?.entry(id)?;
    let state = entry.state.as_deref().ok_or_else(|| Error::fatal(Kind::NoChain, "its history is missing"))?;
    let attempt = project.attempt(id, state)?;
    worktree::bring_back(project, &attempt, entry.status == Status::Paused, progress)?;
    let Some(tree) = project.worktree_of(id)?.filter(|tree| tree.path.is_dir()) else {
        return Err(resume::nowhere(project, id)?);
    };
    let so_far = project.so_far(&attempt, &tree)?;
    if entry.status == Status::Paused {
        hand_over(project, &entry)?;
    } else if !by_hand {
        // Its checks ran at that moment, and ran to their end.
        progress.say(&Step::Note(format!("'{short}' is {}", entry.status)));
    }
    Ok((tree.path, so_far))
}

/// Records that a person resumes a paused attempt.
fn hand_over(project: &Project, entry: &Entry) -> Result<()> {
    let id = &entry.id;
    let sentence = sentence("Took over", entry.title(), "");
    let facts = Facts {
        attempt: entry.state.as_ref().and_then(|state| state.attempt),
        agent: Some(MANUAL.to_owned()),
        ..Facts::default()
    };
    let attempt = facts.attempt;
    let paused = |state: &State| state.status == Status::Paused && state.attempt == attempt;
    match project.store()?.record_if(id, NewEvent { op: Op::Resume, sentence, facts }, paused)? {
        Some(_) => Ok(()),
        None => Err(Error::negative(Kind::Moved, format!("another process resumed '{}'", id.short()))),
    }
}

/// The attempt that is under way in this clone.
fn running(project: &Project, entry: &Entry) -> Result<ObjectId> {
    let short = entry.id.short();
    let under_way = entry.state.as_deref().filter(|state| state.status == Status::InProgress);
    let Some((state, attempt)) = under_way.and_then(|state| Some((state, state.attempt?))) else {
        let error = Error::negative(Kind::NotAllowed, format!("cannot pause '{short}': it is {}", entry.status));
        return Err(match entry.status {
            Status::Pending | Status::Failed | Status::Paused => error.hint(format!("git chant work {short}")),
            _ => error,
        });
    };
    if !project.is_holder(&entry.id, attempt)? && matches!(project.life(attempt)?, Life::Unknown(_)) {
        let by = state.facts.agent.as_deref().unwrap_or("another person");
        return Err(elsewhere(&entry.id, by));
    }
    Ok(attempt)
}

/// Refuses a person's attempt that another clone holds.
fn refuse_elsewhere(project: &Project, entry: &Entry) -> Result<()> {
    let attempt = entry.state.as_ref().and_then(|state| state.attempt);
    match attempt.map(|attempt| project.other_holder(&entry.id, attempt)).transpose()?.flatten() {
        Some(holder) => Err(elsewhere(&entry.id, &holder.author.name)),
        None => Ok(()),
    }
}

fn elsewhere(id: &SpecId, by: &str) -> Error {
    let short = id.short();
    Error::negative(Kind::Elsewhere, format!("{by} is working on '{short}' in another clone"))
        .hint("pause it there")
        .hint(format!("if that clone is gone: git chant release {short}"))
}

/// Ends the agent of an attempt and waits until the process that ran it has released the lease.
fn end_agent(project: &Project, id: &SpecId, attempt: ObjectId, progress: &dyn Progress) -> Result<()> {
    let (begun, mut asked) = (Instant::now(), false);
    loop {
        let info = match project.life(attempt)? {
            Life::Running(info) | Life::Dead(info) => info,
            Life::Unknown(_) => return Ok(()),
        };
        if info.agent.as_ref().is_some_and(|agent| agent.talks) && begun.elapsed() < FAREWELL {
            // The process that talks to it asks it to stop, and it can end its turn.
            if !std::mem::replace(&mut asked, true) {
                project.ask_to_stop(attempt)?;
            }
            std::thread::sleep(LOOK);
            continue;
        }
        if info.agent.is_some()
            && let Survivors::Refused(why) = end_survivors(&info, GRACE)?
        {
            return Err(Error::negative(
                Kind::Survivor,
                format!("the agent of '{}' may still be running: {why}", id.short()),
            )
            .hint(format!("it is recorded as paused; stop the agent where it runs: process {}", info.pid)));
        }
        match project.life(attempt)? {
            Life::Dead(_) => return project.forget_lease(attempt),
            Life::Unknown(_) => return Ok(()),
            Life::Running(_) if begun.elapsed() < SETTLE => std::thread::sleep(LOOK),
            Life::Running(info) => {
                progress.say(&Step::Note(format!("process {} finishes its checks or merge first", info.pid)));
                return Ok(());
            }
        }
    }
}
