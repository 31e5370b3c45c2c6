//! The index: what was read of all specs, kept so that it need not be read again. Anybody may delete it at any time.
//!
//! It holds nothing but answers to questions whose answers never change: what an event (by its id) amounts to, what a text (by its
//! blob, or by the stamp of the file that it was read from) says, which commit reaches which. Whoever asks brings the id or the stamp
//! of now: what was made from another one is no answer. That is all there is to keep in step, and configuration, branches, leases and
//! the clock have no part in it.
//!
//! The file has two parts: what a line about a spec hangs on, which everybody reads, and the rest, read by whoever asks for it. The
//! first begins with what it was made by and has a checksum; of the rest each spec has one of its own. One of another version, or that
//! is damaged, is none. It is written beside its place and renamed into it, without a lock: whoever writes at the same time writes the
//! truth as well. Where it cannot be written everything takes a little longer.

mod brief;
mod merge;
pub(crate) mod names;
mod row;
mod short;

pub(crate) use brief::{Brief, BriefText};

use std::{
    borrow::Cow,
    cell::{Cell, OnceCell},
    cmp::Ordering,
    collections::{BTreeMap, HashMap},
    fs::File,
    io::{Read as _, Seek as _, SeekFrom, Write},
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
    rc::Rc,
};

use gix::ObjectId;
use serde::{Deserialize, Serialize};

use crate::{
    domain::{id::SpecId, spec_file::FrontMatter, state::State},
    env::fault,
    git::work_file::{self, Stamp},
};
use row::{BehindRow, FrontRow, LongRow, Oid, StateRow, TextRow};
use short::{Place, Short};

/// Changes with what is written, and with what reading a text or an event comes to.
const FORMAT: u32 = 5;

/// What the file begins with.
const MAGIC: &[u8; 8] = b"CHANTIDX";

/// How long what stands before the parts is, in bytes: the lengths of both, the checksum of the first.
const BEGIN: usize = MAGIC.len() + 3 * size_of::<u32>();

/// Whoever asks for more specs than this at length gets them from all that there is.
const FEW: usize = 64;

/// A larger file is not read, in bytes: a hundred thousand specs take some fifty million.
const MOST: u64 = 1 << 30;

/// Of so many commits at the most it is kept which others they reach.
const MAX_WALKS: usize = 8;

