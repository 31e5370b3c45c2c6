//! A sync with nothing to do costs next to nothing, and still finds everything that is to be done.

use super::net::{Net, of_way};

/// What a sync of a clone runs, by the verbs of git.
fn runs(net: &Net, clone: usize) -> Vec<String> {
    let mut command = net.sandbox.command_in(net.dir(clone), env!("CARGO_BIN_EXE_git-chant"));
    let ran = net.sandbox.run(command.args(["sync", "--quiet"]).env("CHANT_TRACE", "1")).ok();
    let verbs = ["fetch", "ls-remote", "push", "update-ref"];
    let lines = ran.err.lines().filter(|line| line.contains(" ms  git ") && !line.contains(" git chant"));
    lines
        .map(|line| line.split(' ').find(|word| verbs.contains(word)).map_or_else(|| line.to_owned(), str::to_owned))
        .collect()
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_sync_with_nothing_to_do_asks_once_and_no_more() {
    let net = Net::new(2);
    let ids: Vec<_> = (0..3).map(|number| net.add(0, &format!("Spec {number}"))).collect();
    for id in &ids[..2] {
        net.chant(0, &["cancel", id]).ok();
    }
    net.chant(0, &["archive", &ids[0], &ids[1]]).ok();
    // One that is in the archive and has a ref again.
    net.chant(0, &["archive", "--restore", &ids[1]]).ok();
    net.settle(|count| (0..count).collect());
    for clone in [0, 1] {
        assert_eq!(runs(&net, clone), ["ls-remote"]);
        net.git(clone, &["pack-refs", "--all"]);
        assert_eq!(runs(&net, clone), ["ls-remote"]);
    }
    // Nor does a ref that has nothing to do with it change that.
    net.sandbox.git_in(&net.server, &["update-ref", "refs/heads/other", "HEAD"]);
    assert_eq!(runs(&net, 1), ["ls-remote"]);
    net.add(0, "One more");
    assert_eq!(runs(&net, 0), ["ls-remote", "push"]);
    assert_eq!(runs(&net, 1), ["ls-remote", "fetch"]);
    assert_eq!(runs(&net, 1), ["ls-remote"]);
}

#[test]
fn what_a_death_left_behind_is_not_taken_for_nothing_to_do() {
    let net = Net::new(2);
    let id = net.add(0, "Over");
    net.chant(0, &["cancel", &id]).ok();
    net.settle(|count| (0..count).collect());
    let name = format!("refs/chant/specs/{id}");
    net.chant(0, &["archive", &id]).ok();
    net.sync(0);
    // As if both had died after the archive moved and before the ref went: they hold the same, but too much.
    let tracked = format!("refs/chant-remote/origin/specs/{id}");
    let tip = net.git(0, &["rev-parse", &format!("refs/chant/archive/{}:{}/{id}", &id[..7], &id[8..10])]);
    for name in [&name, &tracked] {
        net.git(0, &["update-ref", name, tip.trim()]);
    }
    net.git(0, &["push", "-q", "origin", &format!("{}:{name}", tip.trim())]);
    let entries = net.sync(0);
    assert_eq!(of_way(&entries, "folded")[0]["why"], "1 ref here, 1 ref there", "{entries:?}");
    assert_eq!(net.held(&net.server, &name) + &net.held(net.dir(0), &name), "");
}

/// More refs than are pushed one by one, which all hold `tip`.
fn many(net: &Net, clone: usize, tip: &str) {
    let dir = net.dir(clone).display().to_string();
    let script = format!(
        "for n in $(seq 100 349); do echo \"create refs/chant/specs/2026-01-01-$n-a$n {tip}\"; done | git -C '{dir}' update-ref --stdin"
    );
    assert!(net.sandbox.command_in(net.dir(clone), "sh").args(["-c", &script]).status().unwrap().success());
}

#[test]
fn many_refs_go_in_one_push() {
    let net = Net::new(1);
    let id = net.add(0, "One");
    let name = format!("refs/chant/specs/{id}");
    let first = net.held(net.dir(0), &name);
    many(&net, 0, &first);
    // What the remote took is written down by two hundred.
    assert_eq!(runs(&net, 0), ["ls-remote", "push", "update-ref", "update-ref"]);
    assert_eq!(net.shared(&net.server), net.shared(net.dir(0)));
    assert_eq!(net.shared(&net.server).lines().count(), 251);
    assert_eq!(runs(&net, 0), ["ls-remote"]);
}

#[test]
fn what_moves_while_many_are_pushed_is_tracked_as_what_was_sent() {
    let net = Net::new(1);
    let id = net.add(0, "One");
    let name = format!("refs/chant/specs/{id}");
    let first = net.held(net.dir(0), &name);
    net.chant(0, &["cancel", &id]).ok();
    let second = net.held(net.dir(0), &name);
    net.git(0, &["update-ref", &name, &first]);
    many(&net, 0, &first);
    // The hook has the environment of the server.
    let unset =
        ["GIT_DIR", "GIT_QUARANTINE_PATH", "GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES"].join(" -u ");
    let moved = format!("git -C '{}' update-ref {name} {second}", net.dir(0).display());
    net.hook("pre-receive", &format!("env -u {unset} {moved}"));
    net.sync(0);
    assert_eq!(net.held(net.dir(0), &name), second);
    let tracked = net.held(net.dir(0), &format!("refs/chant-remote/origin/specs/{id}"));
    assert_eq!(tracked, first);
    assert_eq!(net.held(&net.server, &name), first);
    net.sync(0);
    assert_eq!(net.held(&net.server, &name), second);
}
