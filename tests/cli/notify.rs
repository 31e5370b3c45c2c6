//! `chant.notify`: one JSON object for each spec that ended, stopped or needs a person.

use serde_json::Value;

use crate::{json_schema::Contract, support::Sandbox};

/// A sandbox whose notices are in `told`, with a spec.
fn sandbox(agent: &str, more: &[&str]) -> (Sandbox, String) {
    let sandbox = Sandbox::new();
    sandbox.git(&["config", "chant.notify", "cat >>\"$HOME/told\""]);
    sandbox.agent(agent);
    sandbox.write("../body.md", "## Acceptance Criteria\n\n- [ ] it is whole\n");
    let id = sandbox.add(&[&["Make it whole", "--body-file", "../body.md"], more].concat());
    (sandbox, id)
}

fn told(sandbox: &Sandbox) -> Vec<Value> {
    let text = std::fs::read_to_string(sandbox.dir().join("home/told")).unwrap_or_default();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

const DOES_IT: &str = "echo whole >whole; sed 's/- \\[ \\]/- [x]/' \"$CHANT_SPEC_FILE\" >.tick && \
                       cat .tick >\"$CHANT_SPEC_FILE\" && rm .tick";

#[test]
fn what_became_of_a_spec_is_told_once_with_why_and_what_to_do() {
    let (sandbox, id) = sandbox("echo half >half", &[]);
    sandbox.chant(&["work", &id]).fails(1, &["Failed"]);
    sandbox.agent("exit 75");
    sandbox.git(&["config", "chant.rateLimitPause", "1s"]);
    let tries = "test -e ~/thrice && exit 0; test -e ~/twice && touch ~/thrice; touch ~/twice";
    sandbox.agent(&format!("{DOES_IT}; {tries}; exit 75"));
    sandbox.chant(&["work", &id]).ok();
    let notices = told(&sandbox);
    let contract = Contract::new();
    for notice in &notices {
        assert_eq!(contract.faults("Notice", notice), None);
        assert_eq!((&notice["notice"]["spec"]["id"], &notice["format"]), (&id.as_str().into(), &1.into()));
        assert_eq!(notice["notice"]["repository"], sandbox.repo.to_str().unwrap());
    }
    let of = |name: &str| notices.iter().map(|one| one["notice"][name].as_str()).collect::<Vec<_>>();
    assert_eq!(of("event"), [Some("failed"), Some("paused"), Some("completed")]);
    assert_eq!(of("stopped"), [None, Some("rate-limit"), None]);
    assert!(of("why")[0].unwrap().contains("it is whole"), "{notices:#?}");
    assert!(notices[0]["notice"]["hints"][0].as_str().is_some(), "{notices:#?}");
}

#[test]
fn what_needs_a_person_is_told_and_status_says_it_first() {
    let (sandbox, id) = sandbox(DOES_IT, &[]);
    let foreign = "---\nverify: [\"true\"]\n---\n# S\n\n## Acceptance Criteria\n\n- [ ] two\n";
    sandbox.write(".chant/specs/2026-02-08-001-abc.md", foreign);
    sandbox.chant(&["work", "2026-02-08-001-abc"]).fails(1, &["approved"]);
    sandbox.write("whole", "mine\n");
    sandbox.chant(&["work", &id]).fails(1, &["not merged"]);
    let notices = told(&sandbox);
    let events: Vec<&Value> = notices.iter().map(|one| &one["notice"]["event"]).collect();
    assert_eq!(events, ["needs-person", "needs-person"], "{notices:#?}");
    assert!(notices[1]["notice"]["why"].as_str().unwrap().contains("whole"), "{notices:#?}");
    sandbox.agent("exit 3");
    let other = sandbox.add(&["Another"]);
    sandbox.chant(&["work", &other]).fails(1, &["exited with code 3"]);
    let status = sandbox.chant(&["status"]).ok().out;
    let at = |title: &str| status.find(title).unwrap_or_else(|| panic!("{title}: {status}"));
    assert!(at("Waiting for a person:") < at("Finished and not merged:"), "{status}");
}

#[test]
fn a_command_that_fails_changes_nothing() {
    let (sandbox, id) = sandbox(DOES_IT, &[]);
    sandbox.git(&["config", "chant.notify", "echo 'no such host' >&2; exit 7"]);
    let ran = sandbox.chant(&["work", &id]).ok();
    assert!(ran.err.contains("cannot notify of") && ran.err.contains("exited with code 7"), "{}", ran.err);
    assert!(ran.err.contains("  no such host\n"), "{}", ran.err);
    assert_eq!(sandbox.status(&id), "completed");
}

#[test]
#[ignore = "slow: .ci/run runs it"]
fn an_agent_that_is_held_up_to_the_last_try_is_told_and_said_first() {
    for args in [&["--all"][..], &[]] {
        let (sandbox, id) = sandbox("exit 75", &[]);
        // So short that a dozen of them pass.
        sandbox.git(&["config", "chant.rateLimitPause", "1ms"]);
        let args: Vec<&str> = ["work"].iter().chain(if args.is_empty() { &[] } else { args }).copied().collect();
        let args = if args.len() == 1 { vec!["work", &id] } else { args };
        sandbox.chant(&args).fails(1, &[]);
        let of = |name: &str| told(&sandbox).iter().map(|one| one["notice"][name].clone()).collect::<Vec<_>>();
        assert_eq!(of("event"), ["paused", "needs-person"], "{args:?}");
        assert_eq!(of("stopped"), ["rate-limit", "rate-limit"]);
        assert!(of("why")[1].as_str().unwrap().starts_with("stopped after 12 tries: "), "{:?}", of("why"));
        let status = sandbox.chant(&["status"]).ok().out;
        assert!(status.starts_with("Waiting for a person:") && status.contains("12 tries in a row: "), "{status}");
        assert_eq!(sandbox.chant(&["status", "--json"]).ok().json()["status"]["attention"][0]["need"], "stuck");
        // A try that ends in another way is another matter.
        sandbox.agent(DOES_IT);
        sandbox.chant(&["work", &id]).ok();
        assert!(!sandbox.chant(&["status"]).ok().out.contains("in a row"));
    }
}

#[test]
fn what_did_not_even_begin_is_told() {
    let (sandbox, id) = sandbox(DOES_IT, &[]);
    sandbox.git(&["config", "chant.worktreeSetup", "echo 'no compiler'; exit 9"]);
    sandbox.chant(&["work", &id]).fails(128, &["chant.worktreeSetup exited with code 9"]);
    sandbox.git(&["config", "--unset", "chant.worktreeSetup"]);
    sandbox.chant(&["work", &id, "--agent", "absent"]).fails(128, &["the agent 'absent' has no command"]);
    let notices = told(&sandbox);
    let of = |name: &str| notices.iter().map(|one| one["notice"][name].as_str().unwrap()).collect::<Vec<_>>();
    assert_eq!(of("event"), ["needs-person", "needs-person"]);
    assert!(of("why")[0].contains("chant.worktreeSetup exited with code 9"), "{notices:#?}");
    assert!(of("why")[1].contains("'absent' has no command"), "{notices:#?}");
}

#[test]
fn a_driver_that_is_completed_with_its_last_member_is_told() {
    let own = ["--body-file", "../whole.md"];
    for (more, ends) in [(&[][..], "completed"), (&["--verify", "true"], "completed"), (&own, "failed")] {
        let (sandbox, _) = sandbox(DOES_IT, &[]);
        sandbox.write("../whole.md", "## Acceptance Criteria\n\n- [ ] the parts fit\n");
        let driver = sandbox.add(&[&["The whole", "--type", "driver"], more].concat());
        let member = sandbox.add(&["A part", "--body-file", "../body.md", "--member-of", &driver]);
        sandbox.chant(&["work", &member]);
        let notices = told(&sandbox);
        let of = |at: usize, name: &str| notices[at]["notice"][name].clone();
        assert_eq!(notices.len(), 2, "{notices:#?}");
        assert_eq!([&of(0, "spec")["id"], &of(1, "spec")["id"]], [driver.as_str(), member.as_str()]);
        assert_eq!([of(0, "event"), of(1, "event")], [ends, "completed"]);
    }
}

#[test]
fn what_the_command_leaves_in_the_background_is_told_to_end_with_it() {
    let (sandbox, id) = sandbox(DOES_IT, &[]);
    sandbox.git(&["config", "chant.notify", "sleep 1000 & echo sent"]);
    let ran = sandbox.chant(&["work", &id]).ok();
    let told = "the command of chant.notify left a background process, which was stopped\n  sent\n";
    assert!(ran.err.contains(told), "{}", ran.err);
}

#[test]
fn a_file_that_the_command_writes_to_is_no_program() {
    let (sandbox, id) = sandbox(&format!("{DOES_IT}; echo {{}} >>\"$HOME/log\""), &[]);
    let sandbox = sandbox.unconfined();
    let log = sandbox.dir().join("home/log");
    std::fs::write(&log, "").unwrap();
    sandbox.git(&["config", "chant.notify", &format!("cat >> '{}'", log.display())]);
    let ran = sandbox.chant(&["work", &id]).ok();
    assert!(!ran.err.contains("was changed"), "{}", ran.err);
}
