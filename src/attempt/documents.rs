//! In silent mode, documents and spec files are in no commit of a branch. What the events of other clones carry of them is put into the
//! main work tree: where nothing is, or something that the newest event builds on. What a person wrote since stays.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use gix::{ObjectId, bstr::ByteSlice as _};

use super::merge;
use crate::{
    domain::{
        event::{Event, Op, Pin},
        history::History,
        id::SpecId,
        state::State,
        status::Status,
    },
    error::{Error, Kind, Result},
    git::work_file,
    project::Project,
    specs::{
        all::Specs,
        documents::documents,
        inputs::{Input, MAX_INPUT_LEN},
        text::{TextSource, path_of},
    },
    store::File,
};

/// Puts into place what the events of `id` carry, and of every spec that it depends on, directly and through others. Gives the paths of
/// [`write()`].
///
/// # Errors
/// If the events or the files cannot be read.
pub(crate) fn write_for(project: &Project, id: &SpecId) -> Result<BTreeSet<String>> {
    if !project.silent {
        return Ok(BTreeSet::new());
    }
    write(project, &grounds(&Specs::new(project)?, id)?)
}

/// The spec `id`, and every one that it depends on, directly and through others, each as the one that stands in its place.
fn grounds(specs: &Specs<'_>, id: &SpecId) -> Result<Vec<SpecId>> {
    let mut found = vec![id.clone()];
    let mut at = 0;
    while let Some(next) = found.get(at).cloned() {
        at += 1;
        for written in specs.depends_on(&next)?.iter() {
            if let [other] = specs.project.candidates(&specs.names, written)?.as_slice() {
                let other = specs.successor(id, other)?;
                if !found.contains(&other) {
                    found.push(other);
                }
            }
        }
    }
    Ok(found)
}

/// Refuses to begin with an input that a person changed here and that another clone's research has replaced: the newer document could not be
/// put into place, and an agent would go by the older one.
///
/// # Errors
/// `not-ready` with the way out; if the events cannot be read.
pub(super) fn refuse_superseded(project: &Project, id: &SpecId, inputs: &[Input]) -> Result<()> {
    if !project.silent {
        return Ok(());
    }
    let (specs, store) = (Specs::new(project)?, project.store()?);
    for by in grounds(&specs, id)? {
        let Some(newest) = written_by(&specs, &by)? else { continue };
        if newest.ours {
            continue;
        }
        for input in inputs.iter().filter(|input| !input.committed) {
            let (Pin::Path { path, .. }, Some(bytes)) = (&input.pin, &input.bytes) else { continue };
            let Some(new) = store.evidence_id(newest.event, &format!("outputs/{path}"))? else { continue };
            let new = project.repo.gix().find_blob(new)?.take_data();
            for old in specs.predecessors(&by)? {
                let Some(was) = written_by(&specs, &old)? else { continue };
                let Some(blob) = store.evidence_id(was.event, &format!("outputs/{path}"))? else { continue };
                if is_older(bytes, &project.repo.gix().find_blob(blob)?.take_data(), &new) {
                    return Err(superseded(id, path, &old, &by));
                }
            }
        }
    }
    Ok(())
}

fn superseded(id: &SpecId, path: &str, old: &SpecId, by: &SpecId) -> Error {
    let (short, quoted) = (id.short(), shell_words::quote(path));
    let message = format!(
        "cannot work on '{short}': '{path}' is a changed copy of what '{}' wrote, which '{}' replaced in another clone",
        old.short(),
        by.short()
    );
    Error::negative(Kind::NotReady, message)
        .hint(format!("to go by the new document: mv {quoted} {quoted}.mine, then: git chant work {short}"))
}

/// The event that recorded the work of a spec, if it is completed.
fn written_by(specs: &Specs<'_>, id: &SpecId) -> Result<Option<Written>> {
    let project = specs.project;
    let Some(state) = project.store()?.state(id)?.filter(|state| recorded_status(state) == Status::Completed) else {
        return Ok(None);
    };
    let history = project.store()?.walk(id, state.tip)?.history;
    let finish = history.events().iter().rev().find(|event| event.op == Op::Finish);
    let ours = |event: &Event| event.facts.clone.as_deref() == Some(project.clone_name());
    Ok(finish.map(|event| Written { event: event.id, ours: ours(event) }))
}

/// Whether a text is made of an old one rather than of the new one: it has more of the lines that only the old one has.
fn is_older(text: &[u8], old: &[u8], new: &[u8]) -> bool {
    let lines =
        |text| -> BTreeSet<&[u8]> { <[u8]>::lines(text).map(<[u8]>::trim).filter(|line| !line.is_empty()).collect() };
    let (text, old, new) = (lines(text), lines(old), lines(new));
    let shared = |with: &BTreeSet<&[u8]>, without: &BTreeSet<&[u8]>| {
        with.difference(without).filter(|line| text.contains(*line)).count()
    };
    shared(&old, &new) > shared(&new, &old)
}

/// Puts into place what the events of `ids` carry: the documents that completed specs wrote, the documents that their attempts were
/// given, and a newer text of a spec file. Gives the paths of files that were left as they are because two clones changed them at once.
///
/// # Errors
/// As [`write_for`].
pub(crate) fn write(project: &Project, ids: &[SpecId]) -> Result<BTreeSet<String>> {
    if !project.silent {
        return Ok(BTreeSet::new());
    }
    let Some(top) = project.repo.main_work_dir().or_else(|| project.repo.work_dir().map(Path::to_owned)) else {
        return Ok(BTreeSet::new());
    };
    // What a spec wrote comes first: what others were given of it may be older.
    let specs = Specs::new(project)?;
    ids.iter().try_for_each(|id| write_outputs(&specs, id))?;
    let specs = Specs::new(project)?;
    let mut carried = Carried { project, specs: &specs, top, left: BTreeSet::new() };
    ids.iter().try_for_each(|id| carried.write(id))?;
    Ok(carried.left)
}

