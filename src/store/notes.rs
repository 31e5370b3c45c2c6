//! Notes on the commits that a spec's work produced: derived from events, rebuilt by `fsck --repair`. Notes of a remote are joined in
//! `notes_merge`.

use std::collections::BTreeSet;

use gix::{ObjectId, note::plumbing::State as Notes};

use super::{Store, refs::Moved};
use crate::{
    domain::id::SpecId,
    error::{Error, Kind, Result},
    git::object::patiently,
};

/// Where the notes are.
pub(crate) const NOTES_REF: &str = "refs/notes/chant";

/// The beginning of a line that names a spec in a note.
const NOTE: &str = "Chant-Spec: ";

/// A note longer than this is not ours and stays as it is, in bytes.
pub(super) const MAX_NOTE_LEN: usize = 1 << 20;

impl Store<'_> {
    /// Says on each of `commits` that it belongs to `spec`. The lines of a note are sorted and unique, so that
    /// `git notes merge -s cat_sort_uniq` brings two clones together.
    ///
    /// Returns how many notes it wrote; those that said so already are not touched.
    pub fn annotate(&self, spec: &SpecId, commits: &[ObjectId]) -> Result<usize> {
        let wanted: Vec<_> = commits.iter().map(|commit| (spec, *commit)).collect();
        self.annotate_all(&wanted, &format!("Notes of {spec}"))
    }

    /// Says on each of these commits that it belongs to the spec beside it; `title` is the title of the commit on the ref of the notes.
    ///
    /// Returns how many notes it wrote.
    pub fn annotate_all(&self, wanted: &[(&SpecId, ObjectId)], title: &str) -> Result<usize> {
        self.retry(NOTES_REF, || {
            let old = self.ref_target(NOTES_REF)?;
            let (tree, written) = patiently(|| self.write_notes(old, wanted))?;
            if written.is_empty() {
                return Ok(Some(0));
            }
            let new = self.write_commit(format!("{title}\n"), tree, old.into_iter().collect())?;
            self.sync_notes(tree, &written)?;
            self.sync_objects(&[new])?;
            let moved = self.swap(NOTES_REF, old, new, "chant: notes")? == Moved::Yes;
            Ok(moved.then_some(written.len()))
        })
    }

    /// Writes the tree of the notes with the name of each spec on its commit; gives the commits that did not have it.
    fn write_notes(&self, old: Option<ObjectId>, wanted: &[(&SpecId, ObjectId)]) -> Result<(ObjectId, Vec<ObjectId>)> {
        let root = match old {
            Some(commit) => self.repo.find_commit(commit)?.tree_id()?.detach(),
            None => self.repo.write_object(gix::objs::Tree::empty())?.detach(),
        };
        let mut notes = Notes::new(root, self.repo)?;
        let mut written = Vec::new();
        for (spec, commit) in wanted {
            let mut lines = self.lines(&mut notes, *commit)?.unwrap_or_default();
            if !lines.insert(note_line(spec)) {
                continue;
            }
            let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
            let blob = self.write_blob(text.as_bytes())?;
            notes.edit(*commit, Some(blob), self.repo)?;
            written.push(*commit);
        }
        Ok((if written.is_empty() { root } else { notes.write(self.repo)? }, written))
    }

    /// The notes as they are now; `None` where there are none.
    fn notes(&self) -> Result<Option<Notes>> {
        let Some(commit) = self.ref_target(NOTES_REF)? else { return Ok(None) };
        Ok(Some(Notes::new(self.repo.find_commit(commit)?.tree_id()?.detach(), self.repo)?))
    }

    /// The lines of the note on `commit`.
    pub fn note(&self, commit: ObjectId) -> Result<BTreeSet<String>> {
        let Some(mut notes) = self.notes()? else { return Ok(BTreeSet::new()) };
        Ok(self.lines(&mut notes, commit)?.unwrap_or_default())
    }

    /// The specs that the note on each of `commits` names, in the order of the commits.
    pub fn specs_of(&self, commits: &[ObjectId]) -> Result<Vec<Vec<SpecId>>> {
        let Some(mut notes) = self.notes()? else { return Ok(vec![Vec::new(); commits.len()]) };
        let mut specs = Vec::with_capacity(commits.len());
        for commit in commits {
            let lines = self.lines(&mut notes, *commit)?.unwrap_or_default();
            let named = |line: &String| SpecId::new(line.strip_prefix(NOTE)?.trim()).ok();
            specs.push(lines.iter().filter_map(named).collect());
        }
        Ok(specs)
    }

    /// Those of `commits` whose note does not name `spec`, in their order, each once.
    pub fn unannotated(&self, spec: &SpecId, commits: &[ObjectId]) -> Result<Vec<ObjectId>> {
        let mut missing: Vec<ObjectId> = Vec::new();
        let Some(mut notes) = self.notes()? else {
            missing.extend(commits.iter().collect::<BTreeSet<_>>());
            return Ok(missing);
        };
        let line = note_line(spec);
        for commit in commits {
            let named = self.lines(&mut notes, *commit)?.is_some_and(|lines| lines.contains(&line));
            if !named && !missing.contains(commit) {
                missing.push(*commit);
            }
        }
        Ok(missing)
    }

    /// Every object that has a note, as the names in the notes tree say.
    pub fn annotated(&self) -> Result<Vec<ObjectId>> {
        let Some(notes) = self.ref_target(NOTES_REF)? else { return Ok(Vec::new()) };
        let tree = self.repo.find_commit(notes)?.tree()?;
        let files = tree.traverse().breadthfirst.files()?;
        // Other files may lie in a notes tree, and are none.
        Ok(files
            .iter()
            .filter_map(|file| {
                let name: Vec<u8> = file.filepath.iter().copied().filter(|byte| *byte != b'/').collect();
                ObjectId::from_hex(&name).ok().filter(|id| id.kind() == self.repo.object_hash())
            })
            .collect())
    }

    /// Syncs the trees that lead to the notes on `commits`, if `core.fsync` asks for it.
    pub(super) fn sync_notes(&self, root: ObjectId, commits: &[ObjectId]) -> Result<()> {
        if !self.settings.sync_objects {
            return Ok(());
        }
        let mut trees = BTreeSet::from([root]);
        for commit in commits {
            let (mut tree, name) = (root, commit.to_string());
            for at in (0..name.len()).step_by(2) {
                let found = self.repo.find_tree(tree)?;
                match found.find_entry(&name[at..at + 2]) {
                    Some(entry) if entry.mode().is_tree() => tree = entry.object_id(),
                    _ => break,
                }
                trees.insert(tree);
            }
        }
        self.sync_objects(&trees.into_iter().collect::<Vec<_>>())
    }

    pub(super) fn lines(&self, notes: &mut Notes, commit: ObjectId) -> Result<Option<BTreeSet<String>>> {
        let Some(blob) = notes.get(&commit, self.repo)? else { return Ok(None) };
        let header = self.repo.find_header(blob)?;
        if header.size() > MAX_NOTE_LEN as u64 {
            return Err(Error::fatal(
                Kind::NoteTooLarge,
                format!("the note on {commit} is larger than {MAX_NOTE_LEN} bytes"),
            ));
        }
        let data = self.repo.find_blob(blob)?.take_data();
        Ok(Some(String::from_utf8_lossy(&data).lines().map(str::to_owned).filter(|line| !line.is_empty()).collect()))
    }
}

/// The line that names a spec.
fn note_line(spec: &SpecId) -> String {
    format!("{NOTE}{spec}")
}
