//! What is refused, gone, rewritten or out of reach: said, and nothing lost.

use super::net::{Net, exchanged, of_way};

/// A clone with one spec that the server has.
fn shared() -> (Net, String) {
    let net = Net::new(2);
    let spec = net.add(0, "Shared");
    net.settle(|count| (0..count).collect());
    (net, spec)
}

fn ref_of(spec: &str) -> String {
    format!("refs/chant/specs/{spec}")
}

#[test]
fn silent_mode_pushes_nothing_unless_told_where() {
    let net = Net::new(2);
    net.chant(0, &["init", "--silent"]).ok();
    net.agent(0, "echo work >file; git commit -qam Work");
    let spec = net.add(0, "Private");
    net.chant(0, &["work", &spec]).ok();
    let ran = net.chant(0, &["sync"]).ok();
    assert!(ran.err.contains("git config chant.remote origin"), "{}", ran.err);
    assert_eq!(net.shared(&net.server), "");
    net.chant(0, &["sync", "--push"]).ok();
    assert_eq!(net.shared(&net.server), "");
    // What others have comes all the same.
    let other = net.add(1, "Public");
    net.sync(1);
    net.sync(0);
    assert_eq!(net.status(0, &other), "pending", "{spec} {other} {}", net.chant(0, &["log", &other]).out);
    assert!(!net.shared(&net.server).contains(&spec));
    net.git(0, &["config", "chant.remote", "origin"]);
    net.sync(0);
    assert_eq!(net.shared(&net.server), net.shared(net.dir(0)));
}

#[test]
fn a_dry_run_writes_nothing_and_says_what_would_be_done() {
    let (net, spec) = shared();
    let (ours, theirs) = (net.add(0, "Ours"), net.add(1, "Theirs"));
    net.sync(1);
    net.chant(1, &["approve", &spec]).ok();
    net.sync(1);
    let (refs, objects) = (net.all_refs(0), net.git(0, &["count-objects", "-v"]));
    let server = net.shared(&net.server);
    let ran = net.chant(0, &["sync", "-n", "--json"]).ok();
    let entries = exchanged(&ran);
    let specs =
        |way| of_way(&entries, way).iter().filter_map(|e| e["spec"].as_str().map(str::to_owned)).collect::<Vec<_>>();
    let mut fetched = vec![spec.clone(), theirs.clone()];
    fetched.sort();
    assert_eq!((specs("fetched"), specs("pushed")), (fetched, vec![ours.clone()]), "{entries:?}");
    assert_eq!((net.all_refs(0), net.git(0, &["count-objects", "-v"])), (refs, objects));
    assert_eq!(net.shared(&net.server), server);
    let people = net.chant(0, &["sync", "-n"]).ok();
    assert!(people.out.starts_with("Would exchange with origin\n"), "{}", people.out);
    net.sync(0);
    assert!(exchanged(&net.chant(0, &["sync", "-n", "--json"]).ok()).is_empty());
}

