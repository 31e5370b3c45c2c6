//! Work that a person did without an attempt: it is judged as the work of an agent is.

use crate::support::Sandbox;

const RUN: &str = "python3 -B -m unittest -q";
const DOCUMENT: &str = "# Why it is slow\n\nEvery key is looked up twice, once to see whether it is there and once to read it. The profile of the nightly run shows 61 percent of the time in `lookup`.\n\n## Recommendation\n\nRead it once and keep the result for the rest of the call.\n";

fn tick(sandbox: &Sandbox, id: &str) {
    let path = format!(".chant/specs/{id}.md");
    sandbox.write(&path, &sandbox.read(&path).replace("[ ]", "[x]"));
}

#[test]
fn work_has_to_be_named() {
    let sandbox = Sandbox::new();
    let id = sandbox.add(&["By hand"]);
    let ran = sandbox.chant(&["finish", &id]);
    let ran = ran.fails(1, &["no commit is named as its work", "finish", "--commit <revision>", "--allow-empty"]);
    assert_eq!(sandbox.ops(&id), ["add"], "{}", ran.err);
    sandbox.git(&["add", "."]);
    sandbox.git(&["commit", "-qm", "The spec alone"]);
    sandbox.chant(&["finish", &id, "--commit", "HEAD"]).fails(1, &["its commits change nothing"]);
    sandbox.git(&["commit", "-q", "--allow-empty", "-m", "Nothing"]);
    sandbox.chant(&["finish", &id, "--commit", "HEAD"]).fails(1, &["its commits change nothing"]);
    sandbox.chant(&["finish", &id, "--allow-empty"]).ok();
    assert_eq!(sandbox.status(&id), "completed");
}

#[test]
fn a_tick_is_the_result_where_no_change_is_asked_for() {
    let sandbox = Sandbox::new();
    sandbox.write("body.md", "## Acceptance Criteria\n\n- [ ] the customer was told\n");
    let id = sandbox.add(&["Tell them", "--type", "task", "--body-file", "body.md"]);
    sandbox.chant(&["finish", &id]).fails(1, &["no commit is named"]);
    tick(&sandbox, &id);
    sandbox.chant(&["finish", &id]).ok();
    assert_eq!(sandbox.status(&id), "completed");
}

#[test]
fn what_the_commits_change_has_to_lie_in_the_target_files() {
    let sandbox = Sandbox::new();
    let id = sandbox.add(&["In its place", "--target-file", "src/a"]);
    sandbox.write("src/a", "one\n");
    let first = sandbox.commit("The work");
    sandbox.write("elsewhere", "one\n");
    let between = sandbox.commit("Of another matter");
    sandbox.write("src/a", "two\n");
    let last = sandbox.commit("More of the work");
    let ran = sandbox.chant(&["finish", &id, "--commit", &last, "--commit", &between]);
    ran.fails(1, &["outside target_files: elsewhere"]);
    sandbox.chant(&["finish", &id, "--commit", &last, "--commit", &first]).ok();
    assert_eq!(sandbox.status(&id), "completed");
    for (commit, is_work) in [(&first, true), (&between, false), (&last, true)] {
        let noted = sandbox.try_git(&["notes", "--ref=chant", "show", commit]).out.contains(&id);
        assert_eq!(noted, is_work, "{commit}");
    }
}

