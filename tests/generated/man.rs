//! The manual pages: clap_mangen's sections, and those that it lacks.

use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Command, Stdio};

use clap_mangen::Man;
use clap_mangen::roff::{Inline, Roff, bold, italic, roman};
use git_chant::cli;
use git_chant::cli::page::Page;

use crate::{files, have, source};

/// The day of the release, or of the last change worth a date: a page must not differ from one day to the next.
const DATE: &str = "2026-11-21";

/// Every page, by the name of its file.
fn pages() -> BTreeMap<String, String> {
    let mut command = cli::command().disable_help_subcommand(true).subcommand_help_heading("COMMANDS");
    command.build();
    let mut pages = BTreeMap::new();
    for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set()) {
        let name = sub.get_name();
        let (_, page) = cli::PAGES.iter().find(|(known, _)| *known == name).expect("a unit test holds the two in step");
        pages.insert(format!("git-chant-{name}.1"), render(sub.clone(), page, Some("git-chant")));
    }
    pages.insert("git-chant.1".to_owned(), render(command, &cli::PAGE, None));
    pages
}

/// One page; `parent` is the page that it belongs under.
fn render(mut command: clap::Command, page: &Page, parent: Option<&str>) -> String {
    let title = command.get_display_name().unwrap_or_else(|| command.get_name()).to_uppercase();
    let synopsis = synopsis(&command);
    let aliases: Vec<_> = command.get_visible_aliases().map(str::to_owned).collect();
    let has_commands = command.get_subcommands().next().is_some();
    // The first paragraph is the line that stands under NAME already.
    let long = command.get_long_about().map(ToString::to_string).unwrap_or_default();
    if let Some((_, rest)) = long.split_once("\n\n") {
        command = command.long_about(rest.to_owned());
    }
    let man = Man::new(command)
        .title(title)
        .date(DATE)
        .source(concat!("git-chant ", env!("CARGO_PKG_VERSION")))
        .manual("Git Chant Manual");
    let mut text = section(|out| man.render_title(out));
    // The title brings the definition that every quote in the page needs.
    text.insert_str(0, PREAMBLE);
    text.push_str(&section(|out| man.render_name_section(out)));
    text.push_str(&synopsis);
    text.push_str(&section(|out| man.render_description_section(out)));
    text.push_str(&also_called(&aliases));
    if has_commands {
        text.push_str(&section(|out| man.render_subcommands_section(out)));
    }
    text.push_str(&section(|out| man.render_options_section(out)));
    text.push_str(&examples(page));
    text.push_str(&table("EXIT STATUS", cli::EXIT_STATUS));
    if parent.is_none() {
        text.push_str(&table("CONFIGURATION", cli::CONFIGURATION));
        text.push_str(&table("ENVIRONMENT", cli::ENVIRONMENT));
    }
    text.push_str(&table("FILES", cli::FILES));
    text.push_str(&see_also(page, parent));
    text
}

/// What `Roff` puts before every document, and clap_mangen so before every section.
const PREAMBLE: &str = ".ie \\n(.g .ds Aq \\(aq\n.el .ds Aq '\n";

/// One of clap_mangen's sections, without what a formatter complains of.
fn section(render: impl FnOnce(&mut dyn std::io::Write) -> std::io::Result<()>) -> String {
    let mut text = Vec::new();
    render(&mut text).expect("a Vec takes all");
    let text = String::from_utf8(text).expect("roff is UTF-8");
    let text = text.strip_prefix(PREAMBLE).expect("the preamble is there to be taken off");
    // It writes a paragraph within an option as an empty line, and a break before and after one.
    text.replace("\n\n", "\n.sp\n").replace("\n.br\n.sp\n.br\n", "\n.sp\n").replace("\n.br\n\n.br\n", "\n.sp\n")
}

