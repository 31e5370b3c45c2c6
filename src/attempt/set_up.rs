//! `chant.worktreeSetup` in the worktree of an attempt. What it changes there before the agent begins is not the agent's work.

use std::path::Path;

use bstr::ByteSlice as _;

use crate::{
    agent::process::{self, Run},
    answer::progress::{Progress, Pulse, Step},
    attempt::{
        check,
        plan::Plan,
        session::{read_own, write_own},
    },
    domain::{activity::Activity, enumeration::enumerate, id::SpecId},
    error::Result,
    git::{
        assumed, status, work_file,
        worktree::{self, Worktree},
    },
    project::Project,
    specs::agent_run,
};

/// The file of the tool's own in a worktree that says which tracked files set-up changed: of each the id of what it made of it, or `-`
/// where it removed the file, a space, the path and a NUL.
const CHANGED: &str = "set-up";

/// A larger one is none of ours, in bytes; nor is a larger tracked file compared.
const MOST: u64 = 16 << 20;

/// Runs `chant.worktreeSetup` in the new worktree, and shows what it prints while it runs. Git does not look for its changes of tracked files
/// there, so that no commit of the agent takes them.
///
/// # Errors
/// `worktree-setup` if it fails.
pub(super) fn run(project: &Project, plan: &Plan, worktree: &Path, progress: &dyn Progress) -> Result<()> {
    let mut ran = false;
    check::set_up(project, worktree, |command| {
        ran = true;
        let mut pulse = Pulse::new(progress, project.config().progress()?, Activity::new(command));
        let mut tick = || pulse.tick();
        let mut sink = |line: &str| {
            if !line.trim().is_empty() {
                progress.say(&Step::Running { command, line });
            }
        };
        progress.say(&Step::Running { command, line: "" });
        let mut run = Run::new(command, worktree);
        run.env = agent_run::environment(project, &plan.id);
        run.tick = Some(&mut tick);
        run.sink = Some(&mut sink);
        let finished = process::run(run);
        progress.say(&Step::Ran);
        finished
    })?;
    match worktree::find(&project.repo, worktree)?.filter(|_| ran) {
        Some(tree) => hide(project, &tree, progress),
        None => Ok(()),
    }
}

/// Has git take the tracked files that set-up changed for unchanged, and notes them.
fn hide(project: &Project, tree: &Worktree, progress: &dyn Progress) -> Result<()> {
    let dirty = status::dirty(tree)?.into_iter().filter(|one| one.state != *b"??" && !one.nested);
    let paths: Vec<String> = dirty.filter_map(|one| String::from_utf8(one.path.into()).ok()).collect();
    if paths.is_empty() {
        return Ok(());
    }
    let mut noted = String::new();
    for path in &paths {
        noted.push_str(&format!("{} {path}\0", content(project, tree, path)?));
    }
    assumed::assume_unchanged(tree, &paths)?;
    write_own(&tree.path, CHANGED, &noted)?;
    let what =
        format!("chant.worktreeSetup changed tracked files, which no commit of the work takes: {}", enumerate(&paths));
    progress.say(&Step::Warning(what));
    Ok(())
}

/// Has git look again for changes of files that are no more as set-up left them: then the agent changed them.
///
/// # Errors
/// If git fails.
pub(super) fn reveal(project: &Project, tree: &Worktree) -> Result<()> {
    let changed = noted(project, tree)?.into_iter().filter(|(_, is_so)| !is_so);
    let changed: Vec<String> = changed.map(|(path, _)| path).collect();
    if changed.is_empty() { Ok(()) } else { assumed::look_again(tree, &changed) }
}

/// Gives files that are as set-up left them back as the branch has them: the attempt is over.
///
/// # Errors
/// If git fails.
pub(super) fn undo(project: &Project, id: &SpecId) -> Result<()> {
    let Some(tree) = project.worktree_of(id)?.filter(|tree| tree.path.is_dir()) else { return Ok(()) };
    let left = left(project, &tree)?;
    if left.is_empty() { Ok(()) } else { assumed::restore(&tree, &left) }
}

/// The tracked files that are as set-up left them.
///
/// # Errors
/// If a file cannot be read.
pub(super) fn left(project: &Project, tree: &Worktree) -> Result<Vec<String>> {
    Ok(noted(project, tree)?.into_iter().filter(|(_, is_so)| *is_so).map(|(path, _)| path).collect())
}

/// The noted files, and whether each is as set-up left it.
fn noted(project: &Project, tree: &Worktree) -> Result<Vec<(String, bool)>> {
    let bytes = read_own(&tree.path, CHANGED, MOST).unwrap_or_default();
    let mut noted = Vec::new();
    for record in bytes.split_str("\0").filter_map(|record| record.to_str().ok()) {
        let Some((id, path)) = record.split_once(' ') else { continue };
        noted.push((path.to_owned(), content(project, tree, path)? == id));
    }
    Ok(noted)
}

/// The id of what is at `path` in a worktree; `-` for no file, and for one that cannot be compared.
fn content(project: &Project, tree: &Worktree, path: &str) -> Result<String> {
    let bytes = work_file::read(&tree.path, path.as_bytes().as_bstr(), MOST).ok().flatten();
    Ok(match bytes {
        Some(bytes) => project.store()?.blob_id(&bytes).to_string(),
        None => "-".to_owned(),
    })
}
