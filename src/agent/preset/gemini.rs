//! Google's Gemini CLI: its help and output as of 0.61.0.

use serde_json::Value;

use super::{EventReader, ParsedOutput, Preset, Protocol};
use crate::{
    agent::{
        preset::parsed::{WAITS, number, string, text_of},
        stop::{kind_of, readable},
    },
    domain::stop::StopKind,
};

/// It asks for nothing; there is no mode that allows commands and keeps them in the worktree without a container.
pub(super) const PRESET: Preset = Preset {
    name: "gemini",
    program: "gemini",
    start: "gemini --approval-mode yolo --skip-trust --output-format stream-json",
    resume: Some("gemini --approval-mode yolo --skip-trust --output-format stream-json --resume {session}"),
    instructions: "GEMINI.md",
    reads: None,
    writes: &[".gemini"],
    login: "gemini",
    reports_money: false,
    stopped_by,
    protocol: Protocol::Text,
    options: &[],
    own_sandbox: None,
    reader: |_| Box::new(Gemini::default()),
};

/// What one run has said so far.
#[derive(Default)]
struct Gemini {
    /// Whether the lines are those of an error of its program: where it came from, and its fields.
    in_trace: bool,
}

/// It exits with what is left of the HTTP status in a byte, or with a code of its own.
fn stopped_by(code: i32) -> Option<StopKind> {
    match code {
        41 => Some(StopKind::NotLoggedIn),
        53 => Some(StopKind::TurnLimit),
        // 401 to 403, 429, 500 and 502 to 504.
        145..=147 | 173 | 244 | 246..=248 => StopKind::of_http(u64::try_from(code).ok()? + 256),
        _ => None,
    }
}

impl EventReader for Gemini {
    fn event(&mut self, event: &Value, parsed: &mut ParsedOutput) -> bool {
        match string(event, "type") {
            Some("init") => {
                parsed.begins_turn();
                parsed.report.session(string(event, "session_id"));
                if let Some(model) = string(event, "model") {
                    parsed.begins_with(model);
                }
            }
            Some("message") if string(event, "role") == Some("assistant") => {
                let text = string(event, "content").unwrap_or_default();
                match event.get("delta").and_then(Value::as_bool) {
                    Some(true) => parsed.piece(text),
                    _ => parsed.message(text),
                }
            }
            Some("tool_use") => {
                let input = event.get("parameters").unwrap_or(&Value::Null);
                parsed.tool(string(event, "tool_name").unwrap_or("a tool"), input);
            }
            Some("tool_result") => {
                let output = text_of(event.get("output").unwrap_or(&Value::Null));
                if string(event, "status") == Some("error") {
                    parsed.failed(event.pointer("/error/message").and_then(Value::as_str).unwrap_or(&output));
                } else {
                    // A command that failed is a success to it.
                    parsed.look_for_denial(output.trim_end().lines().next_back().unwrap_or_default());
                }
                parsed.doing(WAITS);
            }
            Some("error") => {
                let said = string(event, "message").unwrap_or_default();
                parsed.error(said);
                if let Some(kind) = kind_of_answer(said) {
                    parsed.stopped(kind, said);
                }
            }
            Some("result") => end(event, parsed),
            Some(_) => {}
            None => return false,
        }
        true
    }

    /// Beside its events it prints each error with the functions of its program that passed it on. The first line says what there is to say.
    fn text(&mut self, line: &str, parsed: &mut ParsedOutput) -> Option<String> {
        let continues = line.starts_with(' ') || line == "}";
        self.in_trace = continues && (self.in_trace || is_trace(line));
        if self.in_trace {
            return None;
        }
        // It says that it tries again, but not when: `Attempt 2 failed with status 503. Retrying with backoff...`.
        let line = readable(line);
        let retries = line.strip_prefix("Attempt ").and_then(|rest| rest.split_once(" failed"));
        if let Some((attempt, why)) = retries.filter(|(_, why)| why.contains("Retrying")) {
            parsed.request_failed(attempt, why.rsplit_once("Error: ").map_or(why, |(_, why)| why));
            return None;
        }
        Some(line)
    }
}

/// What kept an answer from being one, in words of its own program. Of an answer that was refused or cut but has text it says nothing.
fn kind_of_answer(said: &str) -> Option<StopKind> {
    let kinds = [
        ("response was blocked due to", StopKind::Refusal),
        ("exceeded the token limit", StopKind::OutputLimit),
        ("stream ended without a finish reason", StopKind::NoNetwork),
    ];
    kinds.into_iter().find_map(|(words, kind)| said.contains(words).then_some(kind))
}

/// Whether a line names a function that passed an error on, as programs on Node print them: `    at async Turn.run (file:///x.js:12:3) {`.
fn is_trace(line: &str) -> bool {
    let line = line.trim().trim_end_matches(" {").trim_end_matches(')');
    let column = line.rsplit_once(':').map(|(_, column)| column);
    line.starts_with("at ") && column.is_some_and(|column| column.parse::<u32>().is_ok())
}

fn end(event: &Value, parsed: &mut ParsedOutput) {
    parsed.ends_turn();
    // It exits with 0 all the same where an answer was none.
    if string(event, "status") == Some("error") {
        parsed.ended_in_error();
    }
    if let Some(error) = event.pointer("/error/message").and_then(Value::as_str) {
        parsed.error(&readable(error));
        let limited = event.pointer("/error/type").and_then(Value::as_str) == Some("FatalTurnLimitedError");
        // An account that is too fast and one without credit get the same words: its exit code tells.
        let said = || kind_of(error).filter(|kind| matches!(kind, StopKind::BadKey | StopKind::NoNetwork));
        if let Some(kind) = limited.then_some(StopKind::TurnLimit).or_else(said) {
            parsed.stopped(kind, error);
        }
    }
    let Some(stats) = event.get("stats") else { return };
    parsed.report.tokens(number(stats, "input_tokens"), number(stats, "cached"), number(stats, "output_tokens"));
    // It begins as 'auto' and may use several: the one that said most.
    let models = stats.get("models").and_then(Value::as_object);
    let most = models.into_iter().flatten().max_by_key(|(_, used)| number(used, "output_tokens"));
    parsed.report.model(most.map(|(name, _)| name.as_str()));
}

#[cfg(test)]
#[path = "tests/gemini.rs"]
mod tests;
