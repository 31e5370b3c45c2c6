//! Hostile refs and objects on a server: kept out or named, never obeyed, and nothing of them reaches a terminal.

use std::{fmt::Write as _, io::Write as _, path::Path, process::Stdio};

use super::net::{Net, exchanged, of_way};
use crate::support::Ran;

const EMPTY: &str = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";

/// Two clones, one spec that both know, and its id.
fn shared() -> (Net, String) {
    let net = Net::new(2);
    let spec = net.add(0, "Shared");
    net.settle(|count| (0..count).collect());
    (net, spec)
}

/// A well-formed id without an object.
fn fresh(spec: &str) -> String {
    format!("{}-zz9", &spec[..14])
}

/// Runs git in the server with something on its stdin.
fn feed(net: &Net, args: &[&str], input: &[u8]) -> String {
    let mut git = net.sandbox.command_in(&net.server, "git");
    let mut child = git.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    let ended = child.wait_with_output().unwrap();
    assert!(ended.status.success(), "git {args:?}");
    String::from_utf8(ended.stdout).unwrap().trim().to_owned()
}

fn put(net: &Net, name: &str, id: &str) {
    net.sandbox.git_in(&net.server, &["update-ref", &format!("refs/chant/specs/{name}"), id]);
}

/// A commit of the empty tree on the server.
fn commit(net: &Net, parents: &[&str], message: &str) -> String {
    feed(net, &["hash-object", "-t", "tree", "-w", "--stdin"], b"");
    let mut args = vec!["commit-tree", EMPTY];
    parents.iter().for_each(|parent| args.extend(["-p", parent]));
    feed(net, &args, message.as_bytes())
}

fn event(spec: &str, op: &str, generation: usize, rest: &str) -> String {
    format!(
        "chant({spec}): {op}\n\nChant-Format: 1\nChant-Spec: {spec}\nChant-Op: {op}\nChant-Gen: {generation}\n{rest}"
    )
}

/// Nothing that a terminal obeys.
#[track_caller]
fn harmless(ran: &Ran) {
    for text in [&ran.out, &ran.err] {
        assert!(!text.chars().any(|c| c.is_control() && c != '\n' && c != '\t'), "{text:?}");
        assert!(!text.contains(['\u{202e}', '\u{200b}']), "{text:?}");
    }
}

/// What clone 0 says of a ref that is not fit; nothing of it is here afterwards, and all else goes its way.
#[track_caller]
fn unfit(net: &Net, name: &str, why: &str) {
    let other = net.add(0, "Beside it");
    let ran = net.chant(0, &["sync", "--json"]);
    let entries = exchanged(&ran);
    let unfit = of_way(&entries, "unfit");
    assert!(unfit.iter().any(|entry| entry["name"].as_str().unwrap().ends_with(name)), "{entries:?}");
    assert!(unfit.iter().any(|entry| entry["why"].as_str().unwrap().contains(why)), "{entries:?}");
    assert_eq!(ran.code, 1);
    let people = net.chant(0, &["sync"]);
    assert!(people.out.contains("unfit"), "{}", people.out);
    harmless(&people);
    assert!(!net.held(&net.server, &format!("refs/chant/specs/{other}")).is_empty(), "it was held up");
    assert_eq!(net.chant(1, &["sync"]).code, 1);
    assert_eq!(net.status(1, &other), "pending");
    harmless(&net.chant(0, &["fsck"]));
    harmless(&net.chant(0, &["list"]).ok());
}

#[test]
fn a_blob_where_a_chain_should_be() {
    let (net, spec) = shared();
    let blob = feed(&net, &["hash-object", "-w", "--stdin"], b"no commit");
    put(&net, &fresh(&spec), &blob);
    unfit(&net, &fresh(&spec), "it is a blob, no event");
    assert_eq!(net.held(net.dir(0), &format!("refs/chant/specs/{}", fresh(&spec))), "");
}

