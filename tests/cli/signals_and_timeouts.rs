//! How runs end that do not end by themselves: signals, timeouts, a tool that is killed, a person who takes over.

use std::{
    io::{BufRead as _, BufReader},
    os::unix::process::CommandExt as _,
    process::{Child, Stdio},
};

use crate::{
    agent_work::{
        GOOD, add, is_alive, is_reachable, kept, kept_file, with_agent, with_agent_and, with_free_agent, works_again,
        worktree,
    },
    support::Sandbox,
};

/// Work in the background, up to the moment when the agent (or a check) prints "ready".
struct Running {
    child: Child,
    lines: std::io::Lines<BufReader<std::process::ChildStderr>>,
}

fn start(sandbox: &Sandbox, args: &[&str]) -> Running {
    let mut command = sandbox.binary(args);
    // A group of its own, as a shell gives it: the test's own signals go to exactly this.
    let mut child = command.process_group(0).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(child.stderr.take().unwrap()).lines();
    Running { child, lines }
}

impl Running {
    fn until(&mut self, what: &str) {
        let mut seen = Vec::new();
        for line in self.lines.by_ref() {
            let line = line.unwrap();
            if line.contains(what) {
                return;
            }
            seen.push(line);
        }
        panic!("it ended without '{what}':\n{}", seen.join("\n"));
    }

    fn signal(&self, sandbox: &Sandbox, signal: &str) {
        let mut kill = sandbox.command_in(&sandbox.repo, "kill");
        sandbox.run(kill.args([&format!("-{signal}"), &self.child.id().to_string()])).ok();
    }

    /// Its exit code, and the rest of what it said.
    fn end(mut self) -> (Option<i32>, String) {
        let rest: Vec<String> = self.lines.by_ref().map(|line| line.unwrap()).collect();
        (self.child.wait().unwrap().code(), rest.join("\n"))
    }
}

