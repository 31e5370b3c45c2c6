//! goose: by its documentation as of 1.50.0; no package registry has it.

use serde_json::Value;

use super::{EventReader, ParsedOutput, Preset, Protocol};
use crate::agent::preset::parsed::{WAITS, number, string, text_of};

/// Its session gets the name of the attempt, since it does not say what it calls it. `GOOSE_MODE=auto` has it ask for nothing.
pub(super) const PRESET: Preset = Preset {
    name: "goose",
    program: "goose",
    start: "GOOSE_MODE=auto goose run --output-format stream-json --name \"chant-${CHANT_ATTEMPT:-split}\" -i -",
    resume: Some("GOOSE_MODE=auto goose run --output-format stream-json --resume --name {session} -i -"),
    instructions: "AGENTS.md",
    reads: None,
    writes: &[".local/share/goose", ".config/goose", ".local/state/goose"],
    login: "goose configure",
    reports_money: false,
    stopped_by: |_| None,
    protocol: Protocol::Text,
    options: &[],
    own_sandbox: None,
    reader: |session| Box::new(Goose { session: session.to_owned() }),
};

struct Goose {
    session: String,
}

impl EventReader for Goose {
    fn event(&mut self, event: &Value, parsed: &mut ParsedOutput) -> bool {
        match string(event, "type") {
            Some("message") => {
                parsed.report.session(Some(&self.session));
                message(event, parsed);
            }
            Some("error") => parsed.error(string(event, "error").unwrap_or_default()),
            Some("complete") => {
                let into = number(event, "input_tokens").or_else(|| number(event, "total_tokens"));
                parsed.report.tokens(into, None, number(event, "output_tokens"));
            }
            Some(_) => {}
            None => return false,
        }
        true
    }
}

fn message(event: &Value, parsed: &mut ParsedOutput) {
    let assistant = event.pointer("/message/role").and_then(Value::as_str) == Some("assistant");
    let content = event.pointer("/message/content").and_then(Value::as_array);
    for part in content.into_iter().flatten() {
        match string(part, "type") {
            Some("text") if assistant => parsed.piece(string(part, "text").unwrap_or_default()),
            Some("toolRequest") => {
                if let Some(call) = part.pointer("/toolCall/value") {
                    let input = call.get("arguments").unwrap_or(&Value::Null);
                    parsed.tool(string(call, "name").unwrap_or("a tool"), input);
                }
            }
            Some("toolResponse") => {
                let value = part.pointer("/toolResult/value");
                if value.and_then(|value| value.get("isError")).and_then(Value::as_bool) == Some(true) {
                    let output = value.and_then(|value| value.get("content")).unwrap_or(&Value::Null);
                    parsed.failed(&text_of(output));
                }
                parsed.doing(WAITS);
            }
            _ => {}
        }
    }
}

#[cfg(test)]
#[path = "tests/goose.rs"]
mod tests;
