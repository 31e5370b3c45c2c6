//! Claims that the server decides: clones that share a remote share a queue.

use std::collections::BTreeSet;

use super::net::{Net, Transport};
use crate::support::{Ran, cases::few_or_many};

/// Works as soon as it may, and notes that it did.
const WORKS: &str = "echo \"$CHANT_SPEC_ID\" >>\"$HOME/log\"; echo two >\"file-$CHANT_SPEC_ID\"
sed 's/- \\[ \\]/- [x]/' \"$CHANT_SPEC_FILE\" >\"$CHANT_SPEC_FILE.new\" && mv \"$CHANT_SPEC_FILE.new\" \"$CHANT_SPEC_FILE\"";

fn shared(transport: Transport, clones: usize, specs: usize) -> (Net, Vec<String>) {
    let net = Net::over(transport, clones);
    let ids = (0..specs).map(|n| net.add(0, &format!("Spec {n}"))).collect();
    for clone in 0..clones {
        net.sync(clone);
        net.agent(clone, WORKS);
        net.git(clone, &["config", "chant.claim", "remote"]);
    }
    (net, ids)
}

fn ended(child: std::process::Child) -> Ran {
    Ran::of(child.wait_with_output().unwrap())
}

fn log(net: &Net) -> Vec<String> {
    let log = std::fs::read_to_string(net.sandbox.dir().join("home/log")).unwrap_or_default();
    log.lines().map(str::to_owned).collect()
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn of_five_clones_that_work_one_spec_one_works_and_four_are_told_who_does() {
    for transport in few_or_many(&[Transport::File][..], &[Transport::File, Transport::Daemon, Transport::Http]) {
        let (net, ids) = shared(*transport, 5, 1);
        let go = net.sandbox.dir().join("home/go");
        for clone in 0..5 {
            net.agent(clone, &format!("until [ -e \"$HOME/go\" ]; do sleep 0.01; done\n{WORKS}"));
        }
        let mut running: Vec<_> = (0..5).map(|clone| net.start(clone, &["work", &ids[0]])).collect();
        let mut refused = Vec::new();
        while refused.len() < 4 {
            match running.iter_mut().position(|child| child.try_wait().unwrap().is_some()) {
                Some(at) => refused.push(ended(running.swap_remove(at))),
                None => std::thread::sleep(std::time::Duration::from_millis(5)),
            }
        }
        for one in refused {
            // Its transcript is there, and not here.
            assert!(!one.err.contains("git chant log"), "{}", one.err);
            one.fails(1, &["in another clone by Ada <ada@example.com> with scripted since"]);
        }
        std::fs::write(go, "").unwrap();
        ended(running.remove(0)).ok();
        assert_eq!(log(&net), ids);
        net.settle(|clones| (0..clones).collect());
        assert!((0..5).all(|clone| net.status(clone, &ids[0]) == "completed"), "{transport:?}");
    }
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn clones_share_a_queue() {
    let (net, ids) = shared(Transport::File, 3, 9);
    let running: Vec<_> =
        (0..6).map(|n| net.start(n % 3, &["work", "--all", "--chain", "--jobs", "2", "--json"])).collect();
    let mut seen = BTreeSet::new();
    let mut note = |ran: Ran| {
        for one in ran.ok().json()["worked"].as_array().unwrap() {
            assert_eq!(one["outcome"], "completed", "{one}");
            assert!(seen.insert(one["spec"]["id"].as_str().unwrap().to_owned()), "{one} was worked twice");
        }
    };
    running.into_iter().for_each(|child| note(ended(child)));
    // A claim that was in flight at the last look of the others may have been lost, and the spec is free again.
    for clone in 0..3 {
        net.chant(clone, &["sync"]).ok();
        note(net.chant(clone, &["work", "--all", "--chain", "--json"]));
    }
    assert_eq!(seen, ids.iter().cloned().collect());
    let mut log = log(&net);
    log.sort();
    assert_eq!(log, ids, "each was worked once");
    net.settle(|clones| (0..clones).collect());
    assert!(net.statuses(0).iter().all(|(_, status)| status == "completed"));
}

#[test]
#[ignore = "it keeps two cores busy for more than a minute: cargo test --test cli twenty_machines -- --ignored"]
fn twenty_machines_work_a_hundred_specs_each_once() {
    let (net, ids) = shared(Transport::File, 20, 100);
    for clone in 0..20 {
        net.agent(clone, "echo \"$CHANT_SPEC_ID\" >>\"$HOME/log\"; echo two >\"file-$CHANT_SPEC_ID\"");
    }
    let running: Vec<_> =
        (0..20).map(|n| net.start(n, &["work", "--all", "--chain", "--keep-going", "--json"])).collect();
    let mut seen = BTreeSet::new();
    for child in running {
        net.sandbox.watch.renew();
        for one in ended(child).ok().json()["worked"].as_array().unwrap() {
            assert_eq!(one["outcome"], "completed", "{one}");
            assert!(seen.insert(one["spec"]["id"].as_str().unwrap().to_owned()), "{one} was worked twice");
        }
    }
    assert_eq!(seen, ids.iter().cloned().collect());
    let mut log = log(&net);
    log.sort();
    assert_eq!(log, ids);
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn six_that_take_the_next_in_three_clones_get_six() {
    let (net, ids) = shared(Transport::File, 3, 6);
    let running: Vec<_> = (0..6).map(|n| net.start(n % 3, &["next", "--claim", "--json"])).collect();
    let mut taken = BTreeSet::new();
    for child in running {
        let ran = ended(child).ok();
        assert!(taken.insert(ran.json()["spec"]["id"].as_str().unwrap().to_owned()), "{} was given twice", ran.out);
    }
    assert_eq!(taken, ids.into_iter().collect());
    net.chant(1, &["next", "--claim"]).fails(1, &["nothing is ready"]);
}

#[test]
fn a_remote_that_is_not_there_or_takes_no_claims_leaves_everything_as_it_was() {
    let (net, ids) = shared(Transport::File, 1, 1);
    let before = net.all_refs(0);
    let away = net.sandbox.dir().join("away.git");
    std::fs::rename(&net.server, &away).unwrap();
    net.chant(0, &["work", &ids[0]]).fails(128, &["could not fetch from 'origin'"]);
    assert_eq!((net.all_refs(0), log(&net).len()), (before.clone(), 0));
    std::fs::rename(&away, &net.server).unwrap();
    net.hook("update", "case $1 in refs/chant/*) echo 'no such refs here'; exit 1;; esac");
    net.chant(0, &["work", &ids[0]]).fails(1, &["'origin' rejected it", "--claim local"]);
    assert_eq!((net.all_refs(0), log(&net).len()), (before, 0));
    let leases = net.dir(0).join(".git/chant/leases");
    assert_eq!(std::fs::read_dir(leases).unwrap().count(), 0);
    let ran = net.chant(0, &["work", &ids[0], "--claim", "local"]).ok();
    assert!(!ran.err.contains("warning"), "{}", ran.err);
    assert_eq!(net.status(0, &ids[0]), "completed");
}

#[test]
fn a_claim_that_another_fetch_brings_home_first_is_still_its_own() {
    let (net, ids) = shared(Transport::File, 1, 1);
    // The push ends when this does: by then the start event has come back, and our ref has moved to it.
    let fetch = format!(
        "env -u GIT_DIR -u GIT_QUARANTINE_PATH git -C '{}' chant sync --fetch >\"$HOME/fetched\" 2>&1",
        net.dir(0).display()
    );
    net.hook("post-receive", &format!("rm -f hooks/post-receive; {fetch}"));
    net.chant(0, &["work", &ids[0]]).ok();
    let fetched = std::fs::read_to_string(net.sandbox.dir().join("home/fetched")).unwrap();
    assert!(fetched.contains("fetched"), "{fetched}");
    assert_eq!((log(&net), net.status(0, &ids[0]).as_str()), (ids, "completed"));
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn an_answer_that_is_lost_is_asked_for_again() {
    let (net, ids) = shared(Transport::File, 2, 1);
    // The refs are moved when this runs, and the client never hears of it.
    net.hook(
        "reference-transaction",
        "[ \"$1\" = committed ] || exit 0; rm -f hooks/reference-transaction; kill -9 $PPID",
    );
    net.chant(0, &["work", &ids[0]]).ok();
    assert_eq!(net.status(0, &ids[0]), "completed");
    net.settle(|clones| (0..clones).collect());
    assert_eq!(net.status(1, &ids[0]), "completed");
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn where_nothing_can_be_heard_the_next_run_finds_out() {
    let (net, ids) = shared(Transport::File, 2, 1);
    let away = net.sandbox.dir().join("away.git");
    let leave = format!("mv '{}' '{}'; kill -9 $PPID", net.server.display(), away.display());
    net.hook(
        "reference-transaction",
        &format!("[ \"$1\" = committed ] || exit 0; rm -f hooks/reference-transaction; {leave}"),
    );
    net.chant(0, &["work", &ids[0]])
        .fails(128, &["cannot tell whether the remote accepted the claim", "retry when the remote answers"]);
    assert_eq!(log(&net).len(), 0);
    std::fs::rename(&away, &net.server).unwrap();
    // Every other clone sees a claimed spec; the clone of the claim finds that its run is dead, and resumes.
    net.chant(1, &["work", &ids[0]]).fails(1, &["in another clone"]);
    net.chant(0, &["work", &ids[0]]).ok();
    assert_eq!(log(&net), ids);
    net.settle(|clones| (0..clones).collect());
    assert_eq!(net.status(1, &ids[0]), "completed");
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_claim_of_which_nothing_is_heard_is_released_by_age_or_by_a_person() {
    let (net, ids) = shared(Transport::File, 2, 2);
    for id in &ids {
        let mut claim = net.sandbox.command_in(net.dir(0), "git");
        claim.args(["chant", "work", id, "--agent", "manual"]);
        net.sandbox
            .run(claim.env("GIT_AUTHOR_DATE", "2020-01-01T00:00:00Z").env("GIT_COMMITTER_DATE", "2020-01-01T00:00:00Z"))
            .ok();
    }
    net.chant(1, &["work", &ids[0]]).fails(1, &["in another clone", "with manual since 2020-01-01"]);
    net.git(1, &["config", "chant.claimTimeout", "30d"]);
    let ran = net.chant(1, &["work", &ids[0]]).ok();
    assert!(ran.err.contains("its claim was silent for 30days"), "{}", ran.err);
    net.sync(1);
    net.chant(1, &["release", &ids[1], "-m", "they are on leave"]).ok();
    net.chant(1, &["work", &ids[1]]).ok();
    net.settle(|clones| (0..clones).collect());
    assert!(ids.iter().all(|id| net.status(0, id) == "completed"));
}

#[test]
fn two_that_go_on_with_one_paused_spec_in_two_clones_are_one() {
    let (net, ids) = shared(Transport::File, 2, 1);
    net.agent(0, "exit 75");
    net.chant(0, &["work", &ids[0]]).fails(1, &["rate-limited"]);
    net.sync(1);
    assert_eq!(net.status(1, &ids[0]), "paused");
    for clone in 0..2 {
        net.agent(clone, WORKS);
    }
    let running: Vec<_> = (0..2).map(|clone| net.start(clone, &["work", &ids[0]])).collect();
    let codes: Vec<i32> = running.into_iter().map(|child| ended(child).code).collect();
    assert!(codes.contains(&0), "{codes:?}");
    assert_eq!(log(&net), ids, "{codes:?}");
    net.settle(|clones| (0..clones).collect());
    assert_eq!(net.status(1, &ids[0]), "completed");
}

#[test]
fn no_clone_merges_a_contended_spec_before_one_attempt_is_chosen() {
    let net = Net::new(2);
    let spec = net.add(0, "Both want it");
    net.settle(|count| (0..count).collect());
    for clone in [0, 1] {
        net.agent(clone, &format!("echo {clone} >mine; git add mine; git commit -qm 'By {clone}'"));
        net.chant(clone, &["work", &spec, "--no-merge"]).ok();
    }
    net.sync(0);
    net.sync(1);
    let refused = ["2 attempts claim it", &format!("git chant choose {} --keep", &spec[11..])];
    net.chant(1, &["merge", &spec]).fails(1, &refused);
    let all = net.chant(1, &["merge", "--all"]);
    assert!(all.code == 1 && format!("{}{}", all.out, all.err).contains(refused[0]), "{}{}", all.out, all.err);
    assert!(net.chant(1, &["status"]).ok().out.contains(refused[0]));
    assert_eq!(net.status(1, &spec), "finished");
    let kept = net.show(1, &spec)["attempt"].as_str().unwrap().to_owned();
    net.chant(1, &["choose", &spec, "--keep", &kept]).ok();
    let held = (0..2).find(|clone| net.chant(*clone, &["merge", &spec]).code == 0);
    assert!(held.is_some(), "after the choice the clone with the kept attempt merges it");
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn the_branch_of_another_attempt_stays_at_the_remote_until_one_is_chosen() {
    let net = Net::new(2);
    let spec = net.add(0, "Both want it");
    net.settle(|count| (0..count).collect());
    for (clone, merge) in [(0, &["--no-merge"][..]), (1, &[])] {
        net.agent(clone, &format!("echo {clone} >mine; git add mine; git commit -qm 'By {clone}'"));
        net.chant(clone, &[&["work", spec.as_str()], merge].concat()).ok();
    }
    net.sync(0);
    let branch = format!("refs/heads/chant/{spec}");
    let pushed = net.held(&net.server, &branch);
    assert_eq!(pushed, net.git(0, &["rev-parse", &branch]));
    net.settle(|count| (0..count).rev().collect());
    assert_eq!(net.show(1, &spec)["contended"], true);
    assert_eq!(net.held(&net.server, &branch), pushed, "no person has chosen");
    let kept = net.show(1, &spec)["attempt"].as_str().unwrap().to_owned();
    net.chant(1, &["choose", &spec, "--keep", &kept]).ok();
    net.settle(|count| (0..count).rev().collect());
    assert_eq!(net.held(&net.server, &branch), "");
}
