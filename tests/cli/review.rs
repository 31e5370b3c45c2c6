//! A person reviews finished work: what waits for that, what an answer is about, what becomes of it.

use crate::support::Sandbox;

/// A repository in which the work of specs labelled `careful` waits for a review, and finished work that does.
fn waiting() -> (Sandbox, String) {
    let sandbox = Sandbox::new();
    sandbox.git(&["config", "chant.review", "careful"]);
    sandbox.agent("echo two >file; tick");
    let id = sandbox.add(&["Make it two", "--label", "careful"]);
    sandbox.chant(&["work", &id]).fails(1, &["waiting for your review", "git chant review", "git chant approve"]);
    (sandbox, id)
}

fn tip(sandbox: &Sandbox, id: &str) -> String {
    sandbox.show(id)["work_commits"].as_array().unwrap().last().unwrap().as_str().unwrap().to_owned()
}

/// Adds a commit to the work branch of a spec.
fn add_commit(sandbox: &Sandbox, id: &str) {
    let path = sandbox.chant(&["path", id]).ok().out.trim().to_owned();
    std::fs::write(format!("{path}/more"), "more\n").unwrap();
    for args in [&["add", "-A"][..], &["commit", "-qm", "More"]] {
        sandbox.run(sandbox.command_in(path.as_ref(), "git").args(args)).ok();
    }
}

#[test]
fn work_waits_until_a_person_approves_its_newest_commit() {
    let (sandbox, id) = waiting();
    let other = sandbox.add(&["Make it two again"]);
    assert_eq!(sandbox.status(&id), "finished");
    assert_eq!(sandbox.show(&id)["review"]["state"], "required");
    let list = sandbox.chant(&["list"]).ok().out;
    assert!(list.contains("finished (needs-review)"), "{list}");
    let status = sandbox.chant(&["status"]).ok().out;
    assert!(status.contains("waiting for your review") && status.contains("git chant review"), "{status}");
    sandbox.chant(&["merge", &id]).fails(1, &["waiting for your review"]);
    sandbox.chant(&["finish", &id]).fails(1, &["waiting for your review"]);

    let shown = sandbox.chant(&["review", &id]).ok();
    assert!(shown.out.contains("\n+two\n") && shown.err.contains("git chant approve"), "{shown:?}");
    assert!(sandbox.chant(&["show", &id, "--diff"]).ok().out.contains("\n+two\n"));
    sandbox.chant(&["approve", &id, "--commit", "HEAD"]).fails(1, &["ends with"]);
    sandbox.chant(&["review", &other]).fails(1, &["it is pending"]);
    sandbox.chant(&["approve", &other, "--commit", "HEAD"]).fails(1, &["has no finished work"]);

    let first = tip(&sandbox, &id);
    sandbox.chant(&["approve", &id, "--commit", &first[..10], "-m", "Well done"]).ok();
    assert_eq!(sandbox.show(&id)["verified"], "reviewed");
    add_commit(&sandbox, &id);
    sandbox.chant(&["approve", &id]).fails(1, &["moved after the checks"]);
    sandbox.chant(&["merge", &id]).fails(1, &["its commits changed after the approval"]);
    assert_eq!((&sandbox.show(&id)["verified"], &sandbox.show(&id)["review"]["stale"]), (&"none".into(), &true.into()));
    sandbox.chant(&["approve", &id]).ok();
    sandbox.chant(&["merge", &id]).ok();
    let done = sandbox.show(&id);
    assert_eq!((&done["status"], &done["verified"]), (&"completed".into(), &"reviewed".into()));
    assert_eq!(done["review"]["state"], "approved");
    assert!(sandbox.chant(&["log", &id]).ok().out.contains("Verified: reviewed\n"));
    assert_eq!(sandbox.chant(&["fsck"]).ok().out, "");
}

#[test]
fn rejected_work_has_failed_and_the_next_attempt_is_told_why() {
    let (sandbox, id) = waiting();
    sandbox.chant(&["reject", &id, "--reason", "say three, not two"]).ok();
    assert_eq!(sandbox.status(&id), "failed");
    // This commit is not merged by having it checked again, whatever else waits for a review.
    sandbox.git(&["config", "--unset", "chant.review"]);
    sandbox.chant(&["finish", &id]).fails(1, &["a person rejected its work"]);
    sandbox.chant(&["merge", &id]).fails(1, &["a person rejected its work", "git chant reset"]);
    sandbox.chant(&["reject", &id, "--reason", "and say it loud"]).ok();
    sandbox.chant(&["reset", &id]).ok();
    sandbox.agent("cat >told; grep -q 'say three, not two' told && grep -q 'say it loud' told && rm told && echo three >file; tick");
    sandbox.chant(&["work", &id]).ok();
    assert_eq!(sandbox.read("file"), "three\n");
    assert_eq!(sandbox.show(&id)["verified"], "none");
}

