//! The worktrees of a repository, main and linked.

pub(crate) mod add;
pub(crate) mod busy;
pub(crate) mod code;
pub(crate) mod hide;
pub(crate) mod identity;
pub(crate) mod include;
pub(crate) mod lock;
pub(crate) mod path;
pub(crate) mod pool;
pub(crate) mod remove;
mod repair;
pub(crate) mod sparse;
mod submodules;

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
};

use bstr::{BString, ByteSlice};
use gix::{
    ObjectId,
    refs::{FullName, FullNameRef},
};

pub(crate) use repair::{follow, lost_heads, past_heads, repair};
pub(crate) use submodules::{changed_submodules, has_submodule_commit, unsaved_submodules};

use super::{
    hooks,
    output::Output,
    process::Git,
    repository::{Head, Repository},
    setting::Setting,
};
use crate::{
    env::local_file,
    error::{Error, Kind, Result},
};

/// A line in a git directory, in bytes.
const MAX_LINE: u64 = 1 << 12;

/// A registered worktree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Worktree {
    /// Its top, absolute. It may be gone (see `prunable`).
    pub path: PathBuf,
    /// Its own git directory, absolute.
    pub git_dir: PathBuf,
    /// The branch or commit at its `HEAD`; `None` if that cannot be read.
    pub head: Option<Head>,
    /// Why it is locked, if it is.
    pub locked: Option<BString>,
    /// Whether its directory is gone, so that `git worktree prune` would forget it.
    pub prunable: bool,
    /// Whether it is the main worktree.
    pub main: bool,
    /// Whether the configuration names a work tree (`core.worktree`), to which git may be led from a linked worktree too.
    pub led_away: bool,
    /// Settings that hold for every git here, whatever the configuration says: a change there
    /// that no person has acknowledged takes no effect.
    pub muted: Vec<Setting>,
    /// The words that confine every git here; empty where none is confined.
    pub sandbox: Vec<OsString>,
}

impl Worktree {
    /// Git at its top. Errors with `damaged-worktree` if its `.git` leads elsewhere: git would then work on whatever
    /// repository it finds above.
    pub(crate) fn git(&self) -> Result<Git> {
        Ok(self.muted.iter().fold(self.located_git()?, Git::setting))
    }

    /// Git at its top without hooks and without a file system monitor: for what the tool does for itself, such as inspecting a
    /// worktree.
    pub(crate) fn plain_git(&self) -> Result<Git> {
        Ok(self.git()?.without_hooks().config("core.fsmonitor=false"))
    }

    /// The worktree in which no git runs hooks.
    pub(crate) fn without_hooks(&self) -> Worktree {
        let mut plain = self.clone();
        plain.muted.extend(hooks::off());
        plain
    }

    fn located_git(&self) -> Result<Git> {
        if self.leads_home() {
            let git = Git::in_dir(&self.path).within(&self.sandbox);
            return Ok(if self.led_away { git.repository(&self.git_dir, &self.path) } else { git });
        }
        if self.main && self.path.is_dir() && fs::symlink_metadata(self.path.join(".git")).is_err() {
            // `--work-tree`, `core.worktree`: the directory itself knows nothing of the repository.
            return Ok(Git::in_dir(&self.path).repository(&self.git_dir, &self.path));
        }
        let message =
            format!("the worktree '{}' is damaged: its .git is missing or leads elsewhere", self.path.display());
        Err(Error::fatal(Kind::DamagedWorktree, message).hint("git worktree repair"))
    }

    /// Whether a link stands at its path: what it leads to is another directory, which an agent may have chosen.
    fn is_link(&self) -> bool {
        fs::symlink_metadata(&self.path).is_ok_and(|meta| meta.is_symlink())
    }

    /// Whether a link or another directory stands at its path than the one that was made for it, as far as that is known. An agent may have
    /// put a directory of the person there: git-chant neither removes nor repairs it.
    pub(crate) fn is_replaced(&self) -> bool {
        self.is_link() || identity::is_other(self)
    }

    /// Whether `.git` at its top leads to its git directory, and its path is no link.
    fn leads_home(&self) -> bool {
        if self.is_link() {
            return false;
        }
        let dot_git = self.path.join(".git");
        let Ok(meta) = fs::symlink_metadata(&dot_git) else { return false };
        let leads_to = if meta.is_file() {
            let Ok(Some(text)) = local_file::read(&dot_git, MAX_LINE) else { return false };
            let Some(target) = text.strip_prefix(b"gitdir: ") else { return false };
            let Ok(target) = gix::path::from_byte_slice(target.trim_end()) else { return false };
            self.path.join(target)
        } else {
            dot_git
        };
        same_place(&leads_to, &self.git_dir)
    }

    /// Whether a merge is in progress in it that is not committed yet.
    pub(crate) fn is_merging(&self) -> bool {
        self.git_dir.join("MERGE_HEAD").exists()
    }

    /// Whether the process died that made it, before its files were there.
    pub(crate) fn is_incomplete(&self) -> bool {
        self.locked.as_ref().is_some_and(|reason| *reason == add::INITIALIZING)
    }

