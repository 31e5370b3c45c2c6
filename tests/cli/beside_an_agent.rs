//! What a person does with git in the repository while a confined agent works, and after it was killed: each command works as ever, and
//! nothing of the agent is lost.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Stdio},
};

use crate::{agent_work::worktree, confined::confined, support::Sandbox};

/// Begins to work on a spec, and comes back once the agent says that it is ready.
fn begin(sandbox: &Sandbox, id: &str) -> Child {
    let mut child = sandbox.binary(&["work", id]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.as_mut().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains("ready")));
    child
}

/// What git keeps of a worktree outside of its files.
fn everything(sandbox: &Sandbox, tree: &Path) -> [String; 3] {
    [["status", "--porcelain"].as_slice(), &["log", "-1", "--format=%s"], &["worktree", "list", "--porcelain"]]
        .map(|args| sandbox.git_in(tree, args))
}

#[test]
fn git_keeps_house_in_the_repository_while_an_agent_works() {
    let Some((sandbox, id)) = confined(
        "echo away >away; git add away; git commit -qm Away; git commit -q --amend -m Half; git tag -a mine -m mine
        echo stashed >file; git stash -q; echo staged >staged; git add staged; echo ready
        while [ ! -e \"$HOME/go\" ]; do sleep 0.1; done
        [ \"$(git diff --cached --name-only)\" = staged ] && git log --format=%s -g HEAD | grep -q Away || exit 3
        git commit -qm Staged; git stash pop -q; echo two >file; tick",
    ) else {
        return;
    };
    let child = begin(&sandbox, &id);
    let tree = worktree(&sandbox, &id);
    let before = everything(&sandbox, &tree);
    for command in [
        ["fsck", "--strict", "--no-dangling"].as_slice(),
        &["gc", "-q", "--prune=now"],
        &["prune", "--expire=now"],
        &["repack", "-adq"],
        &["worktree", "prune"],
        &["reflog", "expire", "--all", "--expire=now"],
        &["rev-list", "--all", "--reflog", "--indexed-objects", "--objects", "--quiet"],
        &["fsck", "--strict", "--no-dangling"],
    ] {
        for place in [&sandbox.repo, &tree] {
            let ran = sandbox.run(sandbox.command_in(place, "git").args(command));
            assert_eq!((ran.code, ran.err.as_str(), ran.out.as_str()), (0, "", ""), "{command:?}");
        }
    }
    assert_eq!(everything(&sandbox, &tree), before);
    fs::write(sandbox.dir().join("home/go"), "").unwrap();
    let ended = child.wait_with_output().unwrap();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    assert_eq!((sandbox.read("file"), sandbox.read("staged")), ("two\n".into(), "staged\n".into()));
    sandbox.git(&["fsck", "--strict"]);
}

#[test]
fn of_an_agent_that_is_killed_index_and_reflog_and_merge_survive_housekeeping() {
    let script =
        "git commit -q --allow-empty -m Away; git reset -q --hard HEAD~; git checkout -q -b side; echo side >file
        git commit -qam Side; git checkout -q chant/$CHANT_SPEC_ID; echo ours >file; git commit -qam Ours
        git merge -q side || echo new >new; git add new; mkdir \"$(git rev-parse --git-dir)/own\"; echo ready
        while :; do sleep 0.1; done";
    for command in ["takeover", "pause"] {
        let Some((sandbox, id)) = confined(script) else { return };
        let mut child = begin(&sandbox, &id);
        child.kill().unwrap();
        child.wait().unwrap();
        sandbox.git(&["gc", "-q", "--prune=now"]);
        sandbox.git(&["fsck", "--strict"]);
        sandbox.chant(&[command, &id]);
        let tree = worktree(&sandbox, &id);
        assert_eq!(sandbox.git_in(&tree, &["status", "--porcelain", "--untracked-files=no"]), "UU file\nA  new");
        assert_eq!(sandbox.git_in(&tree, &["log", "-1", "--format=%s", "MERGE_HEAD"]), "Side");
        assert_eq!(sandbox.git_in(&tree, &["log", "-1", "--format=%s"]), "Ours");
        assert!(sandbox.git_in(&tree, &["log", "-g", "--format=%s", "HEAD"]).contains("Away"));
        sandbox.git(&["fsck", "--strict"]);
        sandbox.git(&["gc", "-q", "--prune=now"]);
        assert_eq!(sandbox.git_in(&tree, &["show", ":new"]), "new");
        let attempts = fs::read_dir(sandbox.repo.join(".git/chant/runs")).unwrap().map(|run| run.unwrap().path());
        assert!(attempts.into_iter().all(|run| !run.join("worktree").exists()), "it was brought in");
    }
}
