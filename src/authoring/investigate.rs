//! The use case `investigate`: the specs that lead from a report of a bug to the human gate, each informed by those before it.
//!
//! How their files are created and recorded is in [`add`].

use gix::bstr::ByteSlice;

use super::{
    add::{self, Created},
    draft::Draft,
    inherit,
    template::{body, heading},
    topic::Known,
};
use crate::{
    domain::{id::SpecId, pattern, phase::Phase, spec_file::FrontMatter, status::Status},
    error::{Error, Kind, Result},
    git::work_file,
    project::{
        Project,
        target::{FIX, full_name},
    },
    specs::{all::Specs, record},
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
    /// What the report says, as a document of the investigation.
    pub report: Option<String>,
    /// The commands that have to succeed with the fix.
    pub verify: Vec<String>,
    /// The phases that it goes through, in any order; none for all.
    pub phases: Vec<Phase>,
    /// Whether one spec does the work of all phases.
    pub single: bool,
    /// How the fix is proved.
    pub proof: Proof,
    /// The inputs of the first phase besides the report: paths, specs, addresses.
    pub informed_by: Vec<String>,
    /// The branch that the work is meant for, by its full name.
    pub onto: Option<String>,
}

/// How a fix is proved: the keys of the front matter by the same names.
#[derive(Clone, Debug, Default)]
pub(crate) struct Proof {
    /// The command that shows the bug.
    pub reproduces: Option<String>,
    /// The paths of the tests that are held.
    pub tests: Vec<String>,
    /// What the failing test prints.
    pub fails_with: Option<String>,
    /// How often the test has to end alike.
    pub runs: Option<String>,
}

/// Creates a spec for each phase that was asked for and has none yet. Gives them in the order of the phases.
///
/// # Errors
/// `exists` if every phase that was asked for has a spec, `bad-topic` if the topic cannot be a name.
pub(crate) fn investigate(project: &Project, request: &Request) -> Result<Vec<(Phase, SpecId)>> {
    project.repo.require_work_dir("investigate")?;
    project.repo.committer()?;
    let topic = &request.topic;
    if let Err(why) = pattern::check_name(topic) {
        let message = format!("'{}' cannot name a topic: {why}", topic.escape_debug());
        return Err(Error::usage(Kind::BadTopic, message));
    }
    let mut known = Known::of(&Specs::new(project)?, topic)?;
    let phases = missing_phases(request, &known)?;
    let request = &titled(request, &known)?;
    let onto = request.onto.clone().or(known.onto.clone());
    let target = onto.clone().map_or_else(|| full_name(&format!("{FIX}{topic}")), Ok)?;
    project.require_target(&target)?;
    if let Some(report) = &request.report {
        write_report(project, topic, report)?;
    }
    let with_wiring = |phase: &Phase, created: &[Created]| {
        known.phases.extend(phases.iter().copied().zip(created.iter().map(|one| one.id.clone())));
        let wiring = known.wiring(topic, *phase);
        let mut draft = draft(request, *phase);
        draft.front.depends_on = wiring.depends_on;
        draft.front.informed_by.extend(wiring.informed_by);
        draft
    };
    let invalid = |_: &Phase| Error::usage(Kind::BadOption, "these options make no valid spec");
    let created = add::create_all(project, &phases, None, with_wiring, invalid)?;
    add::record_all(project, &created, onto.as_deref(), true)?;
    Ok(phases.into_iter().zip(created.into_iter().map(|one| one.id)).collect())
}

/// Creates a spec that supersedes the one of a phase. Gives it, with a warning for each input that cannot be used yet.
///
/// # Errors
/// `no-topic` if the investigation has no spec of that phase, `exists` if that is not closed.
pub(crate) fn again(
    project: &Project,
    phase: Phase,
    reason: Option<&str>,
    request: &Request,
) -> Result<(SpecId, Vec<String>)> {
    let specs = Specs::new(project)?;
    let Some(old) = Known::of(&specs, &request.topic)?.phases.remove(&phase) else {
        let (topic, phase) = (request.topic.escape_debug(), phase.as_str());
        return Err(Error::negative(Kind::NoTopic, format!("the investigation '{topic}' has no {phase}"))
            .hint(format!("to add it: git chant investigate {topic} --phases {phase}")));
    };
    if specs.status(&old)? == Status::Archived {
        let short = old.short();
        let message = format!("cannot repeat the {}: '{short}' is archived", phase.as_str());
        return Err(Error::negative(Kind::NotAllowed, message)
            .hint(format!("to restore it: git chant archive --restore {short}")));
    }
    let what = format!("cannot repeat the {} of '{}'", phase.as_str(), request.topic.escape_debug());
    inherit::refuse_open(&specs, &old, &what)?;
    let title = match &request.title {
        title if title.is_empty() => specs.entry(&old)?.title().to_owned(),
        title => format!("{}{title}", heading(phase, &request.topic)),
    };
    let proof = proof_of(request, phase);
    let front = FrontMatter {
        kind: phase.kind(),
        phase: Some(phase.as_str().to_owned()),
        topic: Some(request.topic.clone()),
        informed_by: inputs(request).collect(),
        reproduces: proof.reproduces,
        tests: proof.tests,
        fails_with: proof.fails_with,
        runs: proof.runs,
        supersedes: vec![old.to_string()],
        ..FrontMatter::default()
    };
    let draft = Draft { title, front, kind_given: true, ..Draft::default() };
    let reason = reason.map(str::to_owned);
    add::add(project, add::Request { draft, driver: None, onto: request.onto.clone(), edit: false, reason })
}

