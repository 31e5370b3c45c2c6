//! The body of a spec: its title, acceptance criteria and release notes, as CommonMark and GitHub's task lists define them.

use std::{
    collections::{HashMap, VecDeque},
    ops::Range,
};

use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};
use serde::{Deserialize, Serialize};

use super::near_box;
use crate::domain::character::is_unprintable;

/// An acceptance criterion: a task-list item under the heading "Acceptance Criteria".
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Criterion {
    /// Its text (of a longer item the first paragraph), without markup, one line.
    pub text: String,
    /// Whether it is ticked.
    pub checked: bool,
    /// Its line in the file, from 1.
    pub line: usize,
    /// The byte of the file at which its `[ ]` or `[x]` begins.
    pub offset: usize,
    /// Whether a part of its text is struck out.
    pub struck: bool,
}

/// What became of a pinned criterion in another version of the file. Records name it so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, strum::IntoStaticStr)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub(crate) enum Tick {
    /// The criterion is there and ticked.
    Ticked,
    /// The criterion is there and not ticked.
    Unticked,
    /// The criterion is gone, or its words have changed.
    Missing,
    /// The criterion is there more often than it was pinned: one of them may say no.
    #[serde(rename = "listed more than once")]
    #[strum(serialize = "listed more than once")]
    Repeated,
    /// The criterion is struck out.
    #[serde(rename = "struck out")]
    #[strum(serialize = "struck out")]
    Struck,
    /// What a newer version has.
    #[serde(other)]
    Unknown,
}

/// A pinned criterion and how it stands in another version of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CriterionState {
    /// The text as pinned.
    pub text: String,
    /// How it stands.
    pub state: Tick,
}

/// Finds each pinned criterion in another version of the file, by its text; of equal ones the first is the first.
pub(crate) fn compare_criteria(pinned: &[Criterion], tip: &[Criterion]) -> Vec<CriterionState> {
    let mut there: HashMap<&str, VecDeque<&Criterion>> = HashMap::new();
    for criterion in tip {
        there.entry(&criterion.text).or_default().push_back(criterion);
    }
    let mut left: HashMap<&str, usize> = there.iter().map(|(text, all)| (*text, all.len())).collect();
    for criterion in pinned {
        if let Some(left) = left.get_mut(criterion.text.as_str()) {
            *left = left.saturating_sub(1);
        }
    }
    let mut state = |criterion: &Criterion| match there.get_mut(criterion.text.as_str()).and_then(|all| all.pop_front())
    {
        None => Tick::Missing,
        Some(_) if left.get(criterion.text.as_str()).is_some_and(|left| *left > 0) => Tick::Repeated,
        Some(now) if now.struck && !criterion.struck => Tick::Struck,
        Some(now) if now.checked => Tick::Ticked,
        Some(_) => Tick::Unticked,
    };
    pinned.iter().map(|criterion| CriterionState { text: criterion.text.clone(), state: state(criterion) }).collect()
}

/// What the body says.
#[derive(Debug, Default)]
pub(super) struct Body {
    pub(super) title: Option<String>,
    pub(super) criteria: Vec<Criterion>,
    pub(super) release_notes: Option<String>,
    /// The bytes of the file at which something among the criteria looks like a box and is none.
    pub(super) near_boxes: Vec<Range<usize>>,
    /// The lines that are meant as the heading of criteria and are none, with boxes below that do not count.
    pub(super) near_headings: Vec<Range<usize>>,
    /// An "Acceptance Criteria" heading without a single task under it.
    pub(super) empty_criteria: Option<Range<usize>>,
}

const OPTIONS: Options = Options::ENABLE_TASKLISTS.union(Options::ENABLE_TABLES).union(Options::ENABLE_STRIKETHROUGH);

/// The title alone, as [`read`] finds it. Mostly it is the first line, which stands for itself: what follows need not be read then.
pub(super) fn title(file: &str, start: usize) -> Option<String> {
    let body = &file[start..];
    let first = body.split('\n').find(|line| !line.trim_matches([' ', '\t', '\r']).is_empty());
    // What a link means may be said anywhere in the file.
    let alone = first
        .map(|line| line.strip_suffix('\r').unwrap_or(line))
        .filter(|line| line.starts_with("# ") && !line.contains(['[', '\r']));
    alone.and_then(|line| read(line, 0).title).or_else(|| read(file, start).title)
}

/// Reads the body of `file`, which begins at the byte `start`. Offsets and lines are the file's.
pub(super) fn read(file: &str, start: usize) -> Body {
    let body = &file[start..];
    let mut reader = Reader { body, start, ..Reader::default() };
    for (event, range) in Parser::new_ext(body, OPTIONS).into_offset_iter() {
        reader.event(event, range);
    }
    reader.close_sections(HeadingLevel::H1, body.len());
    reader.near_headings();
    let mut lines = Lines { text: file, at: 0, line: 1 };
    for criterion in &mut reader.found.criteria {
        criterion.text = plain(&criterion.text);
        criterion.line = lines.of(criterion.offset);
    }
    reader.found
}

