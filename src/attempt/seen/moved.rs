//! Refs that people move, named commit by commit, and what the history says of a hook or a shallow commit.

use std::collections::{BTreeMap, BTreeSet};

use gix::{ObjectId, bstr::ByteSlice as _};

use crate::{
    agent::lease::Life,
    domain::{byte_text::shown, enumeration::enumerate, id::SpecId},
    error::Result,
    git::history,
    project::Project,
    store::SPECS,
    terminal::sanitize,
};

/// How many commits of a ref are named.
const COMMITS: usize = 5;

/// The commits that events brought into targets, among the histories that grew.
pub(super) fn landed(
    project: &Project,
    before: &BTreeMap<String, String>,
    now: &BTreeMap<String, String>,
    names: &[String],
) -> Result<BTreeSet<ObjectId>> {
    let mut landed = BTreeSet::new();
    let store = project.store()?;
    for name in names {
        let Some(Ok(id)) = name.strip_prefix(SPECS).map(SpecId::new) else { continue };
        let Some(tip) = now.get(name).and_then(|tip| tip.parse().ok()) else { continue };
        let known = before.get(name).and_then(|tip| tip.parse::<ObjectId>().ok());
        let walk = store.walk(&id, tip)?;
        let fresh =
            walk.history.events().iter().filter(|event| known.is_none_or(|old| !walk.history.reaches(old, event.id)));
        for landing in fresh.filter_map(|event| event.facts.landing) {
            landed.extend(history::commits_between(&project.repo, landing.old, landing.new)?);
        }
    }
    Ok(landed)
}

/// What is to be said of a ref that moved from `old` to `new`; `None` if only our own merges moved it, or a run of another spec.
pub(super) fn say(
    project: &Project,
    name: &str,
    old: Option<&String>,
    new: Option<&String>,
    landed: &BTreeSet<ObjectId>,
) -> Result<Option<String>> {
    if is_worked_on(project, name)? {
        return Ok(None);
    }
    let id = |text: Option<&String>| text.and_then(|text| text.parse::<ObjectId>().ok());
    let name = shown(name);
    Ok(match (id(old), id(new)) {
        (_, None) if new.is_none() => Some(format!("'{name}' was deleted during the run")),
        (None, Some(_)) if old.is_none() => Some(format!("'{name}' was created during the run")),
        (Some(old), Some(new)) => {
            let gone = history::newest_between(&project.repo, [new], old, COMMITS + 1);
            let mut come = history::newest_between(&project.repo, [old], new, COMMITS + 1 + landed.len());
            come.retain(|commit| !landed.contains(commit));
            if come.is_empty() && gone.is_empty() {
                return Ok(None);
            }
            let mut said = listed(project, &come);
            if !gone.is_empty() {
                said = format!("{said}{}without {}", if come.is_empty() { "" } else { "; " }, listed(project, &gone));
            }
            Some(format!("'{name}' moved during the run: {said}"))
        }
        _ => Some(format!("'{name}' points elsewhere since the run began")),
    })
}

/// What is to be said of an attempt whose work holds commits that its target got since the run began, otherwise than by our own merges:
/// a run that could write the target may have put them there, where no check of its work looks at them.
pub(super) fn taken_in(
    project: &Project,
    id: &SpecId,
    attempt: ObjectId,
    before: &BTreeMap<String, String>,
    now: &BTreeMap<String, String>,
    landed: &BTreeSet<ObjectId>,
) -> Result<Option<String>> {
    let Some(target) = project.attempt_at(id, attempt)?.target else { return Ok(None) };
    let at = |refs: &BTreeMap<String, String>, name: &str| refs.get(name)?.parse::<ObjectId>().ok();
    let work = project.branch_ref(id)?.as_bstr().to_str_lossy().into_owned();
    let (Some(old), Some(new), Some(tip)) = (at(before, &target), at(now, &target), at(now, &work)) else {
        return Ok(None);
    };
    // All of a tip that the target has is looked at from the base.
    let shared = history::merge_base(&project.repo, new, tip)?.filter(|shared| old != new && *shared != tip);
    let Some(shared) = shared else { return Ok(None) };
    let mut taken = history::newest_between(&project.repo, [old], shared, COMMITS + 1 + landed.len());
    taken.retain(|commit| !landed.contains(commit));
    if taken.is_empty() {
        return Ok(None);
    }
    let changes = history::changed_paths(&project.repo, Some(old), shared)?;
    let paths: Vec<String> = changes.iter().map(|change| change.path.to_string()).collect();
    let said = listed(project, &taken);
    Ok(Some(format!(
        "the work contains commits that '{target}' received during the run: {said}; they change {}",
        enumerate(&paths)
    )))
}

/// Commits, newest first, each with its subject.
fn listed(project: &Project, commits: &[ObjectId]) -> String {
    let one = |id: &ObjectId| {
        let commit = project.repo.gix().find_commit(*id).ok();
        let message = commit.as_ref().and_then(|commit| commit.message_raw().ok());
        let subject =
            message.and_then(|message| message.lines().next()).unwrap_or_default().to_str_lossy().into_owned();
        format!("{} {}", id.to_hex_with_len(7), sanitize::line(&subject))
    };
    let more = if commits.len() > COMMITS { ", and more" } else { "" };
    let named: Vec<String> = commits.iter().take(COMMITS).map(one).collect();
    named.join(", ") + more
}

/// Whether a branch is that of a spec that is being worked on in this clone.
fn is_worked_on(project: &Project, name: &str) -> Result<bool> {
    let Some(id) = spec_of(project, name)? else { return Ok(false) };
    let Some(attempt) = project.store()?.state(&id)?.and_then(|state| state.attempt) else { return Ok(false) };
    Ok(matches!(project.life(attempt)?, Life::Running(_)))
}

/// The spec whose work branch has this full name.
pub(super) fn spec_of(project: &Project, name: &str) -> Result<Option<SpecId>> {
    let prefix = format!("refs/heads/{}", project.config().branch_prefix()?);
    Ok(name.strip_prefix(&prefix).and_then(|id| SpecId::new(id).ok()))
}

/// Whether a commit is at the edge of the history that is here: some parent of it is not. `listed` says whether git is told so.
pub(super) fn is_edge(project: &Project, commit: &str, listed: bool) -> Result<bool> {
    let Ok(id) = commit.parse::<ObjectId>() else { return Ok(false) };
    let Ok(commit) = project.repo.gix().find_commit(id) else { return Ok(!listed) };
    let missing = commit.parent_ids().any(|parent| !project.repo.gix().has_object(parent));
    Ok(missing == listed)
}

/// The blob that the last commit has at a path.
pub(super) fn committed(project: &Project, path: &str) -> Result<Option<String>> {
    let Some(head) = project.repo.head()?.id() else { return Ok(None) };
    let tree = project.repo.gix().find_commit(head)?.tree()?;
    Ok(tree.lookup_entry_by_path(path)?.map(|entry| entry.object_id().to_string()))
}
