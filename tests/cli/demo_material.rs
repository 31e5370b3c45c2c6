//! The material of `git chant demo`, tried without the tool: the bug is there each time, the fix mends it each time, and
//! the scripted agent does what it says, in plain git worktrees, under every shell that this machine has.
//!
//! Everything runs in a directory with a space in its name, with a `TMPDIR` of its own that must be empty afterwards.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    sync::atomic::{AtomicBool, Ordering},
};

use crate::support::{
    cases::few_or_many,
    scratch::{scratch, scratch_for},
};

const REGRESSION: [&str; 3] = ["sh", "tests/run", "regression/issue_1234"];
const STORAGE: [&str; 3] = ["sh", "tests/run", "storage"];
const ALL: [&str; 2] = ["sh", "tests/run"];

const FAILED: &str = "test regression::issue_1234_concurrent_write_loses_data ... FAILED\n";
const OK: &str = "test regression::issue_1234_concurrent_write_loses_data ... ok\n";

/// A phase: its name, its title, the files it may write, the number of its criteria, and whether it commits by itself.
struct Phase {
    name: &'static str,
    title: &'static str,
    targets: &'static [&'static str],
    criteria: usize,
    commits: bool,
}

const PHASES: [Phase; 5] = [
    Phase {
        name: "comprehension",
        title: "# Comprehend issue #1234: concurrent writes lose data",
        targets: &[".chant/research/issue-1234-comprehension.md"],
        criteria: 3,
        commits: true,
    },
    Phase {
        name: "reproduction",
        title: "# Reproduce issue #1234: concurrent writes lose data",
        targets: &["tests/regression/issue_1234_test.sh"],
        criteria: 3,
        commits: true,
    },
    Phase {
        name: "root-cause",
        title: "# Root cause of issue #1234: concurrent writes lose data",
        targets: &[".chant/research/issue-1234-root-cause.md"],
        criteria: 3,
        commits: true,
    },
    Phase {
        name: "impact-map",
        title: "# Impact map of issue #1234: concurrent writes lose data",
        targets: &[".chant/research/issue-1234-impact-map.md"],
        criteria: 3,
        commits: false,
    },
    Phase {
        name: "fork-fix",
        title: "# Fix issue #1234: add locking to concurrent writes",
        targets: &[
            "src/storage/store.sh",
            "src/storage/batch.sh",
            "tests/storage/concurrent_test.sh",
            "docs/architecture/storage.md",
        ],
        criteria: 7,
        commits: true,
    },
];

fn material(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/demo/material").join(path)
}

/// The shells of this machine: name and file. busybox is a shell when it is called `sh`.
fn shells() -> BTreeMap<&'static str, PathBuf> {
    let path = std::env::var_os("PATH").expect("the test runs with a PATH");
    let dirs: Vec<_> = std::env::split_paths(&path).collect();
    ["sh", "dash", "bash", "busybox"]
        .into_iter()
        .filter_map(|name| dirs.iter().map(|dir| dir.join(name)).find(|file| file.is_file()).map(|file| (name, file)))
        .collect()
}

/// A directory to work in: the repository, the agent, a `TMPDIR`, and a `PATH` on which `sh` is the shell under test.
struct Room {
    dir: tempfile::TempDir,
    path: std::ffi::OsString,
}

impl Room {
    /// The kvstore as the first commit of a repository.
    fn new(shell: &Path) -> Self {
        let dir = scratch_for("chant demo ");
        let bin = dir.path().join("bin");
        fs::create_dir(&bin).unwrap();
        std::os::unix::fs::symlink(shell, bin.join("sh")).unwrap();
        let old = std::env::var_os("PATH").unwrap();
        let path = std::env::join_paths(std::iter::once(bin).chain(std::env::split_paths(&old))).unwrap();
        let room = Room { dir, path };
        for place in ["tmp", "home"] {
            fs::create_dir(room.at(place)).unwrap();
        }
        copy(&material("kvstore"), &room.repo());
        copy(&material("agent"), &room.at("agent"));
        room.git(&room.repo(), &["init", "--quiet", "--initial-branch=main"]);
        room.git(&room.repo(), &["add", "--all"]);
        room.git(&room.repo(), &["commit", "--quiet", "--message=Import kvstore"]);
        room
    }

    fn at(&self, path: &str) -> PathBuf {
        self.dir.path().join(path)
    }

    fn repo(&self) -> PathBuf {
        self.at("kvstore")
    }

