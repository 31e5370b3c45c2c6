//! The refs of a private repository: one packed file, however many there are, and symbolic refs as git has them.

use std::{fs, path::Path};

use gix::{bstr::ByteSlice as _, refs::Target};

use crate::{
    error::{IoContext, Result},
    git::{lookup, repository::Repository},
};

/// The header of the file: git then searches it, and looks up itself what a tag leads to.
const HEADER: &str = "# pack-refs with: sorted \n";

/// Beginnings of names that a run has no use for: each worktree's own, the person's stash, what was fetched ahead.
const LEFT_OUT: &[&str] = &["bisect/", "prefetch/", "rewritten/", "stash", "worktree/"];

/// Writes the refs of `repo` into the repository at `dir`, but none whose name, without `refs/`, begins with one of `left_out`.
pub(super) fn write(repo: &Repository, dir: &Path, left_out: &[&str]) -> Result<()> {
    let mut packed = HEADER.as_bytes().to_vec();
    for (name, target) in lookup::targets_below(repo.gix(), "refs/")? {
        if LEFT_OUT.iter().chain(left_out).any(|left_out| name.starts_with(left_out.as_bytes())) {
            continue;
        }
        match target {
            Some(Target::Object(id)) => {
                packed.extend_from_slice(&[format!("{id} refs/").as_bytes(), &name, b"\n"].concat());
            }
            Some(Target::Symbolic(other)) => {
                let path = dir.join("refs").join(gix::path::from_bstr(name.as_bstr())?);
                let parent = path.parent().unwrap_or(dir);
                fs::create_dir_all(parent).io("create", parent)?;
                fs::write(&path, format!("ref: {}\n", other.as_bstr())).io("write", &path)?;
            }
            // Its file holds no ref.
            None => {}
        }
    }
    let path = dir.join("packed-refs");
    fs::write(&path, packed).io("write", &path)
}
