//! The private repository of a run: a bare one that the worktree's git takes for the repository while it runs confined.
//!
//! It borrows every object and copies what git goes by: configuration, hooks, `info/`, shallow commits and refs. What the run commits
//! there stays there until [`incoming`] brings it in. How a run is kept from the repository itself is none of this folder's business.

pub(crate) mod apart;
mod config;
pub(crate) mod incoming;
mod lfs;
mod refs;
pub(crate) mod seat;

use std::{
    fs::{self, File},
    io::{self, ErrorKind, Read as _, Write as _},
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
};

use bstr::{BStr, ByteSlice};
use gix::{ObjectId, refs::FullNameRef};

use super::{reference, repository::Repository, work_file};
use crate::{
    env::{fault, local_file, remove_dir::remove_dir},
    error::{Error, IoContext, Result},
};

/// The folder for it in that of the run.
const NAME: &str = "git";

/// The file that says what the work branch was when the repository was made.
const START: &str = "branch";

/// The configuration that the run left, once git goes by another.
const RUNS_CONFIG: &str = "config.run";

/// A line in a file, in bytes.
const MAX_LINE: u64 = 1 << 12;

/// How much of a file of the repository is copied, in bytes: a list of shallow commits is the largest.
const LARGEST: u64 = 1 << 30;

/// A hook that is larger is linked to and not copied, in bytes.
const LARGEST_HOOK: u64 = 1 << 20;

/// What the file of a stash may hold, in bytes: its ref, its log.
const STASH: [(&str, u64); 2] = [("refs/stash", 1 << 10), ("logs/refs/stash", 1 << 20)];

/// Folders of a common git directory that git itself fills. Others belong to programs beside it, which look for them (git-crypt has its
/// keys in one).
const OF_GIT: &[&str] = &[
    "branches",
    "chant",
    "fsmonitor--daemon",
    "hooks",
    "info",
    "lfs",
    "logs",
    "modules",
    "objects",
    "rebase-apply",
    "rebase-merge",
    "refs",
    "rr-cache",
    "sequencer",
    "worktrees",
    "NOTES_MERGE_WORKTREE",
];

/// The private repository of one run, and the copy of its worktree's git directory.
#[derive(Clone, Debug)]
pub(crate) struct Private {
    /// The folder of the run, `<common dir>/chant/runs/<attempt>`: what is directly in it is the tool's own.
    pub run_dir: PathBuf,
    /// The repository.
    pub git_dir: PathBuf,
    /// A file that names it, to be read by git in place of a worktree's `commondir`.
    pub commondir: PathBuf,
    /// The copy of the worktree's git directory that the run finds in its place; `None` if it finds the directory itself.
    pub copy: Option<PathBuf>,
}

impl Private {
    /// Where the private repository of `attempt` is, whether there is one or not.
    pub(crate) fn of(repo: &Repository, attempt: &gix::oid) -> Private {
        let run_dir = repo.chant_dir().join("runs").join(attempt.to_string());
        Private { git_dir: run_dir.join(NAME), commondir: run_dir.join("commondir"), copy: None, run_dir }
    }

    /// The private repository that `repo` is, seen from inside the run; `None` if it is none.
    pub(crate) fn around(repo: &Repository) -> Option<Private> {
        let git_dir = repo.common_dir();
        let run_dir = git_dir.parent().filter(|_| git_dir.file_name().is_some_and(|name| name == NAME))?;
        let private = Private {
            run_dir: run_dir.to_owned(),
            git_dir: git_dir.to_owned(),
            commondir: run_dir.join("commondir"),
            copy: None,
        };
        private.attempt()?;
        let in_place = run_dir.ancestors().nth(1)?.ends_with("chant/runs");
        let named = local_file::read(&private.commondir, 1 << 12).ok()??;
        let same = fs::canonicalize(named.to_path().ok()?).ok()? == fs::canonicalize(git_dir).ok()?;
        (in_place && same).then_some(private)
    }

    /// The attempt that it belongs to, as its folder is named.
    pub(crate) fn attempt(&self) -> Option<ObjectId> {
        ObjectId::from_hex(self.run_dir.file_name()?.as_bytes()).ok()
    }

    /// Whether there is one.
    pub(crate) fn exists(&self) -> bool {
        self.git_dir.is_dir()
    }

