//! The Agent Client Protocol, version 1: one driver for every agent that speaks it. It opens or loads a session, sends the prompt, turns what
//! comes back into lines for people, and answers requests for permissions.
//!
//! Messages are objects of JSON-RPC, a line each, on the standard streams of the agent. What git-chant offers is nothing: files and commands
//! are the agent's own affair, in its sandbox. Starting the process is not done here.

mod failure;
mod files;
mod permission;
mod permit;
mod update;

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use agent_client_protocol_schema::{
    ProtocolVersion,
    v1::{
        AgentCapabilities, CancelNotification, ClientCapabilities, Error, Implementation, InitializeRequest,
        InitializeResponse, LoadSessionRequest, NewSessionRequest, NewSessionResponse, PromptRequest, PromptResponse,
        RequestPermissionRequest, RequestPermissionResponse, SessionModeState, SessionNotification,
        SetSessionModeRequest, StopReason, ToolKind,
    },
};
use serde::Serialize;
use serde_json::{Value, json};

pub use permit::Permit;
use update::Calls;

use super::{
    EventReader, ParsedOutput, is_session,
    parsed::{number, one_line},
};
use crate::{
    agent::stop::{error_object, kind_of, readable},
    domain::{checks::Permission, stop::StopKind},
    terminal::time,
};

/// The mode in which an agent asks before it does something, by id or by name.
const ASKS: &str = "default";

/// The error of an agent that has to be logged in first.
const AUTH_REQUIRED: i64 = -32000;

/// How the message begins of an error of which its code tells no more.
const UNNAMED: &str = "Internal error: ";

/// How many requests for permissions are kept.
const MOST_PERMISSIONS: usize = 200;

/// How long an agent may take to answer the first message.
const GREETING: Duration = Duration::from_secs(180);

/// What a conversation is about.
#[derive(Clone, Debug)]
pub struct Dialogue {
    /// What the agent is told.
    pub prompt: String,
    /// Where it works.
    pub dir: PathBuf,
    /// The session to resume, if there is one.
    pub had: Option<String>,
    /// What it may do.
    pub permit: Permit,
}

/// What the agent was asked last; its answer has this number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    Initialize = 1,
    Load,
    New,
    Mode,
    Prompt,
}

/// One conversation.
pub(super) struct Acp {
    dialogue: Dialogue,
    asked: Asked,
    /// What is to be written to the agent.
    out: Vec<u8>,
    can_load: bool,
    session: Option<String>,
    calls: Calls,
    /// The requests for permissions that were answered.
    permissions: Vec<Permission>,
    /// With what exit code the conversation counts as over.
    over: Option<i32>,
    /// When it began.
    begun: Option<Instant>,
    cancelled: bool,
    /// The request that was denied last.
    denied: Option<String>,
    /// How many requests for permissions came after those that are kept.
    more: usize,
}

impl Acp {
    pub(super) fn new(dialogue: Dialogue) -> Acp {
        Acp {
            dialogue,
            asked: Asked::Initialize,
            out: Vec::new(),
            can_load: false,
            session: None,
            calls: Calls::default(),
            permissions: Vec::new(),
            over: None,
            begun: None,
            cancelled: false,
            denied: None,
            more: 0,
        }
    }

    /// Whether it has not answered the first message in time.
    fn is_mute(&self) -> bool {
        self.asked == Asked::Initialize && self.begun.is_some_and(|begun| begun.elapsed() >= GREETING)
    }

    fn write(&mut self, message: &Value) {
        self.out.extend(message.to_string().into_bytes());
        self.out.push(b'\n');
    }

    fn ask(&mut self, asked: Asked, method: &str, params: &impl Serialize) {
        self.asked = asked;
        self.write(&json!({"jsonrpc": "2.0", "id": asked as i64, "method": method, "params": params}));
    }

    fn initialize(&mut self) {
        let client = Implementation::new("git-chant", env!("CARGO_PKG_VERSION"));
        let request = InitializeRequest::new(ProtocolVersion::V1)
            .client_capabilities(ClientCapabilities::default())
            .client_info(client);
        let mut request = json!(request);
        request["clientCapabilities"]["_meta"] = failure::offer();
        self.ask(Asked::Initialize, "initialize", &request);
    }

