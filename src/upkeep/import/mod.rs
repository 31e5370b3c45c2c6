//! The use case `import`: records as events what the front matter of spec files says about their state. Another tool, chant, keeps its
//! state there. No file is changed.
//!
//! The history of a spec begins with all of its events in one step, so that an interrupted import can begin again: a spec that has a
//! history is left alone.

mod chain;
mod commits;
mod directory;
mod other_files;
mod versions;

use std::{
    path::Path,
    sync::mpsc::{self, Receiver, SyncSender},
};

use gix::{ObjectId, bstr::ByteSlice};

use crate::{
    answer::{
        ImportView, ProblemView,
        progress::{Progress, Step},
    },
    domain::{
        diagnostic::{Diagnostic, Severity},
        id::SpecId,
        spec_file,
        spec_file::{Foreign, MAX_SPEC_LEN, Spec, foreign_of},
        status::Status,
    },
    error::Result,
    git::{pack, work_file},
    project::Project,
    store::{Appended, Store},
};
use chain::BuiltHistory;
use commits::CommitFinder;
use directory::{ChantDirectory, SourceFile};
use versions::FileHistory;

/// The result of an import.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// The specs that were imported, in the order of their ids.
    pub imported: Vec<ImportView>,
    /// How many specs had a history already.
    pub recorded: usize,
    /// The problems of what could not be carried over.
    pub left: Vec<ProblemView>,
}

/// Whether chant has set this repository up and no spec is recorded yet.
pub(crate) fn is_due(project: &Project) -> Result<bool> {
    let set_up = project.tops().iter().any(|top| top.join(".chant").join("config.md").is_file());
    Ok(set_up && project.store()?.names()?.is_empty())
}

/// How many specs are announced before they are read.
const MANY: usize = 1000;

/// How many specs are written together.
const BATCH: usize = 500;

/// How many bytes their files may have, about.
const BATCH_LEN: usize = 16 << 20;

/// Imports the specs below `dir`, a `.chant` or a directory that holds one; without `dir` those of this repository. With `dry_run`
/// nothing is written.
///
/// # Errors
/// `no-specs` if there is no such directory. What is wrong with a single spec is in the outcome.
pub(crate) fn import(project: &Project, dir: Option<&Path>, dry_run: bool, progress: &dyn Progress) -> Result<Outcome> {
    let home = ChantDirectory::find(project, dir)?;
    let store = project.store()?;
    let mut outcome = Outcome::default();
    let (sources, strays) = home.sources()?;
    outcome.left.extend(strays);
    let mut known = store.names()?;
    // Read after the refs: a ref is deleted once the archive has its history.
    known.extend(store.folded()?.into_keys());
    let (recorded, fresh): (Vec<_>, Vec<_>) = sources.into_values().partition(|source| known.contains(&source.id));
    outcome.recorded = recorded.len();
    if fresh.is_empty() {
        // The warnings were shown when the specs were imported.
        outcome.left.retain(|problem| problem.severity == Severity::Error);
        return Ok(outcome);
    }
    if fresh.len() >= MANY {
        progress.say(&Step::Note(format!("Reading {} specs and their history", fresh.len())));
    }
    let mut left_of_settings = Vec::new();
    let settings = other_files::read(project, &home, &mut left_of_settings)?;
    let history = FileHistory::read(project, &home)?;
    let mut finder = CommitFinder::new(project, settings.main_branch)?;
    let context = chain::ImportContext { project, home: &home, history: &history };
    // To write objects and refs takes about as long as to read and build: both go on at once.
    let other = Project::of(&project.env, project.repo.clone())?;
    std::thread::scope(|scope| {
        let (sender, receiver) = mpsc::sync_channel(1);
        let writer = scope.spawn(move || write_all(&other, receiver, dry_run));
        let built = build_all(&context, fresh, &mut finder, &sender);
        drop(sender);
        let written = writer.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
        outcome.left.extend(built?);
        outcome.left.extend(left_of_settings);
        outcome.left.extend(written.left);
        outcome.recorded += written.recorded;
        outcome.imported = written.imported;
        Ok(outcome)
    })
}

/// Specs that are written together.
type Batch = Vec<(Read, BuiltHistory)>;

/// Builds the histories of the specs in `fresh`, and gives them to the writer in batches until it has stopped. Returns what is wrong with
/// their files.
fn build_all(
    context: &chain::ImportContext<'_>,
    fresh: Vec<SourceFile>,
    finder: &mut CommitFinder<'_>,
    writer: &SyncSender<Batch>,
) -> Result<Vec<ProblemView>> {
    let mut left = Vec::new();
    let mut rest = fresh.into_iter().peekable();
    while rest.peek().is_some() {
        let (mut files, mut bytes) = (Vec::new(), 0);
        while files.len() < BATCH
            && bytes < BATCH_LEN
            && let Some(source) = rest.next()
        {
            if let Some(read) = read(context.project, context.home, source, &mut left)? {
                bytes += read.bytes.len();
                files.push(read);
            }
        }
        finder.look_up(files.iter().flat_map(|read| &read.spec.front.commits))?;
        let mut batch = Batch::with_capacity(files.len());
        for read in files {
            let built = chain::build(context, &read, finder)?;
            batch.push((read, built));
        }
        if writer.send(batch).is_err() {
            break;
        }
    }
    Ok(left)
}

