//! Of several attempts that claim a spec, one is kept.

use gix::ObjectId;

use crate::{
    domain::{
        event::{Facts, Op},
        id::SpecId,
        new_event::NewEvent,
        state::State,
    },
    error::{Error, Kind, Result},
    project::Project,
};

/// Keeps the one attempt of a contended spec whose id begins with `prefix`. Returns the event's sentence.
///
/// # Errors
/// `not-contended` if at most one attempt claims the spec, `unknown-attempt` if the prefix does not name exactly one.
pub(crate) fn resolve(project: &Project, id: &SpecId, prefix: &str, reason: Option<&str>) -> Result<String> {
    let short = id.short();
    let mut sentence = String::new();
    project.store()?.append(id, |state| {
        let state = state.filter(|state| state.is_contended()).ok_or_else(|| {
            let message = format!("there is nothing to resolve: one attempt at most claims '{short}'");
            Error::negative(Kind::NotContended, message)
        })?;
        let keep = kept(state, prefix)?;
        sentence = format!("{short} keeps the attempt {}", keep.to_hex_with_len(12));
        let facts = Facts {
            supersedes: state.open.iter().copied().filter(|attempt| *attempt != keep).collect(),
            reason: reason.map(str::to_owned),
            ..Facts::default()
        };
        Ok(NewEvent { op: Op::Resolve, sentence: sentence.clone(), facts })
    })?;
    Ok(sentence)
}

fn kept(state: &State, prefix: &str) -> Result<ObjectId> {
    let matching = |attempt: &&ObjectId| !prefix.is_empty() && attempt.to_string().starts_with(prefix);
    let mut matching = state.open.iter().filter(matching);
    if let (Some(one), None) = (matching.next(), matching.next()) {
        return Ok(*one);
    }
    let mut error =
        Error::usage(Kind::UnknownAttempt, format!("'{}' names none of the attempts", prefix.escape_debug()));
    error.hints = state.open.iter().map(|attempt| format!("one of them is {}", attempt.to_hex_with_len(12))).collect();
    Err(error)
}