#[test]
fn documents_are_read() {
    let sandbox = Sandbox::new();
    let path = ".chant/research/slow.md";
    let id = sandbox.add(&["Why is it slow?", "--type", "research", "--target-file", path]);
    sandbox.write("file", "two\n");
    sandbox.commit("No document");
    sandbox.chant(&["finish", &id, "--commit", "HEAD"]).fails(1, &[path, "it is missing or empty"]);
    sandbox.write(path, "# Why is it slow?\n\nTODO\n");
    sandbox.commit("A placeholder");
    sandbox.chant(&["finish", &id, "--commit", "HEAD"]).fails(1, &[path]);
    sandbox.write(path, DOCUMENT);
    sandbox.commit("A document");
    sandbox.chant(&["finish", &id, "--commit", "HEAD"]).ok();
    assert_eq!(sandbox.status(&id), "completed");
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_fix_is_proved_and_a_branch_is_merged() {
    let sandbox = Sandbox::new();
    sandbox.write("calc.py", "def add(a, b):\n    return a - b\n");
    sandbox.write(".gitignore", "__pycache__/\n");
    sandbox.commit("A calculator");
    let id = sandbox.add(&["Fix", "--reproduces", RUN]);
    sandbox.git(&["switch", "-qc", "mine"]);
    let test = |body: &str| {
        format!("import unittest, calc\nclass T(unittest.TestCase):\n    def test_sum(self):\n        {body}\n")
    };
    sandbox.write("test_sum.py", &test("self.assertTrue(calc.add(2, 3) is not None)"));
    sandbox.commit("A test that proves nothing");
    sandbox.write("calc.py", "def add(a, b):\n    return a + b\n");
    sandbox.commit("A fix");
    sandbox.git(&["switch", "-q", "main"]);
    sandbox.chant(&["finish", &id, "--commit", "mine"]).fails(1, &["reproduces", "passes"]);
    assert_eq!(sandbox.ops(&id), ["add"]);
    sandbox.git(&["switch", "-q", "mine"]);
    sandbox.write("test_sum.py", &test("self.assertEqual(calc.add(2, 3), 5)"));
    sandbox.commit("A test");
    sandbox.git(&["switch", "-q", "main"]);
    sandbox.chant(&["finish", &id, "--commit", "mine"]).ok();
    assert_eq!(sandbox.status(&id), "completed");
    assert!(sandbox.read("calc.py").contains("a + b"));
    assert_eq!(sandbox.show(&id)["work_commits"].as_array().unwrap().len(), 3);
    assert_eq!(sandbox.show(&id)["verified"], "proof");
    sandbox.chant(&["fsck"]).ok();
}

#[test]
fn commits_of_two_branches_are_not_one_work() {
    let sandbox = Sandbox::new();
    let id = sandbox.add(&["Twice"]);
    for branch in ["one", "two"] {
        sandbox.git(&["switch", "-qc", branch, "main"]);
        sandbox.write(branch, "x\n");
        sandbox.git(&["add", branch]);
        sandbox.git(&["commit", "-qm", branch]);
    }
    let ran = sandbox.chant(&["finish", &id, "--commit", "one", "--commit", "two"]);
    ran.fails(129, &["none of the commits that are named holds the others"]);
}

#[test]
fn its_inputs_are_pinned_where_the_work_began() {
    let sandbox = Sandbox::new();
    sandbox.write("notes.md", "# Notes\n\nAs they were.\n");
    sandbox.commit("Notes");
    let id = sandbox.add(&["By hand", "--informed-by", "notes.md", "--informed-by", "file"]);
    let noted = sandbox.git(&["rev-parse", "HEAD:notes.md"]);
    sandbox.write("done", "x\n");
    sandbox.commit("Done");
    sandbox.write("notes.md", "# Notes\n\nAs they are.\n");
    sandbox.commit("More notes");
    sandbox.chant(&["finish", &id, "--commit", "HEAD~1"]).ok();
    let links = sandbox.show(&id)["links"].clone();
    assert_eq!((&links[0]["what"], &links[0]["pinned"]), (&"notes.md".into(), &noted.as_str().into()), "{links}");
    assert_eq!(links[1]["what"], "file", "{links}");
    let drift = sandbox.chant(&["drift", &id]).ok().fails(0, &["notes.md"]);
    assert!(!drift.out.contains("file"), "{}", drift.out);
}

#[test]
fn what_waits_for_its_merge_can_be_finished_again() {
    let sandbox = Sandbox::new();
    let id = sandbox.add(&["By hand", "--verify", "test ! -e broken"]);
    sandbox.git(&["switch", "-qc", "mine"]);
    sandbox.write("done", "x\n");
    sandbox.git(&["add", "done"]);
    sandbox.git(&["commit", "-qm", "Done"]);
    sandbox.git(&["switch", "-q", "main"]);
    sandbox.write("done", "in the way\n");
    for again in [&["finish", &id, "--commit", "mine"][..], &["finish", &id], &["finish", &id, "--commit", "mine"]] {
        sandbox.chant(again).fails(1, &["is finished and not merged", "done"]);
        assert_eq!(sandbox.status(&id), "finished");
    }
    let ops = sandbox.ops(&id);
    sandbox.chant(&["finish", &id, "--commit", "main"]).fails(129, &["has an attempt", "git chant reset"]);
    assert_eq!(sandbox.ops(&id), ops);
    std::fs::remove_file(sandbox.repo.join("done")).unwrap();
    sandbox.chant(&["finish", &id]).ok();
    assert_eq!((sandbox.status(&id).as_str(), sandbox.read("done").as_str()), ("completed", "x\n"));
    assert_eq!(sandbox.chant(&["fsck"]).ok().out, "");
}

#[test]
fn what_is_cancelled_names_the_commit_that_keeps_the_work() {
    let sandbox = Sandbox::new();
    for (change, kept) in [(false, false), (true, true)] {
        let id = sandbox.add(&["By hand"]);
        let tree = sandbox.chant(&["work", &id, "--agent", "manual"]).ok().out.trim().to_owned();
        if change {
            std::fs::write(std::path::Path::new(&tree).join("file"), "two\n").unwrap();
        }
        let said = sandbox.chant(&["cancel", &id]).ok().err;
        let named = said.lines().find_map(|line| line.split_once("which is kept: git show ")).map(|(_, commit)| commit);
        assert_eq!(named.is_some(), kept, "{said}");
        if let Some(commit) = named {
            assert_eq!(sandbox.git(&["show", &format!("{commit}:file")]), "two");
        }
    }
}

#[test]
fn a_worktree_that_a_person_removed_is_told_with_the_way_out() {
    let sandbox = Sandbox::new();
    sandbox.agent("true");
    let id = sandbox.add(&["By hand"]);
    let tree = sandbox.chant(&["work", &id, "--agent", "manual"]).ok().out.trim().to_owned();
    std::fs::remove_dir_all(&tree).unwrap();
    let status = sandbox.chant(&["status"]).ok().out;
    assert!(status.contains("by hand, but its worktree is missing"), "{status}");
    let hints = ["its worktree is missing", "git worktree repair", "git chant release"];
    sandbox.chant(&["work", &id]).fails(1, &hints);
    sandbox.chant(&["release", &id]).ok();
    sandbox.chant(&["work", &id, "--agent", "manual"]).ok();
    assert!(std::path::Path::new(&tree).is_dir());
    // Another agent is configured, so that starting over by hand has to name it.
    std::fs::remove_dir_all(&tree).unwrap();
    sandbox.chant(&["finish", &id]).fails(1, &[&format!("git chant work {} --agent manual", &id[11..])]);
}

#[test]
fn the_work_of_another_spec_is_not_taken_for_this_one() {
    for silent in [false, true] {
        let sandbox = Sandbox::new();
        if silent {
            sandbox.chant(&["init", "--silent"]).ok();
        }
        sandbox.agent("echo two >file; git commit -qam Two; tick");
        let (first, second) = (sandbox.add(&["Say two"]), sandbox.add(&["Say three"]));
        sandbox.chant(&["work", &first]).ok();
        let short = &first[11..];
        for commit in
            ["HEAD", "HEAD~1", "HEAD^2"].iter().take(if silent { 1 } else { 3 }).filter(|one| **one != "HEAD~1")
        {
            let why = format!("is the work of '{short}'");
            sandbox.chant(&["finish", &second, "--commit", commit]).fails(1, &[&why, "--allow-empty"]);
            assert_eq!(sandbox.status(&second), "pending");
        }
        // Nor once that is archived.
        let work = sandbox.git(&["rev-parse", "HEAD"]);
        sandbox.chant(&["archive", &first]).ok();
        let why = format!("is the work of '{short}'");
        sandbox.chant(&["finish", &second, "--commit", &work]).fails(1, &[&why, "--allow-empty"]);
        assert_eq!(sandbox.status(&second), "pending");
        // One commit of a person may do what two specs ask for.
        sandbox.write("file", "three\n");
        sandbox.git(&["commit", "-qam", "Three"]);
        let third = sandbox.add(&["Say it again"]);
        sandbox.chant(&["finish", &second, "--commit", "HEAD"]).ok();
        sandbox.chant(&["finish", &third, "--commit", "HEAD"]).ok();
    }
}
