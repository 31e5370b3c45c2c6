//! Large files of git-lfs that a run made: they come into the store of the repository, each once its content is what its name says.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use gix::{ObjectId, hash::Kind as HashKind};

use crate::{
    env::local_file,
    error::{IoContext, Result},
};

/// Where they are, below a git directory.
const OBJECTS: &str = "lfs/objects";

/// The length of a name, in hexadecimal digits of SHA-256.
const DIGITS: usize = 64;

/// Copies what is in the store of the git directory `from` and not in that of `to`. A file under a name that its content does not have is
/// left where it is, as git-lfs would.
///
/// # Errors
/// If the store of the repository cannot be written.
pub(super) fn copy_missing(from: &Path, to: &Path) -> Result<()> {
    let store = to.join(OBJECTS);
    for (name, path) in objects(&from.join(OBJECTS)) {
        let place = store.join(&name[..2]).join(&name[2..4]);
        let target = place.join(&name);
        if target.is_file() {
            continue;
        }
        fs::create_dir_all(&store).io("create", &store)?;
        let fresh = tempfile::NamedTempFile::new_in(&store).io("create a file in", &store)?;
        let Ok(Some(mut source)) = local_file::open(&path) else { continue };
        io::copy(&mut source, &mut fresh.as_file()).io("copy", &path)?;
        if is_named(fresh.path(), &name).io("read", fresh.path())? {
            fs::create_dir_all(&place).io("create", &place)?;
            fresh.persist(&target).map_err(|failed| failed.error).io("write", &target)?;
        }
    }
    Ok(())
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
    let mut file = fs::File::open(path)?;
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
