//! Every answer for people.

use std::path::{Path, PathBuf};

use super::{
    drift, exchange, graph, hooks, import, list, log, past, place, prune, record, show, standing, topic, why, worked,
};
use crate::terminal::clean;
use crate::terminal::{Look, color::Slot, time};
use crate::{
    answer::{
        CheckView, NoteView, SpecView,
        outcome::{Body, Build, Merged, Worked},
    },
    domain::status::Status,
};

/// The answer as bytes for stdout. A path in a pipe is its bytes, whatever they are.
pub(super) fn body(body: &Body, look: &Look) -> Vec<u8> {
    let text = match body {
        Body::Nothing | Body::Shown => String::new(),
        Body::Added(spec) => format!("Created spec: {}\n", spec.id),
        Body::AddedAll(specs) => {
            let line = |spec: &SpecView| {
                format!("Created spec: {}  {}\n", spec.id, clean::line(spec.title.as_deref().unwrap_or_default()))
            };
            specs.iter().map(line).collect()
        }
        Body::Notes(notes) => self::notes(notes),
        Body::Why(answers) => why::why(answers, look),
        Body::Drift(found) => drift::drift(found, look),
        Body::Graph { view, form } => graph::graph(view, *form, look),
        Body::Topic(view) => topic::topic(view, look),
        Body::Standing { view, now, hints } => standing::standing(view, *now, *hints, look),
        Body::Specs(specs) => list::specs(specs, look),
        Body::Lines(lines) => list::lines(lines, look),
        Body::Explained { ready, blocked } => list::explained(ready, blocked, look),
        Body::Spec(detail) => show::detail(detail, look),
        Body::Details(details) => {
            details.iter().map(|detail| show::detail(detail, look)).collect::<Vec<_>>().join("\n")
        }
        Body::Events { events, .. } => log::events(events, look),
        Body::Recorded { spec, sentence, .. } => recorded(spec, sentence, look),
        Body::RecordedAll { specs, .. } => {
            specs.iter().map(|(spec, sentence)| recorded(spec, sentence, look)).collect()
        }
        Body::Folded(specs) if specs.is_empty() => String::new(),
        Body::Folded(specs) => match specs.len() {
            1 => "Folded 1 spec\n".to_owned(),
            several => format!("Folded {several} specs\n"),
        },
        Body::Edited { spec, changed: true } => format!("Edited spec: {}\n", spec.id),
        Body::Edited { spec, changed: false } => format!("Unchanged spec: {}\n", spec.id),
        Body::Worked(worked) => self::worked(worked, look),
        Body::WorkedAll(all) => worked::all(all, look),
        Body::Claimed { spec, path, prompt } => worked::claimed(spec, path, prompt, look),
        Body::TakenOver(taken) => past::taken_over(taken, look),
        Body::Merged { spec, merged } => format!("Merged {} {}\n", clean::line(&spec.short), into(merged)),
        Body::Checked { checks, .. } => checks.iter().map(|check| show::check(check, look) + "\n").collect(),
        Body::CheckedAll(checked) => checked.iter().map(|(spec, checks)| checked_one(spec, checks, look)).collect(),
        Body::Path { path, .. } => return path_line(path, look),
        Body::Initialized { path, silent, dry_run, changes } => initialized(path, *silent, *dry_run, changes),
        Body::Deinitialized { dry_run, changes } => deinitialized(*dry_run, changes),
        Body::Hooks { changes, dry_run, hooks } => hooks::hooks(changes.as_deref(), *dry_run, hooks, look),
        Body::Problems(problems) => place::problems(problems, look),
        Body::Exchanged { remote, dry_run, exchanged } => exchange::exchanged(remote, *dry_run, exchanged, look),
        Body::Pruned { dry_run, found } => prune::pruned(found, *dry_run, look),
        Body::Imported { dry_run, imported, recorded, left } => {
            import::imported(*dry_run, imported, *recorded, left, look)
        }
        Body::Demo { path, look: commands } => demo(path, commands, look),
        Body::Manual { path, dry_run, written, removed } => manual(path, *dry_run, written, removed),
        Body::Version { version, build } => self::version(version, build.as_ref()),
        // Made of our own words.
        Body::Schema(schema) => format!("{schema:#}\n"),
        Body::Text(text) => {
            let text = look.text(text);
            let end = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
            format!("{text}{end}")
        }
    };
    text.into_bytes()
}

