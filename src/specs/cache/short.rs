//! What the index keeps of a spec in short: what a line about it hangs on, and where its refs stood. There are thousands of these to be
//! gone through each time, and so they are laid out by hand: numbers as they stand in memory, texts and ids borrowed.

use gix::ObjectId;

use super::row;
use crate::{
    domain::{spec_type::SpecType, status::Status},
    git::work_file::Stamp,
};

/// Everything that is kept in short about one spec.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Short<'b> {
    /// Its id: specs are looked for by that.
    pub id: &'b str,
    /// What its packed ref held when the packed refs were read.
    pub packed: Option<ObjectId>,
    /// The file of its loose ref, and what it held.
    pub loose: Option<(Stamp, ObjectId)>,
    /// What its events amount to.
    pub tip: Option<Tip<'b>>,
    /// A [`super::row::BehindRow`].
    pub behind: &'b [u8],
    /// What its text says.
    pub text: Option<Saying<'b>>,
    /// Where the rest stands.
    pub long: Place,
}

/// A place in the second part of the file, where a [`super::row::LongRow`] stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    pub begin: u32,
    pub length: u32,
    /// The checksum of what is there.
    pub sum: u32,
}

/// What events amount to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tip<'b> {
    pub tip: ObjectId,
    pub status: Status,
    pub contended: bool,
    pub superseded: bool,
    /// Whether anybody has approved or rejected it.
    pub answered: bool,
    pub attempt: Option<ObjectId>,
    pub spec_blob: Option<ObjectId>,
    /// The commits, one id after the other.
    pub work: &'b [u8],
    /// Whether it was given anything, and whether anything else than specs and addresses.
    pub inputs: (bool, bool),
    /// A list of the specs that it was given, and their events.
    pub pins: &'b [u8],
}

/// What a text says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Saying<'b> {
    pub stamp: Option<Stamp>,
    pub place: u8,
    pub title: Option<&'b str>,
    pub kind: SpecType,
    pub phase: Option<&'b str>,
    pub topic: Option<&'b str>,
    /// Whether it has inputs, and whether one of them is other than a spec or an address.
    pub inputs: (bool, bool),
    /// Whether it asks to be approved.
    pub approval: bool,
    /// A list of them; empty without any.
    pub labels: &'b [u8],
    /// What it depends on, likewise.
    pub depends_on: &'b [u8],
}

/// What there is, one bit each, in the order of the record.
mod has {
    pub(super) const PACKED: u32 = 1;
    /// It is what the events are known up to: it is not written twice.
    pub(super) const PACKED_TIP: u32 = 1 << 1;
    pub(super) const LOOSE: u32 = 1 << 2;
    pub(super) const LOOSE_TIP: u32 = 1 << 3;
    pub(super) const TIP: u32 = 1 << 4;
    pub(super) const CONTENDED: u32 = 1 << 5;
    pub(super) const SUPERSEDED: u32 = 1 << 6;
    pub(super) const ANSWERED: u32 = 1 << 7;
    pub(super) const ATTEMPT: u32 = 1 << 8;
    pub(super) const SPEC_BLOB: u32 = 1 << 9;
    pub(super) const GIVEN: u32 = 1 << 10;
    pub(super) const GIVEN_FILES: u32 = 1 << 11;
    pub(super) const TEXT: u32 = 1 << 12;
    pub(super) const STAMP: u32 = 1 << 13;
    pub(super) const TITLE: u32 = 1 << 14;
    pub(super) const PHASE: u32 = 1 << 15;
    pub(super) const TOPIC: u32 = 1 << 16;
    pub(super) const INPUTS: u32 = 1 << 17;
    pub(super) const INPUT_FILES: u32 = 1 << 18;
    pub(super) const APPROVAL: u32 = 1 << 19;
}

/// How long the ids of objects are, in bytes, and how a record begins: with its own length.
const LENGTH: usize = size_of::<u32>();

