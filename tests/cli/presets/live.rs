//! What a person at a terminal sees while an agent runs: lines that live, count, and go.

use super::{
    DOES_IT, Room,
    stops::{recorded, worked},
};
use crate::support::terminal::Terminal;

/// `git chant <args>` at a terminal.
fn at_terminal(room: &Room, args: &[&str]) -> Terminal {
    let mut command = room.command(args);
    command.env("TERM", "xterm").env("COLUMNS", "100");
    Terminal::start(command)
}

#[test]
fn at_a_terminal_what_an_agent_waits_for_counts_down() {
    let retry = r#"{"type":"system","subtype":"api_retry","attempt":3,"max_retries":10,"retry_delay_ms":90000,"error_status":529,"error":"overloaded"}"#;
    let room =
        Room::with("claude", "", &format!("echo '{retry}'; until test -e ~/go; do sleep 0.1; done; {}", DOES_IT));
    room.use_agent("claude");
    let id = room.add();
    for args in [vec!["work", &id], vec!["work", "--all", "--jobs", "2"]] {
        let mut terminal = at_terminal(&room, &args);
        terminal.expect("retrying in 1m 30s, 3 of 10: overloaded");
        terminal.expect("retrying in 1m 29s, 3 of 10: overloaded");
        std::fs::write(room.sandbox.dir().join("home/go"), "").unwrap();
        let (printed, status) = terminal.end();
        assert!(status.success(), "{printed}");
        std::fs::remove_file(room.sandbox.dir().join("home/go")).unwrap();
        room.sandbox.add(&["Again", "--body-file", "../body.md"]);
        room.install(
            "claude",
            "",
            &format!("echo '{retry}'; until test -e ~/go; do sleep 0.1; done; echo three >file; tick"),
        );
    }
}

#[test]
fn at_a_terminal_the_clock_stands_on_the_line_of_a_long_command() {
    let command = format!("make {}", "target ".repeat(40));
    let used = serde_json::json!({"type": "assistant", "message": {"id": "m", "content": [{"type": "tool_use", "name": "Bash",
        "input": {"command": command}}]}});
    let script = format!("echo '{used}'; until test -e ~/go; do sleep 0.1; done; {}", DOES_IT);
    let room = Room::with("claude", "", &script);
    room.use_agent("claude");
    let id = room.add();
    let mut terminal = at_terminal(&room, &["work", &id]);
    // The line that stays, and the one that lives.
    terminal.expect("  $ make target");
    terminal.expect("  $ make target");
    let rest = terminal.expect(", ");
    assert!(rest.len() < 90 && !rest.contains('\n'), "{rest:?}");
    std::fs::write(room.sandbox.dir().join("home/go"), "").unwrap();
    let (printed, status) = terminal.end();
    assert!(status.success(), "{printed}");
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn at_a_terminal_a_pause_of_ones_own_counts_down() {
    let (room, id, _) = worked("claude", recorded!("claude-overload"), "exit 1");
    room.sandbox.git(&["config", "chant.rateLimitPause", "90s"]);
    let (one, all) = ("2 of 12: the model is overloaded", "agent 'claude'");
    for (args, what, detail) in [
        (vec!["work", &id], "retrying", one),
        (vec!["work", "--all"], "next try", all),
        (vec!["work", "--all", "--jobs", "2"], "next try", all),
    ] {
        let mut terminal = at_terminal(&room, &args);
        terminal.expect(&format!("{what} in 1m 30s, {detail}"));
        terminal.expect(&format!("{what} in 1m 29s, {detail}"));
        terminal.send("\u{3}");
        let (printed, status) = terminal.end();
        assert_eq!(status.code(), Some(130), "{printed}");
        room.sandbox.add(&["Another"]);
    }
    // Without a terminal a line says so now and then.
    room.sandbox.git(&["config", "chant.progress", "1s"]);
    room.sandbox.git(&["config", "chant.rateLimitPause", "3s"]);
    room.install("claude", "", DOES_IT);
    let first = format!(
        "test -e ~/again || {{ touch ~/again; cat '{}'; exit 1; }}; {}",
        room.sandbox.dir().join("stream").display(),
        DOES_IT
    );
    room.install("claude", "", &first);
    let ran = room.chant(&["work", &id]).ok();
    assert!(ran.err.contains("  (retrying in 2s, 2 of 12: the model is overloaded)\n"), "{}", ran.err);
}

#[test]
fn at_a_terminal_an_interrupt_leaves_no_line_that_lived() {
    let room = Room::with("claude", "", "echo begun; sleep 1000");
    room.use_agent("claude");
    let id = room.add();
    for args in [vec!["work", &id], vec!["work", "--all", "--jobs", "2"]] {
        let mut terminal = at_terminal(&room, &args);
        terminal.expect("begun");
        terminal.expect(" 1s");
        terminal.send("\u{3}");
        let before = terminal.expect("^C");
        let line = before.rsplit(['\r', '\n']).next().unwrap();
        // What a terminal shows of a key stands behind the line, which would go on in the next one otherwise.
        let shown: String = line
            .split("\u{1b}[")
            .map(|part| part.trim_start_matches(|c: char| c.is_ascii_digit() || c == 'K' || c == 'm'))
            .collect();
        assert!(shown.chars().count() <= 78, "{} columns: {line:?}", shown.chars().count());
        let (printed, status) = terminal.end();
        assert_eq!(status.code(), Some(130), "{printed}");
        room.sandbox.add(&["Another"]);
    }
}

/// What Claude Code says while the model thinks.
const THINKS: &str =
    r#"{"type":"stream_event","event":{"type":"content_block_start","content_block":{"type":"thinking"}}}"#;

#[test]
fn at_a_terminal_the_time_that_an_agent_thinks_is_counted_in_its_line() {
    let room = Room::with("claude", "", "");
    room.use_agent("claude");
    for (number, args) in [vec!["work"], vec!["work", "--all", "--jobs", "2"]].into_iter().enumerate() {
        let script = format!("echo '{THINKS}'; until test -e ~/go; do sleep 0.1; done; echo {number} >file; tick");
        room.install("claude", "", &script);
        let (id, alone) = (room.add(), args.len() == 1);
        let args = if alone { vec!["work", &id] } else { args };
        let mut terminal = at_terminal(&room, &args);
        // A line of its own, or one that begins with the spec and how long that has been worked on.
        let mut seconds = || -> u32 {
            let text = if alone {
                terminal.expect("  thinking, ");
                terminal.expect("s")
            } else {
                terminal.expect("s  thinking").rsplit(|c: char| !c.is_ascii_digit()).next().unwrap().to_owned()
            };
            text.parse().unwrap_or_else(|_| panic!("{text:?}"))
        };
        let first = seconds();
        assert!((0..100).any(|_| seconds() > first), "the time stands still");
        std::fs::write(room.sandbox.dir().join("home/go"), "").unwrap();
        let (printed, status) = terminal.end();
        assert!(status.success(), "{printed}");
        std::fs::remove_file(room.sandbox.dir().join("home/go")).unwrap();
    }
}
