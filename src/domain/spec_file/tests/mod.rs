mod properties;

use super::*;
use crate::domain::character::is_unprintable;
use crate::domain::spec_type::SpecType;
use crate::domain::tests::processor_time;

pub(super) const PATH: &str = ".chant/specs/a.md";

fn good(text: &str) -> Spec {
    parse(PATH, text.as_bytes()).unwrap_or_else(|errors| panic!("{text:?}: {errors:#?}"))
}

/// The one error of a file.
fn error(bytes: impl AsRef<[u8]>) -> Diagnostic {
    let mut errors = parse(PATH, bytes.as_ref()).expect_err("an error");
    assert_eq!(errors.len(), 1, "{errors:#?}");
    errors.remove(0)
}

/// Where an error is and what it underlines.
pub(super) fn underlined(diagnostic: &Diagnostic) -> (usize, usize, &str) {
    let (source, span) = (diagnostic.source.as_deref().expect("a source"), diagnostic.span.clone().expect("a span"));
    (diagnostic.line, diagnostic.column, &source[span])
}

fn front(yaml: &str) -> String {
    format!("---\n{yaml}\n---\n# Title\n")
}

#[test]
fn a_full_spec_is_read() {
    let spec = good(
        "---\ntype: task # a comment\nphase: fork-fix\ntopic: issue-1234\nlabels: [fix, issue-1234]\ndepends_on: [008-j3n]\n\
         informed_by:\n  - .chant/research/issue-1234-root-cause.md\n  - .chant/specs/2026-01-29-003-ghi.md # the research\n\
         target_files:\n- src/storage/store.rs\n- docs/\nverify:\n  - cargo test\n  - |\n    make\n    make check\n\
         reproduces: cargo test race\nprompt: implement\nagent: claude\nsupersedes: 007\norigin: data/*.csv\n\
         approval: required\nstatus: ready\nmodel: claude\ncompleted_at: 2026-01-29T18:00:00Z\ncommits: [1e3, 0123456]\n\
         branch: ~\nx-other: {deep: [1, {2: 3}]}\n---\n\n# Fix `store`: *add* locking\n",
    );
    let front = &spec.front;
    assert_eq!(front.kind, SpecType::Task);
    assert_eq!((front.phase.as_deref(), front.topic.as_deref()), (Some("fork-fix"), Some("issue-1234")));
    assert_eq!(front.labels, ["fix", "issue-1234"]);
    assert_eq!(front.depends_on, ["008-j3n"]);
    assert_eq!(front.informed_by[1], ".chant/specs/2026-01-29-003-ghi.md");
    assert_eq!(front.target_files, ["src/storage/store.rs", "docs/"]);
    assert_eq!(front.verify, ["cargo test", "make\nmake check\n"]);
    assert_eq!(front.supersedes, ["007"]);
    assert!(front.approval.required && front.branch.is_none());
    assert_eq!(front.commits, ["1e3", "0123456"]);
    assert_eq!(front.completed_at.as_deref(), Some("2026-01-29T18:00:00Z"));
    assert_eq!(front.unknown, ["x-other"]);
    assert_eq!(spec.title.as_deref(), Some("Fix store: add locking"));
    assert_eq!(spec.warnings, []);
    assert_eq!(spec.body(), "\n# Fix `store`: *add* locking\n");
}

#[test]
fn scalars_are_what_was_written() {
    let spec = good(
        &front(
            "labels: [1234, 010, 1e3, 0x1F, 1_000, true, No, 1.50, .5, '010', \"a\\tb\"]\ndepends_on: 010\nphase: 0o17",
        )
        .replace("\\t", "b"),
    );
    assert_eq!(spec.front.labels, ["1234", "010", "1e3", "0x1F", "1_000", "true", "No", "1.50", ".5", "010", "abb"]);
    assert_eq!((spec.front.depends_on, spec.front.phase.as_deref()), (vec!["010".to_owned()], Some("0o17")));
}

