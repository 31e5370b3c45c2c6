//! Whether a worktree can go.

use std::path::Path;

use bstr::ByteSlice;

use super::{Step, commits, spec::Spec};
use crate::{
    answer::Pruned,
    error::{Error, Kind, Result},
    git::{
        history, status,
        worktree::{self, Worktree, busy, remove},
    },
    project::Project,
    specs::cleanup::stands_in,
    store::attempts::ATTEMPTS,
};

/// The reason of the lock under which git makes a worktree.
const INITIALIZING: &str = "initializing";

/// How many paths are named.
const NAMED: usize = 3;

impl Spec<'_> {
    /// Its worktree, if it has one that it is time to look at: its spec is over, or somebody has deleted the directory.
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
        let obstacle = obstacle(self.project, tree).unwrap_or_else(|error| Some(error.message));
        if let Some(obstacle) = obstacle {
            return Ok(Some(self.keep(kind, name, obstacle)));
        }
        let (id, tree) = (self.id.clone(), tree.clone());
        let attempt = self.state.as_ref().and_then(|state| state.attempt);
        Ok(Some(Step::prune(kind, Some(self.id), name, why, move |project| {
            let store = project.store()?;
            let before = store.kept_attempts(&id)?;
            if let Some(attempt) = attempt {
                // What has come to be there since it was looked at is kept as well.
                project.save_worktree(&id, attempt, &tree)?;
            } else if let Some(obstacle) = self::obstacle(project, &tree)? {
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

/// Why a worktree cannot go; `None` if everything in it is elsewhere.
pub(super) fn obstacle(project: &Project, tree: &Worktree) -> Result<Option<String>> {
    if let Some(reason) = tree.locked.as_ref().filter(|reason| *reason != INITIALIZING) {
        let reason = if reason.is_empty() { String::new() } else { format!(": {reason}") };
        return Ok(Some(format!("it is locked{reason}")));
    }
    if tree.path.exists()
        && let Some(obstacle) = in_files(project, tree)?
    {
        return Ok(Some(obstacle));
    }
    if let Some(command) = busy::under_way(tree) {
        return Ok(Some(format!("{command} is under way in it")));
    }
    let heads = worktree::past_heads(&project.repo, tree);
    Ok(match history::unreached(&project.repo, &heads, &[], Some(&format!("{ATTEMPTS}*")))? {
        0 => None,
        count => Some(format!("it stood on {}", commits(count))),
    })
}

fn in_files(project: &Project, tree: &Worktree) -> Result<Option<String>> {
    if stands_in(project, &tree.path) {
        return Ok(Some("you are in it".to_owned()));
    }
    let dirty = status::dirty(tree)?;
    let nested: Vec<_> = dirty.iter().filter(|one| one.nested).map(|one| one.path.to_string()).collect();
    if !nested.is_empty() {
        return Ok(Some(format!("it holds repositories of its own: {}", named(&nested))));
    }
    let unsaved = worktree::unsaved_submodules(&project.repo, tree)?;
    if !unsaved.is_empty() {
        let paths: Vec<_> = unsaved.iter().map(ToString::to_string).collect();
        return Ok(Some(format!("these submodules hold work that is nowhere else: {}", named(&paths))));
    }
    if !dirty.is_empty() {
        let paths: Vec<_> = dirty.iter().map(|one| one.path.to_string()).collect();
        return Ok(Some(format!("it has changes that are not committed: {}", named(&paths))));
    }
    let mut nested = ignored(tree)?;
    nested.retain(|path| path.ends_with('/') && tree.path.join(path).join(".git").exists());
    if !nested.is_empty() {
        return Ok(Some(format!("it holds repositories of its own: {}", named(&nested))));
    }
    documents(project, tree)
}

/// What is ignored in a worktree; a directory that is so as a whole ends with `/`.
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
    let nowhere_else = |path: &&str| {
        let read = |top: &Path| std::fs::read(top.join(path)).ok();
        read(&tree.path) != read(&main)
    };
    let paths: Vec<String> = listed.records().map(|path| path.to_str_lossy().into_owned()).collect();
    let lost: Vec<String> = paths.iter().map(String::as_str).filter(nowhere_else).map(str::to_owned).collect();
    Ok((!lost.is_empty()).then(|| format!("it holds documents that are not in place: {}", named(&lost))))
}

/// The first of them, and how many more there are.
fn named(paths: &[String]) -> String {
    let first = paths.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
    match paths.len().saturating_sub(NAMED) {
        0 => first,
        more => format!("{first} and {more} more"),
    }
}
