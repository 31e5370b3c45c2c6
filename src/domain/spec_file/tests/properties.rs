use proptest::prelude::*;

use super::{super::*, PATH, underlined};
use crate::{domain::character::is_unprintable, support::cases::cases};

/// Every diagnostic lies inside the file and can be drawn.
fn check(bytes: &[u8]) -> Result<(), TestCaseError> {
    let outline = |spec: Spec| Spec::outline(PATH, spec.front, spec.title);
    prop_assert_eq!(skim(PATH, bytes), parse(PATH, bytes).map(outline));
    let found = match parse(PATH, bytes) {
        Ok(spec) => {
            prop_assert!(spec.body_start <= bytes.len() && spec.front_range.end <= bytes.len());
            for criterion in &spec.criteria {
                prop_assert_eq!(bytes[criterion.offset], b'[');
            }
            spec.warnings
        }
        Err(errors) => {
            prop_assert!(!errors.is_empty());
            errors
        }
    };
    let text = String::from_utf8_lossy(bytes);
    let lines: Vec<_> = text.split('\n').collect();
    for diagnostic in found {
        prop_assert!(!diagnostic.message.contains(is_unprintable), "{diagnostic:?}");
        if diagnostic.line == 0 {
            prop_assert!(diagnostic.span.is_none());
            continue;
        }
        let (line, column, _) = underlined(&diagnostic);
        prop_assert!(line <= lines.len(), "{diagnostic:?}");
        prop_assert!(column >= 1 && column <= lines[line - 1].chars().count() + 1, "{diagnostic:?}");
        prop_assert!(diagnostic.source_line >= 1 && diagnostic.source_line <= line);
    }
    Ok(())
}

fn pieces() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "---\n",
        "---",
        "\n",
        "\r\n",
        "labels",
        "type",
        "topic",
        "approval",
        "verify",
        "informed_by",
        ": ",
        ":",
        "- ",
        "  ",
        "\t",
        "[",
        "]",
        "{",
        "}",
        ", ",
        "'",
        "\"",
        "|\n",
        ">\n",
        "&a ",
        "*a",
        "!t ",
        "!!str ",
        "# ",
        "~",
        "010",
        "a/../b",
        "ä",
        "😀",
        "\u{feff}",
        "\u{1b}",
        "\\e",
        "\u{85}",
        "\u{2028}",
        "\r",
        "\0",
        "code",
        "required",
        "? ",
        "<<",
        "...",
        "%YAML 1.2\n",
        "- [ ] x\n",
        "## Acceptance Criteria\n",
        "## Release Notes\n",
        "<!--",
        "-->",
        "```\n",
        "> ",
    ]);
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases(100)) })]

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        check(&bytes)?;
    }

    #[test]
    fn no_front_matter_makes_it_panic(yaml in pieces(), body in pieces()) {
        check(format!("---\n{yaml}\n---\n{body}").as_bytes())?;
    }

    #[test]
    fn no_pieces_make_it_panic(text in pieces()) {
        check(text.as_bytes())?;
    }

    #[test]
    fn crlf_moves_nothing(yaml in pieces()) {
        let text = format!("---\n{}\n---\n", yaml.replace('\r', ""));
        let places = |text: &str| match parse(PATH, text.as_bytes()) {
            Ok(spec) => spec.warnings,
            Err(errors) => errors,
        }.into_iter().map(|d| (d.line, d.column, d.message)).collect::<Vec<_>>();
        prop_assert_eq!(places(&text), places(&text.replace('\n', "\r\n")));
    }
}
