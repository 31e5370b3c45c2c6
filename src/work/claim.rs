//! The claim: the start event, by compare-and-swap, before anything else is made.

use gix::ObjectId;

use super::{Plan, plan::taken};
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

/// Gives a claim back after something that is not the agent's doing.
pub fn give_up(project: &Project, plan: &Plan, claimed: &Claimed, error: &Error) -> Result<()> {
    let mut draft = Draft::new(Op::Release, format!("{} is released: {}", plan.id.short(), error.message));
    draft.facts.reason = Some(error.message.clone());
    draft.facts.attempt = Some(claimed.attempt);
    let attempt = claimed.attempt;
    let released = project.store()?.append(&plan.id, |state| match state {
        Some(state) if state.open.contains(&attempt) => Ok(draft.clone()),
        _ => Err(Error::negative("superseded", "the attempt is over already")),
    });
    match released {
        Ok(_) => Ok(()),
        Err(Refusal::Failed(error)) if error.code == "superseded" => Ok(()),
        Err(refusal) => Err(refusal.into_error(plan.id.short())),
    }
}
