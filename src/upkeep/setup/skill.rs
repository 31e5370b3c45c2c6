//! The skill that teaches an agent to add, note and fail specs: a file of our own below the agent's directory in the work tree.

use std::{
    fs,
    path::{Path, PathBuf},
};

use bstr::ByteSlice;

use crate::{
    domain::digest::sha256,
    error::{Error, IoContext, Kind, Result},
    project::Project,
};

/// The text of the skill.
const TEXT: &str = include_str!("skill.md");

/// How the line begins by which a file is known as ours, whatever version made it.
const MARK: &str = "<!-- git-chant: `git chant init` made this file";

/// How that line ends in [`TEXT`]. A digest of the text goes before it in the file: by that a change is known.
const END: &str = " -->\n";

/// What goes before the digest.
const DIGEST: &str = " (";

/// Who wrote a file in the place of the skill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Author {
    /// git-chant, the text of this version or of another.
    Ours {
        /// Whether it is that of this version.
        current: bool,
    },
    /// git-chant, and a person changed it since.
    Changed,
    /// Another program, or a person.
    Other,
}

impl Author {
    /// Why git-chant writes nothing there, after "it".
    fn foreign(self) -> &'static str {
        if self == Author::Changed { "was changed since git-chant wrote it" } else { "is another skill" }
    }
}

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
    let found = super::read(&path)?.map(|text| author(&text));
    let is = match found {
        None | Some(Author::Ours { current: false }) => return Ok(Some(path)),
        Some(Author::Ours { current: true }) => return Ok(None),
        Some(found) => found.foreign(),
    };
    Err(Error::negative(Kind::NotAFile, format!("cannot write the skill: '{place}/{NAME}' {is}"))
        .hint("move it away first"))
}

/// What is said of a skill that is there for such an agent, and stays; one of another version does unless it `renews`.
pub(super) fn kept(project: &Project, instructions: &str, renews: bool) -> Result<Option<String>> {
    let top = project.repo.require_work_dir("init --agent")?;
    let place = PLACES[usize::from(instructions != "CLAUDE.md")];
    let found = super::read(&top.join(place).join(NAME))?.map(|text| author(&text));
    let stays = |found: &Author| !(renews && *found == Author::Ours { current: false });
    Ok(found.filter(stays).map(|found| match found {
        Author::Ours { current: true } => format!("the skill for agents is in '{place}/{NAME}' already"),
        Author::Ours { current: false } => format!("the skill for agents in '{place}/{NAME}' is of another version"),
        found => format!("'{place}/{NAME}' stays: it {}", found.foreign()),
    }))
}

/// The files of the skill that are there as git-chant wrote them, and those that a person changed since.
pub(super) fn present(project: &Project) -> Result<(Vec<PathBuf>, Vec<PathBuf>)> {
    let Some(top) = project.repo.work_dir() else { return Ok(<_>::default()) };
    let (mut found, mut changed) = (Vec::new(), Vec::new());
    for place in PLACES.iter().filter(|place| !has_link(top, place)) {
        let path = top.join(place).join(NAME);
        match super::read(&path)?.map(|text| author(&text)) {
            Some(Author::Ours { .. }) => found.push(path),
            Some(Author::Changed) => changed.push(path),
            Some(Author::Other) | None => {}
        }
    }
    Ok((found, changed))
}

fn author(text: &[u8]) -> Author {
    let Some(at) = text.find(MARK) else { return Author::Other };
    let Some(end) = text[at..].find(END).map(|end| at + end) else { return Author::Changed };
    let Some(from) = text[at..end].rfind(DIGEST).map(|from| at + from) else { return Author::Changed };
    let bare = [&text[..from], &text[end..]].concat();
    match signed(&bare, from) == text {
        true => Author::Ours { current: bare == TEXT.as_bytes() },
        false => Author::Changed,
    }
}

/// The text with its digest at `at`.
fn signed(bare: &[u8], at: usize) -> Vec<u8> {
    let digest: String = sha256(bare)[..8].iter().map(|byte| format!("{byte:02x}")).collect();
    [&bare[..at], DIGEST.as_bytes(), digest.as_bytes(), b")", &bare[at..]].concat()
}

/// Writes the skill.
pub(super) fn write(path: &Path) -> Result<()> {
    if let Some(dir) = path.parent() {
        fs::create_dir_all(dir).io("create", dir)?;
    }
    let end = TEXT.find(MARK).and_then(|at| TEXT[at..].find(END).map(|end| at + end));
    super::write(path, &signed(TEXT.as_bytes(), end.expect("the text has the mark")))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_known_as_ours_whatever_version_wrote_it() {
        let at = TEXT.find(MARK).and_then(|at| TEXT[at..].find(END).map(|end| at + end)).unwrap();
        assert_eq!(author(&signed(TEXT.as_bytes(), at)), Author::Ours { current: true });
        let older = TEXT.to_owned() + "\nAnother rule.\n";
        assert_eq!(author(&signed(older.as_bytes(), at)), Author::Ours { current: false });
        let changed = [signed(TEXT.as_bytes(), at), b"mine\n".to_vec()].concat();
        assert_eq!(author(&changed), Author::Changed);
        assert_eq!((author(TEXT.as_bytes()), author(b"# Mine\n")), (Author::Changed, Author::Other));
    }
}
