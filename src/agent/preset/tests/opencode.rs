//! Tests of `agent::preset::opencode`.

use super::PRESET;
use crate::{
    agent::preset::parser::tests::{parse, stopped},
    domain::stop::StopKind,
};

#[test]
fn a_run_as_it_was_recorded() {
    let (shown, parser) = parse(&PRESET, include_str!("../recorded/opencode.jsonl"));
    assert!(shown.starts_with("$ echo two > file; sed -i"), "{shown}");
    assert!(shown.ends_with("\nThe file says two now.\n"), "{shown}");
    assert_eq!(parser.report().session.as_deref(), Some("ses_e02b75652ffexG5d6QHSUtel37"));
    assert_eq!(parser.report().cost().map(ToString::to_string).as_deref(), Some("0.00028 USD, 200 tokens in, 40 out"));
}

#[test]
fn a_request_that_failed_is_shown_from_its_log() {
    let (shown, parser) = parse(&PRESET, include_str!("../recorded/opencode-retries.txt"));
    let said = "Incorrect API key provided: none.";
    let lines = format!("request 1 failed: Overloaded\nrequest 2 failed: {said}\nerror: {said}\n");
    assert_eq!(shown, lines);
    assert_eq!(stopped(&parser).map(|stopped| stopped.kind), Some(StopKind::BadKey));
}

#[test]
fn its_log_says_what_it_does_before_its_events_do() {
    let log = include_str!("../recorded/opencode-log.txt");
    let until = |words: &str| {
        let end = log.find(words).and_then(|at| Some(at + log[at..].find('\n')? + 1)).expect("it is there");
        parse(&PRESET, &log[..end])
    };
    let does = |words: &str| until(words).1.does().map(|activity| activity.what.clone());
    let (shown, parser) = until("message=created");
    assert_eq!((shown.as_str(), parser.report().session.as_deref()), ("", Some("ses_dcd941cf6ffeqrQA9T78IJun7r")));
    assert_eq!(does("small=true"), None);
    assert_eq!(does("small=false").as_deref(), Some("waiting for the model"));
    assert_eq!(does("pattern=\"sleep 4\"").as_deref(), Some("$ sleep 4"));
    assert_eq!(does("\"type\":\"tool_use\"").as_deref(), Some("waiting for the model"));
    assert_eq!(parse(&PRESET, log).0, "$ echo a; sleep 4\nDone.\n");
    let helper = log.replace("parentID=undefined", "parentID=ses_parent");
    assert_eq!(parse(&PRESET, &helper[..helper.find("{\"type\"").expect("an event")]).1.report().session, None);
}

#[test]
fn a_command_that_failed_is_shown() {
    let (shown, parser) = parse(&PRESET, include_str!("../recorded/stops/opencode-denied-by-sandbox.jsonl"));
    let said = "/bin/bash: line 1: /home/ada/repo/x: Read-only file system";
    assert_eq!(shown, format!("$ echo mine >/home/ada/repo/x\nfailed: {said}\nI may not, so I stop.\n"));
    assert_eq!(stopped(&parser).and_then(|stopped| stopped.said).as_deref(), Some(said));
    assert_eq!(parser.does().map(|activity| activity.what.as_str()), Some("waiting for the model"));
}
