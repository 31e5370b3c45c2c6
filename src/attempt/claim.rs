//! The claim: the start event, by compare-and-swap, before anything else is made.

use gix::ObjectId;

use crate::{
    agent::lease::{Info, Lease},
    attempt::{plan::Plan, start::taken},
    domain::{
        event::{Facts, Op, Pin},
        new_event::NewEvent,
        state::State,
        status::Status,
    },
    error::{Error, Kind, Result},
    project::{
        Project,
        stake::{BEHIND, Stake, UNCLEAR, unclear},
    },
    store::{Addition, Decision, Evidence, File, Refusal},
};

/// A claim that was won.
#[derive(Debug)]
pub(crate) struct Claimed {
    /// The start event: the attempt.
    pub attempt: ObjectId,
    /// Says that this process is at it, for as long as it lives.
    pub lease: Lease,
    /// The attempt before, whose branch and worktree may still be there.
    pub before: Option<ObjectId>,
}

/// How often a claim is decided anew because the chain of the spec moved at the remote.
const MAX_ROUNDS: u32 = 8;

/// Claims the spec of `plan`: by the ref of this clone, and where `stake` is given, by what it says before that.
///
/// # Errors
/// If somebody else has it, or the state does not allow it; nothing has changed then.
pub(super) fn claim(project: &Project, plan: &Plan, stake: Option<&dyn Stake>) -> Result<Claimed> {
    if plan.goes_on.is_none() {
        ensure_chain(project, plan)?;
    }
    let mut error = Error::negative(Kind::Busy, format!("others keep writing to '{}'", plan.id.short()));
    for _ in 0..MAX_ROUNDS {
        let mut held = None;
        match attempt(project, plan, stake, &mut held) {
            Ok(claimed) => return Ok(claimed),
            Err(refused) => error = refused,
        }
        let lease = held.take();
        // What the remote has may have come here through a fetch of somebody else's: then it is our own claim that is in the way.
        if let Some(lease) = lease.as_ref().filter(|lease| lease.staked)
            && !matches!(error.code, BEHIND | UNCLEAR)
        {
            error =
                Error::negative(BEHIND, format!("'{}' moved while it was claimed", lease.lease.info().spec.short()));
        }
        match (stake, error.code) {
            (Some(stake), BEHIND) => {
                if let Err(silent) = stake.refresh(&plan.id) {
                    // Dropped and not released: should the claim be there after all, its run is known to be dead.
                    drop(lease);
                    return Err(unclear(&plan.id, &silent.message));
                }
                // What moved it may have been our own claim, of which the answer was lost.
                match lease {
                    Some(lease) if has(project, plan, &lease)? => return Ok(lease.won()),
                    Some(lease) => lease.lease.release()?,
                    None => {}
                }
            }
            (_, UNCLEAR) => {
                drop(lease);
                return Err(error);
            }
            _ => {
                lease.map(|lease| lease.lease.release()).transpose()?;
                return Err(error);
            }
        }
    }
    Err(error)
}

/// A lease for an event that may become the claim.
struct Hold {
    event: ObjectId,
    attempt: ObjectId,
    lease: Lease,
    before: Option<ObjectId>,
    /// Whether the remote has it.
    staked: bool,
}

impl Hold {
    fn won(self) -> Claimed {
        Claimed { attempt: self.attempt, lease: self.lease, before: self.before }
    }
}

/// Whether the event is in the chain, and its attempt has the spec.
fn has(project: &Project, plan: &Plan, hold: &Hold) -> Result<bool> {
    let store = project.store()?;
    let Some(state) = store.state(&plan.id)? else { return Ok(false) };
    let ours = state.status == Status::InProgress && state.attempt == Some(hold.attempt);
    Ok(ours && store.walk(&plan.id, state.tip)?.history.get(hold.event).is_some())
}

