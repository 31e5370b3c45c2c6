//! What stands on stdout under `--json` is what its schema says: every command, every answer that it has, and errors.

use std::{cell::RefCell, collections::BTreeSet, path::Path};

use git_chant::testing::schema;
use serde_json::{Value, json};

use crate::{
    support::{Ran, Sandbox},
    validator::faults,
};

/// The schema of each answer, which here allows no member that is not in it: a new member has to be named there.
pub struct Contract {
    definitions: Value,
    seen: RefCell<BTreeSet<(String, String)>>,
}

impl Contract {
    pub fn new() -> Contract {
        let mut definitions = schema::document()["$defs"].clone();
        close(&mut definitions);
        Contract { definitions, seen: RefCell::default() }
    }

    /// What is wrong with `value` as an answer of that name; nothing if it is one.
    pub fn faults(&self, answer: &str, value: &Value) -> Option<String> {
        let schema = self.definitions.get(answer).expect("each answer has a schema");
        let faults = faults(schema, &self.definitions, value);
        (!faults.is_empty()).then(|| faults.join("\n"))
    }

    /// The one object on stdout, which has to be an answer of `command`, or an error where it failed fatally.
    #[track_caller]
    pub fn holds(&self, command: &str, ran: &Ran) -> Value {
        let value = ran.json();
        let answers = schema::answers_of(command);
        let fits = |answer: &str| self.faults(answer, &value);
        let faults: Vec<_> =
            answers.iter().map(String::as_str).chain(["Failure"]).map(|answer| (answer, fits(answer))).collect();
        let Some((answer, _)) = faults.iter().find(|(_, faults)| faults.is_none()) else {
            panic!("{command}: {faults:#?}\n{value:#}")
        };
        assert_eq!(*answer == "Failure", value.get("error").is_some(), "{command}: {value:#}");
        assert!(*answer != "Failure" || ran.code != 0, "{command}: {value:#}");
        self.seen.borrow_mut().insert((command.to_owned(), (*answer).to_owned()));
        value
    }
}

/// Forbids every member that is not named.
fn close(schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            map.values_mut().for_each(close);
            if map.contains_key("properties") {
                map.entry("additionalProperties").or_insert(json!(false));
            }
        }
        Value::Array(list) => list.iter_mut().for_each(close),
        _ => {}
    }
}

/// The repository in which every command is run.
struct Room {
    sandbox: Sandbox,
    contract: Contract,
}

impl Room {
    /// Runs a command under `--json` and holds what it printed against its schema.
    #[track_caller]
    fn run_in(&self, dir: &Path, code: i32, args: &[&str]) -> Value {
        let ran = self.sandbox.chant_in(dir, &[args, &["--json"]].concat());
        assert_eq!(ran.code, code, "{args:?}\n{}\n{}", ran.out, ran.err);
        assert_eq!(ran.out.lines().count(), 1, "{args:?}: one object on one line");
        self.contract.holds(args[0], &ran)
    }

    #[track_caller]
    fn run(&self, code: i32, args: &[&str]) -> Value {
        self.run_in(&self.sandbox.repo, code, args)
    }

    #[track_caller]
    fn ok(&self, args: &[&str]) -> Value {
        self.run(0, args)
    }

    /// A new spec; its full id.
    #[track_caller]
    fn add(&self, args: &[&str]) -> String {
        let added = self.ok(&[&["add"], args].concat());
        added["spec"]["id"].as_str().unwrap().to_owned()
    }
}

#[test]
fn a_member_that_the_schema_does_not_name_is_found() {
    let contract = Contract::new();
    assert_eq!(contract.faults("Specs", &json!({ "format": 1, "specs": [] })), None);
    for drifted in [
        json!({ "format": 1, "specs": [], "more": 1 }),
        json!({ "format": 2, "specs": [] }),
        json!({ "specs": [] }),
        json!({ "format": 1, "specs": null }),
        json!({ "format": 1, "specs": [{ "id": "2026-02-08-001-abc" }] }),
    ] {
        assert!(contract.faults("Specs", &drifted).is_some(), "{drifted}");
    }
}

