//! The line in `info/exclude` that hides `.chant/` from history. Whether a clone is silent is decided in `project`.

use std::{fs, path::PathBuf};

use bstr::ByteSlice;

use crate::{
    error::{Error, IoContext, Kind, Result},
    git::process::Git,
    project::Project,
};

/// The line.
pub(super) const LINE: &str = "/.chant/";

/// Every way to write it, as silent mode is recognised.
const WAYS: [&str; 4] = [".chant", ".chant/", "/.chant", LINE];

/// Adds the line and leaves the rest of the file, which may not exist, as it is.
pub(super) fn add(project: &Project) -> Result<()> {
    let mut text = read(project)?;
    if !text.is_empty() && !text.ends_with(b"\n") {
        text.push(b'\n');
    }
    text.extend_from_slice(format!("{LINE}\n").as_bytes());
    write(project, &text)
}

/// Refuses to hide what history has.
pub(super) fn refuse_tracked(project: &Project) -> Result<()> {
    let tracked = Git::at(&project.repo).args(["ls-files", "-z", "--", ":(top).chant"]).run()?;
    if tracked.records().next().is_some() {
        return Err(Error::negative(Kind::Tracked, "'.chant/' is tracked here, so it cannot be hidden")
            .hint("silent mode is for repositories without specs in their history"));
    }
    Ok(())
}

/// The lines that hide `.chant/`.
pub(super) fn hiding(project: &Project) -> Result<Vec<String>> {
    let text = read(project)?;
    Ok(text.lines().filter_map(way).map(str::to_owned).collect())
}

/// Removes these lines and leaves the rest of the file as it is.
pub(super) fn remove(project: &Project, lines: &[String]) -> Result<()> {
    let text = read(project)?;
    let kept = text.lines_with_terminator().filter(|line| {
        let hides = way(line.trim_end_with(|c| c == '\n' || c == '\r'));
        !hides.is_some_and(|line| lines.iter().any(|gone| gone == line))
    });
    write(project, &kept.collect::<Vec<_>>().concat())
}

fn way(line: &[u8]) -> Option<&'static str> {
    WAYS.into_iter().find(|way| line.trim_end() == way.as_bytes())
}

fn file(project: &Project) -> PathBuf {
    project.repo.common_dir().join("info").join("exclude")
}

fn read(project: &Project) -> Result<Vec<u8>> {
    Ok(super::read(&file(project))?.unwrap_or_default())
}

fn write(project: &Project, text: &[u8]) -> Result<()> {
    let path = file(project);
    let dir = path.parent().unwrap_or(&path);
    fs::create_dir_all(dir).io("create", dir)?;
    super::write(&path, text)
}
