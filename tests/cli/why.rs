//! From a line or a commit to its spec and the research behind it.

use std::fs;

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
    sandbox.chant(&["why", "src/a.txt:1"]).fails(1, &["no spec records it"]);
    sandbox.write("src/a.txt", "one\nlocked\nthree\nfour\n");
    sandbox.chant(&["why", "src/a.txt:4"]).fails(1, &["not committed yet"]);
    sandbox.chant(&["why", "src/a.txt:99"]).fails(1, &["src/a.txt:99"]);
    sandbox.chant(&["why", "nothing/here:1"]).fails(1, &["is not a commit, path or path:line"]);
    // Archived, it is still the reason.
    sandbox.git(&["checkout", "-q", "src/a.txt"]);
    sandbox.chant(&["archive", &fix]).ok();
    assert_eq!(certainty(&sandbox, "src/a.txt:2"), ("recorded".into(), fix.as_str().into()));
}

#[test]
#[ignore = "slow: .ci/run runs it"]
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
    assert!(squashed["spec"]["id"].is_string(), "each of the specs has an answer: {squashed}");
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
    sandbox.chant(&["why", "HEAD"]).fails(1, &["no spec records it"]);
    // A note that lies.
    let root = sandbox.git(&["rev-list", "--max-parents=0", "main"]);
    sandbox.git(&["notes", "--ref=chant", "add", "-f", "-m", &format!("Chant-Spec: {fix}"), &root]);
    assert_eq!(certainty(&sandbox, &root), ("claimed".into(), fix.as_str().into()));
}

