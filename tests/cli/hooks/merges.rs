//! The person's own hooks for merges, which run where `git merge` would run them.

use std::{fs, os::unix::fs::PermissionsExt as _};

use crate::support::Sandbox;

/// Puts a hook of the person's into place.
fn hook(sandbox: &Sandbox, name: &str, script: &str) {
    let path = sandbox.repo.join(".git/hooks").join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// A spec whose work changes a file and adds one.
fn work(sandbox: &Sandbox) -> String {
    sandbox.agent("echo two >file; echo new >new");
    sandbox.add(&["Make it two"])
}

#[test]
fn a_merge_commit_is_shown_to_the_hook_with_index_and_files_in_place() {
    let sandbox = Sandbox::new();
    let seen = "{ echo \"$(cat file) $(git diff --cached --name-only HEAD | grep -v chant | xargs) $GIT_REFLOG_ACTION\"; \
        git rev-parse HEAD; } >>.git/seen; echo said";
    hook(&sandbox, "pre-merge-commit", seen);
    let (id, before) = (work(&sandbox), sandbox.git(&["rev-parse", "main"]));
    sandbox.chant(&["work", &id]).ok();
    let branch = format!("chant/{id}");
    assert_eq!(sandbox.read(".git/seen"), format!("two file new merge {branch}\n{before}\n"));
    assert_eq!((sandbox.status(&id), sandbox.git(&["status", "--short", "-uno"])), ("completed".into(), String::new()));
}

#[test]
fn a_merge_that_is_none_for_git_does_not_reach_the_hook() {
    for how in ["ff", "squash", "rebase"] {
        let sandbox = Sandbox::new();
        sandbox.git(&["config", "chant.merge", how]);
        hook(&sandbox, "pre-merge-commit", "exit 1");
        let id = work(&sandbox);
        sandbox.chant(&["work", &id]).ok();
    }
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn the_hook_may_refuse_and_everything_is_as_before() {
    let sandbox = Sandbox::new();
    sandbox.write("mine", "one\n");
    sandbox.commit("Mine");
    sandbox.write("mine", "changed\n");
    sandbox.write("staged", "staged\n");
    sandbox.git(&["add", "staged"]);
    let status = || (sandbox.git(&["rev-parse", "HEAD"]), sandbox.git(&["status", "--short"]));
    // Whatever the hook does to the files of the merge.
    for (script, why) in [
        ("seq 1 300; exit 1", "the pre-merge-commit hook failed"),
        ("echo formatted >file; seq 1 300; exit 1", "the pre-merge-commit hook failed"),
        ("echo formatted >file; rm new; git add -u file new; seq 1 300; exit 1", "the pre-merge-commit hook failed"),
        ("echo formatted >new; git add new; seq 1 300", "the pre-merge-commit hook staged changes"),
        // And to what is not of the merge.
        ("echo x >made; git add -A; rm made; seq 1 300; exit 1", "the pre-merge-commit hook failed"),
        ("git add mine; git rm -q --cached staged; seq 1 300", "the pre-merge-commit hook staged changes"),
    ] {
        hook(&sandbox, "pre-merge-commit", script);
        let id = work(&sandbox);
        let before = status();
        let ran = sandbox.chant(&["work", &id]).fails(1, &[why]);
        assert!(ran.err.contains(" 299\n") && ran.err.contains(" 300\n"), "{}", ran.err);
        assert_eq!(status(), before, "{script}");
        assert_eq!(
            (sandbox.status(&id), sandbox.read("file")),
            ("finished".to_owned(), "one\n".to_owned()),
            "{script}"
        );
        let ran = sandbox.chant(&["merge", &id]).fails(1, &[why]);
        assert!(ran.err.contains(" 299\n") && ran.err.contains(" 300\n"), "{}", ran.err);
        let kept = sandbox.chant(&["log", &id, "--checks"]).ok().out;
        assert_eq!(kept.matches("\n1\n2\n3\n").count(), 2, "{kept}");
        assert!(kept.contains(why), "{kept}");
        sandbox.chant(&["cancel", &id, "--reason", "the hook"]).ok();
    }
}

#[test]
fn a_merge_that_died_during_the_hook_is_done_by_the_next() {
    let sandbox = Sandbox::new();
    hook(&sandbox, "pre-merge-commit", "[ -e .git/once ] || { >.git/once; kill -9 $(ps -o ppid= -p $PPID); }");
    let id = work(&sandbox);
    sandbox.chant(&["work", &id]).fails(137, &[]);
    sandbox.chant(&["merge", &id]).ok();
    assert_eq!((sandbox.status(&id), sandbox.git(&["status", "--short", "-uno"])), ("completed".into(), String::new()));
}

#[test]
fn a_hook_for_what_was_merged_that_fails_is_told_and_changes_nothing() {
    let sandbox = Sandbox::new();
    hook(&sandbox, "post-merge", "seq 1 300; exit 3");
    let id = work(&sandbox);
    let ran = sandbox.chant(&["work", &id]).ok();
    assert!(ran.err.contains("warning: the post-merge hook failed\n"), "{}", ran.err);
    assert!(ran.err.contains("300"), "{}", ran.err);
    assert!(sandbox.chant(&["log", &id, "--checks"]).ok().out.contains("\n299\n300\n(the post-merge hook failed)"));
    assert_eq!(sandbox.status(&id), "completed");
}

#[test]
fn why_a_hook_refused_is_told_until_the_merge_would_be_another() {
    let sandbox = Sandbox::new();
    hook(&sandbox, "pre-merge-commit", "[ -e \"$HOME/mended\" ] || { echo 'line too long'; exit 1; }");
    let id = work(&sandbox);
    sandbox.chant(&["work", &id]).fails(1, &["the pre-merge-commit hook failed"]);
    let (why, short) = ("the pre-merge-commit hook failed", &id[11..]);
    let next = format!("git chant log {short} --checks");
    for command in [vec!["status"], vec!["show", &id]] {
        let said = sandbox.chant(&command).ok().out;
        assert!(said.contains(why) && said.contains(&next) && said.contains("git chant merge"), "{said}");
    }
    assert!(sandbox.chant(&["list"]).ok().err.contains("why finished specs are not merged: git chant status"));
    assert_eq!(sandbox.show(&id)["reason"], why);
    assert!(sandbox.chant(&["log", &id, "--checks"]).ok().out.contains("line too long"));
    // On another target tip nothing is known yet.
    sandbox.write("other", "other\n");
    sandbox.git(&["add", "other"]);
    sandbox.git(&["commit", "-qm", "Other"]);
    let said = [sandbox.chant(&["status"]).ok().out, sandbox.chant(&["show", &id]).ok().out];
    assert!(said.iter().all(|said| !said.contains(&next)), "{said:?}");
    std::fs::write(sandbox.dir().join("home/mended"), "").unwrap();
    sandbox.chant(&["merge", &id]).ok();
}

#[test]
fn of_very_much_that_a_hook_prints_it_is_told_how_much_is_left_out() {
    let sandbox = Sandbox::new();
    hook(&sandbox, "pre-merge-commit", "seq 1 100000; exit 1");
    let id = work(&sandbox);
    let said = sandbox.chant(&["work", &id]).fails(1, &["the pre-merge-commit hook failed"]).err;
    let kept = sandbox.chant(&["log", &id, "--checks"]).ok().out;
    for text in [said, kept] {
        let note =
            text.lines().find(|line| line.contains("are left out)")).unwrap_or_else(|| panic!("{}", &text[..900]));
        // 588895 bytes, of which 262144 are kept, from the line after.
        assert!(note.contains("(the first 3267") && note.ends_with("of 588895 bytes are left out)"), "{note}");
        assert!(!text.contains("\n1\n") && text.contains("100000\n"));
    }
}

#[test]
fn a_program_of_the_worktree_that_settings_name_does_not_run_in_the_form_that_the_work_gives_it() {
    for (setting, attributes) in [("filter.f.smudge", "*.txt filter=f"), ("core.fsmonitor", ""), ("diff.external", "")]
    {
        let sandbox = Sandbox::new();
        sandbox.write("tools/x", "#!/bin/sh\ncat\n");
        fs::set_permissions(sandbox.repo.join("tools/x"), fs::Permissions::from_mode(0o755)).unwrap();
        sandbox.write(".gitattributes", &format!("{attributes}\n"));
        sandbox.write("zzz.txt", "one\n");
        sandbox.commit("Program");
        sandbox.git(&["config", setting, "./tools/x"]);
        sandbox.agent("printf '#!/bin/sh\n>>\"$HOME/ran\"\ncat\n' >tools/x; echo two >zzz.txt; git -c core.fsmonitor=false commit -qam Two");
        let id = sandbox.add(&["Two"]);
        let ran = sandbox.chant(&["work", &id]);
        assert!(ran.err.contains("'tools/x'"), "{setting}: {ran:?}");
        assert!(!sandbox.dir().join("home/ran").exists(), "{setting}");
        let is_filter = setting.starts_with("filter");
        assert_eq!(sandbox.status(&id), if is_filter { "finished" } else { "completed" }, "{setting}: {ran:?}");
        assert!(!is_filter || ran.err.contains(&format!("git merge chant/{id}")), "{ran:?}");
    }
}
