//! The use case `add`: a new spec. Its file is created exclusively, then its first event is recorded. What the file says is in
//! [`draft`](super::draft).

use std::collections::BTreeSet;

use super::{draft::Draft, inherit};
use crate::authoring::inherit::inherit;
use crate::{
    domain::{
        id::SpecId,
        spec_file::{self, FrontMatter, Spec},
        status::Status,
    },
    env::fault,
    error::{Error, IoContext, Kind, Result},
    git::{self, work_file::Why},
    project::{Project, target::full_name},
    specs::{
        all::Specs,
        base::Base,
        inputs::InputFault,
        proposal,
        record::{self, create_file, spec_top},
        text::path_of,
    },
};

/// How many random ids are tried before something must be wrong.
const MAX_TRIES: u32 = 64;

/// What a person asked for.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// The text, with references to specs as they were typed.
    pub draft: Draft,
    /// The spec that gets the new one as a member.
    pub driver: Option<SpecId>,
    /// The branch that the work is meant for, by its full name.
    pub onto: Option<String>,
    /// Whether the person wants to edit the text first.
    pub edit: bool,
    /// Why it supersedes what it supersedes.
    pub reason: Option<String>,
}

/// Creates a spec. Gives its id, and a warning for each input that cannot be used yet.
///
/// # Errors
/// `bad-option` if the draft makes no valid spec, `invalid-spec` if the text cannot be read after the person edited it.
pub(crate) fn add(project: &Project, request: Request) -> Result<(SpecId, Vec<String>)> {
    let Request { mut draft, driver, onto, edit, reason } = request;
    if let Some(driver) = &driver {
        inherit::of_driver(project, &mut draft, driver)?;
    }
    let (text, mut warnings) = text(project, &mut draft)?;
    let onto = match onto {
        Some(onto) => Some(onto),
        None => match &driver {
            Some(driver) => inherit::onto_of_driver(project, &Specs::new(project)?.entry(driver)?)?,
            None => inherit::onto(project, &draft.front)?,
        },
    };
    require_target(project, &draft.front, onto.as_deref())?;
    if let Some(driver) = &driver {
        prepare_driver(project, driver)?;
    }
    let id = new_file(project, driver.as_ref(), text.as_bytes())?;
    let mut bytes = text.into_bytes();
    if edit {
        let path = spec_top(project)?.join(path_of(&id));
        project.env.edit(&git::editor(&project.repo)?, &path)?;
        bytes = std::fs::read(&path).io("read", &path)?;
    }
    let unreadable = || {
        let message = format!("created the spec '{}', but its text cannot be read", id.short());
        Error::fatal(Kind::InvalidSpec, message).hint(format!("to fix it: git chant edit {}", id.short()))
    };
    let created = read_back(project, id.clone(), bytes, unreadable)?;
    let supersedes = created.spec.front.supersedes.clone();
    warnings.extend(created.spec.ignored());
    if edit {
        // A text that a person typed is kept, even if it cannot be recorded.
        record_one(project, &created, onto.as_deref(), true)
            .map_err(|error| error.hint(format!("its text is kept in '{}'", path_of(&id))))?;
    } else {
        record_all(project, &[created], onto.as_deref(), !draft.foreign)?;
    }
    project.supersede_named(&id, &supersedes, reason.as_deref())?;
    Ok((id, warnings))
}

/// Refuses a target that no work can reach, whether a person names it or the investigation has it.
///
/// # Errors
/// As [`Project::require_target`].
pub(super) fn require_target(project: &Project, front: &FrontMatter, onto: Option<&str>) -> Result<()> {
    let phase = (front.phase.as_deref(), front.topic.as_deref());
    let target = match (onto, phase) {
        (Some(onto), _) => Some(onto.to_owned()),
        (None, (Some(_), Some(_))) => project.target_of(phase, None)?.map(|name| full_name(&name)).transpose()?,
        (None, _) => None,
    };
    target.map_or(Ok(()), |target| project.require_target(&target))
}

