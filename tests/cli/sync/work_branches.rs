//! Work branches of finished and paused specs travel: another person merges, or goes on.

use super::net::Net;

const HALF: &str = "echo half >half; git add half; git commit -qm Half";

fn forward(count: usize) -> Vec<usize> {
    (0..count).collect()
}

fn branch(spec: &str) -> String {
    format!("refs/heads/chant/{spec}")
}

/// A spec that clone 0 worked, its branch and its events with the other.
fn worked(net: &Net, script: &str, args: &[&str]) -> String {
    let spec = net.add(0, "For two");
    net.agent(0, script);
    net.chant(0, &[&["work", &spec], args].concat());
    net.settle(forward);
    spec
}

#[test]
fn what_one_finished_another_merges() {
    let net = Net::new(2);
    let spec = worked(&net, "echo done >done; git add done; git commit -qm Done", &["--no-merge"]);
    assert_eq!(net.status(1, &spec), "finished");
    assert_eq!(net.held(&net.server, &branch(&spec)), net.held(net.dir(0), &branch(&spec)));
    assert!(net.chant(0, &["sync", "-n"]).ok().out.starts_with("Up to date"));
    // It lies apart: nothing of the person's own changed.
    assert_eq!(net.held(net.dir(1), &branch(&spec)), "");
    net.chant(1, &["merge", &spec]).ok();
    assert_eq!(net.git(1, &["show", "main:done"]), "done");
    let dry = net.chant(1, &["sync", "-n"]).ok();
    assert!(dry.out.contains(&branch(&spec)) && dry.out.contains("no longer needed"), "{}", dry.out);
    // Closed: the branch at the remote is no longer needed.
    net.settle(forward);
    assert_eq!(net.held(&net.server, &branch(&spec)), "");
    assert_eq!(net.status(0, &spec), "completed");
}

/// What an agent does that is out of its quota half-way.
fn half(net: &Net) -> String {
    let spec = worked(net, &format!("{HALF}; exit 75"), &[]);
    assert_eq!(net.status(0, &spec), "paused");
    spec
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn what_one_paused_another_takes_over() {
    let net = Net::new(2);
    let spec = half(&net);
    let taken = net.chant(1, &["takeover", &spec]).ok();
    assert!(taken.err.contains("from origin"), "{}", taken.err);
    let path = net.chant(1, &["path", &spec]).ok().out.trim().to_owned();
    assert_eq!(std::fs::read_to_string(format!("{path}/half")).unwrap(), "half\n");
    assert_eq!(net.status(1, &spec), "in_progress");
    // The clone that gave it away has its worktree still, and can finish nothing with it.
    net.settle(|count| (0..count).collect());
    net.chant(0, &["finish", &spec]).fails(1, &["in another clone"]);
    assert_eq!(net.status(0, &spec), "in_progress");
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn what_one_paused_another_goes_on_with_and_the_first_again() {
    let net = Net::new(2);
    let spec = half(&net);
    net.git(1, &["config", "chant.worktreeSetup", "echo set up >>set-up"]);
    net.agent(1, "test -e set-up && cat half >seen; echo more >more; git add more seen; git commit -qm More; exit 75");
    net.chant(1, &["work", &spec]);
    assert_eq!(net.status(1, &spec), "paused");
    net.settle(forward);
    // What is here already follows.
    net.agent(0, "cat more >both; git add both; git commit -qm Both");
    net.chant(0, &["work", &spec]).ok();
    assert_eq!(net.status(0, &spec), "completed");
    for (name, text) in [("half", "half"), ("seen", "half"), ("both", "more")] {
        assert_eq!(net.git(0, &["show", &format!("main:{name}")]), text, "{name}");
    }
    net.settle(forward);
    assert_eq!(net.held(&net.server, &branch(&spec)), "");
    assert_eq!(net.git(0, &["rev-parse", "main"]), net.show(1, &spec)["merge"]["new"].as_str().unwrap());
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn what_is_begun_anew_takes_the_place_of_what_was_there() {
    let net = Net::new(2);
    let spec = half(&net);
    let first = net.held(&net.server, &branch(&spec));
    net.chant(0, &["reset", &spec]).ok();
    net.agent(0, "echo other >other; git add other; git commit -qm Other");
    net.chant(0, &["work", &spec, "--no-merge"]).ok();
    net.settle(forward);
    let second = net.held(&net.server, &branch(&spec));
    assert_eq!(second, net.held(net.dir(0), &branch(&spec)));
    assert_ne!(first, second);
    // What was there is kept.
    net.git(0, &["cat-file", "-e", &first]);
    let kept = net.git(0, &["for-each-ref", "--contains", &first, "--format=%(refname)", "refs/chant-local"]);
    assert!(!kept.is_empty());
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_branch_that_moved_on_the_server_is_not_deleted() {
    let net = Net::new(2);
    let spec = worked(&net, "echo done >done; git add done; git commit -qm Done", &["--no-merge"]);
    net.chant(0, &["merge", &spec]).ok();
    let other = net.sandbox.git_in(&net.server, &["rev-parse", "main"]);
    net.sandbox.git_in(&net.server, &["update-ref", &branch(&spec), &other]);
    net.chant(0, &["sync", "--push"]);
    assert_eq!(net.held(&net.server, &branch(&spec)), other);
}

#[test]
fn without_chant_push_branches_they_stay() {
    let net = Net::new(2);
    net.git(0, &["config", "chant.pushBranches", "false"]);
    let spec = worked(&net, "echo done >done; git add done; git commit -qm Done", &["--no-merge"]);
    assert_eq!(net.status(1, &spec), "finished");
    assert_eq!(net.held(&net.server, &branch(&spec)), "");
}
