//! What a new spec takes over, where the person leaves it open: from the spec that it supersedes, and from its investigation.

use gix::bstr::ByteSlice;

use super::{
    draft::Draft,
    member::{self, About},
    template,
    topic::Known,
};
use crate::{
    domain::{
        id::SpecId,
        pattern::{check_path, is_url},
        spec_file::{self, FrontMatter, MAX_SPEC_LEN, Spec, begun_again, body_of},
        status::Status,
    },
    error::{Error, Kind, Result},
    git::work_file,
    project::{Project, target::full_name},
    specs::{all::Specs, entry::Entry},
};

/// Fills what `draft` leaves open: what it supersedes says what kind of work it is, and its topic what it builds on. `supersedes` holds
/// full ids by now.
///
/// # Errors
/// If the specs cannot be read.
pub(super) fn inherit(project: &Project, draft: &mut Draft) -> Result<()> {
    let specs = Specs::new(project)?;
    let entry = superseded(&specs, &draft.front)?;
    let old = entry.as_ref().and_then(Entry::spec);
    if let (Some(entry), Some(old)) = (&entry, old) {
        let before = Commands::of(&draft.front);
        take_over(&mut draft.front, &old.front, draft.kind_given);
        draft.foreign |= before.were_added_to(&draft.front) && !is_trusted(project, entry);
    }
    let front = &mut draft.front;
    let phase = front.known_phase();
    let known = front.topic.as_deref().map(|topic| Known::of(&specs, topic)).transpose()?.unwrap_or_default();
    let wiring = match (phase, &front.topic) {
        (Some(phase), Some(topic)) => known.wiring(topic, phase),
        _ => FrontMatter::default(),
    };
    let informed_by = union(wiring.informed_by, old.map(|old| old.front.informed_by.as_slice()).unwrap_or_default());
    let of_old = |list: fn(&FrontMatter) -> &Vec<String>| old.map(|old| list(&old.front).clone()).unwrap_or_default();
    let or = |wired: Vec<String>, old: Vec<String>| if wired.is_empty() { old } else { wired };
    for (given, inherited) in [
        (&mut front.depends_on, or(wiring.depends_on, of_old(|front| &front.depends_on))),
        (&mut front.informed_by, informed_by),
        (&mut front.target_files, or(wiring.target_files, of_old(|front| &front.target_files))),
    ] {
        if given.is_empty() {
            *given = inherited;
        }
    }
    if let Some(old) = old.filter(|_| draft.body.trim().is_empty()) {
        draft.body = match (phase, &front.topic) {
            (Some(phase), Some(topic)) => {
                let title = old.title.as_deref().unwrap_or(&draft.title);
                let title = title.strip_prefix(&template::heading(phase, topic)).unwrap_or(title);
                let url = old.front.informed_by.iter().find(|entry| is_url(entry)).cloned().or(known.report);
                template::body(Some(phase), topic, title, url.as_deref())
            }
            _ => body_without_title(old),
        };
    }
    Ok(())
}

/// The folder of the templates.
const TEMPLATES: &str = ".chant/templates";

