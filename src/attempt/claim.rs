//! The claim: the start event of an attempt, or its resume, by compare-and-swap, before anything else is made. Branch and worktree
//! are not made here.

use std::cell::Cell;

use gix::ObjectId;

use super::{ended::Stop, plan::Plan, start::taken};
use crate::{
    agent::lease::{Info, Lease},
    domain::{
        event::{Facts, Op, Pin},
        id::SpecId,
        new_event::{NewEvent, sentence},
        state::State,
        status::Status,
    },
    error::{Error, Kind, Result},
    git::remote::Pushed,
    project::Project,
    specs::record,
    store::{Addition, Evidence, File, Refusal},
};

/// The remote that decides claims, where several clones share one.
pub(crate) trait Remote {
    /// Pushes the claim that `event` makes: an object of this clone that no ref points at yet.
    ///
    /// # Errors
    /// Where the claim was not made.
    fn push_claim(&self, spec: &SpecId, event: ObjectId) -> Result<Pushed>;

    /// Fetches what the remote has of `spec`, and joins it to what is here.
    ///
    /// # Errors
    /// If the remote does not answer.
    fn fetch(&self, spec: &SpecId) -> Result<()>;

    /// Pushes what is recorded of `spec` here.
    ///
    /// # Errors
    /// If the remote does not answer, or refuses it.
    fn publish(&self, spec: &SpecId) -> Result<()>;
}

/// A claim that was made.
#[derive(Debug)]
pub(crate) struct Claimed {
    /// The start event: the attempt.
    pub attempt: ObjectId,
    /// Says that this process runs the attempt, for as long as it lives.
    pub lease: Lease,
    /// The attempt before, whose branch and worktree may still be there.
    pub before: Option<ObjectId>,
}

/// How often a claim is decided anew because the history of the spec moved at the remote.
const MAX_ROUNDS: u32 = 8;

/// Claims the spec of `plan`: at the `remote` first, if there is one, then by the ref of this clone.
///
/// # Errors
/// [`Stop::Taken`] if the spec is claimed already, or its status does not allow it; no input has changed then.
pub(super) fn claim(project: &Project, plan: &Plan, remote: Option<&dyn Remote>) -> Result<Claimed, Stop> {
    let short = plan.id.short();
    if plan.resumed.is_none() {
        record::added(project, &plan.id, &plan.text.path, &plan.text.bytes, &plan.spec, None)?;
    }
    let mut behind = Error::negative(Kind::Busy, format!("other processes keep updating '{short}'"));
    for _ in 0..MAX_ROUNDS {
        let mut hold = None;
        let lost = match attempt(project, plan, remote, &mut hold) {
            Ok(()) => match hold {
                Some(hold) => return Ok(hold.claimed()),
                None => return Err(Error::fatal(Kind::Lease, "the claim has no lease").into()),
            },
            // Another process fetched the claim from the remote: then it is this claim that is in the way here.
            Err(Lost::Stop(_)) if hold.as_ref().is_some_and(|hold| hold.pushed) => Lost::Behind(Error::negative(
                Kind::Behind,
                format!("another process changed '{short}' during the claim"),
            )),
            Err(lost) => lost,
        };
        match (remote, lost) {
            (Some(remote), Lost::Behind(error)) => {
                behind = error;
                if let Err(silent) = remote.fetch(&plan.id) {
                    // Dropped and not released: should the claim be there after all, its run is known to be dead.
                    drop(hold);
                    return Err(unclear(&plan.id, &silent.message).into());
                }
                // What moved the history may have been this claim, of which the answer was lost.
                match hold {
                    Some(hold) if has(project, plan, &hold)? => return Ok(hold.claimed()),
                    Some(hold) => hold.lease.release()?,
                    None => {}
                }
            }
            (_, Lost::Unclear(why)) => {
                drop(hold);
                return Err(unclear(&plan.id, &why).into());
            }
            (_, Lost::Stop(stop)) => {
                hold.map(|hold| hold.lease.release()).transpose()?;
                return Err(stop);
            }
            (None, Lost::Behind(error)) => return Err(error.into()),
        }
    }
    Err(behind.into())
}

/// Why one try at a claim failed.
enum Lost {
    /// The history of the spec moved at the remote.
    Behind(Error),
    /// Whether the remote has the claim is not known, and why.
    Unclear(String),
    Stop(Stop),
}

impl From<Error> for Lost {
    fn from(error: Error) -> Lost {
        Lost::Stop(error.into())
    }
}

/// The error where it is not known whether the claim on `spec` was made.
fn unclear(spec: &SpecId, why: &str) -> Error {
    Error::fatal(
        Kind::Unclear,
        format!("cannot tell whether the remote accepted the claim on '{}': {why}", spec.short()),
    )
    .hint("retry when the remote answers; git-chant then finds a claim that it accepted")
}

/// A lease for an event that may become the claim.
struct Hold {
    event: ObjectId,
    attempt: ObjectId,
    lease: Lease,
    before: Option<ObjectId>,
    /// Whether the remote has it.
    pushed: bool,
}

impl Hold {
    fn claimed(self) -> Claimed {
        Claimed { attempt: self.attempt, lease: self.lease, before: self.before }
    }
}

/// Whether the event is in the history, and its attempt has the spec.
fn has(project: &Project, plan: &Plan, hold: &Hold) -> Result<bool> {
    let store = project.store()?;
    let Some(state) = store.state(&plan.id)? else { return Ok(false) };
    let ours = state.status == Status::InProgress && state.attempt == Some(hold.attempt);
    Ok(ours && store.walk(&plan.id, state.tip)?.history.get(hold.event).is_some())
}

