//! Silent mode: nothing of `.chant/` is ever seen by anybody else, and nothing of it is lost.

use crate::{
    places::{changed, state},
    support::Sandbox,
};

const NOTES: &str = ".chant/research/x.md";

/// A repository in silent mode whose agent writes a document and ticks its boxes.
fn silent() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.chant(&["init", "--silent"]).ok();
    sandbox.agent("mkdir -p .chant/research && echo 'What I found.' >.chant/research/x.md; tick");
    sandbox
}

fn research(sandbox: &Sandbox) -> String {
    sandbox.add(&["Look into it", "--type", "research", "--target-file", NOTES])
}

/// Nothing of `.chant/` is in any branch, nor a word of it in a message, and `git status` shows nothing.
#[track_caller]
fn hidden(sandbox: &Sandbox) {
    assert_eq!(sandbox.git(&["status", "--porcelain", "--untracked-files=all"]), "");
    assert_eq!(sandbox.git(&["log", "--branches", "--format=%H", "--", ".chant"]), "");
    let messages = sandbox.git(&["log", "--branches", "--format=%B"]).to_lowercase();
    assert!(!messages.contains("chant"), "{messages}");
    assert_eq!(sandbox.git(&["for-each-ref", "refs/notes"]), "");
}

#[test]
fn research_and_code_live_their_whole_life_in_silence() {
    let sandbox = silent();
    let was = state(&sandbox, &sandbox.repo);
    let id = research(&sandbox);
    hidden(&sandbox);
    sandbox.chant(&["work", &id]).ok();
    assert_eq!(sandbox.status(&id), "completed");
    assert_eq!(sandbox.read(NOTES), "What I found.\n");
    hidden(&sandbox);
    let mut names = changed(&was, &state(&sandbox, &sandbox.repo));
    names.retain(|name| !name.starts_with("file .chant/"));
    assert_eq!(names, [""; 0], "there was nothing to merge");

    sandbox.agent("grep -q 'What I found' .chant/research/x.md && grep -q 'What I found' \"$CHANT_PROMPT_FILE\" && echo two >file; tick");
    let code =
        sandbox.add(&["Make it two", "--target-file", "file", "--informed-by", NOTES, "--verify", "grep -q two file"]);
    sandbox.chant(&["work", &code, "--no-merge"]).ok();
    hidden(&sandbox);
    sandbox.chant(&["merge", &code]).ok();
    assert_eq!(sandbox.status(&code), "completed");
    assert_eq!(sandbox.read("file"), "two\n");
    hidden(&sandbox);
    assert_eq!(sandbox.git(&["log", "--format=%an", "-1"]), "Ada");
    assert_eq!(sandbox.git(&["worktree", "list"]).lines().count(), 1);
    for id in [&id, &code] {
        sandbox.chant(&["archive", id]).ok();
        assert_eq!(sandbox.status(id), "archived");
    }
    hidden(&sandbox);
    sandbox.git(&["fsck", "--strict"]);
}

#[test]
fn a_document_that_the_person_wrote_meanwhile_is_not_overwritten() {
    let sandbox = silent();
    let id = research(&sandbox);
    let mine = sandbox.repo.join(NOTES).display().to_string();
    let dir = sandbox.repo.join(".chant/research").display().to_string();
    sandbox.agent(&format!(
        "mkdir -p '{dir}' .chant/research; echo mine >'{mine}'; echo 'What I found.' >.chant/research/x.md; tick"
    ));
    sandbox.chant(&["work", &id]).fails(1, &["finished", NOTES, "git chant merge"]);
    assert_eq!(sandbox.read(NOTES), "mine\n");
    assert_eq!(sandbox.status(&id), "finished");
    sandbox.chant(&["merge", &id]).fails(1, &[NOTES]);
    std::fs::rename(&mine, sandbox.dir().join("mine")).unwrap();
    sandbox.chant(&["merge", &id]).ok();
    assert_eq!(sandbox.read(NOTES), "What I found.\n");
    assert_eq!(sandbox.status(&id), "completed");
    hidden(&sandbox);
}

