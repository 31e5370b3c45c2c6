//! Repositories, worktrees and branches that were moved, renamed or deleted by other means than git chant: work goes on, or is refused
//! before anything is lost.

use std::fs;

use crate::support::Sandbox;

/// A repository in a directory of its own below the sandbox, with a spec whose attempt is paused in the middle of its work.
fn paused() -> (Sandbox, String) {
    let mut sandbox = Sandbox::new();
    let parent = sandbox.dir().join("parent");
    fs::create_dir(&parent).unwrap();
    fs::rename(&sandbox.repo, parent.join("repo")).unwrap();
    sandbox.repo = parent.join("repo");
    sandbox.agent("echo two >file; exit 75");
    let id = sandbox.add(&["Say two"]);
    sandbox.commit("Spec");
    sandbox.chant(&["work", &id]).fails(1, &["rate-limited"]);
    sandbox.agent("grep -q two file || exit 9; echo three >other");
    (sandbox, id)
}

/// Where the worktree of the spec is registered.
fn registered(sandbox: &Sandbox) -> String {
    let listed = sandbox.git(&["worktree", "list", "--porcelain"]);
    let places: Vec<_> = listed.lines().filter_map(|line| line.strip_prefix("worktree ")).collect();
    places[1..].join("\n")
}

#[track_caller]
fn done(sandbox: &Sandbox, id: &str) {
    assert_eq!(sandbox.status(id), "completed");
    assert_eq!(sandbox.git(&["show", "main:file", "main:other"]), "two\nthree");
    assert_eq!(registered(sandbox), "");
}

#[test]
fn what_was_moved_together_with_the_repository_is_found() {
    for name in ["repo", "other name"] {
        let (mut sandbox, id) = paused();
        fs::rename(sandbox.repo.parent().unwrap(), sandbox.dir().join("moved")).unwrap();
        let repo = sandbox.dir().join("moved").join(name);
        fs::rename(sandbox.dir().join("moved/repo"), &repo).unwrap();
        sandbox.repo = repo;
        sandbox.chant(&["path", &id]).fails(1, &["is no longer at", "git worktree repair"]);
        sandbox.chant(&["work", &id]).fails(0, &["was moved to", "resuming"]);
        done(&sandbox, &id);
        assert_eq!(fs::read_dir(sandbox.repo.parent().unwrap()).unwrap().count(), 1);
    }
}

#[test]
fn a_worktree_that_was_moved_is_not_forgotten() {
    let (sandbox, id) = paused();
    let (before, after) = (registered(&sandbox), sandbox.dir().join("elsewhere"));
    fs::rename(&before, &after).unwrap();
    for command in ["work", "takeover", "path"] {
        sandbox.chant(&[command, &id]).fails(1, &["is no longer at", "git worktree repair", "git worktree prune"]);
        assert_eq!(registered(&sandbox), before);
        assert_eq!(sandbox.status(&id), "paused");
    }
    sandbox.git(&["worktree", "repair", after.to_str().unwrap()]);
    sandbox.chant(&["work", &id]).ok();
    done(&sandbox, &id);
}

#[test]
fn a_registration_stays_until_something_can_take_its_place() {
    let (sandbox, id) = paused();
    let before = registered(&sandbox);
    sandbox.chant(&["fail", &id, "--reason", "No"]).ok();
    fs::rename(&before, sandbox.dir().join("elsewhere")).unwrap();
    sandbox.git(&["config", "chant.worktreeDir", "../trees"]);
    let mine = format!("../trees/repo.chant-{}/mine", &id[11..]);
    sandbox.write(&mine, "x");
    sandbox.chant(&["work", &id]).fails(128, &["a directory that is not empty is in the way"]);
    assert_eq!(registered(&sandbox), before);
    assert_eq!(sandbox.read(&mine), "x");
    // Elsewhere there is room: the next attempt begins, and the person hears of the directory.
    sandbox.git(&["config", "chant.worktreeDir", "../other-trees"]);
    sandbox.agent("echo two >file; echo three >other");
    let ran = sandbox.chant(&["work", &id]).ok();
    assert!(ran.err.contains(&format!("the earlier worktree is no longer at '{before}'")), "{}", ran.err);
    done(&sandbox, &id);
}