/// What to say on a terminal where an answer is empty: an empty screen reads like a failure.
pub(super) fn emptiness(body: &Body) -> Option<&'static str> {
    match body {
        Body::Specs(specs) if specs.is_empty() => Some("no specs"),
        Body::Lines(lines) if lines.is_empty() => Some("no specs"),
        Body::Explained { ready, blocked } if ready.is_empty() && blocked.is_empty() => Some("no specs"),
        Body::Events { events, .. } if events.is_empty() => Some("no events"),
        Body::Notes(notes) if notes.is_empty() => Some("no release notes"),
        Body::Drift(found) if found.is_empty() => Some("nothing has changed"),
        Body::Folded(specs) if specs.is_empty() => Some("nothing to fold"),
        Body::Problems(problems) if problems.is_empty() => Some("no problems"),
        Body::Pruned { found, .. } if found.is_empty() => Some("nothing to prune"),
        Body::Imported { imported, recorded: 0, left, .. } if imported.is_empty() && left.is_empty() => {
            Some("nothing to import")
        }
        Body::CheckedAll(checked) if checked.is_empty() => Some("nothing to check"),
        Body::WorkedAll(all) if all.specs.is_empty() => Some("nothing to work"),
        Body::Checked { checks, .. } if checks.is_empty() => Some("nothing to check"),
        _ => None,
    }
}

/// A changelog, as <https://keepachangelog.com/en/1.1.0/> has it.
fn notes(notes: &[NoteView]) -> String {
    let mut out = String::new();
    for (at, note) in notes.iter().enumerate() {
        if at == 0 || notes[at - 1].kind != note.kind {
            let gap = if at == 0 { "" } else { "\n" };
            out.push_str(&format!("{gap}### {}\n\n", clean::line(&note.kind)));
        }
        out.push_str(&format!("- {}\n", clean::line(&note.text)));
    }
    out
}

fn checked_one(spec: &SpecView, checks: &[CheckView], look: &Look) -> String {
    let id = look.paint.with(Slot::Id, clean::line(&spec.short));
    let mut out = format!("{id}  {}\n", clean::line(spec.title.as_deref().unwrap_or_default()));
    out.extend(checks.iter().map(|check| format!("    {}\n", show::check(check, look))));
    out
}

fn recorded(spec: &SpecView, sentence: &str, look: &Look) -> String {
    let id = look.paint.with(Slot::Id, clean::line(&spec.short));
    let status = look.paint.with(Slot::Status(spec.status), spec.status);
    format!("{id} {status}: {}\n", clean::line(sentence))
}

fn worked(worked: &Worked, look: &Look) -> String {
    let took = time::duration(worked.duration);
    if let Some(failed) = &worked.failed {
        let verdict = look.paint.with(Slot::Bad, "Failed");
        let mut out = format!("{verdict} after {took}: {}\n", clean::line(&failed.reason));
        out.extend(failed.checks.iter().map(|check| format!("    {}\n", show::check(check, look))));
        return out;
    }
    let mut out = match worked.spec.status {
        Status::Completed => format!("{} in {took}\n", look.paint.with(Slot::Good, "Completed")),
        Status::Finished => format!("{} in {took}, not merged yet\n", look.paint.with(Slot::Good, "Finished")),
        Status::Paused => {
            let why = worked.paused.as_deref().map(|why| format!(": {}", clean::line(why))).unwrap_or_default();
            format!("Paused after {took}{why}\n")
        }
        other => format!("Ended after {took}: {other}\n"),
    };
    if let Some(merged) = &worked.merged {
        out.push_str(&format!("Merged {}\n", into(merged)));
    }
    out
}