    fn open(&mut self, parsed: &mut ParsedOutput) {
        let dir = self.dialogue.dir.clone();
        match self.dialogue.had.clone() {
            Some(had) if self.can_load => {
                self.session = Some(had.clone());
                self.ask(Asked::Load, "session/load", &LoadSessionRequest::new(had, dir));
            }
            had => {
                if let Some(had) = had {
                    parsed.say(&format!("cannot resume session '{had}'; starting a new one"));
                }
                self.ask(Asked::New, "session/new", &NewSessionRequest::new(dir));
            }
        }
    }

    /// Has the agent ask before it does something, then sends the prompt.
    fn opened(&mut self, modes: Option<&SessionModeState>, parsed: &mut ParsedOutput) {
        parsed.report.session(self.session.as_deref());
        let Some(session) = self.session.clone() else { return };
        let asks = modes.and_then(|modes| {
            let is = |text: &str| text.eq_ignore_ascii_case(ASKS);
            let mode = modes.available_modes.iter().find(|mode| is(&mode.id.0) || is(&mode.name))?;
            (mode.id != modes.current_mode_id).then(|| mode.id.clone())
        });
        match asks {
            Some(mode) => self.ask(Asked::Mode, "session/set_mode", &SetSessionModeRequest::new(session, mode)),
            None => self.prompt(),
        }
    }

    fn prompt(&mut self) {
        let Some(session) = self.session.clone() else { return };
        let prompt = vec![self.dialogue.prompt.clone().into()];
        self.ask(Asked::Prompt, "session/prompt", &PromptRequest::new(session, prompt));
    }

    fn answered(&mut self, result: &Value, parsed: &mut ParsedOutput) {
        match self.asked {
            Asked::Initialize => {
                let response: Option<InitializeResponse> = read(result);
                let version = result["protocolVersion"].as_u64();
                if version.is_some_and(|version| version != u64::from(ProtocolVersion::V1.as_u16())) {
                    let theirs = version.unwrap_or_default();
                    return self.fails(
                        &format!("it speaks version {theirs} of the Agent Client Protocol, and git-chant version 1"),
                        parsed,
                    );
                }
                let capabilities: AgentCapabilities =
                    response.map(|response| response.agent_capabilities).unwrap_or_default();
                self.can_load = capabilities.load_session;
                self.open(parsed);
            }
            Asked::Load => {
                self.calls = Calls::default();
                self.opened(read::<SessionModeState>(&result["modes"]).as_ref(), parsed);
            }
            Asked::New => {
                let Some(response) = read::<NewSessionResponse>(result) else {
                    return self.fails("it opened no session", parsed);
                };
                self.session = Some(response.session_id.0.to_string()).filter(|id| is_session(id));
                match self.session {
                    Some(_) => self.opened(response.modes.as_ref(), parsed),
                    None => self.fails("its session has no usable name", parsed),
                }
            }
            Asked::Mode => self.prompt(),
            Asked::Prompt => self.ends(result, parsed),
        }
    }

    fn ends(&mut self, result: &Value, parsed: &mut ParsedOutput) {
        parsed.end_line();
        usage(result, parsed);
        let Some(response) = read::<PromptResponse>(result) else {
            return match result["stopReason"].as_str() {
                Some(reason) => {
                    self.fails(&format!("it ended its turn for an unknown reason: {}", one_line(reason)), parsed)
                }
                None => self.fails("it ended its turn without a reason", parsed),
            };
        };
        let stopped = match response.stop_reason {
            StopReason::EndTurn => match failure::of(&result["_meta"]) {
                Some(failure) if failure.ends => {
                    if let Some(kind) = failure.kind() {
                        parsed.stopped(kind, failure.said);
                    }
                    return self.fails(failure.said, parsed);
                }
                _ => None,
            },
            StopReason::MaxTokens => Some(StopKind::OutputLimit),
            StopReason::MaxTurnRequests => Some(StopKind::TurnLimit),
            StopReason::Refusal => Some(StopKind::Refusal),
            StopReason::Cancelled if self.cancelled => None,
            // Codex ends its turn where it is denied something.
            StopReason::Cancelled if self.denied.is_some() => {
                let denied = self.denied.take().unwrap_or_default();
                parsed.stopped(StopKind::Denied, &denied);
                self.over = Some(1);
                return;
            }
            _ => return self.fails("it cancelled its turn, and git-chant had not asked for that", parsed),
        };
        self.over = Some(i32::from(stopped.is_some()));
        if let Some(kind) = stopped {
            let said = parsed.answer().to_owned();
            parsed.stopped(kind, &said);
        }
    }

