//! What runs cost: counted once, added up by spec, topic, agent and month, and limited by budgets.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Stdio};

use super::{CLAUDE, DOES_IT, Room};
use crate::support::Ran;

/// A room in which claude says what a run costs, and leaves its work undone the first time.
fn two_runs() -> (Room, String) {
    let room = Room::with("claude", CLAUDE, "echo one >file");
    room.use_agent("claude");
    room.sandbox.write("../body.md", "## Acceptance Criteria\n\n- [ ] file says two\n");
    let id = room.sandbox.add(&["Make it two", "--topic", "t", "--body-file", "../body.md"]);
    room.chant(&["work", &id, "--onto", "main"]).fails(1, &["Failed"]);
    room.install("claude", CLAUDE, DOES_IT);
    (room, id)
}

/// A room with a spec, in which claude says this and comes to no end.
fn endless(said: &str) -> (Room, String) {
    let room = Room::with("claude", "", &format!("echo '{said}'; sleep 1000"));
    room.use_agent("claude");
    let id = room.add();
    (room, id)
}

/// Starts `work` and waits until it shows these words.
fn working(room: &Room, id: &str, words: &str) -> Child {
    let mut child = room.command(&["work", id]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.as_mut().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains(words)));
    child
}

#[test]
fn every_run_is_counted_once_and_all_of_them_add_up() {
    let (room, id) = two_runs();
    room.chant(&["work", &id]).ok();
    let total = "0.004 USD, 400 tokens in, 80 out";
    let shown = room.chant(&["show", &id]).ok().out;
    assert!(shown.contains(&format!("\nCost:        {total}\n")), "{shown}");
    let log = room.chant(&["log", &id, "--json"]).ok().json();
    let costs: Vec<&str> =
        log["events"].as_array().unwrap().iter().filter_map(|event| event["cost"].as_str()).collect();
    assert_eq!(costs, ["0.002 USD, 200 tokens in, 40 out"; 2], "each by the event that it ended with");
    assert_eq!(room.chant(&["list", "--all", "--format=%(cost)"]).ok().out, format!("{total}\n"));
    let costs = room.chant(&["cost", "--json"]).ok().json()["costs"].clone();
    let month = log["events"][0]["at"].as_str().unwrap()[..7].to_owned();
    for (list, name) in [("by_spec", id.as_str()), ("by_topic", "t"), ("by_agent", "claude"), ("by_month", &month)] {
        let line = &costs[list][0];
        assert_eq!((line["name"].as_str(), line["runs"].as_u64()), (Some(name), Some(2)), "{costs:#}");
        assert_eq!(line["cost"]["money"][0]["amount"], 0.004, "{costs:#}");
        assert_eq!(line["cost"]["tokens_in"], 400, "{costs:#}");
    }
    let text = room.chant(&["cost", "--by", "agent"]).ok().out;
    assert_eq!(text, format!("claude  {total} (2 runs)\nTotal: {total} (2 runs)\n"));
    let page = room.chant(&["report", "t"]).ok().out;
    assert!(page.contains(&format!("<dd>{total}, as reported by 2 runs</dd>")), "{page}");
    assert_eq!(page.matches("<td>0.002 USD, 200 tokens in, 40 out</td>").count(), 2, "{page}");
    assert_eq!(room.chant(&["fsck", "--json"]).ok().json()["problems"], serde_json::json!([]));
}

#[test]
fn a_run_that_another_process_pauses_is_counted_by_what_it_said_until_then() {
    let said = "{\"type\":\"system\",\"subtype\":\"init\",\"session_id\":\"ses-1\",\"model\":\"m\"}\n\
                {\"type\":\"assistant\",\"message\":{\"id\":\"m1\",\"usage\":{\"input_tokens\":30,\"cache_read_input_tokens\":70,\"output_tokens\":5},\"content\":[{\"type\":\"text\",\"text\":\"I begin.\"}]}}\n\
                {\"type\":\"assistant\",\"message\":{\"id\":\"m1\",\"usage\":{\"input_tokens\":30,\"cache_read_input_tokens\":70,\"output_tokens\":9},\"content\":[{\"type\":\"text\",\"text\":\"Still.\"}]}}";
    let (room, id) = endless(said);
    let child = working(&room, &id, "Still.");
    room.chant(&["pause", &id]).ok();
    Ran::of(child.wait_with_output().unwrap()).fails(1, &["Paused after"]);
    let spec = room.sandbox.show(&id);
    assert_eq!(spec["cost"]["text"], "100 tokens in, 70 cached, 9 out", "{spec:#}");
    assert_eq!(spec["status"], "paused");
    // The run that goes on with the attempt adds to it.
    let said = "{\"type\":\"result\",\"subtype\":\"success\",\"is_error\":false,\"session_id\":\"ses-1\",\"usage\":{\"input_tokens\":20,\"output_tokens\":1}}\n";
    room.install("claude", said, DOES_IT);
    room.chant(&["work", &id]).ok();
    let page = room.chant(&["report", &id]).ok().out;
    let total = "120 tokens in, 70 cached, 10 out";
    assert!(page.contains(&format!("<td>{total}</td>")), "{page}");
    assert!(page.contains(&format!("<dd>{total}, as reported by 2 runs</dd>")), "{page}");
    let cut = room.chant(&["report", &id, "--redact", "costs"]).ok().out;
    assert!(!cut.contains(" tokens ") && !cut.contains("70 cached"), "{cut}");
}

