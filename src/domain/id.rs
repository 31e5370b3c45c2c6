//! Ids of specs, their members, and the short forms that people type.

use std::{borrow::Borrow, fmt, str::FromStr};

use smol_str::{SmolStr, format_smolstr};

/// The longest id that is accepted, in bytes: it becomes a ref, a branch, a file and a directory name.
pub(crate) const MAX_LEN: usize = 100;

/// The id of a spec: `2026-02-08-010-v7b`, or a member's, `2026-02-08-010-v7b.2` or, where other clones may add members too,
/// `2026-02-08-010-v7b.2-k3f`.
///
/// An imported id may look otherwise, but it is always one safe component of a ref name and of a path: lower-case ASCII
/// letters, digits, `-`, `_` and `.`, starting with a letter or digit, without `..`, and not ending in `.` or `.lock`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, schemars::JsonSchema)]
#[schemars(description = "The full id of a spec.")]
pub struct SpecId(#[schemars(with = "String")] SmolStr);

/// A text that is no id, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{text}' is not a spec id: {why}")]
pub struct InvalidId {
    /// What was given, escaped for display.
    pub text: String,
    /// The rule that it breaks.
    pub why: &'static str,
}

impl SpecId {
    /// Checks `text` against the rules.
    pub fn new(text: &str) -> Result<Self, InvalidId> {
        let why = if text.is_empty() {
            "it is empty"
        } else if text.len() > MAX_LEN {
            "it is longer than 100 bytes"
        } else if is_plain(text.as_bytes()) {
            return Ok(SpecId(text.into()));
        } else if !text.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.')) {
            "only lower-case letters, digits, '-', '_' and '.' may be in it"
        } else if !text.as_bytes()[0].is_ascii_alphanumeric() {
            "it must start with a letter or a digit"
        } else if text.contains("..") || text.ends_with('.') {
            "it must not contain '..' or end with '.'"
        } else if text.ends_with(".lock") {
            "it must not end with '.lock'"
        } else {
            return Ok(SpecId(text.into()));
        };
        Err(InvalidId { text: text.escape_default().to_string(), why })
    }

    /// A new id from its parts: a civil date, the sequence of that day (from 1), and a random number.
    pub fn generate(year: i16, month: i8, day: i8, sequence: u32, random: u32) -> Self {
        SpecId(format_smolstr!("{year:04}-{month:02}-{day:02}-{}-{}", base36(sequence, 3), suffix(random)))
    }

    /// The id of a member of `driver`. The `random` number keeps members apart that two clones add.
    ///
    /// # Errors
    /// If the id is too long.
    pub fn member(driver: &SpecId, number: u32, random: Option<u32>) -> Result<SpecId, InvalidId> {
        match random {
            Some(random) => SpecId::new(&format_smolstr!("{driver}.{number}-{}", suffix(random))),
            None => SpecId::new(&format_smolstr!("{driver}.{number}")),
        }
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// `010-v7b` of `2026-02-08-010-v7b`; an id of another form has no shorter one.
    pub fn short(&self) -> &str {
        if self.parts().is_some() { &self.0[11..] } else { &self.0 }
    }

    /// The id of the driver that this is a member of, with the member's number.
    pub fn member_of(&self) -> Option<(SpecId, u32)> {
        let (stem, member) = Self::split_member(&self.0);
        let number = number_of(member?).parse().ok()?;
        Some((SpecId::new(stem).ok()?, number))
    }

    /// The day that is in the id, as `2026-02-08`.
    pub fn date(&self) -> Option<&str> {
        self.parts().map(|_| &self.0[..10])
    }

    /// The sequence of its day.
    pub fn sequence(&self) -> Option<u32> {
        self.parts().and_then(|(sequence, _)| u32::from_str_radix(sequence, 36).ok())
    }

    /// Whether `query` is this id or a short form of it: `010-v7b`, `v7b`, `010`, `08-010`, `02-08-010-v7b`; for a member the
    /// same with its `.n`, with or without what follows the number.
    pub fn matches(&self, query: &str) -> bool {
        if self.0 == query {
            return true;
        }
        let Some((sequence, _)) = self.parts() else { return false };
        let (stem, member) = Self::split_member(&self.0);
        let (asked, asked_member) = Self::split_member(query);
        let is_meant = match (member, asked_member) {
            (Some(member), Some(asked)) => member == asked || number_of(member) == asked,
            (None, None) => true,
            _ => false,
        };
        if !is_meant || asked.is_empty() {
            return false;
        }
        // A short form is a run of whole components that ends with the sequence or with the suffix.
        let without_suffix = &stem[..11 + sequence.len()];
        ends_with_component(stem, asked) || ends_with_component(without_suffix, asked)
    }

    /// Sequence and suffix, if the id has the form that this tool gives.
    pub fn parts(&self) -> Option<(&str, &str)> {
        let (stem, _) = Self::split_member(&self.0);
        let bytes = stem.as_bytes();
        let dated = bytes.len() > 11
            && bytes[..11].iter().enumerate().all(|(at, b)| match at {
                4 | 7 | 10 => *b == b'-',
                _ => b.is_ascii_digit(),
            });
        if !dated {
            return None;
        }
        let (sequence, suffix) = stem[11..].split_once('-')?;
        let plain = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric());
        (plain(sequence) && plain(suffix)).then_some((sequence, suffix))
    }

    /// An id or a short form of one, without the number of a member, and that number, with what follows it: `2`, `2-k3f`.
    pub fn split_member(id: &str) -> (&str, Option<&str>) {
        match id.rsplit_once('.') {
            Some((stem, member)) if is_member(member) => (stem, Some(member)),
            _ => (id, None),
        }
    }
}