#[test]
fn line_ends_and_byte_order_marks_do_not_matter() {
    let text = "---\ntype: research\nlabels:\n  - a\n---\n# T\n\n## Acceptance Criteria\n\n- [x] one\n";
    let plain = good(text);
    for (variant, bom) in [
        (text.replace('\n', "\r\n"), 0),
        (format!("\u{feff}{text}"), 3),
        (format!("\u{feff}{}", text.replace('\n', "\r\n")), 3),
    ] {
        let spec = good(&variant);
        assert_eq!((spec.front.kind, &spec.front.labels), (SpecType::Research, &plain.front.labels));
        assert_eq!(spec.title, plain.title);
        assert_eq!(spec.criteria[0].line, 10);
        assert_eq!(&variant[spec.criteria[0].offset..][..3], "[x]");
        assert_eq!(spec.front_range.start, bom);
        assert!(variant[spec.front_range.clone()].trim_end().ends_with("---"));
        assert!(variant[spec.body_start..].starts_with("# T"));
    }
}

#[test]
fn front_matter_may_be_absent_or_empty() {
    for text in [
        "# Title\n\n---\nnot: front matter\n---\n",
        "---\n---\n# Title",
        "---\n# a comment\n\n---\n# Title",
        "---\n~\n---\n# Title",
    ] {
        let spec = good(text);
        assert_eq!(spec.front.unknown, Vec::<String>::new());
        assert_eq!((spec.title.as_deref(), spec.warnings.len()), (Some("Title"), 0), "{text:?}");
    }
    let spec = good("# Title");
    assert_eq!((spec.front_range, spec.body_start), (0..0, 0));
    assert_eq!(good("---\n---").body_start, 7);
}

#[test]
fn an_empty_file_is_a_spec_with_a_warning() {
    for text in ["", "\u{feff}", "\n\n"] {
        let spec = good(text);
        assert_eq!(spec.warnings[0].message, "the file is empty", "{text:?}");
        assert_eq!((spec.title, spec.warnings[0].line), (None, 0));
    }
    assert_eq!(good("text\n").warnings[0].message, "the spec has no title");
}

#[test]
fn what_is_no_text_is_refused_at_the_byte() {
    let nul = error(b"# a\n\xc3\xa4\xc3\xb6\0\n");
    assert_eq!(underlined(&nul), (2, 3, "\u{fffd}"));
    assert_eq!(nul.message, "the file holds a NUL byte");
    let latin = error(b"# a\r\n\xc3\xa4 \xe4 x\r\nmore");
    assert_eq!(underlined(&latin), (2, 3, "\u{fffd}"));
    assert_eq!(latin.message, "the file is not UTF-8: invalid byte 0xe4");
    assert_eq!(underlined(&error(b"a\xf0\x9f\x98")), (1, 2, "\u{fffd}"));
    assert_eq!(underlined(&error("\u{feff}#\0")), (1, 2, "\u{fffd}"));
}

#[test]
fn a_file_of_100_mb_is_refused_by_its_size() {
    let error = error(vec![b'#'; 100 * 1024 * 1024]);
    assert_eq!(error.message, "the file is 104857600 bytes long, more than the 4194304 that a spec may have");
    assert_eq!((error.line, error.span), (0, None));
}

#[test]
fn front_matter_that_never_closes_is_an_error() {
    for text in ["---\ntype: code\n\n# Title\n", "---", "---\n--- x\n", "\u{feff}---\r\n"] {
        let error = error(text);
        assert_eq!((underlined(&error), error.help.is_some()), ((1, 1, "---"), true), "{text:?}");
    }
}

#[test]
fn wrong_types_are_all_reported_at_their_place() {
    let text =
        front("type: cdoe\nlabels: {a: b}\ntopic: [a]\nverify:\n  - [x]\n  -\n  - ok\ndepends_on: ~\nphase: !x y");
    let errors = parse(PATH, text.as_bytes()).expect_err("errors");
    let found: Vec<_> = errors.iter().map(|error| (underlined(error), error.message.as_str())).collect();
    assert_eq!(
        found,
        [
            (
                (2, 7, "cdoe"),
                "'type' cannot be 'cdoe': expected one of code, task, research, documentation, driver, gate"
            ),
            ((3, 1, "labels"), "'labels' is a mapping where a list of texts is expected"),
            ((4, 1, "topic"), "'topic' is a list where a text is expected"),
            ((6, 5, "[x]"), "'verify' holds a list where a text is expected"),
            ((7, 4, ""), "'verify' holds nothing where a text is expected"),
            ((10, 1, "phase"), "'phase' is a value with a YAML tag where a text is expected"),
        ]
    );
    assert_eq!(errors[0].help.as_deref(), Some("did you mean 'code'?"));
    assert_eq!(errors[0].source_line, 1);
    assert!(errors[0].source.as_deref().is_some_and(|source| source.starts_with("---\ntype: cdoe\nlabels")));
}