/// The text that a draft makes, and a warning for each input that cannot be used yet. Nothing is written.
///
/// # Errors
/// `bad-option` if the draft makes no valid spec.
pub(crate) fn text(project: &Project, draft: &mut Draft) -> Result<(String, Vec<String>)> {
    let mut warnings = Vec::new();
    complete(project, draft, &mut warnings)?;
    let text = draft.clone().render();
    let bad_option = || Error::usage(Kind::BadOption, "these options make no valid spec");
    parse("<the new spec>", text.as_bytes(), bad_option)?;
    Ok((text, warnings))
}

/// Replaces references to specs by full ids and paths, and adds what the person leaves open and the spec inherits.
fn complete(project: &Project, draft: &mut Draft, warnings: &mut Vec<String>) -> Result<()> {
    let front = &mut draft.front;
    resolve_ids(project, &mut front.depends_on)?;
    resolve_inputs(project, &mut front.informed_by, warnings)?;
    resolve_ids(project, &mut front.supersedes)?;
    if !front.supersedes.is_empty() {
        let specs = Specs::new(project)?;
        specs.named(&front.supersedes)?.iter().try_for_each(|old| inherit::refuse_second(&specs, old))?;
    }
    if front.supersedes.is_empty() && front.topic.is_none() { Ok(()) } else { inherit(project, draft) }
}

/// Replaces each short id by the full one, which always means the spec that it means now.
fn resolve_ids(project: &Project, written: &mut [String]) -> Result<()> {
    let names = project.spec_names();
    written.iter_mut().try_for_each(|query| {
        *query = project.resolve_in(&names, query)?.to_string();
        Ok(())
    })
}

/// Replaces each short id by the path of the spec that it means, and leaves every other input as it was typed.
fn resolve_inputs(project: &Project, written: &mut [String], warnings: &mut Vec<String>) -> Result<()> {
    if written.is_empty() {
        return Ok(());
    }
    let names = project.spec_names();
    let base = Base::new(project, project.repo.head()?.id());
    for entry in written {
        let typed = entry.escape_debug().to_string();
        if let [id] = project.candidates(&names, entry)?.as_slice()
            && !entry.contains('/')
        {
            *entry = path_of(id);
        }
        match project.input_fault(&names, &base, entry)? {
            None => {}
            Some(InputFault::Missing) => warnings.push(format!("the input '{typed}' does not exist yet")),
            Some(InputFault::Refused(why)) => warnings.push(why),
        }
    }
    Ok(())
}

/// Makes sure that a spec can get a member: no work on it has begun, and its own events have.
fn prepare_driver(project: &Project, id: &SpecId) -> Result<()> {
    let specs = Specs::new(project)?;
    let entry = specs.entry(id)?;
    refuse_member(id)?;
    if entry.status != Status::Pending {
        let message = format!("cannot add members to '{}': it is {}", id.short(), entry.status);
        return Err(Error::negative(Kind::NotAllowed, message));
    }
    if entry.state.is_none() {
        let (text, spec) = entry.text()?;
        record::added(project, id, &text.path, &text.bytes, spec, None)?;
    }
    Ok(())
}

/// Refuses to make a member a driver.
pub(super) fn refuse_member(id: &SpecId) -> Result<()> {
    if id.member_of().is_none() {
        return Ok(());
    }
    let message = format!("cannot add members to '{}': it is a member itself", id.short());
    Err(Error::negative(Kind::NotAllowed, message))
}

/// A spec whose file this process has created, before its first event.
#[derive(Debug)]
pub(super) struct Created {
    /// The spec.
    pub id: SpecId,
    bytes: Vec<u8>,
    spec: Spec,
}

/// Creates the files of several specs, or none of them; `draft` sees those that come before. `driver` gets them as members.
///
/// # Errors
/// `invalid` of the item whose draft makes no valid spec.
pub(super) fn create_all<T>(
    project: &Project,
    items: &[T],
    driver: Option<&SpecId>,
    mut draft: impl FnMut(&T, &[Created]) -> Draft,
    invalid: impl Fn(&T) -> Error,
) -> Result<Vec<Created>> {
    let mut created: Vec<Created> = Vec::new();
    for item in items {
        let text = draft(item, &created).render();
        match create(project, driver, text, || invalid(item)) {
            Ok(one) => created.push(one),
            Err(error) => {
                created.iter().try_for_each(|one| remove_file(project, &one.id))?;
                return Err(error);
            }
        }
    }
    Ok(created)
}

