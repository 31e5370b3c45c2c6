//! Events as commit messages and back.
//!
//! `chant(<short id>): <op>`, a sentence for people, then one block of trailers. A value is one line, quoted as git quotes
//! paths where it has to be. Trailers that this version does not know are kept.

use std::fmt::Write as _;

use gix::{
    ObjectId,
    bstr::{BStr, ByteSlice},
    objs::commit::message::BodyRef,
};

use crate::domain::{
    event::{Approval, Author, Event, Facts, Landing, Op, Pin, Role},
    id::SpecId,
    new_event::merge_author,
    status::Status,
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
    let mut trailers = Trailers(text);
    trailers.put("Format", FORMAT);
    trailers.put("Spec", spec);
    trailers.put("Op", op.as_str());
    trailers.put("Gen", generation);
    if !roles.is_empty() {
        let names: Vec<&str> = roles.iter().map(|role| if *role == Role::Own { "self" } else { "informed" }).collect();
        trailers.put("Parents", names.join(","));
    }
    trailers.facts(facts);
    trailers.0
}

/// The message and author of the event that joins `parents` commits, `events` the valid ones among them: the same bytes in every
/// clone.
pub(crate) fn merge_event(spec: &SpecId, parents: usize, events: &[&Event]) -> (String, Author) {
    let generation = events.iter().map(|event| event.generation).max().unwrap_or_default().saturating_add(1);
    let roles = vec![Role::Own; parents];
    let message = encode(spec, &Op::Merge, "", generation, &roles, &Facts::default());
    (message, merge_author(events.iter().map(|event| event.author.seconds)))
}

struct Trailers(String);

impl Trailers {
    fn put(&mut self, name: &str, value: impl std::fmt::Display) {
        let value = value.to_string();
        if value.is_empty() {
            return;
        }
        writeln!(self.0, "Chant-{name}: {}", quote(&value)).expect("writing to a string cannot fail");
    }

    fn opt(&mut self, name: &str, value: Option<impl std::fmt::Display>) {
        if let Some(value) = value {
            self.put(name, value);
        }
    }

    fn each(&mut self, name: &str, values: impl IntoIterator<Item = impl std::fmt::Display>) {
        for value in values {
            self.put(name, value);
        }
    }

    fn facts(&mut self, facts: &Facts) {
        self.opt("Status", facts.status);
        self.opt("Was", facts.was);
        self.opt("Phase", facts.phase.as_ref());
        self.opt("Attempt", facts.attempt);
        self.opt("Nonce", facts.nonce.as_ref());
        self.opt("Clone", facts.clone.as_ref());
        self.opt("Created", facts.created.as_ref());
        self.opt("Onto", facts.onto.as_ref());
        self.opt("Superseded-By", facts.superseded_by.as_ref());
        self.opt("Spec-Path", facts.spec_path.as_ref());
        self.opt("Spec-Blob", facts.spec_blob);
        self.opt("Base", facts.base);
        self.opt("Target", facts.target.as_ref());
        self.each("Work-Commit", &facts.work_commits);
        self.each("Patch-Id", &facts.patch_ids);
        self.opt(
            "Merge",
            facts.landing.map(|landing| match landing.old {
                Some(old) => format!("{old} {}", landing.new),
                None => format!("- {}", landing.new),
            }),
        );
        self.opt("Agent", facts.agent.as_ref());
        self.opt("Model", facts.model.as_ref());
        self.opt("Cost", facts.cost.as_ref());
        self.opt("Session", facts.session.as_ref());
        self.opt("Exit", facts.exit);
        self.opt("Reason", facts.reason.as_deref().map(one_line));
        self.each(
            "Informed-By",
            facts.informed_by.iter().map(|pin| match pin {
                Pin::Path { path, blob } => format!("path:{path} {blob}"),
                Pin::Spec { id, event } => format!("spec:{id} {event}"),
                Pin::Url(url) => format!("url:{url}"),
            }),
        );
        self.each("Supersedes", &facts.supersedes);
        self.opt(
            "Approval",
            facts.approval.as_ref().map(|approval| {
                format!("{} {}", if approval.approved { "approved" } else { "rejected" }, approval.blob)
            }),
        );
        self.each("Tampered", &facts.tampered);
        self.each("Contended", &facts.contended);
        self.opt("Current", facts.current);
        for (name, value) in &facts.unknown {
            self.put(name, value);
        }
    }
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
    let text = commit.message().body;
    let body = text.map(|text| BodyRef::from_bytes(text));
    let mut raw = Raw::default();
    let mut take = |token: &BStr, value: &BStr| match token.strip_prefix(b"Chant-") {
        Some(name) => raw.take(name.as_bstr(), unquote(value)).map_err(invalid),
        None => Ok(()),
    };
    let block = text.zip(body).map(|(text, body)| &text[body.without_trailer().len()..]);
    match block.and_then(|block| plain_trailers(block)) {
        Some(trailers) => trailers.into_iter().try_for_each(|(token, value)| take(token, value))?,
        None => {
            let mut trailers = body.iter().flat_map(BodyRef::trailers);
            trailers.try_for_each(|trailer| take(trailer.token, trailer.value.as_bstr()))?;
        }
    }
    if raw.format.is_none() {
        return Err(invalid("it has no Chant-Format trailer".into()));
    }
    let spec = raw.spec.ok_or_else(|| invalid("it has no Chant-Spec trailer".into()))?;
    let op = raw.op.ok_or_else(|| invalid("it has no Chant-Op trailer".into()))?;
    let generation = raw.generation.ok_or_else(|| invalid("it has no Chant-Gen trailer".into()))?;
    let parents: Vec<ObjectId> = commit.parents().collect();
    if parents.len() != raw.roles.len() {
        return Err(invalid(format!("it has {} parents and {} roles", parents.len(), raw.roles.len())));
    }
    if raw.roles.first().is_some_and(|role| *role == Role::Informed) {
        return Err(invalid("its first parent is not an event of its own chain".into()));
    }
    let author = commit.author().map_err(|_| invalid("its author line is malformed".into()))?;
    let time = author.time().unwrap_or_default();
    Ok(Event {
        id,
        parents: raw.roles.into_iter().zip(parents).collect(),
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
        facts: raw.facts,
    })
}

