//! `status`: what runs, what waits for whom, what needs a person; once, and again and again.

use std::{
    io::{BufRead as _, BufReader},
    os::unix::process::CommandExt as _,
    path::Path,
    process::{Child, Stdio},
};

use serde_json::Value;

use crate::support::{Ran, Sandbox, terminal::Terminal, watch};

/// The status as JSON.
#[track_caller]
fn standing(sandbox: &Sandbox) -> Value {
    sandbox.chant(&["status", "--json"]).ok().json()["status"].clone()
}

/// The ids in a list of it.
fn ids(standing: &Value, list: &str) -> Vec<String> {
    let spec = |one: &Value| one.get("spec").unwrap_or(one)["id"].as_str().unwrap().to_owned();
    standing[list].as_array().unwrap().iter().map(spec).collect()
}

/// Looks until `seen` finds something, and returns it. Only the watch ends a test that looks in vain.
fn until<T>(mut seen: impl FnMut() -> Option<T>) -> T {
    let mut found = None;
    watch::until(|| {
        found = seen();
        found.is_some()
    });
    found.unwrap()
}

/// An agent that prints, says that it is there, and goes on when a file appears.
fn waiting_agent(sandbox: &Sandbox, print: &str) {
    let dir = sandbox.dir().display();
    sandbox.agent(&format!(
        "{print}; touch {dir}/there; while ! [ -e {dir}/go ]; do sleep 0.05; done; echo two >file; tick"
    ));
}

