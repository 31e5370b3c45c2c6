//! Archived chains, folded: one ref a month under `refs/chant/archive/` in the place of one ref a spec.
//!
//! The tree of such a ref maps each id to the tip of its chain, as git names a commit in a tree: `08/2026-02-08-010-v7b`, so that
//! `git log chant/archive/2026-02:08/2026-02-08-010-v7b` goes on to show what happened to a spec. The tip is an event, and its
//! trailers hold all that a listing needs: nothing is said twice. The parents of its commits are the one before and the tips,
//! which are kept and pushed by that. Every commit depends on nothing but what it folds: two clones that fold the same make the
//! same one.
//!
//! The ref of a month moves first, then the refs of the specs are deleted. A process that dies in between leaves both: readers accept
//! that, and the next fold deletes the rest.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet, HashMap},
};

use gix::{
    ObjectId,
    bstr::ByteSlice,
    objs::tree::{EntryKind, EntryMode},
};

use super::{Store, Walk, decode, refs::Moved};
use crate::{
    domain::{event::Author, id::SpecId, new_event::merge_author, status::Status},
    error::{Error, Kind, Result},
    git::{object::patiently, reference::RefUpdate},
};

/// The namespace of folded chains.
pub(crate) const ARCHIVES: &str = "refs/chant/archive/";

/// The archive of imported specs whose ids have no date.
const UNDATED: &str = "undated";

/// One commit folds no more than this: its parents are a line each, and it is read whole.
const MAX_FOLDED: usize = 256;

/// The most specs that the message of a commit names.
const NAMED: usize = 20;

/// A month with more specs and trees than this is not read: a tree that holds another many times over costs nothing to make.
const MAX_ENTRIES: usize = 1 << 20;

/// The tip of each chain.
pub(crate) type Folded = BTreeMap<SpecId, ObjectId>;

/// The folders of archives that were looked into: each is read once, and so is what leads to it.
#[derive(Debug, Default)]
pub struct ArchiveTrees {
    /// The bytes of the tree of each folder, by archive and name.
    folders: RefCell<HashMap<String, Vec<u8>>>,
    /// The bytes of the tree of each archive; `None` where there is no such archive.
    archives: RefCell<HashMap<String, Option<Vec<u8>>>>,
}

impl ArchiveTrees {
    /// Whether the archive that `id` belongs to is known not to exist.
    pub fn lacks(&self, id: &SpecId) -> bool {
        self.archives.borrow().get(archive_of(id)) == Some(&None)
    }
}

/// The contents of an archive, and the faults of its tree.
#[derive(Debug, Default)]
pub struct Listing {
    /// The tip of each chain.
    pub specs: Folded,
    /// The faults of the other entries, which are ignored.
    pub faults: Vec<String>,
}

/// The name of the archive that a spec belongs to: its month, `2026-02`.
pub(crate) fn archive_of(id: &SpecId) -> &str {
    id.date().map_or(UNDATED, |date| &date[..7])
}

/// Whether there can be an archive of that name.
pub(crate) fn is_archive(name: &str) -> bool {
    let month = |(at, byte): (usize, u8)| if at == 4 { byte == b'-' } else { byte.is_ascii_digit() };
    name == UNDATED || (name.len() == 7 && name.bytes().enumerate().all(month))
}

