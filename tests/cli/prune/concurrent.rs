//! `prune` beside works, other prunes and agents.

use std::process::Stdio;

use serde_json::Value;

use super::{attempts, branches, gone, kept, pruned};
use crate::support::{Ran, Sandbox};

#[test]
#[ignore = "slow: .ci/run runs it"]
fn beside_a_running_work_nothing_of_it_goes() {
    let sandbox = Sandbox::new();
    let dir = sandbox.dir().display();
    sandbox.agent(&format!("touch {dir}/there; while ! [ -e {dir}/go ]; do sleep 0.05; done; echo two >file; tick"));
    let id = sandbox.add(&["Make it two"]);
    let mut child = sandbox.binary(&["work", &id]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    while !sandbox.dir().join("there").exists() {
        assert_eq!(child.try_wait().unwrap(), None);
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    assert_eq!(pruned(&sandbox, &["--expire=now"]), [Value::Null; 0]);
    // As if another clone had given it up, and that had come by sync.
    let tip = format!("refs/chant/specs/{id}");
    let other = crate::support::scratch::scratch();
    let clone = other.path().join("clone");
    sandbox.git(&["clone", "-q", sandbox.repo.to_str().unwrap(), clone.to_str().unwrap()]);
    sandbox.git_in(&clone, &["fetch", "-q", "origin", &format!("{tip}:{tip}")]);
    sandbox.chant_in(&clone, &["cancel", &id]).ok();
    sandbox.git(&["fetch", "-q", clone.to_str().unwrap(), &format!("{tip}:{tip}")]);
    assert_eq!(sandbox.status(&id), "cancelled");
    let found = pruned(&sandbox, &["--expire=now"]);
    assert_eq!(gone(&found), [""; 0]);
    assert!(kept(&found, "worktree").starts_with("process "), "{found:?}");
    std::fs::write(sandbox.dir().join("go"), "").unwrap();
    let _stopped = child.wait().unwrap();
    pruned(&sandbox, &["--expire=now"]);
    assert!(!sandbox.dir().join(format!("repo.chant-{}", &id[11..])).exists());
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn two_prunes_at_once_beside_works() {
    let sandbox = Sandbox::new();
    sandbox.agent("echo $CHANT_SPEC_ID $CHANT_ATTEMPT >file-$CHANT_SPEC_ID; git add -A; git commit -qm work");
    let done: Vec<String> = (0..4).map(|n| sandbox.add(&[&format!("Done {n}")])).collect();
    for id in &done {
        sandbox.chant(&["work", id]).ok();
        let work = sandbox.show(id)["work_commits"].as_array().unwrap().last().unwrap().as_str().unwrap().to_owned();
        let place = format!("../repo.chant-{}", &id[11..]);
        sandbox.git(&["worktree", "add", "-q", "-b", &format!("chant/{id}"), &place, &work]);
    }
    let open: Vec<String> = (0..3).map(|n| sandbox.add(&[&format!("Open {n}")])).collect();
    let start = |args: &[&str]| sandbox.binary(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // What was done once is begun anew, while two clear it away.
    let mut running: Vec<_> = open.iter().map(|id| start(&["work", id])).collect();
    running.extend((0..2).map(|_| start(&["prune"])));
    sandbox.chant(&["reset", &done[0]]).ok();
    running.push(start(&["work", &done[0]]));
    running.extend((0..2).map(|_| start(&["prune"])));
    for child in running {
        Ran::of(child.wait_with_output().unwrap()).ok();
    }
    for id in done.iter().chain(&open) {
        assert_eq!(sandbox.status(id), "completed");
        assert!(sandbox.read(&format!("file-{id}")).contains(id.as_str()));
    }
    sandbox.chant(&["prune"]).ok();
    assert_eq!(branches(&sandbox), "");
    assert_eq!(sandbox.git(&["worktree", "list"]).lines().count(), 1);
    assert_eq!(sandbox.chant(&["fsck"]).ok().out, "");
}

/// An agent that waits until it is told to go on.
const WAITS: &str = "touch ../began; while [ ! -e ../go ]; do sleep 0.02; done; rm ../began ../go";

/// Works the spec `id`, whose agent waits, while a person prunes.
fn prune_beside(sandbox: &Sandbox, id: &str) {
    let mut work = sandbox.binary(&["work", id]);
    let work = work.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    while !sandbox.dir().join("began").exists() {
        std::thread::yield_now();
    }
    sandbox.chant(&["prune"]).ok();
    std::fs::write(sandbox.dir().join("go"), "").unwrap();
    Ran::of(work.wait_with_output().unwrap()).ok();
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn an_attempt_that_is_let_go_of_beside_a_run_is_not_laid_to_its_agent() {
    let sandbox = Sandbox::new().unconfined();
    sandbox.agent("echo more >other; git add other; git commit -qm first; exit 3");
    let first = sandbox.add(&["First"]);
    sandbox.chant(&["work", &first]).fails(1, &[]);
    let tip = sandbox.git(&["rev-parse", &format!("chant/{first}")]);
    sandbox.chant(&["cancel", &first]).ok();
    sandbox.git(&["branch", "saved", &tip]);
    let kept = attempts(&sandbox)[0].clone();
    // While this agent runs, another process prunes other specs.
    sandbox.agent(&format!("{WAITS}; echo two >file"));
    let second = sandbox.add(&["Second"]);
    prune_beside(&sandbox, &second);
    assert!(!attempts(&sandbox).contains(&kept));
    // Nor one that holds nothing.
    sandbox.agent("exit 3");
    let empty = sandbox.add(&["Does nothing"]);
    sandbox.chant(&["work", &empty]).fails(1, &[]);
    sandbox.chant(&["cancel", &empty]).ok();
    sandbox.agent(&format!("{WAITS}; echo four >file"));
    let fourth = sandbox.add(&["Fourth"]);
    prune_beside(&sandbox, &fourth);
    assert!(!attempts(&sandbox).iter().any(|name| name.contains(&empty)));
    // What is nowhere else is another matter.
    sandbox.git(&["branch", "-D", "saved"]);
    sandbox.git(&["update-ref", &kept, &tip]);
    sandbox.agent(&format!("git update-ref -d {kept}; echo three >file"));
    let third = sandbox.add(&["Third"]);
    sandbox.chant(&["work", &third]).fails(1, &["changed without an event"]);
}
