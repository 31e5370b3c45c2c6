//! Work branches that travel: what somebody else may merge or go on with.
//!
//! A branch goes to the same name there while its spec is finished or paused, and never by force. Once the spec is over, or another
//! attempt decides it, the branch there goes, if it still is what it was when it was fetched; what it held is kept here first, unless
//! it is in its target.

use std::collections::BTreeMap;

use gix::ObjectId;

use super::{Remote, Report};
use crate::{
    answer::Way,
    domain::{id::SpecId, state::State, status::Status},
    error::Result,
    git::{
        self, branch,
        remote::{Fate, Update},
    },
    project::Project,
    store::{Store, tracking},
};

/// What the names of the work branches begin with, there and where they are tracked; nothing if they do not travel.
pub(super) fn mapping(project: &Project, remote: &str) -> Result<Option<(String, String)>> {
    if !project.config().push_branches()? {
        return Ok(None);
    }
    let prefix = project.config().branch_prefix()?;
    Ok(Some((format!("refs/heads/{prefix}"), tracking::tracked_branches(remote))))
}

/// Whether [`push`] has nothing to do.
pub(super) fn is_settled(project: &Project, store: &Store<'_>, remote: &str) -> Result<bool> {
    if !project.config().push_branches()? {
        return Ok(true);
    }
    let plan = plan(project, store, remote)?;
    Ok(plan.gone.is_empty() && plan.due.is_empty())
}

/// A branch by its full name, whose it is, and what it holds.
type Branch = (String, SpecId, ObjectId);

/// What is to be done about the branches of a remote.
struct Plan {
    /// What it had when it was fetched from last.
    there: BTreeMap<SpecId, ObjectId>,
    /// What nobody needs any more.
    gone: Vec<Branch>,
    /// What it lacks.
    due: Vec<Branch>,
}

fn plan(project: &Project, store: &Store<'_>, remote: &str) -> Result<Plan> {
    let mut there = store.branches(remote)?;
    let mut gone = Vec::new();
    for (id, tip) in &there {
        if is_needless(project, store, id, *tip)? {
            gone.push((full(project, id)?, id.clone(), *tip));
        }
    }
    there.retain(|id, _| !gone.iter().any(|(_, one, _)| one == id));
    let due = due(project, store, &there)?;
    Ok(Plan { there, gone, due })
}

/// Reports what [`push`] would do.
pub(super) fn preview(project: &Project, store: &Store<'_>, remote: &Remote, report: &mut Report) -> Result<()> {
    if !project.config().push_branches()? {
        return Ok(());
    }
    let plan = plan(project, store, &remote.name)?;
    for (name, _, tip) in &plan.gone {
        deleted(report, name, *tip);
    }
    for (name, id, tip) in &plan.due {
        report.add(Way::Pushed, name, plan.there.get(id).map(ToString::to_string), Some(tip.to_string()));
    }
    Ok(())
}

fn deleted(report: &mut Report, name: &str, tip: ObjectId) {
    report.add(Way::Pushed, name, Some(tip.to_string()), None);
    report.say(Way::Pushed, name, "gone: nobody needs it there any more");
}

/// Pushes the branches that others may need, and takes away those that nobody needs any more.
pub(super) fn push(project: &Project, store: &Store<'_>, remote: &Remote, report: &mut Report) -> Result<()> {
    if !project.config().push_branches()? {
        return Ok(());
    }
    let Plan { there, gone, due } = plan(project, store, &remote.name)?;
    for (_, id, tip) in &gone {
        keep(project, store, id, *tip)?;
    }
    let updates = |branches: &[Branch]| -> Vec<Update> {
        branches.iter().map(|(name, _, tip)| Update { id: *tip, name: name.clone() }).collect()
    };
    for (name, fate) in git::remote::delete(&project.repo, &remote.name, &updates(&gone))? {
        let Some((_, id, tip)) = gone.iter().find(|(full, ..)| *full == name).filter(|_| fate == Fate::There) else {
            continue;
        };
        store.untrack(&format!("{}{id}", tracking::tracked_branches(&remote.name)), *tip)?;
        deleted(report, &name, *tip);
    }
    for (name, fate) in git::remote::push(&project.repo, &remote.name, &updates(&due))? {
        let Some((_, id, tip)) = due.iter().find(|(full, ..)| *full == name) else { continue };
        match fate {
            Fate::There => {
                // What was another attempt's is gone by now.
                let known = there.get(id).copied();
                store.track(&format!("{}{id}", tracking::tracked_branches(&remote.name)), known, *tip)?;
                report.add(Way::Pushed, &name, known.map(|id| id.to_string()), Some(tip.to_string()));
                if gone.iter().any(|(other, ..)| *other == name) {
                    report.say(Way::Pushed, &name, "in the place of an earlier attempt's");
                }
            }
            Fate::Behind => report.refused(&name, "what is there is not what it builds on"),
            Fate::Refused(why) => report.refused(&name, &why),
        }
    }
    Ok(())
}