#[test]
fn a_worktree_whose_registration_was_removed_by_hand_keeps_its_attempt() {
    let (sandbox, id) = paused();
    let place = registered(&sandbox);
    fs::remove_dir_all(sandbox.repo.join(".git/worktrees")).unwrap();
    let ops = sandbox.ops(&id);
    sandbox.chant(&["work", &id]).fails(128, &["is in the way", "move it aside"]);
    assert_eq!((sandbox.status(&id), sandbox.ops(&id)), ("paused".to_owned(), ops));
    assert_eq!(fs::read_to_string(format!("{place}/file")).unwrap(), "two\n");
}

#[test]
fn a_target_that_was_renamed_or_deleted_is_not_made_again() {
    for (rename, hint) in [(true, "--onto renamed"), (false, "--onto <branch>")] {
        let sandbox = Sandbox::new();
        sandbox.agent("echo two >file");
        sandbox.git(&["checkout", "-q", "-b", "topic"]);
        sandbox.write("more", "x");
        let id = sandbox.add(&["Say two"]);
        sandbox.commit("Spec");
        let tip = sandbox.git(&["rev-parse", "topic"]);
        sandbox.chant(&["work", &id, "--no-merge"]).ok();
        sandbox.git(&["checkout", "-q", "main"]);
        sandbox.git(if rename { &["branch", "-m", "topic", "renamed"] } else { &["branch", "-D", "topic"] });
        let again = format!("git branch topic {}", &tip[..12]);
        sandbox.chant(&["merge", &id]).fails(1, &["'topic' that it is for was deleted or renamed", hint, &again]);
        assert_eq!(sandbox.status(&id), "finished");
        assert_eq!(sandbox.git(&["branch", "--list", "topic"]), "");
        sandbox.git(&["branch", "topic", &tip]);
        sandbox.chant(&["merge", &id]).ok();
        assert_eq!(sandbox.git(&["show", "topic:file"]), "two");
    }
}

#[test]
fn a_target_that_goes_during_a_persons_work_is_not_made_again() {
    let sandbox = Sandbox::new();
    let manual = sandbox.add(&["Say two"]);
    sandbox.chant(&["work", &manual, "--agent", "manual"]).ok();
    let tree = std::path::PathBuf::from(sandbox.chant(&["path", &manual]).ok().out.trim());
    fs::write(tree.join("file"), "two\n").unwrap();
    sandbox.git(&["branch", "-m", "main", "trunk"]);
    let why = "the branch 'main' that it is for was deleted or renamed";
    sandbox.chant(&["finish", &manual]).fails(1, &[why, "--onto trunk", "git branch main"]);
    assert_eq!((sandbox.status(&manual).as_str(), sandbox.git(&["branch", "--list", "main"])), ("finished", "".into()));
    sandbox.chant(&["merge", &manual, "--onto", "trunk"]).ok();
    // Without an attempt.
    let by_hand = sandbox.add(&["Say three"]);
    sandbox.write("file", "three\n");
    sandbox.git(&["commit", "-qam", "Three"]);
    sandbox.chant(&["finish", &by_hand, "--commit", "HEAD", "--no-merge"]).ok();
    sandbox.git(&["branch", "-m", "trunk", "main"]);
    sandbox.chant(&["merge", &by_hand]).fails(1, &["the branch 'trunk' that it is for was deleted or renamed"]);
    // A branch that was never there is made.
    sandbox.agent("echo four >file");
    let new = sandbox.add(&["Say four"]);
    sandbox.chant(&["work", &new, "--onto", "new"]).ok();
    assert_eq!(sandbox.git(&["show", "new:file"]), "four");
}

