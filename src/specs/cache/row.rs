//! What the cache keeps of one spec.

use gix::ObjectId;
use serde::{Deserialize, Serialize};

use crate::{
    domain::{oid, state::State},
    git::work_file::Stamp,
    specs::facts::{StateFacts, TextFacts, WorkFacts},
};

/// How a record begins: with what is asked about the refs of all specs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct RefRow<'b> {
    /// The id: records are sorted by it.
    pub id: &'b str,
    /// What the packed ref held when the packed refs were read.
    #[serde(with = "oid")]
    pub packed: Option<ObjectId>,
    /// The file of the loose ref; what the ref held is next to it.
    pub loose: Option<Stamp>,
    #[serde(with = "oid")]
    pub loose_tip: Option<ObjectId>,
}

/// What follows: the facts that a line, readiness and drift rest on, then all of it, decoded only where that is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Row<'b> {
    /// A [`Informed`].
    pub informed: &'b [u8],
    #[serde(borrow)]
    pub state: Option<StateFacts<'b>>,
    /// The [`State`] in full.
    pub full_state: &'b [u8],
    pub text: Option<TextRow<'b>>,
}

/// The text of a spec.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct TextRow<'b> {
    /// The file that it was read from as it was then, if a change of it shows since.
    pub stamp: Option<Stamp>,
    /// Which of the directories that file was in.
    pub directory: u8,
    /// The path relative to the top of the work tree.
    pub path: &'b str,
    #[serde(borrow)]
    pub facts: TextFacts<'b>,
    /// The front matter in full.
    pub front: &'b [u8],
}

/// The specs that informed an attempt.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Informed<'b> {
    /// The start event of the attempt.
    #[serde(with = "oid")]
    pub attempt: Option<ObjectId>,
    /// The specs whose events are its parents.
    #[serde(borrow)]
    pub origins: Vec<&'b str>,
    /// What pinned events of other specs said.
    pub pinned: Vec<PinnedRow<'b>>,
}

/// What a pinned event of another spec said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PinnedRow<'b> {
    pub spec: &'b str,
    #[serde(with = "oid")]
    pub event: ObjectId,
    pub work: WorkFacts,
}

impl<'b> Row<'b> {
    /// The state in full.
    pub(super) fn state(&self) -> Option<State> {
        let state = postcard::from_bytes::<State>(self.full_state).ok()?;
        (Some(state.tip) == self.state.as_ref().map(|facts| facts.tip)).then_some(state)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::{
            event::{Approval, Landing, Review},
            spec_type::SpecType,
            status::Status,
        },
        specs::facts::{Lines, MergeFacts, PinFacts},
    };

    fn oid(byte: u8) -> ObjectId {
        ObjectId::from_bytes_or_panic(&[byte; 20])
    }

    fn stamp() -> Stamp {
        Stamp::from_bytes(&std::array::from_fn(|at| u8::try_from(at).expect("56 is small")))
    }

    fn full() -> (RefRow<'static>, Row<'static>) {
        let refs =
            RefRow { id: "2026-02-08-010-v7b", packed: Some(oid(1)), loose: Some(stamp()), loose_tip: Some(oid(2)) };
        let state = StateFacts {
            tip: oid(2),
            status: Status::Finished,
            updated: 1_770_000_000,
            contended: true,
            work: WorkFacts { spec_blob: Some(oid(4)), attempt: Some(oid(3)), commits: vec![oid(5), oid(6)] },
            merge: Some(MergeFacts {
                target: "refs/heads/main",
                landing: Landing { old: Some(oid(10)), new: oid(11) },
            }),
            superseded_by: Some("011"),
            proposed_by: Some("012"),
            onto: Some("main"),
            approval: Some(Approval { approved: true, blob: oid(7) }),
            review: Some(Review { approved: true, commit: oid(6) }),
            pins: vec![PinFacts::Path("doc.md", oid(8)), PinFacts::Spec("012", oid(9)), PinFacts::Url],
        };
        let facts = TextFacts {
            blob: oid(4),
            title: Some("Über"),
            kind: SpecType::Gate,
            phase: None,
            topic: Some(""),
            labels: ["x"].into_iter().collect(),
            depends_on: ["y", ""].into_iter().collect(),
            informed_by: Lines::default(),
            tracked: ["src/**"].into_iter().collect(),
            approval: true,
            priority: -3,
            not_before: Some("2026-02-08"),
        };
        let text = TextRow { stamp: Some(stamp()), directory: 1, path: ".chant/specs/010.md", facts, front: &[7; 40] };
        (refs, Row { state: Some(state), full_state: &[8], text: Some(text), informed: &[9, 9] })
    }

    /// Rows with everything and with one thing missing.
    fn rows() -> Vec<(RefRow<'static>, Row<'static>)> {
        let (refs, row) = full();
        let state = row.state.clone().map(|state| StateFacts {
            work: WorkFacts { spec_blob: None, attempt: None, commits: Vec::new() },
            merge: None,
            approval: None,
            review: None,
            ..state
        });
        let text = row.text.clone().map(|text| TextRow { stamp: None, ..text });
        vec![
            (RefRow { packed: None, ..refs }, Row { state, ..row.clone() }),
            (RefRow { loose: None, loose_tip: None, ..refs }, Row { text, ..row.clone() }),
            (RefRow { id: "", ..refs }, Row::default()),
            (refs, row),
        ]
    }

    fn written(refs: &RefRow<'_>, row: &Row<'_>) -> Vec<u8> {
        let bytes = postcard::to_stdvec(refs).expect("it is short");
        postcard::to_extend(row, bytes).expect("it is short")
    }

    #[test]
    fn what_is_written_is_read() {
        for (refs, row) in rows() {
            let bytes = written(&refs, &row);
            let (read, rest) = postcard::take_from_bytes::<RefRow<'_>>(&bytes).expect("refs");
            assert_eq!(read, refs);
            assert_eq!(postcard::from_bytes::<Row<'_>>(rest).expect("a row"), row);
        }
    }

    #[test]
    fn what_is_cut_off_is_none() {
        let (refs, row) = full();
        let bytes = written(&refs, &row);
        for length in 0..bytes.len() {
            let cut = &bytes[..length];
            let rest = postcard::take_from_bytes::<RefRow<'_>>(cut).map(|(_, rest)| rest);
            assert!(rest.and_then(postcard::from_bytes::<Row<'_>>).is_err(), "{length}");
        }
    }
}
