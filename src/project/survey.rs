//! All specs at once, for whoever goes through them: what the index knows of them, held against the refs and files of now.

mod check;

pub use check::{Fault, check};

use std::{
    cell::{Cell, OnceCell, RefCell},
    collections::{BTreeMap, HashMap, HashSet},
    path::{Path, PathBuf},
    rc::Rc,
    thread::JoinHandle,
};

use gix::{
    ObjectId,
    bstr::{BStr, BString, ByteSlice},
};

use super::{
    ARCHIVE_DIR, Project, SPECS_DIR,
    text::{Loaded, Origin, Text},
};
use crate::{
    domain::{id::SpecId, spec::Spec, state::State},
    error::Result,
    git::work_file::{Directory, Refused, Stamp, Stamped},
    index::{Index, Known, KnownText, Then},
    store::SPECS,
};

/// The variable that makes every command do without the index.
const WITHOUT: &str = "CHANT_NO_INDEX";

/// The directories of a work tree in which spec files may be.
const DIRS: [&str; 2] = [SPECS_DIR, ARCHIVE_DIR];

/// What is known of all specs.
pub struct Survey<'p> {
    project: &'p Project,
    index: Index,
    /// When it began, in nanoseconds since the epoch: what is changed after that need not show in a stamp.
    began: i128,
    tops: Vec<PathBuf>,
    known: RefCell<HashMap<SpecId, Noted>>,
    /// Commits, each with those that it is known to reach.
    reached: RefCell<Vec<(ObjectId, HashSet<ObjectId>)>>,
    /// Whether ancestry never changes here: not at the edge of a shallow clone.
    ancestry: bool,
    looking: RefCell<Option<JoinHandle<Vec<Result<Vec<Stamped>, Refused>>>>>,
    files: OnceCell<Vec<Listing>>,
    news: Cell<bool>,
}

/// What is known of a spec.
#[derive(Default)]
struct Noted {
    known: Known,
    text: Option<NotedText>,
}

struct NotedText {
    stamp: Option<Stamp>,
    place: u8,
    loaded: Rc<Loaded>,
}

/// The entries of a directory.
type Listing = Result<HashMap<BString, Option<Stamp>>, Refused>;

