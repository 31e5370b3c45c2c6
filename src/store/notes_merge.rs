//! Joins the notes of a remote with those of this clone: of each note the lines of both.
//!
//! Not `git notes merge`, which moves the ref without looking at what it held, so that a note that another process writes in between is lost, and which
//! reads whatever tree a remote made up.

use std::collections::BTreeMap;

use gix::{ObjectId, note::plumbing::State as Notes};

use super::{NOTES_REF, Store, notes::MAX_NOTE_LEN, refs::Moved, tracking::Integrated};
use crate::{error::Result, git::object::patiently};

/// More notes than this, and trees that lead to them, are not taken from a remote.
const MAX_ENTRIES: usize = 1 << 20;

/// The blob of the note on each object.
type Listing = BTreeMap<ObjectId, ObjectId>;

impl Store<'_> {
    /// Brings our notes together with `theirs`, the newest commit of a remote's.
    ///
    /// # Errors
    /// With code `busy` if others kept writing for the store's whole patience.
    pub fn integrate_notes(&self, theirs: ObjectId) -> Result<Integrated> {
        let mut listed = None;
        self.retry(NOTES_REF, || {
            let ours = self.ref_target(NOTES_REF)?;
            if ours == Some(theirs) {
                return Ok(Some(Integrated::Same));
            }
            let listing = match &listed {
                Some(listing) => listing,
                None => match self.fit_notes(theirs)? {
                    Ok(listing) => listed.insert(listing),
                    Err(why) => return Ok(Some(Integrated::Unfit(why))),
                },
            };
            let (new, log) = match ours {
                None => (theirs, "chant: notes fetched"),
                Some(ours) => match self.repo.merge_base(ours, theirs).ok().flatten().map(gix::Id::detach) {
                    Some(base) if base == theirs => return Ok(Some(Integrated::Kept)),
                    Some(base) if base == ours => (theirs, "chant: notes fetched"),
                    _ => (self.join_notes(ours, theirs, listing)?, "chant: notes merged"),
                },
            };
            let moved = self.swap(NOTES_REF, ours, new, log)? == Moved::Yes;
            Ok(moved.then(|| Integrated::moved(ours, theirs, new)))
        })
    }

    /// The notes below a commit that came from elsewhere, or why they can't be taken over.
    fn fit_notes(&self, tip: ObjectId) -> Result<Result<Listing, String>> {
        let kind = match self.repo.try_find_header(tip)? {
            Some(header) => header.kind(),
            None => return Ok(Err(format!("the object {tip} is missing"))),
        };
        if kind != gix::objs::Kind::Commit {
            return Ok(Err(format!("it is a {kind}, no notes")));
        }
        let root = self.repo.find_commit(tip)?.tree_id()?.detach();
        Ok(match self.list_notes(root)? {
            Some(listing) => Ok(listing),
            None => Err(format!("it holds more than {MAX_ENTRIES} notes and trees, or a tree is missing")),
        })
    }

    /// Every note below `root`; what has no name of a note, and so is none for git either, is left out. `None` if there are too
    /// many: a tree that holds another one many times over costs nothing to make.
    fn list_notes(&self, root: ObjectId) -> Result<Option<Listing>> {
        let full = self.repo.object_hash().len_in_hex();
        let mut listing = Listing::new();
        let mut queue = vec![(root, String::new())];
        let mut trees = 0;
        while let Some((id, prefix)) = queue.pop() {
            trees += 1;
            let Some(object) = self.repo.try_find_object(id)? else { return Ok(None) };
            let Ok(tree) = object.try_into_tree() else { return Ok(None) };
            for entry in tree.iter() {
                let Ok(entry) = entry else { return Ok(None) };
                let name = format!("{prefix}{}", entry.filename());
                if entry.mode().is_tree() && entry.filename().len() == 2 && name.len() < full {
                    queue.push((entry.object_id(), name));
                } else if entry.mode().is_blob()
                    && name.len() == full
                    && let Ok(noted) = ObjectId::from_hex(name.as_bytes())
                {
                    listing.insert(noted, entry.object_id());
                }
            }
            if trees + queue.len() + listing.len() > MAX_ENTRIES {
                return Ok(None);
            }
        }
        Ok(Some(listing))
    }

    /// A commit with the notes of both. It is written, no ref is moved.
    fn join_notes(&self, ours: ObjectId, theirs: ObjectId, listing: &Listing) -> Result<ObjectId> {
        let root = self.repo.find_commit(ours)?.tree_id()?.detach();
        let known = self.list_notes(root)?.unwrap_or_default();
        let (tree, written) = patiently(|| {
            let mut notes = Notes::new(root, self.repo)?;
            let mut written = Vec::new();
            for (noted, blob) in listing.iter().filter(|(noted, blob)| known.get(*noted) != Some(*blob)) {
                let Some(more) = self.note_lines(*blob)? else { continue };
                let mut lines = self.lines(&mut notes, *noted)?.unwrap_or_default();
                let before = lines.len();
                lines.extend(more);
                if lines.len() > before {
                    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
                    notes.edit(*noted, Some(self.write_blob(text.as_bytes())?), self.repo)?;
                    written.push(*noted);
                }
            }
            Ok((if written.is_empty() { root } else { notes.write(self.repo)? }, written))
        })?;
        self.sync_notes(tree, &written)?;
        let mut parents = [ours, theirs];
        parents.sort_unstable();
        self.write_joining_commit("Notes of two sides\n".to_owned(), tree, &parents, self.dated_by(&parents)?)
    }

    /// The lines of a note from elsewhere; `None` if it is none that we would write.
    fn note_lines(&self, blob: ObjectId) -> Result<Option<Vec<String>>> {
        let header = self.repo.try_find_header(blob)?;
        if !header.is_some_and(|it| it.kind() == gix::objs::Kind::Blob && it.size() <= MAX_NOTE_LEN as u64) {
            return Ok(None);
        }
        let data = self.repo.find_blob(blob)?.take_data();
        Ok(String::from_utf8(data).ok().map(|text| text.lines().filter(|l| !l.is_empty()).map(str::to_owned).collect()))
    }
}