    /// Makes a private repository for a run of `attempt`, on the work branch `branch`.
    ///
    /// One of an earlier run of the attempt is moved aside, and its objects and stash stay in use. Nothing is written into it: what is there
    /// may lead anywhere by now.
    ///
    /// # Errors
    /// If the repository cannot be read, or the files cannot be written.
    pub(crate) fn make(repo: &Repository, attempt: &gix::oid, branch: &FullNameRef) -> Result<Private> {
        let private = Private::of(repo, attempt);
        let run_dir = &private.run_dir;
        fault::around("dir.make", || local_file::make_dir(run_dir)).io("create", run_dir)?;
        let earlier = private.move_earlier_aside()?;
        let fresh = fault::around("private.make", || {
            let fresh =
                tempfile::Builder::new().prefix(".git-").tempdir_in(run_dir).io("create a directory in", run_dir)?;
            private.fill(repo, fresh.path(), &earlier)?;
            write(&private.commondir, private.git_dir.as_os_str().as_bytes())?;
            Ok::<_, Error>(fresh.keep())
        })?;
        private.set_start(reference::read(repo, branch)?)?;
        set_mode(&fresh, repo.common_dir());
        fault::around("private.place", || fs::rename(&fresh, &private.git_dir)).io("rename", &fresh)?;
        Ok(private)
    }

    /// Removes it where no run has used it.
    ///
    /// # Errors
    /// If it cannot be removed.
    pub(crate) fn discard(&self) -> Result<()> {
        self.drop_copy()?;
        fault::around("private.remove", || remove_dir(&self.git_dir)).io("remove", &self.git_dir)
    }

    /// Whether there is one, and its work branch is what it is in `repo`.
    pub(crate) fn is_current(&self, repo: &Repository, branch: &FullNameRef) -> Result<bool> {
        Ok(self.exists() && self.start()? == reference::read(repo, branch)?)
    }

    /// What the work branch was when the repository was made, or when its commits were last brought in; `None` if it was not there.
    fn start(&self) -> Result<Option<ObjectId>> {
        let path = self.run_dir.join(START);
        let text = local_file::read(&path, MAX_LINE).io("read", &path)?.unwrap_or_default();
        Ok(ObjectId::from_hex(&text).ok())
    }

    /// Remembers what the work branch is.
    fn set_start(&self, start: Option<ObjectId>) -> Result<()> {
        let text = start.map(|id| id.to_string()).unwrap_or_default();
        fault::around("private.start", || write(&self.run_dir.join(START), text.as_bytes()))
    }

    /// Moves the repository of an earlier run out of the way, and gives all that there are, the newest first.
    fn move_earlier_aside(&self) -> Result<Vec<PathBuf>> {
        let numbered = |number: usize| self.run_dir.join(format!("{NAME}.{number}"));
        let mut count = (1..).take_while(|number| fs::symlink_metadata(numbered(*number)).is_ok()).count();
        if fs::symlink_metadata(&self.git_dir).is_ok() {
            count += 1;
            let moved = fault::around("private.move", || fs::rename(&self.git_dir, numbered(count)));
            moved.io("rename", &self.git_dir)?;
        }
        Ok((1..=count).rev().map(numbered).collect())
    }

    /// Puts a configuration of the repository's own in the place of the one that the run left, which may have git read, or start, anything. That
    /// one is kept beside it.
    ///
    /// # Errors
    /// If the repository's cannot be read, or the file cannot be written.
    pub(crate) fn reset_config(&self, repo: &Repository) -> Result<()> {
        let (path, text) = (self.git_dir.join("config"), config::neutral(repo)?);
        if work_file::read(&self.git_dir, "config".into(), LARGEST).is_ok_and(|now| now.is_some_and(|now| now == text))
        {
            return Ok(());
        }
        let aside = self.git_dir.join(RUNS_CONFIG);
        fault::around("private.make", || {
            if fs::symlink_metadata(&aside).is_err() {
                let _none = fs::rename(&path, &aside);
            }
            seat::remove_any(&path)?;
            let fresh = tempfile::NamedTempFile::new_in(&self.git_dir).io("create a file in", &self.git_dir)?;
            fresh.as_file().write_all(&text).io("write", fresh.path())?;
            fresh.persist(&path).map(drop).map_err(|failed| failed.error).io("write", &path)
        })
    }

    fn fill(&self, repo: &Repository, dir: &Path, earlier: &[PathBuf]) -> Result<()> {
        for name in ["objects/info", "objects/pack", "refs/heads", "refs/tags", "hooks", "info"] {
            let path = dir.join(name);
            fs::create_dir_all(&path).io("create", &path)?;
        }
        let common = repo.common_dir();
        let mut alternates = alternate(&common.join("objects"));
        // Each names those before it: from the oldest on, git finds only directories that it knows, and goes no deeper.
        for earlier in earlier.iter().rev() {
            alternates.extend(alternate(&earlier.join("objects")));
        }
        write(&dir.join("objects/info/alternates"), &alternates)?;
        write(&dir.join("config"), &config::neutral(repo)?)?;
        copy_if_there(&common.join("HEAD"), &dir.join("HEAD"))?;
        copy_if_there(&common.join("shallow"), &dir.join("shallow"))?;
        copy_files(&common.join("info"), &dir.join("info"))?;
        copy_files(&common.join("hooks"), &dir.join("hooks"))?;
        link_foreign(common, dir)?;
        refs::write(repo, dir, &[])?;
        earlier.first().map_or(Ok(()), |earlier| take_stash(earlier, dir))
    }
}

