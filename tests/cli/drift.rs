//! What rests on something that has changed since: by object id, against what was pinned.

use serde_json::Value;

use crate::support::Sandbox;

/// A sandbox with a document, and a completed spec that was informed by it.
fn informed() -> (Sandbox, String) {
    let sandbox = Sandbox::new();
    sandbox.write("docs/why.md", "It is the moon.\n");
    commit(&sandbox);
    sandbox.agent("echo $CHANT_SPEC_ID >>out; tick");
    let id = sandbox.add(&[
        "Follow it",
        "--informed-by",
        "docs/why.md",
        "--informed-by",
        "docs/**/*.md",
        "--target-file",
        "out",
    ]);
    sandbox.chant(&["work", &id]).ok();
    (sandbox, id)
}

fn commit(sandbox: &Sandbox) {
    sandbox.git(&["add", "-A"]);
    sandbox.git(&["commit", "-qm", "Change"]);
}

fn drift(sandbox: &Sandbox) -> Vec<Value> {
    sandbox.chant(&["drift", "--json"]).ok().json()["drift"].as_array().unwrap().clone()
}

fn kinds(sandbox: &Sandbox) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    drift(sandbox).iter().map(|one| (text(&one["kind"]), text(&one["input"]))).collect()
}

#[test]
fn a_changed_a_new_and_a_lost_file_are_told_apart_and_shown() {
    let (sandbox, id) = informed();
    assert_eq!(sandbox.chant(&["drift", "--exit-code"]).ok().out, "");
    sandbox.write("docs/why.md", "It is the sun.\n");
    sandbox.write("docs/more/else.md", "And the tide.\n");
    commit(&sandbox);
    assert_eq!(
        kinds(&sandbox),
        [("changed".into(), "docs/why.md".into()), ("added".into(), "docs/more/else.md".into())]
    );
    assert_eq!(sandbox.show(&id)["stale"], true);
    let see = drift(&sandbox)[0]["see"].as_str().unwrap().to_owned();
    let shown = sandbox.git(&see.split(' ').skip(1).collect::<Vec<_>>());
    assert!(shown.contains("-It is the moon.") && shown.contains("+It is the sun."), "{shown}");
    sandbox.chant(&["drift", "--exit-code", &id]).fails(1, &["changed", "docs/why.md", "git diff", "git chant accept"]);

    sandbox.git(&["rm", "-q", "docs/why.md"]);
    commit(&sandbox);
    assert_eq!(kinds(&sandbox)[0], ("gone".into(), "docs/why.md".into()));
    // A person says that it holds as it is.
    sandbox.chant(&["accept", &id, "-m", "the reason still holds"]).ok();
    assert_eq!(kinds(&sandbox), []);
    assert_eq!(sandbox.show(&id)["stale"], false);
    sandbox.write("docs/more/else.md", "And the wind.\n");
    commit(&sandbox);
    assert_eq!(kinds(&sandbox), [("changed".into(), "docs/more/else.md".into())], "seen once is not seen for ever");
    assert_eq!(sandbox.chant(&["fsck"]).ok().out, "");
}

#[test]
fn what_the_work_itself_changed_and_ticked_boxes_are_no_drift() {
    let sandbox = Sandbox::new();
    sandbox.agent("echo more >>file; tick");
    sandbox.write("body.md", "## Acceptance Criteria\n\n- [ ] more\n");
    let body = ["--body-file", "body.md"];
    let first = sandbox.add(&[&["First", "--informed-by", "file", "--target-file", "file"], &body[..]].concat());
    sandbox.chant(&["work", &first]).ok();
    let second = sandbox.add(&[&["Second", "--informed-by", &first, "--target-file", "file"], &body[..]].concat());
    sandbox.chant(&["work", &second]).ok();
    assert_eq!(
        kinds(&sandbox),
        [("changed".into(), "file".into())],
        "the second changed what the first was informed by"
    );
    assert_eq!(drift(&sandbox)[0]["spec"], first);
    assert_eq!(drift(&sandbox)[0]["downstream"], serde_json::json!([&second[11..]]));
    // Worked again, it is another thing that the second was informed by.
    sandbox.chant(&["reset", &first]).ok();
    sandbox.chant(&["work", &first]).ok();
    assert!(kinds(&sandbox).contains(&("reworked".into(), first.clone())), "{:?}", kinds(&sandbox));
}

