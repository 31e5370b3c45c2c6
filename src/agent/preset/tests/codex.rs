//! Tests of `agent::preset::codex`.

use super::PRESET;
use crate::agent::preset::parser::tests::parse;

#[test]
fn a_run_as_it_was_recorded() {
    let (shown, parser) = parse(&PRESET, include_str!("../recorded/codex.jsonl"));
    let lines: Vec<&str> = shown.lines().collect();
    assert!(lines[0].starts_with("warning: Model metadata for `gpt-5` not found."), "{shown}");
    assert!(lines[1].starts_with("$ echo two > file;"), "{shown}");
    assert_eq!(lines[2..], ["The file says two now."]);
    assert_eq!(parser.report().session.as_deref(), Some("01a1fd48-9ad2-75f2-9bfa-455058d47a4e"));
    assert_eq!(parser.report().cost().map(ToString::to_string).as_deref(), Some("200 tokens in, 40 out"));
    assert_eq!(parser.report().model, None);
}

#[test]
fn a_warning_of_its_log_is_not_its_own_words() {
    let warning = r#"{"type":"item.completed","item":{"type":"error","message":"Model metadata for `m` not found."}}"#;
    let log = "2026-12-01T00:00:00.000000Z  WARN codex_core::client: falling back";
    let said = r#"{"type":"item.completed","item":{"type":"agent_message","text":"I will not do that."}}"#;
    let words = |output: &str, well| parse(&PRESET, output).1.last_words(well);
    let refusal =
        format!("{warning}\n{said}\n{{\"type\":\"turn.completed\"}}\n{log}\nwarning: `x` is deprecated\nbye\n");
    assert_eq!(words(&refusal, true).as_deref(), Some("I will not do that."));
    assert_eq!(words(&format!("{warning}\n{log}\n"), false), None);
    assert!(parse(&PRESET, &format!("{warning}\n")).0.contains("warning: Model metadata for `m` not found."));
}
