//! What is the person's in a repository, as one fingerprint, and that it stays as it was from wherever the tool is called.

use std::{
    collections::BTreeMap,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use crate::support::{Ran, Sandbox};

/// Everything in a work tree that is the person's: `HEAD`, branches, tags, stash, index, status, configuration, hooks, and every
/// file with its mode.
pub type State = BTreeMap<String, String>;

/// Takes the fingerprint of the work tree at `dir`.
pub fn state(sandbox: &Sandbox, dir: &Path) -> State {
    let mut state = State::new();
    let head = sandbox.run(sandbox.command_in(dir, "git").args(["symbolic-ref", "-q", "HEAD"]));
    state.insert("HEAD".into(), head.out);
    let refs = sandbox
        .git_in(dir, &["for-each-ref", "--format=%(refname) %(objectname)", "refs/heads", "refs/tags", "refs/stash"]);
    for line in refs.lines() {
        let (name, id) = line.split_once(' ').unwrap();
        state.insert(name.into(), id.into());
    }
    for (name, args) in [
        ("config", &["config", "--local", "--list"][..]),
        ("status", &["status", "--porcelain=v2", "--untracked-files=all"]),
        ("index", &["ls-files", "-s"]),
        ("index flags", &["ls-files", "-v"]),
    ] {
        let ran = sandbox.run(sandbox.command_in(dir, "git").args(args));
        state.insert(name.into(), ran.out);
    }
    files(dir, dir, &mut state);
    let hooks = PathBuf::from(sandbox.git_in(dir, &["rev-parse", "--path-format=absolute", "--git-path", "hooks"]));
    files(&hooks, &hooks, &mut state);
    state
}

fn files(top: &Path, dir: &Path, state: &mut State) {
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        if entry.file_name() == ".git" {
            continue;
        }
        let meta = path.symlink_metadata().unwrap();
        if meta.is_dir() {
            files(top, &path, state);
            continue;
        }
        let content = if meta.is_symlink() {
            format!("-> {}", std::fs::read_link(&path).unwrap().display())
        } else {
            String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned()
        };
        let name = path.strip_prefix(top).unwrap().display().to_string();
        state.insert(format!("file {name}"), format!("{:o} {content}", meta.mode()));
    }
}

/// What differs between two states, by name.
pub fn changed(before: &State, after: &State) -> Vec<String> {
    let mut names: Vec<String> = before.keys().chain(after.keys()).cloned().collect();
    names.sort();
    names.dedup();
    names.retain(|name| before.get(name) != after.get(name));
    names
}

