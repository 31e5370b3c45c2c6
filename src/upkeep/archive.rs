//! The use case `archive`: archives specs, and takes them out of the archive again. The file appears in its new directory, the event is
//! written, the file is removed from its old directory; the index stays as it is. Last, the histories of archived specs are folded
//! into one ref a month.
//!
//! Only a process that died between these steps leaves a file in both directories: [`settle`] removes one of the two.

use std::path::Path;

use gix::bstr::ByteSlice;

use crate::{
    answer::progress::{Progress, Step},
    domain::{
        event::{Facts, Op},
        id::SpecId,
        new_event::{NewEvent, sentence},
        spec_file::MAX_SPEC_LEN,
        status::Status,
    },
    env::{fault, local_file},
    error::{Error, IoContext, Kind, Result},
    git::{process::Git, work_file},
    project::Project,
    specs::{
        all::Specs,
        entry::Entry,
        record,
        text::{archive_path_of, path_of},
    },
};

/// The step at which one of two files of a spec is removed.
const UNLINK: &str = "file.unlink";

/// The ids of the specs of an investigation, all of which have to be completed or cancelled.
///
/// # Errors
/// `no-topic` if it has no specs, `not-over` if one of them is open.
pub(crate) fn of_topic(project: &Project, topic: &str) -> Result<Vec<String>> {
    let entries = Specs::new(project)?.of_known_topic(topic)?;
    let open = |entry: &&Entry| !matches!(entry.status, Status::Completed | Status::Cancelled);
    let open: Vec<String> =
        entries.iter().filter(open).map(|entry| format!("'{}' is {}", entry.id.short(), entry.status)).collect();
    if !open.is_empty() {
        return Err(Error::negative(Kind::NotOver, format!("'{topic}' is not over: {}", open.join(", ")))
            .hint("complete or cancel them first, or archive the others by their ids"));
    }
    Ok(entries.iter().map(|entry| entry.id.to_string()).collect())
}

/// The ids of all specs that are completed or cancelled.
///
/// # Errors
/// If the specs cannot be read.
pub(crate) fn closed(project: &Project) -> Result<Vec<String>> {
    let specs = Specs::cached(project)?;
    let mut found = Vec::new();
    for id in specs.names.active()? {
        specs.inspect(
            id,
            |status| matches!(status, Status::Completed | Status::Cancelled),
            |facts| {
                found.push(facts.id.to_string());
                Ok(())
            },
        )?;
    }
    Ok(found)
}

/// The ids of the archived specs of an investigation.
///
/// # Errors
/// `no-topic` if it has none.
pub(crate) fn of_archived_topic(project: &Project, topic: &str) -> Result<Vec<String>> {
    let specs = Specs::new(project)?;
    let entries = match specs.of_archived_topic(topic) {
        Err(error) if error.kind == Kind::NoTopic && !specs.of_topic(topic)?.is_empty() => {
            return Err(Error::negative(Kind::NoTopic, format!("no spec of '{}' is archived", topic.escape_debug()))
                .hint(format!("to see where they stand: git chant status {topic}")));
        }
        found => found?,
    };
    Ok(entries.iter().map(|entry| entry.id.to_string()).collect())
}

/// Archives specs: for each the event, then `.chant/specs/<id>.md` becomes `.chant/archive/<id>.md` where that file is. Last, their
/// histories are folded. Returns the sentence of each event.
///
/// # Errors
/// If the status of one does not allow it, or its file has changes that are not committed. Those before it are archived by then.
pub(crate) fn archive(project: &Project, ids: &[SpecId], progress: &dyn Progress) -> Result<Vec<String>> {
    let sentences = move_all(project, ids, &Op::Archive)?;
    if let Err(error) = fold(project, Some(ids)) {
        // The specs are archived: this is no failure.
        progress.say(&Step::Warning(format!("they keep a ref each: {}", error.message)));
    }
    Ok(sentences)
}

/// Takes specs out of the archive. Returns the sentence of each event.
///
/// # Errors
/// As [`archive`].
pub(crate) fn unarchive(project: &Project, ids: &[SpecId]) -> Result<Vec<String>> {
    move_all(project, ids, &Op::Unarchive)
}

fn move_all(project: &Project, ids: &[SpecId], op: &Op) -> Result<Vec<String>> {
    let mut sentences = Vec::new();
    for id in ids {
        let entry = Specs::new(project)?.entry(id)?;
        let sentence = sentence(if *op == Op::Archive { "Archived" } else { "Restored" }, entry.title(), "");
        // A process that died had recorded the event: then only one of its two files was left to remove.
        let recorded = settle(project, id)? && (entry.status == Status::Archived) == (*op == Op::Archive);
        if !recorded {
            move_one(project, &entry, op, &sentence)?;
        }
        sentences.push(sentence);
    }
    Ok(sentences)
}

