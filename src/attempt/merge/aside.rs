//! The user's uncommitted copy of the spec file stands where the merge will put the committed one. It is renamed aside, hashed
//! *after* the rename, and only if it is the very text that was pinned does the merge go on; otherwise, and after any failure,
//! it is put back without overwriting anything.

use std::{
    fs::File,
    io::{ErrorKind, Write as _},
    path::{Path, PathBuf},
    time::Duration,
};

use gix::{ObjectId, refs::FullName};
use serde::{Deserialize, Serialize};

use crate::{
    agent::lease::path_text,
    answer::progress::{Progress, Step},
    attempt::ended::Waits,
    env::{
        fault,
        file_lock::{self, Lockable},
        local_file,
    },
    error::{Error, IoContext, Kind, Result},
    git::worktree::{self, Worktree},
    project::Project,
    specs::attempt::Attempt,
};

/// Stands for the mode of an index entry that only says that a file will be added.
const INTENT: &str = "intent";

/// What the names of temporary files begin with.
const TEMPORARY: &str = ".tmp-aside-";

/// A larger file is neither a record nor the copy of a spec, in bytes.
const MOST: u64 = 16 << 20;

/// What was moved, written down before it is moved. The file is locked for as long as its writer lives.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Record {
    format: u32,
    /// The worktree.
    #[serde(with = "path_text")]
    top: PathBuf,
    /// The path in it.
    path: String,
    /// Where the copy is while it is aside.
    #[serde(with = "path_text")]
    copy: PathBuf,
    /// The text that it has to be.
    blob: String,
    /// The index entry that was returned to `HEAD`'s: mode and blob; the mode is [`INTENT`] for `git add -N`.
    staged: Option<(String, String)>,
}

/// A copy that is aside, or none if there was nothing in the way.
#[derive(Debug)]
pub(super) struct Aside(Option<SetAside>);

#[derive(Debug)]
struct SetAside {
    record: Record,
    file: PathBuf,
    /// Whether the copy is known to be the pinned text, which is in the event: it cannot be lost.
    pinned: bool,
    patience: Duration,
    lock: File,
}

/// Moves the copy of the spec file out of the way of a merge into `target`, which is at `old` and becomes `new`.
pub(super) fn take(
    project: &Project,
    attempt: &Attempt,
    target: &FullName,
    old: Option<ObjectId>,
    new: ObjectId,
) -> Result<Result<Aside, Waits>> {
    let places = worktree::checked_out_in(&project.repo, target.as_ref())?;
    let ([place], Some(tip)) = (places.as_slice(), old) else { return Ok(Ok(Aside(None))) };
    if project.silent {
        return Ok(Ok(Aside(None)));
    }
    let committed = project.blob_id_in(tip, &attempt.spec_path)?;
    let staged = staged(place, &attempt.spec_path)?;
    let path = place.path.join(&attempt.spec_path);
    let there = path.symlink_metadata();
    let untouched = |blob: Option<ObjectId>| blob == committed;
    // What is only meant to be added has no text of its own: it is what the file is.
    let staged_blob = match &staged {
        Some((mode, _)) if mode == INTENT => Some(attempt.blob),
        staged => staged.as_ref().and_then(|(_, blob)| blob.parse::<ObjectId>().ok()),
    };
    let in_tree = match &there {
        Ok(meta) if meta.is_file() => Some(hash(project, &place.path, &attempt.spec_path, &path)?),
        Ok(_) => return Ok(Err(in_the_way(attempt, "is not a regular file"))),
        Err(_) => None,
    };
    if untouched(in_tree) && untouched(staged_blob) {
        return Ok(Ok(Aside(None)));
    }
    // It is staged already as the merge has it, by a merge that died or by the person: git leaves it as it is.
    let intent = matches!(&staged, Some((mode, _)) if mode == INTENT);
    let merged = project.blob_id_in(new, &attempt.spec_path)?;
    if !intent && in_tree.is_some() && in_tree == staged_blob && in_tree == merged {
        return Ok(Ok(Aside(None)));
    }
    if !untouched(staged_blob) && staged_blob != Some(attempt.blob) {
        return Ok(Err(in_the_way(attempt, "is staged with different content")));
    }
    let mut held = write_record(project, attempt, place, staged.filter(|_| !untouched(staged_blob)))?;
    if !untouched(in_tree) && in_tree.is_some() {
        held.move_aside(&path)?;
        if hash(project, &place.path, &attempt.spec_path, &held.record.copy)? != attempt.blob {
            Aside(Some(held)).put_back()?;
            return Ok(Err(in_the_way(attempt, "was edited after the work began")));
        }
        held.pinned = true;
    }
    if held.record.staged.is_some()
        && let Err(error) = restore_index(place, &attempt.spec_path, committed, held.patience)
    {
        Aside(Some(held)).put_back()?;
        return Err(error);
    }
    Ok(Ok(Aside(Some(held))))
}