/// Begins to work a spec and waits until its agent is there.
fn begin(sandbox: &Sandbox, id: &str) -> Child {
    let child = sandbox.binary(&["work", id]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    until(|| sandbox.dir().join("there").exists().then_some(()));
    child
}

fn let_go(sandbox: &Sandbox, mut child: Child) {
    std::fs::write(sandbox.dir().join("go"), "").unwrap();
    assert!(child.wait().unwrap().success());
}

/// A clone in which nothing of git chant has happened yet.
fn quiet() -> Sandbox {
    Sandbox::new()
}

#[test]
fn nothing_goes_on() {
    let sandbox = quiet();
    let ran = sandbox.chant(&["status"]).ok();
    assert_eq!(ran.out, "nothing to work on (create specs with \"git chant add\")\n");
    let json = sandbox.chant(&["status", "--json"]).ok().out;
    assert_eq!(
        json,
        "{\"format\":1,\"status\":{\"attention\":[],\"finished\":[],\"paused\":[],\"running\":[],\"waiting\":[],\"drivers\":[],\"ready\":[]}}\n"
    );
}

#[test]
fn a_run_with_its_agent_attempt_process_and_last_line() {
    let sandbox = quiet();
    sandbox.agent("exit 3");
    let id = sandbox.add(&["Make it two"]);
    sandbox.chant(&["work", &id]).fails(1, &[]);
    waiting_agent(&sandbox, "printf 'one\\nreading the file\\n\\n'");
    let child = begin(&sandbox, &id);
    let run = until(|| {
        let run = standing(&sandbox)["running"][0].clone();
        (run["last_line"] == "reading the file").then_some(run)
    });
    assert_eq!(run["spec"]["id"], id);
    assert_eq!(run["spec"]["agent"], "scripted");
    assert_eq!((run["number"].as_u64(), run["pid"].as_u64()), (Some(2), Some(u64::from(child.id()))));
    assert_eq!(run["by"], "Ada");
    assert!(run["since"].as_str().unwrap().contains('T'), "{run}");
    let out = sandbox.chant(&["status"]).ok().out;
    assert!(out.starts_with("Running:\n  (use \"git chant log -f <spec>\""), "{out}");
    assert!(out.contains("scripted, attempt 2, for ") && out.contains("> reading the file\n"), "{out}");
    assert_eq!(sandbox.chant(&["status", "-z"]).ok().out, format!("{id}\trunning\tMake it two\0"));
    assert_eq!(sandbox.chant(&["status", "--format=%(short)"]).ok().out, format!("{}\n", &id[11..]));
    let_go(&sandbox, child);
    assert_eq!(ids(&standing(&sandbox), "running"), [""; 0]);
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn last_lines_that_are_hostile() {
    for (print, expected) in [
        (r"printf '\033[2J\033]0;owned\007all \033[31mgood\033[0m\n'", "all good"),
        (r"printf 'caf\351 \377\n'", "caf\u{fffd} \u{fffd}"),
        (r"printf '10%%\r20%%\r30%%'", "30%"),
        (r"printf 'a\tb\033[1A\n   \n'", "a b"),
    ] {
        let sandbox = quiet();
        let id = sandbox.add(&["Make it two"]);
        waiting_agent(&sandbox, print);
        let child = begin(&sandbox, &id);
        until(|| (standing(&sandbox)["running"][0]["last_line"] == expected).then_some(()));
        let out = sandbox.chant(&["status"]).ok().out;
        assert!(out.contains(&format!("> {expected}\n")) && !out.contains('\u{1b}'), "{out:?}");
        let_go(&sandbox, child);
    }
}

#[test]
fn a_huge_last_line_is_cut() {
    let sandbox = quiet();
    let id = sandbox.add(&["Make it two"]);
    waiting_agent(&sandbox, "head -c 3000000 /dev/zero | tr '\\0' x");
    let child = begin(&sandbox, &id);
    let line = until(|| standing(&sandbox)["running"][0]["last_line"].as_str().map(str::to_owned));
    assert!(line.len() <= 400 && line.bytes().all(|byte| byte == b'x'), "{}", line.len());
    let_go(&sandbox, child);
}

#[test]
fn what_waits_for_whom() {
    let sandbox = quiet();
    sandbox.agent("echo $CHANT_SPEC_ID >>log");
    let first = sandbox.add(&["First"]);
    let second = sandbox.add(&["Second"]);
    let third = sandbox.add(&["Third", "--depends-on", &first, "--depends-on", &second]);
    let gate = sandbox.add(&["Let it out", "--type", "gate"]);
    let later = sandbox.add(&["Later", "--type", "gate", "--depends-on", &first]);
    let approval = sandbox.add(&["Ask first", "--needs-approval"]);
    let status = standing(&sandbox);
    assert_eq!(ids(&status, "ready"), [first.clone(), second.clone()]);
    assert_eq!(ids(&status, "waiting"), [third.clone(), later]);
    assert_eq!(status["waiting"][0]["on"], serde_json::json!([first[11..], second[11..]]));
    assert_eq!(ids(&status, "attention"), [gate.clone(), approval.clone()]);
    assert_eq!(
        (&status["attention"][0]["need"], &status["attention"][1]["need"]),
        (&"gate".into(), &"approval".into())
    );
    let out = sandbox.chant(&["status"]).ok().out;
    assert!(out.contains(&format!("waits for {} and 1 more\n", &first[11..])), "{out}");
    assert!(out.contains("(use \"git chant approve <spec>\" to approve it)"), "{out}");
    // What was cancelled never comes.
    sandbox.chant(&["cancel", &second]).ok();
    let status = standing(&sandbox);
    assert_eq!(ids(&status, "attention"), [third, gate, approval]);
    assert_eq!(status["attention"][0]["need"], "dependency");
    let hopeless = &status["attention"][0]["spec"]["id"];
    let waiting = status["waiting"].as_array().unwrap();
    assert!(!waiting.iter().any(|one| one["spec"]["id"] == *hopeless), "{waiting:?}");
}

#[test]
fn what_is_finished_says_what_is_in_the_way() {
    let sandbox = quiet();
    sandbox.agent("echo two >file");
    let id = sandbox.add(&["Make it two"]);
    sandbox.chant(&["work", &id, "--no-merge"]).ok();
    let why = |sandbox: &Sandbox| {
        let status = standing(sandbox);
        let one = &status["finished"][0];
        (one["why"].as_str().unwrap_or_default().to_owned(), one["paths"].clone())
    };
    assert_eq!(why(&sandbox), (String::new(), serde_json::json!([])));
    assert!(sandbox.chant(&["status"]).ok().out.contains("for main, finished "));
    let objects = sandbox.git(&["count-objects", "-v"]);
    sandbox.write("file", "mine\n");
    let (said, paths) = why(&sandbox);
    assert!(said.contains("are in the way"), "{said}");
    assert_eq!(paths, serde_json::json!(["file"]));
    sandbox.chant(&["merge", &id]).fails(1, &["are in the way"]);
    sandbox.git(&["commit", "-qam", "Mine"]);
    let objects_before = sandbox.git(&["count-objects", "-v"]);
    assert_ne!(objects, objects_before);
    assert_eq!(why(&sandbox), ("it conflicts with 'main'".to_owned(), serde_json::json!(["file"])));
    assert!(sandbox.chant(&["status"]).ok().out.contains("it conflicts with 'main': file\n"));
    assert_eq!(sandbox.git(&["count-objects", "-v"]), objects_before, "looking writes no object");
    sandbox.chant(&["merge", &id]).fails(1, &["it conflicts with 'main'"]);
    sandbox.git_in(
        Path::new(sandbox.show(&id)["worktree"].as_str().unwrap()),
        &["commit", "-q", "--allow-empty", "-m", "more"],
    );
    assert!(why(&sandbox).0.contains("moved after the checks"));
}

#[test]
fn what_is_finished_is_judged_by_the_merge_that_merge_would_make() {
    let sandbox = quiet();
    sandbox.write("file", &"1 2 3 4 5 6 7 8 9\n".replace(' ', "\n"));
    sandbox.commit("Lines");
    sandbox.agent("sed -i s/2/two/ file; git commit -qam Two");
    let id = sandbox.add(&["Make it two"]);
    sandbox.commit("Spec");
    let nine = |nine: &str| sandbox.write("file", &format!("1\n2\n3\n4\n5\n6\n7\n8\n{nine}\n"));
    nine("nine");
    sandbox.commit("Nine");
    sandbox.chant(&["work", &id, "--no-merge"]).ok();
    // A person amends the commit that the work began at.
    nine("NINE");
    sandbox.git(&["commit", "-qa", "--amend", "--no-edit"]);
    // To look signs nothing.
    let objects = sandbox.git(&["count-objects", "-v"]);
    let mut git = sandbox.command_in(&sandbox.repo, "git");
    git.args(["-c", "commit.gpgSign=true", "-c", "gpg.program=false", "chant", "status", "--json"]);
    let one = sandbox.run(&mut git).ok().json()["status"]["finished"][0].clone();
    assert_eq!((&one["why"], &one["paths"]), (&Value::Null, &serde_json::json!([])), "{one}");
    assert_eq!(sandbox.git(&["count-objects", "-v"]), objects, "looking writes no object");
    sandbox.chant(&["merge", &id]).ok();
    assert_eq!(sandbox.read("file"), "1\ntwo\n3\n4\n5\n6\n7\n8\nNINE\n");
}

#[test]
fn a_driver_half_done() {
    let sandbox = quiet();
    sandbox.agent("echo x >did-${CHANT_SPEC_ID##*.}; tick");
    sandbox.write("body.md", "## One\n\nx\n\n## Two\n\nx\n\n## Three\n\nx\n");
    let id = sandbox.add(&["Convert it", "--type", "driver", "--body-file", "body.md"]);
    assert_eq!(standing(&sandbox)["attention"][0]["need"], "memberless");
    sandbox.chant(&["split", &id, "--by-heading"]).ok();
    sandbox.chant(&["work", &format!("{id}.1")]).ok();
    sandbox.agent("exit 1");
    sandbox.chant(&["work", &format!("{id}.2")]).fails(1, &[]);
    let status = standing(&sandbox);
    let driver = &status["drivers"][0];
    assert_eq!((&driver["members"], &driver["over"], &driver["failed"]), (&3.into(), &1.into(), &1.into()));
    assert_eq!(ids(&status, "ready"), [format!("{id}.3")]);
    assert_eq!(ids(&status, "attention"), [format!("{id}.2")]);
    let out = sandbox.chant(&["status"]).ok().out;
    assert!(out.contains("1 of 3 members done, 1 failed\n"), "{out}");
    assert!(out.contains("the agent exited with code 1"), "{out}");
}

#[test]
fn a_killed_run_is_an_orphan_at_once() {
    let sandbox = quiet();
    let id = sandbox.add(&["Make it two"]);
    waiting_agent(&sandbox, "true");
    let mut child = begin(&sandbox, &id);
    assert_eq!(ids(&standing(&sandbox), "running"), std::slice::from_ref(&id));
    child.kill().unwrap();
    child.wait().unwrap();
    let status = standing(&sandbox);
    assert_eq!(ids(&status, "running"), [""; 0]);
    assert_eq!((ids(&status, "attention"), &status["attention"][0]["need"]), (vec![id.clone()], &"orphaned".into()));
    let out = sandbox.chant(&["status"]).ok().out;
    assert!(out.contains("died; its work is kept") && out.contains("to resume an interrupted attempt"), "{out}");
    std::fs::write(sandbox.dir().join("go"), "").unwrap();
    sandbox.chant(&["work", &id]).ok();
    assert!(sandbox.chant(&["status"]).ok().out.starts_with("nothing to work on"));
}

#[test]
fn by_hand_invalid_tampered_and_rejected() {
    let sandbox = quiet().unconfined();
    let hand = sandbox.add(&["By hand"]);
    sandbox.chant(&["work", &hand, "--agent", "manual"]).ok();
    sandbox.agent("git config chant.scope off; echo two >file");
    let tampered = sandbox.add(&["Tampered"]);
    sandbox.chant(&["work", &tampered]).fails(1, &[]);
    let rejected = sandbox.add(&["No", "--needs-approval"]);
    sandbox.chant(&["reject", &rejected, "-m", "no"]).ok();
    sandbox.write(".chant/specs/2026-02-08-010-v7b.md", "---\ntype: nonsense\n---\n# Broken\n");
    let status = standing(&sandbox);
    assert_eq!((ids(&status, "running"), &status["running"][0]["note"]), (vec![hand], &"by hand".into()));
    let needs: Vec<(String, String)> = status["attention"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["spec"]["id"].as_str().unwrap().to_owned(), one["need"].as_str().unwrap().to_owned()))
        .collect();
    for (id, need) in [(&tampered, "tampered"), (&rejected, "rejected"), (&"2026-02-08-010-v7b".to_owned(), "invalid")]
    {
        assert!(needs.contains(&(id.clone(), need.to_owned())), "{id} {need}: {needs:?}");
    }
}

#[test]
fn hints_as_git_has_them() {
    let sandbox = quiet();
    sandbox.add(&["One"]);
    let said = |ran: Ran| ran.ok().out.contains("(use ");
    assert!(said(sandbox.chant(&["status"])));
    assert!(!said(sandbox.chant(&["status", "--quiet"])));
    assert!(!said(sandbox.run(sandbox.command_in(&sandbox.repo, "git").args([
        "-c",
        "advice.statusHints=false",
        "chant",
        "status"
    ]))));
    sandbox.git(&["config", "advice.statusHints", "false"]);
    assert!(!said(sandbox.chant(&["status"])));
}

#[test]
fn looking_changes_nothing() {
    let sandbox = quiet();
    sandbox.agent("echo two >file");
    let id = sandbox.add(&["Make it two"]);
    sandbox.chant(&["work", &id, "--no-merge"]).ok();
    let all =
        || (sandbox.git(&["for-each-ref"]), sandbox.git(&["status", "--porcelain"]), sandbox.git(&["count-objects"]));
    let before = all();
    sandbox.chant(&["status"]).ok();
    assert_eq!(all(), before);
}

#[test]
fn a_watch_in_a_pipe_says_what_changed_and_ends_with_the_signal() {
    let sandbox = quiet();
    let first = sandbox.add(&["First"]);
    let mut watch = sandbox.binary(&["status", "--watch=0.1", "--json"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(watch.stdout.take().unwrap()).lines();
    let mut next = || serde_json::from_str::<Value>(&lines.next().unwrap().unwrap()).unwrap()["status"].clone();
    assert_eq!(ids(&next(), "ready"), std::slice::from_ref(&first));
    let second = sandbox.add(&["Second"]);
    // Between the file and its first event there is a moment that may be seen as well.
    let seen = loop {
        let seen = next();
        if ids(&seen, "ready").len() == 2 && seen["ready"][1]["tip"].is_string() {
            break seen;
        }
    };
    assert_eq!(ids(&seen, "ready"), [first, second]);
    sandbox.run(sandbox.command_in(&sandbox.repo, "kill").args(["-INT", &watch.id().to_string()])).ok();
    assert_eq!(lines.next().map(Result::unwrap), None, "nothing was said where nothing had changed");
    assert_eq!(watch.wait().unwrap().code(), Some(130));
}

#[test]
fn a_watch_whose_reader_goes_away_ends() {
    let sandbox = quiet();
    sandbox.add(&["First"]);
    let mut watch = sandbox.binary(&["status", "--watch=0.1"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut out = BufReader::new(watch.stdout.take().unwrap());
    let mut line = String::new();
    out.read_line(&mut line).unwrap();
    assert_eq!(line, "Ready:\n");
    drop(out);
    sandbox.add(&["Second"]);
    assert_eq!(watch.wait().unwrap().code(), Some(141));
    sandbox.chant(&["status", "--watch=never"]).fails(129, &["expected a number of seconds"]);
}

#[test]
fn a_watch_at_a_terminal_redraws_follows_the_width_and_leaves_it_as_it_was() {
    let sandbox = quiet();
    let id = sandbox.add(&[&format!("A title that is {} long", "very ".repeat(30))]);
    let dir = sandbox.dir().display();
    // The shell shows what the terminal is like before and after; 'stty' resizes it as a window would be.
    let script = format!(
        "stty cols 60 rows 12; stty -a >{dir}/before; trap : INT; git-chant status --watch=0.1; echo \"code $?\"; stty -a >{dir}/after"
    );
    let mut shell = sandbox.command_in(&sandbox.repo, "sh");
    shell.args(["-c", &script]).env("TERM", "xterm").env("LC_ALL", "C");
    let mut terminal = Terminal::start(shell);
    let pictured =
        |text: &str| text.rsplit("\u{1b}[H").next().unwrap_or_default().replace("\u{1b}[K", "").replace("\r\n", "\n");
    terminal.expect("\u{1b}[H");
    let picture = terminal.expect("\u{1b}[J");
    let plain = |text: &str| anstream::adapter::strip_str(&pictured(text)).to_string();
    let shown = plain(&picture);
    assert!(shown.contains(&id[11..]) && shown.contains("..."), "{shown}");
    assert!(shown.lines().all(|line| line.chars().count() <= 60), "{shown}");
    // Another width, and the next picture has it.
    let tty = std::fs::read_link(format!("/proc/{}/fd/1", terminal.process())).unwrap();
    sandbox.run(sandbox.command_in(&sandbox.repo, "stty").args(["-F", tty.to_str().unwrap(), "cols", "30"])).ok();
    until(|| {
        terminal.expect("\u{1b}[H");
        let shown = plain(&terminal.expect("\u{1b}[J"));
        assert!(shown.contains(&id[11..]), "{shown}");
        shown.lines().all(|line| line.chars().count() <= 30).then_some(())
    });
    terminal.send("\u{3}");
    terminal.expect("code 130");
    terminal.end();
    let read =
        |name: &str| std::fs::read_to_string(sandbox.dir().join(name)).unwrap().replace("columns 30", "columns 60");
    assert_eq!(read("before"), read("after"));
}

#[test]
fn a_topic_is_watched_as_well() {
    let sandbox = quiet();
    sandbox.chant(&["investigate", "issue-1", "--title", "It breaks", "--single"]).ok();
    let mut watch = sandbox
        .binary(&["status", "issue-1", "--watch", "0.1"])
        .stdout(Stdio::piped())
        .process_group(0)
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(watch.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "issue-1, for fix/issue-1\n");
    watch.kill().unwrap();
    watch.wait().unwrap();
}

#[test]
fn what_is_paused_says_why() {
    let sandbox = quiet();
    let id = sandbox.add(&["Make it two"]);
    waiting_agent(&sandbox, "true");
    let mut child = begin(&sandbox, &id);
    sandbox.chant(&["pause", &id, "-m", "lunch"]).ok();
    child.wait().unwrap();
    let status = standing(&sandbox);
    assert_eq!((ids(&status, "paused"), &status["paused"][0]["reason"]), (vec![id], &"lunch".into()));
    assert_eq!((ids(&status, "running"), ids(&status, "attention")), (Vec::new(), Vec::new()));
    let out = sandbox.chant(&["status"]).ok().out;
    assert!(out.starts_with("Paused:\n") && out.contains("             lunch\n"), "{out}");
}

/// What `status`, `list` and `show` say of a paused spec.
fn told(sandbox: &Sandbox, id: &str) -> [bool; 3] {
    let says = |command: &[&str], what: &str| sandbox.chant(command).ok().out.contains(what);
    [says(&["status"], "next try in "), says(&["list"], "paused (retrying)"), says(&["show", id], "\nNext try:    ")]
}

#[test]
fn a_paused_spec_says_when_a_live_process_tries_again_and_which() {
    for all in [false, true] {
        let sandbox = quiet();
        sandbox.agent("exit 75");
        sandbox.git(&["config", "chant.rateLimitPause", "1h"]);
        let id = sandbox.add(&["Make it two"]);
        let args = if all { vec!["work", "--all"] } else { vec!["work", &id] };
        let mut waiting = sandbox.binary(&args).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut said = BufReader::new(waiting.stderr.as_mut().unwrap()).lines();
        let announced = |line: &str| line.contains("; going on in 1h") || line.contains("; next try in 1h");
        assert!(said.any(|line| announced(&line.unwrap())));
        assert_eq!(told(&sandbox, &id), [true; 3], "{args:?}");
        let status = standing(&sandbox);
        let retry = &status["paused"][0]["spec"]["retry"];
        let number = |name: &str| retry[name].as_u64();
        assert_eq!([number("pid"), number("try"), number("of")], [Some(waiting.id().into()), Some(2), Some(12)]);
        let at: jiff::Timestamp = retry["at"].as_str().unwrap().parse().unwrap();
        assert!(at > jiff::Timestamp::now(), "{retry}");
        // Nothing is said for a dead one.
        waiting.kill().unwrap();
        waiting.wait().unwrap();
        assert_eq!(told(&sandbox, &id), [false; 3], "{args:?}");
        assert_eq!(standing(&sandbox)["paused"][0]["spec"]["retry"], Value::Null);
        // What is left of it is gone with the next run.
        sandbox.agent("echo two >file; tick");
        sandbox.chant(&["work", &id]).ok();
        assert_eq!(std::fs::read_dir(sandbox.repo.join(".git/chant/retries")).unwrap().count(), 0);
    }
}
