//! Which specs a command is asked for.

/// Several values of one kind mean any of them; different kinds must all hold. Empty asks for every spec.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Filter {
    /// Types.
    pub types: Vec<String>,
    /// Phases.
    pub phases: Vec<String>,
    /// Topics.
    pub topics: Vec<String>,
    /// Labels: a spec needs one of them.
    pub labels: Vec<String>,
}

impl Filter {
    /// Whether a spec with these properties is asked for.
    pub(crate) fn takes(&self, kind: &str, phase: Option<&str>, topic: Option<&str>, labels: &[String]) -> bool {
        let any =
            |asked: &[String], has: Option<&str>| asked.is_empty() || asked.iter().any(|one| Some(one.as_str()) == has);
        any(&self.types, Some(kind))
            && any(&self.phases, phase)
            && any(&self.topics, topic)
            && (self.labels.is_empty() || self.labels.iter().any(|label| labels.contains(label)))
    }
}
