//! Which children a run reaps and takes for its orphans.

use std::{
    os::unix::process::CommandExt as _,
    process::Command,
    sync::atomic::{AtomicBool, Ordering},
};

use crate::{
    agent::reaper::Reaper,
    env::{awaited, process_table},
};

/// The variable that tells that the test runs in a process of its own: it reaps the children of other tests, too.
const ALONE: &str = "ALONE";

#[test]
fn what_another_thread_waits_for_is_neither_reaped_nor_an_orphan() {
    if std::env::var_os(ALONE).is_none() {
        let name = "agent::tests::reaper::what_another_thread_waits_for_is_neither_reaped_nor_an_orphan";
        let test = std::env::current_exe().expect("a test is a program");
        let ran = Command::new(test).args([name, "--exact"]).env(ALONE, "1").output().expect("it can be run");
        let said = String::from_utf8_lossy(&ran.stdout);
        assert!(ran.status.success() && said.contains("1 passed"), "{said}");
        return;
    }
    let reaper = Reaper::enter("of a test");
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                reaper.reap();
            }
        });
        for _ in 0..200 {
            let status = awaited::status(|| Command::new("true").process_group(0).spawn());
            assert!(status.is_ok_and(|status| status.success()));
        }
        stop.store(true, Ordering::Relaxed);
    });
    let (mut cat, input) = (Command::new("cat"), std::io::pipe().expect("a pipe"));
    cat.stdin(input.0).process_group(0);
    std::thread::scope(|scope| {
        let ended = scope.spawn(move || awaited::status(|| cat.spawn()));
        while awaited::awaited().is_empty() {
            std::thread::yield_now();
        }
        let pids: Vec<u32> = reaper.adopted(&process_table::all()).iter().map(|orphan| orphan.pid).collect();
        assert!(awaited::awaited().iter().all(|pid| !pids.contains(pid)), "{pids:?}");
        drop(input.1);
        assert!(ended.join().expect("no panic").is_ok());
    });
}
