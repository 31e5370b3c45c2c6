//! Where the commands of a spec run: in a clean checkout of the commit that is recorded, prepared as a worktree is, apart from everything
//! that the agent, the person or an earlier check left.

mod built;
mod homes;
mod honest_fixes;
mod told;

use std::{fs, process::Command};

use serde_json::Value;

use crate::support::{
    Sandbox,
    tools::{need, need_that},
};

const NOTES: &str = "printf '\\n## Release Notes\\n\\nFixed.\\n' >>$CHANT_SPEC_FILE";

/// A sandbox with these files committed, and `script` as the agent.
fn with(files: &[(&str, &str)], script: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    files.iter().for_each(|(path, text)| sandbox.write(path, text));
    sandbox.git(&["add", "-A"]);
    sandbox.git(&["commit", "-q", "--allow-empty", "-m", "Files"]);
    sandbox.agent(script);
    sandbox
}

/// Has every check confined; false where nothing can confine here.
fn confine(sandbox: &Sandbox) -> bool {
    let works = Command::new("bwrap").args(["--unshare-user", "--unshare-pid", "--bind", "/", "/", "true"]).output();
    let works = works.is_ok_and(|output| output.status.success());
    sandbox.git(&["config", "chant.confine", "require"]);
    need_that(works, "a bubblewrap that works")
}