    fn command(&self, dir: &Path, words: &[&str]) -> Command {
        let mut command = Command::new(words[0]);
        command.args(&words[1..]).current_dir(dir).env_clear().stdin(Stdio::null());
        command.env("PATH", &self.path).env("HOME", self.at("home")).env("TMPDIR", self.at("tmp"));
        command.env("GIT_CONFIG_GLOBAL", self.at("home/gitconfig")).env("GIT_CONFIG_NOSYSTEM", "1");
        for who in ["AUTHOR", "COMMITTER"] {
            command.env(format!("GIT_{who}_NAME"), "A Person").env(format!("GIT_{who}_EMAIL"), "person@example.org");
        }
        command
    }

    /// Run a command: its exit code, and what it printed.
    fn run(&self, dir: &Path, words: &[&str]) -> (i32, String) {
        outcome(&self.command(dir, words).output().unwrap())
    }

    fn git(&self, dir: &Path, words: &[&str]) -> String {
        let (code, text) = self.run(dir, &[&["git"], words].concat());
        assert_eq!(code, 0, "git {words:?}: {text}");
        text
    }

    /// Put the reproduction test into the repository, as its phase does.
    fn add_reproduction(&self) {
        let suite = self.repo().join("tests/regression");
        fs::create_dir_all(&suite).unwrap();
        fs::copy(material("agent/issue_1234_test.sh"), suite.join("issue_1234_test.sh")).unwrap();
    }

    fn apply_fix(&self, options: &[&str]) {
        let patch = self.at("agent/fix.patch");
        self.git(&self.repo(), &[&["apply"], options, &[patch.to_str().unwrap()]].concat());
    }

    /// Write a spec, commit it, and make its worktree.
    fn start(&self, phase: &Phase) -> PathBuf {
        let (repo, worktree) = (self.repo(), self.at(&format!("worktree {}", phase.name)));
        let body = fs::read_to_string(material("specs").join(format!("{}.md", phase.name))).unwrap();
        assert!(body.starts_with(&format!("{}\n", phase.title)), "title of {}", phase.name);
        fs::create_dir_all(repo.join(".chant/specs")).unwrap();
        fs::write(repo.join(spec_path(phase)), format!("---\nphase: {}\n---\n\n{body}", phase.name)).unwrap();
        self.git(&repo, &["add", ".chant"]);
        self.git(&repo, &["commit", "--quiet", "--message=Add a spec"]);
        let branch = format!("chant/{}", phase.name);
        self.git(&repo, &["worktree", "add", "--quiet", "-b", &branch, worktree.to_str().unwrap(), "main"]);
        worktree
    }

    /// Run the agent as `git chant work` does.
    fn agent(&self, phase: &Phase, worktree: &Path, prompt: &str) -> (i32, String) {
        fs::write(self.at("prompt"), prompt).unwrap();
        let mut command = self.command(worktree, &["sh", self.at("agent/agent.sh").to_str().unwrap()]);
        command.stdin(fs::File::open(self.at("prompt")).unwrap());
        command.env("CHANT_WORKTREE", worktree).env("CHANT_PHASE", phase.name).env("CHANT_SPEC_ID", phase.name);
        command.env("CHANT_SPEC_FILE", worktree.join(spec_path(phase)));
        command.env("CHANT_TARGET_FILES", phase.targets.join("\n"));
        command.env("CHANT_INFORMED_BY", informed_by(worktree).join("\n"));
        outcome(&command.output().unwrap())
    }

    /// Do the phases before `name`, and start that one.
    fn walk_to(&self, name: &str) -> (&'static Phase, PathBuf) {
        for phase in &PHASES {
            let worktree = self.start(phase);
            if phase.name == name {
                return (phase, worktree);
            }
            self.work(phase, &worktree);
        }
        panic!("no phase '{name}'");
    }

    /// One phase from prompt to merge, with all that must hold on the way.
    fn work(&self, phase: &Phase, worktree: &Path) {
        let base = self.git(worktree, &["rev-parse", "HEAD"]);
        let (code, text) = self.agent(phase, worktree, &prompt(phase, worktree));
        assert_eq!(code, 0, "{}: {text}", phase.name);
        assert_eq!(text.matches("Ticked: ").count(), phase.criteria, "{}: {text}", phase.name);

        let spec = fs::read_to_string(worktree.join(spec_path(phase))).unwrap();
        assert_eq!(spec.matches("- [x] ").count(), phase.criteria, "{spec}");
        assert_eq!(spec.matches("- [ ] ").count(), 0, "{spec}");

        let left = self.git(worktree, &["status", "--porcelain"]);
        assert_eq!(left.is_empty(), phase.commits, "{}: {left}", phase.name);
        self.git(worktree, &["add", "--all"]);
        self.git(worktree, &["commit", "--quiet", "--allow-empty", "--message=What the agent left"]);

        let changed = self.git(worktree, &["diff", "--name-only", base.trim(), "HEAD"]);
        let mut changed: Vec<_> = changed.lines().map(str::to_owned).collect();
        let mut mapped: Vec<_> = phase.targets.iter().map(|path| (*path).to_owned()).collect();
        mapped.push(spec_path(phase));
        changed.sort();
        mapped.sort();
        assert_eq!(changed, mapped, "{}: what changed is what it may change", phase.name);
        let branch = format!("chant/{}", phase.name);
        self.git(&self.repo(), &["merge", "--quiet", "--no-ff", "--message=Merge", &branch]);
    }

