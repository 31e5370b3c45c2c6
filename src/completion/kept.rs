//! What was found out about the specs, kept until something that it was made from has changed.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde::{Deserialize, Serialize};

use super::{Row, rows::find};
use crate::{
    error::Result,
    project::{ARCHIVE_DIR, Project, SPECS_DIR},
};

/// The file, in the directory of this tool.
const FILE: &str = "completion";

/// What is as young as that may change again without looking so.
const SETTLED: Duration = Duration::from_millis(100);

/// What was found out, and what it was made from.
#[derive(Serialize, Deserialize)]
struct Kept {
    made_from: Vec<(String, Option<Duration>, u64)>,
    rows: Vec<Row>,
}

/// Every spec, from the file if that is good still, else read anew. That it cannot be kept is no failure.
pub(super) fn rows(project: &Project) -> Result<Vec<Row>> {
    let file = project.repo.chant_dir().join(FILE);
    let made_from = sources(project);
    let kept = fs::read(&file).ok().and_then(|bytes| serde_json::from_slice::<Kept>(&bytes).ok());
    if let Some(kept) = kept.filter(|kept| kept.made_from == made_from) {
        return Ok(kept.rows);
    }
    let kept = Kept { rows: find(project)?, made_from };
    if is_settled(&kept) {
        let _not_kept = keep(&file, &kept);
    }
    Ok(kept.rows)
}

/// When each of the files and directories was changed that tell of a change: a ref that moves is a file that is renamed in its directory.
fn sources(project: &Project) -> Vec<(String, Option<Duration>, u64)> {
    let git = project.repo.common_dir();
    let mut paths: Vec<PathBuf> =
        ["packed-refs", "refs/chant", "refs/chant/specs", "refs/chant/archive", "refs/heads", "config"]
            .iter()
            .map(|name| git.join(name))
            .collect();
    paths.push(project.repo.git_dir().join("HEAD"));
    paths.push(project.repo.git_dir().join("logs/HEAD"));
    for top in project.tops() {
        paths.extend([SPECS_DIR, ARCHIVE_DIR].map(|dir| top.join(dir)));
    }
    paths.iter().map(|path| (path.to_string_lossy().into_owned(), changed(path), size(path))).collect()
}

fn changed(path: &Path) -> Option<Duration> {
    fs::metadata(path).and_then(|meta| meta.modified()).ok()?.duration_since(UNIX_EPOCH).ok()
}

fn size(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |meta| meta.len())
}

fn is_settled(kept: &Kept) -> bool {
    let Ok(now) = SystemTime::now().duration_since(UNIX_EPOCH) else { return false };
    kept.made_from.iter().filter_map(|(_, changed, _)| *changed).all(|changed| changed + SETTLED < now)
}

fn keep(file: &Path, kept: &Kept) -> std::io::Result<()> {
    let dir = file.parent().unwrap_or(file);
    let temporary = tempfile::NamedTempFile::new_in(dir)?;
    fs::write(temporary.path(), serde_json::to_vec(kept)?)?;
    temporary.persist(file).map_err(|error| error.error).map(drop)
}