/// One test, because one repository serves them all.
#[test]
#[ignore = "slow: .ci/run runs it"]
fn every_answer_is_what_its_schema_says() {
    let room = Room { sandbox: Sandbox::new(), contract: Contract::new() };
    errors(&room);
    worked(&room);
    by_hand(&room);
    investigated(&room);
    exchanged(&room);
    taken_away(&room);
    let seen = room.contract.seen.into_inner();
    let missing: Vec<_> = schema::commands()
        .into_iter()
        .map(|(command, name)| (command.to_owned(), name))
        .filter(|answer| !seen.contains(answer))
        .map(|(command, name)| format!("{command}: {name}"))
        .collect();
    // What chant.notify gets has a test of its own; the demo and bisect hold their answers against the schema in their own tests; the others are the answers of 'reset' and 'work' again.
    assert_eq!(
        missing,
        ["merge: Recorded", "merge: Worked", "work: Notice", "bisect: BisectAnswer", "demo: DemoAnswer"]
    );
}

fn errors(room: &Room) {
    room.run_in(room.sandbox.dir(), 128, &["list"]);
    room.run(128, &["show", "nonsense"]);
    room.run(129, &["list", "--nonsense"]);
    room.run(129, &["show"]);
    room.run_in(&room.sandbox.repo, 129, &["schema", "nonsense"]);
    room.sandbox.write(".chant/specs/2026-02-08-001-abc.md", "---\ntype: cod\nlabels: [a, a]\n---\n# A\n");
    let found = room.run(1, &["lint"]);
    assert_eq!(found["problems"][0]["line"], 2, "{found:#}");
    let failed = room.run(128, &["work", "2026-02-08-001-abc"]);
    assert_eq!(failed["error"]["diagnostics"][0]["line"], 2, "{failed:#}");
    room.ok(&["list"]);
    room.ok(&["list", "--ready", "--explain"]);
    room.ok(&["status"]);
    room.ok(&["cost"]);
    std::fs::remove_file(room.sandbox.repo.join(".chant/specs/2026-02-08-001-abc.md")).unwrap();
    // A directory that is not there: nothing of the repository is known yet.
    let ran = room.sandbox.run(&mut room.sandbox.binary(&["-C", "not/there", "list", "--json"]));
    assert_eq!(room.contract.holds("list", &ran)["error"]["code"], "no-directory");
}

