//! What a preset understood of its agent's output: lines for people, the answer, what the agent says of the run. How each agent
//! writes that is not known here.

use std::{collections::VecDeque, time::Duration};

use serde_json::Value;

use super::Report;
use crate::{
    agent::stop::{Reported, words},
    domain::{
        activity::Activity,
        stop::{StopKind, Stopped},
    },
};

/// How much of the input of a tool is shown, in characters.
const LONGEST_INPUT: usize = 160;

/// How much of the last message is kept at least, in bytes; of a longer one that is the end.
const LONGEST_ANSWER: usize = 1 << 20;

/// How much of an error is shown, in characters: why an agent was refused is recognised by it.
const LONGEST_ERROR: usize = 800;

/// What an agent does after a tool has ended, until the model says more.
pub(super) const WAITS: &str = "waiting for the model";

/// How many lines of plain text at the end are kept.
const LAST_LINES: usize = 20;

/// How much of the beginning of each, in bytes.
const LONGEST_LINE: usize = 16 << 10;

/// How a line of a command ends that wanted to write where a sandbox lets it read only.
const READ_ONLY: &str = "Read-only file system";

/// Whether what an agent said of a denial is what a tool says of a sandbox.
pub(crate) fn is_of_sandbox(said: &str) -> bool {
    said.ends_with(READ_ONLY) || NOT_PERMITTED[1..].iter().any(|begin| said.starts_with(begin))
}

/// How a tool begins to say that it may not change a file: Gemini CLI of one outside the worktree, opencode of one that it can only read.
const NOT_PERMITTED: [&str; 3] =
    ["Path not in workspace", "Unknown: FileSystem.writeFile (", "PermissionDenied: FileSystem.writeFile ("];

/// The fields of a tool's input that tell most about it, the best first.
const TELLING: [&str; 10] =
    ["command", "cmd", "file_path", "filePath", "path", "pattern", "query", "url", "description", "prompt"];

/// How far the turn of an agent is that says when a turn begins and ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Turn {
    /// Nothing was said of one.
    #[default]
    None,
    /// It began.
    Begun,
    /// It ended.
    Ended,
}

/// What a reader has parsed.
#[derive(Debug, Default)]
pub(super) struct ParsedOutput {
    /// What the agent said of the run.
    pub report: Report,
    /// What is to be shown, whole lines.
    shown: String,
    /// The last that was said in one piece.
    shown_last: Option<String>,
    /// The line that is being said in pieces.
    partial: String,
    /// The last message.
    answer: String,
    /// Whether the next piece continues the last message.
    continues: bool,
    /// Why the agent stopped, as far as its output says so in fields.
    stopped: Option<Stopped>,
    /// A question or a denial on its way.
    held_up: Option<Stopped>,
    /// Whether it says that the run ended in an error.
    in_error: bool,
    /// Whether it began a turn, and said how that ended.
    turn: Turn,
    /// Whether the output ends in the middle of an event.
    cut_off: bool,
    /// Whether the agent continues what cannot succeed.
    hopeless: bool,
    /// What went wrong last.
    last_error: Option<String>,
    /// The last lines of plain text, the newest last, as far as nothing else came after them.
    last_lines: VecDeque<String>,
    /// What the agent does now.
    doing: Option<Activity>,
    /// Whether that is a tool: it may print nothing for as long as it takes.
    in_tool: bool,
}

impl ParsedOutput {
    /// A line, or several.
    pub(super) fn say(&mut self, text: &str) {
        self.end_line();
        self.continues = false;
        let text = text.trim_end();
        if !text.is_empty() {
            self.shown.push_str(text);
            self.shown.push('\n');
            self.shown_last = Some(text.to_owned());
        }
    }

    /// A line of plain text, as the agent printed it.
    pub(super) fn plain(&mut self, line: &str) {
        self.say(line);
        if !line.trim().is_empty() && !is_log(line) {
            let end = (0..=LONGEST_LINE.min(line.len())).rev().find(|at| line.is_char_boundary(*at)).unwrap_or(0);
            self.last_lines.push_back(line[..end].to_owned());
            if self.last_lines.len() > LAST_LINES {
                self.last_lines.pop_front();
            }
        }
    }

    /// Takes note of output that is none of plain text.
    pub(super) fn other_than_plain(&mut self) {
        self.last_lines.clear();
    }

    /// A whole message of the agent.
    pub(super) fn message(&mut self, text: &str) {
        self.say(text);
        if !text.trim().is_empty() {
            self.last_error = None;
            text.clone_into(&mut self.answer);
            self.cut();
        }
    }

