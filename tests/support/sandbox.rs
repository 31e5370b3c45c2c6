//! A sandbox: a home, a repository, and nothing of the machine's own configuration. Commands are run in it.

use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use serde_json::Value;

use super::{Ran, scratch::scratch, watch::Watch};

/// The binary under test. Only integration tests have it.
const BINARY: Option<&str> = option_env!("CARGO_BIN_EXE_git-chant");

/// How old a file has to be for its time to tell whether it was written again: longer than the clock of any file system has for a tick.
const SETTLED: Duration = Duration::from_millis(120);

/// A directory of its own with a home and a repository. It is removed when the test ends.
pub(crate) struct Sandbox {
    dir: tempfile::TempDir,
    /// The top of the repository's work tree, without symbolic links; the git directory, where it is bare.
    pub(crate) repo: PathBuf,
    /// Ends the run if the test hangs.
    pub(crate) watch: Watch,
}

impl Sandbox {
    /// With a repository on `main` that has one commit: `file` with `one\n`.
    pub(crate) fn new() -> Sandbox {
        let sandbox = Sandbox::empty();
        sandbox.write("file", "one\n");
        sandbox.git(&["add", "file"]);
        sandbox.git(&["commit", "-qm", "Initial commit"]);
        sandbox
    }

    /// Has no agent confined from now on, however tests are run: for agents that change what a confined one could not, or that stand for a
    /// person.
    pub(crate) fn unconfined(self) -> Sandbox {
        let file = self.dir().join("home/gitconfig");
        self.git(&["config", "--file", file.to_str().unwrap(), "chant.confine", "off"]);
        self
    }

    /// With a repository without commits.
    pub(crate) fn empty() -> Sandbox {
        Sandbox::init(&[])
    }

    /// With the repository that `git init <options>` makes, on `main`.
    pub(crate) fn init(options: &[&str]) -> Sandbox {
        let sandbox = Sandbox::without_repository();
        std::fs::create_dir(&sandbox.repo).unwrap();
        sandbox.git(&[&["init", "-q", "-b", "main"], options].concat());
        sandbox
    }

    fn without_repository() -> Sandbox {
        let dir = scratch();
        std::fs::create_dir(dir.path().join("home")).unwrap();
        // Most tests are about what is told apart without it; `CHANT_TEST_CONFINE=auto` confines every agent that can be.
        let confine = std::env::var("CHANT_TEST_CONFINE").unwrap_or_else(|_| "off".to_owned());
        std::fs::write(dir.path().join("home/gitconfig"), format!("[chant]\n\tconfine = {confine}\n")).unwrap();
        let repo = dir.path().canonicalize().unwrap().join("repo");
        Sandbox { watch: Watch::new(dir.path()), dir, repo }
    }

    /// A second sandbox with the same files. The absolute paths that git, git-chant and [`Sandbox::agent`] wrote name the copy.
    pub(crate) fn copy(&self) -> Sandbox {
        let copy = Sandbox::without_repository();
        let copied = Command::new("cp").arg("-a").arg(self.dir().join(".")).arg(copy.dir()).status().unwrap();
        assert!(copied.success());
        let git = copy.repo.join(".git");
        let mut files = vec![git.join("config"), copy.dir().join("agent.sh")];
        files.extend(list(&git.join("worktrees")).iter().map(|tree| tree.join("gitdir")));
        files.extend(list(&git.join("chant/leases")));
        files.extend(list(copy.dir()).iter().map(|tree| tree.join(".git")));
        let [from, to] = [self, &copy].map(|sandbox| sandbox.dir().to_str().unwrap());
        for file in files.iter().filter(|file| file.is_file()) {
            let text = std::fs::read_to_string(file).unwrap();
            std::fs::write(file, text.replace(from, to)).unwrap();
        }
        copy
    }

    /// Has every agent confined from now on, as it is by default.
    pub(crate) fn confined(self) -> Sandbox {
        self.git(&["config", "chant.confine", "require"]);
        self
    }

    /// The directory that everything is in; worktrees appear here beside `repo`.
    pub(crate) fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// A command in `dir` with an environment that has nothing of the machine's own. `git-chant` is first in its `PATH`.
    pub(crate) fn command_in(&self, dir: &Path, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        let path = std::env::var_os("PATH").unwrap_or_default();
        let bin = BINARY.map(|binary| Path::new(binary).parent().unwrap().to_owned());
        let path = std::env::join_paths(bin.into_iter().chain(std::env::split_paths(&path))).unwrap();
        let home = self.dir().join("home");
        command
            .current_dir(dir)
            .env_clear()
            .env("PATH", path)
            .env("XDG_CACHE_HOME", self.dir().join("cache"))
            .env("TMPDIR", &home)
            // A file of its own, not /dev/null: 'git config --global' renames a file into its place, which root may do there.
            .env("GIT_CONFIG_GLOBAL", home.join("gitconfig"))
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("HOME", home)
            .env("LC_ALL", "C.UTF-8")
            .env("TZ", "UTC")
            .stdin(Stdio::null());
        for role in ["AUTHOR", "COMMITTER"] {
            command.env(format!("GIT_{role}_NAME"), "Ada").env(format!("GIT_{role}_EMAIL"), "ada@example.com");
        }
        command
    }