/// What is known of a text.
#[derive(Clone, Debug)]
pub(crate) struct KnownText {
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
pub(crate) struct Then {
    /// The text.
    pub spec_blob: Option<ObjectId>,
    /// The attempt that decided.
    pub attempt: Option<ObjectId>,
    /// Its commits.
    pub work_commits: Vec<ObjectId>,
}

/// What is new of a spec. Each part is an answer for whoever finds what it was made from unchanged; what is not there is as it was.
#[derive(Clone, Debug, Default)]
pub(crate) struct News {
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
pub(crate) type Reached = Vec<(ObjectId, Vec<ObjectId>)>;

/// What packed refs hold.
#[derive(Clone, Debug)]
pub(crate) enum Packed {
    /// What the index has of them.
    Same,
    /// What need not show in the stamp of their file.
    Unsettled,
    /// This, read from the file with this stamp.
    New(Option<Stamp>, HashMap<SpecId, ObjectId>),
}

/// What follows the seal; the specs follow it, one after the other, sorted by id.
#[derive(Serialize, Deserialize)]
struct Head {
    /// How long the ids of objects are, in bytes.
    width: u8,
    reached: Vec<(Oid, Vec<Oid>)>,
    /// The file of packed refs that the specs tell of; the inner one is missing where there was none.
    packed: Option<Option<Stamp>>,
}

/// The file.
#[derive(Clone, Debug)]
pub(crate) struct Index {
    dir: PathBuf,
    name: String,
    seal: Vec<u8>,
    width: u8,
}

/// What was read of it. A spec is decoded when it is asked for, and each time: few are asked for twice.
#[derive(Debug, Default)]
pub(crate) struct Book {
    bytes: Vec<u8>,
    /// Where in them each spec begins.
    places: Vec<u32>,
    width: usize,
    packed: Option<Option<Stamp>>,
    /// Which of the specs was asked for last: mostly it is this one again, or the next.
    last: Cell<usize>,
    long: Option<Rest>,
    /// Commits, each with some that it reaches.
    pub reached: Reached,
}

/// The second part of the file. It stays that very file, whatever takes its place meanwhile.
#[derive(Debug)]
struct Rest {
    file: File,
    /// Where it begins, and how long it is.
    begin: u64,
    length: u32,
    /// How often it was read from.
    reads: Cell<usize>,
    whole: OnceCell<Vec<u8>>,
}

impl Rest {
    /// The bytes in a place, if they are what was written there.
    fn get(&self, place: Place) -> Option<Cow<'_, [u8]>> {
        let (begin, length) = (usize::try_from(place.begin).ok()?, usize::try_from(place.length).ok()?);
        self.reads.set(self.reads.get() + 1);
        let bytes = if self.reads.get() <= FEW {
            let mut bytes = vec![0; length.min(usize::try_from(self.length).ok()?)];
            self.file.read_exact_at(&mut bytes, self.begin + u64::from(place.begin)).ok()?;
            Cow::Owned(bytes)
        } else {
            let whole = self.whole.get_or_init(|| read(&self.file, self.begin, self.length).unwrap_or_default());
            Cow::Borrowed(whole.get(begin..begin.checked_add(length)?)?)
        };
        (crc32fast::hash(&bytes) == place.sum).then_some(bytes)
    }
}

/// So many bytes of a file.
fn read(mut file: &File, begin: u64, length: u32) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(length as usize);
    file.seek(SeekFrom::Start(begin))?;
    file.take(u64::from(length)).read_to_end(&mut bytes)?;
    Ok(bytes)
}

impl Index {
    /// The index in the file `name` of `dir`, for texts that are looked for in `places`. `binary` tells the program that runs from
    /// another build of it, `hash` what the ids of objects are.
    pub(crate) fn new(dir: &Path, name: &str, places: &[PathBuf], binary: &str, hash: gix::hash::Kind) -> Index {
        let mut seal = format!("{}\0{FORMAT}\0{binary}\0{hash}\0", env!("CARGO_PKG_VERSION")).into_bytes();
        for place in places {
            seal.extend_from_slice(place.as_os_str().as_encoded_bytes());
            seal.push(0);
        }
        let width = u8::try_from(hash.len_in_bytes()).expect("hashes have some dozens of bytes");
        Index { dir: dir.to_owned(), name: name.to_owned(), seal, width }
    }

    /// Where it lies.
    pub(crate) fn path(&self) -> PathBuf {
        self.dir.join(&self.name)
    }

    /// What is in it; nothing if there is none that can be used.
    pub(crate) fn read(&self) -> Option<Book> {
        // Whatever is in its place is neither followed nor waited for.
        let (mut file, size) = work_file::open(&self.dir, self.name.as_bytes().into()).ok()??;
        let mut begin = [0; BEGIN];
        file.read_exact(&mut begin).ok()?;
        let (numbers, _) = begin.strip_prefix(MAGIC)?.as_chunks::<4>();
        let [short, long, sum] = numbers.iter().map(|bytes| u32::from_le_bytes(*bytes)).collect::<Vec<_>>()[..] else {
            return None;
        };
        let rest = BEGIN as u64 + u64::from(short);
        if size > MOST || size != rest + u64::from(long) {
            return None;
        }
        let bytes = read(&file, BEGIN as u64, short).ok()?;
        if crc32fast::hash(&bytes) != sum {
            return None;
        }
        let long = Rest { file, begin: rest, length: long, reads: Cell::new(0), whole: OnceCell::new() };
        let (length, rest) = bytes.split_first_chunk::<4>()?;
        let (seal, rest) = rest.split_at_checked(usize::try_from(u32::from_le_bytes(*length)).ok()?)?;
        if seal != self.seal {
            return None;
        }
        let (head, rest) = postcard::take_from_bytes::<Head>(rest).ok()?;
        let places = short::places(&bytes, bytes.len() - rest.len())?;
        let reached = head.reached.into_iter().map(|(from, to)| (from.0, to.into_iter().map(|id| id.0).collect()));
        Some(Book {
            places,
            width: usize::from(head.width),
            packed: head.packed,
            last: Cell::new(0),
            long: Some(long),
            reached: reached.collect(),
            bytes,
        })
    }

