//! The codes of errors: those in the source and those in the table of gitchant-format(5) are the same.

use std::{collections::BTreeMap, path::Path};

use git_chant::testing::CODES;

use crate::source;

/// The text of every file of the source but its tests.
fn texts(dir: &Path, found: &mut Vec<(String, String)>) {
    for entry in dir.read_dir().expect("a directory of the source") {
        let path = entry.expect("readable").path();
        if path.is_dir() {
            texts(&path, found);
        } else if path.extension().is_some_and(|end| end == "rs") && !path.ends_with("tests.rs") {
            let text = std::fs::read_to_string(&path).expect("the source is UTF-8");
            let code = text.split("#[cfg(test)]").next().unwrap_or_default().to_owned();
            found.push((path.display().to_string(), code));
        }
    }
}

/// What stands between the first two quotes.
fn quoted(text: &str) -> Option<&str> {
    text.split('"').nth(1)
}

/// The codes that the first argument of a call may be: a literal, a constant of ours, a variable that was chosen just before.
fn codes_of<'t>(call: &'t str, before: &'t str, constants: &BTreeMap<&str, &'t str>) -> Vec<&'t str> {
    let end = call.find(", ").or_else(|| call.find(",\n")).unwrap_or(call.len());
    let argument = call[..end].trim();
    if argument.starts_with('"') {
        return quoted(argument).into_iter().collect();
    }
    if argument == "code" {
        let (_, chosen) = before.rsplit_once("let code = ").unwrap_or_default();
        let chosen = chosen.split(';').next().unwrap_or_default();
        return chosen.split('{').skip(1).filter_map(quoted).collect();
    }
    let name = argument.rsplit("::").next().unwrap_or(argument);
    constants.get(name).copied().into_iter().collect()
}

#[test]
fn each_code_has_its_meaning_and_each_meaning_its_code() {
    let mut files = Vec::new();
    texts(&source("src"), &mut files);
    let mut constants = BTreeMap::new();
    for (_, text) in &files {
        for line in text.lines().filter(|line| line.contains("const ") && line.contains("str = \"")) {
            let name = line.split("const ").nth(1).and_then(|rest| rest.split(':').next()).unwrap_or_default();
            constants.insert(name, quoted(line).unwrap_or_default());
        }
    }
    // What is not an argument: the kind of failure that 'from' tells apart, and what 'work' makes of another's error.
    let mut used =
        BTreeMap::from([("git", String::new()), ("git-vanished", String::new()), ("overtaken", String::new())]);
    for (path, text) in files.iter().filter(|(path, _)| !path.ends_with("src/error.rs")) {
        for kind in ["fatal(", "negative(", "usage("] {
            let mark = format!("Error::{kind}");
            for (at, _) in text.match_indices(&mark) {
                let codes = codes_of(&text[at + mark.len()..], &text[..at], &constants);
                let line = text[..at].lines().count();
                assert!(!codes.is_empty(), "{path}:{line}: the code cannot be told");
                used.extend(codes.into_iter().map(|code| (code, format!("{path}:{line}"))));
            }
        }
    }
    let known: Vec<&str> = CODES.iter().map(|(code, _)| *code).collect();
    assert!(known.is_sorted(), "{known:?}");
    for (code, place) in &used {
        assert!(known.contains(code), "{place}: '{code}' is not in src/error/codes.rs");
    }
    for code in known {
        assert!(used.contains_key(code), "no error has the code '{code}'");
    }
    for (code, meaning) in CODES {
        assert!(meaning.ends_with('.') && meaning.len() < 110, "{code}: {meaning}");
    }
}
