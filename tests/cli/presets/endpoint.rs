//! A model on loopback that says what it was told to say, in the form of Anthropic's Messages.

use std::{
    sync::{Arc, Mutex},
    thread::JoinHandle,
};

use serde_json::{Value, json};
use tiny_http::{Header, Response, Server};

/// What the model does in one turn.
#[derive(Clone)]
pub enum Turn {
    /// Uses a tool.
    Tool(&'static str, Value),
    /// Says something and is done.
    Text(&'static str),
}

/// The server; it is gone when it is dropped.
pub struct Endpoint {
    server: Arc<Server>,
    thread: Option<JoinHandle<()>>,
    asked: Arc<Mutex<Vec<Value>>>,
}

impl Endpoint {
    /// One that takes the turns in order, each once; after the last it repeats that.
    pub fn start(turns: Vec<Turn>) -> Endpoint {
        let server = Arc::new(Server::http("127.0.0.1:0").unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (serving, noting) = (server.clone(), asked.clone());
        let thread = std::thread::spawn(move || {
            for mut request in serving.incoming_requests() {
                let mut body = String::new();
                let read = request.as_reader().read_to_string(&mut body);
                let question: Value = serde_json::from_str(&body).unwrap_or_default();
                let is_message = request.url().split('?').next().is_some_and(|path| path.ends_with("/v1/messages"));
                if read.is_err() || !is_message {
                    let _gone = request.respond(Response::from_string("{}").with_status_code(404));
                    continue;
                }
                // Titles and the like are asked for without tools.
                let with_tools = question["tools"].as_array().is_some_and(|tools| !tools.is_empty());
                let turn = if with_tools {
                    let mut asked = noting.lock().unwrap();
                    asked.push(question.clone());
                    turns[(asked.len() - 1).min(turns.len() - 1)].clone()
                } else {
                    Turn::Text("A title")
                };
                let kind = Header::from_bytes("Content-Type", "text/event-stream").unwrap();
                let _gone = request.respond(Response::from_string(stream(&question["model"], turn)).with_header(kind));
            }
        });
        Endpoint { server, thread: Some(thread), asked }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.server.server_addr())
    }

    /// What it was asked so far: the requests that came with tools.
    pub fn asked(&self) -> Vec<Value> {
        self.asked.lock().unwrap().clone()
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        self.server.unblock();
        if let Some(thread) = self.thread.take() {
            let _it_may_have_panicked = thread.join();
        }
    }
}

/// The answer as a stream of events.
fn stream(model: &Value, turn: Turn) -> String {
    let (block, delta, stop) = match turn {
        Turn::Tool(name, input) => (
            json!({"type": "tool_use", "id": format!("toolu_{name}"), "name": name, "input": {}}),
            json!({"type": "input_json_delta", "partial_json": input.to_string()}),
            "tool_use",
        ),
        Turn::Text(text) => {
            (json!({"type": "text", "text": ""}), json!({"type": "text_delta", "text": text}), "end_turn")
        }
    };
    let message = json!({
        "id": "msg_1", "type": "message", "role": "assistant", "model": model, "content": [], "stop_reason": null,
        "stop_sequence": null, "usage": {"input_tokens": 100, "output_tokens": 1},
    });
    let events = [
        json!({"type": "message_start", "message": message}),
        json!({"type": "content_block_start", "index": 0, "content_block": block}),
        json!({"type": "content_block_delta", "index": 0, "delta": delta}),
        json!({"type": "content_block_stop", "index": 0}),
        json!({"type": "message_delta", "delta": {"stop_reason": stop, "stop_sequence": null}, "usage": {"output_tokens": 20}}),
        json!({"type": "message_stop"}),
    ];
    events.iter().map(|event| format!("event: {}\ndata: {event}\n\n", event["type"].as_str().unwrap())).collect()
}
