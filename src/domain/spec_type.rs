//! The type of a spec.

use std::{fmt, str::FromStr};

/// What a spec is about, and with that what its checks and prompt are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) enum SpecType {
    /// A change of code.
    #[default]
    Code,
    /// Anything else that an agent does.
    Task,
    /// An investigation whose product is a document.
    Research,
    /// Documentation that follows the files it tracks.
    Documentation,
    /// A spec made of members.
    Driver,
    /// A step that only a person can take.
    Gate,
}

impl SpecType {
    /// Every type.
    pub(crate) const ALL: [SpecType; 6] =
        [SpecType::Code, SpecType::Task, SpecType::Research, SpecType::Documentation, SpecType::Driver, SpecType::Gate];

    /// The name as it stands in front matter and JSON.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            SpecType::Code => "code",
            SpecType::Task => "task",
            SpecType::Research => "research",
            SpecType::Documentation => "documentation",
            SpecType::Driver => "driver",
            SpecType::Gate => "gate",
        }
    }
}

impl fmt::Display for SpecType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl serde::Serialize for SpecType {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// A text that is no type of spec, with the type that it comes nearest to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected one of code, task, research, documentation, driver, gate")]
pub(crate) struct UnknownType {
    /// A type that was probably meant.
    pub nearest: Option<SpecType>,
}

impl FromStr for SpecType {
    type Err = UnknownType;

    fn from_str(text: &str) -> Result<Self, UnknownType> {
        // What chant called a driver at first: such specs are imported.
        if text == "group" {
            return Ok(SpecType::Driver);
        }
        SpecType::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or_else(|| UnknownType {
            nearest: nearest(text, &SpecType::ALL.map(SpecType::as_str)).map(|index| SpecType::ALL[index]),
        })
    }
}

/// The index of the name that `text` is probably a slip of.
pub(super) fn nearest(text: &str, names: &[&str]) -> Option<usize> {
    // The cost grows with the product of the lengths, and no slip is that long.
    if text.len() > 64 {
        return None;
    }
    let text = text.to_lowercase().replace('-', "_");
    let distance = |name: &&str| strsim::damerau_levenshtein(&text, name);
    let (index, name) = names.iter().enumerate().min_by_key(|(_, name)| distance(name))?;
    (distance(name) <= 1 + name.len() / 5).then_some(index)
}
