//! Clones that work apart come together: the same ids everywhere, and nothing is lost.

use serde_json::json;

use super::{
    net::{Dice, Net, Transport, exchanged, of_way},
    ssh,
};
use crate::support::cases::few_or_many;

const WORK: &str = "echo \"$CHANT_SPEC_ID $CHANT_ATTEMPT\" >>\"work-$CHANT_SPEC_ID\"; git add -A; git commit -qm Work";

/// Something that a person does in a clone; what the state does not allow is refused, and nothing happened.
fn act(net: &Net, dice: &mut Dice, clone: usize, specs: &mut Vec<String>) {
    let verbs: [&[&str]; 7] = [
        &["approve"],
        &["reject", "-m", "No"],
        &["work"],
        &["cancel"],
        &["reset"],
        &["archive"],
        &["archive", "--restore"],
    ];
    match dice.roll(10) {
        0 | 1 => specs.push(net.add(clone, &format!("Spec {} of {clone}", specs.len()))),
        number => {
            let known = net.statuses(clone);
            let spec = &known[dice.roll(known.len().min(4))].0;
            let verb = verbs[number % verbs.len()];
            let ran = net.chant(clone, &[&verb[..1], &[spec], &verb[1..]].concat());
            assert!(ran.code <= 1 || ran.err.contains("hint:"), "{verb:?}: {ran:?}");
        }
    }
}

