//! From a new spec to merged work: what the commands around an attempt answer.

use std::path::Path;

use crate::answers::story::{Story, stories};

stories! {
    first_steps = super::first_steps;
    attempts = super::attempts;
    ends = super::ends;
    many = super::many;
}

/// Specs are written, looked at and checked; nothing is worked.
fn first_steps(story: &mut Story) {
    story.chapter("Nothing is there yet");
    for args in [
        &["list"][..],
        &["list", "--ready"],
        &["status"],
        &["next"],
        &["graph"],
        &["lint"],
        &["fsck"],
        &["instructions"],
    ] {
        story.chant(args);
    }
    story.chapter("Specs are written");
    story.chant(&["init"]);
    story.chant(&["init", "--agent", "claude"]);
    story.sandbox.write("body.md", "Why.\n\n## Acceptance Criteria\n\n- [ ] file says two\n- [x] `file` is there\n");
    let first = story.add(&[
        "Make it two",
        "--body-file",
        "body.md",
        "--target-file",
        "file",
        "--verify",
        "grep -q two file",
        "--label",
        "fix,small",
    ]);
    let second = story.add(&["Say it elsewhere", "--depends-on", &first, "--type", "documentation"]);
    let third =
        story.add(&["Ask first", "--needs-approval", "--informed-by", "docs/missing.md", "--reproduces", "false"]);
    story.sandbox.write(".chant/specs/2001-01-01-009-bad.md", "---\ntype: cod\nlabels: [a, a]\n---\n\n# Broken\n");
    story.chapter("Specs are looked at");
    story.chant(&["list"]);
    story.chant(&["list", "--label", "fix"]);
    story.chant(&["list", "--status", "completed"]);
    story.plain(&["list", "-z"]);
    story.plain(&["list", "--format=%(short) %(status) %(title)"]);
    story.chant(&["list", "--ready"]);
    story.chant(&["list", "--ready", "--explain"]);
    story.chant(&["status"]);
    story.chant(&["next"]);
    story.chant(&["graph"]);
    story.plain(&["graph", "--mermaid"]);
    story.plain(&["graph", "--dot"]);
    story.chant(&["show", &first]);
    story.chant(&["log", &first]);
    story.plain(&["show", &second]);
    story.chant(&["show", &third]);
    story.chant(&["show", &first, &second]);
    story.chant(&["lint"]);
    story.chant(&["lint", &first]);
    story.chant(&["show", "2001-01-01-009-bad"]);
    story.chant(&["verify", &first]);
    story.chapter("A person decides");
    story.chant(&["reject", &third, "-m", "Not yet."]);
    story.plain(&["show", &third]);
    story.chant(&["approve", &third]);
    story.plain(&["show", &third]);
    story.chant_with(&["edit", &second], &[("GIT_EDITOR", "sed -i s/elsewhere/everywhere/")]);
    story.chant_with(&["edit", &second], &[("GIT_EDITOR", "true")]);
    story.chant(&["cancel", &third, "-m", "The idea was dropped"]);
    story.chant(&["list", "--all"]);
    story.chant(&["instructions"]);
    story.plain(&["instructions", "--hook-json"]);
    story.plain(&["version"]);
}

/// One spec after the other, by a scripted agent and by hand.
fn attempts(story: &mut Story) {
    let criteria = "## Acceptance Criteria\n\n- [ ] file says two\n";
    story.sandbox.agent("echo 'reading the file'; echo two >file; git commit -qam 'Say two'; echo more >more; tick");
    story.sandbox.write("body.md", criteria);
    story.commit("Criteria");
    let body = ["--body-file", "body.md"];
    let first = story.add(&[&["Make it two", "--verify", "grep -q two file", "--verify", "true"], &body[..]].concat());
    story.chapter("It goes well");
    story.chant(&["work", &first]);
    story.chant(&["show", &first]);
    story.chant(&["log", &first]);
    story.chant(&["log", "--agent", &first]);
    story.chant(&["list", "--all"]);
    story.chant(&["verify", &first]);
    story.chant(&["why", "file:1"]);
    story.chant(&["why", "HEAD"]);
    story.chant(&["why", "HEAD~9"]);
    story.chant(&["changelog", "HEAD"]);
    story.chant(&["status"]);
    story.chant(&["work", &first]);

    story.chapter("It fails");
    let failing = story.add(&[&["Fail at it", "--verify", "grep -q three file"], &body[..]].concat());
    story.sandbox.agent("echo half >half; git add half; git commit -qm Half; echo 'too hard' >&2; exit 3");
    story.chant(&["work", &failing]);
    story.chant(&["status"]);
    story.chant(&["show", &failing]);
    story.sandbox.agent("echo elsewhere >elsewhere");
    story.chant(&["work", &failing]);
    story.chant(&["log", &failing]);
    story.chant(&["finish", &failing]);
    story.chant(&["merge", &failing]);
    story.chant(&["path", &failing]);
    story.chant(&["reset", &failing, "-m", "Again"]);
    story.chant(&["list"]);

    story.chapter("A person does it");
    let by_hand = story.add(&[&["By hand"], &body[..]].concat());
    story.chant(&["work", &by_hand, "--agent", "manual"]);
    story.chant(&["work", &by_hand]);
    story.chant(&["status"]);
    story.chant(&["show", &by_hand]);
    let place = story.sandbox.show(&by_hand)["worktree"].as_str().unwrap().to_owned();
    std::fs::write(Path::new(&place).join("mine"), "mine\n").unwrap();
    story.chant(&["finish", &by_hand]);
    story.chant(&["pause", &by_hand]);
    let spec = Path::new(&place).join(format!(".chant/specs/{by_hand}.md"));
    std::fs::write(&spec, std::fs::read_to_string(&spec).unwrap().replace("[ ]", "[x]")).unwrap();
    story.chant(&["finish", &by_hand]);
    story.plain(&["show", &by_hand]);

    story.chapter("It is finished and merged later");
    let later = story.add(&["Later"]);
    story.sandbox.agent("echo later >>file; git commit -qam Later; tick");
    story.chant(&["work", &later, "--no-merge"]);
    story.chant(&["status"]);
    story.chant(&["list"]);
    story.sandbox.write("file", "other\n");
    story.commit("Other");
    story.chant(&["merge", &later]);
    story.chant(&["status"]);
    story.git(&["reset", "-q", "--hard", "HEAD~1"]);
    story.chant(&["merge", &later]);
    story.chant(&["merge", &later]);
}

