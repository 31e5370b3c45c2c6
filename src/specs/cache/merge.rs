//! What is written of a spec: what was known of it, and what is new.

use gix::ObjectId;

use super::{
    Book, KnownText, News,
    row::{self, BehindRow, FrontRow, LongRow, Oid, StateRow, TextRow, ThenRow},
    short::{Place, Saying, Short, Tip},
};
use crate::{
    domain::{event::Pin, id::SpecId, pattern::Entry, spec_file::FrontMatter, state::State},
    git::work_file::Stamp,
};

/// Both parts of the file, as far as they are made.
#[derive(Debug, Default)]
pub(super) struct Parts {
    pub short: Vec<u8>,
    pub long: Vec<u8>,
}

impl Parts {
    /// Appends a spec: what `book` has of it, what is `new`, what its packed ref holds.
    pub(super) fn add(
        &mut self,
        book: &Book,
        id: &str,
        new: Option<&News>,
        packed: Option<ObjectId>,
    ) -> std::io::Result<()> {
        let old = book.short(id).unwrap_or_default();
        let bytes = book.long(&old);
        let long = LongRow::of(&bytes);
        let old = Short { id, packed, ..old };
        let Some(new) = new else { return self.put(old, &long) };
        let state = match &new.state {
            Some(state) => Some(Folded::of(state)?),
            None => None,
        };
        let text = match &new.text {
            Some(text) => Some(Said::of(text)?),
            None => None,
        };
        let behind = behind(&old, new)?;
        let short = Short {
            loose: new.loose.or(old.loose),
            tip: state.as_ref().map(Folded::tip).or(old.tip),
            behind: &behind,
            text: text.as_ref().map(Said::saying).or(old.text),
            ..old
        };
        let long = LongRow {
            state: state.as_ref().map(|state| state.whole.as_slice()).or(long.state),
            text: text.as_ref().map(Said::row).or(long.text),
        };
        self.put(short, &long)
    }

    fn put(&mut self, short: Short<'_>, long: &LongRow<'_>) -> std::io::Result<()> {
        let begin = super::length(&self.long)?;
        if *long != LongRow::default() {
            self.long = postcard::to_extend(long, std::mem::take(&mut self.long)).map_err(std::io::Error::other)?;
        }
        let length = super::length(&self.long)? - begin;
        let sum = crc32fast::hash(&self.long[begin as usize..]);
        Short { long: Place { begin, length, sum }, ..short }.encode(&mut self.short)
    }
}

/// A state and what is kept of it.
struct Folded<'s> {
    state: &'s State,
    work: Vec<u8>,
    pins: Vec<u8>,
    whole: Vec<u8>,
}

impl Folded<'_> {
    fn of(state: &State) -> std::io::Result<Folded<'_>> {
        let pins = state.facts.informed_by.iter().filter_map(|pin| match pin {
            Pin::Spec { id, event } => Some((id.as_str(), Oid(*event))),
            Pin::Path { .. } | Pin::Url(_) => None,
        });
        let pins: Vec<(&str, Oid)> = pins.collect();
        Ok(Folded {
            state,
            work: row::joined(&state.facts.work_commits),
            pins: bytes(&pins)?,
            whole: bytes(&StateRow::of(state))?,
        })
    }

    fn tip(&self) -> Tip<'_> {
        let State { facts, .. } = self.state;
        let is_file = |pin: &Pin| matches!(pin, Pin::Path { .. });
        Tip {
            tip: self.state.tip,
            status: self.state.status,
            contended: self.state.is_contended(),
            superseded: facts.superseded_by.is_some(),
            answered: facts.approval.is_some(),
            attempt: self.state.attempt,
            spec_blob: facts.spec_blob,
            work: &self.work,
            inputs: (!facts.informed_by.is_empty(), facts.informed_by.iter().any(is_file)),
            pins: &self.pins,
        }
    }
}

