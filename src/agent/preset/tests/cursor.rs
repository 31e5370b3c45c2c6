//! Tests of `agent::preset::cursor`.

use super::PRESET;
use crate::agent::preset::parser::tests::parse;

#[test]
fn a_run_as_it_is_documented() {
    let (shown, parser) = parse(&PRESET, include_str!("../recorded/cursor.jsonl"));
    assert_eq!(shown, "model: Claude 4 Sonnet\nI will write the file.\nwrite file\nThe file says two now.\n");
    assert_eq!(parser.report().session.as_deref(), Some("c6b62c6f-7ead-4fd6-9922-e952131177ff"));
    assert_eq!((parser.report().cost(), parser.answer()), (None, "The file says two now."));
}
