//! Whether a worktree can be removed: everything in it has to be elsewhere too.

use std::path::Path;

use bstr::ByteSlice;
use gix::ObjectId;

use super::{Step, commits, spec::Spec};
use crate::{
    answer::Pruned,
    domain::id::SpecId,
    error::{Error, Kind, Result},
    git::{
        history, status, work_file,
        worktree::{self, Worktree, add::INITIALIZING, busy, remove},
    },
    project::Project,
    specs::{
        cleanup::is_inside,
        confined::{self, Runs},
    },
    store::attempts::ATTEMPTS,
};

/// How large a document is read, in bytes.
const MAX_DOCUMENT: u64 = 1 << 30;

/// How many paths are named.
const NAMED: usize = 3;

impl Spec<'_> {
    /// The step for the worktree, if the spec is closed or the directory of the worktree was deleted.
    pub(super) fn worktree(&self) -> Result<Option<Step>> {
        let Some(tree) = &self.tree else { return Ok(None) };
        let gone = !tree.path.exists();
        let why = match &self.over {
            _ if gone => "its directory was deleted".to_owned(),
            Some(why) => why.clone(),
            None => return Ok(None),
        };
        let kind = if gone { Pruned::Registration } else { Pruned::Worktree };
        let name = tree.path.to_string_lossy().into_owned();
        let attempt = self.state.as_ref().and_then(|state| state.attempt);
        let obstacle = obstacle(self.project, self.id, attempt, tree).unwrap_or_else(|error| Some(error.message));
        if let Some(obstacle) = obstacle {
            return Ok(Some(self.leave(kind, name, obstacle)));
        }
        let (id, tree) = (self.id.clone(), tree.clone());
        Ok(Some(self.prune(kind, name, why, move |project| {
            let store = project.store()?;
            let before = store.kept_attempts(&id)?;
            if let Some(attempt) = attempt {
                // What appeared in it since it was looked at is kept as well.
                project.save_worktree(&id, attempt, &tree)?;
            } else if let Some(obstacle) = self::obstacle(project, &id, None, &tree)? {
                return Err(Error::negative(Kind::InUse, obstacle));
            }
            let _removed = remove::remove(&project.repo, &tree.path)?;
            for (name, tip) in store.kept_attempts(&id)?.into_iter().filter(|kept| !before.contains(kept)) {
                let elsewhere = before.iter().any(|(_, other)| project.is_ancestor(tip, *other).unwrap_or(false));
                if elsewhere || history::unreached(&project.repo, &[tip], &[], None)? == 0 {
                    store.drop_attempt(&id, &name, tip)?;
                }
            }
            Ok(())
        })))
    }
}

/// Why a worktree cannot be removed, that of an `attempt` at the spec; `None` if everything in it is elsewhere too.
fn obstacle(project: &Project, id: &SpecId, attempt: Option<ObjectId>, tree: &Worktree) -> Result<Option<String>> {
    if let Some(reason) = tree.locked.as_ref().filter(|reason| *reason != INITIALIZING) {
        let reason = if reason.is_empty() { String::new() } else { format!(": {reason}") };
        return Ok(Some(format!("it is locked{reason}")));
    }
    if tree.path.exists() {
        let place = attempt
            .map(|attempt| confined::attempt_worktree(project, id, attempt, tree, None, Runs::Filters))
            .transpose()?;
        if let Some(obstacle) = in_files(project, place.as_ref().map_or(tree, |place| &place.tree))? {
            return Ok(Some(obstacle));
        }
    }
    if let Some(command) = busy::under_way(tree) {
        return Ok(Some(format!("{command} is in progress in it")));
    }
    let heads = worktree::past_heads(&project.repo, tree);
    Ok(match history::unreached(&project.repo, &heads, &[], Some(&format!("{ATTEMPTS}*")))? {
        0 => None,
        count => Some(format!("it stood on {}", commits(count))),
    })
}

fn in_files(project: &Project, tree: &Worktree) -> Result<Option<String>> {
    if is_inside(project, &tree.path) {
        return Ok(Some("you are in it".to_owned()));
    }
    let dirty = status::dirty(tree)?;
    let (mut changed, mut nested) = (Vec::new(), Vec::new());
    for one in &dirty {
        let paths = if one.nested { &mut nested } else { &mut changed };
        paths.push(one.path.to_string());
    }
    let unsaved = worktree::unsaved_submodules(&project.repo, tree)?;
    let mut ignored = ignored(tree)?;
    ignored.retain(|path| path.ends_with('/') && tree.path.join(path).join(".git").exists());
    for (what, paths) in [
        ("it holds git repositories", nested),
        ("submodules hold work that exists nowhere else", unsaved.iter().map(ToString::to_string).collect()),
        ("it has changes that are not committed", changed),
        ("it holds git repositories", ignored),
    ] {
        if !paths.is_empty() {
            return Ok(Some(format!("{what}: {}", named(&paths))));
        }
    }
    documents(project, tree)
}

/// The ignored paths in a worktree; a directory that is ignored as a whole ends with `/`.
fn ignored(tree: &Worktree) -> Result<Vec<String>> {
    let options = ["--others", "--ignored", "--exclude-standard", "--directory", "-z"];
    let listed = tree.plain_git()?.arg("ls-files").args(options).check()?;
    Ok(listed.records().map(|path| path.to_str_lossy().into_owned()).collect())
}

/// In silent mode what an agent wrote under `.chant/` is ignored, and still work: it has to be in place.
fn documents(project: &Project, tree: &Worktree) -> Result<Option<String>> {
    let Some(main) = project.repo.main_work_dir().filter(|_| project.silent) else { return Ok(None) };
    let options = ["--others", "--ignored", "--exclude-standard", "-z", "--", ".chant/research"];
    let listed = tree.plain_git()?.arg("ls-files").args(options).check()?;
    let mut lost: Vec<String> = listed.records().map(|path| path.to_str_lossy().into_owned()).collect();
    let read = |top: &Path, path: &str| work_file::read(top, path.as_bytes().as_bstr(), MAX_DOCUMENT);
    // One that cannot be read is not known to be elsewhere.
    let is_in_place =
        |path: &String| matches!((read(&tree.path, path), read(&main, path)), (Ok(one), Ok(other)) if one == other);
    lost.retain(|path| !is_in_place(path));
    Ok((!lost.is_empty())
        .then(|| format!("it holds documents that are missing from the main worktree: {}", named(&lost))))
}

/// The first paths, and how many more there are.
fn named(paths: &[String]) -> String {
    let first = paths.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
    match paths.len().saturating_sub(NAMED) {
        0 => first,
        more => format!("{first} and {more} more"),
    }
}
