//! Imports of what is broken or hostile, of other places, by several at once, and by those who die on the way.

use std::path::Path;

use serde_json::Value;

use super::{commit, events, import, left, spec};
use crate::support::{Ran, Sandbox};

#[test]
fn an_approval_that_a_file_claims_lets_no_command_run() {
    let sandbox = Sandbox::new();
    spec(
        &sandbox,
        "specs/2026-01-20-001-abc",
        "status: pending\nverify: touch /tmp/never\napproval:\n  required: true\n  status: approved\n  by: root\n",
    );
    commit(&sandbox, "Mallory", "2026-01-20T10:00:00Z", "Spec");
    sandbox.agent("tick");
    import(&sandbox);
    sandbox.chant(&["work", "001"]).fails(1, &["you have not approved", "verify: touch /tmp/never"]);
    let mut agent = sandbox.command_in(&sandbox.repo, "git");
    agent.args(["chant", "import"]).env("CHANT_SPEC_ID", "2026-01-20-001-abc");
    sandbox.run(&mut agent).fails(1, &["only a person can import"]);
}

#[test]
fn what_cannot_be_read_is_named_and_the_rest_imported() {
    let sandbox = Sandbox::new();
    spec(
        &sandbox,
        "specs/2026-01-20-001-abc",
        "status: completed\nschedule: daily\ndepends_on: [2026-01-20-002-def]\ncompleted_at: 9999-01-01\n",
    );
    spec(&sandbox, "specs/2026-01-20-002-def", "status: pending\ndepends_on: [2026-01-20-003-ghi]\n");
    spec(&sandbox, "specs/2026-01-20-003-ghi", "status: failed\ndepends_on: [2026-01-20-002-def]\n");
    spec(&sandbox, "specs/Upper", "status: completed\n");
    sandbox.write(".chant/specs/2026-01-21-001-yml.md", "---\nstatus: [\n---\n# X\n");
    sandbox.write(".chant/specs/2026-01-21-002-typ.md", "---\ntype: conflict\n---\n# X\n");
    sandbox.write(".chant/specs/2026-01-21-003-big.md", &"x".repeat(5 << 20));
    sandbox.write(".chant/specs/.chant-status-2026-01-21-001-yml.json", "{}");
    std::os::unix::fs::symlink("/etc/passwd", sandbox.repo.join(".chant/specs/2026-01-21-004-lnk.md")).unwrap();
    std::fs::create_dir(sandbox.repo.join(".chant/specs/2026-01-21-005-dir.md")).unwrap();
    sandbox.write(".chant/config.md", "---\ndefaults: [\n---\n");
    let ran = sandbox.chant(&["import", "--json"]);
    assert_eq!(ran.code, 1, "{}", ran.err);
    let answer = ran.json();
    let said = left(&answer);
    let expected = [
        ".chant/specs/Upper.md: its name is not a spec id",
        ".chant/specs/2026-01-21-001-yml.md:2: not imported: the front matter is not valid YAML",
        ".chant/specs/2026-01-21-002-typ.md:2: not imported: 'type' cannot be 'conflict'",
        ".chant/specs/2026-01-21-003-big.md: not imported: ",
        ".chant/specs/2026-01-21-004-lnk.md: not imported: '.chant/specs/2026-01-21-004-lnk.md' is a symbolic link",
        ".chant/specs/2026-01-21-005-dir.md: not imported: ",
        ".chant/config.md:2: not read: ",
        ".chant/specs/2026-01-20-001-abc.md:6: '9999-01-01' is not a time in the past; using the commit's",
        ".chant/specs/2026-01-20-001-abc.md:4: the key 'schedule' has no counterpart",
    ];
    assert_eq!(said.len(), expected.len(), "{said:#?}");
    for (said, expected) in said.iter().zip(expected) {
        assert!(said.starts_with(expected), "{said} is not {expected}");
    }
    assert_eq!(answer["imported"].as_array().unwrap().len(), 3);
    assert_eq!(sandbox.git(&["for-each-ref", "--format=%(refname:lstrip=3)", "refs/chant/specs"]).lines().count(), 3);
    // Once it is mended it is imported, too.
    sandbox.write(".chant/specs/2026-01-21-002-typ.md", "---\ntype: code\nstatus: cancelled\n---\n# X\n");
    let again = sandbox.chant(&["import", "--json"]).fails(1, &[]).json();
    assert_eq!((&again["recorded"], &again["imported"][0]["spec"]), (&3.into(), &"2026-01-21-002-typ".into()));

    let linked = Sandbox::new();
    std::os::unix::fs::symlink(sandbox.repo.join(".chant"), linked.repo.join(".chant")).unwrap();
    linked.chant(&["import"]).fails(1, &["'.chant' is a symbolic link"]);
    Sandbox::new().chant(&["import"]).fails(128, &["no specs in '.chant'"]);
}

