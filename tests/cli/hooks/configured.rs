//! Hooks in the configuration: they are run when and only when those in files are.

use std::{fs, os::unix::fs::PermissionsExt as _};

use crate::support::{Sandbox, tools::report};

/// The events that something of what a test does may bring about.
const EVENTS: [&str; 10] = [
    "commit-msg",
    "post-checkout",
    "post-commit",
    "post-index-change",
    "post-merge",
    "post-rewrite",
    "pre-commit",
    "pre-merge-commit",
    "prepare-commit-msg",
    "reference-transaction",
];

/// Whether git has an event each to turn such hooks off for: 2.55.
fn reads_configured_hooks(sandbox: &Sandbox) -> bool {
    let version = sandbox.git(&["version"]);
    let mut numbers = version.trim_start_matches("git version ").split('.').map_while(|part| part.parse::<u32>().ok());
    (numbers.next(), numbers.next()) >= (Some(2), Some(55))
}

#[test]
fn those_of_the_configuration_run_where_files_do_and_nowhere_else() {
    let sandbox = Sandbox::new();
    // Before 2.55 git cannot turn such hooks off by their event.
    if !reads_configured_hooks(&sandbox) {
        report("git 2.55 or later");
        return;
    }
    let log = |name: &str| sandbox.dir().join(name).display().to_string();
    let (by_file, by_config) = (log("by-file"), log("by-config"));
    fs::write(&by_file, "").unwrap();
    fs::write(&by_config, "").unwrap();
    sandbox.write("submodule/file", "one\n");
    for event in EVENTS {
        let path = sandbox.repo.join(".git/hooks").join(event);
        fs::write(&path, format!("#!/bin/sh\necho {event} >>{by_file}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        sandbox.git(&["config", "--global", &format!("hook.mine-{event}.event"), event]);
        sandbox.git(&[
            "config",
            "--global",
            &format!("hook.mine-{event}.command"),
            &format!("echo {event} >>{by_config} #"),
        ]);
    }
    let told = |what: &str| {
        let read = |path: &str| fs::read_to_string(path).unwrap();
        assert_eq!(read(&by_config), read(&by_file), "{what}");
        read(&by_file).lines().count()
    };
    // What the agent leaves is committed for it; the check at the base needs a checkout of its own.
    sandbox.agent("echo two >file; echo three >left; tick");
    let id = sandbox.add(&["Make it two", "--verify", "grep -q two file"]);
    told("add");
    sandbox.chant(&["work", &id, "--no-merge"]).ok();
    let worked = told("work");
    sandbox.chant(&["list"]).ok();
    sandbox.chant(&["status"]).ok();
    sandbox.chant(&["verify", &id]).ok();
    told("verify");
    sandbox.chant(&["merge", &id]).ok();
    assert!(told("merge") > worked, "a merge of the person's own branch is the person's: hooks run");
    let fix = sandbox.add(&[
        "Make it four",
        "--phase",
        "reproduction",
        "--reproduces",
        "grep -q two file",
        "--topic",
        "t",
        "--onto",
        "main",
    ]);
    sandbox.agent("echo four >file; git commit -qam four; tick");
    sandbox.chant(&["work", &fix]).ok();
    told("reproduction");
    sandbox.chant(&["prune"]).ok();
    told("prune");
    assert_eq!(sandbox.status(&fix), "completed");
}