#[test]
fn each_half_does_its_half_alone() {
    let (net, spec) = shared();
    let ours = net.add(0, "Ours");
    net.chant(1, &["approve", &spec]).ok();
    net.sync(1);
    let server = net.shared(&net.server);
    let entries = exchanged(&net.chant(0, &["sync", "--fetch", "--json"]).ok());
    assert_eq!((of_way(&entries, "fetched").len(), entries.len()), (1, 1), "{entries:?}");
    assert_eq!(net.shared(&net.server), server);
    net.chant(1, &["reject", &spec, "-m", "No"]).ok();
    net.sync(1);
    let before = net.held(net.dir(0), &ref_of(&spec));
    let entries = exchanged(&net.chant(0, &["sync", "--push", "--json"]).ok());
    assert_eq!((of_way(&entries, "pushed").len(), entries.len()), (1, 1), "{entries:?}");
    assert_eq!(net.held(net.dir(0), &ref_of(&spec)), before);
    assert_eq!(net.held(&net.server, &ref_of(&ours)), net.held(net.dir(0), &ref_of(&ours)));
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn to_push_what_is_behind_is_refused_until_it_is_fetched() {
    let (net, spec) = shared();
    net.chant(1, &["approve", &spec]).ok();
    net.sync(1);
    net.chant(0, &["reject", &spec, "-m", "No"]).ok();
    let server = net.shared(&net.server);
    let ran = net.chant(0, &["sync", "--push"]).fails(1, &["refused", "fetch first"]);
    assert!(ran.out.contains("refused"), "{}", ran.out);
    assert_eq!(net.shared(&net.server), server);
    net.settle(|count| (0..count).collect());
}

#[test]
fn a_ref_that_the_server_lost_is_named_and_given_back() {
    let (net, spec) = shared();
    let tip = net.held(net.dir(0), &ref_of(&spec));
    net.sandbox.git_in(&net.server, &["update-ref", "-d", &ref_of(&spec)]);
    let told = exchanged(&net.chant(0, &["sync", "-n", "--json"]).ok());
    assert_eq!(net.held(&net.server, &ref_of(&spec)), "");
    let entries = net.sync(0);
    assert_eq!(told, entries);
    assert_eq!(of_way(&entries, "gone").len(), 1, "{entries:?}");
    assert_eq!(of_way(&entries, "pushed").len(), 1, "{entries:?}");
    assert_eq!(net.held(&net.server, &ref_of(&spec)), tip);
    assert_eq!(net.held(net.dir(0), &ref_of(&spec)), tip);
    net.settle(|count| (0..count).collect());
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_server_that_lost_everything_is_filled_again() {
    let (net, spec) = shared();
    net.agent(0, "echo work >file; git commit -qam Work");
    net.chant(0, &["work", &spec]).ok();
    net.settle(|count| (0..count).collect());
    let before = net.shared(net.dir(0));
    // The effect of 'git push --mirror' from a clone without any of these refs.
    for line in net.shared(&net.server).lines() {
        net.sandbox.git_in(&net.server, &["update-ref", "-d", line.split(' ').next().unwrap()]);
    }
    net.sync(1);
    assert_eq!(net.shared(&net.server), before);
    assert_eq!(net.shared(net.dir(1)), before);
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_chain_that_the_server_cut_back_is_given_back_whole() {
    let (net, spec) = shared();
    net.chant(0, &["approve", &spec]).ok();
    net.settle(|count| (0..count).collect());
    let tip = net.held(net.dir(0), &ref_of(&spec));
    net.sandbox.git_in(&net.server, &["update-ref", &ref_of(&spec), &format!("{tip}^")]);
    let entries = net.sync(0);
    assert_eq!(of_way(&entries, "rewritten").len(), 1, "{entries:?}");
    assert_eq!(net.held(&net.server, &ref_of(&spec)), tip);
    assert_eq!(net.held(net.dir(0), &ref_of(&spec)), tip);
    net.settle(|count| (0..count).collect());
}

#[test]
fn a_rewritten_history_loses_nothing() {
    let (net, spec) = shared();
    net.chant(0, &["approve", &spec]).ok();
    net.settle(|count| (0..count).collect());
    let known = net.events(0);
    // These events once more, by another hand: other ids, no history in common.
    let name = ref_of(&spec);
    net.git(1, &["update-ref", "-d", &name]);
    net.git(1, &["update-ref", "-d", &format!("refs/chant-remote/origin/specs/{spec}")]);
    // Without this the repair would find the old ones among the objects.
    net.git(1, &["gc", "-q", "--prune=now"]);
    let file = net.dir(1).join(".chant/specs").join(format!("{spec}.md"));
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    let text = net.git(0, &["show", &format!("{name}^:spec.md")]);
    std::fs::write(&file, text + "\n").unwrap();
    net.chant(1, &["fsck", "--repair"]).ok();
    net.git(1, &["push", "-q", "-f", "origin", &format!("{name}:{name}")]);
    let theirs = net.events(1);
    assert_ne!(theirs, known);
    let entries = net.sync(0);
    assert_eq!(of_way(&entries, "rewritten").len(), 1, "{entries:?}");
    let merged = of_way(&entries, "merged");
    assert!(merged[0]["why"].as_str().unwrap().contains("no event in common"), "{entries:?}");
    let now = net.events(0);
    assert!(known.iter().chain(&theirs).all(|event| now.contains(event)), "{now:?}");
    net.settle(|count| (0..count).collect());
    let found = net.chant(1, &["fsck"]).ok();
    assert!(found.out.contains("it was created in 2 clones"), "{}", found.out);
}

#[test]
fn one_ref_that_a_hook_refuses_stops_no_other() {
    let (net, spec) = shared();
    net.hook("update", &format!("if test $1 = {}; then echo 'not \u{1b}[31mthis one' >&2; exit 1; fi", ref_of(&spec)));
    net.chant(0, &["approve", &spec]).ok();
    let other = net.add(0, "Welcome");
    let ran = net.chant(0, &["sync"]).fails(1, &["refused", "hook declined"]);
    assert!(!ran.err.contains('\u{1b}') && !ran.out.contains('\u{1b}'), "{ran:?}");
    assert_eq!(net.held(&net.server, &ref_of(&other)), net.held(net.dir(0), &ref_of(&other)));
    // It is tried again each time, and goes when it may.
    net.chant(0, &["sync"]).fails(1, &["hook declined"]);
    std::fs::remove_file(net.server.join("hooks/update")).unwrap();
    assert_eq!(of_way(&net.sync(0), "pushed").len(), 1);
    assert_eq!(net.held(&net.server, &ref_of(&spec)), net.held(net.dir(0), &ref_of(&spec)));
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_remote_out_of_reach_is_fatal_and_costs_nothing() {
    let (net, spec) = shared();
    net.chant(0, &["approve", &spec]).ok();
    let refs = net.all_refs(0);
    std::fs::rename(&net.server, net.sandbox.dir().join("away")).unwrap();
    for args in [&["sync"][..], &["sync", "--fetch"], &["sync", "--push"], &["sync", "-n"]] {
        net.chant(0, args).fails(128, &["fatal: could not", "'origin'", "hint: nothing is lost"]);
        assert_eq!(net.all_refs(0), refs, "{args:?}");
    }
    let ran = net.chant(0, &["sync", "--json"]);
    assert_eq!((ran.code, ran.json()["error"]["code"].as_str().unwrap()), (128, "remote-unreachable"));
    std::fs::rename(net.sandbox.dir().join("away"), &net.server).unwrap();
    net.settle(|count| (0..count).collect());
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_connection_that_breaks_in_the_middle_of_a_push_loses_nothing() {
    let (net, spec) = shared();
    for number in 0..3 {
        net.add(0, &format!("Number {number}"));
    }
    net.chant(0, &["approve", &spec]).ok();
    // The server dies after it took the objects, before it answers.
    net.hook("post-receive", "kill -9 $PPID");
    let ran = net.chant(0, &["sync"]);
    assert!([0, 128].contains(&ran.code), "{ran:?}");
    net.hook("post-receive", "true");
    net.settle(|count| (0..count).collect());
    assert_eq!(net.statuses(1).len(), 4);
}

#[test]
fn no_remote_and_too_many_are_said() {
    let (net, _) = shared();
    net.git(0, &["remote", "add", "other", "file:///nowhere"]);
    net.git(0, &["remote", "rename", "origin", "main-one"]);
    net.chant(0, &["sync"]).fails(128, &["several remotes", "main-one, other", "git config chant.remote"]);
    net.chant(0, &["sync", "absent"]).fails(128, &["'absent' is not the name of a remote"]);
    net.chant(0, &["sync", "main-one"]).ok();
    net.git(0, &["remote", "remove", "other"]);
    net.git(0, &["remote", "remove", "main-one"]);
    net.chant(0, &["sync"]).fails(128, &["no remote", "git remote add origin"]);
    net.chant(0, &["sync", "--fetch", "--push"]).fails(129, &["--push"]);
}
