//! A repository with a submodule: its worktrees have submodules of their own, which go when they go.

use super::support::Sandbox;

/// A repository with the submodule `vendor/lib`, which the agent checks out before it runs `script`.
fn with_submodule(script: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    let lib = sandbox.dir().join("lib");
    std::fs::create_dir(&lib).unwrap();
    sandbox.git_in(&lib, &["init", "-q", "-b", "main"]);
    std::fs::write(lib.join("part"), "one\n").unwrap();
    sandbox.git_in(&lib, &["add", "."]);
    sandbox.git_in(&lib, &["commit", "-qm", "One"]);
    sandbox.git(&[
        "-c",
        "protocol.file.allow=always",
        "submodule",
        "--quiet",
        "add",
        &lib.to_string_lossy(),
        "vendor/lib",
    ]);
    sandbox.git(&["commit", "-qm", "Take in the library"]);
    sandbox.agent(&format!("git -c protocol.file.allow=always submodule --quiet update --init && {script}"));
    sandbox
}

#[test]
fn a_submodule_that_was_only_read_goes_with_the_worktree() {
    let sandbox = with_submodule("cat vendor/lib/part >copy");
    let id = sandbox.add(&["Read it"]);
    let ran = sandbox.chant(&["work", &id]).ok();
    assert!(!ran.err.contains("submodule"), "{}", ran.err);
    assert_eq!((sandbox.status(&id).as_str(), sandbox.read("copy").as_str()), ("completed", "one\n"));
    assert!(sandbox.show(&id)["worktree"].is_null());
}

#[test]
fn commits_that_only_a_submodule_has_keep_the_worktree() {
    let sandbox = with_submodule("cd vendor/lib && echo two >part && git commit -qam Two");
    let id = sandbox.add(&["Change it"]);
    let parts = ["names commits of submodules that no remote has", "vendor/lib", "push them from its worktree"];
    sandbox.chant(&["work", &id]).fails(1, &parts);
    sandbox.chant(&["merge", &id]).fails(1, &parts);
    assert_eq!(sandbox.status(&id), "finished");
    let recorded = sandbox.git(&["rev-parse", &format!("chant/{id}:vendor/lib")]);
    assert_ne!(recorded, sandbox.git(&["rev-parse", "HEAD:vendor/lib"]));
    let worktree = std::path::PathBuf::from(sandbox.chant(&["path", &id]).ok().out.trim_end());
    let inner = worktree.join("vendor/lib");
    sandbox.git_in(&inner, &["cat-file", "-e", recorded.trim()]);
    // Neither does anything else take it away, until it is somewhere else.
    sandbox
        .chant(&["reset", &id])
        .fails(1, &["hold work that exists nowhere else: 'vendor/lib'", "push that work from there"]);
    sandbox.git_in(&inner, &["cat-file", "-e", recorded.trim()]);
    sandbox.git_in(&inner, &["push", "-q", "origin", "HEAD:refs/heads/two"]);
    sandbox.chant(&["merge", &id]).ok();
    assert_eq!((sandbox.status(&id), sandbox.git(&["rev-parse", "HEAD:vendor/lib"])), ("completed".into(), recorded));
    assert!(!worktree.exists());
}

#[test]
fn uncommitted_changes_in_a_submodule_keep_the_worktree() {
    let sandbox = with_submodule("echo two >vendor/lib/part && echo three >file");
    let id = sandbox.add(&["Change it"]);
    let ran = sandbox.chant(&["work", &id]).ok();
    assert!(ran.err.contains("hold work that exists nowhere else: 'vendor/lib'"), "{}", ran.err);
    let worktree = std::path::PathBuf::from(sandbox.chant(&["path", &id]).ok().out.trim_end());
    assert_eq!(std::fs::read_to_string(worktree.join("vendor/lib/part")).unwrap(), "two\n");
}

#[test]
fn the_worktrees_of_a_submodule_lie_outside_the_repository_around_it() {
    let sandbox = with_submodule("true");
    let inner = sandbox.repo.join("vendor/lib");
    let made = sandbox.chant_in(&inner, &["add", "Inside"]).ok().out;
    let id = made.trim_end().strip_prefix("Created spec: ").unwrap().to_owned();
    sandbox.chant_in(&inner, &["work", &id, "--agent", "manual"]).ok();
    let path = std::path::PathBuf::from(sandbox.chant_in(&inner, &["path", &id]).ok().out.trim_end());
    assert!(path.join("part").is_file() && !path.starts_with(&sandbox.repo), "{}", path.display());
    let status = sandbox.git(&["status", "--porcelain", "--ignore-submodules=all"]);
    assert_eq!(status, "", "nothing of it shows in the repository around");
}
