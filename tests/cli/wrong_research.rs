//! Research that does not carry the fix: where a person goes on, and what the next agents are told.

use std::fs;

use crate::support::Sandbox;

/// By phase: a document, or a fix that fails as long as the file `~/wrong` is there.
const AGENT: &str = r#"
cp "$CHANT_PROMPT_FILE" ~/prompt
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
    // While it is repeated, that comes first; after that the fix.
    sandbox.chant(&["investigate", "lost", "--again", "root-cause", "--reason", "reentrant"]).ok();
    let new = sandbox.chant(&["list", "--topic", "lost", "--status", "pending", "--format=%(id)"]).ok().out;
    let new = new.trim();
    assert!(next(&["show", fix]).contains(&format!("Next:        git chant work {}\n", &new[11..])));
    sandbox.chant(&["work", new]).ok();
    assert!(prompt(&sandbox).contains("the lock is not reentrant"));
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
    let ran = sandbox.chant(&["work", fix, "--fresh"]);
    let superseded = format!("'{}' was superseded by '{}'", &ids[1][11..], &new.trim()[11..]);
    assert!(ran.err.contains(&stale(&superseded)), "{}", ran.err);
    // A new map is not stale, and nothing is said.
    fs::remove_file(sandbox.dir().join("home/wrong")).unwrap();
    sandbox.chant(&["work", new.trim()]).ok();
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
