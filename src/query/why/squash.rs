//! Commits that have the work of one or several specs in one: a forge or a person squashed it, with other changes or without.

use std::{cell::OnceCell, cmp::Reverse, collections::HashSet};

use gix::{ObjectId, bstr::BString};

use super::{question::Question, source::Source};
use crate::{
    domain::{
        altered_work::{Found, Squash},
        changed_lines::LineHash,
        event::Op,
        history::History,
        id::SpecId,
        patches::{Patches, PathPatch},
        state::State,
    },
    error::Result,
    git::{history, path_patches, repository::Repository},
    project::{SPECS_DIR, get_or_try_init},
    specs::all::Specs,
};

/// What an attempt changed.
pub(super) struct Recording {
    pub(super) source: Source,
    /// How many commits made the changes.
    pub(super) commits: usize,
    /// When they were recorded, in seconds since the epoch.
    at: i64,
    /// The commit that the attempt started from.
    base: Option<ObjectId>,
    from: From,
    /// The changes, read when a commit needs them.
    changes: OnceCell<Vec<PathPatch>>,
}

/// Where the changes of an attempt are told.
enum From {
    /// A finish event keeps them.
    Event(Patches),
    /// The commits are here, and no event keeps them.
    Commits { base: ObjectId, tip: ObjectId, paths: OnceCell<Vec<BString>> },
}

impl Recording {
    /// Whether the attempt changed `path`.
    pub(super) fn touches(&self, specs: &Specs<'_>, path: &str) -> Result<bool> {
        Ok(match &self.from {
            From::Event(patches) => patches.touch(path),
            From::Commits { base, tip, paths } => {
                let paths = get_or_try_init(paths, || changed(&specs.project.repo, Some(*base), *tip))?;
                paths.iter().any(|changed| changed == path)
            }
        })
    }

    /// The changes, with their lines as far as they are recorded or the blobs are here.
    fn changes(&self, repo: &Repository) -> Result<&[PathPatch]> {
        let read = || match &self.from {
            From::Event(patches) => {
                let mut own = patches.own.clone();
                for one in own.iter_mut().filter(|one| one.lines.is_none()) {
                    let id =
                        |hex: &Option<String>| hex.as_ref().and_then(|hex| ObjectId::from_hex(hex.as_bytes()).ok());
                    one.lines = path_patches::lines(repo, id(&one.before), id(&one.after))?;
                }
                Ok(own)
            }
            From::Commits { base, tip, .. } => path_patches::between(repo, Some(*base), *tip, SPECS_DIR),
        };
        Ok(get_or_try_init(&self.changes, read)?)
    }

