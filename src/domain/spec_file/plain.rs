//! Front matter of the plainest form, as nearly all of it is: `key: value`, and `key:` with lines `- item` below it.
//!
//! Reading YAML takes more time than everything else in a spec. What is read here is read without it, to the same result; a test
//! holds the two together. Whatever could mean anything else to YAML is left to it.

use super::yaml::Node;

/// Longer ones are left to YAML, in lines.
const MOST: usize = 500;

/// Reads a mapping as [`super::yaml::read`] does; `None` where only YAML can tell what it says.
pub(super) fn read(text: &str, wanted: impl Fn(&str) -> bool) -> Option<Vec<(String, Node)>> {
    let mut entries: Vec<(String, Node)> = Vec::new();
    // Of the list that is being read, how far its items are indented; and whether anybody wants them.
    let mut list: Option<(usize, bool)> = None;
    let mut open = None;
    for (at, line) in text.lines().enumerate() {
        if at >= MOST {
            return None;
        }
        let indent = line.len() - line.trim_start_matches(' ').len();
        if let Some(item) = line[indent..].strip_prefix("- ") {
            let item = scalar(item)?;
            let kept = match (open.take(), list) {
                (Some(kept), _) => kept,
                (None, Some((before, kept))) if before == indent => kept,
                _ => return None,
            };
            list = Some((indent, kept)).filter(|_| indent <= 2);
            list?;
            match &mut entries.last_mut()?.1 {
                Node::List(items) => items.push(Node::Text(item.to_owned())),
                _ if kept => return None,
                _ => {}
            }
            continue;
        }
        // A key without anything is nothing, or something that goes on otherwise.
        if open.is_some() || indent != 0 {
            return None;
        }
        let (key, value) = line.split_once(':')?;
        let plain = key.len() <= 64 && key.starts_with(|c: char| c.is_ascii_lowercase());
        let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
        if !plain || !key.bytes().all(fits) || is_special(key) || entries.iter().any(|(known, _)| known == key) {
            return None;
        }
        let kept = wanted(key);
        list = None;
        let node = match value.strip_prefix(' ') {
            Some(value) => Node::Text(scalar(value)?.to_owned()),
            None if value.is_empty() => {
                open = Some(kept);
                Node::List(Vec::new())
            }
            None => return None,
        };
        entries.push((key.to_owned(), if kept { node } else { Node::Null }));
    }
    (open.is_none() && !entries.is_empty()).then_some(entries)
}

/// A text that stands for itself wherever it stands.
fn scalar(text: &str) -> Option<&str> {
    let bytes = text.as_bytes();
    let begins = bytes.first().is_some_and(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'/' | b'_'));
    let fits = |at: usize| match bytes[at] {
        b if b.is_ascii_alphanumeric() => true,
        b'_' | b'.' | b'/' | b'-' | b'+' | b'(' | b')' | b',' => true,
        // Before a space or at the end it would make a key, and a space before a '#' a comment.
        b':' => bytes.get(at + 1).is_some_and(|next| next.is_ascii_alphanumeric() || *next == b'/'),
        b' ' => bytes.get(at + 1).is_some_and(|next| *next != b' '),
        _ => false,
    };
    (begins && (0..bytes.len()).all(fits) && !is_special(text)).then_some(text)
}

/// Words that YAML takes for nothing, in any case.
fn is_special(text: &str) -> bool {
    text.eq_ignore_ascii_case("null")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::spec_file::yaml;

    /// Whatever is read here YAML reads to the same.
    fn same(text: &str) -> Result<(), TestCaseError> {
        let wanted = |key: &str| key != "other";
        if let Some(read) = read(text, wanted) {
            prop_assert_eq!(yaml::thoroughly(text, wanted).ok().flatten(), Some(read), "{:?}", text);
        }
        Ok(())
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: crate::support::cases::cases(250), ..ProptestConfig::default() })]

        #[test]
        fn lines_of_any_kind_mean_what_yaml_says(lines in prop::collection::vec(
            "(|  | )(- |)(a|b|other|labels|null|true|)(:|: |)[a-c0-9:#,.'/ ~?&*!|>{}-]{0,6}( #x|:|)", 1..6)) {
            same(&(lines.join("\n") + "\n"))?;
        }

        #[test]
        fn likely_front_matter_means_what_yaml_says(lines in prop::collection::vec(
            "(type|labels|other|depends_on)(: [a-z0-9._/:+ -]{1,12}|:|:\n- [a-z0-9:./]{1,6}\n- [0-9ex_.-]{1,5}|:\n  - a b\n  - yes)", 1..5)) {
            same(&lines.join("\n"))?;
            same(&(lines.join("\n") + "\n"))?;
        }
    }

    #[test]
    fn what_specs_have_is_read() {
        let text = "type: code\nlabels:\n- one\n- issue-7\nother:\n  - x\ncompleted_at: 2026-01-02T03:04:05Z\nn: 010\n";
        let read = read(text, |key| key != "other").expect("it is plain");
        let texts = |texts: &[&str]| Node::List(texts.iter().map(|text| Node::Text((*text).to_owned())).collect());
        assert_eq!(read[1], ("labels".to_owned(), texts(&["one", "issue-7"])));
        assert_eq!(read[2], ("other".to_owned(), Node::Null));
        assert_eq!(read[4], ("n".to_owned(), Node::Text("010".to_owned())));
        assert_eq!(yaml::thoroughly(text, |key| key != "other"), Ok(Some(read)));
    }
}
