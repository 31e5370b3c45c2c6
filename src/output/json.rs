//! `--json`: exactly one object, `"format": 1` first, then what the command is about.
//!
//! | command | keys |
//! |---|---|
//! | `list`, `ready`, `investigate` | `specs` |
//! | `status` | `status`: a list each of what is `running`, `paused`, `finished`, in need of `attention`, `waiting`, `drivers`, `ready`; of an investigation `topic` |
//! | `drift` | `drift` |
//! | `why` | `why` |
//! | `release-notes` | `notes` |
//! | `graph` | `graph`: `nodes`, `edges` |
//! | `ready --explain` | `specs` (the ready ones), `blocked` |
//! | `show`, `add`, `edit` (with `changed`), `path` (with `path`) | `spec`; several specs: `specs` |
//! | `reset`, `fail`, `cancel`, … | `spec`, `op`, `sentence`; several specs: `specs`, `op` |
//! | `work`, `finish` | `spec`, `attempt`, `duration_ms`, `merged`, `failed` |
//! | `merge` | `spec`, `merged` |
//! | `verify` | `spec`, `ok`, `checks`; with `--all` `checked`: a list of these |
//! | `log` | `events` |
//! | `lint`, `fsck` | `problems` |
//! | `sync` | `remote`, `dry_run`, `exchanged` |
//! | `prune` | `dry_run`, `pruned`: a list of what was found, each with `pruned`: whether it goes |
//! | `import` | `dry_run`, `imported`, `recorded` (how many were before), `left`: what could not be carried over, as `problems` |
//! | `init` | `path`, `silent`, `dry_run`, `changes` |
//! | `deinit` | `dry_run`, `changes` |
//! | `demo` | `path`, `look` |
//! | a text | `text` |
//! | a command that failed | `error`: `code`, `message`, `hints`, `diagnostics` |
//!
//! A key is always there; what is absent is `null`.

use serde::{Serialize, Serializer, ser::SerializeMap};

use super::clean;
use crate::{
    Error,
    command::outcome::Body,
    domain::{diagnostic::Diagnostic, view::SpecView},
};

/// The version of the format.
const FORMAT: u8 = 1;

/// The answer as JSON, ended by a line end; indented for eyes, else on one line.
pub(super) fn body(body: &Body, pretty: bool) -> Vec<u8> {
    text(&Answer(body), pretty)
}

/// The error as JSON.
pub(super) fn error(error: &Error, pretty: bool) -> Vec<u8> {
    text(&Failure(error), pretty)
}

fn text<T: Serialize>(value: &T, pretty: bool) -> Vec<u8> {
    let text = if pretty { serde_json::to_string_pretty(value) } else { serde_json::to_string(value) };
    // Keys are text and values are plain data, so there is nothing that could not be written.
    let mut text = escaped(text.expect("views are representable in JSON"));
    text.push('\n');
    text.into_bytes()
}

/// The same JSON with everything that a terminal would interpret written as `\uXXXX`. The control characters below U+0020
/// are written so already, and what is left can only stand inside strings.
fn escaped(json: String) -> String {
    let hidden = |c: char| c >= '\u{7f}' && clean::harmful(c);
    if !json.contains(hidden) {
        return json;
    }
    let mut out = String::with_capacity(json.len() + 16);
    for c in json.chars() {
        if hidden(c) {
            let mut units = [0; 2];
            out.extend(c.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")));
        } else {
            out.push(c);
        }
    }
    out
}

struct Answer<'a>(&'a Body);

