//! What a report can leave out.

use strum::{Display, EnumString, IntoStaticStr, VariantArray};

/// One kind of content that a person keeps to themselves.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Display,
    EnumString,
    IntoStaticStr,
    VariantArray,
    serde::Serialize,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub(crate) enum Redaction {
    /// Names and addresses of people.
    Names,
    /// What agents said that their runs cost.
    Costs,
    /// The texts of specs, which agents were given.
    Prompts,
    /// Paths below `.chant/`, and of this machine.
    Paths,
}

impl Redaction {
    /// All of them.
    pub(crate) const ALL: &'static [Redaction] = <Redaction as VariantArray>::VARIANTS;

    /// The name as it is typed.
    pub(crate) fn as_str(self) -> &'static str {
        self.into()
    }
}
