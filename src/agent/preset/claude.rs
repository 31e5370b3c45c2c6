//! Claude Code: its help and output as of 2.1.332; CI runs 2.1.197, the last for older versions of Node.

use std::{collections::VecDeque, time::Duration};

use serde_json::Value;

use super::{EventReader, ParsedOutput, Preset, Protocol};
use crate::{
    agent::{
        preset::parsed::{WAITS, number, one_line, string, text_of},
        stop::kind_of,
    },
    domain::stop::StopKind,
    terminal::time,
};

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
    login: "claude auth login",
    reports_money: true,
    stopped_by: |_| None,
    protocol: Protocol::Text,
    options: &[
        ("--include-partial-messages", "--include-partial-messages"),
        ("--permission-prompts", "--permission-prompts none"),
    ],
    own_sandbox: None,
    reader: |_| Box::new(Claude::default()),
};

/// How many messages are told apart at a time: it says one after the other, and those of its helpers between.
const MESSAGES: usize = 64;

/// How long the id of one may be, in bytes.
const LONGEST_ID: usize = 1024;

/// What one run has said so far.
#[derive(Default)]
struct Claude {
    /// The kind of error of the last message that is none of the model's.
    error: Option<String>,
    /// The tokens of all messages: they count where the run is ended before it sums them up.
    used: [u64; 3],
    /// The newest messages by their ids, with their tokens, which come again for each part of a message.
    newest: VecDeque<(String, [u64; 3])>,
}

impl EventReader for Claude {
    fn event(&mut self, event: &Value, parsed: &mut ParsedOutput) -> bool {
        match string(event, "type") {
            Some("system") if string(event, "subtype") == Some("api_retry") => retry(event, parsed),
            Some("system") => begin(event, parsed),
            Some("assistant") => {
                self.error = string(event, "error").map(str::to_owned);
                self.count(event, parsed);
                questions(event, parsed);
                match self.error {
                    // It says that in the place of a message of the model.
                    Some(_) => parsed.error(&text_of(event.pointer("/message/content").unwrap_or(&Value::Null))),
                    None => parts(event, parsed),
                }
            }
            Some("user") => {
                results(event, parsed);
                parsed.doing(WAITS);
            }
            Some("stream_event") => part(event, parsed),
            Some("result") => end(event, self.error.as_deref(), parsed),
            Some(_) => {}
            None => return false,
        }
        true
    }
}

impl Claude {
    /// Adds the tokens of a message, which comes again for each of its parts.
    fn count(&mut self, event: &Value, parsed: &mut ParsedOutput) {
        let Some(message) = event.get("message") else { return };
        let id = string(message, "id").filter(|id| id.len() <= LONGEST_ID);
        let (Some(id), Some(usage)) = (id, message.get("usage")) else { return };
        let Some(tokens) = tokens(usage) else { return };
        let before = match self.newest.iter_mut().find(|(known, _)| known == id) {
            Some((_, known)) => std::mem::replace(known, tokens),
            None => {
                self.newest.push_back((id.to_owned(), tokens));
                if self.newest.len() > MESSAGES {
                    self.newest.pop_front();
                }
                [0; 3]
            }
        };
        for ((sum, now), before) in self.used.iter_mut().zip(tokens).zip(before) {
            *sum = sum.saturating_add(now).saturating_sub(before);
        }
        let [into, cached, out] = self.used;
        parsed.report.tokens(Some(into), Some(cached), Some(out));
    }
}

/// The tokens that went in, how many of these came from a cache, and those that came out.
fn tokens(usage: &Value) -> Option<[u64; 3]> {
    let fields = ["input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens"];
    let into = fields.iter().filter_map(|field| number(usage, field)).reduce(u64::saturating_add)?;
    let count = |field| number(usage, field).unwrap_or_default();
    Some([into, count("cache_read_input_tokens"), count("output_tokens")])
}

