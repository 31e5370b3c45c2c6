//! Merges are computed in the object database, and targets advance without touching what is not committed.

use std::{fs, os::unix::fs::PermissionsExt, process::Command};

use crate::error::Kind;
use crate::{
    config::MergeHow,
    git::{
        advance::{Advance, Advanced},
        branch,
        commit::Signing,
        merge::{Computed, Request, compute},
        repository::Repository,
        worktree,
    },
};
use gix::{ObjectId, refs::FullNameRef};

use crate::git::tests::support::{Repo, git_output, isolated};
use crate::support::tools;

/// `main` and `work` have diverged from a common commit; `main` is checked out. Returns both tips.
fn diverged(main: (&str, &str), work: (&str, &str)) -> (Repo, ObjectId, ObjectId) {
    let repo = Repo::with_commit();
    repo.git(&["checkout", "-q", "-b", "work"]);
    repo.write(work.0, work.1);
    let theirs = repo.commit("work");
    repo.git(&["checkout", "-q", "main"]);
    repo.write(main.0, main.1);
    let ours = repo.commit("main");
    (repo, ours, theirs)
}

fn merged(repo: &Repo, ours: ObjectId, theirs: ObjectId, how: MergeHow) -> Computed {
    compute(
        &repo.open(),
        &Request {
            ours,
            theirs,
            since: None,
            fetched: None,
            message: "Merge it\n\nChant-Spec: x",
            how,
            by_agent: false,
            signing: Signing::AsConfigured,
        },
        None,
    )
    .unwrap()
}

fn commit(computed: Computed) -> ObjectId {
    match computed {
        Computed::Commit(id) => id,
        other => panic!("{other:?}"),
    }
}

/// A merge commit that adds `work`, ready for `main` to advance to.
fn ready() -> (Repo, ObjectId, ObjectId) {
    let (repo, ours, theirs) = diverged(("other", "x"), ("work", "from the agent"));
    let new = commit(merged(&repo, ours, theirs, MergeHow::Merge));
    (repo, ours, new)
}

fn to(repo: &Repo, target: &str, old: Option<ObjectId>, new: ObjectId) -> Advanced {
    let name = crate::git::reference::branch_name(target).unwrap();
    advance(&repo.open(), name.as_ref(), old, new)
}

fn advance(repo: &Repository, target: &FullNameRef, old: Option<ObjectId>, new: ObjectId) -> Advanced {
    Advance { target, old, new, merged: "x", is_merge: false, message: "chant: merge x", sandbox: &[] }
        .run(repo, &|| false)
        .unwrap()
}

fn refused(advanced: &Advanced) -> (Vec<String>, &str) {
    match advanced {
        Advanced::Refused { paths, why, .. } => (paths.iter().map(ToString::to_string).collect(), why),
        other => panic!("{other:?}"),
    }
}