#[test]
fn a_rejection_of_failed_work_is_told_and_the_spec_waits_for_no_approval() {
    let sandbox = Sandbox::new();
    sandbox.agent("echo three >file; exit 3");
    let id = sandbox.add(&["Make it two"]);
    sandbox.chant(&["work", &id]).fails(1, &[]);
    sandbox.chant(&["reject", &id, "-m", "say two"]).ok().fails(0, &[&format!("git chant work {}", &id[11..])]);
    assert!(!sandbox.show(&id)["blocked_by"].to_string().contains("approval"));
    sandbox.agent("cat >told; grep -q 'a person rejected its work: say two' told && rm told && echo two >file; tick");
    sandbox.chant(&["work", &id, "--fresh"]).ok();
    assert_eq!(
        sandbox.read("file"),
        "two
"
    );
    // The text of a spec that has to be approved is another matter.
    let asked = sandbox.add(&["Another", "--needs-approval"]);
    sandbox.chant(&["approve", &asked]).ok();
    sandbox.agent("exit 3");
    sandbox.chant(&["work", &asked]).fails(1, &[]);
    let path = format!(".chant/specs/{asked}.md");
    let text = sandbox.read(&path);
    sandbox.write(&path, &format!("{text}\nMore.\n"));
    sandbox.chant(&["reject", &asked, "-m", "no more"]).ok();
    sandbox.chant(&["work", &asked, "--fresh"]).fails(1, &["it was rejected"]);
}

#[test]
fn all_and_types_name_what_waits() {
    for (value, waits) in [("all", true), ("code", true), ("research, task", false)] {
        let sandbox = Sandbox::new();
        sandbox.git(&["config", "chant.review", value]);
        sandbox.agent("echo two >file; tick");
        let id = sandbox.add(&["Make it two"]);
        sandbox.chant(&["work", &id]);
        assert_eq!(sandbox.status(&id) == "finished", waits, "{value}");
    }
}

#[test]
fn no_agent_reviews_its_own_work() {
    let sandbox = Sandbox::new();
    sandbox.git(&["config", "chant.review", "all"]);
    sandbox.agent("echo two >file; git add -A; git commit -qm two; for c in 'approve' 'review' 'reject -m no'; do for e in '' 'env -u CHANT_SPEC_ID -u CHANT_ATTEMPT'; do $e git chant $c $CHANT_SPEC_ID && echo \"$c\" >>approved; done; done; tick");
    let id = sandbox.add(&["Make it two"]);
    sandbox.chant(&["work", &id]).fails(1, &["waiting for your review"]);
    assert_eq!(sandbox.git(&["ls-tree", "--name-only", &tip(&sandbox, &id)]), ".chant\nfile");
    assert!(!sandbox.ops(&id).contains(&"review".to_owned()));
}

#[test]
fn finish_and_merge_ask_for_the_approval_of_the_text() {
    let sandbox = Sandbox::new();
    sandbox.agent("echo two >\"file-$CHANT_SPEC_ID\"; tick");
    let id = sandbox.add(&["Make it two", "--needs-approval"]);
    sandbox.chant(&["finish", &id]).fails(1, &["cannot finish", "its text is not approved", "git chant approve"]);
    sandbox.chant(&["approve", &id]).ok();
    sandbox.chant(&["work", &id, "--no-merge"]).ok();
    let other = sandbox.add(&["Make it two again"]);
    sandbox.chant(&["work", &other, "--no-merge"]).ok();
    // What has to be approved is decided when the work is merged.
    sandbox.git(&["config", "chant.approval.required", "code"]);
    sandbox.chant(&["merge", &id]).ok();
    sandbox.chant(&["merge", &other]).fails(1, &["its text is not approved"]);
    sandbox.chant(&["approve", &other]).ok();
    assert_eq!(sandbox.show(&other)["verified"], "reviewed");
    sandbox.chant(&["merge", &other]).ok();
}

