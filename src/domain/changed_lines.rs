//! The lines that a change brings to a file and takes from it, each as a short hash. They identify work that upstream altered on its way.

use std::collections::BTreeSet;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// Words that stand alone on lines of any program.
const COMMON: &[&str] = &[
    "begin", "break", "continue", "do", "done", "else", "end", "endif", "esac", "fi", "finally", "nil", "none", "null",
    "pass", "return", "then", "try",
];

/// The hash of a line without its white space: 48 bits, in JSON twelve hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct LineHash(u64);

impl LineHash {
    /// The hash of a line; `None` for one that could be in any file: without letters and digits, or of common words alone.
    pub(crate) fn of(line: &[u8]) -> Option<LineHash> {
        let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || !byte.is_ascii();
        let mut words = line.split(|byte| !is_word(byte)).filter(|word| !word.is_empty());
        let is_common = |word: &[u8]| COMMON.iter().any(|common| word.eq_ignore_ascii_case(common.as_bytes()));
        if words.all(is_common) {
            return None;
        }
        // FNV-1a: the same in every version and on every machine.
        let bytes = line.iter().filter(|byte| !byte.is_ascii_whitespace());
        let hash = bytes.fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        Some(LineHash(hash >> 16))
    }
}

impl Serialize for LineHash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:012x}", self.0))
    }
}

impl<'de> Deserialize<'de> for LineHash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<LineHash, D::Error> {
        let text = String::deserialize(deserializer)?;
        u64::from_str_radix(&text, 16).map(LineHash).map_err(D::Error::custom)
    }
}

/// The lines that a file has only after a change, and those that it has only before. A line that moves is neither.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ChangedLines {
    /// The lines that the change brings.
    #[serde(default)]
    pub new: BTreeSet<LineHash>,
    /// The lines that it takes away.
    #[serde(default)]
    pub gone: BTreeSet<LineHash>,
}

impl ChangedLines {
    /// The lines by which two texts differ; `None` if one of them is binary.
    pub(crate) fn between(before: &[u8], after: &[u8]) -> Option<ChangedLines> {
        if before.contains(&0) || after.contains(&0) {
            return None;
        }
        let lines = |text: &[u8]| text.split(|byte| *byte == b'\n').filter_map(LineHash::of).collect::<BTreeSet<_>>();
        let (before, after) = (lines(before), lines(after));
        Some(ChangedLines { new: &after - &before, gone: &before - &after })
    }

    /// At most `most` of the lines on either side: those with the least hashes, so that two samples of the same lines agree.
    pub(crate) fn sample(&self, most: usize) -> ChangedLines {
        let least = |lines: &BTreeSet<LineHash>| lines.iter().copied().take(most).collect();
        ChangedLines { new: least(&self.new), gone: least(&self.gone) }
    }

    /// What this change and `next` after it do together.
    pub(crate) fn followed_by(&self, next: &ChangedLines) -> ChangedLines {
        ChangedLines {
            new: &(&self.new - &next.gone) | &(&next.new - &self.gone),
            gone: &(&self.gone - &next.new) | &(&next.gone - &self.new),
        }
    }

    /// How many lines two changes share.
    pub(crate) fn shared(&self, other: &ChangedLines) -> usize {
        self.new.intersection(&other.new).count() + self.gone.intersection(&other.gone).count()
    }

    /// How many lines these are.
    pub(crate) fn len(&self) -> usize {
        self.new.len() + self.gone.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn between(before: &str, after: &str) -> ChangedLines {
        ChangedLines::between(before.as_bytes(), after.as_bytes()).unwrap()
    }

    #[test]
    fn lines_that_move_or_are_indented_and_lines_of_any_program_are_no_change() {
        assert_eq!(between("a\nb\n", "b\n\ta \n").len(), 0);
        assert_eq!(between("a\n", "a\n}\n  return;\n} else {\n---\n").len(), 0);
        let changed = between("a\nb\n", "a\nreturn b\n");
        assert_eq!((changed.new.len(), changed.gone.len()), (1, 1));
        assert_eq!(ChangedLines::between(b"a\0", b"b"), None);
    }

    #[test]
    fn a_line_that_the_next_change_takes_back_is_of_neither() {
        let both = between("one\ntwo\n", "one\nTWO\n").followed_by(&between("one\nTWO\n", "one\nthree\n"));
        assert_eq!(both, between("one\ntwo\n", "one\nthree\n"));
        let back = between("one\n", "two\n").followed_by(&between("two\n", "one\n"));
        assert_eq!(back.len(), 0);
    }

    #[test]
    fn a_hash_is_written_as_digits_and_read_again() {
        let changed = between("", "x = 1\n");
        let json = serde_json::to_string(&changed).unwrap();
        assert_eq!(json, r#"{"new":["bf0d7d197f62"],"gone":[]}"#);
        assert_eq!(serde_json::from_str::<ChangedLines>(&json).unwrap(), changed);
        let many: String = (0..99).map(|number| format!("line {number}\n")).collect();
        let whole = between("", &many);
        assert!(whole.sample(7).new.iter().eq(whole.new.iter().take(7)), "the least hashes");
    }
}
