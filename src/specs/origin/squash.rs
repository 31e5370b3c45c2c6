//! Commits that have the work of one or several specs in one: a forge or a person squashed it, with other changes or without.

use std::{cmp::Reverse, collections::HashSet};

use gix::ObjectId;

use super::{
    question::Question,
    recording::{Recording, is_here},
};
use crate::{
    domain::{
        altered_work::{Contained, Squash},
        changed_lines::LineHash,
        patches::PathPatch,
    },
    error::Result,
    git::path_patches,
    project::{Project, SPECS_DIR},
};

/// A commit that may squash work.
pub(super) struct Commit {
    id: ObjectId,
    parent: Option<ObjectId>,
    pub(super) changes: Vec<PathPatch>,
    /// All lines that it brings to any path.
    new: HashSet<LineHash>,
}

impl Commit {
    /// Reads what a commit changes beside its first parent: nothing, if that is not in this clone.
    ///
    /// # Errors
    /// If git fails.
    pub(super) fn read(project: &Project, id: ObjectId) -> Result<Commit> {
        let parent = project.repo.gix().find_commit(id)?.parent_ids().next().map(gix::Id::detach);
        let changes = match parent {
            Some(parent) if !is_here(project, parent) => Vec::new(),
            parent => path_patches::between(&project.repo, parent, id, SPECS_DIR)?,
        };
        let new =
            changes.iter().filter_map(|change| change.lines.as_ref()).flat_map(|lines| lines.new.clone()).collect();
        Ok(Commit { id, parent, changes, new })
    }

    /// Whether the commit and an attempt change one path, or bring one line.
    fn may_have(&self, project: &Project, one: &Recording) -> Result<bool> {
        if one.recorded_lines().any(|line| self.new.contains(line)) {
            return Ok(true);
        }
        for change in &self.changes {
            if one.touches(project, &change.path)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Those of `recordings` that may be in the commit, the oldest first.
    ///
    /// # Errors
    /// If the repository cannot be read.
    pub(super) fn candidates<'r>(&self, project: &Project, recordings: &'r [Recording]) -> Result<Vec<&'r Recording>> {
        let mut found = Vec::new();
        for one in recordings {
            if self.may_have(project, one)? {
                found.push(one);
            }
        }
        found.sort_by_key(|one| one.at);
        Ok(found)
    }

    /// The recordings of which the commit makes all changes as they are, whatever else it makes; otherwise, where a path is asked about,
    /// those of which it makes the change of that path.
    ///
    /// # Errors
    /// If the repository cannot be read.
    pub(super) fn whole<'r>(
        &self,
        project: &Project,
        recordings: &[&'r Recording],
        path: Option<&str>,
    ) -> Result<Vec<&'r Recording>> {
        let (mut whole, mut of_path) = (Vec::new(), Vec::new());
        for one in recordings {
            let own = one.changes(&project.repo)?;
            let is_same = |own: &PathPatch| self.changes.iter().any(|change| change.is_same(own));
            let is_asked = |own: &&PathPatch| path.is_none_or(|path| own.path == path);
            if !own.is_empty() && own.iter().all(is_same) && own.iter().any(|own| is_asked(&own)) {
                whole.push(*one);
            } else if path.is_some() && own.iter().filter(is_asked).any(|own| is_same(own) && is_telling(own)) {
                of_path.push(*one);
            }
        }
        Ok(if whole.is_empty() { of_path } else { whole })
    }

    /// The works that the commit has in one though it alters them, by their lines, as places in `recordings`.
    ///
    /// # Errors
    /// If the repository cannot be read.
    pub(super) fn altered(
        &self,
        project: &Project,
        recordings: &[&Recording],
        question: &Question<'_>,
        is_likely: &dyn Fn(usize) -> bool,
    ) -> Result<Altered> {
        let mut works = Vec::new();
        for one in recordings {
            works.push(one.changes(&project.repo)?);
        }
        let is_absent = |path: &str| match self.parent {
            Some(parent) => matches!(project.blob_id_in(parent, path), Ok(None)),
            None => true,
        };
        let squash = Squash { changes: &self.changes, is_absent: &is_absent, asked: question.path };
        let mut found = squash.works(&works, is_likely);
        for one in &mut found {
            // What an attempt started from is not what it made.
            let mut own = Vec::new();
            for work in &one.works {
                let is_older = match recordings[*work].base {
                    Some(base) => project.is_ancestor(self.id, base)?,
                    None => false,
                };
                if !is_older {
                    own.push(*work);
                }
            }
            one.works = own;
        }
        found.retain(|one| !one.works.is_empty());
        let line = match (question.path, question.line) {
            (Some(path), Some(line)) => line_hash(project, self.id, path, line)?,
            _ => None,
        };
        let mut places: Vec<(usize, usize)> = Vec::new();
        for (place, one) in found.iter().enumerate() {
            places.extend(one.works.iter().map(|work| (place, *work)));
        }
        places.sort_by_key(|(_, work)| Reverse(*work));
        let owner = line.and_then(|line| places.into_iter().find(|(_, work)| squash.is_of(works[*work], line)));
        Ok(Altered { found, owner, has_line: line.is_some() })
    }
}

/// Works that a commit alters.
#[derive(Default)]
pub(super) struct Altered {
    pub(super) found: Vec<Contained>,
    /// What brought the line that is asked about: a place in `found`, and one in the recordings.
    pub(super) owner: Option<(usize, usize)>,
    /// Whether a line is asked about that is not like lines of any program.
    pub(super) has_line: bool,
}

/// Whether the change of a path says by itself which work it is of. One line that is the same might be anyone's.
fn is_telling(change: &PathPatch) -> bool {
    change.lines.as_ref().is_none_or(|lines| lines.len() > 1)
}

/// The hash of a line of a file, from 1.
fn line_hash(project: &Project, commit: ObjectId, path: &str, line: u64) -> Result<Option<LineHash>> {
    let Some(blob) = project.blob_id_in(commit, path)? else { return Ok(None) };
    let Some(object) = project.repo.gix().try_find_object(blob)? else { return Ok(None) };
    let at = usize::try_from(line.saturating_sub(1)).unwrap_or(usize::MAX);
    Ok(object.data.split(|byte| *byte == b'\n').nth(at).and_then(LineHash::of))
}
