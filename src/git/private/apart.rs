//! A checkout of one commit with a git directory of its own, which borrows the objects of the repository and nothing else.
//!
//! It holds no replacement of an object, no graft and no hook, and no ref of the repository can be moved through it. Who runs what there
//! is none of this file's business.

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
};

use bstr::BString;
use gix::ObjectId;

use super::{alternate, config, copy_files, copy_if_there, link_foreign, refs as ref_files, write};
use crate::{
    env::local_file,
    error::{IoContext, Result},
    git::{process::Git, repository::Repository},
};

/// Beginnings of the names of refs that decide what git reads, or that are git-chant's own.
const LEFT_OUT: &[&str] = &["chant-local/", "chant-remote/", "chant/", "notes/chant", "replace/"];

/// How large a file with refs is read, in bytes.
const MAX_LEN: u64 = 1 << 26;

/// A checkout, and where git is to work in it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Apart<'a> {
    /// The git directory.
    pub git_dir: &'a Path,
    /// The top of its work tree.
    pub work_tree: &'a Path,
    /// A directory that is there for every process, for git to start in.
    pub dir: &'a Path,
    /// The words that confine git; empty where nothing does.
    pub sandbox: &'a [OsString],
}

/// Makes a git directory at `dir`, where nothing is yet, with `HEAD` detached at `commit`.
///
/// # Errors
/// If the repository cannot be read, or the files cannot be written.
pub(crate) fn make_git_dir(repo: &Repository, dir: &Path, commit: ObjectId) -> Result<()> {
    for name in ["objects/info", "objects/pack", "refs/heads", "refs/tags", "hooks", "info"] {
        let path = dir.join(name);
        fs::create_dir_all(&path).io("create", &path)?;
    }
    let common = repo.common_dir();
    write(&dir.join("objects/info/alternates"), &alternate(&common.join("objects")))?;
    write(&dir.join("config"), &config::neutral(repo)?)?;
    copy_if_there(&common.join("shallow"), &dir.join("shallow"))?;
    copy_files(&common.join("info"), &dir.join("info"))?;
    let grafts = dir.join("info/grafts");
    if grafts.exists() {
        fs::remove_file(&grafts).io("remove", &grafts)?;
    }
    link_foreign(common, dir)?;
    ref_files::write(repo, dir, LEFT_OUT)?;
    write(&dir.join("HEAD"), format!("{commit}\n").as_bytes())
}

impl Apart<'_> {
    /// Brings the work tree to what `HEAD` names, whatever it holds. Files that are ignored or unknown stay.
    ///
    /// # Errors
    /// If git fails: an object is missing, the disk is full.
    pub(crate) fn check_out(&self) -> Result<()> {
        self.git().args(["reset", "--quiet", "--hard"]).check().map(drop)
    }

    /// The tracked files that are not as `HEAD` has them, in git's order. Submodules are not looked into.
    ///
    /// # Errors
    /// If git fails.
    pub(crate) fn changed(&self) -> Result<Vec<BString>> {
        let options = ["--porcelain=v1", "-z", "--no-renames", "--untracked-files=no", "--ignore-submodules=all"];
        let listed = self.comparing().env("GIT_OPTIONAL_LOCKS", "0").arg("status").args(options).check()?;
        Ok(listed.records().filter_map(|record| record.get(3..)).map(BString::from).collect())
    }

    /// The tracked files, in git's order.
    ///
    /// # Errors
    /// If git fails.
    pub(crate) fn tracked(&self) -> Result<Vec<BString>> {
        let listed = self.git().args(["ls-files", "-z"]).check()?;
        Ok(listed.records().map(BString::from).collect())
    }

    /// The tracked files that the checkout's own `.gitignore` files ignore, in git's order.
    ///
    /// # Errors
    /// If git fails.
    pub(crate) fn tracked_and_ignored(&self) -> Result<Vec<BString>> {
        let options = ["--cached", "--ignored", "--exclude-per-directory=.gitignore", "-z"];
        let listed = self.git().arg("ls-files").args(options).check()?;
        Ok(listed.records().map(BString::from).collect())
    }

    /// The files that no commit has; of a directory that holds nothing else only its name, with a slash.
    ///
    /// # Errors
    /// If git fails.
    pub(crate) fn untracked(&self) -> Result<Vec<BString>> {
        let listed = self.git().args(["ls-files", "--others", "--directory", "-z"]).check()?;
        Ok(listed.records().map(BString::from).collect())
    }

    /// Has the index know the files as they are on the disk; those whose content is another stay unknown.
    ///
    /// # Errors
    /// If git cannot be run.
    pub(crate) fn refresh(&self) -> Result<()> {
        self.comparing().args(["update-index", "-q", "--refresh"]).run().map(drop)
    }

    /// Git for comparing files with the index. To compare, git-lfs writes a copy of each large file to its store; the git directory may be
    /// read-only in the sandbox, the work tree never is.
    fn comparing(&self) -> Git {
        let mut setting = OsString::from("lfs.storage=");
        setting.push(self.work_tree.join(".git/lfs"));
        self.git().config(setting)
    }

    fn git(&self) -> Git {
        let git = Git::in_dir(self.dir).within(self.sandbox).repository(self.git_dir, self.work_tree);
        // The shared part of a split index would lie where another process may remove it.
        let git = git.without_hooks().config("core.fsmonitor=false").config("core.splitIndex=false");
        let git = git.config("submodule.recurse=false");
        git.env("GIT_NO_REPLACE_OBJECTS", "1")
    }
}

/// `HEAD` and the refs of a git directory, to be compared.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refs {
    files: [Option<Vec<u8>>; 2],
    /// `None` where no directory holds them, or more than there can be.
    loose: Option<Vec<(PathBuf, Vec<u8>)>>,
}

/// So many loose refs a checkout has at most, with the directories that hold them, and so long each is, in bytes.
const MOST_LOOSE: usize = 10_000;
const MOST_REF: u64 = 4096;

/// The refs of the git directory at `dir`, as its files have them.
pub(crate) fn refs(dir: &Path) -> Refs {
    let read = |name: &str| local_file::read(&dir.join(name), MAX_LEN).ok().flatten();
    Refs { files: [read("HEAD"), read("packed-refs")], loose: loose(&dir.join("refs")) }
}

/// The loose refs below a directory, with what each holds. A command may have put anything in its place.
fn loose(dir: &Path) -> Option<Vec<(PathBuf, Vec<u8>)>> {
    let is_dir = |path: &Path| fs::symlink_metadata(path).is_ok_and(|meta| meta.is_dir());
    if !dir.parent().is_some_and(is_dir) || !is_dir(dir) {
        return None;
    }
    let (mut found, mut seen) = (Vec::new(), 0);
    let mut dirs = vec![dir.to_owned()];
    while let Some(next) = dirs.pop() {
        for entry in fs::read_dir(&next).into_iter().flatten().flatten() {
            seen += 1;
            if seen > MOST_LOOSE {
                return None;
            }
            let path = entry.path();
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => dirs.push(path),
                Ok(kind) if kind.is_file() => {
                    let name = path.strip_prefix(dir).unwrap_or(&path).to_owned();
                    found.push((name, local_file::read(&path, MOST_REF).ok().flatten().unwrap_or_default()));
                }
                _ => {}
            }
        }
    }
    found.sort();
    Some(found)
}
