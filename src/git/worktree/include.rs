//! `.worktreeinclude`: the ignored files that a new worktree needs as well (`.env`, certificates, caches), and hooks that git looks for
//! in each worktree.

use std::{
    fs::{self, File, OpenOptions},
    io,
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Component, Path, PathBuf},
};

use bstr::{BString, ByteSlice};

use super::Worktree;
use crate::env::fault;
use crate::error::{IoContext, Result};
use crate::git::repository::Repository;

/// The file at the top of the main worktree, in the syntax of gitignore.
pub(crate) const NAME: &str = ".worktreeinclude";

/// Copies the files of `main` that are ignored and match its `.worktreeinclude`, or the pattern `also`, to where they are missing in
/// `new`.
///
/// No symlink is followed on either side, and only one that leads to a place within `main` is made again; nothing of `.git` or `.chant/` is copied, and
/// what is there in `new`, the top of a checkout, stays as it is. Returns what was copied, relative to the top, in git's order.
pub(crate) fn prepare(main: &Worktree, new: &Path, also: Option<&str>) -> Result<Vec<BString>> {
    let has_list = fs::symlink_metadata(main.path.join(NAME)).is_ok_and(|meta| meta.is_file());
    let list = has_list.then(|| format!("--exclude-from={NAME}"));
    let patterns: Vec<String> = list.into_iter().chain(also.map(|also| format!("--exclude={also}"))).collect();
    let mut copied = Vec::new();
    if patterns.is_empty() {
        return Ok(copied);
    }
    for name in candidates(main, &patterns)? {
        let Ok(relative) = gix::path::from_bstr(name.as_bstr()) else { continue };
        if allowed(&relative) && copy(&main.path, new, &relative)? {
            copied.push(name);
        }
    }
    Ok(copied)
}

/// The files of `main` that [`prepare`] copies into each checkout for its `.worktreeinclude`.
pub(crate) fn listed(main: &Worktree) -> Result<Vec<BString>> {
    match fs::symlink_metadata(main.path.join(NAME)) {
        Ok(meta) if meta.is_file() => candidates(main, &[format!("--exclude-from={NAME}")]),
        _ => Ok(Vec::new()),
    }
}

/// The pattern of the directory of hooks, where `core.hooksPath` is relative: git looks for it in each worktree. `None` where it is not
/// set, absolute, or leads out of the worktree.
pub(crate) fn hooks_pattern(repo: &Repository) -> Option<String> {
    let set = repo.gix().config_snapshot().string("core.hooksPath")?.to_str().ok()?.to_owned();
    let path = Path::new(set.trim_end_matches('/'));
    let mut clean = PathBuf::new();
    for part in path.components().filter(|part| *part != Component::CurDir) {
        clean.push(part);
    }
    let special = |c: char| matches!(c, '*' | '?' | '[' | '\\').then_some('\\').into_iter().chain([c]);
    let escaped: String = clean.to_str()?.chars().flat_map(special).collect();
    (allowed(&clean) && !set.starts_with('~')).then(|| format!("/{escaped}/"))
}

/// Untracked files that match the patterns and are ignored by git as well.
fn candidates(main: &Worktree, patterns: &[String]) -> Result<Vec<BString>> {
    let matching = main.git()?.args(["ls-files", "-z", "--others", "--ignored"]).args(patterns).check()?;
    if matching.stdout.is_empty() {
        return Ok(Vec::new());
    }
    // 1 means that it names none.
    let git = main.git()?.args(["check-ignore", "-z", "--stdin"]).stdin_bytes(matching.stdout);
    let ignored = git.run()?;
    match ignored.code {
        Some(0 | 1) => Ok(ignored.records().map(BString::from).collect()),
        _ => Err(git.failed(&ignored)),
    }
}

/// Whether the path stays inside and out of git's and our own directories.
fn allowed(path: &Path) -> bool {
    let first = path.components().next();
    let plain = path.components().all(|part| match part {
        Component::Normal(name) => !name.eq_ignore_ascii_case(".git"),
        _ => false,
    });
    plain && first != Some(Component::Normal(".chant".as_ref())) && first.is_some()
}

/// Copies one file, or makes a symlink again that stays inside; `false` for any other kind, and where something is in its place.
fn copy(from: &Path, to: &Path, relative: &Path) -> Result<bool> {
    let (source, target) = (from.join(relative), to.join(relative));
    let no_follow = rustix::fs::OFlags::NOFOLLOW.bits().cast_signed();
    let meta = fs::symlink_metadata(&source);
    if meta.as_ref().is_ok_and(|meta| meta.is_symlink()) {
        return link(&source, to, relative);
    }
    let regular = meta.is_ok_and(|meta| meta.is_file());
    if !regular || !make_parents(to, relative)? {
        return Ok(false);
    }
    let mut input = match File::options().read(true).custom_flags(no_follow).open(&source) {
        Ok(file) => file,
        // Gone or replaced since it was listed.
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(cause) => return Err(cause).io("read", &source),
    };
    let mode = input.metadata().io("read", &source)?.permissions().mode() & 0o777;
    let create = || OpenOptions::new().write(true).create_new(true).mode(mode).open(&target);
    let mut output = match fault::around("include.copy", create) {
        Ok(file) => file,
        Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists => return Ok(false),
        Err(cause) => return Err(cause).io("create", &target),
    };
    io::copy(&mut input, &mut output).io("copy", &source)?;
    Ok(true)
}

/// Makes the symlink `source` again at the same place below `to`, if it leads to another place there.
fn link(source: &Path, to: &Path, relative: &Path) -> Result<bool> {
    let Ok(leads_to) = fs::read_link(source) else { return Ok(false) };
    if !stays_inside(relative, &leads_to) || !make_parents(to, relative)? {
        return Ok(false);
    }
    let target = to.join(relative);
    match fault::around("include.copy", || std::os::unix::fs::symlink(&leads_to, &target)) {
        Ok(()) => Ok(true),
        Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(cause) => Err(cause).io("create", &target),
    }
}

/// Whether a symlink at `relative` leads, by its words, to a path that could be copied too.
fn stays_inside(relative: &Path, leads_to: &Path) -> bool {
    let mut place: Vec<_> = relative.parent().into_iter().flat_map(Path::components).collect();
    for part in leads_to.components() {
        match part {
            Component::Normal(_) => place.push(part),
            Component::ParentDir if place.pop().is_some() => {}
            Component::CurDir => {}
            _ => return false,
        }
    }
    allowed(&place.iter().collect::<PathBuf>())
}

/// Makes the directories that the file lies in; `false` if something else, a symlink say, is on the way.
fn make_parents(top: &Path, relative: &Path) -> Result<bool> {
    let mut dir: PathBuf = top.to_owned();
    for part in relative.parent().into_iter().flat_map(Path::components) {
        dir.push(part);
        match fs::symlink_metadata(&dir) {
            Ok(meta) if meta.is_dir() => {}
            Ok(_) => return Ok(false),
            Err(_) => fault::around("dir.make", || fs::create_dir(&dir)).io("create", &dir)?,
        }
    }
    Ok(true)
}
