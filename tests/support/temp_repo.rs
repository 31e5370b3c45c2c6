//! Throw-away repositories that nothing outside them reaches into: no home, no system configuration, no environment of git.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

/// A throw-away repository, with an identity in its own configuration.
pub(super) struct TempRepo {
    root: tempfile::TempDir,
    path: PathBuf,
}

/// A repository without commits, on branch `main`.
pub(super) fn repo() -> TempRepo {
    repo_with(&[])
}

/// What `git init <options>` makes, on branch `main`.
pub(super) fn repo_with(options: &[&str]) -> TempRepo {
    let root = tempfile::tempdir().expect("a temporary directory");
    let path = fs::canonicalize(root.path()).expect("it exists").join("repo");
    fs::create_dir(root.path().join("home")).expect("a new directory");
    fs::create_dir(&path).expect("a new directory");
    let repo = TempRepo { root, path };
    repo.git(&[&["init", "-q", "-b", "main"], options].concat());
    repo.git(&["config", "user.name", "A U Thor"]);
    repo.git(&["config", "user.email", "author@example.com"]);
    repo
}

impl TempRepo {
    /// The top of its work tree.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// A command that runs in it, isolated as it is.
    pub(super) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.path).env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        let home = self.root.path().join("home");
        // Not /dev/null: 'git config --global' renames a file into its place, which root may do there.
        command.env("GIT_CONFIG_GLOBAL", home.join("gitconfig")).env("HOME", home).env("GIT_CONFIG_NOSYSTEM", "1");
        command
    }

    /// Runs git; it must succeed. Its output without the final line end.
    pub(super) fn git(&self, args: &[&str]) -> String {
        let output = self.try_git(args);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "git {args:?}: {said}");
        String::from_utf8_lossy(&output.stdout).trim_end_matches('\n').to_owned()
    }

    /// Runs git, whatever comes of it.
    pub(super) fn try_git(&self, args: &[&str]) -> Output {
        self.command("git").args(args).output().expect("git runs")
    }

    /// Commits everything, and the id of the commit.
    pub(super) fn commit(&self, message: &str) -> gix::ObjectId {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "--allow-empty", "-m", message]);
        self.id("HEAD")
    }

    /// The object that a revision names.
    pub(super) fn id(&self, revision: &str) -> gix::ObjectId {
        self.git(&["rev-parse", "--verify", "--quiet", revision]).parse().expect("an object id")
    }

    /// The repository as gix opens it, from its own configuration alone.
    pub(super) fn open(&self) -> gix::Repository {
        gix::open_opts(&self.path, gix::open::Options::isolated()).expect("git made it")
    }
}
