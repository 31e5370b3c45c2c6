//! The line that tells agents of the specs, in a file that they read: AGENTS.md, CLAUDE.md. What agents are told then is in `query`.

use std::{fs, io::ErrorKind, path::Path, path::PathBuf};

use bstr::ByteSlice;

use crate::{
    error::{Error, IoContext, Kind, Result},
    project::Project,
};

/// The beginning of the line, by which it is found again. A comment is a block of its own in Markdown, whatever precedes it.
const MARK: &str = "<!-- git-chant -->";

/// The line.
const LINE: &str =
    "<!-- git-chant --> This repository plans its work as specs: run `git chant instructions` before you begin.";

/// The file that most agents read.
const AGENTS: &str = "AGENTS.md";

/// Agents read no larger file, in bytes.
const MOST: u64 = 4 << 20;

/// The other files in which Claude Code looks: where one is there, it does not read AGENTS.md.
const CLAUDES_OWN: [&str; 2] = [".claude/CLAUDE.md", "CLAUDE.local.md"];

/// The file for an agent that looks into `name`. Claude Code reads AGENTS.md where there is no CLAUDE.md: a new one would hide what the project
/// says there. Where a file of Claude's own hides that already, the line goes into CLAUDE.md.
pub(super) fn file_for<'a>(project: &Project, name: &'a str) -> &'a str {
    let has = |name: &str| project.repo.work_dir().is_some_and(|top| fs::symlink_metadata(top.join(name)).is_ok());
    let hidden = CLAUDES_OWN.iter().any(|own| has(own));
    if name == "CLAUDE.md" && !has(name) && has(AGENTS) && !hidden { AGENTS } else { name }
}

/// Where the line is missing: `name` at the top of the work tree, or what that leads to; `None` if it is there.
///
/// # Errors
/// `not-a-file` if that is no file of this work tree.
pub(super) fn missing(project: &Project, name: &str) -> Result<Option<PathBuf>> {
    let top = project.repo.require_work_dir("init --agent")?;
    let path = file(top, name)?;
    let there = read(&path)?.is_some_and(|text| text.lines().any(is_ours));
    Ok((!there).then_some(path))
}

/// The files among `names` that have the line.
pub(super) fn present(project: &Project, names: &[&str]) -> Result<Vec<PathBuf>> {
    let Some(top) = project.repo.work_dir() else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for name in names {
        // A link out of the work tree was never written to.
        let Ok(path) = file(top, name) else { continue };
        if !found.contains(&path) && read(&path)?.is_some_and(|text| text.lines().any(is_ours)) {
            found.push(path);
        }
    }
    Ok(found)
}

/// Adds the line at the end. A file whose last line has no end is left without one, so that it can be made again what it was.
pub(super) fn add(path: &Path) -> Result<()> {
    let Some(mut text) = read(path)? else { return super::write(path, format!("{LINE}\n").as_bytes()) };
    let end = if text.contains_str("\r\n") { "\r\n" } else { "\n" };
    if text.ends_with(b"\n") {
        text.extend_from_slice(format!("{LINE}{end}").as_bytes());
    } else {
        let before = if text.is_empty() { "" } else { end };
        text.extend_from_slice(format!("{before}{LINE}").as_bytes());
    }
    super::write(path, &text)
}

/// Removes the line; a file that held nothing else is removed.
pub(super) fn remove(path: &Path) -> Result<()> {
    let Some(text) = read(path)? else { return Ok(()) };
    let lines: Vec<&[u8]> = text.lines_with_terminator().collect();
    if let [only] = lines.as_slice()
        && is_ours(only)
        && only.ends_with(b"\n")
    {
        return fs::remove_file(path).io("remove", path);
    }
    let endless = lines.last().is_some_and(|last| is_ours(last) && !last.ends_with(b"\n"));
    let mut kept = lines.into_iter().filter(|line| !is_ours(line)).collect::<Vec<_>>().concat();
    if endless {
        // The end of the line before it came with it.
        let length = kept.strip_suffix(b"\r\n").or(kept.strip_suffix(b"\n")).map_or(kept.len(), <[u8]>::len);
        kept.truncate(length);
    }
    super::write(path, &kept)
}

fn is_ours(line: &[u8]) -> bool {
    line.starts_with(MARK.as_bytes())
}

/// The file `name` in `top`; where it is a symbolic link, what it leads to, if that is in the same work tree.
fn file(top: &Path, name: &str) -> Result<PathBuf> {
    let path = top.join(name);
    let meta = match fs::symlink_metadata(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(path),
        meta => meta.io("read", &path)?,
    };
    let refused = |what: &str| Error::negative(Kind::NotAFile, format!("'{name}' is {what}"));
    if meta.is_file() {
        return Ok(path);
    }
    if !meta.is_symlink() {
        return Err(refused("no file"));
    }
    let real_top = fs::canonicalize(top).io("read", top)?;
    let real = fs::canonicalize(&path).map_err(|_| refused("a dangling symbolic link"))?;
    match real.strip_prefix(&real_top) {
        Ok(inside) if real.is_file() && !inside.starts_with(".git") => Ok(top.join(inside)),
        _ => Err(refused("a symbolic link to outside the work tree")),
    }
}

fn read(path: &Path) -> Result<Option<Vec<u8>>> {
    if fs::metadata(path).is_ok_and(|meta| meta.len() > MOST) {
        return Err(Error::negative(Kind::TooLarge, format!("'{}' is too large", path.display())));
    }
    super::read(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_added_is_removed_to_the_byte() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("AGENTS.md");
        let befores: [&[u8]; 8] =
            [b"", b"\n", b"# Rules\n", b"# Rules", b"a\r\nb\r\n", b"a\r\nb", b"a\n\n\n", b"\xff\xfe\n"];
        for before in befores {
            fs::write(&path, before).unwrap();
            add(&path).unwrap();
            let with = fs::read(&path).unwrap();
            assert_eq!(with.lines().filter(|line| is_ours(line)).count(), 1, "{}", with.escape_ascii());
            remove(&path).unwrap();
            let after = fs::read(&path).unwrap();
            assert_eq!(after, before, "{} became {}", before.escape_ascii(), after.escape_ascii());
        }
        fs::remove_file(&path).unwrap();
        add(&path).unwrap();
        remove(&path).unwrap();
        assert!(!path.exists());
        remove(&path).unwrap();
    }

    #[test]
    fn what_people_wrote_around_it_stays() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("AGENTS.md");
        fs::write(&path, "one\n").unwrap();
        add(&path).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, text.replace("run `git", "please run `git") + "two").unwrap();
        remove(&path).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "one\ntwo");
    }
}
