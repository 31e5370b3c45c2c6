//! Agents that are confined: what they can write is their own, honest work goes through as without, and what comes of it is checked on
//! its way into the repository. Where nothing can confine, the tests say so.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    os::unix::fs::PermissionsExt as _,
    process::{Command, Stdio},
};

use crate::{
    agent_work::{GOOD, add, worktree},
    support::{Sandbox, tools::need_that},
};

/// A sandbox with one spec, "file says two", and `script` as the agent, which is confined; none where nothing can confine here.
pub(crate) fn confined(script: &str) -> Option<(Sandbox, String)> {
    let works = Command::new("bwrap").args(["--unshare-user", "--unshare-pid", "--bind", "/", "/", "true"]).output();
    if !need_that(works.is_ok_and(|output| output.status.success()), "a bubblewrap that works") {
        return None;
    }
    let sandbox = Sandbox::new().confined();
    sandbox.agent(script);
    let id = add(&sandbox, "Make it two", &[]);
    Some((sandbox, id))
}

pub(crate) fn completes(sandbox: &Sandbox, id: &str) {
    sandbox.chant(&["work", id]).ok();
    assert_eq!((sandbox.status(id).as_str(), sandbox.read("file").as_str()), ("completed", "two\n"));
    sandbox.git(&["fsck", "--strict"]);
}

#[test]
fn honest_work_is_merged_and_the_record_says_how_it_was_confined() {
    let script = format!(
        "git branch mine; echo x >x; git add x; git commit -qm X; git commit -q --amend -m 'Add x'; echo y >y; git stash -qu; git gc -q;
        git stash pop -q; git worktree add -q \"$HOME/other\" HEAD; git config user.nickname A; git merge -q main; {GOOD}"
    );
    let Some((sandbox, id)) = confined(&script) else { return };
    let before = sandbox.git(&["config", "--local", "--list"]);
    completes(&sandbox, &id);
    assert_eq!((sandbox.read("x"), sandbox.read("y")), ("x\n".into(), "y\n".into()));
    assert_eq!(sandbox.git(&["config", "--local", "--list"]), before);
    assert_eq!(sandbox.git(&["branch", "--format=%(refname:short)"]), "main");
    let log = sandbox.git(&["log", "--format=%(trailers:key=Chant-Confined,valueonly)", &format!("chant/specs/{id}")]);
    assert!(log.contains("bubblewrap"), "{log}");
    let made = sandbox.dir().join("home/.gitconfig");
    assert!(!made.exists(), "what had to stay absent is absent");
}

