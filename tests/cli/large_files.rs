//! Files that are larger than any text: what looks at the work of an agent reads the beginning of them at most.

use std::{
    process::Stdio,
    time::{Duration, Instant},
};

use crate::support::Sandbox;

/// The size of the file, and how much memory a process may have: a fraction of that, in MB.
const SIZE: u64 = 400;
const MOST: u64 = 200;

/// The most memory that one of the processes had that run below `pid`, itself included, in MB.
fn peak(child: &mut std::process::Child) -> u64 {
    let peak_of = |pid: u32| -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("0 kB");
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap_or_default() >> 10
    };
    let (mut most, begun) = (0, Instant::now());
    while child.try_wait().unwrap().is_none() {
        most = most.max(peak_of(child.id()));
        assert!(begun.elapsed() < Duration::from_secs(300));
        std::thread::sleep(Duration::from_millis(2));
    }
    most
}

/// Works a spec whose agent runs `script`, and gives how much memory that took.
fn worked(sandbox: &Sandbox, script: &str, more: &[&str]) -> u64 {
    sandbox.agent(script);
    let id = sandbox.add(&[&["Large"], more].concat());
    let mut child =
        sandbox.binary(&["work", &id, "--trust"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let most = peak(&mut child);
    assert_eq!(child.wait().unwrap().code(), Some(0), "{script}: {}", sandbox.chant(&["show", &id]).out);
    assert_eq!(sandbox.status(&id), "completed", "{script}");
    most
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_large_file_in_the_work_takes_no_memory() {
    for (script, more, silent) in [
        (format!("truncate -s {SIZE}M big"), &[][..], false),
        (
            format!("truncate -s {SIZE}M big.rs; git add -A; git commit -qm Large"),
            &["--verify", "test -e big.rs"],
            false,
        ),
        (format!("truncate -s {SIZE}M file"), &["--verify", "true"], false),
        (format!("truncate -s {SIZE}M big"), &[], true),
    ] {
        let sandbox = Sandbox::new();
        if silent {
            sandbox.chant(&["init", "--silent"]).ok();
        }
        let most = worked(&sandbox, &script, more);
        assert!(most < MOST, "{script}: {most} MB");
    }
}
