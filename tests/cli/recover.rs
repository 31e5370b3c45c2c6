//! `git chant recover`: what a dead process left is settled, and reported.

#![cfg(debug_assertions)]

use crate::support::Sandbox;

fn killed(sandbox: &Sandbox, fault: &str, args: &[&str]) {
    assert_eq!(sandbox.run(sandbox.binary(args).env("CHANT_FAULT", fault)).code, 137, "{fault}");
}

#[test]
fn everything_is_settled_and_the_way_on_is_told() {
    let sandbox = Sandbox::new();
    sandbox.agent("echo two >\"$CHANT_SPEC_ID\"; git add -A; git commit -qm Done; tick");
    let (one, other) = (sandbox.add(&["One"]), sandbox.add(&["Other"]));
    killed(&sandbox, "agent.go.after", &["work", &one]);
    killed(&sandbox, "git.checkout.before", &["work", &other]);
    // Only what was asked for.
    let ran = sandbox.chant(&["recover", &other]).ok();
    assert!(ran.out.contains("(repaired)") && !ran.out.contains(&one), "{}", ran.out);
    assert!(ran.err.contains(&format!("hint: to merge '{0}': git chant merge {0}", &other[11..])), "{}", ran.err);
    assert_eq!(sandbox.status(&one), "in_progress");
    let ran = sandbox.chant(&["recover"]).ok();
    assert!(ran.out.contains(&format!("{one}: warning: its run")) && ran.out.contains("(repaired)"), "{}", ran.out);
    assert!(ran.err.contains(&format!("hint: to resume '{0}': git chant work {0}", &one[11..])), "{}", ran.err);
    assert_eq!((sandbox.status(&one), sandbox.status(&other)), ("paused".to_owned(), "finished".to_owned()));
    // No process died: there is nothing to do, and nothing to report.
    let ran = sandbox.chant(&["recover"]).ok();
    assert_eq!((ran.out.as_str(), ran.err.as_str()), ("", ""));
    sandbox.chant(&["merge", &other]).ok();
    sandbox.chant(&["work", &one]).ok();
    assert_eq!(sandbox.chant(&["fsck"]).ok().out, "");
}

#[test]
fn work_makes_the_merge_that_its_dead_run_did_not() {
    let sandbox = Sandbox::new();
    sandbox.agent("echo two >>file; git add -A; git commit -qm Done; tick");
    let id = sandbox.add(&["One"]);
    killed(&sandbox, "git.checkout.before", &["work", &id]);
    assert_eq!(sandbox.status(&id), "finished");
    // The agent is not run again.
    sandbox.agent("exit 1");
    let ran = sandbox.chant(&["work", &id]).ok();
    assert!(ran.err.contains("died before the merge"), "{}", ran.err);
    assert_eq!(sandbox.status(&id), "completed");
    assert_eq!(sandbox.chant(&["fsck"]).ok().out, "");
}

#[test]
fn work_without_a_merge_leaves_what_is_finished() {
    let sandbox = Sandbox::new();
    sandbox.agent("echo two >>file; git add -A; git commit -qm Done; tick");
    let id = sandbox.add(&["One"]);
    killed(&sandbox, "git.checkout.before", &["work", &id]);
    let ran = sandbox.chant(&["work", &id, "--no-merge"]).ok();
    assert!(ran.err.contains(&format!("hint: to merge it: git chant merge {}", &id[11..])), "{}", ran.err);
    // Its run is known to be over now: the merge is the person's to ask for.
    sandbox.chant(&["work", &id]).fails(1, &["is finished and waiting to be merged", "git chant merge"]);
    sandbox.chant(&["merge", &id]).ok();
}

#[test]
fn json_says_what_was_done() {
    let sandbox = Sandbox::new();
    sandbox.agent("echo two >>file");
    let id = sandbox.add(&["One"]);
    killed(&sandbox, "agent.go.after", &["work", &id]);
    let report = sandbox.chant(&["recover", "--json"]).ok().json();
    let problems = report["problems"].as_array().unwrap();
    assert!(!problems.is_empty() && problems.iter().all(|problem| problem["repaired"] == true), "{report}");
    assert_eq!(problems[0]["code"], "orphaned");
}