    /// `git chant <args>` at the top of the repository, through git.
    pub(crate) fn chant(&self, args: &[&str]) -> Ran {
        self.chant_in(&self.repo, args)
    }

    /// `git chant <args>` in `dir`, through git.
    pub(crate) fn chant_in(&self, dir: &Path, args: &[&str]) -> Ran {
        self.run(self.command_in(dir, "git").arg("chant").args(args))
    }

    /// `git-chant <args>` without git around it: to start it in the background, or with options that git takes for its own.
    pub(crate) fn binary(&self, args: &[&str]) -> Command {
        let mut command = self.command_in(&self.repo, BINARY.expect("a unit test does not run the binary"));
        command.args(args);
        command
    }

    /// Runs any command to its end.
    pub(crate) fn run(&self, command: &mut Command) -> Ran {
        Ran::of(command.output().unwrap())
    }

    /// `git <args>` at the top of the repository, which must succeed. Returns stdout without the last line end.
    #[track_caller]
    pub(crate) fn git(&self, args: &[&str]) -> String {
        self.git_in(&self.repo, args)
    }

    /// `git <args>` in `dir`, which must succeed. Returns stdout without the last line end.
    #[track_caller]
    pub(crate) fn git_in(&self, dir: &Path, args: &[&str]) -> String {
        let ran = self.run(self.command_in(dir, "git").args(args));
        assert_eq!(ran.code, 0, "git {args:?}: {}{}", ran.err, ran.out);
        ran.out.trim_end_matches('\n').to_owned()
    }

    /// `git <args>` at the top of the repository, however it ends.
    pub(crate) fn try_git(&self, args: &[&str]) -> Ran {
        self.run(self.command_in(&self.repo, "git").args(args))
    }

    /// Writes a file below the repository, with the folders that it needs.
    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.repo.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// Reads a file below the repository.
    #[track_caller]
    pub(crate) fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.repo.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// Commits everything in the work tree, and returns the id of the commit.
    #[track_caller]
    pub(crate) fn commit(&self, message: &str) -> String {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "--allow-empty", "-m", message]);
        self.git(&["rev-parse", "HEAD"])
    }

    /// Makes `script` (of `sh`) the default agent. It runs in the spec's worktree; `tick` in it ticks every criterion.
    pub(crate) fn agent(&self, script: &str) {
        let path = self.dir().join("agent.sh");
        let prelude = "tick() { sed 's/- \\[ \\]/- [x]/' \"$CHANT_SPEC_FILE\" >.tick && cat .tick >\"$CHANT_SPEC_FILE\" && rm .tick; }\n";
        std::fs::write(&path, format!("{prelude}{script}\n")).unwrap();
        self.git(&["config", "chant.agent.scripted.cmd", &format!("sh {}", path.display())]);
        self.git(&["config", "chant.agent", "scripted"]);
    }

    /// Whether a process of an agent of this sandbox lives. A confined one has another pid for itself than for others: what they all have is
    /// their environment.
    pub(crate) fn agent_lives(&self) -> bool {
        let mark = format!("CHANT_WORKTREE={}", self.dir().canonicalize().unwrap().display());
        let processes = std::fs::read_dir("/proc").unwrap().flatten();
        let mut environments = processes.filter_map(|process| std::fs::read(process.path().join("environ")).ok());
        environments.any(|environment| String::from_utf8_lossy(&environment).contains(&mark))
    }

    /// Waits until everything that was written so far is old enough for its times to tell it from what is written next.
    pub(crate) fn settle(&self) {
        let written = self.dir().join("settled");
        std::fs::write(&written, "").unwrap();
        let then = std::fs::metadata(&written).unwrap().modified().unwrap();
        super::watch::until(|| then.elapsed().is_ok_and(|age| age >= SETTLED));
        std::fs::remove_file(written).unwrap();
    }

    /// `git chant add <args>`; returns the full id.
    #[track_caller]
    pub(crate) fn add(&self, args: &[&str]) -> String {
        let mut all = vec!["add"];
        all.extend(args);
        let out = self.chant(&all).ok().out;
        out.trim().strip_prefix("Created spec: ").unwrap_or_else(|| panic!("{out}")).to_owned()
    }

    /// The spec as `show --json` has it.
    #[track_caller]
    pub(crate) fn show(&self, id: &str) -> Value {
        self.chant(&["show", id, "--json"]).ok().json()["spec"].clone()
    }

    /// The status of a spec.
    #[track_caller]
    pub(crate) fn status(&self, id: &str) -> String {
        self.show(id)["status"].as_str().unwrap().to_owned()
    }

    /// The operations of a spec's events, oldest first.
    #[track_caller]
    pub(crate) fn ops(&self, id: &str) -> Vec<String> {
        let log = self.chant(&["log", id, "--json"]).ok().json();
        let mut ops: Vec<String> =
            log["events"].as_array().unwrap().iter().map(|event| event["op"].as_str().unwrap().to_owned()).collect();
        ops.reverse();
        ops
    }
}

/// The paths in a directory, sorted; none if it is not there.
fn list(dir: &Path) -> Vec<PathBuf> {
    let mut all: Vec<_> = std::fs::read_dir(dir).into_iter().flatten().map(|entry| entry.unwrap().path()).collect();
    all.sort();
    all
}