fn create(project: &Project, driver: Option<&SpecId>, text: String, invalid: impl Fn() -> Error) -> Result<Created> {
    parse("<the new spec>", text.as_bytes(), &invalid)?;
    let id = new_file(project, driver, text.as_bytes())?;
    read_back(project, id, text.into_bytes(), invalid)
}

/// Reads a new spec from `bytes`, the contents of its file, as git would store them.
fn read_back(project: &Project, id: SpecId, bytes: Vec<u8>, invalid: impl Fn() -> Error) -> Result<Created> {
    let path = path_of(&id);
    let bytes = project.stored(&spec_top(project)?, &path, bytes)?;
    let spec = parse(&path, &bytes, invalid)?;
    Ok(Created { id, bytes, spec })
}

/// Parses a spec; `invalid` gives the error for a text that is none.
pub(super) fn parse(path: &str, bytes: &[u8], invalid: impl Fn() -> Error) -> Result<Spec> {
    spec_file::parse(path, bytes).map_err(|diagnostics| Error { diagnostics, ..invalid() })
}

/// Creates the file of a new spec under a fresh id, or of a new member of `driver` under the next free number.
///
/// # Errors
/// Outside a work tree, or if the file cannot be created.
fn new_file(project: &Project, driver: Option<&SpecId>, bytes: &[u8]) -> Result<SpecId> {
    let today = project.env.today();
    let names = project.spec_names();
    let used = if driver.is_none() { names.of_day(&today.to_string())? } else { BTreeSet::new() };
    let last = match driver {
        Some(driver) => {
            project.members(&names, driver)?.iter().filter_map(SpecId::member_of).map(|(_, number)| number).max()
        }
        None => None,
    };
    // Another clone may give the same number at the same time.
    let shared = !project.repo.gix().remote_names().is_empty();
    let first = last.unwrap_or(0) + 1;
    for number in first..first.saturating_add(MAX_TRIES) {
        let id = match driver {
            Some(driver) => SpecId::member(driver, number, shared.then(|| project.env.random_u32()))
                .map_err(|error| Error::fatal(Kind::Add, error.to_string()))?,
            None => proposal::next_id(project, today, &used),
        };
        if driver.is_none() && (used.contains(&id) || names.has_archived_file(&id)?) {
            continue;
        }
        match create_file(project, &id, bytes)? {
            Ok(()) => return Ok(id),
            Err(refused) if matches!(refused.why, Why::AlreadyExists) => continue,
            Err(refused) => return Err(Error::fatal(Kind::Add, format!("cannot create the spec file: {refused}"))),
        }
    }
    let what = if driver.is_some() { "number" } else { "id" };
    Err(Error::fatal(Kind::Add, format!("cannot find a free {what}")))
}

/// Records the specs, and trusts their texts where they are `trusted`. If an event cannot be signed, the files of the specs that are not recorded are
/// removed: the command can be given again when the key works.
pub(super) fn record_all(project: &Project, created: &[Created], onto: Option<&str>, trusted: bool) -> Result<()> {
    for (at, one) in created.iter().enumerate() {
        if let Err(error) = record_one(project, one, onto, trusted) {
            if error.kind == Kind::SigningFailed {
                created[at..].iter().try_for_each(|one| remove_file(project, &one.id))?;
            }
            return Err(error);
        }
    }
    Ok(())
}

fn record_one(project: &Project, created: &Created, onto: Option<&str>, trusted: bool) -> Result<()> {
    let Created { id, bytes, spec } = created;
    record::added(project, id, &path_of(id), bytes, spec, onto)?;
    if trusted { project.trust(id.as_str(), project.store()?.blob_id(bytes)) } else { Ok(()) }
}

/// Removes the file of a spec that this process has created and that is recorded nowhere.
fn remove_file(project: &Project, id: &SpecId) -> Result<()> {
    let path = spec_top(project)?.join(path_of(id));
    fault::around("file.remove", || std::fs::remove_file(&path)).io("remove", &path)
}
