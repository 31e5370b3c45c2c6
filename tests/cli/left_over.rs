//! What an agent leaves uncommitted: committed as `git add -A && git commit` would, and where git or a hook refuses, why.

use std::{fs, os::unix::fs::PermissionsExt as _};

use crate::support::{Sandbox, cases::few_or_many, tools::need};

/// A repository with a few files and an agent; the spec of the title "Work" is committed.
fn with_agent(script: &str, args: &[&str]) -> (Sandbox, String) {
    let sandbox = Sandbox::new();
    sandbox.write("renamed", "a\n");
    sandbox.write("removed", "b\n");
    sandbox.write("dir/one", "c\n");
    sandbox.write("mode", "d\n");
    sandbox.commit("Files");
    sandbox.agent(script);
    let id = sandbox.add(&[&["Work"], args].concat());
    sandbox.commit("Spec");
    (sandbox, id)
}

/// The paths that the work changed, with git's letters.
fn changed(sandbox: &Sandbox) -> String {
    sandbox.git(&["diff", "--name-status", "--no-renames", "main^1", "main", "--", ":!.chant"]).replace('\t', " ")
}

#[test]
fn every_state_of_an_index_is_committed() {
    let (sandbox, id) = with_agent(
        "git rm -q removed; git mv renamed moved; git update-index --chmod=+x mode; \
         echo x >gone; git add gone; rm gone; echo x >meant; git add -N meant; \
         rm -r dir; echo x >dir; rm file; mkdir file; echo x >file/inside; echo x >'*'",
        &[],
    );
    sandbox.git(&["config", "core.fileMode", "false"]);
    sandbox.chant(&["work", &id]).ok();
    let expected = [
        "A *",
        "A dir",
        "D dir/one",
        "D file",
        "A file/inside",
        "A meant",
        "M mode",
        "A moved",
        "D removed",
        "D renamed",
    ];
    assert_eq!(changed(&sandbox).lines().collect::<Vec<_>>(), expected);
    assert!(sandbox.git(&["ls-tree", "main", "mode"]).starts_with("100755"));
    assert_eq!(sandbox.git(&["status", "--porcelain"]), "");
}

#[test]
fn what_was_staged_and_taken_back_is_no_change_outside_the_target_files() {
    let script = "echo x >gone; git add gone; rm gone; echo y >>mode; git add mode; git checkout -q HEAD -- mode; echo two >file";
    let (sandbox, id) = with_agent(script, &["--target-file", "file"]);
    sandbox.chant(&["work", &id]).ok();
    assert_eq!(changed(&sandbox), "M file");
    sandbox.agent("echo x >gone; git add gone; echo three >file");
    let id = sandbox.add(&["Work", "--target-file", "file"]);
    sandbox.chant(&["work", &id]).fails(1, &["it left uncommitted changes outside target_files: gone"]);
}

#[test]
fn a_sparse_checkout_takes_what_lies_outside_of_it() {
    let (sandbox, id) = with_agent("mkdir -p dir; echo x >dir/two; echo two >file", &[]);
    sandbox.write("kept/one", "x");
    sandbox.commit("More");
    sandbox.git(&["sparse-checkout", "set", ".chant", "kept"]);
    sandbox.chant(&["work", &id]).ok();
    assert_eq!(changed(&sandbox), "A dir/two\nM file");
    assert_eq!(sandbox.git(&["ls-tree", "-r", "--name-only", "main", "dir"]), "dir/one\ndir/two");
}

