//! What reaches the disk before a ref names it, seen in the system calls.

use std::{collections::BTreeSet, fs, process::Command};

use crate::{
    store::tests::{spec, support, support::TempRepo, worker},
    support::tools,
};

/// One system call that matters here, in order.
#[derive(Debug, PartialEq)]
enum Call {
    Sync(String),
    /// From, to.
    Rename(String, String),
}

/// Runs `command` under strace; `None`, said aloud, if there is no strace.
fn traced(temp: &TempRepo, command: &Command) -> Option<Vec<Call>> {
    let trace = temp.path().join("trace");
    let mut strace = temp.command("strace");
    strace.args([
        "-f",
        "-y",
        "-s",
        "4096",
        "-e",
        "trace=fsync,fdatasync,sync_file_range,rename,renameat,renameat2,link,linkat",
    ]);
    strace.arg("-o").arg(&trace).arg(command.get_program()).args(command.get_args());
    strace.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    if !tools::need("strace") {
        return None;
    }
    let output = strace.output().expect("strace runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = fs::read_to_string(&trace).expect("a trace");
    Some(text.lines().filter_map(call).collect())
}

fn call(line: &str) -> Option<Call> {
    let line = line.split_once(' ').map_or(line, |(_, rest)| rest.trim_start());
    let (name, rest) = line.split_once('(')?;
    if name.contains("sync") {
        let (_, path) = rest.split_once('<')?;
        return Some(Call::Sync(path.split_once('>')?.0.to_owned()));
    }
    let quoted: Vec<&str> = rest.split('"').skip(1).step_by(2).collect();
    match (rest.contains(") = 0"), quoted.as_slice()) {
        (true, [from, to, ..]) => Some(Call::Rename((*from).to_owned(), (*to).to_owned())),
        _ => None,
    }
}

/// Where in `calls` a file of that name ending was synced, or renamed to it.
fn synced(calls: &[Call], ending: &str) -> Option<usize> {
    calls.iter().position(|call| matches!(call, Call::Sync(path) if path.ends_with(ending)))
}

fn renamed(calls: &[Call], ending: &str) -> Option<usize> {
    calls.iter().position(|call| matches!(call, Call::Rename(_, to) if to.ends_with(ending)))
}

fn append(temp: &TempRepo, objects: bool, refs: bool) -> Option<Vec<Call>> {
    traced(temp, &worker::process(temp, &format!("evidence {} {objects} {refs}", spec())))
}

#[test]
fn every_object_is_synced_before_the_ref_and_the_ref_before_its_rename() {
    let temp = support::repo();
    let Some(calls) = append(&temp, true, true) else { return };
    // The worker makes two chains and the notes: each ref's objects are synced before that ref is renamed into place.
    let name = format!("refs/chant/specs/{}", spec());
    for (name, must) in [(name.as_str(), 9), ("refs/chant/specs/2026-02-08-011-abc", 1), ("refs/notes/chant", 3)] {
        let moved = renamed(&calls, name).unwrap_or_else(|| panic!("{name} is not renamed: {calls:#?}"));
        let lock =
            synced(&calls, &format!("{name}.lock")).unwrap_or_else(|| panic!("the lock of {name} is not synced"));
        assert!(lock < moved, "{name} is synced after its rename");
        let reached = temp.git(&["rev-list", "--objects", "--no-object-names", name]);
        let objects: BTreeSet<&str> = reached.lines().collect();
        assert!(objects.len() >= must, "{objects:?}");
        for object in objects {
            let file = format!("objects/{}/{}", &object[..2], &object[2..]);
            let kind = temp.git(&["cat-file", "-t", object]);
            let at = synced(&calls, &file).unwrap_or_else(|| panic!("the {kind} {object} of {name} is not synced"));
            assert!(at < moved, "the {kind} {object} is synced after {name} names it");
        }
    }
}

#[test]
fn nothing_is_synced_unless_asked_for() {
    for (objects, refs) in [(false, false), (true, false), (false, true)] {
        let temp = support::repo();
        let Some(calls) = append(&temp, objects, refs) else { return };
        assert!(renamed(&calls, spec().as_str()).is_some(), "the trace shows the append");
        let any = |part: &str| calls.iter().any(|call| matches!(call, Call::Sync(path) if path.contains(part)));
        assert_eq!((any("/objects/"), any("/refs/")), (objects, refs), "{calls:#?}");
    }
}

/// Both questions put to git itself, so that "what `core.fsync` asks" is not our own reading of it.
#[test]
fn git_syncs_the_same_under_the_same_configuration() {
    for (setting, expected) in [
        (None, (false, false)),
        (Some("all"), (true, true)),
        (Some("loose-object"), (true, false)),
        (Some("none,reference"), (false, true)),
    ] {
        let temp = support::repo();
        let head = temp.commit("work").to_string();
        if let Some(setting) = setting {
            temp.git(&["config", "core.fsync", setting]);
        }
        let mut hash = temp.command("git");
        hash.args(["hash-object", "-w", "trace.in"]);
        fs::write(temp.path().join("trace.in"), "content").expect("written");
        let Some(objects) = traced(&temp, &hash) else { return };
        let mut update = temp.command("git");
        update.args(["update-ref", "refs/chant/specs/x", &head]);
        let Some(refs) = traced(&temp, &update) else { return };
        let any = |calls: &[Call]| calls.iter().any(|call| matches!(call, Call::Sync(_)));
        assert_eq!((any(&objects), any(&refs)), expected, "core.fsync={setting:?}");
    }
}
