//! All specs at once, for whoever goes through them: what the index knows of them, held against the refs and files of now.

mod check;

pub(crate) use check::check;

use std::{
    cell::{Cell, OnceCell, RefCell},
    collections::{HashMap, HashSet},
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
    sorted::Sorted,
    text::{Loaded, Origin, Text},
};
use crate::project::{ARCHIVE_DIR, Project, SPECS_DIR};
use crate::{
    domain::{id::SpecId, spec_file::Spec, state::State},
    error::Result,
    git::{
        lookup,
        work_file::{Directory, Listing, Looking, Refused, Runs, Stamp},
    },
    specs::cache::{Book, Brief, BriefText, Index, KnownText, News, Packed, Then},
    store::{SPECS, Store},
};

/// The variable that makes every command do without the index.
const WITHOUT: &str = "CHANT_NO_INDEX";

/// The directories of a work tree in which spec files may be.
const DIRS: [&str; 2] = [SPECS_DIR, ARCHIVE_DIR];

/// An index up to this size, in bytes, tells of no more than some hundreds of specs.
const SMALL: u64 = 256 << 10;

/// What is known of all specs.
pub(crate) struct Survey<'p> {
    project: &'p Project,
    index: Index,
    book: Book,
    /// When it began, in nanoseconds since the epoch: what is changed after that need not show in a stamp.
    began: i128,
    tops: Vec<PathBuf>,
    /// What was found since.
    news: RefCell<HashMap<SpecId, News>>,
    packed: RefCell<Packed>,
    /// Whether there is any of it.
    any: Cell<bool>,
    /// Commits, each with those that it is known to reach.
    reached: RefCell<Vec<(ObjectId, HashSet<ObjectId>)>>,
    /// Whether ancestry never changes here: not at the edge of a shallow clone.
    ancestry: bool,
    looking: RefCell<Option<Beside>>,
    files: OnceCell<Vec<Looked>>,
}

/// The spec files of a work tree as they were found.
type Looked = Result<Listing, Refused>;

impl Project {
    /// Whether nothing is to be remembered from one command to the next.
    pub(crate) fn without_index(&self) -> bool {
        self.env.text(WITHOUT).is_some_and(|value| !matches!(value, "" | "0" | "false" | "no" | "off"))
    }
}

