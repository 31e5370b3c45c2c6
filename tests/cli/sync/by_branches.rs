//! A server that takes branches only: the branches `chant-sync/<clone>` carry the refs.

use super::net::{Dice, Net, Transport, of_way};

/// What a server does that does not know refs but branches and tags.
const ONLY_BRANCHES: &str =
    "while read old new ref; do case $ref in refs/heads/*) ;; *) echo no custom refs; exit 1;; esac; done";

/// What 'init' has a plain fetch bring of such branches.
const SYNC_BRANCHES: &str = "+refs/heads/chant-sync/*:refs/chant-remote/origin/sync/*";

fn hide(net: &Net) {
    for prefix in ["refs/chant", "refs/notes"] {
        net.sandbox.git_in(&net.server, &["config", "--add", "transfer.hideRefs", prefix]);
    }
}

fn carriers(net: &Net) -> Vec<String> {
    let refs = net.sandbox.git_in(&net.server, &["for-each-ref", "--format=%(refname)", "refs/heads/chant-sync"]);
    refs.lines().map(str::to_owned).collect()
}

/// Three clones with work of their own come together, and nothing but branches is on the server.
fn come_together(net: &Net) {
    let mut dice = Dice(7);
    let shared = net.add(0, "Shared");
    net.converge(|count| dice.order(count));
    for clone in 0..3 {
        net.agent(clone, "echo $CHANT_SPEC_ID >\"$CHANT_SPEC_ID\"; git add -A; git commit -qm Work");
        let own = net.add(clone, &format!("Of {clone}"));
        net.chant(clone, &["work", &own]).ok();
        net.chant(clone, &["approve", &shared, "-m", &format!("by {clone}")]).ok();
    }
    net.converge(|count| dice.order(count));
    assert_eq!(net.statuses(0).len(), 4);
    assert_eq!(net.shared(&net.server), "");
    assert_eq!(carriers(net).len(), 3);
    // Nothing to do is nothing done.
    let before = net.sandbox.git_in(&net.server, &["for-each-ref"]);
    for clone in 0..3 {
        assert!(net.chant(clone, &["sync"]).ok().out.starts_with("Up to date with origin"));
    }
    assert_eq!(net.sandbox.git_in(&net.server, &["for-each-ref"]), before);
    net.sandbox.git_in(&net.server, &["fsck", "--strict"]);
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn hidden_refs_travel_by_branches() {
    let net = Net::new(3);
    hide(&net);
    come_together(&net);
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn what_a_hook_refuses_travels_by_branches_over_http() {
    let net = Net::over(Transport::Http, 3);
    net.hook("pre-receive", ONLY_BRANCHES);
    come_together(&net);
}

#[test]
fn the_branch_explains_itself_and_moves_forward_only() {
    let mut net = Net::new(1);
    net.hook("pre-receive", ONLY_BRANCHES);
    net.sandbox.git_in(&net.server, &["config", "receive.denyNonFastForwards", "true"]);
    let spec = net.add(0, "CarriedRefs");
    let said = net.chant(0, &["sync"]).ok();
    assert!(said.out.contains("it accepts no refs under refs/chant; this branch carries them"), "{}", said.out);
    let [carrier] = carriers(&net).try_into().unwrap();
    let message = net.sandbox.git_in(&net.server, &["log", "-1", "--format=%B", &carrier]);
    assert!(message.contains("git chant sync") && message.contains("[skip ci]"), "{message}");
    let tip = net.held(net.dir(0), &format!("refs/chant/specs/{spec}"));
    let listed = net.sandbox.git_in(&net.server, &["show", &format!("{carrier}:refs")]);
    assert_eq!(listed, format!("{tip} refs/chant/specs/{spec}"));
    let before = net.held(&net.server, &carrier);
    net.chant(0, &["approve", &spec]).ok();
    net.sync(0);
    assert_eq!(net.sandbox.git_in(&net.server, &["rev-parse", &format!("{carrier}^")]), before);
    // A clone that comes later finds it all, and a plain fetch does no harm.
    let late = net.add_clone(&format!("file://{}", net.server.display()));
    net.git(late, &["fetch", "-q"]);
    net.sync(late);
    assert_eq!(net.show(late, &spec)["title"], "CarriedRefs");
    assert_eq!(net.show(late, &spec)["tip"], net.show(0, &spec)["tip"]);
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_server_that_takes_refs_later_gets_them() {
    let net = Net::new(2);
    net.hook("pre-receive", ONLY_BRANCHES);
    let spec = net.add(0, "Early");
    net.converge(|count| (0..count).collect());
    std::fs::remove_file(net.server.join("hooks/pre-receive")).unwrap();
    net.chant(1, &["approve", &spec]).ok();
    net.settle(|count| (0..count).rev().collect());
    let branches = carriers(&net);
    net.chant(0, &["reject", &spec, "-m", "No"]).ok();
    net.settle(|count| (0..count).collect());
    assert_eq!(carriers(&net), branches);
}

#[test]
fn a_server_that_takes_nothing_is_refused_with_both_reasons() {
    let net = Net::new(1);
    net.hook("update", "echo closed >&2; exit 1");
    let spec = net.add(0, "Nowhere to go");
    net.chant(0, &["sync"]).fails(1, &["refused", "hook declined", "it rejected the branch"]);
    assert_eq!(net.status(0, &spec), "pending");
    assert!(carriers(&net).is_empty());
}

#[test]
fn a_clone_that_was_copied_shares_its_branch_without_losing_anything() {
    let mut net = Net::new(1);
    hide(&net);
    let spec = net.add(0, "Copied");
    net.sync(0);
    let copy = net.sandbox.dir().join("copy");
    let ran = net.sandbox.run(net.sandbox.command_in(net.sandbox.dir(), "cp").arg("-a").arg(net.dir(0)).arg(&copy));
    assert_eq!(ran.code, 0);
    net.clones.push(copy);
    net.chant(0, &["approve", &spec]).ok();
    net.sync(0);
    net.chant(1, &["reject", &spec, "-m", "No"]).ok();
    net.chant(1, &["sync", "--push"]).fails(1, &["fetch first"]);
    net.converge(|count| (0..count).rev().collect());
    assert_eq!(carriers(&net).len(), 1);
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn an_invented_branch_is_named_and_carries_nothing() {
    let net = Net::new(2);
    let spec = net.add(0, "Honest");
    net.settle(|count| (0..count).collect());
    let main = net.sandbox.git_in(&net.server, &["rev-parse", "main"]);
    let tip = net.held(&net.server, &format!("refs/chant/specs/{spec}"));
    let lists = [
        format!("{main} refs/heads/main"),
        format!("{main} refs/chant/specs/../../heads/main"),
        format!("{main} refs/chant/specs/2026-02-08-010-v7b"),
        format!("{tip} refs/chant/specs/2026-02-08-010-v7b"),
        format!("{} refs/chant/specs/{spec}", "1".repeat(40)),
        format!("{main} refs/notes/\u{1b}[31mchant"),
        "nonsense".to_owned(),
    ];
    let refs = net.all_refs(0);
    for (number, list) in lists.iter().enumerate() {
        let side = net.sandbox.dir().join(format!("side{number}"));
        net.sandbox.git_in(
            net.sandbox.dir(),
            &["clone", "-q", &net.server.display().to_string(), &side.display().to_string()],
        );
        std::fs::write(side.join("refs"), list).unwrap();
        net.sandbox.git_in(&side, &["add", "refs"]);
        net.sandbox.git_in(&side, &["commit", "-qm", "Made up"]);
        let branch = "HEAD:refs/heads/chant-sync/mallory";
        net.sandbox.git_in(&side, &["push", "-q", "-f", "origin", branch]);
        let ran = net.chant(0, &["sync"]).fails(1, &["unfit"]);
        assert!(!ran.out.contains('\u{1b}'), "{}", ran.out);
        let now = net.all_refs(0);
        let ours = |refs: &str| -> Vec<String> {
            refs.lines()
                .filter(|line| !line.contains("chant-sync") && !line.contains("/sync/"))
                .map(str::to_owned)
                .collect()
        };
        assert_eq!(ours(&now), ours(&refs), "{list}");
    }
    // A branch that is not even a commit with a list.
    net.sandbox.git_in(&net.server, &["update-ref", "refs/heads/chant-sync/mallory", "main"]);
    net.chant(0, &["sync"]).fails(1, &["it has no file 'refs'"]);
    net.sandbox.git_in(&net.server, &["update-ref", "-d", "refs/heads/chant-sync/mallory"]);
    assert!(of_way(&net.sync(0), "unfit").is_empty());
}

#[test]
fn a_plain_pull_brings_what_branches_carry() {
    let net = Net::new(2);
    net.hook("pre-receive", ONLY_BRANCHES);
    net.chant(1, &["init"]).ok();
    // As an older git-chant set it up, which knew nothing of such branches.
    net.git(1, &["config", "--fixed-value", "--unset", "remote.origin.fetch", SYNC_BRANCHES]);
    let status = net.chant(1, &["status"]).ok();
    assert!(status.err.contains("bring all that 'origin' has of specs: git chant init"), "{status:?}");
    net.chant(1, &["init"]).ok();
    assert!(!net.chant(1, &["status"]).ok().err.contains("git chant init"));
    let spec = net.add(0, "Carried");
    net.agent(0, "echo done >>done; git add done; git commit -qm Done");
    net.chant(0, &["work", &spec]).ok();
    net.sync(0);
    net.git(0, &["push", "-q"]);
    net.git(1, &["pull", "-q"]);
    assert_eq!(net.status(1, &spec), "completed");
    assert_eq!(
        net.held(net.dir(1), &format!("refs/chant/specs/{spec}")),
        net.held(net.dir(0), &format!("refs/chant/specs/{spec}"))
    );
    // The next one brings what came since, and nothing is joined twice.
    net.chant(0, &["note", &spec, "-m", "Later"]).ok();
    net.sync(0);
    net.git(1, &["fetch", "-q"]);
    assert!(net.chant(1, &["log", &spec]).ok().out.contains("Later"));
    net.git(1, &["fsck", "--strict"]);
}