#[test]
fn a_document_is_updated_by_another_run() {
    let sandbox = silent();
    let id = research(&sandbox);
    sandbox.chant(&["work", &id]).ok();
    sandbox.agent("mkdir -p .chant/research && echo 'What I found later.' >.chant/research/x.md; tick");
    sandbox.chant(&["reset", &id]).ok();
    sandbox.chant(&["work", &id]).ok();
    assert_eq!(sandbox.read(NOTES), "What I found later.\n");
    assert_eq!(sandbox.status(&id), "completed");
    // An agent that adds to a document finds it in its worktree.
    sandbox.agent("echo More. >>.chant/research/x.md; tick");
    let more = sandbox.add(&["Look again", "--type", "research", "--target-file", NOTES, "--informed-by", NOTES]);
    sandbox.chant(&["work", &more]).ok();
    assert_eq!(sandbox.read(NOTES), "What I found later.\nMore.\n");
    hidden(&sandbox);
    // One that leaves it as it was has done nothing.
    sandbox.agent("true");
    let idle = sandbox.add(&["Look once more", "--type", "research", "--target-file", NOTES]);
    sandbox.chant(&["work", &idle]).fails(1, &["the agent changed nothing"]);
}

#[test]
fn a_linked_worktree_shares_the_specs_and_documents_of_the_main_one() {
    let sandbox = silent();
    sandbox.git(&["worktree", "add", "-q", "-b", "topic", "../linked"]);
    let linked = sandbox.dir().join("linked");
    let id = research(&sandbox);
    assert!(sandbox.chant_in(&linked, &["list"]).ok().out.contains(&id[11..]));
    sandbox.chant_in(&linked, &["work", &id]).ok();
    assert_eq!(sandbox.read(NOTES), "What I found.\n");
    assert!(!linked.join(".chant").exists());
    let added = sandbox.chant_in(&linked, &["add", "From here"]).ok().out;
    let other = added.trim().strip_prefix("Created spec: ").unwrap();
    assert!(sandbox.repo.join(format!(".chant/specs/{other}.md")).is_file());
    sandbox.agent("echo two >file; tick");
    sandbox.chant_in(&linked, &["work", other]).ok();
    assert_eq!(sandbox.git(&["show", "topic:file"]), "two");
    assert_eq!(sandbox.git(&["show", "main:file"]), "one");
    assert_eq!(sandbox.git_in(&linked, &["status", "--porcelain"]), "");
    hidden(&sandbox);
}

#[test]
fn an_agent_that_commits_what_is_hidden_is_refused() {
    let sandbox = silent();
    let id = research(&sandbox);
    sandbox.agent("mkdir -p .chant/research && echo x >.chant/research/x.md; tick; git add -f .chant/research && git commit -qm x");
    let ran = sandbox.chant(&["work", &id]);
    assert_eq!(ran.code, 1, "{} {}", ran.out, ran.err);
    assert!(ran.err.contains(NOTES) || ran.out.contains(NOTES), "{} {}", ran.out, ran.err);
    assert_ne!(sandbox.status(&id), "completed");
    assert_eq!(sandbox.git(&["log", "main", "--format=%H", "--", ".chant"]), "");
}

#[test]
fn what_is_tracked_cannot_be_hidden() {
    let sandbox = Sandbox::new();
    let _id = sandbox.add(&["x"]);
    sandbox.git(&["add", ".chant"]);
    let was = state(&sandbox, &sandbox.repo);
    sandbox.chant(&["init", "--silent"]).fails(1, &["'.chant/' is tracked here"]);
    assert!(changed(&was, &state(&sandbox, &sandbox.repo)).is_empty());
    assert!(!std::fs::read_to_string(sandbox.repo.join(".git/info/exclude")).unwrap_or_default().contains(".chant"));
}
