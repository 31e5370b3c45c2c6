//! What the index says of whole directories: its cache tree, see gitformat-index(5).

use std::{fs, path::Path};

use bstr::ByteSlice;
use gix::{ObjectId, index::extension};

use super::repository::Repository;

/// The length of a name that is this long or longer is not in the entry: such a name ends with NUL.
const LONG: usize = 0xfff;

/// The flag of an entry that has more flags, since version 3.
const EXTENDED: u16 = 0x4000;

/// Whether the index file `index` has below the directory `dir` what the tree of `commit` has there. `None` where that takes a
/// comparison of files, or the index is of a kind that is not read here: git knows then.
pub(crate) fn is_as_committed(repo: &Repository, index: &Path, commit: ObjectId, dir: &str) -> Option<bool> {
    let repo = repo.gix();
    let tree = repo.find_commit(commit).ok()?.tree().ok()?;
    let committed = tree.lookup_entry_by_path(dir).ok()?.filter(|entry| entry.mode().is_tree())?.object_id();
    let hash = repo.object_hash();
    let bytes = fs::read(index).ok()?;
    let extensions = extensions(&bytes, hash.len_in_bytes())?;
    let mut cached = None;
    for (signature, data) in extension::Iter::new_without_checksum(extensions, hash)? {
        match &signature {
            b"TREE" => cached = extension::tree::decode(data, hash, None),
            // The other half is in another file.
            b"link" => return None,
            _ => {}
        }
    }
    let cached = cached?;
    let mut below = &cached;
    for part in dir.split('/') {
        below = below.children.iter().find(|child| child.name.as_bstr() == part)?;
    }
    below.num_entries.map(|_| below.id == committed)
}

/// What follows the entries of an index of version 2 or 3. They are stepped over: to take each apart, as gix does, takes as long as
/// all the rest of a hook.
fn extensions(index: &[u8], hash_len: usize) -> Option<&[u8]> {
    let number = |at: usize| Some(u32::from_be_bytes(*index.get(at..)?.first_chunk()?));
    if !index.starts_with(b"DIRC") || !matches!(number(4)?, 2 | 3) {
        return None;
    }
    let mut at = 12;
    for _ in 0..number(8)? {
        let flags_at = at + 40 + hash_len;
        let flags = u16::from_be_bytes(*index.get(flags_at..)?.first_chunk()?);
        let name_at = flags_at + if flags & EXTENDED == 0 { 2 } else { 4 };
        let length = match usize::from(flags) & LONG {
            LONG => index.get(name_at..)?.find_byte(0)?,
            length => length,
        };
        // One to eight NULs, up to the next multiple of eight.
        at += (name_at - at + length + 8) & !7;
    }
    index.get(at..)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extensions_are_found_behind_entries_of_every_length() {
        let mut index = b"DIRC\0\0\0\x03\0\0\0\x04".to_vec();
        for (flags, name) in
            [(1, "a".to_owned()), (9, "dir/later".into()), (0x4003, "new".into()), (0xfff, "x".repeat(5000))]
        {
            let begin = index.len();
            index.extend([0; 60]);
            index.extend(u16::to_be_bytes(flags));
            index.extend(vec![0; if flags & EXTENDED == 0 { 0 } else { 2 }]);
            index.extend(name.bytes());
            let filled = index.len() - begin;
            index.extend(vec![0; 8 - filled % 8]);
        }
        index.extend(b"TREE and so on");
        assert_eq!(extensions(&index, 20), Some(b"TREE and so on".as_slice()));
        // Cut off anywhere, it has none, or the rest of them.
        for end in 0..index.len() {
            assert!(extensions(&index[..end], 20).is_none_or(|rest| b"TREE and so on".starts_with(rest)), "{end}");
        }
        index[7] = 4;
        assert_eq!(extensions(&index, 20), None);
    }
}