#[test]
fn a_blob_in_the_place_of_a_chain_that_we_have() {
    let (net, spec) = shared();
    let before = net.held(net.dir(0), &format!("refs/chant/specs/{spec}"));
    let blob = feed(&net, &["hash-object", "-w", "--stdin"], b"no commit");
    // git refuses it in a push; access to the server's files is enough to make it.
    std::fs::write(net.server.join(format!("refs/chant/specs/{spec}")), format!("{blob}\n")).unwrap();
    unfit(&net, &spec, "it is a blob, no event");
    assert_eq!(net.held(net.dir(0), &format!("refs/chant/specs/{spec}")), before);
    assert_eq!(net.status(0, &spec), "pending");
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_commit_that_is_no_event() {
    let (net, spec) = shared();
    put(&net, &fresh(&spec), &commit(&net, &[], "Just a commit\n"));
    unfit(&net, &fresh(&spec), "holds no event of this spec");
    put(&net, &fresh(&spec), &net.sandbox.git_in(&net.server, &["rev-parse", "main"]));
    unfit(&net, &fresh(&spec), "holds no event of this spec");
}

#[test]
fn the_event_of_another_spec() {
    let (net, spec) = shared();
    put(&net, &fresh(&spec), &format!("refs/chant/specs/{spec}"));
    unfit(&net, &fresh(&spec), "it is about the spec");
    assert_eq!(net.statuses(0).len(), 2);
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn an_event_that_names_itself_done_on_top_of_another_spec() {
    let (net, spec) = shared();
    let tip = net.held(&net.server, &format!("refs/chant/specs/{spec}"));
    let theirs = fresh(&spec);
    let text = event(&theirs, "complete", 2, "Chant-Parents: self\nChant-Status: completed\n");
    put(&net, &spec, &commit(&net, &[&tip], &text));
    let ran = net.chant(0, &["sync"]);
    harmless(&ran);
    // Whatever became of it: what it says is not obeyed.
    assert_eq!(net.status(0, &spec), "pending");
    net.chant(0, &["fsck"]).fails(1, &["it is ignored"]);
    net.settle(|count| (0..count).collect());
    // Nor is it in the way of what two clones do at once.
    net.chant(0, &["approve", &spec]).ok();
    net.chant(1, &["reject", &spec, "-m", "No"]).ok();
    let tip = net.held(&net.server, &format!("refs/chant/specs/{spec}"));
    put(&net, &spec, &commit(&net, &[&tip], &event(&theirs, "add", 9, "Chant-Parents: self\n")));
    net.settle(|count| (0..count).collect());
}

#[test]
fn names_that_are_no_ids() {
    let (net, spec) = shared();
    let event = net.held(&net.server, &format!("refs/chant/specs/{spec}"));
    for name in ["x%1b", "2026-02-08-010-v7b/nested", "\u{202e}2026", "a'b\"c$(touch${IFS}pwned)"] {
        put(&net, name, &event);
    }
    let before = net.shared(net.dir(0));
    let ran = net.chant(0, &["sync"]).fails(1, &["unfit", "is not a spec id"]);
    harmless(&ran);
    assert_eq!(ran.out.matches("is not a spec id").count(), 4, "{}", ran.out);
    assert_eq!(net.shared(net.dir(0)), before);
    harmless(&net.chant(0, &["sync", "-n"]));
    // A ref whose name blocks that of a spec: what can be done is done.
    put(&net, &format!("{}/x", fresh(&spec)), &event);
    assert_eq!(net.chant(0, &["sync"]).code, 1);
}

#[test]
#[ignore = "it makes ten thousand events"]
fn a_chain_of_more_than_ten_thousand_events() {
    let (net, spec) = shared();
    let long = fresh(&spec);
    let mut stream = String::new();
    for number in 1..=10_001 {
        let roles = if number == 1 { "" } else { "Chant-Parents: self\n" };
        let op = if number == 1 { "add" } else { "edit" };
        let text = event(&long, op, number, &format!("{roles}Chant-Nonce: {number}\nChant-Status: pending\n"));
        let head = format!("commit refs/chant/specs/{long}\ncommitter A <a@example.com> {number} +0000\n");
        write!(stream, "{head}data {}\n{text}\n", text.len()).unwrap();
    }
    feed(&net, &["fast-import", "--quiet"], stream.as_bytes());
    unfit(&net, &long, "more than 10000 events");
    assert_eq!(net.held(net.dir(0), &format!("refs/chant/specs/{long}")), "");
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn an_event_of_a_megabyte() {
    let (net, spec) = shared();
    let reason = "x".repeat(9 << 20);
    let text = event(&fresh(&spec), "add", 1, &format!("Chant-Reason: {reason}\n"));
    put(&net, &fresh(&spec), &commit(&net, &[], &text));
    unfit(&net, &fresh(&spec), "bytes");
}

#[test]
fn control_characters_in_an_event_reach_no_terminal() {
    let (net, spec) = shared();
    let theirs = fresh(&spec);
    let nasty = "\\033]0;owned\\007\\033[2J\\r\\342\\200\\256";
    let rest = format!(
        "Chant-Status: pending\nChant-Clone: \"{nasty}\"\nChant-Agent: \"{nasty}\"\nChant-Reason: \"{nasty}\"\n\
         Chant-Phase: \"{nasty}\"\nChant-Spec-Path: \"../../{nasty}\"\nChant-Target: \"refs/heads/{nasty}\"\n"
    );
    let text = event(&theirs, "add", 1, &rest).replace("): add\n\n", "): add\n\n\u{1b}[31mA sentence\u{7}\u{202e}\n\n");
    put(&net, &theirs, &commit(&net, &[], &text));
    let ran = net.chant(0, &["sync"]);
    harmless(&ran);
    for args in [
        &["list"][..],
        &["show", &theirs],
        &["log", &theirs],
        &["fsck"],
        &["status"],
        &["approve", &theirs],
        &["work", &theirs],
    ] {
        harmless(&net.chant(0, args));
    }
    assert!(!Path::new(net.dir(0)).parent().unwrap().join("owned").exists());
}

#[test]
fn a_path_that_leads_out_is_written_nowhere() {
    let (net, spec) = shared();
    let theirs = fresh(&spec);
    let blob = feed(&net, &["hash-object", "-w", "--stdin"], b"---\ntype: code\n---\n# Theirs\n");
    let tree = feed(&net, &["mktree"], format!("100644 blob {blob}\tspec.md\n").as_bytes());
    let rest = format!("Chant-Status: pending\nChant-Spec-Path: ../../../escaped.md\nChant-Spec-Blob: {blob}\n");
    let id = feed(&net, &["commit-tree", &tree], event(&theirs, "add", 1, &rest).as_bytes());
    put(&net, &theirs, &id);
    net.sync(0);
    assert_eq!(net.show(0, &theirs)["title"], "Theirs");
    net.chant(0, &["fsck", "--repair"]);
    let escaped =
        net.sandbox.run(net.sandbox.command_in(net.sandbox.dir(), "find").args([".", "-name", "escaped*"])).out;
    assert_eq!(escaped, "");
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn generations_and_parents_that_do_not_fit_are_named() {
    let (net, spec) = shared();
    let tip = net.held(&net.server, &format!("refs/chant/specs/{spec}"));
    // A generation without ancestors, an attempt without a start, the end of an unknown attempt.
    let ghost = "0123456789012345678901234567890123456789";
    let rest =
        format!("Chant-Parents: self\nChant-Status: completed\nChant-Attempt: {ghost}\nChant-Supersedes: {ghost}\n");
    put(&net, &spec, &commit(&net, &[&tip], &event(&spec, "complete", 4_000_000_000, &rest)));
    harmless(&net.chant(0, &["sync"]));
    net.chant(0, &["fsck"]).fails(1, &["generation"]);
    assert_eq!(net.status(0, &spec), "pending");
    net.settle(|count| (0..count).rev().collect());
    // It can still be worked with.
    net.chant(0, &["approve", &spec]).ok();
    assert_eq!(net.status(0, &spec), "pending");
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_tree_of_notes_that_unfolds_without_end() {
    let (net, spec) = shared();
    let mut tree = feed(&net, &["mktree"], b"");
    for _ in 0..19 {
        let entries: String = (0..=255).map(|name| format!("040000 tree {tree}\t{name:02x}\n")).collect();
        tree = feed(&net, &["mktree"], entries.as_bytes());
    }
    let bomb = feed(&net, &["commit-tree", &tree], b"Notes\n");
    net.sandbox.git_in(&net.server, &["update-ref", "refs/notes/chant", &bomb]);
    net.chant(0, &["approve", &spec]).ok();
    let ran = net.chant(0, &["sync"]).fails(1, &["refs/notes/chant", "notes and trees"]);
    harmless(&ran);
    assert_eq!(net.held(net.dir(0), "refs/notes/chant"), "");
}

#[test]
fn an_object_that_git_does_not_let_in_is_said() {
    let (net, spec) = shared();
    let refs = net.all_refs(0);
    let text =
        format!("tree {EMPTY}\nauthor x 1 +0000\ncommitter x 1 +0000\n\n\u{1b}[31m{}", event(&spec, "add", 1, ""));
    let bad = feed(&net, &["hash-object", "--literally", "-t", "commit", "-w", "--stdin"], text.as_bytes());
    feed(&net, &["hash-object", "-t", "tree", "-w", "--stdin"], b"");
    put(&net, &fresh(&spec), &bad);
    let ran = net.chant(0, &["sync"]).fails(128, &["could not fetch from 'origin'"]);
    harmless(&ran);
    assert_eq!(net.all_refs(0), refs);
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn notes_that_are_no_notes() {
    let (net, spec) = shared();
    net.agent(0, "echo work >file; git commit -qam Work");
    net.chant(0, &["work", &spec]).ok();
    let blob = feed(&net, &["hash-object", "-w", "--stdin"], b"no commit");
    std::fs::create_dir_all(net.server.join("refs/notes")).unwrap();
    std::fs::write(net.server.join("refs/notes/chant"), format!("{blob}\n")).unwrap();
    let before = net.held(net.dir(0), "refs/notes/chant");
    let ran = net.chant(0, &["sync"]).fails(1, &["refs/notes/chant", "it is a blob, no notes"]);
    harmless(&ran);
    assert_eq!(net.held(net.dir(0), "refs/notes/chant"), before);
    // The chains went through all the same.
    let name = format!("refs/chant/specs/{spec}");
    assert_eq!(net.held(&net.server, &name), net.held(net.dir(0), &name));
    // Nor are they taken over where there are none yet.
    assert_eq!(net.chant(1, &["sync"]).code, 1);
    assert_eq!(net.held(net.dir(1), "refs/notes/chant"), "");
}