impl<'p> Survey<'p> {
    /// Begins one; `None` where the index is of no use: it is not wanted, or there are objects that stand for others.
    pub(super) fn begin(project: &'p Project) -> Option<Survey<'p>> {
        let unwanted = project.env.text(WITHOUT).is_some_and(|value| !matches!(value, "" | "0" | "false" | "no" | "off"));
        let repo = project.repo.gix();
        if unwanted || repo.objects.store_ref().replacements().next().is_some() {
            return None;
        }
        let began = project.env.now().as_nanosecond();
        let tops = project.tops();
        let looking = looker(&tops);
        // Each worktree has its own, and takes it along when it goes.
        let (dir, name) = match project.repo.is_linked() {
            true => (project.repo.git_dir().to_owned(), "chant-index"),
            false => (project.repo.chant_dir(), "index"),
        };
        let index = Index::new(&dir, name, &tops, &project.env.binary());
        let mut known: HashMap<SpecId, Noted> = HashMap::new();
        let reached = index.read(|count, id, mut of| {
            known.reserve(count.saturating_sub(known.len()));
            let text = of.text.take().and_then(|text| noted(&tops, text));
            known.insert(id, Noted { known: of, text });
        });
        let reached = reached.unwrap_or_default();
        let grafts = project.repo.common_dir().join("info/grafts");
        let ancestry = repo.is_shallow().is_ok_and(|shallow| !shallow) && !grafts.exists();
        Some(Survey {
            project,
            index,
            began,
            known: RefCell::new(known),
            reached: RefCell::new(reached.into_iter().map(|(from, to)| (from, to.into_iter().collect())).collect()),
            ancestry,
            looking: RefCell::new(looking),
            files: OnceCell::new(),
            news: Cell::new(false),
            tops,
        })
    }

    /// Every spec that has a ref, with its tip.
    pub(super) fn tips(&self) -> Result<BTreeMap<SpecId, ObjectId>> {
        match self.loose_and_packed()? {
            Some(tips) => Ok(tips),
            // Something is there that is no ref: whoever reads it knows what to say.
            None => Ok(self.project.store()?.tips()?.into_iter().collect()),
        }
    }

    /// The same, of loose refs by their stamps; `None` if there is anything unusual. First the loose ones, as git packs a ref before it
    /// takes the loose one away.
    fn loose_and_packed(&self) -> Result<Option<BTreeMap<SpecId, ObjectId>>> {
        let store = self.project.store()?;
        let Ok(dir) = Directory::open(self.project.repo.common_dir(), SPECS.trim_end_matches('/').into()) else {
            return Ok(None);
        };
        let Ok(entries) = dir.map_or_else(|| Ok(Vec::new()), |dir| dir.stamps()) else { return Ok(None) };
        let mut loose = Vec::new();
        for Stamped { name, stamp } in entries {
            let Some(Ok(id)) = name.to_str().ok().map(SpecId::new) else { continue };
            let Some(stamp) = stamp else { return Ok(None) };
            let held = self.known.borrow().get(&id).and_then(|noted| noted.known.loose);
            let tip = match held.filter(|(then, _)| *then == stamp) {
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
        let mut tips: BTreeMap<SpecId, ObjectId> = store.packed_tips()?.into_iter().collect();
        tips.extend(loose);
        Ok(Some(tips))
    }

    fn note_ref(&self, id: &SpecId, stamp: Stamp, tip: ObjectId) {
        if stamp.is_settled(self.began) {
            self.known.borrow_mut().entry(id.clone()).or_default().known.loose = Some((stamp, tip));
            self.news.set(true);
        }
    }

    /// The names in a directory of spec files, of one work tree.
    pub(super) fn names(&self, top: &Path) -> Option<Vec<&BStr>> {
        let at = self.tops.iter().position(|one| one == top)?;
        let listing = self.files().get(at)?.as_ref().ok()?;
        Some(listing.keys().map(|name| name.as_bstr()).collect())
    }

    fn files(&self) -> &[Listing] {
        self.files.get_or_init(|| {
            let listed = match self.looking.borrow_mut().take().map(JoinHandle::join) {
                Some(Ok(listed)) => listed,
                _ => look(&self.tops),
            };
            let by_name = |entries: Vec<Stamped>| entries.into_iter().map(|one| (one.name, one.stamp)).collect();
            listed.into_iter().map(|listing| listing.map(by_name)).collect()
        })
    }

    /// The stamp of the file `name`, as far as it was looked at; `None` if that is not known.
    fn stamp(&self, place: usize, directory: &Directory, name: &BStr) -> Option<Stamp> {
        if place.is_multiple_of(DIRS.len()) {
            let listing = self.files().get(place / DIRS.len())?.as_ref().ok()?;
            return listing.get(name).copied().flatten();
        }
        directory.stamp(name).ok()?
    }

    /// The text of a spec in one of its places, counted in the order in which they are looked through, if the file there is the one
    /// that it was read from; and the stamp to keep with what is read now.
    pub(super) fn text(&self, id: &SpecId, place: usize, directory: &Directory, name: &BStr) -> Held {
        let Some(stamp) = self.stamp(place, directory, name) else { return Held::Unknown(None) };
        let known = self.known.borrow();
        match known.get(id).and_then(|noted| noted.text.as_ref()) {
            Some(text) if text.stamp == Some(stamp) && usize::from(text.place) == place => {
                Held::Known(Rc::clone(&text.loaded))
            }
            _ => Held::Unknown(Some(stamp)),
        }
    }

    /// Whether a text that lies in no file, or in one that looks changed, says what is known: it is the same blob under the same path.
    pub(super) fn same_text(&self, id: &SpecId, path: &str, blob: ObjectId) -> Option<Rc<Loaded>> {
        let known = self.known.borrow();
        let text = known.get(id)?.text.as_ref()?;
        let same = text.loaded.text.as_ref().is_some_and(|text| text.blob == blob && text.path == path);
        same.then(|| Rc::clone(&text.loaded))
    }

    /// Keeps what a text says, with the file that it was read from.
    pub(super) fn note_text(&self, id: &SpecId, place: Option<usize>, stamp: Option<Stamp>, loaded: &Rc<Loaded>) {
        let Loaded { text: Some(text), spec: Ok(spec) } = loaded.as_ref() else { return };
        let stamp = stamp.filter(|stamp| stamp.is_settled(self.began));
        let place = place.and_then(|place| u8::try_from(place).ok()).unwrap_or_default();
        let mut known = self.known.borrow_mut();
        let noted = known.entry(id.clone()).or_default();
        let same = noted.text.as_ref().is_some_and(|old| {
            let blob = |loaded: &Loaded| loaded.text.as_ref().map(|text| (text.blob, text.path.clone()));
            old.stamp == stamp && old.place == place && blob(&old.loaded) == blob(loaded)
        });
        if !same {
            let outline = Text { bytes: Vec::new(), ..text.clone() };
            let spec = Ok(Spec::outline(&text.path, spec.front.clone(), spec.title.clone()));
            let loaded = Rc::new(Loaded { text: Some(outline), spec });
            noted.text = Some(NotedText { stamp, place, loaded });
            self.news.set(true);
        }
    }

    /// What the events of a spec amount to at `tip`.
    pub(super) fn state(&self, id: &SpecId, tip: ObjectId) -> Option<Rc<State>> {
        let known = self.known.borrow();
        known.get(id)?.known.state.as_ref().filter(|state| state.tip == tip).map(Rc::clone)
    }

    /// Keeps it.
    pub(super) fn note_state(&self, id: &SpecId, state: &Rc<State>) {
        self.known.borrow_mut().entry(id.clone()).or_default().known.state = Some(Rc::clone(state));
        self.news.set(true);
    }

    /// The specs that informed an attempt on `id`, as `read` reads them from its start event, and whether those are all.
    pub(super) fn origins(
        &self,
        id: &SpecId,
        attempt: ObjectId,
        read: impl FnOnce() -> Result<Option<(Rc<[SpecId]>, bool)>>,
    ) -> Result<Option<Rc<[SpecId]>>> {
        let held = self.known.borrow().get(id).and_then(|noted| noted.known.origins.clone());
        if let Some((_, origins)) = held.filter(|(of, _)| *of == attempt) {
            return Ok(Some(origins));
        }
        let read = read()?;
        if let Some((origins, true)) = &read {
            self.known.borrow_mut().entry(id.clone()).or_default().known.origins = Some((attempt, Rc::clone(origins)));
            self.news.set(true);
        }
        Ok(read.map(|(origins, _)| origins))
    }

    /// What the event of `other` that is pinned as an input of `id` said, as `read` reads it.
    pub(super) fn then(
        &self,
        id: &SpecId,
        (other, event): (&SpecId, ObjectId),
        read: impl FnOnce() -> Option<Then>,
    ) -> Option<Rc<Then>> {
        let held = self.known.borrow().get(id).and_then(|noted| {
            let pinned = noted.known.pinned.iter().find(|(spec, of, _)| spec == other && *of == event);
            pinned.map(|(_, _, then)| Rc::clone(then))
        });
        if held.is_some() {
            return held;
        }
        let then = Rc::new(read()?);
        let mut known = self.known.borrow_mut();
        let pinned = &mut known.entry(id.clone()).or_default().known.pinned;
        pinned.retain(|(spec, ..)| spec != other);
        pinned.push((other.clone(), event, Rc::clone(&then)));
        self.news.set(true);
        Some(then)
    }

    /// Whether `descendant` is known to reach `ancestor`. `holds` tells whether it reaches a commit that others were asked about.
    pub(super) fn reaches(
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
        self.news.set(true);
        Ok(found)
    }

    /// Keeps that `descendant` reaches `ancestor`.
    pub(super) fn note_reached(&self, descendant: ObjectId, ancestor: ObjectId) {
        if self.ancestry
            && let Some((_, reached)) = self.reached.borrow_mut().iter_mut().find(|(from, _)| *from == descendant)
            && reached.insert(ancestor)
        {
            self.news.set(true);
        }
    }

    /// Writes down what was learned, of the specs that `exist`. A repository that cannot be written to is none the worse for it.
    pub(super) fn keep(&self, exist: impl Fn(&SpecId) -> bool) {
        if !self.news.replace(false) {
            return;
        }
        let known = self.known.borrow();
        let specs = known.iter().filter(|(id, _)| exist(id)).map(|(id, noted)| (id, noted.known()));
        let reached = self.reached.borrow().iter().map(|(from, to)| (*from, to.iter().copied().collect())).collect();
        let _is_slower_next_time = self.index.write(&reached, specs.collect());
    }
}

impl Noted {
    fn known(&self) -> Known {
        let text = self.text.as_ref().and_then(|noted| {
            let Loaded { text: Some(text), spec: Ok(spec) } = noted.loaded.as_ref() else { return None };
            Some(KnownText {
                stamp: noted.stamp,
                place: noted.place,
                path: text.path.clone(),
                blob: text.blob,
                title: spec.title.clone(),
                front: spec.front.clone(),
            })
        });
        Known { text, ..self.known.clone() }
    }
}

fn noted(tops: &[PathBuf], text: KnownText) -> Option<NotedText> {
    let top = tops.get(usize::from(text.place) / DIRS.len());
    let origin = match (text.stamp, top) {
        (None, _) => Origin::Event,
        (Some(_), Some(top)) => Origin::File(top.clone()),
        (Some(_), None) => return None,
    };
    let spec = Ok(Spec::outline(&text.path, text.front, text.title));
    let outline = Text { path: text.path, bytes: Vec::new(), blob: text.blob, origin };
    let loaded = Rc::new(Loaded { text: Some(outline), spec });
    Some(NotedText { stamp: text.stamp, place: text.place, loaded })
}

/// What is known of the text in a place.
pub(super) enum Held {
    /// It is this.
    Known(Rc<Loaded>),
    /// It has to be read; the stamp of the file before that.
    Unknown(Option<Stamp>),
}

/// Looks at the spec files beside whatever else is done first: half of the time of a listing goes there.
fn looker(tops: &[PathBuf]) -> Option<JoinHandle<Vec<Result<Vec<Stamped>, Refused>>>> {
    let tops = tops.to_vec();
    std::thread::Builder::new().name("files".to_owned()).spawn(move || look(&tops)).ok()
}

/// The spec files of each work tree with their stamps.
fn look(tops: &[PathBuf]) -> Vec<Result<Vec<Stamped>, Refused>> {
    let one = |top: &PathBuf| match Directory::open(top, SPECS_DIR.into())? {
        Some(directory) => directory.stamps(),
        None => Ok(Vec::new()),
    };
    tops.iter().map(one).collect()
}
