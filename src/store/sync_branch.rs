//! Branches that carry our refs to a remote that takes none but branches: `chant-sync/<clone>`, one a clone.
//!
//! Such a branch holds a file that lists the refs of its clone; the objects travel because the commits of the branch have them as
//! parents. Each commit follows the one before, so that nothing is ever forced.

use std::collections::BTreeMap;

use gix::{ObjectId, objs::tree::EntryKind};

use super::{NOTES_REF, Store, archive::ARCHIVES, tracking::REMOTES};
use crate::{error::Result, git::object::patiently};

/// Where such branches are at the remote.
pub(crate) const SYNC_BRANCHES: &str = "refs/heads/chant-sync/";

/// The file that lists the refs, a line each: the id, a blank, the name.
const LIST: &str = "refs";

/// A list of more bytes than this is not read: it has some hundred bytes a ref.
const MAX_LIST_LEN: u64 = 16 << 20;

/// The refs of a clone, by name.
pub(crate) type CarriedRefs = BTreeMap<String, ObjectId>;

/// Where the carriers of a remote are tracked.
pub(crate) fn tracked_sync_branches(remote: &str) -> String {
    format!("{REMOTES}{remote}/sync/")
}

impl Store<'_> {
    /// The carriers that `remote` had when it was fetched from last, by the names of their clones.
    pub fn sync_branches(&self, remote: &str) -> Result<Vec<(String, ObjectId)>> {
        let listed = self.listed(&tracked_sync_branches(remote))?;
        Ok(listed.into_iter().filter_map(|(clone, target)| Some((clone, target?))).collect())
    }

    /// The refs that a carrier lists, or why it can't be read. The names come from another clone.
    pub fn carried_refs(&self, carrier: ObjectId) -> Result<Result<CarriedRefs, String>> {
        let kind = self.repo.try_find_header(carrier)?.map(|header| header.kind());
        if kind != Some(gix::objs::Kind::Commit) {
            return Ok(Err("it is no commit".to_owned()));
        }
        let Some(list) = self.evidence_id(carrier, LIST)? else { return Ok(Err(format!("it has no file '{LIST}'"))) };
        match self.repo.try_find_header(list)? {
            Some(header) if header.size() <= MAX_LIST_LEN => {}
            _ => return Ok(Err(format!("its file '{LIST}' is missing, or larger than {MAX_LIST_LEN} bytes"))),
        }
        let text = String::from_utf8_lossy(&self.repo.find_blob(list)?.data).into_owned();
        let mut carried = CarriedRefs::new();
        for (number, line) in text.lines().enumerate() {
            let parsed = line.split_once(' ').and_then(|(id, name)| Some((id.parse::<ObjectId>().ok()?, name)));
            let Some((id, name)) = parsed.filter(|(id, _)| id.kind() == self.repo.object_hash()) else {
                return Ok(Err(format!("line {} of its file '{LIST}' is no id and name", number + 1)));
            };
            carried.insert(name.to_owned(), id);
        }
        Ok(Ok(carried))
    }

    /// Everything that a carrier of this clone has to list.
    pub fn refs_to_carry(&self) -> Result<CarriedRefs> {
        let chains = self.tips()?.into_iter().map(|(spec, tip)| (Self::ref_name(&spec), tip));
        let archives = self.archives()?.into_iter().map(|(name, tip)| (format!("{ARCHIVES}{name}"), tip));
        let notes = self.ref_target(NOTES_REF)?.map(|tip| (NOTES_REF.to_owned(), tip));
        Ok(chains.chain(archives).chain(notes).collect())
    }

    /// Writes the next commit of a carrier, which follows `before`. No ref is moved.
    pub fn write_sync_branch(&self, before: Option<ObjectId>, refs: &CarriedRefs, message: String) -> Result<ObjectId> {
        let known = match before {
            Some(before) => self.carried_refs(before)?.unwrap_or_default(),
            None => CarriedRefs::new(),
        };
        let text: String = refs.iter().map(|(name, id)| format!("{id} {name}\n")).collect();
        let list = self.write_blob(text.as_bytes())?;
        let empty = ObjectId::empty_tree(self.repo.object_hash());
        let tree = patiently(|| {
            let mut editor = self.repo.edit_tree(empty)?;
            editor.upsert(LIST, EntryKind::Blob, list)?;
            Ok(editor.write()?.detach())
        })?;
        // What the commit before listed is reached through it.
        let mut parents: Vec<ObjectId> = before.into_iter().collect();
        for (name, id) in refs {
            if known.get(name) != Some(id) && !parents.contains(id) {
                parents.push(*id);
            }
        }
        let commit = self.write_commit(message, tree, parents)?;
        self.sync_objects(&[tree, commit])?;
        Ok(commit)
    }
}
