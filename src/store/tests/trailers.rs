//! Tests of `store::codec`.

use super::*;

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
