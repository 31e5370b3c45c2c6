//! Opening: what git refuses we refuse, and where git stands we stand.

use std::{ffi::OsStr, fs, os::unix::fs::chown, path::Path};

use crate::{
    git::tests::support::{Repo, git, git_output, isolated, probe},
    support::tools,
};

fn has(report: &str, line: &str) {
    assert!(report.lines().any(|found| found == line), "no '{line}' in:\n{report}");
}

fn has_error(report: &str, code: &str) {
    assert!(report.starts_with(&format!("error={code}: ")), "{report}");
}

isolated! {
    fn outside_a_repository_is_gits_own_error() {
        let dir = crate::support::scratch::scratch();
        let report = probe(dir.path(), &[]);
        has(&report, "error=not-a-repository: not a git repository (or any of the parent directories): .git");
        has_error(&probe(dir.path(), &[("GIT_DIR", OsStr::new("nowhere"))]), "not-a-repository");
    }

    fn a_subdirectory_belongs_to_its_repository() {
        let repo = Repo::with_commit();
        repo.write("a/b/c", "x");
        let report = probe(&repo.path().join("a/b"), &[]);
        has(&report, &format!("work_dir='{}'", repo.path().display()));
        has(&report, &format!("git_dir={}", repo.path().join(".git").display()));
        has(&report, "bare=false linked=false silent=false");
    }

    fn the_environment_names_repository_and_work_tree_as_for_git() {
        let (repo, other) = (Repo::with_commit(), Repo::with_commit());
        let git_dir = repo.path().join(".git");
        // GIT_DIR alone: the working directory is the work tree, as git has it.
        let report = probe(other.path(), &[("GIT_DIR", git_dir.as_os_str())]);
        has(&report, &format!("git_dir={}", git_dir.display()));
        has(&report, &format!("work_dir='{}'", other.path().display()));
        has(&report, &format!("git_says={}", git_dir.display()));
        // A directory in the work tree of the repository is no work tree.
        repo.write("a/b", "x");
        has_error(&probe(&repo.path().join("a"), &[("GIT_DIR", OsStr::new("../.git"))]), "unsupported-repository");
        let vars = [("GIT_DIR", OsStr::new("../.git")), ("GIT_WORK_TREE", OsStr::new(".."))];
        assert!(!probe(&repo.path().join("a"), &vars).starts_with("error="));
        // Both, relative.
        let vars = [("GIT_DIR", OsStr::new("repo/.git")), ("GIT_WORK_TREE", OsStr::new("repo"))];
        let report = probe(repo.parent(), &vars);
        has(&report, &format!("git_dir={}", git_dir.display()));
        has(&report, &format!("work_dir='{}'", repo.path().display()));
        // The work tree alone.
        let report = probe(repo.path(), &[("GIT_WORK_TREE", other.path().as_os_str())]);
        has(&report, &format!("work_dir='{}'", other.path().display()));
    }

    fn ceilings_stop_the_search() {
        let repo = Repo::with_commit();
        repo.write("a/b", "x");
        let dir = repo.path().join("a");
        has_error(&probe(&dir, &[("GIT_CEILING_DIRECTORIES", repo.path().as_os_str())]), "not-a-repository");
        has(&probe(&dir, &[("GIT_CEILING_DIRECTORIES", OsStr::new("/nonexistent"))]), "bare=false linked=false silent=false");
    }

    fn trap_c_overrides_of_git_c_arrive_and_reach_another_worktree() {
        let repo = Repo::with_commit();
        repo.git(&["worktree", "add", "-q", "../linked"]);
        let linked = repo.parent().join("linked");
        let git_dir = repo.path().join(".git");
        for value in ["'chant.agent=robot'", "'chant.agent'='robot'"] {
            let vars = [
                ("GIT_CONFIG_PARAMETERS", OsStr::new(value)),
                ("GIT_DIR", git_dir.as_os_str()),
                ("GIT_WORK_TREE", repo.path().as_os_str()),
                ("OTHER", linked.as_os_str()),
            ];
            let report = probe(repo.path(), &vars);
            has(&report, "agent=Ok(Some(\"robot\"))");
            has(&report, "other_agent=Some(Some(\"robot\"))");
            has(&report, &format!("other='{}'", linked.display()));
        }
        has_error(&probe(repo.path(), &[("GIT_CONFIG_PARAMETERS", OsStr::new("chant.agent=x"))]), "bad-config");
        let counted = [("GIT_CONFIG_COUNT", "1"), ("GIT_CONFIG_KEY_0", "chant.agent"), ("GIT_CONFIG_VALUE_0", "counted")];
        let counted: Vec<_> = counted.iter().map(|(name, value)| (*name, OsStr::new(value))).collect();
        has(&probe(repo.path(), &counted), "agent=Ok(Some(\"counted\"))");
    }

    fn reopening_the_main_worktree_ignores_the_environments_work_tree() {
        let repo = Repo::with_commit();
        let elsewhere = crate::support::scratch::scratch();
        let vars = [("GIT_WORK_TREE", elsewhere.path().as_os_str()), ("OTHER", repo.path().as_os_str())];
        has(&probe(repo.path(), &vars), &format!("other='{}'", repo.path().display()));
    }

    fn trap_b_a_repository_of_another_user_is_refused_unless_it_is_declared_safe() {
        let repo = Repo::with_commit();
        if !tools::need_that(chown_all(repo.path(), 12345).is_ok(), "root, who alone can give a repository to another user") {
            return;
        }
        let report = probe(repo.path(), &[]);
        let theirs = git_output(repo.path(), &["status"]);
        assert_eq!(theirs.status.code(), Some(128), "git itself refuses");
        has(&report, &format!("error=dubious-ownership: detected dubious ownership in repository at '{}'", repo.path().display()));
        assert!(report.contains("git config --global --add safe.directory "), "{report}");
        git(repo.parent(), &["config", "--global", "safe.directory", repo.path().to_str().unwrap()]);
        has(&probe(repo.path(), &[]), "bare=false linked=false silent=false");
    }

    fn trap_a_unknown_extensions_and_versions_are_refused_before_anything_is_written() {
        let repo = Repo::with_commit();
        repo.git(&["config", "extensions.madeUp", "true"]);
        // git ignores unknown extensions at version 0, and so do we.
        has(&probe(repo.path(), &[]), "bare=false linked=false silent=false");
        repo.git(&["config", "core.repositoryFormatVersion", "1"]);
        assert_eq!(git_output(repo.path(), &["status"]).status.code(), Some(128), "git itself refuses");
        has(&probe(repo.path(), &[]), "error=unsupported-repository: unknown repository extension found: 'madeup'");
        fs::write(repo.path().join(".git/config"), "[core]\n\trepositoryFormatVersion = 2\n").unwrap();
        has_error(&probe(repo.path(), &[]), "unsupported-repository");
        // What is in the global configuration is not about this repository.
        fs::write(repo.path().join(".git/config"), "[core]\n\trepositoryFormatVersion = 1\n").unwrap();
        git(repo.path(), &["config", "--global", "extensions.madeUp", "true"]);
        has(&probe(repo.path(), &[]), "bare=false linked=false silent=false");
    }

    fn trap_a_reftables_are_refused_with_the_way_out() {
        let dir = crate::support::scratch::scratch();
        let made = git_output(dir.path(), &["init", "-q", "--ref-format=reftable", "."]).status.success();
        if !tools::need_that(made, "a git that knows reftables") {
            return;
        }
        let report = probe(dir.path(), &[]);
        has_error(&report, "unsupported-repository");
        assert!(report.contains("git refs migrate --ref-format=files"), "{report}");
    }

    fn a_linked_worktree_knows_its_main_one() {
        let repo = Repo::with_commit();
        repo.git(&["worktree", "add", "-q", "-b", "side", "../linked"]);
        let linked = repo.parent().join("linked");
        let report = probe(&linked, &[]);
        has(&report, &format!("work_dir='{}'", linked.display()));
        has(&report, &format!("main='{}'", repo.path().display()));
        has(&report, &format!("git_dir={}", repo.path().join(".git/worktrees/linked").display()));
        has(&report, &format!("common_dir={}", repo.path().join(".git").display()));
        has(&report, "bare=false linked=true silent=false");
        assert!(report.contains("refs/heads/side"), "{report}");
    }

    fn a_bare_repository_has_no_work_tree_but_its_linked_ones() {
        let repo = Repo::with_commit();
        let bare = repo.parent().join("bare.git");
        git(repo.parent(), &["clone", "-q", "--bare", "repo", "bare.git"]);
        let report = probe(&bare, &[]);
        has(&report, "work_dir=none");
        has(&report, "main=none");
        has(&report, "bare=true linked=false silent=false");
        has(&report, &format!("git_says={}", bare.display()));
        git(&bare, &["worktree", "add", "-q", "../tree", "main"]);
        let report = probe(&repo.parent().join("tree"), &[]);
        has(&report, "main=none");
        has(&report, "bare=false linked=true silent=false");
    }

    fn sha256_and_unborn_and_detached() {
        let repo = Repo::init(&["--object-format=sha256"]);
        has(&probe(repo.path(), &[]), "head=Branch(FullName(\"refs/heads/main\"), None)");
        repo.write("file", "x");
        let id = repo.commit("one");
        assert_eq!(id.to_hex().to_string().len(), 64);
        has(&probe(repo.path(), &[]), &format!("head=Branch(FullName(\"refs/heads/main\"), Some({id:?}))"));
        repo.git(&["checkout", "-q", "--detach"]);
        has(&probe(repo.path(), &[]), &format!("head=Detached({id:?})"));
    }

    fn silent_mode_is_a_line_of_info_exclude_seen_from_every_worktree() {
        let repo = Repo::with_commit();
        repo.git(&["worktree", "add", "-q", "../linked"]);
        let exclude = repo.path().join(".git/info/exclude");
        for line in [".chant", ".chant/", "/.chant", "/.chant/", "x\n.chant/  \ny"] {
            fs::write(&exclude, format!("{line}\n")).unwrap();
            has(&probe(&repo.parent().join("linked"), &[]), "bare=false linked=true silent=true");
        }
        for line in ["#.chant/", ".chant/specs", ".chant/\n!.chant/", "x.chant"] {
            fs::write(&exclude, format!("{line}\n")).unwrap();
            has(&probe(repo.path(), &[]), "bare=false linked=false silent=false");
        }
    }

    fn a_namespace_does_not_move_our_refs() {
        let repo = Repo::with_commit();
        has(&probe(repo.path(), &[("GIT_NAMESPACE", OsStr::new("ns"))]), "namespace=None");
    }

    fn objects_elsewhere_are_refused() {
        let repo = Repo::with_commit();
        let other = crate::support::scratch::scratch();
        has_error(&probe(repo.path(), &[("GIT_OBJECT_DIRECTORY", other.path().as_os_str())]), "unsupported-repository");
        let own = repo.path().join(".git/objects");
        has(&probe(repo.path(), &[("GIT_OBJECT_DIRECTORY", own.as_os_str())]), "bare=false linked=false silent=false");
    }
}

fn chown_all(path: &Path, uid: u32) -> std::io::Result<()> {
    chown(path, Some(uid), None)?;
    if path.is_dir() {
        for entry in fs::read_dir(path)? {
            chown_all(&entry?.path(), uid)?;
        }
    }
    Ok(())
}
