//! The merge of finished work with its target, computed in the object database: for `merge` itself, and for whatever says what it would do. No
//! ref and no file is changed here.

use bstr::BString;
use gix::{ObjectId, refs::FullName};

use super::attempt::Attempt;
use crate::{
    config::MergeHow,
    domain::spec_type::SpecType,
    error::Result,
    git::{
        branch,
        commit::Signing,
        history,
        merge::{self, Computed},
        repository::Repository,
    },
    project::{Project, branches::FetchedBranch},
};

/// A merge that was computed, and what for.
pub(crate) struct ComputedMerge {
    /// What the target held; `None` if it does not exist.
    pub(crate) old: Option<ObjectId>,
    /// What was merged into: that, or where a new branch begins, or what was fetched of the target where the work began with it.
    pub(crate) ours: ObjectId,
    /// The target, as a person types it.
    pub(crate) target: String,
    /// The branch that holds `ours`, as a person types it: the target, or what was fetched of it.
    pub(crate) name: String,
    /// That branch as git finds it, whatever tags there are: `heads/main`.
    pub(crate) merges: String,
    /// The commit that the own changes of the work begin after, where that branch does not have it.
    pub(crate) dropped_base: Option<ObjectId>,
    /// Whether the work holds merges of commits that are not its own and that branch does not have.
    pub(crate) brings_others: bool,
    /// What came of it.
    pub(crate) computed: Computed,
}

impl ComputedMerge {
    /// Says that the branch does not have `dropped`.
    pub(crate) fn lacks(&self, attempt: &Attempt, dropped: ObjectId) -> String {
        let of = if attempt.base == Some(dropped) { "where the work began" } else { "which the work took in" };
        format!("'{}' does not have {}, {of}", self.name, dropped.to_hex_with_len(10))
    }
}

/// What a merge would do now.
#[derive(Clone, Debug, Default)]
pub(crate) struct MergePreview {
    /// The branch that it would merge into, as a person types it.
    pub(crate) name: String,
    /// The paths that conflict, sorted.
    pub(crate) conflicts: Vec<BString>,
    /// The paths that it would change in the target.
    pub(crate) changes: Vec<BString>,
}

impl Project {
    /// Computes the merge of finished work at `tip` into `target` as that is now. Nothing but objects is written.
    ///
    /// # Errors
    /// As [`merge::compute`].
    pub(crate) fn compute_merge(&self, attempt: &Attempt, target: &FullName, tip: ObjectId) -> Result<ComputedMerge> {
        compute(self, &self.repo, attempt, (target, tip), Signing::AsConfigured)
    }

    /// What [`Project::compute_merge`] would come to. Nothing is written, no object either, and no program signs anything.
    ///
    /// # Errors
    /// As [`merge::compute`].
    pub(crate) fn preview_merge(&self, attempt: &Attempt, target: &FullName, tip: ObjectId) -> Result<MergePreview> {
        let repo = self.repo.in_memory();
        let merge = compute(self, &repo, attempt, (target, tip), Signing::Never)?;
        let mut preview = MergePreview { name: merge.name, ..MergePreview::default() };
        match merge.computed {
            Computed::Commit(new) => {
                let changes = history::changed_paths(&repo, merge.old, new)?;
                preview.changes = changes.into_iter().map(|change| change.path).collect();
            }
            Computed::Conflict(paths) => preview.conflicts = paths,
            Computed::UpToDate => {}
        }
        Ok(preview)
    }
}

/// Computes the merge, with objects in `repo`.
fn compute(
    project: &Project,
    repo: &Repository,
    attempt: &Attempt,
    (target, tip): (&FullName, ObjectId),
    signing: Signing,
) -> Result<ComputedMerge> {
    let old = branch::read(repo, target.as_ref())?;
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
    let request = merge::Request { ours, theirs: tip, since, fetched, message: &message, how, by_agent, signing };
    // A person may have committed the spec file while it was worked: then both sides have it from the pinned text.
    let shared = merge::SharedFile { path: &attempt.spec_path, blob: attempt.blob };
    let computed = merge::compute(repo, &request, (!project.silent).then_some(shared))?;
    let (dropped_base, brings_others) = (request.dropped_base(repo)?, request.brings_others(repo)?);
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

/// How the work of an attempt goes into its target.
///
/// # Errors
/// If the setting cannot be read.
pub(crate) fn how(project: &Project, attempt: &Attempt) -> Result<MergeHow> {
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
