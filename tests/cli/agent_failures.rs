//! Agents that misbehave: a true status, a true exit code, the reason in words, nothing lost, and `work` again just works.

use std::{
    io::{BufRead as _, BufReader},
    process::Stdio,
};

use crate::support::{Ran, Sandbox};

/// A spec with one criterion and one target file, worked by `script`.
struct Try {
    sandbox: Sandbox,
    id: String,
    ran: Ran,
}

fn attempt(script: &str, options: &[&str]) -> Try {
    let sandbox = Sandbox::new().unconfined();
    sandbox.agent(script);
    let id = add(&sandbox);
    let mut args = vec!["work", &id];
    args.extend(options);
    let ran = sandbox.chant(&args);
    Try { sandbox, id, ran }
}

fn add(sandbox: &Sandbox) -> String {
    sandbox.write("../body.md", "## Acceptance Criteria\n\n- [ ] file says two\n");
    sandbox.add(&["Make it two", "--body-file", "../body.md"])
}

impl Try {
    /// It failed with `reason`, main is as it was, and a good agent succeeds afterwards with the earlier attempt kept.
    #[track_caller]
    fn failed(self, reason: &str) -> Try {
        let Try { sandbox, id, ran } = self;
        let ran = ran.fails(1, &["Failed after", reason]);
        assert_eq!(sandbox.status(&id), "failed");
        assert_eq!(sandbox.git(&["rev-list", "--count", "main"]), "1");
        assert_eq!(sandbox.git(&["status", "--porcelain"]), "?? .chant/");
        let history = sandbox.show(&id);
        let last = history["history"].as_array().unwrap().last().unwrap().clone();
        assert_eq!(last["op"], "fail");
        assert!(last["reason"].as_str().unwrap().contains(reason), "{last}");

        let first = history["attempt"].as_str().unwrap().to_owned();
        sandbox.agent("echo two >file; tick");
        sandbox.chant(&["work", &id]).ok();
        assert_eq!(sandbox.status(&id), "completed");
        assert_eq!(sandbox.read("file"), "two\n");
        let kept = sandbox.git(&["for-each-ref", "--format=%(refname)", "refs/chant-local/attempts/"]);
        let reachable = sandbox.git(&["rev-list", "--all"]);
        assert!(kept.contains(&first) || reachable.contains(&first), "{kept}");
        Try { sandbox, id, ran }
    }
}

#[test]
fn one_that_does_nothing_fails_and_the_criteria_are_named() {
    attempt("true", &[]).failed("the agent changed nothing").ran.fails(1, &["'file says two': unticked"]);
}

#[test]
fn one_that_exits_with_three_fails_with_its_commits_kept() {
    let tried = attempt("echo two >file; git commit -qam work; echo three >file; exit 3", &[]);
    let attempt = tried.sandbox.show(&tried.id)["attempt"].as_str().unwrap().to_owned();
    let kept = format!("refs/chant-local/attempts/{}/{attempt}", tried.id);
    assert_eq!(tried.sandbox.git(&["show", &format!("{kept}:file")]), "three", "uncommitted changes are on top");
    assert_eq!(tried.sandbox.git(&["log", "-1", "--format=%s", &format!("{kept}~1")]), "work");
    tried.failed("the agent exited with code 3");
}

#[test]
fn one_that_adds_everything_brings_nothing_else_along() {
    let tried = attempt("echo two >file; tick; git add -A; git commit -qm all", &[]);
    tried.ran.ok();
    let changed = tried.sandbox.git(&["diff", "--name-only", "main~1", "main"]);
    assert_eq!(changed, format!(".chant/specs/{}.md\nfile", tried.id));
}

#[test]
fn one_that_deletes_the_spec_folder_fails() {
    attempt("echo two >file; rm -rf .chant; git add -A; git commit -qm gone", &[]).failed("is missing");
}