/// The trailers of a block of them if each is one line of printable ASCII, as this tool writes them: most of what is read is such, and
/// to find the white space of all scripts around each value takes longer than all the rest.
fn plain_trailers(block: &[u8]) -> Option<Vec<(&BStr, &BStr)>> {
    let lines = block.trim_ascii_start().split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let plain = |line| {
        let line: &[u8] = line;
        let end = line.iter().position(|byte| !byte.is_ascii_alphanumeric() && *byte != b'-').filter(|end| *end > 0)?;
        let value = line[end..].strip_prefix(b":")?;
        let printable = value.iter().all(|byte| matches!(byte, b' '..=b'~'));
        printable.then(|| (line[..end].as_bstr(), value.trim_ascii().as_bstr()))
    };
    lines.map(plain).collect()
}

#[derive(Default)]
struct Raw {
    format: Option<String>,
    spec: Option<SpecId>,
    op: Option<Op>,
    generation: Option<u64>,
    roles: Vec<Role>,
    facts: Facts,
}

impl Raw {
    fn take(&mut self, name: &BStr, value: Result<String, String>) -> Result<(), String> {
        let name = name.to_str().map_err(|_| "a trailer's name is not UTF-8".to_owned())?;
        let value = value.map_err(|why| format!("Chant-{name}: {why}"))?;
        let facts = &mut self.facts;
        let bad = |expected: &str| format!("Chant-{name}: '{}' is not {expected}", value.escape_debug());
        let id = || value.parse::<ObjectId>().map_err(|_| bad("an object id"));
        let status = || value.parse::<Status>().map_err(|_| bad("a status"));
        match name {
            "Format" => once(&mut self.format, name, value.clone())?,
            "Spec" => once(&mut self.spec, name, SpecId::new(&value).map_err(|error| error.to_string())?)?,
            "Op" => once(&mut self.op, name, Op::from_name(&value))?,
            "Gen" => once(&mut self.generation, name, value.parse().map_err(|_| bad("a number"))?)?,
            "Parents" if self.roles.is_empty() => self.roles = roles(&value).ok_or_else(|| bad("a list of roles"))?,
            "Status" => once(&mut facts.status, name, status()?)?,
            "Was" => once(&mut facts.was, name, status()?)?,
            "Phase" => once(&mut facts.phase, name, value.clone())?,
            "Attempt" => once(&mut facts.attempt, name, id()?)?,
            "Nonce" => once(&mut facts.nonce, name, value.clone())?,
            "Clone" => once(&mut facts.clone, name, value.clone())?,
            "Created" => once(&mut facts.created, name, value.clone())?,
            "Superseded-By" => {
                once(&mut facts.superseded_by, name, SpecId::new(&value).map_err(|error| error.to_string())?)?;
            }
            "Onto" => once(&mut facts.onto, name, value.clone())?,
            "Spec-Path" => once(&mut facts.spec_path, name, value.clone())?,
            "Spec-Blob" => once(&mut facts.spec_blob, name, id()?)?,
            "Base" => once(&mut facts.base, name, id()?)?,
            "Target" => once(&mut facts.target, name, value.clone())?,
            "Work-Commit" => facts.work_commits.push(id()?),
            "Patch-Id" => facts.patch_ids.push(value.clone()),
            "Merge" => once(&mut facts.landing, name, landing(&value).ok_or_else(|| bad("two object ids"))?)?,
            "Agent" => once(&mut facts.agent, name, value.clone())?,
            "Model" => once(&mut facts.model, name, value.clone())?,
            "Cost" => once(&mut facts.cost, name, value.clone())?,
            "Session" => once(&mut facts.session, name, value.clone())?,
            "Exit" => once(&mut facts.exit, name, value.parse().map_err(|_| bad("a number"))?)?,
            "Reason" => once(&mut facts.reason, name, value.clone())?,
            "Informed-By" => facts.informed_by.push(pin(&value).ok_or_else(|| bad("a pinned input"))?),
            "Supersedes" => facts.supersedes.push(id()?),
            "Approval" => once(&mut facts.approval, name, approval(&value).ok_or_else(|| bad("an approval"))?)?,
            "Tampered" => facts.tampered.push(value.clone()),
            "Contended" => facts.contended.push(id()?),
            "Current" => once(&mut facts.current, name, id()?)?,
            "Parents" => return Err("Chant-Parents occurs twice".into()),
            _ => facts.unknown.push((name.to_owned(), value.clone())),
        }
        Ok(())
    }
}

