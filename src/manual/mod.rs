//! The manual: a page for each command from the definition of the command line, and the guides.
//!
//! A page is made when it is asked for, so that a binary always has the pages of its own version; `man/` holds the same pages for
//! packages, and a test compares.

mod command;
mod guide;
pub(crate) mod install;
mod roff;
mod sections;
mod table;

use crate::cli;

/// The day of the release, or of the last change worth a date: a page must not differ from one day to the next.
const DATE: &str = "2026-11-21";

/// The text at the foot of each page.
const SOURCE: &str = concat!("git-chant ", env!("CARGO_PKG_VERSION"));

/// The text at the head of each page.
const MANUAL: &str = "Git Chant Manual";

/// A guide: a page of the manual that describes no command.
#[derive(Clone, Copy, Debug)]
pub struct Guide {
    /// The name, as `man` takes it: `gitchant-workflow`.
    pub name: &'static str,
    /// The section of the manual.
    pub section: char,
    /// The subject, in a line.
    pub about: &'static str,
    /// The text, in Markdown: see the `guide` module for what of it is understood.
    pub source: &'static str,
}

/// Every guide, in the order in which one would read them.
pub(crate) const GUIDES: [Guide; 8] = [
    guide(0, include_str!("guides/gitchant-tutorial.md")),
    guide(1, include_str!("guides/gitchant-workflow.md")),
    guide(2, include_str!("guides/gitchant-spec.md")),
    guide(3, include_str!("guides/gitchant-config.md")),
    guide(4, include_str!("guides/gitchant-format.md")),
    guide(5, include_str!("guides/gitchant-security.md")),
    guide(6, include_str!("guides/gitchant-aliases.md")),
    guide(7, include_str!("guides/gitchant-glossary.md")),
];

const fn guide(at: usize, source: &'static str) -> Guide {
    let (name, section, about) = cli::manual::GUIDES[at];
    Guide { name, section, about, source }
}

impl Guide {
    /// The guide of that name, or of its short form: `workflow`, `chant-workflow`, `gitchant-workflow`.
    pub fn named(name: &str) -> Option<&'static Guide> {
        GUIDES.iter().find(|guide| {
            let short = guide.short();
            name == guide.name || name == short || name.strip_prefix("chant-") == Some(short)
        })
    }

    /// The name without `gitchant-`.
    pub fn short(&self) -> &'static str {
        self.name.strip_prefix("gitchant-").unwrap_or(self.name)
    }

    /// The text for people that have no reader of manual pages: Markdown, with the tables filled in.
    pub fn text(&self) -> String {
        let source = self.source.trim_start();
        format!("# {}({}): {}\n\n{}", self.name, self.section, self.about, table::filled(source))
    }
}

/// One page of the manual.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The name of its file: `git-chant-work.1`.
    pub file: String,
    /// The section, which is the end of that name.
    pub section: char,
    /// The page, in roff.
    pub text: String,
}

impl Page {
    fn new(name: &str, section: char, text: String) -> Self {
        Page { file: format!("{name}.{section}"), section, text }
    }

    /// The directory that it belongs in, below one of `MANPATH`: `man1`.
    pub fn directory(&self) -> String {
        format!("man{}", self.section)
    }
}

/// Every page, in the order of the names of their files.
pub fn pages() -> Vec<Page> {
    let mut command = cli::command().disable_help_subcommand(true).subcommand_help_heading("COMMANDS");
    command.build();
    let mut pages = Vec::new();
    for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set()) {
        let name = sub.get_name();
        // That there is a page for each command is held by a test of the command line.
        let Some((.., page)) = cli::COMMANDS.iter().find(|(known, ..)| *known == name) else { continue };
        pages.push(Page::new(&format!("git-chant-{name}"), '1', command::render(sub.clone(), page, Some("git-chant"))));
    }
    pages.push(Page::new("git-chant", '1', command::render(command, &cli::PAGE, None)));
    pages.extend(GUIDES.iter().map(|guide| Page::new(guide.name, guide.section, guide::render(guide))));
    pages.sort_by(|a, b| a.file.cmp(&b.file));
    pages
}

/// Every file of the manual, in the order of their names: the pages, and for each command a pointer to its page.
///
/// `git help chant-work` asks for `gitchant-work`: of the names that are not a command on the `PATH` as a whole, git expects a guide.
pub fn files() -> Vec<Page> {
    let mut files = pages();
    let pointers: Vec<_> = files.iter().filter_map(pointer).collect();
    files.extend(pointers);
    files.sort_by(|a, b| a.file.cmp(&b.file));
    files
}

/// The page of a command under the name of a guide. What it includes stands in the first line, where every `man` looks for it; the
/// second has the mark of our pages.
fn pointer(page: &Page) -> Option<Page> {
    let command = page.file.strip_prefix("git-chant-")?;
    let text = format!(".so {}/{}\n.\\\" \"{MANUAL}\"\n", page.directory(), page.file);
    Some(Page { file: format!("gitchant-{command}"), section: page.section, text })
}

/// The section of the manual that a page of ours is in, or one of git's.
fn section_of(name: &str) -> char {
    let of_git = match name {
        "gitglossary" | "gitrevisions" | "gitworkflows" => '7',
        "gitattributes" | "gitignore" | "githooks" | "gitmodules" => '5',
        _ => '1',
    };
    GUIDES.iter().find(|guide| guide.name == name).map_or(of_git, |guide| guide.section)
}
