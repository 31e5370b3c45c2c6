//! What a work branch may bring into its target: its own commits, checked as they arrive there, and nothing else.

use super::{HOWS, commit, merging, subjects};
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
                ran.err.contains("'main' no longer has") && ran.err.contains("on top of 'main' without a merge");
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
            sandbox.chant(&["merge", &id]).fails(1, &["it conflicts with 'main'", "list", "'main' no longer has"]);
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
fn the_merge_is_checked_by_default_before_the_target_moves() {
    let sandbox = merging("merge");
    sandbox.agent("echo two >file; tick; printf '\\n## Release Notes\\n\\nFixed.\\n' >>$CHANT_SPEC_FILE");
    // What holds of each alone does not hold of both.
    let both = "! test -e other || ! grep -q two file";
    let add = |option: &str| sandbox.add(&["Two", option, both]);
    let red = |id: &str| {
        let main = sandbox.git(&["rev-parse", "main"]);
        sandbox.chant(&["merge", id]).fails(1, &["merged with 'main'", "exit code 1"]);
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
    for id in [&verified, &fix] {
        sandbox.chant(&["merge", id]).ok();
    }
}

#[test]
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
    let document = ["--target-file", ".chant/research/x.md", "--verify", "grep -q moon .chant/research/x.md"];
    let id = sandbox.add(&[&["Two", "--target-file", "file"], &document[..]].concat());
    moved(&sandbox, &id);
    sandbox.chant(&["verify", "--all", "--at", "HEAD"]).ok();
}
