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
fn a_command_that_failed_is_shown() {
    let (shown, parser) = parse(&PRESET, include_str!("../recorded/stops/opencode-denied-by-sandbox.jsonl"));
    let said = "/bin/bash: line 1: /home/ada/repo/x: Read-only file system";
    assert_eq!(shown, format!("$ echo mine >/home/ada/repo/x\nfailed: {said}\nI may not, so I stop.\n"));
    assert_eq!(stopped(&parser).and_then(|stopped| stopped.said).as_deref(), Some(said));
    assert_eq!(parser.does().map(|activity| activity.what.as_str()), Some("waiting for the model"));
}
