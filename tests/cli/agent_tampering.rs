//! Agents that reach for more than their work: refs, configuration and hooks of the repository, the spec's own chain, other
//! specs. What no event explains is named, runs nowhere in the tool, and waits for a person.

use crate::{
    agent_work::{GOOD, add, with_free_agent, works_again},
    support::{Ran, Sandbox},
};

/// The work is good, but waits for a person's `ack`, for `reasons`; after it the merge works.
#[track_caller]
fn waits_for_ack(sandbox: &Sandbox, id: &str, reasons: &[&str]) -> Ran {
    let ran = waits(sandbox, id, reasons);
    acknowledged(sandbox, id);
    ran
}

#[track_caller]
fn waits(sandbox: &Sandbox, id: &str, reasons: &[&str]) -> Ran {
    let ran = sandbox
        .chant(&["work", id])
        .fails(1, reasons)
        .fails(1, &["the agent changed files or settings outside its work"]);
    assert_eq!(sandbox.status(id), "finished");
    assert_eq!(sandbox.read("file"), "one\n");
    sandbox.chant(&["merge", id]).fails(1, reasons).fails(1, &["git chant accept"]);
    ran
}

#[track_caller]
fn acknowledged(sandbox: &Sandbox, id: &str) {
    sandbox.chant(&["accept", id, "--reason", "I have looked"]).ok();
    sandbox.chant(&["merge", id]).ok();
    assert_eq!(sandbox.status(id), "completed");
    assert_eq!(sandbox.read("file"), "two\n");
    sandbox.git(&["fsck", "--strict"]);
}

/// Git would wait for it for ever.
#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_fifo_in_place_of_a_file_of_git_is_removed_and_named() {
    for name in
        ["info/attributes", "info/exclude", "objects/info/alternates", "packed-refs", "shallow", "refs/heads/fifo"]
    {
        let sandbox = Sandbox::new().unconfined();
        sandbox.agent(&format!(
            "{GOOD}; cd $(git rev-parse --git-common-dir); mkdir -p info; rm -f {name}; mkfifo {name}"
        ));
        let id = add(&sandbox, "Make it two", &[]);
        let ran = sandbox.chant(&["work", &id]);
        assert!(ran.err.contains(&format!("{name}': it was a FIFO")), "{name}: {}{}", ran.out, ran.err);
        assert!(!sandbox.repo.join(".git").join(name).exists());
        // One that is there when a command begins is a person's to remove.
        if !name.starts_with("refs/") {
            sandbox.run(sandbox.command_in(&sandbox.repo.join(".git"), "mkfifo").arg(name)).ok();
            sandbox.run(&mut sandbox.binary(&["status"])).fails(128, &["is a FIFO", "to remove it: rm"]);
        }
    }
}

#[test]
fn a_fifo_in_place_of_the_index_of_a_linked_worktree_is_named() {
    let sandbox = Sandbox::new();
    let linked = sandbox.dir().join("linked");
    sandbox.git(&["worktree", "add", "-q", "-b", "linked", linked.to_str().unwrap()]);
    let index = sandbox.repo.join(".git/worktrees/linked/index");
    std::fs::remove_file(&index).unwrap();
    sandbox.run(sandbox.command_in(&linked, "mkfifo").arg(&index)).ok();
    let mut list = sandbox.command_in(&linked, env!("CARGO_BIN_EXE_git-chant"));
    sandbox.run(list.arg("list")).fails(128, &["worktrees/linked/index' is a FIFO", "to remove it: rm"]);
}

#[test]
fn hooks_that_it_installs_are_named_and_not_run() {
    let (sandbox, id) = with_free_agent("");
    let ran = sandbox.dir().join("ran");
    let install = format!(
        "h=$(git rev-parse --git-path hooks); mkdir -p $h; for n in pre-commit post-commit commit-msg post-checkout post-merge reference-transaction post-index-change; do printf '#!/bin/sh\\necho '$n' >>{}\\n' >$h/$n; chmod +x $h/$n; done",
        ran.display()
    );
    sandbox.agent(&format!("{GOOD}; {install}"));
    waits(&sandbox, &id, &["pre-commit' was changed"]);
    let ran_hooks = std::fs::read_to_string(&ran).unwrap_or_default();
    assert_eq!(ran_hooks, "", "no hook of the agent runs before a person has looked");
    acknowledged(&sandbox, &id);
}

