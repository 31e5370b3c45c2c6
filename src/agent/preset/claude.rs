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
    writes: &[
        ".claude",
        ".claude.json",
        ".cache/claude",
        ".cache/claude-cli-nodejs",
        ".local/share/claude",
        ".local/state/claude",
    ],
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
#[path = "tests/claude.rs"]
mod tests;
