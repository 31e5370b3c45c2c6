//! Work that conflicts with its target: what the conflict is about, and the ways out. Resolving it is not done here.

use gix::{ObjectId, refs::FullName};

use super::subject::{finished, target, work_tip};
use crate::{
    attempt::ended::Stop,
    config::MergeHow,
    domain::id::SpecId,
    error::Result,
    git::{branch, merge::Computed, worktree::busy::busy_in},
    project::Project,
    specs::{
        all::Specs,
        arrival::Arrival,
        attempt::Attempt,
        computed_merge::{ComputedMerge, how},
    },
};

/// A conflict between finished work and its target, as both are now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Conflict {
    /// The target.
    pub target: FullName,
    /// The branch that the work conflicts with, as a person types it: the target, or what was fetched of it.
    pub name: String,
    /// That branch as git finds it, whatever tags there are: `heads/main`.
    pub merges: String,
    /// What it holds.
    pub target_tip: ObjectId,
    /// The commit of the work.
    pub tip: ObjectId,
    /// The paths, sorted.
    pub paths: Vec<String>,
    /// What a person can do.
    pub hints: Vec<String>,
}

/// The conflict that merging the finished work of `id` would meet now; `None` if there is none, or something else stands in the
/// way first, or no merge can resolve it: the work holds what a person took out of its target, or is all that. Nothing but objects is written.
///
/// # Errors
/// If the spec is not finished, or git fails.
pub(crate) fn conflict(project: &Project, id: &SpecId, onto: Option<&str>) -> Result<Option<Conflict>, Stop> {
    let state = finished(project, id)?;
    let attempt = project.attempt(id, &state)?;
    let (Ok(Some(tip)), Some(target)) = (work_tip(project, &state, &attempt)?, target(&attempt, onto)?) else {
        return Ok(None);
    };
    if onto.is_none()
        && let Some(ours) = branch::read(&project.repo, target.as_ref())?
        && project.landed_otherwise(&attempt, ours, tip)? != Arrival::No
    {
        return Ok(None);
    }
    let tried = project.compute_merge(&attempt, &target, tip)?;
    Ok(match &tried.computed {
        Computed::Conflict(paths) if tried.dropped_base.is_none() => {
            let paths = paths.iter().map(ToString::to_string).collect();
            let hints = ways_out(project, &attempt, &tried, false)?;
            let (name, merges) = (tried.name, tried.merges);
            Some(Conflict { target, name, merges, target_tip: tried.ours, tip, paths, hints })
        }
        Computed::Conflict(_) | Computed::Commit(_) | Computed::UpToDate => None,
    })
}

/// What a person can do about work that does not go together with its target, as this merge was `tried`, one hint each. Only where paths
/// conflict can an agent be `asked`.
pub(super) fn ways_out(
    project: &Project,
    attempt: &Attempt,
    tried: &ComputedMerge,
    asked: bool,
) -> Result<Vec<String>> {
    let altered = if asked { Specs::new(project)?.altered_arrival(attempt, tried.ours)? } else { None };
    let mut hints = altered.map(|altered| altered.hints(attempt.id.short(), &tried.name)).unwrap_or_default();
    hints.extend(usual_ways_out(project, attempt, tried, asked)?);
    Ok(hints)
}

/// The hints for work that its target does not have in any form.
fn usual_ways_out(project: &Project, attempt: &Attempt, tried: &ComputedMerge, asked: bool) -> Result<Vec<String>> {
    let (short, target) = (attempt.id.short(), tried.name.as_str());
    let onto = match attempt.target_name() {
        Some(name) if name == tried.target => String::new(),
        _ => format!(" --onto {}", shell_words::quote(&tried.target)),
    };
    let again = format!("to start again from '{target}': git chant reset {short}, then: git chant work {short}{onto}");
    let tree = project.worktree_of(&attempt.id)?.filter(|tree| tree.path.is_dir());
    let lacks = tried.dropped_base.map(|dropped| (dropped, tried.lacks(attempt, dropped)));
    let Some(tree) = tree else {
        return Ok(lacks.map(|(_, lacks)| lacks).into_iter().chain([again]).collect());
    };
    let place = tree.path.to_string_lossy();
    let then = format!("then: git chant merge {short}{onto} (it is checked again first)");
    if tree.is_merging() || !busy_in(&project.repo, attempt.branch.as_ref())?.is_empty() {
        return Ok(vec![format!("finish the merge in progress in its worktree '{place}' and commit it"), then]);
    }
    if let Some((dropped, lacks)) = lacks {
        // What its branch takes in of the target by a merge would not change that.
        let (place, target) = (shell_words::quote(&place), shell_words::quote(target));
        let rebase = format!("git -C {place} rebase --onto {target} {}", dropped.to_hex_with_len(10));
        return Ok(vec![lacks, format!("to move its commits there: {rebase}"), then, again]);
    }
    let verb = if how(project, attempt)? == MergeHow::Rebase { "rebase" } else { "merge" };
    let (place, target) = (shell_words::quote(&place), shell_words::quote(target));
    let mut hints = vec![format!("resolve it in its worktree: git -C {place} {verb} {target}"), then];
    if asked {
        hints.push(format!("to have an agent resolve it: git chant merge {short}{onto} --agent"));
    }
    Ok(hints)
}
