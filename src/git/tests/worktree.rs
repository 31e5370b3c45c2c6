//! Worktrees: listed, made, prepared, removed.

use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::{Path, PathBuf},
};

use crate::error::Kind;
use crate::{
    env::Env,
    git::{
        repository::{Head, Repository},
        worktree::{
            self,
            add::add,
            busy::{Operation, busy_in},
            include::prepare,
            path::default_path,
            remove::{Removed, remove},
        },
    },
};

use crate::git::tests::support::{Repo, current, git, git_output, isolated, open};

/// A worktree at `../side` on branch `chant/side`.
fn side(repo: &Repo) -> PathBuf {
    let path = repo.parent().join("side");
    repo.git(&["branch", "chant/side"]);
    add(&repo.open(), &path, crate::git::reference::branch_name("chant/side").unwrap().as_ref()).unwrap();
    path
}

fn registered(repo: &Repo) -> usize {
    repo.git(&["worktree", "list", "--porcelain"]).lines().filter(|line| line.starts_with("worktree ")).count()
}

isolated! {
    fn the_list_has_main_and_linked_with_their_heads() {
        let repo = Repo::with_commit();
        let path = side(&repo);
        repo.git(&["worktree", "add", "-q", "--detach", "../det"]);
        repo.git(&["worktree", "lock", "--reason", "a disk away", "../det"]);
        let id = repo.id("HEAD");
        for opened in [repo.open(), open(&path)] {
            let all = worktree::list(&opened).unwrap();
            assert_eq!(all.len(), 3);
            assert!(all[0].main && all[0].path == repo.path() && all[0].is_on(crate::git::reference::branch_name("main").unwrap().as_ref()));
            let det = worktree::find(&opened, &repo.parent().join("det")).unwrap().unwrap();
            assert_eq!(det.head, Some(Head::Detached(id)));
            assert_eq!(det.locked.unwrap(), "a disk away");
            let found = worktree::checked_out_in(&opened, crate::git::reference::branch_name("chant/side").unwrap().as_ref()).unwrap();
            assert_eq!(found.iter().map(|w| w.path.as_path()).collect::<Vec<_>>(), [path.as_path()]);
        }
        fs::remove_dir_all(&path).unwrap();
        let gone = worktree::find(&repo.open(), &path).unwrap().unwrap();
        assert!(gone.prunable && !gone.main);
    }

    fn a_bare_repository_lists_its_linked_ones_only() {
        let repo = Repo::with_commit();
        git(repo.parent(), &["clone", "-q", "--bare", "repo", "bare.git"]);
        let bare = repo.parent().join("bare.git");
        git(&bare, &["worktree", "add", "-q", "../tree", "main"]);
        let main = crate::git::reference::branch_name("main").unwrap();
        for opened in [open(&bare), open(&repo.parent().join("tree"))] {
            let all = worktree::list(&opened).unwrap();
            assert_eq!((all.len(), all[0].main), (1, false));
            assert_eq!(worktree::checked_out_in(&opened, main.as_ref()).unwrap().len(), 1);
        }
    }

    fn a_path_that_is_taken_is_refused_and_left_alone() {
        let repo = Repo::with_commit();
        repo.git(&["branch", "b"]);
        let name = crate::git::reference::branch_name("b").unwrap();
        let path = repo.parent().join("taken");
        fs::create_dir(&path).unwrap();
        fs::write(path.join("mine"), "x").unwrap();
        let error = add(&repo.open(), &path, name.as_ref()).unwrap_err();
        assert_eq!(error.kind, Kind::WorktreePathExists);
        assert!(error.message.contains(path.to_str().unwrap()) && path.join("mine").exists());
        assert_eq!(add(&repo.open(), &path.join("mine"), name.as_ref()).unwrap_err().kind, Kind::WorktreePathExists);
        fs::remove_file(path.join("mine")).unwrap();
        add(&repo.open(), &path, name.as_ref()).unwrap();
        assert_eq!(add(&repo.open(), &path, name.as_ref()).unwrap_err().kind, Kind::WorktreePathExists);
        // Deleted by hand: the same path works again.
        fs::remove_dir_all(&path).unwrap();
        add(&repo.open(), &path, name.as_ref()).unwrap();
        assert_eq!(registered(&repo), 2);
    }

    fn a_post_checkout_hook_runs_and_may_fail() {
        let repo = Repo::with_commit();
        let hook = repo.path().join(".git/hooks/post-checkout");
        fs::write(&hook, "#!/bin/sh\ntouch hooked\nexit 3\n").unwrap();
        fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
        assert!(side(&repo).join("hooked").exists());
    }

    fn removal_takes_everything_and_keeps_the_branch() {
        let repo = Repo::with_commit();
        let path = side(&repo);
        fs::write(path.join("file"), "changed").unwrap();
        fs::write(path.join("new"), "x").unwrap();
        repo.git(&["worktree", "lock", "../side"]);
        assert_eq!(remove(&repo.open(), &path).unwrap(), Removed::Everything);
        assert!(!path.exists() && registered(&repo) == 1);
        repo.id("chant/side");
    }

    fn only_what_is_clean_is_removed_without_force() {
        let repo = Repo::with_commit();
        let path = side(&repo);
        // A person who does not want to be shown untracked files.
        repo.git(&["config", "status.showUntrackedFiles", "no"]);
        let clean = || {
            let tree = worktree::find(&repo.open(), &path).unwrap().unwrap();
            worktree::remove::remove_clean(&repo.open(), &tree).unwrap()
        };
        fs::write(path.join("new"), "x").unwrap();
        assert!(!clean());
        fs::remove_file(path.join("new")).unwrap();
        fs::write(path.join("file"), "changed").unwrap();
        assert!(!clean());
        git(&path, &["checkout", "-q", "file"]);
        repo.git(&["worktree", "lock", "../side"]);
        assert!(!clean());
        assert!(path.join("file").exists() && registered(&repo) == 2);
        repo.git(&["worktree", "unlock", "../side"]);
        assert!(clean());
        assert!(!path.exists() && registered(&repo) == 1);
        repo.id("chant/side");
    }

    fn removal_works_from_inside_and_with_submodules_and_read_only_directories() {
        let repo = Repo::with_commit();
        let library = Repo::with_commit();
        repo.git(&["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", library.path().to_str().unwrap(), "lib"]);
        repo.commit("submodule");
        let path = side(&repo);
        git(&path, &["-c", "protocol.file.allow=always", "submodule", "--quiet", "update", "--init"]);
        fs::create_dir_all(path.join("cache/deep")).unwrap();
        fs::write(path.join("cache/deep/x"), "x").unwrap();
        fs::set_permissions(path.join("cache/deep"), fs::Permissions::from_mode(0o555)).unwrap();
        assert_eq!(remove(&open(&path), &path).unwrap(), Removed::Everything);
        assert!(!path.exists() && registered(&repo) == 1);
    }

    fn removal_of_what_was_deleted_by_hand_forgets_that_one_only() {
        let repo = Repo::with_commit();
        let path = side(&repo);
        repo.git(&["worktree", "add", "-q", "-b", "other", "../other"]);
        fs::remove_dir_all(&path).unwrap();
        fs::remove_dir_all(repo.parent().join("other")).unwrap();
        assert_eq!(remove(&repo.open(), &path).unwrap(), Removed::Registration);
        assert_eq!(registered(&repo), 2, "the other one may be on a disk that is away");
    }

    fn nothing_but_registered_worktrees_is_removed() {
        let (repo, stranger) = (Repo::with_commit(), Repo::with_commit());
        let plain = repo.parent().join("plain");
        fs::create_dir(&plain).unwrap();
        for path in [&plain, repo.path(), stranger.path(), &repo.path().join("sub")] {
            assert_eq!(remove(&repo.open(), path).unwrap_err().kind, Kind::NotAWorktree);
        }
        assert!(plain.exists() && repo.path().join("file").exists() && stranger.path().join("file").exists());
        // A person made a repository where the worktree had been.
        let path = side(&repo);
        fs::remove_file(path.join(".git")).unwrap();
        git(&path, &["init", "-q"]);
        assert_eq!(remove(&repo.open(), &path).unwrap(), Removed::DirectoryKept);
        assert!(path.join("file").exists() && registered(&repo) == 1);
    }

    fn a_worktree_without_its_git_file_is_not_worked_in() {
        let repo = Repo::with_commit();
        git(repo.parent(), &["init", "-q"]);
        let path = side(&repo);
        fs::remove_file(path.join(".git")).unwrap();
        let damaged = worktree::find(&repo.open(), &path).unwrap().unwrap();
        assert_eq!(damaged.git().unwrap_err().kind, Kind::DamagedWorktree);
    }

    fn a_branch_under_rebase_or_bisect_is_busy() {
        let repo = Repo::with_commit();
        repo.git(&["branch", "base"]);
        repo.write("file", "main\n");
        repo.commit("main");
        repo.git(&["checkout", "-q", "-b", "topic", "base"]);
        repo.write("file", "topic\n");
        repo.commit("topic");
        let busy = |name: &str| -> Vec<Operation> {
            let name = crate::git::reference::branch_name(name).unwrap();
            busy_in(&repo.open(), name.as_ref()).unwrap().into_iter().map(|(_, operation)| operation).collect()
        };
        assert_eq!(busy("topic"), []);
        for backend in ["--merge", "--apply"] {
            assert!(!git_output(repo.path(), &["rebase", "-q", backend, "main"]).status.success());
            assert_eq!((busy("topic"), busy("main")), (vec![Operation::Rebase], vec![]), "{backend}");
            repo.git(&["rebase", "--abort"]);
        }
        repo.git(&["branch", "-f", "lower", "topic"]);
        repo.write("file", "more\n");
        repo.commit("more");
        assert!(!git_output(repo.path(), &["rebase", "-q", "--update-refs", "main"]).status.success());
        assert_eq!((busy("topic"), busy("lower")), (vec![Operation::Rebase], vec![Operation::Rebase]));
        repo.git(&["rebase", "--abort"]);
        repo.git(&["bisect", "start", "-q"]);
        repo.git(&["bisect", "bad", "HEAD"]);
        repo.git(&["bisect", "good", "base"]);
        assert_eq!((busy("topic"), busy("main")), (vec![Operation::Bisect], vec![]));
        repo.git(&["bisect", "reset"]);
        assert_eq!(busy("topic"), []);
    }

    fn the_place_is_beside_main_or_where_the_configuration_says() {
        let repo = Repo::with_commit();
        let path = side(&repo);
        for opened in [repo.open(), open(&path)] {
            assert_eq!(default_path(&opened, "010-v7b").unwrap(), repo.parent().join("repo.chant-010-v7b"));
        }
        for (dir, expected) in [("../trees", repo.parent().join("trees")), ("/abs", "/abs".into()), ("in", repo.path().join("in"))] {
            repo.git(&["config", "chant.worktreeDir", dir]);
            assert_eq!(default_path(&repo.open(), "x").unwrap(), expected.join("repo.chant-x"));
        }
        let home = PathBuf::from(std::env::var_os("HOME").unwrap());
        repo.git(&["config", "chant.worktreeDir", "~/trees"]);
        assert_eq!(default_path(&repo.open(), "x").unwrap(), home.join("trees/repo.chant-x"));
    }

    fn beside_a_bare_repository() {
        let repo = Repo::init(&["--bare"]);
        assert_eq!(default_path(&repo.open(), "x").unwrap(), repo.parent().join("repo.chant-x"));
    }

    fn ignored_files_that_are_listed_are_copied_and_nothing_else() {
        let repo = Repo::with_commit();
        repo.write(".gitignore", "*.env\nsecret/\nlink\n.chant/\n");
        repo.write(".worktreeinclude", "# what a build needs\n*.env\nsecret/\nnotes\nlink\n.chant/\n!b.env\n");
        repo.commit("ignore");
        for name in ["a.env", "b.env", "secret/deep/key", "sub/c.env", "out/d.env", ".chant/specs/e.env"] {
            repo.write(name, name);
        }
        repo.write("notes", "untracked, but not ignored");
        fs::set_permissions(repo.path().join("a.env"), fs::Permissions::from_mode(0o700)).unwrap();
        symlink("/etc/passwd", repo.path().join("link")).unwrap();
        symlink("/etc/passwd", repo.path().join("secret/link.env")).unwrap();
        for (name, leads_to) in [("bin", "deep/key"), ("up", "../../a.env"), ("git", "../.git/config"), ("own", "../a.env")] {
            symlink(leads_to, repo.path().join("secret").join(name)).unwrap();
        }
        let path = side(&repo);
        let outside = crate::support::scratch::scratch();
        symlink(outside.path(), path.join("out")).unwrap();
        fs::write(path.join("sub.env"), "").unwrap();
        let opened = repo.open();
        let (main, new) = (current(&opened), worktree::find(&opened, &path).unwrap().unwrap());
        let copied = prepare(&main, &new.path, None).unwrap();
        let copied: Vec<_> = copied.iter().map(ToString::to_string).collect();
        assert_eq!(copied, ["a.env", "secret/bin", "secret/deep/key", "secret/own", "sub/c.env"]);
        assert_eq!(fs::read_to_string(path.join("secret/bin")).unwrap(), "secret/deep/key");
        assert_eq!(fs::read_to_string(path.join("secret/deep/key")).unwrap(), "secret/deep/key");
        assert_eq!(fs::metadata(path.join("a.env")).unwrap().permissions().mode() & 0o777, 0o700);
        assert!(outside.path().read_dir().unwrap().next().is_none(), "a symlink led out of the worktree");
        // A second time there is nothing to do, and what is there stays.
        fs::write(path.join("a.env"), "edited").unwrap();
        assert!(prepare(&main, &new.path, None).unwrap().is_empty());
        assert_eq!(fs::read_to_string(path.join("a.env")).unwrap(), "edited");
    }

    fn without_the_list_nothing_is_copied() {
        let repo = Repo::with_commit();
        let path = side(&repo);
        let opened = repo.open();
        let (main, new) = (current(&opened), worktree::find(&opened, &path).unwrap().unwrap());
        assert!(prepare(&main, &new.path, None).unwrap().is_empty());
        symlink("/etc/passwd", repo.path().join(".worktreeinclude")).unwrap();
        assert!(prepare(&main, &new.path, None).unwrap().is_empty());
    }

    fn a_work_tree_that_the_environment_names_is_worked_in() {
        let repo = Repo::with_commit();
        let elsewhere = crate::support::scratch::scratch();
        let elsewhere = fs::canonicalize(elsewhere.path()).unwrap();
        repo.git(&["config", "core.worktree", elsewhere.to_str().unwrap()]);
        let opened = Repository::discover(&Env::from_process().unwrap().in_dir(repo.path().join(".git"))).unwrap();
        assert_eq!(opened.work_dir(), Some(Path::new(&elsewhere)));
        let here = current(&opened);
        fs::write(elsewhere.join("new"), "x").unwrap();
        let names: Vec<_> = crate::git::status::status(&here).unwrap().iter().map(ToString::to_string).collect();
        assert_eq!(names, ["file", "new"]);
    }
}