impl<'p> Survey<'p> {
    /// Begins one; `None` where the index is of no use: it is not wanted, or there are objects that stand for others.
    pub(crate) fn begin(project: &'p Project) -> Option<Survey<'p>> {
        let repo = project.repo.gix();
        if project.without_index() || repo.objects.store_ref().replacements().next().is_some() {
            return None;
        }
        let began = project.env.now().as_nanosecond();
        let tops = project.tops();
        // Each worktree has its own, and takes it along when it goes.
        let (dir, name) = match project.repo.is_linked() {
            true => (project.repo.git_dir().to_owned(), "chant-index"),
            false => (project.repo.chant_dir(), "index"),
        };
        // Where there are few a thread is not worth its while.
        let many = dir.join(name).metadata().map_or(true, |file| file.len() > SMALL);
        let looking = tops.first().filter(|_| many).and_then(|top| Beside::begin(top));
        let index = Index::new(&dir, name, &tops, &project.env.binary(), repo.object_hash());
        let book = index.read().unwrap_or_default();
        let grafts = project.repo.common_dir().join("info/grafts");
        let ancestry = repo.is_shallow().is_ok_and(|shallow| !shallow) && !grafts.exists();
        let reached = book.reached.iter().map(|(from, to)| (*from, to.iter().copied().collect())).collect();
        Some(Survey {
            project,
            index,
            book,
            began,
            tops,
            news: RefCell::default(),
            packed: RefCell::new(Packed::Same),
            any: Cell::new(false),
            reached: RefCell::new(reached),
            ancestry,
            looking: RefCell::new(looking),
            files: OnceCell::new(),
        })
    }

    /// Takes down what is new of a spec.
    fn note(&self, id: &SpecId, change: impl FnOnce(&mut News)) {
        change(self.news.borrow_mut().entry(id.clone()).or_default());
        self.any.set(true);
    }

    /// Every spec that has a ref, with its tip.
    pub(crate) fn tips(&self) -> Result<Sorted<ObjectId>> {
        match self.loose_and_packed()? {
            Some(tips) => Ok(tips),
            // Something is there that is no ref: whoever reads it knows what to say.
            None => Ok(self.project.store()?.tips()?.into_iter().collect()),
        }
    }

    /// The same, of loose refs by their stamps; `None` if there is anything unusual. First the loose ones, as git packs a ref before it
    /// takes the loose one away.
    fn loose_and_packed(&self) -> Result<Option<Sorted<ObjectId>>> {
        let store = self.project.store()?;
        let Ok(dir) = Directory::open(self.project.repo.common_dir(), SPECS.trim_end_matches('/').into()) else {
            return Ok(None);
        };
        let Ok(entries) = dir.map_or_else(|| Ok(Listing::default()), Listing::of) else { return Ok(None) };
        let mut loose = Vec::with_capacity(entries.len());
        for (name, stamp) in entries.iter() {
            let Some(Ok(id)) = name.to_str().ok().map(SpecId::new) else { continue };
            let Some(stamp) = stamp else { return Ok(None) };
            let tip = match self.book.loose(&id).filter(|(then, _)| *then == stamp) {
                Some((_, tip)) => tip,
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
        if let Some(tips) = stamp.and_then(|stamp| self.book.packed(stamp)) {
            return Ok(tips);
        }
        // What was read of the file before may be older than the stamp.
        lookup::refresh(self.project.repo.gix());
        let tips = store.packed_tips()?;
        let settled = stamp.filter(|stamp| stamp.is_none_or(|stamp| stamp.is_settled(self.began)));
        *self.packed.borrow_mut() = match settled {
            Some(stamp) => Packed::New(stamp, tips.iter().cloned().collect()),
            None => Packed::Unsettled,
        };
        if settled.is_some() && !tips.is_empty() {
            self.any.set(true);
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
        if stamp.is_settled(self.began) {
            self.note(id, |news| news.loose = Some((stamp, tip)));
        }
    }

    /// The names in a directory of spec files, of one work tree.
    pub(crate) fn names(&self, top: &Path) -> Option<impl Iterator<Item = &BStr>> {
        let at = self.tops.iter().position(|one| one == top)?;
        Some(self.files().get(at)?.as_ref().ok()?.names())
    }

    fn files(&self) -> &[Looked] {
        self.files.get_or_init(|| {
            let (first, others) = self.tops.split_at(self.tops.len().min(1));
            let beside = self.looking.borrow_mut().take().and_then(Beside::end);
            let mut listed = beside.map_or_else(|| look(first), |first| vec![first]);
            listed.extend(look(others));
            listed
        })
    }

    /// The stamp of the file `name`, as far as it was looked at; `None` if that is not known.
    fn stamp(&self, place: usize, directory: &Directory, name: &BStr) -> Option<Stamp> {
        if place.is_multiple_of(DIRS.len()) {
            return self.listed(place / DIRS.len())?.stamp(name, b"");
        }
        directory.stamp(name).ok()?
    }

    /// The files under `.chant/specs`, in the work tree that is counted so.
    fn listed(&self, top: usize) -> Option<&Listing> {
        self.files().get(top)?.as_ref().ok()
    }

    /// What is known of a spec in short, at `tip`.
    pub(crate) fn brief(&self, id: &str, tip: ObjectId) -> Option<Brief<'_>> {
        self.book.brief(id, tip)
    }

    /// The same with what its text says, if that is the file in the first of the places where it may be, and unchanged.
    pub(crate) fn brief_with_text(&self, id: &str, tip: ObjectId) -> Option<(Brief<'_>, BriefText<'_>)> {
        let stamp = self.listed(0)?.stamp(id.as_bytes(), b".md")?;
        self.book.brief_with_text(id, tip, stamp)
    }

    /// The text of a spec in one of its places, counted in the order in which they are looked through, if the file there is the one
    /// that it was read from; and the stamp to keep with what is read now.
    pub(crate) fn text(&self, id: &SpecId, place: usize, directory: &Directory, name: &BStr) -> Held {
        let Some(stamp) = self.stamp(place, directory, name) else { return Held::Unknown(None) };
        match self.known_text(id, |then, at, _, _| then == Some(stamp) && usize::from(at) == place) {
            Some(loaded) => Held::Known(loaded),
            None => Held::Unknown(Some(stamp)),
        }
    }

    /// Whether a text that lies in no file, or in one that looks changed, says what is known: it is the same blob under the same path.
    pub(crate) fn same_text(&self, id: &SpecId, path: &str, blob: ObjectId) -> Option<Rc<Loaded>> {
        self.known_text(id, |_, _, at, of| of == blob && at == path)
    }

    fn known_text(&self, id: &SpecId, fits: impl Fn(Option<Stamp>, u8, &str, ObjectId) -> bool) -> Option<Rc<Loaded>> {
        let news = self.news.borrow();
        let text = match news.get(id).and_then(|news| news.text.as_ref()) {
            Some(text) => fits(text.stamp, text.place, &text.path, text.blob).then(|| text.clone())?,
            None => self.book.text(id, fits)?,
        };
        self.outline(text).map(Rc::new)
    }

    fn outline(&self, text: KnownText) -> Option<Loaded> {
        let top = self.tops.get(usize::from(text.place) / DIRS.len());
        let origin = match (text.stamp, top) {
            (None, _) => Origin::Event,
            (Some(_), Some(top)) => Origin::File(top.clone()),
            (Some(_), None) => return None,
        };
        let spec = Ok(Spec::outline(&text.path, text.front, text.title));
        let outline = Text::of_blob(text.path, Vec::new(), text.blob, origin);
        Some(Loaded { text: Some(outline), spec })
    }

    /// Keeps what a text says, with the file that it was read from.
    pub(crate) fn note_text(&self, id: &SpecId, place: Option<usize>, stamp: Option<Stamp>, loaded: &Loaded) {
        let Loaded { text: Some(text), spec: Ok(spec) } = loaded else { return };
        let stamp = stamp.filter(|stamp| stamp.is_settled(self.began));
        let place = place.and_then(|place| u8::try_from(place).ok()).unwrap_or_default();
        let same =
            |then, at, path: &str, blob| then == stamp && at == place && path == text.path && blob == text.blob();
        if self.known_text(id, same).is_none() {
            let known = KnownText {
                stamp,
                place,
                path: text.path.clone(),
                blob: text.blob(),
                title: spec.title.clone(),
                front: spec.front.clone(),
            };
            self.note(id, |news| news.text = Some(known));
        }
    }

    /// What the events of a spec amount to at `tip`.
    pub(crate) fn state(&self, id: &SpecId, tip: ObjectId) -> Option<Rc<State>> {
        self.book.state(id, Some(tip)).map(Rc::new)
    }

    /// Keeps it.
    pub(crate) fn note_state(&self, id: &SpecId, state: &Rc<State>) {
        self.note(id, |news| news.state = Some(Rc::clone(state)));
    }

    /// The specs that informed an attempt on `id`, as `read` reads them from its start event, and whether those are all.
    pub(crate) fn origins(
        &self,
        id: &SpecId,
        attempt: ObjectId,
        read: impl FnOnce() -> Result<Option<(Rc<[SpecId]>, bool)>>,
    ) -> Result<Option<Rc<[SpecId]>>> {
        if let Some(known) = self.book.origins(id, attempt) {
            return Ok(Some(known));
        }
        let read = read()?;
        if let Some((origins, true)) = &read {
            self.note(id, |news| news.origins = Some((attempt, Rc::clone(origins))));
        }
        Ok(read.map(|(origins, _)| origins))
    }

    /// What the event of `other` that is pinned as an input of `id` said, as `read` reads it.
    pub(crate) fn then(
        &self,
        id: &SpecId,
        (other, event): (&SpecId, ObjectId),
        read: impl FnOnce() -> Option<Then>,
    ) -> Option<Rc<Then>> {
        if let Some(known) = self.book.then(id, other, event) {
            return Some(known);
        }
        let then = Rc::new(read()?);
        self.note(id, |news| news.pinned.push((other.clone(), event, Rc::clone(&then))));
        Some(then)
    }

    /// Whether `descendant` is known to reach `ancestor`. `holds` tells whether it reaches a commit that others were asked about.
    pub(crate) fn reaches(
        &self,
        descendant: ObjectId,
        ancestor: ObjectId,
        holds: impl Fn(ObjectId) -> Result<bool>,
    ) -> Result<bool> {
        if !self.ancestry {
            return Ok(false);
        }
        if let Some((_, reached)) = self.reached.borrow().iter().find(|(from, _)| *from == descendant) {
            return Ok(reached.contains(&ancestor));
        }
        // What a commit below it reaches it reaches too.
        let mut taken = HashSet::new();
        let others: Vec<ObjectId> = self.reached.borrow().iter().map(|(from, _)| *from).collect();
        let mut below = Vec::new();
        for other in others {
            if holds(other)? {
                below.push(other);
            }
        }
        let mut all = self.reached.borrow_mut();
        for (from, reached) in all.iter().filter(|(from, _)| below.contains(from)) {
            taken.insert(*from);
            taken.extend(reached);
        }
        let found = taken.contains(&ancestor);
        all.retain(|(from, _)| !below.contains(from));
        all.insert(0, (descendant, taken));
        self.any.set(true);
        Ok(found)
    }

    /// Keeps that `descendant` reaches `ancestor`.
    pub(crate) fn note_reached(&self, descendant: ObjectId, ancestor: ObjectId) {
        if self.ancestry
            && let Some((_, reached)) = self.reached.borrow_mut().iter_mut().find(|(from, _)| *from == descendant)
            && reached.insert(ancestor)
        {
            self.any.set(true);
        }
    }

    /// Whether the index was none, or empty.
    pub(crate) fn knows_nothing(&self) -> bool {
        self.book.is_empty()
    }

    /// Whether anything was found that the index does not have.
    pub(crate) fn has_news(&self) -> bool {
        self.any.get()
    }

    /// Writes down what was found, of the specs that `exist`. A repository that cannot be written to is none the worse for it.
    pub(crate) fn keep(&self, exist: impl Fn(&str) -> bool) {
        if self.any.replace(false) {
            let reached =
                self.reached.borrow().iter().map(|(from, to)| (*from, to.iter().copied().collect())).collect();
            let found = (&*self.news.borrow(), &*self.packed.borrow());
            let _is_slower_next_time = self.index.write(&self.book, &reached, found, exist);
        }
    }
}

/// What is known of the text in a place.
pub(crate) enum Held {
    /// It is this.
    Known(Rc<Loaded>),
    /// It has to be read; the stamp of the file before that.
    Unknown(Option<Stamp>),
}

/// The spec files of the first work tree, looked at beside whatever else is done first: half of the time of a listing goes there.
struct Beside {
    /// What there is to be looked at, as soon as it is listed.
    listed: Receiver<Arc<Looking>>,
    thread: JoinHandle<Runs>,
}

impl Beside {
    fn begin(top: &Path) -> Option<Beside> {
        let top = top.to_owned();
        let (sender, listed) = channel();
        let work = move || {
            let Some(directory) = Directory::open(&top, SPECS_DIR.into())? else { return Ok(Vec::new()) };
            let looking = Arc::new(Looking::begin(directory)?);
            // Whoever began this may have gone: then nobody asks for what is found.
            let _gone = sender.send(Arc::clone(&looking));
            looking.look()
        };
        let thread = std::thread::Builder::new().name("files".to_owned()).spawn(work).ok()?;
        Some(Beside { listed, thread })
    }

    /// Lends a hand with what is left; `None` if the thread came to harm.
    fn end(self) -> Option<Looked> {
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
fn look(tops: &[PathBuf]) -> Vec<Looked> {
    let one = |top: &PathBuf| match Directory::open(top, SPECS_DIR.into())? {
        Some(directory) => Listing::of(directory),
        None => Ok(Listing::default()),
    };
    tops.iter().map(one).collect()
}
