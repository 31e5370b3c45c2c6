//! Commits that have the work of one or several specs in one: a forge or a person squashed it.

use gix::ObjectId;

use super::question::Question;
use crate::{
    domain::{
        event::Op,
        history::History,
        id::SpecId,
        patches::{Patches, PathPatch},
    },
    error::Result,
    git::{blame, path_patches},
    project::SPECS_DIR,
    specs::all::Specs,
};

/// How many ranges of works are compared with a commit by their patches.
const MOST_RANGES: usize = 64;

/// What a spec recorded of its changes.
pub(super) struct Recording {
    pub(super) spec: SpecId,
    /// How many commits made them.
    pub(super) commits: usize,
    patches: Patches,
}

impl Recording {
    /// Whether the spec changed `path`.
    pub(super) fn touches(&self, path: &str) -> bool {
        self.patches.touch(path)
    }
}

/// What the finish events of a history record of the changes of a spec.
pub(super) fn recordings(specs: &Specs<'_>, spec: &SpecId, history: &History) -> Result<Vec<Recording>> {
    let store = specs.project.store()?;
    let mut found = Vec::new();
    for event in history.events().iter().filter(|event| event.op == Op::Finish) {
        if let Some(bytes) = store.evidence_of(event.id, "patches.json")?
            && let Ok(patches) = serde_json::from_slice(&bytes)
        {
            found.push(Recording { spec: spec.clone(), commits: event.facts.work_commits.len(), patches });
        }
    }
    Ok(found)
}

/// The changes of a commit to its first parent, a path each; none for one whose parent is not in this clone.
///
/// # Errors
/// If git fails.
pub(super) fn changes_of(specs: &Specs<'_>, commit: ObjectId) -> Result<Vec<PathPatch>> {
    let gix = specs.project.repo.gix();
    let parent = gix.find_commit(commit)?.parent_ids().next().map(gix::Id::detach);
    match parent {
        Some(parent) if gix.try_find_header(parent)?.is_none() => Ok(Vec::new()),
        parent => path_patches::between(&specs.project.repo, parent, commit, SPECS_DIR),
    }
}

/// The recordings of which a commit with these changes makes all in one; otherwise, where a path is asked about, those of which it makes the
/// change of that path.
pub(super) fn recorded_in<'r>(
    recordings: &'r [Recording],
    changes: &[PathPatch],
    path: Option<&str>,
) -> Vec<&'r Recording> {
    let whole = |one: &&Recording| path.is_none_or(|path| one.touches(path)) && one.patches.all_within(changes);
    let found: Vec<&Recording> = recordings.iter().filter(whole).collect();
    if !found.is_empty() {
        return found;
    }
    let of_path = |own: &PathPatch| path == Some(own.path.as_str()) && changes.iter().any(|change| change.is_same(own));
    recordings.iter().filter(|one| one.patches.own.iter().any(of_path)).collect()
}

/// The specs that changed a path, or any, one after another and whose changes of it a commit makes in one, as the last of them recorded it.
pub(super) fn joined_in(recordings: &[Recording], changes: &[PathPatch], path: Option<&str>) -> Vec<SpecId> {
    let asked = |all: &PathPatch| path.is_none_or(|path| all.path == path);
    let makes = |all: &PathPatch| asked(all) && changes.iter().any(|change| change.is_same(all));
    let joined = recordings.iter().filter_map(|one| one.patches.joined.as_ref());
    let mut made = joined.filter(|joined| joined.paths.iter().any(makes));
    let Some(joined) = made.next_back() else { return Vec::new() };
    let touches = |spec: &&SpecId| {
        let mut of_spec = recordings.iter().filter(|one| one.spec == **spec);
        of_spec.any(|one| path.is_none_or(|path| one.touches(path)))
    };
    joined.specs.iter().filter(touches).cloned().collect()
}

/// The work of a spec, as far as its commits are here.
#[derive(Clone)]
pub(super) struct Range {
    pub(super) spec: SpecId,
    pub(super) base: ObjectId,
    pub(super) tip: ObjectId,
}

/// Several works in one commit.
pub(super) struct Combined {
    /// The specs that changed the path, the oldest first.
    pub(super) specs: Vec<SpecId>,
    /// The commit among their work that the line comes from; `None` where no line is asked about, or it comes from none.
    pub(super) line: Option<ObjectId>,
}

/// The works that changed the path of the question one after another, from the base of the first to the tip of the last, where the commit
/// makes the change of the path between these.
pub(super) fn combined(
    specs: &Specs<'_>,
    ranges: &[Range],
    changes: &[PathPatch],
    question: &Question<'_>,
) -> Result<Option<Combined>> {
    let project = specs.project;
    let Some(path) = question.path else { return Ok(None) };
    let Some(change) = changes.iter().find(|change| change.path == path) else { return Ok(None) };
    let mut compared = 0;
    for last in ranges.iter().rev() {
        for first in ranges {
            if first.spec == last.spec || !project.is_ancestor(first.base, last.base)? {
                continue;
            }
            let blob =
                |commit| Ok::<_, crate::error::Error>(project.blob_id_in(commit, path)?.map(|id| id.to_string()));
            let by_blobs = blob(first.base)? == change.before && blob(last.tip)? == change.after;
            if !by_blobs {
                compared += 1;
                if compared > MOST_RANGES {
                    return Ok(None);
                }
                let between = path_patches::between(&project.repo, Some(first.base), last.tip, SPECS_DIR)?;
                if !between.iter().any(|one| one.is_same(change)) {
                    continue;
                }
            }
            let mut within = Vec::new();
            for one in ranges {
                if project.is_ancestor(first.base, one.base)? && project.is_ancestor(one.tip, last.tip)? {
                    within.push(one.spec.clone());
                }
            }
            let line = match question.line {
                Some(line) => {
                    let there = (question.commit, path, line);
                    blame::line_between(&project.repo, there, first.base, last.tip)?
                }
                None => None,
            };
            return Ok(Some(Combined { specs: within, line }));
        }
    }
    Ok(None)
}
