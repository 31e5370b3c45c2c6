//! Where the demo takes place: a repository that depends on nothing of the person's own.

use std::{
    ffi::OsStr,
    io::ErrorKind,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
};

use super::material;
use crate::{
    env::{Env, scratch},
    error::{Error, IoContext, Kind, Result},
    git::process::Git,
};

/// A directory that is ours.
pub(super) struct DemoRepository {
    /// The top of the repository.
    pub(super) repo: PathBuf,
    /// The directory that was made for it, or the repository.
    pub(super) made: PathBuf,
}

/// The settings that make the repository alike on every machine, for commands that a person types there later too.
const SETTINGS: [(&str, &str); 9] = [
    ("user.name", "Ada Lovelace"),
    ("user.email", "ada@example.com"),
    ("core.autocrlf", "false"),
    ("core.excludesFile", "/dev/null"),
    ("core.attributesFile", "/dev/null"),
    ("commit.gpgSign", "false"),
    // The agent lies outside the work tree, and is found wherever the repository is moved to.
    ("chant.agent.demo.cmd", "sh \"$(git rev-parse --git-common-dir)/chant-demo/agent/agent.sh\""),
    ("chant.agent", "demo"),
    // So that its report has what the tests printed.
    ("chant.shareOutput", "true"),
];

/// Takes `dir`, which must not exist or be empty, or makes a temporary one.
pub(super) fn claim(env: &Env, dir: Option<&Path>) -> Result<DemoRepository> {
    let (repo, made) = match dir {
        Some(dir) => (env.cwd().join(dir), None),
        None => {
            let made = scratch::dir("git-chant-demo-")?.keep();
            (made.join("kvstore"), Some(made))
        }
    };
    let shown = dir.unwrap_or(&repo).display();
    let taken = || {
        Error::fatal(Kind::NotEmpty, format!("'{shown}' exists and is not empty"))
            .hint("name a directory that is not there yet")
    };
    if repo.exists() && !repo.is_dir() {
        return Err(Error::fatal(Kind::NotEmpty, format!("'{shown}' is not a directory")));
    }
    std::fs::create_dir_all(&repo).io("create", &repo)?;
    if std::fs::read_dir(&repo).io("read", &repo)?.next().is_some() {
        return Err(taken());
    }
    // Of two that find it empty, one makes this directory.
    let git_dir = repo.join(".git");
    match std::fs::create_dir(&git_dir) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => return Err(taken()),
        made => made.io("create", &git_dir)?,
    }
    let repo = repo.canonicalize().io("read", &repo)?;
    let made = made.unwrap_or_else(|| repo.clone());
    Ok(DemoRepository { repo, made })
}

/// The repository with the store as its first commit.
pub(super) fn lay_out(env: &Env, repo: &Path) -> Result<()> {
    let git = |args: &[&str]| Git::in_dir(repo).secluded(env).args(args).check();
    git(&["init", "--quiet", "--initial-branch=main", "--template="])?;
    for (key, value) in SETTINGS {
        git(&["config", key, value])?;
    }
    material::write(repo, material::KVSTORE)?;
    let own = repo.join(".git").join("chant-demo");
    material::write(&own.join("agent"), material::AGENT)?;
    material::write(&own.join("specs"), material::SPECS)?;
    git(&["add", "--all"])?;
    git(&["commit", "--quiet", "--message", "A small key-value store"])?;
    Ok(())
}

/// Removes the worktrees beside the repository: the one in which checks are run is kept for the next, and there is none.
pub(super) fn clear(env: &Env, repo: &Path) -> Result<()> {
    let listed = Git::in_dir(repo).secluded(env).args(["worktree", "list", "--porcelain", "-z"]).check()?;
    let worktrees = listed.records().filter_map(|record| record.strip_prefix(b"worktree "));
    for path in worktrees.skip(1) {
        Git::in_dir(repo).secluded(env).args(["worktree", "remove", "--force"]).arg(OsStr::from_bytes(path)).check()?;
    }
    Ok(())
}