fn in_the_way(attempt: &Attempt, why: &str) -> Waits {
    Waits::new(format!("the spec file {why}"))
        .paths([&attempt.spec_path])
        .hint(format!("commit it or move it away, then: git chant merge {}", attempt.id.short()))
}

impl Aside {
    /// The merge is done: the copy's text is in history, it can go.
    pub(super) fn drop_copy(&mut self) -> Result<()> {
        let Some(held) = self.0.take() else { return Ok(()) };
        local_file::remove("aside.drop", &held.record.copy)?;
        local_file::remove("aside.settle", &held.file)
    }

    /// Puts everything back where it was. A file that a person made there since is not overwritten; the copy then stays aside and
    /// is named, unless it is the pinned text: then a newer text was committed, and the copy is not needed.
    pub(super) fn put_back(&mut self) -> Result<()> {
        let Some(held) = self.0.take() else { return Ok(()) };
        if held.pinned && held.record.top.join(&held.record.path).symlink_metadata().is_ok() {
            local_file::remove("aside.drop", &held.record.copy)?;
            return local_file::remove("aside.settle", &held.file);
        }
        held.record.undo(held.patience)?;
        local_file::remove("aside.settle", &held.file)
    }
}

impl Record {
    /// Puts back what was moved; `patience` says how long to wait while another git holds the index lock.
    fn undo(&self, patience: Duration) -> Result<()> {
        if self.copy.symlink_metadata().is_ok() {
            let home = self.top.join(&self.path);
            if let Some(dir) = home.parent() {
                fault::around("dir.make", || std::fs::create_dir_all(dir)).io("create", dir)?;
            }
            // A link fails where a file is: nothing is overwritten.
            match fault::around("aside.return", || std::fs::hard_link(&self.copy, &home)) {
                Ok(()) => local_file::remove("aside.drop", &self.copy)?,
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                    return Err(Error::fatal(
                        Kind::Aside,
                        format!("'{}' is occupied; your copy of it is '{}'", home.display(), self.copy.display()),
                    ));
                }
                Err(_) => fault::around("aside.copy", || std::fs::copy(&self.copy, &home))
                    .map(|_| ())
                    .io("restore", &home)
                    .and_then(|()| local_file::remove("aside.drop", &self.copy))?,
            }
        }
        let git = || crate::git::process::Git::in_dir(&self.top).patient(patience);
        match &self.staged {
            Some((mode, _)) if mode == INTENT => {
                git()
                    .global("--literal-pathspecs")
                    .args(["add", "--intent-to-add", "--force", "--", &self.path])
                    .check()?;
            }
            Some((mode, blob)) => {
                let info = format!("{mode},{blob},{}", self.path);
                git().args(["update-index", "--add", "--cacheinfo", &info]).check()?;
            }
            None => {}
        }
        Ok(())
    }
}

impl SetAside {
    fn move_aside(&mut self, path: &Path) -> Result<()> {
        match fault::around("aside.move", || std::fs::rename(path, &self.record.copy)) {
            Err(error) if error.kind() == std::io::ErrorKind::CrossesDevices => {
                // The worktree is on another filesystem than the repository: beside the file there is room, too.
                // Its name is of this merge alone: nothing is there that could be overwritten.
                let own = self.record.copy.file_name().unwrap_or_default().to_string_lossy().into_owned();
                self.record.copy = path.with_file_name(format!(".{own}.aside"));
                self.write()?;
                fault::around("aside.move", || std::fs::rename(path, &self.record.copy)).io("move aside", path)
            }
            other => other.io("move aside", path),
        }
    }

