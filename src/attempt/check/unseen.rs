//! What is in the worktree of an attempt and not in the commit that is checked, although git shows no difference: a command that passes
//! there may fail in a clean checkout because of it.

use bstr::{BString, ByteSlice};

use super::Check;
use crate::{attempt::session::RUN_DIR, error::Result, git::status};

/// How many files are named.
const MOST: usize = 5;

impl Check<'_> {
    /// Says, after a command failed, where it ran and what of the worktree it did not find there.
    pub(super) fn unseen(&self) -> Result<String> {
        let place = format!("commands run in a clean checkout of {}", self.tip.to_hex_with_len(12));
        let Some(tree) = self.project.worktree_of(&self.attempt.id)?.filter(|tree| tree.path.is_dir()) else {
            return Ok(place);
        };
        let hidden: Vec<BString> = status::unwatched(&tree)?.into_iter().map(|(_, path)| path).collect();
        // Without a list of what is ignored: the run may have had one of its own.
        let listed = tree.plain_git()?.args(["ls-files", "--others", "--directory", "-z"]).check()?;
        let own = |path: &[u8]| path.starts_with(RUN_DIR.as_bytes()) || path == b".chant/";
        let others: Vec<BString> = listed.records().filter(|path| !own(path)).map(BString::from).collect();
        let mut said = format!("{place}, without the worktree's ignored and untracked files");
        if !others.is_empty() {
            said.push_str(&format!(" ({})", named(&others)));
        }
        if !hidden.is_empty() {
            let how = "marked assume-unchanged or skip-worktree in the index";
            said.push_str(&format!(", and without hidden changes: {} ({how})", named(&hidden)));
        }
        Ok(said)
    }
}

fn named(paths: &[BString]) -> String {
    let first: Vec<String> = paths.iter().take(MOST).map(|path| path.to_str_lossy().into_owned()).collect();
    match paths.len().saturating_sub(MOST) {
        0 => first.join(", "),
        more => format!("{}, and {more} more", first.join(", ")),
    }
}
