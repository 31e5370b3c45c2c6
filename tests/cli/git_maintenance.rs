//! Keeping the repository quick: git's own maintenance, begun when it is due and never waited for.

use std::fs;

use crate::support::{Sandbox, watch::until};

/// A repository with so many loose objects that git would pack them after the next command, if `gc.auto` asks for few.
fn full_of_loose_objects() -> Sandbox {
    let sandbox = Sandbox::new();
    for number in 0..1200 {
        sandbox.write(&format!("files/{number}"), &format!("{number}\n"));
    }
    sandbox.git(&["add", "files"]);
    sandbox.git(&["commit", "-qm", "Many files"]);
    // What the first of git's 256 directories to look into holds decides, and a few hundred objects may miss it.
    assert!(fs::read_dir(sandbox.repo.join(".git/objects/17")).unwrap().count() > 1);
    sandbox.git(&["config", "gc.auto", "1"]);
    sandbox
}

/// Archives a spec; what was traced.
fn archive(sandbox: &Sandbox) -> String {
    let id = sandbox.add(&["Something"]);
    sandbox.chant(&["cancel", &id, "--reason", "done with"]).ok();
    let mut archive = sandbox.binary(&["archive", &id]);
    sandbox.run(archive.env("CHANT_TRACE", "1")).ok().err
}

fn packs(sandbox: &Sandbox) -> usize {
    fs::read_dir(sandbox.repo.join(".git/objects/pack")).map_or(0, |entries| {
        entries.flatten().filter(|entry| entry.path().extension().is_some_and(|end| end == "pack")).count()
    })
}

#[test]
fn a_repository_with_many_loose_objects_is_packed_behind_the_command() {
    let sandbox = full_of_loose_objects();
    assert_eq!(packs(&sandbox), 0);
    let traced = archive(&sandbox);
    assert!(traced.contains("git maintenance run --auto"), "{traced}");
    until(|| packs(&sandbox) > 0);
    sandbox.chant(&["fsck"]).ok();
}

#[test]
fn maintenance_that_is_forbidden_or_not_due_is_not_begun() {
    let sandbox = full_of_loose_objects();
    for (key, value) in [("maintenance.auto", "false"), ("gc.auto", "0"), ("gc.auto", "100000")] {
        sandbox.git(&["config", key, value]);
        let traced = archive(&sandbox);
        assert!(!traced.contains("maintenance"), "{key}={value}: {traced}");
        sandbox.git(&["config", "--unset", key]);
        sandbox.git(&["config", "gc.auto", "1"]);
    }
    assert_eq!(packs(&sandbox), 0);
}