/// Fills what `draft` leaves open with what the template `name` says: its front matter, and its body, in which `{{title}}` and
/// `{{topic}}` stand for those of the new spec.
///
/// # Errors
/// `no-text` if there is no such template, `invalid-spec` if it cannot be read.
pub(crate) fn of_template(project: &Project, name: &str, draft: &mut Draft) -> Result<()> {
    let path = format!("{TEMPLATES}/{name}.md");
    let missing = || {
        Error::negative(Kind::NoText, format!("there is no template '{}'", name.escape_debug()))
            .hint(format!("looked in '{TEMPLATES}/<name>.md'"))
    };
    if name.contains('/') || check_path(name).is_err() {
        return Err(missing());
    }
    let mut bytes = None;
    for top in project.tops() {
        if bytes.is_none() {
            bytes = work_file::read(&top, path.as_bytes().as_bstr(), MAX_SPEC_LEN as u64)
                .map_err(|refused| Error::negative(Kind::NoText, format!("cannot read '{path}': {refused}")))?;
        }
    }
    let bytes = bytes.ok_or_else(missing)?;
    let unreadable = || Error::fatal(Kind::InvalidSpec, format!("the template '{path}' cannot be read"));
    let spec = spec_file::parse(&path, &bytes).map_err(|diagnostics| Error { diagnostics, ..unreadable() })?;
    let before = Commands::of(&draft.front);
    take_over(&mut draft.front, &spec.front, draft.kind_given);
    for (given, inherited) in [
        (&mut draft.front.depends_on, &spec.front.depends_on),
        (&mut draft.front.informed_by, &spec.front.informed_by),
        (&mut draft.front.target_files, &spec.front.target_files),
    ] {
        if given.is_empty() {
            given.clone_from(inherited);
        }
    }
    if draft.body.trim().is_empty() {
        let topic = draft.front.topic.as_deref().unwrap_or_default();
        draft.body = body_without_title(&spec).replace("{{title}}", &draft.title).replace("{{topic}}", topic);
    }
    draft.foreign |= before.were_added_to(&draft.front);
    Ok(())
}

/// Fills what a new member leaves open with what its driver says: what it is about, when it is worked, and how it is judged.
///
/// # Errors
/// If the specs cannot be read.
pub(super) fn of_driver(project: &Project, draft: &mut Draft, driver: &SpecId) -> Result<()> {
    let entry = Specs::new(project)?.entry(driver)?;
    let Some(of) = entry.spec().map(|spec| &spec.front) else { return Ok(()) };
    let before = Commands::of(&draft.front);
    let text = format!("{}\n{}", draft.title, draft.body);
    let front = &mut draft.front;
    for (given, inherited) in [
        (&mut front.labels, &of.labels),
        (&mut front.informed_by, &of.informed_by),
        (&mut front.target_files, &of.target_files),
    ] {
        if given.is_empty() {
            given.clone_from(inherited);
        }
    }
    if front.verify.is_empty() {
        let own = About { targets: front.target_files.clone(), text };
        let all = About { targets: of.target_files.clone(), text: String::new() };
        front.verify = member::inherited(&of.verify, &own, &[all]);
    }
    for (given, inherited) in
        [(&mut front.topic, &of.topic), (&mut front.priority, &of.priority), (&mut front.not_before, &of.not_before)]
    {
        if given.is_none() {
            given.clone_from(inherited);
        }
    }
    draft.foreign |= before.were_added_to(&draft.front) && !is_trusted(project, &entry);
    Ok(())
}

/// The branch that the members of a driver are for, by its full name, where it is another than that of any spec: the driver's own.
///
/// # Errors
/// If the name is none of a branch.
pub(super) fn onto_of_driver(project: &Project, driver: &Entry) -> Result<Option<String>> {
    let onto = driver.state.as_ref().and_then(|state| state.facts.onto.clone());
    match driver.spec().map(|spec| (spec.front.phase.as_deref(), spec.front.topic.as_deref())) {
        Some(phase @ (Some(_), Some(_))) if onto.is_none() => {
            project.target_of(phase, None)?.map(|branch| full_name(&branch)).transpose()
        }
        _ => Ok(onto),
    }
}

/// The branch that a spec with this front matter is for, where the person names none: that of the spec which it supersedes, otherwise that of
/// the other phases of its investigation.
///
/// # Errors
/// If the specs cannot be read.
pub(crate) fn onto(project: &Project, front: &FrontMatter) -> Result<Option<String>> {
    let specs = Specs::new(project)?;
    let old = superseded(&specs, front)?;
    if let Some(onto) = old.and_then(|old| old.state.as_ref()?.facts.onto.clone()) {
        return Ok(Some(onto));
    }
    Ok(match (front.known_phase(), &front.topic) {
        (Some(_), Some(topic)) => Known::of(&specs, topic)?.onto,
        _ => None,
    })
}

