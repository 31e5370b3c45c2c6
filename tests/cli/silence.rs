//! No silence: what an agent and a check do is said while they do it, at a terminal in one line that lives, elsewhere now and then.

use std::{
    io::{BufRead as _, BufReader},
    process::Stdio,
};

use crate::support::{Ran, Sandbox, terminal::Terminal};

#[test]
fn without_a_terminal_a_line_now_and_then_says_what_is_waited_for() {
    let sandbox = Sandbox::new();
    sandbox.git(&["config", "chant.progress", "1s"]);
    sandbox.git(&["config", "chant.trust", "always"]);
    let go = sandbox.dir().join("home/go");
    sandbox.agent("until test -e ~/go; do sleep 0.1; done; echo two >file");
    let check = format!("until test -e {}; do sleep 0.1; done", sandbox.dir().join("home/on").display());
    let id = sandbox.add(&["Wait", "--verify", &check]);
    let mut child = sandbox.binary(&["work", &id]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.as_mut().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().starts_with("  (waiting for the agent, ")));
    std::fs::write(go, "").unwrap();
    assert!(lines.any(|line| line.unwrap().starts_with("  (until test -e ")));
    std::fs::write(sandbox.dir().join("home/on"), "").unwrap();
    drop(lines);
    Ran::of(child.wait_with_output().unwrap()).ok();
}

#[test]
fn at_a_terminal_one_line_lives() {
    let sandbox = Sandbox::new();
    sandbox.agent("until test -e ~/go; do sleep 0.1; done; echo two >file");
    let id = sandbox.add(&["Wait"]);
    let mut command = sandbox.binary(&["work", &id]);
    command.env("TERM", "xterm").env("COLUMNS", "80");
    let mut terminal = Terminal::start(command);
    terminal.expect("waiting for the agent, 0s");
    terminal.expect("waiting for the agent, 1s");
    std::fs::write(sandbox.dir().join("home/go"), "").unwrap();
    let (printed, status) = terminal.end();
    assert!(status.success() && printed.contains("Completed"), "{printed}");
}
