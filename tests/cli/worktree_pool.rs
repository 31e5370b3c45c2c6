//! The files of former worktrees, which the next ones take over.

use std::path::Path;

use crate::support::{Ran, Sandbox, tools::need};

/// Writes down what an agent finds, commits that, and leaves whatever it can.
const LOOK_AND_LEAVE: &str = r#"
mkdir -p seen
{
	git status --porcelain --ignored
	git reflog -n 1 --format=%gs
	ls
	cat changed
	stat -c 'inode %i' same
} >.chant/run/seen
mv .chant/run/seen "seen/$CHANT_SPEC_ID"
git add seen && git commit -qm Look
git update-index --assume-unchanged changed
echo hers >changed && touch -r same changed
mkdir -p out && echo built >out/object
"#;

/// A repository that keeps the files of up to `most` worktrees.
fn with_pool(most: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    for (path, text) in [("changed", "ours\n"), ("same", "s\n"), (".gitignore", "out/\n")] {
        sandbox.write(path, text);
    }
    sandbox.git(&["add", "."]);
    sandbox.git(&["commit", "-qm", "More"]);
    sandbox.git(&["config", "chant.worktreePool", most]);
    sandbox.agent(LOOK_AND_LEAVE);
    sandbox.confined()
}

/// The names of the entries.
fn entries(sandbox: &Sandbox) -> Vec<String> {
    let dir = std::fs::read_dir(sandbox.repo.join(".git/chant/pool")).into_iter().flatten();
    let mut names: Vec<_> = dir.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.retain(|name| name != "in-use");
    names.sort();
    names
}

/// Works on a new spec and gives what the agent found.
#[track_caller]
fn look(sandbox: &Sandbox) -> String {
    let id = sandbox.add(&["Look around"]);
    sandbox.chant(&["work", &id]).ok();
    assert_eq!(sandbox.status(&id), "completed");
    sandbox.read(&format!("seen/{id}"))
}

fn line<'s>(seen: &'s str, begin: &str) -> &'s str {
    seen.lines().find(|line| line.starts_with(begin)).unwrap_or_else(|| panic!("no {begin} in {seen}"))
}

#[test]
fn the_next_attempt_gets_the_files_and_sees_nothing_of_the_last() {
    if !need("bwrap") {
        return;
    }
    let sandbox = with_pool("1");
    let first = look(&sandbox);
    assert_eq!(entries(&sandbox).len(), 1, "{first}");
    assert_eq!(sandbox.git(&["worktree", "list"]).lines().count(), 1);
    // The target moves on between the two.
    sandbox.git(&["rm", "-q", "file"]);
    sandbox.write("new", "n\n");
    sandbox.git(&["add", "new"]);
    sandbox.git(&["commit", "-qm", "Other files"]);
    let second = look(&sandbox);
    assert_eq!(line(&first, "inode"), line(&second, "inode"), "the files are the same");
    assert_eq!(entries(&sandbox).len(), 1);
    assert!(second.contains("\nours\n") && !second.contains("hers"), "{second}");
    assert!(!second.contains("out") && !second.contains("changed\nfile\n"), "{second}");
    assert!(second.contains("\nnew\n"), "{second}");
    assert!(second.starts_with("!! .chant/run/\n\n"), "nothing differs from the commit: {second}");
    assert!(!second.contains("commit: Look"), "the log of HEAD is its own: {second}");
    sandbox.git(&["fsck", "--strict"]);
    assert_eq!(sandbox.chant(&["fsck"]).ok().out, "");
}

/// What git does not see, or a process could still write to.
#[test]
#[ignore = "slow: .ci/run runs it"]
fn files_among_which_is_something_strange_are_not_kept() {
    if !need("bwrap") {
        return;
    }
    let leave = [
        "git init -q dir; mkdir -p dir/.git/hooks",
        "printf 'gitdir: elsewhere\\n' >dir/.git",
        "chmod 777 dir",
        "chmod 600 dir/one; git update-index --assume-unchanged dir/one",
    ];
    for script in leave {
        let sandbox = with_pool("1");
        sandbox.write("dir/one", "1\n");
        sandbox.commit("Dir");
        sandbox.agent(&format!("echo it >other && git add other && git commit -qm Other; {script}"));
        let id = sandbox.add(&["Leave it"]);
        sandbox.run(&mut sandbox.binary(&["work", &id]));
        assert_eq!(entries(&sandbox), [""; 0], "{script}");
    }
    let sandbox = with_pool("1").unconfined();
    sandbox.git(&["config", "chant.confine", "off"]);
    let _seen = look(&sandbox);
    assert_eq!(entries(&sandbox), [""; 0], "an agent that was not confined may still write");
}

