//! Silent mode: what an attempt wrote under `.chant/` is in no commit. It is put into place from the finish event, file by file,
//! repeatable after a crash, and never over something that a person wrote since.

use std::path::{Path, PathBuf};

use gix::{ObjectId, bstr::ByteSlice};

use crate::{
    attempt::{
        ended::Waits,
        finish::{finish_event, is_output},
    },
    env::{fault, local_file},
    error::{Error, IoContext, Kind, Result},
    git::{history, work_file},
    project::Project,
    specs::attempt::Attempt,
    store::File,
};

/// What the name of a file begins with that is about to be replaced.
pub(super) const REPLACED: &str = ".chant-old-";

/// The largest file that is put into place, in bytes.
const MAX_LEN: u64 = 64 << 20;

/// Documents that were put into the main work tree, each with what was there before.
#[derive(Default)]
pub(in crate::attempt) struct Placed {
    top: PathBuf,
    files: Vec<(File, Option<ObjectId>)>,
}

/// The outputs of a finished attempt, and the main work tree, where they belong.
struct Outputs {
    top: PathBuf,
    /// Each with the text that was there when the attempt began.
    files: Vec<(File, Option<ObjectId>)>,
}

impl Outputs {
    /// `None` where there is no work tree, or the attempt did not finish.
    fn of(project: &Project, attempt: &Attempt) -> Result<Option<Outputs>> {
        let top = project.repo.main_work_dir().or_else(|| project.repo.work_dir().map(Path::to_owned));
        let (Some(top), Some(finish)) = (top, finish_event(project, attempt)?) else { return Ok(None) };
        let store = project.store()?;
        let before = store.evidence_files(attempt.start, "inputs")?;
        let targets = attempt.targets()?;
        let mut files = store.evidence_files(finish.id, "outputs")?;
        files.retain(|file| is_output(attempt, &targets, &file.path));
        let pinned = |path: &str| before.iter().find(|input| input.path == path).map(|input| input.blob);
        let files = files.into_iter().map(|file| (pinned(&file.path), file)).map(|(pinned, file)| (file, pinned));
        Ok(Some(Outputs { top, files: files.collect() }))
    }
}

/// What keeps the outputs of the finished attempt from being put into the main work tree, in silent mode. Nothing is changed.
pub(super) fn obstacle(project: &Project, attempt: &Attempt, tip: Option<ObjectId>) -> Result<Option<Waits>> {
    if !project.silent {
        return Ok(None);
    }
    if let Some(tip) = tip
        && let Some(leaked) = leaked(project, attempt, tip)?
    {
        let hint = format!("remove it from the commits, then: git chant finish {}", attempt.id.short());
        return Ok(Some(Waits::new("silent mode allows no commits under .chant/").paths(leaked).hint(hint)));
    }
    let Some(Outputs { top, files }) = Outputs::of(project, attempt)? else { return Ok(None) };
    let mut occupied = Vec::new();
    for (file, pinned) in &files {
        match there(project, &top, &file.path) {
            Ok(None) => {}
            Ok(now) if now == Some(file.blob) || now == *pinned => {}
            _ => occupied.push(&file.path),
        }
    }
    Ok((!occupied.is_empty()).then(|| in_the_way(attempt, occupied)))
}

/// Puts the outputs of the finished attempt into the main work tree, in silent mode; what stands in the way is named.
pub(in crate::attempt) fn write(project: &Project, attempt: &Attempt) -> Result<Result<Placed, Waits>> {
    let outputs = if project.silent { Outputs::of(project, attempt)? } else { None };
    let Some(Outputs { top, files }) = outputs else { return Ok(Ok(Placed::default())) };
    let mut placed = Placed { top, files: Vec::new() };
    match placed.put_all(project, files) {
        Ok(occupied) if occupied.is_empty() => Ok(Ok(placed)),
        other => {
            placed.take_back(project)?;
            other.map(|occupied| Err(in_the_way(attempt, occupied)))
        }
    }
}

fn in_the_way(attempt: &Attempt, paths: impl IntoIterator<Item = impl ToString>) -> Waits {
    let hint = format!("move yours away, then: git chant merge {}", attempt.id.short());
    Waits::new("these files have changes that the merge would overwrite").paths(paths).hint(hint)
}

/// The blob of the file that is at `path` now; an error where it is none.
fn there(project: &Project, top: &Path, path: &str) -> Result<Option<ObjectId>, work_file::Refused> {
    let bytes = work_file::read(top, path.as_bytes().as_bstr(), MAX_LEN)?;
    Ok(bytes.and_then(|bytes| Some(project.store().ok()?.blob_id(&bytes))))
}

impl Placed {
    /// Puts these files into place, each with the text that was there when the attempt began, and gives back the paths where a person's
    /// file is.
    fn put_all(&mut self, project: &Project, files: Vec<(File, Option<ObjectId>)>) -> Result<Vec<String>> {
        let mut occupied = Vec::new();
        for (file, pinned) in files {
            let before = there(project, &self.top, &file.path).ok().flatten();
            if !put(project, &self.top, &file, pinned)? {
                occupied.push(file.path);
                continue;
            }
            if let Some(pinned) = pinned {
                drop_replaced(project, &self.top.join(&file.path), pinned)?;
            }
            if before != Some(file.blob) {
                self.files.push((file, before));
            }
        }
        Ok(occupied)
    }

    /// Takes the documents away again, where the work was not merged. A file that a person changed since stays.
    pub(super) fn take_back(self, project: &Project) -> Result<()> {
        for (File { path, blob }, before) in self.files {
            match before {
                Some(before) => drop(put(project, &self.top, &File { path, blob: before }, Some(blob))?),
                None if matches!(there(project, &self.top, &path), Ok(Some(now)) if now == blob) => {
                    remove(&self.top.join(path))?;
                }
                None => {}
            }
        }
        Ok(())
    }
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
            && matches!(local_file::read(&left, MAX_LEN), Ok(Some(bytes)) if store.blob_id(&bytes) == pinned)
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
    // Where it is another by now, it may be no file at all.
    let taken = local_file::read(&away, MAX_LEN).ok().flatten();
    let store = project.store()?;
    let unchanged = taken.is_some_and(|taken| store.blob_id(&taken) == old);
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
