//! The driver of the Agent Client Protocol on what the real agents said: claude-agent-acp 0.49.0, opencode 1.18.33, Gemini CLI 0.61.0.

use super::*;
use crate::agent::preset::parser::tests::stopped;
use crate::agent::{preset::OutputParser, process::OutputFilter as _};

/// What is shown, what was written to the agent, and who listened.
fn talk(recorded: &str, had: Option<&str>) -> (String, String, OutputParser) {
    let dialogue = Dialogue {
        prompt: "Do it".into(),
        dir: PathBuf::from("/repo"),
        had: had.map(str::to_owned),
        permit: Permit::read(&[]).expect("the usual rules"),
    };
    let mut parser = OutputParser::talking(dialogue);
    let mut said = parser.input();
    let mut shown = Vec::new();
    for line in recorded.split_inclusive('\n') {
        shown.extend(parser.push(line.as_bytes()));
        said.extend(parser.input());
    }
    shown.extend(parser.finish());
    let text = |bytes| String::from_utf8(bytes).expect("text");
    (text(shown), text(said), parser)
}

#[test]
fn runs_as_they_were_recorded() {
    for (recorded, lines, cost) in [
        (
            include_str!("../recorded/acp/claude-acp.jsonl"),
            ["edit Write file\n", "permitted: execute sed -i", "$ sed -i"],
            "0.003045 USD, 390 tokens in, 90 cached, 60 out",
        ),
        (
            include_str!("../recorded/acp/opencode-acp.jsonl"),
            ["permitted: edit /repo/file\n", "permitted: execute sed -i", "$ sed -i"],
            "0.000339 USD, 100 tokens in, 30 cached, 20 out",
        ),
        (
            include_str!("../recorded/acp/gemini-acp.jsonl"),
            ["permitted: edit Writing to file\n", "changed /repo/file (+1 -1)\n", "$ sed -i"],
            "300 tokens in, 60 out",
        ),
    ] {
        let (shown, said, parser) = talk(recorded, None);
        for line in lines {
            assert!(shown.contains(line), "{line}: {shown}");
        }
        assert!(shown.ends_with("The file says two now.\n") && !shown.contains("jsonrpc"), "{shown}");
        assert_eq!(parser.report().cost().map(ToString::to_string).as_deref(), Some(cost));
        assert_eq!((parser.over(), parser.answer()), (Some(0), "The file says two now."));
        assert!(parser.report().session.is_some() && stopped(&parser).is_none());
        let asked: Vec<serde_json::Value> =
            said.lines().map(|line| serde_json::from_str(line).expect("an object a line")).collect();
        let methods: Vec<&str> = asked.iter().filter_map(|asked| asked["method"].as_str()).collect();
        assert_eq!(methods, ["initialize", "session/new", "session/prompt"]);
        assert_eq!(asked[2]["params"]["prompt"][0]["text"], "Do it");
        assert!(parser.permissions().iter().all(|permission| permission.allowed), "{:?}", parser.permissions());
        let answers = asked.iter().filter(|asked| asked["result"]["outcome"]["outcome"] == "selected").count();
        assert_eq!(answers, parser.permissions().len(), "each request is answered");
    }
}

#[test]
fn messages_of_any_shape_are_survived() {
    let first = "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"protocolVersion\":1}}\n";
    for rest in [
        "{\"jsonrpc\":\"2.0\",\"id\":3,\"result\":7}\n",
        "{\"jsonrpc\":\"2.0\",\"id\":3,\"result\":{\"sessionId\":\"$(id)\"}}\n",
        "{\"jsonrpc\":\"2.0\",\"id\":3,\"error\":\"no\"}\n",
    ] {
        let (_, _, parser) = talk(&format!("{first}{rest}"), None);
        assert_eq!(parser.over(), Some(1), "{rest}");
    }
    let (shown, said, _) = talk(
        "{\"jsonrpc\":\"2.0\",\"id\":9,\"method\":\"fs/read_text_file\",\"params\":[]}\n{\"jsonrpc\":\"2.0\",\"method\":\"session/update\"}\n{\"jsonrpc\":\"2.0\",\"id\":{},\"result\":{}}\nplain\n",
        None,
    );
    assert_eq!(shown, "plain\n");
    assert!(said.contains("git-chant does not offer fs/read_text_file"), "{said}");
}

