//! Silent mode: what an attempt wrote under `.chant/` is in no commit. It is put into place from the finish event, file by file,
//! repeatable after a crash, and never over something that a person wrote since.

use std::path::Path;

use gix::{ObjectId, bstr::ByteSlice};

use crate::{
    attempt::{ended::Waits, finish::finish_event},
    domain::pattern::check_path,
    env::{fault, local_file},
    error::{Error, IoContext, Kind, Result},
    git::{history, work_file},
    project::{Project, files::is_forbidden},
    specs::attempt::Attempt,
    store::File,
};

/// What the name of a file begins with that is about to be replaced.
pub(super) const REPLACED: &str = ".chant-old-";

/// The largest file that is put into place, in bytes.
const MAX_LEN: u64 = 64 << 20;

/// Puts the outputs of the finished attempt into the main work tree; what stands in the way is named.
pub(in crate::attempt) fn place(project: &Project, attempt: &Attempt, tip: Option<ObjectId>) -> Result<Option<Waits>> {
    if let Some(tip) = tip
        && let Some(leaked) = leaked(project, attempt, tip)?
    {
        let hint = format!("remove it from the commits, then: git chant finish {}", attempt.id.short());
        return Ok(Some(Waits::new("silent mode allows no commits under .chant/").paths(leaked).hint(hint)));
    }
    let Some(top) = project.repo.main_work_dir().or_else(|| project.repo.work_dir().map(Path::to_owned)) else {
        return Ok(None);
    };
    let Some(finish) = finish_event(project, attempt)? else { return Ok(None) };
    let store = project.store()?;
    let before = store.evidence_files(attempt.start, "inputs")?;
    let (targets, mut occupied) = (attempt.targets()?, Vec::new());
    for file in store.evidence_files(finish.id, "outputs")? {
        // Whatever clone wrote the event: only what was declared, and only where it belongs.
        let declared = check_path(&file.path).is_ok() && targets.matches(file.path.as_bytes().as_bstr());
        if file.path == attempt.spec_path || !declared || !file.path.starts_with(".chant/") || is_forbidden(&file.path)
        {
            continue;
        }
        let pinned = before.iter().find(|input| input.path == file.path).map(|input| input.blob);
        if !put(project, &top, &file, pinned)? {
            occupied.push(file.path);
        } else if let Some(pinned) = pinned {
            drop_replaced(project, &top.join(&file.path), pinned)?;
        }
    }
    if occupied.is_empty() {
        return Ok(None);
    }
    let hint = format!("move yours away, then: git chant merge {}", attempt.id.short());
    Ok(Some(Waits::new("these files have changes that the merge would overwrite").paths(occupied).hint(hint)))
}

/// The paths under `.chant/` that a commit of the attempt holds, whether or not a later one takes them out again.
fn leaked(project: &Project, attempt: &Attempt, tip: ObjectId) -> Result<Option<Vec<String>>> {
    let target = attempt.target.as_deref().map(|name| project.branch_tip(name)).transpose()?.flatten();
    let known = attempt.base.into_iter().chain(target.filter(|target| *target != tip));
    let leaked = history::paths_touched(&project.repo, known, tip, ".chant")?;
    Ok((!leaked.is_empty()).then(|| leaked.iter().map(ToString::to_string).collect()))
}

/// Puts one file into place; `false` if a person's file is there.
pub(in crate::attempt) fn put(project: &Project, top: &Path, file: &File, pinned: Option<ObjectId>) -> Result<bool> {
    let store = project.store()?;
    let bytes = project.repo.gix().find_blob(file.blob)?.take_data();
    let there = work_file::read(top, file.path.as_bytes().as_bstr(), MAX_LEN);
    match there {
        Ok(None) => match work_file::create_new(top, file.path.as_bytes().as_bstr(), &bytes, true) {
            Ok(()) => Ok(true),
            Err(_) => Ok(false),
        },
        Ok(Some(now)) => {
            let now = store.blob_id(&now);
            if now == file.blob {
                return Ok(true);
            }
            if Some(now) != pinned {
                return Ok(false);
            }
            replace(project, &top.join(&file.path), &bytes, now)
        }
        Err(_) => Ok(false),
    }
}

/// Removes what a process that died while replacing `path` left beside it, if it is the text that was to be replaced: the start event
/// holds that text. Any other file may be a person's, and stays.
fn drop_replaced(project: &Project, path: &Path, pinned: ObjectId) -> Result<()> {
    let store = project.store()?;
    for entry in path.parent().map(std::fs::read_dir).into_iter().flatten().flatten().flatten() {
        let left = entry.path();
        if entry.file_name().as_encoded_bytes().starts_with(REPLACED.as_bytes())
            && std::fs::read(&left).is_ok_and(|bytes| store.blob_id(&bytes) == pinned)
        {
            remove(&left)?;
        }
    }
    Ok(())
}

fn remove(path: &Path) -> Result<()> {
    match fault::around("output.drop", || std::fs::remove_file(path)) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        removed => removed.io("remove", path),
    }
}

/// Replaces a file that is still `old`: renamed away first and hashed then, so that an edit in between is not lost.
fn replace(project: &Project, path: &Path, bytes: &[u8], old: ObjectId) -> Result<bool> {
    let dir = path.parent().ok_or_else(|| Error::fatal(Kind::Io, "a file without a folder"))?;
    let temporary = local_file::stage(dir, bytes).io("create a file in", dir)?;
    let away = path.with_file_name(format!("{REPLACED}{}", project.env.random_hex(4)));
    fault::around("output.away", || std::fs::rename(path, &away)).io("move", path)?;
    let taken = std::fs::read(&away).io("read", &away)?;
    let unchanged = project.store()?.blob_id(&taken) == old;
    if unchanged && fault::around("output.place", || temporary.persist_noclobber(path)).is_ok() {
        remove(&away)?;
        return Ok(true);
    }
    // Back, unless a person has made a new one there; then both stay.
    if fault::around("output.return", || std::fs::hard_link(&away, path)).is_ok() {
        remove(&away)?;
    }
    Ok(false)
}