#[test]
fn positions_count_characters_in_any_file() {
    for (prefix, end) in [("", "\n"), ("\u{feff}", "\n"), ("", "\r\n"), ("\u{feff}", "\r\n")] {
        let text = format!("{prefix}---\n# ä 😀\nx-ä: ö\nlabels: [größe, 'ä😀', \"a\u{a0}b\", \"x\\e\"]\ninformed_by: [\"ä.md\", ../ö.md]\n---\n")
            .replace('\n', end);
        let errors = parse(PATH, text.as_bytes()).expect_err("errors");
        let found: Vec<_> = errors.iter().map(underlined).collect();
        assert_eq!(found, [(4, 30, "\"x\\e\""), (5, 23, "../ö.md")], "{text:?}");
        assert!(errors.iter().all(|error| error.source.as_deref().is_some_and(|source| !source.contains('\r'))));
    }
}

#[test]
fn duplicate_keys_are_reported_at_the_second() {
    let error1 = error(front("labels: [a]\ntype: code\nlabels: [b]"));
    assert_eq!((underlined(&error1), error1.message.as_str()), ((4, 1, "labels"), "the key 'labels' occurs twice"));
    let error2 = error(front("approval: {required: true, required: false}"));
    assert_eq!(underlined(&error2), (2, 28, "required"));
    assert_eq!(underlined(&error(front("x: 1\n'x': 2"))), (3, 1, "'x'"));
}

#[test]
fn bad_yaml_is_reported_at_its_place() {
    for (yaml, at, message) in [
        ("labels:\n\t- a", (3, 1), "cannot start any token"),
        ("labels: [a, b", (2, 14), "',' or ']'"),
        ("a: b: c", (2, 5), "mapping values are not allowed"),
        ("labels: *none", (2, 9), "unknown anchor"),
        ("- a\n- b", (2, 1), "not a mapping"),
        ("just text", (2, 1), "not a mapping"),
        ("a: 1\n--- \nb: 2".replace("--- ", "--- x").as_str(), (3, 1), "more than one"),
        ("a: 1\n...\nb: 2", (3, 1), "more than one"),
        ("? [a, b]\n: c", (2, 3), "not plain text"),
        ("a: \u{1b}[31m", (2, 4), "U+001B"),
        ("a: \u{7f}", (2, 4), "U+007F"),
        ("a: \u{9b}", (2, 4), "U+009B"),
        ("a: 'x", (2, 6), "valid YAML"),
        ("%FOO", (2, 5), "directive"),
    ] {
        let error = error(front(yaml));
        assert_eq!((error.line, error.column), at, "{yaml:?} {error:#?}");
        assert!(error.message.contains(message), "{yaml:?} {error:#?}");
        assert!(!error.message.contains(" line ") && !error.message.contains("position"), "{}", error.message);
    }
    assert!(error(front("labels:\n\t- a")).help.is_some_and(|help| help.contains("spaces")));
}

#[test]
fn bombs_are_refused_fast() {
    let mut laughs = "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]\n".to_owned();
    for n in 1..20 {
        let last = format!("*a{}, ", n - 1).repeat(10);
        laughs += &format!("a{n}: &a{n} [{last}]\n");
    }
    let long = format!("a: &a {}\nlabels: [{}]", "x".repeat(1000), "*a, ".repeat(1000));
    for bomb in [laughs.clone() + "labels: *a19", laughs, long] {
        let (error, took) = processor_time(|| error(front(&bomb)));
        assert!(error.message.contains("too large once its aliases are expanded"), "{error:?}");
        assert!(error.line > 1 && took.as_secs() < 5, "{took:?} {error:?}");
    }
    let spec = good(&front("common: &c [a, b]\nlabels: *c"));
    assert_eq!(spec.front.labels, ["a", "b"]);
}

