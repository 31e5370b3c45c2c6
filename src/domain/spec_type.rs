//! The type of a spec.

use strum::{Display, EnumString, IntoStaticStr, VariantArray};

/// What a spec is about, and with that what its checks and prompt are.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Hash,
    Display,
    EnumString,
    IntoStaticStr,
    VariantArray,
    serde::Deserialize,
    serde::Serialize,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase", parse_err_ty = UnknownType, parse_err_fn = unknown)]
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
    /// A spec made of members. chant called it a group at first: such specs are imported.
    #[strum(to_string = "driver", serialize = "group")]
    Driver,
    /// A step that only a person can take.
    Gate,
}

impl SpecType {
    /// Every type.
    pub(crate) const ALL: &'static [SpecType] = <SpecType as strum::VariantArray>::VARIANTS;

    /// The name as it stands in front matter and JSON.
    pub(crate) fn as_str(self) -> &'static str {
        self.into()
    }
}

/// A text that is no type of spec, with the type that it comes nearest to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected one of code, task, research, documentation, driver, gate")]
pub(crate) struct UnknownType {
    /// A type that was probably meant.
    pub nearest: Option<SpecType>,
}

fn unknown(text: &str) -> UnknownType {
    let names: Vec<&str> = SpecType::ALL.iter().map(|kind| kind.as_str()).collect();
    UnknownType { nearest: nearest(text, &names).map(|index| SpecType::ALL[index]) }
}

/// The index of the name that `text` is probably a slip of.
pub(crate) fn nearest(text: &str, names: &[&str]) -> Option<usize> {
    // The cost grows with the product of the lengths, and no slip is that long.
    if text.len() > 64 {
        return None;
    }
    let text = text.to_lowercase().replace('-', "_");
    let distance = |name: &&str| strsim::damerau_levenshtein(&text, name);
    let (index, name) = names.iter().enumerate().min_by_key(|(_, name)| distance(name))?;
    (distance(name) <= 1 + name.len() / 5).then_some(index)
}
