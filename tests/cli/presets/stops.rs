//! What is recorded of agents that stopped, by what the real ones printed then, and what a person sees of it.

use std::{
    io::{BufRead as _, BufReader},
    process::Stdio,
};

use super::Room;
use crate::support::tools::need;

/// A stream that a real agent printed when it stopped.
macro_rules! recorded {
    ($name:literal) => {
        include_str!(concat!("../../../src/agent/preset/recorded/stops/", $name, ".jsonl"))
    };
}
pub(super) use recorded;

/// A spec that an agent worked which printed `output` and then did what `end` says.
pub(super) fn worked(agent: &str, output: &str, end: &str) -> (Room, String, crate::support::Ran) {
    let room = Room::new();
    stream(&room, agent, output, end);
    room.use_agent(agent);
    let id = room.add();
    let ran = room.chant(&["work", &id]);
    (room, id, ran)
}

/// Has the agent print `output` before it does what `end` says.
fn stream(room: &Room, agent: &str, output: &str, end: &str) {
    let path = room.sandbox.dir().join("stream");
    std::fs::write(&path, output).unwrap();
    room.install(agent, "", &format!("cat '{}'\n{end}", path.display()));
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn what_passes_pauses_in_the_words_of_the_agent_and_goes_on_in_its_session() {
    let (room, id, ran) = worked("claude", recorded!("claude-overload"), "exit 1");
    ran.fails(1, &["the model is overloaded: API Error: 529 Overloaded", "to resume it: git chant work"]);
    assert_eq!(room.sandbox.status(&id), "paused");
    assert_eq!(room.event(&id, "pause", "stopped").as_deref(), Some("overload"));
    for command in [vec!["status"], vec!["show", &id], vec!["log", &id]] {
        let out = room.chant(&command).ok().out;
        assert!(out.contains("the model is overloaded: API Error: 529 Overloaded"), "{command:?}: {out}");
    }
    room.install("claude", "", super::DOES_IT);
    room.chant(&["work", &id]).ok();
    assert!(room.args()[1].contains(" --resume "), "{:?}", room.args());

    for (agent, output, code, kind) in [
        ("claude", recorded!("claude-no-network"), 1, "no-network"),
        ("claude", recorded!("claude-server-error"), 1, "server-error"),
        ("codex", recorded!("codex-rate-limit"), 1, "rate-limit"),
        ("codex", recorded!("codex-dropped-in-answer"), 1, "no-network"),
        ("gemini", recorded!("gemini-dropped-in-answer"), 1, "no-network"),
        ("gemini", recorded!("gemini-overload"), 247, "overload"),
        ("gemini", recorded!("gemini-rate-limit"), 173, "rate-limit"),
        ("opencode", recorded!("opencode-no-network"), 1, "no-network"),
    ] {
        let (room, id, ran) = worked(agent, output, &format!("exit {code}"));
        ran.fails(1, &["Paused after"]);
        assert_eq!(room.event(&id, "pause", "stopped").as_deref(), Some(kind), "{agent}");
    }
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn what_a_person_has_to_mend_fails_with_the_command_to_type() {
    for (agent, output, code, kind, login) in [
        ("claude", recorded!("claude-not-logged-in"), 1, "not-logged-in", Some("to log in: claude auth login")),
        ("codex", recorded!("codex-bad-key"), 1, "bad-key", Some("or to give it another key: codex login")),
        ("opencode", recorded!("opencode-bad-key"), 1, "bad-key", Some("opencode auth login")),
        ("gemini", recorded!("gemini-not-logged-in"), 41, "not-logged-in", Some("to log in: gemini")),
        ("claude", recorded!("claude-no-credit"), 1, "no-credit", Some("to use another agent: git chant work")),
    ] {
        let (room, id, ran) = worked(agent, output, &format!("exit {code}"));
        let ran = ran.fails(1, &["Failed"]);
        assert!(login.is_none_or(|login| ran.err.contains(login)), "{agent}: {}", ran.err);
        assert_eq!(room.sandbox.status(&id), "failed");
        assert_eq!(room.event(&id, "fail", "stopped").as_deref(), Some(kind), "{agent}");
    }
}

#[test]
fn an_agent_that_cannot_succeed_is_not_waited_for() {
    let endless = "sleep 1000";
    let (room, id, ran) = worked("claude", recorded!("claude-bad-key"), endless);
    ran.fails(1, &["the agent's key was not accepted: Invalid API key", "claude auth login"]);
    assert_eq!(room.sandbox.status(&id), "failed");
    let (room, id, ran) = worked("codex", recorded!("codex-no-network"), endless);
    ran.fails(1, &["the model's server cannot be reached: Reconnecting... waiting for network"]);
    assert_eq!(room.sandbox.status(&id), "paused");
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_question_a_denial_a_limit_and_a_refusal_are_named() {
    for (agent, output, code, kind, said) in [
        ("claude", recorded!("claude-question"), 0, "question", "asked a question that no one answered: Which file?"),
        ("codex", recorded!("codex-question"), 0, "question", "no one answered: Which file shall I write?"),
        ("codex", recorded!("codex-question-by-tool"), 0, "question", "no one answered: I need an answer, so I stop"),
        ("claude", recorded!("claude-denied"), 0, "denied", "was denied a permission: Write /outside/file"),
        ("claude", recorded!("claude-turn-limit"), 1, "turn-limit", "reached its turn limit: Reached maximum number"),
        ("gemini", recorded!("gemini-turn-limit"), 53, "turn-limit", "reached its turn limit: Reached max session"),
        ("claude", recorded!("claude-refusal"), 1, "refusal", "the model refused the request: API Error: Opus"),
        ("opencode", recorded!("opencode-refusal"), 1, "refusal", "the model refused the request: The response"),
    ] {
        let (room, id, ran) = worked(agent, output, &format!("exit {code}"));
        ran.fails(1, &[said]);
        assert_eq!(room.event(&id, "fail", "stopped").as_deref(), Some(kind), "{agent}");
        assert!(room.event(&id, "fail", "reason").unwrap().contains(said), "{agent}");
    }
    for (agent, output, hint) in [
        (
            "claude",
            recorded!("claude-denied"),
            "to have it permit more, change its command: git config chant.agent.claude.cmd",
        ),
        (
            "codex",
            recorded!("codex-denied"),
            "to let agents write in another place: git config --add chant.confine.writable",
        ),
    ] {
        let (_, _, ran) = worked(agent, output, "exit 0");
        ran.fails(1, &[hint]);
    }
    let (_, _, ran) = worked("claude", recorded!("claude-question"), "exit 0");
    ran.fails(1, &["to answer it for the next attempt: git chant note"]);
    // What was asked on the way is no reason where the work is done.
    let (room, id, ran) = worked("claude", recorded!("claude-question"), super::DOES_IT);
    ran.ok();
    assert_eq!(room.event(&id, "finish", "stopped"), None);
}

#[test]
fn what_was_shown_of_a_tool_is_not_recorded_as_the_words_of_the_agent() {
    let used = r#"{"type":"tool_use","tool_name":"run_shell_command","parameters":{"command":"make"}}"#;
    let (room, id, ran) = worked("gemini", used, "exit 1");
    ran.fails(1, &["  $ make\n", "Failed after"]);
    assert_eq!(room.event(&id, "fail", "reason").as_deref(), Some("the agent exited with code 1"));
}

#[test]
fn a_killed_agent_is_named_by_its_signal() {
    let (room, id, ran) = worked("claude", "", "kill -9 $$");
    ran.fails(1, &["the agent was killed: SIGKILL"]);
    assert_eq!(room.event(&id, "fail", "stopped").as_deref(), Some("killed"));
}

#[test]
fn an_agent_that_changed_nothing_is_recorded_with_its_last_words() {
    let room = Room::new();
    room.sandbox.agent("echo 'Which greeting, Hello or Hi? I stop until you tell me.'");
    let id = room.sandbox.add(&["Greet", "--verify", "false"]);
    let said = "the agent changed nothing, and said: Which greeting, Hello or Hi? I stop until you tell me";
    let ran = room.chant(&["work", &id]).fails(1, &[said]);
    assert!(!ran.err.contains("to accept that"), "its check fails as well: {}", ran.err);
    assert!(room.chant(&["status"]).ok().out.contains(said));
    let id = room.sandbox.add(&["Greet again"]);
    room.chant(&["work", &id]).fails(1, &[said, "to accept that: git chant finish"]);
}

#[test]
fn a_turn_without_an_end_is_no_work_that_is_done() {
    for (agent, begun) in [
        ("claude", "{\"type\":\"system\",\"subtype\":\"init\",\"session_id\":\"s\"}"),
        ("codex", "{\"type\":\"turn.started\"}"),
        ("gemini", "{\"type\":\"init\",\"session_id\":\"s\"}"),
    ] {
        let (room, id, ran) = worked(agent, &format!("{begun}\n"), super::DOES_IT);
        ran.fails(1, &["the agent ended in the middle of its turn"]);
        assert_eq!(room.event(&id, "fail", "stopped").as_deref(), Some("broken-off"), "{agent}");
    }
}

#[test]
fn output_that_ends_within_an_event_says_nothing_of_the_end_of_the_turn() {
    // Gemini CLI 0.61.0, whose tool printed 200,000 lines: what its pipe had not taken when it exited is lost.
    let (room, id, ran) = worked("gemini", recorded!("gemini-cut-off"), super::DOES_IT);
    let ran = ran.ok();
    assert!(
        ran.err.contains("  (the end of its output is missing)\n") && !ran.err.contains("tool_result"),
        "{}",
        ran.err
    );
    assert_eq!((room.sandbox.status(&id), room.event(&id, "finish", "stopped")), ("completed".to_owned(), None));
    // Without the work its checks fail, and what the tool printed is no reason.
    let (room, id, _) = worked("gemini", recorded!("gemini-cut-off"), "exit 0");
    let reason = room.event(&id, "fail", "reason").unwrap();
    assert!(reason.contains("the agent changed nothing") && !reason.contains("tool_result"), "{reason}");
    assert_eq!(room.event(&id, "fail", "stopped"), None);
}

#[test]
fn a_resumed_agent_that_is_killed_at_once_keeps_its_session() {
    let (room, id, _) = worked("claude", recorded!("claude-overload"), "exit 1");
    room.install("claude", "", "kill -9 $$");
    room.chant(&["work", &id]).fails(1, &["the agent was killed: SIGKILL"]);
    assert_eq!(room.args().len(), 2, "no other session was begun");
}

#[test]
fn an_agent_that_prints_nothing_for_long_pauses_with_its_session() {
    let begun = "{\"type\":\"system\",\"subtype\":\"init\",\"session_id\":\"ses-1\"}\n";
    let tool = "{\"type\":\"assistant\",\"message\":{\"id\":\"m\",\"content\":[{\"type\":\"tool_use\",\"name\":\"Bash\",\"input\":{\"command\":\"make\"}}]}}\n";
    let room = Room::new();
    stream(&room, "claude", begun, "trap 'exit 0' TERM; sleep 1000 & wait");
    room.use_agent("claude");
    room.sandbox.git(&["config", "chant.silenceTimeout", "1s"]);
    let id = room.add();
    let said = "the agent stopped responding: no output for 1s";
    let ran = room.chant(&["work", &id]).fails(1, &["Paused after", said, "git config chant.silenceTimeout 2s"]);
    assert!(ran.err.contains("to resume it: git chant work"), "{}", ran.err);
    assert_eq!(room.event(&id, "pause", "stopped").as_deref(), Some("unresponsive"));
    // A tool that runs may say nothing for as long as it takes.
    let ended = r#"{"type":"result","subtype":"success","is_error":false,"session_id":"ses-1"}"#;
    stream(&room, "claude", &format!("{begun}{tool}"), &format!("sleep 2; {}; echo '{ended}'", super::DOES_IT));
    room.chant(&["work", &id]).ok();
    assert!(room.args()[1].contains(" --resume ses-1"), "{:?}", room.args());
    // Another command may print its answer alone, at its end.
    room.install("mine", "", "sleep 2; echo three >file; tick");
    room.sandbox.git(&["config", "chant.agent.claude.cmd", "mine"]);
    let id = room.add();
    room.chant(&["work", &id]).ok();
}

#[test]
fn an_agent_that_takes_over_has_no_model_of_the_one_before() {
    let (room, id, _) = worked("claude", recorded!("claude-overload"), "exit 1");
    assert_eq!(room.sandbox.show(&id)["model"], "claude-opus-5-5");
    room.install("codex", "", super::DOES_IT);
    room.chant(&["work", &id, "--agent", "codex"]).ok();
    let spec = room.sandbox.show(&id);
    assert_eq!((spec["agent"].as_str(), spec["model"].as_str()), (Some("codex"), None));
}

#[test]
fn the_last_words_of_any_agent_are_in_the_reason() {
    let room = Room::new();
    room.sandbox.agent("echo first; echo 'no compiler here'; exit 3");
    let id = room.add();
    room.chant(&["work", &id]).fails(1, &["the agent exited with code 3: no compiler here"]);
    assert_eq!(room.event(&id, "fail", "stopped"), None);
}

#[test]
fn one_spec_goes_on_by_itself_as_far_as_it_is_allowed() {
    let room = Room::new();
    let stopped = recorded!("claude-overload");
    stream(
        &room,
        "claude",
        stopped,
        &format!("test -e \"$HOME/ready\" || {{ touch \"$HOME/ready\"; exit 1; }}\n{}", super::DOES_IT),
    );
    room.use_agent("claude");
    room.sandbox.git(&["config", "chant.rateLimitPause", "1s"]);
    let id = room.add();
    let ran = room.chant(&["work", &id]).ok();
    assert!(ran.err.contains("going on in 1s (try 2 of 12)"), "{}", ran.err);
    assert!(room.args()[1].contains(" --resume "), "{:?}", room.args());
    assert_eq!(room.sandbox.status(&id), "completed");

    room.sandbox.git(&["config", "chant.rateLimitPause", "none"]);
    stream(&room, "claude", stopped, "exit 1");
    let id = room.add();
    room.chant(&["work", &id]).fails(1, &["Paused after"]);
}

#[test]
fn an_agent_that_asked_first_goes_on_in_its_session_with_the_answer() {
    let (room, id, ran) = worked("claude", recorded!("claude-question"), "exit 0");
    ran.fails(1, &["no one answered: Which file?", "to resume it: git chant work", "git chant note"]);
    let before = room.sandbox.show(&id)["attempt"].clone();
    room.chant(&["note", &id, "-m", "the file is called file"]).ok();
    room.install("claude", "", super::DOES_IT);
    room.chant(&["work", &id]).ok();
    assert!(room.args()[1].contains(" --resume "), "{:?}", room.args());
    let prompt = std::fs::read_to_string(room.sandbox.dir().join("home/prompt")).unwrap();
    assert!(prompt.contains("the file is called file"), "{prompt}");
    assert_eq!(room.sandbox.show(&id)["attempt"], before, "one attempt went on");
}

/// What an agent leaves before it is cut short, and what it says then.
const HALF: &str = "echo half >half; git add half; git commit -qm Half; echo loose >loose";

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_run_that_was_cut_short_resumes_in_its_session_and_is_told_why() {
    let begun = "{\"type\":\"system\",\"subtype\":\"init\",\"session_id\":\"ses-1\"}";
    for (agent, output, end, kind, why) in [
        ("claude", begun, "sleep 1000", "time-limit", "the agent took longer than 1s"),
        ("claude", recorded!("claude-turn-limit"), "exit 1", "turn-limit", "reached its turn limit"),
        ("claude", recorded!("claude-output-limit"), "exit 1", "output-limit", "answer was too long"),
        ("claude", recorded!("claude-no-credit"), "exit 1", "no-credit", "has no credit left"),
        ("codex", recorded!("codex-bad-key"), "exit 1", "bad-key", "key was not accepted"),
        ("codex", recorded!("codex-question"), "kill -9 $$", "killed", "was killed: SIGKILL"),
        ("gemini", recorded!("gemini-turn-limit"), "exit 53", "turn-limit", "reached its turn limit"),
    ] {
        let room = Room::new();
        stream(&room, agent, output, &format!("{HALF}; {end}"));
        room.use_agent(agent);
        if kind == "time-limit" {
            room.sandbox.git(&["config", "chant.timeout", "1s"]);
        }
        let id = room.add();
        room.chant(&["work", &id]).fails(1, &[why, "to resume it: git chant work", "--fresh"]);
        assert_eq!(room.event(&id, "fail", "stopped").as_deref(), Some(kind));
        let before = room.sandbox.show(&id)["attempt"].clone();
        room.sandbox.git(&["config", "chant.timeout", "none"]);
        room.install(agent, "", &format!("test -e loose && {}", super::DOES_IT));
        room.chant(&["work", &id]).ok();
        assert!(room.args()[1].contains("resume "), "{kind}: {:?}", room.args());
        assert_eq!(room.sandbox.show(&id)["attempt"], before, "{kind}: one attempt went on");
        let prompt = std::fs::read_to_string(room.sandbox.dir().join("home/prompt")).unwrap();
        assert!(prompt.contains("Stopped because:\n- ") && prompt.contains(why), "{kind}: {prompt}");
    }
    // Neither what a model refused, nor what its own command began anew, is tried again in the same session.
    for (stream, again) in [(recorded!("claude-refusal"), None), (recorded!("claude-turn-limit"), Some("--fresh"))] {
        let (room, id, ran) = worked("claude", stream, &format!("{HALF}; exit 1"));
        ran.fails(1, &["to start over"]);
        room.install("claude", "", &format!("test ! -e half && {}", super::DOES_IT));
        room.chant(&[&["work", &id], &again.into_iter().collect::<Vec<_>>()[..]].concat()).ok();
        assert!(!room.args()[1].contains("--resume"), "{:?}", room.args());
    }
}

#[test]
fn a_run_resumes_in_its_session_after_git_chant_was_killed() {
    let room = Room::with("claude", "", super::IN_TWO);
    room.use_agent("claude");
    let id = room.add();
    let mut child = room.command(&["work", &id]).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.as_mut().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains("model: m")));
    child.kill().unwrap();
    child.wait().unwrap();
    room.chant(&["work", &id]).ok();
    assert!(room.args()[1].contains(" --resume ses-1"), "{:?}", room.args());
    let prompt = std::fs::read_to_string(room.sandbox.dir().join("home/prompt")).unwrap();
    assert!(prompt.contains("Stopped because:\n- its run (process "), "{prompt}");
}

#[test]
fn a_sandbox_of_the_agents_own_is_left_out_where_it_cannot_start() {
    if !need("bwrap") {
        return;
    }
    // Root cannot start one within another, and other users can.
    let script = format!(
        "bwrap --unshare-user --ro-bind / / true 2>/dev/null && wanted=workspace-write || wanted=danger-full-access\n\
         case \"$*\" in *\" --sandbox $wanted \"*) {} ;; *) exit 9 ;; esac",
        super::DOES_IT
    );
    let room = Room::with("codex", "", &script);
    room.use_agent("codex");
    room.sandbox.git(&["config", "chant.confine", "require"]);
    let id = room.add();
    room.chant(&["work", &id]).ok();
    // Without a sandbox around it, it has its own.
    room.install(
        "codex",
        "",
        "case \"$*\" in *\" --sandbox workspace-write \"*) echo three >file; tick ;; *) exit 9 ;; esac",
    );
    room.sandbox.git(&["config", "chant.confine", "off"]);
    let id = room.add();
    room.chant(&["work", &id]).ok();
}

#[test]
fn a_limit_that_a_person_set_is_told_with_the_setting_that_raises_it() {
    let limit =
        r#"{"type":"result","subtype":"error_max_budget_usd","is_error":true,"session_id":"s","total_cost_usd":1.0}"#;
    let room = Room::new();
    stream(&room, "claude", limit, "exit 1");
    room.use_agent("claude");
    room.sandbox.git(&["config", "chant.agent.claude.cmd", "claude -p --output-format stream-json --max-budget-usd 1"]);
    let id = room.add();
    let ran =
        room.chant(&["work", &id]).fails(1, &["the agent reached its own cost limit", "to start over: git chant work"]);
    let hint = "to raise its limit, change its command: git config chant.agent.claude.cmd 'claude -p --output-format stream-json --max-budget-usd 1'\n";
    assert!(ran.err.contains(hint), "{}", ran.err);
}

#[test]
fn a_strict_sandbox_keeps_the_session_of_an_agent_that_has_no_directory_yet() {
    if !need("bwrap") {
        return;
    }
    let script = format!("mkdir -p ~/.claude && echo kept >~/.claude/session; {}", super::DOES_IT);
    let room = Room::with("claude", "", &script);
    room.use_agent("claude");
    room.sandbox.git(&["config", "chant.confine", "require"]);
    room.sandbox.git(&["config", "chant.confine.strict", "true"]);
    let id = room.add();
    room.chant(&["work", &id]).ok();
    let home = room.sandbox.dir().join("home");
    assert_eq!(std::fs::read_to_string(home.join(".claude/session")).unwrap(), "kept\n");
    assert!(!home.join(".cache/claude").exists(), "only where the session is");
}