    /// Run the regression test so often, and hold every run against the first.
    fn assert_same_each_time(&self, times: usize, code: i32, line: &str) {
        let mut first = None;
        for run in 1..=times {
            let outcome = self.run(&self.repo(), &REGRESSION);
            assert_eq!(outcome.0, code, "run {run}: {}", outcome.1);
            assert!(outcome.1.contains(line), "run {run}: {}", outcome.1);
            assert_eq!(&outcome, first.get_or_insert(outcome.clone()), "run {run} differs from the first");
        }
    }

    /// Nothing is left behind: no file in `TMPDIR`, no process that names this room.
    fn assert_clean(&self) {
        let left: Vec<_> = fs::read_dir(self.at("tmp")).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert!(left.is_empty(), "left in TMPDIR: {left:?}");
        let name = self.dir.path().to_str().unwrap();
        let Ok(processes) = fs::read_dir("/proc") else { return };
        for process in processes.flatten() {
            let line = fs::read(process.path().join("cmdline")).unwrap_or_default();
            assert!(!String::from_utf8_lossy(&line).contains(name), "a process is left: {process:?}");
        }
    }
}

fn outcome(output: &Output) -> (i32, String) {
    let text = [&output.stdout[..], &output.stderr[..]].concat();
    (output.status.code().expect("it was not killed"), String::from_utf8(text).unwrap())
}

fn spec_path(phase: &Phase) -> String {
    format!(".chant/specs/{}.md", phase.name)
}

fn informed_by(worktree: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(worktree.join(".chant/research")) else { return Vec::new() };
    let mut paths: Vec<_> =
        entries.map(|entry| format!(".chant/research/{}", entry.unwrap().file_name().to_str().unwrap())).collect();
    paths.sort();
    paths
}

/// The prompt: the spec and all that informs it.
fn prompt(phase: &Phase, worktree: &Path) -> String {
    let mut prompt = fs::read_to_string(worktree.join(spec_path(phase))).unwrap();
    for path in informed_by(worktree) {
        prompt += &fs::read_to_string(worktree.join(path)).unwrap();
    }
    prompt
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn every_run_fails_before_the_fix_and_passes_after_it() {
    for (name, shell) in shells() {
        let times = if name == "sh" { few_or_many(10, 50) } else { few_or_many(3, 10) };
        let room = Room::new(&shell);
        room.add_reproduction();
        room.assert_same_each_time(times, 1, FAILED);
        room.apply_fix(&[]);
        room.assert_same_each_time(times, 0, OK);
        room.assert_clean();
    }
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn load_changes_nothing() {
    let shell = &shells()["sh"];
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..2 * std::thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    std::hint::spin_loop();
                }
            });
        }
        // The load must end if this fails, or the scope would wait for it for ever.
        let outcome = std::panic::catch_unwind(|| {
            let room = Room::new(shell);
            room.add_reproduction();
            room.assert_same_each_time(few_or_many(3, 10), 1, FAILED);
            room.apply_fix(&[]);
            room.assert_same_each_time(few_or_many(3, 10), 0, OK);
            room.assert_clean();
        });
        stop.store(true, Ordering::Relaxed);
        outcome.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    });
}