/// The records of `bytes`, each as the place where it begins; `None` if they do not fill it.
pub(super) fn places(bytes: &[u8], mut at: usize) -> Option<Vec<u32>> {
    let mut places = Vec::with_capacity((bytes.len() - at) / 256);
    while at < bytes.len() {
        let (length, _) = bytes[at..].split_first_chunk::<LENGTH>()?;
        let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
        places.push(u32::try_from(at).ok()?);
        at = at.checked_add(length).filter(|end| length > LENGTH && *end <= bytes.len())?;
    }
    Some(places)
}

/// The id in the record that begins at `at`.
pub(super) fn id(bytes: &[u8], at: u32) -> Option<&[u8]> {
    let mut rest = Rest(bytes.get(usize::try_from(at).ok()? + LENGTH..)?);
    rest.name()
}

/// How a record begins: with what is asked about the refs of all specs.
pub(super) struct Begin<'b> {
    pub id: &'b str,
    pub packed: Option<ObjectId>,
    pub loose: Option<(Stamp, ObjectId)>,
    bits: u32,
    long: Place,
    /// What the events are known up to.
    known: Option<ObjectId>,
    rest: Rest<'b>,
}

/// The beginning of the record that begins at `at`, where ids have `width` bytes.
pub(super) fn begin(bytes: &[u8], at: u32, width: usize) -> Option<Begin<'_>> {
    let mut rest = Rest(bytes.get(usize::try_from(at).ok()? + LENGTH..)?);
    let id = str::from_utf8(rest.name()?).ok()?;
    let bits = rest.number()?;
    let has = |bit: u32| bits & bit != 0;
    let long = Place { begin: rest.number()?, length: rest.number()?, sum: rest.number()? };
    let known = if has(has::TIP) { Some(rest.oid(width)?) } else { None };
    let held = |bit, same, rest: &mut Rest<'_>| match (has(bit), has(same)) {
        (false, _) => Some(None),
        (true, true) => Some(Some(known?)),
        (true, false) => Some(Some(rest.oid(width)?)),
    };
    let packed = held(has::PACKED, has::PACKED_TIP, &mut rest)?;
    let loose = match held(has::LOOSE, has::LOOSE_TIP, &mut rest)? {
        Some(tip) => Some((rest.stamp()?, tip)),
        None => None,
    };
    Some(Begin { id, packed, loose, bits, long, known, rest })
}

/// The record that begins at `at`, where ids have `width` bytes.
pub(super) fn decode(bytes: &[u8], at: u32, width: usize) -> Option<Short<'_>> {
    let Begin { id, packed, loose, bits, long, known, mut rest } = begin(bytes, at, width)?;
    let has = |bit: u32| bits & bit != 0;
    let tip = match known {
        None => None,
        Some(tip) => Some(Tip {
            tip,
            status: row::status(rest.byte()?)?,
            contended: has(has::CONTENDED),
            superseded: has(has::SUPERSEDED),
            answered: has(has::ANSWERED),
            attempt: if has(has::ATTEMPT) { Some(rest.oid(width)?) } else { None },
            spec_blob: if has(has::SPEC_BLOB) { Some(rest.oid(width)?) } else { None },
            work: rest.bytes()?,
            inputs: (has(has::GIVEN), has(has::GIVEN_FILES)),
            pins: rest.bytes()?,
        }),
    };
    let behind = rest.bytes()?;
    let text = if has(has::TEXT) {
        Some(Saying {
            stamp: if has(has::STAMP) { Some(rest.stamp()?) } else { None },
            place: rest.byte()?,
            kind: row::kind(rest.byte()?)?,
            title: if has(has::TITLE) { Some(rest.text()?) } else { None },
            phase: if has(has::PHASE) { Some(rest.text()?) } else { None },
            topic: if has(has::TOPIC) { Some(rest.text()?) } else { None },
            inputs: (has(has::INPUTS), has(has::INPUT_FILES)),
            approval: has(has::APPROVAL),
            labels: rest.bytes()?,
            depends_on: rest.bytes()?,
        })
    } else {
        None
    };
    Some(Short { id, packed, loose, tip, behind, text, long })
}

