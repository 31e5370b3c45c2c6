//! Tests of `agent::preset::parser`.

use super::*;
use crate::{
    agent::{preset::Protocol, process::Ending, stop},
    domain::stop::Stopped,
};

/// Why the agent stopped, as far as its output says so in fields.
pub(in super::super) fn stopped(parser: &OutputParser) -> Option<Stopped> {
    let reported = parser.reported();
    reported.stopped.or(reported.held_up)
}

/// What is shown of `output`, and who listened.
pub(in super::super) fn parse(preset: &super::super::Preset, output: &str) -> (String, OutputParser) {
    let mut parser = preset.parser("chant-test");
    let mut shown = parser.push(output.as_bytes());
    shown.extend(parser.finish());
    (String::from_utf8(shown).unwrap(), parser)
}

#[test]
fn what_is_no_event_is_shown_as_it_is() {
    let text = "plain\n{not json\n{\"foreign\": 1}\n\n[1]\nno end";
    for preset in super::super::ALL {
        let (shown, parser) = parse(preset, text);
        assert_eq!(shown, "plain\n{not json\n{\"foreign\": 1}\n[1]\nno end\n", "{}", preset.name);
        assert_eq!((parser.report(), parser.answer()), (&Report::default(), ""), "{}", preset.name);
    }
}

#[test]
fn it_does_not_matter_where_reads_are_split_and_a_good_run_was_not_stopped() {
    let texts = super::super::ALL.iter().filter(|preset| preset.protocol == Protocol::Text);
    for (preset, output) in texts.zip([
        include_str!("../recorded/aider.txt"),
        include_str!("../recorded/claude.jsonl"),
        include_str!("../recorded/codex.jsonl"),
        include_str!("../recorded/cursor.jsonl"),
        include_str!("../recorded/gemini.jsonl"),
        include_str!("../recorded/goose.jsonl"),
        include_str!("../recorded/opencode.jsonl"),
    ]) {
        let (whole, listened) = parse(preset, output);
        let mut parser = preset.parser("chant-test");
        let mut shown: Vec<u8> = output.as_bytes().iter().flat_map(|byte| parser.push(&[*byte])).collect();
        shown.extend(parser.finish());
        assert_eq!(String::from_utf8(shown).unwrap(), whole, "{}", preset.name);
        assert_eq!(parser.report(), listened.report(), "{}", preset.name);
        assert!(whole.contains("The file says two now."), "{}: {whole}", preset.name);
        let reason = stop::reason(Ending::Exited(0), listened.reported(), preset.stopped_by);
        assert_eq!(reason, None, "{}", preset.name);
    }
}

#[test]
fn a_line_without_end_fills_no_memory_and_hides_nothing_after_it() {
    let mut parser = super::super::named("claude").unwrap().parser("");
    let mut shown = Vec::new();
    for _ in 0..20 {
        shown.extend(parser.push(&[b'x'; 1 << 20]));
        assert!(parser.partial.len() <= LONGEST_LINE + (1 << 20));
    }
    shown.extend(parser.push(b"\nafter\n"));
    assert_eq!(String::from_utf8(shown).unwrap(), "(a line of more than 8 MiB was not read)\nafter\n");
}

#[test]
fn events_of_any_shape_are_survived() {
    let kinds = ["system", "assistant", "user", "result", "item.completed", "turn.completed", "text", "tool_use"];
    let kinds = kinds.iter().chain(&["message", "tool_call", "complete", "error", "step_finish", "init"]);
    for kind in kinds {
        for rest in [
            "",
            ",\"message\":1,\"part\":[],\"item\":{},\"usage\":\"x\",\"stats\":null",
            ",\"message\":{\"content\":[1,{\"type\":\"text\"},{\"type\":\"tool_use\",\"input\":[]}]},\"session_id\":7,\"total_cost_usd\":\"1\",\"item\":{\"type\":7}",
        ] {
            let line = format!("{{\"type\":\"{kind}\"{rest}}}\n");
            for preset in super::super::ALL {
                let (_, parser) = parse(preset, &line);
                assert_eq!(parser.report().model, None);
            }
        }
    }
}
