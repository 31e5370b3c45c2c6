//! The file of the cache: a head, then a record for each spec, sorted by id. A file of another version, or a damaged one, counts as none.
//!
//! It is written beside its place and renamed into it, without a lock: two processes that write at once both write the truth.

use std::{
    cell::Cell,
    cmp::Ordering,
    collections::{BTreeMap, HashMap},
    io::Write as _,
    path::{Path, PathBuf},
    rc::Rc,
};

use gix::ObjectId;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::row::{Informed, PinnedRow, RefRow, Row, TextRow};
use crate::{
    domain::{id::SpecId, spec_file::FrontMatter, state::State},
    env::fault,
    git::work_file::{self, Stamp},
    specs::facts::{StateFacts, TextFacts, WorkFacts},
};

/// Changes with what is written, and with what reading a text or an event comes to.
const FORMAT: u32 = 11;

/// What the file begins with.
const MAGIC: &[u8; 8] = b"CHANTCCH";

/// A larger file is not read, in bytes: a hundred thousand specs take some fifty million.
const MAX_LEN: u64 = 1 << 30;

/// How a record begins: with its own length, and with where in it the row begins. The refs stand between.
const HEADER: usize = 2 * size_of::<u32>();

/// A text as the cache has it.
#[derive(Clone, Debug)]
pub(crate) struct CachedText {
    /// The file that it was read from as it was then, if a change of it shows since.
    pub stamp: Option<Stamp>,
    /// Which of the directories that file was in.
    pub directory: u8,
    /// The path relative to the top of the work tree.
    pub path: String,
    /// The blob.
    pub blob: ObjectId,
    /// The title.
    pub title: Option<String>,
    /// The front matter.
    pub front: FrontMatter,
}

/// What is new of a spec; what is absent is as it was.
#[derive(Clone, Debug, Default)]
pub(super) struct Update {
    /// The file of the loose ref, and what the ref held.
    pub loose: Option<(Stamp, ObjectId)>,
    /// The state at the tip that is in it.
    pub state: Option<Rc<State>>,
    /// The text.
    pub text: Option<CachedText>,
    /// The specs that informed an attempt, with its start event.
    pub origins: Option<(ObjectId, Rc<[SpecId]>)>,
    /// What pinned events of other specs said.
    pub pinned: Vec<(SpecId, ObjectId, WorkFacts)>,
}

/// What packed refs hold.
#[derive(Clone, Debug)]
pub(super) enum Packed {
    /// What the cache has of them.
    Same,
    /// What need not show in the stamp of their file.
    Unsettled,
    /// This, read from the file with this stamp.
    New(Option<Stamp>, HashMap<SpecId, ObjectId>),
}

/// What stands before the records.
#[derive(Default, Serialize, Deserialize)]
struct Head {
    /// The program that wrote the file, and where it looked for texts.
    made_by: Vec<u8>,
    /// The file of packed refs that the records name; the inner stamp is missing where there was no file.
    packed: Option<Option<Stamp>>,
}

/// Where the file lies, and what made it.
#[derive(Clone, Debug)]
pub(super) struct CacheFile {
    dir: PathBuf,
    name: String,
    made_by: Vec<u8>,
}

/// What was read of the file. A record is decoded each time it is asked for: few are asked for twice.
#[derive(Debug, Default)]
pub(super) struct Records {
    bytes: Vec<u8>,
    /// Where each record begins.
    places: Vec<u32>,
    packed: Option<Option<Stamp>>,
    /// Which record was asked for last: mostly the next question is about it or the next one.
    last: Cell<usize>,
}

impl CacheFile {
    /// The file `name` of `dir`, for texts that are looked for in `tops`. `binary` tells the program that runs from another build of
    /// it, `hash` what the ids of objects are.
    pub(super) fn new(dir: &Path, name: &str, tops: &[PathBuf], binary: &str, hash: gix::hash::Kind) -> CacheFile {
        let mut made_by = format!("{}\0{FORMAT}\0{binary}\0{hash}\0", env!("CARGO_PKG_VERSION")).into_bytes();
        for top in tops {
            made_by.extend_from_slice(top.as_os_str().as_encoded_bytes());
            made_by.push(0);
        }
        CacheFile { dir: dir.to_owned(), name: name.to_owned(), made_by }
    }

    /// The path.
    pub(super) fn path(&self) -> PathBuf {
        self.dir.join(&self.name)
    }

    /// What is in it; nothing if there is none that can be used.
    pub(super) fn read(&self) -> Option<Records> {
        let (bytes, head, begin) = read::<Head>(&self.dir, &self.name, MAGIC, MAX_LEN)?;
        if head.made_by != self.made_by {
            return None;
        }
        Records::from_bytes(bytes, begin, head.packed)
    }

