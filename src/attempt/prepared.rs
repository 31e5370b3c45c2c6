//! What `chant.worktreeSetup` changed and added in the worktree of an attempt before the agent began: it is no work of the agent as long as it
//! stays so. Running it is in `set_up`.

use std::io;

use bstr::{BStr, ByteSlice as _};
use gix::ObjectId;

use crate::{
    answer::progress::{Progress, Step},
    domain::{enumeration::enumerate, id::SpecId},
    error::{IoContext as _, Result},
    git::{
        assumed,
        status::{self, Dirty},
        work_file,
        worktree::Worktree,
    },
    project::Project,
    specs::attempt::SET_UP_DIR,
};

/// A larger record is none of ours, in bytes; nor is a larger file compared.
const MOST: u64 = 16 << 20;

/// How many files that set-up added are noted. Of more, the rest counts as the agent's work, as files do that it adds.
const MOST_ADDED: usize = 20_000;

/// A file that set-up changed or added in the worktree of an attempt, as the record of the clone has it: no confined run can write that.
struct Noted {
    path: String,
    /// The id of what set-up made of it; `-` where it removed the file, or where it is too large to be compared.
    id: String,
    /// Whether set-up added it: no commit has it.
    added: bool,
}

/// Notes what set-up changed and added, and has git take the tracked files among that for unchanged.
///
/// # Errors
/// If git fails, or the record cannot be written.
pub(super) fn note(project: &Project, id: &SpecId, tree: &Worktree, progress: &dyn Progress) -> Result<()> {
    let (mut record, mut tracked, mut added) = (String::new(), Vec::new(), 0);
    for Dirty { path, state, .. } in status::dirty(tree)?.into_iter().filter(|one| !one.nested) {
        let Ok(path) = String::from_utf8(path.into()) else { continue };
        let content = content(project, tree, &path)?;
        if state != *b"??" {
            record.push_str(&format!("M {content} {path}\0"));
            tracked.push(path);
        } else if added < MOST_ADDED && content != NOTHING {
            record.push_str(&format!("A {content} {path}\0"));
            added += 1;
        }
    }
    if record.is_empty() {
        return forget(project, id);
    }
    project.private_dir(SET_UP_DIR)?;
    let place = format!("{SET_UP_DIR}/{id}");
    work_file::replace(&project.repo.chant_dir(), place.as_bytes().as_bstr(), record.as_bytes())?;
    if !tracked.is_empty() {
        assumed::assume_unchanged(tree, &tracked)?;
        let what = "chant.worktreeSetup changed tracked files, which no commit of the work takes";
        progress.say(&Step::Warning(format!("{what}: {}", enumerate(&tracked))));
    }
    Ok(())
}

/// Has git look again for changes of files that are no more as set-up left them: then the agent changed them.
///
/// # Errors
/// If git fails.
pub(super) fn reveal(project: &Project, id: &SpecId, tree: &Worktree) -> Result<()> {
    let mut changed = Vec::new();
    for one in noted(project, id).into_iter().filter(|one| !one.added) {
        if content(project, tree, &one.path)? != one.id {
            changed.push(one.path);
        }
    }
    if changed.is_empty() { Ok(()) } else { assumed::look_again(tree, &changed) }
}

/// Gives tracked files that are as set-up left them back as the branch has them, and removes those that it added: the attempt is over.
///
/// # Errors
/// If git fails.
pub(super) fn undo(project: &Project, id: &SpecId) -> Result<()> {
    if let Some(tree) = project.worktree_of(id)?.filter(|tree| tree.path.is_dir()) {
        let left = left(project, id, &tree)?;
        if !left.tracked.is_empty() {
            assumed::restore(&tree, &left.tracked)?;
        }
        if !left.added.is_empty() {
            assumed::remove(&tree, &left.added)?;
        }
    }
    forget(project, id)
}

/// Forgets what set-up did in the worktree of a spec.
///
/// # Errors
/// If the record cannot be removed.
pub(super) fn forget(project: &Project, id: &SpecId) -> Result<()> {
    let path = project.set_up_file(id);
    match std::fs::remove_file(&path) {
        Err(cause) if cause.kind() != io::ErrorKind::NotFound => Err(cause).io("remove", &path),
        _ => Ok(()),
    }
}

/// The files that are as set-up left them.
#[derive(Default)]
pub(super) struct Left {
    /// Those that are tracked, and hidden from git.
    pub tracked: Vec<String>,
    /// Those that it added, sorted.
    pub added: Vec<String>,
}

impl Left {
    /// Whether an untracked file is one that set-up added.
    pub(super) fn has_added(&self, path: &BStr) -> bool {
        self.added.binary_search_by(|one| one.as_bytes().cmp(path)).is_ok()
    }
}

/// The files of a worktree that are as set-up left them.
///
/// # Errors
/// If a file cannot be read.
pub(super) fn left(project: &Project, id: &SpecId, tree: &Worktree) -> Result<Left> {
    let mut left = Left::default();
    for one in noted(project, id) {
        if content(project, tree, &one.path)? == one.id {
            let of = if one.added { &mut left.added } else { &mut left.tracked };
            of.push(one.path);
        }
    }
    left.added.sort_unstable();
    Ok(left)
}

/// Those of the `paths` that the commit `tip` has as set-up left them: a commit of the agent took them along.
///
/// # Errors
/// If the commit cannot be read.
pub(super) fn committed(project: &Project, id: &SpecId, tip: ObjectId, paths: &[String]) -> Result<Vec<String>> {
    let mut committed = Vec::new();
    for one in noted(project, id).into_iter().filter(|one| paths.contains(&one.path)) {
        let left = ObjectId::from_hex(one.id.as_bytes()).ok();
        if left.is_some() && project.blob_id_in(tip, &one.path)? == left {
            committed.push(one.path);
        }
    }
    Ok(committed)
}

/// What is noted of a spec's worktree.
fn noted(project: &Project, id: &SpecId) -> Vec<Noted> {
    let place = format!("{SET_UP_DIR}/{id}");
    let read = work_file::read(&project.repo.chant_dir(), place.as_bytes().as_bstr(), MOST).ok().flatten();
    let bytes = read.unwrap_or_default();
    let one = |record: &[u8]| {
        let (how, rest) = record.to_str().ok()?.split_once(' ')?;
        let (id, path) = rest.split_once(' ')?;
        Some(Noted { path: path.to_owned(), id: id.to_owned(), added: how == "A" })
    };
    bytes.split_str("\0").filter_map(one).collect()
}

/// What stands for a file that is not there, or cannot be compared.
const NOTHING: &str = "-";

/// The id of what is at `path` in a worktree; `-` for no file, and for one that cannot be compared.
fn content(project: &Project, tree: &Worktree, path: &str) -> Result<String> {
    let bytes = work_file::read(&tree.path, path.as_bytes().as_bstr(), MOST).ok().flatten();
    Ok(match bytes {
        Some(bytes) => project.store()?.blob_id(&bytes).to_string(),
        None => NOTHING.to_owned(),
    })
}
