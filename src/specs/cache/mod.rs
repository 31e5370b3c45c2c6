//! The cache: what was read of all specs, kept so that it need not be read again, and held against the refs and files of now. It may
//! be deleted at any time.
//!
//! It holds answers that never change: the state at an event (by its id), what a text says (by its blob, or by the stamp of the file
//! that it was read from). A question brings the id or the stamp of now; what was made from another one is
//! no answer. So nothing has to be kept in step. Configuration, branches, leases and the clock are not in it.

mod check;
mod file;
mod row;

pub(crate) use check::check;
#[cfg(any(test, fuzzing))]
pub(crate) use file::read_records;
pub(crate) use file::{read as read_file, write as write_file};

use std::{
    cell::{Cell, OnceCell, RefCell},
    collections::HashMap,
    path::{Path, PathBuf},
    rc::Rc,
    sync::{
        Arc,
        mpsc::{Receiver, channel},
    },
    thread::JoinHandle,
};

use gix::{
    ObjectId,
    bstr::{BStr, ByteSlice},
};

use super::{
    by_id::ById,
    facts::{StateFacts, TextFacts, WorkFacts},
    text::{ParsedText, Text, TextSource},
};
use crate::{
    domain::{id::SpecId, spec_file::Spec, state::State},
    error::Result,
    git::{
        lookup,
        work_file::{Directory, DirectoryScan, Listing, Refused, Runs, Stamp},
    },
    project::{ARCHIVE_DIR, Project, SPECS_DIR},
    store::{SPECS, Store},
};
use file::{CacheFile, CachedText, Packed, Records, Update};

/// The variable that makes every command do without the cache.
const WITHOUT: &str = "CHANT_NO_INDEX";

/// The directories of a work tree in which spec files may be.
const DIRS: [&str; 2] = [SPECS_DIR, ARCHIVE_DIR];

/// A cache up to this size, in bytes, holds no more than some hundreds of specs.
const SMALL: u64 = 256 << 10;

/// What is known of all specs.
pub(crate) struct Cache<'p> {
    project: &'p Project,
    file: CacheFile,
    records: Records,
    /// When it was opened, in nanoseconds since the epoch: what changes after that need not show in a stamp.
    opened: i128,
    tops: Vec<PathBuf>,
    /// What was found since.
    updates: RefCell<HashMap<SpecId, Update>>,
    packed: RefCell<Packed>,
    /// Whether anything was found that the file does not have.
    is_outdated: Cell<bool>,
    scan: RefCell<Option<Scan>>,
    listings: OnceCell<Vec<ListingResult>>,
}

/// The spec files of a work tree as they were found.
type ListingResult = Result<Listing, Refused>;

impl Project {
    /// Whether nothing is to be remembered from one command to the next.
    pub(crate) fn without_cache(&self) -> bool {
        self.env.text(WITHOUT).is_some_and(|value| !matches!(value, "" | "0" | "false" | "no" | "off"))
    }
}

