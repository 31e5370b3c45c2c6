//! Agents that misbehave within their own work: a true status, the reason in words, nothing lost, and `work` again just works.

use std::{path::PathBuf, process::Command};

use crate::support::{Ran, Sandbox, cases::few_or_many};

/// An agent that does what the spec asks for.
pub const GOOD: &str = "echo two >file; tick";

/// A sandbox with one spec, "file says two", and `script` as the agent.
pub fn with_agent(script: &str) -> (Sandbox, String) {
    with_agent_and(script, &[])
}

/// As [`with_agent`], where nothing confines the agent.
pub fn with_free_agent(script: &str) -> (Sandbox, String) {
    let (sandbox, id) = with_agent(script);
    (sandbox.unconfined(), id)
}

/// Works a spec as above, with more arguments for `add`.
pub fn with_agent_and(script: &str, args: &[&str]) -> (Sandbox, String) {
    let sandbox = Sandbox::new();
    sandbox.agent(script);
    let id = add(&sandbox, "Make it two", args);
    (sandbox, id)
}

/// Adds a spec with one criterion.
pub fn add(sandbox: &Sandbox, title: &str, args: &[&str]) -> String {
    let body = sandbox.dir().join("body.md");
    std::fs::write(&body, "## Acceptance Criteria\n\n- [ ] file says two\n").unwrap();
    let mut all = vec![title, "--body-file", body.to_str().unwrap()];
    all.extend(args);
    sandbox.add(&all)
}

/// The commits that are kept of the attempts at a spec.
pub fn kept(sandbox: &Sandbox, id: &str) -> Vec<String> {
    let refs = sandbox.git(&["for-each-ref", "--format=%(objectname)", &format!("refs/chant-local/attempts/{id}/")]);
    refs.lines().map(str::to_owned).collect()
}

/// Whether some ref still leads to `commit`.
pub fn is_reachable(sandbox: &Sandbox, commit: &str) -> bool {
    !sandbox.git(&["for-each-ref", "--contains", commit]).is_empty()
}

/// The file `path` in one of the kept attempts.
#[track_caller]
pub fn kept_file(sandbox: &Sandbox, id: &str, path: &str) -> String {
    let tips = kept(sandbox, id);
    for tip in &tips {
        let mut git = sandbox.command_in(&sandbox.repo, "git");
        let shown = sandbox.run(git.args(["show", &format!("{tip}:{path}")]));
        if shown.code == 0 {
            return shown.out;
        }
    }
    panic!("{path} is in none of {tips:?}");
}

/// Where the worktree of a spec is, or was.
pub fn worktree(sandbox: &Sandbox, id: &str) -> PathBuf {
    sandbox.dir().join(format!("repo.chant-{}", &id[11..]))
}

/// The work fails, for `reasons`; the person's branch and files are what they were.
#[track_caller]
pub fn fails(sandbox: &Sandbox, id: &str, reasons: &[&str]) -> Ran {
    let before =
        (sandbox.git(&["rev-parse", "HEAD", "main"]), sandbox.git(&["status", "--porcelain"]), sandbox.read("file"));
    let ran = sandbox.chant(&["work", id]).fails(1, reasons);
    assert_eq!(sandbox.status(id), "failed");
    let after =
        (sandbox.git(&["rev-parse", "HEAD", "main"]), sandbox.git(&["status", "--porcelain"]), sandbox.read("file"));
    assert_eq!(before, after);
    let log = sandbox.chant(&["log", id]).ok().out;
    for reason in reasons {
        assert!(log.contains(reason), "'{reason}' is not in the log:\n{log}");
    }
    ran
}

/// A good agent then does it, with everything of the earlier attempts kept.
#[track_caller]
pub fn works_again(sandbox: &Sandbox, id: &str) {
    let earlier = kept(sandbox, id);
    sandbox.agent(GOOD);
    sandbox.chant(&["work", id]).ok();
    assert_eq!(sandbox.status(id), "completed");
    assert_eq!(sandbox.read("file"), "two\n");
    for tip in earlier {
        assert!(is_reachable(sandbox, &tip), "{tip} is lost");
    }
    assert!(!worktree(sandbox, id).exists());
    sandbox.git(&["fsck", "--strict"]);
}

#[test]
fn one_that_does_nothing_has_done_nothing() {
    let (sandbox, id) = with_agent(":");
    fails(&sandbox, &id, &["the agent changed nothing", "criterion 'file says two': unticked"]);
    works_again(&sandbox, &id);
    assert_eq!(sandbox.ops(&id), ["add", "start", "fail", "start", "finish", "land", "complete"]);
}

