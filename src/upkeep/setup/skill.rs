//! The skill that teaches an agent to add, note and fail specs: a file of our own below the agent's directory in the work tree.

use std::{
    fs,
    path::{Path, PathBuf},
};

use bstr::ByteSlice;

use crate::{
    error::{Error, IoContext, Kind, Result},
    project::Project,
};

/// The text of the skill.
const TEXT: &str = include_str!("skill.md");

/// By this a file is known as ours, whatever version made it.
const MARK: &str = "<!-- git-chant: `git chant init` made this file";

/// Where agents look for skills, below the top of the work tree: Claude Code, and the others.
const PLACES: [&str; 2] = [".claude/skills/git-chant", ".agents/skills/git-chant"];

/// The name of the file there.
const NAME: &str = "SKILL.md";

/// The file of the skill for an agent that reads its instructions in `instructions`; `None` if it is there as it should be.
///
/// # Errors
/// `not-a-file` if what is there is not ours, or a symbolic link stands on the way.
pub(super) fn missing(project: &Project, instructions: &str) -> Result<Option<PathBuf>> {
    let top = project.repo.require_work_dir("init --skill")?;
    let place = PLACES[usize::from(instructions != "CLAUDE.md")];
    let path = top.join(place).join(NAME);
    if has_link(top, place) {
        return Err(Error::negative(
            Kind::NotAFile,
            format!("cannot write '{place}/{NAME}': a symbolic link is on the way"),
        ));
    }
    match super::read(&path)? {
        Some(text) if text == TEXT.as_bytes() => Ok(None),
        Some(text) if !text.contains_str(MARK) => {
            Err(Error::negative(Kind::NotAFile, format!("'{place}/{NAME}' is another skill"))
                .hint("move it away first"))
        }
        _ => Ok(Some(path)),
    }
}

/// The files of the skill that are there, and ours.
pub(super) fn present(project: &Project) -> Result<Vec<PathBuf>> {
    let Some(top) = project.repo.work_dir() else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for place in PLACES.iter().filter(|place| !has_link(top, place)) {
        let path = top.join(place).join(NAME);
        if super::read(&path)?.is_some_and(|text| text.contains_str(MARK)) {
            found.push(path);
        }
    }
    Ok(found)
}

/// Writes the skill.
pub(super) fn write(path: &Path) -> Result<()> {
    if let Some(dir) = path.parent() {
        fs::create_dir_all(dir).io("create", dir)?;
    }
    super::write(path, TEXT.as_bytes())
}

/// Removes the skill, and the directories above it that are empty then.
pub(super) fn remove(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        removed => removed.io("remove", path)?,
    }
    for dir in path.ancestors().skip(1).take(3) {
        // One that holds something else stays.
        if fs::remove_dir(dir).is_err() {
            break;
        }
    }
    Ok(())
}

/// Whether a part of the way, or the file itself, is a symbolic link.
fn has_link(top: &Path, place: &str) -> bool {
    let file = top.join(place).join(NAME);
    let below = file.ancestors().take_while(|path| *path != top);
    below.into_iter().any(|path| fs::symlink_metadata(path).is_ok_and(|meta| meta.is_symlink()))
}

/// Whether the agent that reads `instructions` could be given the skill, and has none.
pub(super) fn is_missing(project: &Project, instructions: &str) -> bool {
    missing(project, instructions).is_ok_and(|path| path.is_some())
}
