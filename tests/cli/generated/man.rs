//! The manual pages in `man/`, which are the same that the binary makes, and the schema beside them.

use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Command, Stdio};

use git_chant::testing::{Op, keys, schema};

use crate::{
    generated::{files, source},
    support::tools::need,
};

/// The schema of `--json`.
const SCHEMA: &str = "git-chant.schema.json";

/// Every page, by the name of its file.
fn pages() -> BTreeMap<String, String> {
    git_chant::testing::pages().into_iter().map(|page| (page.file, page.text)).collect()
}

#[test]
fn the_pages_are_those_of_the_definition() {
    let mut made: BTreeMap<_, _> = git_chant::testing::pages().into_iter().map(|page| (page.file, page.text)).collect();
    made.insert(SCHEMA.to_owned(), format!("{:#}\n", schema::document()));
    if std::env::var_os("CHANT_REGENERATE").is_some() {
        std::fs::create_dir_all(source("man")).expect("man/ can be made");
        for stray in files("man").iter().filter(|name| !made.contains_key(*name)) {
            std::fs::remove_file(source("man").join(stray)).expect("a stray page can be removed");
        }
        for (name, text) in &made {
            std::fs::write(source("man").join(name), text).expect("a page can be written");
        }
        return;
    }
    let names: Vec<_> = made.keys().cloned().collect();
    assert_eq!(files("man"), names, "CHANT_REGENERATE=1 cargo test --test cli generated makes them anew");
    for (name, text) in made {
        let committed = std::fs::read_to_string(source("man").join(&name)).expect("a page can be read");
        assert!(committed == text, "man/{name} is out of step: CHANT_REGENERATE=1 cargo test --test cli generated");
    }
}

#[test]
fn each_command_has_its_page_under_the_name_that_git_help_looks_for() {
    let pages = pages();
    for (name, text) in git_chant::testing::files().into_iter().map(|page| (page.file, page.text)) {
        if pages.contains_key(&name) {
            continue;
        }
        let target = text.lines().next().and_then(|line| line.strip_prefix(".so man1/"));
        assert_eq!(target, Some(name.replacen("gitchant-", "git-chant-", 1).as_str()), "{name}");
        assert!(pages.contains_key(target.expect("compared")), "{name}");
    }
    assert!(git_chant::testing::files().iter().any(|page| page.file == "gitchant-work.1"));
}

/// The headings of sections.
fn sections(text: &str) -> Vec<&str> {
    text.lines().filter_map(|line| line.strip_prefix(".SH ")).map(|heading| heading.trim_matches('"')).collect()
}

#[test]
fn the_pages_have_every_section_in_the_usual_order() {
    let usual = [
        "NAME",
        "SYNOPSIS",
        "DESCRIPTION",
        "OPTIONS",
        "GLOBAL OPTIONS",
        "EXAMPLES",
        "EXIT STATUS",
        "FILES",
        "SEE ALSO",
    ];
    for (name, text) in pages() {
        let mut found = sections(&text);
        if name.starts_with("git-chant") {
            let root = name == "git-chant.1";
            let usual = usual.iter().filter(|heading| root || !["GLOBAL OPTIONS", "FILES"].contains(heading));
            found.retain(|heading| !["COMMANDS", "ENVIRONMENT", "CONFIGURATION"].contains(heading));
            assert_eq!(found, usual.copied().collect::<Vec<_>>(), "{name}");
        } else {
            assert_eq!(found[..3], usual[..3], "{name}");
            assert_eq!(found.last(), Some(&"SEE ALSO"), "{name}");
            assert!(found.contains(&"EXAMPLES") || name == "gitchant-tutorial.7", "{name}");
        }
    }
}

#[test]
fn every_page_that_is_referred_to_is_there() {
    let pages = pages();
    for (name, text) in &pages {
        let (_, others) = text.split_once(".SH \"SEE ALSO\"\n").expect("a test holds the sections");
        let plain = others.replace("\\fB", "").replace("\\fR", "").replace("\\-", "-");
        for other in plain.trim().split(", ") {
            let (page, section) = other.trim_end_matches(')').split_once('(').expect("a name and its section");
            let file = format!("{page}.{section}");
            let ours = page.starts_with("git-chant") || page.starts_with("gitchant");
            assert!(!ours || pages.contains_key(&file) && file != *name, "{name} refers to {other}");
        }
    }
}

#[test]
fn the_guides_name_all_that_there_is() {
    let pages = pages();
    let config = pages["gitchant-config.5"].replace("\\-", "-");
    for key in keys::ALL {
        assert!(config.contains(&format!("\\fB{}\\fR", key.name)), "{}", key.name);
    }
    let spec = &pages["gitchant-spec.5"];
    for key in git_chant::testing::SPEC_KEYS {
        assert!(spec.contains(&format!("\\fB{key}\\fR")), "{key}");
    }
    let format = pages["gitchant-format.5"].replace("\\-", "-");
    for op in Op::ALL {
        assert!(format.contains(&format!("\\fB{}\\fR\n", op.as_str())), "{}", op.as_str());
    }
    for page in pages.values() {
        assert!(!page.contains("{{config") && !page.contains("{{types"), "a table is left out");
    }
}

#[test]
fn a_manual_formatter_has_nothing_to_say() {
    if !need("mandoc") {
        return;
    }
    for (name, text) in pages() {
        // "style" would ask for mandoc's own dialect, and for the pages that are referred to.
        let mut mandoc = Command::new("mandoc")
            .args(["-T", "lint", "-W", "warning"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("mandoc runs");
        mandoc.stdin.take().expect("piped").write_all(text.as_bytes()).expect("mandoc reads");
        let told = mandoc.wait_with_output().expect("mandoc ends");
        assert!(told.status.success(), "{name}: {}", String::from_utf8_lossy(&told.stdout));
    }
}
