//! `git chant verify`: what is done already, checked again.

use std::{fs, io::BufRead as _, io::BufReader, path::PathBuf, process::Stdio};

use crate::support::Sandbox;

/// A fix that is completed in this way, with the test that it makes pass.
fn fixed(how: &str) -> (Sandbox, String) {
    let sandbox = Sandbox::new();
    sandbox.git(&["config", "chant.merge", how]);
    sandbox.write("two_test.sh", "grep -q two file\n");
    sandbox.commit("A test");
    sandbox.agent("echo two >file; tick");
    let id = sandbox.add(&["Make it two", "--reproduces", "sh two_test.sh"]);
    sandbox.commit("A spec");
    sandbox.write("other", "other\n");
    sandbox.chant(&["work", &id, "--no-merge"]).ok();
    sandbox.commit("Go on");
    sandbox.chant(&["merge", &id]).ok();
    (sandbox, id)
}

/// A clone with the events and without the work branch, as a job of CI has it.
fn clone(sandbox: &Sandbox, options: &[&str]) -> PathBuf {
    let (clone, from) = (sandbox.dir().join("clone"), format!("file://{}", sandbox.repo.display()));
    let _may_be_the_first = fs::remove_dir_all(&clone);
    sandbox.git(&[&["clone", "-q"], options, &[&from, clone.to_str().unwrap()]].concat());
    sandbox.git_in(&clone, &["fetch", "-q", "origin", "refs/chant/specs/*:refs/chant/specs/*"]);
    clone
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_proof_is_run_from_the_merge_where_a_clone_lacks_the_work() {
    for how in ["squash", "rebase", "merge"] {
        let (sandbox, _) = fixed(how);
        let verify = ["verify", "--all", "--trust"];
        let ran = sandbox.chant_in(&clone(&sandbox, &[]), &verify).ok();
        assert!(ran.out.contains("ok      reproduces") && ran.out.contains("1 spec checked"), "{how}: {}", ran.out);
        sandbox.write("file", "broken again\n");
        sandbox.commit("Break it");
        let at = clone(&sandbox, &[]);
        sandbox.chant_in(&at, &verify).fails(1, &["FAILED", "1 spec checked, 1 failed"]);
        sandbox.chant_in(&at, &["verify", "--since", "HEAD~1", "--trust"]).ok();
        sandbox.chant_in(&at, &["verify", "--since", "HEAD~2", "--trust", "--require", "proof"]).fails(1, &["FAILED"]);
    }
}

#[test]
fn a_proof_that_cannot_be_run_is_no_pass() {
    let (sandbox, id) = fixed("squash");
    sandbox.write("more", "more\n");
    sandbox.commit("Go on");
    let at = clone(&sandbox, &["--depth", "1"]);
    let said = ["NOT RUN", "cannot prove '", "is not in this clone", "0 specs checked, 1 not run", "--unshallow"];
    sandbox.chant_in(&at, &["verify", "--all", "--trust"]).fails(1, &said);
    sandbox.chant_in(&at, &["verify", &id, "--trust"]).fails(1, &["cannot prove '", "--unshallow"]);
}

#[test]
fn what_runs_is_the_text_that_a_person_approved() {
    let sandbox = Sandbox::new().unconfined();
    let ran = sandbox.dir().join("ran");
    let command = |name: &str| format!("echo {name} >>'{}'; sh two_test.sh", ran.display());
    sandbox.write("two_test.sh", "grep -q two file\n");
    sandbox.commit("A test");
    sandbox.agent("echo two >file; tick");
    let id = sandbox.add(&["Make it two", "--reproduces", &command("pinned")]);
    sandbox.commit("A spec");
    sandbox.chant(&["work", &id]).ok();
    let path = format!(".chant/specs/{id}.md");
    sandbox.write(&path, &sandbox.read(&path).replace("echo pinned", "echo edited"));
    fs::remove_dir_all(sandbox.repo.join(".git/chant/trusted")).unwrap();
    fs::remove_file(&ran).unwrap();
    sandbox.chant(&["verify", &id]).fails(1, &["it would run", "echo edited"]);
    sandbox.chant(&["verify", &id, "--trust"]).ok();
    let said = fs::read_to_string(&ran).unwrap();
    assert!(said.contains("edited") && !said.contains("pinned"), "{said}");
}

#[test]
fn one_that_cannot_be_checked_is_named_and_stops_none_of_the_others() {
    let sandbox = Sandbox::new();
    sandbox.agent("echo x >\"new-$CHANT_SPEC_ID\"; tick");
    let ids: Vec<String> = (0..3).map(|n| sandbox.add(&[&format!("Spec {n}"), "--verify", "test -e file"])).collect();
    sandbox.chant(&["work", &ids[0]]).ok();
    sandbox.chant(&["work", &ids[1], "--no-merge"]).ok();
    sandbox.chant(&["work", &ids[2]]).ok();
    sandbox.write(&format!(".chant/specs/{}.md", ids[0]), "---\nverify: [\n---\n# Broken\n");
    sandbox.git(&["config", "chant.worktreeSetup", &format!("! test -e new-{}", ids[1])]);
    let ran = sandbox.chant(&["verify", "--all"]).fails(1, &["1 spec checked, 2 not run"]);
    assert!(ran.out.contains("NOT RUN  the spec '001-") && ran.out.contains("Spec 2\n    ok"), "{}", ran.out);
}

#[test]
fn a_clone_that_was_not_asked_for_histories_says_so() {
    let (sandbox, _) = fixed("merge");
    let (at, from) = (sandbox.dir().join("fresh"), sandbox.repo.display().to_string());
    sandbox.git(&["clone", "-q", &from, at.to_str().unwrap()]);
    let ran = sandbox.chant_in(&at, &["verify", "--all", "--trust"]);
    ran.fails(1, &["it has no history in this clone and may be done", "git chant sync --fetch"]);
}

#[test]
fn what_runs_left_at_home_decides_no_check_without_an_attempt() {
    let sandbox = Sandbox::new();
    sandbox.git(&["config", "chant.confine", "auto"]);
    let bin = sandbox.dir().join("home/.local/bin");
    fs::create_dir_all(&bin).unwrap();
    sandbox.agent("echo x >\"$HOME/.local/bin/planted\"; echo two >file; tick");
    let id = sandbox.add(&["Make it two"]);
    sandbox.chant(&["work", &id]).ok();
    let other = sandbox.add(&["Other", "--verify", "test -e \"$HOME/.local/bin/planted\""]);
    let ran = sandbox.chant(&["verify", &other]);
    // Without a sandbox nothing can be hidden from a check.
    if ran.err.contains("with your home directory") {
        return;
    }
    assert!(bin.join("planted").exists(), "it stays in the person's home");
    ran.fails(1, &["FAILED", "made while agents ran"]);
    // A member would inherit what its driver names from the beginning.
    let driver = sandbox.add(&["Driver", "--type", "driver"]);
    let member = sandbox.add(&["Member", "--member-of", &driver[11..]]);
    let path = format!(".chant/specs/{driver}.md");
    let text = sandbox.read(&path);
    sandbox.write(&path, &text.replace("type: driver", "type: driver\nverify: test -e \"$HOME/.local/bin/planted\""));
    sandbox.agent("echo three >file; tick");
    let said = sandbox.chant(&["work", &member, "--trust"]).fails(1, &["cannot complete"]);
    assert_eq!(sandbox.status(&driver), "pending", "{}", said.err);
    // To check anew takes nothing over; a person does, who sees what it is.
    let fresh = sandbox.chant(&["verify", &other, "--fresh"]).fails(1, &["if that is yours: git chant accept"]);
    assert!(fresh.err.contains("/.local/bin/planted"), "{}", fresh.err);
    sandbox.chant(&["accept", &other, "-m", "mine"]).fails(0, &["/.local/bin/planted"]);
    sandbox.chant(&["verify", &other]).ok();
}

#[test]
fn a_merge_that_waits_for_the_checks_of_another_says_so() {
    let sandbox = Sandbox::new();
    sandbox.agent("echo two >file; tick");
    let id = sandbox.add(&["Make it two", "--verify", "grep -q two file"]);
    sandbox.chant(&["work", &id, "--no-merge"]).ok();
    sandbox.write("other", "other\n");
    sandbox.git(&["add", "other"]);
    sandbox.git(&["commit", "-qm", "Go on"]);
    let lock = fs::File::options().append(true).create(true).open(sandbox.repo.join(".git/chant/check/merges.lock"));
    let lock = lock.unwrap();
    lock.lock().unwrap();
    let mut merge = sandbox.binary(&["merge", &id]).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut said = BufReader::new(merge.stderr.take().unwrap()).lines();
    let waits = said.find(|line| line.as_ref().unwrap().contains("waiting for the checks of another merge"));
    assert!(waits.is_some());
    lock.unlock().unwrap();
    said.for_each(drop);
    assert!(merge.wait().unwrap().success());
    assert_eq!(sandbox.status(&id), "completed");
}

#[test]
fn a_spec_without_commands_is_told_from_one_that_passes() {
    let sandbox = Sandbox::new();
    let id = sandbox.add(&["Nothing to run"]);
    let ran = sandbox.chant(&["verify", &id]).ok();
    assert!(ran.out.is_empty() && ran.err.contains("names no commands to check"), "{ran:?}");
    let unknown = sandbox.chant(&["verify", "1"]).fails(128, &["no such spec: '1'", "did you mean '001'?"]);
    assert!(!unknown.err.contains("git chant show"), "{}", unknown.err);
}