#[test]
fn one_that_only_ticks_has_done_nothing_where_something_was_to_be_verified() {
    let (sandbox, id) = with_agent_and("tick", &["--verify", "grep -q two file"]);
    fails(&sandbox, &id, &["verify 'grep -q two file': exit code 1"]);
    works_again(&sandbox, &id);
}

#[test]
fn an_exit_code_is_told_and_the_commits_stay() {
    let (sandbox, id) = with_agent("echo half >file; git add -A; git commit -qm Half; echo more >new; exit 3");
    let ran = fails(&sandbox, &id, &["the agent exited with code 3"]);
    let tree = worktree(&sandbox, &id);
    assert!(ran.err.contains(&tree.display().to_string()), "{}", ran.err);
    assert_eq!(std::fs::read_to_string(tree.join("new")).unwrap(), "more\n");
    let half = sandbox.git(&["rev-parse", &format!("chant/{id}")]);
    works_again(&sandbox, &id);
    assert!(is_reachable(&sandbox, &half));
    assert_eq!(kept_file(&sandbox, &id, "new"), "more\n");
}

#[test]
fn a_command_that_is_not_there_is_named() {
    let sandbox = Sandbox::new();
    sandbox.git(&["config", "chant.agent.scripted.cmd", "cd . && no-such-agent --yes"]);
    sandbox.git(&["config", "chant.agent", "scripted"]);
    let id = add(&sandbox, "Make it two", &[]);
    fails(&sandbox, &id, &["the agent exited with code 127 (command not found?)"]);
    works_again(&sandbox, &id);
}

#[test]
fn one_that_is_killed_is_said_to_be() {
    let (sandbox, id) = with_agent("echo half >new; kill -KILL $$");
    // The shell between us and it says 128 + 9, or is replaced by it.
    sandbox.chant(&["work", &id]).fails(1, &["the agent was killed: SIGKILL"]);
    assert_eq!(sandbox.status(&id), "failed");
    works_again(&sandbox, &id);
    assert_eq!(kept_file(&sandbox, &id, "new"), "half\n");
}

#[test]
fn add_all_takes_nothing_of_the_tool_and_nothing_of_other_specs() {
    let (sandbox, id) = with_agent(&format!("{GOOD}; git add -A; git commit -qm All"));
    let committed = add(&sandbox, "Another", &[]);
    sandbox.git(&["add", &format!(".chant/specs/{committed}.md")]);
    sandbox.git(&["commit", "-qm", "Another spec"]);
    let loose = add(&sandbox, "A third", &[]);
    sandbox.chant(&["work", &id]).ok();
    let files = sandbox.git(&["ls-tree", "-r", "--name-only", "main"]);
    assert_eq!(files, format!(".chant/specs/{id}.md\n.chant/specs/{committed}.md\nfile"));
    assert_eq!(sandbox.git(&["status", "--porcelain", "-uall"]), format!("?? .chant/specs/{loose}.md"));
    assert_eq!(sandbox.status(&committed), "pending");
    assert_eq!(sandbox.status(&loose), "pending");
}