#[test]
fn one_that_ticks_and_changes_nothing_else_is_checked_by_the_commands() {
    let sandbox = Sandbox::new().unconfined();
    sandbox.agent("tick");
    sandbox.write("../body.md", "## Acceptance Criteria\n\n- [ ] file says two\n");
    let id = sandbox.add(&["Make it two", "--body-file", "../body.md", "--verify", "echo seen; grep two file"]);
    sandbox.chant(&["work", &id]).fails(1, &["verify 'echo seen; grep two file'", "exit code 1", "seen"]);
    assert_eq!(sandbox.status(&id), "failed");
}

#[test]
fn one_that_switches_branches_fails_and_its_commits_stay() {
    let tried = attempt("git switch -qc other; echo two >file; git commit -qam elsewhere", &[]);
    assert_eq!(tried.sandbox.git(&["log", "-1", "--format=%s", "other"]), "elsewhere");
    tried.failed("its worktree is on 'other'");
}

#[test]
fn one_that_rewrites_its_branch_fails() {
    attempt("git checkout -q --orphan new; git commit -qm new; git branch -f $CHANT_BRANCH new; git switch -q $CHANT_BRANCH; echo two >file; tick", &[])
        .failed("no longer contains the base");
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn one_that_removes_its_worktree_or_branch_fails() {
    attempt("cd /; rm -rf \"$CHANT_WORKTREE\"", &[]).failed("its worktree is missing");
    attempt("git checkout -q --detach; git branch -qD $CHANT_BRANCH", &[]).failed("its worktree is on no branch");
}

#[test]
fn one_that_edits_the_front_matter_of_its_spec_fails() {
    attempt(
        "echo two >file; tick; sed 's/type: code/type: task/' \"$CHANT_SPEC_FILE\" >t && mv t \"$CHANT_SPEC_FILE\"",
        &[],
    )
    .failed("the front matter of the spec was changed");
}

#[test]
fn one_that_rewords_a_criterion_fails() {
    attempt("echo two >file; tick; sed 's/file says two/file says anything/' \"$CHANT_SPEC_FILE\" >t && mv t \"$CHANT_SPEC_FILE\"", &[])
        .failed("'file says two': missing");
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn one_that_touches_another_spec_fails() {
    attempt("echo two >file; tick; echo x >.chant/specs/2026-01-01-001-abc.md", &[]).failed("may not be changed");
    attempt(
        "echo two >file; tick; mkdir -p .chant/prompts; echo x >.chant/prompts/task.md; git add -A; git commit -qm p",
        &[],
    )
    .failed("may not be changed");
}

#[test]
fn work_outside_the_target_files_is_named_and_the_mode_decides() {
    let sandbox = Sandbox::new().unconfined();
    sandbox.agent("echo two >file; echo more >other; git add -A; git commit -qm both");
    let id = sandbox.add(&["Make it two", "--target-file", "file"]);
    sandbox.chant(&["work", &id]).fails(1, &["outside target_files: other"]);
    sandbox.git(&["config", "chant.scope", "warn"]);
    let ran = sandbox.chant(&["work", &id]).ok();
    assert!(ran.err.contains("changed outside target_files: other"), "{}", ran.err);
}

#[test]
fn left_over_changes_outside_the_target_files_are_named_and_not_committed() {
    let sandbox = Sandbox::new().unconfined();
    sandbox.agent("echo two >file; echo more >other");
    let id = sandbox.add(&["Make it two", "--target-file", "file"]);
    sandbox.chant(&["work", &id]).fails(1, &["uncommitted changes outside target_files: other"]);
    assert_eq!(sandbox.status(&id), "failed");
}

#[test]
fn background_processes_are_ended() {
    let tried = attempt("echo two >file; tick; sleep 300 & (setsid sleep 300 >/dev/null 2>&1 &)", &[]);
    let ran = tried.ran.ok();
    assert!(ran.err.contains("background processes; they were stopped"), "{}", ran.err);
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_timeout_ends_what_ignores_the_request() {
    attempt("trap '' TERM; echo two >file; while :; do sleep 1; done", &["--timeout", "1s"])
        .failed("took longer than 1s");
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_chain_that_it_deletes_or_rewinds_is_restored_and_waits_for_a_person() {
    for damage in
        ["-d refs/chant/specs/$CHANT_SPEC_ID", "refs/chant/specs/$CHANT_SPEC_ID refs/chant/specs/$CHANT_SPEC_ID^"]
    {
        let tried = attempt(&format!("echo two >file; tick; git update-ref {damage}"), &[]);
        tried.ran.fails(1, &["changed without an event, and was restored", "git chant accept"]);
        let (sandbox, id) = (tried.sandbox, tried.id);
        assert_eq!(sandbox.ops(&id), ["add", "start", "finish"]);
        sandbox.chant(&["merge", &id]).fails(1, &["git chant accept"]);
        sandbox.chant(&["accept", &id, "--reason", "seen"]).ok();
        sandbox.chant(&["merge", &id]).ok();
        assert_eq!(sandbox.status(&id), "completed");
    }
}

#[test]
fn another_specs_chain_that_it_deletes_is_restored() {
    let sandbox = Sandbox::new().unconfined();
    let other = sandbox.add(&["Another"]);
    let tip = sandbox.git(&["rev-parse", &format!("chant/specs/{other}")]);
    sandbox.agent(&format!("echo two >file; git update-ref -d refs/chant/specs/{other}"));
    let id = sandbox.add(&["Make it two"]);
    sandbox
        .chant(&["work", &id])
        .fails(1, &[&format!("'refs/chant/specs/{other}' changed without an event, and was restored")]);
    assert_eq!(sandbox.git(&["rev-parse", &format!("chant/specs/{other}")]), tip);
}

#[test]
fn a_hook_and_a_setting_that_it_plants_are_named_and_not_run_by_the_tool() {
    let tried = attempt(
        "hooks=$(git rev-parse --git-path hooks); mkdir -p \"$hooks\"
         printf '#!/bin/sh\\ntouch \"%s/planted\"\\n' \"$HOME\" >\"$hooks/pre-commit\"; chmod +x \"$hooks/pre-commit\"
         git config alias.x '!touch planted'; echo two >file; tick",
        &[],
    );
    tried.ran.fails(1, &["the hook '", "pre-commit' was changed", "the configuration key 'alias.x' was changed"]);
    assert!(!tried.sandbox.dir().join("home/planted").exists());
    assert_eq!(tried.sandbox.status(&tried.id), "finished");
    assert_eq!(tried.sandbox.git(&["rev-list", "--count", "main"]), "1");
}

#[test]
fn it_cannot_approve_or_acknowledge() {
    let tried = attempt(
        "git chant approve $CHANT_SPEC_ID; git chant accept $CHANT_SPEC_ID --reason x; git chant cancel $CHANT_SPEC_ID; true",
        &[],
    );
    tried.ran.fails(
        1,
        &[
            "only a person can approve, not an agent",
            "only a person can accept a change",
            "only a person can cancel a spec",
        ],
    );
    assert_eq!(tried.sandbox.ops(&tried.id), ["add", "start", "fail"]);
}

#[test]
fn output_is_kept_raw_and_shown_without_control_sequences() {
    let tried =
        attempt("printf 'a\\033]0;title\\007b\\033[31mred\\n'; head -c 3000000 /dev/zero; echo two >file; tick", &[]);
    let ran = tried.ran.ok();
    assert!(ran.err.contains("abred") && !ran.err.contains('\u{1b}'), "{:?}", &ran.err[..200]);
    let transcript = tried.sandbox.chant(&["log", &tried.id, "--agent"]).ok().out;
    assert!(transcript.contains("\u{1b}[31mred") && transcript.len() > 3_000_000);
}

#[test]
fn a_long_prompt_that_it_never_reads_is_no_trouble() {
    let sandbox = Sandbox::new().unconfined();
    sandbox.write("input.txt", &"all work and no play\n".repeat(100_000));
    sandbox.git(&["add", "input.txt"]);
    sandbox.git(&["commit", "-qm", "input"]);
    sandbox.git(&["config", "chant.promptBudget", "5000000"]);
    sandbox.agent("echo two >file");
    let id = sandbox.add(&["Make it two", "--informed-by", "input.txt"]);
    sandbox.chant(&["work", &id]).ok();
}

#[test]
fn a_missing_command_is_said_to_be_missing() {
    let sandbox = Sandbox::new().unconfined();
    sandbox.git(&["config", "chant.agent.none.cmd", "cd . && no-such-command-anywhere"]);
    let id = add(&sandbox);
    sandbox.chant(&["work", &id, "--agent", "none"]).fails(1, &["exited with code 127 (command not found?)"]);
    assert_eq!(sandbox.status(&id), "failed");
}

#[test]
fn the_prompt_holds_the_spec_and_its_inputs() {
    let sandbox = Sandbox::new().unconfined();
    sandbox.write("docs/why.md", "because of the moon\n");
    sandbox.git(&["add", "docs"]);
    sandbox.git(&["commit", "-qm", "docs"]);
    sandbox.write("notes.txt", "not committed, and yet known\n");
    sandbox.agent("cat >prompt; cp \"$CHANT_PROMPT_FILE\" file-prompt; cmp prompt file-prompt && env >env");
    let id = sandbox.add(&["Say why", "--informed-by", "docs/why.md", "--informed-by", "notes.txt"]);
    sandbox.chant(&["work", &id]).ok();
    let prompt = sandbox.read("prompt");
    for part in ["# Say why", "because of the moon", "not committed, and yet known", "chant/2"] {
        assert!(prompt.contains(part), "{part}: {prompt}");
    }
    assert!(!sandbox.git(&["ls-files"]).contains("notes.txt"), "an uncommitted input is never committed");
    let env = sandbox.read("env");
    assert!(env.contains(&format!("CHANT_SPEC_ID={id}")) && !env.contains("GIT_DIR="), "{env}");
}

#[test]
fn an_interrupt_ends_the_whole_group_and_is_recorded() {
    let sandbox = Sandbox::new().unconfined();
    sandbox.agent("echo two >file; echo ready; sleep 300");
    let id = add(&sandbox);
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        let mut child = sandbox.binary(&["work", &id]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        assert!(lines.any(|line| line.unwrap().contains("ready")));
        sandbox
            .run(sandbox.command_in(&sandbox.repo, "kill").args([&format!("-{signal}"), &child.id().to_string()]))
            .ok();
        lines.for_each(drop);
        assert_eq!(child.wait().unwrap().code(), Some(code));
        assert_eq!(sandbox.status(&id), "paused");
        let attempt = sandbox.show(&id)["attempt"].as_str().unwrap().to_owned();
        assert_eq!(sandbox.git(&["show", &format!("refs/chant-local/attempts/{id}/{attempt}:file")]), "two");
    }
}

#[test]
fn a_second_work_is_refused_naming_who_and_since_when() {
    let sandbox = Sandbox::new().unconfined();
    sandbox.agent("echo ready; cat \"$HOME/go\" >/dev/null; echo two >file; tick");
    sandbox.run(sandbox.command_in(sandbox.dir(), "mkfifo").arg("home/go")).ok();
    let id = add(&sandbox);
    let mut child = sandbox.binary(&["work", &id]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains("ready")));
    sandbox.chant(&["work", &id]).fails(1, &["is being worked on by Ada <ada@example.com> with scripted since 2"]);
    for verb in ["reset", "cancel", "release"] {
        sandbox.chant(&[verb, &id]).fails(1, &[&format!("process {} has been working on", child.id())]);
    }
    std::fs::write(sandbox.dir().join("home/go"), "").unwrap();
    lines.for_each(drop);
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert_eq!(sandbox.status(&id), "completed");
}

#[test]
fn after_kill_nine_of_the_tool_one_command_goes_on_with_everything_kept() {
    let sandbox = Sandbox::new().unconfined();
    sandbox.agent("echo two >file; git commit -qam done; echo three >file; echo ready; sleep 300");
    let id = add(&sandbox);
    let mut child = sandbox.binary(&["work", &id]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains("ready")));
    child.kill().unwrap();
    child.wait().unwrap();
    let view = sandbox.show(&id);
    assert_eq!((view["status"].as_str(), view["orphaned"].as_bool()), (Some("in_progress"), Some(true)));
    let attempt = view["attempt"].as_str().unwrap().to_owned();

    sandbox.agent("echo two >file; tick");
    let ran = sandbox.chant(&["work", &id]).ok();
    assert!(ran.err.contains("died; its work is kept"), "{}", ran.err);
    let kept = format!("refs/chant-local/attempts/{id}/{attempt}");
    assert_eq!(sandbox.git(&["show", &format!("{kept}:file")]), "three");
    assert_eq!(sandbox.git(&["log", "-1", "--format=%s", &format!("{kept}~1")]), "done");
    assert_eq!(sandbox.ops(&id), ["add", "start", "pause", "resume", "finish", "land", "complete"]);
    let left = sandbox
        .run(sandbox.command_in(&sandbox.repo, "pgrep").args(["-f", &format!("{}/agent.sh", sandbox.dir().display())]));
    assert_eq!(left.out, "", "the agent that survived was ended");
}

#[test]
fn a_person_is_an_agent_too() {
    let sandbox = Sandbox::new().unconfined();
    let id = add(&sandbox);
    let path = sandbox.chant(&["work", &id, "--agent", "manual"]).ok().out;
    let worktree = std::path::Path::new(path.trim()).to_owned();
    assert_eq!(sandbox.chant(&["path", &id]).ok().out.trim(), path.trim());
    sandbox.chant(&["finish", &id]).fails(1, &["'file says two': unticked"]);
    std::fs::write(worktree.join("file"), "two\n").unwrap();
    let spec = worktree.join(format!(".chant/specs/{id}.md"));
    std::fs::write(&spec, std::fs::read_to_string(&spec).unwrap().replace("[ ]", "[x]")).unwrap();
    let ran = sandbox.chant_in(&worktree, &["finish", &id]).ok();
    assert!(ran.err.contains("because you are in it"), "{}", ran.err);
    assert_eq!(sandbox.status(&id), "completed");
    assert_eq!(sandbox.read("file"), "two\n");
}

#[test]
fn a_failed_attempt_is_checked_again_in_place() {
    let tried = attempt("echo two >file", &[]);
    tried.ran.fails(1, &["unticked"]);
    let (sandbox, id) = (tried.sandbox, tried.id);
    let worktree = sandbox.show(&id)["worktree"].as_str().unwrap().to_owned();
    let spec = std::path::Path::new(&worktree).join(format!(".chant/specs/{id}.md"));
    std::fs::write(&spec, std::fs::read_to_string(&spec).unwrap().replace("[ ]", "[x]")).unwrap();
    sandbox.chant(&["finish", &id]).ok();
    assert_eq!(sandbox.ops(&id), ["add", "start", "fail", "finish", "land", "complete"]);
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn reset_release_and_cancel_keep_the_work_and_let_it_be_done_again() {
    for (verb, status) in [("reset", "pending"), ("cancel", "cancelled")] {
        let tried = attempt("echo two >file; exit 1", &[]);
        let (sandbox, id) = (tried.sandbox, tried.id);
        let attempt = sandbox.show(&id)["attempt"].as_str().unwrap().to_owned();
        sandbox.chant(&[verb, &id, "--reason", "thought better of it"]).ok();
        assert_eq!(sandbox.status(&id), status);
        assert_eq!(sandbox.git(&["worktree", "list"]).lines().count(), 1);
        assert_eq!(sandbox.git(&["branch", "--format=%(refname:short)"]), "main");
        assert_eq!(sandbox.git(&["show", &format!("refs/chant-local/attempts/{id}/{attempt}:file")]), "two");
        if verb == "cancel" {
            sandbox.chant(&["work", &id]).fails(1, &["git chant reset"]);
            sandbox.chant(&["reset", &id]).ok();
        }
        sandbox.agent("echo two >file; tick");
        sandbox.chant(&["work", &id]).ok();
    }
}