/// Refuses to repeat `old` a second time while a spec that supersedes it is under way.
///
/// # Errors
/// `exists` if there is such a spec.
pub(super) fn refuse_second(specs: &Specs<'_>, old: &SpecId) -> Result<()> {
    let current = specs.successor(old, old)?;
    if current == *old {
        return Ok(());
    }
    refuse_open(specs, &current, &format!("'{}' is superseded already", old.short()))
}

/// Refuses what needs `id` to be closed, or failed: `what` says what that is.
///
/// # Errors
/// `exists` if it is under way, or not begun.
pub(super) fn refuse_open(specs: &Specs<'_>, id: &SpecId, what: &str) -> Result<()> {
    let entry = specs.entry(id)?;
    if entry.status.is_over() || entry.status == Status::Failed {
        return Ok(());
    }
    let (short, status) = (id.short(), entry.status.as_str().replace('_', " "));
    let mut error = Error::negative(Kind::Exists, format!("{what}: '{short}' is {status}"));
    if let Some(next) = specs.view(&entry)?.next_command() {
        error = error.hint(format!("to continue it: {next}"));
    }
    Err(error.hint(format!("to cancel it: git chant cancel {short}")))
}

/// The spec that one with this front matter supersedes; of several the first.
fn superseded(specs: &Specs<'_>, front: &FrontMatter) -> Result<Option<Entry>> {
    front.supersedes.iter().find_map(|old| SpecId::new(old).ok()).map(|old| specs.entry(&old)).transpose()
}

/// Which commands a front matter has.
struct Commands {
    verify: bool,
    reproduces: bool,
}

impl Commands {
    fn of(front: &FrontMatter) -> Commands {
        Commands { verify: !front.verify.is_empty(), reproduces: front.reproduces.is_some() }
    }

    /// Whether `front` has commands now where it had none.
    fn were_added_to(&self, front: &FrontMatter) -> bool {
        let now = Commands::of(front);
        (now.verify && !self.verify) || (now.reproduces && !self.reproduces)
    }
}

/// Whether a person trusts the text of a spec in this clone.
fn is_trusted(project: &Project, entry: &Entry) -> bool {
    let text = entry.loaded.as_ref().and_then(|parsed| parsed.text.as_ref());
    text.is_some_and(|text| project.is_trusted(entry.id.as_str(), text.blob()))
}

/// Takes over from `old` what says what kind of work it is and how it is judged.
fn take_over(front: &mut FrontMatter, old: &FrontMatter, kind_given: bool) {
    if !kind_given && front.phase.is_none() {
        front.kind = old.kind;
    }
    for (given, inherited) in [
        (&mut front.phase, &old.phase),
        (&mut front.topic, &old.topic),
        (&mut front.prompt, &old.prompt),
        (&mut front.reproduces, &old.reproduces),
        (&mut front.fails_with, &old.fails_with),
        (&mut front.runs, &old.runs),
        (&mut front.agent, &old.agent),
        (&mut front.priority, &old.priority),
        (&mut front.not_before, &old.not_before),
    ] {
        if given.is_none() {
            given.clone_from(inherited);
        }
    }
    for (given, inherited) in [
        (&mut front.labels, &old.labels),
        (&mut front.verify, &old.verify),
        (&mut front.tests, &old.tests),
        (&mut front.context, &old.context),
        (&mut front.origin, &old.origin),
        (&mut front.tracks, &old.tracks),
    ] {
        if given.is_empty() {
            given.clone_from(inherited);
        }
    }
    front.approval.required |= old.approval.required;
}

fn union(mut entries: Vec<String>, more: &[String]) -> Vec<String> {
    for entry in more {
        if !entries.contains(entry) {
            entries.push(entry.clone());
        }
    }
    entries
}

/// The body of a spec below its title, with no criterion ticked.
fn body_without_title(spec: &Spec) -> String {
    let text = begun_again(spec.source().text().as_bytes());
    let text = String::from_utf8_lossy(&text).into_owned();
    let body = body_of(&text).trim_start();
    match body.split_once('\n') {
        Some((title, rest)) if title.starts_with("# ") => rest.to_owned(),
        None if body.starts_with("# ") => String::new(),
        _ => body.to_owned(),
    }
}
