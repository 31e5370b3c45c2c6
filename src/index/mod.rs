//! The index: what was read of all specs, kept so that it need not be read again. Anybody may delete it at any time.
//!
//! It holds nothing but answers to questions whose answers never change: what an event (by its id) amounts to, what a text (by its
//! blob, or by the stamp of the file that it was read from) says, which commit reaches which. Whoever asks brings the id or the stamp
//! of now: what was made from another one is no answer. That is all there is to keep in step, and configuration, branches, leases and
//! the clock have no part in it.
//!
//! The file begins with what it was made by and ends with a checksum. One of another version, or that is damaged, is none. It is
//! written beside its place and renamed into it, without a lock: whoever writes at the same time writes the truth as well. Where it
//! cannot be written everything takes a little longer.

mod brief;
pub mod names;
mod row;

pub use brief::{Behind, Brief, BriefText, BriefThen};

use std::{
    borrow::Cow,
    cell::Cell,
    cmp::Ordering,
    collections::{BTreeMap, HashMap},
    io::Write,
    ops::Range,
    path::{Path, PathBuf},
    rc::Rc,
};

use gix::ObjectId;
use serde::{Deserialize, Serialize};

use crate::{
    domain::{event::Pin, id::SpecId, pattern::Entry, spec::FrontMatter, state::State},
    env::fault,
    git::work_file::{self, Stamp},
};
use row::{BehindRow, FrontRow, Oid, ShortRow, SpecRow, StateRow, TextRow, ThenRow, TipRow};

/// Changes with what is written, and with what reading a text or an event comes to.
const FORMAT: u32 = 3;

/// What the file begins with.
const MAGIC: &[u8; 8] = b"CHANTIDX";

/// A larger file is not read, in bytes: a hundred thousand specs take some fifty million.
const MOST: u64 = 1 << 30;

/// Of so many commits at the most it is kept which others they reach.
const MAX_WALKS: usize = 8;

/// What is known of a text.
#[derive(Clone, Debug)]
pub struct KnownText {
    /// The file that it was read from as it was then, if a change of it shows since.
    pub stamp: Option<Stamp>,
    /// Which of the places where it may be that was.
    pub place: u8,
    /// Its path relative to the top.
    pub path: String,
    /// The blob that it is.
    pub blob: ObjectId,
    /// Its title.
    pub title: Option<String>,
    /// Its front matter.
    pub front: FrontMatter,
}

/// What an event said of its spec.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Then {
    /// The text.
    pub spec_blob: Option<ObjectId>,
    /// The attempt that decided.
    pub attempt: Option<ObjectId>,
    /// Its commits.
    pub work_commits: Vec<ObjectId>,
}

/// What is new of a spec. Each part is an answer for whoever finds what it was made from unchanged; what is not there is as it was.
#[derive(Clone, Debug, Default)]
pub struct News {
    /// The file of its ref, and what it held.
    pub loose: Option<(Stamp, ObjectId)>,
    /// What its events amount to, at the tip that is in it.
    pub state: Option<Rc<State>>,
    /// Its text.
    pub text: Option<KnownText>,
    /// The specs that informed an attempt, with its start event.
    pub origins: Option<(ObjectId, Rc<[SpecId]>)>,
    /// What events of other specs, its inputs, said of those.
    pub pinned: Vec<(SpecId, ObjectId, Rc<Then>)>,
}

/// Commits, each with some that it reaches.
pub type Reached = Vec<(ObjectId, Vec<ObjectId>)>;

/// What follows the seal; the specs follow it, one after the other, sorted by id.
#[derive(Serialize, Deserialize)]
struct Head {
    reached: Vec<(Oid, Vec<Oid>)>,
    /// How long each of the specs is.
    lengths: Vec<u32>,
}

/// The file.
#[derive(Clone, Debug)]
pub struct Index {
    dir: PathBuf,
    name: String,
    seal: Vec<u8>,
}

/// What was read of it. A spec is decoded when it is asked for, and each time: few are asked for twice.
#[derive(Debug, Default)]
pub struct Book {
    bytes: Vec<u8>,
    specs: Vec<Range<usize>>,
    /// Which of them was asked for last: mostly it is this one again, or the next.
    last: Cell<usize>,
    /// Commits, each with some that it reaches.
    pub reached: Reached,
}

