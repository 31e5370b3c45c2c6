//! Smart http: git's own `http-backend`, a CGI program, behind a small server.

use std::{
    io::{BufRead, BufReader, Read},
    process::{Command, Stdio},
};

use tiny_http::{Header, Request, Response, Server, StatusCode};

use super::net::parts;
use crate::support::Sandbox;

/// Serves the sandbox's directory; the port. Ends with the test's process.
pub fn serve(sandbox: &Sandbox) -> u16 {
    let server = Server::http("127.0.0.1:0").unwrap();
    let port = server.server_addr().to_ip().unwrap().port();
    let mut template = sandbox.command_in(sandbox.dir(), "git");
    template.env("GIT_PROJECT_ROOT", sandbox.dir()).env("GIT_HTTP_EXPORT_ALL", "1");
    let (_, envs) = parts(&template);
    std::thread::spawn(move || {
        for request in server.incoming_requests() {
            let mut git = Command::new("git");
            git.arg("http-backend").env_clear().envs(envs.clone());
            std::thread::spawn(move || answer(request, git));
        }
    });
    port
}

/// Runs the program for one request, as RFC 3875 has it.
fn answer(mut request: Request, mut git: Command) {
    let url = request.url().to_owned();
    let (path, query) = url.split_once('?').unwrap_or((&url, ""));
    git.env("REQUEST_METHOD", request.method().to_string()).env("PATH_INFO", path).env("QUERY_STRING", query);
    git.env("REMOTE_ADDR", "127.0.0.1").env("SERVER_PROTOCOL", "HTTP/1.1");
    for (header, name) in [
        ("Content-Type", "CONTENT_TYPE"),
        ("Content-Encoding", "HTTP_CONTENT_ENCODING"),
        ("Git-Protocol", "GIT_PROTOCOL"),
    ] {
        if let Some(found) = request.headers().iter().find(|found| found.field.equiv(header)) {
            git.env(name, found.value.as_str());
        }
    }
    let mut body = Vec::new();
    request.as_reader().read_to_end(&mut body).unwrap();
    git.env("CONTENT_LENGTH", body.len().to_string());
    let mut child = git.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // It may end without having read everything.
    let feeding = std::thread::spawn(move || std::io::Write::write_all(&mut stdin, &body));
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let (mut status, mut headers) = (StatusCode(200), Vec::new());
    for line in out.by_ref().lines() {
        let line = line.unwrap();
        let Some((name, value)) = line.split_once(": ") else { break };
        match name {
            "Status" => status = StatusCode(value[..3].parse().unwrap()),
            _ => headers.push(Header::from_bytes(name, value).unwrap()),
        }
    }
    let mut text = Vec::new();
    out.read_to_end(&mut text).unwrap();
    drop(feeding.join());
    child.wait().unwrap();
    let length = text.len();
    // A client that has gone away is no concern of ours.
    drop(request.respond(Response::new(status, headers, text.as_slice(), Some(length), None)));
}