#[test]
fn what_an_agent_needs_is_there_though_the_cone_leaves_it_out() {
    let sandbox = Sandbox::new();
    sandbox.write("kept/one", "x");
    sandbox.write("docs/a.md", "input");
    sandbox.commit("More");
    sandbox.agent("cat docs/a.md >kept/two; test ! -e dir/one; tick");
    let id = sandbox.add(&["Work", "--informed-by", "docs/a.md"]);
    for kind in ["--sparse-index", "--no-sparse-index"] {
        sandbox.git(&["sparse-checkout", "set", "--cone", kind, "kept"]);
        sandbox.chant(&["reset", &id]);
        sandbox.chant(&["work", &id]).ok();
        assert_eq!(sandbox.git(&["show", "main:kept/two"]), "input", "{kind}");
        assert_eq!(sandbox.git(&["status", "--porcelain"]), "", "{kind}");
        sandbox.git(&["rm", "-q", "kept/two"]);
        sandbox.commit("Take it back");
    }
}

#[test]
fn a_split_index_is_no_obstacle_to_checks() {
    let (sandbox, _) = with_agent("echo two >file", &[]);
    sandbox.git(&["config", "core.splitIndex", "true"]);
    sandbox.git(&["update-index", "--split-index"]);
    for file in ["three", "four"] {
        sandbox.agent(&format!("echo x >{file}; tick"));
        let id = sandbox.add(&["Work", "--verify", &format!("test -e {file}")]);
        sandbox.chant(&["work", &id, "--trust"]).ok();
        assert_eq!(sandbox.status(&id), "completed");
    }
}

#[test]
fn thousands_of_files_are_one_commit() {
    let count = few_or_many(3000, 30_000);
    let (sandbox, id) =
        with_agent(&format!("mkdir many; cd many; seq 1 {count} | xargs touch"), &["--target-file", "many/"]);
    sandbox.chant(&["work", &id]).ok();
    assert_eq!(sandbox.git(&["ls-tree", "-r", "--name-only", "main", "many"]).lines().count(), count);
    // To write the patch of so many would take longer than to commit them.
    let events =
        sandbox.git(&["log", "--format=%(trailers:key=Chant-Patch-Id,valueonly)", &format!("chant/specs/{id}")]);
    assert_eq!(events.split_whitespace().collect::<Vec<_>>(), ["-"]);
}

#[test]
fn thousands_of_files_are_found_where_a_forge_squashed_them() {
    let (sandbox, id) = with_agent("mkdir many; cd many; seq 1 2500 | xargs touch; echo x >1", &[]);
    sandbox.chant(&["work", &id, "--no-merge"]).ok();
    sandbox.git(&["merge", "-q", "--squash", &format!("chant/{id}")]);
    sandbox.commit("Squashed");
    sandbox.write("many/1", "y");
    sandbox.commit("Edited");
    assert_eq!(sandbox.status(&id), "completed");
}

#[test]
fn the_whole_output_of_a_hook_that_refuses_reaches_the_person_and_the_record() {
    let (sandbox, id) = with_agent("echo two >file", &[]);
    let (hook, allowed) = (sandbox.repo.join(".git/hooks/pre-commit"), sandbox.dir().join("allowed"));
    let says = "echo 'blanks....Passed'; echo 'lint....Failed' >&2; echo 'file:1: the reason'; exit 1";
    fs::create_dir_all(hook.parent().unwrap()).unwrap();
    fs::write(&hook, format!("#!/bin/sh\ntest -e {} && exit\n{says}\n", allowed.display())).unwrap();
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
    let lines =
        ["'git commit': exit code 1: blanks....Passed", "blanks....Passed", "lint....Failed", "file:1: the reason"];
    sandbox.chant(&["work", &id]).fails(1, &lines);
    sandbox.chant(&["show", &id]).fails(0, &lines);
    fs::write(&allowed, "").unwrap();
    sandbox.chant(&["finish", &id]).ok();
    assert_eq!(sandbox.status(&id), "completed");
}

#[test]
fn a_filter_that_refuses_is_told_in_its_words() {
    let (sandbox, id) = with_agent("echo three >file", &[]);
    sandbox.write(".gitattributes", "file filter=broken\n");
    sandbox.commit("Attributes");
    sandbox.git(&["config", "filter.broken.clean", "echo 'no key for this store' >&2; exit 1"]);
    sandbox.git(&["config", "filter.broken.smudge", "cat"]);
    sandbox.git(&["config", "filter.broken.required", "true"]);
    let lines = ["'git add': exit code 128", "no key for this store", "fatal: file: clean filter 'broken' failed"];
    sandbox.chant(&["work", &id]).fails(1, &lines);
    sandbox.chant(&["show", &id]).fails(0, &lines);
}