    /// Puts it into its place, whole: what `book` has of the specs that `exist`, and what is new. Who cannot write it does without.
    ///
    /// # Errors
    /// What the system says.
    pub(crate) fn write(
        &self,
        book: &Book,
        reached: &Reached,
        (news, packed): (&HashMap<SpecId, News>, &Packed),
        exist: impl Fn(&str) -> bool,
    ) -> std::io::Result<()> {
        let mut specs: BTreeMap<&str, Option<&News>> = BTreeMap::new();
        specs.extend((0..book.places.len()).filter_map(|at| Some((book.id(at)?, None))));
        if let Packed::New(_, tips) = packed {
            specs.extend(tips.keys().map(|id| (id.as_str(), None)));
        }
        specs.extend(news.iter().map(|(id, new)| (id.as_str(), Some(new))));
        let mut parts = merge::Parts::default();
        let mut from = match packed {
            Packed::Same => book.packed,
            Packed::Unsettled => None,
            Packed::New(stamp, _) => Some(*stamp),
        };
        for (id, new) in specs {
            let tip = match packed {
                Packed::Same => book.short(id).and_then(|known| known.packed),
                Packed::Unsettled => None,
                Packed::New(_, tips) => SpecId::new(id).ok().and_then(|id| tips.get(&id).copied()),
            };
            if exist(id) {
                parts.add(book, id, new, tip)?;
            } else if tip.is_some() {
                // What packed refs hold is known of all specs or of none.
                from = None;
            }
        }
        let walks = reached.iter().take(MAX_WALKS);
        let head = Head {
            width: self.width,
            reached: walks.map(|(from, to)| (Oid(*from), to.iter().copied().map(Oid).collect())).collect(),
            packed: from,
        };
        let mut first = u32::try_from(self.seal.len()).map_err(std::io::Error::other)?.to_le_bytes().to_vec();
        first.extend_from_slice(&self.seal);
        let mut first = postcard::to_extend(&head, first).map_err(std::io::Error::other)?;
        first.extend_from_slice(&parts.short);
        let mut begin = MAGIC.to_vec();
        for number in [length(&first)?, length(&parts.long)?, crc32fast::hash(&first)] {
            begin.extend_from_slice(&number.to_le_bytes());
        }
        put(&self.dir, &self.name, &[&begin, &first, &parts.long])
    }
}

