//! What an agent says it does, as lines for people: its words, its plan, the tools that it uses, what they changed, what it cost.

use std::collections::HashMap;

use agent_client_protocol_schema::v1::{
    ContentBlock, ContentChunk, Diff, MessageId, Plan, PlanEntryStatus, SessionUpdate, ToolCall, ToolCallContent,
    ToolCallId, ToolCallStatus, ToolCallUpdate, ToolKind, UsageUpdate,
};

use super::permit;
use crate::{
    agent::preset::{
        ParsedOutput,
        parsed::{WAITS, one_line},
    },
    domain::cost::Money,
};

/// The use of a tool, as far as it is known.
pub(super) struct Call {
    /// What it does, in words.
    pub title: String,
    /// Its kind.
    pub kind: ToolKind,
    /// Whether it was shown.
    shown: bool,
}

/// The tools that are used, and the plan.
#[derive(Default)]
pub(super) struct Calls {
    calls: HashMap<ToolCallId, Call>,
    /// The message that is being said.
    message: Option<MessageId>,
    plan: Vec<String>,
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
                    parsed.end_line();
                }
                text(&chunk).filter(|text| !text.is_empty()).into_iter().for_each(|text| parsed.piece(text));
            }
            SessionUpdate::AgentThoughtChunk(_) => parsed.doing("thinking"),
            SessionUpdate::ToolCall(call) => self.call(call, parsed),
            SessionUpdate::ToolCallUpdate(update) => self.call_update(update, parsed),
            SessionUpdate::Plan(plan) => self.plan(&plan, parsed),
            SessionUpdate::UsageUpdate(usage) => cost(&usage, parsed),
            _ => {}
        }
    }

    fn call(&mut self, call: ToolCall, parsed: &mut ParsedOutput) {
        let known = Call { title: call.title.clone(), kind: call.kind, shown: false };
        self.calls.insert(call.tool_call_id.clone(), known);
        // At its beginning a tool may be named only by its kind.
        if call.status != ToolCallStatus::Pending {
            self.show(&call.tool_call_id, parsed);
        }
        self.content(&call.tool_call_id, call.status, &call.content, parsed);
    }

    fn call_update(&mut self, update: ToolCallUpdate, parsed: &mut ParsedOutput) {
        let (id, fields) = (update.tool_call_id, update.fields);
        let known =
            self.calls.entry(id.clone()).or_insert(Call { title: String::new(), kind: ToolKind::Other, shown: false });
        known.kind = fields.kind.unwrap_or(known.kind);
        let named = fields.title.is_some();
        known.title = fields.title.unwrap_or_else(|| std::mem::take(&mut known.title));
        if named || fields.status.is_some() {
            self.show(&id, parsed);
        }
        let status = fields.status.unwrap_or(ToolCallStatus::InProgress);
        self.content(&id, status, &fields.content.unwrap_or_default(), parsed);
    }

    fn show(&mut self, id: &ToolCallId, parsed: &mut ParsedOutput) {
        let Some(call) = self.calls.get_mut(id).filter(|call| !call.shown && !call.title.is_empty()) else { return };
        call.shown = true;
        let title = one_line(&call.title);
        let line = match call.kind {
            ToolKind::Execute => format!("$ {title}"),
            // Most titles begin with what is done.
            ToolKind::Other | ToolKind::Think => title,
            kind if title.to_lowercase().starts_with(permit::name(kind)) => title,
            kind => format!("{} {title}", permit::name(kind)),
        };
        parsed.say(&line);
        parsed.doing(&line);
    }

    /// What a tool changed, and what it said when it failed.
    fn content(&self, id: &ToolCallId, status: ToolCallStatus, content: &[ToolCallContent], parsed: &mut ParsedOutput) {
        for part in content {
            match part {
                ToolCallContent::Diff(diff) if status == ToolCallStatus::Completed => parsed.say(&changed(diff)),
                ToolCallContent::Content(part) if status == ToolCallStatus::Failed => {
                    if let ContentBlock::Text(said) = &part.content {
                        parsed.failed(&said.text);
                    }
                }
                _ => {}
            }
        }
        if status == ToolCallStatus::Failed && content.is_empty() {
            let title = self.calls.get(id).map(|call| call.title.clone()).unwrap_or_default();
            parsed.failed(&title);
        }
        if matches!(status, ToolCallStatus::Completed | ToolCallStatus::Failed) {
            parsed.doing(WAITS);
        }
    }

    /// Shows the steps of a plan that are new, and those that are done by now.
    fn plan(&mut self, plan: &Plan, parsed: &mut ParsedOutput) {
        for entry in &plan.entries {
            let mark = match entry.status {
                PlanEntryStatus::Completed => "[x]",
                PlanEntryStatus::InProgress => "[.]",
                _ => "[ ]",
            };
            let line = format!("plan: {mark} {}", one_line(&entry.content));
            if !self.plan.contains(&line) {
                parsed.say(&line);
                self.plan.push(line);
            }
        }
    }
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
    }
}

fn text(chunk: &ContentChunk) -> Option<&str> {
    match &chunk.content {
        ContentBlock::Text(text) => Some(&text.text),
        _ => None,
    }
}
