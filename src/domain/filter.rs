//! Which specs a command line asks for.

use super::{phase::Phase, spec_type::SpecType};

/// Several values of one kind mean any of them; different kinds must all hold. Empty asks for every spec.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Filter {
    /// Types.
    pub types: Vec<SpecType>,
    /// Phases.
    pub phases: Vec<Phase>,
    /// Topics.
    pub topics: Vec<String>,
    /// Labels: a spec needs one of them.
    pub labels: Vec<String>,
}

impl Filter {
    /// Whether a spec with these properties is asked for.
    pub(crate) fn takes(
        &self,
        kind: SpecType,
        phase: Option<&str>,
        topic: Option<&str>,
        has_label: impl Fn(&str) -> bool,
    ) -> bool {
        fn any<T>(asked: &[T], has: impl FnMut(&T) -> bool) -> bool {
            asked.is_empty() || asked.iter().any(has)
        }
        any(&self.types, |one| *one == kind)
            && any(&self.phases, |one| Some(one.as_str()) == phase)
            && any(&self.topics, |one| Some(one.as_str()) == topic)
            && any(&self.labels, |one| has_label(one))
    }
}
