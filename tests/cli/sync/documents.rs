//! Silent mode: what the events carry, and no branch does, appears in the other clone where a person needs it.

use std::{fs, path::Path};

use super::net::Net;
use crate::support::Ran;

const AGENT: &str = r#"
mkdir -p .chant/research; cat .chant/research/* >>../seen
printf '# Found\n\n## Recommendation\n\nFOUND in %s.\n' "$CHANT_PHASE" >".chant/research/t-$CHANT_PHASE.md"
sed 's/- \[ \]/- [x]/' "$CHANT_SPEC_FILE" >.t; cat .t >"$CHANT_SPEC_FILE"; rm .t
"#;

/// Two clones in silent mode that share the remote, and the ids of an investigation that clone 0 began with a report.
fn begun(phases: &str) -> (Net, Vec<String>) {
    let net = Net::new(2);
    for clone in 0..2 {
        net.chant(clone, &["init", "--silent"]).ok();
        net.git(clone, &["config", "chant.remote", "origin"]);
        net.agent(clone, AGENT);
    }
    fs::write(net.sandbox.dir().join("report"), "# Writes are lost\n\nTHE REPORT.\n").unwrap();
    let out = net.chant(0, &["investigate", "t", "--from", "../report", "--phases", phases]).ok().out;
    let ids = out.lines().map(|line| line["Created spec: ".len()..][..18].to_owned()).collect();
    settle(&net);
    (net, ids)
}

fn settle(net: &Net) {
    net.settle(|count| (0..count).collect());
}

fn read(net: &Net, clone: usize, path: &str) -> String {
    fs::read_to_string(net.dir(clone).join(path)).unwrap_or_default()
}

fn edit(net: &Net, clone: usize, spec: &str, script: &str) -> Ran {
    let mut edit = net.sandbox.command_in(net.dir(clone), env!("CARGO_BIN_EXE_git-chant"));
    net.sandbox.run(edit.args(["edit", spec]).env("GIT_EDITOR", format!("sed -i '{script}'")))
}

const REPORT: &str = ".chant/research/t-report.md";

#[test]
#[ignore = "slow: .ci/run runs it"]
fn the_report_of_one_clone_is_there_in_the_other() {
    let (net, ids) = begun("comprehension,root-cause");
    assert!(read(&net, 1, REPORT).contains("THE REPORT"), "sync brought it");
    assert_eq!(net.show(1, &ids[0])["blocked_by"], serde_json::json!([]));
    // A plain fetch does as well, and so does a command that needs it.
    let absent = || fs::remove_file(net.dir(1).join(REPORT)).unwrap();
    for command in [["show", &ids[0]], ["drift", &ids[0]], ["finish", &ids[0]], ["edit", &ids[0]]] {
        absent();
        let mut ran = net.sandbox.command_in(net.dir(1), env!("CARGO_BIN_EXE_git-chant"));
        net.sandbox.run(ran.args(command).env("GIT_EDITOR", "true"));
        assert!(read(&net, 1, REPORT).contains("THE REPORT"), "{command:?}");
    }
    absent();
    net.chant(1, &["work", &ids[0]]).ok();
    assert!(read(&net, 1, "../seen").contains("THE REPORT"));
    assert!(net.chant(1, &["drift"]).ok().out.is_empty(), "nothing is gone");
    // What a person wrote in its place stays, and is drift.
    fs::write(net.dir(1).join(REPORT), "mine\n").unwrap();
    net.chant(1, &["show", &ids[0]]).ok();
    settle(&net);
    assert_eq!(read(&net, 1, REPORT), "mine\n");
    assert!(net.chant(1, &["drift"]).ok().out.contains("t-report.md"));
    // No agent has a hand in it, and nothing of it is in a commit.
    assert_eq!(net.git(1, &["log", "--all", "--format=%H", "--", ".chant"]), "");
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_newer_version_replaces_an_unchanged_one() {
    let (net, ids) = begun("comprehension,root-cause");
    // Clone 1 edits the report and works with it: clone 0 has the old one, unchanged.
    fs::write(net.dir(1).join(REPORT), "# Writes are lost\n\nTHE SECOND REPORT.\n").unwrap();
    net.chant(1, &["work", &ids[0]]).ok();
    settle(&net);
    assert!(read(&net, 0, REPORT).contains("SECOND"));
    // The text of a spec: clone 0 has the file that it added.
    let path = format!(".chant/specs/{}.md", ids[1]);
    edit(&net, 1, &ids[1], "s/^# .*/# Root cause of t: Renamed/").ok();
    settle(&net);
    assert!(read(&net, 0, &path).contains("Renamed"));
    let mine = format!("{}\nMine.\n", read(&net, 0, &path));
    fs::write(net.dir(0).join(&path), &mine).unwrap();
    edit(&net, 1, &ids[1], "s/Renamed/Renamed again/").ok();
    settle(&net);
    assert_eq!(read(&net, 0, &path), mine);
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn what_two_clones_changed_at_once_stays_in_both() {
    let (net, ids) = begun("comprehension,root-cause");
    let path = format!(".chant/specs/{}.md", ids[0]);
    net.chant(1, &["show", &ids[0]]).ok();
    for clone in 0..2 {
        edit(&net, clone, &ids[0], &format!("s/^# .*/# Renamed in {clone}/")).ok();
    }
    let mut err = String::new();
    for clone in [0, 1, 0, 1, 0] {
        err += &net.chant(clone, &["sync"]).ok().err;
    }
    for clone in 0..2 {
        assert!(read(&net, clone, &path).contains(&format!("Renamed in {clone}")), "{clone}: {err}");
    }
    let warning = format!("warning: '{path}' stays as it is: another clone changed it at the same time");
    assert_eq!(err.matches(&warning).count(), 1, "{err}");
    // What is written with both in view is newer than either.
    edit(&net, 0, &ids[0], "s/^# .*/# Settled/").ok();
    settle(&net);
    assert!(read(&net, 1, &path).contains("Settled"));
}

