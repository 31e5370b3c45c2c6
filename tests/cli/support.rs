//! A sandbox: a home, a repository, and nothing of the machine's own configuration.

use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use serde_json::Value;

#[path = "../support/watch.rs"]
mod watch;

/// A directory of its own with a home and a repository, gone when the test ends.
pub struct Sandbox {
    dir: tempfile::TempDir,
    /// The top of the repository's work tree.
    pub repo: PathBuf,
    pub watched: watch::Watched,
}

/// How a command ended.
#[derive(Debug, PartialEq)]
pub struct Ran {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Ran {
    pub fn of(output: Output) -> Ran {
        use std::os::unix::process::ExitStatusExt;
        Ran {
            code: output.status.code().unwrap_or_else(|| 128 + output.status.signal().unwrap_or(0)),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// The same, which must have succeeded.
    #[track_caller]
    pub fn ok(self) -> Ran {
        assert_eq!(self.code, 0, "stdout:\n{}\nstderr:\n{}", self.out, self.err);
        self
    }

    /// The same, which must have ended with `code` and said each of `parts` on one of the streams.
    #[track_caller]
    pub fn fails(self, code: i32, parts: &[&str]) -> Ran {
        assert_eq!(self.code, code, "stdout:\n{}\nstderr:\n{}", self.out, self.err);
        for part in parts {
            let said = self.err.contains(part) || self.out.contains(part);
            assert!(said, "'{part}' is not in\nstdout:\n{}\nstderr:\n{}", self.out, self.err);
        }
        self
    }

    /// Stdout as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}:\n{}\n{}", self.out, self.err))
    }
}

impl Sandbox {
    /// With a repository on `main` that has one commit: `file` with `one\n`.
    pub fn new() -> Sandbox {
        let sandbox = Sandbox::empty();
        sandbox.write("file", "one\n");
        sandbox.git(&["add", "file"]);
        sandbox.git(&["commit", "-qm", "Initial commit"]);
        sandbox
    }

    /// With a repository without commits.
    pub fn empty() -> Sandbox {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("home")).unwrap();
        let repo = dir.path().join("repo");
        std::fs::create_dir(&repo).unwrap();
        let sandbox = Sandbox { watched: watch::watch(dir.path()), dir, repo };
        sandbox.git(&["init", "-q", "-b", "main"]);
        sandbox
    }

    /// The directory that everything is in; worktrees appear here beside `repo`.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// A command in `dir` with an environment that has nothing of the machine's own.
    pub fn command_in(&self, dir: &Path, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        let bin = Path::new(env!("CARGO_BIN_EXE_git-chant")).parent().unwrap();
        let path = std::env::var("PATH").unwrap_or_default();
        command
            .current_dir(dir)
            .env_clear()
            .env("PATH", format!("{}:{path}", bin.display()))
            .env("HOME", self.dir.path().join("home"))
            .env("XDG_CACHE_HOME", self.dir.path().join("cache"))
            // A file of its own, not /dev/null: 'git config --global' renames a file into its place, which root may do there.
            .env("GIT_CONFIG_GLOBAL", self.dir.path().join("home/gitconfig"))
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_AUTHOR_NAME", "Ada")
            .env("GIT_AUTHOR_EMAIL", "ada@example.com")
            .env("GIT_COMMITTER_NAME", "Ada")
            .env("GIT_COMMITTER_EMAIL", "ada@example.com")
            .env("LC_ALL", "C.UTF-8")
            .env("TZ", "UTC")
            .stdin(Stdio::null());
        command
    }

    /// `git chant <args>` at the top of the repository, through git.
    pub fn chant(&self, args: &[&str]) -> Ran {
        self.chant_in(&self.repo, args)
    }

    /// `git chant <args>` somewhere else.
    pub fn chant_in(&self, dir: &Path, args: &[&str]) -> Ran {
        Ran::of(self.command_in(dir, "git").arg("chant").args(args).output().unwrap())
    }

    /// The binary itself, for what git would keep for itself, and to start in the background.
    pub fn binary(&self, args: &[&str]) -> Command {
        let mut command = self.command_in(&self.repo, env!("CARGO_BIN_EXE_git-chant"));
        command.args(args);
        command
    }

    /// Any command to its end.
    pub fn run(&self, command: &mut Command) -> Ran {
        Ran::of(command.output().unwrap())
    }

    /// `git <args>` at the top of the repository; it must succeed. Returns what it printed, without the last line's end.
    #[track_caller]
    pub fn git(&self, args: &[&str]) -> String {
        self.git_in(&self.repo, args)
    }

    /// `git <args>` somewhere else.
    #[track_caller]
    pub fn git_in(&self, dir: &Path, args: &[&str]) -> String {
        let ran = Ran::of(self.command_in(dir, "git").args(args).output().unwrap());
        assert_eq!(ran.code, 0, "git {args:?}: {}", ran.err);
        ran.out.trim_end_matches('\n').to_owned()
    }

    /// Writes a file below the repository, with the folders it needs.
    pub fn write(&self, path: &str, text: &str) {
        let path = self.repo.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// Reads a file below the repository.
    #[track_caller]
    pub fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.repo.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// Makes `script` (of `sh`) the default agent. It runs in the spec's worktree; `tick` in it ticks every criterion.
    pub fn agent(&self, script: &str) {
        let path = self.dir.path().join("agent.sh");
        let prelude = "tick() { sed 's/- \\[ \\]/- [x]/' \"$CHANT_SPEC_FILE\" >.tick && cat .tick >\"$CHANT_SPEC_FILE\" && rm .tick; }\n";
        std::fs::write(&path, format!("{prelude}{script}\n")).unwrap();
        self.git(&["config", "chant.agent.scripted.cmd", &format!("sh {}", path.display())]);
        self.git(&["config", "chant.agent", "scripted"]);
    }

    /// `git chant add <args>`; returns the full id.
    #[track_caller]
    pub fn add(&self, args: &[&str]) -> String {
        let mut all = vec!["add"];
        all.extend(args);
        let out = self.chant(&all).ok().out;
        out.trim().strip_prefix("Created spec: ").unwrap_or_else(|| panic!("{out}")).to_owned()
    }

    /// The spec as `show --json` has it.
    #[track_caller]
    pub fn show(&self, id: &str) -> Value {
        self.chant(&["show", id, "--json"]).ok().json()["spec"].clone()
    }

    /// Its status.
    #[track_caller]
    pub fn status(&self, id: &str) -> String {
        self.show(id)["status"].as_str().unwrap().to_owned()
    }

    /// The ops of its events, oldest first.
    #[track_caller]
    pub fn ops(&self, id: &str) -> Vec<String> {
        let log = self.chant(&["log", id, "--json"]).ok().json();
        let mut ops: Vec<String> =
            log["events"].as_array().unwrap().iter().map(|event| event["op"].as_str().unwrap().to_owned()).collect();
        ops.reverse();
        ops
    }
}