/// One try. The lease that was taken is left in `held`, also when the try fails.
fn attempt(project: &Project, plan: &Plan, remote: Option<&dyn Remote>, held: &mut Option<Hold>) -> Result<(), Lost> {
    let short = plan.id.short();
    let (resumed, worktree) = match &plan.resumed {
        Some(resumed) => (Some((resumed.attempt, resumed.status)), resumed.worktree.path.clone()),
        None => (None, project.meant_worktree(&plan.id)?),
    };
    let addition = addition(project, plan)?;
    let before = Cell::new(None);
    let lost = Cell::new(None);
    let give_way = |why: Lost| {
        lost.set(Some(why));
        Error::negative(Kind::Behind, format!("another process changed '{short}' during the claim"))
    };
    let appended = project.store()?.append_with(
        &plan.id,
        |state: Option<&State>| {
            before.set(state.and_then(|state| state.attempt));
            match (resumed, state) {
                (Some((attempt, status)), Some(state)) if state.status != status || state.attempt != Some(attempt) => {
                    Err(give_way(Lost::Stop(Stop::Taken(taken(project, &plan.id, Some(state))?))))
                }
                // Between plan and claim lie questions to a person and the wait for a slot.
                (None, Some(state)) if !startable(state, plan) => {
                    Err(give_way(Lost::Stop(Stop::Taken(overtaken(project, &plan.id, state)?))))
                }
                _ => Ok(addition.clone()),
            }
        },
        |event| {
            let attempt = resumed.map_or(event, |(attempt, _)| attempt);
            // What the remote has is not pushed again in another form.
            if held.as_ref().is_some_and(|held| held.pushed) {
                return Err(give_way(Lost::Behind(Error::negative(
                    Kind::Behind,
                    "another process changed it during the claim",
                ))));
            }
            // Each try is an event of its own, and so is its lease; no ref ever pointed at the one before.
            if let Some(unused) = held.take() {
                unused.lease.release()?;
            }
            let info = Info::of_this_process(plan.id.clone(), worktree.clone(), project.env.now().as_second());
            let lease = match Lease::acquire(&project.leases_dir(), &attempt, info)? {
                Ok(lease) => lease,
                // Another process has taken the lease and is about to record its claim.
                Err(_) => {
                    let message = format!("another process is resuming '{short}'");
                    return Err(give_way(Lost::Stop(Stop::Taken(Error::negative(Kind::InProgress, message)))));
                }
            };
            let hold = held.insert(Hold { event, attempt, lease, before: before.get(), pushed: false });
            match remote.map(|remote| remote.push_claim(&plan.id, event)).transpose()? {
                None => Ok(()),
                Some(Pushed::Accepted) => {
                    hold.pushed = true;
                    Ok(())
                }
                Some(Pushed::Behind(error)) => Err(give_way(Lost::Behind(error))),
                Some(Pushed::Unknown(why)) => Err(give_way(Lost::Unclear(why))),
            }
        },
    );
    Err(match (appended, lost.take()) {
        (Ok(_), _) => return Ok(()),
        (Err(_), Some(lost)) => lost,
        // Another process was faster.
        (Err(Refusal::NotAllowed { state: Some(state), .. }), None)
            if state.status == Status::InProgress && !state.is_contended() =>
        {
            Lost::Stop(Stop::Taken(taken(project, &plan.id, Some(&state))?))
        }
        (Err(refusal), None) => Lost::Stop(refusal.into()),
    })
}

/// Whether the new attempt of `plan` still follows what the plan was made for.
fn startable(state: &State, plan: &Plan) -> bool {
    state.attempt == plan.before && matches!(state.status, Status::Pending | Status::Failed | Status::Paused)
}

fn overtaken(project: &Project, id: &SpecId, state: &State) -> Result<Error> {
    if state.status == Status::InProgress {
        return taken(project, id, Some(state));
    }
    let message = format!("another process worked on '{}'; it is {} now", id.short(), state.status);
    Ok(Error::negative(Kind::Overtaken, message).hint(format!("to see it: git chant show {}", id.short())))
}

/// The event of the claim: an attempt begins, or goes on. The evidence of its start is what it is judged by.
fn addition(project: &Project, plan: &Plan) -> Result<Addition> {
    let store = project.store()?;
    let agent = Some(plan.agent.name.clone());
    let (op, verb, facts, evidence) = match &plan.resumed {
        Some(resumed) => {
            let facts = Facts { attempt: Some(resumed.attempt), agent, ..Facts::default() };
            (Op::Resume, "Resumed", facts, Evidence::default())
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
                target_tip: plan.target.as_ref().map(|target| project.branch_tip(target)).transpose()?.flatten(),
                agent,
                phase: plan.spec.front.phase.clone(),
                spec_path: Some(plan.text.path.clone()),
                spec_blob: Some(plan.text.blob()),
                informed_by: plan.inputs.iter().map(|input| input.pin.clone()).collect(),
                ..Facts::default()
            };
            (Op::Start, "Started", facts, evidence)
        }
    };
    let sentence = sentence(verb, plan.title(), &format!("agent {}", plan.agent.name));
    Ok(Addition { event: NewEvent { op, sentence, facts }, evidence, informed: plan.informed.clone() })
}
