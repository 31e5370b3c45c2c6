//! Which spec a commit came from, and how that is known. Events are proof; notes, trailers and messages are hints.

use std::collections::HashSet;

use gix::{
    ObjectId,
    bstr::{BString, ByteSlice},
};

use crate::{domain::id::SpecId, error::Result, git::history, project::SPECS_DIR, specs::all::Specs};

/// How the spec of a commit is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// An event names the commit.
    Recorded(SpecId),
    /// An event names another commit that makes the same change.
    Patch {
        /// The spec.
        spec: SpecId,
        /// The commit that is recorded.
        recorded: ObjectId,
    },
    /// It makes the changes of all commits of an attempt in one.
    Squash {
        /// The spec.
        spec: SpecId,
        /// How many commits are recorded.
        commits: usize,
    },
    /// Several specs recorded the same change.
    Several(Vec<SpecId>),
    /// A note or the commit's own message says so, and no event does.
    Claimed(SpecId),
    /// Notes or the commit's own message name several specs, as a squash of their work has it, and no event does.
    ClaimedBySeveral(Vec<SpecId>),
    /// Nothing is known.
    Unknown,
}

impl Origin {
    /// The spec, if it is one.
    pub(crate) fn spec(&self) -> Option<&SpecId> {
        match self {
            Origin::Recorded(spec)
            | Origin::Patch { spec, .. }
            | Origin::Squash { spec, .. }
            | Origin::Claimed(spec) => Some(spec),
            Origin::Several(_) | Origin::ClaimedBySeveral(_) | Origin::Unknown => None,
        }
    }

    /// The stable name of how it is known.
    pub(crate) fn certainty(&self) -> &'static str {
        match self {
            Origin::Recorded(_) => "recorded",
            Origin::Patch { .. } | Origin::Squash { .. } => "patch",
            Origin::Several(_) | Origin::ClaimedBySeveral(_) => "several",
            Origin::Claimed(_) => "claimed",
            Origin::Unknown => "unknown",
        }
    }

    /// How it is known, in words.
    pub(crate) fn in_words(&self) -> String {
        match self {
            Origin::Recorded(_) => "recorded by its events".to_owned(),
            Origin::Patch { recorded, .. } => {
                format!("same change as {}, which its events record", recorded.to_hex_with_len(10))
            }
            Origin::Squash { commits, .. } => {
                format!("squash of {commits} commits that its events record")
            }
            Origin::Several(specs) => {
                let specs: Vec<&str> = specs.iter().map(SpecId::short).collect();
                format!("several specs record this change: {}", specs.join(", "))
            }
            Origin::ClaimedBySeveral(specs) => {
                let specs: Vec<&str> = specs.iter().map(SpecId::short).collect();
                format!("named only by notes or the commit message, for several specs: {}", specs.join(", "))
            }
            Origin::Claimed(_) => "named only by a note or the commit message; no event confirms it".to_owned(),
            Origin::Unknown => "no spec records it".to_owned(),
        }
    }
}

/// Which spec `commit` came from; of a commit that squashes the work of several the one that changed `path`, if that is asked about.
///
/// # Errors
/// If the repository cannot be read.
pub(crate) fn origin(specs: &Specs<'_>, commit: ObjectId, path: Option<&str>) -> Result<Origin> {
    let hints = hints(specs, commit)?;
    // What is named is asked first; it is believed only if its events agree.
    for spec in &hints {
        if records(specs, spec, commit)? {
            return Ok(Origin::Recorded(spec.clone()));
        }
    }
    let mut same = Vec::new();
    let patch = history::patch_id(&specs.project.repo, commit)?.map(|id| id.to_string());
    for spec in specs.names.all()? {
        if records(specs, spec, commit)? {
            return Ok(Origin::Recorded(spec.clone()));
        }
        if let Some(patch) = &patch
            && let Some(recorded) = same_patch(specs, spec, patch)?
        {
            same.push((spec.clone(), recorded));
        }
    }
    if same.is_empty() && patch.is_some() {
        let squashed = squashed(specs, commit, path)?;
        match squashed.as_slice() {
            [(spec, commits)] => return Ok(Origin::Squash { spec: spec.clone(), commits: *commits }),
            [] => {}
            several => return Ok(Origin::Several(several.iter().map(|(spec, _)| spec.clone()).collect())),
        }
    }
    Ok(match same.as_slice() {
        [(spec, recorded)] => Origin::Patch { spec: spec.clone(), recorded: *recorded },
        [_, ..] => Origin::Several(same.into_iter().map(|(spec, _)| spec).collect()),
        [] => match hints.as_slice() {
            [only] => Origin::Claimed(only.clone()),
            [] => Origin::Unknown,
            several => Origin::ClaimedBySeveral(several.to_vec()),
        },
    })
}

