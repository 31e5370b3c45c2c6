//! Which points a command passes, told by strace.

use std::collections::BTreeMap;

use crate::{place::Place, support::Ran};

/// Whether strace is there. Where every tool has to be, it is an error if it is not.
pub fn has_strace() -> bool {
    let there = std::process::Command::new("strace").arg("-V").output().is_ok_and(|output| output.status.success());
    assert!(there || std::env::var_os("CHANT_REQUIRE_TOOLS").is_none(), "strace is required");
    if !there {
        eprintln!("skipped: there is no strace");
    }
    there
}

/// Runs the tool under strace with these system calls in view; gives how it ended and the trace, one line a call.
pub fn traced(place: &Place, args: &[&str], calls: &str) -> (Ran, Vec<String>) {
    let out = place.dir.join("home/trace");
    let mut command = place.command("strace");
    command
        .args(["-f", "-y", "-qq", "-s", "300", "-e", "signal=none", "-e", &format!("trace={calls}"), "-o"])
        .arg(&out);
    command.arg(env!("CARGO_BIN_EXE_git-chant")).args(args).env("CHANT_FAULT_TRACE", "1");
    let ran = Ran::of(command.output().unwrap());
    // The place itself is a temporary directory, and nothing in it is one for that.
    let home = place.dir.to_str().unwrap();
    let trace =
        String::from_utf8_lossy(&std::fs::read(&out).unwrap()).lines().map(|line| line.replace(home, "")).collect();
    std::fs::remove_file(out).unwrap();
    (ran, trace)
}

/// The name of the point that a line of the trace passes.
pub fn point(line: &str) -> Option<&str> {
    let (_, rest) = line.split_once("\"/chant-fault/")?;
    Some(rest.split_once('"')?.0)
}

/// The passages that a run of `args` makes, in their order: point and number.
pub fn passed(place: &Place, args: &[&str]) -> (Ran, Vec<(String, usize)>) {
    let (ran, trace) = traced(place, args, "access");
    let mut counts = BTreeMap::<String, usize>::new();
    let mut passed = Vec::new();
    for name in trace.iter().filter_map(|line| point(line)) {
        let count = counts.entry(name.to_owned()).or_default();
        *count += 1;
        passed.push((name.to_owned(), *count));
    }
    (ran, passed)
}