#[test]
fn depth_and_length_are_bounded() {
    let max = yaml::MAX_FRONT_LEN;
    let nested: String = (0..600).map(|n| format!("{}a:\n", " ".repeat(n))).collect();
    for (hostile, message) in [
        ("[".repeat(max - 20), "opening brackets"),
        ("[".repeat(10_000), "nested too deeply"),
        ("{".repeat(10_000), "not valid YAML"),
        ("[ ']', ".repeat(10_001), "opening brackets"),
        ("\n? - ".repeat(max / 5 - 20), "too large"),
        ("a: ".repeat(max / 3 - 20), "not valid YAML"),
        ("- ".repeat(max / 2 - 20), "nested too deeply"),
        ("? ".repeat(max / 2 - 20), "not plain text"),
        ("&".repeat(max - 20), "not valid YAML"),
        (nested, "nested too deeply"),
        (format!("x: {}{}", "[".repeat(200), "]".repeat(200)), "nested too deeply"),
        ("a".repeat(max + 1), "more than the 262144"),
        ((0..20_000).map(|n| format!("label{n}:\n")).collect(), "has 20000 keys"),
    ] {
        let (found, took) = processor_time(|| error(front(&hostile)).message);
        assert!(found.contains(message), "{:?}…: {found}", &hostile[..9]);
        assert!(took.as_secs() < 5, "{took:?} for {:?}…", &hostile[..9]);
    }
    let list = |n: usize| front(&format!("labels: [{}]", "a, ".repeat(n)));
    assert_eq!(good(&list(super::front_matter::MAX_ENTRIES)).front.labels.len(), super::front_matter::MAX_ENTRIES);
    assert_eq!(underlined(&error(list(super::front_matter::MAX_ENTRIES + 1))), (2, 1, "labels"));
}

#[test]
fn many_problems_are_counted_and_not_all_shown() {
    let errors =
        parse(PATH, front(&format!("informed_by: [{}]", "../a, ".repeat(500))).as_bytes()).expect_err("errors");
    assert_eq!(errors.len(), 20);
    assert_eq!(errors[19].help.as_deref(), Some("480 more like this in the front matter"));
}

#[test]
fn values_follow_the_rules_of_their_keys() {
    for (yaml, at) in [
        ("topic: a/b", (2, 8, "a/b")),
        ("topic: a b", (2, 8, "a b")),
        ("topic: ''", (2, 8, "''")),
        ("labels: [ok, \"a\\nb\"]", (2, 14, "\"a\\nb\"")),
        ("labels: [\"\\u202eevil\"]", (2, 10, "\"\\u202eevil\"")),
        ("phase: \" x\"", (2, 8, "\" x\"")),
        ("depends_on: [../x]", (2, 14, "../x")),
        ("depends_on: [A B]", (2, 14, "A B")),
        ("target_files: [https://x/y]", (2, 16, "https://x/y")),
        ("target_files: /etc/passwd", (2, 15, "/etc/passwd")),
        ("informed_by: [.git/config]", (2, 15, ".git/config")),
        ("tracks: ['a\\b']", (2, 10, "'a\\b'")),
        ("context: \"a\\0b\"", (2, 10, "\"a\\0b\"")),
        ("origin: [a/../../b]", (2, 10, "a/../../b")),
        ("prompt: ../../evil", (2, 9, "../../evil")),
        ("verify: \"ls\\e[2K\"", (2, 9, "\"ls\\e[2K\"")),
        ("approval: maybe", (2, 11, "maybe")),
        ("approval: {required: perhaps}", (2, 22, "perhaps")),
        ("type: null\ntype: code", (3, 1, "type")),
    ] {
        let error = error(front(yaml));
        assert_eq!(underlined(&error), at, "{error:#?}");
        assert!(!error.message.contains(is_unprintable), "{error:?}");
    }
}