    /// The next piece of a message that comes in pieces.
    pub(super) fn piece(&mut self, text: &str) {
        if !std::mem::replace(&mut self.continues, true) {
            self.answer.clear();
            self.shown_last = None;
        }
        self.answer.push_str(text);
        self.cut();
        self.partial.push_str(text);
        if let Some(end) = self.partial.rfind('\n') {
            self.shown.extend(self.partial.drain(..=end));
        }
    }

    /// What the agent does now, until it says something else.
    pub(super) fn doing(&mut self, what: &str) {
        self.doing = Some(Activity::new(what));
        self.in_tool = false;
    }

    /// The agent will do something again after a time that it named; `detail` says which time that is, and why.
    pub(super) fn retries(&mut self, length: Duration, detail: &str) {
        self.doing = Some(Activity::after(length, "retrying", detail));
        self.in_tool = false;
    }

    /// Request number `count` to the model failed. The agent may send it again, and does not say when.
    pub(super) fn request_failed(&mut self, count: &str, why: &str) {
        let line = one_line(&format!("request {count} failed: {why}"));
        self.say(&line);
        self.doing(&line);
    }

    /// What the agent does now, if it said so.
    pub(super) fn does(&self) -> Option<&Activity> {
        self.doing.as_ref()
    }

    /// The model that it begins with.
    pub(super) fn begins_with(&mut self, model: &str) {
        self.report.model(Some(model));
        self.say(&format!("model: {}", one_line(model)));
    }

    /// The use of a tool: `$ cargo test`, `Edit src/lib.rs`.
    pub(super) fn tool(&mut self, name: &str, input: &Value) {
        self.uses(&described(name, input));
    }

    /// The use of a tool, in words.
    pub(super) fn uses(&mut self, line: &str) {
        self.say(line);
        self.doing(line);
        self.in_tool = true;
    }

    /// The use of a tool that begins, where its end is what is shown.
    pub(super) fn begins_tool(&mut self, name: &str, input: &Value) {
        self.doing(&described(name, input));
        self.in_tool = true;
    }

    /// Whether a tool runs, as far as the agent says so.
    pub(super) fn in_tool(&self) -> bool {
        self.in_tool
    }

    /// The use of a tool that was not permitted.
    pub(super) fn denied(&mut self, name: &str, input: &Value) {
        self.say(&format!("error: it was not permitted to use {}", one_line(name)));
        self.held_up(StopKind::Denied, &described(name, input));
    }

    /// Why the agent stopped, in its words.
    pub(super) fn stopped(&mut self, kind: StopKind, said: &str) {
        self.stopped = Some(Stopped { kind, said: words(said) });
    }

    /// A question, or a permission that it did not get: the agent may still do its work. The first counts.
    pub(super) fn held_up(&mut self, kind: StopKind, said: &str) {
        self.held_up.get_or_insert_with(|| Stopped { kind, said: words(said) });
    }

    /// A turn begins: its end will be said.
    pub(super) fn begins_turn(&mut self) {
        self.turn = Turn::Begun;
    }

    /// The turn ended, in whatever way.
    pub(super) fn ends_turn(&mut self) {
        self.turn = Turn::Ended;
    }

    /// Whether a turn began whose end has not been said.
    pub(super) fn in_turn(&self) -> bool {
        self.turn == Turn::Begun
    }

    /// The output ends in the middle of an event. Programs on Node lose what a pipe does not take before they exit: how the turn ended is not
    /// known then.
    pub(super) fn cut_off(&mut self) {
        self.cut_off = true;
        self.say("(the end of its output is missing)");
    }

    /// The agent says that the run ended in an error.
    pub(super) fn ended_in_error(&mut self) {
        self.in_error = true;
    }

    /// The agent continues what cannot succeed.
    pub(super) fn lose_hope(&mut self) {
        self.hopeless = true;
    }

    /// What the output says of the end of the run.
    pub(super) fn reported(&self) -> Reported {
        Reported {
            stopped: self.stopped.clone(),
            held_up: self.held_up.clone(),
            in_error: self.in_error,
            broken_off: self.in_turn() && !self.cut_off,
            last: self.last_lines.iter().rev().chain(&self.last_error).cloned().collect(),
        }
    }

    /// Whether the run is to be ended: it cannot succeed.
    pub(super) fn is_hopeless(&self) -> bool {
        self.hopeless
    }

    /// What it said last. Of one that ended `well` that is its last message, otherwise a line of plain text at the end, or an error.
    pub(super) fn last_words(&self, well: bool) -> Option<String> {
        let last = self.last_lines.back().into_iter().chain(&self.last_error);
        let (answer, last) = (|| words(&self.answer), || last.into_iter().find_map(|text| words(text)));
        if well { answer().or_else(last) } else { last().or_else(answer) }
    }

