//! Tests of `agent::preset::goose`.

use super::PRESET;
use crate::agent::preset::parser::tests::parse;

#[test]
fn a_run_as_it_is_documented() {
    let (shown, parser) = parse(&PRESET, include_str!("../recorded/goose.jsonl"));
    assert_eq!(shown, "I will write the file.\n$ echo two > file\nThe file says two now.\n");
    assert_eq!(parser.report().session.as_deref(), Some("chant-test"));
    assert_eq!(parser.report().cost().map(ToString::to_string).as_deref(), Some("200 tokens in, 40 out"));
    assert_eq!(parser.answer(), "The file says two now.");
}