/// A lock is not stale whose owner gave it back before it ended: seen from one who is stopped just between the two looks.
#[test]
fn a_lock_that_changed_hands_is_not_stale() {
    let script = r#"
        . "$1"
        KV_DIR=$2
        mkdir "$KV_DIR/.lock"
        lock_me() { printf '%s %s %s\n' "$1" "$(id -u)" "$(uname -n)" >"$KV_DIR/.lock/owner"; }
        gone=$(sh -c 'printf %s "$$"')
        lock_me "$gone"
        lock_is_stale || exit 11
        kill() { lock_me 1; return 1; }
        if lock_is_stale; then exit 12; fi
        grep -q '^1 ' "$KV_DIR/.lock/owner" || exit 13
    "#;
    for (name, shell) in shells() {
        let dir = scratch();
        let mut command = Command::new(&shell);
        // busybox has many names.
        if name == "busybox" {
            command.arg("sh");
        }
        command.args(["-c", script, "sh"]).arg(material("kvstore/src/storage/lock.sh")).arg(dir.path());
        let output = command.output().unwrap();
        assert_eq!(outcome(&output).0, 0, "{name}: {}", outcome(&output).1);
    }
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn the_agent_walks_through_the_phases_under_every_shell() {
    for shell in shells().values().take(few_or_many(1, usize::MAX)) {
        let room = Room::new(shell);
        let repo = room.repo();
        let codes = || [&REGRESSION[..], &STORAGE, &ALL].map(|words| room.run(&repo, words).0);
        assert_eq!(codes(), [0, 0, 0], "at the base");
        assert!(room.run(&repo, &REGRESSION).1.starts_with("running 0 tests\n"));
        for phase in &PHASES {
            let worktree = room.start(phase);
            room.work(phase, &worktree);
            let expected = if ["comprehension", "fork-fix"].contains(&phase.name) { [0, 0, 0] } else { [1, 0, 1] };
            assert_eq!(codes(), expected, "after {}", phase.name);
        }
        let read = |path: &str| fs::read_to_string(repo.join(path)).unwrap();
        let root_cause = read(".chant/research/issue-1234-root-cause.md");
        assert!(root_cause.contains(FAILED) && root_cause.contains(OK), "both approaches were run: {root_cause}");
        assert!(root_cause.contains("\n## Recommendation: pessimistic locking\n"));
        let spec = read(".chant/specs/fork-fix.md");
        assert!(spec.contains("## Release Notes\n\n### Fixed: ") && !spec.contains("<!--"), "{spec}");
        assert!(room.git(&repo, &["status", "--porcelain"]).is_empty());
        room.assert_clean();
    }
}

#[test]
fn a_fix_in_one_place_only_is_caught() {
    let room = Room::new(&shells()["sh"]);
    room.add_reproduction();
    fs::copy(material("agent/concurrent_test.sh"), room.repo().join("tests/storage/concurrent_test.sh")).unwrap();
    room.apply_fix(&["--include=src/storage/store.sh"]);
    let (code, text) = room.run(&room.repo(), &ALL);
    assert_eq!(code, 1, "{text}");
    assert!(text.contains(OK), "{text}");
    assert!(text.contains("test storage::concurrent_batch_write ... FAILED\n"), "{text}");
    room.assert_clean();
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn without_the_recommendation_in_its_prompt_the_agent_changes_nothing() {
    let room = Room::new(&shells()["sh"]);
    let (phase, worktree) = room.walk_to("fork-fix");
    let (code, text) = room.agent(phase, &worktree, "Just fix it.\n");
    assert_eq!(code, 1, "{text}");
    assert!(room.git(&worktree, &["status", "--porcelain"]).is_empty());
    assert_eq!(room.git(&worktree, &["rev-parse", "HEAD"]), room.git(&room.repo(), &["rev-parse", "main"]));
    room.assert_clean();
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_criterion_stays_unticked_when_the_command_behind_it_fails() {
    let room = Room::new(&shells()["sh"]);
    let (phase, worktree) = room.walk_to("fork-fix");
    // A fix that takes the lock in the right place, and gives it back when it should begin to hold it.
    let patch = fs::read_to_string(material("agent/fix.patch")).unwrap();
    let locked = "+    lock_acquire\n";
    assert_eq!(patch.matches(locked).count(), 2);
    let broken = patch.replace(locked, "+    lock_acquire\n+    lock_release\n");
    let broken = broken.replace("@@ -14,10 +14,14 @@", "@@ -14,10 +14,15 @@");
    let broken = broken.replace("@@ -8,12 +8,16 @@", "@@ -8,12 +8,17 @@");
    fs::write(room.at("agent/fix.patch"), broken).unwrap();
    let (code, text) = room.agent(phase, &worktree, &prompt(phase, &worktree));
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("Not ticked"), "{text}");
    let spec = fs::read_to_string(worktree.join(spec_path(phase))).unwrap();
    assert!(spec.contains("- [x] Lock acquired before write operation\n"), "{spec}");
    assert!(spec.contains("- [ ] Reproduction test "), "{spec}");
    assert_eq!(spec.matches("- [x] ").count(), 1, "{spec}");
    room.assert_clean();
}
