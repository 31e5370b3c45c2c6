//! What a person is told of checks: while they run, when they fail, and later.

use std::fs;

use super::{confine, with};
use crate::support::terminal::Terminal;

#[test]
fn commands_that_were_not_run_are_counted() {
    let sandbox = with(&[], "echo two >file; tick");
    let id = sandbox.add(&["Make it two", "--verify", "exit 3", "--verify", "exit 4", "--verify", "exit 5"]);
    sandbox.chant(&["work", &id]).fails(1, &["2 more commands were not run\n"]);
    let shown = sandbox.chant(&["show", &id]).ok().out;
    assert!(shown.contains("2 more commands were not run after it failed"), "{shown}");
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn what_a_failing_command_printed_is_shown_and_kept_here() {
    let sandbox = with(&[], "echo two >file; tick");
    let id = sandbox.add(&["Make it two", "--verify", "echo fine", "--verify", "echo E42 no module; exit 3"]);
    sandbox.chant(&["work", &id]).fails(1, &["E42 no module"]);
    let shown = sandbox.chant(&["show", &id]).ok();
    assert!(shown.out.contains("E42 no module") && !shown.out.contains("fine\n"), "{}", shown.out);
    assert!(
        !sandbox.git(&["show", &format!("chant/specs/{id}:checks.json")]).contains("E42 no module\n"),
        "it is local"
    );
    let repro = sandbox.add(&["Repro", "--phase", "reproduction", "--reproduces", "echo E43; exit 1"]);
    sandbox.chant(&["work", &repro]).fails(1, &["E43"]);
    assert!(sandbox.chant(&["show", &repro]).ok().out.contains("E43"));
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn all_that_is_checked_is_counted_and_what_no_person_approved_is_named() {
    let sandbox = with(&[], "echo two >file; echo x >\"new-$CHANT_SPEC_ID\"; tick");
    let one = sandbox.add(&["One", "--verify", "grep -q two file"]);
    let other = sandbox.add(&["Other", "--verify", "test -e file"]);
    assert_eq!(sandbox.chant(&["verify", "--all"]).ok().out, "0 specs checked\n");
    for id in [&one, &other] {
        sandbox.chant(&["work", id]).ok();
    }
    assert!(sandbox.chant(&["verify", "--all"]).ok().out.ends_with("2 specs checked\n"));
    fs::remove_dir_all(sandbox.repo.join(".git/chant/trusted")).unwrap();
    sandbox.chant(&["verify", &one, "--trust"]).ok();
    let ran = sandbox.chant(&["verify", "--all"]).fails(1, &["NOT RUN", "1 spec checked, 1 not run"]);
    assert!(ran.out.contains("Other"), "{}", ran.out);
    let json = sandbox.chant(&["verify", "--all", "--json"]).fails(1, &[]).json();
    assert_eq!(json["not_run"][0]["spec"]["id"], other.as_str());
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn all_that_checks_printed_can_be_read() {
    let sandbox = with(&[], "echo two >file; tick");
    let id = sandbox.add(&["Make it two", "--verify", "true", "--verify", "seq 1 40; exit 4"]);
    let short = sandbox.show(&id)["short"].as_str().unwrap().to_owned();
    let all = format!("git chant log {short} --checks");
    let ran = sandbox.chant(&["work", &id]).fails(1, &["exit code 4\n          29\n", "   40\n", &all]);
    assert!(!ran.out.contains("   28\n"), "{}", ran.out);
    let whole = sandbox.chant(&["log", &id, "--checks"]).ok().out;
    let checked = sandbox.git(&["rev-parse", &format!("chant/{id}")]);
    let begins = format!("Checks of {checked}\n\n$ true\n(exit code 0)\n\n$ seq 1 40; exit 4\n1\n2\n");
    assert!(whole.starts_with(&begins), "{whole}");
    assert!(whole.ends_with("\n40\n(exit code 4)\n\n"), "{whole}");
    assert_eq!(sandbox.chant(&["log", &id, "--checks", "-n", "3"]).ok().out, "40\n(exit code 4)\n\n");
    let attempt = sandbox.show(&id)["attempt"].as_str().unwrap()[..12].to_owned();
    assert_eq!(sandbox.chant(&["log", &id, "--checks", "--attempt", &attempt]).ok().out, whole);
    sandbox.chant(&["log", &id, "--checks", "--attempt", "0123"]).fails(1, &["has no check output"]);
    // Those of another commit take their place, and say so.
    sandbox.chant(&["verify", &id, "--at", "HEAD"]).fails(1, &["exit code 4"]);
    let other = format!("Checks of {}\n", sandbox.git(&["rev-parse", "HEAD"]));
    assert!(sandbox.chant(&["log", &id, "--checks"]).ok().out.starts_with(&other));
    sandbox.chant(&["verify", &id]).fails(1, &["   29\n", &all]);
    // Of several specs, too.
    let other = sandbox.add(&["Once more", "--verify", "echo E45; false"]);
    sandbox.chant(&["reset", &id]).ok();
    let ran = sandbox.chant(&["work", &id, &other, "--keep-going"]).fails(1, &["   40\n", "   E45\n"]);
    assert!(!ran.out.contains("   28\n"), "{}", ran.out);
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn what_a_check_leaves_running_is_told() {
    let sandbox = with(&[], "echo two >file; tick");
    let id = sandbox.add(&["Make it two", "--verify", "sleep 600 >/dev/null 2>&1 & sleep 601 & exit 0"]);
    sandbox.chant(&["work", &id]).fails(0, &["warning: ", "it left 2 background processes, now stopped"]);
    if !confine(&sandbox) {
        return;
    }
    sandbox
        .chant(&["verify", &id])
        .fails(0, &["warning: ", "it left 2 background processes, now stopped: sleep, sleep"]);
    // Where the check has a version of its own of all that the repository is in, too.
    let mut command = sandbox.binary(&["verify", &id]);
    command.env("TMPDIR", sandbox.dir());
    sandbox.run(&mut command).fails(0, &["it left 2 background processes, now stopped: sleep, sleep"]);
}

#[test]
fn at_a_terminal_a_line_shows_how_far_a_check_is() {
    let sandbox = with(&[], "echo two >file; tick");
    let id = sandbox.add(&["Make it two", "--verify", "echo step one; until test -e ../go; do sleep 0.05; done"]);
    let mut command = sandbox.binary(&["work", &id]);
    command.env("TERM", "xterm").env("COLUMNS", "80");
    let mut terminal = Terminal::start(command);
    terminal.expect("> Checking echo step one;");
    terminal.expect("s  step one");
    fs::write(sandbox.dir().join("go"), "").unwrap();
    terminal.expect("Completed");
    terminal.end();
    // Elsewhere the command is named once.
    let ran = sandbox.chant(&["verify", &id]).ok();
    assert_eq!((ran.err.matches("Checking").count(), ran.err.contains("\nstep one")), (1, false), "{}", ran.err);
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn a_failed_check_names_only_what_it_did_not_find() {
    let ignored = [(".gitignore", ".env\nconf/\nmade\nleft\n"), (".worktreeinclude", ".env\nconf/a\n")];
    let sandbox = with(&ignored, "touch conf/b left; tick; echo two >file");
    for (path, text) in [(".env", "x\n"), ("conf/a", "x\n")] {
        sandbox.write(path, text);
    }
    sandbox.git(&["config", "chant.worktreeSetup", "touch made"]);
    let fails = |script: &str| {
        sandbox.agent(script);
        let id = sandbox.add(&["Make it two", "--verify", "cat .env conf/a made && false"]);
        sandbox.chant(&["work", &id]).fails(1, &["in a clean checkout of"]).err
    };
    let said = fails("echo two >file; touch conf/b left; tick");
    assert!(said.contains("without the worktree's ignored and untracked files (conf/b, left)\n"), "{said}");
    assert!(said.contains("to have such a file there: commit it, list it in .worktreeinclude, or"), "{said}");
    let said = fails("echo three >file; echo y >>.env; tick");
    assert!(!said.contains("without") && said.contains("with the main worktree's .env, which differs"), "{said}");
    let said = fails("echo four >file; tick");
    assert!(said.lines().any(|line| line.starts_with("hint: commands run in") && !line.contains(',')), "{said}");
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn the_checks_of_an_earlier_attempt_can_be_read() {
    let sandbox = with(&[], "echo two >file; tick");
    sandbox.git(&["config", "chant.verifyBase", "true"]);
    let id = sandbox.add(&["Make it two", "--verify", "echo first $(cat file)"]);
    sandbox.chant(&["work", &id, "--no-merge"]).ok();
    sandbox.chant(&["log", &id, "--checks"]).fails(0, &["first two", "# at the base", "first one"]);
    sandbox.chant(&["reset", &id]).ok();
    sandbox.agent("echo three >file; tick");
    sandbox.chant(&["work", &id]).ok();
    let newest = sandbox.chant(&["log", &id, "--checks"]).fails(0, &["first three", "--checks --attempt "]);
    let (_, attempt) = newest.err.trim().rsplit_once(' ').unwrap();
    sandbox.chant(&["log", &id, "--checks", "--attempt", attempt]).fails(0, &["first two"]);
    let checked = sandbox.chant(&["verify", &id, "--at", "HEAD", "--json"]).ok().json();
    let head = sandbox.git(&["rev-parse", "HEAD"]);
    assert_eq!(checked["commit"], head.trim());
    assert_eq!(sandbox.chant(&["verify", "--all", "--json"]).ok().json()["checked"][0]["commit"], head.trim());
}

#[test]
fn a_failed_check_names_the_set_up_that_brings_submodules() {
    let sandbox = with(&[(".gitmodules", "[submodule \"a\"]\n\tpath = a\n\turl = ./a\n")], "echo two >file; tick");
    let id = sandbox.add(&["Make it two", "--verify", "test -e a/b"]);
    let hint = "git config chant.worktreeSetup \"git submodule update --init --recursive\"";
    sandbox.chant(&["work", &id]).fails(1, &[hint]);
}