/// The last reason on record.
fn reason(sandbox: &Sandbox, id: &str) -> String {
    let log = sandbox.chant(&["log", id, "--json"]).ok().json();
    log["events"][0]["reason"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn tests_that_a_shell_runs_in_the_background_send_signals_that_are_heard() {
    let this = std::env::current_exe().unwrap();
    let one = "agent_failures::an_interrupt_ends_the_whole_group_and_is_recorded";
    let tested = std::process::Command::new("sh")
        .args(["-c", "trap '' INT; exec timeout 120 \"$0\" --exact \"$1\"", this.to_str().unwrap(), one])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&tested.stdout);
    assert!(said.contains("1 passed"), "{said}{}", String::from_utf8_lossy(&tested.stderr));
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn each_signal_ends_the_group_with_its_own_exit_code_and_the_reason() {
    for (signal, number) in [("INT", 2), ("TERM", 15), ("HUP", 1)] {
        let (sandbox, id) = with_agent("");
        sandbox.agent("echo half >new; sh -c 'echo $$ >../pid; sleep 1000; :' & sleep 1000 & wait_for() { while ! [ -s ../pid ]; do :; done; }; wait_for; echo ready; wait");
        let mut running = start(&sandbox, &["work", &id]);
        running.until("ready");
        running.signal(&sandbox, signal);
        let (code, _) = running.end();
        assert_eq!(code, Some(128 + number));
        assert_eq!(sandbox.status(&id), "paused");
        assert_eq!(reason(&sandbox, &id), format!("it was interrupted (SIG{signal})"));
        assert!(!sandbox.agent_lives());
        assert_eq!(kept_file(&sandbox, &id, "new"), "half\n");
        works_again(&sandbox, &id);
    }
}

#[test]
fn an_interrupt_during_a_check_is_on_record_and_the_check_can_be_run_again() {
    let args = ["--verify", "test -f ../go || { echo ready >../fifo; sleep 1000; }"];
    let (sandbox, id) = with_agent_and(GOOD, &args);
    sandbox.run(sandbox.command_in(sandbox.dir(), "mkfifo").arg("fifo")).ok();
    let running = start(&sandbox, &["work", &id]);
    assert_eq!(std::fs::read_to_string(sandbox.dir().join("fifo")).unwrap(), "ready\n");
    running.signal(&sandbox, "INT");
    let (code, said) = running.end();
    assert_eq!(code, Some(130), "{said}");
    assert_eq!(sandbox.status(&id), "paused");
    assert_eq!(reason(&sandbox, &id), "its checks were interrupted (SIGINT)");
    std::fs::write(sandbox.dir().join("go"), "").unwrap();
    sandbox.chant(&["finish", &id]).ok();
    assert_eq!(sandbox.status(&id), "completed");
    assert_eq!(sandbox.read("file"), "two\n");
}

#[test]
fn a_timeout_ends_even_what_ignores_sigterm_and_keeps_the_work() {
    let (sandbox, id) = with_agent(
        "trap '' TERM; echo half >new; git add new; git commit -qm Half; echo more >more; while :; do sleep 1; done",
    );
    let ran = sandbox.chant(&["work", &id, "--timeout", "5s"]).fails(1, &["the agent took longer than 5s"]);
    assert!(!ran.err.contains("panicked"));
    assert_eq!(sandbox.status(&id), "failed");
    assert_eq!(reason(&sandbox, &id), "the agent took longer than 5s");
    assert!(ran.err.contains("to give it longer: git chant work"), "{}", ran.err);
    assert!(ran.err.contains(" --timeout 10s\n"), "{}", ran.err);
    works_again(&sandbox, &id);
    assert_eq!(kept_file(&sandbox, &id, "new"), "half\n");
    assert_eq!(kept_file(&sandbox, &id, "more"), "more\n");
}

#[test]
fn one_that_tidies_up_at_its_timeout_and_exits_with_zero_has_still_taken_too_long() {
    let (sandbox, id) = with_agent(&format!("trap 'exit 0' TERM; {GOOD}; while :; do sleep 0.1; done"));
    sandbox.git(&["config", "chant.agent.scripted.timeout", "5s"]);
    sandbox.chant(&["work", &id]).fails(1, &["the agent took longer than 5s"]);
    sandbox.chant(&["finish", &id]).ok();
    assert_eq!(sandbox.status(&id), "completed", "a person looked, and had it checked again");
}

/// Sends the signal to the tool that runs it, from inside.
fn kill_parent(signal: &str) -> String {
    format!(
        "echo half >new; p=$PPID; while [ \"$(cat /proc/$p/comm)\" != git-chant ]; do p=$(sed 's/.*) . //; s/ .*//' /proc/$p/stat); done; kill -{signal} $p; sleep 1000"
    )
}

#[test]
fn one_that_asks_its_parent_to_end_is_ended_with_it() {
    let (sandbox, id) = with_free_agent(&kill_parent("TERM"));
    sandbox.chant(&["work", &id]).fails(143, &["it was interrupted (SIGTERM)"]);
    assert_eq!(sandbox.status(&id), "paused");
    works_again(&sandbox, &id);
}

#[test]
fn one_that_kills_its_parent_is_orphaned_ended_and_kept() {
    let (sandbox, id) = with_free_agent("");
    sandbox.agent(&format!("echo $$ >../pid; {}", kill_parent("KILL")));
    assert_ne!(sandbox.chant(&["work", &id]).code, 0);
    let pid = std::fs::read_to_string(sandbox.dir().join("pid")).unwrap();
    assert!(is_alive(pid.trim()), "no supervisor was left to end it");
    let spec = sandbox.show(&id);
    assert_eq!((spec["status"].as_str(), spec["orphaned"].as_bool()), (Some("in_progress"), Some(true)));
    let listed = sandbox.chant(&["list"]).ok().out;
    assert!(listed.contains("orphaned"), "{listed}");
    works_again(&sandbox, &id);
    assert!(!is_alive(pid.trim()));
    assert_eq!(kept_file(&sandbox, &id, "new"), "half\n");
    assert_eq!(sandbox.ops(&id), ["add", "start", "pause", "resume", "finish", "land", "complete"]);
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn every_way_out_after_a_kill_keeps_everything_and_ends_the_survivor() {
    for (verb, status) in [
        ("reset", "pending"),
        ("release", "pending"),
        ("cancel", "cancelled"),
        ("fail", "failed"),
        ("finish", "failed"),
    ] {
        let (sandbox, id) = with_agent("");
        sandbox.agent("echo done >new; git add new; git commit -qm Done; echo half >half; echo ready; sleep 1000; :");
        let mut running = start(&sandbox, &["work", &id]);
        running.until("ready");
        running.child.kill().unwrap();
        running.child.wait().unwrap();
        assert!(sandbox.agent_lives());
        let mut args = vec![verb, &id];
        if verb == "fail" {
            args.extend(["-m", "it died"]);
        }
        let ran = sandbox.chant(&args);
        assert_eq!(ran.code, i32::from(verb == "finish"), "{verb}: {}{}", ran.out, ran.err);
        assert_eq!(sandbox.status(&id), status, "{verb}");
        assert!(!sandbox.agent_lives(), "{verb}: the survivor still writes");
        assert_eq!(kept_file(&sandbox, &id, "new"), "done\n");
        if verb != "finish" {
            assert_eq!(kept_file(&sandbox, &id, "half"), "half\n", "{verb}");
        }
        if verb == "cancel" {
            sandbox.chant(&["reset", &id]).ok();
        }
        works_again(&sandbox, &id);
    }
}

#[test]
fn while_it_runs_no_other_command_takes_or_ends_it() {
    let (sandbox, id) = with_agent("");
    sandbox.agent(&format!("{GOOD}; echo ready; read go <../fifo"));
    sandbox.run(sandbox.command_in(sandbox.dir(), "mkfifo").arg("fifo")).ok();
    let mut running = start(&sandbox, &["work", &id]);
    running.until("ready");
    let since = sandbox.git(&["log", "-1", "--format=%cs", &format!("chant/specs/{id}")]);
    sandbox
        .chant(&["work", &id])
        .fails(1, &["is being worked on by Ada <ada@example.com> with scripted since", &since]);
    let pid = format!("process {} has been working on", running.child.id());
    for args in [vec!["reset"], vec!["release"], vec!["cancel"], vec!["fail", "-m", "x"], vec!["finish"]] {
        let mut all = args.clone();
        all.insert(1, &id);
        sandbox.chant(&all).fails(1, &[&pid, "to stop it and keep its work"]);
    }
    sandbox.chant(&["merge", &id]).fails(1, &["it is in progress"]);
    assert_eq!(sandbox.ops(&id), ["add", "start"]);
    std::fs::write(sandbox.dir().join("fifo"), "go\n").unwrap();
    let (code, said) = running.end();
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(sandbox.status(&id), "completed");
}

#[test]
fn a_person_finishes_from_inside_the_worktree_or_from_the_main_one() {
    for inside in [true, false] {
        let (sandbox, id) = with_agent("");
        let path = sandbox.chant(&["work", &id, "--agent", "manual"]).ok().out;
        let tree = worktree(&sandbox, &id);
        assert_eq!(std::path::Path::new(path.trim()).canonicalize().unwrap(), tree.canonicalize().unwrap());
        std::fs::write(tree.join("file"), "two\n").unwrap();
        let from = if inside { tree.clone() } else { sandbox.repo.clone() };
        sandbox.chant_in(&from, &["finish", &id]).fails(1, &["criterion 'file says two': unticked"]);
        assert_eq!(sandbox.status(&id), "failed");
        let spec = tree.join(format!(".chant/specs/{id}.md"));
        let text = std::fs::read_to_string(&spec).unwrap();
        std::fs::write(&spec, text.replace("[ ]", "[x]")).unwrap();
        sandbox.chant_in(&from, &["finish", &id]).ok();
        assert_eq!(sandbox.status(&id), "completed");
        assert_eq!(sandbox.read("file"), "two\n");
        assert_eq!(tree.exists(), inside, "a worktree that is some shell's current directory stays");
    }
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_person_who_gives_up_loses_nothing() {
    for (verb, status) in [("reset", "pending"), ("release", "pending"), ("cancel", "cancelled"), ("fail", "failed")] {
        let (sandbox, id) = with_agent("");
        sandbox.chant(&["work", &id, "--agent", "manual"]).ok();
        let tree = worktree(&sandbox, &id);
        std::fs::write(tree.join("new"), "committed\n").unwrap();
        sandbox.git_in(&tree, &["add", "new"]);
        sandbox.git_in(&tree, &["commit", "-qm", "New"]);
        let tip = sandbox.git_in(&tree, &["rev-parse", "HEAD"]);
        std::fs::write(tree.join("loose"), "not committed\n").unwrap();
        sandbox.chant(&["work", &id, "--agent", "manual"]).fails(1, &["is being worked on by Ada", "with manual"]);
        sandbox.chant(&[verb, &id, "-m", "no time"]).ok();
        assert_eq!(sandbox.status(&id), status);
        assert_eq!(reason(&sandbox, &id), "no time");
        assert_eq!(tree.exists(), verb == "fail");
        assert!(is_reachable(&sandbox, &tip));
        assert_eq!(kept_file(&sandbox, &id, "loose"), "not committed\n");
        if verb == "cancel" {
            sandbox.chant(&["reset", &id]).ok();
        }
        works_again(&sandbox, &id);
        assert_eq!(kept_file(&sandbox, &id, "loose"), "not committed\n");
    }
}

#[test]
fn three_failures_leave_three_attempts() {
    let (sandbox, id) = with_agent("");
    for round in ["1", "2", "3"] {
        sandbox.agent(&format!("echo {round} >new; exit {round}"));
        sandbox.chant(&["work", &id]).fails(1, &[&format!("exited with code {round}")]);
    }
    works_again(&sandbox, &id);
    let mut texts: Vec<String> = Vec::new();
    for tip in kept(&sandbox, &id) {
        let mut git = sandbox.command_in(&sandbox.repo, "git");
        texts.push(sandbox.run(git.args(["show", &format!("{tip}:new")])).out);
    }
    texts.retain(|text| !text.is_empty());
    texts.sort();
    texts.dedup();
    assert_eq!(texts, ["1\n", "2\n", "3\n"]);
}

#[test]
fn unclaimed_work_is_finished_by_hand() {
    let (sandbox, id) = with_agent("");
    sandbox.write("file", "two\n");
    sandbox.git(&["commit", "-qam", "By hand"]);
    sandbox.chant(&["finish", &id, "--commit", "HEAD"]).fails(1, &["criterion 'file says two': unticked"]);
    assert_eq!(sandbox.status(&id), "pending");
    let path = format!(".chant/specs/{id}.md");
    sandbox.write(&path, &sandbox.read(&path).replace("[ ]", "[x]"));
    sandbox.chant(&["finish", &id, "--commit", "no-such"]).fails(128, &["'no-such' names no commit"]);
    sandbox.chant(&["finish", &id, "--commit", "HEAD"]).ok();
    assert_eq!(sandbox.status(&id), "completed");
    assert_eq!(sandbox.git(&["notes", "--ref=chant", "show", "HEAD"]), format!("Chant-Spec: {id}"));
    let other = add(&sandbox, "Another", &[]);
    assert_eq!(sandbox.status(&other), "pending");
}
