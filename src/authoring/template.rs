//! The built-in title and body of the specs of an investigation.

use crate::domain::phase::Phase;

/// What the title of a phase begins with, before what the investigation is about.
pub(super) fn heading(phase: Phase, topic: &str) -> String {
    format!("{} {topic}: ", phase.heading())
}

/// The body of the spec of a phase; `None` is the one that does the work of all.
pub(super) fn body(phase: Option<Phase>, topic: &str, title: &str, url: Option<&str>) -> String {
    let template = match phase {
        None => include_str!("investigate/bodies/single.md"),
        Some(Phase::Comprehension) => include_str!("investigate/bodies/comprehension.md"),
        Some(Phase::Reproduction) => include_str!("investigate/bodies/reproduction.md"),
        Some(Phase::RootCause) => include_str!("investigate/bodies/root-cause.md"),
        Some(Phase::ImpactMap) => include_str!("investigate/bodies/impact-map.md"),
        Some(Phase::ForkFix) => include_str!("investigate/bodies/fork-fix.md"),
        Some(Phase::UpstreamPr) => include_str!("investigate/bodies/upstream-pr.md"),
    };
    let report = match url {
        Some(url) => format!("The report: {title} (<{url}>)."),
        None => format!("The report: {title}."),
    };
    template.replace("{{report}}", &report).replace("{{topic}}", topic)
}