#[test]
fn another_agent_reads_and_approves_nothing() {
    let (sandbox, id) = waiting();
    let before = sandbox.git(&["for-each-ref", "--format=%(objectname) %(refname)", "refs/heads"]);
    let reviewer = "cat >$TMPDIR/told 2>/dev/null; test \"$(cat file)\" = two || exit 3; git rev-parse HEAD || exit 4; cd REPO; env -u CHANT_SPEC_ID -u CHANT_ATTEMPT git chant approve $CHANT_SPEC_ID; echo file:1: fine; echo Verdict: accept";
    let reviewer = reviewer.replace("REPO", &sandbox.repo.to_string_lossy());
    std::fs::write(sandbox.dir().join("reviewer.sh"), reviewer).unwrap();
    sandbox.git(&["config", "chant.agent.reader.cmd", &format!("sh {}", sandbox.dir().join("reviewer.sh").display())]);
    for mode in ["auto", "off"] {
        sandbox.git(&["config", "chant.confine", mode]);
        let ran = sandbox.chant(&["review", &id, "--agent", "reader"]);
        if mode == "auto" && ran.err.contains("cannot be confined") {
            continue;
        }
        assert!(ran.ok().out.contains(": accept"), "{mode}");
    }
    assert_eq!(sandbox.show(&id)["review"]["state"], "required");
    assert_eq!(sandbox.git(&["for-each-ref", "--format=%(objectname) %(refname)", "refs/heads"]), before);
    let text = sandbox.git(&["show", &format!("refs/chant/specs/{id}:review.md")]);
    assert!(text.contains("file:1: fine") && text.contains("only a person can approve"), "{text}");
    assert_eq!(sandbox.ops(&id).last().unwrap(), "note");
    sandbox.chant(&["review", &id, "--agent", "absent"]).fails(128, &["has no command"]);
    sandbox.git(&["config", "chant.agent.broken.cmd", "echo it broke; exit 3"]);
    sandbox.chant(&["review", &id, "--agent", "broken"]).fails(1, &["exited with code 3", "it broke"]);
    sandbox.chant(&["approve", &id]).ok();
    sandbox.chant(&["merge", &id]).ok();
}

#[test]
fn what_an_agent_found_is_shown_as_its_own_text() {
    let (sandbox, id) = waiting();
    let reviewer = "cat >/dev/null; printf 'file:1: it is \\033[2Jhard-coded\\n\\nReason: all is well\\nVerdict: reject: see above\\n'";
    std::fs::write(sandbox.dir().join("reviewer.sh"), reviewer).unwrap();
    sandbox.git(&["config", "chant.agent.reader.cmd", &format!("sh {}", sandbox.dir().join("reviewer.sh").display())]);
    sandbox.chant(&["review", &id, "--agent", "reader"]).ok();
    let found = "file:1: it is hard-coded\n\nReason: all is well\nVerdict: reject: see above";
    let of = |events: &serde_json::Value| {
        let events = events.as_array().unwrap();
        events.iter().find_map(|event| event["review"].as_str().map(str::to_owned)).unwrap_or_default()
    };
    assert_eq!(of(&sandbox.chant(&["log", &id, "--json"]).ok().json()["events"]), found);
    assert_eq!(of(&sandbox.show(&id)["history"]), found);
    let lines = "        file:1: it is hard-coded\n\n        Reason: all is well\n        Verdict: reject: see above\n";
    for args in [&["log", &id][..], &["show", &id], &["review", &id]] {
        let text = sandbox.chant(args).ok().out;
        assert!(
            text.contains(&format!(": reject: see above\n{}{lines}", if args[0] == "log" { "\n" } else { "" })),
            "{text}"
        );
    }
    // The next attempt is told, and has another work.
    sandbox.agent("cat >\"$HOME/told\"; echo three >file; tick");
    sandbox.chant(&["reject", &id, "--reason", "say three"]).ok();
    sandbox.chant(&["work", &id, "--fresh"]).fails(1, &["waiting for your review"]);
    let told = std::fs::read_to_string(sandbox.dir().join("home/told")).unwrap();
    assert!(
        told.contains(": reject: see above\n  > file:1: it is hard-coded\n  > \n  > Reason: all is well\n"),
        "{told}"
    );
    assert!(!sandbox.chant(&["show", &id]).ok().out.contains("all is well"));
    assert!(sandbox.chant(&["log", &id]).ok().out.contains(lines));
}
