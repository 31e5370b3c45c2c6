//! Reading refs that all worktrees share: one by its full name, or all below a prefix.
//!
//! Loose files are always looked at first, and packed-refs read anew after that, as git does: a process that packs refs moves them in the
//! other direction, and a ref would be missed, or an old value of it taken, the other way around.

use std::{
    fs::{self, File},
    io::{self, ErrorKind, Read as _},
    path::Path,
};

use gix::{
    ObjectId,
    bstr::{BStr, BString, ByteSlice},
    refs::{FullName, FullNameRef, Target, file::loose::Reference},
};

use crate::error::{Error, IoContext, Kind, Result};

/// The target of a ref, found by its full name and no other.
///
/// # Errors
/// `broken-ref` if its file holds no ref.
pub(crate) fn target(repo: &gix::Repository, name: &FullNameRef) -> Result<Option<Target>> {
    if let Some(loose) = loose(repo, name)? {
        return Ok(Some(loose));
    }
    let Some(packed) = repo.refs.open_packed_buffer()? else { return Ok(None) };
    Ok(packed.try_find(name)?.map(|found| Target::Object(found.target())))
}

/// The target in the loose file of a ref; `None` if there is no file. gix would look for four other names, too.
fn loose(repo: &gix::Repository, name: &FullNameRef) -> Result<Option<Target>> {
    let dir = if is_per_worktree(name) { repo.git_dir() } else { repo.common_dir() };
    let path = dir.join(gix::path::from_bstr(name.as_bstr())?);
    match content(&path) {
        Ok(held) => match Reference::try_from_path(name.to_owned(), &held, repo.object_hash()) {
            Ok(reference) => Ok(Some(reference.target)),
            Err(_) => Err(Error::fatal(Kind::BrokenRef, format!("the ref '{}' holds no object id", name.as_bstr()))
                .hint(format!("its file is '{}'", path.display()))),
        },
        // A directory is what is left of refs of longer names, a file in its place is a ref of a shorter one.
        Err(error) if is_none(&error) => Ok(None),
        Err(error) => Err(error).io("read", &path),
    }
}

/// Whether an error says that there is no file of a ref in that place.
fn is_none(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory | ErrorKind::IsADirectory)
}

/// Whether each worktree has such a ref of its own, see gitglossary(7).
fn is_per_worktree(name: &FullNameRef) -> bool {
    let name = name.as_bstr();
    let own: [&[u8]; 3] = [b"refs/bisect/", b"refs/worktree/", b"refs/rewritten/"];
    !name.starts_with(b"refs/") || own.iter().any(|prefix| name.starts_with(prefix))
}

/// Makes the next look of gix at packed refs see the file as it is.
///
/// gix goes by the modification time of `packed-refs`, and two gits can pack refs within one tick of it: what the second of them
/// packed would be missed, or read with its old value.
pub(crate) fn refresh(repo: &gix::Repository) {
    // A missing or unreadable file is found and reported by the next reader.
    let _missing = repo.refs.force_refresh_packed_buffer();
}

/// Every ref below `prefix`, which ends with a slash, by its name without it, sorted; no target if it is symbolic or its file holds
/// no ref. Names that are no UTF-8 are left out: git-chant gives none.
///
/// # Errors
/// If a file or directory cannot be read, or packed-refs is malformed.
pub(crate) fn below(repo: &gix::Repository, prefix: &str) -> Result<Vec<(String, Option<ObjectId>)>> {
    let id = |target: Target| target.try_id().map(ToOwned::to_owned);
    let named =
        |(name, target): (BString, Option<Target>)| Some((String::from_utf8(name.into()).ok()?, target.and_then(id)));
    Ok(targets_below(repo, prefix)?.into_iter().filter_map(named).collect())
}

/// Every ref as [`below`] gives it, symbolic refs with what they lead to; no target only where a file holds no ref.
///
/// # Errors
/// As [`below`].
pub(crate) fn targets_below(repo: &gix::Repository, prefix: &str) -> Result<Vec<(BString, Option<Target>)>> {
    let mut found = Vec::new();
    walk(repo, &repo.common_dir().join(prefix), prefix.into(), prefix.len(), &mut found)?;
    found.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
    let loose = found.len();
    if let Some(packed) = repo.refs.open_packed_buffer()? {
        for reference in packed.iter_prefixed(prefix.into())? {
            let reference = reference?;
            let Some(name) = reference.name.as_bstr().strip_prefix(prefix.as_bytes()) else { continue };
            if found[..loose].binary_search_by(|(other, _)| other.as_bytes().cmp(name)).is_err() {
                found.push((name.into(), Some(Target::Object(reference.target()))));
            }
        }
    }
    // Both parts are sorted by now, or nearly so.
    found.sort_by(|(one, _), (other, _)| one.cmp(other));
    Ok(found)
}

/// Reads the files of refs in a directory and below it; `name` is that of the directory, of which `skipped` bytes are not wanted.
fn walk(
    repo: &gix::Repository,
    dir: &Path,
    name: &BStr,
    skipped: usize,
    found: &mut Vec<(BString, Option<Target>)>,
) -> Result<()> {
    let entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        // A process that packs refs removes empty directories.
        Err(error) if is_none(&error) => return Ok(()),
        Err(error) => return Err(error).io("list", dir),
    };
    for entry in entries {
        let entry = entry.io("list", dir)?;
        let Ok(kind) = entry.file_type() else { continue };
        let full = BString::from([name, entry.file_name().as_encoded_bytes()].concat());
        if kind.is_dir() {
            walk(repo, &entry.path(), BStr::new(&[&full, &b"/"[..]].concat()), skipped, found)?;
        } else if kind.is_file()
            // What has no name of a ref is none: a lock, for one.
            && let Ok(valid) = FullName::try_from(full.as_bstr())
        {
            let path = entry.path();
            match content(&path) {
                Ok(bytes) => {
                    let read = Reference::try_from_path(valid, &bytes, repo.object_hash());
                    found.push((full[skipped..].into(), read.ok().map(|read| read.target)));
                }
                // Another process packed or deleted the ref since the directory was listed.
                Err(error) if is_none(&error) => {}
                Err(error) => return Err(error).io("read", &path),
            }
        }
    }
    Ok(())
}

/// The content of the file of a ref. It is mostly so short that one read without asking for its size suffices.
fn content(path: &Path) -> io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    let mut buffer = [0; 256];
    let length = file.read(&mut buffer)?;
    let mut bytes = buffer[..length].to_vec();
    if length == buffer.len() {
        file.read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}
