//! Why the real agents stopped, as their streams were recorded: Claude Code 2.1.332, Codex 0.171.0, Gemini CLI 0.61.0, opencode 1.18.33.

use super::{
    named,
    parser::tests::{parse, stopped},
};
use crate::{
    agent::{process::Ending, stop},
    domain::stop::StopKind::{self, *},
};

/// The agent, its exit code, what it printed, and why it stopped. Codex asks in its last message only, which is no field.
fn recorded() -> Vec<(&'static str, i32, &'static str, Option<StopKind>)> {
    vec![
        ("claude", 1, include_str!("../recorded/stops/claude-bad-key.jsonl"), Some(BadKey)),
        ("claude", 0, include_str!("../recorded/stops/claude-denied.jsonl"), Some(Denied)),
        ("claude", 1, include_str!("../recorded/stops/claude-no-credit.jsonl"), Some(NoCredit)),
        ("claude", 1, include_str!("../recorded/stops/claude-no-network.jsonl"), Some(NoNetwork)),
        ("claude", 1, include_str!("../recorded/stops/claude-not-logged-in.jsonl"), Some(NotLoggedIn)),
        ("claude", 1, include_str!("../recorded/stops/claude-output-limit.jsonl"), Some(OutputLimit)),
        ("claude", 1, include_str!("../recorded/stops/claude-197-output-limit.jsonl"), Some(OutputLimit)),
        ("claude", 1, include_str!("../recorded/stops/claude-overload.jsonl"), Some(Overload)),
        ("claude", 0, include_str!("../recorded/stops/claude-question.jsonl"), Some(Question)),
        ("claude", 1, include_str!("../recorded/stops/claude-rate-limit.jsonl"), Some(RateLimit)),
        ("claude", 1, include_str!("../recorded/stops/claude-refusal.jsonl"), Some(Refusal)),
        ("claude", 1, include_str!("../recorded/stops/claude-server-error.jsonl"), Some(ServerError)),
        ("claude", 1, include_str!("../recorded/stops/claude-turn-limit.jsonl"), Some(TurnLimit)),
        ("codex", 1, include_str!("../recorded/stops/codex-bad-key.jsonl"), Some(BadKey)),
        ("codex", 0, include_str!("../recorded/stops/codex-denied.jsonl"), Some(Denied)),
        ("codex", 1, include_str!("../recorded/stops/codex-no-credit.jsonl"), Some(NoCredit)),
        ("codex", 1, include_str!("../recorded/stops/codex-no-network.jsonl"), Some(NoNetwork)),
        ("codex", 1, include_str!("../recorded/stops/codex-dropped.jsonl"), Some(NoNetwork)),
        ("codex", 1, include_str!("../recorded/stops/codex-dropped-in-answer.jsonl"), Some(NoNetwork)),
        ("codex", 1, include_str!("../recorded/stops/codex-output-limit.jsonl"), Some(OutputLimit)),
        ("codex", 1, include_str!("../recorded/stops/codex-overload.jsonl"), Some(Overload)),
        ("codex", 0, include_str!("../recorded/stops/codex-question.jsonl"), None),
        ("codex", 0, include_str!("../recorded/stops/codex-question-by-tool.jsonl"), Some(Question)),
        ("codex", 1, include_str!("../recorded/stops/codex-rate-limit-in-stream.jsonl"), Some(RateLimit)),
        ("codex", 1, include_str!("../recorded/stops/codex-rate-limit.jsonl"), Some(RateLimit)),
        ("codex", 1, include_str!("../recorded/stops/codex-refusal.jsonl"), Some(Refusal)),
        ("codex", 1, include_str!("../recorded/stops/codex-server-error.jsonl"), Some(ServerError)),
        ("gemini", 144, include_str!("../recorded/stops/gemini-bad-key.jsonl"), Some(BadKey)),
        ("gemini", 0, include_str!("../recorded/stops/gemini-cut-off.jsonl"), None),
        ("gemini", 0, include_str!("../recorded/stops/gemini-denied.jsonl"), Some(Denied)),
        ("gemini", 0, include_str!("../recorded/stops/gemini-denied-by-sandbox.jsonl"), Some(Denied)),
        ("gemini", 1, include_str!("../recorded/stops/gemini-dropped-in-answer.jsonl"), Some(NoNetwork)),
        ("gemini", 0, include_str!("../recorded/stops/gemini-dropped-without-reason.jsonl"), Some(NoNetwork)),
        ("gemini", 1, include_str!("../recorded/stops/gemini-no-network.jsonl"), Some(NoNetwork)),
        ("gemini", 41, include_str!("../recorded/stops/gemini-not-logged-in.jsonl"), Some(NotLoggedIn)),
        ("gemini", 0, include_str!("../recorded/stops/gemini-output-limit.jsonl"), Some(OutputLimit)),
        ("gemini", 247, include_str!("../recorded/stops/gemini-overload.jsonl"), Some(Overload)),
        ("gemini", 173, include_str!("../recorded/stops/gemini-rate-limit.jsonl"), Some(RateLimit)),
        ("gemini", 0, include_str!("../recorded/stops/gemini-refusal.jsonl"), Some(Refusal)),
        ("gemini", 244, include_str!("../recorded/stops/gemini-server-error.jsonl"), Some(ServerError)),
        ("gemini", 53, include_str!("../recorded/stops/gemini-turn-limit.jsonl"), Some(TurnLimit)),
        ("opencode", 1, include_str!("../recorded/stops/opencode-bad-key.jsonl"), Some(BadKey)),
        ("opencode", 0, include_str!("../recorded/stops/opencode-denied.jsonl"), Some(Denied)),
        ("opencode", 0, include_str!("../recorded/stops/opencode-denied-by-sandbox.jsonl"), Some(Denied)),
        ("opencode", 0, include_str!("../recorded/stops/opencode-denied-file.jsonl"), Some(Denied)),
        ("opencode", 1, include_str!("../recorded/stops/opencode-no-credit.jsonl"), Some(NoCredit)),
        ("opencode", 1, include_str!("../recorded/stops/opencode-no-network.jsonl"), Some(NoNetwork)),
        ("opencode", 0, include_str!("../recorded/stops/opencode-output-limit.jsonl"), Some(OutputLimit)),
        ("opencode", 1, include_str!("../recorded/stops/opencode-overload.jsonl"), Some(Overload)),
        ("opencode", 0, include_str!("../recorded/stops/opencode-question.jsonl"), Some(Question)),
        ("opencode", 1, include_str!("../recorded/stops/opencode-rate-limit.jsonl"), Some(RateLimit)),
        ("opencode", 1, include_str!("../recorded/stops/opencode-refusal.jsonl"), Some(Refusal)),
        ("opencode", 1, include_str!("../recorded/stops/opencode-server-error.jsonl"), Some(ServerError)),
    ]
}

