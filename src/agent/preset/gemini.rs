//! Google's Gemini CLI: its help and output as of 0.61.0.

use serde_json::Value;

use super::{
    Heard, Preset, Reader,
    heard::{number, string, text_of},
};

/// It asks for nothing; there is no mode that allows commands and keeps them in the worktree without a container.
pub(super) const PRESET: Preset = Preset {
    name: "gemini",
    program: "gemini",
    start: "gemini --approval-mode yolo --skip-trust --output-format stream-json",
    resume: Some("gemini --approval-mode yolo --skip-trust --output-format stream-json --resume {session}"),
    instructions: "GEMINI.md",
    reads: None,
    reader: |_| Box::new(Gemini),
};

struct Gemini;

impl Reader for Gemini {
    fn event(&mut self, event: &Value, heard: &mut Heard) -> bool {
        match string(event, "type") {
            Some("init") => {
                heard.report.session(string(event, "session_id"));
                if let Some(model) = string(event, "model") {
                    heard.begins_with(model);
                }
            }
            Some("message") if string(event, "role") == Some("assistant") => {
                let text = string(event, "content").unwrap_or_default();
                match event.get("delta").and_then(Value::as_bool) {
                    Some(true) => heard.piece(text),
                    _ => heard.message(text),
                }
            }
            Some("tool_use") => {
                let input = event.get("parameters").unwrap_or(&Value::Null);
                heard.tool(string(event, "tool_name").unwrap_or("a tool"), input);
            }
            Some("tool_result") if string(event, "status") == Some("error") => {
                let output = text_of(event.get("output").unwrap_or(&Value::Null));
                let error = event.pointer("/error/message").and_then(Value::as_str);
                heard.failed(error.unwrap_or(&output));
            }
            Some("error") => heard.error(string(event, "message").unwrap_or_default()),
            Some("result") => end(event, heard),
            Some(_) => {}
            None => return false,
        }
        true
    }
}

fn end(event: &Value, heard: &mut Heard) {
    if let Some(error) = event.pointer("/error/message").and_then(Value::as_str) {
        heard.error(error);
    }
    let Some(stats) = event.get("stats") else { return };
    heard.report.tokens(number(stats, "input_tokens"), number(stats, "output_tokens"));
    // It begins as 'auto' and may use several: the one that said most.
    let models = stats.get("models").and_then(Value::as_object);
    let most = models.into_iter().flatten().max_by_key(|(_, used)| number(used, "output_tokens"));
    heard.report.model(most.map(|(name, _)| name.as_str()));
}

#[cfg(test)]
mod tests {
    use super::super::ear::tests::hear;
    use super::PRESET;

    #[test]
    fn a_run_as_it_was_recorded() {
        let (shown, ear) = hear(&PRESET, include_str!("recorded/gemini.jsonl"));
        assert!(shown.contains("I will write the file.\n$ echo two > file; sed -i"), "{shown}");
        assert!(shown.ends_with("The file says two now.\n"), "{shown}");
        assert_eq!(ear.answer(), "The file says two now.");
        assert!(ear.report().session.is_some());
        assert_eq!(ear.report().model.as_deref(), Some("gemini-x"));
        assert_eq!(ear.report().cost().as_deref(), Some("200 tokens in, 40 out"));
    }
}