    fn write(&mut self) -> Result<()> {
        let json = serde_json::to_vec(&self.record).map_err(|error| Error::fatal(Kind::Aside, error.to_string()))?;
        // In place: the lock is on this very file.
        fault::around("aside.rewrite", || self.lock.set_len(0)).io("write", &self.file)?;
        std::io::Seek::rewind(&mut self.lock).io("write", &self.file)?;
        self.lock.write_all(&json).io("write", &self.file)?;
        self.lock.sync_all().io("write", &self.file)
    }
}

fn write_record(
    project: &Project,
    attempt: &Attempt,
    place: &Worktree,
    staged: Option<(String, String)>,
) -> Result<SetAside> {
    let dir = project.private_dir("aside")?;
    let name = format!("{}-{}", attempt.start, project.env.random_hex(4));
    let record = Record {
        format: 1,
        top: place.path.clone(),
        path: attempt.spec_path.clone(),
        copy: dir.join(format!("{name}.md")),
        blob: attempt.blob.to_string(),
        staged,
    };
    let file = dir.join(format!("{name}.json"));
    // Locked and whole before it has its name: otherwise a recovery would take it for one that was left behind.
    let fresh = tempfile::Builder::new().prefix(TEMPORARY).tempfile_in(&dir).io("create a file in", &dir)?;
    file_lock::lock(fresh.as_file(), fresh.path())?;
    serde_json::to_writer(fresh.as_file(), &record).map_err(|error| Error::fatal(Kind::Aside, error.to_string()))?;
    fresh.as_file().sync_all().io("write", fresh.path())?;
    let lock = fault::around("aside.record", || fresh.persist_noclobber(&file));
    let lock = lock.map_err(|error| error.error).io("create", &file)?;
    Ok(SetAside { record, file, pinned: false, patience: project.config().lock_timeout()?, lock })
}

/// The index entry of a path: mode and blob.
fn staged(place: &Worktree, path: &str) -> Result<Option<(String, String)>> {
    let listed = place.git()?.global("--literal-pathspecs").args(["ls-files", "-s", "-z", "--", path]).check()?;
    let record = listed.records().next().map(|record| String::from_utf8_lossy(record).into_owned());
    let entry = record.and_then(|record| {
        let mut fields = record.split([' ', '\t']);
        Some((fields.next()?.to_owned(), fields.next()?.to_owned()))
    });
    match entry {
        Some((_, blob)) if is_intent(place, path, &blob)? => Ok(Some((INTENT.to_owned(), blob))),
        entry => Ok(entry),
    }
}

/// Whether an index entry is one of `git add -N`: it shows the empty blob, and is no difference to `HEAD`, where nothing is.
fn is_intent(place: &Worktree, path: &str, blob: &str) -> Result<bool> {
    let empty = blob.parse::<ObjectId>().is_ok_and(|blob| blob == gix::ObjectId::empty_blob(blob.kind()));
    if !empty {
        return Ok(false);
    }
    let options = ["--cached", "--ita-invisible-in-index", "--quiet", "HEAD", "--", path];
    let differs = place.git()?.global("--literal-pathspecs").arg("diff-index").args(options).run()?;
    let there = place.git()?.args(["cat-file", "-e", &format!("HEAD:{path}")]).run()?;
    Ok(differs.success() && !there.success())
}

fn restore_index(place: &Worktree, path: &str, committed: Option<ObjectId>, patience: Duration) -> Result<()> {
    let git = place.git()?.patient(patience).arg("update-index");
    let git = match committed {
        Some(blob) => git.args(["--add", "--cacheinfo", &format!("100644,{blob},{path}")]),
        None => git.args(["--force-remove", "--", path]),
    };
    git.check().map(|_| ())
}

