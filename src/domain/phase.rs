//! The phases of an investigation (DESIGN, section 5): what each is, and what it hands on.

use strum::{EnumString, IntoStaticStr, VariantArray};

use super::spec_type::SpecType;

/// One phase.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "kebab-case")]
pub(crate) enum Phase {
    /// Understand the report.
    Comprehension,
    /// A test that fails.
    Reproduction,
    /// The reason, and possible fixes.
    RootCause,
    /// Every file that has to change.
    ImpactMap,
    /// The fix.
    ForkFix,
    /// The pull request, by a person.
    UpstreamPr,
}

impl Phase {
    /// Every phase, in the order of an investigation.
    pub(crate) const ALL: &'static [Phase] = <Phase as strum::VariantArray>::VARIANTS;

    /// The name as it stands in front matter.
    pub(crate) fn as_str(self) -> &'static str {
        self.into()
    }

    /// The type of the specs that it is made of.
    pub(crate) fn kind(self) -> SpecType {
        match self {
            Phase::Comprehension | Phase::RootCause | Phase::ImpactMap => SpecType::Research,
            Phase::Reproduction => SpecType::Task,
            Phase::ForkFix => SpecType::Code,
            Phase::UpstreamPr => SpecType::Gate,
        }
    }

    /// The document that it produces about a topic, if it produces one.
    pub(crate) fn document(self, topic: &str) -> Option<String> {
        (self.kind() == SpecType::Research).then(|| format!(".chant/research/{topic}-{}.md", self.as_str()))
    }

    /// What it is called in titles, before what it is about.
    pub(crate) fn heading(self) -> &'static str {
        match self {
            Phase::Comprehension => "Comprehend",
            Phase::Reproduction => "Reproduce",
            Phase::RootCause => "Root cause of",
            Phase::ImpactMap => "Impact map of",
            Phase::ForkFix => "Fix",
            Phase::UpstreamPr => "Upstream PR for",
        }
    }
}
