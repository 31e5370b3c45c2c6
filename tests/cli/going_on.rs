//! After failed checks the next attempt goes on where the last one stood, and is told what did not pass; and who takes the place of an agent
//! that is not there, or that was stopped by what passes.

use std::path::Path;

use crate::support::{Ran, Sandbox, watch::until};

const TICKS: &str =
    "sed 's/- \\[ \\]/- [x]/' \"$CHANT_SPEC_FILE\" >.tick && cat .tick >\"$CHANT_SPEC_FILE\" && rm .tick";

/// A spec whose first attempt leaves `half`, does what `then` says, and fails its checks.
fn failed(then: &str) -> (Sandbox, String) {
    let sandbox = Sandbox::new();
    sandbox.write("../body.md", "## Acceptance Criteria\n\n- [ ] it is whole\n");
    let id =
        sandbox.add(&["Make it whole", "--verify", "echo 'no whole here'; test -f whole", "--body-file", "../body.md"]);
    sandbox.git(&["config", "chant.trust", "always"]);
    sandbox.agent(&format!("echo half >half; git add half; git commit -qm Half; echo loose >loose; {then}"));
    sandbox.chant(&["work", &id]).fails(1, &["to resume it: git chant work", "--fresh"]);
    (sandbox, id)
}

const MENDS: &str = "cp \"$CHANT_PROMPT_FILE\" ~/prompt; ls >~/listed; echo whole >whole; \
                     sed 's/- \\[ \\]/- [x]/' \"$CHANT_SPEC_FILE\" >.tick && cat .tick >\"$CHANT_SPEC_FILE\" && rm .tick";

