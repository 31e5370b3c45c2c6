//! Pausing and resuming an attempt: nothing that it did is lost, and the next run is told of it.

use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Stdio},
    time::Duration,
};

use crate::support::{Ran, Sandbox};

/// Works on its first run until it is ended, with a commit, a change and an untracked file behind it; does the rest on its second.
const TWO_RUNS: &str = "if [ ! -e \"$HOME/began\" ]; then
    touch \"$HOME/began\"
    echo half >new; git add new; git commit -qm 'Half of it'
    echo more >>file; echo loose >loose
    echo 'reading the store'; echo ready; sleep 1000
fi
cat >\"$HOME/prompt\"
echo two >file; tick; echo 'second run'";

fn sandbox() -> (Sandbox, String) {
    let sandbox = Sandbox::new();
    sandbox.agent(TWO_RUNS);
    let id = sandbox.add(&["Two halves"]);
    let path = format!(".chant/specs/{id}.md");
    sandbox.write(&path, &(sandbox.read(&path) + "\n## Acceptance Criteria\n\n- [ ] both are there\n"));
    (sandbox, id)
}

/// Starts `work` and waits until the agent says that it is ready.
fn started(sandbox: &Sandbox, id: &str) -> Child {
    let mut child = sandbox.binary(&["work", id]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.as_mut().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains("ready")));
    child
}

fn ended(child: Child) -> Ran {
    Ran::of(child.wait_with_output().unwrap())
}

fn tree(sandbox: &Sandbox, id: &str) -> PathBuf {
    PathBuf::from(sandbox.show(id)["worktree"].as_str().unwrap())
}

fn assert_half(tree: &Path) {
    let read = |name: &str| std::fs::read_to_string(tree.join(name)).unwrap();
    assert_eq!((read("new"), read("file"), read("loose")), ("half\n".into(), "one\nmore\n".into(), "loose\n".into()));
}

#[test]
fn paused_from_another_terminal_it_goes_on_in_the_same_worktree_with_its_history() {
    let (sandbox, id) = sandbox();
    let running = started(&sandbox, &id);
    let paused = sandbox.chant(&["pause", &id, "-m", "lunch"]).ok();
    assert!(paused.out.contains("Paused") && paused.out.contains("lunch"), "{}", paused.out);
    assert!(!sandbox.agent_lives());
    ended(running).fails(1, &["Paused after", "lunch", &format!("git chant work {}", &id[11..])]);
    assert_eq!(sandbox.status(&id), "paused");
    let place = tree(&sandbox, &id);
    assert_half(&place);
    sandbox.chant(&["pause", &id]).fails(1, &["cannot pause", "it is paused"]);

    let ran = sandbox.chant(&["work", &id]).ok();
    assert!(ran.err.contains("(paused: lunch)"), "{}", ran.err);
    let prompt = std::fs::read_to_string(sandbox.dir().join("home/prompt")).unwrap();
    for part in ["you continue it", "lunch", "Half of it", "- loose", "- file", "    reading the store"] {
        assert!(prompt.contains(part), "'{part}' is not in\n{prompt}");
    }
    assert_eq!(sandbox.ops(&id), ["add", "start", "pause", "resume", "finish", "land", "complete"]);
    assert_eq!((sandbox.read("new"), sandbox.read("loose")), ("half\n".to_owned(), "loose\n".to_owned()));
    assert!(!place.exists());
    let said = sandbox.chant(&["log", &id, "--agent"]).ok().out;
    assert!(said.contains("reading the store") && said.contains("second run"), "{said}");
    assert_eq!(sandbox.chant(&["fsck", "--json"]).ok().json()["problems"], serde_json::json!([]));
}

