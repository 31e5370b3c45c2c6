//! The use case `add`: a new spec, its file created exclusively, then its first event.

mod text;

use std::collections::BTreeSet;

use gix::bstr::ByteSlice;

pub(crate) use text::{Draft as Text, render};

use crate::{
    domain::{
        event::{Facts, Op},
        id::SpecId,
        new_event::{NewEvent, NotAllowed},
        spec_file::Spec,
    },
    env::fault,
    error::{Error, IoContext, Kind, Result},
    git::work_file::{self, Why},
    project::Project,
    specs::text::path_of,
    store::{Addition, Evidence, Refusal},
};

/// How many random ids are tried before something must be wrong.
const MAX_TRIES: usize = 64;

/// Creates the file of a new spec with `bytes`, under a fresh id. `spec` is what the bytes say.
///
/// # Errors
/// Outside a work tree, or if the file cannot be created.
pub(crate) fn create_file(project: &Project, bytes: &[u8]) -> Result<SpecId> {
    let top = home(project)?;
    let today = project.env.today();
    let names = project.spec_names();
    let used = names.of_day(&today.to_string())?;
    for _ in 0..MAX_TRIES {
        let id = fresh_id(project, today, &used);
        if used.contains(&id) || names.has_archived_file(&id)? {
            continue;
        }
        match work_file::create_new(&top, path_of(&id).as_bytes().as_bstr(), bytes, durable(project)) {
            Ok(()) => return Ok(id),
            Err(refused) if matches!(refused.why, Why::AlreadyExists) => continue,
            Err(refused) => return Err(Error::fatal(Kind::Add, format!("cannot create the spec file: {refused}"))),
        }
    }
    Err(Error::fatal(Kind::Add, "no free id could be found"))
}

/// Creates the file of a new member of `driver`, under the next free number.
///
/// # Errors
/// As [`create_file`].
pub(crate) fn create_member_file(project: &Project, driver: &SpecId, bytes: &[u8]) -> Result<SpecId> {
    let top = home(project)?;
    let names = project.spec_names();
    let mut number = project.members(&names, driver)?.len() + 1;
    for _ in 0..MAX_TRIES {
        let id =
            SpecId::new(&format!("{driver}.{number}")).map_err(|error| Error::fatal(Kind::Add, error.to_string()))?;
        match work_file::create_new(&top, path_of(&id).as_bytes().as_bstr(), bytes, durable(project)) {
            Ok(()) => return Ok(id),
            Err(refused) if matches!(refused.why, Why::AlreadyExists) => number += 1,
            Err(refused) => return Err(Error::fatal(Kind::Add, format!("cannot create the spec file: {refused}"))),
        }
    }
    Err(Error::fatal(Kind::Add, "no free number could be found"))
}

/// Whether a spec file has to be on disk before the command ends: as the objects have to be that hold its text.
fn durable(project: &Project) -> bool {
    project.repo.durability().loose_object
}

/// Where the file goes: this work tree; in silent mode the main one, where alone it is kept.
pub(crate) fn home(project: &Project) -> Result<std::path::PathBuf> {
    let own = project.repo.require_work_dir("add")?.to_owned();
    if project.silent { Ok(project.repo.main_work_dir().unwrap_or(own)) } else { Ok(own) }
}

/// Records that the spec came to be, and the branch that it is for if that was said, by its full name. Whether its text is trusted is another matter: the caller knows who wrote it.
///
/// # Errors
/// If the event cannot be written; the file is there then, and `git chant fsck --repair` completes it.
pub(crate) fn record(project: &Project, id: &SpecId, bytes: &[u8], spec: &Spec, onto: Option<&str>) -> Result<()> {
    let store = project.store()?;
    let blob = store.write_blob(bytes)?;
    let facts = Facts {
        phase: spec.front.phase.clone(),
        spec_path: Some(path_of(id)),
        spec_blob: Some(blob),
        created: Some(second(project)),
        onto: onto.map(str::to_owned),
        ..Facts::default()
    };
    let sentence = spec.title.clone().unwrap_or_else(|| id.short().to_owned());
    let event = NewEvent { op: Op::Add, sentence, facts };
    let evidence = Evidence { spec: Some(blob), ..Evidence::default() };
    match store.record(id, Addition { event, evidence, informed: Vec::new() }) {
        // The file is ours alone, so a chain that is there was begun from it: by a `fsck --repair` or a `work` that came in between.
        Ok(_) | Err(Refusal::NotAllowed { obstacle: NotAllowed::Exists, .. }) => Ok(()),
        Err(refusal) => Err(refusal.into()),
    }
}

/// Records that specs came to be whose files this very run has made, and trusts their texts. Where that fails for want of a
/// signature, the files that nothing is recorded of are removed: the command can be given again when the key works.
///
/// # Errors
/// As [`record`].
pub(crate) fn record_made(project: &Project, made: &[(SpecId, Vec<u8>, Spec)], onto: Option<&str>) -> Result<()> {
    for (at, (id, bytes, spec)) in made.iter().enumerate() {
        if let Err(error) = record(project, id, bytes, spec, onto) {
            if error.kind == Kind::SigningFailed {
                made[at..].iter().try_for_each(|(id, ..)| take_back(project, id))?;
            }
            return Err(error);
        }
        project.trust(project.store()?.blob_id(bytes))?;
    }
    Ok(())
}

/// Records on `old` that `new` takes its place.
///
/// # Errors
/// `not-allowed` if `old` is archived.
pub(crate) fn supersede(project: &Project, old: &SpecId, new: &SpecId) -> Result<()> {
    let sentence = format!("{} takes its place", new.short());
    let facts = Facts { superseded_by: Some(new.clone()), ..Facts::default() };
    project.store()?.record(old, NewEvent { op: Op::Supersede, sentence, facts })?;
    Ok(())
}

/// Removes the file of a spec that was created in this very run and is recorded nowhere.
///
/// # Errors
/// If it cannot be removed.
pub(crate) fn take_back(project: &Project, id: &SpecId) -> Result<()> {
    let path = home(project)?.join(path_of(id));
    fault::around("file.remove", || std::fs::remove_file(&path)).io("remove", &path)
}

/// Writes the file of a spec whose events are there and whose file is not. What lies there meanwhile stays.
///
/// # Errors
/// Outside a work tree, or if the file cannot be created.
pub(crate) fn restore_file(project: &Project, id: &SpecId, bytes: &[u8]) -> Result<()> {
    work_file::create_new(&home(project)?, path_of(id).as_bytes().as_bstr(), bytes, durable(project))
        .map_err(|refused| Error::fatal(Kind::Add, format!("cannot create the spec file: {refused}")))
}

fn second(project: &Project) -> String {
    crate::specs::view::rfc3339(project.env.now().as_second(), 0)
}

/// The next id of the day. The sequence is for people; that two clones or processes never agree on an id is the suffix's
/// doing.
fn fresh_id(project: &Project, today: jiff::civil::Date, used: &BTreeSet<SpecId>) -> SpecId {
    let sequence = used.iter().filter_map(SpecId::sequence).max().unwrap_or(0) + 1;
    SpecId::generate(today.year(), today.month(), today.day(), sequence, project.env.random_u32())
}
