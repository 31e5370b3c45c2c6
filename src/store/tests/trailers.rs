//! Tests of `store::codec`.

use super::*;

#[test]
fn trailers_are_found_as_git_finds_them() {
    let texts = [
        "t\n\nSays it.\n\nChant-Format: 1\nChant-Spec: a\n",
        "t\n\nChant-Format: 1\nOther:x\nEmpty:\nBlanks:   a  b  \n",
        "t\n\nChant-Reason: one\n two\nChant-Format: 1\n",
        "t\n\nChant-Reason : one\nChant-Format: \u{a0}1\u{a0}\n",
        "t\n\nChant-Reason: \u{fc}\r\nChant-Format: 1\r\n\n\n",
        "t\n\nSigned-off-by: a\nno trailer\nChant-Format: 1\n",
        "t\n\nFirst: 1\n\nSecond: 2",
        "t\n\nnone at all\n",
        "Alone: 1\n",
        "t\n\n",
    ];
    let mut plain = 0;
    for text in texts {
        let message = gix::objs::commit::MessageRef::from_bytes(text.as_bytes());
        let (Some(body), Some(text)) = (message.body(), message.body) else { continue };
        let expected: Vec<_> = body.trailers().map(|one| (one.token.to_owned(), one.value.into_owned())).collect();
        if let Some(found) = plain_trailers(&text[body.without_trailer().len()..]) {
            plain += 1;
            let found: Vec<_> = found.into_iter().map(|(token, value)| (token.to_owned(), value.to_owned())).collect();
            assert_eq!(found, expected, "{text:?}");
        }
    }
    assert!(plain >= 4, "{plain}");
}

#[test]
fn values_survive_quoting() {
    for value in [
        "plain",
        "a b",
        " lead",
        "trail ",
        "\"q\"",
        "tab\there",
        "ü – ✓",
        "back\\slash",
        "new\nline",
        "a: b",
        "\u{1b}[31m",
    ] {
        let quoted = quote(value);
        assert!(!quoted.contains('\n'), "{quoted}");
        assert_eq!(unquote(quoted.as_bytes().as_bstr()), Ok(value.to_owned()), "{quoted}");
    }
}