impl Store<'_> {
    /// Where a spec lies in the tree of its archive: below its day, or below what its id hashes to, so that no tree gets long.
    fn archive_path(&self, id: &SpecId) -> String {
        match id.date() {
            Some(date) => format!("{}/{id}", &date[8..10]),
            None => format!("{}/{id}", self.blob_id(id.as_str().as_bytes()).to_hex_with_len(2)),
        }
    }

    /// The tip of a folded chain: one ref, and one path in its tree.
    pub fn folded_tip(&self, id: &SpecId) -> Result<Option<ObjectId>> {
        self.folded_tip_in(&ArchiveTrees::default(), id)
    }

    /// The tip of a folded chain, by the folders that were read for other specs before.
    pub fn folded_tip_in(&self, folders: &ArchiveTrees, id: &SpecId) -> Result<Option<ObjectId>> {
        let (archive, place) = (archive_of(id), self.archive_path(id));
        let (folder, file) = place.split_once('/').expect("a place has a folder");
        let mut known = folders.folders.borrow_mut();
        let key = format!("{archive}/{folder}");
        if !known.contains_key(&key) {
            let mut archives = folders.archives.borrow_mut();
            if !archives.contains_key(archive) {
                archives.insert(archive.to_owned(), self.root_of(archive)?);
            }
            let root = archives[archive].as_deref().unwrap_or_default();
            let found = self.tree_entry(archive, root, folder)?.filter(|(mode, _)| mode.is_tree());
            let tree = found.map(|(_, tree)| Ok::<_, gix::Error>(self.repo.find_object(tree)?.detach().data));
            known.insert(key.clone(), tree.transpose()?.unwrap_or_default());
        }
        let found = self.tree_entry(archive, &known[&key], file)?;
        Ok(found.filter(|(mode, _)| mode.is_commit()).map(|(_, tip)| tip))
    }

    /// The bytes of the tree of an archive; `None` where there is no such archive.
    fn root_of(&self, archive: &str) -> Result<Option<Vec<u8>>> {
        let Some(commit) = self.archive(archive)? else { return Ok(None) };
        Ok(Some(self.repo.find_commit(commit)?.tree()?.detach().data))
    }

    /// The entry of a name in a tree of an archive, given by its bytes.
    fn tree_entry(&self, archive: &str, tree: &[u8], name: &str) -> Result<Option<(EntryMode, ObjectId)>> {
        for entry in gix::objs::TreeRefIter::from_bytes(tree, self.repo.object_hash()) {
            let entry = entry.map_err(|error| Self::bad_archive(archive, &error.to_string()))?;
            if entry.filename == name.as_bytes() {
                return Ok(Some((entry.mode, entry.oid.to_owned())));
            }
        }
        Ok(None)
    }

    /// Every folded chain.
    pub fn folded(&self) -> Result<Folded> {
        let mut all = Folded::new();
        for (name, archive) in self.archives()? {
            all.append(&mut self.list_archive(&name, archive)?.specs);
        }
        Ok(all)
    }

    /// The specs with a folded chain in whose id `part` is found, in no order. The others are passed over as they are read.
    pub fn folded_with(&self, part: &str) -> Result<Vec<SpecId>> {
        let mut found = Vec::new();
        for (name, archive) in self.archives()? {
            found.extend(self.list_some(&name, archive, part)?.specs.into_keys());
        }
        Ok(found)
    }

    /// The folded chains of a month, or of any day in it.
    pub fn folded_in(&self, date: &str) -> Result<Folded> {
        let Some(name) = date.get(..7).filter(|name| is_archive(name)) else { return Ok(Folded::new()) };
        match self.archive(name)? {
            Some(archive) => Ok(self.list_archive(name, archive)?.specs),
            None => Ok(Folded::new()),
        }
    }

    /// The newest commit of an archive.
    pub fn archive(&self, name: &str) -> Result<Option<ObjectId>> {
        self.ref_target(&format!("{ARCHIVES}{name}"))
    }

    /// Every archive with its newest commit.
    pub fn archives(&self) -> Result<Vec<(String, ObjectId)>> {
        let listed = self.raw_archives()?.into_iter();
        Ok(listed.filter_map(|(name, target)| Some((name, target?))).filter(|(name, _)| is_archive(name)).collect())
    }

    /// Every ref under the namespace, its name without it, and its target unless it is symbolic or broken.
    pub fn raw_archives(&self) -> Result<Vec<(String, Option<ObjectId>)>> {
        self.listed(ARCHIVES)
    }

    /// The contents of the archive `name` at `commit`, which may come from a remote.
    pub fn list_archive(&self, name: &str, commit: ObjectId) -> Result<Listing> {
        self.list_some(name, commit, "")
    }

    /// The contents of the archive `name` at `commit`, of specs whose id contains `part`.
    fn list_some(&self, name: &str, commit: ObjectId, part: &str) -> Result<Listing> {
        let mut listing = Listing::default();
        let Some(object) = self.repo.try_find_object(commit)? else {
            listing.faults.push(format!("the object {commit} is missing"));
            return Ok(listing);
        };
        let Ok(found) = object.try_into_commit() else {
            listing.faults.push(format!("{commit} is no commit"));
            return Ok(listing);
        };
        let root = found.tree_id()?.detach();
        let mut seen = 0;
        for (folder, mode, id) in self.tree_entries(root, "", &mut listing.faults)? {
            if !mode.is_tree() {
                listing.faults.push(format!("'{}' in it is no folder", folder.escape_debug()));
                continue;
            }
            for (file, mode, tip) in self.tree_entries(id, part, &mut listing.faults)? {
                seen += 1;
                if seen > MAX_ENTRIES {
                    listing.faults.push(format!("it holds more than {MAX_ENTRIES} specs"));
                    return Ok(listing);
                }
                let path = format!("{folder}/{file}");
                let belongs = |spec: &SpecId| archive_of(spec) == name && self.archive_path(spec) == path;
                match SpecId::new(&file).ok().filter(|spec| mode.is_commit() && belongs(spec)) {
                    Some(spec) => drop(listing.specs.insert(spec, tip)),
                    None => listing.faults.push(format!("'{}' is no spec of it", path.escape_debug())),
                }
            }
        }
        Ok(listing)
    }

    fn tree_entries(
        &self,
        id: ObjectId,
        part: &str,
        faults: &mut Vec<String>,
    ) -> Result<Vec<(String, EntryMode, ObjectId)>> {
        let Some(tree) = self.repo.try_find_object(id)?.and_then(|object| object.try_into_tree().ok()) else {
            faults.push(format!("the tree {id} is missing"));
            return Ok(Vec::new());
        };
        let mut entries = Vec::new();
        for entry in tree.iter() {
            let Ok(entry) = entry else {
                faults.push(format!("the tree {id} is malformed"));
                break;
            };
            if part.is_empty() || entry.filename().contains_str(part) {
                entries.push((entry.filename().to_str_lossy().into_owned(), entry.mode(), entry.object_id()));
            }
        }
        Ok(entries)
    }

    /// Folds archived chains, each given with what its ref holds: into the archive of its month first, then the ref goes. A ref
    /// that another process moved stays, and so does one whose chain and the archive's diverged, until they are joined. Gives back those
    /// whose ref is gone.
    ///
    /// # Errors
    /// With code `busy` if others kept writing for the store's whole patience.
    pub fn fold_away(&self, chains: &[(SpecId, ObjectId)]) -> Result<Vec<SpecId>> {
        let mut months: BTreeMap<&str, Vec<(SpecId, ObjectId)>> = BTreeMap::new();
        for (id, tip) in chains {
            months.entry(archive_of(id)).or_default().push((id.clone(), *tip));
        }
        let mut gone = Vec::new();
        for (name, mut chains) in months {
            chains.sort_unstable();
            let held = self.put_into(name, &chains)?;
            gone.extend(self.drop_folded(&held)?);
        }
        Ok(gone)
    }

    /// Moves the archive on until it holds these chains; gives back those that it holds then.
    fn put_into(&self, name: &str, chains: &[(SpecId, ObjectId)]) -> Result<Vec<(SpecId, ObjectId)>> {
        let full = format!("{ARCHIVES}{name}");
        self.retry(&full, || {
            let old = self.archive(name)?;
            let known = old.map(|old| self.list_archive(name, old)).transpose()?.unwrap_or_default().specs;
            let (mut held, mut fresh) = (Vec::new(), Vec::new());
            for (id, tip) in chains {
                match known.get(id) {
                    Some(entry) if self.covers(id, *entry, *tip)? => held.push((id.clone(), *tip)),
                    Some(entry) if !self.covers(id, *tip, *entry)? => {}
                    _ => fresh.push((id.clone(), *tip)),
                }
            }
            if fresh.is_empty() {
                return Ok(Some(held));
            }
            let mut new = old.map_or_else(|| self.write_first(name), Ok)?;
            for chunk in fresh.chunks(MAX_FOLDED) {
                new = self.write_fold(name, new, chunk)?;
            }
            let moved = self.swap(&full, old, new, "chant: archive")? == Moved::Yes;
            held.extend(fresh);
            Ok(moved.then_some(held))
        })
    }

    /// Deletes the refs of chains that are folded, each if it still holds that tip.
    pub(super) fn drop_folded(&self, chains: &[(SpecId, ObjectId)]) -> Result<Vec<SpecId>> {
        let deletion =
            |(id, tip): &(SpecId, ObjectId)| RefUpdate { name: Self::ref_name(id), old: Some(*tip), new: None };
        let gone = self.update_each(&chains.iter().map(deletion).collect::<Vec<_>>(), "chant: delete")?;
        Ok(chains.iter().zip(gone).filter(|(_, gone)| *gone).map(|((id, _), _)| id.clone()).collect())
    }

    /// Whether `whole` reaches every operation that `part` reaches.
    pub fn covers(&self, spec: &SpecId, whole: ObjectId, part: ObjectId) -> Result<bool> {
        if whole == part {
            return Ok(true);
        }
        let history = Walk::together(&self.walk(spec, whole)?, &self.walk(spec, part)?);
        let ops = |tip| history.ops_of(tip).map(|event| event.id).collect::<BTreeSet<_>>();
        Ok(ops(part).is_subset(&ops(whole)))
    }

    /// The first commit of an archive, the same everywhere: with it `git log --first-parent` shows the archive and not the history
    /// of some spec, and two archives of one month have something in common.
    fn write_first(&self, name: &str) -> Result<ObjectId> {
        let message = format!(
            "chant: archive of {name}\n\n\
             Archived specs. Each file of this tree is the newest event of a spec:\n\
             'git log <this ref>:<file>' shows what happened to it.\n\n\
             Chant-Format: 1\nChant-Archive: {name}\n"
        );
        let day = format!("{name}-01").parse::<jiff::civil::Date>();
        let began = day.ok().and_then(|day| day.to_zoned(jiff::tz::TimeZone::UTC).ok());
        let author = merge_author(began.map(|began| began.timestamp().as_second()).into_iter());
        self.write_joining_commit(message, ObjectId::empty_tree(self.repo.object_hash()), &[], author)
    }

    /// The commit after `before` that holds these chains too. It is written, no ref is moved.
    fn write_fold(&self, name: &str, before: ObjectId, chains: &[(SpecId, ObjectId)]) -> Result<ObjectId> {
        let root = self.repo.find_commit(before)?.tree_id()?.detach();
        let tree = self.archive_tree(root, chains)?;
        let count = match chains {
            [_] => "1 spec".to_owned(),
            several => format!("{} specs", several.len()),
        };
        let mut message = format!("chant: archive {count} of {name}\n\n");
        for (id, tip) in chains.iter().take(NAMED) {
            message.push_str(&format!("{}{}\n", id.short(), self.said_by(*tip)?));
        }
        if chains.len() > NAMED {
            message.push_str(&format!("and {} more\n", chains.len() - NAMED));
        }
        message.push_str(&format!("\nChant-Format: 1\nChant-Archive: {name}\n"));
        let mut parents = vec![before];
        for (_, tip) in chains {
            if !parents.contains(tip) {
                parents.push(*tip);
            }
        }
        self.write_joining_commit(message, tree, &parents, self.dated_by(&parents)?)
    }

    /// The tree `root` with these chains in it.
    pub(super) fn archive_tree<'a>(
        &self,
        root: ObjectId,
        chains: impl IntoIterator<Item = &'a (SpecId, ObjectId)> + Clone,
    ) -> Result<ObjectId> {
        let tree = patiently(|| {
            let mut editor = self.repo.edit_tree(root)?;
            for (id, tip) in chains.clone() {
                editor.upsert(self.archive_path(id), EntryKind::Commit, *tip)?;
            }
            Ok(editor.write()?.detach())
        })?;
        self.sync_tree(tree)?;
        Ok(tree)
    }

    /// The author of a commit that depends on nothing but its parents.
    pub(super) fn dated_by(&self, parents: &[ObjectId]) -> Result<Author> {
        let mut seconds = Vec::new();
        for parent in parents {
            seconds.push(self.repo.find_commit(*parent)?.time().map_or(0, |time| time.seconds));
        }
        Ok(merge_author(seconds.into_iter()))
    }

    /// The line of an event in the message of a commit. The event may come from a remote.
    fn said_by(&self, tip: ObjectId) -> Result<String> {
        let object = self.repo.find_object(tip)?;
        let Ok(event) = decode(tip, &object.data) else { return Ok(String::new()) };
        let plain: String = event.sentence.lines().next().unwrap_or_default().chars().take(100).collect();
        let plain = plain.replace(char::is_control, " ");
        Ok(if plain.is_empty() { plain } else { format!(": {plain}") })
    }

    /// The archived chains that have a ref of their own, each with what it holds, of these specs or of all. What cannot be read is
    /// left out: `fsck` names it.
    pub fn unfolded(&self, only: Option<&[SpecId]>) -> Result<Vec<(SpecId, ObjectId)>> {
        let mut chains = Vec::new();
        match only {
            None => chains = self.tips()?,
            Some(ids) => {
                for id in ids {
                    chains.extend(self.ref_tip(id)?.map(|tip| (id.clone(), tip)));
                }
            }
        }
        let archived =
            |id: &SpecId, tip| self.state_at(id, tip).is_ok_and(|(state, _)| state.status == Status::Archived);
        chains.retain(|(id, tip)| archived(id, *tip));
        Ok(chains)
    }

    /// The error for an archive that holds what it should not.
    fn bad_archive(name: &str, why: &str) -> Error {
        Error::fatal(Kind::BadArchive, format!("'{ARCHIVES}{name}': {why}"))
    }
}