fn home(sandbox: &Sandbox, name: &str) -> String {
    std::fs::read_to_string(sandbox.dir().join("home").join(name)).unwrap()
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn after_failed_checks_the_attempt_goes_on_and_knows_what_is_left() {
    let checked = ["Checks that did not pass:\n- verify '", "no whole here", "Half"];
    let left = ["criterion 'it is whole': unticked", "Criteria that are left:\n- it is whole", "Half"];
    for (then, all) in [(TICKS, checked), (":", left)] {
        let (sandbox, id) = failed(then);
        let before = sandbox.show(&id)["attempt"].clone();
        sandbox.agent(MENDS);
        let ran = sandbox.chant(&["work", &id]).ok();
        assert!(ran.err.contains("resuming '") && ran.err.contains("--fresh"), "{}", ran.err);
        let listed = home(&sandbox, "listed");
        assert!(listed.contains("half") && listed.contains("loose"), "{listed}");
        let prompt = home(&sandbox, "prompt");
        for told in all {
            assert!(prompt.contains(told), "{told}: {prompt}");
        }
        assert_eq!(sandbox.show(&id)["attempt"], before, "one attempt went on");
        assert_eq!((sandbox.status(&id).as_str(), sandbox.read("whole").as_str()), ("completed", "whole\n"));
    }
}

#[test]
fn a_new_attempt_begins_where_that_is_asked_for_or_the_text_is_another() {
    for another_text in [false, true] {
        let (sandbox, id) = failed(":");
        let before = sandbox.show(&id)["attempt"].as_str().unwrap().to_owned();
        sandbox.agent(MENDS);
        if another_text {
            let path = format!(".chant/specs/{id}.md");
            let text = sandbox.read(&path).replace("# Make it whole", "# Make it whole at last");
            sandbox.write(&path, &text);
            sandbox.chant(&["work", &id]).ok();
        } else {
            sandbox.chant(&["work", &id, "--fresh"]).ok();
        }
        assert!(!home(&sandbox, "listed").contains("half"));
        let kept = sandbox.git(&["for-each-ref", "--format=%(refname)", "refs/chant-local/attempts"]);
        assert!(kept.contains(&before), "{kept}");
        let prompt = home(&sandbox, "prompt");
        let told = format!("refs/chant-local/attempts/{id}/{before}");
        assert!(prompt.contains(&told), "{prompt}");
        let tip = sandbox.git(&["rev-parse", &told]);
        assert!(prompt.contains(&format!("commit {}", &tip[..12])), "{prompt}");
    }
}

#[test]
fn what_an_attempt_left_stays_where_the_next_one_cannot_begin() {
    let (sandbox, id) = failed(":");
    let place = std::path::PathBuf::from(sandbox.chant(&["path", &id]).ok().out.trim());
    let (ops, branches) = (sandbox.ops(&id), sandbox.git(&["branch", "--list", "chant/*"]));
    // The spec is in no commit: the first commit of a new attempt adds it, and cannot be signed.
    sandbox.git(&["config", "commit.gpgSign", "true"]);
    sandbox.git(&["config", "gpg.program", "false"]);
    sandbox.chant(&["work", &id, "--fresh"]).fails(128, &["sign"]);
    assert_eq!((sandbox.status(&id).as_str(), sandbox.ops(&id)), ("failed", ops));
    assert_eq!(sandbox.git(&["branch", "--list", "chant/*"]), branches);
    assert!(place.join("loose").exists());
}

#[test]
fn an_agent_that_failed_itself_begins_anew() {
    let (sandbox, id) = failed(":");
    sandbox.chant(&["reset", &id]).ok();
    sandbox.agent("echo half >half; echo 'the last words'; exit 3");
    sandbox.chant(&["work", &id]).fails(1, &["to start over: git chant work"]);
    sandbox.agent(MENDS);
    sandbox.chant(&["work", &id]).ok();
    assert!(!home(&sandbox, "listed").contains("half"));
    let prompt = home(&sandbox, "prompt");
    assert!(prompt.contains("its last lines:\n      the last words"), "{prompt}");
}

#[test]
fn checks_of_a_run_that_was_cut_short_record_what_failed() {
    let (sandbox, id) = failed(":");
    sandbox.chant(&["reset", &id]).ok();
    sandbox.agent(&format!("echo half >half; git add half; git commit -qm Half; {TICKS}; kill -9 $$"));
    sandbox.chant(&["work", &id]).fails(1, &["was killed: SIGKILL", "to check the work as it is: git chant finish"]);
    let before = (sandbox.show(&id)["attempt"].clone(), sandbox.ops(&id).len());
    for _ in 0..2 {
        sandbox.chant(&["finish", &id]).fails(1, &["no whole here", "to resume it: git chant work"]);
        assert_eq!(sandbox.ops(&id)[before.1..], ["fail"], "the same is recorded once");
        let shown = sandbox.chant(&["show", &id]).ok().out;
        assert!(!shown.contains("Reason:      the agent was killed"), "{shown}");
        assert!(shown.contains("no whole here"), "{shown}");
    }
    sandbox.agent(MENDS);
    sandbox.chant(&["work", &id]).ok();
    let prompt = home(&sandbox, "prompt");
    assert!(prompt.contains("Checks that did not pass:\n- verify '") && prompt.contains("no whole here"), "{prompt}");
    assert_eq!(sandbox.show(&id)["attempt"], before.0, "one attempt went on");
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_prompt_tells_of_the_newest_attempts_and_is_no_longer_for_it() {
    let (sandbox, id) = failed(":");
    sandbox.git(&["config", "chant.promptBudget", "8k"]);
    for attempt in 1..=6 {
        // Ten lines of six thousand characters.
        let line = format!("for n in 0 1 2 3 4 5 6 7 8 9; do printf 'line {attempt}%06000d\\n' 7; done; exit 3");
        sandbox.agent(&line);
        sandbox.chant(&["work", &id, "--fresh"]).fails(1, &["exited with code 3"]);
    }
    for _ in 0..3 {
        sandbox.chant(&["note", &id, "-m", &"remark ".repeat(400)]).ok();
    }
    sandbox.agent(MENDS);
    sandbox.chant(&["work", &id, "--fresh"]).ok();
    let prompt = home(&sandbox, "prompt");
    assert!(prompt.len() < 12 * 1024, "{} bytes", prompt.len());
    assert!(prompt.contains("line 6") && !prompt.contains("line 5"), "{prompt}");
    for left_out in ["(6 older left out; to see them: git chant log", "(2 older left out"] {
        assert!(prompt.contains(left_out), "{left_out}: {prompt}");
    }
}

/// A sandbox with these agents, the first first.
fn agents(all: &[(&str, &str)]) -> (Sandbox, String) {
    let sandbox = Sandbox::new();
    for (name, command) in all {
        sandbox.git(&["config", "--add", "chant.agent", name]);
        sandbox.git(&["config", &format!("chant.agent.{name}.cmd"), command]);
    }
    sandbox.write("../body.md", "## Acceptance Criteria\n\n- [ ] it is whole\n");
    let id = sandbox.add(&["Make it whole", "--body-file", "../body.md"]);
    (sandbox, id)
}

#[test]
fn the_next_agent_takes_the_place_of_one_that_is_not_there_and_that_is_said_before_the_claim() {
    let (sandbox, id) = agents(&[("gone", "no-such-program-anywhere"), ("here", MENDS)]);
    let ran = sandbox.chant(&["work", &id]).ok();
    let (note, claim) = (ran.err.find("not on this machine: gone; using 'here'"), ran.err.find("Working "));
    assert!(note.is_some() && note < claim, "{}", ran.err);
    assert_eq!(sandbox.show(&id)["agent"], "here");
    // In a queue too, with one that is there and with more.
    for rest in [&[("here", MENDS)][..], &[("here", MENDS), ("other", "exit 3")]] {
        let (sandbox, id) = agents(&[&[("gone", "no-such-program-anywhere")], rest].concat());
        sandbox.git(&["config", "chant.agent.here.jobs", "1"]);
        let ran = sandbox.chant(&["work", "--all"]).ok();
        let (note, claim) = (ran.err.find("not on this machine: gone; using 'here'"), ran.err.find("Working "));
        assert!(note.is_some() && note < claim && !ran.err.contains("waiting for"), "{}", ran.err);
        assert_eq!(sandbox.show(&id)["agent"], "here");
    }
    let (sandbox, id) = agents(&[("gone", "no-such-program-anywhere")]);
    sandbox.chant(&["work", &id]).fails(128, &["cannot start agent 'gone'"]);
    assert_eq!(sandbox.status(&id), "pending");
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn the_next_agent_goes_on_where_one_is_held_up_alone_and_in_a_queue() {
    let limited = "echo once >>~/asked; echo half >half; exit 75";
    let (sandbox, id) = agents(&[("first", limited), ("second", MENDS)]);
    let ran = sandbox.chant(&["work", &id]).ok();
    assert!(ran.err.contains("the agent is rate-limited; resuming with 'second'"), "{}", ran.err);
    assert!(home(&sandbox, "listed").contains("half"), "in the same worktree");
    // Asked for by name, none takes its place.
    let other = sandbox.add(&["Another", "--body-file", "../body.md"]);
    sandbox.chant(&["work", &other, "--agent", "first"]).fails(1, &["Paused after"]);
    sandbox.chant(&["cancel", &other, "--reason", "enough"]).ok();

    let more = format!("{MENDS}; echo more >>more");
    let (sandbox, first) = agents(&[("first", limited), ("second", &more)]);
    let second = sandbox.add(&["Another", "--body-file", "../body.md", "--verify", "true"]);
    sandbox.git(&["config", "chant.trust", "always"]);
    let ran = sandbox.chant(&["work", "--all"]).ok();
    assert!(ran.err.contains("waiting for 'first': 'second' works on"), "{}", ran.err);
    assert_eq!((sandbox.status(&first).as_str(), sandbox.status(&second).as_str()), ("completed", "completed"));
    assert_eq!(home(&sandbox, "asked"), "once\n", "the one that is held up is not asked again");
}

#[test]
fn a_root_cause_is_told_of_the_reproduction_its_commit_its_test_and_what_that_printed() {
    let sandbox = Sandbox::new();
    sandbox.git(&["config", "chant.trust", "always"]);
    let topic = ["--topic", "lost-writes", "--onto", "main"];
    let test = "printf 'test -f fixed || { echo a write was lost; exit 1; }\\n' >lost.sh; git add lost.sh; git commit -qm Test";
    sandbox.agent(&format!("{test}; {TICKS}"));
    let reproduces = ["Reproduce", "--type", "task", "--phase", "reproduction", "--reproduces", "sh lost.sh"];
    let reproduction = sandbox.add(&[&reproduces[..], &topic[..]].concat());
    sandbox.chant(&["work", &reproduction]).ok();
    let commit = sandbox.show(&reproduction)["work_commits"].as_array().unwrap().last().unwrap().clone();
    sandbox.agent("cp \"$CHANT_PROMPT_FILE\" ~/prompt; exit 3");
    let cause = sandbox.add(&[&["Why", "--type", "research", "--phase", "root-cause"], &topic[..]].concat());
    sandbox.chant(&["work", &cause]).fails(1, &["exited with code 3"]);
    let prompt = home(&sandbox, "prompt");
    let told = [format!("Commit: {}", commit.as_str().unwrap()), "Test: sh lost.sh".into(), "a write was lost".into()];
    for told in told {
        assert!(prompt.contains(&told), "{told}: {prompt}");
    }
}

/// Work by hand, in the worktree too, where the branch that is checked out is the spec's own.
#[test]
fn a_persons_own_work_resumes_from_its_worktree_and_is_never_removed_under_them() {
    let sandbox = Sandbox::new();
    let id = sandbox.add(&["Make it whole", "--verify", "test -f whole"]);
    sandbox.chant(&["work", &id, "--agent", "manual"]).ok();
    let worktree = sandbox.chant(&["path", &id]).ok().out.trim().to_owned();
    let inside = Path::new(&worktree);
    std::fs::write(inside.join("half"), "half\n").unwrap();
    sandbox.chant(&["finish", &id]).fails(1, &["to resume it: git chant work"]);
    let before = sandbox.show(&id)["attempt"].clone();
    for place in [&sandbox.repo, inside] {
        sandbox.run(sandbox.command_in(place, env!("CARGO_BIN_EXE_git-chant")).args(["work", &id])).ok();
        assert_eq!((sandbox.status(&id).as_str(), &sandbox.show(&id)["attempt"]), ("in_progress", &before));
        assert_eq!(std::fs::read_to_string(inside.join("half")).unwrap(), "half\n");
        sandbox.chant(&["finish", &id]).fails(1, &["to resume it: git chant work"]);
    }
    let fresh = sandbox.run(sandbox.command_in(inside, env!("CARGO_BIN_EXE_git-chant")).args(["work", &id, "--fresh"]));
    fresh.fails(1, &["you are in the worktree of", "leave it first: cd "]);
    assert!(inside.join("half").exists());
    let again = sandbox.chant(&["work", &id, "--fresh", "--agent", "manual"]).ok();
    assert!(again.err.contains("the earlier work, which is kept: git show "), "{}", again.err);
}

#[test]
fn after_a_pause_the_first_agent_begins_again_in_the_session_that_it_had() {
    let (sandbox, id) =
        agents(&[("first", "echo first >>~/asked; exit 75"), ("second", "echo second >>~/asked; exit 75")]);
    sandbox.chant(&["work", &id]).fails(1, &["Paused after"]);
    assert_eq!(sandbox.show(&id)["agent"], "second");
    sandbox.chant(&["work", &id]).fails(1, &["resuming with 'second'"]);
    assert_eq!(home(&sandbox, "asked"), "first\nsecond\nfirst\nsecond\n");
    // One that failed by itself stays with what it began.
    sandbox.git(&["config", "chant.agent.second.cmd", "echo second >>~/asked; echo half >half"]);
    sandbox.chant(&["work", &id]).fails(1, &["Failed after"]);
    sandbox.git(&["config", "chant.agent.second.cmd", MENDS]);
    sandbox.chant(&["work", &id]).ok();
    assert_eq!(home(&sandbox, "asked"), "first\nsecond\nfirst\nsecond\nfirst\nsecond\n");
}

#[test]
fn after_each_pause_every_agent_is_asked_again() {
    let second = format!("echo second >>~/asked; test -e ~/once && {{ {MENDS}; exit; }}; touch ~/once; exit 75");
    let (sandbox, id) = agents(&[("first", "echo first >>~/asked; exit 75"), ("second", &second)]);
    sandbox.git(&["config", "chant.rateLimitPause", "1ms"]);
    sandbox.chant(&["work", &id]).ok();
    assert_eq!(home(&sandbox, "asked"), "first\nsecond\nfirst\nsecond\n");
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_person_who_pauses_it_while_it_is_judged_is_heeded() {
    for all in [false, true] {
        let (sandbox, id) = agents(&[("first", "echo once >>~/asked; echo x >a.slow; exit 75")]);
        let sandbox = sandbox.unconfined();
        let at = |name: &str| sandbox.dir().join("home").join(name);
        let waits = format!("touch {0:?}; until [ -e {1:?} ]; do sleep 0.02; done; cat", at("judged"), at("go"));
        sandbox.git(&["config", "filter.slow.clean", &waits]);
        sandbox.git(&["config", "chant.rateLimitPause", "1ms"]);
        std::fs::write(sandbox.repo.join(".git/info/attributes"), "*.slow filter=slow\n").unwrap();
        let args: &[&str] = if all { &["work", "--all"] } else { &["work", &id] };
        let piped = std::process::Stdio::piped;
        let start = |args: &[&str]| sandbox.binary(args).stdout(piped()).stderr(piped()).spawn().unwrap();
        let work = start(args);
        until(|| at("judged").exists());
        let pause = start(&["pause", &id]);
        until(|| sandbox.status(&id) == "paused");
        std::fs::write(at("go"), "").unwrap();
        let ran = Ran::of(work.wait_with_output().unwrap());
        Ran::of(pause.wait_with_output().unwrap()).ok();
        assert_eq!((ran.code, home(&sandbox, "asked").as_str()), (1, "once\n"), "{}", ran.err);
        assert_eq!(sandbox.status(&id), "paused");
    }
}