#[test]
fn files_that_would_be_written_in_another_way_are_written_again() {
    if !need("bwrap") {
        return;
    }
    let sandbox = with_pool("1");
    sandbox.agent("mkdir -p seen; od -c same >\"seen/$CHANT_SPEC_ID\"; git add seen; git commit -qm Look");
    assert!(!look(&sandbox).contains("\\r"));
    sandbox.write(".gitattributes", "same text eol=crlf\n");
    sandbox.git(&["add", ".gitattributes"]);
    sandbox.git(&["commit", "-qm", "Attributes"]);
    assert!(look(&sandbox).contains("\\r"));
    assert_eq!(entries(&sandbox).len(), 1, "nothing half is left");
    sandbox.git(&["config", "core.symlinks", "false"]);
    assert!(look(&sandbox).contains("\\r"));
    assert_eq!(entries(&sandbox).len(), 1);
}

#[test]
fn what_the_configuration_names_stays_and_nothing_else() {
    if !need("bwrap") {
        return;
    }
    let sandbox = with_pool("1");
    sandbox.write(".gitignore", "out/\nother/\n");
    sandbox.git(&["commit", "-qam", "Ignore"]);
    sandbox.git(&["config", "chant.worktreeKeep", "out/"]);
    sandbox.agent(&format!("{LOOK_AND_LEAVE}\nmkdir -p other && echo x >other/x"));
    let _first = look(&sandbox);
    let second = look(&sandbox);
    assert!(second.contains("!! out/\n") && !second.contains("other"), "{second}");
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn attempts_at_once_get_files_of_their_own() {
    if !need("bwrap") {
        return;
    }
    let sandbox = with_pool("2");
    let [one, other] = ["One", "Other"].map(|title| sandbox.add(&[title]));
    let all = |sandbox: &Sandbox| -> Ran { sandbox.chant(&["work", "--all", "--jobs", "2"]).ok() };
    let _worked = all(&sandbox);
    assert_eq!(entries(&sandbox).len(), 2);
    let [third, fourth] = ["Third", "Fourth"].map(|title| sandbox.add(&[title]));
    let _worked = all(&sandbox);
    let inode = |id: &str| line(&sandbox.read(&format!("seen/{id}")), "inode").to_owned();
    let (mut before, mut after) = ([&one, &other].map(|id| inode(id)), [&third, &fourth].map(|id| inode(id)));
    before.sort();
    after.sort();
    assert_eq!(before, after);
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn small_trees_and_those_of_persons_and_with_submodules_are_not_kept() {
    if !need("bwrap") {
        return;
    }
    let sandbox = with_pool("1");
    sandbox.git(&["config", "--unset", "chant.worktreePool"]);
    let _seen = look(&sandbox);
    assert_eq!(entries(&sandbox), [""; 0], "a small tree is checked out as fast");
    sandbox.git(&["config", "chant.worktreePool", "0"]);
    let _seen = look(&sandbox);
    assert_eq!(entries(&sandbox), [""; 0]);
    sandbox.git(&["config", "chant.worktreePool", "1"]);
    let id = sandbox.add(&["By hand"]);
    sandbox.chant(&["work", &id, "--agent", "manual"]).ok();
    let tree = sandbox.show(&id)["worktree"].as_str().unwrap().to_owned();
    std::fs::write(Path::new(&tree).join("changed"), "by hand\n").unwrap();
    sandbox.git_in(Path::new(&tree), &["commit", "-qam", "By hand"]);
    sandbox.chant(&["finish", &id]).ok();
    assert_eq!(sandbox.status(&id), "completed");
    assert_eq!(entries(&sandbox), [""; 0], "a person may still look at it");
    let head = sandbox.git(&["rev-parse", "HEAD"]);
    sandbox.git(&["update-index", "--add", "--cacheinfo", &format!("160000,{},lib", head.trim())]);
    sandbox.git(&["commit", "-qm", "A commit of another repository"]);
    let _seen = look(&sandbox);
    assert_eq!(entries(&sandbox), [""; 0], "git does not look into it");
}

#[test]
fn prune_removes_what_no_attempt_used() {
    if !need("bwrap") {
        return;
    }
    let sandbox = with_pool("1");
    sandbox.agent("mkdir -p seen; echo it >\"seen/$CHANT_SPEC_ID\"; git add seen; git commit -qm Look");
    let _seen = look(&sandbox);
    let pool = sandbox.repo.join(".git/chant/pool");
    std::fs::create_dir(pool.join("0123.new")).unwrap();
    assert_eq!(sandbox.chant(&["prune"]).ok().out, "");
    assert_eq!(entries(&sandbox).len(), 2);
    let pruned = sandbox.chant(&["prune", "--expire=now"]).ok();
    assert!(pruned.out.contains(pool.to_str().unwrap()), "{pruned:?}");
    assert_eq!(entries(&sandbox), [""; 0]);
    let _seen = look(&sandbox);
}

#[test]
fn an_entry_that_is_damaged_is_as_good_as_none() {
    if !need("bwrap") {
        return;
    }
    let sandbox = with_pool("1");
    let _seen = look(&sandbox);
    let entry = sandbox.repo.join(".git/chant/pool").join(&entries(&sandbox)[0]);
    std::fs::write(entry.join("index"), "no index").unwrap();
    let seen = look(&sandbox);
    assert!(seen.contains("\nours\n"), "{seen}");
    assert_eq!(sandbox.git(&["worktree", "list"]).lines().count(), 1);
}
