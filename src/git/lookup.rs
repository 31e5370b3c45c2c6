//! Reading refs that all worktrees share: one by its full name, or all below a prefix.
//!
//! Loose files are always looked at first, and packed-refs read anew after that, as git does: somebody who packs refs moves them in the
//! other direction, and a ref would be missed, or an old value of it taken, the other way around.

use std::{
    fs::{self, File},
    io::{self, ErrorKind, Read as _},
    path::Path,
};

use gix::{
    ObjectId,
    bstr::ByteSlice,
    refs::{FullName, FullNameRef, Target, file::loose},
};

use crate::error::{IoContext, Result};

/// What a ref holds, found by its full name and no other.
pub fn target(repo: &gix::Repository, name: &FullNameRef) -> Result<Option<Target>> {
    match look(repo, name) {
        Look::Holds(target) => Ok(Some(target)),
        Look::Missing => {
            let packed = repo.refs.open_packed_buffer()?;
            let found = packed.as_ref().map(|packed| packed.try_find(name)).transpose()?.flatten();
            Ok(found.map(|found| Target::Object(found.target())))
        }
        Look::Unsure => by_gix(repo, name),
    }
}

/// What one look at the file of a ref tells.
enum Look {
    Holds(Target),
    Missing,
    /// It may lie elsewhere, or what is in it is nothing that can be told here.
    Unsure,
}

/// Looks for the file of a ref. gix would go on to look in all places that a partial name could mean.
fn look(repo: &gix::Repository, name: &FullNameRef) -> Look {
    // Some file systems have names in another form than the one that was asked for: gix knows about that.
    let Some(path) = name.as_bstr().to_str().ok().filter(|path| path.is_ascii()) else { return Look::Unsure };
    if !path.starts_with("refs/") || name.category().is_some_and(|kind| kind.is_worktree_private()) {
        return Look::Unsure;
    }
    match content(&repo.common_dir().join(path)) {
        Ok(bytes) => match loose::Reference::try_from_path(name.to_owned(), &bytes, repo.object_hash()) {
            Ok(found) => Look::Holds(found.target),
            Err(_) => Look::Unsure,
        },
        Err(error) if error.kind() == ErrorKind::NotFound => Look::Missing,
        Err(_) => Look::Unsure,
    }
}

fn by_gix(repo: &gix::Repository, name: &FullNameRef) -> Result<Option<Target>> {
    // A partial name could also find 'refs/tags/<name>'.
    let ours = |found: &gix::refs::Reference| found.name.as_ref() == name;
    if let Some(loose) = repo.refs.try_find_packed(name, None)?.filter(ours) {
        return Ok(Some(loose.target));
    }
    refresh(repo);
    let packed = repo.refs.cached_packed_buffer()?;
    let found = repo.refs.try_find_packed(name, packed.as_ref().map(|buffer| &***buffer))?.filter(ours);
    Ok(found.map(|found| found.target))
}

/// Makes the next look of gix at packed refs see the file as it is.
///
/// gix goes by the modification time of `packed-refs`, and two gits can pack refs within one tick of it: what the second of them
/// packed would be missed, or taken for what it was before.
pub fn refresh(repo: &gix::Repository) {
    // Where there is no such file, or one that cannot be read, whoever looks next finds that out and says so.
    let _missing = repo.refs.force_refresh_packed_buffer();
}

/// Every ref below `prefix`, which ends with a slash, by its name without it, sorted; no target if it is symbolic or its file holds
/// no ref.
///
/// # Errors
/// If a file or directory cannot be read, or packed-refs is malformed.
pub fn below(repo: &gix::Repository, prefix: &str) -> Result<Vec<(String, Option<ObjectId>)>> {
    let mut found = Vec::new();
    walk(repo, &repo.common_dir().join(prefix), prefix, prefix.len(), &mut found)?;
    found.sort_unstable();
    let loose = found.len();
    if let Some(packed) = repo.refs.open_packed_buffer()? {
        for reference in packed.iter_prefixed(prefix.into())? {
            let reference = reference?;
            let Some(name) = reference.name.as_bstr().to_str().ok().and_then(|name| name.strip_prefix(prefix)) else {
                continue;
            };
            if found[..loose].binary_search_by(|(other, _)| other.as_str().cmp(name)).is_err() {
                found.push((name.to_owned(), Some(reference.target())));
            }
        }
    }
    // Both parts are sorted by now, or nearly so.
    found.sort();
    Ok(found)
}

/// Reads the files of refs in a directory and below it; `name` is that of the directory, of which `skipped` bytes are not wanted.
fn walk(
    repo: &gix::Repository,
    dir: &Path,
    name: &str,
    skipped: usize,
    found: &mut Vec<(String, Option<ObjectId>)>,
) -> Result<()> {
    // Whoever packs refs takes empty directories away.
    let gone = |error: &io::Error| matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory);
    let entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if gone(&error) => return Ok(()),
        Err(error) => return Err(error).io("list", dir),
    };
    for entry in entries {
        let entry = entry.io("list", dir)?;
        let (Ok(file), Ok(kind)) = (entry.file_name().into_string(), entry.file_type()) else { continue };
        let full = format!("{name}{file}");
        if kind.is_dir() {
            walk(repo, &entry.path(), &format!("{full}/"), skipped, found)?;
        } else if kind.is_file()
            // What has no name of a ref is none: a lock, for one.
            && let Ok(valid) = FullName::try_from(full.as_str())
        {
            let path = entry.path();
            match content(&path) {
                Ok(bytes) => {
                    let read = loose::Reference::try_from_path(valid, &bytes, repo.object_hash());
                    let target = read.ok().and_then(|read| read.target.try_id().map(ToOwned::to_owned));
                    found.push((full[skipped..].to_owned(), target));
                }
                // It was packed or deleted meanwhile.
                Err(error) if gone(&error) => {}
                Err(error) => return Err(error).io("read", &path),
            }
        }
    }
    Ok(())
}

/// What is in the file of a ref: most often so little that it is read at once, without asking for its size.
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
