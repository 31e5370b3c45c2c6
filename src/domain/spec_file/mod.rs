//! A spec file: YAML front matter, then Markdown. It is read, never written.

mod fence;
mod foreign;
mod frame;
mod front_matter;
mod front_matter_reader;
mod markdown;
mod near_box;
mod node_location;
mod section;
mod source;
mod value;
mod yaml;

#[cfg(test)]
mod tests;

use std::ops::Range;

pub(crate) use foreign::{Foreign, Setting, foreign_of, settings_of};
pub(crate) use frame::changed_line;
pub use front_matter::KEYS;
pub(crate) use front_matter::{Approval, FrontMatter, Value};
pub(crate) use markdown::{Criterion, Tick, compare_criteria};
pub(crate) use section::{lead, section};
pub(crate) use source::{MAX_SPEC_LEN, Source};

use super::diagnostic::{Diagnostic, Severity};

/// A spec file that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Spec {
    /// The front matter; all defaults if the file has none.
    pub front: FrontMatter,
    /// The text of the first level-1 heading, without markup, one line.
    pub title: Option<String>,
    /// The acceptance criteria, in their order.
    pub criteria: Vec<Criterion>,
    /// The Markdown under the heading "Release Notes", without comments; `None` if nothing of it would be seen.
    pub release_notes: Option<String>,
    /// What is worth saying and stops nothing.
    pub warnings: Vec<Diagnostic>,
    /// Those of the warnings that are about what counts for nothing: keys that are nearly known, what reads as a criterion and is none.
    pub ignored: Vec<Diagnostic>,
    /// The bytes of the front matter with its fences; empty if there is none.
    pub front_range: Range<usize>,
    /// The byte at which the body begins.
    pub body_start: usize,
    source: Source,
    inner: Range<usize>,
}

/// Reads a spec file. `path` is only for the diagnostics, `bytes` is the whole file.
///
/// A file without front matter, with CRLF line ends, a byte order mark or unknown keys is a spec. Otherwise the errors of the file come back
/// in its order, at least one; [`parse_partly`] has its warnings, too.
pub(crate) fn parse(path: &str, bytes: &[u8]) -> Result<Spec, Vec<Diagnostic>> {
    let (spec, errors) = parse_partly(path, bytes).map_err(|diagnostic| vec![*diagnostic])?;
    if errors.is_empty() { Ok(spec) } else { Err(errors) }
}

/// As much of a spec file as can be read, with its errors. Fails with the one of a file that is no text, or too large.
pub(crate) fn parse_partly(path: &str, bytes: &[u8]) -> Result<(Spec, Vec<Diagnostic>), Box<Diagnostic>> {
    let FrontPart { source, parts, front, errors, mut warnings } = read_front(path, bytes)?;
    let mut ignored = warnings.clone();
    let body = markdown::read(source.text(), parts.body);
    if source.text().trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}').is_empty() {
        warnings.push(source.whole(Severity::Warning, "the file is empty", Some(TITLE_HELP.to_owned())));
    } else if body.title.is_none() {
        warnings.push(source.whole(Severity::Warning, "the spec has no title", Some(TITLE_HELP.to_owned())));
    }
    if let Some(heading) = body.empty_criteria {
        let help = Some("write each as a task: '- [ ] what must hold'".to_owned());
        warnings.push(source.diagnostic(Severity::Warning, heading, "this heading has no criteria", help));
    }
    let no_criterion = |place| {
        let help =
            Some("a criterion is a list item with a box: '- [ ] what must hold', or '- [x] what holds'".to_owned());
        source.diagnostic(Severity::Warning, place, "not a criterion; ignored", help)
    };
    let no_heading = |place| {
        let help = Some("write the heading as '## Acceptance Criteria'".to_owned());
        source.diagnostic(Severity::Warning, place, "not the heading of criteria; the boxes below are ignored", help)
    };
    let no_criteria: Vec<Diagnostic> = body.near_headings.into_iter().map(no_heading).collect();
    warnings.extend(no_criteria.iter().cloned());
    ignored.extend(no_criteria);
    let no_criteria: Vec<Diagnostic> = body.near_boxes.into_iter().map(no_criterion).collect();
    warnings.extend(no_criteria.iter().cloned());
    ignored.extend(no_criteria);
    let spec = Spec {
        front,
        title: body.title,
        criteria: body.criteria,
        release_notes: body.release_notes,
        warnings,
        ignored,
        front_range: parts.fenced,
        body_start: parts.body,
        source,
        inner: parts.inner,
    };
    Ok((spec, errors))
}