/// The specs of which the commit makes all changes in one, with the number of commits that they recorded, as far as those changed `path`.
/// The files of specs don't count: a person who squashes may well leave them out.
fn squashed(specs: &Specs<'_>, commit: ObjectId, path: Option<&str>) -> Result<Vec<(SpecId, usize)>> {
    let repo = &specs.project.repo;
    let paths = |since: Option<ObjectId>, tip: ObjectId| -> Result<Vec<BString>> {
        let changed = history::changed_paths(repo, since, tip)?.into_iter().map(|change| change.path);
        Ok(changed.filter(|path| !path.starts_with(SPECS_DIR.as_bytes())).collect())
    };
    // At the edge of a shallow clone the parent is named and not there.
    let exists = |id: &ObjectId| matches!(repo.gix().try_find_header(*id), Ok(Some(_)));
    let parent = repo.gix().find_commit(commit)?.parent_ids().next().map(gix::Id::detach).filter(exists);
    let own: HashSet<BString> = paths(parent, commit)?.into_iter().collect();
    let mut found = Vec::new();
    for spec in specs.names.all()? {
        let Some(state) = specs.recorded(spec)?.state else { continue };
        let (commits, base) = (&state.facts.work_commits, state.facts.base);
        let (Some(base), Some(last)) = (base, commits.last()) else { continue };
        if !exists(&base) || !exists(last) {
            continue;
        }
        let work = paths(Some(base), *last)?;
        let asked = path.is_none_or(|path| work.iter().any(|changed| changed == path));
        let within = asked && !work.is_empty() && work.iter().all(|path| own.contains(path));
        if within && history::makes_as_one(repo, commit, base, *last, &work)? {
            found.push((spec.clone(), commits.len()));
        }
    }
    Ok(found)
}

/// The specs that the note on the commit and its own trailers name, as far as they exist.
fn hints(specs: &Specs<'_>, commit: ObjectId) -> Result<Vec<SpecId>> {
    let mut named: Vec<String> = specs.project.store()?.note(commit).unwrap_or_default().into_iter().collect();
    if let Ok(found) = specs.project.repo.gix().find_commit(commit) {
        named.extend(found.message_raw_sloppy().lines().map(|line| line.to_str_lossy().into_owned()));
    }
    let ids = named.iter().filter_map(|line| SpecId::new(line.trim().strip_prefix("Chant-Spec: ")?.trim()).ok());
    let mut hints: Vec<SpecId> = Vec::new();
    for id in ids {
        if !hints.contains(&id) && specs.names.has(&id)? {
            hints.push(id);
        }
    }
    Ok(hints)
}

/// Whether an event of the spec names the commit as its work or its merge.
fn records(specs: &Specs<'_>, spec: &SpecId, commit: ObjectId) -> Result<bool> {
    let Some(state) = specs.recorded(spec)?.state else { return Ok(false) };
    let facts = &state.facts;
    if facts.work_commits.contains(&commit) || facts.landing.is_some_and(|landing| landing.new == commit) {
        return Ok(true);
    }
    if state.attempt.is_none() && facts.work_commits.is_empty() {
        return Ok(false);
    }
    // An earlier attempt may have been merged, and the spec worked again since.
    let walk = specs.project.store()?.walk(spec, state.tip)?;
    Ok(walk.history.events().iter().any(|event| {
        event.facts.work_commits.contains(&commit) || event.facts.landing.is_some_and(|landing| landing.new == commit)
    }))
}

/// The recorded commit of the spec that makes the change of that patch id.
fn same_patch(specs: &Specs<'_>, spec: &SpecId, patch: &str) -> Result<Option<ObjectId>> {
    let Some(state) = specs.recorded(spec)?.state else { return Ok(None) };
    let walk = specs.project.store()?.walk(spec, state.tip)?;
    Ok(walk.history.events().iter().rev().find_map(|event| {
        let pairs = event.facts.work_commits.iter().zip(&event.facts.patch_ids);
        pairs.filter(|(_, id)| id.as_str() == patch).map(|(commit, _)| *commit).next()
    }))
}
