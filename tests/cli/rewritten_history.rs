//! People rewrite history after the merge: what was completed stays completed, and what waits for it finds its code.

use super::support::Sandbox;

/// Two specs, the second waiting for the first, which is completed.
fn pair(sandbox: &Sandbox) -> String {
    sandbox.agent("echo $CHANT_SPEC_ID >>file; echo two >other; git add -A; git commit -qm Work; echo three >>other");
    let first = sandbox.add(&["First"]);
    let second = sandbox.add(&["Second", "--depends-on", &first]);
    sandbox.git(&["add", ".chant"]);
    sandbox.git(&["commit", "-qm", "Specs"]);
    sandbox.chant(&["work", &first]).ok();
    assert_eq!(sandbox.show(&second)["ready"], true);
    second
}

#[test]
fn a_merge_that_is_amended_still_carries_its_work() {
    let sandbox = Sandbox::new();
    let second = pair(&sandbox);
    sandbox.git(&["commit", "-q", "--amend", "-m", "Another message"]);
    assert_eq!(sandbox.show(&second)["blocked_by"], serde_json::json!([]));
    sandbox.chant(&["work", &second]).ok();
}

#[test]
fn work_that_is_rebased_is_found_by_its_patches() {
    let sandbox = Sandbox::new();
    let second = pair(&sandbox);
    sandbox.git(&["checkout", "-q", "-b", "side", "main~1"]);
    sandbox.write("aside", "aside\n");
    sandbox.git(&["add", "aside"]);
    sandbox.git(&["commit", "-qm", "Aside"]);
    sandbox.git(&["rebase", "-q", "side", "main"]);
    assert!(!sandbox.git(&["log", "--format=%s", "main"]).contains("Merge spec"), "the rebase has dropped the merge");
    assert_eq!(sandbox.show(&second)["blocked_by"], serde_json::json!([]));
    sandbox.chant(&["work", &second]).ok();
}

#[test]
fn work_that_a_person_took_out_is_not_in_the_base() {
    let sandbox = Sandbox::new();
    let second = pair(&sandbox);
    sandbox.git(&["reset", "-q", "--hard", "main~1"]);
    sandbox.chant(&["work", &second]).fails(1, &["is completed in main, but the base lacks its work"]);
}

#[test]
fn half_of_the_work_is_not_the_work() {
    let sandbox = Sandbox::new();
    let second = pair(&sandbox);
    let commits = sandbox.git(&["rev-list", "--no-merges", "--reverse", "main~1..main"]);
    assert!(commits.lines().count() > 1, "{commits}");
    sandbox.git(&["reset", "-q", "--hard", "main~1"]);
    // On something else, so that it is not the very commit again.
    sandbox.write("aside", "aside\n");
    sandbox.git(&["add", "aside"]);
    sandbox.git(&["commit", "-qm", "Aside"]);
    for commit in commits.lines() {
        sandbox.chant(&["work", &second]).fails(1, &["the base lacks its work"]);
        sandbox.git(&["cherry-pick", "--allow-empty", commit]);
    }
    assert_eq!(sandbox.show(&second)["blocked_by"], serde_json::json!([]));
}

