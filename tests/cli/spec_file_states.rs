//! The spec file in every state that a person may have it in: untracked, staged, committed, edited, with any line ends.

use crate::{
    support::Sandbox,
    user_files::{changed, state},
};

const BODY: &[&str] = &["--target-file", "file", "--verify", "grep -q two file"];

/// A repository whose agent makes `file` say two, and a spec that asks for it.
fn with_spec() -> (Sandbox, String, String) {
    let sandbox = Sandbox::new();
    sandbox.agent("echo two >file; tick");
    let (id, path) = spec(&sandbox);
    (sandbox, id, path)
}

fn spec(sandbox: &Sandbox) -> (String, String) {
    let mut add = vec!["Make it two"];
    add.extend(BODY);
    let id = sandbox.add(&add);
    let path = format!(".chant/specs/{id}.md");
    (id, path)
}

#[track_caller]
fn whole(sandbox: &Sandbox, id: &str) {
    assert_eq!(sandbox.status(id), "completed");
    sandbox.git(&["fsck", "--strict"]);
    assert_eq!(sandbox.git(&["worktree", "list", "--porcelain", "-z"]).matches("\0HEAD ").count(), 1);
}

/// A repository in which a spec file is committed with LF and lies in the work tree with CRLF.
fn with_crlf(sandbox: &Sandbox) -> (String, String) {
    sandbox.write("body.md", "About it.\n\n## Acceptance Criteria\n\n- [ ] file says two\n");
    let mut add = vec!["Make it two", "--body-file", "body.md"];
    add.extend(BODY);
    let id = sandbox.add(&add);
    std::fs::remove_file(sandbox.repo.join("body.md")).unwrap();
    let path = format!(".chant/specs/{id}.md");
    (id, path)
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_spec_file_that_is_not_committed_is_committed_by_the_merge() {
    for prepare in [&[][..], &["add", ".chant"], &["add", "-N", ".chant"]] {
        let (sandbox, id, path) = with_spec();
        if !prepare.is_empty() {
            sandbox.git(prepare);
        }
        let text = sandbox.read(&path);
        sandbox.chant(&["work", &id]).ok();
        assert_eq!(sandbox.git(&["status", "--porcelain"]), "", "{prepare:?}");
        assert_eq!(sandbox.read(&path), text);
        assert_eq!(sandbox.git(&["show", &format!("HEAD:{path}")]), text.trim_end());
        whole(&sandbox, &id);
    }
}

#[test]
fn an_edited_spec_file_is_worked_as_it_stands() {
    for stage in [false, true] {
        let (sandbox, id, path) = with_spec();
        sandbox.git(&["add", "."]);
        sandbox.git(&["commit", "-qm", "Spec"]);
        sandbox.write(&path, &(sandbox.read(&path) + "\nMore about it.\n"));
        if stage {
            sandbox.git(&["add", &path]);
        }
        sandbox.chant(&["work", &id, "--trust"]).ok();
        assert_eq!(sandbox.git(&["status", "--porcelain"]), "", "staged: {stage}");
        assert!(sandbox.git(&["show", &format!("HEAD:{path}")]).ends_with("More about it."));
        whole(&sandbox, &id);
    }
}

#[test]
fn a_spec_file_that_is_staged_and_edited_again_is_left_alone() {
    let (sandbox, id, path) = with_spec();
    sandbox.git(&["add", "."]);
    sandbox.write(&path, &(sandbox.read(&path) + "\nEdited after it was staged.\n"));
    let was = state(&sandbox, &sandbox.repo);
    sandbox.chant(&["work", &id, "--trust"]).fails(1, &["the spec file is staged with different content", &path]);
    assert_eq!(changed(&was, &state(&sandbox, &sandbox.repo)), [format!("refs/heads/chant/{id}")]);
    sandbox.git(&["add", &path]);
    sandbox.chant(&["merge", &id]).ok();
    assert_eq!(sandbox.git(&["status", "--porcelain"]), "");
    whole(&sandbox, &id);
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_spec_file_that_is_edited_while_the_agent_runs_is_put_back_untouched() {
    for committed in [false, true] {
        let (sandbox, id, path) = with_spec();
        if committed {
            sandbox.git(&["add", "."]);
            sandbox.git(&["commit", "-qm", "Spec"]);
        }
        let mine = sandbox.repo.join(&path).display().to_string();
        sandbox.agent(&format!("echo 'An afterthought.' >>'{mine}'; echo two >file; tick"));
        sandbox.chant(&["work", &id]).fails(1, &["the spec file was edited after the work began", &path]);
        assert_eq!(sandbox.status(&id), "finished");
        assert!(sandbox.read(&path).ends_with("An afterthought.\n"));
        let now = sandbox.git(&["status", "--porcelain"]);
        assert_eq!(now, if committed { format!(" M {path}") } else { "?? .chant/".to_owned() });
        assert_eq!(sandbox.read("file"), "one\n");
        sandbox.git(&["add", "."]);
        sandbox.git(&["commit", "-qm", "My own text"]);
        sandbox.chant(&["merge", &id]).ok();
        assert!(sandbox.read(&path).contains("An afterthought.\n"));
        assert_eq!(sandbox.git(&["status", "--porcelain"]), "");
        whole(&sandbox, &id);
    }
}

#[test]
fn a_spec_file_that_is_committed_while_it_is_worked_merges_with_its_ticks() {
    for edited in [false, true] {
        let sandbox = Sandbox::new();
        sandbox.agent("echo two >file; tick");
        let (id, path) = with_crlf(&sandbox);
        sandbox.chant(&["work", &id, "--no-merge"]).ok();
        let text = sandbox.read(&path);
        if edited {
            sandbox.write(&path, &text.replace("About it.", "More about it."));
        }
        sandbox.git(&["add", "."]);
        sandbox.git(&["commit", "-qm", "Specs"]);
        sandbox.chant(&["merge", &id]).ok();
        let merged = sandbox.read(&path);
        assert!(merged.contains("- [x] file says two"), "{merged}");
        assert_eq!(merged.contains("More about it."), edited);
        assert_eq!(sandbox.git(&["status", "--porcelain"]), "");
        whole(&sandbox, &id);
    }
}

#[test]
fn two_texts_of_a_spec_that_differ_at_one_place_are_a_conflict() {
    let sandbox = Sandbox::new();
    sandbox.agent("echo two >file; tick");
    let (id, path) = with_crlf(&sandbox);
    sandbox.chant(&["work", &id, "--no-merge"]).ok();
    sandbox.write(&path, &sandbox.read(&path).replace("file says two", "file says three"));
    sandbox.git(&["add", "."]);
    sandbox.git(&["commit", "-qm", "Another criterion"]);
    let was = state(&sandbox, &sandbox.repo);
    sandbox.chant(&["merge", &id]).fails(1, &["it conflicts with 'main'", &path]);
    assert_eq!(changed(&was, &state(&sandbox, &sandbox.repo)), [""; 0]);
    assert_eq!(sandbox.status(&id), "finished");
}

#[test]
fn a_spec_that_is_in_the_index_only_stays_out_of_the_work_tree_until_the_merge() {
    let (sandbox, id, path) = with_spec();
    sandbox.git(&["add", "."]);
    std::fs::remove_file(sandbox.repo.join(&path)).unwrap();
    assert_eq!(sandbox.status(&id), "pending");
    sandbox.chant(&["work", &id]).ok();
    assert_eq!(sandbox.git(&["status", "--porcelain"]), "");
    whole(&sandbox, &id);
}

#[test]
fn line_ends_that_git_converts_are_no_difference() {
    for attributes in [None, Some("*.md text eol=crlf\n")] {
        let sandbox = Sandbox::new();
        sandbox.agent("echo two >file; tick");
        match attributes {
            Some(text) => sandbox.write(".gitattributes", text),
            None => drop(sandbox.git(&["config", "core.autocrlf", "true"])),
        }
        let (id, path) = with_crlf(&sandbox);
        sandbox.git(&["add", "."]);
        sandbox.git(&["commit", "-qm", "Spec"]);
        std::fs::remove_file(sandbox.repo.join(&path)).unwrap();
        sandbox.git(&["checkout", "-q", "--", "."]);
        assert!(sandbox.read(&path).contains("\r\n"));
        assert_eq!(sandbox.git(&["status", "--porcelain"]), "");
        let blob = sandbox.git(&["rev-parse", &format!("HEAD:{path}")]);
        assert_eq!(sandbox.show(&id)["spec_blob"], blob);
        let head = sandbox.git(&["rev-parse", "HEAD"]);
        sandbox.chant(&["work", &id, "--no-merge"]).ok();
        // No commit for a spec file that is as the base has it.
        assert_eq!(sandbox.git(&["rev-list", "--count", &format!("{head}..chant/{id}")]), "1");
        sandbox.chant(&["merge", &id]).ok();
        assert_eq!(sandbox.git(&["status", "--porcelain"]), "");
        assert!(!sandbox.git(&["show", &format!("HEAD:{path}")]).contains('\r'));
        assert!(sandbox.read(&path).contains("- [x] file says two\r\n"));
        whole(&sandbox, &id);
    }
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn an_uncommitted_spec_file_with_crlf_is_committed_as_git_would() {
    for autocrlf in ["true", "input", "false"] {
        let sandbox = Sandbox::new();
        sandbox.agent("echo two >file; tick");
        sandbox.git(&["config", "core.autocrlf", autocrlf]);
        let (id, path) = with_crlf(&sandbox);
        let crlf = sandbox.read(&path).replace('\n', "\r\n");
        sandbox.write(&path, &crlf);
        sandbox.chant(&["work", &id, "--trust"]).ok();
        assert_eq!(sandbox.git(&["status", "--porcelain"]), "", "{autocrlf}");
        let committed =
            sandbox.run(sandbox.command_in(&sandbox.repo, "git").args(["show", &format!("HEAD:{path}")])).out;
        assert_eq!(committed.contains('\r'), autocrlf == "false", "{autocrlf}");
        whole(&sandbox, &id);
    }
}
