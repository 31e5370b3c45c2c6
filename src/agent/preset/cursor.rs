//! Cursor's command line agent: by its documentation of `--output-format stream-json` as of 2026-02, and by what its users report of
//! 2026-09; no package registry has it.

use serde_json::Value;

use super::{EventReader, ParsedOutput, Preset, Protocol, claude};
use crate::agent::preset::parsed::{WAITS, number, string};

/// It takes the prompt as an argument, and an argument is no place for a long text: it is told where to read it. `--force` lets it
/// run commands; there is no option that keeps them in the worktree. `--trust`, since it asks about every directory that is new to it.
pub(super) const PRESET: Preset = Preset {
    name: "cursor-agent",
    program: "cursor-agent",
    start: "cursor-agent -p --force --trust --output-format stream-json 'Do what this file says: '{prompt_file}",
    resume: Some(
        "cursor-agent -p --force --trust --output-format stream-json --resume {session} 'Do what this file says: '{prompt_file}",
    ),
    instructions: "AGENTS.md",
    reads: None,
    writes: &[".cursor", ".config/cursor", ".cache/cursor"],
    login: "cursor-agent login",
    reports_money: false,
    stopped_by: |_| None,
    protocol: Protocol::Text,
    options: &[],
    own_sandbox: None,
    reader: |_| Box::new(Cursor),
};

struct Cursor;

impl EventReader for Cursor {
    fn event(&mut self, event: &Value, parsed: &mut ParsedOutput) -> bool {
        match string(event, "type") {
            Some("system") => claude::begin(event, parsed),
            Some("assistant") => claude::parts(event, parsed),
            Some("tool_call") => tool(event, parsed),
            Some("result") => {
                parsed.ends_turn();
                if let Some(usage) = event.get("usage") {
                    parsed.report.tokens(number(usage, "inputTokens"), None, number(usage, "outputTokens"));
                }
                if event.get("is_error").and_then(Value::as_bool) == Some(true) {
                    parsed.error(string(event, "result").unwrap_or_default());
                }
            }
            Some(_) => {}
            None => return false,
        }
        true
    }
}

/// `{"writeToolCall": {"args": {…}, "result": {…}}}`: the name is the key.
fn tool(event: &Value, parsed: &mut ParsedOutput) {
    let calls = event.get("tool_call").and_then(Value::as_object);
    for (name, call) in calls.into_iter().flatten() {
        let name = name.strip_suffix("ToolCall").unwrap_or(name);
        match string(event, "subtype") {
            Some("started") => parsed.tool(name, call.get("args").unwrap_or(&Value::Null)),
            Some("completed") => {
                if let Some(error) = call.pointer("/result/error") {
                    let said = string(error, "errorMessage").or_else(|| string(error, "message"));
                    parsed.failed(said.unwrap_or(name));
                }
                parsed.doing(WAITS);
            }
            _ => {}
        }
    }
}

#[cfg(test)]
#[path = "tests/cursor.rs"]
mod tests;
