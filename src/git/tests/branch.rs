//! Branches and the commits on them.

use std::fs;

use crate::error::Kind;
use crate::git::{
    branch,
    history::{self, ChangeKind},
    leftovers::{Hooks, Leftovers, Refusal, commit_leftovers},
    reference::{self, Swap, Swapped},
    snapshot::snapshot,
    status::{dirty, status},
};

use crate::git::tests::support::{Repo, current, git, isolated, open};

isolated! {
    fn branches_move_only_from_where_they_were_read() {
        for config in ["none", "committed"] {
            let repo = Repo::with_commit();
            repo.git(&["config", "core.fsync", config]);
            repo.git(&["config", "chant.lockTimeout", "50"]);
            let first = repo.id("HEAD");
            let second = repo.commit("second");
            let opened = repo.open();
            let name = crate::git::reference::branch_name("chant/x").unwrap();
            let name = name.as_ref();
            assert_eq!(branch::create(&opened, name, first, "chant: start").unwrap(), Swapped::Done);
            assert_eq!(repo.git(&["reflog", "-1", "--format=%gs", "chant/x"]), "chant: start");
            // Also with the very same id: two claims must not both win.
            assert_eq!(branch::create(&opened, name, first, "m").unwrap(), Swapped::Differs(Some(first)));
            assert_eq!(branch::create(&opened, name, second, "m").unwrap(), Swapped::Differs(Some(first)));
            assert_eq!(branch::move_to(&opened, name, second, first, "m").unwrap(), Swapped::Differs(Some(first)));
            assert_eq!(branch::move_to(&opened, name, first, second, "m\nn").unwrap(), Swapped::Done);
            assert_eq!(branch::read(&opened, name).unwrap(), Some(second));
            assert_eq!(branch::delete(&opened, name, first).unwrap(), Swapped::Differs(Some(second)));
            repo.git(&["pack-refs", "--all"]);
            assert_eq!(branch::delete(&opened, name, second).unwrap(), Swapped::Done);
            assert_eq!(branch::delete(&opened, name, second).unwrap(), Swapped::Done);
            assert_eq!(branch::read(&opened, name).unwrap(), None);
            // Gone as far as git sees it, directories included.
            repo.git(&["branch", "chant"]);
        }
    }

    fn of_many_creations_at_once_one_wins_with_or_without_packed_refs() {
        let repo = Repo::with_commit();
        let id = repo.id("HEAD");
        for round in 0..10 {
            if round == 5 {
                repo.git(&["pack-refs", "--all"]);
            }
            let name = crate::git::reference::branch_name(&format!("chant/{round}")).unwrap();
            let won: usize = std::thread::scope(|scope| {
                let create = || {
                    let opened = open(repo.path());
                    usize::from(branch::create(&opened, name.as_ref(), id, "m").unwrap() == Swapped::Done)
                };
                let threads: Vec<_> = (0..8).map(|_| scope.spawn(create)).collect();
                threads.into_iter().map(|thread| thread.join().unwrap()).sum()
            });
            assert_eq!(won, 1, "round {round}");
        }
    }

    fn a_lock_that_stays_is_an_error_after_the_time_that_is_set() {
        for config in ["none", "committed"] {
            let repo = Repo::with_commit();
            repo.git(&["config", "core.fsync", config]);
            repo.git(&["config", "chant.lockTimeout", "200"]);
            let id = repo.id("HEAD");
            repo.write(".git/refs/heads/x.lock", "");
            let started = std::time::Instant::now();
            let error = branch::create(&repo.open(), crate::git::reference::branch_name("x").unwrap().as_ref(), id, "m").unwrap_err();
            assert_eq!(error.kind, Kind::RefLocked, "{error}");
            assert!(started.elapsed().as_millis() >= 200);
        }
    }

    fn a_branch_in_the_way_is_named() {
        let repo = Repo::with_commit();
        let id = repo.id("HEAD");
        repo.git(&["branch", "chant"]);
        let name = crate::git::reference::branch_name("chant/2026-02-08-010-v7b").unwrap();
        let opened = repo.open();
        assert_eq!(branch::blocker(&opened, name.as_ref()).unwrap().unwrap().as_bstr(), "refs/heads/chant");
        let error = branch::create(&opened, name.as_ref(), id, "m").unwrap_err();
        assert_eq!(error.kind, Kind::BranchBlocked);
        assert!(error.message.contains("'chant' exists"), "{error}");
        repo.git(&["branch", "a/b/c"]);
        let upper = crate::git::reference::branch_name("a/b").unwrap();
        assert_eq!(branch::blocker(&opened, upper.as_ref()).unwrap().unwrap().as_bstr(), "refs/heads/a/b/c");
        assert!(branch::blocker(&opened, crate::git::reference::branch_name("a/b2").unwrap().as_ref()).unwrap().is_none());
    }

    fn a_symbolic_ref_is_not_overwritten() {
        let repo = Repo::with_commit();
        repo.git(&["symbolic-ref", "refs/heads/alias", "refs/heads/main"]);
        let id = repo.id("HEAD");
        let name = crate::git::reference::branch_name("alias").unwrap();
        assert_eq!(branch::move_to(&repo.open(), name.as_ref(), id, id, "m").unwrap_err().kind, Kind::SymbolicRef);
    }

    fn hostile_branch_names_are_refused() {
        for bad in ["", "-x", "a..b", "a b", "a.lock", "HEAD", "a\nb", "@{", "a/"] {
            assert_eq!(crate::git::reference::branch_name(bad).unwrap_err().kind, Kind::BadBranch, "{bad:?}");
        }
    }

    fn a_forced_reflog_is_kept_where_git_keeps_none() {
        let repo = Repo::with_commit();
        let id = repo.id("HEAD");
        let opened = repo.open();
        for (name, force_log) in [("refs/chant/specs/a", true), ("refs/chant/specs/b", false)] {
            let name = gix::refs::FullName::try_from(name).unwrap();
            let swap = Swap { name: name.as_ref(), expected: None, new: Some(id), message: "chant: add", force_log };
            assert_eq!(reference::swap(&opened, &swap).unwrap(), Swapped::Done);
        }
        assert!(repo.path().join(".git/logs/refs/chant/specs/a").exists());
        assert!(!repo.path().join(".git/logs/refs/chant/specs/b").exists());
    }

    fn status_lists_both_ends_of_a_rename_and_nested_repositories() {
        let repo = Repo::with_commit();
        repo.write(".gitignore", "ignored\n");
        repo.write("with space", "x");
        repo.commit("more");
        repo.git(&["mv", "file", "renamed"]);
        repo.write("a/b", "x");
        repo.write("ignored", "x");
        repo.write("\u{e4}\t\"quoted\"", "x");
        fs::remove_file(repo.path().join("with space")).unwrap();
        git(repo.path(), &["init", "-q", "nested"]);
        repo.write("nested/inside", "x");
        let index = fs::read(repo.path().join(".git/index")).unwrap();
        let here = current(&repo.open());
        let names: Vec<_> = status(&here).unwrap().iter().map(ToString::to_string).collect();
        assert_eq!(names, ["a/b", "file", "nested", "renamed", "with space", "\u{e4}\t\"quoted\""]);
        let nested: Vec<_> = dirty(&here).unwrap().into_iter().filter(|d| d.nested).map(|d| d.path).collect();
        assert_eq!(nested, ["nested"]);
        assert!(fs::read(repo.path().join(".git/index")).unwrap() == index, "the index was written");
    }

    fn a_snapshot_holds_everything_and_touches_nothing() {
        let repo = Repo::with_commit();
        repo.write(".gitignore", "ignored\n");
        repo.commit("ignore");
        let opened = repo.open();
        let here = || current(&repo.open());
        assert_eq!(snapshot(&opened, &here(), "m", &|_| Ok(())).unwrap(), None);
        repo.write("file", "staged");
        repo.git(&["add", "file"]);
        repo.write("file", "changed again");
        repo.write("new/file", "untracked");
        repo.write("ignored", "x");
        git(repo.path(), &["init", "-q", "nested"]);
        repo.write("nested/inside", "x");
        let head = repo.id("HEAD");
        let before = (fs::read(repo.path().join(".git/index")).unwrap(), repo.git(&["status", "--porcelain"]));
        let made = snapshot(&opened, &here(), "as it was", &|_| Ok(())).unwrap().unwrap();
        assert_eq!(made.nested, ["nested"], "what it cannot hold is said");
        let after = (fs::read(repo.path().join(".git/index")).unwrap(), repo.git(&["status", "--porcelain"]));
        assert!(before == after && repo.id("HEAD") == head);
        let commit = made.commit.to_hex().to_string();
        assert_eq!(repo.git(&["ls-tree", "-r", "--name-only", &commit]), ".gitignore\nfile\nnew/file");
        assert_eq!(repo.git(&["show", &format!("{commit}:file")]), "changed again");
        assert_eq!(repo.id(&format!("{commit}^")), head);
        repo.git(&["fsck", "--strict"]);
    }

    fn a_snapshot_sees_a_change_of_the_same_size_in_the_same_second() {
        let repo = Repo::with_commit();
        repo.git(&["config", "core.trustCTime", "false"]);
        // Long ago: checked out, written to and the index, all within one second.
        let then = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_700_000_000);
        let set = |path: &str| {
            fs::File::options().write(true).open(repo.path().join(path)).unwrap().set_modified(then).unwrap();
        };
        let new = fs::read_to_string(repo.path().join("file")).unwrap().chars().rev().collect::<String>();
        set("file");
        repo.git(&["update-index", "--refresh"]);
        repo.write("file", &new);
        set("file");
        set(".git/index");
        assert_eq!(repo.git(&["--no-optional-locks", "status", "--porcelain"]).trim(), "M file", "git looks into it");
        let opened = repo.open();
        let made = snapshot(&opened, &current(&opened), "m", &|_| Ok(())).unwrap().expect("there is a change");
        assert_eq!(repo.git(&["cat-file", "blob", &format!("{}:file", made.commit.to_hex())]), new.trim_end());
    }

    fn a_snapshot_of_an_unborn_worktree_has_no_parent() {
        let repo = Repo::init(&["--object-format=sha256"]);
        let opened = repo.open();
        assert_eq!(snapshot(&opened, &current(&opened), "m", &|_| Ok(())).unwrap(), None);
        repo.write("file", "x");
        let made = snapshot(&opened, &current(&opened), "m", &|_| Ok(())).unwrap().unwrap();
        assert_eq!(repo.git(&["log", "--format=%s %p", &made.commit.to_hex().to_string()]), "m ");
    }

    fn leftovers_are_committed_as_git_itself_would() {
        let repo = Repo::with_commit();
        let here = || current(&repo.open());
        assert_eq!(commit_leftovers(&here(), "m", Hooks::Run, &[]).unwrap(), Leftovers::Vanished);
        for path in ["dir/one", "renamed", "removed", "mode"] {
            repo.write(path, path);
        }
        repo.commit("more");
        repo.git(&["config", "core.fileMode", "false"]);
        repo.git(&["rm", "-q", "removed"]);
        repo.git(&["mv", "renamed", "moved"]);
        repo.git(&["update-index", "--chmod=+x", "mode"]);
        repo.write("gone", "staged, then deleted");
        repo.write("meant", "intent to add");
        repo.git(&["add", "gone"]);
        repo.git(&["add", "-N", "meant"]);
        fs::remove_file(repo.path().join("gone")).unwrap();
        fs::remove_file(repo.path().join("file")).unwrap();
        repo.write("file/inside", "a directory in the place of a file");
        fs::remove_dir_all(repo.path().join("dir")).unwrap();
        repo.write("dir", "a file in the place of a directory");
        repo.write("a*", "a literal star");
        let left = commit_leftovers(&here(), "subject\n\n# not a comment", Hooks::Run, &[]).unwrap();
        assert_eq!(left, Leftovers::Committed);
        let expected = "A\ta*\nA\tdir\nD\tdir/one\nD\tfile\nA\tfile/inside\nA\tmeant\nM\tmode\nA\tmoved\nD\tremoved\nD\trenamed";
        let shown = repo.git(&["show", "--format=%B", "--name-status", "--no-renames"]);
        assert_eq!(shown, format!("subject\n\n# not a comment\n\n{expected}"));
        assert!(repo.git(&["ls-tree", "HEAD", "mode"]).starts_with("100755 "));
        assert_eq!(repo.git(&["status", "--porcelain"]), "");
    }

    fn leftovers_outside_a_sparse_checkout_are_committed_and_what_is_not_checked_out_stays() {
        let repo = Repo::with_commit();
        repo.write("in/a", "a");
        repo.write("out/b", "b");
        repo.commit("two directories");
        repo.git(&["sparse-checkout", "set", "in"]);
        repo.write("in/new", "x");
        repo.write("out/new", "x");
        let left = commit_leftovers(&current(&repo.open()), "m", Hooks::Run, &[]).unwrap();
        assert_eq!(left, Leftovers::Committed);
        assert_eq!(repo.git(&["show", "--format=", "--name-status"]), "A\tin/new\nA\tout/new");
    }

    fn hooks_see_leftovers_unless_told_otherwise() {
        let repo = Repo::with_commit();
        let hook = repo.path().join(".git/hooks/pre-commit");
        fs::write(&hook, "#!/bin/sh\necho 'error: not like this' >&2\nexit 1\n").unwrap();
        fs::set_permissions(&hook, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        repo.write("new", "x");
        let here = current(&repo.open());
        let left = commit_leftovers(&here, "m", Hooks::Run, &[]).unwrap();
        let (complaint, output) = ("not like this".to_owned(), "error: not like this".to_owned());
        let refusal = Refusal { command: "git commit", exit: Some(1), complaint, output };
        assert_eq!(left, Leftovers::Refused(refusal));
        assert_eq!(commit_leftovers(&here, "m", Hooks::Skip, &[]).unwrap(), Leftovers::Committed);
    }

    fn changed_paths_are_files_without_renames() {
        let repo = Repo::with_commit();
        repo.write("dir/a", "x");
        repo.write("becomes", "x");
        let old = repo.commit("old");
        repo.git(&["mv", "file", "moved"]);
        repo.write("dir/a", "y");
        fs::remove_file(repo.path().join("becomes")).unwrap();
        repo.write("becomes/a", "x");
        let new = repo.commit("new");
        let changes = history::changed_paths(&repo.open(), Some(old), new).unwrap();
        let shown: Vec<_> = changes.iter().map(|change| (change.path.to_string(), change.kind)).collect();
        let expected = [
            ("becomes", ChangeKind::Deleted),
            ("becomes/a", ChangeKind::Added),
            ("dir/a", ChangeKind::Modified),
            ("file", ChangeKind::Deleted),
            ("moved", ChangeKind::Added),
        ];
        assert_eq!(shown, expected.map(|(path, kind)| (path.to_owned(), kind)));
        assert_eq!(history::changed_paths(&repo.open(), None, old).unwrap().len(), 3);
    }

    fn commits_come_parents_first_whatever_their_dates() {
        let repo = Repo::with_commit();
        let base = repo.id("HEAD");
        let mut expected = Vec::new();
        for year in [2030, 2020, 2025] {
            let date = format!("{year}-01-01T00:00:00Z");
            repo.git(&["-c", "user.name=x", "commit", "-q", "--allow-empty", "--date", &date, "-m", &date]);
            expected.push(repo.id("HEAD"));
        }
        let (opened, tip) = (repo.open(), repo.id("HEAD"));
        assert_eq!(history::commits_between(&opened, Some(base), tip).unwrap(), expected);
        assert_eq!(history::commits_between(&opened, None, tip).unwrap().len(), 4);
        assert!(history::commits_between(&opened, Some(tip), base).unwrap().is_empty());
        assert!(history::is_ancestor(&opened, base, tip).unwrap() && !history::is_ancestor(&opened, tip, base).unwrap());
        assert!(history::is_ancestor(&opened, tip, tip).unwrap());
    }

    fn a_patch_id_survives_a_cherry_pick() {
        let repo = Repo::with_commit();
        repo.git(&["config", "diff.noprefix", "true"]);
        repo.git(&["branch", "side"]);
        repo.write("other", "x\n");
        let one = repo.commit("work");
        repo.git(&["checkout", "-q", "side"]);
        repo.write("elsewhere", "y\n");
        let unlike = repo.commit("unlike");
        repo.git(&["cherry-pick", "main"]);
        let opened = open(repo.path());
        let picked = repo.id("HEAD");
        let id = |commit| history::patch_id(&opened, commit).unwrap();
        assert!(one != picked && id(one).is_some());
        assert_eq!(id(one), id(picked));
        assert_ne!(id(one), id(unlike));
        assert!(id(repo.id("main~1")).is_some(), "a root commit has one too");
        let nothing = repo.commit("nothing");
        assert_eq!(id(nothing), None);
        let several = history::patch_ids(&open(repo.path()), &[nothing, one, unlike]).unwrap();
        assert_eq!(several, [None, id(one), id(unlike)]);
    }
}
