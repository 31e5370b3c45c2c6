//! The page of a guide, from its Markdown.
//!
//! Understood are: headings of the second rank (sections; in capitals by custom) and the third, paragraphs, `code`, *emphasis* and
//! **strong**, lists, definition lists, code blocks. A line `{{name}}` is a table that [`table`] makes. What stands
//! under "See also" are the names of pages, which are put in order with their sections.

use clap_mangen::roff::{Inline, Roff, bold, italic, roman};
use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use super::{
    DATE, Guide, MANUAL, SOURCE,
    roff::{PREAMBLE, body, example, see_also},
    table,
};

/// The page.
pub(super) fn render(guide: &Guide) -> String {
    let mut roff = Roff::new();
    let title = guide.name.to_uppercase();
    let section = guide.section.to_string();
    roff.control("TH", [title.as_str(), &section, DATE, SOURCE, MANUAL]);
    roff.control("SH", ["NAME"]);
    roff.text([roman(format!("{} - {}", guide.name, guide.about))]);
    let source = table::filled(guide.source);
    let (text, seen_also) = source.split_once("\n## See also\n").unwrap_or((&source, ""));
    let mut page = Page { roff, line: Vec::new(), style: vec![Style::Plain], follows: Follows::Section, depth: 0 };
    for event in Parser::new_ext(text, OPTIONS) {
        page.take(event);
    }
    let others = seen_also.split([',', '\n']).map(str::trim).filter(|name| !name.is_empty());
    format!("{PREAMBLE}{}{}", body(&page.roff), see_also(others))
}

/// The Markdown beyond CommonMark that guides use.
pub(super) const OPTIONS: Options = Options::ENABLE_DEFINITION_LIST;

/// How words are set.
#[derive(Clone, Copy, PartialEq)]
enum Style {
    Plain,
    Emphasis,
    Strong,
}

/// The block before the next paragraph.
#[derive(Clone, Copy, PartialEq)]
enum Follows {
    /// A heading: it begins the section.
    Section,
    /// Another paragraph or an example.
    Text,
    /// The mark of an item, or a term: it stands beside it.
    Item,
}

struct Page {
    roff: Roff,
    /// The words of the paragraph so far.
    line: Vec<Inline>,
    style: Vec<Style>,
    follows: Follows,
    /// How many lists it is within.
    depth: usize,
}

impl Page {
    fn take(&mut self, event: Event<'_>) {
        match event {
            Event::Start(Tag::Emphasis) => self.style.push(Style::Emphasis),
            Event::Start(Tag::Strong | Tag::DefinitionListTitle) => self.style.push(Style::Strong),
            Event::End(TagEnd::Emphasis | TagEnd::Strong) => self.style.truncate(self.style.len() - 1),
            Event::Text(text) => self.say(&text),
            // Options and names are typed as they stand.
            Event::Code(text) => self.line.push(bold(text.as_ref())),
            // Where something stands for a value outside of `code`.
            Event::InlineHtml(text) | Event::Html(text) => self.say(&text),
            Event::SoftBreak | Event::HardBreak => self.line.push(roman(" ")),
            Event::Start(Tag::CodeBlock(_)) => {
                self.flush();
                // The text of the block follows as one or more texts.
                self.style.push(Style::Plain);
            }
            Event::End(TagEnd::CodeBlock) => {
                self.style.truncate(self.style.len() - 1);
                let text: String = std::mem::take(&mut self.line).into_iter().map(plain).collect();
                example(&mut self.roff, text.trim_end_matches('\n'), self.follows != Follows::Section);
                self.follows = Follows::Text;
            }
            Event::Start(Tag::List(_) | Tag::DefinitionList) => {
                self.flush();
                self.depth += 1;
                if self.depth > 1 {
                    self.roff.control("RS", []);
                }
            }
            Event::End(TagEnd::List(_) | TagEnd::DefinitionList) => {
                if self.depth > 1 {
                    self.roff.control("RE", []);
                }
                self.depth -= 1;
                self.follows = Follows::Text;
            }
            Event::Start(Tag::Item) => {
                self.roff.control("IP", ["\\(bu", "2"]);
                self.follows = Follows::Item;
            }
            Event::End(TagEnd::DefinitionListTitle) => {
                self.style.truncate(self.style.len() - 1);
                self.roff.control("TP", []);
                self.roff.text(std::mem::take(&mut self.line));
                self.follows = Follows::Item;
            }
            Event::End(TagEnd::Heading(level)) => {
                let heading: String = std::mem::take(&mut self.line).into_iter().map(plain).collect();
                let (control, heading) = match level {
                    HeadingLevel::H1 | HeadingLevel::H2 => ("SH", heading.to_uppercase()),
                    _ => ("SS", heading),
                };
                self.roff.control(control, [heading.as_str()]);
                self.follows = Follows::Section;
            }
            Event::End(TagEnd::Paragraph | TagEnd::Item | TagEnd::DefinitionListDefinition) => self.flush(),
            _ => {}
        }
    }

    fn say(&mut self, text: &str) {
        self.line.push(match self.style.last() {
            Some(Style::Emphasis) => italic(text),
            Some(Style::Strong) => bold(text),
            _ => roman(text),
        });
    }

    /// Ends the paragraph.
    fn flush(&mut self) {
        if self.line.is_empty() {
            return;
        }
        match self.follows {
            Follows::Section | Follows::Item => {}
            // Within an item a paragraph keeps its indentation.
            Follows::Text => {
                self.roff.control(if self.depth > 0 { "IP" } else { "PP" }, []);
            }
        }
        self.roff.text(std::mem::take(&mut self.line));
        self.follows = Follows::Text;
    }
}

fn plain(inline: Inline) -> String {
    match inline {
        Inline::Roman(text) | Inline::Bold(text) | Inline::Italic(text) => text,
        Inline::LineBreak => "\n".to_owned(),
    }
}