/// A single-valued trailer that occurs twice makes the event invalid.
fn once<T>(slot: &mut Option<T>, name: &str, value: T) -> Result<(), String> {
    if slot.replace(value).is_some() { Err(format!("Chant-{name} occurs twice")) } else { Ok(()) }
}

fn roles(value: &str) -> Option<Vec<Role>> {
    value
        .split(',')
        .map(|name| match name {
            "self" => Some(Role::Own),
            "informed" => Some(Role::Informed),
            _ => None,
        })
        .collect()
}

fn landing(value: &str) -> Option<Landing> {
    let (old, new) = value.split_once(' ')?;
    let old = if old == "-" { None } else { Some(old.parse().ok()?) };
    Some(Landing { old, new: new.parse().ok()? })
}

fn approval(value: &str) -> Option<Approval> {
    let (word, blob) = value.split_once(' ')?;
    let approved = match word {
        "approved" => true,
        "rejected" => false,
        _ => return None,
    };
    Some(Approval { approved, blob: blob.parse().ok()? })
}

fn pin(value: &str) -> Option<Pin> {
    if let Some(url) = value.strip_prefix("url:") {
        return Some(Pin::Url(url.to_owned()));
    }
    let (what, id) = value.rsplit_once(' ')?;
    let id = id.parse().ok()?;
    if let Some(path) = what.strip_prefix("path:") {
        return Some(Pin::Path { path: path.to_owned(), blob: id });
    }
    Some(Pin::Spec { id: SpecId::new(what.strip_prefix("spec:")?).ok()?, event: id })
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

/// What was quoted; whoever found the trailer has taken away the blanks around its value.
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
mod tests {
    use super::*;

    #[test]
    fn trailers_are_found_as_git_finds_them() {
        let texts = [
            "t\n\nSays it.\n\nChant-Format: 1\nChant-Spec: a\n",
            "t\n\nChant-Format: 1\nOther:x\nEmpty:\nBlanks:   a  b  \n",
            "t\n\nChant-Reason: one\n two\nChant-Format: 1\n",
            "t\n\nChant-Reason : one\nChant-Format: \u{a0}1\u{a0}\n",
            "t\n\nChant-Reason: \u{fc}\r\nChant-Format: 1\r\n\n\n",
            "t\n\nSigned-off-by: a\nno trailer\nChant-Format: 1\n",
            "t\n\nFirst: 1\n\nSecond: 2",
            "t\n\nnone at all\n",
            "Alone: 1\n",
            "t\n\n",
        ];
        let mut plain = 0;
        for text in texts {
            let message = gix::objs::commit::MessageRef::from_bytes(text.as_bytes());
            let (Some(body), Some(text)) = (message.body(), message.body) else { continue };
            let expected: Vec<_> = body.trailers().map(|one| (one.token.to_owned(), one.value.into_owned())).collect();
            if let Some(found) = plain_trailers(&text[body.without_trailer().len()..]) {
                plain += 1;
                let found: Vec<_> =
                    found.into_iter().map(|(token, value)| (token.to_owned(), value.to_owned())).collect();
                assert_eq!(found, expected, "{text:?}");
            }
        }
        assert!(plain >= 4, "{plain}");
    }

    #[test]
    fn values_survive_quoting() {
        for value in [
            "plain",
            "a b",
            " lead",
            "trail ",
            "\"q\"",
            "tab\there",
            "ü – ✓",
            "back\\slash",
            "new\nline",
            "a: b",
            "\u{1b}[31m",
        ] {
            let quoted = quote(value);
            assert!(!quoted.contains('\n'), "{quoted}");
            assert_eq!(unquote(quoted.as_bytes().as_bstr()), Ok(value.to_owned()), "{quoted}");
        }
    }
}
