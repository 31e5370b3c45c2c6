//! OpenAI's Codex: its help and output as of 0.171.0.

use serde_json::Value;

use super::{EventReader, ParsedOutput, Preset, Protocol};
use crate::{
    agent::{
        preset::parsed::{WAITS, number, one_line, string},
        stop::kind_of,
    },
    domain::stop::StopKind,
};

/// Its sandbox lets commands write in the working directory only. What it cannot commit there (the git directory of a linked
/// worktree lies outside) is committed for it. It names no model.
pub(super) const PRESET: Preset = Preset {
    name: "codex",
    program: "codex",
    start: "codex exec --json --sandbox workspace-write --skip-git-repo-check -",
    resume: Some("codex exec --json --sandbox workspace-write --skip-git-repo-check resume {session} -"),
    instructions: "AGENTS.md",
    reads: None,
    writes: &[".codex"],
    login: "codex login",
    reports_money: false,
    stopped_by: |_| None,
    protocol: Protocol::Text,
    options: &[],
    own_sandbox: Some(("--sandbox workspace-write", "--sandbox danger-full-access")),
    reader: |_| Box::new(Codex::default()),
};

/// Without a network it waits for one as long as that takes: the third time that it says so is the last.
const MOST_WAITS: u32 = 3;

/// How its log says that it wanted to ask a person.
const ASKS: &str = "request_user_input is unavailable";

/// How often in turn it said that it waits for the network.
#[derive(Default)]
struct Codex {
    waits: u32,
}

impl EventReader for Codex {
    fn event(&mut self, event: &Value, parsed: &mut ParsedOutput) -> bool {
        match string(event, "type") {
            Some("thread.started") => parsed.report.session(string(event, "thread_id")),
            Some("turn.started") => {
                parsed.doing(WAITS);
                parsed.begins_turn();
            }
            Some("item.started") => self.item(event, true, parsed),
            Some("item.completed") => self.item(event, false, parsed),
            // Of a session that goes on these are the sums since it began.
            Some("turn.completed") => {
                parsed.ends_turn();
                if let Some(usage) = event.get("usage") {
                    let count = |field| number(usage, field);
                    parsed.report.of_session.tokens = true;
                    parsed.report.tokens(count("input_tokens"), count("cached_input_tokens"), count("output_tokens"));
                }
            }
            Some("turn.failed") => {
                parsed.ends_turn();
                let said = event.pointer("/error/message").and_then(Value::as_str).unwrap_or("the turn failed");
                parsed.error(said);
                if let Some(kind) = kind_of(said) {
                    parsed.stopped(kind, said);
                }
            }
            Some("error") => self.error(string(event, "message").unwrap_or_default(), parsed),
            Some(_) => {}
            None => return false,
        }
        true
    }

    /// A line of its log.
    fn text(&mut self, line: &str, parsed: &mut ParsedOutput) -> Option<String> {
        if line.contains(ASKS) {
            parsed.held_up(StopKind::Question, "");
        }
        Some(line.to_owned())
    }
}

impl Codex {
    fn item(&mut self, event: &Value, begins: bool, parsed: &mut ParsedOutput) {
        self.waits = 0;
        item(event, begins, parsed);
        if !begins {
            parsed.doing(WAITS);
        }
    }

    fn error(&mut self, said: &str, parsed: &mut ParsedOutput) {
        parsed.error(said);
        // It says that it tries again, but not when: `Reconnecting... 2/5`.
        if said.starts_with("Reconnecting") {
            parsed.doing(&one_line(said));
        }
        self.waits += u32::from(said.contains("waiting for network"));
        if self.waits >= MOST_WAITS {
            parsed.stopped(StopKind::NoNetwork, said);
            parsed.lose_hope();
        }
    }
}

fn item(event: &Value, begins: bool, parsed: &mut ParsedOutput) {
    let Some(item) = event.get("item") else { return };
    match string(item, "type") {
        Some("agent_message") if !begins => parsed.message(string(item, "text").unwrap_or_default()),
        Some("command_execution") if begins => {
            parsed.tool("shell", &command(item));
        }
        Some("command_execution") if item.get("exit_code").and_then(Value::as_i64).is_some_and(|code| code != 0) => {
            parsed.failed(string(item, "aggregated_output").unwrap_or_default());
        }
        Some("file_change") if !begins => {
            for change in item.get("changes").and_then(Value::as_array).into_iter().flatten() {
                parsed.tool(string(change, "kind").unwrap_or("change"), change);
            }
        }
        Some("mcp_tool_call") if begins => {
            parsed.tool(string(item, "tool").unwrap_or("a tool"), item.get("arguments").unwrap_or(&Value::Null));
        }
        Some("web_search") if begins => parsed.tool("search", item),
        // What ends a turn is an event of its own.
        Some("error") if !begins => parsed.warning(string(item, "message").unwrap_or_default()),
        _ => {}
    }
}

/// The command that the model wrote, without the shell that runs it: `/bin/bash -lc "make test"`.
fn command(item: &Value) -> Value {
    let line = string(item, "command").unwrap_or_default();
    let words = shell_words::split(line).unwrap_or_default();
    match &words[..] {
        [shell, options, script] if shell.ends_with("sh") && ["-c", "-lc"].contains(&options.as_str()) => {
            script.as_str().into()
        }
        _ => item.get("command").cloned().unwrap_or_default(),
    }
}

#[cfg(test)]
#[path = "tests/codex.rs"]
mod tests;
