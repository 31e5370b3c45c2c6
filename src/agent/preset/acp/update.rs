//! What an agent says it does, as lines for people: its words, its plan, the tools that it uses, what they changed, what it cost.

use std::collections::{HashMap, HashSet, VecDeque};

use agent_client_protocol_schema::v1::{
    ContentBlock, ContentChunk, Diff, MessageId, Plan, PlanEntryStatus, SessionUpdate, ToolCall, ToolCallContent,
    ToolCallId, ToolCallStatus, ToolCallUpdate, ToolKind, UsageUpdate,
};
use serde_json::Value;

use super::{files::Files, permit};
use crate::{
    agent::preset::{
        ParsedOutput,
        parsed::{WAITS, one_line},
    },
    domain::cost::Money,
};

/// Where the raw output of a tool has its text.
const OUTPUTS: [&str; 4] = ["aggregated_output", "formatted_output", "output", "stderr"];

/// How many uses of tools are known at a time, the newest: an agent asks about what it has just begun.
const MOST_CALLS: usize = 256;

/// How long the id of one may be, in bytes.
const LONGEST_ID: usize = 1024;

/// The use of a tool, as far as it is known.
pub(super) struct Call {
    /// What it does, in a line.
    pub title: String,
    /// Its kind.
    pub kind: ToolKind,
    /// The files that it is about, as far as it named them.
    pub files: Files,
    /// Whether it was shown.
    shown: bool,
}

impl Call {
    /// A call of which nothing is known yet.
    fn unknown() -> Call {
        Call { title: String::new(), kind: ToolKind::Other, files: Files::default(), shown: false }
    }
}

/// The tools that are used, and the plan.
#[derive(Default)]
pub(super) struct Calls {
    calls: HashMap<ToolCallId, Call>,
    /// Their ids, the newest last.
    order: VecDeque<ToolCallId>,
    /// Whether there were more than these.
    pub has_forgotten: bool,
    /// The message that is being said.
    message: Option<MessageId>,
    /// The lines of the plan as it was said last.
    plan: HashSet<String>,
}

impl Calls {
    pub(super) fn get(&self, id: &ToolCallId) -> Option<&Call> {
        self.calls.get(id)
    }

    /// Takes note of an update, and shows what is new in it.
    pub(super) fn update(&mut self, update: SessionUpdate, parsed: &mut ParsedOutput) {
        match update {
            SessionUpdate::AgentMessageChunk(chunk) => {
                parsed.doing("writing");
                if std::mem::replace(&mut self.message, chunk.message_id.clone()) != chunk.message_id {
                    parsed.end_message();
                }
                text(&chunk).filter(|text| !text.is_empty()).into_iter().for_each(|text| parsed.piece(text));
            }
            SessionUpdate::AgentThoughtChunk(_) => parsed.doing("thinking"),
            SessionUpdate::ToolCall(call) if is_long(&call.tool_call_id) => self.has_forgotten = true,
            SessionUpdate::ToolCallUpdate(update) if is_long(&update.tool_call_id) => self.has_forgotten = true,
            SessionUpdate::ToolCall(call) => self.call(call, parsed),
            SessionUpdate::ToolCallUpdate(update) => self.call_update(update, parsed),
            SessionUpdate::Plan(plan) => self.plan(&plan, parsed),
            SessionUpdate::UsageUpdate(usage) => cost(&usage, parsed),
            _ => {}
        }
    }

    /// The use of that id, which may be a new one. The oldest makes room for it.
    fn known(&mut self, id: &ToolCallId) -> &mut Call {
        if !self.calls.contains_key(id) {
            self.order.push_back(id.clone());
            if self.order.len() > MOST_CALLS
                && let Some(oldest) = self.order.pop_front()
            {
                self.calls.remove(&oldest);
                self.has_forgotten = true;
            }
        }
        self.calls.entry(id.clone()).or_insert_with(Call::unknown)
    }

    fn call(&mut self, call: ToolCall, parsed: &mut ParsedOutput) {
        let files = Files::of(&call.locations, &call.content, call.raw_input.as_ref());
        *self.known(&call.tool_call_id) = Call { title: one_line(&call.title), kind: call.kind, files, shown: false };
        // At its beginning a tool may be named only by its kind.
        if call.status != ToolCallStatus::Pending {
            self.show(&call.tool_call_id, parsed);
        }
        self.content(&call.tool_call_id, call.status, &call.content, call.raw_output.as_ref(), parsed);
    }

