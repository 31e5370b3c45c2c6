//! What is in the worktree of an attempt and not in the commit that is checked, although git shows no difference: a command that passes
//! there may fail in a clean checkout because of it.

use std::{fs, io::Read as _, path::Path};

use bstr::{BStr, BString, ByteSlice};
use gix::ObjectId;

use super::{
    Check,
    room::{Room, Untracked},
};
use crate::{
    attempt::{home, prepared, session::RUN_DIR},
    domain::id::SpecId,
    error::Result,
    git::{object::MOST_TEXT, status, worktree::Worktree},
    project::Project,
};

/// How many files are named.
const MOST: usize = 5;

/// Hints, after a command failed in `room` at the commit `tip` of a spec's work: where it ran, what of the worktree it did not find there, and
/// what brings that there.
///
/// # Errors
/// If git fails, or a file cannot be read.
pub(crate) fn unseen(room: &Room<'_>, id: &SpecId, tip: ObjectId) -> Result<Vec<String>> {
    let place = format!("commands run in a clean checkout of {}", tip.to_hex_with_len(12));
    let Some(tree) = room.project.worktree_of(id)?.filter(|tree| tree.path.is_dir()) else {
        return Ok(vec![place]);
    };
    let found = room.found();
    let mut said = place;
    let missing = missing(&tree, &found)?;
    if !missing.is_empty() {
        said.push_str(&format!(", without the worktree's ignored and untracked files ({})", named(&missing)));
    } else if found.all.is_empty() {
        said.push_str(", without ignored and untracked files");
    }
    let hidden = hidden(room.project, id, tip, &tree)?;
    if !hidden.is_empty() {
        let how = "marked assume-unchanged or skip-worktree in the index";
        said.push_str(&format!(", without hidden changes: {} ({how})", named(&hidden)));
    }
    let others = others(room.project, &tree, &found);
    if !others.is_empty() {
        said.push_str(&format!(
            ", with the main worktree's {}, which differs from the worktree's (.worktreeinclude)",
            named(&others)
        ));
    }
    let way_out =
        "to have such a file there: commit it, list it in .worktreeinclude, or make it by chant.worktreeSetup";
    Ok([Some(said), (!missing.is_empty()).then(|| way_out.to_owned())].into_iter().flatten().collect())
}

impl Check<'_> {
    /// Whether the commit has submodules that no set-up brings into a checkout.
    pub(super) fn lacks_submodules(&self) -> Result<bool> {
        let has_some = self.project.blob_id_in(self.tip, ".gitmodules")?.is_some();
        Ok(has_some && self.project.config().worktree_setup()?.is_none())
    }
}

/// Tracked files that differ from the commit where git does not look.
fn hidden(project: &Project, id: &SpecId, tip: ObjectId, tree: &Worktree) -> Result<Vec<BString>> {
    let mut hidden = Vec::new();
    let by_set_up = prepared::left(project, id, tree)?.tracked;
    for path in status::hidden(tree)?.into_iter().filter(|path| !by_set_up.iter().any(|other| *path == other.as_str()))
    {
        let committed = project.blob_in(tip, &path.to_str_lossy())?.map(|(_, bytes)| bytes);
        if committed != read(&tree.path, path.as_bstr()) {
            hidden.push(path);
        }
    }
    Ok(hidden)
}

/// Files of `.worktreeinclude` that are not as the worktree has them: they come from the main one.
fn others(project: &Project, tree: &Worktree, found: &Untracked) -> Vec<BString> {
    let Some(main) = project.repo.main_work_dir() else { return Vec::new() };
    let differs = |path: &&BString| {
        let own = read(&tree.path, path.as_bstr());
        own.is_some() && own != read(&main, path.as_bstr())
    };
    found.included.iter().filter(differs).cloned().collect()
}

/// How a person takes over what a check in `room` did not find in their home directory; `short` is the spec. `None` where it found all.
pub(crate) fn to_take_over(room: &Room<'_>, short: &str) -> Option<String> {
    let hidden = home::told(&room.project.env, room.hidden.get(..room.at_home)?);
    let paths: Vec<String> = hidden.iter().map(|path| path.display().to_string()).collect();
    let what = "checks do not find what changed in your home directory while agents ran";
    (!paths.is_empty())
        .then(|| format!("{what}: {}; if that is yours: git chant accept {short} -m \"...\"", paths.join(", ")))
}

/// The files of a worktree that no commit has, and that no check `found`.
fn missing(tree: &Worktree, found: &Untracked) -> Result<Vec<BString>> {
    // Without a list of what is ignored: the run may have had one of its own.
    let list = |options: &[&str]| -> Result<Vec<BString>> {
        let listed = tree.plain_git()?.args(["ls-files", "--others", "-z"]).args(options).check()?;
        Ok(listed.records().map(BString::from).collect())
    };
    let own = |path: &BStr| path.starts_with(RUN_DIR.as_bytes()) || path == ".chant/";
    let mut missing = Vec::new();
    for path in list(&["--directory"])?.into_iter().filter(|path| !own(path.as_bstr())) {
        let within = path.ends_with(b"/") && found.included.iter().any(|one| one.starts_with(path.as_slice()));
        if within {
            // One of its files was there, and others may not have been.
            let files = list(&["--", &format!(":(literal){path}")])?;
            missing.extend(files.into_iter().filter(|file| !found.all.contains(file)));
        } else if !found.all.contains(&path) {
            missing.push(path);
        }
    }
    Ok(missing)
}

/// A file, as much of it as [`blob_in`](crate::project::Project::blob_in) gives.
fn read(top: &Path, path: &BStr) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let file = fs::File::open(top.join(path.to_path().ok()?)).ok()?;
    file.take(MOST_TEXT).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

fn named(paths: &[BString]) -> String {
    let first: Vec<String> = paths.iter().take(MOST).map(|path| path.to_str_lossy().into_owned()).collect();
    match paths.len().saturating_sub(MOST) {
        0 => first.join(", "),
        more => format!("{}, and {more} more", first.join(", ")),
    }
}
