//! The parts of a Markdown document that a reader sees, as words.

use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use crate::domain::{character::is_harmful, spec_file::body_of};

/// What a part is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A heading of a level, 1 the highest; 7 is the head of a table.
    Heading(u8),
    /// A paragraph, a list item, a row of a table.
    Words,
    /// A block of code.
    Code,
}

/// A part of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Block {
    /// Its first line in the document, from 1.
    pub(super) line: usize,
    pub(super) kind: Kind,
    /// Its text as written, without markup and comments.
    pub(super) text: String,
    /// Its words in lower case, with single spaces and nothing else between them.
    pub(super) words: String,
    /// Its pieces of inline code.
    pub(super) code: Vec<String>,
    /// The texts of its cells, if it is a row of a table.
    pub(super) cells: Vec<String>,
}

impl Block {
    pub(super) fn is_heading(&self) -> bool {
        matches!(self.kind, Kind::Heading(_))
    }

    /// What it says piece by piece, as words: its cells, otherwise its sentences. Code is one piece.
    pub(super) fn pieces(&self) -> Vec<String> {
        match self.kind {
            Kind::Code => vec![self.words.clone()],
            _ if !self.cells.is_empty() => self.cells.iter().map(|cell| words(cell)).collect(),
            _ => sentences(&self.text).map(words).collect(),
        }
    }
}

/// The sentences of a text, each with what ends it.
fn sentences(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let ends = rest.char_indices().zip(rest.chars().skip(1)).find_map(|((at, c), next)| match c {
            '.' | '!' | '?' | ';' if next.is_whitespace() => Some(at + 1),
            '\u{3002}' | '\u{ff01}' | '\u{ff1f}' => Some(at + c.len_utf8()),
            _ => None,
        });
        let (sentence, left) = rest.split_at(ends.unwrap_or(rest.len()));
        rest = left;
        Some(sentence)
    })
}

const OPTIONS: Options = Options::ENABLE_TASKLISTS.union(Options::ENABLE_TABLES).union(Options::ENABLE_STRIKETHROUGH);

/// The parts of `document` in their order, without those that a reader does not see: comments, front matter, invisible characters.
pub(super) fn blocks(document: &str) -> Vec<Block> {
    let body = body_of(document);
    let above = document.len() - body.len();
    let mut reader = Reader { document, above, found: Vec::new(), open: None, cell: None };
    for (event, range) in Parser::new_ext(body, OPTIONS).into_offset_iter() {
        reader.event(event, range.start);
    }
    reader.close();
    reader.found
}

struct Reader<'d> {
    document: &'d str,
    above: usize,
    found: Vec<Block>,
    open: Option<Block>,
    /// Where the text of the cell that is read begins in that of its row.
    cell: Option<usize>,
}

impl Reader<'_> {
    fn event(&mut self, event: Event<'_>, at: usize) {
        match event {
            Event::Start(Tag::Heading { level, .. }) => self.begin(Kind::Heading(rank(level)), at),
            // A table without rows says nothing.
            Event::Start(Tag::TableHead) => self.begin(Kind::Heading(7), at),
            Event::Start(Tag::CodeBlock(_)) => self.begin(Kind::Code, at),
            Event::Start(Tag::Paragraph | Tag::Item | Tag::TableRow | Tag::HtmlBlock | Tag::BlockQuote(_)) => {
                self.begin(Kind::Words, at)
            }
            Event::Start(Tag::TableCell) => {
                self.push(" ", at);
                self.cell = self.open.as_ref().map(|open| open.text.len());
            }
            Event::End(TagEnd::TableCell) => {
                if let (Some(open), Some(from)) = (&mut self.open, self.cell.take()) {
                    open.cells.push(open.text[from..].to_owned());
                }
            }
            Event::SoftBreak | Event::HardBreak => self.push(" ", at),
            Event::End(
                TagEnd::Heading(_)
                | TagEnd::CodeBlock
                | TagEnd::Paragraph
                | TagEnd::Item
                | TagEnd::TableRow
                | TagEnd::TableHead,
            ) => self.close(),
            // A comment or a tag may have several lines, and each comes by itself.
            Event::End(TagEnd::HtmlBlock) => {
                if let Some(open) = &mut self.open {
                    open.text = without_tags(&open.text);
                }
                self.close();
            }
            Event::Text(text) => self.push(&text, at),
            Event::Code(text) => {
                self.push(&text, at);
                if let Some(open) = &mut self.open {
                    open.code.push(text.into_string());
                }
            }
            Event::Html(html) => self.push(&html, at),
            Event::InlineHtml(html) => self.push(&without_tags(&html), at),
            _ => {}
        }
    }

    fn begin(&mut self, kind: Kind, at: usize) {
        self.close();
        let line = self.document[..self.above + at].matches('\n').count() + 1;
        let (text, words) = (String::new(), String::new());
        self.open = Some(Block { line, kind, text, words, code: Vec::new(), cells: Vec::new() });
    }

    fn push(&mut self, text: &str, at: usize) {
        if self.open.is_none() {
            self.begin(Kind::Words, at);
        }
        if let Some(open) = &mut self.open {
            open.text.push_str(text);
        }
    }

    fn close(&mut self) {
        let Some(mut block) = self.open.take() else { return };
        block.text = block.text.trim().to_owned();
        block.words = words(&block.text);
        if !block.text.is_empty() {
            self.found.push(block);
        }
    }
}

fn rank(level: HeadingLevel) -> u8 {
    match level {
        HeadingLevel::H1 => 1,
        HeadingLevel::H2 => 2,
        HeadingLevel::H3 => 3,
        HeadingLevel::H4 => 4,
        HeadingLevel::H5 => 5,
        HeadingLevel::H6 => 6,
    }
}

/// What a browser would show of HTML, roughly: no comments, no tags, no entities.
fn without_tags(html: &str) -> String {
    let mut out = String::new();
    let mut rest = html;
    while let Some(at) = rest.find(['<', '&']) {
        out.push_str(&rest[..at]);
        let tail = &rest[at..];
        let end = if tail.starts_with("<!--") {
            tail.find("-->").map(|end| end + 3)
        } else if tail.starts_with('<') {
            tail.find('>').map(|end| end + 1)
        } else {
            tail.find(';').map(|end| end + 1).or(Some(1))
        };
        rest = end.map_or("", |end| &tail[end..]);
    }
    out.push_str(rest);
    out
}

/// The words of a text in lower case, each run of anything else as one space.
pub(super) fn words(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars().filter(|c| c.is_whitespace() || !is_invisible(*c)) {
        if c.is_alphanumeric() {
            out.extend(c.to_lowercase());
        } else if !out.is_empty() && !out.ends_with(' ') {
            out.push(' ');
        }
    }
    out.truncate(out.trim_end().len());
    out
}

/// Whether a character takes part in a text and shows nothing; Unicode calls some of them letters.
fn is_invisible(c: char) -> bool {
    is_harmful(c)
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180e}'
            | '\u{200b}'..='\u{200f}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{ffa0}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0100}'..='\u{e01ef}')
}
