//! Repositories that earlier versions wrote stay readable, workable and syncable, both ways. Each version recorded its own by
//! `tests/upgrade/record`. `CHANT_OLD=<dir>` names a directory with an earlier git-chant, which then reads and extends what this one writes.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

use crate::support::{Ran, Sandbox, tools::report};

/// The versions whose repositories are kept.
const VERSIONS: [&str; 1] = ["0.1"];

const ALL: [&str; 3] = ["refs/heads/*:refs/heads/*", "refs/chant/*:refs/chant/*", "refs/notes/*:refs/notes/*"];

const AGENT: &str = "test \"$CHANT_PHASE\" || echo done >\"done-$CHANT_SPEC_ID\"; tick";

fn kept(version: &str, suffix: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/upgrade/{version}.{suffix}"))
}

/// The status of each spec by its id, as that version listed it.
fn listed(version: &str) -> BTreeMap<String, String> {
    let text = std::fs::read_to_string(kept(version, "list")).unwrap();
    let words = text.lines().map(|line| line.split(' ').map(str::to_owned).collect::<Vec<_>>());
    words.map(|words| (words[0].clone(), words[1].clone())).collect()
}

/// The recorded clone, as this version finds it, and a server that has what that clone pushed.
fn recorded(version: &str) -> Sandbox {
    let sandbox = Sandbox::empty();
    let bundle = kept(version, "bundle");
    let bundle = bundle.to_str().unwrap();
    for key in [["core.logAllRefUpdates", "always"], ["chant.trust", "always"], ["chant.remote", "origin"]] {
        sandbox.git(&[&["config"], &key[..]].concat());
    }
    sandbox.git(&[&["fetch", "-q", "--update-head-ok", bundle], &ALL[..]].concat());
    sandbox.git(&["reset", "-q", "--hard", "main"]);
    sandbox.git(&["init", "-q", "--bare", "-b", "main", "../server.git"]);
    sandbox.git(&[&["-C", "../server.git", "fetch", "-q", bundle], &ALL[..]].concat());
    sandbox.git(&["remote", "add", "origin", "../server.git"]);
    sandbox.agent(AGENT);
    sandbox
}

/// A clone of the server that knows no spec yet.
fn cloned(sandbox: &Sandbox) -> PathBuf {
    let clone = sandbox.dir().join("clone");
    sandbox.git(&["clone", "-q", "../server.git", clone.to_str().unwrap()]);
    for key in ["chant.trust", "chant.remote", "chant.agent", "chant.agent.scripted.cmd"] {
        let value = sandbox.git(&["config", key]);
        sandbox.git_in(&clone, &["config", key, &value]);
    }
    clone
}

fn statuses(specs: &Value) -> BTreeMap<String, String> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    specs["specs"].as_array().unwrap().iter().map(|spec| (text(&spec["id"]), text(&spec["status"]))).collect()
}

fn all(sandbox: &Sandbox, dir: &Path) -> BTreeMap<String, String> {
    statuses(&sandbox.chant_in(dir, &["list", "--all", "--json"]).ok().json())
}

fn refs(sandbox: &Sandbox, dir: &Path) -> String {
    sandbox.git_in(dir, &["for-each-ref", "refs/chant", "refs/notes"])
}

/// Nothing is wrong there. What another clone has not fetched yet, a commit that a note is about, is worth a warning at most.
#[track_caller]
fn is_sound(sandbox: &Sandbox, dir: &Path) {
    let found = sandbox.chant_in(dir, &["fsck", "--json"]).ok().json();
    let errors: Vec<&Value> =
        found["problems"].as_array().unwrap().iter().filter(|problem| problem["severity"] != "warning").collect();
    assert!(errors.is_empty(), "{errors:#?}");
}

/// Whether others of these specs are its members.
fn is_driver(specs: &BTreeMap<String, String>, id: &str) -> bool {
    specs.contains_key(&format!("{id}.1"))
}