#[test]
fn what_a_person_removed_does_not_come_back() {
    let (net, ids) = begun("comprehension,root-cause");
    fs::remove_file(net.dir(0).join(REPORT)).unwrap();
    net.chant(0, &["show", &ids[0]]).ok();
    assert!(!net.dir(0).join(REPORT).exists(), "clone 0 recorded it");
    fs::remove_file(net.dir(1).join(REPORT)).unwrap();
    net.chant(1, &["show", &ids[0]]).ok();
    assert!(net.dir(1).join(REPORT).exists(), "clone 1 did not");
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_person_ticks_and_finishes_the_gate_in_the_other_clone() {
    let (net, ids) = begun("comprehension,upstream-pr");
    net.chant(0, &["work", &ids[0]]).ok();
    settle(&net);
    let gate = &ids[1];
    assert!(!net.dir(1).join(format!(".chant/specs/{gate}.md")).exists());
    let short = &gate[11..];
    net.chant(1, &["finish", gate]).fails(1, &[&format!("to tick its criteria: git chant edit {short}")]);
    edit(&net, 1, gate, "s/- \\[ \\]/- [x]/").ok();
    net.chant(1, &["finish", gate]).ok();
    settle(&net);
    for clone in 0..2 {
        let shown = net.show(clone, gate);
        assert_eq!((&shown["status"], &shown["criteria"][0]["checked"]), (&"completed".into(), &true.into()));
        assert_eq!(net.chant(clone, &["show", gate]).ok().out.matches("Blocked by").count(), 0);
    }
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn what_would_run_foreign_commands_names_the_option_of_its_own_command() {
    let net = Net::new(2);
    net.chant(0, &["add", "For two", "--verify", "true"]).ok();
    net.agent(0, "echo half >half; exit 75");
    net.chant(0, &["work", "001"]);
    settle(&net);
    net.chant(1, &["takeover", "001"]).ok();
    let short = net.chant(1, &["list", "--format=%(short)"]).ok().out.trim().to_owned();
    let hint = format!("git chant finish {short} --trust");
    net.chant(1, &["finish", "001"]).fails(1, &[&hint]);
    let tree = net.chant(1, &["path", "001"]).ok().out;
    assert!(Path::new(tree.trim()).join("half").exists());
    net.chant(1, &["finish", "001", "--trust"]).ok();
    // In tracked mode the file came with no branch either: the text is written where a person edits it.
    net.chant(0, &["add", "Another"]).ok();
    settle(&net);
    edit(&net, 1, "002", "s/Another/Other/").ok();
    assert_eq!(net.show(1, "002")["title"], "Other");
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_clone_without_the_branch_of_an_investigation_calls_none_of_it_stale() {
    let net = Net::new(2);
    net.agent(0, AGENT);
    let phases = "comprehension,root-cause";
    net.chant(0, &["investigate", "t", "--title", "Lost", "--phases", phases]).ok();
    net.git(0, &["add", "-A"]);
    net.git(0, &["commit", "-qm", "Specs"]);
    net.git(0, &["push", "-q"]);
    net.chant(0, &["work", "--topic", "t", "--chain"]).ok();
    net.chant(0, &["sync"]).ok();
    net.git(1, &["pull", "-q"]);
    net.chant(1, &["sync", "--fetch"]).ok();
    let drift = || net.chant(1, &["drift"]).ok().out;
    assert_eq!(drift(), "", "the documents are on fix/t, which is not here");
    // With the branch a document that is gone is told.
    net.git(0, &["push", "-q", "origin", "fix/t"]);
    net.git(1, &["fetch", "-q", "origin", "fix/t:fix/t"]);
    assert_eq!(drift(), "");
    net.git(1, &["checkout", "-q", "fix/t"]);
    net.git(1, &["rm", "-q", ".chant/research/t-comprehension.md"]);
    net.git(1, &["commit", "-qm", "Remove it"]);
    assert!(drift().contains("t-comprehension.md"), "{}", drift());
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn an_edited_document_that_another_clone_replaced_is_no_ground_to_work_on() {
    let (net, ids) = begun("comprehension,root-cause");
    net.chant(0, &["work", &ids[0]]).ok();
    settle(&net);
    let path = ".chant/research/t-comprehension.md";
    let mine = format!("{}\nMINE.\n", read(&net, 0, path));
    fs::write(net.dir(0).join(path), &mine).unwrap();
    net.agent(1, &AGENT.replace("FOUND in", "FOUND AGAIN in"));
    let out = net.chant(1, &["investigate", "t", "--again", "comprehension", "--reason", "wrong"]).ok().out;
    let new = out.lines().find_map(|line| line.strip_prefix("Created spec: ")).unwrap()[..18].to_owned();
    net.chant(1, &["work", &new]).ok();
    settle(&net);
    assert_eq!(read(&net, 0, path), mine, "a person's file stays");
    let told = ["is a changed copy of what", &new[11..], "mv .chant/research/t-comprehension.md"];
    net.chant(0, &["work", &ids[1]]).fails(1, &told);
    assert_eq!(net.show(0, &ids[1])["status"], "pending");
    fs::rename(net.dir(0).join(path), net.dir(0).join(format!("{path}.mine"))).unwrap();
    fs::remove_file(net.dir(0).join("../seen")).unwrap();
    net.chant(0, &["work", &ids[1]]).ok();
    assert!(read(&net, 0, "../seen").contains("FOUND AGAIN in comprehension"));
    // An edited copy of the newest document is a person's to decide.
    fs::write(net.dir(0).join(path), format!("{}\nMINE.\n", read(&net, 0, path))).unwrap();
    net.chant(0, &["reset", &ids[1]]).ok();
    net.agent(0, &AGENT.replace("FOUND in", "FOUND MORE in"));
    net.chant(0, &["work", &ids[1]]).ok();
}
