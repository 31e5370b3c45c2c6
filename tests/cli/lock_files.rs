//! Lock files: those of the dead go, those of the living stay.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    process::{Child, Stdio},
};

use crate::support::{
    Sandbox,
    tools::{need, need_that},
};

fn lock(sandbox: &Sandbox, name: &str) -> std::path::PathBuf {
    let path = sandbox.repo.join(".git").join(format!("{name}.lock"));
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, "").unwrap();
    path
}

/// What `fsck` says of locks, once there is something to say.
fn found(sandbox: &Sandbox, args: &[&str], count: usize) -> Vec<serde_json::Value> {
    loop {
        let report = sandbox.chant(&[&["fsck", "--json"], args].concat()).json();
        let found: Vec<_> = report["problems"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|problem| problem["code"] == "stale-lock")
            .cloned()
            .collect();
        if found.len() >= count {
            return found;
        }
    }
}

/// A git that holds the lock of a ref for as long as it is left running.
fn holder(sandbox: &Sandbox, name: &str) -> Child {
    let head = sandbox.git(&["rev-parse", "HEAD"]);
    let mut git = sandbox.command_in(&sandbox.repo, "git");
    let mut git = git.args(["update-ref", "--stdin"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut input = git.stdin.take().unwrap();
    write!(input, "start\nupdate {name} {head}\nprepare\n").unwrap();
    input.flush().unwrap();
    let said = BufReader::new(git.stdout.take().unwrap()).lines().map_while(Result::ok).nth(1);
    assert_eq!(said.as_deref(), Some("prepare: ok"));
    git.stdin = Some(input);
    git
}

#[test]
fn a_lock_of_a_dead_process_stops_no_command() {
    let sandbox = Sandbox::new();
    let id = sandbox.add(&["One"]);
    sandbox.git(&["pack-refs", "--all"]);
    for name in [format!("refs/chant/specs/{id}"), "packed-refs".to_owned()] {
        let lock = lock(&sandbox, &name);
        sandbox.chant(&["cancel", &id]).ok();
        sandbox.chant(&["reset", &id]).ok();
        assert!(!lock.exists(), "{name}");
    }
    // Of the work branch and of the notes as well.
    sandbox.agent("echo two >file");
    let branch = lock(&sandbox, &format!("refs/heads/chant/{id}"));
    let notes = lock(&sandbox, "refs/notes/chant");
    sandbox.chant(&["work", &id]).ok();
    assert_eq!(sandbox.status(&id), "completed");
    assert!(!branch.exists() && !notes.exists());
}

#[test]
fn the_lock_of_a_git_that_lives_is_respected() {
    let sandbox = Sandbox::new();
    let id = sandbox.add(&["One"]);
    sandbox.git(&["config", "chant.lockTimeout", "2500"]);
    let name = format!("refs/chant/specs/{id}");
    let lock = sandbox.repo.join(format!(".git/{name}.lock"));
    let mut git = holder(&sandbox, &name);
    sandbox.chant(&["cancel", &id]).fails(128, &[&format!("{name}.lock' exists")]);
    assert!(lock.exists());
    let none = found(&sandbox, &["--repair"], 0);
    assert!(none.is_empty() && lock.exists(), "{none:?}");
    // Killed, it leaves the lock.
    git.kill().unwrap();
    git.wait().unwrap();
    assert!(lock.exists());
    sandbox.chant(&["cancel", &id]).ok();
    assert!(!lock.exists());
}

/// Every confined agent has mounts of its own.
#[test]
fn a_git_in_a_sandbox_elsewhere_keeps_no_lock_alive() {
    if !need_that(need("bwrap"), "bubblewrap") {
        return;
    }
    let (sandbox, other) = (Sandbox::new(), Sandbox::new());
    let id = sandbox.add(&["One"]);
    let hidden = other.dir().join("hides/repo");
    std::fs::create_dir(hidden.parent().unwrap()).unwrap();
    let in_sandbox = |of: &Sandbox, git: &[&str]| {
        let mut bwrap = of.command_in(&of.repo, "bwrap");
        bwrap.args(["--unshare-user", "--unshare-pid", "--die-with-parent", "--bind", "/", "/"]);
        bwrap.args(["--dev", "/dev", "--bind", "/dev/shm", "/dev/shm", "--proc", "/proc"]);
        bwrap.arg("--tmpfs").arg(hidden.parent().unwrap()).arg("--bind").arg(sandbox.repo.join(".git")).arg(&hidden);
        let mut child = bwrap.arg("git").args(git).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        // It has begun once it answers.
        writeln!(child.stdin.as_mut().unwrap(), "HEAD").unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        assert!(line.contains("commit"), "{line}");
        child
    };
    let mut elsewhere = in_sandbox(&other, &["cat-file", "--batch-check"]);
    let lock = lock(&sandbox, &format!("refs/chant/specs/{id}"));
    sandbox.chant(&["cancel", &id]).ok();
    assert!(!lock.exists());
    // In the repository it may be the owner, also by a path that is hidden from us.
    sandbox.git(&["config", "chant.lockTimeout", "1500"]);
    let by_hidden_path = ["--git-dir", hidden.to_str().unwrap(), "cat-file", "--batch-check"];
    for (of, git) in [(&other, &by_hidden_path[..]), (&sandbox, &by_hidden_path[2..])] {
        let mut here = in_sandbox(of, git);
        let lock = self::lock(&sandbox, &format!("refs/chant/specs/{id}"));
        sandbox.chant(&["reset", &id]).fails(128, &["exists"]);
        assert!(lock.exists());
        here.kill().unwrap();
        here.wait().unwrap();
    }
    elsewhere.kill().unwrap();
    elsewhere.wait().unwrap();
}

#[test]
fn fsck_names_every_lock_of_the_dead_and_removes_them_when_asked() {
    let sandbox = Sandbox::new();
    sandbox.git(&["worktree", "add", "-q", "../other"]);
    let names = ["HEAD", "config", "index", "refs/heads/main", "worktrees/other/index"];
    let locks = names.map(|name| lock(&sandbox, name));
    let named = found(&sandbox, &[], names.len());
    let paths: Vec<_> = named.iter().map(|problem| problem["path"].as_str().unwrap().to_owned()).collect();
    assert_eq!(paths, locks.clone().map(|path| path.to_string_lossy().into_owned()));
    assert!(named.iter().all(|problem| problem["help"] == "git chant fsck --repair"));
    assert!(locks.iter().all(|lock| lock.exists()), "asked for nothing, it removes nothing");
    let mended = found(&sandbox, &["--repair"], names.len());
    assert!(mended.iter().all(|problem| problem["repaired"] == true), "{mended:?}");
    assert!(!locks.iter().any(|lock| lock.exists()));
}