fn length(bytes: &[u8]) -> std::io::Result<u32> {
    u32::try_from(bytes.len()).map_err(std::io::Error::other)
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
fn place(dir: &Path, name: &str, bytes: &[u8]) -> std::io::Result<()> {
    put(dir, name, &[bytes, &crc32fast::hash(bytes).to_le_bytes()])
}

/// Puts a file of these pieces into its place, all or nothing.
fn put(dir: &Path, name: &str, pieces: &[&[u8]]) -> std::io::Result<()> {
    let mut file = tempfile::NamedTempFile::new_in(dir)?;
    pieces.iter().try_for_each(|piece| file.write_all(piece))?;
    fault::around("index.place", || file.persist(dir.join(name))).map(drop).map_err(|error| error.error)
}

impl Book {
    fn id(&self, at: usize) -> Option<&str> {
        str::from_utf8(short::id(&self.bytes, self.places[at])?).ok()
    }

    /// What is known of a spec in short.
    fn short(&self, id: &str) -> Option<Short<'_>> {
        short::decode(&self.bytes, self.place(id)?, self.width)
    }

    /// Where it begins.
    fn place(&self, id: &str) -> Option<u32> {
        let compare =
            |place: &u32| short::id(&self.bytes, *place).map_or(Ordering::Less, |found| found.cmp(id.as_bytes()));
        let last = self.last.get();
        let near = (last..self.places.len().min(last + 2)).find(|at| compare(&self.places[*at]) == Ordering::Equal);
        let at = near.or_else(|| self.places.binary_search_by(compare).ok())?;
        self.last.set(at);
        Some(self.places[at])
    }

    /// The same at length: the bytes of a [`LongRow`], none where they are damaged.
    fn long(&self, short: &Short<'_>) -> Cow<'_, [u8]> {
        self.long.as_ref().and_then(|long| long.get(short.long)).unwrap_or_default()
    }

    /// Whether there are none in it.
    pub(crate) fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// The specs in it.
    pub(crate) fn ids(&self) -> impl Iterator<Item = SpecId> + '_ {
        (0..self.places.len()).filter_map(|at| SpecId::new(self.id(at)?).ok())
    }

    /// The file of the ref of a spec, and what it held.
    pub(crate) fn loose(&self, id: &SpecId) -> Option<(Stamp, ObjectId)> {
        short::begin(&self.bytes, self.place(id.as_str())?, self.width)?.loose
    }

    /// The specs that have a packed ref, in the order of their ids, each with what that holds, if the file of packed refs is the one
    /// that they were read from.
    pub(crate) fn packed(&self, file: Option<Stamp>) -> Option<Vec<(SpecId, ObjectId)>> {
        if self.packed != Some(file) {
            return None;
        }
        let mut tips = Vec::with_capacity(self.places.len());
        for place in &self.places {
            let known = short::begin(&self.bytes, *place, self.width)?;
            if let Some(tip) = known.packed {
                tips.push((SpecId::new(known.id).ok()?, tip));
            }
        }
        Some(tips)
    }

    /// What the events of a spec amount to; `None` if that is not known at `tip`.
    pub(crate) fn state(&self, id: &SpecId, tip: Option<ObjectId>) -> Option<State> {
        let short = self.short(id.as_str())?;
        let known = short.tip?;
        if tip.is_some_and(|tip| tip != known.tip) {
            return None;
        }
        let bytes = self.long(&short);
        let state = postcard::from_bytes::<StateRow>(LongRow::of(&bytes).state?).ok()?.state()?;
        (state.tip == known.tip).then_some(state)
    }

    /// The text of a spec, if it `fits`: by the stamp and place of its file, its path and blob.
    pub(crate) fn text(
        &self,
        id: &SpecId,
        fits: impl FnOnce(Option<Stamp>, u8, &str, ObjectId) -> bool,
    ) -> Option<KnownText> {
        let short = self.short(id.as_str())?;
        let says = short.text?;
        let bytes = self.long(&short);
        let TextRow { path, blob, says: front } = LongRow::of(&bytes).text?;
        if !fits(says.stamp, says.place, path, blob.0) {
            return None;
        }
        Some(KnownText {
            stamp: says.stamp,
            place: says.place,
            path: path.to_owned(),
            blob: blob.0,
            title: says.title.map(str::to_owned),
            front: postcard::from_bytes::<FrontRow>(front).ok()?.front()?,
        })
    }

    fn behind(&self, id: &SpecId) -> Option<BehindRow<'_>> {
        postcard::from_bytes(self.short(id.as_str())?.behind).ok()
    }

    /// The specs that informed an attempt on one.
    pub(crate) fn origins(&self, id: &SpecId, attempt: ObjectId) -> Option<Rc<[SpecId]>> {
        let (of, origins) = self.behind(id)?.origins?;
        if of.0 != attempt {
            return None;
        }
        origins.into_iter().map(|id| SpecId::new(id).ok()).collect()
    }

    /// What an event of `other`, an input of `id`, said of it.
    pub(crate) fn then(&self, id: &SpecId, other: &SpecId, event: ObjectId) -> Option<Rc<Then>> {
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
