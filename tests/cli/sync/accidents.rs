//! What plain git commands do to the refs when they are told to: detected, explained, mended.

use serde_json::Value;

use super::net::{Net, of_way};

fn problems(net: &Net, clone: usize, args: &[&str]) -> Vec<Value> {
    net.chant(clone, &[&["fsck", "--json"], args].concat()).json()["problems"].as_array().unwrap().clone()
}

fn codes(problems: &[Value]) -> Vec<&str> {
    problems.iter().map(|problem| problem["code"].as_str().unwrap()).collect()
}

/// Mends, and finds nothing afterwards.
#[track_caller]
fn mend(net: &Net, clone: usize, code: &str) {
    let found = problems(net, clone, &[]);
    assert_eq!(codes(&found), [code], "{found:?}");
    assert!(found[0]["help"].as_str().unwrap().contains("git chant fsck --repair"), "{found:?}");
    let mended = problems(net, clone, &["--repair"]);
    assert!(mended.iter().all(|problem| problem["repaired"] == true), "{mended:?}");
    assert!(problems(net, clone, &[]).is_empty());
}

/// Two clones with one spec, of which the first knows more than the server.
fn ahead() -> (Net, String, Vec<String>) {
    let net = Net::new(2);
    let spec = net.add(0, "Ahead");
    net.settle(|count| (0..count).collect());
    net.chant(0, &["approve", &spec]).ok();
    net.chant(0, &["reject", &spec, "-m", "No"]).ok();
    let events = net.events(0);
    (net, spec, events)
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_mirror_push_from_a_clone_without_it_is_mended_by_a_sync() {
    let mut net = Net::new(2);
    let spec = net.add(0, "Mirrored away");
    net.settle(|count| (0..count).collect());
    let before = net.shared(&net.server);
    let stranger = net.add_clone(&format!("file://{}", net.server.display()));
    net.git(stranger, &["push", "-q", "--mirror", "origin"]);
    assert_eq!(net.shared(&net.server), "");
    let entries = net.sync(1);
    assert_eq!((of_way(&entries, "gone").len(), of_way(&entries, "pushed").len()), (1, 1), "{entries:?}");
    assert_eq!(net.shared(&net.server), before);
    net.settle(|count| (0..count).collect());
    assert_eq!(net.status(stranger, &spec), "pending");
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_fetch_by_force_over_newer_events_is_mended_from_the_log() {
    let (net, _, events) = ahead();
    net.git(0, &["fetch", "-q", "origin", "+refs/chant/*:refs/chant/*"]);
    assert_ne!(net.events(0), events);
    net.chant(0, &["fsck"]).fails(1, &["moved by force", "2 events"]);
    mend(&net, 0, "clobbered");
    assert_eq!(net.events(0), events);
    net.settle(|count| (0..count).collect());
}

#[test]
fn a_chain_that_was_deleted_here_is_taken_from_what_the_remote_had() {
    let (net, spec, events) = ahead();
    net.sync(0);
    net.git(0, &["update-ref", "-d", &format!("refs/chant/specs/{spec}")]);
    let found = problems(&net, 0, &[]);
    assert!(codes(&found).contains(&"lost-chain"), "{found:?}");
    net.chant(0, &["fsck", "--repair"]);
    assert!(events.iter().all(|event| net.events(0).contains(event)));
    net.settle(|count| (0..count).collect());
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn what_only_this_clone_knew_comes_back_after_a_prune() {
    let (net, ..) = ahead();
    net.sync(0);
    let (done, open) = (net.add(0, "Done"), net.add(0, "Open"));
    net.agent(0, "cat >/dev/null; echo work >work; git add work; git commit -qm Work");
    net.chant(0, &["work", &done]).ok();
    net.chant(0, &["approve", &open]).ok();
    let (shared, events) = (net.shared(net.dir(0)), net.events(0));
    net.git(0, &["-c", "remote.origin.fetch=+refs/chant/*:refs/chant/*", "fetch", "-q", "--prune", "origin"]);
    assert_ne!(net.events(0), events);
    // The log went with the ref. One has its file on the branch, the other only in the work tree; neither is taken for new.
    let found = problems(&net, 0, &[]);
    assert_eq!(codes(&found), ["lost-chain", "lost-chain"], "{found:?}");
    net.chant(0, &["fsck", "--repair"]).ok();
    assert!(problems(&net, 0, &[]).is_empty());
    assert_eq!((net.shared(net.dir(0)), net.events(0)), (shared, events));
    assert_eq!((net.status(0, &done), net.status(0, &open)), ("completed".to_owned(), "pending".to_owned()));
    net.settle(|count| (0..count).collect());
}

#[test]
fn of_two_ends_of_a_chain_that_is_gone_a_person_chooses() {
    let (net, spec, _) = ahead();
    let name = format!("refs/chant/specs/{spec}");
    let tip = net.held(net.dir(0), &name);
    net.git(0, &["update-ref", &name, "HEAD"]);
    net.git(0, &["update-ref", &name, &format!("{tip}~1")]);
    net.chant(0, &["approve", &spec]).ok();
    let other = net.held(net.dir(0), &name);
    for name in [&name, &format!("refs/chant-remote/origin/specs/{spec}")] {
        net.git(0, &["update-ref", "-d", name]);
    }
    let found = problems(&net, 0, &["--repair"]);
    assert_eq!(codes(&found), ["lost-chain"], "{found:?}");
    let help = found[0]["help"].as_str().unwrap();
    assert!(help.contains(&tip) && help.contains(&other), "{help}");
    net.git(0, &["update-ref", &name, &other]);
    assert!(problems(&net, 0, &[]).iter().all(|problem| problem["code"] != "lost-chain"));
}

#[test]
fn a_sync_that_died_after_the_fetch_is_finished_by_a_repair() {
    let (net, _, events) = ahead();
    net.sync(0);
    let specs = "+refs/chant/specs/*:refs/chant-remote/origin/specs/*";
    net.git(1, &["fetch", "-q", "origin", specs]);
    mend(&net, 1, "behind");
    assert_eq!(net.events(1), events);
}

#[test]
fn settings_that_overwrite_our_refs_are_named_with_the_way_out() {
    let (net, ..) = ahead();
    let settings = [
        ("remote.origin.fetch", "+refs/chant/*:refs/chant/*", "overwrites events that only this clone has"),
        ("remote.origin.fetch", "+refs/*:refs/*", "overwrites events that only this clone has"),
        ("remote.origin.fetch", "refs/notes/*:refs/notes/*", "deletes specs"),
        ("remote.origin.push", "+refs/chant/*:refs/chant/*", "deletes other clones' events"),
        ("remote.origin.mirror", "true", "deletes other clones' events"),
    ];
    for (key, value, says) in settings {
        net.git(0, &["config", "--add", key, value]);
        let found = problems(&net, 0, &[]);
        assert_eq!(codes(&found), ["dangerous-setting"], "{key} {value}");
        assert!(found[0]["message"].as_str().unwrap().contains(says), "{found:?}");
        let help = found[0]["help"].as_str().unwrap();
        let command = help.split_once(": ").unwrap().1;
        assert_eq!(net.sandbox.run(net.sandbox.command_in(net.dir(0), "sh").args(["-c", command])).code, 0, "{help}");
        assert!(problems(&net, 0, &[]).is_empty(), "{key} {value}");
    }
    // What harms nothing is left in peace.
    for (key, value) in [
        ("remote.origin.fetch", "+refs/heads/*:refs/remotes/other/*"),
        ("remote.origin.fetch", "+refs/chant/*:refs/their-chant/*"),
        ("remote.origin.push", "refs/chant/*:refs/chant/*"),
    ] {
        net.git(0, &["config", "--add", key, value]);
    }
    assert!(problems(&net, 0, &[]).is_empty());
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn shallow_and_partial_clones_take_part() {
    let (mut net, spec, _) = ahead();
    net.sandbox.git_in(&net.server, &["config", "uploadpack.allowFilter", "true"]);
    net.sync(0);
    let url = format!("file://{}", net.server.display());
    for option in ["--depth=1", "--filter=blob:none", "--filter=tree:0"] {
        let dir = net.sandbox.dir().join(format!("clone{option}"));
        net.sandbox.git_in(net.sandbox.dir(), &["clone", "-q", option, &url, &dir.display().to_string()]);
        net.clones.push(dir);
        let clone = net.clones.len() - 1;
        net.sync(clone);
        assert_eq!(net.show(clone, &spec)["title"], "Ahead", "{option}");
        net.chant(clone, &["approve", &spec, "-m", &option[2..]]).ok();
        net.chant(0, &["reject", &spec, "-m", &option[2..]]).ok();
        net.settle(|count| (0..count).collect());
    }
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn in_a_shallow_clone_why_says_how_to_get_the_history() {
    let mut net = Net::new(1);
    let spec = net.add(0, "Lines");
    net.agent(0, "echo line >lines; git add -A; git commit -qm Lines");
    net.chant(0, &["work", &spec]).ok();
    std::fs::write(net.dir(0).join("other"), "other\n").unwrap();
    net.git(0, &["add", "-A"]);
    net.git(0, &["commit", "-qm", "Other"]);
    net.git(0, &["push", "-q"]);
    net.sync(0);
    let (url, dir) = (format!("file://{}", net.server.display()), net.sandbox.dir().join("late"));
    net.sandbox.git_in(net.sandbox.dir(), &["clone", "-q", "--depth=1", &url, &dir.display().to_string()]);
    net.clones.push(dir);
    net.sync(1);
    net.chant(1, &["why", "lines:1"]).fails(1, &["this clone is shallow", "git fetch --unshallow origin"]);
    net.git(1, &["fetch", "-q", "--unshallow", "origin"]);
    net.chant(1, &["why", "lines:1"]).ok();
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_chain_that_is_cut_off_is_named_and_taken_nowhere() {
    let (mut net, spec, events) = ahead();
    net.sync(0);
    let late = net.add_clone(&format!("file://{}", net.server.display()));
    net.git(late, &["fetch", "-q", "--depth=1", "origin", "refs/chant/specs/*:refs/chant/specs/*"]);
    let found = problems(&net, late, &[]);
    let missing =
        found.iter().find(|problem| problem["code"] == "missing-event").unwrap_or_else(|| panic!("{found:?}"));
    let help = missing["help"].as_str().unwrap();
    let command = help.split_once(": ").unwrap().1;
    assert_eq!(net.sandbox.run(net.sandbox.command_in(net.dir(late), "sh").args(["-c", command])).code, 0, "{help}");
    assert_eq!(net.events(late), events);
    net.chant(late, &["fsck", "--repair"]);
    net.settle(|count| (0..count).collect());
    assert_eq!(net.status(late, &spec), "pending");
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn what_is_cut_off_below_a_merge_is_not_guessed_and_no_hint_deletes_it() {
    let (mut net, spec, _) = ahead();
    net.chant(0, &["cancel", &spec]).ok();
    net.chant(1, &["approve", &spec]).ok();
    net.settle(|count| (0..count).collect());
    let late = net.add_clone(&format!("file://{}", net.server.display()));
    // The merge and one event on each side of it: which of the two came first is below.
    net.git(late, &["fetch", "-q", "--depth=2", "origin", "refs/chant/specs/*:refs/chant/specs/*"]);
    let way_out = "git fetch --unshallow";
    net.chant(late, &["work", &spec]).fails(128, &["is not in this repository", way_out]);
    net.chant(late, &["cancel", &spec]).fails(128, &[way_out]);
    let listed = net.chant(late, &["list", "--json"]).ok().json()["specs"][0].clone();
    assert_eq!(listed["ready"], false, "{listed}");
    // News of it cannot be judged either.
    net.chant(0, &["reset", &spec]).ok();
    net.sync(0);
    let ran = net.chant(late, &["sync"]).fails(1, &[way_out]);
    assert!(ran.out.contains("unfit") && !ran.err.contains("git push"), "{}{}", ran.out, ran.err);
    let found = problems(&net, late, &[]);
    assert!(
        found.iter().all(|problem| !problem["help"].as_str().unwrap_or_default().contains("git push")),
        "{found:?}"
    );
    net.git(late, &["fetch", "-q", "--unshallow", "origin"]);
    net.settle(|count| (0..count).collect());
}

#[test]
fn a_clone_that_shares_the_objects_of_another_has_lost_nothing() {
    let (mut net, spec, events) = ahead();
    let (from, path) = (net.dir(0).to_owned(), format!(".chant/specs/{spec}.md"));
    // Git makes hard links of all objects.
    let shared = net.add_clone(&from.display().to_string());
    net.git(shared, &["cat-file", "-e", events[0].split_whitespace().next().unwrap()]);
    std::fs::create_dir_all(net.dir(shared).join(".chant/specs")).unwrap();
    std::fs::copy(from.join(&path), net.dir(shared).join(&path)).unwrap();
    net.git(shared, &["add", "-A"]);
    net.git(shared, &["commit", "-q", "--allow-empty", "-m", "The spec"]);
    assert_eq!(problems(&net, shared, &[]), [Value::Null; 0]);
}