#[track_caller]
fn same(before: &State, after: &State) {
    let told = |name: &String| format!("{name}\n{:?}\n{:?}", before.get(name), after.get(name));
    let differences: Vec<String> = changed(before, after).iter().map(told).collect();
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

/// A repository whose agent makes `file` say two, with staged, unstaged and untracked changes of the person in it.
fn busy_repository() -> Sandbox {
    let sandbox = Sandbox::new();
    for name in ["staged", "unstaged", "both"] {
        sandbox.write(name, "committed\n");
    }
    sandbox.write("a/b/deep", "deep\n");
    sandbox.git(&["add", "."]);
    sandbox.git(&["commit", "-qm", "More files"]);
    sandbox.agent("echo two >file; tick");
    sandbox.write("staged", "staged\n");
    sandbox.write("both", "staged\n");
    sandbox.write("new", "added\n");
    sandbox.git(&["add", "staged", "both", "new"]);
    sandbox.write("unstaged", "changed\n");
    sandbox.write("both", "changed again\n");
    sandbox.write("untracked", "mine\n");
    sandbox
}

fn spec_path(id: &str) -> String {
    format!(".chant/specs/{id}.md")
}

fn id_of(ran: Ran) -> String {
    let ran = ran.ok();
    ran.out.trim().strip_prefix("Created spec: ").unwrap_or_else(|| panic!("{}", ran.out)).to_owned()
}

/// `git <before> chant <args>` in `dir`.
fn git_chant(sandbox: &Sandbox, dir: &Path, before: &[&str], args: &[&str]) -> Ran {
    sandbox.run(sandbox.command_in(dir, "git").args(before).arg("chant").args(args))
}

const BODY: &[&str] = &["--target-file", "file", "--verify", "grep -q two file"];

#[test]
#[ignore = "slow: .ci/run runs it"]
fn every_way_to_name_the_repository_works_and_touches_nothing_else() {
    let sandbox = busy_repository();
    let git_dir = sandbox.repo.join(".git").display().to_string();
    let top = sandbox.repo.display().to_string();
    let places: &[(&Path, &[&str])] = &[
        (&sandbox.repo, &[]),
        (&sandbox.repo.join("a/b"), &[]),
        (sandbox.dir(), &["-C", "repo/a"]),
        (&sandbox.repo, &["--git-dir", &git_dir]),
        (sandbox.dir(), &["--git-dir", &git_dir, "--work-tree", &top]),
        (&sandbox.repo, &["-c", "chant.agent=scripted"]),
    ];
    for (dir, before) in places {
        let was = state(&sandbox, &sandbox.repo);
        let chant = |args: &[&str]| git_chant(&sandbox, dir, before, args);
        let mut add = vec!["add", "Make it two"];
        add.extend(BODY);
        let id = id_of(chant(&add));
        let added = state(&sandbox, &sandbox.repo);
        assert_eq!(changed(&was, &added), [format!("file {}", spec_path(&id)), "status".to_owned()], "{before:?}");
        for args in [&["list"][..], &["show", &id], &["list", "--ready"], &["log", &id], &["list", "--json"]] {
            let ran = chant(args).ok();
            assert!(ran.out.contains(&id[11..]) || args[0] == "log", "{before:?} {args:?}: {}", ran.out);
        }
        same(&added, &state(&sandbox, &sandbox.repo));
        chant(&["work", &id, "--no-merge"]).ok();
        let worked = state(&sandbox, &sandbox.repo);
        assert_eq!(changed(&added, &worked), [format!("refs/heads/chant/{id}")], "{before:?}");
        chant(&["path", &id]).ok();
        chant(&["reset", &id]).ok();
        chant(&["cancel", &id, "--reason", "enough"]).ok();
        let left = state(&sandbox, &sandbox.repo);
        assert!(changed(&added, &left).iter().all(|name| name.starts_with("refs/heads/chant/")), "{before:?}");
        chant(&["archive", &id]).ok();
        let archived = state(&sandbox, &sandbox.repo);
        let mut moved = changed(&left, &archived);
        moved.retain(|name| !name.contains(&format!("{id}.md")) && name != "status");
        assert_eq!(moved, [""; 0], "{before:?}");
    }
}

#[test]
fn a_merge_moves_the_branch_and_leaves_every_other_change_alone() {
    let sandbox = busy_repository();
    let mut add = vec!["Make it two"];
    add.extend(BODY);
    let id = sandbox.add(&add);
    let was = state(&sandbox, &sandbox.repo);
    sandbox.chant(&["work", &id]).ok();
    let now = state(&sandbox, &sandbox.repo);
    assert_eq!(changed(&was, &now), ["file file", "index", "index flags", "refs/heads/main", "status"]);
    assert_eq!(sandbox.git(&["status", "--porcelain"]), "MM both\nA  new\nM  staged\n M unstaged\n?? untracked");
}

#[test]
fn what_hooks_and_aliases_export_binds_nothing_that_runs_elsewhere() {
    let sandbox = busy_repository();
    let mut add = vec!["Make it two"];
    add.extend(BODY);
    let id = sandbox.add(&add);
    // The agent sees nothing of it: git in its worktree is git in its worktree.
    sandbox.agent("git rev-parse --show-toplevel; env | grep ^GIT_INDEX && exit 9; echo two >file; git add file; git commit -qm two; tick");
    let other = sandbox.dir().join("other-index");
    std::fs::copy(sandbox.repo.join(".git/index"), &other).unwrap();
    let was = state(&sandbox, &sandbox.repo);
    let before = std::fs::read(&other).unwrap();
    let mut command = sandbox.binary(&["work", &id]);
    command
        .env("GIT_DIR", sandbox.repo.join(".git"))
        .env("GIT_WORK_TREE", &sandbox.repo)
        .env("GIT_INDEX_FILE", &other)
        .env("GIT_PREFIX", "a/b/")
        .env("GIT_EDITOR", ":");
    sandbox.run(&mut command).ok();
    assert_eq!(std::fs::read(&other).unwrap(), before, "the other index is untouched");
    let now = state(&sandbox, &sandbox.repo);
    assert_eq!(changed(&was, &now), ["file file", "index", "index flags", "refs/heads/main", "status"]);
    sandbox.git(&["config", "alias.specs", "!git-chant list --all"]);
    let ran = sandbox.run(sandbox.command_in(&sandbox.repo.join("a/b"), "git").arg("specs")).ok();
    assert!(ran.out.contains(&id[11..]), "{}", ran.out);
    let hook = sandbox.repo.join(".git/hooks/pre-commit");
    std::fs::write(&hook, "#!/bin/sh\ngit chant list --all >hook-said && git chant add 'From a hook' >>hook-said\n")
        .unwrap();
    std::fs::set_permissions(&hook, std::fs::Permissions::from_mode(0o755)).unwrap();
    sandbox.git(&["commit", "-qm", "With a hook", "unstaged"]);
    let said = sandbox.read("hook-said");
    assert!(said.contains(&id[11..]) && said.contains("Created spec: "), "{said}");
    assert_eq!(sandbox.git(&["show", "--format=", "--name-only", "HEAD"]), "unstaged");
    assert_eq!(sandbox.git(&["diff", "--cached", "--name-only"]), "both\nnew\nstaged");
}

#[test]
fn a_target_that_is_checked_out_elsewhere_moves_with_its_files() {
    let sandbox = busy_repository();
    sandbox.git(&["worktree", "add", "-q", "-b", "release", "../release"]);
    let release = sandbox.dir().join("release");
    let mut add = vec!["Make it two"];
    add.extend(BODY);
    let id = sandbox.add(&add);
    let was = state(&sandbox, &sandbox.repo);
    sandbox.chant(&["work", &id, "--onto", "release"]).ok();
    assert_eq!(std::fs::read_to_string(release.join("file")).unwrap(), "two\n");
    assert_eq!(sandbox.git_in(&release, &["status", "--porcelain"]), "");
    assert_eq!(changed(&was, &state(&sandbox, &sandbox.repo)), ["refs/heads/release"]);
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_target_in_the_middle_of_something_waits() {
    let sandbox = Sandbox::new();
    sandbox.agent("echo two >other; tick");
    sandbox.write("file", "ours\n");
    sandbox.git(&["commit", "-qam", "Ours"]);
    sandbox.git(&["switch", "-qc", "side", "HEAD~"]);
    sandbox.write("file", "theirs\n");
    sandbox.git(&["commit", "-qam", "Theirs"]);
    sandbox.git(&["switch", "-q", "main"]);
    let stops: &[(&[&str], &[&str])] = &[
        (&["rebase", "side"], &["rebase", "--abort"]),
        (&["merge", "side"], &["merge", "--abort"]),
        (&["cherry-pick", "side"], &["cherry-pick", "--abort"]),
        (&["bisect", "start", "HEAD", "HEAD~"], &["bisect", "reset"]),
    ];
    for (begin, end) in stops {
        sandbox.write("other", "one\n");
        let id = sandbox.add(&["Make other two"]);
        std::fs::remove_file(sandbox.repo.join("other")).unwrap();
        sandbox.chant(&["work", &id, "--no-merge"]).ok();
        let _stopped = sandbox.run(sandbox.command_in(&sandbox.repo, "git").args(*begin));
        let was = state(&sandbox, &sandbox.repo);
        sandbox.chant(&["merge", &id]).fails(1, &["is finished and not merged"]);
        same(&was, &state(&sandbox, &sandbox.repo));
        assert_eq!(sandbox.status(&id), "finished", "{begin:?}");
        sandbox.git(end);
        sandbox.chant(&["merge", &id]).ok();
        assert_eq!(sandbox.status(&id), "completed", "{begin:?}");
        // Back to where it was for the next.
        sandbox.agent(&format!("echo {} >other; tick", id));
    }
}
