//! A bug on its way through the phases: what the commands around an investigation answer.

use crate::answers::story::{Story, stories};

stories! {
    investigation = super::investigation;
    drift = super::drift;
}

/// Writes what each phase asks for.
const AGENT: &str = r#"
document() { mkdir -p .chant/research; printf '# %s\n\nWhat was found in %s, with its evidence, in more than one line.\n\n## Recommendation\n\nSay two in `file`.\n' "$CHANT_PHASE" "$CHANT_PHASE" >"$1"; }
case $CHANT_PHASE in
comprehension | root-cause | impact-map) document ".chant/research/issue-7-$CHANT_PHASE.md" ;;
reproduction) printf 'grep -q two file\n' >test.sh ;;
fork-fix)
    echo two >file
    sed 's/^<!-- Fill in.*/### Fixed: it says two\n\nIt said one./' "$CHANT_SPEC_FILE" >.noted && cat .noted >"$CHANT_SPEC_FILE" && rm .noted ;;
esac
tick
"#;

/// Six phases, from the report to the gate.
fn investigation(story: &mut Story) {
    story.sandbox.agent(AGENT);
    story.sandbox.write("test.sh", "test -f file\n");
    story.commit("A test");
    let args = ["investigate", "issue-7", "--title", "It says one", "--issue-url", "https://example.com/7"];
    story.chant(&[&args[..], &["--phases", "coffee"]].concat());
    let ran = story.chant(&[&args[..], &["--reproduces", "sh test.sh"]].concat());
    let ids = story.ids(&ran);
    story.chant(&[&args[..], &["--reproduces", "sh test.sh"]].concat());
    story.chant(&["status", "issue-7"]);
    story.chant(&["list", "--topic", "issue-7"]);
    story.chant(&["graph", "--topic", "issue-7"]);
    story.chant(&["list", "--ready", "--explain"]);
    story.chant(&["show", &ids[4]]);
    story.chapter("The phases are worked");
    for id in &ids {
        story.chant(&["work", id]);
    }
    story.chant(&["status", "issue-7"]);
    story.chant(&["status"]);
    story.chant(&["show", &ids[2]]);
    story.chant(&["show", &ids[4]]);
    story.chant(&["log", &ids[4]]);
    story.chant(&["why", "fix/issue-7"]);
    story.git(&["checkout", "-qf", "fix/issue-7"]);
    story.chant(&["why", "file:1"]);
    story.chant(&["changelog", "main..fix/issue-7"]);
    story.chapter("A pull request");
    story.chant(&["pr", "issue-7", "--stage"]);
    for (remote, path) in [("origin", "../ada/it.git"), ("upstream", "../org/it.git")] {
        story.git(&["init", "-q", "--bare", "-b", "main", path]);
        story.git(&["remote", "add", remote, path]);
        story.git(&["push", "-q", remote, "main"]);
    }
    story.chant(&["pr", "issue-7", "--stage"]);
    story.chant(&["pr", "issue-7", "--upstream"]);
    story.chant(&["pr", "issue-7"]);
    story.chant(&["finish", &ids[5]]);
    story.chant(&["status", "issue-7"]);
    story.chapter("Another in one spec");
    story.chant(&["investigate", "issue-8", "--title", "It says nothing", "--single", "--onto", "main"]);
    story.chant(&["status", "issue-8"]);
}

/// What work rests on changes afterwards.
fn drift(story: &mut Story) {
    story.sandbox.agent("mkdir -p .chant/research; printf '# Findings\\n\\nThey are many, and this is one of them.\\n' >.chant/research/notes.md; echo $CHANT_SPEC_ID >>did; tick");
    story.sandbox.write("docs/one.md", "# One\n");
    story.sandbox.write("docs/two.md", "# Two\n");
    story.commit("Documents");
    let research = story.add(&[
        "Find out",
        "--type",
        "research",
        "--informed-by",
        "docs/*.md",
        "--target-file",
        ".chant/research/notes.md",
    ]);
    story.sandbox.agent("mkdir -p .chant/research; printf '# Findings\\n\\nThey are many, and this is one of them.\\n' >.chant/research/notes.md; tick");
    story.chant(&["work", &research]);
    story.sandbox.agent("echo two >file; tick");
    let fix = story.add(&["Build on it", "--informed-by", ".chant/research/notes.md"]);
    story.chant(&["work", &fix]);
    story.chant(&["drift"]);
    story.sandbox.write("docs/one.md", "# Changed\n");
    story.sandbox.write("docs/three.md", "# Three\n");
    std::fs::remove_file(story.sandbox.repo.join("docs/two.md")).unwrap();
    story.commit("Other documents");
    story.chant(&["drift"]);
    story.chant(&["drift", &research]);
    story.chant(&["status"]);
    story.chant(&["list", "--all"]);
    story.chant(&["show", &research]);
    let again = story.add(&[
        "Find out again",
        "--type",
        "research",
        "--supersedes",
        &research,
        "--target-file",
        ".chant/research/notes.md",
    ]);
    story
        .sandbox
        .agent("printf '# Findings\\n\\nThey are otherwise, and this says how.\\n' >.chant/research/notes.md; tick");
    story.chant(&["work", &again]);
    story.chant(&["drift"]);
    story.plain(&["show", &research]);
    story.chant(&["show", &fix]);
    story.chant(&["accept", &fix, "-m", "It holds"]);
    story.chant(&["list", "--all"]);
    story.chant(&["drift"]);
}