#[test]
fn a_merge_that_is_resolved_and_not_committed_is_committed() {
    let conflict = "echo a >file; git commit -qam A; git checkout -q -b side$$ HEAD~1; echo b >file; git commit -qam B; \
                    git checkout -q $CHANT_BRANCH; git merge -q side$$; ";
    // No other branch has what it merged.
    let (sandbox, id) = with_agent(&format!("{conflict} echo both >file; git branch -q -D side$$"), &[]);
    sandbox.chant(&["work", &id]).ok();
    assert_eq!(sandbox.git(&["show", "main:file"]), "both");
    assert_eq!(sandbox.git(&["rev-list", "--count", "--merges", "main"]), "2");
    sandbox.agent(&format!("{conflict} exit 0"));
    let id = sandbox.add(&["Work"]);
    sandbox.chant(&["work", &id]).fails(1, &["it left a merge with conflicts: file"]);
}

#[test]
fn a_person_sees_all_that_a_hook_said_however_long_it_is() {
    let sandbox = Sandbox::new();
    sandbox.agent("echo two >file");
    let id = sandbox.add(&["Say two"]);
    sandbox.commit("Spec");
    let hook = |lines: u32| {
        let hook = sandbox.repo.join(".git/hooks/pre-commit");
        fs::write(&hook, format!("#!/bin/sh\nseq {lines} | sed 's/^/said at /'\nexit 1\n")).unwrap();
        fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
    };
    hook(150);
    let ran = sandbox.chant(&["work", &id]).fails(1, &["said at 1\n", "said at 75\n", "said at 150\n"]);
    assert!(!ran.err.contains("--checks"), "{}", ran.err);
    let shown = sandbox.chant(&["show", &id]).ok().out;
    assert!(shown.contains("said at 75\n"), "{shown}");
    // Of thousands of lines the end is shown, and where all of it is.
    hook(3000);
    let ran = sandbox.chant(&["work", &id, "--fresh"]).fails(1, &["said at 2900\n", "git chant log", "--checks"]);
    assert!(!ran.err.contains("said at 75\n"), "{}", ran.err);
    let whole = sandbox.chant(&["log", &id, "--checks"]).ok().out;
    assert!(whole.starts_with("$ git commit\nsaid at 1\n") && whole.contains("said at 3000\n"), "{whole}");
}

#[test]
fn changes_that_the_index_hides_are_kept_and_told() {
    for (hide, confined) in [("--assume-unchanged", false), ("--skip-worktree", false), ("--skip-worktree", true)] {
        if confined && !need("bwrap") {
            return;
        }
        let sandbox = Sandbox::new();
        let sandbox = if confined { sandbox.confined() } else { sandbox };
        sandbox.agent(&format!("echo it >new; git update-index {hide} file; echo hidden >file"));
        let id = sandbox.add(&["Another file"]);
        let ran = sandbox.chant(&["work", &id]).ok();
        assert_eq!(sandbox.status(&id), "completed");
        let (_, command) = ran.err.split_once("the index hid changes").unwrap_or_else(|| panic!("{ran:?}"));
        let (names, kept) = command.split_once("; to see them: git show ").unwrap();
        assert!(names.ends_with(": file"), "{names}");
        let kept = kept.lines().next().unwrap();
        assert_eq!(sandbox.git(&["show", &format!("{kept}:file")]), "hidden");
        assert_eq!(sandbox.read("file"), "one\n");
        let refs = sandbox.git(&["for-each-ref", "--contains", kept]);
        assert!(refs.contains("refs/chant-local/attempts/"), "{refs}");
    }
}