fn evidence(sandbox: &Sandbox, id: &str) -> Value {
    sandbox.show(id)["checks"]["evidence"].clone()
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn what_git_does_not_show_in_the_worktree_decides_nothing_and_is_named() {
    let files = [("check.sh", "grep -q two file\n"), (".gitignore", "built\n"), ("other.sh", "test -e built\n")];
    for (script, command, named) in [
        ("git update-index --assume-unchanged file; echo two >file", "sh check.sh", "hidden changes: file"),
        ("git update-index --skip-worktree file; echo two >file", "sh check.sh", "hidden changes: file"),
        ("echo x >built; echo x >new; git add new", "sh other.sh", "(built)"),
        (
            "echo x >out; echo out >>\"$(git rev-parse --git-common-dir)/info/exclude\"; echo x >new",
            "test -e out",
            "(out)",
        ),
    ] {
        let sandbox = with(&files, &format!("{script}; tick")).unconfined();
        let id = sandbox.add(&["Make it two", "--verify", command]);
        sandbox.chant(&["work", &id]).fails(1, &["FAILED", "in a clean checkout of", named]);
        assert_eq!(sandbox.status(&id), "failed", "{script}");
    }
}

#[test]
fn nothing_tells_a_command_what_it_is_run_for() {
    let sandbox = with(&[], "echo two >file; tick");
    let neutral = "env | sed 's/=.*//' | grep '^CHANT_\\|^GIT_DIR\\|^GIT_INDEX_FILE' | grep -vx CHANT_RUN; test $? = 1 && test $LANGUAGE = en";
    let id = sandbox.add(&[
        "Make it two",
        "--verify",
        neutral,
        "--verify",
        "test \"$(git rev-parse HEAD^{tree})\" = \"$(git write-tree)\"",
        "--verify",
        "case ${PWD##*/},${TMPDIR##*/} in *check*|*,*chant*) exit 1; esac",
        "--verify",
        "case ${OLDPWD-} in *chant*) exit 1; esac",
    ]);
    sandbox.chant(&["work", &id]).ok();
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_command_that_changes_a_tracked_file_fails_and_names_it() {
    let script = "git mv file new; echo x >>Cargo.lock; git commit -qam Moved; tick";
    let files = [("Cargo.lock", "a\n"), ("deep/x.snap", "a\n"), ("my data/[1", "a\n")];
    let changes = |command: &str| {
        let sandbox = with(&files, script);
        let id = sandbox.add(&["Make it two", "--verify", command]);
        (sandbox, id)
    };
    let (sandbox, id) = changes("echo two >new; rm deep/x.snap");
    sandbox.chant(&["work", &id]).fails(1, &["exit code 0, but it changed tracked files: new"]);
    assert_eq!(evidence(&sandbox, &id)["verify"][0]["changed"], serde_json::json!(["new"]));
    for harmless in
        ["echo b >>Cargo.lock; echo b >deep/x.snap; touch new; echo b >beside", "echo one >new.2; mv new.2 new"]
    {
        let (sandbox, id) = changes(harmless);
        sandbox.chant(&["work", &id]).ok();
    }
    let (sandbox, id) = changes("echo b >>Cargo.lock");
    sandbox.git(&["config", "chant.checkMayChange", "deep/"]);
    sandbox.chant(&["work", &id]).fails(1, &["changed tracked files: Cargo.lock"]);
    for (bad, why) in [("../x", "'..' component"), ("gen/ [ab", "of '[ab': it has a '['"), ("'my lock", "a quote")] {
        sandbox.git(&["config", "chant.checkMayChange", bad]);
        sandbox.chant(&["work", &id]).fails(128, &["chant.checkMayChange", why]);
    }
    let (sandbox, id) = changes("echo b >>'my data/[1'; echo b >>deep/x.snap");
    sandbox.git(&["config", "chant.checkMayChange", "deep 'my data/[[]1'"]);
    sandbox.chant(&["work", &id]).ok();
    // Nothing that a command does to its own repository hides what it changed.
    for hides in [
        "git update-index --assume-unchanged new",
        "git commit -qam More",
        "git config core.ignoreStat true; rm -rf .git",
    ] {
        let (sandbox, id) = changes(&format!("echo two >new; {hides}"));
        sandbox.chant(&["work", &id]).fails(1, &["changed tracked files: new"]);
    }
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_check_finds_nothing_of_agents() {
    // Neither what the agent left beside its commits, nor where an earlier one is at work, nor what a run kept in memory.
    let shared = "python3 -c 'import ctypes as c; l = c.CDLL(None); print(l.shmget(0x7c68, 4096, 0o1600))'";
    let sandbox = with(&[(".gitignore", "*.ign\n")], &format!("echo two >file; touch ok.ign; {shared} >had; tick"));
    if !confine(&sandbox) || !need("python3") {
        return;
    }
    let earlier = sandbox.add(&["Earlier"]);
    sandbox.git(&["config", "chant.agent.stops.cmd", "touch earlier.ign; exit 3"]);
    sandbox.chant(&["work", &earlier, "--agent", "stops"]).fails(1, &["exited with code 3"]);
    let finds = "test \"$(ls ../*/*.ign | wc -l)\" = 0";
    let memory = "python3 -c 'import ctypes as c; l = c.CDLL(None); exit(l.shmget(0x7c68, 4096, 0) != -1)'";
    let id = sandbox.add(&["Make it two", "--verify", finds, "--verify", memory]);
    sandbox.chant(&["work", &id]).ok();
    assert!(sandbox.repo.join("had").exists());
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_large_file_of_git_lfs_is_compared_in_a_confined_check() {
    if !need("git-lfs") {
        return;
    }
    for (command, fails) in [("touch large", false), ("echo two >large", true)] {
        let sandbox = with(&[], "echo two >file; tick");
        if !confine(&sandbox) {
            return;
        }
        sandbox.git(&["lfs", "install", "--local", "--skip-repo"]);
        sandbox.write(".gitattributes", "large filter=lfs -text\n");
        sandbox.write("large", "one\n");
        sandbox.commit("Large");
        assert!(sandbox.git(&["show", "HEAD:large"]).contains("oid sha256:"));
        let id = sandbox.add(&["Make it two", "--verify", command]);
        let work = sandbox.chant(&["work", &id]);
        if fails {
            work.fails(1, &["changed tracked files: large"]);
        } else {
            work.ok();
        }
    }
}

/// A walk of what a command puts there would read all of this machine.
#[test]
fn what_a_command_puts_in_the_place_of_refs_is_not_read() {
    let large = "for i in 1 2 3; do truncate -s 1G .git/refs/heads/$i; done";
    for put in ["rm -rf .git/refs; ln -s / .git/refs", "mv .git ..; ln -s / .git", large] {
        let sandbox = with(&[], "echo two >file; tick");
        let id = sandbox.add(&["Make it two", "--verify", put]);
        let ran = sandbox.chant(&["work", &id, "--no-merge"]);
        assert!(ran.err.contains("in its checkout") || ran.code == 1, "{put}: {ran:?}");
    }
}

#[test]
fn a_command_moves_no_ref_and_makes_no_hook() {
    let sandbox = with(&[], "echo two >file; tick");
    let command = "git commit -q --allow-empty -m More && git branch -f main && git tag mine && git stash list && \
                   d=$(git rev-parse --git-common-dir) && mkdir -p $d/hooks && echo x >$d/hooks/pre-commit && git config a.b c";
    let id = sandbox.add(&["Make it two", "--verify", command]);
    let refs = sandbox.git(&["for-each-ref", "refs/heads/main", "refs/tags"]);
    let said = sandbox.chant(&["work", &id, "--no-merge"]).ok().err;
    assert_eq!(sandbox.git(&["for-each-ref", "refs/heads/main", "refs/tags"]), refs);
    assert!(!sandbox.repo.join(".git/hooks/pre-commit").exists());
    assert!(sandbox.try_git(&["config", "a.b"]).code != 0);
    let remarks = evidence(&sandbox, &id)["verify"][0]["remarks"].to_string();
    let shown = sandbox.chant(&["show", &id]).ok().out;
    for told in [remarks, said, shown] {
        assert!(told.contains("it moved refs in its checkout"), "{told}");
    }
}

#[test]
fn a_command_that_removes_the_git_directory_is_told_so() {
    let sandbox = with(&[], "echo two >file; tick");
    let id = sandbox.add(&["Make it two", "--verify", "rm -rf .git && grep -q two file"]);
    let said = sandbox.chant(&["work", &id]).ok().err;
    assert!(said.contains("it removed or replaced '.git' in its checkout") && !said.contains("moved refs"), "{said}");
}

#[test]
fn an_object_that_git_replaces_is_checked_as_it_is() {
    let sandbox = with(&[("check.sh", "grep -q two file\n")], "echo three >file; git commit -qam three; tick");
    sandbox.write("good", "two\n");
    let good = sandbox.git(&["hash-object", "-w", "good"]);
    sandbox.write("good", "three\n");
    let three = sandbox.git(&["hash-object", "-w", "good"]);
    fs::remove_file(sandbox.repo.join("good")).unwrap();
    sandbox.git(&["replace", &three, &good]);
    let id = sandbox.add(&["Make it two", "--verify", "sh check.sh"]);
    sandbox.chant(&["work", &id]).fails(1, &["verify 'sh check.sh': exit code 1"]);
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn set_up_and_worktreeinclude_reach_every_checkout() {
    let needs = "test -e dep/lib && . ./.env && test $KEY = 1 && grep -q two file\n";
    let files = [("check.sh", needs), (".gitignore", "dep/\n.env\n"), (".worktreeinclude", ".env\n")];
    let sandbox = with(&files, &format!("echo two >file; tick; {NOTES}")).unconfined();
    sandbox.write(".env", "KEY=1\n");
    sandbox.git(&["config", "chant.worktreeSetup", "mkdir -p dep && pwd >dep/lib && echo run >>../runs"]);
    let id = sandbox.add(&["Fix", "--phase", "fork-fix", "--reproduces", "sh check.sh", "--verify", "sh check.sh"]);
    sandbox.chant(&["work", &id]).ok();
    // The agent's worktree, the tip for 'verify', base and tip twice each for 'reproduces', and once with a copy of its test that fails.
    assert_eq!(fs::read_to_string(sandbox.dir().join("runs")).unwrap().lines().count(), 7);
    sandbox.git(&["config", "chant.worktreeSetup", "echo no such package; exit 3"]);
    sandbox.chant(&["verify", &id]).fails(128, &["chant.worktreeSetup exited with code 3", "no such package"]);
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_result_that_contradicts_is_not_kept() {
    let runs = |sandbox: &Sandbox| fs::read_to_string(sandbox.dir().join("runs")).unwrap_or_default();
    let test = "git rev-parse HEAD >>../runs; test ! -e ../down && grep -q two file\n";
    let sandbox = with(&[("check.sh", test)], &format!("echo two >file; tick; {NOTES}")).unconfined();
    let id = sandbox.add(&["Fix", "--phase", "fork-fix", "--reproduces", "sh check.sh || test -e ../down"]);
    // Something outside has the base pass.
    fs::write(sandbox.dir().join("down"), "").unwrap();
    sandbox.chant(&["work", &id]).fails(1, &["base: exit code 0"]);
    fs::remove_file(sandbox.dir().join("down")).unwrap();
    sandbox.chant(&["finish", &id]).ok();
    assert_eq!((sandbox.status(&id).as_str(), runs(&sandbox).lines().count()), ("completed", 9));
    // What was expected is kept, and run again where a person asks for that.
    sandbox.chant(&["verify", &id]).ok();
    assert_eq!(runs(&sandbox).lines().count(), 13);
    sandbox.chant(&["verify", &id, "--fresh"]).ok();
    assert_eq!(runs(&sandbox).lines().count(), 20);
    sandbox.git(&["config", "chant.worktreeSetup", "true"]);
    sandbox.chant(&["verify", &id]).ok();
    assert_eq!(runs(&sandbox).lines().count(), 25, "with another set-up it is another check");
}

/// A module of the name of a runner passes everything. Only a person can want one, and names it in the spec.
#[test]
fn a_new_file_in_the_place_of_a_test_runner_is_refused_by_name() {
    let sandbox = with(&[], ": >unittest.py; tick");
    let id = sandbox.add(&["Pass", "--verify", "true"]);
    sandbox.chant(&["work", &id]).fails(1, &["'unittest.py' may not be changed"]);
    let named = sandbox.add(&["Vendor it", "--verify", "true", "--target-file", "unittest.py"]);
    sandbox.chant(&["work", &named]).ok();
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn what_set_up_changes_is_not_held_against_a_command() {
    let sandbox = with(&[("lock", "a\n"), ("other", "a\n")], "git checkout -q lock; echo two >file; tick");
    sandbox.git(&["config", "chant.worktreeSetup", "echo b >>lock"]);
    let id = sandbox.add(&["Make it two", "--verify", "true", "--verify", "true"]);
    let ran = sandbox.chant(&["work", &id]).ok();
    assert_eq!(ran.err.matches("chant.worktreeSetup changed tracked files: lock").count(), 1, "{}", ran.err);
    for (command, named) in [("echo c >>lock", "lock"), ("echo b >>other", "other")] {
        let id = sandbox.add(&["Make it two", "--verify", command]);
        sandbox.agent("git checkout -q lock; echo \"$CHANT_SPEC_ID\" >>file; tick");
        let changed = format!("changed tracked files: {named}\n");
        sandbox.chant(&["work", &id]).fails(1, &[&changed, "git config chant.checkMayChange"]);
    }
}

#[test]
fn an_unconfined_run_leaves_no_result_to_be_recalled() {
    let sandbox = with(
        &[],
        "d=$(git rev-parse --git-common-dir)/chant/check/results; mkdir -p $d; touch $d/x.json; echo two >file; tick",
    );
    let sandbox = sandbox.unconfined();
    let id = sandbox.add(&["Make it two", "--verify", "true"]);
    sandbox.chant(&["work", &id]).ok();
    assert!(!sandbox.repo.join(".git/chant/check/results/x.json").exists());
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_failure_that_comes_once_is_neither_evidence_nor_kept() {
    let count = "n=$(cat ../count); echo x >>../count; test -n \"$n\"\n";
    let sandbox = with(&[("t_test.sh", count)], &format!("echo \"$CHANT_SPEC_ID\" >>file; {NOTES}; tick")).unconfined();
    let outside = sandbox.dir().join("count");
    fs::write(&outside, "").unwrap();
    let id = sandbox.add(&["Fix", "--phase", "fork-fix", "--reproduces", "sh t_test.sh"]);
    sandbox.chant(&["work", &id]).fails(1, &["t_test.sh"]);
    // What the first run came to is not recalled.
    sandbox.chant(&["work", &id]).fails(1, &["t_test.sh"]);
    assert_ne!(sandbox.status(&id), "completed");
}

#[test]
fn commands_run_at_the_base_as_they_do_at_the_tip() {
    let sandbox = with(&[], "echo two >file; tick");
    sandbox.git(&["config", "chant.verifyBase", "true"]);
    let id = sandbox.add(&["Make it two", "--verify", "echo x >out", "--verify", "test -e out"]);
    sandbox.chant(&["work", &id]).ok();
    let verify = evidence(&sandbox, &id)["verify"].clone();
    assert_eq!((&verify[0]["base"]["exit"], &verify[1]["base"]["exit"]), (&0.into(), &0.into()));
    let results = sandbox.repo.join(".git/chant/check/results");
    assert!(fs::read_dir(&results).unwrap().next().is_some());
    sandbox.chant(&["prune", "--expire", "now"]).ok();
    assert!(fs::read_dir(&results).unwrap().next().is_none());
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn an_attempt_that_ends_disturbs_no_check_of_another() {
    let sandbox = with(&[], "echo \"$CHANT_SPEC_ID\" >$CHANT_SPEC_ID; tick");
    if !confine(&sandbox) {
        return;
    }
    for seconds in ["1", "3"] {
        sandbox.add(&["Make it two", "--verify", &format!("sleep {seconds}")]);
    }
    sandbox.chant(&["work", "--all", "--jobs", "2"]).ok();
}

#[test]
fn documents_of_silent_mode_are_those_that_were_checked() {
    let sandbox =
        with(&[], "mkdir -p .chant/research; echo \"# Found $CHANT_SPEC_ID\" >.chant/research/x.md; tick").unconfined();
    sandbox.chant(&["init", "--silent"]).ok();
    sandbox.write(".chant/research/in.md", "# Words\n\nInput.\n");
    let inputs = ["--informed-by", ".chant/research/in.md", "--target-file", ".chant/research/x.md"];
    let add = |verify: &str| sandbox.add(&[&["Look"][..], &inputs, &["--verify", verify]].concat());
    let id = add("grep -q Input .chant/research/in.md");
    sandbox.chant(&["work", &id]).ok();
    sandbox.chant(&["verify", &id]).ok();
    let id = add("echo more >>\"$(echo ../repo.chant-[0-9]*)/.chant/research/x.md\"");
    sandbox.chant(&["work", &id]).fails(1, &["another process changed its documents during the checks"]);
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn what_set_up_changes_in_the_worktree_is_no_work_of_the_agent() {
    for commits in ["git add -A; git commit -qam Two", "git commit -qam Two", "true"] {
        let files = [("lock", "a\n"), ("gone", "a\n"), ("config", "a\n")];
        let script = format!("cat lock config >../seen; test ! -e gone; echo two >file; {commits}; tick");
        let sandbox = with(&files, &script);
        sandbox.git(&["config", "chant.worktreeSetup", "echo b >>lock; rm gone; echo b >config; git add config"]);
        let id = sandbox.add(&["Make it two", "--target-file", "file"]);
        sandbox.chant(&["work", &id]).fails(0, &["no commit of the work takes: config, gone, lock"]);
        assert_eq!(fs::read_to_string(sandbox.dir().join("seen")).unwrap(), "a\nb\nb\n", "{commits}");
        let changed = sandbox.git(&["diff", "--name-only", "HEAD^", "--", ".", ":!.chant"]);
        assert_eq!(changed, "file", "{commits}");
    }
    // What the agent makes of such a file is its work.
    let sandbox = with(&[("lock", "a\n")], "echo c >lock; echo two >file; tick");
    sandbox.git(&["config", "chant.worktreeSetup", "echo b >>lock"]);
    let id = sandbox.add(&["Make it two"]);
    sandbox.chant(&["work", &id]).ok();
    assert_eq!(sandbox.git(&["show", "main:lock"]), "c");
}

#[test]
fn what_a_check_runs_ends_with_the_next_where_its_process_was_killed() {
    let dies = "[ -e ../once ] || { echo $$ >../once; kill -9 $PPID; exec sleep 1000; }";
    let sandbox = with(&[], "echo two >file; tick").unconfined();
    let id = sandbox.add(&["Make it two", "--verify", dies]);
    sandbox.chant(&["work", &id]).fails(137, &[]);
    let left = fs::read_to_string(sandbox.dir().join("once")).unwrap();
    let is_there = || std::path::Path::new("/proc").join(left.trim()).join("exe").exists();
    assert!(is_there());
    sandbox.chant(&["finish", &id]).fails(0, &["stopped a process that an interrupted check left behind"]);
    assert!(!is_there());
    assert_eq!(
        fs::read_dir(sandbox.repo.join(".git/chant/check"))
            .unwrap()
            .flatten()
            .filter(|entry| { entry.path().extension().is_some_and(|extension| extension == "run") })
            .count(),
        0
    );
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn what_set_up_adds_to_the_worktree_is_no_work_of_the_agent() {
    let of_set_up = ["lock.json", "a.egg-info/PKG"];
    let set_up = "mkdir -p a.egg-info; echo a >lock.json; echo b >a.egg-info/PKG";
    for (script, targets, named) in [
        ("true", &["--target-file", "file"][..], false),
        ("git add file; git commit -qm Two", &["--target-file", "file"], false),
        ("git add file; git commit -qm Two", &[], false),
        ("git add -A; git commit -qm Two", &["--target-file", "file"], true),
    ] {
        let sandbox = with(&[], &format!("echo two >file; {script}; tick"));
        sandbox.git(&["config", "chant.worktreeSetup", set_up]);
        let id = sandbox.add(&[&["Make it two", "--verify", "grep -q two file"][..], targets].concat());
        let ran = sandbox.chant(&["work", &id]).ok();
        let says = "have files as chant.worktreeSetup left them: a.egg-info/PKG, lock.json";
        assert_eq!(ran.err.contains(says), named, "{script}: {}", ran.err);
        assert_eq!(sandbox.status(&id), "completed", "{script}");
        let merged = sandbox.git(&["ls-tree", "-r", "--name-only", "main"]);
        assert!(of_set_up.iter().all(|path| merged.contains(path) == named), "{script}: {merged}");
        assert!(!sandbox.repo.join(".git/chant/set-up").join(&id).exists(), "{script}");
    }
    // What the agent makes of such a file is its work, and to commit it as it is, is none.
    let sandbox = with(&[], "echo c >lock.json; tick");
    sandbox.git(&["config", "chant.worktreeSetup", set_up]);
    let id = sandbox.add(&["Lock it", "--verify", "true"]);
    sandbox.chant(&["work", &id]).ok();
    let merged = sandbox.git(&["ls-tree", "-r", "--name-only", "main"]);
    assert!(merged.contains("lock.json") && !merged.contains("egg-info"), "{merged}");
    sandbox.agent("git add -A; git commit -qm Same; tick");
    let id = sandbox.add(&["Do nothing", "--verify", "true"]);
    sandbox.git(&["rm", "-q", "lock.json"]);
    sandbox.git(&["commit", "-qm", "Remove"]);
    sandbox.chant(&["work", &id]).fails(1, &["the agent changed nothing"]);
}
