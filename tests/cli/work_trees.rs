//! What may lie in a work tree and in the way of a merge, and what kinds of repositories there are.

use std::{
    os::unix::{ffi::OsStrExt as _, fs::PermissionsExt as _, process::CommandExt as _},
    path::Path,
};

use crate::{
    support::{Ran, Sandbox, tools::need_that},
    user_files::{changed, state},
};

const BODY: &[&str] = &["--target-file", "file", "--verify", "grep -q two file"];

/// A repository whose agent makes `file` say two, and a spec that asks for it.
fn with_spec() -> (Sandbox, String, String) {
    let sandbox = Sandbox::new();
    sandbox.agent("echo two >file; tick");
    let (id, path) = spec(&sandbox);
    (sandbox, id, path)
}

fn spec(sandbox: &Sandbox) -> (String, String) {
    let mut add = vec!["Make it two"];
    add.extend(BODY);
    let id = sandbox.add(&add);
    let path = format!(".chant/specs/{id}.md");
    (id, path)
}

#[track_caller]
fn whole(sandbox: &Sandbox, id: &str) {
    assert_eq!(sandbox.status(id), "completed");
    sandbox.git(&["fsck", "--strict"]);
    assert_eq!(sandbox.git(&["worktree", "list", "--porcelain", "-z"]).matches("\0HEAD ").count(), 1);
}

/// Every path below a directory.
fn tree(dir: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut dirs = vec![dir.to_owned()];
    while let Some(dir) = dirs.pop() {
        for entry in std::fs::read_dir(&dir).unwrap().flatten() {
            found.push(entry.path().display().to_string());
            if entry.path().is_dir() {
                dirs.push(entry.path());
            }
        }
    }
    found.sort();
    found
}

