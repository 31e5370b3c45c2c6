//! Creates the file of a spec, and appends its first event and events that keep its text.
//!
//! Which event follows from the state of a spec is decided by the use cases, not here.

use std::path::PathBuf;

use gix::{ObjectId, bstr::ByteSlice};

use super::{documents::kept, text::path_of, view::rfc3339};
use crate::{
    domain::{
        event::{Facts, Op},
        id::SpecId,
        new_event::{NewEvent, NotAllowed},
        spec_file::Spec,
    },
    error::Result,
    git::work_file::{self, Refused},
    project::Project,
    store::{Addition, Evidence, Refusal},
};

/// The top of the work tree that gets spec files: this one, or in silent mode the main one, which alone keeps them.
///
/// # Errors
/// `no-work-tree` outside a work tree.
pub(crate) fn spec_top(project: &Project) -> Result<PathBuf> {
    let own = project.repo.require_work_dir("add")?.to_owned();
    Ok(if project.silent { project.repo.main_work_dir().unwrap_or(own) } else { own })
}

/// Creates the file of a spec, durably where objects are written durably. An existing file stays as it is.
///
/// # Errors
/// Why there is no such file now; [`Why::AlreadyExists`](work_file::Why) if there was one before.
pub(crate) fn create_file(project: &Project, id: &SpecId, bytes: &[u8]) -> Result<Result<(), Refused>> {
    let durable = project.repo.durability().loose_object;
    Ok(work_file::create_new(&spec_top(project)?, path_of(id).as_bytes().as_bstr(), bytes, durable))
}

/// Appends an event that keeps `blob` as the text of the spec `id`, which `spec` is, and the documents that it names.
///
/// # Errors
/// As [`append`].
pub(crate) fn edited(project: &Project, id: &SpecId, event: NewEvent, blob: ObjectId, spec: &Spec) -> Result<()> {
    let evidence = Evidence { spec: Some(blob), inputs: kept(project, &spec.front)?, ..Evidence::default() };
    project.store()?.record(id, Addition { event, evidence, informed: Vec::new() })?;
    Ok(())
}

/// Appends `event` to the history of the spec `id`; with `text`, the event keeps that blob as the text of the spec.
///
/// # Errors
/// `not-allowed` if the transition table refuses the event.
pub(crate) fn append(project: &Project, id: &SpecId, event: NewEvent, text: Option<ObjectId>) -> Result<()> {
    let evidence = Evidence { spec: text, ..Evidence::default() };
    project.store()?.record(id, Addition { event, evidence, informed: Vec::new() })?;
    Ok(())
}

/// Records that the spec `id` exists, with the text `bytes` of its file at `path` and the branch that it is meant for, `onto`.
/// A spec that has a history already stays as it is. Whether the text is trusted is decided by the caller.
///
/// # Errors
/// If the event cannot be written; the file is there then, and `git chant fsck --repair` completes it.
pub(crate) fn added(
    project: &Project,
    id: &SpecId,
    path: &str,
    bytes: &[u8],
    spec: &Spec,
    onto: Option<&str>,
) -> Result<()> {
    let store = project.store()?;
    if store.tip(id)?.is_some() {
        return Ok(());
    }
    let blob = store.write_blob(bytes)?;
    let facts = Facts {
        phase: spec.front.phase.clone(),
        spec_path: Some(path.to_owned()),
        spec_blob: Some(blob),
        created: Some(rfc3339(project.env.now().as_second(), 0)),
        onto: onto.map(str::to_owned),
        ..Facts::default()
    };
    let sentence = spec.title.clone().unwrap_or_else(|| id.short().to_owned());
    let event = NewEvent { op: Op::Add, sentence, facts };
    let evidence = Evidence { spec: Some(blob), inputs: kept(project, &spec.front)?, ..Evidence::default() };
    match store.record(id, Addition { event, evidence, informed: Vec::new() }) {
        // Another process has recorded the file between: a `fsck --repair`, or a `work`.
        Ok(_) | Err(Refusal::NotAllowed { obstacle: NotAllowed::Exists, .. }) => Ok(()),
        Err(refusal) => Err(refusal.into()),
    }
}
