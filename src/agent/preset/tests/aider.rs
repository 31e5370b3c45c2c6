//! Tests of `agent::preset::aider`.

use super::{PRESET, amount};
use crate::agent::preset::parser::tests::parse;

#[test]
fn a_run_as_it_was_recorded() {
    let (shown, parser) = parse(&PRESET, include_str!("../recorded/aider.txt"));
    assert!(shown.contains("The file says two now."), "{shown}");
    assert_eq!(parser.report().model.as_deref(), Some("openai/m1"));
    assert_eq!(parser.report().cost().map(ToString::to_string).as_deref(), Some("100 tokens in, 20 out"));
    assert_eq!(parser.report().session.as_deref(), Some("chant-test"));
}

#[test]
fn prices_and_large_numbers() {
    let said = "Main model: opus with diff edit format\nTokens: 2.3k sent, 12 received. Cost: $0.0071 message, $0.01 session.\n\
                Tokens: 1.2k sent, 1.1k cache hit, 8 received. Cost: $0.0071 message, $0.0171 session.\nTokens: many sent\n";
    let (_, parser) = parse(&PRESET, said);
    assert_eq!(parser.report().model.as_deref(), Some("opus"));
    assert_eq!(
        parser.report().cost().map(ToString::to_string).as_deref(),
        Some("0.0171 USD, 3500 tokens in, 1100 cached, 20 out")
    );
    assert_eq!(
        (amount("1.2M"), amount("1,200"), amount("-1"), amount("NaN")),
        (Some(1_200_000), Some(1200), None, None)
    );
}