    fn call_update(&mut self, update: ToolCallUpdate, parsed: &mut ParsedOutput) {
        let (id, fields) = (update.tool_call_id, update.fields);
        let known = self.known(&id);
        let (locations, content) = (fields.locations.as_deref(), fields.content.as_deref());
        let files = Files::of(locations.unwrap_or_default(), content.unwrap_or_default(), fields.raw_input.as_ref());
        known.files.extend(&files);
        known.kind = fields.kind.unwrap_or(known.kind);
        let named = fields.title.is_some();
        known.title = fields.title.map_or_else(|| std::mem::take(&mut known.title), |title| one_line(&title));
        if named || fields.status.is_some() {
            self.show(&id, parsed);
        }
        let status = fields.status.unwrap_or(ToolCallStatus::InProgress);
        self.content(&id, status, &fields.content.unwrap_or_default(), fields.raw_output.as_ref(), parsed);
    }

    fn show(&mut self, id: &ToolCallId, parsed: &mut ParsedOutput) {
        let Some(call) = self.calls.get_mut(id).filter(|call| !call.shown && !call.title.is_empty()) else { return };
        call.shown = true;
        let title = call.title.clone();
        let line = match call.kind {
            ToolKind::Execute => format!("$ {title}"),
            // Most titles begin with what is done.
            ToolKind::Other | ToolKind::Think => title,
            kind if title.to_lowercase().starts_with(permit::name(kind)) => title,
            kind => format!("{} {title}", permit::name(kind)),
        };
        parsed.uses(&line);
    }

    /// What a tool changed, and what it said when it failed.
    fn content(
        &self,
        id: &ToolCallId,
        status: ToolCallStatus,
        content: &[ToolCallContent],
        raw: Option<&Value>,
        parsed: &mut ParsedOutput,
    ) {
        let mut said = Vec::new();
        for part in content {
            match part {
                ToolCallContent::Diff(diff) if status == ToolCallStatus::Completed => parsed.say(&changed(diff)),
                ToolCallContent::Content(part) => {
                    if let ContentBlock::Text(part) = &part.content {
                        said.push(part.text.as_str());
                    }
                }
                _ => {}
            }
        }
        if said.is_empty() {
            // Codex says what came of it nowhere else.
            said.extend(
                OUTPUTS.iter().find_map(|name| raw?.get(name)?.as_str()).filter(|text| !text.trim().is_empty()),
            );
        }
        match status {
            ToolCallStatus::Failed if said.is_empty() => {
                let title = self.calls.get(id).map(|call| call.title.clone()).unwrap_or_default();
                parsed.failed(&title);
            }
            ToolCallStatus::Failed => said.iter().for_each(|text| parsed.failed(text)),
            // A command that failed may be completed all the same.
            ToolCallStatus::Completed => said.iter().for_each(|text| {
                parsed.look_for_denial(text.trim_end().lines().next_back().unwrap_or_default());
            }),
            _ => {}
        }
        if matches!(status, ToolCallStatus::Completed | ToolCallStatus::Failed) {
            parsed.doing(WAITS);
        }
    }

    /// Shows the steps of a plan that are new, and those that are done by now. Each time all of it is said.
    fn plan(&mut self, plan: &Plan, parsed: &mut ParsedOutput) {
        let before = std::mem::take(&mut self.plan);
        for entry in &plan.entries {
            let mark = match entry.status {
                PlanEntryStatus::Completed => "[x]",
                PlanEntryStatus::InProgress => "[.]",
                _ => "[ ]",
            };
            let line = format!("plan: {mark} {}", one_line(&entry.content));
            if !before.contains(&line) && !self.plan.contains(&line) {
                parsed.say(&line);
            }
            self.plan.insert(line);
        }
    }
}

/// Whether the id of a use is too long to be kept.
fn is_long(id: &ToolCallId) -> bool {
    id.0.len() > LONGEST_ID
}

/// `changed src/a.rs (+3 -1)`.
fn changed(diff: &Diff) -> String {
    let (old, new) = (diff.old_text.as_deref().unwrap_or_default(), diff.new_text.as_str());
    let (before, after): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let same = before.iter().zip(&after).take_while(|(one, other)| one == other).count();
    let rest = |lines: &[&str]| lines.len() - same;
    let tail =
        before[same..].iter().rev().zip(after[same..].iter().rev()).take_while(|(one, other)| one == other).count();
    let path = one_line(&diff.path.to_string_lossy());
    format!("changed {path} (+{} -{})", rest(&after) - tail, rest(&before) - tail)
}

/// What all of the session cost so far.
fn cost(usage: &UsageUpdate, parsed: &mut ParsedOutput) {
    if let Some(cost) = &usage.cost {
        parsed.report.money(Money::new(cost.amount, &cost.currency));
        parsed.report.of_session.money = true;
    }
}

fn text(chunk: &ContentChunk) -> Option<&str> {
    match &chunk.content {
        ContentBlock::Text(text) => Some(&text.text),
        _ => None,
    }
}
