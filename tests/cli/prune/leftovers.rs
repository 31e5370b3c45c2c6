//! Kept attempts, transcripts, leases and what belongs to no spec.

use std::process::Stdio;

use serde_json::Value;

use super::{attempts, gone, kept, pruned, walk};
use crate::support::Sandbox;

#[test]
#[ignore = "slow: .ci/run runs it"]
fn attempts_go_when_their_commits_are_elsewhere() {
    let sandbox = Sandbox::new();
    sandbox.agent("echo one more >other; git add other; git commit -qm first; exit 3");
    let id = sandbox.add(&["Make it two"]);
    sandbox.git(&["add", ".chant"]);
    sandbox.git(&["commit", "-qm", "A spec"]);
    sandbox.chant(&["work", &id]).fails(1, &[]);
    let first = sandbox.git(&["rev-parse", &format!("chant/{id}")]);
    // What may still be finished is left alone, and so is what a reset has put aside.
    assert_eq!(pruned(&sandbox, &[]), [Value::Null; 0]);
    sandbox.chant(&["reset", &id]).ok();
    assert_eq!(pruned(&sandbox, &[]), [Value::Null; 0]);
    assert_eq!(attempts(&sandbox).len(), 1);
    sandbox.agent("echo two >file; tick");
    sandbox.chant(&["work", &id]).ok();
    let found = pruned(&sandbox, &[]);
    assert_eq!(kept(&found, "attempt"), "it has a commit that no other ref reaches");
    // A second one with the same commits, and one with fewer.
    let one = attempts(&sandbox)[0].clone();
    sandbox.git(&["update-ref", &format!("{one}-1"), &first]);
    sandbox.git(&["update-ref", &format!("{one}-2"), &format!("{first}~1")]);
    let found = pruned(&sandbox, &[]);
    assert_eq!(gone(&found), ["attempt", "attempt"]);
    assert_eq!(attempts(&sandbox), [one]);
    sandbox.git(&["branch", "saved", &first]);
    assert_eq!(gone(&pruned(&sandbox, &[])), ["attempt"]);
    assert_eq!(attempts(&sandbox), [""; 0]);
}

#[test]
fn an_attempt_goes_whose_work_was_squashed_into_its_target() {
    let sandbox = Sandbox::new();
    sandbox.git(&["config", "chant.merge", "squash"]);
    sandbox.agent("echo two >file; git commit -qam One; echo three >file; git commit -qam Two");
    let id = sandbox.add(&["Say three"]);
    sandbox.chant(&["work", &id]).ok();
    assert_eq!(attempts(&sandbox).len(), 1);
    let found = pruned(&sandbox, &[]);
    assert!(found[0]["why"].as_str().unwrap().starts_with("its work is in 'main' as "), "{found:?}");
    assert!(attempts(&sandbox).is_empty());
}