    /// Something that went wrong. What comes again as the end of the turn, or of the run, is shown once.
    pub(super) fn error(&mut self, text: &str) {
        let error = first(text, LONGEST_ERROR);
        let line = format!("error: {error}");
        let is_shown = match self.shown_last.as_deref() {
            Some(last) => last == line,
            // A message that came in pieces.
            None => !self.answer.is_empty() && first(&self.answer, LONGEST_ERROR) == error,
        };
        if !is_shown {
            self.say(&line);
        }
        self.last_error = Some(error);
    }

    /// Something that is not as it should be, and ends nothing.
    pub(super) fn warning(&mut self, text: &str) {
        self.say(&format!("warning: {}", first(text, LONGEST_ERROR)));
    }

    /// The output of a tool that failed; of one that did not, nothing is shown.
    pub(super) fn failed(&mut self, output: &str) {
        self.say(&format!("failed: {}", one_line(output)));
        self.look_for_denial(output);
    }

    /// Takes note of what the output of a tool says that the sandbox, or the agent's own guard, denied.
    pub(super) fn look_for_denial(&mut self, output: &str) {
        let is_denial =
            |line: &&str| line.ends_with(READ_ONLY) || NOT_PERMITTED.iter().any(|begin| line.starts_with(begin));
        if let Some(denied) = output.lines().find(is_denial) {
            self.held_up(StopKind::Denied, denied);
        }
    }

    /// What can be shown by now.
    pub(super) fn take(&mut self) -> String {
        std::mem::take(&mut self.shown)
    }

    /// Ends the message that comes in pieces: what comes next is another one.
    pub(super) fn end_message(&mut self) {
        self.end_line();
        self.continues = false;
    }

    /// Ends the line that is being said in pieces.
    pub(super) fn end_line(&mut self) {
        if !self.partial.is_empty() {
            self.shown.push_str(&std::mem::take(&mut self.partial));
            self.shown.push('\n');
        }
    }

    /// The last message.
    pub(super) fn answer(&self) -> &str {
        &self.answer
    }

    fn cut(&mut self) {
        // Only now and then, so that each byte is moved about once.
        if self.answer.len() > 2 * LONGEST_ANSWER {
            let surplus = self.answer.len() - LONGEST_ANSWER;
            let at = (surplus..=self.answer.len()).find(|at| self.answer.is_char_boundary(*at)).unwrap_or(0);
            self.answer.drain(..at);
        }
        // A line without an end is shown in pieces rather than kept.
        if self.partial.len() > LONGEST_ANSWER {
            self.end_line();
        }
    }
}

/// Whether a line is of a program's own log and no error: `2026-12-01T00:00:00Z  WARN codex_core: ...`, `warning: ...`.
fn is_log(line: &str) -> bool {
    let mut words = line.split_whitespace();
    let (first, second) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let is_level = |word: &str| ["TRACE", "DEBUG", "INFO", "WARN"].contains(&word);
    first.to_lowercase().starts_with("warning:") || is_level(first) || is_level(second)
}

/// The use of a tool: `$ cargo test`, `Edit src/lib.rs`.
fn described(name: &str, input: &Value) -> String {
    let told = TELLING.iter().find_map(|field| input.get(field)).or(input.is_string().then_some(input));
    let told = match told {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(words)) => words.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" "),
        _ => String::new(),
    };
    let told = one_line(&told);
    let shell = ["bash", "shell", "run_shell_command", "developer__shell"];
    if shell.contains(&name.to_ascii_lowercase().as_str()) && !told.is_empty() {
        return format!("$ {told}");
    }
    format!("{} {told}", one_line(name)).trim_end().to_owned()
}

/// The first words of a text, as one line.
pub(super) fn one_line(text: &str) -> String {
    first(text, LONGEST_INPUT)
}

/// The first `longest` characters of a text, as one line.
fn first(text: &str, longest: usize) -> String {
    let words = text.split_whitespace().take(longest).collect::<Vec<_>>().join(" ");
    match words.char_indices().nth(longest) {
        Some((end, _)) => format!("{}...", &words[..end]),
        None => words,
    }
}

/// The text of a content that is a string or a list of parts with a `text`.
pub(super) fn text_of(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => {
            parts.iter().filter_map(|part| part.get("text").and_then(Value::as_str)).collect::<Vec<_>>().join("\n")
        }
        _ => String::new(),
    }
}

/// The string in a field.
pub(super) fn string<'v>(value: &'v Value, field: &str) -> Option<&'v str> {
    value.get(field).and_then(Value::as_str)
}

/// The number in a field.
pub(super) fn number(value: &Value, field: &str) -> Option<u64> {
    value.get(field).and_then(Value::as_u64)
}
