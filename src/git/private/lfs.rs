//! Large files of git-lfs that a run made: they come into the store of the repository where a blob of the run's work names them, each once
//! its content is what its name says. All others stay where the run left them.

use std::{
    collections::BTreeMap,
    fs, io,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use bstr::ByteSlice as _;
use gix::{ObjectId, hash::Kind as HashKind};

use crate::{
    env::local_file,
    error::{IoContext, Result},
    git::{process::Git, repository::Repository},
};

/// Where they are, below a git directory.
const OBJECTS: &str = "lfs/objects";

/// The length of a name, in hexadecimal digits of SHA-256.
const DIGITS: usize = 64;

/// A pointer, the file that git has in the place of a large one, is smaller than that, in bytes.
const MOST_POINTER: u64 = 1024;

/// A file that takes up so many times less of the disk than it is long is hardly one that git-lfs wrote.
const SPARSE: u64 = 64;

/// Moves what the blobs in `revisions` name from the store of the git directory `from` into that of `repo`: a list of commits for git. A
/// file whose length or content is not what the pointer says is left where it is, as git-lfs would.
///
/// # Errors
/// If git cannot be run, or the store of the repository cannot be written.
pub(super) fn take_named(from: &Path, repo: &Repository, revisions: &str) -> Result<()> {
    let store = repo.common_dir().join(OBJECTS);
    let dir_of = |name: &str| store.join(&name[..2]).join(&name[2..4]);
    let mut left = objects(&from.join(OBJECTS));
    left.retain(|(name, _)| !dir_of(name).join(name).is_file());
    if left.is_empty() {
        return Ok(());
    }
    let named = named(repo, revisions)?;
    for (name, path) in left {
        let Some(size) = named.get(&name) else { continue };
        let meta = fs::symlink_metadata(&path).io("read", &path)?;
        let takes_up = meta.blocks().saturating_mul(512).saturating_mul(SPARSE);
        if !meta.is_file() || meta.len() != *size || takes_up < *size || !is_named(&path, &name).io("read", &path)? {
            continue;
        }
        let dir = dir_of(&name);
        fs::create_dir_all(&dir).io("create", &dir)?;
        take(&path, &dir.join(&name), *size).io("rename", &path)?;
    }
    Ok(())
}

/// Moves a file of `size` bytes: what the run had is then where no run can write it.
fn take(path: &Path, target: &Path, size: u64) -> io::Result<()> {
    match fs::rename(path, target) {
        Err(cause) if cause.kind() == io::ErrorKind::CrossesDevices => {}
        renamed => return renamed,
    }
    let dir = target.parent().unwrap_or(target);
    let fresh = tempfile::NamedTempFile::new_in(dir)?;
    let Some(source) = local_file::open(path)? else { return Ok(()) };
    io::copy(&mut io::Read::take(source, size), &mut fresh.as_file())?;
    fresh.persist(target).map(drop).map_err(|failed| failed.error)
}

/// The large files that blobs in `revisions` name, with their lengths.
fn named(repo: &Repository, revisions: &str) -> Result<BTreeMap<String, u64>> {
    let list = ["rev-list", "--objects", "--no-object-names", "--missing=allow-promisor", "--stdin"];
    let output = Git::at(repo).args(list).stdin_bytes(revisions).check()?;
    let mut named = BTreeMap::new();
    for id in output.stdout.lines().filter_map(|line| ObjectId::from_hex(line).ok()) {
        let is_small = |header: gix::odb::find::Header| header.kind().is_blob() && header.size() < MOST_POINTER;
        if repo.gix().find_header(id).is_ok_and(is_small)
            && let Ok(blob) = repo.gix().find_blob(id)
        {
            named.extend(pointer(&blob.data));
        }
    }
    Ok(named)
}

/// The name and the length of the large file for which a pointer stands.
fn pointer(text: &[u8]) -> Option<(String, u64)> {
    let value = |key: &str| text.lines().find_map(|line| line.strip_prefix(key.as_bytes())?.to_str().ok());
    value("version ")?;
    let name = value("oid sha256:")?;
    Some((name.to_owned(), value("size ")?.parse().ok()?))
}

/// The files of a store, `aa/bb/<name>`, by name.
fn objects(store: &Path) -> Vec<(String, PathBuf)> {
    let below = |dir: PathBuf| fs::read_dir(dir).into_iter().flatten().flatten().map(|entry| entry.path());
    let is_dir = |path: &PathBuf| fs::symlink_metadata(path).is_ok_and(|meta| meta.is_dir());
    let dirs = below(store.to_owned()).filter(is_dir).flat_map(below).filter(is_dir);
    let named = dirs.flat_map(below).filter_map(|path| {
        let name = path.file_name()?.to_str()?.to_owned();
        let fits = name.len() == DIGITS && name.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        fits.then_some((name, path))
    });
    named.collect()
}

/// Whether the SHA-256 of a file is its name.
fn is_named(path: &Path, name: &str) -> io::Result<bool> {
    let mut hasher = gix::hash::hasher(HashKind::Sha256);
    let Some(mut file) = local_file::open(path)? else { return Ok(false) };
    let mut buffer = vec![0; 1 << 16];
    loop {
        match io::Read::read(&mut file, &mut buffer)? {
            0 => break,
            length => hasher.update(&buffer[..length]),
        }
    }
    let named = ObjectId::from_hex(name.as_bytes()).ok();
    Ok(hasher.try_finalize().ok() == named)
}