impl Serialize for Answer<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("format", &FORMAT)?;
        match self.0 {
            Body::Nothing | Body::Shown => {}
            Body::Added(spec) => map.serialize_entry("spec", spec)?,
            Body::AddedAll(specs) => map.serialize_entry("specs", specs)?,
            Body::Notes(notes) => map.serialize_entry("notes", notes)?,
            Body::Why(answers) => map.serialize_entry("why", answers)?,
            Body::Drift(found) => map.serialize_entry("drift", found)?,
            Body::Graph { view, .. } => map.serialize_entry("graph", view)?,
            Body::Topic(view) => map.serialize_entry("topic", view)?,
            Body::Standing { view, .. } => map.serialize_entry("status", view)?,
            Body::Specs(specs) => map.serialize_entry("specs", specs)?,
            Body::Explained { ready, blocked } => {
                map.serialize_entry("specs", ready)?;
                map.serialize_entry("blocked", blocked)?;
            }
            Body::Spec(detail) => map.serialize_entry("spec", detail)?,
            Body::Details(details) => map.serialize_entry("specs", details)?,
            Body::Events { events, .. } => map.serialize_entry("events", events)?,
            Body::Recorded { op, spec, sentence } => {
                map.serialize_entry("spec", spec)?;
                map.serialize_entry("op", op)?;
                map.serialize_entry("sentence", sentence)?;
            }
            Body::RecordedAll { op, specs } => {
                map.serialize_entry("specs", &specs.iter().map(|(spec, _)| spec).collect::<Vec<&SpecView>>())?;
                map.serialize_entry("op", op)?;
            }
            Body::Folded(specs) => map.serialize_entry("folded", specs)?,
            Body::Edited { spec, changed } => {
                map.serialize_entry("spec", spec)?;
                map.serialize_entry("changed", changed)?;
            }
            Body::Worked(worked) => {
                map.serialize_entry("spec", &worked.spec)?;
                map.serialize_entry("attempt", &worked.attempt)?;
                map.serialize_entry("duration_ms", &(worked.duration.as_millis() as u64))?;
                map.serialize_entry("merged", &worked.merged)?;
                map.serialize_entry("failed", &worked.failed)?;
                map.serialize_entry("paused", &worked.paused)?;
                map.serialize_entry("waits", &worked.waits)?;
            }
            Body::WorkedAll(all) => {
                let of = |one: &crate::command::outcome::WorkedOne| serde_json::json!({ "spec": one.spec, "outcome": one.outcome, "why": one.why, "duration_ms": one.duration.as_millis() as u64, "merged": one.merged });
                map.serialize_entry("worked", &all.specs.iter().map(of).collect::<Vec<_>>())?;
                map.serialize_entry("left", &all.left)?;
                map.serialize_entry("waiting", &all.waiting)?;
            }
            Body::Claimed { spec, path, prompt } => {
                map.serialize_entry("spec", spec)?;
                map.serialize_entry("path", &path.to_string_lossy())?;
                map.serialize_entry("prompt_file", &prompt.to_string_lossy())?;
            }
            Body::TakenOver(taken) => {
                map.serialize_entry("spec", &taken.spec)?;
                map.serialize_entry("path", &taken.path.to_string_lossy())?;
                map.serialize_entry("so_far", &taken.so_far)?;
            }
            Body::Merged { spec, merged } => {
                map.serialize_entry("spec", spec)?;
                map.serialize_entry("merged", merged)?;
            }
            Body::CheckedAll(checked) => {
                let of = |(spec, checks): &(SpecView, Vec<crate::domain::view::CheckView>)| serde_json::json!({ "spec": spec, "ok": checks.iter().all(|check| check.ok), "checks": checks });
                map.serialize_entry("checked", &checked.iter().map(of).collect::<Vec<_>>())?;
            }
            Body::Checked { spec, checks, ok } => {
                map.serialize_entry("spec", spec)?;
                map.serialize_entry("ok", ok)?;
                map.serialize_entry("checks", checks)?;
            }
            Body::Path { spec, path } => {
                map.serialize_entry("spec", spec)?;
                map.serialize_entry("path", &path.to_string_lossy())?;
            }
            Body::Initialized { path, silent, dry_run, changes } => {
                map.serialize_entry("path", &path.to_string_lossy())?;
                map.serialize_entry("silent", silent)?;
                map.serialize_entry("dry_run", dry_run)?;
                map.serialize_entry("changes", changes)?;
            }
            Body::Deinitialized { dry_run, changes } => {
                map.serialize_entry("dry_run", dry_run)?;
                map.serialize_entry("changes", changes)?;
            }
            Body::Hooks { changes, dry_run, hooks } => {
                map.serialize_entry("dry_run", dry_run)?;
                map.serialize_entry("changes", changes.as_deref().unwrap_or_default())?;
                map.serialize_entry("hooks", hooks)?;
            }
            Body::Problems(problems) => map.serialize_entry("problems", problems)?,
            Body::Exchanged { remote, dry_run, exchanged } => {
                map.serialize_entry("remote", remote)?;
                map.serialize_entry("dry_run", dry_run)?;
                map.serialize_entry("exchanged", exchanged)?;
            }
            Body::Pruned { dry_run, found } => {
                map.serialize_entry("dry_run", dry_run)?;
                map.serialize_entry("pruned", found)?;
            }
            Body::Imported { dry_run, imported, recorded, left } => {
                map.serialize_entry("dry_run", dry_run)?;
                map.serialize_entry("imported", imported)?;
                map.serialize_entry("recorded", recorded)?;
                map.serialize_entry("left", left)?;
            }
            Body::Demo { path, look } => {
                map.serialize_entry("path", &path.to_string_lossy())?;
                map.serialize_entry("look", &look.iter().map(Look::from).collect::<Vec<_>>())?;
            }
            Body::Text(text) => map.serialize_entry("text", text)?,
        }
        map.end()
    }
}

