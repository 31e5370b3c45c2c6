//! The use case `archive`: put a spec away, and take it out again. The event comes first; then the file moves in the work
//! tree, and the index stays as it is.

use std::path::Path;

use gix::bstr::ByteSlice;

use crate::{
    domain::{
        draft::Draft,
        event::{Facts, Op},
        spec::MAX_SPEC_LEN,
    },
    env::fault,
    error::{Error, IoContext, Result},
    git::{process::Git, work_file},
    project::{
        Project,
        text::{archive_path_of, path_of},
        world::Entry,
    },
};

/// Puts a spec away: the event, then `.chant/specs/<id>.md` becomes `.chant/archive/<id>.md` where that file is.
///
/// # Errors
/// If its status does not allow it, or the file has changes that are not committed.
pub fn archive(project: &Project, entry: &Entry) -> Result<()> {
    let (from, to) = (path_of(&entry.id), archive_path_of(&entry.id));
    step(project, entry, Op::Archive, "is archived", &from, &to)
}

/// Takes it out again.
///
/// # Errors
/// As [`archive`].
pub fn unarchive(project: &Project, entry: &Entry) -> Result<()> {
    let (from, to) = (archive_path_of(&entry.id), path_of(&entry.id));
    step(project, entry, Op::Unarchive, "is taken out of the archive", &from, &to)
}

fn step(project: &Project, entry: &Entry, op: Op, what: &str, from: &str, to: &str) -> Result<()> {
    let top = project.tops().into_iter().find(|top| matches!(exists(top, from), Ok(true)));
    if let Some(top) = &top {
        refuse_modified(project, top, from)?;
        if exists(top, to)? {
            return Err(Error::negative("occupied", format!("'{to}' exists already")).hint("move one of the two away"));
        }
    }
    let facts = Facts { spec_path: top.is_some().then(|| to.to_owned()), ..Facts::default() };
    let sentence = format!("{} {what}", entry.title());
    project
        .store()?
        .append(&entry.id, |_| Ok(Draft { op: op.clone(), sentence: sentence.clone(), facts: facts.clone() }))
        .map_err(|refusal| refusal.into_error(entry.id.short()))?;
    if let Some(top) = top {
        move_file(&top, from, to)?;
    }
    Ok(())
}

fn exists(top: &Path, path: &str) -> Result<bool> {
    work_file::read(top, path.as_bytes().as_bstr(), MAX_SPEC_LEN as u64)
        .map(|bytes| bytes.is_some())
        .map_err(|refused| Error::negative("bad-file", refused.to_string()))
}

/// A move would carry along changes that nobody has committed yet.
fn refuse_modified(project: &Project, top: &Path, path: &str) -> Result<()> {
    if project.silent {
        return Ok(());
    }
    let status = Git::in_dir(top)
        .global("--literal-pathspecs")
        .args(["status", "--porcelain=v1", "-z", "--untracked-files=no", "--no-renames", "--", path])
        .check()?;
    match status.records().next() {
        Some(_) => Err(Error::negative("modified", format!("'{path}' has changes that are not committed"))
            .hint("commit or restore it first")),
        None => Ok(()),
    }
}

fn move_file(top: &Path, from: &str, to: &str) -> Result<()> {
    let (from, to) = (top.join(from), top.join(to));
    if let Some(dir) = to.parent() {
        fault::around("dir.make", || std::fs::create_dir_all(dir)).io("create", dir)?;
    }
    // A link fails where a file is: nothing is overwritten.
    match fault::around("file.link", || std::fs::hard_link(&from, &to)) {
        Ok(()) => fault::around("file.unlink", || std::fs::remove_file(&from)).io("remove", &from),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Err(error).io("move", &from),
        Err(_) => fault::around("file.move", || std::fs::rename(&from, &to)).io("move", &from),
    }
}