    fn fails(&mut self, said: &str, parsed: &mut ParsedOutput) {
        parsed.error(said);
        self.over = Some(1);
    }

    /// An error in place of an answer.
    fn refused(&mut self, error: &Value, parsed: &mut ParsedOutput) {
        match self.asked {
            Asked::Load => {
                let had = self.dialogue.had.take().unwrap_or_default();
                parsed.say(&format!("cannot resume session '{had}' ({}); starting a new one", one_line(&said(error))));
                self.session = None;
                return self.open(parsed);
            }
            // In the mode that it has, it asks as well.
            Asked::Mode => return self.prompt(),
            Asked::Initialize | Asked::New | Asked::Prompt => {}
        }
        let code = error.get("code").and_then(Value::as_i64).unwrap_or_default();
        let message = message(error);
        let data = error.get("data").filter(|data| !data.is_null()).map(Value::to_string).unwrap_or_default();
        let said = said(error);
        let by_code = u64::try_from(code).ok().and_then(StopKind::of_http);
        let kind = (code == AUTH_REQUIRED).then_some(StopKind::NotLoggedIn);
        let kind = kind.or_else(|| kind_of(&format!("{message} {data}"))).or_else(|| status(&message)).or(by_code);
        if let Some(kind) = kind {
            parsed.stopped(kind, &said);
        }
        self.fails(&said, parsed);
    }

    /// Answers what the agent asks.
    fn request(&mut self, id: &Value, method: &str, params: &Value, parsed: &mut ParsedOutput) {
        let request = read::<RequestPermissionRequest>(params).filter(|_| method == "session/request_permission");
        let Some(request) = request else {
            let error = json!({"code": -32601, "message": format!("git-chant does not offer {method}")});
            return self.write(&json!({"jsonrpc": "2.0", "id": id, "error": error}));
        };
        let (decided, outcome) =
            permission::decide(&self.dialogue.permit, &self.dialogue.dir, &self.calls, &request, self.cancelled);
        if decided.allowed {
            parsed.say(&format!("permitted: {decided}"));
        } else {
            parsed.say(&format!("error: it was not permitted to {decided}"));
            parsed.held_up(StopKind::Denied, &decided.to_string());
            self.denied = Some(decided.to_string());
        }
        self.record_permission(decided);
        self.write(&json!({"jsonrpc": "2.0", "id": id, "result": RequestPermissionResponse::new(outcome)}));
    }
}

impl Acp {
    /// Keeps a request that was answered. Of those that come after many only their number is kept.
    fn record_permission(&mut self, decided: Permission) {
        if self.permissions.len() < MOST_PERMISSIONS {
            return self.permissions.push(decided);
        }
        self.more += 1;
        let rest = Permission {
            kind: permit::name(ToolKind::Other).to_owned(),
            what: format!("({} more requests)", self.more),
            allowed: decided.allowed && (self.more == 1 || self.permissions[MOST_PERMISSIONS].allowed),
        };
        self.permissions.truncate(MOST_PERMISSIONS);
        self.permissions.push(rest);
    }
}

