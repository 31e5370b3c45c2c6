//! Agents that speak the Agent Client Protocol: the scripts here do, and say and do no more than the real ones were seen to.

use std::{
    io::{BufRead as _, BufReader},
    process::Stdio,
};

use crate::support::{Ran, Sandbox};

/// An agent of the protocol; `prompted` is what it does with a prompt, `permitted` what with the answer to a request for a permission.
fn agent(prompted: &str, permitted: &str) -> String {
    let update = r#"{"jsonrpc":"2.0","method":"session/update","params":{"sessionId":"ses-1","update":"#;
    format!(
        r#"say() {{ printf '%s\n' "$1"; }}
update() {{ say '{update}'"$1"'}}}}'; }}
ends() {{ say '{{"jsonrpc":"2.0","id":5,"result":{{"stopReason":"'"$1"'","usage":{{"totalTokens":150,"inputTokens":70,"cachedReadTokens":30,"outputTokens":20}}}}}}'; }}
tick() {{ sed 's/- \[ \]/- [x]/' "$CHANT_SPEC_FILE" >.tick && cat .tick >"$CHANT_SPEC_FILE" && rm .tick; }}
while IFS= read -r line; do
printf '%s\n' "$line" >>"$HOME/heard"
case $line in
*'"method":"initialize"'*) say '{{"jsonrpc":"2.0","id":1,"result":{{"protocolVersion":1,"agentCapabilities":{{"loadSession":true}}}}}}' ;;
*'"method":"session/load"'*)
    update '{{"sessionUpdate":"agent_message_chunk","content":{{"type":"text","text":"said before"}}}}'
    say '{{"jsonrpc":"2.0","id":2,"result":{{}}}}' ;;
*'"method":"session/new"'*) say '{{"jsonrpc":"2.0","id":3,"result":{{"sessionId":"ses-1","modes":{{"currentModeId":"auto","availableModes":[{{"id":"auto","name":"Auto"}},{{"id":"default","name":"Default"}}]}}}}}}' ;;
*'"method":"session/set_mode"'*) say '{{"jsonrpc":"2.0","id":4,"result":{{}}}}' ;;
*'"method":"session/cancel"'*) ends cancelled ;;
*'"method":"session/prompt"'*) {prompted} ;;
*'"id":77'*) {permitted} ;;
esac
done
echo gone >>"$HOME/heard""#
    )
}

/// A request to do something, with the number 77.
fn asks(tool_call: &str) -> String {
    format!(
        r#"say '{{"jsonrpc":"2.0","id":77,"method":"session/request_permission","params":{{"sessionId":"ses-1","toolCall":{tool_call},"options":[{{"optionId":"always","name":"Always","kind":"allow_always"}},{{"optionId":"yes","name":"Yes","kind":"allow_once"}},{{"optionId":"no","name":"No","kind":"reject_once"}}]}}}}'"#
    )
}

const WRITES: &str = r#"{"toolCallId":"t1","title":"Write file","kind":"edit","locations":[{"path":"file"}]}"#;

const DOES_IT: &str = r#"case $line in *'"optionId":"yes"'*) echo two >file; tick ;; esac
    update '{"sessionUpdate":"tool_call_update","toolCallId":"t1","status":"completed","title":"Write file","kind":"edit","content":[{"type":"diff","path":"file","oldText":"one\n","newText":"two\n"}]}'
    update '{"sessionUpdate":"plan","entries":[{"content":"Write it","priority":"high","status":"completed"}]}'
    update '{"sessionUpdate":"usage_update","used":100,"size":1000,"cost":{"amount":0.25,"currency":"EUR"}}'
    update '{"sessionUpdate":"agent_message_chunk","content":{"type":"text","text":"It is done."}}'
    ends end_turn"#;

fn sandbox(agent: &str) -> (Sandbox, String) {
    let sandbox = Sandbox::new();
    sandbox.agent(agent);
    let name = sandbox.git(&["config", "chant.agent"]);
    sandbox.git(&["config", &format!("chant.agent.{name}.protocol"), "acp"]);
    sandbox.write("../body.md", "## Acceptance Criteria\n\n- [ ] file says two\n");
    let id = sandbox.add(&["Make it two", "--body-file", "../body.md"]);
    (sandbox, id)
}

fn heard(sandbox: &Sandbox) -> String {
    std::fs::read_to_string(sandbox.dir().join("home/heard")).unwrap_or_default()
}

