//! The use case `pause`: stop an attempt where it is, with everything that it did in its worktree, for somebody to go on with.

use std::time::{Duration, Instant};

use gix::ObjectId;

use crate::{
    agent::{
        lease::{Life, Survivors, end_survivors},
        process::GRACE,
    },
    answer::progress::{Progress, Step},
    domain::{
        event::{Facts, Op},
        id::SpecId,
        new_event::NewEvent,
        status::Status,
    },
    error::{Error, Result},
    project::{Project, agent::MANUAL},
    specs::all::Entry,
};

/// How long whoever runs the agent may take to see that it is gone, once it is.
const SETTLE: Duration = Duration::from_secs(10);

/// How often it is looked whether that has happened.
const LOOK: Duration = Duration::from_millis(20);

/// Stops the attempt at a spec: records it, then ends its agent, here. Returns the event's sentence.
///
/// It is recorded first, so that whoever runs the agent knows why it ended. A check that runs at this moment runs to its end.
///
/// # Errors
/// `not-allowed` if nobody works on it, `elsewhere` if somebody does in another clone, `survivor` if the agent cannot be ended.
pub(crate) fn pause(project: &Project, entry: &Entry, reason: Option<&str>, progress: &dyn Progress) -> Result<String> {
    let id = &entry.id;
    let attempt = running(project, entry)?;
    let why = reason.map(|reason| format!(": {reason}")).unwrap_or_default();
    let sentence = format!("{} is paused{why}", entry.title());
    let facts = Facts { attempt: Some(attempt), reason: reason.map(str::to_owned), ..Facts::default() };
    project
        .store()?
        .append(id, |_| Ok(NewEvent { op: Op::Pause, sentence: sentence.clone(), facts: facts.clone() }))
        .map_err(|refusal| refusal.into_error(id.short()))?;
    end_agent(project, id, attempt, progress)?;
    if let Some(tree) = project.worktree_of(id)? {
        project.keep_worktree(id, attempt, &tree)?;
    }
    Ok(sentence)
}

/// Hands a paused attempt to a person, who goes on with it by hand. Returns the event's sentence.
///
/// # Errors
/// `not-allowed` if it is not paused, `no-worktree` if there is nothing to go on in.
pub(crate) fn hand_over(project: &Project, entry: &Entry) -> Result<String> {
    let id = &entry.id;
    let (sentence, facts) = (
        format!("{} is taken over by a person", entry.title()),
        Facts {
            attempt: entry.state.as_ref().and_then(|state| state.attempt),
            agent: Some(MANUAL.to_owned()),
            ..Facts::default()
        },
    );
    let appended = project.store()?.append(id, |state| match state {
        Some(state) if state.status == Status::Paused && state.attempt == facts.attempt => {
            Ok(NewEvent { op: Op::Resume, sentence: sentence.clone(), facts: facts.clone() })
        }
        _ => Err(Error::negative("moved", format!("somebody else goes on with '{}'", id.short()))),
    });
    appended.map(|_| sentence).map_err(|refusal| refusal.into_error(id.short()))
}

/// The attempt that is under way in this clone.
fn running(project: &Project, entry: &Entry) -> Result<ObjectId> {
    let short = entry.id.short();
    let under_way = entry.state.as_deref().filter(|state| state.status == Status::InProgress);
    let Some((state, attempt)) = under_way.and_then(|state| Some((state, state.attempt?))) else {
        let error = Error::negative("not-allowed", format!("cannot pause '{short}': it is {}", entry.status));
        return Err(match entry.status {
            Status::Pending | Status::Failed | Status::Paused => error.hint(format!("git chant work {short}")),
            _ => error,
        });
    };
    let start = project.store()?.event(&entry.id, attempt)?;
    let here = start.is_ok_and(|event| event.facts.clone.as_deref() == Some(project.clone_name()));
    if !here && matches!(project.life(attempt)?, Life::Unknown(_)) {
        let by = state.facts.agent.as_deref().unwrap_or("somebody");
        return Err(Error::negative("elsewhere", format!("'{short}' is being worked on in another clone, by {by}"))
            .hint("pause it there")
            .hint(format!("if nobody is there any more: git chant release {short}")));
    }
    Ok(attempt)
}

/// Ends the agent of an attempt and waits until whoever ran it has let go.
fn end_agent(project: &Project, id: &SpecId, attempt: ObjectId, progress: &dyn Progress) -> Result<()> {
    let begun = Instant::now();
    loop {
        let info = match project.life(attempt)? {
            Life::Running(info) | Life::Dead(info) => info,
            Life::Unknown(_) => return Ok(()),
        };
        if info.agent.is_some()
            && let Survivors::Refused(why) = end_survivors(&info, GRACE)?
        {
            return Err(Error::negative("survivor", format!("the agent of '{}' may still run: {why}", id.short()))
                .hint(format!("it is recorded as paused; end the agent where it runs: process {}", info.pid)));
        }
        match project.life(attempt)? {
            Life::Dead(_) => return project.forget_lease(attempt),
            Life::Unknown(_) => return Ok(()),
            Life::Running(_) if begun.elapsed() < SETTLE => std::thread::sleep(LOOK),
            Life::Running(info) => {
                progress.say(&Step::Note(format!(
                    "process {} is still at it: what it does now, checks or a merge, runs to its end",
                    info.pid
                )));
                return Ok(());
            }
        }
    }
}