impl Index {
    /// The index in the file `name` of `dir`, for texts that are looked for in `places`. `binary` tells the program that runs from
    /// another build of it.
    pub fn new(dir: &Path, name: &str, places: &[PathBuf], binary: &str) -> Index {
        let mut seal = format!("{}\0{FORMAT}\0{binary}\0", env!("CARGO_PKG_VERSION")).into_bytes();
        for place in places {
            seal.extend_from_slice(place.as_os_str().as_encoded_bytes());
            seal.push(0);
        }
        Index { dir: dir.to_owned(), name: name.to_owned(), seal }
    }

    /// Where it lies.
    pub fn path(&self) -> PathBuf {
        self.dir.join(&self.name)
    }

    /// What is in it; nothing if there is none that can be used.
    pub fn read(&self) -> Option<Book> {
        // Whatever is in its place is neither followed nor waited for.
        let bytes = whole(&self.dir, &self.name, MOST)?;
        let rest = bytes.strip_prefix(MAGIC)?;
        let (length, rest) = rest.split_first_chunk::<4>()?;
        let (seal, rest) = rest.split_at_checked(usize::try_from(u32::from_le_bytes(*length)).ok()?)?;
        if seal != self.seal {
            return None;
        }
        let (head, rest) = postcard::take_from_bytes::<Head>(rest).ok()?;
        let mut at = bytes.len() - rest.len();
        let mut specs = Vec::with_capacity(head.lengths.len());
        for length in head.lengths {
            let end = at.checked_add(usize::try_from(length).ok()?).filter(|end| *end <= bytes.len())?;
            specs.push(at..end);
            at = end;
        }
        let reached = head.reached.into_iter().map(|(from, to)| (from.0, to.into_iter().map(|id| id.0).collect()));
        Some(Book { specs, last: Cell::new(0), reached: reached.collect(), bytes })
    }

    /// Puts it into its place, whole: what `book` has of the specs that `exist`, and what is new. Who cannot write it does without.
    ///
    /// # Errors
    /// What the system says.
    pub fn write(
        &self,
        book: &Book,
        reached: &Reached,
        news: &HashMap<SpecId, News>,
        exist: impl Fn(&str) -> bool,
    ) -> std::io::Result<()> {
        let mut specs: BTreeMap<&str, Cow<'_, [u8]>> = BTreeMap::new();
        for at in 0..book.specs.len() {
            let id = book.id(at).unwrap_or_default();
            if exist(id) {
                specs.insert(id, Cow::Borrowed(book.frame(at)));
            }
        }
        for (id, new) in news.iter().filter(|(id, _)| exist(id.as_str())) {
            specs.insert(id.as_str(), Cow::Owned(merged(book, id, new).map_err(std::io::Error::other)?));
        }
        let walks = reached.iter().take(MAX_WALKS);
        let head = Head {
            reached: walks.map(|(from, to)| (Oid(*from), to.iter().copied().map(Oid).collect())).collect(),
            lengths: specs.values().map(|frame| u32::try_from(frame.len()).unwrap_or(u32::MAX)).collect(),
        };
        let mut bytes = MAGIC.to_vec();
        let length = u32::try_from(self.seal.len()).map_err(std::io::Error::other)?;
        bytes.extend_from_slice(&length.to_le_bytes());
        bytes.extend_from_slice(&self.seal);
        let mut bytes = postcard::to_extend(&head, bytes).map_err(std::io::Error::other)?;
        specs.values().for_each(|frame| bytes.extend_from_slice(frame));
        place(&self.dir, &self.name, bytes)
    }
}

/// A file of ours without its sum; none if it is larger than `most` bytes, damaged, or no file.
fn whole(dir: &Path, name: &str, most: u64) -> Option<Vec<u8>> {
    let mut bytes = work_file::read(dir, name.as_bytes().into(), most).ok()??;
    let (summed, sum) = bytes.split_last_chunk::<4>()?;
    let sum = u32::from_le_bytes(*sum);
    if crc32fast::hash(summed) != sum {
        return None;
    }
    bytes.truncate(bytes.len() - size_of_val(&sum));
    Some(bytes)
}

/// Puts a file and its sum into their place, all or nothing.
fn place(dir: &Path, name: &str, mut bytes: Vec<u8>) -> std::io::Result<()> {
    bytes.extend_from_slice(&crc32fast::hash(&bytes).to_le_bytes());
    let mut file = tempfile::NamedTempFile::new_in(dir)?;
    file.write_all(&bytes)?;
    fault::around("index.place", || file.persist(dir.join(name))).map(drop).map_err(|error| error.error)
}