    /// Whether the attempt and a commit change one path, or bring one line.
    fn may_be_in(&self, specs: &Specs<'_>, commit: &Commit) -> Result<bool> {
        if let From::Event(patches) = &self.from {
            let own = patches.own.iter().filter_map(|one| one.lines.as_ref());
            if own.flat_map(|lines| &lines.new).any(|line| commit.new.contains(line)) {
                return Ok(true);
            }
        }
        for change in &commit.changes {
            if self.touches(specs, &change.path)? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// What the events of a spec record of its changes; otherwise its commits, where they are here.
pub(super) fn recordings(specs: &Specs<'_>, spec: &SpecId, state: &State, history: &History) -> Result<Vec<Recording>> {
    let store = specs.project.store()?;
    let mut found = Vec::new();
    for event in history.events().iter().filter(|event| event.op == Op::Finish) {
        if let Some(bytes) = store.evidence_of(event.id, "patches.json")?
            && let Ok(patches) = serde_json::from_slice(&bytes)
        {
            let started = history.get(event.attempt()).and_then(|start| start.facts.base);
            found.push(Recording {
                source: Source { spec: spec.clone(), attempt: Some(event.attempt()) },
                commits: event.facts.work_commits.len(),
                at: event.author.seconds,
                base: event.facts.base.or(started),
                from: From::Event(patches),
                changes: OnceCell::new(),
            });
        }
    }
    let (base, tip) = (state.facts.base, state.facts.work_commits.last().copied());
    if let (true, Some(base), Some(tip)) = (found.is_empty(), base, tip)
        && is_here(specs, base)
        && is_here(specs, tip)
    {
        found.push(Recording {
            source: Source { spec: spec.clone(), attempt: state.attempt },
            commits: state.facts.work_commits.len(),
            at: history.events().last().map_or(0, |event| event.author.seconds),
            base: Some(base),
            from: From::Commits { base, tip, paths: OnceCell::new() },
            changes: OnceCell::new(),
        });
    }
    Ok(found)
}

/// A commit that may squash work.
pub(super) struct Commit {
    id: ObjectId,
    parent: Option<ObjectId>,
    changes: Vec<PathPatch>,
    /// All lines that it brings to any path.
    new: HashSet<LineHash>,
}

impl Commit {
    /// Reads what a commit changes beside its first parent: nothing, if that is not in this clone.
    ///
    /// # Errors
    /// If git fails.
    pub(super) fn read(specs: &Specs<'_>, id: ObjectId) -> Result<Commit> {
        let parent = specs.project.repo.gix().find_commit(id)?.parent_ids().next().map(gix::Id::detach);
        let changes = match parent {
            Some(parent) if !is_here(specs, parent) => Vec::new(),
            parent => path_patches::between(&specs.project.repo, parent, id, SPECS_DIR)?,
        };
        let new =
            changes.iter().filter_map(|change| change.lines.as_ref()).flat_map(|lines| lines.new.clone()).collect();
        Ok(Commit { id, parent, changes, new })
    }

    /// Those of `recordings` that may be in the commit, the oldest first.
    ///
    /// # Errors
    /// If the repository cannot be read.
    pub(super) fn candidates<'r>(&self, specs: &Specs<'_>, recordings: &'r [Recording]) -> Result<Vec<&'r Recording>> {
        let mut found = Vec::new();
        for one in recordings {
            if one.may_be_in(specs, self)? {
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
        specs: &Specs<'_>,
        recordings: &[&'r Recording],
        path: Option<&str>,
    ) -> Result<Vec<&'r Recording>> {
        let (mut whole, mut of_path) = (Vec::new(), Vec::new());
        for one in recordings {
            let own = one.changes(&specs.project.repo)?;
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
        specs: &Specs<'_>,
        recordings: &[&Recording],
        question: &Question<'_>,
        is_likely: &dyn Fn(usize) -> bool,
    ) -> Result<Altered> {
        let mut works = Vec::new();
        for one in recordings {
            works.push(one.changes(&specs.project.repo)?);
        }
        let is_absent = |path: &str| match self.parent {
            Some(parent) => matches!(specs.project.blob_id_in(parent, path), Ok(None)),
            None => true,
        };
        let squash = Squash { changes: &self.changes, is_absent: &is_absent, asked: question.path };
        let mut found = squash.works(&works, is_likely);
        for one in &mut found {
            // What an attempt started from is not what it made.
            let mut own = Vec::new();
            for work in &one.works {
                let is_older = match recordings[*work].base {
                    Some(base) => specs.project.is_ancestor(self.id, base)?,
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
            (Some(path), Some(line)) => line_hash(specs, self.id, path, line)?,
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
pub(super) struct Altered {
    pub(super) found: Vec<Found>,
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
fn line_hash(specs: &Specs<'_>, commit: ObjectId, path: &str, line: u64) -> Result<Option<LineHash>> {
    let Some(blob) = specs.project.blob_id_in(commit, path)? else { return Ok(None) };
    let Some(object) = specs.project.repo.gix().try_find_object(blob)? else { return Ok(None) };
    let at = usize::try_from(line.saturating_sub(1)).unwrap_or(usize::MAX);
    Ok(object.data.split(|byte| *byte == b'\n').nth(at).and_then(LineHash::of))
}

/// The paths that differ between two commits, without the files of specs.
fn changed(repo: &Repository, since: Option<ObjectId>, tip: ObjectId) -> Result<Vec<BString>> {
    let changed = history::changed_paths(repo, since, tip)?.into_iter().map(|change| change.path);
    Ok(changed.filter(|path| !path.starts_with(SPECS_DIR.as_bytes())).collect())
}

/// Whether this clone has an object.
pub(super) fn is_here(specs: &Specs<'_>, commit: ObjectId) -> bool {
    matches!(specs.project.repo.gix().try_find_header(commit), Ok(Some(_)))
}