fn permissions(sandbox: &Sandbox, id: &str) -> serde_json::Value {
    sandbox.chant(&["show", id, "--json"]).ok().json()["spec"]["checks"]["evidence"]["permissions"].clone()
}

#[test]
fn a_spec_is_worked_and_what_the_agent_asks_is_answered_and_recorded() {
    let (sandbox, id) = sandbox(&agent(&asks(WRITES), DOES_IT));
    let ran = sandbox.chant(&["work", &id]).ok();
    for line in
        ["  permitted: edit Write file\n", "  changed file (+1 -1)\n", "  plan: [x] Write it\n", "  It is done.\n"]
    {
        assert!(ran.err.contains(line), "{line}: {}", ran.err);
    }
    assert!(!ran.err.contains("jsonrpc"), "{}", ran.err);
    let heard = heard(&sandbox);
    assert!(
        heard.contains(r#""method":"session/set_mode","params":{"sessionId":"ses-1","modeId":"default"}"#),
        "{heard}"
    );
    assert!(heard.contains("file says two"), "the prompt arrived: {heard}");
    assert!(heard.ends_with("gone\n"), "its input was closed: {heard}");
    assert_eq!(
        permissions(&sandbox, &id),
        serde_json::json!([{"kind": "edit", "what": "Write file", "allowed": true}])
    );
    let spec = sandbox.show(&id);
    assert_eq!(spec["cost"]["text"], "0.25 EUR, 100 tokens in, 30 cached, 20 out");
    assert_eq!((spec["status"].as_str(), sandbox.read("file").as_str()), (Some("completed"), "two\n"));
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn what_is_not_permitted_is_denied_and_named() {
    let outside =
        r#"{"toolCallId":"t1","title":"Write /etc/passwd","kind":"edit","locations":[{"path":"/etc/passwd"}]}"#;
    for (call, rules) in [(outside, vec![]), (WRITES, vec!["*", "!edit"]), (WRITES, vec!["edit:docs/**"])] {
        let (sandbox, id) = sandbox(&agent(&asks(call), DOES_IT));
        let name = sandbox.git(&["config", "chant.agent"]);
        for rule in rules {
            sandbox.git(&["config", "--add", &format!("chant.agent.{name}.permit"), rule]);
        }
        let ran = sandbox.chant(&["work", &id]).fails(1, &["the agent was denied a permission: edit Write "]);
        let key = format!("chant.agent.{name}.permit");
        let hint = match call == outside {
            true => format!("to permit it: git config {key} usual && git config --add {key} edit:/"),
            false => format!("to permit it: git config --add {key} edit"),
        };
        assert!(ran.err.contains(&format!("{hint}\n")), "{}", ran.err);
        assert!(ran.err.contains("error: it was not permitted to edit Write "), "{}", ran.err);
        assert!(heard(&sandbox).contains(r#""outcome":"selected","optionId":"no""#), "{}", heard(&sandbox));
        assert_eq!(permissions(&sandbox, &id)[0]["allowed"], false);
        // What the hint says is enough, and takes nothing away.
        let command = hint.strip_prefix("to permit it: ").unwrap();
        sandbox.run(sandbox.command_in(&sandbox.repo, "sh").args(["-c", command])).ok();
        sandbox.chant(&["work", &id, "--fresh"]).ok();
        assert_eq!(permissions(&sandbox, &id)[0]["allowed"], true);
    }
    let (sandbox, id) = sandbox(&agent(&asks(WRITES), DOES_IT));
    let name = sandbox.git(&["config", "chant.agent"]);
    sandbox.git(&["config", &format!("chant.agent.{name}.permit"), "everything"]);
    sandbox.chant(&["work", &id]).fails(128, &["bad config value 'everything'", "permit' in file '", "/.git/config'"]);
    sandbox.git(&["config", &format!("chant.agent.{name}.permit"), "edit:/srv/notes"]);
    let why =
        "expected a path, directory or glob from the top of the worktree after ':', or '/' for what lies outside it";
    sandbox.chant(&["work", &id]).fails(128, &["bad config value 'edit:/srv/notes'", why]);
}

#[test]
fn a_pause_cancels_the_turn_and_the_session_is_loaded_again() {
    let waits = r#"update '{"sessionUpdate":"agent_message_chunk","content":{"type":"text","text":"I think.\n"}}'"#;
    let goes_on =
        format!("test -e \"$HOME/twice\" && {{ {}; }} || {{ touch \"$HOME/twice\"; {waits}; }}", asks(WRITES));
    let (sandbox, id) = sandbox(&agent(&goes_on, DOES_IT));
    let mut child = sandbox.binary(&["work", &id]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.as_mut().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains("I think.")));
    sandbox.chant(&["pause", &id]).ok();
    Ran::of(child.wait_with_output().unwrap()).fails(1, &["Paused after"]);
    let first = heard(&sandbox);
    assert!(first.contains("session/cancel") && first.ends_with("gone\n"), "it ended its turn and went: {first}");
    let ran = sandbox.chant(&["work", &id]).ok();
    assert!(!ran.err.contains("said before") && !ran.err.contains("starting a new one"), "{}", ran.err);
    assert!(heard(&sandbox).contains(r#""method":"session/load""#), "{}", heard(&sandbox));
    assert_eq!(sandbox.status(&id), "completed");
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn errors_of_the_protocol_say_why_it_stopped() {
    let error = |error: &str| format!("say '{{\"jsonrpc\":\"2.0\",\"id\":5,\"error\":{error}}}'");
    for (answer, status, kind, said) in [
        (
            r#"{"code":-32603,"message":"Internal error: Overloaded","data":{"error":"529 overloaded"}}"#,
            "paused",
            "overload",
            "Overloaded",
        ),
        (
            r#"{"code":400,"message":"{\"error\":{\"code\":401,\"message\":\"API key not valid. Please pass one.\"}}"}"#,
            "failed",
            "bad-key",
            "API key not valid.",
        ),
        (
            r#"{"code":-32603,"message":"Internal error: API Error: Request rejected (429) · Slow down."}"#,
            "paused",
            "rate-limit",
            "Slow down.",
        ),
        (
            r#"{"code":-32000,"message":"Authentication required"}"#,
            "failed",
            "not-logged-in",
            "Authentication required",
        ),
    ] {
        let (sandbox, id) = sandbox(&agent(&error(answer), ":"));
        sandbox.chant(&["work", &id]).fails(1, &[said]);
        assert_eq!(sandbox.status(&id), status);
        let log = sandbox.chant(&["log", &id, "--json"]).ok().json();
        assert_eq!(log["events"][0]["stopped"], kind, "{log:#}");
    }
    let (sandbox, id) = sandbox("echo 'no such model' >&2; exit 3");
    sandbox.chant(&["work", &id]).fails(1, &["the agent exited with code 3: no such model"]);
    let (sandbox, id) = self::sandbox(&agent("ends max_turn_requests", ":"));
    sandbox.chant(&["work", &id]).fails(1, &["the agent reached its turn limit"]);
}

#[test]
fn an_agent_of_another_version_of_the_protocol_is_named() {
    let (sandbox, id) = sandbox(&agent(":", ":").replace(r#""protocolVersion":1"#, r#""protocolVersion":2"#));
    sandbox
        .chant(&["work", &id])
        .fails(1, &["it speaks version 2 of the Agent Client Protocol, and git-chant version 1"]);
}

#[test]
fn an_agent_that_goes_in_its_turn_has_not_done_its_work() {
    let ticks = "echo two >file; tick; exit 0";
    for agent in [agent(ticks, ":"), "exit 0".to_owned()] {
        let (sandbox, id) = sandbox(&agent);
        sandbox.chant(&["work", &id]).fails(1, &["the agent ended in the middle of its turn"]);
        assert_eq!(sandbox.status(&id), "failed");
    }
}

#[test]
fn an_agent_that_stays_is_ended_when_it_is_done() {
    let stays = agent(&asks(WRITES), &format!("{DOES_IT}; trap '' TERM; while :; do sleep 1; done"));
    let (sandbox, id) = sandbox(&stays);
    sandbox.chant(&["work", &id]).ok();
    assert_eq!(sandbox.status(&id), "completed");
}

#[test]
fn the_end_of_what_an_agent_prints_beside_its_messages_counts_however_long_it_is() {
    let sandbox = Sandbox::new();
    let prints = "head -c 2000000 /dev/zero | tr '\\0' x >&2; printf '\\n429 Too Many Requests\\n' >&2; exit 1";
    sandbox.git(&["config", "chant.agent.long.cmd", prints]);
    sandbox.git(&["config", "chant.agent.long.protocol", "acp"]);
    let id = sandbox.add(&["Make it two"]);
    sandbox.chant(&["work", &id, "--agent", "long"]).fails(1, &["Paused after", "the agent is rate-limited"]);
}