/// Folds these specs, as far as they are archived and have a ref of their own; all specs if none are named. Gives those whose ref is
/// gone.
///
/// # Errors
/// If an archive cannot be read, or other processes keep writing to it.
pub(crate) fn fold(project: &Project, only: Option<&[SpecId]>) -> Result<Vec<SpecId>> {
    let store = project.store()?;
    // What another clone has folded already, as its archive says, need not be folded here.
    let mut gone = if only.is_none() { store.drop_contained()? } else { Vec::new() };
    let mut chains = store.unfolded(only)?;
    chains.retain(|(id, _)| !gone.contains(id));
    gone.extend(store.fold_away(&chains)?);
    gone.sort_unstable();
    Ok(gone)
}

fn move_one(project: &Project, entry: &Entry, op: &Op, sentence: &str) -> Result<()> {
    let (active, archived) = (path_of(&entry.id), archive_path_of(&entry.id));
    let (from, to) = match op {
        Op::Archive => (&active, &archived),
        _ => (&archived, &active),
    };
    let top = project.tops().into_iter().find(|top| matches!(exists(top, from), Ok(true)));
    if let Some(top) = &top {
        refuse_modified(project, top, from)?;
        if exists(top, to)? && project.filed_twice(&entry.id)?.is_none_or(|both| both != *top) {
            return Err(Error::negative(Kind::Occupied, format!("'{to}' exists already")).hint("move one of them away"));
        }
    }
    let facts = Facts { spec_path: top.is_some().then(|| to.to_owned()), ..Facts::default() };
    if let Some(top) = &top {
        link(top, from, to)?;
    }
    let event = NewEvent { op: op.clone(), sentence: sentence.to_owned(), facts };
    let appended = record::append(project, &entry.id, event, None);
    if let Some(top) = &top {
        // One of the two files is removed, with or without the event.
        local_file::remove(UNLINK, &top.join(if appended.is_ok() { from } else { to }))?;
    }
    appended
}

/// Removes one of the two files that a process left which died while it moved a spec: the other is where the state of the spec says.
/// Returns whether there were two.
///
/// # Errors
/// If a file cannot be read or removed.
pub(crate) fn settle(project: &Project, id: &SpecId) -> Result<bool> {
    let Some(top) = project.filed_twice(id)? else { return Ok(false) };
    let archived = project.store()?.state(id)?.is_some_and(|state| state.status == Status::Archived);
    local_file::remove(UNLINK, &top.join(if archived { path_of(id) } else { archive_path_of(id) }))?;
    Ok(true)
}

fn exists(top: &Path, path: &str) -> Result<bool> {
    work_file::read(top, path.as_bytes().as_bstr(), MAX_SPEC_LEN as u64)
        .map(|bytes| bytes.is_some())
        .map_err(|refused| Error::negative(Kind::BadFile, refused.to_string()))
}

/// Refuses a file with uncommitted changes, which a move would carry along.
fn refuse_modified(project: &Project, top: &Path, path: &str) -> Result<()> {
    if project.silent {
        return Ok(());
    }
    let status = Git::in_dir(top)
        .global("--literal-pathspecs")
        .args(["status", "--porcelain=v1", "-z", "--untracked-files=no", "--no-renames", "--", path])
        .check()?;
    match status.records().next() {
        Some(_) => Err(Error::negative(Kind::Modified, format!("'{path}' has changes that are not committed"))
            .hint("commit or restore it first")),
        None => Ok(()),
    }
}

fn link(top: &Path, from: &str, to: &str) -> Result<()> {
    let (source, target) = (top.join(from), top.join(to));
    if let Some(dir) = target.parent() {
        fault::around("dir.make", || std::fs::create_dir_all(dir)).io("create", dir)?;
    }
    // Neither a link nor a new file overwrites anything.
    match fault::around("file.link", || std::fs::hard_link(&source, &target)) {
        Ok(()) => Ok(()),
        // An earlier process died right here.
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        // A file system without links.
        Err(_) => {
            let bytes = std::fs::read(&source).io("read", &source)?;
            work_file::create_new(top, to.as_bytes().as_bstr(), &bytes, true)
                .map_err(|refused| Error::fatal(Kind::Io, format!("cannot move '{from}': {refused}")))
        }
    }
}