#[test]
fn interrupted_it_is_paused_and_goes_on() {
    for (signal, code) in [("INT", 130), ("TERM", 143), ("HUP", 129)] {
        let (sandbox, id) = sandbox();
        let running = started(&sandbox, &id);
        sandbox
            .run(sandbox.command_in(sandbox.dir(), "kill").args([format!("-{signal}"), running.id().to_string()]))
            .ok();
        ended(running).fails(code, &["Paused after", "interrupted (SIG"]);
        assert_eq!(sandbox.status(&id), "paused");
        assert_half(&tree(&sandbox, &id));
        sandbox.chant(&["work", &id]).ok();
        assert_eq!(sandbox.status(&id), "completed");
        assert_eq!(sandbox.read("loose"), "loose\n");
    }
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn after_a_kill_it_resumes_by_any_command() {
    for finder in [&["work"][..], &["pause"], &["takeover"], &["fsck", "--repair"]] {
        let (sandbox, id) = sandbox();
        let mut running = started(&sandbox, &id);
        running.kill().unwrap();
        running.wait().unwrap();
        assert_eq!(sandbox.show(&id)["orphaned"], true);
        let mut args = finder.to_vec();
        if finder[0] != "fsck" {
            args.push(&id);
        }
        let ran = sandbox.chant(&args);
        assert!(ran.err.contains("died; its work is kept"), "{finder:?}: {}{}", ran.out, ran.err);
        assert!(!sandbox.agent_lives(), "{finder:?}");
        match finder[0] {
            "work" => {}
            "takeover" => {
                assert_half(&tree(&sandbox, &id));
                assert_eq!(sandbox.status(&id), "in_progress");
                sandbox.chant(&["pause", &id]).ok();
            }
            _ => {
                assert_half(&tree(&sandbox, &id));
                assert_eq!(sandbox.status(&id), "paused", "{finder:?}");
            }
        }
        if finder[0] != "work" {
            sandbox.chant(&["work", &id, "--agent", "scripted"]).ok();
        }
        assert_eq!(sandbox.status(&id), "completed", "{finder:?}");
        assert_eq!(sandbox.read("loose"), "loose\n");
        assert_eq!(sandbox.git(&["log", "--format=%s", "--grep", "Half of it", "main"]), "Half of it");
    }
}

#[test]
fn a_person_takes_over_and_is_told_what_was_done() {
    let (sandbox, id) = sandbox();
    let running = started(&sandbox, &id);
    let taken = sandbox.chant(&["takeover", &id]).ok();
    let ran = ended(running).fails(1, &["Paused after", "taken over by Ada", "git chant finish"]);
    assert!(!ran.err.contains("to resume it"), "{}", ran.err);
    let place = tree(&sandbox, &id);
    assert_eq!(taken.out.lines().next().unwrap(), place.to_str().unwrap());
    for part in ["Half of it", "Not committed:", "loose", "0 of 1 ticked", "reading the store", "new"] {
        assert!(taken.out.contains(part), "'{part}' is not in\n{}", taken.out);
    }
    assert!(taken.err.contains("git chant finish"), "{}", taken.err);
    assert_half(&place);
    assert_eq!((sandbox.status(&id).as_str(), sandbox.show(&id)["agent"].as_str()), ("in_progress", Some("manual")));
    // A person has it now: no agent claims it, and no command takes it for dead.
    sandbox.chant(&["work", &id]).fails(1, &["is being worked on by Ada", "with manual"]);
    assert_eq!(sandbox.show(&id)["orphaned"], false);
    let status = sandbox.chant(&["status"]).ok().out;
    assert!(status.contains("by hand") && !status.contains("> ready") && !status.contains("log -f"), "{status}");
    let spec = place.join(format!(".chant/specs/{id}.md"));
    let text = std::fs::read_to_string(&spec).unwrap();
    std::fs::write(&spec, text.replace("[ ]", "[x]")).unwrap();
    sandbox.chant(&["finish", &id]).ok();
    assert_eq!(sandbox.status(&id), "completed");
    assert_eq!(sandbox.ops(&id), ["add", "start", "pause", "resume", "finish", "land", "complete"]);
    assert_eq!((sandbox.read("new"), sandbox.read("loose")), ("half\n".to_owned(), "loose\n".to_owned()));
    let json = sandbox.chant(&["takeover", &id, "--json"]);
    assert_eq!((json.code, json.json()["error"]["code"].as_str()), (1, Some("not-allowed")));
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn what_is_paused_can_be_finished_reset_or_begun_anew_when_its_worktree_is_gone() {
    let (sandbox, id) = sandbox();
    let running = started(&sandbox, &id);
    sandbox.chant(&["pause", &id]).ok();
    ended(running);
    sandbox.chant(&["finish", &id]).fails(1, &["criterion 'both are there': unticked"]);
    assert_eq!(sandbox.status(&id), "failed");

    let (sandbox, id) = self::sandbox();
    let running = started(&sandbox, &id);
    sandbox.chant(&["pause", &id]).ok();
    ended(running);
    std::fs::remove_dir_all(tree(&sandbox, &id)).unwrap();
    sandbox.chant(&["work", &id]).fails(1, &["is no longer at", "git worktree prune"]);
    sandbox.git(&["worktree", "prune"]);
    // It resumes where it stopped, with what was not committed.
    let ran = sandbox.chant(&["work", &id]).ok();
    assert!(ran.err.contains("was removed; made it again from 'chant/"), "{}", ran.err);
    assert_eq!(sandbox.ops(&id), ["add", "start", "pause", "resume", "finish", "land", "complete"]);
    assert_eq!((sandbox.read("new"), sandbox.read("loose")), ("half\n".to_owned(), "loose\n".to_owned()));

    let (sandbox, id) = self::sandbox();
    let running = started(&sandbox, &id);
    sandbox.chant(&["pause", &id]).ok();
    ended(running);
    let (place, attempt) = (tree(&sandbox, &id), sandbox.show(&id)["attempt"].as_str().unwrap().to_owned());
    sandbox.git(&["worktree", "remove", "--force", place.to_str().unwrap()]);
    sandbox.git(&["branch", "-D", &format!("chant/{id}")]);
    let kept = format!("refs/chant-local/attempts/{id}/{attempt}");
    for command in ["work", "takeover"] {
        sandbox.chant(&[command, &id]).fails(1, &["has no worktree to continue in", &kept, "--fresh"]);
        assert_eq!(sandbox.ops(&id), ["add", "start", "pause"]);
    }
    sandbox.chant(&["work", &id, "--fresh"]).ok();
    assert_eq!(sandbox.ops(&id), ["add", "start", "pause", "start", "finish", "land", "complete"]);
    assert_eq!(sandbox.git(&["show", &format!("{kept}:loose")]), "loose");

    let (sandbox, id) = self::sandbox();
    let running = started(&sandbox, &id);
    sandbox.chant(&["pause", &id]).ok();
    ended(running);
    let path = format!(".chant/specs/{id}.md");
    sandbox.write(&path, &(sandbox.read(&path) + "\nMore of it.\n"));
    sandbox.git(&["branch", "other"]);
    sandbox.chant(&["work", &id, "--onto", "other"]).fails(1, &["is for 'main'", "git chant reset"]);
    let ran = sandbox.chant(&["work", &id]);
    assert!(ran.err.contains("the text of") && ran.err.contains("has changed"), "{}", ran.err);
    assert_eq!(sandbox.status(&id), "finished", "{}{}", ran.out, ran.err);
}

#[test]
fn a_rate_limited_agent_is_paused_by_its_code_or_by_what_it_says() {
    for script in ["exit 75", "echo '5-hour limit reached ∙ resets 2am'; exit 1"] {
        let (sandbox, id) = sandbox();
        sandbox.agent(&format!("echo half >new; {script}"));
        sandbox.chant(&["work", &id]).fails(1, &["Paused after", "the agent is rate-limited"]);
        assert_eq!(sandbox.status(&id), "paused");
        sandbox.agent("tick");
        sandbox.chant(&["work", &id]).ok();
        assert_eq!(sandbox.read("new"), "half\n");
    }
}

#[test]
fn eight_that_go_on_with_one_paused_spec_are_one() {
    let (sandbox, id) = sandbox();
    let running = started(&sandbox, &id);
    sandbox.chant(&["pause", &id]).ok();
    ended(running);
    sandbox.agent("echo run >>\"$HOME/runs\"; until [ -e \"$HOME/go\" ]; do sleep 0.01; done; tick");
    let mut running: Vec<Child> = (0..8)
        .map(|_| sandbox.binary(&["work", &id]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap())
        .collect();
    let mut refused = Vec::new();
    while refused.len() < 7 {
        match running.iter_mut().position(|child| child.try_wait().unwrap().is_some()) {
            Some(at) => refused.push(ended(running.swap_remove(at))),
            None => std::thread::sleep(std::time::Duration::from_millis(5)),
        }
    }
    for one in refused {
        one.fails(1, &["is "]);
    }
    std::fs::write(sandbox.dir().join("home/go"), "").unwrap();
    ended(running.remove(0)).ok();
    assert_eq!(std::fs::read_to_string(sandbox.dir().join("home/runs")).unwrap(), "run\n");
    assert_eq!(sandbox.ops(&id), ["add", "start", "pause", "resume", "finish", "land", "complete"]);
}

#[test]
fn what_has_not_begun_is_over_or_is_elsewhere_cannot_be_paused() {
    let (sandbox, id) = sandbox();
    sandbox.chant(&["pause", &id]).fails(1, &["cannot pause", "it is pending", "git chant work"]);
    sandbox.chant(&["takeover", &id]).fails(1, &["has no running attempt", "--agent manual"]);
    sandbox.chant(&["work", &id, "--agent", "manual"]).ok();
    let clone = sandbox.dir().join("clone");
    sandbox.git(&["clone", "-q", ".", clone.to_str().unwrap()]);
    sandbox.git_in(&clone, &["fetch", "-q", "origin", "refs/chant/*:refs/chant/*"]);
    sandbox.chant_in(&clone, &["pause", &id]).fails(1, &["in another clone", "git chant release"]);
    let mut inside = sandbox.binary(&["pause", &id]);
    sandbox.run(inside.env("CHANT_SPEC_ID", &id)).fails(1, &["only a person can pause a spec"]);
    sandbox.chant(&["pause", &id]).ok();
    assert_eq!(sandbox.status(&id), "paused");
    let again = sandbox.chant(&["work", &id]).ok();
    assert!(again.out.contains("repo.chant-"), "it is a person's again: {}", again.out);
}

#[test]
fn a_pause_ends_the_wait_for_an_agent_that_is_left_alone_and_keeps_its_session() {
    for all in [false, true] {
        let (sandbox, id) = sandbox();
        sandbox.agent("echo half >new; exit 75");
        sandbox.git(&["config", "chant.rateLimitPause", "1h"]);
        let other = all.then(|| sandbox.add(&["Another"]));
        let args = if all { vec!["work", "--all", "--jobs", "2"] } else { vec!["work", &id] };
        let mut child = sandbox.binary(&args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
        for _ in [Some(&id), other.as_ref()].iter().flatten() {
            assert!(lines.any(|line| line.contains(" in 1h")), "{args:?}");
        }
        std::thread::sleep(Duration::from_secs(1));
        let paused = sandbox.chant(&["pause", &id, "-m", "lunch"]).ok();
        assert!(paused.out.contains("lunch") && paused.err.contains("git chant work"), "{paused:?}");
        if let Some(other) = &other {
            // The other one waits on.
            assert!(lines.any(|line| line.contains("paused: lunch")));
            assert!(child.try_wait().unwrap().is_none());
            sandbox.chant(&["pause", other, "-m", "supper"]).ok();
        }
        assert!(lines.last().is_some(), "{args:?}");
        let ran = ended(child).fails(1, if all { &[] } else { &["Paused after"] });
        // The wait counts.
        assert!(all || !ran.out.contains("ms: lunch") && !ran.out.contains("after 0s"), "{}", ran.out);
        assert_eq!(sandbox.ops(&id), ["add", "start", "pause", "pause"], "{args:?}");
        sandbox.chant(&["pause", &id]).fails(1, &["cannot pause", "it is paused"]);
        sandbox.agent("tick");
        sandbox.chant(&["work", &id]).ok();
        assert_eq!(sandbox.ops(&id)[3..], ["pause", "resume", "finish", "land", "complete"]);
        assert_eq!(sandbox.read("new"), "half\n");
        assert_eq!(sandbox.chant(&["fsck", "--json"]).ok().json()["problems"], serde_json::json!([]));
    }
}

#[test]
fn what_a_person_decides_while_an_agent_is_left_alone_stands() {
    for (command, status) in [("reset", "pending"), ("takeover", "in progress"), ("cancel", "cancelled")] {
        let (sandbox, id) = sandbox();
        sandbox.agent("echo run >>\"$HOME/runs\"; exit 75");
        sandbox.git(&["config", "chant.rateLimitPause", "1h"]);
        let mut child = sandbox.binary(&["work", &id]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.as_mut().unwrap()).lines();
        assert!(lines.any(|line| line.unwrap().contains("going on in 1h")));
        sandbox.chant(&[command, &id]).ok();
        ended(child).fails(1, &["another process decided about", &format!("it is {status}")]);
        assert_eq!(sandbox.status(&id).replace('_', " "), status);
        assert_eq!(std::fs::read_to_string(sandbox.dir().join("home/runs")).unwrap(), "run\n");
    }
}