impl EventReader for Acp {
    fn event(&mut self, event: &Value, parsed: &mut ParsedOutput) -> bool {
        if event.get("jsonrpc").and_then(Value::as_str) != Some("2.0") {
            return false;
        }
        let method = event.get("method").and_then(Value::as_str);
        match (method, event.get("id")) {
            (Some(method), Some(id)) => self.request(id, method, &event["params"], parsed),
            (Some("session/update"), None) => {
                // What a loaded session replays was shown when it happened.
                let is_news = self.asked == Asked::Prompt;
                if let Some(failure) = failure::of(&event["params"]["update"]["_meta"]).filter(|_| is_news) {
                    failure.show(parsed);
                }
                if let Some(update) = read::<SessionNotification>(&event["params"]).filter(|_| is_news) {
                    self.calls.update(update.update, parsed);
                }
            }
            (Some(_), None) => {}
            (None, Some(id)) if id.as_i64() == Some(self.asked as i64) && self.over.is_none() => {
                match event.get("error") {
                    Some(error) => self.refused(error, parsed),
                    None => self.answered(&event["result"], parsed),
                }
            }
            (None, _) => {}
        }
        true
    }

    fn input(&mut self) -> Vec<u8> {
        if self.begun.is_none() {
            self.begun = Some(Instant::now());
            self.initialize();
        }
        if self.is_mute() {
            self.over = Some(1);
        }
        std::mem::take(&mut self.out)
    }

    fn end(&mut self, parsed: &mut ParsedOutput) {
        if self.is_mute() {
            parsed.error(&format!(
                "it does not answer: it may not speak the Agent Client Protocol (waited {})",
                time::duration(GREETING)
            ));
        } else if self.over.is_none() && !self.cancelled {
            parsed.begins_turn();
        }
    }

    fn over(&self) -> Option<i32> {
        self.over
    }

    fn cancel(&mut self) {
        if std::mem::replace(&mut self.cancelled, true) || self.over.is_some() {
            return;
        }
        match self.session.clone().filter(|_| self.asked == Asked::Prompt) {
            Some(session) => {
                let params = CancelNotification::new(session);
                self.write(&json!({"jsonrpc": "2.0", "method": "session/cancel", "params": params}));
            }
            None => self.over = Some(1),
        }
    }

    fn permissions(&self) -> &[Permission] {
        &self.permissions
    }
}

/// A part of a message, if it is one of that type. What a newer agent says in another way is passed over.
fn read<T: serde::de::DeserializeOwned>(value: &Value) -> Option<T> {
    T::deserialize(value).ok()
}

/// The message of an error.
fn message(error: &Value) -> String {
    read::<Error>(error).map_or_else(|| error.to_string(), |error| error.message)
}

/// What an error says for people: in its details, where its message says nothing.
fn said(error: &Value) -> String {
    let message = message(error);
    let details = error.pointer("/data/details").or_else(|| error.pointer("/data/message"));
    let details = details.and_then(Value::as_str).filter(|_| message == "Internal error");
    let said = readable(details.unwrap_or(&message));
    // The name of its code says nothing where more follows.
    said.strip_prefix(UNNAMED).map_or(said.clone(), str::to_owned)
}

/// The status of HTTP that the object of an error in a text names, as a reason.
fn status(text: &str) -> Option<StopKind> {
    let (_, object) = error_object(text)?;
    object.pointer("/error/code").and_then(Value::as_u64).and_then(StopKind::of_http)
}

/// The tokens of the turn, which the protocol has as a proposal, and Gemini as an extension. Those of opencode are of its last request alone.
fn usage(result: &Value, parsed: &mut ParsedOutput) {
    if let Some(usage) = result.get("usage") {
        let of = |name: &str| number(usage, name).unwrap_or_default();
        let cached = of("cachedReadTokens");
        let into = of("inputTokens").saturating_add(cached).saturating_add(of("cachedWriteTokens"));
        parsed.report.tokens(Some(into), Some(cached), Some(of("outputTokens")));
    } else if let Some(count) = result.pointer("/_meta/quota/token_count") {
        parsed.report.tokens(number(count, "input_tokens"), None, number(count, "output_tokens"));
    }
}

#[cfg(test)]
#[path = "../tests/acp.rs"]
mod tests;
