//! What is refused, and the hints about what to do instead.

use crate::answers::story::{Story, stories};

stories! {
    errors = super::errors;
}

fn errors(story: &mut Story) {
    story.chapter("Nothing that can be typed");
    for args in [
        &["wrok"][..],
        &["show"],
        &["list", "--nonsense"],
        &["list", "--status", "done"],
        &["work", "--jobs", "none", "001"],
        &["help", "nonsense"],
        &["schema", "nonsense"],
        &["add", ""],
        &["add", "x", "--type", "cod"],
        &["log", "--agent", "--follow"],
        &["-C", "nowhere", "list"],
    ] {
        story.chant(args);
    }
    story.chapter("Nothing to do it with");
    let first = story.add(&["First"]);
    story.chant(&["work", &first]);
    story.chant(&["work", &first, "--agent", "absent"]);
    story.chant(&["work", "nonsense"]);
    story.chant(&["show", "0"]);
    story.chant(&["show", "001", "nonsense"]);
    story.git(&["config", "chant.agent.missing.cmd", "/nonexistent/agent"]);
    story.chant(&["work", &first, "--agent", "missing"]);
    story.git(&["config", "chant.agent", "scripted"]);
    story.git(&["config", "chant.agent.scripted.cmd", "true"]);
    story.git(&["config", "chant.merge", "nonsense"]);
    story.chant(&["work", &first]);
    story.git(&["config", "--unset", "chant.merge"]);
    story.chapter("Not as it stands");
    let second = story.add(&["Second", "--depends-on", &first]);
    story.chant(&["work", &second]);
    story.chant(&["merge", &second]);
    story.chant(&["finish", &second]);
    let third = story.add(&["Third"]);
    story.chant(&["finish", &third]);
    story.chant(&["finish", &third, "--allow-empty"]);
    story.chant(&["path", &third]);
    story.chant(&["archive", &third]);
    story.chant(&["archive", "--restore", &third]);
    story.chant(&["choose", &third, "--keep", "abcdef1"]);
    story.chant(&["takeover", &third]);
    story.chant(&["approve", &third]);
    story.chant(&["split", &third]);
    story.chant(&["status", "nothing"]);
    story.chant(&["why", "file:99"]);
    story.chant(&["why", "nowhere"]);
    story.chant(&["pr", "nothing", "--stage"]);
    story.chant(&["changelog", "nowhere"]);
    story.chant(&["sync", "nowhere"]);
    story.chapter("Files with faults");
    story.sandbox.write(".chant/specs/2001-01-01-008-bad.md", "---\ntype: code\nlabels: [a\n---\n\n# Broken\n");
    story.sandbox.write(
        ".chant/specs/2001-01-01-009-bad.md",
        "---\ntype: cod\ntarget_file: x\ndepends_on: [nonsense]\n---\n\n# Broken\n",
    );
    for id in ["2001-01-01-008-bad", "2001-01-01-009-bad"] {
        story.chant(&["show", id]);
        story.chant(&["work", id]);
        story.chant(&["lint", id]);
    }
    story.chant(&["list"]);
    story.chapter("In the way");
    story.sandbox.agent("echo two >file; tick");
    story.sandbox.write("file", "mine\n");
    story.chant(&["work", &first]);
    story.git(&["checkout", "-q", "--detach"]);
    story.git(&["checkout", "-q", "file"]);
    story.chant(&["merge", &first]);
    story.chant(&["work", &second, "--onto", "bad..name"]);
    story.chapter("Outside of a repository");
    story.dir = story.sandbox.dir().to_owned();
    for args in [&["list"][..], &["add", "x"], &["init"], &["instructions"]] {
        story.chant(args);
    }
}
