//! Claude Code: its help and output as of 2.1.330; CI runs 2.1.197, the last for older versions of Node.

use serde_json::Value;

use super::{EventReader, ParsedOutput, Preset};
use crate::agent::preset::parsed::{number, string, text_of};

/// Edits in the working directory and commands are allowed; edits elsewhere are refused, because no person is there to ask.
pub(super) const PRESET: Preset = Preset {
    name: "claude",
    program: "claude",
    start: "claude -p --output-format stream-json --verbose --permission-mode acceptEdits --allowedTools Bash",
    resume: Some(
        "claude -p --output-format stream-json --verbose --permission-mode acceptEdits --allowedTools Bash --resume {session}",
    ),
    instructions: "CLAUDE.md",
    reads: None,
    reader: |_| Box::new(Claude),
};

struct Claude;

impl EventReader for Claude {
    fn event(&mut self, event: &Value, parsed: &mut ParsedOutput) -> bool {
        match string(event, "type") {
            Some("system") => begin(event, parsed),
            Some("assistant") => parts(event, parsed),
            Some("user") => results(event, parsed),
            Some("result") => end(event, parsed),
            Some(_) => {}
            None => return false,
        }
        true
    }
}

/// The beginning: a session that is only asked for, and does not exist, is not announced so.
pub(super) fn begin(event: &Value, parsed: &mut ParsedOutput) {
    if string(event, "subtype") == Some("init") {
        parsed.report.session(string(event, "session_id"));
        if let Some(model) = string(event, "model") {
            parsed.begins_with(model);
        }
    }
}

/// What the agent says and does.
pub(super) fn parts(event: &Value, parsed: &mut ParsedOutput) {
    let content = event.pointer("/message/content").and_then(Value::as_array);
    for part in content.into_iter().flatten() {
        match string(part, "type") {
            Some("text") => parsed.message(string(part, "text").unwrap_or_default()),
            Some("tool_use") => {
                let input = part.get("input").unwrap_or(&Value::Null);
                parsed.tool(string(part, "name").unwrap_or("a tool"), input);
            }
            _ => {}
        }
    }
}

/// What came of it: shown where it failed.
fn results(event: &Value, parsed: &mut ParsedOutput) {
    let content = event.pointer("/message/content").and_then(Value::as_array);
    for part in content.into_iter().flatten() {
        if part.get("is_error").and_then(Value::as_bool) == Some(true) {
            parsed.failed(&text_of(part.get("content").unwrap_or(&Value::Null)));
        }
    }
}

fn end(event: &Value, parsed: &mut ParsedOutput) {
    parsed.report.price(event.get("total_cost_usd").and_then(Value::as_f64));
    if let Some(usage) = event.get("usage") {
        let fields = ["input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens"];
        let into = fields.iter().filter_map(|field| number(usage, field)).reduce(u64::saturating_add);
        parsed.report.tokens(into, number(usage, "output_tokens"));
    }
    if event.get("is_error").and_then(Value::as_bool) == Some(true) {
        let errors = event.get("errors").and_then(Value::as_array);
        let errors: Vec<&str> = errors.into_iter().flatten().filter_map(Value::as_str).collect();
        let said =
            if errors.is_empty() { string(event, "result").unwrap_or_default().to_owned() } else { errors.join("; ") };
        parsed.error(&said);
    }
    for denied in event.get("permission_denials").and_then(Value::as_array).into_iter().flatten() {
        parsed.error(&format!("it was not permitted to use {}", string(denied, "tool_name").unwrap_or("a tool")));
    }
}

#[cfg(test)]
mod tests {
    use super::PRESET;
    use crate::agent::preset::parser::tests::parse;

    #[test]
    fn a_run_as_it_was_recorded() {
        let (shown, parser) = parse(&PRESET, include_str!("recorded/claude.jsonl"));
        let lines: Vec<&str> = shown.lines().collect();
        assert_eq!(lines[..2], ["model: claude-opus-4-8[1m]", "I will write the file."]);
        assert!(lines[2].starts_with("$ echo two > file; sed -i"), "{shown}");
        assert_eq!(lines[3..], ["The file says two now."]);
        assert_eq!(parser.answer(), "The file says two now.");
        let report = parser.report();
        assert_eq!(report.model.as_deref(), Some("claude-opus-4-8[1m]"));
        assert_eq!(report.session.as_deref(), Some("96ec16cd-05c4-4491-a906-ab49c69095b2"));
        assert_eq!(report.cost().as_deref(), Some("0.002 USD, 200 tokens in, 40 out"));
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
}
