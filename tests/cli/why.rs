//! From a line or a commit to its spec and the research behind it.

use serde_json::Value;

use crate::support::Sandbox;

struct Fixed {
    sandbox: Sandbox,
    research: String,
    fix: String,
}

/// A research spec that recommends something, and a fix that follows it: `src/a.txt` has the lines one, locked, three.
fn fixed() -> Fixed {
    let sandbox = Sandbox::new();
    sandbox.write("src/a.txt", "one\ntwo\nthree\n");
    sandbox.git(&["add", "-A"]);
    sandbox.git(&["commit", "-qm", "Lines"]);
    sandbox.agent("mkdir -p .chant/research; printf '# Why\\n\\nA race.\\n\\n## Recommendation: locking\\n\\nLock, not CAS.\\n\\n## Other\\n\\nx\\n' >.chant/research/why.md; tick");
    let research = sandbox.add(&[
        "Find out why",
        "--type",
        "research",
        "--phase",
        "root-cause",
        "--target-file",
        ".chant/research/why.md",
    ]);
    sandbox.chant(&["work", &research]).ok();
    sandbox.agent("sed 's/two/locked/' src/a.txt >.new && mv .new src/a.txt; git commit -qam 'Lock it'; tick");
    let fix = sandbox.add(&["Lock the store", "--informed-by", ".chant/research/why.md", "--informed-by", &research]);
    sandbox.chant(&["work", &fix]).ok();
    Fixed { sandbox, research, fix }
}

#[track_caller]
fn ask(sandbox: &Sandbox, what: &str) -> Value {
    let ran = sandbox.chant(&["why", what, "--json"]);
    assert!(ran.code <= 1, "{ran:?}");
    ran.json()["why"][0].clone()
}

#[track_caller]
fn certainty(sandbox: &Sandbox, what: &str) -> (String, Value) {
    let answer = ask(sandbox, what);
    (answer["certainty"].as_str().unwrap().to_owned(), answer["spec"]["id"].clone())
}

#[test]
fn a_line_leads_to_its_spec_its_checks_and_the_recommendation() {
    let Fixed { sandbox, research, fix } = fixed();
    let answer = ask(&sandbox, "src/a.txt:2");
    assert_eq!((&answer["certainty"], &answer["spec"]["id"]), (&"recorded".into(), &fix.as_str().into()));
    assert_eq!(answer["subject"], "Lock it");
    assert!(answer["checks"].as_array().unwrap().iter().any(|check| check["name"] == "scope"), "{answer}");
    assert_eq!(answer["research"][0]["short"], research[11..]);
    assert_eq!(answer["research"][0]["recommendation"], "## Recommendation: locking\n\nLock, not CAS.");
    let printed = sandbox.chant(&["why", "src/a.txt:2"]).ok().out;
    assert!(printed.contains("> Lock, not CAS.") && printed.contains("Lock the store"), "{printed}");
    // From below, by revision, by path, by merge.
    let below = sandbox.chant_in(&sandbox.repo.join("src"), &["why", "a.txt:2", "--json"]).ok().json();
    assert_eq!(below["why"][0], answer);
    assert_eq!(ask(&sandbox, "main:src/a.txt:2"), answer);
    assert_eq!(ask(&sandbox, "src/a.txt")["spec"]["id"], *fix);
    assert_eq!(certainty(&sandbox, "main"), ("recorded".into(), fix.as_str().into()));
    // What no spec made, what is not committed, what is not there.
    sandbox.chant(&["why", "src/a.txt:1"]).fails(1, &["no spec is known"]);
    sandbox.write("src/a.txt", "one\nlocked\nthree\nfour\n");
    sandbox.chant(&["why", "src/a.txt:4"]).fails(1, &["not committed yet"]);
    sandbox.chant(&["why", "src/a.txt:99"]).fails(1, &["src/a.txt:99"]);
    sandbox.chant(&["why", "nothing/here:1"]).fails(1, &["is no commit, path or path:line"]);
    // Put away, it is still the reason.
    sandbox.git(&["checkout", "-q", "src/a.txt"]);
    sandbox.chant(&["archive", &fix]).ok();
    assert_eq!(certainty(&sandbox, "src/a.txt:2"), ("recorded".into(), fix.as_str().into()));
}

#[test]
fn the_trail_survives_what_people_do_to_commits_and_says_how_sure_it_is() {
    let Fixed { sandbox, fix, .. } = fixed();
    let made = sandbox.git(&["log", "--format=%H", "--grep", "^Lock it$", "main"]);
    // A cherry-pick elsewhere: the same change, another commit, and a line that says so only by its patch.
    sandbox.git(&["checkout", "-q", "-b", "elsewhere", "main~1"]);
    sandbox.git(&["-c", "notes.rewriteRef=refs/none", "cherry-pick", &made]);
    assert_eq!(certainty(&sandbox, "HEAD"), ("patch".into(), fix.as_str().into()));
    assert_eq!(certainty(&sandbox, "src/a.txt:2"), ("patch".into(), fix.as_str().into()));
    // Reworded: still the same change.
    sandbox.git(&["commit", "-q", "--amend", "-m", "Lock the store, reworded"]);
    assert_eq!(certainty(&sandbox, "HEAD"), ("patch".into(), fix.as_str().into()));
    // Squashed by hand: git lists what went into it, and so one knows whom it claims to come from.
    sandbox.git(&["checkout", "-q", "-b", "squashed", "main~2"]);
    sandbox.git(&["merge", "-q", "--squash", "main"]);
    sandbox.git(&["commit", "-q", "--no-edit"]);
    let squashed = ask(&sandbox, "HEAD");
    assert_eq!(squashed["certainty"], "several", "{squashed}");
    assert!(squashed["how"].as_str().unwrap().contains(&fix[11..]), "{squashed}");
    sandbox.git(&["checkout", "-q", "elsewhere"]);
    // Another change that only claims to be the spec's.
    sandbox.write("src/b.txt", "x\n");
    sandbox.git(&["add", "-A"]);
    sandbox.git(&["commit", "-qm", &format!("Sneak in\n\nChant-Spec: {fix}")]);
    assert_eq!(certainty(&sandbox, "HEAD"), ("claimed".into(), fix.as_str().into()));
    sandbox.chant(&["why", "HEAD"]).ok().fails(0, &["no event confirms it"]);
    // A name that nothing has, or that is none, is nothing.
    sandbox.git(&["commit", "-q", "--allow-empty", "-m", "x\n\nChant-Spec: 2020-01-01-001-abc\nChant-Spec: ../../x"]);
    sandbox.chant(&["why", "HEAD"]).fails(1, &["no spec is known"]);
    // A note that lies.
    let root = sandbox.git(&["rev-list", "--max-parents=0", "main"]);
    sandbox.git(&["notes", "--ref=chant", "add", "-f", "-m", &format!("Chant-Spec: {fix}"), &root]);
    assert_eq!(certainty(&sandbox, &root), ("claimed".into(), fix.as_str().into()));
}