/// A conversation in which the prompt is answered so.
fn answered(prompt: &str) -> (String, OutputParser) {
    let recorded = format!(
        "{}\n{}\n{prompt}\n",
        r#"{"jsonrpc":"2.0","id":1,"result":{"protocolVersion":1,"agentCapabilities":{}}}"#,
        r#"{"jsonrpc":"2.0","id":3,"result":{"sessionId":"ses-1"}}"#
    );
    let (shown, _, parser) = talk(&recorded, None);
    (shown, parser)
}

#[test]
fn what_codex_says_of_an_error_is_in_its_details() {
    let said = "stream disconnected before completion: Transport error: network error: error decoding response body";
    let (shown, parser) = answered(&format!(
        r#"{{"jsonrpc":"2.0","error":{{"code":-32603,"message":"Internal error","data":{{"message":"{said}","codex_error_info":"other"}}}},"id":5}}"#
    ));
    assert_eq!(shown, format!("error: {said}\n"));
    let why = stopped(&parser).expect("a reason");
    assert_eq!((why.kind, why.said.as_deref()), (StopKind::NoNetwork, Some(said)));
}

#[test]
fn a_failure_that_codex_says_in_fields_ends_the_turn_and_one_that_passes_does_not() {
    let failure = |severity: &str, category: &str, title: &str| {
        json!({"jetbrains": {"air": {"version": 1, "sessionFailure": {"id": "t:error", "revision": 1, "category": category,
            "severity": severity, "title": title, "actions": ["retry"]}}}})
    };
    let ends = |meta: &Value| {
        json!({"jsonrpc": "2.0", "id": 5, "result": {"stopReason": "end_turn", "_meta": meta}}).to_string()
    };
    for (category, title, kind) in [
        ("limit", "exceeded retry limit, last status: 429 Too Many Requests", StopKind::RateLimit),
        ("service", "Selected model is at capacity. Please try a different model.", StopKind::Overload),
        ("service", "Codex encountered an internal error.", StopKind::ServerError),
        ("connection", "Connection to Codex was lost.", StopKind::NoNetwork),
        ("access", "Sign in again.", StopKind::NotLoggedIn),
    ] {
        let (shown, parser) = answered(&ends(&failure("error", category, title)));
        assert_eq!((shown, parser.over()), (format!("error: {title}\n"), Some(1)));
        let why = stopped(&parser).expect("a reason");
        assert_eq!((why.kind, why.said.as_deref()), (kind, Some(title)));
    }
    let meta = failure("warning", "connection", "Reconnecting... 1/5");
    let update = json!({"jsonrpc": "2.0", "method": "session/update", "params": {"sessionId": "ses-1",
        "update": {"sessionUpdate": "session_info_update", "_meta": meta}}});
    let (shown, parser) = answered(&format!("{update}\n{}", ends(&Value::Null)));
    assert_eq!((shown.as_str(), parser.over()), ("warning: Reconnecting... 1/5\n", Some(0)));
    assert!(stopped(&parser).is_none());
    let (_, said, _) = talk("", None);
    assert!(said.contains(r#""capabilities":["sessionFailure"]"#), "it is offered: {said}");
}

#[test]
fn a_key_that_is_not_accepted_is_known_by_the_words_of_the_agent() {
    for said in [
        "Internal error: Invalid API key \u{b7} Fix external API key",
        "Internal error: Incorrect API key provided: none.",
    ] {
        let (_, parser) =
            answered(&format!(r#"{{"jsonrpc":"2.0","error":{{"code":-32603,"message":"{said}"}},"id":5}}"#));
        let why = stopped(&parser).expect("a reason");
        let words = said.strip_prefix("Internal error: ");
        assert_eq!((why.kind, why.said.as_deref()), (StopKind::BadKey, words));
    }
}

#[test]
fn a_tool_that_the_sandbox_stops_is_a_denial() {
    let update = r#"{"jsonrpc":"2.0","method":"session/update","params":{"sessionId":"ses-1","update":{"sessionUpdate":"tool_call_update","toolCallId":"t1","status":"failed","title":"Write","kind":"execute","content":[{"type":"content","content":{"type":"text","text":"```sh\nbash: line 1: /repo/x: Read-only file system\n```"}}]}}}"#;
    let end = r#"{"jsonrpc":"2.0","id":5,"result":{"stopReason":"end_turn"}}"#;
    let (_, parser) = answered(&format!("{update}\n{end}"));
    let why = stopped(&parser).expect("a reason");
    assert_eq!(
        (why.kind, why.said.as_deref()),
        (StopKind::Denied, Some("bash: line 1: /repo/x: Read-only file system"))
    );
}

/// A use of a tool, and a request for a permission that names no more than its id.
fn asked_of(kind: &str, call: &str) -> (String, OutputParser) {
    let update = format!(
        r#"{{"jsonrpc":"2.0","method":"session/update","params":{{"sessionId":"ses-1","update":{{"sessionUpdate":"tool_call","toolCallId":"t1","status":"pending","title":"Change it","kind":"{kind}",{call}}}}}}}"#
    );
    let ask = r#"{"jsonrpc":"2.0","id":7,"method":"session/request_permission","params":{"sessionId":"ses-1","toolCall":{"toolCallId":"t1"},"options":[{"optionId":"yes","name":"Yes","kind":"allow_once"},{"optionId":"no","name":"No","kind":"reject_once"}]}}"#;
    answered(&format!("{update}\n{ask}"))
}

#[test]
fn a_request_is_about_the_files_that_its_tool_named_before() {
    for (kind, call, what) in [
        ("edit", r#""locations":[{"path":"/etc/passwd"}]"#, "edit Change it (/etc/passwd)"),
        ("move", r#""rawInput":{"source":"/repo/a","destination":"/etc/a"}"#, "move Change it (/etc/a, /repo/a)"),
        ("edit", r#""rawInput":{"changes":{"/etc/b":{"add":{}}}}"#, "edit Change it (/etc/b)"),
        ("delete", r#""rawInput":{}"#, "delete Change it"),
    ] {
        let (shown, parser) = asked_of(kind, call);
        assert_eq!(shown, format!("error: it was not permitted to {what}\n"));
        assert!(!parser.permissions()[0].allowed);
    }
    let (shown, _) = asked_of("edit", r#""locations":[{"path":"/repo/src/a.rs"}]"#);
    assert_eq!(shown, "permitted: edit Change it (/repo/src/a.rs)\n");
}

#[test]
fn a_turn_that_the_agent_cancelled_itself_and_one_without_an_end_are_failures() {
    for reason in ["cancelled", "tired"] {
        let (shown, parser) = answered(&format!(r#"{{"jsonrpc":"2.0","id":5,"result":{{"stopReason":"{reason}"}}}}"#));
        assert_eq!(parser.over(), Some(1), "{shown}");
        assert!(shown.contains(if reason == "tired" { "unknown reason: tired" } else { "had not asked" }), "{shown}");
    }
    let said = r#"{"jsonrpc":"2.0","method":"session/update","params":{"sessionId":"ses-1","update":{"sessionUpdate":"agent_message_chunk","content":{"type":"text","text":"Half."}}}}"#;
    for (rest, is_broken) in [(said, true), (r#"{"jsonrpc":"2.0","id":5,"result":{"stopReason":"end_turn"}}"#, false)] {
        assert_eq!(answered(rest).1.reported().broken_off, is_broken);
    }
    assert!(talk("", None).2.reported().broken_off, "it said nothing at all");
}

#[test]
fn a_turn_that_the_agent_cancels_because_it_was_denied_something_is_a_denial() {
    let ask = r#"{"jsonrpc":"2.0","id":7,"method":"session/request_permission","params":{"sessionId":"ses-1","toolCall":{"toolCallId":"t1","kind":"delete","title":"rm /etc/a"},"options":[{"optionId":"no","name":"No","kind":"reject_once"}]}}"#;
    let (_, parser) =
        answered(&format!("{ask}\n{{\"jsonrpc\":\"2.0\",\"id\":5,\"result\":{{\"stopReason\":\"cancelled\"}}}}"));
    let why = parser.reported().stopped.expect("a reason");
    assert_eq!((why.kind, why.said.as_deref(), parser.over()), (StopKind::Denied, Some("delete rm /etc/a"), Some(1)));
}

#[test]
fn what_came_of_a_command_is_told_from_its_raw_output_too() {
    for (status, rest) in [
        ("failed", r#""rawOutput":{"aggregated_output":"sh: /repo/x: Read-only file system\n","exit_code":1}"#),
        (
            "completed",
            r#""content":[{"type":"content","content":{"type":"text","text":"sh: /repo/x: Read-only file system"}}]"#,
        ),
    ] {
        let (_, parser) = answered(&format!(
            r#"{{"jsonrpc":"2.0","method":"session/update","params":{{"sessionId":"ses-1","update":{{"sessionUpdate":"tool_call_update","toolCallId":"t1","status":"{status}","title":"Write","kind":"execute",{rest}}}}}}}"#
        ));
        let why = stopped(&parser).expect("a reason");
        assert_eq!((why.kind, why.said.as_deref()), (StopKind::Denied, Some("sh: /repo/x: Read-only file system")));
    }
}

#[test]
fn of_very_many_requests_the_number_is_kept() {
    let ask = r#"{"jsonrpc":"2.0","id":7,"method":"session/request_permission","params":{"sessionId":"ses-1","toolCall":{"toolCallId":"t1","kind":"execute","title":"x"},"options":[{"optionId":"yes","name":"Yes","kind":"allow_once"}]}}"#;
    let (_, parser) = answered(&vec![ask; 250].join("\n"));
    let kept = parser.permissions();
    assert_eq!((kept.len(), kept[200].what.as_str(), kept[200].allowed), (201, "(50 more requests)", true));
}

#[test]
fn the_last_message_is_the_reason_and_not_what_was_said_before_it() {
    let chunk = |text: &str, id: Option<&str>| {
        let id = id.map(|id| format!(r#","messageId":"{id}""#)).unwrap_or_default();
        format!(
            r#"{{"jsonrpc":"2.0","method":"session/update","params":{{"sessionId":"ses-1","update":{{"sessionUpdate":"agent_message_chunk","content":{{"type":"text","text":"{text}"}}{id}}}}}}}"#
        )
    };
    let said =
        [chunk("I can", Some("m1")), chunk("not.", Some("m1")), chunk("A notice.", None), chunk("No.", Some("m2"))];
    let end = r#"{"jsonrpc":"2.0","id":5,"result":{"stopReason":"refusal"}}"#;
    let (shown, parser) = answered(&format!("{}\n{}\n{end}", said.join("\n"), chunk("Flagged.", None)));
    assert_eq!(shown, "I cannot.\nA notice.\nNo.\nFlagged.\n");
    let why = stopped(&parser).expect("a reason");
    assert_eq!((why.kind, why.said.as_deref()), (StopKind::Refusal, Some("Flagged.")));
}

#[test]
fn of_very_many_tools_the_newest_are_known_and_nothing_is_permitted_of_the_others() {
    let call = |number: usize| {
        format!(
            r#"{{"jsonrpc":"2.0","method":"session/update","params":{{"sessionId":"ses-1","update":{{"sessionUpdate":"tool_call","toolCallId":"t{number}","status":"pending","title":"Read {number}","kind":"read","locations":[{{"path":"/repo/a"}}]}}}}}}"#
        )
    };
    let ask = |number: usize| {
        format!(
            r#"{{"jsonrpc":"2.0","id":7,"method":"session/request_permission","params":{{"sessionId":"ses-1","toolCall":{{"toolCallId":"t{number}"}},"options":[{{"optionId":"yes","name":"Yes","kind":"allow_once"}},{{"optionId":"no","name":"No","kind":"reject_once"}}]}}}}"#
        )
    };
    let mut lines: Vec<String> = (0..300).map(call).collect();
    lines.extend([ask(299), ask(0)]);
    let (_, parser) = answered(&lines.join("\n"));
    let allowed: Vec<bool> = parser.permissions().iter().map(|one| one.allowed).collect();
    assert_eq!(allowed, [true, false], "{:?}", parser.permissions());
}

#[test]
fn a_plan_is_shown_as_far_as_it_is_new() {
    let plan = |status: &str| {
        format!(
            r#"{{"jsonrpc":"2.0","method":"session/update","params":{{"sessionId":"ses-1","update":{{"sessionUpdate":"plan","entries":[{{"content":"One","priority":"high","status":"{status}"}},{{"content":"Two","priority":"high","status":"pending"}}]}}}}}}"#
        )
    };
    let (shown, _) = answered(&[plan("pending"), plan("pending"), plan("completed")].join("\n"));
    assert_eq!(shown, "plan: [ ] One\nplan: [ ] Two\nplan: [x] One\n");
}
