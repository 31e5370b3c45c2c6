//! Silent mode: nothing under `.chant/` is ever committed, and nothing of it is lost.

use crate::support::Sandbox;

fn silent() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.chant(&["init", "--silent"]).ok();
    sandbox
}

/// Neither status nor any branch shows anything of `.chant`.
#[track_caller]
fn hidden(sandbox: &Sandbox) {
    assert_eq!(sandbox.git(&["status", "--porcelain"]), "");
    for commit in sandbox.git(&["rev-list", "--branches"]).lines() {
        assert!(!sandbox.git(&["ls-tree", "-r", "--name-only", commit]).contains(".chant"), "{commit}");
        assert!(!sandbox.git(&["log", "-1", "--format=%B", commit]).contains("Chant-"), "{commit}");
    }
    assert_eq!(sandbox.git(&["for-each-ref", "refs/notes"]), "");
}

#[test]
fn research_and_its_fix_leave_documents_and_no_trace() {
    let sandbox = silent();
    sandbox.agent(
        "mkdir -p .chant/research; printf '# Why\\n\\nIt is the moon.\\n' >.chant/research/why.md; git add -A; tick",
    );
    let why = sandbox.add(&["Find out why", "--type", "research", "--target-file", ".chant/research/why.md"]);
    sandbox.chant(&["work", &why]).ok();
    assert_eq!(sandbox.status(&why), "completed");
    assert_eq!(sandbox.read(".chant/research/why.md"), "# Why\n\nIt is the moon.\n");
    hidden(&sandbox);

    sandbox.agent("cat >prompt.txt; grep -q moon prompt.txt && grep -q moon .chant/research/why.md && rm prompt.txt && echo two >file");
    let fix = sandbox.add(&[
        "Fix it",
        "--depends-on",
        &why,
        "--informed-by",
        ".chant/research/why.md",
        "--target-file",
        "file",
    ]);
    sandbox.chant(&["work", &fix]).ok();
    assert_eq!(sandbox.read("file"), "two\n");
    hidden(&sandbox);
    assert!(
        sandbox
            .git(&["log", "--format=%H", &format!("chant/specs/{fix}")])
            .contains(&sandbox.git(&["rev-parse", &format!("chant/specs/{why}")]))
    );
    assert_eq!(sandbox.chant(&["fsck"]).ok().out, "");
}

#[test]
fn a_document_that_a_person_wrote_during_the_run_is_not_replaced() {
    let sandbox = silent().unconfined();
    let mine = sandbox.repo.join(".chant/research/why.md");
    sandbox.agent(&format!(
        "mkdir -p .chant/research '{}'; printf '# Why\\n\\ntheirs\\n' >.chant/research/why.md; echo mine >'{}'",
        mine.parent().unwrap().display(),
        mine.display()
    ));
    let id = sandbox.add(&["Find out why", "--type", "research", "--target-file", ".chant/research/why.md"]);
    sandbox.chant(&["work", &id]).fails(1, &["have changes that the merge would overwrite", ".chant/research/why.md"]);
    assert_eq!(sandbox.status(&id), "finished");
    assert_eq!(sandbox.read(".chant/research/why.md"), "mine\n");
    std::fs::rename(&mine, sandbox.dir().join("mine.md")).unwrap();
    sandbox.chant(&["merge", &id]).ok();
    assert_eq!(sandbox.read(".chant/research/why.md"), "# Why\n\ntheirs\n");
    assert_eq!(sandbox.status(&id), "completed");
}

#[test]
fn a_document_that_was_there_is_given_to_the_agent_and_updated() {
    let sandbox = silent();
    sandbox.write(".chant/research/why.md", "first\n");
    sandbox.agent("echo second >>.chant/research/why.md");
    let id = sandbox.add(&["Find out more", "--type", "research", "--target-file", ".chant/research/why.md"]);
    sandbox.chant(&["work", &id]).ok();
    assert_eq!(sandbox.read(".chant/research/why.md"), "first\nsecond\n");
    hidden(&sandbox);
}

