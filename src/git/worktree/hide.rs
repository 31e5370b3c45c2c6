//! Keeping worktrees that lie inside the main one out of its status, and out of what `git add` there takes in.

use std::{fs, io::Write, path::Path};

use bstr::ByteSlice;

use super::Worktree;
use crate::{
    env::fault,
    error::{IoContext, Result},
    git::repository::Repository,
};

/// The part of the name of a worktree behind that of its repository.
const MARK: &str = ".chant-";

/// Has git ignore the worktrees of specs beside `path`, which is to become one, if it lies in the main worktree and is not ignored there
/// yet. The line goes to `info/exclude`: it concerns this clone only.
///
/// # Errors
/// If the file cannot be read or written.
pub(crate) fn hide(repo: &Repository, main: &Worktree, path: &Path) -> Result<()> {
    let Ok(inside) = path.strip_prefix(&main.path) else { return Ok(()) };
    let Ok(mut name) = gix::path::into_bstr(inside).map(std::borrow::Cow::into_owned) else { return Ok(()) };
    name.push(b'/');
    if name == "/" || main.plain_git()?.args(["check-ignore", "--quiet", "--"]).arg(inside.join("")).run()?.success() {
        return Ok(());
    }
    let cut = name.rfind(MARK).map_or(name.len() - 1, |at| at + MARK.len());
    let escaped: Vec<u8> = name[..cut]
        .iter()
        .flat_map(|byte| b"*?[\\".contains(byte).then_some(b'\\').into_iter().chain([*byte]))
        .collect();
    let file = repo.common_dir().join("info").join("exclude");
    let dir = file.parent().unwrap_or(&file);
    fault::around("dir.make", || fs::create_dir_all(dir)).io("create", dir)?;
    let ends = fs::read(&file).is_ok_and(|text| !text.is_empty() && !text.ends_with(b"\n"));
    let line = [if ends { &b"\n/"[..] } else { b"/" }, &escaped, b"*/\n"].concat();
    let append = || fs::File::options().append(true).create(true).open(&file)?.write_all(&line);
    fault::around("exclude.write", append).io("write", &file)
}