/// What is left of a record.
struct Rest<'b>(&'b [u8]);

impl<'b> Rest<'b> {
    fn take(&mut self, length: usize) -> Option<&'b [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn byte(&mut self) -> Option<u8> {
        let (byte, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*byte)
    }

    fn number(&mut self) -> Option<u32> {
        let (bytes, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u32::from_le_bytes(*bytes))
    }

    fn name(&mut self) -> Option<&'b [u8]> {
        let length = self.byte()?;
        self.take(usize::from(length))
    }

    fn bytes(&mut self) -> Option<&'b [u8]> {
        let length = self.number()?;
        self.take(usize::try_from(length).ok()?)
    }

    fn text(&mut self) -> Option<&'b str> {
        str::from_utf8(self.bytes()?).ok()
    }

    fn oid(&mut self, width: usize) -> Option<ObjectId> {
        ObjectId::try_from(self.take(width)?).ok()
    }

    fn stamp(&mut self) -> Option<Stamp> {
        let (bytes, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(Stamp::from_bytes(bytes))
    }
}

impl Short<'_> {
    /// Appends its record.
    ///
    /// # Errors
    /// If it is too long to be one.
    pub(super) fn encode(&self, out: &mut Vec<u8>) -> std::io::Result<()> {
        let begin = out.len();
        out.extend_from_slice(&[0; LENGTH]);
        out.push(u8::try_from(self.id.len()).map_err(std::io::Error::other)?);
        out.extend_from_slice(self.id.as_bytes());
        out.extend_from_slice(&self.bits().to_le_bytes());
        let Place { begin: at, length, sum } = self.long;
        [at, length, sum].iter().for_each(|number| out.extend_from_slice(&number.to_le_bytes()));
        let known = self.tip.map(|tip| tip.tip);
        let put_id =
            |out: &mut Vec<u8>, id: Option<ObjectId>| id.iter().for_each(|id| out.extend_from_slice(id.as_slice()));
        put_id(out, known);
        put_id(out, self.packed.filter(|id| Some(*id) != known));
        if let Some((stamp, id)) = self.loose {
            put_id(out, Some(id).filter(|id| Some(*id) != known));
            out.extend_from_slice(&stamp.to_bytes());
        }
        if let Some(tip) = &self.tip {
            out.push(row::number(tip.status));
            put_id(out, tip.attempt);
            put_id(out, tip.spec_blob);
            put(out, tip.work)?;
            put(out, tip.pins)?;
        }
        put(out, self.behind)?;
        if let Some(text) = &self.text {
            text.stamp.iter().for_each(|stamp| out.extend_from_slice(&stamp.to_bytes()));
            out.extend_from_slice(&[text.place, row::kind_number(text.kind)]);
            for text in [text.title, text.phase, text.topic].into_iter().flatten() {
                put(out, text.as_bytes())?;
            }
            put(out, text.labels)?;
            put(out, text.depends_on)?;
        }
        let length = u32::try_from(out.len() - begin).map_err(std::io::Error::other)?;
        out[begin..begin + LENGTH].copy_from_slice(&length.to_le_bytes());
        Ok(())
    }

    fn bits(&self) -> u32 {
        let known = self.tip.map(|tip| tip.tip);
        let is_known = |id: Option<ObjectId>| id.is_some() && id == known;
        let loose = self.loose.map(|(_, id)| id);
        let mut bits = 0;
        let mut set = |bit: u32, holds: bool| bits |= if holds { bit } else { 0 };
        set(has::PACKED, self.packed.is_some());
        set(has::PACKED_TIP, is_known(self.packed));
        set(has::LOOSE, loose.is_some());
        set(has::LOOSE_TIP, is_known(loose));
        if let Some(tip) = &self.tip {
            set(has::TIP, true);
            set(has::CONTENDED, tip.contended);
            set(has::SUPERSEDED, tip.superseded);
            set(has::ANSWERED, tip.answered);
            set(has::ATTEMPT, tip.attempt.is_some());
            set(has::SPEC_BLOB, tip.spec_blob.is_some());
            set(has::GIVEN, tip.inputs.0);
            set(has::GIVEN_FILES, tip.inputs.1);
        }
        if let Some(text) = &self.text {
            set(has::TEXT, true);
            set(has::STAMP, text.stamp.is_some());
            set(has::TITLE, text.title.is_some());
            set(has::PHASE, text.phase.is_some());
            set(has::TOPIC, text.topic.is_some());
            set(has::INPUTS, text.inputs.0);
            set(has::INPUT_FILES, text.inputs.1);
            set(has::APPROVAL, text.approval);
        }
        bits
    }
}