#[test]
fn what_an_earlier_version_wrote_is_readable() {
    for version in VERSIONS {
        let sandbox = recorded(version);
        assert_eq!(all(&sandbox, &sandbox.repo), listed(version), "{version}");
        for id in listed(version).keys() {
            let shown = sandbox.show(id);
            assert_eq!(shown["id"], **id);
            let log = sandbox.chant(&["log", id, "--json"]).ok().json();
            assert!(!log["events"].as_array().unwrap().is_empty(), "{id}");
            for command in ["show", "log"] {
                assert!(!sandbox.chant(&[command, id]).ok().out.is_empty(), "{command} {id}");
            }
        }
        assert!(sandbox.chant(&["graph", "wrong-sum"]).ok().out.contains("Root cause of wrong-sum"));
        let status = sandbox.chant(&["status"]).ok().out;
        for line in ["Wait for approval", "claimed by 2 attempts", "over the weekend", "1 of 2 members done"] {
            assert!(status.contains(line), "{line}: {status}");
        }
        let why = sandbox.chant(&["why", "tests/sum:2"]).ok().out;
        assert!(why.contains("Reproduce wrong-sum"), "{why}");
        assert!(sandbox.chant(&["report", "wrong-sum"]).ok().out.contains("The sum is wrong"));
        is_sound(&sandbox, &sandbox.repo);
    }
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn what_an_earlier_version_began_is_workable() {
    for version in VERSIONS {
        let sandbox = recorded(version);
        let before = all(&sandbox, &sandbox.repo);
        let of = |status: &str| -> Vec<&str> {
            before.iter().filter(|(_, is)| *is == status).map(|(id, _)| id.as_str()).collect()
        };
        let contended = of("finished").into_iter().find(|id| sandbox.show(id)["title"] == "Do it twice").unwrap();
        let attempt = sandbox.show(contended)["attempt"].as_str().unwrap().to_owned();
        sandbox.chant(&["choose", contended, "--keep", &attempt]).ok();
        for id in of("finished") {
            sandbox.chant(&["merge", id]).ok();
        }
        for id in [of("failed"), of("paused")].concat() {
            sandbox.chant(&["work", id]).ok();
        }
        let waits = before.keys().find(|id| sandbox.show(id)["title"] == "Wait for approval").unwrap();
        sandbox.chant(&["approve", waits]).ok();
        for id in of("pending").into_iter().filter(|id| sandbox.show(id)["topic"].is_null() && !is_driver(&before, id))
        {
            sandbox.chant(&["work", id]).ok();
        }
        for id in of("archived") {
            sandbox.chant(&["archive", "--restore", id]).ok();
        }
        let after = all(&sandbox, &sandbox.repo);
        let open: Vec<_> = after.iter().filter(|(_, is)| *is != "completed" && *is != "cancelled").collect();
        // What is left of the investigation needs other agents, and a person.
        assert!(open.iter().all(|(id, _)| sandbox.show(id)["topic"] == "wrong-sum"), "{open:?}");
        is_sound(&sandbox, &sandbox.repo);
    }
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn what_an_earlier_version_pushed_is_exchanged_both_ways() {
    for version in VERSIONS {
        let sandbox = recorded(version);
        let clone = cloned(&sandbox);
        sandbox.chant_in(&clone, &["sync"]).ok();
        assert_eq!(all(&sandbox, &clone), listed(version), "{version}");
        let failed = listed(version).into_iter().find(|(_, status)| status == "failed").unwrap().0;
        sandbox.chant_in(&clone, &["work", &failed]).ok();
        sandbox.chant_in(&clone, &["archive", &failed]).ok();
        sandbox.git_in(&clone, &["push", "-q", "origin", "main"]);
        sandbox.chant_in(&clone, &["sync"]).ok();
        let paused = listed(version).into_iter().find(|(_, status)| status == "paused").unwrap().0;
        sandbox.chant(&["cancel", &paused, "--reason", "another way"]).ok();
        sandbox.chant(&["sync"]).ok();
        sandbox.chant_in(&clone, &["sync"]).ok();
        for dir in [&sandbox.repo, &clone] {
            let now = all(&sandbox, dir);
            assert_eq!((now[&failed].as_str(), now[&paused].as_str()), ("archived", "cancelled"));
            is_sound(&sandbox, dir);
        }
        assert_eq!(refs(&sandbox, &sandbox.repo), refs(&sandbox, &clone));
    }
}

#[test]
fn an_earlier_version_reads_and_extends_what_this_one_writes() {
    let Some(old) = std::env::var_os("CHANT_OLD") else {
        return report("CHANT_OLD, a directory with an earlier git-chant");
    };
    let sandbox = recorded(VERSIONS[0]);
    let clone = cloned(&sandbox);
    let earlier = |args: &[&str]| -> Ran {
        let mut command: Command = sandbox.command_in(&clone, Path::new(&old).join("git-chant"));
        sandbox.run(command.args(args))
    };
    earlier(&["sync"]).ok();
    sandbox.chant(&["investigate", "another", "--title", "Another bug"]).ok();
    let failed = listed(VERSIONS[0]).into_iter().find(|(_, status)| status == "failed").unwrap().0;
    sandbox.chant(&["note", &failed, "-m", "try again"]).ok();
    sandbox.chant(&["work", &failed]).ok();
    sandbox.chant(&["archive", &failed]).ok();
    sandbox.commit("More specs");
    sandbox.git(&["push", "-q", "origin", "main"]);
    sandbox.chant(&["sync"]).ok();
    sandbox.git_in(&clone, &["pull", "-q"]);
    earlier(&["sync"]).ok();
    assert_eq!(statuses(&earlier(&["list", "--all", "--json"]).ok().json()), all(&sandbox, &sandbox.repo));
    let pending = listed(VERSIONS[0]).into_iter().find(|(_, status)| status == "pending").unwrap().0;
    earlier(&["work", &pending]).ok();
    sandbox.git_in(&clone, &["push", "-q", "origin", "main"]);
    earlier(&["sync"]).ok();
    sandbox.chant(&["sync"]).ok();
    assert_eq!(sandbox.status(&pending), "completed");
    assert_eq!(refs(&sandbox, &sandbox.repo), refs(&sandbox, &clone));
    is_sound(&sandbox, &sandbox.repo);
    earlier(&["fsck"]).ok();
}
