//! `--json`: exactly one object, `"format": 1` first, then what the command is about.
//!
//! What that is, for each command, is in `answer` and [`schema`](super::schema).

use serde::Serialize;

use super::answer::{
    AllChecked, AllHooks, AllPruned, AllRecorded, AllShown, AllWorked, Changed, Checked, CheckedSpec, Claimed,
    Demonstrated, Drifted, Edited, Events, Exchanged, Explained, FORMAT, Failure, Folded, Framed, GraphOf, Imported,
    Initialized, Look, ManualPages, Notes, Nothing, OneSpec, PathOf, Problems, Recorded, SchemaOf, Shown, SpecMerged,
    Specs, StatusOfAll, StatusOfTopic, TakenOver, Text, VersionOf, Whys, Worked, WorkedSpec, path,
};
use crate::terminal::clean;
use crate::{Error, answer::outcome::Body};

/// The answer as JSON, ended by a line end; indented for eyes, else on one line.
pub(super) fn body(body: &Body, pretty: bool) -> Vec<u8> {
    about_specs(body, pretty).unwrap_or_else(|| about_the_rest(body, pretty))
}

/// The error as JSON.
pub(crate) fn error(error: &Error, pretty: bool) -> Vec<u8> {
    text(&Failure::from(error), pretty)
}

/// The answers that are about specs and what is done with them.
fn about_specs(body: &Body, pretty: bool) -> Option<Vec<u8>> {
    Some(match body {
        Body::Added(spec) => text(&OneSpec { spec }, pretty),
        Body::AddedAll(specs) | Body::Specs(specs) => text(&Specs { specs }, pretty),
        Body::Explained { ready, blocked } => text(&Explained { specs: ready, blocked }, pretty),
        Body::Spec(spec) => text(&Shown { spec }, pretty),
        Body::Details(specs) => text(&AllShown { specs }, pretty),
        Body::Events { events, .. } => text(&Events { events }, pretty),
        Body::Recorded { op, spec, sentence } => text(&Recorded { spec, op, sentence }, pretty),
        Body::RecordedAll { op, specs } => {
            text(&AllRecorded { specs: specs.iter().map(|(spec, _)| spec).collect(), op }, pretty)
        }
        Body::Folded(folded) => text(&Folded { folded }, pretty),
        Body::Edited { spec, changed } => text(&Edited { spec, changed: *changed }, pretty),
        Body::Worked(worked) => {
            let answer = Worked {
                spec: &worked.spec,
                attempt: worked.attempt.as_deref(),
                duration_ms: worked.duration.as_millis() as u64,
                merged: worked.merged.as_ref(),
                failed: worked.failed.as_ref(),
                paused: worked.paused.as_deref(),
                waits: worked.waits.as_deref(),
            };
            text(&answer, pretty)
        }
        Body::WorkedAll(all) => {
            let worked = all.specs.iter().map(WorkedSpec::from).collect();
            text(&AllWorked { worked, left: all.left, waiting: all.waiting }, pretty)
        }
        Body::Claimed { spec, path: place, prompt } => {
            text(&Claimed { spec, path: path(place), prompt_file: path(prompt) }, pretty)
        }
        Body::TakenOver(taken) => {
            text(&TakenOver { spec: &taken.spec, path: path(&taken.path), so_far: &taken.so_far }, pretty)
        }
        Body::Merged { spec, merged } => text(&SpecMerged { spec, merged }, pretty),
        Body::Checked { spec, checks, ok } => text(&Checked { spec, ok: *ok, checks }, pretty),
        Body::CheckedAll(checked) => {
            let checked =
                checked.iter().map(|(spec, checks)| CheckedSpec { spec, ok: checks.iter().all(|c| c.ok), checks });
            text(&AllChecked { checked: checked.collect() }, pretty)
        }
        Body::Path { spec, path: place } => text(&PathOf { spec, path: path(place) }, pretty),
        _ => return None,
    })
}

/// All others.
fn about_the_rest(body: &Body, pretty: bool) -> Vec<u8> {
    match body {
        Body::Topic(topic) => text(&StatusOfTopic { topic }, pretty),
        Body::Standing { view, .. } => text(&StatusOfAll { status: view }, pretty),
        Body::Notes(notes) => text(&Notes { notes }, pretty),
        Body::Why(why) => text(&Whys { why }, pretty),
        Body::Drift(drift) => text(&Drifted { drift }, pretty),
        Body::Graph { view, .. } => text(&GraphOf { graph: view }, pretty),
        Body::Initialized { path: place, silent, dry_run, changes } => {
            text(&Initialized { path: path(place), silent: *silent, dry_run: *dry_run, changes }, pretty)
        }
        Body::Deinitialized { dry_run, changes } => text(&Changed { dry_run: *dry_run, changes }, pretty),
        Body::Hooks { changes, dry_run, hooks } => {
            let changes = changes.as_deref().unwrap_or_default();
            text(&AllHooks { dry_run: *dry_run, changes, hooks }, pretty)
        }
        Body::Problems(problems) => text(&Problems { problems }, pretty),
        Body::Exchanged { remote, dry_run, exchanged } => {
            text(&Exchanged { remote, dry_run: *dry_run, exchanged }, pretty)
        }
        Body::Pruned { dry_run, found } => text(&AllPruned { dry_run: *dry_run, pruned: found }, pretty),
        Body::Imported { dry_run, imported, recorded, left } => {
            text(&Imported { dry_run: *dry_run, imported, recorded: *recorded, left }, pretty)
        }
        Body::Demo { path: place, look } => {
            let look = look.iter().map(|(command, shows)| Look { command, shows }).collect();
            text(&Demonstrated { path: path(place), look }, pretty)
        }
        Body::Manual { path: place, dry_run, written, removed } => {
            let [written, removed] =
                [written, removed].map(|pages| pages.iter().map(|page| page.to_string_lossy()).collect());
            text(&ManualPages { path: path(place), dry_run: *dry_run, written, removed }, pretty)
        }
        Body::Version { version, build } => text(&VersionOf { version, build: build.as_ref() }, pretty),
        Body::Schema(schema) => text(&SchemaOf { schema }, pretty),
        Body::Text(told) => text(&Text { text: told }, pretty),
        _ => text(&Nothing {}, pretty),
    }
}

fn text<T: Serialize>(answer: &T, pretty: bool) -> Vec<u8> {
    let answer = Framed { format: FORMAT, answer };
    let text = if pretty { serde_json::to_string_pretty(&answer) } else { serde_json::to_string(&answer) };
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
        let failure = Error::fatal("unknown-spec", "there is no spec 'x'").hint("'git chant list' names them");
        assert_eq!(
            String::from_utf8(error(&failure, false)).expect("UTF-8"),
            "{\"format\":1,\"error\":{\"code\":\"unknown-spec\",\"message\":\"there is no spec 'x'\",\
             \"hints\":[\"'git chant list' names them\"],\"diagnostics\":[]}}\n"
        );
    }
}