    /// Puts it into its place, whole: what `records` have of the specs that `exist`, and what is new.
    ///
    /// # Errors
    /// What the system says.
    pub(super) fn write(
        &self,
        records: &Records,
        (updates, packed): (&HashMap<SpecId, Update>, &Packed),
        exist: impl Fn(&str) -> bool,
    ) -> std::io::Result<()> {
        let mut specs: BTreeMap<&str, Option<&Update>> = records.ids().map(|id| (id, None)).collect();
        if let Packed::New(_, tips) = packed {
            specs.extend(tips.keys().map(|id| (id.as_str(), None)));
        }
        specs.extend(updates.iter().map(|(id, update)| (id.as_str(), Some(update))));
        let mut from = match packed {
            Packed::Same => records.packed,
            Packed::Unsettled => None,
            Packed::New(stamp, _) => Some(*stamp),
        };
        let mut out = Vec::new();
        for (id, update) in specs {
            let tip = match packed {
                Packed::Same => records.refs(id).and_then(|known| known.packed),
                Packed::Unsettled => None,
                Packed::New(_, tips) => tips.get(id).copied(),
            };
            if exist(id) {
                records.append(&mut out, RefRow { id, packed: tip, loose: None, loose_tip: None }, update)?;
            } else if tip.is_some() {
                // What packed refs hold is known of all specs or of none.
                from = None;
            }
        }
        write(&self.dir, &self.name, MAGIC, &Head { made_by: self.made_by.clone(), packed: from }, &out)
    }
}

/// A file of the cache: its bytes, its head, and where what follows that begins. `None` if it is larger than `most` bytes, damaged, or
/// begins otherwise.
pub(crate) fn read<H: DeserializeOwned>(
    dir: &Path,
    name: &str,
    magic: &[u8],
    most: u64,
) -> Option<(Vec<u8>, H, usize)> {
    let mut bytes = work_file::read(dir, name.as_bytes().into(), most).ok()??;
    let (summed, sum) = bytes.split_last_chunk::<4>()?;
    if crc32fast::hash(summed) != u32::from_le_bytes(*sum) {
        return None;
    }
    bytes.truncate(bytes.len() - 4);
    let (head, rest) = postcard::take_from_bytes::<H>(bytes.strip_prefix(magic)?).ok()?;
    let begin = bytes.len() - rest.len();
    Some((bytes, head, begin))
}

/// Puts a file of the cache into its place, all or nothing.
pub(crate) fn write(dir: &Path, name: &str, magic: &[u8], head: &impl Serialize, rest: &[u8]) -> std::io::Result<()> {
    let mut bytes = postcard::to_extend(head, magic.to_vec()).map_err(std::io::Error::other)?;
    bytes.extend_from_slice(rest);
    let sum = crc32fast::hash(&bytes).to_le_bytes();
    bytes.extend_from_slice(&sum);
    let mut file = tempfile::NamedTempFile::new_in(dir)?;
    file.write_all(&bytes)?;
    fault::around("index.place", || file.persist(dir.join(name))).map(drop).map_err(|error| error.error)
}

/// Where the records of `bytes` begin; `None` if they do not fill it.
fn places(bytes: &[u8], mut at: usize) -> Option<Vec<u32>> {
    let mut places = Vec::with_capacity((bytes.len() - at) / 512);
    while at < bytes.len() {
        let (_, length) = split(&bytes[at..])?;
        places.push(u32::try_from(at).ok()?);
        at += length;
    }
    Some(places)
}

/// The bytes of a record: those of its refs and those of its row.
type Record<'a> = (&'a [u8], &'a [u8]);

/// The record that `bytes` begin with, and its length; `None` if it does not end in them.
fn split(bytes: &[u8]) -> Option<(Record<'_>, usize)> {
    let (header, _) = bytes.split_first_chunk::<HEADER>()?;
    let ([length, row], _) = header.as_chunks::<{ HEADER / 2 }>() else { return None };
    let [length, row] = [length, row].map(|number| usize::try_from(u32::from_le_bytes(*number)).unwrap_or(usize::MAX));
    Some(((bytes.get(HEADER..row)?, bytes.get(row..length)?), length))
}

