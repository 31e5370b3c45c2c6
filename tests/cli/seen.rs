//! What was seen of the repository before a run is compared after it, whatever became of the run: what an agent that nothing confines
//! changed waits for a person, and what people do every day never does.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    os::unix::fs::PermissionsExt as _,
    process::{Command, Stdio},
};

use crate::{
    agent_work::{GOOD, add},
    support::{Sandbox, tools::need_that},
};

/// Installs a hook in the repository.
const HOOK: &str =
    "h=$(git rev-parse --git-common-dir)/hooks; mkdir -p $h; echo '#!/bin/sh' >$h/pre-commit; chmod +x $h/pre-commit";

/// A sandbox with one spec, and `script` as the agent, which nothing confines.
fn unconfined(script: &str) -> (Sandbox, String) {
    let sandbox = Sandbox::new();
    sandbox.git(&["config", "chant.confine", "off"]);
    sandbox.agent(script);
    let id = add(&sandbox, "Make it two", &[]);
    (sandbox, id)
}

/// The spec is finished and waits for `reason`; after an acknowledgement it is merged.
#[track_caller]
fn waits_and_is_acknowledged(sandbox: &Sandbox, id: &str, reason: &str) {
    sandbox.chant(&["merge", id]).fails(1, &["the agent changed files or settings outside its work", reason]);
    assert_eq!((sandbox.status(id).as_str(), sandbox.read("file").as_str()), ("finished", "one\n"));
    sandbox.chant(&["work", id]).fails(1, &[reason, "git chant accept"]);
    sandbox.chant(&["accept", id, "--reason", "I have looked"]).ok();
    sandbox.chant(&["merge", id]).ok();
    assert_eq!((sandbox.status(id).as_str(), sandbox.read("file").as_str()), ("completed", "two\n"));
}

#[track_caller]
fn completes(sandbox: &Sandbox, id: &str) -> String {
    let ran = sandbox.chant(&["work", id]).ok();
    assert_eq!((sandbox.status(id).as_str(), sandbox.read("file").as_str()), ("completed", "two\n"), "{}", ran.err);
    ran.err
}

/// The first run does this and goes on until it is ended; the second does the work.
fn two_runs(first: &str) -> String {
    format!(
        "if [ ! -e \"$HOME/began\" ]; then touch \"$HOME/began\"; echo x >new; git add new; git commit -qm New
        {first}; echo ready; while :; do sleep 0.1; done; fi; {GOOD}"
    )
}

/// Starts to work and stops that as soon as the agent is ready: by a pause, or by killing the tool.
fn work_until_ready(sandbox: &Sandbox, id: &str, kill: bool) {
    let mut child = sandbox.binary(&["work", id]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.as_mut().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains("ready")));
    if kill {
        child.kill().unwrap();
    } else {
        sandbox.chant(&["pause", id]).ok();
    }
    child.wait_with_output().unwrap();
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn neither_a_kill_nor_a_pause_forgets_it() {
    for kill in [false, true] {
        let (sandbox, id) = unconfined(&two_runs(HOOK));
        work_until_ready(&sandbox, &id, kill);
        sandbox.chant(&["work", &id]).fails(1, &["the hook 'hooks/pre-commit' was changed"]);
        waits_and_is_acknowledged(&sandbox, &id, "hooks/pre-commit");
    }
}