#[test]
fn another_directory_is_read_and_left_as_it_is() {
    let other = Sandbox::new();
    spec(&other, "specs/2026-01-20-001-abc", "status: failed\n");
    let sandbox = Sandbox::new();
    spec(&sandbox, "specs/2026-01-20-002-def", "status: completed\n");
    sandbox.write("sub/.chant/specs/2026-01-20-003-ghi.md", "---\nstatus: cancelled\n---\n# In a folder\n");
    commit(&sandbox, "Grace", "2026-01-20T10:00:00Z", "Specs");
    let at = other.repo.to_str().unwrap();
    let one = sandbox.chant(&["import", at, "--json"]).ok().json();
    assert_eq!(one["imported"][0]["path"], format!("{at}/.chant/specs/2026-01-20-001-abc.md"));
    assert_eq!(sandbox.show("001")["title"], "Spec specs/2026-01-20-001-abc");
    assert_eq!(other.git(&["for-each-ref", "refs/chant"]), "");
    // From a folder, by a path that is relative to it.
    let folder = sandbox.repo.join("sub");
    sandbox.chant_in(&folder, &["import", ".chant"]).ok();
    assert_eq!(events(&sandbox, "003")[0].1, "Grace");
    assert_eq!(sandbox.chant(&["list", "--json"]).ok().json()["specs"].as_array().unwrap().len(), 3);
    sandbox.chant_in(&folder, &["import"]).ok();
    assert_eq!(sandbox.status("002"), "completed");
    // Two files of one name are not made one.
    spec(&other, "specs/2026-01-20-004-jkl", "status: completed\n");
    spec(&sandbox, "specs/2026-01-20-004-jkl", "status: pending\n");
    sandbox.chant(&["import", at]).fails(1, &["this repository has a file of that name"]);
    assert_eq!(sandbox.show("004")["tip"], Value::Null);
    sandbox.chant(&["import", "nowhere"]).fails(128, &["no specs in 'nowhere'"]);
}

/// Ten completed specs with a commit each.
fn ten(sandbox: &Sandbox) {
    for at in 0..10 {
        sandbox.write(&format!("work-{at}"), "work\n");
        let work = commit(sandbox, "Robot", "2026-01-20T11:00:00Z", "Work");
        spec(sandbox, &format!("specs/2026-01-20-{at:03}-abc"), &format!("status: completed\ncommits: [{work}]\n"));
    }
    commit(sandbox, "Grace", "2026-01-21T10:00:00Z", "Specs");
}

fn all_there(sandbox: &Sandbox) {
    for at in 0..10 {
        assert_eq!(sandbox.ops(&format!("2026-01-20-{at:03}-abc")), ["add", "complete"]);
    }
    assert_eq!(sandbox.git(&["notes", "--ref=chant", "list"]).lines().count(), 10);
    assert_eq!(sandbox.chant(&["fsck"]).ok().out, "");
}

#[test]
fn two_at_once_import_each_spec_once() {
    let sandbox = Sandbox::new();
    ten(&sandbox);
    let run = || sandbox.binary(&["import", "--json"]).stdout(std::process::Stdio::piped()).spawn().unwrap();
    let both = [run(), run()].map(|child| Ran::of(child.wait_with_output().unwrap()).ok().json());
    let count = |answer: &Value| answer["imported"].as_array().unwrap().len();
    assert_eq!(both.iter().map(count).sum::<usize>(), 10);
    all_there(&sandbox);
}

#[test]
fn two_clones_that_import_the_same_have_nothing_to_join() {
    let sandbox = Sandbox::new();
    spec(&sandbox, "archive/2026-01-20-100-abc", "status: completed\n");
    ten(&sandbox);
    let clone = sandbox.dir().join("clone");
    sandbox.git(&["clone", "-q", ".", clone.to_str().unwrap()]);
    sandbox.git_in(&clone, &["checkout", "-q", "-b", "elsewhere"]);
    sandbox.chant(&["import"]).ok();
    let mut other = sandbox.command_in(&clone, "git");
    other.args(["chant", "import"]);
    for role in ["AUTHOR", "COMMITTER"] {
        other.env(format!("GIT_{role}_NAME"), "Grace").env(format!("GIT_{role}_EMAIL"), "grace@example.com");
    }
    sandbox.run(&mut other).ok();
    let chains = ["for-each-ref", "refs/chant/specs"];
    assert_eq!(sandbox.git(&chains), sandbox.git_in(&clone, &chains));
    sandbox.chant_in(&clone, &["sync"]).ok();
    all_there(&sandbox);
    for place in [&sandbox.repo, &clone] {
        let seen = sandbox.chant_in(place, &["show", "100", "--json"]).ok().json();
        assert_eq!(seen["spec"]["status"], "archived");
    }
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn an_import_that_dies_on_the_way_does_the_rest_later() {
    for fault in
        ["ref.commit.before:1", "ref.commit.after:1", "ref.commit.before:5", "ref.lock.after:7", "ref.commit.after:11"]
    {
        let sandbox = Sandbox::new();
        ten(&sandbox);
        let mut command = sandbox.binary(&["import"]);
        let killed = sandbox.run(command.env("CHANT_FAULT", fault));
        assert_eq!(killed.code, 128 + 9, "{fault}: {}", killed.err);
        sandbox.chant(&["import"]).ok();
        all_there(&sandbox);
    }
}

#[test]
fn in_silent_mode_and_from_a_linked_worktree_too() {
    let sandbox = Sandbox::new();
    sandbox.chant(&["init", "--silent"]).ok();
    sandbox.write("work", "work\n");
    let work = commit(&sandbox, "Robot", "2026-01-20T11:00:00Z", "Work");
    spec(&sandbox, "specs/2026-01-20-001-abc", &format!("status: completed\ncommits: [{work}]\n"));
    let tree = sandbox.dir().join("tree");
    sandbox.git(&["worktree", "add", "-q", "--detach", tree.to_str().unwrap()]);
    sandbox.chant_in(&tree, &["import"]).ok();
    let seen = sandbox.show("001");
    assert_eq!((&seen["status"], &seen["target"]), (&"completed".into(), &"refs/heads/main".into()));
    assert!(!Path::new(&tree.join(".chant")).exists());
    assert_eq!(sandbox.git(&["for-each-ref", "refs/notes"]), "");
    assert_eq!(sandbox.git(&["status", "--porcelain"]), "");
}