#[test]
fn work_that_is_never_committed_is_committed_for_it() {
    let (sandbox, id) = with_agent(&format!("{GOOD}; mkdir -p a/b; echo new >a/b/c; git add file"));
    sandbox.chant(&["work", &id]).ok();
    assert_eq!(sandbox.read("a/b/c"), "new\n");
    assert_eq!(sandbox.read("file"), "two\n");
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn one_that_deletes_chant_fails_whether_it_commits_that_or_not() {
    for end in ["", "; git add -A; git commit -qm Clean"] {
        let (sandbox, id) = with_agent(&format!("{GOOD}; rm -rf .chant{end}"));
        fails(&sandbox, &id, &["the spec file", "is missing"]);
        works_again(&sandbox, &id);
    }
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn the_front_matter_is_not_its_to_change() {
    let (sandbox, id) =
        with_agent_and(&format!("{GOOD}; sed -i 's/false/true/' $CHANT_SPEC_FILE"), &["--verify", "false"]);
    fails(&sandbox, &id, &["the front matter of the spec was changed"]);
    let (sandbox, id) = with_agent(&format!("{GOOD}; sed -i '2i status: completed' $CHANT_SPEC_FILE"));
    fails(&sandbox, &id, &["the front matter of the spec was changed"]);
    works_again(&sandbox, &id);
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn criteria_are_not_its_to_change() {
    let cases = [
        ("sed -i '/file says two/d' $CHANT_SPEC_FILE", "criterion 'file says two': missing"),
        ("sed -i 's/says two/says anything/' $CHANT_SPEC_FILE", "criterion 'file says two': missing"),
        ("printf '```\\n' >spec; cat $CHANT_SPEC_FILE >>spec; mv spec $CHANT_SPEC_FILE", "the front matter"),
        ("sed -i 's/## Acceptance/```\\n## Acceptance/' $CHANT_SPEC_FILE", "criterion 'file says two': missing"),
    ];
    for (script, reason) in cases {
        let (sandbox, id) = with_agent(&format!("{GOOD}; {script}"));
        fails(&sandbox, &id, &[reason]);
        works_again(&sandbox, &id);
    }
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn what_is_outside_its_target_files_fails_warns_or_passes_as_configured() {
    for commit in ["", "; git add -A; git commit -qm Both"] {
        for scope in ["error", "warn", "off"] {
            let (sandbox, id) = with_agent_and(&format!("{GOOD}; echo new >other{commit}"), &["--target-file", "file"]);
            sandbox.git(&["config", "chant.scope", scope]);
            match (scope, commit) {
                ("error", _) | (_, "") => {
                    fails(&sandbox, &id, &["outside target_files: other"]);
                    works_again(&sandbox, &id);
                    assert_eq!(kept_file(&sandbox, &id, "other"), "new\n");
                }
                ("warn", _) => {
                    let ran = sandbox.chant(&["work", &id]).ok();
                    assert!(ran.err.contains("warning: changed outside target_files: other"), "{}", ran.err);
                }
                _ => {
                    let ran = sandbox.chant(&["work", &id]).ok();
                    assert!(!ran.err.contains("outside"), "{}", ran.err);
                }
            }
        }
    }
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn specs_prompts_and_the_archive_are_never_its_to_change() {
    let other = ".chant/specs/2020-01-01-001-abc.md";
    for path in [other, ".chant/prompts/mine.md", ".chant/archive/2020-01-01-001-abc.md"] {
        for commit in ["", "; git add -A; git commit -qm Both"] {
            let script = format!("{GOOD}; mkdir -p $(dirname {path}); echo '# Mine' >>{path}{commit}");
            let (sandbox, id) = with_agent(&script);
            sandbox.git(&["config", "chant.scope", "off"]);
            fails(&sandbox, &id, &[&format!("'{path}' may not be changed")]);
            works_again(&sandbox, &id);
        }
    }
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_symlink_is_neither_an_output_nor_a_spec() {
    let (sandbox, id) = with_agent_and(
        &format!("{GOOD}; ln -s /etc/passwd out"),
        &["--type", "research", "--target-file", "out", "--target-file", "file"],
    );
    fails(&sandbox, &id, &["output 'out': it is a symbolic link, no text"]);
    let (sandbox, id) =
        with_agent(&format!("{GOOD}; mv $CHANT_SPEC_FILE elsewhere; ln -s $PWD/elsewhere $CHANT_SPEC_FILE"));
    fails(&sandbox, &id, &["the spec file", "is missing"]);
    works_again(&sandbox, &id);
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn chant_as_a_symlink_out_of_the_worktree_is_not_followed() {
    for silent in [false, true] {
        let sandbox = Sandbox::new();
        if silent {
            sandbox.chant(&["init", "--silent"]).ok();
        }
        let out = sandbox.dir().join("out");
        sandbox.agent(&format!("{GOOD}; cp -r .chant {0}; rm -rf .chant; ln -s {0} .chant", out.display()));
        let id = add(&sandbox, "Make it two", &[]);
        let ran = sandbox.chant(&["work", &id]);
        assert_eq!(ran.code, 1, "{silent}: {}{}", ran.out, ran.err);
        assert_eq!(sandbox.status(&id), "failed");
        works_again(&sandbox, &id);
        assert!(out.join("specs").join(format!("{id}.md")).is_file());
    }
}

#[test]
fn deep_paths_and_odd_names_are_work_like_any_other() {
    let deep = "p=deep; for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do p=$p/$(printf '%0200d' $i); done; mkdir -p $p; echo x >$p/f";
    let odd = "printf x >'a b'; printf x >\"$(printf 'new\\nline')\"; printf x >':(top)x'; printf x >-- -q; printf x >\"$(printf '\\377')\"";
    let (sandbox, id) = with_agent(&format!("{GOOD}; {deep}; {odd}"));
    sandbox.chant(&["work", &id]).ok();
    assert_eq!(
        sandbox.git(&["ls-tree", "-r", "--name-only", "-z", "main"]).split('\0').filter(|p| !p.is_empty()).count(),
        2 + 1 + 5
    );
}

#[test]
fn a_hard_to_remove_worktree_goes_with_everything_in_it() {
    let (sandbox, id) = with_agent(&format!(
        "{GOOD}; mkdir locked; echo x >locked/f; chmod 0500 locked; echo '*.o' >.gitignore; mkdir out; echo x >out/a.o; chmod 0400 out/a.o"
    ));
    sandbox.chant(&["work", &id]).ok();
    assert!(!worktree(&sandbox, &id).exists());
}

#[test]
fn megabytes_of_anything_are_neither_kept_in_memory_nor_shown_raw() {
    let length = few_or_many(10_000_000, 50_000_000);
    let script = format!(
        "{GOOD}; head -c {length} /dev/zero | tr '\\0' 'x'; echo; head -c 100000 /dev/urandom; printf '\\n\\033]0;owned\\007\\033[31mred\\033[0m plain\\r\\n'"
    );
    let (sandbox, id) = with_agent(&script);
    let ran = sandbox.chant(&["work", &id]).ok();
    assert!(ran.err.contains("red plain"), "the agent's line is shown");
    assert!(!ran.err.contains('\u{1b}') && !ran.err.contains('\u{7}'));
    let mut log = sandbox.binary(&["log", &id, "--agent"]);
    let raw = log.output().unwrap().stdout;
    assert!(raw.len() > length + 100_000, "{}", raw.len());
    let tail = b"\n\x1b]0;owned\x07\x1b[31mred\x1b[0m plain\r\n";
    assert!(raw.ends_with(tail), "the transcript is raw where no terminal is");
    let shown = sandbox.chant(&["show", &id]).ok().out;
    assert!(!shown.contains('\u{1b}'));
}

#[test]
fn escapes_in_what_checks_print_and_in_names_of_files_reach_no_terminal() {
    let (sandbox, id) = with_agent_and(
        &format!("{GOOD}; printf x >\"$(printf 'evil\\033]0;owned\\007')\"; git add -A; git commit -qm X"),
        &["--verify", "printf '\\033]0;owned\\007\\033[2Jbroken\\n'; exit 1"],
    );
    let ran = sandbox.chant(&["work", &id]).fails(1, &["broken"]);
    let show = sandbox.chant(&["show", &id]).ok();
    let log = sandbox.chant(&["log", &id]).ok();
    for text in [ran.out, ran.err, show.out, log.out] {
        assert!(!text.contains('\u{1b}') && !text.contains('\u{7}'), "{text:?}");
    }
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_prompt_of_megabytes_that_is_never_read_holds_up_nothing() {
    let sandbox = Sandbox::new();
    sandbox.agent(GOOD);
    sandbox.git(&["config", "chant.promptBudget", "10m"]);
    sandbox.write("input.txt", &"a line of the input\n".repeat(250_000));
    sandbox.git(&["add", "input.txt"]);
    sandbox.git(&["commit", "-qm", "Input"]);
    let id = add(&sandbox, "Make it two", &["--informed-by", "input.txt"]);
    sandbox.chant(&["work", &id]).ok();
    assert_eq!(sandbox.status(&id), "completed");
}

#[test]
fn what_it_leaves_running_is_ended() {
    let (sandbox, id) = with_agent("");
    sandbox.agent(&format!("{GOOD}; sleep 1000 & setsid sleep 1000 & (trap '' HUP TERM; exec sleep 1000) &"));
    let ran = sandbox.chant(&["work", &id]).ok();
    assert!(ran.err.contains("background processes; they were stopped"), "{}", ran.err);
    assert!(!sandbox.agent_lives());
    assert_eq!(sandbox.status(&id), "completed");
}

/// Whether a process of that number runs. A zombie does not.
pub fn is_alive(pid: &str) -> bool {
    let ps = Command::new("ps").args(["-o", "stat=", "-p", pid]).output().unwrap();
    let state = String::from_utf8_lossy(&ps.stdout).trim().to_owned();
    !state.is_empty() && !state.starts_with('Z')
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_list_that_no_variable_can_hold_is_not_set_and_the_agent_runs() {
    let sandbox = Sandbox::new();
    sandbox.agent("echo \"${CHANT_TARGET_FILES-unset}\" >kept-apart; tick");
    let directory = "x".repeat(200);
    let mut args: Vec<String> = ["Many", "--target-file", "kept-apart"].map(str::to_owned).into();
    for number in 0..900 {
        args.extend(["--target-file".to_owned(), format!("{directory}/{number}")]);
    }
    let id = sandbox.add(&args.iter().map(String::as_str).collect::<Vec<_>>());
    sandbox.chant(&["work", &id]).ok();
    assert_eq!(sandbox.git(&["show", "HEAD:kept-apart"]), "unset");
}
