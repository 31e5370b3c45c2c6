//! Spec files that are read and parsed ahead of who asks for them, on another processor.

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeSet, HashMap},
    path::Path,
    sync::mpsc::{Receiver, SyncSender, sync_channel},
};

use gix::{
    ObjectId,
    bstr::{BStr, BString, ByteSlice},
    objs::{Kind, compute_hash},
};

use super::{SPECS_DIR, world::World};
use crate::{
    domain::{
        diagnostic::Diagnostic,
        id::SpecId,
        spec::{self, Spec},
    },
    git::work_file::Directory,
};

/// Fewer files are not worth a thread.
const FEW: usize = 64;

/// How many texts wait for who asks, at most.
const WAITING: usize = 64;

/// How many are kept that somebody may ask for who asked for a later one first.
const PASSED: usize = 512;

/// Larger ones are left to who asks, in bytes: several wait at a time.
const LARGE: u64 = 64 << 10;

/// A file as it was read.
pub(super) struct Read {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// The blob that they are.
    pub blob: ObjectId,
    /// What they say.
    pub spec: Result<Spec, Vec<Diagnostic>>,
}

/// Those that are on their way.
pub(super) struct Ahead {
    names: Vec<BString>,
    /// How many of them have come.
    come: Cell<usize>,
    /// One for each name, in their order; nothing for a file that is to be read by who asks.
    coming: Receiver<Option<Read>>,
    passed: RefCell<HashMap<usize, Read>>,
}

impl Ahead {
    /// Begins to read the files `names`, which are sorted, in the directory of specs of a work tree. `None` where that is not worth it.
    pub(super) fn begin(top: &Path, names: Vec<BString>, hash: gix::hash::Kind) -> Option<Ahead> {
        if names.len() < FEW || std::thread::available_parallelism().map_or(1, std::num::NonZero::get) < 2 {
            return None;
        }
        let directory = Directory::open(top, SPECS_DIR.into()).ok()??;
        let (sender, coming) = sync_channel(WAITING);
        let all = names.clone();
        let thread = std::thread::Builder::new().name("texts".to_owned());
        thread.spawn(move || all.iter().all(|name| send(&directory, name.as_bstr(), hash, &sender))).ok()?;
        Some(Ahead { names, come: Cell::new(0), coming, passed: RefCell::default() })
    }

    /// The file, if it was read ahead and all that there is to know of it is in its bytes.
    pub(super) fn take(&self, name: &BStr) -> Option<Read> {
        let at = self.names.binary_search_by(|one| one.as_bstr().cmp(name)).ok()?;
        while self.come.get() <= at {
            let read = self.coming.recv().ok()?;
            let come = self.come.replace(self.come.get() + 1);
            if come == at {
                return read;
            }
            let mut passed = self.passed.borrow_mut();
            if let Some(read) = read.filter(|_| passed.len() < PASSED) {
                passed.insert(come, read);
            }
        }
        self.passed.borrow_mut().remove(&at)
    }
}

impl World<'_> {
    /// Says which specs will be asked for, in the order of their ids, where nothing is known of them from an earlier look. The census
    /// has been taken by then, and their files looked at.
    pub fn expect(&self, ids: &BTreeSet<&SpecId>) {
        if self.survey.as_ref().is_none_or(|survey| survey.knows_nothing()) {
            self.texts.read_ahead(ids.iter().copied().cloned());
        }
    }

    /// The same for whole texts, which are read each time: every other one, as whoever asks has time to read too.
    pub fn expect_whole(&self, ids: &[SpecId]) {
        self.whole.read_ahead(ids.iter().step_by(2).cloned());
    }
}

/// Whether somebody still waits.
fn send(directory: &Directory, name: &BStr, hash: gix::hash::Kind, to: &SyncSender<Option<Read>>) -> bool {
    // What git would store for other line ends hangs on its attributes.
    let bytes = directory.read(name, LARGE).ok().flatten().filter(|bytes| !bytes.contains(&b'\r'));
    let read = bytes.and_then(|bytes| {
        let blob = compute_hash(hash, Kind::Blob, &bytes).ok()?;
        let spec = spec::parse(&format!("{SPECS_DIR}/{name}"), &bytes);
        Some(Read { bytes, blob, spec })
    });
    to.send(read).is_ok()
}
