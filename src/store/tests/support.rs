//! A sandbox whose repository is read in process, too.

use std::{ops::Deref, path::Path, process::Command};

use gix::ObjectId;

use crate::support::Sandbox;

/// A throw-away repository with an identity in its own configuration, since gix reads no other here.
pub(super) struct TempRepo(Sandbox);

/// A repository without commits, on branch `main`.
pub(super) fn repo() -> TempRepo {
    repo_with(&[])
}

/// What `git init <options>` makes, on branch `main`.
pub(super) fn repo_with(options: &[&str]) -> TempRepo {
    let sandbox = Sandbox::init(options);
    sandbox.git(&["config", "user.name", "A U Thor"]);
    sandbox.git(&["config", "user.email", "author@example.com"]);
    TempRepo(sandbox)
}

impl TempRepo {
    /// The top of its work tree.
    pub(super) fn path(&self) -> &Path {
        &self.0.repo
    }

    /// A command that runs in it, isolated as it is.
    pub(super) fn command(&self, program: &str) -> Command {
        self.0.command_in(self.path(), program)
    }

    /// Commits everything, and the id of the commit.
    pub(super) fn commit(&self, message: &str) -> ObjectId {
        self.0.commit(message).parse().expect("an object id")
    }

    /// The object that a revision names.
    pub(super) fn id(&self, revision: &str) -> ObjectId {
        self.git(&["rev-parse", "--verify", "--quiet", revision]).parse().expect("an object id")
    }

    /// The repository as gix opens it, from its own configuration alone.
    pub(super) fn open(&self) -> gix::Repository {
        gix::open_opts(self.path(), gix::open::Options::isolated()).expect("git made it")
    }
}

impl Deref for TempRepo {
    type Target = Sandbox;

    fn deref(&self) -> &Sandbox {
        &self.0
    }
}
