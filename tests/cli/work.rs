//! A spec's whole life.

use crate::support::Sandbox;

#[test]
fn events_have_the_time_at_which_they_happened() {
    let sandbox = Sandbox::new();
    // An attempt of two hours finishes two hours after its start.
    sandbox.agent("begun=$(date +%s); until [ \"$(date +%s)\" -gt \"$begun\" ]; do :; done; echo two >file; tick");
    let id = sandbox.add(&["Make it two", "--target-file", "file"]);
    sandbox.chant(&["work", &id]).ok();
    let chain = format!("chant/specs/{id}");
    let times = |format: &str, of: &[&str]| -> Vec<u64> {
        let listed = sandbox.git(&[&["log", "--reverse", "--first-parent", format], of].concat());
        listed.lines().map(|time| time.parse().unwrap()).collect()
    };
    for format in ["--format=%at", "--format=%ct"] {
        let events = times(format, &[&chain]);
        assert_eq!(events.len(), 5, "{events:?}");
        assert!(events.is_sorted() && events[2] > events[1], "{events:?}");
    }
    let logged = sandbox.git(&["reflog", "show", "--date=unix", "--format=%gd", &chain]);
    let logged: Vec<u64> =
        logged.lines().rev().map(|line| line.split(['{', '}']).nth(1).unwrap().parse().unwrap()).collect();
    assert!(logged.is_sorted() && logged[2] > logged[1], "{logged:?}");
}

#[test]
fn a_spec_is_added_worked_merged_and_remembered() {
    let sandbox = Sandbox::new();
    sandbox.agent("echo two >file; tick");
    sandbox.write("body.md", "## Acceptance Criteria\n\n- [ ] file says two\n");
    let id = sandbox.add(&[
        "Make it two",
        "--body-file",
        "body.md",
        "--target-file",
        "file",
        "--verify",
        "grep -q two file",
    ]);
    assert_eq!(sandbox.status(&id), "pending");

    let ran = sandbox.chant(&["work", &id]).ok();
    assert!(ran.err.contains(&format!("Working {}: Make it two", &id[11..])), "{}", ran.err);
    assert!(ran.err.contains("> Agent working in worktree "), "{}", ran.err);
    assert!(ran.out.contains("Completed in "), "{}", ran.out);

    assert_eq!(sandbox.read("file"), "two\n");
    assert_eq!(sandbox.status(&id), "completed");
    assert_eq!(sandbox.ops(&id), ["add", "start", "finish", "land", "complete"]);
    assert_eq!(sandbox.git(&["status", "--porcelain"]), "?? body.md");
    assert_eq!(sandbox.git(&["worktree", "list"]).lines().count(), 1);
    assert_eq!(sandbox.git(&["branch", "--format=%(refname:short)"]), "main");
    let statuses = sandbox.git(&[
        "log",
        "--reverse",
        "--format=%(trailers:key=Chant-Status,valueonly,separator=%x2C)",
        &format!("chant/specs/{id}"),
    ]);
    assert_eq!(statuses, "pending\nin_progress\nfinished\nfinished\ncompleted");
    for commit in sandbox.git(&["rev-list", "main", "^main~1"]).lines() {
        assert_eq!(sandbox.git(&["notes", "--ref=chant", "show", commit]), format!("Chant-Spec: {id}"));
    }
    sandbox.git(&["fsck", "--strict"]);
}

#[test]
fn a_target_that_is_no_branch_name_is_refused_before_the_agent_runs() {
    let sandbox = Sandbox::new();
    sandbox.agent("touch ../ran; tick");
    let id = sandbox.add(&["Say hello"]);
    for name in ["-x", "HEAD", "no..branch", "refs/tags/v1"] {
        let said = format!("'{name}' is not a valid branch name");
        sandbox.chant(&["work", &id, &format!("--onto={name}")]).fails(129, &[&said]);
        sandbox.git(&["config", "chant.target", name]);
        sandbox.chant(&["work", &id]).fails(129, &[&said]);
    }
    sandbox.git(&["config", "--unset", "chant.target"]);
    sandbox.git(&["update-ref", "refs/remotes/origin/next", "main"]);
    let parts = ["'origin/next' is a remote-tracking branch", "--onto next"];
    sandbox.chant(&["work", &id, "--onto", "origin/next"]).fails(128, &parts);
    sandbox.git(&["tag", "v1"]);
    sandbox.chant(&["work", &id, "--onto", "v1"]).fails(128, &["'v1' is a tag; expected a branch"]);
    assert!(!sandbox.dir().join("ran").exists());
    assert_eq!((sandbox.status(&id), sandbox.ops(&id)), ("pending".to_owned(), vec!["add".to_owned()]));
}

#[test]
fn a_bad_setting_is_told_before_anything_begins() {
    let sandbox = Sandbox::new();
    sandbox.agent("echo ran >../ran; echo two >file; tick");
    let id = sandbox.add(&["Two", "--verify", "true"]);
    for (key, value) in [
        ("chant.verifyTimeout", "abc"),
        ("chant.checkMayChange", "/../gen"),
        ("chant.warmLimit", "lots"),
        ("chant.verifyBase", "perhaps"),
        ("chant.scope", "foo"),
        ("chant.verifyMerged", "foo"),
        ("chant.merge", "foo"),
        ("chant.shareOutput", "dunno"),
        ("chant.budget", "much"),
        ("chant.branchPrefix", "-x"),
    ] {
        sandbox.git(&["config", key, value]);
        sandbox.chant(&["work", &id]).fails(128, &[&format!("bad config value '{value}' for '{key}'")]);
        sandbox.git(&["config", "--unset", key]);
        assert_eq!(sandbox.status(&id), "pending", "{key}");
    }
    assert!(!sandbox.dir().join("ran").exists());
    sandbox.chant(&["work", &id]).ok();
}