impl<'p> Cache<'p> {
    /// Opens it; `None` where it is of no use: it is not wanted, or there are objects that stand for others.
    pub(crate) fn open(project: &'p Project) -> Option<Cache<'p>> {
        let repo = project.repo.gix();
        if project.without_cache() || repo.objects.store_ref().replacements().next().is_some() {
            return None;
        }
        let opened = project.env.now().as_nanosecond();
        let tops = project.tops();
        // Each worktree has its own, and takes it along when it goes.
        let (dir, name) = match project.repo.is_linked() {
            true => (project.repo.git_dir().to_owned(), "chant-index"),
            false => (project.repo.chant_dir(), "index"),
        };
        // Where there are few specs, a thread is not worth its while.
        let many = dir.join(name).metadata().map_or(true, |file| file.len() > SMALL);
        let scan = tops.first().filter(|_| many).and_then(|top| Scan::begin(top));
        let file = CacheFile::new(&dir, name, &tops, &project.env.binary(), repo.object_hash());
        let records = file.read().unwrap_or_default();
        Some(Cache {
            project,
            file,
            records,
            opened,
            tops,
            updates: RefCell::default(),
            packed: RefCell::new(Packed::Same),
            is_outdated: Cell::new(false),
            scan: RefCell::new(scan),
            listings: OnceCell::new(),
        })
    }

    /// Notes what is new of a spec.
    fn note(&self, id: &SpecId, change: impl FnOnce(&mut Update)) {
        change(self.updates.borrow_mut().entry(id.clone()).or_default());
        self.is_outdated.set(true);
    }

    /// Every spec that has a ref, with its tip.
    pub(crate) fn tips(&self) -> Result<ById<ObjectId>> {
        match self.loose_and_packed()? {
            Some(tips) => Ok(tips),
            // Something is there that is no ref: the store knows what to say of it.
            None => Ok(self.project.store()?.tips()?.into_iter().collect()),
        }
    }

    /// Every spec that has a ref, of loose refs by their stamps; `None` if there is anything unusual. First the loose ones, as git packs
    /// a ref before it removes the loose one.
    fn loose_and_packed(&self) -> Result<Option<ById<ObjectId>>> {
        let store = self.project.store()?;
        let Ok(dir) = Directory::open(self.project.repo.common_dir(), SPECS.trim_end_matches('/').into()) else {
            return Ok(None);
        };
        let Ok(entries) = dir.map_or_else(|| Ok(Listing::default()), Listing::of) else { return Ok(None) };
        let mut loose = Vec::with_capacity(entries.len());
        for (name, stamp) in entries.iter() {
            let Some(Ok(id)) = name.to_str().ok().map(SpecId::new) else { continue };
            let Some(stamp) = stamp else { return Ok(None) };
            let known = self.records.refs(id.as_str()).filter(|known| known.loose == Some(stamp));
            let tip = match known.and_then(|known| known.loose_tip) {
                Some(tip) => tip,
                None => match store.ref_tip(&id) {
                    Ok(Some(tip)) => {
                        self.note_ref(&id, stamp, tip);
                        tip
                    }
                    Ok(None) => continue,
                    Err(_) => return Ok(None),
                },
            };
            loose.push((id, tip));
        }
        // The later of two counts.
        let mut tips = self.packed_tips(&store)?;
        tips.append(&mut loose);
        Ok(Some(tips.into_iter().collect()))
    }

    /// What packed refs hold, by the stamp of their file, which is replaced whenever one of them changes.
    fn packed_tips(&self, store: &Store<'_>) -> Result<Vec<(SpecId, ObjectId)>> {
        let stamp = self.packed_stamp();
        if let Some(tips) = stamp.and_then(|stamp| self.records.packed(stamp)) {
            return Ok(tips);
        }
        // What was read of the file before may be older than the stamp.
        lookup::refresh(self.project.repo.gix());
        let tips = store.packed_tips()?;
        let settled = stamp.filter(|stamp| stamp.is_none_or(|stamp| stamp.is_settled(self.opened)));
        *self.packed.borrow_mut() = match settled {
            Some(stamp) => Packed::New(stamp, tips.iter().cloned().collect()),
            None => Packed::Unsettled,
        };
        if settled.is_some() && !tips.is_empty() {
            self.is_outdated.set(true);
        }
        Ok(tips)
    }

    /// The stamp of the file of packed refs; the inner one is missing where there is no such file, the outer one where it is a link.
    fn packed_stamp(&self) -> Option<Option<Stamp>> {
        let directory = Directory::open(self.project.repo.common_dir(), "".into()).ok()??;
        let (name, stamp) = ("packed-refs".into(), directory.stamp("packed-refs".into()).ok()?);
        (stamp.is_some() || !directory.has(name).ok()?).then_some(stamp)
    }

    fn note_ref(&self, id: &SpecId, stamp: Stamp, tip: ObjectId) {
        if stamp.is_settled(self.opened) {
            self.note(id, |update| update.loose = Some((stamp, tip)));
        }
    }

    /// The names of the files under `.chant/specs` in one work tree.
    pub(crate) fn file_names(&self, top: &Path) -> Option<impl Iterator<Item = &BStr>> {
        Some(self.listing(self.tops.iter().position(|one| one == top)?)?.names())
    }

    /// The files under `.chant/specs`, in the work tree that is counted so.
    fn listing(&self, top: usize) -> Option<&Listing> {
        let list = || {
            let (first, others) = self.tops.split_at(self.tops.len().min(1));
            let scanned = self.scan.borrow_mut().take().and_then(Scan::end);
            let mut listed = scanned.map_or_else(|| list(first), |first| vec![first]);
            listed.extend(list(others));
            listed
        };
        self.listings.get_or_init(list).get(top)?.as_ref().ok()
    }

    /// The stamp of the file `name`, as far as it was looked at; `None` if that is not known.
    fn stamp(&self, directory: usize, opened: &Directory, name: &BStr) -> Option<Stamp> {
        if directory.is_multiple_of(DIRS.len()) {
            return self.listing(directory / DIRS.len())?.stamp(name, b"");
        }
        opened.stamp(name).ok()?
    }

    /// The facts of a spec at `tip`, and those of its text if that is the file in the first of the directories, unchanged.
    pub(crate) fn facts(&self, id: &SpecId, tip: ObjectId) -> Option<(StateFacts<'_>, Option<TextFacts<'_>>)> {
        let row = self.records.row(id.as_str())?;
        let state = row.state.filter(|state| state.tip == tip)?;
        let text = row.text.filter(|text| {
            let stamp = || self.listing(0)?.stamp(id.as_str().as_bytes(), b".md");
            text.directory == 0 && text.stamp.is_some() && text.stamp == stamp()
        });
        Some((state, text.map(|text| text.facts)))
    }

    /// The text of a spec in one of the directories, counted in the order in which they are looked through.
    pub(crate) fn text(&self, id: &SpecId, directory: usize, opened: &Directory, name: &BStr) -> CachedFile {
        let Some(stamp) = self.stamp(directory, opened, name) else { return CachedFile::Unknown(None) };
        let fits = |text: &CachedText| text.stamp == Some(stamp) && usize::from(text.directory) == directory;
        self.known_text(id, fits).map_or(CachedFile::Unknown(Some(stamp)), CachedFile::Known)
    }

    /// The text of a spec that lies in no file, or in one that looks changed, if it is the same blob under the same path.
    pub(crate) fn same_text(&self, id: &SpecId, path: &str, blob: ObjectId) -> Option<Rc<ParsedText>> {
        self.known_text(id, |text| text.blob == blob && text.path == path)
    }

    fn known_text(&self, id: &SpecId, fits: impl Fn(&CachedText) -> bool) -> Option<Rc<ParsedText>> {
        let new = self.updates.borrow().get(id).and_then(|update| update.text.clone());
        let text = new.or_else(|| self.records.text(id)).filter(fits)?;
        self.outline(text).map(Rc::new)
    }

    fn outline(&self, text: CachedText) -> Option<ParsedText> {
        let top = self.tops.get(usize::from(text.directory) / DIRS.len());
        let source = match (text.stamp, top) {
            (None, _) => TextSource::Event,
            (Some(_), Some(top)) => TextSource::File(top.clone()),
            (Some(_), None) => return None,
        };
        let spec = Ok(Spec::outline(&text.path, text.front, text.title));
        let outline = Text::of_blob(text.path, Vec::new(), text.blob, source);
        Some(ParsedText { text: Some(outline), spec })
    }

    /// Notes what a text says, with the file that it was read from.
    pub(crate) fn note_text(&self, id: &SpecId, directory: Option<usize>, stamp: Option<Stamp>, loaded: &ParsedText) {
        let ParsedText { text: Some(text), spec: Ok(spec) } = loaded else { return };
        let new = CachedText {
            stamp: stamp.filter(|stamp| stamp.is_settled(self.opened)),
            directory: directory.and_then(|directory| u8::try_from(directory).ok()).unwrap_or_default(),
            path: text.path.clone(),
            blob: text.blob(),
            title: spec.title.clone(),
            front: spec.front.clone(),
        };
        let source = |text: &CachedText| (text.stamp, text.directory, text.path.clone(), text.blob);
        if self.known_text(id, |known| source(known) == source(&new)).is_none() {
            self.note(id, |update| update.text = Some(new));
        }
    }

    /// The state of a spec at `tip`.
    pub(crate) fn state(&self, id: &SpecId, tip: ObjectId) -> Option<Rc<State>> {
        self.records.state(id, Some(tip)).map(Rc::new)
    }

    /// Notes it.
    pub(crate) fn note_state(&self, id: &SpecId, state: &Rc<State>) {
        self.note(id, |update| update.state = Some(Rc::clone(state)));
    }

    /// The specs that informed an attempt on `id`, as `read` reads them from its start event, and whether those are all.
    pub(crate) fn origins(
        &self,
        id: &SpecId,
        attempt: ObjectId,
        read: impl FnOnce() -> Result<Option<(Rc<[SpecId]>, bool)>>,
    ) -> Result<Option<Rc<[SpecId]>>> {
        let informed = self.records.informed(id.as_str());
        if informed.attempt == Some(attempt)
            && let Ok(known) = informed.origins.into_iter().map(SpecId::new).collect()
        {
            return Ok(Some(known));
        }
        let read = read()?;
        if let Some((origins, true)) = &read {
            self.note(id, |update| update.origins = Some((attempt, Rc::clone(origins))));
        }
        Ok(read.map(|(origins, _)| origins))
    }

    /// The work that the event of `other` that is pinned as an input of `id` records, as `read` reads it.
    pub(crate) fn pinned(
        &self,
        id: &SpecId,
        (other, event): (&SpecId, ObjectId),
        read: impl FnOnce() -> Option<WorkFacts>,
    ) -> Option<WorkFacts> {
        let informed = self.records.informed(id.as_str());
        let known = informed.pinned.into_iter().find(|row| row.spec == other.as_str() && row.event == event);
        if let Some(known) = known {
            return Some(known.work);
        }
        let work = read()?;
        self.note(id, |update| update.pinned.push((other.clone(), event, work.clone())));
        Some(work)
    }

    /// Whether anything was found that the file does not have.
    pub(crate) fn is_outdated(&self) -> bool {
        self.is_outdated.get()
    }

    /// Writes what was found, of the specs that `exist`. Where it cannot be written, the next command only takes longer.
    pub(crate) fn write(&self, exist: impl Fn(&str) -> bool) {
        if self.is_outdated.replace(false) {
            let found = (&*self.updates.borrow(), &*self.packed.borrow());
            let _is_slower_next_time = self.file.write(&self.records, found, exist);
        }
    }
}

/// What the cache has of a spec file.
pub(crate) enum CachedFile {
    /// The text.
    Known(Rc<ParsedText>),
    /// Nothing: the file has to be read. With its stamp before that.
    Unknown(Option<Stamp>),
}

/// A scan of the spec files of the first work tree on another thread: half of the time of a listing goes there.
struct Scan {
    /// The files that are to be looked at, as soon as they are listed.
    listed: Receiver<Arc<DirectoryScan>>,
    thread: JoinHandle<Runs>,
}

impl Scan {
    fn begin(top: &Path) -> Option<Scan> {
        let top = top.to_owned();
        let (sender, listed) = channel();
        let work = move || {
            let Some(directory) = Directory::open(&top, SPECS_DIR.into())? else { return Ok(Vec::new()) };
            let looking = Arc::new(DirectoryScan::begin(directory)?);
            // The receiver may have gone: then the scan is of no use, and does no harm.
            let _gone = sender.send(Arc::clone(&looking));
            looking.look()
        };
        let thread = std::thread::Builder::new().name("files".to_owned()).spawn(work).ok()?;
        Some(Scan { listed, thread })
    }

    /// Helps with what is left; `None` if the thread panicked.
    fn end(self) -> Option<ListingResult> {
        let looking = self.listed.recv().ok();
        let mine = looking.as_ref().map_or(Ok(Vec::new()), |looking| looking.look());
        let theirs = self.thread.join().ok()?;
        match looking {
            Some(looking) => Some(Arc::into_inner(looking)?.end([theirs, mine])),
            // There is nothing to look at, or it cannot be.
            None => Some(theirs.map(|_| Listing::default())),
        }
    }
}

/// The spec files of each work tree with their stamps.
fn list(tops: &[PathBuf]) -> Vec<ListingResult> {
    let one = |top: &PathBuf| match Directory::open(top, SPECS_DIR.into())? {
        Some(directory) => Listing::of(directory),
        None => Ok(Listing::default()),
    };
    tops.iter().map(one).collect()
}