/// A text and what is kept of it.
struct Said<'t> {
    front: &'t FrontMatter,
    stamp: Option<Stamp>,
    place: u8,
    title: Option<&'t str>,
    path: &'t str,
    blob: ObjectId,
    labels: Vec<u8>,
    depends_on: Vec<u8>,
    says: Vec<u8>,
}

impl Said<'_> {
    fn of(text: &KnownText) -> std::io::Result<Said<'_>> {
        let list = |list: &Vec<String>| if list.is_empty() { Ok(Vec::new()) } else { bytes(list) };
        Ok(Said {
            front: &text.front,
            stamp: text.stamp,
            place: text.place,
            title: text.title.as_deref(),
            path: &text.path,
            blob: text.blob,
            labels: list(&text.front.labels)?,
            depends_on: list(&text.front.depends_on)?,
            says: bytes(&FrontRow::of(&text.front))?,
        })
    }

    fn saying(&self) -> Saying<'_> {
        let is_file = |written: &str| !matches!(Entry::parse(written), Ok(Entry::Spec(_) | Entry::Url(_)));
        Saying {
            stamp: self.stamp,
            place: self.place,
            title: self.title,
            kind: self.front.kind,
            phase: self.front.phase.as_deref(),
            topic: self.front.topic.as_deref(),
            inputs: (self.front.inputs().next().is_some(), self.front.inputs().any(is_file)),
            approval: self.front.approval.required,
            labels: &self.labels,
            depends_on: &self.depends_on,
        }
    }

    fn row(&self) -> TextRow<'_> {
        TextRow { path: self.path, blob: Oid(self.blob), says: &self.says }
    }
}

/// What is behind the attempt on a spec.
fn behind(old: &Short<'_>, new: &News) -> std::io::Result<Vec<u8>> {
    let commits: Vec<Vec<u8>> = new.pinned.iter().map(|(.., then)| row::joined(&then.work_commits)).collect();
    let mut behind = postcard::from_bytes::<BehindRow<'_>>(old.behind).unwrap_or_default();
    if let Some((attempt, ids)) = &new.origins {
        behind.origins = Some((Oid(*attempt), ids.iter().map(SpecId::as_str).collect()));
    }
    for ((spec, event, then), work) in new.pinned.iter().zip(&commits) {
        behind.pinned.retain(|row| row.spec != spec.as_str());
        behind.pinned.push(ThenRow {
            spec: spec.as_str(),
            event: Oid(*event),
            spec_blob: then.spec_blob.map(Oid),
            attempt: then.attempt.map(Oid),
            work,
        });
    }
    bytes(&behind)
}

fn bytes(value: &impl serde::Serialize) -> std::io::Result<Vec<u8>> {
    postcard::to_stdvec(value).map_err(std::io::Error::other)
}

impl Book {
    /// Whether what it has of a spec in short is what it has at length; what it has in short only is another's to check.
    pub(crate) fn is_consistent(&self, id: &SpecId) -> bool {
        let Some(short) = self.short(id.as_str()) else { return true };
        let bytes = self.long(&short);
        let long = LongRow::of(&bytes);
        let state = long.state.and_then(|bytes| postcard::from_bytes::<StateRow>(bytes).ok()).and_then(StateRow::state);
        let tip = match (short.tip, state) {
            (Some(tip), Some(state)) => Folded::of(&state).is_ok_and(|folded| folded.tip() == tip),
            (tip, _) => tip.is_none() || long.state.is_none(),
        };
        let front =
            long.text.and_then(|text| postcard::from_bytes::<FrontRow>(text.says).ok()).and_then(FrontRow::front);
        let text = match (short.text, front) {
            (Some(says), Some(front)) => {
                // Neither the file nor the title is told twice.
                let text = KnownText {
                    stamp: says.stamp,
                    place: says.place,
                    path: String::new(),
                    blob: long.text.map_or(ObjectId::null(gix::hash::Kind::Sha1), |text| text.blob.0),
                    title: says.title.map(str::to_owned),
                    front,
                };
                Said::of(&text).is_ok_and(|said| said.saying() == says)
            }
            (text, _) => text.is_none() || long.text.is_none(),
        };
        tip && text
    }
}
