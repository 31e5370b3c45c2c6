//! Every place and state of a repository: the right thing or a clear refusal, and what is the user's stays theirs.

use std::path::{Path, PathBuf};

use crate::support::{Sandbox, tools::report};

/// What is the user's own: HEAD, branches, index, the files of the work tree, hooks and configuration.
fn users_own(sandbox: &Sandbox, top: &Path) -> Vec<String> {
    let mut all = vec![
        sandbox.git_in(top, &["rev-parse", "--symbolic-full-name", "HEAD"]),
        sandbox.git_in(top, &["for-each-ref", "--format=%(refname) %(objectname)", "refs/heads", "refs/tags"]),
        sandbox.git_in(top, &["ls-files", "-s"]),
        sandbox.git_in(top, &["status", "--porcelain=v2"]),
        sandbox.git_in(top, &["config", "--local", "--list"]),
        sandbox.git_in(top, &["stash", "list"]),
    ];
    let mut files: Vec<PathBuf> = Vec::new();
    walk(top, &mut files);
    files.sort();
    all.extend(files.iter().map(|path| format!("{} {:?}", path.display(), std::fs::read(path).unwrap())));
    all
}

fn walk(dir: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.file_name().is_some_and(|name| name == ".git") {
            continue;
        }
        if entry.is_dir() { walk(&entry, files) } else { files.push(entry) }
    }
}

/// A sandbox with a good agent and one committed spec.
fn with_spec() -> (Sandbox, String) {
    let sandbox = Sandbox::new();
    sandbox.agent("echo two >file; tick");
    sandbox.write("../body.md", "## Acceptance Criteria\n\n- [ ] file says two\n");
    let id = sandbox.add(&["Make it two", "--body-file", "../body.md"]);
    sandbox.git(&["add", ".chant"]);
    sandbox.git(&["commit", "-qm", "A spec"]);
    (sandbox, id)
}

#[test]
fn reading_changes_nothing() {
    let (sandbox, id) = with_spec();
    sandbox.write("file", "changed\n");
    sandbox.write("untracked", "x\n");
    let before = (users_own(&sandbox, &sandbox.repo), sandbox.git(&["for-each-ref"]));
    for args in [&["list"][..], &["list", "--ready", "--explain"], &["show", &id], &["log", &id], &["lint"], &["fsck"]]
    {
        sandbox.chant(args).ok();
    }
    assert_eq!(before, (users_own(&sandbox, &sandbox.repo), sandbox.git(&["for-each-ref"])));
}

#[test]
fn adding_touches_neither_index_nor_branch() {
    let sandbox = Sandbox::new();
    sandbox.write("staged", "x\n");
    sandbox.git(&["add", "staged"]);
    sandbox.write("file", "changed\n");
    let index = sandbox.git(&["ls-files", "-s"]);
    let head = sandbox.git(&["rev-parse", "HEAD"]);
    let id = sandbox.add(&["Something"]);
    assert_eq!((index, head), (sandbox.git(&["ls-files", "-s"]), sandbox.git(&["rev-parse", "HEAD"])));
    assert_eq!(sandbox.git(&["status", "--porcelain"]), " M file\nA  staged\n?? .chant/");
    assert!(sandbox.read(&format!(".chant/specs/{id}.md")).contains("# Something"));
}

#[test]
fn from_a_subdirectory_and_with_dash_c_and_git_dir() {
    let (sandbox, id) = with_spec();
    std::fs::create_dir_all(sandbox.repo.join("deep/er")).unwrap();
    assert!(sandbox.chant_in(&sandbox.repo.join("deep/er"), &["list"]).ok().out.contains(&id[11..]));
    let top = sandbox.repo.to_str().unwrap();
    let home = sandbox.dir().join("home");
    for args in
        [&["-C", top, "chant", "list"][..], &["--git-dir", &format!("{top}/.git"), "--work-tree", top, "chant", "list"]]
    {
        let ran = sandbox.run(sandbox.command_in(&home, "git").args(args)).ok();
        assert!(ran.out.contains(&id[11..]), "{args:?}: {}", ran.out);
    }
    let ran = sandbox.run(sandbox.command_in(&home, "git-chant").args(["-C", top, "list"])).ok();
    assert!(ran.out.contains(&id[11..]));
    sandbox.chant_in(&home, &["list"]).fails(128, &["not a git repository"]);
    sandbox.chant_in(&sandbox.repo.join("deep/er"), &["work", &id]).ok();
    assert_eq!(sandbox.read("file"), "two\n");
}