#[test]
fn a_reset_does_not_forget_it_as_long_as_it_is_there() {
    let (sandbox, id) = unconfined(&format!("{HOOK}; exit 1"));
    sandbox.chant(&["work", &id]).fails(1, &["the hook 'hooks/pre-commit' was changed"]);
    sandbox.chant(&["reset", &id]).ok();
    sandbox.agent(GOOD);
    sandbox.chant(&["work", &id]).fails(1, &["the hook 'hooks/pre-commit' was changed"]);
    waits_and_is_acknowledged(&sandbox, &id, "hooks/pre-commit");

    let (sandbox, id) = unconfined(&format!("{HOOK}; exit 1"));
    sandbox.chant(&["work", &id]).fails(1, &["hooks/pre-commit"]);
    sandbox.chant(&["reset", &id]).ok();
    fs::remove_file(sandbox.repo.join(".git/hooks/pre-commit")).unwrap();
    sandbox.agent(GOOD);
    completes(&sandbox, &id);
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_record_that_is_gone_altered_or_no_file_is_not_believed() {
    let seen = "s=$(git rev-parse --git-common-dir)/chant/seen";
    for tamper in [
        "rm $s/*",
        "rm -r $s",
        "sed -i 's/pre-commit/pre-comit/; s/\"named\"/ \"named\"/' $s/*",
        "for f in $s/*; do : >$f; done",
        "for f in $s/*; do rm $f; mkfifo $f; done",
        "for f in $s/*; do rm $f; ln -s /dev/zero $f; done",
        "for f in $s/*; do mv $f $HOME/kept; ln -s $HOME/kept $f; done",
    ] {
        let (sandbox, id) = unconfined(&two_runs(&format!("{HOOK}; {seen}; {tamper}")));
        work_until_ready(&sandbox, &id, true);
        let ran = sandbox.chant(&["work", &id]);
        assert_ne!((ran.code, sandbox.status(&id).as_str()), (0, "completed"), "{tamper}: {}", ran.err);
        assert_eq!(sandbox.read("file"), "one\n", "{tamper}");
        assert!(ran.err.contains("the record of the repository before the run was removed"), "{tamper}: {}", ran.err);
        waits_and_is_acknowledged(&sandbox, &id, "was removed or altered");
    }
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_run_that_ends_with_its_record_and_its_lease_gone_is_named() {
    let killed = format!(
        "{GOOD}; {HOOK}; cd $(git rev-parse --git-common-dir)/chant; rm -r seen leases; p=$PPID
        while [ \"$(cat /proc/$p/comm)\" != git-chant ]; do p=$(sed 's/.*) . //; s/ .*//' /proc/$p/stat); done; kill -9 $p"
    );
    let (sandbox, id) = unconfined(&killed);
    sandbox.chant(&["work", &id]);
    sandbox.chant(&["finish", &id]).fails(1, &["the record of the repository before the run was removed"]);
    waits_and_is_acknowledged(&sandbox, &id, "was removed or altered");

    let (sandbox, id) = unconfined(&killed);
    sandbox.chant(&["work", &id]);
    sandbox.chant(&["release", &id]).ok();
    sandbox.agent(GOOD);
    sandbox.chant(&["work", &id]).fails(1, &["the record of the repository before the run was removed"]);
    waits_and_is_acknowledged(&sandbox, &id, "was removed or altered");

    // What a person takes over or does alone has no run.
    let (sandbox, id) = unconfined("");
    let place = sandbox.chant(&["work", &id, "--agent", "manual"]).ok().out;
    fs::remove_dir_all(sandbox.repo.join(".git/chant/leases")).unwrap();
    let place = std::path::Path::new(place.trim_end());
    fs::write(place.join("file"), "two\n").unwrap();
    let spec = place.join(format!(".chant/specs/{id}.md"));
    fs::write(&spec, fs::read_to_string(&spec).unwrap().replace("[ ]", "[x]")).unwrap();
    sandbox.chant(&["finish", &id]).ok();
    assert_eq!(sandbox.status(&id), "completed");
}

#[test]
fn trust_that_an_agent_sets_does_not_count() {
    let (sandbox, id) = unconfined(&format!("git config chant.trust always; {GOOD}"));
    sandbox.chant(&["work", &id]).fails(1, &["the configuration key 'chant.trust' was changed"]);
    sandbox.agent("echo x >x");
    let text = "---\nverify: touch \"$HOME/ran\"\n---\n# Pulled from elsewhere\n";
    sandbox.write(".chant/specs/2026-02-08-010-v7b.md", text);
    sandbox.chant(&["work", "010"]).fails(1, &["have not approved", "verify: touch"]);
    assert_eq!(sandbox.status("010"), "pending");
    // A person who has looked at it, or sets it themselves, is believed.
    sandbox.chant(&["accept", &id, "--reason", "It may"]).ok();
    sandbox.chant(&["work", "010"]).ok();
}

#[test]
fn what_an_agent_does_to_the_record_while_it_runs_changes_nothing() {
    let (sandbox, id) = unconfined(&format!("rm -r $(git rev-parse --git-common-dir)/chant/seen; {HOOK}; {GOOD}"));
    sandbox.chant(&["work", &id]).fails(1, &["the hook 'hooks/pre-commit' was changed"]);
    waits_and_is_acknowledged(&sandbox, &id, "hooks/pre-commit");
}

#[test]
fn what_the_code_under_test_does_while_it_is_checked_waits_too() {
    for confine in ["off", "auto"] {
        let (sandbox, id) = unconfined("");
        sandbox.git(&["config", "chant.confine", confine]);
        sandbox.chant(&["cancel", &id]).ok();
        sandbox.agent(&format!("printf '%s\\n' 'cd {}; {HOOK}' >check; {GOOD}", sandbox.repo.display()));
        let id = add(&sandbox, "Make it two, checked", &["--verify", "sh ./check"]);
        let ran = sandbox.chant(&["work", &id]);
        let made = sandbox.repo.join(".git/hooks/pre-commit").exists();
        let named = ran.err.contains("the hook 'hooks/pre-commit' was changed");
        assert_eq!((made, made && sandbox.status(&id) == "completed"), (named, false), "{confine}: {}", ran.err);
    }
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn what_git_goes_by_is_named_of_each_kind() {
    for (script, named) in [
        ("git config alias.st '!true'", "the configuration key 'alias.st'"),
        ("git config --global alias.st '!true'", "the global configuration key 'alias.st'"),
        ("git config url.https://u:secret@host.example/.insteadOf x:", "the configuration key 'url.*.insteadof'"),
        ("echo '* filter=x' >$c/info/attributes", "the file 'info/attributes'"),
        ("echo hidden >>$c/info/exclude", "the file 'info/exclude'"),
        ("echo $HOME >$c/objects/info/alternates", "the file 'objects/info/alternates'"),
        ("git replace HEAD~0 $(git commit-tree -m x HEAD^{tree})", "the replace ref 'refs/replace/"),
        ("git rev-parse HEAD >$c/shallow", "the shallow commit '"),
        (
            "mkdir -p $c/modules/m/hooks; echo >$c/modules/m/HEAD; echo x >$c/modules/m/hooks/h",
            "the hook 'modules/m/hooks/h'",
        ),
        ("chmod +x $c/hooks/off", "the hook 'hooks/off'"),
    ] {
        let (sandbox, id) = unconfined("");
        sandbox.commit("A second commit, so that the first is in the history");
        fs::create_dir_all(sandbox.repo.join(".git/hooks")).unwrap();
        fs::write(sandbox.repo.join(".git/hooks/off"), "#!/bin/sh\n").unwrap();
        fs::create_dir_all(sandbox.repo.join(".git/info")).unwrap();
        sandbox
            .agent(&format!("{GOOD}; git add -A; git commit -qm Work; c=$(git rev-parse --git-common-dir); {script}"));
        sandbox.chant(&["work", &id, "--no-merge"]);
        let ran = sandbox.chant(&["merge", &id]);
        assert_ne!((ran.code, sandbox.status(&id).as_str()), (0, "completed"), "{script}: {}", ran.err);
        assert!(ran.err.contains(named), "{script}: {}", ran.err);
        let events = sandbox.git(&["log", "-p", "--format=%B", &format!("chant/specs/{id}")]);
        let record = fs::read_to_string(sandbox.repo.join(format!(".git/chant/seen/{id}"))).unwrap();
        assert!(!events.contains("secret") && !record.contains("secret"), "{events}{record}");
    }
}

#[test]
fn between_the_finish_and_the_merge_it_is_compared_too() {
    let (sandbox, id) = unconfined(GOOD);
    sandbox.chant(&["work", &id, "--no-merge"]).ok();
    sandbox.git(&["config", "chant.agent.other.cmd", "true"]);
    fs::create_dir_all(sandbox.repo.join(".git/info")).unwrap();
    fs::write(sandbox.repo.join(".git/info/grafts"), "").unwrap();
    waits_and_is_acknowledged(&sandbox, &id, "the file 'info/grafts' was changed");
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn work_that_contains_what_came_into_its_target_during_the_run_waits() {
    let (sandbox, _) = unconfined("");
    let main = sandbox.repo.display().to_string();
    let evil = format!("( cd {main}; echo evil >evil; git add evil; git commit -qm 'Out of scope' )");
    for take in ["git merge -q -m Merge main", "git rebase -q main"] {
        sandbox.write("file", "one\n");
        sandbox.git(&["rm", "-q", "--ignore-unmatch", "evil"]);
        sandbox.git(&["commit", "-q", "--allow-empty", "-am", "Again"]);
        sandbox.agent(&format!("{GOOD}; git commit -qam Two; {evil}; {take}"));
        let id = add(&sandbox, "Make it two", &["--target-file", "file"]);
        let said =
            sandbox.chant(&["work", &id]).fails(1, &["the work contains commits that 'refs/heads/main' received"]);
        assert!(said.err.contains("Out of scope; they change evil"), "{}", said.err);
        waits_and_is_acknowledged(&sandbox, &id, "Out of scope");
    }
    // What another spec brought is in its history, and what the work does not contain is only named.
    sandbox.git(&["rm", "-q", "evil"]);
    sandbox.write("file", "one\n");
    sandbox.git(&["commit", "-qam", "Again"]);
    sandbox.agent(&format!("{GOOD}; {evil}"));
    let id = add(&sandbox, "Make it two", &["--target-file", "file"]);
    assert!(completes(&sandbox, &id).contains("'refs/heads/main' moved during the run: "));
}

#[test]
fn a_decision_that_a_history_received_during_a_run_is_named() {
    let forge = "r=refs/chant/specs/$CHANT_SPEC_ID; o=$(git rev-parse $r); m=$(git log -1 --format=%B $o | sed 's/^Chant-Op: .*/Chant-Op: approve/')
        n=$(echo \"$m\" | git commit-tree -p $o $o^{tree}); git update-ref $r $n";
    let (sandbox, id) = unconfined(&format!("{GOOD}; {forge}"));
    let said = completes(&sandbox, &id);
    assert!(said.contains("received 'approve' during the run"), "{said}");
}

#[test]
fn what_people_do_every_day_needs_no_acknowledgement() {
    let (sandbox, id) = unconfined("");
    let upstream = sandbox.dir().join("upstream.git");
    sandbox.git(&["clone", "-q", "--bare", ".", upstream.to_str().unwrap()]);
    sandbox.git(&["remote", "add", "origin", upstream.to_str().unwrap()]);
    sandbox.write("hooks/pre-commit", "#!/bin/sh\n");
    fs::set_permissions(sandbox.repo.join("hooks/pre-commit"), fs::Permissions::from_mode(0o755)).unwrap();
    sandbox.commit("Hooks");
    sandbox.git(&["config", "core.hooksPath", "hooks"]);
    let everyday = "cd {repo}; git fetch -q origin; git push -q -u origin main; echo x >>file; git stash -q; git branch mine; git tag v1;
        git config core.hooksPath hooks; cp hooks/pre-commit h; mv h hooks/pre-commit; echo '# more' >>hooks/pre-commit;
        git commit -qam 'A newer hook'; git gc -q; git pack-refs --all; : >.git/info/refs_Ab12Cd;
        : >.git/info/sparse-checkout.lock; git config lfs.https://host.example/info/lfs.access basic";
    sandbox.agent(&format!("{GOOD}; ( {} )", everyday.replace("{repo}", sandbox.repo.to_str().unwrap())));
    let said = completes(&sandbox, &id);
    for named in
        ["'refs/heads/main' moved during the run: ", "A newer hook", "'refs/tags/v1' was created", "'refs/stash'"]
    {
        assert!(said.contains(named), "{named}: {said}");
    }
    assert!(!said.contains("warning"), "{said}");
}

#[test]
fn a_fetch_into_a_shallow_clone_needs_no_acknowledgement() {
    let (sandbox, _) = unconfined("");
    for number in ["1", "2"] {
        sandbox.write("file", &format!("{number}\n"));
        sandbox.commit(number);
    }
    sandbox.write("file", "one\n");
    sandbox.commit("Back");
    let mut clone = Sandbox::empty();
    let place = clone.dir().join("shallow");
    let url = format!("file://{}", sandbox.repo.display());
    clone.git(&["clone", "-q", "--depth=2", &url, place.to_str().unwrap()]);
    clone.repo = place;
    clone.git(&["config", "chant.confine", "off"]);
    clone.agent(&format!("{GOOD}; git -C {} fetch -q --unshallow", clone.repo.display()));
    let id = add(&clone, "Make it two", &[]);
    completes(&clone, &id);
}

#[test]
fn the_index_and_files_of_the_main_worktree_are_told() {
    let script = "git -C {repo} update-index --add --cacheinfo 100644,$(echo evil | git hash-object -w --stdin),evil; echo x >{repo}/.envrc";
    let (sandbox, id) = unconfined("");
    sandbox.agent(&format!("{GOOD}; {}", script.replace("{repo}", sandbox.repo.to_str().unwrap())));
    let said = completes(&sandbox, &id);
    assert!(
        said.contains("in the main worktree, files or the index changed since the run began: .envrc, evil"),
        "{said}"
    );
}

#[test]
fn what_git_does_not_compare_in_the_main_worktree_is_told() {
    let (sandbox, id) = unconfined("");
    sandbox.write(".gitignore", ".env\n");
    sandbox.write(".worktreeinclude", ".env\n");
    sandbox.write("other", "1\n");
    sandbox.write("more", "1\n");
    sandbox.git(&["add", ".gitignore", ".worktreeinclude", "other", "more"]);
    sandbox.git(&["commit", "-qm", "More"]);
    sandbox.write(".env", "KEY=1\n");
    let another = add(&sandbox, "Another", &["--label", "security"]);
    let repo = sandbox.repo.display();
    sandbox.agent(&format!(
        "{GOOD}; cd {repo}; echo KEY=2 >.env; sed -i /security/d .chant/specs/{another}.md
        echo 2 >other; git update-index --skip-worktree other; echo 2 >more; git update-index --assume-unchanged more"
    ));
    let said = completes(&sandbox, &id);
    let told = format!("changed since the run began: .chant/specs/{another}.md, .env, more, other");
    assert!(said.contains(&told), "{said}");

    // In silent mode as well. The history of a spec that a person adds during the run explains its file.
    let sandbox = Sandbox::new();
    sandbox.chant(&["init", "--silent"]).ok();
    sandbox.git(&["config", "chant.confine", "off"]);
    let another = sandbox.add(&["Another"]);
    let id = sandbox.add(&["Make it two"]);
    let chant =
        format!("cd {}; env -u CHANT_SPEC_ID -u CHANT_ATTEMPT git chant add 'By a person'", sandbox.repo.display());
    sandbox.agent(&format!(
        "echo two >file; tick; echo x >>{}/.chant/specs/{another}.md; ( {chant} )",
        sandbox.repo.display()
    ));
    let said = sandbox.chant(&["work", &id]).ok().err;
    assert!(said.contains(&format!("changed since the run began: .chant/specs/{another}.md\n")), "{said}");
}

#[test]
fn reflogs_and_recorded_resolutions_are_told() {
    let (sandbox, id) = unconfined("");
    sandbox.commit("One more");
    sandbox.git(&["branch", "gone"]);
    let git = sandbox.repo.join(".git");
    let lost = format!(
        "{GOOD}; cd {}; git branch -qD gone; git reflog expire --expire=now --all; mkdir -p rr-cache/aa; echo evil >rr-cache/aa/postimage",
        git.display()
    );
    sandbox.agent(&lost);
    let said = completes(&sandbox, &id);
    let branches = format!("HEAD, refs/heads/chant/{id}, refs/heads/main\n");
    assert!(said.contains(&format!("reflogs lost entries during the run: {branches}")), "{said}");
    assert!(
        said.contains("recorded resolutions of conflicts (git rerere) changed during the run: rr-cache/aa/postimage"),
        "{said}"
    );
}

#[test]
fn specs_that_a_merge_makes_tracked_are_no_change_of_another_run() {
    let sandbox = Sandbox::new();
    sandbox.git(&["config", "chant.confine", "off"]);
    let slow = add(&sandbox, "Slow", &[]);
    let fast = add(&sandbox, "Fast", &[]);
    sandbox.git(&["config", "status.showUntrackedFiles", "normal"]);
    sandbox.agent(&format!(
        "echo ready; [ $CHANT_SPEC_ID = {fast} ] || until [ -e \"$HOME/go\" ]; do sleep 0.05; done; echo 1 >$CHANT_SPEC_ID; tick"
    ));
    let mut child = sandbox.binary(&["work", &slow]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    assert!(lines.any(|line| line.contains("ready")));
    sandbox.chant(&["work", &fast]).ok();
    let status = sandbox.git(&["status", "--porcelain"]);
    assert!(!status.contains(&fast) && status.contains(&slow), "one of them is tracked: {status}");
    fs::write(sandbox.dir().join("home/go"), "").unwrap();
    let said: Vec<String> = lines.collect();
    assert!(child.wait().unwrap().success(), "{said:?}");
    assert!(!said.iter().any(|line| line.contains("since the run began")), "{said:?}");
}

#[test]
fn a_confined_agent_is_not_blamed_for_what_a_person_does() {
    let works = Command::new("bwrap").args(["--unshare-user", "--unshare-pid", "--bind", "/", "/", "true"]).output();
    if !need_that(works.is_ok_and(|output| output.status.success()), "a bubblewrap that works") {
        return;
    }
    let sandbox = Sandbox::new().confined();
    sandbox.agent(&format!("echo ready; while [ ! -e \"$HOME/go\" ]; do sleep 0.05; done; {GOOD}"));
    let id = add(&sandbox, "Make it two", &[]);
    let mut child = sandbox.binary(&["work", &id]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    assert!(lines.any(|line| line.as_ref().unwrap().contains("ready")));
    sandbox.git(&["config", "user.nickname", "A"]);
    // A file that is renamed into the place of another takes away what was laid over that.
    sandbox.git(&["config", "--global", "user.title", "Countess"]);
    fs::write(sandbox.dir().join("home/go"), "").unwrap();
    let said: Vec<String> = lines.map(|line| line.unwrap()).collect();
    assert!(child.wait().unwrap().success(), "{said:?}");
    for told in
        ["'user.nickname' was changed (not by the agent", "'user.title' was changed (by you, or by the agent after you"]
    {
        assert!(said.iter().any(|line| line.contains(told)), "{said:?}");
    }
    assert_eq!((sandbox.status(&id).as_str(), sandbox.read("file").as_str()), ("completed", "two\n"));
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_link_in_the_place_of_a_directory_of_ours_is_refused_and_not_followed() {
    for name in ["", "leases", "runs", "seen", "slots", "transcripts", "trusted"] {
        let (sandbox, id) = unconfined(GOOD);
        let elsewhere = sandbox.dir().join("elsewhere");
        fs::create_dir(&elsewhere).unwrap();
        let place = sandbox.repo.join(".git/chant").join(name);
        let place = place.components().as_path();
        let _was_there = fs::remove_dir_all(place);
        std::os::unix::fs::symlink(&elsewhere, place).unwrap();
        for command in [vec!["work", id.as_str()], vec!["list"]] {
            sandbox.chant(&command).fails(128, &["is a symbolic link; expected a directory", "rm "]);
        }
        assert_eq!(fs::read_dir(&elsewhere).unwrap().count(), 0, "{name}");
        fs::remove_file(place).unwrap();
        completes(&sandbox, &id);
    }
}
