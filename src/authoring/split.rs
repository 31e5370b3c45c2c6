//! The use case `split`: the parts of a spec, which become its members.

use crate::domain::spec_file::Spec;

/// A part that becomes a member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    /// Its title.
    pub title: String,
    /// What is to be done, Markdown.
    pub body: String,
    /// The numbers of the parts that it needs, from 1.
    pub needs: Vec<usize>,
}

/// Headings that speak of the whole.
const OF_THE_WHOLE: [&str; 3] = ["acceptance criteria", "release notes", "context"];

/// The parts of a spec by its headings of the second level; what speaks of the whole is none.
pub(crate) fn by_heading(spec: &Spec) -> Vec<Part> {
    parts(spec.body()).into_iter().filter(|part| !OF_THE_WHOLE.contains(&part.title.to_lowercase().as_str())).collect()
}

/// The parts that an agent proposes: a heading of the second level each, then, if it needs other parts, `depends on: 1, 2`.
///
/// # Errors
/// Why it is no proposal, in words.
pub(crate) fn proposed(text: &str) -> Result<Vec<Part>, String> {
    let mut parts = parts(text);
    if parts.is_empty() {
        return Err("it has no heading of the form '## <title>'".to_owned());
    }
    let count = parts.len();
    for (at, part) in parts.iter_mut().enumerate() {
        let Some(line) = part.body.lines().find(|line| !line.trim().is_empty()).map(str::to_owned) else { continue };
        let Some(list) = line.trim().to_lowercase().strip_prefix("depends on:").map(str::to_owned) else { continue };
        for word in list.split([',', ' ']).filter(|word| !word.is_empty()) {
            match word.trim_end_matches('.').parse::<usize>() {
                // Only on what comes before it, so that no circle can be asked for.
                Ok(number) if (1..=at).contains(&number) => part.needs.push(number),
                _ => {
                    return Err(format!(
                        "part {} of {count} depends on '{}', which is no earlier part",
                        at + 1,
                        word.escape_debug()
                    ));
                }
            }
        }
        part.body = part.body.replacen(&line, "", 1).trim().to_owned();
    }
    Ok(parts)
}

fn parts(text: &str) -> Vec<Part> {
    use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};
    let mut parts: Vec<(String, usize, usize)> = Vec::new();
    let mut title: Option<String> = None;
    for (event, range) in Parser::new_ext(text, Options::ENABLE_TABLES | Options::ENABLE_TASKLISTS).into_offset_iter() {
        match event {
            Event::Start(Tag::Heading { level, .. }) if level <= HeadingLevel::H2 => {
                if let Some(last) = parts.last_mut() {
                    last.2 = last.2.min(range.start);
                }
                if level == HeadingLevel::H2 {
                    title = Some(String::new());
                    parts.push((String::new(), range.end, text.len()));
                }
            }
            Event::Text(words) | Event::Code(words) => {
                if let Some(title) = &mut title {
                    title.push_str(&words);
                }
            }
            Event::End(TagEnd::Heading(_)) => {
                if let (Some(title), Some(last)) = (title.take(), parts.last_mut()) {
                    last.0 = title.split_whitespace().collect::<Vec<_>>().join(" ");
                }
            }
            _ => {}
        }
    }
    let body = |from: usize, to: usize| text.get(from..to).unwrap_or_default().trim().to_owned();
    let parts = parts.into_iter().filter(|(title, ..)| !title.is_empty());
    parts.map(|(title, from, to)| Part { title, body: body(from, to), needs: Vec::new() }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proposal_is_read_strictly() {
        let text = "Sure!\n\n## First `part`\n\nDo it.\n\n### Acceptance Criteria\n\n- [ ] done\n\n## Second\n\ndepends on: 1\n\nThen this.\n";
        let parts = proposed(text).expect("two parts");
        assert_eq!((parts[0].title.as_str(), parts[1].needs.as_slice()), ("First part", [1].as_slice()));
        assert!(parts[0].body.ends_with("- [ ] done") && parts[1].body == "Then this.");
        assert!(proposed("nothing").is_err());
        assert!(proposed("## A\n\ndepends on: 1\n").is_err());
        assert!(proposed("## A\n\n## B\n\nDepends on: x\n").is_err());
    }
}