#[test]
fn a_branch_and_an_attempt_that_only_hold_each_other_are_not_both_gone() {
    let sandbox = Sandbox::new();
    sandbox.agent("echo more >other; git add other; git commit -qm first; exit 3");
    let id = sandbox.add(&["Make it two"]);
    sandbox.chant(&["work", &id]).fails(1, &[]);
    let tip = sandbox.git(&["rev-parse", &format!("chant/{id}")]);
    sandbox.chant(&["cancel", &id]).ok();
    sandbox.git(&["branch", &format!("chant/{id}"), &tip]);
    let found = pruned(&sandbox, &[]);
    assert_eq!(gone(&found), ["branch"]);
    assert_eq!(attempts(&sandbox).len(), 1);
    assert_eq!(sandbox.git(&["rev-parse", &attempts(&sandbox)[0]]), tip);
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn transcripts_that_are_old() {
    let sandbox = Sandbox::new();
    sandbox.agent("echo said; echo $CHANT_SPEC_ID >file");
    let done = sandbox.add(&["Make it two"]);
    sandbox.chant(&["work", &done]).ok();
    let open = sandbox.add(&["Fails"]);
    sandbox.agent("exit 3");
    sandbox.chant(&["work", &open]).fails(1, &[]);
    let count = |sandbox: &Sandbox| {
        let mut all = Vec::new();
        walk(&sandbox.repo.join(".git/chant/transcripts"), &mut all);
        all.len()
    };
    assert_eq!(count(&sandbox), 2);
    for young in [&[][..], &["--expire", "never"], &["--expire", "2.weeks.ago"]] {
        assert_eq!(pruned(&sandbox, young), [Value::Null; 0]);
    }
    let old = std::time::SystemTime::now() - std::time::Duration::from_secs(91 * 86_400);
    let mut all = Vec::new();
    walk(&sandbox.repo.join(".git/chant/transcripts"), &mut all);
    for path in &all {
        std::fs::File::options().append(true).open(path).unwrap().set_modified(old).unwrap();
    }
    sandbox.git(&["config", "chant.pruneExpire", "4.months.ago"]);
    assert_eq!(pruned(&sandbox, &[]), [Value::Null; 0]);
    sandbox.git(&["config", "--unset", "chant.pruneExpire"]);
    assert_eq!(gone(&pruned(&sandbox, &[])), ["transcript"], "older than 90 days, of what is over");
    assert_eq!(count(&sandbox), 1);
    sandbox.chant(&["cancel", &open]).ok();
    assert_eq!(gone(&pruned(&sandbox, &["--expire=now", &open])), ["attempt", "transcript"]);
    assert!(!sandbox.repo.join(format!(".git/chant/transcripts/{open}")).exists());
    sandbox.chant(&["prune", "--expire=some day"]).fails(129, &["'some day' is not a time that git reads"]);
    sandbox.git(&["config", "chant.pruneExpire", "some day"]);
    sandbox.chant(&["prune"]).fails(128, &["chant.pruneExpire", "some day"]);
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn what_a_check_left_that_died_goes() {
    let sandbox = Sandbox::new().unconfined();
    let dir = sandbox.dir().display();
    let place = sandbox.dir().join("repo.chant-tree-1");
    sandbox.agent("echo two >file");
    let id = sandbox.add(&["Make it two", "--verify", "true"]);
    sandbox.chant(&["work", &id]).ok();
    assert!(!place.exists(), "a check that is over leaves nothing");
    let hangs = sandbox.add(&[
        "Hangs",
        "--verify",
        &format!("echo $$ >{dir}/there.new; mv {dir}/there.new {dir}/there; exec sleep 600"),
    ]);
    let verify = ["verify", &hangs, "--at", "HEAD"];
    let mut child = sandbox.binary(&verify).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    while !sandbox.dir().join("there").exists() {
        assert_eq!(child.try_wait().unwrap(), None);
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    assert_eq!(kept(&pruned(&sandbox, &["--expire=now"]), "check"), "checks are run in it");
    child.kill().unwrap();
    child.wait().unwrap();
    let left = std::fs::read_to_string(sandbox.dir().join("there")).unwrap();
    assert!(std::process::Command::new("kill").arg(left.trim()).status().unwrap().success());
    assert!(place.is_dir());
    assert_eq!(pruned(&sandbox, &[]), [Value::Null; 0]);
    assert_eq!(gone(&pruned(&sandbox, &["--expire=now"])), ["check"]);
    assert!(!place.exists());
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn what_a_check_of_an_earlier_version_left_goes_with_the_next_check() {
    let sandbox = Sandbox::new();
    sandbox.agent("echo two >>file");
    let (earlier, record) = (sandbox.dir().join("repo.chant-check"), sandbox.repo.join(".git/chant/check/1.place"));
    let at = earlier.to_str().unwrap();
    let works = || {
        let id = sandbox.add(&["Make it two", "--verify", "true"]);
        sandbox.chant(&["work", &id]).ok();
    };
    std::fs::create_dir(&earlier).unwrap();
    std::fs::write(earlier.join("file"), "a person's\n").unwrap();
    works();
    assert!(earlier.join("file").exists(), "nothing says that a check left it");
    std::fs::write(&record, at).unwrap();
    works();
    assert!(!earlier.exists());
    sandbox.git(&["worktree", "add", "-q", "--detach", at]);
    std::fs::write(&record, at).unwrap();
    works();
    assert!(earlier.join("file").exists(), "it is a worktree by now");
}

/// An unconfined agent can write the record of a check's directory.
#[test]
fn a_record_that_names_a_persons_directory_removes_nothing() {
    let sandbox = Sandbox::new();
    sandbox.agent("echo two >>file");
    let id = sandbox.add(&["Make it two", "--verify", "true"]);
    sandbox.chant(&["work", &id]).ok();
    let (private, precious) = (sandbox.repo.join(".git/chant/check"), sandbox.dir().join("precious"));
    std::fs::create_dir_all(&private).unwrap();
    std::fs::create_dir(&precious).unwrap();
    std::fs::write(precious.join("file"), "a person's\n").unwrap();
    std::fs::write(private.join("1.lock"), "").unwrap();
    std::fs::write(private.join("1.place"), precious.to_str().unwrap()).unwrap();
    assert_eq!(pruned(&sandbox, &["--expire=now"]).iter().filter(|one| one["kind"] == "check").count(), 0);
    assert!(precious.join("file").exists());
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn leases_and_copies_that_were_left_behind() {
    let sandbox = Sandbox::new();
    let dir = sandbox.dir().display();
    sandbox.agent(&format!("touch {dir}/there; exec sleep 600"));
    let id = sandbox.add(&["Make it two"]);
    let mut child = sandbox.binary(&["work", &id]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    while !sandbox.dir().join("there").exists() {
        assert_eq!(child.try_wait().unwrap(), None);
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    // An orphan is no leftover: 'work' takes it up.
    assert_eq!(pruned(&sandbox, &[]), [Value::Null; 0]);
    let attempt = sandbox.show(&id)["attempt"].as_str().unwrap().to_owned();
    let lease = sandbox.repo.join(".git/chant/leases").join(&attempt);
    let held = std::fs::read(&lease).unwrap();
    sandbox.agent("echo two >file");
    sandbox.chant(&["work", &id]).ok();
    std::fs::write(&lease, held).unwrap();
    let aside = sandbox.repo.join(".git/chant/aside");
    std::fs::create_dir_all(&aside).unwrap();
    let pinned = sandbox.git(&["cat-file", "blob", &format!("{attempt}:spec.md")]) + "\n";
    std::fs::write(aside.join(format!("{attempt}-00000000.md")), pinned).unwrap();
    std::fs::write(aside.join(format!("{attempt}-11111111.md")), "mine\n").unwrap();
    let found = pruned(&sandbox, &[]);
    assert!(gone(&found).contains(&"lease") && gone(&found).contains(&"aside"), "{found:?}");
    assert!(kept(&found, "aside").contains("nowhere else"));
    assert!(!lease.exists() && aside.join(format!("{attempt}-11111111.md")).exists());
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn an_attempt_that_did_nothing_holds_nothing() {
    let sandbox = Sandbox::new();
    sandbox.agent("exit 3");
    let id = sandbox.add(&["Make it two"]);
    sandbox.chant(&["work", &id]).fails(1, &[]);
    sandbox.chant(&["cancel", &id]).ok();
    assert_eq!(attempts(&sandbox).len(), 1);
    let found = pruned(&sandbox, &[]);
    assert_eq!(found[0]["why"], "it holds only the spec, which is recorded");
    assert_eq!(attempts(&sandbox), [""; 0]);
    // One that went on from there is work.
    let other = sandbox.add(&["Another"]);
    sandbox.agent("echo '- [x] mine' >>$CHANT_SPEC_FILE; git commit -qam ticked; exit 3");
    sandbox.chant(&["work", &other]).fails(1, &[]);
    sandbox.chant(&["cancel", &other]).ok();
    assert_eq!(kept(&pruned(&sandbox, &[]), "attempt"), "it has 2 commits that no other ref reaches");
}

#[test]
fn a_copy_that_is_no_file_is_kept_and_hangs_nothing() {
    let sandbox = Sandbox::new();
    sandbox.agent("echo two >file; tick");
    let id = sandbox.add(&["Make it two"]);
    sandbox.chant(&["work", &id]).ok();
    let attempt = sandbox.show(&id)["attempt"].as_str().unwrap().to_owned();
    let dir = sandbox.repo.join(".git/chant/aside");
    std::fs::create_dir_all(&dir).unwrap();
    let mut fifo = sandbox.command_in(&dir, "mkfifo");
    sandbox.run(fifo.arg(format!("{attempt}-a1b2c3.md"))).ok();
    let found = pruned(&sandbox, &[]);
    assert_eq!(kept(&found, "aside"), "its text exists nowhere else; move it to its place");
}
