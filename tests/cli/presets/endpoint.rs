//! A model on loopback that says what it was told to say, in the form of Anthropic's Messages.

use std::{
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    thread::JoinHandle,
};

use serde_json::{Value, json};

/// What the model does in one turn.
#[derive(Clone)]
pub enum Turn {
    /// Uses a tool.
    Tool(&'static str, Value),
    /// Says something and is done.
    Text(&'static str),
    /// Refuses the request.
    Refusal,
    /// Says more than an answer may have.
    TooMuch,
    /// The server answers with this status, this type of error and this message.
    Error(u16, &'static str, &'static str),
    /// The server ends the connection.
    HangUp,
}

/// The server; it is gone when it is dropped.
pub struct Endpoint {
    address: SocketAddr,
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
    asked: Arc<Mutex<Vec<Value>>>,
}

/// What the connections of one server share: what it was asked, and what it answers.
struct Model<A> {
    asked: Arc<Mutex<Vec<Value>>>,
    answer: Mutex<A>,
}

impl Endpoint {
    /// One that takes the turns in order, each once; after the last it repeats that.
    pub fn start(turns: Vec<Turn>) -> Endpoint {
        let mut taken = 0;
        Endpoint::answering(move |_| {
            taken += 1;
            turns[(taken - 1).min(turns.len() - 1)].clone()
        })
    }

    /// One that asks `answer` what to do with each request that comes with tools.
    pub fn answering(answer: impl FnMut(&Value) -> Turn + Send + 'static) -> Endpoint {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (address, over) = (listener.local_addr().unwrap(), Arc::new(AtomicBool::new(false)));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let model = Arc::new(Model { asked: asked.clone(), answer: Mutex::new(answer) });
        let is_over = over.clone();
        let thread = std::thread::spawn(move || {
            for connection in listener.incoming().flatten().take_while(|_| !is_over.load(Ordering::Relaxed)) {
                let model = model.clone();
                // A client that is gone, or says nothing, is none.
                std::thread::spawn(move || drop(model.serve(connection)));
            }
        });
        Endpoint { address, over, thread: Some(thread), asked }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What it was asked so far: the requests that came with tools.
    pub fn asked(&self) -> Vec<Value> {
        self.asked.lock().unwrap().clone()
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        drop(TcpStream::connect(self.address));
        if let Some(thread) = self.thread.take() {
            let _it_may_have_panicked = thread.join();
        }
    }
}

impl<A: FnMut(&Value) -> Turn> Model<A> {
    /// Answers the one request of a connection.
    fn serve(&self, connection: TcpStream) -> io::Result<()> {
        let mut reader = BufReader::new(&connection);
        let mut lines = reader.by_ref().lines().take_while(|line| line.as_ref().is_ok_and(|line| !line.is_empty()));
        let path =
            lines.next().transpose()?.and_then(|line| line.split(' ').nth(1).map(str::to_owned)).unwrap_or_default();
        let lengths =
            lines.flatten().filter_map(|line| line.to_lowercase().strip_prefix("content-length:")?.trim().parse().ok());
        let mut body = vec![0; lengths.last().unwrap_or(0)];
        reader.read_exact(&mut body)?;
        let question: Value = serde_json::from_slice(&body).unwrap_or_default();
        if !path.split('?').next().is_some_and(|path| path.ends_with("/v1/messages")) {
            return respond(&connection, 404, "application/json", "{}");
        }
        // Titles and the like are asked for without tools.
        let with_tools = question["tools"].as_array().is_some_and(|tools| !tools.is_empty());
        let turn = if with_tools { self.answer.lock().unwrap()(&question) } else { Turn::Text("A title") };
        let model = question["model"].clone();
        if with_tools {
            self.asked.lock().unwrap().push(question);
        }
        match turn {
            Turn::Error(status, kind, message) => {
                let error = json!({"type": "error", "error": {"type": kind, "message": message}});
                respond(&connection, status, "application/json", &error.to_string())
            }
            Turn::HangUp => Ok(()),
            turn => respond(&connection, 200, "text/event-stream", &stream(&model, turn)),
        }
    }
}

fn respond(mut connection: &TcpStream, status: u16, kind: &str, body: &str) -> io::Result<()> {
    let head = format!(
        "HTTP/1.1 {status} -\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n",
        body.len()
    );
    connection.write_all(format!("{head}\r\n{body}").as_bytes())
}

/// The answer as a stream of events. Each has names of its own, as a client counts what messages cost by them.
fn stream(model: &Value, turn: Turn) -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let text = |text: &str| (json!({"type": "text", "text": ""}), json!({"type": "text_delta", "text": text}));
    let (block, delta, stop) = match turn {
        Turn::Tool(name, input) => (
            json!({"type": "tool_use", "id": format!("toolu_{number}"), "name": name, "input": {}}),
            json!({"type": "input_json_delta", "partial_json": input.to_string()}),
            "tool_use",
        ),
        Turn::Text(said) => {
            let (block, delta) = text(said);
            (block, delta, "end_turn")
        }
        Turn::Refusal => {
            let (block, delta) = text("I cannot help with that.");
            (block, delta, "refusal")
        }
        Turn::TooMuch => {
            let (block, delta) = text("And so on.");
            (block, delta, "max_tokens")
        }
        Turn::Error(..) | Turn::HangUp => unreachable!("it has no stream"),
    };
    let message = json!({
        "id": format!("msg_{number}"), "type": "message", "role": "assistant", "model": model, "content": [], "stop_reason": null,
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