#[test]
fn commits_that_hold_something_of_it_are_refused() {
    let sandbox = silent();
    sandbox.agent("echo two >file; git add -f .chant; git add -A; git commit -qm leak");
    let id = sandbox.add(&["Make it two"]);
    sandbox.chant(&["work", &id]).fails(1, &[".chant/"]);
    assert_ne!(sandbox.status(&id), "completed");
    assert_eq!(sandbox.git(&["rev-list", "--count", "main"]), "1");
}

#[test]
fn from_a_linked_worktree_the_specs_are_those_of_the_main_one() {
    let sandbox = silent();
    sandbox.git(&["worktree", "add", "-q", "-b", "side", "../side"]);
    let side = sandbox.dir().join("side");
    let out = sandbox.chant_in(&side, &["add", "From the side"]).ok().out;
    let id = out.trim().strip_prefix("Created spec: ").unwrap().to_owned();
    assert!(sandbox.repo.join(format!(".chant/specs/{id}.md")).exists());
    assert!(sandbox.chant_in(&side, &["list"]).ok().out.contains("From the side"));
    sandbox.agent("echo two >file");
    sandbox.chant_in(&side, &["work", &id]).ok();
    assert_eq!(std::fs::read_to_string(side.join("file")).unwrap(), "two\n");
    hidden(&sandbox);
}

#[test]
fn init_says_what_it_did_and_does_it_once() {
    let sandbox = Sandbox::new();
    let exclude = sandbox.repo.join(".git/info/exclude");
    let before = std::fs::read_to_string(&exclude).unwrap_or_default();
    sandbox.chant(&["init", "--silent"]).ok();
    let after = std::fs::read_to_string(&exclude).unwrap();
    assert_eq!(after, format!("{before}/.chant/\n"));
    sandbox.chant(&["init", "--silent"]).ok();
    assert_eq!(std::fs::read_to_string(&exclude).unwrap(), after);
}

#[test]
fn a_document_that_a_glob_names_is_updated_too_and_leaving_it_is_no_work() {
    let sandbox = silent();
    let notes = ".chant/research/x.md";
    sandbox.write(notes, "What was known.\n");
    sandbox.agent("echo More. >>.chant/research/x.md; tick");
    let id = sandbox.add(&["Look again", "--type", "research", "--target-file", ".chant/research/*.md"]);
    sandbox.chant(&["work", &id]).ok();
    assert_eq!(sandbox.read(notes), "What was known.\nMore.\n");
    sandbox.agent("true");
    let idle = sandbox.add(&["Look once more", "--type", "research", "--target-file", notes]);
    sandbox.chant(&["work", &idle]).fails(1, &["the agent changed nothing"]);
    hidden(&sandbox);
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn documents_of_work_that_arrived_are_taken_back_where_that_cannot_be_recorded() {
    let sandbox = silent();
    sandbox.agent("mkdir -p .chant/research; printf '# Why\\n\\nIt is the moon.\\n' >.chant/research/why.md; echo two >file; git commit -qam Two; tick");
    let id = sandbox.add(&["Fix it", "--target-file", "file", "--target-file", ".chant/research/why.md"]);
    sandbox.chant(&["work", &id, "--no-merge"]).ok();
    sandbox.git(&["merge", "-q", "--squash", &format!("chant/{id}")]);
    sandbox.git(&["commit", "-q", "-m", "Squashed"]);
    let (document, lock) =
        (sandbox.repo.join(".chant/research/why.md"), sandbox.repo.join(format!(".git/refs/chant/specs/{id}.lock")));
    std::fs::create_dir(&lock).unwrap();
    sandbox.chant(&["merge", &id]).fails(128, &["could not update"]);
    assert!(!document.exists());
    std::fs::remove_dir(&lock).unwrap();
    sandbox.chant(&["merge", &id]).ok();
    assert!(document.exists() && sandbox.status(&id) == "completed");
}
