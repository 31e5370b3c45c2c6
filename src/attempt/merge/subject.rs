//! What a merge is of: finished work, the commit that holds it, and the branch that it is for. The merge is computed in `specs`.

use gix::{ObjectId, refs::FullName};

use crate::{
    attempt::ended::{Stop, Waits},
    domain::{id::SpecId, state::State, status::Status},
    error::{Error, Kind, Result},
    git::reference::branch_name,
    project::{Project, target::short_name},
    specs::attempt::Attempt,
};

pub(super) fn finished(project: &Project, id: &SpecId) -> Result<State, Stop> {
    let short = id.short();
    let Some(state) = project.store()?.state(id)? else {
        let message = format!("cannot merge '{short}': it has no attempt");
        return Err(Stop::Taken(Error::negative(Kind::NotAllowed, message)));
    };
    if state.status == Status::Finished {
        return Ok(state);
    }
    let error = Error::negative(
        Kind::NotAllowed,
        format!("cannot merge '{short}': it is {}", state.status.as_str().replace('_', " ")),
    );
    Err(Stop::Taken(match state.status {
        Status::Failed => error.hint(format!("to check it again: git chant finish {short}")),
        Status::Pending => error.hint(format!("git chant work {short}")),
        _ => error,
    }))
}

/// The commit that holds the finished work: what was recorded, as long as the branch still agrees. `None`: there is nothing.
pub(super) fn work_tip(project: &Project, state: &State, attempt: &Attempt) -> Result<Result<Option<ObjectId>, Waits>> {
    if attempt.has_moved(project, state)? {
        let waits = Waits::new(format!("its branch '{}' moved after the checks", attempt.branch.shorten()));
        return Ok(Err(waits.hint(format!("to check it again and merge it: git chant merge {}", attempt.id.short()))));
    }
    Ok(Ok(state.facts.work_commits.last().copied()))
}

pub(super) fn target(attempt: &Attempt, onto: Option<&str>) -> Result<Option<FullName>> {
    let name = match (onto, attempt.target.as_deref()) {
        (Some(onto), _) => onto,
        (None, Some(target)) => target,
        (None, None) => return Ok(None),
    };
    branch_name(short_name(name)).map(Some)
}
