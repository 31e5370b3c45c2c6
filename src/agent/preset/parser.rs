//! Listens to an agent: what it prints goes in, what people read comes out.

use serde_json::Value;

use super::{EventReader, ParsedOutput, Report};
use crate::agent::process::OutputFilter;

/// A line that is longer is not read, in bytes: agents put whole files into one.
const LONGEST_LINE: usize = 8 << 20;

/// Turns the output of one agent into lines for people, and takes note of what it says of the run.
pub struct OutputParser {
    reader: Box<dyn EventReader>,
    parsed: ParsedOutput,
    /// The line whose end has not come yet.
    partial: Vec<u8>,
    /// The line is too long; what is left of it is passed over.
    skipping: bool,
}

impl OutputParser {
    pub(super) fn new(reader: Box<dyn EventReader>) -> Self {
        OutputParser { reader, parsed: ParsedOutput::default(), partial: Vec::new(), skipping: false }
    }

    /// What the agent has said of the run so far.
    pub fn report(&self) -> &Report {
        &self.parsed.report
    }

    /// The last message of the agent.
    pub fn answer(&self) -> &str {
        self.parsed.answer()
    }

    /// One line of output.
    fn line(&mut self) {
        let line = std::mem::take(&mut self.partial);
        if std::mem::take(&mut self.skipping) {
            self.parsed.say("(a line of more than 8 MiB was not read)");
            return;
        }
        let text = String::from_utf8_lossy(&line);
        let event = text.trim_start().starts_with('{').then(|| serde_json::from_str::<Value>(&text).ok()).flatten();
        if !event.is_some_and(|event| self.reader.event(&event, &mut self.parsed)) {
            self.reader.text(text.trim_end(), &mut self.parsed);
            self.parsed.say(&text);
        }
    }
}

impl OutputFilter for OutputParser {
    fn push(&mut self, bytes: &[u8]) -> Vec<u8> {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            if !self.skipping {
                self.partial.extend_from_slice(piece);
            }
            if self.partial.len() > LONGEST_LINE {
                self.partial = Vec::new();
                self.skipping = true;
            }
            if piece.ends_with(b"\n") {
                self.line();
            }
        }
        self.parsed.take().into_bytes()
    }

    fn finish(&mut self) -> Vec<u8> {
        if !self.partial.is_empty() || self.skipping {
            self.line();
        }
        self.parsed.end_line();
        self.parsed.take().into_bytes()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

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
    fn it_does_not_matter_where_reads_are_split() {
        for (preset, output) in super::super::ALL.iter().zip([
            include_str!("recorded/aider.txt"),
            include_str!("recorded/claude.jsonl"),
            include_str!("recorded/codex.jsonl"),
            include_str!("recorded/cursor.jsonl"),
            include_str!("recorded/gemini.jsonl"),
            include_str!("recorded/goose.jsonl"),
            include_str!("recorded/opencode.jsonl"),
        ]) {
            let (whole, listened) = parse(preset, output);
            let mut parser = preset.parser("chant-test");
            let mut shown: Vec<u8> = output.as_bytes().iter().flat_map(|byte| parser.push(&[*byte])).collect();
            shown.extend(parser.finish());
            assert_eq!(String::from_utf8(shown).unwrap(), whole, "{}", preset.name);
            assert_eq!(parser.report(), listened.report(), "{}", preset.name);
            assert!(whole.contains("The file says two now."), "{}: {whole}", preset.name);
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
}
