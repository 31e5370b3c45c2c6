//! What belongs to no spec: what checks left, and files that merges left aside.

use std::fs;

use gix::ObjectId;

use super::{Request, Step, commits, remove_file};
use crate::{
    answer::Pruned,
    env::{
        file_lock::{self, Lockable},
        local_file,
    },
    error::{Error, Kind, Result},
    git::{
        history,
        worktree::{
            self, path,
            pool::{self, Pool},
            remove,
        },
    },
    project::{Project, check_output, check_slot, warm},
    specs::cleanup::is_inside,
    store::attempts::ATTEMPTS,
};

/// The steps for what belongs to no spec.
pub(super) fn steps(project: &Project, request: &Request) -> Result<Vec<Step>> {
    let mut steps: Vec<Step> = check_worktree(project, request)?.into_iter().collect();
    for left in check_slot::left(project) {
        let name = left.dirs.first().map(|dir| dir.to_string_lossy().into_owned()).unwrap_or_default();
        if left.is_in_use()? {
            steps.push(Step::leave(Pruned::Check, None, name, "checks are run in it"));
        } else if left.used.is_some_and(|time| request.has_expired(time)) {
            let why = "an interrupted check left it behind";
            steps.push(Step::prune(Pruned::Check, None, name, why, move |_| left.remove()));
        }
    }
    if let Some((path, size, used)) = warm::left(project)
        && request.has_expired(used)
    {
        let name = path.to_string_lossy().into_owned();
        let why = format!("no recent check used it ({} MB)", size.div_ceil(1_000_000));
        steps.push(Step::prune(Pruned::Check, None, name, why, warm::remove));
    }
    for (path, time) in Pool::of(&project.repo)?.leftovers()? {
        if request.has_expired(time) {
            let name = path.to_string_lossy().into_owned();
            let why = "no recent attempt used the files that it keeps";
            steps.push(Step::prune(Pruned::Worktree, None, name, why, move |_| pool::discard(&path)));
        }
    }
    for (dir, why) in [
        (check_output::dir(project), "output of old checks"),
        (check_output::results(project), "result of an old check"),
    ] {
        for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
            let path = entry.path();
            if entry.metadata().and_then(|meta| meta.modified()).is_ok_and(|time| request.has_expired(time)) {
                let name = path.to_string_lossy().into_owned();
                steps.push(Step::prune(Pruned::Check, None, name, why, move |_| remove_file(&path)));
            }
        }
    }
    for path in &request.aside {
        let name = path.to_string_lossy().into_owned();
        let copy = path.clone();
        steps.push(match is_recorded(project, path)? {
            true => Step::prune(Pruned::Aside, None, name, "its text is recorded", move |_| remove_file(&copy)),
            false => Step::leave(Pruned::Aside, None, name, "its text exists nowhere else; move it to its place"),
        });
    }
    Ok(steps)
}

/// The worktree for checks that earlier versions kept.
fn check_worktree(project: &Project, request: &Request) -> Result<Option<Step>> {
    let path = path::default_path(&project.repo, "check")?;
    let Some(tree) = worktree::find(&project.repo, &path)?.filter(|tree| !tree.main) else { return Ok(None) };
    let lock = project.repo.chant_dir().join("check").join("in-use");
    let used = fs::metadata(&lock).and_then(|meta| meta.modified());
    let gone = !tree.path.exists();
    if !gone && !used.is_ok_and(|time| request.has_expired(time)) {
        return Ok(None);
    }
    let name = tree.path.to_string_lossy().into_owned();
    let heads = worktree::past_heads(&project.repo, &tree);
    let obstacle = if is_held(&lock)? {
        Some("checks are run in it".to_owned())
    } else if !gone && is_inside(project, &tree.path) {
        Some("you are in it".to_owned())
    } else {
        let lost = history::unreached(&project.repo, &heads, &[], Some(&format!("{ATTEMPTS}*")))?;
        (lost > 0).then(|| format!("it stood on {}", commits(lost)))
    };
    if let Some(obstacle) = obstacle {
        return Ok(Some(Step::leave(Pruned::Check, None, name, obstacle)));
    }
    let why = if gone { "its directory was deleted" } else { "unused for a long time" };
    Ok(Some(Step::prune(Pruned::Check, None, name, why, move |project| {
        // The lock that checks take. Without the file there never was one.
        let held = local_file::open(&lock).ok().flatten().map(Lockable::from);
        if let Some(held) = &held
            && !file_lock::try_lock(held, &lock)?
        {
            return Err(Error::negative(Kind::InUse, "checks are run in it"));
        }
        remove::remove(&project.repo, &tree.path).map(|_| ())
    })))
}

fn is_held(lock: &std::path::Path) -> Result<bool> {
    let held = local_file::open(lock).ok().flatten().map(Lockable::from);
    held.map_or(Ok(false), |file| Ok(!file_lock::try_lock_shared(&file, lock)?))
}

/// Whether a copy that was moved aside, `<attempt>-<random>.md`, is the very text that its attempt pinned.
fn is_recorded(project: &Project, path: &std::path::Path) -> Result<bool> {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let Some(attempt) = name.split('-').next().and_then(|id| ObjectId::from_hex(id.as_bytes()).ok()) else {
        return Ok(false);
    };
    let store = project.store()?;
    if store.spec_of_event(attempt)?.is_none() {
        return Ok(false);
    }
    let Some(pinned) = store.evidence_of(attempt, "spec.md")? else { return Ok(false) };
    let copy = u64::try_from(pinned.len()).ok().and_then(|length| local_file::read(path, length).ok().flatten());
    Ok(copy == Some(pinned))
}
