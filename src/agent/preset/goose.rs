//! goose: by its documentation as of 1.50.0; no package registry has it.

use serde_json::Value;

use super::{
    Heard, Preset, Reader,
    heard::{number, string, text_of},
};

/// Its session gets the name of the attempt, since it does not say what it calls it. `GOOSE_MODE=auto` has it ask for nothing.
pub(super) const PRESET: Preset = Preset {
    name: "goose",
    program: "goose",
    start: "GOOSE_MODE=auto goose run --output-format stream-json --name \"chant-${CHANT_ATTEMPT:-split}\" -i -",
    resume: Some("GOOSE_MODE=auto goose run --output-format stream-json --resume --name {session} -i -"),
    instructions: "AGENTS.md",
    reads: None,
    reader: |session| Box::new(Goose { session: session.to_owned() }),
};

struct Goose {
    session: String,
}

impl Reader for Goose {
    fn event(&mut self, event: &Value, heard: &mut Heard) -> bool {
        match string(event, "type") {
            Some("message") => {
                heard.report.session(Some(&self.session));
                message(event, heard);
            }
            Some("error") => heard.error(string(event, "error").unwrap_or_default()),
            Some("complete") => {
                let into = number(event, "input_tokens").or_else(|| number(event, "total_tokens"));
                heard.report.tokens(into, number(event, "output_tokens"));
            }
            Some(_) => {}
            None => return false,
        }
        true
    }
}

fn message(event: &Value, heard: &mut Heard) {
    let assistant = event.pointer("/message/role").and_then(Value::as_str) == Some("assistant");
    let content = event.pointer("/message/content").and_then(Value::as_array);
    for part in content.into_iter().flatten() {
        match string(part, "type") {
            Some("text") if assistant => heard.piece(string(part, "text").unwrap_or_default()),
            Some("toolRequest") => {
                if let Some(call) = part.pointer("/toolCall/value") {
                    let input = call.get("arguments").unwrap_or(&Value::Null);
                    heard.tool(string(call, "name").unwrap_or("a tool"), input);
                }
            }
            Some("toolResponse") => {
                let value = part.pointer("/toolResult/value");
                if value.and_then(|value| value.get("isError")).and_then(Value::as_bool) == Some(true) {
                    let output = value.and_then(|value| value.get("content")).unwrap_or(&Value::Null);
                    heard.failed(&text_of(output));
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::ear::tests::hear;
    use super::PRESET;

    #[test]
    fn a_run_as_it_is_documented() {
        let (shown, ear) = hear(&PRESET, include_str!("recorded/goose.jsonl"));
        assert_eq!(shown, "I will write the file.\n$ echo two > file\nThe file says two now.\n");
        assert_eq!(ear.report().session.as_deref(), Some("chant-test"));
        assert_eq!(ear.report().cost().as_deref(), Some("200 tokens in, 40 out"));
        assert_eq!(ear.answer(), "The file says two now.");
    }
}