/// A root cause that recommends the lock, a fix that cannot be built on it, and a second root cause at the same path that recommends the
/// queue; the fix is worked again on that.
#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_fix_on_research_that_superseded_other_research_quotes_what_it_was_informed_by() {
    let sandbox = Sandbox::new();
    let research = |name: &str| {
        sandbox.agent(&format!(
            "mkdir -p .chant/research; printf '# Why\\n\\nA race.\\n\\n## Recommendation\\n\\nUse the {name}.\\n' >.chant/research/race-root-cause.md; tick"
        ));
    };
    sandbox
        .chant(&["investigate", "race", "--title", "Lost", "--phases", "root-cause,fork-fix", "--onto", "main"])
        .ok();
    sandbox.commit("Specs");
    let listed = sandbox.chant(&["list", "--json"]).ok().json();
    let id = |at: usize| listed["specs"][at]["id"].as_str().unwrap().to_owned();
    let (old, fix) = (id(0), id(1));
    research("lock");
    sandbox.chant(&["work", &old]).ok();
    sandbox.agent("exit 65");
    sandbox.chant(&["work", &fix]).fails(1, &["git chant investigate race --again root-cause"]);
    let reason = "the lock is not reentrant";
    let again = ["investigate", "race", "--again", "root-cause", "--reason", reason];
    let new = sandbox.chant(&again).ok().out.trim().strip_prefix("Created spec: ").unwrap()[..18].to_owned();
    // It is as the first was made: its criteria, its inputs, its branch; and what depends on that waits for it.
    let text = sandbox.read(&format!(".chant/specs/{new}.md"));
    assert!(text.contains("One approach is recommended") && text.contains("- [ ] "), "{text}");
    assert!(text.contains("  - .chant/research/race-root-cause.md\n"), "{text}");
    let blocked = sandbox.show(&fix)["blocked_by"].to_string();
    assert!(blocked.contains(&format!("it depends on '{}'", &new[11..])), "{blocked}");
    // Both agents are told what happened.
    sandbox.agent("cat >\"$CHANT_WORKTREE/../prompt\"; exit 1");
    sandbox.chant(&["work", &new]).fails(1, &[]);
    let told = std::fs::read_to_string(sandbox.dir().join("prompt")).unwrap();
    assert!(told.contains(&format!("was superseded by this spec: {reason}")), "{told}");
    assert!(told.contains(&format!("'{}' failed: the agent reports insufficient research", &fix[11..])), "{told}");
    research("queue");
    sandbox.chant(&["work", &new]).ok();
    assert_eq!(sandbox.git(&["for-each-ref", "refs/heads/fix"]), "", "it is for main, too");
    let fixed = |text: &str| {
        sandbox.agent(&format!("cat >\"$CHANT_WORKTREE/../prompt\"; echo {text} >file; sed 's/^<!-- Fill in.*/### Fixed\\n\\nNothing is lost any longer./' \"$CHANT_SPEC_FILE\" >.n; cat .n >\"$CHANT_SPEC_FILE\"; rm .n; tick"))
    };
    fixed("fixed");
    sandbox.chant(&["work", &fix]).ok();
    let told = std::fs::read_to_string(sandbox.dir().join("prompt")).unwrap();
    assert!(told.contains(&format!("was superseded by '{}': {reason}", &new[11..])), "{told}");
    assert!(told.contains("Use the queue.") && !told.contains("Use the lock."), "{told}");
    assert_eq!(sandbox.show(&fix)["stale"], false);

    let trail = ask(&sandbox, "file:1")["research"].clone();
    let summary = |at: usize| (trail[at]["short"].as_str().unwrap(), trail[at]["recommendation"].as_str().unwrap());
    assert_eq!(summary(0), (&new[11..], "## Recommendation\n\nUse the queue."));
    assert_eq!(summary(1), (&old[11..], "## Recommendation\n\nUse the lock."));
    assert_eq!(trail[0]["superseded_by"], Value::Null);
    assert_eq!((&trail[1]["superseded_by"], &trail[1]["superseded_because"]), (&new[11..].into(), &reason.into()));
    // A third research later does not change what the fix was informed by.
    research("nothing");
    let third = sandbox.add(&["Once more", "--supersedes", &new]);
    sandbox.chant(&["work", &third]).ok();
    let trail = ask(&sandbox, "file:1")["research"].clone();
    assert_eq!(trail.as_array().unwrap().len(), 2, "{trail}");
    assert_eq!(trail[0]["recommendation"], "## Recommendation\n\nUse the queue.");
    assert_eq!(trail[0]["superseded_by"], third[11..]);
    assert_eq!(sandbox.show(&fix)["stale"], true);
    // Worked again it rests on the third, and what the first attempt ticked does not count.
    sandbox.chant(&["reset", &fix]).ok();
    sandbox.agent("echo again >file");
    sandbox.chant(&["work", &fix]).fails(1, &["The recommended approach is implemented"]);
    sandbox.agent("echo again >file; tick");
    sandbox.chant(&["work", &fix]).fails(1, &["release notes"]);
    fixed("again");
    sandbox.chant(&["work", &fix]).ok();
    assert_eq!(sandbox.show(&fix)["stale"], false);
    assert_eq!(sandbox.git(&["status", "--porcelain", "--", &format!(".chant/specs/{fix}.md")]), "");
    assert_eq!(sandbox.chant(&["fsck"]).ok().out, "");
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn each_line_has_the_inputs_and_the_checks_of_the_attempt_that_made_it() {
    let sandbox = Sandbox::new();
    let research = |name: &str| {
        sandbox.agent(&format!("mkdir -p .chant/research; printf '# Why\\n\\nA race.\\n\\n## Recommendation\\n\\nUse the {name}.\\n' >.chant/research/why.md; tick"));
    };
    research("lock");
    let cause = sandbox.add(&["Find out why", "--type", "research", "--target-file", ".chant/research/why.md"]);
    sandbox.chant(&["work", &cause]).ok();
    let inputs = ["--informed-by", ".chant/research/why.md", "--informed-by", &cause];
    let fix = sandbox.add(&[&["Fix it"][..], &inputs].concat());
    sandbox.agent("echo lock >>file; git commit -qam Lock; tick");
    sandbox.chant(&["work", &fix]).ok();
    sandbox.chant(&["reset", &cause]).ok();
    research("queue");
    sandbox.chant(&["work", &cause]).ok();
    sandbox.chant(&["reset", &fix]).ok();
    sandbox.agent("echo queue >>file; git commit -qam Queue; tick");
    sandbox.chant(&["work", &fix]).ok();
    for (line, name) in [(2, "lock"), (3, "queue")] {
        let answer = ask(&sandbox, &format!("file:{line}"));
        assert_eq!(answer["spec"]["id"], fix.as_str());
        let quoted = answer["research"][0]["recommendation"].as_str().unwrap();
        assert!(quoted.contains(&format!("Use the {name}.")), "line {line}: {quoted}");
    }
}

