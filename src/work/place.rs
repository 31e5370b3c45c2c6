//! The branch and the worktree of an attempt, made from the pinned base.

use std::path::{Path, PathBuf};

use gix::{ObjectId, bstr::ByteSlice, objs::tree::EntryKind};

use super::{Claimed, Plan};
use crate::{
    agent::process::{self, Run},
    error::{Error, IoContext, Result},
    git::{branch, commit, process::scrubbed_env, work_file, worktree},
    project::{
        Project,
        progress::{Progress, Step},
        text::path_of,
    },
};

/// The folder in a worktree for what is the tool's own: it ignores itself, so that no `git add -A` takes it.
pub const RUN_DIR: &str = ".chant/run";

/// Makes branch and worktree. What an earlier attempt left there is kept under its own ref first.
pub fn make(project: &Project, plan: &Plan, claimed: &Claimed, progress: &dyn Progress) -> Result<PathBuf> {
    let name = project.branch(&plan.id)?;
    clear(project, plan, claimed, &name)?;
    let start = first_commit(project, plan)?;
    branch::create(&project.repo, &name, start, &format!("chant: work on {}", plan.id))?;
    let path = worktree::free_path(&project.repo, plan.id.short())?;
    worktree::add(&project.repo, &path, &name)?;
    if let Some(main) = project.repo.main_work_dir() {
        for problem in worktree::prepare(&project.repo, &main, &path)? {
            progress.say(&Step::Warning(problem));
        }
    }
    if project.silent {
        copy_in(plan, &path)?;
    }
    own_dir(&path)?;
    set_up(project, plan, &path)?;
    Ok(path)
}

/// Takes away what an earlier attempt left, after keeping all of it.
fn clear(project: &Project, plan: &Plan, claimed: &Claimed, name: &str) -> Result<()> {
    let full = format!("refs/heads/{name}");
    let store = project.store()?;
    let before = claimed.before.unwrap_or(claimed.attempt);
    if let Some(path) = project.worktree_of(&plan.id)? {
        let meant = project.repo.work_dir().is_some_and(|own| own == path);
        if meant {
            return Err(Error::negative("checked-out", format!("the branch '{name}' is checked out here"))
                .hint("switch to another branch first"));
        }
        if let Some(tip) = branch::snapshot(&project.repo, &path, "Uncommitted changes of an earlier attempt")? {
            store.keep_attempt(&plan.id, before, tip)?;
        }
        worktree::remove(&project.repo, &path)?;
    }
    let elsewhere = worktree::checked_out_in(&project.repo, &full)?;
    if let Some(tree) = elsewhere.first() {
        return Err(Error::negative(
            "checked-out",
            format!("the branch '{name}' is checked out in '{}'", tree.path.display()),
        )
        .hint("switch to another branch there first"));
    }
    if let Some(tip) = project.branch_tip(&full)? {
        store.keep_attempt(&plan.id, before, tip)?;
        branch::delete(&project.repo, name, tip)?;
    }
    Ok(())
}

/// Where the spec file differs from the base, the work branch begins with one commit of just that file, made in the object
/// database: the user's index and work tree stay out of it.
fn first_commit(project: &Project, plan: &Plan) -> Result<ObjectId> {
    let path = path_of(&plan.id);
    if project.silent || project.blob_id_in(plan.base, &path)? == Some(plan.text.blob) {
        return Ok(plan.base);
    }
    let repo = project.repo.gix();
    let blob = repo.write_blob(&plan.text.bytes)?.detach();
    let mut editor = repo.edit_tree(repo.find_commit(plan.base)?.tree_id()?.detach())?;
    editor.upsert(path.as_str(), EntryKind::Blob, blob)?;
    let tree = editor.write()?.detach();
    let message = format!("Add spec {}: {}\n\nChant-Spec: {}\n", plan.id.short(), plan.title(), plan.id);
    commit::write(&project.repo, tree, &[plan.base], &message)
}

/// In silent mode the spec and its inputs are in no commit: they are copied.
fn copy_in(plan: &Plan, worktree: &Path) -> Result<()> {
    let mut files: Vec<(String, &[u8])> = vec![(path_of(&plan.id), &plan.text.bytes)];
    for input in &plan.inputs {
        if let (crate::domain::event::Pin::Path { path, .. }, Some(bytes), false) = (&input.pin, &input.bytes, input.committed)
            && path.starts_with(".chant/")
        {
            files.push((path.clone(), bytes));
        }
    }
    for (path, bytes) in files {
        match work_file::create_new(worktree, path.as_bytes().as_bstr(), bytes) {
            Ok(()) => {}
            Err(refused) if refused.already_exists() => {}
            Err(refused) => return Err(Error::fatal("copy", format!("cannot write '{path}' into the worktree: {refused}"))),
        }
    }
    Ok(())
}

fn own_dir(worktree: &Path) -> Result<()> {
    let path = format!("{RUN_DIR}/.gitignore");
    match work_file::create_new(worktree, path.as_bytes().as_bstr(), b"*\n") {
        Ok(()) => Ok(()),
        Err(refused) if refused.already_exists() => Ok(()),
        Err(refused) => Err(Error::fatal("copy", format!("cannot write '{path}' into the worktree: {refused}"))),
    }
}

/// Runs `chant.worktreeSetup` in the new worktree.
fn set_up(project: &Project, plan: &Plan, worktree: &Path) -> Result<()> {
    let Some(command) = project.config().worktree_setup()? else { return Ok(()) };
    let command = command.to_string();
    let mut run = Run::new(&command, worktree);
    run.env = scrubbed_env(&project.env).into_iter().map(|name| (name, None)).collect();
    run.env.push(("CHANT_SPEC_ID".into(), Some(plan.id.as_str().into())));
    let finished = process::run(run)?;
    if finished.ending.success() {
        return Ok(());
    }
    let tail = String::from_utf8_lossy(&finished.tail).into_owned();
    let mut error = Error::fatal("worktree-setup", format!("chant.worktreeSetup failed: {:?}", finished.ending));
    if let Some(last) = tail.lines().rev().find(|line| !line.trim().is_empty()) {
        error = error.hint(format!("it said: {}", crate::agent::sanitize::line(last)));
    }
    Err(error)
}

/// Writes a file of the tool's own into the worktree, whole, replacing what is there.
pub fn write_own(worktree: &Path, name: &str, text: &str) -> Result<PathBuf> {
    let dir = worktree.join(RUN_DIR);
    let temporary = tempfile::NamedTempFile::new_in(&dir).io("create a file in", &dir)?;
    std::fs::write(temporary.path(), text).io("write", temporary.path())?;
    let path = dir.join(name);
    temporary.persist(&path).map_err(|error| error.error).io("write", &path)?;
    Ok(path)
}
