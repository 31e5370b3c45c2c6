//! Tests of `agent::preset::codex`.

use super::PRESET;
use crate::agent::preset::parser::tests::parse;

#[test]
fn a_run_as_it_was_recorded() {
    let (shown, parser) = parse(&PRESET, include_str!("../recorded/codex.jsonl"));
    let lines: Vec<&str> = shown.lines().collect();
    assert!(lines[0].starts_with("error: Model metadata for `gpt-5` not found."), "{shown}");
    assert!(lines[1].starts_with("$ /bin/bash -lc \"echo two > file;"), "{shown}");
    assert_eq!(lines[2..], ["The file says two now."]);
    assert_eq!(parser.report().session.as_deref(), Some("01a1fd48-9ad2-75f2-9bfa-455058d47a4e"));
    assert_eq!(parser.report().cost().map(ToString::to_string).as_deref(), Some("200 tokens in, 40 out"));
    assert_eq!(parser.report().model, None);
}
