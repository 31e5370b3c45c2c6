//! Several specs at once, with an agent that stops by all that real ones were recorded to stop by: each ends completed or with a true
//! reason, nothing is lost, and the cost adds up. With the real agent and a scripted model it takes half an hour.

use serde_json::Value;

use super::{CLAUDE, Room};

const STOPS: [(&str, &str, &str); 6] = [
    ("overload", include_str!("../../../src/agent/preset/recorded/stops/claude-overload.jsonl"), "exit 1"),
    ("question", include_str!("../../../src/agent/preset/recorded/stops/claude-question.jsonl"), "exit 0"),
    ("rate-limit", include_str!("../../../src/agent/preset/recorded/stops/claude-rate-limit.jsonl"), "exit 1"),
    ("refusal", include_str!("../../../src/agent/preset/recorded/stops/claude-refusal.jsonl"), "exit 1"),
    ("turn-limit", include_str!("../../../src/agent/preset/recorded/stops/claude-turn-limit.jsonl"), "exit 1"),
    ("killed", "", "kill -9 $$"),
];

/// An agent whose every other run stops, each time by the next of [`STOPS`].
fn room() -> Room {
    let room = Room::new();
    let mut cases = String::new();
    for (at, (name, output, end)) in STOPS.iter().enumerate() {
        let path = room.sandbox.dir().join(name);
        std::fs::write(&path, output).unwrap();
        cases.push_str(&format!("{at}) cat '{}'; {end} ;;\n", path.display()));
    }
    let count = "mkdir -p ~/runs; mktemp ~/runs/XXXXXXXX >/dev/null; n=$(ls ~/runs | wc -l)";
    let does_it = "echo two >\"$CHANT_SPEC_ID\"; tick";
    let script = format!("{count}\n[ $((n % 2)) = 0 ] || case $((n / 2 % 6)) in\n{cases}esac\n{does_it}");
    room.install("claude", CLAUDE, &script);
    room.use_agent("claude");
    room.sandbox.git(&["config", "chant.rateLimitPause", "1s"]);
    room.sandbox.write("../body.md", "## Acceptance Criteria\n\n- [ ] it is done\n");
    room
}

fn specs(room: &Room) -> Vec<Value> {
    room.chant(&["list", "--all", "--json"]).ok().json()["specs"].as_array().unwrap().clone()
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn every_spec_ends_completed_or_with_a_true_reason_and_the_cost_adds_up() {
    let room = room();
    let mut before = None;
    for number in 1..=6 {
        let title = format!("Part {number}");
        let mut args = vec!["--body-file", "../body.md"];
        // Pairs: the second of each waits for the first.
        args.extend(before.iter().flat_map(|id: &String| ["--depends-on", id.as_str()]));
        let id = room.sandbox.add(&[&[title.as_str()], &args[..]].concat());
        before = before.is_none().then_some(id);
    }
    for _ in 0..12 {
        room.chant(&["work", "--all", "--chain", "--jobs", "2", "--keep-going"]);
        for spec in specs(&room).iter().filter(|spec| spec["status"] != "completed" && spec["status"] != "pending") {
            let id = spec["id"].as_str().unwrap();
            let log = room.chant(&["log", id, "--json"]).ok().json();
            let last = log["events"].as_array().unwrap().iter().find(|event| event["op"] != "note").unwrap().clone();
            let (stopped, reason) = (last["stopped"].as_str(), last["reason"].as_str());
            assert!(STOPS.iter().any(|(name, ..)| stopped == Some(name)) && reason.is_some(), "{last:#}");
            room.chant(&["work", id]);
        }
    }
    let ended = specs(&room);
    assert!(ended.iter().all(|spec| spec["status"] == "completed"), "{ended:#?}");
    for spec in &ended {
        assert_eq!(room.sandbox.read(spec["id"].as_str().unwrap()), "two\n", "nothing is lost");
    }
    let costs = room.chant(&["cost", "--json"]).ok().json()["costs"].clone();
    let (mut into, mut runs) = (0, 0);
    for spec in &ended {
        let log = room.chant(&["log", spec["id"].as_str().unwrap(), "--json"]).ok().json();
        for usage in log["events"].as_array().unwrap().iter().filter_map(|event| event["usage"]["tokens_in"].as_u64()) {
            (into, runs) = (into + usage, runs + 1);
        }
    }
    assert_eq!((costs["total"]["tokens_in"].as_u64(), costs["runs"].as_u64()), (Some(into), Some(runs)), "{costs:#}");
    assert!(runs >= 6, "{costs:#}");
    assert_eq!(room.chant(&["fsck", "--json"]).ok().json()["problems"], serde_json::json!([]));
    assert_eq!(room.sandbox.git(&["worktree", "list"]).lines().count(), 1);
}
