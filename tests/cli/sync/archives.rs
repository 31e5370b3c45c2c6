//! Archives travel: what one clone folded needs no ref of its own anywhere, and nothing of it is lost on the way.

use std::{io::Write as _, path::Path, process::Stdio};

use serde_json::Value;

use super::net::{Net, Transport, of_way};

fn forward(count: usize) -> Vec<usize> {
    (0..count).collect()
}

fn backward(count: usize) -> Vec<usize> {
    (0..count).rev().collect()
}

/// Specs that are over and that all clones know.
fn over(net: &Net, count: usize) -> Vec<String> {
    let ids: Vec<_> = (0..count).map(|number| net.add(0, &format!("Spec {number}"))).collect();
    for id in &ids {
        net.chant(0, &["cancel", id]).ok();
    }
    net.settle(forward);
    ids
}

/// The refs of chains in `dir`, by the ids.
fn chains(net: &Net, dir: &Path) -> Vec<String> {
    let refs = net.sandbox.git_in(dir, &["for-each-ref", "--format=%(refname:lstrip=3)", "refs/chant/specs"]);
    refs.lines().map(str::to_owned).collect()
}

fn archive_of(id: &str) -> String {
    format!("refs/chant/archive/{}", &id[..7])
}

fn place(id: &str) -> String {
    format!("{}:{}/{id}", archive_of(id), &id[8..10])
}

fn ops(net: &Net, clone: usize, id: &str) -> Vec<String> {
    let log = net.chant(clone, &["log", id, "--json"]).ok().json();
    let mut ops: Vec<_> =
        log["events"].as_array().unwrap().iter().map(|event| event["op"].as_str().unwrap().to_owned()).collect();
    ops.reverse();
    ops
}

fn said<'a>(entries: &'a [Value], way: &str) -> Vec<&'a str> {
    of_way(entries, way).iter().map(|entry| entry["why"].as_str().unwrap()).collect()
}