/// Reads all that is in `bytes`, the records of a file of the cache without its head, as commands do for one spec after another.
#[cfg(any(test, fuzzing))]
pub(crate) fn read_records(bytes: &[u8]) {
    let Some(records) = Records::from_bytes(bytes.to_vec(), 0, None) else { return };
    for id in records.ids() {
        let _refs = (records.refs(id), records.row(id), records.informed(id));
        if let Ok(id) = SpecId::new(id) {
            let _facts = (records.text(&id), records.state(&id, None), records.is_consistent(&id));
        }
    }
}

impl Records {
    /// The records of `bytes`, of which the first begins at `begin`; `None` if they do not fill it.
    fn from_bytes(bytes: Vec<u8>, begin: usize, packed: Option<Option<Stamp>>) -> Option<Records> {
        Some(Records { places: places(&bytes, begin)?, packed, last: Cell::new(0), bytes })
    }

    /// The record that begins at `at`: the bytes of its refs and of its row.
    fn record(&self, at: u32) -> Option<Record<'_>> {
        Some(split(self.bytes.get(usize::try_from(at).ok()?..)?)?.0)
    }

    /// The id of that record, which the refs begin with.
    fn id_at(&self, at: u32) -> Option<&[u8]> {
        Some(postcard::take_from_bytes(self.record(at)?.0).ok()?.0)
    }

    /// The record of a spec.
    fn find(&self, id: &str) -> Option<(&[u8], &[u8])> {
        let compare = |place: &u32| self.id_at(*place).map_or(Ordering::Less, |found| found.cmp(id.as_bytes()));
        let last = self.last.get();
        let near = (last..self.places.len().min(last + 2)).find(|at| compare(&self.places[*at]) == Ordering::Equal);
        let at = near.or_else(|| self.places.binary_search_by(compare).ok())?;
        self.last.set(at);
        self.record(self.places[at])
    }

    /// What is known of the refs of a spec.
    pub(super) fn refs(&self, id: &str) -> Option<RefRow<'_>> {
        postcard::from_bytes(self.find(id)?.0).ok()
    }

    /// What is known of a spec.
    pub(super) fn row(&self, id: &str) -> Option<Row<'_>> {
        postcard::from_bytes(self.find(id)?.1).ok()
    }

    /// The specs that informed the attempt on a spec: what a row begins with.
    pub(super) fn informed(&self, id: &str) -> Informed<'_> {
        let row = self.find(id).and_then(|(_, row)| postcard::take_from_bytes::<&[u8]>(row).ok());
        row.and_then(|(informed, _)| postcard::from_bytes(informed).ok()).unwrap_or_default()
    }

    /// The ids, sorted.
    pub(super) fn ids(&self) -> impl Iterator<Item = &str> {
        self.places.iter().filter_map(|at| str::from_utf8(self.id_at(*at)?).ok())
    }

    /// The specs that have a packed ref, each with what that holds, if the file of packed refs is the one that they were read from.
    pub(super) fn packed(&self, file: Option<Stamp>) -> Option<Vec<(SpecId, ObjectId)>> {
        if self.packed != Some(file) {
            return None;
        }
        let mut tips = Vec::with_capacity(self.places.len());
        for place in &self.places {
            let known: RefRow<'_> = postcard::from_bytes(self.record(*place)?.0).ok()?;
            if let Some(tip) = known.packed {
                tips.push((SpecId::new(known.id).ok()?, tip));
            }
        }
        Some(tips)
    }

    /// The text of a spec.
    pub(super) fn text(&self, id: &SpecId) -> Option<CachedText> {
        let text = self.row(id.as_str())?.text?;
        Some(CachedText {
            stamp: text.stamp,
            directory: text.directory,
            path: text.path.to_owned(),
            blob: text.facts.blob,
            title: text.facts.title.map(str::to_owned),
            front: postcard::from_bytes(text.front).ok()?,
        })
    }

    /// The state of a spec; `None` if that is not known at `tip`.
    pub(super) fn state(&self, id: &SpecId, tip: Option<ObjectId>) -> Option<State> {
        let row = self.row(id.as_str())?;
        let known = row.state.as_ref()?.tip;
        if tip.is_none_or(|tip| tip == known) { row.state() } else { None }
    }

    /// Whether the facts that a record has are those of the state and the front matter in it.
    pub(super) fn is_consistent(&self, id: &SpecId) -> bool {
        let Some(row) = self.row(id.as_str()) else { return true };
        let state = row.state();
        let text = self.text(id);
        state.as_ref().map(StateFacts::of) == row.state
            && text.as_ref().map(facts_of) == row.text.map(|text| text.facts)
    }

    /// Appends a spec to `out`: what is known of it, what is new, what its packed ref holds.
    fn append(&self, out: &mut Vec<u8>, refs: RefRow<'_>, update: Option<&Update>) -> std::io::Result<()> {
        let refs = match (update.and_then(|update| update.loose), self.refs(refs.id)) {
            (Some((stamp, tip)), _) => RefRow { loose: Some(stamp), loose_tip: Some(tip), ..refs },
            (None, Some(known)) => RefRow { packed: refs.packed, ..known },
            (None, None) => refs,
        };
        let begin = out.len();
        out.extend_from_slice(&[0; HEADER]);
        extend(out, &refs)?;
        let row = out.len() - begin;
        let old = self.find(refs.id).map_or(&[][..], |(_, row)| row);
        match update {
            None if !old.is_empty() => out.extend_from_slice(old),
            None => extend(out, &Row::default())?,
            Some(update) => append_updated(out, postcard::from_bytes(old).unwrap_or_default(), update)?,
        }
        for (at, number) in [out.len() - begin, row].into_iter().enumerate() {
            let number = u32::try_from(number).map_err(std::io::Error::other)?.to_le_bytes();
            out[begin + at * number.len()..][..number.len()].copy_from_slice(&number);
        }
        Ok(())
    }
}

