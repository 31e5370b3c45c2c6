//! The claim: the start event, by compare-and-swap, before anything else is made.

use gix::ObjectId;

use super::{GoesOn, Plan, plan::taken};
use crate::{
    agent::lease::{Info, Lease},
    domain::{
        draft::Draft,
        event::{Facts, Op, Pin},
        state::State,
        status::Status,
    },
    error::{Error, Result},
    project::Project,
    store::{Addition, Evidence, File, Refusal},
};

/// A claim that was won.
#[derive(Debug)]
pub struct Claimed {
    /// The start event: the attempt.
    pub attempt: ObjectId,
    /// Says that this process is at it, for as long as it lives.
    pub lease: Lease,
    /// The attempt before, whose branch and worktree may still be there.
    pub before: Option<ObjectId>,
}

/// Claims the spec of `plan`.
///
/// # Errors
/// If somebody else has it, or the state does not allow it; nothing has changed then.
pub fn claim(project: &Project, plan: &Plan) -> Result<Claimed> {
    let store = project.store()?;
    let mut evidence = Evidence { spec: Some(store.write_blob(&plan.text.bytes)?), ..Evidence::default() };
    for input in &plan.inputs {
        if let (Pin::Path { path, .. }, Some(bytes)) = (&input.pin, &input.bytes) {
            evidence.inputs.push(File { path: path.clone(), blob: store.write_blob(bytes)? });
        }
    }
    for (path, bytes) in &plan.existing {
        if !evidence.inputs.iter().any(|input| input.path == *path) {
            evidence.inputs.push(File { path: path.clone(), blob: store.write_blob(bytes)? });
        }
    }
    let facts = Facts {
        base: Some(plan.base),
        target: plan.target.clone(),
        agent: Some(plan.agent.name.clone()),
        phase: plan.spec.front.phase.clone(),
        spec_path: Some(plan.text.path.clone()),
        spec_blob: Some(plan.text.blob),
        informed_by: plan.inputs.iter().map(|input| input.pin.clone()).collect(),
        ..Facts::default()
    };
    if let Some(goes_on) = &plan.goes_on {
        return go_on(project, plan, goes_on);
    }
    ensure_chain(project, plan)?;
    let worktree = project.meant_worktree(&plan.id)?;
    let leases = project.leases_dir();
    let mut lease: Option<Lease> = None;
    let mut before = None;
    let sentence = format!("{} begins with {}", plan.title(), plan.agent.name);
    let appended = store.append_with(
        &plan.id,
        |state: Option<&State>| {
            before = state.and_then(|state| state.attempt);
            Ok(Addition {
                draft: Draft { op: Op::Start, sentence: sentence.clone(), facts: facts.clone() },
                evidence: evidence.clone(),
                informed: plan.informed.clone(),
            })
        },
        |attempt| {
            // Each try is an event of its own, and so is its lease; the one before was never pointed at.
            if let Some(unused) = lease.take() {
                unused.release()?;
            }
            let started = project.env.now().as_second();
            let info = Info::of_this_process(plan.id.clone(), worktree.clone(), started);
            lease = Some(Lease::acquire(&leases, &attempt, info)?);
            Ok(())
        },
    );
    match (appended, lease) {
        (Ok(appended), Some(lease)) => Ok(Claimed { attempt: appended.event, lease, before }),
        (Ok(_), None) => Err(Error::fatal("lease", "the claim was made without a lease")),
        (Err(refusal), lease) => {
            if let Some(lease) = lease {
                lease.release()?;
            }
            Err(match refusal {
                // Somebody else was faster since we looked.
                Refusal::Obstacle(_, Some(state)) if state.status == Status::InProgress && !state.is_contended() => {
                    taken(project, &plan.id, Some(&state))?
                }
                refusal => refusal.into_error(plan.id.short()),
            })
        }
    }
}