/// The number in `2` and in `2-k3f`.
fn number_of(member: &str) -> &str {
    member.split_once('-').map_or(member, |(number, _)| number)
}

fn is_member(text: &str) -> bool {
    let (number, random) = text.split_once('-').map_or((text, None), |(number, random)| (number, Some(random)));
    let is_number = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
    let is_suffix = |random: &str| {
        let bytes = random.as_bytes();
        bytes.len() == 3 && bytes[0].is_ascii_lowercase() && bytes.iter().all(u8::is_ascii_alphanumeric)
    };
    is_number && random.is_none_or(is_suffix)
}

/// Whether it is an id beyond question, as nearly all are: letters, digits and dashes. Tens of thousands are asked about at once.
fn is_plain(text: &[u8]) -> bool {
    let plain = text.iter().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'));
    plain && text.first() != Some(&b'-')
}

fn ends_with_component(stem: &str, asked: &str) -> bool {
    stem.strip_suffix(asked).is_some_and(|rest| rest.is_empty() || rest.ends_with('-'))
}

const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";

fn base36(mut number: u32, width: usize) -> String {
    let mut digits = Vec::new();
    while number > 0 || digits.len() < width {
        digits.push(DIGITS[(number % 36) as usize]);
        number /= 36;
    }
    digits.iter().rev().map(|digit| char::from(*digit)).collect()
}

/// Three characters, the first a letter, so that a suffix never reads as a sequence.
fn suffix(random: u32) -> String {
    let letter = DIGITS[10 + (random % 26) as usize];
    let rest = random / 26 % (36 * 36);
    format!("{}{}", char::from(letter), base36(rest, 2))
}

/// An id is ordered, compared and hashed as its text is.
impl Borrow<str> for SpecId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SpecId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for SpecId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        SpecId::new(text)
    }
}

impl AsRef<str> for SpecId {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl serde::Serialize for SpecId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> serde::Deserialize<'de> for SpecId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        SpecId::new(<&str>::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_forms_match_whole_components_only() {
        let id = SpecId::new("2026-02-08-010-v7b").expect("valid");
        assert_eq!(id.short(), "010-v7b");
        for yes in
            ["2026-02-08-010-v7b", "010-v7b", "v7b", "010", "08-010", "08-010-v7b", "02-08-010", "2026-02-08-010"]
        {
            assert!(id.matches(yes), "{yes}");
        }
        for no in ["10", "7b", "", "0", "2026-02-08", "08", "v7", "10-v7b", "010-", "-010", "010.1"] {
            assert!(!id.matches(no), "{no}");
        }
    }

    #[test]
    fn members_match_with_their_number() {
        let id = SpecId::new("2026-02-08-010-v7b.2").expect("valid");
        assert_eq!(id.short(), "010-v7b.2");
        assert!(id.matches("010.2") && id.matches("v7b.2") && !id.matches("010") && !id.matches("010.1"));
        assert_eq!(id.member_of().map(|(stem, n)| (stem.to_string(), n)), Some(("2026-02-08-010-v7b".into(), 2)));
        let driver = SpecId::new("2026-02-08-010-v7b").expect("valid");
        let id = SpecId::member(&driver, 2, Some(36)).expect("valid");
        assert_eq!(id.as_str(), "2026-02-08-010-v7b.2-k01");
        assert_eq!(id.member_of(), Some((driver, 2)));
        assert!(id.matches("010.2") && id.matches("v7b.2-k01") && !id.matches("010.2-k02") && !id.matches("010.1"));
        for other in ["a.2-", "a.2-1bc", "a.2-abcd", "a.-abc", "a.b"] {
            assert_eq!(SpecId::split_member(other), (other, None), "{other}");
        }
    }

    #[test]
    fn hostile_ids_are_refused() {
        for bad in
            ["", ".", "..", "a..b", "-a", ".a", "a/b", "a.lock", "a.", "A", "a b", "a\nb", "a\u{1b}", "ä", "@{", "a~1"]
        {
            assert!(SpecId::new(bad).is_err(), "{bad:?}");
        }
        assert!(SpecId::new(&"a".repeat(101)).is_err());
    }

    #[test]
    fn generated_ids_have_the_form_and_a_letter_first_in_the_suffix() {
        for (sequence, random) in [(1, 0), (36, 25), (46_655, u32::MAX), (46_656, 7)] {
            let id = SpecId::generate(2026, 2, 8, sequence, random);
            assert_eq!(SpecId::new(id.as_str()).as_ref(), Ok(&id));
            assert_eq!(id.sequence(), Some(sequence));
            assert!(id.short().rsplit('-').next().is_some_and(|s| s.starts_with(|c: char| c.is_ascii_lowercase())));
        }
    }
}
