//! Computes the merge of finished work with its target in the object database. No ref and no file is changed here.

use gix::{ObjectId, refs::FullName};

use crate::{
    attempt::ended::{Stop, Waits},
    config::MergeHow,
    domain::{id::SpecId, spec_type::SpecType, state::State, status::Status},
    error::{Error, Kind, Result},
    git::{
        branch,
        merge::{self, Computed},
        reference::branch_name,
    },
    project::{Project, branches::FetchedBranch, target::short_name},
    specs::attempt::Attempt,
};

/// A merge that was computed, and what for.
pub(super) struct ComputedMerge {
    /// What the target held; `None` if it does not exist.
    pub(super) old: Option<ObjectId>,
    /// What was merged into: that, or where a new branch begins, or what was fetched of the target where the work began with it.
    pub(super) ours: ObjectId,
    /// The target, as a person types it.
    pub(super) target: String,
    /// The branch that holds `ours`, as a person types it: the target, or what was fetched of it.
    pub(super) name: String,
    /// That branch as git finds it, whatever tags there are: `heads/main`.
    pub(super) merges: String,
    /// The commit that the own changes of the work begin after, where that branch does not have it.
    pub(super) dropped_base: Option<ObjectId>,
    /// Whether the work holds merges of commits that are not its own and that branch does not have.
    pub(super) brings_others: bool,
    pub(super) computed: Computed,
}

impl ComputedMerge {
    /// Says that the branch does not have `dropped`.
    pub(super) fn lacks(&self, attempt: &Attempt, dropped: ObjectId) -> String {
        let of = if attempt.base == Some(dropped) { "where the work began" } else { "which the work took in" };
        format!("'{}' does not have {}, {of}", self.name, dropped.to_hex_with_len(10))
    }
}

/// Computes the merge into the target as it is now.
pub(super) fn compute(project: &Project, attempt: &Attempt, target: &FullName, tip: ObjectId) -> Result<ComputedMerge> {
    let old = branch::read(&project.repo, target.as_ref())?;
    let newer = old.map(|old| began_ahead(project, attempt, target, old)).transpose()?.flatten();
    // A branch that is not there yet begins where the work began.
    let ours = newer.as_ref().map(|newer| newer.tip).or(old).or(attempt.base).unwrap_or(tip);
    let into = target.shorten().to_string();
    let (name, below) = match newer {
        Some(newer) => (newer.name, "remotes"),
        None => (into.clone(), "heads"),
    };
    let merges = format!("{below}/{name}");
    let message = message(project, attempt)?;
    let how = how(project, attempt)?;
    let by_agent = attempt.made_by().is_some();
    let since = project.own_changes_since(attempt, tip)?;
    let fetched = project.upstream_tip(&target.as_bstr().to_string())?;
    let request = merge::Request { ours, theirs: tip, since, fetched, message: &message, how, by_agent };
    // A person may have committed the spec file while it was worked: then both sides have it from the pinned text.
    let shared = merge::SharedFile { path: &attempt.spec_path, blob: attempt.blob };
    let computed = merge::compute(&project.repo, &request, (!project.silent).then_some(shared))?;
    let (dropped_base, brings_others) = (request.dropped_base(&project.repo)?, request.brings_others(&project.repo)?);
    Ok(ComputedMerge { old, ours, target: into, name, merges, dropped_base, brings_others, computed })
}

/// What was fetched of the target, if the work began with commits of it that the target, which holds `old`, lacks: it moves forward to them
/// with the merge.
fn began_ahead(
    project: &Project,
    attempt: &Attempt,
    target: &FullName,
    old: ObjectId,
) -> Result<Option<FetchedBranch>> {
    let Some(base) = attempt.base else { return Ok(None) };
    if project.is_ancestor(base, old)? {
        return Ok(None);
    }
    let newer = project.fetched_ahead(&target.as_bstr().to_string(), old)?;
    Ok(match newer {
        Some(newer) if project.is_ancestor(base, newer.tip)? => Some(newer),
        _ => None,
    })
}

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

/// Why work cannot go into its target: that was there when the attempt began, and was deleted or renamed since. Another clone may have it
/// from its remote only.
pub(super) fn gone(project: &Project, attempt: &Attempt, target: &FullName) -> Result<Option<Waits>> {
    let full = target.as_bstr().to_string();
    let is_there = branch::read(&project.repo, target.as_ref())?.is_some();
    if is_there || !project.holds(&attempt.id, attempt.start)? && project.branch_start(&full)?.is_some() {
        return Ok(None);
    }
    let Ok(began) = project.store()?.event(&attempt.id, attempt.start)? else { return Ok(None) };
    let tip = began.facts.target_tip.filter(|_| began.facts.target.as_ref() == Some(&full));
    let Some(before) = tip else { return Ok(None) };
    let (name, short, id) = (target.shorten(), attempt.id.short(), before.to_hex_with_len(12));
    let mut others = branch::names(&project.repo)?;
    others.retain(|other| {
        branch_name(other).is_ok_and(|other| branch::read(&project.repo, other.as_ref()).ok() == Some(Some(before)))
    });
    let other = if let [other] = others.as_slice() { other } else { "<branch>" };
    let waits = Waits::new(format!("the branch '{name}' that it is for was deleted or renamed"));
    Ok(Some(
        waits
            .hint(format!("to merge it into another branch: git chant merge {short} --onto {other}"))
            .hint(format!("to have the branch again: git branch {name} {id}, then: git chant merge {short}")),
    ))
}

pub(super) fn how(project: &Project, attempt: &Attempt) -> Result<MergeHow> {
    if attempt.spec.front.kind == SpecType::Research {
        project.config().merge_research()
    } else {
        project.config().merge()
    }
}

fn message(project: &Project, attempt: &Attempt) -> Result<String> {
    let mut trailers = String::new();
    if !project.silent {
        trailers.push_str(&format!("Chant-Spec: {}\n", attempt.id));
    }
    if let Some(line) = attempt.attribution(project)? {
        trailers.push_str(&format!("{line}\n"));
    }
    let subject = match project.silent {
        true => attempt.title().to_owned(),
        false => format!("Merge spec {}: {}", attempt.id.short(), attempt.title()),
    };
    Ok(if trailers.is_empty() { format!("{subject}\n") } else { format!("{subject}\n\n{trailers}") })
}
