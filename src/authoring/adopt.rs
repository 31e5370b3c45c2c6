//! The use case `add --adopt`: a person takes over a spec that an agent proposed. Its file is created and its text trusted, as `add`
//! does it for a spec of one's own.

use gix::bstr::ByteSlice as _;

use super::add::parse;
use crate::{
    domain::{
        event::{Facts, Op},
        id::SpecId,
        new_event::{NewEvent, sentence},
        state::State,
        status::Status,
    },
    error::{Error, Kind, Result},
    git::work_file::{self, Why},
    project::Project,
    specs::{
        record::{create_file, spec_top},
        text::path_of,
    },
};

/// Adopts the proposal `id`. Gives the commands that its text has run and that are trusted from now on.
///
/// # Errors
/// `not-allowed` if it is no proposal that waits for adoption, `exists` if another file has its place, `invalid-spec`.
pub(crate) fn adopt(project: &Project, id: &SpecId) -> Result<Vec<String>> {
    let store = project.store()?;
    let short = id.short();
    let waits = |state: &State| state.facts.proposed_by.is_some() && state.status == Status::Pending;
    let state = store.state(id)?.filter(waits).ok_or_else(|| {
        let message = format!("cannot adopt '{short}': it is not an agent's proposal");
        Error::negative(Kind::NotAllowed, message)
    })?;
    let bytes = store.evidence_of(state.tip, "spec.md")?;
    let bytes = bytes.ok_or_else(|| Error::fatal(Kind::NoText, format!("the text of '{short}' is missing")))?;
    let path = path_of(id);
    let unreadable = || Error::fatal(Kind::InvalidSpec, format!("the spec '{short}' cannot be read"));
    let spec = parse(&path, &bytes, unreadable)?;
    match create_file(project, id, &bytes)? {
        Ok(()) => {}
        // This command may have died after the file.
        Err(refused) if matches!(refused.why, Why::AlreadyExists) => {
            let there = work_file::read(&spec_top(project)?, path.as_bytes().as_bstr(), bytes.len() as u64);
            if there.ok().flatten().as_ref() != Some(&bytes) {
                let message = format!("cannot adopt '{short}': '{path}' exists with another text");
                return Err(Error::negative(Kind::Exists, message).hint("look at that file, then move it away"));
            }
        }
        Err(refused) => return Err(Error::fatal(Kind::Add, format!("cannot create the spec file: {refused}"))),
    }
    let sentence = sentence("Adopted", spec.title.as_deref().unwrap_or(short), "");
    store.record_if(id, NewEvent { op: Op::Adopt, sentence, facts: Facts::default() }, waits)?;
    project.trust(id.as_str(), store.blob_id(&bytes))?;
    project.supersede_named(id, &spec.front.supersedes, None)?;
    let reproduces = spec.front.reproduces.iter().map(|command| format!("reproduces: {command}"));
    Ok(reproduces.chain(spec.front.verify.iter().map(|command| format!("verify: {command}"))).collect())
}
