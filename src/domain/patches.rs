//! What an attempt changed, path by path: the `patches.json` of a finish event. By it a squash of the work is recognized in a clone that
//! does not have the work's commits.

use serde::{Deserialize, Serialize};

use super::id::SpecId;

/// The format of `patches.json`.
const FORMAT: u32 = 1;

/// The changes of an attempt.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Patches {
    /// The version of this structure.
    pub format: u32,
    /// What the attempt itself changed.
    pub own: Vec<PathPatch>,
    /// What it changed together with other work, where that differs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub joined: Option<Joined>,
}

/// The changes of several specs in one, as far as they touch the same paths.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Joined {
    /// The specs, the oldest first.
    pub specs: Vec<SpecId>,
    /// The paths that more than one of them changed.
    pub paths: Vec<PathPatch>,
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
}

impl Patches {
    /// The changes as they are written now.
    pub(crate) fn new(own: Vec<PathPatch>, joined: Option<Joined>) -> Patches {
        Patches { format: FORMAT, own, joined }
    }

    /// Whether `changes` make every change of the attempt, whatever else they make.
    pub(crate) fn all_within(&self, changes: &[PathPatch]) -> bool {
        !self.own.is_empty() && self.own.iter().all(|own| changes.iter().any(|change| change.is_same(own)))
    }

    /// Whether the attempt changed `path`.
    pub(crate) fn touch(&self, path: &str) -> bool {
        self.own.iter().any(|own| own.path == path)
    }
}

impl PathPatch {
    /// Whether both make the same change: between the same blobs, or by the same patch.
    pub(crate) fn is_same(&self, other: &PathPatch) -> bool {
        let by_patch = self.patch.is_some() && self.patch == other.patch;
        let by_blobs = self.before == other.before && self.after == other.after;
        self.path == other.path && (by_patch || by_blobs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(path: &str, before: &str, after: &str, patch: &str) -> PathPatch {
        let some = |text: &str| Some(text.to_owned());
        PathPatch { path: path.to_owned(), before: some(before), after: some(after), patch: some(patch) }
    }

    #[test]
    fn a_change_is_the_same_by_its_patch_or_its_blobs_and_only_at_its_path() {
        let one = change("a", "1", "2", "p");
        assert!(one.is_same(&change("a", "3", "4", "p")) && one.is_same(&change("a", "1", "2", "q")));
        assert!(!one.is_same(&change("a", "1", "4", "q")) && !one.is_same(&change("b", "1", "2", "p")));
        let none = PathPatch { path: "a".to_owned(), ..PathPatch::default() };
        assert!(!none.is_same(&PathPatch { after: Some("2".to_owned()), ..none.clone() }), "no patch is no same patch");
    }

    #[test]
    fn work_is_within_a_commit_that_makes_all_of_its_changes() {
        let work = Patches::new(vec![change("a", "1", "2", "p"), change("b", "1", "2", "q")], None);
        assert!(work.all_within(&[change("b", "1", "2", "q"), change("a", "7", "8", "p"), change("c", "1", "2", "r")]));
        assert!(!work.all_within(&[change("a", "1", "2", "p")]));
        assert!(!Patches::default().all_within(&[change("a", "1", "2", "p")]), "no change is in no commit");
    }
}