#[test]
fn the_reason_is_what_its_fields_say() {
    for (agent, code, output, kind) in recorded() {
        let preset = named(agent).expect("a preset");
        let (shown, parser) = parse(preset, output);
        let reason = stop::reason(Ending::Exited(code), parser.reported(), preset.stopped_by);
        let reason = reason.map(|reason| reason.or_said(parser.last_words(code == 0).as_deref()));
        assert_eq!(reason.as_ref().map(|reason| &reason.kind), kind.as_ref(), "{agent}: {shown}");
        if let Some(reason) = reason.filter(|reason| !matches!(reason.kind, OutputLimit | Question)) {
            assert!(reason.said.is_some(), "{agent} {reason}");
        }
    }
}

#[test]
fn what_held_it_up_on_its_way_is_no_reason_where_another_ended_it() {
    let denied = include_str!("../recorded/stops/gemini-denied.jsonl");
    let early: String = denied.lines().take(4).map(|line| format!("{line}\n")).collect();
    let reason = |agent: &str, code: i32, output: &str| {
        let preset = named(agent).expect("a preset");
        let (_, parser) = parse(preset, output);
        stop::reason(Ending::Exited(code), parser.reported(), preset.stopped_by).map(|reason| reason.kind)
    };
    assert_eq!(reason("gemini", 173, &early), Some(RateLimit), "its exit code says so");
    assert_eq!(reason("gemini", 255, "boom\n"), None, "no server answers with 511");
    let denied = include_str!("../recorded/stops/codex-denied.jsonl");
    let early: String = denied.lines().take(5).map(|line| format!("{line}\n")).collect();
    let full = r#"{"type":"turn.failed","error":{"message":"Codex ran out of room in the model's context window."}}"#;
    assert_eq!(reason("codex", 1, &format!("{early}{full}\n")), None, "its last words are about another error");
    // What a tool printed is not what the agent says.
    let failed = r#"{"type":"item.completed","item":{"type":"command_execution","aggregated_output":"read ECONNRESET","exit_code":1}}"#;
    assert_eq!(reason("codex", 1, &format!("{failed}\n{full}\n")), None);
}