#[test]
fn tracks_and_origin_are_pinned_too() {
    let sandbox = Sandbox::new();
    sandbox.agent("echo doc >doc.md; tick");
    let id = sandbox.add(&["Document it", "--type", "documentation", "--tracks", "file", "--target-file", "doc.md"]);
    sandbox.chant(&["work", &id]).ok();
    assert_eq!(kinds(&sandbox), []);
    sandbox.write("file", "two\n");
    commit(&sandbox);
    assert_eq!(kinds(&sandbox), [("changed".into(), "file".into())]);
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn research_that_does_not_carry_the_work_is_replaced_and_what_rests_on_it_is_stale() {
    let sandbox = Sandbox::new();
    sandbox.agent("mkdir -p .chant/research; printf '# Why\\n\\nBecause.\\n' >.chant/research/why.md; tick");
    let research = |title: &str, more: &[&str]| {
        let args = [&[title, "--type", "research", "--target-file", ".chant/research/why.md"], more].concat();
        sandbox.add(&args)
    };
    let old = research("Find out why", &[]);
    sandbox.chant(&["work", &old]).ok();
    let other = sandbox.add(&["Other fix", "--informed-by", ".chant/research/why.md", "--informed-by", &old]);
    sandbox.agent("echo other >other; tick");
    sandbox.chant(&["work", &other]).ok();
    let fix = sandbox.add(&["Fix it", "--informed-by", ".chant/research/why.md", "--informed-by", &old]);
    sandbox.agent("echo 'the lock is not reentrant'; exit 65");
    sandbox.chant(&["work", &fix]).fails(1, &["reports insufficient research", "--supersedes", &old[11..]]);
    assert_eq!(sandbox.status(&fix), "failed");
    assert_eq!(kinds(&sandbox), []);
    let shown = sandbox.chant(&["show", &fix]).ok().out;
    assert!(
        shown.contains("Reason:      the agent reports insufficient research: the lock is not reentrant"),
        "{shown}"
    );

    let new = research("Find out better", &["--supersedes", &old[11..14]]);
    assert!(sandbox.read(&format!(".chant/specs/{new}.md")).contains(&format!("supersedes:\n  - {old}\n")));
    assert_eq!(sandbox.ops(&old).last().unwrap(), "supersede");
    assert_eq!(sandbox.status(&old), "completed");
    let found = drift(&sandbox);
    let stale: Vec<&str> = found.iter().map(|one| one["spec"].as_str().unwrap()).collect();
    assert_eq!(stale, [other.as_str(), fix.as_str()]);
    assert!(found.iter().all(|one| one["kind"] == "superseded" && one["by"] == *new), "{found:?}");
    // One is worked again on the new research, the other holds, as a person says.
    sandbox.agent("mkdir -p .chant/research; printf '# Why\\n\\nThe lock.\\n' >.chant/research/why.md; tick");
    sandbox.chant(&["work", &new]).ok();
    sandbox.chant(&["accept", &other, "-m", "it does not use the lock"]).ok();
    assert_eq!(sandbox.show(&other)["stale"], false);
    assert_eq!(sandbox.show(&fix)["stale"], true);
    assert_eq!(sandbox.chant(&["fsck"]).ok().out, "");
    // What another spec replaces is not what to do next.
    let instead = sandbox.add(&["Fix it otherwise", "--supersedes", &fix]);
    let shown = sandbox.chant(&["show", &fix]).ok().out;
    assert!(shown.contains(&format!("Replaced by: {}\n", &instead[11..])) && !shown.contains("Next:"), "{shown}");
}