#[test]
fn an_agent_that_reports_its_whole_session_is_not_counted_twice() {
    let turn = |into: u32, out: u32| {
        format!(
            "{{\"type\":\"thread.started\",\"thread_id\":\"th-1\"}}\n\
             {{\"type\":\"turn.completed\",\"usage\":{{\"input_tokens\":{into},\"cached_input_tokens\":50,\"output_tokens\":{out}}}}}\n"
        )
    };
    let room = Room::with("codex", &turn(200, 40), "echo half >file");
    room.use_agent("codex");
    let id = room.add();
    room.chant(&["work", &id]).fails(1, &["Failed"]);
    room.install("codex", &turn(500, 90), DOES_IT);
    room.chant(&["work", &id]).ok();
    assert!(room.args()[1].contains("resume th-1"), "{:?}", room.args());
    assert_eq!(room.event(&id, "finish", "cost").as_deref(), Some("300 tokens in, 50 out"));
    assert_eq!(room.sandbox.show(&id)["cost"]["text"], "500 tokens in, 50 cached, 90 out");
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_price_of_the_whole_session_is_not_counted_twice_and_one_of_the_run_is_whole() {
    let ended = |dollars: f64, into: u32, out: u32, of_models: (u32, u32)| {
        let result = serde_json::json!({"type": "result", "subtype": "success", "is_error": false, "session_id": "ses-1",
            "total_cost_usd": dollars, "usage": {"input_tokens": into, "output_tokens": out},
            "modelUsage": {"m": {"inputTokens": of_models.0, "outputTokens": of_models.1}}});
        format!("{{\"type\":\"system\",\"subtype\":\"init\",\"session_id\":\"ses-1\"}}\n{result}\n")
    };
    // Claude Code 2.1.332 adds up a session, 2.1.197 does not.
    for (second, sum) in [
        (ended(0.003, 100, 20, (300, 60)), "0.003 USD, 300 tokens in, 60 out"),
        (ended(0.001, 100, 20, (100, 20)), "0.003 USD, 300 tokens in, 60 out"),
    ] {
        let room = Room::with("claude", &ended(0.002, 200, 40, (200, 40)), "echo half >file");
        room.use_agent("claude");
        let id = room.add();
        room.chant(&["work", &id]).fails(1, &["Failed"]);
        room.install("claude", &second, DOES_IT);
        room.chant(&["work", &id]).ok();
        assert_eq!(room.sandbox.show(&id)["cost"]["text"], sum);
    }
}

#[test]
fn what_was_reported_is_counted_where_git_chant_itself_dies() {
    let said = "{\"type\":\"assistant\",\"message\":{\"id\":\"m1\",\"usage\":{\"input_tokens\":900,\"output_tokens\":9},\"content\":[{\"type\":\"text\",\"text\":\"Begun.\"}]}}";
    let (room, id) = endless(said);
    let mut child = working(&room, &id, "Begun.");
    child.kill().unwrap();
    child.wait().unwrap();
    room.install("claude", CLAUDE, DOES_IT);
    room.chant(&["work", &id]).ok();
    assert_eq!(room.sandbox.show(&id)["cost"]["text"], "0.002 USD, 1100 tokens in, 49 out");
    let costs = room.chant(&["cost", "--json"]).ok().json()["costs"].clone();
    assert_eq!((costs["runs"].as_u64(), costs["by_agent"][0]["name"].as_str()), (Some(2), Some("claude")), "{costs:#}");
    let leases = room.sandbox.repo.join(".git/chant/leases");
    assert_eq!(std::fs::read_dir(leases).unwrap().count(), 0, "nothing is left of it");
}

#[test]
fn the_budget_of_a_day_counts_what_is_archived() {
    let room = Room::with("claude", CLAUDE, DOES_IT);
    room.use_agent("claude");
    let id = room.add();
    room.chant(&["work", &id]).ok();
    room.chant(&["archive", &id]).ok();
    room.sandbox.git(&["config", "chant.budget.day", "0.001"]);
    let id = room.sandbox.add(&["Another", "--body-file", "../body.md"]);
    room.chant(&["work", &id]).fails(1, &["the budget of the day is used up: 0.002 of 0.001 USD"]);
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn once_a_budget_is_used_up_no_further_run_begins() {
    for (key, value, whose) in [
        ("chant.budget", "0.002 USD", "the budget of the spec is used up: 0.002 of 0.002 USD"),
        ("chant.budget.topic", "200 tokens", "the budget of 't' is used up: 240 of 200 tokens"),
        ("chant.budget.day", "0.001", "the budget of the day is used up: 0.002 of 0.001 USD"),
    ] {
        let (room, id) = two_runs();
        room.sandbox.git(&["config", key, value]);
        let ran = room.chant(&["work", &id]).fails(1, &[whose, "to raise it: git config"]);
        assert!(ran.err.contains(&format!("git -c {key}=none chant work")), "{}", ran.err);
        assert_eq!((room.args().len(), room.sandbox.status(&id).as_str()), (1, "failed"), "nothing was started");
        room.sandbox.git(&["config", key, "10 EUR"]);
        room.chant(&["work", &id]).ok();
    }
    let (room, id) = two_runs();
    room.sandbox.git(&["config", "chant.budget", "much"]);
    room.chant(&["work", &id]).fails(128, &["bad config value 'much' for 'chant.budget'", "2.50 EUR"]);
}

#[test]
fn sums_of_a_session_are_reduced_by_that_session_alone() {
    let said = "{\"type\":\"system\",\"subtype\":\"init\",\"session_id\":\"ses-1\",\"model\":\"m\"}\n\
                {\"type\":\"assistant\",\"message\":{\"id\":\"m1\",\"usage\":{\"input_tokens\":80,\"output_tokens\":10},\"content\":[{\"type\":\"text\",\"text\":\"Still.\"}]}}";
    let room = Room::with("claude", "", &format!("echo '{said}'; sleep 1000"));
    room.use_agent("claude");
    let id = room.add();
    let mut child = room.command(&["work", &id]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.as_mut().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains("Still.")));
    room.chant(&["pause", &id]).ok();
    Ran::of(child.wait_with_output().unwrap()).fails(1, &["Paused after"]);
    // Another agent goes on, and reports the sum of a session of its own.
    let turn = "{\"type\":\"thread.started\",\"thread_id\":\"th-1\"}\n\
                {\"type\":\"turn.completed\",\"usage\":{\"input_tokens\":90,\"output_tokens\":10}}\n";
    room.install("codex", turn, DOES_IT);
    room.chant(&["work", &id, "--agent", "codex"]).ok();
    let shown = room.sandbox.show(&id);
    assert_eq!(shown["cost"]["text"], "170 tokens in, 20 out");
    // It named no model, and the one that claude named is not its own.
    assert_eq!((&shown["agent"], &shown["model"]), (&"codex".into(), &serde_json::Value::Null));
    let by_agent = room.chant(&["cost", "--by", "agent"]).ok().out;
    assert!(
        by_agent.starts_with("claude  80 tokens in, 10 out (1 run)\ncodex   90 tokens in, 10 out (1 run)\n"),
        "{by_agent}"
    );
    assert_eq!(room.chant(&["fsck", "--json"]).ok().json()["problems"], serde_json::json!([]));
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn what_archived_specs_cost_counts_for_the_day_and_the_topic() {
    let (room, id) = two_runs();
    room.chant(&["work", &id]).ok();
    room.chant(&["archive", &id]).ok();
    let other = room.sandbox.add(&["Make it two again", "--topic", "t"]);
    for fold in [false, true] {
        if fold {
            room.chant(&["archive", "--fold"]).ok();
        }
        for (key, whose) in [("chant.budget.day", "the budget of the day"), ("chant.budget.topic", "the budget of 't'")]
        {
            let all = format!("{key}=0.004 USD");
            let ran = room.sandbox.run(&mut git_with(&room, &all, &other));
            ran.fails(1, &[&format!("{whose} is used up: 0.004 of 0.004 USD")]);
        }
    }
}

/// `git chant work` of a spec, with a setting for this once.
fn git_with(room: &Room, setting: &str, id: &str) -> std::process::Command {
    let mut command = room.command(&["work", id]);
    let (key, value) = setting.split_once('=').unwrap();
    command.env("GIT_CONFIG_COUNT", "1").env("GIT_CONFIG_KEY_0", key).env("GIT_CONFIG_VALUE_0", value);
    command
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_budget_that_cannot_limit_an_agent_is_told_before_the_claim() {
    let turn = "{\"type\":\"turn.completed\",\"usage\":{\"input_tokens\":90,\"output_tokens\":10}}\n";
    let room = Room::with("codex", turn, "exit 1");
    room.install("claude", CLAUDE, "exit 1");
    room.sandbox.git(&["config", "chant.agent.mine.cmd", "exit 1"]);
    let id = room.sandbox.add(&["Make it two", "--topic", "t"]);
    let work = |agent: &str, setting: String| {
        room.chant(&["reset", &id]);
        room.sandbox.run(git_with(&room, &setting, &id).args(["--agent", agent])).err
    };
    for key in ["chant.budget", "chant.budget.topic", "chant.budget.day"] {
        let told = work("codex", format!("{key}=1"));
        let warning = format!("{key} does not limit 'codex': it reports tokens only");
        assert!(told.contains(&warning) && told.contains(&format!("git config {key} \"500k tokens\"")), "{told}");
        assert!(told.find(&warning) < told.find("Make it two"), "{told}");
        assert!(!work("codex", format!("{key}=1k tokens")).contains("does not limit"));
        assert!(!work("claude", format!("{key}=1")).contains("does not limit"));
        let told = work("claude", format!("{key}=1 EUR"));
        assert!(told.contains(&format!("{key} does not limit 'claude': it reports US dollars")), "{told}");
        let told = work("mine", format!("{key}=1k tokens"));
        assert!(told.contains(&format!("{key} does not limit 'mine': it reports no cost")), "{told}");
    }
}

/// A message of claude, with its tokens.
const SAID: &str = "{\"type\":\"system\",\"subtype\":\"init\",\"session_id\":\"ses-r\",\"model\":\"m\"}\n\
                    {\"type\":\"assistant\",\"message\":{\"id\":\"m1\",\"usage\":{\"input_tokens\":700,\"output_tokens\":7},\"content\":[{\"type\":\"text\",\"text\":\"I look.\"}]}}\n";

/// How claude ends well.
const DONE: &str =
    "{\"type\":\"result\",\"subtype\":\"success\",\"is_error\":false,\"result\":\"Done.\",\"session_id\":\"ses-r\"}\n";

/// How claude says that its model is overloaded.
const OVERLOADED: &str = "{\"type\":\"result\",\"subtype\":\"success\",\"is_error\":true,\"api_error_status\":529,\
                          \"result\":\"API Error: 529 Overloaded\",\"session_id\":\"ses-r\"}\n";

#[test]
fn a_review_is_counted_by_its_agent_however_it_ends_and_says_why_it_stopped() {
    let room = Room::with("codex", "{\"type\":\"thread.started\",\"thread_id\":\"th-1\"}\n", DOES_IT);
    room.sandbox.git(&["config", "chant.review", "all"]);
    room.sandbox.git(&["config", "chant.progress", "1ms"]);
    let id = room.add();
    room.chant(&["work", &id, "--agent", "codex"]).fails(1, &["waiting for your review"]);
    room.chant(&["review", &id, "--agent", "claude"])
        .fails(128, &["cannot start agent 'claude': 'claude' is not in PATH"]);
    room.install("claude", &format!("{SAID}{OVERLOADED}"), "echo '{}' | grep -q . ; sleep 0.3; trap 'exit 1' EXIT");
    let failed =
        room.chant(&["review", &id, "--agent", "claude"]).fails(1, &["cannot review", "the model is overloaded"]);
    assert!(failed.err.contains("waiting for the agent, "), "{}", failed.err);
    let by_agent = || room.chant(&["cost", "--by", "agent"]).ok().out;
    assert!(by_agent().starts_with("claude  700 tokens in, 7 out (1 run)\n"), "{}", by_agent());
    let accepts = "{\"type\":\"assistant\",\"message\":{\"id\":\"m2\",\"content\":[{\"type\":\"text\",\"text\":\"Verdict: accept\"}]}}\n";
    room.install("claude", &format!("{SAID}{accepts}{DONE}"), "");
    room.chant(&["review", &id, "--agent", "claude"]).ok();
    assert!(by_agent().starts_with("claude  1400 tokens in, 14 out (2 runs)\n"), "{}", by_agent());
    let log = room.chant(&["log", &id, "--json"]).ok().json();
    let notes: Vec<_> = log["events"].as_array().unwrap().iter().filter(|event| event["op"] == "note").collect();
    assert_eq!(notes.len(), 2, "{log:#}");
    assert!(notes.iter().all(|note| note["agent"] == "claude" && note["session"] == "ses-r"), "{notes:#?}");
    assert_eq!((&room.sandbox.show(&id)["agent"], room.sandbox.status(&id).as_str()), (&"codex".into(), "finished"));
    assert_eq!(room.chant(&["fsck", "--json"]).ok().json()["problems"], serde_json::json!([]));
}

#[test]
fn a_proposal_to_split_is_counted_by_its_agent_however_it_ends() {
    let room = Room::with("claude", &format!("{SAID}{OVERLOADED}"), "trap 'exit 1' EXIT");
    room.use_agent("claude");
    // A file that nothing is recorded of yet.
    let id = "2026-02-08-001-abc";
    room.sandbox.write(&format!(".chant/specs/{id}.md"), "# Two things\n\nBoth.\n");
    room.chant(&["split", id, "--yes"]).fails(1, &["cannot split", "the model is overloaded"]);
    assert_eq!(
        room.chant(&["cost", "--by", "agent"]).ok().out,
        "claude  700 tokens in, 7 out (1 run)\nTotal: 700 tokens in, 7 out (1 run)\n"
    );
    assert_eq!(room.sandbox.status(id), "pending");
}

#[test]
fn what_fails_after_the_agent_leaves_its_work_and_its_cost() {
    let room = Room::new();
    let said = format!("printf '%s' '{SAID}'");
    // What git-chant compares with goes away under it.
    let breaks = "d=$(git rev-parse --git-common-dir)/chant; rm -rf \"$d/seen\"; touch \"$d/seen\"";
    room.install("claude", "", &format!("{said}; echo half >file; git commit -qam Half; {breaks}"));
    room.use_agent("claude");
    let id = room.add();
    room.chant(&["work", &id]).fails(128, &["chant/seen"]);
    let spec = room.sandbox.show(&id);
    assert_eq!(
        (spec["status"].as_str(), spec["cost"]["text"].as_str()),
        (Some("paused"), Some("700 tokens in, 7 out"))
    );
    std::fs::remove_file(room.sandbox.repo.join(".git/chant/seen")).unwrap();
    room.install("claude", &format!("{SAID}{DONE}"), &format!("git log -1 --format=%s >\"$HOME/tip\"; {DOES_IT}"));
    room.chant(&["work", &id]).ok();
    assert!(room.args()[1].contains("ses-r"), "{:?}", room.args());
    assert_eq!(std::fs::read_to_string(room.sandbox.dir().join("home/tip")).unwrap(), "Half\n");
    assert_eq!(room.sandbox.show(&id)["cost"]["text"], "1400 tokens in, 14 out");
}

#[test]
fn a_run_is_counted_once_where_git_chant_dies_in_the_checks() {
    let room =
        Room::with("claude", &format!("{SAID}{DONE}"), &format!("{DOES_IT}; test -e \"$HOME/second\" && echo >go"));
    room.use_agent("claude");
    room.sandbox.write("../body.md", "## Acceptance Criteria\n\n- [ ] file says two\n");
    let verify = "test -e go || { echo in the check; sleep 1000; }";
    let id = room.sandbox.add(&["Make it two", "--body-file", "../body.md", "--verify", verify]);
    let mut child = working(&room, &id, "in the check");
    child.kill().unwrap();
    child.wait().unwrap();
    std::fs::write(room.sandbox.dir().join("home/second"), "").unwrap();
    room.chant(&["work", &id]).ok();
    assert_eq!(room.sandbox.show(&id)["cost"]["text"], "1400 tokens in, 14 out");
    assert_eq!(room.chant(&["cost", "--json"]).ok().json()["costs"]["runs"], 2);
}