/// The command's own options in the order of its definition, each with its value; clap_mangen's synopsis leaves the values out and
/// puts the global options among them.
fn synopsis(command: &clap::Command) -> String {
    let mut line = vec![bold(command.get_bin_name().expect("built"))];
    let own = |arg: &&clap::Arg| !arg.is_hide_set() && !arg.is_global_set() && arg.get_id() != "help";
    for option in command.get_arguments().filter(|arg| !arg.is_positional()).filter(own) {
        let name = match (option.get_short(), option.get_long()) {
            (_, Some(long)) => format!("--{long}"),
            (Some(short), None) => format!("-{short}"),
            (None, None) => continue,
        };
        let (open, close) = if option.is_required_set() { (" ", "") } else { (" [", "]") };
        line.extend([roman(open), bold(name)]);
        if option.get_action().takes_values() {
            line.extend([roman(" "), value(option)]);
        }
        let many = matches!(option.get_action(), clap::ArgAction::Append);
        line.push(roman(if many { format!("{close}...") } else { close.to_owned() }));
    }
    for positional in command.get_positionals() {
        let (open, close) = if positional.is_required_set() { (" ", "") } else { (" [", "]") };
        let many = matches!(positional.get_action(), clap::ArgAction::Append);
        line.extend([roman(open), value(positional), roman(close), roman(if many { "..." } else { "" })]);
    }
    if command.has_subcommands() {
        line.extend([roman(" "), italic("<command>"), roman(" ["), italic("<args>"), roman("]")]);
    }
    let mut roff = Roff::new();
    roff.control("SH", ["SYNOPSIS"]);
    roff.text(line);
    body(&roff)
}

fn value(arg: &clap::Arg) -> Inline {
    let names = arg.get_value_names().expect("every value is named");
    italic(format!("<{}>", names.join("> <")))
}

/// clap_mangen says nothing of aliases.
fn also_called(aliases: &[String]) -> String {
    if aliases.is_empty() {
        return String::new();
    }
    let mut roff = Roff::new();
    roff.control("PP", []);
    roff.text([roman("Also called "), bold(aliases.join(", ")), roman(".")]);
    body(&roff)
}

fn examples(page: &Page) -> String {
    let mut roff = Roff::new();
    roff.control("SH", ["EXAMPLES"]);
    for (at, (command, explanation)) in page.examples.iter().enumerate() {
        if at > 0 {
            roff.control("PP", []);
        }
        roff.text([roman(*explanation)]);
        roff.control("PP", []);
        roff.control("RS", ["4"]);
        roff.control("EX", []);
        roff.text([roman(*command)]);
        roff.control("EE", []);
        roff.control("RE", []);
    }
    body(&roff)
}

fn table(heading: &str, rows: &[(&str, &str)]) -> String {
    let mut roff = Roff::new();
    roff.control("SH", [heading]);
    for (term, meaning) in rows {
        roff.control("TP", []);
        roff.text([bold(*term)]);
        roff.text([roman(*meaning)]);
    }
    body(&roff)
}

fn see_also(page: &Page, parent: Option<&str>) -> String {
    let mut names: Vec<_> = parent.iter().chain(page.see_also).collect();
    names.sort();
    let mut line: Vec<Inline> = Vec::new();
    for (at, name) in names.into_iter().enumerate() {
        line.extend([roman(if at > 0 { ", " } else { "" }), bold(*name), roman("(1)")]);
    }
    let mut roff = Roff::new();
    roff.control("SH", ["SEE ALSO"]);
    roff.text(line);
    body(&roff)
}

/// A section of ours; quotes in it use the definition at the top of the page.
fn body(roff: &Roff) -> String {
    let text = roff.render();
    text.strip_prefix(PREAMBLE).expect("the preamble is there to be taken off").to_owned()
}

#[test]
fn the_pages_are_those_of_the_definition() {
    let pages = pages();
    if std::env::var_os("CHANT_REGENERATE").is_some() {
        std::fs::create_dir_all(source("man")).expect("man/ can be made");
        for stray in files("man").iter().filter(|name| !pages.contains_key(*name)) {
            std::fs::remove_file(source("man").join(stray)).expect("a stray page can be removed");
        }
        for (name, text) in &pages {
            std::fs::write(source("man").join(name), text).expect("a page can be written");
        }
        return;
    }
    let names: Vec<_> = pages.keys().cloned().collect();
    assert_eq!(files("man"), names, "CHANT_REGENERATE=1 cargo test --test generated makes them anew");
    for (name, text) in pages {
        let committed = std::fs::read_to_string(source("man").join(&name)).expect("a page can be read");
        assert!(committed == text, "man/{name} is out of step: CHANT_REGENERATE=1 cargo test --test generated");
    }
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
        let found: Vec<_> = text
            .lines()
            .filter_map(|line| line.strip_prefix(".SH "))
            .map(|heading| heading.trim_matches('"'))
            .filter(|heading| !["COMMANDS", "CONFIGURATION", "ENVIRONMENT"].contains(heading))
            .collect();
        assert_eq!(found, usual, "{name}");
    }
}

#[test]
fn a_manual_formatter_has_nothing_to_say() {
    if !have("mandoc") {
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
