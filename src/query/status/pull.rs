//! What stops a `git pull` before it begins: documents below `.chant/` that were never committed here, and that the upstream of the branch
//! has by now, for example because a forge squashed the work that began with them.

use std::collections::HashSet;

use gix::{
    ObjectId,
    bstr::{BString, ByteSlice},
};

use crate::{
    domain::{enumeration::enumerate, id::SpecId},
    error::Result,
    git::{repository::Head, work_file},
    project::{Project, SPECS_DIR},
    specs::inputs::MAX_INPUT_LEN,
};

/// The directory that is compared.
const DIR: &str = ".chant";

/// How a person goes on whose next `git pull` would stop at files that are not committed; `None` if it would not.
///
/// # Errors
/// If the repository cannot be read.
pub(crate) fn in_its_way(project: &Project) -> Result<Option<String>> {
    let (Some(top), Head::Branch(name, Some(head))) = (project.repo.work_dir(), project.repo.head()?) else {
        return Ok(None);
    };
    // Git overwrites what it ignores without a word.
    let upstream = if project.silent { None } else { project.upstream_tip(&name.as_bstr().to_string())? };
    let Some(upstream) = upstream.filter(|upstream| *upstream != head) else { return Ok(None) };
    let (Some(ours), Some(theirs)) = (files(project, head)?, files(project, upstream)?) else { return Ok(None) };
    let (mut found, mut recorded) = (Vec::new(), true);
    for path in theirs.difference(&ours) {
        let Ok(Some(bytes)) = work_file::read(top, path.as_bstr(), MAX_INPUT_LEN) else { continue };
        let path = path.to_str_lossy().into_owned();
        recorded &= is_recorded(project, &path, &project.stored(top, &path, bytes)?)?;
        found.push(path);
    }
    if found.is_empty() || project.is_ancestor(upstream, head)? {
        return Ok(None);
    }
    found.sort();
    let paths: Vec<_> = found.iter().map(|path| shell_words::quote(path)).collect();
    let way_out = match recorded {
        true if found.len() == 1 => format!("its text is recorded, so remove it first: rm {}", paths.join(" ")),
        true => format!("their texts are recorded, so remove them first: rm {}", paths.join(" ")),
        false => format!("put yours away first: git stash push --include-untracked -- {}", paths.join(" ")),
    };
    let what = if found.len() == 1 { "a file that is" } else { "files that are" };
    Ok(Some(format!("'git pull' would stop at {what} not committed here: {}; {way_out}", enumerate(&found))))
}

/// The paths below `.chant/` in a commit; `None` if the commit is not here.
fn files(project: &Project, commit: ObjectId) -> Result<Option<HashSet<BString>>> {
    let Some(found) = project.repo.gix().try_find_object(commit)? else { return Ok(None) };
    let tree = found.try_into_commit()?.tree()?;
    let Some(entry) = tree.lookup_entry_by_path(DIR)?.filter(|entry| entry.mode().is_tree()) else {
        return Ok(Some(HashSet::new()));
    };
    let files = entry.object()?.into_tree().traverse().breadthfirst.files()?;
    Ok(Some(files.into_iter().map(|file| BString::from(format!("{DIR}/{}", file.filepath))).collect()))
}

/// Whether the text of a file is kept by the events of its spec.
fn is_recorded(project: &Project, path: &str, bytes: &[u8]) -> Result<bool> {
    let name = path.strip_prefix(SPECS_DIR).and_then(|name| name.strip_prefix('/')?.strip_suffix(".md"));
    let Some(id) = name.and_then(|name| SpecId::new(name).ok()) else { return Ok(false) };
    let store = project.store()?;
    let Some(tip) = store.tip(&id)? else { return Ok(false) };
    let blob = store.blob_id(bytes);
    Ok(store.walk(&id, tip)?.history.events().iter().any(|event| event.facts.spec_blob == Some(blob)))
}
