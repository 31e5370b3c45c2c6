//! What an attempt produced under `.chant/`: kept in the event itself, so that no research is lost with a branch. Putting it into
//! place is done by the merge.

use std::collections::BTreeMap;

use gix::{ObjectId, bstr::ByteSlice};

use super::finish_event;
use crate::{
    attempt::check::{given, tip_file},
    domain::{
        pattern::{PathSet, check_path},
        spec_file::front_matter_bytes,
    },
    error::Result,
    git::{history, work_file, worktree::Worktree},
    project::{Project, files::is_forbidden},
    specs::attempt::Attempt,
    store::File,
};

/// Whether a file is an output of an attempt whose spec names the `targets`: a document below `.chant/`, and not the spec itself. A clone may
/// have written anything into an event.
pub(crate) fn is_output(attempt: &Attempt, targets: &PathSet, path: &str) -> bool {
    path.starts_with(".chant/")
        && path != attempt.spec_path
        && check_path(path).is_ok()
        && !is_forbidden(path)
        && targets.matches(path.as_bytes().as_bstr())
}

/// The target files under `.chant/` that exist at the tip (in silent mode: in the worktree) and differ from the base.
pub(super) fn declared(
    project: &Project,
    attempt: &Attempt,
    tip: Option<ObjectId>,
    tree: Option<&Worktree>,
) -> Result<Vec<(String, Vec<u8>)>> {
    let (Some(tip), Some(tree)) = (tip, tree) else { return Ok(Vec::new()) };
    let targets = attempt.targets()?;
    // What silent mode gave the agent and is as it was is no output of the attempt.
    let store = project.store()?;
    let given = if project.silent { store.evidence_files(attempt.start, "inputs")? } else { Vec::new() };
    let mut found = Vec::new();
    for path in candidates(project, attempt, tip, tree)? {
        if is_output(attempt, &targets, &path)
            && let Some(bytes) = tip_file(project, tip, &tree.path, &path)?
            && !given.iter().any(|file| file.path == path && file.blob == store.blob_id(&bytes))
        {
            found.push((path, bytes));
        }
    }
    Ok(found)
}

/// Paths that may be outputs: what changed, and in silent mode what `target_files` names and what lies in the research folder.
fn candidates(project: &Project, attempt: &Attempt, tip: ObjectId, tree: &Worktree) -> Result<Vec<String>> {
    if !project.silent {
        let changes = history::changed_paths(&project.repo, attempt.base, tip)?;
        return Ok(changes.into_iter().filter_map(|change| change.path.to_str().map(str::to_owned).ok()).collect());
    }
    let mut paths: Vec<String> = attempt.spec.front.target_files.clone();
    if let Ok(entries) = work_file::list(&tree.path, b".chant/research".as_bstr()) {
        paths.extend(entries.iter().map(|entry| format!(".chant/research/{}", entry.name)));
    }
    paths.sort();
    paths.dedup();
    paths.retain(|path| check_path(path).is_ok());
    Ok(paths)
}

/// In silent mode, the documents below `.chant/`, which are in no commit, as they were when the attempt finished: what it was given, and what
/// it wrote of that and was to write. Commands find them in a checkout of any commit.
///
/// # Errors
/// If the events cannot be read.
pub(crate) fn documents(project: &Project, attempt: &Attempt) -> Result<Vec<(String, Vec<u8>)>> {
    let mut found: BTreeMap<String, Vec<u8>> = given(project, attempt)?.into_iter().collect();
    let finish = if project.silent { finish_event(project, attempt)? } else { None };
    let Some(finish) = finish else { return Ok(found.into_iter().collect()) };
    let targets = attempt.targets()?;
    for file in project.store()?.evidence_files(finish.id, "outputs")? {
        let is_spec =
            || file.path == attempt.spec_path && file.path.starts_with(".chant/") && check_path(&file.path).is_ok();
        if is_output(attempt, &targets, &file.path) || is_spec() {
            found.insert(file.path, project.repo.gix().find_blob(file.blob)?.take_data());
        }
    }
    Ok(found.into_iter().collect())
}

/// The outputs as files of the event's tree, the attempt's version of the spec among them.
pub(super) fn collect(
    project: &Project,
    attempt: &Attempt,
    tip: Option<ObjectId>,
    tree: Option<&Worktree>,
) -> Result<Vec<File>> {
    let store = project.store()?;
    let mut files = Vec::new();
    for (path, bytes) in declared(project, attempt, tip, tree)? {
        files.push(File { path, blob: store.write_blob(&bytes)? });
    }
    if let (Some(tip), Some(tree)) = (tip, tree)
        && let Ok(Some(bytes)) = tip_file(project, tip, &tree.path, &attempt.spec_path)
    {
        let blob = store.write_blob(&bytes)?;
        // With ticks and release notes it is another text, and names the commands that were trusted.
        if project.is_trusted(attempt.id.as_str(), attempt.blob)
            && front_matter_bytes(&bytes) == front_matter_bytes(&attempt.bytes)
        {
            project.trust(attempt.id.as_str(), blob)?;
        }
        files.push(File { path: attempt.spec_path.clone(), blob });
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files.dedup_by(|a, b| a.path == b.path);
    Ok(files)
}