isolated! {
    fn a_merge_has_both_parents_and_the_tree_that_git_makes() {
        let (repo, ours, theirs) = diverged(("other", "x"), ("work", "y"));
        let index = fs::read(repo.path().join(".git/index")).unwrap();
        let id = commit(merged(&repo, ours, theirs, MergeHow::Merge)).to_hex().to_string();
        assert_eq!(repo.git(&["log", "-1", "--format=%P|%an|%B", &id]), format!("{ours} {theirs}|A U Thor|Merge it\n\nChant-Spec: x"));
        let tree = repo.git(&["rev-parse", &format!("{id}^{{tree}}")]);
        assert_eq!(repo.git(&["merge-tree", "--write-tree", "main", "work"]), tree);
        assert_eq!(repo.id("main"), ours, "no ref is moved");
        assert!(fs::read(repo.path().join(".git/index")).unwrap() == index);
        repo.git(&["fsck", "--strict"]);
    }

    fn squash_has_one_parent_and_forward_needs_no_commit() {
        let (repo, ours, theirs) = diverged(("other", "x"), ("work", "y"));
        let id = commit(merged(&repo, ours, theirs, MergeHow::Squash));
        assert_eq!(repo.git(&["log", "-1", "--format=%P", &id.to_hex().to_string()]), ours.to_hex().to_string());
        // Once it is in, squashing it again changes nothing.
        assert_eq!(merged(&repo, id, theirs, MergeHow::Squash), Computed::UpToDate);
        let base = repo.id("main~1");
        assert_eq!(merged(&repo, base, theirs, MergeHow::FastForward), Computed::Commit(theirs));
        let made = commit(merged(&repo, base, theirs, MergeHow::Merge));
        assert_eq!(repo.git(&["log", "-1", "--format=%P", &made.to_hex().to_string()]), format!("{base} {theirs}"));
        let diverged = commit(merged(&repo, ours, theirs, MergeHow::FastForward));
        assert_eq!(repo.git(&["log", "-1", "--format=%P", &diverged.to_hex().to_string()]), format!("{ours} {theirs}"));
        assert_eq!(merged(&repo, diverged, theirs, MergeHow::Merge), Computed::UpToDate);
    }

    fn conflicts_are_named() {
        let (repo, ours, theirs) = diverged(("file", "main\n"), ("file", "work\n"));
        assert_eq!(merged(&repo, ours, theirs, MergeHow::Merge), Computed::Conflict(vec!["file".into()]));
        assert_eq!(repo.git(&["status", "--porcelain"]), "");
    }

    fn unrelated_histories_are_refused() {
        let repo = Repo::with_commit();
        let ours = repo.id("HEAD");
        repo.git(&["checkout", "-q", "--orphan", "island"]);
        let theirs = repo.commit("island");
        let request = Request { ours, theirs, since: None, fetched: None, message: "m", how: MergeHow::Merge, by_agent: false, signing: Signing::AsConfigured };
        assert_eq!(compute(&repo.open(), &request, None).unwrap_err().kind, Kind::UnrelatedHistories);
    }

    fn commits_are_signed_off_and_signed_as_configured() {
        let (repo, ours, theirs) = diverged(("other", "x"), ("work", "y"));
        repo.git(&["config", "chant.signoff", "true"]);
        let id = commit(merged(&repo, ours, theirs, MergeHow::Merge)).to_hex().to_string();
        let trailers = repo.git(&["log", "-1", "--format=%(trailers:only)", &id]);
        assert_eq!(trailers, "Chant-Spec: x\nSigned-off-by: A U Thor <author@example.com>");
        let key = repo.parent().join("key");
        if !tools::need("ssh-keygen") {
            return;
        }
        let made = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&key).status();
        assert!(made.unwrap().success());
        repo.git(&["config", "gpg.format", "ssh"]);
        repo.git(&["config", "user.signingKey", key.to_str().unwrap()]);
        repo.git(&["config", "commit.gpgSign", "true"]);
        let id = commit(merged(&repo, ours, theirs, MergeHow::Merge)).to_hex().to_string();
        assert!(repo.git(&["cat-file", "commit", &id]).contains("\ngpgsig "));
        repo.git(&["config", "user.signingKey", "/nonexistent"]);
        let request = Request { ours, theirs, since: None, fetched: None, message: "m", how: MergeHow::Merge, by_agent: false, signing: Signing::AsConfigured };
        assert_eq!(compute(&repo.open(), &request, None).unwrap_err().kind, Kind::SigningFailed);
    }

    fn a_target_that_is_checked_out_moves_with_its_files_and_keeps_other_changes() {
        let (repo, old, new) = ready();
        for (key, value) in [
            ("merge.ff", "false"),
            ("branch.main.mergeOptions", "--no-ff --squash --no-commit"),
            ("merge.autoStash", "true"),
        ] {
            repo.git(&["config", key, value]);
        }
        repo.write("file", "not committed");
        repo.write("other", "staged");
        repo.git(&["add", "other"]);
        repo.write("untracked", "mine");
        let before = repo.git(&["status", "--porcelain"]);
        assert_eq!(to(&repo, "main", Some(old), new), Advanced::Moved(None));
        assert_eq!(repo.id("main"), new);
        assert_eq!(repo.git(&["status", "--porcelain"]), before);
        assert_eq!(fs::read_to_string(repo.path().join("work")).unwrap(), "from the agent");
        assert!(repo.git(&["reflog", "-1", "--format=%gs", "main"]).starts_with("chant: merge x"));
        assert_eq!(repo.git(&["stash", "list"]), "");
    }

    fn files_in_the_way_are_named_and_kept() {
        for kind in ["untracked", "ignored", "changed"] {
            let (repo, ours, theirs) = diverged(("other", "x"), (if kind == "changed" { "file" } else { "work" }, "agent"));
            let new = commit(merged(&repo, ours, theirs, MergeHow::Merge));
            let name = if kind == "changed" { "file" } else { "work" };
            repo.write(name, "mine");
            if kind == "ignored" {
                repo.write(".git/info/exclude", "work\n");
            }
            let advanced = to(&repo, "main", Some(ours), new);
            assert_eq!(refused(&advanced).0, [name], "{kind}");
            assert_eq!(repo.id("main"), ours);
            assert_eq!(fs::read_to_string(repo.path().join(name)).unwrap(), "mine", "{kind}");
        }
    }

    fn a_merge_that_the_person_has_not_finished_is_in_the_way() {
        let (repo, old, new) = ready();
        repo.git(&["branch", "third", "main~1"]);
        repo.git(&["merge", "-q", "--no-commit", "--no-ff", "-s", "ours", "third", "work"]);
        let advanced = to(&repo, "main", Some(old), new);
        let (paths, why) = refused(&advanced);
        assert!(paths.is_empty() && why.contains("MERGE_HEAD"), "{why}");
        assert!(repo.path().join(".git/MERGE_HEAD").exists());
    }

    fn a_target_that_is_checked_out_nowhere_moves_by_itself() {
        let (repo, old, new) = ready();
        repo.git(&["checkout", "-q", "--detach"]);
        assert_eq!(to(&repo, "main", Some(old), new), Advanced::Moved(None));
        assert_eq!(repo.git(&["reflog", "-1", "--format=%gs", "main"]), "chant: merge x");
        assert_eq!(to(&repo, "main", Some(old), new), Advanced::LostRace);
        assert_eq!(to(&repo, "fresh", None, new), Advanced::Moved(None));
        assert_eq!(to(&repo, "fresh", None, new), Advanced::LostRace);
        assert_eq!(repo.id("fresh"), new);
    }

    fn a_lost_race_changes_nothing() {
        let (repo, old, new) = ready();
        repo.write("later", "x");
        let later = repo.commit("another person");
        assert_eq!(to(&repo, "main", Some(old), new), Advanced::LostRace);
        assert_eq!((repo.id("main"), repo.git(&["status", "--porcelain"])), (later, String::new()));
    }

    fn it_moves_in_a_linked_worktree_too() {
        let (repo, old, new) = ready();
        repo.git(&["checkout", "-q", "-b", "elsewhere"]);
        repo.git(&["worktree", "add", "-q", "../tree", "main"]);
        assert_eq!(to(&repo, "main", Some(old), new), Advanced::Moved(None));
        assert!(repo.parent().join("tree/work").exists() && !repo.path().join("work").exists());
    }

    fn busy_or_checked_out_twice_is_refused() {
        let (repo, old, new) = ready();
        repo.git(&["worktree", "add", "-q", "--force", "../tree", "main"]);
        assert!(refused(&to(&repo, "main", Some(old), new)).1.contains("checked out twice"));
        repo.git(&["worktree", "remove", "../tree"]);
        repo.write("file", "ours\n");
        let old = repo.commit("conflicting");
        repo.git(&["checkout", "-q", "-b", "onto", "main~1"]);
        repo.write("file", "theirs\n");
        repo.commit("onto");
        assert!(!git_output(repo.path(), &["rebase", "-q", "onto", "main"]).status.success());
        assert!(refused(&to(&repo, "main", Some(old), new)).1.contains("being rebased"));
        assert_eq!(repo.id("main"), old);
    }

    fn no_switch_and_no_commit_comes_in_between() {
        let (repo, old, new) = ready();
        repo.git(&["branch", "other", &old.to_hex().to_string()]);
        // A git in PATH that tries, before it writes files, what a person may do in that moment: to switch, and to commit.
        let real = String::from_utf8(Command::new("sh").args(["-c", "command -v git"]).output().unwrap().stdout).unwrap();
        let bin = repo.parent().join("bin");
        fs::create_dir(&bin).unwrap();
        let (real, said) = (real.trim(), repo.parent().join("said"));
        let script = format!(
            "#!/bin/sh\ncase \" $* \" in *' read-tree '*)
{real} symbolic-ref HEAD refs/heads/other 2>>'{0}'
{real} commit -q --allow-empty -m no 2>>'{0}'
esac\nexec {real} \"$@\"\n",
            said.display()
        );
        fs::write(bin.join("git"), script).unwrap();
        fs::set_permissions(bin.join("git"), fs::Permissions::from_mode(0o755)).unwrap();
        let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["git::tests::merge::while_a_person_is_at_it", "--exact", "--nocapture"])
            .env("PATH", path)
            .env("ADVANCE_IN", repo.path())
            .env("ADVANCE", format!("{old} {new}"))
            .output()
            .unwrap();
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(printed.contains("advanced=Moved(None)"), "{printed}");
        let said = fs::read_to_string(said).unwrap();
        assert_eq!(said.matches("HEAD.lock': File exists").count(), 2, "{said}");
        assert_eq!((repo.id("main"), repo.id("other")), (new, old));
        assert_eq!(repo.git(&["symbolic-ref", "HEAD"]), "refs/heads/main");
        assert_eq!(repo.git(&["status", "--porcelain"]), "");
    }

    fn the_log_of_head_tells_of_it_and_the_hook_for_merges_runs() {
        let (repo, old, new) = ready();
        let hook = repo.path().join(".git/hooks/post-merge");
        fs::create_dir_all(hook.parent().unwrap()).unwrap();
        fs::write(&hook, "#!/bin/sh\necho \"$1 $(git rev-parse HEAD)\" >../merged\n").unwrap();
        fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
        assert_eq!(to(&repo, "main", Some(old), new), Advanced::Moved(None));
        assert_eq!(repo.git(&["reflog", "-1", "--format=%gs %h", "HEAD"]), repo.git(&["reflog", "-1", "--format=%gs %h", "main"]));
        assert_eq!(repo.git(&["rev-parse", "HEAD@{1}"]), old.to_hex().to_string());
        assert_eq!(fs::read_to_string(repo.parent().join("merged")).unwrap(), format!("0 {new}\n"));
        assert!(fs::read_dir(repo.path().join(".git")).unwrap().flatten().all(|file| !file.path().ends_with(".lock")));
    }

    fn what_a_merge_that_died_had_written_is_taken_for_its_own() {
        let (repo, old, new) = ready();
        repo.git(&["read-tree", "-m", "-u", "HEAD", &new.to_hex().to_string()]);
        assert_eq!(to(&repo, "main", Some(old), new), Advanced::Moved(None));
        assert_eq!(repo.git(&["status", "--porcelain"]), "");
    }

    fn dates_alone_are_not_in_the_way() {
        let (repo, ours, theirs) = diverged(("other", "x"), ("file", "agent"));
        let new = commit(merged(&repo, ours, theirs, MergeHow::Merge));
        let file = fs::File::options().write(true).open(repo.path().join("file")).unwrap();
        file.set_modified(std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000)).unwrap();
        assert_eq!(to(&repo, "main", Some(ours), new), Advanced::Moved(None));
        assert_eq!(repo.git(&["status", "--porcelain"]), "");
    }

    fn a_directory_with_ignored_files_is_no_place_for_a_file() {
        for (path, ignored) in [("work", "work/mine"), ("work/below", "work")] {
            let (repo, ours, theirs) = diverged(("other", "x"), (path, "agent"));
            let new = commit(merged(&repo, ours, theirs, MergeHow::Merge));
            repo.write(".git/info/exclude", "work\n");
            repo.write(ignored, "mine");
            assert_eq!(refused(&to(&repo, "main", Some(ours), new)).0, [path]);
            assert_eq!(fs::read_to_string(repo.path().join(ignored)).unwrap(), "mine");
        }
    }

    fn in_a_bare_repository_it_moves_by_compare_and_swap() {
        let (repo, old, new) = ready();
        repo.git(&["update-ref", "refs/heads/merged", &new.to_hex().to_string()]);
        crate::git::tests::support::git(repo.parent(), &["clone", "-q", "--bare", "repo", "bare.git"]);
        let bare = crate::git::tests::support::open(&repo.parent().join("bare.git"));
        let main = crate::git::reference::branch_name("main").unwrap();
        assert_eq!(advance(&bare, main.as_ref(), Some(old), new), Advanced::Moved(None));
        assert_eq!(branch::read(&bare, main.as_ref()).unwrap(), Some(new));
        assert!(worktree::list(&bare).unwrap().is_empty());
    }

    fn what_core_fsync_asks_for_is_synced_before_the_ref_moves() {
        let able = Command::new("strace").args(["-o", "/dev/null", "true"]).status();
        if !tools::need_that(able.is_ok_and(|status| status.success()), "strace, and the permission to trace") {
            return;
        }
        let (repo, ours, theirs) = diverged(("dir/other", "x"), ("dir/work", "y"));
        repo.git(&["checkout", "-q", "--detach"]);
        let trace = repo.parent().join("trace");
        for (value, loose, reference) in [("none", false, false), ("committed", true, true), ("loose-object", true, false)] {
            repo.git(&["config", "core.fsync", value]);
            let output = Command::new("strace")
                .args(["-f", "-y", "-e", "trace=fsync,fdatasync", "-o"])
                .arg(&trace)
                .arg(std::env::current_exe().unwrap())
                .args(["git::tests::merge::under_strace", "--exact"])
                .env("MERGE_IN", repo.path())
                .env("MERGE", format!("{ours} {theirs} {value}"))
                .output()
                .unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
            let trace = fs::read_to_string(&trace).unwrap();
            let synced = |part: &str| trace.lines().filter(|line| line.contains(part)).count();
            // The commit, the top tree and the tree of dir/; the blobs came with the work.
            assert_eq!(synced("/.git/objects/") > 0, loose, "{value}:\n{trace}");
            assert!(!loose || synced("/.git/objects/") >= 3, "{trace}");
            assert_eq!(synced("/.git/refs/heads/") > 0, reference, "{value}:\n{trace}");
        }
    }
}