fn into(merged: &Merged) -> String {
    format!("into {} ({})", clean::line(&merged.target), log::abbreviated(&merged.commit))
}

fn path_line(path: &std::path::Path, look: &Look) -> Vec<u8> {
    let mut line = if look.screen {
        clean::line(&path.to_string_lossy()).into_owned().into_bytes()
    } else {
        record::path(path).to_vec()
    };
    line.push(b'\n');
    line
}

fn initialized(path: &std::path::Path, silent: bool, dry_run: bool, changes: &[String]) -> String {
    let path = path.to_string_lossy();
    let silently = if silent { ", hidden from the repository" } else { "" };
    let first = match (changes.is_empty(), dry_run) {
        (true, _) => "Already initialized",
        (false, true) => "Would initialize git chant",
        (false, false) => "Initialized git chant",
    };
    let mut out = format!("{first} in {}{silently}\n", clean::line(&path));
    out.extend(changes.iter().map(|change| format!("    {}\n", clean::line(change))));
    out
}

fn deinitialized(dry_run: bool, changes: &[String]) -> String {
    let first = match (changes.is_empty(), dry_run) {
        (true, _) => "There is nothing of git chant to take out",
        (false, true) => "Would take git chant out of this clone",
        (false, false) => "Took git chant out of this clone",
    };
    let mut out = format!("{first}\n");
    out.extend(changes.iter().map(|change| format!("    {}\n", clean::line(change))));
    out
}

/// What was written, then what was taken away.
fn manual(path: &Path, dry_run: bool, written: &[PathBuf], removed: &[PathBuf]) -> String {
    if written.is_empty() && removed.is_empty() {
        return "There is nothing to change\n".to_owned();
    }
    let listed = |verb: &str, pages: &[PathBuf], place: &str| {
        let pages = pages.iter().map(|page| format!("    {}\n", clean::line(&page.to_string_lossy())));
        let count = pages.len();
        let noun = if count == 1 { "page" } else { "pages" };
        let head = if count == 0 { String::new() } else { format!("{verb} {count} {noun}{place}\n") };
        pages.fold(head, |out, page| out + &page)
    };
    let [write, remove] = if dry_run { ["Would write", "Would remove"] } else { ["Wrote", "Removed"] };
    let place = format!(" in '{}'", clean::line(&path.to_string_lossy()));
    listed(write, written, &place) + &listed(remove, removed, "")
}

/// As `git version --build-options` has it.
fn version(version: &str, build: Option<&Build>) -> String {
    let mut out = format!("git-chant version {version}\n");
    let Some(build) = build else { return out };
    let commit = build.commit.map(|commit| match build.dirty {
        Some(true) => format!("{commit} (with changes)"),
        _ => commit.to_owned(),
    });
    let features = if build.features.is_empty() { "none".to_owned() } else { build.features.join(" ") };
    let text = |value: Option<&str>| value.unwrap_or("unknown").to_owned();
    for (name, value) in [
        ("commit", text(commit.as_deref())),
        ("target", text(build.target)),
        ("profile", text(build.profile)),
        ("rustc", text(build.rustc)),
        ("features", features),
        ("gix", text(build.gix)),
    ] {
        out.push_str(&format!("{name}: {value}\n"));
    }
    out
}

fn demo(path: &std::path::Path, commands: &[(String, String)], look: &Look) -> String {
    let mut out = format!("The repository is {}\n", clean::line(&path.to_string_lossy()));
    for (command, shows) in commands {
        let shows = look.paint.with(Slot::Faint, format_args!("# {}", clean::line(shows)));
        out.push_str(&format!("    {shows}\n    {}\n", clean::line(command)));
    }
    out
}

