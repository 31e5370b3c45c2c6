//! Private repositories: git works in one as everywhere, and what it made there comes in, or is refused by name.

use std::{
    ffi::OsString,
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use super::support::{Repo, git, git_output, isolated, open};
use crate::git::{
    private::{Private, incoming::Refused},
    reference,
    repository::Repository,
    worktree::{self, Worktree},
};
use gix::{ObjectId, refs::FullName};

/// A worktree on a work branch, with its private repository.
struct Run {
    repo: Repository,
    worktree: Worktree,
    private: Private,
    branch: FullName,
    base: ObjectId,
    /// Runs a command so that its git takes the private repository for the repository.
    inside: Vec<OsString>,
}

impl Run {
    /// For the repository at `path`.
    fn new(path: &Path) -> Run {
        let repo = open(path);
        let at = path.parent().unwrap().join("work tree");
        git(path, &["worktree", "add", "-q", "-b", "chant/a", at.to_str().unwrap()]);
        Run::again(repo, &at)
    }

    fn again(repo: Repository, at: &Path) -> Run {
        let branch = FullName::try_from("refs/heads/chant/a").unwrap();
        let base = reference::read(&repo, branch.as_ref()).unwrap().unwrap();
        let private = Private::make(&repo, &repo.gix().object_hash().null(), branch.as_ref()).unwrap();
        let worktree = worktree::find(&repo, at).unwrap().unwrap();
        // What a sandbox does by a mount.
        let script = at.parent().unwrap().join("inside");
        let commondir = worktree.git_dir.join("commondir");
        let text = format!(
            "cp '{0}' '{1}'\n\"$@\"\ncode=$?\necho ../.. >'{1}'\nexit $code\n",
            private.commondir.display(),
            commondir.display()
        );
        fs::write(&script, text).unwrap();
        Run { repo, worktree, private, branch, base, inside: vec!["/bin/sh".into(), script.into()] }
    }

    fn path(&self) -> &Path {
        &self.worktree.path
    }

    /// Runs a script inside; it has to succeed.
    fn sh(&self, script: &str) -> String {
        let mut command = std::process::Command::new(&self.inside[0]);
        let output =
            command.arg(&self.inside[1]).args(["sh", "-ec", script]).current_dir(self.path()).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{script}: {said}{}", String::from_utf8_lossy(&output.stdout));
        String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
    }

    fn bring_in(&self) -> Result<ObjectId, Refused> {
        self.private.bring_in(&self.repo, &self.worktree, self.branch.as_ref(), self.base, &self.inside).unwrap()
    }

    fn branch(&self) -> Option<ObjectId> {
        reference::read(&self.repo, self.branch.as_ref()).unwrap()
    }

    /// The repository has everything, and the worktree is as the run left it.
    fn sound(&self) {
        let output = git_output(self.path(), &["fsck", "--full", "--strict", "--no-dangling"]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

isolated! {
    fn work_stays_inside_until_it_comes_in() {
        let repo = Repo::with_commit();
        let run = Run::new(repo.path());
        let before = repo.git(&["for-each-ref"]);
        run.sh("echo two >file; git commit -qam two; echo three >file; git stash -q; git branch other; git tag tag; git gc -q; \
                echo staged >new; git add new; git config a.b c; git commit -q --amend -m amended");
        assert_eq!(repo.git(&["for-each-ref"]), before);
        assert!(!repo.git(&["config", "--list"]).contains("a.b"));
        let tip = run.bring_in().unwrap();
        assert_eq!(run.branch(), Some(tip));
        assert_eq!(git(run.path(), &["log", "--format=%s", "-1"]), "amended");
        assert_eq!(git(run.path(), &["status", "--porcelain"]), "");
        run.sound();
        assert_eq!(run.bring_in(), Ok(tip), "again does no harm");
        assert!(!repo.git(&["for-each-ref"]).contains("other"));
    }

    fn what_is_staged_or_conflicted_comes_in_too() {
        let repo = Repo::with_commit();
        let run = Run::new(repo.path());
        run.sh("git checkout -q -b side; echo side >file; git commit -qam side; git checkout -q chant/a; echo ours >file; \
                git commit -qam ours; git merge -q side || true; echo more >more; git add more");
        run.bring_in().unwrap();
        run.sound();
        assert_eq!(git(run.path(), &["status", "--porcelain"]), "UU file\nA  more");
        assert_eq!(git(run.path(), &["log", "--format=%s", "-1", "MERGE_HEAD"]), "side");
    }

    fn nothing_new_leaves_everything_as_it_is() {
        let repo = Repo::with_commit();
        let run = Run::new(repo.path());
        assert_eq!(run.bring_in(), Ok(run.base));
    }

    fn what_the_repository_has_is_not_copied() {
        let repo = Repo::with_commit();
        for number in 0..150 {
            repo.write(&format!("f{number}"), &format!("{number}\n"));
        }
        repo.commit("many");
        repo.git(&["repack", "-adq"]);
        let run = Run::new(repo.path());
        run.sh("echo two >file; git commit -qam two");
        run.bring_in().unwrap();
        run.sound();
        let counted = git(run.path(), &["count-objects", "-v"]);
        assert!(counted.contains("count: 3\n") && counted.contains("packs: 1\n"), "{counted}");
    }

    fn many_objects_come_as_one_pack() {
        let repo = Repo::with_commit();
        let run = Run::new(repo.path());
        run.sh("for n in $(seq 150); do echo $n >f$n; done; git add .; git commit -qm many");
        run.bring_in().unwrap();
        run.sound();
        assert!(git(run.path(), &["count-objects", "-v"]).contains("packs: 1\n"));
    }

    fn a_branch_elsewhere_is_refused() {
        let repo = Repo::with_commit();
        repo.git(&["branch", "other"]);
        let run = Run::new(repo.path());
        run.sh("git checkout -q other");
        assert_eq!(run.bring_in(), Err(Refused::Head("ref: refs/heads/other".into())));
        run.sh("git checkout -q --detach; git branch -f chant/a; git symbolic-ref refs/heads/chant/a refs/heads/main");
        assert_eq!(run.bring_in(), Err(Refused::Symbolic));
        run.sh("git symbolic-ref --delete refs/heads/chant/a; git branch -qD chant/a || true");
        assert!(run.branch().is_some());
    }

    fn a_detached_head_brings_its_branch() {
        let repo = Repo::with_commit();
        let run = Run::new(repo.path());
        run.sh("git checkout -q --detach; git commit -q --allow-empty -m aside");
        assert_eq!(run.bring_in(), Ok(run.base));
        run.sound();
    }

    fn a_tip_that_does_not_descend_is_refused() {
        let repo = Repo::with_commit();
        let run = Run::new(repo.path());
        run.sh("git checkout -q --orphan new; git commit -qm new; git branch -f chant/a new; git checkout -q chant/a");
        let tip = run.sh("git rev-parse HEAD").parse().unwrap();
        assert_eq!(run.bring_in(), Err(Refused::Unrelated(tip)));
        assert_eq!(run.branch(), Some(run.base));
    }

    fn a_base_that_is_only_pretended_is_refused() {
        let repo = Repo::with_commit();
        let run = Run::new(repo.path());
        run.sh("git commit -q --allow-empty -m one; echo x >file; git commit -qam two; git rev-parse HEAD >\"$(git rev-parse --git-path shallow)\"; rm -r \"$(git rev-parse --git-path logs/HEAD)\" \"$(git rev-parse --git-path logs/refs)\"");
        // The run hides its first commit from its own git.
        assert!(matches!(run.bring_in(), Err(Refused::Objects(_) | Refused::Unrelated(_))));
        assert_eq!(run.branch(), Some(run.base));
    }

    fn a_tree_that_git_would_not_make_is_refused() {
        let repo = Repo::with_commit();
        let run = Run::new(repo.path());
        run.sh("blob=$(echo x | git hash-object -w --stdin); sub=$(printf '100644 blob %s\\tconfig\\n' $blob | git mktree); \
                tree=$(printf '040000 tree %s\\t.GIT\\n' $sub | git mktree); commit=$(git commit-tree -p HEAD -m bad $tree); \
                git update-ref refs/heads/chant/a $commit");
        let Err(Refused::Objects(said)) = run.bring_in() else { panic!("taken") };
        assert!(said.to_lowercase().contains("git"), "{said}");
        assert_eq!(run.branch(), Some(run.base));
        let tip = run.sh("git rev-parse chant/a");
        assert!(!git_output(run.path(), &["cat-file", "-e", &tip]).status.success(), "nothing of it came in");
    }

    fn a_file_that_would_hang_git_is_refused() {
        let repo = Repo::with_commit();
        let run = Run::new(repo.path());
        let fifo = run.worktree.git_dir.join("logs/FIFO");
        assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
        assert_eq!(run.bring_in(), Err(Refused::Special(fifo)));
    }

    fn a_branch_that_another_moved_is_not_moved() {
        let repo = Repo::with_commit();
        let run = Run::new(repo.path());
        run.sh("git commit -q --allow-empty -m theirs");
        let other = repo.commit("other");
        repo.git(&["update-ref", "refs/heads/chant/a", &other.to_string()]);
        assert_eq!(run.bring_in(), Err(Refused::Moved(Some(other))));
    }

    fn configuration_is_the_repository_s_without_its_effects() {
        let repo = Repo::with_commit();
        fs::write(repo.path().join(".git/more"), "[from]\n\tmore = yes\n").unwrap();
        for (key, value) in [
            ("core.worktree", repo.path().to_str().unwrap()), ("include.path", "more"), ("commit.gpgSign", "true"),
            ("remote.origin.url", "../origin.git"), ("remote.origin.pushurl", "../elsewhere.git"), ("alias.x", "!echo \"quoted \\\\ \"; #"),
            ("url.there:.pushInsteadOf", "../"), ("core.fsmonitor", "touch ran"),
        ] {
            repo.git(&["config", key, value]);
        }
        git(repo.parent(), &["clone", "-q", "--bare", "repo", "origin.git"]);
        git(repo.parent(), &["init", "-q", "--bare", "elsewhere.git"]);
        let run = Run::new(repo.path());
        let ran = run.path().join("ran");
        fs::remove_file(&ran).unwrap();
        assert_eq!(run.sh("git config from.more; git config commit.gpgsign; git config alias.x; git config --get-all remote.origin.pushurl"),
            "yes\nfalse\n!echo \"quoted \\\\ \"; #\npushing-is-disabled-inside-a-git-chant-run");
        assert_eq!(run.sh("git rev-parse --show-toplevel; git fetch -q origin; git status --porcelain; git push -q origin HEAD 2>&1 || echo no").lines().last(), Some("no"));
        assert_eq!(run.sh("git rev-parse --is-bare-repository"), "false");
        assert!(!ran.exists());
    }

    fn hooks_info_and_foreign_folders_are_there() {
        let repo = Repo::with_commit();
        let dir = repo.path().join(".git");
        fs::create_dir_all(dir.join("git-crypt/keys")).unwrap();
        fs::create_dir_all(dir.join("hooks/parts")).unwrap();
        fs::write(dir.join("info/exclude"), "*.o\n").unwrap();
        fs::write(repo.path().join("hook"), "#!/bin/sh\necho hooked >hooked\n").unwrap();
        fs::set_permissions(repo.path().join("hook"), fs::Permissions::from_mode(0o755)).unwrap();
        std::os::unix::fs::symlink("../../hook", dir.join("hooks/pre-commit")).unwrap();
        std::os::unix::fs::symlink("nowhere", dir.join("hooks/post-commit")).unwrap();
        let run = Run::new(repo.path());
        run.sh("git commit -q --allow-empty -m one; cat hooked; touch a.o; test -z \"$(git status --porcelain a.o)\"");
        run.sh("test -d \"$(git rev-parse --git-common-dir)/git-crypt/keys\"; test -d \"$(git rev-parse --git-path hooks)/parts\"");
        run.sh("echo changed >\"$(git rev-parse --git-path hooks)/pre-commit\"");
        assert!(fs::read_to_string(repo.path().join("hook")).unwrap().contains("hooked"));
    }

    fn every_ref_that_is_read_is_there() {
        let repo = Repo::with_commit();
        let id = repo.id("HEAD").to_string();
        for name in ["refs/chant/specs/a", "refs/chant-local/attempts/a/b", "refs/remotes/origin/main", "refs/notes/chant", "refs/replace/x"] {
            repo.git(&["update-ref", name, &id]);
        }
        repo.git(&["tag", "-a", "-m", "tag", "tag"]);
        repo.git(&["pack-refs", "--all"]);
        repo.git(&["branch", "loose"]);
        repo.git(&["symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main"]);
        repo.write("file", "stashed\n");
        repo.git(&["stash", "-q"]);
        let run = Run::new(repo.path());
        let want: Vec<String> = repo.git(&["for-each-ref", "--format=%(refname) %(objectname) %(*objectname)"]).lines()
            .filter(|line| !line.starts_with("refs/stash")).map(str::to_owned).collect();
        assert_eq!(run.sh("git for-each-ref --format='%(refname) %(objectname) %(*objectname)'").lines().collect::<Vec<_>>(), want);
        assert_eq!(run.sh("git pack-refs --all; git fsck --no-dangling; git symbolic-ref refs/remotes/origin/HEAD"), "refs/remotes/origin/main");
    }

    fn a_second_run_has_what_the_first_left() {
        let repo = Repo::with_commit();
        let run = Run::new(repo.path());
        run.sh("echo uno >file; git commit -qam one; echo two >file; git stash -q");
        run.bring_in().unwrap();
        let again = Run::again(run.repo.clone(), run.path());
        assert_eq!(again.sh("git log --format=%s | head -1; git stash pop -q; cat file; git commit -qam two"), "one\ntwo");
        again.bring_in().unwrap();
        again.sound();
        assert_eq!(git(again.path(), &["log", "--format=%s"]), "two\none\nfirst");
    }

    fn a_run_that_died_is_brought_in_later() {
        let repo = Repo::with_commit();
        let run = Run::new(repo.path());
        run.sh("echo uno >file; git commit -qam one");
        let found = Private::of(&run.repo, &run.repo.gix().object_hash().null());
        assert!(found.exists());
        let tip = found.bring_in(&run.repo, &run.worktree, run.branch.as_ref(), run.base, &run.inside).unwrap().unwrap();
        assert_eq!(run.branch(), Some(tip));
    }

    fn odd_repositories_have_private_ones_too() {
        for options in [&["--object-format=sha256"][..], &["--shared=group"]] {
            let repo = Repo::init(options);
            repo.write("file", "one\n");
            repo.commit("first");
            works(repo.path());
        }
        let repo = Repo::with_commit();
        let shallow = shallow(&repo);
        works(&shallow);
        let bare = repo.parent().join("bare.git");
        git(repo.parent(), &["clone", "-q", "--bare", "repo", "bare.git"]);
        works(&bare);
        // With it `core.bare` of the shared configuration would count.
        repo.git(&["config", "extensions.worktreeConfig", "true"]);
        repo.git(&["sparse-checkout", "set", "--no-cone", "/file"]);
        works(repo.path());
    }

    fn a_partial_clone_brings_in_what_it_can() {
        let repo = Repo::with_commit();
        repo.write("a/old", "old\n");
        repo.write("b/other", "other\n");
        repo.commit("second");
        repo.git(&["config", "uploadpack.allowFilter", "true"]);
        repo.git(&["config", "uploadpack.allowAnySHA1InWant", "true"]);
        let url = format!("file://{}", repo.path().display());
        git(repo.parent(), &["clone", "-q", "--filter=blob:none", "--no-checkout", &url, "partial"]);
        let partial = repo.parent().join("partial");
        git(&partial, &["sparse-checkout", "set", "b"]);
        git(&partial, &["checkout", "-q", "main"]);
        for (key, value) in [("user.name", "A"), ("user.email", "a@b")] {
            git(&partial, &["config", key, value]);
        }
        let run = Run::new(&partial);
        let missing = "a/old";
        run.sh("echo new >b/new; git add b; git commit -qm new");
        let tip = run.bring_in().unwrap();
        assert!(git(&partial, &["rev-list", "--objects", "--missing=print", &tip.to_string()]).contains('?'), "{missing} is not there yet");
        assert_eq!(git(run.path(), &["status", "--porcelain"]), "");
    }

    fn paths_may_hold_anything() {
        let repo = Repo::with_commit();
        let odd = repo.parent().join("a \"b\"\nc");
        fs::rename(repo.path(), &odd).unwrap();
        works(&odd);
    }
}

/// A shallow clone of `repo`.
fn shallow(repo: &Repo) -> PathBuf {
    repo.commit("second");
    git(repo.parent(), &["clone", "-q", "--depth=1", &format!("file://{}", repo.path().display()), "shallow"]);
    repo.parent().join("shallow")
}

fn works(path: &Path) {
    for (key, value) in [("user.name", "A"), ("user.email", "a@b")] {
        git(path, &["config", key, value]);
    }
    let run = Run::new(path);
    run.sh("echo more >more; git add --sparse more; git commit -qm more");
    let tip = run.bring_in().unwrap();
    assert_eq!(run.branch(), Some(tip));
    run.sound();
    git(path, &["worktree", "remove", "--force", run.path().to_str().unwrap()]);
}
