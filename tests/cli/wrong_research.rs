//! Research that does not carry the fix: where a person goes on, and what the next agents are told.

use std::fs;

use crate::support::Sandbox;

/// By phase: a document, or a fix that fails as long as the file `~/wrong` is there.
const AGENT: &str = r#"
cp "$CHANT_PROMPT_FILE" ~/prompt
echo "$CHANT_SPEC_ID" >>~/worked
document() { mkdir -p .chant/research; printf '# Why\n\nA race, seen in run %s.\n\n## Recommendation\n\nTake the lock.\n\n%s\n' "$CHANT_ATTEMPT" "$1" >".chant/research/lost-$CHANT_PHASE.md"; }
case $CHANT_PHASE in
fork-fix)
    if [ -e ~/wrong ]; then git chant fail "$CHANT_SPEC_ID" --research-insufficient -m 'the lock is not reentrant'; exit 1; fi
    echo fixed >store; git commit -qam Fix ;;
impact-map) document '- `store`: takes the lock' ;;
*) document '' ;;
esac
sed 's/^<!-- Fill in.*/### Fixed\n\nNo write is lost./' "$CHANT_SPEC_FILE" >.t; cat .t >"$CHANT_SPEC_FILE"; rm .t
tick
"#;

/// An investigation whose fix failed because of its research: comprehension, root cause, impact map and fix.
fn failed() -> (Sandbox, Vec<String>) {
    let sandbox = Sandbox::new();
    sandbox.write("store", "lossy\n");
    sandbox.commit("A store");
    sandbox.agent(AGENT);
    fs::write(sandbox.dir().join("home/wrong"), "").unwrap();
    let phases = "comprehension,root-cause,impact-map,fork-fix";
    let out = sandbox.chant(&["investigate", "lost", "--title", "Lost writes", "--phases", phases]).ok().out;
    let ids: Vec<String> = out.lines().map(|line| line["Created spec: ".len()..][..18].to_owned()).collect();
    sandbox.commit("Specs");
    sandbox.chant(&["work", "--topic", "lost", "--chain"]);
    assert_eq!(sandbox.status(&ids[3]), "failed");
    (sandbox, ids)
}