#[test]
fn committed_work_goes_on_whose_worktree_was_removed_by_git() {
    let sandbox = Sandbox::new();
    sandbox.agent("echo two >file; git commit -qam Two; exit 1");
    let id = sandbox.add(&["Say two"]);
    sandbox.chant(&["work", &id]).fails(1, &["exited with code 1"]);
    let tree = sandbox.chant(&["path", &id]).ok().out.trim().to_owned();
    sandbox.git(&["worktree", "remove", "--force", &tree]);
    sandbox.chant(&["finish", &id]).fails(0, &["was removed; made it again from 'chant/"]);
    done_with(&sandbox, &id, "two");
    // One that was deleted may have been moved: then the work is where a person moved it.
    sandbox.agent("echo three >file; git commit -qam Three; exit 1");
    let id = sandbox.add(&["Say three"]);
    sandbox.chant(&["work", &id]).fails(1, &["exited with code 1"]);
    let tree = sandbox.chant(&["path", &id]).ok().out.trim().to_owned();
    fs::remove_dir_all(&tree).unwrap();
    let ways = ["its worktree is missing", "git worktree repair", "git worktree prune, then: git chant finish"];
    sandbox.chant(&["finish", &id]).fails(1, &ways);
    sandbox.git(&["worktree", "prune"]);
    sandbox.chant(&["finish", &id]).ok();
    done_with(&sandbox, &id, "three");
}

#[track_caller]
fn done_with(sandbox: &Sandbox, id: &str, text: &str) {
    assert_eq!((sandbox.status(id).as_str(), sandbox.git(&["show", "main:file"]).as_str()), ("completed", text));
}

#[test]
fn a_target_that_a_moved_worktree_has_checked_out_stays() {
    let sandbox = Sandbox::new();
    sandbox.agent("echo two >file");
    let id = sandbox.add(&["Say two"]);
    sandbox.commit("Spec");
    sandbox.git(&["worktree", "add", "-q", "-b", "topic", "../topic"]);
    let tip = sandbox.git(&["rev-parse", "topic"]);
    let moved = sandbox.dir().join("moved");
    fs::rename(sandbox.dir().join("topic"), &moved).unwrap();
    sandbox.chant(&["work", &id, "--onto", "topic"]).fails(1, &["'topic' is checked out in", "git worktree repair"]);
    assert_eq!(sandbox.git(&["rev-parse", "topic"]), tip);
    sandbox.git(&["worktree", "repair", moved.to_str().unwrap()]);
    sandbox.chant(&["merge", &id]).ok();
    assert_eq!(fs::read_to_string(moved.join("file")).unwrap(), "two\n");
    assert_eq!(sandbox.git_in(&moved, &["status", "--porcelain"]), "");
}

#[test]
fn a_git_file_that_leads_nowhere_is_refused_as_git_refuses_it() {
    let sandbox = Sandbox::new();
    let (before, after) = (sandbox.dir().join("before"), sandbox.dir().join("after"));
    sandbox.git_in(sandbox.dir(), &["clone", "-q", "--bare", "repo", "before/.bare"]);
    fs::write(before.join(".git"), "gitdir: ./.bare\n").unwrap();
    sandbox.git_in(&before, &["worktree", "add", "-q", "main", "main"]);
    fs::rename(&before, &after).unwrap();
    let main = after.join("main");
    let repair = format!("git -C {} worktree repair {}", after.join(".bare").display(), main.display());
    sandbox.chant_in(&main, &["list"]).fails(128, &["not a git repository", &repair]);
    sandbox.git_in(&after.join(".bare"), &["worktree", "repair", main.to_str().unwrap()]);
    sandbox.chant_in(&main, &["list"]).ok();
    sandbox.chant_in(&after, &["list"]).ok();
}
