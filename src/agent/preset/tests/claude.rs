//! Tests of `agent::preset::claude`.

use super::PRESET;
use crate::agent::preset::parser::tests::parse;

#[test]
fn a_run_as_it_was_recorded() {
    let (shown, parser) = parse(&PRESET, include_str!("../recorded/claude.jsonl"));
    let lines: Vec<&str> = shown.lines().collect();
    assert_eq!(lines[..2], ["model: claude-opus-4-8[1m]", "I will write the file."]);
    assert!(lines[2].starts_with("$ echo two > file; sed -i"), "{shown}");
    assert_eq!(lines[3..], ["The file says two now."]);
    assert_eq!(parser.answer(), "The file says two now.");
    let report = parser.report();
    assert_eq!(report.model.as_deref(), Some("claude-opus-4-8[1m]"));
    assert_eq!(report.session.as_deref(), Some("96ec16cd-05c4-4491-a906-ab49c69095b2"));
    assert_eq!(report.cost().map(ToString::to_string).as_deref(), Some("0.002 USD, 200 tokens in, 40 out"));
}

#[test]
fn a_session_that_is_gone_is_not_begun() {
    let output = "{\"type\":\"result\",\"subtype\":\"error_during_execution\",\"is_error\":true,\"num_turns\":0,\
        \"session_id\":\"96ec16cd-05c4-4491-a906-ab49c69095b3\",\"total_cost_usd\":0,\
        \"errors\":[\"No conversation found with session ID: 96ec16cd-05c4-4491-a906-ab49c69095b3\"]}\n";
    let (shown, parser) = parse(&PRESET, output);
    assert!(shown.starts_with("error: No conversation found with session ID"), "{shown}");
    assert_eq!(parser.report().session, None);
}

#[test]
fn the_parts_of_a_message_count_once_however_many_messages_there_are() {
    let said = |id: usize, out: u64| {
        let usage = serde_json::json!({"input_tokens": 10, "output_tokens": out});
        let event = serde_json::json!({"type": "assistant", "message": {"id": format!("msg_{id}"), "usage": usage, "content": []}});
        format!("{event}\n")
    };
    let output: String = (0..1000).flat_map(|id| [said(id, 1), said(id, 5)]).collect();
    let (_, parser) = parse(&PRESET, &output);
    assert_eq!(parser.report().cost().map(ToString::to_string).as_deref(), Some("10000 tokens in, 5000 out"));
}
