//! Partial clones: a plain `git fetch` brings histories of specs without their files, or without their directories, too.

use std::fs;

use super::net::Net;

/// A server with three completed specs, and a partial clone of it, the second clone.
fn partial(filter: &str) -> (Net, Vec<String>) {
    let mut net = Net::new(1);
    for key in ["uploadpack.allowFilter", "uploadpack.allowAnySHA1InWant"] {
        net.sandbox.git_in(&net.server, &["config", key, "true"]);
    }
    net.agent(0, "echo \"$CHANT_SPEC_ID\" >>file; git commit -qam Work");
    let mut specs = Vec::new();
    for title in ["One", "Two", "Three"] {
        let spec = net.add(0, title);
        net.chant(0, &["work", &spec]).ok();
        specs.push(spec);
    }
    net.sync(0);
    net.git(0, &["push", "-q", "origin", "main"]);
    let url = net.git(0, &["config", "remote.origin.url"]);
    let dir = net.sandbox.dir().join("partial");
    let filter = format!("--filter={filter}");
    net.sandbox.git_in(net.sandbox.dir(), &["clone", "-q", &filter, &url, &dir.display().to_string()]);
    net.clones.push(dir);
    (net, specs)
}

/// How many times a command fetches, by whichever git it starts.
#[track_caller]
fn fetches(net: &Net, args: &[&str]) -> usize {
    let trace = net.sandbox.dir().join("trace");
    let _earlier = fs::remove_file(&trace);
    let mut command = net.sandbox.command_in(net.dir(1), env!("CARGO_BIN_EXE_git-chant"));
    net.sandbox.run(command.args(args).env("GIT_TRACE2_EVENT", &trace)).ok();
    let traced = fs::read_to_string(&trace).unwrap_or_default();
    let is_fetch = |line: &&str| line.contains("\"event\":\"start\"") && line.contains("\"fetch\"");
    traced.lines().filter(is_fetch).count()
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn what_a_plain_fetch_left_out_comes_at_once() {
    for (filter, most) in [("blob:none", 1), ("tree:0", 2)] {
        for into in ["refs/chant/specs/", "refs/chant-remote/origin/specs/"] {
            let (net, specs) = partial(filter);
            let refspecs = [format!("refs/chant/specs/*:{into}*"), "refs/notes/chant:refs/notes/chant".to_owned()];
            net.git(1, &["fetch", "-q", "origin", &refspecs[0], &refspecs[1]]);
            let fetched = fetches(&net, &["list", "--all"]);
            assert!((1..=most).contains(&fetched), "{filter}: {fetched} fetches");
            for args in
                [&["show", &specs[0]][..], &["log", &specs[1]], &["list", "--all"], &["status"], &["fsck", "--repair"]]
            {
                assert_eq!(fetches(&net, args), 0, "{filter}: {args:?}");
            }
            // The history of the file itself is not of the specs: directories, then files.
            let why = fetches(&net, &["why", "file:3"]);
            assert!(why <= most, "{filter}: {why} fetches");
            assert_eq!(net.status(1, &specs[2]), "completed");
            net.sync(1);
            assert_eq!(net.shared(net.dir(1)), net.shared(&net.server));
        }
    }
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn fsck_and_sync_complete_it_where_they_come_first() {
    for first in [&["fsck", "--repair"][..], &["sync"]] {
        let (net, specs) = partial("tree:0");
        net.git(1, &["fetch", "-q", "origin", "refs/chant/*:refs/chant/*", "refs/notes/chant:refs/notes/chant"]);
        net.chant(1, first).ok();
        assert_eq!(net.status(1, &specs[0]), "completed");
        net.chant(1, &["fsck"]).ok();
    }
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn what_cannot_be_fetched_stops_no_command_that_does_without() {
    let (net, specs) = partial("tree:0");
    net.git(1, &["fetch", "-q", "origin", "refs/chant/*:refs/chant/*"]);
    fs::rename(&net.server, net.sandbox.dir().join("away")).unwrap();
    net.chant(1, &["list", "--all"]).ok();
    net.chant(1, &["log", &specs[0]]).ok();
}