/// Takes up an attempt that was stopped. The evidence of its start is what it is judged by.
fn go_on(project: &Project, plan: &Plan, goes_on: &GoesOn) -> Result<Claimed> {
    let attempt = goes_on.attempt;
    let leases = project.leases_dir();
    let mut lease: Option<Lease> = None;
    let sentence = format!("{} goes on with {}", plan.title(), plan.agent.name);
    let facts = Facts { attempt: Some(attempt), agent: Some(plan.agent.name.clone()), ..Facts::default() };
    let appended = project.store()?.append_with(
        &plan.id,
        |state: Option<&State>| match state {
            Some(state) if state.status == Status::Paused && state.attempt == Some(attempt) => {
                Ok(Draft { op: Op::Resume, sentence: sentence.clone(), facts: facts.clone() })
            }
            state => Err(taken(project, &plan.id, state)?),
        },
        |_| {
            if lease.is_none() {
                let started = project.env.now().as_second();
                let info = Info::of_this_process(plan.id.clone(), goes_on.worktree.path.clone(), started);
                lease = Some(Lease::acquire(&leases, &attempt, info)?);
            }
            Ok(())
        },
    );
    match (appended, lease) {
        (Ok(_), Some(lease)) => Ok(Claimed { attempt, lease, before: None }),
        (Ok(_), None) => Err(Error::fatal("lease", "the claim was made without a lease")),
        (Err(refusal), lease) => {
            lease.map(Lease::release).transpose()?;
            let error = refusal.into_error(plan.id.short());
            // Somebody else has taken it up and is about to say so.
            if error.code == "lease-held" {
                let message = format!("'{}' is being taken up by somebody else", plan.id.short());
                return Err(Error::negative("in-progress", message));
            }
            Err(error)
        }
    }
}

/// A file without a chain is a pending spec that somebody else wrote: its chain begins here.
fn ensure_chain(project: &Project, plan: &Plan) -> Result<()> {
    let store = project.store()?;
    if store.tip(&plan.id)?.is_some() {
        return Ok(());
    }
    let facts = Facts {
        phase: plan.spec.front.phase.clone(),
        spec_path: Some(plan.text.path.clone()),
        spec_blob: Some(plan.text.blob),
        created: Some(project.env.now().to_string()),
        ..Facts::default()
    };
    let evidence = Evidence { spec: Some(store.write_blob(&plan.text.bytes)?), ..Evidence::default() };
    let appended = store.append(&plan.id, |_| {
        Ok(Addition {
            draft: Draft { op: Op::Add, sentence: plan.title().to_owned(), facts: facts.clone() },
            evidence: evidence.clone(),
            informed: Vec::new(),
        })
    });
    match appended {
        // Somebody else was faster; it is there, and that is what counts.
        Ok(_) | Err(Refusal::Obstacle(..)) => Ok(()),
        Err(Refusal::Failed(error)) => Err(error),
    }
}

/// Gives a claim back after something that is not the agent's doing: what went on is paused again, what began is released.
pub fn give_up(project: &Project, plan: &Plan, claimed: &Claimed, error: &Error) -> Result<()> {
    let (op, what) = if plan.goes_on.is_some() { (Op::Pause, "paused") } else { (Op::Release, "released") };
    let mut draft = Draft::new(op, format!("{} is {what}: {}", plan.id.short(), error.message));
    draft.facts.reason = Some(error.message.clone());
    draft.facts.attempt = Some(claimed.attempt);
    let attempt = claimed.attempt;
    let given_up = project.store()?.append(&plan.id, |state| match state {
        Some(state) if state.open.contains(&attempt) && state.status == Status::InProgress => Ok(draft.clone()),
        _ => Err(Error::negative("superseded", "the attempt is over already")),
    });
    match given_up {
        Ok(_) => Ok(()),
        Err(Refusal::Failed(error)) if error.code == "superseded" => Ok(()),
        Err(refusal) => Err(refusal.into_error(plan.id.short())),
    }
}