/// The beginning: a session that is only asked for, and does not exist, is not announced so.
pub(super) fn begin(event: &Value, parsed: &mut ParsedOutput) {
    if string(event, "subtype") == Some("init") {
        parsed.report.session(string(event, "session_id"));
        if let Some(model) = string(event, "model") {
            parsed.begins_with(model);
        }
        parsed.doing(WAITS);
        parsed.begins_turn();
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

/// A part of a message that has just begun: what the agent does until the message is whole.
fn part(event: &Value, parsed: &mut ParsedOutput) {
    match event.pointer("/event/content_block/type").and_then(Value::as_str) {
        Some("thinking" | "redacted_thinking") => parsed.doing("thinking"),
        Some("text") => parsed.doing("writing"),
        Some("tool_use") => {
            let name = event.pointer("/event/content_block/name").and_then(Value::as_str).unwrap_or("a tool");
            parsed.doing(&format!("preparing to use {}", one_line(name)));
        }
        _ => {}
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

/// A request that failed and is sent again. With a key that is not accepted that goes on for minutes: the second time is the last.
fn retry(event: &Value, parsed: &mut ParsedOutput) {
    let (status, attempt) = (number(event, "error_status"), number(event, "attempt").unwrap_or_default());
    // Without an answer of a server it calls the error unknown.
    let error = match string(event, "error") {
        Some("unknown") if status.is_none() => "no connection".to_owned(),
        error => error.unwrap_or_default().replace('_', " "),
    };
    let delay = event.get("retry_delay_ms").and_then(Value::as_f64).unwrap_or_default() / 1000.0;
    let delay = Duration::try_from_secs_f64(delay).unwrap_or_default();
    let most = number(event, "max_retries").unwrap_or_default();
    let detail = format!("{attempt} of {most}: {error}");
    parsed.say(&format!("retrying in {}, {detail}", time::whole_seconds(delay)));
    parsed.retries(delay, &detail);
    let kind = status.and_then(StopKind::of_http);
    if let Some(kind) = kind.filter(|kind| kind.is_of_account() && attempt > 1) {
        parsed.stopped(kind, &format!("HTTP {}, {error}", status.unwrap_or_default()));
        parsed.lose_hope();
    }
}

/// A question to a person, who is not there.
fn questions(event: &Value, parsed: &mut ParsedOutput) {
    let content = event.pointer("/message/content").and_then(Value::as_array);
    for part in content.into_iter().flatten().filter(|part| string(part, "name") == Some("AskUserQuestion")) {
        let asked = part.pointer("/input/questions/0/question").and_then(Value::as_str);
        parsed.held_up(StopKind::Question, asked.unwrap_or_default());
    }
}

/// What kind of reason ended it; `error` is that of its last message.
fn stop_kind(event: &Value, error: Option<&str>, said: &str) -> Option<StopKind> {
    if string(event, "stop_reason") == Some("refusal") {
        return Some(StopKind::Refusal);
    }
    let limit = match (string(event, "subtype"), string(event, "api_error"), error) {
        (Some("error_max_turns"), ..) => Some(StopKind::TurnLimit),
        (Some("error_max_budget_usd"), ..) => Some(StopKind::BudgetLimit),
        (_, Some("max_output_tokens"), _) | (.., Some("max_output_tokens")) => Some(StopKind::OutputLimit),
        (_, Some("connection_failed"), _) => Some(StopKind::NoNetwork),
        (_, _, Some("billing_error")) => Some(StopKind::NoCredit),
        _ => None,
    };
    let by_status = || number(event, "api_error_status").and_then(StopKind::of_http);
    let by_error = || match error {
        Some("authentication_failed") => Some(StopKind::NotLoggedIn),
        Some("rate_limit") => Some(StopKind::RateLimit),
        _ => None,
    };
    limit.or_else(by_status).or_else(by_error).or_else(|| kind_of(said))
}

fn end(event: &Value, error: Option<&str>, parsed: &mut ParsedOutput) {
    parsed.ends_turn();
    parsed.report.price(event.get("total_cost_usd").and_then(Value::as_f64));
    // Newer versions report the price, and the tokens of each model, of the whole session.
    let models = event.get("modelUsage").and_then(Value::as_object);
    let counts = ["inputTokens", "cacheReadInputTokens", "cacheCreationInputTokens", "outputTokens"];
    let of_models = models.into_iter().flat_map(serde_json::Map::values);
    let counted = of_models.flat_map(|used| counts.iter().filter_map(|count| number(used, count)));
    parsed.report.session_tokens = counted.reduce(u64::saturating_add);
    if let Some([into, cached, out]) = event.get("usage").and_then(tokens).filter(|[into, ..]| *into > 0) {
        parsed.report.tokens(Some(into), Some(cached), Some(out));
    }
    if event.get("is_error").and_then(Value::as_bool) == Some(true) {
        let errors = event.get("errors").and_then(Value::as_array);
        let errors: Vec<&str> = errors.into_iter().flatten().filter_map(Value::as_str).collect();
        let said =
            if errors.is_empty() { string(event, "result").unwrap_or_default().to_owned() } else { errors.join("; ") };
        parsed.error(&said);
        if let Some(kind) = stop_kind(event, error, &said) {
            parsed.stopped(kind, &said);
        }
    }
    for denied in event.get("permission_denials").and_then(Value::as_array).into_iter().flatten() {
        let tool = string(denied, "tool_name").unwrap_or("a tool");
        parsed.denied(tool, denied.get("tool_input").unwrap_or(&Value::Null));
    }
}

#[cfg(test)]
#[path = "tests/claude.rs"]
mod tests;