#[test]
fn while_a_person_is_at_it() {
    let (Ok(path), Ok(ids)) = (std::env::var("ADVANCE_IN"), std::env::var("ADVANCE")) else { return };
    let (old, new) = ids.split_once(' ').unwrap();
    let repo = crate::git::tests::support::open(path.as_ref());
    let main = crate::git::reference::branch_name("main").unwrap();
    let advanced = advance(&repo, main.as_ref(), Some(old.parse().unwrap()), new.parse().unwrap());
    println!("\nadvanced={advanced:?}");
}

#[test]
fn under_strace() {
    let (Ok(path), Ok(ids)) = (std::env::var("MERGE_IN"), std::env::var("MERGE")) else { return };
    let mut words = ids.split(' ');
    let mut id = || -> ObjectId { words.next().unwrap().parse().unwrap() };
    let (ours, theirs) = (id(), id());
    let repo = crate::git::tests::support::open(path.as_ref());
    let request = Request {
        ours,
        theirs,
        since: None,
        fetched: None,
        message: &ids,
        how: MergeHow::Merge,
        by_agent: false,
        signing: Signing::AsConfigured,
    };
    let Computed::Commit(new) = compute(&repo, &request, None).unwrap() else { panic!("no commit") };
    let target = crate::git::reference::branch_name("synced").unwrap();
    let old = branch::read(&repo, target.as_ref()).unwrap();
    let old = match old {
        Some(old) => old,
        None => {
            assert_eq!(advance(&repo, target.as_ref(), None, ours), Advanced::Moved(None));
            ours
        }
    };
    let moved = branch::move_to(&repo, target.as_ref(), old, new, "m").unwrap();
    assert_eq!(moved, crate::git::reference::Swapped::Done);
}