#[derive(Default)]
struct Reader<'a> {
    body: &'a str,
    start: usize,
    found: Body,
    /// Block quotes, lists and items around the present place: headings in those begin no section.
    depth: usize,
    heading: Option<String>,
    criteria: Option<Section>,
    notes: Option<Section>,
    /// The blocks of code and of HTML.
    verbatim: Vec<Range<usize>>,
    /// The criterion that each open item is, if it is one.
    items: Vec<Option<usize>>,
    /// The criterion whose text is being read.
    text: Option<usize>,
}

struct Section {
    level: HeadingLevel,
    heading: Range<usize>,
    /// Whether something under it counts: a task for criteria, visible text for notes.
    filled: bool,
    /// The comments in it.
    comments: Vec<Range<usize>>,
}

impl Reader<'_> {
    fn event(&mut self, event: Event<'_>, range: Range<usize>) {
        match event {
            Event::Start(tag) => self.begin(&tag, range),
            Event::End(tag) => self.end(tag, range),
            Event::TaskListMarker(checked) => self.task(checked, range),
            Event::Text(text) | Event::Code(text) => self.words(&text),
            Event::SoftBreak | Event::HardBreak => self.words(" "),
            Event::InlineHtml(html) => {
                if let Some(notes) = &mut self.notes
                    && html.starts_with("<!--")
                {
                    notes.comments.push(range);
                }
            }
            _ => {}
        }
    }

    fn begin(&mut self, tag: &Tag<'_>, range: Range<usize>) {
        match tag {
            Tag::Heading { .. } if self.depth == 0 => self.heading = Some(String::new()),
            Tag::BlockQuote(_) | Tag::List(_) | Tag::FootnoteDefinition(_) => self.depth += 1,
            Tag::Item => {
                self.depth += 1;
                self.items.push(None);
            }
            Tag::CodeBlock(_) => self.verbatim.push(range.clone()),
            Tag::HtmlBlock => {
                self.verbatim.push(range.clone());
                if let Some(notes) = &mut self.notes {
                    let comments = comments(&self.body[range.clone()]);
                    notes.comments.extend(comments.into_iter().map(|at| at.start + range.start..at.end + range.start));
                }
            }
            _ => {}
        }
        if let (Tag::Strikethrough, Some(index)) = (tag, self.text) {
            self.found.criteria[index].struck = true;
        }
        // Only an item's first paragraph is the criterion.
        if !is_inline(tag) && !matches!(tag, Tag::Paragraph) {
            self.text = None;
        }
    }

    fn end(&mut self, tag: TagEnd, range: Range<usize>) {
        match tag {
            TagEnd::Heading(level) if self.depth == 0 => {
                if let Some(text) = self.heading.take() {
                    self.section(level, &plain(&text), range);
                }
            }
            TagEnd::BlockQuote(_) | TagEnd::List(_) | TagEnd::FootnoteDefinition => self.depth -= 1,
            TagEnd::Item => {
                self.depth -= 1;
                self.items.pop();
                self.text = None;
            }
            TagEnd::Paragraph => self.text = None,
            _ => {}
        }
    }

    /// A heading ends the sections of its level and below, and may begin one.
    fn section(&mut self, level: HeadingLevel, text: &str, heading: Range<usize>) {
        self.close_sections(level, heading.start);
        if level == HeadingLevel::H1 && self.found.title.is_none() && !text.is_empty() {
            self.found.title = Some(text.to_owned());
        }
        // A heading like `### Fixed: no write is lost` says what the notes have to say.
        if let Some(notes) = &mut self.notes
            && text.split_once(':').is_some_and(|(_, what)| !what.trim().is_empty())
        {
            notes.filled = true;
        }
        let new = || Section { level, heading: heading.clone(), filled: false, comments: Vec::new() };
        match text.trim_end_matches(':').to_lowercase().as_str() {
            "acceptance criteria" if self.criteria.is_none() => self.criteria = Some(new()),
            "release notes" if self.notes.is_none() => self.notes = Some(new()),
            _ => {}
        }
    }

    fn close_sections(&mut self, level: HeadingLevel, end: usize) {
        if let Some(section) = self.criteria.take_if(|section| level <= section.level) {
            if !section.filled {
                self.found.empty_criteria = Some(self.start + section.heading.start..self.start + section.heading.end);
            }
            self.near_boxes(&section, end);
        }
        if let Some(section) = self.notes.take_if(|section| level <= section.level)
            && section.filled
            && self.found.release_notes.is_none()
        {
            let mut notes = String::new();
            let mut at = section.heading.end;
            for comment in section.comments {
                notes.push_str(self.body.get(at..comment.start).unwrap_or(""));
                at = comment.end.max(at);
            }
            notes.push_str(self.body.get(at..end).unwrap_or(""));
            self.found.release_notes = Some(notes.trim().to_owned()).filter(|notes| !notes.is_empty());
        }
    }

    /// Notes every line of the section that begins as a task does and is none.
    fn near_boxes(&mut self, section: &Section, end: usize) {
        let mut at = section.heading.end;
        for line in self.body.get(at..end).unwrap_or_default().split_inclusive('\n') {
            let start = at;
            at += line.len();
            let Some(place) = near_box::find(line) else { continue };
            let (begin, stop) = (start + place.start, start + place.end);
            let offset = self.start + begin;
            if !self.is_task(offset) && !self.is_verbatim(begin) {
                self.found.near_boxes.push(offset..self.start + stop);
            }
        }
    }

    /// Notes every line that is meant as the heading of criteria and is none, if the first box below it counts for nothing.
    fn near_headings(&mut self) {
        let (mut at, mut near) = (0, None);
        for line in self.body.split_inclusive('\n') {
            let start = at;
            at += line.len();
            if means_criteria(line) && !self.is_verbatim(start) {
                near = Some(self.start + start..self.start + start + line.trim_end().len());
            } else if near.is_some() && line.starts_with('#') {
                near = None;
            } else if near.is_some()
                && let Some(place) = near_box::find(line)
                && !self.is_verbatim(start)
            {
                let offset = self.start + start + place.start;
                let is_told = self.found.near_boxes.iter().any(|told| told.start == offset);
                self.found.near_headings.extend(near.take().filter(|_| !is_told && !self.is_task(offset)));
            }
        }
    }

    /// Whether a criterion's box is at that byte of the file.
    fn is_task(&self, offset: usize) -> bool {
        self.found.criteria.binary_search_by_key(&offset, |criterion| criterion.offset).is_ok()
    }

    /// Whether that byte of the body is in a block of code or of HTML.
    fn is_verbatim(&self, at: usize) -> bool {
        let before = self.verbatim.partition_point(|block| block.start <= at);
        before.checked_sub(1).is_some_and(|last| self.verbatim[last].contains(&at))
    }

    fn task(&mut self, checked: bool, range: Range<usize>) {
        let (Some(section), Some(item)) = (&mut self.criteria, self.items.last_mut()) else { return };
        section.filled = true;
        *item = Some(self.found.criteria.len());
        self.text = *item;
        let offset = self.start + range.start;
        self.found.criteria.push(Criterion { text: String::new(), checked, line: 0, offset, struck: false });
    }

    fn words(&mut self, words: &str) {
        if let Some(heading) = &mut self.heading {
            return heading.push_str(words);
        }
        if let Some(index) = self.text {
            self.found.criteria[index].text.push_str(words);
        }
        if let Some(notes) = &mut self.notes
            && !words.trim().is_empty()
        {
            notes.filled = true;
        }
    }
}