#[cfg(test)]
mod tests {
    use std::{path::PathBuf, time::Duration};

    use super::*;
    use crate::{
        answer::{CheckView, outcome::Failed},
        output::sample,
        terminal::color::Paint,
    };

    const PIPE: Look = Look { paint: Paint::new(false), width: None, screen: false, unicode: false };

    fn text(answer: &Body, look: &Look) -> String {
        String::from_utf8(body(answer, look)).expect("UTF-8")
    }

    fn spec(status: Status) -> SpecView {
        SpecView { status, ..sample::spec("2026-02-08-010-v7b", "Add locking") }
    }

    fn ended(status: Status) -> Worked {
        Worked {
            spec: spec(status),
            duration: Duration::from_millis(150_400),
            attempt: None,
            merged: None,
            failed: None,
            paused: None,
            waits: None,
        }
    }

    #[test]
    fn the_lines_of_the_source_documents() {
        assert_eq!(text(&Body::Added(Box::new(spec(Status::Pending))), &PIPE), "Created spec: 2026-02-08-010-v7b\n");
        let mut done = ended(Status::Completed);
        assert_eq!(text(&Body::Worked(Box::new(done.clone())), &PIPE), "Completed in 2m 30s\n");
        done.merged = Some(Merged { target: "main".into(), commit: "c0ffee00".repeat(5) });
        assert_eq!(text(&Body::Worked(Box::new(done)), &PIPE), "Completed in 2m 30s\nMerged into main (c0ffee00c0)\n");
        assert_eq!(
            text(&Body::Worked(Box::new(ended(Status::Finished))), &PIPE),
            "Finished in 2m 30s, not merged yet\n"
        );
    }

    #[test]
    fn a_failure_names_its_checks() {
        let check = |name: &str, ok, detail: Option<&str>| CheckView {
            name: name.into(),
            ok,
            detail: detail.map(str::to_owned),
            duration_ms: None,
        };
        let mut failed = ended(Status::Failed);
        failed.failed = Some(Failed {
            reason: "2 checks failed".into(),
            checks: vec![check("criteria", false, Some("'Docs say so' is not ticked")), check("scope", true, None)],
        });
        assert_eq!(
            text(&Body::Worked(Box::new(failed)), &PIPE),
            "Failed after 2m 30s: 2 checks failed\n    FAILED  criteria: 'Docs say so' is not ticked\n    ok      scope\n"
        );
    }

    #[test]
    fn verbs_say_what_they_recorded() {
        let one = Body::Recorded {
            op: "reset".into(),
            spec: Box::new(spec(Status::Pending)),
            sentence: "Ada reset it".into(),
        };
        assert_eq!(text(&one, &PIPE), "010-v7b pending: Ada reset it\n");
        let init = Body::Initialized {
            path: "/r/.chant".into(),
            silent: true,
            dry_run: false,
            changes: vec!["notes.rewriteRef = refs/notes/chant".into()],
        };
        assert_eq!(
            text(&init, &PIPE),
            "Initialized git chant in /r/.chant, hidden from the repository\n    notes.rewriteRef = refs/notes/chant\n"
        );
        assert_eq!(text(&Body::Text("no end".into()), &PIPE), "no end\n");
    }

    #[cfg(unix)]
    #[test]
    fn a_path_in_a_pipe_is_its_bytes() {
        use std::os::unix::ffi::OsStringExt;
        let path = PathBuf::from(std::ffi::OsString::from_vec(b"/tmp/\xff\x1b[2J".to_vec()));
        let answer = Body::Path { spec: Box::new(spec(Status::InProgress)), path };
        assert_eq!(body(&answer, &PIPE), b"/tmp/\xff\x1b[2J\n");
        assert_eq!(text(&answer, &Look { screen: true, ..PIPE }), "/tmp/\u{fffd}\n");
    }
}
