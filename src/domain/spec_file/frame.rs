//! What of a spec's text an attempt may not change: everything but ticks and the release notes.

use std::ops::Range;

use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use super::fence;

const OPTIONS: Options = Options::ENABLE_TASKLISTS.union(Options::ENABLE_TABLES).union(Options::ENABLE_STRIKETHROUGH);

/// The first line that differs between two versions of a spec's body besides ticks and release notes: its number in `tip` and how it
/// was pinned. A line that is gone has the number of the one that stands there now.
pub(crate) fn changed_line(pinned: &[u8], tip: &[u8]) -> Option<(usize, String)> {
    let (Ok(pinned), Ok(tip)) = (std::str::from_utf8(pinned), std::str::from_utf8(tip)) else {
        return (pinned != tip).then(|| (1, String::new()));
    };
    let (was, is) = (frame(pinned), frame(tip));
    let at =
        (0..was.len().max(is.len())).find(|at| was.get(*at).map(|line| &line.1) != is.get(*at).map(|line| &line.1))?;
    let number = is.get(at).or(is.last()).map_or(1, |line| line.0);
    Some((number, was.get(at).map(|line| line.1.trim().to_owned()).unwrap_or_default()))
}

/// The lines of the body with their numbers: task markers blank, release notes left out, of blank lines one.
fn frame(file: &str) -> Vec<(usize, String)> {
    let start = fence::split(file.as_bytes()).body;
    let (markers, notes) = parts(&file[start..]);
    let mut lines: Vec<(usize, String)> = Vec::new();
    let mut next = 0;
    for (index, line) in file.split_inclusive('\n').enumerate() {
        let at = next;
        next += line.len();
        let Some(offset) = at.checked_sub(start).filter(|offset| !notes.iter().any(|range| range.contains(offset)))
        else {
            continue;
        };
        let mut text = line.trim_end().to_owned();
        let end = offset + text.len();
        for marker in markers.iter().filter(|marker| marker.start >= offset && marker.end <= end) {
            text.replace_range(marker.start - offset..marker.end - offset, "[ ]");
        }
        if !(text.is_empty() && lines.last().is_none_or(|last| last.1.is_empty())) {
            lines.push((index + 1, text));
        }
    }
    while lines.last().is_some_and(|last| last.1.is_empty()) {
        lines.pop();
    }
    lines
}

/// The task markers of a body, and its sections of release notes.
fn parts(body: &str) -> (Vec<Range<usize>>, Vec<Range<usize>>) {
    let (mut markers, mut notes) = (Vec::new(), Vec::new());
    let mut depth = 0usize;
    let mut open: Option<(HeadingLevel, usize)> = None;
    let mut heading: Option<(usize, String)> = None;
    for (event, range) in Parser::new_ext(body, OPTIONS).into_offset_iter() {
        match event {
            Event::TaskListMarker(_) => markers.push(range),
            Event::Start(Tag::BlockQuote(_) | Tag::List(_) | Tag::FootnoteDefinition(_)) => depth += 1,
            Event::End(TagEnd::BlockQuote(_) | TagEnd::List(_) | TagEnd::FootnoteDefinition) => depth -= 1,
            Event::Start(Tag::Heading { level, .. }) if depth == 0 => {
                if let Some((_, from)) = open.take_if(|(of, _)| level <= *of) {
                    notes.push(from..range.start);
                }
                heading = Some((range.start, String::new()));
            }
            Event::Text(text) | Event::Code(text) => {
                if let Some((_, words)) = &mut heading {
                    words.push_str(&text);
                }
            }
            Event::End(TagEnd::Heading(level)) => {
                if let Some((from, words)) = heading.take()
                    && open.is_none()
                    && words.trim().trim_end_matches(':').eq_ignore_ascii_case("release notes")
                {
                    open = Some((level, from));
                }
            }
            _ => {}
        }
    }
    notes.extend(open.map(|(_, from)| from..body.len()));
    (markers, notes)
}

#[cfg(test)]
mod tests {
    use super::changed_line;

    const SPEC: &str = "---\ntype: code\n---\n# Add\n\nIt must.\n\n## Acceptance Criteria\n\n- [ ] one\n- [ ] two\n";

    fn changed(tip: &str) -> Option<usize> {
        changed_line(SPEC.as_bytes(), tip.as_bytes()).map(|(line, _)| line)
    }

    #[test]
    fn ticks_and_release_notes_are_the_agents() {
        assert_eq!(changed(SPEC), None);
        assert_eq!(changed(&SPEC.replace("[ ]", "[x]")), None);
        assert_eq!(changed(&SPEC.replace("[ ] one", "[X] one")), None);
        assert_eq!(changed(&format!("{SPEC}\n## Release Notes\n\n- one: now\n\n### Fixed\n\nx\n")), None);
        assert_eq!(changed(&SPEC.replace("\n## Acc", "\n## Release Notes\n\nNow.\n\n## Acc")), None);
        assert_eq!(changed(&format!("{}\n\n\n", SPEC.replace('\n', "\r\n"))), None);
    }

    #[test]
    fn everything_else_is_the_persons() {
        assert_eq!(changed(&SPEC.replace("must", "need not")), Some(6));
        assert_eq!(changed(&SPEC.replace("# Add", "# Do nothing")), Some(4));
        assert_eq!(changed(&SPEC.replace("- [ ] two\n", "")), Some(10));
        assert_eq!(changed(&SPEC.replace("- [ ] two", "- [x] ~~two~~")), Some(11));
        assert_eq!(changed(&SPEC.replace("- [ ] two", "- [x] two\n- [ ] two")), Some(12));
        assert_eq!(changed(&format!("{SPEC}\n## Notes\n\nMine.\n")), Some(12));
        assert_eq!(changed(&format!("{SPEC}\n## Release Notes\n\nx\n\n## Notes\n\nMine.\n")), Some(12));
    }
}