    /// Whether its `HEAD` is this branch.
    pub(crate) fn is_on(&self, branch: &FullNameRef) -> bool {
        self.head.as_ref().and_then(Head::branch).is_some_and(|name| name.as_ref() == branch)
    }
}

/// Every worktree, the main one first (unless the repository is bare), then by administrative name.
pub(crate) fn list(repo: &Repository) -> Result<Vec<Worktree>> {
    let mut all = Vec::new();
    let led_away = repo.gix().config_snapshot().string("core.worktree").is_some();
    if let Some(path) = repo.main_work_dir() {
        let git_dir = repo.common_dir().to_owned();
        let (head, prunable) = (read_head(repo, &git_dir), false);
        all.push(Worktree {
            path,
            git_dir,
            head,
            locked: None,
            prunable,
            main: true,
            led_away: false,
            muted: Vec::new(),
            sandbox: Vec::new(),
        });
    }
    for proxy in repo.gix().worktrees()? {
        // An entry without a place is half made or broken; git passes it over as well.
        let Ok(path) = proxy.base() else { continue };
        let git_dir = fs::canonicalize(proxy.git_dir()).unwrap_or_else(|_| proxy.git_dir().to_owned());
        let head = read_head(repo, &git_dir);
        let reason = || local_file::read(&git_dir.join("locked"), MAX_LINE).ok().flatten().unwrap_or_default();
        let locked = proxy.is_locked().then(|| reason().trim().as_bstr().to_owned());
        let prunable = fs::symlink_metadata(path.join(".git")).is_err();
        all.push(Worktree {
            path,
            git_dir,
            head,
            locked,
            prunable,
            main: false,
            led_away,
            muted: Vec::new(),
            sandbox: Vec::new(),
        });
    }
    // The private repository of a confined run knows no worktrees. The one that this process is in is there all the same.
    if let Some(path) =
        repo.work_dir().filter(|path| repo.is_linked() && !all.iter().any(|one| same_place(&one.path, path)))
    {
        let (path, git_dir) = (path.to_owned(), repo.git_dir().to_owned());
        let head = read_head(repo, &git_dir);
        let (muted, sandbox) = (Vec::new(), Vec::new());
        all.push(Worktree {
            path,
            git_dir,
            head,
            locked: None,
            prunable: false,
            main: false,
            led_away,
            muted,
            sandbox,
        });
    }
    Ok(all)
}

/// The registered worktree whose top is `path`.
pub(crate) fn find(repo: &Repository, path: &Path) -> Result<Option<Worktree>> {
    Ok(list(repo)?.into_iter().find(|worktree| same_place(&worktree.path, path)))
}

/// The worktrees that have this branch checked out, the main one included. One whose directory is gone does not count.
pub(crate) fn checked_out_in(repo: &Repository, branch: &FullNameRef) -> Result<Vec<Worktree>> {
    Ok(list(repo)?.into_iter().filter(|worktree| worktree.is_on(branch) && worktree.path.is_dir()).collect())
}

/// Runs a `git worktree` command, again where it stumbled over what another git is just making or pruning beside it: git reads
/// the administrative files of every worktree, the half-made ones too, and `git gc` prunes those.
fn among_others(git: &Git) -> Result<Output> {
    for pause in [5, 10, 20, 40, 80, 160] {
        let output = git.run()?;
        if !output.stumbled() {
            return Ok(output);
        }
        std::thread::sleep(std::time::Duration::from_millis(pause));
    }
    git.run()
}

/// Whether two paths name the same place; what does not exist is compared as it is written.
pub(in crate::git) fn same_place(one: &Path, other: &Path) -> bool {
    real(one) == real(other)
}

/// The path with the symlinks of its existing part resolved.
pub(in crate::git) fn real(path: &Path) -> PathBuf {
    if let Ok(real) = fs::canonicalize(path) {
        return real;
    }
    match (path.parent(), path.file_name()) {
        (Some(parent), Some(name)) => real(parent).join(name),
        _ => path.to_owned(),
    }
}

/// The branch or commit in the `HEAD` file of a git directory. The file is read directly: gix would open a repository for each.
fn read_head(repo: &Repository, git_dir: &Path) -> Option<Head> {
    let path = git_dir.join("HEAD");
    let text = match fs::read_link(&path) {
        // `core.preferSymlinkRefs`
        Ok(target) => [b"ref: ", gix::path::into_bstr(target).ok()?.as_bytes()].concat(),
        // A confined agent can write it: it may be a FIFO by now.
        Err(_) => local_file::read(&path, MAX_LINE).ok()??,
    };
    match text.strip_prefix(b"ref:") {
        Some(name) => {
            let name = FullName::try_from(name.trim().as_bstr()).ok()?;
            super::lookup::refresh(repo.gix());
            let found = repo.gix().try_find_reference(name.as_ref()).ok()?;
            let id = found.and_then(|mut found| found.peel_to_id().ok()).map(gix::Id::detach);
            Some(Head::Branch(name, id))
        }
        None => ObjectId::from_hex(text.trim()).ok().map(Head::Detached),
    }
}