/// Reads the outline of a spec file, as [`Spec::outline`] makes it.
pub(crate) fn skim(path: &str, bytes: &[u8]) -> Result<Spec, Vec<Diagnostic>> {
    let FrontPart { source, parts, front, errors, .. } =
        read_front(path, bytes).map_err(|diagnostic| vec![*diagnostic])?;
    if !errors.is_empty() {
        return Err(errors);
    }
    Ok(Spec::outline(path, front, markdown::title(source.text(), parts.body)))
}

/// A file, its parts, its front matter as far as it can be read, and what is wrong with that.
struct FrontPart {
    source: Source,
    parts: fence::Parts,
    front: FrontMatter,
    errors: Vec<Diagnostic>,
    warnings: Vec<Diagnostic>,
}

fn read_front(path: &str, bytes: &[u8]) -> Result<FrontPart, Box<Diagnostic>> {
    let source = Source::new(path, bytes)?;
    let parts = fence::split(bytes);
    let (front, problems) = match check_front(&source, &parts) {
        Ok(()) => front_matter_reader::read(&source, parts.inner.clone()),
        Err(diagnostic) => (FrontMatter::default(), vec![*diagnostic]),
    };
    let (errors, warnings) = problems.into_iter().partition(|problem| problem.severity == Severity::Error);
    Ok(FrontPart { source, parts, front, errors, warnings })
}

const TITLE_HELP: &str = "begin the body with a line '# <title>'";

/// Refuses front matter that would not be read, or cannot be YAML: it is not at the start, never closes, is too long, or has control characters.
fn check_front(source: &Source, parts: &fence::Parts) -> Result<(), Box<Diagnostic>> {
    if parts.fenced.is_empty()
        && let Some(opening) = fence::misplaced(source.text(), &KEYS)
    {
        let message = "the front matter does not begin with '---' on the first line, so nothing in it would count";
        let help = "put a line '---', without blanks before it, at the very start of the file";
        return Err(Box::new(source.diagnostic(Severity::Error, opening, message, Some(help.to_owned()))));
    }
    let opening = parts.fenced.start..parts.fenced.start + 3;
    if !parts.closed {
        let message = "the front matter that opens here never closes";
        let help = "end it with a line '---'; a file without front matter must not begin with such a line";
        return Err(Box::new(source.diagnostic(Severity::Error, opening, message, Some(help.to_owned()))));
    }
    if parts.inner.len() > yaml::MAX_FRONT_LEN {
        let (len, limit) = (parts.inner.len(), yaml::MAX_FRONT_LEN);
        let message = format!("the front matter is {len} bytes long, more than the {limit} that it may have");
        return Err(Box::new(source.diagnostic(Severity::Error, opening, message, None)));
    }
    let text = &source.text()[parts.inner.clone()];
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~' | b'\n')) {
        return Ok(());
    }
    let barred = |c: char| {
        c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\u{85}')
            || matches!(c, '\u{feff}' | '\u{fffe}' | '\u{ffff}')
    };
    match text.char_indices().find(|(_, c)| barred(*c)) {
        Some((at, c)) => {
            let start = parts.inner.start + at;
            let message = format!("the character U+{:04X} is not allowed in front matter", u32::from(c));
            Err(Box::new(source.diagnostic(Severity::Error, start..start + c.len_utf8(), message, None)))
        }
        None => Ok(()),
    }
}

