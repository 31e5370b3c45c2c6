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

#[test]
fn a_retry_is_one_line_without_the_trace_of_its_program() {
    let (shown, parser) = parse(&PRESET, include_str!("../recorded/gemini-retries.txt"));
    let line = "request 2 failed: The model is overloaded. Please try again later.";
    assert_eq!(shown, format!("{}\n{line}\n", line.replace('2', "1")));
    assert_eq!(parser.does().map(|activity| activity.what.clone()).as_deref(), Some(line));
}

#[test]
fn an_error_of_its_program_is_one_line_and_other_text_is_shown_as_it_is() {
    let dropped = include_str!("../recorded/stops/gemini-dropped-in-answer.jsonl");
    let (shown, _) = parse(&PRESET, dropped);
    assert!(shown.contains("TypeError: terminated\nerror: [API Error: terminated]\n"), "{shown}");
    let text = "a list:\n    one\n    at the end\n}\nmore\n  of it\n";
    assert_eq!(parse(&PRESET, text).0, text);
}

#[test]
fn what_git_chant_shows_of_a_tool_is_not_what_it_said_last() {
    let used = r#"{"type":"tool_use","tool_name":"run_shell_command","parameters":{"command":"make"}}"#;
    let (shown, parser) = parse(&PRESET, &format!("a warning\n{used}\n"));
    assert_eq!((shown.as_str(), parser.last_words(false)), ("a warning\n$ make\n", None));
    let (_, parser) = parse(&PRESET, &format!("{used}\nFATAL ERROR: out of memory\n"));
    assert_eq!(parser.last_words(false).as_deref(), Some("FATAL ERROR: out of memory"));
}
