//! A FIFO or a device in a git directory, or a link to one: git would wait for it for ever, or read it without an end. An agent may have made
//! one where git has a file. None of them holds anything that could be lost.

use std::{
    fs::{self, FileType},
    os::unix::fs::FileTypeExt as _,
    path::{Path, PathBuf},
};

/// Files that git reads at many commands, relative to the common git directory. A configuration or a `HEAD` is missing here: no git comes as
/// far as to start this program then.
const READ: &[&str] =
    &["index", "info/attributes", "info/exclude", "info/grafts", "objects/info/alternates", "packed-refs", "shallow"];

/// Directories of git-chant in a git directory, and in a private repository: no git looks there, and git-chant reads bounded.
const OWN: &[&str] = &["chant", "requests"];

/// The first of the files that git reads at many commands which is none. The git directory of a linked worktree has an index of its own.
pub(super) fn in_the_way(common_dir: &Path, git_dir: &Path) -> Option<PathBuf> {
    let shared = READ.iter().map(|name| common_dir.join(name));
    shared.chain([git_dir.join("index")]).find(|path| is_special(path))
}

/// Removes from the git directory of a worktree whatever is neither a file nor a directory; gives the paths. Git writes through a link there,
/// outside of a sandbox to what the link leads to. Sockets are not named: a file system monitor makes one. Submodules have git directories
/// of their own, in which links stay.
pub(super) fn remove_with_links(git_dir: &Path) -> Vec<PathBuf> {
    let modules = git_dir.join("modules");
    let mut found = remove_those(git_dir, &[], |path| !path.starts_with(&modules) || is_special(path));
    found.retain(|(_, kind)| !kind.is_socket());
    found.into_iter().map(|(path, _)| path).collect()
}

/// Removes all of them below the git directory `dir`, except in a directory that git-chant itself has there. Returns their paths.
pub(crate) fn remove(dir: &Path) -> Vec<PathBuf> {
    remove_those(dir, OWN, is_special).into_iter().map(|(path, _)| path).collect()
}

/// Removes the FIFOs and devices in a worktree whose agent has ended: git would wait for a `.gitattributes`, or a `HEAD` of a repository in it.
/// Links stay, git follows none there. Returns their paths.
pub(crate) fn remove_in_worktree(top: &Path) -> Vec<PathBuf> {
    let waits = |path: &Path| fs::symlink_metadata(path).is_ok_and(|meta| is_endless(meta.file_type()));
    remove_those(top, &[], waits).into_iter().map(|(path, _)| path).collect()
}

/// Removes below `dir`, except in its directories `passed_over`, what is neither a file nor a directory and `goes`. Gives the paths in order:
/// what cannot be removed is named all the same.
fn remove_those(dir: &Path, passed_over: &[&str], goes: impl Fn(&Path) -> bool) -> Vec<(PathBuf, FileType)> {
    let (mut found, mut dirs) = (Vec::new(), vec![dir.to_owned()]);
    while let Some(next) = dirs.pop() {
        for entry in fs::read_dir(&next).into_iter().flatten().flatten() {
            let Ok(kind) = entry.file_type() else { continue };
            let path = entry.path();
            if kind.is_dir() {
                if next != dir || !passed_over.iter().any(|name| entry.file_name() == *name) {
                    dirs.push(path);
                }
            } else if !kind.is_file() && goes(&path) {
                let _stays = fs::remove_file(&path);
                found.push((path, kind));
            }
        }
    }
    found.sort_by(|(one, _), (other, _)| one.cmp(other));
    found
}

/// Whether what is at `path` is, or leads to, a FIFO or a device. `/dev/null` is as good as an empty file; to open a socket is refused at once.
fn is_special(path: &Path) -> bool {
    let Ok(meta) = fs::metadata(path) else { return false };
    is_endless(meta.file_type()) && fs::canonicalize(path).map_or(true, |real| real != Path::new("/dev/null"))
}

fn is_endless(kind: FileType) -> bool {
    kind.is_fifo() || kind.is_char_device() || kind.is_block_device()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn what_git_would_wait_for_goes_and_everything_else_stays() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = |name: &str| dir.path().join(name);
        for name in ["info", "refs/heads", "chant"] {
            fs::create_dir_all(path(name)).expect("made");
        }
        fs::write(path("HEAD"), "ref: refs/heads/main\n").expect("written");
        for name in ["info/exclude", "refs/heads/main", "chant/fifo"] {
            let made = std::process::Command::new("mkfifo").arg(path(name)).status().expect("mkfifo");
            assert!(made.success());
        }
        symlink("/dev/zero", path("shallow")).expect("linked");
        symlink("/dev/null", path("info/attributes")).expect("linked");
        symlink("nowhere", path("info/grafts")).expect("linked");
        let in_the_way = || in_the_way(dir.path(), &path("worktree"));
        assert_eq!(in_the_way(), Some(path("info/exclude")));
        assert_eq!(remove(dir.path()), ["info/exclude", "refs/heads/main", "shallow"].map(path));
        assert_eq!((in_the_way(), remove(dir.path())), (None, Vec::new()));
        for name in ["HEAD", "chant/fifo", "info/attributes", "info/grafts"] {
            assert!(path(name).symlink_metadata().is_ok(), "{name}");
        }
    }
}