impl Book {
    fn frame(&self, at: usize) -> &[u8] {
        &self.bytes[self.specs[at].clone()]
    }

    fn id(&self, at: usize) -> Option<&str> {
        postcard::take_from_bytes(self.frame(at)).ok().map(|(id, _)| id)
    }

    /// Where a spec is.
    fn at(&self, id: &str) -> Option<usize> {
        let compare = |range: &Range<usize>| {
            let found = postcard::take_from_bytes::<&[u8]>(&self.bytes[range.clone()]);
            found.map_or(Ordering::Less, |(found, _)| found.cmp(id.as_bytes()))
        };
        let last = self.last.get();
        let near = (last..self.specs.len().min(last + 2)).find(|at| compare(&self.specs[*at]) == Ordering::Equal);
        let at = near.or_else(|| self.specs.binary_search_by(compare).ok())?;
        self.last.set(at);
        Some(at)
    }

    fn row(&self, id: &str) -> Option<SpecRow<'_>> {
        postcard::from_bytes(self.frame(self.at(id)?)).ok()
    }

    fn short_row(&self, id: &str) -> Option<ShortRow<'_>> {
        postcard::take_from_bytes(self.frame(self.at(id)?)).ok().map(|(row, _)| row)
    }

    /// Whether there are none in it.
    pub fn is_empty(&self) -> bool {
        self.specs.is_empty()
    }

    /// The specs in it.
    pub fn ids(&self) -> impl Iterator<Item = SpecId> + '_ {
        (0..self.specs.len()).filter_map(|at| SpecId::new(self.id(at)?).ok())
    }

    /// The file of the ref of a spec, and what it held.
    pub fn loose(&self, id: &SpecId) -> Option<(Stamp, ObjectId)> {
        let row: (&str, Option<(Stamp, Oid)>) =
            postcard::take_from_bytes(self.frame(self.at(id.as_str())?)).ok().map(|(row, _)| row)?;
        row.1.map(|(stamp, id)| (stamp, id.0))
    }

    /// What the events of a spec amount to; `None` if that is not known at `tip`.
    pub fn state(&self, id: &SpecId, tip: Option<ObjectId>) -> Option<State> {
        let known = self.short_row(id.as_str())?.tip?;
        if tip.is_some_and(|tip| tip != known.tip.0) {
            return None;
        }
        postcard::from_bytes::<StateRow>(known.whole).ok()?.state()
    }

    /// Whether what it has in short is what it has at length.
    pub fn is_consistent(&self, id: &SpecId) -> bool {
        let Some(row) = self.row(id.as_str()) else { return true };
        let tip = row.short.tip.is_none_or(|tip| {
            let whole = postcard::from_bytes::<StateRow>(tip.whole).ok().and_then(StateRow::state);
            whole.is_some_and(|state| {
                let pins = pins_of(&state);
                let work = row::joined(&state.facts.work_commits);
                tip_row(&state, &work, pins.as_deref().unwrap_or_default(), tip.whole) == tip
            })
        });
        let text = row.text.is_none_or(|text| {
            let front = postcard::from_bytes::<FrontRow>(text.says).ok().and_then(FrontRow::front);
            front.is_some_and(|front| {
                text.kind == row::kind_number(front.kind)
                    && (text.phase, text.topic) == (front.phase.as_deref(), front.topic.as_deref())
                    && text.inputs == inputs_of(&front)
                    && postcard::from_bytes::<Vec<&str>>(text.labels).is_ok_and(|labels| labels == front.labels)
            })
        });
        tip && text
    }

    /// The text of a spec, if it `fits`: by the stamp and place of its file, its path and blob.
    pub fn text(&self, id: &SpecId, fits: impl FnOnce(Option<Stamp>, u8, &str, ObjectId) -> bool) -> Option<KnownText> {
        let text = self.row(id.as_str())?.text?;
        if !fits(text.stamp, text.place, text.path, text.blob.0) {
            return None;
        }
        let front: FrontRow = postcard::from_bytes(text.says).ok()?;
        Some(KnownText {
            stamp: text.stamp,
            place: text.place,
            path: text.path.to_owned(),
            blob: text.blob.0,
            title: text.title.map(str::to_owned),
            front: front.front()?,
        })
    }

    fn behind(&self, id: &SpecId) -> Option<BehindRow<'_>> {
        postcard::from_bytes(self.short_row(id.as_str())?.behind).ok()
    }

    /// The specs that informed an attempt on one.
    pub fn origins(&self, id: &SpecId, attempt: ObjectId) -> Option<Rc<[SpecId]>> {
        let (of, origins) = self.behind(id)?.origins?;
        if of.0 != attempt {
            return None;
        }
        origins.into_iter().map(|id| SpecId::new(id).ok()).collect()
    }

    /// What an event of `other`, an input of `id`, said of it.
    pub fn then(&self, id: &SpecId, other: &SpecId, event: ObjectId) -> Option<Rc<Then>> {
        let pinned = self.behind(id)?.pinned;
        let found = pinned.into_iter().find(|row| row.spec == other.as_str() && row.event.0 == event)?;
        let commits = found.work.chunks_exact(event.as_slice().len()).map(ObjectId::try_from);
        Some(Rc::new(Then {
            spec_blob: found.spec_blob.map(|id| id.0),
            attempt: found.attempt.map(|id| id.0),
            work_commits: commits.collect::<Result<_, _>>().ok()?,
        }))
    }
}