#[test]
fn a_hook_in_the_work_tree_that_the_configuration_names_is_watched_too() {
    let sandbox = Sandbox::new().unconfined();
    sandbox.write("hooks/pre-commit", "#!/bin/sh\nexit 0\n");
    sandbox.git(&["config", "core.hooksPath", sandbox.repo.join("hooks").to_str().unwrap()]);
    sandbox.git(&["add", "hooks"]);
    sandbox.git(&["commit", "-qm", "Hooks"]);
    sandbox.agent(&format!("{GOOD}; echo 'touch ../ran' >>$(git rev-parse --git-path hooks)/pre-commit"));
    let id = add(&sandbox, "Make it two", &[]);
    waits(&sandbox, &id, &["hooks/pre-commit' was changed"]);
    assert!(!sandbox.dir().join("ran").exists());
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn configuration_that_it_changes_is_named_and_takes_no_effect_in_the_tool() {
    let cases = [
        ("core.hooksPath", "$PWD/h", "core.hookspath"),
        ("alias.st", "!touch ../ran", "alias.st"),
        ("core.fsmonitor", "touch ../ran; false", "core.fsmonitor"),
        ("filter.evil.clean", "touch ../ran; cat", "filter.evil.clean"),
        ("gpg.program", "touch ../ran; false", "gpg.program"),
        ("commit.gpgsign", "true", "commit.gpgsign"),
        ("chant.agent.scripted.cmd", "touch ../ran", "chant.agent.scripted.cmd"),
        ("core.sshCommand", "touch ../ran", "core.sshcommand"),
        ("include.path", "$PWD/other", "include.path"),
        ("user.name", "Mallory", "user.name"),
    ];
    for (key, value, named) in cases {
        let (sandbox, id) = with_free_agent("");
        sandbox.agent(&format!(
            "{GOOD}; mkdir h; printf '#!/bin/sh\\ntouch ../ran\\n' >h/pre-commit; chmod +x h/pre-commit; echo '* filter=evil' >.gitattributes; git config {key} \"{value}\""
        ));
        waits(&sandbox, &id, &[&format!("the configuration key '{named}' was changed")]);
        assert!(!sandbox.dir().join("ran").exists(), "{key} took effect");
        sandbox.git(&["config", "--local", "--unset-all", key]);
        sandbox.git(&["config", "--local", "chant.agent", "scripted"]);
        acknowledged(&sandbox, &id);
    }
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_repository_that_it_makes_bare_is_named() {
    for key in ["core.bare true", "core.worktree /"] {
        let (sandbox, id) = with_free_agent(&format!("{GOOD}; git config {key}"));
        let ran = sandbox.chant(&["work", &id]);
        assert_eq!(ran.code, 1, "{key}: {}{}", ran.out, ran.err);
        let named = key.split(' ').next().unwrap();
        assert!(ran.err.contains(&format!("the configuration key '{named}' was changed")), "{}", ran.err);
        sandbox.git(&["config", "--local", "--unset-all", named]);
        assert_eq!(sandbox.status(&id), "finished");
        assert_eq!(sandbox.read("file"), "one\n");
        acknowledged(&sandbox, &id);
    }
}

#[test]
fn configuration_that_cannot_be_read_any_more_ends_it_and_work_goes_on_once_it_can() {
    let (sandbox, id) = with_free_agent(&format!(
        "{GOOD}; cp $(git rev-parse --git-common-dir)/config ../config; echo '[broken' >>$(git rev-parse --git-common-dir)/config"
    ));
    let ran = sandbox.chant(&["work", &id]);
    assert_ne!(ran.code, 0, "{}{}", ran.out, ran.err);
    std::fs::copy(sandbox.dir().join("config"), sandbox.repo.join(".git/config")).unwrap();
    assert_ne!(sandbox.status(&id), "completed");
    assert_eq!(sandbox.read("file"), "one\n");
    works_again(&sandbox, &id);
}

#[test]
fn its_own_chain_cannot_be_grown_by_hand() {
    let script = "r=refs/chant/specs/$CHANT_SPEC_ID; c=$(git commit-tree -p $r -m 'Not an event' $r^{tree}); git update-ref $r $c";
    let (sandbox, id) = with_free_agent(&format!("{GOOD}; {script}"));
    let ran = sandbox.chant(&["work", &id]);
    assert_ne!(ran.code, 0, "{}{}", ran.out, ran.err);
    assert_eq!(sandbox.read("file"), "one\n");
    assert!(ran.err.contains(&format!("refs/chant/specs/{id}")), "{}", ran.err);
}

#[test]
fn a_completion_that_it_forges_is_not_believed() {
    // A plain copy of the form of an event: the tip's trailers with another status.
    let script = "r=refs/chant/specs/$CHANT_SPEC_ID
        git log -1 --format=%B $r | sed 's/^Chant-Op: .*/Chant-Op: complete/; s/^Chant-Status: .*/Chant-Status: completed/; s/^Chant-Gen: .*/Chant-Gen: 3/; s/^Chant-Nonce: .*/Chant-Nonce: 00/' >../message
        printf 'Chant-Parents: self\\nChant-Attempt: %s\\n' $CHANT_ATTEMPT >>../message
        git update-ref $r $(git commit-tree -p $r -F ../message $r^{tree})";
    let (sandbox, id) = with_free_agent(script);
    let ran = sandbox.chant(&["work", &id]);
    assert_ne!(ran.code, 0, "{}{}", ran.out, ran.err);
    assert_eq!(sandbox.read("file"), "one\n");
}

#[test]
fn chains_of_other_specs_that_it_rewinds_are_restored() {
    let sandbox = Sandbox::new().unconfined();
    let other = add(&sandbox, "Another", &[]);
    sandbox.chant(&["approve", &other]).ok();
    let tip = sandbox.git(&["rev-parse", &format!("refs/chant/specs/{other}")]);
    sandbox.agent(&format!("{GOOD}; git update-ref refs/chant/specs/{other} refs/chant/specs/{other}~1"));
    let id = add(&sandbox, "Make it two", &[]);
    waits_for_ack(&sandbox, &id, &[&format!("'refs/chant/specs/{other}' changed without an event, and was restored")]);
    assert_eq!(sandbox.git(&["rev-parse", &format!("refs/chant/specs/{other}")]), tip);
}

#[test]
fn kept_attempts_and_notes_that_it_drops_are_named() {
    let (sandbox, id) = with_free_agent("echo x >new; exit 1");
    sandbox.chant(&["work", &id]).fails(1, &["exited with code 1"]);
    let kept = sandbox.git(&["for-each-ref", "--count=1", "--format=%(refname)", "refs/chant-local/attempts/"]);
    sandbox.agent(&format!("{GOOD}; git update-ref -d {kept}"));
    waits_for_ack(&sandbox, &id, &[&format!("the ref '{kept}' changed without an event")]);

    let next = add(&sandbox, "Make it two again", &[]);
    sandbox.git(&["checkout", "-q", "main"]);
    sandbox.agent(
        "tick; echo three >third; git update-ref refs/notes/chant $(git commit-tree -m Reset $(git mktree </dev/null))",
    );
    sandbox.chant(&["work", &next]).fails(1, &["the ref 'refs/notes/chant' changed without an event"]);
}

#[test]
fn branches_that_move_during_a_run_are_everyday_life() {
    let (sandbox, id) =
        with_free_agent(&format!("{GOOD}; git branch side; git tag v1; git push -q . HEAD:refs/heads/pushed"));
    let ran = sandbox.chant(&["work", &id]).ok();
    assert!(!ran.err.contains("warning"), "{}", ran.err);
}

#[test]
fn a_target_that_it_moves_itself_is_merged_into_as_it_is() {
    let (sandbox, id) = with_free_agent("");
    sandbox.git(&["checkout", "-qb", "elsewhere"]);
    sandbox.agent(&format!("{GOOD}; git add -A; git commit -qm Done; git update-ref refs/heads/main HEAD"));
    sandbox.chant(&["work", &id, "--onto", "main"]).ok();
    assert_eq!(sandbox.status(&id), "completed");
    assert_eq!(sandbox.git(&["show", "main:file"]), "two");
    assert_eq!(sandbox.read("file"), "one\n");
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn what_only_a_person_may_do_is_refused_inside_an_agent() {
    let verbs = [
        "approve $CHANT_SPEC_ID",
        "reject $CHANT_SPEC_ID -m x",
        "ack $CHANT_SPEC_ID -m x",
        "resolve $CHANT_SPEC_ID --keep x",
    ];
    for verb in verbs {
        let (sandbox, id) = with_free_agent(&format!("{GOOD}; git chant {verb}; echo \"verb said $?\""));
        let ran = sandbox.chant(&["work", &id]).ok();
        assert!(ran.err.contains("only a person can"), "{verb}: {}", ran.err);
        assert!(ran.err.contains("verb said 1"), "{verb}: {}", ran.err);
        assert_eq!(sandbox.ops(&id), ["add", "start", "finish", "land", "complete"]);
    }
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn it_cannot_end_merge_or_work_its_own_spec() {
    for verb in ["reset", "cancel", "release", "finish", "merge", "work"] {
        let (sandbox, id) = with_free_agent(&format!("{GOOD}; git chant {verb} $CHANT_SPEC_ID; echo \"verb said $?\""));
        let ran = sandbox.chant(&["work", &id]).ok();
        assert!(ran.err.contains("verb said 1"), "{verb}: {}", ran.err);
        assert_eq!(sandbox.ops(&id), ["add", "start", "finish", "land", "complete"], "{verb}");
    }
}
