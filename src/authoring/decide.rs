//! What a person decides about a spec: to approve or reject its text, and to acknowledge what an agent did to it.

use gix::ObjectId;

use crate::{
    domain::{
        event::{Approval, Facts, Op},
        id::SpecId,
        new_event::NewEvent,
    },
    error::{Error, Kind, Result},
    project::Project,
    specs::{all::Specs, record},
};

/// Records the answer about the text that a spec has now; an approved text is trusted. Gives the sentence that was recorded.
///
/// # Errors
/// If the spec has no valid text, or its status allows no answer.
pub(crate) fn answer(project: &Project, id: &SpecId, approved: bool, reason: Option<&str>) -> Result<(Op, String)> {
    let specs = Specs::new(project)?;
    let entry = specs.entry(id)?;
    let (text, spec) = entry.text()?;
    record::added(project, id, &text.path, &text.bytes, spec, None)?;
    let blob: ObjectId = project.store()?.write_blob(&text.bytes)?;
    let (op, word) = if approved { (Op::Approve, "approved") } else { (Op::Reject, "rejected") };
    let why = reason.map(|reason| format!(": {reason}")).unwrap_or_default();
    let sentence = format!("{} is {word}{why}", entry.title());
    let facts = Facts {
        approval: Some(Approval { approved, blob }),
        reason: reason.map(str::to_owned),
        spec_blob: Some(blob),
        ..Facts::default()
    };
    record::append(project, id, NewEvent { op: op.clone(), sentence: sentence.clone(), facts }, Some(blob))?;
    if approved {
        project.trust(id.as_str(), blob)?;
    }
    Ok((op, sentence))
}

/// Records a remark on a spec. Gives the sentence that was recorded.
///
/// # Errors
/// If the spec has no valid text and no history, or is archived.
pub(crate) fn note(project: &Project, id: &SpecId, text: &str) -> Result<String> {
    let specs = Specs::new(project)?;
    let entry = specs.entry(id)?;
    if entry.state.is_none() {
        let (text, spec) = entry.text()?;
        record::added(project, id, &text.path, &text.bytes, spec, None)?;
    }
    let facts = Facts { reason: Some(text.to_owned()), ..Facts::default() };
    record::append(project, id, NewEvent { op: Op::Note, sentence: text.to_owned(), facts }, None)?;
    Ok(text.to_owned())
}

/// Records that a person has seen what an agent changed outside its work, and what the inputs of the spec are now. Gives the
/// sentence that was recorded.
///
/// # Errors
/// `nothing-to-ack` if the spec has no history.
pub(crate) fn acknowledge(project: &Project, id: &SpecId, reason: &str) -> Result<String> {
    let specs = Specs::new(project)?;
    let entry = specs.entry(id)?;
    let inputs = specs.inputs_now(&entry)?;
    let sentence = format!("{} is acknowledged: {reason}", id.short());
    let decide = |state: Option<&crate::domain::state::State>| {
        let nothing = || format!("there is nothing to acknowledge about '{}'", id.short());
        let state = state.ok_or_else(|| Error::negative(Kind::NothingToAck, nothing()))?;
        let same = entry.state.as_ref().is_some_and(|seen| seen.attempt == state.attempt);
        let facts = Facts {
            attempt: state.attempt,
            reason: Some(reason.to_owned()),
            informed_by: if same { inputs.clone() } else { Vec::new() },
            ..Facts::default()
        };
        Ok(NewEvent { op: Op::Ack, sentence: sentence.clone(), facts })
    };
    project.store()?.append(id, decide)?;
    Ok(sentence)
}
