//! What attempts changed, as their events record it.

use std::{
    cell::OnceCell,
    collections::{HashMap, HashSet},
};

use gix::{ObjectId, bstr::BString};

use super::source::Source;
use crate::{
    domain::{
        changed_lines::LineHash,
        event::Op,
        history::History,
        id::SpecId,
        patches::{Patches, PathPatch},
        state::State,
    },
    error::Result,
    git::{history, path_patches, repository::Repository},
    project::{Project, SPECS_DIR, get_or_try_init},
};

/// The commits that the events of specs record.
#[derive(Default)]
pub(crate) struct Recorded {
    /// The work and the merges, each with the first attempt that names it.
    pub(super) commits: HashMap<ObjectId, Source>,
    /// The work by its patches: of each spec the newest commit that makes the change.
    pub(super) patches: HashMap<String, Vec<(Source, ObjectId)>>,
    /// What attempts changed, path by path.
    pub(super) recordings: Vec<Recording>,
}

impl Recorded {
    /// Adds what the events of `spec` record. An earlier attempt may have been merged, and the spec worked again since: what two attempts
    /// name is of the first.
    ///
    /// # Errors
    /// If the events cannot be read.
    pub(super) fn add(&mut self, project: &Project, spec: &SpecId, state: &State) -> Result<()> {
        let walk = project.store()?.walk(spec, state.tip)?;
        let mut made: HashMap<ObjectId, ObjectId> = HashMap::new();
        for event in walk.history.events() {
            let landed = event.facts.landing.map(|landing| landing.new);
            for commit in event.facts.work_commits.iter().copied().chain(landed) {
                made.entry(commit).or_insert(event.attempt());
            }
        }
        let source = |commit: &ObjectId| Source { spec: spec.clone(), attempt: made.get(commit).copied() };
        let mut patches: HashSet<&str> = HashSet::new();
        for event in walk.history.events().iter().rev() {
            for (commit, patch) in event.facts.work_commits.iter().zip(&event.facts.patch_ids) {
                if patches.insert(patch) {
                    self.patches.entry(patch.clone()).or_default().push((source(commit), *commit));
                }
            }
        }
        for commit in made.keys() {
            self.commits.entry(*commit).or_insert_with(|| source(commit));
        }
        self.recordings.extend(recordings(project, spec, state, &walk.history)?);
        Ok(())
    }
}

/// What an attempt changed.
pub(super) struct Recording {
    pub(super) source: Source,
    /// How many commits made the changes.
    pub(super) commits: usize,
    /// When they were recorded, in seconds since the epoch.
    pub(super) at: i64,
    /// The commit that the attempt started from.
    pub(super) base: Option<ObjectId>,
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
    pub(super) fn touches(&self, project: &Project, path: &str) -> Result<bool> {
        Ok(match &self.from {
            From::Event(patches) => patches.touch(path),
            From::Commits { base, tip, paths } => {
                let paths = get_or_try_init(paths, || changed(&project.repo, Some(*base), *tip))?;
                paths.iter().any(|changed| changed == path)
            }
        })
    }

    /// The lines that the attempt brought, as far as an event records them.
    pub(super) fn recorded_lines(&self) -> impl Iterator<Item = &LineHash> {
        let own = match &self.from {
            From::Event(patches) => patches.own.as_slice(),
            From::Commits { .. } => &[],
        };
        own.iter().filter_map(|one| one.lines.as_ref()).flat_map(|lines| &lines.new)
    }

    /// The changes, with their lines as far as they are recorded or the blobs are here.
    pub(super) fn changes(&self, repo: &Repository) -> Result<&[PathPatch]> {
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
}

/// What the events of a spec record of its changes; otherwise its commits, where they are here.
fn recordings(project: &Project, spec: &SpecId, state: &State, history: &History) -> Result<Vec<Recording>> {
    let store = project.store()?;
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
        && is_here(project, base)
        && is_here(project, tip)
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

/// The paths that differ between two commits, without the files of specs.
fn changed(repo: &Repository, since: Option<ObjectId>, tip: ObjectId) -> Result<Vec<BString>> {
    let changed = history::changed_paths(repo, since, tip)?.into_iter().map(|change| change.path);
    Ok(changed.filter(|path| !path.starts_with(SPECS_DIR.as_bytes())).collect())
}

/// Whether this clone has an object.
pub(super) fn is_here(project: &Project, commit: ObjectId) -> bool {
    matches!(project.repo.gix().try_find_header(commit), Ok(Some(_)))
}

/// All changes of all attempts that are recorded.
pub(super) fn changes_of<'r>(recorded: &'r Recorded, project: &Project) -> Result<Vec<&'r PathPatch>> {
    let mut all = Vec::new();
    for one in &recorded.recordings {
        all.extend(one.changes(&project.repo)?);
    }
    Ok(all)
}

/// Whether a commit brings or takes a line as an attempt does, or changes a path of which no lines are told. It starts no process.
pub(super) fn shares_lines(recorded: &Recorded, project: &Project, commit: ObjectId) -> Result<bool> {
    let repo = &project.repo;
    let own = changes_of(recorded, project)?;
    for change in history::changed_paths(repo, history::first_parent(repo, commit)?, commit)? {
        let lines = path_patches::lines(repo, change.before, change.after)?;
        let is_shared = |one: &&PathPatch| match (&one.lines, &lines) {
            (Some(own), Some(lines)) if own.len() > 0 => own.shared(lines) > 0,
            _ => change.path == one.path,
        };
        if own.iter().any(is_shared) {
            return Ok(true);
        }
    }
    Ok(false)
}