fn worked(room: &Room) {
    let sandbox = &room.sandbox;
    room.ok(&["init"]);
    room.ok(&["instructions"]);
    room.ok(&["schema", "list"]);
    room.ok(&["help", "work"]);
    room.ok(&["version"]);
    let build = room.ok(&["version", "--build"])["build"].clone();
    assert!(build["rustc"].as_str().is_some_and(|rustc| rustc.starts_with("rustc ")), "{build:#}");
    assert!(build["target"].is_string() && build["gix"].is_string(), "{build:#}");
    room.ok(&["install-man", "--dry-run"]);
    sandbox.agent("echo $CHANT_SPEC_ID >>file; tick");
    let first = room.add(&["First", "--verify", "true", "--target-file", "file", "--label", "a"]);
    let second = room.add(&["Second", "--depends-on", &first]);
    room.ok(&["next"]);
    room.ok(&["list"]);
    room.ok(&["list", "--ready"]);
    room.ok(&["list", "--ready", "--explain"]);
    room.ok(&["show", &second]);
    room.ok(&["graph"]);
    let worked = room.ok(&["work", &first]);
    assert_eq!(worked["merged"]["target"], "main", "{worked:#}");
    room.ok(&["attest", &first]);
    room.sandbox.write(".git/unsigned.json", r#"{"payload":"e30=","payloadType":"x","signatures":[]}"#);
    room.run(1, &["attest", "--verify", ".git/unsigned.json"]);
    room.ok(&["show", &first]);
    let ids =
        sandbox.git(&["rev-list", "--first-parent", "--grep=^Chant-Op: finish$", &format!("chant/specs/{first}")]);
    let recorded = sandbox.git(&["cat-file", "blob", &format!("{ids}:checks.json")]);
    assert_eq!(room.contract.faults("Checks", &serde_json::from_str(&recorded).unwrap()), None);
    room.ok(&["show", &first, &second]);
    room.ok(&["log", &first]);
    room.ok(&["log", &first, "--show-signature"]);
    room.ok(&["log", &first, "--agent"]);
    room.ok(&["log", &first, "--agent", "--follow"]);
    room.ok(&["verify", &first]);
    room.ok(&["why", "file:2"]);
    room.ok(&["changelog", "HEAD"]);
    room.ok(&["work", &second, "--no-merge"]);
    room.ok(&["status"]);
    room.ok(&["review", &second]);
    sandbox.git(&["config", "chant.agent.reader.cmd", "echo Verdict: accept"]);
    room.ok(&["review", &second, "--agent", "reader"]);
    room.ok(&["merge", &second]);
    room.ok(&["merge", "--all"]);
    sandbox.git(&["config", "chant.agent.bad.cmd", "exit 1"]);
    let third = room.add(&["Third"]);
    let failed = room.run(1, &["work", &third, "--agent", "bad"]);
    assert_ne!(failed["failed"], json!(null), "{failed:#}");
    room.ok(&["status"]);
    room.ok(&["reset", &third]);
    room.ok(&["work", "--all"]);
    room.ok(&["verify", "--all"]);
    room.ok(&["archive", &first]);
    room.ok(&["archive", "--fold"]);
    room.ok(&["archive", "--restore", &first]);
}

/// What a person does, and what is said of a spec.
fn by_hand(room: &Room) {
    let sandbox = &room.sandbox;
    let id = room.add(&["By hand", "--needs-approval"]);
    room.ok(&["reject", &id, "-m", "No."]);
    room.ok(&["status"]);
    room.ok(&["approve", &id]);
    let edit = sandbox.run(sandbox.binary(&["edit", &id, "--json"]).env("GIT_EDITOR", "true"));
    room.contract.holds("edit", &edit.ok());
    let place = room.ok(&["work", &id, "--agent", "manual"])["path"].as_str().unwrap().to_owned();
    room.ok(&["status"]);
    room.ok(&["path", &id]);
    room.ok(&["pause", &id, "-m", "Lunch"]);
    room.ok(&["status"]);
    room.ok(&["takeover", &id]);
    std::fs::write(Path::new(&place).join("mine"), "mine\n").unwrap();
    room.ok(&["finish", &id]);
    let claimed = room.add(&["Claimed"]);
    room.ok(&["next", "--claim"]);
    room.ok(&["release", &claimed]);
    room.ok(&["cancel", &claimed]);
    let failed = room.add(&["Failed"]);
    room.ok(&["work", &failed, "--agent", "manual"]);
    room.ok(&["note", &failed, "-m", "It is long"]);
    room.ok(&["fail", &failed, "-m", "It is too hard"]);
    room.ok(&["accept", &failed, "-m", "Seen"]);
    room.ok(&["cancel", &failed]);
    sandbox.write("body.md", "# It\n\n## One\n\nx\n\n## Two\n\ny\n");
    let driver = room.add(&["Two things", "--type", "driver", "--body-file", "body.md"]);
    room.ok(&["split", &driver, "--by-heading"]);
    room.ok(&["status"]);
    room.ok(&["lint"]);
    std::fs::remove_file(sandbox.repo.join("body.md")).unwrap();
}

fn investigated(room: &Room) {
    let sandbox = &room.sandbox;
    sandbox.write("notes.md", "one\n");
    sandbox.git(&["add", "notes.md"]);
    sandbox.git(&["commit", "-qm", "Notes"]);
    let reads = room.add(&["Reads", "--informed-by", "notes.md"]);
    sandbox.agent("echo told >>told; git add told; git commit -qm Told; tick");
    room.ok(&["work", &reads]);
    sandbox.write("notes.md", "two\n");
    sandbox.git(&["commit", "-qam", "More notes"]);
    let drift = room.ok(&["drift"]);
    assert_eq!(drift["drift"][0]["input"], "notes.md", "{drift:#}");
    sandbox.git(&["branch", "fix/fix-it"]);
    let fix = room.add(&["Fix it", "--topic", "fix-it", "--onto", "fix/fix-it"]);
    room.ok(&["work", &fix]);
    let args = ["investigate", "issue-1", "--title", "Writes are lost", "--phases", "root-cause,fork-fix,upstream-pr"];
    room.ok(&[&args[..], &["--reproduces", "false"]].concat());
    room.ok(&["status", "issue-1"]);
    room.ok(&["graph", "--topic", "issue-1"]);
    room.ok(&["report", "issue-1"]);
    room.ok(&["report", "--index", "../pages"]);
    room.ok(&["verify", "--since", "HEAD"]);
}

fn exchanged(room: &Room) {
    let sandbox = &room.sandbox;
    for remote in ["origin", "upstream"] {
        let bare = sandbox.dir().join(remote);
        sandbox.git(&["init", "-q", "--bare", "-b", "main", bare.to_str().unwrap()]);
        sandbox.git(&["remote", "add", remote, bare.to_str().unwrap()]);
        sandbox.git(&["push", "-q", remote, "main"]);
    }
    room.ok(&["pr", "fix-it", "--stage"]);
    let both = room.add(&["Both"]);
    sandbox.git(&["add", ".chant"]);
    sandbox.git(&["commit", "-qm", "Specs"]);
    sandbox.git(&["push", "-q", "origin", "main"]);
    room.ok(&["sync", "--dry-run"]);
    room.ok(&["sync"]);
    let other = sandbox.dir().join("other");
    sandbox.git(&["clone", "-q", sandbox.dir().join("origin").to_str().unwrap(), other.to_str().unwrap()]);
    sandbox.git_in(&other, &["config", "chant.agent.scripted.cmd", "true"]);
    room.run_in(&other, 0, &["sync"]);
    room.run_in(&other, 0, &["work", &both, "--agent", "manual"]);
    room.ok(&["work", &both, "--agent", "manual"]);
    room.run_in(&other, 0, &["sync"]);
    let met = room.ok(&["sync"]);
    assert!(met["exchanged"].as_array().unwrap().iter().any(|one| one["way"] == "contended"), "{met:#}");
    room.ok(&["status"]);
    let mine = room.ok(&["show", &both])["spec"]["attempt"].as_str().unwrap().to_owned();
    room.ok(&["choose", &both, "--keep", &mine]);
}

fn taken_away(room: &Room) {
    let sandbox = &room.sandbox;
    sandbox.write(
        ".chant/specs/2026-01-01-001-old.md",
        "---\ntype: code\nstatus: completed\ncommits: [abcdef1]\n---\n# Old\n",
    );
    let imported = room.ok(&["import", "--dry-run"]);
    assert_eq!(imported["left"].as_array().map(Vec::len), Some(1), "{imported:#}");
    room.ok(&["import"]);
    sandbox.git(&["update-ref", "-d", "refs/notes/chant"]);
    let found = sandbox.chant(&["fsck", "--json"]);
    assert!(!room.contract.holds("fsck", &found)["problems"].as_array().unwrap().is_empty());
    room.ok(&["recover"]);
    room.ok(&["prune", "--dry-run"]);
    room.ok(&["hooks", "install", "--dry-run"]);
    room.ok(&["hooks"]);
    room.ok(&["deinit", "--dry-run"]);
    room.ok(&["deinit"]);
    let outside = Sandbox::new();
    assert_eq!(room.run_in(&outside.repo, 0, &["instructions"]), json!({ "format": 1 }));
    room.run_in(&outside.repo, 0, &["list"]);
}
