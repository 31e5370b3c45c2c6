//! Git's hooks: put beside whatever is there, taken out without a trace, and what they do when git calls them.

mod configured;
mod files;
mod managers;
mod merges;
mod notes;

use std::{fs, path::PathBuf, process::Command};

use crate::support::{Ran, Sandbox};

/// `git chant hooks <args>` by a git that says that it is of that version.
fn hooks(sandbox: &Sandbox, version: &str, args: &[&str]) -> Ran {
    let mut command = chant_by(sandbox, version);
    sandbox.run(command.arg("hooks").args(args))
}

/// The binary, with a git that says that it is of that version and is the one of this machine otherwise.
pub(super) fn chant_by(sandbox: &Sandbox, version: &str) -> Command {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = sandbox.dir().join(format!("git-{version}"));
    fs::create_dir_all(&dir).unwrap();
    let real = sandbox.run(sandbox.command_in(sandbox.dir(), "sh").args(["-c", "command -v git"])).ok().out;
    let script = format!(
        "#!/bin/sh\nfor word in \"$@\"; do [ \"$word\" = version ] && echo 'git version {version}' && exit; done\nexec {} \"$@\"\n",
        real.trim()
    );
    fs::write(dir.join("git"), script).unwrap();
    fs::set_permissions(dir.join("git"), fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = sandbox.binary(&[]);
    let path = command.get_envs().find(|(name, _)| *name == "PATH").and_then(|(_, value)| value).unwrap().to_owned();
    command.env("PATH", format!("{}:{}", dir.display(), path.to_str().unwrap()));
    command
}

/// Installs the hooks as files, whatever git this machine has.
pub(super) fn install(sandbox: &Sandbox) {
    let ran = hooks(sandbox, "2.47.3", &["install"]).ok();
    assert_eq!(ran.err, "");
}

/// The worktree of a spec that a person works on.
fn worktree(sandbox: &Sandbox, title: &str) -> (String, PathBuf) {
    let id = sandbox.add(&[title]);
    let path = sandbox.chant(&["work", &id, "--agent", "manual"]).ok().out;
    (id, PathBuf::from(path.trim_end()))
}

/// The values of the trailer that names specs, of the newest commit in `dir`.
fn named(sandbox: &Sandbox, dir: &std::path::Path) -> String {
    sandbox.git_in(dir, &["log", "-1", "--format=%(trailers:key=Chant-Spec,valueonly,separator=%x2C)"])
}

#[test]
fn commits_on_a_work_branch_name_its_spec_once() {
    let sandbox = Sandbox::new();
    install(&sandbox);
    let (id, tree) = worktree(&sandbox, "Make it two");
    fs::write(tree.join("file"), "two\n").unwrap();
    sandbox.git_in(&tree, &["commit", "-qam", "Two"]);
    assert_eq!(named(&sandbox, &tree), id);
    sandbox.git_in(&tree, &["commit", "-q", "--amend", "--no-edit"]);
    assert_eq!(named(&sandbox, &tree), id, "once");
    // What a rebase folds into another commit is left as it is, and so is a merge.
    fs::write(tree.join("file"), "three\n").unwrap();
    sandbox.git_in(&tree, &["commit", "-qa", "--fixup=HEAD"]);
    assert_eq!(named(&sandbox, &tree), "");
    sandbox.git_in(&tree, &["-c", "sequence.editor=:", "rebase", "-q", "-i", "--autosquash", "HEAD~2"]);
    assert_eq!(
        (named(&sandbox, &tree), fs::read_to_string(tree.join("file")).unwrap()),
        (id.clone(), "three\n".into())
    );
    sandbox.git(&["commit", "-q", "--allow-empty", "-m", "In between"]);
    assert_eq!(named(&sandbox, &sandbox.repo), "", "elsewhere nothing is named");
    sandbox.git_in(&tree, &["merge", "-q", "--no-edit", "main"]);
    assert_eq!(named(&sandbox, &tree), "");
    // The next command of the tool names the merge.
    sandbox.chant(&["finish", &id]).ok();
    assert_eq!(sandbox.status(&id), "completed");
}

#[test]
fn an_editor_opens_on_nothing_still() {
    let sandbox = Sandbox::new();
    install(&sandbox);
    let (id, tree) = worktree(&sandbox, "Make it two");
    fs::write(tree.join("file"), "two\n").unwrap();
    let commit = |editor: &str| {
        let mut git = sandbox.command_in(&tree, "git");
        sandbox.run(git.args(["commit", "-av"]).env("GIT_EDITOR", editor))
    };
    commit("true").fails(1, &["empty commit message"]);
    commit("sed -i '1s/^/Two/'").ok();
    assert_eq!(sandbox.git_in(&tree, &["log", "-1", "--format=%B"]), format!("Two\n\nChant-Spec: {id}"));
}

#[test]
fn in_silent_mode_nothing_is_named() {
    let sandbox = Sandbox::new();
    sandbox.chant(&["init", "--silent"]).ok();
    install(&sandbox);
    let (_, tree) = worktree(&sandbox, "Make it two");
    fs::write(tree.join("file"), "two\n").unwrap();
    sandbox.git_in(&tree, &["commit", "-qam", "Two"]);
    assert_eq!(sandbox.git_in(&tree, &["log", "-1", "--format=%B"]), "Two");
}

#[test]
fn staged_specs_are_checked_as_they_are_staged() {
    let sandbox = Sandbox::new();
    install(&sandbox);
    let path = ".chant/specs/2026-02-08-010-v7b.md";
    sandbox.write(path, "---\ndepends_on: [absent]\n---\n# Broken\n");
    sandbox.git(&["add", path]);
    sandbox.write(path, "# Whole\n\n- [ ] done\n");
    let commit = |args: &[&str]| {
        let mut git = sandbox.command_in(&sandbox.repo, "git");
        sandbox.run(git.args(["commit", "-qm", "Spec"]).args(args))
    };
    commit(&[]).fails(1, &["no such spec: 'absent'", "010-v7b.md:2:14", "git commit --no-verify"]);
    // The whole tree, of which git makes an index for this commit alone.
    commit(&["-a"]).ok();
    sandbox.write(path, "---\ntype: [\n---\n# Broken\n");
    commit(&[path]).fails(1, &["010-v7b.md:2"]);
    commit(&["--no-verify", path]).ok();
    // A warning stops nothing; other files and deleted ones are not linted.
    sandbox.write(path, "# Nothing says when it is done\n");
    assert!(commit(&["-a"]).ok().err.contains("warning: it has no criteria and no checks"));
    sandbox.git(&["rm", "-q", path]);
    assert_eq!(commit(&[]).ok().err, "");
    // Without the tool the hooks do nothing.
    sandbox.write(path, "---\ntype: [\n---\n");
    sandbox.git(&["add", path]);
    let mut git = sandbox.command_in(&sandbox.repo, "git");
    git.env("PATH", "/usr/local/bin:/usr/bin:/bin").args(["commit", "-qm", "Without the tool"]);
    sandbox.run(&mut git).ok();
    sandbox.git(&["reset", "-q", "--soft", "HEAD~1"]);
    let mut git = sandbox.command_in(&sandbox.repo, "git");
    sandbox.run(git.env("CHANT_HOOKS", "0").args(["commit", "-qm", "Switched off"])).ok();
}

#[test]
fn staged_specs_are_checked_in_an_index_of_any_kind() {
    let sandbox = Sandbox::new();
    install(&sandbox);
    let path = ".chant/specs/2026-02-08-010-v7b.md";
    for number in 0..20 {
        sandbox.write(&format!("dir/{}", "n".repeat(number * 12 + 1)), "text\n");
    }
    sandbox.write(path, "# Whole\n\n- [ ] done\n");
    sandbox.git(&["add", "-A"]);
    sandbox.git(&["commit", "-qm", "Whole"]);
    let check = || sandbox.chant(&["hook", "pre-commit"]);
    let kinds: [&[&str]; 5] = [
        &["--index-version", "2"],
        &["--index-version", "3"],
        &["--index-version", "4"],
        &["--index-version", "2", "--split-index"],
        &["--no-split-index"],
    ];
    for kind in kinds {
        sandbox.git(&[&["update-index"], kind].concat());
        assert_eq!(check().ok().err, "", "{kind:?}");
        sandbox.write("dir/new", "text\n");
        sandbox.git(&["add", "--intent-to-add", "dir/new"]);
        assert_eq!(check().ok().err, "", "{kind:?}");
        sandbox.write(path, "---\ntype: [\n---\n# Broken\n");
        sandbox.git(&["add", path]);
        check().fails(1, &["010-v7b.md:2"]);
        sandbox.git(&["reset", "-q", "--hard"]);
    }
}

#[test]
fn an_agent_trips_over_none_of_them() {
    let sandbox = Sandbox::new();
    install(&sandbox);
    sandbox.agent("tick; echo two >file; git commit -qam Two; git commit -q --amend -m Too; git checkout -q -b x; git checkout -q -");
    let id = sandbox.add(&["Make it two"]);
    let ran = sandbox.chant(&["work", &id]).ok();
    assert_eq!((ran.err.contains("warning"), sandbox.status(&id).as_str()), (false, "completed"), "{}", ran.err);
    assert_eq!(sandbox.ops(&id), ["add", "start", "finish", "land", "complete"]);
    let mut agent = sandbox.binary(&["hooks", "uninstall"]);
    sandbox.run(agent.env("CHANT_SPEC_ID", &id)).fails(1, &["only a person can change hooks"]);
}

#[test]
fn what_a_person_merges_is_completed_at_once() {
    let sandbox = Sandbox::new();
    install(&sandbox);
    sandbox.agent("tick; echo two >file");
    let id = sandbox.add(&["Make it two"]);
    sandbox.git(&["add", "-A"]);
    sandbox.git(&["commit", "-qm", "Spec"]);
    sandbox.chant(&["work", &id, "--no-merge"]).ok();
    assert_eq!(sandbox.ops(&id).last().unwrap(), "finish");
    let mut git = sandbox.command_in(&sandbox.repo, "git");
    let ran = sandbox.run(git.args(["merge", "-q", "--no-edit", &format!("chant/{id}")])).ok();
    assert!(ran.err.contains("its target has its work"), "{}", ran.err);
    assert_eq!(sandbox.ops(&id).last().unwrap(), "complete");
}

#[test]
fn a_push_says_that_there_is_news_and_pushes_nothing() {
    let sandbox = Sandbox::new();
    install(&sandbox);
    let remote = sandbox.dir().join("remote.git");
    sandbox.git(&["init", "-q", "--bare", remote.to_str().unwrap()]);
    sandbox.git(&["remote", "add", "origin", remote.to_str().unwrap()]);
    let push = |args: &[&str]| {
        let mut git = sandbox.command_in(&sandbox.repo, "git");
        sandbox.run(git.args(["push", "-q", "origin", "main"]).args(args)).ok().err
    };
    assert_eq!(push(&[]), "");
    sandbox.add(&["Make it two"]);
    sandbox.git(&["commit", "-q", "--allow-empty", "-m", "More"]);
    assert_eq!(push(&[]), "hint: spec updates not pushed to 'origin' (1 ref): git chant sync\n");
    assert_eq!(sandbox.git_in(&remote, &["for-each-ref", "refs/chant"]), "");
    let synced = sandbox.chant(&["sync"]).ok();
    assert!(!synced.err.contains("spec updates not pushed"), "{}", synced.err);
    sandbox.git(&["commit", "-q", "--allow-empty", "-m", "More"]);
    assert_eq!(push(&[]), "");
}

#[test]
fn what_git_gives_to_hooks_is_never_a_failure() {
    let sandbox = Sandbox::new();
    for args in [
        &["no-such-hook"][..],
        &["prepare-commit-msg"],
        &["prepare-commit-msg", "/nowhere", "message"],
        &["commit-msg", ".git"],
        &["post-checkout", "x", "y", "1"],
        &["post-merge", "-1"],
        &["post-rewrite", "rebase", "more"],
        &["pre-push", "nowhere", "--url"],
        &["pre-commit"],
    ] {
        let mut hook = sandbox.binary(&["hook"]);
        let ran = sandbox.run(hook.args(args));
        assert_eq!((ran.code, ran.out.as_str()), (0, ""), "{args:?}: {}", ran.err);
    }
    let mut outside = sandbox.command_in(sandbox.dir(), env!("CARGO_BIN_EXE_git-chant"));
    sandbox.run(outside.args(["hook", "pre-commit"])).ok();
    sandbox.chant(&["hook"]).fails(129, &[]);
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_target_that_moves_is_told_to_the_hook_of_its_owner_who_may_refuse() {
    let sandbox = Sandbox::new();
    sandbox.agent("echo two >file");
    sandbox.git(&["branch", "aside"]);
    let hook = sandbox.repo.join(".git/hooks/reference-transaction");
    for (onto, at) in [("main", "checked out"), ("aside", "elsewhere")] {
        let (told, no) = (sandbox.dir().join(format!("told-{onto}")), sandbox.dir().join(format!("no-{onto}")));
        let script = format!(
            "#!/bin/sh\nwhile read old new ref; do\n[ $ref = refs/heads/{onto} ] || continue\n\
             echo \"$1 $old $new $ref\" >>'{}'\n\
             [ \"$1\" != prepared ] || ! [ -e '{}' ] || {{ echo 'not on Friday'; exit 1; }}\ndone\n",
            told.display(),
            no.display()
        );
        std::fs::write(&hook, script).unwrap();
        std::fs::set_permissions(&hook, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        let lines = || {
            let text = std::fs::read_to_string(&told).unwrap_or_default();
            text.lines().map(str::to_owned).collect::<Vec<_>>()
        };
        let before = sandbox.git(&["rev-parse", onto]);
        std::fs::write(&no, "").unwrap();
        let id = sandbox.add(&["Make it two"]);
        let ran = sandbox.chant(&["work", &id, "--onto", onto]).fails(1, &["the reference-transaction hook failed"]);
        assert!(ran.err.contains("not on Friday"), "{at}: {}", ran.err);
        assert_eq!((sandbox.status(&id), sandbox.git(&["rev-parse", onto])), ("finished".to_owned(), before.clone()));
        assert_eq!(sandbox.git(&["status", "--short", "-uno"]), "", "{at}");
        let stages = |lines: &[String]| -> Vec<String> {
            lines.iter().map(|line| line.split(' ').next().unwrap().to_owned()).collect()
        };
        assert_eq!(stages(&lines()), ["prepared", "aborted"], "{at}");

        std::fs::remove_file(&no).unwrap();
        std::fs::remove_file(&told).unwrap();
        sandbox.chant(&["merge", &id]).ok();
        let after = sandbox.git(&["rev-parse", onto]);
        let expected = ["prepared", "committed"].map(|stage| format!("{stage} {before} {after} refs/heads/{onto}"));
        assert_eq!(lines(), expected, "{at}");
    }
}

#[test]
fn a_hook_that_the_work_brings_does_not_run_at_its_merge() {
    let sandbox = Sandbox::new();
    sandbox.write(".githooks/post-merge", "#!/bin/sh\necho mine >>.git/ran\n");
    let hook = sandbox.repo.join(".githooks/post-merge");
    std::fs::set_permissions(&hook, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    sandbox.commit("A hook");
    sandbox.git(&["config", "core.hooksPath", ".githooks"]);
    sandbox.agent("echo two >file");
    let first = sandbox.add(&["Change a file"]);
    sandbox.chant(&["work", &first]).ok();
    assert_eq!(sandbox.read(".git/ran"), "mine\n");
    sandbox.agent("echo 'echo theirs >>.git/ran' >>.githooks/post-merge");
    let second = sandbox.add(&["Change the hook"]);
    let ran = sandbox.chant(&["work", &second]).ok();
    assert!(ran.err.contains("the work changes '.githooks', where git finds hooks or programs"), "{}", ran.err);
    assert_eq!(sandbox.read(".git/ran"), "mine\n");
}

/// Makes hooks in `$hooks` for all that a merge may ask, each of which says in a file that it ran.
fn all_hooks(ran: &std::path::Path) -> String {
    let names = "post-merge post-index-change post-checkout reference-transaction pre-merge-commit post-commit";
    let text = format!("#!/bin/sh\\necho %s >>{}\\n", ran.display());
    format!("for hook in {names}; do printf '{text}' $hook >$hooks/$hook && chmod +x $hooks/$hook; done")
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn hooks_in_a_directory_that_the_work_makes_do_not_run_at_its_merge() {
    let (made, linked) = ("mkdir .husky; hooks=.husky", "mkdir tools; ln -s tools .husky; hooks=tools");
    for (path, make) in [(".husky", made), ("./x/../.husky/", made), (".husky", linked), (".husky/_", made)] {
        let sandbox = Sandbox::new();
        let ran = sandbox.dir().join("ran");
        sandbox.git(&["config", "core.hooksPath", path]);
        let deeper = if path.ends_with('_') { "mkdir .husky/_; cp .husky/p* .husky/_; git add -f .husky" } else { "" };
        sandbox.agent(&format!("echo two >file; {make}; {}; {deeper}", all_hooks(&ran)));
        let id = sandbox.add(&["Bring hooks"]);
        sandbox.chant(&["work", &id, "--no-merge"]).ok();
        let before = std::fs::read_to_string(&ran).unwrap_or_default();
        let merged = sandbox.chant(&["merge", &id]).ok();
        assert!(merged.err.contains("look at it; no hook ran at the merge"), "{path}: {}", merged.err);
        assert_eq!(std::fs::read_to_string(&ran).unwrap_or_default(), before, "{path}, {make}");
    }
}

#[test]
fn hooks_that_lead_to_what_the_work_changes_do_not_run_at_its_merge() {
    let sandbox = Sandbox::new();
    let ran = sandbox.dir().join("ran");
    std::os::unix::fs::symlink("../../tools/post-merge", sandbox.repo.join(".git/hooks/post-merge")).unwrap();
    sandbox.agent(&format!("mkdir tools; hooks=tools; {}", all_hooks(&ran)));
    let id = sandbox.add(&["Bring what a hook leads to"]);
    let merged = sandbox.chant(&["work", &id]).ok();
    assert!(merged.err.contains("the work changes 'tools/post-merge'"), "{}", merged.err);
    assert!(!ran.exists());
}

#[test]
fn configuration_that_the_work_brings_names_no_hooks_of_its_merge() {
    let sandbox = Sandbox::new();
    let ran = sandbox.dir().join("ran");
    sandbox.git(&["config", "include.path", "../.gitconfig"]);
    let sets = "printf '[core]\\n\\thooksPath = tools\\n' >.gitconfig";
    sandbox.agent(&format!("mkdir tools; hooks=tools; {}; {sets}", all_hooks(&ran)));
    let id = sandbox.add(&["Bring configuration"]);
    let merged = sandbox.chant(&["work", &id]).ok();
    assert!(merged.err.contains("the work changes '.gitconfig'"), "{}", merged.err);
    assert!(!ran.exists());
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_directory_of_hooks_that_is_none_or_the_repository_itself_is_no_obstacle() {
    // The usual ways to have no hooks, and the work tree as the place for them.
    for dir in ["/dev/null", "", ".", ".git"] {
        let sandbox = Sandbox::new().unconfined();
        sandbox.git(&["config", "core.hooksPath", dir]);
        sandbox.write("sub/tool", "x\n");
        sandbox.commit("Tool");
        sandbox.agent("echo two >file; git commit -qam Two; echo three >file");
        let id = sandbox.add(&["Say three"]);
        let ran = sandbox.chant(&["work", &id]).ok();
        assert!(!ran.err.contains("hook"), "'{dir}': {}", ran.err);
        assert_eq!(sandbox.status(&id), "completed", "'{dir}'");
        sandbox.chant(&["hooks"]).ok();
    }
    // For one command only.
    let sandbox = Sandbox::new();
    sandbox.agent("echo two >file");
    let id = sandbox.add(&["Say two"]);
    sandbox.chant(&["work", &id, "--no-merge"]).ok();
    let mut git = sandbox.command_in(&sandbox.repo, "git");
    sandbox.run(git.args(["-c", "core.hooksPath=/dev/null", "chant", "merge", &id])).ok();
    assert_eq!(sandbox.status(&id), "completed");
}

#[test]
fn an_agent_that_writes_a_hook_into_the_work_tree_is_told_where_git_looks_there() {
    let sandbox = Sandbox::new().unconfined();
    sandbox.git(&["config", "core.hooksPath", "."]);
    let hook = sandbox.repo.join("post-merge");
    sandbox.agent(&format!("echo two >file; echo x >'{0}'; chmod +x '{0}'", hook.display()));
    let id = sandbox.add(&["Say two"]);
    sandbox.chant(&["work", &id]).fails(1, &["post-merge"]);
    assert_eq!(sandbox.status(&id), "finished");
}