/// Puts the documents into place that a completed spec wrote: only where none is, or one that was pinned when the work on it began.
fn write_outputs(specs: &Specs<'_>, id: &SpecId) -> Result<()> {
    let project = specs.project;
    let Some(state) = project.store()?.state(id)? else { return Ok(()) };
    if recorded_status(&state) != Status::Completed || specs.successor(id, id)? != *id {
        return Ok(());
    }
    match project.attempt(id, &state) {
        // What is in the way is a person's, or newer.
        Ok(attempt) => merge::write_outputs(project, &attempt).map(drop),
        Err(error) if matches!(error.kind, Kind::NoAttempt | Kind::NoText | Kind::InvalidSpec) => Ok(()),
        Err(error) => Err(error),
    }
}

fn recorded_status(state: &State) -> Status {
    state.was.unwrap_or(state.status)
}

/// What recorded the documents of a completed spec.
struct Written {
    event: ObjectId,
    /// Whether this clone recorded it, and so had the documents in place.
    ours: bool,
}

/// A version of a file that an event carries.
struct Version {
    event: ObjectId,
    blob: ObjectId,
    /// Whether this clone recorded it.
    ours: bool,
}

/// What the events of specs carry besides the documents that these wrote.
struct Carried<'c, 'p> {
    project: &'p Project,
    specs: &'c Specs<'p>,
    top: PathBuf,
    /// The files that another clone changed while this one did.
    left: BTreeSet<String>,
}

impl Carried<'_, '_> {
    /// Puts the inputs of a spec into place, and a newer text where its file is one that an earlier event has.
    fn write(&mut self, id: &SpecId) -> Result<()> {
        let entry = self.specs.entry(id)?;
        let (Some(state), Some(spec)) = (&entry.state, entry.spec()) else { return Ok(()) };
        if recorded_status(state) == Status::Cancelled {
            return Ok(());
        }
        let history = self.project.store()?.walk(id, state.tip)?.history;
        for path in documents(&spec.front) {
            let versions = self.inputs(&history, path)?;
            self.put(path, &history, &versions, true)?;
        }
        let text = entry.loaded.as_ref().and_then(|loaded| loaded.text.as_ref());
        let has_file = text.is_some_and(|text| matches!(text.source, TextSource::File(_)) && text.path == path_of(id));
        if has_file && state.status != Status::Archived {
            let versions = self.texts(&history);
            self.put(&path_of(id), &history, &versions, false)?;
        }
        Ok(())
    }

    /// The versions of an input that the events carry, the oldest first.
    fn inputs(&self, history: &History, path: &str) -> Result<Vec<Version>> {
        let store = self.project.store()?;
        let mut versions = Vec::new();
        let carries = |event: &&Event| matches!(event.op, Op::Add | Op::Edit | Op::Start | Op::Finish);
        for event in history.events().iter().filter(carries) {
            if let Some(blob) = store.evidence_id(event.id, &format!("inputs/{path}"))? {
                versions.push(self.version(event, blob));
            }
        }
        Ok(versions)
    }

    /// The versions of the spec file, the oldest first.
    fn texts(&self, history: &History) -> Vec<Version> {
        let text = |event: &Event| event.facts.spec_blob.map(|blob| self.version(event, blob));
        history.events().iter().filter_map(text).collect()
    }

    fn version(&self, event: &Event, blob: ObjectId) -> Version {
        Version { event: event.id, blob, ours: event.facts.clone.as_deref() == Some(self.project.clone_name()) }
    }

    /// Puts the newest version of a file into place: over an older version if another clone recorded the newest on top of it, and where
    /// nothing is if it is `wanted` there and this clone never had it: otherwise a person removed it.
    fn put(&mut self, path: &str, history: &History, versions: &[Version], wanted: bool) -> Result<()> {
        let Some((newest, older)) = versions.split_last() else { return Ok(()) };
        let now = match work_file::read(&self.top, path.as_bytes().as_bstr(), MAX_INPUT_LEN) {
            Ok(now) => now.map(|bytes| self.project.store().map(|store| store.blob_id(&bytes))).transpose()?,
            // A link, or a directory: a person's.
            Err(_) => return Ok(()),
        };
        match now {
            None if !wanted || versions.iter().any(|version| version.ours) => return Ok(()),
            Some(now) if now == newest.blob || newest.ours || older.iter().all(|version| version.blob != now) => {
                return Ok(());
            }
            Some(now) if !builds_on(history, versions, now) => {
                self.left.insert(path.to_owned());
                return Ok(());
            }
            _ => {}
        }
        let file = File { path: path.to_owned(), blob: newest.blob };
        // What came between, and what cannot be written, is a person's to settle.
        merge::put(self.project, &self.top, &file, now).map(drop)
    }
}

/// Whether the newest version was recorded on top of each event that changed the file to `now`. An event that carries what the one
/// before it carried changed nothing.
fn builds_on(history: &History, versions: &[Version], now: ObjectId) -> bool {
    let Some(newest) = versions.last() else { return false };
    let changed = |at: usize, version: &Version| {
        let before = versions[..at].iter().rev().find(|earlier| history.reaches(version.event, earlier.event));
        before.is_none_or(|before| before.blob != now)
    };
    let mut changes = versions.iter().enumerate().filter(|(at, version)| version.blob == now && changed(*at, version));
    changes.all(|(_, version)| history.reaches(newest.event, version.event))
}