/// The ways in which an attempt ends without being finished.
fn ends(story: &mut Story) {
    story.sandbox.agent("echo two >file; git commit -qam Two; tick");
    let mut begin = |title: &str| {
        let id = story.add(&[title]);
        story.chant(&["work", &id, "--agent", "manual"]);
        id
    };
    let [paused, failed, released, reset, cancelled] =
        ["Paused", "Failed", "Released", "Reset", "Cancelled"].map(&mut begin);
    story.chapter("Each ends otherwise");
    story.chant(&["pause", &paused, "-m", "Lunch"]);
    story.chant(&["fail", &failed, "-m", "It is too hard"]);
    story.chant(&["release", &released, "-m", "No time"]);
    story.chant(&["reset", &reset]);
    story.chant(&["cancel", &cancelled]);
    story.chant(&["status"]);
    story.chant(&["list", "--all"]);
    story.chant(&["log", &paused]);
    for id in [&failed, &released, &reset, &cancelled] {
        story.plain(&["log", id]);
    }
    story.chapter("Each goes on");
    story.chant(&["takeover", &paused]);
    story.chant(&["takeover", &failed]);
    story.chant(&["accept", &failed, "-m", "Seen"]);
    story.chant(&["work", &failed]);
    story.chant(&["reset", &cancelled]);
    story.chant(&["release", &released]);
    story.chant(&["next", "--claim"]);
    story.chant(&["status"]);
    story.plain(&["show", &paused]);
    story.chapter("A spec is archived");
    story.chant(&["archive", &paused]);
    story.chant(&["archive", &failed]);
    story.chant(&["list"]);
    story.chant(&["list", "--archived"]);
    story.chant(&["show", &failed]);
    story.chant(&["archive", "--fold"]);
    story.plain(&["show", &failed]);
    story.chant(&["archive", "--restore", &failed]);
    story.chant(&["list", "--all"]);
}

/// Several specs by one command, and specs that are made of others.
fn many(story: &mut Story) {
    story.sandbox.agent("test \"$CHANT_SPEC_ID\" != \"${CHANT_SPEC_ID#*-004-}\" && exit 1; echo $CHANT_SPEC_ID >>did; git add did; git commit -qm Did; tick");
    let first = story.add(&["First"]);
    let second = story.add(&["Second", "--depends-on", &first]);
    story.add(&["Third", "--depends-on", &second]);
    story.add(&["Fourth"]);
    let fifth = story.add(&["Fifth"]);
    story.chant(&["graph"]);
    story.chant(&["work", "--all"]);
    story.chant(&["work", "--chain", "--keep-going"]);
    story.chant(&["work", "--all"]);
    story.chant(&["work", &first, &fifth]);
    story.chant(&["verify", "--all"]);
    story.chant(&["list", "--all"]);
    story.chapter("A driver and its members");
    story.sandbox.write(
        "body.md",
        "Why.\n\n## Parse it\n\nRead.\n\n## Print it\n\nWrite.\n\n### Acceptance Criteria\n\n- [ ] it is there\n",
    );
    let driver = story.add(&["Convert it", "--type", "driver", "--body-file", "body.md"]);
    story.chant(&["work", &driver]);
    story.chant(&["split", &driver, "--by-heading"]);
    story.chant(&["split", &driver, "--by-heading"]);
    story.add(&["Test it", "--member-of", &driver]);
    story.chant(&["list"]);
    story.chant(&["status"]);
    story.chant(&["graph"]);
    story.plain(&["show", &driver]);
    story.chant(&["work", &format!("{driver}.1")]);
    story.chant(&["status"]);
    story.chant(&["work", "--all"]);
    story.chant(&["show", &driver]);
    story.chant(&["log", &driver]);
}
