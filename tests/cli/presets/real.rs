//! Claude Code itself, asked through `git chant work`, with a model that is scripted: from a spec to a merged commit.

use std::{
    io::{BufRead as _, BufReader},
    process::{Command, Stdio},
};

use serde_json::json;

use super::endpoint::{Endpoint, Turn};
use crate::support::{Ran, Sandbox, tools::need_agent};

/// `git chant <args>` with the test's settings only, and the model at `endpoint`.
pub(super) fn command(sandbox: &Sandbox, endpoint: &Endpoint, args: &[&str]) -> Command {
    let mut command = sandbox.command_in(&sandbox.repo, "git");
    command
        .arg("chant")
        .args(args)
        .env("ANTHROPIC_BASE_URL", endpoint.url())
        .env("ANTHROPIC_API_KEY", "none")
        .env("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1")
        .env("DISABLE_AUTOUPDATER", "1");
    command
}

fn sandbox() -> (Sandbox, String) {
    let sandbox = Sandbox::new();
    sandbox.git(&["config", "chant.agent", "claude"]);
    sandbox.write("../body.md", "## Acceptance Criteria\n\n- [ ] file says two\n");
    let id = sandbox.add(&["Make it two", "--body-file", "../body.md"]);
    (sandbox, id)
}

const DOES_IT: &str =
    "sed -i 's/- \\[ \\]/- [x]/' \"$CHANT_SPEC_FILE\" && echo two >file && git commit -qam 'Make it two'";

fn bash(command: &str) -> Turn {
    Turn::Tool("Bash", json!({"command": command, "description": "Do it"}))
}

#[test]
fn claude_works_a_spec_to_a_merged_commit() {
    if !need_agent("claude") {
        return;
    }
    let (sandbox, id) = sandbox();
    let outside = sandbox.dir().join("outside");
    let endpoint = Endpoint::start(vec![
        Turn::Tool("Write", json!({"file_path": outside, "content": "mine\n"})),
        bash(DOES_IT),
        Turn::Text("The file says two now."),
    ]);
    let ran = sandbox.run(&mut command(&sandbox, &endpoint, &["work", &id])).ok();
    for line in
        ["  model: claude-", &format!("  Write {}", outside.display()), "  $ sed -i", "  The file says two now.\n"]
    {
        assert!(ran.err.contains(line), "{line}:\n{}", ran.err);
    }
    assert!(!outside.exists(), "an edit outside of the worktree was let through");
    assert!(ran.err.contains("error: it was not permitted to use Write"), "{}", ran.err);
    let asked = endpoint.asked();
    assert_eq!(asked.len(), 3, "{asked:?}");
    assert!(asked[0]["messages"].to_string().contains("file says two"), "the prompt arrived");

    assert_eq!(sandbox.read("file"), "two\n");
    assert_eq!(sandbox.git(&["log", "-1", "--format=%s", "main^2"]), "Make it two");
    let spec = sandbox.show(&id);
    assert_eq!((spec["status"].as_str(), spec["agent"].as_str()), (Some("completed"), Some("claude")));
    assert!(spec["model"].as_str().unwrap().starts_with("claude-"), "{spec}");
    let tip = format!("refs/chant/specs/{id}");
    let trailer = |name: &str| {
        let format = format!("--format=%(trailers:key={name},valueonly)");
        sandbox.git(&["log", "-1", "--grep=^Chant-Op: finish", &format, &tip])
    };
    assert_eq!(trailer("Chant-Session").trim().len(), 36, "a UUID");
    let cost = trailer("Chant-Cost");
    assert!(cost.contains(" USD, ") && cost.trim().ends_with("300 tokens in, 60 out"), "{cost}");
}

#[test]
fn claude_goes_on_in_its_session() {
    if !need_agent("claude") {
        return;
    }
    let (sandbox, id) = sandbox();
    let endpoint = Endpoint::start(vec![
        bash("echo 'the magic word is xyzzy'"),
        bash("echo half >half; sleep 1000"),
        bash(DOES_IT),
        Turn::Text("The file says two now."),
    ]);
    let mut child =
        command(&sandbox, &endpoint, &["work", &id]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.as_mut().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains("$ echo half")));
    sandbox.chant(&["pause", &id]).ok();
    Ran::of(child.wait_with_output().unwrap()).fails(1, &["Paused after"]);

    let ran = sandbox.run(&mut command(&sandbox, &endpoint, &["work", &id])).ok();
    assert!(!ran.err.contains("starting a new one"), "{}", ran.err);
    let asked = endpoint.asked();
    // What was said before the pause is in the conversation, which only the session knows.
    let used = asked[2]["messages"].as_array().unwrap().iter().any(|message| {
        message["role"] == "assistant" && message["content"].to_string().contains("the magic word is xyzzy")
    });
    assert!(used, "{}", asked[2]["messages"]);
    assert_eq!(sandbox.status(&id), "completed");
}