#[test]
fn approval_takes_the_forms_of_the_peer() {
    for (yaml, required) in [
        ("approval: required", true),
        ("approval: {required: true, status: pending, by: x}", true),
        ("approval:\n  required: false", false),
        ("approval: none", false),
        ("approval:", false),
        ("approval: {status: approved}", false),
    ] {
        assert_eq!(good(&front(yaml)).front.approval.required, required, "{yaml}");
    }
}

#[test]
fn what_other_tools_wrote_stops_nothing() {
    let spec = good(&front("status: [x]\ncommits: {a: b}\nlables: [a]\nzzz: 1"));
    let found: Vec<_> = spec.warnings.iter().map(|warning| (warning.line, warning.message.as_str())).collect();
    assert_eq!(
        found,
        [
            (2, "'status' is a list where a text is expected"),
            (3, "'commits' is a mapping where a list of texts is expected"),
            (4, "unknown key 'lables'; ignored"),
        ]
    );
    assert_eq!(spec.warnings[2].help.as_deref(), Some("did you mean 'labels'?"));
    assert_eq!(spec.front.unknown, ["lables", "zzz"]);
}

#[test]
fn keys_and_entries_can_be_located() {
    let text =
        "---\r\nx: ü\r\ndepends_on:\r\n  - \"001\"   # first\r\n  - nope\r\ntopic: t\r\nlabels: one\r\n---\r\n# T\r\n";
    let spec = good(text);
    let at = |key, index| spec.locate(key, index).map(|range| &text[range]);
    assert_eq!(at("depends_on", Some(0)), Some("\"001\""));
    assert_eq!(at("depends_on", Some(1)), Some("nope"));
    assert_eq!(at("depends_on", None), Some("depends_on"));
    assert_eq!((at("topic", None), at("labels", Some(0))), (Some("t"), Some("one")));
    assert_eq!((at("depends_on", Some(2)), at("absent", None), at("labels", Some(1))), (None, None, None));
    let error = spec.diagnostic(Severity::Error, "depends_on", Some(1), "no spec 'nope'", None);
    assert_eq!((underlined(&error), error.path.as_str()), ((5, 5, "nope"), PATH));
    assert_eq!(spec.diagnostic(Severity::Error, "absent", None, "m", None).line, 0);
}

#[test]
fn criteria_are_the_tasks_under_their_heading() {
    let text = "# Title\n\n- [ ] before\n\n## acceptance **criteria**:\n\nText\n\n- [ ] `one` and [two](x)\n  more words\n  - [X] nested\n  - plain\n\
        - [x]   loose\n\n  second paragraph\n\n1. [ ] numbered\n\n```\n- [ ] in code\n```\n\n    - [ ] indented\n\n<!--\n- [ ] in a comment\n-->\n\n\
        ### Deeper\n\n* [ ] below\n\n> ## Other\n\n- [ ] after a quoted heading\n\n## Notes\n\n- [ ] after\n\n> ## Acceptance Criteria\n>\n> - [ ] quoted\n";
    let spec = good(text);
    let found: Vec<_> = spec.criteria.iter().map(|c| (c.text.as_str(), c.checked)).collect();
    assert_eq!(
        found,
        [
            ("one and two more words", false),
            ("nested", true),
            ("loose", true),
            ("numbered", false),
            ("below", false),
            ("after a quoted heading", false),
        ]
    );
    for criterion in &spec.criteria {
        assert!(text[criterion.offset..].starts_with('['), "{criterion:?}");
        assert_eq!(criterion.line, text[..criterion.offset].matches('\n').count() + 1);
    }
    let front = good("---\nlabels: a, b,c\nverify: echo a, b\ninformed_by: a.md, b,c.md\n---\n# T\n").front;
    assert_eq!(
        (front.labels, front.verify),
        (vec!["a".to_owned(), "b".into(), "c".into()], vec!["echo a, b".to_owned()])
    );
    assert_eq!(front.informed_by, ["a.md", "b,c.md"]);
    let warnings = good("# T\n## Acceptance Criteria\n- no task\n").warnings;
    assert_eq!((warnings.len(), underlined(&warnings[0]).0), (1, 2));
}

