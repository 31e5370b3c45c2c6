//! Agents that break, leave or rewrite their worktree and branch: judged by what is there, with every commit kept.

use crate::agent_work::{GOOD, fails, is_reachable, kept, kept_file, with_free_agent, works_again, worktree};

#[test]
fn one_that_switches_branches_keeps_both() {
    let (sandbox, id) = with_free_agent(&format!("git checkout -qb other; {GOOD}; git add -A; git commit -qm Other"));
    fails(&sandbox, &id, &["its worktree is on 'other', not on 'chant/"]);
    let other = sandbox.git(&["rev-parse", "other"]);
    works_again(&sandbox, &id);
    assert_eq!(sandbox.git(&["rev-parse", "other"]), other);
}

#[test]
fn one_that_detaches_keeps_its_commits() {
    let (sandbox, id) =
        with_free_agent(&format!("git checkout -q --detach; {GOOD}; git add -A; git commit -qm Other; echo x >new"));
    fails(&sandbox, &id, &["its worktree is on no branch"]);
    let tree = worktree(&sandbox, &id);
    let head = sandbox.git_in(&tree, &["rev-parse", "HEAD"]);
    works_again(&sandbox, &id);
    assert!(is_reachable(&sandbox, &head));
    assert_eq!(kept_file(&sandbox, &id, "new"), "x\n");
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn one_that_rewrites_its_branch_cannot_drop_where_it_started() {
    let cases = [
        "git checkout -q --orphan new; git add -A; git commit -qm Orphan; git branch -f chant/$CHANT_SPEC_ID; git checkout -q chant/$CHANT_SPEC_ID",
        "git commit -qm More --allow-empty; git update-ref refs/heads/chant/$CHANT_SPEC_ID $(git commit-tree -m Rootless HEAD^{tree})",
    ];
    for script in cases {
        let (sandbox, id) = with_free_agent(&format!("{GOOD}; {script}"));
        fails(&sandbox, &id, &["its branch no longer contains the base"]);
        works_again(&sandbox, &id);
    }
}

#[test]
fn one_that_amends_the_commit_of_its_spec_is_fine() {
    let (sandbox, id) = with_free_agent(&format!("{GOOD}; git add -A; git commit -q --amend -m 'All in one'"));
    sandbox.chant(&["work", &id]).ok();
    assert_eq!(sandbox.read("file"), "two\n");
    assert_eq!(sandbox.git(&["log", "--format=%s", "main~1..main^2"]), "All in one");
}

#[test]
fn one_that_resets_to_its_base_loses_its_spec_and_fails() {
    let script = "echo two >file; git commit -qam Done; git rev-parse HEAD >../done; git reset -q --hard $CHANT_BASE; echo x >new";
    let (sandbox, id) = with_free_agent(script);
    fails(&sandbox, &id, &["the spec file", "is missing"]);
    works_again(&sandbox, &id);
    let done = std::fs::read_to_string(sandbox.dir().join("done")).unwrap();
    assert!(is_reachable(&sandbox, done.trim()), "what it had done before the reset");
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn one_that_removes_its_worktree_keeps_its_commits() {
    let script = format!("{GOOD}; git add -A; git commit -qm Done; cd /; ");
    for end in ["rm -rf $CHANT_WORKTREE", "git -C $CHANT_WORKTREE worktree remove --force $CHANT_WORKTREE"] {
        let (sandbox, id) = with_free_agent(&format!("{script}{end}"));
        fails(&sandbox, &id, &["its worktree is missing"]);
        let tip = sandbox.git(&["rev-parse", &format!("chant/{id}")]);
        assert!(kept(&sandbox, &id).contains(&tip), "{end}");
        works_again(&sandbox, &id);
        assert!(is_reachable(&sandbox, &tip));
    }
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn one_that_breaks_the_link_of_its_worktree_is_judged_by_what_is_in_it() {
    for damage in
        ["rm .git", "echo 'gitdir: /nowhere' >.git", "git init -q ../fake; echo \"gitdir: $PWD/../fake/.git\" >.git"]
    {
        let (sandbox, id) = with_free_agent(&format!("{GOOD}; {damage}"));
        let ran = sandbox.chant(&["work", &id]).ok();
        assert!(ran.err.contains("repaired the damaged worktree"), "{}", ran.err);
        assert_eq!(sandbox.read("file"), "two\n");
        assert!(!worktree(&sandbox, &id).exists());
    }
}

#[test]
fn one_that_puts_a_repository_of_its_own_in_place_of_its_worktree_loses_none_of_them() {
    let (sandbox, id) = with_free_agent(&format!("{GOOD}; rm .git; git init -q; git add -A; git commit -qm Mine"));
    fails(&sandbox, &id, &["cannot check it: the worktree", "is damaged"]);
    let tree = worktree(&sandbox, &id);
    sandbox.agent(GOOD);
    sandbox.chant(&["work", &id]).fails(128, &["is damaged"]);
    assert_eq!(sandbox.git_in(&tree, &["log", "-1", "--format=%s"]), "Mine");
    std::fs::rename(&tree, sandbox.dir().join("moved")).unwrap();
    works_again(&sandbox, &id);
}

#[test]
fn one_that_removes_its_branch_keeps_its_files() {
    let script = "git add -A; git commit -qm Done; git rev-parse HEAD >../done; echo x >new; git update-ref -d refs/heads/$CHANT_BRANCH";
    let (sandbox, id) = with_free_agent(&format!("{GOOD}; {script}"));
    fails(&sandbox, &id, &["its branch is missing"]);
    works_again(&sandbox, &id);
    let done = std::fs::read_to_string(sandbox.dir().join("done")).unwrap();
    assert!(is_reachable(&sandbox, done.trim()), "what was on the branch before it was deleted");
    assert_eq!(kept_file(&sandbox, &id, "new"), "x\n");
}

#[test]
fn one_that_checks_its_branch_out_elsewhere_leaves_that_place_alone() {
    let (sandbox, id) = with_free_agent("");
    let there = sandbox.dir().join("there");
    sandbox.agent(&format!(
        "{GOOD}; git add -A; git commit -qm Done; git checkout -q --detach; git worktree add -q {} chant/$CHANT_SPEC_ID",
        there.display()
    ));
    let ran = sandbox.chant(&["work", &id]);
    assert_eq!(ran.code, 1, "{}{}", ran.out, ran.err);
    assert_eq!(sandbox.status(&id), "failed");
    sandbox.agent(GOOD);
    std::fs::write(there.join("mine"), "mine").unwrap();
    sandbox.chant(&["work", &id]).fails(1, &["is checked out in", "switch to another branch there first"]);
    assert_eq!(sandbox.status(&id), "failed");
    sandbox.git_in(&there, &["checkout", "-q", "--detach"]);
    works_again(&sandbox, &id);
    assert_eq!(std::fs::read_to_string(there.join("mine")).unwrap(), "mine");
}

#[test]
fn a_repository_inside_its_worktree_is_named_and_never_thrown_away() {
    let nested = "git init -q nested; echo x >nested/new; git -C nested add new; git -C nested commit -qm Inner";
    let (sandbox, id) = with_free_agent(&format!("{GOOD}; {nested}"));
    fails(&sandbox, &id, &["it left git repositories in its worktree: nested"]);
    sandbox.agent(GOOD);
    sandbox.chant(&["work", &id]).fails(1, &["holds git repositories: nested", "move them away"]);
    assert!(worktree(&sandbox, &id).join("nested/new").is_file());
    std::fs::rename(worktree(&sandbox, &id).join("nested"), sandbox.dir().join("nested")).unwrap();
    works_again(&sandbox, &id);
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_merge_or_rebase_under_way_is_named_and_kept() {
    let conflict = "echo a >file; git commit -qam A; git checkout -q -b side HEAD~1; echo b >file; git commit -qam B; git checkout -q chant/$CHANT_SPEC_ID";
    for (end, said) in [
        ("git merge -q side", "merge"),
        ("git rebase -q side", "is still being rebased in its worktree"),
        ("git cherry-pick side", "cherry-pick"),
    ] {
        let (sandbox, id) = with_free_agent(&format!("{conflict}; {end}; tick; exit 0"));
        let ran = sandbox.chant(&["work", &id]);
        assert_eq!(ran.code, 1, "{end}: {}{}", ran.out, ran.err);
        assert_eq!(sandbox.status(&id), "failed");
        let log = sandbox.chant(&["log", &id]).ok().out;
        assert!(log.contains(said), "{end}: {log}");
        works_again(&sandbox, &id);
        assert!(kept_file(&sandbox, &id, "file").contains("<<<<<<<"), "{end}");
    }
}

#[test]
fn a_stale_index_lock_in_its_worktree_is_named_and_stops_nothing_else() {
    let (sandbox, id) = with_free_agent(&format!("{GOOD}; : >$(git rev-parse --git-dir)/index.lock"));
    fails(&sandbox, &id, &["index.lock"]);
    assert_eq!(kept_file(&sandbox, &id, "file"), "two\n");
    works_again(&sandbox, &id);
}
