//! The page of a command: clap_mangen's sections, and those that it lacks.

use clap_mangen::Man;
use clap_mangen::roff::{Inline, Roff, bold, italic, roman};

use super::{
    DATE, GUIDES, MANUAL, SOURCE,
    roff::{PREAMBLE, bare, body, example, see_also, table},
    sections,
};
use crate::cli::{self, page::Page};

/// One page; `parent` is the page that it belongs under.
pub(super) fn render(mut command: clap::Command, page: &Page, parent: Option<&str>) -> String {
    let title = command.get_display_name().unwrap_or_else(|| command.get_name()).to_uppercase();
    let synopsis = synopsis(&command);
    let aliases: Vec<_> = command.get_visible_aliases().map(str::to_owned).collect();
    let has_commands = command.get_subcommands().next().is_some();
    // The first paragraph is the line that stands under NAME already.
    let long = command.get_long_about().map(ToString::to_string).unwrap_or_default();
    if let Some((_, rest)) = long.split_once("\n\n") {
        command = command.long_about(rest.to_owned());
    }
    let name = command.get_name().to_owned();
    if parent.is_some() {
        command = command.mut_args(|arg| if arg.is_global_set() { arg.hide(true) } else { arg });
    }
    let man = Man::new(command).title(title).date(DATE).source(SOURCE).manual(MANUAL);
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
    if parent.is_some() {
        text.push_str(&global_options());
    }
    text.push_str(&examples(page));
    if parent.is_some() {
        text.push_str(&sections::exit_status(&name));
        text.push_str(&sections::configuration(&name));
    } else {
        text.push_str(&table("EXIT STATUS", cli::EXIT_STATUS));
        text.push_str(&table("ENVIRONMENT", cli::ENVIRONMENT));
        text.push_str(&table("FILES", cli::FILES));
    }
    // The page that everything starts from leads to the guides.
    let guides = GUIDES.iter().map(|guide| guide.name).filter(|_| parent.is_none());
    text.push_str(&see_also(parent.into_iter().chain(page.see_also.iter().copied()).chain(guides)));
    text
}

/// One of clap_mangen's sections, without what a formatter complains of.
fn section(render: impl FnOnce(&mut dyn std::io::Write) -> std::io::Result<()>) -> String {
    let mut text = Vec::new();
    render(&mut text).expect("a Vec takes all");
    let text = String::from_utf8(text).expect("roff is UTF-8");
    let text = bare(&text);
    // It writes a paragraph within an option as an empty line, and a break before and after one.
    let text =
        text.replace("\n\n", "\n.sp\n").replace("\n.br\n.sp\n.br\n", "\n.sp\n").replace("\n.br\n\n.br\n", "\n.sp\n");
    // The only thing that it indents so are lists of values: one below the other, without an empty line between them.
    text.replace("\n.RS 14\n", "\n.RS 7\n.PD 0\n").replace("\n.RE\n", "\n.PD\n.RE\n")
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

/// Where the options of every command are described.
fn global_options() -> String {
    let mut roff = Roff::new();
    roff.control("PP", []);
    roff.text([
        roman("The options that every command has, such as "),
        bold("--json"),
        roman(" and "),
        bold("-z"),
        roman(", are described in "),
        bold("git-chant"),
        roman("(1)."),
    ]);
    body(&roff)
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
        example(&mut roff, command, true);
    }
    body(&roff)
}
