//! What a work branch may bring into its target: its own commits, checked as they arrive there, and nothing else.

use super::{HOWS, commit, merging, subjects, worktree};
use crate::support::Sandbox;

#[test]
#[ignore = "slow: .ci/run runs it"]
fn what_a_person_took_out_of_the_target_does_not_come_back() {
    for how in HOWS {
        for script in [
            "echo a >a; git add a; git commit -qm A; echo b >b; tick",
            "git checkout -q -b x; echo a >a; git add a; git commit -qm A; git checkout -q -; git merge -q --no-ff --no-edit x; echo b >b; tick",
        ] {
            let sandbox = merging(how);
            commit(&sandbox, "secret", "secret\n");
            sandbox.agent(script);
            let id = sandbox.add(&["Work"]);
            sandbox.chant(&["work", &id, "--no-merge"]).ok();
            sandbox.git(&["reset", "-q", "--hard", "HEAD~1"]);
            commit(&sandbox, "other", "other\n");
            let ran = sandbox.chant(&["merge", &id]).ok();
            let linear =
                ran.err.contains("'main' does not have") && ran.err.contains("on top of 'main' without a merge");
            assert_eq!(linear, ["merge", "ff"].contains(&how), "{how}: {}", ran.err);
            assert_eq!(sandbox.status(&id), "completed", "{how}");
            assert_eq!(
                sandbox.git(&["log", "--format=%s", "main", "--", "secret"]),
                "",
                "{how}: {:?}",
                subjects(&sandbox, "main")
            );
            assert_eq!(
                (sandbox.read("a"), sandbox.read("b"), sandbox.read("other")),
                ("a\n".into(), "b\n".into(), "other\n".into())
            );
            assert!(!sandbox.repo.join("secret").exists());
        }
    }
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn work_on_what_a_person_took_out_waits() {
    for how in HOWS {
        let sandbox = merging(how);
        commit(&sandbox, "list", "one\n");
        sandbox.agent("echo two >>list; tick");
        let id = sandbox.add(&["Work"]);
        sandbox.chant(&["work", &id, "--no-merge"]).ok();
        sandbox.git(&["reset", "-q", "--hard", "HEAD~1"]);
        let main = sandbox.git(&["rev-parse", "main"]);
        let ran =
            sandbox.chant(&["merge", &id]).fails(1, &["it conflicts with 'main'", "list", "'main' does not have"]);
        assert_eq!((sandbox.status(&id), sandbox.git(&["rev-parse", "main"])), ("finished".into(), main), "{how}");
        // Nothing that its branch takes in would change that; the way out is another.
        let short = sandbox.show(&id)["short"].as_str().unwrap().to_owned();
        assert!(ran.err.contains(&format!("git chant reset {short}, then: git chant work {short}")), "{}", ran.err);
        sandbox.chant(&["reset", &id]).ok();
        sandbox.chant(&["work", &id]).ok();
        assert_eq!(sandbox.read("list"), "two\n", "{how}");
    }
}

#[test]
fn a_base_that_was_amended_is_checked_with_the_work_on_it() {
    let sandbox = merging("merge");
    commit(&sandbox, "limit", "2\n");
    sandbox.agent("echo x >file-2; tick");
    let id = sandbox.add(&["Work", "--verify", "test $(ls file-* | wc -l) -lt $(cat limit)"]);
    sandbox.chant(&["work", &id, "--no-merge"]).ok();
    sandbox.write("limit", "1\n");
    sandbox.git(&["commit", "-q", "--amend", "-am", "A lower limit"]);
    sandbox.chant(&["merge", &id]).fails(1, &["merged with 'main'", "exit code 1"]);
    assert_eq!(sandbox.status(&id), "finished");
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn silent_mode_looks_at_every_commit() {
    for how in HOWS {
        for leak in [
            "mkdir -p .chant/research; echo secret >.chant/research/x.md; git add -f .chant/research/x.md; git commit -qm notes; git rm -q .chant/research/x.md",
            "git checkout -q -b x; git commit -q --allow-empty -m x; git checkout -q -; git merge -q --no-ff --no-commit x; mkdir -p .chant/a; echo secret >.chant/a/x; git add -f .chant/a/x; git commit -qm Merge; git rm -q .chant/a/x",
        ] {
            let sandbox = merging(how);
            sandbox.chant(&["init", "--silent"]).ok();
            sandbox.agent(&format!("{leak}; echo b >b; git add b; git commit -qm work; tick"));
            let id = sandbox.add(&["Work"]);
            sandbox.chant(&["work", &id]).fails(1, &["silent mode allows no commits under .chant/", ".chant/"]);
            assert_eq!(
                sandbox.git(&["log", "--full-history", "-m", "--format=%s", "main", "--", ".chant"]),
                "",
                "{how}"
            );
            assert_eq!(sandbox.status(&id), "finished");
        }
    }
}

/// Finished work on `file` that conflicts with `main`, which also changed `other` and added `new`.
fn conflicting(resolve: &str) -> (Sandbox, String) {
    let sandbox = merging("merge");
    commit(&sandbox, "other", "a\n");
    sandbox.agent("echo two >file; tick");
    let id = sandbox.add(&["Two"]);
    sandbox.chant(&["work", &id, "--no-merge"]).ok();
    commit(&sandbox, "file", "three\n");
    commit(&sandbox, "other", "b\n");
    commit(&sandbox, "new", "new\n");
    sandbox.agent(resolve);
    (sandbox, id)
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn an_agent_that_resolves_a_conflict_changes_nothing_else() {
    for (resolve, named) in [
        ("echo both >file; git checkout -q HEAD -- other; git add -A; git commit -qm Resolved", "other"),
        ("echo both >file; git rm -qf new; git add -A; git commit -qm Resolved", "new"),
        (
            "echo both >file; git add -A; git commit -qm Resolved; echo more >more; git add more; git commit -qm More",
            "more",
        ),
        ("echo both >file; chmod +x other; git add -A", "other"),
        (
            "git checkout -q --ours .; git checkout -q HEAD -- other; git rm -qf new; git add -A; git commit -qm Ours",
            "new, other",
        ),
    ] {
        let (sandbox, id) = conflicting(resolve);
        let before = sandbox.git(&["rev-parse", "main", &format!("chant/{id}")]);
        sandbox
            .chant(&["merge", &id, "--agent"])
            .fails(1, &[&format!("the agent changed files without conflicts: {named}")]);
        assert_eq!(sandbox.status(&id), "finished", "{resolve}");
        assert_eq!(sandbox.git(&["rev-parse", "main", &format!("chant/{id}")]), before, "{resolve}");
    }
    let (sandbox, id) = conflicting("echo both >file");
    sandbox.chant(&["merge", &id, "--agent"]).ok();
    assert_eq!(
        (sandbox.read("file"), sandbox.read("other"), sandbox.read("new")),
        ("both\n".into(), "b\n".into(), "new\n".into())
    );
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn the_merge_is_checked_by_default_before_the_target_moves() {
    let sandbox = merging("merge");
    sandbox.agent("echo two >file; tick; printf '\\n## Release Notes\\n\\nFixed.\\n' >>$CHANT_SPEC_FILE");
    // What holds of each alone does not hold of both.
    let both = "! test -e other || ! grep -q two file";
    let add = |option: &str| sandbox.add(&["Two", option, both]);
    let red = |id: &str| {
        let main = sandbox.git(&["rev-parse", "main"]);
        sandbox.chant(&["merge", id]).fails(1, &["merged with 'main'", "exit code 1"]);
        let why = |command: &[&str]| sandbox.chant(command).ok().out.contains("merged with 'main', '");
        assert!(why(&["show", id]) && why(&["status"]) && why(&["log", id]), "the reason can be read later");
        sandbox.chant(&["merge", id]).fails(1, &["merged with 'main'"]);
        assert_eq!(sandbox.ops(id).iter().filter(|op| *op == "note").count(), 1, "told once of one merge");
        assert_eq!((sandbox.status(id), sandbox.git(&["rev-parse", "main"])), ("finished".into(), main));
    };
    let verified = add("--verify");
    let fix =
        sandbox.add(&["Fix", "--phase", "fork-fix", "--reproduces", &format!("grep -q two file && {{ {both}; }}")]);
    for id in [&verified, &fix] {
        sandbox.chant(&["work", id, "--no-merge"]).ok();
    }
    commit(&sandbox, "other", "other\n");
    red(&verified);
    red(&fix);
    sandbox.git(&["rm", "-q", "other"]);
    sandbox.git(&["commit", "-qm", "Not that"]);
    let shown = sandbox.chant(&["show", &verified]).ok().out;
    assert!(!shown.contains("\nReason:"), "it is another target now: {shown}");
    for id in [&verified, &fix] {
        sandbox.chant(&["merge", id]).ok();
    }
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn commands_run_on_a_merge_as_they_ran_on_the_work() {
    let moved = |sandbox: &Sandbox, id: &str| {
        sandbox.chant(&["work", id, "--no-merge"]).ok();
        commit(sandbox, "other", "other\n");
        sandbox.chant(&["merge", id]).ok();
        sandbox.chant(&["verify", id]).ok();
    };
    // In turn, in one checkout.
    let sandbox = merging("merge");
    sandbox.agent("echo two >file; tick");
    let id = sandbox.add(&["Two", "--verify", "echo built >out", "--verify", "test -e out"]);
    moved(&sandbox, &id);
    // With the documents that silent mode has in no commit.
    let sandbox = merging("merge");
    sandbox.chant(&["init", "--silent"]).ok();
    sandbox.agent(
        "mkdir -p .chant/research; printf '# X\\n\\nIt is the moon.\\n' >.chant/research/x.md; echo two >file; tick",
    );
    sandbox.write(".chant/research/given.md", "# Given\n\nIt is the sun.\n");
    let document = [
        "--informed-by",
        ".chant/research/given.md",
        "--target-file",
        ".chant/research/x.md",
        "--verify",
        "grep -q moon .chant/research/x.md && grep -q sun .chant/research/given.md",
    ];
    let id = sandbox.add(&[&["Two", "--target-file", "file"], &document[..]].concat());
    moved(&sandbox, &id);
    sandbox.chant(&["verify", "--all", "--at", "HEAD"]).ok();
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_merge_of_other_work_brings_neither_its_history_nor_its_end() {
    for how in HOWS {
        let sandbox = merging(how);
        sandbox.agent("echo a >a.txt; tick");
        let other = sandbox.add(&["A", "--verify", "test -e a.txt"]);
        sandbox.chant(&["work", &other, "--no-merge"]).ok();
        sandbox.agent(&format!("git merge -q -s ours -m Merge chant/{other}; echo b >b.txt; tick"));
        let id = sandbox.add(&["B"]);
        let ran = sandbox.chant(&["work", &id]).ok();
        let said = ran.err.contains("the work merges commits that 'main' does not have");
        assert_eq!(said, ["merge", "ff"].contains(&how), "{how}: {}", ran.err);
        assert_eq!((sandbox.status(&id), sandbox.status(&other)), ("completed".into(), "finished".into()), "{how}");
        sandbox.chant(&["merge", &other]).ok();
        assert_eq!((sandbox.read("a.txt"), sandbox.read("b.txt")), ("a\n".into(), "b\n".into()), "{how}");
    }
}

/// Work of a person, with the worktree that it is done in.
fn by_hand(sandbox: &Sandbox) -> (String, String) {
    let id = sandbox.add(&["By hand"]);
    sandbox.commit("A spec");
    sandbox.chant(&["work", &id, "--agent", "manual"]).ok();
    let tree = worktree(sandbox, &id).display().to_string();
    (id, tree)
}

fn commit_in(sandbox: &Sandbox, tree: &str, path: &str) {
    sandbox.git(&["-C", tree, "commit", "-q", "--allow-empty", "-m", "Begin"]);
    std::fs::write(std::path::Path::new(tree).join(path), "mine\n").unwrap();
    sandbox.git(&["-C", tree, "add", path]);
    sandbox.git(&["-C", tree, "commit", "-qm", "Mine"]);
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn what_the_work_took_in_of_the_target_does_not_come_back_either() {
    for how in ["merge", "rebase"] {
        for (verb, finished) in [("merge", false), ("merge", true), ("rebase", false)] {
            let sandbox = merging(how);
            let (id, tree) = by_hand(&sandbox);
            commit_in(&sandbox, &tree, "work");
            commit(&sandbox, "secret", "secret\n");
            sandbox.git(&["-C", &tree, verb, "-q", "main"]);
            if finished {
                sandbox.chant(&["finish", &id, "--no-merge"]).ok();
            }
            sandbox.git(&["reset", "-q", "--hard", "HEAD~1"]);
            commit(&sandbox, "other", "other\n");
            let ran = sandbox.chant(&[if finished { "merge" } else { "finish" }, &id]).ok();
            let said = ran.err.contains("which the work took in; applying its changes on top of 'main'");
            assert_eq!(said, how == "merge", "{how}, {verb}: {}", ran.err);
            assert_eq!(sandbox.git(&["log", "--format=%s", "main", "--", "secret"]), "", "{how}, {verb}");
            assert!(sandbox.repo.join("work").exists() && !sandbox.repo.join("secret").exists(), "{how}, {verb}");
        }
    }
}

#[test]
fn work_that_the_target_had_for_a_while_is_still_its_own() {
    let sandbox = merging("merge");
    let (id, tree) = by_hand(&sandbox);
    commit_in(&sandbox, &tree, "one");
    sandbox.git(&["merge", "-q", "--ff-only", &format!("chant/{id}")]);
    sandbox.git(&["reset", "-q", "--hard", "HEAD~2"]);
    commit_in(&sandbox, &tree, "two");
    sandbox.chant(&["finish", &id]).ok();
    assert!(sandbox.repo.join("one").exists() && sandbox.repo.join("two").exists());
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn work_on_an_amended_target_is_moved_there_and_no_agent_is_asked() {
    let sandbox = merging("merge");
    let (id, tree) = by_hand(&sandbox);
    std::fs::write(std::path::Path::new(&tree).join("file"), "one\nwork\n").unwrap();
    sandbox.git(&["-C", &tree, "commit", "-qam", "Work"]);
    sandbox.chant(&["finish", &id, "--no-merge"]).ok();
    sandbox.write("file", "one\ntarget\n");
    sandbox.git(&["commit", "-q", "-a", "--amend", "-m", "Amended"]);
    super::agent::resolver(&sandbox, "echo ran >../ran");
    let said = ["it conflicts with 'main'", "'main' does not have", " rebase --onto main "];
    let ran = sandbox.chant(&["merge", &id, "--agent", "resolver"]).fails(1, &said);
    assert!(!sandbox.dir().join("ran").exists() && !ran.err.contains("Agent working"), "{}", ran.err);
    // By the printed command, with the conflict resolved by hand.
    let rebase = ran.err.lines().find_map(|line| line.split_once("its commits there: git ")).unwrap().1.to_owned();
    let args: Vec<&str> = rebase.split(' ').collect();
    assert_ne!(sandbox.try_git(&args).code, 0, "it conflicts");
    std::fs::write(std::path::Path::new(&tree).join("file"), "one\ntarget\nwork\n").unwrap();
    sandbox.git(&["-C", &tree, "add", "file"]);
    sandbox.git(&["-C", &tree, "-c", "core.editor=true", "rebase", "--continue"]);
    sandbox.chant(&["merge", &id]).ok();
    assert_eq!((sandbox.status(&id), sandbox.read("file")), ("completed".into(), "one\ntarget\nwork\n".into()));
    // A branch that was set back before its base is another matter.
    let (id, tree) = by_hand(&sandbox);
    sandbox.git(&["-C", &tree, "reset", "-q", "--hard", "HEAD~2"]);
    commit_in(&sandbox, &tree, "back");
    sandbox.chant(&["finish", &id]).fails(1, &["its branch no longer contains the base"]);
}

#[test]
fn a_branch_that_never_had_the_base_is_named_as_it_is() {
    let sandbox = merging("merge");
    sandbox.git(&["branch", "rel"]);
    commit(&sandbox, "file", "two\n");
    sandbox.agent("echo three >file; tick");
    let id = sandbox.add(&["Work"]);
    sandbox.chant(&["work", &id, "--no-merge"]).ok();
    let said = ["'rel' does not have", " rebase --onto rel ", "git chant reset 001-", " --onto rel (it is checked"];
    let ran = sandbox.chant(&["merge", &id, "--onto", "rel"]).fails(1, &said);
    assert!(!ran.err.contains("no longer") && ran.err.trim_end().ends_with(" --onto rel"), "{}", ran.err);
}

#[test]
fn documents_of_silent_mode_come_with_the_merge_and_not_before() {
    let sandbox = merging("merge");
    sandbox.chant(&["init", "--silent"]).ok();
    sandbox.agent(
        "mkdir -p .chant/research; printf '# X\\n\\nIt is the moon.\\n' >.chant/research/x.md; echo two >file; tick",
    );
    let targets = ["--target-file", "file", "--target-file", ".chant/research/x.md"];
    let id = sandbox.add(&[&["Two", "--verify", "! test -e other"], &targets[..]].concat());
    sandbox.chant(&["work", &id, "--no-merge"]).ok();
    let placed = || sandbox.repo.join(".chant/research/x.md").exists();
    commit(&sandbox, "other", "other\n");
    sandbox.chant(&["merge", &id]).fails(1, &["merged with 'main', '! test -e other' fails"]);
    assert!(!placed(), "its checks did not pass");
    sandbox.git(&["rm", "-q", "other"]);
    sandbox.git(&["commit", "-qm", "Not that"]);
    sandbox.write("file", "mine\n");
    sandbox.chant(&["merge", &id]).fails(1, &["in the way: file"]);
    assert!(!placed(), "the merge was refused");
    let shown = sandbox.chant(&["show", &id]).ok().out;
    assert!(!shown.contains("Merged:"), "{shown}");
    sandbox.git(&["checkout", "-q", "file"]);
    sandbox.chant(&["merge", &id]).ok();
    assert!(placed());
}