#[test]
fn pinned_criteria_are_found_in_another_version() {
    let criteria = |items: &str| criteria_of(format!("---\nbad: [\n---\n# Acceptance Criteria\n{items}").as_bytes());
    let pinned = criteria("- [ ] a\n- [ ] same\n- [ ] same\n- [ ] reworded\n- [x] gone\n- [ ] open\n");
    let tip = criteria("- [x] same\n- [ ] open\n- [x] new\n- [x]  *a*\n- [ ] same\n- [x] reworded!\n");
    let states: Vec<_> = compare_criteria(&pinned, &tip).into_iter().map(|s| (s.text, s.state)).collect();
    let expected = [
        ("a", Tick::Ticked),
        ("same", Tick::Ticked),
        ("same", Tick::Unticked),
        ("reworded", Tick::Missing),
        ("gone", Tick::Missing),
        ("open", Tick::Unticked),
    ];
    assert_eq!(states, expected.map(|(text, state)| (text.to_owned(), state)));
    assert_eq!(criteria_of(b"# Acceptance Criteria\n- [x] a\xff"), []);
}

#[test]
fn release_notes_are_what_a_reader_sees() {
    let notes = |text: &str| good(&format!("# T\n\n{text}")).release_notes;
    assert_eq!(
        notes("## Release Notes\n\n### Fixed: loss <!-- x --> (#1)\n\n- a\n<!--\nhidden\n-->\n\n`<!-- code -->`\n\n## Next\nx").as_deref(),
        Some("### Fixed: loss  (#1)\n\n- a\n\n\n`<!-- code -->`")
    );
    for blank in [
        "",
        "## Release Notes\n",
        "## Release Notes\n\n<!-- write\n\n them -->\n\n## Next\ntext",
        "## Release Notes\n### Fixed\n",
        "## Release Notes\n<!-- open\ntext",
    ] {
        assert_eq!(notes(blank), None, "{blank:?}");
    }
    assert_eq!(release_notes_of(b"# release notes\nyes").as_deref(), Some("yes"));
}

#[test]
fn front_matter_is_compared_byte_for_byte() {
    for (text, inner) in [
        ("---\na: 1\r\n---\nbody", "a: 1\r\n"),
        ("\u{feff}--- \na: 1\n---\t\n", "a: 1\n"),
        ("# T\n---\na\n---\n", ""),
        ("---\n---\n", ""),
        ("---\nopen", "open"),
        ("", ""),
        ("----\na\n---\n", ""),
    ] {
        assert_eq!(front_matter_bytes(text.as_bytes()), inner.as_bytes(), "{text:?}");
    }
    assert_eq!(front_matter_bytes(b"---\n\xff\0\n---\n"), b"\xff\0\n");
}

#[test]
fn a_title_holds_nothing_that_a_terminal_obeys() {
    assert_eq!(good("#  A \u{1b}[31m *b*\u{202e}\tc &amp; `d`\n").title.as_deref(), Some("A [31m b c & d"));
    assert_eq!(good("> # quoted\n\n## two\n\nReal\n====\n").title.as_deref(), Some("Real"));
}

#[test]
fn one_long_line_is_not_shown_whole() {
    let error = error(format!("---\nlabels: [{}\"\\e\"]\n---\n", "ä, ".repeat(900)));
    assert!(error.source.as_deref().is_some_and(|source| source.len() < 2000));
    assert_eq!(underlined(&error), (2, 2710, "\"\\e\""));
}

#[test]
fn markdown_made_to_be_slow_is_read() {
    let len = 1_000_000;
    for piece in [
        "> ",
        "- [ ] ",
        "[",
        "*a ",
        "<!-- ",
        "`a``",
        "# Release Notes\n",
        "# Acceptance Criteria\n- [ ] x\n",
        "![a](",
        "|a",
        "<a ",
    ] {
        let (_, took) = processor_time(|| good(&piece.repeat(len / piece.len())));
        assert!(took.as_secs() < 10, "{piece:?}: {took:?}");
    }
}