#[derive(Serialize)]
struct Look<'a> {
    command: &'a str,
    shows: &'a str,
}

impl<'a> From<&'a (String, String)> for Look<'a> {
    fn from((command, shows): &'a (String, String)) -> Self {
        Look { command, shows }
    }
}

struct Failure<'a>(&'a Error);

impl Serialize for Failure<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Error { code, message, hints, diagnostics, .. } = self.0;
        let diagnostics = diagnostics.iter().map(Place::from).collect();
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("format", &FORMAT)?;
        map.serialize_entry("error", &Fault { code, message, hints, diagnostics })?;
        map.end()
    }
}

#[derive(Serialize)]
struct Fault<'a> {
    code: &'a str,
    message: &'a str,
    hints: &'a [String],
    diagnostics: Vec<Place<'a>>,
}

#[derive(Serialize)]
struct Place<'a> {
    severity: &'a str,
    path: &'a str,
    line: Option<usize>,
    column: Option<usize>,
    message: &'a str,
    help: Option<&'a str>,
}

impl<'a> From<&'a Diagnostic> for Place<'a> {
    fn from(place: &'a Diagnostic) -> Self {
        Place {
            severity: place.severity.as_str(),
            path: &place.path,
            line: (place.line > 0).then_some(place.line),
            column: (place.column > 0).then_some(place.column),
            message: &place.message,
            help: place.help.as_deref(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::sample;

    fn compact(answer: &Body) -> String {
        String::from_utf8(body(answer, false)).expect("UTF-8")
    }

    #[test]
    fn a_list_is_one_object_on_one_line() {
        let text = compact(&Body::Specs(vec![sample::spec("2026-02-08-010-v7b", "A \"title\"")]));
        assert_eq!(
            text,
            "{\"format\":1,\"specs\":[{\"id\":\"2026-02-08-010-v7b\",\"short\":\"010-v7b\",\"title\":\"A \\\"title\\\"\",\
             \"type\":\"code\",\"phase\":null,\"topic\":null,\"status\":\"pending\",\"ready\":false,\"blocked_by\":[],\
             \"stale\":false,\"contended\":false,\"orphaned\":false,\"needs_approval\":false,\"labels\":[],\
             \"depends_on\":[],\"informed_by\":[],\"target_files\":[],\"attempt\":null,\
             \"branch\":\"chant/2026-02-08-010-v7b\",\"worktree\":null,\"spec_path\":null,\"spec_blob\":null,\
             \"tip\":null,\"work_commits\":[],\"created_at\":null,\"updated_at\":null,\"agent\":null,\"model\":null,\
             \"archived\":false,\"error\":null}]}\n"
        );
        assert_eq!(compact(&Body::Specs(Vec::new())), "{\"format\":1,\"specs\":[]}\n");
        assert_eq!(compact(&Body::Nothing), "{\"format\":1}\n");
    }

    #[test]
    fn a_terminal_gets_it_indented() {
        assert_eq!(body(&Body::Specs(Vec::new()), true), b"{\n  \"format\": 1,\n  \"specs\": []\n}\n");
    }

    #[test]
    fn nothing_in_it_speaks_to_a_terminal_and_nothing_is_lost() {
        let hostile = "\u{1b}[2J\u{9b}31m\u{7f}\u{202e}\u{e0041}\n日本";
        let text = compact(&Body::Text(hostile.into()));
        assert_eq!(text, "{\"format\":1,\"text\":\"\\u001b[2J\\u009b31m\\u007f\\u202e\\udb40\\udc41\\n日本\"}\n");
        let value: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(value["text"], hostile);
    }

    #[test]
    fn an_error_has_code_message_hints_and_places() {
        let failure = Error::fatal("no-such-spec", "there is no spec 'x'").hint("'git chant list' names them");
        assert_eq!(
            String::from_utf8(error(&failure, false)).expect("UTF-8"),
            "{\"format\":1,\"error\":{\"code\":\"no-such-spec\",\"message\":\"there is no spec 'x'\",\
             \"hints\":[\"'git chant list' names them\"],\"diagnostics\":[]}}\n"
        );
    }
}
