//! Text cut to the width of a terminal.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::terminal::Look;

/// The columns that a text takes.
pub(crate) fn width(text: &str) -> usize {
    text.width()
}

/// `text`, which has no control characters, cut so that it ends before the edge if it begins in column `from`.
pub(crate) fn cut(text: &str, from: usize, look: &Look) -> String {
    let Some(room) = look.width.map(|width| width.saturating_sub(from)) else { return text.to_owned() };
    if width(text) <= room {
        return text.to_owned();
    }
    let mark = if look.unicode { "…" } else { "..." };
    let Some(room) = room.checked_sub(width(mark)) else { return String::new() };
    let mut taken = 0;
    let end = text.char_indices().find(|(_, c)| {
        taken += c.width().unwrap_or_default();
        taken > room
    });
    let kept = end.map_or(text, |(at, _)| &text[..at]);
    format!("{}{mark}", kept.trim_end())
}

/// `text`, which has no control characters and begins in column `indent`, in lines that end between words before the edge.
pub(crate) fn wrapped(text: &str, indent: usize, look: &Look) -> Vec<String> {
    let Some(room) = look.width.map(|width| width.saturating_sub(indent)) else { return vec![text.to_owned()] };
    let mut lines = vec![String::new()];
    for word in text.split_inclusive(' ') {
        let line = lines.last_mut().expect("it begins with one");
        if !line.is_empty() && width(line) + width(word.trim_end()) > room {
            lines.push(word.to_owned());
        } else {
            line.push_str(word);
        }
    }
    lines.iter_mut().for_each(|line| line.truncate(line.trim_end().len()));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terminal::color::Paint;

    #[test]
    fn a_wrapped_text_is_broken_between_words() {
        let look = Look { paint: Paint::new(false), width: Some(20), screen: true, unicode: true };
        assert_eq!(wrapped("one more than that, and more", 2, &look), ["one more than", "that, and more"]);
        assert_eq!(wrapped("  indented", 2, &look), ["  indented"]);
        assert_eq!(wrapped("a-word-without-an-end and", 2, &look), ["a-word-without-an-end", "and"]);
        assert_eq!(wrapped("", 2, &look), [""]);
        assert_eq!(wrapped(&"x y".repeat(50), 2, &Look { width: None, ..look }).len(), 1);
    }

    #[test]
    fn a_cut_text_ends_before_the_edge() {
        let look = Look { paint: Paint::new(false), width: Some(20), screen: true, unicode: true };
        assert_eq!(cut("short", 4, &look), "short");
        assert_eq!(cut("exactly sixteen!", 4, &look), "exactly sixteen!");
        assert_eq!(cut("one more than that", 4, &look), "one more than t…");
        assert_eq!(cut("日本語のタイトルは長い", 4, &look), "日本語のタイト…");
        assert_eq!(cut("no room", 30, &look), "");
        let plain = Look { unicode: false, ..look };
        assert_eq!(cut("one more than that", 4, &plain), "one more than...");
        assert_eq!(cut(&"x".repeat(500), 4, &Look { width: None, ..look }).len(), 500);
    }
}
