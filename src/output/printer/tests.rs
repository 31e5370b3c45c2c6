//! Streams, forms and exit codes, as a caller sees them.

use std::io::Read;

use super::*;
use crate::answer::{EventView, Nothing, SpecList, SpecView, record::fields, sample};
use crate::error::Kind;
use crate::terminal::settings::Terminal;

/// What `--format` can name of specs.
const SPECS: Option<Fields> = Some(fields::<SpecView>);

/// Runs `act` with a printer on two real pipes; what came out of stdout and stderr, and what `act` returned.
fn captured<T>(settings: Settings, fields: Option<Fields>, act: impl FnOnce(&Printer) -> T) -> (String, String, T) {
    let (mut out, out_end) = io::pipe().expect("a pipe");
    let (mut err, err_end) = io::pipe().expect("a pipe");
    let mut printer = Printer::on(settings, Box::new(out_end), Box::new(err_end));
    printer.prepare(fields).expect("good flags");
    let result = act(&printer);
    drop(printer);
    let (mut stdout, mut stderr) = (String::new(), String::new());
    out.read_to_string(&mut stdout).expect("UTF-8");
    err.read_to_string(&mut stderr).expect("UTF-8");
    (stdout, stderr, result)
}

fn two() -> Outcome {
    let specs = ["2026-02-08-010-v7b", "2026-02-08-011-abc"].map(|id| sample::spec(id, "A\u{1b}[31m title"));
    Outcome::new(SpecList { specs: specs.to_vec(), ..SpecList::default() })
        .warning("the index is old")
        .hint("run it again")
        .exit(1)
}

fn screen() -> Terminal {
    Terminal { stdout: true, stderr: true, width: Some(80), unicode: true }
}

#[test]
fn data_goes_to_stdout_and_the_rest_to_stderr() {
    let (out, err, code) = captured(Settings::default(), SPECS, |p| p.finish(&Ok(two())));
    assert_eq!(out, "010-v7b  pending  A title\n011-abc  pending  A title\n");
    assert_eq!((err.as_str(), code), ("warning: the index is old\nhint: run it again\n", 1));
    let quiet = Settings { quiet: true, ..Settings::default() };
    let (_, err, _) = captured(quiet, SPECS, |p| p.finish(&Ok(two())));
    assert_eq!(err, "warning: the index is old\n");
}

#[test]
fn records_end_with_nul_under_z() {
    let null = Settings { null: true, ..Settings::default() };
    let (out, ..) = captured(null.clone(), SPECS, |p| p.finish(&Ok(two())));
    assert_eq!(
        out,
        "2026-02-08-010-v7b\tpending\tA\u{1b}[31m title\x002026-02-08-011-abc\tpending\tA\u{1b}[31m title\0"
    );
    let both = Settings { format: Some("%(short)".into()), ..null.clone() };
    let (out, ..) = captured(both, SPECS, |p| p.finish(&Ok(two())));
    assert_eq!(out, "010-v7b\x00011-abc\0");
    let shown = Settings { terminal: screen(), ..null };
    let (out, ..) = captured(shown, SPECS, |p| p.finish(&Ok(two())));
    assert!(!out.contains('\u{1b}'), "{out:?}");
}

#[test]
fn a_format_gives_a_line_a_record() {
    let settings = Settings { format: Some("%(id) %(title)".into()), ..Settings::default() };
    let (out, ..) = captured(settings, SPECS, |p| p.finish(&Ok(two())));
    assert_eq!(out, "2026-02-08-010-v7b A\u{1b}[31m title\n2026-02-08-011-abc A\u{1b}[31m title\n");
}

#[test]
fn json_is_alone_on_stdout_and_silent_but_for_warnings() {
    let settings = Settings { json: true, ..Settings::default() };
    let (out, err, _) = captured(settings.clone(), None, |p| {
        p.say(&Step::Working { short: "010-v7b", title: "Add locking" });
        p.say(&Step::AgentLine("hello"));
        p.say(&Step::Warning("the lease is old".into()));
        p.finish(&Ok(Outcome::new(SpecList::default()).hint("none")))
    });
    assert_eq!((out.as_str(), err.as_str()), ("{\"format\":1,\"specs\":[]}\n", "warning: the lease is old\n"));
    let (out, err, code) = captured(settings, None, |p| p.finish(&Err(Error::fatal(Kind::Io, "broken"))));
    assert_eq!(
        out,
        "{\"format\":1,\"error\":{\"code\":\"io\",\"message\":\"broken\",\"hints\":[],\"diagnostics\":[]}}\n"
    );
    assert_eq!((err.as_str(), code), ("", 128));
}

