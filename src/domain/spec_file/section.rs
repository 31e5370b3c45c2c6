//! One section of a Markdown document.

use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};

/// The text under the first heading whose words begin with `title` (whatever the case), the heading with it, up to the next heading
/// of its level or a higher one; `None` if there is no such heading, or nothing under it.
pub(crate) fn section(document: &str, title: &str) -> Option<String> {
    let title = title.to_lowercase();
    let mut found: Option<(HeadingLevel, usize, usize)> = None;
    let mut heading: Option<(HeadingLevel, usize, String)> = None;
    let mut end = document.len();
    for (event, range) in Parser::new_ext(document, Options::ENABLE_TABLES).into_offset_iter() {
        match event {
            Event::Start(Tag::Heading { level, .. }) => {
                if found.is_some_and(|(of, ..)| level <= of) {
                    end = range.start;
                    break;
                }
                heading = Some((level, range.start, String::new()));
            }
            Event::Text(text) | Event::Code(text) => {
                if let Some((.., words)) = &mut heading {
                    words.push_str(&text);
                }
            }
            Event::End(TagEnd::Heading(_)) => {
                if let Some((level, start, words)) = heading.take()
                    && found.is_none()
                    && words.trim().to_lowercase().starts_with(&title)
                {
                    found = Some((level, start, range.end));
                }
            }
            _ => {}
        }
    }
    let (_, start, below) = found?;
    let filled = document.get(below..end).is_some_and(|text| !text.trim().is_empty());
    filled.then(|| document.get(start..end).unwrap_or_default().trim().to_owned())
}

/// The text under the first heading below the title, without the heading; where there is none, all below the title. `None` if that is
/// nothing.
pub(crate) fn lead(document: &str) -> Option<String> {
    let (mut title, mut below, mut end) = (0, None, document.len());
    for (event, range) in Parser::new_ext(document, Options::ENABLE_TABLES).into_offset_iter() {
        match event {
            Event::Start(Tag::Heading { .. }) if below.is_some() => {
                end = range.start;
                break;
            }
            Event::End(TagEnd::Heading(HeadingLevel::H1)) => title = range.end,
            Event::End(TagEnd::Heading(_)) => below = Some(range.end),
            _ => {}
        }
    }
    let text = document.get(below.unwrap_or(title)..end)?.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::{lead, section};

    #[test]
    fn the_lead_is_what_stands_first() {
        assert_eq!(
            lead("# T\n\nInformed by: x\n\n## The report\n\nIt fails.\n\n- a\n\n## Next\n\nx\n").as_deref(),
            Some("It fails.\n\n- a")
        );
        assert_eq!(lead("# T\n\nIt fails.\n").as_deref(), Some("It fails."));
        assert_eq!(lead("# T\n"), None);
    }

    #[test]
    fn a_section_ends_where_the_next_of_its_rank_begins() {
        let document = "# Why\n\n## Recommendation: a *lock*\n\nTake it.\n\n### Why\n\nSafe.\n\n```\n## Not a heading\n```\n\n## Other\n\nx\n";
        let found = section(document, "Recommend").expect("it is there");
        assert!(
            found.starts_with("## Recommendation: a *lock*\n\nTake it.") && found.ends_with("## Not a heading\n```")
        );
        assert_eq!(section(document, "nothing"), None);
        assert_eq!(section("## Recommendation\n\n## Next\n\nx\n", "recommendation"), None);
        assert_eq!(section("```\n# Recommendation\n```\n", "recommendation"), None);
    }
}
