//! What a person decides about a spec: to approve or reject its text or its work, and to acknowledge what an agent did to it.

use gix::ObjectId;

use crate::{
    domain::{
        event::{Approval, Facts, Op, Review},
        id::SpecId,
        new_event::{NewEvent, sentence},
        state::State,
        status::Status,
    },
    error::{Error, Kind, Result},
    git::history::named_commit,
    project::Project,
    specs::{all::Specs, record},
};

/// Records the answer of a person: about the work of a finished spec, otherwise about its text. Why failed work is rejected is noted. `commit` names the newest commit of the work
/// that the person has looked at. Gives the sentence that was recorded.
///
/// # Errors
/// `moved` if the work ends with another commit, `no-work` if there is none to answer about.
pub(crate) fn answer(
    project: &Project,
    id: &SpecId,
    approved: bool,
    commit: Option<&str>,
    reason: Option<&str>,
) -> Result<(Op, String)> {
    let state = project.store()?.state(id)?;
    if let Some(reason) = reason.filter(|_| !approved && commit.is_none())
        && state.as_ref().is_some_and(|state| state.status == Status::Failed)
        && !waits_for_approval(project, id)?
    {
        // It failed already: what is left to do is to tell the next attempt.
        return Ok((Op::Note, note(project, id, &format!("a person rejected its work: {reason}"))?));
    }
    let finished = state.filter(|state| state.status == Status::Finished && !state.facts.work_commits.is_empty());
    match finished {
        Some(state) => about_work(project, id, &state, approved, commit, reason),
        None if commit.is_some() => {
            let message = format!("'{}' has no finished work; leave out --commit to decide about its text", id.short());
            Err(Error::negative(Kind::NoWork, message))
        }
        None => about_text(project, id, approved, reason),
    }
}

/// Whether the text that a spec has now needs an approval and has none.
fn waits_for_approval(project: &Project, id: &SpecId) -> Result<bool> {
    let specs = Specs::new(project)?;
    Ok(specs.view(&specs.entry(id)?)?.needs_approval)
}

/// Records the answer about finished work, for the very commit that it ends with. Rejected work has failed.
fn about_work(
    project: &Project,
    id: &SpecId,
    state: &State,
    approved: bool,
    commit: Option<&str>,
    reason: Option<&str>,
) -> Result<(Op, String)> {
    let short = id.short();
    let attempt = project.attempt(id, state)?;
    if attempt.has_moved(project, state)? {
        let message = format!("the branch '{}' moved after the checks", attempt.branch.shorten());
        return Err(Error::negative(Kind::Moved, message)
            .hint(format!("to have it checked again: git chant finish {short} --no-merge")));
    }
    let tip = |state: &State| state.facts.work_commits.last().copied();
    let Some(newest) = tip(state) else { return about_text(project, id, approved, reason) };
    let named = newest.to_hex_with_len(12);
    if let Some(commit) = commit
        && named_commit(&project.repo, commit)? != newest
    {
        let message = format!("the work of '{short}' ends with {named}, not with '{}'", commit.escape_debug());
        return Err(Error::negative(Kind::Moved, message).hint(format!("to look at it: git chant review {short}")));
    }
    let why = reason.map(|reason| format!(": {reason}")).unwrap_or_default();
    let (op, sentence, reason) = if approved {
        let sentence = sentence("Approved", attempt.title(), &format!("commit {named}{why}"));
        (Op::Review, sentence, reason.map(str::to_owned))
    } else {
        let reason = format!("a person rejected its work{why}");
        (Op::Fail, sentence("Failed", attempt.title(), &reason), Some(reason))
    };
    let review = Some(Review { approved, commit: newest });
    let facts = Facts { attempt: Some(attempt.start), review, reason, ..Facts::default() };
    let event = NewEvent { op: op.clone(), sentence: sentence.clone(), facts };
    project.store()?.append(id, |now| {
        let same = |now: &&State| now.attempt == state.attempt && tip(now) == Some(newest);
        match now.filter(same) {
            Some(_) => Ok(event.clone()),
            None => Err(Error::negative(Kind::Moved, format!("the work of '{short}' has changed"))
                .hint(format!("to look at it: git chant review {short}"))),
        }
    })?;
    Ok((op, sentence))
}

/// Records the answer about the text that a spec has now; an approved text is trusted.
fn about_text(project: &Project, id: &SpecId, approved: bool, reason: Option<&str>) -> Result<(Op, String)> {
    let specs = Specs::new(project)?;
    let entry = specs.entry(id)?;
    let (text, spec) = entry.text()?;
    record::added(project, id, &text.path, &text.bytes, spec, None)?;
    let blob: ObjectId = project.store()?.write_blob(&text.bytes)?;
    let (op, verb) = if approved { (Op::Approve, "Approved") } else { (Op::Reject, "Rejected") };
    let sentence = sentence(verb, entry.title(), reason.unwrap_or_default());
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
    if text.trim().is_empty() {
        return Err(Error::usage(Kind::BadOption, "the note is empty")
            .hint(format!("for example: git chant note {} -m \"the lock is taken twice\"", id.short())));
    }
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
    let sentence = sentence("Acknowledged", id.short(), reason);
    let decide = |state: Option<&State>| {
        let nothing = || format!("'{}' has nothing to acknowledge", id.short());
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
