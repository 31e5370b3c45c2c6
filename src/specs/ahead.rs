//! What is read of specs ahead of who asks for them, on another processor: their files, and their newest events.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    path::Path,
    sync::mpsc::{Receiver, SyncSender, sync_channel},
};

use gix::{
    ObjectId,
    bstr::{BStr, BString, ByteSlice},
    objs::{Kind, compute_hash},
};

use crate::project::SPECS_DIR;
use crate::{
    domain::{diagnostic::Diagnostic, id::SpecId, spec_file, spec_file::Spec, state::State},
    git::work_file::Directory,
    store::{Settings, Store},
};

/// Fewer files are not worth a thread.
const FEW: usize = 64;

/// How many specs wait for who asks, at most.
const WAITING: usize = 64;

/// How many are kept that somebody may ask for who asked for a later one first.
const PASSED: usize = 512;

/// Larger texts are left to who asks, in bytes: several wait at a time.
const LARGE: u64 = 64 << 10;

/// A file as it was read.
pub(crate) struct Read {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// The blob that they are, if anybody wants to know.
    pub blob: Option<ObjectId>,
    /// What they say.
    pub spec: Result<Spec, Vec<Diagnostic>>,
}

/// One that will be asked for.
pub(crate) struct Wanted {
    pub id: SpecId,
    /// Its newest event, if what its events amount to will be asked for too.
    pub tip: Option<ObjectId>,
}

/// How they are read.
pub(crate) struct How {
    /// The kind of ids, if the blobs of texts are wanted.
    pub hash: Option<gix::hash::Kind>,
    /// Whether outlines of the texts suffice.
    pub outlines: bool,
    /// Where the events are, and what a store of them needs.
    pub events: Option<(gix::ThreadSafeRepository, Settings)>,
}

/// What was read of a spec: nothing where that is left to who asks.
#[derive(Default)]
struct Came {
    text: Option<Read>,
    state: Option<State>,
}

/// Those that are on their way.
pub(crate) struct Ahead {
    names: Vec<BString>,
    /// How many of them have come.
    come: Cell<usize>,
    /// One for each name, in their order.
    coming: Receiver<Came>,
    passed: RefCell<BTreeMap<usize, Came>>,
}

impl Ahead {
    /// Begins to read what is `wanted`, sorted by id, texts in the directory of specs of a work tree. `None` where that is not worth it.
    pub(crate) fn begin(top: &Path, mut wanted: Vec<Wanted>, how: How) -> Option<Ahead> {
        if wanted.len() < FEW || std::thread::available_parallelism().map_or(1, std::num::NonZero::get) < 2 {
            return None;
        }
        let directory = Directory::open(top, SPECS_DIR.into()).ok()??;
        let (sender, coming) = sync_channel(WAITING);
        // The order of the ids is not that of their files where one begins with another.
        wanted.sort_by_cached_key(|one| name_of(&one.id));
        let names = wanted.iter().map(|one| name_of(&one.id)).collect();
        let thread = std::thread::Builder::new().name("texts".to_owned());
        thread.spawn(move || read_all(&directory, &wanted, how, &sender)).ok()?;
        Some(Ahead { names, come: Cell::new(0), coming, passed: RefCell::default() })
    }

    /// The file, if it was read ahead and all that there is to know of it is in its bytes.
    pub(crate) fn text(&self, name: &BStr) -> Option<Read> {
        self.take(name, |came| came.text.take())
    }

    /// What the events of a spec amount to at `tip`, if that was found out ahead.
    pub(crate) fn state(&self, id: &SpecId, tip: ObjectId) -> Option<State> {
        self.take(name_of(id).as_bstr(), |came| came.state.take_if(|state| state.tip == tip))
    }

    fn take<T>(&self, name: &BStr, take: impl FnOnce(&mut Came) -> Option<T>) -> Option<T> {
        let at = self.names.binary_search_by(|one| one.as_bstr().cmp(name)).ok()?;
        let mut passed = self.passed.borrow_mut();
        while self.come.get() <= at {
            let came = self.coming.recv().ok()?;
            if passed.len() >= PASSED {
                passed.pop_first();
            }
            passed.insert(self.come.replace(self.come.get() + 1), came);
        }
        let came = passed.get_mut(&at)?;
        let taken = take(came);
        if came.text.is_none() && came.state.is_none() {
            passed.remove(&at);
        }
        taken
    }
}

fn name_of(id: &SpecId) -> BString {
    [id.as_str(), ".md"].concat().into()
}

fn read_all(directory: &Directory, wanted: &[Wanted], how: How, to: &SyncSender<Came>) {
    let How { hash, outlines, events } = how;
    let events = events.map(|(repo, settings)| (repo.to_thread_local(), settings));
    let store = events.as_ref().map(|(repo, settings)| Store::new(repo, settings.clone()));
    for Wanted { id, tip } in wanted {
        let text = read(directory, name_of(id).as_bstr(), hash, outlines);
        // What cannot be read is read again by who asks, who knows what to say.
        let state = tip.zip(store.as_ref()).and_then(|(tip, store)| Some(store.state_at(id, tip).ok()?.0));
        if to.send(Came { text, state }).is_err() {
            return;
        }
    }
}

fn read(directory: &Directory, name: &BStr, hash: Option<gix::hash::Kind>, outline: bool) -> Option<Read> {
    // What git would store for other line ends hangs on its attributes.
    let bytes = directory.read(name, LARGE).ok().flatten().filter(|bytes| !bytes.contains(&b'\r'))?;
    let blob = hash.map(|hash| compute_hash(hash, Kind::Blob, &bytes)).transpose().ok()?;
    let path = format!("{SPECS_DIR}/{name}");
    let spec = if outline { spec_file::skim(&path, &bytes) } else { spec_file::parse(&path, &bytes) };
    Some(Read { bytes, blob, spec })
}