fn append_updated(out: &mut Vec<u8>, old: Row<'_>, update: &Update) -> std::io::Result<()> {
    let (full_state, front, informed);
    let mut row = Row { informed: &[], ..old };
    if let Some(state) = &update.state {
        full_state = bytes(&**state)?;
        row.state = Some(StateFacts::of(state));
        row.full_state = &full_state;
    }
    if let Some(text) = &update.text {
        front = bytes(&text.front)?;
        let (stamp, directory) = (text.stamp, text.directory);
        row.text = Some(TextRow { stamp, directory, path: &text.path, facts: facts_of(text), front: &front });
    }
    informed = bytes(&updated(postcard::from_bytes(old.informed).unwrap_or_default(), update))?;
    row.informed = &informed;
    extend(out, &row)
}

fn facts_of(text: &CachedText) -> TextFacts<'_> {
    TextFacts::of(text.blob, text.title.as_deref(), &text.front)
}

fn updated<'b>(old: Informed<'b>, update: &'b Update) -> Informed<'b> {
    let mut informed = old;
    if let Some((attempt, origins)) = &update.origins {
        informed.attempt = Some(*attempt);
        informed.origins = origins.iter().map(SpecId::as_str).collect();
    }
    for (spec, event, work) in &update.pinned {
        informed.pinned.retain(|row| row.spec != spec.as_str());
        informed.pinned.push(PinnedRow { spec: spec.as_str(), event: *event, work: work.clone() });
    }
    informed
}

fn bytes(value: &impl Serialize) -> std::io::Result<Vec<u8>> {
    postcard::to_stdvec(value).map_err(std::io::Error::other)
}

fn extend(out: &mut Vec<u8>, value: &impl Serialize) -> std::io::Result<()> {
    *out = postcard::to_extend(value, std::mem::take(out)).map_err(std::io::Error::other)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records(bytes: &[u8]) -> Records {
        Records::from_bytes(bytes.to_vec(), 0, None).expect("whole records")
    }

    fn written(records: &Records, update: Option<&Update>) -> Vec<u8> {
        let mut bytes = Vec::new();
        for id in ["a", "b"] {
            let refs = RefRow { id, packed: None, loose: None, loose_tip: None };
            records.append(&mut bytes, refs, update).expect("it is short");
        }
        bytes
    }

    #[test]
    fn records_that_do_not_fill_the_file_are_none() {
        let bytes = written(&Records::default(), None);
        let records = records(&bytes);
        assert_eq!(records.ids().collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(records.row("b"), Some(Row::default()));
        for length in (1..bytes.len()).filter(|length| u32::try_from(*length).ok() != records.places.last().copied()) {
            assert_eq!(places(&bytes[..length], 0), None, "{length}");
        }
        assert_eq!(places(&[8, 0, 0, 0, 8, 0, 0, 0, 1], 0), None, "what follows a record is one");
        assert_eq!(places(&[0; 16], 0), None, "a record without a length would never end");
    }

    #[test]
    fn a_record_without_news_is_written_again_as_it_is() {
        let origins = Some((ObjectId::from_bytes_or_panic(&[3; 20]), Rc::from([SpecId::new("c").expect("an id")])));
        let bytes = written(&Records::default(), Some(&Update { origins, ..Update::default() }));
        let records = records(&bytes);
        assert_eq!(records.informed("a").origins, ["c"]);
        assert_eq!(written(&records, None), bytes);
        assert_eq!(written(&records, Some(&Update::default())), bytes);
    }
}
