//! Tests of `agent::preset::gemini`.

use super::PRESET;
use crate::agent::preset::parser::tests::parse;

#[test]
fn a_run_as_it_was_recorded() {
    let (shown, parser) = parse(&PRESET, include_str!("../recorded/gemini.jsonl"));
    assert!(shown.contains("I will write the file.\n$ echo two > file; sed -i"), "{shown}");
    assert!(shown.ends_with("The file says two now.\n"), "{shown}");
    assert_eq!(parser.answer(), "The file says two now.");
    assert!(parser.report().session.is_some());
    assert_eq!(parser.report().model.as_deref(), Some("gemini-x"));
    assert_eq!(parser.report().cost().map(ToString::to_string).as_deref(), Some("200 tokens in, 40 out"));
}
