//! Commits that have the work of one or several specs in one: a forge or a person squashed it.

use std::{cell::RefCell, collections::HashMap, rc::Rc};

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

/// How many ranges of works one answer compares with commits by their patches: each costs two gits.
const MOST_RANGES: usize = 16;

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

type Pair = (ObjectId, ObjectId);

/// What was found out of pairs of commits, once for all commits that an answer is about.
#[derive(Default)]
pub(super) struct Pairs {
    /// Whether the second reaches the first.
    is_below: RefCell<HashMap<Pair, bool>>,
    /// The changes between both.
    changes: RefCell<HashMap<Pair, Rc<[PathPatch]>>>,
}

impl Pairs {
    fn is_ancestor(&self, specs: &Specs<'_>, ancestor: ObjectId, descendant: ObjectId) -> Result<bool> {
        if let Some(known) = self.is_below.borrow().get(&(ancestor, descendant)) {
            return Ok(*known);
        }
        let found = specs.project.is_ancestor(ancestor, descendant)?;
        self.is_below.borrow_mut().insert((ancestor, descendant), found);
        Ok(found)
    }

    /// The changes from `base` to `tip`; `None` once enough pairs were compared.
    fn between(&self, specs: &Specs<'_>, base: ObjectId, tip: ObjectId) -> Result<Option<Rc<[PathPatch]>>> {
        if let Some(known) = self.changes.borrow().get(&(base, tip)) {
            return Ok(Some(Rc::clone(known)));
        }
        if self.changes.borrow().len() >= MOST_RANGES {
            return Ok(None);
        }
        let found: Rc<[PathPatch]> = path_patches::between(&specs.project.repo, Some(base), tip, SPECS_DIR)?.into();
        self.changes.borrow_mut().insert((base, tip), Rc::clone(&found));
        Ok(Some(found))
    }
}

/// The works that changed the path of the question one after another, from the base of the first to the tip of the last, where the commit
/// makes the change of the path between these: with the same content before and after, otherwise by the same patch.
pub(super) fn combined(
    specs: &Specs<'_>,
    ranges: &[Range],
    changes: &[PathPatch],
    question: &Question<'_>,
    pairs: &Pairs,
) -> Result<Option<Combined>> {
    let project = specs.project;
    let Some(path) = question.path else { return Ok(None) };
    let Some(change) = changes.iter().find(|change| change.path == path) else { return Ok(None) };
    let blob = |commit| Ok::<_, crate::error::Error>(project.blob_id_in(commit, path)?.map(|id| id.to_string()));
    for by_patch in [false, true] {
        for last in ranges.iter().rev() {
            for first in ranges.iter().filter(|first| first.spec != last.spec) {
                let may_be = by_patch || (blob(first.base)? == change.before && blob(last.tip)? == change.after);
                if !may_be || !pairs.is_ancestor(specs, first.base, last.base)? {
                    continue;
                }
                let makes = |between: Rc<[PathPatch]>| between.iter().any(|one| one.is_same(change));
                if by_patch && !pairs.between(specs, first.base, last.tip)?.is_some_and(makes) {
                    continue;
                }
                let mut within = Vec::new();
                for one in ranges {
                    if pairs.is_ancestor(specs, first.base, one.base)? && pairs.is_ancestor(specs, one.tip, last.tip)? {
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
    }
    Ok(None)
}