fn random_work(transport: Transport, clones: usize, seed: u64) {
    let net = Net::over(transport, clones);
    let mut dice = Dice(seed);
    let mut specs = vec![net.add(0, "The first")];
    for clone in 0..clones {
        net.agent(clone, WORK);
    }
    net.settle(|count| dice.order(count));
    for _ in 0..few_or_many(1, 2) {
        for _ in 0..20 {
            let clone = dice.roll(clones);
            act(&net, &mut dice, clone, &mut specs);
        }
        net.settle(|count| dice.order(count));
    }
    assert_eq!(net.statuses(0).len(), specs.len());
    let merges = net.git(0, &["log", "--all", "--format=%(trailers:key=Chant-Op,valueonly,separator=)"]);
    assert!(merges.lines().any(|op| op == "merge"), "nothing that they did met");
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn two_clones_come_together_over_files() {
    random_work(Transport::File, 2, 1);
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn five_clones_come_together_over_files() {
    random_work(Transport::File, 5, 2);
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn two_clones_come_together_through_a_daemon() {
    random_work(Transport::Daemon, 2, 9);
}

#[test]
#[ignore = "of five clones, .ci/run tries files alone"]
fn five_clones_come_together_through_a_daemon() {
    random_work(Transport::Daemon, 5, 4);
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn two_clones_come_together_over_ssh() {
    if ssh::is_there() {
        random_work(Transport::Ssh, 2, 7);
    }
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn two_clones_come_together_over_http() {
    random_work(Transport::Http, 2, 5);
}

#[test]
#[ignore = "of five clones, .ci/run tries files alone"]
fn five_clones_come_together_over_http() {
    random_work(Transport::Http, 5, 6);
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn two_that_start_the_same_spec_contend_until_one_is_kept() {
    let net = Net::new(3);
    let spec = net.add(0, "Both want it");
    net.settle(|count| (0..count).collect());
    for clone in [0, 1] {
        net.agent(clone, WORK);
        net.chant(clone, &["work", &spec]).ok();
        assert_eq!(net.status(clone, &spec), "completed");
    }
    net.sync(0);
    let met = net.sync(1);
    let contended = of_way(&met, "contended");
    assert_eq!(contended.len(), 1, "{met:?}");
    assert_eq!(contended[0]["spec"], spec);
    let said = net.chant(0, &["sync"]).ok();
    assert!(said.out.contains("contended") && said.out.contains("2 attempts"), "{}", said.out);
    assert!(said.err.contains("git chant choose"), "{}", said.err);
    net.settle(|count| (0..count).collect());
    let kept = net.show(0, &spec)["attempt"].as_str().unwrap().to_owned();
    for clone in 0..3 {
        assert_eq!(net.show(clone, &spec)["contended"], json!(true), "clone {clone}");
        assert_eq!(net.show(clone, &spec)["attempt"], kept.as_str(), "clone {clone}");
    }
    net.chant(2, &["choose", &spec, "--keep", &kept]).ok();
    net.settle(|count| (0..count).rev().collect());
    for clone in 0..3 {
        assert_eq!(net.show(clone, &spec)["contended"], json!(false), "clone {clone}");
        assert_eq!(net.show(clone, &spec)["attempt"], kept.as_str(), "clone {clone}");
        assert_eq!(net.status(clone, &spec), "completed");
    }
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn the_merge_of_an_attempt_that_is_not_kept_is_named() {
    let net = Net::new(2);
    let spec = net.add(0, "Both want it");
    net.settle(|count| (0..count).collect());
    let attempts = [0, 1].map(|clone| {
        net.agent(clone, WORK);
        net.chant(clone, &["work", &spec]).ok();
        net.show(clone, &spec)["attempt"].as_str().unwrap().to_owned()
    });
    net.settle(|count| (0..count).collect());
    let merge = net.git(0, &["rev-parse", "--short=12", "main"]);
    let told =
        [&format!("'main' still has the merge {merge} of the attempt {}", &attempts[0][..12]), "git revert -m 1"];
    net.chant(0, &["choose", &spec, "--keep", &attempts[1]]).ok().fails(0, &told);
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_text_that_travels_in_events_alone_survives_a_merge() {
    let net = Net::new(3);
    let spec = net.add(0, "Where is my text");
    net.settle(|count| (0..count).collect());
    net.chant(0, &["approve", &spec]).ok();
    net.chant(1, &["approve", &spec]).ok();
    net.settle(|count| (0..count).collect());
    assert!(net.git(2, &["log", "-1", "--format=%s", &format!("chant/specs/{spec}")]).ends_with(": merge"));
    for clone in 0..3 {
        assert_eq!(net.show(clone, &spec)["title"], "Where is my text", "clone {clone}");
    }
    // What follows a merge carries it on.
    net.chant(1, &["reject", &spec, "-m", "No"]).ok();
    net.settle(|count| (0..count).collect());
    assert_eq!(net.show(2, &spec)["title"], "Where is my text");
    assert_eq!(net.show(2, &spec)["spec_blob"], net.show(0, &spec)["spec_blob"]);
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn notes_of_both_are_everywhere() {
    let net = Net::new(2);
    let specs = [net.add(0, "Here"), net.add(1, "There")];
    for clone in [0, 1] {
        net.agent(clone, WORK);
        net.chant(clone, &["work", &specs[clone]]).ok();
    }
    // Both say something about the same commit, too.
    let shared = net.git(0, &["rev-parse", "origin/main"]);
    for clone in [0, 1] {
        let line = format!("Chant-Spec: {}", specs[clone]);
        net.git(clone, &["notes", "--ref=chant", "add", "-m", &line, &shared]);
    }
    net.settle(|count| (0..count).collect());
    let mut lines: Vec<String> = specs.iter().map(|spec| format!("Chant-Spec: {spec}")).collect();
    lines.sort();
    for clone in [0, 1] {
        assert_eq!(net.git(clone, &["notes", "--ref=chant", "show", &shared]), lines.join("\n"));
        // One of each clone's work, and the one that both noted.
        let count = net.git(clone, &["notes", "--ref=chant", "list"]).lines().count();
        assert!(count >= 3, "{count}");
    }
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn those_that_push_at_once_all_get_through() {
    let clones = few_or_many(4, 8);
    let net = Net::new(clones);
    let shared = net.add(0, "Everybody approves");
    net.settle(|count| (0..count).collect());
    let mut specs = vec![shared.clone()];
    for clone in 0..clones {
        net.chant(clone, &["approve", &shared, "-m", &format!("by {clone}")]).ok();
        specs.push(net.add(clone, &format!("Of {clone}")));
    }
    let running: Vec<_> = (0..clones).map(|clone| net.start(clone, &["sync"])).collect();
    for child in running {
        let ended = child.wait_with_output().unwrap();
        let err = String::from_utf8_lossy(&ended.stderr);
        // A clone that lost every race says so; nothing else may go wrong.
        let lost = ended.status.code() == Some(1) && String::from_utf8_lossy(&ended.stdout).contains("keep changing");
        assert!(ended.status.success() || lost, "{err}\n{}", String::from_utf8_lossy(&ended.stdout));
    }
    net.settle(|count| (0..count).collect());
    let approvals = net.chant(3, &["log", &shared, "--json"]).ok().json();
    let count = approvals["events"].as_array().unwrap().iter().filter(|event| event["op"] == "approve").count();
    assert_eq!(count, clones);
    assert_eq!(net.statuses(2).len(), specs.len());
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_third_remote_without_pushes_is_read_only() {
    let mut net = Net::new(2);
    let spec = net.add(0, "Of one server");
    net.settle(|count| (0..count).collect());
    // What a neighbour has is fetched, and what is pushed goes to origin.
    let neighbour = net.dir(0).display().to_string();
    net.git(1, &["remote", "add", "neighbour", &neighbour]);
    net.chant(0, &["approve", &spec]).ok();
    let entries = exchanged(&net.chant(1, &["sync", "--fetch", "neighbour", "--json"]).ok());
    assert_eq!(of_way(&entries, "fetched").len(), 1, "{entries:?}");
    net.sync(1);
    let late = net.add_clone(&format!("file://{}", net.server.display()));
    net.sync(late);
    assert_eq!(net.show(late, &spec)["tip"], net.show(0, &spec)["tip"]);
    net.settle(|count| (0..count).collect());
}