#[test]
fn waiting_for_the_network_again_and_again_is_no_end_where_work_goes_on_between() {
    use crate::agent::process::OutputFilter as _;
    let waits = r#"{"type":"error","message":"Reconnecting... waiting for network"}"#;
    let works = r#"{"type":"item.completed","item":{"type":"agent_message","text":"On."}}"#;
    let preset = named("codex").expect("a preset");
    assert!(!parse(preset, &format!("{waits}\n{waits}\n{works}\n{waits}\n{works}\n")).1.is_hopeless());
    assert!(parse(preset, &format!("{waits}\n{waits}\n{waits}\n")).1.is_hopeless());
}

#[test]
fn its_own_words_are_kept() {
    let said = |agent: &str, kind: StopKind| {
        let row = recorded().into_iter().find(|row| row.0 == agent && row.3.as_ref() == Some(&kind)).expect("a stream");
        let (_, parser) = parse(named(agent).expect("a preset"), row.2);
        stopped(&parser).and_then(|stopped| stopped.said).unwrap_or_default()
    };
    assert_eq!(said("claude", NotLoggedIn), "Not logged in \u{b7} Please run /login");
    assert_eq!(said("claude", Question), "Which file?");
    assert_eq!(said("claude", Denied), "Write /outside/file");
    assert_eq!(said("opencode", Denied), "$ rm -rf /nowhere");
    assert_eq!(said("gemini", BadKey), "[API Error: API key not valid. Please pass a valid API key.]");
    assert_eq!(said("claude", TurnLimit), "Reached maximum number of turns (2)");
    assert_eq!(
        said("codex", BadKey),
        "unexpected status 401 Unauthorized: invalid x-api-key, url: http://127.0.0.1:8080/v1/responses"
    );
    assert_eq!(said("opencode", Refusal), "The response was blocked by the provider's content filter");
}

#[test]
fn a_retry_is_shown() {
    let row = recorded().into_iter().find(|row| row.0 == "claude" && row.3 == Some(Overload)).expect("a stream");
    let (shown, _) = parse(named("claude").expect("a preset"), row.2);
    assert!(shown.contains("retrying in 2s, 2 of 10: overloaded\n"), "{shown}");
    let row = recorded().into_iter().find(|row| row.0 == "claude" && row.3 == Some(NoNetwork)).expect("a stream");
    let (shown, _) = parse(named("claude").expect("a preset"), row.2);
    assert!(shown.contains("retrying in 2s, 2 of 10: no connection\n"), "{shown}");
}

#[test]
fn what_cannot_succeed_is_ended_and_what_is_retried_is_not() {
    use crate::agent::process::OutputFilter as _;
    let hopeless = |agent: &str, kind: StopKind| {
        let row = recorded().into_iter().find(|row| row.0 == agent && row.3.as_ref() == Some(&kind)).expect("a stream");
        parse(named(agent).expect("a preset"), row.2).1.is_hopeless()
    };
    assert!(hopeless("claude", BadKey), "it would try for three minutes");
    assert!(hopeless("codex", NoNetwork), "it would wait for ever");
    for (agent, kind) in [("claude", Overload), ("claude", RateLimit), ("claude", NoNetwork), ("codex", Overload)] {
        assert!(!hopeless(agent, kind), "{agent}");
    }
}

#[test]
fn what_ended_a_run_is_shown_once() {
    for (agent, _, output, kind) in recorded() {
        let (shown, _) = parse(named(agent).expect("a preset"), output);
        let lines: Vec<&str> = shown.lines().collect();
        for pair in lines.windows(2) {
            let same = pair[0].trim_start_matches("error: ") == pair[1].trim_start_matches("error: ");
            assert!(!same || !pair[1].starts_with("error: "), "{agent} {kind:?}: {shown}");
        }
    }
}
