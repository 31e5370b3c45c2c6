//! The kinds of errors: each is used in the source, and has a meaning in the table of gitchant-format(5).

use std::path::Path;

use git_chant::testing::Kind;

use crate::generated::source;

/// The text of every file of the source but its tests and the table itself.
fn texts(dir: &Path, found: &mut String) {
    for entry in dir.read_dir().expect("a directory of the source") {
        let path = entry.expect("readable").path();
        if path.is_dir() {
            texts(&path, found);
        } else if path.extension().is_some_and(|end| end == "rs")
            && !path.ends_with("tests.rs")
            && !path.ends_with("error/kind.rs")
        {
            let text = std::fs::read_to_string(&path).expect("the source is UTF-8");
            found.push_str(text.split("#[cfg(test)]").next().unwrap_or_default());
        }
    }
}

#[test]
fn each_code_has_its_meaning_and_is_used() {
    let mut text = String::new();
    texts(&source("src"), &mut text);
    assert!(Kind::ALL.is_sorted_by_key(|kind| kind.code()), "{:?}", Kind::ALL);
    for kind in Kind::ALL {
        let (code, meaning) = (kind.code(), kind.meaning());
        let used = [format!("Kind::{kind:?}"), format!("\"{code}\"")];
        assert!(used.iter().any(|used| text.contains(used)), "no error has the code '{code}'");
        assert!(meaning.ends_with('.') && meaning.len() < 110, "{code}: {meaning}");
    }
    for call in ["Error::fatal(", "Error::negative(", "Error::usage("] {
        let literals =
            text.split(call).skip(1).filter_map(|rest| rest.trim_start().strip_prefix('"')?.split('"').next());
        for code in literals {
            assert!(Kind::ALL.iter().any(|kind| kind.code() == code), "'{code}' is not in src/error/kind.rs");
        }
    }
}