fn full(project: &Project, id: &SpecId) -> Result<String> {
    Ok(project.branch_ref(id)?.as_bstr().to_string())
}

/// The branches of this clone that somebody else may need and that the remote does not have.
fn due(project: &Project, store: &Store<'_>, there: &BTreeMap<SpecId, ObjectId>) -> Result<Vec<Branch>> {
    let mut due = Vec::new();
    let prefix = format!("refs/heads/{}", project.config().branch_prefix()?);
    for reference in project.repo.gix().references()?.prefixed(prefix.as_str())?.flatten() {
        let name = reference.name().as_bstr().to_string();
        let Some(id) = name.strip_prefix(&prefix).and_then(|id| SpecId::new(id).ok()) else { continue };
        let (Some(tip), Ok(Some(state))) = (reference.target().try_id().map(ToOwned::to_owned), store.state(&id))
        else {
            continue;
        };
        let known = there.get(&id).copied();
        let newer = match known {
            // Somebody went on with it elsewhere.
            Some(known) => !project.is_ancestor(tip, known)?,
            None => true,
        };
        if newer && is_of(project, &state, tip)? {
            due.push((name, id, tip));
        }
    }
    Ok(due)
}

/// Whether a branch that holds `tip` is what the deciding attempt has come to.
fn is_of(project: &Project, state: &State, tip: ObjectId) -> Result<bool> {
    match (state.status, state.facts.base) {
        _ if state.is_contended() => Ok(false),
        (Status::Finished, _) => Ok(state.facts.work_commits.last() == Some(&tip)),
        (Status::Paused, Some(base)) => Ok(base != tip && project.is_ancestor(base, tip)?),
        _ => Ok(false),
    }
}

/// Whether nobody needs the branch that a remote has: its spec is over, or an attempt of this clone decides it by now.
fn is_needless(project: &Project, store: &Store<'_>, id: &SpecId, tip: ObjectId) -> Result<bool> {
    let Ok(Some(state)) = store.state(id) else { return Ok(false) };
    let over = state.status.is_over();
    Ok(state.attempt.is_some() && (over || is_replaced(project, store, id, &state, tip)?))
}

/// Keeps what a branch holds that is about to go, unless it is in its target.
fn keep(project: &Project, store: &Store<'_>, id: &SpecId, tip: ObjectId) -> Result<()> {
    let Some(state) = store.state(id)? else { return Ok(()) };
    let Some(attempt) = state.attempt else { return Ok(()) };
    let target = state.facts.target.as_deref().map(|target| project.branch_tip(target)).transpose()?.flatten();
    if !target.map_or(Ok(false), |target| project.is_ancestor(tip, target))? {
        store.keep_attempt(id, attempt, tip)?;
    }
    Ok(())
}

/// Whether the branch there is an earlier attempt's, and this clone has the one of the attempt that counts.
fn is_replaced(project: &Project, store: &Store<'_>, id: &SpecId, state: &State, tip: ObjectId) -> Result<bool> {
    let Some(ours) = branch::read(&project.repo, project.branch_ref(id)?.as_ref())? else { return Ok(false) };
    let Some(attempt) = state.attempt.filter(|_| matches!(state.status, Status::Finished | Status::Paused)) else {
        return Ok(false);
    };
    let start = store.event(id, attempt)?;
    let here = start.is_ok_and(|event| event.facts.clone.as_deref() == Some(project.clone_name()));
    let related = project.is_ancestor(tip, ours)? || project.is_ancestor(ours, tip)?;
    Ok(here && !related && is_of(project, state, ours)?)
}