#[test]
fn git_dash_c_overrides_reach_it() {
    let (sandbox, id) = with_spec();
    let ran = sandbox
        .run(sandbox.command_in(&sandbox.repo, "git").args(["-c", "chant.agent=manual", "chant", "work", &id]))
        .ok();
    assert!(ran.out.contains(".chant-"), "{}", ran.out);
    let ran = sandbox.run(sandbox.command_in(&sandbox.repo, "git").args(["-c", "chant.scope=bogus", "chant", "list"]));
    assert_eq!(ran.code, 0, "a key that list does not need does not stop it: {}", ran.err);
}

#[test]
fn from_an_alias_and_as_a_hook_would_call_it() {
    let (sandbox, id) = with_spec();
    sandbox.git(&["config", "alias.ca", "chant add"]);
    sandbox.git(&["config", "alias.cb", "!git chant add"]);
    std::fs::create_dir(sandbox.repo.join("sub")).unwrap();
    for alias in ["ca", "cb"] {
        let ran = sandbox.run(sandbox.command_in(&sandbox.repo.join("sub"), "git").args([alias, "By alias"])).ok();
        let id = ran.out.trim().strip_prefix("Created spec: ").unwrap();
        assert!(sandbox.repo.join(format!(".chant/specs/{id}.md")).exists());
    }
    // As in a hook: git's variables are exported, and an agent must not see them.
    let mut hook = sandbox.binary(&["work", &id]);
    hook.env("GIT_DIR", ".git").env("GIT_INDEX_FILE", sandbox.repo.join(".git/index")).env("GIT_PREFIX", "");
    let index = sandbox.git(&["ls-files", "-s", "--", "file"]);
    sandbox.run(&mut hook).ok();
    assert_ne!(index, sandbox.git(&["ls-files", "-s", "--", "file"]), "the merge updated the index");
    assert_eq!(sandbox.git(&["status", "--porcelain", "--untracked-files=no"]), "");
}

#[test]
fn inside_a_linked_worktree_on_another_branch() {
    let (sandbox, id) = with_spec();
    sandbox.git(&["worktree", "add", "-q", "-b", "side", "../side"]);
    let side = sandbox.dir().join("side");
    let main = users_own(&sandbox, &sandbox.repo);
    sandbox.chant_in(&side, &["work", &id]).ok();
    assert_eq!(std::fs::read_to_string(side.join("file")).unwrap(), "two\n");
    let after = users_own(&sandbox, &sandbox.repo);
    assert_eq!(main[0], after[0]);
    assert_eq!(main[2..], after[2..], "the main worktree is as it was");
    assert_eq!(sandbox.git(&["rev-parse", "main"]), sandbox.git(&["merge-base", "main", "side"]));
}

#[test]
fn onto_a_branch_that_is_checked_out_nowhere_and_one_that_is_not_there_yet() {
    let (sandbox, id) = with_spec();
    sandbox.git(&["branch", "release"]);
    let before = users_own(&sandbox, &sandbox.repo);
    sandbox.chant(&["work", &id, "--onto", "release"]).ok();
    assert_eq!(sandbox.git(&["show", "release:file"]), "two");
    let after = users_own(&sandbox, &sandbox.repo);
    assert_eq!(before[0], after[0]);
    assert_eq!(before[2..], after[2..]);
    let other = sandbox.add(&["Another"]);
    sandbox.agent("echo three >file");
    let told = "there is no branch 'fix/issue-1'; the merge will create it";
    sandbox.chant(&["work", &other, "--onto", "fix/issue-1", "--no-merge"]).fails(0, &[told]);
    sandbox.chant(&["merge", &other, "--onto", "fix/issue-1"]).fails(0, &[told]);
    assert_eq!(sandbox.chant(&["add", "A third", "--onto", "fix/issue-1"]).ok().err, "");
    sandbox.chant(&["add", "A fourth", "--onto", "fix/issue-2"]).fails(0, &["there is no branch 'fix/issue-2'"]);
    assert_eq!(sandbox.git(&["show", "fix/issue-1:file"]), "three");
    assert_eq!(sandbox.git(&["rev-parse", "main"]), sandbox.git(&["merge-base", "main", "fix/issue-1"]));
}

