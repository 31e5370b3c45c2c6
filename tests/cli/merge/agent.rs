//! `merge --agent`: an agent resolves a conflict, is guarded like any other, and its result is checked.

use std::process::Stdio;

use super::{HOWS, clean, commit, conflicting, merging};
use crate::support::{Ran, Sandbox, watch::until};

/// The agent that resolves; what it was told is in `prompt`, beside the repository.
pub(super) fn resolver(sandbox: &Sandbox, script: &str) {
    let path = sandbox.dir().join("resolver.sh");
    std::fs::write(&path, format!("cat >'{}/prompt'\n{script}\n", sandbox.dir().display())).unwrap();
    sandbox.git(&["config", "chant.agent.resolver.cmd", &format!("sh {}", path.display())]);
}

fn told(sandbox: &Sandbox) -> String {
    std::fs::read_to_string(sandbox.dir().join("prompt")).unwrap()
}

const RESOLVE: &str =
    "grep -q '<<<<<<< HEAD' file && grep -q '>>>>>>> heads/main' file || exit 9; echo resolving; echo both >file";

#[test]
#[ignore = "slow: .ci/run runs it"]
fn an_agent_resolves_a_conflict_and_what_it_made_is_checked_and_merged() {
    for how in HOWS {
        for end in ["git add file; git commit -qm Both", "git add file", ""] {
            let (sandbox, id, place) = conflicting(how);
            resolver(&sandbox, &format!("{RESOLVE}; {end}"));
            sandbox.write("mine", "mine\n");
            let ran = sandbox.chant(&["merge", &id, "--agent", "resolver"]).ok();
            assert!(ran.err.contains("with conflicts in: file") && ran.err.contains("resolving"), "{}", ran.err);
            assert_eq!(sandbox.read("file"), "both\n", "{how}, {end}");
            assert_eq!(sandbox.status(&id), "completed");
            assert_eq!(sandbox.ops(&id), ["add", "start", "finish", "resume", "finish", "land", "complete"]);
            assert_eq!(sandbox.git(&["status", "--porcelain"]), "?? mine");
            assert!(!place.exists());
            if ["squash", "rebase"].contains(&how) {
                assert_eq!(sandbox.git(&["rev-list", "--merges", "--count", "main"]), "0", "{how}");
            }
            clean(&sandbox);
        }
    }
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn the_agent_is_told_what_both_sides_wanted() {
    let sandbox = merging("merge");
    sandbox.agent("echo $CHANT_SPEC_ID >>file; git commit -qam \"Work of $CHANT_SPEC_ID\"; tick");
    let ids = [sandbox.add(&["The first wish"]), sandbox.add(&["The second wish"])];
    for id in &ids {
        sandbox.chant(&["work", id, "--no-merge"]).ok();
    }
    sandbox.chant(&["merge", &ids[0]]).ok();
    sandbox.chant(&["merge", &ids[1]]).fails(1, &["it conflicts with 'main': file"]);
    resolver(
        &sandbox,
        &format!("test \"$CHANT_CONFLICTS\" = file || exit 8; printf '%s\\n' one {} {} >file", ids[0], ids[1]),
    );
    sandbox.git(&["config", "chant.agent", "resolver"]);
    sandbox.chant(&["merge", &ids[1], "--agent"]).ok();
    let prompt = told(&sandbox);
    for part in [
        "Resolve a merge conflict.",
        "the paths that conflict",
        &format!("Work of {} (spec {})", ids[0], ids[0]),
        &format!("Work of {} (spec {})", ids[1], ids[1]),
        &format!("the spec {}, whose work is in 'main'", ids[0]),
        "# The first wish",
        "# The second wish",
    ] {
        assert!(prompt.contains(part), "'{part}' is not in\n{prompt}");
    }
    let transcripts = sandbox.repo.join(".git/chant/transcripts").join(&ids[1]);
    assert_eq!(std::fs::read_dir(transcripts).unwrap().count(), 2, "each run has its own");
    assert_eq!(sandbox.read("file"), format!("one\n{}\n{}\n", ids[0], ids[1]));
    clean(&sandbox);
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn an_agent_that_does_not_resolve_it_leaves_everything_as_it_was_and_its_work_kept() {
    let (sandbox, id, place) = conflicting("merge");
    let tips = |sandbox: &Sandbox| sandbox.git(&["for-each-ref", "--format=%(refname) %(objectname)", "refs/heads"]);
    let before = tips(&sandbox);
    for (script, said) in [
        ("echo half >file; echo new >new; exit 3", "the agent exited with code 3"),
        ("echo half >file; git add file; git commit -qm Half; exit 1", "the agent exited with code 1"),
        ("exit 0", "unresolved conflicts in: file"),
        ("git commit -qam 'With markers'", "unresolved conflicts in: file"),
        ("echo '<<<<<<< HEAD' >file; git add file", "unresolved conflicts in: file"),
        ("git merge --abort", "the agent did not merge 'main'"),
        ("git merge --abort; git rebase -q main; exit 1", "the agent exited with code 1"),
        (
            "git reset -q --hard; git checkout -q -b elsewhere; git branch -q -D elsewhere 2>/dev/null; exit 0",
            "to another branch",
        ),
        ("kill -9 $$", "the agent exited with code 137"),
        ("true", "unresolved conflicts in: file"),
    ] {
        resolver(&sandbox, script);
        let ran = sandbox.chant(&["merge", &id, "--agent", "resolver"]);
        let ran = ran.fails(
            1,
            &["cannot resolve its conflict with 'main'", said, "git chant log", "resolve it in its worktree"],
        );
        if script.contains("elsewhere") {
            sandbox.git(&["branch", "-D", "elsewhere"]);
        }
        assert_eq!(sandbox.status(&id), "finished", "{script}: {}", ran.err);
        assert_eq!(tips(&sandbox), before, "{script}");
        assert_eq!(sandbox.git_in(&place, &["status", "--porcelain"]), "", "{script}");
        let branch = sandbox.git_in(&place, &["symbolic-ref", "--short", "HEAD"]);
        assert_eq!(branch, format!("chant/{id}"), "{script}");
        assert_eq!(sandbox.ops(&id).last().unwrap(), "finish");
        clean(&sandbox);
    }
    let kept = sandbox.git(&["for-each-ref", "--format=%(refname)", "refs/chant-local/attempts"]);
    let has = |path: &str, text: &str| {
        kept.lines().any(|name| {
            let git = ["show", &format!("{name}:{path}")].map(str::to_owned);
            sandbox.run(sandbox.command_in(&sandbox.repo, "git").args(git)).out == text
        })
    };
    assert!(has("file", "half\n") && has("new", "new\n"), "{kept}");
    // And it can still be resolved.
    resolver(&sandbox, RESOLVE);
    sandbox.chant(&["merge", &id, "--agent", "resolver"]).ok();
    assert_eq!((sandbox.read("file"), sandbox.status(&id)), ("both\n".into(), "completed".into()));
    clean(&sandbox);
}

#[test]
fn what_an_agent_resolved_has_to_pass() {
    let sandbox = merging("merge");
    sandbox.agent("echo two >file; git commit -qam Two; tick");
    let id = sandbox.add(&["Make it two", "--target-file", "file", "--verify", "! grep -q both file"]);
    sandbox.chant(&["work", &id, "--no-merge"]).ok();
    commit(&sandbox, "file", "three\n");
    let tips = || sandbox.git(&["rev-parse", "main", &format!("chant/{id}")]);
    let before = tips();
    resolver(&sandbox, &format!("{RESOLVE}; printf '{{\"total_cost_usd\":1}}'"));
    let said = ["verify '! grep -q both file'", "exit code 1", "its checks failed", "--checks", "git -C"];
    for _ in 0..2 {
        // The work is finished as before, and the next agent begins where this one did.
        sandbox.chant(&["merge", &id, "--agent", "resolver"]).fails(1, &said);
        assert_eq!((sandbox.status(&id), tips()), ("finished".into(), before.clone()));
    }
    assert!(sandbox.chant(&["show", &id]).ok().out.contains("finished as before: its checks failed"));
    resolver(&sandbox, "echo good >file");
    sandbox.chant(&["merge", &id, "--agent", "resolver"]).ok();
    assert_eq!((sandbox.status(&id), sandbox.read("file")), ("completed".into(), "good\n".into()));
    clean(&sandbox);
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_resolution_that_leaves_out_what_the_target_changed_is_told() {
    for (script, told) in [("git checkout -q --ours file", true), ("echo both >file", false)] {
        let (sandbox, id, _) = conflicting("merge");
        resolver(&sandbox, &format!("{script}; git commit -qam Mine"));
        let ran = sandbox.chant(&["merge", &id, "--agent", "resolver"]).ok();
        let said = ran.err.contains("warning: the resolution leaves out what 'main' changed in file");
        assert_eq!(said, told, "{}", ran.err);
    }
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_resolution_that_leaves_nothing_of_the_work_is_none() {
    for script in ["echo three >file; git commit -qam Theirs", "git checkout -q --theirs file"] {
        let (sandbox, id, place) = conflicting("merge");
        let tips = || sandbox.git(&["rev-parse", "main", &format!("chant/{id}")]);
        let before = tips();
        resolver(&sandbox, script);
        let said =
            ["leaves nothing of the work: it is what 'main' has", "resolve it in its worktree", "git chant cancel"];
        sandbox.chant(&["merge", &id, "--agent", "resolver"]).fails(1, &said);
        assert_eq!((sandbox.status(&id), tips()), ("finished".into(), before), "{script}");
        assert_eq!(std::fs::read_to_string(place.join("file")).unwrap(), "two\n", "{script}");
    }
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn an_agent_that_resolves_is_guarded_as_one_that_works() {
    let (sandbox, id, _) = conflicting("merge");
    let sandbox = sandbox.unconfined();
    resolver(&sandbox, &format!("{RESOLVE}; git config core.pager evil"));
    sandbox.chant(&["merge", &id, "--agent", "resolver"]).fails(1, &["core.pager", "git chant accept"]);
    assert_eq!((sandbox.status(&id), sandbox.read("file")), ("finished".into(), "three\n".into()));
    sandbox.git(&["config", "--unset", "core.pager"]);
    sandbox.chant(&["accept", &id, "--reason", "a slip"]).ok();
    sandbox.chant(&["merge", &id]).ok();
    assert_eq!(sandbox.read("file"), "both\n");
    // It is no way around what an agent may not do.
    let (sandbox, id, _) = conflicting("merge");
    let mut inside = sandbox.binary(&["merge", &id, "--agent"]);
    sandbox.run(inside.env("CHANT_SPEC_ID", &id)).fails(1, &["only a person can"]);
}

#[test]
fn an_agent_is_asked_only_where_there_is_a_conflict_and_a_clean_worktree() {
    let (sandbox, id, place) = conflicting("merge");
    resolver(&sandbox, RESOLVE);
    std::fs::write(place.join("left"), "mine\n").unwrap();
    sandbox.chant(&["merge", &id, "--agent", "resolver"]).fails(1, &["there are uncommitted changes", "left"]);
    std::fs::remove_file(place.join("left")).unwrap();
    sandbox.chant(&["merge", &id, "--agent", "absent"]).fails(128, &["the agent 'absent' has no command"]);
    sandbox.chant(&["merge", &id, "--agent", "manual"]).fails(129, &["the agent 'manual' is you", "git chant path"]);
    sandbox.run(sandbox.command_in(&place, "git").args(["merge", "-q", "main"])).fails(1, &[]);
    sandbox.chant(&["merge", &id, "--agent", "resolver"]).fails(1, &["is being merged or rebased", "already"]);
    sandbox.git_in(&place, &["merge", "--abort"]);
    sandbox.git(&["worktree", "remove", &place.to_string_lossy()]);
    sandbox
        .chant(&["merge", &id, "--agent", "resolver"])
        .fails(1, &["is not checked out in any worktree", "git worktree add"]);
    assert_eq!(sandbox.status(&id), "finished");
    assert_eq!(sandbox.ops(&id), ["add", "start", "finish"]);
    sandbox.git(&["reset", "-q", "--hard", "main~1"]);
    resolver(&sandbox, "exit 1");
    sandbox.chant(&["merge", &id, "--agent", "resolver"]).ok();
    assert_eq!(sandbox.status(&id), "completed");
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_conflict_that_is_being_resolved_is_left_to_who_resolves_it() {
    let (sandbox, id, _) = conflicting("merge");
    let (begun, go_on) = (sandbox.dir().join("begun"), sandbox.dir().join("go-on"));
    resolver(
        &sandbox,
        &format!("{RESOLVE}; touch '{}'; until [ -e '{}' ]; do sleep 0.01; done", begun.display(), go_on.display()),
    );
    let first = sandbox
        .binary(&["merge", &id, "--agent", "resolver"])
        .stderr(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    until(|| begun.exists());
    assert_eq!(sandbox.status(&id), "in_progress");
    for verb in
        [&["merge", &id, "--agent", "resolver"][..], &["merge", &id], &["finish", &id], &["work", &id], &["reset", &id]]
    {
        let ran = sandbox.chant(verb);
        assert_eq!(ran.code, 1, "{verb:?}: {}", ran.err);
    }
    std::fs::write(go_on, "").unwrap();
    Ran::of(first.wait_with_output().unwrap()).ok();
    assert_eq!((sandbox.read("file"), sandbox.status(&id)), ("both\n".into(), "completed".into()));
    clean(&sandbox);
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_resolving_that_is_killed_is_given_back_by_the_next_merge() {
    for (committed, dead_script) in [(false, "echo half >file"), (true, "echo both >file; git commit -qam Both")] {
        let (sandbox, id, place) = conflicting("merge");
        let begun = sandbox.dir().join("begun");
        resolver(&sandbox, &format!("{dead_script}; touch '{}'; sleep 600", begun.display()));
        let mut first = sandbox
            .binary(&["merge", &id, "--agent", "resolver"])
            .stderr(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        until(|| begun.exists());
        first.kill().unwrap();
        first.wait().unwrap();
        let ran = sandbox.chant(&["merge", &id]);
        if committed {
            ran.ok();
            assert_eq!((sandbox.read("file"), sandbox.status(&id)), ("both\n".into(), "completed".into()));
        } else {
            ran.fails(1, &["died; the spec is finished as before", "it conflicts with 'main': file"]);
            assert_eq!(sandbox.git_in(&place, &["status", "--porcelain"]), "");
            resolver(&sandbox, RESOLVE);
            sandbox.chant(&["merge", &id, "--agent", "resolver"]).ok();
            assert_eq!(sandbox.read("file"), "both\n");
        }
        clean(&sandbox);
    }
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_conflict_in_silent_mode_is_resolved_without_a_word_in_the_commits() {
    let sandbox = Sandbox::new();
    sandbox.chant(&["init", "--silent"]).ok();
    sandbox.agent("echo two >file; git commit -qam Two; mkdir -p .chant/research; printf '# Doc\\n\\nFound it.\\nMore.\\n' >.chant/research/doc.md; tick");
    let id = sandbox.add(&["Make it two", "--target-file", "file", "--target-file", ".chant/research/doc.md"]);
    sandbox.chant(&["work", &id, "--no-merge"]).ok();
    commit(&sandbox, "file", "three\n");
    resolver(&sandbox, "exit 1");
    sandbox.chant(&["merge", &id, "--agent", "resolver"]).fails(1, &["cannot resolve its conflict"]);
    resolver(&sandbox, RESOLVE);
    sandbox.chant(&["merge", &id, "--agent", "resolver"]).ok();
    assert_eq!(sandbox.read("file"), "both\n");
    assert_eq!(sandbox.read(".chant/research/doc.md"), "# Doc\n\nFound it.\nMore.\n");
    assert!(!sandbox.git(&["log", "--format=%B", "main"]).contains("hant"), "nothing of it shows");
    clean(&sandbox);
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn the_agent_merges_what_the_work_conflicts_with_where_that_is_what_was_fetched() {
    let sandbox = merging("merge");
    let (server, other) = (sandbox.dir().join("server.git"), sandbox.dir().join("other"));
    let (server, other) = (server.to_str().unwrap(), other.to_str().unwrap());
    sandbox.git(&["clone", "-q", "--bare", ".", server]);
    sandbox.git(&["clone", "-q", server, other]);
    let push = |text: &str| {
        std::fs::write(std::path::Path::new(other).join("file"), text).unwrap();
        sandbox.git(&["-C", other, "commit", "-qam", text.trim()]);
        sandbox.git(&["-C", other, "push", "-q", "origin", "HEAD:feat"]);
        sandbox.git(&["fetch", "-q", "origin"]);
    };
    sandbox.git(&["remote", "add", "origin", server]);
    sandbox.git(&["config", "chant.claim", "local"]);
    sandbox.git(&["branch", "feat"]);
    push("two\n");
    sandbox.agent("echo work >>file; git commit -qam Work; tick");
    let id = sandbox.add(&["Work", "--onto", "feat"]);
    sandbox.chant(&["work", &id, "--no-merge"]).ok();
    push("three\n");
    let ran = sandbox.chant(&["merge", &id]).fails(1, &["it conflicts with 'origin/feat': file", "merge origin/feat"]);
    assert!(!ran.err.contains("--onto"), "{}", ran.err);
    resolver(&sandbox, "grep -q origin/feat file || exit 9; echo both >file");
    sandbox.chant(&["merge", &id, "--agent", "resolver"]).ok();
    assert_eq!(sandbox.git(&["show", "feat:file"]), "both");
    assert_eq!(sandbox.git(&["rev-list", "--count", "feat..origin/feat"]), "0");
}
