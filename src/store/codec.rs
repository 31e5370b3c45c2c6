//! Events as commit messages and back.
//!
//! `chant(<short id>): <op>`, a sentence for people, then one block of trailers. A value is one line, quoted as git quotes
//! paths where it has to be. Which trailers there are, and what their values mean, is in `domain::trailer`.

use std::fmt::Write as _;

use gix::{
    ObjectId,
    bstr::{BStr, ByteSlice},
    objs::commit::message::BodyRef,
};

use crate::domain::{
    event::{Author, Event, Facts, Op, Role},
    id::SpecId,
    new_event::merge_author,
    trailer::{Roles, Trailers},
};

/// The format that this version writes.
const FORMAT: &str = "1";

/// A commit larger than this is no event, in bytes.
pub(crate) const MAX_EVENT_LEN: usize = 1 << 20;

/// A commit in a chain that is no valid event: kept, named by `fsck`, never obeyed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("event {id} is not valid: {why}")]
pub struct Invalid {
    /// The commit.
    pub id: ObjectId,
    /// The rule that it breaks.
    pub why: String,
}

/// The commit message of an event with these parents' roles.
pub(crate) fn encode(spec: &SpecId, op: &Op, sentence: &str, generation: u64, roles: &[Role], facts: &Facts) -> String {
    let mut text = format!("chant({}): {}\n\n", spec.short(), one_line(op.as_str()));
    let sentence = one_line(sentence);
    // git takes a line that begins with '---' for the end of the message.
    let sentence = if sentence.starts_with("---") { sentence.trim_start_matches(['-', ' ']) } else { &sentence };
    if !sentence.is_empty() {
        text.push_str(sentence);
        text.push_str("\n\n");
    }
    let trailers = Trailers {
        format: Some(FORMAT.to_owned()),
        spec: Some(spec.clone()),
        op: Some(op.clone()),
        generation: Some(generation),
        roles: (!roles.is_empty()).then(|| Roles(roles.to_vec())),
        facts: Facts { reason: facts.reason.as_deref().map(one_line), ..facts.clone() },
    };
    for (name, value) in trailers.write().into_iter().filter(|(_, value)| !value.is_empty()) {
        writeln!(text, "Chant-{name}: {}", quote(&value)).expect("writing to a string cannot fail");
    }
    text
}

/// The message and author of the event that joins `parents` commits, `events` the valid ones among them: the same bytes in every
/// clone.
pub(crate) fn merge_event(spec: &SpecId, parents: usize, events: &[&Event]) -> (String, Author) {
    let generation = events.iter().map(|event| event.generation).max().unwrap_or_default().saturating_add(1);
    let roles = vec![Role::Own; parents];
    let message = encode(spec, &Op::Merge, "", generation, &roles, &Facts::default());
    (message, merge_author(events.iter().map(|event| event.author.seconds)))
}

/// Reads the event in `commit`, the bytes of a commit object.
///
/// # Errors
/// [`Invalid`] with the rule that it breaks; the commit stays in the chain and is skipped.
pub(crate) fn decode(id: ObjectId, commit: &[u8]) -> Result<Event, Invalid> {
    let invalid = |why: String| Invalid { id, why };
    if commit.len() > MAX_EVENT_LEN {
        return Err(invalid(format!("it is larger than {MAX_EVENT_LEN} bytes")));
    }
    let commit =
        gix::objs::CommitRef::from_bytes(commit, id.kind()).map_err(|_| invalid("it is not a commit".into()))?;
    // Once for the trailers and the sentence: where a block of trailers begins takes as long to find as all the rest.
    let body = commit.message().body.map(|text| BodyRef::from_bytes(text));
    let mut said = Trailers::default();
    let mut take = |token: &BStr, value: &BStr| {
        let Some(name) = token.strip_prefix(b"Chant-") else { return Ok(()) };
        let name = name.to_str().map_err(|_| invalid("a trailer's name is not UTF-8".to_owned()))?;
        let value = unquote(value).map_err(|why| invalid(format!("Chant-{name}: {why}")))?;
        said.read(name, &value).map_err(invalid)
    };
    let mut trailers = body.iter().flat_map(BodyRef::trailers);
    trailers.try_for_each(|trailer| take(trailer.token, trailer.value.as_bstr()))?;
    if said.format.is_none() {
        return Err(invalid("it has no Chant-Format trailer".into()));
    }
    let spec = said.spec.ok_or_else(|| invalid("it has no Chant-Spec trailer".into()))?;
    let op = said.op.ok_or_else(|| invalid("it has no Chant-Op trailer".into()))?;
    let generation = said.generation.ok_or_else(|| invalid("it has no Chant-Gen trailer".into()))?;
    let parents: Vec<ObjectId> = commit.parents().collect();
    let Roles(roles) = said.roles.unwrap_or_default();
    if parents.len() != roles.len() {
        return Err(invalid(format!("it has {} parents and {} roles", parents.len(), roles.len())));
    }
    if roles.first().is_some_and(|role| *role == Role::Informed) {
        return Err(invalid("its first parent is not an event of its own chain".into()));
    }
    let author = commit.author().map_err(|_| invalid("its author line is malformed".into()))?;
    let time = author.time().unwrap_or_default();
    Ok(Event {
        id,
        parents: roles.into_iter().zip(parents).collect(),
        op,
        spec,
        generation,
        author: Author {
            name: author.name.to_str_lossy().into_owned(),
            email: author.email.to_str_lossy().into_owned(),
            seconds: time.seconds,
            offset: time.offset,
        },
        sentence: body.map(|body| body.without_trailer().trim().to_str_lossy().into_owned()).unwrap_or_default(),
        facts: said.facts,
    })
}

/// One line of text: white space folded, control characters gone.
fn one_line(text: &str) -> String {
    let cleaned: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let words: Vec<&str> = cleaned.split_whitespace().collect();
    words.join(" ")
}

/// Quotes as git quotes paths, and also what a trailer would not give back: blanks at the ends.
fn quote(value: &str) -> String {
    let quoted = gix::quote::ansi_c::quote(value.into());
    let plain = matches!(quoted, std::borrow::Cow::Borrowed(_));
    if plain && (value.trim() != value || value.starts_with('"')) {
        return format!("\"{value}\"");
    }
    quoted.to_str_lossy().into_owned()
}

/// The text of a quoted value, which has no blanks around it.
fn unquote(value: &BStr) -> Result<String, String> {
    let text = if value.starts_with(b"\"") {
        match gix::quote::ansi_c::undo(value) {
            Ok((text, consumed)) if consumed == value.len() => text.into_owned(),
            _ => return Err("its quoting is broken".into()),
        }
    } else {
        value.to_owned()
    };
    text.to_str().map(str::to_owned).map_err(|_| "it is not UTF-8".into())
}

#[cfg(test)]
#[path = "tests/trailers.rs"]
mod tests;