#[test]
fn detached_it_stays_finished_until_it_is_told_where_to_go() {
    let (sandbox, id) = with_spec();
    sandbox.git(&["checkout", "-q", "--detach"]);
    let said = sandbox.chant(&["work", &id]).fails(1, &["HEAD was detached", "--onto <branch>"]).err;
    let told = said.find("warning: HEAD is detached").expect("before the agent starts");
    assert!(told < said.find("Agent working").unwrap(), "{said}");
    assert_eq!(sandbox.status(&id), "finished");
    sandbox.chant(&["merge", &id, "--onto", "main"]).ok();
    assert_eq!(sandbox.git(&["show", "main:file"]), "two");
    assert_eq!(sandbox.read("file"), "one\n");
}

#[test]
fn unborn_and_outside_it_refuses() {
    let sandbox = Sandbox::empty();
    sandbox.agent("true");
    let id = sandbox.add(&["Too early"]);
    sandbox.chant(&["work", &id]).fails(128, &["does not have any commits yet", "hint:"]);
    assert_eq!(sandbox.status(&id), "pending");
}

#[test]
fn a_bare_repository_works_and_cannot_add() {
    let (sandbox, id) = with_spec();
    let bare = sandbox.dir().join("bare.git");
    sandbox.git(&["clone", "-q", "--bare", ".", bare.to_str().unwrap()]);
    for key in ["chant.agent", "chant.agent.scripted.cmd"] {
        let value = sandbox.git(&["config", key]);
        sandbox.git_in(&bare, &["config", key, &value]);
    }
    assert!(sandbox.chant_in(&bare, &["list"]).ok().out.contains("Make it two"));
    sandbox.chant_in(&bare, &["work", &id]).ok();
    assert_eq!(sandbox.git_in(&bare, &["show", "main:file"]), "two");
    sandbox.chant_in(&bare, &["add", "No"]).fails(128, &["must be run in a work tree"]);
}

#[test]
fn staged_unstaged_and_untracked_changes_stay_byte_for_byte() {
    let (sandbox, id) = with_spec();
    sandbox.write("staged", "staged\n");
    sandbox.git(&["add", "staged"]);
    sandbox.write("staged", "staged and changed\n");
    sandbox.write("untracked", "untracked\n");
    let status = sandbox.git(&["status", "--porcelain"]);
    let entry = sandbox.git(&["ls-files", "-s", "staged"]);
    sandbox.chant(&["work", &id]).ok();
    assert_eq!(sandbox.git(&["status", "--porcelain"]), status);
    assert_eq!(sandbox.git(&["ls-files", "-s", "staged"]), entry);
    assert_eq!(sandbox.read("staged"), "staged and changed\n");
    assert_eq!(sandbox.read("file"), "two\n");
}

#[test]
fn changes_in_the_way_keep_it_finished_and_stay() {
    let (sandbox, id) = with_spec();
    sandbox.write("file", "mine\n");
    let before = users_own(&sandbox, &sandbox.repo);
    sandbox.chant(&["work", &id]).fails(1, &["files in '", "are in the way: file"]);
    assert_eq!(sandbox.status(&id), "finished");
    let after = users_own(&sandbox, &sandbox.repo);
    assert_eq!(before[2..4], after[2..4]);
    assert_eq!(sandbox.read("file"), "mine\n");
    sandbox.git(&["checkout", "-q", "file"]);
    sandbox.chant(&["merge", &id]).ok();
    assert_eq!(sandbox.read("file"), "two\n");
}

#[test]
fn an_untracked_file_in_the_way_stays() {
    let (sandbox, _) = with_spec();
    sandbox.agent("echo new >new");
    let id = sandbox.add(&["A new file"]);
    sandbox.write("new", "mine\n");
    sandbox.chant(&["work", &id]).fails(1, &["are in the way: new"]);
    assert_eq!(sandbox.read("new"), "mine\n");
    assert!(sandbox.repo.join(format!(".chant/specs/{id}.md")).exists(), "the spec file was put back");
}