fn goes_everywhere(transport: Transport) {
    let net = Net::over(transport, 3);
    let ids = over(&net, 4);
    net.chant(0, &["archive", &ids[0], &ids[1]]).ok();
    let sent = net.sync(0);
    assert_eq!(said(&sent, "folded"), ["2 refs there"], "{sent:?}");
    let mut left = ids[2..].to_vec();
    left.sort();
    assert_eq!(chains(&net, &net.server), left);
    let came = net.sync(1);
    assert_eq!(said(&came, "folded"), ["2 refs here"], "{came:?}");
    assert!(of_way(&came, "gone").is_empty(), "{came:?}");
    net.settle(backward);
    for clone in 0..3 {
        assert_eq!(chains(&net, net.dir(clone)), left, "clone {clone}");
        assert_eq!(net.status(clone, &ids[0]), "archived");
        assert_eq!(ops(&net, clone, &ids[1]), ["add", "cancel", "archive"]);
        assert!(net.chant(clone, &["sync"]).ok().out.starts_with("Up to date"));
        assert_eq!(net.chant(clone, &["fsck"]).ok().out, "");
    }
    // Taken out elsewhere, it is active everywhere.
    net.chant(2, &["archive", "--restore", &ids[0]]).ok();
    net.settle(forward);
    for clone in 0..3 {
        assert_eq!(net.status(clone, &ids[0]), "cancelled", "clone {clone}");
        assert!(chains(&net, net.dir(clone)).contains(&ids[0]));
    }
    net.chant(1, &["archive", &ids[0]]).ok();
    net.settle(backward);
    assert_eq!(chains(&net, &net.server), left);
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn what_one_folded_is_folded_everywhere() {
    goes_everywhere(Transport::File);
}

#[test]
#[ignore = "of archives, .ci/run tries files alone"]
fn what_one_folded_is_folded_everywhere_through_a_daemon() {
    goes_everywhere(Transport::Daemon);
}

#[test]
#[ignore = "of archives, .ci/run tries files alone"]
fn what_one_folded_is_folded_everywhere_over_http() {
    goes_everywhere(Transport::Http);
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn two_that_fold_the_same_make_the_same_commit() {
    let net = Net::new(2);
    let ids = over(&net, 3);
    for id in &ids {
        net.chant(0, &["archive", id]).ok();
        net.chant(0, &["sync"]).ok();
    }
    // Both have the refs only, as if another version had archived them.
    net.git(0, &["push", "-q", "origin", "--delete", &archive_of(&ids[0])]);
    let tips: Vec<_> = ids.iter().map(|id| net.git(0, &["rev-parse", &place(id)])).collect();
    for clone in [0, 1] {
        net.git(clone, &["fetch", "-q", &net.dir(0).display().to_string(), &archive_of(&ids[0])]);
    }
    for clone in [0, 1] {
        let tracked = format!("refs/chant-remote/origin/archive/{}", &ids[0][..7]);
        for name in [archive_of(&ids[0]), tracked] {
            net.git(clone, &["update-ref", "-d", &name]);
        }
        for (id, tip) in ids.iter().zip(&tips) {
            net.git(clone, &["update-ref", &format!("refs/chant/specs/{id}"), tip]);
        }
        net.chant(clone, &["archive", "--fold"]).ok();
    }
    assert_eq!(net.held(net.dir(0), &archive_of(&ids[0])), net.held(net.dir(1), &archive_of(&ids[0])));
    net.settle(forward);
    assert_eq!(chains(&net, &net.server), Vec::<String>::new());
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn archives_that_went_apart_hold_what_both_held() {
    let net = Net::new(3);
    let ids = over(&net, 6);
    net.chant(0, &["archive", &ids[0], &ids[1]]).ok();
    net.chant(1, &["archive", &ids[2], &ids[3]]).ok();
    net.chant(2, &["archive", &ids[4]]).ok();
    net.settle(forward);
    for clone in 0..3 {
        assert_eq!(chains(&net, net.dir(clone)), [ids[5].clone()], "clone {clone}");
        for id in &ids[..5] {
            assert_eq!(net.status(clone, id), "archived");
        }
    }
    net.sandbox.git_in(&net.server, &["fsck", "--strict"]);
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn one_that_both_archived_apart_comes_together() {
    let net = Net::new(3);
    let ids = over(&net, 1);
    let id = &ids[0];
    // Neither knew of the other's: an archive that something is concurrent with does not count.
    net.chant(0, &["archive", id]).ok();
    net.chant(1, &["archive", id]).ok();
    net.settle(forward);
    let status = net.status(0, id);
    for clone in 0..3 {
        assert_eq!(net.status(clone, id), status, "clone {clone}");
    }
    assert_eq!(status, "cancelled");
    net.chant(2, &["archive", id]).ok();
    net.settle(backward);
    for clone in 0..3 {
        assert_eq!(net.status(clone, id), "archived", "clone {clone}");
        assert!(chains(&net, net.dir(clone)).is_empty());
        assert_eq!(net.chant(clone, &["fsck"]).ok().code, 0);
    }
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn news_from_elsewhere_make_a_folded_spec_active() {
    let net = Net::new(3);
    let ids = over(&net, 2);
    net.chant(0, &["archive", &ids[0], &ids[1]]).ok();
    // While clone 0 puts it away, clone 1 takes it up again.
    net.chant(1, &["reset", &ids[0]]).ok();
    net.settle(forward);
    for clone in 0..3 {
        assert_eq!(net.status(clone, &ids[0]), "pending", "clone {clone}");
        assert_eq!(net.status(clone, &ids[1]), "archived", "clone {clone}");
        assert_eq!(chains(&net, net.dir(clone)), [ids[0].clone()], "clone {clone}");
    }
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn what_moved_on_the_server_is_not_deleted_there() {
    let net = Net::new(2);
    let ids = over(&net, 1);
    let name = format!("refs/chant/specs/{}", ids[0]);
    net.chant(0, &["archive", &ids[0]]).ok();
    net.chant(1, &["reset", &ids[0]]).ok();
    net.sync(1);
    let news = net.held(&net.server, &name);
    // Without a fetch it knows nothing of that, and the lease on what it knows holds.
    let ran = net.chant(0, &["sync", "--push"]);
    assert_eq!(net.held(&net.server, &name), news, "{ran:?}");
    net.settle(forward);
    assert_eq!(net.status(0, &ids[0]), "pending");
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_server_that_deletes_nothing_keeps_its_refs_without_a_warning() {
    let net = Net::new(2);
    net.hook("update", "case $3 in *[!0]*) exit 0;; *) echo nothing is deleted here; exit 1;; esac");
    let ids = over(&net, 2);
    net.chant(0, &["archive", &ids[0]]).ok();
    net.sync(0);
    assert!(!net.held(&net.server, &archive_of(&ids[0])).is_empty());
    assert_eq!(chains(&net, &net.server).len(), 2);
    net.sync(1);
    for clone in [0, 1, 0] {
        assert!(net.chant(clone, &["sync"]).ok().out.starts_with("Up to date"), "clone {clone}");
        assert_eq!(chains(&net, net.dir(clone)), [ids[1].clone()], "clone {clone}");
        assert_eq!(net.status(clone, &ids[0]), "archived");
    }
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn archives_travel_by_branches_too() {
    let net = Net::new(3);
    for prefix in ["refs/chant", "refs/notes"] {
        net.sandbox.git_in(&net.server, &["config", "--add", "transfer.hideRefs", prefix]);
    }
    let ids: Vec<_> = (0..3).map(|number| net.add(0, &format!("Spec {number}"))).collect();
    for id in &ids {
        net.chant(0, &["cancel", id]).ok();
    }
    net.converge(forward);
    net.chant(0, &["archive", &ids[0]]).ok();
    net.chant(1, &["archive", &ids[1]]).ok();
    net.converge(backward);
    for clone in 0..3 {
        assert_eq!(chains(&net, net.dir(clone)), [ids[2].clone()], "clone {clone}");
    }
}

#[test]
fn a_late_clone_gets_what_was_archived() {
    let mut net = Net::new(1);
    let ids = over(&net, 2);
    net.chant(0, &["archive", &ids[0], &ids[1]]).ok();
    net.sync(0);
    let late = net.add_clone(&format!("file://{}", net.server.display()));
    net.sync(late);
    assert_eq!(net.show(late, &ids[0][15..])["title"], "Spec 0");
    assert!(net.chant(late, &["list", "--archived"]).ok().out.contains("Spec 1"));
    assert_eq!(net.chant(late, &["fsck"]).ok().out, "");
}

fn feed(net: &Net, args: &[&str], input: &str) -> String {
    let mut git = net.sandbox.command_in(&net.server, "git");
    let mut child = git.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let ended = child.wait_with_output().unwrap();
    assert!(ended.status.success(), "git {args:?}");
    String::from_utf8(ended.stdout).unwrap().trim().to_owned()
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_hostile_archive_is_kept_out_and_said_to_be() {
    let net = Net::new(2);
    let ids = over(&net, 2);
    let open = net.add(0, "Still open");
    net.chant(0, &["archive", &ids[0]]).ok();
    net.settle(forward);
    let good = net.held(&net.server, &archive_of(&ids[0]));
    let open_tip = net.held(&net.server, &format!("refs/chant/specs/{open}"));
    let (day, name) = (&ids[0][8..10], archive_of(&ids[0]));
    let folded = net.git(0, &["rev-parse", &place(&ids[0])]);
    let put = |entries: &str, folder: &str, parents: &[&str]| {
        let below = feed(&net, &["mktree", "--missing"], entries);
        let root = feed(&net, &["mktree"], &format!("040000 tree {below}\t{folder}\n"));
        let mut args = vec!["commit-tree", &root];
        parents.iter().for_each(|parent| args.extend(["-p", parent]));
        let commit = feed(&net, &args, "a lie\n");
        net.sandbox.git_in(&net.server, &["update-ref", &name, &commit]);
    };
    let own = format!("160000 commit {folded}\t{}\n", ids[0]);
    let kept_out = |why: &str| {
        for clone in [0, 1] {
            let ran = net.chant(clone, &["sync", "--json"]);
            assert_eq!(ran.code, 1, "{ran:?}");
            let entries = super::net::exchanged(&ran);
            let unfit = said(&entries, "unfit");
            assert!(unfit.len() == 1 && unfit[0].contains(why), "{entries:?}");
            assert_eq!(net.held(net.dir(clone), &name), good);
            assert_eq!(net.status(clone, &open), "pending");
            let people = net.chant(clone, &["sync"]);
            assert!(!people.out.contains(['\u{1b}', '\u{202e}']), "{people:?}");
        }
        assert!(!net.held(&net.server, &format!("refs/chant/specs/{open}")).is_empty());
    };
    // Another person's open spec, archived.
    put(&format!("{own}160000 commit {open_tip}\t{open}\n"), day, &[&good, &open_tip]);
    kept_out("it is pending, not archived");
    // The chain of another spec in the place of one.
    put(&format!("{own}160000 commit {folded}\t{}\n", ids[1]), day, &[&good]);
    kept_out("holds no event of this spec");
    // What it names and does not keep would be gone with the next collection of garbage.
    put(&format!("{own}160000 commit {}\t{}\n", "1".repeat(40), ids[1]), day, &[&good]);
    kept_out("is missing");
    // Names that lead elsewhere.
    put(&format!("{own}160000 commit {folded}\t\u{202e}x\u{1b}[31m\n"), day, &[&good]);
    kept_out("is no spec of it");
    put(&own, if day == "01" { "02" } else { "01" }, &[&good]);
    kept_out("is no spec of it");
    // No commit at all.
    let blob = feed(&net, &["hash-object", "-w", "--stdin"], "blob");
    net.sandbox.git_in(&net.server, &["update-ref", &name, &blob]);
    kept_out("is no commit");
    // One that forgets: what it held stays.
    let empty = feed(&net, &["mktree"], "");
    let commit = feed(&net, &["commit-tree", &empty, "-p", &good], "nothing\n");
    net.sandbox.git_in(&net.server, &["update-ref", &name, &commit]);
    net.settle(forward);
    assert_eq!(net.status(1, &ids[0]), "archived");
    assert_eq!(net.status(0, &open), "pending");
    // A name that is no month.
    net.sandbox.git_in(&net.server, &["update-ref", "refs/chant/archive/whenever", &good]);
    let ran = net.chant(0, &["sync", "--json"]);
    assert_eq!(said(&super::net::exchanged(&ran), "unfit"), ["its name is not a month"]);
    assert_eq!(net.held(net.dir(0), "refs/chant/archive/whenever"), "");
}

#[test]
fn a_lost_answer_is_made_good_by_the_next_exchange() {
    let net = Net::new(2);
    let ids = over(&net, 2);
    net.chant(0, &["archive", &ids[0], &ids[1]]).ok();
    // As if it had died after its archive was fetched, before a ref of its own went.
    let tips: Vec<_> = ids.iter().map(|id| net.git(0, &["rev-parse", &place(id)])).collect();
    for (id, tip) in ids.iter().zip(&tips) {
        net.git(0, &["update-ref", &format!("refs/chant/specs/{id}"), tip]);
    }
    net.settle(forward);
    assert!(chains(&net, &net.server).is_empty());
    assert!(chains(&net, net.dir(0)).is_empty());
}

#[test]
fn an_archive_that_went_missing_is_named_and_fetched_again() {
    let net = Net::new(2);
    let ids = over(&net, 1);
    net.chant(0, &["archive", &ids[0]]).ok();
    net.settle(forward);
    net.git(1, &["update-ref", "-d", &archive_of(&ids[0])]);
    let found = net.chant(1, &["fsck"]);
    assert!(found.out.contains("lost-archive") || found.out.contains("this clone does not"), "{found:?}");
    net.chant(1, &["sync", "--fetch"]).ok();
    assert_eq!(net.status(1, &ids[0]), "archived");
    assert_eq!(net.chant(1, &["fsck"]).ok().out, "");
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_claim_at_the_remote_sees_what_was_archived_there() {
    let net = Net::new(2);
    let ids = over(&net, 1);
    net.chant(0, &["reset", &ids[0]]).ok();
    net.settle(forward);
    net.chant(0, &["cancel", &ids[0]]).ok();
    net.chant(0, &["archive", &ids[0]]).ok();
    net.sync(0);
    net.agent(1, "echo never >>\"$HOME/ran\"");
    let ran = net.chant(1, &["work", &ids[0], "--claim", "remote"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert_eq!(net.status(1, &ids[0]), "archived");
    assert!(!net.sandbox.dir().join("home/ran").exists());
}