#[test]
fn work_that_is_squashed_is_found_with_its_spec_and_without() {
    for without in [false, true] {
        let sandbox = Sandbox::new();
        let second = pair(&sandbox);
        let landed = sandbox.git(&["rev-parse", "HEAD"]);
        sandbox.git(&["reset", "-q", "--hard", "main~1"]);
        sandbox.write("aside", "aside\n");
        sandbox.git(&["add", "aside"]);
        sandbox.git(&["commit", "-qm", "Aside"]);
        sandbox.git(&["merge", "-q", "--squash", landed.trim()]);
        if without {
            sandbox.git(&["reset", "-q", "HEAD", "--", ".chant"]);
        }
        sandbox.write("besides", "and something else\n");
        sandbox.git(&["add", "besides"]);
        sandbox.git(&["commit", "-qm", "All of it (#7)"]);
        assert_eq!(sandbox.show(&second)["blocked_by"], serde_json::json!([]), "without: {without}");
        // Not after a revert: the base then holds no part of the work that was not undone.
        sandbox.git(&["reset", "-q", "--hard", "main~1"]);
        sandbox.chant(&["work", &second]).fails(1, &["the base lacks its work", "git chant edit"]);
    }
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_merge_that_a_person_drops_is_told_and_one_that_a_reset_leaves_too() {
    for how in ["merge", "ff"] {
        let (sandbox, id) = crate::agent_work::with_agent(crate::agent_work::GOOD);
        sandbox.git(&["config", "chant.merge", how]);
        let before = sandbox.git(&["rev-parse", "main"]);
        sandbox.chant(&["work", &id]).ok();
        let merge = sandbox.show(&id)["merge"]["new"].as_str().unwrap()[..12].to_owned();
        let dropped = format!("its merge {merge} is not in 'main' any more");
        let shown = || sandbox.chant(&["show", &id]).ok().out;
        let listed_dropped = || sandbox.chant(&["list", "--json"]).ok().json()["specs"][0]["dropped"].clone();
        assert!(!shown().contains("no longer in it"));
        let saved = sandbox.git(&["rev-parse", "main"]);
        sandbox.git(&["reset", "-q", "--hard", &before]);
        assert!(shown().contains("no longer in it"), "{}", shown());
        assert_eq!(sandbox.show(&id)["merge"]["dropped"], true);
        for _ in ["first", "by the cache"] {
            let listed = sandbox.chant(&["list"]).ok().out;
            assert!(listed.contains("completed (dropped)"), "{listed}");
            let ready = sandbox.chant(&["list", "--ready"]).ok();
            assert!(ready.err.contains("git chant status"), "{ready:?}");
        }
        assert_eq!(listed_dropped(), true);
        let status = sandbox.chant(&["status"]).ok().out;
        assert!(status.contains(&dropped) && status.contains("git chant reset"), "{status}");
        let found = sandbox.chant(&["fsck"]).ok().out;
        assert!(found.contains(&dropped), "{found}");
        let back = format!("git merge {merge}");
        sandbox.chant(&["merge", &id]).fails(1, &[&dropped, &back, "git chant reset"]);
        sandbox.git(&["reset", "-q", "--hard", &saved]);
        assert_eq!(sandbox.chant(&["fsck"]).ok().out, "");
        assert!(!sandbox.chant(&["status"]).ok().out.contains("any more"));
        assert!(!sandbox.chant(&["list"]).ok().out.contains("dropped"));
        assert_eq!(listed_dropped(), false);
        let ran = sandbox.chant(&["reset", &id]).ok();
        assert!(ran.err.contains(&format!("its merge {merge} stays in 'main'")), "{}", ran.err);
        let hint = ran.err.lines().find_map(|line| line.split_once("git revert ")).unwrap().1;
        let revert: Vec<&str> = ["revert", "--no-edit"].into_iter().chain(hint.split(' ')).collect();
        sandbox.git(&revert);
        assert_eq!(sandbox.read("file"), "one\n");
    }
}

#[test]
fn a_root_commit_that_is_amended_during_the_run_stays_as_it_is() {
    let (sandbox, id) = crate::agent_work::with_free_agent("");
    let root = sandbox.git(&["rev-list", "--max-parents=0", "main"]);
    assert_eq!(root, sandbox.git(&["rev-parse", "main"]), "there is nothing else");
    let amend = format!("git -C {} commit -q --amend --allow-empty -m Amended", sandbox.repo.display());
    sandbox.agent(&format!("{}; {amend}", crate::agent_work::GOOD));
    sandbox.chant(&["work", &id]).ok();
    assert_eq!(sandbox.read("file"), "two\n");
    let roots = sandbox.git(&["log", "--max-parents=0", "--format=%s", "main"]);
    assert_eq!(roots, "Amended", "what was there before does not come back");
}

#[test]
fn work_that_is_rebased_is_not_called_dropped() {
    let sandbox = Sandbox::new();
    pair(&sandbox);
    sandbox.git(&["checkout", "-q", "-b", "side", "main~1"]);
    sandbox.write("aside", "aside\n");
    sandbox.git(&["add", "aside"]);
    sandbox.git(&["commit", "-qm", "Aside"]);
    sandbox.git(&["rebase", "-q", "side", "main"]);
    for _ in ["first", "by the cache"] {
        let listed = sandbox.chant(&["list"]).ok().out;
        assert!(listed.contains("completed") && !listed.contains("dropped"), "{listed}");
    }
}

#[test]
fn what_another_clone_merged_is_not_dropped_before_a_pull() {
    let (sandbox, id) = crate::agent_work::with_agent(crate::agent_work::GOOD);
    sandbox.git(&["init", "-q", "--bare", "-b", "main", "../server.git"]);
    sandbox.git(&["remote", "add", "origin", "../server.git"]);
    sandbox.git(&["push", "-q", "-u", "origin", "main"]);
    sandbox.git(&["clone", "-q", "../server.git", "../other"]);
    let other = sandbox.dir().join("other");
    sandbox.chant(&["work", &id]).ok();
    sandbox.git(&["push", "-q", "origin", "main"]);
    sandbox.chant(&["sync"]).ok();
    let run = |args: &[&str]| sandbox.run(sandbox.command_in(&other, "git").args(args)).ok();
    run(&["chant", "init"]);
    run(&["fetch", "-q"]);
    let listed = run(&["chant", "list"]).out;
    assert!(listed.contains("completed") && !listed.contains("dropped"), "{listed}");
    assert!(!run(&["chant", "status"]).out.contains("any more"));
    run(&["pull", "-q"]);
    let listed = run(&["chant", "list"]).out;
    assert!(listed.contains("completed") && !listed.contains("dropped"), "{listed}");
}