#[test]
fn nothing_of_the_repository_can_be_written_and_the_work_is_merged_all_the_same() {
    let Some((sandbox, id)) = confined("") else { return };
    let origin = sandbox.dir().join("origin.git");
    sandbox.git(&["clone", "-q", "--bare", ".", origin.to_str().unwrap()]);
    sandbox.git(&["remote", "add", "origin", origin.to_str().unwrap()]);
    // Beside the main worktree, and so beside the agent's: git reads the address from the top of either.
    sandbox.git(&["remote", "add", "beside", "../origin.git"]);
    let other = sandbox.dir().join("other-tree");
    sandbox.git(&["worktree", "add", "-q", "-b", "other", other.to_str().unwrap()]);
    let repo = sandbox.repo.display();
    let attempts = [
        "git push -q beside HEAD:main".into(),
        format!("echo x >>{repo}/file"),
        format!("git -C {repo} add -A"),
        format!("echo '[a]' >>{repo}/.git/config"),
        format!("git --git-dir {repo}/.git config a.b c"),
        format!("echo x >{repo}/.git/hooks/post-merge"),
        format!("git --git-dir {repo}/.git update-ref refs/heads/main HEAD~0"),
        format!("git --git-dir {repo}/.git branch x"),
        format!("echo x >{repo}/.git/info/attributes"),
        format!("echo x >{repo}/.git/info/grafts"),
        format!("echo /tmp >{repo}/.git/objects/info/alternates"),
        format!("echo x | git --git-dir {repo}/.git hash-object -w --stdin"),
        format!("echo x >{repo}/.git/chant/trusted/x"),
        format!("echo x >{repo}/.git/chant/new"),
        format!("echo x >{}/file", other.display()),
        format!("echo x >{}/new", other.display()),
        "echo x >\"$HOME/.gitconfig\"".into(),
        "git config --global a.b c".into(),
        "mkdir -p \"$HOME/.config/git/hooks\"".into(),
        "echo x >.git".into(),
        "echo x >\"$(git rev-parse --git-dir)/commondir\"".into(),
        "echo x >\"$(git rev-parse --git-dir)/config.worktree\"".into(),
        "git push -q origin HEAD:main".into(),
        format!("git push -q {} HEAD:main", origin.display()),
        format!("mv {repo} {repo}-away"),
        format!("umount {repo}"),
    ];
    let tried: String = attempts
        .iter()
        .map(|one| format!("( {one} ) >/dev/null 2>>../said && echo '{}' >>../allowed\n", one.replace('\'', "-")))
        .collect();
    sandbox.agent(&format!("{tried}true\n{GOOD}"));
    let before = [vec!["for-each-ref", "refs/heads/main", "refs/heads/other"], vec!["status", "--porcelain"]]
        .map(|args| sandbox.git(&args));
    sandbox.chant(&["work", &id, "--no-merge"]).ok();
    assert_eq!(fs::read_to_string(sandbox.dir().join("allowed")).unwrap_or_default(), "");
    let said = fs::read_to_string(sandbox.dir().join("said")).unwrap();
    assert!(said.contains("Read-only file system"), "{said}");
    let after = [vec!["for-each-ref", "refs/heads/main", "refs/heads/other"], vec!["status", "--porcelain"]]
        .map(|args| sandbox.git(&args));
    assert_eq!(after, before);
    sandbox.chant(&["merge", &id]).ok();
    assert_eq!(sandbox.read("file"), "two\n");
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn work_that_is_no_sound_history_is_refused_by_name_and_kept() {
    for (script, named) in [
        (
            "git checkout -q --orphan new; git commit -qm new; git branch -f chant/$CHANT_SPEC_ID new; git checkout -q chant/$CHANT_SPEC_ID",
            "does not descend",
        ),
        (
            "blob=$(echo x | git hash-object -w --stdin); sub=$(printf '100644 blob %s\\tconfig\\n' $blob | git mktree); \
             tree=$( (git ls-tree HEAD; printf '040000 tree %s\\t.GIT\\n' $sub) | git mktree); \
             git update-ref refs/heads/chant/$CHANT_SPEC_ID $(git commit-tree -p HEAD -m bad $tree)",
            "git refuses the objects",
        ),
        ("mkfifo $(git rev-parse --git-dir)/logs/fifo", "was a FIFO"),
        ("mkfifo $(git rev-parse --git-dir)/locked", "was a FIFO"),
        ("cd $(git rev-parse --git-common-dir); rm config; mkfifo config", "was a FIFO"),
        ("cd $(git rev-parse --git-common-dir); ln -sf /dev/zero packed-refs", "was a FIFO, a device or a link"),
        ("git checkout -q -b elsewhere", "'elsewhere'"),
    ] {
        let Some((sandbox, id)) = confined(&format!("{GOOD}; git add -A; git commit -qm Work; {script}")) else {
            return;
        };
        let ran = sandbox.chant(&["work", &id]).fails(1, &[named]);
        let stays = ran.err.contains("its commits and its configuration stay in '");
        assert!(stays || named.starts_with("was a FIFO") || named == "'elsewhere'", "{}", ran.err);
        assert_eq!((sandbox.status(&id).as_str(), sandbox.read("file").as_str()), ("failed", "one\n"), "{named}");
        assert!(worktree(&sandbox, &id).is_dir());
        let kept = fs::read_dir(sandbox.repo.join(".git/chant/runs")).unwrap().next().unwrap().unwrap();
        assert!(kept.path().join("git/objects").is_dir());
    }
}

#[test]
fn hooks_that_see_what_it_left_are_confined_too() {
    let Some((sandbox, id)) = confined(&format!(
        "printf '#!/bin/sh\\necho x >{{repo}}/.git/x; echo ran >ran-hook\\n' >hooks/pre-commit; {GOOD}"
    )) else {
        return;
    };
    sandbox.write("hooks/pre-commit", "#!/bin/sh\n");
    fs::set_permissions(sandbox.repo.join("hooks/pre-commit"), fs::Permissions::from_mode(0o755)).unwrap();
    sandbox.commit("Hooks");
    sandbox.git(&["config", "core.hooksPath", "hooks"]);
    let script = fs::read_to_string(sandbox.dir().join("agent.sh")).unwrap();
    fs::write(sandbox.dir().join("agent.sh"), script.replace("{repo}", sandbox.repo.to_str().unwrap())).unwrap();
    sandbox.chant(&["work", &id]);
    assert!(!sandbox.repo.join(".git/x").exists());
}

/// The escape that a test looks for: a file where a confined run can make none.
const ESCAPE: &str = "touch {repo}/.git/escaped 2>/dev/null";

#[test]
#[ignore = "slow: .ci/run runs it"]
fn what_it_wrote_is_never_run_outside_by_a_git_of_ours() {
    let filter = format!("printf '#!/bin/sh\\n{ESCAPE}\\ncat\\n' >clean");
    // Git looks into a repository in the worktree as into a submodule, and runs what its configuration says.
    let inner = format!(
        "git init -q sub; ( cd sub; echo a >a; git add a; git commit -qm A; echo '* filter=x' >.git/info/attributes;
        git config filter.x.clean '{ESCAPE}; cat' ); git add sub 2>/dev/null; git commit -qm Sub; echo b >sub/a"
    );
    for script in [filter, inner] {
        let Some((sandbox, _)) = confined("") else { return };
        sandbox.write("clean", "#!/bin/sh\ncat\n");
        fs::set_permissions(sandbox.repo.join("clean"), fs::Permissions::from_mode(0o755)).unwrap();
        sandbox.write(".gitattributes", "*.y filter=y\n");
        sandbox.write("a.y", "1\n");
        sandbox.git(&["config", "filter.y.clean", "./clean"]);
        sandbox.commit("A filter of the repository");
        let script = script.replace("{repo}", sandbox.repo.to_str().unwrap());
        let look = "git add -A; git commit -qm Work; touch -d '1 hour ago' a.y";
        sandbox.agent(&format!("{script}; {GOOD}; {look}; test ! -e \"$HOME/waits\" || {{ echo ready; sleep 60; }}"));
        let escaped = || sandbox.repo.join(".git/escaped").exists();
        let id = add(&sandbox, "Make it two", &[]);
        // Merged, the filter would be the person's own.
        sandbox.chant(&["work", &id, "--no-merge"]);
        sandbox.chant(&["reset", &id]);
        assert!(!escaped(), "at the end of a run, or when its worktree is removed: {script}");
        fs::write(sandbox.dir().join("home/waits"), "").unwrap();
        let id = add(&sandbox, "Stopped", &[]);
        let mut child = sandbox.binary(&["work", &id]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.as_mut().unwrap()).lines();
        assert!(lines.any(|line| line.unwrap().contains("ready")));
        sandbox.chant(&["pause", &id]);
        child.wait_with_output().unwrap();
        for command in ["show", "reset", "prune"] {
            sandbox.chant(&[command, &id]);
        }
        assert!(!escaped(), "when its worktree is looked at or removed: {script}");
    }
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn nothing_is_written_through_a_link_in_the_git_directory_of_its_worktree() {
    for name in ["COMMIT_EDITMSG", "logs/HEAD", "logs"] {
        let Some((sandbox, id)) = confined("") else { return };
        let victim = sandbox.repo.join(if name == "logs" { ".git/kept" } else { ".git/kept/HEAD" });
        fs::create_dir(sandbox.repo.join(".git/kept")).unwrap();
        fs::write(sandbox.repo.join(".git/kept/HEAD"), "kept\n").unwrap();
        let victim = victim.display();
        sandbox.agent(&format!("{GOOD}; cd $(git rev-parse --git-dir); rm -rf {name}; ln -s {victim} {name}"));
        sandbox.chant(&["work", &id]).fails(1, &[&format!("{name}' was a FIFO, a device or a link")]);
        assert_eq!(fs::read_to_string(sandbox.repo.join(".git/kept/HEAD")).unwrap(), "kept\n", "{name}");
        assert_eq!((sandbox.status(&id).as_str(), sandbox.read("file").as_str()), ("failed", "one\n"), "{name}");
        sandbox.agent(GOOD);
        sandbox.chant(&["reset", &id]).ok();
        completes(&sandbox, &id);
    }
}

#[test]
fn objects_that_it_put_elsewhere_come_in() {
    let script = format!(
        "c=$(git rev-parse --git-common-dir); e=\"$HOME/else\"; mkdir -p $e; echo $e >>$c/objects/info/alternates; {GOOD}; export GIT_OBJECT_DIRECTORY=$e \
         GIT_ALTERNATE_OBJECT_DIRECTORIES=$c/objects; git add -A; git commit -qm Work"
    );
    let Some((sandbox, id)) = confined(&script) else { return };
    sandbox.chant(&["work", &id]).ok();
    fs::remove_dir_all(sandbox.dir().join("home/else")).unwrap();
    sandbox.git(&["fsck", "--strict"]);
    assert!(
        !sandbox.repo.join(".git/chant/runs").read_dir().unwrap().any(|_| true),
        "with the attempt goes what its run kept"
    );
}

#[test]
fn a_parent_directory_that_was_replaced_is_named() {
    let script = format!("{GOOD}; cd /; mv {{dir}} {{dir}}-away; cp -a {{dir}}-away {{dir}}");
    let mut sandbox = Sandbox::new();
    let id = add(&sandbox, "Make it two", &[]);
    let dir = sandbox.repo.parent().unwrap().join("up");
    fs::create_dir(&dir).unwrap();
    let moved = dir.join("repo");
    fs::rename(&sandbox.repo, &moved).unwrap();
    sandbox.repo = moved;
    sandbox.agent(&script.replace("{dir}", dir.to_str().unwrap()));
    let ran = sandbox.chant(&["work", &id]);
    assert_ne!(ran.code, 0, "{}{}", ran.out, ran.err);
    assert!(ran.err.contains("was replaced") || ran.err.contains("No such file"), "{}", ran.err);

    // One that is only gone can come back.
    let mut sandbox = Sandbox::new();
    let id = add(&sandbox, "Make it two", &[]);
    let (dir, away) = (sandbox.dir().join("up"), sandbox.dir().join("away"));
    fs::create_dir(&dir).unwrap();
    fs::rename(&sandbox.repo, dir.join("repo")).unwrap();
    sandbox.repo = dir.join("repo");
    sandbox.agent(&format!("cd /; mv {} {}", dir.display(), away.display()));
    sandbox
        .chant(&["work", &id])
        .fails(128, &["the repository was moved during the run", "move it back, then: git chant"]);
    fs::rename(&away, &dir).unwrap();
    sandbox.agent(GOOD);
    sandbox.chant(&["work", &id]).ok();
}

#[test]
fn without_a_sandbox_require_refuses_and_auto_says_none() {
    let sandbox = Sandbox::new().confined();
    let bin = sandbox.dir().join("bin");
    fs::create_dir(&bin).unwrap();
    fs::write(bin.join("bwrap"), "#!/bin/sh\necho 'bwrap: nothing works' >&2\nexit 1\n").unwrap();
    fs::set_permissions(bin.join("bwrap"), fs::Permissions::from_mode(0o755)).unwrap();
    sandbox.agent(GOOD);
    let id = add(&sandbox, "Make it two", &[]);
    let path =
        sandbox.binary(&[]).get_envs().find_map(|(name, path)| path.filter(|_| name == "PATH").map(ToOwned::to_owned));
    let path = std::env::join_paths([bin].into_iter().chain(std::env::split_paths(&path.unwrap()))).unwrap();
    let work = || sandbox.run(sandbox.binary(&["work", &id]).env("PATH", &path));
    work().fails(1, &["cannot confine the agent", "nothing works", "git config chant.confine auto"]);
    assert_eq!(sandbox.status(&id), "pending");
    // Nor does git of our own run there what an earlier, confined run left.
    let left = add(&sandbox, "Left", &[]);
    sandbox.chant(&["work", &left, "--no-merge"]).ok();
    sandbox.git(&["config", "filter.y.clean", "./clean"]);
    let reset = || sandbox.run(sandbox.binary(&["reset", &left]).env("PATH", &path));
    reset().fails(1, &["cannot confine git in the worktree", "nothing works", "git config chant.confine auto"]);
    assert!(worktree(&sandbox, &left).is_dir());
    sandbox.git(&["config", "chant.confine", "auto"]);
    work().ok();
    let log = sandbox.git(&["log", "--format=%(trailers:key=Chant-Confined,valueonly)", &format!("chant/specs/{id}")]);
    assert!(log.contains("none"), "{log}");
    reset().ok();
    assert!(!sandbox.git(&["for-each-ref", "refs/heads"]).contains("chant/"));
}

/// Works on its first run until it is ended, with a commit, a stash and a change behind it; does the rest on its second.
const TWO_RUNS: &str = "if [ ! -e \"$HOME/began\" ]; then
    touch \"$HOME/began\"
    echo half >new; git add new; git commit -qm Half; echo stashed >file; git stash -q; echo more >>file; echo ready
    trap 'echo saved >\"$HOME/saved\"; exit 1' TERM
    while :; do sleep 0.1; done
fi
git log --format=%s | grep -q Half || exit 3
git checkout -q file; git stash pop -q || exit 4
echo two >file; tick";

#[test]
#[ignore = "slow: .ci/run runs it"]
fn paused_or_killed_it_goes_on_with_all_that_it_had() {
    for kill in [false, true] {
        let Some((sandbox, id)) = confined(TWO_RUNS) else { return };
        let mut child = sandbox.binary(&["work", &id]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.as_mut().unwrap()).lines();
        assert!(lines.any(|line| line.unwrap().contains("ready")));
        if kill {
            child.kill().unwrap();
        } else {
            sandbox.chant(&["pause", &id]).ok();
        }
        child.wait_with_output().unwrap();
        assert_eq!(sandbox.dir().join("home/saved").exists(), !kill, "the agent has its time to end");
        completes(&sandbox, &id);
        assert_eq!(sandbox.read("new"), "half\n");
    }
}

#[test]
fn a_conflict_is_resolved_by_an_agent_that_is_confined() {
    let Some((sandbox, id)) = confined(GOOD) else { return };
    sandbox.chant(&["work", &id, "--no-merge"]).ok();
    sandbox.write("file", "three\n");
    sandbox.git(&["commit", "-qam", "Three"]);
    let denied = format!("echo x >{}/.git/x 2>/dev/null && exit 9", sandbox.repo.display());
    sandbox.agent(&format!("{denied}; echo two >file; git add file; git commit -qm Resolved"));
    sandbox.chant(&["merge", &id, "--agent"]).ok();
    assert_eq!((sandbox.status(&id).as_str(), sandbox.read("file").as_str()), ("completed", "two\n"));
    sandbox.git(&["fsck", "--strict"]);
}

#[test]
fn several_at_once_are_confined_each_by_itself() {
    let Some((sandbox, first)) = confined("echo $CHANT_SPEC_ID >$CHANT_SPEC_ID; git add -A; git commit -qm Work; tick")
    else {
        return;
    };
    let second = add(&sandbox, "Another", &[]);
    sandbox.chant(&["work", "--all", "--jobs", "2"]).ok();
    for id in [first, second] {
        assert_eq!(sandbox.status(&id), "completed");
        assert_eq!(sandbox.read(&id), format!("{id}\n"));
    }
    sandbox.git(&["fsck", "--strict"]);
}

#[test]
fn what_is_kept_read_only_and_what_is_opened_is_the_person_s_to_say() {
    let script =
        format!("echo x >\"$HOME/closed\" 2>/dev/null && exit 8; echo x >>{{repo}}/target/x || exit 9; {GOOD}");
    let Some((sandbox, id)) = confined("") else { return };
    fs::write(sandbox.dir().join("home/closed"), "").unwrap();
    sandbox.write("target/x", "");
    sandbox.git(&["config", "chant.confine.readonly", "~/closed"]);
    sandbox.git(&["config", "chant.confine.writable", sandbox.repo.join("target").to_str().unwrap()]);
    sandbox.agent(&script.replace("{repo}", sandbox.repo.to_str().unwrap()));
    completes(&sandbox, &id);
    assert_eq!(sandbox.read("target/x"), "x\n");
    // Strictly: the home is closed as well.
    sandbox.git(&["config", "chant.confine.strict", "true"]);
    sandbox.write("file", "one\n");
    sandbox.git(&["commit", "-qm", "Back", "file"]);
    sandbox.agent(&format!("echo x >\"$HOME/open\" 2>/dev/null && exit 8; echo x >\"$TMPDIR/x\" || exit 9; {GOOD}"));
    let id = add(&sandbox, "Strictly", &[]);
    completes(&sandbox, &id);
}

#[test]
fn a_repository_that_is_mounted_twice_is_closed_at_both_places() {
    let works = Command::new("unshare").args(["-m", "true"]).output();
    if !need_that(works.is_ok_and(|output| output.status.success()), "the right to mount") {
        return;
    }
    let Some((sandbox, id)) = confined("") else { return };
    let twice = sandbox.dir().join("twice");
    fs::create_dir(&twice).unwrap();
    sandbox.agent(&format!("echo x >{}/.git/x 2>/dev/null && exit 8; {GOOD}", twice.display()));
    let script = "mount --bind \"$1\" \"$2\" && exec git chant work \"$3\"";
    let mut work = sandbox.command_in(&sandbox.repo, "unshare");
    work.args(["-m", "sh", "-c", script, "sh"]).arg(&sandbox.repo).arg(&twice).arg(&id);
    sandbox.run(&mut work).ok();
    assert_eq!((sandbox.status(&id).as_str(), sandbox.read("file").as_str()), ("completed", "two\n"));
    assert!(!sandbox.repo.join(".git/x").exists());
}

#[test]
fn a_stash_that_the_agent_left_is_kept_and_named() {
    let script = format!("echo first >file; git stash -q; echo second >file; git stash -qm Second; {GOOD}");
    let Some((sandbox, id)) = confined(&script) else { return };
    let ran = sandbox.chant(&["work", &id]).ok();
    let refs = sandbox.git(&["for-each-ref", "--format=%(refname)", &format!("refs/chant-local/attempts/{id}/")]);
    let refs: Vec<&str> = refs.lines().collect();
    assert_eq!(refs.len(), 2, "{refs:?}");
    for (name, text) in refs.iter().zip(["first\n", "second\n"]) {
        assert!(ran.err.contains(&format!("to apply it: git stash apply {name}")), "{}", ran.err);
        let mut git = sandbox.command_in(&sandbox.repo, "git");
        assert_eq!(sandbox.run(git.args(["show", &format!("{name}:file")])).out, text);
    }
    sandbox.git(&["fsck", "--strict"]);
    sandbox.chant(&["prune"]).fails(0, &refs);
    assert!(sandbox.try_git(&["rev-parse", "--verify", "-q", refs[0]]).code == 0);
}

#[test]
fn a_check_that_is_killed_says_nothing_of_the_work_that_came_in() {
    let Some((sandbox, id)) = confined("cat >../prompt; echo two >file; tick") else { return };
    let path = format!(".chant/specs/{id}.md");
    sandbox.write(&path, &sandbox.read(&path).replacen("---\n", "---\nverify: sleep 100\n", 1));
    let work = sandbox.binary(&["work", &id, "--trust"]).stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
    let mut work = work.unwrap();
    let mut said = BufReader::new(work.stderr.take().unwrap()).lines();
    assert!(said.any(|line| line.unwrap().contains("Checking sleep 100")));
    work.kill().unwrap();
    work.wait().unwrap();
    let ran = sandbox.chant(&["recover"]);
    assert!(ran.err.contains("its work is kept") && !ran.err.contains("not brought"), "{}", ran.err);
    assert_eq!(sandbox.git(&["show", &format!("chant/{id}:file")]), "two");
}

#[test]
fn an_agent_that_splits_a_spec_can_write_nothing_of_the_repository() {
    let Some((sandbox, id)) = confined("") else { return };
    let repo = sandbox.repo.display();
    let tries = [
        format!("touch {repo}/stray"),
        format!("git -C {repo} config core.fsmonitor 'touch stray'"),
        format!("git -C {repo} commit -q --allow-empty -m stray"),
        format!("cd {repo} && git chant cancel {id}"),
        format!("cd {repo} && env -u CHANT_SPEC_ID git chant cancel {id}"),
    ];
    let tries: Vec<String> = tries.iter().map(|one| format!("({one}) >&2 && echo '## Did {}'", one.len())).collect();
    let parts = "printf '## One\n\nFirst of %s.\n\n## Two\n\nSecond.\n' \"$CHANT_SPEC_ID\"; pwd >place && rm place";
    sandbox.agent(&format!("{}; {parts}", tries.join("; ")));
    let before = (sandbox.read(".git/config"), sandbox.git(&["rev-parse", "HEAD"]));
    sandbox.git(&["config", "chant.confine", "require"]);
    let config = sandbox.read(".git/config");
    let ran = sandbox.chant(&["split", &id, "--yes"]).ok();
    assert!(ran.err.contains("1. One") && !ran.err.contains("Did "), "{}", ran.err);
    assert!(!sandbox.repo.join("stray").exists());
    assert_eq!((sandbox.read(".git/config"), sandbox.git(&["rev-parse", "HEAD"])), (config, before.1));
    assert_eq!(sandbox.status(&id), "pending");
    let first = sandbox.read(&format!(".chant/specs/{id}.1.md"));
    assert!(first.contains(&format!("First of {id}.")), "it is told its spec: {first}");
    assert!(!sandbox.repo.join(".git/chant/leases").read_dir().unwrap().any(|_| true), "no lease is left");
}

#[test]
fn no_agent_splits_a_spec_without_the_sandbox_that_is_required() {
    let sandbox = Sandbox::new();
    sandbox.git(&["config", "chant.confine", "require"]);
    sandbox.agent("touch \"$HOME/ran\"; echo '## One'");
    let id = sandbox.add(&["Make it two"]);
    let bin = sandbox.dir().join("nothing");
    fs::create_dir(&bin).unwrap();
    fs::write(bin.join("bwrap"), "#!/bin/sh\nexit 1\n").unwrap();
    fs::set_permissions(bin.join("bwrap"), fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let split = |sandbox: &Sandbox| sandbox.run(sandbox.binary(&["split", &id, "--yes"]).env("PATH", &path));
    split(&sandbox).fails(1, &["cannot confine the agent for", "git config chant.confine auto"]);
    assert!(!sandbox.dir().join("home/ran").exists());
    sandbox.git(&["config", "chant.confine", "auto"]);
    let ran = split(&sandbox).ok();
    assert!(ran.err.contains("is not confined: it can change this repository"), "{}", ran.err);
}

#[test]
fn objects_that_the_repository_borrows_cannot_be_written() {
    let Some((sandbox, id)) = confined("") else { return };
    let store = sandbox.dir().join("store.git");
    sandbox.git(&["clone", "-q", "--bare", ".", store.to_str().unwrap()]);
    let objects = store.join("objects");
    fs::write(sandbox.repo.join(".git/objects/info/alternates"), format!("{}\n", objects.display())).unwrap();
    sandbox.agent(&format!("{GOOD}; ! touch {} 2>/dev/null", objects.join("mine").display()));
    completes(&sandbox, &id);
}