#[test]
fn progress_reads_as_the_source_documents_show_it() {
    let (out, err, ()) = captured(Settings::default(), None, |p| {
        p.say(&Step::Command("git chant work 010-v7b"));
        p.say(&Step::Working { short: "010-v7b", title: "Fix\u{1b}[2J issue #1234" });
        p.say(&Step::AgentStarted { worktree: "/tmp/r.chant-010-v7b".as_ref() });
        p.say(&Step::AgentLine("reading\u{1b}]0;owned\u{7} store.rs"));
        p.say(&Step::Checking { what: "verify: cargo test" });
        p.say(&Step::Hint("look".into()));
    });
    assert_eq!(out, "");
    assert_eq!(
        err,
        "$ git chant work 010-v7b\nWorking 010-v7b: Fix issue #1234\n\
         > Agent working in worktree /tmp/r.chant-010-v7b\n  reading store.rs\n\
         > Checking verify: cargo test\nhint: look\n"
    );
}

#[test]
fn an_answer_in_pieces_goes_to_stdout_as_it_comes() {
    let pieces = |p: &Printer| {
        p.say(&Step::Answer("one\n"));
        p.say(&Step::Answer("\u{1b}[1mtwo\n"));
        p.finish(&Ok(Outcome::new(Nothing {})))
    };
    let (out, err, code) = captured(Settings::default(), None, pieces);
    assert_eq!((out.as_str(), err.as_str(), code), ("one\n\u{1b}[1mtwo\n", "", 0));
    let (out, ..) = captured(Settings { terminal: screen(), ..Settings::default() }, None, pieces);
    assert_eq!(out, "one\ntwo\n");
}

#[test]
fn an_empty_list_is_silent_in_a_pipe_and_explained_at_a_terminal() {
    let empty = || Ok(Outcome::new(SpecList::default()));
    let (out, err, code) = captured(Settings::default(), SPECS, |p| p.finish(&empty()));
    assert_eq!((out.as_str(), err.as_str(), code), ("", "", 0));
    let terminal = Settings { terminal: screen(), ..Settings::default() };
    let (out, err, _) = captured(terminal, SPECS, |p| p.finish(&empty()));
    assert_eq!((out.as_str(), err.as_str()), ("", "no specs\n"));
}

#[test]
fn colour_only_where_it_is_wanted() {
    let colored = |settings: Settings| captured(settings, SPECS, |p| p.finish(&Ok(two()))).0;
    assert!(!colored(Settings::default()).contains('\u{1b}'));
    assert!(colored(Settings { terminal: screen(), ..Settings::default() }).contains("\u{1b}[33m010-v7b"));
    let plain = Settings { terminal: screen(), no_color: true, ..Settings::default() };
    assert!(!colored(plain).contains('\u{1b}'));
    let always = Settings { color_ui: Some("always".into()), no_color: true, ..Settings::default() };
    assert!(colored(always.clone()).contains('\u{1b}'));
    assert!(!colored(Settings { color_chant: Some("never".into()), ..always }).contains('\u{1b}'));
}

#[test]
fn a_reader_that_has_gone_ends_it_quietly() {
    let (out, out_end) = io::pipe().expect("a pipe");
    let (mut err, err_end) = io::pipe().expect("a pipe");
    drop(out);
    let printer = Printer::on(Settings::default(), Box::new(out_end), Box::new(err_end));
    assert_eq!(printer.finish(&Ok(two())), 141);
    printer.say(&Step::Answer("more"));
    assert!(printer.closed());
    drop(printer);
    let mut said = String::new();
    err.read_to_string(&mut said).expect("UTF-8");
    assert_eq!(said, "");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_no_success() {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("Linux has it");
    let (mut err, err_end) = io::pipe().expect("a pipe");
    let printer = Printer::on(Settings::default(), Box::new(full), Box::new(err_end));
    assert_eq!(printer.finish(&Ok(two())), 128);
    printer.say(&Step::Answer("in pieces"));
    assert_eq!(printer.finish(&Ok(Outcome::new(Nothing {}))), 128);
    drop(printer);
    let mut said = String::new();
    err.read_to_string(&mut said).expect("UTF-8");
    assert_eq!(said, "fatal: cannot write to 'standard output': no space left on device\n".repeat(2));
}

#[test]
fn flags_that_contradict_are_usage_errors() {
    let refused = |settings: Settings, record| {
        let error = Printer::new(settings).prepare(record).expect_err("refused");
        (error.exit.code(), error.message)
    };
    let json = Settings { json: true, ..Settings::default() };
    let format = Settings { format: Some("%(nope)".into()), ..Settings::default() };
    assert_eq!(
        refused(Settings { null: true, ..json.clone() }, None),
        (129, "'--json' and '-z' cannot be used together".into())
    );
    assert_eq!(refused(Settings { json: true, ..format.clone() }, SPECS).0, 129);
    assert_eq!(refused(format.clone(), None).1, "this command does not support '--format'");
    assert_eq!(refused(format, Some(fields::<EventView>)).1, "unknown field 'nope' in the format");
}