/// The request with the title that the investigation has where a person gave none.
///
/// # Errors
/// `bad-option` if it has none either.
fn titled(request: &Request, known: &Known) -> Result<Request> {
    let mut request = request.clone();
    if request.title.is_empty() {
        request.title = known.title.clone().ok_or_else(|| {
            let topic = shell_words::quote(&request.topic);
            Error::usage(Kind::BadOption, "a new investigation needs a title")
                .hint(format!("to give it one: git chant investigate {topic} --title \"...\""))
        })?;
    }
    Ok(request)
}

/// The phases that were asked for and have no spec yet, in their order.
fn missing_phases(request: &Request, known: &Known) -> Result<Vec<Phase>> {
    let mut phases = if request.single { vec![Phase::ForkFix] } else { wanted(request).to_vec() };
    phases.sort_unstable();
    phases.dedup();
    phases.retain(|phase| !known.phases.contains_key(phase));
    if phases.is_empty() {
        let message = format!("the investigation '{}' has these phases already", request.topic);
        return Err(Error::negative(Kind::Exists, message)
            .hint(format!("to see where it stands: git chant status {}", request.topic)));
    }
    Ok(phases)
}

fn wanted(request: &Request) -> &[Phase] {
    if request.phases.is_empty() { Phase::ALL } else { &request.phases }
}

/// The spec of a phase, without what it builds on.
fn draft(request: &Request, phase: Phase) -> Draft {
    let first = request.single || wanted(request).iter().min() == Some(&phase);
    let proof = proof_of(request, phase);
    let front = FrontMatter {
        kind: phase.kind(),
        phase: Some(phase.as_str().to_owned()),
        topic: Some(request.topic.clone()),
        informed_by: inputs(request).filter(|_| first).collect(),
        target_files: match request.single {
            true => vec![format!(".chant/research/{}.md", request.topic)],
            false => phase.document(&request.topic).into_iter().collect(),
        },
        prompt: request.single.then(|| "single".to_owned()),
        verify: if phase == Phase::ForkFix { request.verify.clone() } else { Vec::new() },
        reproduces: proof.reproduces,
        tests: proof.tests,
        fails_with: proof.fails_with,
        runs: proof.runs,
        ..FrontMatter::default()
    };
    let title = format!("{}{}", heading(phase, &request.topic), request.title);
    let of = (!request.single).then_some(phase);
    let body = body(of, &request.topic, &request.title, request.issue_url.as_deref());
    Draft { title, front, body, kind_given: true, ..Draft::default() }
}

/// The inputs of the first phase.
fn inputs(request: &Request) -> impl Iterator<Item = String> + '_ {
    let document = request.report.as_ref().map(|_| report_path(&request.topic));
    request.issue_url.iter().cloned().chain(document).chain(request.informed_by.iter().cloned())
}

/// Where the report of an investigation is, as a document.
fn report_path(topic: &str) -> String {
    format!(".chant/research/{topic}-report.md")
}

/// Writes the report into the work tree, unless it is there already.
///
/// # Errors
/// `exists` if another text has its place.
fn write_report(project: &Project, topic: &str, report: &str) -> Result<()> {
    let (top, path) = (record::spec_top(project)?, report_path(topic));
    let name = path.as_bytes().as_bstr();
    if work_file::read(&top, name, report.len() as u64).ok().flatten().as_deref() == Some(report.as_bytes()) {
        return Ok(());
    }
    work_file::create_new(&top, name, report.as_bytes(), true).map_err(|refused| {
        Error::negative(Kind::Exists, format!("cannot write the report '{path}': {refused}"))
            .hint("move that file away, or use it: --informed-by <file>")
    })
}

/// What proves the work of a phase.
fn proof_of(request: &Request, phase: Phase) -> Proof {
    if matches!(phase, Phase::Reproduction | Phase::ForkFix) { request.proof.clone() } else { Proof::default() }
}
