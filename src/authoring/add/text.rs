//! The text of a new spec: front matter with what was asked for, and a body to fill in.

use std::fmt::Write as _;

/// What a new spec says.
#[derive(Clone, Debug, Default)]
pub(crate) struct Draft {
    /// The title, one line.
    pub title: String,
    /// `type`.
    pub kind: &'static str,
    /// `phase`.
    pub phase: Option<&'static str>,
    /// `topic`.
    pub topic: Option<String>,
    /// `labels`.
    pub labels: Vec<String>,
    /// `depends_on`.
    pub depends_on: Vec<String>,
    /// `informed_by`.
    pub informed_by: Vec<String>,
    /// `origin`.
    pub origin: Vec<String>,
    /// `tracks`.
    pub tracks: Vec<String>,
    /// `context`.
    pub context: Vec<String>,
    /// `target_files`.
    pub target_files: Vec<String>,
    /// `prompt`.
    pub prompt: Option<String>,
    /// `verify`.
    pub verify: Vec<String>,
    /// `reproduces`.
    pub reproduces: Option<String>,
    /// `supersedes`.
    pub supersedes: Vec<String>,
    /// `agent`.
    pub agent: Option<String>,
    /// Whether a person has to approve it.
    pub needs_approval: bool,
    /// The body below the title; `None` gives one to fill in.
    pub body: Option<String>,
}

/// The file's text.
pub(crate) fn render(draft: &Draft) -> String {
    let mut text = String::from("---\n");
    scalar(&mut text, "type", Some(draft.kind));
    scalar(&mut text, "phase", draft.phase);
    scalar(&mut text, "topic", draft.topic.as_deref());
    list(&mut text, "labels", &draft.labels);
    list(&mut text, "depends_on", &draft.depends_on);
    list(&mut text, "informed_by", &draft.informed_by);
    list(&mut text, "origin", &draft.origin);
    list(&mut text, "tracks", &draft.tracks);
    list(&mut text, "context", &draft.context);
    list(&mut text, "target_files", &draft.target_files);
    scalar(&mut text, "prompt", draft.prompt.as_deref());
    list(&mut text, "verify", &draft.verify);
    scalar(&mut text, "reproduces", draft.reproduces.as_deref());
    list(&mut text, "supersedes", &draft.supersedes);
    scalar(&mut text, "agent", draft.agent.as_deref());
    scalar(&mut text, "approval", draft.needs_approval.then_some("required"));
    text.push_str("---\n");
    body(&mut text, draft);
    text
}

/// A body that brings its own title keeps it; otherwise the title goes first.
fn body(text: &mut String, draft: &Draft) {
    let body = draft.body.as_deref().unwrap_or("\n## Acceptance Criteria\n\n").trim_start_matches('\n');
    let own_title = body.lines().find(|line| !line.trim().is_empty()).is_some_and(|line| line.starts_with("# "));
    if draft.body.is_some() && own_title {
        write!(text, "\n{}\n", body.trim_end()).expect("writing to a string cannot fail");
        return;
    }
    write!(text, "\n# {}\n", draft.title).expect("writing to a string cannot fail");
    if draft.body.is_some() && !body.trim().is_empty() {
        write!(text, "\n{}\n", body.trim_end()).expect("writing to a string cannot fail");
    }
}

fn scalar(text: &mut String, key: &str, value: Option<&str>) {
    if let Some(value) = value {
        writeln!(text, "{key}: {}", yaml(value)).expect("writing to a string cannot fail");
    }
}

fn list(text: &mut String, key: &str, values: &[String]) {
    if values.is_empty() {
        return;
    }
    writeln!(text, "{key}:").expect("writing to a string cannot fail");
    for value in values {
        writeln!(text, "  - {}", yaml(value)).expect("writing to a string cannot fail");
    }
}

/// A value as YAML: plain where the YAML writer says that plain is safe.
fn yaml(value: &str) -> String {
    match serde_yaml::to_string(value) {
        // A value of several lines becomes a block there, which would need indenting; JSON's quoting is YAML as well.
        Ok(plain) if plain.trim_end().lines().count() == 1 => plain.trim_end().to_owned(),
        _ => serde_json::Value::String(value.to_owned()).to_string(),
    }
}
