//! opencode: its help and output as of 1.18.33.

use serde_json::Value;

use super::{EventReader, ParsedOutput, Preset, Protocol};
use crate::{
    agent::{
        preset::parsed::{WAITS, number, string},
        stop::kind_of,
    },
    domain::stop::StopKind,
};

/// `--auto` allows what its configuration does not deny. It names no model. Where it can, it writes to npm's cache as well, from which other
/// programs run code: it works without that.
pub(super) const PRESET: Preset = Preset {
    name: "opencode",
    program: "opencode",
    start: "opencode run --format json --auto",
    resume: Some("opencode run --format json --auto --session {session}"),
    instructions: "AGENTS.md",
    reads: None,
    writes: &[".local/share/opencode", ".local/state/opencode", ".config/opencode", ".cache/opencode"],
    login: "opencode auth login",
    reports_money: true,
    stopped_by: |_| None,
    protocol: Protocol::Text,
    options: &[("--print-logs", "--print-logs --log-level INFO")],
    own_sandbox: None,
    reader: |_| Box::new(Opencode::default()),
};

/// How the error of a tool begins that its configuration denies.
const DENIED: &str = "The user has specified a rule which prevents you from using this specific tool call";

/// What a line of its log contains about a request that failed, before the error itself. It sends most requests again, and no event says so.
const FAILED: (&str, &str) = (" message=\"stream error\" ", " error.error=");

/// What a line of its log contains when its session begins, a request to the model, and a tool, whose event comes only when that has ended.
/// Sessions of its helpers have a parent, and titles are asked for of a small model.
const CREATED: (&str, &str) = (" message=created id=", " parentID=undefined ");
const ASKED: (&str, &str) = (" message=stream ", " small=false ");
const TOOL: (&str, &str) = (" message=evaluated permission=", " pattern=");

/// Each step has a price of its own.
#[derive(Default)]
struct Opencode {
    /// How many requests failed in turn.
    failures: u32,
    dollars: f64,
    tokens_in: u64,
    tokens_cached: u64,
    tokens_out: u64,
}

impl EventReader for Opencode {
    fn event(&mut self, event: &Value, parsed: &mut ParsedOutput) -> bool {
        let Some(kind) = string(event, "type") else { return false };
        parsed.report.session(string(event, "sessionID"));
        let part = event.get("part").unwrap_or(&Value::Null);
        self.failures = 0;
        match kind {
            "text" => parsed.message(string(part, "text").unwrap_or_default()),
            "tool_use" => {
                let input = part.pointer("/state/input").unwrap_or(&Value::Null);
                parsed.tool(string(part, "tool").unwrap_or("a tool"), input);
                if input.get("tool").and_then(Value::as_str) == Some("question") {
                    parsed.held_up(StopKind::Question, "");
                }
                if part.pointer("/state/status").and_then(Value::as_str) == Some("error") {
                    let said = part.pointer("/state/error").and_then(Value::as_str).unwrap_or_default();
                    if said.starts_with(DENIED) {
                        parsed.denied(string(part, "tool").unwrap_or("a tool"), input);
                    } else {
                        parsed.failed(said);
                    }
                }
                // Its event of a tool comes when that has ended.
                parsed.doing(WAITS);
                // A command that ran is completed, whatever came of it.
                let code = part.pointer("/state/metadata/exit").and_then(Value::as_i64);
                if code.is_some_and(|code| code != 0) {
                    parsed.failed(part.pointer("/state/output").and_then(Value::as_str).unwrap_or_default());
                }
            }
            "step_finish" => self.step(part, parsed),
            "error" => {
                let said = event.pointer("/error/data/message").or_else(|| event.pointer("/error/name"));
                let said = said.and_then(Value::as_str).unwrap_or_default();
                parsed.error(said);
                if let Some(kind) = stop_kind(event.get("error").unwrap_or(&Value::Null), said) {
                    parsed.stopped(kind, said);
                }
            }
            _ => {}
        }
        true
    }

    /// A line of its log.
    fn text(&mut self, line: &str, parsed: &mut ParsedOutput) -> Option<String> {
        if !line.starts_with("timestamp=") {
            return Some(line.to_owned());
        }
        if let Some((_, error)) = line.split_once(FAILED.1).filter(|_| line.contains(FAILED.0)) {
            let said = serde_json::from_str(error).unwrap_or_else(|_| error.to_owned());
            self.failures += 1;
            parsed.request_failed(&self.failures.to_string(), said.strip_prefix("AI_APICallError: ").unwrap_or(&said));
            return None;
        }
        self.log(line, parsed);
        // The error that ended it comes as an event, too.
        let is_error = line.contains(" level=ERROR ") && !line.contains(" message=process ");
        is_error.then(|| line.to_owned())
    }
}

/// The value at the beginning of a text of its log: a string of JSON, or a word.
fn value(text: &str) -> String {
    let string = serde_json::Deserializer::from_str(text).into_iter::<String>().next();
    string.and_then(Result::ok).unwrap_or_else(|| text.split(' ').next().unwrap_or_default().to_owned())
}

/// What kind of reason an error is.
fn stop_kind(error: &Value, said: &str) -> Option<StopKind> {
    let by_name = match string(error, "name") {
        Some("ContentFilterError") => Some(StopKind::Refusal),
        Some("MessageOutputLengthError") => Some(StopKind::OutputLimit),
        Some("ProviderAuthError") => Some(StopKind::NotLoggedIn),
        _ => None,
    };
    // A service answers with one status to an account without credit and to one that is too fast.
    let by_status = || error.pointer("/data/statusCode").and_then(Value::as_u64).and_then(StopKind::of_http);
    by_name.or_else(|| kind_of(said)).or_else(by_status)
}

impl Opencode {
    /// What it does now, by a line of its log that is no error.
    fn log(&self, line: &str, parsed: &mut ParsedOutput) {
        if let Some((_, session)) = line.split_once(CREATED.0).filter(|_| line.contains(CREATED.1)) {
            parsed.report.session(session.split(' ').next());
        } else if line.contains(ASKED.0) && line.contains(ASKED.1) {
            parsed.doing(WAITS);
        } else if let Some((tool, pattern)) = line.split_once(TOOL.0).and_then(|(_, rest)| rest.split_once(TOOL.1)) {
            parsed.begins_tool(tool, &value(pattern).into());
        }
    }

    fn step(&mut self, part: &Value, parsed: &mut ParsedOutput) {
        if let Some(dollars) = part.get("cost").and_then(Value::as_f64) {
            self.dollars += dollars;
            parsed.report.price(Some(self.dollars));
        }
        if string(part, "reason") == Some("length") {
            parsed.held_up(StopKind::OutputLimit, "");
        }
        if let Some(tokens) = part.get("tokens") {
            let cached = tokens.get("cache").unwrap_or(&Value::Null);
            let into = [number(tokens, "input"), number(cached, "read"), number(cached, "write")];
            self.tokens_in = into.into_iter().flatten().fold(self.tokens_in, u64::saturating_add);
            self.tokens_cached = self.tokens_cached.saturating_add(number(cached, "read").unwrap_or_default());
            self.tokens_out = self.tokens_out.saturating_add(number(tokens, "output").unwrap_or_default());
            parsed.report.tokens(Some(self.tokens_in), Some(self.tokens_cached), Some(self.tokens_out));
        }
    }
}

#[cfg(test)]
#[path = "tests/opencode.rs"]
mod tests;