/// Writes the histories of each batch, unless nothing is to be written.
fn write_all(project: &Project, batches: Receiver<Batch>, dry_run: bool) -> Result<Outcome> {
    let store = project.store()?;
    // Thousands of objects take less time as a pack than as a file each.
    let drafts = Project::of(&project.env, project.repo.in_memory())?;
    let mut outcome = Outcome::default();
    for batch in batches {
        let written = if dry_run { Vec::new() } else { write(&drafts.store()?, &batch)? };
        pack::write_drafts(&drafts.repo, &project.repo)?;
        if !dry_run {
            annotate(project, &store, &batch)?;
        }
        for (at, (read, built)) in batch.into_iter().enumerate() {
            if dry_run || store.begin(&read.source.id, &written[at])? {
                outcome.left.extend(built.left);
                outcome.imported.push(view(read, built.status, &built.commits));
            } else {
                // Another process was faster.
                outcome.recorded += 1;
            }
        }
    }
    Ok(outcome)
}

/// Writes the histories of a batch; no ref is moved. Returns the last event of each.
fn write(store: &Store<'_>, batch: &Batch) -> Result<Vec<Appended>> {
    let written = batch.iter().map(|(read, built)| {
        store.write_blob(&read.bytes)?;
        Ok(store.write_past(&read.source.id, &built.past)?)
    });
    written.collect()
}

fn view(read: Read, status: Status, commits: &[ObjectId]) -> ImportView {
    ImportView {
        spec: read.source.id,
        status,
        title: read.spec.title,
        path: read.source.path,
        commits: commits.iter().map(ToString::to_string).collect(),
    }
}

/// A spec file that was read.
struct Read {
    source: SourceFile,
    bytes: Vec<u8>,
    blob: ObjectId,
    spec: Spec,
    foreign: Foreign,
}

/// Reads a spec file; what is wrong with it is added to `left`.
fn read(
    project: &Project,
    home: &ChantDirectory,
    source: SourceFile,
    left: &mut Vec<ProblemView>,
) -> Result<Option<Read>> {
    let mut fault = |code: &str, message: &str| {
        left.push(ProblemView {
            spec: Some(source.id.clone()),
            path: Some(source.path.clone()),
            ..ProblemView::new(Severity::Error, code, message)
        });
        Ok(None)
    };
    let bytes = match work_file::read(&home.top, source.below.as_bytes().as_bstr(), MAX_SPEC_LEN as u64) {
        Ok(Some(bytes)) => bytes,
        Ok(None) => return fault("changed", "it was removed"),
        Err(refused) => return fault("bad-file", &format!("not imported: {refused}")),
    };
    let bytes = if home.here { project.stored(&home.top, &source.below, bytes)? } else { bytes };
    let blob = project.store()?.blob_id(&bytes);
    if !home.own && project.spec_names().has(&source.id)? {
        return fault("exists", "this repository has a file of that name; import that one first, or rename it");
    }
    match spec_file::parse(&source.path, &bytes) {
        Ok(spec) => {
            let foreign = foreign_of(&bytes);
            let skipped = home.own && says_nothing(&spec, &foreign);
            Ok((!skipped).then_some(Read { source, bytes, blob, spec, foreign }))
        }
        Err(diagnostics) => {
            left.extend(diagnostics.into_iter().map(|one| {
                let message = format!("not imported: {}", one.message);
                let help = one.help.or_else(|| Some("fix it, then: git chant import".to_owned()));
                let one = Diagnostic { message, help, ..one };
                let problem = ProblemView::of(Some(source.id.clone()), "invalid-spec", one);
                ProblemView { place: None, ..problem }
            }));
            Ok(None)
        }
    }
}

/// Whether the front matter of a spec of this repository records nothing: the spec is pending. It may be one of ours, whose events
/// have not been fetched yet.
fn says_nothing(spec: &Spec, foreign: &Foreign) -> bool {
    let front = &spec.front;
    foreign.status.is_none() && foreign.approval.is_none() && front.completed_at.is_none() && front.commits.is_empty()
}

/// Notes on the commits which spec they belong to. The notes come before the histories: after a death in between, the specs without
/// a history are imported again.
fn annotate<'b>(project: &Project, store: &Store<'_>, batch: &'b [(Read, BuiltHistory)]) -> Result<()> {
    let of = |(read, built): &'b (Read, BuiltHistory)| built.commits.iter().map(|commit| (&read.source.id, *commit));
    let wanted: Vec<(&SpecId, ObjectId)> = batch.iter().flat_map(of).collect();
    if !project.silent && !wanted.is_empty() {
        store.annotate_all(&wanted, "Notes of imported specs")?;
    }
    Ok(())
}
