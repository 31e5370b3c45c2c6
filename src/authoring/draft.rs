//! The text of a new spec: its front matter and its body. Neither is checked here; [`add`](super::add) reads the text again.

use crate::domain::spec_file::{FrontMatter, Value};

/// What the file of a new spec is to contain.
#[derive(Clone, Debug, Default)]
pub(crate) struct Draft {
    /// The title, one line.
    pub title: String,
    /// The front matter.
    pub front: FrontMatter,
    /// Whether the person named the type.
    pub kind_given: bool,
    /// Whether commands in it come from another text that no person has approved in this clone.
    pub foreign: bool,
    /// The body below the title, Markdown. A body that begins with a title of its own keeps that one.
    pub body: String,
}

impl Draft {
    /// The text of the file.
    pub(crate) fn render(self) -> String {
        let mut text = String::from("---\n");
        for (key, value) in self.front.entries() {
            text += &match value {
                // As a person writes a number.
                Value::Text(number) if is_number(key, &number) => format!("{key}: {number}\n"),
                Value::Text(value) => format!("{key}: {}\n", yaml(&value)),
                Value::List(values) => {
                    let lines: String = values.iter().map(|value| format!("  - {}\n", yaml(value))).collect();
                    format!("{key}:\n{lines}")
                }
            };
        }
        text += "---\n";
        let body = self.body.trim_start_matches('\n').trim_end();
        let first = body.lines().find(|line| !line.trim().is_empty());
        if !first.is_some_and(|line| line.starts_with("# ")) {
            text += &format!("\n# {}\n", self.title);
        }
        if !body.is_empty() {
            text += &format!("\n{body}\n");
        }
        text
    }
}

/// Whether the value of a key is a number.
fn is_number(key: &str, value: &str) -> bool {
    matches!(key, "priority" | "runs") && value.parse::<i32>().is_ok_and(|number| number.to_string() == value)
}

/// A value as YAML: plain where the YAML writer says that plain is safe.
fn yaml(value: &str) -> String {
    match serde_yaml::to_string(value) {
        // A value of several lines becomes a block there, which would need indenting; JSON's quoting is YAML as well.
        Ok(plain) if plain.trim_end().lines().count() == 1 => plain.trim_end().to_owned(),
        _ => serde_json::Value::String(value.to_owned()).to_string(),
    }
}