/// Whether a line reads as the heading of criteria: `**Acceptance Criteria**`, `##Acceptance criterion`, `## 3. Acceptance Criteria (must)`.
fn means_criteria(line: &str) -> bool {
    let words = line.trim_start_matches(|c: char| !c.is_alphabetic());
    words.get(..18).is_some_and(|words| words.eq_ignore_ascii_case("acceptance criteri"))
}

fn is_inline(tag: &Tag<'_>) -> bool {
    matches!(tag, Tag::Emphasis | Tag::Strong | Tag::Strikethrough | Tag::Link { .. } | Tag::Image { .. })
}

/// The comments in a block of HTML; one that does not close reaches to its end.
fn comments(html: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(start) = html[at..].find("<!--").map(|start| at + start) {
        let end = html[start..].find("-->").map_or(html.len(), |end| start + end + "-->".len());
        found.push(start..end);
        at = end;
    }
    found
}

/// One line, single spaces, nothing that moves the cursor.
fn plain(text: &str) -> String {
    // Most of what is read is that already.
    let bytes = text.as_bytes();
    if bytes.iter().all(|byte| matches!(byte, b' '..=b'~')) && !text.contains("  ") && text.trim_ascii() == text {
        return text.to_owned();
    }
    let words: Vec<_> = text.split_whitespace().collect();
    words.join(" ").replace(is_unprintable, "")
}

/// Lines of ascending offsets, counted once.
struct Lines<'a> {
    text: &'a str,
    at: usize,
    line: usize,
}

impl Lines<'_> {
    fn of(&mut self, offset: usize) -> usize {
        self.line += self.text.as_bytes()[self.at..offset].iter().filter(|byte| **byte == b'\n').count();
        self.at = offset;
        self.line
    }
}