/// One try; what is held when it fails is left in `held`.
fn attempt(project: &Project, plan: &Plan, stake: Option<&dyn Stake>, held: &mut Option<Hold>) -> Result<Claimed> {
    let (goes_on, worktree) = match &plan.goes_on {
        Some(goes_on) => (Some(goes_on.attempt), goes_on.worktree.path.clone()),
        None => (None, project.meant_worktree(&plan.id)?),
    };
    let addition = addition(project, plan)?;
    let leases = project.leases_dir();
    let before = std::cell::Cell::new(None);
    let appended = project.store()?.append_with(
        &plan.id,
        |state: Option<&State>| {
            before.set(state.and_then(|state| state.attempt));
            match (goes_on, state) {
                (Some(attempt), Some(state)) if state.status != Status::Paused || state.attempt != Some(attempt) => {
                    Err(taken(project, &plan.id, Some(state))?)
                }
                _ => Ok(addition()),
            }
        },
        |event| {
            let attempt = goes_on.unwrap_or(event);
            // What the remote has already is not asked for a second time in another form.
            if held.as_ref().is_some_and(|held| held.staked) {
                return Err(Error::negative(BEHIND, "it moved here while it was claimed"));
            }
            // Each try is an event of its own, and so is its lease; the one before was never pointed at.
            if let Some(unused) = held.take() {
                unused.lease.release()?;
            }
            let started = project.env.now().as_second();
            let info = Info::of_this_process(plan.id.clone(), worktree.clone(), started);
            let lease = Lease::acquire(&leases, &attempt, info)?;
            let hold = held.insert(Hold { event, attempt, lease, before: before.get(), staked: false });
            if let Some(stake) = stake {
                stake.stake(&plan.id, event)?;
                hold.staked = true;
            }
            Ok(())
        },
    );
    match appended {
        Ok(_) => {
            held.take().map(Hold::won).ok_or_else(|| Error::fatal(Kind::Lease, "the claim was made without a lease"))
        }
        // Somebody else was faster since we looked.
        Err(Refusal::NotAllowed(_, Some(state))) if state.status == Status::InProgress && !state.is_contended() => {
            Err(taken(project, &plan.id, Some(&state))?)
        }
        Err(refusal) => {
            let error = refusal.into_error(plan.id.short());
            // Somebody else has taken it up and is about to say so.
            if error.code == Kind::LeaseHeld {
                let message = format!("'{}' is being taken up by somebody else", plan.id.short());
                return Err(Error::negative(Kind::InProgress, message));
            }
            Err(error)
        }
    }
}

/// The event of the claim: an attempt begins, or goes on. The evidence of its start is what it is judged by.
fn addition(project: &Project, plan: &Plan) -> Result<impl Fn() -> Addition> {
    let store = project.store()?;
    let agent = Some(plan.agent.name.clone());
    let (op, what, facts, evidence) = match &plan.goes_on {
        Some(goes_on) => {
            let facts = Facts { attempt: Some(goes_on.attempt), agent, ..Facts::default() };
            (Op::Resume, "goes on", facts, Evidence::default())
        }
        None => {
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
                agent,
                phase: plan.spec.front.phase.clone(),
                spec_path: Some(plan.text.path.clone()),
                spec_blob: Some(plan.text.blob()),
                informed_by: plan.inputs.iter().map(|input| input.pin.clone()).collect(),
                ..Facts::default()
            };
            (Op::Start, "begins", facts, evidence)
        }
    };
    let sentence = format!("{} {what} with {}", plan.title(), plan.agent.name);
    let informed = plan.informed.clone();
    Ok(move || Addition {
        event: NewEvent { op: op.clone(), sentence: sentence.clone(), facts: facts.clone() },
        evidence: evidence.clone(),
        informed: informed.clone(),
    })
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
        spec_blob: Some(plan.text.blob()),
        created: Some(project.env.now().to_string()),
        ..Facts::default()
    };
    let evidence = Evidence { spec: Some(store.write_blob(&plan.text.bytes)?), ..Evidence::default() };
    let appended = store.append(&plan.id, |_| {
        Ok(Addition {
            event: NewEvent { op: Op::Add, sentence: plan.title().to_owned(), facts: facts.clone() },
            evidence: evidence.clone(),
            informed: Vec::new(),
        })
    });
    match appended {
        // Somebody else was faster; it is there, and that is what counts.
        Ok(_) | Err(Refusal::NotAllowed(..)) => Ok(()),
        Err(Refusal::Failed(error)) => Err(error),
    }
}

/// Gives a claim back after something that is not the agent's doing: what went on is paused again, what began is released.
pub(super) fn give_up(project: &Project, plan: &Plan, claimed: &Claimed, error: &Error) -> Result<()> {
    let (op, what) = if plan.goes_on.is_some() { (Op::Pause, "paused") } else { (Op::Release, "released") };
    let mut event = NewEvent::new(op, format!("{} is {what}: {}", plan.id.short(), error.message));
    event.facts.reason = Some(error.message.clone());
    event.facts.attempt = Some(claimed.attempt);
    let attempt = claimed.attempt;
    let appended = project.store()?.append_if(&plan.id, |state| {
        let runs = |state: &State| state.open.contains(&attempt) && state.status == Status::InProgress;
        Ok(if state.is_some_and(runs) { Decision::Append(event.clone()) } else { Decision::Skip })
    });
    appended.map(drop).map_err(|refusal| refusal.into_error(plan.id.short()))
}