#[test]
fn a_partial_clone_fetches_the_history_of_a_line_at_once() {
    let sandbox = Sandbox::new();
    for number in 0..45 {
        sandbox.write("a", &format!("{number}\nlast\n"));
        sandbox.write("dir/b", &format!("{number}\n"));
        sandbox.commit("Go on");
    }
    sandbox.agent("printf 'of a spec\\n' >>a; git commit -qam 'Add a line'; tick");
    let id = sandbox.add(&["Add a line", "--onto", "main"]);
    sandbox.chant(&["work", &id]).ok();
    for number in 0..5 {
        sandbox.write("dir/b", &format!("later {number}\n"));
        sandbox.commit("Go on");
    }
    sandbox.git(&["config", "uploadpack.allowFilter", "true"]);
    sandbox.git(&["config", "uploadpack.allowAnySHA1InWant", "true"]);
    let url = format!("file://{}", sandbox.repo.display());
    for filter in ["blob:none", "tree:0"] {
        let clone = sandbox.dir().join(filter.replace(':', "-"));
        sandbox.git_in(sandbox.dir(), &["clone", "-q", "--filter", filter, &url, clone.to_str().unwrap()]);
        sandbox.chant_in(&clone, &["sync"]).ok();
        for (line, code, found) in [("a:3", 0, id.as_str()), ("a:2", 1, "no spec records it")] {
            let trace = clone.with_extension("trace");
            let mut why = sandbox.command_in(&clone, env!("CARGO_BIN_EXE_git-chant"));
            sandbox.run(why.args(["why", line, "--json"]).env("GIT_TRACE", &trace)).fails(code, &[found]);
            let fetches = fs::read_to_string(&trace).unwrap().matches("built-in: git fetch").count();
            assert!(fetches < 10, "{filter} {line}: {fetches} fetches");
            fs::remove_file(trace).unwrap();
        }
        // Each fetch made a pack: more than gix has room for by default.
        sandbox.chant_in(&clone, &["list", "--all"]).ok();
    }
}

#[test]
fn a_line_outside_of_a_sparse_checkout_leads_to_its_spec() {
    let sandbox = Sandbox::new();
    sandbox.write("kept/one", "x");
    sandbox.commit("Kept");
    sandbox.agent("mkdir -p deep/er; echo one >deep/er/file");
    let id = sandbox.add(&["Dig"]);
    sandbox.chant(&["work", &id]).ok();
    sandbox.git(&["sparse-checkout", "set", "kept"]);
    assert!(!sandbox.repo.join("deep").exists());
    for what in ["deep/er/file:1", "deep/er/file", "./deep/er/file:1"] {
        sandbox.chant(&["why", what]).fails(0, &[&id[11..], "recorded by its events"]);
    }
}

#[test]
fn a_line_of_an_investigation_in_one_spec_leads_to_its_own_document() {
    let sandbox = Sandbox::new();
    sandbox.agent("mkdir -p .chant/research; printf '# Findings\\n\\nThe file lacks a line, as reading it shows.\\n\\n## Recommendation\\n\\nAppend the second line.\\n' >.chant/research/one.md
echo two >>file; sed 's/^<!-- Fill.*/- There is a second line./' $CHANT_SPEC_FILE >.s && cat .s >$CHANT_SPEC_FILE && rm .s; tick");
    let out = sandbox.chant(&["investigate", "one", "--single", "--title", "A line is missing"]).ok().out;
    let id = &out["Created spec: ".len()..][..18];
    sandbox.chant(&["work", id]).ok();
    let lines = sandbox.git(&["show", "fix/one:file"]).lines().count();
    let answer = ask(&sandbox, &format!("fix/one:file:{lines}"));
    assert_eq!(answer["spec"]["id"], id, "{answer}");
    assert_eq!(answer["research"][0]["short"], id[11..], "{answer}");
    assert_eq!(answer["research"][0]["documents"][0], ".chant/research/one.md");
    assert_eq!(answer["research"][0]["recommendation"], "## Recommendation\n\nAppend the second line.");
}

#[test]
fn a_line_of_a_file_whose_name_git_quotes_leads_to_its_spec() {
    for name in ["plain.txt", "grün \"x\".txt"] {
        let sandbox = Sandbox::new();
        sandbox.agent(&format!(
            "echo one >'{name}'; echo x >other; git add -A; git commit -qm One; echo two >>'{name}'; git commit -qam Two"
        ));
        let id = sandbox.add(&["Write"]);
        sandbox.commit("Spec");
        sandbox.chant(&["work", &id, "--no-merge"]).ok();
        sandbox.git(&["merge", "-q", "--squash", &format!("chant/{id}")]);
        sandbox.write("other", "x\nmore\n");
        sandbox.commit("Other words (#12)");
        sandbox.chant(&["why", &format!("{name}:2")]).fails(0, &[&id[11..], "squash"]);
    }
}
