//! The use case `investigate`: the specs that lead from a report to the human gate, each informed by those before it.

use std::collections::BTreeMap;

use crate::{
    domain::{id::SpecId, phase::Phase, spec_type::SpecType, status::Status},
    error::{Error, Kind, Result},
    specs::{
        all::{Entry, Specs},
        text::path_of,
    },
};

/// What a person asked for.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// The name of the investigation.
    pub topic: String,
    /// What it is about, one line.
    pub title: String,
    /// Where the report is.
    pub issue_url: Option<String>,
    /// The phases that it goes through, in any order.
    pub phases: Vec<Phase>,
    /// Whether all of them are one spec.
    pub single: bool,
    /// The command that shows the bug.
    pub reproduces: Option<String>,
    /// What the first phase is informed by, besides the report: paths, specs, addresses.
    pub informed_by: Vec<String>,
}

/// A spec to be written; what it builds on is known once the specs before it have their ids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Planned {
    /// The phase.
    pub phase: Phase,
    /// The title.
    pub title: String,
    /// The body below the title.
    pub body: String,
    /// The command that shows the bug.
    pub reproduces: Option<String>,
    /// The files that it may change; none: wherever it leads.
    pub target_files: Vec<String>,
    /// What informs it, besides the phases before it.
    pub informed_by: Vec<String>,
}

impl Planned {
    /// The type.
    pub(crate) fn kind(&self) -> SpecType {
        self.phase.kind()
    }
}

/// What a phase builds on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Wiring {
    /// Full ids.
    pub depends_on: Vec<String>,
    /// The spec of the phase before, and the documents of all before it.
    pub informed_by: Vec<String>,
    /// The document that the phase is to write.
    pub target_files: Vec<String>,
}

/// The phases of a topic that have a spec, each with its newest one that was not cancelled.
#[derive(Clone, Debug, Default)]
pub(crate) struct Known(BTreeMap<Phase, SpecId>);

impl Known {
    /// Reads the specs of a topic.
    ///
    /// # Errors
    /// If the specs cannot be read.
    pub(crate) fn of(specs: &Specs<'_>, topic: &str) -> Result<Known> {
        let mut known = Known::default();
        for entry in entries(specs, topic)? {
            let phase = entry.spec().and_then(|spec| spec.front.known_phase());
            if let Some(phase) = phase.filter(|_| entry.status != Status::Cancelled) {
                known.0.insert(phase, entry.id.clone());
            }
        }
        Ok(known)
    }

    /// Adds the spec of a phase.
    pub(crate) fn add(&mut self, phase: Phase, id: SpecId) {
        self.0.insert(phase, id);
    }

    /// Whether a phase has a spec.
    pub(crate) fn has(&self, phase: Phase) -> bool {
        self.0.contains_key(&phase)
    }

    /// What a spec of `phase` builds on.
    pub(crate) fn wiring(&self, topic: &str, phase: Phase) -> Wiring {
        let before = || self.0.range(..phase);
        let last = before().next_back();
        let documents = before().filter_map(|(phase, _)| phase.document(topic));
        Wiring {
            depends_on: last.map(|(_, id)| id.to_string()).into_iter().collect(),
            informed_by: last.map(|(_, id)| path_of(id)).into_iter().chain(documents).collect(),
            target_files: phase.document(topic).into_iter().collect(),
        }
    }
}

/// The specs of a topic, in the order of their ids, archived ones left out.
///
/// # Errors
/// If the specs cannot be read.
pub(crate) fn entries(specs: &Specs<'_>, topic: &str) -> Result<Vec<Entry>> {
    let mut found = Vec::new();
    for id in specs.names.active()? {
        if specs.recorded(id)?.status == Status::Archived {
            continue;
        }
        let entry = specs.entry(id)?;
        if entry.spec().is_some_and(|spec| spec.front.topic.as_deref() == Some(topic)) {
            found.push(entry);
        }
    }
    Ok(found)
}

/// The specs to be written: those of the phases that are asked for and have none yet, in the order of the phases.
///
/// # Errors
/// `exists` if every phase that is asked for has a spec.
pub(crate) fn plan(request: &Request, known: &Known) -> Result<Vec<Planned>> {
    let mut phases = if request.single { vec![Phase::ForkFix] } else { request.phases.clone() };
    phases.sort_unstable();
    phases.dedup();
    let planned: Vec<Planned> =
        phases.into_iter().filter(|phase| !known.has(*phase)).map(|phase| planned(request, phase)).collect();
    if planned.is_empty() {
        return Err(Error::negative(
            Kind::Exists,
            format!("the investigation '{}' has these phases already", request.topic),
        )
        .hint(format!("to see where it stands: git chant status {}", request.topic)));
    }
    Ok(planned)
}

fn planned(request: &Request, phase: Phase) -> Planned {
    let first = request.single || request.phases.iter().min() == Some(&phase);
    let tests = matches!(phase, Phase::Reproduction | Phase::ForkFix);
    Planned {
        phase,
        title: format!("{} {}: {}", phase.heading(), request.topic, request.title),
        body: body(request, phase),
        reproduces: request.reproduces.clone().filter(|_| tests),
        target_files: if request.single { Vec::new() } else { phase.document(&request.topic).into_iter().collect() },
        informed_by: request.issue_url.iter().chain(&request.informed_by).filter(|_| first).cloned().collect(),
    }
}

fn body(request: &Request, phase: Phase) -> String {
    let template = match phase {
        _ if request.single => include_str!("bodies/single.md"),
        Phase::Comprehension => include_str!("bodies/comprehension.md"),
        Phase::Reproduction => include_str!("bodies/reproduction.md"),
        Phase::RootCause => include_str!("bodies/root-cause.md"),
        Phase::ImpactMap => include_str!("bodies/impact-map.md"),
        Phase::ForkFix => include_str!("bodies/fork-fix.md"),
        Phase::UpstreamPr => include_str!("bodies/upstream-pr.md"),
    };
    let report = match &request.issue_url {
        Some(url) => format!("The report: {} (<{url}>).", request.title),
        None => format!("The report: {}.", request.title),
    };
    template.replace("{{report}}", &report).replace("{{topic}}", &request.topic)
}