/// Removes what the runs of an attempt kept; `attempt` is its id. What cannot be removed stays until the next time.
pub(crate) fn forget(common_dir: &Path, attempt: &str) {
    if ObjectId::from_hex(attempt.as_bytes()).is_ok() {
        let dir = common_dir.join("chant").join("runs").join(attempt);
        let _stays: std::io::Result<()> = fault::around("run.remove", || remove_dir(&dir));
    }
}

/// A line of `objects/info/alternates`, quoted where git would misread the path.
fn alternate(objects: &Path) -> Vec<u8> {
    let path = objects.as_os_str().as_bytes();
    let mut line = Vec::with_capacity(path.len() + 1);
    if path.iter().any(|byte| matches!(byte, b'\n' | b'"' | b'\\')) {
        line.push(b'"');
        for byte in path {
            match byte {
                b'\n' => line.extend_from_slice(b"\\n"),
                b'"' | b'\\' => line.extend([b'\\', *byte]),
                byte => line.push(*byte),
            }
        }
        line.push(b'"');
    } else {
        line.extend_from_slice(path);
    }
    line.push(b'\n');
    line
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    File::create(path).and_then(|mut file| file.write_all(bytes)).io("write", path)
}

/// The permissions of a directory are those of another: a shared repository stays shared.
fn set_mode(dir: &Path, like: &Path) {
    let copied = fs::metadata(like).and_then(|meta| fs::set_permissions(dir, meta.permissions()));
    // On a file system without permissions there is nothing to copy.
    drop(copied);
}

/// Copies a file of the repository with its permissions; one that is not there is left out.
fn copy_if_there(from: &Path, to: &Path) -> Result<()> {
    // It may be a link of the person's; what that leads to is a file, too.
    let real = match fs::canonicalize(from) {
        Err(cause) if cause.kind() == ErrorKind::NotFound => return Ok(()),
        real => real.io("copy", from)?,
    };
    let Some(source) = local_file::open(&real).io("copy", from)? else { return Ok(()) };
    let copy = || {
        let mut target = File::create(to)?;
        io::copy(&mut (&source).take(LARGEST), &mut target)?;
        if (&source).read(&mut [0])? > 0 {
            return Err(io::Error::other("the file is larger than 1 GiB"));
        }
        target.set_permissions(source.metadata()?.permissions())
    };
    copy().io("copy", from)
}

/// Copies the files of a directory. What is large, or a directory, is linked to.
fn copy_files(from: &Path, to: &Path) -> Result<()> {
    let entries = match fs::read_dir(from) {
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries.io("read", from)?,
    };
    for entry in entries {
        let entry = entry.io("read", from)?;
        let (name, source) = (entry.file_name(), entry.path());
        if name.as_bytes().ends_with(b".sample") || name == "refs" {
            continue;
        }
        let target = to.join(&name);
        match fs::metadata(&source) {
            Ok(meta) if meta.is_file() && meta.len() <= LARGEST_HOOK => copy_if_there(&source, &target)?,
            Ok(meta) if meta.is_file() || meta.is_dir() => link(&source, &target)?,
            // A link that leads nowhere, a FIFO.
            _ => {}
        }
    }
    Ok(())
}

fn link(source: &Path, target: &Path) -> Result<()> {
    let real = fs::canonicalize(source).io("read", source)?;
    std::os::unix::fs::symlink(real, target).io("create", target)
}

/// Links to what programs beside git keep in the git directory, so that they find it; they can't change it.
fn link_foreign(common: &Path, dir: &Path) -> Result<()> {
    for entry in fs::read_dir(common).io("read", common)? {
        let entry = entry.io("read", common)?;
        let name = entry.file_name();
        let of_git = OF_GIT.iter().any(|own| name == *own);
        if !of_git && entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            link(&entry.path(), &dir.join(name))?;
        }
    }
    Ok(())
}

/// The stash of an earlier run goes on in the next. What is no plain file there is left where it is.
fn take_stash(earlier: &Path, dir: &Path) -> Result<()> {
    let read = |(name, most): (&str, u64)| work_file::read(earlier, BStr::new(name), most).ok().flatten();
    let [Some(tip), Some(log)] = STASH.map(read) else { return Ok(()) };
    if ObjectId::from_hex(tip.trim()).is_err() {
        return Ok(());
    }
    fs::create_dir_all(dir.join("logs/refs")).io("create", dir)?;
    write(&dir.join(STASH[0].0), &tip)?;
    write(&dir.join(STASH[1].0), &log)
}