impl Spec {
    /// A spec of which no more is known than its front matter and its title: without body, criteria, notes, warnings and places.
    pub(crate) fn outline(path: &str, front: FrontMatter, title: Option<String>) -> Spec {
        Spec {
            front: FrontMatter { keys: Vec::new(), ..front },
            title,
            criteria: Vec::new(),
            release_notes: None,
            warnings: Vec::new(),
            ignored: Vec::new(),
            front_range: 0..0,
            body_start: 0,
            source: Source::named(path),
            inner: 0..0,
        }
    }

    /// What counts for nothing, one line each, for a person: keys that are nearly known, what reads as a criterion and is none.
    pub(crate) fn ignored(&self) -> impl Iterator<Item = String> {
        self.ignored.iter().map(|one| {
            let line = self.source.text().lines().nth(one.line.saturating_sub(1)).unwrap_or_default().trim();
            let help = one.help.as_ref().map(|help| format!(" ({help})")).unwrap_or_default();
            format!("{}:{}: '{line}': {}{help}", one.path, one.line, one.message)
        })
    }

    /// The file as it was read.
    pub(crate) fn source(&self) -> &Source {
        &self.source
    }

    /// The Markdown after the front matter.
    pub(crate) fn body(&self) -> &str {
        &self.source.text()[self.body_start..]
    }

    /// The bytes of the file that entry `index` of `key` takes; without an index the value if it is a scalar, otherwise the key.
    /// `None` if the file has no such key or entry.
    pub(crate) fn locate(&self, key: &str, index: Option<usize>) -> Option<Range<usize>> {
        self.front.span_of(&self.source, self.inner.clone(), key, index)
    }

    /// A diagnostic about a key or an entry of the front matter; about the file as a whole if it has none such.
    pub(crate) fn diagnostic(
        &self,
        severity: Severity,
        key: &str,
        index: Option<usize>,
        message: impl Into<String>,
        help: Option<String>,
    ) -> Diagnostic {
        match self.locate(key, index) {
            Some(range) => self.source.diagnostic(severity, range, message, help),
            None => self.source.whole(severity, message, help),
        }
    }
}

/// The acceptance criteria of any version of a spec file, whatever its front matter looks like; none if it is no text or too
/// large.
pub(crate) fn criteria_of(bytes: &[u8]) -> Vec<Criterion> {
    match Source::new("", bytes) {
        Ok(source) => markdown::read(source.text(), fence::split(bytes).body).criteria,
        Err(_) => Vec::new(),
    }
}

/// A version of a spec file for another attempt: no acceptance criterion is ticked, and nothing stands under its release notes.
pub(crate) fn begun_again(bytes: &[u8]) -> Vec<u8> {
    let mut text = bytes.to_vec();
    for criterion in criteria_of(bytes).iter().filter(|criterion| criterion.checked) {
        if let Some([b'[', tick, b']']) = text.get_mut(criterion.offset..criterion.offset + 3) {
            *tick = b' ';
        }
    }
    let Ok(whole) = String::from_utf8(text) else { return bytes.to_vec() };
    match release_notes_of(bytes).and_then(|_| section(body_of(&whole), "release notes")) {
        Some(notes) => {
            let heading = notes.lines().next().unwrap_or_default();
            whole.replacen(&notes, &format!("{heading}\n\n<!-- Fill in after implementation -->"), 1).into_bytes()
        }
        None => whole.into_bytes(),
    }
}

/// The release notes of any version of a spec file; see [`criteria_of`].
pub(crate) fn release_notes_of(bytes: &[u8]) -> Option<String> {
    let source = Source::new("", bytes).ok()?;
    markdown::read(source.text(), fence::split(bytes).body).release_notes
}

/// What follows the front matter of any Markdown file; all of it if it has none.
pub(crate) fn body_of(text: &str) -> &str {
    &text[fence::split(text.as_bytes()).body..]
}

/// What stands between the fences of a spec file, empty without front matter: two versions have the same front matter if
/// these bytes are the same.
pub(crate) fn front_matter_bytes(bytes: &[u8]) -> &[u8] {
    &bytes[fence::split(bytes).inner]
}
