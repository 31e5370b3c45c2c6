//! Isolation, sandboxes whose repository is opened in process, and the probe that opens a repository in another process.

use std::{
    ffi::OsStr,
    fs,
    ops::Deref,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use crate::{
    env::Env,
    git::repository::Repository,
    support::{Sandbox, tools},
};

const CHILD: &str = "CHANT_TEST_CHILD";
const PROBE: &str = "CHANT_TEST_PROBE";

/// Declares tests that run in a process of their own.
macro_rules! isolated {
    ($($(#[$meta:meta])* fn $name:ident() $body:block)*) => {
        $(#[test] $(#[$meta])* fn $name() {
            $crate::git::tests::support::run_isolated(concat!(module_path!(), "::", stringify!($name)), || $body)
        })*
    };
}
pub(crate) use isolated;

/// Runs `body` in a child process, this very test, with a clean environment.
pub(super) fn run_isolated(path: &str, body: impl FnOnce()) {
    let name = path.split_once("::").map_or(path, |(_, name)| name);
    if std::env::var_os(CHILD).is_some() {
        return body();
    }
    let home = crate::support::scratch::scratch();
    fs::write(home.path().join("gitconfig"), "").unwrap();
    let output = child(name, home.path()).env(CHILD, "1").output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("1 passed"), "{name}:\n{said}");
    let skipped = said.lines().filter_map(|line| line.split_once("skipped: it needs "));
    skipped.for_each(|(_, what)| tools::report(what));
}

fn child(test: &str, home: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([test, "--exact", "--nocapture"]).env_clear();
    command.env("PATH", std::env::var_os("PATH").unwrap());
    command.env("HOME", home).env("GIT_CONFIG_GLOBAL", home.join("gitconfig")).env("GIT_CONFIG_NOSYSTEM", "1");
    command.env("TMPDIR", home);
    command.envs(std::env::var_os("CHANT_REQUIRE_TOOLS").map(|required| ("CHANT_REQUIRE_TOOLS", required)));
    command
}

/// What a process that opens the repository in `dir` with `vars` sees, one `key=value` a line; or `error=code: message`.
pub(super) fn probe(dir: &Path, vars: &[(&str, &OsStr)]) -> String {
    let home = PathBuf::from(std::env::var_os("HOME").unwrap());
    let output = child("git::tests::support::probed", &home)
        .current_dir(dir)
        .env(PROBE, "1")
        .envs(vars.iter().copied())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    text.lines()
        .skip_while(|line| *line != "<<<")
        .skip(1)
        .take_while(|line| *line != ">>>")
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn probed() {
    if std::env::var_os(PROBE).is_none() {
        return;
    }
    println!("\n<<<");
    match Repository::discover(&Env::from_process().unwrap()) {
        Err(error) => println!("error={}: {error}\nhints={}", error.kind.code(), error.hints.join("; ")),
        Ok(repo) => {
            println!("git_dir={}", repo.git_dir().display());
            println!("common_dir={}", repo.common_dir().display());
            println!("work_dir={}", show(repo.work_dir()));
            println!("main={}", show(repo.main_work_dir().as_deref()));
            println!("bare={} linked={} silent={}", repo.is_bare(), repo.is_linked(), repo.silent());
            println!("head={:?}", repo.head().unwrap());
            println!("agent={:?}", repo.config().agent().map_err(|error| error.to_string()));
            println!("namespace={:?}", repo.gix().namespace());
            let other = std::env::var_os("OTHER").map(|path| repo.reopen_at(Path::new(&path)).unwrap());
            println!("other={}", show(other.as_ref().and_then(Repository::work_dir)));
            let agent = other.map(|other| other.config().agent().unwrap());
            println!("other_agent={agent:?}");
            let top = crate::git::process::Git::at(&repo).args(["rev-parse", "--absolute-git-dir"]).run().unwrap();
            println!("git_says={}", top.line());
        }
    }
    println!(">>>");
}

fn show(path: Option<&Path>) -> String {
    path.map_or("none".to_owned(), |path| format!("'{}'", path.display()))
}

/// A sandbox whose repository is opened in process, too: with an identity in its own configuration.
pub(super) struct Repo(Sandbox);

impl Repo {
    /// What `git init <options>` makes, on branch `main`.
    pub(super) fn init(options: &[&str]) -> Self {
        let repo = Repo(Sandbox::init(options));
        repo.git(&["config", "user.name", "A U Thor"]);
        repo.git(&["config", "user.email", "author@example.com"]);
        repo
    }

    /// A repository with one commit that holds `file`.
    pub(super) fn with_commit() -> Self {
        let repo = Repo::init(&[]);
        repo.write("file", "one\n");
        repo.commit("first");
        repo
    }

    /// The top of its work tree, or its git directory where it is bare.
    pub(super) fn path(&self) -> &Path {
        &self.0.repo
    }

    /// The directory that the repository lies in.
    pub(super) fn parent(&self) -> &Path {
        self.path().parent().unwrap()
    }

    /// Commits everything, and the id of the commit.
    pub(super) fn commit(&self, message: &str) -> gix::ObjectId {
        self.0.commit(message).parse().unwrap()
    }

    /// The object that a revision names.
    pub(super) fn id(&self, revision: &str) -> gix::ObjectId {
        self.git(&["rev-parse", "--verify", revision]).parse().unwrap()
    }

    /// The repository in our terms, opened from its top.
    pub(super) fn open(&self) -> Repository {
        open(self.path())
    }
}

impl Deref for Repo {
    type Target = Sandbox;

    fn deref(&self) -> &Sandbox {
        &self.0
    }
}

/// The repository that `dir` lies in.
pub(super) fn open(dir: &Path) -> Repository {
    let env = Env::from_process().unwrap().in_dir(dir);
    crate::git::open::at(&env, dir).unwrap()
}

/// Runs git; it must succeed. stdout without the final line end.
pub(super) fn git(dir: &Path, args: &[&str]) -> String {
    let output = git_output(dir, args);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "git {args:?}: {said}{}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8_lossy(&output.stdout).trim_end_matches('\n').to_owned()
}

/// Runs git, whatever comes of it.
pub(super) fn git_output(dir: &Path, args: &[&str]) -> Output {
    Command::new("git").current_dir(dir).args(args).output().unwrap()
}

/// The worktree that a repository was opened from.
pub(super) fn current(repo: &Repository) -> crate::git::worktree::Worktree {
    crate::git::worktree::find(repo, repo.work_dir().unwrap()).unwrap().unwrap()
}
