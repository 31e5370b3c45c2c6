//! Tools that manage hooks, the real ones: what becomes of our lines when husky and pre-commit install their hooks again.

use std::path::{Path, PathBuf};

use super::{hooks, install};
use crate::support::{Ran, Sandbox, tools::report};

/// The folder that `.ci/run` installed a tool into; `None`, with a line that says so, where it did not.
fn installed(variable: &str, tool: &str) -> Option<PathBuf> {
    let dir = std::env::var_os(variable).map(PathBuf::from);
    if dir.is_none() {
        report(&format!("{tool} ({variable} names its directory)"));
    }
    dir
}

const GIT: &str = "2.47.3";

/// A commit, with what the hooks said; the message of it.
fn committed(sandbox: &Sandbox, file: &str) -> (Ran, String) {
    sandbox.write(file, "x\n");
    sandbox.git(&["add", "."]);
    let ran = sandbox.try_git(&["commit", "-m", "Something"]);
    let message = sandbox.git(&["log", "-1", "--format=%B"]);
    (ran, message)
}

/// Runs both tools' hooks before and after the manager installs its own again, and once ours are put back.
fn coexists(sandbox: &Sandbox, manager: &dyn Fn(), theirs: &str) {
    manager();
    install(sandbox);
    let spec = sandbox.add(&["Something"]);
    let broken = format!(".chant/specs/{spec}.md");
    let text = sandbox.read(&broken);
    let refuses = |file: &str| {
        sandbox.write(&broken, &text.replace("---\n\n#", "depends_on: {a: b}\n---\n\n#"));
        let (ran, _) = committed(sandbox, file);
        sandbox.write(&broken, &text);
        sandbox.git(&["add", "."]);
        ran.code != 0 && ran.err.contains("depends_on")
    };
    let (ran, _) = committed(sandbox, "one");
    assert!(ran.code == 0 && ran.err.contains(theirs), "{ran:?}");
    assert!(refuses("two"), "ours is called, too");
    // Their reinstall writes the file anew.
    manager();
    let (ran, _) = committed(sandbox, "three");
    assert!(ran.code == 0 && ran.err.contains(theirs), "{ran:?}");
    let told = sandbox.chant(&["status"]).ok();
    assert!(told.err.contains("another tool replaced hooks that called git-chant: pre-commit"), "{}", told.err);
    hooks(sandbox, GIT, &[]).fails(1, &["another tool replaced", "git chant hooks install"]);
    install(sandbox);
    assert!(!sandbox.chant(&["status"]).ok().err.contains("another tool"), "after ours are put back");
    assert!(refuses("four"), "ours is called again");
    let (ran, _) = committed(sandbox, "five");
    assert!(ran.code == 0 && ran.err.matches(theirs).count() == 1, "{ran:?}");
    // Work, whose worktree has the hooks of the repository, is neither held up by them nor changes them.
    sandbox.agent("echo done >done; git add done; git commit -qm Done");
    sandbox.chant(&["work", &spec]).ok();
    assert_eq!(sandbox.status(&spec), "completed");
    hooks(sandbox, GIT, &["uninstall"]).ok();
    let (ran, _) = committed(sandbox, "six");
    assert!(ran.code == 0 && ran.err.contains(theirs), "{ran:?}");
    assert!(!sandbox.chant(&["status"]).ok().err.contains("another tool"), "what a person removed is not lost");
}

fn node(sandbox: &Sandbox, script: &Path) {
    sandbox.run(sandbox.command_in(&sandbox.repo, "node").arg(script)).ok();
}

#[test]
fn husky_installs_its_hooks_again() {
    let Some(husky) = installed("CHANT_HUSKY", "husky") else { return };
    let sandbox = Sandbox::new();
    sandbox.write("package.json", "{\"name\": \"x\", \"private\": true}\n");
    sandbox.write(".husky/pre-commit", "echo HUSKY RAN >&2\n");
    sandbox.commit("A project with husky");
    coexists(&sandbox, &|| node(&sandbox, &husky.join("bin.js")), "HUSKY RAN");
    assert_eq!(sandbox.git(&["config", "core.hooksPath"]), ".husky/_");
}

const CONFIG: &str = "repos:\n- repo: local\n  hooks:\n  - id: say\n    name: PRE-COMMIT RAN\n    language: system\n    entry: 'true'\n    always_run: true\n    pass_filenames: false\n    verbose: true\n";

#[test]
fn pre_commit_installs_its_hook_again() {
    let Some((sandbox, manager)) = with_pre_commit() else { return };
    coexists(&sandbox, &|| manager(&sandbox), "PRE-COMMIT RAN");
}

#[test]
fn a_hook_that_pre_commit_keeps_and_calls_is_not_lost() {
    let Some((sandbox, manager)) = with_pre_commit() else { return };
    install(&sandbox);
    manager(&sandbox);
    assert!(sandbox.repo.join(".git/hooks/pre-commit.legacy").is_file());
    assert!(!sandbox.chant(&["status"]).ok().err.contains("another tool"));
    let hook = sandbox.read(".git/hooks/pre-commit");
    install(&sandbox);
    assert_eq!(sandbox.read(".git/hooks/pre-commit"), hook, "ours is called once");
    hooks(&sandbox, GIT, &["uninstall"]).ok();
    assert!(!sandbox.repo.join(".git/hooks/pre-commit.legacy").exists(), "it was ours alone");
}

/// A project with pre-commit, and what installs its hook; `None` without the tool.
fn with_pre_commit() -> Option<(Sandbox, impl Fn(&Sandbox))> {
    let packages = installed("CHANT_PRE_COMMIT", "pre-commit")?;
    let sandbox = Sandbox::new();
    sandbox.write(".pre-commit-config.yaml", CONFIG);
    sandbox.commit("A project with pre-commit");
    // Its hook runs the Python that it was installed by, which finds the packages here.
    let python = sandbox.run(
        sandbox.command_in(&sandbox.repo, "python3").args(["-c", "import site; print(site.getusersitepackages())"]),
    );
    let site = PathBuf::from(python.ok().out.trim());
    std::fs::create_dir_all(&site).unwrap();
    std::fs::write(site.join("pre-commit.pth"), format!("{}\n", packages.display())).unwrap();
    let manager = |sandbox: &Sandbox| {
        sandbox.run(sandbox.command_in(&sandbox.repo, "python3").args(["-m", "pre_commit", "install"])).ok();
    };
    Some((sandbox, manager))
}