/// A command as another user, if this process may do that.
fn as_another_user(sandbox: &Sandbox, dir: &Path, args: &[&str]) -> Option<Ran> {
    if !need_that(rustix::process::geteuid().is_root(), "root, who may run commands as other users") {
        return None;
    }
    let copy = sandbox.dir().join("git-chant");
    if !copy.exists() {
        // Where it was built, others may not go. Another process writes it: a file that this one has open for writing could
        // be inherited by the children of other tests, and then no process can run it.
        let built = env!("CARGO_BIN_EXE_git-chant");
        sandbox.run(sandbox.command_in(dir, "cp").arg(built).arg(&copy)).ok();
        std::fs::set_permissions(sandbox.dir(), std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    let mut command = sandbox.command_in(dir, &copy);
    command.args(args).env("HOME", "/nonexistent").env("PATH", std::env::var_os("PATH").unwrap()).uid(65534).gid(65534);
    Some(sandbox.run(&mut command))
}

#[test]
fn submodules_and_sparse_checkouts_stay_as_they_are() {
    let (sandbox, id, _) = with_spec();
    let lib = sandbox.dir().join("lib");
    std::fs::create_dir(&lib).unwrap();
    sandbox.git_in(&lib, &["init", "-q", "-b", "main"]);
    sandbox.git_in(&lib, &["commit", "-q", "--allow-empty", "-m", "Lib"]);
    sandbox.git(&["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", lib.to_str().unwrap(), "lib"]);
    sandbox.write("in/one", "1\n");
    sandbox.write("out/one", "1\n");
    sandbox.git(&["add", "in", "out"]);
    sandbox.git(&["commit", "-qm", "More"]);
    sandbox.git(&["sparse-checkout", "set", "in", ".chant"]);
    let was = state(&sandbox, &sandbox.repo);
    sandbox.chant(&["work", &id]).ok();
    let mut names = changed(&was, &state(&sandbox, &sandbox.repo));
    names.retain(|name| !name.ends_with(&format!("{id}.md")));
    assert_eq!(names, ["file file", "index", "index flags", "refs/heads/main", "status"]);
    assert!(!sandbox.repo.join("out").exists());
    assert!(sandbox.repo.join("lib/.git").exists());
    whole(&sandbox, &id);
}

#[test]
fn a_repository_of_another_user_is_refused_as_git_refuses_it() {
    let (sandbox, id, _) = with_spec();
    let before = tree(&sandbox.repo);
    for args in [&["list"][..], &["show", &id], &["add", "x"], &["work", &id]] {
        let Some(ran) = as_another_user(&sandbox, &sandbox.repo, args) else { return };
        ran.fails(128, &["detected dubious ownership in repository at", "safe.directory"]);
    }
    assert_eq!(tree(&sandbox.repo), before);
}

#[test]
fn a_repository_that_cannot_be_written_can_be_read() {
    let (sandbox, id, _) = with_spec();
    sandbox.git(&["commit", "-q", "--allow-empty", "-m", "x"]);
    let before = tree(&sandbox.repo);
    let safe = |args: &[&str]| {
        let config = sandbox.dir().join("safe");
        std::fs::write(&config, "[safe]\n\tdirectory = *\n").unwrap();
        if !rustix::process::geteuid().is_root() {
            let mut command = sandbox.command_in(&sandbox.repo, env!("CARGO_BIN_EXE_git-chant"));
            return sandbox.run(command.args(args));
        }
        let _made = as_another_user(&sandbox, &sandbox.repo, &["--version"]);
        let mut command = sandbox.command_in(&sandbox.repo, sandbox.dir().join("git-chant"));
        command
            .args(args)
            .env("GIT_CONFIG_GLOBAL", &config)
            .env("HOME", "/nonexistent")
            .env("TMPDIR", std::env::temp_dir())
            .uid(65534)
            .gid(65534);
        sandbox.run(&mut command)
    };
    if !rustix::process::geteuid().is_root() {
        for path in tree(&sandbox.repo) {
            let mode = if Path::new(&path).is_dir() { 0o555 } else { 0o444 };
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        }
    }
    assert!(safe(&["list"]).ok().out.contains(&id[11..]));
    safe(&["show", &id]).ok();
    safe(&["list", "--ready"]).ok();
    safe(&["log", &id]).ok();
    safe(&["add", "x"]).fails(128, &["cannot create", "permission denied"]);
    safe(&["work", &id]).fails(128, &["permission denied"]);
    safe(&["cancel", &id, "--reason", "x"]).fails(128, &["permission denied"]);
    assert_eq!(tree(&sandbox.repo), before);
    for path in tree(&sandbox.repo) {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
}

#[test]
fn a_shallow_clone_has_the_whole_life() {
    let mut sandbox = Sandbox::new();
    for number in 0..3 {
        sandbox.git(&["commit", "-q", "--allow-empty", "-m", &number.to_string()]);
    }
    let url = format!("file://{}", sandbox.repo.display());
    sandbox.git_in(sandbox.dir(), &["clone", "-q", "--depth=1", &url, "shallow"]);
    sandbox.repo = sandbox.dir().join("shallow");
    sandbox.agent("echo two >file; tick");
    let (id, _) = spec(&sandbox);
    sandbox.chant(&["work", &id]).ok();
    whole(&sandbox, &id);
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn any_path_will_do() {
    for name in ["a b", "it's \"quoted\" $HOME", "line\nbreak", "ünïcödé", "-dash", "back\\slash*?[x]"] {
        let mut sandbox = Sandbox::new();
        let to = sandbox.dir().join(name);
        std::fs::rename(&sandbox.repo, &to).unwrap();
        sandbox.repo = to;
        sandbox.agent("test \"$PWD\" = \"$CHANT_WORKTREE\" && test -f \"$CHANT_PROMPT_FILE\" && echo two >file; tick");
        let (id, _) = spec(&sandbox);
        sandbox.chant(&["work", &id]).ok();
        assert_eq!(sandbox.read("file"), "two\n", "{name}");
        whole(&sandbox, &id);
    }
    // No UTF-8 at all.
    let mut sandbox = Sandbox::new();
    let to = sandbox.dir().join(std::ffi::OsStr::from_bytes(b"raw\xff"));
    std::fs::rename(&sandbox.repo, &to).unwrap();
    sandbox.repo = to;
    sandbox.agent("echo two >file; tick");
    let (id, _) = spec(&sandbox);
    let ran = sandbox.chant(&["work", &id]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    whole(&sandbox, &id);
}

#[test]
fn a_worktree_that_was_deleted_by_hand_is_no_obstacle() {
    let (sandbox, id, _) = with_spec();
    sandbox.chant(&["work", &id, "--no-merge"]).ok();
    let path = sandbox.chant(&["path", &id]).ok().out;
    std::fs::remove_dir_all(path.trim()).unwrap();
    assert_eq!(sandbox.status(&id), "finished");
    sandbox.chant(&["merge", &id]).ok();
    whole(&sandbox, &id);
    // And while it is under way: the failure says so, and another try works.
    let (other, _) = spec(&sandbox);
    sandbox.agent("exit 3");
    sandbox.chant(&["work", &other]).fails(1, &["exited with code 3"]);
    let path = sandbox.chant(&["path", &other]).ok().out;
    std::fs::remove_dir_all(path.trim()).unwrap();
    sandbox.chant(&["finish", &other]).fails(1, &["its worktree is missing"]);
    sandbox.agent("echo 'two again' >file; tick");
    sandbox.chant(&["work", &other]).ok();
    whole(&sandbox, &other);
}

#[test]
fn clones_side_by_side_do_not_meet() {
    let sandbox = Sandbox::new();
    sandbox.write(".chant/specs/2026-01-01-001-abc.md", "# Make it two\n");
    sandbox.git(&["add", "."]);
    sandbox.git(&["commit", "-qm", "Spec"]);
    let mut paths = Vec::new();
    for name in ["one", "two"] {
        sandbox.git_in(sandbox.dir(), &["clone", "-q", "repo", name]);
        let dir = sandbox.dir().join(name);
        sandbox.chant_in(&dir, &["work", "abc", "--agent", "manual"]).ok();
        paths.push(sandbox.chant_in(&dir, &["path", "abc"]).ok().out);
    }
    assert_ne!(paths[0], paths[1]);
    for name in ["one", "two"] {
        let dir = sandbox.dir().join(name);
        let tree = sandbox.chant_in(&dir, &["path", "abc"]).ok().out;
        std::fs::write(Path::new(tree.trim()).join("file"), "two\n").unwrap();
        sandbox.chant_in(&dir, &["finish", "abc"]).ok();
        assert_eq!(std::fs::read_to_string(dir.join("file")).unwrap(), "two\n");
    }
}

#[test]
fn the_day_of_an_id_is_the_persons_own() {
    let sandbox = Sandbox::new();
    let id = |zone: &str| {
        let mut command = sandbox.binary(&["add", "x"]);
        let ran = sandbox.run(command.env("TZ", zone)).ok();
        ran.out.trim().strip_prefix("Created spec: ").unwrap()[..10].to_owned()
    };
    // 26 hours lie between them, so that it is never the same day.
    assert_ne!(id("Etc/GMT-14"), id("Etc/GMT+12"));
    for (zone, offset) in [("Etc/GMT-14", "+1400"), ("Etc/GMT+12", "-1200")] {
        let mut command = sandbox.binary(&["add", zone]);
        let ran = sandbox.run(command.env("TZ", zone)).ok();
        let id = ran.out.trim().strip_prefix("Created spec: ").unwrap().to_owned();
        assert!(sandbox.git(&["log", "-1", "--format=%ai", &format!("chant/specs/{id}")]).ends_with(offset));
    }
}

/// With `core.worktree` in the shared configuration and `extensions.worktreeConfig`, git itself takes a linked worktree for the main one.
#[test]
fn a_shared_work_tree_setting_leads_no_uncommitted_file_into_the_work() {
    let (sandbox, id, _) = with_spec();
    sandbox.git(&["config", "core.worktree", sandbox.repo.to_str().unwrap()]);
    sandbox.git(&["config", "extensions.worktreeConfig", "true"]);
    sandbox.write("draft", "my own\n");
    sandbox.chant(&["work", &id, "--no-merge"]).ok();
    let branch = format!("chant/{id}");
    assert_eq!(sandbox.git(&["show", &format!("{branch}:file")]), "two");
    assert!(!sandbox.git(&["ls-tree", "-r", "--name-only", &branch]).contains("draft"));
    assert_eq!(sandbox.read("draft"), "my own\n");
}

#[test]
fn a_tree_that_is_very_deep_goes_with_its_worktree() {
    let sandbox = Sandbox::new();
    sandbox.agent(
        "echo deep/ >.gitignore; mkdir deep; perl -e 'chdir q(deep); for (1..9000) { mkdir q(d); chdir q(d) }'; echo two >file; tick",
    );
    let id = sandbox.add(&["Make it two"]);
    sandbox.chant(&["work", &id]).ok();
    assert_eq!(sandbox.git(&["worktree", "list"]).lines().count(), 1);
    assert!(!sandbox.dir().join(format!("repo.chant-{}", &id[11..])).exists());
}