fn tip_row<'b>(state: &State, work: &'b [u8], pins: &'b [u8], whole: &'b [u8]) -> TipRow<'b> {
    let informed_by = &state.facts.informed_by;
    TipRow {
        tip: Oid(state.tip),
        status: row::number(state.status),
        contended: state.is_contended(),
        superseded: state.facts.superseded_by.is_some(),
        attempt: state.attempt.map(Oid),
        spec_blob: state.facts.spec_blob.map(Oid),
        work,
        inputs: (!informed_by.is_empty(), informed_by.iter().any(|pin| matches!(pin, Pin::Path { .. }))),
        pins,
        whole,
    }
}

fn pins_of(state: &State) -> postcard::Result<Vec<u8>> {
    let pins: Vec<(&str, Oid)> = state
        .facts
        .informed_by
        .iter()
        .filter_map(|pin| match pin {
            Pin::Spec { id, event } => Some((id.as_str(), Oid(*event))),
            Pin::Path { .. } | Pin::Url(_) => None,
        })
        .collect();
    postcard::to_stdvec(&pins)
}

fn inputs_of(front: &FrontMatter) -> (bool, bool) {
    let is_file = |written: &str| !matches!(Entry::parse(written), Ok(Entry::Spec(_) | Entry::Url(_)));
    (front.inputs().next().is_some(), front.inputs().any(is_file))
}

/// What is new of a spec over what was known of it.
fn merged(book: &Book, id: &SpecId, new: &News) -> postcard::Result<Vec<u8>> {
    let (old, text) = book.row(id.as_str()).map_or((None, None), |row| (Some(row.short), row.text));
    let state = match &new.state {
        Some(state) => {
            let whole = postcard::to_stdvec(&StateRow::of(state))?;
            Some((state, row::joined(&state.facts.work_commits), pins_of(state)?, whole))
        }
        None => None,
    };
    let says = match &new.text {
        Some(text) => {
            let says = postcard::to_stdvec(&FrontRow::of(&text.front))?;
            Some((text, postcard::to_stdvec(&text.front.labels)?, says))
        }
        None => None,
    };
    let commits: Vec<Vec<u8>> = new.pinned.iter().map(|(.., then)| row::joined(&then.work_commits)).collect();
    let mut behind =
        old.as_ref().and_then(|old| postcard::from_bytes::<BehindRow<'_>>(old.behind).ok()).unwrap_or_default();
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
    let behind = postcard::to_stdvec(&behind)?;
    let short = ShortRow {
        id: id.as_str(),
        loose: new.loose.map(|(stamp, id)| (stamp, Oid(id))).or(old.as_ref().and_then(|old| old.loose)),
        tip: match &state {
            Some((state, work, pins, whole)) => Some(tip_row(state, work, pins, whole)),
            None => old.as_ref().and_then(|old| old.tip),
        },
        behind: &behind,
    };
    let row = SpecRow {
        short,
        text: match &says {
            Some((text, labels, says)) => Some(text_row(text, labels, says)),
            None => text,
        },
    };
    postcard::to_stdvec(&row)
}

fn text_row<'b>(text: &'b KnownText, labels: &'b [u8], says: &'b [u8]) -> TextRow<'b> {
    TextRow {
        stamp: text.stamp,
        place: text.place,
        path: &text.path,
        blob: Oid(text.blob),
        title: text.title.as_deref(),
        kind: row::kind_number(text.front.kind),
        phase: text.front.phase.as_deref(),
        topic: text.front.topic.as_deref(),
        inputs: inputs_of(&text.front),
        labels,
        says,
    }
}