fn prompt(sandbox: &Sandbox) -> String {
    fs::read_to_string(sandbox.dir().join("home/prompt")).unwrap()
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn after_a_fix_that_blames_its_research_the_next_step_is_to_repeat_that() {
    let (sandbox, ids) = failed();
    let fix = &ids[3][11..];
    let again = "git chant investigate lost --again root-cause";
    let next = |what: &[&str]| {
        let ran = sandbox.chant(what);
        format!("{}{}", ran.out, ran.err)
    };
    assert!(next(&["show", fix]).contains(&format!("Next:        {again}\n")), "{}", next(&["show", fix]));
    assert!(next(&["status", "lost"]).contains(&format!("hint: next: {again}\n")));
    let status = sandbox.chant(&["status", "--json"]).ok().json()["status"]["attention"][0].clone();
    assert_eq!((&status["need"], &status["spec"]["id"]), (&"research".into(), &ids[3].as_str().into()));
    sandbox.chant(&["work", "--topic", "lost"]).fails(1, &[&format!("to research again: {again}")]);
    // While it is repeated, that comes first; after that what was built on it, unless a person accepts that; then the fix.
    sandbox.chant(&["investigate", "lost", "--again", "root-cause", "--reason", "reentrant"]).ok();
    let new = sandbox.chant(&["list", "--topic", "lost", "--status", "pending", "--format=%(id)"]).ok().out;
    let new = new.trim();
    assert!(next(&["show", fix]).contains(&format!("Next:        git chant work {}\n", &new[11..])));
    let status = sandbox.chant(&["status", "--json"]).ok().json()["status"].clone();
    assert_eq!(status["attention"], serde_json::json!([]), "no person has to do anything about the fix");
    let waits = &status["waiting"].as_array().unwrap().iter().find(|waiting| waiting["spec"]["id"] == *ids[3]).unwrap();
    assert_eq!(
        (&waits["on"][0], &waits["why"]),
        (&new[11..].into(), &format!("'{}' repeats its research", &new[11..]).into())
    );
    let map = "git chant investigate lost --again impact-map";
    let blocked = [&format!("the rest is blocked: '{fix}' of 'lost' failed"), &format!("to research again: {map}")];
    sandbox.chant(&["work", "--topic", "lost", "--chain"]).fails(1, &blocked.map(String::as_str));
    assert!(prompt(&sandbox).contains("the lock is not reentrant"));
    assert!(next(&["show", fix]).contains(&format!("Next:        {map}\n")), "{}", next(&["show", fix]));
    sandbox.chant(&["accept", &ids[2], "-m", "it names the same files"]).ok();
    assert!(next(&["show", fix]).contains(&format!("Next:        git chant work {fix}\n")));
    // What a person says counts as much.
    let by_hand = ["work", fix, "--fresh", "--agent", "manual"];
    sandbox.chant(&by_hand).ok();
    sandbox.chant(&["fail", fix, "--research-insufficient", "-m", "still wrong"]).ok().fails(0, &[again]);
    sandbox.chant(&by_hand).ok();
    sandbox.chant(&["fail", fix, "-m", "something else"]).ok();
    assert!(next(&["show", fix]).contains(&format!("Next:        git chant work {fix}\n")));
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn what_rests_on_repeated_research_is_looked_at_before_the_gate() {
    let (sandbox, ids) = failed();
    fs::remove_file(sandbox.dir().join("home/wrong")).unwrap();
    sandbox.chant(&["work", &ids[3], "--fresh"]).ok();
    let gate = sandbox.add(&["Upstream", "--type", "gate", "--topic", "lost", "--depends-on", &ids[3]]);
    sandbox.chant(&["investigate", "lost", "--again", "root-cause", "--reason", "reentrant"]).ok();
    sandbox.chant(&["work", "--topic", "lost", "--chain"]).ok();
    for (at, phase) in [(2, "impact-map"), (3, "fork-fix")] {
        let short = &ids[at][11..];
        let stale = format!("it builds on '{short}', which is stale");
        sandbox.chant(&["finish", &gate]).fails(1, &[&stale]);
        let next = format!("next: git chant investigate lost --again {phase}");
        sandbox.chant(&["status", "lost"]).ok().fails(0, &[&next, &format!("git chant accept {short}")]);
        sandbox.chant(&["accept", short, "-m", "it names the same files"]).ok();
    }
    sandbox.chant(&["finish", &gate]).ok();
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_stale_impact_map_is_told_when_the_fix_begins() {
    let (sandbox, ids) = failed();
    let (map, fix) = (&ids[2][11..], &ids[3][11..]);
    let stale = |why: &str| format!("warning: '{map}' (Impact map of lost: Lost writes) is stale: {why}");
    let way_out = "to repeat it: git chant investigate lost --again impact-map";
    // The code changed that it names.
    sandbox.git(&["checkout", "-q", "fix/lost"]);
    sandbox.write("store", "lossy, and more\n");
    sandbox.commit("More");
    sandbox.git(&["checkout", "-q", "main"]);
    let ran = sandbox.chant(&["work", fix, "--fresh"]);
    assert!(ran.err.contains(&stale("the code changed since: store")) && ran.err.contains(way_out), "{}", ran.err);
    assert!(prompt(&sandbox).contains("the code changed since: store"), "the agent is told, too");
    // What it was informed by was replaced.
    sandbox.chant(&["investigate", "lost", "--again", "root-cause"]).ok();
    let new = sandbox.chant(&["list", "--topic", "lost", "--status", "pending", "--format=%(id)"]).ok().out;
    // Not before that is done.
    sandbox.chant(&["work", fix, "--fresh"]).fails(1, &[&format!("which waits for '{}'", &new.trim()[11..])]);
    sandbox.chant(&["work", new.trim()]).ok();
    let ran = sandbox.chant(&["work", fix, "--fresh"]);
    let superseded = format!("'{}' was superseded by '{}'", &ids[1][11..], &new.trim()[11..]);
    let both = stale(&format!("its input '.chant/research/lost-root-cause.md' changed; {superseded}"));
    assert!(ran.err.contains(&both), "{}", ran.err);
    // A new map is not stale, and nothing is said.
    fs::remove_file(sandbox.dir().join("home/wrong")).unwrap();
    sandbox.chant(&["investigate", "lost", "--again", "impact-map"]).ok();
    sandbox.chant(&["work", "--topic", "lost", "--phase", "impact-map"]).ok();
    let ran = sandbox.chant(&["work", fix, "--fresh"]).ok();
    assert!(!ran.err.contains("is stale"), "{}", ran.err);
    assert_eq!(sandbox.status(&ids[3]), "completed");
}

#[test]
fn a_spec_in_the_place_of_wrong_research_is_told_in_the_agents_own_words() {
    let sandbox = Sandbox::new();
    sandbox.write("store", "lossy\n");
    sandbox.commit("A store");
    sandbox.agent("mkdir -p .chant/research; printf '# Why\\n\\nA race.\\n\\n## Recommendation\\n\\nLock it.\\n' >.chant/research/why.md; tick");
    // No topic, and the fix names the document alone.
    let research = sandbox.add(&["Find out why", "--type", "research", "--target-file", ".chant/research/why.md"]);
    sandbox.chant(&["work", &research]).ok();
    let fix = sandbox.add(&["Fix it", "--informed-by", ".chant/research/why.md"]);
    sandbox.agent("cp \"$CHANT_PROMPT_FILE\" ~/prompt; git chant fail \"$CHANT_SPEC_ID\" --research-insufficient -m 'the lock is not reentrant'; exit 1");
    sandbox.chant(&["work", &fix]).fails(1, &["the lock is not reentrant"]);
    for old in [&research, &fix] {
        let new = sandbox.add(&["Look again", "--type", "task", "--supersedes", old, "--target-file", "store"]);
        sandbox.chant(&["work", &new]);
        assert!(prompt(&sandbox).contains("the lock is not reentrant"), "in the place of {old}: {}", prompt(&sandbox));
        sandbox.chant(&["cancel", &new]).ok();
    }
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn what_was_superseded_reaches_those_that_read_only_the_document() {
    let (sandbox, ids) = failed();
    sandbox.chant(&["investigate", "lost", "--again", "root-cause", "--reason", "not reentrant"]).ok();
    let new = sandbox.chant(&["list", "--topic", "lost", "--status", "pending", "--format=%(short)"]).ok().out;
    sandbox.chant(&["work", new.trim()]).ok();
    sandbox.chant(&["accept", &ids[2], "-m", "it names the same files"]).ok();
    // The fix depends on the impact map, and has the root cause as a document.
    sandbox.chant(&["work", &ids[3], "--fresh"]);
    let told = format!(
        "- '{}' (Root cause of lost: Lost writes) was superseded by '{}': not reentrant\n",
        &ids[1][11..],
        new.trim()
    );
    assert!(prompt(&sandbox).contains(&told), "{told}{}", prompt(&sandbox));
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn research_that_still_holds_says_how_to_accept_that() {
    let (sandbox, ids) = failed();
    let map = &ids[2][11..];
    let path = ".chant/research/lost-impact-map.md";
    let accepted = format!("to accept that: git chant finish {map} --allow-empty");
    sandbox.agent("tick");
    sandbox.chant(&["reset", map]).ok();
    let nothing = format!("the agent changed nothing; output '{path}': it is unchanged; {accepted}\n");
    sandbox.chant(&["work", map]).fails(1, &[&nothing]);
    sandbox.chant(&["finish", map, "--allow-empty"]).ok();
    // One of two documents that holds is no other case.
    let both = sandbox.add(&[
        "Both",
        "--type",
        "research",
        "--onto",
        "fix/lost",
        "--target-file",
        path,
        "--target-file",
        ".chant/research/more.md",
    ]);
    sandbox.agent("printf '# More\\n\\nThe lock is held by two callers at once.\\n' >.chant/research/more.md; tick");
    let unchanged =
        format!("output '{path}': it is unchanged; to accept that: git chant finish {} --allow-empty", &both[11..]);
    sandbox.chant(&["work", &both]).fails(1, &[&unchanged]);
    sandbox.chant(&["finish", &both, "--allow-empty"]).ok();
    // Where more is wrong, that alone is no way out.
    let none = sandbox.add(&[
        "None",
        "--type",
        "research",
        "--onto",
        "fix/lost",
        "--target-file",
        path,
        "--target-file",
        ".chant/research/none.md",
    ]);
    sandbox.agent("tick");
    let ran = sandbox.chant(&["work", &none]).fails(1, &["it is missing or empty"]);
    assert!(!ran.err.contains("--allow-empty") && !ran.out.contains("--allow-empty"), "{}{}", ran.out, ran.err);
}

/// An investigation of which comprehension and root cause are completed; the impact map and the fix are not begun.
fn half_done() -> (Sandbox, Vec<String>) {
    let sandbox = Sandbox::new();
    sandbox.write("store", "lossy\n");
    sandbox.commit("A store");
    sandbox.agent(AGENT);
    let phases = "comprehension,root-cause,impact-map,fork-fix";
    let out = sandbox.chant(&["investigate", "lost", "--title", "Lost writes", "--phases", phases]).ok().out;
    let ids: Vec<String> = out.lines().map(|line| line["Created spec: ".len()..][..18].to_owned()).collect();
    sandbox.commit("Specs");
    ids[..2].iter().for_each(|id| drop(sandbox.chant(&["work", id]).ok()));
    (sandbox, ids)
}

/// Repeats a phase; the id of the new spec.
fn again(sandbox: &Sandbox, phase: &str) -> String {
    let out = sandbox.chant(&["investigate", "lost", "--again", phase]).ok().out;
    out.lines().next().unwrap()["Created spec: ".len()..][..18].to_owned()
}

fn ready(sandbox: &Sandbox) -> Vec<String> {
    let out = sandbox.chant(&["list", "--ready", "--format=%(id)"]).ok().out;
    out.lines().map(str::to_owned).collect()
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn what_builds_on_a_repeated_phase_waits_for_it_through_any_number_of_others() {
    let (sandbox, ids) = half_done();
    assert_eq!(ready(&sandbox), [ids[2].as_str()]);
    let new = again(&sandbox, "comprehension");
    assert_eq!(ready(&sandbox), [new.as_str()]);
    // What depends on a superseded spec waits for the one in its place.
    let direct = sandbox.add(&["Read it", "--depends-on", &ids[0]]);
    assert_eq!(sandbox.show(&direct)["blocked_by"][0]["what"], new.as_str());
    sandbox.chant(&["cancel", &direct]).ok();
    let why = format!("it builds on '{}', which waits for '{}', which is pending", &ids[1][11..], &new[11..]);
    sandbox.chant(&["work", &ids[2]]).fails(1, &[&why]);
    assert_eq!(sandbox.show(&ids[2])["blocked_by"][0]["what"], new.as_str());
    sandbox.chant(&["next"]).ok().fails(0, &[&new[11..]]);
    fs::remove_file(sandbox.dir().join("home/worked")).unwrap();
    sandbox.chant(&["work", "--topic", "lost", "--chain"]).ok();
    let worked = fs::read_to_string(sandbox.dir().join("home/worked")).unwrap();
    assert_eq!(worked.lines().collect::<Vec<_>>(), [&new, &ids[2], &ids[3]]);
    // What is finished already is stale in turn, each after the one before it.
    let stale = |id: &str| sandbox.show(id)["stale"] == true;
    assert!(stale(&ids[1]) && !stale(&ids[2]));
    let cause = again(&sandbox, "root-cause");
    sandbox.chant(&["work", &cause]).ok();
    assert!(stale(&ids[2]) && !stale(&cause));
}

#[test]
fn what_is_done_again_after_it_was_completed_holds_up_as_much() {
    let (sandbox, ids) = half_done();
    sandbox.chant(&["reset", &ids[0]]).ok();
    assert_eq!(ready(&sandbox), [ids[0].as_str()]);
    sandbox.chant(&["work", &ids[0]]).ok();
    assert_eq!(ready(&sandbox), [ids[2].as_str()]);
    // A spec that only names it as an input waits, too, and one that was never completed holds up nothing else.
    let out = sandbox.add(&["Write it up", "--informed-by", &ids[0], "--type", "documentation"]);
    let new = again(&sandbox, "comprehension");
    assert_eq!(ready(&sandbox), [new.as_str()]);
    let why = format!("it builds on '{}', which waits for '{}'", &ids[0][11..], &new[11..]);
    sandbox.chant(&["work", &out]).fails(1, &[&why]);
    sandbox.chant(&["cancel", &new]).ok();
    assert_eq!(ready(&sandbox), [ids[2].as_str(), out.as_str()]);
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn specs_that_repeat_each_others_grounds_do_not_wait_for_each_other() {
    let sandbox = Sandbox::new();
    sandbox.agent("echo x >>\"$CHANT_SPEC_ID\"; tick");
    let work = |id: &str| drop(sandbox.chant(&["work", id]).ok());
    let one = sandbox.add(&["One"]);
    let other = sandbox.add(&["Other"]);
    [&one, &other].into_iter().for_each(|id| work(id));
    let on_one = sandbox.add(&["On one", "--depends-on", &one]);
    let on_other = sandbox.add(&["On other", "--depends-on", &other]);
    [&on_one, &on_other].into_iter().for_each(|id| work(id));
    let new_one = sandbox.add(&["New one", "--supersedes", &one, "--depends-on", &on_other]);
    let new_other = sandbox.add(&["New other", "--supersedes", &other, "--depends-on", &on_one]);
    assert_eq!(ready(&sandbox), [new_one.as_str(), new_other.as_str()]);
    // What a spec supersedes may be what it builds on.
    sandbox.chant(&["cancel", &new_other]).ok();
    let newest = sandbox.add(&["Newest", "--supersedes", &on_one, "--depends-on", &on_one]);
    assert!(!ready(&sandbox).contains(&newest), "its ground is repeated");
    work(&new_one);
    assert!(ready(&sandbox).contains(&newest));
}

#[test]
fn a_phase_is_repeated_once_at_a_time() {
    let (sandbox, ids) = half_done();
    let new = again(&sandbox, "comprehension");
    let short = &new[11..];
    let repeat = ["investigate", "lost", "--again", "comprehension"];
    let way_out =
        [format!("to continue it: git chant work {short}"), format!("to cancel it: git chant cancel {short}")];
    let pending = format!("'{short}' is pending");
    sandbox.chant(&repeat).fails(1, &["cannot repeat the comprehension of 'lost'", &pending, &way_out[0], &way_out[1]]);
    sandbox.chant(&["add", "Once more", "--supersedes", &ids[0]]).fails(1, &[&pending, &way_out[0], &way_out[1]]);
    // One that was never done is not repeated either.
    sandbox.chant(&["investigate", "lost", "--again", "impact-map"]).fails(1, &[&ids[2][11..], "is pending"]);
    assert_eq!(sandbox.chant(&["list", "--topic", "lost", "--format=%(id)"]).ok().out.lines().count(), 5);
    sandbox.chant(&["work", &new]).ok();
    again(&sandbox, "comprehension");
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_cancelled_spec_supersedes_nothing_archived_or_not() {
    let (sandbox, ids) = half_done();
    let replaced = |id: &str| sandbox.show(id)["superseded_by"].clone();
    let first = again(&sandbox, "root-cause");
    assert_eq!(replaced(&ids[1]), first[11..]);
    sandbox.chant(&["cancel", &first]).ok();
    assert_eq!(replaced(&ids[1]), serde_json::Value::Null);
    sandbox.commit("Specs");
    sandbox.chant(&["archive", &first]).ok();
    sandbox.commit("An archive");
    assert_eq!(replaced(&ids[1]), serde_json::Value::Null);
    assert_eq!(ready(&sandbox), [ids[2].as_str()]);
    let says = |args: &[&str]| {
        let ran = sandbox.chant(args);
        format!("{}{}", ran.out, ran.err)
    };
    for args in [&["show", &ids[1]][..], &["graph", "lost"], &["drift"], &["status", "lost"], &["list", "--all"]] {
        let said = says(args);
        assert!(!said.contains("uperseded by") && !said.contains("Replaced"), "{args:?}: {said}");
    }
    // What it superseded is repeated as if it had never been there, and of several the one that counts is meant.
    let second = again(&sandbox, "root-cause");
    sandbox.chant(&["work", &second]).ok();
    let third = sandbox.add(&["Third", "--supersedes", &ids[1], "--phase", "root-cause", "--topic", "lost"]);
    assert_eq!(replaced(&ids[1]), third[11..]);
    sandbox.chant(&["cancel", &third]).ok();
    assert_eq!(replaced(&ids[1]), second[11..]);
}

/// A store whose bug an investigation is about, with its reproduction completed by a test in `test.sh`, which `script` writes.
fn reproduced(script: &str, files: &[(&str, &str)]) -> (Sandbox, Vec<String>) {
    let sandbox = Sandbox::new();
    sandbox.write("store.sh", "echo lossy\n");
    files.iter().for_each(|(path, text)| sandbox.write(path, text));
    sandbox.git(&["add", "-A"]);
    sandbox.git(&["commit", "-qm", "A store"]);
    sandbox.agent(&format!(
        "case $CHANT_PHASE in reproduction) {script};; fork-fix) echo echo safe >store.sh;; esac; git add -A; git commit -qm Work; {NOTES}"
    ));
    let options = ["investigate", "lost", "--title", "Lost writes", "--phases", "reproduction,fork-fix"];
    let out = sandbox.chant(&[&options[..], &["--reproduces", "sh test.sh"]].concat()).ok().out;
    let ids: Vec<String> = out.lines().map(|line| line["Created spec: ".len()..][..18].to_owned()).collect();
    sandbox.commit("Specs");
    sandbox.chant(&["work", &ids[0]]).ok();
    (sandbox, ids)
}

const NOTES: &str = r#"sed 's/^<!-- Fill in.*/### Fixed\n\nNo write is lost./' "$CHANT_SPEC_FILE" >.t; cat .t >"$CHANT_SPEC_FILE"; rm .t; tick"#;

/// Fails unless the store is safe.
const TEST: &str = r#"echo 'sh store.sh | grep -q safe || { echo "1 failed: the write is lost"; exit 1; }' >test.sh"#;

/// Makes a script the reproduction of the agent, and repeats that phase with the same command.
fn reproduce_again(sandbox: &Sandbox, script: &str) -> String {
    sandbox.agent(&format!(
        "cp \"$CHANT_PROMPT_FILE\" ~/prompt; case $CHANT_PHASE in reproduction) {script};; fork-fix) echo echo safe >store.sh;; esac; git add -A; git commit -qm Work; {NOTES}"
    ));
    again(sandbox, "reproduction")
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_repeated_reproduction_is_judged_without_the_test_that_it_supersedes() {
    let better = r#"echo 'test "$(sh store.sh)" = safe || { echo "1 failed: expected safe"; exit 1; }' >test.sh"#;
    let beside = r#"echo 'echo "1 failed: the other"; exit 1' >other.sh; rm test.sh; echo 'test "$(sh store.sh)" = safe || sh other.sh' >test.sh"#;
    for script in [better, beside, TEST, "true"] {
        let (sandbox, ids) = reproduced(TEST, &[]);
        let new = reproduce_again(&sandbox, script);
        sandbox.chant(&["work", &new]).ok();
        assert_eq!(sandbox.status(&new), "completed", "{script}");
        let said = prompt(&sandbox);
        assert!(said.contains(&format!("the tests of '{}' may still be in your worktree", &ids[0][11..])), "{said}");
        // The fix is held to the new test alone.
        let ran = sandbox.chant(&["work", &ids[1]]).ok();
        assert_eq!(sandbox.status(&ids[1]), "completed", "{script}: {}", ran.err);
        assert_eq!(sandbox.show(&ids[1])["verified"], "proof", "{script}");
    }
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_repeated_reproduction_that_shows_nothing_is_refused() {
    let passes = "echo 'test -e store.sh' >test.sh";
    let broken = "echo 'if' >test.sh";
    for script in [passes, broken, "rm test.sh"] {
        let (sandbox, _) = reproduced(TEST, &[]);
        let new = reproduce_again(&sandbox, script);
        sandbox.chant(&["work", &new]).fails(1, &["sh test.sh"]);
        assert_eq!(sandbox.status(&new), "failed", "{script}");
    }
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn of_a_test_among_others_only_what_the_superseded_one_added_is_taken_away() {
    let suite = "test -e store.sh || { echo '1 failed: no store'; exit 1; }\n# the end\n";
    let add = r#"sed 's/^# the end/sh store.sh | grep -q secure || { echo "1 failed: insecure"; exit 1; }\n# the end/' test.sh >.n; cat .n >test.sh; rm .n"#;
    let (sandbox, ids) = reproduced(add, &[("test.sh", suite)]);
    // A person adds another test to the branch.
    sandbox.git(&["checkout", "-q", "fix/lost"]);
    let text = sandbox.read("test.sh").replace("test -e", "test -s store.sh || exit 3\ntest -e");
    sandbox.write("test.sh", &text);
    sandbox.commit("Another test");
    sandbox.git(&["checkout", "-q", "main"]);
    let new = reproduce_again(&sandbox, "sed 's/secure/safe/' test.sh >.n; cat .n >test.sh; rm .n");
    sandbox.chant(&["work", &new]).ok();
    sandbox.chant(&["work", &ids[1]]).ok();
    assert_eq!(sandbox.show(&ids[1])["verified"], "proof");
    assert!(sandbox.git(&["show", "fix/lost:test.sh"]).contains("exit 3"));
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_fix_that_the_base_has_already_says_how_to_begin_without_it() {
    let (sandbox, ids) = reproduced(TEST, &[]);
    let fix = &ids[1];
    sandbox.chant(&["work", fix]).ok();
    let merge = sandbox.git(&["rev-parse", "--short=12", "fix/lost"]);
    let way_out = format!("to begin without it: git switch fix/lost && git revert -m 1 {merge}");
    let what = format!("the base has the earlier work of '{}' already (merge {merge})", &fix[11..]);
    sandbox.agent(&format!("echo echo safe >store.sh; echo : >>store.sh; git commit -qam Work; {NOTES}"));
    sandbox.chant(&["reset", fix]).ok();
    let failed = sandbox.chant(&["work", fix]).fails(1, &["the test passes without the fix", &what, &way_out]);
    assert_eq!(failed.err.matches(&way_out).count(), 2, "before the run and after it: {}", failed.err);
    let new = again(&sandbox, "fork-fix");
    sandbox.chant(&["work", &new]).fails(1, &[&what, &way_out]);
    sandbox.git(&["switch", "-q", "fix/lost"]);
    sandbox.git(&["revert", "--no-edit", "-m", "1", &merge]);
    let ran = sandbox.chant(&["work", &new, "--fresh"]).ok();
    assert!(!ran.err.contains("already"), "{}", ran.err);
    assert_eq!(sandbox.show(&new)["verified"], "proof");
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn what_is_superseded_is_offered_and_blamed_no_more() {
    let (sandbox, ids) = reproduced(TEST, &[]);
    sandbox.agent("exit 1");
    sandbox.chant(&["work", &ids[1]]).fails(1, &[]);
    sandbox.chant(&["work", "--topic", "lost"]).fails(1, &[&format!("'{}' of 'lost' failed", &ids[1][11..])]);
    let new = again(&sandbox, "fork-fix");
    sandbox.agent(&format!("echo echo safe >store.sh; git commit -qam Work; {NOTES}"));
    sandbox.chant(&["work", "--topic", "lost"]).ok();
    assert_eq!(sandbox.status(&new), "completed");
    let ran = sandbox.chant(&["work", "--topic", "lost"]);
    assert!(!ran.err.contains("failed"), "{}", ran.err);
    let origin = sandbox.dir().join("ada/store.git");
    sandbox.git(&["init", "-q", "--bare", "-b", "main", origin.to_str().unwrap()]);
    sandbox.git(&["remote", "add", "origin", origin.to_str().unwrap()]);
    assert!(sandbox.chant(&["pr", "lost", "--stage"]).ok().out.starts_with("git push origin fix/lost\n"));
}
