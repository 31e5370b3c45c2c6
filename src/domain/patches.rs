//! What an attempt changed, path by path: the `patches.json` of a finish event. By it a squash of the work is recognized in a clone that
//! does not have the work's commits.

use serde::{Deserialize, Serialize};

use super::changed_lines::ChangedLines;

/// The format of `patches.json`.
const FORMAT: u32 = 1;

/// How many lines are recorded, and how many of one side of a path at least: of longer changes a sample.
const MOST_LINES: usize = 4000;
const LEAST_OF_PATH: usize = 8;

/// The changes of an attempt.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Patches {
    /// The version of this structure.
    pub format: u32,
    /// What the attempt itself changed.
    pub own: Vec<PathPatch>,
}

/// The change of one path.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PathPatch {
    /// The path.
    pub path: String,
    /// The blob before; `None` if there was none.
    pub before: Option<String>,
    /// The blob after; `None` if there is none.
    pub after: Option<String>,
    /// The `git patch-id --stable` of the change; `None` where git gives none.
    pub patch: Option<String>,
    /// The lines that the change brings and takes away, of a long change a sample; `None` for what is no text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lines: Option<ChangedLines>,
}

impl Patches {
    /// The changes as they are written now.
    pub(crate) fn new(mut own: Vec<PathPatch>) -> Patches {
        let most = (MOST_LINES / own.len().max(1) / 2).max(LEAST_OF_PATH);
        for one in &mut own {
            one.lines = one.lines.take().map(|lines| lines.sample(most));
        }
        Patches { format: FORMAT, own }
    }

    /// Whether the attempt changed `path`.
    pub(crate) fn touch(&self, path: &str) -> bool {
        self.own.iter().any(|own| own.path == path)
    }
}

impl PathPatch {
    /// Whether both make the same change: between the same blobs, or by the same patch.
    pub(crate) fn is_same(&self, other: &PathPatch) -> bool {
        // Equal lines at another line of a file that had them before are another change.
        let is_other = match (&self.lines, &other.lines) {
            (Some(one), Some(other)) => one.len() + other.len() > 0 && one.shared(other) == 0,
            _ => false,
        };
        let by_patch = self.patch.is_some() && self.patch == other.patch && !is_other;
        let by_blobs = self.before == other.before && self.after == other.after;
        self.path == other.path && (by_patch || by_blobs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(path: &str, before: &str, after: &str, patch: &str) -> PathPatch {
        let some = |text: &str| Some(text.to_owned());
        PathPatch { path: path.to_owned(), before: some(before), after: some(after), patch: some(patch), lines: None }
    }

    #[test]
    fn a_change_is_the_same_by_its_patch_or_its_blobs_and_only_at_its_path() {
        let one = change("a", "1", "2", "p");
        assert!(one.is_same(&change("a", "3", "4", "p")) && one.is_same(&change("a", "1", "2", "q")));
        assert!(!one.is_same(&change("a", "1", "4", "q")) && !one.is_same(&change("b", "1", "2", "p")));
        let none = PathPatch { path: "a".to_owned(), ..PathPatch::default() };
        assert!(!none.is_same(&PathPatch { after: Some("2".to_owned()), ..none.clone() }), "no patch is no same patch");
    }
}