fn put(out: &mut Vec<u8>, bytes: &[u8]) -> std::io::Result<()> {
    let length = u32::try_from(bytes.len()).map_err(std::io::Error::other)?;
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(bytes);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn oid(byte: u8) -> ObjectId {
        ObjectId::from_bytes_or_panic(&[byte; 20])
    }

    fn full() -> Short<'static> {
        let stamp = Stamp::from_bytes(&std::array::from_fn(|at| u8::try_from(at).expect("56 is small")));
        Short {
            id: "2026-02-08-010-v7b",
            packed: Some(oid(1)),
            loose: Some((stamp, oid(2))),
            tip: Some(Tip {
                tip: oid(2),
                status: Status::Finished,
                contended: true,
                superseded: false,
                answered: true,
                attempt: Some(oid(3)),
                spec_blob: Some(oid(4)),
                work: &[7; 40],
                inputs: (true, false),
                pins: &[8],
            }),
            behind: &[9, 9],
            text: Some(Saying {
                stamp: Some(stamp),
                place: 1,
                title: Some("Über"),
                kind: SpecType::Gate,
                phase: None,
                topic: Some(""),
                inputs: (true, true),
                approval: true,
                labels: &[1, 1, b'x'],
                depends_on: &[1, 1, b'y'],
            }),
            long: Place { begin: 70_000, length: 12, sum: 5 },
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let whole = full();
        let only = |id| Short { id, ..Short::default() };
        let some = [
            only("a"),
            Short { packed: whole.packed, ..only("b") },
            Short { loose: whole.loose, ..only("c") },
            Short { tip: whole.tip.map(|tip| Tip { attempt: None, spec_blob: None, ..tip }), ..only("d") },
            Short { text: whole.text.map(|text| Saying { stamp: None, title: None, ..text }), ..only("e") },
            Short { packed: Some(oid(2)), ..whole },
            whole,
        ];
        let mut bytes = b"head".to_vec();
        some.iter().for_each(|one| one.encode(&mut bytes).expect("they are short"));
        let places = places(&bytes, 4).expect("whole records");
        assert_eq!(places.len(), some.len());
        for (at, one) in places.iter().zip(&some) {
            assert_eq!(decode(&bytes, *at, 20).as_ref(), Some(one));
            assert_eq!(id(&bytes, *at), Some(one.id.as_bytes()));
            let begin = begin(&bytes, *at, 20).expect("it begins");
            assert_eq!((begin.id, begin.packed, begin.loose), (one.id, one.packed, one.loose));
        }
    }

    #[test]
    fn what_is_cut_off_is_none() {
        let mut bytes = Vec::new();
        full().encode(&mut bytes).expect("it is short");
        for length in 1..bytes.len() {
            assert_eq!(places(&bytes[..length], 0), None, "{length}");
            assert_eq!(decode(&bytes[..length], 0, 20), None, "{length}");
        }
        assert_eq!(places(&[4, 0, 0, 0], 0), None, "a record that is nothing but its length would never end");
    }
}