#[test]
fn a_conflict_is_resolved_in_the_worktree_and_finished() {
    let (sandbox, id) = with_spec();
    sandbox.git(&["config", "chant.scope", "error"]);
    sandbox.chant(&["work", &id, "--no-merge"]).ok();
    sandbox.write("file", "other\n");
    sandbox.write("more", "more\n");
    sandbox.git(&["add", "more"]);
    sandbox.git(&["commit", "-qam", "other"]);
    let before = users_own(&sandbox, &sandbox.repo);
    sandbox.chant(&["merge", &id]).fails(1, &["it conflicts with 'main': file"]);
    assert_eq!(before, users_own(&sandbox, &sandbox.repo));
    let worktree = PathBuf::from(sandbox.show(&id)["worktree"].as_str().unwrap());
    sandbox.run(sandbox.command_in(&worktree, "git").args(["merge", "-q", "main"])).fails(1, &[]);
    std::fs::write(worktree.join("file"), "two and other\n").unwrap();
    sandbox.git_in(&worktree, &["commit", "-qam", "both"]);
    sandbox.chant(&["finish", &id]).ok();
    assert_eq!(sandbox.read("file"), "two and other\n");
    assert_eq!(sandbox.status(&id), "completed");
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn the_users_own_copy_of_the_spec_gives_way_only_if_it_is_the_pinned_text() {
    for staged in [false, true] {
        let sandbox = Sandbox::new().unconfined();
        sandbox.agent("echo two >file");
        let id = sandbox.add(&["Make it two"]);
        let path = format!(".chant/specs/{id}.md");
        if staged {
            sandbox.git(&["add", ".chant"]);
        }
        sandbox.chant(&["work", &id]).ok();
        assert_eq!(sandbox.git(&["status", "--porcelain"]), "", "staged: {staged}");

        let id = sandbox.add(&["Make it two again"]);
        let edited = format!(".chant/specs/{id}.md");
        if staged {
            sandbox.git(&["add", ".chant"]);
        }
        sandbox.agent(&format!("echo three >file; echo mine >>'{}/{edited}'", sandbox.repo.display()));
        let index = sandbox.git(&["ls-files", "-s"]);
        sandbox.chant(&["work", &id]).fails(1, &["was edited after the work began", &edited]);
        assert!(sandbox.read(&edited).ends_with("mine\n"));
        assert_eq!(sandbox.git(&["ls-files", "-s"]), index);
        assert_eq!(sandbox.status(&id), "finished");
        assert!(sandbox.repo.join(&path).exists());
        std::fs::rename(sandbox.repo.join(&edited), sandbox.dir().join("mine.md")).unwrap();
        sandbox.chant(&["merge", &id]).ok();
        assert_eq!(sandbox.read("file"), "three\n");
    }
}

#[test]
fn a_target_that_is_being_rebased_or_bisected_waits() {
    let (sandbox, id) = with_spec();
    sandbox.chant(&["work", &id, "--no-merge"]).ok();
    sandbox.write("later", "x\n");
    sandbox.git(&["add", "later"]);
    sandbox.git(&["commit", "-qm", "later"]);
    sandbox.git(&["bisect", "start", "HEAD", "HEAD~2"]);
    sandbox.chant(&["merge", &id]).fails(1, &["'main' is being bisected"]);
    sandbox.git(&["bisect", "reset"]);
    let mut rebase = sandbox.command_in(&sandbox.repo, "git");
    rebase.args(["rebase", "-q", "-i", "HEAD~1"]).env("GIT_SEQUENCE_EDITOR", "sed -i.bak 's/^pick/edit/'");
    sandbox.run(&mut rebase).ok();
    sandbox.chant(&["merge", &id]).fails(1, &["'main' is being rebased"]);
    sandbox.git(&["rebase", "--continue"]);
    sandbox.chant(&["merge", &id]).ok();
    assert_eq!(sandbox.status(&id), "completed");
}

#[test]
fn a_worktree_path_that_is_taken_is_not_touched_and_named_before_the_claim() {
    let (sandbox, id) = with_spec();
    let taken = sandbox.dir().join(format!("repo.chant-{}", &id[11..]));
    std::fs::create_dir(&taken).unwrap();
    std::fs::write(taken.join("precious"), "x").unwrap();
    sandbox.chant(&["work", &id]).fails(128, &["is in the way", "move it aside"]);
    assert_eq!(std::fs::read_to_string(taken.join("precious")).unwrap(), "x");
    assert_eq!(sandbox.status(&id), "pending");
    assert_eq!(sandbox.ops(&id), ["add"]);
    std::fs::remove_dir_all(&taken).unwrap();
    sandbox.chant(&["work", &id]).ok();
}

#[test]
fn a_branch_named_as_the_prefix_is_named_before_anything_is_claimed() {
    let (sandbox, id) = with_spec();
    sandbox.git(&["branch", "chant"]);
    sandbox.chant(&["work", &id]).fails(128, &["'chant' exists", "chant.branchPrefix"]);
    sandbox.chant(&["init"]).fails(128, &["blocks work branches", "chant.branchPrefix"]);
    assert_eq!(sandbox.ops(&id), ["add"]);
    sandbox.git(&["config", "chant.branchPrefix", "work/"]);
    sandbox.chant(&["work", &id]).ok();
}

#[test]
fn a_path_with_blanks_quotes_and_other_letters() {
    let sandbox = Sandbox::new();
    let odd = sandbox.dir().join("o d\"d ü'");
    sandbox.git(&["clone", "-q", ".", odd.to_str().unwrap()]);
    std::fs::write(sandbox.dir().join("agent two.sh"), "echo two >file\n").unwrap();
    let agent = format!("sh '{}'", sandbox.dir().join("agent two.sh").display());
    sandbox.git_in(&odd, &["config", "chant.agent.a.cmd", &agent]);
    sandbox.git_in(&odd, &["config", "chant.agent", "a"]);
    let out = sandbox.chant_in(&odd, &["add", "Make it two"]).ok().out;
    let id = out.trim().strip_prefix("Created spec: ").unwrap();
    sandbox.chant_in(&odd, &["work", id]).ok();
    assert_eq!(std::fs::read_to_string(odd.join("file")).unwrap(), "two\n");
}

#[test]
fn a_sha256_repository_goes_the_whole_way() {
    let sandbox = Sandbox::new();
    let repo = sandbox.dir().join("sha256");
    sandbox.git(&["init", "-q", "--object-format=sha256", "-b", "main", repo.to_str().unwrap()]);
    std::fs::write(repo.join("file"), "one\n").unwrap();
    sandbox.git_in(&repo, &["add", "."]);
    sandbox.git_in(&repo, &["commit", "-qm", "one"]);
    sandbox.git_in(&repo, &["config", "chant.agent.a.cmd", "echo two >file"]);
    sandbox.git_in(&repo, &["config", "chant.agent", "a"]);
    let out = sandbox.chant_in(&repo, &["add", "Make it two"]).ok().out;
    let id = out.trim().strip_prefix("Created spec: ").unwrap();
    sandbox.chant_in(&repo, &["work", id]).ok();
    assert_eq!(sandbox.git_in(&repo, &["rev-parse", &format!("chant/specs/{id}")]).len(), 64);
    sandbox.git_in(&repo, &["notes", "--ref=chant", "show", "main"]);
    sandbox.git_in(&repo, &["fsck", "--strict"]);
}

#[test]
fn repositories_that_it_cannot_write_are_refused_before_anything_is_written() {
    let sandbox = Sandbox::new();
    sandbox.git(&["config", "core.repositoryFormatVersion", "1"]);
    sandbox.git(&["config", "extensions.somethingNew", "true"]);
    let ran = sandbox.run(&mut sandbox.binary(&["add", "No"]));
    ran.fails(128, &["somethingnew"]);
    assert!(!sandbox.repo.join(".chant").exists());

    let reftable = sandbox.dir().join("reftable");
    let made = sandbox.run(sandbox.command_in(sandbox.dir(), "git").args([
        "init",
        "-q",
        "--ref-format=reftable",
        reftable.to_str().unwrap(),
    ]));
    if made.code != 0 {
        report("a git that has reftables");
        return;
    }
    let ran = sandbox.run(sandbox.command_in(&reftable, "git-chant").args(["add", "No"]));
    ran.fails(128, &["reftable", "hint:"]);
    assert!(!reftable.join(".chant").exists());
}

#[test]
fn a_missing_identity_is_an_error_without_a_question() {
    let sandbox = Sandbox::new();
    let mut add = sandbox.binary(&["add", "By whom"]);
    for name in ["GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL"] {
        add.env_remove(name);
    }
    add.env("GIT_CONFIG_COUNT", "1").env("GIT_CONFIG_KEY_0", "user.useConfigOnly").env("GIT_CONFIG_VALUE_0", "true");
    sandbox.run(&mut add).fails(128, &["user.email"]);
    assert!(!sandbox.repo.join(".chant").exists());
}