/// The blob that git would make of `file`, which is, or was, at `path` in the work tree at `top`.
fn hash(project: &Project, top: &Path, path: &str, file: &Path) -> Result<ObjectId> {
    let bytes = local_file::read(file, MOST).and_then(|bytes| bytes.ok_or_else(|| ErrorKind::NotFound.into()));
    let bytes = bytes.io("read", file)?;
    Ok(project.store()?.blob_id(&project.stored(top, path, bytes)?))
}

/// Puts back, or drops, what merges that died left aside. A record whose writer lives is left alone.
pub(crate) fn recover_all(project: &Project, progress: &dyn Progress) -> Result<usize> {
    let mut recovered = 0;
    for file in files(project) {
        let Some((_lock, record)) = abandoned(&file, file_lock::try_lock)? else { continue };
        if let Some(record) = record {
            recover(project, &record, progress)?;
            recovered += 1;
        }
        // Without a record its writer died before anything was moved.
        local_file::remove("aside.settle", &file)?;
    }
    Ok(recovered)
}

/// Something that a merge moved aside and that is there still.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LeftAside {
    /// Where it belongs; without a record, where it is.
    pub path: PathBuf,
    /// Whether [`recover_all`] knows what to do with it.
    pub recorded: bool,
}

/// What merges that died left aside. Nothing is changed; what a living one holds is left out.
pub(crate) fn left_aside(project: &Project) -> Result<Vec<LeftAside>> {
    let mut left = Vec::new();
    for file in files(project) {
        if let Some((_lock, record)) = abandoned(&file, file_lock::try_lock_shared)? {
            let path = record.map_or(file, |record| record.top.join(&record.path));
            left.push(LeftAside { path, recorded: true });
        } else if has_extension(&file, "md") && !file.with_extension("json").exists() && file.exists() {
            left.push(LeftAside { path: file, recorded: false });
        }
    }
    left.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(left)
}

/// Every file of what is aside: records, and copies.
fn files(project: &Project) -> impl Iterator<Item = PathBuf> {
    let entries = std::fs::read_dir(project.repo.chant_dir().join("aside"));
    entries.into_iter().flatten().flatten().map(|entry| entry.path())
}

fn has_extension(file: &Path, extension: &str) -> bool {
    file.extension().is_some_and(|found| found == extension)
}

/// The record in `file`, locked by `try_lock`, if its writer is dead; the inner `None` where it died while it wrote the record. `None`
/// where the writer lives, and where `file` is no record.
fn abandoned(
    file: &Path,
    try_lock: impl Fn(&File, &Path) -> Result<bool>,
) -> Result<Option<(Lockable, Option<Record>)>> {
    if !has_extension(file, "json") {
        return Ok(None);
    }
    let Ok(Some(lock)) = local_file::open(file) else { return Ok(None) };
    let lock = Lockable::from(lock);
    if !try_lock(&lock, file)? {
        return Ok(None);
    }
    // Its writer may have finished between the listing and the lock.
    let Ok(Some(bytes)) = local_file::read(file, MOST) else { return Ok(None) };
    Ok(Some((lock, serde_json::from_slice(&bytes).ok())))
}

fn recover(project: &Project, record: &Record, progress: &dyn Progress) -> Result<()> {
    let home = record.top.join(&record.path);
    let pinned = record.copy.is_file()
        && record.blob.parse().ok() == Some(hash(project, &record.top, &record.path, &record.copy)?);
    if pinned && home.symlink_metadata().is_ok() {
        // The merge went through: the file is there, and the text of the copy is in the event.
        return local_file::remove("aside.drop", &record.copy);
    }
    if !record.copy.exists() && home.symlink_metadata().is_ok() && !still_unstaged(record)? {
        return Ok(());
    }
    record.undo(project.config().lock_timeout()?)?;
    progress.say(&Step::Note(format!("put back '{}'", home.display())));
    Ok(())
}

/// Whether the index lacks the entry that was taken out, and the merge did not put another there.
fn still_unstaged(record: &Record) -> Result<bool> {
    if record.staged.is_none() {
        return Ok(false);
    }
    let listed = crate::git::process::Git::in_dir(&record.top)
        .global("--literal-pathspecs")
        .args(["ls-files", "-s", "-z", "--", &record.path])
        .run()?;
    Ok(listed.success() && listed.records().next().is_none())
}
